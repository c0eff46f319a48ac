/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/alert_priv.h"

#include "base/buf.h"
#include "event/event.h"
#include "format/node.h"
#include "format/write.h"
#include "hunt/hunt.h"
#include "hunt/spec.h"
#include "rule/behind.h"
#include "rule/candidate.h"
#include "rule/digest.h"
#include "rule/finding.h"
#include "rule/reason.h"
#include "rule/rule.h"
#include "rule/run.h"

#include <stdio.h>
#include <string.h>

/* The space of Kibana in which all rules live here. */
#define SPACE "default"
#define ALERTS_INDEX ".alerts-security.alerts-" SPACE

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
        from->also,
    };
    rule_digest_hex(parts, sizeof(parts) / sizeof(parts[0]), out);
}

static bool begins(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

/* Names that the alert itself gives values to. */
bool rule_alert_is_ours(const char *key)
{
    return strcmp(key, "@timestamp") == 0 || strcmp(key, "event.kind") == 0 ||
           begins(key, "kibana.") || begins(key, "weir.alert.") ||
           begins(key, "threat.enrichments") || strcmp(key, "weir.id") == 0 ||
           strcmp(key, "weir.index") == 0;
}

static void write_entities(const struct rule_draft *d)
{
    for (size_t i = 0; i < d->finding->entities; i++) {
        const struct rule_entity *e = &d->finding->entity[i];
        if (rule_alert_is_ours(e->field))
            continue;
        format_write_key(d->w, e->field);
        format_write_begin_array(d->w);
        for (size_t k = 0; k < rule_entity_count(e); k++)
            format_write_str(d->w, rule_entity_value(e, k));
        format_write_end_array(d->w);
    }
}

static void write_record(const struct rule_draft *d)
{
    const struct format_node *root = d->finding->root;
    for (size_t i = 0; i < format_node_count(root); i++) {
        const struct format_node *v = format_node_at(root, i);
        const char *key = format_node_key(v);
        if (rule_alert_is_ours(key) || rule_finding_entity(d->finding, key) != NULL)
            continue;
        format_write_key_n(d->w, key, format_node_key_len(v));
        format_node_write_value(v, d->w);
    }
}

void rule_alert_time(struct format_writer *w, const char *key, ts_ns t)
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

struct ancestor {
    const char *id;
    const char *index;
    const char *rule; /* of an alert; NULL: it is none */
    int64_t depth;
};

static void write_ancestor(struct format_writer *w, const struct ancestor *a)
{
    format_write_begin_object(w);
    format_write_field_str(w, "id", a->id);
    format_write_field_str(w, "type", a->rule != NULL ? "signal" : "event");
    format_write_field_str(w, "index", a->index);
    format_write_field_i64(w, "depth", a->depth);
    if (a->rule != NULL)
        format_write_field_str(w, "rule", a->rule);
    format_write_end_object(w);
}

/* A document that is an alert itself says how deep it lies; 0: it is none. */
static int64_t depth_of(const struct event *e)
{
    static const char key[] = "kibana.alert.depth";
    const struct event_item *item = event_find(e, key, strlen(key));
    double depth;
    return item != NULL && event_value_number(event_values(item), &depth) && depth >= 1 &&
                   depth < 1000
               ? (int64_t)depth
               : 0;
}

static const struct event_item *ancestor_list(const struct event *e, const char *key)
{
    char name[64];
    int n = snprintf(name, sizeof(name), "kibana.alert.ancestors.%s", key);
    return event_find(e, name, (size_t)n);
}

/* What an alert that became a source was made of itself: lists that belong together. Only those
 * that are alerts have a rule, in their order. */
static void write_grandparents(const struct rule_draft *d, const struct event *e)
{
    const struct event_item *id = ancestor_list(e, "id");
    const struct event_item *type = ancestor_list(e, "type");
    const struct event_item *index = ancestor_list(e, "index");
    const struct event_item *depth = ancestor_list(e, "depth");
    if (id == NULL || type == NULL || index == NULL || depth == NULL || type->n != id->n ||
        index->n != id->n || depth->n != id->n)
        return;
    const struct event_item *rules = ancestor_list(e, "rule");
    uint32_t signals = 0;
    for (uint32_t i = 0; i < id->n; i++) {
        const struct event_value *texts[] = {&event_values(id)[i], &event_values(type)[i],
                                             &event_values(index)[i]};
        double deep;
        if (texts[0]->type != EVENT_STR || texts[1]->type != EVENT_STR ||
            texts[2]->type != EVENT_STR || !event_value_number(&event_values(depth)[i], &deep) ||
            !(deep >= 0 && deep < 1000))
            continue;
        bool is_signal = strcmp(texts[1]->s, "signal") == 0;
        const struct event_value *rule =
            is_signal && rules != NULL && signals < rules->n ? &event_values(rules)[signals] : NULL;
        signals += is_signal;
        const struct ancestor a = {texts[0]->s, texts[2]->s,
                                   rule != NULL && rule->type == EVENT_STR ? rule->s : NULL,
                                   (int64_t)deep};
        write_ancestor(d->w, &a);
    }
}

static void write_document_ancestor(const struct rule_draft *d, const char *id, const char *index,
                                    const struct event *e)
{
    static const char key[] = "kibana.alert.rule.rule_id";
    const struct event_item *item = event_find(e, key, strlen(key));
    const struct event_value *rule = item != NULL ? event_values(item) : NULL;
    bool is_alert = depth_of(e) > 0 && rule != NULL && rule->type == EVENT_STR;
    const struct ancestor a = {id, index, is_alert ? rule->s : NULL, depth_of(e)};
    if (is_alert)
        write_grandparents(d, e);
    write_ancestor(d->w, &a);
}

/* What the alert was made of; what stands for many has no document of its own. */
static void write_ancestors(const struct rule_draft *d)
{
    const struct rule_candidate *from = d->from;
    format_write_key(d->w, "kibana.alert.ancestors");
    format_write_begin_array(d->w);
    for (size_t i = 0; i < from->parts_n; i++) {
        const struct hunt_part *part = &from->parts[i];
        char block[RULE_ALERT_ID_SIZE];
        rule_alert_block_id(d->id, i, block);
        const struct ancestor signal = {block, ALERTS_INDEX, d->rule->rule_id,
                                        depth_of(part->event) + 1};
        write_document_ancestor(d, part->id, part->index, part->event);
        write_ancestor(d->w, &signal);
    }
    if (d->rule->type == RULE_THRESHOLD) {
        char uuid[RULE_UUID_SIZE];
        rule_digest_uuid(from->id, strlen(from->id), uuid);
        const struct ancestor none = {uuid, from->index, NULL, 0};
        write_ancestor(d->w, &none);
    } else if (from->parts_n == 0) {
        write_document_ancestor(d, from->id, from->index, from->event);
    }
    format_write_end_array(d->w);
}

static int64_t alert_depth(const struct rule_draft *d)
{
    int64_t deepest = depth_of(d->from->event);
    for (size_t i = 0; i < d->from->parts_n; i++) {
        int64_t depth = depth_of(d->from->parts[i].event) + 1;
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

/* Which sequence it tells of, and which of its events. */
static void write_group(const struct rule_draft *d)
{
    if (d->group == NULL)
        return;
    format_write_field_str(d->w, "kibana.alert.group.id", d->group);
    if (d->group_index >= 0)
        format_write_field_i64(d->w, "kibana.alert.group.index", d->group_index);
}

static void write_alert_fields(const struct rule_draft *d)
{
    struct format_writer *w = d->w;
    format_write_field_str(w, "kibana.alert.uuid", d->id);
    format_write_field_str(w, "kibana.alert.status", "active");
    format_write_field_str(w, "kibana.alert.workflow_status", "open");
    field_empty(w, "kibana.alert.workflow_tags");
    field_empty(w, "kibana.alert.workflow_assignee_ids");
    format_write_field_i64(w, "kibana.alert.depth", alert_depth(d));
    format_write_field_str(w, "kibana.alert.severity", rule_severity_name(d->over.severity));
    format_write_field_f64(w, "kibana.alert.risk_score", d->over.risk);
    rule_alert_time(w, "kibana.alert.original_time", d->from->time);
    rule_alert_time(w, "kibana.alert.start", d->now);
    rule_alert_time(w, "kibana.alert.last_detected", d->now);
    rule_alert_time(w, "kibana.alert.intended_timestamp", d->now);
    const char *block =
        format_node_str(format_node_get(d->rule->node, "building_block_type"), NULL);
    if (d->group_index >= 0)
        block = "default";
    if (block != NULL)
        format_write_field_str(w, "kibana.alert.building_block_type", block);
    write_group(d);
    write_ancestors(d);
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

static void write_rule_key(const struct rule_draft *d, const char *key, const struct format_node *v)
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

/* Parameters of rules that search events, as they are written. */
static const char *const search_keys[] = {
    "query",
    "language",
    "index",
    "data_view_id",
    "filters",
    "saved_id",
    "threshold",
    "new_terms",
    "new_terms_fields",
    "threat_index",
    "threat_mapping",
    "history_window_start",
    "threat_query",
    "threat_filters",
    "threat_language",
    "timestamp_field",
    "tiebreaker_field",
    "event_category_override",
    "threat_indicator_path",
};

static void write_search(const struct rule_draft *d)
{
    for (size_t i = 0; i < sizeof(search_keys) / sizeof(search_keys[0]); i++) {
        const struct format_node *v = format_node_get(d->rule->node, search_keys[i]);
        if (format_node_type(v) == FORMAT_NULL)
            continue;
        format_write_key(d->w, search_keys[i]);
        format_node_write_value(v, d->w);
    }
}

static void write_jobs(const struct rule_draft *d)
{
    struct format_writer *w = d->w;
    format_write_field_i64(w, "anomaly_threshold", d->rule->anomaly_threshold);
    format_write_key(w, "machine_learning_job_id");
    format_write_begin_array(w);
    for (size_t i = 0; i < d->rule->jobs_n; i++)
        format_write_str(w, d->rule->jobs[i]);
    format_write_end_array(w);
}

static void write_parameters(const struct rule_draft *d)
{
    struct format_writer *w = d->w;
    const struct rule *r = d->rule;
    format_write_key(w, "kibana.alert.rule.parameters");
    format_write_begin_object(w);
    format_write_field_str(w, "type", rule_type_name(r->type));
    if (r->type == RULE_MACHINE_LEARNING)
        write_jobs(d);
    else
        write_search(d);
    format_write_field_str(w, "from", r->from);
    format_write_field_str(w, "to", r->to);
    format_write_field_i64(w, "max_signals", r->max_signals);
    format_write_field_i64(w, "risk_score", r->risk_score);
    format_write_field_str(w, "severity", rule_severity_name(r->severity));
    format_write_end_object(w);
}

static void write_indices(const struct rule_draft *d)
{
    if (d->rule->hunt == NULL)
        return;
    format_write_key(d->w, "kibana.alert.rule.indices");
    format_write_begin_array(d->w);
    for (size_t i = 0; i < d->rule->hunt->patterns_n; i++)
        format_write_str(d->w, d->rule->hunt->patterns[i]);
    format_write_end_array(d->w);
}

static void write_execution(const struct rule_draft *d)
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
    rule_alert_time(d->w, "kibana.alert.rule.execution.timestamp", d->now);
    format_write_field_str(d->w, "kibana.alert.rule.execution.type", "scheduled");
}

/* As Kibana calls the types. */
static const struct {
    const char *category;
    const char *id;
} kinds[RULE_TYPES] = {
    [RULE_QUERY] = {"Custom Query Rule", "siem.queryRule"},
    [RULE_SAVED_QUERY] = {"Saved Query Rule", "siem.savedQueryRule"},
    [RULE_EQL] = {"Event Correlation Rule", "siem.eqlRule"},
    [RULE_ESQL] = {"ES|QL Rule", "siem.esqlRule"},
    [RULE_THRESHOLD] = {"Threshold Rule", "siem.thresholdRule"},
    [RULE_THREAT_MATCH] = {"Indicator Match Rule", "siem.indicatorRule"},
    [RULE_NEW_TERMS] = {"New Terms Rule", "siem.newTermsRule"},
    [RULE_MACHINE_LEARNING] = {"Machine Learning Rule", "siem.mlRule"},
};

static void write_rule(const struct rule_draft *d)
{
    struct format_writer *w = d->w;
    const struct rule *r = d->rule;
    format_write_field_str(w, "kibana.alert.rule.uuid", r->id);
    format_write_field_str(w, "kibana.alert.rule.rule_id", r->rule_id);
    format_write_field_str(w, "kibana.alert.rule.name", d->over.name);
    format_write_field_str(w, "kibana.alert.rule.description", r->description);
    format_write_field_str(w, "kibana.alert.rule.type", rule_type_name(r->type));
    format_write_field_str(w, "kibana.alert.rule.category", kinds[r->type].category);
    format_write_field_str(w, "kibana.alert.rule.rule_type_id", kinds[r->type].id);
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
    write_indices(d);
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

void rule_alert_text(struct format_writer *w, const char *key, const struct buf *b)
{
    if (b->n == 0)
        return;
    format_write_key(w, key);
    format_write_str_n(w, b->p, b->n);
}

static void write_story(const struct rule_draft *d, const struct rule_story *s)
{
    struct format_writer *w = d->w;
    const struct rule_finding *f = d->finding;
    format_write_field_str(w, "weir.alert.job", f->job_id);
    format_write_field_f64(w, "weir.alert.score", f->score);
    format_write_field_str(w, "weir.alert.function", f->function);
    if (f->field != NULL)
        format_write_field_str(w, "weir.alert.field", f->field);
    rule_alert_time(w, "weir.alert.from", f->start);
    rule_alert_time(w, "weir.alert.to", f->start + f->span_ns);
    rule_alert_text(w, "weir.alert.who", &s->who);
    rule_alert_text(w, "weir.alert.whom", &s->whom);
    rule_alert_text(w, "weir.alert.what", &s->what);
    if (f->has_values) {
        format_write_field_f64(w, "weir.alert.actual", f->actual);
        format_write_field_f64(w, "weir.alert.expected", f->typical);
    }
    if (s->unit[0] != '\0')
        format_write_field_str(w, "weir.alert.unit", s->unit);
    rule_alert_text(w, "weir.alert.came", &s->came);
    rule_alert_text(w, "weir.alert.usual", &s->expected);
    struct buf brief;
    buf_init(&brief);
    rule_behind_brief(f, &brief);
    rule_alert_text(w, "weir.alert.events.which", &brief);
    if (!buf_ok(&brief))
        w->out->failed = true;
    buf_release(&brief);
}

static enum err write_behind(const struct rule_draft *d, const struct rule_job *job,
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
        rule_alert_text(d->w, "weir.alert.events.query", &dsl);
        if (said)
            rule_alert_text(d->w, "weir.alert.events.kql", &kql);
    }
    buf_release(&dsl);
    buf_release(&kql);
    /* A query that cannot be read costs the way to the events, not the alert. */
    return code == ERR_MEMORY ? code : ERR_NONE;
}

void rule_alert_begin(const struct rule_draft *d)
{
    format_write_begin_object(d->w);
    rule_alert_time(d->w, "@timestamp", d->now);
    format_write_field_str(d->w, "event.kind", "signal");
}

void rule_alert_common(const struct rule_draft *d)
{
    write_alert_fields(d);
    write_rule(d);
}

static enum err write_record_alert(struct rule_draft *d, const struct rule_job *job,
                                   const struct rule_story *story, struct err_text *why)
{
    struct buf reason;
    rule_alert_begin(d);
    write_entities(d);
    write_record(d);
    buf_init(&reason);
    rule_reason_write(d->rule, d->finding, story, &reason);
    rule_alert_text(d->w, "kibana.alert.reason", &reason);
    bool ok = buf_ok(&reason);
    buf_release(&reason);
    rule_alert_common(d);
    write_story(d, story);
    enum err code = job != NULL ? write_behind(d, job, why) : ERR_NONE;
    format_write_end_object(d->w);
    if (!ok)
        d->w->out->failed = true;
    return code;
}

static enum err write_of_record(struct rule_draft *d, const struct rule_job *job,
                                struct err_text *why)
{
    struct rule_finding finding;
    struct rule_story story;
    enum err code = rule_finding_read(d->from->json, d->from->id, &finding, why);
    if (code != ERR_NONE)
        return code;
    d->finding = &finding;
    rule_story_init(&story);
    rule_story_make(&finding, &story);
    code = rule_story_ok(&story) ? write_record_alert(d, job, &story, why) : ERR_MEMORY;
    rule_story_release(&story);
    rule_finding_release(&finding);
    return code;
}

static enum err write_draft(struct rule_draft *d, const struct rule_job *job, struct buf *out,
                            struct err_text *why)
{
    struct format_writer w;
    format_write_init(&w, out);
    d->w = &w;
    rule_override(d->rule, d->from->event, &d->over);
    enum err code = ERR_NONE;
    if (d->from->json.p != NULL)
        code = write_of_record(d, job, why);
    else
        rule_alert_write_event(d);
    if (code == ERR_MEMORY || (code == ERR_NONE && !buf_ok(out)))
        return err_set(why, ERR_MEMORY, "no memory is left to write an alert");
    return code;
}

void rule_alert_block_id(const char *sequence_id, size_t i, char out[RULE_ALERT_ID_SIZE])
{
    char number[24];
    snprintf(number, sizeof(number), "/%zu", i);
    const struct bytes parts[] = {
        bytes_make(sequence_id, strlen(sequence_id)),
        bytes_make(number, strlen(number)),
    };
    rule_digest_hex(parts, sizeof(parts) / sizeof(parts[0]), out);
}

enum err rule_alert_write_block(const struct rule *r, const struct rule_candidate *from, size_t i,
                                ts_ns now, struct buf *out, struct err_text *why)
{
    char sequence[RULE_ALERT_ID_SIZE];
    char id[RULE_ALERT_ID_SIZE];
    const struct hunt_part *part = &from->parts[i];
    const struct rule_candidate alone = {.id = part->id,
                                         .index = part->index,
                                         .version = part->version,
                                         .time = part->event->time,
                                         .since = part->event->time,
                                         .event = part->event};
    rule_alert_id(r, from, sequence);
    rule_alert_block_id(sequence, i, id);
    struct rule_draft d = {.rule = r,
                           .from = &alone,
                           .id = id,
                           .now = now,
                           .group = sequence,
                           .group_index = (int64_t)i};
    return write_draft(&d, NULL, out, why);
}

enum err rule_alert_write(const struct rule *r, const struct rule_candidate *from,
                          const struct rule_job *job, ts_ns now, struct buf *out,
                          struct err_text *why)
{
    char id[RULE_ALERT_ID_SIZE];
    rule_alert_id(r, from, id);
    struct rule_draft d = {.rule = r,
                           .from = from,
                           .id = id,
                           .now = now,
                           .group = from->parts_n > 0 ? id : NULL,
                           .group_index = -1};
    return write_draft(&d, job, out, why);
}
