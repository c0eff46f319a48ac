#ifndef QUALITY_STUDY_H
#define QUALITY_STUDY_H

/*
 * Learners beside the engine (learner.h): the same series, the same anomalies, the same anchor.
 *
 * A learner is made for a series when an anomaly comes, from all that came before, and goes on
 * foretelling the buckets of the next day, or 64, by what it knew then: those with nothing in them
 * say whether it is honest. No history lowers its scores.
 *
 * Ownership: quality_study_new() makes it, quality_study_free() ends it.
 * Threads:   one owner.
 */

#include "family.h"
#include "series.h"
#include "tally.h"

#include <stddef.h>
#include <stdio.h>

struct quality_study;

/* NULL where there is no learner for the family, or memory is short. */
struct quality_study *quality_study_new(const struct quality_family *f,
                                        const struct quality_run *run, size_t series);
void quality_study_free(struct quality_study *s); /* NULL is fine */

/* A series' value of the bucket at time, of a kind, and the score that the engine has for it. Times
 * of one series go on by one bucket. QUALITY_CHANGES: what was learned is no longer so; of other
 * kinds that are neither none, weak nor plain the learners only hear. */
void quality_study_value(struct quality_study *s, size_t series, ts_ns time, double value,
                         enum quality_kind kind, double engine);

/* A JSON line for each learner. */
void quality_study_print(FILE *out, const struct quality_study *s);

#endif
