/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/override.h"

#include "cmocka_head.h"
#include "judge/rule/support.h"

#include <string.h>

static void the_highest_that_fits_wins(void **state)
{
    (void)state;
    struct rule *r = world_rule(
        "severity_mapping = [{field = \"user.name\", value = \"anna\", severity = \"high\"}, "
        "{field = \"destination.port\", value = 80, severity = \"medium\"}, "
        "{field = \"user.name\", value = \"bert\", severity = \"critical\"}]\n"
        "risk_score_mapping = [{field = \"event.risk_score\"}]\n"
        "rule_name_override = \"user.name\"\n");
    struct arena arena;
    struct event e;
    struct rule_overrides over;
    arena_init(&arena, 0);
    event_init(&e, &arena, 0);
    rule_override(r, &e, &over);
    assert_int_equal(over.severity, RULE_LOW);
    assert_true(over.risk == 21);
    assert_string_equal(over.name, "A rule");
    event_set_i64(&e, EVENT_F_DESTINATION_PORT, 80);
    rule_override(r, &e, &over);
    assert_int_equal(over.severity, RULE_MEDIUM);
    event_add_str(&e, EVENT_F_USER_NAME, "carl", 4);
    event_add_str(&e, EVENT_F_USER_NAME, "anna", 4);
    rule_override(r, &e, &over);
    assert_int_equal(over.severity, RULE_HIGH);
    assert_string_equal(over.name, "carl");
    const struct event_value risks[] = {event_value_str("12.5", 4), event_value_str("101", 3),
                                        event_value_str("99", 2), event_value_str("x", 1)};
    for (size_t i = 0; i < 4; i++)
        event_add_named(&e, "event.risk_score", 16, &risks[i]);
    rule_override(r, &e, &over);
    assert_true(over.risk == 99);
    arena_release(&arena);
    rule_unref(r);
}

static void a_name_need_not_be_text(void **state)
{
    (void)state;
    struct rule *r = world_rule("rule_name_override = \"destination.port\"\n");
    struct arena arena;
    struct event e;
    struct rule_overrides over;
    arena_init(&arena, 0);
    event_init(&e, &arena, 0);
    event_set_i64(&e, EVENT_F_DESTINATION_PORT, 4444);
    rule_override(r, &e, &over);
    assert_string_equal(over.name, "4444");
    arena_release(&arena);
    rule_unref(r);
}

/* Of an event's severity the number counts; it may lower the rule's own. */
static void severities_of_events_are_numbers(void **state)
{
    (void)state;
    struct rule *r = world_rule(
        "severity = \"critical\"\n"
        "severity_mapping = [{field = \"event.severity\", value = \"7.0\", severity = \"medium\"}, "
        "{field = \"event.code\", value = \"7.0\", severity = \"high\"}]\n");
    struct arena arena;
    struct event e;
    struct rule_overrides over;
    arena_init(&arena, 0);
    event_init(&e, &arena, 0);
    const struct event_value seven = event_value_i64(7);
    event_add_named(&e, "event.code", 10, &seven);
    rule_override(r, &e, &over);
    assert_int_equal(over.severity, RULE_CRITICAL);
    event_add_named(&e, "event.severity", 14, &seven);
    rule_override(r, &e, &over);
    assert_int_equal(over.severity, RULE_MEDIUM);
    arena_release(&arena);
    rule_unref(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_highest_that_fits_wins),
        cmocka_unit_test(a_name_need_not_be_text),
        cmocka_unit_test(severities_of_events_are_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
