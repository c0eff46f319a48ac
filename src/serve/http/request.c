/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/assert.h"
#include "base/mem.h"
#include "http/server_priv.h"

#include <poll.h>
#include <string.h>
#include <strings.h>

#define METHOD_MAX 32

struct http_request *http_request_new(struct http_server *s, struct MHD_Connection *mhd,
                                      const char *raw)
{
    struct http_request *r = mem_zero(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    r->server = s;
    r->mhd = mhd;
    r->wall = s->o.wall();
    r->steady = s->o.steady();
    arena_init(&r->arena, 2048);
    buf_init(&r->body);
    http_answer_init(&r->answer, r);
    r->method = "-";
    r->target.path.text = "";
    r->raw_n = strlen(raw);
    r->raw_at = raw;
    r->raw = arena_strndup(&r->arena, raw, r->raw_n);
    if (r->raw == NULL) {
        http_request_free(r);
        return NULL;
    }
    return r;
}

void http_request_free(struct http_request *r)
{
    if (r == NULL)
        return;
    if (r->guest_free != NULL)
        r->guest_free(r->guest);
    http_body_drop(r);
    http_answer_release(&r->answer);
    if (r->response != NULL)
        MHD_destroy_response(r->response);
    arena_release(&r->arena);
    mem_free(r);
}

/* What the headers say that must be known before a body is read. */
struct head {
    size_t bytes;
    size_t n;
    size_t hosts;
    size_t lengths;
    uint64_t length;
    const char *transfer;
    const char *encoding;
    const char *wrong; /* sentence */
};

static enum MHD_Result see_header(void *ctx, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    struct head *h = ctx;
    (void)kind;
    if (value == NULL)
        value = "";
    h->n++;
    h->bytes += strlen(name) + strlen(value) + 4;
    if (!http_text_is_token(name) || !http_text_is_value(value)) {
        h->wrong = "A header has characters that it must not have.";
    } else if (strcasecmp(name, "Host") == 0) {
        h->hosts++;
    } else if (strcasecmp(name, "Content-Length") == 0) {
        h->lengths++;
        if (!http_text_length(value, &h->length))
            h->wrong = "Content-Length is no number.";
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        if (h->transfer != NULL)
            h->wrong = "There are several Transfer-Encoding headers.";
        h->transfer = value;
    } else if (strcasecmp(name, "Content-Encoding") == 0) {
        if (h->encoding != NULL)
            h->wrong = "There are several Content-Encoding headers.";
        h->encoding = value;
    }
    return MHD_YES;
}

static struct http_refusal refuse(unsigned status, const char *sentence)
{
    return (struct http_refusal){status, sentence};
}

static struct http_refusal judge_headers(const struct head *h, const char *version)
{
    if (h->bytes > HTTP_HEAD_MAX || h->n > HTTP_HEADERS_MAX)
        return refuse(431, "The headers are larger than the server reads.");
    if (h->wrong != NULL)
        return refuse(400, h->wrong);
    if (h->hosts > 1 || (h->hosts == 0 && strcmp(version, "HTTP/1.0") != 0))
        return refuse(400, "Expected one Host header.");
    /* Two lengths are how one request is smuggled inside another. */
    if (h->lengths > 1 || (h->lengths == 1 && h->transfer != NULL))
        return refuse(400, "The length of the body is told in several ways.");
    if (h->transfer != NULL && strcasecmp(h->transfer, "chunked") != 0)
        return refuse(501, "Expected no Transfer-Encoding but chunked.");
    return refuse(0, NULL);
}

/* The segments of {name...}, joined. */
static const char *join_rest(struct http_request *r)
{
    const struct http_path *path = &r->target.path;
    struct buf b;
    buf_init(&b);
    for (size_t i = r->match.rest; i < path->segments_n; i++) {
        if (i > r->match.rest)
            buf_char(&b, '/');
        buf_str(&b, path->segments[i]);
    }
    char *joined = buf_ok(&b) ? arena_strndup(&r->arena, buf_text(&b), b.n) : NULL;
    buf_release(&b);
    return joined;
}

static struct http_refusal read_target(struct http_request *r)
{
    const char *sentence = NULL;
    switch (http_text_target(&r->arena, r->raw, r->raw_n, &r->target, &sentence)) {
    case ERR_NONE:
        break;
    case ERR_INVALID:
        return refuse(400, sentence);
    case ERR_LIMIT:
        return refuse(414, sentence);
    default:
        return refuse(503, "There is no memory for the request now.");
    }
    http_route_find(r->server->routes, r->method, r->target.path.segments,
                    r->target.path.segments_n, &r->match);
    if (r->match.rest != SIZE_MAX && (r->rest = join_rest(r)) == NULL)
        return refuse(503, "There is no memory for the request now.");
    return refuse(0, NULL);
}

static struct http_refusal expect_body(struct http_request *r, const struct head *h)
{
    r->has_body = h->length > 0 || h->transfer != NULL;
    if (r->match.route == NULL)
        return refuse(0, NULL);
    r->body_max = r->match.route->body_max;
    if (r->body_max == 0 && h->length > 0)
        return refuse(400, "This route takes no body.");
    if (h->length > r->body_max)
        return refuse(413, "The body is larger than this route takes.");
    if (!r->has_body || h->encoding == NULL || strcasecmp(h->encoding, "identity") == 0)
        return refuse(0, NULL);
    if (!http_unpack_knows(h->encoding))
        return refuse(415, "Expected a Content-Encoding of gzip or deflate, or none.");
    r->unpack = http_unpack_new();
    return r->unpack != NULL ? refuse(0, NULL)
                             : refuse(503, "There is no memory for the request now.");
}

void http_request_read_head(struct http_request *r, const char *method, const char *version)
{
    struct head h = {0};
    if (!http_text_is_token(method) || strlen(method) > METHOD_MAX) {
        r->refusal = refuse(400, "The method is no word.");
        return;
    }
    const char *copy = arena_strndup(&r->arena, method, strlen(method));
    if (copy == NULL) {
        r->refusal = refuse(503, "There is no memory for the request now.");
        return;
    }
    r->method = copy;
    r->is_head = strcmp(copy, "HEAD") == 0;
    if (r->raw_n > HTTP_TARGET_MAX) {
        r->refusal = refuse(414, "The request's target is longer than the server reads.");
        return;
    }
    /* The version follows the target: when it stands elsewhere, a NUL had ended the target. */
    if (version != r->raw_at + r->raw_n + 1) {
        r->refusal = refuse(400, "The request's first line cannot be read.");
        return;
    }
    (void)MHD_get_connection_values(r->mhd, MHD_HEADER_KIND, see_header, &h);
    r->refusal = judge_headers(&h, version);
    if (r->refusal.sentence == NULL)
        r->refusal = read_target(r);
    if (r->refusal.sentence == NULL)
        r->refusal = expect_body(r, &h);
}

const struct http_route *http_request_route(const struct http_request *r)
{
    return r->match.route;
}

const char *http_request_method(const struct http_request *r)
{
    return r->is_head ? "GET" : r->method;
}

const char *http_request_path(const struct http_request *r)
{
    return r->target.path.text;
}

const char *http_request_part(const struct http_request *r, const char *name)
{
    size_t i = r->match.route != NULL ? http_route_part(r->match.route, name) : SIZE_MAX;
    ASSERT(i < HTTP_ROUTE_PARTS_MAX);
    /* What has no segment of its own is the rest. */
    return r->match.values[i] != NULL ? r->match.values[i] : r->rest;
}

const char *http_request_param(const struct http_request *r, const char *name)
{
    const struct http_params *params = &r->target.params;
    for (size_t i = 0; i < params->n; i++)
        if (strcmp(params->list[i].name, name) == 0)
            return params->list[i].value;
    return NULL;
}

bool http_request_param_at(const struct http_request *r, size_t i, const char **out_name,
                           const char **out_value)
{
    if (i >= r->target.params.n)
        return false;
    *out_name = r->target.params.list[i].name;
    *out_value = r->target.params.list[i].value;
    return true;
}

const char *http_request_header(const struct http_request *r, const char *name)
{
    return MHD_lookup_connection_value(r->mhd, MHD_HEADER_KIND, name);
}

/* A cookie asked for, and found. */
struct search {
    struct http_request *r;
    const char *name;
    const char *found;
};

static enum MHD_Result see_cookies(void *ctx, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct search *s = ctx;
    struct bytes b;
    (void)kind;
    if (value == NULL || strcasecmp(name, "Cookie") != 0 || !http_text_cookie(value, s->name, &b))
        return MHD_YES;
    s->found = arena_strndup(&s->r->arena, (const char *)b.p, b.n);
    return MHD_NO;
}

const char *http_request_cookie(const struct http_request *r, const char *name)
{
    /* Through the answer, since a request that is only looked at still gives memory. */
    struct search s = {.r = r->answer.request, .name = name};
    (void)MHD_get_connection_values(r->mhd, MHD_HEADER_KIND, see_cookies, &s);
    return s.found;
}

struct bytes http_request_body(const struct http_request *r)
{
    return bytes_make(r->body.p, r->body.n);
}

struct ip http_request_peer(const struct http_request *r)
{
    return r->conn->peer;
}

bool http_request_is_secure(const struct http_request *r)
{
    return r->server->o.certificate != NULL;
}

bool http_request_is_gone(struct http_request *r)
{
    struct pollfd p = {.fd = r->conn->fd, .events = POLLRDHUP};
    if (atomic_load(&r->server->over))
        return true;
    if (r->begun != 0 && r->server->o.steady() - r->begun > r->server->o.work_ns) {
        atomic_store(&r->late, true);
        return true;
    }
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

void http_request_set_user(struct http_request *r, const char *user)
{
    r->user = arena_strndup(&r->arena, user, strlen(user));
}

void http_request_set_guest(struct http_request *r, void *guest, void (*free_fn)(void *guest))
{
    if (r->guest_free != NULL)
        r->guest_free(r->guest);
    r->guest = guest;
    r->guest_free = free_fn;
}

void *http_request_guest(const struct http_request *r)
{
    return r->guest;
}
