/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "api/form.h"
#include "base/buf.h"
#include "format/node.h"
#include "http/request.h"
#include "kibana/batch.h"
#include "kibana/doc.h"
#include "kibana/edit.h"
#include "kibana/exception_import.h"
#include "kibana/find.h"
#include "kibana/rule.h"
#include "kibana/transfer.h"
#include "query/datemath.h"
#include "store/state_gap.h"

#include <stdlib.h>
#include <string.h>

#define IDS_MAX 10000

/* Above so many ids all rules are read at once. */
#define IDS_FEW 8

enum action { ENABLE, DISABLE, DELETE, DUPLICATE, EDIT, EXPORT, RUN, FILL, ACTIONS };

static const char *const names[ACTIONS] = {"enable", "disable", "delete", "duplicate",
                                           "edit",   "export",  "run",    "fill_gaps"};

/* Members of an array that grows while rules are gone through. */
struct list {
    struct buf text;
    struct format_writer w;
    size_t n;
};

/* A change that is under way: of which rule, and the rule_id that comes of it. */
struct changing {
    const struct kibana_rule *rule;
    const char *rule_id;
};

struct bulk {
    struct api_call *call;
    struct format_node *body;
    enum action action;
    bool dry;
    bool switched;  /* all at once */
    ts_ns from, to; /* of runs */
    struct kibana_rules rules;
    const struct kibana_rule **chosen;
    size_t n;
    struct kibana_batch batch; /* of those that are edited, made and deleted */
    struct changing *changing;
    size_t changing_n;
    enum err err; /* of telling what became of them */
    struct err_text *why;
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

static int by_id(const void *a, const void *b)
{
    const struct kibana_rule *const *x = a, *const *y = b;
    return strcmp((*x)->id, (*y)->id);
}

static int id_of(const void *id, const void *rule)
{
    const struct kibana_rule *const *r = rule;
    return strcmp(id, (*r)->id);
}

/* Reads the rules that the ids may mean: one after the other, or all. */
static enum err read_some(struct bulk *b, const struct format_node *ids, struct err_text *why)
{
    enum err err = ERR_NONE;
    if (format_node_count(ids) > IDS_FEW)
        return kibana_rules_read(b->call, &b->rules, why);
    for (size_t i = 0; i < format_node_count(ids) && err == ERR_NONE; i++) {
        err = kibana_rules_find(b->call, format_node_str(format_node_at(ids, i), ""), NULL,
                                &b->rules, why);
        if (err == ERR_INVALID && b->call->status == 404) {
            b->call->status = 0;
            err = ERR_NONE;
        }
    }
    return err;
}

/* All that were read, in order of id. */
static const struct kibana_rule **sort_read(struct bulk *b)
{
    const struct kibana_rule **all =
        arena_alloc(&b->call->arena, (b->rules.n + 1) * sizeof(const struct kibana_rule *));
    for (size_t i = 0; i < b->rules.n && all != NULL; i++)
        all[i] = &b->rules.list[i];
    if (all != NULL && b->rules.n > 0)
        qsort(all, b->rules.n, sizeof(const struct kibana_rule *), by_id);
    return all;
}

/* Rules by their ids; those that are not there are told among the errors. */
static enum err choose_ids(struct bulk *b, const struct format_node *ids, struct err_text *why)
{
    if (format_node_type(ids) != FORMAT_ARRAY || format_node_count(ids) == 0 ||
        format_node_count(ids) > IDS_MAX)
        return api_call_fail(b->call, 400, NULL, why, "ids must be a list of 1 to %d strings",
                             IDS_MAX);
    enum err err = read_some(b, ids, why);
    if (err != ERR_NONE)
        return err;
    const struct kibana_rule **all = sort_read(b);
    b->chosen =
        arena_alloc(&b->call->arena, format_node_count(ids) * sizeof(const struct kibana_rule *));
    if (all == NULL || b->chosen == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    for (size_t i = 0; i < format_node_count(ids); i++) {
        const char *id = format_node_str(format_node_at(ids, i), "");
        const struct kibana_rule **found =
            bsearch(id, all, b->rules.n, sizeof(const struct kibana_rule *), id_of);
        if (found != NULL)
            b->chosen[b->n++] = *found;
        else
            write_failure(b, 404, "Rule not found", id, NULL);
    }
    return ERR_NONE;
}

/* By their ids, or by a filter. */
static enum err choose(struct bulk *b, struct err_text *why)
{
    const struct format_node *ids = format_node_get(b->body, "ids");
    const char *query = format_node_str(format_node_get(b->body, "query"), NULL);
    if (ids != NULL && query != NULL)
        return api_call_fail(b->call, 400, NULL, why,
                             "Both query and ids are sent. Define either ids or query in request "
                             "payload.");
    if (ids != NULL)
        return choose_ids(b, ids, why);
    enum err err = kibana_rules_read(b->call, &b->rules, why);
    if (err == ERR_NONE)
        err = kibana_find_filter(b->call, &b->rules, query, why);
    if (err != ERR_NONE)
        return err;
    b->chosen = arena_alloc(&b->call->arena, (b->rules.n + 1) * sizeof(const struct kibana_rule *));
    if (b->chosen == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    for (; b->n < b->rules.n; b->n++)
        b->chosen[b->n] = &b->rules.list[b->n];
    return ERR_NONE;
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

static void skip(struct bulk *b, const struct kibana_rule *r, const char *reason)
{
    struct format_writer *w = &b->skipped.w;
    b->skipped.n++;
    format_write_begin_object(w);
    format_write_field_str(w, "id", r->id);
    format_write_field_str(w, "name", r->name);
    format_write_field_str(w, "skip_reason", reason);
    format_write_end_object(w);
}

/* What went wrong with one rule is told among the errors. */
static enum err fail_one(struct bulk *b, const struct kibana_rule *r, enum err err,
                         const struct err_text *why)
{
    write_failure(b, b->call->status != 0 ? b->call->status : api_form_status(err), why->message,
                  r->id, r->name);
    b->call->status = 0;
    return ERR_NONE;
}

/* Of the change under way that was begun as the i-th. */
static void take_outcome(void *ctx, size_t i, enum err err, const char *message)
{
    struct bulk *b = ctx;
    const struct changing *c = &b->changing[i];
    if (b->err != ERR_NONE)
        return;
    if (err != ERR_NONE) {
        write_failure(b, api_form_status(err), message, c->rule->id, c->rule->name);
        return;
    }
    if (b->action == DELETE) {
        b->err = kibana_rule_write(b->call, c->rule, NULL, &b->deleted.w, b->why);
        b->deleted.n++;
    } else {
        b->err = show(b, c->rule_id, b->action == EDIT ? &b->updated : &b->created, b->why);
    }
    if (b->err != ERR_NONE && b->err != ERR_MEMORY)
        b->err = fail_one(b, c->rule, b->err, b->why);
}

static enum err begin_change(struct bulk *b, const struct kibana_rule *r, const char *rule_id,
                             const char *text, size_t n, const struct kibana_batch_terms *terms,
                             struct err_text *why)
{
    b->changing[b->changing_n++] =
        (struct changing){r, arena_strndup(&b->call->arena, rule_id, strlen(rule_id))};
    if (b->changing[b->changing_n - 1].rule_id == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    return kibana_batch_add(&b->batch, text, n, terms, why);
}

/* *out_refused: it is the edit that does not fit the rule. */
static enum err edit(struct bulk *b, const struct kibana_rule *r, bool *out_refused,
                     struct err_text *why)
{
    struct format_node *doc = NULL;
    struct kibana_change change;
    struct buf text;
    int revision = (int)format_node_int(format_node_get(r->doc, "revision"), 0);
    enum err err =
        kibana_edit_apply(r->doc, format_node_get(b->body, "edit"), &b->call->arena, &doc, why);
    *out_refused = err != ERR_NONE && err != ERR_MEMORY;
    if (err != ERR_NONE)
        return err;
    if (doc == NULL) {
        skip(b, r, "RULE_NOT_MODIFIED");
        return ERR_NONE;
    }
    const struct kibana_batch_terms terms = {.revision = revision};
    buf_init(&text);
    kibana_change_init(&change, &b->call->arena);
    kibana_change_flag(&change, "enabled", r->enabled);
    kibana_change_number(&change, "revision", revision + 1);
    kibana_change_text(&change, "updated_by", kibana_doc_guest(b->call));
    if (b->dry)
        b->updated.n++;
    else
        err = kibana_doc_write(doc, &change, &text, why);
    if (err == ERR_NONE && !b->dry)
        err = begin_change(b, r, r->rule_id, buf_text(&text), text.n, &terms, why);
    format_node_free(doc);
    buf_release(&text);
    return err;
}

/* A copy under a new name, switched off. Exception lists but the rule's own are shared with the
 * first. */
static enum err duplicate(struct bulk *b, const struct kibana_rule *r, bool *out_refused,
                          struct err_text *why)
{
    const struct format_node *how = format_node_get(b->body, "duplicate");
    const struct kibana_batch_terms terms = {.fresh = true, .revision = -1};
    struct kibana_change change;
    char id[KIBANA_UUID_SIZE], rule_id[KIBANA_UUID_SIZE];
    struct buf name, text;
    kibana_doc_uuid(id);
    kibana_doc_uuid(rule_id);
    buf_init(&name);
    buf_init(&text);
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
    enum err err = buf_ok(&name) ? ERR_NONE : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (!format_node_bool(format_node_get(how, "include_exceptions"), true))
        kibana_change_json(&change, "exceptions_list", "[]");
    else if (err == ERR_NONE)
        err = kibana_exception_import_own(
            b->call, r->doc,
            format_node_bool(format_node_get(how, "include_expired_exceptions"), true), &change,
            why);
    if (err == ERR_NONE)
        err = kibana_doc_write(r->doc, &change, &text, why);
    *out_refused = err != ERR_NONE;
    if (err == ERR_NONE)
        err = begin_change(b, r, rule_id, buf_text(&text), text.n, &terms, why);
    buf_release(&name);
    buf_release(&text);
    return err;
}

static bool look_at_gap(void *ctx, const struct store_gap *gap)
{
    bool *left = ctx;
    *left = strcmp(gap->status, "filled") != 0;
    return !*left;
}

/* Whether some of the rule's gaps in the span are not filled. */
static enum err see_gaps(struct bulk *b, const struct kibana_rule *r, bool *out,
                         struct err_text *why)
{
    *out = false;
    enum err err =
        store_state_gap_list(b->call->ports->state, r->rule_id, b->from, b->to, look_at_gap, out);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "the gaps cannot be read: %s", err_name(err));
}

/* Manual runs over a span of the past, or over its gaps; the answer comes when they are over. */
static enum err run(struct bulk *b, const struct kibana_rule *r, struct err_text *why)
{
    struct buf request;
    struct format_writer w;
    char from[TIME_TEXT_SIZE], to[TIME_TEXT_SIZE];
    time_format_iso(b->from, from);
    time_format_iso(b->to, to);
    buf_init(&request);
    format_write_init(&w, &request);
    format_write_begin_object(&w);
    format_write_field_str(&w, "command", "rule");
    format_write_field_str(&w, "verb", "run");
    format_write_field_str(&w, "id", r->rule_id);
    format_write_field_str(&w, "from", from);
    format_write_field_str(&w, "to", to);
    if (b->action == FILL)
        format_write_field_bool(&w, "gaps", true);
    format_write_end_object(&w);
    enum err err = api_call_act(b->call, &request, NULL, why);
    buf_release(&request);
    return err == ERR_NONE ? show(b, r->rule_id, &b->updated, why) : err;
}

static enum err fill(struct bulk *b, const struct kibana_rule *r, struct err_text *why)
{
    bool any;
    enum err err = see_gaps(b, r, &any, why);
    if (err != ERR_NONE)
        return err;
    if (!any)
        skip(b, r, "NO_GAPS_TO_FILL");
    else if (b->dry)
        b->updated.n++;
    else
        err = run(b, r, why);
    return err;
}

/* *out_refused: what went wrong is the rule's own. Changes are begun, and told of by
 * take_outcome(). */
static enum err act(struct bulk *b, const struct kibana_rule *r, bool *out_refused,
                    struct err_text *why)
{
    static const struct kibana_batch_terms any = {.revision = -1};
    enum err err;
    *out_refused = false;
    if (b->action == EDIT)
        return edit(b, r, out_refused, why);
    *out_refused = true;
    if (b->action == FILL)
        return fill(b, r, why);
    if (b->dry) {
        b->updated.n++;
        return ERR_NONE;
    }
    switch (b->action) {
    case DELETE:
        *out_refused = false;
        return begin_change(b, r, r->rule_id, r->rule_id, strlen(r->rule_id), &any, why);
    case DUPLICATE:
        return duplicate(b, r, out_refused, why);
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
    for (size_t i = 0; i < b->n; i++)
        format_write_str(&w, b->chosen[i]->rule_id);
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
    for (size_t i = 0; i < b->n; i++)
        format_write_str(&w, b->chosen[i]->rule_id);
    format_write_end_array(&w);
    format_write_end_object(&w);
    b->switched = api_call_act(b->call, &request, NULL, &ignored) == ERR_NONE;
    buf_release(&request);
}

static enum err act_on_all(struct bulk *b, struct err_text *why)
{
    enum err err = ERR_NONE;
    b->changing = arena_alloc(&b->call->arena, (b->n + 1) * sizeof(*b->changing));
    if (b->changing == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    for (size_t i = 0; i < b->n && err == ERR_NONE; i++) {
        const struct kibana_rule *r = b->chosen[i];
        bool refused;
        err = act(b, r, &refused, why);
        if (err != ERR_NONE && err != ERR_MEMORY && refused)
            err = fail_one(b, r, err, why);
    }
    if (err == ERR_NONE)
        err = kibana_batch_end(&b->batch, why);
    return err == ERR_NONE ? b->err : err;
}

static enum err carry_out(struct bulk *b, struct err_text *why)
{
    enum err err = choose(b, why);
    if (err != ERR_NONE || b->action == EXPORT)
        return err == ERR_NONE ? export_chosen(b, why) : err;
    if ((b->action == ENABLE || b->action == DISABLE) && !b->dry && b->n > 1)
        switch_all(b);
    err = act_on_all(b, why);
    if (err == ERR_NONE)
        write_answer(b);
    return err;
}

static enum err read_date(struct bulk *b, const char *key, ts_ns *out, struct err_text *why)
{
    const char *action = names[b->action];
    const struct datemath_options options = {.now = b->call->now};
    const struct format_node *span = format_node_get(b->body, action);
    const char *text = format_node_str(format_node_get(span, key), NULL);
    struct datemath_span found;
    if (text == NULL)
        return api_call_fail(b->call, 400, NULL, why, "%s needs start_date and end_date", action);
    enum err err = query_datemath_parse(text, strlen(text), &options, &found, why);
    if (err == ERR_NONE)
        *out = found.from;
    return err;
}

static enum err read_span(struct bulk *b, struct err_text *why)
{
    enum err err = read_date(b, "start_date", &b->from, why);
    if (err == ERR_NONE)
        err = read_date(b, "end_date", &b->to, why);
    if (err == ERR_NONE && (b->from >= b->to || b->to > b->call->now))
        return api_call_fail(b->call, 400, NULL, why,
                             "start_date must lie before end_date, and end_date not in the future");
    return err;
}

static enum err read_action(struct bulk *b, struct err_text *why)
{
    const char *action = format_node_str(format_node_get(b->body, "action"), "");
    for (b->action = ENABLE; b->action < ACTIONS; b->action++)
        if (strcmp(names[b->action], action) == 0)
            break;
    if (b->action == ACTIONS)
        return api_call_fail(b->call, 400, NULL, why,
                             "action is enable, disable, delete, duplicate, edit, export, run or "
                             "fill_gaps, not '%.50s'",
                             action);
    if (b->action == EXPORT && b->dry)
        return api_call_fail(b->call, 400, NULL, why, "Export action doesn't support dry_run mode");
    return b->action == RUN || b->action == FILL ? read_span(b, why) : ERR_NONE;
}

static enum err bulk(struct api_call *c, struct err_text *why)
{
    struct bulk b = {.call = c, .why = why};
    struct list *lists[] = {&b.updated, &b.created, &b.deleted, &b.skipped, &b.errors};
    enum err err = api_call_body(c, true, &b.body, why);
    if (err == ERR_NONE)
        err = kibana_transfer_flag(c, "dry_run", false, &b.dry, why);
    if (err == ERR_NONE)
        err = read_action(&b, why);
    if (err != ERR_NONE)
        return err;
    kibana_rules_init(&b.rules);
    kibana_batch_init(&b.batch, c, "rule", b.action == DELETE ? "delete" : "put", take_outcome, &b);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        open_list(lists[i]);
    err = carry_out(&b, why);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (err == ERR_NONE && !buf_ok(&lists[i]->text))
            err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        buf_release(&lists[i]->text);
    }
    kibana_batch_release(&b.batch);
    kibana_rules_release(&b.rules);
    return err;
}

const struct api_row kibana_bulk_rows[] = {
    {"POST", "/api/detection_engine/rules/_bulk_action", AUTH_RIGHT_STEER, API_FORM_KIBANA,
     API_ROW_LARGE, "dry_run:boolean", "Do something with many rules", bulk, HTTP_LANE_LONG},
    {0},
};
