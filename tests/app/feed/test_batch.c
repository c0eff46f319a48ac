/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "feed/batch.h"

/* Events in a batch outlive those they were copied from. */
static void test_copies(void **state)
{
    (void)state;
    struct feed_batch *b = feed_batch_new(3);
    assert_non_null(b);
    assert_int_equal(b->source, 3);
    assert_int_equal(b->watermark, TIME_NONE);
    assert_false(b->last);
    for (unsigned i = 0; i < 1000; i++) {
        struct arena arena;
        struct event e;
        char text[32];
        arena_init(&arena, 0);
        help_event(&e, &arena, HELP_BASE + i, i);
        snprintf(text, sizeof(text), "host-%u", i);
        event_set_str_view(&e, EVENT_F_HOST_NAME, text, strlen(text));
        assert_int_equal(feed_batch_add(b, &e), ERR_NONE);
        memset(text, 'x', sizeof(text));
        arena_release(&arena);
    }
    assert_int_equal(b->n, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        char text[32];
        snprintf(text, sizeof(text), "host-%u", i);
        assert_int_equal(b->events[i].time, HELP_BASE + i);
        assert_int_equal(b->events[i].sequence, i);
        assert_string_equal(event_str(&b->events[i], EVENT_F_HOST_NAME, ""), text);
        assert_non_null(event_ip(&b->events[i], EVENT_F_SOURCE_IP));
    }
    feed_batch_free(b);
    feed_batch_free(NULL);
}

/* An event that lost a field is not taken: the batch stays as it was. */
static void test_failed(void **state)
{
    (void)state;
    struct feed_batch *b = feed_batch_new(0);
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    help_event(&e, &arena, HELP_BASE, 1);
    e.failed = true;
    assert_int_equal(feed_batch_add(b, &e), ERR_MEMORY);
    assert_int_equal(b->n, 0);
    e.failed = false;
    assert_int_equal(feed_batch_add(b, &e), ERR_NONE);
    assert_int_equal(b->n, 1);
    arena_release(&arena);
    feed_batch_free(b);
}

/* An arena with its events changes hands. */
static void test_takes(void **state)
{
    (void)state;
    struct feed_batch *b = feed_batch_new(0);
    struct arena arena;
    arena_init(&arena, 0);
    struct event *events = arena_alloc(&arena, 2 * sizeof(*events));
    assert_non_null(events);
    help_event(&events[0], &arena, HELP_BASE, 1);
    help_event(&events[1], &arena, HELP_BASE, 2);
    feed_batch_take(b, &arena, events, 2);
    assert_int_equal(arena.used, 0);
    assert_int_equal(b->n, 2);
    /* They may still grow. */
    event_set_text(&b->events[1], EVENT_F_HOST_NAME, "later");
    assert_string_equal(event_str(&b->events[1], EVENT_F_HOST_NAME, ""), "later");
    arena_release(&arena);
    feed_batch_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_failed),
        cmocka_unit_test(test_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
