/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/hunt.h"

#include "cmocka_head.h"
#include "event/event.h"
#include "judge/hunt/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
    struct field field;
    struct hunt_spec *spec;
    struct hunt *hunt;
};

static struct world *begin(const char *members)
{
    struct world *w = malloc(sizeof(*w));
    assert_non_null(w);
    field_init(&w->field);
    w->spec = field_spec(HUNT_NEW_TERMS, members);
    w->hunt = hunt_new(w->spec, &w->field.ports, "rule", NULL);
    assert_non_null(w->hunt);
    return w;
}

static void end(struct world *w)
{
    hunt_free(w->hunt);
    hunt_spec_free(w->spec);
    field_release(&w->field);
    free(w);
}

static void event_at(struct world *w, int minutes, const char *id, const char *more)
{
    struct hunt *list[] = {w->hunt, NULL};
    struct buf json;
    buf_init(&json);
    buf_format(&json, "{\"event.id\":\"%s\",%s}", id, more);
    field_event(&w->field, list, NOON + minutes * TIME_MIN, buf_text(&json));
    buf_release(&json);
}

/* The last five minutes. */
static const char *look(struct world *w, int minutes)
{
    return field_look(&w->field, w->hunt, NOON + (minutes - 5) * TIME_MIN,
                      NOON + minutes * TIME_MIN);
}

#define HOST "\"new_terms_fields\":[\"host.name\"],\"history_window_start\":\"now-1h\""

static void the_earliest_event_of_a_new_value_is_found(void **state)
{
    (void)state;
    struct world *w = begin(HOST);
    event_at(w, -59, "old", "\"host.name\":\"a\""); /* in the store */
    event_at(w, -61, "too old", "\"host.name\":\"b\"");
    event_at(w, -4, "1", "\"host.name\":\"a\"");
    event_at(w, -3, "2", "\"host.name\":\"b\"");
    event_at(w, -2, "3", "\"host.name\":\"b\"");
    event_at(w, -2, "4", "\"host.name\":[\"c\",\"a\"]");
    event_at(w, -1, "5", "\"user.name\":\"c\"");
    assert_string_equal(look(w, 0), "-180 2 \"kibana.alert.new_terms\":[\"b\"]\n"
                                    "-120 4 \"kibana.alert.new_terms\":[\"c\"]\n");
    assert_string_equal(look(w, 1), "");
    event_at(w, 2, "6", "\"host.name\":\"d\"");
    event_at(w, 2, "7", "\"host.name\":\"c\"");
    assert_string_equal(look(w, 3), "120 6 \"kibana.alert.new_terms\":[\"d\"]\n");
    assert_int_equal(w->field.searches, 1);
    end(w);
}

static void what_was_not_seen_for_the_history_is_new_again(void **state)
{
    (void)state;
    struct world *w = begin(HOST);
    look(w, 0);
    event_at(w, 1, "1", "\"host.name\":\"a\"");
    assert_string_equal(look(w, 2), "60 1 \"kibana.alert.new_terms\":[\"a\"]\n");
    event_at(w, 40, "2", "\"host.name\":\"a\"");
    assert_string_equal(look(w, 41), "");
    event_at(w, 99, "3", "\"host.name\":\"a\""); /* 59 minutes later */
    struct hunt_span span = {.from = NOON + 95 * TIME_MIN,
                             .to = NOON + 100 * TIME_MIN,
                             .until = NOON + 100 * TIME_MIN,
                             .now = NOON + 100 * TIME_MIN,
                             .own = true};
    assert_false(hunt_is_idle(w->hunt, &span));
    assert_string_equal(look(w, 100), "");
    assert_true(hunt_is_idle(w->hunt, &span));
    /* The sighting leaves the history, the event is in the span still. */
    span.now = span.to = span.until = NOON + 101 * TIME_MIN;
    span.from = NOON + 96 * TIME_MIN;
    assert_false(hunt_is_idle(w->hunt, &span));
    assert_string_equal(look(w, 101), "5940 3 \"kibana.alert.new_terms\":[\"a\"]\n");
    end(w);
}

static void combinations_are_new_together(void **state)
{
    (void)state;
    struct world *w = begin("\"new_terms_fields\":[\"host.name\",\"user.name\"],"
                            "\"history_window_start\":\"now-1h\"");
    event_at(w, -30, "1", "\"host.name\":\"a\",\"user.name\":\"x\"");
    event_at(w, -30, "2", "\"host.name\":\"b\",\"user.name\":\"y\"");
    event_at(w, -3, "3", "\"host.name\":\"a\",\"user.name\":\"x\"");
    event_at(w, -2, "4", "\"host.name\":\"a\",\"user.name\":\"y\"");
    event_at(w, -1, "5", "\"host.name\":\"b\"");
    assert_string_equal(look(w, 0), "-120 4 \"kibana.alert.new_terms\":[\"a\",\"y\"]\n");
    end(w);
}

static void events_may_come_late(void **state)
{
    (void)state;
    struct world *w = begin(HOST);
    look(w, 0);
    event_at(w, 3, "2", "\"host.name\":\"a\"");
    event_at(w, 1, "1", "\"host.name\":\"a\"");
    event_at(w, 2, "between", "\"host.name\":\"a\"");
    assert_string_equal(look(w, 4), "60 1 \"kibana.alert.new_terms\":[\"a\"]\n");
    end(w);
}

static bool is_first(void *ctx, const struct event *e)
{
    (void)ctx;
    return strcmp(event_str(e, EVENT_F_EVENT_ID, ""), "1") == 0;
}

static void what_exceptions_take_out_was_not_seen(void **state)
{
    (void)state;
    struct world *w = begin(HOST);
    look(w, 0);
    event_at(w, 1, "1", "\"host.name\":\"a\"");
    event_at(w, 2, "2", "\"host.name\":\"a\"");
    const struct hunt_span span = {.from = NOON,
                                   .to = NOON + 5 * TIME_MIN,
                                   .until = NOON + 5 * TIME_MIN,
                                   .now = NOON + 5 * TIME_MIN,
                                   .own = true,
                                   .except = is_first};
    assert_string_equal(field_look_span(&w->field, w->hunt, &span),
                        "120 2 \"kibana.alert.new_terms\":[\"a\"]\n");
    end(w);
}

static void more_values_than_room_are_asked_of_the_store(void **state)
{
    (void)state;
    struct world *w = begin("\"new_terms_fields\":[\"url.full\"],\"history_window_start\":"
                            "\"now-1h\"");
    char text[4300];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    memcpy(text, "\"url.full\":\"", 12);
    text[sizeof(text) - 2] = '"';
    for (int i = 0; i < 6000; i++) {
        char number[8];
        snprintf(number, sizeof(number), "%04d", i);
        memcpy(text + 12, number, 4);
        event_at(w, -30, "old", text);
    }
    assert_string_equal(look(w, 0), "");
    struct hunt_stats stats;
    hunt_stats(w->hunt, &stats);
    assert_true(stats.kept <= (uint64_t)24 << 20);
    assert_true(stats.kept > (uint64_t)23 << 20);
    uint64_t asked = stats.asked;
    event_at(w, 1, "seen", text); /* the last of them, which found no room */
    memcpy(text + 12, "none", 4);
    event_at(w, 2, "new", text);
    const char *found = look(w, 3);
    assert_memory_equal(found, "120 new ", 8);
    assert_int_equal(w->field.hits, 1);
    hunt_stats(w->hunt, &stats);
    assert_int_equal(stats.asked, asked + 2); /* for each of the two */
    assert_false(w->field.lost);
    end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_earliest_event_of_a_new_value_is_found),
        cmocka_unit_test(what_was_not_seen_for_the_history_is_new_again),
        cmocka_unit_test(combinations_are_new_together),
        cmocka_unit_test(events_may_come_late),
        cmocka_unit_test(what_exceptions_take_out_was_not_seen),
        cmocka_unit_test(more_values_than_room_are_asked_of_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
