/* SPDX-License-Identifier: Apache-2.0 */
#include "find/kept.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "event/json.h"
#include "format/node.h"
#include "format/write.h"
#include "query/index.h"

#include <stdio.h>
#include <string.h>

#define STATUS "kibana.alert.workflow_status"
#define INDEX_NAME 320
#define MESSAGE_ID 128 /* a job's id has at most 64 bytes */
/* Documents that are no events have arrived after all events, in an order that those which come
 * later do not change: pages of a search lie in it. Programs that know only doubles read it, too.
 */
#define FIRST_ORDER ((uint64_t)1 << 52)

struct reading {
    const struct find_target *target;
    find_kept_fn fn;
    void *ctx;
    struct event_json *reader;
    struct arena arena;
    struct buf json;
    const char *id; /* of the message that is looked for; NULL: all */
    char **jobs;    /* whose results belong to an index of their own that is chosen */
    size_t jobs_n, jobs_cap;
    uint64_t n;
    enum err error;
};

static enum err reading_init(struct reading *r, const struct find_target *target, find_kept_fn fn,
                             void *ctx, struct err_text *why)
{
    memset(r, 0, sizeof(*r));
    r->target = target;
    r->fn = fn;
    r->ctx = ctx;
    r->reader = event_json_new();
    if (r->reader == NULL)
        return err_set(why, ERR_MEMORY, "no memory for the search");
    arena_init(&r->arena, 0);
    buf_init(&r->json);
    return ERR_NONE;
}

static void reading_release(struct reading *r)
{
    event_json_free(r->reader);
    arena_release(&r->arena);
    buf_release(&r->json);
    for (size_t i = 0; i < r->jobs_n; i++)
        mem_free(r->jobs[i]);
    mem_free(r->jobs);
}

/* results_index_name, which Elasticsearch puts "custom-" before. */
static bool note_job(void *ctx, const struct store_job *row)
{
    static const char own[] = "custom-";
    struct reading *r = ctx;
    struct format_node *config;
    char alias[INDEX_NAME];
    enum err rc = format_node_json(row->config, strlen(row->config), row->id, &config, NULL);
    if (rc != ERR_NONE)
        return rc != ERR_MEMORY;
    const char *name = format_node_str(format_node_get(config, "results_index_name"), "shared");
    bool has = strncmp(name, own, strlen(own)) == 0;
    int n = snprintf(alias, sizeof(alias), FIND_RESULTS_ALIAS "%s%s", has ? "" : own, name);
    bool chosen = strcmp(name, "shared") != 0 && n > 0 && (size_t)n < sizeof(alias) &&
                  query_index_match_name(r->target->names, alias, (size_t)n);
    format_node_free(config);
    if (!chosen)
        return true;
    char *id = mem_strdup(row->id);
    if (id == NULL ||
        mem_grow((void **)&r->jobs, &r->jobs_cap, r->jobs_n + 1, sizeof(*r->jobs)) != 0) {
        mem_free(id);
        r->error = ERR_MEMORY;
        return false;
    }
    r->jobs[r->jobs_n++] = id;
    return true;
}

static enum err note_jobs(struct reading *r, struct store_state *state)
{
    bool all =
        query_index_match_name(r->target->names, FIND_RESULTS_INDEX, strlen(FIND_RESULTS_INDEX));
    enum err rc = r->target->results && !all ? store_state_job_list(state, note_job, r) : ERR_NONE;
    return rc == ERR_NONE ? r->error : rc;
}

static bool is_chosen(const struct reading *r, const char *job_id)
{
    for (size_t i = 0; i < r->jobs_n; i++)
        if (strcmp(r->jobs[i], job_id) == 0)
            return true;
    return find_target_job(r->target, job_id);
}

/* Hands a document on; one that cannot be read is left out. */
static bool give(struct reading *r, const char *json, size_t n, const char *index, const char *id,
                 ts_ns time, bool result)
{
    struct event e;
    arena_clear(&r->arena);
    enum err rc = event_json_read(r->reader, json, n, false, &r->arena, &e, NULL);
    if (rc == ERR_MEMORY)
        r->error = rc;
    if (rc != ERR_NONE)
        return rc != ERR_MEMORY;
    if (e.time == TIME_NONE)
        e.time = time;
    if (result) {
        struct event_value t = event_value_time(time);
        event_add_named(&e, "timestamp", 9, &t);
    }
    event_set_text(&e, EVENT_F_WEIR_ID, id);
    event_set_text(&e, EVENT_F_WEIR_INDEX, index);
    static const struct hash_key key = {9, 10};
    e.sequence = FIRST_ORDER | hash_bytes(key, id, strlen(id)) >> 12;
    r->n++;
    if (e.failed) {
        r->error = ERR_MEMORY;
        return false;
    }
    const struct find_doc doc = {
        .e = &e, .index = index, .id = id, .json = json, .json_n = n, .stamp = e.sequence};
    return r->fn(r->ctx, &doc);
}

/* The alert's document with the status that it has now. */
static void write_alert(const struct store_alert *alert, struct buf *out)
{
    static const char key[] = "\"" STATUS "\":\"";
    const char *status = alert->workflow_status != NULL ? alert->workflow_status : "open";
    const char *at = strstr(alert->doc, key);
    const char *end = at != NULL ? strchr(at + sizeof(key) - 1, '"') : NULL;
    buf_clear(out);
    if (end == NULL) {
        buf_str(out, alert->doc);
        return;
    }
    at += sizeof(key) - 1;
    buf_add(out, alert->doc, (size_t)(at - alert->doc));
    buf_str(out, status);
    buf_str(out, end);
}

static bool give_alert(void *ctx, const struct store_alert *alert)
{
    struct reading *r = ctx;
    write_alert(alert, &r->json);
    if (!buf_ok(&r->json)) {
        r->error = ERR_MEMORY;
        return false;
    }
    return give(r, buf_text(&r->json), r->json.n, FIND_ALERTS_INDEX, alert->id, alert->time, false);
}

static bool give_result(void *ctx, const struct store_result *result)
{
    struct reading *r = ctx;
    if (!is_chosen(r, result->job_id))
        return true;
    size_t n = result->doc_len > 0 ? result->doc_len : strlen(result->doc);
    return give(r, result->doc, n, FIND_RESULTS_INDEX, result->id, result->time, true);
}

/* As Elasticsearch's notifications of jobs are. */
static bool give_message(void *ctx, const struct store_message *m)
{
    struct reading *r = ctx;
    struct format_writer w;
    char id[MESSAGE_ID];
    snprintf(id, sizeof(id), "%s_message_%lld", m->job_id, (long long)m->number);
    if (r->id != NULL && strcmp(r->id, id) != 0)
        return true;
    buf_clear(&r->json);
    format_write_init(&w, &r->json);
    format_write_begin_object(&w);
    format_write_field_str(&w, "job_id", m->job_id);
    format_write_field_str(&w, "level", m->level);
    format_write_field_str(&w, "message", m->text);
    format_write_field_i64(&w, "timestamp", m->time / TIME_MS);
    format_write_field_str(&w, "job_type", "anomaly_detector");
    format_write_field_str(&w, "node_name", "weir");
    format_write_end_object(&w);
    if (!buf_ok(&r->json)) {
        r->error = ERR_MEMORY;
        return false;
    }
    return give(r, buf_text(&r->json), r->json.n, FIND_MESSAGES_INDEX, id, m->time, true);
}

static enum err say(const struct reading *r, enum err rc, struct err_text *why)
{
    if (rc == ERR_NONE)
        rc = r->error;
    if (rc != ERR_NONE && rc != ERR_NOT_FOUND)
        err_set(why, rc, "alerts, results and messages cannot be read: %s", err_name(rc));
    return rc;
}

enum err find_kept_each(struct store_state *state, const struct find_target *target, ts_ns from,
                        ts_ns to, find_kept_fn fn, void *ctx, struct err_text *why)
{
    struct reading r;
    enum err rc = reading_init(&r, target, fn, ctx, why);
    if (rc != ERR_NONE)
        return rc;
    ts_ns last = to == TIME_MAX ? to : to - 1;
    const struct store_alert_filter alerts = {.from = from, .to = last};
    const struct store_result_filter results = {
        .from = from, .to = last, .interim = STORE_INTERIM_ANY, .sort = STORE_RESULT_BY_TIME};
    rc = note_jobs(&r, state);
    if (rc == ERR_NONE && target->alerts)
        rc = store_state_alert_list(state, &alerts, give_alert, &r, NULL);
    if (rc == ERR_NONE && r.error == ERR_NONE && target->results)
        rc = store_state_result_list(state, &results, give_result, &r, NULL);
    if (rc == ERR_NONE && r.error == ERR_NONE && target->messages)
        rc = store_state_message_list(state, NULL, from, last, give_message, &r);
    reading_release(&r);
    return say(&r, rc, why);
}

enum err find_kept_get(struct store_state *state, const struct find_target *target, const char *id,
                       find_kept_fn fn, void *ctx, struct err_text *why)
{
    struct reading r;
    struct arena arena;
    struct store_alert alert;
    enum err rc = reading_init(&r, target, fn, ctx, why);
    if (rc != ERR_NONE)
        return rc;
    arena_init(&arena, 0);
    rc = note_jobs(&r, state);
    if (rc == ERR_NONE)
        rc = target->alerts ? store_state_alert_get(state, id, &arena, &alert) : ERR_NOT_FOUND;
    if (rc == ERR_NONE)
        (void)give_alert(&r, &alert);
    if (rc == ERR_NOT_FOUND && target->results) {
        const struct store_result_filter results = {
            .id = id, .from = TIME_NONE, .to = TIME_MAX, .interim = STORE_INTERIM_ANY};
        rc = store_state_result_list(state, &results, give_result, &r, NULL);
        if (rc == ERR_NONE && r.n == 0)
            rc = ERR_NOT_FOUND;
    }
    if (rc == ERR_NOT_FOUND && target->messages) {
        r.id = id;
        rc = store_state_message_list(state, NULL, TIME_NONE, TIME_MAX, give_message, &r);
        if (rc == ERR_NONE && r.n == 0)
            rc = ERR_NOT_FOUND;
    }
    arena_release(&arena);
    reading_release(&r);
    return say(&r, rc, why);
}
