/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/engine_priv.h"

#include "help.h"

#define SPAN (15 * TIME_MIN)
#define START ((ts_ns)1700000100 * TIME_S / SPAN * SPAN)

/* A job whose noise turns out to be routine: earlier scores come down, at fixed times only. */
static void test_routine_is_lowered(void **state)
{
    (void)state;
    struct detect_job *job =
        help_job("{\"job_id\":\"n\",\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{"
                 "\"function\":\"high_count\"}]}}");
    struct buf out;
    buf_init(&out);
    static const char *const columns[] = {"time"};
    struct detect *d = help_engine(job, &out, NULL, columns, 1);
    struct rng r;
    rng_init(&r, 3);
    size_t before = 0;
    ts_ns closed = TIME_NONE;
    for (int b = 0; b < 96 * 10; b++) {
        /* A burst every few hours, from the third day on. */
        int n = 20 + (int)rng_below(&r, 8);
        if (b > 200 && rng_below(&r, 17) == 0)
            n = 1500 + (int)rng_below(&r, 3000);
        struct help_row row = {.time = START + b * SPAN};
        for (int i = 0; i < n; i++)
            help_feed(d, &row, 1, 0);
        const char *update = strstr(buf_text(&out) + before, "update n_");
        if (update != NULL)
            assert_int_equal(time_floor(detect_final_until(d), 6 * TIME_HOUR),
                             detect_final_until(d));
        before = out.n;
        closed = detect_final_until(d);
    }
    assert_true(closed != TIME_NONE);
    assert_non_null(strstr(buf_text(&out), "update n_record_"));
    const char *bucket = strstr(buf_text(&out), "update n_bucket_1");
    assert_non_null(bucket);
    /* The bucket's own influencer gets the bucket's score. */
    const char *own = strchr(bucket, '\n') + 1;
    assert_int_equal(strncmp(own, "update n_bucket_influencer_1", 28), 0);
    const char *score = strchr(bucket + 7, ' ');
    const char *own_score = strchr(own + 7, ' ');
    assert_int_equal(strncmp(own_score - 12, "_bucket_time", 12), 0);
    assert_int_equal(strncmp(score, own_score, strcspn(score, "\n") + 1), 0);
    /* The same again changes nothing more. */
    detect_renormalize(d);
    before = out.n;
    detect_renormalize(d);
    assert_int_equal(out.n, before);
    detect_free(d);
    buf_release(&out);
    detect_job_free(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_routine_is_lowered)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
