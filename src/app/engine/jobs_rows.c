/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs whose datafeed has aggregations: intervals are counted, and given once they are closed. */
#include "engine/jobs_priv.h"

#include "detect/aggs.h"
#include "event/event.h"
#include "find/rows.h"

enum err engine_jobs_rows_make(struct engine_job *r, struct err_text *why)
{
    r->given = TIME_NONE;
    if (r->feed == NULL || r->feed->aggs == NULL)
        return ERR_NONE;
    enum err err = engine_rows_new(r->feed, &r->owner->rows, &r->rows, why);
    if (err == ERR_NONE && r->end != TIME_NONE)
        r->end = time_floor(r->end, r->feed->aggs->interval_ns);
    return err;
}

void engine_jobs_rows_begin(struct engine_job *r)
{
    if (r->rows == NULL || r->start == TIME_NONE)
        return;
    ts_ns interval = r->feed->aggs->interval_ns;
    ts_ns start = time_floor(r->start, interval);
    r->start = start < r->start ? start + interval : start;
    r->given = r->start;
}

/* How long after its end an interval is given. */
static ts_ns lag(const struct engine_job *r)
{
    return r->job->latency_ns + r->delay;
}

/* Intervals are given together: those of a look, and of a bucket. Nobody looks on at a job that is
 * behind. */
static ts_ns step_of(const struct engine_job *r)
{
    return r->phase == ENGINE_JOB_UP ? detect_feed_frequency(r->feed, r->job->bucket_span_ns)
                                     : r->job->bucket_span_ns;
}

/* Up to where intervals are given when everything before t has come. */
static ts_ns given_at(const struct engine_job *r, ts_ns t)
{
    if (r->end != TIME_NONE && t >= r->end)
        return r->end;
    ts_ns look = time_floor(t, step_of(r));
    ts_ns bucket = time_floor(t, r->job->bucket_span_ns);
    return look > bucket ? look : bucket;
}

/* When an interval that begins then is given: its end is that of a look, a bucket or the datafeed.
 */
static ts_ns given_after(const struct engine_job *r, ts_ns start)
{
    ts_ns step = step_of(r);
    ts_ns look = time_floor(start, step) + step;
    ts_ns bucket = time_floor(start, r->job->bucket_span_ns) + r->job->bucket_span_ns;
    ts_ns next = look < bucket ? look : bucket;
    return r->end != TIME_NONE && r->end < next ? r->end : next;
}

ts_ns engine_jobs_rows_end(const struct engine_job *r, ts_ns time)
{
    return given_after(r, time_floor(time, r->feed->aggs->interval_ns));
}

ts_ns engine_jobs_rows_closed(const struct engine_job *r)
{
    ts_ns clock = r->owner->clock;
    ts_ns due =
        r->phase == ENGINE_JOB_UP && clock != TIME_NONE ? given_at(r, clock - lag(r)) : TIME_NONE;
    return due > r->given ? due : r->given;
}

enum err engine_jobs_rows_event(struct engine_job *r, const struct event *e)
{
    ts_ns closed = engine_jobs_rows_closed(r);
    bool late = closed != TIME_NONE && e->time < closed;
    r->owner->totals.late += late;
    return late ? ERR_NONE : engine_rows_event(r->rows, e);
}

ts_ns engine_jobs_rows_due(const struct engine_job *r)
{
    ts_ns first = r->rows != NULL ? engine_rows_first(r->rows) : TIME_NONE;
    return first != TIME_NONE ? given_after(r, first) + lag(r) : TIME_MAX;
}

static enum err tell_lost(struct engine_job *r)
{
    struct err_text why;
    char newest[TIME_TEXT_SIZE];
    struct find_rows_lost lost;
    engine_rows_tell_lost(r->rows, &lost);
    r->owner->totals.lost += lost.events;
    if (lost.intervals == 0)
        return ERR_NONE;
    time_format_iso(lost.newest, newest);
    return engine_jobs_say(r, "error", &why,
                           "What the datafeed aggregates of %llu interval%s, the newest of which "
                           "begins at %s, is more than fits; %llu event%s not looked at.",
                           (unsigned long long)lost.intervals, lost.intervals == 1 ? "" : "s",
                           newest, (unsigned long long)lost.events,
                           lost.events == 1 ? " was" : "s were");
}

enum err engine_jobs_rows_give(struct engine_job *r, ts_ns now)
{
    if (r->rows == NULL)
        return ERR_NONE;
    ts_ns to = given_at(r, now - lag(r));
    if (r->given != TIME_NONE && to <= r->given)
        return ERR_NONE;
    r->given = to;
    if (engine_rows_first(r->rows) == TIME_NONE)
        return ERR_NONE;
    ts_ns (*steady)(void) = r->owner->options.steady;
    ts_ns begun = steady != NULL ? steady() : 0;
    enum err err = engine_rows_give(r->rows, to, r->engine);
    if (steady != NULL)
        engine_jobs_searched(r, steady() - begun, now);
    return err == ERR_NONE ? tell_lost(r) : err;
}
