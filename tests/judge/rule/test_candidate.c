/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/candidate.h"

#include "cmocka_head.h"
#include "event/event.h"
#include "hunt/hunt.h"

#include <string.h>

static const char record[] =
    "{\"result_type\":\"record\",\"job_id\":\"j\",\"timestamp\":1700000000000,"
    "\"bucket_span\":900,\"function\":\"high_sum\",\"record_score\":97.5,"
    "\"over_field_name\":\"destination.port\",\"over_field_value\":\"4444\","
    "\"source.ip\":[\"203.0.113.1\"],\"influencers\":[{\"influencer_field_name\":\"source.ip\","
    "\"influencer_field_values\":[\"192.0.2.5\",\"192.0.2.6\"]},"
    "{\"influencer_field_name\":\"odd.name\",\"influencer_field_values\":[\"x\"]}]}";

static void add(struct rule_candidates *c, const char *id, const char *json)
{
    assert_int_equal(rule_candidates_add_record(c, id, "an-index", bytes_make(json, strlen(json))),
                     ERR_NONE);
}

static const struct event_item *find(const struct rule_candidate *c, const char *name)
{
    return event_find(c->event, name, strlen(name));
}

static void a_record_shows_its_keys_and_entities_as_fields(void **state)
{
    (void)state;
    struct rule_candidates c;
    rule_candidates_init(&c);
    add(&c, "j_record_1", record);
    assert_int_equal(c.n, 1);
    assert_string_equal(c.at[0].id, "j_record_1");
    assert_string_equal(c.at[0].index, "an-index");
    assert_int_equal(c.at[0].time, 1700000000 * TIME_S);
    assert_int_equal(c.at[0].event->time, c.at[0].time);
    assert_memory_equal(c.at[0].json.p, record, sizeof(record) - 1);
    /* Influencers' values take the place of the record's own key of that name. */
    assert_int_equal(find(&c.at[0], "source.ip")->n, 2);
    assert_int_equal(event_i64(c.at[0].event, EVENT_F_DESTINATION_PORT, 0), 4444);
    assert_string_equal(event_values(find(&c.at[0], "odd.name"))->s, "x");
    assert_true(event_values(find(&c.at[0], "record_score"))->f == 97.5);
    rule_candidates_release(&c);
}

static void what_is_no_record_has_no_fields(void **state)
{
    (void)state;
    struct rule_candidates c;
    rule_candidates_init(&c);
    add(&c, "a", "{\"result_type\":\"bucket\"}");
    add(&c, "b", "no JSON");
    add(&c, "j_record_1", record);
    assert_int_equal(c.n, 3);
    assert_int_equal(c.at[0].event->n, 0);
    assert_int_equal(c.at[1].event->n, 0);
    assert_true(c.at[2].event->n > 0);
    rule_candidates_release(&c);
}

static void a_hit_is_copied_whole(void **state)
{
    (void)state;
    struct rule_candidates c;
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, 7);
    event_set_text(&e, EVENT_F_USER_NAME, "anna");
    const struct hunt_hit hit = {.index = "i",
                                 .id = "d",
                                 .version = "1",
                                 .time = 7,
                                 .since = 5,
                                 .count = 3,
                                 .event = &e,
                                 .more = bytes_make("\"a\":1", 5)};
    rule_candidates_init(&c);
    assert_int_equal(rule_candidates_add_hit(&c, &hit), ERR_NONE);
    arena_release(&arena);
    assert_string_equal(c.at[0].id, "d");
    assert_string_equal(event_str(c.at[0].event, EVENT_F_USER_NAME, ""), "anna");
    assert_memory_equal(c.at[0].more.p, "\"a\":1", 5);
    assert_int_equal(c.at[0].since, 5);
    assert_int_equal(c.at[0].count, 3);
    assert_null(c.at[0].json.p);
    rule_candidates_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_shows_its_keys_and_entities_as_fields),
        cmocka_unit_test(what_is_no_record_has_no_fields),
        cmocka_unit_test(a_hit_is_copied_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
