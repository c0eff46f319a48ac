/* SPDX-License-Identifier: Apache-2.0 */
/* What people change of jobs that run: their filters and calendars. */
#include "engine/jobs_priv.h"

#include "detect/calendar.h"
#include "detect/filter.h"
#include "detect/schedule.h"

enum err engine_jobs_set_filter(struct engine_jobs *j, struct detect_filter *filter,
                                struct err_text *why)
{
    size_t n = detect_filter_count(filter);
    enum err err = ERR_NONE;
    for (size_t i = 0; i < j->n && err == ERR_NONE; i++) {
        if (detect_job_set_filter(j->jobs[i]->job, filter) > 0)
            err = engine_jobs_say(j->jobs[i], "info", why, "The filter '%s' has now %zu item%s.",
                                  detect_filter_id(filter), n, n == 1 ? "" : "s");
    }
    return err;
}

enum err engine_jobs_schedule(struct engine_job *r, const struct detect_calendars *calendars,
                              struct err_text *why)
{
    struct detect_schedule *schedule = NULL;
    enum err err = detect_schedule_new(calendars, r->job, &schedule);
    if (err != ERR_NONE)
        return err_set(why, err, "job '%s': %s", r->job->id, err_name(err));
    detect_take_schedule(r->engine, schedule);
    return ERR_NONE;
}

enum err engine_jobs_set_calendars(struct engine_jobs *j, const struct detect_calendars *calendars,
                                   const char *changed, struct err_text *why)
{
    const struct detect_calendar *c =
        changed != NULL ? detect_calendars_find(calendars, changed) : NULL;
    enum err err = ERR_NONE;
    for (size_t i = 0; i < j->n && err == ERR_NONE; i++) {
        err = engine_jobs_schedule(j->jobs[i], calendars, why);
        if (err == ERR_NONE && c != NULL && detect_calendar_covers(c, j->jobs[i]->job))
            err = engine_jobs_say(j->jobs[i], "info", why,
                                  "The calendar '%s' with %zu event%s covers this job.", changed,
                                  c->n_events, c->n_events == 1 ? "" : "s");
    }
    return err;
}
