#ifndef QUALITY_JOB_H
#define QUALITY_JOB_H

/*
 * A whole job, fed bucket by bucket, whose records are handed back by the entity they are about.
 *
 * Entities are numbers; their texts are made here. Records come while quality_job_close() runs; the
 * scores are those first sent, never ones looked at again.
 *
 * Ownership: quality_job_open() makes it, quality_job_free() ends it.
 * Threads:   one owner.
 */

#include "base/bytes.h"
#include "base/time.h"
#include "detect/result.h"

#include <stdbool.h>
#include <stddef.h>

struct quality_job;

struct quality_job_options {
    ts_ns span;
    const char *detector; /* the JSON object, without its braces */
    bool model_plot;
    detect_result_fn result;
    void *ctx;
};

/* Columns: time, n (how many events), a, b, c (texts) and v (a number). Ends the program if it
 * cannot. */
struct quality_job *quality_job_open(const struct quality_job_options *o);
void quality_job_free(struct quality_job *j); /* NULL is fine */

/* Texts may be "". n > 0. */
void quality_job_record(struct quality_job *j, ts_ns time, double n, struct bytes a, struct bytes b,
                        struct bytes c, double v);
/* Closes the bucket that ends at end; results come now. */
void quality_job_close(struct quality_job *j, ts_ns end);
double quality_job_bytes(const struct quality_job *j);

/* The number at the end of "x123"; -1 when there is none. */
long quality_job_number(struct bytes text);

#endif
