/* SPDX-License-Identifier: Apache-2.0 */
#include "notify/mail.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "format/node.h"
#include "notify/send_priv.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PORT_PLAIN 25
#define PORT_TLS 465
#define LINE_BYTES 57 /* 76 characters of base64 */
/* With 12 characters around it and "Subject: " before, a word must fit a line of 78. */
#define WORD_BYTES 42

bool notify_mail_address_ok(const char *s)
{
    const char *at = strrchr(s, '@');
    size_t n = strlen(s);
    if (at == NULL || at == s || at[1] == '\0' || n > 254)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] <= ' ' || s[i] == 127 || strchr("<>(),;:\\\"[]", s[i]) != NULL)
            return false;
    return true;
}

static void add_base64(struct buf *out, const char *text, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = (const uint8_t *)text;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16;
        v |= i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0;
        v |= i + 2 < n ? (uint32_t)p[i + 2] : 0;
        buf_char(out, digits[v >> 18]);
        buf_char(out, digits[v >> 12 & 63]);
        buf_char(out, i + 1 < n ? digits[v >> 6 & 63] : '=');
        buf_char(out, i + 2 < n ? digits[v & 63] : '=');
    }
}

/* A text in a header: as it is when it is plain ASCII on one short line, else in encoded words. */
static void add_text(struct buf *out, const char *s)
{
    size_t n = strlen(s);
    bool plain = n <= 60;
    for (size_t i = 0; i < n && plain; i++)
        plain = s[i] >= ' ' && s[i] < 127 && !(s[i] == '=' && s[i + 1] == '?');
    if (plain) {
        buf_add(out, s, n);
        return;
    }
    for (size_t i = 0; i < n;) {
        size_t len = utf8_cut(s + i, n - i, WORD_BYTES);
        len = len > 0 ? len : 1; /* of what is no UTF-8 */
        buf_str(out, i > 0 ? "\r\n =?utf-8?B?" : "=?utf-8?B?");
        add_base64(out, s + i, len);
        buf_str(out, "?=");
        i += len;
    }
}

static void add_addresses(struct buf *out, const char *name, const struct format_node *list)
{
    for (size_t i = 0; i < format_node_count(list); i++)
        buf_format(out, "%s%s", i == 0 ? name : ",\r\n ",
                   format_node_str(format_node_at(list, i), ""));
    if (format_node_count(list) > 0)
        buf_str(out, "\r\n");
}

static void add_date(struct buf *out, ts_ns now)
{
    static const char days[][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct time_date d = time_split(now);
    int64_t day = time_floor(now, TIME_DAY) / TIME_DAY % 7;
    buf_format(out, "Date: %s, %02u %s %04d %02u:%02u:%02u +0000\r\n",
               days[day < 0 ? day + 7 : day], d.day, months[d.month - 1], d.year, d.hour, d.minute,
               d.second);
}

void notify_mail_write(const char *from, const struct format_node *params, const char *id,
                       ts_ns now, struct buf *out)
{
    const char *message = format_node_str(format_node_get(params, "message"), "");
    size_t n = strlen(message);
    const char *at = strrchr(from, '@');
    add_date(out, now);
    buf_format(out, "From: %s\r\n", from);
    add_addresses(out, "To: ", format_node_get(params, "to"));
    add_addresses(out, "Cc: ", format_node_get(params, "cc"));
    buf_str(out, "Subject: ");
    add_text(out, format_node_str(format_node_get(params, "subject"), ""));
    buf_format(out, "\r\nMessage-ID: <%s%s>\r\n", id, at != NULL ? at : "@weir");
    buf_str(out, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                 "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n");
    for (size_t i = 0; i < n; i += LINE_BYTES) {
        add_base64(out, message + i, n - i < LINE_BYTES ? n - i : LINE_BYTES);
        buf_str(out, "\r\n");
    }
}

struct reading {
    const struct buf *mail;
    size_t at;
};

static size_t give(char *p, size_t size, size_t n, void *ctx)
{
    struct reading *r = ctx;
    size_t left = r->mail->n - r->at;
    size_t len = size * n < left ? size * n : left;
    if (len > 0)
        memcpy(p, buf_text(r->mail) + r->at, len);
    r->at += len;
    return len;
}

/* All of the list that are addresses; *out_wrong is one that is not. */
static bool add_recipients(struct notify_transfer *t, const struct format_node *list,
                           const char **out_wrong)
{
    for (size_t i = 0; i < format_node_count(list); i++) {
        const char *address = format_node_str(format_node_at(list, i), "");
        if (!notify_mail_address_ok(address)) {
            *out_wrong = address;
            return true;
        }
        if (!notify_transfer_append(t, address))
            return false;
    }
    return true;
}

static bool set_server(struct notify_transfer *t, const struct notify_connector *c,
                       const char *host)
{
    bool secure = format_node_bool(format_node_get(c->config, "secure"), false);
    bool auth = format_node_bool(format_node_get(c->config, "hasAuth"), false);
    bool must = auth || format_node_bool(format_node_get(c->config, "requireTLS"), false);
    int64_t port =
        format_node_int(format_node_get(c->config, "port"), secure ? PORT_TLS : PORT_PLAIN);
    bool six = strchr(host, ':') != NULL;
    struct buf url;
    buf_init(&url);
    buf_format(&url, "%s://%s%s%s:%d", secure ? "smtps" : "smtp", six ? "[" : "", host,
               six ? "]" : "", (int)port);
    bool ok = buf_ok(&url) && t->lib.easy_setopt(t->curl, CURLOPT_URL, buf_text(&url)) == CURLE_OK;
    buf_release(&url);
    t->lib.easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    /* Names and passwords never go in the clear. */
    t->lib.easy_setopt(t->curl, CURLOPT_USE_SSL, (long)(must ? CURLUSESSL_ALL : CURLUSESSL_TRY));
    if (auth) {
        const char *user = format_node_str(format_node_get(c->secrets, "user"), "");
        const char *password = format_node_str(format_node_get(c->secrets, "password"), "");
        ok = ok && t->lib.easy_setopt(t->curl, CURLOPT_USERNAME, user) == CURLE_OK &&
             t->lib.easy_setopt(t->curl, CURLOPT_PASSWORD, password) == CURLE_OK;
    }
    return ok;
}

/* A reply of 5xx to what we said will be the same tomorrow; but not what a log-in or TLS says. */
static enum notify_outcome judge(const struct notify_transfer *t, CURLcode code,
                                 struct err_text *why)
{
    long status = 0;
    t->lib.easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK)
        return NOTIFY_SENT;
    enum notify_outcome outcome = notify_transfer_fail(t, code, why);
    return code == CURLE_SEND_ERROR && status >= 550 && status <= 559 ? NOTIFY_REFUSED : outcome;
}

enum notify_outcome notify_mail_send(const struct notify_connector *c,
                                     const struct format_node *params,
                                     const struct notify_send_options *options,
                                     struct err_text *why)
{
    static const char *const lists[] = {"to", "cc", "bcc"};
    const char *host = format_node_str(format_node_get(c->config, "host"), "");
    const char *from = format_node_str(format_node_get(c->config, "from"), "");
    const char *wrong = notify_mail_address_ok(from) ? NULL : from;
    struct notify_transfer t;
    struct buf mail;
    struct reading reading = {.mail = &mail};
    enum notify_outcome outcome = NOTIFY_LATER;
    if (!notify_host_allowed(options, host))
        return notify_host_refuse(host, why);
    buf_init(&mail);
    bool ok = notify_transfer_begin(&t, c, options, host) && set_server(&t, c, host);
    for (size_t i = 0; i < 3 && ok; i++)
        ok = add_recipients(&t, format_node_get(params, lists[i]), &wrong);
    if (ok && wrong == NULL) {
        notify_mail_write(from, params, options->id, options->now, &mail);
        ok = buf_ok(&mail) && t.lib.easy_setopt(t.curl, CURLOPT_MAIL_FROM, from) == CURLE_OK;
        t.lib.easy_setopt(t.curl, CURLOPT_MAIL_RCPT, t.list);
        t.lib.easy_setopt(t.curl, CURLOPT_READFUNCTION, give);
        t.lib.easy_setopt(t.curl, CURLOPT_READDATA, &reading);
        t.lib.easy_setopt(t.curl, CURLOPT_UPLOAD, 1L);
        if (ok)
            outcome = judge(&t, t.lib.easy_perform(t.curl), why);
    }
    if (!ok) {
        err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    } else if (wrong != NULL) {
        err_set(why, ERR_INVALID, "'%.100s' is no mail address", wrong);
        outcome = NOTIFY_REFUSED;
    }
    notify_transfer_end(&t);
    buf_release(&mail);
    return outcome;
}
