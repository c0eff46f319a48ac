/* SPDX-License-Identifier: Apache-2.0 */
/* What a series shows only on a closer look: a cycle whose length is not known, several modes. */
#include "base/mem.h"
#include "model/number.h"
#include "model/series_priv.h"

#include <math.h>
#include <string.h>

#define LOOK_AFTER 64.0 /* buckets */
#define LOOK_MOST 1000.0
#define SEASONS_KNOWN 2.5 /* days after which a day is no longer taken for modes */
#define SHAPE_TAU 500.0   /* over which the shape is faded */
#define SHAPE_CLIP 4.0    /* standard deviations */
#define FOLLOWS 0.15      /* correlation with the bucket before: there may be a cycle */
#define TWO_SIDED 0.62    /* (skewness^2 + 1) / kurtosis: 1 for two points, 5/9 for a flat law */
#define SEASONAL 0.5      /* weight of the seasons from which on values are freed of them */
#define WORSE 20.0        /* nats behind the other laws at which several modes are given up */
#define LOOK_AGAIN 8192   /* buckets after one look that found nothing */
#define SPARSE 0.2        /* share of empty buckets: no modes, but zeros and the rest */
#define LEAST_SPREAD 1e-4 /* of the level: parts are not narrower */
#define DAY_PARTS 4       /* of a day, at most */
#define SAME_DAY 0.01
#define SAME_LENGTH 0.003 /* of a cycle: no reason to begin it anew */
#define LARGEST 69.0      /* of logarithms of values up to 1e30 */
#define PLAIN_BETTER 6.0  /* nats by which plain modes must tell a sample better: 400 to one */
#define LEAST_ROOT 0.25   /* the root of a count varies by a half at least, its square by that */

static double freed(const struct model_series *s, double y, double season)
{
    return s->scale == SCALE_RATIO ? sqrt(model_max(y, 0) / model_max(season, 0.02)) : y - season;
}

static double no_season(const struct model_series *s)
{
    return s->scale == SCALE_RATIO ? 1 : 0;
}

double model_find_measure(const struct model_series *s, const struct model_point *p, double y)
{
    return freed(s, y, s->mixture_seasonal ? p->cycle : no_season(s));
}

/* The same for the sample, in which cycles are still to be seen. */
static double sampled(const struct model_series *s, const struct model_point *p, double y,
                      bool seasonal)
{
    return freed(s, y, seasonal ? p->weekly : no_season(s));
}

/* The least variance of a part. */
static double least(const struct model_series *s, double u)
{
    if (s->scale == SCALE_RATIO)
        return LEAST_ROOT * 0.5;
    double narrow = s->scale == SCALE_LOG ? 0.05 : LEAST_SPREAD * fabs(u) + 1e-12;
    return narrow * narrow;
}

void model_find_forget(struct model_series *s)
{
    model_sample_free(s->sample);
    mem_free(s->mixture);
    s->sample = NULL;
    s->mixture = NULL;
    s->evidence[LAW_MODES] = 0;
}

bool model_find_two_sided(const struct model_series *s)
{
    double square = (double)s->shape[0];
    if (!(square > 1e-6))
        return false;
    double skewness = (double)s->shape[1] / (square * sqrt(square));
    double kurtosis = model_max((double)s->shape[2] / (square * square), 1);
    return (skewness * skewness + 1) / kurtosis > TWO_SIDED;
}

/*
 * The slow foreteller about which values are looked at: of amounts the one with the best record,
 * for a day that is left in them hides how far out they lie; else on top of seasons once these are
 * heard.
 */
static int slow_level(const struct model_series *s)
{
    int slow = LEVEL_SLOW;
    bool heard = model_level_seasonal(s) > SEASONAL;
    bool amounts = s->kind == MODEL_SUM || s->kind == MODEL_CONTENT;
    for (int i = LEVEL_DAILY; i < s->levels; i += 2) {
        const struct model_level *l = model_level_of(s, i);
        bool wanted = amounts ? l->ever < model_level_of(s, slow)->ever : heard;
        if (l->n > 0 && wanted)
            slow = i;
    }
    return slow;
}

/* How values lie about a slow level: two-sided, or each like the one before. True: look closer. */
static bool strange(struct model_series *s, const struct model_point *p, double y, double sd)
{
    double w = model_min(model_max((y - p->foretold[slow_level(s)]) / sd, -SHAPE_CLIP), SHAPE_CLIP);
    float gain = (float)(1 / model_min((double)s->total + 1, SHAPE_TAU));
    const double power[4] = {w * w, w * w * w, w * w * w * w, w * (double)s->shape_last};
    for (int i = 0; i < 4; i++)
        s->shape[i] += ((float)power[i] - s->shape[i]) * gain;
    s->shape_last = (float)w;
    double square = (double)s->shape[0];
    double after = model_max(LOOK_AFTER, SEASONS_KNOWN * (double)TIME_DAY / (double)s->bucket_span);
    if ((double)s->total < model_min(after, LOOK_MOST) || !(square > 1e-6))
        return false;
    /* Chance makes four times the error of a correlation seldom enough. */
    double follows = model_max(FOLLOWS, 4 / sqrt(model_min((double)s->total, SHAPE_TAU)));
    return fabs((double)s->shape[3]) > follows * square || model_find_two_sided(s);
}

/*
 * Whether values measured by their logarithms (x, explained by `logarithm`) are as they are told
 * better by several modes: such have one width, of which logarithms make several. *out: these.
 */
static bool plain_modes(const struct model_series *s, const double *x, size_t n,
                        const struct model_mixture *logarithm, struct model_mixture *out)
{
    double y[MODEL_SAMPLE_MOST];
    if (s->scale != SCALE_LOG || s->kind != MODEL_VALUE || model_sample_is_seasonal(s->sample))
        return false;
    for (size_t i = 0; i < n; i++)
        y[i] = exp(model_min(x[i], LARGEST));
    double narrow = LEAST_SPREAD * exp(model_min(s->log_mean, LARGEST));
    struct model_mixture plain;
    if (!model_mixture_fit(y, n, narrow * narrow, &plain))
        return false;
    double gain = 0;
    for (size_t i = 0; i < n; i++) {
        struct model_mixture_place a;
        struct model_mixture_place b;
        model_mixture_judge(&plain, y[i], &a);
        model_mixture_judge(logarithm, x[i], &b);
        gain += a.log_pdf + x[i] - b.log_pdf;
    }
    if (gain < PLAIN_BETTER)
        return false;
    *out = plain;
    return true;
}

static void find_modes(struct model_series *s, double u)
{
    double x[MODEL_SAMPLE_MOST];
    struct model_mixture m;
    size_t n = model_sample_values(s->sample, x);
    if (s->mixture != NULL || model_sample_fold(s->sample) > 1 ||
        (s->kind != MODEL_VALUE && s->occurred < (1 - SPARSE) * s->n) ||
        !model_mixture_fit(x, n, least(s, u), &m) || !model_series_may_begin(s, MODEL_GROWTH_ANY))
        return;
    s->mixture = mem_alloc(sizeof(*s->mixture));
    if (s->mixture == NULL)
        return;
    *s->mixture = m;
    s->mixture_seasonal = model_sample_is_seasonal(s->sample);
    s->modes_plain = plain_modes(s, x, n, &m, s->mixture);
    s->evidence[LAW_MODES] = (float)model_law_best(s);
}

/* Days, and parts of days that its half hours show well, are the daily season's. */
static bool of_the_day(const struct model_series *s, double buckets)
{
    double day = (double)TIME_DAY / (double)s->bucket_span;
    if (s->daily == NULL || buckets * DAY_PARTS < day * (1 - SAME_DAY))
        return false;
    double times = buckets < day ? day / buckets : buckets / day;
    return fabs(times - rint(times)) < SAME_DAY * times;
}

/* A cycle that divides the day, or the week, is blurred in their rings too: whether there is
 * anything else in them. */
static bool all_of_it(const struct model_series *s, double buckets, const struct model_point *p,
                      double sd)
{
    double relative = s->scale == SCALE_RATIO ? sd / model_max(p->mean, 1) : sd;
    double variance = relative * relative;
    return (s->daily == NULL || model_season_repeats(s->daily, buckets, variance)) &&
           (s->weekly == NULL || model_season_repeats(s->weekly, buckets, variance));
}

/* A cycle may be begun on a few turns, and is made anew when more of them give its length better.
 */
static void look_for_cycle(struct model_series *s, const struct model_point *p, double sd)
{
    double buckets = model_sample_cycle(s->sample);
    if (!(buckets > 0) || of_the_day(s, buckets))
        return;
    if (s->cycle != NULL) {
        if (fabs(buckets / model_season_length(s->cycle) - 1) < SAME_LENGTH)
            return;
        model_seasons_forget_cycle(s);
    }
    if (!model_series_may_begin(s, MODEL_GROWTH_ANY))
        return;
    bool alone = !model_sample_is_seasonal(s->sample) || all_of_it(s, buckets, p, sd);
    model_seasons_cycle(s, p, buckets, alone);
}

static void look(struct model_series *s, const struct model_point *p, double u, double sd)
{
    look_for_cycle(s, p, sd);
    if (model_sample_looks(s->sample) > 1)
        find_modes(s, u);
    if (model_sample_is_full(s->sample) && (s->cycle != NULL || !model_sample_halve(s->sample))) {
        model_sample_free(s->sample);
        s->sample = NULL;
        s->sample_retry = model_series_retry(s, LOOK_AGAIN);
    }
}

void model_find_learn(struct model_series *s, const struct model_point *p, double y, double sd,
                      bool outlier)
{
    bool look_closer = strange(s, p, y, sd);
    if (s->mixture != NULL) {
        double u = model_find_measure(s, p, y);
        if (!outlier)
            model_mixture_learn(s->mixture, u, 1 - 1 / s->tau, least(s, u));
        if ((double)s->evidence[LAW_MODES] < model_law_best(s) - WORSE) {
            mem_free(s->mixture);
            s->mixture = NULL;
            s->evidence[LAW_MODES] = 0;
            s->sample_retry = model_series_retry(s, LOOK_AGAIN);
        }
    }
    bool wanted = s->cycle == NULL || s->mixture == NULL;
    if (s->sample == NULL && wanted && look_closer && s->total >= s->sample_retry &&
        model_series_may_begin(s, MODEL_GROWTH_ANY)) {
        bool seasonal = model_level_seasonal(s) > SEASONAL;
        double u = sampled(s, p, y, seasonal);
        double scale = s->scale == SCALE_RATIO ? sd / (2 * sqrt(model_max(p->mean, 0.25))) : sd;
        s->sample = model_sample_new(u, model_max(scale, 1e-9), seasonal);
        return;
    }
    if (s->sample == NULL)
        return;
    double u = sampled(s, p, y, model_sample_is_seasonal(s->sample));
    if (model_sample_add(&s->sample, u))
        look(s, p, u, sd);
}
