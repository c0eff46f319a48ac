/* SPDX-License-Identifier: Apache-2.0 */
/* What jobs have learned, as it was saved. */
#include "ml/rows.h"

#include "api/api.h"
#include "detect/result.h"
#include "format/node.h"
#include "ml/ask.h"
#include "ml/find.h"
#include "ml/page.h"
#include "ml/shape.h"

#include <string.h>

/* A snapshot's document with what the API shows besides. */
static void write_snapshot(const char *json, size_t n, struct format_writer *w)
{
    struct format_node *node = NULL;
    struct err_text why;
    if (format_node_json(json, n, "snapshot", &node, &why) != ERR_NONE) {
        format_write_raw(w, json, n);
        return;
    }
    format_write_begin_object(w);
    for (size_t i = 0; i < format_node_count(node); i++) {
        const struct format_node *v = format_node_at(node, i);
        format_write_key_n(w, format_node_key(v), format_node_key_len(v));
        format_node_write_value(v, w);
    }
    if (format_node_get(node, "retain") == NULL)
        format_write_field_bool(w, "retain", false);
    format_write_end_object(w);
    format_node_free(node);
}

static enum err no_snapshot(struct api_call *c, const char *id, const char *job_id,
                            struct err_text *why)
{
    return api_call_fail(c, 404, "resource_not_found_exception", why,
                         "No model snapshot with id [%s] exists for job [%s]", id, job_id);
}

/* The job and the snapshot of the path. */
static enum err find_one(struct api_call *c, struct store_job *row, struct store_snapshot *out,
                         struct err_text *why)
{
    const char *id = ml_find_part(c, "snapshot_id");
    enum err err = ml_find_job(c, ml_find_part(c, "job_id"), row, why);
    if (err != ERR_NONE)
        return err;
    err = store_state_snapshot_get(c->ports->state, row->id, id, &c->arena, out, NULL);
    if (err == ERR_NOT_FOUND)
        return no_snapshot(c, id, row->id, why);
    return err == ERR_NONE ? ERR_NONE : ml_find_broken(err, why);
}

struct gathering {
    struct ml_docs docs;
    const char *patterns; /* NULL: all */
    ts_ns from, to;
};

static bool gather(void *ctx, const struct store_snapshot *s)
{
    struct gathering *g = ctx;
    if ((g->patterns != NULL && !ml_find_fits(g->patterns, s->id)) || s->time < g->from ||
        s->time >= g->to)
        return true;
    return ml_page_add(&g->docs, s->doc, strlen(s->doc), s->time);
}

static enum err get(struct api_call *c, struct err_text *why)
{
    struct gathering g = {.docs = {.arena = &c->arena}, .patterns = ml_find_part(c, "snapshot_id")};
    struct ml_page page;
    struct store_job row;
    const char *sort;
    bool desc;
    size_t first, n;
    enum err err = ml_page_read(c, 100, &page, why);
    if (err == ERR_NONE)
        err = ml_page_time(c, "start", TIME_NONE, &g.from, why);
    if (err == ERR_NONE)
        err = ml_page_time(c, "end", TIME_MAX, &g.to, why);
    if (err == ERR_NONE)
        err = api_call_flag(c, "desc", false, &desc, why);
    if (err == ERR_NONE)
        err = api_call_text(c, "sort", "timestamp", &sort, why);
    if (err == ERR_NONE)
        err = ml_shape_asked(c, why);
    if (err == ERR_NONE)
        err = ml_find_job(c, ml_find_part(c, "job_id"), &row, why);
    if (err != ERR_NONE)
        return err;
    err = store_state_snapshot_list(c->ports->state, row.id, gather, &g);
    if (err == ERR_NONE && g.docs.failed)
        err = ERR_MEMORY;
    err = err == ERR_NONE ? ml_page_sort(&g.docs, sort, desc, why) : ml_find_broken(err, why);
    if (err == ERR_NONE) {
        ml_page_cut(&page, g.docs.n, &first, &n);
        format_write_begin_object(&c->out);
        format_write_field_i64(&c->out, "count", (int64_t)g.docs.n);
        format_write_key(&c->out, "model_snapshots");
        format_write_begin_array(&c->out);
        for (size_t i = first; i < first + n; i++)
            write_snapshot(g.docs.list[i].json, g.docs.list[i].n, &c->out);
        format_write_end_array(&c->out);
        format_write_end_object(&c->out);
    }
    ml_page_release(&g.docs);
    return err;
}

/* Writes "model":{…} of the snapshot as it is now. */
static enum err write_model(struct api_call *c, const char *job_id, const char *id,
                            struct err_text *why)
{
    struct store_snapshot s;
    enum err err = store_state_snapshot_get(c->ports->state, job_id, id, &c->arena, &s, NULL);
    if (err != ERR_NONE)
        return ml_find_broken(err, why);
    format_write_key(&c->out, "model");
    write_snapshot(s.doc, strlen(s.doc), &c->out);
    return ERR_NONE;
}

/* Of a job that has learned nothing there is no snapshot; the answer is made up. */
static enum err write_empty(struct api_call *c, const char *job_id, struct err_text *why)
{
    const struct detect_result empty = {
        .type = DETECT_RESULT_MODEL_SNAPSHOT,
        .job_id = job_id,
        .time = c->now,
        .snapshot = {.id = STORE_SNAPSHOT_EMPTY,
                     .description = "Nothing learned yet",
                     .latest_record = TIME_NONE,
                     .latest_result = TIME_NONE},
    };
    struct buf doc;
    buf_init(&doc);
    detect_result_write(&empty, &doc);
    bool ok = buf_ok(&doc);
    if (ok) {
        format_write_key(&c->out, "model");
        format_write_raw(&c->out, buf_text(&doc), doc.n);
    }
    buf_release(&doc);
    return ok ? ERR_NONE : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
}

static enum err update(struct api_call *c, struct err_text *why)
{
    static const char *const keys[] = {"description", "retain", NULL};
    struct format_node *body;
    struct store_job row;
    struct store_snapshot s;
    const char *description;
    bool retain;
    enum err err = api_call_body(c, true, &body, why);
    if (err == ERR_NONE)
        err = ml_shape_known(c, body, keys, why);
    if (err == ERR_NONE)
        err = find_one(c, &row, &s, why);
    if (err == ERR_NONE)
        err = api_call_text(c, "description", NULL, &description, why);
    if (err == ERR_NONE)
        err = api_call_flag(c, "retain", s.retain, &retain, why);
    if (err != ERR_NONE)
        return err;
    struct ml_ask a;
    ml_ask_init(&a, "job", "snapshot-update");
    ml_ask_add(&a, "id", row.id);
    ml_ask_add(&a, "snapshot", s.id);
    ml_ask_add(&a, "description", description);
    ml_ask_add(&a, "retain", retain ? "true" : "false");
    err = ml_ask_send(c, &a, why);
    ml_ask_release(&a);
    if (err != ERR_NONE)
        return err;
    format_write_begin_object(&c->out);
    format_write_field_bool(&c->out, "acknowledged", true);
    err = write_model(c, row.id, s.id, why);
    format_write_end_object(&c->out);
    return err;
}

static enum err revert(struct api_call *c, struct err_text *why)
{
    struct store_job row;
    struct store_snapshot s = {.id = STORE_SNAPSHOT_EMPTY};
    bool delete_results;
    bool empty = strcmp(ml_find_part(c, "snapshot_id"), STORE_SNAPSHOT_EMPTY) == 0;
    enum err err = api_call_flag(c, "delete_intervening_results", false, &delete_results, why);
    if (err == ERR_NONE)
        err = ml_shape_asked(c, why);
    if (err == ERR_NONE)
        err = empty ? ml_find_job(c, ml_find_part(c, "job_id"), &row, why)
                    : find_one(c, &row, &s, why);
    if (err == ERR_NONE && ml_find_is_open(&row))
        return api_call_fail(c, 409, "status_exception", why,
                             "Can only revert to a model snapshot when the job is closed.");
    if (err != ERR_NONE)
        return err;
    struct ml_ask a;
    ml_ask_init(&a, "job", "revert");
    ml_ask_add(&a, "id", row.id);
    ml_ask_add(&a, "snapshot", s.id);
    ml_ask_add(&a, "delete_intervening_results", delete_results ? "true" : NULL);
    err = ml_ask_send(c, &a, why);
    ml_ask_release(&a);
    if (err != ERR_NONE)
        return err;
    format_write_begin_object(&c->out);
    err = empty ? write_empty(c, row.id, why) : write_model(c, row.id, s.id, why);
    format_write_end_object(&c->out);
    return err;
}

static enum err delete_one(struct api_call *c, struct err_text *why)
{
    struct store_job row;
    struct store_snapshot s;
    enum err err = find_one(c, &row, &s, why);
    if (err == ERR_NONE && s.used)
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "Model snapshot '%s' is the active snapshot for job '%s', so cannot "
                             "be deleted",
                             s.id, row.id);
    if (err != ERR_NONE)
        return err;
    struct ml_ask a;
    ml_ask_init(&a, "job", "snapshot-delete");
    ml_ask_add(&a, "id", row.id);
    ml_ask_add(&a, "snapshot", s.id);
    err = ml_ask_send(c, &a, why);
    ml_ask_release(&a);
    if (err == ERR_NONE)
        ml_shape_done(c, "acknowledged");
    return err;
}

/* A snapshot is of this version, or it could not be read at all: there is nothing to upgrade. */
static enum err upgrade(struct api_call *c, struct err_text *why)
{
    struct store_job row;
    struct store_snapshot s;
    bool wait;
    ts_ns timeout;
    enum err err = api_call_flag(c, "wait_for_completion", false, &wait, why);
    if (err == ERR_NONE)
        err = api_call_span(c, "timeout", 30 * TIME_MIN, &timeout, why);
    if (err == ERR_NONE)
        err = ml_shape_asked(c, why);
    if (err == ERR_NONE)
        err = find_one(c, &row, &s, why);
    if (err != ERR_NONE)
        return err;
    return api_call_fail(c, 409, "status_exception", why,
                         "Cannot upgrade job [%s] snapshot [%s]: it is of the current version",
                         row.id, s.id);
}

/* No upgrade goes on: there never is one. */
static enum err upgrade_stats(struct api_call *c, struct err_text *why)
{
    struct ml_found found;
    bool allow;
    enum err err = api_call_flag(c, "allow_no_match", true, &allow, why);
    if (err == ERR_NONE)
        err = ml_find_jobs(c, ml_find_part(c, "job_id"), allow, &found, why);
    if (err != ERR_NONE)
        return err;
    if (!allow)
        return no_snapshot(c, ml_find_part(c, "snapshot_id"), ml_find_part(c, "job_id"), why);
    format_write_begin_object(&c->out);
    format_write_field_i64(&c->out, "count", 0);
    format_write_key(&c->out, "model_snapshot_upgrades");
    format_write_begin_array(&c->out);
    format_write_end_array(&c->out);
    format_write_end_object(&c->out);
    return ERR_NONE;
}

#define ROW(method, path, right, body, params, summary, handle)                                    \
    {                                                                                              \
        method, path, right, API_FORM_ELASTIC, body, params, summary, handle, HTTP_LANE_SHORT      \
    }
#define SNAPSHOTS "/_ml/anomaly_detectors/{job_id}/model_snapshots"
#define PAGED "desc:boolean end:time from:integer size:integer sort:text start:time"

const struct api_row ml_snapshot_rows[] = {
    ROW("GET", SNAPSHOTS, AUTH_RIGHT_READ, API_ROW_SMALL, PAGED, "Snapshots of a job", get),
    ROW("POST", SNAPSHOTS, AUTH_RIGHT_READ, API_ROW_SMALL, PAGED, "Snapshots of a job", get),
    ROW("GET", SNAPSHOTS "/{snapshot_id}", AUTH_RIGHT_READ, API_ROW_SMALL, PAGED,
        "Snapshots by ids and patterns", get),
    ROW("POST", SNAPSHOTS "/{snapshot_id}", AUTH_RIGHT_READ, API_ROW_SMALL, PAGED,
        "Snapshots by ids and patterns", get),
    ROW("POST", SNAPSHOTS "/{snapshot_id}/_update", AUTH_RIGHT_STEER, API_ROW_SMALL, "",
        "Describe a snapshot, or keep it", update),
    ROW("POST", SNAPSHOTS "/{snapshot_id}/_revert", AUTH_RIGHT_STEER, API_ROW_SMALL,
        "delete_intervening_results:boolean", "Go on from a snapshot", revert),
    ROW("DELETE", SNAPSHOTS "/{snapshot_id}", AUTH_RIGHT_STEER, 0, "", "Delete a snapshot",
        delete_one),
    ROW("POST", SNAPSHOTS "/{snapshot_id}/_upgrade", AUTH_RIGHT_STEER, API_ROW_SMALL,
        "wait_for_completion:boolean timeout:span", "Bring a snapshot to this version", upgrade),
    ROW("GET", SNAPSHOTS "/{snapshot_id}/_upgrade/_stats", AUTH_RIGHT_READ, 0,
        "allow_no_match:boolean", "Upgrades that go on", upgrade_stats),
    {0},
};
