/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/jobs_priv.h"

#include "event/event.h"

bool daemon_jobs_takes(const struct daemon_job *r, const struct event *e)
{
    if (r->phase == DAEMON_JOB_BEHIND)
        return !daemon_place_is_after(daemon_place_of(e), r->owner->reached);
    return r->phase == DAEMON_JOB_UP;
}

bool daemon_jobs_is_behind(const struct daemon_jobs *j)
{
    for (size_t i = 0; i < j->n; i++)
        if (j->jobs[i]->phase == DAEMON_JOB_WAITS || j->jobs[i]->phase == DAEMON_JOB_BEHIND)
            return true;
    return false;
}

/* Those that wait are behind from here on; one pass serves them all. */
static void begin_pass(struct daemon_jobs *j)
{
    j->reached = DAEMON_PLACE_NONE;
    for (size_t i = 0; i < j->n; i++)
        if (j->jobs[i]->phase == DAEMON_JOB_WAITS)
            j->jobs[i]->phase = DAEMON_JOB_BEHIND;
}

/* The earliest start of the jobs behind; TIME_MAX: there are none. */
static ts_ns first_start(const struct daemon_jobs *j)
{
    ts_ns from = TIME_MAX;
    for (size_t i = 0; i < j->n; i++)
        if (j->jobs[i]->phase == DAEMON_JOB_BEHIND && j->jobs[i]->start < from)
            from = j->jobs[i]->start;
    return from;
}

ts_ns daemon_jobs_wanted(struct daemon_jobs *j)
{
    ts_ns from = first_start(j);
    if (from == TIME_MAX) {
        begin_pass(j);
        from = first_start(j);
    }
    return from != TIME_MAX && j->reached.time > from ? j->reached.time : from;
}

static bool wants(const struct daemon_job *r, const struct event *e)
{
    return r->phase == DAEMON_JOB_BEHIND && e->time >= r->start && e->sequence > r->had;
}

enum err daemon_jobs_backfill(struct daemon_jobs *j, const struct event *e)
{
    struct daemon_place place = daemon_place_of(e);
    if (!daemon_place_is_after(place, j->reached))
        return ERR_NONE;
    for (size_t i = 0; i < j->n; i++) {
        enum err err = wants(j->jobs[i], e) ? daemon_jobs_offer(j->jobs[i], e) : ERR_NONE;
        if (err != ERR_NONE)
            return err;
    }
    j->reached = place;
    return ERR_NONE;
}

void daemon_jobs_reached(struct daemon_jobs *j, ts_ns to)
{
    const struct daemon_place last = {to - 1, UINT32_MAX, UINT64_MAX};
    if (daemon_place_is_after(last, j->reached))
        j->reached = last;
}

enum err daemon_jobs_caught_up(struct daemon_jobs *j, ts_ns now, struct err_text *why)
{
    enum err err = ERR_NONE;
    for (size_t i = 0; i < j->n && err == ERR_NONE; i++) {
        struct daemon_job *r = j->jobs[i];
        if (r->phase != DAEMON_JOB_BEHIND)
            continue;
        r->phase = DAEMON_JOB_UP;
        err = daemon_jobs_tell(j, r->job->id, "opened", "started", "", why);
        if (j->options.on_result != NULL && now != TIME_NONE)
            j->options.on_result(j->options.ctx, r->job->id, now);
    }
    return err;
}
