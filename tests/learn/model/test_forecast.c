/* SPDX-License-Identifier: Apache-2.0 */
#include "model/forecast.h"

#include "base/rng.h"
#include "model/series.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SPAN (15 * TIME_MIN)
#define DAY (TIME_DAY / SPAN)
#define LEARNED (28 * DAY)
#define ALL (42 * DAY)
#define SERIES 24

enum family { PLAIN, DAILY, WEEKLY, TREND, AMOUNT };

static double mean_at(enum family f, double rate, double slope, int i)
{
    double wave = 1 + 0.7 * sin(2 * M_PI * (double)(i % DAY) / DAY);
    bool weekend = (i / DAY) % 7 >= 5;
    switch (f) {
    case DAILY:
        return rate * wave;
    case WEEKLY:
        return rate * wave * (weekend ? 0.3 : 1);
    case TREND:
        return rate * exp(slope * i / (7.0 * DAY));
    default:
        return rate;
    }
}

static double poisson(struct rng *r, double mean)
{
    double k = 0;
    for (double t = -log(rng_f64(r) + 1e-300); t < mean; t -= log(rng_f64(r) + 1e-300))
        k++;
    return k;
}

static double draw(enum family f, double mean, struct rng *r)
{
    return f == AMOUNT ? floor(mean * 100 * exp(0.6 * rng_normal(r))) : poisson(r, mean);
}

static struct model_series *make(enum model_kind kind)
{
    struct model_params p = {SPAN, kind, MODEL_BOTH, false};
    struct model_series *s = model_series_new(&p);
    assert_non_null(s);
    return s;
}

static void feed(struct model_series *s, int i, double value)
{
    struct model_observation o = {i * SPAN, value, 1, 1};
    model_series_learn(s, &o);
}

static void count_inside(const struct model_series *s, const double *values, int from,
                         double inside[3], double *n)
{
    static const int ahead[3] = {4, DAY, 7 * DAY};
    for (int a = 0; a < 3; a++)
        for (int k = from + ahead[a] - 3; k <= from + ahead[a]; k++) {
            struct model_forecast f;
            model_forecast_at(s, k * SPAN, &f);
            assert_true(f.lower <= f.prediction && f.prediction <= f.upper);
            inside[a] += values[k] >= f.lower && values[k] <= f.upper;
        }
    *n += 4;
}

/* The share of what comes in the hour that ends 1 hour, 1 day and 7 days ahead. */
static void measure(enum family f, double out[3])
{
    static double values[ALL];
    double n = 0;
    out[0] = out[1] = out[2] = 0;
    for (int i = 0; i < SERIES; i++) {
        struct rng r;
        rng_init(&r, 1000 * (uint64_t)f + (uint64_t)i + 1);
        double rate = exp(1 + 4 * rng_f64(&r));
        double slope = 0.5 * (rng_f64(&r) - 0.3);
        struct model_series *s = make(f == AMOUNT ? MODEL_SUM : MODEL_COUNT);
        for (int k = 0; k < ALL; k++)
            values[k] = draw(f, mean_at(f, rate, slope, k), &r);
        for (int k = 0; k < ALL - 7 * DAY; k++) {
            feed(s, k, values[k]);
            if (k >= LEARNED && k % 49 == 0)
                count_inside(s, values, k, out, &n);
        }
        model_series_free(s);
    }
    for (int a = 0; a < 3; a++)
        out[a] /= n;
}

static void the_band_holds_what_comes(void **state)
{
    (void)state;
    for (enum family f = PLAIN; f <= AMOUNT; f++) {
        double share[3];
        measure(f, share);
        for (int a = 0; a < 3; a++) {
            if (!(share[a] >= 0.90 && share[a] <= 0.985))
                print_error("family %d distance %d: %.3f\n", (int)f, a, share[a]);
            assert_true(share[a] >= 0.90 && share[a] <= 0.985);
        }
    }
}

static void the_next_bucket_is_what_the_series_expects(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 7);
    struct model_series *s = make(MODEL_COUNT);
    for (int i = 0; i < LEARNED; i++)
        feed(s, i, poisson(&r, mean_at(DAILY, 50, 0, i)));
    struct model_forecast f;
    double typical;
    double lower;
    double upper;
    model_forecast_at(s, LEARNED * SPAN, &f);
    model_series_expect(s, LEARNED * SPAN, &typical, &lower, &upper);
    assert_true(fabs(f.prediction - typical) < 0.05 * typical);
    assert_true(fabs(f.upper - upper) < 0.1 * upper);
    model_series_free(s);
}

/* A season is foretold a month ahead as for tomorrow, and the band does not grow. */
static void a_season_keeps_its_claim(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 8);
    struct model_series *s = make(MODEL_COUNT);
    for (int i = 0; i < LEARNED; i++)
        feed(s, i, poisson(&r, mean_at(DAILY, 80, 0, i)));
    for (int k = 0; k < DAY; k += 8) {
        struct model_forecast f;
        int at = LEARNED + 30 * DAY + k;
        double mean = mean_at(DAILY, 80, 0, at);
        model_forecast_at(s, at * SPAN, &f);
        assert_true(fabs(f.prediction - mean) < 0.15 * mean + 2);
        assert_true(f.upper - f.lower < 1.4 * 2 * 1.96 * sqrt(mean) + 2);
    }
    model_series_free(s);
}

static double width_of(const struct model_series *s, int at)
{
    struct model_forecast f;
    model_forecast_at(s, at * SPAN, &f);
    return f.upper - f.lower;
}

/* Where a level walks, the band grows like the root of the distance, from where the level is. */
static void a_walk_stays_where_it_is(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 9);
    struct model_series *s = make(MODEL_VALUE);
    double level = 1000;
    for (int i = 0; i < LEARNED; i++) {
        level += 3 * rng_normal(&r);
        feed(s, i, level + rng_normal(&r));
    }
    struct model_forecast f;
    model_forecast_at(s, (LEARNED + DAY) * SPAN, &f);
    double away = fabs(f.prediction - level);
    assert_true(away < 3 * 3 * sqrt(DAY));
    double near = width_of(s, LEARNED);
    double day = width_of(s, LEARNED + DAY);
    double week = width_of(s, LEARNED + 7 * DAY);
    assert_true(day > 2 * near && week > 1.8 * day);
    model_series_free(s);
}

/* Noise about a mean: the last values are forgotten, and the band stays. */
static void a_still_series_is_foretold_by_its_mean(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 10);
    struct model_series *s = make(MODEL_VALUE);
    for (int i = 0; i < LEARNED; i++)
        feed(s, i, 500 + 10 * rng_normal(&r) + (i >= LEARNED - 4 ? 15 : 0));
    struct model_forecast f;
    model_forecast_at(s, (LEARNED + 7 * DAY) * SPAN, &f);
    assert_true(fabs(f.prediction - 500) < 2.5);
    assert_true(width_of(s, LEARNED + 7 * DAY) < 1.3 * width_of(s, LEARNED));
    model_series_free(s);
}

static void ready_after_twenty_buckets(void **state)
{
    (void)state;
    struct model_series *s = make(MODEL_COUNT);
    for (int i = 0; i < 20; i++) {
        assert_false(model_forecast_ready(s));
        feed(s, i, 5);
    }
    assert_true(model_forecast_ready(s));
    model_series_free(s);
    s = make(MODEL_SUM);
    for (int i = 0; i < 100; i++)
        feed(s, i, 0);
    assert_false(model_forecast_ready(s)); /* nothing but zeros: nothing to foretell */
    model_series_free(s);
}

static void expect_sane(const struct model_series *s, bool positive)
{
    static const double ahead[] = {0, 1, 2, 96, 672, 20000, 350000};
    if (!model_forecast_ready(s))
        return;
    ts_ns last = model_series_last(s);
    for (size_t i = 0; i < sizeof(ahead) / sizeof(ahead[0]); i++) {
        struct model_forecast f;
        model_forecast_at(s, last + (ts_ns)(ahead[i] * (double)SPAN), &f);
        assert_true(isfinite(f.prediction) && isfinite(f.lower) && isfinite(f.upper));
        assert_true(f.lower <= f.prediction && f.prediction <= f.upper);
        assert_true(!positive || f.lower >= 0);
    }
}

static double wild(struct rng *r, int kind, int i)
{
    switch (kind) {
    case 0:
        return 0;
    case 1:
        return 7;
    case 2:
        return rng_below(r, 50) == 0 ? 1e18 * rng_f64(r) : 0;
    case 3:
        return exp(60 * (rng_f64(r) - 0.5));
    case 4:
        return 1e6 / (1 + i); /* ever less */
    case 5:
        return i < 1000 ? 1e9 : 1; /* a fall */
    case 6:
        return (double)i * (double)i;
    default:
        return i % 96 == 0 ? 1e6 : poisson(r, 2);
    }
}

/* Whatever came: finite, in order, and never negative where nothing negative can come. */
static void whatever_came(void **state)
{
    (void)state;
    for (int kind = 0; kind < 8; kind++)
        for (int k = MODEL_COUNT; k <= MODEL_VALUE; k++) {
            struct rng r;
            rng_init(&r, (uint64_t)(100 * kind + k));
            struct model_series *s = make((enum model_kind)k);
            for (int i = 0; i < 1500; i++) {
                double v = wild(&r, kind, i);
                feed(s, i, k == MODEL_VALUE && i % 3 == 0 ? -v : v);
                if (i % 97 == 0)
                    expect_sane(s, k != MODEL_VALUE);
            }
            model_series_skip(s, 1500 * SPAN, 100000);
            expect_sane(s, k != MODEL_VALUE);
            model_series_free(s);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_band_holds_what_comes),
        cmocka_unit_test(the_next_bucket_is_what_the_series_expects),
        cmocka_unit_test(a_season_keeps_its_claim),
        cmocka_unit_test(a_walk_stays_where_it_is),
        cmocka_unit_test(a_still_series_is_foretold_by_its_mean),
        cmocka_unit_test(ready_after_twenty_buckets),
        cmocka_unit_test(whatever_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
