/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/rules.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/exceptions.h"
#include "engine/gaps.h"
#include "engine/jobs.h"
#include "engine/undelivered.h"
#include "event/event.h"
#include "event/id.h"
#include "event/json.h"
#include "format/node.h"
#include "format/write.h"
#include "hunt/hunt.h"
#include "query/index.h"
#include "query/query.h"
#include "rule/engine.h"
#include "rule/rule.h"
#include "rule/run.h"
#include "rule/status.h"
#include "store/state.h"
#include "store/state_notify.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>

/* The name under which results stand in an alert's ancestry. */
#define RESULTS_INDEX ".ml-anomalies-shared"
#define ALERTS_INDEX ".alerts-security.alerts-default"
/* Events are written once. */
#define EVENT_VERSION "1"

struct pending {
    char *id;
    char *json;
    size_t json_n;
};

struct taken {
    char *id;
    ts_ns updated; /* when the rule was last written */
    char *broken;  /* why it cannot run, until that is told; NULL: it can */
};

/* Alerts of a group. */
struct grouped {
    struct arena arena;
    struct rule_grouped *alerts;
    size_t n, cap;
    bool failed;
};

struct engine_rules {
    struct store_state *state;
    struct engine_jobs *jobs;
    struct engine_exceptions *exceptions;
    struct rule_engine *engine;
    struct rule_ports ports;
    struct hunt_ports events;
    struct store *store; /* NULL: events are not kept */
    engine_settle_fn settle;
    void *settle_ctx;
    struct store_cancel cancel; /* wanted may be NULL */
    struct pending *pending;    /* made, not yet announced */
    size_t pending_n, pending_cap;
    struct taken *taken; /* the rules that were taken up */
    size_t taken_n, taken_cap;
    bool loaded; /* what is taken up from here on was switched on just now */
};

struct found {
    struct arena arena;
    struct rule_record *records;
    size_t n, cap;
    bool failed;
};

static bool keep_record(void *ctx, const struct store_result *result)
{
    struct found *f = ctx;
    size_t n = result->doc_len > 0 ? result->doc_len : strlen(result->doc);
    char *id = arena_strndup(&f->arena, result->id, strlen(result->id));
    char *doc = arena_strndup(&f->arena, result->doc, n);
    if (id == NULL || doc == NULL ||
        mem_grow((void **)&f->records, &f->cap, f->n + 1, sizeof(*f->records)) != 0) {
        f->failed = true;
        return false;
    }
    f->records[f->n++] =
        (struct rule_record){.id = id, .index = RESULTS_INDEX, .json = bytes_make(doc, n)};
    return true;
}

/* Records are gathered first: the state may not be asked again while it lists. */
static enum err find_records(void *ctx, const struct rule_find *find, rule_record_fn sink,
                             void *sink_ctx, uint64_t *out_total, struct err_text *why)
{
    struct engine_rules *r = ctx;
    struct found found = {0};
    arena_init(&found.arena, 0);
    const struct store_result_filter filter = {
        .jobs = find->jobs,
        .jobs_n = find->jobs_n,
        .type = "record",
        .from = find->from,
        .to = find->to,
        .min_score = find->min_score,
        .interim = STORE_INTERIM_NO,
        .sort = STORE_RESULT_BY_SCORE,
        .skip = find->skip,
        .limit = find->max,
    };
    enum err err = store_state_result_list(r->state, &filter, keep_record, &found, out_total);
    if (err == ERR_NONE && found.failed)
        err = ERR_MEMORY;
    if (err != ERR_NONE)
        err_set(why, err, "results cannot be read: %s", err_name(err));
    for (size_t i = 0; err == ERR_NONE && i < found.n; i++)
        sink(sink_ctx, &found.records[i]);
    mem_free(found.records);
    arena_release(&found.arena);
    return err;
}

static enum err describe_job(void *ctx, const char *job_id, struct rule_job *out,
                             struct err_text *why)
{
    struct engine_rules *r = ctx;
    (void)why;
    engine_jobs_describe(r->jobs, job_id, out);
    return ERR_NONE;
}

static enum err alert_exists(void *ctx, const char *id, bool *out, struct err_text *why)
{
    struct engine_rules *r = ctx;
    struct arena arena;
    struct store_alert alert;
    arena_init(&arena, 0);
    enum err err = store_state_alert_get(r->state, id, &arena, &alert);
    arena_release(&arena);
    if (err != ERR_NONE && err != ERR_NOT_FOUND)
        return err_set(why, err, "alerts cannot be read: %s", err_name(err));
    *out = err == ERR_NONE;
    return ERR_NONE;
}

static double risk_of(struct bytes json)
{
    struct format_node *node;
    struct err_text why;
    if (format_node_json((const char *)json.p, json.n, "alert", &node, &why) != ERR_NONE)
        return 0;
    double risk = format_node_num(format_node_get(node, "kibana.alert.risk_score"), 0);
    format_node_free(node);
    return risk;
}

static enum err alert_create(void *ctx, const struct rule_alert *alert, struct err_text *why)
{
    struct engine_rules *r = ctx;
    if (mem_grow((void **)&r->pending, &r->pending_cap, r->pending_n + 1, sizeof(*r->pending)) != 0)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    char *id = mem_strdup(alert->id);
    char *json = mem_strndup((const char *)alert->json.p, alert->json.n);
    enum err err = id != NULL && json != NULL ? ERR_NONE : ERR_MEMORY;
    bool is_new = false;
    if (err == ERR_NONE) {
        const struct store_alert row = {
            .id = alert->id,
            .rule_id = alert->rule_id,
            .doc = json,
            .risk_score = risk_of(alert->json),
            .group = alert->group,
            .time = alert->time,
            .start = alert->time,
        };
        err = store_state_alert_create(r->state, &row, &is_new);
        if (err == ERR_NONE && !is_new)
            err = ERR_EXISTS;
        /* In the same transaction, so that no crash comes between. Old captures tell nobody. */
        if (err == ERR_NONE && !r->ports.at_rest)
            err = store_state_notice_put(r->state, alert->id, alert->rule_id, alert->time);
    }
    if (err != ERR_NONE) {
        mem_free(id);
        mem_free(json);
        return err_set(why, err, "the alert cannot be written: %s", err_name(err));
    }
    r->pending[r->pending_n++] = (struct pending){id, json, alert->json.n};
    return ERR_NONE;
}

static bool keep_grouped(void *ctx, const struct store_alert *alert)
{
    struct grouped *g = ctx;
    size_t n = strlen(alert->doc);
    char *id = arena_strndup(&g->arena, alert->id, strlen(alert->id));
    char *doc = arena_strndup(&g->arena, alert->doc, n);
    if (id == NULL || doc == NULL ||
        mem_grow((void **)&g->alerts, &g->cap, g->n + 1, sizeof(*g->alerts)) != 0) {
        g->failed = true;
        return false;
    }
    g->alerts[g->n++] = (struct rule_grouped){id, bytes_make(doc, n)};
    return true;
}

/* Gathered first, as records are. */
static enum err alerts_grouped(void *ctx, const char *group, ts_ns since, size_t max,
                               rule_grouped_fn sink, void *sink_ctx, struct err_text *why)
{
    struct engine_rules *r = ctx;
    struct grouped found = {.n = 0};
    const struct store_alert_filter filter = {
        .group = group,
        .not_closed = true,
        .from = since,
        .to = TIME_MAX,
        .newest_first = true,
        .limit = max,
    };
    arena_init(&found.arena, 0);
    enum err err = store_state_alert_list(r->state, &filter, keep_grouped, &found, NULL);
    if (err == ERR_NONE && found.failed)
        err = ERR_MEMORY;
    if (err != ERR_NONE)
        err_set(why, err, "alerts cannot be read: %s", err_name(err));
    for (size_t i = 0; err == ERR_NONE && i < found.n; i++)
        sink(sink_ctx, &found.alerts[i]);
    mem_free(found.alerts);
    arena_release(&found.arena);
    return err;
}

/* One that is not announced yet is announced as it is now. */
static enum err replace_pending(struct engine_rules *r, const char *id, struct bytes json)
{
    for (size_t i = 0; i < r->pending_n; i++) {
        struct pending *p = &r->pending[i];
        if (strcmp(p->id, id) != 0)
            continue;
        char *copy = mem_strndup((const char *)json.p, json.n);
        if (copy == NULL)
            return ERR_MEMORY;
        mem_free(p->json);
        p->json = copy;
        p->json_n = json.n;
    }
    return ERR_NONE;
}

static enum err alert_replace(void *ctx, const char *id, struct bytes json, struct err_text *why)
{
    struct engine_rules *r = ctx;
    char *doc = mem_strndup((const char *)json.p, json.n);
    enum err err = doc != NULL ? store_state_alert_replace(r->state, id, doc) : ERR_MEMORY;
    if (err == ERR_NONE)
        err = replace_pending(r, id, json);
    mem_free(doc);
    if (err != ERR_NONE)
        return err_set(why, err, "the alert cannot be written: %s", err_name(err));
    return ERR_NONE;
}

static enum err find_exceptions(void *ctx, const struct rule *rule, ts_ns now,
                                struct rule_exceptions *out, struct err_text *why)
{
    struct engine_rules *r = ctx;
    return engine_exceptions_find(r->exceptions, rule, now, out, why);
}

static enum err keep_run(struct engine_rules *r, const struct rule *rule,
                         const struct rule_status *status, bool manual, ts_ns from, ts_ns to,
                         struct err_text *why)
{
    struct buf doc;
    struct format_writer w;
    buf_init(&doc);
    format_write_init(&w, &doc);
    rule_status_write(status, &w);
    const struct store_run run = {
        .rule_id = rule->rule_id,
        .time = status->date,
        .manual = manual,
        .from = from,
        .to = to,
        .status = rule_state_name(rule_status_state(status)),
        .message = rule_status_message(status),
        .doc = buf_text(&doc),
        .alerts = status->created,
    };
    enum err err = buf_ok(&doc) ? store_state_run_put(r->state, &run) : ERR_MEMORY;
    buf_release(&doc);
    if (err != ERR_NONE && err != ERR_NOT_FOUND)
        return err_set(why, err, "the status of rule '%s' cannot be written: %s", rule->name,
                       err_name(err));
    return ERR_NONE;
}

static enum err keep_status(void *ctx, const struct rule *rule, const struct rule_status *status,
                            struct err_text *why)
{
    struct engine_rules *r = ctx;
    bool gap = status->gap > 0;
    enum err err = keep_run(r, rule, status, false, gap ? status->gap_range.from : TIME_NONE,
                            gap ? status->gap_range.to : TIME_NONE, why);
    if (err == ERR_NONE && !r->ports.at_rest)
        err = engine_undelivered_tell(r->state, rule->rule_id, rule_status_state(status),
                                      rule_status_message(status), why);
    if (err == ERR_NONE && gap)
        err = engine_gaps_note(r->state, rule->rule_id, status->gap_range.from,
                               status->gap_range.to, status->date, why);
    return err;
}

static enum err keep_made_up(void *ctx, const struct rule *rule, const struct rule_status *status,
                             struct err_text *why)
{
    return keep_run(ctx, rule, status, true, status->date - rule->interval_ns, status->date, why);
}

static ts_ns elapsed(void *ctx)
{
    (void)ctx;
    return clock_steady();
}

/* What a search of the store finds, as documents of their indices. */
struct showing {
    const struct hunt_search *search;
    hunt_source_fn fn;
    void *ctx;
    uint64_t given;
};

static bool show_event(void *ctx, struct event *e)
{
    struct showing *s = ctx;
    char index[QUERY_INDEX_NAME_SIZE];
    char id[EVENT_ID_SIZE];
    size_t n = query_index_name(e, index);
    if (s->search->index != NULL && !query_index_match_name(s->search->index, index, n))
        return true;
    const struct hunt_source source = {index, event_id_of(e, id), EVENT_VERSION, e};
    s->given++;
    return s->fn(s->ctx, &source) && s->given != s->search->limit;
}

/* Documents of state.db, as events of their indices. */
struct reading {
    struct showing *showing;
    struct event_json *reader;
    const char *index;
    const char *version;
    bool enough;
    enum err err;
};

static bool read_document(struct reading *r, const char *id, const char *doc, ts_ns time)
{
    const struct hunt_search *search = r->showing->search;
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    enum err err = event_json_read(r->reader, doc, strlen(doc), false, &arena, &e, NULL);
    if (err == ERR_NONE) {
        e.time = time;
        event_set_text(&e, EVENT_F_WEIR_INDEX, r->index);
        bool wanted = search->query == NULL || query_match(search->query, &e);
        event_remove(&e, EVENT_F_WEIR_INDEX);
        const struct hunt_source source = {r->index, id, r->version, &e};
        r->enough = wanted && !r->showing->fn(r->showing->ctx, &source);
        err = e.failed ? ERR_MEMORY : ERR_NONE;
    }
    r->err = err == ERR_MEMORY ? err : ERR_NONE; /* what cannot be read is not found */
    arena_release(&arena);
    return r->err == ERR_NONE && !r->enough;
}

static bool read_alert(void *ctx, const struct store_alert *alert)
{
    return read_document(ctx, alert->id, alert->doc, alert->time);
}

static bool read_result(void *ctx, const struct store_result *result)
{
    return read_document(ctx, result->id, result->doc, result->time);
}

static bool is_wanted(const struct hunt_search *search, const char *index)
{
    return search->index != NULL && query_index_match_name(search->index, index, strlen(index));
}

/* Alerts and records, for rules whose patterns name them. */
static enum err find_documents(struct engine_rules *r, struct showing *showing,
                               struct err_text *why)
{
    const struct hunt_search *search = showing->search;
    ts_ns to = search->to == TIME_MAX ? TIME_MAX : search->to - 1;
    struct reading reading = {.showing = showing, .reader = event_json_new()};
    enum err err = reading.reader != NULL ? ERR_NONE : ERR_MEMORY;
    if (err == ERR_NONE && is_wanted(search, ALERTS_INDEX)) {
        const struct store_alert_filter filter = {.from = search->from, .to = to};
        reading.index = ALERTS_INDEX;
        reading.version = EVENT_VERSION;
        err = store_state_alert_list(r->state, &filter, read_alert, &reading, NULL);
    }
    if (err == ERR_NONE && reading.err == ERR_NONE && !reading.enough &&
        is_wanted(search, RESULTS_INDEX)) {
        const struct store_result_filter filter = {
            .type = "record", .from = search->from, .to = to, .interim = STORE_INTERIM_NO};
        reading.index = RESULTS_INDEX;
        reading.version = "undefined"; /* as in ids of alerts of machine_learning rules */
        err = store_state_result_list(r->state, &filter, read_result, &reading, NULL);
    }
    if (err == ERR_NONE)
        err = reading.err;
    event_json_free(reading.reader);
    return err == ERR_NONE
               ? err
               : err_set(why, err, "alerts or records cannot be read: %s", err_name(err));
}

static enum err find_events(void *ctx, const struct hunt_search *search, hunt_source_fn fn,
                            void *fn_ctx, struct err_text *why)
{
    struct engine_rules *r = ctx;
    struct showing showing = {.search = search, .fn = fn, .ctx = fn_ctx};
    const struct store_search what = {.query = search->query,
                                      .from = search->from,
                                      .to = search->to,
                                      .apart = true,
                                      .cancel = r->cancel};
    enum err err = r->settle != NULL ? r->settle(r->settle_ctx, why) : ERR_NONE;
    if (err == ERR_NONE && search->hidden)
        err = find_documents(r, &showing, why);
    return err == ERR_NONE ? store_search(r->store, &what, show_event, &showing, why) : err;
}

struct telling {
    hunt_told_fn fn;
    void *ctx;
};

static bool tell_alert(void *ctx, const struct store_alert *alert)
{
    const struct telling *t = ctx;
    t->fn(t->ctx, bytes_make(alert->doc, strlen(alert->doc)));
    return true;
}

static enum err find_told(void *ctx, const char *rule_id, ts_ns from, hunt_told_fn fn, void *fn_ctx,
                          struct err_text *why)
{
    struct engine_rules *r = ctx;
    struct telling telling = {fn, fn_ctx};
    const struct store_alert_filter filter = {.rule_id = rule_id, .from = from, .to = TIME_MAX};
    enum err err = store_state_alert_list(r->state, &filter, tell_alert, &telling, NULL);
    return err == ERR_NONE ? err : err_set(why, err, "alerts cannot be read: %s", err_name(err));
}

struct engine_rules *engine_rules_new(struct store_state *state, struct engine_jobs *jobs,
                                      bool at_rest)
{
    struct engine_rules *r = mem_zero(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    r->state = state;
    r->jobs = jobs;
    r->ports = (struct rule_ports){
        .ctx = r,
        .at_rest = at_rest,
        .find_records = find_records,
        .events = &r->events,
        .job = describe_job,
        .alert_exists = alert_exists,
        .alert_create = alert_create,
        .alerts_grouped = alerts_grouped,
        .alert_replace = alert_replace,
        .exceptions = find_exceptions,
        .status = keep_status,
        .made_up = keep_made_up,
        .elapsed = elapsed,
    };
    r->events = (struct hunt_ports){.ctx = r, .told = find_told};
    r->engine = rule_engine_new(&r->ports);
    r->exceptions = engine_exceptions_new(state);
    if (r->engine == NULL || r->exceptions == NULL) {
        engine_rules_free(r);
        return NULL;
    }
    return r;
}

void engine_rules_set_store(struct engine_rules *r, struct store *store, engine_settle_fn settle,
                            void *ctx)
{
    r->store = store;
    r->settle = settle;
    r->settle_ctx = ctx;
    r->events.find = store != NULL ? find_events : NULL;
}

void engine_rules_set_cancel(struct engine_rules *r, const struct store_cancel *cancel)
{
    r->cancel = *cancel;
}

const struct rule_ports *engine_rules_ports(const struct engine_rules *r)
{
    return &r->ports;
}

static void forget_pending(struct engine_rules *r)
{
    for (size_t i = 0; i < r->pending_n; i++) {
        mem_free(r->pending[i].id);
        mem_free(r->pending[i].json);
    }
    r->pending_n = 0;
}

void engine_rules_free(struct engine_rules *r)
{
    if (r == NULL)
        return;
    rule_engine_free(r->engine);
    engine_exceptions_free(r->exceptions);
    forget_pending(r);
    mem_free(r->pending);
    for (size_t i = 0; i < r->taken_n; i++)
        mem_free(r->taken[i].id);
    mem_free(r->taken);
    mem_free(r);
}

struct loading {
    struct engine_rules *rules;
    ts_ns now;
    struct err_text *why;
    enum err err;
    struct taken *taken; /* enabled ones found */
    size_t n, cap;
};

static const struct taken *find_taken(const struct taken *taken, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(taken[i].id, id) == 0)
            return &taken[i];
    return NULL;
}

enum err engine_rules_read(const struct store_rule *row, struct rule **out, struct err_text *why)
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

/* Remembers why the newest of those found cannot run; false when that, too, fails. */
static bool leave_out(struct loading *l, const struct err_text *reason)
{
    char text[900];
    char **broken = &l->taken[l->n - 1].broken;
    if (l->err != ERR_MEMORY)
        *broken = mem_strdup(err_format(reason, text, sizeof(text)));
    l->err = *broken != NULL ? ERR_NONE : err_set(l->why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    return l->err == ERR_NONE;
}

static bool load_rule(void *ctx, const struct store_rule *row)
{
    struct loading *l = ctx;
    if (!row->enabled)
        return true;
    char *id = mem_strdup(row->id);
    if (id == NULL || mem_grow((void **)&l->taken, &l->cap, l->n + 1, sizeof(*l->taken)) != 0) {
        mem_free(id);
        l->err = err_set(l->why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        return false;
    }
    l->taken[l->n++] = (struct taken){id, row->updated, NULL};
    const struct taken *old = find_taken(l->rules->taken, l->rules->taken_n, id);
    if (old != NULL && old->updated == row->updated)
        return true;
    struct rule *rule;
    struct err_text reason;
    l->err = engine_rules_read(row, &rule, &reason);
    if (l->err != ERR_NONE)
        return leave_out(l, &reason);
    l->err = rule_engine_put(l->rules->engine, rule, l->now, row->last_run, l->why);
    if (l->err == ERR_NONE && l->rules->loaded && old == NULL &&
        rule_engine_ask(l->rules->engine, rule->rule_id, l->now) != ERR_NONE)
        l->err = err_set(l->why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (l->err == ERR_UNSUPPORTED)
        l->err = ERR_NONE; /* a rule of a type that is kept and listed, and does not run */
    rule_unref(rule);
    return l->err == ERR_NONE;
}

/* Stops what ran under the name of a rule that cannot be read, and says so where people look. */
static enum err tell_broken(struct engine_rules *r, struct taken *rule, struct err_text *why)
{
    struct err_text message;
    enum err err = rule_engine_remove(r->engine, rule->id);
    if (err != ERR_NONE && err != ERR_NOT_FOUND)
        return err_set(why, err, "%s", err_name(err));
    log_line(LOG_LEVEL_WARNING, "a rule cannot be read and does not run: %s", rule->broken);
    err_set(&message, ERR_FORMAT, "the rule cannot be read and does not run: %s", rule->broken);
    err = store_state_rule_set_status(r->state, rule->id, rule_state_name(RULE_FAILED),
                                      message.message);
    mem_free(rule->broken);
    rule->broken = NULL;
    if (err != ERR_NONE)
        return err_set(why, err, "the status of rule '%s' cannot be written: %s", rule->id,
                       err_name(err));
    return ERR_NONE;
}

enum err engine_rules_load(struct engine_rules *r, ts_ns now, struct err_text *why)
{
    struct loading l = {.rules = r, .now = now, .why = why};
    enum err err = store_state_rule_list(r->state, load_rule, &l);
    if (err != ERR_NONE)
        err_set(why, err, "cannot list the rules: %s", err_name(err));
    else
        err = l.err;
    for (size_t i = 0; i < r->taken_n; i++) {
        /* Rules that never ran are not in the engine; nothing is lost. */
        if (err == ERR_NONE && find_taken(l.taken, l.n, r->taken[i].id) == NULL &&
            rule_engine_remove(r->engine, r->taken[i].id) == ERR_MEMORY)
            err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        mem_free(r->taken[i].id);
    }
    for (size_t i = 0; i < l.n; i++) {
        if (err == ERR_NONE && l.taken[i].broken != NULL)
            err = tell_broken(r, &l.taken[i], why);
        mem_free(l.taken[i].broken);
        l.taken[i].broken = NULL;
    }
    mem_free(r->taken);
    r->taken = l.taken;
    r->taken_n = l.n;
    r->taken_cap = l.cap;
    r->loaded = true;
    return err;
}

size_t engine_rules_count(const struct engine_rules *r)
{
    return rule_engine_count(r->engine);
}

void engine_rules_result(struct engine_rules *r, const char *job_id, ts_ns at)
{
    rule_engine_result(r->engine, job_id, at);
}

void engine_rules_event(struct engine_rules *r, const struct event *e)
{
    char index[QUERY_INDEX_NAME_SIZE];
    char id[EVENT_ID_SIZE];
    if (!rule_engine_wants_events(r->engine))
        return;
    query_index_name(e, index);
    const struct hunt_source source = {index, event_id_of(e, id), EVENT_VERSION, e};
    rule_engine_event(r->engine, &source);
}

void engine_rules_set_pieces(struct engine_rules *r, bool in_pieces)
{
    r->ports.in_pieces = in_pieces;
}

bool engine_rules_wants_feeding(const struct engine_rules *r, ts_ns now)
{
    return rule_engine_wants_feeding(r->engine, now);
}

void engine_rules_feed(struct engine_rules *r, ts_ns now)
{
    rule_engine_feed(r->engine, now);
}

void engine_rules_begin(struct engine_rules *r, ts_ns time)
{
    rule_engine_begin(r->engine, time);
}

void engine_rules_set_clock(struct engine_rules *r, ts_ns now)
{
    rule_engine_set_clock(r->engine, now);
}

ts_ns engine_rules_next(const struct engine_rules *r)
{
    return rule_engine_next(r->engine);
}

enum err engine_rules_advance(struct engine_rules *r, ts_ns now, struct err_text *why)
{
    return rule_engine_advance(r->engine, now, why);
}

enum err engine_rules_finish(struct engine_rules *r, ts_ns now, struct err_text *why)
{
    return rule_engine_finish(r->engine, now, why);
}

enum err engine_rules_past(struct engine_rules *r, const struct rule *rule, ts_ns now, ts_ns at,
                           struct engine_past *totals, struct err_text *why)
{
    struct rule_status status;
    rule_status_init(&status, at);
    enum err err = rule_run_past(rule, &r->ports, now, at, &status, why);
    bool failed = rule_status_state(&status) == RULE_FAILED;
    if (err == ERR_NONE)
        err = keep_run(r, rule, &status, true, at - rule->interval_ns, at, why);
    if (err == ERR_NONE && !failed)
        err = engine_gaps_fill(r->state, rule->rule_id, at - rule->interval_ns, at, why);
    if (err == ERR_NONE) {
        totals->runs++;
        totals->failed += failed;
        totals->alerts += status.created;
        totals->suppressed += status.suppressed;
    }
    rule_status_release(&status);
    return err;
}

uint64_t engine_rules_announce(struct engine_rules *r, engine_alert_fn sink, void *ctx)
{
    uint64_t n = r->pending_n;
    if (sink != NULL)
        for (size_t i = 0; i < r->pending_n; i++)
            sink(ctx, r->pending[i].id, bytes_make(r->pending[i].json, r->pending[i].json_n));
    forget_pending(r);
    return n;
}
