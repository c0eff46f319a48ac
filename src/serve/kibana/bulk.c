/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "api/form.h"
#include "base/buf.h"
#include "format/node.h"
#include "http/request.h"
#include "kibana/doc.h"
#include "kibana/edit.h"
#include "kibana/find.h"
#include "kibana/rule.h"
#include "kibana/transfer.h"

#include <stdio.h>
#include <string.h>

#define IDS_MAX 10000

enum action { ENABLE, DISABLE, DELETE, DUPLICATE, EDIT, EXPORT, RUN, ACTIONS };

static const char *const names[ACTIONS] = {"enable", "disable", "delete", "duplicate",
                                           "edit",   "export",  "run"};

/* Members of an array that grows while rules are gone through. */
struct list {
    struct buf text;
    struct format_writer w;
    size_t n;
};

struct bulk {
    struct api_call *call;
    struct format_node *body;
    enum action action;
    bool dry;
    bool switched; /* all at once */
    struct kibana_rules rules;
    struct list updated, created, deleted, skipped, errors;
};

static void open_list(struct list *l)
{
    l->n = 0;
    buf_init(&l->text);
    format_write_init(&l->w, &l->text);
    format_write_begin_array(&l->w);
}

static void write_failure(struct bulk *b, unsigned status, const char *message, const char *id,
                          const char *name)
{
    struct format_writer *w = &b->errors.w;
    b->errors.n++;
    format_write_begin_object(w);
    format_write_field_str(w, "message", message);
    format_write_field_i64(w, "status_code", status);
    format_write_key(w, "rules");
    format_write_begin_array(w);
    format_write_begin_object(w);
    format_write_field_str(w, "id", id);
    if (name != NULL)
        format_write_field_str(w, "name", name);
    format_write_end_object(w);
    format_write_end_array(w);
    format_write_end_object(w);
}

/* Rules by their ids, or by a filter; ids that are not there are told among the errors. */
static enum err choose(struct bulk *b, struct err_text *why)
{
    const struct format_node *ids = format_node_get(b->body, "ids");
    const char *query = format_node_str(format_node_get(b->body, "query"), NULL);
    enum err err = ERR_NONE;
    if (ids != NULL && query != NULL)
        return api_call_fail(b->call, 400, NULL, why,
                             "Both query and ids are sent. Define either ids or query in request "
                             "payload.");
    if (ids == NULL) {
        err = kibana_rules_read(b->call, &b->rules, why);
        return err == ERR_NONE ? kibana_find_filter(b->call, &b->rules, query, why) : err;
    }
    if (format_node_type(ids) != FORMAT_ARRAY || format_node_count(ids) == 0 ||
        format_node_count(ids) > IDS_MAX)
        return api_call_fail(b->call, 400, NULL, why, "ids must be a list of 1 to %d strings",
                             IDS_MAX);
    for (size_t i = 0; i < format_node_count(ids) && err == ERR_NONE; i++) {
        const char *id = format_node_str(format_node_at(ids, i), "");
        err = kibana_rules_find(b->call, id, NULL, &b->rules, why);
        if (err == ERR_INVALID && b->call->status == 404) {
            write_failure(b, 404, "Rule not found", id, NULL);
            b->call->status = 0;
            err = ERR_NONE;
        }
    }
    return err;
}

/* The rule as it now is, as a member of a list. */
static enum err show(struct bulk *b, const char *rule_id, struct list *l, struct err_text *why)
{
    struct kibana_rules found;
    kibana_rules_init(&found);
    enum err err = kibana_rules_find(b->call, NULL, rule_id, &found, why);
    if (err == ERR_NONE)
        err = kibana_rule_write(b->call, &found.list[0], NULL, &l->w, why);
    l->n += err == ERR_NONE;
    kibana_rules_release(&found);
    return err;
}

static void skip(struct bulk *b, const struct kibana_rule *r)
{
    struct format_writer *w = &b->skipped.w;
    b->skipped.n++;
    format_write_begin_object(w);
    format_write_field_str(w, "id", r->id);
    format_write_field_str(w, "name", r->name);
    format_write_field_str(w, "skip_reason", "RULE_NOT_MODIFIED");
    format_write_end_object(w);
}

static enum err edit(struct bulk *b, const struct kibana_rule *r, struct err_text *why)
{
    struct format_node *doc = NULL;
    struct kibana_change change;
    int revision = (int)format_node_int(format_node_get(r->doc, "revision"), 0);
    enum err err =
        kibana_edit_apply(r->doc, format_node_get(b->body, "edit"), &b->call->arena, &doc, why);
    if (err != ERR_NONE)
        return err;
    if (doc == NULL) {
        skip(b, r);
        return ERR_NONE;
    }
    kibana_change_init(&change, &b->call->arena);
    kibana_change_flag(&change, "enabled", r->enabled);
    kibana_change_number(&change, "revision", revision + 1);
    kibana_change_text(&change, "updated_by", kibana_doc_guest(b->call));
    if (b->dry)
        b->updated.n++;
    else
        err = kibana_rule_put(b->call, doc, &change, false, revision, why);
    format_node_free(doc);
    return err == ERR_NONE && !b->dry ? show(b, r->rule_id, &b->updated, why) : err;
}

/* A copy under a new name, switched off. Its exception lists are shared with the first. */
static enum err duplicate(struct bulk *b, const struct kibana_rule *r, struct err_text *why)
{
    const struct format_node *how = format_node_get(b->body, "duplicate");
    struct kibana_change change;
    char id[KIBANA_UUID_SIZE], rule_id[KIBANA_UUID_SIZE];
    struct buf name;
    kibana_doc_uuid(id);
    kibana_doc_uuid(rule_id);
    buf_init(&name);
    buf_format(&name, "%s [Duplicate]", r->name);
    kibana_change_init(&change, &b->call->arena);
    kibana_rule_forget_bookkeeping(&change);
    kibana_change_text(&change, "id", id);
    kibana_change_text(&change, "rule_id", rule_id);
    kibana_change_text(&change, "name", buf_text(&name));
    kibana_change_flag(&change, "enabled", false);
    kibana_change_number(&change, "revision", 0);
    kibana_change_number(&change, "version", 1);
    kibana_change_text(&change, "created_by", kibana_doc_guest(b->call));
    kibana_change_text(&change, "updated_by", kibana_doc_guest(b->call));
    if (!format_node_bool(format_node_get(how, "include_exceptions"), true))
        kibana_change_json(&change, "exceptions_list", "[]");
    enum err err = buf_ok(&name) ? kibana_rule_put(b->call, r->doc, &change, true, -1, why)
                                 : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    buf_release(&name);
    return err == ERR_NONE ? show(b, rule_id, &b->created, why) : err;
}

/* A manual run over a span of the past; the answer comes when it is over. */
static enum err run(struct bulk *b, const struct kibana_rule *r, struct err_text *why)
{
    const struct format_node *span = format_node_get(b->body, "run");
    struct buf request;
    struct format_writer w;
    buf_init(&request);
    format_write_init(&w, &request);
    format_write_begin_object(&w);
    format_write_field_str(&w, "command", "rule");
    format_write_field_str(&w, "verb", "run");
    format_write_field_str(&w, "id", r->rule_id);
    format_write_field_str(&w, "from", format_node_str(format_node_get(span, "start_date"), NULL));
    format_write_field_str(&w, "to", format_node_str(format_node_get(span, "end_date"), NULL));
    format_write_end_object(&w);
    enum err err = api_call_act(b->call, &request, NULL, why);
    buf_release(&request);
    return err == ERR_NONE ? show(b, r->rule_id, &b->updated, why) : err;
}

static enum err act(struct bulk *b, const struct kibana_rule *r, struct err_text *why)
{
    enum err err;
    if (b->action == EDIT)
        return edit(b, r, why);
    if (b->dry) {
        b->updated.n++;
        return ERR_NONE;
    }
    switch (b->action) {
    case DELETE:
        err = kibana_rule_ask(b->call, "delete", r->rule_id, why);
        if (err == ERR_NONE)
            err = kibana_rule_write(b->call, r, NULL, &b->deleted.w, why);
        b->deleted.n += err == ERR_NONE;
        return err;
    case DUPLICATE:
        return duplicate(b, r, why);
    case RUN:
        return run(b, r, why);
    default:
        err = b->switched ? ERR_NONE : kibana_rule_ask(b->call, names[b->action], r->rule_id, why);
        return err == ERR_NONE ? show(b, r->rule_id, &b->updated, why) : err;
    }
}

static void write_list(struct format_writer *w, const char *key, struct list *l, bool empty)
{
    format_write_end_array(&l->w);
    format_write_key(w, key);
    if (empty)
        format_write_raw(w, "[]", 2);
    else
        format_write_raw(w, buf_text(&l->text), l->text.n);
}

static void write_attributes(struct bulk *b, struct format_writer *w)
{
    size_t done = b->updated.n + b->created.n + b->deleted.n;
    format_write_key(w, "attributes");
    format_write_begin_object(w);
    if (b->errors.n > 0)
        write_list(w, "errors", &b->errors, false);
    format_write_key(w, "results");
    format_write_begin_object(w);
    write_list(w, "updated", &b->updated, b->dry);
    write_list(w, "created", &b->created, b->dry);
    write_list(w, "deleted", &b->deleted, b->dry);
    write_list(w, "skipped", &b->skipped, b->dry);
    format_write_end_object(w);
    format_write_key(w, "summary");
    format_write_begin_object(w);
    format_write_field_i64(w, "failed", (int64_t)b->errors.n);
    format_write_field_i64(w, "skipped", (int64_t)b->skipped.n);
    format_write_field_i64(w, "succeeded", (int64_t)done);
    format_write_field_i64(w, "total", (int64_t)(done + b->skipped.n + b->errors.n));
    format_write_end_object(w);
    format_write_end_object(w);
}

/* What failed for some rules is an answer of status 500, with what became of the others in it. */
static void write_answer(struct bulk *b)
{
    struct format_writer *w = &b->call->out;
    size_t done = b->updated.n + b->created.n + b->deleted.n + b->skipped.n;
    format_write_begin_object(w);
    if (b->errors.n > 0) {
        http_answer_set_status(b->call->answer, 500);
        format_write_field_str(w, "message",
                               done > 0 ? "Bulk edit partially failed" : "Bulk edit failed");
        format_write_field_i64(w, "status_code", 500);
        format_write_field_i64(w, "statusCode", 500);
        format_write_field_str(w, "error", api_form_reason(500));
    } else {
        format_write_field_bool(w, "success", true);
        format_write_field_i64(w, "rules_count", (int64_t)done);
    }
    write_attributes(b, w);
    format_write_end_object(w);
}

/* Those that were chosen, by rule_id. */
static enum err export_chosen(struct bulk *b, struct err_text *why)
{
    struct format_node *ids;
    struct format_writer w;
    struct buf text;
    buf_init(&text);
    format_write_init(&w, &text);
    format_write_begin_array(&w);
    for (size_t i = 0; i < b->rules.n; i++)
        format_write_str(&w, b->rules.list[i].rule_id);
    format_write_end_array(&w);
    enum err err = buf_ok(&text) ? format_node_json(text.p, text.n, "ids", &ids, why)
                                 : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    buf_release(&text);
    if (err == ERR_NONE) {
        err = kibana_transfer_export(b->call, ids, true, "rules_export.ndjson", why);
        format_node_free(ids);
    }
    return err;
}

/* Switches all in one request. When that fails, one after the other says where. */
static void switch_all(struct bulk *b)
{
    struct buf request;
    struct format_writer w;
    struct err_text ignored;
    buf_init(&request);
    format_write_init(&w, &request);
    format_write_begin_object(&w);
    format_write_field_str(&w, "command", "rule");
    format_write_field_str(&w, "verb", names[b->action]);
    format_write_key(&w, "ids");
    format_write_begin_array(&w);
    for (size_t i = 0; i < b->rules.n; i++)
        format_write_str(&w, b->rules.list[i].rule_id);
    format_write_end_array(&w);
    format_write_end_object(&w);
    b->switched = api_call_act(b->call, &request, NULL, &ignored) == ERR_NONE;
    buf_release(&request);
}

static enum err carry_out(struct bulk *b, struct err_text *why)
{
    enum err err = choose(b, why);
    if (err != ERR_NONE || b->action == EXPORT)
        return err == ERR_NONE ? export_chosen(b, why) : err;
    if ((b->action == ENABLE || b->action == DISABLE) && !b->dry && b->rules.n > 1)
        switch_all(b);
    for (size_t i = 0; i < b->rules.n && err == ERR_NONE; i++) {
        const struct kibana_rule *r = &b->rules.list[i];
        err = act(b, r, why);
        if (err == ERR_NONE || err == ERR_MEMORY)
            continue;
        write_failure(b, b->call->status != 0 ? b->call->status : api_form_status(err),
                      why->message, r->id, r->name);
        b->call->status = 0;
        err = ERR_NONE;
    }
    if (err == ERR_NONE)
        write_answer(b);
    return err;
}

static enum err read_action(struct bulk *b, struct err_text *why)
{
    const char *action = format_node_str(format_node_get(b->body, "action"), "");
    const struct format_node *span = format_node_get(b->body, "run");
    for (b->action = ENABLE; b->action < ACTIONS; b->action++)
        if (strcmp(names[b->action], action) == 0)
            break;
    if (b->action == ACTIONS)
        return api_call_fail(b->call, 400, NULL, why,
                             "action is enable, disable, delete, duplicate, edit, export or run, "
                             "not '%.50s'",
                             action);
    if (b->action == EXPORT && b->dry)
        return api_call_fail(b->call, 400, NULL, why, "Export action doesn't support dry_run mode");
    if (b->action == RUN && (format_node_str(format_node_get(span, "start_date"), NULL) == NULL ||
                             format_node_str(format_node_get(span, "end_date"), NULL) == NULL))
        return api_call_fail(b->call, 400, NULL, why, "run needs start_date and end_date");
    return ERR_NONE;
}

static enum err bulk(struct api_call *c, struct err_text *why)
{
    struct bulk b = {.call = c};
    struct list *lists[] = {&b.updated, &b.created, &b.deleted, &b.skipped, &b.errors};
    enum err err = api_call_body(c, true, &b.body, why);
    if (err == ERR_NONE)
        err = kibana_transfer_flag(c, "dry_run", false, &b.dry, why);
    if (err == ERR_NONE)
        err = read_action(&b, why);
    if (err != ERR_NONE)
        return err;
    kibana_rules_init(&b.rules);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        open_list(lists[i]);
    err = carry_out(&b, why);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (err == ERR_NONE && !buf_ok(&lists[i]->text))
            err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        buf_release(&lists[i]->text);
    }
    kibana_rules_release(&b.rules);
    return err;
}

const struct api_row kibana_bulk_rows[] = {
    {"POST", "/api/detection_engine/rules/_bulk_action", AUTH_RIGHT_STEER, API_FORM_KIBANA,
     API_ROW_LARGE, "dry_run:boolean", "Do something with many rules", bulk},
    {0},
};
