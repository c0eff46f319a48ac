/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#include "kibana/doc.h"
#include "kibana/rule.h"

static const char *shown(struct api_call *c, const struct kibana_rule *r, const char *fields,
                         struct buf *out)
{
    struct format_writer w;
    struct err_text why;
    buf_clear(out);
    format_write_init(&w, out);
    assert_int_equal(kibana_rule_write(c, r, fields, &w, &why), ERR_NONE);
    return buf_text(out);
}

static void found_and_shown(void **state)
{
    (void)state;
    struct fake_world w;
    struct kibana_rules rules;
    struct err_text why;
    struct buf out;
    buf_init(&out);
    open_world(&w);
    put_rule(&w, "r1", true, ",\"created_by\":\"ida\"");
    put_rule(&w, "r2", false, "");
    const struct store_rule broken = {.id = "r3", .doc = "{", .last_run = TIME_NONE};
    assert_int_equal(store_state_rule_put(w.state, &broken), ERR_NONE);
    struct api_call c = make_call(&w);
    kibana_rules_init(&rules);
    assert_int_equal(kibana_rules_read(&c, &rules, &why), ERR_NONE);
    assert_int_equal(rules.n, 2);
    const char *text = shown(&c, &rules.list[0], NULL, &out);
    assert_non_null(strstr(text, "\"id\":\"id-r1\",\"rule_id\":\"r1\",\"name\":\"Rule r1\""));
    assert_non_null(strstr(text, "\"enabled\":true"));
    assert_non_null(strstr(text, "\"created_at\":\"2023-11-13T22:13:20.000Z\""));
    assert_non_null(strstr(text, "\"created_by\":\"ida\""));
    assert_non_null(strstr(text, "\"updated_by\":\"weir\""));
    assert_non_null(strstr(text, "\"rule_source\":{\"type\":\"internal\"}"));
    assert_null(strstr(text, "execution_summary"));
    text = shown(&c, &rules.list[1], "name,tags", &out);
    assert_non_null(strstr(text, "\"name\":\"Rule r2\""));
    assert_non_null(strstr(text, "\"rule_id\":\"r2\""));
    assert_null(strstr(text, "risk_score"));
    kibana_rules_release(&rules);
    kibana_rules_init(&rules);
    assert_int_equal(kibana_rules_find(&c, "id-r2", NULL, &rules, &why), ERR_NONE);
    assert_int_equal(kibana_rules_find(&c, NULL, "r1", &rules, &why), ERR_NONE);
    assert_int_equal(rules.n, 2);
    assert_string_equal(rules.list[0].rule_id, "r2");
    assert_int_equal(kibana_rules_find(&c, "r", NULL, &rules, &why), ERR_INVALID);
    assert_int_equal(c.status, 404);
    assert_string_equal(why.message, "id: \"r\" not found");
    assert_int_equal(kibana_rules_find(&c, NULL, NULL, &rules, &why), ERR_INVALID);
    assert_int_equal(c.status, 400);
    kibana_rules_release(&rules);
    arena_release(&c.arena);
    buf_release(&out);
    fake_close(&w);
}

/* The last run that was not manual tells its measures. */
static void summary(void **state)
{
    (void)state;
    struct fake_world w;
    struct kibana_rules rules;
    struct err_text why;
    struct buf out;
    buf_init(&out);
    open_world(&w);
    put_rule(&w, "r1", true, "");
    struct store_run run = {.rule_id = "r1",
                            .time = FAKE_NOW,
                            .status = "partial failure",
                            .message = "a job is off",
                            .doc = "{\"metrics\":{\"records_found\":5}}"};
    assert_int_equal(store_state_run_put(w.state, &run), ERR_NONE);
    run.time += TIME_MIN;
    run.manual = true;
    run.doc = "{\"metrics\":{\"records_found\":6}}";
    assert_int_equal(store_state_run_put(w.state, &run), ERR_NONE);
    struct api_call c = make_call(&w);
    kibana_rules_init(&rules);
    assert_int_equal(kibana_rules_find(&c, NULL, "r1", &rules, &why), ERR_NONE);
    assert_non_null(strstr(shown(&c, &rules.list[0], NULL, &out),
                           "\"execution_summary\":{\"last_execution\":{\"date\":"
                           "\"2023-11-14T22:13:20.000Z\",\"status\":\"partial failure\","
                           "\"status_order\":20,\"message\":\"a job is off\","
                           "\"metrics\":{\"records_found\":5}}}"));
    kibana_rules_release(&rules);
    arena_release(&c.arena);
    buf_release(&out);
    fake_close(&w);
}

static void asked(void **state)
{
    (void)state;
    struct fake_world w;
    struct kibana_change change;
    struct err_text why;
    open_world(&w);
    struct api_call c = make_call(&w);
    struct format_node *doc = read_json("{\"rule_id\":\"x\",\"created_at\":\"y\"}");
    kibana_change_init(&change, &c.arena);
    kibana_rule_forget_bookkeeping(&change);
    assert_int_equal(kibana_rule_put(&c, doc, &change, true, -1, &why), ERR_NONE);
    acted(&w, "{\"command\":\"rule\",\"verb\":\"put\",\"fresh\":true,\"revision\":-1,"
              "\"text\":\"{\\\"rule_id\\\":\\\"x\\\"}\"}");
    assert_int_equal(kibana_rule_ask(&c, "delete", "x", &why), ERR_NONE);
    acted(&w, "{\"command\":\"rule\",\"verb\":\"delete\",\"id\":\"x\"}");
    w.fails = ERR_BUSY;
    assert_int_equal(kibana_rule_ask(&c, "delete", "x", &why), ERR_BUSY);
    format_node_free(doc);
    arena_release(&c.arena);
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(found_and_shown), cmocka_unit_test(summary),
                                       cmocka_unit_test(asked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
