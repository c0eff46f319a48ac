/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/alert.h"

#include "cmocka_head.h"
#include "format/node.h"
#include "judge/rule/support.h"
#include "rule/candidate.h"

#include <string.h>

#define NOW (1700000000 * TIME_S)

static const char json[] =
    "{\"result_type\":\"record\",\"job_id\":\"a_job\",\"timestamp\":1699990200000,"
    "\"bucket_span\":10800,\"detector_index\":0,\"function\":\"high_sum\","
    "\"field_name\":\"source.bytes\",\"record_score\":97.5,\"probability\":1e-12,"
    "\"is_interim\":false,\"actual\":[48300000],\"typical\":[120000],\"event.kind\":\"nonsense\","
    "\"over_field_name\":\"destination.port\",\"over_field_value\":\"4444\","
    "\"destination.port\":[\"4444\"],\"source.ip\":[\"192.0.2.5\"],\"event.severity\":73,"
    "\"influencers\":[{\"influencer_field_name\":\"source.ip\","
    "\"influencer_field_values\":[\"192.0.2.5\",\"192.0.2.6\"]}]}";

static struct rule_candidates found;

/* The candidate that a record document makes. */
static const struct rule_candidate *candidate(const char *text)
{
    rule_candidates_release(&found);
    rule_candidates_init(&found);
    assert_int_equal(rule_candidates_add_record(&found, "a_job_record_1", ".ml-anomalies-shared",
                                                bytes_make(text, strlen(text))),
                     ERR_NONE);
    return found.at;
}

static struct format_node *write_alert(const struct rule *r, const struct rule_job *job)
{
    struct buf out;
    struct format_node *v = NULL;
    struct err_text why = {0};
    buf_init(&out);
    if (rule_alert_write(r, candidate(json), job, NOW, &out, &why) != ERR_NONE ||
        format_node_json(out.p, out.n, "alert", &v, &why) != ERR_NONE) {
        /* The reader refuses keys given twice. */
        print_error("%s\n%s\n", why.message, buf_text(&out));
        fail();
    }
    buf_release(&out);
    return v;
}

static const char *str(const struct format_node *v, const char *key)
{
    return format_node_str(format_node_get(v, key), "(missing)");
}

static void an_alert_tells_rule_record_and_story(void **state)
{
    (void)state;
    static const char query[] = "{\"term\":{\"event.category\":\"network\"}}";
    static const char indices[] = "[\"logs-*\",\"packetbeat-*\"]";
    const struct rule_job job = {.installed = true,
                                 .query = query,
                                 .query_n = sizeof(query) - 1,
                                 .indices = indices,
                                 .indices_n = sizeof(indices) - 1};
    struct rule *r = world_rule("tags = [\"one\"]\nthreat = [{framework = \"MITRE ATT&CK\", tactic "
                                "= {id = \"TA0010\", name "
                                "= \"Exfiltration\", reference = \"https://example.org\"}}]");
    struct format_node *v = write_alert(r, &job);
    char id[RULE_ALERT_ID_SIZE];
    rule_alert_id(r, candidate(json), id);

    assert_string_equal(str(v, "@timestamp"), "2023-11-14T22:13:20.000Z");
    assert_string_equal(str(v, "event.kind"), "signal");
    assert_int_equal(format_node_count(format_node_get(v, "source.ip")), 2);
    assert_string_equal(
        format_node_str(format_node_at(format_node_get(v, "destination.port"), 0), ""), "4444");
    assert_string_equal(str(v, "job_id"), "a_job");
    assert_true(format_node_num(format_node_get(v, "record_score"), 0) == 97.5);
    assert_string_equal(str(v, "kibana.alert.uuid"), id);
    assert_string_equal(str(v, "kibana.alert.status"), "active");
    assert_string_equal(str(v, "kibana.alert.workflow_status"), "open");
    assert_string_equal(str(v, "kibana.alert.original_time"), "2023-11-14T19:30:00.000Z");
    assert_string_equal(str(v, "kibana.alert.start"), "2023-11-14T22:13:20.000Z");
    assert_string_equal(str(v, "kibana.alert.last_detected"), "2023-11-14T22:13:20.000Z");
    assert_string_equal(str(v, "kibana.alert.severity"), "low");
    assert_int_equal(format_node_num(format_node_get(v, "kibana.alert.risk_score"), 0), 21);
    assert_string_equal(str(v, "kibana.alert.rule.rule_id"), r->rule_id);
    assert_string_equal(str(v, "kibana.alert.rule.name"), "A rule");
    assert_string_equal(str(v, "kibana.alert.rule.rule_type_id"), "siem.mlRule");
    const struct format_node *threat = format_node_get(v, "kibana.alert.rule.threat");
    assert_int_equal(format_node_count(threat), 1);
    assert_string_equal(str(format_node_get(format_node_at(threat, 0), "tactic"), "id"), "TA0010");
    assert_int_equal(format_node_count(format_node_get(v, "kibana.alert.rule.tags")), 1);
    const struct format_node *p = format_node_get(v, "kibana.alert.rule.parameters");
    assert_int_equal(format_node_int(format_node_get(p, "anomaly_threshold"), 0), 75);
    const struct format_node *parent =
        format_node_at(format_node_get(v, "kibana.alert.ancestors"), 0);
    assert_string_equal(str(parent, "id"), "a_job_record_1");
    assert_non_null(strstr(str(v, "kibana.alert.reason"), "sent 48.3 MB"));

    assert_string_equal(str(v, "weir.alert.job"), "a_job");
    assert_string_equal(str(v, "weir.alert.from"), "2023-11-14T19:30:00.000Z");
    assert_string_equal(str(v, "weir.alert.to"), "2023-11-14T22:30:00.000Z");
    assert_string_equal(str(v, "weir.alert.who"), "192.0.2.5 and 192.0.2.6");
    assert_string_equal(str(v, "weir.alert.what"), "port 4444");
    assert_string_equal(str(v, "weir.alert.came"), "48.3 MB");
    assert_string_equal(str(v, "weir.alert.usual"), "120 kB");
    assert_string_equal(str(v, "weir.alert.unit"), "bytes");
    assert_true(format_node_num(format_node_get(v, "weir.alert.actual"), 0) == 48300000);
    assert_string_equal(
        str(v, "weir.alert.events.which"),
        "destination.port: \"4444\" and source.ip: (\"192.0.2.5\" or \"192.0.2.6\")");
    assert_int_equal(format_node_count(format_node_get(v, "weir.alert.events.indices")), 2);
    assert_non_null(strstr(str(v, "weir.alert.events.query"), "\"source.ip\""));
    assert_non_null(strstr(str(v, "weir.alert.events.kql"), "event.category: \"network\""));
    format_node_free(v);
    rule_unref(r);
}

static void ids_are_lasting_and_distinct(void **state)
{
    (void)state;
    struct rule *a = world_rule("");
    struct rule *b = world_rule("rule_id = \"00000000-0000-4000-8000-000000000002\"");
    char x[RULE_ALERT_ID_SIZE];
    char y[RULE_ALERT_ID_SIZE];
    /* From coreutils: the joined texts through sha256sum. */
    rule_alert_id(a, candidate(json), x);
    assert_string_equal(x, "cac50072c601389e940cfc332875e9f94f90710604d7dc3e9a022d1865c61547");
    rule_alert_id(b, found.at, y);
    assert_string_not_equal(x, y);
    struct rule_candidate other = *found.at;
    other.id = "a_job_record_2";
    rule_alert_id(a, &other, y);
    assert_string_not_equal(x, y);
    rule_unref(a);
    rule_unref(b);
}

static void overrides_read_the_alerts_own_fields(void **state)
{
    (void)state;
    struct rule *r = world_rule(
        "rule_name_override = \"source.ip\"\n"
        "severity_mapping = [{field = \"destination.port\", operator = \"equals\", value = \"80\", "
        "severity = \"medium\"}, {field = \"destination.port\", operator = \"equals\", value = "
        "\"4444\", severity = \"high\"}, {field = \"event.severity\", operator = \"equals\", value "
        "= \"73\", severity = \"low\"}]\n"
        "risk_score_mapping = [{field = \"event.severity\", operator = \"equals\", value = \"\"}]");
    struct format_node *v = write_alert(r, NULL);
    assert_string_equal(str(v, "kibana.alert.severity"), "high");
    assert_int_equal(format_node_num(format_node_get(v, "kibana.alert.risk_score"), 0), 73);
    assert_string_equal(str(v, "kibana.alert.rule.name"), "192.0.2.5");
    assert_string_equal(str(v, "kibana.alert.rule.severity"), "low");
    assert_null(format_node_get(v, "weir.alert.events.query"));
    format_node_free(v);
    rule_unref(r);
}

static void what_is_no_record_makes_no_alert(void **state)
{
    (void)state;
    struct rule *r = world_rule("");
    struct buf out;
    struct err_text why;
    buf_init(&out);
    assert_int_equal(rule_alert_write(r, candidate("{}"), NULL, NOW, &out, &why), ERR_FORMAT);
    buf_release(&out);
    rule_unref(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_tells_rule_record_and_story),
        cmocka_unit_test(ids_are_lasting_and_distinct),
        cmocka_unit_test(overrides_read_the_alerts_own_fields),
        cmocka_unit_test(what_is_no_record_makes_no_alert),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rule_candidates_release(&found);
    return failed;
}
