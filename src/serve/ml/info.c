/* SPDX-License-Identifier: Apache-2.0 */
/* Of machine learning as a whole: limits, memory, housekeeping. */
#include "ml/rows.h"

#include "api/api.h"
#include "format/node.h"
#include "ml/ask.h"
#include "ml/find.h"
#include "ml/shape.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int64_t total_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (int64_t)pages * size : 0;
}

/* Days, months and time zones are left out of what is categorised. */
static void write_stop_words(struct format_writer *w)
{
    static const char *const words[] = {
        "Monday",  "Tuesday",   "Wednesday", "Thursday", "Friday",   "Saturday", "Sunday",
        "Mon",     "Tue",       "Wed",       "Thu",      "Fri",      "Sat",      "Sun",
        "January", "February",  "March",     "April",    "May",      "June",     "July",
        "August",  "September", "October",   "November", "December", "Jan",      "Feb",
        "Mar",     "Apr",       "Jun",       "Jul",      "Aug",      "Sep",      "Oct",
        "Nov",     "Dec",       "GMT",       "UTC"};
    format_write_begin_object(w);
    format_write_field_str(w, "type", "stop");
    format_write_key(w, "stopwords");
    format_write_begin_array(w);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        format_write_str(w, words[i]);
    format_write_end_array(w);
    format_write_end_object(w);
}

static void write_defaults(struct format_writer *w)
{
    format_write_key(w, "defaults");
    format_write_begin_object(w);
    format_write_key(w, "anomaly_detectors");
    format_write_begin_object(w);
    format_write_field_str(w, "model_memory_limit", "1gb");
    format_write_field_i64(w, "categorization_examples_limit", 4);
    format_write_field_i64(w, "model_snapshot_retention_days", 10);
    format_write_field_i64(w, "daily_model_snapshot_retention_after_days", 1);
    format_write_key(w, "categorization_analyzer");
    format_write_begin_object(w);
    format_write_key(w, "char_filter");
    format_write_begin_array(w);
    format_write_str(w, "first_line_with_letters");
    format_write_end_array(w);
    format_write_field_str(w, "tokenizer", "ml_standard");
    format_write_key(w, "filter");
    format_write_begin_array(w);
    write_stop_words(w);
    format_write_begin_object(w);
    format_write_field_str(w, "type", "limit");
    format_write_field_str(w, "max_token_count", "100");
    format_write_end_object(w);
    format_write_end_array(w);
    format_write_end_object(w);
    format_write_end_object(w);
    format_write_key(w, "datafeeds");
    format_write_begin_object(w);
    format_write_field_i64(w, "scroll_size", 1000);
    format_write_end_object(w);
    format_write_end_object(w);
}

static enum err info(struct api_call *c, struct err_text *why)
{
    struct format_writer *w = &c->out;
    char memory[40];
    bool still;
    enum err err = ml_ask_still(c, &still, why);
    if (err != ERR_NONE)
        return err;
    snprintf(memory, sizeof(memory), "%lldmb", (long long)(total_memory() >> 20));
    format_write_begin_object(w);
    write_defaults(w);
    format_write_field_bool(w, "upgrade_mode", still);
    format_write_key(w, "native_code");
    format_write_begin_object(w);
    format_write_field_str(w, "version", "8.19.0");
    format_write_field_str(w, "build_hash", "weir");
    format_write_end_object(w);
    format_write_key(w, "limits");
    format_write_begin_object(w);
    format_write_field_str(w, "total_ml_memory", memory);
    format_write_field_i64(w, "total_ml_processors", sysconf(_SC_NPROCESSORS_ONLN));
    format_write_end_object(w);
    format_write_end_object(w);
    return ERR_NONE;
}

/* What the models of the open jobs take now. */
static enum err model_bytes(struct api_call *c, int64_t *out, struct err_text *why)
{
    struct ml_found found;
    enum err err = ml_find_jobs(c, NULL, true, &found, why);
    *out = 0;
    for (size_t i = 0; err == ERR_NONE && i < found.n; i++) {
        struct format_node *said = NULL;
        struct ml_ask a;
        if (!ml_find_is_open(&found.list[i]))
            continue;
        ml_ask_init(&a, "job", "stats");
        ml_ask_add(&a, "id", found.list[i].id);
        err = ml_ask_send(c, &a, why);
        if (err == ERR_NONE)
            err = format_node_json(buf_text(&a.said), a.said.n, "statistics", &said, why);
        else if (err == ERR_NOT_FOUND) /* deleted meanwhile */
            err = ERR_NONE;
        const struct format_node *job = format_node_at(format_node_get(said, "jobs"), 0);
        *out += format_node_int(
            format_node_get(format_node_get(job, "model_size_stats"), "model_bytes"), 0);
        format_node_free(said);
        ml_ask_release(&a);
    }
    return err;
}

static void write_node(struct format_writer *w, int64_t used)
{
    int64_t total = total_memory();
    format_write_key(w, ML_NODE);
    format_write_begin_object(w);
    ml_shape_node_members(w);
    format_write_key(w, "roles");
    format_write_begin_array(w);
    format_write_str(w, "ml");
    format_write_end_array(w);
    format_write_key(w, "mem");
    format_write_begin_object(w);
    format_write_field_i64(w, "total_in_bytes", total);
    format_write_field_i64(w, "adjusted_total_in_bytes", total);
    format_write_key(w, "ml");
    format_write_begin_object(w);
    format_write_field_i64(w, "max_in_bytes", total);
    format_write_field_i64(w, "native_code_overhead_in_bytes", 0);
    format_write_field_i64(w, "anomaly_detectors_in_bytes", used);
    format_write_field_i64(w, "data_frame_analytics_in_bytes", 0);
    format_write_field_i64(w, "native_inference_in_bytes", 0);
    format_write_end_object(w);
    format_write_end_object(w);
    format_write_key(w, "jvm"); /* there is none */
    format_write_begin_object(w);
    format_write_field_i64(w, "heap_max_in_bytes", 0);
    format_write_field_i64(w, "java_inference_max_in_bytes", 0);
    format_write_field_i64(w, "java_inference_in_bytes", 0);
    format_write_end_object(w);
    format_write_end_object(w);
}

/* The one node has many names. */
static bool means_node(const char *names)
{
    return names == NULL || ml_find_fits(names, ML_NODE) || ml_find_fits(names, "weir") ||
           strcmp(names, "_local") == 0 || strcmp(names, "_master") == 0 ||
           strcmp(names, "ml:true") == 0;
}

static enum err memory_stats(struct api_call *c, struct err_text *why)
{
    struct format_writer *w = &c->out;
    bool there = means_node(ml_find_part(c, "node_id"));
    int64_t used = 0;
    enum err err = there ? model_bytes(c, &used, why) : ERR_NONE;
    if (err != ERR_NONE)
        return err;
    format_write_begin_object(w);
    format_write_key(w, "_nodes");
    format_write_begin_object(w);
    format_write_field_i64(w, "total", there);
    format_write_field_i64(w, "successful", there);
    format_write_field_i64(w, "failed", 0);
    format_write_end_object(w);
    format_write_field_str(w, "cluster_name", "weir");
    format_write_key(w, "nodes");
    format_write_begin_object(w);
    if (there)
        write_node(w, used);
    format_write_end_object(w);
    format_write_end_object(w);
    return ERR_NONE;
}

static enum err delete_expired(struct api_call *c, struct err_text *why)
{
    double rate;
    ts_ns timeout;
    struct ml_found found;
    enum err err = api_call_number(c, "requests_per_second", -1, &rate, why);
    if (err == ERR_NONE)
        err = api_call_span(c, "timeout", 8 * TIME_HOUR, &timeout, why);
    if (err == ERR_NONE)
        err = ml_shape_asked(c, why);
    if (err == ERR_NONE)
        err = ml_find_jobs(c, ml_find_part(c, "job_id"), true, &found, why);
    for (size_t i = 0; err == ERR_NONE && i < found.n; i++)
        err = ml_ask_any(c, "expire", found.list[i].id, why);
    if (err == ERR_NONE)
        ml_shape_done(c, "deleted");
    return err;
}

/* While it is on jobs stay open and datafeeds started, and nothing is fed or written. */
static enum err upgrade_mode(struct api_call *c, struct err_text *why)
{
    bool enabled;
    ts_ns timeout;
    enum err err = api_call_flag(c, "enabled", false, &enabled, why);
    if (err == ERR_NONE)
        err = api_call_span(c, "timeout", 30 * TIME_S, &timeout, why);
    if (err != ERR_NONE)
        return err;
    struct ml_ask a;
    ml_ask_init(&a, "job", "upgrade-mode");
    ml_ask_add(&a, "enabled", enabled ? "true" : "false");
    err = ml_ask_send(c, &a, why);
    ml_ask_release(&a);
    if (err == ERR_NONE)
        ml_shape_done(c, "acknowledged");
    return err;
}

#define ROW(method, path, right, body, params, summary, handle)                                    \
    {                                                                                              \
        method, path, right, API_FORM_ELASTIC, body, params, summary, handle, HTTP_LANE_SHORT      \
    }

const struct api_row ml_info_rows[] = {
    ROW("GET", "/_ml/info", AUTH_RIGHT_READ, 0, "", "Defaults and limits", info),
    ROW("GET", "/_ml/memory/_stats", AUTH_RIGHT_READ, 0, "master_timeout:span timeout:span",
        "What models take of the memory", memory_stats),
    ROW("GET", "/_ml/memory/{node_id*}/_stats", AUTH_RIGHT_READ, 0,
        "master_timeout:span timeout:span", "The same of a node", memory_stats),
    ROW("DELETE", "/_ml/_delete_expired_data", AUTH_RIGHT_STEER, API_ROW_SMALL,
        "requests_per_second:number timeout:span", "Delete what has been kept for long enough",
        delete_expired),
    ROW("DELETE", "/_ml/_delete_expired_data/{job_id}", AUTH_RIGHT_STEER, API_ROW_SMALL,
        "requests_per_second:number timeout:span", "The same of some jobs", delete_expired),
    ROW("POST", "/_ml/set_upgrade_mode", AUTH_RIGHT_STEER, 0, "enabled:boolean timeout:span",
        "Whether models stand still", upgrade_mode),
    {0},
};
