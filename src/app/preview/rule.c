/* SPDX-License-Identifier: Apache-2.0 */
#include "preview/rule.h"

#include "base/mem.h"
#include "engine/rules.h"
#include "hunt/hunt.h"
#include "rule/engine.h"
#include "rule/rule.h"
#include "rule/run.h"
#include "rule/status.h"

#include <string.h>

struct raised {
    char *id;
    char *group; /* of alerts that are suppressed together; NULL: none */
    ts_ns time;
    char *json;
    size_t json_n;
};

struct preview_rule {
    struct engine_rules *rules; /* of which nothing runs: its ports find what is stored */
    const struct rule_ports *stored;
    struct rule_ports ports;
    struct hunt_ports events;
    struct rule_engine *engine;
    struct raised *at;
    size_t n, cap;
    bool full;
    preview_rule_remark_fn remark;
    void *ctx;
};

static enum err find_records(void *ctx, const struct rule_find *find, rule_record_fn sink,
                             void *sink_ctx, uint64_t *out_total, struct err_text *why)
{
    const struct preview_rule *p = ctx;
    return p->stored->find_records(p->stored->ctx, find, sink, sink_ctx, out_total, why);
}

static enum err exceptions(void *ctx, const struct rule *r, ts_ns now, struct rule_exceptions *out,
                           struct err_text *why)
{
    const struct preview_rule *p = ctx;
    return p->stored->exceptions(p->stored->ctx, r, now, out, why);
}

static enum err find_job(void *ctx, const char *job_id, struct rule_job *out, struct err_text *why)
{
    (void)ctx;
    (void)job_id;
    (void)why;
    *out = (struct rule_job){.installed = true, .job_state = "opened", .datafeed_state = "started"};
    return ERR_NONE;
}

static struct raised *find_alert(const struct preview_rule *p, const char *id)
{
    for (size_t i = p->n; i > 0; i--) {
        if (strcmp(p->at[i - 1].id, id) == 0)
            return &p->at[i - 1];
    }
    return NULL;
}

static enum err alert_exists(void *ctx, const char *id, bool *out, struct err_text *why)
{
    (void)why;
    *out = find_alert(ctx, id) != NULL;
    return ERR_NONE;
}

static void raised_release(struct raised *a)
{
    mem_free(a->id);
    mem_free(a->group);
    mem_free(a->json);
}

static enum err alert_create(void *ctx, const struct rule_alert *alert, struct err_text *why)
{
    struct preview_rule *p = ctx;
    if (find_alert(p, alert->id) != NULL)
        return ERR_EXISTS;
    if (p->n == PREVIEW_RULE_ALERTS) {
        p->full = true;
        return err_set(why, ERR_LIMIT, "the rule would raise more than %d alerts",
                       PREVIEW_RULE_ALERTS);
    }
    struct raised a = {.id = mem_strdup(alert->id),
                       .group = alert->group != NULL ? mem_strdup(alert->group) : NULL,
                       .time = alert->time,
                       .json = mem_strndup((const char *)alert->json.p, alert->json.n),
                       .json_n = alert->json.n};
    if (a.id == NULL || a.json == NULL || (alert->group != NULL && a.group == NULL) ||
        mem_grow((void **)&p->at, &p->cap, p->n + 1, sizeof(*p->at)) != 0) {
        raised_release(&a);
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    p->at[p->n++] = a;
    return ERR_NONE;
}

static enum err alerts_grouped(void *ctx, const char *group, ts_ns since, size_t max,
                               rule_grouped_fn sink, void *sink_ctx, struct err_text *why)
{
    const struct preview_rule *p = ctx;
    (void)why;
    for (size_t i = p->n, n = 0; i > 0 && n < max; i--) {
        const struct raised *a = &p->at[i - 1];
        if (a->group == NULL || strcmp(a->group, group) != 0 || a->time < since)
            continue;
        const struct rule_grouped alert = {.id = a->id, .json = bytes_make(a->json, a->json_n)};
        sink(sink_ctx, &alert);
        n++;
    }
    return ERR_NONE;
}

static enum err alert_replace(void *ctx, const char *id, struct bytes json, struct err_text *why)
{
    struct raised *a = find_alert(ctx, id);
    char *copy = mem_strndup((const char *)json.p, json.n);
    if (copy == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (a == NULL) {
        mem_free(copy);
        return err_set(why, ERR_NOT_FOUND, "there is no alert '%s'", id);
    }
    mem_free(a->json);
    a->json = copy;
    a->json_n = json.n;
    return ERR_NONE;
}

static enum err tell(void *ctx, const struct rule *r, const struct rule_status *status,
                     struct err_text *why)
{
    const struct preview_rule *p = ctx;
    (void)r;
    (void)why;
    enum rule_state state = rule_status_state(status);
    if (p->remark != NULL && state != RULE_SUCCEEDED)
        p->remark(p->ctx, status->date, state == RULE_FAILED ? "error" : "warning",
                  rule_status_message(status));
    return ERR_NONE;
}

enum err preview_rule_new(struct store_state *state, struct store *store, struct rule *rule,
                          ts_ns from, preview_rule_remark_fn remark, void *ctx,
                          struct preview_rule **out, struct err_text *why)
{
    struct preview_rule *p = mem_zero(1, sizeof(*p));
    if (p == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    p->remark = remark;
    p->ctx = ctx;
    p->rules = engine_rules_new(state, NULL, true);
    if (p->rules != NULL) {
        engine_rules_set_store(p->rules, store, NULL, NULL);
        p->stored = engine_rules_ports(p->rules);
        p->events = *p->stored->events;
        p->events.told = NULL; /* alerts that were really raised */
        p->ports = (struct rule_ports){
            .ctx = p,
            .at_rest = true,
            .find_records = find_records,
            .events = &p->events,
            .job = find_job,
            .alert_exists = alert_exists,
            .alert_create = alert_create,
            .alerts_grouped = alerts_grouped,
            .alert_replace = alert_replace,
            .exceptions = exceptions,
            .status = tell,
        };
        p->engine = rule_engine_new(&p->ports);
    }
    enum err err = p->engine != NULL ? rule_engine_put(p->engine, rule, from, TIME_NONE, why)
                                     : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (err != ERR_NONE) {
        preview_rule_free(p);
        return err;
    }
    *out = p;
    return ERR_NONE;
}

void preview_rule_free(struct preview_rule *p)
{
    if (p == NULL)
        return;
    rule_engine_free(p->engine);
    engine_rules_free(p->rules);
    for (size_t i = 0; i < p->n; i++)
        raised_release(&p->at[i]);
    mem_free(p->at);
    mem_free(p);
}

void preview_rule_set_cancel(struct preview_rule *p, const struct store_cancel *cancel)
{
    engine_rules_set_cancel(p->rules, cancel);
}

enum err preview_rule_advance(struct preview_rule *p, ts_ns to, struct err_text *why)
{
    enum err err = rule_engine_advance(p->engine, to, why);
    return err == ERR_NONE && p->full
               ? err_set(why, ERR_LIMIT, "the rule would raise more than %d alerts",
                         PREVIEW_RULE_ALERTS)
               : err;
}

size_t preview_rule_count(const struct preview_rule *p)
{
    return p->n;
}

struct bytes preview_rule_alert(const struct preview_rule *p, size_t i)
{
    return bytes_make(p->at[i].json, p->at[i].json_n);
}
