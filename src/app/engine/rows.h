#ifndef ENGINE_ROWS_H
#define ENGINE_ROWS_H

/*
 * A datafeed with aggregations on its way to a job: events in, the rows of closed intervals to the
 * engine. docs/method/rows.md.
 *
 * Ownership: engine_rows_free(); the feed is borrowed.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/time.h"

#include <stddef.h>
#include <stdint.h>

struct detect;
struct detect_feed;
struct engine_rows;
struct event;
struct find_rows_lost;
struct find_rows_pool;

/* What the open intervals of all datafeeds take together. */
#define ENGINE_ROWS_BYTES ((size_t)256 << 20)

/* The feed must have aggregations. pool: shared with others, or NULL. ERR_INVALID, ERR_UNSUPPORTED:
 * what they ask cannot be counted. */
enum err engine_rows_new(const struct detect_feed *feed, struct find_rows_pool *pool,
                         struct engine_rows **out, struct err_text *why) ERR_MUST_CHECK;
void engine_rows_free(struct engine_rows *r); /* NULL is fine */

/* Whether what the feed asks can be counted; a feed without aggregations can. */
enum err engine_rows_check(const struct detect_feed *feed, struct err_text *why) ERR_MUST_CHECK;

/* Counts an event. ERR_MEMORY. */
enum err engine_rows_event(struct engine_rows *r, const struct event *e) ERR_MUST_CHECK;
/* When the first and the last interval begin that were counted and not yet given; TIME_NONE. */
ts_ns engine_rows_first(const struct engine_rows *r);
ts_ns engine_rows_last(const struct engine_rows *r);
/* Gives the job the rows of all intervals that end by then. ERR_MEMORY. */
enum err engine_rows_give(struct engine_rows *r, ts_ns to, struct detect *engine) ERR_MUST_CHECK;
/* What did not fit since the last call. */
void engine_rows_tell_lost(struct engine_rows *r, struct find_rows_lost *out);
/* Of that, the number of events. */
uint64_t engine_rows_lost(struct engine_rows *r);

/*
 * Counts an event where time moves with events: an interval is given when one has come that is
 * later than its end by the latency. One that comes after that is late, and not counted.
 */
enum err engine_rows_follow(struct engine_rows *r, const struct event *e, ts_ns latency,
                            struct detect *engine) ERR_MUST_CHECK;
uint64_t engine_rows_late(const struct engine_rows *r);

#endif
