/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/bucket.h"

#include "base/mem.h"
#include "cmocka_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct detect_names *names;

static uint32_t name(const char *format, size_t n)
{
    char s[64];
    int len = snprintf(s, sizeof(s), "%s-%zu", format, n);
    return detect_names_put(names, bytes_make(s, (size_t)len));
}

static void test_cells(void **state)
{
    (void)state;
    names = detect_names_new((struct hash_key){1, 2});
    struct detect_open *b = detect_bucket_new(0, 1, 0);
    struct detect_cell *first = NULL;
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < 30000; i++) {
            struct detect_cell *c = detect_bucket_cell(b, names, (uint8_t)(i % 3), DETECT_COUNT,
                                                       name("p", i % 10), 0, name("b", i), 1, true);
            assert_non_null(c);
            c->gather.count++;
            if (i == 0 && round == 0)
                first = c;
            if (i == 0 && round == 1)
                assert_ptr_equal(c, first);
        }
    }
    assert_int_equal(b->n_cells, 30000);
    assert_null(detect_bucket_cell(b, names, 0, DETECT_COUNT, 0, 0, 0, 1, false));
    struct detect_cell **sorted = detect_bucket_sorted(b);
    for (size_t i = 1; i < b->n_cells; i++) {
        assert_int_equal(sorted[i]->gather.count, 2);
        assert_true(sorted[i - 1]->parent_hash <= sorted[i]->parent_hash);
        if (sorted[i - 1]->parent_hash == sorted[i]->parent_hash) {
            assert_true(sorted[i - 1]->hash < sorted[i]->hash);
            assert_int_equal(sorted[i - 1]->detector, sorted[i]->detector);
        }
    }
    mem_free(sorted);
    detect_bucket_free(b);
    detect_names_free(names);
}

static double weight_of(const struct detect_open *b, const struct detect_cell *c, uint32_t id)
{
    for (uint32_t i = c->influence; i != 0; i = b->parts[i].next) {
        if (b->parts[i].name == id)
            return b->parts[i].weight;
    }
    return 0;
}

/* The heavy ones survive when memory is used up, and what went is counted. */
static void test_heavy_contributions_stay(void **state)
{
    (void)state;
    names = detect_names_new((struct hash_key){1, 2});
    struct detect_open *b = detect_bucket_new(0, 1, 32 * 1024);
    struct detect_cell *c =
        detect_bucket_cell(b, names, 0, DETECT_COUNT, 0, 0, name("b", 0), 7, true);
    uint32_t heavy = name("heavy", 1);
    for (size_t i = 0; i < 20000; i++) {
        detect_bucket_contribute(b, c, 0, name("light", i), 1, 1, true, names);
        if (i % 10 == 0)
            detect_bucket_contribute(b, c, 0, heavy, 1, 1, true, names);
    }
    assert_true(weight_of(b, c, heavy) == 2000);
    assert_true(b->parts_dropped > 0);
    assert_true(detect_bucket_bytes(b) < 64 * 1024);
    assert_false(b->failed);
    detect_bucket_free(b);
    detect_names_free(names);
}

/* Many cells with few contributions each: what is new is dropped in the end, without a search of
 * everything for each record. */
static void test_many_cells_with_few_contributions(void **state)
{
    (void)state;
    names = detect_names_new((struct hash_key){1, 2});
    struct detect_open *b = detect_bucket_new(0, 1, 512 * 1024);
    uint32_t host[8];
    for (size_t i = 0; i < 8; i++)
        host[i] = name("host", i);
    for (size_t i = 0; i < 100000; i++) {
        struct detect_cell *c =
            detect_bucket_cell(b, names, 0, DETECT_COUNT, 0, 0, name("b", i), 7, true);
        for (size_t k = 0; k < 8; k++)
            detect_bucket_contribute(b, c, (unsigned)k, host[k], 1, 1, true, names);
    }
    assert_int_equal(b->keep, 0);
    assert_true(b->n_parts <= b->parts_max);
    assert_true(b->parts_dropped > 700000);
    assert_int_equal(b->parts_dropped + b->n_parts - 1, 800000);
    detect_bucket_free(b);
    detect_names_free(names);
}

static void test_extremes_and_pairs(void **state)
{
    (void)state;
    names = detect_names_new((struct hash_key){1, 2});
    struct detect_open *b = detect_bucket_new(0, 1, 1 << 20);
    struct detect_cell *c = detect_bucket_cell(b, names, 0, DETECT_MAX, 0, 0, 0, 7, true);
    uint32_t id = name("x", 0);
    detect_bucket_contribute(b, c, 0, id, 5, 1, true, names);
    detect_bucket_contribute(b, c, 0, id, 9, 1, true, names);
    detect_bucket_contribute(b, c, 0, id, 7, 1, true, names);
    assert_true(weight_of(b, c, id) == 9);
    assert_true(detect_bucket_pair(b, c, 0, 1, 100, true));
    assert_false(detect_bucket_pair(b, c, 0, 1, 100, true));
    assert_true(detect_bucket_pair(b, c, 1, 1, 100, true));
    assert_true(detect_bucket_pair(b, c, 0, 2, 100, true));
    assert_true(detect_bucket_pair(b, c, 0, 1, 101, true));
    /* Without room what is there gets more, and nothing new comes. */
    detect_bucket_contribute(b, c, 0, id, 11, 1, false, names);
    assert_true(weight_of(b, c, id) == 11);
    size_t bytes = detect_bucket_bytes(b);
    detect_bucket_contribute(b, c, 0, name("x", 1), 5, 1, false, names);
    assert_true(detect_bucket_pair(b, c, 0, 1, 102, false));
    assert_int_equal(b->parts_dropped, 1);
    assert_int_equal(detect_bucket_bytes(b), bytes);
    detect_bucket_free(b);
    detect_names_free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cells),
                                       cmocka_unit_test(test_heavy_contributions_stay),
                                       cmocka_unit_test(test_many_cells_with_few_contributions),
                                       cmocka_unit_test(test_extremes_and_pairs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
