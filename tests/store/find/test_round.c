/* SPDX-License-Identifier: Apache-2.0 */
#include "find/round.h"

#include "base/rng.h"
#include "cmocka_head.h"

#include <string.h>

static ts_ns at(const char *s)
{
    ts_ns t = 0;
    assert_true(time_parse_iso(s, strlen(s), &t));
    return t;
}

static void expect(const struct find_round *r, const char *t, const char *start, const char *next)
{
    assert_int_equal(find_round_down(r, at(t)), at(start));
    assert_int_equal(find_round_next(r, at(start)), at(next));
}

static void test_intervals(void **state)
{
    (void)state;
    struct find_round r;
    assert_true(find_round_calendar("1w", 2, &r));
    expect(&r, "2024-02-29T12:00:00Z", "2024-02-26", "2024-03-04");
    assert_true(find_round_calendar("month", 5, &r));
    expect(&r, "2024-02-29T23:59:59.999Z", "2024-02-01", "2024-03-01");
    expect(&r, "1969-12-31T23:59:59Z", "1969-12-01", "1970-01-01");
    assert_true(find_round_calendar("1q", 2, &r));
    expect(&r, "2024-06-30T12:00:00Z", "2024-04-01", "2024-07-01");
    assert_true(find_round_calendar("year", 4, &r));
    expect(&r, "2024-12-31T12:00:00Z", "2024-01-01", "2025-01-01");
    assert_true(find_round_fixed("90s", 3, &r));
    expect(&r, "2024-01-01T00:02:59Z", "2024-01-01T00:01:30Z", "2024-01-01T00:03:00Z");
    assert_true(find_round_calendar("day", 3, &r));
    r.zone.first_s = -5 * 3600;
    r.offset_ns = 6 * TIME_HOUR;
    expect(&r, "2024-01-02T10:59:59Z", "2024-01-01T11:00:00Z", "2024-01-02T11:00:00Z");
    assert_false(find_round_calendar("2d", 2, &r));
    assert_false(find_round_calendar("", 0, &r));
    assert_false(find_round_fixed("1M", 2, &r));
    assert_false(find_round_fixed("0s", 2, &r));
    assert_false(find_round_fixed("999micros", 9, &r));
}

/* Clocks go on at 01:00 UTC on the last Sunday of March and back on that of October. */
static void test_changes(void **state)
{
    (void)state;
    const struct query_zone_change changes[] = {{at("2024-03-31T01:00:00Z") / TIME_S, 7200},
                                                {at("2024-10-27T01:00:00Z") / TIME_S, 3600}};
    struct find_round r;
    assert_true(find_round_calendar("day", 3, &r));
    r.zone = (struct query_zone){.first_s = 3600, .n = 2, .changes = changes};
    expect(&r, "2024-03-31T12:00:00Z", "2024-03-30T23:00:00Z", "2024-03-31T22:00:00Z");
    expect(&r, "2024-10-27T12:00:00Z", "2024-10-26T22:00:00Z", "2024-10-27T23:00:00Z");
    assert_true(find_round_calendar("hour", 4, &r));
    r.zone = (struct query_zone){.first_s = 3600, .n = 2, .changes = changes};
    expect(&r, "2024-10-27T00:30:00Z", "2024-10-27T00:00:00Z", "2024-10-27T01:00:00Z");
    expect(&r, "2024-10-27T01:30:00Z", "2024-10-27T01:00:00Z", "2024-10-27T02:00:00Z");
    /* 45 minutes begin at 02:15 and 03:00 on the wall, and an hour later again. */
    assert_true(find_round_fixed("45m", 3, &r));
    r.zone = (struct query_zone){.first_s = 3600, .n = 2, .changes = changes};
    expect(&r, "2024-10-27T00:20:00Z", "2024-10-27T00:15:00Z", "2024-10-27T01:15:00Z");
    expect(&r, "2024-10-27T01:14:00Z", "2024-10-27T00:15:00Z", "2024-10-27T01:15:00Z");
    /* What would begin at 02:40, over which the clock jumps, begins with the jump. */
    assert_true(find_round_fixed("40m", 3, &r));
    r.zone = (struct query_zone){.first_s = 3600, .n = 2, .changes = changes};
    expect(&r, "2024-03-31T01:01:00Z", "2024-03-31T01:00:00Z", "2024-03-31T01:20:00Z");
}

/* Where the clock goes back at one in the morning, a day of the calendar has midnight twice. */
static void test_midnight(void **state)
{
    (void)state;
    const struct query_zone_change changes[] = {{at("2024-11-03T05:00:00Z") / TIME_S, -18000}};
    struct find_round r;
    assert_true(find_round_calendar("day", 3, &r));
    r.zone = (struct query_zone){.first_s = -14400, .n = 1, .changes = changes};
    expect(&r, "2024-11-03T05:30:00Z", "2024-11-03T04:00:00Z", "2024-11-04T05:00:00Z");
    assert_true(find_round_fixed("24h", 3, &r));
    r.zone = (struct query_zone){.first_s = -14400, .n = 1, .changes = changes};
    expect(&r, "2024-11-03T05:30:00Z", "2024-11-03T05:00:00Z", "2024-11-04T05:00:00Z");
}

/* Every bucket begins at the beginning of a grain, buckets follow each other without a gap. */
static void test_grain(void **state)
{
    (void)state;
    static const char *const names[] = {"1m", "1h", "1d",  "1w", "1M",
                                        "1q", "1y", "45m", "7h", "36h"};
    const struct query_zone_change changes[] = {{1711846800, 7200}, {1729990800, 3600}};
    struct rng rng;
    rng_init(&rng, 3);
    for (unsigned i = 0; i < 20000; i++) {
        struct find_round r;
        ts_ns step;
        ts_ns offset;
        const char *name = names[i % (sizeof(names) / sizeof(names[0]))];
        assert_true(find_round_calendar(name, strlen(name), &r) ||
                    find_round_fixed(name, strlen(name), &r));
        r.zone.first_s = (int32_t)rng_below(&rng, 8) * 1800 - 7200;
        r.offset_ns = (ts_ns)rng_below(&rng, 3) * 6 * TIME_HOUR;
        if (i % 3 == 0)
            r.zone = (struct query_zone){.first_s = 3600, .n = 2, .changes = changes};
        ts_ns t = 1700000000 * TIME_S + (ts_ns)rng_below(&rng, 400 * 86400) * TIME_S;
        find_round_grain(&r, &step, &offset);
        ts_ns start = find_round_down(&r, t);
        ts_ns next = find_round_next(&r, start);
        assert_true(start <= t && t < next);
        assert_int_equal(time_floor(start - offset, step), start - offset);
        assert_int_equal(find_round_down(&r, next), next);
        assert_int_equal(find_round_down(&r, next - 1), start);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intervals), cmocka_unit_test(test_changes),
        cmocka_unit_test(test_midnight), cmocka_unit_test(test_grain)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
