/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

static void answers(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    put_rule(&w, "a", true, "");
    ask(&w, "GET", "/api/status", NULL, NULL, NULL, 200, "\"level\":\"available\"");
    w.ill = true;
    ask(&w, "GET", "/api/status", NULL, NULL, NULL, 200,
        "\"level\":\"critical\",\"summary\":\"the disk is full\"");
    ask(&w, "GET", "/api/detection_engine/rules/prepackaged/_status", NULL, NULL, NULL, 200,
        "{\"rules_custom_installed\":1,\"rules_installed\":0,\"rules_not_installed\":");
    w.says = "{\"installed\":7}\n";
    ask(&w, "PUT", "/api/detection_engine/rules/prepackaged", NULL, NULL, NULL, 200,
        "{\"rules_installed\":7,\"rules_updated\":0,");
    acted(&w, "{\"command\":\"package\",\"verb\":\"rules\"}");
    w.says = "what";
    ask(&w, "PUT", "/api/detection_engine/rules/prepackaged", NULL, NULL, NULL, 400, "answer");
    w.says = NULL;
    ask(&w, "POST", "/api/detection_engine/index", NULL, NULL, NULL, 200, "\"acknowledged\":true");
    ask(&w, "GET", "/api/detection_engine/privileges", NULL, NULL, NULL, 200,
        "\"has_all_requested\":true");
    ask(&w, "GET", "/api/detection_engine/index", NULL, NULL, NULL, 200,
        "{\"name\":\".alerts-security.alerts-default\",\"index_mapping_outdated\":false}");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
