/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/sum.h"

#include "base/rng.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void integers_are_exact(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 1);
    struct stats_sum s;
    stats_sum_init(&s);
    __int128 truth = 0;
    for (int i = 0; i < 20000; i++) {
        int64_t x = (int64_t)rng_u64(&r);
        if (i % 3 != 0)
            x = x < 0 ? -(x / 2) : x; /* let it grow past 64 bits */
        truth += x;
        stats_sum_add_int(&s, x);
    }
    assert_true(stats_sum_value(&s) == (double)truth);
    stats_sum_init(&s);
    stats_sum_add_int(&s, INT64_MIN);
    assert_true(stats_sum_value(&s) == -0x1p63);
}

static void order_and_merging_change_nothing(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 2);
    double x[1000];
    for (int i = 0; i < 1000; i++)
        x[i] = ldexp(rng_f64(&r) - 0.5, (int)rng_below(&r, 80) - 20);
    struct stats_sum forward;
    struct stats_sum parts[3];
    stats_sum_init(&forward);
    for (int i = 0; i < 3; i++)
        stats_sum_init(&parts[i]);
    long double truth = 0;
    for (int i = 0; i < 1000; i++) {
        stats_sum_add(&forward, x[i]);
        stats_sum_add(&parts[rng_below(&r, 3)], x[999 - i]);
        truth += (long double)x[i];
    }
    stats_sum_merge(&parts[1], &parts[2]);
    stats_sum_merge(&parts[0], &parts[1]);
    for (int i = 0; i < 3; i++)
        assert_true(forward.word[i] == parts[0].word[i]);
    assert_true(fabs(stats_sum_value(&forward) - (double)truth) <=
                fabs((double)truth) * 1e-15 + 1e-9);
}

static void large_and_small_cancel(void **state)
{
    (void)state;
    struct stats_sum s;
    stats_sum_init(&s);
    stats_sum_add(&s, 1e18);
    stats_sum_add(&s, 0.125);
    stats_sum_add(&s, -1e18);
    assert_true(stats_sum_value(&s) == 0.125);
    stats_sum_add(&s, (double)NAN);
    assert_true(stats_sum_value(&s) == 0.125);
    stats_sum_add(&s, (double)INFINITY);
    assert_true(isfinite(stats_sum_value(&s)) && stats_sum_value(&s) > 1e30);
    stats_sum_add(&s, -DBL_MAX);
    assert_true(stats_sum_value(&s) == 0.125);
}

static void saves_and_loads(void **state)
{
    (void)state;
    struct stats_sum s;
    stats_sum_init(&s);
    stats_sum_add(&s, -3.75);
    struct buf b;
    buf_init(&b);
    stats_sum_save(&s, &b);
    struct cursor c = cursor_make(b.p, b.n);
    struct stats_sum back;
    stats_sum_load(&c, &back);
    assert_true(cursor_ok(&c) && stats_sum_value(&back) == -3.75);
    c = cursor_make(b.p, b.n - 1);
    stats_sum_load(&c, &back);
    assert_false(cursor_ok(&c));
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_exact),
        cmocka_unit_test(order_and_merging_change_nothing),
        cmocka_unit_test(large_and_small_cancel),
        cmocka_unit_test(saves_and_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
