#ifndef MODEL_WEEK_H
#define MODEL_WEEK_H

/*
 * The kinds of days of a week that are alike: at work, and not.
 *
 * A bin of a weekly season is visited once a week, so that for months its own mean is little more
 * than the last values. What is alike is learned together: against the mean of their hour of the
 * day, the bins are cut into parts where the means of two sides differ by more than their errors
 * allow, and again within the sides; the parts are of two kinds; what days of a kind bring at an
 * hour is learned from all of them. A bin is read as that, with as much of its own deviation as
 * stands out from its error. Method: docs/method/model.md, "Week".
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

/* Not yet cut: only to be given to model_week_cut(). NULL when memory is short. */
struct model_week *model_week_new(void);
void model_week_free(struct model_week *w); /* NULL is fine */
size_t model_week_memory(void);

/* Cuts the ring anew. */
void model_week_cut(struct model_week *w, const struct model_season *ring,
                    const struct model_week_noise *noise);

/* How many parts it has. */
unsigned model_week_parts(const struct model_week *w);

/* Whether its kinds of days are so far apart, by the deviation of one visit, that they explain what
 * was taken for spread before. */
bool model_week_explains(const struct model_week *w, const struct model_season *ring,
                         const struct model_week_noise *noise);

/* The ring's factor or addend at a time. daily: the season of the day, which knows what the halves
 * of a bin differ by; NULL for none. */
double model_week_at(const struct model_week *w, const struct model_season *ring,
                     const struct model_season *daily, ts_ns time,
                     const struct model_week_noise *noise);

/* The variance of what the halves of a bin differ by, of what model_season_half_at() says of the
 * day's bin. */
double model_week_half_variance(const struct model_week *w, const struct model_season *ring,
                                ts_ns time, double rise, double variance);

/* Visits behind that: by all days of its kind. */
double model_week_visits(const struct model_week *w, const struct model_season *ring, ts_ns time);

/* w: NULL where there is none, which is what loading says of it then. */
void model_week_save(const struct model_week *w, struct buf *out);
ERR_MUST_CHECK enum err model_week_load(struct cursor *in, struct model_week **out);

#endif
