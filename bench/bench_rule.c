/* SPDX-License-Identifier: Apache-2.0 */
/* 1,000 rules at an interval of one minute over 1 M stored records: processor time of a minute. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "format/write.h"
#include "rule/engine.h"
#include "rule/load.h"
#include "rule/rule.h"
#include "rule/run.h"
#include "rule/status.h"
#include "store/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define RULES 1000
#define RECORDS 1000 /* of each rule's job, one every quarter of an hour */
#define MINUTES 30
#define START (1700000000 / 86400 * 86400 * TIME_S)
#define END (START + RECORDS * 15 * TIME_MIN)

static void check(enum err code, const char *what)
{
    if (code != ERR_NONE) {
        fprintf(stderr, "bench_rule: %s: %s\n", what, err_name(code));
        exit(1);
    }
}

static double cpu_seconds(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

static uint64_t random_state = 42;

static uint64_t draw(void)
{
    random_state += 0x9e3779b97f4a7c15U;
    return hash_mix(random_state);
}

static void put_record(struct store_state *st, unsigned job, unsigned i)
{
    char id[96];
    char name[32];
    char doc[1024];
    ts_ns time = START + (ts_ns)i * 15 * TIME_MIN;
    double score = (double)(draw() % 100000) / 1000;
    if (score >= 75 && draw() % 100 != 0)
        score -= 30; /* one in four hundred is worth an alert */
    snprintf(name, sizeof(name), "job_%u", job);
    snprintf(id, sizeof(id), "%s_record_%lld_900_0_%u_4", name, (long long)(time / TIME_MS), i);
    snprintf(doc, sizeof(doc),
             "{\"result_type\":\"record\",\"job_id\":\"%s\",\"timestamp\":%lld,\"bucket_span\":900,"
             "\"detector_index\":0,\"function\":\"high_sum\",\"field_name\":\"source.bytes\","
             "\"record_score\":%.3f,\"initial_record_score\":%.3f,\"probability\":1e-12,"
             "\"is_interim\":false,\"actual\":[48300000.0],\"typical\":[120000.0],"
             "\"over_field_name\":\"destination.port\",\"over_field_value\":\"%u\","
             "\"influencers\":[{\"influencer_field_name\":\"source.ip\","
             "\"influencer_field_values\":[\"192.0.2.%u\"]}]}",
             name, (long long)(time / TIME_MS), score, score, i, i % 250);
    const struct store_result result = {
        .job_id = name, .type = "record", .id = id, .doc = doc, .time = time, .score = score};
    check(store_state_result_put(st, &result), "put");
}

struct sink {
    rule_record_fn fn;
    void *ctx;
};

static bool pass_on(void *ctx, const struct store_result *r)
{
    const struct sink *s = ctx;
    size_t n = r->doc_len > 0 ? r->doc_len : strlen(r->doc);
    const struct rule_record record = {r->id, ".ml-anomalies-shared", bytes_make(r->doc, n)};
    s->fn(s->ctx, &record);
    return true;
}

static enum err find_records(void *ctx, const struct rule_find *find, rule_record_fn fn,
                             void *fn_ctx, uint64_t *out_total, struct err_text *why)
{
    struct sink sink = {fn, fn_ctx};
    const struct store_result_filter filter = {.jobs = find->jobs,
                                               .jobs_n = find->jobs_n,
                                               .type = "record",
                                               .from = find->from,
                                               .to = find->to,
                                               .min_score = find->min_score,
                                               .interim = STORE_INTERIM_NO,
                                               .sort = STORE_RESULT_BY_SCORE,
                                               .limit = find->max};
    (void)why;
    return store_state_result_list(ctx, &filter, pass_on, &sink, out_total);
}

static enum err find_job(void *ctx, const char *id, struct rule_job *out, struct err_text *why)
{
    (void)ctx;
    (void)id;
    (void)why;
    *out = (struct rule_job){.installed = true, .job_state = "opened", .datafeed_state = "started"};
    return ERR_NONE;
}

static enum err alert_exists(void *ctx, const char *id, bool *out, struct err_text *why)
{
    struct arena arena;
    struct store_alert alert;
    (void)why;
    arena_init(&arena, 0);
    enum err code = store_state_alert_get(ctx, id, &arena, &alert);
    arena_release(&arena);
    *out = code == ERR_NONE;
    return code == ERR_NOT_FOUND ? ERR_NONE : code;
}

static uint64_t alerts;

static enum err alert_create(void *ctx, const struct rule_alert *alert, struct err_text *why)
{
    bool is_new;
    char *doc = mem_strndup((const char *)alert->json.p, alert->json.n);
    const struct store_alert row = {.id = alert->id,
                                    .rule_id = alert->rule_id,
                                    .doc = doc,
                                    .time = alert->time,
                                    .start = alert->time};
    (void)why;
    enum err code = store_state_alert_create(ctx, &row, &is_new);
    mem_free(doc);
    alerts++;
    return code;
}

static enum err keep_status(void *ctx, const struct rule *r, const struct rule_status *status,
                            struct err_text *why)
{
    struct buf doc;
    struct format_writer w;
    (void)why;
    buf_init(&doc);
    format_write_init(&w, &doc);
    rule_status_write(status, &w);
    const struct store_run run = {.rule_id = r->rule_id,
                                  .time = status->date,
                                  .from = TIME_NONE,
                                  .to = TIME_NONE,
                                  .status = rule_state_name(rule_status_state(status)),
                                  .message = rule_status_message(status),
                                  .doc = buf_text(&doc)};
    enum err code = store_state_run_put(ctx, &run);
    buf_release(&doc);
    return code;
}

static void put_rules(struct rule_engine *e, struct store_state *st)
{
    for (unsigned i = 0; i < RULES; i++) {
        char text[512];
        char id[64];
        struct err_text why;
        struct rule_set *set = rule_set_new();
        snprintf(id, sizeof(id), "00000000-0000-4000-8000-%012u", i);
        snprintf(text, sizeof(text),
                 "{\"type\":\"machine_learning\",\"name\":\"Rule %u\",\"description\":\"d\","
                 "\"risk_score\":21,\"severity\":\"low\",\"anomaly_threshold\":75,"
                 "\"machine_learning_job_id\":\"job_%u\",\"rule_id\":\"%s\",\"from\":\"now-45m\","
                 "\"interval\":\"1m\"}",
                 i, i, id);
        check(rule_load_text(set, text, strlen(text), "r.json", &why), "rule");
        check(rule_engine_put(e, rule_set_at(set, 0), END, TIME_NONE, &why), "engine");
        const struct store_rule row = {.id = id, .doc = text, .enabled = true};
        check(store_state_rule_put(st, &row), "rule row");
        rule_set_free(set);
    }
}

int main(void)
{
    char folder[] = "/tmp/weir-bench-rule-XXXXXX";
    struct store_state *st;
    struct err_text why;
    if (mkdtemp(folder) == NULL)
        return 1;
    check(store_state_open(folder, &st, &why), "open");
    for (unsigned job = 0; job < RULES; job++) {
        if (job % 50 == 0)
            check(store_state_begin(st), "begin");
        for (unsigned i = 0; i < RECORDS; i++)
            put_record(st, job, i);
        if (job % 50 == 49)
            check(store_state_commit(st, &why), "commit");
    }
    const struct rule_ports ports = {.ctx = st,
                                     .find_records = find_records,
                                     .job = find_job,
                                     .alert_exists = alert_exists,
                                     .alert_create = alert_create,
                                     .status = keep_status};
    struct rule_engine *e = rule_engine_new(&ports);
    put_rules(e, st);
    double cpu = cpu_seconds();
    ts_ns begin = clock_steady();
    for (unsigned m = 0; m < MINUTES; m++) {
        check(store_state_begin(st), "begin");
        check(rule_engine_advance(e, END + m * TIME_MIN, &why), "advance");
        check(store_state_commit(st, &why), "commit");
    }
    cpu = cpu_seconds() - cpu;
    double seconds = (double)(clock_steady() - begin) / 1e9;
    printf("{\"bench\":\"rule\",\"case\":\"minute\",\"rules\":%d,\"records\":%d,\"runs\":%d,"
           "\"alerts\":%llu,\"seconds\":%.3f,\"us_per_run\":%.1f,\"core_percent\":%.2f}\n",
           RULES, RULES * RECORDS, RULES * MINUTES, (unsigned long long)alerts, seconds,
           cpu * 1e6 / (RULES * MINUTES), cpu / (MINUTES * 60.0) * 100);
    rule_engine_free(e);
    store_state_close(st);
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command) == 0 ? 0 : 1;
}
