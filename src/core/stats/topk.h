#ifndef STATS_TOPK_H
#define STATS_TOPK_H

/*
 * Which keys carried most, in memory fixed at birth.
 *
 * Method: Space-Saving (Metwally, Agrawal, El Abbadi 2005) with weights. After a total weight W in
 * k slots, every key that carried more than W/k holds a slot, and no weight is too high by more
 * than the slack kept next to it. Merging sums the common keys and keeps the largest k (Cafaro et
 * al. 2016), with the bounds of the two added.
 *
 * Ownership: stats_topk_new() makes the only allocation.
 * Threads:   one owner, no locks.
 */

#include <stddef.h>
#include <stdint.h>

struct stats_topk;

struct stats_topk_entry {
    uint64_t key;
    double weight; /* true weight is in [weight - slack, weight] */
    double slack;
};

/* Returns NULL if slots is 0 or memory is short. */
struct stats_topk *stats_topk_new(size_t slots);
void stats_topk_free(struct stats_topk *t); /* NULL is fine */
void stats_topk_clear(struct stats_topk *t);

/* weight > 0; others are ignored. Returns the key that lost its slot to this one in *out_evicted
 * (may be NULL) and true, else false. */
int stats_topk_add(struct stats_topk *t, uint64_t key, double weight, uint64_t *out_evicted);
void stats_topk_merge(struct stats_topk *into, const struct stats_topk *from);

/* Copies at most max entries, heaviest first (ties: smaller key first); returns how many. */
size_t stats_topk_list(const struct stats_topk *t, struct stats_topk_entry *out, size_t max);

#endif
