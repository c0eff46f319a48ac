/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/engine_priv.h"

#include "help.h"

#define SPAN (15 * TIME_MIN)
#define START ((ts_ns)1700000100 * TIME_S / SPAN * SPAN)

/* The first update of a document whose id begins and ends so; its score. */
static const char *update_of(const struct buf *out, const char *head, const char *tail,
                             const char **score)
{
    for (const char *line = buf_text(out); *line != '\0'; line = strchr(line, '\n') + 1) {
        const char *end = line + strcspn(line, "\n");
        if (strncmp(line, "update ", 7) != 0 || strncmp(line + 7, head, strlen(head)) != 0)
            continue;
        *score = strchr(line + 7, ' ');
        if (*score < end && strncmp(*score - strlen(tail), tail, strlen(tail)) == 0)
            return line;
    }
    return NULL;
}

static void assert_same_line(const char *a, const char *b)
{
    assert_int_equal(strncmp(a, b, strcspn(a, "\n") + 1), 0);
}

/* A job whose noise turns out to be routine: earlier scores come down, at fixed times only. */
static void test_routine_is_lowered(void **state)
{
    (void)state;
    struct detect_job *job =
        help_job("{\"job_id\":\"n\",\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{"
                 "\"function\":\"high_count\"}],\"influencers\":[\"host\"]}}");
    struct buf out;
    buf_init(&out);
    static const char *const columns[] = {"time", "host"};
    struct detect *d = help_engine(job, &out, NULL, columns, 2);
    struct rng r;
    rng_init(&r, 3);
    size_t before = 0;
    ts_ns closed = TIME_NONE;
    for (int b = 0; b < 96 * 10; b++) {
        /* A burst every few hours, from the third day on. */
        int n = 20 + (int)rng_below(&r, 8);
        if (b > 200 && rng_below(&r, 17) == 0)
            n = 1500 + (int)rng_below(&r, 3000);
        struct help_row row = {.time = START + b * SPAN, .text = {"a"}};
        for (int i = 0; i < n; i++)
            help_feed(d, &row, 1, 1);
        const char *update = strstr(buf_text(&out) + before, "update n_");
        if (update != NULL)
            assert_int_equal(time_floor(detect_final_until(d), 6 * TIME_HOUR),
                             detect_final_until(d));
        before = out.n;
        closed = detect_final_until(d);
    }
    assert_true(closed != TIME_NONE);
    assert_non_null(strstr(buf_text(&out), "update n_record_"));
    /* The bucket's own influencer gets the bucket's score. */
    const char *score;
    const char *bucket = update_of(&out, "n_bucket_1", "_900", &score);
    assert_non_null(bucket);
    const char *own_score;
    const char *own = update_of(&out, "n_bucket_influencer_1", "_bucket_time", &own_score);
    assert_ptr_equal(own, strchr(bucket, '\n') + 1);
    assert_same_line(score, own_score);
    /* Its influencer of a field is told in its own document, then in the bucket's. */
    const char *host = update_of(&out, "n_bucket_influencer_1", "_host", &own_score);
    const char *in_bucket = update_of(&out, "n_bucket_1", "_900#host", &score);
    assert_non_null(host);
    assert_ptr_equal(in_bucket, strchr(host, '\n') + 1);
    assert_same_line(score, own_score);
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
