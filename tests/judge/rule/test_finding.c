/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/finding.h"

#include "cmocka_head.h"

#include <string.h>

static enum err read_text(const char *json, struct rule_finding *f, struct err_text *why)
{
    return rule_finding_read(bytes_make(json, strlen(json)), "a record", f, why);
}

static void a_record_is_understood(void **state)
{
    (void)state;
    struct rule_finding f;
    struct err_text why;
    assert_int_equal(
        read_text("{\"result_type\":\"record\",\"job_id\":\"j\",\"timestamp\":1700000100000,"
                  "\"bucket_span\":900,\"function\":\"high_sum\",\"field_name\":\"source.bytes\","
                  "\"record_score\":97,\"actual\":[5],\"typical\":[1.5],"
                  "\"over_field_name\":\"destination.port\",\"over_field_value\":\"4444\","
                  "\"partition_field_name\":\"host.name\",\"partition_field_value\":\"h\","
                  "\"influencers\":[{\"influencer_field_name\":\"source.ip\","
                  "\"influencer_field_values\":[\"a\",\"b\"]},"
                  "{\"influencer_field_name\":\"host.name\",\"influencer_field_values\":[\"h\"]}]}",
                  &f, &why),
        ERR_NONE);
    assert_string_equal(f.job_id, "j");
    assert_string_equal(f.measure, "sum");
    assert_int_equal(f.start, 1700000100 * TIME_S);
    assert_int_equal(f.span_ns, 900 * TIME_S);
    assert_true(f.has_values && f.actual == 5 && f.typical == 1.5);
    assert_int_equal(f.entities, 3);
    const struct rule_entity *e = rule_finding_entity(&f, "host.name");
    assert_false(e->influencer);
    assert_int_equal(rule_entity_count(e), 1);
    e = rule_finding_entity(&f, "source.ip");
    assert_true(e->influencer);
    assert_int_equal(rule_entity_count(e), 2);
    assert_string_equal(rule_entity_value(e, 1), "b");
    assert_null(rule_finding_entity(&f, "destination.ip"));
    assert_true(rule_finding_wire(&f));
    rule_finding_release(&f);
}

static void a_population_may_tell_its_values_by_causes(void **state)
{
    (void)state;
    struct rule_finding f;
    struct err_text why;
    assert_int_equal(
        read_text("{\"result_type\":\"record\",\"job_id\":\"j\",\"timestamp\":0,"
                  "\"bucket_span\":900,\"function\":\"rare\",\"record_score\":50.5,"
                  "\"causes\":[{\"actual\":[7],\"typical\":[2]}],"
                  "\"anomaly_score_explanation\":{\"by_field_first_occurrence\":true}}",
                  &f, &why),
        ERR_NONE);
    assert_true(f.has_values && f.actual == 7 && f.typical == 2);
    assert_true(f.first);
    assert_string_equal(f.measure, "rare");
    assert_null(f.field);
    rule_finding_release(&f);
}

static void what_is_no_record_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"result_type\":\"bucket\",\"job_id\":\"j\",\"timestamp\":0,\"record_score\":1,"
        "\"function\":\"count\"}",
        "{\"result_type\":\"record\",\"timestamp\":0,\"record_score\":1,\"function\":\"count\"}",
        "{\"result_type\":\"record\",\"job_id\":\"j\",\"timestamp\":\"x\",\"record_score\":1,"
        "\"function\":\"count\"}",
        "{\"result_type\":\"record\",\"job_id\":\"j\",\"timestamp\":9223372036854775807,"
        "\"record_score\":1,\"function\":\"count\"}",
        "{\"result_type\":\"record\",\"job_id\":\"j\",\"timestamp\":9223372036854,"
        "\"bucket_span\":9223372036,\"record_score\":1,\"function\":\"count\"}",
        "{\"result_type\":\"record\",\"job_id\":\"j\",\"timestamp\":0,\"bucket_span\":-1,"
        "\"record_score\":1,\"function\":\"count\"}",
        "{\"result_type\":\"record\",\"job_id\":\"j\",\"timestamp\":0,\"function\":\"count\"}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct rule_finding f;
        struct err_text why = {0};
        assert_int_equal(read_text(bad[i], &f, &why), ERR_FORMAT);
        assert_true(why.message[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_understood),
        cmocka_unit_test(a_population_may_tell_its_values_by_causes),
        cmocka_unit_test(what_is_no_record_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
