#ifndef STATS_DISTINCT_H
#define STATS_DISTINCT_H

/*
 * How many different values, from their hashes.
 *
 * Exact up to STATS_DISTINCT_EXACT values (a sorted-by-hash table of 8 bytes each, grown as
 * needed), then HyperLogLog with 2^14 registers of one byte (Flajolet et al. 2007; estimator of
 * Ertl 2017, no bias tables): standard error 0.8 % in 16 KB. Two sketches that were given halves
 * of the values merge to exactly the sketch of all. docs/method/distinct.md.
 *
 * Hashes must be 64 bits, keyed, and made with one key wherever sketches are to be merged.
 *
 * Ownership: _init makes an empty sketch without memory; _release frees, _clear keeps memory.
 *            When memory is short a value may be missed: stats_distinct_add() returns false.
 * Threads:   one owner.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATS_DISTINCT_EXACT 512

struct stats_distinct {
    uint64_t few[2]; /* the first two values need no memory */
    uint64_t *set;   /* open addressing, 0 is free; or the registers */
    uint32_t n;      /* values in the exact set */
    uint32_t cap;    /* slots of the set; 0 none yet */
    bool has_zero;   /* the hash 0 occurred */
    bool registers;  /* set holds 2^14 bytes of registers */
};

void stats_distinct_init(struct stats_distinct *d);
void stats_distinct_release(struct stats_distinct *d);
void stats_distinct_clear(struct stats_distinct *d);
size_t stats_distinct_memory(const struct stats_distinct *d); /* beyond the struct */

bool stats_distinct_add(struct stats_distinct *d, uint64_t hash);
bool stats_distinct_merge(struct stats_distinct *into, const struct stats_distinct *from);
double stats_distinct_count(const struct stats_distinct *d);

void stats_distinct_save(const struct stats_distinct *d, struct buf *out);
/* out is initialised here; ERR_FORMAT or ERR_MEMORY. */
ERR_MUST_CHECK enum err stats_distinct_load(struct cursor *in, struct stats_distinct *out);

#endif
