/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often what comes lies in the forecast's band, on generated families with known law.
 *
 * Each family is some series over seven weeks, learned for four; from then on forecasts are made
 * twelve hours and fifteen minutes apart and compared with the hour that ends 1 hour, 1 day and 7
 * days ahead. Prints, for each family and distance, the share of values in the band (aim: 0.90 to
 * 0.98), the share above it, the width of the band over that of the true law's, the prediction over
 * the true centre, and microseconds a point. Fixed seeds: the same figures every time.
 *
 * bench_model_forecast [series [minutes a bucket [family]]]
 */
#include "base/clock.h"
#include "base/rng.h"
#include "model/forecast.h"
#include "model/series.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum family {
    POISSON,
    NEGBIN,
    DAY,
    WEEK,
    TREND,
    WANDER,
    WALK,
    LOGNORMAL,
    LOGNORMAL_DAY,
    SPARSE,
    MEAN_DAY,
    FAMILIES
};

static const char *const names[FAMILIES] = {"poisson",       "negbin", "day",     "week",
                                            "trend",         "wander", "walk",    "lognormal",
                                            "lognormal_day", "sparse", "mean_day"};

static const ts_ns ahead[] = {TIME_HOUR, TIME_DAY, 7 * TIME_DAY};
#define AHEAD (sizeof(ahead) / sizeof(ahead[0]))
#define LEARNED (28 * TIME_DAY)
#define ALL (49 * TIME_DAY)

struct plan {
    double rate;
    double size;
    double phase;
    double slope;
    double memory; /* of the wandering level, in days */
};

struct truth {
    double centre; /* mean of counts and means, median of amounts */
    double sd;     /* of the logarithm for amounts */
};

static double gamma_draw(struct rng *r, double shape)
{
    if (shape < 1)
        return gamma_draw(r, shape + 1) * pow(rng_f64(r) + 1e-300, 1 / shape);
    double d = shape - 1.0 / 3; /* Marsaglia and Tsang 2000 */
    for (;;) {
        double z = rng_normal(r);
        double v = pow(1 + z / sqrt(9 * d), 3);
        if (v > 0 && log(rng_f64(r) + 1e-300) < 0.5 * z * z + d - d * v + d * log(v))
            return d * v;
    }
}

static double poisson_draw(struct rng *r, double mean)
{
    if (mean > 200)
        return fmax(0, floor(mean + sqrt(mean) * rng_normal(r) + 0.5));
    double k = 0;
    for (double t = -log(rng_f64(r) + 1e-300); t < mean; t -= log(rng_f64(r) + 1e-300))
        k++;
    return k;
}

static bool is_amount(enum family f)
{
    return f == LOGNORMAL || f == LOGNORMAL_DAY || f == SPARSE;
}

static struct truth truth_at(enum family f, const struct plan *plan, ts_ns time, double level)
{
    double day = (double)(time % TIME_DAY) / (double)TIME_DAY;
    double week = (double)((time / TIME_DAY + 4) % 7);
    double wave = 1 + 0.7 * sin(2 * M_PI * (day - plan->phase));
    double weeks = (double)time / (double)(7 * TIME_DAY);
    double mean = plan->rate;
    switch (f) {
    case DAY:
        mean *= wave;
        break;
    case WEEK:
        mean *= wave * (week >= 5 ? 0.3 : 1);
        break;
    case TREND:
        mean *= exp(plan->slope * weeks);
        break;
    case WANDER:
    case WALK:
        mean *= exp(level);
        break;
    case LOGNORMAL_DAY:
        return (struct truth){mean * 400 * wave, plan->size};
    case LOGNORMAL:
    case SPARSE:
        return (struct truth){mean * 400, plan->size};
    case MEAN_DAY:
        return (struct truth){mean + 10 * sin(2 * M_PI * (day - plan->phase)), 2};
    default:
        break;
    }
    double more = f == NEGBIN || f == WEEK ? mean * mean / plan->size : 0;
    return (struct truth){mean, sqrt(mean + more)};
}

static double draw(enum family f, const struct plan *plan, const struct truth *t, struct rng *r)
{
    if (f == SPARSE && rng_f64(r) < 0.97)
        return 0;
    if (is_amount(f))
        return floor(t->centre * exp(t->sd * rng_normal(r)));
    if (f == MEAN_DAY)
        return t->centre + t->sd * rng_normal(r);
    if (f == NEGBIN || f == WEEK)
        return poisson_draw(r, t->centre * gamma_draw(r, plan->size) / plan->size);
    return poisson_draw(r, t->centre);
}

struct tally {
    double n;
    double inside;
    double above;
    double width;
    double centre;
};

static void compare(enum family f, const struct truth *t, double value,
                    const struct model_forecast *p, struct tally *out)
{
    double true_width = 2 * 1.96 * t->sd;
    if (is_amount(f))
        true_width = t->centre * (exp(1.96 * t->sd) - exp(-1.96 * t->sd));
    out->n++;
    out->inside += value >= p->lower && value <= p->upper;
    out->above += value > p->upper;
    out->width += (p->upper - p->lower) / true_width;
    out->centre += p->prediction / t->centre;
}

struct work {
    ts_ns span;
    double *value;
    struct truth *truth;
    size_t n;
    double points;
    double seconds;
};

static void forecast(enum family f, const struct model_series *s, size_t from, struct work *w,
                     struct tally tally[AHEAD])
{
    for (size_t a = 0; a < AHEAD; a++) {
        size_t last = from + (size_t)(ahead[a] / w->span);
        size_t hour = (size_t)(TIME_HOUR / w->span);
        for (size_t k = last - (hour > 0 ? hour : 1) + 1; k <= last && k < w->n; k++) {
            struct model_forecast p;
            ts_ns begin = clock_steady();
            model_forecast_at(s, (ts_ns)k * w->span, &p);
            w->seconds += (double)(clock_steady() - begin) / 1e9;
            w->points++;
            compare(f, &w->truth[k], w->value[k], &p, &tally[a]);
        }
    }
}

static void one_series(enum family f, uint64_t seed, struct work *w, struct tally tally[AHEAD])
{
    struct rng r;
    rng_init(&r, seed);
    struct plan plan = {exp(rng_f64(&r) * 6), 2 + 20 * rng_f64(&r), rng_f64(&r),
                        0.5 * (rng_f64(&r) - 0.3), 0.1 + rng_f64(&r)};
    if (is_amount(f))
        plan.size = 0.2 + rng_f64(&r);
    struct model_params params = {w->span,
                                  is_amount(f)    ? MODEL_SUM
                                  : f == MEAN_DAY ? MODEL_VALUE
                                                  : MODEL_COUNT,
                                  MODEL_BOTH, false};
    struct model_series *s = model_series_new(&params);
    if (s == NULL)
        return;
    double step = (double)w->span / (double)TIME_DAY;
    double keep = f == WANDER ? exp(-step / plan.memory) : 1;
    double noise = f == WANDER ? 0.3 * sqrt(1 - keep * keep) : 0.1 * sqrt(step);
    double level = 0;
    for (size_t i = 0; i < w->n; i++) {
        level = level * keep + noise * rng_normal(&r);
        w->truth[i] = truth_at(f, &plan, (ts_ns)i * w->span, level);
        w->value[i] = draw(f, &plan, &w->truth[i], &r);
    }
    for (size_t i = 0; i < w->n; i++) {
        ts_ns time = (ts_ns)i * w->span;
        struct model_observation o = {time, w->value[i], 1, 1};
        model_series_learn(s, &o);
        if (time >= LEARNED && time < ALL - 7 * TIME_DAY &&
            time % (12 * TIME_HOUR + 15 * TIME_MIN) < w->span)
            forecast(f, s, i, w, tally);
    }
    model_series_free(s);
}

int main(int argc, char **argv)
{
    int series = argc > 1 ? atoi(argv[1]) : 40;
    int minutes = argc > 2 ? atoi(argv[2]) : 15;
    const char *only = argc > 3 ? argv[3] : NULL;
    if (series <= 0 || minutes <= 0)
        return 2;
    struct work w = {.span = minutes * TIME_MIN};
    w.n = (size_t)(ALL / w.span);
    w.value = calloc(w.n, sizeof(*w.value));
    w.truth = calloc(w.n, sizeof(*w.truth));
    for (int f = 0; f < FAMILIES && w.value != NULL && w.truth != NULL; f++) {
        struct tally tally[AHEAD] = {{0}};
        if (only != NULL && strcmp(only, names[f]) != 0)
            continue;
        w.points = w.seconds = 0;
        for (int i = 0; i < series; i++)
            one_series((enum family)f, (uint64_t)(f * 100003 + i), &w, tally);
        for (size_t a = 0; a < AHEAD; a++) {
            const struct tally *t = &tally[a];
            printf("{\"bench\":\"model_forecast\",\"family\":\"%s\",\"hours\":%lld,"
                   "\"minutes\":%d,\"n\":%.0f,\"inside\":%.3f,\"above\":%.3f,\"width\":%.2f,"
                   "\"centre\":%.3f,\"us\":%.2f}\n",
                   names[f], (long long)(ahead[a] / TIME_HOUR), minutes, t->n, t->inside / t->n,
                   t->above / t->n, t->width / t->n, t->centre / t->n, 1e6 * w.seconds / w.points);
        }
        fflush(stdout);
    }
    free(w.value);
    free(w.truth);
    return 0;
}
