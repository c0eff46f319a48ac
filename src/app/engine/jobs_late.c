/* SPDX-License-Identifier: Apache-2.0 */
/* Events that come when their bucket is closed: counted, and told with advice. */
#include "engine/jobs_priv.h"

#include "detect/aggs.h"
#include "event/event.h"

/* What is late comes in bursts: a message waits for the rest of its burst, and for the one before
 * to have been read. */
#define BURST TIME_MIN
#define TELL_EVERY (15 * TIME_MIN)

void engine_jobs_set_clock(struct engine_jobs *j, ts_ns now)
{
    j->clock = now;
    for (size_t i = 0; i < j->n; i++)
        engine_jobs_stamp(j->jobs[i]);
}

static void note_bucket(struct engine_late *late, ts_ns bucket)
{
    for (size_t i = 0; i < late->n; i++) {
        if (late->buckets[i] == bucket)
            return;
    }
    if (late->n < ENGINE_LATE_BUCKETS)
        late->buckets[late->n++] = bucket;
    else
        late->more = true;
}

void engine_jobs_see_late(struct engine_job *r, const struct event *e)
{
    struct engine_late *late = &r->late;
    ts_ns span = r->job->bucket_span_ns;
    ts_ns closed = r->rows != NULL ? engine_jobs_rows_closed(r) : detect_final_until(r->engine);
    ts_ns clock = r->owner->clock;
    ts_ns window = detect_feed_check_window(r->feed, span);
    /* What a start reads again from the store was late, and told, before. */
    if (r->phase != ENGINE_JOB_UP || r->owner->options.at_rest || clock == TIME_NONE ||
        closed == TIME_NONE || e->time >= closed || e->time < closed - window)
        return;
    ts_ns bucket = time_floor(e->time, r->rows != NULL ? r->feed->aggs->interval_ns : span);
    ts_ns end = r->rows != NULL ? engine_jobs_rows_end(r, e->time) : bucket + span;
    ts_ns by = clock - (end + r->job->latency_ns);
    if (late->events++ == 0) {
        late->since = clock;
        late->worst = by;
        late->newest = bucket;
    }
    if (by > late->worst)
        late->worst = by;
    if (bucket > late->newest)
        late->newest = bucket;
    note_bucket(late, bucket);
}

/* To the next second, or minute where it is longer than one. */
static ts_ns round_up(ts_ns span)
{
    ts_ns step = span > TIME_MIN ? TIME_MIN : TIME_S;
    return time_floor(span + step - 1, step);
}

enum err engine_jobs_tell_late(struct engine_job *r, ts_ns now, struct err_text *why)
{
    struct engine_late *late = &r->late;
    if (late->events == 0 || now - late->since < BURST ||
        (late->told != 0 && now - late->told < TELL_EVERY))
        return ERR_NONE;
    char newest[TIME_TEXT_SIZE], delay[TIME_TEXT_SIZE];
    time_format_iso(late->newest, newest);
    time_format_span(round_up(late->worst), delay);
    enum err err = engine_jobs_say(
        r, "warning", why,
        "%llu event%s came too late for %s%zu %s%s, the newest of which begins at %s; a "
        "query_delay of %s would have waited for them.",
        (unsigned long long)late->events, late->events == 1 ? "" : "s",
        late->more ? "more than " : "", late->n,
        r->rows != NULL ? "counted interval" : "closed bucket", late->n == 1 ? "" : "s", newest,
        delay);
    if (err == ERR_NONE)
        *late = (struct engine_late){.told = now};
    return err;
}
