/* SPDX-License-Identifier: Apache-2.0 */
#include "event/id.h"

#include "cmocka_head.h"
#include "event/event.h"

#include <string.h>

static uint64_t draw_state = 7;

static uint64_t draw(void)
{
    draw_state = draw_state * 6364136223846793005U + 1442695040888963407U;
    return draw_state ^ draw_state >> 29;
}

static void names_say_where_the_event_is(void **state)
{
    (void)state;
    char before[EVENT_ID_SIZE] = "";
    ts_ns last = TIME_NONE;
    for (unsigned i = 0; i < 20000; i++) {
        struct event e = {.time = (ts_ns)draw(), .source = (uint32_t)draw(), .sequence = draw()};
        char id[EVENT_ID_SIZE];
        ts_ns time;
        uint32_t source;
        uint64_t sequence;
        event_id_write(&e, id);
        assert_int_equal(strlen(id), EVENT_ID_SIZE - 1);
        assert_true(event_id_read(id, strlen(id), &time, &source, &sequence));
        assert_int_equal(time, e.time);
        assert_int_equal(source, e.source);
        assert_int_equal(sequence, e.sequence);
        if (i > 0 && last != e.time)
            assert_int_equal(strcmp(before, id) < 0, last < e.time);
        memcpy(before, id, sizeof(id));
        last = e.time;
    }
}

static void other_texts_are_no_names(void **state)
{
    (void)state;
    struct event e = {.time = 1700000000 * TIME_S, .source = 1, .sequence = 2};
    char id[EVENT_ID_SIZE + 1] = "";
    ts_ns time;
    uint32_t source;
    uint64_t sequence;
    event_id_write(&e, id);
    assert_false(event_id_read(id, 26, &time, &source, &sequence));
    assert_false(event_id_read(id, 28, &time, &source, &sequence));
    for (unsigned c = 0; c < 256; c++) {
        bool is_ours = c == '-' || c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                       (c >= 'a' && c <= 'z');
        id[5] = (char)c;
        assert_int_equal(event_id_read(id, 27, &time, &source, &sequence), is_ours);
    }
    id[5] = 'a';
    id[26] = '0'; /* bits beyond the last byte */
    assert_false(event_id_read(id, 27, &time, &source, &sequence));
}

static void senders_may_name_them(void **state)
{
    (void)state;
    struct arena arena;
    struct event e;
    char id[EVENT_ID_SIZE];
    char shown[EVENT_ID_SIZE];
    arena_init(&arena, 0);
    event_init(&e, &arena, 5);
    event_id_write(&e, id);
    assert_string_equal(event_id_of(&e, shown), id);
    event_set_text(&e, EVENT_F_WEIR_ID, "mine");
    assert_string_equal(event_id_of(&e, shown), "mine");
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_say_where_the_event_is),
        cmocka_unit_test(senders_may_name_them),
        cmocka_unit_test(other_texts_are_no_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
