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
    w->spec = field_spec(HUNT_THRESHOLD, members);
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

static void event_at(struct world *w, int seconds, const char *json)
{
    struct hunt *list[] = {w->hunt, NULL};
    field_event(&w->field, list, NOON + seconds * TIME_S, json);
}

static const char *look(struct world *w, int from, int to)
{
    return field_look(&w->field, w->hunt, NOON + from * TIME_S, NOON + to * TIME_S);
}

static bool has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

static void groups_with_enough_events_are_found(void **state)
{
    (void)state;
    struct world *w = begin("\"threshold\":{\"field\":[\"source.ip\",\"user.name\"],\"value\":3}");
    look(w, -60, 0);
    for (int i = 1; i <= 4; i++)
        event_at(w, i, "{\"source.ip\":\"192.0.2.1\",\"user.name\":\"anna\"}");
    event_at(w, 5, "{\"source.ip\":\"192.0.2.1\",\"user.name\":\"bert\"}");
    for (int i = 1; i <= 3; i++)
        event_at(w, i, "{\"source.ip\":\"192.0.2.1\"}"); /* in no group */
    const char *text = look(w, 0, 60);
    assert_int_equal(w->field.hits, 1);
    assert_true(has(text,
                    "4 - \"kibana.alert.threshold_result\":{\"from\":\"2023-11-14T12:00:01.000Z\","
                    "\"terms\":[{\"field\":\"source.ip\",\"value\":\"192.0.2.1\"},"
                    "{\"field\":\"user.name\",\"value\":\"anna\"}],\"cardinality\":[],"
                    "\"count\":4}\n"));
    end(w);
}

static void an_alert_needs_new_events(void **state)
{
    (void)state;
    struct world *w = begin("\"threshold\":{\"field\":[\"user.name\"],\"value\":2}");
    look(w, -60, 0);
    event_at(w, 1, "{\"user.name\":\"anna\"}");
    event_at(w, 2, "{\"user.name\":\"anna\"}");
    look(w, 0, 60);
    assert_int_equal(w->field.hits, 1);
    event_at(w, 61, "{\"user.name\":\"anna\"}");
    look(w, 0, 120); /* one new event is not enough */
    assert_int_equal(w->field.hits, 0);
    event_at(w, 121, "{\"user.name\":\"anna\"}");
    assert_true(has(look(w, 0, 180), "\"count\":2"));
    /* What could not be written comes again. */
    event_at(w, 181, "{\"user.name\":\"anna\"}");
    event_at(w, 182, "{\"user.name\":\"anna\"}");
    const struct hunt_span span = {.from = NOON,
                                   .to = NOON + 4 * TIME_MIN,
                                   .until = NOON + 4 * TIME_MIN,
                                   .now = NOON + 4 * TIME_MIN,
                                   .own = true};
    assert_true(has(field_look_span(&w->field, w->hunt, &span), "\"count\":2"));
    hunt_again(w->hunt);
    assert_true(has(field_look_span(&w->field, w->hunt, &span), "\"count\":2"));
    end(w);
}

static void alerts_of_an_earlier_run_are_remembered(void **state)
{
    (void)state;
    struct world *w = begin("\"threshold\":{\"field\":[\"user.name\"],\"value\":2}");
    w->field.told = "{\"kibana.alert.original_time\":\"2023-11-14T11:59:40.000Z\","
                    "\"kibana.alert.threshold_result\":{\"terms\":[{\"field\":\"user.name\","
                    "\"value\":\"anna\"}]}}";
    event_at(w, -30, "{\"user.name\":\"anna\"}");
    event_at(w, -20, "{\"user.name\":\"anna\"}");
    event_at(w, -10, "{\"user.name\":\"anna\"}");
    event_at(w, -9, "{\"user.name\":\"bert\"}");
    event_at(w, -8, "{\"user.name\":\"bert\"}");
    const char *text = look(w, -60, 0);
    assert_int_equal(w->field.hits, 1);
    assert_true(has(text, "bert"));
    end(w);
}

static void different_values_are_counted(void **state)
{
    (void)state;
    struct world *w = begin("\"threshold\":{\"field\":[],\"value\":1,\"cardinality\":"
                            "[{\"field\":\"destination.port\",\"value\":3}]}");
    look(w, -60, 0);
    event_at(w, 1, "{\"destination.port\":1}");
    event_at(w, 2, "{\"destination.port\":2}");
    event_at(w, 3, "{\"destination.port\":1}");
    event_at(w, 4, "{}");
    look(w, 0, 60);
    assert_int_equal(w->field.hits, 0);
    event_at(w, 61, "{\"destination.port\":[2,3]}");
    const char *text = look(w, 0, 120);
    assert_true(has(text, "\"terms\":[],\"cardinality\":[{\"field\":\"destination.port\","
                          "\"value\":3}],\"count\":5}"));
    end(w);
}

static void groups_come_in_the_order_of_their_values(void **state)
{
    (void)state;
    struct world *w = begin("\"threshold\":{\"field\":[\"user.name\"],\"value\":1}");
    look(w, -60, 0);
    event_at(w, 1, "{\"user.name\":[\"b\",\"c\"]}");
    event_at(w, 2, "{\"user.name\":\"aa\"}");
    w->field.max = 2;
    const char *text = look(w, 0, 60);
    assert_true(has(text, "\"aa\"") && has(text, "\"b\"") && !has(text, "\"c\""));
    assert_true(strstr(text, "\"aa\"") < strstr(text, "\"b\""));
    text = look(w, 0, 120);
    assert_true(has(text, "\"c\""));
    assert_int_equal(w->field.hits, 1);
    end(w);
}

static bool is_anna(void *ctx, const struct event *e)
{
    (void)ctx;
    return strcmp(event_str(e, EVENT_F_USER_NAME, ""), "anna") == 0;
}

static void what_exceptions_take_out_does_not_count(void **state)
{
    (void)state;
    struct world *w = begin("\"threshold\":{\"field\":[\"source.ip\"],\"value\":2}");
    struct hunt_span span = {.from = NOON,
                             .to = NOON + TIME_MIN,
                             .until = NOON + TIME_MIN,
                             .now = NOON + TIME_MIN,
                             .own = true,
                             .except = is_anna};
    look(w, -60, 0);
    event_at(w, 1, "{\"source.ip\":\"192.0.2.1\",\"user.name\":\"anna\"}");
    event_at(w, 2, "{\"source.ip\":\"192.0.2.1\",\"user.name\":\"bert\"}");
    assert_string_equal(field_look_span(&w->field, w->hunt, &span), "");
    event_at(w, 3, "{\"source.ip\":\"192.0.2.1\",\"user.name\":\"bert\"}");
    assert_true(has(field_look_span(&w->field, w->hunt, &span), "\"count\":2"));
    end(w);
}

static void groups_without_events_cost_nothing(void **state)
{
    (void)state;
    struct world *w = begin("\"threshold\":{\"field\":[\"user.name\"],\"value\":2}");
    struct hunt_stats before;
    struct hunt_stats after;
    look(w, -60, 0);
    for (int minute = 0; minute < 12; minute++) {
        for (int i = 0; i < 600; i++) {
            char json[64];
            snprintf(json, sizeof(json), "{\"user.name\":\"u%d\"}", minute * 600 + i);
            event_at(w, minute * 60 + 1, json);
        }
        look(w, (minute - 1) * 60, (minute + 1) * 60);
        if (minute == 5)
            hunt_stats(w->hunt, &before);
    }
    hunt_stats(w->hunt, &after);
    assert_int_equal(w->field.hits, 0);
    assert_true(after.kept < before.kept * 3 / 2);
    assert_int_equal(after.dropped, 0);
    end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_with_enough_events_are_found),
        cmocka_unit_test(an_alert_needs_new_events),
        cmocka_unit_test(alerts_of_an_earlier_run_are_remembered),
        cmocka_unit_test(different_values_are_counted),
        cmocka_unit_test(groups_come_in_the_order_of_their_values),
        cmocka_unit_test(what_exceptions_take_out_does_not_count),
        cmocka_unit_test(groups_without_events_cost_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
