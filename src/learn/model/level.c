/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "model/number.h"
#include "model/series_priv.h"

#include <math.h>
#include <string.h>

#define LOSS_MOST 48.0 /* buckets over which foretellers are compared: a day, between these */
#define LOSS_LEAST 16.0
#define RECORD_SHARE 0.1
#define RECORD_MOST 10.0
#define SEASON_HEARD 4.6 /* behind, at most: a weight of a tenth */
#define GOOD_RECORD 0.15
#define GOOD_LOSS 0.7
#define MOST_LATE 60.0 /* a weight of 1e-13 is none */
#define MOST_LOSS 9.0  /* one surprise counts no more than three standard deviations */
#define HANDICAP 1.1F  /* a newly ready season starts so far behind the best */
#define NERVOUS 0.15   /* share of the nervous ones in what a run is measured against */
#define SPREAD_KEPT 0.25
#define TREND_AFTER 32.0
#define SLOPE_GAIN 0.0005 /* with the level's 1/32, damped (Holt 1957) */
#define TREND_TAU 32.0
#define VARIANCE_DOUBT 12.0 /* visits: a spread takes longer to know than a mean */
#define VARIANCE_KNOWN 60.0
#define LEAST_NOISE 1e-12
#define LEAST_MEAN 1e-3
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

static double loss_tau(const struct model_series *s)
{
    double day = (double)TIME_DAY / (double)s->bucket_span;
    return model_min(model_max(day, LOSS_LEAST), LOSS_MOST);
}

static double tau_of(const struct model_series *s, int i)
{
    switch (i) {
    case LEVEL_FAST:
        return LEVEL_TAU_FAST;
    case LEVEL_MID:
    case LEVEL_DAILY_MID:
    case LEVEL_WEEKLY_MID:
    case LEVEL_CYCLE_MID:
        return model_min(LEVEL_TAU_MID, s->tau);
    case LEVEL_TREND:
        return TREND_TAU;
    default:
        return s->tau;
    }
}

/*
 * Twice the log likelihood of a normal law with its own variance, over the last loss_tau() buckets;
 * the record of weeks counts up to RECORD_MOST: who was right last Monday is heard this Monday, and
 * still everything may have changed since.
 */
static double behind(const struct model_series *s, int i, double loss, double over_record)
{
    double n = model_min((double)s->total, loss_tau(s));
    double long_n = model_min((double)s->total, s->tau) * RECORD_SHARE;
    return loss * n + handicap(i) + model_min(over_record * long_n, RECORD_MOST);
}

static bool ready(const struct model_season *season)
{
    return season != NULL && model_season_ready(season);
}

bool model_level_fit(struct model_series *s)
{
    int levels = ready(s->cycle)    ? LEVELS
                 : ready(s->weekly) ? LEVEL_CYCLE
                 : ready(s->daily)  ? LEVEL_WEEKLY
                                    : LEVEL_DAILY;
    if (levels == s->levels)
        return true;
    struct model_level *more = NULL;
    if (levels > LEVEL_DAILY) {
        more = mem_resize(s->more, (size_t)(levels - LEVEL_DAILY), sizeof(*more));
        if (more == NULL && levels > s->levels)
            return false;
        if (more == NULL)
            more = s->more; /* what is too much stays where it is */
        for (int i = s->levels; i < levels; i++)
            more[i - LEVEL_DAILY] = (struct model_level){0};
    } else {
        mem_free(s->more);
    }
    s->levels = (uint8_t)levels;
    s->more = more;
    return true;
}

size_t model_level_memory(const struct model_series *s)
{
    int levels = s->cycle != NULL    ? LEVELS
                 : s->weekly != NULL ? LEVEL_CYCLE
                 : s->daily != NULL  ? LEVEL_WEEKLY
                                     : LEVEL_DAILY;
    return levels > LEVEL_DAILY
               ? mem_cost((size_t)(levels - LEVEL_DAILY) * sizeof(struct model_level))
               : 0;
}

void model_level_clear(struct model_series *s)
{
    for (int i = 0; i < s->levels; i++)
        *model_level_at(s, i) = (struct model_level){0};
}

static bool speaks(const struct model_series *s, int i)
{
    if (!(model_level_of(s, i)->n > 0))
        return false;
    if (i == LEVEL_TREND)
        return (double)model_level_of(s, i)->n >= TREND_AFTER / 2 && s->n >= TREND_AFTER;
    return true;
}

double model_level_measure(const struct model_series *s, double value)
{
    return s->scale == SCALE_LOG ? log(model_max(value, 1e-9)) : value;
}

double model_level_season(const struct model_series *s, const struct model_point *p, int i)
{
    if (i >= LEVEL_CYCLE)
        return p->cycle;
    if (i >= LEVEL_WEEKLY)
        return p->weekly;
    if (i >= LEVEL_DAILY)
        return p->daily;
    return s->scale == SCALE_RATIO ? 1 : 0;
}

static double one_foretold(const struct model_series *s, const struct model_point *p, int i)
{
    const struct model_level *l = model_level_of(s, i);
    double season = model_level_season(s, p, i);
    if (i == LEVEL_TREND) {
        double v = l->a + (double)l->b;
        return s->scale == SCALE_RATIO ? model_max(v, 0) : v;
    }
    if (s->scale == SCALE_RATIO)
        return (l->a + PRIOR_VALUE) / ((double)l->b + PRIOR_VALUE) * season;
    return l->a + season;
}

void model_level_weigh(struct model_series *s)
{
    double loss[LEVELS];
    double record[LEVELS];
    double late[LEVELS];
    double best_loss = 1e300;
    double best_record = 1e300;
    double least = 1e300;
    for (int i = 0; i < s->levels; i++) {
        if (!speaks(s, i))
            continue;
        loss[i] = (double)logf(model_level_of(s, i)->recent + MODEL_LEAST_LOSS);
        record[i] = (double)logf(model_level_of(s, i)->ever + MODEL_LEAST_LOSS);
        best_loss = model_min(best_loss, loss[i]);
        best_record = model_min(best_record, record[i]);
    }
    for (int i = 0; i < s->levels; i++) {
        late[i] = speaks(s, i) ? behind(s, i, loss[i], record[i] - best_record) : 1e300;
        least = model_min(least, late[i]);
    }
    double total = 0;
    double steady = 0;
    for (int i = 0; i < s->levels; i++) {
        struct model_level *l = model_level_at(s, i);
        late[i] -= least;
        /* What a season says is not forgotten over a few good hours of those who only follow: an
         * hour that differs every day or week comes without warning to them. */
        if (i >= LEVEL_DAILY && late[i] > SEASON_HEARD && l->n > 0 &&
            record[i] < best_record + GOOD_RECORD && loss[i] < best_loss + GOOD_LOSS)
            late[i] = SEASON_HEARD;
        l->weight = l->steady = 0;
        if (late[i] > MOST_LATE)
            continue;
        double slow = late[i] > 0 ? exp(-late[i] / 8) : 1;
        l->weight = (float)(slow * slow * slow * slow);
        l->steady = (float)(slow * (i == LEVEL_FAST || i == LEVEL_TREND ? NERVOUS : 1));
        total += (double)l->weight;
        steady += (double)l->steady;
    }
    for (int i = 0; i < s->levels && total > 0; i++) {
        model_level_at(s, i)->weight /= (float)total;
        model_level_at(s, i)->steady /= (float)steady;
    }
}

/* The variance of this hour as a multiple of the usual one, drawn to 1 while few visits stand
 * behind it. */
static double variance_at(const struct model_series *s, ts_ns time)
{
    if (!ready(s->variance))
        return 1;
    double visits = model_season_visits(s->variance);
    double doubt = visits > VARIANCE_KNOWN ? 0 : VARIANCE_DOUBT * VARIANCE_DOUBT;
    double v = model_season_at(s->variance, time);
    return doubt > 0 ? pow(v, visits * visits / (visits * visits + doubt)) : v;
}

static double season_at(const struct model_series *s, const struct model_season *season, ts_ns time)
{
    if (ready(season))
        return model_season_at(season, time);
    return s->scale == SCALE_RATIO ? 1 : 0;
}

struct model_week_noise model_level_noise(const struct model_series *s)
{
    double v = s->spread_weight > 0 ? model_max(s->spread / s->spread_weight, 0) : 0;
    if (s->scale != SCALE_RATIO)
        return (struct model_week_noise){model_max(v, LEAST_NOISE), 0, 0};
    return (struct model_week_noise){0, 1 / model_max(model_season_base(s->weekly), LEAST_MEAN), v};
}

/* Day and week together; the day alone until a week has been seen. */
static double week_at(const struct model_series *s, ts_ns time, double daily)
{
    if (!ready(s->weekly))
        return daily;
    if (s->week == NULL)
        return model_season_at(s->weekly, time);
    struct model_week_noise noise = model_level_noise(s);
    return model_week_at(s->week, s->weekly, s->daily, time, &noise);
}

static void place_in_seasons(const struct model_series *s, ts_ns time, ts_ns clock,
                             struct model_point *out)
{
    bool ratio = s->scale == SCALE_RATIO;
    out->daily = season_at(s, s->daily, time + clock);
    out->weekly = week_at(s, time + clock, out->daily);
    double more = season_at(s, s->cycle, time);
    out->cycle = s->cycle_alone ? more : ratio ? out->weekly * more : out->weekly + more;
}

/* The end of those on top of a season that follows the clock. */
static int end_by_clock(const struct model_series *s)
{
    bool alone = s->cycle_alone && s->cycle != NULL && s->levels > LEVEL_CYCLE;
    return alone ? LEVEL_CYCLE : s->levels;
}

double model_level_by_clock(const struct model_series *s)
{
    double weight = 0;
    for (int i = LEVEL_DAILY; i < end_by_clock(s); i++)
        weight += (double)model_level_of(s, i)->weight;
    return weight;
}

int model_level_slow_by_clock(const struct model_series *s)
{
    int best = LEVEL_DAILY;
    for (int i = LEVEL_DAILY; i < end_by_clock(s); i += 2)
        if (model_level_of(s, i)->n > 0.0F &&
            model_level_of(s, i)->ever < model_level_of(s, best)->ever)
            best = i;
    return best;
}

void model_level_one(const struct model_series *s, int i, ts_ns time, ts_ns clock,
                     struct model_point *p)
{
    place_in_seasons(s, time, clock, p);
    p->mean = one_foretold(s, p, i);
    if (s->variance_gain > MODEL_VARIANCE_HEARD)
        p->vary = variance_at(s, time + clock);
}

double model_level_seasonal(const struct model_series *s)
{
    double weight = 0;
    for (int i = LEVEL_DAILY; i < s->levels; i++)
        weight += (double)model_level_of(s, i)->weight;
    return weight;
}

void model_level_foretell(const struct model_series *s, ts_ns time, struct model_point *out)
{
    model_level_foretell_by(s, time, s->clock, out);
}

/* A season's hour has been seen less often than there were buckets: what that adds to 1 / n. */
static double error_of_seasons(const struct model_series *s, ts_ns time)
{
    double visits = s->daily != NULL ? model_season_weight_at(s->daily, time) : 0;
    if (!(visits > 0))
        return 0;
    double error = model_level_seasonal(s) / visits;
    double weekly = 0; /* such levels are not there before the series has weeks */
    for (int i = LEVEL_WEEKLY; i <= LEVEL_WEEKLY_MID && i < s->levels; i++)
        weekly += (double)model_level_of(s, i)->weight;
    if (weekly > 0 && s->week != NULL)
        error +=
            weekly / model_max(model_week_visits(s->week, s->weekly, time), 1) - weekly / visits;
    return error;
}

/* The variances of what the halves of a season's bin differ by: doors that open in the middle of
 * one. */
struct halves {
    double daily;
    double weekly;
};

static struct halves halves_at(const struct model_series *s, ts_ns time)
{
    struct halves h = {0};
    double rise;
    if (!ready(s->daily))
        return h;
    (void)model_season_half_at(s->daily, time, &rise, &h.daily);
    if (h.daily > 0 && ready(s->weekly) && s->week != NULL)
        h.weekly = model_week_half_variance(s->week, s->weekly, time, rise, h.daily);
    return h;
}

/* The same of what foreteller i says. */
static double error_of_half(const struct model_series *s, const struct model_point *p,
                            const struct halves *h, int i)
{
    double variance = i >= LEVEL_CYCLE    ? 0
                      : i >= LEVEL_WEEKLY ? h->weekly
                      : i >= LEVEL_DAILY  ? h->daily
                                          : 0;
    if (!(variance > 0) || s->scale != SCALE_RATIO)
        return variance;
    double level = p->foretold[i] / model_level_season(s, p, i);
    return level * level * variance;
}

void model_level_foretell_by(const struct model_series *s, ts_ns time, ts_ns clock,
                             struct model_point *out)
{
    place_in_seasons(s, time, clock, out);
    out->varied = variance_at(s, time + clock);
    out->vary = s->variance_gain > MODEL_VARIANCE_HEARD ? out->varied : 1;
    out->mean = 0;
    out->steady = 0;
    out->n = 0;
    for (int i = s->levels; i < LEVELS; i++)
        out->foretold[i] = 0;
    for (int i = 0; i < s->levels; i++) {
        const struct model_level *l = model_level_of(s, i);
        out->foretold[i] = 0;
        if (!(l->n > 0))
            continue;
        out->foretold[i] = one_foretold(s, out, i);
        out->mean += (double)l->weight * out->foretold[i];
        out->steady += (double)l->steady * out->foretold[i];
        out->n += (double)l->weight * model_min((double)l->n, tau_of(s, i));
    }
    out->n /= 1 + error_of_seasons(s, time + clock) * out->n;
    out->between = 0;
    struct halves halves = halves_at(s, time + clock);
    for (int i = 0; i < s->levels; i++) {
        double e = out->foretold[i] - out->mean;
        double square = e * e + error_of_half(s, out, &halves, i);
        out->between += (double)model_level_of(s, i)->weight * square;
    }
}

static void start(struct model_series *s, int i, double y, double n, double season)
{
    struct model_level *l = model_level_at(s, i);
    double kept = model_min(n, tau_of(s, i));
    if (i == LEVEL_TREND) {
        l->a = y;
        l->b = 0;
    } else if (s->scale == SCALE_RATIO) {
        l->a = y * kept;
        l->b = (float)(season * kept);
    } else {
        l->a = y - season;
        l->b = 0;
    }
    l->n = (float)kept;
}

void model_level_restart(struct model_series *s, double y, double freed, double n)
{
    for (int i = 0; i < s->levels; i++)
        if (i < LEVEL_DAILY || model_level_of(s, i)->n > 0)
            start(s, i, i < LEVEL_DAILY ? y : freed, n, s->scale == SCALE_RATIO ? 1 : 0);
}

void model_level_restart_slow(struct model_series *s, double y, double freed, double n)
{
    for (int i = 0; i < s->levels; i++)
        if ((i < LEVEL_DAILY || model_level_of(s, i)->n > 0) && tau_of(s, i) > n)
            start(s, i, i < LEVEL_DAILY ? y : freed, n, s->scale == SCALE_RATIO ? 1 : 0);
}

/* A season that has seen its first whole cycle gets its levels. */
static void admit(struct model_series *s, const struct model_season *season, int slow)
{
    if (!ready(season) || (slow < s->levels && model_level_of(s, slow)->n > 0) ||
        !model_level_fit(s))
        return;
    /* They start with the loss of the best, and a handicap. */
    int best = LEVEL_SLOW;
    for (int i = 0; i < slow; i++)
        if (speaks(s, i) && model_level_of(s, i)->recent < model_level_of(s, best)->recent)
            best = i;
    for (int i = slow; i <= slow + 1; i++) {
        start(s, i, model_season_base(season), LEVEL_TAU_MID / 2, s->scale == SCALE_RATIO ? 1 : 0);
        model_level_at(s, i)->recent = model_level_of(s, best)->recent * HANDICAP;
        model_level_at(s, i)->ever = model_level_of(s, best)->ever;
    }
    struct model_week_noise noise = {0};
    if (slow == LEVEL_WEEKLY)
        noise = model_level_noise(s);
    if (slow != LEVEL_WEEKLY ||
        (s->week != NULL && model_week_explains(s->week, s->weekly, &noise)))
        model_level_explained(s);
}

void model_level_explained(struct model_series *s)
{
    model_law_forget(s, SPREAD_KEPT);
    model_odd_forget_modes(s);
    model_odd_forget_levels(s);
    if (s->week != NULL)
        model_odd_forget_recurring(s);
}

void model_level_compare(struct model_series *s, const struct model_point *p, double y, double sd)
{
    double gain = 1 / model_min((double)s->total + 1, loss_tau(s));
    double long_gain = 1 / model_min((double)s->total + 1, s->tau);
    for (int i = 0; i < s->levels; i++) {
        struct model_level *l = model_level_at(s, i);
        if (!(l->n > 0))
            continue;
        double e = (y - p->foretold[i]) / sd;
        double square = model_min(e * e, MOST_LOSS);
        l->recent += (float)((square - (double)l->recent) * gain);
        l->ever += (float)((square - (double)l->ever) * long_gain);
    }
}

void model_level_learn(struct model_series *s, const struct model_point *p, double y)
{
    bool ratio = s->scale == SCALE_RATIO;
    for (int i = 0; i < s->levels; i++) {
        struct model_level *l = model_level_at(s, i);
        if (i >= LEVEL_DAILY && !(l->n > 0))
            continue;
        double season = model_level_season(s, p, i);
        if (!(l->n > 0)) {
            start(s, i, y, 1, season);
            continue;
        }
        double tau = tau_of(s, i);
        double n = model_min((double)l->n + 1, tau);
        if (i == LEVEL_TREND) {
            double before = l->a + (double)l->b;
            double e = y - before;
            l->a = before + e / model_min(n, TREND_TAU);
            if (s->scale == SCALE_LOG) /* a slope of other times must not lead out of the world */
                l->a = model_min(model_max(l->a, -MODEL_LOG_FARTHEST), MODEL_LOG_FARTHEST);
            if ((double)l->n >= TREND_AFTER / 2)
                l->b += (float)(SLOPE_GAIN * e);
        } else if (ratio) {
            double keep = n >= tau ? 1 - 1 / tau : 1;
            l->a = l->a * keep + y;
            l->b = (float)((double)l->b * keep + season);
        } else {
            l->a += (y - season - l->a) / n;
        }
        l->n = (float)n;
    }
    admit(s, s->daily, LEVEL_DAILY);
    admit(s, s->weekly, LEVEL_WEEKLY);
    admit(s, s->cycle, LEVEL_CYCLE);
}

void model_level_fade(struct model_series *s, double buckets)
{
    for (int i = 0; i < s->levels; i++) {
        struct model_level *l = model_level_at(s, i);
        double tau = tau_of(s, i);
        double keep = exp(-buckets / tau);
        if (s->scale == SCALE_RATIO && i != LEVEL_TREND && l->n > 0) {
            l->a *= keep;
            l->b = (float)((double)l->b * keep + tau * (1 - keep));
        } else if (s->scale == SCALE_RATIO) {
            l->a *= keep;
            l->b = 0;
        }
        l->recent = l->ever = 0;
    }
}
