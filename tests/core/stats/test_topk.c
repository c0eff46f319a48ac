/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/topk.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define KEYS 1000
#define SLOTS 40

static uint64_t skewed(struct rng *r)
{
    return (uint64_t)(pow(rng_f64(r), 4) * KEYS);
}

static void check(const struct stats_topk *t, const double *truth, double total, double share)
{
    struct stats_topk_entry list[SLOTS];
    size_t n = stats_topk_list(t, list, SLOTS);
    bool held[KEYS] = {false};
    for (size_t i = 0; i < n; i++) {
        double real = truth[list[i].key];
        assert_true(real <= list[i].weight + 1e-6 && real >= list[i].weight - list[i].slack - 1e-6);
        assert_true(i == 0 || list[i - 1].weight >= list[i].weight);
        held[list[i].key] = true;
    }
    for (size_t k = 0; k < KEYS; k++)
        assert_true(truth[k] <= share * total / SLOTS || held[k]);
}

static void keeps_the_heavy_ones(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 3);
    double truth[KEYS] = {0};
    double total = 0;
    struct stats_topk *t = stats_topk_new(SLOTS);
    struct stats_topk *half[2] = {stats_topk_new(SLOTS), stats_topk_new(SLOTS)};
    for (int i = 0; i < 20000; i++) {
        uint64_t key = skewed(&r);
        double weight = (double)rng_below(&r, 100);
        truth[key] += weight;
        total += weight;
        stats_topk_add(t, key, weight, NULL);
        stats_topk_add(half[i % 2], key, weight, NULL);
    }
    check(t, truth, total, 1);
    stats_topk_merge(half[0], half[1]);
    check(half[0], truth, total, 1);
    stats_topk_clear(t);
    struct stats_topk_entry one;
    assert_int_equal(stats_topk_list(t, &one, 1), 0);
    stats_topk_free(t);
    stats_topk_free(half[0]);
    stats_topk_free(half[1]);
}

static void says_who_lost_the_slot(void **state)
{
    (void)state;
    struct stats_topk *t = stats_topk_new(2);
    uint64_t evicted = 0;
    assert_int_equal(stats_topk_add(t, 1, 5, &evicted), 0);
    assert_int_equal(stats_topk_add(t, 2, 3, &evicted), 0);
    assert_int_equal(stats_topk_add(t, 9, 0, &evicted), 0);
    assert_int_equal(stats_topk_add(t, 3, 1, &evicted), 1);
    assert_int_equal(evicted, 2);
    assert_null(stats_topk_new(0));
    stats_topk_free(t);
    stats_topk_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_heavy_ones),
        cmocka_unit_test(says_who_lost_the_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
