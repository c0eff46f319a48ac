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

static struct model_series *learned(enum model_kind kind, int n, double (*draw)(struct rng *))
{
    struct model_params p = {SPAN, kind, MODEL_BOTH, false};
    struct model_series *s = model_series_new(&p);
    assert_non_null(s);
    struct rng r;
    rng_init(&r, 4);
    for (int i = 0; i < n; i++) {
        struct model_observation o = {i * SPAN, draw(&r), 1, 1};
        model_series_learn(s, &o);
    }
    return s;
}

static struct model_place place_of(const struct model_series *s, double value)
{
    struct model_point p;
    struct model_place place;
    model_level_foretell(s, 5000 * SPAN, &p);
    model_law_place(s, &p, value, 1, &place);
    assert_true(place.upper <= 0 && place.lower <= 0 && isfinite(place.upper));
    assert_true(fabs(place.z) <= SERIES_CLIP);
    return place;
}

static double poisson(struct rng *r, double mean)
{
    double k = 0;
    for (double t = -log(1 - rng_f64(r)); t < mean; t -= log(1 - rng_f64(r)))
        k++;
    return k;
}

static double poisson_20(struct rng *r)
{
    return poisson(r, 20);
}

static double lognormal(struct rng *r)
{
    return exp(9 + 0.8 * rng_normal(r));
}

static double normal(struct rng *r)
{
    return 70 + 4 * rng_normal(r);
}

static double heavy_amounts(struct rng *r)
{
    return exp(9 + (rng_below(r, 5) == 0 ? 1.5 : 0.5) * rng_normal(r));
}

static double one_in_fifty(struct rng *r)
{
    return rng_below(r, 50) == 0 ? exp(6 + 0.5 * rng_normal(r)) : 0;
}

/* Poisson counts of mean 8 in 3 of 100 buckets. */
static double counts_in_three_of_a_hundred(struct rng *r)
{
    return rng_below(r, 100) < 3 ? poisson(r, 8) : 0;
}

static double always_one_or_none(struct rng *r)
{
    return rng_below(r, 20) == 0;
}

/* Tails learned from 4,000 values lie near the true ones, never far below. */
static void tails_are_near_the_truth(void **state)
{
    (void)state;
    struct model_series *s = learned(MODEL_COUNT, 4000, poisson_20);
    for (double k = 22; k < 80; k += 3) {
        double want = stats_dist_poisson(k, 20).upper;
        double got = place_of(s, k).upper;
        assert_true(got > 1.25 * want - 0.7 && got < 0.6 * want + 0.7);
    }
    model_series_free(s);
    s = learned(MODEL_SUM, 4000, lognormal);
    for (double z = 0.5; z < 10; z += 0.5) {
        double want = stats_dist_normal(z, 0, 1).upper;
        double got = place_of(s, exp(9 + 0.8 * z)).upper;
        assert_true(got > 1.25 * want - 0.7 && got < 0.6 * want + 0.7);
    }
    model_series_free(s);
    s = learned(MODEL_VALUE, 4000, normal);
    for (double z = 0.5; z < 10; z += 0.5) {
        double want = stats_dist_normal(z, 0, 1).upper;
        struct model_place p = place_of(s, 70 - 4 * z);
        assert_true(p.lower > 1.25 * want - 0.7 && p.lower < 0.6 * want + 0.7);
        assert_true(p.z < 0 && p.raw[0] < p.raw[1]);
    }
    model_series_free(s);
}

static void tails_are_monotone(void **state)
{
    (void)state;
    struct model_series *all[] = {learned(MODEL_COUNT, 60, poisson_20),
                                  learned(MODEL_SUM, 300, lognormal),
                                  learned(MODEL_SUM, 2000, one_in_fifty),
                                  learned(MODEL_VALUE, 300, normal),
                                  learned(MODEL_COUNT, 2000, counts_in_three_of_a_hundred),
                                  learned(MODEL_COUNT, 2000, always_one_or_none)};
    for (size_t i = 0; i < 6; i++) {
        double before = 0;
        for (double v = 1; v < 1e9; v = floor(v * 1.2) + 1) {
            double p = place_of(all[i], v).upper;
            assert_true(p <= before + 0.05);
            before = p;
        }
        model_series_free(all[i]);
    }
}

static void rare_events_are_judged_by_their_size(void **state)
{
    (void)state;
    struct model_series *s = learned(MODEL_SUM, 4000, one_in_fifty);
    assert_true(place_of(s, 0).upper > -0.1 && place_of(s, 0).lower > -0.1);
    /* An ordinary event is an event in fifty. */
    assert_true(fabs(place_of(s, 400).upper - log(0.02)) < 1.5);
    assert_true(place_of(s, 1e6).upper < -18);
    model_series_free(s);
}

static void sizes_of_rare_counts_are_counts(void **state)
{
    (void)state;
    /* Some 180 events, and their law is known far beyond them. */
    struct model_series *s = learned(MODEL_COUNT, 6000, counts_in_three_of_a_hundred);
    for (double k = 14; k < 40; k += 3) {
        double want = stats_dist_poisson(k, 8).upper + log(0.03);
        double got = place_of(s, k).upper;
        assert_true(got > 1.25 * want - 0.7 && got < 0.7 * want);
    }
    /* They are not forgotten by waiting for the next. */
    double before = place_of(s, 30).upper;
    model_series_skip(s, 6000 * SPAN, 1000);
    assert_true(fabs(place_of(s, 30).upper - before) < 1.5);
    model_series_free(s);
    /* Ones only: two may come, a hundred do not. */
    s = learned(MODEL_COUNT, 4000, always_one_or_none);
    assert_true(place_of(s, 1).upper > log(0.02));
    assert_true(place_of(s, 2).upper > log(1e-5) && place_of(s, 100).upper < log(1e-6));
    model_series_free(s);
}

/* Nights that are mostly empty do not make a small count at noon an improbable one. */
static void a_few_at_noon_are_no_tail_where_nights_are_empty(void **state)
{
    (void)state;
    struct model_params p = {SPAN, MODEL_COUNT, MODEL_BOTH, false};
    struct model_series *s = model_series_new(&p);
    assert_non_null(s);
    struct rng r;
    rng_init(&r, 9);
    for (ts_ns t = 0; t < 14 * TIME_DAY; t += SPAN) {
        bool day = t % TIME_DAY >= 8 * TIME_HOUR && t % TIME_DAY < 20 * TIME_HOUR;
        struct model_observation o = {t, poisson(&r, day ? 6 : 0.1), 1, 1};
        model_series_learn(s, &o);
    }
    for (double k = 2; k < 10; k++) {
        struct model_point point;
        struct model_place place;
        model_level_foretell(s, 14 * TIME_DAY + 12 * TIME_HOUR, &point);
        model_law_place(s, &point, k, 1, &place);
        double at_most = stats_dist_poisson(k, 6).lower;
        assert_true(place.some < 0);
        assert_true(place.raw[0] > at_most - 1.7);
        assert_true(fabs(place.z) < 2.5);
    }
    model_series_free(s);
}

static void bounds_hold_most_values(void **state)
{
    (void)state;
    double (*const draws[])(struct rng *) = {poisson_20, lognormal, normal};
    const enum model_kind kinds[] = {MODEL_COUNT, MODEL_SUM, MODEL_VALUE};
    for (size_t i = 0; i < 3; i++) {
        struct model_series *s = learned(kinds[i], 4000, draws[i]);
        struct model_point p;
        double lower;
        double upper;
        model_level_foretell(s, 5000 * SPAN, &p);
        model_law_bounds(s, &p, &lower, &upper);
        double typical = model_law_typical(s, &p);
        assert_true(lower < typical && typical < upper);
        struct rng r;
        rng_init(&r, 99);
        int inside = 0;
        for (int k = 0; k < 4000; k++) {
            double v = draws[i](&r);
            inside += v >= lower && v <= upper;
        }
        assert_true(inside > 4000 * 0.92 && inside < 4000 * 0.985);
        model_series_free(s);
    }
}

static double narrow(struct rng *r)
{
    return 1000 + 0.4 * rng_normal(r);
}

/* A spread far below the level is known as well as any other, also when a change of it has made
 * the values before count for little. */
static void a_spread_far_below_the_level_is_known(void **state)
{
    (void)state;
    struct model_series *s = learned(MODEL_VALUE, 8000, narrow);
    for (int i = 0; i < 2; i++) {
        double sd = place_of(s, 1000).sd;
        assert_true(sd > 0.36 && sd < 0.44);
        model_law_forget(s, 0.1);
    }
    model_series_free(s);
}

/* Of whom a fifth have three times the spread, what they bring is no news, and what none brings
 * is. */
static void two_widths_are_learned(void **state)
{
    (void)state;
    struct model_series *s = learned(MODEL_SUM, 4000, heavy_amounts);
    for (double z = 3; z < 8; z += 0.5) {
        double want = log(0.2) + stats_dist_normal(z, 0, 1.5 / 0.5).upper;
        double got = place_of(s, exp(9 + 0.5 * z)).upper;
        assert_true(got > 1.3 * want - 1 && got < 0.7 * want + 1);
    }
    assert_true(place_of(s, exp(9 + 0.5 * 3 * 7)).upper < -16);
    model_series_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tails_are_near_the_truth),
        cmocka_unit_test(tails_are_monotone),
        cmocka_unit_test(two_widths_are_learned),
        cmocka_unit_test(rare_events_are_judged_by_their_size),
        cmocka_unit_test(sizes_of_rare_counts_are_counts),
        cmocka_unit_test(a_few_at_noon_are_no_tail_where_nights_are_empty),
        cmocka_unit_test(bounds_hold_most_values),
        cmocka_unit_test(a_spread_far_below_the_level_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
