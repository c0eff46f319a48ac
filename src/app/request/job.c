/* SPDX-License-Identifier: Apache-2.0 */
#include "request/request_priv.h"

#include "base/arena.h"
#include "detect/result.h"
#include "engine/install.h"
#include "engine/jobs.h"
#include "engine/pipeline.h"
#include "store/state.h"

#include <stdio.h>
#include <string.h>

/* The list of jobs, twice gone through: first for the widths. */
struct job_table {
    struct request_asked *asked;
    int id, package; /* columns */
};

static bool measure_job(void *ctx, const struct store_job *job)
{
    struct job_table *t = ctx;
    int id = (int)strlen(job->id);
    int package = job->package != NULL ? (int)strlen(job->package) : 0;
    t->id = id > t->id ? id : t->id;
    t->package = package > t->package ? package : t->package;
    return true;
}

static bool print_job(void *ctx, const struct store_job *job)
{
    const struct job_table *t = ctx;
    bool message = job->message != NULL && job->message[0] != '\0';
    char position[TIME_TEXT_SIZE] = "-";
    if (job->position != TIME_NONE)
        time_format_iso(job->position, position);
    return request_asked_line(t->asked, "%-*s %-8s %-8s %-24s %-*s%s%s", t->id, job->id, job->state,
                              job->datafeed_state, position, message ? t->package : 0,
                              job->package != NULL ? job->package : "-", message ? " " : "",
                              message ? job->message : "");
}

static bool print_result(void *ctx, const struct store_result *result)
{
    struct request_asked *a = ctx;
    size_t n = result->doc_len > 0 ? result->doc_len : strlen(result->doc);
    a->rows++;
    return request_asked_print(a, result->doc, n) && request_asked_print(a, "\n", 1);
}

static enum err list_results(struct request_asked *a, void *ctx, uint64_t skip, uint64_t limit)
{
    struct store_result_filter *filter = ctx;
    filter->skip = skip;
    filter->limit = limit;
    return store_state_result_list(a->data->state, filter, print_result, a, NULL);
}

/* What results may be of: every type but those that are made when somebody asks. */
static bool is_result_type(const char *name)
{
    for (int type = 0; type <= DETECT_RESULT_CATEGORIZER_STATS; type++)
        if (type != DETECT_RESULT_OVERALL_BUCKET &&
            strcmp(detect_result_type_name((enum detect_result_type)type), name) == 0)
            return true;
    return false;
}

static enum err see_results(struct request_asked *a, const char *id, const char *type,
                            struct err_text *why)
{
    struct arena arena;
    struct store_job row;
    if (!is_result_type(type))
        return err_set(why, ERR_INVALID,
                       "--type expects record, bucket, influencer, bucket_influencer, "
                       "category_definition, categorizer_stats, model_plot, model_forecast, "
                       "model_forecast_request_stats, model_size_stats, model_snapshot or "
                       "annotation, not '%s'",
                       type);
    arena_init(&arena, 0);
    enum err err = store_state_job_get(a->data->state, id, &arena, &row);
    arena_release(&arena);
    if (err == ERR_NOT_FOUND)
        return err_set(why, err, "there is no job '%s'; weir job list shows them", id);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "job '%s' cannot be read: %s", id, err_name(err));
}

int request_results(struct request_asked *a)
{
    struct err_text why;
    const char *id = request_asked_text(a, "id", "");
    struct store_result_filter filter = {
        .jobs = &id,
        .jobs_n = 1,
        .type = request_asked_text(a, "type", "record"),
        .sort = STORE_RESULT_BY_TIME,
    };
    enum err err = see_results(a, id, filter.type, &why);
    if (err == ERR_NONE)
        err = request_asked_time(a, "from", TIME_NONE, &filter.from, &why);
    if (err == ERR_NONE)
        err = request_asked_time(a, "to", TIME_MAX, &filter.to, &why);
    if (err == ERR_NONE)
        err = request_asked_score(a, "min_score", &filter.min_score, &why);
    if (err == ERR_NONE)
        err = request_asked_pages(a, (uint64_t)request_asked_number(a, "limit", 0), list_results,
                                  &filter, &why);
    return err == ERR_NONE ? 0 : request_asked_fail(a, err, &why);
}

/* Takes the job out of the pipeline, if one runs. */
static enum err stop_running(struct request_asked *a, const char *id, bool save,
                             struct err_text *why)
{
    if (a->data->pipeline == NULL)
        return ERR_NONE;
    return engine_jobs_stop(engine_pipeline_jobs(a->data->pipeline), id, save, why);
}

static enum err changed(enum err err, const char *id, struct err_text *why)
{
    if (err == ERR_NOT_FOUND)
        return err_set(why, err, "there is no job '%s'; weir job list shows them", id);
    if (err != ERR_NONE)
        return err_set(why, err, "job '%s' cannot be changed: %s", id, err_name(err));
    return ERR_NONE;
}

/* Whether the job's last start failed, and why. */
static enum err see_failed(struct request_asked *a, const char *id, bool *out, struct err_text *why)
{
    struct arena arena;
    struct store_job row;
    arena_init(&arena, 0);
    enum err err = changed(store_state_job_get(a->data->state, id, &arena, &row), id, why);
    if (err == ERR_NONE) {
        *out = strcmp(row.state, "failed") == 0;
        err_set(why, ERR_INVALID, "job '%s' cannot start: %s", id,
                row.message != NULL ? row.message : "");
    }
    arena_release(&arena);
    return err;
}

enum err request_see_job(struct request_asked *a, const char *id, struct err_text *why)
{
    bool failed;
    return see_failed(a, id, &failed, why);
}

enum err request_see_start(struct request_asked *a, const char *id, struct err_text *why)
{
    bool failed = false;
    enum err err = see_failed(a, id, &failed, why);
    return err == ERR_NONE && failed ? ERR_INVALID : err;
}

/* Its datafeed runs on, whatever end it had. */
static enum err forget_end(struct request_asked *a, const char *id, struct err_text *why)
{
    struct arena arena;
    struct store_job row;
    arena_init(&arena, 0);
    enum err err = store_state_job_get(a->data->state, id, &arena, &row);
    if (err == ERR_NONE && row.end != TIME_NONE) {
        row.end = TIME_NONE;
        err = store_state_job_put(a->data->state, &row);
    }
    arena_release(&arena);
    return changed(err, id, why);
}

static enum err open_job(struct request_asked *a, const char *id, struct err_text *why)
{
    bool failed = false;
    enum err err = see_failed(a, id, &failed, why);
    if (err == ERR_NONE)
        err = stop_running(a, id, true, why); /* one that is open without its datafeed */
    if (err == ERR_NONE)
        err = forget_end(a, id, why);
    if (err == ERR_NONE)
        err = changed(
            store_state_job_set_state(a->data->state, id, failed ? "closed" : NULL, "started", ""),
            id, why);
    if (err == ERR_NONE)
        err = request_asked_reload(a, why);
    return err == ERR_NONE ? request_see_start(a, id, why) : err;
}

static void on_note(void *ctx, const char *sentence)
{
    request_asked_remark(ctx, "weir: %s", sentence);
}

static enum err create(struct request_asked *a, struct err_text *why)
{
    const char *job = request_asked_text(a, "job", "");
    const char *feed = request_asked_text(a, "datafeed", NULL);
    ts_ns start;
    enum err err = request_asked_time(a, "start", TIME_NONE, &start, why);
    if (err != ERR_NONE)
        return err;
    engine_install_notes(a->data->state, job, strlen(job), request_asked_text(a, "job_file", "job"),
                         feed, feed != NULL ? strlen(feed) : 0,
                         request_asked_text(a, "datafeed_file", "datafeed"), on_note, a);
    return engine_install_job(
        a->data->state, job, strlen(job), request_asked_text(a, "job_file", "job"), feed,
        feed != NULL ? strlen(feed) : 0, request_asked_text(a, "datafeed_file", "datafeed"), NULL,
        a->data->now(), start, why);
}

/* Whether its datafeed has an id of its own. */
static enum err see_feed(struct request_asked *a, const char *id, struct err_text *why)
{
    const char *text = request_asked_text(a, "datafeed", NULL);
    struct format_node *feed = NULL;
    enum err err =
        text != NULL ? format_node_json(text, strlen(text), "datafeed", &feed, why) : ERR_NONE;
    if (err == ERR_NONE)
        err = request_see_feed_id(a, format_node_str(format_node_get(feed, "datafeed_id"), ""), id,
                                  why);
    format_node_free(feed);
    return err;
}

/* Not to be started before somebody says so. */
static enum err create_closed(struct request_asked *a, const char *id, struct err_text *why)
{
    struct store_state *state = a->data->state;
    enum err err = see_feed(a, id, why);
    if (err == ERR_NONE)
        err = changed(store_state_begin(state), id, why);
    if (err != ERR_NONE)
        return err;
    err = create(a, why);
    if (err == ERR_NONE)
        err = changed(store_state_job_set_state(state, id, "closed", "stopped", NULL), id, why);
    if (err == ERR_NONE)
        return store_state_commit(state, why);
    store_state_rollback(state);
    return err;
}

static bool print_message(void *ctx, const struct store_message *m)
{
    char time[TIME_TEXT_SIZE] = "-";
    if (m->time != TIME_NONE)
        time_format_iso(m->time, time);
    return request_asked_line(ctx, "%-24s %-7s %s", time, m->level, m->text);
}

static enum err list_messages(struct request_asked *a, const char *id, struct err_text *why)
{
    bool failed;
    ts_ns from, to;
    enum err err = see_failed(a, id, &failed, why); /* that it is there at all */
    if (err == ERR_NONE)
        err = request_asked_time(a, "from", TIME_NONE, &from, why);
    if (err == ERR_NONE)
        err = request_asked_time(a, "to", TIME_MAX, &to, why);
    if (err == ERR_NONE && (err = store_state_message_list(a->data->state, id, from, to,
                                                           print_message, a)) != ERR_NONE)
        err_set(why, err, "the messages cannot be read: %s", err_name(err));
    return err;
}

/* Jobs stop where they are, or go on from there. */
static enum err upgrade_mode(struct request_asked *a, struct err_text *why)
{
    bool on = strcmp(request_asked_text(a, "enabled", "false"), "true") == 0;
    enum err err = changed(store_state_upgrade_put(a->data->state, on), "", why);
    return err == ERR_NONE ? request_asked_reload(a, why) : err;
}

int request_job(struct request_asked *a, const char *verb)
{
    struct err_text why;
    struct store_state *state = a->data->state;
    const char *id = request_asked_text(a, "id", "");
    enum err err;
    if (strcmp(verb, "list") == 0) {
        struct job_table t = {
            .asked = a, .id = sizeof("JOB") - 1, .package = sizeof("PACKAGE") - 1};
        err = changed(store_state_job_list(state, measure_job, &t), "", &why);
        request_asked_line(a, "%-*s %-8s %-8s %-24s %-*s %s", t.id, "JOB", "STATE", "DATAFEED",
                           "LEARNED UNTIL", t.package, "PACKAGE", "MESSAGE");
        if (err == ERR_NONE)
            err = changed(store_state_job_list(state, print_job, &t), "", &why);
    } else if (strcmp(verb, "create") == 0) {
        err = create(a, &why);
        if (err == ERR_NONE)
            err = request_asked_reload(a, &why);
    } else if (strcmp(verb, "messages") == 0) {
        err = list_messages(a, id, &why);
    } else if (strcmp(verb, "open") == 0) {
        err = open_job(a, id, &why);
    } else if (strcmp(verb, "close") == 0) {
        err = stop_running(a, id, true, &why);
        if (err == ERR_NONE)
            err = changed(store_state_job_set_state(state, id, "closed", "stopped", ""), id, &why);
    } else if (strcmp(verb, "reset") == 0) {
        bool failed;
        err = see_failed(a, id, &failed, &why); /* that it is there at all */
        if (err == ERR_NONE)
            err = stop_running(a, id, false, &why);
        if (err == ERR_NONE)
            err = changed(store_state_job_reset(state, id), id, &why);
        if (err == ERR_NONE)
            err = request_asked_reload(a, &why);
    } else if (strcmp(verb, "delete") == 0) {
        err = stop_running(a, id, false, &why);
        if (err == ERR_NONE)
            err = changed(store_state_job_delete(state, id), id, &why);
    } else if (strcmp(verb, "upgrade-mode") == 0) {
        err = upgrade_mode(a, &why);
    } else if (strcmp(verb, "create-closed") == 0) {
        err = create_closed(a, id, &why);
    } else if (!request_feed(a, verb, &err, &why) && !request_snapshot(a, verb, &err, &why)) {
        err = err_set(&why, ERR_INVALID,
                      "job expects list, create, open, close, reset, delete, results, messages, "
                      "stats, forecast, delete-forecast, overall, preview, snapshots, revert, "
                      "snapshot-update or "
                      "snapshot-delete, not '%s'",
                      verb);
    }
    return err == ERR_NONE ? 0 : request_asked_fail(a, err, &why);
}
