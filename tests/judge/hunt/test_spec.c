/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/spec.h"

#include "cmocka_head.h"
#include "event/event.h"
#include "judge/hunt/support.h"
#include "query/index.h"
#include "query/query.h"

#include <string.h>

static bool wants(const struct hunt_spec *s, const char *process, const char *user)
{
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, NOON);
    if (process != NULL)
        event_set_text(&e, EVENT_F_PROCESS_NAME, process);
    if (user != NULL)
        event_set_text(&e, EVENT_F_USER_NAME, user);
    bool wanted = query_match(s->query, &e);
    arena_release(&arena);
    return wanted;
}

static bool chooses(const struct hunt_spec *s, const char *index)
{
    return query_index_match_name(s->index, index, strlen(index));
}

static void filters_narrow_the_query(void **state)
{
    (void)state;
    struct hunt_spec *s = field_spec(
        HUNT_QUERY,
        "\"query\":\"process.name: (curl or wget)\",\"filters\":["
        "{\"meta\":{\"negate\":true},\"query\":{\"match_phrase\":{\"user.name\":\"root\"}}},"
        "{\"meta\":{\"disabled\":true},\"query\":{\"match_all\":{}}},"
        "{\"$state\":{\"store\":\"appState\"},\"exists\":{\"field\":\"user.name\"}}]");
    assert_true(wants(s, "curl", "anna"));
    assert_true(wants(s, "wget", "anna"));
    assert_false(wants(s, "curl", "root"));
    assert_false(wants(s, "curl", NULL));
    assert_false(wants(s, "bash", "anna"));
    hunt_spec_free(s);
    s = field_spec(HUNT_QUERY, "\"language\":\"lucene\",\"query\":\"process.name:c?rl\"");
    assert_true(wants(s, "curl", NULL));
    hunt_spec_free(s);
    s = field_spec(HUNT_QUERY, "");
    assert_true(wants(s, NULL, NULL));
    hunt_spec_free(s);
}

static void indices_come_from_the_rule_the_view_or_the_defaults(void **state)
{
    (void)state;
    struct hunt_spec *s = field_spec(HUNT_QUERY, "\"index\":[\"logs-zeek*\",\"-logs-zeek.dns*\"]");
    assert_true(chooses(s, "logs-zeek.connection-default"));
    assert_false(chooses(s, "logs-zeek.dns-default"));
    hunt_spec_free(s);
    s = field_spec(HUNT_QUERY, "\"data_view_id\":\"metrics-*\"");
    assert_true(chooses(s, "metrics-system-default"));
    assert_false(chooses(s, "logs-zeek.dns-default"));
    hunt_spec_free(s);
    s = field_spec(HUNT_QUERY, "\"data_view_id\":\"security-solution-default\"");
    assert_true(chooses(s, "logs-zeek.dns-default"));
    assert_false(chooses(s, "metrics-system-default"));
    assert_false(chooses(s, ".alerts-security.alerts-default"));
    assert_string_equal(s->patterns[4], "logs-*");
    hunt_spec_free(s);
}

static void each_type_has_its_keys(void **state)
{
    (void)state;
    struct hunt_spec *s = field_spec(
        HUNT_THRESHOLD, "\"threshold\":{\"field\":[\"source.ip\",\"user.name\"],\"value\":7,"
                        "\"cardinality\":[{\"field\":\"destination.port\",\"value\":3}]},"
                        "\"timestamp_override\":\"event.ingested\","
                        "\"timestamp_override_fallback_disabled\":true");
    assert_int_equal(s->fields_n, 2);
    assert_string_equal(s->fields[1].name, "user.name");
    assert_int_equal(s->least, 7);
    assert_int_equal(s->cardinality_n, 1);
    assert_int_equal(s->cardinality[0].least, 3);
    assert_string_equal(s->time.name, "event.ingested");
    assert_true(s->no_fallback);
    hunt_spec_free(s);
    s = field_spec(HUNT_THRESHOLD, "\"threshold\":{\"field\":\"\",\"value\":2}");
    assert_int_equal(s->fields_n, 0);
    hunt_spec_free(s);
    /* As files have it, and as the API has it. */
    s = field_spec(HUNT_NEW_TERMS,
                   "\"new_terms\":{\"field\":\"new_terms_fields\",\"value\":[\"host.name\"],"
                   "\"history_window_start\":[{\"field\":\"history_window_start\","
                   "\"value\":\"now-7d\"}]}");
    assert_string_equal(s->fields[0].name, "host.name");
    assert_string_equal(s->history, "now-7d");
    hunt_spec_free(s);
    s = field_spec(HUNT_NEW_TERMS, "\"new_terms_fields\":[\"host.name\",\"user.name\"],"
                                   "\"history_window_start\":\"now-5d\"");
    assert_int_equal(s->fields_n, 2);
    hunt_spec_free(s);
    s = field_spec(HUNT_THREAT_MATCH,
                   "\"threat_index\":[\"logs-ti_*\"],\"threat_query\":\"event.kind:enrichment\","
                   "\"threat_mapping\":[{\"entries\":["
                   "{\"field\":\"a\",\"type\":\"mapping\",\"value\":\"x\",\"negate\":true},"
                   "{\"field\":\"b\",\"type\":\"mapping\",\"value\":\"y\"}]}]");
    assert_int_equal(s->items_n, 1);
    assert_int_equal(s->items[0].n, 2);
    assert_int_equal(s->items[0].plain, 1);
    assert_string_equal(s->items[0].field[0].name, "b");
    assert_string_equal(s->items[0].indicator[1].name, "x");
    assert_string_equal(s->indicator_path, "threat.indicator");
    hunt_spec_free(s);
}

static void mistakes_are_told(void **state)
{
    (void)state;
    field_refused(HUNT_QUERY, "\"query\":\"a:(b\"", "the query cannot be read");
    field_refused(HUNT_QUERY, "\"query\":\"any where true\",\"language\":\"eql\"",
                  "language must be kuery or lucene");
    field_refused(HUNT_QUERY, "\"filters\":[{\"query\":{\"no_such\":{}}}]",
                  "the filters cannot be read");
    field_refused(HUNT_QUERY, "\"filters\":[7]", "filters must hold objects");
    field_refused(HUNT_NEW_TERMS, "\"new_terms_fields\":[\"a\"]", "history_window_start");
    field_refused(HUNT_THREAT_MATCH,
                  "\"threat_index\":[\"x\"],\"threat_mapping\":[{\"entries\":[{\"field\":\"a\","
                  "\"value\":\"b\",\"negate\":true}]}]",
                  "not negated");
    field_refused(HUNT_THREAT_MATCH,
                  "\"threat_index\":[\"x\"],\"threat_query\":\"a:(\",\"threat_mapping\":[]",
                  "the threat_query cannot be read");
    field_refused(HUNT_THRESHOLD,
                  "\"threshold\":{\"field\":[],\"value\":1,\"cardinality\":[{},{},{},{},{},{}]}",
                  "at most 5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_narrow_the_query),
        cmocka_unit_test(indices_come_from_the_rule_the_view_or_the_defaults),
        cmocka_unit_test(each_type_has_its_keys),
        cmocka_unit_test(mistakes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
