/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/hunt.h"

#include "cmocka_head.h"
#include "judge/hunt/support.h"

#include <stdio.h>
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

static enum hunt_verdict take(void *ctx, const struct hunt_hit *hit)
{
    (void)ctx;
    (void)hit;
    return HUNT_TAKEN;
}

static void a_store_that_fails_is_asked_again(void **state)
{
    (void)state;
    struct field *f = new_field();
    struct hunt_spec *s = field_spec(HUNT_QUERY, "");
    struct hunt *h = hunt_new(s, &f->ports, "rule", NULL);
    const struct hunt_span span = {
        .from = NOON - TIME_MIN, .to = NOON, .until = NOON, .now = NOON, .own = true};
    struct err_text why = {0};
    bool lost;
    field_event(f, NULL, NOON - TIME_S, "{\"event.id\":\"a\"}");
    f->broken = true;
    assert_int_equal(hunt_look(h, &span, take, NULL, &lost, &why), ERR_IO);
    assert_string_equal(why.message, "the store is gone");
    assert_true(hunt_is_new(h));
    f->broken = false;
    assert_string_equal(field_look_span(f, h, &span), "-1 a \n");
    hunt_free(h);
    hunt_spec_free(s);
    end_field(f);
}

static void room_that_runs_out_is_made_up_for_by_the_store(void **state)
{
    (void)state;
    struct field *f = new_field();
    struct hunt_spec *s = field_spec(HUNT_QUERY, "\"query\":\"event.id:*\"");
    struct budget shared;
    budget_init(&shared, 200000);
    struct hunt *h = hunt_new(s, &f->ports, "rule", &shared);
    struct hunt *list[] = {h, NULL};
    field_look(f, h, NOON - TIME_MIN, NOON);
    size_t searches = f->searches;
    for (int i = 0; i < 2000; i++) {
        char json[64];
        snprintf(json, sizeof(json), "{\"event.id\":\"%d\"}", i);
        field_event(f, list, NOON + i * TIME_MS, json);
    }
    struct hunt_stats stats;
    hunt_stats(h, &stats);
    assert_true(stats.dropped > 0);
    assert_true(shared.used <= 200000);
    f->max = 100;
    field_look(f, h, NOON - TIME_MIN, NOON + TIME_MIN);
    assert_int_equal(f->hits, 100);
    assert_memory_equal(buf_text(&f->found), "0 0 \n0 1 \n", 10);
    assert_true(f->searches > searches);
    /* Once the span has left it behind, nobody asks any more. */
    field_look(f, h, NOON + 2 * TIME_MIN, NOON + 3 * TIME_MIN);
    searches = f->searches;
    field_event(f, list, NOON + 200 * TIME_S, "{\"event.id\":\"z\"}");
    assert_string_equal(field_look(f, h, NOON + 3 * TIME_MIN, NOON + 4 * TIME_MIN), "200 z \n");
    assert_int_equal(f->searches, searches);
    hunt_free(h);
    assert_int_equal(shared.used, 0);
    hunt_spec_free(s);
    end_field(f);
}

/* Clocks of others are wrong: what there was no room for concerns the spans that it is in, alone.
 */
static void what_was_dropped_far_ahead_is_asked_for_in_its_time(void **state)
{
    (void)state;
    struct field *f = new_field();
    struct hunt_spec *s = field_spec(HUNT_QUERY, "\"query\":\"event.id:*\"");
    struct budget shared;
    budget_init(&shared, 1);
    struct hunt *h = hunt_new(s, &f->ports, "rule", &shared);
    struct hunt *list[] = {h, NULL};
    struct hunt_stats stats;
    field_look(f, h, NOON - TIME_MIN, NOON);
    for (int i = 0; i < 20; i++)
        field_event(f, list, NOON + (i + 1) * TIME_DAY + TIME_S, "{\"event.id\":\"far\"}");
    field_event(f, list, NOON + TIME_S, "{\"event.id\":\"near\"}");
    hunt_stats(h, &stats);
    assert_int_equal(stats.dropped, 21);
    shared.limit = 0;
    assert_string_equal(field_look(f, h, NOON, NOON + TIME_MIN), "1 near \n");
    size_t searches = f->searches;
    field_event(f, list, NOON + 70 * TIME_S, "{\"event.id\":\"next\"}");
    assert_string_equal(field_look(f, h, NOON + TIME_MIN, NOON + 2 * TIME_MIN), "70 next \n");
    assert_string_equal(field_look(f, h, NOON + 2 * TIME_MIN, NOON + 3 * TIME_MIN), "");
    assert_int_equal(f->searches, searches);
    for (int i = 1; i <= 20; i++) {
        field_look(f, h, NOON + i * TIME_DAY, NOON + i * TIME_DAY + TIME_MIN);
        assert_int_equal(f->hits, 1);
    }
    hunt_free(h);
    hunt_spec_free(s);
    end_field(f);
}

static void without_a_store_what_is_lost_is_told(void **state)
{
    (void)state;
    struct field *f = new_field();
    struct hunt_spec *s = field_spec(HUNT_QUERY, "");
    struct budget shared;
    budget_init(&shared, 20000);
    f->ports.find = NULL;
    struct hunt *h = hunt_new(s, &f->ports, "rule", &shared);
    struct hunt *list[] = {h, NULL};
    for (int i = 0; i < 200; i++)
        field_event(f, list, NOON + i, "{}");
    field_look(f, h, NOON, NOON + TIME_MIN);
    assert_true(f->lost);
    assert_true(f->hits > 10);
    field_look(f, h, NOON, NOON + TIME_MIN);
    assert_false(f->lost);
    hunt_free(h);
    hunt_spec_free(s);
    end_field(f);
}

static void spans_of_the_past_are_remembered_by_nobody(void **state)
{
    (void)state;
    struct field *f = new_field();
    struct hunt_spec *s = field_spec(HUNT_QUERY, "");
    struct hunt *h = hunt_new(s, &f->ports, "rule", NULL);
    struct hunt_span past = {
        .from = NOON - TIME_HOUR, .to = NOON - TIME_MIN, .until = NOON, .now = NOON};
    field_event(f, NULL, NOON - 30 * TIME_MIN, "{\"event.id\":\"a\"}");
    field_event(f, NULL, NOON - TIME_S, "{\"event.id\":\"b\"}");
    assert_string_equal(field_look_span(f, h, &past), "-1800 a \n");
    assert_null(f->origins[0]);
    assert_true(hunt_is_new(h));
    assert_string_equal(field_look(f, h, NOON - TIME_MIN, NOON), "-1 b \n");
    assert_string_equal(field_look_span(f, h, &past), "-1800 a \n");
    hunt_free(h);
    hunt_spec_free(s);
    end_field(f);
}

static void many_are_fed_in_one_pass(void **state)
{
    (void)state;
    struct field *f = new_field();
    struct hunt_spec *s[3] = {
        field_spec(HUNT_QUERY, "\"query\":\"user.name:a\""),
        field_spec(HUNT_QUERY, "\"query\":\"user.name:b\""),
        field_spec(HUNT_THRESHOLD, "\"threshold\":{\"field\":[],\"value\":2}"),
    };
    struct hunt_first list[3];
    for (int i = 0; i < 3; i++) {
        list[i].hunt = hunt_new(s[i], &f->ports, "rule", NULL);
        list[i].span = (struct hunt_span){
            .from = NOON - (i + 1) * TIME_MIN, .to = NOON, .until = NOON, .now = NOON, .own = true};
    }
    field_event(f, NULL, NOON - 90 * TIME_S, "{\"event.id\":\"0\",\"user.name\":\"a\"}");
    field_event(f, NULL, NOON - 30 * TIME_S, "{\"event.id\":\"1\",\"user.name\":\"a\"}");
    field_event(f, NULL, NOON - 100 * TIME_S, "{\"event.id\":\"2\",\"user.name\":\"b\"}");
    f->broken = true;
    assert_int_equal(hunt_feed_first(list, 3, &f->ports, NULL), ERR_IO);
    assert_true(hunt_is_new(list[0].hunt));
    f->broken = false;
    assert_int_equal(hunt_feed_first(list, 3, &f->ports, NULL), ERR_NONE);
    assert_int_equal(f->searches, 2);
    assert_string_equal(field_look_span(f, list[0].hunt, &list[0].span), "-30 1 \n");
    assert_string_equal(field_look_span(f, list[1].hunt, &list[1].span), "-100 2 \n");
    assert_non_null(strstr(field_look_span(f, list[2].hunt, &list[2].span), "\"count\":3"));
    assert_int_equal(f->searches, 2);
    for (int i = 0; i < 3; i++) {
        hunt_free(list[i].hunt);
        hunt_spec_free(s[i]);
    }
    end_field(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_that_fails_is_asked_again),
        cmocka_unit_test(room_that_runs_out_is_made_up_for_by_the_store),
        cmocka_unit_test(what_was_dropped_far_ahead_is_asked_for_in_its_time),
        cmocka_unit_test(without_a_store_what_is_lost_is_told),
        cmocka_unit_test(spans_of_the_past_are_remembered_by_nobody),
        cmocka_unit_test(many_are_fed_in_one_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
