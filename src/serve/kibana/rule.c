/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/rule.h"

#include "api/api.h"
#include "api/call.h"
#include "base/buf.h"
#include "base/mem.h"
#include "format/node.h"
#include "format/write.h"
#include "kibana/doc.h"
#include "rule/status.h"
#include "store/state.h"

#include <stdio.h>
#include <string.h>

/* Runs that are looked at for the last one that was not manual. */
#define RUNS 50

void kibana_rules_init(struct kibana_rules *r)
{
    *r = (struct kibana_rules){.n = 0};
    arena_init(&r->arena, 0);
}

void kibana_rules_release(struct kibana_rules *r)
{
    for (size_t i = 0; i < r->n; i++)
        format_node_free(r->list[i].doc);
    mem_free(r->list);
    arena_release(&r->arena);
}

static const char *copy(struct kibana_rules *r, const char *s)
{
    const char *out = s != NULL ? arena_strndup(&r->arena, s, strlen(s)) : NULL;
    if (s != NULL && out == NULL)
        r->err = ERR_MEMORY;
    return out;
}

static void keep(struct kibana_rules *r, const struct store_rule *row)
{
    struct format_node *doc;
    struct err_text ignored;
    if (mem_grow((void **)&r->list, &r->cap, r->n + 1, sizeof(*r->list)) != 0) {
        r->err = ERR_MEMORY;
        return;
    }
    enum err err = format_node_json(row->doc, strlen(row->doc), row->id, &doc, &ignored);
    if (err != ERR_NONE) {
        if (err == ERR_MEMORY)
            r->err = err;
        return;
    }
    const char *id = format_node_str(format_node_get(doc, "id"), row->id);
    if (r->wanted != NULL && strcmp(id, r->wanted) != 0) {
        format_node_free(doc);
        return;
    }
    r->list[r->n++] = (struct kibana_rule){
        .rule_id = copy(r, row->id),
        .id = copy(r, id),
        .name = format_node_str(format_node_get(doc, "name"), ""),
        .doc = doc,
        .package = copy(r, row->package),
        .enabled = row->enabled,
        .created = row->created,
        .updated = row->updated,
        .last_run = row->last_run,
        .status = copy(r, row->status),
        .message = copy(r, row->message),
    };
}

static bool keep_row(void *ctx, const struct store_rule *row)
{
    struct kibana_rules *r = ctx;
    /* Of many documents few are worth reading. */
    if (r->wanted == NULL || strstr(row->doc, r->wanted) != NULL || strcmp(row->id, r->wanted) == 0)
        keep(r, row);
    return r->err == ERR_NONE && (r->wanted == NULL || r->n == 0);
}

static enum err unreadable(enum err err, struct err_text *why)
{
    return err_set(why, err, "rules cannot be read: %s", err_name(err));
}

enum err kibana_rules_read(struct api_call *c, struct kibana_rules *out, struct err_text *why)
{
    enum err err = store_state_rule_list(c->ports->state, keep_row, out);
    if (err == ERR_NONE)
        err = out->err;
    return err == ERR_NONE ? ERR_NONE : unreadable(err, why);
}

enum err kibana_rules_find(struct api_call *c, const char *id, const char *rule_id,
                           struct kibana_rules *out, struct err_text *why)
{
    size_t before = out->n;
    enum err err = ERR_NONE;
    if (id == NULL && rule_id == NULL)
        return api_call_fail(c, 400, NULL, why, "either \"id\" or \"rule_id\" must be set");
    if (id != NULL) {
        struct kibana_rules one;
        kibana_rules_init(&one);
        one.wanted = id;
        err = store_state_rule_list(c->ports->state, keep_row, &one);
        if (err == ERR_NONE)
            err = one.err;
        if (err == ERR_NONE && one.n > 0)
            rule_id = arena_strndup(&c->arena, one.list[0].rule_id, strlen(one.list[0].rule_id));
        else
            rule_id = NULL;
        kibana_rules_release(&one);
    }
    if (err == ERR_NONE && rule_id != NULL) {
        struct store_rule row;
        err = store_state_rule_get(c->ports->state, rule_id, &out->arena, &row);
        if (err == ERR_NONE) {
            keep(out, &row);
            err = out->err;
        } else if (err == ERR_NOT_FOUND) {
            err = ERR_NONE;
        }
    }
    if (err != ERR_NONE)
        return unreadable(err, why);
    if (out->n > before)
        return ERR_NONE;
    return id != NULL ? api_call_fail(c, 404, NULL, why, "id: \"%.200s\" not found", id)
                      : api_call_fail(c, 404, NULL, why, "rule_id: \"%.200s\" not found", rule_id);
}

/* "a,b" has the name; NULL has all. */
static bool wants(const char *fields, const char *name)
{
    size_t n = strlen(name);
    if (fields == NULL)
        return true;
    for (const char *p = fields; *p != '\0';) {
        size_t k = strcspn(p, ",");
        if (k == n && memcmp(p, name, n) == 0)
            return true;
        p += k + (p[k] == ',');
    }
    return false;
}

struct last {
    struct arena *arena;
    const char *doc;
    bool failed;
};

static bool look_at(void *ctx, const struct store_run *run)
{
    struct last *l = ctx;
    if (run->manual)
        return true;
    if (run->doc != NULL) {
        l->doc = arena_strndup(l->arena, run->doc, strlen(run->doc));
        l->failed = l->doc == NULL;
    }
    return false;
}

static int order_of(const char *status)
{
    for (int s = RULE_SUCCEEDED; s <= RULE_FAILED; s++)
        if (strcmp(rule_state_name((enum rule_state)s), status) == 0)
            return rule_state_order((enum rule_state)s);
    return rule_state_order(RULE_FAILED);
}

/* execution_summary: the status that stands with the rule, the measures of its last run. */
static enum err write_summary(struct api_call *c, const struct kibana_rule *r,
                              struct format_writer *w, struct err_text *why)
{
    struct last last = {.arena = &c->arena};
    struct format_node *doc = NULL;
    struct err_text ignored;
    enum err err = store_state_run_list(c->ports->state, r->rule_id, RUNS, look_at, &last);
    if (err == ERR_NONE && last.failed)
        err = ERR_MEMORY;
    if (err == ERR_NONE && last.doc != NULL &&
        format_node_json(last.doc, strlen(last.doc), "run", &doc, &ignored) != ERR_NONE)
        doc = NULL;
    if (err != ERR_NONE)
        return unreadable(err, why);
    format_write_key(w, "execution_summary");
    format_write_begin_object(w);
    format_write_key(w, "last_execution");
    format_write_begin_object(w);
    format_write_key(w, "date");
    format_write_time(w, r->last_run != TIME_NONE ? r->last_run : r->updated);
    format_write_field_str(w, "status", r->status);
    format_write_field_i64(w, "status_order", order_of(r->status));
    format_write_field_str(w, "message", r->message != NULL ? r->message : "");
    format_write_key(w, "metrics");
    format_write_begin_object(w);
    kibana_doc_members(format_node_get(doc, "metrics"), NULL, w);
    format_write_end_object(w);
    format_write_end_object(w);
    format_write_end_object(w);
    format_node_free(doc);
    return ERR_NONE;
}

static void write_source(const struct kibana_rule *r, struct format_writer *w)
{
    format_write_key(w, "rule_source");
    format_write_begin_object(w);
    format_write_field_str(w, "type", r->package != NULL ? "external" : "internal");
    if (r->package != NULL)
        format_write_field_bool(w, "is_customized",
                                format_node_int(format_node_get(r->doc, "revision"), 0) > 0);
    format_write_end_object(w);
}

enum err kibana_rule_write(struct api_call *c, const struct kibana_rule *r, const char *fields,
                           struct format_writer *w, struct err_text *why)
{
    struct kibana_change own;
    enum err err = ERR_NONE;
    kibana_change_init(&own, &c->arena);
    kibana_rule_forget_bookkeeping(&own);
    kibana_change_text(&own, "id", r->id);
    kibana_change_text(&own, "rule_id", r->rule_id);
    kibana_change_flag(&own, "enabled", r->enabled);
    kibana_change_flag(&own, "immutable", r->package != NULL);
    kibana_change_time(&own, "created_at", r->created);
    kibana_change_time(&own, "updated_at", r->updated);
    kibana_change_text(&own, "created_by",
                       format_node_str(format_node_get(r->doc, "created_by"), "weir"));
    kibana_change_text(&own, "updated_by",
                       format_node_str(format_node_get(r->doc, "updated_by"), "weir"));
    for (size_t i = 0; i < format_node_count(r->doc) && fields != NULL; i++) {
        const char *key = format_node_key(format_node_at(r->doc, i));
        if (!wants(fields, key) && strcmp(key, "id") != 0 && strcmp(key, "rule_id") != 0)
            kibana_change_json(&own, key, NULL);
    }
    if (own.err != ERR_NONE)
        return err_set(why, own.err, "%s", err_name(own.err));
    format_write_begin_object(w);
    kibana_doc_members(r->doc, &own, w);
    if (wants(fields, "rule_source"))
        write_source(r, w);
    if (r->status != NULL && wants(fields, "execution_summary"))
        err = write_summary(c, r, w, why);
    format_write_end_object(w);
    return err;
}

static const char *const bookkeeping[] = {"execution_summary", "rule_source", "immutable",
                                          "created_at",        "updated_at",  "created_by",
                                          "updated_by"};
#define BOOKKEEPING (sizeof(bookkeeping) / sizeof(bookkeeping[0]))

bool kibana_rule_is_bookkeeping(const char *key)
{
    for (size_t i = 0; i < BOOKKEEPING; i++)
        if (strcmp(bookkeeping[i], key) == 0)
            return true;
    return false;
}

void kibana_rule_forget_bookkeeping(struct kibana_change *change)
{
    for (size_t i = 0; i < BOOKKEEPING; i++)
        kibana_change_json(change, bookkeeping[i], NULL);
}

enum err kibana_rule_put(struct api_call *c, const struct format_node *object,
                         const struct kibana_change *change, bool fresh, int revision,
                         struct err_text *why)
{
    struct buf doc, request;
    struct format_writer w;
    buf_init(&doc);
    buf_init(&request);
    enum err err = kibana_doc_write(object, change, &doc, why);
    if (err == ERR_NONE) {
        format_write_init(&w, &request);
        format_write_begin_object(&w);
        format_write_field_str(&w, "command", "rule");
        format_write_field_str(&w, "verb", "put");
        format_write_field_bool(&w, "fresh", fresh);
        format_write_field_i64(&w, "revision", revision);
        format_write_field_str(&w, "text", buf_text(&doc));
        format_write_end_object(&w);
        err = api_call_act(c, &request, NULL, why);
    }
    buf_release(&doc);
    buf_release(&request);
    return err;
}

enum err kibana_rule_ask(struct api_call *c, const char *verb, const char *rule_id,
                         struct err_text *why)
{
    struct buf request;
    struct format_writer w;
    buf_init(&request);
    format_write_init(&w, &request);
    format_write_begin_object(&w);
    format_write_field_str(&w, "command", "rule");
    format_write_field_str(&w, "verb", verb);
    format_write_field_str(&w, "id", rule_id);
    format_write_end_object(&w);
    enum err err = api_call_act(c, &request, NULL, why);
    buf_release(&request);
    return err;
}
