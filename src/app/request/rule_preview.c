/* SPDX-License-Identifier: Apache-2.0 */
/* rule preview: what a rule would have raised. docs/method/rule.md. */
#include "request/request_priv.h"

#include "format/write.h"
#include "preview/rule.h"
#include "rule/load.h"
#include "rule/rule.h"

#include <string.h>

/* Without --from so much before the end. */
#define USUAL_SPAN TIME_DAY
/* Runs between two looks whether anybody waits. */
#define SLICE 100
#define REMARKS_MAX 20

struct rehearsal {
    struct request_asked *asked;
    unsigned remarks;
    bool as_data;
};

/* The rule of a text that came along: exactly one. */
static enum err read_text(struct request_asked *a, const char *text, struct rule **out,
                          struct err_text *why)
{
    struct rule_set *set = rule_set_new();
    if (set == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    const char *name = request_asked_text(a, "name", "rule.ndjson");
    enum err err = rule_load_text(set, text, strlen(text), name, why);
    for (size_t i = 0; err == ERR_NONE && i < rule_set_problems(set); i++) {
        const struct rule_problem *problem = rule_set_problem(set, i);
        char line[900];
        if (problem->fatal) {
            *why = problem->text;
            err = ERR_INVALID;
        } else {
            request_asked_remark(a, "weir: warning: %s",
                                 err_format(&problem->text, line, sizeof(line)));
        }
    }
    if (err == ERR_NONE && rule_set_count(set) != 1)
        err = err_set(why, ERR_INVALID, "%s holds %zu rules; one is expected", name,
                      rule_set_count(set));
    if (err == ERR_NONE)
        *out = rule_ref(rule_set_at(set, 0));
    rule_set_free(set);
    return err;
}

static enum err read_span(struct request_asked *a, const struct rule *rule, ts_ns *from, ts_ns *to,
                          struct err_text *why)
{
    enum err err = request_asked_time(a, "to", a->data->now(), to, why);
    if (err == ERR_NONE)
        err = request_asked_time(a, "from", *to - USUAL_SPAN, from, why);
    if (err != ERR_NONE)
        return err;
    if (*from >= *to)
        return err_set(why, ERR_INVALID, "--from must lie before --to");
    if (request_intervals(rule, *from, *to) > REQUEST_RUNS_MAX)
        return err_set(why, ERR_LIMIT,
                       "the span holds more than %d intervals of the rule; a shorter one is needed",
                       REQUEST_RUNS_MAX);
    return ERR_NONE;
}

/* A line among the alerts, for programs, which see no remarks. */
static void print_remark(struct request_asked *a, const char *time, const char *kind,
                         const char *message)
{
    struct format_writer w;
    struct buf line;
    buf_init(&line);
    format_write_init(&w, &line);
    format_write_begin_object(&w);
    format_write_field_str(&w, "weir.remark", kind);
    format_write_field_str(&w, "at", time);
    format_write_field_str(&w, "message", message);
    format_write_end_object(&w);
    buf_char(&line, '\n');
    if (buf_ok(&line))
        request_asked_print(a, line.p, line.n);
    buf_release(&line);
}

static void on_remark(void *ctx, ts_ns at, const char *kind, const char *message)
{
    struct rehearsal *r = ctx;
    char time[TIME_TEXT_SIZE];
    if (r->remarks++ >= REMARKS_MAX)
        return;
    time_format_iso(at, time);
    if (r->as_data)
        print_remark(r->asked, time, kind, message);
    else
        request_asked_remark(r->asked, "weir: %s: run at %s: %s", kind, time, message);
}

static enum err rehearse(struct request_asked *a, struct rule *rule, ts_ns from, ts_ns to,
                         struct err_text *why)
{
    struct rehearsal rehearsal = {
        .asked = a, .as_data = format_node_bool(format_node_get(a->request, "remarks"), false)};
    struct preview_rule *p = NULL;
    enum err err = preview_rule_new(a->data->state, a->data->store, rule, from, on_remark,
                                    &rehearsal, &p, why);
    if (err != ERR_NONE)
        return err;
    const struct store_cancel cancel = request_asked_cancel(a);
    preview_rule_set_cancel(p, &cancel);
    for (ts_ns at = from; at < to && err == ERR_NONE;) {
        at = to - at > SLICE * rule->interval_ns ? at + SLICE * rule->interval_ns : to;
        if (a->out->gone != NULL && a->out->gone(a->out->ctx))
            err = err_set(why, ERR_STOPPED, "nobody waits for the preview any more");
        else
            err = preview_rule_advance(p, at, why);
    }
    size_t n = preview_rule_count(p);
    bool more = true;
    for (size_t i = 0; i < n && more; i++) {
        struct bytes json = preview_rule_alert(p, i);
        more =
            request_asked_print(a, (const char *)json.p, json.n) && request_asked_print(a, "\n", 1);
    }
    if (err == ERR_NONE)
        request_asked_remark(a, "weir: %zu alerts", n);
    preview_rule_free(p);
    return err;
}

int request_rule_preview(struct request_asked *a)
{
    struct err_text why;
    struct rule *rule = NULL;
    ts_ns from;
    ts_ns to;
    const char *text = request_asked_text(a, "text", NULL);
    enum err err = text != NULL
                       ? read_text(a, text, &rule, &why)
                       : request_read_rule(a, request_asked_text(a, "id", ""), &rule, &why);
    if (err == ERR_NONE)
        err = read_span(a, rule, &from, &to, &why);
    if (err == ERR_NONE)
        err = rehearse(a, rule, from, to, &why);
    rule_unref(rule);
    return err == ERR_NONE ? 0 : request_asked_fail(a, err, &why);
}
