/* SPDX-License-Identifier: Apache-2.0 */
/* What the special columns of a row become: the fields of docs/method/zeek.md. */
#include "ingest/zeek_priv.h"

#include "event/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(e, field, text) event_set_str_view(e, field, text, sizeof(text) - 1)

struct text {
    const char *s;
    size_t n;
};

static struct text text_of(const struct ingest_zeek *z, enum ingest_zeek_column c)
{
    const struct event_value *v = zeek_first(z, c);
    return v != NULL && v->type == EVENT_STR ? (struct text){v->s, v->len} : (struct text){"", 0};
}

static bool is(struct text t, const char *s)
{
    return t.n == strlen(s) && memcmp(t.s, s, t.n) == 0;
}

/* 1, 0, or −1 when it is unset. */
static int flag_of(const struct ingest_zeek *z, enum ingest_zeek_column c)
{
    const struct event_value *v = zeek_first(z, c);
    if (v == NULL)
        return -1;
    if (v->type == EVENT_BOOL)
        return v->b;
    struct text t = text_of(z, c);
    if (is(t, "T") || is(t, "true"))
        return 1;
    return is(t, "F") || is(t, "false") ? 0 : -1;
}

ts_ns ingest_zeek_map_span(const struct ingest_zeek *z, enum ingest_zeek_column c)
{
    const struct event_value *v = zeek_first(z, c);
    int64_t whole;
    int64_t nano;
    double seconds = -1;
    if (v == NULL)
        return -1;
    if (v->type == EVENT_STR) {
        if (event_json_decimal(v->s, v->len, &whole, &nano))
            return whole >= 0 && nano >= 0 && whole < INT64_MAX / TIME_S ? whole * TIME_S + nano
                                                                         : -1;
        char copy[64];
        if (v->len >= sizeof(copy))
            return -1;
        memcpy(copy, v->s, v->len);
        copy[v->len] = '\0';
        seconds = strtod(copy, NULL);
    } else if (v->type == EVENT_F64) {
        seconds = v->f;
    } else if (v->type == EVENT_I64) {
        seconds = (double)v->i;
    }
    return seconds >= 0 && seconds < 9e9 ? (ts_ns)llround(seconds * 1e9) : -1;
}

int64_t ingest_zeek_map_count(const struct ingest_zeek *z, enum ingest_zeek_column c)
{
    const struct event_value *v = zeek_first(z, c);
    int64_t whole;
    int64_t nano;
    if (v == NULL)
        return -1;
    if (v->type == EVENT_I64)
        return v->i >= 0 ? v->i : -1;
    if (v->type == EVENT_F64)
        return v->f >= 0 && v->f < 9.2e18 ? (int64_t)v->f : -1;
    if (v->type == EVENT_STR && event_json_decimal(v->s, v->len, &whole, &nano))
        return whole >= 0 ? whole : -1;
    return -1;
}

static void set_text(struct event *e, event_field f, struct text t)
{
    if (t.n > 0)
        event_set_str_view(e, f, t.s, t.n);
}

/* ip, address and port of one end. */
static void map_end(struct ingest_zeek *z, enum ingest_zeek_column host,
                    enum ingest_zeek_column port, const event_field to[3], struct ip *out,
                    bool *has)
{
    struct text t = text_of(z, host);
    int64_t number = ingest_zeek_map_count(z, port);
    if (t.n > 0) {
        *has = ip_parse(t.s, t.n, out);
        if (*has)
            event_set_ip(&z->e, to[0], out);
        set_text(&z->e, to[1], t);
    }
    if (number >= 0 && number <= 65535)
        event_set_i64(&z->e, to[2], number);
}

static void map_ends(struct ingest_zeek *z)
{
    static const event_field source[] = {EVENT_F_SOURCE_IP, EVENT_F_SOURCE_ADDRESS,
                                         EVENT_F_SOURCE_PORT};
    static const event_field destination[] = {EVENT_F_DESTINATION_IP, EVENT_F_DESTINATION_ADDRESS,
                                              EVENT_F_DESTINATION_PORT};
    struct event *e = &z->e;
    struct ip from;
    struct ip to;
    bool has_from = false;
    bool has_to = false;
    map_end(z, ZEEK_ORIG_H, ZEEK_ORIG_P, source, &from, &has_from);
    map_end(z, ZEEK_RESP_H, ZEEK_RESP_P, destination, &to, &has_to);
    if (has_from)
        event_add_ip(e, EVENT_F_RELATED_IP, &from);
    if (has_to && !(has_from && ip_equal(&from, &to)))
        event_add_ip(e, EVENT_F_RELATED_IP, &to);
    if (has_from && ip_is_v4(&from))
        TEXT(e, EVENT_F_NETWORK_TYPE, "ipv4");
    else if (has_from)
        TEXT(e, EVENT_F_NETWORK_TYPE, "ipv6");
    struct text proto = text_of(z, ZEEK_PROTO);
    if (is(proto, "icmp") && has_from && !ip_is_v4(&from))
        TEXT(e, EVENT_F_NETWORK_TRANSPORT, "ipv6-icmp");
    else
        set_text(e, EVENT_F_NETWORK_TRANSPORT, proto);
}

/* How each log stands in ECS: event.category and the types. */
static const struct kind {
    const char *log;
    const char *category[2];
    const char *type[3];
    const char *event_kind;
} kinds[] = {
    {"conn", {"network", NULL}, {"connection", NULL, NULL}, "event"},
    {"dns", {"network", NULL}, {"connection", "protocol", "info"}, "event"},
    {"http", {"network", "web"}, {"connection", "protocol", "access"}, "event"},
    {"ssl", {"network", NULL}, {"connection", "protocol", NULL}, "event"},
    {"files", {"file", NULL}, {"info", NULL, NULL}, "event"},
    {"notice", {"intrusion_detection", NULL}, {"info", NULL, NULL}, "alert"},
    {"intel", {"threat", NULL}, {"indicator", NULL, NULL}, "enrichment"},
    {"weird", {"network", NULL}, {"info", NULL, NULL}, "alert"},
    {"stats", {NULL, NULL}, {"info", NULL, NULL}, "metric"},
    {"capture_loss", {NULL, NULL}, {"info", NULL, NULL}, "metric"},
};

static void map_kind(struct ingest_zeek *z)
{
    /* Any other log of a protocol speaks of the network; one without ends of nothing we know. */
    static const struct kind protocol = {
        "", {"network", NULL}, {"connection", "protocol", "info"}, "event"};
    static const struct kind other = {"", {NULL, NULL}, {"info", NULL, NULL}, "event"};
    const struct kind *k = z->special[ZEEK_ORIG_H].n > 0 ? &protocol : &other;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].log, z->log) == 0)
            k = &kinds[i];
    }
    struct event *e = &z->e;
    event_set_str_view(e, EVENT_F_EVENT_KIND, k->event_kind, strlen(k->event_kind));
    for (int i = 0; i < 2 && k->category[i] != NULL; i++)
        event_add_str(e, EVENT_F_EVENT_CATEGORY, k->category[i], strlen(k->category[i]));
    for (int i = 0; i < 3 && k->type[i] != NULL; i++)
        event_add_str(e, EVENT_F_EVENT_TYPE, k->type[i], strlen(k->type[i]));
    TEXT(e, EVENT_F_EVENT_MODULE, "zeek");
    event_set_str_view(e, EVENT_F_EVENT_DATASET, z->dataset, z->dataset_len);
    TEXT(e, EVENT_F_DATA_STREAM_TYPE, "logs");
    event_set_str_view(e, EVENT_F_DATA_STREAM_DATASET, z->dataset, z->dataset_len);
    TEXT(e, EVENT_F_DATA_STREAM_NAMESPACE, "default");
    TEXT(e, EVENT_F_OBSERVER_VENDOR, "Zeek");
    TEXT(e, EVENT_F_OBSERVER_PRODUCT, "zeek");
}

/* The public jobs know transactions by Packetbeat's names; a second value lets them match. */
static void also_packetbeat(struct event *e, const char *dataset)
{
    event_add_str(e, EVENT_F_EVENT_DATASET, dataset, strlen(dataset));
    TEXT(e, EVENT_F_AGENT_TYPE, "packetbeat");
}

static void map_answers(struct ingest_zeek *z)
{
    const struct ingest_zeek_cell *answers = &z->special[ZEEK_ANSWERS];
    const struct event_value *v = answers->many != NULL ? answers->many : &answers->one;
    for (uint32_t i = 0; i < answers->n; i++) {
        struct ip a;
        if (v[i].type != EVENT_STR)
            continue;
        event_add_value_view(&z->e, EVENT_F_DNS_ANSWERS_DATA, &v[i]);
        if (ip_parse(v[i].s, v[i].len, &a))
            event_add_ip(&z->e, EVENT_F_DNS_RESOLVED_IP, &a);
    }
    if (answers->n > 0)
        event_set_i64(&z->e, EVENT_F_DNS_ANSWERS_COUNT, answers->n);
    struct ingest_zeek_cell *ttls = &z->special[ZEEK_TTLS];
    struct ingest_zeek_cell all = *ttls;
    v = all.many != NULL ? all.many : &all.one;
    for (uint32_t i = 0; i < all.n; i++) {
        *ttls = (struct ingest_zeek_cell){.n = 1, .one = v[i]};
        ts_ns span = ingest_zeek_map_span(z, ZEEK_TTLS);
        if (span >= 0)
            event_add_i64(&z->e, EVENT_F_DNS_ANSWERS_TTL, span / TIME_S);
    }
    *ttls = all;
}

static void map_dns(struct ingest_zeek *z)
{
    static const struct {
        enum ingest_zeek_column column;
        event_field zeek, flag;
        const char *name;
    } flags[] = {
        {ZEEK_FLAG_AA, EVENT_F_ZEEK_DNS_AA, EVENT_F_DNS_FLAGS_AUTHORITATIVE, "AA"},
        {ZEEK_FLAG_TC, EVENT_F_ZEEK_DNS_TC, EVENT_F_DNS_FLAGS_TRUNCATED_RESPONSE, "TC"},
        {ZEEK_FLAG_RD, EVENT_F_ZEEK_DNS_RD, EVENT_F_DNS_FLAGS_RECURSION_DESIRED, "RD"},
        {ZEEK_FLAG_RA, EVENT_F_ZEEK_DNS_RA, EVENT_F_DNS_FLAGS_RECURSION_AVAILABLE, "RA"},
    };
    struct event *e = &z->e;
    also_packetbeat(e, "network_traffic.dns");
    TEXT(e, EVENT_F_NETWORK_PROTOCOL, "dns");
    struct text class = text_of(z, ZEEK_QCLASS_NAME);
    if (is(class, "C_INTERNET"))
        TEXT(e, EVENT_F_DNS_QUESTION_CLASS, "IN");
    else
        set_text(e, EVENT_F_DNS_QUESTION_CLASS, class);
    set_text(e, EVENT_F_ZEEK_DNS_QCLASS_NAME, class);
    set_text(e, EVENT_F_DNS_QUESTION_TYPE, text_of(z, ZEEK_QTYPE_NAME));
    set_text(e, EVENT_F_ZEEK_DNS_QTYPE_NAME, text_of(z, ZEEK_QTYPE_NAME));
    struct text rcode = text_of(z, ZEEK_RCODE_NAME);
    set_text(e, EVENT_F_DNS_RESPONSE_CODE, rcode);
    set_text(e, EVENT_F_ZEEK_DNS_RCODE_NAME, rcode);
    if (rcode.n > 0 && is(rcode, "NOERROR"))
        TEXT(e, EVENT_F_EVENT_OUTCOME, "success");
    else if (rcode.n > 0)
        TEXT(e, EVENT_F_EVENT_OUTCOME, "failure");
    if (rcode.n > 0 || z->special[ZEEK_ANSWERS].n > 0)
        TEXT(e, EVENT_F_DNS_TYPE, "answer");
    else
        TEXT(e, EVENT_F_DNS_TYPE, "query");
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        int on = flag_of(z, flags[i].column);
        if (on < 0)
            continue;
        event_set_bool(e, flags[i].zeek, on == 1);
        event_set_bool(e, flags[i].flag, on == 1);
        if (on == 1)
            event_add_str(e, EVENT_F_DNS_HEADER_FLAGS, flags[i].name, 2);
    }
    int rejected = flag_of(z, ZEEK_REJECTED);
    if (rejected >= 0)
        event_set_bool(e, EVENT_F_ZEEK_DNS_REJECTED, rejected == 1);
    ts_ns rtt = ingest_zeek_map_span(z, ZEEK_RTT);
    if (rtt >= 0) {
        event_set_f64(e, EVENT_F_ZEEK_DNS_RTT, (double)rtt / 1e9);
        event_set_i64(e, EVENT_F_EVENT_DURATION, rtt);
    }
    map_answers(z);
}

/* "host", "host:80", "[::1]:80": the name without the port. */
static struct text host_only(struct text host)
{
    const char *end = host.n > 0 && host.s[0] == '[' ? memchr(host.s, ']', host.n) : NULL;
    if (end != NULL)
        return (struct text){host.s + 1, (size_t)(end - host.s) - 1};
    const char *colon = memchr(host.s, ':', host.n);
    if (colon != NULL && memchr(colon + 1, ':', (size_t)(host.s + host.n - colon - 1)) == NULL)
        return (struct text){host.s, (size_t)(colon - host.s)};
    return host;
}

static void set_join(struct event *e, event_field f, const char *a, struct text b, struct text c)
{
    size_t a_n = strlen(a);
    char *s = arena_alloc(e->arena, a_n + b.n + c.n + 1);
    if (s == NULL) {
        e->failed = true;
        return;
    }
    memcpy(s, a, a_n);
    memcpy(s + a_n, b.s, b.n);
    memcpy(s + a_n + b.n, c.s, c.n);
    s[a_n + b.n + c.n] = '\0';
    event_set_str_view(e, f, s, a_n + b.n + c.n);
}

static void set_copy(struct event *e, event_field f, struct text t)
{
    if (t.n > 0)
        event_set_str(e, f, t.s, t.n);
}

static void map_url(struct ingest_zeek *z, struct text host, struct text uri)
{
    struct event *e = &z->e;
    struct text name = host_only(host);
    set_text(e, EVENT_F_URL_ORIGINAL, uri);
    set_copy(e, EVENT_F_URL_DOMAIN, name);
    set_copy(e, EVENT_F_SERVER_DOMAIN, name);
    set_copy(e, EVENT_F_DESTINATION_DOMAIN, name);
    set_copy(e, EVENT_F_RELATED_HOSTS, name);
    if (uri.n == 0)
        return;
    if (uri.s[0] != '/') {
        /* Asked of a proxy: the whole address, or host and port of a tunnel. */
        set_text(e, EVENT_F_URL_FULL, uri);
        return;
    }
    if (host.n > 0)
        set_join(e, EVENT_F_URL_FULL, "http://", host, uri);
    TEXT(e, EVENT_F_URL_SCHEME, "http");
    const char *mark = memchr(uri.s, '#', uri.n);
    if (mark != NULL) {
        set_copy(e, EVENT_F_URL_FRAGMENT,
                 (struct text){mark + 1, (size_t)(uri.s + uri.n - mark - 1)});
        uri.n = (size_t)(mark - uri.s);
    }
    mark = memchr(uri.s, '?', uri.n);
    if (mark != NULL) {
        set_copy(e, EVENT_F_URL_QUERY, (struct text){mark + 1, (size_t)(uri.s + uri.n - mark - 1)});
        uri.n = (size_t)(mark - uri.s);
    }
    set_copy(e, EVENT_F_URL_PATH, uri);
}

static void map_http(struct ingest_zeek *z)
{
    struct event *e = &z->e;
    also_packetbeat(e, "network_traffic.http");
    TEXT(e, EVENT_F_NETWORK_PROTOCOL, "http");
    map_url(z, text_of(z, ZEEK_HOST), text_of(z, ZEEK_URI));
    int64_t status = ingest_zeek_map_count(z, ZEEK_STATUS_CODE);
    if (status >= 0) {
        event_set_i64(e, EVENT_F_HTTP_RESPONSE_STATUS_CODE, status);
        if (status < 400)
            TEXT(e, EVENT_F_EVENT_OUTCOME, "success");
        else
            TEXT(e, EVENT_F_EVENT_OUTCOME, "failure");
    }
}

static void map_ssl(struct ingest_zeek *z)
{
    static const struct {
        const char *zeek, *version, *protocol;
    } versions[] = {
        {"SSLv2", "2.0", "ssl"},    {"SSLv3", "3.0", "ssl"},    {"TLSv10", "1.0", "tls"},
        {"TLSv11", "1.1", "tls"},   {"TLSv12", "1.2", "tls"},   {"TLSv13", "1.3", "tls"},
        {"DTLSv10", "1.0", "dtls"}, {"DTLSv12", "1.2", "dtls"}, {"DTLSv13", "1.3", "dtls"},
    };
    struct event *e = &z->e;
    also_packetbeat(e, "network_traffic.tls");
    TEXT(e, EVENT_F_NETWORK_PROTOCOL, "tls");
    struct text version = text_of(z, ZEEK_SSL_VERSION);
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        if (is(version, versions[i].zeek)) {
            event_set_text(e, EVENT_F_TLS_VERSION, versions[i].version);
            event_set_text(e, EVENT_F_TLS_VERSION_PROTOCOL, versions[i].protocol);
        }
    }
    set_text(e, EVENT_F_ZEEK_SSL_VERSION, version);
    struct text name = text_of(z, ZEEK_SERVER_NAME);
    set_text(e, EVENT_F_TLS_CLIENT_SERVER_NAME, name);
    set_text(e, EVENT_F_SERVER_DOMAIN, name);
    set_text(e, EVENT_F_DESTINATION_DOMAIN, name);
    set_copy(e, EVENT_F_RELATED_HOSTS, name);
    int established = flag_of(z, ZEEK_ESTABLISHED);
    if (established >= 0) {
        event_set_bool(e, EVENT_F_TLS_ESTABLISHED, established == 1);
        if (established == 1)
            TEXT(e, EVENT_F_EVENT_OUTCOME, "success");
        else
            TEXT(e, EVENT_F_EVENT_OUTCOME, "failure");
    }
}

void ingest_zeek_map_row(struct ingest_zeek *z)
{
    struct text uid = text_of(z, ZEEK_UID);
    map_kind(z);
    map_ends(z);
    set_text(&z->e, EVENT_F_ZEEK_SESSION_ID, uid);
    if (z->kind == ZEEK_LOG_DNS)
        map_dns(z);
    else if (z->kind == ZEEK_LOG_HTTP)
        map_http(z);
    else if (z->kind == ZEEK_LOG_SSL)
        map_ssl(z);
}
