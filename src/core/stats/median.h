#ifndef STATS_MEDIAN_H
#define STATS_MEDIAN_H

/*
 * The median of numbers, in a form that merges and does not depend on order.
 *
 * Exact up to STATS_MEDIAN_EXACT different values; beyond, values share bins whose middle is within
 * 0.4 % of each of them (|x| below 2^-40 counts as 0 then, above 2^80 as 2^80). The same values in
 * any order, in one sketch or in several that are merged, give the same sketch to the last bit.
 * docs/method/median.md.
 *
 * Ownership: _init makes an empty sketch without memory; _release frees.
 * Threads:   one owner; reading a value only reads.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATS_MEDIAN_EXACT 512

struct stats_median_bin {
    double value; /* or the end of its bin that is nearer to zero */
    uint64_t count;
};

struct stats_median {
    struct stats_median_bin *bin; /* values rising */
    uint32_t n;
    uint32_t cap;
    bool coarse; /* values share bins */
};

void stats_median_init(struct stats_median *m);
void stats_median_release(struct stats_median *m);
/* Bytes behind the sketch: by what it holds, not by how it grew. */
size_t stats_median_memory(const struct stats_median *m);

/* count times the same value; NaN is left out, infinities count as the largest number. False when
 * memory was short and the value is missed. */
bool stats_median_add(struct stats_median *m, double value, uint64_t count);
bool stats_median_merge(struct stats_median *into, const struct stats_median *from);

/* The middle value, or the mean of the two middle ones; false when there is none. */
bool stats_median_value(const struct stats_median *m, double *out);

void stats_median_save(const struct stats_median *m, struct buf *out);
/* ERR_FORMAT, ERR_MEMORY. */
ERR_MUST_CHECK enum err stats_median_load(struct cursor *in, struct stats_median *out);

#endif
