/* SPDX-License-Identifier: Apache-2.0 */
/* Which seasons a series has: when one is begun, what each learns from a bucket, when it goes. */
#include "model/number.h"
#include "model/series_priv.h"

#include <math.h>
#include <string.h>

#define SEASON_FORMED 4
#define WEEK_AFTER 3 /* days: more than a weekend */
#define SEASON_CLIP_SD 10.0
#define OUTLIER_SHARE 0.3 /* of a visit, in a season that has formed */
#define SEASON_EVENTS 48  /* buckets that are not empty, before an hour can matter */
#define SEASON_SHARE 0.1  /* of all buckets */
#define SEASON_TRIAL_DAYS 28
#define SEASON_TRIAL_WEEKS 4
#define SEASON_GAIN 0.005 /* in ln of the squared error */
#define WEEKLY_COST 0.03  /* a week's few sharp hours weigh little in the mean; its noise more */
#define VARIANCE_CLIP 9.0 /* a square counts no more than three standard deviations */
#define VARIANCE_LEAST 1e-3
#define VARIANCE_CYCLES 16.0
#define VARIANCE_MOST 50.0 /* nats for or against it that are remembered */
#define LEAST_HOUR 0.02    /* of what the day brings on the whole */
#define CYCLE_CLIP_SD 3.0
#define CYCLE_DAYS 4.0
#define CYCLE_MOST 48.0   /* turns */
#define CYCLE_TRIALS 12   /* cycles after which one must have helped */
#define CYCLE_LEAST 256.0 /* buckets, at least */

static void forget_parts(struct model_series *s)
{
    model_week_free(s->week);
    s->week = NULL;
}

static void end_week(struct model_series *s)
{
    model_season_free(s->weekly);
    s->weekly = NULL;
    forget_parts(s);
}

/* A spread takes longer to know than a mean. */
static void begin_variance(struct model_series *s)
{
    s->variance = model_season_new(TIME_DAY, s->bucket_span, 1, true);
    if (s->variance != NULL)
        model_season_set_memory(s->variance, VARIANCE_CYCLES);
    s->variance_gain = 0;
}

static void begin_week(struct model_series *s)
{
    s->weekly = model_season_new(7 * TIME_DAY, s->bucket_span, model_season_base(s->daily),
                                 s->scale == SCALE_RATIO);
}

void model_seasons_look(struct model_series *s)
{
    /* After a first day, and a few, of data there is a base to measure against. */
    double span = (double)s->bucket_span;
    double day = (double)TIME_DAY / span;
    bool ratio = s->scale == SCALE_RATIO;
    double total = (double)s->total;
    if (s->total < s->season_retry)
        return;
    bool enough = s->scale == SCALE_LINEAR ||
                  (s->occurred >= SEASON_EVENTS && s->occurred >= SEASON_SHARE * s->n);
    if (s->daily == NULL && day >= 4 && total >= day && enough &&
        model_series_may_begin(s, MODEL_GROWTH_DAY))
        s->daily = model_season_new_fine(TIME_DAY, s->bucket_span, s->day_mean, ratio);
    if (s->variance == NULL && day >= 8 && total >= 2 * day && enough &&
        model_series_may_begin(s, MODEL_GROWTH_DAY))
        begin_variance(s);
    if (s->daily != NULL && s->weekly == NULL && total >= WEEK_AFTER * day &&
        model_series_may_begin(s, MODEL_GROWTH_ANY))
        begin_week(s);
}

/* ln of the least mean squared error over the whole memory. */
static double best_record(const struct model_series *s, int first, int last)
{
    double best = 1e300;
    for (int i = first; i <= last && i < s->levels; i++)
        if (model_level_of(s, i)->n > 0)
            best = model_min(best, (double)logf(model_level_of(s, i)->ever + MODEL_LEAST_LOSS));
    return best;
}

static void drop_season(struct model_series *s, struct model_season **season, int first)
{
    model_season_free(*season);
    *season = NULL;
    for (int i = first; i <= first + 1 && i < s->levels; i++)
        *model_level_at(s, i) = (struct model_level){0};
    (void)model_level_fit(s);
}

void model_seasons_forget(struct model_series *s)
{
    model_season_free(s->daily);
    end_week(s);
    model_season_free(s->cycle);
    s->daily = s->cycle = NULL;
    (void)model_level_fit(s);
}

void model_seasons_measure(struct model_series *s, bool logarithm)
{
    if (s->cycle != NULL)
        model_seasons_forget_cycle(s);
    if (s->weekly != NULL)
        model_season_measure(s->weekly, NULL, logarithm);
    forget_parts(s);
    if (s->daily != NULL)
        model_season_measure(s->daily, NULL, logarithm);
    model_season_free(s->variance);
    s->variance = NULL;
    s->variance_gain = 0;
}

void model_seasons_forget_cycle(struct model_series *s)
{
    drop_season(s, &s->cycle, LEVEL_CYCLE);
}

/* What the cycle is on top of. */
static double below_cycle(const struct model_series *s, const struct model_point *p)
{
    return !s->cycle_alone ? p->weekly : s->scale == SCALE_RATIO ? 1 : 0;
}

bool model_seasons_cycle(struct model_series *s, const struct model_point *p, double buckets,
                         bool alone)
{
    bool ratio = s->scale == SCALE_RATIO;
    ts_ns period = (ts_ns)llrint(buckets * (double)s->bucket_span);
    s->cycle_alone = alone;
    double below = below_cycle(s, p);
    double base = ratio ? p->mean / model_max(below, 0.02) : p->mean - below;
    s->cycle = model_season_new(period, s->bucket_span, base, ratio);
    if (s->cycle == NULL)
        return false;
    /* A short cycle comes round often enough to remember more than eight turns. */
    double days = CYCLE_DAYS * (double)TIME_DAY / (double)period;
    model_season_set_memory(s->cycle, model_min(model_max(days, 8), CYCLE_MOST));
    return true;
}

/* After four weeks the day must have done better than none, the week after a fifth not worse than
 * its noise. */
void model_seasons_drop(struct model_series *s)
{
    if (s->variance != NULL && model_season_cycles(s->variance) >= SEASON_TRIAL_DAYS &&
        s->variance_gain < 0.0F) {
        model_season_free(s->variance);
        s->variance = NULL;
        s->season_retry =
            model_series_retry(s, SEASON_TRIAL_DAYS * (double)TIME_DAY / (double)s->bucket_span);
    }
    if (s->total % 64 != 0)
        return;
    if (s->cycle != NULL && model_season_cycles(s->cycle) >= CYCLE_TRIALS &&
        model_season_seen(s->cycle) >= CYCLE_LEAST &&
        best_record(s, LEVEL_CYCLE, LEVEL_CYCLE_MID) >
            best_record(s, LEVEL_SLOW, LEVEL_WEEKLY_MID) - SEASON_GAIN)
        drop_season(s, &s->cycle, LEVEL_CYCLE);
    if (s->daily == NULL || model_season_cycles(s->daily) < SEASON_TRIAL_DAYS)
        return;
    double plain = best_record(s, LEVEL_SLOW, LEVEL_MID);
    double daily = best_record(s, LEVEL_DAILY, LEVEL_DAILY_MID);
    double weekly = best_record(s, LEVEL_WEEKLY, LEVEL_WEEKLY_MID);
    bool tried = s->weekly != NULL && model_season_cycles(s->weekly) >= SEASON_TRIAL_WEEKS;
    /* One whose days are all alike knows nothing but the day. */
    double cost = s->week != NULL && model_week_parts(s->week) > 1 ? WEEKLY_COST : -SEASON_GAIN;
    if (tried && weekly > model_min(daily, plain) + cost) {
        drop_season(s, &s->weekly, LEVEL_WEEKLY);
        end_week(s);
        weekly = 1e300;
    }
    if (s->weekly == NULL && daily > plain - SEASON_GAIN) {
        drop_season(s, &s->daily, LEVEL_DAILY);
        double day = (double)TIME_DAY / (double)s->bucket_span;
        s->season_retry = model_series_retry(s, SEASON_TRIAL_DAYS * day);
    } else if (s->weekly == NULL && tried) {
        double day = (double)TIME_DAY / (double)s->bucket_span;
        s->season_retry = model_series_retry(s, SEASON_TRIAL_DAYS * day);
    }
}

/*
 * A season that is still forming takes what comes. Later a value far from what the season itself
 * foretells (and all others together) moves it only so far, and counts a third of a visit.
 */
static void learn_one_season(const struct model_series *s, struct model_season **at, int level,
                             const struct model_point *p, ts_ns time, double y, double sd,
                             double other, double base_gain)
{
    bool ratio = s->scale == SCALE_RATIO;
    double share = 1;
    const struct model_season *season = *at;
    bool cycle = level == LEVEL_CYCLE; /* begun when the law was known already */
    double clip = cycle ? CYCLE_CLIP_SD : SEASON_CLIP_SD;
    if (cycle || model_season_cycles(season) > SEASON_FORMED) {
        bool heard = level < s->levels && model_level_of(s, level)->n > 0;
        double f = heard ? p->foretold[level] : p->mean;
        double high = model_max(f, p->mean);
        double wide = ratio ? sd * model_max(high / model_max(p->mean, 1e-3), 1) : sd;
        double most = high + clip * wide;
        double least = model_min(f, p->mean) - clip * wide;
        if (y > most || y < least)
            share = OUTLIER_SHARE;
        y = model_min(model_max(y, least), most);
    }
    double freed = ratio ? y / model_max(other, 1e-3) : y - other;
    model_season_learn(at, time, freed, base_gain, share);
}

/* What the variance by the hour would have added to the likelihood of a normal law, and the square
 * that came at this hour. */
static void learn_variance(struct model_series *s, const struct model_point *p, ts_ns time,
                           double y, double sd)
{
    if (s->variance == NULL)
        return;
    double e = (y - p->mean) / sd;
    double square = model_min(model_max(e * e * p->vary, VARIANCE_LEAST), VARIANCE_CLIP);
    double day = (double)TIME_DAY / (double)s->bucket_span;
    double gain = -0.5 * (log(p->varied) + square / p->varied - square);
    s->variance_gain = (float)model_min(
        model_max((double)s->variance_gain * (1 - 1 / s->tau) + gain, -VARIANCE_MOST),
        VARIANCE_MOST);
    /* Measured against the mean of all hours, which is known when the first day is over. */
    bool forming = !model_season_ready(s->variance);
    model_season_learn(&s->variance, time, square, forming ? 0 : 1 / (4 * day), 1);
    if (forming && model_season_ready(s->variance))
        model_season_normalise(s->variance);
}

/* Once a day. */
static void cut_week(struct model_series *s)
{
    struct model_week_noise noise = model_level_noise(s);
    bool known = s->week != NULL;
    bool explained = known && model_week_explains(s->week, s->weekly, &noise);
    if (!known)
        s->week = model_week_new();
    if (s->week == NULL)
        return;
    model_week_cut(s->week, s->weekly, &noise);
    if (known && !explained && model_week_explains(s->week, s->weekly, &noise))
        model_level_explained(s);
}

void model_seasons_learn(struct model_series *s, const struct model_point *p, ts_ns time, double y,
                         double sd)
{
    double day = (double)TIME_DAY / (double)s->bucket_span;
    bool ratio = s->scale == SCALE_RATIO;
    double none = ratio ? 1 : 0;

    /* A forming season takes what comes; later nights are no standstill. */
    double hour = ratio ? model_max(p->weekly, LEAST_HOUR) : 1;
    if (s->daily != NULL && model_season_ready(s->daily) &&
        model_change_stands_still(s, p->mean / hour))
        return;
    ts_ns at = time + s->clock; /* by the clock that days and weeks follow */
    if (s->weekly != NULL) {
        bool formed = model_season_ready(s->weekly);
        learn_one_season(s, &s->weekly, LEVEL_WEEKLY, p, at, y, sd, none,
                         formed ? 1 / (14 * day) : 0);
        if (!formed && model_season_ready(s->weekly))
            model_season_normalise(s->weekly);
        if (model_season_ready(s->weekly) &&
            (uint64_t)model_season_seen(s->weekly) % (uint64_t)model_max(floor(day), 1) == 0)
            cut_week(s);
    }
    if (s->daily != NULL) {
        /* Factors are of one base: of one that moves on while they are learned their mean is not 1,
         * and it would grow with that. */
        bool forming = ratio && !model_season_ready(s->daily);
        learn_one_season(s, &s->daily, LEVEL_DAILY, p, at, y, sd, none,
                         forming ? 0 : 1 / (4 * day));
        if (forming && model_season_ready(s->daily))
            model_season_normalise(s->daily);
    }
    if (s->cycle != NULL)
        learn_one_season(s, &s->cycle, LEVEL_CYCLE, p, time, y, sd, below_cycle(s, p),
                         1 / (4 * model_season_length(s->cycle)));
    learn_variance(s, p, at, y, sd);
}
