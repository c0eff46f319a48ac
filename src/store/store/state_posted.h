#ifndef STORE_STATE_POSTED_H
#define STORE_STATE_POSTED_H

/*
 * What was posted to jobs and is in none of their snapshots yet, in state.db: records as they came,
 * and moves of a job's time. docs/method/ml-api.md says when it is kept and dropped.
 *
 * Texts are packed, with a checksum. docs/format/store.md.
 *
 * Ownership: texts are borrowed for the call.
 * Threads:   as store/state.h.
 *
 * All functions can return ERR_IO, ERR_FULL, ERR_MEMORY.
 */

#include "base/err.h"
#include "base/time.h"

#include <stddef.h>
#include <stdint.h>

struct buf;
struct store_state;

#define STORE_POSTED_MAX ((size_t)64 << 20) /* bytes of one text */

struct store_posted {
    uint64_t number;   /* rises with the order in which they came; filled by _next */
    ts_ns time;        /* when it came */
    ts_ns closed;      /* all buckets before this were final then; TIME_NONE: none was */
    ts_ns advance;     /* to what time moved; TIME_NONE: it did not */
    ts_ns skip;        /* likewise, without results */
    ts_ns reset_start; /* open buckets from then on were emptied before; TIME_NONE: none was */
    ts_ns reset_end;   /* to before then */
};

/* ERR_LIMIT: the text is too long. */
enum err store_state_posted_put(struct store_state *st, const char *job_id,
                                const struct store_posted *p, const char *text,
                                size_t n) ERR_MUST_CHECK;
/* The job's first with a number above after; its text is added to out. ERR_NOT_FOUND; ERR_FORMAT:
 * it is damaged. */
enum err store_state_posted_next(struct store_state *st, const char *job_id, uint64_t after,
                                 struct store_posted *out, struct buf *text) ERR_MUST_CHECK;
/* The job's greatest number; 0: there is none. */
enum err store_state_posted_newest(struct store_state *st, const char *job_id,
                                   uint64_t *out) ERR_MUST_CHECK;
/* All of the job's go. */
enum err store_state_posted_drop(struct store_state *st, const char *job_id) ERR_MUST_CHECK;

#endif
