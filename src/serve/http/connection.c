/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/mem.h"
#include "http/server_priv.h"

#include <string.h>
#include <sys/socket.h>

static struct ip address_of(const struct sockaddr *addr)
{
    struct ip peer = {{0}};
    if (addr != NULL && addr->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, addr, sizeof(v4));
        uint8_t b[4];
        memcpy(b, &v4.sin_addr, 4);
        peer = ip_from_v4(b);
    } else if (addr != NULL && addr->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, addr, sizeof(v6));
        peer = ip_from_v6(v6.sin6_addr.s6_addr);
    }
    return peer;
}

/* One who has an IPv6 network has 2^64 addresses, and counts as one. */
static bool same_client(const struct ip *a, const struct ip *b)
{
    bool v4 = ip_is_v4(a) || ip_is_v4(b);
    return memcmp(a->b, b->b, v4 ? 16 : 8) == 0;
}

enum MHD_Result http_connection_accept(void *ctx, const struct sockaddr *addr, socklen_t n)
{
    struct http_server *s = ctx;
    struct ip peer = address_of(addr);
    unsigned same = 0;
    (void)n;
    pthread_mutex_lock(&s->lock);
    bool full = s->conns_n >= s->o.connections;
    for (const struct http_conn *c = s->conns; c != NULL && !full; c = c->next)
        if (same_client(&c->peer, &peer))
            full = ++same >= s->o.connections_ip;
    pthread_mutex_unlock(&s->lock);
    if (!full && !atomic_load(&s->stopping))
        return MHD_YES;
    atomic_fetch_add(&s->counts.refused_connections, 1);
    return MHD_NO;
}

static struct http_conn *begin(struct http_server *s, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *addr =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct http_conn *c = mem_zero(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->fd = fd->connect_fd;
    c->peer = address_of(addr->client_addr);
    atomic_store(&c->seen, UINT64_MAX);
    atomic_store(&c->wait, HTTP_WAIT_HEAD);
    atomic_store(&c->since, s->o.steady());
    pthread_mutex_lock(&s->lock);
    c->next = s->conns;
    if (s->conns != NULL)
        s->conns->prev = c;
    s->conns = c;
    s->conns_n++;
    pthread_mutex_unlock(&s->lock);
    return c;
}

static void end(struct http_server *s, struct http_conn *c)
{
    pthread_mutex_lock(&s->lock);
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        s->conns = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    s->conns_n--;
    pthread_mutex_unlock(&s->lock);
    if (c->linger)
        http_sweep_linger(s, c->fd);
    mem_free(c);
}

void http_connection_notify(void *ctx, struct MHD_Connection *mhd, void **socket_ctx,
                            enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        *socket_ctx = begin(ctx, mhd);
    else if (*socket_ctx != NULL)
        end(ctx, *socket_ctx);
}

static struct http_conn *conn_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info->socket_context;
}

/* libmicrohttpd would read the parameters too, into the connection's memory, and loses the
 * connection when they do not fit. They are in its buffer; an empty query is all it finds. */
static void hide_query(const char *target)
{
    char *mark = strchr(target, '?');
    if (mark != NULL)
        mark[1] = '\0';
}

void *http_connection_target(void *ctx, const char *target, struct MHD_Connection *mhd)
{
    struct http_server *s = ctx;
    struct http_conn *c = conn_of(mhd);
    /* Without memory for the connection it is not watched, and not served either. */
    struct http_request *r =
        c != NULL ? http_request_new(s, mhd, target != NULL ? target : "") : NULL;
    if (target != NULL)
        hide_query(target);
    atomic_fetch_add(&s->counts.requests, 1);
    if (c != NULL && atomic_load(&c->wait) == HTTP_WAIT_NEXT) {
        atomic_store(&c->since, s->o.steady());
        atomic_store(&c->wait, HTTP_WAIT_HEAD);
    }
    if (r == NULL)
        return NULL;
    r->conn = c;
    atomic_fetch_add(&s->busy, 1);
    return r;
}

static void wait_for(struct http_request *r, enum http_wait wait, ts_ns since, uint64_t moved)
{
    /* What the sweeper sees in between is one of the two, each of which has time. */
    atomic_store(&r->conn->wait, HTTP_WAIT_WORK);
    atomic_store(&r->conn->since, since);
    atomic_store(&r->conn->moved, moved);
    atomic_store(&r->conn->wait, (int)wait);
}

static enum MHD_Result send_answer(struct http_request *r)
{
    struct http_server *s = r->server;
    struct MHD_Response *response = r->response;
    r->phase = HTTP_PHASE_SEND;
    if (response == NULL) {
        r->answer.status = 503;
        r->response_n = 0;
        response = s->no_memory;
    }
    wait_for(r, r->streams ? HTTP_WAIT_WORK : HTTP_WAIT_SEND, s->o.steady(), r->response_n);
    enum MHD_Result rc = MHD_queue_response(r->mhd, r->answer.status, response);
    if (r->response != NULL)
        MHD_destroy_response(r->response);
    r->response = NULL;
    return rc;
}

static enum MHD_Result send_refusal(struct http_request *r, struct http_refusal refusal)
{
    http_body_drop(r);
    http_answer_refuse(r, refusal);
    http_answer_make(r);
    return send_answer(r);
}

/* To the pool, or the answer that it is full. */
static enum MHD_Result hand_over(struct http_request *r, enum http_phase phase)
{
    bool stopping = atomic_load(&r->server->stopping);
    r->phase = phase;
    wait_for(r, HTTP_WAIT_WORK, 0, 0);
    if (http_pool_submit(r))
        return MHD_YES;
    if (stopping)
        return send_refusal(r, (struct http_refusal){503, "The server stops."});
    atomic_fetch_add(&r->server->counts.refused_busy, 1);
    if (http_pool_lane(r) == HTTP_LANE_SHORT)
        return send_refusal(r,
                            (struct http_refusal){503, "Too many requests wait; try again later."});
    return send_refusal(
        r, (struct http_refusal){429, "Too many requests of this kind wait; try again later."});
}

/* Who asks is looked at before a body is read, and before a place is taken among those that wait
 * for long. */
static bool is_admitted_first(const struct http_request *r)
{
    const struct http_server_options *o = &r->server->o;
    const struct http_route *route = r->match.route;
    if (route == NULL || o->admit == NULL)
        return r->has_body && route == NULL;
    return r->has_body || (o->lane != NULL && o->lane(o->ctx, route) != HTTP_LANE_SHORT);
}

static enum MHD_Result see_head(struct http_request *r, const char *method, const char *version)
{
    http_request_read_head(r, method, version);
    if (r->refusal.sentence != NULL) {
        /* How a body would end is not known when the head is wrong. */
        r->conn->linger = true;
        return send_refusal(r, r->refusal);
    }
    if (is_admitted_first(r)) {
        r->conn->linger = r->has_body;
        return hand_over(r, HTTP_PHASE_ADMIT);
    }
    r->phase = HTTP_PHASE_BODY;
    if (r->has_body)
        wait_for(r, HTTP_WAIT_BODY, r->steady, 0);
    return MHD_YES;
}

static enum MHD_Result see_admitted(struct http_request *r)
{
    if (r->answered)
        return send_answer(r);
    r->conn->linger = false;
    r->phase = HTTP_PHASE_BODY;
    if (r->has_body)
        wait_for(r, HTTP_WAIT_BODY, r->server->o.steady(), 0);
    return MHD_YES;
}

static enum MHD_Result see_body(struct http_request *r, const char *upload, size_t *upload_n)
{
    if (*upload_n > 0) {
        bool go_on = http_body_take(r, upload, *upload_n);
        atomic_store(&r->conn->moved, r->received);
        *upload_n = 0;
        return go_on ? MHD_YES : MHD_NO;
    }
    http_body_end(r);
    if (r->refusal.sentence != NULL)
        return send_refusal(r, r->refusal);
    return hand_over(r, HTTP_PHASE_WORK);
}

enum MHD_Result http_connection_handle(void *ctx, struct MHD_Connection *mhd, const char *url,
                                       const char *method, const char *version, const char *upload,
                                       size_t *upload_n, void **request)
{
    struct http_server *s = ctx;
    struct http_request *r = *request;
    (void)url;
    if (r == NULL) {
        *upload_n = 0;
        return MHD_queue_response(mhd, 503, s->no_memory);
    }
    switch (r->phase) {
    case HTTP_PHASE_HEAD:
        return see_head(r, method, version);
    case HTTP_PHASE_ADMIT:
        return see_admitted(r);
    case HTTP_PHASE_BODY:
        return see_body(r, upload, upload_n);
    case HTTP_PHASE_WORK:
        return send_answer(r);
    case HTTP_PHASE_SEND:
        break;
    }
    return MHD_NO;
}

/* Of ours, or what libmicrohttpd said by itself to broken chunks and heads beyond its memory; 0:
 * there was no answer. */
static unsigned status_of(const struct http_request *r)
{
    if (r->phase == HTTP_PHASE_SEND)
        return r->answer.status;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->mhd, MHD_CONNECTION_INFO_HTTP_STATUS);
    return info != NULL && info->http_status < 600 ? info->http_status : 0;
}

static void write_log(struct http_request *r, ts_ns took_ns, uint64_t sent, unsigned status)
{
    const struct http_server_options *o = &r->server->o;
    const char *agent = http_request_header(r, "User-Agent");
    struct buf path;
    struct buf name;
    buf_init(&path);
    buf_init(&name);
    http_text_escape(r->raw, 1000, &path);
    if (agent != NULL)
        http_text_escape(agent, 200, &name);
    const struct http_access access = {
        .time = r->wall,
        .took_ns = took_ns,
        .peer = r->conn->peer,
        .user = r->user != NULL ? r->user : "-",
        .method = r->method,
        .path = buf_text(&path),
        .status = status,
        .received = r->received,
        .sent = sent,
        .agent = name.n > 0 ? buf_text(&name) : "-",
    };
    o->log(o->ctx, &access);
    buf_release(&path);
    buf_release(&name);
}

void http_connection_completed(void *ctx, struct MHD_Connection *mhd, void **request,
                               enum MHD_RequestTerminationCode code)
{
    struct http_server *s = ctx;
    struct http_request *r = *request;
    (void)mhd;
    if (r == NULL)
        return;
    ts_ns now = s->o.steady();
    bool whole = code == MHD_REQUEST_TERMINATED_COMPLETED_OK;
    unsigned status = status_of(r);
    uint64_t sent = r->streams ? atomic_load(&r->streamed) : whole ? r->response_n : 0;
    atomic_fetch_add(&s->counts.by_class[status / 100], 1);
    atomic_fetch_add(&s->counts.sent, sent);
    if (s->o.log != NULL)
        write_log(r, now - r->steady, sent, status);
    atomic_store(&r->conn->seen, UINT64_MAX);
    wait_for(r, HTTP_WAIT_NEXT, now, 0);
    http_request_free(r);
    *request = NULL;
    atomic_fetch_sub(&s->busy, 1);
}
