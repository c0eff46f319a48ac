/* SPDX-License-Identifier: Apache-2.0 */
#include "form.h"

#include <math.h>

/* What a parameter is; knots are KNOT and on. */
enum {
    LEVEL,
    AMPLITUDE,
    PHASE,
    WEEKEND, /* the logarithm of the weekend's share */
    SLOPE,
    FACTOR, /* of the change, the logarithm */
    SPREAD,
    KNOT,
};

#define KNOT_SPAN (30 * TIME_MIN)
#define PLAIN_UNIT 5.0 /* of a season on the plain scale */

bool quality_form_weeks(const struct quality_family *f)
{
    return f->shape == QUALITY_WEEK || f->shape == QUALITY_OFFICE;
}

bool quality_form_changes(const struct quality_family *f)
{
    return f->change == QUALITY_SHIFT || f->change == QUALITY_SCALE;
}

static bool is_plain(const struct quality_form *f)
{
    return f->family->law == QUALITY_NORMAL;
}

bool quality_form_counts(const struct quality_form *f)
{
    return f->family->law == QUALITY_POISSON || f->family->law == QUALITY_NEGBIN;
}

bool quality_form_known(const struct quality_family *f)
{
    bool law = f->law == QUALITY_POISSON || f->law == QUALITY_NEGBIN || f->law == QUALITY_NORMAL ||
               f->law == QUALITY_LOGNORMAL;
    bool counted = f->law == QUALITY_POISSON || f->law == QUALITY_NEGBIN;
    return law && !f->bursts && f->shape != QUALITY_NIGHTLY && f->change != QUALITY_CLOCK &&
           (f->kinds & QUALITY_SPIKE) != 0 && !(counted && f->zero > 0);
}

static void add(struct quality_form *f, int id)
{
    f->id[f->n++] = id;
}

void quality_form_make(const struct quality_family *f, bool held_out, bool free, bool changed,
                       struct quality_form *out)
{
    ts_ns period = f->shape == QUALITY_CYCLE ? f->period : TIME_DAY;
    bool shaped = f->shape != QUALITY_FLAT || f->loud_hours;
    *out = (struct quality_form){
        .family = f, .held_out = held_out, .free = free && shaped, .change_at = TIME_MAX};
    add(out, LEVEL);
    if (shaped && !free) {
        add(out, AMPLITUDE);
        add(out, PHASE);
    }
    if (quality_form_weeks(f) && (free || f->shape == QUALITY_WEEK))
        add(out, WEEKEND);
    if (f->trend)
        add(out, SLOPE);
    if (changed)
        add(out, FACTOR);
    if (!quality_form_counts(out))
        add(out, SPREAD);
    if (!out->free)
        return;
    bool fine = f->span > KNOT_SPAN || f->shape == QUALITY_CYCLE;
    ts_ns span = fine ? f->span : KNOT_SPAN;
    while (period / span > QUALITY_FORM_MOST - KNOT)
        span *= 2;
    out->knots = (int)(period / span);
    for (int k = 0; k < out->knots; k++)
        add(out, KNOT + k);
}

int quality_form_middles(const struct quality_form *f)
{
    int n = 0;
    for (int i = 0; i < f->n; i++) {
        bool shape = f->id[i] == AMPLITUDE || f->id[i] == PHASE || f->id[i] >= KNOT;
        bool spread = f->id[i] == SPREAD || (shape && f->family->loud_hours) ||
                      (f->id[i] == FACTOR && f->family->change == QUALITY_SCALE);
        n += !spread;
    }
    return n;
}

ts_ns quality_form_period(const struct quality_form *f)
{
    if (f->family->trend)
        return 0;
    return quality_form_weeks(f->family)       ? 7 * TIME_DAY
           : f->family->shape == QUALITY_CYCLE ? f->family->period
                                               : TIME_DAY;
}

void quality_form_prior(const struct quality_form *f, int i, double *out_mean, double *out_sd)
{
    static const double mean[KNOT] = {0, 0.6, 0, -1, 0, 0, 0};
    static const double sd[KNOT] = {1e4, 0.6, 1e2, 1, 0.5, 1.5, 1e2};
    int id = f->id[i];
    *out_mean = id >= KNOT ? 0 : mean[id];
    *out_sd = id < KNOT ? sd[id] : is_plain(f) && !f->family->loud_hours ? PLAIN_UNIT : 1;
    if (id == WEEKEND && f->family->shape == QUALITY_OFFICE)
        *out_sd = 3;
}

void quality_form_start(const struct quality_form *f, double level, double spread, double phase,
                        double *out)
{
    for (int i = 0; i < f->n; i++) {
        double sd;
        quality_form_prior(f, i, &out[i], &sd);
        if (f->id[i] == LEVEL)
            out[i] = level;
        else if (f->id[i] == SPREAD)
            out[i] = spread;
        else if (f->id[i] == PHASE)
            out[i] = phase;
    }
    /* Amounts are six e-folds above the rate of their plan. */
    if (!f->free && f->family->law == QUALITY_LOGNORMAL)
        out[0] -= 6;
}

void quality_form_copy(const struct quality_form *from, const double *v,
                       const struct quality_form *to, double *out)
{
    for (int i = 0; i < to->n; i++)
        for (int k = 0; k < from->n; k++)
            if (from->id[k] == to->id[i])
                out[i] = v[k];
}

static double bounded(double x, double low, double high)
{
    return fmin(fmax(x, low), high);
}

/* Between the two knots next to a time. */
static double between(const struct quality_form *f, const double *knot, ts_ns time)
{
    ts_ns period = f->family->shape == QUALITY_CYCLE ? f->family->period : TIME_DAY;
    double at = (double)(time % period) / (double)period * f->knots;
    int k = (int)at;
    double part = at - k;
    return (1 - part) * knot[k % f->knots] + part * knot[(k + 1) % f->knots];
}

static void free_at(const struct quality_form *f, const double *v, ts_ns time, double *out_middle,
                    double *out_spread)
{
    const struct quality_family *family = f->family;
    double weekday = fmod((double)time / (double)TIME_DAY + f->phase_week, 7);
    bool weekend = quality_form_weeks(family) && weekday >= 5;
    bool knots = !(weekend && family->shape == QUALITY_OFFICE);
    double shape = 0;
    double spread = 0;
    double middle = 0;
    for (int i = 0; i < f->n; i++) {
        switch (f->id[i]) {
        case LEVEL:
            middle += v[i];
            break;
        case WEEKEND:
            middle += weekend ? v[i] : 0;
            break;
        case SLOPE:
            middle += v[i] * (double)time / (double)(7 * TIME_DAY);
            break;
        case FACTOR:
            *(family->change == QUALITY_SCALE ? &spread : &middle) +=
                time >= f->change_at ? v[i] : 0;
            break;
        case SPREAD:
            spread += v[i];
            break;
        case KNOT:
            shape = knots ? between(f, v + i, time) : 0;
            break;
        default:
            break;
        }
    }
    *(family->loud_hours ? &spread : &middle) += shape;
    *out_middle = middle;
    *out_spread = spread;
}

void quality_form_at(const struct quality_form *f, const double *v, ts_ns time, double *out_middle,
                     double *out_spread)
{
    struct quality_plan p = {.size = 1,
                             .weekend = 1,
                             .phase_week = f->phase_week,
                             .factor = 1,
                             .change_at = f->change_at,
                             .held_out = f->held_out};
    struct quality_law law;
    bool office = f->family->shape == QUALITY_OFFICE;
    if (f->free) {
        free_at(f, v, time, out_middle, out_spread);
        return;
    }
    for (int i = 0; i < f->n; i++) {
        switch (f->id[i]) {
        case LEVEL:
            p.rate = is_plain(f) ? v[i] : exp(bounded(v[i], -30, 30));
            break;
        case AMPLITUDE:
            p.amplitude = office ? bounded(v[i], 0.06, 9) : bounded(v[i], 0.01, 0.98);
            break;
        case PHASE:
            p.phase = office ? bounded(v[i], 0, 1) : v[i];
            break;
        case WEEKEND:
            p.weekend = exp(bounded(v[i], -9, 9));
            break;
        case SLOPE:
            p.slope = v[i];
            break;
        case FACTOR:
            p.factor = exp(bounded(v[i], -9, 9));
            break;
        default:
            p.size = exp(bounded(v[i], -30, 30));
            break;
        }
    }
    quality_family_law(f->family, &p, time, time >= f->change_at, &law);
    *out_middle = quality_form_counts(f) ? log(fmax(law.a, 1e-12)) : law.a;
    *out_spread = quality_form_counts(f) ? 0 : log(law.b);
}
