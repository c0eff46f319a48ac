/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/schedule.h"

#include "query/datemath.h"
#include "rule/rule.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

ts_ns rule_schedule_last(const struct rule *r, ts_ns t)
{
    return time_floor(t, r->interval_ns);
}

ts_ns rule_schedule_next(const struct rule *r, ts_ns t)
{
    ts_ns last = time_floor(t, r->interval_ns);
    return last > TIME_MAX - r->interval_ns ? TIME_MAX : last + r->interval_ns;
}

/* Catch-up windows lie one more interval back each, the farthest first. */
static void place_windows(struct rule_plan *plan, struct rule_range own, ts_ns interval,
                          size_t catch_up)
{
    plan->n = 0;
    for (size_t k = catch_up; k > 0; k--) {
        ts_ns shift = (ts_ns)k * interval;
        plan->range[plan->n++] = (struct rule_range){own.from - shift, own.to - shift};
    }
    plan->range[plan->n++] = own;
}

enum err rule_schedule_plan(const struct rule *r, ts_ns now, ts_ns previous, struct rule_plan *out,
                            struct err_text *why)
{
    struct rule_range own;
    enum err code = query_datemath_rule(r->from, strlen(r->from), now, false, &own.from, why);
    if (code == ERR_NONE)
        code = query_datemath_rule(r->to, strlen(r->to), now, true, &own.to, why);
    if (code != ERR_NONE)
        return code;
    if (own.from >= own.to)
        return err_set(why, ERR_INVALID, "from (%s) does not lie before to (%s) at this time",
                       r->from, r->to);
    struct rule_plan plan = {0};
    ts_ns passed = 0;
    ts_ns width;
    if (__builtin_sub_overflow(own.to, own.from, &width))
        width = TIME_MAX;
    if (previous != TIME_NONE && __builtin_sub_overflow(now, previous, &passed))
        passed = 0;
    size_t catch_up = 0;
    if (previous != TIME_NONE && passed > width) {
        plan.gap = passed - width;
        ts_ns whole = plan.gap / r->interval_ns + (plan.gap % r->interval_ns != 0);
        catch_up = whole < RULE_CATCH_UP_MAX ? (size_t)whole : RULE_CATCH_UP_MAX;
        ts_ns covered = (ts_ns)catch_up * r->interval_ns;
        if (plan.gap > covered) {
            plan.remaining = plan.gap - covered;
            plan.lost = (struct rule_range){previous, previous + plan.remaining};
        }
    }
    place_windows(&plan, own, r->interval_ns, catch_up);
    *out = plan;
    return ERR_NONE;
}

void rule_schedule_span(ts_ns span, char out[RULE_SPAN_SIZE])
{
    static const struct {
        ts_ns unit;
        const char *name;
    } units[] = {{TIME_DAY, "d"}, {TIME_HOUR, "h"}, {TIME_MIN, "m"}, {TIME_S, "s"}};
    ts_ns left = span;
    size_t n = 0;
    unsigned parts = 0;
    /* Two parts are as much as a person reads: 3h 20m. */
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && parts < 2; i++) {
        int64_t count = left / units[i].unit;
        left %= units[i].unit;
        if (count == 0)
            continue;
        n += (size_t)snprintf(out + n, RULE_SPAN_SIZE - n, "%s%" PRId64 "%s", parts > 0 ? " " : "",
                              count, units[i].name);
        parts++;
    }
    snprintf(out + n, RULE_SPAN_SIZE - n, "%s(%" PRId64 " ms)", parts > 0 ? " " : "",
             span / TIME_MS);
}
