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

static struct model_judgement step(struct model_series *s, ts_ns time, double value)
{
    struct model_observation o = {time, value, 1, 1};
    struct model_judgement j;
    model_series_judge(s, &o, &j);
    model_series_learn(s, &o);
    return j;
}

static enum model_change noted(const struct model_series *s)
{
    struct model_changed c;
    model_series_changed(s, &c);
    return c.kind;
}

/* Office hours, counted by clocks that are put forward when day `summer` begins. */
static double office(int bucket, int summer, struct rng *r)
{
    double hour = bucket % DAY / 4.0 + (bucket / DAY >= summer ? 1 : 0);
    return floor(200 * (hour >= 8 && hour < 18 ? 1 : 0.1) * exp(0.1 * rng_normal(r)));
}

static void summer_time_is_no_news_for_long(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct model_params p = {SPAN, MODEL_COUNT, MODEL_BOTH, false};
        struct model_series *s = model_series_new(&p);
        struct rng r;
        rng_init(&r, seed);
        int loud = 0;
        int moved = 0;
        for (int i = 0; i < 40 * DAY; i++) {
            double score = model_score_anchor(step(s, i * SPAN, office(i, 33, &r)).log_p, 96);
            loud += i >= 33 * DAY && score >= 75;
            if (noted(s) != MODEL_CHANGE_CLOCK)
                continue;
            struct model_changed c;
            model_series_changed(s, &c);
            assert_int_equal(c.clock_ns, TIME_HOUR);
            assert_in_range(i, 33 * DAY, 34 * DAY);
            moved++;
        }
        assert_int_equal(moved, 1);
        assert_in_range(loud, 0, 2);
        model_series_free(s);
    }
}

/* No hour of a smooth day differs from the next by a standard deviation: all of them together do.
 */
static void summer_time_of_a_smooth_day_is_told_by_all_hours(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct model_params p = {5 * TIME_MIN, MODEL_VALUE, MODEL_BOTH, false};
        struct model_series *s = model_series_new(&p);
        struct rng r;
        rng_init(&r, seed);
        int moved = 0;
        for (int i = 0; i < 40 * 288; i++) {
            double hour = i / 12.0 + (i >= 33 * 288 ? 1 : 0);
            double value = 50 + 3 * sin(2 * M_PI * hour / 24) + 0.8 * rng_normal(&r);
            step(s, i * 5 * TIME_MIN, value);
            if (noted(s) != MODEL_CHANGE_CLOCK)
                continue;
            assert_in_range(i, 33 * 288, 36 * 288);
            moved++;
        }
        assert_int_equal(moved, 1);
        model_series_free(s);
    }
}

/* A machine's cycle of ninety minutes does not follow the clock: an hour's move explains nothing
 * of a value that does not fit it. */
static void a_clock_does_not_move_other_cycles(void **state)
{
    (void)state;
    struct model_params p = {5 * TIME_MIN, MODEL_VALUE, MODEL_BOTH, false};
    struct model_series *s = model_series_new(&p);
    struct rng r;
    rng_init(&r, 5);
    int i = 0;
    for (; i < 25 * 288; i++)
        step(s, i * 5 * TIME_MIN, 50 + 3 * sin(2 * M_PI * i / 18.0) + 0.4 * rng_normal(&r));
    assert_non_null(s->cycle);
    for (int k = 0; k < 18; k++, i++) {
        double mean = 50 + 3 * sin(2 * M_PI * i / 18.0);
        double other = 50 + 3 * sin(2 * M_PI * (i + 12) / 18.0);
        struct model_observation o = {i * 5 * TIME_MIN, other, 1, 1};
        struct model_judgement j;
        model_series_judge(s, &o, &j);
        if (fabs(other - mean) > 3)
            assert_true(j.log_p < -19);
        step(s, i * 5 * TIME_MIN, mean);
    }
    model_series_free(s);
}

static void a_flood_is_no_summer_time(void **state)
{
    (void)state;
    struct model_params p = {SPAN, MODEL_COUNT, MODEL_BOTH, false};
    struct model_series *s = model_series_new(&p);
    struct rng r;
    rng_init(&r, 4);
    int loud = 0;
    for (int i = 0; i < 34 * DAY; i++) {
        double value = office(i, 99, &r);
        /* Two hours of the last day, five times the day's level. */
        bool flood = i >= 33 * DAY + 28 && i < 33 * DAY + 36;
        double score = model_score_anchor(step(s, i * SPAN, flood ? 1000 : value).log_p, 96);
        loud += flood && score >= 75;
        assert_true(flood || i < 30 * DAY || score < 75);
        assert_int_not_equal(noted(s), MODEL_CHANGE_CLOCK);
    }
    assert_true(loud >= 4);
    model_series_free(s);
}

static void a_level_that_lasts_is_noted_with_both_values(void **state)
{
    (void)state;
    for (int kind = MODEL_COUNT; kind <= MODEL_VALUE; kind++) {
        struct model_params p = {SPAN, (enum model_kind)kind, MODEL_BOTH, false};
        struct model_series *s = model_series_new(&p);
        struct rng r;
        rng_init(&r, 9);
        int changes = 0;
        for (int i = 0; i < 8 * DAY; i++) {
            double mean = i < 4 * DAY ? 100 : 1000;
            step(s, i * SPAN, floor(mean * exp(0.1 * rng_normal(&r))));
            if (noted(s) != MODEL_CHANGE_LEVEL)
                continue;
            struct model_changed c;
            model_series_changed(s, &c);
            assert_true(c.before > 70 && c.before < 140);
            assert_true(c.after > 800 && c.after < 1200);
            assert_in_range(i, 4 * DAY, 4 * DAY + 26);
            changes++;
        }
        assert_int_equal(changes, 1);
        model_series_free(s);
    }
}

static void a_spread_that_lasts_is_adopted_within_a_day(void **state)
{
    (void)state;
    for (int wider = 0; wider < 2; wider++) {
        struct model_params p = {SPAN, MODEL_VALUE, MODEL_BOTH, false};
        struct model_series *s = model_series_new(&p);
        struct rng r;
        rng_init(&r, 11);
        int at = 0;
        for (int i = 0; i < 16 * DAY; i++) {
            double sd = (i < 14 * DAY) == (wider == 1) ? 10 : 40;
            step(s, i * SPAN, 1000 + sd * rng_normal(&r));
            if (noted(s) == MODEL_CHANGE_SPREAD && at == 0)
                at = i;
        }
        assert_in_range(at, 14 * DAY, 15 * DAY);
        struct model_judgement j = step(s, 16 * DAY * SPAN, 1000);
        double width = j.upper - j.lower;
        assert_true(width > (wider ? 110 : 25) && width < (wider ? 220 : 60));
        model_series_free(s);
    }
}

/* What was far out by a spread of 10 is not by one of 40; what lies at 400 still is. */
static void what_a_wider_spread_explains_is_no_mode(void **state)
{
    (void)state;
    struct model_params p = {SPAN, MODEL_VALUE, MODEL_BOTH, false};
    struct model_series *s = model_series_new(&p);
    struct rng r;
    rng_init(&r, 11);
    int i = 0;
    for (; i < 14 * DAY; i++)
        step(s, i * SPAN, 1000 + 10 * rng_normal(&r));
    struct model_odd *odd = model_odd_make(s);
    assert_non_null(odd);
    odd->mode[1] = (struct model_mode){.mean = 1060, .squares = 1000, .n = 9, .times = 9};
    odd->mode[0] = (struct model_mode){.mean = 400, .squares = 1000, .n = 9, .times = 9};
    for (; noted(s) != MODEL_CHANGE_SPREAD && i < 15 * DAY; i++)
        step(s, i * SPAN, 1000 + 40 * rng_normal(&r));
    assert_int_equal(noted(s), MODEL_CHANGE_SPREAD);
    assert_true(odd->mode[1].times == 0);
    assert_true(odd->mode[0].times > 8);
    model_series_free(s);
}

/* Nothing for half a day, learned after six hours; then all is as it was, at another hour. */
static void the_end_of_an_outage_is_no_news(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct model_params p = {SPAN, MODEL_COUNT, MODEL_BOTH, false};
        struct model_series *s = model_series_new(&p);
        struct rng r;
        rng_init(&r, seed);
        bool told = false;
        for (int i = 0; i < 26 * DAY; i++) {
            double wave = 1 + 0.6 * sin(2 * 3.14159265358979 * i / DAY);
            bool out = i >= 24 * DAY && i < 24 * DAY + DAY / 2;
            double value = out ? 0 : floor(300 * wave * exp(0.1 * rng_normal(&r)));
            double log_p = step(s, i * SPAN, value).log_p;
            told = told || (out && model_score_anchor(log_p, 96) >= 75);
            assert_true(out || i < 15 * DAY || log_p > -5 * M_LN10);
        }
        assert_true(told);
        model_series_free(s);
    }
}

/* A level that moves by twelve deviations has the spread it had: no value of the next hours needs
 * to teach it again. One that varies four times as much has another. */
static void the_spread_goes_on_with_the_level(void **state)
{
    (void)state;
    for (int wider = 0; wider < 2; wider++) {
        struct model_params p = {SPAN, MODEL_VALUE, MODEL_BOTH, false};
        struct model_series *s = model_series_new(&p);
        struct rng r;
        rng_init(&r, 12);
        int i = 0;
        for (; i < 21 * DAY; i++)
            step(s, i * SPAN, 100 + rng_normal(&r));
        double known = s->spread_weight;
        assert_true(known > 300);
        do
            step(s, i++ * SPAN, 140 + (wider ? 4 : 1) * rng_normal(&r));
        while (noted(s) != MODEL_CHANGE_LEVEL && i < 22 * DAY);
        assert_int_equal(noted(s), MODEL_CHANGE_LEVEL);
        if (wider)
            assert_true(s->spread_weight < known / 4);
        else
            assert_true(s->spread_weight > known / 2);
        assert_true(sqrt(s->spread / s->spread_weight) < (wider ? 6 : 1.3));
        assert_true(sqrt(s->spread / s->spread_weight) > (wider ? 1.7 : 0.8));
        model_series_free(s);
    }
}

/* A smooth day's clock is moved; where a level is as likely to have moved, it waits for more. */
static void a_moved_level_speaks_against_a_moved_clock(void **state)
{
    (void)state;
    int at[2] = {0, 0};
    for (int level = 0; level < 2; level++) {
        struct model_params p = {5 * TIME_MIN, MODEL_VALUE, MODEL_BOTH, false};
        struct model_series *s = model_series_new(&p);
        struct rng r;
        rng_init(&r, 6);
        for (int i = 0; i < 36 * 288 && at[level] == 0; i++) {
            double hour = i / 12.0 + (i >= 33 * 288 ? 1 : 0);
            if (level && i >= 33 * 288 && s->lasting != NULL) {
                s->lasting->odds[1][2] = 1e9F;
                s->lasting->n[1] = 0; /* not for long enough to be adopted */
            }
            step(s, i * 5 * TIME_MIN, 50 + 3 * sin(2 * M_PI * hour / 24) + 0.8 * rng_normal(&r));
            at[level] = noted(s) == MODEL_CHANGE_CLOCK ? i : 0;
        }
        model_series_free(s);
    }
    assert_true(at[0] > 33 * 288);
    assert_true(at[1] > at[0] + 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spread_that_lasts_is_adopted_within_a_day),
        cmocka_unit_test(what_a_wider_spread_explains_is_no_mode),
        cmocka_unit_test(the_end_of_an_outage_is_no_news),
        cmocka_unit_test(summer_time_is_no_news_for_long),
        cmocka_unit_test(summer_time_of_a_smooth_day_is_told_by_all_hours),
        cmocka_unit_test(a_clock_does_not_move_other_cycles),
        cmocka_unit_test(a_flood_is_no_summer_time),
        cmocka_unit_test(the_spread_goes_on_with_the_level),
        cmocka_unit_test(a_moved_level_speaks_against_a_moved_clock),
        cmocka_unit_test(a_level_that_lasts_is_noted_with_both_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
