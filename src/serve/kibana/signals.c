/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "base/buf.h"
#include "base/clock.h"
#include "find/find.h"
#include "format/node.h"
#include "http/request.h"

#include <string.h>

#define ALERTS ".alerts-security.alerts-*"

static bool is_gone(void *ctx)
{
    return http_request_is_gone(ctx);
}

/* A search over alerts, as Elasticsearch's _search answers it. */
static enum err search(struct api_call *c, struct err_text *why)
{
    char sentence[sizeof(why->file) + sizeof(why->message) + 32];
    struct find_error error;
    struct find_request r = {
        .index = ALERTS, .now = c->now, .lenient = true, .cancel = {is_gone, c->request}};
    enum err err = api_call_body(c, false, &r.body, why);
    if (err != ERR_NONE)
        return err;
    err = find_search(c->ports->find, &r, c->out.out, &error);
    if (err == ERR_NONE)
        return ERR_NONE;
    return api_call_fail(c, (unsigned)error.status, error.type, why, "%s",
                         err_format(&error.text, sentence, sizeof(sentence)));
}

/* What the daemon says it did, as an update by query is answered. */
static enum err write_answer(struct api_call *c, const struct buf *said, ts_ns took,
                             struct err_text *why)
{
    static const char *const zero[] = {"deleted", "version_conflicts", "throttled_millis",
                                       "throttled_until_millis"};
    struct format_writer *w = &c->out;
    struct format_node *done;
    enum err err = format_node_json(buf_text(said), said->n, "answer", &done, why);
    if (err != ERR_NONE)
        return err;
    int64_t total = format_node_int(format_node_get(done, "total"), 0);
    int64_t updated = format_node_int(format_node_get(done, "updated"), 0);
    format_write_begin_object(w);
    format_write_field_i64(w, "took", took / TIME_MS);
    format_write_field_bool(w, "timed_out", false);
    format_write_field_i64(w, "total", total);
    format_write_field_i64(w, "updated", updated);
    format_write_field_i64(w, "noops", total - updated);
    format_write_field_i64(w, "batches", total > 0 ? 1 : 0);
    for (size_t i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
        format_write_field_i64(w, zero[i], 0);
    format_write_key(w, "retries");
    format_write_begin_object(w);
    format_write_field_i64(w, "bulk", 0);
    format_write_field_i64(w, "search", 0);
    format_write_end_object(w);
    format_write_field_i64(w, "requests_per_second", -1);
    format_write_key(w, "failures");
    format_write_begin_array(w);
    format_write_end_array(w);
    format_write_end_object(w);
    format_node_free(done);
    return ERR_NONE;
}

static void put_node(struct format_writer *w, const char *key, const struct format_node *v)
{
    if (format_node_type(v) == FORMAT_NULL)
        return;
    format_write_key(w, key);
    format_node_write_value(v, w);
}

static enum err need_texts(struct api_call *c, const struct format_node *v, const char *key,
                           bool required, struct err_text *why)
{
    bool fine = format_node_type(v) == FORMAT_ARRAY || (v == NULL && !required);
    for (size_t i = 0; i < format_node_count(v) && fine; i++)
        fine = format_node_str(format_node_at(v, i), NULL) != NULL;
    if (fine && (!required || format_node_count(v) > 0))
        return ERR_NONE;
    return api_call_fail(c, 400, NULL, why, "[request body]: %s must be a list of strings", key);
}

/* A request about alerts, begun with its verb; the caller adds what is asked for. */
static void begin(struct buf *request, struct format_writer *w, const char *verb)
{
    buf_init(request);
    format_write_init(w, request);
    format_write_begin_object(w);
    format_write_field_str(w, "command", "alert");
    format_write_field_str(w, "verb", verb);
}

static enum err finish(struct api_call *c, struct buf *request, struct format_writer *w,
                       struct err_text *why)
{
    struct buf said;
    ts_ns began = clock_steady();
    buf_init(&said);
    format_write_end_object(w);
    enum err err = api_call_act(c, request, &said, why);
    if (err == ERR_NONE)
        err = write_answer(c, &said, clock_steady() - began, why);
    buf_release(&said);
    buf_release(request);
    return err;
}

static enum err status(struct api_call *c, struct err_text *why)
{
    struct format_node *body;
    struct format_writer w;
    struct buf request;
    enum err err = api_call_body(c, true, &body, why);
    if (err != ERR_NONE)
        return err;
    const struct format_node *ids = format_node_get(body, "signal_ids");
    const struct format_node *query = format_node_get(body, "query");
    const char *to = format_node_str(format_node_get(body, "status"), "");
    if ((ids == NULL) == (query == NULL))
        return api_call_fail(c, 400, NULL, why, "either signal_ids or query must be set, not both");
    if (ids != NULL)
        err = need_texts(c, ids, "signal_ids", true, why);
    if (err != ERR_NONE)
        return err;
    begin(&request, &w, "status");
    put_node(&w, "ids", ids);
    put_node(&w, "query", query);
    /* The name of versions before 7.16. */
    format_write_field_str(&w, "status", strcmp(to, "in-progress") == 0 ? "acknowledged" : to);
    return finish(c, &request, &w, why);
}

/* {"ids":[…],"tags":{"tags_to_add":[…],"tags_to_remove":[…]}}, and the like for assignees. */
static enum err change_list(struct api_call *c, const char *verb, const char *add_key,
                            const char *remove_key, struct err_text *why)
{
    struct format_node *body;
    struct format_writer w;
    struct buf request;
    enum err err = api_call_body(c, true, &body, why);
    if (err != ERR_NONE)
        return err;
    const struct format_node *ids = format_node_get(body, "ids");
    const struct format_node *change = format_node_get(body, verb);
    const struct format_node *add = format_node_get(change, add_key);
    const struct format_node *remove = format_node_get(change, remove_key);
    err = need_texts(c, ids, "ids", true, why);
    if (err == ERR_NONE)
        err = need_texts(c, add, add_key, false, why);
    if (err == ERR_NONE)
        err = need_texts(c, remove, remove_key, false, why);
    if (err != ERR_NONE)
        return err;
    if (format_node_type(change) != FORMAT_OBJECT)
        return api_call_fail(c, 400, NULL, why, "[request body]: %s: Required", verb);
    begin(&request, &w, verb);
    put_node(&w, "ids", ids);
    put_node(&w, "add", add);
    put_node(&w, "remove", remove);
    return finish(c, &request, &w, why);
}

static enum err tags(struct api_call *c, struct err_text *why)
{
    return change_list(c, "tags", "tags_to_add", "tags_to_remove", why);
}

static enum err assignees(struct api_call *c, struct err_text *why)
{
    return change_list(c, "assignees", "add", "remove", why);
}

#define PATH "/api/detection_engine/signals"

const struct api_row kibana_signal_rows[] = {
    {"POST", PATH "/search", AUTH_RIGHT_READ, API_FORM_KIBANA, API_ROW_SMALL, "",
     "Alerts, by a body of Elasticsearch's _search", search, HTTP_LANE_LONG},
    {"POST", PATH "/status", AUTH_RIGHT_TRIAGE, API_FORM_KIBANA, API_ROW_SMALL, "",
     "Give alerts another status", status, HTTP_LANE_LONG},
    {"POST", PATH "/tags", AUTH_RIGHT_TRIAGE, API_FORM_KIBANA, API_ROW_SMALL, "",
     "Add tags to alerts, and take others away", tags, HTTP_LANE_LONG},
    {"POST", PATH "/assignees", AUTH_RIGHT_TRIAGE, API_FORM_KIBANA, API_ROW_SMALL, "",
     "Say who looks into alerts", assignees, HTTP_LANE_LONG},
    {0},
};
