#ifndef STATS_QUANTILE_H
#define STATS_QUANTILE_H

/*
 * Quantiles of a stream, mergeable, the same for the same input.
 *
 * Method: the compactor sketch of Karnin, Lang and Liberty (2016) with equal level capacities and
 * an alternating (not random) choice of survivors. Exact up to STATS_QUANTILE_K values; beyond, the
 * rank error stays below 2 % for any order seen in our tests up to 10^7 values.
 * docs/method/quantile.md.
 *
 * Ownership: _init makes an empty sketch without memory; _release frees.
 * Threads:   one owner.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATS_QUANTILE_K 128
#define STATS_QUANTILE_LEVELS 32

struct stats_quantile {
    float *level[STATS_QUANTILE_LEVELS]; /* each NULL or of K floats; level i weighs 2^i */
    uint8_t n[STATS_QUANTILE_LEVELS];
    uint32_t odd;   /* bit i: level i keeps the odd ones next time */
    uint64_t count; /* values added */
};

void stats_quantile_init(struct stats_quantile *q);
void stats_quantile_release(struct stats_quantile *q);
void stats_quantile_clear(struct stats_quantile *q);

/* False when memory was short; NaN is ignored. */
bool stats_quantile_add(struct stats_quantile *q, double x);
bool stats_quantile_merge(struct stats_quantile *into, const struct stats_quantile *from);

/* p in [0, 1]; NaN when empty. */
double stats_quantile_value(const struct stats_quantile *q, double p);

void stats_quantile_save(const struct stats_quantile *q, struct buf *out);
ERR_MUST_CHECK enum err stats_quantile_load(struct cursor *in, struct stats_quantile *out);

#endif
