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

#define SPAN (15 * TIME_MIN)
#define DAY 96

static struct model_series *make(void)
{
    struct model_params p = {SPAN, MODEL_VALUE, MODEL_BOTH, false};
    struct model_series *s = model_series_new(&p);
    assert_non_null(s);
    return s;
}

static void learn(struct model_series *s, int bucket, double value)
{
    struct model_observation o = {bucket * SPAN, value, 1, 1};
    model_series_learn(s, &o);
}

static double score(const struct model_series *s, int bucket, double value)
{
    struct model_observation o = {bucket * SPAN, value, 1, 1};
    struct model_judgement j;
    model_series_judge(s, &o, &j);
    return model_score_anchor(j.log_p, DAY);
}

static double typical(const struct model_series *s, int bucket)
{
    double middle;
    double lower;
    double upper;
    model_series_expect(s, bucket * SPAN, &middle, &lower, &upper);
    return middle;
}

static double day(int bucket)
{
    return 100 * (1 + 0.6 * sin(2 * M_PI * bucket / DAY));
}

/* The course of the day, and of the weekend, is the same on either scale. */
static void what_is_known_goes_over_to_logarithms(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 1);
    struct model_series *s = make();
    int adopted = -1;
    for (int i = 0; i < 22 * DAY; i++) {
        bool weekend = i / DAY % 7 >= 5;
        enum model_scale before = s->scale;
        double at[7];
        for (int k = 0; k < 7; k++)
            at[k] = typical(s, i + 1 + k * DAY);
        learn(s, i, day(i) * (weekend ? 0.5 : 1) * exp(0.25 * rng_normal(&r)));
        if (s->scale == before)
            continue;
        assert_int_equal(before, SCALE_LINEAR);
        adopted = i;
        for (int k = 0; k < 7 && i > 3 * DAY; k++)
            assert_true(fabs(log(typical(s, i + 1 + k * DAY) / at[k])) < 0.15);
        assert_true(i <= DAY || s->daily != NULL);
    }
    assert_in_range(adopted, 1, 10 * DAY);
    /* Eight deviations below are as rare as eight above, at noon and by night. */
    for (int at = 22 * DAY + 12; at < 23 * DAY; at += 12) {
        assert_true(score(s, at, day(at) * exp(-0.25 * 8)) >= 75);
        assert_true(score(s, at, day(at) * exp(0.25 * 8)) >= 75);
        assert_true(score(s, at, day(at) * exp(-0.25 * 2.5)) < 50);
    }
    model_series_free(s);
}

/* Where a level may be moving to is of the scale on which it was seen, and forgotten with it. */
static void a_change_under_way_does_not_go_over(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 1);
    struct model_series *s = make();
    bool heard = false;
    for (int i = 0; i < 60 * DAY && !(heard && s->scale == SCALE_LOG); i++) {
        double z = rng_normal(&r);
        learn(s, i, i < 20 * DAY ? 1e6 + 1e5 * z : 1e6 * exp(1.5 * z));
        heard = heard || (s->lasting != NULL && s->scale == SCALE_LINEAR);
    }
    assert_true(heard && s->scale == SCALE_LOG);
    for (int up = 0; up < 2 && s->lasting != NULL; up++)
        assert_true(fabs((double)s->lasting->moved[up]) < 100);
    model_series_free(s);
}

static void what_is_normal_stays_plain(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct rng r;
        rng_init(&r, seed);
        struct model_series *s = make();
        struct model_series *modes = make();
        for (int i = 0; i < 14 * DAY; i++) {
            learn(s, i, 100 + 30 * sin(2 * M_PI * i / DAY) + 12 * rng_normal(&r));
            learn(modes, i, (rng_below(&r, 10) < 3 ? 40 : 10) + rng_normal(&r));
        }
        assert_int_equal(s->scale, SCALE_LINEAR);
        /* Two modes are found on either scale; of one width they are plain ones. */
        assert_non_null(modes->mixture);
        assert_int_equal(modes->scale, SCALE_LINEAR);
        model_series_free(s);
        model_series_free(modes);
    }
}

/* Hours that are louder than others are so on either scale, and speak for none. */
static void loud_hours_stay_plain(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct rng r;
        rng_init(&r, seed);
        struct model_series *s = make();
        for (int i = 0; i < 28 * DAY; i++) {
            double loud = tanh(3 * sin(2 * M_PI * i / DAY));
            learn(s, i, 28 + 0.7 * (4.5 + 3.5 * loud) * rng_normal(&r));
        }
        assert_int_equal(s->scale, SCALE_LINEAR);
        model_series_free(s);
    }
}

static void there_is_a_way_back(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 3);
    struct model_series *s = make();
    for (int i = 0; i < 10 * DAY; i++)
        learn(s, i, 100 * exp(0.4 * rng_normal(&r)));
    assert_int_equal(s->scale, SCALE_LOG);
    for (int i = 10 * DAY; i < 50 * DAY; i++)
        learn(s, i, fmax(110 + 33 * rng_normal(&r), 1));
    assert_int_equal(s->scale, SCALE_LINEAR);
    assert_true(fabs(typical(s, 50 * DAY) - 110) < 10);
    assert_true(score(s, 50 * DAY, 5) < 75);
    assert_true(score(s, 50 * DAY, 110 + 33 * 8) >= 75);
    model_series_free(s);
}

static void a_negative_amount_is_plain_at_once(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 4);
    struct model_series *s = make();
    for (int i = 0; i < 5 * DAY; i++)
        learn(s, i, 100 * exp(0.4 * rng_normal(&r)));
    assert_int_equal(s->scale, SCALE_LOG);
    learn(s, 5 * DAY, -1);
    assert_int_equal(s->scale, SCALE_LINEAR);
    assert_true(fabs(typical(s, 5 * DAY) - 108) < 20);
    for (int i = 5 * DAY + 1; i < 6 * DAY; i++)
        learn(s, i, 100 * exp(0.4 * rng_normal(&r)));
    assert_int_equal(s->scale, SCALE_LINEAR);
    model_series_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_goes_over_to_logarithms),
        cmocka_unit_test(a_change_under_way_does_not_go_over),
        cmocka_unit_test(what_is_normal_stays_plain),
        cmocka_unit_test(loud_hours_stay_plain),
        cmocka_unit_test(there_is_a_way_back),
        cmocka_unit_test(a_negative_amount_is_plain_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
