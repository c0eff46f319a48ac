#ifndef RULE_SCHEDULE_H
#define RULE_SCHEDULE_H

/*
 * When a rule runs, and over which times.
 *
 * Runs lie on whole multiples of the interval since the epoch, in engine time. A run looks at
 * [from, to], evaluated at the run. When more time passed since the run before than the look-back
 * covers, the run also looks at up to four earlier windows, each shifted back by one more interval,
 * oldest first; what remains uncovered is the gap that is told. docs/method/rule.md.
 *
 * Threads: any.
 */

#include "base/err.h"
#include "base/time.h"

#include <stddef.h>

struct rule;

#define RULE_CATCH_UP_MAX 4

struct rule_range {
    ts_ns from; /* both inclusive */
    ts_ns to;
};

struct rule_plan {
    struct rule_range range[RULE_CATCH_UP_MAX + 1]; /* oldest first; the last is the run's own */
    size_t n;
    ts_ns gap;              /* time that the run's own window does not reach back to; 0: none */
    ts_ns remaining;        /* what the catch-up windows leave of it */
    struct rule_range lost; /* the span that nobody looked at, when remaining > 0 */
};

/* previous is the start of the run before, or TIME_NONE. ERR_INVALID: from or to is no time. */
enum err rule_schedule_plan(const struct rule *r, ts_ns now, ts_ns previous, struct rule_plan *out,
                            struct err_text *why) ERR_MUST_CHECK;

/* The first multiple of the interval after t. */
ts_ns rule_schedule_next(const struct rule *r, ts_ns t);
/* The last one at or before t. */
ts_ns rule_schedule_last(const struct rule *r, ts_ns t);

/* "3h 20m (12000000 ms)": a span for people. */
#define RULE_SPAN_SIZE 64
void rule_schedule_span(ts_ns span, char out[RULE_SPAN_SIZE]);

#endif
