#ifndef QUALITY_TALLY_H
#define QUALITY_TALLY_H

/*
 * What is counted of one family, and the JSON line it becomes.
 *
 * Threads: one owner; a value.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum quality_kind {
    QUALITY_WEAK,  /* true probability between 1e-8 and 1e-5; wanted at 50 */
    QUALITY_PLAIN, /* below 1e-8; wanted at 75 */
    QUALITY_NEW,   /* what was never there before; wanted at 50 */
    QUALITY_LEAKS,
    QUALITY_OUTAGES,
    QUALITY_CHANGES,
    QUALITY_KINDS,
    QUALITY_NONE = QUALITY_KINDS,
};

#define QUALITY_STEPS 512 /* delays and adoptions of this many steps and more are one */

struct quality_tally {
    double buckets;     /* series-buckets that could bring false records */
    double false_at[3]; /* 25, 50, 75 */
    double after;       /* series-buckets after an anomaly's end, and those with a record at 75 */
    double after_75;
    double week; /* series-buckets of the week after a change, and those with a record */
    double week_at[3];
    double injected[QUALITY_KINDS];
    double at_50[QUALITY_KINDS];
    double at_75[QUALITY_KINDS];
    double first; /* of QUALITY_NEW: those with the highest score of their bucket */
    bool first_asked;
    double largest_75; /* records at 75 of what always is the largest */
    bool largest_asked;
    uint32_t delay[QUALITY_STEPS];    /* buckets from the start of what lasts to a record at 50 */
    uint32_t adoption[QUALITY_STEPS]; /* hours from a change to a model that has adopted it */
    uint32_t known[QUALITY_STEPS];    /* to evidence of 10^4 for who knows both laws */
    bool changes;                     /* these are measured */
    double series;
    double records;
    double seconds;
    double bytes;
};

/* One series-bucket with nothing unusual in it. */
void quality_tally_quiet(struct quality_tally *t, double score);
/* An anomaly that is over: its best score and the bucket of the first record at 50, or -1. */
void quality_tally_found(struct quality_tally *t, enum quality_kind kind, double best, int first);

void quality_tally_print(FILE *out, const char *family, uint64_t seed, bool held_out,
                         const struct quality_tally *t);

#endif
