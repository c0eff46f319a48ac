/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include "base/rng.h"

#include "cmocka_head.h"
#include <string.h>

static bool parse(const char *s, ts_ns *out)
{
    return time_parse_iso(s, strlen(s), out);
}

static void reads_iso(void **state)
{
    (void)state;
    ts_ns t;
    assert_true(parse("1970-01-01", &t));
    assert_int_equal(t, 0);
    assert_true(parse("2024-02-29T12:34:56.789Z", &t));
    assert_int_equal(t, 1709210096789 * TIME_MS);
    assert_true(parse("2024-02-29 12:34:56.789123456+02:00", &t));
    assert_int_equal(t, 1709202896 * TIME_S + 789123456);
    assert_true(parse("1969-12-31T23:59:59.5Z", &t));
    assert_int_equal(t, -TIME_S / 2);
    assert_true(parse("2024-01-31T10:20-0130", &t));
    assert_int_equal(t, 1706701800 * TIME_S);
}

static void refuses_what_is_no_time(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2024",
        "2024-13-01",
        "2023-02-29",
        "2024-01-01T",
        "2024-01-01T25:00",
        "2024-01-01T10:61",
        "2024-01-01T10:00:00Zx",
        "2024-1-1",
        "9999-01-01",
        "2024-01-01T10:00:00.",
        "2024-01-01T10:00+1",
    };
    ts_ns t = 5;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(parse(bad[i], &t));
    assert_int_equal(t, 5);
}

static void text_and_time_are_inverse(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 3);
    for (int i = 0; i < 20000; i++) {
        ts_ns t = (ts_ns)(rng_u64(&r) % (uint64_t)(200 * 365 * TIME_DAY)) - 100 * 365 * TIME_DAY;
        char text[TIME_TEXT_SIZE];
        ts_ns back;
        size_t n = time_format_iso(t, text);
        assert_int_equal(n, strlen(text));
        assert_true(time_parse_iso(text, n, &back));
        assert_int_equal(back, t);
        struct time_date d = time_split(t);
        assert_int_equal(time_join(&d), t);
    }
    char text[TIME_TEXT_SIZE];
    time_format_iso(1500 * TIME_MS, text);
    assert_string_equal(text, "1970-01-01T00:00:01.500Z");
}

static void floors_below_zero_too(void **state)
{
    (void)state;
    assert_int_equal(time_floor(7, 5), 5);
    assert_int_equal(time_floor(-1, 5), -5);
    assert_int_equal(time_floor(-5, 5), -5);
    assert_int_equal(time_floor(0, 5), 0);
    /* Where no earlier multiple can be told, the next. */
    ts_ns first = time_floor(INT64_MIN, TIME_DAY);
    assert_true(first % TIME_DAY == 0 && first - INT64_MIN < TIME_DAY);
}

static void spans(void **state)
{
    (void)state;
    ts_ns span;
    char text[TIME_TEXT_SIZE];
    assert_true(time_parse_span("15m", 3, &span));
    assert_int_equal(span, 15 * TIME_MIN);
    time_format_span(span, text);
    assert_string_equal(text, "15m");
    assert_true(time_parse_span("250ms", 5, &span));
    time_format_span(span, text);
    assert_string_equal(text, "250ms");
    time_format_span(0, text);
    assert_string_equal(text, "0s");
    assert_false(time_parse_span("15", 2, &span));
    assert_false(time_parse_span("m", 1, &span));
    assert_false(time_parse_span("-1m", 3, &span));
    assert_false(time_parse_span("99999999999999d", 15, &span));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_iso),
        cmocka_unit_test(refuses_what_is_no_time),
        cmocka_unit_test(text_and_time_are_inverse),
        cmocka_unit_test(floors_below_zero_too),
        cmocka_unit_test(spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
