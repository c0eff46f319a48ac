/* SPDX-License-Identifier: Apache-2.0 */
#include "find/top.h"

#include "base/rng.h"
#include "cmocka_head.h"
#include "format/node.h"

#include <stdlib.h>
#include <string.h>

#define N 3000

struct row {
    int64_t bytes; /* -1: none */
    uint64_t order;
};

static int compare(const void *a, const void *b)
{
    const struct row *x = a;
    const struct row *y = b;
    if (x->bytes != y->bytes) {
        /* Greatest first, those without last. */
        if (x->bytes < 0 || y->bytes < 0)
            return x->bytes < 0 ? 1 : -1;
        return x->bytes > y->bytes ? -1 : 1;
    }
    return (x->order > y->order) - (x->order < y->order);
}

static void add(struct find_top *t, const struct row *r, bool placed)
{
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, (ts_ns)r->order);
    e.sequence = r->order;
    if (r->bytes >= 0)
        event_set_i64(&e, EVENT_F_SOURCE_BYTES, r->bytes);
    const struct find_doc doc = {.e = &e};
    struct event_value v = {.type = EVENT_NULL};
    if (r->bytes >= 0)
        v = event_value_i64(r->bytes);
    assert_true(placed ? find_top_place(t, &v, e.time, 0, e.sequence) : find_top_add(t, &doc));
    arena_release(&arena);
}

/* Pages by search_after, each from all rows in random order, are the rows sorted at once. */
static void test_pages(void **state)
{
    (void)state;
    static const char text[] = "[{\"source.bytes\":\"desc\"}]";
    static struct row rows[N];
    struct arena arena;
    struct format_node *node;
    struct find_sort sort;
    struct err_text why;
    struct rng rng;
    rng_init(&rng, 9);
    arena_init(&arena, 0);
    assert_int_equal(format_node_json(text, strlen(text), "sort", &node, &why), ERR_NONE);
    assert_int_equal(find_sort_parse(node, &arena, &sort, NULL), ERR_NONE);
    for (uint64_t i = 0; i < N; i++)
        rows[i] =
            (struct row){rng_below(&rng, 10) > 0 ? (int64_t)rng_below(&rng, 1000000) : -1, i + 1};
    static struct row sorted[N];
    memcpy(sorted, rows, sizeof(rows));
    qsort(sorted, N, sizeof(sorted[0]), compare);
    for (size_t limit = 0; limit <= 700; limit += 350) {
        struct find_top *t = find_top_new(&sort, NULL, limit);
        assert_non_null(t);
        size_t n;
        for (size_t i = 0; i < N; i++)
            add(t, &rows[i], i % 2 > 0);
        const struct find_candidate *list = find_top_list(t, &n);
        assert_int_equal(n, limit);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(list[i].order, sorted[i].order);
        assert_ptr_equal(find_top_list(t, &n), list);
        find_top_free(t);
    }
    /* After the hundredth, whatever its equals. */
    const struct event_value after = event_value_i64(sorted[99].bytes);
    struct find_top *t = find_top_new(&sort, &after, 5);
    size_t n;
    for (size_t i = 0; i < N; i++)
        add(t, &rows[i], false);
    const struct find_candidate *list = find_top_list(t, &n);
    assert_int_equal(n, 5);
    for (size_t i = 0; i < n; i++)
        assert_true(list[i].values[0].i < sorted[99].bytes);
    find_top_free(t);
    find_top_free(NULL);
    format_node_free(node);
    arena_release(&arena);
}

static void test_beyond(void **state)
{
    (void)state;
    static const char text[] = "[\"_score\",{\"@timestamp\":\"asc\"},\"_doc\"]";
    struct arena arena;
    struct format_node *node;
    struct find_sort sort;
    struct err_text why;
    arena_init(&arena, 0);
    assert_int_equal(format_node_json(text, strlen(text), "sort", &node, &why), ERR_NONE);
    assert_int_equal(find_sort_parse(node, &arena, &sort, NULL), ERR_NONE);
    struct find_top *t = find_top_new(&sort, NULL, 2);
    for (uint64_t i = 0; i < 4; i++) {
        struct event e;
        event_init(&e, &arena, (ts_ns)i / 2 * TIME_MS + (ts_ns)i);
        e.sequence = i;
        const struct find_doc doc = {.e = &e};
        /* The second millisecond is beyond the two of the first. */
        assert_int_equal(find_top_beyond(t, &doc), i >= 2);
        assert_true(find_top_add(t, &doc));
    }
    find_top_free(t);
    format_node_free(node);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pages), cmocka_unit_test(test_beyond)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
