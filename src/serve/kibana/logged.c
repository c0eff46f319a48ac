/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/logged.h"

#include "base/buf.h"
#include "base/mem.h"
#include "format/node.h"
#include "format/write.h"
#include "hunt/spec.h"
#include "query/query.h"
#include "rule/rule.h"
#include "rule/schedule.h"

#include <string.h>

struct kibana_logged {
    struct rule *rule;
};

static enum err no_memory(struct err_text *why)
{
    return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
}

enum err kibana_logged_new(const struct format_node *rule, struct kibana_logged **out,
                           struct err_text *why)
{
    struct kibana_logged *l = mem_zero(1, sizeof(*l));
    struct format_node *copy = NULL;
    struct buf text;
    buf_init(&text);
    format_node_write(rule, &text);
    enum err err = l != NULL && buf_ok(&text) ? format_node_json(text.p, text.n, "rule", &copy, why)
                                              : no_memory(why);
    if (err == ERR_NONE)
        err = rule_new_take(copy, RULE_FORM_API, NULL, NULL, &l->rule, why);
    buf_release(&text);
    if (err == ERR_NONE) {
        *out = l;
        return ERR_NONE;
    }
    format_node_free(copy);
    mem_free(l);
    return err;
}

void kibana_logged_free(struct kibana_logged *l)
{
    if (l == NULL)
        return;
    rule_unref(l->rule);
    mem_free(l);
}

/* {"query_string":{"query":"result_type:record","analyze_wildcard":false}} */
static void write_string(struct format_writer *w, const char *query)
{
    format_write_begin_object(w);
    format_write_key(w, "query_string");
    format_write_begin_object(w);
    format_write_field_str(w, "query", query);
    format_write_field_bool(w, "analyze_wildcard", false);
    format_write_end_object(w);
    format_write_end_object(w);
}

/* {"range":{"timestamp":{"gte":…,"lte":…}}}, both in milliseconds; to TIME_MAX: no end. */
static void write_range(struct format_writer *w, const char *field, int64_t from, int64_t to)
{
    format_write_begin_object(w);
    format_write_key(w, "range");
    format_write_begin_object(w);
    format_write_key(w, field);
    format_write_begin_object(w);
    format_write_field_i64(w, "gte", from);
    if (to != INT64_MAX) {
        format_write_field_i64(w, "lte", to);
        format_write_field_str(w, "format", "epoch_millis");
    }
    format_write_end_object(w);
    format_write_end_object(w);
    format_write_end_object(w);
}

static void write_order(struct format_writer *w, const char *field, const char *order)
{
    format_write_key(w, "sort");
    format_write_begin_array(w);
    format_write_begin_object(w);
    format_write_key(w, field);
    format_write_begin_object(w);
    format_write_field_str(w, "order", order);
    format_write_end_object(w);
    format_write_end_object(w);
    format_write_end_array(w);
}

/* The head of a search that asks for the most a run raises, up to the first condition. */
static void begin_search(struct format_writer *w, const struct rule *r, struct buf *out)
{
    format_write_init(w, out);
    format_write_begin_object(w);
    format_write_field_i64(w, "size", r->max_signals);
    format_write_key(w, "query");
    format_write_begin_object(w);
    format_write_key(w, "bool");
    format_write_begin_object(w);
    format_write_key(w, "filter");
    format_write_begin_array(w);
}

/* And its end, in an order. */
static void end_search(struct format_writer *w, const char *field, const char *order)
{
    format_write_end_array(w);
    format_write_end_object(w);
    format_write_end_object(w);
    write_order(w, field, order);
    format_write_end_object(w);
}

/* The records that the rule's jobs may have. */
static void write_anomalies(const struct rule *r, struct rule_range range, struct buf *out)
{
    struct format_writer w;
    struct buf jobs;
    buf_init(&jobs);
    for (size_t i = 0; i < r->jobs_n; i++)
        buf_format(&jobs, "%sjob_id:%s", i > 0 ? " OR " : "", r->jobs[i]);
    buf_str(out, "POST /.ml-anomalies-*/_search\n");
    begin_search(&w, r, out);
    write_string(&w, "result_type:record");
    format_write_raw(&w, "{\"term\":{\"is_interim\":false}}", 29);
    write_range(&w, "timestamp", range.from / TIME_MS, range.to / TIME_MS);
    write_range(&w, "record_score", r->anomaly_threshold, INT64_MAX);
    write_string(&w, buf_text(&jobs));
    end_search(&w, "record_score", "desc");
    if (!buf_ok(&jobs))
        out->failed = true;
    buf_release(&jobs);
}

/* What the rule's search may want, of its type or not. */
static void write_documents(const struct rule *r, struct rule_range range, struct buf *out)
{
    const struct hunt_spec *spec = r->hunt;
    const char *field = spec->time.name != NULL ? spec->time.name : "@timestamp";
    struct format_writer w;
    struct buf dsl;
    buf_init(&dsl);
    query_to_dsl(spec->query, &dsl);
    buf_str(out, "POST /");
    for (size_t i = 0; i < spec->patterns_n; i++)
        buf_format(out, "%s%s", i > 0 ? "," : "", spec->patterns[i]);
    buf_str(out, "/_search\n");
    begin_search(&w, r, out);
    format_write_raw(&w, buf_text(&dsl), dsl.n);
    write_range(&w, field, range.from / TIME_MS, range.to / TIME_MS);
    end_search(&w, field, "asc");
    if (!buf_ok(&dsl))
        out->failed = true;
    buf_release(&dsl);
}

enum err kibana_logged_write(const struct kibana_logged *l, ts_ns at, ts_ns took,
                             struct format_writer *w, struct err_text *why)
{
    const struct rule *r = l->rule;
    bool anomalies = r->type == RULE_MACHINE_LEARNING;
    struct rule_plan plan;
    struct buf request;
    enum err err = rule_schedule_plan(r, at, TIME_NONE, &plan, why);
    if (err != ERR_NONE)
        return err;
    format_write_begin_array(w);
    buf_init(&request);
    if (anomalies)
        write_anomalies(r, plan.range[plan.n - 1], &request);
    else if (r->hunt != NULL)
        write_documents(r, plan.range[plan.n - 1], &request);
    if (request.n > 0) {
        format_write_begin_object(w);
        format_write_field_str(w, "request", buf_text(&request));
        format_write_field_str(w, "description",
                               anomalies ? "Find the anomalies"
                                         : "Find the documents that the rule looks at");
        format_write_field_i64(w, "duration", took / TIME_MS);
        format_write_field_str(w, "request_type", anomalies ? "findAnomalies" : "findDocuments");
        format_write_end_object(w);
    }
    if (!buf_ok(&request))
        err = no_memory(why);
    buf_release(&request);
    format_write_end_array(w);
    return err;
}
