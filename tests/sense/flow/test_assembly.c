/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/assembly.h"

#include "base/rng.h"

#include "cmocka_head.h"
#include <stdlib.h>
#include <string.h>

struct heard {
    uint8_t bytes[70000];
    bool known[70000];
    size_t n; /* given, holes included */
    size_t gaps;
    bool closed;
    size_t stop_at; /* wants no more from here on; 0 = never */
};

static bool hear_data(void *ctx, ts_ns ts, struct bytes b)
{
    (void)ts;
    struct heard *h = ctx;
    assert_false(h->closed);
    assert_true(b.n > 0 && h->n + b.n <= sizeof(h->bytes));
    memcpy(h->bytes + h->n, b.p, b.n);
    memset(h->known + h->n, 1, b.n);
    h->n += b.n;
    return h->stop_at == 0 || h->n < h->stop_at;
}

static bool hear_gap(void *ctx, ts_ns ts, uint64_t missing)
{
    (void)ts;
    struct heard *h = ctx;
    assert_true(missing > 0);
    h->n += missing;
    h->gaps++;
    return true;
}

static bool hear_close(void *ctx, ts_ns ts)
{
    (void)ts;
    struct heard *h = ctx;
    assert_false(h->closed);
    h->closed = true;
    return true;
}

static struct flow_assembly_sink sink_of(struct heard *h)
{
    return (struct flow_assembly_sink){h, hear_data, hear_gap, hear_close};
}

static struct bytes text(const char *s)
{
    return bytes_make(s, strlen(s));
}

static void push(struct flow_assembly *a, struct flow_assembly_pool *pool, struct heard *h,
                 uint32_t seq, const char *s, bool fin)
{
    struct flow_assembly_sink sink = sink_of(h);
    assert_true(flow_assembly_push(a, pool, 0, seq, text(s), strlen(s), fin, &sink));
}

static void gives_in_order(void **state)
{
    (void)state;
    struct heard *h = calloc(1, sizeof(*h));
    struct flow_assembly_pool pool;
    struct flow_assembly a;
    flow_assembly_pool_init(&pool, 10000, 5000);
    flow_assembly_init(&a);
    flow_assembly_begin(&a, 0xfffffffe); /* the numbers wrap */
    push(&a, &pool, h, 2, "ef", true);
    push(&a, &pool, h, 0, "cd", false);
    assert_int_equal(h->n, 0);
    push(&a, &pool, h, 0xfffffffe, "ab", false);
    assert_int_equal(h->n, 6);
    assert_memory_equal(h->bytes, "abcdef", 6);
    assert_true(h->closed);
    assert_int_equal(pool.budget.used, 0);
    flow_assembly_release(&a, &pool);
    free(h);
}

static void the_first_bytes_stand(void **state)
{
    (void)state;
    struct heard *h = calloc(1, sizeof(*h));
    struct flow_assembly_pool pool;
    struct flow_assembly a;
    flow_assembly_pool_init(&pool, 10000, 5000);
    flow_assembly_init(&a);
    flow_assembly_begin(&a, 100);
    push(&a, &pool, h, 103, "BBB", false);
    push(&a, &pool, h, 101, "cccccccc", false); /* around it */
    push(&a, &pool, h, 100, "a", false);
    assert_int_equal(h->n, 9);
    assert_memory_equal(h->bytes, "accBBBccc", 9);
    push(&a, &pool, h, 104, "xxxxxxy", false);
    assert_int_equal(h->n, 11);
    assert_memory_equal(h->bytes, "accBBBcccxy", 11);
    assert_int_equal(pool.repeated_bytes, 3 + 5);
    flow_assembly_release(&a, &pool);
    free(h);
}

static void an_acknowledged_hole_is_given_up(void **state)
{
    (void)state;
    struct heard *h = calloc(1, sizeof(*h));
    struct flow_assembly_sink sink = sink_of(h);
    struct flow_assembly_pool pool;
    struct flow_assembly a;
    flow_assembly_pool_init(&pool, 10000, 5000);
    flow_assembly_init(&a);
    flow_assembly_begin(&a, 0);
    push(&a, &pool, h, 10, "later", false);
    assert_true(flow_assembly_acked(&a, &pool, TIME_MS, 15, &sink)); /* may be overtaking */
    assert_int_equal(h->n, 0);
    assert_true(flow_assembly_acked(&a, &pool, TIME_S, 5, &sink)); /* not the whole hole */
    assert_int_equal(h->n, 0);
    assert_true(flow_assembly_acked(&a, &pool, TIME_S, 15, &sink));
    assert_int_equal(h->n, 15);
    assert_int_equal(h->gaps, 1);
    assert_int_equal(pool.gap_bytes, 10);
    flow_assembly_release(&a, &pool);
    free(h);
}

static void what_the_capture_cut_is_a_gap(void **state)
{
    (void)state;
    struct heard *h = calloc(1, sizeof(*h));
    struct flow_assembly_sink sink = sink_of(h);
    struct flow_assembly_pool pool;
    struct flow_assembly a;
    flow_assembly_pool_init(&pool, 10000, 5000);
    flow_assembly_init(&a);
    flow_assembly_begin(&a, 0);
    assert_true(flow_assembly_push(&a, &pool, 0, 0, text("abc"), 10, false, &sink));
    push(&a, &pool, h, 10, "def", false);
    assert_int_equal(h->n, 13);
    assert_int_equal(h->gaps, 1);
    assert_memory_equal(h->bytes + 10, "def", 3);
    flow_assembly_release(&a, &pool);
    free(h);
}

static void budgets_hold(void **state)
{
    (void)state;
    struct heard *h = calloc(1, sizeof(*h));
    struct flow_assembly_sink sink = sink_of(h);
    struct flow_assembly_pool pool;
    struct flow_assembly a;
    flow_assembly_pool_init(&pool, 1000, 5000);
    flow_assembly_init(&a);
    flow_assembly_begin(&a, 0);
    char data[100];
    memset(data, 'x', sizeof(data));
    for (uint32_t i = 0; i < 300; i++) {
        assert_true(flow_assembly_push(&a, &pool, 0, 100 + 200 * i, bytes_make(data, 100), 100,
                                       false, &sink));
        assert_true(pool.budget.used <= 1000);
    }
    assert_true(pool.refused > 0);
    assert_true(flow_assembly_finish(&a, &pool, 0, &sink));
    assert_int_equal(h->n, 300 * 200);
    assert_int_equal(pool.budget.used, 0);
    flow_assembly_release(&a, &pool);
    free(h);
}

static void stops_when_told(void **state)
{
    (void)state;
    struct heard *h = calloc(1, sizeof(*h));
    h->stop_at = 3;
    struct flow_assembly_sink sink = sink_of(h);
    struct flow_assembly_pool pool;
    struct flow_assembly a;
    flow_assembly_pool_init(&pool, 1000, 500);
    flow_assembly_init(&a);
    flow_assembly_begin(&a, 0);
    push(&a, &pool, h, 2, "cd", false);
    push(&a, &pool, h, 4, "ef", false);
    assert_false(flow_assembly_push(&a, &pool, 0, 0, text("ab"), 2, false, &sink));
    assert_int_equal(h->n, 4);
    flow_assembly_release(&a, &pool);
    assert_int_equal(pool.budget.used, 0);
    free(h);
}

/* Any order, overlaps, repetitions, tiny budgets: what is given is true and in its place. */
static void random_segments(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 42);
    struct heard *h = malloc(sizeof(*h));
    for (int round = 0; round < 500; round++) {
        memset(h, 0, sizeof(*h));
        uint8_t truth[3000];
        for (size_t i = 0; i < sizeof(truth); i++)
            truth[i] = (uint8_t)rng_u64(&r);
        uint32_t base = (uint32_t)rng_u64(&r);
        bool tight = rng_below(&r, 2) == 0;
        struct flow_assembly_pool pool;
        struct flow_assembly a;
        struct flow_assembly_sink sink = sink_of(h);
        flow_assembly_pool_init(&pool, tight ? 2000 : 1000000, tight ? 1000 : 500000);
        flow_assembly_init(&a);
        flow_assembly_begin(&a, base);
        bool sent[3000] = {false};
        for (int i = 0; i < 200; i++) {
            size_t at = rng_below(&r, sizeof(truth));
            size_t n = rng_below(&r, 120);
            if (n > sizeof(truth) - at)
                n = sizeof(truth) - at;
            if (at + n < h->n) /* all given */
                continue;
            for (size_t j = at; j < at + n; j++)
                sent[j] = true;
            assert_true(flow_assembly_push(&a, &pool, i * TIME_MS, base + (uint32_t)at,
                                           bytes_make(truth + at, n), n, false, &sink));
            if (rng_below(&r, 10) == 0)
                assert_true(flow_assembly_acked(&a, &pool, i * TIME_MS,
                                                base + (uint32_t)rng_below(&r, 3000), &sink));
        }
        assert_true(flow_assembly_finish(&a, &pool, 0, &sink));
        for (size_t i = 0; i < h->n; i++)
            if (h->known[i])
                assert_int_equal(h->bytes[i], truth[i]);
        if (!tight && h->gaps == 0)
            for (size_t i = 0; i < h->n; i++)
                assert_true(sent[i]);
        assert_int_equal(pool.budget.used, 0);
        flow_assembly_release(&a, &pool);
    }
    free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_in_order),
        cmocka_unit_test(the_first_bytes_stand),
        cmocka_unit_test(an_acknowledged_hole_is_given_up),
        cmocka_unit_test(what_the_capture_cut_is_a_gap),
        cmocka_unit_test(budgets_hold),
        cmocka_unit_test(stops_when_told),
        cmocka_unit_test(random_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
