/* SPDX-License-Identifier: Apache-2.0 */
/* What lasts: a new level, the one before it again, a clock that was put forward or back. */
#include "model/number.h"
#include "model/series_priv.h"
#include "stats/special.h"

#include <math.h>
#include <string.h>

#define BACK_AFTER 2U /* buckets at the other level are a change back */
#define LEAST_SEASON 0.02
#define SPREAD_DAYS 4     /* of learning the variance by the hour before a change of it is told */
#define SPREAD_EVENTS 1.0 /* below, the variance of a count is its mean */
#define SPREAD_CLIP 3.0
#define SPREAD_WIDER 2.2 /* times the variance, over some hours */
#define SPREAD_NARROWER 0.35
#define MODE_FAR 4.0    /* deviations beyond which a mode may lie */
#define STANDSTILL 0.02 /* of what was usual */

#define OWN_SPREAD 3.0 /* nats, by which the values of a run must have a spread of their own */

#define CLOCK_STEP TIME_HOUR
#define CLOCK_A_YEAR (365 * TIME_DAY) /* each way once */
#define CLOCK_SET (TIME_HOUR / 2)     /* at full hours, of places half an hour apart */
#define CLOCK_SEASONS 0.05            /* weight of the seasons from which on they have a clock */
#define CLOCK_DOUBTED 0.03            /* the same while it is in doubt: then they foretell badly */
#define CLOCK_IN_DOUBT 2.0F           /* nats for a move */
#define CLOCK_LEAST (-20.0)           /* nats against one that are remembered */
#define CLOCK_MOVED 2.0               /* nats in favour, with its prior: seven to one */
#define CLOCK_NEITHER 0.01            /* share of values that say nothing of the hour, and lie */
#define CLOCK_FAR 5.0                 /* so many times as far as the hours are apart */
#define CLOCK_MEMORY 7.0              /* days */
#define CLOCK_DAYS 14                 /* cycles before a clock is believed */
#define CLOCK_WEEKS 2

/* Six hours, between 6 and 72 buckets; long buckets: 4. A series that has seen little believes
 * sooner that it had not seen all: after a tenth of what it has seen. */
uint32_t model_change_after(const struct model_series *s)
{
    ts_ns span = s->bucket_span;
    ts_ns n = span > 6 * TIME_HOUR ? 4 : 6 * TIME_HOUR / span;
    ts_ns least = span > 6 * TIME_HOUR ? 4 : 6;
    n = n < least ? least : n > 72 ? 72 : n;
    uint64_t young = s->total / 10 + 3;
    return (uint32_t)((uint64_t)n < young ? (uint64_t)n : young);
}

/* Who tells what held before a run: of those with the best record one that does not follow the last
 * hours, as they have followed the run's beginning. */
static int teller_before(const struct model_series *s)
{
    int best = LEVEL_SLOW;
    for (int i = LEVEL_MID; i < s->levels && i < LEVEL_CYCLE; i++)
        if (i != LEVEL_FAST && i != LEVEL_TREND && model_level_of(s, i)->n > 0.0F &&
            model_level_of(s, i)->ever < model_level_of(s, best)->ever)
            best = i;
    return best;
}

/* What was the level becomes the other one; the time spent at the new one, if it is the other, is
 * remembered. */
static void change_regime(struct model_series *s, const struct model_point *p,
                          const struct model_place *place)
{
    struct model_regime *o = &s->odd->other;
    int teller = teller_before(s);
    struct model_point point = *p;
    point.mean = p->foretold[teller];
    double before = place->back ? (double)o->n : 0;
    *o = (struct model_regime){point.mean, model_law_sd(s, &point, 0), s->here, o->changes + 1.0F,
                               teller >= LEVEL_DAILY};
    s->here = (float)before + (float)s->odd->change.n;
    if (!o->seasonal)
        return;
    double season = teller >= LEVEL_WEEKLY ? p->weekly : p->daily;
    double least = s->scale == SCALE_RATIO ? model_max(season, LEAST_SEASON) : 1;
    o->mean = s->scale == SCALE_RATIO ? point.mean / least : point.mean - season;
    o->sd /= least;
}

/* What a season is measured against is gone: a standstill, in which it keeps its shape. */
bool model_change_stands_still(const struct model_series *s, double level)
{
    return s->scale == SCALE_RATIO && s->daily != NULL &&
           level < STANDSTILL * model_season_base(s->daily);
}

/* Seasons keep their shape around the new level. */
static void rebase(struct model_series *s, double level)
{
    /* In a day that is not yet full the hours at work may look like a change, in a week a weekend.
     */
    if (s->daily != NULL && model_season_ready(s->daily) && !model_change_stands_still(s, level))
        model_season_rebase(s->daily, level);
    if (s->weekly != NULL && model_season_ready(s->weekly) && !model_change_stands_still(s, level))
        model_season_rebase(s->weekly, level);
    if (s->cycle != NULL)
        model_season_rebase(s->cycle, level);
}

static void note(struct model_series *s, double left, double adopted)
{
    model_find_forget(s);
    model_drift_part(s);
    s->moved[0] = s->moved[1] = 0;
    s->noted = MODEL_CHANGE_LEVEL;
    s->odd->left = left;
    s->odd->adopted = adopted;
    model_odd_forget_change(s);
}

bool model_change_adopt(struct model_series *s, double left, double to, double plain, double freed,
                        double n)
{
    if (model_odd_make(s) == NULL)
        return false;
    rebase(s, freed);
    model_level_restart_slow(s, plain, freed, n);
    note(s, left, to);
    return true;
}

/* Whether n values have a spread of their own, r times the variance that was known: n (r - 1 -
 * ln r) / 2 is what the best one is likelier by, half of ln n what one number costs (Schwarz 1978).
 */
static bool spreads_anew(double r, double n)
{
    return n / 2 * (r - 1 - log(r)) > OWN_SPREAD + log(n) / 2;
}

/* The spread goes on with a level that has moved, unless that of the run is another. */
static void carry_spread(struct model_series *s, double vary)
{
    const struct model_run *c = &s->odd->change;
    double n = c->n;
    double variance = s->spread / model_max(s->spread_weight, 1) * vary;
    double r = variance > 0 && n > 2 ? c->squares / (n - 1) / variance : 0;
    if (s->n > s->tau / 2 && r > 0 && !spreads_anew(r, n - 1))
        return;
    /* Half of what was known of the spread is kept, the run fills the rest. */
    double kept = model_min(s->spread_weight, n);
    s->spread = s->spread / model_max(s->spread_weight, 1) * kept + c->squares;
    s->spread_weight = kept + n;
    s->spread_values = fminf(s->spread_values, (float)kept) + (float)n;
}

bool model_change_outlier(struct model_series *s, const struct model_point *p,
                          const struct model_place *place, double y)
{
    struct model_odd *odd = model_odd_make(s);
    if (odd == NULL)
        return false;
    struct model_run *c = &odd->change;
    bool high = place->raw[1] < place->raw[0];
    if (c->n > 0 && c->high != high)
        memset(c, 0, sizeof(*c));
    c->high = high;
    c->n++;
    double e = y - c->mean;
    double freed = y - p->weekly;
    if (s->scale == SCALE_RATIO) /* where next to nothing is usual, no more than there ever was */
        freed =
            model_min(y / model_max(p->weekly, LEAST_SEASON), model_max(y, (double)s->greatest));
    c->freed += (freed - c->freed) / c->n;
    c->mean += e / c->n;
    c->squares += model_max(e * (y - c->mean), 0);
    if (c->n < (place->back ? BACK_AFTER : model_change_after(s)))
        return false;
    double level = place->back && odd->other.seasonal ? odd->other.mean : c->freed;
    if (!place->back)
        rebase(s, c->freed);
    change_regime(s, p, place);
    model_level_restart(s, c->mean, level, c->n);
    if (s->scale != SCALE_RATIO)
        carry_spread(s, p->vary);
    note(s, p->foretold[teller_before(s)], c->mean);
    return true;
}

ts_ns model_change_clock_step(int k)
{
    return k == 0 ? CLOCK_STEP : -CLOCK_STEP;
}

bool model_change_clock_heard(const struct model_series *s)
{
    if (s->bucket_span > CLOCK_STEP || s->daily == NULL ||
        model_season_cycles(s->daily) < CLOCK_DAYS ||
        (s->weekly != NULL && model_season_cycles(s->weekly) < CLOCK_WEEKS))
        return false;
    bool doubt = s->moved[0] > CLOCK_IN_DOUBT || s->moved[1] > CLOCK_IN_DOUBT;
    return model_level_by_clock(s) > (doubt ? CLOCK_DOUBTED : CLOCK_SEASONS);
}

/* Shiryaev's statistic when a bucket comes: one more time at which it may have moved. */
static double clock_moved(const struct model_series *s, ts_ns time, int k)
{
    bool set = time == time_floor(time, CLOCK_SET);
    return set ? stats_special_log_add((double)s->moved[k], 0) : (double)s->moved[k];
}

/* ln of the probability of a move, each way, at a time at which clocks are set. */
static double clock_hazard(const struct model_series *s)
{
    ts_ns step = s->bucket_span > CLOCK_SET ? s->bucket_span : CLOCK_SET;
    return log((double)step / (double)CLOCK_A_YEAR);
}

void model_change_clock_odds(const struct model_series *s, ts_ns time, double out[2])
{
    for (int k = 0; k < 2; k++)
        out[k] = clock_moved(s, time, k) + clock_hazard(s);
}

/* Buckets after which a move that nothing has told is forgotten. */
static double clock_memory(const struct model_series *s)
{
    return CLOCK_MEMORY * (double)TIME_DAY / (double)s->bucket_span;
}

void model_series_shift(struct model_series *s, ts_ns by)
{
    s->clock = (s->clock + by) % TIME_DAY;
    s->moved[0] = s->moved[1] = 0;
    if (s->odd != NULL)
        model_recur_shift(&s->odd->recur, by);
}

/* ln of the density of a normal law but for a constant. */
static double log_normal(double y, double mean, double sd)
{
    double z = (y - mean) / sd;
    return -0.5 * z * z - log(sd);
}

/* Turns behind a bin of a season, whose error all values of the bin have in common. */
static double turns(const struct model_season *season)
{
    return season == NULL ? 1e9 : model_min(model_season_cycles(season), model_season_kept(season));
}

/* What a value counts that goes with those before it: as many of them say as much as one. slow: on
 * top of which seasons the hours are compared. */
static double clock_share(const struct model_series *s, int slow)
{
    double follows =
        s->shape[0] > 0.0F ? model_min(model_max((double)(s->shape[3] / s->shape[0]), 0), 0.95) : 0;
    double error = 1 / turns(s->daily) + (slow < LEVEL_WEEKLY ? 0 : 1 / turns(s->weekly));
    return (1 - follows) / (1 + follows) / (1 + error);
}

bool model_change_clock_learn(struct model_series *s, const struct model_point *p, ts_ns time,
                              double y, double weight, double out_there[2])
{
    if (!model_change_clock_heard(s)) {
        s->moved[0] = s->moved[1] = 0;
        return false;
    }
    int slow = model_level_slow_by_clock(s);
    double share = clock_share(s, slow);
    double usual = p->foretold[slow];
    double moved[2];
    for (int k = 0; k < 2; k++) {
        struct model_point there = *p;
        model_level_one(s, slow, time, s->clock + model_change_clock_step(k), &there);
        out_there[k] = there.mean;
        double apart = fabs(there.mean - p->mean);
        /* The spread of what lies between the two, or a skewed law would favour the wider one. */
        struct model_point between = *p;
        between.mean = (p->mean + there.mean) / 2;
        double sd = model_law_sd(s, &between, weight);
        between.vary = there.vary;
        double sd_there = model_law_sd(s, &between, weight);
        /* No season is exact, and some values are of no hour. */
        double room = MODEL_CLOCK_ROOM * apart;
        double neither = log(CLOCK_NEITHER) - log(CLOCK_FAR * (apart + sd));
        /* It must be better than what is foretold now, and than what the hour has been: where those
         * who follow the last hours are wrong, the season is right without any move. */
        double here = stats_special_log_add(log_normal(y, p->mean, hypot(sd, room)),
                                            log_normal(y, usual, hypot(sd, room))) -
                      M_LN2;
        double other = log_normal(y, there.mean, hypot(sd_there, room));
        double gain = stats_special_log_add(other, neither) - stats_special_log_add(here, neither);
        moved[k] = clock_moved(s, time, k) + share * gain - 1 / clock_memory(s);
        moved[k] = model_max(moved[k], CLOCK_LEAST);
    }
    int k = moved[1] > moved[0];
    if (moved[k] + clock_hazard(s) < CLOCK_MOVED + log1p(model_lasting_odds(s))) {
        s->moved[0] = (float)moved[0];
        s->moved[1] = (float)moved[1];
        return false;
    }
    s->clock = (s->clock + model_change_clock_step(k)) % TIME_DAY;
    s->moved[0] = s->moved[1] = 0;
    s->noted = MODEL_CHANGE_CLOCK;
    model_odd_forget_change(s);
    return true;
}

/* Six hours, between 24 and 72 buckets. */
static double spread_after(const struct model_series *s)
{
    return model_min(model_max(6.0 * (double)TIME_HOUR / (double)s->bucket_span, 24), 72);
}

bool model_change_spread_learn(struct model_series *s, const struct model_point *p, double z)
{
    double after = spread_after(s);
    /* A day that has loud and quiet hours is not two changes. */
    bool young = s->n < 2 * after || (s->scale == SCALE_RATIO && p->mean < SPREAD_EVENTS) ||
                 (s->variance != NULL && model_season_cycles(s->variance) < SPREAD_DAYS);
    if (young) {
        s->late = 1;
        s->late_mean = 0;
        return false;
    }
    z = model_min(model_max(z, -SPREAD_CLIP), SPREAD_CLIP);
    s->late += (float)((z * z - (double)s->late) / after);
    s->late_mean += (float)((z - (double)s->late_mean) / after);
    /* About their own mean: a level that moves is not a spread that grows. */
    double late = (double)s->late - (double)s->late_mean * (double)s->late_mean;
    if (late < SPREAD_WIDER && late > SPREAD_NARROWER)
        return false;
    double m = model_max(p->mean, 1e-3);
    double part = s->spread / model_max(s->spread_weight, 1e-9) * m * m;
    /* What counts vary by for being few does not shrink. */
    if (s->scale == SCALE_RATIO && late <= SPREAD_NARROWER && part < m) {
        s->late = 1;
        s->late_mean = 0;
        return false;
    }
    if (s->scale == SCALE_RATIO) {
        /* The variance is the mean and the over-dispersion's part. */
        s->spread = ((m + part) * late - m) / (m * m) * s->spread_weight;
    } else {
        s->spread *= late;
    }
    double kept = model_min(2 * after / s->n, 1);
    model_law_forget(s, kept);
    /* What lay far out by the spread before, and does not by the new one, is no mode. */
    model_odd_forget_modes_near(s, p->mean, MODE_FAR * model_law_sd(s, p, 0));
    s->late = 1;
    s->late_mean = 0;
    if (s->n < 2 * SPREAD_DAYS * after)
        return false; /* it had not been known */
    s->noted = MODEL_CHANGE_SPREAD;
    return true;
}
