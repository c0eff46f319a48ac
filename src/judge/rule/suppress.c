/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/run_priv.h"

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "event/event.h"
#include "format/node.h"
#include "rule/alert.h"
#include "rule/digest.h"
#include "rule/rule.h"
#include "rule/status.h"
#include "suppress/group.h"
#include "suppress/terms.h"

#include <stdio.h>
#include <string.h>

#define TERMS "kibana.alert.suppression.terms"
#define START "kibana.alert.suppression.start"
#define END "kibana.alert.suppression.end"
#define COUNT "kibana.alert.suppression.docs_count"
#define INSTANCE "kibana.alert.instance.id"

/* What a group is named by. */
struct kind {
    struct bytes terms; /* JSON */
    const char *instance;
};

struct grouping {
    struct rule_running *run;
    struct rule_candidates *found;
    struct kind *kinds;              /* of each candidate */
    struct suppress_candidate *list; /* those that are grouped */
    size_t n;
    size_t apart;             /* alerts made without a group */
    struct arena arena;       /* of the alerts asked for last */
    struct rule_grouped copy; /* what find() gave last */
    bool failed;
    const char *covering; /* whose alerts these spans are of; NULL: nobody's */
    struct rule_range *spans;
    size_t spans_n, spans_cap;
};

/* Alerts of a group that a manual run looks at. */
#define COVERING_MAX 1000

/* Kibana's name of the group: a digest of terms, rule and space. */
static enum err name_kind(struct grouping *g, size_t at, bool *out_whole)
{
    const struct rule *r = g->run->rule;
    const struct rule_suppression *s = &r->suppression;
    struct buf terms;
    buf_init(&terms);
    enum err code =
        suppress_terms_write(g->found->at[at].event, s->fields, s->fields_n, &terms, out_whole);
    if (code == ERR_NONE) {
        char hex[RULE_HEX_SIZE];
        const struct bytes parts[] = {bytes_make(terms.p, terms.n),
                                      bytes_make(r->id, strlen(r->id)), bytes_make("default", 7)};
        rule_digest_hex(parts, sizeof(parts) / sizeof(parts[0]), hex);
        struct kind *k = &g->kinds[at];
        k->terms = bytes_make(arena_copy(&g->found->arena, terms.p, terms.n), terms.n);
        k->instance = arena_strndup(&g->found->arena, hex, strlen(hex));
        if (k->terms.p == NULL || k->instance == NULL)
            code = ERR_MEMORY;
    }
    buf_release(&terms);
    return code;
}

/* Whether an earlier window of the run had the candidate. */
static enum err see(struct rule_running *run, const char *alert_id, bool *out_before)
{
    static const struct hash_key seed = {0};
    bool is_new = false;
    if (run->seen == NULL)
        run->seen = map_new(seed);
    uint64_t *state =
        run->seen != NULL ? map_put(run->seen, alert_id, strlen(alert_id), &is_new) : NULL;
    if (state == NULL)
        return ERR_MEMORY;
    if (is_new)
        *state = RULE_RUN_SEEN;
    *out_before = !is_new;
    return ERR_NONE;
}

static enum err exists(void *ctx, const char *alert_id, bool *out, struct err_text *why)
{
    const struct grouping *g = ctx;
    return g->run->ports->alert_exists(g->run->ports->ctx, alert_id, out, why);
}

static ts_ns time_of(const struct format_node *doc, const char *key, ts_ns otherwise)
{
    const struct format_node *v = format_node_get(doc, key);
    ts_ns t;
    return time_parse_iso(format_node_str(v, ""), format_node_str_len(v), &t) ? t : otherwise;
}

/* Whether the alert is one that this run made. */
static bool is_of_this_run(const struct grouping *g, const char *id)
{
    const uint64_t *state = g->run->seen != NULL ? map_get(g->run->seen, id, strlen(id)) : NULL;
    return state != NULL && *state == RULE_RUN_CREATED;
}

static void keep_alert(void *ctx, const struct rule_grouped *alert)
{
    struct grouping *g = ctx;
    g->copy.id = arena_strndup(&g->arena, alert->id, strlen(alert->id));
    g->copy.json = bytes_make(arena_copy(&g->arena, alert->json.p, alert->json.n), alert->json.n);
    g->failed |= g->copy.id == NULL || g->copy.json.p == NULL;
}

static enum err find(void *ctx, const char *instance, ts_ns since, struct suppress_alert *out,
                     struct err_text *why)
{
    struct grouping *g = ctx;
    const struct rule_ports *ports = g->run->ports;
    struct format_node *doc;
    arena_clear(&g->arena);
    g->copy.id = NULL;
    enum err code = ports->alerts_grouped(ports->ctx, instance, since, 1, keep_alert, g, why);
    if (code == ERR_NONE && g->failed)
        code = err_set(why, ERR_MEMORY, "no memory is left to group alerts");
    if (code != ERR_NONE || g->copy.id == NULL)
        return code != ERR_NONE ? code : ERR_NOT_FOUND;
    code = format_node_json((const char *)g->copy.json.p, g->copy.json.n, "alert", &doc, why);
    if (code != ERR_NONE)
        return code;
    int64_t docs = format_node_int(format_node_get(doc, COUNT), 0);
    ts_ns start = time_of(doc, START, TIME_NONE);
    *out = (struct suppress_alert){
        .id = g->copy.id,
        .start = start,
        .end = time_of(doc, END, start),
        .docs = docs > 0 ? (uint64_t)docs : 0,
        .same_run = is_of_this_run(g, g->copy.id),
    };
    format_node_free(doc);
    return ERR_NONE;
}

/* A document that cannot be read covers nothing. */
static void keep_span(void *ctx, const struct rule_grouped *alert)
{
    struct grouping *g = ctx;
    struct format_node *doc;
    struct err_text odd;
    if (is_of_this_run(g, alert->id) || format_node_json((const char *)alert->json.p, alert->json.n,
                                                         "alert", &doc, &odd) != ERR_NONE)
        return;
    ts_ns start = time_of(doc, START, TIME_MAX);
    const struct rule_range span = {start, time_of(doc, END, start)};
    format_node_free(doc);
    if (mem_grow((void **)&g->spans, &g->spans_cap, g->spans_n + 1, sizeof(*g->spans)) != 0)
        g->failed = true;
    else
        g->spans[g->spans_n++] = span;
}

/* The alerts of an instance are asked for once: its candidates come one after the other. */
static enum err covered(void *ctx, const char *instance, ts_ns start, ts_ns end, bool *out,
                        struct err_text *why)
{
    struct grouping *g = ctx;
    const struct rule_ports *ports = g->run->ports;
    enum err code = ERR_NONE;
    if (g->covering == NULL || strcmp(g->covering, instance) != 0) {
        g->spans_n = 0;
        g->covering = instance;
        code =
            ports->alerts_grouped(ports->ctx, instance, TIME_NONE, COVERING_MAX, keep_span, g, why);
    }
    if (code == ERR_NONE && g->failed)
        code = err_set(why, ERR_MEMORY, "no memory is left to group alerts");
    *out = false;
    for (size_t i = 0; code == ERR_NONE && i < g->spans_n && !*out; i++)
        *out = g->spans[i].from <= start && end <= g->spans[i].to;
    return code;
}

static enum err create(void *ctx, const struct suppress_candidate *from,
                       const struct suppress_outcome *outcome, struct err_text *why)
{
    struct grouping *g = ctx;
    const struct kind *k = &g->kinds[from->at];
    const struct rule_amendment changes[] = {
        {.key = INSTANCE, .text = k->instance},           {.key = TERMS, .json = k->terms},
        {.key = START, .time = outcome->start},           {.key = END, .time = outcome->end},
        {.key = COUNT, .number = (int64_t)outcome->docs},
    };
    enum err code = rule_run_create(g->run, &g->found->at[from->at], changes,
                                    sizeof(changes) / sizeof(changes[0]), k->instance, why);
    uint64_t *state = map_get(g->run->seen, from->alert_id, strlen(from->alert_id));
    if (code == ERR_NONE && state != NULL)
        *state = RULE_RUN_CREATED;
    return code == ERR_FORMAT ? ERR_EXISTS : code;
}

/* Only of the alert that find() gave last. */
static enum err update(void *ctx, const char *alert_id, const struct suppress_outcome *outcome,
                       struct err_text *why)
{
    struct grouping *g = ctx;
    const struct rule_ports *ports = g->run->ports;
    const struct rule_amendment changes[] = {
        {.key = START, .time = outcome->start},
        {.key = END, .time = outcome->end},
        {.key = COUNT, .number = (int64_t)outcome->docs},
        {.key = "kibana.alert.last_detected", .time = g->run->now},
    };
    struct buf doc;
    buf_init(&doc);
    enum err code =
        rule_amend(g->copy.json, changes, sizeof(changes) / sizeof(changes[0]), &doc, why);
    if (code == ERR_NONE)
        code = ports->alert_replace(ports->ctx, alert_id, bytes_make(doc.p, doc.n), why);
    buf_release(&doc);
    return code;
}

/* Candidates with all fields, or with some where that does not matter, are grouped; others are
 * alerts of their own. */
static enum err sort_out(struct grouping *g, struct err_text *why)
{
    struct rule_running *run = g->run;
    enum err code = ERR_NONE;
    for (size_t i = 0; i < g->found->n && code == ERR_NONE; i++) {
        const struct rule_candidate *from = &g->found->at[i];
        char id[RULE_ALERT_ID_SIZE];
        bool whole = true;
        bool before = false;
        rule_alert_id(run->rule, from, id);
        code = see(run, id, &before);
        if (code == ERR_NONE && before)
            continue;
        if (code == ERR_NONE)
            code = name_kind(g, i, &whole);
        if (code != ERR_NONE)
            return err_set(why, ERR_MEMORY, "no memory is left to group alerts");
        if (!whole && run->rule->suppression.missing_apart) {
            uint64_t created = run->status->created;
            if (g->apart < run->max)
                code = rule_run_raise(run, from, why);
            g->apart += run->status->created - created;
            continue;
        }
        g->list[g->n] = (struct suppress_candidate){
            .instance = g->kinds[i].instance,
            .alert_id = arena_strndup(&g->found->arena, id, strlen(id)),
            .start = from->count > 0 ? from->since : from->time,
            .end = from->time,
            .at = i,
        };
        if (g->list[g->n++].alert_id == NULL)
            return err_set(why, ERR_MEMORY, "no memory is left to group alerts");
    }
    return code;
}

enum err rule_suppress_write(struct rule_running *run, struct rule_candidates *found,
                             struct rule_range range, struct err_text *why)
{
    const struct rule_suppression *s = &run->rule->suppression;
    struct grouping g = {.run = run, .found = found};
    const struct suppress_ports ports = {&g,     exists, find, run->manual ? covered : NULL,
                                         create, update};
    struct suppress_totals totals = {0};
    if (found->n == 0)
        return ERR_NONE;
    g.kinds = arena_zero(&found->arena, found->n * sizeof(*g.kinds));
    g.list = arena_zero(&found->arena, found->n * sizeof(*g.list));
    if (g.kinds == NULL || g.list == NULL)
        return err_set(why, ERR_MEMORY, "no memory is left to group alerts");
    enum err code = sort_out(&g, why);
    const struct suppress_how how = {
        .since = s->duration_ns > 0 ? run->now - s->duration_ns : range.from,
        .per_run = s->duration_ns == 0,
        .max = run->max - g.apart,
    };
    arena_init(&g.arena, 0);
    if (code == ERR_NONE)
        code = suppress_group(g.list, g.n, &how, &ports, &totals, why);
    arena_release(&g.arena);
    mem_free(g.spans);
    run->status->existed += totals.existed;
    run->status->suppressed += totals.suppressed;
    if (code == ERR_NONE && totals.left > 0) {
        char text[RULE_RUN_MESSAGE];
        snprintf(text, sizeof(text),
                 "a run raises at most %zu alerts; %llu kinds of what was found were neither made "
                 "an alert nor suppressed",
                 run->max, (unsigned long long)totals.left);
        rule_status_warn(run->status, text);
    }
    return code;
}
