/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "engine/jobs.h"
#include "engine/rules.h"

#define NOW (HELP_BASE + 10 * TIME_MIN)

struct world {
    char *dir;
    struct store_state *st;
    struct engine_jobs *jobs;
    struct engine_rules *rules;
    struct help_alerts alerts;
};

static void begin(struct world *w)
{
    *w = (struct world){.dir = help_mkdir()};
    w->st = help_state(w->dir);
    help_install(w->st);
    const struct engine_jobs_options options = {.state = w->st};
    w->jobs = engine_jobs_new(&options);
    w->rules = engine_rules_new(w->st, w->jobs, false);
    assert_non_null(w->rules);
    HELP_OK(engine_jobs_load(w->jobs, HELP_BASE, &help_why));
    help_catch_up(w->jobs);
    HELP_OK(engine_rules_load(w->rules, HELP_BASE, &help_why));
    assert_int_equal(engine_rules_count(w->rules), 1);
}

static void end(struct world *w)
{
    engine_rules_free(w->rules);
    engine_jobs_free(w->jobs);
    store_state_close(w->st);
    help_rmdir(w->dir);
}

static void put_record(struct world *w, const char *id, ts_ns time, double score)
{
    char doc[512];
    snprintf(doc, sizeof(doc),
             "{\"job_id\":\"tiny\",\"result_type\":\"record\",\"timestamp\":%lld,"
             "\"bucket_span\":60,\"record_score\":%.17g,\"initial_record_score\":%.17g,"
             "\"probability\":1e-9,\"function\":\"high_count\",\"actual\":[900],\"typical\":[20],"
             "\"is_interim\":false,\"detector_index\":0}",
             (long long)(time / TIME_MS), score, score);
    const struct store_result r = {
        .job_id = "tiny", .type = "record", .id = id, .doc = doc, .time = time, .score = score};
    HELP_OK(store_state_result_put(w->st, &r));
}

/* An alert is told of once its transaction is committed, once, and in order. */
static void test_after_commit(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    HELP_OK(store_state_begin(w.st));
    put_record(&w, "tiny_record_1", NOW - TIME_MIN, 90);
    put_record(&w, "tiny_record_2", NOW - TIME_MIN, 39.9); /* below the threshold */
    engine_rules_result(w.rules, "tiny", NOW);
    assert_int_equal(engine_rules_next(w.rules) <= NOW, 1);
    HELP_OK(engine_rules_advance(w.rules, NOW, &help_why));
    assert_int_equal(w.alerts.n, 0);
    HELP_OK(store_state_commit(w.st, &help_why));
    assert_int_equal(engine_rules_announce(w.rules, help_on_alert, &w.alerts), 1);
    assert_int_equal(w.alerts.n, 1);
    assert_int_equal(engine_rules_announce(w.rules, help_on_alert, &w.alerts), 0);
    assert_int_equal(help_count_alerts(w.st, NULL), 1);
    /* Found again, it is the same alert: nobody is told. */
    engine_rules_result(w.rules, "tiny", NOW + TIME_S);
    HELP_OK(engine_rules_advance(w.rules, NOW + TIME_S, &help_why));
    assert_int_equal(engine_rules_announce(w.rules, help_on_alert, &w.alerts), 0);
    assert_int_equal(help_count_alerts(w.st, NULL), 1);
    end(&w);
}

/* What is taken back is not told of; it is found again at the next run. */
static void test_failed_commit(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    put_record(&w, "tiny_record_1", NOW - TIME_MIN, 90);
    HELP_OK(store_state_begin(w.st));
    HELP_OK(store_state_begin(w.st));
    store_state_rollback(w.st); /* makes the outer commit fail */
    engine_rules_result(w.rules, "tiny", NOW);
    (void)!engine_rules_advance(w.rules, NOW, &help_why);
    assert_int_not_equal(store_state_commit(w.st, &help_why), ERR_NONE);
    engine_rules_announce(w.rules, NULL, NULL);
    assert_int_equal(help_count_alerts(w.st, NULL), 0);
    assert_int_equal(engine_rules_announce(w.rules, help_on_alert, &w.alerts), 0);
    HELP_OK(engine_rules_finish(w.rules, NOW + TIME_MIN, &help_why));
    assert_int_equal(engine_rules_announce(w.rules, help_on_alert, &w.alerts), 1);
    assert_int_equal(w.alerts.n, 1);
    assert_int_equal(help_count_alerts(w.st, NULL), 1);
    end(&w);
}

static bool keep_status(void *ctx, const struct store_rule *row)
{
    snprintf(ctx, 64, "%s", row->status != NULL ? row->status : "");
    return true;
}

/* A rule that was written again runs as it is now; one that is off does not run. */
static void test_load(void **state)
{
    (void)state;
    struct world w;
    char status[64];
    begin(&w);
    put_record(&w, "tiny_record_1", NOW - TIME_MIN, 90);
    struct buf changed;
    buf_init(&changed);
    const char *at = strstr(help_rule, "\"anomaly_threshold\": 40");
    buf_add(&changed, help_rule, (size_t)(at - help_rule));
    buf_format(&changed, "\"anomaly_threshold\": 95%s", at + strlen("\"anomaly_threshold\": 40"));
    help_install_rule(w.st, buf_text(&changed), HELP_BASE + 1);
    HELP_OK(engine_rules_load(w.rules, NOW, &help_why));
    assert_int_equal(engine_rules_count(w.rules), 1);
    engine_rules_result(w.rules, "tiny", NOW);
    HELP_OK(engine_rules_advance(w.rules, NOW, &help_why));
    assert_int_equal(engine_rules_announce(w.rules, help_on_alert, &w.alerts), 0);
    HELP_OK(store_state_rule_list(w.st, keep_status, status));
    assert_string_equal(status, "succeeded");
    HELP_OK(engine_install_enable(w.st, HELP_RULE_ID, false, NOW, &help_why));
    HELP_OK(engine_rules_load(w.rules, NOW, &help_why));
    assert_int_equal(engine_rules_count(w.rules), 0);
    assert_int_equal(engine_rules_next(w.rules), TIME_MAX);
    buf_release(&changed);
    end(&w);
}

static bool count_run(void *ctx, const struct store_run *run)
{
    assert_int_equal(run->time, NOW + TIME_S);
    assert_false(run->manual);
    ++*(unsigned *)ctx;
    return true;
}

/* A rule that is switched on runs at once, not when its interval comes round; one that was on when
 * the program came waits for that. */
static void test_at_once(void **state)
{
    (void)state;
    struct world w;
    unsigned runs = 0;
    begin(&w);
    assert_int_equal(engine_rules_next(w.rules), HELP_BASE);
    HELP_OK(engine_install_enable(w.st, HELP_RULE_ID, false, NOW, &help_why));
    HELP_OK(engine_rules_load(w.rules, NOW, &help_why));
    HELP_OK(engine_install_enable(w.st, HELP_RULE_ID, true, NOW, &help_why));
    HELP_OK(engine_rules_load(w.rules, NOW + TIME_S, &help_why));
    assert_int_equal(engine_rules_next(w.rules), NOW + TIME_S);
    HELP_OK(engine_rules_advance(w.rules, NOW + TIME_S, &help_why));
    HELP_OK(store_state_run_list(w.st, HELP_RULE_ID, 0, count_run, &runs));
    assert_int_equal(runs, 1);
    assert_int_equal(engine_rules_next(w.rules), NOW + TIME_MIN);
    engine_rules_free(w.rules);
    w.rules = engine_rules_new(w.st, w.jobs, false);
    HELP_OK(engine_rules_load(w.rules, NOW + 2 * TIME_S, &help_why));
    assert_int_equal(engine_rules_next(w.rules), NOW + TIME_MIN);
    end(&w);
}

static bool see_made_up(void *ctx, const struct store_run *run)
{
    if (run->manual) {
        assert_int_equal(run->time, NOW);
        assert_int_equal(run->from, NOW - TIME_MIN);
        assert_int_equal(run->to, NOW);
        assert_int_equal(run->alerts, 1);
        ++*(unsigned *)ctx;
    }
    return true;
}

/* A job that reads the past: the alert is dated by the clock, and its run stands in the history. */
static void test_made_up(void **state)
{
    (void)state;
    struct world w;
    unsigned runs = 0;
    ts_ns at;
    begin(&w);
    HELP_OK(engine_rules_advance(w.rules, NOW + TIME_HOUR, &help_why));
    engine_rules_set_clock(w.rules, NOW + TIME_HOUR);
    put_record(&w, "tiny_record_1", NOW - TIME_MIN, 90);
    engine_rules_result(w.rules, "tiny", NOW);
    HELP_OK(engine_rules_advance(w.rules, NOW, &help_why));
    assert_int_equal(engine_rules_announce(w.rules, help_on_alert, &w.alerts), 1);
    assert_int_equal(help_count_alerts(w.st, &at), 1);
    assert_int_equal(at, NOW + TIME_HOUR);
    HELP_OK(store_state_run_list(w.st, HELP_RULE_ID, 0, see_made_up, &runs));
    assert_int_equal(runs, 1);
    end(&w);
}

static void put_rule(struct world *w, const char *id, const char *doc, ts_ns updated)
{
    const struct store_rule row = {
        .id = id, .doc = doc, .enabled = true, .updated = updated, .last_run = TIME_NONE};
    HELP_OK(store_state_rule_put(w->st, &row));
}

static void expect_status(struct world *w, const char *id, const char *status, const char *words)
{
    struct arena arena;
    struct store_rule row;
    arena_init(&arena, 0);
    HELP_OK(store_state_rule_get(w->st, id, &arena, &row));
    assert_string_equal(row.status, status);
    if (strstr(row.message, words) == NULL)
        fail_msg("%s: '%s' does not say '%s'", id, row.message, words);
    arena_release(&arena);
}

/* Rules that cannot be read are left out and say why; the others run. */
static void test_broken(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    put_record(&w, "tiny_record_1", NOW - TIME_MIN, 90);
    put_rule(&w, "1-cut", "{\"name\": ", 1);
    put_rule(&w, "9-no-rule", "{\"name\": \"N\"}", 1);
    HELP_OK(engine_rules_load(w.rules, NOW, &help_why));
    assert_int_equal(engine_rules_count(w.rules), 1);
    expect_status(&w, "1-cut", "failed", "cannot be read and does not run: ");
    expect_status(&w, "9-no-rule", "failed", "cannot be read and does not run: ");
    HELP_OK(engine_rules_finish(w.rules, NOW, &help_why));
    assert_int_equal(engine_rules_announce(w.rules, help_on_alert, &w.alerts), 1);
    expect_status(&w, HELP_RULE_ID, "succeeded", "");
    /* What was told is not told again before the rule is written again. */
    HELP_OK(store_state_rule_set_status(w.st, "1-cut", "succeeded", "mark"));
    HELP_OK(engine_rules_load(w.rules, NOW, &help_why));
    expect_status(&w, "1-cut", "succeeded", "mark");
    /* One that runs and is written again in pieces stops; whole again it runs again. */
    put_rule(&w, HELP_RULE_ID, "[]", HELP_BASE + 1);
    HELP_OK(engine_rules_load(w.rules, NOW, &help_why));
    assert_int_equal(engine_rules_count(w.rules), 0);
    expect_status(&w, HELP_RULE_ID, "failed", "cannot be read and does not run: ");
    help_install_rule(w.st, help_rule, HELP_BASE + 2);
    HELP_OK(engine_rules_load(w.rules, NOW, &help_why));
    assert_int_equal(engine_rules_count(w.rules), 1);
    end(&w);
}

/* A job that is not there is the rule's status, with the job's name. */
static void test_status(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    HELP_OK(engine_jobs_stop(w.jobs, "tiny", false, &help_why));
    HELP_OK(store_state_job_delete(w.st, "tiny"));
    HELP_OK(engine_rules_finish(w.rules, NOW, &help_why));
    struct arena arena;
    struct store_rule row;
    arena_init(&arena, 0);
    HELP_OK(store_state_rule_get(w.st, HELP_RULE_ID, &arena, &row));
    assert_string_equal(row.status, "partial failure");
    assert_non_null(strstr(row.message, "tiny"));
    assert_int_equal(row.last_run, NOW);
    arena_release(&arena);
    end(&w);
}

static void take_doc(const char *doc, struct buf *out)
{
    buf_str(out, doc);
    buf_char(out, '\n');
}

static bool add_doc(void *ctx, const struct store_alert *a)
{
    take_doc(a->doc, ctx);
    return true;
}

/* Rules may search alerts and records; not their own alerts. */
static void test_documents(void **state)
{
    (void)state;
    struct world w;
    struct buf all;
    begin(&w);
    struct store *store = help_store(w.dir);
    engine_rules_set_store(w.rules, store, NULL, NULL);
    help_install_rule(
        w.st,
        "{\"rule_id\":\"over-alerts\",\"name\":\"Again\",\"description\":\"d\",\"type\":"
        "\"query\",\"index\":[\".alerts-security.alerts-*\"],\"query\":"
        "\"kibana.alert.severity: low\",\"interval\":\"1m\",\"from\":\"now-5m\","
        "\"risk_score\":1,\"severity\":\"low\"}\n"
        "{\"rule_id\":\"over-records\",\"name\":\"Records\",\"description\":\"d\",\"type\":"
        "\"threshold\",\"index\":[\".ml-anomalies-*\"],\"query\":\"record_score >= 20\","
        "\"threshold\":{\"field\":[\"job_id\"],\"value\":2},\"interval\":\"1m\",\"from\":"
        "\"now-5m\",\"risk_score\":1,\"severity\":\"high\"}\n"
        "{\"rule_id\":\"over-all\",\"name\":\"All\",\"description\":\"d\",\"type\":"
        "\"query\",\"index\":[\"*\"],\"query\":\"*\",\"interval\":\"1m\",\"from\":"
        "\"now-5m\",\"risk_score\":1,\"severity\":\"low\"}\n",
        HELP_BASE + 1);
    HELP_OK(engine_rules_load(w.rules, NOW - TIME_MIN, &help_why));
    assert_int_equal(engine_rules_count(w.rules), 4);
    put_record(&w, "tiny_record_1", NOW - TIME_MIN, 90);
    put_record(&w, "tiny_record_2", NOW - TIME_MIN, 30);
    engine_rules_result(w.rules, "tiny", NOW);
    for (unsigned m = 0; m < 4; m++)
        HELP_OK(engine_rules_advance(w.rules, NOW + m * TIME_MIN, &help_why));
    engine_rules_announce(w.rules, help_on_alert, &w.alerts);
    /* One of the record, one of that alert, one of the two records. */
    assert_int_equal(help_count_alerts(w.st, NULL), 3);
    const struct store_alert_filter filter = {.from = TIME_NONE, .to = TIME_MAX};
    buf_init(&all);
    HELP_OK(store_state_alert_list(w.st, &filter, add_doc, &all, NULL));
    const char *again = strstr(buf_text(&all), "\"kibana.alert.rule.name\":\"Again\"");
    assert_non_null(again);
    assert_non_null(strstr(buf_text(&all), "\"kibana.alert.depth\":2"));
    assert_non_null(strstr(buf_text(&all), "\"type\":\"signal\""));
    assert_non_null(strstr(buf_text(&all), "{\"field\":\"job_id\",\"value\":\"tiny\"}"));
    assert_null(strstr(buf_text(&all), "weir.index"));
    buf_release(&all);
    store_close(store);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_after_commit), cmocka_unit_test(test_failed_commit),
        cmocka_unit_test(test_load),         cmocka_unit_test(test_broken),
        cmocka_unit_test(test_status),       cmocka_unit_test(test_documents),
        cmocka_unit_test(test_at_once),      cmocka_unit_test(test_made_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
