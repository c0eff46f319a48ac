/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ring.h"

#include "cmocka_head.h"
#include <pthread.h>

#define ITEMS 20000

static void *produce(void *arg)
{
    struct ring *r = arg;
    for (uintptr_t i = 1; i <= ITEMS; i++)
        if (!ring_push(r, (void *)i))
            break;
    return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
    (void)state;
    struct ring *r = ring_new(16);
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, produce, r), 0);
    uint64_t sum = 0;
    for (int i = 0; i < 2 * ITEMS; i++)
        sum += (uintptr_t)ring_pop(r);
    assert_int_equal(sum, (uint64_t)ITEMS * (ITEMS + 1));
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    ring_close(r);
    assert_null(ring_pop(r));
    ring_free(r);
}

static void full_empty_and_closed(void **state)
{
    (void)state;
    int a, b;
    struct ring *r = ring_new(1);
    assert_null(ring_pop_wait(r, 0));
    assert_null(ring_pop_wait(r, TIME_MS));
    assert_true(ring_try_push(r, &a));
    assert_false(ring_try_push(r, &b));
    assert_int_equal(ring_count(r), 1);
    ring_close(r);
    assert_true(ring_closed(r));
    assert_false(ring_push(r, &b));
    assert_ptr_equal(ring_pop(r), &a);
    assert_null(ring_pop(r));
    ring_free(r);
    assert_null(ring_new(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_between_threads),
        cmocka_unit_test(full_empty_and_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
