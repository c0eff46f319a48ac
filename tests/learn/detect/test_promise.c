/* SPDX-License-Identifier: Apache-2.0 */
/* The same bytes from a job that has every function: with any number of threads, stopped at every
 * bucket and in the middle of it, late records and short memory included. */
#include "promise.h"

#define SPAN TIME_HOUR
#define START (1700000000 / 3600 * TIME_HOUR)

#define JOB(rest, limit)                                                                           \
    "{\"analysis_config\":{\"bucket_span\":\"1h\",\"detectors\":[" PROMISE_DETECTORS               \
    "],\"influencers\":[\"host\",\"user\"]" rest                                                   \
    "},\"analysis_limits\":{\"model_memory_limit\":\"" limit                                       \
    "\"},\"model_plot_config\":{\"terms\":\"h1\"}}"

static const char *const columns[] = {"time", "host", "user", "v", "name", "place"};

/* Ordinary traffic with a few days of season, and things that stand out. late: records up to that
 * much behind. */
static void fill(struct promise *p, size_t buckets, ts_ns late, bool churn)
{
    struct rng r;
    rng_init(&r, 17);
    for (size_t b = 0; b < buckets; b++) {
        size_t n = 12 + b % 24 / 2 + (b == buckets - 7 ? 60 : 0);
        for (size_t i = 0; i < n; i++) {
            ts_ns time = START + (ts_ns)b * SPAN + (ts_ns)((double)SPAN * (double)i / (double)n);
            struct help_row *row = promise_row(p, time - (late > 0 && i % 5 == 0 ? late : 0));
            bool odd = b == buckets - 7 && i > n - 30;
            unsigned user = odd ? 7 : (unsigned)rng_below(&r, 9);
            snprintf(row->text[0], 48, "h%u", (unsigned)rng_below(&r, churn ? 200 : 4));
            snprintf(row->text[1], 48, "u%u", user);
            snprintf(row->text[2], 48, "%u", (odd ? 90000 : 100) + (unsigned)rng_below(&r, 100));
            if (churn || odd)
                snprintf(row->text[3], 48, "n%u", (unsigned)rng_below(&r, 1U << 30));
            else
                snprintf(row->text[3], 48, "n%u", (unsigned)rng_below(&r, 12));
            snprintf(row->text[4], 48, "%d.5,%d.25", odd ? -40 : 50 + (int)rng_below(&r, 3),
                     (int)rng_below(&r, 4));
        }
    }
}

/* All results; the engine is saved and restored at each change of bucket and, if often is set,
 * before every fifth record besides. */
static char *run_restored(const struct promise *p, bool often)
{
    struct buf out;
    buf_init(&out);
    struct detect *d = help_engine(p->job, &out, NULL, p->columns, p->n_columns);
    for (size_t i = 0; i < p->n; i++) {
        if (i > 0 && (time_floor(p->rows[i].time, SPAN) != time_floor(p->rows[i - 1].time, SPAN) ||
                      (often && i % 5 == 3)))
            d = promise_again(p, d, &out, NULL);
        help_feed(d, &p->rows[i], 1, p->n_columns - 1);
    }
    d = promise_again(p, d, &out, NULL);
    assert_int_equal(detect_finish(d), ERR_NONE);
    detect_report_size(d);
    detect_free(d);
    char *text = buf_take(&out, NULL);
    assert_non_null(text);
    return text;
}

static void check(const char *job, size_t buckets, ts_ns late, bool churn, bool refused)
{
    struct promise p;
    promise_begin(&p, job, columns, 6);
    fill(&p, buckets, late, churn);
    char *whole = promise_run(&p, NULL, 0);
    assert_non_null(strstr(whole, "\"result_type\":\"record\""));
    assert_non_null(strstr(whole, "\"result_type\":\"model_plot\""));
    assert_int_equal(strstr(whole, "\"memory_status\":\"hard_limit\"") != NULL, refused);
    char *restored = run_restored(&p, false);
    assert_string_equal(whole, restored);
    free(restored);
    restored = run_restored(&p, true);
    assert_string_equal(whole, restored);
    free(restored);
    free(whole);
    promise_same_bytes(&p);
    promise_end(&p);
}

static void test_every_function(void **state)
{
    (void)state;
    check(JOB("", "64mb"), 200, 0, false, false);
}

static void test_late_records(void **state)
{
    (void)state;
    check(JOB(",\"latency\":\"3h\"", "64mb"), 70, 2 * TIME_HOUR, false, false);
}

/* New names all the time under a limit that holds too few of them. */
static void test_short_memory(void **state)
{
    (void)state;
    check(JOB("", "1400kb"), 80, 0, true, true);
}

static void test_short_memory_and_late_records(void **state)
{
    (void)state;
    check(JOB(",\"latency\":\"3h\"", "1400kb"), 60, 2 * TIME_HOUR, true, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_function),
        cmocka_unit_test(test_late_records),
        cmocka_unit_test(test_short_memory),
        cmocka_unit_test(test_short_memory_and_late_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
