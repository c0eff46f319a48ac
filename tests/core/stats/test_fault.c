/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of a sketch's life fails once: it says so, keeps what it has, leaks nothing. */
#include "fault_memory.h"
#include "stats/distinct.h"
#include "stats/info.h"
#include "stats/places.h"
#include "stats/quantile.h"
#include "stats/topk.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define VALUES 2000

static void live_distinct(void)
{
    struct stats_distinct d[2];
    struct rng r;
    rng_init(&r, 1);
    stats_distinct_init(&d[0]);
    stats_distinct_init(&d[1]);
    bool all = stats_distinct_add(&d[0], 0);
    for (int i = 0; i < VALUES; i++) {
        all = stats_distinct_add(&d[i % 2], rng_u64(&r)) && all;
        if (i == 3 || i == 300)
            all = stats_distinct_merge(&d[0], &d[1]) && all;
    }
    all = stats_distinct_merge(&d[0], &d[1]) && all;
    double count = stats_distinct_count(&d[0]);
    assert_true(count <= VALUES * 1.05 && (!all || count >= VALUES * 0.95));
    struct buf b;
    buf_init(&b);
    stats_distinct_save(&d[0], &b);
    struct stats_distinct back;
    struct cursor c = cursor_make(b.p, b.n);
    if (buf_ok(&b) && stats_distinct_load(&c, &back) == ERR_NONE) {
        assert_true(stats_distinct_count(&back) == count);
        stats_distinct_clear(&back);
        assert_true(stats_distinct_count(&back) == 0);
        stats_distinct_release(&back);
    }
    buf_release(&b);
    stats_distinct_release(&d[0]);
    stats_distinct_release(&d[1]);
}

static void live_info(void)
{
    struct stats_info s[2];
    struct rng r;
    rng_init(&r, 2);
    stats_info_init(&s[0]);
    stats_info_init(&s[1]);
    for (int i = 0; i < VALUES; i++) {
        uint64_t text[4] = {rng_u64(&r), rng_u64(&r), rng_u64(&r), rng_u64(&r)};
        (void)stats_info_add(&s[i % 10 != 0], text[0], text, sizeof(text));
    }
    /* The fuller one thins the other. */
    bool merged = stats_info_merge(&s[0], &s[1]);
    assert_true(stats_info_content(&s[0]) >= 0);
    struct buf b;
    buf_init(&b);
    stats_info_save(&s[0], &b);
    struct stats_info back;
    struct cursor c = cursor_make(b.p, b.n);
    if (buf_ok(&b) && stats_info_load(&c, &back) == ERR_NONE) {
        assert_true(stats_info_content(&back) == stats_info_content(&s[0]));
        stats_info_release(&back);
    }
    assert_true(merged || fault_hit);
    buf_release(&b);
    stats_info_release(&s[0]);
    stats_info_release(&s[1]);
}

static void live_places(void)
{
    struct stats_places s[2];
    struct rng r;
    rng_init(&r, 3);
    stats_places_init(&s[0]);
    stats_places_init(&s[1]);
    for (int i = 0; i < VALUES; i++)
        (void)stats_places_add(&s[i % 2], (double)rng_below(&r, 180) - 90,
                               (double)rng_below(&r, 360) - 180);
    (void)stats_places_merge(&s[0], &s[1]);
    assert_true(s[0].n <= STATS_PLACES_MAX);
    struct buf b;
    buf_init(&b);
    stats_places_save(&s[0], &b);
    struct stats_places back;
    struct cursor c = cursor_make(b.p, b.n);
    if (buf_ok(&b) && stats_places_load(&c, &back) == ERR_NONE) {
        assert_int_equal(back.n, s[0].n);
        stats_places_release(&back);
    }
    buf_release(&b);
    stats_places_release(&s[0]);
    stats_places_release(&s[1]);
}

static void live_quantile(void)
{
    struct stats_quantile q[2];
    stats_quantile_init(&q[0]);
    stats_quantile_init(&q[1]);
    uint64_t added = 0;
    for (int i = 0; i < VALUES; i++)
        added += stats_quantile_add(&q[i % 2], i) ? 1 : 0;
    assert_int_equal(added, q[0].count + q[1].count);
    (void)stats_quantile_merge(&q[0], &q[1]);
    double middle = stats_quantile_value(&q[0], 0.5);
    assert_true(isnan(middle) || (middle >= 0 && middle < VALUES));
    struct buf b;
    buf_init(&b);
    stats_quantile_save(&q[0], &b);
    struct stats_quantile back;
    struct cursor c = cursor_make(b.p, b.n);
    if (buf_ok(&b) && stats_quantile_load(&c, &back) == ERR_NONE)
        stats_quantile_release(&back);
    buf_release(&b);
    stats_quantile_release(&q[0]);
    stats_quantile_release(&q[1]);
}

static void live_topk(void)
{
    struct stats_topk *t = stats_topk_new(5);
    if (t == NULL)
        return;
    for (uint64_t i = 0; i < 50; i++)
        stats_topk_add(t, i % 7, 1, NULL);
    struct stats_topk_entry list[5];
    assert_true(stats_topk_list(t, list, 5) <= 5);
    stats_topk_free(t);
}

static void each_allocation(void (*live)(void))
{
    for (uint64_t n = 1;; n++) {
        fault_arm(n);
        live();
        if (!fault_disarm())
            return;
    }
}

static void sketches_outlive_a_lack_of_memory(void **state)
{
    (void)state;
    each_allocation(live_distinct);
    each_allocation(live_info);
    each_allocation(live_places);
    each_allocation(live_quantile);
    each_allocation(live_topk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sketches_outlive_a_lack_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
