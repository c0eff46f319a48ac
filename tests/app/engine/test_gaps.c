/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "engine/gaps.h"
#include "store/state_gap.h"

static bool see(void *ctx, const struct store_gap *gap)
{
    buf_format(ctx, "%lld+%lld %s;", (long long)((gap->from - HELP_BASE) / TIME_MIN),
               (long long)((gap->to - gap->from) / TIME_MIN), gap->status);
    return true;
}

static void check(struct store_state *st, const char *expected)
{
    struct buf b;
    buf_init(&b);
    HELP_OK(store_state_gap_list(st, "r", TIME_NONE, TIME_MAX, see, &b));
    assert_string_equal(buf_text(&b), expected);
    buf_release(&b);
}

static void fill(struct store_state *st, ts_ns from, ts_ns to)
{
    HELP_OK(engine_gaps_fill(st, "r", HELP_BASE + from * TIME_MIN, HELP_BASE + to * TIME_MIN,
                             &help_why));
}

static void note(struct store_state *st, ts_ns from, ts_ns to, ts_ns now)
{
    HELP_OK(engine_gaps_note(st, "r", HELP_BASE + from * TIME_MIN, HELP_BASE + to * TIME_MIN,
                             HELP_BASE + now * TIME_MIN, &help_why));
}

static void test_gaps(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    note(st, 0, 30, 60);
    note(st, 100, 130, 160);
    check(st, "100+30 unfilled;0+30 unfilled;");
    fill(st, 130, 150);
    check(st, "100+30 unfilled;0+30 unfilled;");
    fill(st, 20, 110); /* meets both */
    check(st, "100+30 partially_filled;0+30 partially_filled;");
    fill(st, 0, 15);
    check(st, "100+30 partially_filled;0+30 partially_filled;");
    fill(st, 10, 25);
    fill(st, 90, 200);
    check(st, "100+30 filled;0+30 filled;");
    /* A gap is forgotten 90 days after its end. */
    note(st, 91 * 24 * 60, 91 * 24 * 60 + 5, 90 * 24 * 60 + 60);
    check(st, "131040+5 unfilled;100+30 filled;");
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_gaps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
