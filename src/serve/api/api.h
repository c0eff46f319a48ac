#ifndef API_API_H
#define API_API_H

/*
 * What the server answers: a table of rows (api/row.h), each a route with the right it needs, its
 * parameters and what it does, turned into what the room http wants to know.
 *
 * Rows come from several rooms (elastic, ml, kibana, and this one); the daemon gives them all to
 * api_new(). Everything that a row needs of the running program comes through api_ports.
 *
 * Ownership: api_free() after the server that uses it has stopped; borrows the rows and all ports.
 * Threads:   api_new() and _free() by one; the rest by any.
 */

#include "api/row.h"
#include "base/err.h"
#include "base/time.h"
#include "http/lane.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct api;
struct arena;
struct auth_guard;
struct buf;
struct event;
struct find;
struct http_access;
struct http_answer;
struct http_request;
struct http_route;
struct http_stream;
struct store;
struct store_name;
struct store_state;

/* Events that came through the API, on their way to the pipeline. */
struct api_events {
    struct arena *arena; /* holds the events and all they point to; taken with them */
    struct event *events;
    size_t n;
    uint32_t source;          /* out: of all of them */
    struct store_name *names; /* in and out: n of them, the caller's, for events whose senders
                                 named them (weir.id); NULL: no one did */
    uint64_t *sequences; /* out: n of them, the caller's; 0: not kept (too large, or there already,
                            as its name says) */
};

struct api_ports {
    void *ctx;
    struct store *store;
    struct store_state *state;
    struct find *find;
    struct auth_guard *guard;
    struct http_stream *stream; /* of /api/live */
    bool secure;                /* TLS: cookies say so */
    ts_ns (*now)(void);
    /*
     * Acts, by a request as commands send them (docs/format/control.md): {"command":"job",
     * "verb":"open","id":"x"}. What it prints is added to out. gone is asked now and then by what
     * takes long: true ends it.
     */
    enum err (*act)(void *ctx, const char *request, size_t n, bool (*gone)(void *gone_ctx),
                    void *gone_ctx, struct buf *out, struct err_text *why);
    /*
     * Takes events (always: the arena is the port's, whatever comes out) and returns when they are
     * on disk. ERR_AGAIN: there is no room now, nothing was taken; ERR_FULL: the disk is full.
     */
    enum err (*take)(void *ctx, struct api_events *events, struct err_text *why);
    /* Adds what the parts of the program have to say as Prometheus text. */
    void (*measure)(void *ctx, struct buf *out);
    /* Whether all is well; a sentence otherwise. */
    bool (*healthy)(void *ctx, struct err_text *why);
};

struct api_options {
    struct api_ports ports;
    const struct api_row *const *tables; /* each ended by a row without path */
    size_t tables_n;
};

enum err api_new(const struct api_options *options, struct api **out,
                 struct err_text *why) ERR_MUST_CHECK;
void api_free(struct api *a); /* NULL is fine */

const struct http_route *api_routes(const struct api *a, size_t *out_n);
size_t api_rows(const struct api *a);
const struct api_row *api_row_at(const struct api *a, size_t i);
const struct api_ports *api_ports_of(const struct api *a);

/* Functions for struct http_server_options, whose ctx is the api. */
bool api_admit(void *ctx, const struct http_route *route, struct http_request *r,
               struct http_answer *answer);
enum http_lane api_lane(void *ctx, const struct http_route *route);
enum http_lane api_admit_lane(void *ctx, const struct http_request *r);
void api_refuse(void *ctx, const struct http_request *r, unsigned status, const char *sentence,
                struct http_answer *answer);
void api_finish(void *ctx, const struct http_request *r, struct http_answer *answer);

#endif
