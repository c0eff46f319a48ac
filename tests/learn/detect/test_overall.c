/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/overall.h"

#include "help.h"

#include <math.h>

#define QUARTER (15 * TIME_MIN)

static const char *const jobs[] = {"a", "b", "c"};

static void sink(void *ctx, const struct detect_result *r)
{
    detect_result_write(r, ctx);
    buf_char(ctx, '\n');
}

static struct detect_overall *make(struct buf *out, ts_ns bucket_span, size_t top_n, double min)
{
    const struct detect_overall_options options = {.jobs = jobs,
                                                   .n_jobs = 3,
                                                   .span = TIME_HOUR,
                                                   .bucket_span = bucket_span,
                                                   .top_n = top_n,
                                                   .min_score = min,
                                                   .sink = sink,
                                                   .ctx = out};
    struct detect_overall *o = detect_overall_new(&options);
    assert_non_null(o);
    buf_clear(out);
    return o;
}

/* a has buckets of a quarter, b of half an hour, c of an hour; in the fifth hour there is none. */
static void feed(struct detect_overall *o)
{
    for (int q = 0; q < 24; q++) {
        ts_ns time = q * QUARTER;
        if (q / 4 == 4)
            continue;
        detect_overall_add(o, 0, time, q == 6 ? 80 : q == 13 ? 30 : 0, false);
        if (q % 2 == 0)
            detect_overall_add(o, 1, time, q == 4 ? 40 : q == 20 ? 90 : 10, q == 20);
        if (q % 4 == 0)
            detect_overall_add(o, 2, time, 5, false);
    }
    detect_overall_end(o);
}

static const char *run(struct buf *out, ts_ns bucket_span, size_t top_n, double min)
{
    struct detect_overall *o = make(out, bucket_span, top_n, min);
    feed(o);
    detect_overall_free(o);
    return buf_text(out);
}

#define HEAD(hour, score)                                                                          \
    "{\"result_type\":\"overall_bucket\",\"timestamp\":" hour ",\"bucket_span\":3600,"             \
    "\"overall_score\":" score ",\"jobs\":["
#define JOB(id, score) "{\"job_id\":\"" id "\",\"max_anomaly_score\":" score "}"
#define TAIL "],\"is_interim\":false}\n"

static void the_worst_job_of_each_hour(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    assert_string_equal(
        run(&out, TIME_HOUR, 1, 0),
        HEAD("0", "10") JOB("a", "0") "," JOB("b", "10") "," JOB("c", "5")
            TAIL HEAD("3600000", "80") JOB("a", "80") "," JOB("b", "40") "," JOB("c", "5")
                TAIL HEAD("7200000", "10") JOB("a", "0") "," JOB("b", "10") "," JOB("c", "5")
                    TAIL HEAD("10800000", "30") JOB("a", "30") "," JOB("b", "10") "," JOB("c", "5")
                        TAIL HEAD("18000000", "90") JOB("a", "0") "," JOB("b", "90") "," JOB(
                            "c", "5") "],\"is_interim\":true}\n");
    buf_release(&out);
}

static void means_of_the_worst(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    assert_non_null(strstr(run(&out, TIME_HOUR, 2, 0), "\"overall_score\":60,"));
    /* More than there are jobs: all of them. */
    assert_non_null(strstr(run(&out, TIME_HOUR, 9, 0), "\"overall_score\":41.666666666666664"));
    assert_non_null(strstr(run(&out, TIME_HOUR, 9, 0), "\"overall_score\":5,"));
    buf_release(&out);
}

/* A larger span takes its worst hour, not the mean of what is worst in it. */
static void larger_spans(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    const char *s = run(&out, 3 * TIME_HOUR, 3, 0);
    assert_string_equal(
        s, "{\"result_type\":\"overall_bucket\",\"timestamp\":0,\"bucket_span\":"
           "10800,\"overall_score\":41.666666666666664,\"jobs\":[" JOB("a", "80") "," JOB(
               "b", "40") "," JOB("c", "5") TAIL
        "{\"result_type\":\"overall_bucket\",\"timestamp\":10800000,\"bucket_"
        "span\":10800,\"overall_score\":31.666666666666668,\"jobs\":[" JOB("a", "30") "," JOB(
            "b", "90") "," JOB("c", "5") "],\"is_interim\":true}\n");
    buf_release(&out);
}

static void only_scores_from(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    size_t n = 0;
    for (const char *p = run(&out, TIME_HOUR, 1, 80); (p = strchr(p, '\n')) != NULL; p++)
        n++;
    assert_int_equal(n, 2);
    assert_string_equal(run(&out, TIME_HOUR, 1, 90.5), "");
    buf_release(&out);
}

/* Nothing, times before the epoch, no number: no harm. */
static void odd_input(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    struct detect_overall *o = make(&out, TIME_HOUR, 1, 0);
    detect_overall_end(o);
    assert_int_equal(out.n, 0);
    detect_overall_add(o, 1, -1, (double)NAN, false);
    detect_overall_end(o);
    detect_overall_end(o);
    assert_string_equal(buf_text(&out), HEAD("-3600000", "0") JOB("b", "0") TAIL);
    detect_overall_free(o);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worst_job_of_each_hour),
        cmocka_unit_test(means_of_the_worst),
        cmocka_unit_test(larger_spans),
        cmocka_unit_test(only_scores_from),
        cmocka_unit_test(odd_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
