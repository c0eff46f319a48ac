/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/alert.h"

#include "base/buf.h"
#include "format/node.h"
#include "format/write.h"
#include "rule/behind.h"
#include "rule/candidate.h"
#include "rule/digest.h"
#include "rule/finding.h"
#include "rule/reason.h"
#include "rule/rule.h"
#include "rule/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The space of Kibana in which all rules live here. */
#define SPACE "default"

void rule_alert_id(const struct rule *r, const struct rule_candidate *from,
                   char out[RULE_ALERT_ID_SIZE])
{
    static const char space[] = SPACE ":";
    const struct bytes parts[] = {
        bytes_make(from->index, strlen(from->index)),
        bytes_make(from->id, strlen(from->id)),
        bytes_make(from->version, strlen(from->version)),
        bytes_make(space, sizeof(space) - 1),
        bytes_make(r->id, strlen(r->id)),
    };
    rule_digest_hex(parts, sizeof(parts) / sizeof(parts[0]), out);
}

/* Everything that one alert is written from. */
struct draft {
    const struct rule *rule;
    const struct rule_finding *finding;
    const char *id;
    ts_ns now;
    struct format_writer *w;
    const char *name; /* the rule's, or what rule_name_override says */
    enum rule_severity severity;
    double risk;
};

static bool begins(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

/* Names that the alert itself gives values to. */
static bool is_ours(const char *key)
{
    return strcmp(key, "@timestamp") == 0 || strcmp(key, "event.kind") == 0 ||
           begins(key, "kibana.") || begins(key, "weir.alert.");
}

static void write_entities(const struct draft *d)
{
    for (size_t i = 0; i < d->finding->entities; i++) {
        const struct rule_entity *e = &d->finding->entity[i];
        if (is_ours(e->field))
            continue;
        format_write_key(d->w, e->field);
        format_write_begin_array(d->w);
        for (size_t k = 0; k < rule_entity_count(e); k++)
            format_write_str(d->w, rule_entity_value(e, k));
        format_write_end_array(d->w);
    }
}

static void write_record(const struct draft *d)
{
    const struct format_node *root = d->finding->root;
    for (size_t i = 0; i < format_node_count(root); i++) {
        const struct format_node *v = format_node_at(root, i);
        const char *key = format_node_key(v);
        if (is_ours(key) || rule_finding_entity(d->finding, key) != NULL)
            continue;
        format_write_key_n(d->w, key, format_node_key_len(v));
        format_node_write_value(v, d->w);
    }
}

/*
 * Overrides read the alert's own fields: the lifted entities, or what stands at the record's top.
 * Calls back for each value until one says stop.
 */
typedef bool (*value_fn)(void *ctx, const char *text);

static void each_value(const struct draft *d, const char *field, value_fn fn, void *ctx)
{
    const struct rule_entity *e = rule_finding_entity(d->finding, field);
    if (e != NULL) {
        for (size_t i = 0; i < rule_entity_count(e); i++) {
            if (fn(ctx, rule_entity_value(e, i)))
                return;
        }
        return;
    }
    const struct format_node *v = format_node_get(d->finding->root, field);
    bool list = format_node_type(v) == FORMAT_ARRAY;
    for (size_t i = 0; i < (list ? format_node_count(v) : v != NULL); i++) {
        const struct format_node *at = list ? format_node_at(v, i) : v;
        if (format_node_type(at) == FORMAT_STRING) {
            if (fn(ctx, format_node_str(at, "")))
                return;
            continue;
        }
        struct buf text;
        buf_init(&text);
        format_node_write(at, &text);
        bool stop = fn(ctx, buf_text(&text));
        buf_release(&text);
        if (stop)
            return;
    }
}

struct wanted {
    const char *text;
    bool found;
};

static bool is_wanted(void *ctx, const char *text)
{
    struct wanted *w = ctx;
    w->found = strcmp(w->text, text) == 0;
    return w->found;
}

/* Entries are meant to be sorted from low to critical; the highest that matches wins. */
static void override_severity(struct draft *d)
{
    const struct format_node *list = format_node_get(d->rule->node, "severity_mapping");
    bool any = false;
    for (size_t i = 0; i < format_node_count(list); i++) {
        const struct format_node *at = format_node_at(list, i);
        const struct format_node *value = format_node_get(at, "value");
        const char *to = format_node_str(format_node_get(at, "severity"), NULL);
        struct buf text;
        buf_init(&text);
        if (format_node_type(value) != FORMAT_STRING && value != NULL)
            format_node_write(value, &text);
        struct wanted wanted = {format_node_str(value, buf_text(&text)), false};
        if (to != NULL && value != NULL)
            each_value(d, format_node_str(format_node_get(at, "field"), ""), is_wanted, &wanted);
        buf_release(&text);
        for (unsigned s = RULE_LOW; wanted.found && s <= RULE_CRITICAL; s++) {
            if (strcmp(rule_severity_name((enum rule_severity)s), to) == 0 &&
                (!any || s > d->severity)) {
                d->severity = (enum rule_severity)s;
                any = true;
            }
        }
    }
}

static bool take_risk(void *ctx, const char *text)
{
    double *best = ctx;
    char *end;
    double v = strtod(text, &end);
    if (end != text && *end == '\0' && v >= 0 && v <= 100 && !(v <= *best))
        *best = v;
    return false;
}

static void override_risk(struct draft *d)
{
    const struct format_node *list = format_node_get(d->rule->node, "risk_score_mapping");
    const char *field = format_node_str(format_node_get(format_node_at(list, 0), "field"), NULL);
    double best = (double)NAN;
    if (field != NULL)
        each_value(d, field, take_risk, &best);
    if (!isnan(best))
        d->risk = best;
}

static void override_name(struct draft *d)
{
    const char *field = format_node_str(format_node_get(d->rule->node, "rule_name_override"), "");
    const struct rule_entity *e = rule_finding_entity(d->finding, field);
    const char *name = NULL;
    if (e != NULL && rule_entity_count(e) > 0)
        name = rule_entity_value(e, 0);
    else if (field[0] != '\0')
        name = format_node_str(format_node_get(d->finding->root, field), NULL);
    if (name != NULL && name[0] != '\0')
        d->name = name;
}

static void field_time(struct format_writer *w, const char *key, ts_ns t)
{
    format_write_key(w, key);
    format_write_time(w, t);
}

static void field_empty(struct format_writer *w, const char *key)
{
    format_write_key(w, key);
    format_write_begin_array(w);
    format_write_end_array(w);
}

static void write_alert_fields(const struct draft *d, const char *index, const char *record_id)
{
    struct format_writer *w = d->w;
    format_write_field_str(w, "kibana.alert.uuid", d->id);
    format_write_field_str(w, "kibana.alert.status", "active");
    format_write_field_str(w, "kibana.alert.workflow_status", "open");
    field_empty(w, "kibana.alert.workflow_tags");
    field_empty(w, "kibana.alert.workflow_assignee_ids");
    format_write_field_i64(w, "kibana.alert.depth", 1);
    format_write_field_str(w, "kibana.alert.severity", rule_severity_name(d->severity));
    format_write_field_f64(w, "kibana.alert.risk_score", d->risk);
    field_time(w, "kibana.alert.original_time", d->finding->start);
    field_time(w, "kibana.alert.start", d->now);
    field_time(w, "kibana.alert.last_detected", d->now);
    field_time(w, "kibana.alert.intended_timestamp", d->now);
    const char *block =
        format_node_str(format_node_get(d->rule->node, "building_block_type"), NULL);
    if (block != NULL)
        format_write_field_str(w, "kibana.alert.building_block_type", block);
    format_write_key(w, "kibana.alert.ancestors");
    format_write_begin_array(w);
    format_write_begin_object(w);
    format_write_field_str(w, "id", record_id);
    format_write_field_str(w, "type", "event");
    format_write_field_str(w, "index", index);
    format_write_field_i64(w, "depth", 0);
    format_write_end_object(w);
    format_write_end_array(w);
    format_write_key(w, "kibana.space_ids");
    format_write_begin_array(w);
    format_write_str(w, SPACE);
    format_write_end_array(w);
}

/* Copied from the rule as they are; the lists are there, if empty, when the rule has none. */
static const char *const rule_texts[] = {
    "license",
    "note",
    "namespace",
    "throttle",
    "timeline_id",
    "timeline_title",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "immutable",
    "building_block_type",
    "timestamp_override",
    "rule_name_override",
    "setup",
    "meta",
};
static const char *const rule_lists[] = {
    "author",
    "tags",
    "references",
    "false_positives",
    "threat",
    "actions",
    "exceptions_list",
    "severity_mapping",
    "risk_score_mapping",
};

static void write_rule_key(const struct draft *d, const char *key, const struct format_node *v)
{
    struct buf name;
    buf_init(&name);
    buf_format(&name, "kibana.alert.rule.%s", key);
    format_write_key(d->w, buf_text(&name));
    if (!buf_ok(&name))
        d->w->out->failed = true;
    buf_release(&name);
    if (v != NULL) {
        format_node_write_value(v, d->w);
    } else {
        format_write_begin_array(d->w);
        format_write_end_array(d->w);
    }
}

static void write_parameters(const struct draft *d)
{
    struct format_writer *w = d->w;
    const struct rule *r = d->rule;
    format_write_key(w, "kibana.alert.rule.parameters");
    format_write_begin_object(w);
    format_write_field_str(w, "type", rule_type_name(r->type));
    format_write_field_i64(w, "anomaly_threshold", r->anomaly_threshold);
    format_write_key(w, "machine_learning_job_id");
    format_write_begin_array(w);
    for (size_t i = 0; i < r->jobs_n; i++)
        format_write_str(w, r->jobs[i]);
    format_write_end_array(w);
    format_write_field_str(w, "from", r->from);
    format_write_field_str(w, "to", r->to);
    format_write_field_i64(w, "max_signals", r->max_signals);
    format_write_field_i64(w, "risk_score", r->risk_score);
    format_write_field_str(w, "severity", rule_severity_name(r->severity));
    format_write_end_object(w);
}

static void write_execution(const struct draft *d)
{
    /* One run of a rule has one name; the same run of the same rule has the same again. */
    struct buf text;
    buf_init(&text);
    buf_format(&text, "%s at %lld", d->rule->id, (long long)d->now);
    char uuid[RULE_UUID_SIZE];
    rule_digest_uuid(buf_text(&text), text.n, uuid);
    if (!buf_ok(&text))
        d->w->out->failed = true;
    buf_release(&text);
    format_write_field_str(d->w, "kibana.alert.rule.execution.uuid", uuid);
    field_time(d->w, "kibana.alert.rule.execution.timestamp", d->now);
    format_write_field_str(d->w, "kibana.alert.rule.execution.type", "scheduled");
}

static void write_rule(const struct draft *d)
{
    struct format_writer *w = d->w;
    const struct rule *r = d->rule;
    format_write_field_str(w, "kibana.alert.rule.uuid", r->id);
    format_write_field_str(w, "kibana.alert.rule.rule_id", r->rule_id);
    format_write_field_str(w, "kibana.alert.rule.name", d->name);
    format_write_field_str(w, "kibana.alert.rule.description", r->description);
    format_write_field_str(w, "kibana.alert.rule.type", rule_type_name(r->type));
    format_write_field_str(w, "kibana.alert.rule.category", "Machine Learning Rule");
    format_write_field_str(w, "kibana.alert.rule.rule_type_id", "siem.mlRule");
    format_write_field_str(w, "kibana.alert.rule.consumer", "siem");
    format_write_field_str(w, "kibana.alert.rule.producer", "siem");
    format_write_field_str(w, "kibana.alert.rule.severity", rule_severity_name(r->severity));
    format_write_field_i64(w, "kibana.alert.rule.risk_score", r->risk_score);
    format_write_field_str(w, "kibana.alert.rule.interval", r->interval);
    format_write_field_str(w, "kibana.alert.rule.from", r->from);
    format_write_field_str(w, "kibana.alert.rule.to", r->to);
    format_write_field_i64(w, "kibana.alert.rule.max_signals", r->max_signals);
    format_write_field_bool(w, "kibana.alert.rule.enabled", r->enabled);
    format_write_field_i64(w, "kibana.alert.rule.version", r->version);
    format_write_field_i64(w, "kibana.alert.rule.revision", r->revision);
    write_parameters(d);
    for (size_t i = 0; i < sizeof(rule_texts) / sizeof(rule_texts[0]); i++) {
        const struct format_node *v = format_node_get(r->node, rule_texts[i]);
        if (format_node_type(v) != FORMAT_NULL)
            write_rule_key(d, rule_texts[i], v);
    }
    for (size_t i = 0; i < sizeof(rule_lists) / sizeof(rule_lists[0]); i++) {
        const struct format_node *v = format_node_get(r->node, rule_lists[i]);
        write_rule_key(d, rule_lists[i], format_node_type(v) == FORMAT_ARRAY ? v : NULL);
    }
    write_execution(d);
}

static void field_buf(struct format_writer *w, const char *key, const struct buf *b)
{
    if (b->n == 0)
        return;
    format_write_key(w, key);
    format_write_str_n(w, b->p, b->n);
}

static void write_story(const struct draft *d, const struct rule_story *s)
{
    struct format_writer *w = d->w;
    const struct rule_finding *f = d->finding;
    format_write_field_str(w, "weir.alert.job", f->job_id);
    format_write_field_f64(w, "weir.alert.score", f->score);
    format_write_field_str(w, "weir.alert.function", f->function);
    if (f->field != NULL)
        format_write_field_str(w, "weir.alert.field", f->field);
    field_time(w, "weir.alert.from", f->start);
    field_time(w, "weir.alert.to", f->start + f->span_ns);
    field_buf(w, "weir.alert.who", &s->who);
    field_buf(w, "weir.alert.whom", &s->whom);
    field_buf(w, "weir.alert.what", &s->what);
    if (f->has_values) {
        format_write_field_f64(w, "weir.alert.actual", f->actual);
        format_write_field_f64(w, "weir.alert.expected", f->typical);
    }
    if (s->unit[0] != '\0')
        format_write_field_str(w, "weir.alert.unit", s->unit);
    field_buf(w, "weir.alert.came", &s->came);
    field_buf(w, "weir.alert.usual", &s->expected);
    struct buf brief;
    buf_init(&brief);
    rule_behind_brief(f, &brief);
    field_buf(w, "weir.alert.events.which", &brief);
    if (!buf_ok(&brief))
        w->out->failed = true;
    buf_release(&brief);
}

static enum err write_behind(const struct draft *d, const struct rule_job *job,
                             struct err_text *why)
{
    struct buf dsl;
    struct buf kql;
    buf_init(&dsl);
    buf_init(&kql);
    bool said = false;
    struct bytes feed = bytes_make(job->query, job->query != NULL ? job->query_n : 0);
    enum err code = rule_behind_write(d->finding, feed, d->now, &dsl, &kql, &said, why);
    if (code == ERR_NONE) {
        if (job->indices != NULL && job->indices_n > 0) {
            format_write_key(d->w, "weir.alert.events.indices");
            format_write_raw(d->w, job->indices, job->indices_n);
        }
        /* Text, so that whoever stores alerts does not take it for fields of theirs. */
        field_buf(d->w, "weir.alert.events.query", &dsl);
        if (said)
            field_buf(d->w, "weir.alert.events.kql", &kql);
    }
    buf_release(&dsl);
    buf_release(&kql);
    /* A query that cannot be read costs the way to the events, not the alert. */
    return code == ERR_MEMORY ? code : ERR_NONE;
}

static enum err write_all(struct draft *d, const struct rule_candidate *from,
                          const struct rule_job *job, const struct rule_story *story,
                          struct err_text *why)
{
    struct format_writer *w = d->w;
    format_write_begin_object(w);
    field_time(w, "@timestamp", d->now);
    format_write_field_str(w, "event.kind", "signal");
    write_entities(d);
    write_record(d);
    struct buf reason;
    buf_init(&reason);
    rule_reason_write(d->rule, d->finding, story, &reason);
    field_buf(w, "kibana.alert.reason", &reason);
    bool ok = buf_ok(&reason);
    buf_release(&reason);
    write_alert_fields(d, from->index, from->id);
    write_rule(d);
    write_story(d, story);
    enum err code = ERR_NONE;
    if (job != NULL)
        code = write_behind(d, job, why);
    format_write_end_object(w);
    if (!ok || !buf_ok(w->out))
        return err_set(why, ERR_MEMORY, "no memory is left to write an alert");
    return code;
}

enum err rule_alert_write(const struct rule *r, const struct rule_candidate *from,
                          const struct rule_job *job, ts_ns now, struct buf *out,
                          struct err_text *why)
{
    struct rule_finding finding;
    enum err code = rule_finding_read(from->json, from->id, &finding, why);
    if (code != ERR_NONE)
        return code;
    char id[RULE_ALERT_ID_SIZE];
    rule_alert_id(r, from, id);
    struct rule_story story;
    rule_story_init(&story);
    rule_story_make(&finding, &story);
    if (!rule_story_ok(&story)) {
        code = err_set(why, ERR_MEMORY, "no memory is left to write an alert");
    } else {
        struct format_writer w;
        format_write_init(&w, out);
        struct draft d = {.rule = r,
                          .finding = &finding,
                          .id = id,
                          .now = now,
                          .w = &w,
                          .name = r->name,
                          .severity = r->severity,
                          .risk = r->risk_score};
        override_severity(&d);
        override_risk(&d);
        override_name(&d);
        code = write_all(&d, from, job, &story, why);
    }
    rule_story_release(&story);
    rule_finding_release(&finding);
    return code;
}
