/* SPDX-License-Identifier: Apache-2.0 */
/* What a job knows and how it stands: snapshots, going back to one, statistics. */
#include "request/request_priv.h"

#include "base/arena.h"
#include "engine/jobs.h"
#include "engine/pipeline.h"
#include "format/write.h"
#include "store/state.h"

#include <stdio.h>
#include <string.h>

/* The jobs that run, or none that do on a directory without a daemon. */
struct borrowed {
    struct engine_jobs *jobs;
    struct engine_jobs *own;
};

static enum err borrow(struct request_asked *a, struct borrowed *out, struct err_text *why)
{
    *out = (struct borrowed){0};
    if (a->data->pipeline != NULL) {
        out->jobs = engine_pipeline_jobs(a->data->pipeline);
        return ERR_NONE;
    }
    const struct engine_jobs_options options = {.state = a->data->state};
    out->jobs = out->own = engine_jobs_new(&options);
    return out->own != NULL ? ERR_NONE : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
}

static bool print_snapshot(void *ctx, const struct store_snapshot *s)
{
    struct request_asked *a = ctx;
    return request_asked_print(a, s->doc, strlen(s->doc)) && request_asked_print(a, "\n", 1);
}

static enum err list(struct request_asked *a, const char *id, struct err_text *why)
{
    enum err err = request_see_job(a, id, why);
    if (err == ERR_NONE &&
        (err = store_state_snapshot_list(a->data->state, id, print_snapshot, a)) != ERR_NONE)
        err_set(why, err, "the snapshots cannot be read: %s", err_name(err));
    return err;
}

static enum err revert(struct request_asked *a, const char *id, struct err_text *why)
{
    struct borrowed b;
    enum err err = borrow(a, &b, why);
    if (err == ERR_NONE)
        err = engine_jobs_revert(b.jobs, id, request_asked_text(a, "snapshot", ""),
                                 request_asked_text(a, "delete_intervening_results", NULL) != NULL,
                                 why);
    engine_jobs_free(b.own);
    return err == ERR_NONE ? request_asked_reload(a, why) : err;
}

/* The document again with another description and another word on whether it is to stay. */
static void write_updated(const struct format_node *doc, const char *description, bool retain,
                          struct buf *out)
{
    struct format_writer w;
    format_write_init(&w, out);
    format_write_begin_object(&w);
    for (size_t i = 0; i < format_node_count(doc); i++) {
        const struct format_node *member = format_node_at(doc, i);
        const char *key = format_node_key(member);
        if (strcmp(key, "retain") == 0 || (strcmp(key, "description") == 0 && description != NULL))
            continue;
        struct buf raw;
        buf_init(&raw);
        format_node_write(member, &raw);
        format_write_key_n(&w, key, format_node_key_len(member));
        format_write_raw(&w, buf_text(&raw), raw.n);
        out->failed |= !buf_ok(&raw);
        buf_release(&raw);
    }
    if (description != NULL)
        format_write_field_str(&w, "description", description);
    format_write_field_bool(&w, "retain", retain);
    format_write_end_object(&w);
}

static enum err no_snapshot(enum err err, const char *id, const char *name, struct err_text *why)
{
    if (err == ERR_NOT_FOUND)
        return err_set(why, err, "job '%s' has no snapshot '%s'; weir job snapshots %s lists them",
                       id, name, id);
    if (err != ERR_NONE)
        err_set(why, err, "the snapshot cannot be read or changed: %s", err_name(err));
    return err;
}

static enum err find(struct request_asked *a, const char *id, const char *name, struct arena *arena,
                     struct store_snapshot *out, struct err_text *why)
{
    enum err err = request_see_job(a, id, why);
    return err != ERR_NONE
               ? err
               : no_snapshot(store_state_snapshot_get(a->data->state, id, name, arena, out, NULL),
                             id, name, why);
}

static enum err update(struct request_asked *a, const char *id, struct err_text *why)
{
    const char *name = request_asked_text(a, "snapshot", "");
    const char *retain = request_asked_text(a, "retain", NULL);
    struct store_snapshot s;
    struct arena arena;
    struct buf doc;
    struct format_node *node = NULL;
    if (retain != NULL && strcmp(retain, "true") != 0 && strcmp(retain, "false") != 0)
        return err_set(why, ERR_INVALID, "--retain expects true or false, not '%s'", retain);
    arena_init(&arena, 0);
    buf_init(&doc);
    enum err err = find(a, id, name, &arena, &s, why);
    if (err == ERR_NONE)
        err = format_node_json(s.doc, strlen(s.doc), name, &node, why);
    if (err == ERR_NONE) {
        bool stays = retain != NULL ? strcmp(retain, "true") == 0 : s.retain;
        write_updated(node, request_asked_text(a, "description", NULL), stays, &doc);
        err = no_snapshot(buf_ok(&doc) ? store_state_snapshot_update(a->data->state, id, name,
                                                                     buf_text(&doc), stays)
                                       : ERR_MEMORY,
                          id, name, why);
    }
    if (err == ERR_NONE)
        request_asked_line(a, "%s", buf_text(&doc));
    format_node_free(node);
    buf_release(&doc);
    arena_release(&arena);
    return err;
}

static enum err delete_one(struct request_asked *a, const char *id, struct err_text *why)
{
    const char *name = request_asked_text(a, "snapshot", "");
    struct store_snapshot s;
    struct arena arena;
    arena_init(&arena, 0);
    enum err err = find(a, id, name, &arena, &s, why);
    if (err == ERR_NONE && s.used)
        err = err_set(why, ERR_INVALID,
                      "job '%s' goes on from snapshot '%s'; weir job revert makes it another one",
                      id, name);
    if (err == ERR_NONE)
        err = no_snapshot(store_state_snapshot_delete(a->data->state, id, name), id, name, why);
    arena_release(&arena);
    return err;
}

/* The total is asked for, no result. */
static bool skip_result(void *ctx, const struct store_result *result)
{
    (void)ctx;
    (void)result;
    return false;
}

static void write_forecasts(struct request_asked *a, const char *id, struct format_writer *w)
{
    const struct store_result_filter filter = {.jobs = &id,
                                               .jobs_n = 1,
                                               .type = "model_forecast_request_stats",
                                               .from = TIME_NONE,
                                               .to = TIME_MAX,
                                               .limit = 1};
    uint64_t total = 0;
    if (store_state_result_list(a->data->state, &filter, skip_result, NULL, &total) != ERR_NONE)
        return;
    format_write_key(w, "forecasts_stats");
    format_write_begin_object(w);
    format_write_field_i64(w, "total", (int64_t)total);
    format_write_field_i64(w, "forecasted_jobs", total > 0);
    format_write_end_object(w);
}

/* The members of one object are members of another. */
static void write_members(const char *text, size_t n, struct format_writer *w, struct err_text *why)
{
    struct format_node *root = NULL;
    if (format_node_json(text, n, "statistics", &root, why) != ERR_NONE)
        return;
    for (size_t i = 0; i < format_node_count(root); i++) {
        const struct format_node *member = format_node_at(root, i);
        struct buf raw;
        buf_init(&raw);
        format_node_write(member, &raw);
        format_write_key(w, format_node_key(member));
        format_write_raw(w, buf_text(&raw), raw.n);
        buf_release(&raw);
    }
    format_node_free(root);
}

static void write_stats(struct request_asked *a, const struct store_job *row,
                        const struct buf *stats, ts_ns open, struct buf *out)
{
    struct format_writer w;
    struct err_text why;
    format_write_init(&w, out);
    format_write_begin_object(&w);
    format_write_field_i64(&w, "count", 1);
    format_write_key(&w, "jobs");
    format_write_begin_array(&w);
    format_write_begin_object(&w);
    format_write_field_str(&w, "job_id", row->id);
    write_members(stats->p, stats->n, &w, &why);
    write_forecasts(a, row->id, &w);
    format_write_field_str(&w, "state", row->state);
    if (row->message != NULL && row->message[0] != '\0')
        format_write_field_str(&w, "assignment_explanation", row->message);
    if (open != TIME_NONE) {
        char elapsed[32];
        snprintf(elapsed, sizeof(elapsed), "%llds", (long long)(open / TIME_S));
        format_write_field_str(&w, "open_time", elapsed);
    }
    format_write_end_object(&w);
    format_write_end_array(&w);
    format_write_end_object(&w);
    buf_char(out, '\n');
}

static enum err stats(struct request_asked *a, const char *id, struct err_text *why)
{
    struct borrowed b = {0};
    struct arena arena;
    struct store_job row;
    struct buf stats, doc;
    ts_ns open;
    arena_init(&arena, 0);
    buf_init(&stats);
    buf_init(&doc);
    enum err err = request_see_job(a, id, why);
    if (err == ERR_NONE)
        err = borrow(a, &b, why);
    if (err == ERR_NONE)
        err = engine_jobs_stats(b.jobs, id, &stats, &open, why);
    if (err == ERR_NONE &&
        (err = store_state_job_get(a->data->state, id, &arena, &row)) != ERR_NONE)
        err_set(why, err, "cannot read job '%s': %s", id, err_name(err));
    if (err == ERR_NONE) {
        write_stats(a, &row, &stats, open, &doc);
        if (buf_ok(&doc))
            request_asked_print(a, doc.p, doc.n);
        else
            err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    engine_jobs_free(b.own);
    buf_release(&doc);
    buf_release(&stats);
    arena_release(&arena);
    return err;
}

bool request_snapshot(struct request_asked *a, const char *verb, enum err *out,
                      struct err_text *why)
{
    static const struct {
        const char *verb;
        enum err (*answer)(struct request_asked *a, const char *id, struct err_text *why);
    } verbs[] = {{"snapshots", list},
                 {"revert", revert},
                 {"snapshot-update", update},
                 {"snapshot-delete", delete_one},
                 {"stats", stats}};
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verb, verbs[i].verb) != 0)
            continue;
        *out = verbs[i].answer(a, request_asked_text(a, "id", ""), why);
        return true;
    }
    return false;
}
