/* SPDX-License-Identifier: Apache-2.0 */
/* Whether values are measured as they are or by their logarithms: two scales, weighed as laws are.
 */
#include "model/extreme.h"
#include "model/number.h"
#include "model/series_priv.h"

#include <math.h>
#include <string.h>

#define ADOPTED 6.0      /* nats in favour of the other scale: 400 to one */
#define AGREED 0.15      /* nats a value by which the moments tell a scale */
#define YOUNG 12.0       /* values, before which they tell nothing */
#define FAR 6.0          /* standard deviations: farther a value moves no spread */
#define LEAST_VALUE 1e-9 /* of which a logarithm is taken */
#define LOG_MOST 69.0    /* of values up to 1e30 */
#define MOST_LEVEL 1e31
#define PRIOR_N 4.0
#define PRIOR_FADES 20.0

static double rival_best(const struct model_series *s)
{
    double best = (double)s->values->rival.evidence[0];
    for (int f = 1; f < LAWS; f++)
        best = model_max(best, (double)s->values->rival.evidence[f]);
    return best;
}

/* The series' own law that foretold best. */
static int own_law(const struct model_series *s)
{
    int best = LAW_COMMON;
    for (int f = 1; f < (s->mixture != NULL ? ALL_LAWS : LAWS); f++)
        best = s->evidence[f] > s->evidence[best] ? f : best;
    return best;
}

/* ln of the densities of the laws of what may have any sign, with the series' own two widths. */
static void densities(const struct model_series *s, double z, double sd, double nu,
                      double out[LAWS])
{
    out[LAW_COMMON] = out[LAW_SECOND] = out[LAW_WIDE] = model_law_log_pdf(z, sd, nu);
    out[LAW_GREATEST] = model_extreme_log_pdf(z) - log(sd);
    out[LAW_LEAST] = model_extreme_log_pdf(-z) - log(sd);
    if (model_law_wide_heard(s)) {
        struct model_wide_place p;
        model_wide_judge(&s->wide, z, &p);
        out[LAW_WIDE] = p.log_pdf - log(sd);
    }
}

/*
 * What the other scale's laws say of the value, in the unit of the series' own densities, where
 * they are asked, and what they learn from it, asked or not: their spread must be of the same time
 * as the own.
 */
static void ask(struct model_series *s, const struct model_point *p, double value, bool asked,
                double log_pdf[LAWS])
{
    struct model_rival *r = &s->values->rival;
    bool logarithm = s->scale == SCALE_LINEAR;
    double log_value = log(model_max(value, LEAST_VALUE));
    double expected = logarithm ? log(p->mean) : exp(model_min(p->mean, LOG_MOST));
    double off = (logarithm ? log_value : value) - expected;
    double size = logarithm ? 1 : expected;
    double prior = (logarithm ? MODEL_LOG_PRIOR : MODEL_LINEAR_PRIOR) * size;
    double least = (logarithm ? MODEL_LOG_LEAST : MODEL_LINEAR_LEAST) * size;
    double n = s->spread_weight;
    double w = PRIOR_N / (1 + n / PRIOR_FADES);
    /* Loud hours are loud on either scale. */
    double sd = sqrt((r->squares * n + prior * prior * w) / (n + w) * p->vary);
    sd = model_max(sd * sqrt(1 + 1 / model_max(p->n, 1)), least);
    if (asked) {
        densities(s, (off - r->mean) / sd, sd, (double)s->spread_values + PRIOR_N, log_pdf);
        for (int f = 0; f < LAWS; f++)
            log_pdf[f] += logarithm ? -log_value : log_value;
    }
    off = model_min(model_max(off, r->mean - FAR * sd), r->mean + FAR * sd);
    double gain = 1 / model_max(n, 1);
    double e = off - r->mean;
    r->mean += e * gain;
    r->squares += (e * (off - r->mean) - r->squares) * gain;
}

/* A level on the other scale, otherwise: where it is none there. */
static double measured(double level, double otherwise, bool logarithm)
{
    return logarithm ? log(level > 0 ? level : otherwise) : exp(model_min(level, LOG_MOST));
}

static double within(double x, double most)
{
    return model_min(model_max(x, -most), most);
}

static void measure_levels(struct model_series *s, bool logarithm)
{
    double most = logarithm ? MODEL_LOG_FARTHEST : MOST_LEVEL;
    double usual = logarithm ? s->lin_mean : s->log_mean;
    for (int i = 0; i < s->levels; i++) {
        struct model_level *l = model_level_at(s, i);
        if (!(l->n > 0.0F))
            continue;
        double a = measured(l->a, usual, logarithm);
        if (i == LEVEL_TREND)
            l->b = (float)within(
                logarithm ? (double)l->b / model_max(l->a, usual) : (double)l->b * a, most);
        l->a = within(a + s->values->rival.mean, most);
    }
}

static void adopt(struct model_series *s)
{
    bool logarithm = s->scale == SCALE_LINEAR;
    struct model_rival was = {0, s->spread / model_max(s->spread_weight, 1), {0}};
    model_seasons_measure(s, logarithm);
    model_find_forget(s);
    measure_levels(s, logarithm);
    s->day_mean = measured(s->day_mean, s->lin_mean, logarithm);
    double n = s->spread_weight;
    for (int f = 0; f < LAWS; f++) {
        was.evidence[f] = s->evidence[f];
        s->evidence[f] = s->values->rival.evidence[f];
    }
    s->spread = s->values->rival.squares * n;
    s->spread_weight = n;
    s->values->rival = was;
    model_wide_init(&s->wide);
    s->scale = logarithm ? SCALE_LOG : SCALE_LINEAR;
    model_odd_forget_modes(s);
    model_odd_forget_change(s);
    model_odd_forget_levels(s);
    model_lasting_forget(s);
    model_drift_forget(s);
    s->late = 1;
    s->late_mean = 0;
}

/* Whether the values themselves, at any hour, are better told by a lognormal law than by a normal
 * one: a young series has no other witness. */
static bool moments_agree(const struct model_series *s)
{
    double n = s->log_weight;
    if (n < YOUNG)
        return false;
    double linear = s->lin_squares / n;
    double logarithm = model_max(s->log_squares / n, 1e-6);
    return linear > 0 && 0.5 * log(linear) > 0.5 * log(logarithm) + s->log_mean + AGREED;
}

void model_scale_learn(struct model_series *s, const struct model_point *p,
                       const struct model_place *place, double value)
{
    if (s->kind != MODEL_VALUE)
        return;
    bool logarithm = s->scale == SCALE_LINEAR;
    double log_pdf[LAWS];
    int own = own_law(s);
    bool none = logarithm && value < LEAST_VALUE;
    bool far = (double)s->evidence[own] - rival_best(s) > (double)MODEL_FAR_BEHIND;
    bool narrow = logarithm && place->sd < MODEL_LOG_LEAST * p->mean;
    /* One that is not asked stays as far behind, or ahead, as it is. */
    for (int f = 0; f < LAWS; f++)
        log_pdf[f] = none ? -MODEL_MOST_EVIDENCE : place->log_pdf[f];
    if (!none && (!logarithm || p->mean >= LEAST_VALUE))
        ask(s, p, value, !far && !narrow, log_pdf);
    double keep = 1 - 1 / s->tau;
    for (int f = 0; f < LAWS; f++)
        s->values->rival.evidence[f] = (float)((double)s->values->rival.evidence[f] * keep +
                                               model_max(log_pdf[f], -MODEL_MOST_EVIDENCE));
    double wanted = ADOPTED;
    if (logarithm && moments_agree(s))
        wanted = 0;
    if (rival_best(s) < (double)s->evidence[own] + wanted ||
        (logarithm && s->occurred < s->n - 0.5) || model_find_two_sided(s))
        return;
    adopt(s);
}

void model_scale_follow_modes(struct model_series *s)
{
    struct model_mixture *plain = s->modes_plain ? s->mixture : NULL;
    s->modes_plain = false;
    if (plain == NULL || s->scale != SCALE_LOG)
        return;
    s->mixture = NULL;
    adopt(s);
    s->mixture = plain;
    s->evidence[LAW_MODES] = (float)model_law_best(s);
}

void model_scale_forget(struct model_series *s, double keep)
{
    if (s->kind != MODEL_VALUE)
        return;
    double less = ((double)s->evidence[own_law(s)] - rival_best(s)) * (1 - keep);
    for (int f = 0; f < LAWS; f++)
        s->values->rival.evidence[f] += (float)less;
}

void model_scale_become_linear(struct model_series *s)
{
    model_seasons_forget(s);
    model_find_forget(s);
    model_level_clear(s);
    model_odd_forget_modes(s);
    model_odd_forget_change(s);
    model_odd_forget_levels(s);
    model_lasting_forget(s);
    model_drift_forget(s);
    s->day_mean = s->lin_mean;
    s->scale = SCALE_LINEAR;
    double n = s->n;
    if (n > 0)
        model_level_restart(s, s->lin_mean, s->lin_mean, n);
    s->spread = s->lin_squares;
    s->spread_weight = n;
    s->spread_values = (float)n;
    memset(s->evidence, 0, sizeof(s->evidence));
    if (s->kind == MODEL_VALUE)
        memset(&s->values->rival, 0, sizeof(s->values->rival));
    model_wide_init(&s->wide);
}
