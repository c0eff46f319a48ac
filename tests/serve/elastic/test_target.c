/* SPDX-License-Identifier: Apache-2.0 */
#include "elastic/target.h"

#include "event/event.h"

#include "cmocka_head.h"
#include <string.h>

static void names(void **state)
{
    (void)state;
    struct err_text why;
    static const char *const good[] = {"a", ".alerts", "logs-a.b-default", "packetbeat-8.19.0",
                                       "ä"};
    static const char *const bad[] = {"",    "_a", "-a",  "+a",  ".",   "..",  "A",
                                      "a,b", "a*", "a?b", "a/b", "a b", "a:b", "a#b"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(elastic_target_check(good[i], strlen(good[i]), &why), ERR_NONE);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(elastic_target_check(bad[i], strlen(bad[i]), &why), ERR_INVALID);
    assert_int_equal(elastic_target_check("a\0b", 3, &why), ERR_INVALID);
    char longest[ELASTIC_TARGET_INDEX_MOST + 2];
    memset(longest, 'a', sizeof(longest));
    assert_int_equal(elastic_target_check(longest, ELASTIC_TARGET_INDEX_MOST, &why), ERR_NONE);
    assert_int_equal(elastic_target_check(longest, ELASTIC_TARGET_INDEX_MOST + 1, &why),
                     ERR_INVALID);
}

static void mark(const char *index, const char *type, const char *dataset, const char *name_space,
                 const char *weir)
{
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, 0);
    elastic_target_mark(&e, index, strlen(index), "i", 1);
    assert_string_equal(event_str(&e, EVENT_F_DATA_STREAM_TYPE, ""), type);
    assert_string_equal(event_str(&e, EVENT_F_DATA_STREAM_DATASET, ""), dataset);
    assert_string_equal(event_str(&e, EVENT_F_DATA_STREAM_NAMESPACE, ""), name_space);
    assert_string_equal(event_str(&e, EVENT_F_WEIR_INDEX, ""), weir);
    assert_string_equal(event_str(&e, EVENT_F_WEIR_ID, ""), "i");
    arena_release(&arena);
}

static void marks(void **state)
{
    (void)state;
    mark("logs-network_traffic.flow-default", "logs", "network_traffic.flow", "default", "");
    mark("metrics-a-b", "metrics", "a", "b", "");
    mark("packetbeat-8.19.0", "", "", "", "packetbeat-8.19.0");
    mark("logs-a", "", "", "", "logs-a");
    mark("logs-a-b-c", "", "", "", "logs-a-b-c");
    mark("logs--b", "", "", "", "logs--b");
    mark("logs-a-", "", "", "", "logs-a-");
    mark("books-a-b", "", "", "", "books-a-b");
}

/* What the event says itself stands. */
static void the_event_knows_better(void **state)
{
    (void)state;
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, 0);
    event_set_text(&e, EVENT_F_DATA_STREAM_DATASET, "own");
    elastic_target_mark(&e, "logs-a-b", 8, NULL, 0);
    assert_string_equal(event_str(&e, EVENT_F_DATA_STREAM_DATASET, ""), "own");
    assert_string_equal(event_str(&e, EVENT_F_DATA_STREAM_NAMESPACE, ""), "b");
    assert_false(event_has(&e, EVENT_F_WEIR_ID));
    arena_release(&arena);
}

/* The marks are the sender's request, not a document's to make. */
static void marks_are_ours(void **state)
{
    (void)state;
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, 0);
    event_set_text(&e, EVENT_F_WEIR_ID, "false");
    event_set_text(&e, EVENT_F_WEIR_INDEX, "false");
    elastic_target_mark(&e, "logs-a-b", 8, NULL, 0);
    assert_false(event_has(&e, EVENT_F_WEIR_ID));
    assert_false(event_has(&e, EVENT_F_WEIR_INDEX));
    event_set_text(&e, EVENT_F_WEIR_INDEX, "false");
    elastic_target_mark(&e, "true", 4, "id", 2);
    assert_string_equal(event_str(&e, EVENT_F_WEIR_INDEX, ""), "true");
    assert_string_equal(event_str(&e, EVENT_F_WEIR_ID, ""), "id");
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(marks),
        cmocka_unit_test(the_event_knows_better),
        cmocka_unit_test(marks_are_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
