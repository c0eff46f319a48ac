/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/names.h"

#include "base/rng.h"
#include "cmocka_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct bytes text(char *out, size_t n)
{
    return bytes_make(out, (size_t)snprintf(out, 32, "name-%zu", n));
}

static void test_find_and_sweep(void **state)
{
    (void)state;
    struct detect_names *t = detect_names_new((struct hash_key){3, 4});
    enum { N = 5000 };
    uint32_t *ids = calloc(N, sizeof(*ids));
    char s[32];
    for (size_t i = 0; i < N; i++) {
        ids[i] = detect_names_put(t, text(s, i));
        assert_int_not_equal(ids[i], 0);
        if (i % 3 == 0)
            detect_names_ref(t, ids[i]);
    }
    for (size_t i = 0; i < N; i++)
        assert_int_equal(detect_names_put(t, text(s, i)), ids[i]);
    detect_names_next_generation(t);
    uint32_t open = detect_names_generation(t);
    for (size_t i = 0; i < N; i += 5)
        (void)detect_names_put(t, text(s, i));
    detect_names_sweep(t, open);
    for (size_t i = 0; i < N; i++) {
        uint32_t id = detect_names_find(t, text(s, i));
        assert_int_equal(id, i % 3 == 0 || i % 5 == 0 ? ids[i] : 0);
        if (id != 0)
            assert_true(bytes_equal(detect_names_text(t, id), text(s, i)));
    }
    for (size_t i = 0; i < N; i += 3)
        detect_names_unref(t, ids[i]);
    detect_names_next_generation(t);
    detect_names_sweep(t, detect_names_generation(t));
    assert_int_equal(detect_names_count(t), 0);
    assert_int_equal(detect_names_next(t, 0), 0);
    free(ids);
    detect_names_free(t);
}

static void test_texts_of_every_length(void **state)
{
    (void)state;
    struct detect_names *t = detect_names_new((struct hash_key){3, 4});
    char s[17] = "0123456789abcdef";
    uint32_t ids[sizeof(s)];
    for (size_t n = 0; n < sizeof(s); n++) {
        ids[n] = detect_names_put(t, bytes_make(s, n));
        assert_int_not_equal(ids[n], 0);
    }
    for (size_t n = 0; n < sizeof(s); n++) {
        assert_true(bytes_equal(detect_names_text(t, ids[n]), bytes_make(s, n)));
        assert_int_equal(detect_names_find(t, bytes_make(s, n)), ids[n]);
    }
    detect_names_free(t);
}

static void test_long_values_are_cut(void **state)
{
    (void)state;
    struct detect_names *t = detect_names_new((struct hash_key){3, 4});
    char *s = malloc(3 * DETECT_NAME_MAX);
    memset(s, 'x', 3 * DETECT_NAME_MAX);
    memcpy(s + DETECT_NAME_MAX - 1, "\xc3\xa9", 2); /* the cut falls inside a character */
    uint32_t id = detect_names_put(t, bytes_make(s, 3 * DETECT_NAME_MAX));
    assert_int_equal(detect_names_text(t, id).n, DETECT_NAME_MAX - 1);
    assert_int_equal(detect_names_put(t, bytes_make(s, 2 * DETECT_NAME_MAX)), id);
    assert_int_equal(detect_names_text(t, 0).n, 0);
    free(s);
    detect_names_free(t);
}

/* What is known is found and kept for another generation; what is not is not made. */
static void test_find_makes_nothing(void **state)
{
    (void)state;
    struct detect_names *t = detect_names_new((struct hash_key){3, 4});
    char s[32];
    uint32_t id = detect_names_put(t, text(s, 1));
    detect_names_next_generation(t);
    assert_int_equal(detect_names_find(t, text(s, 2)), 0);
    assert_int_equal(detect_names_find(t, text(s, 1)), id);
    detect_names_sweep(t, detect_names_generation(t));
    assert_int_equal(detect_names_count(t), 1);
    detect_names_free(t);
}

/* A flood of names goes without a trace, those that were there before keep their numbers. */
static void test_flood_goes(void **state)
{
    (void)state;
    struct detect_names *t = detect_names_new((struct hash_key){3, 4});
    enum { OLD = 100, N = 50000 };
    char s[32];
    for (size_t i = 0; i < OLD; i++)
        detect_names_ref(t, detect_names_put(t, text(s, i)));
    size_t before = detect_names_bytes(t);
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = OLD; i < N; i++)
            assert_int_not_equal(detect_names_put(t, text(s, i)), 0);
        assert_true(detect_names_bytes(t) > before + N * 40);
        detect_names_next_generation(t);
        detect_names_sweep(t, detect_names_generation(t));
        assert_int_equal(detect_names_bytes(t), before);
        for (size_t i = 0; i < OLD; i++)
            assert_int_equal(detect_names_find(t, text(s, i)), i + 1);
        detect_names_next_generation(t);
    }
    detect_names_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find_and_sweep), cmocka_unit_test(test_texts_of_every_length),
        cmocka_unit_test(test_long_values_are_cut), cmocka_unit_test(test_find_makes_nothing),
        cmocka_unit_test(test_flood_goes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
