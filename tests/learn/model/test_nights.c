/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nights.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static double times_at(const char *when)
{
    ts_ns t;
    assert_true(time_parse_iso(when, strlen(when), &t));
    return exp(model_nights_log_times(t));
}

/* Nights on which clocks were set, in UTC, and the morning after. */
static void knows_the_nights(void **state)
{
    (void)state;
    static const char *const set[] = {
        "2024-03-10T10:00:00Z", /* Los Angeles */
        "2024-03-31T01:00:00Z", /* Berlin */
        "2024-04-06T16:00:00Z", /* Sydney */
        "2024-09-08T04:00:00Z", /* Santiago */
        "2024-09-28T14:00:00Z", /* Auckland */
        "2024-10-27T01:00:00Z", /* Berlin */
        "2024-11-03T06:00:00Z", /* New York */
        "2024-11-04T13:00:00Z", /* the Monday after, at eight there */
    };
    for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++)
        assert_true(times_at(set[i]) > 10);
}

static void others_are_rare(void **state)
{
    (void)state;
    static const char *const not_set[] = {
        "2024-01-14T01:00:00Z",                         /* a Sunday in winter */
        "2024-07-07T02:00:00Z",                         /* and in summer */
        "2024-03-27T08:00:00Z",                         /* a Wednesday */
        "2024-10-26T08:00:00Z",                         /* a Saturday morning */
        "2024-10-29T08:00:00Z",                         /* a Tuesday */
        "1970-01-01T00:00:00Z", "1960-03-27T01:00:00Z", /* before there is anything to count from */
    };
    for (size_t i = 0; i < sizeof(not_set) / sizeof(not_set[0]); i++)
        assert_true(times_at(not_set[i]) < 0.1);
    (void)model_nights_log_times(TIME_MAX);
    (void)model_nights_log_times(-TIME_MAX);
}

/* Over a year a clock is moved about once each way, as it would be on any day. */
static void is_once_a_year(void **state)
{
    (void)state;
    double sum = 0;
    double n = 0;
    ts_ns begin = 50 * 365 * TIME_DAY;
    /* A move is remembered for a day. */
    for (ts_ns t = begin; t < begin + 4 * 365 * TIME_DAY + TIME_DAY; t += TIME_HOUR) {
        sum += exp(model_nights_log_times(t));
        n++;
    }
    assert_true(sum / n > 0.7 && sum / n < 2.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_nights),
        cmocka_unit_test(others_are_rare),
        cmocka_unit_test(is_once_a_year),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
