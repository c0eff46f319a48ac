/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/rule/support.h"

#include "base/mem.h"
#include "cmocka_head.h"
#include "event/event.h"
#include "event/id.h"
#include "event/json.h"
#include "format/node.h"
#include "format/write.h"
#include "query/index.h"
#include "query/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_score(const void *a, const void *b)
{
    const struct world_record *x = *(const struct world_record *const *)a;
    const struct world_record *y = *(const struct world_record *const *)b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return strcmp(x->id, y->id);
}

static bool is_wanted(const struct world_record *r, const struct rule_find *find)
{
    if (r->visible > find->now || r->start < find->from || r->start > find->to ||
        r->score < find->min_score)
        return false;
    for (size_t i = 0; i < find->jobs_n; i++) {
        if (strcmp(find->jobs[i], r->job) == 0)
            return true;
    }
    return false;
}

static enum err find_records(void *ctx, const struct rule_find *find, rule_record_fn sink,
                             void *sink_ctx, uint64_t *out_total, struct err_text *why)
{
    struct world *w = ctx;
    w->searches++;
    if (w->break_search)
        return err_set(why, ERR_IO, "the disk is gone");
    static const struct world_record *list[WORLD_RECORDS];
    size_t n = 0;
    for (size_t i = 0; i < w->records_n; i++) {
        if (is_wanted(&w->records[i], find))
            list[n++] = &w->records[i];
    }
    qsort(list, n, sizeof(*list), by_score);
    for (size_t i = find->skip; i < n && i < find->skip + find->max; i++) {
        const struct rule_record found = {list[i]->id, ".ml-anomalies-shared",
                                          bytes_make(list[i]->json, strlen(list[i]->json))};
        sink(sink_ctx, &found);
    }
    *out_total = n;
    return ERR_NONE;
}

static enum err find_job(void *ctx, const char *id, struct rule_job *out, struct err_text *why)
{
    struct world *w = ctx;
    (void)why;
    for (size_t i = 0; i < w->jobs_n; i++) {
        if (strcmp(w->jobs[i].id, id) == 0) {
            *out = w->jobs[i].job;
            return ERR_NONE;
        }
    }
    *out = (struct rule_job){.installed = false};
    return ERR_NONE;
}

static bool is_excepted(const void *ctx, const struct event *e)
{
    const struct world *w = ctx;
    return query_match(w->except, e);
}

static enum err find_exceptions(void *ctx, const struct rule *r, ts_ns now,
                                struct rule_exceptions *out, struct err_text *why)
{
    struct world *w = ctx;
    (void)r;
    (void)now;
    if (w->break_exceptions)
        return err_set(why, ERR_IO, "the disk is gone");
    if (w->except != NULL)
        *out = (struct rule_exceptions){w->except, is_excepted, w, w->except_warning};
    return ERR_NONE;
}

static bool has_alert(const struct world *w, const char *id)
{
    for (size_t i = 0; i < w->alerts_n; i++) {
        if (strcmp(w->alerts[i].id, id) == 0)
            return true;
    }
    return false;
}

static enum err alert_exists(void *ctx, const char *id, bool *out, struct err_text *why)
{
    (void)why;
    *out = has_alert(ctx, id);
    return ERR_NONE;
}

static enum err alert_create(void *ctx, const struct rule_alert *alert, struct err_text *why)
{
    struct world *w = ctx;
    if (w->break_create)
        return err_set(why, ERR_FULL, "no space is left");
    if (has_alert(w, alert->id)) {
        w->repeats++;
        return ERR_EXISTS;
    }
    assert_int_equal(
        mem_grow((void **)&w->alerts, &w->alerts_cap, w->alerts_n + 1, sizeof(*w->alerts)), 0);
    struct world_alert *a = &w->alerts[w->alerts_n++];
    snprintf(a->id, sizeof(a->id), "%s", alert->id);
    snprintf(a->group, sizeof(a->group), "%s", alert->group != NULL ? alert->group : "");
    a->closed = false;
    a->time = alert->time;
    a->json = mem_strndup((const char *)alert->json.p, alert->json.n);
    a->json_n = alert->json.n;
    assert_non_null(a->json);
    return ERR_NONE;
}

static enum err alerts_grouped(void *ctx, const char *group, ts_ns since, size_t max,
                               rule_grouped_fn sink, void *sink_ctx, struct err_text *why)
{
    const struct world *w = ctx;
    size_t n = 0;
    (void)why;
    for (size_t i = w->alerts_n; i-- > 0 && n < max;) {
        const struct world_alert *a = &w->alerts[i];
        if (strcmp(a->group, group) != 0 || a->closed || a->time < since)
            continue;
        const struct rule_grouped alert = {a->id, bytes_make(a->json, a->json_n)};
        sink(sink_ctx, &alert);
        n++;
    }
    return ERR_NONE;
}

static enum err alert_replace(void *ctx, const char *id, struct bytes json, struct err_text *why)
{
    struct world *w = ctx;
    (void)why;
    for (size_t i = 0; i < w->alerts_n; i++) {
        if (strcmp(w->alerts[i].id, id) != 0)
            continue;
        char *copy = mem_strndup((const char *)json.p, json.n);
        assert_non_null(copy);
        mem_free(w->alerts[i].json);
        w->alerts[i].json = copy;
        w->alerts[i].json_n = json.n;
        return ERR_NONE;
    }
    return ERR_NOT_FOUND;
}

static enum err keep_status(void *ctx, const struct rule *r, const struct rule_status *status,
                            struct err_text *why)
{
    struct world *w = ctx;
    struct format_writer writer;
    (void)r;
    (void)why;
    buf_clear(&w->last_status);
    format_write_init(&writer, &w->last_status);
    rule_status_write(status, &writer);
    w->statuses++;
    return ERR_NONE;
}

static struct hunt_source source_of(const struct event *e, char index[QUERY_INDEX_NAME_SIZE],
                                    char id[EVENT_ID_SIZE])
{
    query_index_name(e, index);
    event_id_write(e, id);
    return (struct hunt_source){index, id, "1", e};
}

static enum err find_events(void *ctx, const struct hunt_search *search, hunt_source_fn fn,
                            void *fn_ctx, struct err_text *why)
{
    struct world *w = ctx;
    w->searches++;
    if (w->break_search)
        return err_set(why, ERR_IO, "the disk is gone");
    for (size_t i = 0; i < w->kept_n; i++) {
        const struct event *e = w->kept[i];
        char index[QUERY_INDEX_NAME_SIZE];
        char id[EVENT_ID_SIZE];
        const struct hunt_source source = source_of(e, index, id);
        if (e->time >= search->from && e->time < search->to &&
            (search->query == NULL || query_match(search->query, e)) && !fn(fn_ctx, &source))
            break;
    }
    return ERR_NONE;
}

void world_add_event(struct world *w, struct rule_engine *e, ts_ns time, const char *json)
{
    struct event_json *reader = event_json_new();
    struct arena arena;
    struct event read;
    arena_init(&arena, 0);
    struct event *made = arena_alloc(&w->arena, sizeof(*made));
    assert_true(w->kept_n < WORLD_EVENTS && made != NULL && reader != NULL);
    assert_int_equal(event_json_read(reader, json, strlen(json), false, &arena, &read, NULL),
                     ERR_NONE);
    read.time = time;
    read.sequence = w->kept_n + 1;
    event_copy(made, &w->arena, &read);
    w->kept[w->kept_n++] = made;
    event_json_free(reader);
    arena_release(&arena);
    char index[QUERY_INDEX_NAME_SIZE];
    char id[EVENT_ID_SIZE];
    const struct hunt_source source = source_of(made, index, id);
    if (e != NULL)
        rule_engine_event(e, &source);
}

void world_init(struct world *w)
{
    memset(w, 0, sizeof(*w));
    arena_init(&w->arena, 0);
    w->events = (struct hunt_ports){.ctx = w, .find = find_events};
    buf_init(&w->last_status);
    w->ports = (struct rule_ports){.ctx = w,
                                   .find_records = find_records,
                                   .events = &w->events,
                                   .job = find_job,
                                   .alert_exists = alert_exists,
                                   .alert_create = alert_create,
                                   .alerts_grouped = alerts_grouped,
                                   .alert_replace = alert_replace,
                                   .exceptions = find_exceptions,
                                   .status = keep_status};
}

void world_release(struct world *w)
{
    for (size_t i = 0; i < w->records_n; i++)
        mem_free(w->records[i].json);
    for (size_t i = 0; i < w->alerts_n; i++)
        mem_free(w->alerts[i].json);
    mem_free(w->alerts);
    arena_release(&w->arena);
    buf_release(&w->last_status);
    query_free(w->except);
}

void world_except(struct world *w, const char *kql, const char *warning)
{
    struct err_text why;
    assert_int_equal(query_parse_kql(kql, strlen(kql), 0, &w->except, &why), ERR_NONE);
    w->except_warning = warning;
}

void world_add_job(struct world *w, const char *id, const char *query)
{
    assert_true(w->jobs_n < WORLD_JOBS);
    snprintf(w->jobs[w->jobs_n].id, sizeof(w->jobs[0].id), "%s", id);
    w->jobs[w->jobs_n++].job = (struct rule_job){.installed = true,
                                                 .job_state = "opened",
                                                 .datafeed_state = "started",
                                                 .query = query,
                                                 .query_n = query != NULL ? strlen(query) : 0};
}

void world_add_record(struct world *w, const char *job, ts_ns start, ts_ns visible, double score,
                      const char *json)
{
    assert_true(w->records_n < WORLD_RECORDS);
    struct world_record *r = &w->records[w->records_n++];
    *r = (struct world_record){.start = start, .visible = visible, .score = score};
    snprintf(r->job, sizeof(r->job), "%s", job);
    snprintf(r->id, sizeof(r->id), "%s_record_%lld_10800_0_%zu_4", job,
             (long long)(start / TIME_MS), w->records_n);
    struct buf text;
    buf_init(&text);
    if (json != NULL)
        buf_str(&text, json);
    else
        buf_format(&text,
                   "{\"result_type\":\"record\",\"job_id\":\"%s\",\"timestamp\":%lld,"
                   "\"bucket_span\":10800,\"detector_index\":0,\"function\":\"high_sum\","
                   "\"field_name\":\"source.bytes\",\"record_score\":%g,\"probability\":1e-12,"
                   "\"is_interim\":false,\"actual\":[48300000.0],\"typical\":[120000.0],"
                   "\"over_field_name\":\"destination.port\",\"over_field_value\":\"4444\","
                   "\"destination.port\":[\"4444\"],\"source.ip\":[\"192.0.2.5\"],"
                   "\"influencers\":[{\"influencer_field_name\":\"source.ip\","
                   "\"influencer_field_values\":[\"192.0.2.5\"]},"
                   "{\"influencer_field_name\":\"destination.ip\","
                   "\"influencer_field_values\":[\"203.0.113.9\"]}]}",
                   job, (long long)(start / TIME_MS), score);
    r->json = buf_take(&text, NULL);
    assert_non_null(r->json);
}

void world_rule_text(const char *extra, struct buf *out)
{
    static const char *const lines[] = {
        "anomaly_threshold = 75",
        "author = [\"Weir\"]",
        "description = \"What it is for.\"",
        "from = \"now-6h\"",
        "interval = \"15m\"",
        "machine_learning_job_id = \"a_job\"",
        "name = \"A rule\"",
        "risk_score = 21",
        "rule_id = \"00000000-0000-4000-8000-000000000001\"",
        "severity = \"low\"",
        "type = \"machine_learning\"",
    };
    buf_str(out, "[metadata]\ncreation_date = \"2026/01/01\"\nupdated_date = \"2026/01/02\"\n"
                 "\n[rule]\n");
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        /* An extra line with the same key takes this one's place. */
        char key[64];
        snprintf(key, sizeof(key), "%.*s =", (int)strcspn(lines[i], " "), lines[i]);
        const char *at = strstr(extra, key);
        if (at != NULL && (at == extra || at[-1] == '\n'))
            continue;
        buf_str(out, lines[i]);
        buf_char(out, '\n');
    }
    buf_str(out, extra);
    buf_char(out, '\n');
}

static struct rule *only_rule(const char *text, size_t n, const char *name)
{
    struct rule_set *set = rule_set_new();
    struct err_text why;
    assert_non_null(set);
    assert_int_equal(rule_load_text(set, text, n, name, &why), ERR_NONE);
    if (rule_set_count(set) != 1 && rule_set_problems(set) > 0)
        print_error("%s\n", rule_set_problem(set, 0)->text.message);
    assert_int_equal(rule_set_count(set), 1);
    struct rule *r = rule_ref(rule_set_at(set, 0));
    rule_set_free(set);
    return r;
}

struct rule *world_rule(const char *extra)
{
    struct buf text;
    buf_init(&text);
    world_rule_text(extra, &text);
    struct rule *r = only_rule(buf_text(&text), text.n, "test.toml");
    buf_release(&text);
    return r;
}

struct rule *world_rule_api(const char *json)
{
    return only_rule(json, strlen(json), "test.json");
}

void world_refused(const char *toml, struct err_text *why)
{
    struct rule_set *set = rule_set_new();
    assert_non_null(set);
    assert_int_equal(rule_load_text(set, toml, strlen(toml), "test.toml", why), ERR_NONE);
    assert_int_equal(rule_set_count(set), 0);
    assert_int_equal(rule_set_refused(set), 1);
    for (size_t i = 0; i < rule_set_problems(set); i++) {
        if (rule_set_problem(set, i)->fatal)
            *why = rule_set_problem(set, i)->text;
    }
    rule_set_free(set);
}
