/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Information content, measured in names: as many as usually hold so much. Beside the laws of
 * amounts stands one of counts.
 */
#include "model/count.h"
#include "model/number.h"
#include "model/series_priv.h"
#include "stats/special.h"

#include <math.h>

#define MEMORY 500.0 /* buckets */
#define PRIOR_N 4.0  /* beliefs before data, worth so many buckets */
#define PRIOR_FADES 20.0
/* Twice as many names hold 1.75 times as much: worth one bucket with twice as many. */
#define POWER 0.8
#define POWER_PRIOR 0.5
#define POWER_MOST 1.5
#define LEFT_PRIOR 0.3 /* standard deviation of the logarithm, for so many names */
#define LEFT_LEAST 0.02
#define DISPERSION 0.25
#define LEAST_DISPERSION 1e-9
#define LEAST_MORE 0.1 /* names beyond the first, where over-dispersion is measured */
#define MOST_BELOW 1.0
#define ROOM 0.2 /* standard deviations, as a share of a count, that are less than its room */
#define ROOM_OF_ONE 0.4
#define MOST_ODDS 1e12 /* beyond, the other laws say nothing */
#define SQRT_2PI 2.50662827463100050242
#define STRAY 0.1   /* of what is of so many names, off the usual content */
#define COUNTED 0.3 /* believed to be a matter of how many names there are */
#define FAR 3.0     /* standard deviations: farther a bucket moves nothing */
#define LEAST_NAMES 1e-6
#define MOST_NAMES 1e30
#define FARTHEST 69.0      /* of a logarithm */
#define MOST_COUNTED 1e12  /* names whose squares are summed in 32 bits */
#define MOST_MEAN 70.0F    /* of logarithms of what is at most 1e30, */
#define LEAST_MEAN -750.0F /* and more than nothing */

struct model_of_content *model_content_at(struct model_series *s)
{
    return (struct model_of_content *)(void *)s->values;
}

const struct model_of_content *model_content_of(const struct model_series *s)
{
    return (const struct model_of_content *)(const void *)s->values;
}

bool model_content_is_sound(const struct model_of_content *c)
{
    return c->names <= MOST_MEAN && c->bytes >= LEAST_MEAN && c->bytes <= MOST_MEAN;
}

/* ---- names and bytes ---- */

/* ln of what so many names usually hold: a power of their number. */
static double usual(const struct model_of_content *c, double log_names)
{
    double power =
        ((double)c->products + POWER * POWER_PRIOR) / ((double)c->names_squares + POWER_PRIOR);
    power = model_min(model_max(power, 0), POWER_MOST);
    return (double)c->bytes + power * (log_names - (double)c->names);
}

static double fading(double n)
{
    double seen = n / PRIOR_FADES;
    return PRIOR_N / (1 + seen * seen);
}

/* By how much the logarithm varies among buckets of as many names. */
static double left_sd(const struct model_of_content *c)
{
    double n = (double)c->n;
    double w = fading(n);
    double v = ((double)c->left + LEFT_PRIOR * LEFT_PRIOR * w) / (n + w);
    return model_max(sqrt(v), LEFT_LEAST);
}

double model_content_in_names(const struct model_series *s, double bytes, double names)
{
    const struct model_of_content *c = model_content_of(s);
    if (!(bytes > 0))
        return 0;
    double n = model_max(names, 1);
    if (!(c->n > 0.0F))
        return n;
    double x = n * exp(model_min(log(bytes) - usual(c, log(n)), FARTHEST));
    return model_min(model_max(x, LEAST_NAMES), MOST_NAMES);
}

double model_content_in_bytes(const struct model_series *s, double names)
{
    const struct model_of_content *c = model_content_of(s);
    if (!(names > 0) || !(c->n > 0.0F))
        return 0;
    return exp(model_min(usual(c, log(names)), FARTHEST));
}

/* ---- the law of counts ---- */

struct counted {
    double mean;
    double more;  /* beyond the first name */
    double alpha; /* over-dispersion of that */
};

/* Without the doubt about either: the mean is that of the logarithm, and half the relative variance
 * above it. */
static struct counted counted(const struct model_of_content *c, double median)
{
    struct counted k = {model_max(median, 1), 0, 0};
    for (int i = 0; i < 2; i++) {
        k.more = model_max(k.mean - 1, LEAST_MORE);
        double unit = k.more * k.more;
        double known = model_min((double)c->n, (double)c->spread_weight / unit);
        double w = fading(known);
        k.alpha = model_max((double)c->spread / unit + DISPERSION * w, 0) /
                  ((double)c->spread_weight / unit + w);
        double below = (1 + k.alpha * k.more) * k.more / (2 * k.mean * k.mean);
        k.mean = model_max(median * (1 + model_min(below, MOST_BELOW)), 1);
    }
    k.more = k.mean - 1;
    return k;
}

static void doubt(const struct model_of_content *c, const struct model_point *p, double sd,
                  struct counted *k)
{
    double n = (double)c->n;
    k->more = (k->more * n + 0.5) / (n + 1);
    double unit = k->more * k->more;
    double known = model_min(n, (double)c->spread_weight / unit) + PRIOR_N;
    /* Half a standard error of the one estimate is added, and the variance of the other. */
    k->alpha += sqrt(2 / known) * (k->alpha + 1 / k->more) / 2;
    k->alpha += (p->between + sd * sd / model_max(p->n, 1)) * k->mean * k->mean / unit;
    k->alpha = model_max(k->alpha, LEAST_DISPERSION);
}

/*
 * ln of the density of the logarithm, as the other laws', of what rounds to a count: even up to the
 * next counts, or about it as far as content varies that is of so many names, where that is less.
 */
static double density(const struct model_of_content *c, double value, double whole)
{
    double sd = left_sd(c);
    if (whole > 1 && sd > ROOM / whole)
        return log(whole);
    sd = model_min(sd, ROOM_OF_ONE);
    double z = log(value / whole) / sd;
    return log(STRAY * whole + (1 - STRAY) / (sd * SQRT_2PI) * exp(-z * z / 2));
}

/* The one law's tail or the other's, and both where neither is far behind. */
static double mixed(double amount, double count, double odds)
{
    if (odds > MOST_ODDS)
        return count;
    return stats_special_log_add(amount, count + log(odds)) - log1p(odds);
}

void model_content_place(const struct model_series *s, const struct model_point *p, double value,
                         struct model_place *out, double *upper, double *lower, double *self)
{
    const struct model_of_content *c = model_content_of(s);
    struct counted k = counted(c, exp(model_min(p->mean, FARTHEST)));
    out->counted = k.mean;
    double best = (double)s->evidence[LAW_COMMON];
    for (int f = 0; f < LAW_LEAST; f++)
        best = model_max(best, (double)s->evidence[f]);
    best = model_max(best, (double)s->evidence[LAW_WIDE]);
    double ahead = (double)s->evidence[LAW_LEAST] - best;
    /* As other laws: not asked, and heard again when what spoke against it has faded. */
    if (ahead < -(double)MODEL_FAR_BEHIND)
        return;
    struct model_count_place place;
    double whole = model_max(floor(value + 0.5), 1);
    doubt(c, p, out->sd, &k);
    model_count_judge(whole - 1, k.more, 1 / k.alpha, &place);
    out->log_pdf[LAW_LEAST] = place.self + density(c, value, whole);
    double odds = COUNTED / (1 - COUNTED) * exp(model_min(ahead, (double)MODEL_FAR_BEHIND));
    *upper = mixed(*upper, place.upper, odds);
    *lower = mixed(*lower, place.lower, odds);
    *self = odds > MOST_ODDS ? place.self : place.self + log(odds / (1 + odds));
}

/* ---- learning ---- */

void model_content_begin(struct model_series *s, const struct model_observation *o)
{
    struct model_of_content *c = model_content_at(s);
    c->n = 1;
    c->names = (float)log(model_min(model_max(o->weight, 1), MOST_NAMES));
    c->bytes = (float)log(model_min(o->value, MOST_NAMES));
}

static void learn_usual(struct model_of_content *c, double left, double log_names, double keep)
{
    double n = (double)c->n;
    double u = log_names - (double)c->names;
    double v = usual(c, log_names) + left - (double)c->bytes;
    c->names += (float)(u / n);
    c->bytes += (float)(v / n);
    c->names_squares = (float)((double)c->names_squares * keep + u * u * (1 - 1 / n));
    c->products = (float)((double)c->products * keep + u * v * (1 - 1 / n));
    c->left = (float)((double)c->left * keep + left * left);
}

void model_content_learn(struct model_series *s, const struct model_point *p,
                         const struct model_place *place, double value, double y,
                         const struct model_observation *o)
{
    struct model_of_content *c = model_content_at(s);
    double names = model_min(model_max(o->weight, 1), MOST_NAMES);
    double sd = left_sd(c);
    double left = model_min(model_max(log(value / names), -FAR * sd), FAR * sd);
    double keep = 1 - 1 / model_min(model_min(s->tau, MEMORY), model_spread_memory(s));
    double counted = model_min(place->counted, MOST_COUNTED);
    double more = counted - 1;
    double e = model_min(exp(model_min(y, FARTHEST)), MOST_COUNTED) - counted;
    c->n = (float)((double)c->n * keep + 1);
    c->spread = (float)((double)c->spread * keep + e * e / (1 + 1 / model_max(p->n, 1)) - more);
    c->spread_weight = (float)((double)c->spread_weight * keep + more * more);
    learn_usual(c, left, log(names), keep);
}
