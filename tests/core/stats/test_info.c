/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/info.h"

#include "base/hash.h"
#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct hash_key key = {11, 22};

static size_t make_name(struct rng *r, int kind, char out[64])
{
    if (kind == 0)
        return (size_t)snprintf(out, 64, "host%u.site%u.example.com", (unsigned)rng_below(r, 2000),
                                (unsigned)rng_below(r, 40));
    return (size_t)snprintf(out, 64, "%016llx%016llx.t.example.org", (unsigned long long)rng_u64(r),
                            (unsigned long long)rng_u64(r));
}

static void add(struct stats_info *s, const char *p, size_t n)
{
    assert_true(stats_info_add(s, hash_bytes(key, p, n), p, n));
}

static void merging_gives_the_same(void **state)
{
    (void)state;
    const int sizes[] = {1, 20, 300, 5000};
    for (size_t i = 0; i < 8; i++) {
        int kind = (int)(i % 2);
        struct rng r;
        rng_init(&r, i);
        struct stats_info whole;
        struct stats_info part[2];
        stats_info_init(&whole);
        stats_info_init(&part[0]);
        stats_info_init(&part[1]);
        for (int k = 0; k < sizes[i / 2]; k++) {
            char name[64];
            size_t n = make_name(&r, kind, name);
            add(&whole, name, n);
            add(&part[rng_below(&r, 2)], name, n);
            if (k % 5 == 0)
                add(&part[0], name, n);
        }
        assert_true(stats_info_merge(&part[0], &part[1]));
        struct buf a;
        struct buf b;
        buf_init(&a);
        buf_init(&b);
        stats_info_save(&whole, &a);
        stats_info_save(&part[0], &b);
        assert_int_equal(a.n, b.n);
        assert_memory_equal(a.p, b.p, a.n);
        assert_true(stats_info_content(&whole) == stats_info_content(&part[0]));
        assert_true(stats_info_memory(&whole) <= STATS_INFO_BYTES);
        struct cursor c = cursor_make(a.p, a.n);
        struct stats_info back;
        assert_int_equal(stats_info_load(&c, &back), ERR_NONE);
        assert_true(stats_info_content(&back) == stats_info_content(&whole));
        stats_info_release(&back);
        c = cursor_make(a.p, a.n - 1);
        assert_int_equal(stats_info_load(&c, &back), ERR_FORMAT);
        stats_info_release(&whole);
        stats_info_release(&part[0]);
        stats_info_release(&part[1]);
        buf_release(&a);
        buf_release(&b);
    }
}

/* A sample stands for the whole: content grows in proportion once strings are all alike. */
static void sample_scales(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct rng r;
        rng_init(&r, seed);
        struct stats_info s;
        stats_info_init(&s);
        for (int k = 0; k < 10000; k++) {
            char name[64];
            add(&s, name, make_name(&r, 1, name));
        }
        /* 32 hexadecimal digits carry 16 bytes and cannot shrink below; the rest of a name is a
         * match of two or three bytes. */
        double each = stats_info_content(&s) / 10000;
        assert_true(each > 14.5 && each < 25);
        assert_true(fabs(stats_info_strings(&s) / 10000 - 1) < 0.4);
        stats_info_release(&s);
    }
}

static void strings_count_once(void **state)
{
    (void)state;
    struct stats_info s;
    stats_info_init(&s);
    assert_true(stats_info_content(&s) == 0);
    add(&s, "example.com", 11);
    double once = stats_info_content(&s);
    for (int i = 0; i < 1000; i++)
        add(&s, "example.com", 11);
    assert_true(stats_info_content(&s) == once && once > 11 && once < 25);
    assert_true(stats_info_strings(&s) == 1);
    stats_info_clear(&s);
    assert_true(stats_info_content(&s) == 0);
    char longest[2000];
    memset(longest, 'x', sizeof(longest));
    add(&s, longest, sizeof(longest));
    add(&s, "", 0);
    assert_true(stats_info_content(&s) > 8);
    stats_info_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merging_gives_the_same),
        cmocka_unit_test(sample_scales),
        cmocka_unit_test(strings_count_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
