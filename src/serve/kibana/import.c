/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "api/form.h"
#include "base/buf.h"
#include "format/node.h"
#include "kibana/batch.h"
#include "kibana/connector_import.h"
#include "kibana/doc.h"
#include "kibana/exception_import.h"
#include "kibana/multipart.h"
#include "kibana/rule.h"
#include "kibana/transfer.h"
#include "rule/load.h"
#include "rule/rule.h"

#include <string.h>

struct importing {
    struct api_call *call;
    struct rule_set *set;
    bool overwrite;
    struct kibana_exception_import lists;
    struct kibana_connector_import connectors;
    struct buf errors;
    struct format_writer error; /* members of an array */
    size_t refused;
    size_t rules; /* that are there now */
};

static void refuse(struct importing *x, const char *rule_id, unsigned status, const char *message)
{
    kibana_transfer_error(&x->error, "rule_id", rule_id, status, message);
    x->refused++;
}

static void take_outcome(void *ctx, size_t i, enum err err, const char *message)
{
    struct importing *x = ctx;
    if (err == ERR_NONE)
        x->rules++;
    else
        refuse(x, rule_set_at(x->set, i)->rule_id, api_form_status(err), message);
}

/* The rule as it is to be kept: what the file says, but for what is the server's. */
static enum err add_rule(struct importing *x, const struct rule *rule, struct kibana_batch *batch,
                         struct err_text *why)
{
    struct kibana_rules old;
    struct kibana_change change;
    struct buf doc;
    char id[KIBANA_UUID_SIZE];
    struct api_call *c = x->call;
    buf_init(&doc);
    kibana_rules_init(&old);
    kibana_change_init(&change, &c->arena);
    kibana_rule_forget_bookkeeping(&change);
    enum err err = kibana_rules_find(c, NULL, rule->rule_id, &old, why);
    bool there = err == ERR_NONE;
    if (err == ERR_INVALID && c->status == 404)
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
    kibana_exception_import_rename(&x->lists, rule->node, &change);
    const struct kibana_batch_terms terms = {.fresh = !there || !x->overwrite, .revision = -1};
    if (err == ERR_NONE)
        err = kibana_doc_write(rule->node, &change, &doc, why);
    if (err == ERR_NONE)
        err = kibana_batch_add(batch, buf_text(&doc), doc.n, &terms, why);
    kibana_rules_release(&old);
    buf_release(&doc);
    return err;
}

static enum err import_others(struct importing *x, struct err_text *why)
{
    enum err err = ERR_NONE;
    for (size_t i = 0; i < rule_set_others(x->set) && err == ERR_NONE; i++) {
        const struct rule_other *o = rule_set_other(x->set, i);
        if (o->kind == RULE_OTHER_CONNECTOR)
            err = kibana_connector_import_add(&x->connectors, o->json, o->n, why);
        else
            err = kibana_exception_import_add(&x->lists, o->json, o->n, why);
    }
    if (err == ERR_NONE)
        err = kibana_exception_import_end(&x->lists, why);
    return err == ERR_NONE ? kibana_connector_import_end(&x->connectors, x->set, why) : err;
}

static enum err import_rules(struct importing *x, struct err_text *why)
{
    struct kibana_batch batch;
    enum err err = ERR_NONE;
    kibana_batch_init(&batch, x->call, "rule", "put", take_outcome, x);
    for (size_t i = 0; i < rule_set_count(x->set) && err == ERR_NONE; i++)
        err = add_rule(x, rule_set_at(x->set, i), &batch, why);
    if (err == ERR_NONE)
        err = kibana_batch_end(&batch, why);
    kibana_batch_release(&batch);
    for (size_t i = 0; i < rule_set_problems(x->set) && err == ERR_NONE; i++) {
        const struct rule_problem *problem = rule_set_problem(x->set, i);
        char line[900];
        if (problem->fatal)
            refuse(x, "(unknown id)", 400, err_format(&problem->text, line, sizeof(line)));
    }
    format_write_end_array(&x->error);
    return err == ERR_NONE && !buf_ok(&x->errors)
               ? err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY))
               : err;
}

static void write_array(struct format_writer *w, const char *key, const struct buf *json)
{
    format_write_key(w, key);
    format_write_raw(w, buf_text(json), json->n);
}

static void write_totals(struct importing *x, struct format_writer *w)
{
    const struct kibana_exception_import *l = &x->lists;
    const struct kibana_connector_import *c = &x->connectors;
    format_write_begin_object(w);
    format_write_field_bool(w, "success", x->refused == 0);
    format_write_field_i64(w, "success_count", (int64_t)x->rules);
    format_write_field_i64(w, "rules_count", (int64_t)(x->rules + x->refused));
    write_array(w, "errors", &x->errors);
    format_write_field_bool(w, "exceptions_success", l->failed_lists + l->failed_items == 0);
    format_write_field_i64(w, "exceptions_success_count", (int64_t)(l->lists + l->items));
    write_array(w, "exceptions_errors", &l->errors);
    format_write_field_bool(w, "action_connectors_success", c->failed == 0);
    format_write_field_i64(w, "action_connectors_success_count", (int64_t)c->done);
    write_array(w, "action_connectors_errors", &c->errors);
    format_write_key(w, "action_connectors_warnings");
    kibana_connector_import_warn(c, w);
    format_write_end_object(w);
}

static enum err read_file(struct importing *x, struct err_text *why)
{
    struct kibana_file file;
    enum err err = kibana_transfer_file(x->call, &file, why);
    return err == ERR_NONE ? rule_load_text(x->set, (const char *)file.content.p, file.content.n,
                                            "rules.ndjson", why)
                           : err;
}

static enum err import(struct api_call *c, struct err_text *why)
{
    struct importing x = {.call = c, .set = rule_set_new()};
    if (x.set == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    kibana_exception_import_init(&x.lists, c);
    kibana_connector_import_init(&x.connectors, c);
    buf_init(&x.errors);
    format_write_init(&x.error, &x.errors);
    format_write_begin_array(&x.error);
    enum err err = kibana_transfer_flag(c, "overwrite", false, &x.overwrite, why);
    if (err == ERR_NONE)
        err = kibana_transfer_flag(c, "overwrite_exceptions", false, &x.lists.overwrite, why);
    if (err == ERR_NONE)
        err = kibana_transfer_flag(c, "overwrite_action_connectors", false, &x.connectors.overwrite,
                                   why);
    if (err == ERR_NONE)
        err = kibana_transfer_flag(c, "as_new_list", false, &x.lists.as_new, why);
    if (err == ERR_NONE)
        err = read_file(&x, why);
    if (err == ERR_NONE &&
        rule_set_count(x.set) + rule_set_problems(x.set) + rule_set_others(x.set) == 0)
        err = api_call_fail(c, 400, NULL, why, "the file holds no rules");
    if (err == ERR_NONE)
        err = import_others(&x, why);
    if (err == ERR_NONE)
        err = import_rules(&x, why);
    if (err == ERR_NONE)
        write_totals(&x, &c->out);
    buf_release(&x.errors);
    kibana_exception_import_release(&x.lists);
    kibana_connector_import_release(&x.connectors);
    rule_set_free(x.set);
    return err;
}

/* Above what bodies with parameters may have (api/call.h): files are not read as JSON. */
#define FILE_MAX (2 * API_ROW_LARGE)

const struct api_row kibana_import_rows[] = {
    {"POST", "/api/detection_engine/rules/_import", AUTH_RIGHT_STEER, API_FORM_KIBANA, FILE_MAX,
     "overwrite:boolean overwrite_exceptions:boolean overwrite_action_connectors:boolean "
     "as_new_list:boolean",
     "Rules, exceptions and connectors from such a file, uploaded as the part file", import,
     HTTP_LANE_LONG},
    {0},
};
