/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/gather.h"

#include "base/hash.h"
#include "base/rng.h"
#include "cmocka_head.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const enum detect_kind kinds[] = {
    DETECT_COUNT,          DETECT_SUM,          DETECT_MEAN, DETECT_MIN,  DETECT_MAX,
    DETECT_DISTINCT_COUNT, DETECT_INFO_CONTENT, DETECT_RARE, DETECT_VARP, DETECT_MEDIAN,
    DETECT_TIME_OF_WEEK,   DETECT_LAT_LONG};

static void add(struct detect_gather *g, enum detect_kind kind, struct rng *r)
{
    char text[32];
    uint64_t n = rng_below(r, 900);
    int len = snprintf(text, sizeof(text), "value-%llu.example", (unsigned long long)n);
    if (kind == DETECT_DISTINCT_COUNT || kind == DETECT_INFO_CONTENT) {
        struct bytes b = bytes_make(text, (size_t)len);
        assert_true(
            detect_gather_text(g, kind, hash_bytes((struct hash_key){1, 2}, b.p, b.n), b, 1));
    } else if (kind == DETECT_TIME_OF_WEEK) {
        detect_gather_slot(g, n % 168, 1);
    } else if (kind == DETECT_LAT_LONG) {
        g->count++;
        assert_true(stats_places_add(&g->places, (double)(n % 179) - 89, (double)(n % 7919) / 44));
    } else {
        double v = rng_below(r, 2) != 0 ? (double)n * 1e6 : rng_normal(r) * 1e3;
        detect_gather_number(g, kind, v, 1 + rng_below(r, 3));
    }
}

static void save(const struct detect_gather *g, enum detect_kind kind, struct buf *out)
{
    buf_init(out);
    detect_gather_save(g, kind, out);
    assert_true(buf_ok(out));
}

/* Halves merged have the whole's value; saved and loaded ones too. */
static void test_merge_and_save(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        /* One value has no variance. */
        for (size_t n = kinds[k] == DETECT_VARP ? 2 : 1; n < 3000; n = n * 3 + 1) {
            struct detect_gather whole;
            struct detect_gather half[2];
            struct rng r;
            rng_init(&r, n);
            detect_gather_init(&whole, kinds[k]);
            detect_gather_init(&half[0], kinds[k]);
            detect_gather_init(&half[1], kinds[k]);
            for (size_t i = 0; i < n; i++) {
                struct rng same = r;
                add(&whole, kinds[k], &r);
                add(&half[i % 3 == 0], kinds[k], &same);
            }
            assert_true(detect_gather_merge(&half[0], kinds[k], &half[1]));
            double a = 0;
            double b = 1;
            assert_true(detect_gather_value(&whole, kinds[k], &a));
            assert_true(detect_gather_value(&half[0], kinds[k], &b));
            assert_true(a == b);
            assert_int_equal(whole.count, half[0].count);
            struct buf out;
            save(&half[0], kinds[k], &out);
            struct detect_gather loaded;
            struct cursor c = cursor_make(out.p, out.n);
            assert_int_equal(detect_gather_load(&c, kinds[k], &loaded), ERR_NONE);
            assert_int_equal(c.left, 0);
            assert_true(detect_gather_value(&loaded, kinds[k], &b));
            assert_true(a == b);
            detect_gather_release(&loaded, kinds[k]);
            for (size_t cut = 0; cut < out.n; cut += 7) {
                c = cursor_make(out.p, cut);
                assert_int_not_equal(detect_gather_load(&c, kinds[k], &loaded), ERR_NONE);
            }
            buf_release(&out);
            detect_gather_release(&whole, kinds[k]);
            detect_gather_release(&half[0], kinds[k]);
            detect_gather_release(&half[1], kinds[k]);
        }
    }
}

static void test_values(void **state)
{
    (void)state;
    struct detect_gather g;
    double v = 0;
    detect_gather_init(&g, DETECT_SUM);
    assert_false(detect_gather_value(&g, DETECT_SUM, &v));
    detect_gather_number(&g, DETECT_SUM, 0.5, 1);
    detect_gather_number(&g, DETECT_SUM, 1e15, 1);
    detect_gather_number(&g, DETECT_SUM, -1e15, 1);
    assert_true(detect_gather_value(&g, DETECT_SUM, &v) && v == 0.5);
    detect_gather_init(&g, DETECT_MEAN);
    detect_gather_number(&g, DETECT_MEAN, 2, 3);
    detect_gather_number(&g, DETECT_MEAN, 10, 1);
    assert_true(detect_gather_value(&g, DETECT_MEAN, &v) && v == 4);
    detect_gather_init(&g, DETECT_MIN);
    detect_gather_number(&g, DETECT_MIN, 3, 1);
    detect_gather_number(&g, DETECT_MIN, -3, 1);
    assert_true(detect_gather_value(&g, DETECT_MIN, &v) && v == -3);
}

/* The variance of values that differ little about a large mean, in any order and weight. */
static void test_variances(void **state)
{
    (void)state;
    static const double means[] = {0, 1e-3, -5e4, 1e9, -1e12};
    for (size_t k = 0; k < sizeof(means) / sizeof(means[0]); k++) {
        struct detect_gather g;
        double v = 0;
        detect_gather_init(&g, DETECT_VARP);
        detect_gather_number(&g, DETECT_VARP, means[k] - 1, 1);
        assert_false(detect_gather_value(&g, DETECT_VARP, &v));
        detect_gather_number(&g, DETECT_VARP, means[k] + 1, 1);
        assert_true(detect_gather_value(&g, DETECT_VARP, &v) && fabs(v - 1) < 1e-9);
        detect_gather_number(&g, DETECT_VARP, means[k], 2);
        assert_true(detect_gather_value(&g, DETECT_VARP, &v) && fabs(v - 0.5) < 1e-9);
    }
    struct detect_gather g;
    double v = 1;
    detect_gather_init(&g, DETECT_VARP);
    for (int i = 0; i < 100; i++)
        detect_gather_number(&g, DETECT_VARP, 0.1, 1);
    assert_true(detect_gather_value(&g, DETECT_VARP, &v) && v >= 0 && v < 1e-12);
    detect_gather_number(&g, DETECT_VARP, 1e300, 1);
    detect_gather_number(&g, DETECT_VARP, -1e300, 1);
    assert_true(detect_gather_value(&g, DETECT_VARP, &v) && isfinite(v) && v >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_merge_and_save),
                                       cmocka_unit_test(test_values),
                                       cmocka_unit_test(test_variances)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
