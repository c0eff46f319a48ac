/* SPDX-License-Identifier: Apache-2.0 */
#include "model/series_priv.h"

#include <math.h>

#define LOSS_TAU 48.0 /* buckets over which foretellers are compared */
#define RECORD_SHARE 0.2
#define RECORD_MOST 10.0
#define MOST_LOSS 9.0 /* one surprise counts no more than three standard deviations */
#define HANDICAP 2.0  /* loss a newly ready season starts behind the best */
#define NERVOUS 0.15  /* share of the nervous ones in what a run is measured against */
#define TREND_AFTER 32.0
#define SLOPE_GAIN 0.0005 /* with the level's 1/32, damped (Holt 1957) */
#define TREND_TAU 32.0
#define PRIOR_VALUE 0.3 /* what a series of nothing but zeros is believed to hold in all */

/* What each starts behind: a nervous level must earn its place. */
static double handicap(int i)
{
    switch (i) {
    case LEVEL_FAST:
        return 4;
    case LEVEL_TREND:
        return 2;
    case LEVEL_MID:
        return 1;
    default:
        return 0;
    }
}

static double tau_of(const struct model_series *s, int i)
{
    switch (i) {
    case LEVEL_FAST:
        return LEVEL_TAU_FAST;
    case LEVEL_MID:
    case LEVEL_DAILY_MID:
    case LEVEL_WEEKLY_MID:
        return fmin(LEVEL_TAU_MID, s->tau);
    case LEVEL_TREND:
        return TREND_TAU;
    default:
        return s->tau;
    }
}

/* The record of weeks counts up to RECORD_MOST: who was right last Monday is heard this Monday, and
 * still everything may have changed since. */
static double behind(const struct model_series *s, int i, double best_record)
{
    double record = ((double)s->level[i].record - best_record) * RECORD_SHARE;
    return (double)s->level[i].loss + handicap(i) + fmin(record, RECORD_MOST);
}

static bool speaks(const struct model_series *s, int i)
{
    if (!(s->level[i].n > 0))
        return false;
    if (i == LEVEL_TREND)
        return (double)s->level[i].n >= TREND_AFTER / 2 && s->n >= TREND_AFTER;
    return true;
}

double model_level_measure(const struct model_series *s, double value)
{
    return s->scale == SCALE_LOG ? log(fmax(value, 1e-9)) : value;
}

static double season_for(const struct model_series *s, const struct model_point *p, int i)
{
    if (i >= LEVEL_WEEKLY)
        return p->weekly;
    if (i >= LEVEL_DAILY)
        return p->daily;
    return s->scale == SCALE_RATIO ? 1 : 0;
}

static double one_foretold(const struct model_series *s, const struct model_point *p, int i)
{
    const struct model_level *l = &s->level[i];
    double season = season_for(s, p, i);
    if (i == LEVEL_TREND) {
        double v = l->a + l->b;
        return s->scale == SCALE_RATIO ? fmax(v, 0) : v;
    }
    if (s->scale == SCALE_RATIO)
        return (l->a + PRIOR_VALUE) / (l->b + PRIOR_VALUE) * season;
    return l->a + season;
}

void model_level_foretell(const struct model_series *s, ts_ns time, struct model_point *out)
{
    bool ratio = s->scale == SCALE_RATIO;
    double neutral = ratio ? 1 : 0;
    bool daily = s->daily != NULL && model_season_ready(s->daily);
    bool weekly = s->weekly != NULL && model_season_ready(s->weekly);
    out->daily = daily ? model_season_at(s->daily, time) : neutral;
    double week = weekly ? model_season_at(s->weekly, time) : neutral;
    out->weekly = ratio ? out->daily * week : out->daily + week;

    double record = 1e300;
    for (int i = 0; i < LEVELS; i++)
        if (speaks(s, i))
            record = fmin(record, (double)s->level[i].record);
    double least = 1e300;
    for (int i = 0; i < LEVELS; i++) {
        out->weight[i] = -1;
        if (!speaks(s, i))
            continue;
        out->weight[i] = behind(s, i, record);
        least = fmin(least, out->weight[i]);
    }
    double total = 0;
    for (int i = 0; i < LEVELS; i++) {
        double late = out->weight[i] - least;
        out->foretold[i] = 0;
        if (out->weight[i] < 0 || late > 60) {
            out->weight[i] = 0;
            continue;
        }
        out->foretold[i] = one_foretold(s, out, i);
        out->weight[i] = late > 0 ? exp(-late / 2) : 1;
        total += out->weight[i];
    }
    out->mean = 0;
    out->n = 0;
    out->steady = 0;
    double steady_total = 0;
    for (int i = 0; i < LEVELS; i++) {
        if (!(out->weight[i] > 0))
            continue;
        double slow =
            sqrt(sqrt(out->weight[i])) * (i == LEVEL_FAST || i == LEVEL_TREND ? NERVOUS : 1);
        steady_total += slow;
        out->steady += slow * out->foretold[i];
        out->weight[i] /= total;
        out->mean += out->weight[i] * out->foretold[i];
        out->n += out->weight[i] * fmin((double)s->level[i].n, tau_of(s, i));
    }
    out->steady = steady_total > 0 ? out->steady / steady_total : out->mean;
    out->between = 0;
    for (int i = 0; i < LEVELS; i++) {
        double e = out->foretold[i] - out->mean;
        out->between += out->weight[i] * e * e;
    }
}

static void start(struct model_series *s, int i, double y, double n, double season)
{
    struct model_level *l = &s->level[i];
    double kept = fmin(n, tau_of(s, i));
    if (i == LEVEL_TREND) {
        l->a = y;
        l->b = 0;
    } else if (s->scale == SCALE_RATIO) {
        l->a = y * kept;
        l->b = season * kept;
    } else {
        l->a = y - season;
        l->b = 0;
    }
    l->n = (float)kept;
}

void model_level_restart(struct model_series *s, double y, double n)
{
    for (int i = 0; i < LEVELS; i++)
        if (i < LEVEL_DAILY || s->level[i].n > 0)
            start(s, i, y, n, s->scale == SCALE_RATIO ? 1 : 0);
}

/* A season that has seen its first whole cycle gets its levels. */
static void admit(struct model_series *s, const struct model_season *season, int slow)
{
    if (season == NULL || !model_season_ready(season) || s->level[slow].n > 0)
        return;
    double least = 1e300;
    double record = 1e300;
    for (int i = 0; i < LEVELS; i++) {
        if (speaks(s, i)) {
            least = fmin(least, (double)s->level[i].loss);
            record = fmin(record, (double)s->level[i].record);
        }
    }
    for (int i = slow; i <= slow + 1; i++) {
        start(s, i, model_season_base(season), LEVEL_TAU_MID / 2, s->scale == SCALE_RATIO ? 1 : 0);
        s->level[i].loss = (float)(least + HANDICAP);
        s->level[i].record = (float)record;
    }
}

void model_level_compare(struct model_series *s, const struct model_point *p, double y, double sd)
{
    for (int i = 0; i < LEVELS; i++) {
        struct model_level *l = &s->level[i];
        if (!speaks(s, i))
            continue;
        double e = (y - p->foretold[i]) / sd;
        double square = fmin(e * e, MOST_LOSS);
        l->loss = (float)((double)l->loss * (1 - 1 / LOSS_TAU) + square);
        l->record = (float)((double)l->record * (1 - 1 / s->tau) + square);
    }
}

void model_level_learn(struct model_series *s, const struct model_point *p, double y)
{
    bool ratio = s->scale == SCALE_RATIO;
    for (int i = 0; i < LEVELS; i++) {
        struct model_level *l = &s->level[i];
        if (i >= LEVEL_DAILY && !(l->n > 0))
            continue;
        double season = season_for(s, p, i);
        if (!(l->n > 0)) {
            start(s, i, y, 1, season);
            continue;
        }
        double tau = tau_of(s, i);
        double n = fmin((double)l->n + 1, tau);
        if (i == LEVEL_TREND) {
            double before = l->a + l->b;
            double e = y - before;
            l->a = before + e / fmin(n, TREND_TAU);
            if ((double)l->n >= TREND_AFTER / 2)
                l->b += SLOPE_GAIN * e;
        } else if (ratio) {
            double keep = n >= tau ? 1 - 1 / tau : 1;
            l->a = l->a * keep + y;
            l->b = l->b * keep + season;
        } else {
            l->a += (y - season - l->a) / n;
        }
        l->n = (float)n;
    }
    admit(s, s->daily, LEVEL_DAILY);
    admit(s, s->weekly, LEVEL_WEEKLY);
}

void model_level_fade(struct model_series *s, double buckets)
{
    for (int i = 0; i < LEVELS; i++) {
        struct model_level *l = &s->level[i];
        double tau = tau_of(s, i);
        double keep = exp(-buckets / tau);
        if (s->scale == SCALE_RATIO && i != LEVEL_TREND && l->n > 0) {
            l->a *= keep;
            l->b = l->b * keep + tau * (1 - keep);
        } else if (s->scale == SCALE_RATIO) {
            l->a *= keep;
            l->b = 0;
        }
        l->loss *= (float)exp(-buckets / LOSS_TAU);
    }
}
