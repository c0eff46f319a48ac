/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/schedule.h"

#include "base/rng.h"
#include "cmocka_head.h"
#include "judge/rule/support.h"

#include <stdio.h>
#include <string.h>

#define NOON (1700000000 / 86400 * 86400 * TIME_S + 12 * TIME_HOUR)

static void runs_lie_on_multiples_since_the_epoch(void **state)
{
    (void)state;
    struct rule *r = world_rule("interval = \"15m\"");
    assert_int_equal(rule_schedule_next(r, 0), 15 * TIME_MIN);
    assert_int_equal(rule_schedule_next(r, -1), 0);
    assert_int_equal(rule_schedule_next(r, NOON), NOON + 15 * TIME_MIN);
    assert_int_equal(rule_schedule_next(r, NOON + 1), NOON + 15 * TIME_MIN);
    assert_int_equal(rule_schedule_last(r, NOON), NOON);
    assert_int_equal(rule_schedule_last(r, NOON - 1), NOON - 15 * TIME_MIN);
    assert_int_equal(rule_schedule_next(r, TIME_MAX), TIME_MAX);
    rule_unref(r);
}

static void a_usual_run_has_one_window(void **state)
{
    (void)state;
    struct rule *r = world_rule("from = \"now-6h\"\ninterval = \"15m\"");
    struct rule_plan plan;
    assert_int_equal(rule_schedule_plan(r, NOON, TIME_NONE, &plan, NULL), ERR_NONE);
    assert_int_equal(plan.n, 1);
    assert_int_equal(plan.range[0].from, NOON - 6 * TIME_HOUR);
    assert_int_equal(plan.range[0].to, NOON);
    assert_int_equal(plan.gap, 0);
    /* The look-back covers runs up to 6 hours apart. */
    assert_int_equal(rule_schedule_plan(r, NOON, NOON - 6 * TIME_HOUR, &plan, NULL), ERR_NONE);
    assert_int_equal(plan.n, 1);
    assert_int_equal(plan.gap, 0);
    rule_unref(r);
}

static void a_gap_is_caught_up_with_older_windows(void **state)
{
    (void)state;
    struct rule *r = world_rule("from = \"now-30m\"\ninterval = \"15m\"");
    struct rule_plan plan;
    /* 50 minutes since the last run, 30 covered: 20 minutes are two intervals. */
    assert_int_equal(rule_schedule_plan(r, NOON, NOON - 50 * TIME_MIN, &plan, NULL), ERR_NONE);
    assert_int_equal(plan.gap, 20 * TIME_MIN);
    assert_int_equal(plan.remaining, 0);
    assert_int_equal(plan.n, 3);
    assert_int_equal(plan.range[0].from, NOON - 60 * TIME_MIN);
    assert_int_equal(plan.range[0].to, NOON - 30 * TIME_MIN);
    assert_int_equal(plan.range[1].from, NOON - 45 * TIME_MIN);
    assert_int_equal(plan.range[2].from, NOON - 30 * TIME_MIN);
    assert_int_equal(plan.range[2].to, NOON);
    rule_unref(r);
}

static void what_four_windows_do_not_reach_is_lost(void **state)
{
    (void)state;
    struct rule *r = world_rule("from = \"now-30m\"\ninterval = \"15m\"");
    struct rule_plan plan;
    ts_ns before = NOON - 3 * TIME_HOUR;
    assert_int_equal(rule_schedule_plan(r, NOON, before, &plan, NULL), ERR_NONE);
    assert_int_equal(plan.n, 1 + RULE_CATCH_UP_MAX);
    assert_int_equal(plan.gap, 150 * TIME_MIN);
    assert_int_equal(plan.remaining, 90 * TIME_MIN);
    assert_int_equal(plan.lost.from, before);
    assert_int_equal(plan.lost.to, before + 90 * TIME_MIN);
    rule_unref(r);
}

/* Every instant since the last run lies in a window, or in the span told as lost. */
static void nothing_falls_between(void **state)
{
    (void)state;
    /* Rules that look back less far than their interval leave holes of their own will. */
    static const char *const froms[] = {"now-15m", "now-30m", "now-45m", "now-2h", "now-6h"};
    static const char *const intervals[] = {"1m", "5m", "10m", "15m"};
    struct rng rng;
    rng_init(&rng, 11);
    for (unsigned draw = 0; draw < 400; draw++) {
        char extra[128];
        snprintf(extra, sizeof(extra), "from = \"%s\"\ninterval = \"%s\"", froms[rng_u64(&rng) % 5],
                 intervals[rng_u64(&rng) % 4]);
        struct rule *r = world_rule(extra);
        struct rule_plan plan;
        ts_ns previous = NOON - (ts_ns)(rng_u64(&rng) % 1440) * TIME_MIN;
        assert_int_equal(rule_schedule_plan(r, NOON, previous, &plan, NULL), ERR_NONE);
        ts_ns reached = plan.remaining > 0 ? plan.lost.to : previous;
        for (size_t i = 0; i < plan.n; i++) {
            assert_true(plan.range[i].from < plan.range[i].to);
            assert_true(plan.range[i].from <= reached || i > 0 || plan.gap == 0);
            if (i > 0) {
                assert_true(plan.range[i].from > plan.range[i - 1].from);
                assert_true(plan.range[i].from - plan.range[i - 1].from == r->interval_ns);
            }
            if (plan.range[i].from <= reached && plan.range[i].to > reached)
                reached = plan.range[i].to;
        }
        assert_int_equal(reached, NOON);
        rule_unref(r);
    }
}

static void spans_are_for_people(void **state)
{
    (void)state;
    char text[RULE_SPAN_SIZE];
    rule_schedule_span(3 * TIME_HOUR + 20 * TIME_MIN, text);
    assert_string_equal(text, "3h 20m (12000000 ms)");
    rule_schedule_span(2 * TIME_DAY + 5 * TIME_MIN + TIME_S, text);
    assert_string_equal(text, "2d 5m (173101000 ms)");
    rule_schedule_span(5 * TIME_MS, text);
    assert_string_equal(text, "(5 ms)");
    rule_schedule_span(TIME_MAX, text);
    assert_true(strlen(text) < RULE_SPAN_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_lie_on_multiples_since_the_epoch),
        cmocka_unit_test(a_usual_run_has_one_window),
        cmocka_unit_test(a_gap_is_caught_up_with_older_windows),
        cmocka_unit_test(what_four_windows_do_not_reach_is_lost),
        cmocka_unit_test(nothing_falls_between),
        cmocka_unit_test(spans_are_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
