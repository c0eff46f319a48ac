#ifndef QUALITY_FIT_H
#define QUALITY_FIT_H

/*
 * A form fitted to values, and what it foretells: probabilities with the uncertainty of all that
 * was learned in them.
 *
 * Method: Fisher's scoring with Levenberg's damping for the parameters, whose posterior law is then
 * normal (Laplace). For normal and lognormal laws the deviation is learned with its degrees of
 * freedom, so that what is foretold is Student's t: exactly so where the middle is linear. For
 * negative binomial laws mean and size are nearly independent (Lawless 1987); both are integrated
 * over on a grid.
 *
 * Values with one law are one cell: their number, sum and squares are all that is needed.
 *
 * Ownership: a value.
 * Threads:   one owner.
 */

#include "form.h"
#include "stats/dist.h"

#include <stddef.h>

#define QUALITY_FIT_SIZES 21

struct quality_cell {
    ts_ns time; /* of one of them */
    double n;
    double sum; /* counts, or logarithms of amounts */
    double squares;
};

struct quality_fit {
    struct quality_form form;
    double v[QUALITY_FORM_MOST];
    double covariance[QUALITY_FORM_MOST][QUALITY_FORM_MOST];
    double log_l;   /* with the prior */
    double freedom; /* the share of the values that is left when the middle is known */
    double size;    /* of counts */
    double size_at[QUALITY_FIT_SIZES];
    double size_weight[QUALITY_FIT_SIZES];
};

/* From fit->v on. cells with n = 0 are left out. counts: size is what the fit has. */
void quality_fit_cells(struct quality_fit *fit, const struct quality_cell *cell, size_t n);
/* ln of the likelihood and the prior at fit->v. */
double quality_fit_log_l(const struct quality_fit *fit, const struct quality_cell *cell, size_t n);
/* What one cell has in that, but for what no parameter changes. */
double quality_fit_cell_log_l(const struct quality_fit *fit, const struct quality_cell *cell);
/* The size of counts, for the means there are: value[i] came at i spans, those below 0 are left
 * out.
 */
void quality_fit_size(struct quality_fit *fit, const double *value, size_t n);
/* ln of the density of one value, as if all were known. */
double quality_fit_log_density(const struct quality_fit *fit, ts_ns time, double y);
/* ln of what is left of the prior's room: the integral over the parameters, but for log_l. */
double quality_fit_log_room(const struct quality_fit *fit);
/* What is foretold of the value at the time. */
struct stats_tails quality_fit_tails(const struct quality_fit *fit, ts_ns time, double y);

#endif
