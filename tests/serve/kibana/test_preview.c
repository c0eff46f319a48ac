/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#define PATH "/api/detection_engine/rules/preview"

static void answered(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    /* Two runs, at 00:05 and 00:10; the second one had something to say. */
    w.says = "{\"weir.remark\":\"warning\",\"at\":\"2024-01-01T00:10:00.000Z\",\"message\":"
             "\"careful\"}\n"
             "{\"kibana.alert.uuid\":\"a\"}\n{\"kibana.alert.uuid\":\"b\"}\n";
    const char *body =
        "{\"name\":\"n\",\"invocationCount\":2,\"timeframeEnd\":\"2024-01-01T00:10:00.000Z\"}";
    ask(&w, "POST", PATH, NULL, NULL, body, 200,
        "{\"logs\":[{\"errors\":[],\"warnings\":[],\"startedAt\":\"2024-01-01T00:05:00.000Z\"");
    acted(&w, "\"verb\":\"preview\",\"remarks\":true,\"from\":\"2024-01-01T00:00:00.001Z\","
              "\"to\":\"2024-01-01T00:10:00.000Z\"");
    acted(&w, "\"text\":\"{\\\"name\\\":\\\"n\\\",\\\"rule_id\\\":\\\"preview\\\"}\"");
    ask(&w, "POST", PATH, NULL, NULL, body, 200,
        "{\"errors\":[],\"warnings\":[\"careful\"],\"startedAt\":\"2024-01-01T00:10:00.000Z\"");
    ask(&w, "POST", PATH, NULL, NULL, body, 200,
        "\"isAborted\":false,\"alerts\":[{\"kibana.alert.uuid\":\"a\"},{\"kibana.alert.uuid\":"
        "\"b\"}],"
        "\"alerts_total\":2}");
    w.says = NULL;
    ask(&w, "POST", PATH, NULL, NULL, "{\"rule_id\":\"r\",\"interval\":\"1h\"}", 200,
        "\"alerts\":[],\"alerts_total\":0}");
    acted(&w, "\"from\":\"2023-11-14T21:13:20.001Z\",\"to\":\"2023-11-14T22:13:20.000Z\"");
    ask(&w, "POST", PATH, NULL, NULL, "[\"x\"]", 400, "expected a rule's object");
    ask(&w, "POST", PATH, NULL, NULL, "{\"interval\":\"soon\"}", 400, "interval");
    ask(&w, "POST", PATH, NULL, NULL, "{\"invocationCount\":0}", 400, "invocationCount");
    ask(&w, "POST", PATH, NULL, NULL, "{\"interval\":\"366d\",\"invocationCount\":10000}", 400,
        "before 1970");
    ask(&w, "POST", PATH, "enable_logged_requests", "true", "{}", 400, "must have the key");
    ask(&w, "POST", PATH, "enable_logged_requests", "true",
        "{\"name\":\"n\",\"description\":\"d\",\"type\":\"query\",\"query\":\"a: 1\",\"severity\":"
        "\"low\",\"risk_score\":3}",
        200, "\"requests\":[{\"request\":\"POST /apm-*-transaction*,auditbeat-*,");
    w.fails = ERR_INVALID;
    ask(&w, "POST", PATH, NULL, NULL, "{}", 400, "it did not work");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answered)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
