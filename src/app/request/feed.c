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

static enum err put_feed(struct request_asked *a, struct store_job *row, struct arena *arena,
                         struct err_text *why)
{
    const char *text = request_asked_text(a, "datafeed", "");
    struct detect_filters filters = {0};
    struct detect_feed *feed = NULL;
    struct detect_job *job = NULL;
    (void)arena;
    enum err err = detect_feed_parse(text, strlen(text), "datafeed", &feed, why);
    if (err == ERR_NONE)
        err = engine_filters_read(a->data->state, &filters, why);
    if (err == ERR_NONE)
        err = detect_job_parse(row->config, strlen(row->config), row->id, filters.list, filters.n,
                               &job, why);
    if (err == ERR_NONE)
        err = detect_feed_fits(feed, job, why);
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
    enum err err = engine_filters_read(a->data->state, &filters, why);
    if (err == ERR_NONE)
        err = detect_job_parse(text, strlen(text), "job", filters.list, filters.n, &job, why);
    detect_job_free(job);
    detect_filters_release(&filters);
    row->config = text;
    return err;
}

static void write_time(struct format_writer *w, const char *key, ts_ns t)
{
    if (t != TIME_NONE)
        format_write_field_i64(w, key, t / TIME_MS);
}

static void write_posted(const char *id, const struct engine_posted *posted, struct buf *out)
{
    const struct detect_counts *c = &posted->counts;
    const struct {
        const char *key;
        uint64_t v;
    } numbers[] = {
        {"processed_record_count", c->processed},
        {"processed_field_count", c->fields},
        {"input_bytes", c->input_bytes},
        {"input_field_count", c->fields + c->missing_fields},
        {"invalid_date_count", c->invalid_dates},
        {"missing_field_count", c->missing_fields},
        {"out_of_order_timestamp_count", c->out_of_order},
        {"empty_bucket_count", c->empty_buckets},
        {"sparse_bucket_count", c->sparse_buckets},
        {"bucket_count", c->buckets},
    };
    struct format_writer w;
    format_write_init(&w, out);
    format_write_begin_object(&w);
    format_write_field_str(&w, "job_id", id);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        format_write_field_i64(&w, numbers[i].key, (int64_t)numbers[i].v);
    write_time(&w, "earliest_record_timestamp", c->earliest_record);
    write_time(&w, "latest_record_timestamp", c->latest_record);
    write_time(&w, "latest_empty_bucket_timestamp", c->latest_empty_bucket);
    write_time(&w, "latest_sparse_bucket_timestamp", c->latest_sparse_bucket);
    write_time(&w, "last_data_time", posted->data);
    format_write_field_i64(&w, "input_record_count", (int64_t)c->records);
    write_time(&w, "log_time", posted->data);
    format_write_end_object(&w);
    buf_char(out, '\n');
}

static enum err print_all(struct request_asked *a, const struct buf *doc, struct err_text *why)
{
    if (!buf_ok(doc))
        return no_memory(why);
    request_asked_print(a, doc->p, doc->n);
    return ERR_NONE;
}

/* What a failure dropped is taken up again as it was saved. */
static enum err go_on(struct request_asked *a, enum err err, struct err_text *why)
{
    struct err_text late;
    if (err != ERR_NONE && request_asked_reload(a, &late) != ERR_NONE)
        *why = late;
    return err;
}

static enum err none_runs(struct err_text *why)
{
    return err_set(why, ERR_BUSY, "no daemon runs on this directory, so no job is open");
}

static enum err data(struct request_asked *a, const char *id, struct err_text *why)
{
    const struct format_node *text = format_node_get(a->request, "data");
    struct engine_posted posted;
    struct buf doc;
    if (running(a) == NULL)
        return none_runs(why);
    buf_init(&doc);
    enum err err = engine_jobs_post(running(a), id, format_node_str(text, ""),
                                    format_node_str_len(text), a->data->now(), &posted, why);
    if (err == ERR_NONE) {
        write_posted(id, &posted, &doc);
        err = print_all(a, &doc, why);
    } else {
        err = go_on(a, err, why);
    }
    buf_release(&doc);
    return err;
}

static enum err flush(struct request_asked *a, const char *id, struct err_text *why)
{
    struct engine_flush what = {.interim = request_asked_text(a, "calc_interim", NULL) != NULL};
    ts_ns end;
    if (running(a) == NULL)
        return none_runs(why);
    enum err err = request_asked_time(a, "advance_time", TIME_NONE, &what.advance, why);
    if (err == ERR_NONE)
        err = request_asked_time(a, "skip_time", TIME_NONE, &what.skip, why);
    if (err == ERR_NONE)
        err = go_on(a, engine_jobs_flush(running(a), id, &what, &end, why), why);
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
    } others[] = {{"data", data}, {"flush", flush}, {"expire", expire}};
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
