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
    struct http_lane_place place;
    const int *item = http_lane_pop(l, &place);
    assert_non_null(item);
    *out = place.lane;
    return *item;
}

/* Of nobody in particular. */
static bool push(struct http_lanes *l, enum http_lane lane, int *item)
{
    return http_lane_push(l, (struct http_lane_place){lane, 0}, item);
}

static void done(struct http_lanes *l, enum http_lane lane)
{
    http_lane_done(l, (struct http_lane_place){lane, 0});
}

static void fill(struct http_lanes *l, enum http_lane lane, int n)
{
    for (int i = 0; i < n; i++)
        assert_true(push(l, lane, &items[i]));
}

static void in_order_and_no_more_than_there_is_place(void **state)
{
    struct http_lanes *l = http_lane_new(4, 3);
    struct http_lane_counts counts[HTTP_LANES];
    enum http_lane lane;
    (void)state;
    for (int round = 0; round < 5; round++) {
        fill(l, HTTP_LANE_SHORT, 3);
        assert_false(push(l, HTTP_LANE_SHORT, &items[3]));
        assert_true(push(l, HTTP_LANE_LONG, &items[9])); /* a queue of its own */
        http_lane_count(l, counts);
        assert_int_equal(counts[HTTP_LANE_SHORT].waiting, 3);
        assert_int_equal(counts[HTTP_LANE_LONG].waiting, 1);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(take(l, &lane), i);
            assert_int_equal(lane, HTTP_LANE_SHORT);
            done(l, lane);
        }
        assert_int_equal(take(l, &lane), 9);
        assert_int_equal(lane, HTTP_LANE_LONG);
        done(l, lane);
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

/* One who asks much holds up his own requests: threads and places are there for others. */
static void nobody_takes_all(void **state)
{
    enum { MUCH = 11, LITTLE = 22, OTHER = 33 };
    const struct http_lane_place much = {HTTP_LANE_LONG, MUCH}, little = {HTTP_LANE_LONG, LITTLE},
                                 other = {HTTP_LANE_LONG, OTHER};
    struct http_lanes *l = http_lane_new(8, 12);
    struct http_lane_place place;
    enum http_lane lane;
    (void)state;
    for (int i = 0; i < 6; i++)
        assert_true(http_lane_push(l, much, &items[i]));
    assert_false(http_lane_push(l, much, &items[6])); /* half of twelve */
    for (int i = 0; i < 3; i++)
        assert_int_equal(take(l, &lane), i);
    assert_true(http_lane_push(l, much, &items[6]));
    assert_true(http_lane_push(l, little, &items[20]));
    assert_true(http_lane_push(l, little, &items[21]));
    assert_true(http_lane_push(l, other, &items[30]));
    assert_int_equal(take(l, &lane), 20); /* the lane's last one, for who has none */
    http_lane_done(l, much);
    assert_int_equal(take(l, &lane), 30); /* who has none goes before who came first */
    http_lane_done(l, much);
    http_lane_done(l, much);
    assert_int_equal(take(l, &lane), 3); /* who has none: the oldest */
    http_lane_done(l, little);
    assert_int_equal(*(int *)http_lane_pop(l, &place), 21);
    assert_int_equal(place.who, LITTLE);
    http_lane_free(l);
}

/* Whoever has the others does not get a lane's last thread, but for the end. */
static void the_last_one_stays_free(void **state)
{
    static const struct {
        enum http_lane lane;
        unsigned others;
    } cases[] = {
        {HTTP_LANE_SHORT, 10}, {HTTP_LANE_TURN, 1}, {HTTP_LANE_WRITE, 10}, {HTTP_LANE_LONG, 7}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct http_lane_place much = {cases[i].lane, 11}, other = {cases[i].lane, 22};
        struct http_lanes *l = http_lane_new(16, 64);
        struct http_lane_counts counts[HTTP_LANES];
        enum http_lane lane;
        for (int k = 0; k < 30; k++)
            assert_true(http_lane_push(l, much, &items[k]));
        for (unsigned k = 0; k < cases[i].others; k++)
            assert_int_equal(take(l, &lane), k);
        assert_true(http_lane_push(l, other, &items[40]));
        assert_int_equal(take(l, &lane), 40);
        http_lane_done(l, other);
        /* Nothing may run but what comes of another lane. */
        enum http_lane elsewhere =
            cases[i].lane == HTTP_LANE_SHORT ? HTTP_LANE_LONG : HTTP_LANE_SHORT;
        assert_true(push(l, elsewhere, &items[50]));
        assert_int_equal(take(l, &lane), 50);
        http_lane_count(l, counts);
        assert_int_equal(counts[cases[i].lane].running, cases[i].others);
        http_lane_close(l);
        assert_int_equal(take(l, &lane), cases[i].others);
        http_lane_free(l);
    }
}

struct worker {
    struct http_lanes *l;
    _Atomic int *done;
};

static void *work(void *ctx)
{
    struct worker *w = ctx;
    struct http_lane_place place;
    while (http_lane_pop(w->l, &place) != NULL) {
        http_lane_done(w->l, place);
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
        pushed += push(w.l, (enum http_lane)(pushed % HTTP_LANES), &items[0]);
    ts_ns end = clock_steady() + 20 * TIME_S;
    while (atomic_load(&done) < pushed && clock_steady() < end)
        (void)poll(NULL, 0, 1);
    assert_int_equal(atomic_load(&done), pushed);
    http_lane_close(w.l);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    assert_false(push(w.l, HTTP_LANE_SHORT, &items[0]));
    http_lane_free(w.l);
}

/* At the end what waits is taken, even by more threads than its share is. */
static void closing(void **state)
{
    struct http_lanes *l = http_lane_new(4, 8);
    struct http_lane_place place;
    enum http_lane lane;
    (void)state;
    fill(l, HTTP_LANE_LONG, 4);
    http_lane_close(l);
    for (int i = 0; i < 4; i++)
        assert_int_equal(take(l, &lane), i);
    assert_null(http_lane_pop(l, &place));
    http_lane_free(l);
    http_lane_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order_and_no_more_than_there_is_place),
        cmocka_unit_test(shares),
        cmocka_unit_test(nobody_takes_all),
        cmocka_unit_test(the_last_one_stays_free),
        cmocka_unit_test(many_threads),
        cmocka_unit_test(closing),
    };
    for (int i = 0; i < 64; i++)
        items[i] = i;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
