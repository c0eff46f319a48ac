#ifndef QUERY_DATEMATH_H
#define QUERY_DATEMATH_H

/*
 * Times written as a sum: now-6h, now/d, 2024-01-01||+1M/d.
 *
 * Two dialects. Elasticsearch's (query ranges): units y M w d h H m s, rounding to the start of the
 * unit or, where the operator asks for it, to its last millisecond; weeks begin on Monday; dates
 * with missing parts. Kibana's (from and to of rules): also ms, whole numbers only, rounding by one
 * unit only; weeks begin on Sunday. All in UTC unless a zone is given. docs/method/datemath.md.
 *
 * Threads: any.
 */

#include "base/err.h"
#include "base/time.h"
#include "query/zone.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The time a text names. from is the instant rounded down, which gte and lt compare with (t >=
 * from, t < from); to is the first instant after the one rounded up, which lte and gt compare with
 * (t < to, t >= to). A term matches from <= t < to.
 */
struct datemath_span {
    ts_ns from;
    ts_ns to;
    bool uses_now;
};

struct datemath_options {
    ts_ns now;
    /*
     * Formats joined by "||": strict_date_optional_time, date_optional_time (both also with
     * _nanos), strict_date, date, epoch_millis, epoch_second, or letters as in
     * yyyy-MM-dd'T'HH:mm:ss.SSSXXX. NULL: ISO 8601 or milliseconds since the epoch.
     */
    const char *format;
    /* For dates without a zone, for rounding and for days, weeks, months and years; NULL: UTC. */
    const struct query_zone *zone;
};

/* Elasticsearch's dialect. ERR_INVALID, ERR_UNSUPPORTED (a format that is not known here). */
enum err query_datemath_parse(const char *s, size_t n, const struct datemath_options *options,
                              struct datemath_span *out, struct err_text *why) ERR_MUST_CHECK;

/* Kibana's dialect, for from and to of rules. round_up: '/' means the end of the unit. */
enum err query_datemath_rule(const char *s, size_t n, ts_ns now, bool round_up, ts_ns *out,
                             struct err_text *why) ERR_MUST_CHECK;

#endif
