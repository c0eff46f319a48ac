/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include "cmocka_head.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

static void sizes_are_checked(void **state)
{
    (void)state;
    assert_null(mem_resize(NULL, SIZE_MAX / 2, 4));
    assert_null(mem_zero(SIZE_MAX / 2, 4));
    assert_null(mem_zero(SIZE_MAX / 2, 4));
    assert_null(mem_strndup("", SIZE_MAX));
    void *p = mem_alloc(0);
    assert_non_null(p);
    mem_free(p);
}

static void arrays_grow(void **state)
{
    (void)state;
    int *numbers = NULL;
    size_t cap = 0;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(mem_grow((void **)&numbers, &cap, (size_t)i + 1, sizeof(*numbers)), 0);
        numbers[i] = i;
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(numbers[i], i);
    size_t before = cap;
    assert_int_equal(mem_grow((void **)&numbers, &cap, SIZE_MAX, sizeof(*numbers)), -1);
    assert_int_equal(cap, before);
    mem_free(numbers);
    char *s = mem_strdup("weir");
    assert_string_equal(s, "weir");
    mem_free(s);
}

/* What is charged for a piece is no less than what the allocator gave, its header included. */
static void costs_are_charged(void **state)
{
    (void)state;
    for (size_t n = 0; n < 3000; n++) {
        void *p = mem_alloc(n);
        assert_non_null(p);
        assert_true(mem_cost(n) >= malloc_usable_size(p) + sizeof(size_t));
        assert_true(mem_cost(n) <= n + 32);
        mem_free(p);
    }
}

static long resident_pages(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%*d %ld", &pages), 1);
    fclose(f);
    return pages;
}

/* What was freed in many small pieces is given back. */
static void trims(void **state)
{
    (void)state;
    enum { PIECES = 40000, SIZE = 1000 };
    static void *pieces[PIECES];
    for (int i = 0; i < PIECES; i++) {
        pieces[i] = mem_alloc(SIZE);
        assert_non_null(pieces[i]);
        memset(pieces[i], 1, SIZE);
    }
    for (int i = 0; i < PIECES - 1; i++) /* the last one keeps the top of the heap */
        mem_free(pieces[i]);
    long before = resident_pages();
    mem_trim();
    long after = resident_pages();
    mem_free(pieces[PIECES - 1]);
#if !defined(WEIR_ASAN) && !defined(__SANITIZE_THREAD__) /* their allocators keep what is freed */
    assert_true(before - after > PIECES * (long)SIZE / 2 / 4096);
#else
    (void)(before - after);
#endif
}

/* A large array that goes leaves nothing behind, also when others went before it. */
static void large_arrays_leave_no_hole(void **state)
{
    (void)state;
    enum { TIMES = 4, SIZE = 8 << 20 };
    mem_map_large();
    for (int i = 0; i < TIMES; i++) {
        void *p = mem_alloc(SIZE);
        void *above = mem_alloc(100); /* keeps the top of the heap */
        assert_non_null(p);
        assert_non_null(above);
        memset(p, 1, SIZE);
        long before = resident_pages();
        mem_free(p);
#if !defined(WEIR_ASAN) && !defined(__SANITIZE_THREAD__) /* their allocators keep what is freed */
        assert_true(before - resident_pages() > SIZE / 2 / 4096);
#else
        (void)before;
#endif
        mem_free(above);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_checked),          cmocka_unit_test(arrays_grow),
        cmocka_unit_test(costs_are_charged),          cmocka_unit_test(trims),
        cmocka_unit_test(large_arrays_leave_no_hole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
