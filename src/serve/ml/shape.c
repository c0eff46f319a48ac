/* SPDX-License-Identifier: Apache-2.0 */
#include "ml/shape.h"

#include "api/api.h"
#include "detect/aggs.h"
#include "detect/feed.h"
#include "detect/filter.h"
#include "detect/job.h"
#include "format/node.h"
#include "ml/find.h"

#include <stdio.h>
#include <string.h>

struct reading {
    struct detect_filters *out;
    struct err_text *why;
    enum err err;
};

static bool read_filter(void *ctx, const char *id, const char *doc)
{
    struct reading *r = ctx;
    r->err = detect_filters_parse(r->out, doc, strlen(doc), id, r->why);
    return r->err == ERR_NONE;
}

enum err ml_shape_filters(struct api_call *c, struct detect_filters *out, struct err_text *why)
{
    struct reading r = {.out = out, .why = why};
    enum err err = store_state_listed_all(c->ports->state, STORE_FILTERS, read_filter, &r);
    return err == ERR_NONE ? r.err : ml_find_broken(err, why);
}

void ml_shape_done(struct api_call *c, const char *word)
{
    format_write_begin_object(&c->out);
    format_write_field_bool(&c->out, word, true);
    format_write_end_object(&c->out);
}

void ml_shape_over(struct api_call *c, bool waits)
{
    if (waits) {
        ml_shape_done(c, "acknowledged");
        return;
    }
    format_write_begin_object(&c->out);
    format_write_field_str(&c->out, "task", ML_NODE ":1");
    format_write_end_object(&c->out);
}

void ml_shape_node_members(struct format_writer *w)
{
    format_write_field_str(w, "name", "weir");
    format_write_field_str(w, "ephemeral_id", ML_NODE);
    format_write_field_str(w, "transport_address", "127.0.0.1:9300");
    format_write_key(w, "attributes");
    format_write_begin_object(w);
    format_write_end_object(w);
}

void ml_shape_node(struct format_writer *w)
{
    format_write_key(w, "node");
    format_write_begin_object(w);
    format_write_field_str(w, "id", ML_NODE);
    ml_shape_node_members(w);
    format_write_end_object(w);
}

static bool is_among(const char *const *list, const char *key)
{
    for (; list != NULL && *list != NULL; list++)
        if (strcmp(*list, key) == 0)
            return true;
    return false;
}

static const struct format_node *peek(const struct format_node *object, const char *key)
{
    for (size_t i = 0; i < format_node_count(object); i++)
        if (strcmp(format_node_key(format_node_at(object, i)), key) == 0)
            return format_node_at(object, i);
    return NULL;
}

/* Whether the changes have something in place of a member; aggregations go by two names. */
static bool is_replaced(const struct format_node *changes, const char *key)
{
    static const char *const aggs[] = {"aggregations", "aggs", NULL};
    return peek(changes, key) != NULL || (is_among(aggs, key) && (peek(changes, aggs[0]) != NULL ||
                                                                  peek(changes, aggs[1]) != NULL));
}

void ml_shape_merge(const struct format_node *base, const struct format_node *changes,
                    const char *const *without, struct format_writer *w)
{
    format_write_begin_object(w);
    for (size_t i = 0; i < format_node_count(base); i++) {
        const struct format_node *v = format_node_at(base, i);
        if (is_among(without, format_node_key(v)) || is_replaced(changes, format_node_key(v)))
            continue;
        format_write_key_n(w, format_node_key(v), format_node_key_len(v));
        format_node_write_value(v, w);
    }
    for (size_t i = 0; i < format_node_count(changes); i++) {
        const struct format_node *v = format_node_at(changes, i);
        if (is_among(without, format_node_key(v)) || format_node_type(v) == FORMAT_NULL)
            continue;
        format_write_key_n(w, format_node_key(v), format_node_key_len(v));
        format_node_write_value(v, w);
    }
    format_write_end_object(w);
}

void ml_shape_feed_text(const struct format_node *old, const struct format_node *body,
                        const char *id, const char *job_id, struct buf *out)
{
    static const char *const without[] = {"datafeed_id", "job_id", "_force_rekeying", "headers",
                                          NULL};
    struct format_writer w;
    struct buf rest;
    buf_init(&rest);
    format_write_init(&w, &rest);
    ml_shape_merge(old, body, without, &w);
    buf_format(out, "{\"datafeed_id\":\"%s\",\"job_id\":\"%s\"%s%s", id, job_id,
               rest.n > 2 ? "," : "", rest.n > 0 ? buf_text(&rest) + 1 : "}");
    out->failed |= !buf_ok(&rest);
    buf_release(&rest);
}

enum err ml_shape_asked(struct api_call *c, struct err_text *why)
{
    struct format_node *body;
    enum err err = api_call_body(c, false, &body, why);
    if (err != ERR_NONE || body == NULL)
        return err;
    if (format_node_type(body) != FORMAT_OBJECT)
        return api_call_fail(c, 400, "x_content_parse_exception", why, "expected an object");
    return api_call_unknown(c, body, why);
}

enum err ml_shape_known(struct api_call *c, const struct format_node *object,
                        const char *const *known, struct err_text *why)
{
    if (format_node_type(object) != FORMAT_OBJECT)
        return api_call_fail(c, 400, "x_content_parse_exception", why, "expected an object");
    for (size_t i = 0; i < format_node_count(object); i++) {
        const struct format_node *v = format_node_at(object, i);
        if (!is_among(known, format_node_key(v)))
            return api_call_fail(c, 400, "x_content_parse_exception", why,
                                 "[%u:%u] unknown field [%.100s]", format_node_line(v),
                                 format_node_column(v), format_node_key(v));
    }
    return ERR_NONE;
}

/* In the largest unit that divides it, as Elasticsearch writes spans. */
static void write_span(struct format_writer *w, const char *key, ts_ns span)
{
    static const struct {
        ts_ns unit;
        const char *name;
    } units[] = {
        {TIME_DAY, "d"}, {TIME_HOUR, "h"}, {TIME_MIN, "m"}, {TIME_S, "s"}, {TIME_MS, "ms"}};
    char text[40];
    size_t i = 0;
    while (i + 1 < sizeof(units) / sizeof(units[0]) && span % units[i].unit != 0)
        i++;
    snprintf(text, sizeof(text), "%lld%s", (long long)(span / units[i].unit), units[i].name);
    format_write_field_str(w, key, text);
}

/* A member as it was written down, if it was. */
static void write_as_is(struct format_writer *w, const struct format_node *from, const char *key)
{
    const struct format_node *v = format_node_get(from, key);
    if (format_node_type(v) == FORMAT_NULL)
        return;
    format_write_key(w, key);
    format_node_write_value(v, w);
}

static void write_detector(struct format_writer *w, const struct format_node *v,
                           const struct detect_detector *d, size_t index, bool exporting)
{
    static const char *const keys[] = {"function",         "field_name",           "by_field_name",
                                       "over_field_name",  "partition_field_name", "use_null",
                                       "exclude_frequent", "custom_rules"};
    format_write_begin_object(w);
    format_write_field_str(w, "detector_description", d->description);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        write_as_is(w, v, keys[i]);
    if (!exporting)
        format_write_field_i64(w, "detector_index", (int64_t)index);
    format_write_end_object(w);
}

static void write_analysis(struct format_writer *w, const struct format_node *config,
                           const struct detect_job *job, bool exporting)
{
    static const char *const more[] = {"categorization_field_name", "categorization_filters",
                                       "categorization_analyzer", "per_partition_categorization",
                                       "summary_count_field_name"};
    const struct format_node *ac = format_node_get(config, "analysis_config");
    const struct format_node *detectors = format_node_get(ac, "detectors");
    format_write_key(w, "analysis_config");
    format_write_begin_object(w);
    write_span(w, "bucket_span", job->bucket_span_ns);
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
        write_as_is(w, ac, more[i]);
    if (format_node_type(format_node_get(ac, "latency")) != FORMAT_NULL)
        write_span(w, "latency", job->latency_ns);
    format_write_key(w, "detectors");
    format_write_begin_array(w);
    for (size_t i = 0; i < job->n_detectors; i++)
        write_detector(w, format_node_at(detectors, i), &job->detectors[i], i, exporting);
    format_write_end_array(w);
    format_write_key(w, "influencers");
    format_write_begin_array(w);
    for (size_t i = 0; i < job->n_influencers; i++)
        format_write_str(w, job->influencers[i]);
    format_write_end_array(w);
    write_span(w, "model_prune_window", job->prune_window_ns);
    format_write_end_object(w);
}

static void write_limits(struct format_writer *w, const struct format_node *config,
                         const struct detect_job *job)
{
    const struct format_node *al = format_node_get(config, "analysis_limits");
    char memory[40];
    snprintf(memory, sizeof(memory), "%llumb", (unsigned long long)(job->memory_limit >> 20));
    format_write_key(w, "analysis_limits");
    format_write_begin_object(w);
    format_write_field_str(w, "model_memory_limit", memory);
    format_write_field_i64(
        w, "categorization_examples_limit",
        format_node_int(format_node_get(al, "categorization_examples_limit"), 4));
    format_write_end_object(w);
}

static void write_data(struct format_writer *w, const struct format_node *config,
                       const struct detect_job *job)
{
    const struct format_node *dd = format_node_get(config, "data_description");
    format_write_key(w, "data_description");
    format_write_begin_object(w);
    format_write_field_str(w, "time_field", job->time_field);
    format_write_field_str(w, "time_format",
                           format_node_str(format_node_get(dd, "time_format"), "epoch"));
    format_write_end_object(w);
}

struct used_snapshot {
    char id[300];
};

static bool find_used(void *ctx, const struct store_snapshot *s)
{
    struct used_snapshot *u = ctx;
    if (s->used)
        snprintf(u->id, sizeof(u->id), "%s", s->id);
    return !s->used;
}

/* Always as a list: one group may have been given as a text. */
static void write_groups(struct format_writer *w, const struct format_node *config,
                         const struct detect_job *job)
{
    if (format_node_type(format_node_get(config, "groups")) == FORMAT_NULL)
        return;
    format_write_key(w, "groups");
    format_write_begin_array(w);
    for (size_t i = 0; i < job->n_groups; i++)
        format_write_str(w, job->groups[i]);
    format_write_end_array(w);
}

static void write_job(struct api_call *c, const struct store_job *row,
                      const struct format_node *config, const struct detect_job *job,
                      bool exporting, struct format_writer *w)
{
    struct used_snapshot used = {""};
    if (!exporting) {
        format_write_field_str(w, "job_id", row->id);
        format_write_field_str(w, "job_type", "anomaly_detector");
        format_write_field_str(w, "job_version", "12.0.0");
        format_write_field_i64(w, "create_time", row->created / TIME_MS);
    }
    write_groups(w, config, job);
    write_as_is(w, config, "description");
    write_analysis(w, config, job, exporting);
    write_limits(w, config, job);
    write_data(w, config, job);
    if (format_node_type(format_node_get(config, "model_plot_config")) != FORMAT_NULL) {
        format_write_key(w, "model_plot_config");
        format_write_begin_object(w);
        format_write_field_bool(w, "enabled", job->model_plot);
        if (job->model_plot_terms != NULL)
            format_write_field_str(w, "terms", job->model_plot_terms);
        format_write_field_bool(w, "annotations_enabled", job->annotations);
        format_write_end_object(w);
    }
    write_as_is(w, config, "renormalization_window_days");
    if (job->persist_interval_ns > 0)
        write_span(w, "background_persist_interval", job->persist_interval_ns);
    format_write_field_i64(w, "model_snapshot_retention_days", job->snapshot_retention_days);
    format_write_field_i64(w, "daily_model_snapshot_retention_after_days",
                           job->daily_snapshot_retention_days);
    write_as_is(w, config, "results_retention_days");
    write_as_is(w, config, "custom_settings");
    if (!exporting &&
        store_state_snapshot_list(c->ports->state, row->id, find_used, &used) == ERR_NONE &&
        used.id[0] != '\0')
        format_write_field_str(w, "model_snapshot_id", used.id);
    bool custom =
        strcmp(job->results_index, "shared") != 0 && strncmp(job->results_index, "custom-", 7) != 0;
    char index[300];
    snprintf(index, sizeof(index), "%s%.250s", custom ? "custom-" : "", job->results_index);
    format_write_field_str(w, "results_index_name", index);
    format_write_field_bool(w, "allow_lazy_open", job->allow_lazy_open);
}

void ml_shape_job(struct api_call *c, const struct store_job *row,
                  const struct detect_filters *filters, bool exporting, struct format_writer *w)
{
    struct format_node *config = NULL;
    struct detect_job *job = NULL;
    struct err_text why;
    enum err err = format_node_json(row->config, strlen(row->config), row->id, &config, &why);
    if (err == ERR_NONE)
        err = detect_job_from_node(config, filters->list, filters->n, &job, &why);
    format_write_begin_object(w);
    if (err == ERR_NONE) {
        write_job(c, row, config, job, exporting, w);
    } else { /* one that cannot be read is shown as it stands */
        format_write_field_str(w, "job_id", row->id);
        write_as_is(w, config, "analysis_config");
        write_as_is(w, config, "data_description");
    }
    if (ml_find_feed_id(c, row) != NULL) {
        format_write_key(w, "datafeed_config");
        ml_shape_feed(c, row, exporting, w);
    }
    format_write_end_object(w);
    detect_job_free(job);
    format_node_free(config);
}

/* Aggregations are read so many intervals at a time unless the datafeed says otherwise. */
#define CHUNK_INTERVALS 1000

static void write_chunking(struct format_writer *w, const struct format_node *feed,
                           const struct detect_aggs *aggs)
{
    const struct format_node *v = format_node_get(feed, "chunking_config");
    format_write_key(w, "chunking_config");
    if (format_node_type(v) == FORMAT_OBJECT) {
        format_node_write_value(v, w);
        return;
    }
    format_write_begin_object(w);
    format_write_field_str(w, "mode", aggs != NULL ? "manual" : "auto");
    if (aggs != NULL) {
        ts_ns most = TIME_MAX / aggs->interval_ns;
        write_span(w, "time_span",
                   (most < CHUNK_INTERVALS ? most : CHUNK_INTERVALS) * aggs->interval_ns);
    }
    format_write_end_object(w);
}

static void write_indices_options(struct format_writer *w, const struct format_node *feed)
{
    const struct format_node *v = format_node_get(feed, "indices_options");
    format_write_key(w, "indices_options");
    if (format_node_type(v) == FORMAT_OBJECT) {
        format_node_write_value(v, w);
        return;
    }
    format_write_begin_object(w);
    format_write_key(w, "expand_wildcards");
    format_write_begin_array(w);
    format_write_str(w, "open");
    format_write_end_array(w);
    format_write_field_bool(w, "ignore_unavailable", false);
    format_write_field_bool(w, "allow_no_indices", true);
    format_write_field_bool(w, "ignore_throttled", true);
    format_write_end_object(w);
}

static void write_delayed(struct format_writer *w, const struct detect_feed *feed)
{
    format_write_key(w, "delayed_data_check_config");
    format_write_begin_object(w);
    format_write_field_bool(w, "enabled", feed->check_delayed);
    if (feed->check_window_ns > 0)
        write_span(w, "check_window", feed->check_window_ns);
    format_write_end_object(w);
}

static void write_query(struct format_writer *w, const struct format_node *feed)
{
    const struct format_node *v = format_node_get(feed, "query");
    format_write_key(w, "query");
    if (format_node_type(v) == FORMAT_OBJECT) {
        format_node_write_value(v, w);
        return;
    }
    format_write_begin_object(w);
    format_write_key(w, "match_all");
    format_write_begin_object(w);
    format_write_field_f64(w, "boost", 1);
    format_write_end_object(w);
    format_write_end_object(w);
}

void ml_shape_feed(struct api_call *c, const struct store_job *row, bool exporting,
                   struct format_writer *w)
{
    static const char all[] = "{\"indices\":[\"*\"]}";
    const char *text = row->datafeed != NULL ? row->datafeed : all;
    struct format_node *node = NULL;
    struct detect_feed *feed = NULL;
    struct err_text why;
    enum err err = format_node_json(text, strlen(text), row->id, &node, &why);
    if (err == ERR_NONE)
        err = detect_feed_from_node(node, &feed, &why);
    format_write_begin_object(w);
    if (!exporting)
        format_write_field_str(w, "datafeed_id", ml_find_feed_id(c, row));
    format_write_field_str(w, "job_id", row->id);
    if (err == ERR_NONE) {
        write_span(w, "query_delay", feed->query_delay_ns);
        if (feed->frequency_ns > 0)
            write_span(w, "frequency", feed->frequency_ns);
        format_write_key(w, "indices");
        format_write_begin_array(w);
        for (size_t i = 0; i < feed->n_indices; i++)
            format_write_str(w, feed->indices[i]);
        format_write_end_array(w);
        write_query(w, node);
        if (feed->aggs != NULL) {
            format_write_key(w, "aggregations");
            format_write_raw(w, feed->aggs->text, strlen(feed->aggs->text));
        }
        write_as_is(w, node, "script_fields");
        format_write_field_i64(w, "scroll_size", feed->scroll_size);
        write_chunking(w, node, feed->aggs);
        write_delayed(w, feed);
        if (feed->max_empty_searches > 0)
            format_write_field_i64(w, "max_empty_searches", feed->max_empty_searches);
        write_indices_options(w, node);
        write_as_is(w, node, "runtime_mappings");
    }
    format_write_end_object(w);
    detect_feed_free(feed);
    format_node_free(node);
}
