#ifndef FIND_DIGEST_H
#define FIND_DIGEST_H

/*
 * Percentiles of numbers with how often each came: exact while there are few different ones, then
 * by cells whose width is one part in a hundred of the number.
 *
 * Method: a table of values; above FIND_DIGEST_EXACT different ones each value goes to the cell
 * sign * ceil(log(|x|) / log(1.01)), whose middle is within 0.5 % of all in it (Masson, Rim, Lee
 * 2019, DDSketch). Ranks are interpolated as Elasticsearch 8 does for samples that it keeps whole.
 *
 * Ownership: find_digest_release().
 * Threads:   one owner.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIND_DIGEST_EXACT 1000

struct find_digest_slot {
    double value; /* or the number of the cell */
    uint64_t count;
};

struct find_digest {
    struct find_digest_slot *slots; /* open addressing; count 0 is free */
    size_t cap;
    size_t used;
    bool cells;
    bool sorted; /* slots are in order of value, for reading */
    uint64_t count;
    double least;
    double greatest;
};

void find_digest_init(struct find_digest *d);
void find_digest_release(struct find_digest *d);

/* A number that is finite. False: no memory, nothing was added. */
bool find_digest_add(struct find_digest *d, double value, uint64_t count);
/* percent from 0 to 100; NaN when it is empty. Nothing is added afterwards. */
double find_digest_value(struct find_digest *d, double percent);

#endif
