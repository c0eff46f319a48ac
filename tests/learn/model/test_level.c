/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"
#include "model/series_priv.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SPAN (15 * TIME_MIN)

static struct model_series *make(enum model_kind kind)
{
    struct model_params p = {SPAN, kind, MODEL_BOTH, false};
    struct model_series *s = model_series_new(&p);
    assert_non_null(s);
    return s;
}

static double weight_of(const struct model_series *s, int first, int last)
{
    double sum = 0;
    for (int i = first; i <= last && i < s->levels; i++)
        sum += (double)model_level_of(s, i)->weight;
    return sum;
}

static void feed(struct model_series *s, int i, double value)
{
    struct model_observation o = {i * SPAN, value, 1, 1};
    model_series_learn(s, &o);
    double total = weight_of(s, 0, LEVELS - 1);
    assert_true(fabs(total - 1) < 1e-5);
}

static void a_still_series_trusts_its_slow_level(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 1);
    struct model_series *s = make(MODEL_VALUE);
    for (int i = 0; i < 3000; i++)
        feed(s, i, 50 + rng_normal(&r));
    struct model_point p;
    model_level_foretell(s, 3000 * SPAN, &p);
    assert_true(fabs(p.mean - 50) < 0.3 && p.between < 0.1);
    assert_true(weight_of(s, LEVEL_FAST, LEVEL_FAST) < 0.1);
    model_series_free(s);
}

static void a_wandering_one_its_fast_level(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 2);
    struct model_series *s = make(MODEL_VALUE);
    double x = 1000;
    for (int i = 0; i < 2000; i++)
        feed(s, i, x += rng_normal(&r));
    struct model_point p;
    model_level_foretell(s, 2000 * SPAN, &p);
    assert_true(fabs(p.mean - x) < 8);
    assert_true(weight_of(s, LEVEL_FAST, LEVEL_FAST) > 0.8);
    model_series_free(s);
}

static void a_slope_is_followed(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 3);
    struct model_series *s = make(MODEL_COUNT);
    double miss = 0;
    for (int i = 0; i < 2000; i++) {
        double truth = 100 + i;
        if (i >= 1000) {
            struct model_point p;
            model_level_foretell(s, i * SPAN, &p);
            miss += (p.mean - truth) / 1000;
        }
        feed(s, i, floor(truth + 10 * rng_normal(&r)));
    }
    assert_true(fabs(miss) < 10);
    model_series_free(s);
}

static void an_hour_of_the_day_is_foretold(void **state)
{
    (void)state;
    struct model_series *s = make(MODEL_COUNT);
    for (int i = 0; i < 96 * 12; i++)
        feed(s, i, i % 96 == 40 ? 900 : 10 + i % 3);
    struct model_point p;
    model_level_foretell(s, (96 * 12 + 40) * SPAN, &p);
    assert_true(p.foretold[LEVEL_DAILY] > 80);
    model_series_free(s);
}

static void zeros_fade_what_was(void **state)
{
    (void)state;
    struct model_series *s = make(MODEL_COUNT);
    for (int i = 0; i < 500; i++)
        feed(s, i, 100);
    model_level_fade(s, 1e6);
    model_level_weigh(s);
    struct model_point p;
    model_level_foretell(s, 500 * SPAN, &p);
    assert_true(p.mean < 0.1);
    model_series_free(s);
}

/* A change of scale may leave a slope that is far off; it is unlearned, not followed. */
static void a_steep_slope_of_logarithms_stays_within_bounds(void **state)
{
    (void)state;
    struct model_series *s = make(MODEL_VALUE);
    for (int i = 0; i < 200; i++)
        feed(s, i, i % 2 ? 1000 : 2000);
    s->scale = SCALE_LOG;
    model_level_at(s, LEVEL_TREND)->a = log(1500);
    model_level_at(s, LEVEL_TREND)->b = -MODEL_LOG_FARTHEST;
    for (int i = 200; i < 300; i++) {
        struct model_point p;
        model_level_foretell(s, i * SPAN, &p);
        model_level_learn(s, &p, log(1500));
        assert_true(fabs((double)model_level_of(s, LEVEL_TREND)->a) <= MODEL_LOG_FARTHEST);
        assert_true(fabs((double)model_level_of(s, LEVEL_TREND)->b) <= MODEL_LOG_FARTHEST);
    }
    model_series_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_still_series_trusts_its_slow_level),
        cmocka_unit_test(a_wandering_one_its_fast_level),
        cmocka_unit_test(a_slope_is_followed),
        cmocka_unit_test(an_hour_of_the_day_is_foretold),
        cmocka_unit_test(zeros_fade_what_was),
        cmocka_unit_test(a_steep_slope_of_logarithms_stays_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
