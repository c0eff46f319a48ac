#ifndef ML_ASK_H
#define ML_ASK_H

/*
 * Acts, as requests that commands send too (docs/format/control.md).
 *
 * Use: ml_ask_init(), ml_ask_add() for each parameter, ml_ask_send(), ml_ask_release().
 *
 * Ownership: ml_ask_release() frees what it holds.
 * Threads:   the one that answers the request.
 */

#include "api/call.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/time.h"

struct ml_ask {
    struct buf text;
    struct buf said; /* what came back */
    struct format_writer w;
};

void ml_ask_init(struct ml_ask *a, const char *command, const char *verb);
void ml_ask_release(struct ml_ask *a);
void ml_ask_add(struct ml_ask *a, const char *key, const char *value); /* NULL: left out */
void ml_ask_add_n(struct ml_ask *a, const char *key, const char *value, size_t n);
void ml_ask_add_time(struct ml_ask *a, const char *key, ts_ns t); /* TIME_NONE: left out */
enum err ml_ask_send(struct api_call *c, struct ml_ask *a, struct err_text *why) ERR_MUST_CHECK;

/* Whether upgrade mode is on. */
enum err ml_ask_still(struct api_call *c, bool *out, struct err_text *why) ERR_MUST_CHECK;
/* 429 when it is and the row changes what then stands still. */
enum err ml_ask_may(struct api_call *c, struct err_text *why) ERR_MUST_CHECK;

/* A verb of "job" with an id and nothing more. */
enum err ml_ask_job(struct api_call *c, const char *verb, const char *id,
                    struct err_text *why) ERR_MUST_CHECK;

/* The same of one of many: that somebody has deleted it meanwhile is nothing wrong. */
enum err ml_ask_any(struct api_call *c, const char *verb, const char *id,
                    struct err_text *why) ERR_MUST_CHECK;

/* A text under an id, in place of what was there (NULL: whatever that is; "": nothing was). */
enum err ml_ask_put(struct api_call *c, const char *command, const char *verb, const char *id,
                    const char *was, const struct buf *text, struct err_text *why) ERR_MUST_CHECK;

#endif
