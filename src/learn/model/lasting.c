/* SPDX-License-Identifier: Apache-2.0 */
/* A level that has moved by too little for one value to tell: all values since tell together. */
#include "base/mem.h"
#include "model/number.h"
#include "model/series_priv.h"

#include <math.h>

#define SIZES MODEL_LASTING_SIZES
#define LEAST_SIZE 0.6 /* standard deviations; each of the others is twice the one before */
#define EVERY_DAYS 28.0
#define KNOWN_DAYS 14.0 /* of a series, and cycles of its week, before what differs is a change */
#define KNOWN_WEEKS 2.0
#define ADOPTED 3.0      /* odds */
#define DOUBT 4.0        /* squared standard errors by which what goes with its own is drawn */
#define REMEMBERED 100.0 /* odds: beyond, a change that ended would be remembered for too long */
#define CLOCK_ODDS 3.0   /* of a clock that was moved, against a level that has */
#define CLIP 3.5
#define FAR 5.0         /* is for the runs of outliers */
#define OCCURRED 0.8    /* share of buckets that are not empty */
#define FALSE_TIMES 4.8 /* odds of A are reached by chance in so many of A buckets, either way */
#define TOLD 13.0       /* nats at which a change is told, once, as what is as seldom */
#define TOLD_SIZE 1.0   /* standard deviations; less is none */
#define LEAST_FORETOLD 1e-3 /* of counts */
#define LEAST_SEASON 0.02

void model_lasting_forget(struct model_series *s)
{
    mem_free(s->lasting);
    s->lasting = NULL;
}

static double buckets_a_day(const struct model_series *s)
{
    return (double)TIME_DAY / (double)s->bucket_span;
}

/* Days and weeks are known, and single values say something. */
static bool heard(const struct model_series *s)
{
    if ((double)s->total < KNOWN_DAYS * buckets_a_day(s) || s->mixture != NULL ||
        s->occurred < OCCURRED * s->n)
        return false;
    return s->weekly == NULL || model_season_cycles(s->weekly) >= KNOWN_WEEKS;
}

/* The slow foreteller with the best record: what a change is measured against. */
static int teller(const struct model_series *s)
{
    int best = LEVEL_SLOW;
    for (int i = LEVEL_DAILY; i < s->levels; i += 2)
        if (model_level_of(s, i)->n > 0.0F &&
            model_level_of(s, i)->ever < model_level_of(s, best)->ever)
            best = i;
    return best;
}

static double clipped(double z)
{
    return model_min(model_max(z, -CLIP), CLIP);
}

/* What a value counts: as many as go with each other say as much as one. By how much the sums of
 * twelve of them vary more than twelve that do not. */
static double share_of(const struct model_series *s)
{
    double weight = (double)s->run_weight + MODEL_RUN_PRIOR;
    double variance = ((double)s->run_sum_squares + SERIES_RUN * MODEL_RUN_PRIOR) / weight;
    double over = variance / SERIES_RUN - 1;
    if (over <= 0)
        return 1;
    /* As much of it as chance does not make: sums of twelve overlap, and n independent ones have a
     * variance known to 2 / n. */
    double chance = DOUBT * 2 * SERIES_RUN / weight;
    return 1 / (1 + over * model_max(1 - chance / (over * over), 0));
}

/* One value as the hypotheses see it, in standard deviations. */
struct seen {
    double slow;     /* from the slow foreteller */
    double now;      /* from what is foretold */
    double clock[2]; /* from what a clock that was moved would foretell */
    double sd;
    double share;
    double foretold;  /* by the slow one */
    double of_size;   /* the likelihood of the least size upwards: what goes with the value, */
    double of_square; /* and what does not */
};

/* Odds are known to a few digits at best. */
static double likelihood(double log)
{
    return (double)expf((float)log);
}

static struct seen see(const struct model_series *s, const struct model_point *p,
                       const struct model_place *place, const double there[2])
{
    struct seen v = {.foretold = p->foretold[teller(s)], .share = share_of(s)};
    double variance = place->sd * place->sd;
    v.sd = sqrt(model_max(variance - p->between, variance / 10));
    v.now = place->z * place->sd / v.sd;
    v.slow = v.now + (p->mean - v.foretold) / v.sd;
    for (int k = 0; k < 2; k++)
        v.clock[k] = v.now + (p->mean - there[k]) / v.sd;
    v.of_size = likelihood(v.share * LEAST_SIZE * clipped(v.slow));
    v.of_square = likelihood(-v.share * LEAST_SIZE * LEAST_SIZE / 2);
    return v;
}

/* The sum over all sizes, one way; what is known of the change goes on with it. */
static double learn_way(struct model_series *s, const struct seen *v, int up, double now,
                        double most)
{
    struct model_lasting *l = s->lasting;
    double of_size = up ? v->of_size : 1 / v->of_size;
    double of_square = v->of_square;
    double before = 0;
    double all = 0;
    for (int i = 0; i < SIZES; i++) {
        float *odds = &l->odds[up][i];
        before += (double)*odds;
        *odds = (float)model_min(((double)*odds + 1) * now * of_size * of_square, most);
        all += (double)*odds;
        of_size *= of_size;
        of_square *= of_square;
        of_square *= of_square;
    }
    double kept = before / (before + SIZES);
    double moved = clipped(v->slow) * v->sd;
    if (s->scale == SCALE_RATIO)
        moved = model_max(v->foretold + moved, 0);
    double n = (double)l->n[up] * kept + 1;
    l->n[up] = (float)n;
    l->moved[up] += (float)((moved - (double)l->moved[up]) / n);
    l->foretold[up] += (float)((v->foretold - (double)l->foretold[up]) / n);
    return all / SIZES;
}

/* How much more likely than a change of level it is that the clock was moved. */
static double learn_clock(struct model_lasting *l, const struct seen *v, double now, double most)
{
    double best = 0;
    for (int k = 0; k < 2; k++) {
        double z = clipped(v->clock[k]);
        double odds = ((double)l->clock[k] + 1) * now * likelihood(-v->share * z * z / 2);
        l->clock[k] = (float)model_min(odds, most);
        best = model_max(best, odds);
    }
    return CLOCK_ODDS * best;
}

/* Slow levels start anew where the values since have been; news if it is worth that. */
static bool adopt(struct model_series *s, const struct model_point *p, const struct seen *v, int up,
                  double odds)
{
    struct model_lasting *l = s->lasting;
    int i = teller(s);
    bool ratio = s->scale == SCALE_RATIO;
    double n = (double)l->n[up];
    double by = (double)l->moved[up];
    if (ratio)
        by = v->foretold * (by / model_max((double)l->foretold[up], LEAST_FORETOLD) - 1);
    double to = model_number_tame(v->foretold + by);
    double season = model_level_season(s, p, i);
    double freed = ratio ? to / model_max(season, LEAST_SEASON) : to - season;
    double plain = ratio ? freed : model_level_of(s, LEVEL_SLOW)->a + by;
    *l = (struct model_lasting){0};
    if (model_change_stands_still(s, freed) ||
        !model_change_adopt(s, v->foretold, to, plain, freed, n))
        return false;
    double left = buckets_a_day(s) - n;
    if (fabs(by) < TOLD_SIZE * v->sd || left <= 0)
        return true;
    l->size = (float)clipped(by / v->sd);
    l->told = (float)log(odds);
    l->left = (float)left;
    return true;
}

/* A change that has been adopted is news for a day: the level before it is asked on. */
static void tell(struct model_series *s, const struct seen *v)
{
    struct model_lasting *l = s->lasting;
    double size = (double)l->size;
    l->left -= 1;
    if (model_lasting_judge(s, v->now) < 0)
        l->left = 0; /* it has been */
    l->told += (float)(v->share * size * (clipped(v->now) + size / 2));
    if (l->left <= 0.0F || l->told <= 0.0F)
        l->left = l->told = l->size = 0;
}

double model_lasting_judge(const struct model_series *s, double z)
{
    const struct model_lasting *l = s->lasting;
    if (l == NULL || (double)l->told < TOLD || (double)l->size * z <= 0 ||
        s->side == (l->size > 0.0F ? MODEL_LOW : MODEL_HIGH))
        return 0;
    return log(FALSE_TIMES) - TOLD;
}

double model_lasting_odds(const struct model_series *s)
{
    const struct model_lasting *l = s->lasting;
    double odds[2] = {0, 0};
    for (int up = 0; up < 2 && l != NULL; up++)
        for (int i = 0; i < SIZES; i++)
            odds[up] += (double)l->odds[up][i] / SIZES;
    return model_max(odds[0], odds[1]) / (EVERY_DAYS * buckets_a_day(s));
}

bool model_lasting_learn(struct model_series *s, const struct model_point *p,
                         const struct model_place *place, const double there[2], double after)
{
    if (!heard(s)) {
        model_lasting_forget(s);
        return false;
    }
    if (s->lasting == NULL)
        s->lasting = mem_zero(1, sizeof(*s->lasting));
    struct model_lasting *l = s->lasting;
    struct seen v = see(s, p, place, there);
    if (l == NULL || fabs(v.slow) > FAR)
        return false;
    double none = EVERY_DAYS * buckets_a_day(s);
    double most = REMEMBERED * none;
    double z = clipped(v.slow);
    double e = clipped(v.now);
    if (l->left > 0.0F)
        tell(s, &v);
    double square = likelihood(v.share * e * e / 2);
    double wanted = ADOPTED * none;
    wanted += model_change_clock_heard(s) ? learn_clock(l, &v, square, most) : 0;
    square *= likelihood(-v.share * z * z / 2);
    double odds[2];
    for (int up = 0; up < 2; up++)
        odds[up] = learn_way(s, &v, up, square, most);
    int up = odds[1] > odds[0];
    if (odds[up] < wanted || (double)l->n[up] < after)
        return false;
    return adopt(s, p, &v, up, odds[up]);
}
