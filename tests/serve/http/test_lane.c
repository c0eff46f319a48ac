/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_head.h"

#include "base/clock.h"
#include "http/lane.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static int items[64];

/* What pop() gives, which must be there at once. */
static int take(struct http_lanes *l, enum http_lane *out)
{
    const int *item = http_lane_pop(l, out);
    assert_non_null(item);
    return *item;
}

static void fill(struct http_lanes *l, enum http_lane lane, int n)
{
    for (int i = 0; i < n; i++)
        assert_true(http_lane_push(l, lane, &items[i]));
}

static void in_order_and_no_more_than_there_is_place(void **state)
{
    struct http_lanes *l = http_lane_new(4, 3);
    struct http_lane_counts counts[HTTP_LANES];
    enum http_lane lane;
    (void)state;
    for (int round = 0; round < 5; round++) {
        fill(l, HTTP_LANE_SHORT, 3);
        assert_false(http_lane_push(l, HTTP_LANE_SHORT, &items[3]));
        assert_true(http_lane_push(l, HTTP_LANE_LONG, &items[9])); /* a queue of its own */
        http_lane_count(l, counts);
        assert_int_equal(counts[HTTP_LANE_SHORT].waiting, 3);
        assert_int_equal(counts[HTTP_LANE_LONG].waiting, 1);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(take(l, &lane), i);
            assert_int_equal(lane, HTTP_LANE_SHORT);
            http_lane_done(l, lane);
        }
        assert_int_equal(take(l, &lane), 9);
        assert_int_equal(lane, HTTP_LANE_LONG);
        http_lane_done(l, lane);
    }
    http_lane_free(l);
}

/* Whatever the others do, each lane gets the threads that are kept for it, and the long ones no
 * more than half. */
static void shares(void **state)
{
    static const struct {
        unsigned threads, least, most_long;
    } pools[] = {{4, 1, 2}, {5, 1, 2}, {16, 2, 8}, {33, 4, 16}};
    (void)state;
    for (size_t p = 0; p < sizeof(pools) / sizeof(pools[0]); p++) {
        for (int first = 0; first < HTTP_LANES; first++) {
            struct http_lanes *l = http_lane_new(pools[p].threads, 64);
            struct http_lane_counts counts[HTTP_LANES];
            enum http_lane lane;
            fill(l, (enum http_lane)first, 64);
            /* One is kept for those that take turns, which two at most do. */
            unsigned least = first == HTTP_LANE_TURN ? 1 : pools[p].least;
            unsigned most = pools[p].threads - (3 * pools[p].least + 1 - least);
            if (first == HTTP_LANE_TURN && most > 2)
                most = 2;
            if (first == HTTP_LANE_LONG && most > pools[p].most_long)
                most = pools[p].most_long;
            for (unsigned i = 0; i < most; i++) {
                take(l, &lane);
                assert_int_equal(lane, first);
            }
            /* The next thread is for somebody else, each time. */
            for (unsigned i = 0; i < pools[p].least; i++)
                for (int other = 0; other < HTTP_LANES; other++) {
                    if (other == first || (other == HTTP_LANE_TURN && i > 0))
                        continue;
                    fill(l, (enum http_lane)other, 1);
                    take(l, &lane);
                    assert_int_equal(lane, other);
                }
            http_lane_count(l, counts);
            assert_int_equal(counts[first].running, most);
            assert_int_equal(counts[first].waiting, 64 - most);
            http_lane_free(l);
        }
    }
}

struct worker {
    struct http_lanes *l;
    _Atomic int *done;
};

static void *work(void *ctx)
{
    struct worker *w = ctx;
    enum http_lane lane;
    while (http_lane_pop(w->l, &lane) != NULL) {
        http_lane_done(w->l, lane);
        atomic_fetch_add(w->done, 1);
    }
    return NULL;
}

/* Nobody sleeps while there is something that may run, and closing ends them all. */
static void many_threads(void **state)
{
    pthread_t threads[8];
    _Atomic int done = 0;
    struct worker w = {http_lane_new(8, 16), &done};
    int pushed = 0;
    (void)state;
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &w), 0);
    while (pushed < 30000)
        pushed += http_lane_push(w.l, (enum http_lane)(pushed % HTTP_LANES), &items[0]);
    ts_ns end = clock_steady() + 20 * TIME_S;
    while (atomic_load(&done) < pushed && clock_steady() < end)
        (void)poll(NULL, 0, 1);
    assert_int_equal(atomic_load(&done), pushed);
    http_lane_close(w.l);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    assert_false(http_lane_push(w.l, HTTP_LANE_SHORT, &items[0]));
    http_lane_free(w.l);
}

/* At the end what waits is taken, even by more threads than its share is. */
static void closing(void **state)
{
    struct http_lanes *l = http_lane_new(4, 8);
    enum http_lane lane;
    (void)state;
    fill(l, HTTP_LANE_LONG, 4);
    http_lane_close(l);
    for (int i = 0; i < 4; i++)
        assert_int_equal(take(l, &lane), i);
    assert_null(http_lane_pop(l, &lane));
    http_lane_free(l);
    http_lane_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order_and_no_more_than_there_is_place),
        cmocka_unit_test(shares),
        cmocka_unit_test(many_threads),
        cmocka_unit_test(closing),
    };
    for (int i = 0; i < 64; i++)
        items[i] = i;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
