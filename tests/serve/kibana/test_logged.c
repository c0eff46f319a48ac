/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#include "kibana/logged.h"

#define HEAD                                                                                       \
    "{\"rule_id\":\"r\",\"name\":\"n\",\"description\":\"d\",\"severity\":\"low\",\"risk_score\":" \
    "3,"                                                                                           \
    "\"from\":\"now-6m\","

/* What stands in "request" of the only one; "" when there is none. */
static void logged(const char *json, const char *type, const char *expected)
{
    struct format_node *rule = read_json(json), *answer;
    struct kibana_logged *l;
    struct err_text why;
    struct format_writer w;
    struct buf out;
    buf_init(&out);
    format_write_init(&w, &out);
    assert_int_equal(kibana_logged_new(rule, &l, &why), ERR_NONE);
    format_node_free(rule);
    assert_int_equal(kibana_logged_write(l, FAKE_NOW, 7 * TIME_MS, &w, &why), ERR_NONE);
    answer = read_json(buf_text(&out));
    const struct format_node *one = format_node_at(answer, 0);
    assert_int_equal(format_node_count(answer), expected != NULL);
    if (expected != NULL) {
        assert_string_equal(format_node_str(format_node_get(one, "request"), ""), expected);
        assert_string_equal(format_node_str(format_node_get(one, "request_type"), ""), type);
        assert_int_equal(format_node_int(format_node_get(one, "duration"), 0), 7);
    }
    format_node_free(answer);
    kibana_logged_free(l);
    buf_release(&out);
}

static void requests(void **state)
{
    (void)state;
    logged(
        HEAD "\"type\":\"machine_learning\",\"anomaly_threshold\":50,\"machine_learning_job_id\":["
             "\"a\",\"b\"]}",
        "findAnomalies",
        "POST /.ml-anomalies-*/_search\n{\"size\":100,\"query\":{\"bool\":{\"filter\":[{"
        "\"query_string\":{\"query\":\"result_type:record\",\"analyze_wildcard\":false}},{\"term\":"
        "{"
        "\"is_interim\":false}},{\"range\":{\"timestamp\":{\"gte\":1699999640000,\"lte\":"
        "1700000000000,\"format\":\"epoch_millis\"}}},{\"range\":{\"record_score\":{\"gte\":50}}},{"
        "\"query_string\":{\"query\":\"job_id:a OR job_id:b\",\"analyze_wildcard\":false}}]}},"
        "\"sort\":[{\"record_score\":{\"order\":\"desc\"}}]}");
    logged(
        HEAD
        "\"type\":\"query\",\"query\":\"a: 1\",\"index\":[\"x-*\",\"y\"],\"filters\":[{\"meta\":{"
        "\"negate\":true},\"query\":{\"term\":{\"b\":2}}},{\"query\":{\"term\":{\"c\":3}}},{"
        "\"meta\":{\"disabled\":true},\"query\":{\"term\":{\"d\":4}}}]}",
        "findDocuments",
        "POST "
        "/x-*,y/_search\n{\"size\":100,\"query\":{\"bool\":{\"filter\":[{\"bool\":{\"filter\":[{"
        "\"bool\":{\"filter\":[{\"term\":{\"a\":{\"value\":1}}}],\"must_not\":[{\"term\":{\"b\":{"
        "\"value\":2}}}]}},{\"term\":{\"c\":{\"value\":3}}}]}},{\"range\":{\"@timestamp\":{\"gte\":"
        "1699999640000,\"lte\":1700000000000,\"format\":\"epoch_millis\"}}}]}},\"sort\":[{"
        "\"@timestamp\":{\"order\":\"asc\"}}]}");
    logged(HEAD "\"type\":\"esql\",\"query\":\"from x metadata _id, _version, _index\","
                "\"language\":\"esql\"}",
           NULL, NULL);
}

static void mistakes(void **state)
{
    (void)state;
    struct format_node *rule = read_json("{\"name\":\"n\"}");
    struct kibana_logged *l;
    struct err_text why;
    assert_int_equal(kibana_logged_new(rule, &l, &why), ERR_INVALID);
    format_node_free(rule);
    kibana_logged_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(requests), cmocka_unit_test(mistakes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
