#ifndef DETECT_OVERALL_H
#define DETECT_OVERALL_H

/*
 * Overall buckets: how bad a stretch of time was over several jobs.
 *
 * Each stretch of the default span (the largest bucket span of the jobs) has for each job the
 * greatest score of its buckets that begin there, and as its own score the mean of the top_n
 * greatest of these. A larger span takes the greatest of the stretches that begin in it. Stretches
 * lie on multiples of their span since the epoch; where no job has a bucket there is none.
 *
 * Ownership: detect_overall_new() makes it and borrows the ids; the sink's result dies with the
 *            call.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/time.h"
#include "detect/result.h"

#include <stdbool.h>
#include <stddef.h>

struct detect_overall;

struct detect_overall_options {
    const char *const *jobs; /* in order of id */
    size_t n_jobs;
    ts_ns span;        /* the largest of the jobs */
    ts_ns bucket_span; /* at least span */
    size_t top_n;      /* at least 1 */
    double min_score;  /* those below are left out */
    detect_result_fn sink;
    void *ctx;
};

/* NULL when memory is short. */
struct detect_overall *detect_overall_new(const struct detect_overall_options *options);
void detect_overall_free(struct detect_overall *o); /* NULL is fine */

/* A bucket of options.jobs[job]; times never go back. */
void detect_overall_add(struct detect_overall *o, size_t job, ts_ns time, double score,
                        bool interim);
/* There are no more. */
void detect_overall_end(struct detect_overall *o);

#endif
