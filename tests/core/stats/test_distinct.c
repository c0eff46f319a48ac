/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/distinct.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void exact_while_few(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 1);
    struct stats_distinct d;
    stats_distinct_init(&d);
    uint64_t seen[STATS_DISTINCT_EXACT];
    for (uint32_t n = 0; n < STATS_DISTINCT_EXACT; n++) {
        seen[n] = n == 7 ? 0 : rng_u64(&r);
        assert_true(stats_distinct_add(&d, seen[n]));
        assert_true(stats_distinct_add(&d, seen[rng_below(&r, n + 1)]));
        assert_true(stats_distinct_count(&d) == n + 1);
        if (n < 2)
            assert_int_equal(stats_distinct_memory(&d), 0);
    }
    stats_distinct_clear(&d);
    assert_true(stats_distinct_count(&d) == 0);
    stats_distinct_release(&d);
}

/* Standard error 0.8 %: the error of 40 sketches stays within 1 % in the root mean square. */
static void close_when_many(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 2);
    const uint64_t sizes[] = {600, 5000, 50000, 400000};
    for (size_t s = 0; s < 4; s++) {
        double squares = 0;
        for (int run = 0; run < 40; run++) {
            struct stats_distinct d;
            stats_distinct_init(&d);
            for (uint64_t i = 0; i < sizes[s]; i++)
                assert_true(stats_distinct_add(&d, rng_u64(&r)));
            double e = stats_distinct_count(&d) / (double)sizes[s] - 1;
            squares += e * e;
            assert_true(stats_distinct_memory(&d) <= 16384);
            stats_distinct_release(&d);
            if (sizes[s] > 100000 && run == 9) {
                squares *= 4;
                break;
            }
        }
        assert_true(sqrt(squares / 40) < 0.01);
    }
}

static void halves_merge_to_the_whole(void **state)
{
    (void)state;
    const int sizes[] = {1, 2, 3, 100, 500, 520, 3000};
    for (size_t s = 0; s < 7; s++) {
        struct rng r;
        rng_init(&r, s);
        struct stats_distinct whole;
        struct stats_distinct part[2];
        stats_distinct_init(&whole);
        stats_distinct_init(&part[0]);
        stats_distinct_init(&part[1]);
        for (int i = 0; i < sizes[s]; i++) {
            uint64_t hash = rng_u64(&r);
            uint64_t where = rng_below(&r, 3);
            assert_true(stats_distinct_add(&whole, hash));
            if (where != 1)
                assert_true(stats_distinct_add(&part[0], hash));
            if (where != 0)
                assert_true(stats_distinct_add(&part[1], hash));
        }
        assert_true(stats_distinct_merge(&part[0], &part[1]));
        struct buf a;
        struct buf b;
        buf_init(&a);
        buf_init(&b);
        stats_distinct_save(&whole, &a);
        stats_distinct_save(&part[0], &b);
        assert_int_equal(a.n, b.n);
        assert_memory_equal(a.p, b.p, a.n);
        struct stats_distinct back;
        struct cursor c = cursor_make(a.p, a.n);
        assert_int_equal(stats_distinct_load(&c, &back), ERR_NONE);
        assert_true(stats_distinct_count(&back) == stats_distinct_count(&whole));
        c = cursor_make(a.p, a.n - 1);
        assert_int_equal(stats_distinct_load(&c, &back), ERR_FORMAT);
        stats_distinct_release(&back);
        stats_distinct_release(&whole);
        stats_distinct_release(&part[0]);
        stats_distinct_release(&part[1]);
        buf_release(&a);
        buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_while_few),
        cmocka_unit_test(close_when_many),
        cmocka_unit_test(halves_merge_to_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
