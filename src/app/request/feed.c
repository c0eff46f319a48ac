/* SPDX-License-Identifier: Apache-2.0 */
/* A job and its datafeed, each by itself: opened, started, stopped, changed, posted to. */
#include "request/request_priv.h"

#include "base/arena.h"
#include "detect/feed.h"
#include "detect/filter.h"
#include "detect/job.h"
#include "engine/filters.h"
#include "engine/forecasts.h"
#include "engine/jobs.h"
#include "engine/pipeline.h"
#include "engine/rows.h"
#include "format/write.h"
#include "store/state.h"

#include <string.h>

static struct engine_jobs *running(struct request_asked *a)
{
    struct engine_pipeline *p = a->data->pipeline;
    return p != NULL ? engine_pipeline_jobs(p) : NULL;
}

/* The job's row, to be changed: one that runs is stopped first, and what it learned is kept. */
static enum err take(struct request_asked *a, const char *id, struct arena *arena,
                     struct store_job *out, struct err_text *why)
{
    enum err err = request_see_job(a, id, why);
    if (err == ERR_NONE && running(a) != NULL)
        err = engine_jobs_stop(running(a), id, true, why);
    if (err == ERR_NONE && (err = store_state_job_get(a->data->state, id, arena, out)) != ERR_NONE)
        err_set(why, err, "job '%s' cannot be read: %s", id, err_name(err));
    return err;
}

/* The row as it is now; the pipeline goes on with it. */
static enum err put_back(struct request_asked *a, const struct store_job *row, struct err_text *why)
{
    enum err err = store_state_job_put(a->data->state, row);
    if (err != ERR_NONE)
        return err_set(why, err, "job '%s' cannot be changed: %s", row->id, err_name(err));
    return request_asked_reload(a, why);
}

/* As a job without a datafeed of its own reads: everything. */
static const char *everything(const char *id, struct arena *arena)
{
    struct buf doc;
    struct format_writer w;
    buf_init(&doc);
    format_write_init(&w, &doc);
    format_write_begin_object(&w);
    format_write_key(&w, "indices");
    format_write_begin_array(&w);
    format_write_str(&w, "*");
    format_write_end_array(&w);
    format_write_field_str(&w, "job_id", id);
    format_write_end_object(&w);
    const char *copy = buf_ok(&doc) ? arena_strndup(arena, buf_text(&doc), doc.n) : NULL;
    buf_release(&doc);
    return copy;
}

static enum err no_memory(struct err_text *why)
{
    return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
}

static enum err open_job(struct request_asked *a, struct store_job *row, struct arena *arena,
                         struct err_text *why)
{
    (void)a;
    (void)arena;
    (void)why;
    row->state = "opened";
    row->datafeed_state = "stopped";
    row->message = NULL;
    return ERR_NONE;
}

static enum err start_feed(struct request_asked *a, struct store_job *row, struct arena *arena,
                           struct err_text *why)
{
    (void)arena;
    enum err err = request_asked_time(a, "start", 0, &row->start, why);
    if (err == ERR_NONE)
        err = request_asked_time(a, "end", TIME_NONE, &row->end, why);
    if (err == ERR_NONE && row->end != TIME_NONE && row->end <= row->start)
        err = err_set(why, ERR_INVALID, "a datafeed's end must be after its start");
    row->datafeed_state = "started";
    row->message = NULL;
    return err;
}

static enum err stop_feed(struct request_asked *a, struct store_job *row, struct arena *arena,
                          struct err_text *why)
{
    (void)a;
    if (row->datafeed == NULL && (row->datafeed = everything(row->id, arena)) == NULL)
        return no_memory(why);
    row->datafeed_state = "stopped";
    return ERR_NONE;
}

/* Looks for another job whose datafeed has the id. */
struct feed_id {
    const char *id;
    const char *job_id;
    bool taken;
};

static bool see_feed_id(void *ctx, const struct store_job *row)
{
    struct feed_id *f = ctx;
    struct format_node *feed = NULL;
    struct err_text why;
    if (row->datafeed == NULL || strcmp(row->id, f->job_id) == 0 ||
        strstr(row->datafeed, f->id) == NULL ||
        format_node_json(row->datafeed, strlen(row->datafeed), row->id, &feed, &why) != ERR_NONE)
        return true;
    f->taken = strcmp(format_node_str(format_node_get(feed, "datafeed_id"), ""), f->id) == 0;
    format_node_free(feed);
    return !f->taken;
}

enum err request_see_feed_id(struct request_asked *a, const char *id, const char *job_id,
                             struct err_text *why)
{
    struct feed_id f = {.id = id, .job_id = job_id};
    bool named = id[0] != '\0' && strstr(id, "JOB_ID") == NULL; /* as a module's may stand for it */
    enum err err = named ? store_state_job_list(a->data->state, see_feed_id, &f) : ERR_NONE;
    if (err != ERR_NONE)
        return err_set(why, err, "the datafeeds cannot be read: %s", err_name(err));
    return !f.taken ? ERR_NONE : err_set(why, ERR_EXISTS, "there is a datafeed '%s' already", id);
}

static enum err put_feed(struct request_asked *a, struct store_job *row, struct arena *arena,
                         struct err_text *why)
{
    const char *text = request_asked_text(a, "datafeed", "");
    struct detect_filters filters = {0};
    struct detect_feed *feed = NULL;
    struct detect_job *job = NULL;
    (void)arena;
    enum err err = request_asked_unchanged(a, "the job's datafeed",
                                           row->datafeed != NULL ? row->datafeed : "", why);
    if (err == ERR_NONE)
        err = detect_feed_parse(text, strlen(text), "datafeed", &feed, why);
    if (err == ERR_NONE)
        err = request_see_feed_id(a, feed->id, row->id, why);
    if (err == ERR_NONE)
        err = engine_filters_read(a->data->state, &filters, why);
    if (err == ERR_NONE)
        err = detect_job_parse(row->config, strlen(row->config), row->id, filters.list, filters.n,
                               &job, why);
    if (err == ERR_NONE)
        err = detect_feed_fits(feed, job, why);
    if (err == ERR_NONE)
        err = engine_rows_check(feed, why);
    detect_job_free(job);
    detect_feed_free(feed);
    detect_filters_release(&filters);
    row->datafeed = text;
    return err;
}

static enum err delete_feed(struct request_asked *a, struct store_job *row, struct arena *arena,
                            struct err_text *why)
{
    (void)a;
    (void)arena;
    (void)why;
    row->datafeed = NULL;
    row->datafeed_state = "stopped";
    return ERR_NONE;
}

static enum err update(struct request_asked *a, struct store_job *row, struct arena *arena,
                       struct err_text *why)
{
    const char *text = request_asked_text(a, "job", "");
    struct detect_filters filters = {0};
    struct detect_job *job = NULL;
    (void)arena;
    enum err err = request_asked_unchanged(a, "the job", row->config, why);
    if (err == ERR_NONE)
        err = engine_filters_read(a->data->state, &filters, why);
    if (err == ERR_NONE)
        err = detect_job_parse(text, strlen(text), "job", filters.list, filters.n, &job, why);
    detect_job_free(job);
    detect_filters_release(&filters);
    row->config = text;
    return err;
}

/* What a failure dropped is taken up again as it was saved. */
static enum err go_on(struct request_asked *a, enum err err, struct err_text *why)
{
    struct err_text late;
    if (err != ERR_NONE && request_asked_reload(a, &late) != ERR_NONE)
        *why = late;
    return err;
}

static enum err flush(struct request_asked *a, const char *id, struct err_text *why)
{
    struct engine_flush what = {.interim = request_asked_text(a, "calc_interim", NULL) != NULL};
    ts_ns end;
    if (running(a) == NULL)
        return err_set(why, ERR_BUSY, "no daemon runs on this directory, so no job is open");
    enum err err = request_asked_time(a, "advance_time", TIME_NONE, &what.advance, why);
    if (err == ERR_NONE)
        err = request_asked_time(a, "skip_time", TIME_NONE, &what.skip, why);
    if (err == ERR_NONE)
        err = go_on(a, engine_jobs_flush(running(a), id, &what, a->data->now(), &end, why), why);
    if (err == ERR_NONE && end != TIME_NONE)
        request_asked_line(a, "{\"last_finalized_bucket_end\":%lld}", (long long)(end / TIME_MS));
    else if (err == ERR_NONE)
        request_asked_line(a, "{}");
    return err;
}

/* What has been kept for as long as the job says: forecasts, and results before its newest. */
static enum err expire(struct request_asked *a, const char *id, struct err_text *why)
{
    struct arena arena;
    struct store_job row;
    struct detect_filters filters = {0};
    struct detect_job *job = NULL;
    arena_init(&arena, 0);
    enum err err = request_see_job(a, id, why);
    if (err == ERR_NONE)
        err = engine_forecasts_expire(a->data->state, a->data->now(), why);
    if (err == ERR_NONE &&
        (err = store_state_job_get(a->data->state, id, &arena, &row)) != ERR_NONE)
        err_set(why, err, "job '%s' cannot be read: %s", id, err_name(err));
    if (err == ERR_NONE)
        err = engine_filters_read(a->data->state, &filters, why);
    if (err == ERR_NONE)
        err = detect_job_parse(row.config, strlen(row.config), id, filters.list, filters.n, &job,
                               why);
    if (err == ERR_NONE && job->results_retention_days > 0 && row.position != TIME_NONE) {
        ts_ns before = time_floor(row.position, TIME_DAY) - job->results_retention_days * TIME_DAY;
        err = store_state_result_delete(a->data->state, id, TIME_NONE, before, false);
        if (err != ERR_NONE)
            err_set(why, err, "old results cannot be deleted: %s", err_name(err));
    }
    detect_job_free(job);
    detect_filters_release(&filters);
    arena_release(&arena);
    return err;
}

bool request_feed(struct request_asked *a, const char *verb, enum err *out, struct err_text *why)
{
    static const struct {
        const char *verb;
        enum err (*change)(struct request_asked *a, struct store_job *row, struct arena *arena,
                           struct err_text *why);
    } changes[] = {
        {"open-alone", open_job},   {"start-datafeed", start_feed},   {"stop-datafeed", stop_feed},
        {"put-datafeed", put_feed}, {"delete-datafeed", delete_feed}, {"update", update},
    };
    const char *id = request_asked_text(a, "id", "");
    static const struct {
        const char *verb;
        enum err (*answer)(struct request_asked *a, const char *id, struct err_text *why);
    } others[] = {{"flush", flush}, {"expire", expire}};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(verb, others[i].verb) != 0)
            continue;
        *out = others[i].answer(a, id, why);
        return true;
    }
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct arena arena;
        struct store_job row;
        struct err_text late;
        if (strcmp(verb, changes[i].verb) != 0)
            continue;
        arena_init(&arena, 0);
        enum err err = take(a, id, &arena, &row, why);
        if (err == ERR_NONE) {
            err = changes[i].change(a, &row, &arena, why);
            if (err == ERR_NONE)
                err = put_back(a, &row, why);
            else if (request_asked_reload(a, &late) != ERR_NONE)
                *why = late;
        }
        /* What the job itself has wrong shows only when it is made. */
        if (err == ERR_NONE)
            err = request_see_start(a, id, why);
        arena_release(&arena);
        *out = err;
        return true;
    }
    return false;
}
