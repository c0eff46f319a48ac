/* SPDX-License-Identifier: Apache-2.0 */
/* Events in time order: in memory, through temporary files, with ties, and on a full disk. */
#include "ingest/sort.h"

#include "base/arena.h"
#include "base/rng.h"
#include "event/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct check {
    ts_ns time;
    uint64_t sequence;
    uint32_t source;
    uint64_t n;
    uint64_t sum;
};

static void expect_order(void *ctx, struct event *e)
{
    struct check *c = ctx;
    if (c->n > 0) {
        assert_true(e->time >= c->time);
        if (e->time == c->time) {
            assert_true(e->source >= c->source);
            if (e->source == c->source)
                assert_true(e->sequence > c->sequence);
        }
    }
    c->time = e->time;
    c->source = e->source;
    c->sequence = e->sequence;
    c->n++;
    c->sum += (uint64_t)event_i64(e, EVENT_F_SOURCE_BYTES, 0);
    assert_int_equal(strlen(event_str(e, EVENT_F_MESSAGE, "")), e->sequence % 300);
}

static uint64_t fill(struct ingest_sort *s, unsigned n, bool in_order)
{
    struct arena arena;
    struct rng r;
    char text[300];
    uint64_t sum = 0;
    memset(text, 'x', sizeof(text));
    arena_init(&arena, 0);
    rng_init(&r, 9);
    for (unsigned i = 0; i < n; i++) {
        struct event e;
        event_init(&e, &arena, in_order ? i / 3 : (ts_ns)rng_below(&r, 5000) - 100);
        e.sequence = i;
        e.source = in_order ? 0 : (uint32_t)rng_below(&r, 3);
        event_set_i64(&e, EVENT_F_SOURCE_BYTES, (int64_t)rng_below(&r, 1000));
        event_set_str(&e, EVENT_F_MESSAGE, text, i % 300);
        sum += (uint64_t)event_i64(&e, EVENT_F_SOURCE_BYTES, 0);
        assert_int_equal(ingest_sort_add(s, &e), ERR_NONE);
        arena_clear(&arena);
    }
    arena_release(&arena);
    return sum;
}

static void sort_with(size_t memory, unsigned n, bool in_order, unsigned least_runs)
{
    struct ingest_sort *s = ingest_sort_new(memory, NULL);
    struct check c = {0};
    uint64_t bytes;
    assert_non_null(s);
    uint64_t sum = fill(s, n, in_order);
    assert_int_equal(ingest_sort_count(s), n);
    assert_int_equal(ingest_sort_drain(s, expect_order, &c), ERR_NONE);
    assert_int_equal(c.n, n);
    assert_int_equal(c.sum, sum);
    assert_true(ingest_sort_runs(s, &bytes) >= least_runs);
    assert_true((bytes > 0) == (least_runs > 0));
    ingest_sort_free(s);
}

static void in_memory(void **state)
{
    (void)state;
    sort_with(64 << 20, 20000, false, 0);
    sort_with(64 << 20, 20000, true, 0);
    sort_with(0, 0, true, 0);
}

static void through_files(void **state)
{
    (void)state;
    sort_with(1, 40000, false, 8);
    sort_with(1, 40000, true, 8);
    sort_with(1, 200000, false, 514); /* more files than are merged at once */
}

static void a_folder_that_takes_nothing_is_told(void **state)
{
    (void)state;
    struct ingest_sort *s = ingest_sort_new(1, "/nowhere/at/all");
    struct arena arena;
    struct event e;
    enum err code = ERR_NONE;
    arena_init(&arena, 0);
    for (int i = 0; i < 100000 && code == ERR_NONE; i++) {
        event_init(&e, &arena, i);
        code = ingest_sort_add(s, &e);
        arena_clear(&arena);
    }
    assert_int_equal(code, ERR_IO);
    arena_release(&arena);
    ingest_sort_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_memory),
        cmocka_unit_test(through_files),
        cmocka_unit_test(a_folder_that_takes_nothing_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
