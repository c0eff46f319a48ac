/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "store/state.h"
#include "store/state_gap.h"

static bool see_gap(void *ctx, const struct store_gap *gap)
{
    buf_format(ctx, "%s %lld-%lld %s %s;", gap->rule_id, (long long)gap->from, (long long)gap->to,
               gap->status, gap->doc);
    return true;
}

static void test_gaps(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct store_state *st;
    struct buf b;
    buf_init(&b);
    assert_int_equal(store_state_open(dir, &st, &why), ERR_NONE);
    const struct store_rule rule = {.id = "r", .doc = "{}"};
    assert_int_equal(store_state_rule_put(st, &rule), ERR_NONE);
    struct store_gap gap = {"r", 10, 20, "unfilled", "A"};
    assert_int_equal(store_state_gap_put(st, &gap), ERR_NONE);
    gap = (struct store_gap){"r", 30, 40, "unfilled", "B"};
    assert_int_equal(store_state_gap_put(st, &gap), ERR_NONE);
    gap = (struct store_gap){"s", 10, 20, "unfilled", "C"};
    assert_int_equal(store_state_gap_put(st, &gap), ERR_NONE);
    gap = (struct store_gap){"r", 10, 20, "filled", "D"};
    assert_int_equal(store_state_gap_put(st, &gap), ERR_NONE);
    assert_int_equal(store_state_gap_list(st, "r", TIME_NONE, TIME_MAX, see_gap, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "r 30-40 unfilled B;r 10-20 filled D;");
    buf_clear(&b);
    assert_int_equal(store_state_gap_list(st, "r", 20, 30, see_gap, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "");
    assert_int_equal(store_state_gap_list(st, "r", 19, 20, see_gap, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "r 10-20 filled D;");
    assert_int_equal(store_state_gap_trim(st, 21), ERR_NONE);
    buf_clear(&b);
    assert_int_equal(store_state_gap_list(st, "r", TIME_NONE, TIME_MAX, see_gap, &b), ERR_NONE);
    assert_int_equal(store_state_gap_list(st, "s", TIME_NONE, TIME_MAX, see_gap, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "r 30-40 unfilled B;");
    assert_int_equal(store_state_rule_delete(st, "r"), ERR_NONE);
    buf_clear(&b);
    assert_int_equal(store_state_gap_list(st, "r", TIME_NONE, TIME_MAX, see_gap, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "");
    buf_release(&b);
    store_state_close(st);
    help_rmdir(dir);
}

static bool see_run(void *ctx, const struct store_run *run)
{
    buf_format(ctx, "%lld%s %s;", (long long)run->time, run->manual ? "m" : "", run->status);
    return true;
}

static bool count_run(void *ctx, const struct store_run *run)
{
    ((size_t *)ctx)[run->manual]++;
    return true;
}

/* A manual run stands beside the one of its time and is never the last. */
static void test_manual_runs(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct store_state *st;
    struct arena arena;
    struct store_rule got;
    struct buf b;
    buf_init(&b);
    arena_init(&arena, 0);
    assert_int_equal(store_state_open(dir, &st, &why), ERR_NONE);
    const struct store_rule rule = {.id = "r", .doc = "{}"};
    assert_int_equal(store_state_rule_put(st, &rule), ERR_NONE);
    struct store_run run = {.rule_id = "r", .time = 10, .status = "succeeded"};
    assert_int_equal(store_state_run_put(st, &run), ERR_NONE);
    run.manual = true;
    run.status = "failed";
    assert_int_equal(store_state_run_put(st, &run), ERR_NONE);
    run.time = 20;
    assert_int_equal(store_state_run_put(st, &run), ERR_NONE);
    assert_int_equal(store_state_run_list(st, "r", 0, see_run, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "20m failed;10 succeeded;10m failed;");
    assert_int_equal(store_state_rule_get(st, "r", &arena, &got), ERR_NONE);
    assert_string_equal(got.status, "succeeded");
    assert_int_equal(got.last_run, 10);
    /* Runs of the past stay, however many came since. */
    run.manual = false;
    for (run.time = 1000; run.time < 2100; run.time++)
        assert_int_equal(store_state_run_put(st, &run), ERR_NONE);
    run.manual = true;
    run.time = 5;
    assert_int_equal(store_state_run_put(st, &run), ERR_NONE);
    size_t n[2] = {0};
    assert_int_equal(store_state_run_list(st, "r", 0, count_run, n), ERR_NONE);
    assert_int_equal(n[0], 1000);
    assert_int_equal(n[1], 3);
    arena_release(&arena);
    buf_release(&b);
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_manual_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
