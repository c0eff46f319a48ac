/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "store/state.h"

static struct store_state *open_state(const char *dir)
{
    struct err_text why;
    struct store_state *st;
    assert_int_equal(store_state_open(dir, &st, &why), ERR_NONE);
    return st;
}

static bool rule_seen(void *ctx, const struct store_rule *r)
{
    buf_format(ctx, "%s %d %s;", r->id, r->enabled, r->status != NULL ? r->status : "-");
    return true;
}

static bool run_seen(void *ctx, const struct store_run *r)
{
    buf_format(ctx, "%lld %s %llu;", (long long)r->time, r->status, (unsigned long long)r->alerts);
    return true;
}

static bool run_counted(void *ctx, const struct store_run *r)
{
    (void)r;
    ++*(int *)ctx;
    return true;
}

static bool alert_seen(void *ctx, const struct store_alert *a)
{
    buf_format(ctx, "%s %s;", a->id, a->workflow_status);
    return true;
}

static void test_rules(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    struct arena arena;
    struct buf b;
    struct store_rule found;
    arena_init(&arena, 0);
    buf_init(&b);
    struct store_rule rule = {
        .id = "rule-1", .doc = "{\"v\":1}", .enabled = true, .created = 1, .updated = 1};
    assert_int_equal(store_state_rule_put(st, &rule), ERR_NONE);
    struct store_run run = {.rule_id = "rule-1", .time = 60, .status = "succeeded", .alerts = 2};
    assert_int_equal(store_state_run_put(st, &run), ERR_NONE);
    run.time = 120;
    run.status = "failed";
    run.message = "no job";
    assert_int_equal(store_state_run_put(st, &run), ERR_NONE);
    assert_int_equal(store_state_run_put(st, &run), ERR_NONE); /* the same run once more */
    assert_int_equal(store_state_run_list(st, "rule-1", 0, run_seen, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "120 failed 2;60 succeeded 2;");
    assert_int_equal(store_state_rule_set_memory(st, "rule-1", "{\"k\":1}"), ERR_NONE);
    /* A new text for the rule leaves what its runs said. */
    rule.doc = "{\"v\":2}";
    rule.updated = 2;
    assert_int_equal(store_state_rule_put(st, &rule), ERR_NONE);
    assert_int_equal(store_state_rule_get(st, "rule-1", &arena, &found), ERR_NONE);
    assert_string_equal(found.doc, "{\"v\":2}");
    assert_string_equal(found.status, "failed");
    assert_string_equal(found.message, "no job");
    assert_string_equal(found.memory, "{\"k\":1}");
    assert_int_equal(found.last_run, 120);
    assert_int_equal(found.created, 1);
    assert_int_equal(store_state_rule_set_status(st, "rule-1", "partial failure", "broken"),
                     ERR_NONE);
    assert_int_equal(store_state_rule_set_status(st, "none", "failed", ""), ERR_NOT_FOUND);
    assert_int_equal(store_state_rule_get(st, "rule-1", &arena, &found), ERR_NONE);
    assert_string_equal(found.status, "partial failure");
    assert_string_equal(found.message, "broken");
    assert_int_equal(found.last_run, 120);
    assert_int_equal(store_state_rule_enable(st, "rule-1", false, 9), ERR_NONE);
    assert_int_equal(store_state_rule_enable(st, "nobody", false, 9), ERR_NOT_FOUND);
    rule.id = "another";
    rule.enabled = true;
    assert_int_equal(store_state_rule_put(st, &rule), ERR_NONE);
    buf_clear(&b);
    assert_int_equal(store_state_rule_list(st, rule_seen, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "another 1 -;rule-1 0 partial failure;");
    assert_int_equal(store_state_rule_get(st, "another", &arena, &found), ERR_NONE);
    assert_int_equal(found.last_run, TIME_NONE);
    assert_int_equal(store_state_rule_delete(st, "rule-1"), ERR_NONE);
    assert_int_equal(store_state_rule_delete(st, "rule-1"), ERR_NOT_FOUND);
    int n = 0;
    assert_int_equal(store_state_run_list(st, "rule-1", 0, run_counted, &n), ERR_NONE);
    assert_int_equal(n, 0);
    arena_release(&arena);
    buf_release(&b);
    store_state_close(st);
    help_rmdir(dir);
}

static void test_runs_are_trimmed(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    int n = 0;
    assert_int_equal(store_state_begin(st), ERR_NONE);
    for (ts_ns t = 1; t <= 1005; t++) {
        struct store_run run = {.rule_id = "r", .time = t, .status = "succeeded"};
        assert_int_equal(store_state_run_put(st, &run), ERR_NONE);
    }
    assert_int_equal(store_state_commit(st, NULL), ERR_NONE);
    assert_int_equal(store_state_run_list(st, "r", 0, run_counted, &n), ERR_NONE);
    assert_int_equal(n, 1000);
    n = 0;
    assert_int_equal(store_state_run_list(st, "r", 7, run_counted, &n), ERR_NONE);
    assert_int_equal(n, 7);
    store_state_close(st);
    help_rmdir(dir);
}

static bool run_told(void *ctx, const struct store_run *run)
{
    buf_format(ctx, "%lld;", (long long)run->time);
    return true;
}

static bool last_told(void *ctx, const struct store_rule *rule)
{
    buf_format(ctx, "%s %lld;", rule->id, (long long)rule->last_run);
    return true;
}

/* What a wrong clock dated later does not stand above what comes now. */
static void test_runs_are_forgotten(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    struct buf b;
    buf_init(&b);
    for (int i = 0; i < 2; i++) {
        const struct store_rule rule = {.id = i == 0 ? "a" : "b", .doc = "{}", .enabled = true};
        assert_int_equal(store_state_rule_put(st, &rule), ERR_NONE);
        for (ts_ns t = 10; t <= (i == 0 ? 30 : 20); t += 10) {
            const struct store_run run = {.rule_id = rule.id, .time = t, .status = "succeeded"};
            assert_int_equal(store_state_run_put(st, &run), ERR_NONE);
        }
    }
    assert_int_equal(store_state_run_forget(st, 20), ERR_NONE);
    assert_int_equal(store_state_run_list(st, "a", 0, run_told, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "20;10;");
    buf_clear(&b);
    assert_int_equal(store_state_run_forget(st, 15), ERR_NONE);
    assert_int_equal(store_state_run_list(st, "b", 0, run_told, &b), ERR_NONE);
    assert_int_equal(store_state_rule_list(st, last_told, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "10;a 15;b 15;");
    buf_release(&b);
    store_state_close(st);
    help_rmdir(dir);
}

static void test_alerts(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    struct arena arena;
    struct buf b;
    struct store_alert found;
    bool is_new = false;
    uint64_t total = 0;
    arena_init(&arena, 0);
    buf_init(&b);
    struct store_alert a = {.id = "x1",
                            .rule_id = "r1",
                            .doc = "{\"first\":true}",
                            .group = "g",
                            .risk_score = 47,
                            .time = 100,
                            .start = 90};
    assert_int_equal(store_state_alert_create(st, &a, &is_new), ERR_NONE);
    assert_true(is_new);
    a.doc = "{\"second\":true}";
    assert_int_equal(store_state_alert_create(st, &a, &is_new), ERR_NONE);
    assert_false(is_new);
    assert_int_equal(store_state_alert_get(st, "x1", &arena, &found), ERR_NONE);
    assert_string_equal(found.doc, "{\"first\":true}"); /* an alert is written once */
    assert_string_equal(found.workflow_status, "open");
    assert_int_equal(found.start, 90);
    a.id = "x2";
    a.time = 200;
    a.group = NULL;
    assert_int_equal(store_state_alert_create(st, &a, NULL), ERR_NONE);
    a.id = "x3";
    a.rule_id = "r2";
    a.time = 300;
    assert_int_equal(store_state_alert_create(st, &a, NULL), ERR_NONE);
    assert_int_equal(store_state_alert_set_status(st, "x2", "closed"), ERR_NONE);
    assert_int_equal(store_state_alert_set_status(st, "no", "closed"), ERR_NOT_FOUND);
    struct store_alert_filter f = {.from = 0, .to = 300, .newest_first = true, .limit = 2};
    assert_int_equal(store_state_alert_list(st, &f, alert_seen, &b, &total), ERR_NONE);
    assert_string_equal(buf_text(&b), "x3 open;x2 closed;");
    assert_int_equal(total, 3);
    buf_clear(&b);
    f = (struct store_alert_filter){.rule_id = "r1", .from = 0, .to = 300, .not_closed = true};
    assert_int_equal(store_state_alert_list(st, &f, alert_seen, &b, NULL), ERR_NONE);
    assert_string_equal(buf_text(&b), "x1 open;");
    buf_clear(&b);
    f = (struct store_alert_filter){.workflow_status = "closed", .from = 0, .to = 300};
    assert_int_equal(store_state_alert_list(st, &f, alert_seen, &b, NULL), ERR_NONE);
    assert_string_equal(buf_text(&b), "x2 closed;");
    buf_clear(&b);
    f = (struct store_alert_filter){.group = "g", .from = 0, .to = 89};
    assert_int_equal(store_state_alert_list(st, &f, alert_seen, &b, NULL), ERR_NONE);
    assert_string_equal(buf_text(&b), "");
    f.to = 90; /* of a group the start counts */
    assert_int_equal(store_state_alert_list(st, &f, alert_seen, &b, NULL), ERR_NONE);
    assert_string_equal(buf_text(&b), "x1 open;");
    assert_int_equal(store_state_alert_replace(st, "x1", "{\"third\":true}"), ERR_NONE);
    assert_int_equal(store_state_alert_get(st, "x1", &arena, &found), ERR_NONE);
    assert_string_equal(found.doc, "{\"third\":true}");
    assert_int_equal(store_state_alert_get(st, "no", &arena, &found), ERR_NOT_FOUND);
    arena_release(&arena);
    buf_release(&b);
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_runs_are_trimmed),
        cmocka_unit_test(test_runs_are_forgotten),
        cmocka_unit_test(test_alerts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
