/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"
#include "model/score.h"
#include "model/series_priv.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SPAN (5 * TIME_MIN)
#define DAY 288
#define TESTS 28800.0

static struct model_judgement step(struct model_series *s, int bucket, double value, bool teach)
{
    struct model_observation o = {bucket * SPAN, value, 1, 1};
    struct model_judgement j;
    model_series_judge(s, &o, &j);
    if (teach)
        model_series_learn(s, &o);
    return j;
}

static double score(struct model_series *s, int bucket, double value)
{
    return model_score_anchor(step(s, bucket, value, false).log_p, TESTS);
}

static void a_cycle_of_ninety_minutes_is_found_and_used(void **state)
{
    (void)state;
    for (int kind = MODEL_COUNT; kind <= MODEL_VALUE; kind++) {
        struct model_params p = {SPAN, (enum model_kind)kind, MODEL_HIGH, false};
        struct model_series *s = model_series_new(&p);
        struct rng r;
        rng_init(&r, 4);
        for (int i = 0; i < 10 * DAY; i++) {
            double mean = i % 18 < 5 ? 400 : 100;
            step(s, i, floor(mean * exp(0.1 * rng_normal(&r))), true);
        }
        assert_non_null(s->cycle);
        assert_true(model_season_length(s->cycle) == 18);
        /* What is ordinary in the pulse is news outside it. */
        int at = 10 * DAY;
        assert_true(score(s, at + 2, 420) < 25);
        assert_true(score(s, at + 10, 420) >= 75);
        model_series_free(s);
    }
}

static void two_modes_are_found_and_nothing_hides_between_them(void **state)
{
    (void)state;
    for (int kind = MODEL_COUNT; kind <= MODEL_VALUE; kind++) {
        struct model_params p = {SPAN, (enum model_kind)kind, MODEL_BOTH, false};
        struct model_series *s = model_series_new(&p);
        struct rng r;
        rng_init(&r, 6);
        int loud = 0;
        for (int i = 0; i < 10 * DAY; i++) {
            double mean = rng_below(&r, 5) < 2 ? 1400 : 700;
            double value = floor(mean + 0.04 * mean * rng_normal(&r));
            struct model_judgement j = step(s, i, value, true);
            loud += i > 4 * DAY && model_score_anchor(j.log_p, TESTS) >= 75;
        }
        assert_int_equal(loud, 0);
        assert_non_null(s->mixture);
        assert_int_equal(s->mixture->parts, 2);
        assert_true(score(s, 10 * DAY, 1400) < 25 && score(s, 10 * DAY, 700) < 25);
        /* Seven standard deviations beyond one of them. */
        assert_true(score(s, 10 * DAY, 1400 * 1.3) >= 75);
        assert_true(score(s, 10 * DAY, 700 * 0.7) >= 75);
        model_series_free(s);
    }
}

/* Two levels with one spread have two by their logarithms, and are measured as they are once they
 * have been found, whatever was thought of them before. */
static void modes_of_one_width_are_plain(void **state)
{
    (void)state;
    int found = 0;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct rng r;
        rng_init(&r, seed);
        struct model_params params = {SPAN, MODEL_VALUE, MODEL_BOTH, false};
        struct model_series *s = model_series_new(&params);
        assert_non_null(s);
        for (int i = 0; i < 12 * DAY; i++)
            (void)step(s, i, (rng_below(&r, 10) < 3 ? 24 : 12) + 0.7 * rng_normal(&r), true);
        assert_true(s->scale == SCALE_LINEAR);
        found += s->mixture != NULL && s->mixture->parts == 2;
        model_series_free(s);
    }
    assert_int_equal(found, 30);
}

static void a_plain_series_keeps_no_sample(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 8);
    int kept = 0;
    for (int k = 0; k < 20; k++) {
        struct model_params p = {SPAN, MODEL_SUM, MODEL_BOTH, false};
        struct model_series *s = model_series_new(&p);
        for (int i = 0; i < 5 * DAY; i++)
            step(s, i, exp(8 + 0.5 * rng_normal(&r)), true);
        assert_null(s->cycle);
        assert_null(s->mixture);
        kept += s->sample != NULL;
        model_series_free(s);
    }
    assert_in_range(kept, 0, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cycle_of_ninety_minutes_is_found_and_used),
        cmocka_unit_test(two_modes_are_found_and_nothing_hides_between_them),
        cmocka_unit_test(modes_of_one_width_are_plain),
        cmocka_unit_test(a_plain_series_keeps_no_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
