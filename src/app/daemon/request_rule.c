/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/request_priv.h"

#include "base/mem.h"
#include "daemon/install.h"
#include "rule/export.h"
#include "rule/load.h"
#include "rule/rule.h"
#include "store/state.h"

#include <string.h>

/* A rule again from the document that state.db keeps. */
static enum err rule_of(const struct store_rule *row, struct rule **out, struct err_text *why)
{
    struct format_node *node;
    enum err err = format_node_json(row->doc, strlen(row->doc), row->id, &node, why);
    if (err != ERR_NONE)
        return err;
    err = rule_new_take(node, RULE_FORM_API, NULL, NULL, out, why);
    if (err != ERR_NONE)
        format_node_free(node);
    return err;
}

static bool print_rule(void *ctx, const struct store_rule *row)
{
    struct rule *rule;
    struct err_text why;
    char last[TIME_TEXT_SIZE] = "-";
    if (rule_of(row, &rule, &why) != ERR_NONE)
        return daemon_asked_line(ctx, "%-36s %-8s %s", row->id, "broken", why.message);
    if (row->last_run != TIME_NONE)
        time_format_iso(row->last_run, last);
    const char *status = row->status != NULL ? row->status : "-";
    bool more = daemon_asked_line(ctx, "%-36s %-8s %-16s %-24s %s", row->id,
                                  row->enabled ? "enabled" : "disabled",
                                  rule_runs(rule) ? status : "not yet run", last, rule->name);
    /* What its last run said: a sentence of its own, so that names stay names. */
    if (more && row->message != NULL && row->message[0] != '\0')
        more = daemon_asked_line(ctx, "%-36s %s", "", row->message);
    rule_unref(rule);
    return more;
}

struct gathered {
    struct rule **rules;
    size_t n, cap;
    struct err_text *why;
    enum err err;
};

static bool gather_rule(void *ctx, const struct store_rule *row)
{
    struct gathered *g = ctx;
    struct rule *rule;
    g->err = rule_of(row, &rule, g->why);
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

static enum err export_all(struct daemon_asked *a, struct err_text *why)
{
    struct gathered g = {.why = why};
    struct buf text;
    buf_init(&text);
    enum err err = store_state_rule_list(a->data->state, gather_rule, &g);
    if (err != ERR_NONE)
        err_set(why, err, "rules cannot be read: %s", err_name(err));
    else
        err = g.err;
    if (err == ERR_NONE) {
        rule_export(g.rules, g.n, &text);
        if (!buf_ok(&text))
            err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        else
            daemon_asked_print(a, buf_text(&text), text.n);
    }
    for (size_t i = 0; i < g.n; i++)
        rule_unref(g.rules[i]);
    mem_free(g.rules);
    buf_release(&text);
    return err;
}

static enum err import(struct daemon_asked *a, struct err_text *why)
{
    const char *text = daemon_asked_text(a, "text", "");
    struct daemon_install_totals totals = {0};
    struct rule_set *set = rule_set_new();
    if (set == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    enum err err =
        rule_load_text(set, text, strlen(text), daemon_asked_text(a, "name", "rules.ndjson"), why);
    for (size_t i = 0; err == ERR_NONE && i < rule_set_problems(set); i++) {
        const struct rule_problem *problem = rule_set_problem(set, i);
        char line[900];
        daemon_asked_remark(a, "weir: %s: %s", problem->fatal ? "error" : "warning",
                            err_format(&problem->text, line, sizeof(line)));
    }
    if (err == ERR_NONE)
        err = daemon_install_rules(a->data->state, set, NULL, true, a->data->now(), &totals, why);
    if (err == ERR_NONE)
        err = daemon_asked_reload(a, why);
    if (err == ERR_NONE && rule_set_refused(set) > 0)
        err = err_set(why, ERR_INVALID, "%zu rules were refused, %zu imported",
                      rule_set_refused(set), totals.rules);
    else if (err == ERR_NONE)
        daemon_asked_remark(a, "weir: %zu rules imported", totals.rules);
    rule_set_free(set);
    return err;
}

int daemon_request_rule(struct daemon_asked *a, const char *verb)
{
    struct err_text why;
    const char *id = daemon_asked_text(a, "id", "");
    bool enable = strcmp(verb, "enable") == 0;
    enum err err;
    if (strcmp(verb, "list") == 0) {
        daemon_asked_line(a, "%-36s %-8s %-16s %-24s %s", "RULE", "SWITCH", "STATUS", "LAST RUN",
                          "NAME");
        err = store_state_rule_list(a->data->state, print_rule, a);
        if (err != ERR_NONE)
            err_set(&why, err, "rules cannot be read: %s", err_name(err));
    } else if (enable || strcmp(verb, "disable") == 0) {
        err = daemon_install_enable(a->data->state, id, enable, a->data->now(), &why);
        if (err == ERR_NONE)
            err = daemon_asked_reload(a, &why);
    } else if (strcmp(verb, "import") == 0) {
        err = import(a, &why);
    } else if (strcmp(verb, "export") == 0) {
        err = export_all(a, &why);
    } else {
        err =
            err_set(&why, ERR_INVALID,
                    "rule expects check, list, enable, disable, import or export, not '%s'", verb);
    }
    return err == ERR_NONE ? 0 : daemon_asked_fail(a, err, &why);
}
