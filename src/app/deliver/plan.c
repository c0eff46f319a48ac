/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/plan.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "engine/undelivered.h"
#include "event/event.h"
#include "event/json.h"
#include "format/node.h"
#include "notify/action.h"
#include "query/query.h"
#include "rule/status.h"
#include "store/state_notify.h"

#include <stdio.h>
#include <string.h>

/* Documents in one message; the count tells of all. */
#define ALERTS_SHOWN 100
/* Alerts that wait for one summary. */
#define WAITING_MAX 1000

struct message {
    struct message *next;
    const char *connector;
    const char *params;
};

/* What follows from one rule's alerts, until it is written in one transaction. */
struct plan {
    struct deliver_planner *planner;
    struct arena arena;
    ts_ns now;
    const char *rule_id;
    struct format_node *rule;
    struct bytes *alerts; /* all of the run, or that waited */
    const char **ids;
    size_t n, cap, ids_cap;
    bool failed; /* for want of memory */
    struct message *first, **last;
    struct err_text problem; /* the first one, for the rule's status */
};

static enum err no_memory(struct err_text *why)
{
    return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
}

static void note_problem(struct plan *p, const struct err_text *why)
{
    if (p->problem.message[0] == '\0')
        p->problem = *why;
}

static bool keep_alert(void *ctx, const struct store_alert *alert)
{
    struct plan *p = ctx;
    size_t n = strlen(alert->doc);
    const char *doc = arena_strndup(&p->arena, alert->doc, n);
    const char *id = arena_strndup(&p->arena, alert->id, strlen(alert->id));
    p->failed = doc == NULL || id == NULL ||
                mem_grow((void **)&p->alerts, &p->cap, p->n + 1, sizeof(*p->alerts)) != 0 ||
                mem_grow((void **)&p->ids, &p->ids_cap, p->n + 1, sizeof(*p->ids)) != 0;
    if (p->failed)
        return false;
    p->alerts[p->n] = bytes_make(doc, n);
    p->ids[p->n++] = id;
    return true;
}

/* The rule as it stands; NULL in p->rule when it is gone or cannot be read. */
static enum err read_rule(struct plan *p, struct err_text *why)
{
    struct store_rule row;
    struct err_text ignored;
    enum err err = store_state_rule_get(p->planner->state, p->rule_id, &p->arena, &row);
    if (err == ERR_NOT_FOUND)
        return ERR_NONE;
    if (err != ERR_NONE)
        return err_set(why, err, "the rule '%s' cannot be read: %s", p->rule_id, err_name(err));
    err = format_node_json(row.doc, strlen(row.doc), p->rule_id, &p->rule, &ignored);
    return err == ERR_MEMORY ? no_memory(why) : ERR_NONE;
}

static enum err match(struct event_json *reader, const struct query *query, struct bytes doc,
                      bool *out)
{
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    enum err err = event_json_read(reader, (const char *)doc.p, doc.n, false, &arena, &e, NULL);
    *out = err == ERR_NONE && query_match(query, &e);
    arena_release(&arena);
    return err == ERR_MEMORY ? err : ERR_NONE;
}

static enum err choose_by(struct plan *p, const struct query *query, bool *chosen)
{
    struct event_json *reader = event_json_new();
    enum err err = reader != NULL ? ERR_NONE : ERR_MEMORY;
    for (size_t i = 0; i < p->n && err == ERR_NONE; i++)
        err = match(reader, query, p->alerts[i], &chosen[i]);
    event_json_free(reader);
    return err;
}

/* Which of the alerts the action is about: marks in the arena. None, and a problem noted, when its
 * query cannot be read. ERR_MEMORY. */
static enum err choose(struct plan *p, const struct notify_action *a, bool **out)
{
    struct err_text problem;
    struct query *query = NULL;
    bool *chosen = arena_alloc(&p->arena, (p->n + 1) * sizeof(*chosen));
    if (chosen == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < p->n; i++)
        chosen[i] = a->query == NULL;
    *out = chosen;
    if (a->query == NULL)
        return ERR_NONE;
    enum err err = query_parse_kql(a->query, strlen(a->query), p->now, &query, &problem);
    if (err == ERR_NONE) {
        err = choose_by(p, query, chosen);
    } else if (err != ERR_MEMORY) {
        note_problem(p, &problem);
        err = ERR_NONE;
    }
    query_free(query);
    return err;
}

static enum err add_message(struct plan *p, const struct notify_action *a, enum notify_type type,
                            const struct notify_facts *facts, struct err_text *why)
{
    struct buf data, params;
    struct format_node *node = NULL;
    buf_init(&data);
    buf_init(&params);
    notify_facts_write(facts, &data);
    enum err err = buf_ok(&data) ? format_node_json(buf_text(&data), data.n, "alerts", &node, why)
                                 : no_memory(why);
    if (err == ERR_NONE)
        err = notify_action_render(type, a->params, node, &params, why);
    if (err == ERR_NONE) {
        struct message *m = arena_alloc(&p->arena, sizeof(*m));
        const char *text = arena_strndup(&p->arena, buf_text(&params), params.n);
        if (m != NULL && text != NULL) {
            *m = (struct message){NULL, a->connector, text};
            *p->last = m;
            p->last = &m->next;
        } else {
            err = no_memory(why);
        }
    }
    format_node_free(node);
    buf_release(&data);
    buf_release(&params);
    if (err == ERR_MEMORY)
        return err;
    if (err != ERR_NONE)
        note_problem(p, why);
    return ERR_NONE;
}

/* One message for all that are chosen, or one for each. */
static enum err write_messages(struct plan *p, const struct notify_action *a, enum notify_type type,
                               const bool *chosen, struct err_text *why)
{
    struct bytes shown[ALERTS_SHOWN];
    const char *ids[ALERTS_SHOWN];
    struct notify_facts facts = {
        .rule = p->rule,
        .rule_id = p->rule_id,
        .base_url = p->planner->base_url,
        .now = p->now,
        .summary = a->summary,
        .alerts = shown,
        .alert_ids = ids,
    };
    enum err err = ERR_NONE;
    for (size_t i = 0; i < p->n && err == ERR_NONE; i++) {
        if (!chosen[i])
            continue;
        facts.total++;
        if (facts.alerts_n < ALERTS_SHOWN) {
            shown[facts.alerts_n] = p->alerts[i];
            ids[facts.alerts_n++] = p->ids[i];
        }
        if (!a->summary) {
            err = add_message(p, a, type, &facts, why);
            facts.alerts_n = facts.total = 0;
        }
    }
    if (err == ERR_NONE && facts.total > 0)
        err = add_message(p, a, type, &facts, why);
    return err;
}

/* What kind the action's connector is. False with a problem noted when it is not there. */
static enum err find_type(struct plan *p, const struct notify_action *a, enum notify_type *out,
                          bool *out_there, struct err_text *why)
{
    struct store_connector row;
    struct format_node *node = NULL;
    struct notify_connector connector;
    *out_there = false;
    enum err err = store_state_connector_get(p->planner->state, a->connector, &p->arena, &row);
    if (err == ERR_NOT_FOUND) {
        err_set(why, err, "an action names the connector '%.100s', which is not there",
                a->connector);
        note_problem(p, why);
        return ERR_NONE;
    }
    if (err != ERR_NONE)
        return err_set(why, err, "connectors cannot be read: %s", err_name(err));
    err = format_node_json(row.doc, strlen(row.doc), a->connector, &node, why);
    if (err == ERR_MEMORY)
        return err;
    if (err == ERR_NONE)
        err = notify_connector_read(node, &connector, why);
    if (err == ERR_NONE) {
        *out = connector.type;
        *out_there = true;
    } else {
        note_problem(p, why);
    }
    format_node_free(node);
    return ERR_NONE;
}

static enum err state_fails(struct err_text *why, enum err err)
{
    return err == ERR_NONE ? err
                           : err_set(why, err, "notifications cannot be kept: %s", err_name(err));
}

/* The alerts wait until the interval since the last summary is over; then deliver_plan()
 * comes back for them. */
static enum err put_off(struct plan *p, const struct notify_action *a, const bool *chosen,
                        struct err_text *why)
{
    struct store_state *st = p->planner->state;
    ts_ns last = TIME_NONE, due = TIME_MAX;
    bool any = false;
    enum err err = store_state_throttle_get(st, p->rule_id, a->key, &last, &due);
    if (err == ERR_NOT_FOUND)
        err = ERR_NONE;
    for (size_t i = 0; i < p->n && err == ERR_NONE; i++) {
        if (!chosen[i])
            continue;
        any = true;
        err = store_state_waiting_put(st, p->rule_id, a->key, p->ids[i], WAITING_MAX);
    }
    if (err == ERR_NONE && any && due == TIME_MAX) {
        const struct store_throttle t = {
            .rule_id = p->rule_id,
            .action = a->key,
            .last = last,
            .due = last == TIME_NONE || last + a->every <= p->now ? p->now : last + a->every};
        err = store_state_throttle_put(st, &t);
    }
    return state_fails(why, err);
}

typedef enum err (*action_fn)(struct plan *p, const struct notify_action *a, enum notify_type type,
                              const bool *chosen, struct err_text *why);

/* Calls fn for the rule's actions that hold now: all, or the one of that key. */
static enum err each_action(struct plan *p, const char *key, action_fn fn, struct err_text *why)
{
    const struct format_node *actions = format_node_get(p->rule, "actions");
    const char *throttle = format_node_str(format_node_get(p->rule, "throttle"), NULL);
    enum err err = ERR_NONE;
    for (size_t i = 0; i < format_node_count(actions) && err == ERR_NONE; i++) {
        struct notify_action a;
        enum notify_type type = NOTIFY_WEBHOOK;
        struct err_text problem = {0};
        bool off = false, now = false, there = false;
        enum err wrong =
            notify_action_read(format_node_at(actions, i), i, throttle, &a, &off, &problem);
        if (wrong == ERR_NONE && !off && (key == NULL || strcmp(key, a.key) == 0))
            wrong = notify_action_in_time(&a, p->now, &now, &problem);
        if (wrong != ERR_NONE)
            note_problem(p, &problem);
        if (wrong != ERR_NONE || !now)
            continue;
        err = find_type(p, &a, &type, &there, why);
        if (err != ERR_NONE || !there)
            continue;
        bool *chosen;
        err = choose(p, &a, &chosen);
        err = err == ERR_NONE ? fn(p, &a, type, chosen, why) : no_memory(why);
    }
    return err;
}

/* What is written at once; the rest waits for the transaction (put_off_all). */
static enum err write_now(struct plan *p, const struct notify_action *a, enum notify_type type,
                          const bool *chosen, struct err_text *why)
{
    return a->every > 0 ? ERR_NONE : write_messages(p, a, type, chosen, why);
}

static enum err put_off_all(struct plan *p, const struct notify_action *a, enum notify_type type,
                            const bool *chosen, struct err_text *why)
{
    (void)type;
    return a->every > 0 ? put_off(p, a, chosen, why) : ERR_NONE;
}

static enum err put_messages(struct plan *p, struct err_text *why)
{
    uint64_t waiting = 0;
    struct store_state *st = p->planner->state;
    enum err err = p->first != NULL ? store_state_outbox_count(st, &waiting) : ERR_NONE;
    for (const struct message *m = p->first; m != NULL && err == ERR_NONE; m = m->next) {
        const struct store_message_out out = {.connector = m->connector,
                                              .rule_id = p->rule_id,
                                              .params = m->params,
                                              .created = p->now,
                                              .due = p->now};
        if (waiting++ >= DELIVER_NOTIFY_QUEUE) {
            struct err_text full;
            err_set(&full, ERR_LIMIT, "too many messages wait to be sent: new ones are dropped");
            note_problem(p, &full);
            p->planner->dropped++;
        } else {
            err = store_state_outbox_put(st, &out);
        }
    }
    return state_fails(why, err);
}

/* In the log once, and among what was not delivered. */
static enum err tell_problem(struct plan *p, struct err_text *why)
{
    struct store_state *st = p->planner->state;
    struct err_text told;
    if (p->problem.message[0] == '\0' || p->rule == NULL)
        return ERR_NONE;
    err_set(&told, ERR_INVALID, "rule '%.60s': not everybody was told of alerts: %.400s",
            p->rule_id, p->problem.message);
    if (strcmp(told.message, p->planner->told) != 0) {
        snprintf(p->planner->told, sizeof(p->planner->told), "%s", told.message);
        p->planner->log(p->planner->ctx, 1, told.message);
    }
    enum err err = store_state_outbox_unwritten(st, p->rule_id, p->problem.message, p->now);
    return err == ERR_NONE ? engine_undelivered_tell(st, p->rule_id, RULE_SUCCEEDED, "", why)
                           : state_fails(why, err);
}

static void begin(struct plan *p, struct deliver_planner *planner, ts_ns now)
{
    *p = (struct plan){.planner = planner, .now = now};
    p->last = &p->first;
    arena_init(&p->arena, 0);
}

static void end(struct plan *p)
{
    format_node_free(p->rule);
    mem_free(p->alerts);
    mem_free(p->ids);
    arena_release(&p->arena);
}

static enum err finish(struct store_state *st, enum err err, struct err_text *why)
{
    if (err == ERR_NONE)
        return store_state_commit(st, why);
    store_state_rollback(st);
    return err;
}

/* The alerts of one run. */
static enum err plan_run(struct plan *p, const struct store_notice *notice, struct err_text *why)
{
    struct store_state *st = p->planner->state;
    p->rule_id = notice->rule_id;
    enum err err = read_rule(p, why);
    if (err == ERR_NONE && p->rule != NULL)
        err = state_fails(why, store_state_notice_alerts(st, notice, keep_alert, p));
    if (err == ERR_NONE && p->failed)
        err = no_memory(why);
    if (err == ERR_NONE)
        err = each_action(p, NULL, write_now, why);
    if (err == ERR_NONE)
        err = state_fails(why, store_state_begin(st));
    if (err != ERR_NONE)
        return err;
    err = each_action(p, NULL, put_off_all, why);
    if (err == ERR_NONE)
        err = put_messages(p, why);
    if (err == ERR_NONE)
        err = tell_problem(p, why);
    if (err == ERR_NONE)
        err = state_fails(why, store_state_notice_delete(st, notice));
    return finish(st, err, why);
}

/* A summary whose time has come. When its action is gone, so is what waited. */
static enum err plan_summary(struct plan *p, const struct store_throttle *due, struct err_text *why)
{
    struct store_state *st = p->planner->state;
    const struct store_throttle next = {
        .rule_id = due->rule_id, .action = due->action, .last = p->now, .due = TIME_MAX};
    p->rule_id = due->rule_id;
    enum err err = read_rule(p, why);
    if (err == ERR_NONE && p->rule != NULL)
        err = state_fails(why,
                          store_state_waiting_alerts(st, due->rule_id, due->action, keep_alert, p));
    if (err == ERR_NONE && p->failed)
        err = no_memory(why);
    if (err == ERR_NONE && p->n > 0)
        err = each_action(p, due->action, write_messages, why);
    if (err == ERR_NONE)
        err = state_fails(why, store_state_begin(st));
    if (err != ERR_NONE)
        return err;
    err = put_messages(p, why);
    if (err == ERR_NONE)
        err = tell_problem(p, why);
    if (err == ERR_NONE)
        err = state_fails(why, store_state_waiting_clear(st, due->rule_id, due->action));
    if (err == ERR_NONE)
        err = state_fails(why, store_state_throttle_put(st, &next));
    return finish(st, err, why);
}

enum err deliver_plan(struct deliver_planner *planner, ts_ns now, bool *out_any,
                      struct err_text *why)
{
    struct plan p;
    struct store_notice notice;
    struct store_throttle due;
    begin(&p, planner, now);
    bool any = true;
    enum err err = store_state_notice_next(planner->state, &p.arena, &notice);
    if (err == ERR_NONE) {
        err = plan_run(&p, &notice, why);
    } else if (err == ERR_NOT_FOUND) {
        err = store_state_throttle_due(planner->state, now, &p.arena, &due);
        any = err == ERR_NONE;
        if (any)
            err = plan_summary(&p, &due, why);
        else if (err == ERR_NOT_FOUND)
            err = ERR_NONE;
        else
            state_fails(why, err);
    } else {
        state_fails(why, err);
    }
    end(&p);
    if (err == ERR_NONE)
        *out_any = any;
    return err;
}
