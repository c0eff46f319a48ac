/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "cmocka_head.h"
#include <string.h>

static void pieces_do_not_overlap(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 128);
    unsigned char *p[200];
    for (unsigned i = 0; i < 200; i++) {
        p[i] = arena_alloc(&a, i);
        assert_non_null(p[i]);
        assert_int_equal((uintptr_t)p[i] % 8, 0);
        memset(p[i], (int)i, i);
    }
    for (unsigned i = 0; i < 200; i++)
        for (unsigned k = 0; k < i; k++)
            assert_int_equal(p[i][k], i);
    assert_true(a.used >= 199 * 100);
    arena_clear(&a);
    assert_int_equal(a.used, 0);
    arena_release(&a);
}

static void copies_are_terminated(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 0);
    assert_string_equal(arena_strndup(&a, "weirdo", 4), "weir");
    assert_string_equal(arena_strndup(&a, NULL, 0), "");
    const char *zero = arena_zero(&a, 64);
    for (int i = 0; i < 64; i++)
        assert_int_equal(zero[i], 0);
    assert_memory_equal(arena_copy(&a, "ab\0c", 4), "ab\0c", 4);
    arena_release(&a);
}

static void impossible_sizes_fail(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 0);
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_strndup(&a, "", SIZE_MAX));
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_do_not_overlap),
        cmocka_unit_test(copies_are_terminated),
        cmocka_unit_test(impossible_sizes_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
