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

static struct world *begin(const char *query, const char *more)
{
    struct world *w = malloc(sizeof(*w));
    struct buf members;
    assert_non_null(w);
    field_init(&w->field);
    buf_init(&members);
    buf_format(&members, "\"language\":\"eql\",\"query\":\"%s\"%s", query, more);
    w->spec = field_spec(HUNT_EQL, buf_text(&members));
    buf_release(&members);
    w->hunt = hunt_new(w->spec, &w->field.ports, "rule", NULL);
    assert_non_null(w->hunt);
    field_look(&w->field, w->hunt, NOON - 5 * TIME_MIN, NOON);
    return w;
}

static void end(struct world *w)
{
    hunt_free(w->hunt);
    hunt_spec_free(w->spec);
    field_release(&w->field);
    free(w);
}

static void event_at(struct world *w, int seconds, const char *id, const char *category,
                     const char *user)
{
    struct hunt *list[] = {w->hunt, NULL};
    char json[256];
    snprintf(json, sizeof(json),
             "{\"event.id\":\"%s\",\"event.category\":\"%s\",\"user.name\":\"%s\",\"host.name\":"
             "\"h\"}",
             id, category, user);
    field_event(&w->field, list, NOON + seconds * TIME_S, json);
}

static const char *look(struct world *w, int to)
{
    return field_look(&w->field, w->hunt, NOON + (to - 300) * TIME_S, NOON + to * TIME_S);
}

static void single_events_are_found_once(void **state)
{
    (void)state;
    struct world *w = begin("process where user.name : \\\"A*\\\"", "");
    event_at(w, 1, "1", "process", "anna");
    event_at(w, 2, "2", "file", "anna");
    event_at(w, 3, "3", "process", "bert");
    assert_string_equal(look(w, 60), "1 1 \n");
    event_at(w, 61, "4", "process", "alf");
    assert_string_equal(look(w, 120), "61 4 \n");
    end(w);
}

struct seen {
    unsigned hits;
    char parts[64];
    char user[16];
    char host[16];
    ts_ns since;
    ts_ns time;
};

static enum hunt_verdict on_hit(void *ctx, const struct hunt_hit *hit)
{
    struct seen *s = ctx;
    s->hits++;
    s->parts[0] = '\0';
    for (size_t i = 0; i < hit->parts_n; i++)
        strcat(s->parts, event_str(hit->parts[i].event, EVENT_F_EVENT_ID, "?"));
    snprintf(s->user, sizeof(s->user), "%s", event_str(hit->event, EVENT_F_USER_NAME, "-"));
    snprintf(s->host, sizeof(s->host), "%s", event_str(hit->event, EVENT_F_HOST_NAME, "-"));
    s->since = hit->since;
    s->time = hit->time;
    return HUNT_TAKEN;
}

static unsigned look_for(struct world *w, int to, struct seen *out)
{
    const struct hunt_span span = {.from = NOON + (to - 300) * TIME_S,
                                   .to = NOON + to * TIME_S,
                                   .until = NOON + to * TIME_S,
                                   .now = NOON + to * TIME_S,
                                   .own = true};
    struct err_text why = {0};
    bool lost;
    *out = (struct seen){0};
    if (hunt_look(w->hunt, &span, on_hit, out, &lost, &why) != ERR_NONE)
        fail_msg("%s", why.message);
    return out->hits;
}

static void a_sequence_is_shown_with_its_events(void **state)
{
    (void)state;
    struct world *w = begin("sequence by host.name with maxspan=1m [process where true] "
                            "[file where true]",
                            "");
    struct seen seen;
    event_at(w, 1, "1", "process", "anna");
    assert_int_equal(look_for(w, 60, &seen), 0);
    event_at(w, 61, "2", "process", "anna");
    event_at(w, 62, "3", "file", "bert");
    assert_int_equal(look_for(w, 120, &seen), 1);
    assert_string_equal(seen.parts, "23");
    assert_string_equal(seen.host, "h"); /* what they share */
    assert_string_equal(seen.user, "-");
    assert_int_equal(seen.since, NOON + 61 * TIME_S);
    assert_int_equal(seen.time, NOON + 62 * TIME_S);
    end(w);
}

static void what_is_missing_is_known_when_its_time_is_over(void **state)
{
    (void)state;
    struct world *w = begin("sequence with maxspan=2m [process where true] ![file where true]", "");
    struct seen seen;
    struct hunt_span span = {.from = NOON - TIME_MIN,
                             .to = NOON + 2 * TIME_MIN,
                             .until = NOON + 2 * TIME_MIN,
                             .now = NOON + 2 * TIME_MIN,
                             .own = true};
    event_at(w, 30, "1", "process", "anna");
    assert_int_equal(look_for(w, 60, &seen), 0);
    assert_false(hunt_is_idle(w->hunt, &span)); /* though nothing came */
    assert_false(hunt_is_still(w->hunt));
    assert_int_equal(look_for(w, 120, &seen), 0);
    assert_int_equal(look_for(w, 180, &seen), 1);
    assert_string_equal(seen.parts, "1");
    span.to = span.until = span.now = NOON + 4 * TIME_MIN;
    assert_true(hunt_is_idle(w->hunt, &span));
    assert_true(hunt_is_still(w->hunt));
    end(w);
}

static bool is_anna(void *ctx, const struct event *e)
{
    (void)ctx;
    return strcmp(event_str(e, EVENT_F_USER_NAME, ""), "anna") == 0;
}

static void exceptions_take_events_out_of_sequences(void **state)
{
    (void)state;
    struct world *w = begin("sequence [process where true] [file where true]", "");
    const struct hunt_span span = {.from = NOON,
                                   .to = NOON + TIME_MIN,
                                   .until = NOON + TIME_MIN,
                                   .now = NOON + TIME_MIN,
                                   .own = true,
                                   .except = is_anna};
    struct err_text why;
    struct seen seen = {0};
    bool lost;
    event_at(w, 1, "1", "process", "bert");
    event_at(w, 2, "2", "process", "anna");
    event_at(w, 3, "3", "file", "bert");
    assert_int_equal(hunt_look(w->hunt, &span, on_hit, &seen, &lost, &why), ERR_NONE);
    assert_string_equal(seen.parts, "13");
    end(w);
}

static void filters_and_times_are_the_rules(void **state)
{
    (void)state;
    struct world *w = begin(
        "any where true",
        ",\"filters\":[{\"meta\":{\"negate\":true},\"query\":{\"term\":{\"user.name\":\"anna\"}}}],"
        "\"timestamp_field\":\"event.created\"");
    struct hunt *list[] = {w->hunt, NULL};
    event_at(w, 1, "1", "process", "anna");
    event_at(w, 2, "2", "process", "bert");
    field_event(&w->field, list, NOON + 3 * TIME_S,
                "{\"event.id\":\"3\",\"event.created\":\"2020-01-01T00:00:00Z\"}");
    assert_string_equal(look(w, 60), "2 2 \n");
    end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_events_are_found_once),
        cmocka_unit_test(a_sequence_is_shown_with_its_events),
        cmocka_unit_test(what_is_missing_is_known_when_its_time_is_over),
        cmocka_unit_test(exceptions_take_events_out_of_sequences),
        cmocka_unit_test(filters_and_times_are_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
