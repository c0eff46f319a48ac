#ifndef FIND_ROWS_H
#define FIND_ROWS_H

/*
 * What aggregations count of the events of each interval, as flat rows: what a datafeed with
 * aggregations gives its job.
 *
 * The definitions are those of a search, with one histogram of @timestamp whose intervals begin at
 * multiples of their length. Events are counted in the interval they lie in, in any order; an
 * interval that is taken gives its rows and is gone. docs/method/rows.md says what a row is.
 *
 * Memory of all open intervals together is bounded. Of an interval that does not fit nothing is
 * given; its events are counted as lost. One that takes more than half gives way itself, else the
 * farthest: times far ahead do not push out the present. Several may share a pool besides: when
 * that is full, the one that takes most gives way.
 *
 * Ownership: find_rows_free(). Rows live until the call that gives them returns. A pool outlives
 *            those that share it.
 * Threads:   one owner, of all that share a pool.
 */

#include "base/err.h"
#include "base/time.h"
#include "event/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Events lie within 146 years of 1970, as records of jobs do; others are lost. */
#define FIND_ROWS_TIME (TIME_MAX / 2)

struct find_rows;

/* What the open intervals of several take together. Zeroed but for memory. */
struct find_rows_pool {
    size_t memory; /* at most */
    size_t used;
    struct find_rows *first; /* of those that share it */
};

struct find_rows_options {
    size_t memory;               /* of all intervals that are open; 0: 64 MiB */
    uint64_t seed;               /* of the hashes */
    struct find_rows_pool *pool; /* NULL: shared with nobody */
};

/* One row. */
struct find_row {
    ts_ns time;    /* the newest of its interval */
    uint64_t docs; /* events it stands for */
    /* Of each field, in order of find_rows_names(); EVENT_NULL: it has none. */
    const struct event_value *values;
};

/* What is said of one that was not done. */
struct find_rows_lost {
    uint64_t events;
    uint64_t intervals;
    ts_ns newest; /* of the intervals; TIME_NONE */
};

/*
 * aggs: the object of definitions, of the form that detect/aggs.h takes; interval: of its
 * histogram. ERR_INVALID, ERR_UNSUPPORTED with a sentence.
 */
enum err find_rows_new(const char *aggs, size_t n, ts_ns interval,
                       const struct find_rows_options *options, struct find_rows **out,
                       struct err_text *why) ERR_MUST_CHECK;
void find_rows_free(struct find_rows *r); /* NULL is fine */

/* The fields of rows besides their time and number of events. */
const char *const *find_rows_names(const struct find_rows *r, size_t *out_n);

/* Counts an event. ERR_MEMORY. */
enum err find_rows_add(struct find_rows *r, const struct event *e) ERR_MUST_CHECK;
/* When the first and the last interval begin that are open; false: none is. */
bool find_rows_open(const struct find_rows *r, ts_ns *out_first, ts_ns *out_last);

typedef enum err (*find_rows_fn)(void *ctx, const struct find_row *row);
/*
 * Gives the rows of all intervals that end by then, oldest first, and drops the intervals. A
 * failure of fn ends it and is returned; what was given by then is dropped too.
 */
enum err find_rows_take(struct find_rows *r, ts_ns to, find_rows_fn fn, void *ctx) ERR_MUST_CHECK;

/* What was lost since the last call. */
struct find_rows_lost find_rows_tell_lost(struct find_rows *r);

#endif
