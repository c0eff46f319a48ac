/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/web.h"

#include "api/api.h"
#include "api/rows.h"
#include "auth/guard.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "daemon/access.h"
#include "daemon/intake.h"
#include "daemon/measure.h"
#include "elastic/rows.h"
#include "find/find.h"
#include "http/certificate.h"
#include "http/server.h"
#include "http/stream.h"
#include "kibana/rows.h"
#include "ml/rows.h"
#include "request/data.h"
#include "request/request.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define DESCRIPTORS 8192
#define OWN_YEARS 2
#define RENEW_BEFORE (30 * TIME_DAY)
#define PEM_MAX ((size_t)1 << 20)

struct daemon_web {
    const struct conf *conf;
    struct daemon_web_settings settings;
    int fd;           /* −1: the server has it */
    char address[80]; /* that it listens on, as text */
    bool secure;
    bool local;                  /* an address of this machine alone */
    struct buf certificate, key; /* PEM */
    struct auth_guard *guard;
    struct http_stream *stream;
    struct find *find;
    struct api *api;
    _Atomic(struct http_server *) server; /* its threads may ask for it before its start returns */
    struct daemon_access *access;         /* NULL: no log is kept */
    atomic_uint_fast64_t unpublished;     /* for want of memory */
};

static const struct api_row *const tables[] = {
    api_people_rows,       api_connector_rows,    api_system_rows,      elastic_cluster_rows,
    elastic_template_rows, elastic_bulk_rows,     elastic_search_rows,  elastic_scroll_rows,
    kibana_rule_rows,      kibana_bulk_rows,      kibana_transfer_rows, kibana_import_rows,
    kibana_run_rows,       kibana_exception_rows, kibana_status_rows,   ml_job_rows,
    ml_run_rows,           ml_feed_rows,          ml_preview_rows,      ml_result_rows,
    ml_snapshot_rows,      ml_calendar_rows,      ml_filter_rows,       ml_info_rows,
    kibana_value_rows,     kibana_signal_rows,    kibana_preview_rows,  kibana_module_rows,
};

/* The address that the socket got: with port 0 the system chose one. */
static bool describe(int fd, char *out, size_t size, bool *out_local)
{
    struct sockaddr_storage at;
    socklen_t n = sizeof(at);
    char text[INET6_ADDRSTRLEN];
    if (getsockname(fd, (struct sockaddr *)&at, &n) != 0)
        return false;
    if (at.ss_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, &at, sizeof(four));
        inet_ntop(AF_INET, &four.sin_addr, text, sizeof(text));
        *out_local = (ntohl(four.sin_addr.s_addr) >> 24) == 127;
        snprintf(out, size, "%s:%u", text, ntohs(four.sin_port));
    } else {
        struct sockaddr_in6 six;
        memcpy(&six, &at, sizeof(six));
        inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof(text));
        *out_local = IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
        snprintf(out, size, "[%s]:%u", text, ntohs(six.sin6_port));
    }
    return true;
}

/* The usual limit of 1,024 descriptors would leave half of the connections to others. Where it
 * cannot be raised the server takes fewer. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS)
        return;
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* What is wrong with files that somebody named is told with their names. */
static enum err check_named(const struct daemon_web *w, struct err_text *why)
{
    struct err_text reason;
    enum err err = http_certificate_check(buf_text(&w->certificate), buf_text(&w->key), &reason);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "%s with %s: %s", w->conf->server_certificate,
                                     w->conf->server_key, reason.message);
}

enum err daemon_web_open(const struct conf *conf, struct daemon_web **out, struct err_text *why)
{
    if (conf->server_listen[0] == '\0') {
        *out = NULL;
        return ERR_NONE;
    }
    if ((conf->server_certificate[0] == '\0') != (conf->server_key[0] == '\0'))
        return err_set(why, ERR_INVALID, "server.certificate and server.key go together");
    struct daemon_web *w = mem_zero(1, sizeof(*w));
    if (w == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    raise_descriptors();
    w->conf = conf;
    w->fd = -1;
    enum err err = conf->server_access_log[0] != '\0'
                       ? daemon_access_open(conf->server_access_log, &w->access, why)
                       : ERR_NONE;
    if (err == ERR_NONE)
        err = http_server_listen(conf->server_listen, &w->fd, why);
    if (err == ERR_NONE && !describe(w->fd, w->address, sizeof(w->address), &w->local))
        err = err_set(why, ERR_IO, "the address of the server is not known: %s", strerror(errno));
    w->secure =
        strcmp(conf->server_tls, "on") == 0 || (strcmp(conf->server_tls, "auto") == 0 &&
                                                (!w->local || conf->server_certificate[0] != '\0'));
    if (err == ERR_NONE && w->secure && conf->server_certificate[0] != '\0') {
        err = file_read(conf->server_certificate, PEM_MAX, &w->certificate, why);
        if (err == ERR_NONE)
            err = file_read(conf->server_key, PEM_MAX, &w->key, why);
        if (err == ERR_NONE)
            err = check_named(w, why);
    }
    if (err != ERR_NONE) {
        daemon_web_stop(w);
        return err;
    }
    *out = w;
    return ERR_NONE;
}

#define PATH_SIZE (REQUEST_DATA_DIR_SIZE + 16)
#define PART_SIZE (PATH_SIZE + 8)

/* Where the certificate of one's own lies. */
static void own_paths(const struct daemon_web *w, char crt[PATH_SIZE], char key[PATH_SIZE])
{
    snprintf(crt, PATH_SIZE, "%s/server.crt", w->settings.data->dir);
    snprintf(key, PATH_SIZE, "%s/server.key", w->settings.data->dir);
}

/* What a start that was cut off has left of a file. */
static void remove_part(const char *path, char part[PART_SIZE])
{
    snprintf(part, PART_SIZE, "%s.part", path);
    (void)unlink(part);
}

/* Whatever certificate is used now: one of them may be half a key. */
static void remove_parts(const struct daemon_web *w)
{
    char crt[PATH_SIZE], key[PATH_SIZE], part[PART_SIZE];
    own_paths(w, crt, key);
    remove_part(crt, part);
    remove_part(key, part);
}

static enum err write_file(const char *path, const struct buf *text, mode_t mode,
                           struct err_text *why)
{
    char part[PART_SIZE];
    remove_part(path, part);
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    bool ok = fd >= 0 && write(fd, buf_text(text), text->n) == (ssize_t)text->n && fsync(fd) == 0 &&
              rename(part, path) == 0;
    int number = errno;
    if (fd >= 0)
        close(fd);
    if (ok)
        return ERR_NONE;
    (void)unlink(part);
    return err_set_at(why, err_from_errno(number), path, 0, "cannot be written: %s",
                      strerror(number));
}

/* The certificate of one's own, made when there is none that lasts. */
static enum err own_certificate(struct daemon_web *w, struct err_text *why)
{
    char crt[PATH_SIZE], key[PATH_SIZE], host[256] = "";
    ts_ns now = clock_wall(), ends;
    own_paths(w, crt, key);
    if (file_read(crt, PEM_MAX, &w->certificate, why) == ERR_NONE &&
        file_read(key, PEM_MAX, &w->key, why) == ERR_NONE &&
        http_certificate_ends(buf_text(&w->certificate), w->certificate.n, &ends, why) ==
            ERR_NONE &&
        ends - now > RENEW_BEFORE)
        return ERR_NONE;
    buf_clear(&w->certificate);
    buf_clear(&w->key);
    gethostname(host, sizeof(host) - 1);
    const char *names[] = {"localhost", "127.0.0.1", "::1", host};
    const struct http_certificate_options options = {
        .names = names,
        .names_n = host[0] != '\0' ? 4 : 3,
        .from = now - TIME_DAY,
        .to = now + OWN_YEARS * 365 * TIME_DAY,
    };
    enum err err = http_certificate_make(&options, &w->certificate, &w->key, why);
    if (err == ERR_NONE)
        err = write_file(key, &w->key, 0600, why);
    if (err == ERR_NONE)
        err = write_file(crt, &w->certificate, 0644, why);
    if (err == ERR_NONE)
        w->settings.log(w->settings.log_ctx, 2,
                        "a certificate was made for this server (server.crt in the data "
                        "directory); server.certificate names another one");
    return err;
}

/* Clients refuse a certificate that has ended, and nobody here would notice. */
static void tell_end(const struct daemon_web *w)
{
    struct err_text why;
    char line[600], date[TIME_TEXT_SIZE];
    ts_ns ends, now = clock_wall();
    if (http_certificate_ends(buf_text(&w->certificate), w->certificate.n, &ends, &why) !=
            ERR_NONE ||
        ends - now > RENEW_BEFORE)
        return;
    time_format_iso(ends, date);
    snprintf(line, sizeof(line),
             ends <= now ? "%s has ended on %s: clients refuse it"
                         : "%s ends on %s; a start reads a new one",
             w->conf->server_certificate, date);
    w->settings.log(w->settings.log_ctx, 1, line);
}

/* Ports of the api and of the server. */

static enum err act(void *ctx, const char *request, size_t n, bool (*gone)(void *gone_ctx),
                    void *gone_ctx, struct buf *out, struct err_text *why)
{
    const struct daemon_web *w = ctx;
    return request_act(w->settings.data, request, n, gone, gone_ctx, out, why);
}

static enum err take(void *ctx, struct api_events *events, struct err_text *why)
{
    const struct daemon_web *w = ctx;
    events->source = DAEMON_INTAKE_SOURCE;
    return daemon_intake_take(w->settings.intake, events->arena, events->events, events->n,
                              events->names, events->sequences, why);
}

static void measure(void *ctx, struct buf *out)
{
    struct daemon_web *w = ctx;
    w->settings.measure(w->settings.ctx, out);
    daemon_web_measure(w, out);
}

static bool healthy(void *ctx, struct err_text *why)
{
    const struct daemon_web *w = ctx;
    return w->settings.healthy(w->settings.ctx, why);
}

/* What http wants has the api as its context; the log belongs to the web. */
static void log_access(void *ctx, const struct http_access *access)
{
    const struct daemon_web *w = api_ports_of(ctx)->ctx;
    daemon_access_write(w->access, access);
}

static enum err make_admin(struct daemon_web *w, struct err_text *why)
{
    bool made;
    char password[AUTH_GUARD_TOKEN_SIZE], line[200];
    enum err err = auth_guard_begin(w->guard, clock_wall(), &made, password, why);
    if (err == ERR_NONE && made) {
        snprintf(line, sizeof(line),
                 "there was no user: the account 'admin' was made; its password, told only now, is "
                 "%s",
                 password);
        w->settings.log(w->settings.log_ctx, 1, line);
    }
    return err;
}

static enum err make_parts(struct daemon_web *w, struct err_text *why)
{
    const struct http_stream_options stream = {.first = (uint64_t)(clock_wall() / TIME_US)};
    enum err err = auth_guard_new(w->settings.data->state, &w->guard, why);
    if (err != ERR_NONE)
        return err;
    w->stream = http_stream_new(&stream);
    const struct find_options find = {
        .store = w->settings.data->store,
        .state = w->settings.data->state,
        .seed = (uint64_t)clock_wall(),
    };
    w->find = find_new(&find);
    if (w->stream == NULL || w->find == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    const struct api_options options = {
        .ports =
            {
                .ctx = w,
                .store = w->settings.data->store,
                .state = w->settings.data->state,
                .find = w->find,
                .guard = w->guard,
                .stream = w->stream,
                .secure = w->secure,
                .now = clock_wall,
                .act = act,
                .take = take,
                .measure = measure,
                .healthy = healthy,
            },
        .tables = tables,
        .tables_n = sizeof(tables) / sizeof(tables[0]),
    };
    return api_new(&options, &w->api, why);
}

enum err daemon_web_start(struct daemon_web *w, const struct daemon_web_settings *settings,
                          struct err_text *why)
{
    char line[200], url[REQUEST_DATA_SERVER_SIZE];
    struct http_server *server = NULL;
    w->settings = *settings;
    remove_parts(w);
    enum err err = make_parts(w, why);
    if (err == ERR_NONE && w->secure && w->certificate.n == 0)
        err = own_certificate(w, why);
    else if (err == ERR_NONE && w->secure)
        tell_end(w);
    if (err == ERR_NONE && !w->secure && !w->local)
        w->settings.log(w->settings.log_ctx, 1,
                        "server.tls is off: passwords and events cross the network as they are, "
                        "unless something in front of this server sees to it");
    if (err == ERR_NONE)
        err = make_admin(w, why);
    if (err != ERR_NONE)
        return err;
    struct http_server_options options = {
        .fd = w->fd,
        .certificate = w->secure ? buf_text(&w->certificate) : NULL,
        .key = w->secure ? buf_text(&w->key) : NULL,
        .threads = (unsigned)w->conf->server_threads,
        .ctx = w->api,
        .admit = api_admit,
        .lane = api_lane,
        .admit_lane = api_admit_lane,
        .refuse = api_refuse,
        .finish = api_finish,
        .log = w->access != NULL ? log_access : NULL,
        .wall = clock_wall,
        .steady = clock_steady,
    };
    options.routes = api_routes(w->api, &options.routes_n);
    w->fd = -1;
    err = http_server_start(&options, &server, why);
    if (err != ERR_NONE)
        return err;
    atomic_store(&w->server, server);
    snprintf(url, sizeof(url), "http%s://%s", w->secure ? "s" : "", w->address);
    pthread_mutex_lock(&settings->data->lock);
    memcpy(settings->data->server, url, sizeof(url));
    pthread_mutex_unlock(&settings->data->lock);
    snprintf(line, sizeof(line), "answering on %s", url);
    w->settings.log(w->settings.log_ctx, 2, line);
    return ERR_NONE;
}

void daemon_web_stop(struct daemon_web *w)
{
    if (w == NULL)
        return;
    http_server_stop(w->server);
    api_free(w->api);
    find_free(w->find);
    http_stream_free(w->stream);
    auth_guard_free(w->guard);
    if (w->fd >= 0)
        close(w->fd);
    daemon_access_close(w->access);
    buf_release(&w->certificate);
    buf_release(&w->key);
    mem_free(w);
}

void daemon_web_publish(struct daemon_web *w, const char *name, struct bytes json)
{
    if (http_stream_publish(w->stream, name, (const char *)json.p, json.n) != ERR_NONE)
        w->unpublished++;
}

void daemon_web_measure(struct daemon_web *w, struct buf *out)
{
    static const char *const lanes[HTTP_LANES] = {[HTTP_LANE_SHORT] = "short",
                                                  [HTTP_LANE_TURN] = "turn",
                                                  [HTTP_LANE_WRITE] = "write",
                                                  [HTTP_LANE_LONG] = "long"};
    struct http_counts c;
    char label[32];
    struct http_server *server = atomic_load(&w->server);
    if (server == NULL)
        return;
    http_server_counts(server, &c);
    daemon_measure_one(out, "weir_http_requests_total", "counter", "Requests that came.",
                       (double)c.requests);
    daemon_measure_head(out, "weir_http_answers_total", "counter", "Answers by class of status.");
    for (int i = 1; i <= 5; i++) {
        snprintf(label, sizeof(label), "class=\"%dxx\"", i);
        daemon_measure_value(out, "weir_http_answers_total", label, (double)c.by_class[i]);
    }
    daemon_measure_one(out, "weir_http_received_bytes_total", "counter",
                       "Bytes of bodies received.", (double)c.received);
    daemon_measure_one(out, "weir_http_sent_bytes_total", "counter", "Bytes of answers sent.",
                       (double)c.sent);
    daemon_measure_one(out, "weir_http_connections", "gauge", "Connections open now.",
                       (double)c.connections);
    daemon_measure_head(out, "weir_http_waiting", "gauge",
                        "Requests that wait for a thread, by lane.");
    for (int i = 0; i < HTTP_LANES; i++) {
        snprintf(label, sizeof(label), "lane=\"%s\"", lanes[i]);
        daemon_measure_value(out, "weir_http_waiting", label, (double)c.lanes[i].waiting);
    }
    daemon_measure_head(out, "weir_http_running", "gauge",
                        "Requests that a thread is working on, by lane.");
    for (int i = 0; i < HTTP_LANES; i++) {
        snprintf(label, sizeof(label), "lane=\"%s\"", lanes[i]);
        daemon_measure_value(out, "weir_http_running", label, (double)c.lanes[i].running);
    }
    daemon_measure_head(out, "weir_http_refused_total", "counter",
                        "Connections and requests refused, by reason.");
    daemon_measure_value(out, "weir_http_refused_total", "reason=\"connections\"",
                         (double)c.refused_connections);
    daemon_measure_value(out, "weir_http_refused_total", "reason=\"slow\"", (double)c.refused_slow);
    daemon_measure_value(out, "weir_http_refused_total", "reason=\"busy\"", (double)c.refused_busy);
    daemon_measure_one(out, "weir_search_contexts", "gauge", "Scrolls and points in time open now.",
                       (double)find_open_count(w->find));
    daemon_measure_one(out, "weir_live_listeners", "gauge", "Browsers that listen.",
                       (double)http_stream_listeners(w->stream));
    daemon_measure_one(out, "weir_live_lost_total", "counter",
                       "Live events lost for want of memory.", (double)w->unpublished);
}
