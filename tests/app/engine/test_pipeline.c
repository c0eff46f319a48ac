/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#define FINAL (HELP_BASE + (HELP_SPIKE + 1) * TIME_MIN + HELP_DELAY)

/* Results and the alert are there when the bucket is final, and not a nanosecond before. */
static void test_when(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct help_alerts alerts = {0};
    ts_ns at;
    help_install(st);
    struct engine_pipeline *p = help_pipeline(st, NULL, &alerts, HELP_BASE);
    assert_int_equal(engine_jobs_count(engine_pipeline_jobs(p)), 1);
    assert_int_equal(engine_rules_count(engine_pipeline_rules(p)), 1);
    help_feed_minutes(p, 0, HELP_SPIKE + 1, 0);
    HELP_OK(engine_pipeline_advance(p, FINAL - 1, &help_why));
    assert_int_equal(help_count_alerts(st, NULL), 0);
    uint64_t buckets = help_count_results(st, "bucket");
    HELP_OK(engine_pipeline_advance(p, FINAL, &help_why));
    assert_int_equal(help_count_results(st, "bucket"), buckets + 1);
    assert_true(help_count_results(st, "record") >= 1);
    assert_int_equal(help_count_alerts(st, &at), 1);
    assert_int_equal(at, FINAL);
    assert_int_equal(alerts.n, 1);
    assert_int_equal(engine_pipeline_now(p), FINAL);
    /* Going back does nothing; nor does the same time again. */
    HELP_OK(engine_pipeline_advance(p, FINAL - TIME_HOUR, &help_why));
    HELP_OK(engine_pipeline_advance(p, FINAL, &help_why));
    assert_int_equal(engine_pipeline_now(p), FINAL);
    struct engine_pipeline_totals t;
    engine_pipeline_totals(p, &t);
    assert_int_equal(t.alerts, 1);
    assert_int_equal(t.events, t.jobs.offered);
    assert_int_equal(t.jobs.taken, t.jobs.offered);
    assert_int_equal(t.jobs.late, 0);
    engine_pipeline_free(p);
    store_state_close(st);
    help_rmdir(dir);
}

/* One way of feeding the same traffic. */
static void run_whole(ts_ns step, bool save, struct buf *out)
{
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct help_alerts alerts = {0};
    help_install(st);
    struct engine_pipeline *p = help_pipeline(st, NULL, &alerts, HELP_BASE);
    for (unsigned m = 0; m < HELP_SPIKE + 10; m += 10) {
        help_feed_minutes(p, m, m + 10, step);
        if (!save)
            continue;
        HELP_OK(engine_pipeline_save(p, &help_why));
        ts_ns now = engine_pipeline_now(p);
        engine_pipeline_free(p);
        p = help_pipeline(st, NULL, &alerts, now);
        assert_int_equal(engine_pipeline_now(p), now);
    }
    HELP_OK(engine_pipeline_finish(p, &help_why));
    assert_int_equal(alerts.n, 1);
    engine_pipeline_free(p);
    help_dump(st, out);
    store_state_close(st);
    help_rmdir(dir);
}

static void test_cut_of_time(void **state)
{
    (void)state;
    struct buf straight, other;
    buf_init(&straight);
    buf_init(&other);
    run_whole(0, false, &straight);
    assert_non_null(strstr(buf_text(&straight), "\nalert "));
    run_whole(TIME_S, false, &other);
    assert_string_equal(buf_text(&straight), buf_text(&other));
    run_whole(TIME_MIN, false, &other);
    assert_string_equal(buf_text(&straight), buf_text(&other));
    run_whole(0, true, &other);
    assert_string_equal(buf_text(&straight), buf_text(&other));
    buf_release(&straight);
    buf_release(&other);
}

/* A job that comes later gets what was stored, and finds what it would have found. */
static void test_backfill(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct buf live, later;
    buf_init(&live);
    buf_init(&later);
    struct store_state *st = help_state(dir);
    struct store *store = help_store(dir);
    struct help_alerts alerts = {0};
    help_install(st);
    struct engine_pipeline *p = help_pipeline(st, store, &alerts, HELP_BASE);
    help_feed_minutes(p, 0, HELP_SPIKE + 5, 0);
    HELP_OK(store_commit(store, &help_why));
    HELP_OK(engine_pipeline_finish(p, &help_why));
    ts_ns now = engine_pipeline_now(p);
    engine_pipeline_free(p);
    help_dump(st, &live);
    store_state_close(st);

    /* Nothing was saved: as after a crash, in a state that knows nothing. */
    char *fresh = help_mkdir();
    struct help_alerts again = {0};
    st = help_state(fresh);
    help_install(st);
    p = help_pipeline(st, store, &again, now);
    HELP_OK(engine_pipeline_finish(p, &help_why));
    help_dump(st, &later);
    assert_string_equal(buf_text(&live), buf_text(&later));
    assert_int_equal(again.n, 1);
    assert_string_equal(alerts.ids[0], again.ids[0]);
    /* The same once more: nothing is found anew, and nobody is told twice. */
    engine_pipeline_free(p);
    p = help_pipeline(st, store, &again, now);
    HELP_OK(engine_pipeline_finish(p, &help_why));
    help_dump(st, &later);
    assert_string_equal(buf_text(&live), buf_text(&later));
    assert_int_equal(again.n, 1);
    engine_pipeline_free(p);
    store_state_close(st);
    store_close(store);
    buf_release(&live);
    buf_release(&later);
    help_rmdir(dir);
    help_rmdir(fresh);
}

/* Takes the time of the one alert off the end. */
static ts_ns cut_time(struct buf *dump)
{
    const char *last = strrchr(buf_text(dump), ' ');
    assert_non_null(last);
    ts_ns time = strtoll(last, NULL, 10);
    dump->n = (size_t)(last - buf_text(dump));
    dump->p[dump->n] = '\0';
    return time;
}

/* The same while events go on to come, a slice of the past after each minute of them. The alert is
 * raised when it is found, and by then engine time has gone on. */
static void test_slices(void **state)
{
    (void)state;
    struct buf live, later;
    buf_init(&live);
    buf_init(&later);
    for (int late = 0; late < 2; late++) {
        char *dir = help_mkdir();
        struct store_state *st = help_state(dir);
        struct store *store = help_store(dir);
        struct help_alerts alerts = {0};
        struct arena arena;
        arena_init(&arena, 0);
        if (!late)
            help_install(st);
        struct engine_pipeline *p = help_pipeline(st, store, &alerts, HELP_BASE);
        help_feed_minutes(p, 0, HELP_SPIKE + 10, 0);
        HELP_OK(store_commit(store, &help_why));
        if (late) {
            help_install(st);
            HELP_OK(engine_pipeline_load(p, engine_pipeline_now(p), &help_why));
        }
        unsigned behind_for = 0;
        for (unsigned m = HELP_SPIKE + 10; m < HELP_SPIKE + 60; m++) {
            bool behind;
            help_feed_minutes(p, m, m + 1, 0);
            HELP_OK(store_commit(store, &help_why));
            HELP_OK(engine_pipeline_catch_up(p, 250, &behind, &help_why));
            assert_true(behind == engine_pipeline_is_behind(p));
            behind_for += behind;
            if (!behind)
                continue;
            /* A snapshot now would know of events whose elders it has not seen. */
            struct store_snapshot snapshot;
            HELP_OK(engine_pipeline_save(p, &help_why));
            assert_int_equal(store_state_snapshot_get(st, "tiny", NULL, &arena, &snapshot, NULL),
                             ERR_NOT_FOUND);
        }
        if (late)
            assert_in_range(behind_for, 5, 40);
        else
            assert_int_equal(behind_for, 0);
        HELP_OK(engine_pipeline_finish(p, &help_why));
        assert_int_equal(alerts.n, 1);
        help_dump(st, late ? &later : &live);
        if (late)
            assert_true(cut_time(&later) >= HELP_BASE + (HELP_SPIKE + 10) * TIME_MIN);
        else
            assert_int_equal(cut_time(&live), FINAL);
        engine_pipeline_free(p);
        store_state_close(st);
        store_close(store);
        arena_release(&arena);
        help_rmdir(dir);
    }
    assert_string_equal(buf_text(&live), buf_text(&later));
    buf_release(&live);
    buf_release(&later);
}

/* Two weeks back a job begins that nobody told where. */
static void test_start(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct store *store = help_store(dir);
    struct help_alerts alerts = {0};
    struct engine_pipeline *p = help_pipeline(st, store, &alerts, HELP_BASE);
    help_feed_minutes(p, 0, 2, 0);
    HELP_OK(store_commit(store, &help_why));
    engine_pipeline_free(p);
    help_install(st);
    p = help_pipeline(st, store, &alerts, HELP_BASE + 14 * TIME_DAY + TIME_MIN);
    struct engine_pipeline_totals t;
    engine_pipeline_totals(p, &t);
    assert_int_equal(t.jobs.taken, help_per_minute(1));
    engine_pipeline_free(p);
    store_state_close(st);
    store_close(store);
    help_rmdir(dir);
}

static const char query_rule[] =
    "{\"rule_id\": \"q\", \"name\": \"Q\", \"description\": \"d\", \"type\": \"query\", "
    "\"index\": [\"other-*\"], \"query\": \"*\", \"interval\": \"5m\", \"from\": \"now-300d\", "
    "\"enabled\": true, \"risk_score\": 21, \"severity\": \"low\"}\n";

/* What comes late moves no rule: not from the API, nor from a log when engine time is further on. A
 * log that is behind takes the rules along. */
static void test_late(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct store *store = help_store(dir);
    struct help_alerts alerts = {0};
    struct arena arena;
    struct event e;
    const ts_ns now = HELP_BASE + 7 * TIME_MIN;
    arena_init(&arena, 0);
    help_install_rule(st, query_rule, HELP_BASE);
    struct engine_pipeline *p = help_pipeline_behind(st, store, &alerts, now);
    help_event(&e, &arena, HELP_BASE - 2 * TIME_HOUR, 1);
    HELP_OK(engine_pipeline_stored(p, &e, &help_why));
    assert_int_equal(engine_pipeline_next(p), HELP_BASE + 10 * TIME_MIN);
    HELP_OK(engine_pipeline_advance(p, now, &help_why));
    HELP_OK(engine_pipeline_event(p, &e, false, &help_why));
    assert_int_equal(engine_pipeline_next(p), HELP_BASE + 10 * TIME_MIN);
    engine_pipeline_free(p);

    p = help_pipeline_behind(st, store, &alerts, now);
    HELP_OK(engine_pipeline_event(p, &e, false, &help_why));
    assert_int_equal(engine_pipeline_next(p), HELP_BASE - 2 * TIME_HOUR + 5 * TIME_MIN);
    engine_pipeline_free(p);
    arena_release(&arena);
    store_state_close(st);
    store_close(store);
    help_rmdir(dir);
}

/* Years of silence are one step, whatever the rule's interval. */
static void test_silence(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct help_alerts alerts = {0};
    help_install(st);
    struct engine_pipeline *p = help_pipeline(st, NULL, &alerts, HELP_BASE);
    help_feed_minutes(p, 0, HELP_SPIKE + 1, 0);
    ts_ns far = HELP_BASE + 400 * TIME_DAY;
    HELP_OK(engine_pipeline_advance(p, far, &help_why));
    assert_int_equal(engine_pipeline_now(p), far);
    assert_int_equal(alerts.n, 1);
    /* A day's buckets one by one, the rest not. */
    assert_true(help_count_results(st, "bucket") < 2000);
    assert_true(engine_jobs_next(engine_pipeline_jobs(p), ENGINE_JOB_UP) > far);
    assert_true(engine_rules_next(engine_pipeline_rules(p)) > far);
    engine_pipeline_free(p);
    store_state_close(st);
    help_rmdir(dir);
}

/* A full disk when the bucket closes: nobody is told; when there is space, all of it is found. */
/* Newest first: the last is the oldest that is kept. */
static bool see_oldest(void *ctx, const struct store_run *run)
{
    *(ts_ns *)ctx = run->time;
    return true;
}

/* The same without any job: rules that find nothing do not run for each minute of three years. */
static void test_silence_without_jobs(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct help_alerts alerts = {0};
    ts_ns oldest = TIME_NONE;
    help_install_rule(st, help_rule, HELP_BASE);
    struct engine_pipeline *p = help_pipeline(st, NULL, &alerts, HELP_BASE);
    HELP_OK(engine_pipeline_advance(p, HELP_BASE + TIME_HOUR, &help_why));
    HELP_OK(engine_pipeline_save(p, &help_why));
    engine_pipeline_free(p);
    p = help_pipeline(st, NULL, &alerts, HELP_BASE + TIME_HOUR);
    HELP_OK(engine_pipeline_advance(p, HELP_BASE + 3 * 365 * TIME_DAY, &help_why));
    assert_int_equal(engine_pipeline_now(p), HELP_BASE + 3 * 365 * TIME_DAY);
    engine_pipeline_free(p);
    /* A day's runs one by one, the rest not: of the 1,000 that are kept most are of that day. */
    HELP_OK(store_state_run_list(st, HELP_RULE_ID, 0, see_oldest, &oldest));
    assert_true(oldest < HELP_BASE + 2 * TIME_DAY);
    store_state_close(st);
    help_rmdir(dir);
}

static void test_full_disk(void **state)
{
    (void)state;
    struct buf straight, made_up;
    buf_init(&straight);
    buf_init(&made_up);
    for (int full = 0; full < 3; full++) {
        char *dir = help_mkdir();
        struct store_state *st = help_state(dir);
        struct store *store = help_store(dir);
        struct help_alerts alerts = {0};
        help_install(st);
        struct engine_pipeline *p = help_pipeline(st, store, &alerts, HELP_BASE);
        help_feed_minutes(p, 0, HELP_SPIKE + 1, 0);
        HELP_OK(store_commit(store, &help_why));
        HELP_OK(engine_pipeline_advance(p, FINAL - 1, &help_why)); /* the bucket is next */
        if (full) {
            help_limit_files(4096);
            assert_int_not_equal(engine_pipeline_advance(p, FINAL, &help_why), ERR_NONE);
            assert_true(help_why.message[0] != '\0');
            if (full == 1) /* and still full when it tries to make up for it */
                assert_int_not_equal(engine_pipeline_advance(p, FINAL, &help_why), ERR_NONE);
            help_limit_files(RLIM_INFINITY);
            assert_int_equal(alerts.n, 0);
            assert_int_equal(help_count_alerts(st, NULL), 0);
        }
        if (full == 2) { /* stopped before time went on: what is saved is not ahead */
            HELP_OK(engine_pipeline_save(p, &help_why));
            engine_pipeline_free(p);
            p = help_pipeline(st, store, &alerts, FINAL);
        }
        HELP_OK(engine_pipeline_advance(p, FINAL, &help_why));
        HELP_OK(engine_pipeline_finish(p, &help_why));
        assert_int_equal(alerts.n, 1);
        help_dump(st, full ? &made_up : &straight);
        engine_pipeline_free(p);
        store_state_close(st);
        store_close(store);
        help_rmdir(dir);
        if (full)
            assert_string_equal(buf_text(&straight), buf_text(&made_up));
    }
    buf_release(&straight);
    buf_release(&made_up);
}

/* A job that is closed is not ahead of its events on disk: their numbers would be given again. */
static void test_closed_between_commits(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct store *store = help_store(dir);
    struct help_alerts alerts = {0};
    struct store_stats stats;
    help_install(st);
    struct engine_pipeline *p = help_pipeline(st, store, &alerts, HELP_BASE);
    help_feed_minutes(p, 0, 30, 0);
    store_stats(store, &stats);
    assert_int_equal(stats.hot_rows, 0);
    help_limit_files(4096);
    assert_int_not_equal(engine_jobs_stop(engine_pipeline_jobs(p), "tiny", true, &help_why),
                         ERR_NONE);
    help_limit_files(RLIM_INFINITY);
    assert_int_equal(engine_jobs_count(engine_pipeline_jobs(p)), 1);
    HELP_OK(engine_jobs_stop(engine_pipeline_jobs(p), "tiny", true, &help_why));
    store_stats(store, &stats);
    assert_int_equal(stats.hot_rows, stats.appended);
    assert_true(stats.hot_rows > 0);
    engine_pipeline_free(p);
    store_state_close(st);
    store_close(store);
    help_rmdir(dir);
}

/* The same while the past is read: what was taken back is found when it is read again. */
static void test_full_disk_behind(void **state)
{
    (void)state;
    struct buf dumps[2];
    for (int full = 0; full < 2; full++) {
        char *dir = help_mkdir();
        struct store_state *st = help_state(dir);
        struct store *store = help_store(dir);
        struct help_alerts alerts = {0};
        bool behind;
        struct engine_pipeline *p = help_pipeline(st, store, &alerts, HELP_BASE);
        help_feed_minutes(p, 0, HELP_SPIKE + 5, 0);
        HELP_OK(store_commit(store, &help_why));
        help_install(st);
        HELP_OK(engine_pipeline_load(p, engine_pipeline_now(p), &help_why));
        if (full) {
            help_limit_files(4096);
            assert_int_not_equal(engine_pipeline_catch_up(p, 100, &behind, &help_why), ERR_NONE);
            help_limit_files(RLIM_INFINITY);
        }
        do {
            HELP_OK(engine_pipeline_catch_up(p, 100, &behind, &help_why));
        } while (behind);
        HELP_OK(engine_pipeline_finish(p, &help_why));
        assert_int_equal(alerts.n, 1);
        buf_init(&dumps[full]);
        help_dump(st, &dumps[full]);
        engine_pipeline_free(p);
        store_state_close(st);
        store_close(store);
        help_rmdir(dir);
    }
    assert_string_equal(buf_text(&dumps[0]), buf_text(&dumps[1]));
    buf_release(&dumps[0]);
    buf_release(&dumps[1]);
}

/* The clock had run ahead for a while: what comes by the right one finds what it would have. */
static void test_set_back(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct store *store = help_store(dir);
    struct help_alerts alerts = {0};
    ts_ns at;
    help_install(st);
    struct engine_pipeline *p = help_pipeline(st, store, &alerts, HELP_BASE);
    help_feed_minutes(p, 0, HELP_SPIKE, 0);
    HELP_OK(store_commit(store, &help_why));
    HELP_OK(engine_pipeline_save(p, &help_why));
    ts_ns right = engine_pipeline_now(p);
    /* Short of where a silent clock would be taken on in one step. */
    HELP_OK(engine_pipeline_advance(p, right + 30 * TIME_MIN, &help_why));
    assert_true(help_count_results(st, "bucket") > HELP_SPIKE);
    HELP_OK(engine_pipeline_set_back(p, right, &help_why));
    assert_int_equal(engine_pipeline_now(p), right);
    bool behind;
    HELP_OK(engine_pipeline_catch_up(p, 0, &behind, &help_why));
    assert_false(behind);
    help_feed_minutes(p, HELP_SPIKE, HELP_SPIKE + 1, 0);
    HELP_OK(engine_pipeline_advance(p, FINAL, &help_why));
    assert_int_equal(help_count_alerts(st, &at), 1);
    assert_int_equal(at, FINAL);
    assert_int_equal(alerts.n, 1);
    struct engine_pipeline_totals t;
    engine_pipeline_totals(p, &t);
    assert_int_equal(t.jobs.late, 0);
    engine_pipeline_free(p);
    /* A start knows of it. */
    p = help_pipeline(st, store, &alerts, FINAL);
    assert_true(engine_pipeline_now(p) <= FINAL);
    engine_pipeline_free(p);
    store_state_close(st);
    store_close(store);
    help_rmdir(dir);
}

/* Nothing runs: time still goes on, and nothing is written. */
/* Events without the job's time become no records: no bucket is due, and the clock goes on. */
static void test_no_records(void **state)
{
    (void)state;
    static const char job[] =
        "{\"job_id\": \"tiny\", \"analysis_config\": {\"bucket_span\": \"1m\", \"detectors\": "
        "[{\"function\": \"count\"}]}, \"data_description\": {\"time_field\": \"event.created\"}}";
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct help_alerts alerts = {0};
    HELP_OK(engine_install_job(st, job, strlen(job), "job.json", help_feed, strlen(help_feed),
                               "feed.json", NULL, HELP_BASE, TIME_NONE, &help_why));
    struct engine_pipeline *p = help_pipeline(st, NULL, &alerts, HELP_BASE);
    help_feed_minutes(p, 0, 5, 0);
    HELP_OK(engine_pipeline_advance(p, HELP_BASE + TIME_HOUR, &help_why));
    assert_int_equal(engine_pipeline_now(p), HELP_BASE + TIME_HOUR);
    assert_int_equal(help_count_results(st, "bucket"), 0);
    HELP_OK(engine_pipeline_finish(p, &help_why));
    engine_pipeline_free(p);
    store_state_close(st);
    help_rmdir(dir);
}

static void test_empty(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct help_alerts alerts = {0};
    const struct engine_pipeline_options options = {.state = st};
    struct engine_pipeline *p;
    HELP_OK(engine_pipeline_new(&options, &p, &help_why));
    assert_int_equal(engine_pipeline_now(p), TIME_NONE);
    HELP_OK(engine_pipeline_finish(p, &help_why));
    HELP_OK(engine_pipeline_save(p, &help_why));
    HELP_OK(engine_pipeline_advance(p, HELP_BASE, &help_why));
    assert_int_equal(engine_pipeline_now(p), HELP_BASE);
    help_feed_minutes(p, 0, 1, 0);
    HELP_OK(engine_pipeline_finish(p, &help_why));
    assert_int_equal(help_count_results(st, NULL), 0);
    assert_int_equal(alerts.n, 0);
    engine_pipeline_free(p);
    store_state_close(st);
    help_rmdir(dir);
}

/* An event with a wrong date, longer ago than a span of time can be. */
static void test_centuries(void **state)
{
    (void)state;
    const ts_ns old = -(ts_ns)85 * 100000000 * TIME_S;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct store *store = help_store(dir);
    struct help_alerts alerts = {0};
    bool behind = true;
    HELP_OK(engine_install_job(st, help_job, strlen(help_job), "job.json", help_feed,
                               strlen(help_feed), "feed.json", NULL, HELP_BASE, old, &help_why));
    struct engine_pipeline *p = help_pipeline(st, store, &alerts, HELP_BASE);
    for (int i = 0; i < 2; i++) {
        struct arena arena;
        struct event e;
        arena_init(&arena, 0);
        help_event(&e, &arena, i == 0 ? old : HELP_BASE, (uint64_t)i + 1);
        HELP_OK(engine_pipeline_event(p, &e, false, &help_why));
        arena_release(&arena);
    }
    HELP_OK(store_commit(store, &help_why));
    HELP_OK(engine_pipeline_advance(p, HELP_BASE + TIME_HOUR, &help_why));
    engine_pipeline_free(p);
    p = help_pipeline_behind(st, store, &alerts, HELP_BASE + TIME_HOUR);
    for (int i = 0; i < 10000 && behind; i++)
        HELP_OK(engine_pipeline_catch_up(p, 100, &behind, &help_why));
    assert_false(behind);
    HELP_OK(engine_pipeline_advance(p, HELP_BASE + 2 * TIME_HOUR, &help_why));
    engine_pipeline_free(p);
    store_state_close(st);
    store_close(store);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_when),
        cmocka_unit_test(test_cut_of_time),
        cmocka_unit_test(test_backfill),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_silence_without_jobs),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_full_disk_behind),
        cmocka_unit_test(test_closed_between_commits),
        cmocka_unit_test(test_set_back),
        cmocka_unit_test(test_no_records),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_centuries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
