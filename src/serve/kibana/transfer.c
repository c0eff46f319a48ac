/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/transfer.h"

#include "kibana/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "api/form.h"
#include "base/buf.h"
#include "base/mem.h"
#include "format/node.h"
#include "http/request.h"
#include "kibana/doc.h"
#include "kibana/exception.h"
#include "kibana/multipart.h"
#include "kibana/rule.h"
#include "rule/load.h"
#include "rule/rule.h"
#include "store/state.h"

#include <stdio.h>
#include <string.h>

#define RULES_MAX 10000

enum err kibana_transfer_file(struct api_call *c, struct kibana_file *out, struct err_text *why)
{
    return kibana_multipart_find(http_request_header(c->request, "Content-Type"),
                                 http_request_body(c->request), "file", out, why);
}

enum err kibana_transfer_flag(struct api_call *c, const char *name, bool otherwise, bool *out,
                              struct err_text *why)
{
    const char *text = http_request_param(c->request, name);
    if (text == NULL)
        *out = otherwise;
    else if (text[0] == '\0' || strcmp(text, "true") == 0)
        *out = true;
    else if (strcmp(text, "false") == 0)
        *out = false;
    else
        return api_call_fail(c, 400, NULL, why, "[request query]: %s must be true or false", name);
    return ERR_NONE;
}

void kibana_transfer_name(struct api_call *c, const char *type, const char *name)
{
    char value[300];
    size_t n = 0;
    n += (size_t)snprintf(value, sizeof(value), "attachment; filename=\"");
    for (; *name != '\0' && n < sizeof(value) - 2; name++)
        value[n++] = *name == '"' || *name == '\\' || *name < ' ' || *name > '~' ? '_' : *name;
    value[n++] = '"';
    value[n] = '\0';
    api_call_plain(c, type);
    http_answer_set_header(c->answer, "Content-Disposition", value);
}

/* Without the last line. */
static void cut_summary(struct buf *lines)
{
    if (lines->n > 0)
        lines->n--;
    while (lines->n > 0 && lines->p[lines->n - 1] != '\n')
        lines->n--;
    if (lines->p != NULL)
        lines->p[lines->n] = '\0';
}

enum err kibana_transfer_export(struct api_call *c, const struct format_node *rule_ids,
                                bool details, const char *name, struct err_text *why)
{
    struct buf request, *lines = http_answer_body(c->answer);
    struct format_writer w;
    buf_init(&request);
    format_write_init(&w, &request);
    format_write_begin_object(&w);
    format_write_field_str(&w, "command", "rule");
    format_write_field_str(&w, "verb", "export");
    if (rule_ids != NULL) {
        format_write_key(&w, "ids");
        format_node_write_value(rule_ids, &w);
    }
    format_write_end_object(&w);
    kibana_transfer_name(c, "application/ndjson", name);
    enum err err = api_call_act(c, &request, lines, why);
    if (err == ERR_NONE && !details)
        cut_summary(lines);
    buf_release(&request);
    return err;
}

/* {"objects":[{"rule_id":"x"}]} as a list of rule_ids; without it, all rules. */
static enum err export_rules(struct api_call *c, struct err_text *why)
{
    struct format_node *body = NULL, *ids = NULL;
    struct format_writer w;
    struct buf list;
    const char *name = http_request_param(c->request, "file_name");
    bool without;
    enum err err = kibana_transfer_flag(c, "exclude_export_details", false, &without, why);
    if (err == ERR_NONE)
        err = api_call_body(c, false, &body, why);
    if (err != ERR_NONE)
        return err;
    const struct format_node *objects = format_node_get(body, "objects");
    if (format_node_count(objects) > RULES_MAX)
        return api_call_fail(c, 400, NULL, why, "Can't export more than %d rules", RULES_MAX);
    buf_init(&list);
    format_write_init(&w, &list);
    format_write_begin_array(&w);
    for (size_t i = 0; i < format_node_count(objects); i++) {
        const struct format_node *id = format_node_get(format_node_at(objects, i), "rule_id");
        format_write_str(&w, format_node_str(id, ""));
    }
    format_write_end_array(&w);
    if (!buf_ok(&list))
        err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    else if (format_node_type(objects) == FORMAT_ARRAY)
        err = format_node_json(list.p, list.n, "objects", &ids, why);
    buf_release(&list);
    if (err == ERR_NONE)
        err = kibana_transfer_export(c, ids, !without, name != NULL ? name : "export.ndjson", why);
    format_node_free(ids);
    return err;
}

void kibana_transfer_error(struct format_writer *w, const char *key, const char *id,
                           unsigned status, const char *message)
{
    format_write_begin_object(w);
    format_write_field_str(w, key, id);
    format_write_key(w, "error");
    format_write_begin_object(w);
    format_write_field_i64(w, "status_code", status);
    format_write_field_str(w, "message", message);
    format_write_end_object(w);
    format_write_end_object(w);
}

struct importing {
    struct api_call *call;
    bool overwrite, overwrite_lists;
    struct buf errors, list_errors;
    struct format_writer error, list_error; /* members of arrays */
    size_t refused, lists_refused;
    size_t rules, lists; /* that are there now */
};

static void open_array(struct format_writer *w, struct buf *to)
{
    buf_init(to);
    format_write_init(w, to);
    format_write_begin_array(w);
}

/* A mistake of the file, not of the server's: those end all. */
static bool is_mistake(enum err err)
{
    return err == ERR_INVALID || err == ERR_FORMAT || err == ERR_UNSUPPORTED || err == ERR_EXISTS ||
           err == ERR_NOT_FOUND || err == ERR_BUSY;
}

static enum err import_rule(struct importing *x, const struct rule *rule, struct err_text *why)
{
    struct kibana_rules old;
    struct kibana_change change;
    char id[KIBANA_UUID_SIZE];
    struct api_call *c = x->call;
    kibana_rules_init(&old);
    kibana_change_init(&change, &c->arena);
    kibana_rule_forget_bookkeeping(&change);
    enum err err = kibana_rules_find(c, NULL, rule->rule_id, &old, why);
    bool there = err == ERR_NONE;
    if (err == ERR_INVALID) /* 404 */
        err = ERR_NONE;
    c->status = 0;
    kibana_doc_uuid(id);
    kibana_change_text(&change, "id", there ? old.list[0].id : id);
    kibana_change_text(&change, "rule_id", rule->rule_id);
    kibana_change_number(
        &change, "revision",
        there ? format_node_int(format_node_get(old.list[0].doc, "revision"), 0) + 1 : 0);
    kibana_change_text(&change, "created_by", kibana_doc_guest(c));
    kibana_change_text(&change, "updated_by", kibana_doc_guest(c));
    if (err == ERR_NONE)
        err = kibana_rule_put(c, rule->node, &change, !there || !x->overwrite, -1, why);
    kibana_rules_release(&old);
    if (err == ERR_NONE) {
        x->rules++;
    } else if (is_mistake(err)) {
        kibana_transfer_error(&x->error, "rule_id", rule->rule_id, api_form_status(err),
                              why->message);
        x->refused++;
        err = ERR_NONE;
    }
    return err;
}

static enum err import_other(struct importing *x, const struct rule_other *o, struct err_text *why)
{
    char name[KIBANA_EXCEPTION_NAME];
    bool item;
    enum err err =
        kibana_exception_import(x->call, o->json, o->n, x->overwrite_lists, name, &item, why);
    if (err == ERR_NONE) {
        x->lists++;
    } else if (is_mistake(err)) {
        kibana_transfer_error(&x->list_error, item ? "item_id" : "list_id", name,
                              api_form_status(err), why->message);
        x->lists_refused++;
        err = ERR_NONE;
    }
    return err;
}

static void write_totals(struct importing *x, struct format_writer *w)
{
    format_write_begin_object(w);
    format_write_field_bool(w, "success", x->refused == 0);
    format_write_field_i64(w, "success_count", (int64_t)x->rules);
    format_write_field_i64(w, "rules_count", (int64_t)(x->rules + x->refused));
    format_write_key(w, "errors");
    format_write_raw(w, buf_text(&x->errors), x->errors.n);
    format_write_field_bool(w, "exceptions_success", x->lists_refused == 0);
    format_write_field_i64(w, "exceptions_success_count", (int64_t)x->lists);
    format_write_key(w, "exceptions_errors");
    format_write_raw(w, buf_text(&x->list_errors), x->list_errors.n);
    format_write_field_bool(w, "action_connectors_success", true);
    format_write_field_i64(w, "action_connectors_success_count", 0);
    format_write_key(w, "action_connectors_errors");
    format_write_begin_array(w);
    format_write_end_array(w);
    format_write_key(w, "action_connectors_warnings");
    format_write_begin_array(w);
    format_write_end_array(w);
    format_write_end_object(w);
}

static enum err import_all(struct importing *x, struct rule_set *set, struct err_text *why)
{
    enum err err = ERR_NONE;
    for (size_t i = 0; i < rule_set_others(set) && err == ERR_NONE; i++)
        err = import_other(x, rule_set_other(set, i), why);
    for (size_t i = 0; i < rule_set_count(set) && err == ERR_NONE; i++)
        err = import_rule(x, rule_set_at(set, i), why);
    for (size_t i = 0; i < rule_set_problems(set) && err == ERR_NONE; i++) {
        const struct rule_problem *problem = rule_set_problem(set, i);
        char line[900];
        if (!problem->fatal)
            continue;
        kibana_transfer_error(&x->error, "rule_id", "(unknown id)", 400,
                              err_format(&problem->text, line, sizeof(line)));
        x->refused++;
    }
    format_write_end_array(&x->error);
    format_write_end_array(&x->list_error);
    if (err == ERR_NONE && (!buf_ok(&x->errors) || !buf_ok(&x->list_errors)))
        err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    return err;
}

static enum err import_rules(struct api_call *c, struct err_text *why)
{
    struct importing x = {.call = c};
    struct kibana_file file;
    bool as_new, connectors;
    enum err err = kibana_transfer_flag(c, "overwrite", false, &x.overwrite, why);
    if (err == ERR_NONE)
        err = kibana_transfer_flag(c, "overwrite_exceptions", false, &x.overwrite_lists, why);
    if (err == ERR_NONE) /* there are no connectors in what Weir reads: nothing to overwrite */
        err = kibana_transfer_flag(c, "overwrite_action_connectors", false, &connectors, why);
    if (err == ERR_NONE)
        err = kibana_transfer_flag(c, "as_new_list", false, &as_new, why);
    if (err == ERR_NONE && as_new)
        return api_call_fail(c, 400, NULL, why,
                             "exception lists keep their names here; as_new_list is not done");
    if (err == ERR_NONE)
        err = kibana_transfer_file(c, &file, why);
    if (err != ERR_NONE)
        return err;
    struct rule_set *set = rule_set_new();
    if (set == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    open_array(&x.error, &x.errors);
    open_array(&x.list_error, &x.list_errors);
    err = rule_load_text(set, (const char *)file.content.p, file.content.n, "rules.ndjson", why);
    if (err == ERR_NONE)
        err = import_all(&x, set, why);
    if (err == ERR_NONE)
        write_totals(&x, &c->out);
    buf_release(&x.errors);
    buf_release(&x.list_errors);
    rule_set_free(set);
    return err;
}

/* Above what bodies with parameters may have (api/call.h): files are not read as JSON. */
#define FILE_MAX (2 * API_ROW_LARGE)

const struct api_row kibana_transfer_rows[] = {
    {"POST", "/api/detection_engine/rules/_export", AUTH_RIGHT_READ, API_FORM_KIBANA, API_ROW_LARGE,
     "exclude_export_details:boolean file_name:text", "Rules as a file, one a line", export_rules},
    {"POST", "/api/detection_engine/rules/_import", AUTH_RIGHT_STEER, API_FORM_KIBANA, FILE_MAX,
     "overwrite:boolean overwrite_exceptions:boolean overwrite_action_connectors:boolean "
     "as_new_list:boolean",
     "Rules and exceptions from such a file, uploaded as the part file", import_rules},
    {0},
};
