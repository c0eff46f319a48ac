/* SPDX-License-Identifier: Apache-2.0 */
#include "learner.h"

#include "fit.h"
#include "stats/special.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PHASES 24
#define TRIED 3 /* of them, those that fit best, to the end */
#define ROUNDS 3
#define FIRST_SIZE 10.0
#define LEFT_OUT (-13.8) /* ln 1e-6: what the fit holds for less likely */
#define ORDINARY 3.5     /* deviations within which nothing is left out */
#define GAMMA_STEPS 20
#define WEEKEND_FROM 5 /* days into the week */
#define CHANGE_LEAST 8 /* values by which a change is looked for */

/* Of the amounts over what is foretold of them. */
struct gamma {
    double shape;
    double log_scale;
    double log_odds; /* against the lognormal law */
};

/* What may be the case: no change has come, or one has. */
struct hypothesis {
    struct quality_fit fit;
    double log_weight;
    struct gamma gamma;   /* the other law there may be */
    double *phase_weight; /* of the times the weekend may begin at; NULL where that is known */
    bool known;           /* something to begin with */
};

struct learner_data {
    double *y; /* NAN: left out */
    size_t n;
    struct quality_cell *cell;
    size_t cells;
    double *before; /* room for sums over two weeks */
};

struct quality_learner {
    const struct quality_family *family;
    bool held_out;
    enum quality_knowing knows;
    size_t phases;
    struct hypothesis steady;
    struct hypothesis changed;
    double some; /* share of values that are not 0 */
};

static ts_ns span_of(const struct quality_learner *l)
{
    return l->family->span;
}

static void begin(struct quality_learner *l, struct hypothesis *h, bool changed)
{
    quality_form_make(l->family, l->held_out, l->knows > QUALITY_KNOWS_FORM, changed, &h->fit.form);
    h->log_weight = 0;
    if (l->phases > 0)
        h->phase_weight = calloc(l->phases, sizeof(*h->phase_weight));
}

bool quality_learner_is(const struct quality_family *f, enum quality_knowing knows)
{
    /* Doors open between two knots. */
    bool shaped = (f->shape != QUALITY_FLAT && f->shape != QUALITY_OFFICE) || f->loud_hours;
    return quality_form_known(f) && (knows != QUALITY_KNOWS_LAW || shaped) &&
           (knows != QUALITY_KNOWS_SCALE || f->law == QUALITY_LOGNORMAL);
}

struct quality_learner *quality_learner_new(const struct quality_family *f, bool held_out,
                                            enum quality_knowing knows)
{
    struct quality_learner *l = quality_learner_is(f, knows) ? calloc(1, sizeof(*l)) : NULL;
    if (l == NULL)
        return NULL;
    l->family = f;
    l->held_out = held_out;
    l->knows = knows;
    l->phases = held_out && quality_form_weeks(f) ? (size_t)(7 * TIME_DAY / f->span) : 0;
    begin(l, &l->steady, false);
    begin(l, &l->changed, true);
    if (l->phases > 0 && (l->steady.phase_weight == NULL || l->changed.phase_weight == NULL)) {
        quality_learner_free(l);
        return NULL;
    }
    return l;
}

void quality_learner_free(struct quality_learner *l)
{
    if (l == NULL)
        return;
    free(l->steady.phase_weight);
    free(l->changed.phase_weight);
    free(l);
}

static double measured(const struct quality_learner *l, double value)
{
    if (l->family->law != QUALITY_LOGNORMAL)
        return value;
    return value > 0 ? log(value) : (double)NAN;
}

/* ---- cells ---- */

static void fill_cells(const struct quality_form *form, struct learner_data *d, size_t n)
{
    ts_ns span = form->family->span;
    ts_ns period = quality_form_period(form);
    size_t each = (size_t)(period / span);
    memset(d->cell, 0, d->cells * sizeof(*d->cell));
    for (size_t i = 0; i < n; i++) {
        ts_ns time = (ts_ns)i * span;
        if (isnan(d->y[i]))
            continue;
        size_t at = each == 0 ? i : i % each + (time >= form->change_at ? each : 0);
        struct quality_cell *c = &d->cell[at];
        c->time = time;
        c->n++;
        c->sum += d->y[i];
        c->squares += d->y[i] * d->y[i];
    }
}

/* ---- the weekend ---- */

/* How far the week has gone at the beginning of time, in days: the k-th there may be. */
static double phase_of(const struct quality_learner *l, size_t k)
{
    return (double)k * (double)span_of(l) / (double)TIME_DAY;
}

/* How much likelier a cell is as one of a weekend. */
static double weekend_gain(const struct quality_fit *fit, const struct quality_cell *cell)
{
    struct quality_fit try = *fit;
    double day = fmod((double)cell->time / (double)TIME_DAY, 7);
    try.form.phase_week = 7 - day;
    double working = quality_fit_cell_log_l(&try, cell);
    try.form.phase_week = 7 - day + WEEKEND_FROM;
    return quality_fit_cell_log_l(&try, cell) - working;
}

/* Weighs the times at which the weekend may begin, and takes the best. Cells are a week. */
static void place_weekend(const struct quality_learner *l, struct hypothesis *h,
                          const struct learner_data *d)
{
    size_t n = l->phases;
    double best = -(double)INFINITY;
    double all = 0;
    d->before[0] = 0;
    for (size_t i = 0; i < 2 * n; i++)
        d->before[i + 1] = d->before[i] + (i < n ? weekend_gain(&h->fit, &d->cell[i])
                                                 : d->before[i + 1 - n] - d->before[i - n]);
    for (size_t k = 0; k < n; k++) {
        size_t from = (2 * n + (size_t)ceil((double)n * WEEKEND_FROM / 7) - k) % n;
        size_t to = from + n - (size_t)ceil((double)n * WEEKEND_FROM / 7);
        h->phase_weight[k] = d->before[to] - d->before[from];
        if (h->phase_weight[k] > best) {
            best = h->phase_weight[k];
            h->fit.form.phase_week = phase_of(l, k);
        }
    }
    for (size_t k = 0; k < n; k++) {
        h->phase_weight[k] = exp(h->phase_weight[k] - best);
        all += h->phase_weight[k];
    }
    for (size_t k = 0; k < n; k++)
        h->phase_weight[k] /= all;
}

/* ---- a fit ---- */

static void settle(const struct quality_learner *l, struct hypothesis *h, struct learner_data *d,
                   size_t n)
{
    for (int i = 0; i < ROUNDS; i++) {
        double was = h->fit.log_l;
        double size = h->fit.size;
        quality_fit_cells(&h->fit, d->cell, d->cells);
        if (quality_form_counts(&h->fit.form))
            quality_fit_size(&h->fit, d->y, n);
        if (l->phases > 0)
            place_weekend(l, h, d);
        if (i > 0 && fabs(h->fit.log_l - was) < 0.01 && h->fit.size == size)
            break;
    }
    quality_fit_cells(&h->fit, d->cell, d->cells);
}

/* From nothing: by the phases of the day that fit best as they are. */
static void search(const struct quality_learner *l, struct hypothesis *h, struct learner_data *d,
                   size_t n)
{
    double sum = 0;
    double squares = 0;
    double all = 0;
    double first[PHASES];
    struct hypothesis best = *h;
    for (size_t i = 0; i < d->cells; i++) {
        all += d->cell[i].n;
        sum += d->cell[i].sum;
        squares += d->cell[i].squares;
    }
    double mean = sum / fmax(all, 1);
    double spread = 0.5 * log(fmax(squares / fmax(all, 1) - mean * mean, 1e-6));
    double level = quality_form_counts(&h->fit.form) ? log(fmax(mean, 1e-3)) : mean;
    h->fit.size = l->family->law == QUALITY_POISSON ? 2e9 : FIRST_SIZE;
    h->fit.freedom = 1;
    for (int k = 0; k < PHASES; k++) {
        quality_form_start(&h->fit.form, level, spread, (double)k / PHASES, h->fit.v);
        if (l->phases > 0)
            place_weekend(l, h, d);
        first[k] = quality_fit_log_l(&h->fit, d->cell, d->cells);
    }
    best.fit.log_l = -(double)INFINITY;
    for (int i = 0; i < TRIED; i++) {
        int most = 0;
        for (int k = 1; k < PHASES; k++)
            most = first[k] > first[most] ? k : most;
        first[most] = -(double)INFINITY;
        quality_form_start(&h->fit.form, level, spread, (double)most / PHASES, h->fit.v);
        if (l->phases > 0)
            place_weekend(l, h, d);
        quality_fit_cells(&h->fit, d->cell, d->cells);
        if (h->fit.log_l > best.fit.log_l)
            best = *h;
    }
    *h = best;
    settle(l, h, d, n);
}

static void fit_steady(const struct quality_learner *l, struct hypothesis *h,
                       struct learner_data *d, size_t n)
{
    fill_cells(&h->fit.form, d, n);
    if (h->known)
        settle(l, h, d, n);
    else
        search(l, h, d, n);
    h->known = true;
}

/* ---- a change ---- */

/* How far a value lies off, in deviations. */
static double deviations(const struct quality_fit *fit, ts_ns time, double y)
{
    double middle;
    double spread;
    quality_form_at(&fit->form, fit->v, time, &middle, &spread);
    if (!quality_form_counts(&fit->form))
        return (y - middle) * exp(-spread);
    double mean = exp(middle);
    return (y - mean) / sqrt(mean + mean * mean / fit->size);
}

/* Where the values leave a fit that knows of no change, as if seen for the first time. */
static size_t first_guess(const struct quality_learner *l, const struct quality_fit *before,
                          const struct learner_data *d, size_t from)
{
    bool scale = l->family->change == QUALITY_SCALE;
    double sum = 0;
    double n = 0;
    double best = -1;
    size_t at = d->n - 1;
    for (size_t i = d->n; i-- > from;) {
        if (isnan(d->y[i]))
            continue;
        double z = deviations(before, (ts_ns)i * span_of(l), d->y[i]);
        sum += scale ? z * z : z;
        n++;
        double mean = sum / n;
        double gain = scale ? n / 2 * (mean - 1 - log(mean)) : n * mean * mean / 2;
        if (n >= CHANGE_LEAST && gain > best) {
            best = gain;
            at = i;
        }
    }
    return at;
}

/* The best time of the change, and ln of the sum of all times' likelihoods against that one's. */
static size_t place_change(const struct quality_learner *l, const struct quality_fit *fit,
                           const struct learner_data *d, size_t from, size_t until, double *out)
{
    struct quality_fit old = *fit;
    struct quality_fit new = *fit;
    double sum = 0;
    double best = -(double)INFINITY;
    double all = -1e6;
    size_t at = from;
    old.form.change_at = TIME_MAX;
    new.form.change_at = 0;
    for (size_t i = d->n; i-- > from;) {
        ts_ns time = (ts_ns)i * span_of(l);
        if (!isnan(d->y[i]))
            sum += quality_fit_log_density(&new, time, d->y[i]) -
                   quality_fit_log_density(&old, time, d->y[i]);
        if (i >= until)
            continue;
        all = stats_special_log_add(all, sum);
        if (sum > best) {
            best = sum;
            at = i;
        }
    }
    *out = all - best;
    return at;
}

/* Whether one has come, and which; steady has been fitted to all values. */
static void fit_changed(struct quality_learner *l, struct learner_data *d)
{
    size_t from = (size_t)(QUALITY_CHANGE_FIRST * TIME_DAY / span_of(l));
    size_t until = from + (size_t)(QUALITY_CHANGE_DAYS * TIME_DAY / span_of(l));
    struct hypothesis *h = &l->changed;
    double log_times = 0;
    h->log_weight = -(double)INFINITY;
    if (d->n < from + CHANGE_LEAST)
        return;
    struct hypothesis before = l->steady; /* its weights of phases are those of steady: not used */
    fit_steady(l, &before, d, from);
    size_t at = first_guess(l, &before.fit, d, from);
    at = at < until ? at : until - 1;
    for (int i = 0; i < h->fit.form.n; i++) {
        double sd;
        quality_form_prior(&h->fit.form, i, &h->fit.v[i], &sd);
    }
    quality_form_copy(&before.fit.form, before.fit.v, &h->fit.form, h->fit.v);
    h->fit.size = before.fit.size;
    h->fit.form.phase_week = before.fit.form.phase_week;
    for (int i = 0; i < ROUNDS; i++) {
        h->fit.form.change_at = (ts_ns)at * span_of(l);
        fill_cells(&h->fit.form, d, d->n);
        settle(l, h, d, d->n);
        size_t next = place_change(l, &h->fit, d, from, until, &log_times);
        if (next == at)
            break;
        at = next;
    }
    double days = fmin((double)(d->n - from) / (double)(until - from), 1);
    double steady =
        l->steady.fit.log_l + quality_fit_log_room(&l->steady.fit) + log(fmax(1 - days, 1e-9));
    double changed =
        h->fit.log_l + quality_fit_log_room(&h->fit) + log_times - log((double)(until - from));
    double both = stats_special_log_add(steady, changed);
    l->steady.log_weight = steady - both;
    h->log_weight = changed - both;
}

/* ---- all of it ---- */

static size_t leave_out(const struct quality_learner *l, struct learner_data *d)
{
    const struct hypothesis *h =
        l->changed.log_weight > l->steady.log_weight ? &l->changed : &l->steady;
    size_t gone = 0;
    for (size_t i = 0; i < d->n; i++) {
        ts_ns time = (ts_ns)i * span_of(l);
        if (isnan(d->y[i]) || fabs(deviations(&h->fit, time, d->y[i])) < ORDINARY)
            continue;
        struct stats_tails t = quality_fit_tails(&h->fit, time, d->y[i]);
        if (fmin(t.lower, t.upper) + M_LN2 > LEFT_OUT)
            continue;
        d->y[i] = (double)NAN;
        gone++;
    }
    return gone;
}

/* ln of a over its digamma function, for what it is: 1 / 2a and more. */
static double gamma_shape(double log_over)
{
    double a = 0.5 / fmax(log_over, 1e-9);
    for (int i = 0; i < GAMMA_STEPS; i++) {
        double miss = log(a) - stats_special_digamma(a) - log_over;
        double h = 1e-4 * a;
        double slope =
            (log((a + h) / (a - h)) - stats_special_digamma(a + h) + stats_special_digamma(a - h)) /
            (2 * h);
        a = fmax(a - miss / slope, a / 2);
    }
    return a;
}

/* The likeliest gamma law about the same middle, and its likelihood against the other's. */
static void fit_gamma(const struct quality_learner *l, struct hypothesis *h,
                      const struct learner_data *d)
{
    double n = 0;
    double sum = 0;
    double logs = 0;
    double normal = 0;
    for (size_t i = 0; i < d->n; i++) {
        double middle;
        double spread;
        if (isnan(d->y[i]))
            continue;
        ts_ns time = (ts_ns)i * span_of(l);
        quality_form_at(&h->fit.form, h->fit.v, time, &middle, &spread);
        n++;
        sum += exp(d->y[i] - middle);
        logs += d->y[i] - middle;
        normal += quality_fit_log_density(&h->fit, time, d->y[i]) - 0.5 * log(2 * M_PI);
    }
    double a = gamma_shape(log(sum / n) - logs / n);
    h->gamma.shape = a;
    h->gamma.log_scale = log(sum / n / a);
    h->gamma.log_odds =
        a * (logs - n * h->gamma.log_scale) - n * a - n * stats_special_log_gamma(a) - normal;
}

bool quality_learner_fit(struct quality_learner *l, const double *value, size_t n)
{
    ts_ns period = quality_form_period(&l->steady.fit.form);
    struct learner_data d = {.n = n, .cells = period == 0 ? n : 2 * (size_t)(period / span_of(l))};
    size_t some = 0;
    d.y = calloc(n, sizeof(*d.y));
    d.cell = calloc(d.cells, sizeof(*d.cell));
    d.before = calloc(2 * l->phases + 1, sizeof(*d.before));
    bool good = d.y != NULL && d.cell != NULL && d.before != NULL;
    for (size_t i = 0; good && i < n; i++) {
        d.y[i] = measured(l, value[i]);
        some += value[i] != 0;
    }
    l->some = l->family->zero > 0 ? ((double)some + 0.5) / ((double)n + 1) : 1;
    for (int i = 0; good && i < ROUNDS; i++) {
        l->steady.log_weight = 0;
        l->changed.log_weight = -(double)INFINITY;
        fit_steady(l, &l->steady, &d, n);
        if (quality_form_changes(l->family))
            fit_changed(l, &d);
        if (leave_out(l, &d) == 0)
            break;
    }
    if (good && l->knows == QUALITY_KNOWS_SCALE && l->family->law == QUALITY_LOGNORMAL) {
        fit_gamma(l, &l->steady, &d);
        if (l->changed.log_weight > -(double)INFINITY)
            fit_gamma(l, &l->changed, &d);
    }
    free(d.y);
    free(d.cell);
    free(d.before);
    return good;
}

/* By both laws, by their odds. */
static struct stats_tails by_laws(const struct quality_learner *l, const struct hypothesis *h,
                                  ts_ns time, double y)
{
    struct stats_tails t = quality_fit_tails(&h->fit, time, y);
    double middle;
    double spread;
    if (l->knows < QUALITY_KNOWS_SCALE || l->family->law != QUALITY_LOGNORMAL)
        return t;
    quality_form_at(&h->fit.form, h->fit.v, time, &middle, &spread);
    struct stats_tails gamma =
        stats_dist_gamma(exp(y - middle - h->gamma.log_scale), h->gamma.shape, 1);
    double own = -stats_special_log_add(0, h->gamma.log_odds);
    double other = own + h->gamma.log_odds;
    return (struct stats_tails){stats_special_log_add(own + t.lower, other + gamma.lower),
                                stats_special_log_add(own + t.upper, other + gamma.upper)};
}

/* What one hypothesis foretells: by both kinds of day, where which it is is not sure. */
static struct stats_tails foretell(const struct quality_learner *l, const struct hypothesis *h,
                                   ts_ns time, double y)
{
    struct quality_fit fit;
    double weight[2] = {0, 0};
    size_t best[2] = {0, 0};
    if (l->phases == 0)
        return by_laws(l, h, time, y);
    for (size_t k = 0; k < l->phases; k++) {
        double phase = phase_of(l, k);
        int weekend = fmod((double)time / (double)TIME_DAY + phase, 7) >= WEEKEND_FROM;
        if (weight[weekend] == 0 || h->phase_weight[k] > h->phase_weight[best[weekend]])
            best[weekend] = k;
        weight[weekend] += h->phase_weight[k];
    }
    struct stats_tails sum = {-1e6, -1e6};
    for (int weekend = 0; weekend < 2; weekend++) {
        if (!(weight[weekend] > 0))
            continue;
        fit = h->fit;
        fit.form.phase_week = phase_of(l, best[weekend]);
        struct stats_tails t = quality_fit_tails(&fit, time, y);
        sum.lower = stats_special_log_add(sum.lower, log(weight[weekend]) + t.lower);
        sum.upper = stats_special_log_add(sum.upper, log(weight[weekend]) + t.upper);
    }
    return sum;
}

double quality_learner_log_p(const struct quality_learner *l, ts_ns time, double value)
{
    const struct hypothesis *const all[] = {&l->steady, &l->changed};
    struct stats_tails sum = {-1e6, -1e6};
    double y = measured(l, value);
    if (isnan(y))
        return 0;
    for (int i = 0; i < 2; i++) {
        if (!(all[i]->log_weight > -700))
            continue;
        struct stats_tails t = foretell(l, all[i], time, y);
        sum.lower = stats_special_log_add(sum.lower, all[i]->log_weight + t.lower);
        sum.upper = stats_special_log_add(sum.upper, all[i]->log_weight + t.upper);
    }
    sum.upper += log(l->some);
    if (l->some < 1)
        sum.lower = stats_special_log_add(log1p(-l->some), log(l->some) + sum.lower);
    return fmin(stats_dist_two_sided(sum), 0);
}
