/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs as they are written down: put, get, update, delete, and what one would be like. */
#include "ml/rows.h"

#include "api/api.h"
#include "base/mem.h"
#include "detect/estimate.h"
#include "detect/filter.h"
#include "detect/job.h"
#include "format/node.h"
#include "http/request.h"
#include "ml/ask.h"
#include "ml/find.h"
#include "ml/list.h"
#include "ml/name.h"
#include "ml/shape.h"

#include <stdio.h>
#include <string.h>

static const char *const job_keys[] = {"job_id",
                                       "job_type",
                                       "allow_lazy_open",
                                       "analysis_config",
                                       "analysis_limits",
                                       "background_persist_interval",
                                       "custom_settings",
                                       "daily_model_snapshot_retention_after_days",
                                       "data_description",
                                       "datafeed_config",
                                       "description",
                                       "groups",
                                       "model_plot_config",
                                       "model_snapshot_retention_days",
                                       "renormalization_window_days",
                                       "results_index_name",
                                       "results_retention_days",
                                       NULL};

/* Whether no job has the id, and no group is called like it. */
static enum err check_free(struct api_call *c, const char *id, struct err_text *why)
{
    struct err_text none;
    struct ml_found found;
    enum err err = ml_find_jobs(c, id, true, &found, &none);
    if (err == ERR_NONE)
        return api_call_fail(c, 400, "resource_already_exists_exception", why,
                             "The job cannot be created with the Id '%s'. The Id is already used.",
                             id);
    if (c->status != 404) {
        *why = none;
        return err;
    }
    c->status = 0;
    c->type = NULL;
    return ERR_NONE;
}

/* No group may be called like a job. */
static enum err check_groups(struct api_call *c, const char *id, const struct format_node *body,
                             struct err_text *why)
{
    const struct format_node *groups = format_node_get(body, "groups");
    bool single = format_node_type(groups) == FORMAT_STRING;
    size_t n = single ? 1 : format_node_count(groups);
    struct store_job row;
    for (size_t i = 0; i < n; i++) {
        const char *name = format_node_str(single ? groups : format_node_at(groups, i), "");
        enum err err = ml_name_check(c, "group id", name, why);
        if (err != ERR_NONE)
            return err;
        err = store_state_job_get(c->ports->state, name, &c->arena, &row);
        if (err == ERR_NONE || strcmp(name, id) == 0)
            return api_call_fail(c, 400, "resource_already_exists_exception", why,
                                 "job and group names must be unique but job [%s] and group [%s] "
                                 "have the same name",
                                 name, name);
        if (err != ERR_NOT_FOUND)
            return ml_find_broken(err, why);
    }
    return ERR_NONE;
}

/* The datafeed that comes with a job, as text with its ids. */
static enum err feed_text(struct api_call *c, const struct format_node *feed, const char *job_id,
                          struct buf *out, struct err_text *why)
{
    const char *id = format_node_str(format_node_get(feed, "datafeed_id"), job_id);
    enum err err = ml_name_same(c, feed, "job_id", job_id, why);
    if (err == ERR_NONE)
        err = ml_name_check(c, "datafeed_id", id, why);
    if (err == ERR_NONE)
        err = ml_find_unused_feed(c, id, why);
    if (err == ERR_NONE)
        ml_shape_feed_text(NULL, feed, id, job_id, out);
    return err;
}

static enum err show(struct api_call *c, const char *id, struct err_text *why)
{
    struct store_job row;
    struct detect_filters filters = {0};
    enum err err = ml_find_job(c, id, &row, why);
    if (err == ERR_NONE)
        err = ml_shape_filters(c, &filters, why);
    if (err == ERR_NONE)
        ml_shape_job(c, &row, &filters, false, &c->out);
    detect_filters_release(&filters);
    return err;
}

static enum err put(struct api_call *c, struct err_text *why)
{
    static const char *const feed_key[] = {"datafeed_config", "job_id", NULL};
    const char *id = ml_find_part(c, "job_id");
    struct format_node *body;
    enum err err = api_call_body(c, true, &body, why);
    if (err == ERR_NONE)
        err = ml_shape_known(c, body, job_keys, why);
    if (err != ERR_NONE)
        return err;
    err = ml_name_same(c, body, "job_id", id, why);
    if (err == ERR_NONE)
        err = ml_name_check(c, "job_id", id, why);
    if (err == ERR_NONE)
        err = check_free(c, id, why);
    if (err == ERR_NONE)
        err = check_groups(c, id, body, why);
    if (err != ERR_NONE)
        return err;
    struct ml_ask a;
    struct buf job, feed;
    struct format_writer w;
    const struct format_node *config = format_node_get(body, "datafeed_config");
    buf_init(&job);
    buf_init(&feed);
    ml_ask_init(&a, "job", "create-closed");
    format_write_init(&w, &job);
    ml_shape_merge(body, NULL, feed_key, &w);
    ml_ask_add(&a, "id", id);
    format_write_key(&a.w, "job");
    struct buf whole;
    buf_init(&whole);
    buf_format(&whole, "{\"job_id\":\"%s\",%s", id,
               job.n > 2 ? buf_text(&job) + 1 : "\"groups\":[]}");
    format_write_str_n(&a.w, buf_text(&whole), whole.n);
    if (format_node_type(config) == FORMAT_OBJECT)
        err = feed_text(c, config, id, &feed, why);
    if (err == ERR_NONE && feed.n > 0)
        ml_ask_add(&a, "datafeed", buf_text(&feed));
    if (err == ERR_NONE && (!buf_ok(&job) || !buf_ok(&feed) || !buf_ok(&whole)))
        err = ml_find_broken(ERR_MEMORY, why);
    if (err == ERR_NONE)
        err = ml_ask_send(c, &a, why);
    ml_ask_release(&a);
    buf_release(&whole);
    buf_release(&job);
    buf_release(&feed);
    return err == ERR_NONE ? show(c, id, why) : err;
}

static enum err write_job(struct api_call *c, void *ctx, const struct store_job *row,
                          bool exporting, struct format_writer *w, struct err_text *why)
{
    (void)why;
    ml_shape_job(c, row, ctx, exporting, w);
    return ERR_NONE;
}

static enum err get(struct api_call *c, struct err_text *why)
{
    static const struct ml_list jobs = {"job_id", "jobs", true, ml_find_jobs, write_job};
    struct detect_filters filters = {0};
    enum err err = ml_shape_filters(c, &filters, why);
    if (err == ERR_NONE)
        err = ml_list_answer(c, &jobs, &filters, why);
    detect_filters_release(&filters);
    return err;
}

/* Members of analysis_config that an update names. */
static const char *const analysis_updates[] = {"categorization_filters", "model_prune_window",
                                               "per_partition_categorization", NULL};

static bool is_in(const char *const *list, const char *key)
{
    for (; *list != NULL; list++)
        if (strcmp(*list, key) == 0)
            return true;
    return false;
}

/* A detector, with the description and the rules that an update gives it. */
static void write_detector(const struct format_node *d, const struct format_node *change,
                           struct format_writer *w)
{
    const struct format_node *description = format_node_get(change, "description");
    const struct format_node *rules = format_node_get(change, "custom_rules");
    format_write_begin_object(w);
    for (size_t i = 0; i < format_node_count(d); i++) {
        const struct format_node *v = format_node_at(d, i);
        if ((description != NULL && strcmp(format_node_key(v), "detector_description") == 0) ||
            (rules != NULL && strcmp(format_node_key(v), "custom_rules") == 0))
            continue;
        format_write_key(w, format_node_key(v));
        format_node_write_value(v, w);
    }
    if (description != NULL) {
        format_write_key(w, "detector_description");
        format_node_write_value(description, w);
    }
    if (rules != NULL) {
        format_write_key(w, "custom_rules");
        format_node_write_value(rules, w);
    }
    format_write_end_object(w);
}

static const struct format_node *change_of(const struct format_node *detectors, size_t index)
{
    for (size_t i = 0; i < format_node_count(detectors); i++) {
        const struct format_node *v = format_node_at(detectors, i);
        if (format_node_int(format_node_get(v, "detector_index"), -1) == (int64_t)index)
            return v;
    }
    return NULL;
}

static void write_analysis(const struct format_node *ac, const struct format_node *body,
                           struct format_writer *w)
{
    const struct format_node *changes = format_node_get(body, "detectors");
    format_write_begin_object(w);
    for (size_t i = 0; i < format_node_count(ac); i++) {
        const struct format_node *v = format_node_at(ac, i);
        const char *key = format_node_key(v);
        if (is_in(analysis_updates, key) && format_node_get(body, key) != NULL)
            continue;
        format_write_key(w, key);
        if (strcmp(key, "detectors") != 0) {
            format_node_write_value(v, w);
            continue;
        }
        format_write_begin_array(w);
        for (size_t k = 0; k < format_node_count(v); k++)
            write_detector(format_node_at(v, k), change_of(changes, k), w);
        format_write_end_array(w);
    }
    for (size_t i = 0; analysis_updates[i] != NULL; i++) {
        const struct format_node *v = format_node_get(body, analysis_updates[i]);
        if (format_node_type(v) == FORMAT_NULL)
            continue;
        format_write_key(w, analysis_updates[i]);
        format_node_write_value(v, w);
    }
    format_write_end_object(w);
}

/* The job as it was written down, with what the body changes. */
static void write_updated(const struct format_node *config, const struct format_node *body,
                          struct format_writer *w)
{
    static const char *const inside[] = {"detectors", "categorization_filters",
                                         "model_prune_window", "per_partition_categorization",
                                         NULL};
    format_write_begin_object(w);
    for (size_t i = 0; i < format_node_count(config); i++) {
        const struct format_node *v = format_node_at(config, i);
        const char *key = format_node_key(v);
        bool analysis = strcmp(key, "analysis_config") == 0;
        bool limits = strcmp(key, "analysis_limits") == 0;
        const struct format_node *change = format_node_get(body, key);
        if (change != NULL && !limits)
            continue;
        format_write_key(w, key);
        if (analysis)
            write_analysis(v, body, w);
        else if (limits && format_node_type(change) == FORMAT_OBJECT)
            ml_shape_merge(v, change, NULL, w);
        else
            format_node_write_value(v, w);
    }
    for (size_t i = 0; i < format_node_count(body); i++) {
        const struct format_node *v = format_node_at(body, i);
        const char *key = format_node_key(v);
        bool merged = strcmp(key, "analysis_limits") == 0 && format_node_get(config, key) != NULL;
        if (merged || is_in(inside, key) || format_node_type(v) == FORMAT_NULL)
            continue;
        format_write_key(w, key);
        format_node_write_value(v, w);
    }
    format_write_end_object(w);
}

static const char *const update_keys[] = {"allow_lazy_open",
                                          "analysis_limits",
                                          "background_persist_interval",
                                          "custom_settings",
                                          "categorization_filters",
                                          "description",
                                          "model_plot_config",
                                          "model_prune_window",
                                          "daily_model_snapshot_retention_after_days",
                                          "model_snapshot_retention_days",
                                          "renormalization_window_days",
                                          "results_retention_days",
                                          "groups",
                                          "detectors",
                                          "per_partition_categorization",
                                          "job_id",
                                          NULL};

/* What an update must not do. */
static enum err check_update(struct api_call *c, const struct store_job *row,
                             const struct format_node *config, const struct format_node *body,
                             struct err_text *why)
{
    static const char *const detector_keys[] = {"detector_index", "description", "custom_rules",
                                                NULL};
    const struct format_node *detectors = format_node_get(body, "detectors");
    size_t has =
        format_node_count(format_node_get(format_node_get(config, "analysis_config"), "detectors"));
    enum err named = ml_name_same(c, body, "job_id", row->id, why);
    if (named == ERR_NONE)
        named = check_groups(c, row->id, body, why);
    if (named != ERR_NONE)
        return named;
    if (format_node_get(body, "analysis_limits") != NULL && ml_find_is_open(row))
        return api_call_fail(c, 409, "status_exception", why,
                             "analysis_limits cannot be updated while job [%s] is open", row->id);
    for (size_t i = 0; i < format_node_count(detectors); i++) {
        const struct format_node *v = format_node_at(detectors, i);
        enum err err = ml_shape_known(c, v, detector_keys, why);
        if (err != ERR_NONE)
            return err;
        int64_t index = format_node_int(format_node_get(v, "detector_index"), -1);
        if (index < 0 || index >= (int64_t)has)
            return api_call_fail(c, 400, "illegal_argument_exception", why,
                                 "Invalid detector_index [%lld]: the job has %zu detectors",
                                 (long long)index, has);
    }
    return ERR_NONE;
}

static enum err parse(struct api_call *c, const struct format_node *body, struct detect_job **out,
                      struct err_text *why)
{
    struct detect_filters filters = {0};
    enum err err = ml_shape_filters(c, &filters, why);
    if (err == ERR_NONE)
        err = detect_job_from_node(body, filters.list, filters.n, out, why);
    detect_filters_release(&filters);
    return err;
}

/* What the job's model took when it was saved last. */
static int64_t used_memory(const struct store_job *row)
{
    struct format_node *counts = NULL;
    struct err_text why;
    if (row->counts == NULL ||
        format_node_json(row->counts, strlen(row->counts), row->id, &counts, &why) != ERR_NONE)
        return 0;
    int64_t used = format_node_int(
        format_node_get(format_node_get(counts, "model_size_stats"), "model_bytes"), 0);
    format_node_free(counts);
    return used;
}

/* A model cannot be made to fit into less than it takes. */
static enum err check_memory(struct api_call *c, const struct store_job *row,
                             const struct buf *updated, struct err_text *why)
{
    struct format_node *config = NULL;
    struct detect_job *job = NULL;
    int64_t used = used_memory(row);
    enum err err = format_node_json(buf_text(updated), updated->n, row->id, &config, why);
    if (err == ERR_NONE)
        err = parse(c, config, &job, why);
    if (err == ERR_NONE && used > 0 && job->memory_limit < (uint64_t)used)
        err = api_call_fail(c, 400, "illegal_argument_exception", why,
                            "Invalid update value for analysis_limits: model_memory_limit cannot "
                            "be decreased below current usage; current usage [%lldmb], update "
                            "had [%llumb]",
                            (long long)((used + (1 << 20) - 1) >> 20),
                            (unsigned long long)(job->memory_limit >> 20));
    detect_job_free(job);
    format_node_free(config);
    return err;
}

static enum err update(struct api_call *c, struct err_text *why)
{
    struct format_node *body, *config = NULL;
    struct store_job row;
    struct format_writer w;
    struct buf text;
    enum err err = api_call_body(c, true, &body, why);
    if (err == ERR_NONE)
        err = ml_shape_known(c, body, update_keys, why);
    if (err == ERR_NONE)
        err = ml_find_job(c, ml_find_part(c, "job_id"), &row, why);
    if (err == ERR_NONE)
        err = format_node_json(row.config, strlen(row.config), row.id, &config, why);
    if (err == ERR_NONE)
        err = check_update(c, &row, config, body, why);
    buf_init(&text);
    if (err == ERR_NONE) {
        format_write_init(&w, &text);
        write_updated(config, body, &w);
        if (!buf_ok(&text))
            err = ml_find_broken(ERR_MEMORY, why);
        else if (format_node_get(body, "analysis_limits") != NULL)
            err = check_memory(c, &row, &text, why);
    }
    if (err == ERR_NONE) {
        struct ml_ask a;
        ml_ask_init(&a, "job", "update");
        ml_ask_add(&a, "id", row.id);
        ml_ask_add(&a, "job", buf_text(&text));
        ml_ask_add(&a, "was", row.config);
        err = ml_ask_send(c, &a, why);
        ml_ask_release(&a);
    }
    buf_release(&text);
    format_node_free(config);
    return err == ERR_NONE ? show(c, row.id, why) : err;
}

static enum err delete_job(struct api_call *c, struct err_text *why)
{
    bool force, done, annotations;
    struct store_job row;
    enum err err = api_call_flag(c, "force", false, &force, why);
    if (err == ERR_NONE)
        err = api_call_flag(c, "wait_for_completion", true, &done, why);
    if (err == ERR_NONE)
        err = api_call_flag(c, "delete_user_annotations", false, &annotations, why);
    if (err == ERR_NONE)
        err = ml_find_job(c, ml_find_part(c, "job_id"), &row, why);
    if (err == ERR_NONE && ml_find_is_open(&row) && !force)
        return api_call_fail(c, 409, "status_exception", why,
                             "Cannot delete job [%s] because the job is %s", row.id,
                             ml_find_state(&row));
    if (err == ERR_NONE)
        err = ml_ask_job(c, "delete", row.id, why);
    if (err == ERR_NONE)
        ml_shape_over(c, done);
    return err;
}

static enum err validate(struct api_call *c, struct err_text *why)
{
    static const char *const keys[] = {"job_id",
                                       "job_type",
                                       "analysis_config",
                                       "analysis_limits",
                                       "data_description",
                                       "description",
                                       "model_plot",
                                       "model_plot_config",
                                       "model_snapshot_id",
                                       "model_snapshot_retention_days",
                                       "daily_model_snapshot_retention_after_days",
                                       "results_index_name",
                                       "allow_lazy_open",
                                       "background_persist_interval",
                                       "custom_settings",
                                       "groups",
                                       "renormalization_window_days",
                                       "results_retention_days",
                                       "datafeed_config",
                                       NULL};
    struct format_node *body;
    struct detect_job *job = NULL;
    enum err err = api_call_body(c, true, &body, why);
    if (err == ERR_NONE)
        err = ml_shape_known(c, body, keys, why);
    if (err == ERR_NONE)
        err = parse(c, body, &job, why);
    detect_job_free(job);
    if (err == ERR_NONE)
        ml_shape_done(c, "acknowledged");
    return err;
}

/* Whether a detector splits by the categories of messages. */
static bool is_categorized(const struct format_node *detector)
{
    static const char *const keys[] = {"by_field_name", "over_field_name", "partition_field_name"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(format_node_str(format_node_get(detector, keys[i]), ""),
                   DETECT_CATEGORY_FIELD) == 0)
            return true;
    }
    return false;
}

static enum err validate_detector(struct api_call *c, struct err_text *why)
{
    struct format_node *body, *whole = NULL;
    struct detect_job *job = NULL;
    struct buf text;
    enum err err = api_call_body(c, true, &body, why);
    if (err != ERR_NONE)
        return err;
    buf_init(&text);
    buf_str(&text, "{\"analysis_config\":{\"detectors\":[");
    format_node_write(body, &text);
    /* Whose messages they are is a matter of the job. */
    buf_str(&text, is_categorized(body) ? "],\"categorization_field_name\":\"message\"}}" : "]}}");
    err = buf_ok(&text) ? format_node_json(buf_text(&text), text.n, "detector", &whole, why)
                        : ml_find_broken(ERR_MEMORY, why);
    if (err == ERR_NONE)
        err = parse(c, whole, &job, why);
    detect_job_free(job);
    format_node_free(whole);
    buf_release(&text);
    if (err == ERR_NONE)
        ml_shape_done(c, "acknowledged");
    return err;
}

/* A job has at most some hundred fields; more values of none are asked about. */
#define FIELDS_MOST 1000

/* How many values fields have, of both members. */
static struct detect_cardinality *read_cardinalities(struct api_call *c,
                                                     const struct format_node *overall,
                                                     const struct format_node *bucket,
                                                     size_t *out_n)
{
    size_t most = format_node_count(overall) + format_node_count(bucket);
    struct detect_cardinality *list = arena_zero(&c->arena, (most + 1) * sizeof(*list));
    size_t n = 0;
    for (size_t i = 0; list != NULL && i < most; i++) {
        bool is_overall = i < format_node_count(overall);
        const struct format_node *v = is_overall
                                          ? format_node_at(overall, i)
                                          : format_node_at(bucket, i - format_node_count(overall));
        size_t k = 0;
        while (k < n && strcmp(list[k].field, format_node_key(v)) != 0)
            k++;
        if (k == n)
            list[n++].field = format_node_key(v);
        int64_t count = format_node_int(v, 0);
        *(is_overall ? &list[k].overall : &list[k].bucket) = count > 0 ? (uint64_t)count : 0;
    }
    *out_n = n;
    return list;
}

static enum err estimate(struct api_call *c, struct err_text *why)
{
    static const char *const keys[] = {"analysis_config", "overall_cardinality",
                                       "max_bucket_cardinality", NULL};
    struct format_node *body;
    struct detect_job *job = NULL;
    uint64_t bytes = 0;
    size_t n = 0;
    char text[40];
    enum err err = api_call_body(c, true, &body, why);
    if (err == ERR_NONE)
        err = ml_shape_known(c, body, keys, why);
    if (err == ERR_NONE && format_node_get(body, "analysis_config") == NULL)
        return api_call_fail(c, 400, "action_request_validation_exception", why,
                             "Validation Failed: 1: [analysis_config] was not specified;");
    if (err != ERR_NONE)
        return err;
    if (format_node_count(format_node_get(body, "overall_cardinality")) +
            format_node_count(format_node_get(body, "max_bucket_cardinality")) >
        FIELDS_MOST)
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "the cardinalities of more than %d fields are given", FIELDS_MOST);
    struct detect_cardinality *list =
        read_cardinalities(c, format_node_get(body, "overall_cardinality"),
                           format_node_get(body, "max_bucket_cardinality"), &n);
    err = list != NULL ? parse(c, body, &job, why) : ml_find_broken(ERR_MEMORY, why);
    if (err == ERR_NONE)
        err = detect_estimate(job, list, n, &bytes, why);
    detect_job_free(job);
    if (err != ERR_NONE)
        return err;
    snprintf(text, sizeof(text), "%llumb", (unsigned long long)((bytes + (1 << 20) - 1) >> 20));
    format_write_begin_object(&c->out);
    format_write_field_str(&c->out, "model_memory_estimate", text);
    format_write_end_object(&c->out);
    return ERR_NONE;
}

#define ROW(method, path, right, body, params, summary, handle)                                    \
    {                                                                                              \
        method, path, right, API_FORM_ELASTIC, body, params, summary, handle, HTTP_LANE_SHORT      \
    }
#define JOBS "/_ml/anomaly_detectors"

const struct api_row ml_job_rows[] = {
    ROW("PUT", JOBS "/{job_id}", AUTH_RIGHT_STEER, API_ROW_LARGE,
        "allow_no_indices:boolean expand_wildcards:text ignore_throttled:boolean "
        "ignore_unavailable:boolean",
        "Make a job", put),
    ROW("GET", JOBS, AUTH_RIGHT_READ, 0, "allow_no_match:boolean exclude_generated:boolean",
        "All jobs", get),
    ROW("GET", JOBS "/{job_id}", AUTH_RIGHT_READ, 0,
        "allow_no_match:boolean exclude_generated:boolean", "Jobs by ids, groups and patterns",
        get),
    ROW("POST", JOBS "/{job_id}/_update", AUTH_RIGHT_STEER, API_ROW_LARGE, "", "Change a job",
        update),
    ROW("DELETE", JOBS "/{job_id}", AUTH_RIGHT_STEER, 0,
        "force:boolean wait_for_completion:boolean delete_user_annotations:boolean",
        "Delete a job with all it has found", delete_job),
    ROW("POST", JOBS "/_validate", AUTH_RIGHT_TRIAGE, API_ROW_LARGE, "",
        "Whether this would be a job", validate),
    ROW("POST", JOBS "/_validate/detector", AUTH_RIGHT_TRIAGE, API_ROW_SMALL, "",
        "Whether this would be a detector", validate_detector),
    ROW("POST", JOBS "/_estimate_model_memory", AUTH_RIGHT_TRIAGE, API_ROW_LARGE, "",
        "How much memory a job would want", estimate),
    {0},
};
