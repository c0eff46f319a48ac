/* SPDX-License-Identifier: Apache-2.0 */
#include "request/request_priv.h"

#include "base/arena.h"
#include "base/mem.h"
#include "engine/pipeline.h"
#include "engine/rules.h"
#include "rule/gap.h"
#include "rule/rule.h"
#include "store/state.h"
#include "store/state_gap.h"

#include <stdlib.h>
#include <string.h>

enum err request_see_rule(struct request_asked *a, const char *id, struct err_text *why)
{
    struct arena arena;
    struct store_rule row;
    arena_init(&arena, 0);
    enum err err = store_state_rule_get(a->data->state, id, &arena, &row);
    arena_release(&arena);
    if (err == ERR_NOT_FOUND)
        return err_set(why, err, "there is no rule '%s'; weir rule list shows them", id);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "the rule cannot be read: %s", err_name(err));
}

enum err request_read_rule(struct request_asked *a, const char *id, struct rule **out,
                           struct err_text *why)
{
    struct arena arena;
    struct store_rule row;
    enum err err = request_see_rule(a, id, why);
    if (err != ERR_NONE)
        return err;
    arena_init(&arena, 0);
    err = store_state_rule_get(a->data->state, id, &arena, &row);
    if (err == ERR_NONE)
        err = engine_rules_read(&row, out, why);
    else
        err_set(why, err, "the rule cannot be read: %s", err_name(err));
    arena_release(&arena);
    return err;
}

static int64_t metric(const struct format_node *doc, const char *key)
{
    return format_node_int(format_node_get(format_node_get(doc, "metrics"), key), 0);
}

static bool print_run(void *ctx, const struct store_run *run)
{
    struct format_node *doc = NULL;
    struct err_text ignored;
    char time[TIME_TEXT_SIZE];
    if (run->doc == NULL ||
        format_node_json(run->doc, strlen(run->doc), "run", &doc, &ignored) != ERR_NONE)
        doc = NULL;
    time_format_iso(run->time, time);
    bool more = request_asked_line(
        ctx, "%-24s %-9s %-15s %7llu %10lld %8lld %8lld %s", time,
        run->manual ? "manual" : "scheduled", run->status, (unsigned long long)run->alerts,
        (long long)metric(doc, "alerts_suppressed"), (long long)metric(doc, "candidates_excepted"),
        (long long)(metric(doc, "total_search_duration_ms") +
                    metric(doc, "total_indexing_duration_ms")),
        run->message != NULL ? run->message : "");
    format_node_free(doc);
    return more;
}

static enum err history(struct request_asked *a, const char *id, struct err_text *why)
{
    request_asked_line(a, "%-24s %-9s %-15s %7s %10s %8s %8s %s", "TIME", "TYPE", "STATUS",
                       "ALERTS", "SUPPRESSED", "EXCEPTED", "MS", "MESSAGE");
    enum err err = store_state_run_list(
        a->data->state, id, (uint64_t)request_asked_number(a, "limit", 0), print_run, a);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "the runs cannot be read: %s", err_name(err));
}

static bool print_gap(void *ctx, const struct store_gap *row)
{
    struct rule_gap gap;
    struct err_text ignored;
    char from[TIME_TEXT_SIZE], to[TIME_TEXT_SIZE], span[RULE_SPAN_SIZE] = "-";
    if (rule_gap_read(row->doc, strlen(row->doc), &gap, &ignored) != ERR_NONE)
        return true;
    time_format_iso(gap.range.from, from);
    time_format_iso(gap.range.to, to);
    ts_ns left = gap.range.to - gap.range.from - rule_gap_filled_ns(&gap);
    if (left > 0)
        rule_schedule_span(left, span);
    rule_gap_release(&gap);
    return request_asked_line(ctx, "%-24s %-24s %-16s %s", from, to, row->status, span);
}

static enum err gaps(struct request_asked *a, const char *id, struct err_text *why)
{
    request_asked_line(a, "%-24s %-24s %-16s %s", "FROM", "TO", "STATUS", "LEFT");
    enum err err = store_state_gap_list(a->data->state, id, TIME_NONE, TIME_MAX, print_gap, a);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "the gaps cannot be read: %s", err_name(err));
}

/* Runs in one transaction: look-ups of results, or a search of the store, which takes longer. */
#define SLICE 20
#define SLICE_SEARCH 1

struct making_up {
    struct rule *rule;
    ts_ns from;
    ts_ns to;
    bool gaps; /* only what no run looked at */
    struct rule_range *spans;
    size_t spans_n, spans_cap;
    enum err err;
    struct engine_pipeline *own; /* when no daemon runs */
};

static enum err read_rule(struct request_asked *a, const char *id, struct rule **out,
                          struct err_text *why)
{
    enum err err = request_read_rule(a, id, out, why);
    if (err != ERR_NONE || rule_runs(*out))
        return err;
    err = err_set(why, ERR_UNSUPPORTED, "rules of type %s are kept and not yet run",
                  rule_type_name((*out)->type));
    rule_unref(*out);
    return err;
}

/* The span, which ends by now at the latest: the engine's now, which may be a little behind the
 * clock that people mean. */
static enum err read_span(struct request_asked *a, struct making_up *m, struct err_text *why)
{
    const struct engine_pipeline *p = a->data->pipeline;
    ts_ns now =
        p != NULL && engine_pipeline_now(p) != TIME_NONE ? engine_pipeline_now(p) : a->data->now();
    if (request_asked_text(a, "from", NULL) == NULL || request_asked_text(a, "to", NULL) == NULL)
        return err_set(why, ERR_INVALID, "a manual run needs --from and --to");
    enum err err = request_asked_time(a, "from", TIME_NONE, &m->from, why);
    if (err == ERR_NONE)
        err = request_asked_time(a, "to", TIME_MAX, &m->to, why);
    if (err != ERR_NONE)
        return err;
    if (m->to > now && m->to <= a->data->now())
        m->to = now;
    if (m->from >= m->to || m->to > now)
        return err_set(why, ERR_INVALID, "--from must lie before --to, and --to not in the future");
    m->gaps = format_node_bool(format_node_get(a->request, "gaps"), false);
    return ERR_NONE;
}

static bool add_span(struct making_up *m, struct rule_range span)
{
    if (mem_grow((void **)&m->spans, &m->spans_cap, m->spans_n + 1, sizeof(span)) != 0)
        m->err = ERR_MEMORY;
    else
        m->spans[m->spans_n++] = span;
    return m->err == ERR_NONE;
}

static bool take_gap(void *ctx, const struct store_gap *row)
{
    struct making_up *m = ctx;
    struct rule_gap gap;
    struct err_text ignored;
    struct rule_range left = {.to = m->from};
    m->err = rule_gap_read(row->doc, strlen(row->doc), &gap, &ignored);
    if (m->err != ERR_NONE)
        return m->err != ERR_MEMORY;
    while (rule_gap_next_unfilled(&gap, left.to, &left) && left.from < m->to) {
        const struct rule_range span = {left.from, left.to < m->to ? left.to : m->to};
        if (!add_span(m, span))
            break;
    }
    rule_gap_release(&gap);
    return m->err == ERR_NONE;
}

static int by_time(const void *a, const void *b)
{
    const struct rule_range *x = a, *y = b;
    return x->from < y->from ? -1 : x->from > y->from;
}

int64_t request_intervals(const struct rule *rule, ts_ns from, ts_ns to)
{
    ts_ns span;
    if (__builtin_sub_overflow(to, from, &span))
        return INT64_MAX;
    return (span - 1) / rule->interval_ns + 1;
}

/* The whole span, or its gaps, oldest first. */
static enum err find_spans(struct request_asked *a, struct making_up *m, struct err_text *why)
{
    int64_t runs = 0;
    enum err err = ERR_NONE;
    if (m->gaps)
        err = store_state_gap_list(a->data->state, m->rule->rule_id, m->from, m->to, take_gap, m);
    else
        add_span(m, (struct rule_range){m->from, m->to});
    if (err == ERR_NONE && m->err == ERR_MEMORY)
        err = m->err;
    if (err != ERR_NONE)
        return err_set(why, err, "the gaps cannot be read: %s", err_name(err));
    if (m->spans_n > 0)
        qsort(m->spans, m->spans_n, sizeof(*m->spans), by_time);
    bool fit = true;
    for (size_t i = 0; i < m->spans_n && fit; i++) {
        int64_t more = request_intervals(m->rule, m->spans[i].from, m->spans[i].to);
        fit = more <= REQUEST_RUNS_MAX - runs;
        runs += fit ? more : 0;
    }
    return fit ? ERR_NONE
               : err_set(why, ERR_LIMIT,
                         "the span holds more than %d intervals of the rule; ask for it in parts",
                         REQUEST_RUNS_MAX);
}

/* Slice after slice, so that the daemon goes on between them. */
static enum err make_up(struct request_asked *a, struct making_up *m, struct rule_range span,
                        struct engine_past *totals, struct err_text *why)
{
    unsigned n = m->rule->type == RULE_MACHINE_LEARNING ? SLICE : SLICE_SEARCH;
    enum err err = ERR_NONE;
    for (ts_ns at = span.from; at < span.to && err == ERR_NONE;) {
        if (a->out->gone != NULL && a->out->gone(a->out->ctx))
            return err_set(why, ERR_STOPPED, "nobody waits for the runs any more");
        pthread_mutex_lock(&a->data->lock);
        struct engine_pipeline *p = a->data->pipeline != NULL ? a->data->pipeline : m->own;
        if (p == NULL)
            err = err_set(why, ERR_STOPPED, "the daemon ends");
        else
            err = engine_pipeline_past(p, m->rule, &at, span.to, n, a->data->now(), totals, why);
        pthread_mutex_unlock(&a->data->lock);
    }
    return err;
}

int request_run(struct request_asked *a)
{
    struct err_text why;
    struct making_up m = {.rule = NULL};
    struct engine_past totals = {0};
    pthread_mutex_lock(&a->data->lock);
    enum err err = read_rule(a, request_asked_text(a, "id", ""), &m.rule, &why);
    bool read = err == ERR_NONE;
    if (read)
        err = read_span(a, &m, &why);
    if (err == ERR_NONE)
        err = find_spans(a, &m, &why);
    if (err == ERR_NONE && a->data->pipeline == NULL) {
        const struct engine_pipeline_options options = {.store = a->data->store,
                                                        .state = a->data->state};
        err = engine_pipeline_new(&options, &m.own, &why);
    }
    pthread_mutex_unlock(&a->data->lock);
    for (size_t i = 0; i < m.spans_n && err == ERR_NONE; i++)
        err = make_up(a, &m, m.spans[i], &totals, &why);
    if (totals.runs > 0)
        request_asked_remark(
            a, "weir: %llu runs, %llu of them failed: %llu alerts, %llu suppressed",
            (unsigned long long)totals.runs, (unsigned long long)totals.failed,
            (unsigned long long)totals.alerts, (unsigned long long)totals.suppressed);
    engine_pipeline_free(m.own);
    mem_free(m.spans);
    if (read)
        rule_unref(m.rule);
    return err == ERR_NONE ? 0 : request_asked_fail(a, err, &why);
}

bool request_runs(struct request_asked *a, const char *verb, enum err *out, struct err_text *why)
{
    const char *id = request_asked_text(a, "id", "");
    bool is_history = strcmp(verb, "history") == 0;
    if (!is_history && strcmp(verb, "gaps") != 0)
        return false;
    *out = request_see_rule(a, id, why);
    if (*out == ERR_NONE)
        *out = is_history ? history(a, id, why) : gaps(a, id, why);
    return true;
}
