/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/overall.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define NO_BUCKET (-1.0) /* in place of a score */

/* Greatest scores of a stretch of time. */
struct stretch {
    ts_ns start; /* TIME_NONE: nothing yet */
    bool interim;
    double score;
    double *of; /* one a job */
};

struct detect_overall {
    struct detect_overall_options options;
    struct stretch now;   /* of the default span; its score is not yet known */
    struct stretch whole; /* of the bucket span */
    double *sorted;
    struct detect_overall_job *jobs; /* for the sink */
};

static void forget(struct stretch *s, size_t n)
{
    s->start = TIME_NONE;
    s->interim = false;
    s->score = 0;
    for (size_t i = 0; i < n; i++)
        s->of[i] = NO_BUCKET;
}

struct detect_overall *detect_overall_new(const struct detect_overall_options *options)
{
    struct detect_overall *o = mem_zero(1, sizeof(*o));
    if (o == NULL)
        return NULL;
    size_t n = options->n_jobs;
    o->options = *options;
    o->now.of = mem_zero(n + 1, sizeof(double));
    o->whole.of = mem_zero(n + 1, sizeof(double));
    o->sorted = mem_zero(n + 1, sizeof(double));
    o->jobs = mem_zero(n + 1, sizeof(*o->jobs));
    if (o->now.of == NULL || o->whole.of == NULL || o->sorted == NULL || o->jobs == NULL) {
        detect_overall_free(o);
        return NULL;
    }
    forget(&o->now, n);
    forget(&o->whole, n);
    return o;
}

void detect_overall_free(struct detect_overall *o)
{
    if (o == NULL)
        return;
    mem_free(o->now.of);
    mem_free(o->whole.of);
    mem_free(o->sorted);
    mem_free(o->jobs);
    mem_free(o);
}

static int greatest_first(const void *x, const void *y)
{
    double a = *(const double *)x;
    double b = *(const double *)y;
    return a > b ? -1 : a < b;
}

/* The mean of the greatest, of as many as have a bucket. */
static double score_of(struct detect_overall *o)
{
    size_t n = 0;
    double sum = 0;
    for (size_t i = 0; i < o->options.n_jobs; i++)
        if (o->now.of[i] > NO_BUCKET)
            o->sorted[n++] = o->now.of[i];
    qsort(o->sorted, n, sizeof(double), greatest_first);
    size_t top = n < o->options.top_n ? n : o->options.top_n;
    for (size_t i = 0; i < top; i++)
        sum += o->sorted[i];
    return top > 0 ? sum / (double)top : 0;
}

static void send(struct detect_overall *o)
{
    size_t n = 0;
    if (o->whole.start == TIME_NONE)
        return;
    for (size_t i = 0; i < o->options.n_jobs; i++)
        if (o->whole.of[i] > NO_BUCKET)
            o->jobs[n++] = (struct detect_overall_job){o->options.jobs[i], o->whole.of[i]};
    struct detect_result r = {.type = DETECT_RESULT_OVERALL_BUCKET,
                              .interim = o->whole.interim,
                              .job_id = "",
                              .time = o->whole.start,
                              .span_ns = o->options.bucket_span};
    r.overall = (struct detect_overall_bucket){o->whole.score, o->jobs, n};
    if (o->whole.score >= o->options.min_score)
        o->options.sink(o->options.ctx, &r);
    forget(&o->whole, o->options.n_jobs);
}

/* The stretch of the default span is over: it becomes part of the whole. */
static void close_stretch(struct detect_overall *o)
{
    if (o->now.start == TIME_NONE)
        return;
    ts_ns start = time_floor(o->now.start, o->options.bucket_span);
    if (start != o->whole.start)
        send(o);
    o->whole.start = start;
    o->whole.interim |= o->now.interim;
    double score = score_of(o);
    if (score > o->whole.score)
        o->whole.score = score;
    for (size_t i = 0; i < o->options.n_jobs; i++)
        if (o->now.of[i] > o->whole.of[i])
            o->whole.of[i] = o->now.of[i];
    forget(&o->now, o->options.n_jobs);
}

void detect_overall_add(struct detect_overall *o, size_t job, ts_ns time, double score,
                        bool interim)
{
    ts_ns start = time_floor(time, o->options.span);
    if (start != o->now.start)
        close_stretch(o);
    o->now.start = start;
    o->now.interim |= interim;
    if (!(score > 0))
        score = 0;
    if (score > o->now.of[job])
        o->now.of[job] = score;
}

void detect_overall_end(struct detect_overall *o)
{
    close_stretch(o);
    send(o);
}
