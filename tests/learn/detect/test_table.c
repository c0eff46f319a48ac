/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/table.h"

#include "cmocka_head.h"

#include <stdio.h>
#include <string.h>

static uint32_t name(struct detect_names *names, size_t n)
{
    char s[32];
    int len = snprintf(s, sizeof(s), "n%zu", n);
    return detect_names_put(names, bytes_make(s, (size_t)len));
}

static void test_add_find_remove(void **state)
{
    (void)state;
    struct detect_names *names = detect_names_new((struct hash_key){1, 2});
    struct detect_table *t = detect_table_new(names, true);
    enum { N = 4000 };
    for (size_t i = 0; i < N; i++) {
        enum detect_class class = i % 2 == 0 ? DETECT_CLASS_MEMBER : DETECT_CLASS_VALUE;
        assert_null(detect_table_find(t, class, 1, name(names, i % 7), 0, name(names, i)));
        struct detect_entity *e =
            detect_table_add(t, class, 1, name(names, i % 7), 0, name(names, i));
        assert_non_null(e);
    }
    size_t bytes = detect_table_bytes(t);
    for (size_t i = 0; i < N; i += 3) {
        enum detect_class class = i % 2 == 0 ? DETECT_CLASS_MEMBER : DETECT_CLASS_VALUE;
        detect_table_remove(t,
                            detect_table_find(t, class, 1, name(names, i % 7), 0, name(names, i)));
    }
    assert_true(detect_table_bytes(t) < bytes);
    size_t left = 0;
    for (size_t i = 0; i < N; i++) {
        enum detect_class class = i % 2 == 0 ? DETECT_CLASS_MEMBER : DETECT_CLASS_VALUE;
        struct detect_entity *e =
            detect_table_find(t, class, 1, name(names, i % 7), 0, name(names, i));
        assert_int_equal(e == NULL, i % 3 == 0);
        left += e != NULL;
        assert_null(detect_table_find(t, class, 2, name(names, i % 7), 0, name(names, i)));
    }
    assert_int_equal(detect_table_count(t, DETECT_CLASS_MEMBER) +
                         detect_table_count(t, DETECT_CLASS_VALUE),
                     left);
    /* A free slot is used again before a new one. */
    size_t slots = detect_table_slots(t, DETECT_CLASS_MEMBER);
    assert_non_null(detect_table_add(t, DETECT_CLASS_MEMBER, 1, 0, 0, 0));
    assert_int_equal(detect_table_slots(t, DETECT_CLASS_MEMBER), slots);
    detect_table_free(t);
    detect_names_free(names);
}

/* A fetch ahead comes to the right entity but for a few whose tags are alike, and to none for most
 * that are not there. */
static void test_expect(void **state)
{
    (void)state;
    struct detect_names *names = detect_names_new((struct hash_key){1, 2});
    struct detect_table *t = detect_table_new(names, false);
    enum { N = 5000 };
    for (size_t i = 0; i < N; i++)
        assert_non_null(detect_table_add(t, DETECT_CLASS_MEMBER, 1, 0, name(names, i), 0));
    size_t right = 0;
    size_t none = 0;
    for (size_t i = 0; i < N; i++) {
        uint64_t there = detect_table_expect(t, DETECT_CLASS_MEMBER, 1, 0, name(names, i), 0);
        uint64_t absent = detect_table_expect(t, DETECT_CLASS_MEMBER, 2, 0, name(names, i), 0);
        right += detect_table_approach(t, there) ==
                 detect_table_find(t, DETECT_CLASS_MEMBER, 1, 0, name(names, i), 0);
        none += detect_table_approach(t, absent) == NULL;
    }
    assert_true(right > N * 19 / 20);
    assert_true(none > N * 19 / 20);
    detect_table_free(t);
    detect_names_free(names);
}

/* What is left after a flood is found where it is now, and the flood's room is given back. */
static void test_pack(void **state)
{
    (void)state;
    struct detect_names *names = detect_names_new((struct hash_key){1, 2});
    struct detect_table *t = detect_table_new(names, false);
    enum { N = 30000 };
    for (size_t i = 0; i < N; i++) {
        void *e = detect_table_add(t, DETECT_CLASS_MEMBER, 1, 0, name(names, i), 0);
        assert_non_null(e);
        ((struct detect_member *)e)->episode.run = (uint32_t)i;
        assert_non_null(detect_table_add(t, DETECT_CLASS_SCALE, 1, name(names, i), 0, 0));
    }
    for (size_t i = 0; i < N; i++) {
        if (i % 100 != 99)
            detect_table_remove(t,
                                detect_table_find(t, DETECT_CLASS_MEMBER, 1, 0, name(names, i), 0));
    }
    detect_table_pack(t);
    assert_int_equal(detect_table_slots(t, DETECT_CLASS_MEMBER), N / 100);
    assert_int_equal(detect_table_slots(t, DETECT_CLASS_SCALE), N);
    for (size_t i = 0; i < N; i++) {
        void *e = detect_table_find(t, DETECT_CLASS_MEMBER, 1, 0, name(names, i), 0);
        assert_int_equal(e != NULL, i % 100 == 99);
        if (e != NULL)
            assert_int_equal(((struct detect_member *)e)->episode.run, i);
        assert_non_null(detect_table_find(t, DETECT_CLASS_SCALE, 1, name(names, i), 0, 0));
    }
    assert_non_null(detect_table_add(t, DETECT_CLASS_MEMBER, 1, 0, name(names, 0), 0));
    assert_int_equal(detect_table_slots(t, DETECT_CLASS_MEMBER), N / 100 + 1);
    detect_table_free(t);
    detect_names_free(names);
}

/* Names of entities that are gone may go too. */
static void test_names_follow(void **state)
{
    (void)state;
    struct detect_names *names = detect_names_new((struct hash_key){1, 2});
    struct detect_table *t = detect_table_new(names, false);
    struct detect_entity *e = detect_table_add(t, DETECT_CLASS_MEMBER, 0, 0, name(names, 1), 0);
    detect_names_next_generation(names);
    detect_names_sweep(names, detect_names_generation(names));
    assert_int_equal(detect_names_count(names), 1);
    detect_table_remove(t, e);
    detect_names_next_generation(names);
    detect_names_sweep(names, detect_names_generation(names));
    assert_int_equal(detect_names_count(names), 0);
    detect_table_free(t);
    detect_names_free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_add_find_remove),
                                       cmocka_unit_test(test_expect), cmocka_unit_test(test_pack),
                                       cmocka_unit_test(test_names_follow)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
