/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/edit.h"

#include "base/buf.h"
#include "base/time.h"
#include "format/node.h"
#include "format/write.h"
#include "kibana/doc.h"

#include <stdio.h>
#include <string.h>

enum how { ADD, DELETE, SET };

/* Operations on a list of texts. */
static const struct {
    const char *type;
    enum how how;
    const char *key;
} lists[] = {
    {"add_tags", ADD, "tags"},
    {"delete_tags", DELETE, "tags"},
    {"set_tags", SET, "tags"},
    {"add_index_patterns", ADD, "index"},
    {"delete_index_patterns", DELETE, "index"},
    {"set_index_patterns", SET, "index"},
    {"add_investigation_fields", ADD, "investigation_fields"},
    {"delete_investigation_fields", DELETE, "investigation_fields"},
    {"set_investigation_fields", SET, "investigation_fields"},
};

/* Texts of one operation: each is compared with all that a rule has. */
#define TEXTS_MAX 1000

/* Whether one of the first n texts of the list is that one. */
static bool has_within(const struct format_node *list, size_t n, const char *s)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(format_node_str(format_node_at(list, i), ""), s) == 0)
            return true;
    return false;
}

static bool has(const struct format_node *list, const char *s)
{
    return has_within(list, format_node_count(list), s);
}

static enum err see_texts(const struct format_node *v, const char *type, struct err_text *why)
{
    bool fine = format_node_type(v) == FORMAT_ARRAY;
    if (format_node_count(v) > TEXTS_MAX)
        return err_set(why, ERR_INVALID, "%s: the value has at most %d strings", type, TEXTS_MAX);
    for (size_t i = 0; i < format_node_count(v) && fine; i++)
        fine = format_node_str(format_node_at(v, i), NULL) != NULL;
    return fine ? ERR_NONE
                : err_set(why, ERR_INVALID, "%s: the value must be a list of strings", type);
}

/* The new list; texts that are added twice come once. */
static size_t write_list(const struct format_node *old, enum how how, const struct format_node *v,
                         struct format_writer *w)
{
    size_t n = 0;
    format_write_begin_array(w);
    for (size_t i = 0; i < format_node_count(old) && how != SET; i++) {
        const char *s = format_node_str(format_node_at(old, i), "");
        if (how == DELETE && has(v, s))
            continue;
        format_write_str(w, s);
        n++;
    }
    for (size_t i = 0; i < format_node_count(v) && how != DELETE; i++) {
        const char *s = format_node_str(format_node_at(v, i), "");
        if ((how == ADD && has(old, s)) || has_within(v, i, s))
            continue;
        format_write_str(w, s);
        n++;
    }
    format_write_end_array(w);
    return n;
}

static enum err edit_list(const struct format_node *rule, size_t which,
                          const struct format_node *value, struct kibana_change *change,
                          struct err_text *why)
{
    const char *key = lists[which].key;
    const struct format_node *old = format_node_get(rule, key);
    struct format_writer w;
    struct buf json;
    bool fields = strcmp(key, "investigation_fields") == 0;
    const char *type = format_node_str(format_node_get(rule, "type"), "");
    if (strcmp(key, "index") == 0 &&
        (strcmp(type, "machine_learning") == 0 || strcmp(type, "esql") == 0))
        return err_set(why, ERR_INVALID,
                       "index patterns can't be changed: a rule of type %s has none", type);
    if (fields) {
        old = format_node_get(old, "field_names");
        value = format_node_get(value, "field_names");
    }
    enum err err = see_texts(value, lists[which].type, why);
    if (err != ERR_NONE)
        return err;
    buf_init(&json);
    format_write_init(&w, &json);
    if (fields) {
        format_write_begin_object(&w);
        format_write_key(&w, "field_names");
    }
    size_t n = write_list(old, lists[which].how, value, &w);
    if (fields)
        format_write_end_object(&w);
    if (!buf_ok(&json))
        change->err = ERR_MEMORY;
    else
        kibana_change_json(change, key, n == 0 && fields ? NULL : buf_text(&json));
    buf_release(&json);
    if (n == 0 && strcmp(key, "index") == 0)
        return err_set(why, ERR_INVALID, "a rule can't be left without index patterns");
    return ERR_NONE;
}

/* from lies the interval and the look-back before now. */
/* Of an interval and a look-back each: longer than any rule may have (rule/keys.c). */
#define SPAN_MAX (10000 * TIME_DAY)

static enum err set_schedule(const struct format_node *value, struct kibana_change *change,
                             struct err_text *why)
{
    const char *interval = format_node_str(format_node_get(value, "interval"), "");
    const char *lookback = format_node_str(format_node_get(value, "lookback"), "");
    ts_ns every, back;
    char from[40];
    if (!time_parse_span(interval, strlen(interval), &every) ||
        !time_parse_span(lookback, strlen(lookback), &back) || every > SPAN_MAX || back > SPAN_MAX)
        return err_set(why, ERR_INVALID,
                       "set_schedule: the value has interval and lookback, such as \"5m\"");
    snprintf(from, sizeof(from), "now-%llds", (long long)((every + back) / TIME_S));
    kibana_change_text(change, "interval", interval);
    kibana_change_text(change, "from", from);
    kibana_change_text(change, "to", "now");
    return ERR_NONE;
}

static enum err set_timeline(const struct format_node *value, struct kibana_change *change,
                             struct err_text *why)
{
    const char *id = format_node_str(format_node_get(value, "timeline_id"), NULL);
    const char *title = format_node_str(format_node_get(value, "timeline_title"), NULL);
    if (id == NULL || title == NULL)
        return err_set(why, ERR_INVALID,
                       "set_timeline: the value has timeline_id and timeline_title");
    /* Two empty texts take it away. */
    if (id[0] == '\0') {
        kibana_change_json(change, "timeline_id", NULL);
        kibana_change_json(change, "timeline_title", NULL);
    } else {
        kibana_change_text(change, "timeline_id", id);
        kibana_change_text(change, "timeline_title", title);
    }
    return ERR_NONE;
}

static enum err edit_actions(const struct format_node *rule, bool add,
                             const struct format_node *value, struct kibana_change *change,
                             struct err_text *why)
{
    const struct format_node *fresh = format_node_get(value, "actions");
    const struct format_node *old = add ? format_node_get(rule, "actions") : NULL;
    struct format_writer w;
    struct buf json;
    if (format_node_type(fresh) != FORMAT_ARRAY)
        return err_set(why, ERR_INVALID, "the value of rule actions has a list actions");
    buf_init(&json);
    format_write_init(&w, &json);
    format_write_begin_array(&w);
    for (size_t i = 0; i < format_node_count(old); i++)
        format_node_write_value(format_node_at(old, i), &w);
    for (size_t i = 0; i < format_node_count(fresh); i++)
        format_node_write_value(format_node_at(fresh, i), &w);
    format_write_end_array(&w);
    if (buf_ok(&json))
        kibana_change_json(change, "actions", buf_text(&json));
    else
        change->err = ERR_MEMORY;
    buf_release(&json);
    if (format_node_get(value, "throttle") != NULL)
        kibana_change_node(change, "throttle", format_node_get(value, "throttle"));
    return ERR_NONE;
}

static enum err edit_one(const struct format_node *rule, const struct format_node *operation,
                         struct kibana_change *change, struct err_text *why)
{
    const char *type = format_node_str(format_node_get(operation, "type"), "");
    const struct format_node *value = format_node_get(operation, "value");
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        if (strcmp(lists[i].type, type) == 0)
            return edit_list(rule, i, value, change, why);
    if (strcmp(type, "set_schedule") == 0)
        return set_schedule(value, change, why);
    if (strcmp(type, "set_timeline") == 0)
        return set_timeline(value, change, why);
    if (strcmp(type, "add_rule_actions") == 0 || strcmp(type, "set_rule_actions") == 0)
        return edit_actions(rule, type[0] == 'a', value, change, why);
    return err_set(why, ERR_INVALID, "there is no edit of the type '%.100s'", type);
}

static enum err write_doc(const struct format_node *rule, const struct kibana_change *change,
                          struct format_node **out, struct err_text *why)
{
    struct buf text;
    buf_init(&text);
    enum err err = kibana_doc_write(rule, change, &text, why);
    if (err == ERR_NONE)
        err = format_node_json(text.p, text.n, "rule", out, why);
    buf_release(&text);
    return err;
}

static bool same(const struct format_node *a, const struct format_node *b)
{
    struct buf x, y;
    buf_init(&x);
    buf_init(&y);
    format_node_write(a, &x);
    format_node_write(b, &y);
    bool equal = buf_ok(&x) && buf_ok(&y) && strcmp(buf_text(&x), buf_text(&y)) == 0;
    buf_release(&x);
    buf_release(&y);
    return equal;
}

enum err kibana_edit_apply(const struct format_node *rule, const struct format_node *operations,
                           struct arena *arena, struct format_node **out, struct err_text *why)
{
    struct format_node *at = NULL;
    enum err err = ERR_NONE;
    if (format_node_type(operations) != FORMAT_ARRAY || format_node_count(operations) == 0)
        return err_set(why, ERR_INVALID, "edit expects a list of operations");
    for (size_t i = 0; i < format_node_count(operations) && err == ERR_NONE; i++) {
        const struct format_node *before = at != NULL ? at : rule;
        struct kibana_change change;
        struct format_node *after = NULL;
        kibana_change_init(&change, arena);
        err = edit_one(before, format_node_at(operations, i), &change, why);
        if (err == ERR_NONE)
            err = write_doc(before, &change, &after, why);
        if (err == ERR_NONE) {
            format_node_free(at);
            at = after;
        }
    }
    if (err != ERR_NONE || same(rule, at)) {
        format_node_free(at);
        at = NULL;
    }
    if (err == ERR_NONE)
        *out = at;
    return err;
}
