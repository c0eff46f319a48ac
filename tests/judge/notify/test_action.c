/* SPDX-License-Identifier: Apache-2.0 */
#include "notify/action.h"

#include "base/buf.h"
#include "cmocka_head.h"
#include "format/node.h"

#include <string.h>

static struct format_node *parse(const char *json)
{
    struct format_node *node;
    struct err_text why;
    assert_int_equal(format_node_json(json, strlen(json), "a", &node, &why), ERR_NONE);
    return node;
}

static enum err read(const char *json, const char *throttle, struct notify_action *out, bool *off)
{
    struct err_text why;
    struct format_node *node = parse(json);
    enum err err = notify_action_read(node, 3, throttle, out, off, &why);
    format_node_free(node);
    return err;
}

#define EACH(when, throttle)                                                                       \
    "{\"id\":\"c\",\"frequency\":{\"summary\":true,\"notifyWhen\":\"" when                         \
    "\",\"throttle\":" throttle "}}"

static void frequencies(void **state)
{
    (void)state;
    struct notify_action a;
    bool off;
    assert_int_equal(read("{\"id\":\"c\"}", NULL, &a, &off), ERR_NONE);
    assert_true(a.summary && a.every == 0 && !off);
    assert_string_equal(a.key, "#3");
    assert_int_equal(read("{\"id\":\"c\",\"uuid\":\"u\"}", "no_actions", &a, &off), ERR_NONE);
    assert_true(off);
    assert_string_equal(a.key, "u");
    assert_int_equal(read("{\"id\":\"c\"}", "2h", &a, &off), ERR_NONE);
    assert_true(a.every == 2 * TIME_HOUR && !off);
    assert_int_equal(read("{\"id\":\"c\"}", "rule", &a, &off), ERR_NONE);
    assert_true(a.every == 0);
    assert_int_equal(read("{\"id\":\"c\"}", "0h", &a, &off), ERR_INVALID);
    assert_int_equal(read(EACH("onThrottleInterval", "\"30m\""), "no_actions", &a, &off), ERR_NONE);
    assert_true(a.every == 30 * TIME_MIN && !off);
    assert_int_equal(read(EACH("onThrottleInterval", "null"), NULL, &a, &off), ERR_INVALID);
    assert_int_equal(read(EACH("onActionGroupChange", "null"), NULL, &a, &off), ERR_NONE);
    assert_int_equal(read(EACH("sometimes", "null"), NULL, &a, &off), ERR_INVALID);
    assert_int_equal(read("{\"id\":\"c\",\"group\":\"recovered\"}", NULL, &a, &off), ERR_NONE);
    assert_true(off);
    assert_int_equal(read("{}", NULL, &a, &off), ERR_INVALID);
}

static bool in_time(const char *timeframe, const char *iso)
{
    struct format_node *node = parse(timeframe);
    struct notify_action a = {.timeframe = node};
    struct err_text why;
    ts_ns now;
    bool yes = false;
    assert_true(time_parse_iso(iso, strlen(iso), &now));
    assert_int_equal(notify_action_in_time(&a, now, &yes, &why), ERR_NONE);
    format_node_free(node);
    return yes;
}

static void timeframes(void **state)
{
    (void)state;
    /* 2024-01-01 was a Monday. */
    static const char office[] = "{\"days\":[1,2,3,4,5],\"hours\":{\"start\":\"09:00\",\"end\":"
                                 "\"17:00\"},\"timezone\":\"+02:00\"}";
    assert_true(in_time(office, "2024-01-01T07:00"));
    assert_false(in_time(office, "2024-01-01T06:59"));
    assert_false(in_time(office, "2024-01-01T15:00"));
    assert_false(in_time(office, "2024-01-06T10:00"));
    static const char night[] = "{\"days\":[7],\"hours\":{\"start\":\"22:00\",\"end\":\"06:00\"}}";
    assert_true(in_time(night, "2024-01-07T23:00"));
    assert_true(in_time(night, "2024-01-07T05:00"));
    assert_false(in_time(night, "2024-01-07T12:00"));
    struct format_node *zone = parse("{\"timezone\":\"Europe/Berlin\"}");
    struct notify_action a = {.timeframe = zone};
    struct err_text why;
    bool yes;
    assert_int_equal(notify_action_in_time(&a, 0, &yes, &why), ERR_UNSUPPORTED);
    format_node_free(zone);
}

static void rendering(void **state)
{
    (void)state;
    struct format_node *rule = parse("{\"id\":\"i\",\"name\":\"The \\\"rule\\\"\",\"type\":"
                                     "\"query\",\"severity\":\"high\",\"tags\":[\"t\"]}");
    struct bytes docs[] = {bytes_make("{\"source.ip\":\"10.0.0.1\"}", 24), bytes_make("{}", 2)};
    const char *ids[] = {"one", "two"};
    struct notify_facts facts = {.rule = rule,
                                 .rule_id = "r",
                                 .base_url = "http://w",
                                 .summary = true,
                                 .alerts = docs,
                                 .alert_ids = ids,
                                 .alerts_n = 2,
                                 .total = 7};
    struct err_text why;
    struct buf data, out;
    buf_init(&data);
    buf_init(&out);
    notify_facts_write(&facts, &data);
    struct format_node *node = parse(buf_text(&data));
    struct format_node *params =
        parse("{\"body\":\"{{context.rule.name}}|{{rule.tags}}|{{alerts.new.count}}|"
              "{{alerts.ongoing.count}}|{{#context.alerts}}{{_id}}={{source.ip}},"
              "{{/context.alerts}}|{{context.results_link}}|{{state.signals_count}}|{{date}}\"}");
    assert_int_equal(notify_action_render(NOTIFY_WEBHOOK, params, node, &out, &why), ERR_NONE);
    assert_string_equal(buf_text(&out),
                        "{\"body\":\"The \\\\\\\"rule\\\\\\\"|[\\\\\\\"t\\\\\\\"]|7|0|one=10.0.0.1,"
                        "two=,|http://w/alerts?rule=r|7|1970-01-01T00:00:00.000Z\"}");
    format_node_free(params);
    params = parse("{\"to\":[\"{{rule.id}}@b\"],\"subject\":\"{{rule.name}}\",\"message\":\"\"}");
    buf_clear(&out);
    assert_int_equal(notify_action_render(NOTIFY_EMAIL, params, node, &out, &why), ERR_NONE);
    assert_string_equal(buf_text(&out), "{\"to\":[\"i@b\"],\"subject\":\"The \\\"rule\\\"\","
                                        "\"message\":\"\"}");
    format_node_free(params);
    params = parse("{\"message\":\"\",\"subject\":\"\"}");
    buf_clear(&out);
    assert_int_equal(notify_action_render(NOTIFY_SYSLOG, params, node, &out, &why), ERR_INVALID);
    format_node_free(params);
    format_node_free(node);
    format_node_free(rule);
    buf_release(&data);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frequencies),
        cmocka_unit_test(timeframes),
        cmocka_unit_test(rendering),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
