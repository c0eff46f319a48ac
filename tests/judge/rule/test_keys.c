/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/keys.h"

#include "cmocka_head.h"
#include "judge/rule/support.h"
#include "rule/schema.h"

#include <string.h>

static void intervals_are_whole_and_have_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        ts_ns span;
    } good[] = {{"1s", TIME_S},
                {"15m", 15 * TIME_MIN},
                {"24h", TIME_DAY},
                {"366d", 366 * TIME_DAY},
                {"05m", 5 * TIME_MIN}};
    static const char *const bad[] = {"",   "m",   "15",   "0m",           "-5m",  "1.5h",
                                      "5w", "5 m", "367d", "99999999999s", "15mm", "15M"};
    ts_ns span = -7;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(rule_keys_interval(bad[i], strlen(bad[i]), &span));
        assert_int_equal(span, -7);
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(rule_keys_interval(good[i].text, strlen(good[i].text), &span));
        assert_int_equal(span, good[i].span);
    }
}

static void keys_stand_once_and_are_told_apart(void **state)
{
    (void)state;
    const struct rule_table *t = rule_keys_rule();
    for (size_t i = 0; i < t->n; i++) {
        assert_non_null(t->keys[i].name);
        assert_int_not_equal(t->keys[i].where, 0);
        assert_int_equal(t->keys[i].need & ~t->keys[i].where, 0);
        assert_true(t->keys[i].good == NULL || t->keys[i].expect != NULL);
        for (size_t k = 0; k < i; k++) {
            /* The same name twice only in different forms. */
            if (strcmp(t->keys[i].name, t->keys[k].name) == 0)
                assert_int_equal(t->keys[i].where & t->keys[k].where, 0);
        }
    }
}

/* Each extra line makes a good rule bad, for the reason given. */
static void forms_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *extra;
        const char *message;
    } cases[] = {
        {"anomaly_threshold = 101", "anomaly_threshold must be 0 to 100"},
        {"anomaly_threshold = \"75\"", "anomaly_threshold must be 0 to 100"},
        {"interval = \"0m\"",
         "interval must be a whole number of at least 1 and s, m, h or d, such "
         "as 15m, not \"0m\""},
        {"from = \"yesterday\"", "from must be date math such as now-6h, not \"yesterday\""},
        {"from = \"now+1h\"", "from must lie before to; now+1h does not lie before now"},
        {"rule_id = \"seed\"", "rule_id must be a UUID, not \"seed\""},
        {"name = \"x\"", "name must be at least three characters from a letter or digit to a "
                         "letter, digit or bracket, not \"x\""},
        {"severity = \"huge\"", "severity must be low, medium, high or critical, not \"huge\""},
        {"risk_score = 100.5", "risk_score must be 0 to 100"},
        {"max_signals = 0", "max_signals must be 1 to 4294967295"},
        {"max_signals = 99999999999999", "max_signals must be 1 to 4294967295"},
        {"machine_learning_job_id = []", "machine_learning_job_id must have at least 1 member"},
        {"machine_learning_job_id = \"Upper\"",
         "machine_learning_job_id must be a job id: a-z, 0-9, '-' and '_', at most 64, with a "
         "letter or digit at both ends, not \"Upper\""},
        {"query = \"a\"",
         "query belongs to rules of type query, saved_query, eql, esql, threshold, "
         "threat_match or new_terms, not to one of type machine_learning"},
        {"index = [\"a\"]", "index belongs to rules of type query, saved_query, eql, esql, "
                            "threshold, threat_match or new_terms, not to one of type "
                            "machine_learning"},
        {"alert_suppression = {group_by = []}", "group_by must have at least 1 member"},
        {"alert_suppression = {group_by = [\"a\"], duration = {unit = \"d\", value = 1}}",
         "unit must be s, m or h, not \"d\""},
        {"threat = [{framework = \"other\"}]",
         "framework must be MITRE ATT&CK or MITRE ATLAS, not \"other\""},
        {"intervall = \"5m\"", "a rule has no key intervall; did you mean interval?"},
        {"max_signal = 5", "a rule has no key max_signal; did you mean max_signals?"},
        {"type = \"machine-learning\"",
         "type must be machine_learning, query, saved_query, eql, esql, threshold, threat_match or "
         "new_terms"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf text;
        struct err_text why = {0};
        buf_init(&text);
        world_rule_text(cases[i].extra, &text);
        world_refused(buf_text(&text), &why);
        assert_string_equal(why.message, cases[i].message);
        assert_string_equal(why.file, "test.toml");
        assert_true(why.line > 4);
        buf_release(&text);
    }
}

static void forms_that_are_right_pass(void **state)
{
    (void)state;
    static const char *const good[] = {
        "to = \"now-5m\"",
        "from = \"now-1d/d\"",
        "max_signals = 20",
        "machine_learning_job_id = [\"a\", \"b_ea\"]",
        "enabled = false",
        "meta = {anything = [1, {x = \"y\"}]}",
        "severity_mapping = [{field = \"a\", value = \"x\", severity = \"high\"}]",
        "related_integrations = [{package = \"ded\", version = \"^2.0\"}]",
        "required_fields = [{name = \"a\", type = \"keyword\", ecs = true}]",
        "investigation_fields = {field_names = [\"source.ip\"]}",
        "building_block_type = \"default\"",
        "timestamp_override = \"event.ingested\"",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        rule_unref(world_rule(good[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_are_whole_and_have_a_unit),
        cmocka_unit_test(keys_stand_once_and_are_told_apart),
        cmocka_unit_test(forms_are_checked),
        cmocka_unit_test(forms_that_are_right_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
