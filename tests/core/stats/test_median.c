/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/median.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static int compare(const void *x, const void *y)
{
    double a = *(const double *)x;
    double b = *(const double *)y;
    return a < b ? -1 : a > b;
}

static double truth(double *v, size_t n)
{
    qsort(v, n, sizeof(*v), compare);
    return v[(n - 1) / 2] / 2 + v[n / 2] / 2;
}

static double value(const struct stats_median *m)
{
    double v = 0;
    assert_true(stats_median_value(m, &v));
    return v;
}

static void save(const struct stats_median *m, struct buf *out)
{
    buf_init(out);
    stats_median_save(m, out);
    assert_true(buf_ok(out));
}

/* Exact while few, within 0.4 % when many; halves merged in another order are the whole. */
static void error_and_merge(void **state)
{
    (void)state;
    enum { N = 20000 };
    double *v = calloc(N, sizeof(*v));
    for (size_t n = 1; n <= N; n = n * 2 + 1) {
        struct stats_median whole;
        struct stats_median half[2];
        struct rng r;
        rng_init(&r, n);
        stats_median_init(&whole);
        stats_median_init(&half[0]);
        stats_median_init(&half[1]);
        for (size_t i = 0; i < n; i++) {
            v[i] = exp(rng_normal(&r) * 3 + 4) * (n % 3 == 0 ? -1 : 1);
            assert_true(stats_median_add(&whole, v[i], 1));
        }
        for (size_t i = n; i-- > 0;)
            assert_true(stats_median_add(&half[rng_below(&r, 3) == 0], v[i], 1));
        assert_true(stats_median_merge(&half[0], &half[1]));
        struct buf a;
        struct buf b;
        save(&whole, &a);
        save(&half[0], &b);
        assert_int_equal(a.n, b.n);
        assert_memory_equal(a.p, b.p, a.n);
        assert_int_equal(stats_median_memory(&whole), stats_median_memory(&half[0]));
        double want = truth(v, n);
        double error = fabs(value(&whole) - want) / fabs(want);
        assert_true(n <= STATS_MEDIAN_EXACT ? error < 1e-15 : error < 0.004);
        struct cursor c = cursor_make(a.p, a.n);
        struct stats_median back;
        assert_int_equal(stats_median_load(&c, &back), ERR_NONE);
        assert_true(value(&back) == value(&whole) && c.left == 0);
        stats_median_release(&back);
        for (size_t cut = 0; cut < a.n; cut += 101) {
            c = cursor_make(a.p, cut);
            assert_int_equal(stats_median_load(&c, &back), ERR_FORMAT);
        }
        buf_release(&a);
        buf_release(&b);
        stats_median_release(&whole);
        stats_median_release(&half[0]);
        stats_median_release(&half[1]);
    }
    free(v);
}

static void small_and_odd_values(void **state)
{
    (void)state;
    struct stats_median m;
    double v;
    stats_median_init(&m);
    assert_false(stats_median_value(&m, &v));
    assert_true(stats_median_add(&m, (double)NAN, 1));
    assert_false(stats_median_value(&m, &v));
    assert_true(stats_median_add(&m, 9, 1) && stats_median_add(&m, -0.0, 1));
    assert_true(value(&m) == 4.5);
    assert_true(stats_median_add(&m, 3, 5));
    assert_true(value(&m) == 3);
    assert_true(stats_median_add(&m, (double)INFINITY, 100));
    assert_true(isfinite(value(&m)));
    stats_median_release(&m);
}

/* Values over all magnitudes: memory stays bounded, and nothing is infinite. */
static void bounded(void **state)
{
    (void)state;
    struct stats_median m;
    struct rng r;
    rng_init(&r, 3);
    stats_median_init(&m);
    for (int i = 0; i < 300000; i++) {
        double x = ldexp(1 + (double)rng_below(&r, 1000) / 1000, (int)rng_below(&r, 2000) - 1000);
        assert_true(stats_median_add(&m, i % 2 == 0 ? x : -x, 1));
    }
    assert_true(m.coarse && stats_median_memory(&m) <= (size_t)512 * 1024);
    assert_true(fabs(value(&m)) < 1e-9);
    stats_median_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(error_and_merge),
                                       cmocka_unit_test(small_and_odd_values),
                                       cmocka_unit_test(bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
