/* SPDX-License-Identifier: Apache-2.0 */
#include "promise.h"

#define SPAN (15 * TIME_MIN)
#define START ((ts_ns)1699920000 * TIME_S) /* a Tuesday, 00:00 UTC */
#define DAYS 28

static const char *const columns[] = {"time", "user", "host"};

static void row(struct promise *p, ts_ns time, const char *user, const char *host)
{
    struct help_row *x = promise_row(p, time);
    snprintf(x->text[0], sizeof(x->text[0]), "%s", user);
    snprintf(x->text[1], sizeof(x->text[1]), "%s", host);
}

/* A user from about nine to about five on weekdays, and a machine at all hours. On the last day, a
 * Monday, `odd` is an hour at which the user comes as well; none when negative. */
static void habits(struct promise *p, uint64_t seed, int odd)
{
    struct rng r;
    rng_init(&r, seed);
    for (int d = 0; d < DAYS; d++) {
        double in = 9 * 4 + 2 * rng_normal(&r);
        double out = 17 * 4 + 2 * rng_normal(&r);
        for (int q = 0; q < 96; q++) {
            ts_ns time = START + d * TIME_DAY + q * SPAN;
            bool works = d % 7 != 4 && d % 7 != 5 && q >= in && q < out && rng_below(&r, 3) > 0;
            if (works || (d == DAYS - 1 && q == odd * 4))
                row(p, time + TIME_MIN, "anna", "desk");
            if (rng_below(&r, 2) == 0)
                row(p, time + 2 * TIME_MIN, "robot", "rack");
        }
    }
}

static double run(const char *detector, uint64_t seed, int odd, const char *with)
{
    struct promise p;
    char text[512];
    snprintf(text, sizeof(text),
             "{\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{%s}],"
             "\"influencers\":[\"host\"]}}",
             detector);
    promise_begin(&p, text, columns, 3);
    habits(&p, seed, odd);
    char *out = promise_run(&p, NULL, 0);
    double score = promise_score(out, with);
    free(out);
    promise_end(&p);
    return score;
}

static void test_finds_and_stays_quiet(void **state)
{
    (void)state;
    static const char *const jobs[] = {
        "\"function\":\"time_of_day\",\"by_field_name\":\"user\"",
        "\"function\":\"time_of_week\",\"partition_field_name\":\"user\""};
    for (uint64_t seed = 1; seed <= 5; seed++) {
        for (size_t i = 0; i < 2; i++) {
            assert_true(run(jobs[i], seed, -1, "") < 50);
            assert_true(run(jobs[i], seed, 3, "\"anna\"") >= 50);
            assert_true(run(jobs[i], seed, 3, "\"robot\"") < 50);
        }
        assert_true(run(jobs[0], seed, 3, "\"actual\":[11250]") >= 50);
        assert_true(run(jobs[0], seed, 3, "\"function_description\":\"time\"") >= 50);
        assert_true(run(jobs[0], seed, 3, "\"host\":[\"desk\"]") >= 50);
    }
}

static void test_same_bytes(void **state)
{
    (void)state;
    struct promise p;
    promise_begin(&p,
                  "{\"analysis_config\":{\"bucket_span\":\"1h\",\"detectors\":["
                  "{\"function\":\"time_of_day\",\"by_field_name\":\"user\"},"
                  "{\"function\":\"time_of_day\",\"over_field_name\":\"user\"},"
                  "{\"function\":\"time_of_week\",\"by_field_name\":\"host\",\"over_field_name\":"
                  "\"user\"}],\"influencers\":[\"host\"]},\"model_plot_config\":{}}",
                  columns, 3);
    habits(&p, 7, 3);
    promise_same_bytes(&p);
    char *out = promise_run(&p, NULL, 0);
    assert_true(promise_score(out, "\"detector_index\":0") > 0);
    free(out);
    promise_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_finds_and_stays_quiet),
                                       cmocka_unit_test(test_same_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
