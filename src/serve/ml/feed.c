/* SPDX-License-Identifier: Apache-2.0 */
/* Datafeeds: put, get, update, delete, start, stop, preview, and how they stand. */
#include "ml/rows.h"

#include "api/api.h"
#include "detect/feed.h"
#include "detect/filter.h"
#include "detect/job.h"
#include "event/event.h"
#include "event/json.h"
#include "format/node.h"
#include "http/request.h"
#include "ml/ask.h"
#include "ml/find.h"
#include "ml/list.h"
#include "ml/name.h"
#include "ml/page.h"
#include "ml/shape.h"
#include "query/index.h"
#include "store/store.h"

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
    struct err_text other;
    enum err err = ml_name_check(c, "datafeed_id", id, why);
    if (err != ERR_NONE)
        return err;
    if (ml_find_feed(c, id, &row, &other) == ERR_NONE)
        return api_call_fail(c, 400, "resource_already_exists_exception", why,
                             "A datafeed with id [%s] already exists", id);
    c->status = 0;
    c->type = NULL;
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

static void write_timing(const struct store_job *row, struct format_writer *w)
{
    struct format_node *counts = NULL;
    struct err_text why;
    int64_t buckets = 0;
    if (row->counts != NULL &&
        format_node_json(row->counts, strlen(row->counts), row->id, &counts, &why) == ERR_NONE)
        buckets = format_node_int(
            format_node_get(format_node_get(counts, "data_counts"), "bucket_count"), 0);
    format_node_free(counts);
    /* Nothing is searched: events pass by. */
    format_write_key(w, "timing_stats");
    format_write_begin_object(w);
    format_write_field_str(w, "job_id", row->id);
    format_write_field_i64(w, "search_count", 0);
    format_write_field_i64(w, "bucket_count", buckets);
    format_write_field_f64(w, "total_search_time_ms", 0);
    format_write_field_f64(w, "average_search_time_per_bucket_ms", 0);
    format_write_field_f64(w, "exponential_average_search_time_per_hour_ms", 0);
    format_write_end_object(w);
}

static enum err write_stats(struct api_call *c, void *ctx, const struct store_job *row,
                            bool exporting, struct format_writer *w, struct err_text *why)
{
    bool fed = ml_find_is_fed(row);
    bool behind = row->message != NULL && row->message[0] != '\0';
    (void)ctx;
    (void)exporting;
    (void)why;
    format_write_begin_object(w);
    format_write_field_str(w, "datafeed_id", ml_find_feed_id(c, row));
    format_write_field_str(w, "state", fed ? "started" : "stopped");
    if (fed) {
        ml_shape_node(w);
        format_write_field_str(w, "assignment_explanation", behind ? row->message : "");
    }
    write_timing(row, w);
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

/* What a job would get: documents of the fields it looks at. */
struct preview {
    struct format_writer *w;
    const struct detect_job *job;
    const struct query_index *index;
    uint64_t left;
};

static void write_value(struct preview *p, const struct event *e, const char *name)
{
    const struct event_item *item = name != NULL ? event_find(e, name, strlen(name)) : NULL;
    if (item == NULL)
        return;
    format_write_key(p->w, name);
    event_json_write_values(item, p->w);
}

/* Whether the i-th field of the list stands in it before. */
static bool is_again(const char *const *names, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (names[i] != NULL && names[k] != NULL && strcmp(names[i], names[k]) == 0)
            return true;
    return false;
}

static bool preview_event(void *ctx, struct event *e)
{
    struct preview *p = ctx;
    const struct detect_job *job = p->job;
    const char *names[DETECT_DETECTORS_MAX * 4 + DETECT_INFLUENCERS_MAX + 1];
    size_t n = 0;
    if (p->index != NULL && !query_index_match(p->index, e))
        return true;
    for (size_t i = 0; i < job->n_detectors; i++) {
        const struct detect_detector *d = &job->detectors[i];
        names[n++] = d->field;
        names[n++] = d->by;
        names[n++] = d->over;
        names[n++] = d->partition;
    }
    for (size_t i = 0; i < job->n_influencers; i++)
        names[n++] = job->influencers[i];
    names[n++] = job->summary_count_field;
    format_write_begin_object(p->w);
    if (strcmp(job->time_field, "@timestamp") == 0)
        format_write_field_i64(p->w, "@timestamp", e->time / TIME_MS);
    else
        write_value(p, e, job->time_field);
    for (size_t i = 0; i < n; i++)
        if (!is_again(names, i) && (names[i] == NULL || strcmp(names[i], job->time_field) != 0))
            write_value(p, e, names[i]);
    format_write_end_object(p->w);
    return --p->left > 0;
}

static enum err run_preview(struct api_call *c, const struct format_node *job_node,
                            const struct format_node *feed_node, struct err_text *why)
{
    struct detect_filters filters = {0};
    struct detect_job *job = NULL;
    struct detect_feed *feed = NULL;
    struct query_index *index = NULL;
    struct store_search what = {.order = STORE_OLDEST_FIRST};
    struct preview p = {.w = &c->out};
    enum err err = ml_page_time(c, "start", TIME_NONE, &what.from, why);
    if (err == ERR_NONE)
        err = ml_page_time(c, "end", TIME_MAX, &what.to, why);
    if (err == ERR_NONE)
        err = ml_shape_asked(c, why);
    if (err == ERR_NONE)
        err = ml_shape_filters(c, &filters, why);
    if (err == ERR_NONE)
        err = detect_job_from_node(job_node, filters.list, filters.n, &job, why);
    if (err == ERR_NONE)
        err = detect_feed_from_node(feed_node, &feed, why);
    if (err == ERR_NONE)
        err = query_index_new((const char *const *)feed->indices, feed->n_indices, &index, why);
    if (err == ERR_NONE) {
        what.query = feed->query;
        p.job = job;
        p.index = index;
        p.left = (uint64_t)feed->scroll_size;
        format_write_begin_array(&c->out);
        err = store_search(c->ports->store, &what, preview_event, &p, why);
        format_write_end_array(&c->out);
    }
    query_index_free(index);
    detect_feed_free(feed);
    detect_job_free(job);
    detect_filters_release(&filters);
    return err;
}

static enum err preview(struct api_call *c, struct err_text *why)
{
    static const char all[] = "{\"indices\":[\"*\"]}";
    const char *id = ml_find_part(c, "datafeed_id");
    struct format_node *body = NULL, *job = NULL, *feed = NULL;
    const struct format_node *job_node = NULL, *feed_node = NULL;
    struct store_job row = {0};
    enum err err = api_call_body(c, false, &body, why);
    if (err != ERR_NONE)
        return err;
    feed_node = format_node_get(body, "datafeed_config");
    job_node = format_node_get(body, "job_config");
    if (id == NULL && feed_node == NULL)
        return api_call_fail(c, 400, "action_request_validation_exception", why,
                             "Validation Failed: 1: [datafeed_config] or a datafeed id is needed;");
    if (id != NULL && (feed_node != NULL || job_node != NULL))
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "[datafeed_config] and [job_config] are for previews without an id");
    if (id != NULL)
        err = ml_find_feed(c, id, &row, why);
    else if (job_node == NULL)
        err = ml_find_job(c, format_node_str(format_node_get(feed_node, "job_id"), ""), &row, why);
    if (err == ERR_NONE && row.config != NULL) {
        err = format_node_json(row.config, strlen(row.config), row.id, &job, why);
        job_node = job;
    }
    if (err == ERR_NONE && id != NULL) {
        const char *text = row.datafeed != NULL ? row.datafeed : all;
        err = format_node_json(text, strlen(text), id, &feed, why);
        feed_node = feed;
    }
    if (err == ERR_NONE)
        err = run_preview(c, job_node, feed_node, why);
    format_node_free(job);
    format_node_free(feed);
    return err;
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
    {"GET", FEEDS "/{datafeed_id}/_preview", AUTH_RIGHT_READ, API_FORM_ELASTIC, API_ROW_SMALL,
     "start:time end:time", "What a datafeed would give its job", preview, HTTP_LANE_LONG},
    {"POST", FEEDS "/{datafeed_id}/_preview", AUTH_RIGHT_READ, API_FORM_ELASTIC, API_ROW_LARGE,
     "start:time end:time", "What a datafeed would give its job", preview, HTTP_LANE_LONG},
    {"GET", FEEDS "/_preview", AUTH_RIGHT_READ, API_FORM_ELASTIC, API_ROW_LARGE,
     "start:time end:time", "What a datafeed that is not there would give a job", preview,
     HTTP_LANE_LONG},
    {"POST", FEEDS "/_preview", AUTH_RIGHT_READ, API_FORM_ELASTIC, API_ROW_LARGE,
     "start:time end:time", "What a datafeed that is not there would give a job", preview,
     HTTP_LANE_LONG},
    {0},
};
