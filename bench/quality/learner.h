#ifndef QUALITY_LEARNER_H
#define QUALITY_LEARNER_H

/*
 * Who knows the form of a family (form.h) and learns its numbers from what has come: the ruler for
 * what can be known. docs/quality.md, "What can be known".
 *
 * Values that the fit itself holds for less likely than one in a million are left out and it is
 * made again: nobody says which values were put in. A weekend that may begin at any bucket, and a
 * change that may have come at any on its days, are hypotheses, weighed by how well the values fit.
 *
 * Ownership: quality_learner_new() makes it, quality_learner_free() ends it.
 * Threads:   one owner.
 */

#include "family.h"

#include <stdbool.h>
#include <stddef.h>

struct quality_learner;

/* What a learner knows beforehand; each less than the one before. */
enum quality_knowing {
    QUALITY_KNOWS_FORM,  /* law and shape */
    QUALITY_KNOWS_LAW,   /* the law; the day has any shape */
    QUALITY_KNOWS_SCALE, /* that amounts are lognormal or gamma; else the law */
    QUALITY_KNOWINGS,
};

/* Whether there is such a learner for the family, and it knows less than the one before. */
bool quality_learner_is(const struct quality_family *f, enum quality_knowing knows);

/* NULL where there is none, or memory is short. */
struct quality_learner *quality_learner_new(const struct quality_family *f, bool held_out,
                                            enum quality_knowing knows);
void quality_learner_free(struct quality_learner *l); /* NULL is fine */

/* Learns from value[i], which came at i spans; what was learned before is forgotten, but for where
 * to begin. False when memory is short. */
bool quality_learner_fit(struct quality_learner *l, const double *value, size_t n);

/* ln of the probability, both sides counted, of such a value at the time. */
double quality_learner_log_p(const struct quality_learner *l, ts_ns time, double value);

#endif
