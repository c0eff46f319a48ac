/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/engine_priv.h"

#include "base/mem.h"
#include "base/rng.h"
#include "help.h"

#include <stdlib.h>

enum { N = 20000 };

static struct detect_candidate *some(void)
{
    struct detect_candidate *all = calloc(N, sizeof(*all));
    struct rng r;
    rng_init(&r, 11);
    for (size_t i = 0; i < N; i++) {
        all[i].hash = i;
        all[i].log_p = -(double)rng_below(&r, 5000) / 10;
    }
    return all;
}

static int by_hash(const void *x, const void *y)
{
    const struct detect_candidate *a = x;
    const struct detect_candidate *b = y;
    return a->hash < b->hash ? -1 : a->hash > b->hash;
}

/* The same stay, in whatever pieces and order they come, and none that stay is weaker than one
 * that went. */
static void test_the_strongest_stay(void **state)
{
    (void)state;
    struct detect_candidate *all = some();
    struct detect_candidates one = {0};
    struct detect_candidates joined = {0};
    struct detect_candidates pieces[3] = {{0}};
    for (size_t i = 0; i < N; i++) {
        detect_candidates_keep(&one, &all[i]);
        detect_candidates_keep(&pieces[(i * 7) % 3], &all[N - 1 - i]);
        assert_true(one.n <= 2 * DETECT_CANDIDATES_MAX);
    }
    detect_candidates_cut(&one);
    for (size_t i = 0; i < 3; i++) {
        detect_candidates_join(&joined, &pieces[i]);
        assert_null(pieces[i].list);
    }
    detect_candidates_cut(&joined);
    assert_int_equal(one.n, DETECT_CANDIDATES_MAX);
    assert_int_equal(joined.n, DETECT_CANDIDATES_MAX);
    qsort(one.list, one.n, sizeof(*one.list), by_hash);
    qsort(joined.list, joined.n, sizeof(*joined.list), by_hash);
    double weakest = -1e9;
    for (size_t i = 0; i < one.n; i++) {
        assert_int_equal(one.list[i].hash, joined.list[i].hash);
        weakest = one.list[i].log_p > weakest ? one.list[i].log_p : weakest;
    }
    size_t stronger = 0;
    for (size_t i = 0; i < N; i++)
        stronger += all[i].log_p < weakest;
    assert_true(stronger < DETECT_CANDIDATES_MAX);
    mem_free(one.list);
    mem_free(joined.list);
    free(all);
}

static void test_few_all_stay(void **state)
{
    (void)state;
    struct detect_candidates list = {0};
    struct detect_candidate c = {.log_p = -5};
    for (size_t i = 0; i < 10; i++)
        detect_candidates_keep(&list, &c);
    detect_candidates_cut(&list);
    assert_int_equal(list.n, 10);
    assert_false(list.failed);
    mem_free(list.list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_strongest_stay),
                                       cmocka_unit_test(test_few_all_stay)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
