/* SPDX-License-Identifier: Apache-2.0 */
#include "find/round.h"

#include <string.h>

#define QUARTER_HOUR (15 * TIME_MIN)
#define WEEK (7 * TIME_DAY)
#define STEPS_MAX 8
#define MONDAY (4 * TIME_DAY) /* 1970-01-05 */

static bool is(const char *s, size_t n, const char *word)
{
    return strlen(word) == n && memcmp(s, word, n) == 0;
}

bool find_round_calendar(const char *s, size_t n, struct find_round *out)
{
    static const struct {
        const char *name;
        const char *letter;
        uint8_t unit;
        ts_ns span_ns;
        ts_ns origin_ns;
    } all[] = {
        {"minute", "1m", FIND_UNIT_FIXED, TIME_MIN, 0},
        {"hour", "1h", FIND_UNIT_FIXED, TIME_HOUR, 0},
        {"day", "1d", FIND_UNIT_DAY, TIME_DAY, 0},
        {"week", "1w", FIND_UNIT_DAY, WEEK, MONDAY},
        {"month", "1M", FIND_UNIT_MONTH, 0, 0},
        {"quarter", "1q", FIND_UNIT_QUARTER, 0, 0},
        {"year", "1y", FIND_UNIT_YEAR, 0, 0},
        {"second", "1s", FIND_UNIT_FIXED, TIME_S, 0},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (!is(s, n, all[i].name) && !is(s, n, all[i].letter))
            continue;
        *out = (struct find_round){
            .unit = all[i].unit, .span_ns = all[i].span_ns, .origin_ns = all[i].origin_ns};
        return true;
    }
    return false;
}

bool find_round_fixed(const char *s, size_t n, struct find_round *out)
{
    ts_ns span;
    if (!time_parse_span(s, n, &span) || span < TIME_MS)
        return false;
    *out = (struct find_round){.unit = FIND_UNIT_FIXED, .span_ns = span};
    return true;
}

static ts_ns add(ts_ns a, ts_ns b)
{
    ts_ns sum;
    return __builtin_add_overflow(a, b, &sum) ? (b > 0 ? INT64_MAX - 1 : INT64_MIN + 1) : sum;
}

static bool has_span(const struct find_round *r)
{
    return r->unit == FIND_UNIT_FIXED || r->unit == FIND_UNIT_DAY;
}

/* The beginning of the interval on the wall's clock. */
static ts_ns floor_local(const struct find_round *r, ts_ns local)
{
    if (has_span(r))
        return add(time_floor(add(local, -r->origin_ns), r->span_ns), r->origin_ns);
    struct time_date d = time_split(local);
    d.day = 1;
    d.hour = 0;
    d.minute = 0;
    d.second = 0;
    d.ns = 0;
    if (r->unit == FIND_UNIT_QUARTER)
        d.month -= (d.month - 1) % 3;
    else if (r->unit == FIND_UNIT_YEAR)
        d.month = 1;
    return time_join(&d);
}

/* The beginning of a fixed interval: behind the last change of the clock, else as before it. */
static ts_ns floor_fixed(const struct find_round *r, ts_ns t)
{
    for (;;) {
        ts_ns offset = query_zone_offset(&r->zone, t);
        ts_ns local = floor_local(r, add(t, offset));
        ts_ns start = add(local, -offset);
        ts_ns change = query_zone_change(&r->zone, t);
        if (change == TIME_NONE || start >= change)
            return start;
        ts_ns before = change - 1;
        if (local > add(before, query_zone_offset(&r->zone, before)))
            return change;
        t = before;
    }
}

ts_ns find_round_down(const struct find_round *r, ts_ns t)
{
    ts_ns at = add(t, -r->offset_ns);
    if (r->unit == FIND_UNIT_FIXED)
        return add(floor_fixed(r, at), r->offset_ns);
    ts_ns local = floor_local(r, add(at, query_zone_offset(&r->zone, at)));
    return add(query_zone_instant(&r->zone, local), r->offset_ns);
}

ts_ns find_round_next(const struct find_round *r, ts_ns start)
{
    /* Into the middle of the next, however long this one is. */
    ts_ns step = r->unit == FIND_UNIT_MONTH     ? 45 * TIME_DAY
                 : r->unit == FIND_UNIT_QUARTER ? 135 * TIME_DAY
                 : r->unit == FIND_UNIT_YEAR    ? 548 * TIME_DAY
                                                : r->span_ns;
    ts_ns next = start;
    /* A clock that is put back makes a short one longer. */
    for (unsigned i = 0; i < STEPS_MAX && next <= start; i++)
        next = find_round_down(r, add(start, add(step, (ts_ns)i * (step / 2))));
    return next > start ? next : add(start, step);
}

static ts_ns modulo(ts_ns a, ts_ns b)
{
    ts_ns rest = a % b;
    return rest < 0 ? rest + b : rest;
}

static ts_ns divisor(ts_ns a, ts_ns b)
{
    while (b != 0) {
        ts_ns rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

void find_round_grain(const struct find_round *r, ts_ns *out_step, ts_ns *out_offset)
{
    ts_ns step = has_span(r) ? r->span_ns : TIME_DAY;
    ts_ns shift = add(r->offset_ns, has_span(r) ? r->origin_ns : 0);
    if (r->zone.n > 0)
        step = divisor(step, QUARTER_HOUR);
    else
        shift = add(shift, -(r->zone.first_s * TIME_S));
    *out_step = step;
    *out_offset = modulo(shift, step);
}
