/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/jobs_priv.h"

#include "detect/forecast.h"
#include "engine/filters.h"
#include "store/state.h"

#include <string.h>

static const struct detect *running_engine(const struct engine_jobs *j, const char *job_id)
{
    for (size_t i = 0; j != NULL && i < j->n; i++)
        if (strcmp(j->jobs[i]->job->id, job_id) == 0)
            return j->jobs[i]->engine;
    return NULL;
}

/* What a job that does not run has learned, from its snapshot; the caller ends engine and job. */
static enum err read_job(struct store_state *state, const char *job_id, struct engine_job *r,
                         struct err_text *why)
{
    struct arena arena;
    struct store_job row;
    struct detect_filters filters = {0};
    arena_init(&arena, 0);
    enum err err = store_state_job_get(state, job_id, &arena, &row);
    if (err == ERR_NOT_FOUND)
        err_set(why, err, "there is no job '%s'; weir job list shows them", job_id);
    else if (err != ERR_NONE)
        err_set(why, err, "job '%s' cannot be read: %s", job_id, err_name(err));
    if (err == ERR_NONE)
        err = engine_filters_read(state, &filters, why);
    if (err == ERR_NONE)
        err = detect_job_parse(row.config, strlen(row.config), job_id, filters.list, filters.n,
                               &r->job, why);
    if (err == ERR_NONE && !detect_job_set_id(r->job, job_id))
        err = err_set(why, ERR_INVALID, "'%s' is no job id", job_id);
    if (err == ERR_NONE)
        err = engine_jobs_restore(r->owner, r, TIME_NONE, NULL, why);
    detect_filters_release(&filters);
    arena_release(&arena);
    return err;
}

enum err engine_jobs_forecast(const struct engine_jobs *j, struct store_state *state,
                              const char *job_id, const struct detect_forecast_options *options,
                              struct detect_forecast **out, struct err_text *why)
{
    const struct detect *engine = running_engine(j, job_id);
    if (engine != NULL)
        return detect_forecast_new(engine, options, out, why);
    const struct engine_jobs_options alone = {.state = state};
    struct engine_job r = {.owner = engine_jobs_new(&alone)};
    if (r.owner == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    enum err err = read_job(state, job_id, &r, why);
    if (err == ERR_NONE)
        err = detect_forecast_new(r.engine, options, out, why);
    detect_free(r.engine);
    detect_job_free(r.job);
    engine_jobs_free(r.owner);
    return err;
}
