/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/export.h"

#include "cmocka_head.h"
#include "format/node.h"
#include "judge/rule/support.h"

#include <string.h>

static struct format_node *line_at(const char *text, size_t i)
{
    for (; i > 0; i--)
        text = strchr(text, '\n') + 1;
    struct format_node *root;
    struct err_text why;
    assert_int_equal(format_node_json(text, strcspn(text, "\n"), "line", &root, &why), ERR_NONE);
    return root;
}

static const char *str(const struct format_node *v, const char *key)
{
    return format_node_str(format_node_get(v, key), "");
}

static void an_object_has_all_that_the_api_shows(void **state)
{
    (void)state;
    struct rule *r = world_rule("note = \"see\"\ntags = [\"one\"]\n"
                                "alert_suppression = {group_by = [\"source.ip\"]}");
    r->enabled = false;
    struct buf out;
    buf_init(&out);
    rule_export(&r, 1, NULL, &out);
    struct format_node *v = line_at(buf_text(&out), 0);
    assert_string_equal(str(v, "id"), r->rule_id);
    assert_string_equal(str(v, "to"), "now");
    assert_false(format_node_bool(format_node_get(v, "enabled"), true));
    assert_int_equal(format_node_int(format_node_get(v, "max_signals"), 0), 100);
    const struct format_node *jobs = format_node_get(v, "machine_learning_job_id");
    assert_int_equal(format_node_type(jobs), FORMAT_ARRAY);
    assert_string_equal(format_node_str(format_node_at(jobs, 0), ""), "a_job");
    assert_string_equal(str(v, "note"), "see");
    assert_int_equal(format_node_count(format_node_get(v, "tags")), 1);
    assert_int_equal(format_node_type(format_node_get(v, "references")), FORMAT_ARRAY);
    assert_int_equal(format_node_count(format_node_get(v, "references")), 0);
    assert_non_null(format_node_get(v, "alert_suppression"));
    format_node_free(v);
    v = line_at(buf_text(&out), 1);
    assert_int_equal(format_node_int(format_node_get(v, "exported_rules_count"), -1), 1);
    assert_int_equal(format_node_count(format_node_get(v, "missing_rules")), 0);
    format_node_free(v);
    buf_release(&out);
    rule_unref(r);
}

static void a_file_of_new_terms_becomes_the_api_form(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text);
    world_rule_text("type = \"new_terms\"\nquery = \"*\"\nlanguage = \"kuery\"\n"
                    "new_terms = {field = \"new_terms_fields\", value = [\"a\"], "
                    "history_window_start = [{field = \"history_window_start\", value = "
                    "\"now-7d\"}]}",
                    &text);
    /* The two keys of machine learning do not belong here. */
    struct err_text why;
    world_refused(buf_text(&text), &why);
    char *line = strstr(text.p, "anomaly_threshold");
    memset(line, ' ', strcspn(line, "\n"));
    line = strstr(text.p, "machine_learning_job_id");
    memset(line, ' ', strcspn(line, "\n"));
    struct rule_set *set = rule_set_new();
    assert_int_equal(rule_load_text(set, text.p, text.n, "t.toml", NULL), ERR_NONE);
    assert_int_equal(rule_set_count(set), 1);
    struct rule *r = rule_set_at(set, 0);
    struct buf out;
    buf_init(&out);
    rule_export(&r, 1, NULL, &out);
    struct format_node *v = line_at(buf_text(&out), 0);
    assert_null(format_node_get(v, "new_terms"));
    assert_int_equal(format_node_count(format_node_get(v, "new_terms_fields")), 1);
    assert_string_equal(str(v, "history_window_start"), "now-7d");
    format_node_free(v);
    rule_set_free(set);
    set = rule_set_new();
    assert_int_equal(rule_load_text(set, out.p, out.n, "t.ndjson", NULL), ERR_NONE);
    assert_int_equal(rule_set_count(set), 1);
    assert_int_equal(rule_set_refused(set), 0);
    rule_set_free(set);
    buf_release(&out);
    buf_release(&text);
}

static void exceptions_stand_between_rules_and_summary(void **state)
{
    (void)state;
    static const char lines[] = "{\"list_id\":\"l\"}\n{\"item_id\":\"i\"}\n";
    static const char missing[] = "{\"list_id\":\"m\"},{\"list_id\":\"n\"}";
    static const char rules[] = "{\"rule_id\":\"q\"}";
    const struct rule_exported also = {.lines = lines,
                                       .lines_n = sizeof(lines) - 1,
                                       .lists = 1,
                                       .items = 1,
                                       .missing = 2,
                                       .missing_lists = missing,
                                       .missing_n = sizeof(missing) - 1,
                                       .missing_rules = rules,
                                       .missing_rules_n = sizeof(rules) - 1,
                                       .missing_rules_count = 1,
                                       .connectors = 2,
                                       .missing_connectors = rules,
                                       .missing_connectors_n = sizeof(rules) - 1,
                                       .missing_connectors_count = 1};
    struct rule *r = world_rule("");
    struct buf out;
    buf_init(&out);
    rule_export(&r, 1, &also, &out);
    const char *list = strstr(buf_text(&out), "\n{\"list_id\":\"l\"}\n{\"item_id\":\"i\"}\n");
    assert_non_null(list);
    const char *summary = strstr(list, "{\"exported_count\":5,\"exported_rules_count\":1,");
    assert_non_null(summary);
    assert_non_null(strstr(summary, "\"missing_exception_lists\":[{\"list_id\":\"m\"},"
                                    "{\"list_id\":\"n\"}],"
                                    "\"missing_exception_lists_count\":2"));
    assert_non_null(
        strstr(summary, "\"missing_rules\":[{\"rule_id\":\"q\"}],\"missing_rules_count\":1,"));
    assert_non_null(strstr(summary, "\"exported_action_connector_count\":2,"
                                    "\"missing_action_connections\":[{\"rule_id\":\"q\"}],"
                                    "\"missing_action_connection_count\":1,"
                                    "\"excluded_action_connections\":[],"));
    rule_unref(r);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_has_all_that_the_api_shows),
        cmocka_unit_test(exceptions_stand_between_rules_and_summary),
        cmocka_unit_test(a_file_of_new_terms_becomes_the_api_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
