/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "preview/rule.h"

static unsigned remarks;

static void on_remark(void *ctx, ts_ns at, const char *kind, const char *message)
{
    (void)ctx;
    assert_true(at > HELP_BASE);
    assert_string_equal(kind, "warning");
    assert_non_null(strstr(message, "more than 2 alerts"));
    remarks++;
}

static struct rule *read_rule(const char *more)
{
    char text[512];
    snprintf(text, sizeof(text),
             "{\"rule_id\":\"r\",\"name\":\"n\",\"description\":\"d\",\"type\":\"query\",\"query\":"
             "\"source.ip: 10.0.0.3\",\"interval\":\"1m\",\"from\":\"now-2m\",\"risk_score\":1,"
             "\"severity\":\"low\"%s}\n",
             more);
    struct rule_set *set = help_rules(text);
    struct rule *r = rule_ref(rule_set_at(set, 0));
    rule_set_free(set);
    return r;
}

static size_t preview(struct store_state *st, struct store *store, struct rule *r)
{
    struct preview_rule *p = NULL;
    HELP_OK(preview_rule_new(st, store, r, HELP_BASE, on_remark, NULL, &p, &help_why));
    for (unsigned m = 1; m <= 10; m++)
        HELP_OK(preview_rule_advance(p, HELP_BASE + m * TIME_MIN, &help_why));
    size_t n = preview_rule_count(p);
    for (size_t i = 0; i < n; i++)
        assert_non_null(
            memmem(preview_rule_alert(p, i).p, preview_rule_alert(p, i).n, "10.0.0.3", 8));
    preview_rule_free(p);
    return n;
}

static void test_preview(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct store *store = help_store(dir);
    size_t wanted = 0;
    for (unsigned i = 0; i < 300; i++) {
        struct arena arena;
        struct event e;
        arena_init(&arena, 0);
        help_event(&e, &arena, HELP_BASE + i * TIME_S, i);
        wanted += i % 7 == 2;
        HELP_OK(store_append(store, &e));
        arena_release(&arena);
    }
    HELP_OK(store_commit(store, &help_why));
    struct rule *r = read_rule("");
    assert_int_equal(preview(st, store, r), wanted);
    assert_int_equal(remarks, 0);
    assert_int_equal(help_count_alerts(st, NULL), 0); /* nothing is written */
    rule_unref(r);
    r = read_rule(",\"max_signals\":2");
    assert_true(preview(st, store, r) < wanted);
    assert_true(remarks > 0);
    rule_unref(r);
    r = read_rule(",\"alert_suppression\":{\"group_by\":[\"source.ip\"],\"duration\":{\"value\":1,"
                  "\"unit\":\"h\"}}");
    assert_int_equal(preview(st, store, r), 1);
    rule_unref(r);
    store_close(store);
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_preview),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
