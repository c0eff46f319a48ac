/* SPDX-License-Identifier: Apache-2.0 */
#include "notify/syslog.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "format/node.h"
#include "notify/send_priv.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LOCAL_SOCKET "/dev/log"
#define PORT_PLAIN 514
#define PORT_TLS 6514
#define DATAGRAM_MAX ((size_t)8192)
#define FACILITY_LOCAL0 16
#define SEVERITY_WARNING 4

static int find(const char *const *names, size_t n, const char *name, int otherwise)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return otherwise;
}

static int priority(const char *facility, const char *severity)
{
    static const char *const facilities[] = {
        "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
        "uucp",   "cron",   "authpriv", "ftp",    "-",      "-",      "-",      "-",
        "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};
    static const char *const severities[] = {"emerg",   "alert",  "crit", "err",
                                             "warning", "notice", "info", "debug"};
    static const char *const words[] = {"critical", "high", "medium", "low"};
    static const int word_severities[] = {2, 3, SEVERITY_WARNING, 5};
    int word = find(words, 4, severity, -1);
    int level = word >= 0 ? word_severities[word] : find(severities, 8, severity, SEVERITY_WARNING);
    return find(facilities, sizeof(facilities) / sizeof(facilities[0]), facility, FACILITY_LOCAL0) *
               8 +
           level;
}

/* A name of at most max printable characters, "-" when nothing is left. */
static void add_name(struct buf *out, const char *s, size_t max)
{
    size_t n = 0;
    for (; *s != '\0' && n < max; s++)
        if (*s > ' ' && *s < 127) {
            buf_char(out, *s);
            n++;
        }
    if (n == 0)
        buf_char(out, '-');
}

void notify_syslog_write(const struct notify_syslog_line *line, struct buf *out)
{
    char when[TIME_TEXT_SIZE];
    buf_format(out, "<%d>", priority(line->facility, line->severity));
    if (line->local) {
        add_name(out, line->app, 48);
        buf_str(out, ": ");
        for (const char *p = line->message; *p != '\0'; p++)
            buf_char(out, *p == '\n' || *p == '\r' ? ' ' : *p);
        return;
    }
    /* The standard wants at most microseconds. */
    time_format_iso(time_floor(line->now, TIME_MS), when);
    buf_format(out, "1 %s ", when);
    add_name(out, line->host, 255);
    buf_char(out, ' ');
    add_name(out, line->app, 48);
    buf_format(out, " %d ", (int)getpid());
    add_name(out, line->id, 32);
    buf_format(out, " - \xef\xbb\xbf%s", line->message);
}

static enum notify_outcome fail(const char *what, const char *reason, struct err_text *why)
{
    err_set(why, ERR_IO, "%s: %s", what, reason);
    return NOTIFY_LATER;
}

static enum notify_outcome send_datagram(int fd, const struct sockaddr *to, socklen_t to_n,
                                         const struct buf *text, const char *what,
                                         struct err_text *why)
{
    if (fd < 0)
        return fail(what, strerror(errno), why);
    ssize_t n = sendto(fd, buf_text(text), utf8_cut(buf_text(text), text->n, DATAGRAM_MAX),
                       MSG_NOSIGNAL | MSG_DONTWAIT, to, to_n);
    enum notify_outcome outcome = n < 0 ? fail(what, strerror(errno), why) : NOTIFY_SENT;
    close(fd);
    return outcome;
}

static enum notify_outcome send_local(const struct buf *text, struct err_text *why)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = LOCAL_SOCKET};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return send_datagram(fd, (const struct sockaddr *)&to, sizeof(to), text, LOCAL_SOCKET, why);
}

static enum notify_outcome send_udp(const struct notify_send_options *options, const char *host,
                                    int port, const struct buf *text, struct err_text *why)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
    struct addrinfo *found;
    char service[16];
    snprintf(service, sizeof(service), "%d", port);
    int rc = getaddrinfo(host, service, &hints, &found);
    if (rc != 0)
        return fail(host, gai_strerror(rc), why);
    if (!notify_host_named(options, host) && notify_host_is_near(found->ai_addr)) {
        freeaddrinfo(found);
        return notify_host_refuse_near(host, why);
    }
    int fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    enum notify_outcome outcome =
        send_datagram(fd, found->ai_addr, found->ai_addrlen, text, host, why);
    freeaddrinfo(found);
    return outcome;
}

/* libcurl makes the connection, TLS included; the bytes are ours. */
static bool set_stream(struct notify_transfer *t, const char *host, int port, bool tls)
{
    struct buf url;
    bool six = strchr(host, ':') != NULL;
    buf_init(&url);
    buf_format(&url, "%s://%s%s%s:%d", tls ? "https" : "http", six ? "[" : "", host, six ? "]" : "",
               port);
    bool ok = buf_ok(&url) &&
              t->lib.easy_setopt(t->curl, CURLOPT_URL, buf_text(&url)) == CURLE_OK &&
              t->lib.easy_setopt(t->curl, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK;
    t->lib.easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    t->lib.easy_setopt(t->curl, CURLOPT_SSL_ENABLE_ALPN, 0L);
    buf_release(&url);
    return ok;
}

static CURLcode write_all(struct notify_transfer *t, const struct buf *text, int timeout_ms)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    size_t at = 0;
    CURLcode code = t->lib.easy_getinfo(t->curl, CURLINFO_ACTIVESOCKET, &fd);
    while (code == CURLE_OK && at < text->n) {
        size_t n = 0;
        code = t->lib.easy_send(t->curl, buf_text(text) + at, text->n - at, &n);
        at += n;
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        if (code == CURLE_AGAIN)
            code = poll(&ready, 1, timeout_ms) > 0 ? CURLE_OK : CURLE_OPERATION_TIMEDOUT;
    }
    return code;
}

static enum notify_outcome send_stream(const struct notify_connector *c,
                                       const struct notify_send_options *options, const char *host,
                                       int port, bool tls, const struct buf *line,
                                       struct err_text *why)
{
    struct notify_transfer t;
    struct buf framed;
    enum notify_outcome outcome = NOTIFY_LATER;
    buf_init(&framed);
    buf_format(&framed, "%zu ", line->n);
    buf_add(&framed, buf_text(line), line->n);
    if (!notify_transfer_begin(&t, c, options, host) || !set_stream(&t, host, port, tls) ||
        !buf_ok(&framed)) {
        err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    } else {
        CURLcode code = t.lib.easy_perform(t.curl);
        if (code == CURLE_OK)
            code = write_all(&t, &framed, (int)(options->timeout_ns / TIME_MS));
        outcome = code == CURLE_OK ? NOTIFY_SENT : notify_transfer_fail(&t, code, why);
    }
    notify_transfer_end(&t);
    buf_release(&framed);
    return outcome;
}

enum notify_outcome notify_syslog_send(const struct notify_connector *c,
                                       const struct format_node *params,
                                       const struct notify_send_options *options,
                                       struct err_text *why)
{
    const char *transport = format_node_str(format_node_get(c->config, "transport"), "");
    const char *host = format_node_str(format_node_get(c->config, "host"), "");
    bool tls = strcmp(transport, "tls") == 0, local = strcmp(transport, "local") == 0;
    int port =
        (int)format_node_int(format_node_get(c->config, "port"), tls ? PORT_TLS : PORT_PLAIN);
    const struct notify_syslog_line line = {
        .facility = format_node_str(format_node_get(c->config, "facility"), "local0"),
        .severity = format_node_str(format_node_get(params, "severity"), "warning"),
        .host = options->self,
        .app = format_node_str(format_node_get(c->config, "appName"), "weir"),
        .id = options->id,
        .message = format_node_str(format_node_get(params, "message"), ""),
        .now = options->now,
        .local = local,
    };
    struct buf text;
    enum notify_outcome outcome = NOTIFY_LATER;
    buf_init(&text);
    notify_syslog_write(&line, &text);
    if (!local && !notify_host_allowed(options, host))
        outcome = notify_host_refuse(host, why);
    else if (!buf_ok(&text))
        err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    else if (local)
        outcome = send_local(&text, why);
    else if (strcmp(transport, "udp") == 0)
        outcome = send_udp(options, host, port, &text, why);
    else
        outcome = send_stream(c, options, host, port, tls, &text, why);
    buf_release(&text);
    return outcome;
}
