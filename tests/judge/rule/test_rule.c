/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/rule.h"

#include "cmocka_head.h"
#include "format/node.h"
#include "judge/rule/support.h"

#include <stdio.h>
#include <string.h>

static void a_file_becomes_a_rule(void **state)
{
    (void)state;
    struct rule *r = world_rule("machine_learning_job_id = [\"one_ea\", \"two\"]\n"
                                "severity = \"critical\"\nrisk_score = 99\nto = \"now-1m\"");
    assert_string_equal(r->rule_id, "00000000-0000-4000-8000-000000000001");
    assert_string_equal(r->id, r->rule_id);
    assert_string_equal(r->name, "A rule");
    assert_int_equal(r->type, RULE_MACHINE_LEARNING);
    assert_int_equal(r->severity, RULE_CRITICAL);
    assert_int_equal(r->risk_score, 99);
    assert_true(r->enabled);
    assert_int_equal(r->interval_ns, 15 * TIME_MIN);
    assert_string_equal(r->to, "now-1m");
    assert_int_equal(r->jobs_n, 2);
    assert_string_equal(r->jobs[0], "one");
    assert_string_equal(r->jobs_written[0], "one_ea");
    assert_true(rule_uses_job(r, "one"));
    assert_true(rule_uses_job(r, "two_euid"));
    assert_false(rule_uses_job(r, "three"));
    assert_true(r->line > 1);
    assert_true(rule_ref(r) == r);
    rule_unref(r);
    assert_string_equal(r->name, "A rule");
    rule_unref(r);
    rule_unref(NULL);
}

static const char small[] =
    "{\"type\":\"machine_learning\",\"name\":\"n\",\"description\":\"d\",\"risk_score\":47,"
    "\"severity\":\"medium\",\"anomaly_threshold\":0,\"machine_learning_job_id\":\"j\"}";

static void the_api_fills_in_defaults(void **state)
{
    (void)state;
    struct rule *a = world_rule_api(small);
    struct rule *b = world_rule_api(small);
    assert_string_equal(a->interval, "5m");
    assert_string_equal(a->from, "now-6m");
    assert_string_equal(a->to, "now");
    assert_int_equal(a->max_signals, 100);
    assert_int_equal(a->version, 1);
    assert_true(a->enabled);
    /* A rule without rule_id gets one that is the same when it is read again. */
    assert_int_equal(strlen(a->rule_id), 36);
    assert_string_equal(a->rule_id, b->rule_id);
    rule_unref(a);
    rule_unref(b);
}

struct heard {
    char text[8][512];
    size_t n;
};

static void hear(void *ctx, const struct err_text *why)
{
    struct heard *h = ctx;
    assert_true(h->n < 8);
    strcpy(h->text[h->n++], why->message);
}

static void listen_to(const char *extra, struct heard *h)
{
    struct buf text;
    struct format_node *root;
    struct rule *r;
    struct err_text why;
    buf_init(&text);
    world_rule_text(extra, &text);
    assert_int_equal(format_node_toml(buf_text(&text), text.n, "t.toml", &root, &why), ERR_NONE);
    h->n = 0;
    assert_int_equal(rule_new_take(root, RULE_FORM_FILE, hear, h, &r, &why), ERR_NONE);
    rule_unref(r);
    buf_release(&text);
}

static void what_has_no_effect_is_said(void **state)
{
    (void)state;
    struct heard h;
    listen_to("", &h);
    assert_int_equal(h.n, 0);
    listen_to("alert_suppression = {group_by = [\"source.ip\"]}", &h);
    assert_int_equal(h.n, 0);
    listen_to("exceptions_list = [{list_id = \"l\", type = \"detection\", namespace_type = "
              "\"single\"}]\nactions = [{action_type_id = \".webhook\"}]",
              &h);
    assert_int_equal(h.n, 0);
    listen_to("response_actions = [{action_type_id = \".osquery\"}]", &h);
    assert_int_equal(h.n, 1);
    listen_to("response_actions = []", &h);
    assert_int_equal(h.n, 0);
    listen_to("max_signals = 5000", &h);
    assert_int_equal(h.n, 1);
    listen_to("interval = \"7h\"", &h);
    assert_int_equal(h.n, 1);
    assert_non_null(strstr(h.text[0], "looks back"));
    listen_to("a_key_of_next_year = 1", &h);
    assert_int_equal(h.n, 1);
    assert_non_null(strstr(h.text[0], "a_key_of_next_year"));
}

static void all_types_load(void **state)
{
    (void)state;
    static const char head[] = "{\"name\":\"n\",\"description\":\"d\",\"risk_score\":1,"
                               "\"severity\":\"low\",";
    static const struct {
        enum rule_type type;
        const char *rest;
    } cases[] = {
        {RULE_QUERY,
         "\"type\":\"query\",\"query\":\"a: b\",\"language\":\"kuery\",\"index\":[\"x\"],"
         "\"alert_suppression\":{\"group_by\":[\"a\"]}}"},
        {RULE_SAVED_QUERY, "\"type\":\"saved_query\",\"saved_id\":\"s\"}"},
        {RULE_EQL, "\"type\":\"eql\",\"query\":\"any where true\",\"language\":\"eql\","
                   "\"timestamp_field\":\"t\"}"},
        {RULE_ESQL, "\"type\":\"esql\",\"query\":\"from x\",\"language\":\"esql\"}"},
        {RULE_THRESHOLD,
         "\"type\":\"threshold\",\"query\":\"*\",\"threshold\":{\"field\":[\"a\"],\"value\":5,"
         "\"cardinality\":[{\"field\":\"b\",\"value\":2}]},"
         "\"alert_suppression\":{\"duration\":{\"unit\":\"h\",\"value\":1}}}"},
        {RULE_THREAT_MATCH,
         "\"type\":\"threat_match\",\"query\":\"*\",\"threat_index\":[\"t\"],\"threat_query\":\"*"
         "\","
         "\"threat_mapping\":[{\"entries\":[{\"field\":\"a\",\"type\":\"mapping\",\"value\":\"b\"}]"
         "}]}"},
        {RULE_NEW_TERMS, "\"type\":\"new_terms\",\"query\":\"*\",\"new_terms_fields\":[\"a\"],"
                         "\"history_window_start\":\"now-7d\"}"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char json[1024];
        snprintf(json, sizeof(json), "%s%s", head, cases[i].rest);
        struct rule *r = world_rule_api(json);
        assert_int_equal(r->type, cases[i].type);
        assert_non_null(strstr(cases[i].rest, rule_type_name(r->type)));
        bool idle = r->type == RULE_SAVED_QUERY || r->type == RULE_ESQL;
        assert_int_equal(rule_runs(r), !idle);
        assert_int_equal(r->hunt != NULL, !idle);
        assert_int_equal(r->jobs_n, 0);
        rule_unref(r);
    }
}

static void a_saved_query_runs_when_it_is_there(void **state)
{
    (void)state;
    struct rule *r = world_rule_api(
        "{\"name\":\"n\",\"description\":\"d\",\"risk_score\":1,\"severity\":\"low\","
        "\"type\":\"saved_query\",\"saved_id\":\"s\",\"query\":\"user.name: x\"}");
    assert_true(rule_runs(r));
    rule_unref(r);
}

static void what_cannot_be_searched_is_refused(void **state)
{
    (void)state;
    static const char head[] =
        "[metadata]\ncreation_date = \"2026/01/01\"\nupdated_date = \"2026/01/01\"\n[rule]\n"
        "author = [\"a\"]\ndescription = \"d\"\nname = \"Name\"\nrisk_score = 1\nseverity = "
        "\"low\"\nrule_id = \"00000000-0000-4000-8000-000000000001\"\n";
    struct buf text;
    struct err_text why = {0};
    buf_init(&text);
    buf_format(&text, "%stype = \"query\"\nlanguage = \"kuery\"\nquery = \"a:(b\"\n", head);
    world_refused(buf_text(&text), &why);
    assert_non_null(strstr(why.message, "the query cannot be read"));
    assert_int_equal(why.line, 13);
    buf_clear(&text);
    buf_format(&text, "%stype = \"query\"\nlanguage = \"eql\"\nquery = \"any where true\"\n", head);
    world_refused(buf_text(&text), &why);
    assert_non_null(strstr(why.message, "language must be kuery or lucene"));
    buf_clear(&text);
    buf_format(&text, "%stype = \"eql\"\nlanguage = \"eql\"\nquery = \"any where (\"\n", head);
    world_refused(buf_text(&text), &why);
    assert_non_null(strstr(why.message, "the query cannot be read"));
    buf_release(&text);
}

static void other_files_of_the_repository_are_told_apart(void **state)
{
    (void)state;
    struct err_text why = {0};
    world_refused("[metadata]\ncreation_date = \"2024/01/01\"\n[[exceptions]]\nx = 1\n", &why);
    assert_non_null(strstr(why.message, "exceptions"));
    world_refused("title = \"something\"\n", &why);
    assert_non_null(strstr(why.message, "[rule]"));
    world_refused("[rule]\ntype = \"eql\"\n", &why);
    assert_non_null(strstr(why.message, "metadata"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_becomes_a_rule),
        cmocka_unit_test(the_api_fills_in_defaults),
        cmocka_unit_test(what_has_no_effect_is_said),
        cmocka_unit_test(all_types_load),
        cmocka_unit_test(a_saved_query_runs_when_it_is_there),
        cmocka_unit_test(what_cannot_be_searched_is_refused),
        cmocka_unit_test(other_files_of_the_repository_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
