#ifndef STATS_SUM_H
#define STATS_SUM_H

/*
 * Sums that do not depend on order: the halves of a bucket, merged, give the whole to the last bit.
 *
 * Whole numbers below 2^63 are added in 128 bits. Other numbers go into a fixed-point accumulator
 * (Kulisch's idea, cut to what measurements need): 192 bits, 2^-40 (1e-12) the smallest step, sums
 * up to 2^150. Each addend is rounded to the step once, before it is added; adding and merging are
 * exact. Larger addends count as +-2^100, NaN as 0.
 *
 * Ownership: values of the caller, no memory behind them.
 * Threads:   one owner.
 */

#include "base/buf.h"
#include "base/bytes.h"

#include <stdint.h>

struct stats_sum {
    uint64_t word[3]; /* two's complement, least significant first, in steps of 2^-40 */
};

static inline void stats_sum_init(struct stats_sum *s)
{
    s->word[0] = s->word[1] = s->word[2] = 0;
}

void stats_sum_add(struct stats_sum *s, double x);
void stats_sum_add_int(struct stats_sum *s, int64_t x); /* exact */
void stats_sum_merge(struct stats_sum *into, const struct stats_sum *from);
double stats_sum_value(const struct stats_sum *s); /* the nearest double */

void stats_sum_save(const struct stats_sum *s, struct buf *out);
void stats_sum_load(struct cursor *in, struct stats_sum *out); /* the cursor keeps the failure */

#endif
