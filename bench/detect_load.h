#ifndef BENCH_DETECT_LOAD_H
#define BENCH_DETECT_LOAD_H

/*
 * The loads that detection is measured with: a job and records as CSV, drawn from a seed.
 *
 * Records are spread over weeks with a day's and a week's rhythm and chance in each second. Hosts,
 * processes and domains are as uneven as they are on networks: few carry much, many carry little.
 *
 * Ownership: detect_load_new() makes a generator; a piece of text lives until the next.
 * Threads:   one owner.
 */

#include "base/bytes.h"

#include <stddef.h>
#include <stdint.h>

#define DETECT_LOAD_SEED 42

struct detect_load;

/* Names by number; NULL after the last. */
const char *detect_load_name(size_t number);

/* NULL when there is no such load or memory is short. */
struct detect_load *detect_load_new(const char *name, uint64_t records);
void detect_load_free(struct detect_load *l);

/* The job's configuration. */
const char *detect_load_job(const struct detect_load *l);
/* The next piece of CSV, whole lines, the header first; empty at the end. */
struct bytes detect_load_next(struct detect_load *l);

#endif
