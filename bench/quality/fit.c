/* SPDX-License-Identifier: Apache-2.0 */
#include "fit.h"

#include "stats/special.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 40
#define ENOUGH 1e-6 /* nats that a step must bring */
#define STEEPNESS 1e-4
#define POISSON 1e9          /* the size of a Poisson law */
#define LEAST_VARIATION 1e-3 /* of 1 / sqrt(size), and the most */
#define MOST_VARIATION 1.5
#define MEANS 15 /* points of the mean's law, to so many deviations */
#define FAR 4.2

static double square(double x)
{
    return x * x;
}

static double log_size_density(double y, double mean, double size)
{
    return size >= POISSON ? y * log(mean) - mean : y * log(mean) - (y + size) * log(mean + size);
}

/* Its likelihood but for what the fit does not change, at a middle and a spread. */
static double cell_log_l(const struct quality_fit *fit, const struct quality_cell *c, double middle,
                         double spread)
{
    if (quality_form_counts(&fit->form)) {
        double mean = exp(middle);
        if (fit->size >= POISSON)
            return c->sum * middle - c->n * mean;
        return c->sum * middle - (c->sum + c->n * fit->size) * log(mean + fit->size);
    }
    double left = c->squares - 2 * middle * c->sum + c->n * middle * middle;
    return -fit->freedom * c->n * spread - 0.5 * left * exp(-2 * spread);
}

static double log_prior(const struct quality_fit *fit)
{
    double sum = 0;
    for (int i = 0; i < fit->form.n; i++) {
        double mean;
        double sd;
        quality_form_prior(&fit->form, i, &mean, &sd);
        sum -= 0.5 * square((fit->v[i] - mean) / sd);
    }
    return sum;
}

double quality_fit_cell_log_l(const struct quality_fit *fit, const struct quality_cell *cell)
{
    double middle;
    double spread;
    if (!(cell->n > 0))
        return 0;
    quality_form_at(&fit->form, fit->v, cell->time, &middle, &spread);
    return cell_log_l(fit, cell, middle, spread);
}

double quality_fit_log_l(const struct quality_fit *fit, const struct quality_cell *cell, size_t n)
{
    double sum = log_prior(fit);
    for (size_t i = 0; i < n; i++)
        sum += quality_fit_cell_log_l(fit, &cell[i]);
    return sum;
}

/* How middle and spread go with each parameter. */
static void steepness(const struct quality_fit *fit, ts_ns time, double *out_middle,
                      double *out_spread)
{
    double v[QUALITY_FORM_MOST];
    double up[2];
    double down[2];
    memcpy(v, fit->v, sizeof(v));
    for (int i = 0; i < fit->form.n; i++) {
        v[i] = fit->v[i] + STEEPNESS;
        quality_form_at(&fit->form, v, time, &up[0], &up[1]);
        v[i] = fit->v[i] - STEEPNESS;
        quality_form_at(&fit->form, v, time, &down[0], &down[1]);
        v[i] = fit->v[i];
        out_middle[i] = (up[0] - down[0]) / (2 * STEEPNESS);
        out_spread[i] = (up[1] - down[1]) / (2 * STEEPNESS);
    }
}

struct equations {
    double gradient[QUALITY_FORM_MOST];
    double information[QUALITY_FORM_MOST][QUALITY_FORM_MOST];
};

static void add_cell(const struct quality_fit *fit, const struct quality_cell *c,
                     struct equations *e)
{
    int n = fit->form.n;
    double by_middle[QUALITY_FORM_MOST];
    double by_spread[QUALITY_FORM_MOST];
    double middle;
    double spread;
    double pull[2]; /* of middle and spread, and how surely */
    double sure[2];
    quality_form_at(&fit->form, fit->v, c->time, &middle, &spread);
    steepness(fit, c->time, by_middle, by_spread);
    if (quality_form_counts(&fit->form)) {
        double mean = exp(middle);
        double wide = 1 + mean / fit->size;
        pull[0] = (c->sum - c->n * mean) / wide;
        sure[0] = c->n * mean / wide;
        pull[1] = sure[1] = 0;
    } else {
        double unit = exp(-2 * spread);
        double left = c->squares - 2 * middle * c->sum + c->n * middle * middle;
        pull[0] = (c->sum - c->n * middle) * unit;
        sure[0] = c->n * unit;
        pull[1] = left * unit - fit->freedom * c->n;
        sure[1] = 2 * fit->freedom * c->n;
    }
    for (int i = 0; i < n; i++) {
        double a = by_middle[i];
        double b = by_spread[i];
        if (a == 0 && b == 0)
            continue;
        e->gradient[i] += a * pull[0] + b * pull[1];
        for (int k = 0; k <= i; k++)
            e->information[i][k] += sure[0] * a * by_middle[k] + sure[1] * b * by_spread[k];
    }
}

static void add_prior(const struct quality_fit *fit, struct equations *e)
{
    for (int i = 0; i < fit->form.n; i++) {
        double mean;
        double sd;
        quality_form_prior(&fit->form, i, &mean, &sd);
        e->gradient[i] -= (fit->v[i] - mean) / (sd * sd);
        e->information[i][i] += 1 / (sd * sd);
    }
}

/* Cholesky's factor, in place of the lower half; parameters that nothing tells of are sure. */
static void factor(double a[][QUALITY_FORM_MOST], int n)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k <= i; k++) {
            double sum = a[i][k];
            for (int j = 0; j < k; j++)
                sum -= a[i][j] * a[k][j];
            if (i == k)
                a[i][i] = sum > 0 ? sqrt(sum) : 1e150;
            else
                a[i][k] = sum / a[k][k];
        }
}

static void solve(double a[][QUALITY_FORM_MOST], int n, double *x)
{
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < i; k++)
            x[i] -= a[i][k] * x[k];
        x[i] /= a[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++)
            x[i] -= a[k][i] * x[k];
        x[i] /= a[i][i];
    }
}

static void make_equations(const struct quality_fit *fit, const struct quality_cell *cell, size_t n,
                           struct equations *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < n; i++)
        if (cell[i].n > 0)
            add_cell(fit, &cell[i], out);
    add_prior(fit, out);
}

void quality_fit_cells(struct quality_fit *fit, const struct quality_cell *cell, size_t n)
{
    struct equations e;
    double all = 0;
    double damping = 1e-3;
    for (size_t i = 0; i < n; i++)
        all += cell[i].n;
    int p = fit->form.n;
    fit->freedom = fmax(1 - quality_form_middles(&fit->form) / fmax(all, 1), 0.1);
    fit->log_l = quality_fit_log_l(fit, cell, n);
    make_equations(fit, cell, n, &e);
    for (int step = 0; step < STEPS && damping < 1e9; step++) {
        struct equations damped = e;
        struct quality_fit next = *fit;
        for (int i = 0; i < p; i++)
            damped.information[i][i] *= 1 + damping;
        factor(damped.information, p);
        solve(damped.information, p, damped.gradient);
        for (int i = 0; i < p; i++)
            next.v[i] += damped.gradient[i];
        next.log_l = quality_fit_log_l(&next, cell, n);
        if (!(next.log_l > fit->log_l)) {
            damping *= 10;
            continue;
        }
        bool over = next.log_l - fit->log_l < ENOUGH;
        memcpy(fit->v, next.v, sizeof(fit->v));
        fit->log_l = next.log_l;
        damping = fmax(damping / 10, 1e-6);
        make_equations(fit, cell, n, &e);
        if (over)
            break;
    }
    factor(e.information, p);
    for (int i = 0; i < p; i++) {
        double x[QUALITY_FORM_MOST] = {0};
        x[i] = 1;
        solve(e.information, p, x);
        memcpy(fit->covariance[i], x, sizeof(x));
    }
}

double quality_fit_log_room(const struct quality_fit *fit)
{
    double a[QUALITY_FORM_MOST][QUALITY_FORM_MOST];
    double sum = 0;
    memcpy(a, fit->covariance, sizeof(a));
    factor(a, fit->form.n);
    for (int i = 0; i < fit->form.n; i++) {
        double mean;
        double sd;
        quality_form_prior(&fit->form, i, &mean, &sd);
        sum += log(a[i][i] / sd);
    }
    return sum;
}

double quality_fit_log_density(const struct quality_fit *fit, ts_ns time, double y)
{
    double middle;
    double spread;
    quality_form_at(&fit->form, fit->v, time, &middle, &spread);
    if (quality_form_counts(&fit->form))
        return log_size_density(y, exp(middle), fit->size);
    return -spread - 0.5 * square((y - middle) * exp(-spread));
}

/* value[i] has the mean mean[i], or is left out where that is below 0. */
static double size_log_l(const double *mean, const double *value, size_t n, double variation)
{
    double size = 1 / square(variation);
    double own = size * log(size) - stats_special_log_gamma(size);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        if (mean[i] >= 0)
            sum += stats_special_log_gamma(value[i] + size) + own +
                   log_size_density(value[i], mean[i], size);
    return sum;
}

/* The variation, 1 / sqrt(size), of the greatest likelihood, by golden section. */
static double best_variation(const double *mean, const double *value, size_t n)
{
    const double golden = 0.6180339887498949;
    double low = LEAST_VARIATION;
    double high = MOST_VARIATION;
    double a = high - golden * (high - low);
    double b = low + golden * (high - low);
    double at_a = size_log_l(mean, value, n, a);
    double at_b = size_log_l(mean, value, n, b);
    while (high - low > 1e-4) {
        if (at_a > at_b) {
            high = b;
            b = a;
            at_b = at_a;
            a = high - golden * (high - low);
            at_a = size_log_l(mean, value, n, a);
        } else {
            low = a;
            a = b;
            at_a = at_b;
            b = low + golden * (high - low);
            at_b = size_log_l(mean, value, n, b);
        }
    }
    return (low + high) / 2;
}

static void poisson(struct quality_fit *fit)
{
    fit->size = 2 * POISSON;
    for (int k = 0; k < QUALITY_FIT_SIZES; k++) {
        fit->size_at[k] = fit->size;
        fit->size_weight[k] = k == 0;
    }
}

void quality_fit_size(struct quality_fit *fit, const double *value, size_t n)
{
    double *mean = fit->form.family->law == QUALITY_POISSON ? NULL : calloc(n, sizeof(*mean));
    if (mean == NULL) {
        poisson(fit);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        double spread;
        quality_form_at(&fit->form, fit->v, (ts_ns)i * fit->form.family->span, &mean[i], &spread);
        mean[i] = value[i] >= 0 ? exp(mean[i]) : -1;
    }
    double best = best_variation(mean, value, n);
    double most = size_log_l(mean, value, n, best);
    double step = 0.02 * best;
    double bend = (2 * most - size_log_l(mean, value, n, best + step) -
                   size_log_l(mean, value, n, fmax(best - step, LEAST_VARIATION))) /
                  square(step);
    double wide = FAR / sqrt(fmax(bend, square(FAR / MOST_VARIATION)));
    double low = fmax(best - wide, LEAST_VARIATION);
    double high = fmin(best + wide, MOST_VARIATION);
    double all = 0;
    for (int k = 0; k < QUALITY_FIT_SIZES; k++) {
        double variation = low + (high - low) * (k + 0.5) / QUALITY_FIT_SIZES;
        fit->size_at[k] = 1 / square(variation);
        fit->size_weight[k] = exp(size_log_l(mean, value, n, variation) - most);
        all += fit->size_weight[k];
    }
    for (int k = 0; k < QUALITY_FIT_SIZES; k++)
        fit->size_weight[k] /= all;
    fit->size = 1 / square(best);
    free(mean);
}

/* The variances of middle and spread at the time, as far as they are not known. */
static void unknown(const struct quality_fit *fit, ts_ns time, double *out_middle,
                    double *out_spread)
{
    double by_middle[QUALITY_FORM_MOST];
    double by_spread[QUALITY_FORM_MOST];
    steepness(fit, time, by_middle, by_spread);
    *out_middle = *out_spread = 0;
    for (int i = 0; i < fit->form.n; i++)
        for (int k = 0; k < fit->form.n; k++) {
            *out_middle += by_middle[i] * by_middle[k] * fit->covariance[i][k];
            *out_spread += by_spread[i] * by_spread[k] * fit->covariance[i][k];
        }
}

static void add_tails(struct stats_tails *sum, struct stats_tails t, double weight)
{
    sum->lower = stats_special_log_add(sum->lower, log(weight) + t.lower);
    sum->upper = stats_special_log_add(sum->upper, log(weight) + t.upper);
}

static struct stats_tails count_tails(const struct quality_fit *fit, double y, double middle,
                                      double variance)
{
    struct stats_tails sum = {-1e6, -1e6};
    double all = 0;
    for (int i = 0; i < MEANS; i++)
        all += exp(-0.5 * square(FAR * (2.0 * i / (MEANS - 1) - 1)));
    for (int i = 0; i < MEANS; i++) {
        double z = FAR * (2.0 * i / (MEANS - 1) - 1);
        double mean = exp(middle + z * sqrt(variance));
        for (int k = 0; k < QUALITY_FIT_SIZES; k++) {
            double weight = exp(-0.5 * z * z) / all * fit->size_weight[k];
            if (weight > 1e-12)
                add_tails(&sum,
                          fit->size >= POISSON ? stats_dist_poisson(y, mean)
                                               : stats_dist_negbin(y, mean, fit->size_at[k]),
                          weight);
        }
    }
    return sum;
}

struct stats_tails quality_fit_tails(const struct quality_fit *fit, ts_ns time, double y)
{
    double middle;
    double spread;
    double middle_unknown;
    double spread_unknown;
    quality_form_at(&fit->form, fit->v, time, &middle, &spread);
    unknown(fit, time, &middle_unknown, &spread_unknown);
    if (quality_form_counts(&fit->form))
        return count_tails(fit, y, middle, middle_unknown);
    /* The logarithm of a deviation known from n values has the variance 1 / 2n. */
    double freedom = 1 / fmax(2 * spread_unknown, 1e-9);
    return stats_dist_student(y, middle, sqrt(exp(2 * spread) + middle_unknown), freedom);
}
