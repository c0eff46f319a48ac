/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "base/buf.h"
#include "engine/jobs_priv.h"

static bool near(double a, double b)
{
    double off = a - b;
    return (off < 0 ? -off : off) < 1e-9;
}

static void test_timing(void **state)
{
    (void)state;
    struct engine_job r = {.timing = {.hour = TIME_NONE}};
    const struct engine_timing *t = &r.timing;
    engine_jobs_timed(&r, 0, 5 * TIME_MS, 0);
    assert_int_equal(t->buckets, 0);
    engine_jobs_timed(&r, 1, 4 * TIME_MS, 0);
    engine_jobs_timed(&r, 2, 4 * TIME_MS, 10 * TIME_MIN); /* two at once: 2 ms each */
    assert_int_equal(t->buckets, 3);
    assert_true(near(t->total_ms, 8) && near(t->least_ms, 2) && near(t->most_ms, 4));
    assert_true(near(t->mean_ms, 4 + 0.01 * (2 - 4)));
    assert_true(near(t->hour_ms, 8) && near(t->hours_ms, 0));
    engine_jobs_timed(&r, 1, 10 * TIME_MS, TIME_HOUR);
    assert_true(near(t->hours_ms, 8) && near(t->hour_ms, 10));
    engine_jobs_timed(&r, 1, 1 * TIME_MS, 2 * TIME_HOUR + 1);
    assert_true(near(t->hours_ms, 8 + 0.1 * (10 - 8)) && near(t->hour_ms, 1));
}

/* What is written is read again; what is no such text changes nothing. */
static void test_read(void **state)
{
    (void)state;
    struct engine_job r = {.timing = {.buckets = 7}, .data = TIME_NONE};
    engine_jobs_read_stats(&r, NULL);
    engine_jobs_read_stats(&r, "no json");
    assert_int_equal(r.timing.buckets, 7);
    assert_true(r.data == TIME_NONE);
    engine_jobs_read_stats(&r, "{\"timing_stats\":{\"bucket_count\":3,"
                               "\"total_bucket_processing_time_ms\":9.5,"
                               "\"minimum_bucket_processing_time_ms\":-1,"
                               "\"maximum_bucket_processing_time_ms\":4},"
                               "\"data_counts\":{\"last_data_time\":1700006400123}}");
    assert_int_equal(r.data, 1700006400123 * TIME_MS);
    assert_int_equal(r.timing.buckets, 3);
    assert_true(near(r.timing.total_ms, 9.5) && near(r.timing.most_ms, 4));
    assert_true(near(r.timing.least_ms, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_timing), cmocka_unit_test(test_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
