#ifndef MODEL_NUMBER_H
#define MODEL_NUMBER_H

/*
 * Small sums that every model does: fading, and numbers read from foreign bytes.
 *
 * Threads: any; pure but for the cursor.
 */

#include "base/bytes.h"

/* The lesser and the greater of two numbers, in one instruction; fmin() and fmax() are calls,
 * because of what they promise about NaN. */
static inline double model_min(double a, double b)
{
    return a < b ? a : b;
}

static inline double model_max(double a, double b)
{
    return a > b ? a : b;
}

/* A double of the cursor; the cursor fails when it is no number or larger than most in size. */
double model_number_load(struct cursor *in, double most);

/* The same, and >= 0. */
double model_number_load_positive(struct cursor *in, double most);

/* The number as a model takes it: NaN as 0, infinities and more as +-1e30. */
double model_number_tame(double x);

/* Normal score of a log upper-tail probability at most ln 1/2: z >= 0 (Abramowitz and Stegun
 * 26.2.23, error below 5e-4). */
double model_number_score(double log_p);

/*
 * ln P(T >= t), T of Student's law with nu >= 3 degrees of freedom, by its normal equivalent
 * (Wallace 1959): within 6 % at nu = 3 and 60 standard deviations, 1.5 % from nu = 12 on, nearer in
 * the middle.
 */
double model_number_student_tail(double t, double nu);

#endif
