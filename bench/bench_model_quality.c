/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How good the series models are on generated families with known truth.
 *
 * Each family is a job of some series over six weeks. After three weeks one bucket in 5,000 is
 * replaced by a value whose probability under the true law is drawn between 1e-5 and 1e-8 ("weak")
 * or between 1e-8 and 1e-14 ("plain"). Prints, for each family, false records for 10,000
 * series-buckets at scores 25, 50 and 75 after three weeks (the injected buckets and the twelve
 * after left out) and the share of injected anomalies found. Fixed seeds: the same figures every
 * time.
 */
#include "base/rng.h"
#include "model/population.h"
#include "model/score.h"
#include "model/series.h"
#include "stats/dist.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum family {
    POISSON,
    POISSON_SEASON,
    NEGBIN,
    NEGBIN_WEEK,
    LOGNORMAL,
    LOGNORMAL_SEASON,
    SPARSE,
    TREND,
    SHIFT,
    GAUSS_MEAN,
    VARIANCE,
    TWO_MODES,
    CYCLE,
    CLOCKS,
    MAXIMA,
    FAMILIES
};

static const char *const names[FAMILIES] = {
    "poisson",          "poisson_season", "negbin", "negbin_week", "lognormal",
    "lognormal_season", "sparse",         "trend",  "shift",       "gauss_mean",
    "variance",         "two_modes",      "cycle",  "clocks",      "maxima"};

struct truth {
    double mean; /* count: mean; lognormal: location; gauss: mean */
    double size; /* count: negative binomial size, 0 Poisson; others: standard deviation */
    double zero; /* probability of a zero */
};

struct plan {
    double rate;
    double size;
    double phase;
    double slope;
    double period; /* hours */
};

#define OF_MANY 30 /* values in a bucket whose greatest is taken */

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
    if (mean > 500)
        return fmax(0, floor(mean + sqrt(mean) * rng_normal(r) + 0.5));
    double k = 0;
    double p = exp(-fmin(mean, 30));
    double left = mean;
    double product = rng_f64(r);
    for (;;) {
        if (product > p) {
            k++;
            product *= rng_f64(r);
            continue;
        }
        left -= 30;
        if (left <= 0)
            return k;
        product = product / p > 0 ? rng_f64(r) : 0;
        p = exp(-fmin(left, 30));
    }
}

static struct truth truth_at(enum family f, const struct plan *plan, ts_ns time)
{
    double day = (double)(time % TIME_DAY) / (double)TIME_DAY;
    double week = (double)((time / TIME_DAY + 4) % 7);
    double wave = 1 + 0.7 * sin(2 * M_PI * (day - plan->phase));
    double weeks = (double)time / (double)(7 * TIME_DAY);
    struct truth t = {plan->rate, 0, 0};
    switch (f) {
    case POISSON_SEASON:
        t.mean *= wave;
        break;
    case NEGBIN:
        t.size = plan->size;
        break;
    case NEGBIN_WEEK:
        t.size = plan->size;
        t.mean *= wave * (week >= 5 ? 0.3 : 1);
        break;
    case LOGNORMAL:
    case LOGNORMAL_SEASON:
        t.mean = log(plan->rate) + 6 + (f == LOGNORMAL_SEASON ? log(wave) : 0);
        t.size = plan->size;
        break;
    case SPARSE:
        t.mean = log(plan->rate) + 4;
        t.size = 0.6;
        t.zero = 0.97;
        break;
    case TREND:
        t.mean *= exp(plan->slope * weeks);
        break;
    case SHIFT:
        t.mean *= weeks > 4.3 ? 2.5 : 1;
        break;
    case GAUSS_MEAN:
        t.mean = plan->rate + 10 * sin(2 * M_PI * (day - plan->phase));
        t.size = 2;
        break;
    case VARIANCE:
        t.mean = 10 * plan->rate;
        t.size = plan->rate * (1 + 0.8 * sin(2 * M_PI * (day - plan->phase)));
        break;
    case TWO_MODES:
        t.mean = 100;
        t.size = 2;
        break;
    case CYCLE:
        t.mean *= 1 + 0.8 * sin(2 * M_PI * (double)time / (plan->period * (double)TIME_HOUR));
        break;
    case CLOCKS: {
        double hour = 24 * day + (weeks > 4.3 ? 1 : 0);
        t.mean *= hour >= 8 && hour < 18 && week < 5 ? 10 : 1;
        break;
    }
    case MAXIMA:
        t.mean = log(plan->rate);
        t.size = 0.8;
        break;
    default:
        break;
    }
    return t;
}

static bool is_count(enum family f)
{
    return f == POISSON || f == POISSON_SEASON || f == NEGBIN || f == NEGBIN_WEEK || f == TREND ||
           f == SHIFT || f == CYCLE || f == CLOCKS;
}

static double draw(enum family f, const struct truth *t, struct rng *r)
{
    if (is_count(f))
        return poisson_draw(r, t->size > 0 ? t->mean * gamma_draw(r, t->size) / t->size : t->mean);
    if (f == GAUSS_MEAN || f == VARIANCE)
        return t->mean + t->size * rng_normal(r);
    if (f == TWO_MODES)
        return t->mean + (rng_f64(r) < 0.4 ? 40 : 0) + t->size * rng_normal(r);
    if (f == MAXIMA) {
        double most = -1e9;
        for (int i = 0; i < OF_MANY; i++)
            most = fmax(most, rng_normal(r));
        return exp(t->mean + t->size * most);
    }
    if (t->zero > 0 && rng_f64(r) < t->zero)
        return 0;
    return floor(exp(t->mean + t->size * rng_normal(r)));
}

static double log_tail(enum family f, const struct truth *t, double x)
{
    if (is_count(f))
        return t->size > 0 ? stats_dist_negbin(x, t->mean, t->size).upper
                           : stats_dist_poisson(x, t->mean).upper;
    if (f == GAUSS_MEAN || f == VARIANCE)
        return stats_dist_normal(x, t->mean, t->size).upper;
    if (f == TWO_MODES)
        return log(0.4) + stats_dist_normal(x, t->mean + 40, t->size).upper;
    if (f == MAXIMA)
        return fmin(log(OF_MANY) + stats_dist_normal(log(fmax(x, 1e-9)), t->mean, t->size).upper,
                    0);
    return stats_dist_normal(log(fmax(x, 1)), t->mean, t->size).upper + log1p(-t->zero);
}

/* The smallest value whose upper tail is at most log_p. */
static double value_at(enum family f, const struct truth *t, double log_p)
{
    double low = 0;
    double high = 1;
    while (log_tail(f, t, high) > log_p)
        high *= 2;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (log_tail(f, t, middle) > log_p)
            low = middle;
        else
            high = middle;
    }
    return is_count(f) ? ceil(high) : high;
}

struct tally {
    double buckets;
    double false_at[3];
    double injected[2];
    double found[2];
    double memory;
    double late_shift; /* buckets >= 75 between 24 h and the end after the shift */
};

static void say(const char *what, enum family f, uint64_t seed, ts_ns time, double value,
                double log_p, const struct model_judgement *j)
{
    fprintf(stderr,
            "%s %s seed %llu day %.2f value %g true p 1e%.1f typical %g upper %g single 1e%.1f "
            "multi 1e%.1f variance %d\n",
            what, names[f], (unsigned long long)seed, (double)time / (double)TIME_DAY, value,
            log_p / M_LN10, j->typical, j->upper, j->single_log_p / M_LN10, j->multi_log_p / M_LN10,
            j->high_variance);
}

static void one_series(enum family f, uint64_t seed, ts_ns span, double tests, struct tally *out)
{
    struct rng r;
    rng_init(&r, seed);
    struct plan plan = {exp(rng_f64(&r) * 6), 2 + 20 * rng_f64(&r), rng_f64(&r),
                        0.5 * (rng_f64(&r) - 0.3), 0};
    if (f == CYCLE)
        plan.period = 1.2 + 10 * rng_f64(&r);
    if (f == LOGNORMAL || f == LOGNORMAL_SEASON)
        plan.size = 0.2 + rng_f64(&r);
    struct model_params params = {span,
                                  is_count(f)                        ? MODEL_COUNT
                                  : f == GAUSS_MEAN || f >= VARIANCE ? MODEL_VALUE
                                                                     : MODEL_SUM,
                                  MODEL_HIGH, false};
    struct model_series *s = model_series_new(&params);
    if (s == NULL)
        return;
    ts_ns shift = (ts_ns)(4.3 * 7 * (double)TIME_DAY);
    int quiet = 0;
    for (ts_ns time = 0; time < 42 * TIME_DAY; time += span) {
        struct truth t = truth_at(f, &plan, time);
        double value = draw(f, &t, &r);
        int kind = -1;
        if (time > 21 * TIME_DAY && quiet == 0 && rng_below(&r, 5000) == 0) {
            kind = (int)rng_below(&r, 2);
            double digits = kind == 0 ? 5 + 3 * rng_f64(&r) : 8 + 6 * rng_f64(&r);
            value = value_at(f, &t, -digits * M_LN10);
            quiet = 13;
        }
        if (f == SHIFT && time >= shift && time < shift + TIME_DAY)
            quiet = 1;
        if (f == CLOCKS && time >= shift && time < shift + 6 * TIME_HOUR)
            quiet = 1;
        struct model_observation o = {time, value, 1, 1};
        struct model_judgement j;
        model_series_judge(s, &o, &j);
        double score = model_score_anchor(j.log_p, tests);
        if (kind >= 0) {
            out->injected[kind]++;
            bool found = score >= (kind == 0 ? 50 : 75);
            out->found[kind] += found;
            if (!found && getenv("QUALITY_VERBOSE") != NULL)
                say("missed", f, seed, time, value, log_tail(f, &t, value), &j);
        } else if (quiet == 0 && time > 21 * TIME_DAY) {
            out->buckets++;
            for (int i = 0; i < 3; i++)
                out->false_at[i] += score >= 25 * (i + 1);
            if (f == SHIFT && time > shift)
                out->late_shift += score >= 75;
            if (score >= 75 && getenv("QUALITY_VERBOSE") != NULL)
                say("false", f, seed, time, value, log_tail(f, &t, value), &j);
        }
        if (quiet > 0)
            quiet--;
        model_series_learn(s, &o);
    }
    out->memory = fmax(out->memory, (double)model_series_memory(s));
    model_series_free(s);
}

#define POP_MEMBERS 300

/*
 * Populations of hosts or ports: levels lognormal over nine e-folds with one giant, each varying by
 * its own lognormal law (heavy: a fifth of the values have three times the spread), a trickle of
 * newcomers. Injected: a newcomer that carries ten times what the whole population has as its
 * largest ("plain"), and a small old member that rises to the giant's level ("weak", at 50).
 */
static void one_population(uint64_t seed, double tests, struct tally *out)
{
    static struct model_member member[POP_MEMBERS];
    static double level[POP_MEMBERS];
    static double values[POP_MEMBERS + 2];
    struct rng r;
    rng_init(&r, seed);
    int members = 20 + (int)rng_below(&r, POP_MEMBERS - 20);
    double spread = 0.3 + 0.7 * rng_f64(&r);
    double newcomers = rng_f64(&r);
    struct model_params params = {TIME_HOUR, MODEL_SUM, MODEL_HIGH, false};
    struct model_population p;
    model_population_init(&p, &params);
    for (int i = 0; i < members; i++) {
        model_member_init(&member[i]);
        level[i] = i == 0 ? 18 : 8 + 2 * rng_normal(&r);
    }
    for (ts_ns time = 0; time < 28 * TIME_DAY; time += TIME_HOUR) {
        struct model_member fresh[2];
        int n = members;
        for (int i = 0; i < members; i++) {
            double s = spread * (rng_below(&r, 5) == 0 ? 3 : 1);
            values[i] = exp(level[i] + s * rng_normal(&r));
        }
        if (rng_f64(&r) < newcomers)
            values[n++] = exp(6 + 2 * rng_normal(&r));
        int plain = -1;
        int weak = -1;
        if (time > 2 * TIME_DAY && rng_below(&r, 40) == 0) {
            plain = n;
            values[n++] = exp(18 + 3 * spread + 2.3);
        } else if (time > 7 * TIME_DAY && rng_below(&r, 40) == 0) {
            weak = 1 + (int)rng_below(&r, (uint64_t)members - 1);
            weak = level[weak] < 11 ? weak : -1;
            if (weak >= 0)
                values[weak] = exp(18);
        }
        for (int i = members; i < n; i++)
            model_member_init(&fresh[i - members]);
        for (int i = 0; i < n; i++) {
            struct model_observation o = {time, values[i], 1, 1};
            struct model_judgement j;
            model_population_judge(&p, i < members ? &member[i] : &fresh[i - members], &o, &j);
            double score = model_score_anchor(j.log_p, tests);
            if (i == plain || i == weak) {
                out->injected[i == plain]++;
                out->found[i == plain] += score >= (i == plain ? 75 : 50);
                continue;
            }
            out->buckets++;
            for (int k = 0; k < 3; k++)
                out->false_at[k] += score >= 25 * (k + 1);
        }
        for (int i = 0; i < n; i++) {
            struct model_observation o = {time, values[i], 1, 1};
            model_population_learn(&p, i < members ? &member[i] : &fresh[i - members], &o);
        }
        model_population_close(&p, time);
    }
    out->memory = sizeof(struct model_member);
}

static void print_tally(const char *name, const struct tally *t)
{
    printf("{\"bench\":\"model_quality\",\"family\":\"%s\",\"series_buckets\":%.0f,"
           "\"false_per_10k\":{\"25\":%.3f,\"50\":%.3f,\"75\":%.3f},\"weak\":%.0f,"
           "\"weak_recall_50\":%.3f,\"plain\":%.0f,\"plain_recall_75\":%.3f,\"bytes\":%.0f}\n",
           name, t->buckets, 1e4 * t->false_at[0] / t->buckets, 1e4 * t->false_at[1] / t->buckets,
           1e4 * t->false_at[2] / t->buckets, t->injected[0], t->found[0] / fmax(t->injected[0], 1),
           t->injected[1], t->found[1] / fmax(t->injected[1], 1), t->memory);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    int series = argc > 1 ? atoi(argv[1]) : 60;
    const char *only = argc > 2 && strcmp(argv[2], "all") != 0 ? argv[2] : NULL;
    int minutes = argc > 3 ? atoi(argv[3]) : 0;
    for (int f = 0; f < FAMILIES; f++) {
        if (only != NULL && strcmp(only, names[f]) != 0)
            continue;
        struct tally t = {0};
        ts_ns span = minutes > 0 ? minutes * TIME_MIN : (f == SPARSE ? 15 : 5) * TIME_MIN;
        double tests = series * (double)TIME_DAY / (double)span;
        for (int i = 0; i < series; i++)
            one_series((enum family)f, (uint64_t)(f * 100003 + i), span, tests, &t);
        print_tally(names[f], &t);
    }
    if (only == NULL || strcmp(only, "population") == 0) {
        struct tally t = {0};
        for (int i = 0; i < 1 + series / 6; i++)
            one_population((uint64_t)(900001 + i), 24 * POP_MEMBERS / 2, &t);
        print_tally("population", &t);
    }
    return 0;
}
