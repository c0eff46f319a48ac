#ifndef FUZZ_HTTP_ROUTES_H
#define FUZZ_HTTP_ROUTES_H

/* A server on loopback whose handlers look at everything there is of a request. */
#include "base/assert.h"
#include "base/clock.h"
#include "http/server.h"
#include "http/stream.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static inline void fuzz_http_tell(void *ctx, struct http_request *r, struct http_answer *a)
{
    struct bytes body = http_request_body(r);
    const char *name;
    const char *value;
    (void)ctx;
    http_answer_set_header(a, "Content-Type", "application/json");
    http_answer_set_header(a, "ETag", "\"v1\"");
    for (size_t i = 0; http_request_param_at(r, i, &name, &value); i++)
        buf_format(http_answer_body(a), "%s=%s\n", name, value);
    if (http_request_cookie(r, "sid") != NULL)
        buf_str(http_answer_body(a), http_request_cookie(r, "sid"));
    if (http_request_param(r, "large") != NULL)
        for (int i = 0; i < 300; i++)
            buf_str(http_answer_body(a), http_request_path(r));
    buf_add(http_answer_body(a), body.p, body.n);
}

static inline void fuzz_http_part(void *ctx, struct http_request *r, struct http_answer *a)
{
    ASSERT(http_request_part(r, "index")[0] != '\0');
    fuzz_http_tell(ctx, r, a);
}

static inline void fuzz_http_live(void *ctx, struct http_request *r, struct http_answer *a)
{
    const char *last = http_request_header(r, "Last-Event-ID");
    http_answer_set_stream(a, ctx, last != NULL ? strtoull(last, NULL, 10) : 0);
}

static inline bool fuzz_http_admit(void *ctx, const struct http_route *route,
                                   struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    ASSERT(route == NULL || http_request_body(r).n == 0);
    http_answer_set_status(a, 401);
    return http_request_header(r, "X-Stranger") == NULL;
}

static inline enum http_lane fuzz_http_lane(void *ctx, const struct http_route *route)
{
    (void)ctx;
    return route->body_max == 0 ? HTTP_LANE_SHORT : HTTP_LANE_LONG;
}

static inline enum http_lane fuzz_http_admit_lane(void *ctx, const struct http_request *r)
{
    (void)ctx;
    return http_request_header(r, "Authorization") != NULL ? HTTP_LANE_TURN : HTTP_LANE_SHORT;
}

static inline struct http_server *fuzz_http_start(struct sockaddr_in *out_address)
{
    static const struct http_route routes[] = {
        {"GET", "/", 0, fuzz_http_tell, NULL},
        {"POST", "/_bulk", 65536, fuzz_http_tell, NULL},
        {"GET", "/{index}/_search", 100, fuzz_http_part, NULL},
        {"POST", "/{index}/_search", 65536, fuzz_http_part, NULL},
        {"GET", "/app/{path...}", 0, fuzz_http_tell, NULL},
        {"GET", "/live", 0, fuzz_http_live, NULL},
    };
    const struct http_stream_options so = {.events = 8, .first = 1000};
    struct http_server_options o = {.routes = routes,
                                    .routes_n = sizeof(routes) / sizeof(routes[0]),
                                    .threads = 1,
                                    .bodies = 1 << 20,
                                    .head_ns = 80 * TIME_MS, /* sweeps often */
                                    .admit = fuzz_http_admit,
                                    .lane = fuzz_http_lane,
                                    .admit_lane = fuzz_http_admit_lane,
                                    .wall = clock_wall,
                                    .steady = clock_steady};
    struct http_server *s = NULL;
    struct http_stream *stream = http_stream_new(&so);
    socklen_t n = sizeof(*out_address);
    ASSERT(stream != NULL && http_stream_publish(stream, "a", "{}", 2) == ERR_NONE);
    o.ctx = stream;
    ASSERT(http_server_listen("127.0.0.1:0", &o.fd, NULL) == ERR_NONE);
    ASSERT(getsockname(o.fd, (struct sockaddr *)out_address, &n) == 0);
    ASSERT(http_server_start(&o, &s, NULL) == ERR_NONE);
    return s;
}

#endif
