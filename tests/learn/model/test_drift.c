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
#define DAY 96
#define WEEK (7 * DAY)
#define SEEDS 10

static struct model_series *made(enum model_kind kind)
{
    struct model_params p = {SPAN, kind, MODEL_BOTH, false};
    struct model_series *s = model_series_new(&p);
    assert_non_null(s);
    return s;
}

static void learn(struct model_series *s, int i, double value)
{
    struct model_observation o = {i * SPAN, value, 1, 1};
    model_series_learn(s, &o);
}

static double wave(int i)
{
    return 1 + 0.5 * sin(2 * M_PI * i / DAY);
}

static double growth_of(const struct model_series *s)
{
    assert_non_null(s->drift);
    return (double)s->drift->growth * DAY;
}

/* Counts that grow by a quarter in a week: the level that remembers weeks is where they are. */
static void counts_that_grow_are_foretold(void **state)
{
    (void)state;
    const double a_day = log(1.25) / 7;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct model_series *s = made(MODEL_COUNT);
        struct rng r;
        rng_init(&r, seed);
        int i = 0;
        for (; i < 5 * WEEK; i++) {
            double mean = 60 * wave(i) * exp(a_day * i / DAY);
            learn(s, i, floor(mean + sqrt(mean) * rng_normal(&r) + 0.5));
        }
        struct model_point p;
        model_level_foretell(s, i * SPAN, &p);
        double mean = 60 * wave(i) * exp(a_day * i / DAY);
        assert_true(fabs(growth_of(s) / a_day - 1) < 0.15);
        assert_true(fabs(p.foretold[LEVEL_DAILY] / mean - 1) < 0.1);
        model_series_free(s);
    }
}

/* Amounts grow by their logarithm, means by what is added. */
static void amounts_and_means_grow(void **state)
{
    (void)state;
    for (int kind = MODEL_SUM; kind <= MODEL_VALUE; kind++) {
        struct model_series *s = made((enum model_kind)kind);
        struct rng r;
        rng_init(&r, 5);
        for (int i = 0; i < 3 * WEEK; i++) {
            double days = (double)i / DAY;
            double noise = rng_normal(&r);
            learn(s, i,
                  kind == MODEL_SUM ? exp(8 - 0.05 * days + 0.4 * noise)
                                    : 30 - 0.05 * days + 0.4 * noise);
        }
        assert_true(kind == MODEL_SUM || s->scale == SCALE_LINEAR);
        assert_true(fabs(growth_of(s) + 0.05) < 0.01);
        model_series_free(s);
    }
}

/* Nothing grows: not by chance, not where weekends are quiet, not where a level has moved. */
static void what_does_not_grow_is_not_said_to(void **state)
{
    (void)state;
    enum { CALM, WEEKENDS, MOVED, KINDS };
    double worst[KINDS] = {0};
    for (int k = 0; k < KINDS; k++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct model_series *s = made(MODEL_COUNT);
            struct rng r;
            rng_init(&r, seed);
            for (int i = 0; i < 4 * WEEK; i++) {
                double mean = 60 * wave(i);
                mean *= k == WEEKENDS && i / DAY % 7 >= 5 ? 0.3 : 1;
                mean *= k == MOVED && i >= 18 * DAY + 31 ? 3 : 1;
                learn(s, i, floor(mean * exp(0.2 * rng_normal(&r))));
                if (i >= 2 * WEEK)
                    worst[k] = fmax(worst[k], fabs(growth_of(s)));
            }
            model_series_free(s);
        }
    assert_true(worst[CALM] < 0.004);
    assert_true(worst[WEEKENDS] < 0.01);
    assert_true(worst[MOVED] < 0.01);
}

static void it_is_kept(void **state)
{
    (void)state;
    struct model_series *s = made(MODEL_COUNT);
    struct rng r;
    rng_init(&r, 9);
    int i = 0;
    for (; i < 3 * WEEK + 40; i++)
        learn(s, i, floor(50 * wave(i) * exp(0.04 * i / DAY + 0.1 * rng_normal(&r))));
    assert_true(growth_of(s) > 0.03);
    struct buf b;
    buf_init(&b);
    model_series_save(s, &b);
    struct cursor c = cursor_make(b.p, b.n);
    struct model_params params = {SPAN, MODEL_COUNT, MODEL_BOTH, false};
    struct model_series *back;
    assert_int_equal(model_series_load(&c, &params, &back), ERR_NONE);
    buf_release(&b);
    for (int k = 0; k < 3 * DAY; k++, i++) {
        double value = floor(50 * wave(i) * exp(0.04 * i / DAY + 0.1 * rng_normal(&r)));
        struct model_observation o = {i * SPAN, value, 1, 1};
        struct model_judgement j[2];
        model_series_judge(s, &o, &j[0]);
        model_series_judge(back, &o, &j[1]);
        assert_true(j[0].log_p == j[1].log_p);
        learn(s, i, value);
        learn(back, i, value);
        assert_true(s->drift->growth == back->drift->growth);
    }
    model_series_free(s);
    model_series_free(back);
}

/* After weeks without a word no day can be compared. */
static void a_gap_is_not_compared(void **state)
{
    (void)state;
    struct model_series *s = made(MODEL_VALUE);
    struct rng r;
    rng_init(&r, 10);
    int i = 0;
    for (; i < 3 * WEEK; i++)
        learn(s, i, 30 + 0.05 * i / DAY + 0.4 * rng_normal(&r));
    assert_true(growth_of(s) > 0.04);
    i += 10 * WEEK;
    learn(s, i, 31);
    assert_int_equal(s->drift->known, 0);
    model_drift_forget(s);
    assert_true(growth_of(s) == 0);
    assert_true(s->drift->days == 0.0F);
    model_series_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_that_grow_are_foretold),
        cmocka_unit_test(amounts_and_means_grow),
        cmocka_unit_test(what_does_not_grow_is_not_said_to),
        cmocka_unit_test(it_is_kept),
        cmocka_unit_test(a_gap_is_not_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
