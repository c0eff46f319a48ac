#ifndef MODEL_WEEK_H
#define MODEL_WEEK_H

/*
 * The parts of a week that are alike: working days, the weekend, a night that is longer on Sundays.
 *
 * A bin of a weekly season is visited once a week, so that for months its own mean is little more
 * than the last values. What is alike is learned together: the ring is cut where the means of two
 * sides differ by more than their errors allow, and again within the sides; a bin is read as its
 * part's mean, with as much of its own deviation as stands out from its error. Method:
 * docs/method/model.md, "Week".
 *
 * Ownership: model_week_new() makes it, model_week_free() ends it.
 * Threads:   one owner.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"
#include "model/season.h"

#include <stdbool.h>
#include <stddef.h>

struct model_week;

/* The variance of one visit to a bin where v is expected: flat + each v + square v^2. */
struct model_week_noise {
    double flat;
    double each;
    double square;
};

/* NULL when memory is short. */
struct model_week *model_week_new(void);
void model_week_free(struct model_week *w); /* NULL is fine */
size_t model_week_memory(void);

/* Whether it has been cut: before, a season is read as it is. */
bool model_week_known(const struct model_week *w);

/* As before the first cut: when the ring's numbers mean something else. */
void model_week_forget(struct model_week *w);

/* Cuts the ring anew. each: what noise->each is at each of its bins. */
void model_week_cut(struct model_week *w, const struct model_season *ring,
                    const struct model_week_noise *noise, const double *each);

/* How many parts it has. */
unsigned model_week_parts(const struct model_week *w);

/* The ring's factor or addend at a time. */
double model_week_at(const struct model_week *w, const struct model_season *ring, ts_ns time,
                     const struct model_week_noise *noise);

void model_week_save(const struct model_week *w, struct buf *out);
ERR_MUST_CHECK enum err model_week_load(struct cursor *in, struct model_week **out);

#endif
