/* SPDX-License-Identifier: Apache-2.0 */
#include "request/request_priv.h"

#include "base/arena.h"
#include "base/mem.h"
#include "engine/connectors.h"
#include "engine/exceptions.h"
#include "engine/install.h"
#include "engine/rules.h"
#include "except/item.h"
#include "except/set.h"
#include "format/write.h"
#include "rule/export.h"
#include "rule/load.h"
#include "rule/rule.h"
#include "store/state.h"

#include <string.h>

/* What its last run said, or why it cannot run: a sentence of its own, so that names stay names. */
static bool print_message(struct request_asked *a, const char *message)
{
    return message == NULL || message[0] == '\0' || request_asked_line(a, "%-36s %s", "", message);
}

static bool print_rule(void *ctx, const struct store_rule *row)
{
    struct rule *rule = NULL;
    struct err_text why;
    char last[TIME_TEXT_SIZE] = "-", reason[900];
    bool broken = engine_rules_read(row, &rule, &why) != ERR_NONE;
    const char *status = row->status != NULL ? row->status : "-";
    const char *message = row->message;
    if (row->last_run != TIME_NONE)
        time_format_iso(row->last_run, last);
    if (broken) {
        status = "failed";
        message = err_format(&why, reason, sizeof(reason));
    } else if (!rule_runs(rule)) {
        status = "not yet run";
        message = NULL;
    }
    bool more = request_asked_line(ctx, "%-36s %-8s %-16s %-24s %s", row->id,
                                   row->enabled ? "enabled" : "disabled", status, last,
                                   broken ? "-" : rule->name) &&
                print_message(ctx, message);
    rule_unref(rule);
    return more;
}

struct gathered {
    const struct format_node *ids; /* NULL: all */
    struct rule **rules;
    size_t n, cap;
    struct err_text *why;
    enum err err;
};

/* Whether the list of texts has it. */
static bool lists(const struct format_node *ids, const char *id)
{
    for (size_t i = 0; i < format_node_count(ids); i++)
        if (strcmp(format_node_str(format_node_at(ids, i), ""), id) == 0)
            return true;
    return false;
}

static bool gather_rule(void *ctx, const struct store_rule *row)
{
    struct gathered *g = ctx;
    struct rule *rule;
    if (g->ids != NULL && !lists(g->ids, row->id))
        return true;
    g->err = engine_rules_read(row, &rule, g->why);
    if (g->err != ERR_NONE)
        return false;
    rule->enabled = row->enabled;
    if (mem_grow((void **)&g->rules, &g->cap, g->n + 1, sizeof(struct rule *)) != 0) {
        rule_unref(rule);
        g->err = err_set(g->why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        return false;
    }
    g->rules[g->n++] = rule;
    return true;
}

/* What was asked for by name and is not there, as members of an array. */
static size_t write_missing(const struct gathered *g, struct buf *out)
{
    size_t missing = 0;
    for (size_t i = 0; i < format_node_count(g->ids); i++) {
        const char *id = format_node_str(format_node_at(g->ids, i), "");
        struct format_writer w;
        bool there = false;
        for (size_t k = 0; k < g->n && !there; k++)
            there = strcmp(g->rules[k]->rule_id, id) == 0;
        if (there)
            continue;
        buf_str(out, missing++ > 0 ? "," : "");
        format_write_init(&w, out);
        format_write_begin_object(&w);
        format_write_field_str(&w, "rule_id", id);
        format_write_end_object(&w);
    }
    return missing;
}

/* Those whose ids the request names, or all. */
static enum err export_rules(struct request_asked *a, struct err_text *why)
{
    struct gathered g = {.why = why, .ids = format_node_get(a->request, "ids")};
    struct buf none;
    struct engine_exported totals;
    struct engine_connectors connectors;
    struct buf text;
    struct buf exceptions;
    struct buf missing;
    buf_init(&text);
    buf_init(&exceptions);
    buf_init(&missing);
    buf_init(&none);
    engine_connectors_init(&connectors);
    enum err err = store_state_rule_list(a->data->state, gather_rule, &g);
    if (err != ERR_NONE)
        err_set(why, err, "rules cannot be read: %s", err_name(err));
    else
        err = g.err;
    if (err == ERR_NONE)
        err = engine_exceptions_export(a->data->state, g.rules, g.n, &exceptions, &missing, &totals,
                                       why);
    if (err == ERR_NONE)
        err = engine_connectors_export(
            a->data->state, g.rules, g.n,
            format_node_bool(format_node_get(a->request, "connectors"), true), &connectors, why);
    if (err == ERR_NONE)
        buf_add(&exceptions, connectors.lines.p, connectors.lines.n);
    if (err == ERR_NONE) {
        size_t none_n = write_missing(&g, &none);
        const struct rule_exported also = {
            .lines = exceptions.p,
            .lines_n = exceptions.n,
            .lists = totals.lists,
            .items = totals.items,
            .missing = totals.missing,
            .missing_lists = missing.p,
            .missing_n = missing.n,
            .missing_rules = none.p,
            .missing_rules_n = none.n,
            .missing_rules_count = none_n,
            .connectors = connectors.n,
            .missing_connectors = connectors.missing.p,
            .missing_connectors_n = connectors.missing.n,
            .missing_connectors_count = connectors.missing_n,
            .excluded_connectors = connectors.excluded.p,
            .excluded_connectors_n = connectors.excluded.n,
            .excluded_connectors_count = connectors.excluded_n,
        };
        rule_export(g.rules, g.n, &also, &text);
        if (!buf_ok(&text) || !buf_ok(&none) || !buf_ok(&exceptions))
            err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        else
            request_asked_print(a, buf_text(&text), text.n);
    }
    for (size_t i = 0; i < g.n; i++)
        rule_unref(g.rules[i]);
    mem_free(g.rules);
    buf_release(&text);
    buf_release(&exceptions);
    buf_release(&missing);
    buf_release(&none);
    engine_connectors_release(&connectors);
    return err;
}

struct there {
    struct request_asked *a;
    size_t n;
};

static void tell_there(void *ctx, const struct except_list *list, const struct except_item *item)
{
    struct there *t = ctx;
    t->n++;
    request_asked_remark(t->a,
                         "weir: error: there is an exception %s '%s' already; weir rule import "
                         "--overwrite replaces it",
                         list != NULL ? "list" : "item",
                         list != NULL ? list->list_id : item->item_id);
}

/* The exceptions that stand among the rules; what is there stays, unless it is to be replaced. */
static enum err import_exceptions(struct request_asked *a, const struct rule_set *rules,
                                  size_t *out_refused, struct err_text *why)
{
    bool overwrite = format_node_bool(format_node_get(a->request, "overwrite"), false);
    struct there there = {.a = a};
    size_t lists, items;
    struct except_set *set = except_set_new();
    if (set == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    enum err err = engine_exceptions_read(rules, set, why);
    if (err == ERR_NONE) {
        request_exception_problems(a, set);
        err = engine_exceptions_put_new(a->data->state, set, overwrite ? NULL : tell_there, &there,
                                        &lists, &items, why);
    }
    if (err == ERR_NONE && lists + items > 0)
        request_asked_remark(a, "weir: %zu exception lists and %zu items imported", lists, items);
    *out_refused = except_set_refused(set) + there.n;
    except_set_free(set);
    return err;
}

/* The connectors that stand among the rules; those that are there stay as they are. */
static enum err import_connectors(struct request_asked *a, const struct rule_set *rules,
                                  size_t *refused, struct err_text *why)
{
    size_t made = 0;
    for (size_t i = 0; i < rule_set_others(rules); i++) {
        const struct rule_other *o = rule_set_other(rules, i);
        struct err_text text;
        char line[900];
        if (o->kind != RULE_OTHER_CONNECTOR)
            continue;
        enum err err = request_import_connector(a, o->json, o->n, true, &text);
        if (err == ERR_MEMORY || err == ERR_IO || err == ERR_FULL) {
            *why = text;
            return err;
        }
        made += err == ERR_NONE;
        if (err == ERR_NONE || err == ERR_EXISTS)
            continue;
        err_set_at(&text, err, o->file, o->line, "%s", text.message);
        request_asked_remark(a, "weir: error: %s", err_format(&text, line, sizeof(line)));
        ++*refused;
    }
    if (made > 0)
        request_asked_remark(a, "weir: %zu connectors imported, without their secrets", made);
    return ERR_NONE;
}

/* Those of a rule_id that is there stay as they are, unless they are to be replaced. */
static enum err import_rule(struct request_asked *a, const struct rule *rule, bool overwrite,
                            size_t *made, size_t *refused, struct err_text *why)
{
    struct store_state *state = a->data->state;
    struct arena arena;
    struct store_rule old;
    struct err_text text;
    char line[900];
    arena_init(&arena, 0);
    enum err there = store_state_rule_get(state, rule->rule_id, &arena, &old);
    arena_release(&arena);
    if (there != ERR_NONE && there != ERR_NOT_FOUND)
        return err_set(why, there, "rules cannot be read: %s", err_name(there));
    if (there == ERR_NOT_FOUND || overwrite) {
        enum err err = engine_install_rule(state, rule, NULL, rule->enabled, a->data->now(), why);
        *made += err == ERR_NONE;
        return err;
    }
    err_set_at(&text, ERR_EXISTS, rule->file, rule->line,
               "there is a rule '%s' already; weir rule import --overwrite replaces it",
               rule->rule_id);
    request_asked_remark(a, "weir: error: %s", err_format(&text, line, sizeof(line)));
    ++*refused;
    return ERR_NONE;
}

/* All of the set or, when one cannot be written, none. */
static enum err import_rules(struct request_asked *a, const struct rule_set *set, size_t *made,
                             size_t *refused, struct err_text *why)
{
    bool overwrite = format_node_bool(format_node_get(a->request, "overwrite"), false);
    enum err err = store_state_begin(a->data->state);
    if (err != ERR_NONE)
        return err_set(why, err, "the rules cannot be written: %s", err_name(err));
    for (size_t i = 0; i < rule_set_count(set) && err == ERR_NONE; i++)
        err = import_rule(a, rule_set_at(set, i), overwrite, made, refused, why);
    if (err == ERR_NONE)
        return store_state_commit(a->data->state, why);
    store_state_rollback(a->data->state);
    return err;
}

static enum err import(struct request_asked *a, struct err_text *why)
{
    const char *text = request_asked_text(a, "text", "");
    size_t made = 0, refused = 0, there = 0;
    struct rule_set *set = rule_set_new();
    if (set == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    enum err err =
        rule_load_text(set, text, strlen(text), request_asked_text(a, "name", "rules.ndjson"), why);
    for (size_t i = 0; err == ERR_NONE && i < rule_set_problems(set); i++) {
        const struct rule_problem *problem = rule_set_problem(set, i);
        char line[900];
        request_asked_remark(a, "weir: %s: %s", problem->fatal ? "error" : "warning",
                             err_format(&problem->text, line, sizeof(line)));
    }
    if (err == ERR_NONE)
        err = import_exceptions(a, set, &refused, why);
    if (err == ERR_NONE)
        err = import_connectors(a, set, &refused, why);
    if (err == ERR_NONE)
        err = import_rules(a, set, &made, &there, why);
    if (err == ERR_NONE)
        err = request_asked_reload(a, why);
    if (err == ERR_NONE && rule_set_refused(set) + there + refused > 0)
        err = err_set(why, ERR_INVALID,
                      "%zu rules and %zu exceptions or connectors were refused, %zu rules "
                      "imported",
                      rule_set_refused(set) + there, refused, made);
    else if (err == ERR_NONE)
        request_asked_remark(a, "weir: %zu rules imported", made);
    rule_set_free(set);
    return err;
}

/* The rule, or all of a list or none. */
static enum err switch_rules(struct request_asked *a, const char *id, bool enable,
                             struct err_text *why)
{
    const struct format_node *ids = format_node_get(a->request, "ids");
    struct store_state *state = a->data->state;
    if (ids == NULL)
        return engine_install_enable(state, id, enable, a->data->now(), why);
    enum err err = store_state_begin(state);
    if (err != ERR_NONE)
        return err_set(why, err, "the rules cannot be written: %s", err_name(err));
    for (size_t i = 0; i < format_node_count(ids) && err == ERR_NONE; i++)
        err = engine_install_enable(state, format_node_str(format_node_at(ids, i), ""), enable,
                                    a->data->now(), why);
    if (err == ERR_NONE)
        return store_state_commit(state, why);
    store_state_rollback(state);
    return err;
}

int request_rule(struct request_asked *a, const char *verb)
{
    struct err_text why;
    const char *id = request_asked_text(a, "id", "");
    bool enable = strcmp(verb, "enable") == 0;
    enum err err;
    if (strcmp(verb, "list") == 0) {
        request_asked_line(a, "%-36s %-8s %-16s %-24s %s", "RULE", "SWITCH", "STATUS", "LAST RUN",
                           "NAME");
        err = store_state_rule_list(a->data->state, print_rule, a);
        if (err != ERR_NONE)
            err_set(&why, err, "rules cannot be read: %s", err_name(err));
    } else if (enable || strcmp(verb, "disable") == 0) {
        err = switch_rules(a, id, enable, &why);
        if (err == ERR_NONE)
            err = request_asked_reload(a, &why);
    } else if (strcmp(verb, "import") == 0) {
        err = import(a, &why);
    } else if (strcmp(verb, "export") == 0) {
        err = export_rules(a, &why);
    } else if (!request_edit(a, verb, &err, &why) && !request_runs(a, verb, &err, &why)) {
        err = err_set(&why, ERR_INVALID,
                      "rule expects check, list, enable, disable, import, export, history or gaps, "
                      "not '%s'",
                      verb);
    }
    return err == ERR_NONE ? 0 : request_asked_fail(a, err, &why);
}
