/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/jobs_priv.h"

#include "event/event.h"

bool engine_jobs_takes(const struct engine_job *r, const struct event *e)
{
    if (r->phase == ENGINE_JOB_BEHIND)
        return !engine_place_is_after(engine_place_of(e), r->owner->reached);
    return r->phase == ENGINE_JOB_UP;
}

bool engine_jobs_is_behind(const struct engine_jobs *j)
{
    for (size_t i = 0; i < j->n; i++)
        if (j->jobs[i]->phase == ENGINE_JOB_WAITS || j->jobs[i]->phase == ENGINE_JOB_BEHIND)
            return true;
    return false;
}

/* Those that wait are behind from here on; one pass serves them all. */
static void begin_pass(struct engine_jobs *j)
{
    j->reached = ENGINE_PLACE_NONE;
    for (size_t i = 0; i < j->n; i++)
        if (j->jobs[i]->phase == ENGINE_JOB_WAITS)
            j->jobs[i]->phase = ENGINE_JOB_BEHIND;
}

/* The earliest start of the jobs behind; TIME_MAX: there are none. */
static ts_ns first_start(const struct engine_jobs *j)
{
    ts_ns from = TIME_MAX;
    for (size_t i = 0; i < j->n; i++)
        if (j->jobs[i]->phase == ENGINE_JOB_BEHIND && j->jobs[i]->start < from)
            from = j->jobs[i]->start;
    return from;
}

ts_ns engine_jobs_wanted(struct engine_jobs *j)
{
    ts_ns from = first_start(j);
    if (from == TIME_MAX) {
        begin_pass(j);
        from = first_start(j);
    }
    return from != TIME_MAX && j->reached.time > from ? j->reached.time : from;
}

static bool wants(const struct engine_job *r, const struct event *e)
{
    return r->phase == ENGINE_JOB_BEHIND && e->time >= r->start && e->sequence > r->had;
}

enum err engine_jobs_backfill(struct engine_jobs *j, const struct event *e)
{
    struct engine_place place = engine_place_of(e);
    if (!engine_place_is_after(place, j->reached))
        return ERR_NONE;
    for (size_t i = 0; i < j->n; i++) {
        enum err err = wants(j->jobs[i], e) ? engine_jobs_offer(j->jobs[i], e) : ERR_NONE;
        if (err != ERR_NONE)
            return err;
    }
    j->reached = place;
    return ERR_NONE;
}

void engine_jobs_reached(struct engine_jobs *j, ts_ns to)
{
    const struct engine_place last = {to - 1, UINT32_MAX, UINT64_MAX};
    if (engine_place_is_after(last, j->reached))
        j->reached = last;
}

enum err engine_jobs_caught_up(struct engine_jobs *j, ts_ns now, struct err_text *why)
{
    enum err err = ERR_NONE;
    for (size_t i = 0; i < j->n && err == ERR_NONE; i++) {
        struct engine_job *r = j->jobs[i];
        if (r->phase != ENGINE_JOB_BEHIND)
            continue;
        r->phase = ENGINE_JOB_UP;
        if ((err = engine_jobs_feed_kept(r)) != ERR_NONE)
            return err_set(why, err, "job '%s' cannot get what was posted to it: %s", r->job->id,
                           err_name(err));
        err = engine_jobs_tell(j, r->job->id, "opened", "started", "", why);
        if (j->options.on_result != NULL && now != TIME_NONE)
            j->options.on_result(j->options.ctx, r->job->id, now);
    }
    return err;
}
