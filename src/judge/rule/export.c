/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/export.h"

#include "base/buf.h"
#include "format/node.h"
#include "format/write.h"
#include "rule/rule.h"

#include <stdbool.h>
#include <string.h>

/* The keys this writes by itself, because it fills them in or changes them. */
static const char *const own_keys[] = {
    "id",          "rule_id",
    "name",        "enabled",
    "type",        "interval",
    "from",        "to",
    "max_signals", "risk_score",
    "severity",    "version",
    "description", "machine_learning_job_id",
    "revision",    "execution_summary",
};

/* Lists that the API always shows, empty where the rule has none. */
static const char *const lists[] = {
    "author",          "tags",    "references",      "false_positives",  "risk_score_mapping",
    "threat",          "actions", "exceptions_list", "severity_mapping", "related_integrations",
    "required_fields",
};

static bool among(const char *const *words, size_t n, const char *s)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(words[i], s) == 0)
            return true;
    }
    return false;
}

#define AMONG(words, s) among(words, sizeof(words) / sizeof((words)[0]), s)

/* Whether a file's new_terms table says the key already. */
static bool said_by_new_terms(const struct rule *r, const char *key)
{
    return (strcmp(key, "new_terms_fields") == 0 || strcmp(key, "history_window_start") == 0) &&
           format_node_type(format_node_get(r->node, "new_terms")) == FORMAT_OBJECT;
}

/* A file's new_terms table is two keys in the API. */
static void write_new_terms(const struct format_node *v, struct format_writer *w)
{
    format_write_key(w, "new_terms_fields");
    format_node_write_value(format_node_get(v, "value"), w);
    const struct format_node *window =
        format_node_at(format_node_get(v, "history_window_start"), 0);
    format_write_field_str(w, "history_window_start",
                           format_node_str(format_node_get(window, "value"), ""));
}

void rule_export_object(const struct rule *r, struct format_writer *w)
{
    format_write_begin_object(w);
    format_write_field_str(w, "id", r->id);
    format_write_field_str(w, "rule_id", r->rule_id);
    format_write_field_str(w, "name", r->name);
    format_write_field_bool(w, "enabled", r->enabled);
    format_write_field_str(w, "type", rule_type_name(r->type));
    format_write_field_str(w, "interval", r->interval);
    format_write_field_str(w, "from", r->from);
    format_write_field_str(w, "to", r->to);
    format_write_field_i64(w, "max_signals", r->max_signals);
    format_write_field_i64(w, "risk_score", r->risk_score);
    format_write_field_str(w, "severity", rule_severity_name(r->severity));
    format_write_field_i64(w, "version", r->version);
    format_write_field_i64(w, "revision", r->revision);
    format_write_field_str(w, "description", r->description);
    if (r->type == RULE_MACHINE_LEARNING) {
        format_write_key(w, "machine_learning_job_id");
        format_write_begin_array(w);
        for (size_t i = 0; i < r->jobs_n; i++)
            format_write_str(w, r->jobs_written[i]);
        format_write_end_array(w);
    }
    for (size_t i = 0; i < format_node_count(r->node); i++) {
        const struct format_node *v = format_node_at(r->node, i);
        const char *key = format_node_key(v);
        if (format_node_type(v) == FORMAT_NULL || AMONG(own_keys, key) || said_by_new_terms(r, key))
            continue;
        if (strcmp(key, "new_terms") == 0 && format_node_type(v) == FORMAT_OBJECT) {
            write_new_terms(v, w);
            continue;
        }
        format_write_key_n(w, key, format_node_key_len(v));
        format_node_write_value(v, w);
    }
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (format_node_type(format_node_get(r->node, lists[i])) != FORMAT_NULL)
            continue;
        format_write_key(w, lists[i]);
        format_write_begin_array(w);
        format_write_end_array(w);
    }
    if (format_node_type(format_node_get(r->node, "setup")) == FORMAT_NULL)
        format_write_field_str(w, "setup", "");
    format_write_end_object(w);
}

/* Members of an array, and how many there are. */
static void write_named(const char *key, const char *count_key, const char *members, size_t n,
                        size_t count, struct format_writer *w)
{
    format_write_key(w, key);
    format_write_begin_array(w);
    if (n > 0)
        format_write_raw(w, members, n);
    format_write_end_array(w);
    format_write_field_i64(w, count_key, (int64_t)count);
}

static void write_summary(size_t rules, const struct rule_exported *also, struct format_writer *w)
{
    format_write_begin_object(w);
    format_write_field_i64(w, "exported_count",
                           (int64_t)(rules + also->lists + also->items + also->connectors));
    format_write_field_i64(w, "exported_rules_count", (int64_t)rules);
    write_named("missing_rules", "missing_rules_count", also->missing_rules, also->missing_rules_n,
                also->missing_rules_count, w);
    format_write_field_i64(w, "exported_exception_list_count", (int64_t)also->lists);
    format_write_field_i64(w, "exported_exception_list_item_count", (int64_t)also->items);
    write_named("missing_exception_list_items", "missing_exception_list_items_count", NULL, 0, 0,
                w);
    write_named("missing_exception_lists", "missing_exception_lists_count", also->missing_lists,
                also->missing_n, also->missing, w);
    format_write_field_i64(w, "exported_action_connector_count", (int64_t)also->connectors);
    write_named("missing_action_connections", "missing_action_connection_count",
                also->missing_connectors, also->missing_connectors_n,
                also->missing_connectors_count, w);
    write_named("excluded_action_connections", "excluded_action_connection_count",
                also->excluded_connectors, also->excluded_connectors_n,
                also->excluded_connectors_count, w);
    format_write_end_object(w);
}

void rule_export(struct rule *const *rules, size_t n, const struct rule_exported *also,
                 struct buf *out)
{
    static const struct rule_exported nothing;
    struct format_writer w;
    for (size_t i = 0; i < n; i++) {
        format_write_init(&w, out);
        rule_export_object(rules[i], &w);
        buf_char(out, '\n');
    }
    if (also != NULL)
        buf_add(out, also->lines, also->lines_n);
    format_write_init(&w, out);
    write_summary(n, also != NULL ? also : &nothing, &w);
    buf_char(out, '\n');
}
