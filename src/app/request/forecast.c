/* SPDX-License-Identifier: Apache-2.0 */
#include "request/request_priv.h"

#include "detect/forecast.h"
#include "engine/forecasts.h"
#include "engine/jobs.h"
#include "engine/pipeline.h"
#include "store/state.h"

#include <string.h>

/* Gives it an id and copies what the job has learned; from then on it goes on by itself. */
static enum err begin(struct request_asked *a, const char *job_id,
                      struct detect_forecast_options *options, char id[ENGINE_FORECAST_ID_SIZE],
                      struct detect_forecast **out, struct err_text *why)
{
    struct request_data *d = a->data;
    pthread_mutex_lock(&d->lock);
    const struct engine_jobs *jobs = d->pipeline != NULL ? engine_pipeline_jobs(d->pipeline) : NULL;
    enum err err = engine_forecasts_id(d->state, job_id, options->created, &d->forecast, id, why);
    options->id = id;
    if (err == ERR_NONE)
        err = engine_jobs_forecast(jobs, d->state, job_id, options, out, why);
    pthread_mutex_unlock(&d->lock);
    return err;
}

int request_forecast(struct request_asked *a)
{
    struct err_text why;
    struct detect_forecast_options options;
    struct detect_forecast *f = NULL;
    struct buf doc;
    char id[ENGINE_FORECAST_ID_SIZE];
    const char *job_id = request_asked_text(a, "id", "");
    ts_ns now = a->data->now();
    buf_init(&doc);
    enum err err = detect_forecast_read(
        request_asked_text(a, "duration", NULL), request_asked_text(a, "expires_in", NULL),
        request_asked_text(a, "max_model_memory", NULL), &options, &why);
    if (err == ERR_NONE)
        err = engine_forecasts_expire(a->data->state, now, &why);
    if (err == ERR_NONE) {
        options.created = now;
        err = begin(a, job_id, &options, id, &f, &why);
    }
    if (err == ERR_NONE)
        err = engine_forecasts_write(a->data->state, f, job_id, id, a->out->gone, a->out->ctx, &doc,
                                     &why);
    /* A job that was deleted meanwhile leaves nothing behind. */
    if (err == ERR_NONE && (err = request_see_job(a, job_id, &why)) == ERR_NOT_FOUND) {
        struct err_text late;
        (void)!engine_forecasts_delete(a->data->state, job_id, id, &late);
    }
    if (err == ERR_NONE) {
        request_asked_print(a, buf_text(&doc), doc.n);
        request_asked_print(a, "\n", 1);
    }
    detect_forecast_free(f);
    buf_release(&doc);
    return err == ERR_NONE ? 0 : request_asked_fail(a, err, &why);
}

int request_delete_forecast(struct request_asked *a)
{
    struct err_text why;
    enum err err = engine_forecasts_delete(a->data->state, request_asked_text(a, "id", ""),
                                           request_asked_text(a, "forecast_id", NULL), &why);
    return err == ERR_NONE ? 0 : request_asked_fail(a, err, &why);
}
