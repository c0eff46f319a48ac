/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "engine/jobs.h"
#include "rule/run.h"

struct told {
    size_t n;
    ts_ns at; /* of the newest */
};

static void on_result(void *ctx, const char *job_id, ts_ns at)
{
    struct told *t = ctx;
    assert_string_equal(job_id, "tiny");
    t->n++;
    t->at = at;
}

static struct engine_jobs *make(struct store_state *st, struct told *told)
{
    const struct engine_jobs_options options = {
        .state = st, .query_delay = HELP_DELAY, .on_result = on_result, .ctx = told};
    struct engine_jobs *j = engine_jobs_new(&options);
    assert_non_null(j);
    HELP_OK(engine_jobs_load(j, HELP_BASE, &help_why));
    help_catch_up(j);
    return j;
}

static void minutes(struct engine_jobs *j, unsigned from, unsigned to, const char *category)
{
    for (unsigned m = from; m < to; m++)
        for (unsigned i = 0; i < help_per_minute(m); i++) {
            struct arena arena;
            struct event e;
            arena_init(&arena, 0);
            help_event(&e, &arena, HELP_BASE + m * TIME_MIN + i * TIME_MS, help_sequence(m) + i);
            event_set_text(&e, EVENT_F_EVENT_CATEGORY, category);
            HELP_OK(engine_jobs_event(j, &e));
            arena_release(&arena);
        }
}

static void test_buckets(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct told told = {0};
    help_install_job(st);
    struct engine_jobs *j = make(st, &told);
    assert_int_equal(engine_jobs_count(j), 1);
    assert_int_equal(engine_jobs_next(j, ENGINE_JOB_UP), TIME_MAX);
    assert_int_equal(engine_jobs_last(j, ENGINE_JOB_UP), TIME_NONE);
    /* What the datafeed does not want leaves no trace. */
    minutes(j, 0, 1, "process");
    assert_int_equal(engine_jobs_next(j, ENGINE_JOB_UP), TIME_MAX);
    minutes(j, 0, 2, "network");
    ts_ns due = HELP_BASE + TIME_MIN + HELP_DELAY;
    assert_int_equal(engine_jobs_next(j, ENGINE_JOB_UP), due);
    assert_int_equal(engine_jobs_last(j, ENGINE_JOB_UP), due + TIME_MIN);
    HELP_OK(store_state_begin(st));
    HELP_OK(engine_jobs_advance(j, ENGINE_JOB_UP, due - 1, &help_why));
    assert_int_equal(help_count_results(st, "bucket"), 0);
    HELP_OK(engine_jobs_advance(j, ENGINE_JOB_UP, due, &help_why));
    assert_int_equal(help_count_results(st, "bucket"), 1);
    assert_int_equal(engine_jobs_next(j, ENGINE_JOB_UP), due + TIME_MIN);
    /* An event of a closed bucket is counted, and that is all. */
    struct engine_jobs_totals t;
    minutes(j, 0, 1, "network");
    engine_jobs_totals(j, &t);
    assert_int_equal(t.late, help_per_minute(0));
    for (unsigned m = 2; m <= HELP_SPIKE; m++) {
        minutes(j, m, m + 1, "network");
        HELP_OK(
            engine_jobs_advance(j, ENGINE_JOB_UP, engine_jobs_last(j, ENGINE_JOB_UP), &help_why));
    }
    HELP_OK(store_state_commit(st, &help_why));
    assert_true(told.n >= 1);
    assert_int_equal(told.at, HELP_BASE + (HELP_SPIKE + 1) * TIME_MIN + HELP_DELAY);
    engine_jobs_totals(j, &t);
    assert_int_equal(t.records, help_count_results(st, "record"));
    assert_true(t.model_bytes > 0);
    engine_jobs_free(j);
    store_state_close(st);
    help_rmdir(dir);
}

static uint64_t interim(struct store_state *st, const char *type)
{
    const struct store_result_filter filter = {
        .type = type, .from = TIME_NONE, .to = TIME_MAX, .interim = STORE_INTERIM_ONLY, .limit = 1};
    uint64_t n = 0;
    struct buf text;
    buf_init(&text);
    HELP_OK(store_state_result_list(st, &filter, help_add_result, &text, &n));
    buf_release(&text);
    return n;
}

/* Open buckets have results too; final ones take their place, after a restart as well. */
static void test_interim(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct told told = {0};
    help_install_job(st);
    struct engine_jobs *j = make(st, &told);
    HELP_OK(store_state_begin(st));
    for (unsigned m = 0; m < HELP_SPIKE; m++) {
        minutes(j, m, m + 1, "network");
        HELP_OK(
            engine_jobs_advance(j, ENGINE_JOB_UP, engine_jobs_last(j, ENGINE_JOB_UP), &help_why));
    }
    struct engine_jobs_totals before;
    engine_jobs_totals(j, &before);
    size_t told_before = told.n;
    minutes(j, HELP_SPIKE, HELP_SPIKE + 1, "network");
    ts_ns now = HELP_BASE + HELP_SPIKE * TIME_MIN + 50 * TIME_S;
    HELP_OK(engine_jobs_advance(j, ENGINE_JOB_UP, now, &help_why));
    assert_true(engine_jobs_interim_due(j, now));
    HELP_OK(engine_jobs_interim(j, now, &help_why));
    assert_false(engine_jobs_interim_due(j, now + TIME_S));
    assert_int_equal(interim(st, "bucket"), 1);
    uint64_t records = interim(st, "record");
    assert_true(records >= 1);
    /* Again too soon: nothing. Later: the same once more, not beside the first. */
    HELP_OK(engine_jobs_interim(j, now + TIME_S, &help_why));
    assert_int_equal(interim(st, "record"), records);
    HELP_OK(engine_jobs_interim(j, now + TIME_MIN, &help_why));
    assert_int_equal(interim(st, "record"), records);
    assert_int_equal(interim(st, "bucket"), 1);
    /* Neither rules nor counts know of them. */
    struct engine_jobs_totals after;
    engine_jobs_totals(j, &after);
    assert_int_equal(after.records, before.records);
    assert_int_equal(told.n, told_before);
    HELP_OK(engine_jobs_save(j, now, &help_why));
    HELP_OK(store_state_commit(st, &help_why));
    engine_jobs_free(j);

    j = make(st, &told);
    HELP_OK(store_state_begin(st));
    HELP_OK(engine_jobs_advance(j, ENGINE_JOB_UP, engine_jobs_last(j, ENGINE_JOB_UP), &help_why));
    assert_int_equal(interim(st, NULL), 0);
    assert_true(help_count_results(st, "record") > before.records);
    assert_true(told.n > told_before);
    HELP_OK(store_state_commit(st, &help_why));
    engine_jobs_free(j);
    store_state_close(st);
    help_rmdir(dir);
}

/* Latency keeps many buckets open: the interim results of all of them go. */
static void test_interim_latency(void **state)
{
    (void)state;
    static const char job[] = "{\"job_id\": \"tiny\", \"analysis_config\": {\"bucket_span\": "
                              "\"1m\", \"latency\": \"5m\", "
                              "\"detectors\": [{\"function\": \"high_count\"}]}, "
                              "\"data_description\": {\"time_field\": \"@timestamp\"}}";
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct told told = {0};
    HELP_OK(engine_install_job(st, job, strlen(job), "job.json", help_feed, strlen(help_feed),
                               "feed.json", NULL, HELP_BASE, TIME_NONE, &help_why));
    struct engine_jobs *j = make(st, &told);
    HELP_OK(store_state_begin(st));
    minutes(j, 0, 6, "network");
    ts_ns now = HELP_BASE + 6 * TIME_MIN;
    HELP_OK(engine_jobs_advance(j, ENGINE_JOB_UP, now, &help_why));
    HELP_OK(engine_jobs_interim(j, now, &help_why));
    assert_true(interim(st, "bucket") >= 6);
    HELP_OK(engine_jobs_advance(j, ENGINE_JOB_UP, engine_jobs_next(j, ENGINE_JOB_UP), &help_why));
    assert_int_equal(interim(st, NULL), 0);
    HELP_OK(store_state_commit(st, &help_why));
    engine_jobs_free(j);
    store_state_close(st);
    help_rmdir(dir);
}

static bool has_text(void *ctx, const struct store_result *r)
{
    struct buf *text = ctx;
    buf_add(text, r->doc, r->doc_len > 0 ? r->doc_len : strlen(r->doc));
    return false;
}

static double number_after(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    assert_non_null(at);
    return strtod(at + strlen(key), NULL);
}

/* What turns out to be routine loses score afterwards: in the column and in the document. */
static void test_rescored(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct told told = {0};
    help_install_job(st);
    struct engine_jobs *j = make(st, &told);
    HELP_OK(store_state_begin(st));
    for (unsigned m = 0; m < 400; m++) {
        minutes(j, m == HELP_SPIKE ? 1 : m, m == HELP_SPIKE ? 1 : m + 1, "network");
        unsigned extra = m >= HELP_SPIKE && m % 20 == 0 ? 100 + m : 0;
        for (unsigned i = 0; i < extra; i++) {
            struct arena arena;
            struct event e;
            arena_init(&arena, 0);
            help_event(&e, &arena, HELP_BASE + m * TIME_MIN + TIME_S, help_sequence(m) + i);
            HELP_OK(engine_jobs_event(j, &e));
            arena_release(&arena);
        }
        HELP_OK(
            engine_jobs_advance(j, ENGINE_JOB_UP, engine_jobs_last(j, ENGINE_JOB_UP), &help_why));
    }
    HELP_OK(store_state_commit(st, &help_why));
    const struct store_result_filter first = {.type = "record",
                                              .from = HELP_BASE + HELP_SPIKE * TIME_MIN,
                                              .to = HELP_BASE + HELP_SPIKE * TIME_MIN};
    struct buf text;
    buf_init(&text);
    HELP_OK(store_state_result_list(st, &first, has_text, &text, NULL));
    double initial = number_after(buf_text(&text), "\"initial_record_score\":");
    double now = number_after(buf_text(&text), "\"record_score\":");
    assert_true(initial > 0);
    assert_true(now < initial);
    struct store_result_filter by_score = first;
    by_score.min_score = (now + initial) / 2; /* the column says the same */
    uint64_t n = 1;
    HELP_OK(store_state_result_list(st, &by_score, has_text, &text, &n));
    assert_int_equal(n, 0);
    /* The bucket too, and its own influencer, inside its document and beside it. */
    struct store_result_filter bucket = first;
    bucket.type = "bucket";
    buf_clear(&text);
    HELP_OK(store_state_result_list(st, &bucket, has_text, &text, NULL));
    initial = number_after(buf_text(&text), "\"initial_anomaly_score\":");
    now = number_after(buf_text(&text), "\"anomaly_score\":");
    const char *own = strstr(buf_text(&text), "\"influencer_field_name\":\"bucket_time\"");
    assert_non_null(own);
    assert_true(now < initial);
    assert_true(number_after(own, "\"anomaly_score\":") == now);
    assert_true(number_after(own, "\"initial_anomaly_score\":") == initial);
    bucket.type = "bucket_influencer";
    buf_clear(&text);
    HELP_OK(store_state_result_list(st, &bucket, has_text, &text, NULL));
    own = strstr(buf_text(&text), "\"influencer_field_name\":\"bucket_time\"");
    assert_non_null(own);
    assert_true(number_after(own, "\"anomaly_score\":") == now);
    buf_release(&text);
    engine_jobs_free(j);
    store_state_close(st);
    help_rmdir(dir);
}

/* A job that cannot start says why in state.db; the others run. */
static void test_broken(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct told told = {0};
    struct arena arena;
    struct store_job row;
    arena_init(&arena, 0);
    help_install_job(st);
    const struct store_job bad = {.id = "bad",
                                  .config = "{\"job_id\": \"bad\"}",
                                  .state = "closed",
                                  .datafeed_state = "started",
                                  .start = TIME_NONE,
                                  .end = TIME_NONE,
                                  .position = TIME_NONE};
    HELP_OK(store_state_job_put(st, &bad));
    struct engine_jobs *j = make(st, &told);
    assert_int_equal(engine_jobs_count(j), 1);
    HELP_OK(store_state_job_get(st, "bad", &arena, &row));
    assert_string_equal(row.state, "failed");
    assert_string_equal(row.datafeed_state, "stopped");
    assert_non_null(strstr(row.message, "analysis_config"));
    HELP_OK(store_state_job_get(st, "tiny", &arena, &row));
    assert_string_equal(row.state, "opened");
    struct rule_job described;
    engine_jobs_describe(j, "tiny", &described);
    assert_true(described.installed);
    assert_string_equal(described.job_state, "opened");
    assert_non_null(strstr(described.query, "event.category"));
    assert_string_equal(described.indices, "[\"logs-*\"]");
    engine_jobs_describe(j, "bad", &described);
    assert_true(described.installed);
    assert_string_equal(described.job_state, "failed");
    assert_non_null(described.reason);
    engine_jobs_describe(j, "none", &described);
    assert_false(described.installed);
    /* A snapshot that is damaged fails its job likewise. */
    engine_jobs_free(j);
    const struct store_snapshot snapshot = {
        .job_id = "tiny", .id = "s", .doc = "{}", .time = HELP_BASE, .position = HELP_BASE};
    HELP_OK(store_state_snapshot_put(st, &snapshot, "\xff\xff\xff\xff\x01", 5));
    j = make(st, &told);
    assert_int_equal(engine_jobs_count(j), 0);
    HELP_OK(store_state_job_get(st, "tiny", &arena, &row));
    assert_string_equal(row.state, "failed");
    assert_non_null(strstr(row.message, "tiny"));
    engine_jobs_free(j);
    arena_release(&arena);
    store_state_close(st);
    help_rmdir(dir);
}

/* Stopped and deleted jobs are dropped at the next load; a stop saves what was learned. */
static void test_stop(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct told told = {0};
    struct arena arena;
    struct store_job row;
    struct store_snapshot snapshot;
    arena_init(&arena, 0);
    help_install_job(st);
    struct engine_jobs *j = make(st, &told);
    minutes(j, 0, 3, "network");
    HELP_OK(
        engine_jobs_advance(j, ENGINE_JOB_UP, HELP_BASE + 2 * TIME_MIN + HELP_DELAY, &help_why));
    HELP_OK(engine_jobs_stop(j, "none", true, &help_why));
    HELP_OK(engine_jobs_stop(j, "tiny", true, &help_why));
    assert_int_equal(engine_jobs_count(j), 0);
    HELP_OK(store_state_snapshot_get(st, "tiny", NULL, &arena, &snapshot, NULL));
    assert_int_equal(snapshot.position, HELP_BASE + 2 * TIME_MIN);
    HELP_OK(store_state_job_get(st, "tiny", &arena, &row));
    assert_int_equal(row.position, HELP_BASE + 2 * TIME_MIN);
    assert_non_null(strstr(row.counts, "\"bucket_count\":2"));
    HELP_OK(engine_jobs_load(j, HELP_BASE, &help_why));
    assert_int_equal(engine_jobs_count(j), 1);
    /* It asks for what came after its snapshot only. */
    assert_true(engine_jobs_wanted(j) > HELP_BASE - TIME_MIN);
    HELP_OK(engine_jobs_caught_up(j, HELP_BASE, &help_why));
    assert_int_equal(engine_jobs_wanted(j), TIME_MAX);
    HELP_OK(store_state_job_set_state(st, "tiny", "closed", "stopped", ""));
    HELP_OK(engine_jobs_load(j, HELP_BASE, &help_why));
    assert_int_equal(engine_jobs_count(j), 0);
    engine_jobs_free(j);
    arena_release(&arena);
    store_state_close(st);
    help_rmdir(dir);
}

static void give(struct engine_jobs *j, ts_ns time, uint64_t sequence, bool stored)
{
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    help_event(&e, &arena, time, sequence);
    if (stored)
        HELP_OK(engine_jobs_backfill(j, &e));
    else
        HELP_OK(engine_jobs_event(j, &e));
    arena_release(&arena);
}

static uint64_t taken(const struct engine_jobs *j)
{
    struct engine_jobs_totals t;
    engine_jobs_totals(j, &t);
    return t.taken;
}

/* A job that is behind gets each event once: from the store what lies before it, from the tap what
 * comes late. */
static void test_behind(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    const struct engine_jobs_options options = {.state = st, .query_delay = HELP_DELAY};
    struct engine_jobs *j = engine_jobs_new(&options);
    help_install_job(st);
    HELP_OK(engine_jobs_load(j, HELP_BASE + TIME_DAY, &help_why));
    give(j, HELP_BASE, 10, false); /* it waits: the pass will come by */
    assert_int_equal(taken(j), 0);
    assert_int_equal(engine_jobs_wanted(j), HELP_BASE - 13 * TIME_DAY);
    give(j, HELP_BASE + 1, 9, true);
    give(j, HELP_BASE + 2, 3, true); /* arrived before the other */
    give(j, HELP_BASE + 2, 4, true);
    assert_int_equal(taken(j), 3);
    give(j, HELP_BASE + 2, 4, true); /* the next slice begins with what the last ended with */
    assert_int_equal(taken(j), 3);
    give(j, HELP_BASE + 5, 11, false); /* stored, and before it */
    assert_int_equal(taken(j), 3);
    give(j, HELP_BASE + 2, 2, false); /* late: the pass is beyond it */
    assert_int_equal(taken(j), 4);
    engine_jobs_reached(j, HELP_BASE + 5);
    assert_int_equal(engine_jobs_wanted(j), HELP_BASE + 4);
    give(j, HELP_BASE + 4, 12, false);
    give(j, HELP_BASE + 4, 13, true);
    assert_int_equal(taken(j), 5);
    /* The clock of the others does not touch it. */
    assert_int_equal(engine_jobs_next(j, ENGINE_JOB_UP), TIME_MAX);
    ts_ns due = engine_jobs_next(j, ENGINE_JOB_BEHIND);
    assert_int_equal(due, HELP_BASE + TIME_MIN + HELP_DELAY);
    HELP_OK(engine_jobs_advance(j, ENGINE_JOB_UP, HELP_BASE + TIME_DAY, &help_why));
    HELP_OK(engine_jobs_interim(j, HELP_BASE + TIME_DAY, &help_why));
    assert_int_equal(engine_jobs_next(j, ENGINE_JOB_BEHIND), due);
    assert_int_equal(help_count_results(st, NULL), 0);
    HELP_OK(engine_jobs_caught_up(j, HELP_BASE, &help_why));
    assert_int_equal(engine_jobs_next(j, ENGINE_JOB_UP), due);
    assert_int_equal(engine_jobs_wanted(j), TIME_MAX);
    give(j, HELP_BASE + 6, 14, false);
    assert_int_equal(taken(j), 6);
    engine_jobs_free(j);
    store_state_close(st);
    help_rmdir(dir);
}

static bool last_id(void *ctx, const struct store_snapshot *s)
{
    snprintf(ctx, 64, "%s", s->id);
    return true; /* newest first: the oldest stays */
}

/* Back to the first of two snapshots: later results are gone, and so is the job until it is loaded
 * again; what cannot be done changes nothing. */
static void test_revert(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct told told = {0};
    struct arena arena;
    struct store_snapshot snapshot;
    struct buf stats;
    ts_ns open;
    char first[64];
    arena_init(&arena, 0);
    buf_init(&stats);
    help_install_job(st);
    struct engine_jobs *j = make(st, &told);
    for (unsigned half = 0; half < 2; half++) {
        /* Apart, so that one does not take the other's place. */
        unsigned from = half * 200;
        minutes(j, from, from + 3, "network");
        ts_ns now = HELP_BASE + (from + 2) * TIME_MIN + HELP_DELAY;
        HELP_OK(engine_jobs_advance(j, ENGINE_JOB_UP, now, &help_why));
        HELP_OK(engine_jobs_save(j, now, &help_why));
    }
    HELP_OK(store_state_snapshot_list(st, "tiny", last_id, first));
    assert_true(help_count_results(st, "bucket") > 100);
    assert_int_equal(help_count_results(st, "model_size_stats"), 1); /* at the third hour */
    assert_int_equal(engine_jobs_revert(j, "nobody", first, true, &help_why), ERR_NOT_FOUND);
    assert_int_equal(engine_jobs_revert(j, "tiny", "none", true, &help_why), ERR_NOT_FOUND);
    assert_int_equal(engine_jobs_count(j), 1);
    HELP_OK(engine_jobs_stats(j, "tiny", &stats, &open, &help_why));
    assert_int_equal(open, 202 * TIME_MIN + HELP_DELAY);
    HELP_OK(engine_jobs_revert(j, "tiny", first, true, &help_why));
    assert_int_equal(engine_jobs_count(j), 0);
    assert_int_equal(help_count_results(st, "bucket"), 2);
    HELP_OK(store_state_snapshot_get(st, "tiny", NULL, &arena, &snapshot, NULL));
    assert_string_equal(snapshot.id, first);
    buf_clear(&stats);
    HELP_OK(engine_jobs_stats(j, "tiny", &stats, &open, &help_why));
    assert_int_equal(open, TIME_NONE);
    assert_non_null(strstr(buf_text(&stats), "\"bucket_count\":2,"));
    assert_int_equal(engine_jobs_stats(j, "nobody", &stats, &open, &help_why), ERR_NOT_FOUND);
    HELP_OK(engine_jobs_load(j, HELP_BASE, &help_why));
    help_catch_up(j);
    minutes(j, 3, 4, "network");
    HELP_OK(
        engine_jobs_advance(j, ENGINE_JOB_UP, HELP_BASE + 4 * TIME_MIN + HELP_DELAY, &help_why));
    assert_int_equal(help_count_results(st, "bucket"), 4);
    HELP_OK(store_state_snapshot_update(st, "tiny", first, "{}", true));
    HELP_OK(engine_jobs_revert(j, "tiny", STORE_SNAPSHOT_EMPTY, false, &help_why));
    assert_int_equal(help_count_results(st, "bucket"), 4);
    HELP_OK(engine_jobs_revert(j, "tiny", STORE_SNAPSHOT_EMPTY, true, &help_why));
    assert_int_equal(help_count_results(st, "bucket"), 0);
    buf_clear(&stats);
    HELP_OK(engine_jobs_stats(j, "tiny", &stats, &open, &help_why));
    assert_non_null(strstr(buf_text(&stats), "\"bucket_count\":0,"));
    /* It starts with nothing, though a snapshot is there still, which can be gone back to. */
    HELP_OK(engine_jobs_load(j, HELP_BASE, &help_why));
    help_catch_up(j);
    minutes(j, 0, 1, "network");
    HELP_OK(engine_jobs_advance(j, ENGINE_JOB_UP, HELP_BASE + TIME_MIN + HELP_DELAY, &help_why));
    assert_int_equal(help_count_results(st, "bucket"), 1);
    HELP_OK(engine_jobs_revert(j, "tiny", first, true, &help_why));
    HELP_OK(store_state_snapshot_get(st, "tiny", NULL, &arena, &snapshot, NULL));
    assert_string_equal(snapshot.id, first);
    engine_jobs_free(j);
    buf_release(&stats);
    arena_release(&arena);
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buckets),         cmocka_unit_test(test_interim),
        cmocka_unit_test(test_interim_latency), cmocka_unit_test(test_rescored),
        cmocka_unit_test(test_broken),          cmocka_unit_test(test_stop),
        cmocka_unit_test(test_behind),          cmocka_unit_test(test_revert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
