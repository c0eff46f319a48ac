/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/http.h"

#include "base/buf.h"
#include "base/mem.h"
#include "trans/trans_priv.h"
#include "trans/url.h"

#include <stdio.h>

/* What an event needs of a request, kept until its response comes. */
enum kept {
    KEPT_METHOD,
    KEPT_TARGET,
    KEPT_HOST,
    KEPT_USER_AGENT,
    KEPT_REFERER,
    KEPT_CONTENT_TYPE,
    KEPT_FORWARDED,
    KEPTS
};

struct trans_http_request {
    struct trans_http_request *next;
    uint64_t number;
    ts_ns first_ts;
    ts_ns last_ts;
    uint64_t wire_bytes;
    uint64_t body_bytes;
    enum flow_side side;
    uint8_t version_minor;
    bool complete;
    size_t size;              /* of this allocation */
    struct bytes kept[KEPTS]; /* within data */
    uint8_t data[];
};

static void on_message(void *ctx, const struct proto_http_message *m);

bool trans_http_open(struct trans_session *s)
{
    s->http = proto_http_conn_new(on_message, s);
    if (s->http == NULL)
        s->l->counters.no_memory++;
    return s->http != NULL;
}

static struct bytes trim_type(struct bytes b)
{
    size_t n = 0;
    while (n < b.n && b.p[n] != ';' && b.p[n] != ' ')
        n++;
    return bytes_make(b.p, n);
}

static void describe_url(struct trans_listener *l, struct event *e,
                         const struct trans_http_request *r)
{
    struct bytes target = r->kept[KEPT_TARGET];
    bool connect = bytes_equal(r->kept[KEPT_METHOD], bytes_make("CONNECT", 7));
    struct trans_url u;
    trans_url_split(target, r->kept[KEPT_HOST], connect, &u);
    trans_event_foreign(l, e, EVENT_F_URL_ORIGINAL, target);
    trans_event_foreign(l, e, EVENT_F_URL_DOMAIN, u.host);
    trans_event_foreign(l, e, EVENT_F_URL_PATH, u.path);
    trans_event_foreign(l, e, EVENT_F_URL_QUERY, u.query);
    trans_event_foreign(l, e, EVENT_F_URL_FRAGMENT, u.fragment);
    trans_event_foreign(l, e, EVENT_F_URL_EXTENSION, u.extension);
    trans_event_foreign(l, e, EVENT_F_URL_USERNAME, u.user);
    if (u.absolute)
        trans_event_foreign(l, e, EVENT_F_URL_SCHEME, u.scheme);
    else if (!connect)
        TRANS_TEXT(e, EVENT_F_URL_SCHEME, "http");
    if (u.has_port)
        event_set_i64(e, EVENT_F_URL_PORT, u.port);
    trans_event_server(l, e, u.host);
    trans_event_foreign(l, e, EVENT_F_RESOURCE, u.path);
    if (connect)
        return;
    struct buf full;
    buf_init(&full);
    if (!u.absolute) {
        buf_str(&full, "http://");
        struct bytes host = r->kept[KEPT_HOST];
        char text[IP_TEXT_SIZE];
        if (host.n == 0) {
            const struct ip *server = event_ip(e, EVENT_F_DESTINATION_IP);
            host = bytes_make(text, server != NULL ? ip_format(server, text) : 0);
        }
        buf_add(&full, host.p, host.n);
    }
    buf_add(&full, target.p, target.n);
    if (buf_ok(&full))
        trans_event_foreign(l, e, EVENT_F_URL_FULL, bytes_make(full.p, full.n));
    else
        e->failed = true;
    buf_release(&full);
}

static void describe_request(struct trans_listener *l, struct event *e,
                             const struct trans_http_request *r)
{
    struct bytes method = r->kept[KEPT_METHOD];
    trans_event_foreign(l, e, EVENT_F_HTTP_REQUEST_METHOD, method);
    trans_event_foreign(l, e, EVENT_F_METHOD, method);
    event_set_i64(e, EVENT_F_HTTP_REQUEST_BYTES, (int64_t)r->wire_bytes);
    event_set_i64(e, EVENT_F_HTTP_REQUEST_BODY_BYTES, (int64_t)r->body_bytes);
    event_set_i64(e, EVENT_F_WEIR_REQUEST_BYTES, (int64_t)r->wire_bytes);
    trans_event_foreign(l, e, EVENT_F_HTTP_REQUEST_REFERRER, r->kept[KEPT_REFERER]);
    trans_event_foreign(l, e, EVENT_F_HTTP_REQUEST_MIME_TYPE,
                        trim_type(r->kept[KEPT_CONTENT_TYPE]));
    trans_event_foreign(l, e, EVENT_F_USER_AGENT_ORIGINAL, r->kept[KEPT_USER_AGENT]);
    struct bytes via = r->kept[KEPT_FORWARDED];
    size_t n = 0;
    while (n < via.n && via.p[n] != ',' && via.p[n] != ' ')
        n++;
    struct ip forwarded;
    if (n > 0 && ip_parse((const char *)via.p, n, &forwarded)) {
        event_set_ip(e, EVENT_F_NETWORK_FORWARDED_IP, &forwarded);
        event_add_ip(e, EVENT_F_RELATED_IP, &forwarded);
    }
    describe_url(l, e, r);
}

static void describe_response(struct trans_listener *l, struct event *e,
                              const struct proto_http_message *m)
{
    event_set_i64(e, EVENT_F_HTTP_RESPONSE_STATUS_CODE, m->status);
    trans_event_foreign(l, e, EVENT_F_HTTP_RESPONSE_STATUS_PHRASE, m->reason);
    event_set_i64(e, EVENT_F_HTTP_RESPONSE_BYTES, (int64_t)m->wire_bytes);
    event_set_i64(e, EVENT_F_HTTP_RESPONSE_BODY_BYTES, (int64_t)m->body_bytes);
    event_set_i64(e, EVENT_F_WEIR_RESPONSE_BYTES, (int64_t)m->wire_bytes);
    trans_event_foreign(l, e, EVENT_F_HTTP_RESPONSE_MIME_TYPE, trim_type(m->content_type));
    if (m->status < 400) {
        TRANS_TEXT(e, EVENT_F_STATUS, "OK");
        TRANS_TEXT(e, EVENT_F_EVENT_OUTCOME, "success");
    } else {
        if (m->status < 500)
            TRANS_TEXT(e, EVENT_F_STATUS, "Client Error");
        else
            TRANS_TEXT(e, EVENT_F_STATUS, "Server Error");
        TRANS_TEXT(e, EVENT_F_EVENT_OUTCOME, "failure");
    }
    if (!m->complete)
        TRANS_TEXT(e, EVENT_F_ERROR_MESSAGE, "the response was not seen to its end");
}

static void set_version(struct event *e, uint8_t minor)
{
    char text[8];
    int n = snprintf(text, sizeof(text), "1.%u", minor % 10U);
    event_set_str(e, EVENT_F_HTTP_VERSION, text, (size_t)n);
}

/* A request, a response, or both. */
static void give(struct trans_session *s, enum flow_side client, const struct trans_http_request *r,
                 const struct proto_http_message *m, ts_ns time)
{
    struct trans_listener *l = s->l;
    struct trans_origin o = trans_event_origin(s->f, client);
    struct event e;
    ts_ns end = m != NULL ? m->last_ts : time;
    trans_event_begin(l, &e, TRANS_PATTERN_HTTP, &o, r != NULL ? r->first_ts : m->first_ts, end);
    trans_event_related(&e, &o, 0);
    set_version(&e, m != NULL ? m->version_minor : r->version_minor);
    if (r != NULL)
        describe_request(l, &e, r);
    else
        l->counters.unasked++;
    if (m != NULL) {
        describe_response(l, &e, m);
    } else {
        TRANS_TEXT(&e, EVENT_F_STATUS, "Error");
        TRANS_TEXT(&e, EVENT_F_EVENT_OUTCOME, "unknown");
        TRANS_TEXT(&e, EVENT_F_ERROR_MESSAGE, "no response was seen");
        l->counters.unanswered++;
    }
    l->counters.http++;
    trans_event_give(l, &e, time);
}

/* Takes the oldest waiting request off the list; the caller frees it. */
static struct trans_http_request *take(struct trans_session *s)
{
    struct trans_http_request *r = s->first_request;
    s->first_request = r->next;
    if (s->first_request == NULL)
        s->last_request = NULL;
    s->request_bytes -= r->size;
    return r;
}

static void keep(struct trans_session *s, const struct proto_http_message *m)
{
    const struct bytes parts[KEPTS] = {
        [KEPT_METHOD] = m->method,
        [KEPT_TARGET] = m->target,
        [KEPT_HOST] = m->host,
        [KEPT_USER_AGENT] = m->user_agent,
        [KEPT_REFERER] = m->referer,
        [KEPT_CONTENT_TYPE] = m->content_type,
        [KEPT_FORWARDED] = m->x_forwarded_for,
    };
    size_t size = sizeof(struct trans_http_request);
    for (unsigned i = 0; i < KEPTS; i++)
        size += parts[i].n;
    struct trans_http_request *r = mem_alloc(size);
    if (r == NULL) {
        s->l->counters.no_memory++;
        return;
    }
    *r = (struct trans_http_request){.number = m->number,
                                     .first_ts = m->first_ts,
                                     .last_ts = m->last_ts,
                                     .wire_bytes = m->wire_bytes,
                                     .body_bytes = m->body_bytes,
                                     .side = trans_side_of(m->dir),
                                     .version_minor = m->version_minor,
                                     .complete = m->complete,
                                     .size = size};
    size_t at = 0;
    for (unsigned i = 0; i < KEPTS; i++) {
        if (parts[i].n == 0)
            continue;
        memcpy(r->data + at, parts[i].p, parts[i].n);
        r->kept[i] = bytes_make(r->data + at, parts[i].n);
        at += parts[i].n;
    }
    if (s->last_request != NULL)
        s->last_request->next = r;
    else
        s->first_request = r;
    s->last_request = r;
    s->request_bytes += size;
}

static void on_message(void *ctx, const struct proto_http_message *m)
{
    struct trans_session *s = ctx;
    if (!m->response) {
        keep(s, m);
        return;
    }
    if (m->status >= 100 && m->status < 200 && m->status != 101)
        return; /* an interim response: the final one comes */
    struct trans_http_request *r = NULL;
    while (m->answers && r == NULL && s->first_request != NULL &&
           s->first_request->number <= m->number) {
        r = take(s);
        if (r->number < m->number) { /* its response was lost */
            give(s, r->side, r, NULL, m->last_ts);
            mem_free(r);
            r = NULL;
        }
    }
    give(s, trans_other(trans_side_of(m->dir)), r, m, m->last_ts);
    mem_free(r);
}

static bool go_on(struct trans_session *s, enum proto_http_state state, ts_ns ts)
{
    if (state == PROTO_HTTP_MORE)
        return true;
    if (state == PROTO_HTTP_NOT)
        s->l->counters.lost++;
    trans_http_end(s, ts);
    return false;
}

bool trans_http_feed(struct trans_session *s, enum flow_side side, ts_ns ts, struct bytes data)
{
    return go_on(s, proto_http_conn_feed(s->http, trans_dir(side), ts, data), ts);
}

bool trans_http_gap(struct trans_session *s, enum flow_side side, ts_ns ts, uint64_t missing)
{
    return go_on(s, proto_http_conn_gap(s->http, trans_dir(side), ts, missing), ts);
}

void trans_http_close(struct trans_session *s, enum flow_side side, ts_ns ts)
{
    proto_http_conn_end(s->http, trans_dir(side), ts);
}

void trans_http_end(struct trans_session *s, ts_ns ts)
{
    while (s->first_request != NULL) {
        struct trans_http_request *r = take(s);
        give(s, r->side, r, NULL, ts);
        mem_free(r);
    }
}

void trans_http_drop(struct trans_session *s)
{
    while (s->first_request != NULL)
        mem_free(take(s));
    proto_http_conn_free(s->http);
    s->http = NULL;
}

uint64_t trans_http_bytes(const struct trans_session *s)
{
    return s->request_bytes + (s->http != NULL ? proto_http_conn_bytes(s->http) : 0);
}
