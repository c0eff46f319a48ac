/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"
#include "model/series_priv.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SPAN (3 * TIME_HOUR)
#define SERIES 1000

static struct model_series *fresh(enum model_kind kind)
{
    struct model_params p = {SPAN, kind, MODEL_BOTH, false};
    struct model_series *s = model_series_new(&p);
    assert_non_null(s);
    return s;
}

/* n squares of a normal law of variance 1. */
static void learn(struct model_series *s, struct rng *r, int n)
{
    struct model_point p = {.mean = 1};
    for (int i = 0; i < n; i++) {
        double z = rng_normal(r);
        model_spread_learn(s, &p, z * z);
        s->total++;
    }
}

/* Known as from so many values is what varies from series to series as a variance from so many
 * values does: by 2 / n. */
static void is_worth_as_many_values_as_its_error_says(void **state)
{
    (void)state;
    static const int lengths[] = {30, 168, 336, 3000};
    struct rng r;
    rng_init(&r, 1);
    for (int k = 0; k < 4; k++) {
        double sum = 0;
        double squares = 0;
        double values = 0;
        for (int i = 0; i < SERIES; i++) {
            struct model_series *s = fresh(MODEL_SUM);
            learn(s, &r, lengths[k]);
            double v = s->spread / s->spread_weight;
            sum += v / SERIES;
            squares += (v - 1) * (v - 1) / SERIES;
            values = (double)s->spread_values;
            model_series_free(s);
        }
        assert_true(fabs(sum - 1) < 0.02);
        assert_true(fabs(squares * values / 2 - 1) < 0.15);
        assert_true(values <= lengths[k]);
    }
}

/* Of counts few large ones tell more than many small ones. */
static void counts_tell_by_their_means(void **state)
{
    (void)state;
    struct model_series *s = fresh(MODEL_COUNT);
    struct model_point small = {.mean = 0.5};
    struct model_point large = {.mean = 100};
    for (; s->total < 100; s->total++)
        model_spread_learn(s, &small, 0.5);
    assert_true(s->spread_values > 20.0F);
    model_spread_learn(s, &large, 100);
    assert_true(s->spread_values >= 1.0F && s->spread_values < 1.1F);
    model_series_free(s);
}

/* What was forgotten is soon outweighed by what comes. */
static void what_is_forgotten_is_worth_less(void **state)
{
    (void)state;
    struct model_series *s = fresh(MODEL_SUM);
    struct model_point p = {.mean = 1};
    struct rng r;
    rng_init(&r, 2);
    learn(s, &r, 400);
    float before = s->spread_values;
    double v = s->spread / s->spread_weight;
    model_spread_forget(s, 0.25);
    assert_true(fabsf(s->spread_values - before / 4) < 0.01F);
    assert_true(fabs(s->spread / s->spread_weight - v) < 1e-12);
    for (int i = 0; i < 100; i++)
        model_spread_learn(s, &p, 4);
    assert_true(s->spread / s->spread_weight > 3);
    assert_true(s->spread_values < 0.8F * before);
    model_spread_forget(s, 0);
    model_spread_learn(s, &p, 4);
    assert_true(s->spread_values == 1.0F && s->spread == 4);
    model_series_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_worth_as_many_values_as_its_error_says),
        cmocka_unit_test(counts_tell_by_their_means),
        cmocka_unit_test(what_is_forgotten_is_worth_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
