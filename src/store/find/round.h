#ifndef FIND_ROUND_H
#define FIND_ROUND_H

/*
 * The bucket of a time: fixed intervals and those of the calendar, in a time zone.
 *
 * A bucket begins where the clock on the wall of the zone shows the beginning of the interval, so
 * that days have 23 or 25 hours where clocks change: those of a day and longer at the first such
 * instant, shorter ones also where the clock shows it again. What would begin at a time that the
 * clock jumps over begins with the jump. Weeks begin on Monday.
 *
 * Threads: any.
 */

#include "base/time.h"
#include "query/zone.h"

#include <stdbool.h>
#include <stdint.h>

enum find_unit {
    FIND_UNIT_FIXED, /* span_ns; also minutes and hours of the calendar */
    FIND_UNIT_DAY,   /* span_ns of whole days: days and weeks of the calendar */
    FIND_UNIT_MONTH,
    FIND_UNIT_QUARTER,
    FIND_UNIT_YEAR,
};

struct find_round {
    uint8_t unit;    /* enum find_unit */
    ts_ns span_ns;   /* FIXED, DAY: > 0 */
    ts_ns origin_ns; /* FIXED, DAY: local time at which some bucket begins */
    ts_ns offset_ns; /* all buckets begin so much later */
    struct query_zone zone;
};

/* "1d", "day", "month" … as calendar_interval has them; "90s", "12h" as fixed_interval has them. */
bool find_round_calendar(const char *s, size_t n, struct find_round *out);
bool find_round_fixed(const char *s, size_t n, struct find_round *out);

/* The beginning of the bucket a time lies in, and of the one after a beginning. */
ts_ns find_round_down(const struct find_round *r, ts_ns t);
ts_ns find_round_next(const struct find_round *r, ts_ns start);

/* Steps at whose beginnings all buckets begin: floor((t - offset) / step) tells the bucket. */
void find_round_grain(const struct find_round *r, ts_ns *out_step, ts_ns *out_offset);

#endif
