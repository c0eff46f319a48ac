/* SPDX-License-Identifier: Apache-2.0 */
/* Datafeeds: put, get, update, delete, start, stop, and how they stand. */
#include "ml/rows.h"

#include "api/api.h"
#include "format/node.h"
#include "http/request.h"
#include "ml/ask.h"
#include "ml/find.h"
#include "ml/list.h"
#include "ml/name.h"
#include "ml/page.h"
#include "ml/shape.h"

#include <string.h>

#define KEYS                                                                                       \
    "aggregations", "aggs", "chunking_config", "delayed_data_check_config", "frequency",           \
        "indices", "indexes", "indices_options", "job_id", "max_empty_searches", "query",          \
        "query_delay", "runtime_mappings", "script_fields", "scroll_size", "headers",              \
        "datafeed_id"

/* In place of what it was; "": there was none. */
static enum err send_feed(struct api_call *c, const struct format_node *old, const char *was,
                          const struct format_node *body, const char *id, const char *job_id,
                          struct err_text *why)
{
    struct buf text;
    struct ml_ask a;
    buf_init(&text);
    ml_shape_feed_text(old, body, id, job_id, &text);
    ml_ask_init(&a, "job", "put-datafeed");
    ml_ask_add(&a, "id", job_id);
    ml_ask_add(&a, "was", was);
    ml_ask_add(&a, "datafeed", buf_text(&text));
    enum err err = buf_ok(&text) ? ml_ask_send(c, &a, why) : ml_find_broken(ERR_MEMORY, why);
    ml_ask_release(&a);
    buf_release(&text);
    return err;
}

static enum err show(struct api_call *c, const char *id, struct err_text *why)
{
    struct store_job row;
    enum err err = ml_find_feed(c, id, &row, why);
    if (err == ERR_NONE)
        ml_shape_feed(c, &row, false, &c->out);
    return err;
}

static enum err check_put(struct api_call *c, const char *id, const char *job_id,
                          struct err_text *why)
{
    struct store_job row;
    enum err err = ml_name_check(c, "datafeed_id", id, why);
    if (err == ERR_NONE)
        err = ml_find_unused_feed(c, id, why);
    if (err == ERR_NONE)
        err = ml_find_job(c, job_id, &row, why);
    const char *has = err == ERR_NONE ? ml_find_feed_id(c, &row) : NULL;
    if (has != NULL)
        return api_call_fail(c, 409, "status_exception", why,
                             "A datafeed [%s] already exists for job [%s]", has, job_id);
    return err;
}

static enum err put(struct api_call *c, struct err_text *why)
{
    static const char *const keys[] = {KEYS, NULL};
    const char *id = ml_find_part(c, "datafeed_id");
    struct format_node *body;
    enum err err = api_call_body(c, true, &body, why);
    if (err == ERR_NONE)
        err = ml_shape_known(c, body, keys, why);
    if (err != ERR_NONE)
        return err;
    const char *job_id = format_node_str(format_node_get(body, "job_id"), NULL);
    err = ml_name_same(c, body, "datafeed_id", id, why);
    if (err != ERR_NONE)
        return err;
    if (job_id == NULL)
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "[job_id] must not be null");
    if (format_node_count(format_node_get(body, "indices")) == 0 &&
        format_node_count(format_node_get(body, "indexes")) == 0 &&
        format_node_str(format_node_get(body, "indices"), NULL) == NULL)
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "Invalid indices value '[]' in datafeed configuration");
    err = check_put(c, id, job_id, why);
    if (err == ERR_NONE)
        err = send_feed(c, NULL, "", body, id, job_id, why);
    return err == ERR_NONE ? show(c, id, why) : err;
}

static enum err write_feed(struct api_call *c, void *ctx, const struct store_job *row,
                           bool exporting, struct format_writer *w, struct err_text *why)
{
    (void)ctx;
    (void)why;
    ml_shape_feed(c, row, exporting, w);
    return ERR_NONE;
}

static enum err get(struct api_call *c, struct err_text *why)
{
    static const struct ml_list feeds = {"datafeed_id", "datafeeds", true, ml_find_feeds,
                                         write_feed};
    return ml_list_answer(c, &feeds, NULL, why);
}

static enum err update(struct api_call *c, struct err_text *why)
{
    static const char *const keys[] = {KEYS, "_force_rekeying", NULL};
    const char *id = ml_find_part(c, "datafeed_id");
    struct format_node *body, *old = NULL;
    struct store_job row;
    enum err err = api_call_body(c, true, &body, why);
    if (err == ERR_NONE)
        err = ml_shape_known(c, body, keys, why);
    if (err == ERR_NONE)
        err = ml_find_feed(c, id, &row, why);
    if (err != ERR_NONE)
        return err;
    err = ml_name_same(c, body, "datafeed_id", id, why);
    if (err != ERR_NONE)
        return err;
    const char *job_id = format_node_str(format_node_get(body, "job_id"), row.id);
    if (strcmp(job_id, row.id) != 0)
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "Datafeed's job_id can't be changed");
    if (ml_find_is_fed(&row))
        return api_call_fail(c, 409, "status_exception", why,
                             "Cannot update datafeed [%s] while its status is started", id);
    if (row.datafeed != NULL)
        err = format_node_json(row.datafeed, strlen(row.datafeed), id, &old, why);
    if (err == ERR_NONE)
        err = send_feed(c, old, row.datafeed != NULL ? row.datafeed : "", body, id, row.id, why);
    format_node_free(old);
    return err == ERR_NONE ? show(c, id, why) : err;
}

static enum err delete_feed(struct api_call *c, struct err_text *why)
{
    const char *id = ml_find_part(c, "datafeed_id");
    bool force;
    struct store_job row;
    enum err err = api_call_flag(c, "force", false, &force, why);
    if (err == ERR_NONE)
        err = ml_find_feed(c, id, &row, why);
    if (err == ERR_NONE && ml_find_is_fed(&row) && !force)
        return api_call_fail(c, 409, "status_exception", why,
                             "Cannot delete datafeed [%s] while its status is started", id);
    if (err == ERR_NONE)
        err = ml_ask_job(c, "delete-datafeed", row.id, why);
    if (err == ERR_NONE)
        ml_shape_done(c, "acknowledged");
    return err;
}

static enum err start(struct api_call *c, struct err_text *why)
{
    const char *id = ml_find_part(c, "datafeed_id");
    ts_ns from, to, timeout;
    struct store_job row;
    enum err err = api_call_span(c, "timeout", 20 * TIME_S, &timeout, why);
    if (err == ERR_NONE)
        err = ml_page_time(c, "start", TIME_NONE, &from, why);
    if (err == ERR_NONE)
        err = ml_page_time(c, "end", TIME_NONE, &to, why);
    if (err == ERR_NONE)
        err = ml_shape_asked(c, why);
    if (err == ERR_NONE)
        err = ml_find_feed(c, id, &row, why);
    if (err != ERR_NONE)
        return err;
    if (ml_find_is_fed(&row))
        return api_call_fail(c, 409, "status_exception", why,
                             "cannot start datafeed [%s] because it has already been started", id);
    if (!ml_find_is_open(&row))
        return api_call_fail(c, 409, "status_exception", why,
                             "cannot start datafeed [%s] because job [%s] is %s", id, row.id,
                             ml_find_state(&row));
    if (to != TIME_NONE && from != TIME_NONE && to <= from)
        return api_call_fail(c, 400, "action_request_validation_exception", why,
                             "Validation Failed: 1: [start] must be before [end];");
    struct ml_ask a;
    ml_ask_init(&a, "job", "start-datafeed");
    ml_ask_add(&a, "id", row.id);
    ml_ask_add_time(&a, "start", from);
    ml_ask_add_time(&a, "end", to);
    err = ml_ask_send(c, &a, why);
    ml_ask_release(&a);
    if (err != ERR_NONE)
        return err;
    format_write_begin_object(&c->out);
    format_write_field_bool(&c->out, "started", true);
    format_write_field_str(&c->out, "node", ML_NODE);
    format_write_end_object(&c->out);
    return ERR_NONE;
}

static enum err stop(struct api_call *c, struct err_text *why)
{
    bool allow, force, closing;
    ts_ns timeout;
    struct ml_found found;
    enum err err = api_call_span(c, "timeout", 20 * TIME_S, &timeout, why);
    if (err == ERR_NONE)
        err = api_call_flag(c, "allow_no_match", true, &allow, why);
    if (err == ERR_NONE)
        err = api_call_flag(c, "force", false, &force, why);
    if (err == ERR_NONE)
        err = api_call_flag(c, "close_job", false, &closing, why);
    if (err == ERR_NONE)
        err = ml_shape_asked(c, why);
    if (err == ERR_NONE)
        err = ml_find_feeds(c, ml_find_part(c, "datafeed_id"), allow, &found, why);
    if (err != ERR_NONE)
        return err;
    for (size_t i = 0; i < found.n && err == ERR_NONE; i++) {
        const struct store_job *row = &found.list[i];
        if (ml_find_is_fed(row))
            err = ml_ask_any(c, "stop-datafeed", row->id, why);
        if (err == ERR_NONE && closing && ml_find_is_open(row))
            err = ml_ask_any(c, "close", row->id, why);
    }
    if (err == ERR_NONE)
        ml_shape_done(c, "stopped");
    return err;
}

/* How a job stands: of one that runs as it is now. NULL: nothing is known. */
static struct format_node *read_counts(struct api_call *c, const struct store_job *row)
{
    struct format_node *counts = NULL;
    struct err_text why;
    struct ml_ask a;
    if (row->counts == NULL ||
        format_node_json(row->counts, strlen(row->counts), row->id, &counts, &why) != ERR_NONE)
        counts = NULL;
    if (!ml_find_is_fed(row))
        return counts;
    struct format_node *said = NULL;
    ml_ask_init(&a, "job", "stats");
    ml_ask_add(&a, "id", row->id);
    enum err err = ml_ask_send(c, &a, &why);
    if (err == ERR_NONE)
        err = format_node_json(buf_text(&a.said), a.said.n, "statistics", &said, &why);
    ml_ask_release(&a);
    if (err != ERR_NONE)
        return counts;
    format_node_free(counts);
    return said;
}

/* A datafeed without aggregations searches for nothing: events pass by. */
static void write_timing(struct api_call *c, const struct store_job *row, struct format_writer *w)
{
    static const char *const times[] = {"total_search_time_ms", "average_search_time_per_bucket_ms",
                                        "exponential_average_search_time_per_hour_ms"};
    struct format_node *root = read_counts(c, row);
    const struct format_node *jobs = format_node_get(root, "jobs");
    const struct format_node *counts = jobs != NULL ? format_node_at(jobs, 0) : root;
    const struct format_node *timing = format_node_get(counts, "datafeed_timing_stats");
    const struct format_node *buckets =
        format_node_get(format_node_get(counts, "data_counts"), "bucket_count");
    format_write_key(w, "timing_stats");
    format_write_begin_object(w);
    format_write_field_str(w, "job_id", row->id);
    format_write_field_i64(w, "search_count",
                           format_node_int(format_node_get(timing, "search_count"), 0));
    format_write_field_i64(w, "bucket_count", format_node_int(buckets, 0));
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        format_write_field_f64(w, times[i], format_node_num(format_node_get(timing, times[i]), 0));
    format_write_end_object(w);
    format_node_free(root);
}

static enum err write_stats(struct api_call *c, void *ctx, const struct store_job *row,
                            bool exporting, struct format_writer *w, struct err_text *why)
{
    bool fed = ml_find_is_fed(row);
    bool behind = row->message != NULL && row->message[0] != '\0';
    bool still;
    (void)ctx;
    (void)exporting;
    enum err err = ml_ask_still(c, &still, why);
    if (err != ERR_NONE)
        return err;
    format_write_begin_object(w);
    format_write_field_str(w, "datafeed_id", ml_find_feed_id(c, row));
    format_write_field_str(w, "state", fed ? "started" : "stopped");
    if (fed) {
        if (!still)
            ml_shape_node(w);
        format_write_field_str(w, "assignment_explanation", behind ? row->message : "");
    }
    write_timing(c, row, w);
    if (fed) {
        format_write_key(w, "running_state");
        format_write_begin_object(w);
        format_write_field_bool(w, "real_time_configured", row->end == TIME_NONE);
        format_write_field_bool(w, "real_time_running", row->end == TIME_NONE && !behind);
        format_write_end_object(w);
    }
    format_write_end_object(w);
    return ERR_NONE;
}

static enum err stats(struct api_call *c, struct err_text *why)
{
    static const struct ml_list feeds = {"datafeed_id", "datafeeds", false, ml_find_feeds,
                                         write_stats};
    return ml_list_answer(c, &feeds, NULL, why);
}

#define ROW(method, path, right, body, params, summary, handle)                                    \
    {                                                                                              \
        method, path, right, API_FORM_ELASTIC, body, params, summary, handle, HTTP_LANE_SHORT      \
    }
#define FEEDS "/_ml/datafeeds"
#define INDICES                                                                                    \
    "allow_no_indices:boolean expand_wildcards:text ignore_throttled:boolean "                     \
    "ignore_unavailable:boolean"

const struct api_row ml_feed_rows[] = {
    ROW("PUT", FEEDS "/{datafeed_id}", AUTH_RIGHT_STEER, API_ROW_LARGE, INDICES, "Make a datafeed",
        put),
    ROW("GET", FEEDS, AUTH_RIGHT_READ, 0, "allow_no_match:boolean exclude_generated:boolean",
        "All datafeeds", get),
    ROW("GET", FEEDS "/{datafeed_id}", AUTH_RIGHT_READ, 0,
        "allow_no_match:boolean exclude_generated:boolean", "Datafeeds by ids and patterns", get),
    ROW("POST", FEEDS "/{datafeed_id}/_update", AUTH_RIGHT_STEER, API_ROW_LARGE, INDICES,
        "Change a datafeed", update),
    ROW("DELETE", FEEDS "/{datafeed_id}", AUTH_RIGHT_STEER, 0, "force:boolean", "Delete a datafeed",
        delete_feed),
    ROW("POST", FEEDS "/{datafeed_id}/_start", AUTH_RIGHT_STEER, API_ROW_SMALL,
        "start:time end:time timeout:span", "Start a datafeed", start),
    ROW("POST", FEEDS "/{datafeed_id}/_stop", AUTH_RIGHT_STEER, API_ROW_SMALL,
        "allow_no_match:boolean force:boolean timeout:span close_job:boolean", "Stop datafeeds",
        stop),
    ROW("GET", FEEDS "/_stats", AUTH_RIGHT_READ, 0, "allow_no_match:boolean",
        "How all datafeeds stand", stats),
    ROW("GET", FEEDS "/{datafeed_id}/_stats", AUTH_RIGHT_READ, 0, "allow_no_match:boolean",
        "How datafeeds stand", stats),
    {0},
};
