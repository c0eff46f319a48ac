/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/quantile.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Values are their own ranks, so that the rank error can be read off. */
static double worst_error(const struct stats_quantile *q, double n)
{
    double worst = 0;
    for (int i = 0; i <= 100; i++)
        worst = fmax(worst, fabs(stats_quantile_value(q, i / 100.0) / n - i / 100.0));
    return worst;
}

static void ranks_are_close(void **state)
{
    (void)state;
    enum { N = 300000 };
    for (int order = 0; order < 4; order++) {
        struct rng r;
        rng_init(&r, 5);
        struct stats_quantile q;
        struct stats_quantile part[2];
        stats_quantile_init(&q);
        stats_quantile_init(&part[0]);
        stats_quantile_init(&part[1]);
        for (int i = 0; i < N; i++) {
            double x = order == 0   ? i
                       : order == 1 ? N - i
                       : order == 2 ? (double)rng_below(&r, N)
                                    : (double)((int64_t)i * 7919 % N);
            assert_true(stats_quantile_add(&q, x));
            assert_true(stats_quantile_add(&part[rng_below(&r, 4) == 0], x));
        }
        assert_true(worst_error(&q, N) < 0.02);
        assert_true(stats_quantile_merge(&part[0], &part[1]));
        assert_int_equal(part[0].count, N);
        assert_true(worst_error(&part[0], N) < 0.02);
        struct buf b;
        buf_init(&b);
        stats_quantile_save(&q, &b);
        struct cursor c = cursor_make(b.p, b.n);
        struct stats_quantile back;
        assert_int_equal(stats_quantile_load(&c, &back), ERR_NONE);
        for (int i = 0; i <= 10; i++)
            assert_true(stats_quantile_value(&back, i / 10.0) ==
                        stats_quantile_value(&q, i / 10.0));
        c = cursor_make(b.p, b.n - 3);
        struct stats_quantile none;
        assert_int_equal(stats_quantile_load(&c, &none), ERR_FORMAT);
        stats_quantile_release(&back);
        buf_release(&b);
        stats_quantile_release(&q);
        stats_quantile_release(&part[0]);
        stats_quantile_release(&part[1]);
    }
}

static void exact_while_few(void **state)
{
    (void)state;
    struct stats_quantile q;
    stats_quantile_init(&q);
    assert_true(isnan(stats_quantile_value(&q, 0.5)));
    for (int i = 100; i > 0; i--)
        assert_true(stats_quantile_add(&q, i));
    assert_true(stats_quantile_add(&q, (double)NAN));
    assert_true(stats_quantile_value(&q, 0.5) == 50);
    assert_true(stats_quantile_value(&q, 0) == 1);
    assert_true(stats_quantile_value(&q, 1) == 100);
    stats_quantile_clear(&q);
    assert_true(stats_quantile_add(&q, (double)INFINITY));
    assert_true(isfinite(stats_quantile_value(&q, 0.5)));
    stats_quantile_release(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_are_close),
        cmocka_unit_test(exact_while_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
