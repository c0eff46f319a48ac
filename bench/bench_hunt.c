/* SPDX-License-Identifier: Apache-2.0 */
/* 1,000 rules that search events, each minute, over 1 M stored events: what their start costs, a
 * minute in which 1,000 events arrive, and a minute in which none do. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "event/event.h"
#include "event/id.h"
#include "format/write.h"
#include "hunt/hunt.h"
#include "query/index.h"
#include "rule/engine.h"
#include "rule/load.h"
#include "rule/rule.h"
#include "rule/run.h"
#include "rule/status.h"
#include "store/state.h"
#include "store/store.h"
#include "store/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define RULES 1000
#define STORED 1000000
#define PER_MINUTE 1000
#define MINUTES 30
#define START (1700000000 / 86400 * 86400 * TIME_S)
#define END (START + (ts_ns)(STORED / PER_MINUTE) * TIME_MIN)

static struct store *store;
static struct store_state *state;
static uint64_t alerts;
static uint64_t searches;

static void check(enum err code, const char *what)
{
    if (code != ERR_NONE) {
        fprintf(stderr, "bench_hunt: %s: %s\n", what, err_name(code));
        exit(1);
    }
}

static double cpu_of(int who)
{
    struct rusage r;
    getrusage(who, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

static double cpu_seconds(void)
{
    return cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN);
}

static uint64_t random_state = 42;

static unsigned draw(unsigned n)
{
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)((random_state >> 33) % n);
}

/* A flow, a DNS question, or the start of a process. */
static void make_event(struct event *e, struct arena *arena, ts_ns time)
{
    static const char *const names[] = {"bash", "curl", "sshd", "cron", "python3", "ps"};
    char text[64];
    struct ip ip;
    unsigned kind = draw(10);
    event_init(e, arena, time);
    snprintf(text, sizeof(text), "10.0.%u.%u", draw(4), draw(200));
    (void)ip_parse(text, strlen(text), &ip);
    event_set_ip(e, EVENT_F_SOURCE_IP, &ip);
    event_set_text(e, EVENT_F_HOST_NAME, text);
    if (kind < 8) {
        snprintf(text, sizeof(text), "203.0.%u.%u", draw(100), draw(200));
        (void)ip_parse(text, strlen(text), &ip);
        event_set_ip(e, EVENT_F_DESTINATION_IP, &ip);
        event_set_i64(e, EVENT_F_DESTINATION_PORT, draw(20) == 0 ? draw(60000) : 443);
        event_set_i64(e, EVENT_F_SOURCE_BYTES, draw(100000));
        event_set_text(e, EVENT_F_EVENT_CATEGORY, "network");
        event_set_text(e, EVENT_F_EVENT_DATASET,
                       kind < 7 ? "network_traffic.flow" : "network_traffic.dns");
    } else {
        event_set_text(e, EVENT_F_EVENT_CATEGORY, "process");
        event_set_text(e, EVENT_F_EVENT_TYPE, "start");
        event_set_text(e, EVENT_F_EVENT_DATASET, "endpoint.events.process");
        event_set_text(e, EVENT_F_PROCESS_NAME, names[draw(6)]);
        snprintf(text, sizeof(text), "user%u", draw(40));
        event_set_text(e, EVENT_F_USER_NAME, text);
    }
}

/* As rules of the public repository are: most ask for a process by name. */
static void rule_text(unsigned i, char *out, size_t size)
{
    char more[512];
    const char *type = "query";
    if (i % 20 == 0) {
        type = "threshold";
        snprintf(more, sizeof(more),
                 "\"query\":\"event.category:network and destination.port:%u\",\"threshold\":{"
                 "\"field\":[\"source.ip\"],\"value\":%u}",
                 i % 40 == 0 ? 443 : 22 + i, 200);
    } else if (i % 20 == 1) {
        type = "new_terms";
        snprintf(
            more, sizeof(more),
            "\"query\":\"event.category:process and process.name:tool%u\",\"new_terms_fields\":"
            "[\"user.name\",\"host.name\"],\"history_window_start\":\"now-14d\"",
            i);
    } else if (i % 20 == 2) {
        type = "eql";
        snprintf(more, sizeof(more),
                 "\"language\":\"eql\",\"query\":\"sequence by host.name with maxspan=1m [process "
                 "where process.name == \\\"tool%u\\\"] [network where destination.port == %u]\"",
                 i, i);
    } else if (i % 100 == 3) {
        type = "threat_match";
        snprintf(
            more, sizeof(more),
            "\"query\":\"destination.ip:*\",\"threat_index\":[\"logs-ti_*\"],\"threat_mapping\":"
            "[{\"entries\":[{\"field\":\"destination.ip\",\"type\":\"mapping\",\"value\":"
            "\"threat.indicator.ip\"}]}]");
    } else if (i % 20 == 4) {
        snprintf(more, sizeof(more),
                 "\"query\":\"event.category:network and source.bytes > %u and not "
                 "destination.ip:203.0.0.0/16\"",
                 90000 + i);
    } else {
        snprintf(
            more, sizeof(more),
            "\"query\":\"event.category:process and event.type:start and process.name:(tool%u or "
            "tool%u.exe) and not user.name:root\"",
            i, i);
    }
    snprintf(
        out, size,
        "{\"type\":\"%s\",\"name\":\"Rule %u\",\"description\":\"d\",\"risk_score\":21,"
        "\"severity\":\"low\",\"rule_id\":\"rule-%04u\",\"from\":\"now-6m\",\"interval\":\"1m\","
        "\"index\":[\"logs-*\"],%s}",
        type, i, i, more);
}

struct showing {
    hunt_source_fn fn;
    void *ctx;
    const struct hunt_search *search;
};

static bool show(void *ctx, struct event *e)
{
    struct showing *s = ctx;
    char index[QUERY_INDEX_NAME_SIZE];
    char id[EVENT_ID_SIZE];
    size_t n = query_index_name(e, index);
    event_id_write(e, id);
    const struct hunt_source source = {index, id, "1", e};
    return (s->search->index != NULL && !query_index_match_name(s->search->index, index, n)) ||
           s->fn(s->ctx, &source);
}

static enum err find(void *ctx, const struct hunt_search *search, hunt_source_fn fn, void *fn_ctx,
                     struct err_text *why)
{
    struct showing showing = {fn, fn_ctx, search};
    const struct store_search what = {
        .query = search->query, .from = search->from, .to = search->to, .limit = search->limit};
    (void)ctx;
    searches++;
    return store_search(store, &what, show, &showing, why);
}

static enum err alert_exists(void *ctx, const char *id, bool *out, struct err_text *why)
{
    struct arena arena;
    struct store_alert alert;
    (void)ctx;
    (void)why;
    arena_init(&arena, 0);
    enum err code = store_state_alert_get(state, id, &arena, &alert);
    arena_release(&arena);
    *out = code == ERR_NONE;
    return code == ERR_NOT_FOUND ? ERR_NONE : code;
}

static enum err alert_create(void *ctx, const struct rule_alert *alert, struct err_text *why)
{
    struct buf doc;
    (void)ctx;
    (void)why;
    buf_init(&doc);
    buf_add(&doc, alert->json.p, alert->json.n);
    const struct store_alert row = {.id = alert->id,
                                    .rule_id = alert->rule_id,
                                    .doc = buf_text(&doc),
                                    .time = alert->time,
                                    .start = alert->time};
    enum err code = store_state_alert_create(state, &row, NULL);
    buf_release(&doc);
    alerts++;
    return code;
}

static enum err keep_status(void *ctx, const struct rule *r, const struct rule_status *status,
                            struct err_text *why)
{
    struct buf doc;
    struct format_writer w;
    (void)ctx;
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
    enum err code = store_state_run_put(state, &run);
    buf_release(&doc);
    return code;
}

static void put_rules(struct rule_engine *e)
{
    for (unsigned i = 0; i < RULES; i++) {
        char text[1024];
        struct err_text why;
        struct rule_set *set = rule_set_new();
        rule_text(i, text, sizeof(text));
        check(rule_load_text(set, text, strlen(text), "r.json", &why), "rule");
        if (rule_set_count(set) != 1) {
            fprintf(stderr, "%s\n%s\n", text, rule_set_problem(set, 0)->text.message);
            exit(1);
        }
        check(rule_engine_put(e, rule_set_at(set, 0), END, TIME_NONE, &why), "engine");
        const struct store_rule row = {
            .id = rule_set_at(set, 0)->rule_id, .doc = text, .enabled = true};
        check(store_state_rule_put(state, &row), "rule row");
        rule_set_free(set);
    }
}

static void fill(void)
{
    struct err_text why;
    struct arena arena;
    arena_init(&arena, 0);
    for (unsigned i = 0; i < STORED; i++) {
        struct event e;
        arena_clear(&arena);
        make_event(&e, &arena, START + (ts_ns)i * (TIME_MIN / PER_MINUTE));
        check(store_append(store, &e), "append");
        if (i % 20000 == 19999)
            check(store_commit(store, &why), "commit");
    }
    check(store_seal(store, &why), "seal");
    arena_release(&arena);
}

/* A minute's events, in the store and at the rules. */
static void arrive(struct rule_engine *e, ts_ns from, unsigned n)
{
    struct err_text why;
    struct arena arena;
    arena_init(&arena, 0);
    for (unsigned i = 0; i < n; i++) {
        struct event event;
        char index[QUERY_INDEX_NAME_SIZE];
        char id[EVENT_ID_SIZE];
        arena_clear(&arena);
        make_event(&event, &arena, from + (ts_ns)i * (TIME_MIN / PER_MINUTE));
        check(store_append(store, &event), "append");
        query_index_name(&event, index);
        event_id_write(&event, id);
        const struct hunt_source source = {index, id, "1", &event};
        rule_engine_event(e, &source);
    }
    check(store_commit(store, &why), "commit");
    arena_release(&arena);
}

static void minutes(struct rule_engine *e, const char *what, ts_ns from, unsigned n,
                    unsigned events)
{
    struct err_text why;
    uint64_t before = alerts;
    uint64_t asked = searches;
    double offered = 0;
    double cpu = cpu_seconds();
    for (unsigned m = 0; m < n; m++) {
        double begin = cpu_seconds();
        arrive(e, from + m * TIME_MIN, events);
        offered += cpu_seconds() - begin;
        check(store_state_begin(state), "begin");
        check(rule_engine_advance(e, from + (m + 1) * TIME_MIN, &why), "advance");
        check(store_state_commit(state, &why), "commit");
    }
    cpu = cpu_seconds() - cpu - offered;
    printf(
        "{\"bench\":\"hunt\",\"case\":\"%s\",\"rules\":%d,\"stored\":%d,\"runs\":%u,\"events\":%u,"
        "\"alerts\":%llu,\"searches\":%llu,\"us_per_run\":%.2f,\"us_per_event\":%.2f,"
        "\"core_percent\":%.2f}\n",
        what, RULES, STORED, RULES * n, events * n, (unsigned long long)(alerts - before),
        (unsigned long long)(searches - asked), cpu * 1e6 / (RULES * n),
        events > 0 ? offered * 1e6 / (events * n) : 0, (cpu + offered) / (n * 60.0) * 100);
    fflush(stdout);
}

static void start(struct rule_engine *e)
{
    struct err_text why;
    ts_ns begin = clock_steady();
    double cpu = cpu_seconds();
    check(store_state_begin(state), "begin");
    check(rule_engine_advance(e, END, &why), "advance");
    check(store_state_commit(state, &why), "commit");
    printf("{\"bench\":\"hunt\",\"case\":\"start\",\"rules\":%d,\"stored\":%d,\"alerts\":%llu,"
           "\"searches\":%llu,\"seconds\":%.3f,\"cpu_seconds\":%.3f}\n",
           RULES, STORED, (unsigned long long)alerts, (unsigned long long)searches,
           (double)(clock_steady() - begin) / 1e9, cpu_seconds() - cpu);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/weir-bench-hunt-XXXXXX";
    const struct hunt_ports events = {.find = find};
    const struct rule_ports ports = {.events = &events,
                                     .alert_exists = alert_exists,
                                     .alert_create = alert_create,
                                     .status = keep_status};
    struct err_text why;
    if (argc == 3 && strcmp(argv[1], "--query-worker") == 0)
        return store_worker_main(atoi(argv[2]));
    if (mkdtemp(folder) == NULL)
        return 1;
    check(store_open(folder, NULL, &store, &why), "store");
    check(store_state_open(folder, &state, &why), "state");
    fill();
    struct rule_engine *e = rule_engine_new(&ports);
    put_rules(e);
    start(e);
    minutes(e, "minute", END, MINUTES, PER_MINUTE);
    minutes(e, "idle", END + (MINUTES + 10) * TIME_MIN, MINUTES, 0);
    rule_engine_free(e);
    store_state_close(state);
    store_close(store);
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command) == 0 ? 0 : 1;
}
