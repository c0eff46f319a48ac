#ifndef MODEL_SEASON_H
#define MODEL_SEASON_H

/*
 * A cycle of known length, as a ring of bins of half an hour or a bucket, whichever is longer.
 *
 * Each bin holds the faded mean of what was seen in it, measured against a base that follows
 * slowly; the first visits count fully, later ones as one in about eight cycles. Read with straight
 * lines where neighbours agree on a slope, as a step where they do not. A fine season also knows by
 * how much the halves of a bin differ, as far as that is more than noise. Whether a cycle is worth
 * using is not decided here: the levels that use it compete with those that do not. Method:
 * docs/method/model.md, "Season".
 *
 * Ownership: model_season_new() makes it, model_season_free() ends it.
 * Threads:   one owner.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_SEASON_MOST 336

struct model_season;

/* period and span > 0. base: the level now. NULL when memory is short or a period holds less than
 * two buckets. */
struct model_season *model_season_new(ts_ns period, ts_ns span, double base, bool ratio);
/* The same, with halves of bins where a bin holds two buckets and more. */
struct model_season *model_season_new_fine(ts_ns period, ts_ns span, double base, bool ratio);
/* How many cycles a bin remembers: 8 unless said. */
void model_season_set_memory(struct model_season *s, double cycles);
void model_season_free(struct model_season *s); /* NULL is fine */
/* Of one that has seen a whole cycle: less is taken before. */
size_t model_season_memory(const struct model_season *s);

/* A whole cycle has been seen. */
bool model_season_ready(const struct model_season *s);

/* Cycles learned so far. */
double model_season_cycles(const struct model_season *s);

/* And at most so many are remembered. */
double model_season_kept(const struct model_season *s);

/* Buckets in a cycle, and buckets learned so far. */
double model_season_length(const struct model_season *s);
double model_season_seen(const struct model_season *s);

/* Visits behind a bin, on the mean. */
double model_season_visits(const struct model_season *s);

/* Its values are factors, not differences. */
bool model_season_is_ratio(const struct model_season *s);

/* Whether it holds nothing but what comes round every so many buckets, and what chance makes of
 * values of this variance (ratio: relative). */
bool model_season_repeats(const struct model_season *s, double buckets, double variance);

/* What the seasons are measured against, on the scale of the levels. */
double model_season_base(const struct model_season *s);

/* Values, each heard alike, from which the bin of a time would be known as well. */
double model_season_weight_at(const struct model_season *s, ts_ns time);

/* The factor (ratio) or addend at a time. */
double model_season_at(const struct model_season *s, ts_ns time);

/* What the half of its bin that a time is in differs from it, beyond the slope, with its variance,
 * and by how much the bin after lies above the bin before. */
double model_season_half_at(const struct model_season *s, ts_ns time, double *out_rise,
                            double *out_variance);

/* From now on measured against the mean of its bins, whatever its base was. */
void model_season_normalise(struct model_season *s);

/* For who reads the ring otherwise: its bins; a bin's value, and the visits behind it; the bin of a
 * time, and where in it, in [0, 1), the middle of the bucket lies; and what a place between two
 * bins' neighbours is read as. */
uint32_t model_season_bins(const struct model_season *s);
double model_season_bin(const struct model_season *s, uint32_t k, double *out_value);
double model_season_place(const struct model_season *s, ts_ns time, uint32_t *out_bin);
double model_season_between(const struct model_season *s, double before, double here, double after,
                            double at);

/* y: the value on the scale of the levels, freed of other seasons; base_gain: 1 / time constant.
 * share: 1, or less for a value that is believed less. Until a whole cycle has been seen the season
 * grows with the bins that are visited, and may move; when memory is short the value is left out.
 */
void model_season_learn(struct model_season **s, ts_ns time, double y, double base_gain,
                        double share);

/* The level changed for good: what is seen from now on is measured against this. */
void model_season_rebase(struct model_season *s, double base);

/* The same cycle on the other scale: differences of logarithms (logarithm) in place of differences,
 * or the reverse. under: a season below this one, on the scale that is left; NULL for none. */
void model_season_measure(struct model_season *s, const struct model_season *under, bool logarithm);

void model_season_save(const struct model_season *s, struct buf *out);
ERR_MUST_CHECK enum err model_season_load(struct cursor *in, struct model_season **out);

#endif
