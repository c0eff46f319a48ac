#ifndef TESTS_APP_HELP_H
#define TESTS_APP_HELP_H

/* A job that counts by the minute, a rule on it, and traffic; header only. */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* mkdtemp, asprintf */
#endif
#include "store/store/store_dir.h"

#include "base/arena.h"
#include "base/buf.h"
#include "engine/install.h"
#include "engine/pipeline.h"
#include "event/event.h"
#include "rule/load.h"
#include "rule/rule.h"
#include "store/state.h"
#include "store/store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define HELP_BASE ((ts_ns)1700006400 * TIME_S) /* 2023-11-15T00:00:00Z */
#define HELP_DELAY (5 * TIME_S)
#define HELP_SPIKE 60 /* the minute in which too much comes */
#define HELP_RULE_ID "5f1a5a40-3c1b-4b0a-9a62-0f7cdd1f3b11"

static const char help_job[] =
    "{\"job_id\": \"tiny\", \"analysis_config\": {\"bucket_span\": \"1m\", \"detectors\": "
    "[{\"function\": \"high_count\"}], \"influencers\": [\"source.ip\"]}, "
    "\"data_description\": {\"time_field\": \"@timestamp\"}}";
static const char help_feed[] =
    "{\"datafeed_id\": \"datafeed-tiny\", \"job_id\": \"tiny\", \"indices\": [\"logs-*\"], "
    "\"query\": {\"term\": {\"event.category\": \"network\"}}}";
static const char help_rule[] =
    "{\"rule_id\": \"" HELP_RULE_ID "\", \"name\": \"Much at once\", \"description\": \"d\", "
    "\"type\": \"machine_learning\", \"machine_learning_job_id\": [\"tiny\"], "
    "\"anomaly_threshold\": 40, \"interval\": \"1m\", \"from\": \"now-5m\", \"enabled\": true, "
    "\"risk_score\": 21, \"severity\": \"low\"}\n";

/* Of the newest failure; printed where it is not expected. */
static struct err_text help_why;

#define HELP_OK(call)                                                                              \
    do {                                                                                           \
        help_why.message[0] = '\0';                                                                \
        enum err help_err = (call);                                                                \
        if (help_err != ERR_NONE)                                                                  \
            fail_msg("%s: %s: %s", #call, err_name(help_err), help_why.message);                   \
    } while (0)

static inline void help_write(const char *dir, const char *name, const void *p, size_t n)
{
    char *path;
    assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    free(path);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static inline struct store_state *help_state(const char *dir)
{
    struct store_state *st = NULL;
    HELP_OK(store_state_open(dir, &st, &help_why));
    return st;
}

static inline struct store *help_store(const char *dir)
{
    const struct store_options options = {.no_worker = true};
    struct store *s = NULL;
    HELP_OK(store_open(dir, &options, &s, &help_why));
    return s;
}

static inline void help_install_job(struct store_state *st)
{
    HELP_OK(engine_install_job(st, help_job, strlen(help_job), "job.json", help_feed,
                               strlen(help_feed), "feed.json", NULL, HELP_BASE, TIME_NONE,
                               &help_why));
}

static inline struct rule_set *help_rules(const char *text)
{
    struct rule_set *set = rule_set_new();
    assert_non_null(set);
    HELP_OK(rule_load_text(set, text, strlen(text), "rules.ndjson", &help_why));
    assert_int_equal(rule_set_refused(set), 0);
    return set;
}

static inline void help_install_rule(struct store_state *st, const char *text, ts_ns now)
{
    struct engine_install_totals totals = {0};
    struct rule_set *set = help_rules(text);
    HELP_OK(engine_install_rules(st, set, NULL, true, now, &totals, &help_why));
    rule_set_free(set);
}

/* The job and the rule on it. */
static inline void help_install(struct store_state *st)
{
    help_install_job(st);
    help_install_rule(st, help_rule, HELP_BASE);
}

struct help_alerts {
    size_t n;
    char ids[8][128];
};

static inline void help_on_alert(void *ctx, const char *id, struct bytes json)
{
    struct help_alerts *a = ctx;
    assert_true(json.n > 0 && json.p[0] == '{');
    if (a->n < 8)
        snprintf(a->ids[a->n], sizeof(a->ids[0]), "%s", id);
    a->n++;
}

/* As when there is nothing stored for the jobs. */
static inline void help_catch_up(struct engine_jobs *j)
{
    (void)engine_jobs_wanted(j);
    HELP_OK(engine_jobs_caught_up(j, HELP_BASE, &help_why));
}

/* Goes on where state.db stands, with jobs and rules taken up at now; jobs that are behind stay so.
 */
static inline struct engine_pipeline *help_pipeline_behind(struct store_state *st,
                                                           struct store *store,
                                                           struct help_alerts *alerts, ts_ns now)
{
    const struct engine_pipeline_options options = {.store = store,
                                                    .state = st,
                                                    .query_delay = HELP_DELAY,
                                                    .on_alert = help_on_alert,
                                                    .ctx = alerts};
    struct engine_pipeline *p = NULL;
    HELP_OK(engine_pipeline_new(&options, &p, &help_why));
    HELP_OK(engine_pipeline_load(p, now, &help_why));
    return p;
}

/* The same with all jobs up. */
static inline struct engine_pipeline *help_pipeline(struct store_state *st, struct store *store,
                                                    struct help_alerts *alerts, ts_ns now)
{
    bool behind;
    struct engine_pipeline *p = help_pipeline_behind(st, store, alerts, now);
    HELP_OK(engine_pipeline_catch_up(p, 0, &behind, &help_why));
    assert_false(behind);
    HELP_OK(engine_pipeline_advance(p, now, &help_why));
    return p;
}

static inline void help_event(struct event *e, struct arena *arena, ts_ns time, uint64_t sequence)
{
    struct ip ip;
    char text[32];
    event_init(e, arena, time);
    e->source = 0;
    e->sequence = sequence;
    snprintf(text, sizeof(text), "10.0.0.%d", (int)(sequence % 7) + 1);
    assert_true(ip_parse(text, strlen(text), &ip));
    event_set_ip(e, EVENT_F_SOURCE_IP, &ip);
    event_set_text(e, EVENT_F_EVENT_CATEGORY, "network");
    event_set_text(e, EVENT_F_EVENT_DATASET, "zeek.connection");
}

/* How many events a minute has. */
static inline unsigned help_per_minute(unsigned minute)
{
    return minute == HELP_SPIKE ? 900 : 20 + minute * 7 % 5;
}

static inline uint64_t help_sequence(unsigned minute)
{
    return (uint64_t)minute * 1000 + 1;
}

/* The events of the minutes from <= minute < to. With step the clock is moved so far at a time, 0:
 * only with the events. */
static inline void help_feed_minutes(struct engine_pipeline *p, unsigned from, unsigned to,
                                     ts_ns step)
{
    for (unsigned m = from; m < to; m++) {
        unsigned n = help_per_minute(m);
        for (unsigned i = 0; i < n; i++) {
            struct arena arena;
            struct event e;
            ts_ns time = HELP_BASE + m * TIME_MIN + i * (TIME_MIN / n);
            arena_init(&arena, 0);
            help_event(&e, &arena, time, help_sequence(m) + i);
            e.sequence = UINT64_MAX - e.sequence; /* sources number as they like */
            HELP_OK(engine_pipeline_event(p, &e, step == 0, &help_why));
            arena_release(&arena);
        }
        ts_ns end = HELP_BASE + (m + 1) * TIME_MIN;
        for (ts_ns at = end - TIME_MIN; step > 0 && at <= end; at += step)
            HELP_OK(engine_pipeline_advance(p, at, &help_why));
    }
}

static inline bool help_add_result(void *ctx, const struct store_result *r)
{
    buf_format(ctx, "%s %s ", r->type, r->id);
    buf_add(ctx, r->doc, r->doc_len > 0 ? r->doc_len : strlen(r->doc));
    buf_char(ctx, '\n');
    return true;
}

static inline bool help_add_alert(void *ctx, const struct store_alert *a)
{
    buf_format(ctx, "alert %s %lld\n", a->id, (long long)a->time);
    return true;
}

/* All results and alerts of state.db, for comparing. */
static inline void help_dump(struct store_state *st, struct buf *out)
{
    const struct store_result_filter results = {.from = TIME_NONE, .to = TIME_MAX};
    const struct store_alert_filter alerts = {.from = TIME_NONE, .to = TIME_MAX};
    buf_clear(out);
    HELP_OK(store_state_result_list(st, &results, help_add_result, out, NULL));
    HELP_OK(store_state_alert_list(st, &alerts, help_add_alert, out, NULL));
    assert_true(buf_ok(out));
}

static inline uint64_t help_count_results(struct store_state *st, const char *type)
{
    uint64_t n = 0;
    struct buf text;
    buf_init(&text);
    const struct store_result_filter f = {
        .type = type, .from = TIME_NONE, .to = TIME_MAX, .limit = 1};
    HELP_OK(store_state_result_list(st, &f, help_add_result, &text, &n));
    buf_release(&text);
    return n;
}

static inline bool help_take_time(void *ctx, const struct store_alert *a)
{
    *(ts_ns *)ctx = a->time;
    return true;
}

/* How many alerts are kept; *out_time: of the newest. */
static inline uint64_t help_count_alerts(struct store_state *st, ts_ns *out_time)
{
    uint64_t n = 0;
    ts_ns time = TIME_NONE;
    const struct store_alert_filter all = {.from = TIME_NONE, .to = TIME_MAX};
    HELP_OK(store_state_alert_list(st, &all, help_take_time, &time, &n));
    if (out_time != NULL)
        *out_time = time;
    return n;
}

/* From here on no file can grow beyond n bytes, as on a full disk; RLIM_INFINITY: again it can. */
static inline void help_limit_files(rlim_t n)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = n < limit.rlim_max ? n : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

#endif
