/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"
#include "model/series_priv.h"
#include "stats/dist.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SPAN (15 * TIME_MIN)
#define DAY 96
#define LEARNED (21 * DAY)

static struct model_series *make(void)
{
    struct model_params p = {SPAN, MODEL_CONTENT, MODEL_HIGH, false};
    struct model_series *s = model_series_new(&p);
    assert_non_null(s);
    return s;
}

static void learn(struct model_series *s, int bucket, double bytes, double names)
{
    struct model_observation o = {bucket * SPAN, bytes, names, 1};
    model_series_learn(s, &o);
}

/* Digits of the probability of so much. */
static double digits(const struct model_series *s, int bucket, double bytes, double names)
{
    struct model_observation o = {bucket * SPAN, bytes, names, 1};
    struct model_judgement j;
    model_series_judge(s, &o, &j);
    return -j.log_p / M_LN10;
}

/* What so many names hold, about as deflate makes it of host names. */
static double held(double names, struct rng *r)
{
    return names > 0 ? 14 + 9 * names * exp(0.03 * rng_normal(r)) : 0;
}

static double poisson(struct rng *r, double mean)
{
    double left = exp(-mean);
    double k = 0;
    for (double u = rng_f64(r); u > left; u *= rng_f64(r))
        k++;
    return k;
}

static void few_names_have_the_law_of_counts(void **state)
{
    (void)state;
    static const double means[] = {2, 4, 12};
    for (int i = 0; i < 3; i++) {
        struct rng r;
        rng_init(&r, 3 + (uint64_t)i);
        struct model_series *s = make();
        for (int b = 0; b < LEARNED; b++) {
            double n = poisson(&r, means[i]);
            learn(s, b, held(n, &r), n);
        }
        for (double far = 5; far < 10; far += 2) {
            double n = floor(means[i]);
            while (stats_dist_poisson(n, means[i]).upper > -far * M_LN10)
                n++;
            double told = digits(s, LEARNED, held(n, &r), n);
            assert_true(told > 0.6 * far && told < 1.3 * far);
        }
        /* As many bytes in fewer names are as much. */
        double ratio = digits(s, LEARNED, held(30, &r), 20) / digits(s, LEARNED, held(30, &r), 30);
        assert_true(ratio > 0.75 && ratio < 1.1);
        model_series_free(s);
    }
}

static void one_name_always_makes_two_no_sensation(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 5);
    struct model_series *s = make();
    for (int b = 0; b < LEARNED; b++)
        learn(s, b, held(1, &r), 1);
    assert_true(digits(s, LEARNED, held(2, &r), 2) < 5);
    assert_true(digits(s, LEARNED, held(12, &r), 12) > 8);
    model_series_free(s);
}

static void what_holds_what_it_likes_is_an_amount(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 6);
    struct model_series *s = make();
    for (int b = 0; b < LEARNED; b++)
        learn(s, b, exp(6 + rng_normal(&r)), 1);
    for (double z = 3; z < 6.5; z += 0.5) {
        double digits_of_z = -stats_dist_normal(z, 0, 1).upper / M_LN10;
        double told = digits(s, LEARNED, exp(6 + z), 1);
        assert_true(told > 0.6 * digits_of_z && told < 1.2 * digits_of_z);
    }
    assert_true((double)s->evidence[LAW_LEAST] < (double)s->evidence[LAW_COMMON] - 40);
    model_series_free(s);
}

static void it_is_told_in_bytes(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 7);
    struct model_series *s = make();
    double middle;
    double lower;
    double upper;
    for (int b = 0; b < LEARNED; b++) {
        double n = 20 + floor(9 * rng_f64(&r));
        learn(s, b, held(n, &r), n);
    }
    model_series_expect(s, LEARNED * SPAN, &middle, &lower, &upper);
    assert_true(fabs(middle - 230) < 12);
    assert_true(lower > 130 && lower < 190 && upper > 270 && upper < 340);
    for (double n = 20; n < 29; n++) {
        assert_true(fabs(model_content_in_bytes(s, n) - (14 + 9 * n)) < 6);
        assert_true(fabs(model_content_in_names(s, 14 + 9 * n, n) - n) < 1);
    }
    assert_true(model_content_in_names(s, 0, 0) == 0 && model_content_in_bytes(s, 0) == 0);
    model_series_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_names_have_the_law_of_counts),
        cmocka_unit_test(one_name_always_makes_two_no_sensation),
        cmocka_unit_test(what_holds_what_it_likes_is_an_amount),
        cmocka_unit_test(it_is_told_in_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
