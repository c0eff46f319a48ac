#ifndef BASE_BUDGET_H
#define BASE_BUDGET_H

/*
 * What something keyed by traffic may cost.
 *
 * A budget counts units (bytes, entries) against a limit. Whoever is refused must evict or drop,
 * and the refusals are counted.
 *
 * Ownership: a value; whoever holds what is budgeted holds it.
 * Threads:   one owner.
 */

#include <stdbool.h>
#include <stdint.h>

struct budget {
    uint64_t limit; /* 0 = no limit */
    uint64_t used;
    uint64_t peak;
    uint64_t refused; /* how often a charge did not fit */
};

static inline void budget_init(struct budget *b, uint64_t limit)
{
    *b = (struct budget){.limit = limit};
}

static inline bool budget_fits(const struct budget *b, uint64_t n)
{
    return b->limit == 0 || (b->used <= b->limit && n <= b->limit - b->used);
}

static inline bool budget_charge(struct budget *b, uint64_t n)
{
    if (!budget_fits(b, n)) {
        b->refused++;
        return false;
    }
    b->used += n;
    if (b->used > b->peak)
        b->peak = b->used;
    return true;
}

static inline void budget_return(struct budget *b, uint64_t n)
{
    b->used -= n < b->used ? n : b->used;
}

#endif
