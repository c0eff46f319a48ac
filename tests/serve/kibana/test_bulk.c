/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#include "store/state_gap.h"

#define PATH "/api/detection_engine/rules/_bulk_action"

static void act(struct fake_world *w, const char *body, unsigned status, const char *expected)
{
    ask(w, "POST", PATH, NULL, NULL, body, status, expected);
}

static void each(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    put_rule(&w, "a", true, "");
    put_rule(&w, "b", false, "");
    act(&w, "{\"action\":\"enable\",\"query\":\"\"}", 200, "\"success\":true,\"rules_count\":2");
    acted(&w, "\"verb\":\"enable\",\"ids\":[\"a\",\"b\"]");
    assert_null(strstr(buf_text(&w.acted), "\"id\":"));
    act(&w, "{\"action\":\"disable\",\"query\":\"alert.attributes.tags: b\"}", 200,
        "\"rules_count\":1");
    acted(&w, "\"verb\":\"disable\",\"id\":\"b\"");
    act(&w, "{\"action\":\"delete\",\"ids\":[\"id-a\"]}", 200, "\"deleted\":[{\"id\":\"id-a\"");
    act(&w,
        "{\"action\":\"run\",\"ids\":[\"id-a\"],\"run\":{\"start_date\":\"now-1h\",\"end_date\":"
        "\"now\"}}",
        200, "\"succeeded\":1");
    acted(&w, "\"verb\":\"run\",\"id\":\"a\",\"from\":\"2023-11-14T21:13:20.000Z\",\"to\":"
              "\"2023-11-14T22:13:20.000Z\"}");
    act(&w, "{\"action\":\"run\",\"ids\":[\"id-a\"]}", 400, "start_date");
    act(&w,
        "{\"action\":\"run\",\"ids\":[\"id-a\"],\"run\":{\"start_date\":\"now\",\"end_date\":"
        "\"now-1h\"}}",
        400, "start_date must lie before end_date");
    act(&w,
        "{\"action\":\"edit\",\"ids\":[\"id-a\"],\"edit\":[{\"type\":\"add_tags\",\"value\":[\"z\"]"
        "}]}",
        200, "\"updated\":[{");
    acted(&w, "\\\"tags\\\":[\\\"a\\\",\\\"all\\\",\\\"z\\\"]");
    acted(&w,
          "{\"command\":\"rule\",\"verb\":\"put\",\"objects\":[{\"fresh\":false,\"revision\":4,");
    act(&w,
        "{\"action\":\"edit\",\"ids\":[\"id-a\"],\"edit\":[{\"type\":\"add_tags\",\"value\":[\"a\"]"
        "}]}",
        200, "\"skip_reason\":\"RULE_NOT_MODIFIED\"");
    act(&w, "{\"action\":\"edit\",\"ids\":[\"id-a\"],\"edit\":[]}", 500,
        "\"message\":\"Bulk edit failed\"");
    /* The copy cannot be shown: the daemon does nothing. */
    act(&w,
        "{\"action\":\"duplicate\",\"ids\":[\"id-a\"],\"duplicate\":{\"include_exceptions\":false}"
        "}",
        500, "Bulk edit failed");
    acted(&w, "\\\"name\\\":\\\"Rule a [Duplicate]\\\"");
    acted(&w, "\\\"exceptions_list\\\":[]");
    w.says = "{}\n";
    act(&w, "{\"action\":\"export\",\"ids\":[\"id-b\"]}", 200, "{}\n");
    acted(&w, "\"verb\":\"export\",\"ids\":[\"b\"]");
    fake_close(&w);
}

/* Only rules with something to fill are run. */
static void gaps(void **state)
{
    (void)state;
    static const char body[] = "{\"action\":\"fill_gaps\",\"ids\":[\"id-a\",\"id-b\",\"id-c\"],"
                               "\"fill_gaps\":{\"start_date\":\"now-1d\",\"end_date\":\"now\"}}";
    struct fake_world w;
    const struct store_gap open = {.rule_id = "a",
                                   .from = FAKE_NOW - TIME_HOUR,
                                   .to = FAKE_NOW - TIME_MIN,
                                   .status = "partially_filled",
                                   .doc = "{}"};
    const struct store_gap filled = {.rule_id = "b",
                                     .from = FAKE_NOW - TIME_HOUR,
                                     .to = FAKE_NOW - TIME_MIN,
                                     .status = "filled",
                                     .doc = "{}"};
    open_world(&w);
    put_rule(&w, "a", true, "");
    put_rule(&w, "b", true, "");
    put_rule(&w, "c", true, "");
    assert_int_equal(store_state_gap_put(w.state, &open), ERR_NONE);
    assert_int_equal(store_state_gap_put(w.state, &filled), ERR_NONE);
    ask(&w, "POST", PATH, "dry_run", "true", body, 200,
        "\"summary\":{\"failed\":0,\"skipped\":2,\"succeeded\":1,\"total\":3}");
    assert_int_equal(w.acted.n, 0);
    act(&w, body, 200, "{\"id\":\"id-b\",\"name\":\"Rule b\",\"skip_reason\":\"NO_GAPS_TO_FILL\"}");
    acted(&w, "\"verb\":\"run\",\"id\":\"a\",\"from\":\"2023-11-13T22:13:20.000Z\",\"to\":"
              "\"2023-11-14T22:13:20.000Z\",\"gaps\":true}");
    act(&w, "{\"action\":\"fill_gaps\",\"ids\":[\"id-a\"]}", 400, "start_date");
    act(&w,
        "{\"action\":\"fill_gaps\",\"ids\":[\"id-a\"],\"fill_gaps\":{\"start_date\":\"now\","
        "\"end_date\":\"now+1h\"}}",
        400, "not in the future");
    fake_close(&w);
}

/* Many ids are looked up in one reading; what is refused of a request is told of each. */
static void many(void **state)
{
    (void)state;
    struct fake_world w;
    struct buf ids;
    open_world(&w);
    buf_init(&ids);
    buf_str(&ids, "{\"action\":\"delete\",\"ids\":[\"none\"");
    for (int i = 0; i < 20; i++) {
        char id[20];
        snprintf(id, sizeof(id), "r%02d", i);
        put_rule(&w, id, true, "");
        buf_format(&ids, ",\"id-%s\"", id);
    }
    buf_str(&ids, "]}");
    w.says = "{\"at\":3,\"code\":-5,\"message\":\"gone\"}\n";
    act(&w, buf_text(&ids), 500, "\"summary\":{\"failed\":2,\"skipped\":0,\"succeeded\":19,");
    acted(&w, "{\"command\":\"rule\",\"verb\":\"delete\",\"objects\":[{\"fresh\":false,\"text\":"
              "\"r00\"},");
    act(&w, buf_text(&ids), 500,
        "{\"message\":\"gone\",\"status_code\":404,\"rules\":[{\"id\":\"id-r03\"");
    act(&w, buf_text(&ids), 500,
        "{\"message\":\"Rule not found\",\"status_code\":404,\"rules\":[{\"id\":\"none\"");
    buf_release(&ids);
    fake_close(&w);
}

static void mistakes(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    put_rule(&w, "a", true, "");
    act(&w, "{\"action\":\"sing\"}", 400, "'sing'");
    act(&w, "{\"action\":\"enable\",\"ids\":[],\"query\":\"\"}", 400, "Both query and ids");
    act(&w, "{\"action\":\"enable\",\"ids\":[]}", 400, "ids must be a list");
    act(&w, "{\"action\":\"enable\",\"query\":\"(\"}", 400, "statusCode");
    act(&w, "{\"action\":\"enable\",\"ids\":[\"id-a\",\"none\"]}", 500,
        "\"message\":\"Bulk edit partially failed\"");
    act(&w, "{\"action\":\"enable\",\"ids\":[\"none\"]}", 500,
        "{\"message\":\"Rule not found\",\"status_code\":404,\"rules\":[{\"id\":\"none\"}]}");
    ask(&w, "POST", PATH, "dry_run", "true", "{\"action\":\"export\"}", 400, "dry_run");
    ask(&w, "POST", PATH, "dry_run", "true", "{\"action\":\"delete\",\"ids\":[\"id-a\"]}", 200,
        "\"succeeded\":1");
    assert_int_equal(w.acted.n, 0);
    /* Together it fails, so it is tried one by one. */
    put_rule(&w, "b", true, "");
    w.fails = ERR_INVALID;
    act(&w, "{\"action\":\"disable\",\"query\":\"\"}", 500, "\"failed\":2");
    acted(&w, "\"verb\":\"disable\",\"id\":\"b\"");
    act(&w, "{\"action\":\"enable\",\"ids\":[\"id-a\"]}", 500,
        "\"errors\":[{\"message\":\"it did not work\",\"status_code\":400,"
        "\"rules\":[{\"id\":\"id-a\",\"name\":\"Rule a\"}]}]");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each), cmocka_unit_test(gaps),
                                       cmocka_unit_test(many), cmocka_unit_test(mistakes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
