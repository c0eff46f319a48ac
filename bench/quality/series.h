#ifndef QUALITY_SERIES_H
#define QUALITY_SERIES_H

/*
 * Runs a family of series as one job with a series a partition, with anomalies put in after three
 * weeks, and counts what the job says of them.
 *
 * An anomaly and the QUALITY_AFTER buckets after it bring no false records; those after it are
 * counted apart. The first day after a change of level or spread is left out, and no anomaly is put
 * into the days about a change.
 *
 * Threads: one owner.
 */

#include "family.h"
#include "tally.h"

#include <stdbool.h>
#include <stdint.h>

#define QUALITY_AFTER 12
#define QUALITY_LEARN (21 * TIME_DAY)
#define QUALITY_END (42 * TIME_DAY)

struct quality_run {
    uint64_t seed;
    bool held_out;
    bool verbose;   /* a line on stderr for each false record and each anomaly not found */
    bool learner;   /* lines on stdout of what could be known (study.h) */
    double buckets; /* series-buckets to judge after the three weeks */
    uint32_t every; /* one anomaly in so many of them */
};

/* A seed for one generator of a family. */
uint64_t quality_run_seed(const struct quality_run *run, const char *family, uint64_t index);

void quality_series_run(const struct quality_family *f, const struct quality_run *run,
                        struct quality_tally *out);

#endif
