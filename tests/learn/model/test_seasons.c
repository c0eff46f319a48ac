/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
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

static struct model_series *make(enum model_kind kind)
{
    struct model_params p = {SPAN, kind, MODEL_BOTH, false};
    struct model_series *s = model_series_new(&p);
    assert_non_null(s);
    return s;
}

static void learn(struct model_series *s, int bucket, double value)
{
    struct model_observation o = {bucket * SPAN, value, 1, 1};
    model_series_learn(s, &o);
}

static bool whole(const struct model_season *season)
{
    return season != NULL && model_season_ready(season);
}

/* As many levels as there are seasons that have been seen whole. */
static void a_season_comes_when_due_and_goes_when_useless(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 1);
    struct model_series *flat = make(MODEL_VALUE);
    struct model_series *wave = make(MODEL_VALUE);
    for (int i = 0; i < 50 * DAY; i++) {
        double noise = rng_normal(&r);
        learn(flat, i, 100 + noise);
        learn(wave, i, 100 + noise + 10 * sin(2 * 3.14159265358979 * i / DAY));
        assert_int_equal(flat->levels, whole(flat->cycle)    ? LEVELS
                                       : whole(flat->weekly) ? LEVEL_CYCLE
                                       : whole(flat->daily)  ? LEVEL_WEEKLY
                                                             : LEVEL_DAILY);
        /* Parts of a week are told apart once there is one. */
        assert_true(flat->week == NULL || whole(flat->weekly));
        if (i == DAY - 2)
            assert_null(wave->daily);
        if (i == 2 * DAY)
            assert_non_null(wave->daily);
        if (i == 8 * DAY)
            assert_non_null(wave->weekly);
    }
    assert_null(flat->weekly);
    assert_null(flat->variance);
    assert_non_null(wave->daily);
    model_series_free(flat);
    model_series_free(wave);
}

/* An office that is first seen on a weekend: the hours at work are no change that the day is
 * measured against, but a part of it. */
static void a_first_weekend_is_outlived(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct rng r;
        rng_init(&r, seed);
        struct model_series *s = make(MODEL_COUNT);
        for (int i = 0; i < 21 * DAY; i++) {
            bool weekend = i / DAY % 7 == 0 || i / DAY % 7 == 6;
            bool work = i % DAY >= 36 && i % DAY < 68;
            double mean = work && !weekend ? 640 : 22;
            learn(s, i, floor(mean * exp(0.6 * rng_normal(&r) - 0.18)));
            double base = s->daily != NULL ? model_season_base(s->daily) : 0;
            if (whole(s->daily))
                assert_true(base > 80 && base < 400);
        }
        assert_true(whole(s->weekly) && model_season_cycles(s->daily) > 19);
        model_series_free(s);
    }
}

/* Each hour's spread is known as well as its values tell, those of the first night too. */
static void quiet_hours_are_known(void **state)
{
    (void)state;
    double squares = 0;
    double n = 0;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct rng r;
        rng_init(&r, seed);
        struct model_series *s = make(MODEL_VALUE);
        for (int i = 0; i < 28 * DAY; i++) {
            struct model_point p;
            bool loud = i % DAY >= 36;
            double sd = loud ? 6 : 1;
            model_level_foretell(s, i * SPAN, &p);
            double far = log(model_law_sd(s, &p, 1) / sd);
            if (i >= 26 * DAY) {
                squares += far * far;
                n++;
            }
            learn(s, i, 100 + sd * rng_normal(&r));
        }
        model_series_free(s);
    }
    /* A bin holds two values a day: what is remembered of them tells a spread to an eighth. */
    assert_true(sqrt(squares / n) < 0.22);
}

static void a_standstill_leaves_the_shape_alone(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 2);
    struct model_series *s = make(MODEL_COUNT);
    double before[4];
    for (int i = 0; i < 22 * DAY; i++) {
        double mean = 200 * (1 + 0.8 * sin(2 * 3.14159265358979 * i / DAY));
        learn(s, i, i < 20 * DAY ? floor(mean * exp(0.05 * rng_normal(&r))) : 0);
        if (i == 20 * DAY - 1 || i == 22 * DAY - 1)
            for (int q = 0; q < 4; q++) {
                struct model_point p;
                model_level_foretell(s, (i + 1 + q * DAY / 4) * SPAN, &p);
                double now = p.daily;
                if (i == 20 * DAY - 1)
                    before[q] = now;
                else
                    assert_true(fabs(now / before[q] - 1) < 0.5);
            }
    }
    model_series_free(s);
}

static void no_cycle_without_room(void **state)
{
    (void)state;
    struct model_series *s = make(MODEL_VALUE);
    struct model_point p = {.weekly = 2, .mean = 5};
    assert_false(model_seasons_cycle(s, &p, 1.5, false));
    assert_null(s->cycle);
    assert_int_equal(s->levels, LEVEL_DAILY);
    assert_true(model_seasons_cycle(s, &p, 18, false));
    assert_true(model_season_base(s->cycle) == 3);
    /* What its levels will take is counted, and taken when it has been seen whole. */
    assert_int_equal(model_level_memory(s), mem_cost(6 * sizeof(struct model_level)));
    assert_int_equal(s->levels, LEVEL_DAILY);
    for (int i = 0; i < 18; i++) {
        assert_true(model_level_fit(s));
        assert_int_equal(s->levels, LEVEL_DAILY);
        model_season_learn(&s->cycle, i * SPAN, 3, 0, 1);
    }
    assert_true(model_level_fit(s));
    assert_int_equal(s->levels, LEVELS);
    model_seasons_forget(s);
    assert_null(s->cycle);
    assert_int_equal(s->levels, LEVEL_DAILY);
    model_series_free(s);
}

/* What is not allowed is not begun, which is said, and begun as soon as it is. */
static void begins_what_it_may(void **state)
{
    (void)state;
    struct model_params params = {TIME_HOUR, MODEL_COUNT, MODEL_BOTH, false};
    struct model_series *s = model_series_new(&params);
    assert_non_null(s);
    bool wanted = false;
    size_t young = model_series_memory(s);
    for (int b = 0; b < 24 * 30; b++) {
        struct model_observation o = {b * TIME_HOUR, b % 24 < 12 ? 100 + b % 7 : 40 + b % 5, 1, 1};
        model_series_allow(s, b < 24 * 10   ? MODEL_GROWTH_NONE
                              : b < 24 * 20 ? MODEL_GROWTH_DAY
                                            : MODEL_GROWTH_ANY);
        model_series_learn(s, &o);
        wanted |= model_series_wanted_more(s);
        if (b == 24 * 10 - 1) {
            assert_true(wanted && s->daily == NULL && s->variance == NULL);
            assert_true(model_series_memory(s) <= young + mem_cost(sizeof(struct model_odd)));
            wanted = false;
        }
        if (b == 24 * 10)
            assert_true(s->daily != NULL && s->variance != NULL);
        if (b == 24 * 20 - 1) {
            assert_true(wanted && s->weekly == NULL && s->sample == NULL);
            wanted = false;
        }
    }
    assert_true(!wanted && s->weekly != NULL);
    model_series_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_season_comes_when_due_and_goes_when_useless),
        cmocka_unit_test(a_first_weekend_is_outlived),
        cmocka_unit_test(quiet_hours_are_known),
        cmocka_unit_test(a_standstill_leaves_the_shape_alone),
        cmocka_unit_test(no_cycle_without_room),
        cmocka_unit_test(begins_what_it_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
