#ifndef API_CALL_H
#define API_CALL_H

/*
 * One request while it is answered: its parameters read, its answer written.
 *
 * Parameters may come in the query string or, where the body is an object, in the body; the body
 * wins. Every route takes pretty, human, error_trace and filter_path besides its own.
 *
 * The answer is JSON, written with c->out; a failure drops what was written. When a row returns a
 * code, its sentence is answered in the form of the row, with the status that fits the code:
 *
 *     ERR_INVALID, ERR_FORMAT, ERR_UNSUPPORTED 400    ERR_DENIED 403    ERR_NOT_FOUND 404
 *     ERR_EXISTS, ERR_BUSY 409    ERR_LIMIT, ERR_FULL, ERR_AGAIN 429    ERR_MEMORY, ERR_STOPPED 503
 *     others 500
 *
 * api_call_fail() is for those whose status or type clients look at.
 *
 * Ownership: all that a call gives is its own and dies with it.
 * Threads:   the one that answers the request.
 */

#include "api/row.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/time.h"
#include "format/write.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct api;
struct api_ports;
struct auth_guest;
struct format_node;
struct http_answer;
struct http_request;

struct api_call {
    const struct api *api;
    const struct api_ports *ports;
    const struct api_row *row;
    struct http_request *request;
    struct http_answer *answer;
    const struct auth_guest *guest; /* NULL: not known, on rows that need no right */
    ts_ns now;
    struct arena arena;       /* for what the row needs until the answer is there */
    struct format_writer out; /* the answer's body */
    struct format_node *body; /* once api_call_body() has read it */
    unsigned status;          /* of a failure, when api_call_fail() set it */
    const char *type;         /* of a failure, in Elasticsearch's words */
    ts_ns wait;               /* before the next try, when the failure is 429; 0: a second */
};

/* A failure with a status and type of its own; returns a code to return. */
enum err api_call_fail(struct api_call *c, unsigned status, const char *type, struct err_text *why,
                       const char *format, ...) __attribute__((format(printf, 5, 6)));

const char *api_call_part(const struct api_call *c, const char *name);

/* The body as JSON, parsed once; NULL in *out when there is none, which is wrong with required. */
enum err api_call_body(struct api_call *c, bool required, struct format_node **out,
                       struct err_text *why) ERR_MUST_CHECK;
/* Refuses the first key of the body (or of an object in it) that nobody asked for. */
enum err api_call_unknown(struct api_call *c, const struct format_node *object,
                          struct err_text *why) ERR_MUST_CHECK;

/* A parameter, or the default when it was not given; what does not fit is ERR_INVALID. */
enum err api_call_text(struct api_call *c, const char *name, const char *otherwise,
                       const char **out, struct err_text *why) ERR_MUST_CHECK;
enum err api_call_flag(struct api_call *c, const char *name, bool otherwise, bool *out,
                       struct err_text *why) ERR_MUST_CHECK;
enum err api_call_int(struct api_call *c, const char *name, int64_t otherwise, int64_t least,
                      int64_t most, int64_t *out, struct err_text *why) ERR_MUST_CHECK;
enum err api_call_number(struct api_call *c, const char *name, double otherwise, double *out,
                         struct err_text *why) ERR_MUST_CHECK;
/* ISO 8601, date math, or milliseconds since the epoch. */
enum err api_call_time(struct api_call *c, const char *name, ts_ns otherwise, ts_ns *out,
                       struct err_text *why) ERR_MUST_CHECK;
/* "30s", "2h". */
enum err api_call_span(struct api_call *c, const char *name, ts_ns otherwise, ts_ns *out,
                       struct err_text *why) ERR_MUST_CHECK;

/* Acts: the request's JSON text to the port; what it printed is added to out (NULL: dropped). */
enum err api_call_act(struct api_call *c, const struct buf *request, struct buf *out,
                      struct err_text *why) ERR_MUST_CHECK;

/* The answer is no JSON: what has been written to http_answer_body() stands as it is. */
void api_call_plain(struct api_call *c, const char *content_type);

/* The handler of every route: its word is the row; ctx is the api. */
void api_call_run(void *ctx, struct http_request *r, struct http_answer *answer);

#endif
