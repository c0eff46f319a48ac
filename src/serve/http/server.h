#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

/*
 * Requests in, answers out, over TCP with or without TLS. docs/method/server.md tells the way of a
 * request and its limits.
 *
 * Ownership: http_server_stop() ends all threads and closes all connections; routes and their
 *            contexts are borrowed until then.
 * Threads:   http_server_start() and _stop() by one thread; handlers run in the pool, several at
 *            once; so does admit(). refuse, finish and log are called from any of the server's
 *            threads; counts may be asked by any.
 */

#include "base/err.h"
#include "base/ip.h"
#include "base/time.h"
#include "http/lane.h"
#include "http/request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_server;

typedef void (*http_handler_fn)(void *ctx, struct http_request *r, struct http_answer *a);

/*
 * One route. A segment of its path is literal, or one of
 *   {name}     one segment that is not empty and does not begin with '_', or is "_all";
 *   {name*}    one segment that is not empty;
 *   {name...}  the rest of the path, possibly empty; the last segment only. No segment of it holds
 *              a slash.
 * Segment by segment the literal wins, then {name} and {name*}, then {name...}; when the rest does
 * not fit, the next is tried. A path with "." or "..", however written, is refused with 400, and so
 * is an empty segment that is not the last. Two routes may have the same path and different
 * methods. HEAD is answered by GET's route, OPTIONS with Allow, unless they have routes of their
 * own.
 */
struct http_route {
    const char *method;
    const char *path;  /* "/_ml/anomaly_detectors/{job_id}/_open" */
    uint64_t body_max; /* bytes, unpacked; 0: no body is taken */
    http_handler_fn handle;
    const void *word; /* the owner's; http_server_options.admit() sees it */
};

/* A request is over, or was refused. */
struct http_access {
    ts_ns time; /* wall clock at its beginning */
    ts_ns took_ns;
    struct ip peer;
    const char *user; /* "-" when not known */
    const char *method;
    const char *path; /* as sent, cut at 1,000 bytes, control characters escaped */
    unsigned status;
    uint64_t received; /* bytes of the body as sent */
    uint64_t sent;     /* bytes of the answer's body; 0 when it was cut off */
    const char *agent; /* User-Agent or "-" */
};

struct http_server_options {
    int fd;                  /* a listening socket, taken over */
    const char *certificate; /* PEM texts; NULL: without TLS */
    const char *key;
    unsigned threads;        /* of the pool; 0: 4 */
    unsigned connections;    /* 0: 1,024; never more than half of the process's descriptors */
    unsigned connections_ip; /* of one address, or IPv6 /64; 0: 64 */
    unsigned queue;          /* requests that wait for the pool, in each lane; 0: 256 */
    uint64_t bodies;         /* bytes of all bodies and answers in memory; 0: 256 MiB */
    ts_ns head_ns;           /* time for head and body, and again for each MiB; 0: 30 s */
    ts_ns idle_ns;           /* 0: 60 s */
    ts_ns work_ns;           /* a handler that asks whether anybody waits; 0: 5 minutes */
    const struct http_route *routes;
    size_t routes_n;
    void *ctx; /* of handlers and of all functions below */
    /*
     * Before the body is read: true to go on, false when the answer is filled (401, 403, 429).
     * route NULL: no route fits, the answer becomes 404, 405 or that to OPTIONS when true is
     * returned. NULL: everybody may do everything.
     */
    bool (*admit)(void *ctx, const struct http_route *route, struct http_request *r,
                  struct http_answer *a);
    /* How the route's handler takes its time. NULL: all are short. */
    enum http_lane (*lane)(void *ctx, const struct http_route *route);
    /* And how admit() does, by the head of the request; it must be quick itself. */
    enum http_lane (*admit_lane)(void *ctx, const struct http_request *r);
    /* Gives a refusal of the server itself its form: status and a sentence to answer with. It may
     * be about a request of which little could be read: no part and no guest may be asked for.
     * NULL: plain text. */
    void (*refuse)(void *ctx, const struct http_request *r, unsigned status, const char *sentence,
                   struct http_answer *a);
    /* Headers that every answer carries. NULL: none. */
    void (*finish)(void *ctx, const struct http_request *r, struct http_answer *a);
    void (*log)(void *ctx, const struct http_access *access); /* NULL: none is kept */
    ts_ns (*wall)(void);
    ts_ns (*steady)(void);
};

/* ERR_INVALID: a wrong certificate, key or table of routes; the socket is closed then too. */
enum err http_server_start(const struct http_server_options *options, struct http_server **out,
                           struct err_text *why) ERR_MUST_CHECK;
/* Requests that are being answered have five seconds; handlers that go on are told that the
 * request is gone, and are waited for. NULL is fine. */
void http_server_stop(struct http_server *s);

/* What came and what was refused, since the start. */
struct http_counts {
    uint64_t requests;
    uint64_t by_class[6]; /* [2]: answers with status 2xx …; [0]: cut off before there was one */
    uint64_t received;    /* bytes */
    uint64_t sent;
    uint64_t connections;                      /* open now */
    struct http_lane_counts lanes[HTTP_LANES]; /* requests in the pool now */
    uint64_t refused_connections;
    uint64_t refused_slow; /* head or body not complete in time */
    uint64_t refused_busy; /* queue or memory full */
};
void http_server_counts(struct http_server *s, struct http_counts *out);

/* A socket that listens on "127.0.0.1:9280", "[::]:9280" or "localhost:9280", which is 127.0.0.1;
 * other names are not looked up. ERR_INVALID, ERR_BUSY, ERR_DENIED. */
enum err http_server_listen(const char *address, int *out_fd, struct err_text *why) ERR_MUST_CHECK;

#endif
