/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/alert_priv.h"

#include "base/buf.h"
#include "cmocka_head.h"
#include "event/event.h"
#include "format/node.h"
#include "hunt/hunt.h"
#include "judge/rule/support.h"

#include <string.h>

#define NOW (1700000000 * TIME_S)

static const char query_rule[] =
    "{\"type\":\"query\",\"rule_id\":\"r\",\"name\":\"A rule\",\"description\":\"d\","
    "\"risk_score\":50,\"severity\":\"medium\",\"query\":\"user.name: anna\","
    "\"index\":[\"logs-*\"],\"building_block_type\":\"default\"}";

static struct format_node *write_alert(const char *rule, const struct event *e, const char *more,
                                       uint64_t count)
{
    struct rule *r = world_rule_api(rule);
    struct rule_candidates found;
    struct format_node *v = NULL;
    struct err_text why = {0};
    struct buf out;
    const struct hunt_hit hit = {.index = "logs-x-default",
                                 .id = "an-id",
                                 .version = "1",
                                 .time = e->time,
                                 .since = e->time - TIME_MIN,
                                 .count = count,
                                 .event = e,
                                 .more = bytes_make(more, strlen(more))};
    buf_init(&out);
    rule_candidates_init(&found);
    assert_int_equal(rule_candidates_add_hit(&found, &hit), ERR_NONE);
    if (rule_alert_write(r, found.at, NULL, NOW, &out, &why) != ERR_NONE ||
        format_node_json(out.p, out.n, "alert", &v, &why) != ERR_NONE)
        fail_msg("%s\n%s", why.message, buf_text(&out));
    rule_candidates_release(&found);
    buf_release(&out);
    rule_unref(r);
    return v;
}

static const char *str(const struct format_node *v, const char *key)
{
    const struct format_node *at = format_node_get(v, key);
    if (format_node_type(at) == FORMAT_ARRAY)
        at = format_node_at(at, 0);
    return format_node_str(at, "");
}

static void fill(struct event *e, struct arena *arena)
{
    struct ip ip;
    event_init(e, arena, NOW - TIME_HOUR);
    assert_true(ip_parse("192.0.2.5", 9, &ip));
    event_set_ip(e, EVENT_F_SOURCE_IP, &ip);
    event_set_i64(e, EVENT_F_SOURCE_PORT, 1025);
    event_set_text(e, EVENT_F_EVENT_CATEGORY, "network");
    event_set_text(e, EVENT_F_EVENT_KIND, "event");
    event_set_text(e, EVENT_F_EVENT_ACTION, "login");
    event_set_text(e, EVENT_F_PROCESS_NAME, "sshd");
    event_set_text(e, EVENT_F_USER_NAME, "anna");
    event_set_text(e, EVENT_F_HOST_NAME, "-");
    const struct event_value v = event_value_str("mine", 4);
    event_add_named(e, "kibana.alert.uuid", 17, &v);
    event_add_named(e, "odd", 3, &v);
}

static void an_alert_holds_the_event_and_the_rule(void **state)
{
    (void)state;
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    fill(&e, &arena);
    struct format_node *v = write_alert(query_rule, &e, "", 0);
    assert_string_equal(str(v, "@timestamp"), "2023-11-14T22:13:20.000Z");
    assert_string_equal(str(v, "event.kind"), "signal");
    assert_string_equal(str(v, "kibana.alert.original_event.kind"), "event");
    assert_string_equal(str(v, "kibana.alert.original_event.action"), "login");
    assert_string_equal(str(v, "kibana.alert.original_time"), "2023-11-14T21:13:20.000Z");
    assert_string_equal(str(v, "source.ip"), "192.0.2.5");
    assert_string_equal(str(v, "odd"), "mine");
    assert_int_equal(strlen(str(v, "kibana.alert.uuid")), 64);
    assert_string_equal(str(v, "kibana.alert.building_block_type"), "default");
    assert_string_equal(str(v, "kibana.alert.rule.rule_type_id"), "siem.queryRule");
    assert_string_equal(str(v, "kibana.alert.rule.category"), "Custom Query Rule");
    assert_string_equal(str(v, "kibana.alert.rule.indices"), "logs-*");
    assert_string_equal(str(format_node_get(v, "kibana.alert.rule.parameters"), "query"),
                        "user.name: anna");
    const struct format_node *parent =
        format_node_at(format_node_get(v, "kibana.alert.ancestors"), 0);
    assert_string_equal(str(parent, "id"), "an-id");
    assert_string_equal(str(parent, "index"), "logs-x-default");
    /* What is missing or "-" is not spoken of. */
    assert_string_equal(str(v, "kibana.alert.reason"),
                        "network event with process sshd, source 192.0.2.5:1025, by anna created "
                        "medium alert A rule.");
    assert_string_equal(str(v, "weir.alert.who"), "192.0.2.5");
    assert_string_equal(str(v, "weir.alert.what"), "process sshd");
    assert_null(format_node_get(v, "weir.alert.came"));
    format_node_free(v);
    arena_release(&arena);
}

static void an_event_that_says_nothing_makes_an_alert_too(void **state)
{
    (void)state;
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, NOW);
    struct format_node *v = write_alert(query_rule, &e, "", 0);
    assert_string_equal(str(v, "kibana.alert.reason"), "event created medium alert A rule.");
    format_node_free(v);
    arena_release(&arena);
}

static void an_alert_of_an_alert_names_them_all(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"kibana.alert.ancestors.id", "an-alert"},  {"kibana.alert.ancestors.type", "signal"},
        {"kibana.alert.ancestors.index", "alerts"}, {"kibana.alert.ancestors.rule", "zeroth"},
        {"kibana.alert.rule.rule_id", "first"},     {"kibana.alert.ancestors.id", "an-event"},
        {"kibana.alert.ancestors.type", "event"},   {"kibana.alert.ancestors.index", "logs-x"},
    };
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, NOW);
    const struct event_value one = event_value_i64(1);
    const struct event_value zero = event_value_i64(0);
    event_add_named(&e, "kibana.alert.depth", 18, &one);
    event_add_named(&e, "kibana.alert.ancestors.depth", 28, &zero);
    event_add_named(&e, "kibana.alert.ancestors.depth", 28, &one);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct event_value v = event_value_str(texts[i][1], strlen(texts[i][1]));
        event_add_named(&e, texts[i][0], strlen(texts[i][0]), &v);
    }
    struct format_node *v = write_alert(query_rule, &e, "", 0);
    const struct format_node *list = format_node_get(v, "kibana.alert.ancestors");
    assert_int_equal(format_node_count(list), 3);
    assert_string_equal(str(format_node_at(list, 0), "id"), "an-alert");
    assert_string_equal(str(format_node_at(list, 0), "rule"), "zeroth");
    assert_string_equal(str(format_node_at(list, 1), "id"), "an-event");
    assert_string_equal(str(format_node_at(list, 1), "type"), "event");
    assert_string_equal(str(format_node_at(list, 2), "type"), "signal");
    assert_string_equal(str(format_node_at(list, 2), "rule"), "first");
    assert_int_equal(format_node_int(format_node_get(format_node_at(list, 2), "depth"), 0), 1);
    assert_int_equal(format_node_int(format_node_get(v, "kibana.alert.depth"), 0), 2);
    format_node_free(v);
    arena_release(&arena);
}

static void what_stands_for_many_has_no_document(void **state)
{
    (void)state;
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, NOW);
    struct format_node *v = write_alert(
        "{\"type\":\"threshold\",\"rule_id\":\"r\",\"name\":\"A rule\",\"description\":\"d\","
        "\"risk_score\":50,\"severity\":\"medium\",\"threshold\":{\"field\":[],\"value\":3}}",
        &e, "\"kibana.alert.threshold_result\":{\"count\":7}", 7);
    const struct format_node *parent =
        format_node_at(format_node_get(v, "kibana.alert.ancestors"), 0);
    assert_int_equal(strlen(str(parent, "id")), 36);
    assert_int_equal(
        format_node_int(
            format_node_get(format_node_get(v, "kibana.alert.threshold_result"), "count"), 0),
        7);
    assert_string_equal(str(v, "weir.alert.came"), "7 events");
    assert_string_equal(str(v, "weir.alert.from"), "2023-11-14T22:12:20.000Z");
    format_node_free(v);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_holds_the_event_and_the_rule),
        cmocka_unit_test(an_event_that_says_nothing_makes_an_alert_too),
        cmocka_unit_test(an_alert_of_an_alert_names_them_all),
        cmocka_unit_test(what_stands_for_many_has_no_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
