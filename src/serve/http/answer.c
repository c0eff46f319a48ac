/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/mem.h"
#include "http/server_priv.h"
#include "http/stream_priv.h"

#include <string.h>
#include <strings.h>

#define STREAM_BLOCK 16384

void http_answer_init(struct http_answer *a, struct http_request *r)
{
    memset(a, 0, sizeof(*a));
    a->request = r;
    a->status = 200;
    buf_init(&a->body);
}

void http_answer_release(struct http_answer *a)
{
    http_server_return(a->request->server, a->share, a->charged);
    a->charged = 0;
    buf_release(&a->body);
    mem_free(a->headers);
    a->headers = NULL;
}

void http_answer_set_status(struct http_answer *a, unsigned status)
{
    ASSERT(status >= 200 && status <= 599);
    a->status = status;
}

static struct http_header *find(const struct http_answer *a, const char *name)
{
    for (size_t i = 0; i < a->headers_n; i++)
        if (strcasecmp(a->headers[i].name, name) == 0)
            return &a->headers[i];
    return NULL;
}

const char *http_answer_header(const struct http_answer *a, const char *name)
{
    const struct http_header *h = find(a, name);
    return h != NULL ? h->value : NULL;
}

void http_answer_set_header(struct http_answer *a, const char *name, const char *value)
{
    struct arena *arena = &a->request->arena;
    ASSERT(http_text_is_token(name) && http_text_is_value(value));
    ASSERT(strcasecmp(name, "Content-Length") != 0 && strcasecmp(name, "Transfer-Encoding") != 0);
    struct http_header *h = strcasecmp(name, "Set-Cookie") == 0 ? NULL : find(a, name);
    const char *copy = arena_strndup(arena, value, strlen(value));
    const char *name_copy = h != NULL ? h->name : arena_strndup(arena, name, strlen(name));
    void *list = a->headers;
    if (copy == NULL || name_copy == NULL ||
        (h == NULL &&
         mem_grow(&list, &a->headers_cap, a->headers_n + 1, sizeof(*a->headers)) != 0)) {
        a->failed = true;
        return;
    }
    if (h == NULL) {
        a->headers = list;
        h = &a->headers[a->headers_n++];
    }
    *h = (struct http_header){name_copy, copy};
}

struct buf *http_answer_body(struct http_answer *a)
{
    return &a->body;
}

void http_answer_set_static(struct http_answer *a, const void *p, size_t n, const char *etag)
{
    a->constant = p;
    a->constant_n = n;
    if (etag != NULL)
        http_answer_set_header(a, "ETag", etag);
}

void http_answer_set_stream(struct http_answer *a, struct http_stream *stream, uint64_t after)
{
    a->stream = stream;
    a->after = after;
}

static void empty(struct http_answer *a)
{
    struct http_request *r = a->request;
    http_answer_release(a);
    http_answer_init(a, r);
}

void http_answer_refuse(struct http_request *r, struct http_refusal refusal)
{
    struct http_answer *a = &r->answer;
    empty(a);
    a->status = refusal.status;
    if (refusal.status == 503 || refusal.status == 429)
        http_answer_set_header(a, "Retry-After", "1");
    if (refusal.status == 415)
        http_answer_set_header(a, "Accept-Encoding", "gzip, deflate");
    if (r->server->o.refuse != NULL) {
        r->server->o.refuse(r->server->o.ctx, r, refusal.status, refusal.sentence, a);
        return;
    }
    http_answer_set_header(a, "Content-Type", "text/plain; charset=utf-8");
    buf_str(&a->body, refusal.sentence);
    buf_char(&a->body, '\n');
}

/* The bytes of the answer, and who frees them. */
struct content {
    struct http_server *server;
    unsigned share;
    uint64_t charged;
    char *p;
};

static void free_content(void *ctx)
{
    struct content *c = ctx;
    http_server_return(c->server, c->share, c->charged);
    mem_free(c->p);
    mem_free(c);
}

static bool is_empty_status(unsigned status)
{
    return status == 204 || status == 304;
}

/* 304 when the client has what would be sent. */
static void compare_tags(struct http_request *r, struct http_answer *a)
{
    const char *tag = http_answer_header(a, "ETag");
    const char *header = http_request_header(r, "If-None-Match");
    if (tag == NULL || header == NULL || a->status != 200 || a->stream != NULL ||
        strcmp(http_request_method(r), "GET") != 0 || !http_text_tag_matches(header, tag))
        return;
    a->status = 304;
    a->constant = NULL;
    buf_release(&a->body);
}

static void pack(struct http_request *r, struct http_answer *a)
{
    const void *p = a->constant != NULL ? a->constant : a->body.p;
    size_t n = a->constant != NULL ? a->constant_n : a->body.n;
    if (a->stream != NULL || find(a, "Content-Encoding") != NULL ||
        !http_pack_pays(http_answer_header(a, "Content-Type"), n))
        return;
    http_answer_set_header(a, "Vary", "Accept-Encoding");
    const char *accept = http_request_header(r, "Accept-Encoding");
    if (accept == NULL || http_text_quality(accept, "gzip") == 0 ||
        http_text_quality(accept, "gzip") < http_text_quality(accept, "identity"))
        return;
    struct buf packed;
    buf_init(&packed);
    if (!http_pack(p, n, &packed)) {
        buf_release(&packed);
        return;
    }
    buf_release(&a->body);
    a->body = packed;
    a->constant = NULL;
    http_answer_set_header(a, "Content-Encoding", "gzip");
    /* Packed and plain have different bytes: only a weak tag may be the same for both. */
    const char *tag = http_answer_header(a, "ETag");
    if (tag != NULL && tag[0] == '"') {
        char *weak = arena_alloc(&r->arena, strlen(tag) + 3);
        if (weak == NULL) {
            a->failed = true;
            return;
        }
        memcpy(weak, "W/", 2);
        memcpy(weak + 2, tag, strlen(tag) + 1);
        http_answer_set_header(a, "ETag", weak);
    }
}

static void leave_stream(void *ctx)
{
    struct http_listener *l = ctx;
    struct http_server *s = l->server;
    pthread_mutex_lock(&s->lock);
    if (l->server_prev != NULL)
        l->server_prev->server_next = l->server_next;
    else
        s->listeners = l->server_next;
    if (l->server_next != NULL)
        l->server_next->server_prev = l->server_prev;
    pthread_mutex_unlock(&s->lock);
    http_listener_free(l);
}

static struct MHD_Response *stream_response(struct http_request *r, struct http_answer *a)
{
    struct http_server *s = r->server;
    struct http_listener *l = http_listener_new(a->stream, r->mhd, a->after, s->o.steady);
    if (l == NULL)
        return NULL;
    l->server = s;
    l->fd = r->conn->fd;
    l->streamed = &r->streamed;
    pthread_mutex_lock(&s->lock);
    l->server_next = s->listeners;
    if (s->listeners != NULL)
        s->listeners->server_prev = l;
    s->listeners = l;
    pthread_mutex_unlock(&s->lock);
    if (atomic_load(&s->stopping))
        http_listener_end(l);
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, STREAM_BLOCK, http_listener_read, l, leave_stream);
    if (response == NULL)
        leave_stream(l);
    else
        r->streams = true;
    return response;
}

static struct MHD_Response *buffer_response(struct http_request *r, struct http_answer *a)
{
    size_t n = a->body.n;
    if (a->constant != NULL) {
        /* The library takes no const, and does not write. */
        r->response_n = a->constant_n;
        return MHD_create_response_from_buffer(a->constant_n, (void *)(uintptr_t)a->constant,
                                               MHD_RESPMEM_PERSISTENT);
    }
    if (n == 0)
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    struct content *c = mem_zero(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->server = r->server;
    c->share = a->share;
    c->charged = a->charged;
    a->charged = 0;
    c->p = buf_take(&a->body, NULL);
    r->response_n = n;
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback_cls(n, c->p, free_content, c);
    if (response == NULL)
        free_content(c);
    return response;
}

/* What is sent of the filled answer; NULL when memory is short. */
static struct MHD_Response *respond(struct http_request *r, struct http_answer *a)
{
    bool made = !a->failed && buf_ok(&a->body);
    if (!made)
        return NULL;
    struct MHD_Response *response =
        a->stream != NULL ? stream_response(r, a) : buffer_response(r, a);
    if (response == NULL)
        return NULL;
    for (size_t i = 0; i < a->headers_n && made; i++)
        made =
            MHD_add_response_header(response, a->headers[i].name, a->headers[i].value) == MHD_YES;
    if (made && atomic_load(&r->server->stopping))
        made = MHD_add_response_header(response, "Connection", "close") == MHD_YES;
    if (made)
        return response;
    MHD_destroy_response(response);
    return NULL;
}

void http_answer_make(struct http_request *r)
{
    struct http_server *s = r->server;
    struct http_answer *a = &r->answer;
    if (!buf_ok(&a->body) || a->failed)
        http_answer_refuse(r, (struct http_refusal){503, "There is no memory for the answer now."});
    if (r->is_head)
        a->stream = NULL;
    compare_tags(r, a);
    pack(r, a);
    if (is_empty_status(a->status)) {
        a->constant = NULL;
        buf_release(&a->body);
    }
    uint64_t price = http_server_price(a->body.cap);
    a->share = http_pool_who(r) % HTTP_SHARES;
    if (http_server_charge(s, a->share, price)) {
        a->charged = price;
    } else {
        atomic_fetch_add(&s->counts.refused_busy, 1);
        http_answer_refuse(
            r, (struct http_refusal){503, "The memory for answers is in use; try again later."});
    }
    if (s->o.finish != NULL)
        s->o.finish(s->o.ctx, r, a);
    r->response = respond(r, a);
    if (r->is_head || is_empty_status(a->status))
        r->response_n = 0;
}
