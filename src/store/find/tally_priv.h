#ifndef FIND_TALLY_PRIV_H
#define FIND_TALLY_PRIV_H

/* What tally.c (counting) and tally_order.c (which buckets, in which order) share. */

#include "base/hash.h"
#include "find/tally.h"

/* Buckets beyond those of the answer that are kept before some are dropped. */
#define FIND_DROP_ABOVE 65536

struct find_tally {
    const struct find_aggs *aggs;
    struct find_bucket *root;
    struct hash_key key;
    size_t used;
    size_t most; /* that used has been */
    size_t limit;
    size_t buckets; /* that there are */
    enum err error;
};

/* How many buckets of a definition can be in an answer; one more than may is told there. */
static inline size_t find_tally_wanted(const struct find_agg *a)
{
    return a->size <= FIND_BUCKETS_MAX ? a->size : FIND_BUCKETS_MAX + 1;
}

/* Makes the index of a state's buckets anew. */
bool find_tally_build(struct find_tally *t, struct find_state *s);
/* Frees a bucket and what it counted for. */
void find_tally_forget(struct find_tally *t, const struct find_agg *a, struct find_bucket *b);

/* Whether a definition makes a bucket of these keys. */
bool find_tally_wants(const struct find_tally *t, const struct find_agg *a,
                      const struct event_value *keys);
/* What terms include and exclude. */
bool find_tally_chosen(const struct find_tally *t, const struct find_agg *a,
                       const struct event_value *key);
/* A composite's keys in its order. */
int find_tally_compare_keys(const struct find_agg *a, const struct event_value *x,
                            const struct event_value *y);

#endif
