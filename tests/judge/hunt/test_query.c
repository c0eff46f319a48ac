/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/hunt.h"

#include "cmocka_head.h"
#include "event/event.h"
#include "judge/hunt/support.h"

#include <stdlib.h>
#include <string.h>

static struct field *new_field(void)
{
    struct field *f = malloc(sizeof(*f));
    assert_non_null(f);
    field_init(f);
    return f;
}

static void end_field(struct field *f)
{
    field_release(f);
    free(f);
}

static void event_at(struct field *f, struct hunt *h, int seconds, const char *id)
{
    struct hunt *list[] = {h, NULL};
    struct buf json;
    buf_init(&json);
    buf_format(&json, "{\"process.name\":\"curl\",\"event.id\":\"%s\"}", id);
    field_event(f, h != NULL ? list : NULL, NOON + seconds * TIME_S, buf_text(&json));
    buf_release(&json);
}

static void each_event_is_found_once(void **state)
{
    (void)state;
    struct field *f = new_field();
    struct hunt_spec *s = field_spec(HUNT_QUERY, "\"query\":\"process.name:curl\"");
    struct hunt *h = hunt_new(s, &f->ports, "rule", NULL);
    event_at(f, h, -400, "early"); /* before the search was fed: the store has it */
    event_at(f, h, -100, "a");
    assert_string_equal(field_look(f, h, NOON - 300 * TIME_S, NOON), "-100 a \n");
    assert_int_equal(f->searches, 1);
    event_at(f, h, 20, "c");
    event_at(f, h, 10, "b");
    field_event(f, (struct hunt *[]){h, NULL}, NOON + 15 * TIME_S,
                "{\"process.name\":\"bash\",\"event.id\":\"no\"}");
    event_at(f, h, 60, "of now"); /* not seen yet */
    assert_string_equal(field_look(f, h, NOON - 240 * TIME_S, NOON + 60 * TIME_S),
                        "10 b \n20 c \n");
    assert_string_equal(field_look(f, h, NOON - 180 * TIME_S, NOON + 120 * TIME_S), "60 of now \n");
    assert_int_equal(f->searches, 1);
    hunt_free(h);
    hunt_spec_free(s);
    end_field(f);
}

static void what_is_left_comes_next(void **state)
{
    (void)state;
    struct field *f = new_field();
    struct hunt_spec *s = field_spec(HUNT_QUERY, "");
    struct hunt *h = hunt_new(s, &f->ports, "rule", NULL);
    const struct hunt_span next = {
        .from = NOON - TIME_MIN, .to = NOON + 1, .until = NOON + 1, .now = NOON + 1, .own = true};
    event_at(f, h, -3, "a");
    event_at(f, h, -2, "b");
    event_at(f, h, -1, "c");
    f->max = 2;
    assert_string_equal(field_look(f, h, NOON - TIME_MIN, NOON), "-3 a \n-2 b \n");
    assert_false(hunt_is_idle(h, &next));
    assert_string_equal(field_look_span(f, h, &next), "-1 c \n"); /* not dealt */
    assert_true(hunt_is_idle(h, &next));
    hunt_again(h);
    assert_false(hunt_is_idle(h, &next));
    f->known = true; /* it had an alert all along */
    assert_string_equal(field_look_span(f, h, &next), "-1 c \n");
    f->known = false;
    assert_string_equal(field_look_span(f, h, &next), "");
    hunt_free(h);
    hunt_spec_free(s);
    end_field(f);
}

static void idle_means_nothing_came(void **state)
{
    (void)state;
    struct field *f = new_field();
    struct hunt_spec *s = field_spec(HUNT_QUERY, "\"query\":\"process.name:curl\"");
    struct hunt *h = hunt_new(s, &f->ports, "rule", NULL);
    struct hunt_span span = {
        .from = NOON, .to = NOON + TIME_MIN, .until = NOON + TIME_MIN, .now = NOON, .own = true};
    assert_false(hunt_is_idle(h, &span)); /* never fed */
    field_look_span(f, h, &span);
    assert_true(hunt_is_idle(h, &span));
    field_event(f, (struct hunt *[]){h, NULL}, NOON, "{\"process.name\":\"bash\"}");
    assert_true(hunt_is_idle(h, &span));
    event_at(f, h, 90, "later");
    assert_true(hunt_is_idle(h, &span)); /* after the span */
    span.to = span.until = NOON + 2 * TIME_MIN;
    assert_false(hunt_is_idle(h, &span));
    hunt_free(h);
    hunt_spec_free(s);
    end_field(f);
}

static bool is_b(void *ctx, const struct event *e)
{
    (void)ctx;
    return strcmp(event_str(e, EVENT_F_EVENT_ID, ""), "b") == 0;
}

static void exceptions_take_out_and_may_expire(void **state)
{
    (void)state;
    struct field *f = new_field();
    struct hunt_spec *s = field_spec(HUNT_QUERY, "");
    struct hunt *h = hunt_new(s, &f->ports, "rule", NULL);
    struct hunt_span span = {.from = NOON - TIME_MIN,
                             .to = NOON,
                             .until = NOON,
                             .now = NOON,
                             .own = true,
                             .except = is_b};
    event_at(f, h, -2, "a");
    event_at(f, h, -1, "b");
    assert_string_equal(field_look_span(f, h, &span), "-2 a \n");
    assert_false(hunt_is_idle(h, &span));
    span.except = NULL;
    assert_string_equal(field_look_span(f, h, &span), "-2 a \n-1 b \n");
    hunt_free(h);
    hunt_spec_free(s);
    end_field(f);
}

static void the_time_may_be_another(void **state)
{
    (void)state;
    struct field *f = new_field();
    struct hunt_spec *s = field_spec(HUNT_QUERY, "\"timestamp_override\":\"event.ingested\"");
    struct hunt *h = hunt_new(s, &f->ports, "rule", NULL);
    const char *late = "{\"event.id\":\"late\",\"event.ingested\":\"2023-11-14T11:59:50Z\"}";
    field_event(f, NULL, NOON - 3 * TIME_HOUR, late); /* fetched, and after it fed */
    assert_string_equal(field_look(f, h, NOON - TIME_MIN, NOON), "-10800 late \n");
    field_event(f, (struct hunt *[]){h, NULL}, NOON + TIME_S, late);
    field_event(f, (struct hunt *[]){h, NULL}, NOON + TIME_S, "{\"event.id\":\"plain\"}");
    assert_string_equal(field_look(f, h, NOON, NOON + TIME_MIN), "1 plain \n");
    hunt_free(h);
    hunt_spec_free(s);
    s = field_spec(HUNT_QUERY, "\"timestamp_override\":\"event.ingested\","
                               "\"timestamp_override_fallback_disabled\":true");
    h = hunt_new(s, &f->ports, "rule", NULL);
    assert_string_equal(field_look(f, h, NOON - TIME_MIN, NOON + TIME_MIN),
                        "-10800 late \n1 late \n");
    hunt_free(h);
    hunt_spec_free(s);
    end_field(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_is_found_once),
        cmocka_unit_test(what_is_left_comes_next),
        cmocka_unit_test(idle_means_nothing_came),
        cmocka_unit_test(exceptions_take_out_and_may_expire),
        cmocka_unit_test(the_time_may_be_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
