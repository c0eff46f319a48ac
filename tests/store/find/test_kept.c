/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts and results of jobs, searched as events are. */
#include "store/find/find_help.h"

#include "find/kept.h"
#include "store/state.h"

static struct store_state *filled(const char *dir)
{
    struct err_text why;
    struct store_state *st;
    assert_int_equal(store_state_open(dir, &st, &why), ERR_NONE);
    for (unsigned i = 0; i < 4; i++) {
        char id[8];
        char doc[400];
        snprintf(id, sizeof(id), "a%u", i);
        snprintf(doc, sizeof(doc),
                 "{\"@timestamp\":\"2023-11-14T22:0%u:00.000Z\",\"kibana.alert.risk_score\":%u,"
                 "\"kibana.alert.workflow_status\":\"open\",\"source.ip\":\"10.0.0.%u\"}",
                 i, i * 10, i);
        const struct store_alert alert = {.id = id,
                                          .rule_id = "r",
                                          .doc = doc,
                                          .risk_score = i * 10,
                                          .time = HELP_BASE - 800 * TIME_S + i * TIME_MIN,
                                          .start = HELP_BASE};
        assert_int_equal(store_state_alert_create(st, &alert, NULL), ERR_NONE);
    }
    assert_int_equal(store_state_alert_set_status(st, "a2", "closed"), ERR_NONE);
    for (unsigned i = 0; i < 3; i++) {
        char id[8];
        char doc[300];
        snprintf(id, sizeof(id), "r%u", i);
        snprintf(
            doc, sizeof(doc),
            "{\"job_id\":\"%s\",\"result_type\":\"record\",\"timestamp\":%llu,\"record_score\":%u}",
            i < 2 ? "one" : "two", 1700000000000ULL + i * 3600000ULL, i * 30);
        const struct store_result result = {.job_id = i < 2 ? "one" : "two",
                                            .type = "record",
                                            .id = id,
                                            .doc = doc,
                                            .time = HELP_BASE + (ts_ns)i * TIME_HOUR,
                                            .score = i * 30};
        assert_int_equal(store_state_result_put(st, &result), ERR_NONE);
    }
    for (unsigned i = 0; i < 2; i++) {
        const struct store_job job = {.id = i == 0 ? "one" : "two",
                                      .config = i == 0 ? "{\"results_index_name\":\"mine\"}"
                                                       : "{\"results_index_name\":\"shared\"}",
                                      .state = "closed",
                                      .datafeed_state = "stopped"};
        assert_int_equal(store_state_job_put(st, &job), ERR_NONE);
        const struct store_message message = {.job_id = i == 0 ? "one" : "two",
                                              .level = i == 0 ? "info" : "warning",
                                              .text = "something is late",
                                              .time = HELP_BASE + (ts_ns)i * TIME_HOUR};
        assert_int_equal(store_state_message_put(st, &message), ERR_NONE);
    }
    return st;
}

static const struct {
    const char *index;
    const char *body;
    const char *key;
    const char *expected;
} cases[] = {
    {".alerts-security.alerts-*",
     "{\"size\":1,\"query\":{\"term\":{\"kibana.alert.workflow_status\":\"closed\"}}}", "hits/hits",
     "[{\"_index\":\".internal.alerts-security.alerts-default-000001\",\"_id\":\"a2\",\"_score\":1,"
     "\"_source\":{\"@timestamp\":\"2023-11-14T22:02:00.000Z\",\"kibana.alert.risk_score\":20,"
     "\"kibana.alert.workflow_status\":\"closed\",\"source.ip\":\"10.0.0.2\"}}]"},
    {".alerts-security.alerts-*",
     "{\"size\":2,\"_source\":[\"kibana.alert.r*\"],\"sort\":[{\"kibana.alert.risk_score\":"
     "\"desc\"}],"
     "\"query\":{\"range\":{\"@timestamp\":{\"lt\":\"2023-11-14T22:03:00Z\"}}}}",
     "hits",
     "{\"total\":{\"value\":3,\"relation\":\"eq\"},\"max_score\":null,\"hits\":[{\"_index\":"
     "\".internal.alerts-security.alerts-default-000001\",\"_id\":\"a2\",\"_score\":null,\"_"
     "source\":{"
     "\"kibana.alert.risk_score\":20},\"sort\":[20]},{\"_index\":"
     "\".internal.alerts-security.alerts-default-000001\",\"_id\":\"a1\",\"_score\":null,\"_"
     "source\":{"
     "\"kibana.alert.risk_score\":10},\"sort\":[10]}]}"},
    {".ml-anomalies-*",
     "{\"size\":0,\"aggs\":{\"j\":{\"terms\":{\"field\":\"job_id\"},\"aggs\":{\"s\":{\"max\":{"
     "\"field\":"
     "\"record_score\"}}}}}}",
     "aggregations/j/buckets",
     "[{\"key\":\"one\",\"doc_count\":2,\"s\":{\"value\":30}},{\"key\":\"two\",\"doc_count\":1,"
     "\"s\":{\"value\":"
     "60}}]"},
    /* By the name that a job gave to an index of its own. */
    {".ml-anomalies-custom-mine", "{\"size\":0}", "hits/total",
     "{\"value\":2,\"relation\":\"eq\"}"},
    {".ml-anomalies-custom-*", "{\"size\":0}", "hits/total", "{\"value\":2,\"relation\":\"eq\"}"},
    {".ml-anomalies-custom-shared", "{\"size\":0}", "hits/total",
     "{\"value\":0,\"relation\":\"eq\"}"},
    {".ml-anomalies-two", "{\"size\":0}", "hits/total", "{\"value\":1,\"relation\":\"eq\"}"},
    /* The time of results by number and by date. */
    {".ml-anomalies-*",
     "{\"size\":0,\"query\":{\"range\":{\"timestamp\":{\"gte\":1700003600000}}}}", "hits/total",
     "{\"value\":2,\"relation\":\"eq\"}"},
    {".ml-anomalies-*",
     "{\"size\":0,\"query\":{\"range\":{\"timestamp\":{\"gte\":\"2023-11-14T23:00:00Z\"}}}}",
     "hits/total", "{\"value\":2,\"relation\":\"eq\"}"},
    {".ml-anomalies-*",
     "{\"size\":0,\"aggs\":{\"h\":{\"date_histogram\":{\"field\":\"timestamp\",\"calendar_"
     "interval\":"
     "\"1d\"}}}}",
     "aggregations/h/buckets",
     "[{\"key_as_string\":\"2023-11-14T00:00:00.000Z\",\"key\":1699920000000,\"doc_count\":2},{"
     "\"key_as_string\":\"2023-11-15T00:00:00.000Z\",\"key\":1700006400000,\"doc_count\":1}]"},
    {".ml-notifications-*",
     "{\"query\":{\"bool\":{\"filter\":[{\"term\":{\"job_id\":\"two\"}},{\"range\":{\"timestamp\":{"
     "\"gte\":\"2023-11-14T23:00:00Z\"}}},{\"match\":{\"message\":\"late\"}}]}}}",
     "hits/hits",
     "[{\"_index\":\".ml-notifications-000002\",\"_id\":\"two_message_1\",\"_score\":1,"
     "\"_source\":{\"job_id\":\"two\",\"level\":\"warning\",\"message\":\"something is late\","
     "\"timestamp\":1700003600000,\"job_type\":\"anomaly_detector\",\"node_name\":\"weir\"}}]"},
    {"logs-*", "{\"size\":0}", "hits/total", "{\"value\":0,\"relation\":\"eq\"}"},
};

static void test_searches(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = filled(dir);
    struct find *f = find_new(&(struct find_options){.state = st});
    assert_non_null(f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        help_expect(f, cases[i].index, cases[i].body, cases[i].key, cases[i].expected);
    char *count = help_ask(f, ".alerts-*,.ml-anomalies-*", NULL, true);
    assert_non_null(strstr(count, "{\"count\":7,"));
    free(count);
    find_free(f);
    store_state_close(st);
    help_rmdir(dir);
}

static bool keep_id(void *ctx, const struct find_doc *doc)
{
    buf_str(ctx, doc->id);
    return true;
}

static void test_get(void **state)
{
    (void)state;
    struct err_text why;
    struct find_target all;
    struct buf b;
    char *dir = help_mkdir();
    struct store_state *st = filled(dir);
    buf_init(&b);
    assert_int_equal(find_target_parse(".*", NULL, false, &all, NULL), ERR_NONE);
    assert_int_equal(find_kept_get(st, &all, "a1", keep_id, &b, &why), ERR_NONE);
    assert_int_equal(find_kept_get(st, &all, "r2", keep_id, &b, &why), ERR_NONE);
    assert_int_equal(find_kept_get(st, &all, "two_message_1", keep_id, &b, &why), ERR_NONE);
    assert_int_equal(find_kept_get(st, &all, "x", keep_id, &b, &why), ERR_NOT_FOUND);
    assert_string_equal(buf_text(&b), "a1r2two_message_1");
    find_target_release(&all);
    buf_release(&b);
    store_state_close(st);
    help_rmdir(dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_searches), cmocka_unit_test(test_get)};
    help_worker(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
