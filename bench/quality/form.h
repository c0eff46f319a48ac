#ifndef QUALITY_FORM_H
#define QUALITY_FORM_H

/*
 * The form of a family: its law and its shape, with the numbers left open. What a learner who knows
 * the one and not the other has to learn, as a list of parameters.
 *
 * The middle of a bucket's law is a mean, or the logarithm of one; its spread the logarithm of a
 * deviation (counts: none, their dispersion is learned apart). A free form does not know the shape
 * of the day: instead of the family's own there are knots every half hour, or bucket, with straight
 * lines between them. When the weekend begins, and whether and when a change came, are no
 * parameters but hypotheses, which the caller sets.
 *
 * Threads: a value.
 */

#include "family.h"

#include <stdbool.h>

#define QUALITY_FORM_MOST 56 /* parameters */

struct quality_form {
    const struct quality_family *family;
    bool held_out;
    bool free;
    int knots;
    int n;
    int id[QUALITY_FORM_MOST];
    double phase_week;
    ts_ns change_at; /* TIME_MAX: none has come */
};

/* Whether there is a learner for the family. */
bool quality_form_known(const struct quality_family *f);
void quality_form_make(const struct quality_family *f, bool held_out, bool free, bool changed,
                       struct quality_form *out);

/* Whether weekends, a change of level or spread, are among the family's hypotheses. */
bool quality_form_weeks(const struct quality_family *f);
bool quality_form_changes(const struct quality_family *f);
/* The values of one form's parameters as those of another; what that one lacks stays. */
void quality_form_copy(const struct quality_form *from, const double *v,
                       const struct quality_form *to, double *out);

/* Counts are measured as they are and have logarithms of means; amounts by their logarithms. */
bool quality_form_counts(const struct quality_form *f);
/* How many parameters the middle has: the others are the spread's. */
int quality_form_middles(const struct quality_form *f);
/* After which buckets have the same law, but for a change; 0 with a trend. */
ts_ns quality_form_period(const struct quality_form *f);

/* What is believed of a parameter before data: next to nothing. */
void quality_form_prior(const struct quality_form *f, int i, double *out_mean, double *out_sd);
/* Values to begin with, for a phase (turns). level, spread: of all values. */
void quality_form_start(const struct quality_form *f, double level, double spread, double phase,
                        double *out);

void quality_form_at(const struct quality_form *f, const double *v, ts_ns time, double *out_middle,
                     double *out_spread);

#endif
