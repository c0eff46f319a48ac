/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs whose datafeed has aggregations: the same results however time is cut and whenever it stops.
 */
#include "app/help.h"

#define MINUTES 80

static const char job_text[] =
    "{\"job_id\": \"tiny\", \"analysis_config\": {\"bucket_span\": \"%s\", \"latency\": \"%s\"%s, "
    "\"detectors\": "
    "[{\"function\": \"high_count\"}, {\"function\": \"max\", \"field_name\": \"source.bytes\", "
    "\"partition_field_name\": \"host.name\"}], \"influencers\": [\"host.name\"]}, "
    "\"data_description\": {\"time_field\": \"@timestamp\"}}";
static const char feed_text[] =
    "{\"datafeed_id\": \"datafeed-tiny\", \"job_id\": \"tiny\", \"indices\": [\"logs-*\"]%s, "
    "\"query\": {\"term\": {\"event.category\": \"network\"}}}";
static const char aggs[] =
    ", \"frequency\": \"%s\", \"aggregations\": {\"buckets\": {\"date_histogram\": {\"field\": "
    "\"@timestamp\", \"fixed_interval\": \"%s\"}, \"aggregations\": {\"@timestamp\": {\"max\": "
    "{\"field\": \"@timestamp\"}}, \"host.name\": {\"terms\": {\"field\": \"host.name\"}, "
    "\"aggregations\": {\"source.bytes\": {\"max\": {\"field\": \"source.bytes\"}}}}}}}";

struct shape {
    const char *span, *latency, *frequency, *interval;
};
static const struct shape shapes[] = {
    {"4m", "0s", "1m", "30s"},
    {"6m", "2m", "4m", "2m"},
    {"5m", "30s", "5m", "5m"},
};

static void install(struct store_state *st, const struct shape *s, bool aggregated)
{
    char job[1000], rows[1000], feed[2000];
    snprintf(job, sizeof(job), job_text, s->span, s->latency,
             aggregated ? ", \"summary_count_field_name\": \"doc_count\"" : "");
    snprintf(rows, sizeof(rows), aggs, s->frequency, s->interval);
    snprintf(feed, sizeof(feed), feed_text, aggregated ? rows : "");
    HELP_OK(engine_install_job(st, job, strlen(job), "job.json", feed, strlen(feed), "feed.json",
                               NULL, HELP_BASE, TIME_NONE, &help_why));
}

/* One event of two hosts; in the minute of the spike one of them sends much. */
static void send(struct engine_pipeline *p, unsigned minute, unsigned i, unsigned n, bool follow)
{
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    help_event(&e, &arena, HELP_BASE + minute * TIME_MIN + i * (TIME_MIN / n), i);
    event_set_text(&e, EVENT_F_HOST_NAME, i % 3 == 0 ? "a" : "b");
    event_set_i64(&e, EVENT_F_SOURCE_BYTES,
                  minute == HELP_SPIKE && i == 6 ? 900000 : 100 + (minute * 31 + i * 7) % 50);
    HELP_OK(engine_pipeline_event(p, &e, follow, &help_why));
    arena_release(&arena);
}

static void feed_minutes(struct engine_pipeline *p, unsigned from, unsigned to, ts_ns step)
{
    for (unsigned m = from; m < to; m++) {
        unsigned n = 12 + m % 5;
        for (unsigned i = 0; i < n; i++)
            send(p, m, i, n, step == 0);
        ts_ns end = HELP_BASE + (m + 1) * TIME_MIN;
        for (ts_ns at = end - TIME_MIN; step > 0 && at <= end; at += step)
            HELP_OK(engine_pipeline_advance(p, at, &help_why));
    }
}

/* How a run is broken off. */
enum stops {
    STOPS_NONE,
    STOPS_SAVED,   /* what was learned is saved each time */
    STOPS_CRASHED, /* only each second time */
};

struct way {
    bool aggregated;
    ts_ns step;
    enum stops stops;
    unsigned every; /* minutes between two stops */
};

/* All results of the traffic that was fed in one way. */
static void run(const struct shape *shape, const struct way *way, struct buf *out)
{
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct store *store = help_store(dir);
    struct help_alerts alerts = {0};
    unsigned every = way->stops != STOPS_NONE ? way->every : MINUTES;
    install(st, shape, way->aggregated);
    struct engine_pipeline *p = help_pipeline(st, store, &alerts, HELP_BASE);
    for (unsigned m = 0; m < MINUTES; m += every) {
        feed_minutes(p, m, m + every < MINUTES ? m + every : MINUTES, way->step);
        HELP_OK(store_commit(store, &help_why));
        if (way->stops == STOPS_NONE)
            continue;
        if (way->stops == STOPS_SAVED || m / every % 2 == 0)
            HELP_OK(engine_pipeline_save(p, &help_why));
        ts_ns now = engine_pipeline_now(p);
        engine_pipeline_free(p);
        p = help_pipeline(st, store, &alerts, now);
    }
    HELP_OK(engine_pipeline_finish(p, &help_why));
    engine_pipeline_free(p);
    help_dump(st, out);
    store_close(store);
    store_state_close(st);
    help_rmdir(dir);
}

/* Counts and greatest values of the rows are those of the events, so are the results. */
static void test_same(void **state)
{
    static const struct way ways[] = {
        {.aggregated = true},
        {.aggregated = true, .step = TIME_S},
        {.aggregated = true, .step = TIME_MIN},
        {.aggregated = true, .stops = STOPS_SAVED, .every = 4},
        {.aggregated = true, .stops = STOPS_SAVED, .every = 7},
        {.aggregated = true, .stops = STOPS_CRASHED, .every = 7, .step = TIME_S},
        {.aggregated = true, .stops = STOPS_CRASHED, .every = 9},
    };
    static const struct way plain = {.aggregated = false};
    struct buf straight, other;
    (void)state;
    buf_init(&straight);
    buf_init(&other);
    for (size_t k = 0; k < sizeof(shapes) / sizeof(shapes[0]); k++) {
        buf_clear(&straight);
        run(&shapes[k], &plain, &straight);
        assert_non_null(strstr(buf_text(&straight), "\"function\":\"max\""));
        for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
            buf_clear(&other);
            run(&shapes[k], &ways[i], &other);
            if (strcmp(buf_text(&straight), buf_text(&other)) != 0)
                fail_msg("shape %zu, way %zu:\n%s\nis not\n%s", k, i, buf_text(&other),
                         buf_text(&straight));
        }
    }
    buf_release(&straight);
    buf_release(&other);
}

static uint64_t taken(struct engine_pipeline *p, const char *key)
{
    struct buf stats;
    ts_ns open;
    buf_init(&stats);
    HELP_OK(engine_jobs_stats(engine_pipeline_jobs(p), "tiny", &stats, &open, &help_why));
    const char *at = strstr(buf_text(&stats), key);
    assert_non_null(at);
    uint64_t n = strtoull(at + strlen(key), NULL, 10);
    buf_release(&stats);
    return n;
}

static bool keep_message(void *ctx, const struct store_message *m)
{
    buf_format(ctx, "%s\n", m->text);
    return true;
}

/* An interval is given once a look is due, and what comes after that is told and left out. */
static void test_late(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct help_alerts alerts = {0};
    struct buf told;
    buf_init(&told);
    install(st, &shapes[0], true);
    struct engine_pipeline *p = help_pipeline(st, NULL, &alerts, HELP_BASE);
    feed_minutes(p, 0, 2, 0);
    ts_ns due = HELP_BASE + 2 * TIME_MIN + HELP_DELAY;
    HELP_OK(engine_pipeline_advance(p, due - 1, &help_why));
    /* Two intervals of the first minute, with two hosts each. */
    assert_int_equal(taken(p, "\"processed_record_count\":"), 4);
    send(p, 1, 11, 12, false); /* the second minute waits for what is under way */
    HELP_OK(engine_pipeline_advance(p, due, &help_why));
    assert_int_equal(taken(p, "\"processed_record_count\":"), 8);
    assert_int_equal(taken(p, "\"search_count\":"), 2);
    send(p, 0, 0, 12, false);
    send(p, 1, 0, 12, false);
    send(p, 2, 0, 12, false);
    HELP_OK(engine_pipeline_advance(p, HELP_BASE + 10 * TIME_MIN, &help_why));
    assert_int_equal(taken(p, "\"processed_record_count\":"), 9);
    struct engine_pipeline_totals totals;
    engine_pipeline_totals(p, &totals);
    assert_int_equal(totals.jobs.late, 2);
    assert_int_equal(totals.jobs.lost, 0);
    HELP_OK(store_state_message_list(st, "tiny", TIME_NONE, TIME_MAX, keep_message, &told));
    assert_string_equal(buf_text(&told),
                        "2 events came too late for 2 counted intervals, the newest of which "
                        "begins at 2023-11-15T00:01:00.000Z; a query_delay of 2m would have waited "
                        "for them.\n");
    engine_pipeline_free(p);
    buf_release(&told);
    store_state_close(st);
    help_rmdir(dir);
}

/* An interval of more rows than fit gives none, and the job says so. */
static void test_lost(void **state)
{
    (void)state;
    static const char text[] =
        "{\"job_id\": \"tiny\", \"analysis_config\": {\"bucket_span\": \"1m\", "
        "\"summary_count_field_name\": \"doc_count\", \"detectors\": [{\"function\": \"count\"}]}, "
        "\"data_description\": {\"time_field\": \"@timestamp\"}}";
    static const char feed[] =
        "{\"indices\": [\"*\"], \"aggs\": {\"b\": {\"date_histogram\": {\"field\": \"@timestamp\", "
        "\"fixed_interval\": \"1m\"}, \"aggs\": {\"@timestamp\": {\"max\": {\"field\": "
        "\"@timestamp\"}}, \"port\": {\"terms\": {\"field\": \"port\", \"size\": 100000}}}}}}";
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct help_alerts alerts = {0};
    struct engine_pipeline_totals totals;
    struct arena arena;
    struct buf told;
    const int64_t many = 66000;
    buf_init(&told);
    arena_init(&arena, 0);
    HELP_OK(engine_install_job(st, text, strlen(text), "job.json", feed, strlen(feed), "feed.json",
                               NULL, HELP_BASE, TIME_NONE, &help_why));
    struct engine_pipeline *p = help_pipeline(st, NULL, &alerts, HELP_BASE);
    for (int64_t i = 0; i <= many; i++) {
        struct event e;
        const struct event_value port = event_value_i64(i);
        arena_clear(&arena);
        event_init(&e, &arena, HELP_BASE + (i == many ? TIME_MIN : i));
        event_add_named(&e, "port", 4, &port);
        HELP_OK(engine_pipeline_event(p, &e, true, &help_why));
    }
    HELP_OK(engine_pipeline_advance(p, HELP_BASE + 3 * TIME_MIN, &help_why));
    assert_int_equal(taken(p, "\"processed_record_count\":"), 1);
    engine_pipeline_totals(p, &totals);
    assert_int_equal(totals.jobs.lost, many);
    HELP_OK(store_state_message_list(st, "tiny", TIME_NONE, TIME_MAX, keep_message, &told));
    assert_string_equal(buf_text(&told),
                        "What the datafeed aggregates of 1 interval, the newest of which begins at "
                        "2023-11-15T00:00:00.000Z, is more than fits; 66000 events were not looked "
                        "at.\n");
    engine_pipeline_free(p);
    arena_release(&arena);
    buf_release(&told);
    store_state_close(st);
    help_rmdir(dir);
}

/* Times at the ends of what can be told: the present goes on. */
static void test_far(void **state)
{
    static const ts_ns far[] = {TIME_MAX - 1, TIME_NONE + 1, -(TIME_MAX / 2)};
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct help_alerts alerts = {0};
    struct arena arena;
    arena_init(&arena, 0);
    install(st, &shapes[0], true);
    struct engine_pipeline *p = help_pipeline(st, NULL, &alerts, HELP_BASE);
    for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
        struct event e;
        help_event(&e, &arena, far[i], 0);
        HELP_OK(engine_pipeline_event(p, &e, false, &help_why));
    }
    feed_minutes(p, 0, 2, 0);
    HELP_OK(engine_pipeline_advance(p, HELP_BASE + 10 * TIME_MIN, &help_why));
    assert_int_equal(taken(p, "\"processed_record_count\":"), 8);
    engine_pipeline_free(p);
    arena_release(&arena);
    store_state_close(st);
    help_rmdir(dir);
}

/* With a start and an end within intervals only whole ones between are given. */
static void test_bounds(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct store *store = help_store(dir);
    struct help_alerts alerts = {0};
    struct arena arena;
    struct store_job row;
    arena_init(&arena, 0);
    install(st, &shapes[0], true);
    struct engine_pipeline *p = help_pipeline(st, store, &alerts, HELP_BASE);
    feed_minutes(p, 0, 20, 0);
    HELP_OK(store_commit(store, &help_why));
    ts_ns now = engine_pipeline_now(p);
    engine_pipeline_free(p);
    HELP_OK(store_state_job_get(st, "tiny", &arena, &row));
    row.start = HELP_BASE + 70 * TIME_S;
    row.end = HELP_BASE + 200 * TIME_S;
    HELP_OK(store_state_job_put(st, &row));
    p = help_pipeline_behind(st, store, &alerts, now);
    bool behind;
    HELP_OK(engine_pipeline_catch_up(p, 0, &behind, &help_why));
    HELP_OK(engine_pipeline_advance(p, now + TIME_S, &help_why));
    HELP_OK(store_state_job_get(st, "tiny", &arena, &row));
    assert_string_equal(row.state, "closed");
    assert_string_equal(row.datafeed_state, "stopped");
    /* From 1:30 to 3:00, three intervals of two hosts. */
    assert_non_null(strstr(row.counts, "\"processed_record_count\":6,"));
    engine_pipeline_free(p);
    arena_release(&arena);
    store_close(store);
    store_state_close(st);
    help_rmdir(dir);
}

/* What cannot be counted is refused when it is installed. */
static void test_refused(void **state)
{
    (void)state;
    static const char text[] =
        "{\"datafeed_id\": \"d\", \"job_id\": \"tiny\", \"indices\": [\"logs-*\"], "
        "\"aggregations\": {\"b\": {\"date_histogram\": {\"field\": \"@timestamp\", "
        "\"fixed_interval\": \"1m\"}, \"aggs\": {\"@timestamp\": {\"max\": {\"field\": "
        "\"@timestamp\"}}, \"source.bytes\": {\"sum\": {\"field\": \"host.name\"}}, \"host.name\": "
        "{\"terms\": {\"field\": \"host.name\"}}}}}}";
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    char job[1000];
    snprintf(job, sizeof(job), job_text, "2m", "0s",
             ", \"summary_count_field_name\": \"doc_count\"");
    assert_int_equal(engine_install_job(st, job, strlen(job), "job.json", text, strlen(text),
                                        "feed.json", NULL, HELP_BASE, TIME_NONE, &help_why),
                     ERR_INVALID);
    assert_non_null(strstr(help_why.message, "host.name"));
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),   cmocka_unit_test(test_late),    cmocka_unit_test(test_lost),
        cmocka_unit_test(test_bounds), cmocka_unit_test(test_refused), cmocka_unit_test(test_far),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
