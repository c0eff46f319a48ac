/* SPDX-License-Identifier: Apache-2.0 */
#include "model/forecast.h"

#include "model/number.h"
#include "model/series_priv.h"

#include <math.h>
#include <string.h>

#define READY_AFTER 20.0  /* buckets, as many as rare waits for */
#define TREND_MEMORY 32.0 /* buckets that the foreteller with a slope looks back */
#define TREND_DAMPED 64.0 /* buckets after which that slope has faded to 1/e */
#define RECORD_SHARE 0.1  /* of the buckets of a record count as evidence, as in level.c */
#define LEAST_SHARE 0.05  /* of the belief, as the band of 95 % leaves out */
#define DOUBT 2.0         /* squared errors, in all, that a record cannot rule out */
#define CAP 9.0           /* the most that one squared error counted, as in level.c */
#define MOST_CAPPED 0.97  /* beyond, the mean of capped squares says nothing */
#define FOREVER 1e4       /* memories: who forgets so slowly does not */
#define MISSED 0.03       /* of the noise: half of what the fast level's own error lets pass */
#define APART 2.0         /* memories must differ so much to tell who forgets how fast */
#define DRIFT_LEAST 0.05  /* squared error of the slow level, below which nothing drifts */
#define DRIFT_FROM 0.5    /* of the ratio of errors that a wandering level has */
#define DRIFT_OVER 2.0
#define DRIFT_DAMPED 2.0      /* slow memories after which a drift has faded to 1/e */
#define DRIFT_DOUBT 0.5       /* of what a drift adds is its standard deviation */
#define GROWTH_DOUBT 0.2      /* the same of growth that weeks have shown */
#define OUTSIDE (-3.68887945) /* ln 0.025: left out on each side of the band */
#define STEPS 60
#define NEAR 0.002 /* standard deviations to which a bound is found */

/* Those who look at the same season: one that remembers weeks, and one that remembers hours. */
static const struct {
    int slow;
    int mid;
} views[] = {{LEVEL_SLOW, LEVEL_MID},
             {LEVEL_DAILY, LEVEL_DAILY_MID},
             {LEVEL_WEEKLY, LEVEL_WEEKLY_MID},
             {LEVEL_CYCLE, LEVEL_CYCLE_MID}};
#define VIEWS (sizeof(views) / sizeof(views[0]))

/* What one season, or none, says of a far bucket. */
struct view {
    double share;  /* by the record of its slow level */
    double mean;   /* on the scale of the levels */
    double wander; /* variance by which the level may have moved, in units of the law's */
    double doubt;  /* variance of what a drift added */
};

/* A level's error besides the noise, and over how many buckets it looks back. */
struct memory {
    double tau;
    double error;
};

bool model_forecast_ready(const struct model_series *s)
{
    return s->n >= READY_AFTER && model_level_of(s, LEVEL_SLOW)->n > 0;
}

static bool knows(const struct model_series *s, int i)
{
    return i < s->levels && model_level_of(s, i)->n > 0;
}

static double memory_of(const struct model_series *s, int i)
{
    switch (i) {
    case LEVEL_FAST:
        return LEVEL_TAU_FAST;
    case LEVEL_TREND:
        return TREND_MEMORY;
    case LEVEL_MID:
    case LEVEL_DAILY_MID:
    case LEVEL_WEEKLY_MID:
    case LEVEL_CYCLE_MID:
        return model_min(LEVEL_TAU_MID, s->tau);
    default:
        /* A plain average over n is as old as a faded one over n / 2. */
        return (double)model_level_of(s, i)->n < s->tau * 0.9 ? (double)model_level_of(s, i)->n / 2
                                                              : s->tau;
    }
}

static double record_length(const struct model_series *s)
{
    return model_max(model_min((double)s->total, s->tau), 1);
}

/*
 * A foreteller's mean squared error, in units of the law's variance. Each error was capped at three
 * standard deviations when it was learned; this is the variance of the normal law whose capped
 * squares have that mean (within a tenth).
 */
static double squared_error(const struct model_series *s, int i)
{
    double capped = (double)model_level_of(s, i)->ever;
    double share = model_min(capped / CAP, MOST_CAPPED);
    double whole = capped / ((1 - share) * (1 - share) * (1 + 2.4 * share));
    return whole / (1 + 0.5 / memory_of(s, i));
}

/* The least error of all, and whose memory had it. */
static struct memory best_of(const struct model_series *s)
{
    struct memory best = {0, 1e300};
    for (int i = 0; i < s->levels; i++)
        if (knows(s, i) && squared_error(s, i) < best.error)
            best = (struct memory){memory_of(s, i), squared_error(s, i)};
    return best;
}

/* A foreteller's error beyond that of the best. */
static struct memory error_of(const struct model_series *s, int i, const struct memory *best)
{
    return (struct memory){memory_of(s, i), model_max(squared_error(s, i) - best->error, 0)};
}

/* What the short memories say now, heard as they are; where a season is foretold only the one that
 * knows it. */
static double now_of(const struct model_series *s, const struct model_point *p, size_t v)
{
    static const int plain[] = {LEVEL_FAST, LEVEL_TREND, LEVEL_MID};
    double weight = 0;
    double mean = 0;
    for (size_t k = 0; k < sizeof(plain) / sizeof(plain[0]); k++) {
        weight += (double)model_level_of(s, plain[k])->weight;
        mean += (double)model_level_of(s, plain[k])->weight * p->foretold[plain[k]];
    }
    return v > 0 || weight < 1e-6 ? p->foretold[views[v].mid] : mean / weight;
}

/* A level that wanders and is drawn back: its variance far ahead, and after how many buckets it has
 * forgotten where it was. */
struct wander {
    double variance;
    double theta;
};

/*
 * A process of Ornstein and Uhlenbeck with variance v is foretold by a mean over tau with the
 * squared error v tau / (theta + tau). Three memories tell v, theta and the noise: a long one, a
 * short one, and the best of all. Where the short one is the best there are but two, and what it
 * may have missed is taken to be half of what would have made a shorter one the best.
 */
static struct wander wander_of(const struct memory *best, const struct memory *mid,
                               const struct memory *slow)
{
    double most = FOREVER * slow->tau;
    double least = MISSED * best->error;
    bool three = mid->error > least && best->tau < mid->tau;
    double first = three ? best->tau : 0;
    double error = three ? mid->error : model_max(mid->error, least);
    if (slow->tau < APART * mid->tau)
        return (struct wander){slow->error * (most + slow->tau) / slow->tau, most};
    if (!(slow->error > error))
        return (struct wander){slow->error, 0};
    double c = slow->error / error * (mid->tau - first) / (slow->tau - first);
    double theta = c < 1 ? model_min((c * slow->tau - mid->tau) / (1 - c), most) : most;
    if (!(theta > first))
        return (struct wander){slow->error, model_max(theta, 0)};
    return (struct wander){
        slow->error * (theta + slow->tau) * (theta + first) / ((slow->tau - first) * theta), theta};
}

/*
 * How far the level drifts rather than wanders, 0 to 1: behind a steady drift the squared errors of
 * two means are as the squares of their memories, behind a wandering level as the memories.
 */
static double drifts(const struct model_series *s, const struct memory *mid,
                     const struct memory *slow)
{
    if (slow->error < DRIFT_LEAST || slow->tau < APART * mid->tau)
        return 0;
    double ratio = slow->error / (mid->error + DOUBT / record_length(s));
    return model_min(model_max((ratio * mid->tau / slow->tau - DRIFT_FROM) / DRIFT_OVER, 0), 1);
}

/* Where a drift leads in so many buckets; slow lies apart buckets behind mid. */
static double drifted(const struct model_series *s, double mid, double slow, double apart,
                      double buckets)
{
    double times = buckets / apart;
    if (s->scale == SCALE_RATIO && mid > 0 && slow > 0)
        return mid * (exp(model_min(times * log(mid / slow), 3)) - 1);
    return times * (mid - slow);
}

static struct view look(const struct model_series *s, const struct model_point *p, size_t v,
                        const struct memory *best, double h)
{
    int mid_level = views[v].mid;
    struct memory slow = error_of(s, views[v].slow, best);
    struct memory mid = error_of(s, mid_level, best);
    double drift = drifts(s, &mid, &slow);
    double base = p->foretold[views[v].slow];
    slow.error += DOUBT / record_length(s);
    struct wander w = wander_of(best, &mid, &slow);
    double kept = w.theta > 0 ? exp(-h / w.theta) : 0;
    struct view out = {.mean = base + kept * (now_of(s, p, v) - base)};
    out.wander = w.theta > 0 ? w.variance * -expm1(-2 * h / w.theta) : w.variance;
    if (drift > 0) {
        /* From where mid is, which itself lies its memory behind. */
        double damped = DRIFT_DAMPED * slow.tau;
        double far = drifted(s, p->foretold[mid_level], base, slow.tau - mid.tau,
                             mid.tau + damped * -expm1(-h / damped));
        double apart = p->foretold[mid_level] + far - out.mean;
        out.mean += drift * apart;
        out.doubt = drift * ((1 - drift) * apart * apart + DRIFT_DOUBT * DRIFT_DOUBT * far * far);
        out.wander += drift * (2 * mid.error * h / mid.tau - out.wander);
    }
    if (s->scale == SCALE_RATIO)
        out.mean = model_max(out.mean, 0);
    return out;
}

/* A view is as good as the best who shares it; the fast level runs after any season, and is left
 * out. */
static double record_of(const struct model_series *s, size_t v)
{
    double best = model_min((double)model_level_of(s, views[v].slow)->ever,
                            (double)model_level_of(s, views[v].mid)->ever);
    return v == 0 && knows(s, LEVEL_TREND)
               ? model_min(best, (double)model_level_of(s, LEVEL_TREND)->ever)
               : best;
}

static void share_views(const struct model_series *s, struct view *view)
{
    double best = 1e300;
    double total = 0;
    for (size_t v = 0; v < VIEWS; v++)
        if (knows(s, views[v].mid))
            best = model_min(best, record_of(s, v));
    for (size_t v = 0; v < VIEWS; v++) {
        view[v].share = 0;
        if (!knows(s, views[v].mid))
            continue;
        double behind =
            log((record_of(s, v) + (double)MODEL_LEAST_LOSS) / (best + (double)MODEL_LEAST_LOSS));
        view[v].share = exp(-0.5 * RECORD_SHARE * record_length(s) * behind);
        total += view[v].share;
    }
    /* Who is believed less than the band leaves out cannot move it. */
    double heard = 0;
    for (size_t v = 0; v < VIEWS; v++) {
        view[v].share = view[v].share > LEAST_SHARE * total ? view[v].share : 0;
        heard += view[v].share;
    }
    for (size_t v = 0; v < VIEWS; v++)
        view[v].share = heard > 0 ? view[v].share / heard : 0;
}

/* What foreteller i says of the bucket h ahead: only the slope goes on, damped. */
static double foretold(const struct model_series *s, const struct model_point *p, int i, double h)
{
    if (i != LEVEL_TREND)
        return p->foretold[i];
    double keep = exp(-1 / TREND_DAMPED);
    double steps = (1 - pow(keep, h - 1)) * keep / (1 - keep);
    double far = p->foretold[i] + (double)model_level_of(s, i)->b * steps;
    return s->scale == SCALE_RATIO ? model_max(far, 0) : far;
}

/* Growth that is known goes on, less and less: on top of all that levels say now. */
static void grow(const struct model_series *s, double h, struct model_point *p)
{
    double growth = s->drift != NULL ? (double)s->drift->growth : 0;
    double damped = DRIFT_DAMPED * s->tau;
    double far = growth * damped * -expm1(-h / damped);
    if (s->scale == SCALE_RATIO)
        far = p->mean * expm1(model_min(far, 3));
    p->mean += far;
    p->between += GROWTH_DOUBT * GROWTH_DOUBT * far * far;
}

/*
 * The point h buckets ahead. A present weight is a finding of the last buckets and holds for as
 * many as its foreteller looks back, at most as many as the mid level; what is lost goes to the
 * long view.
 */
static void foresee(const struct model_series *s, ts_ns time, double h, struct model_point *p)
{
    struct view view[VIEWS];
    double claim[LEVELS];
    double said[LEVELS];
    double left = 1;
    struct memory best = best_of(s);
    model_level_foretell(s, time, p);
    share_views(s, view);
    double mean = 0;
    for (int i = 0; i < s->levels; i++) {
        claim[i] = said[i] = 0;
        if (!knows(s, i))
            continue;
        double held = model_min(memory_of(s, i), LEVEL_TAU_MID);
        claim[i] = (double)model_level_of(s, i)->weight * exp(-(h - 1) / held);
        said[i] = foretold(s, p, i, h);
        left -= claim[i];
        mean += claim[i] * said[i];
    }
    left = model_max(left, 0);
    double doubt = 0;
    double wander = 0;
    for (size_t v = 0; v < VIEWS; v++) {
        double share = view[v].share;
        if (!(share > 0))
            continue;
        view[v] = look(s, p, v, &best, h);
        view[v].share = share * left;
        mean += view[v].share * view[v].mean;
        doubt += view[v].share * view[v].doubt;
        wander += view[v].share * view[v].wander;
    }
    p->between = doubt;
    for (int i = 0; i < s->levels; i++)
        p->between += claim[i] * (said[i] - mean) * (said[i] - mean);
    for (size_t v = 0; v < VIEWS; v++)
        if (view[v].share > 0)
            p->between += view[v].share * (view[v].mean - mean) * (view[v].mean - mean);
    p->mean = mean;
    grow(s, h, p);
    p->steady = p->mean;
    double sd = model_law_sd(s, p, 0);
    p->between += wander * sd * sd;
}

/* ---- the band ---- */

/* Whether less than 2.5 % lies beyond a value, on its side. */
static bool is_outside(const struct model_series *s, const struct model_point *p, double value,
                       bool high)
{
    struct model_place place;
    model_law_place(s, p, value, 0, &place);
    return (high ? place.upper : place.lower) < OUTSIDE;
}

/* A value on the scale of the levels as the series has it. */
static double plain(const struct model_series *s, double y)
{
    if (s->scale == SCALE_LOG)
        return exp(model_min(y, 600));
    return s->scale == SCALE_RATIO ? floor(model_max(y, 0) + 0.5) : y;
}

/* The farthest value that is not outside, in steps of the standard deviation and then halves. */
static double bound(const struct model_series *s, const struct model_point *p, double sd, bool high)
{
    double sign = high ? 1 : -1;
    double in = p->mean;
    double step = sd;
    int n = 0;
    /* Where nearly all buckets are empty, what comes when one is not lies outside. */
    if (s->scale != SCALE_LINEAR && high && is_outside(s, p, plain(s, in), high))
        return 0;
    while (n++ < STEPS && !is_outside(s, p, plain(s, in + sign * step), high)) {
        in += sign * step;
        step *= n > 4 ? 2 : 1;
        if (!high && plain(s, in) <= 0 && s->scale != SCALE_LINEAR)
            return 0;
    }
    double out = in + sign * step;
    double most = model_max(NEAR * sd, s->scale == SCALE_RATIO ? 0.25 : 0);
    for (n = 0; n < STEPS && fabs(out - in) > most; n++) {
        double middle = (in + out) / 2;
        if (is_outside(s, p, plain(s, middle), high))
            out = middle;
        else
            in = middle;
    }
    return plain(s, in);
}

/* Where zeros have a share of their own they are in the band when they are often enough. */
static bool has_zero(const struct model_series *s, const struct model_point *p)
{
    return s->scale == SCALE_LOG && s->kind != MODEL_VALUE && !s->empty_is_nothing &&
           !is_outside(s, p, 0, false);
}

void model_forecast_at(const struct model_series *s, ts_ns time, struct model_forecast *out)
{
    struct model_point p;
    double ahead = ((double)time - (double)s->last) / (double)s->bucket_span;
    foresee(s, time, model_max(ahead, 1), &p);
    double sd = model_law_sd(s, &p, 0);
    out->prediction = model_number_tame(model_law_typical(s, &p));
    out->lower = has_zero(s, &p) ? 0 : model_number_tame(bound(s, &p, sd, false));
    out->upper = model_number_tame(bound(s, &p, sd, true));
    out->lower = model_min(out->lower, out->prediction);
    out->upper = model_max(out->upper, out->prediction);
    if (s->kind != MODEL_CONTENT)
        return;
    out->prediction = model_content_in_bytes(s, out->prediction);
    out->lower = model_content_in_bytes(s, out->lower);
    out->upper = model_content_in_bytes(s, out->upper);
}
