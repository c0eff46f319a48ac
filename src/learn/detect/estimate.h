#ifndef DETECT_ESTIMATE_H
#define DETECT_ESTIMATE_H

/*
 * How much memory a job will want, before there is one: _estimate_model_memory.
 *
 * From the sizes of what the engine keeps for each thing and how many different values each field
 * has. The formula is in docs/method/memory.md.
 *
 * Threads: any.
 */

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct detect_job;

/* How many different values a field has; 0: not said. */
struct detect_cardinality {
    const char *field;
    uint64_t overall; /* in all the time that is remembered */
    uint64_t bucket;  /* in one bucket, at the most */
};

/*
 * A model_memory_limit, in whole megabytes, under which all series of the job have room and memory
 * is not called short. ERR_INVALID names a field that splits or influences and was not said;
 * ERR_MEMORY.
 */
enum err detect_estimate(const struct detect_job *job, const struct detect_cardinality *list,
                         size_t n, uint64_t *out_bytes, struct err_text *why) ERR_MUST_CHECK;

#endif
