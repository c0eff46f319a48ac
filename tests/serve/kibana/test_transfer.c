/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#define EXPORT "/api/detection_engine/rules/_export"
#define IMPORT "/api/detection_engine/rules/_import"
#define RULE                                                                                       \
    "{\"id\":\"other\",\"rule_id\":\"a\",\"name\":\"n\",\"description\":\"d\",\"type\":\"query\"," \
    "\"query\":\"a: 1\",\"severity\":\"low\",\"risk_score\":3}\n"

static void out(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    w.says = "{\"rule_id\":\"a\"}\n{\"exported_count\":1}\n";
    ask(&w, "POST", EXPORT, NULL, NULL, NULL, 200, w.says);
    acted(&w, "{\"command\":\"rule\",\"verb\":\"export\"}");
    ask(&w, "POST", EXPORT, NULL, NULL, "{\"objects\":[{\"rule_id\":\"a\"},{\"rule_id\":\"b\"}]}",
        200, w.says);
    acted(&w, "\"ids\":[\"a\",\"b\"]");
    ask(&w, "POST", EXPORT, "exclude_export_details", "true", NULL, 200, "{\"rule_id\":\"a\"}\n");
    struct auth_guest guest = {.role = AUTH_ROLE_VIEWER, .means = AUTH_GUARD_KEY, .name = "v"};
    struct http_answer a;
    struct http_request r = {
        .method = "POST",
        .path = EXPORT,
        .route = fake_route(&w, "POST", EXPORT),
        .guest = &guest,
        .params = {{"file_name", "a\"\n.ndjson"}, {"exclude_export_details", ""}}};
    fake_ask(&w, &r, &a);
    assert_string_equal(fake_header(&a, "Content-Disposition"),
                        "attachment; filename=\"a__.ndjson\"");
    assert_string_equal(buf_text(&a.body), "{\"rule_id\":\"a\"}\n");
    buf_release(&a.body);
    fake_close(&w);
}

static void in(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    ask(&w, "POST", IMPORT, NULL, NULL,
        RULE "{\"list_id\":\"l\",\"name\":\"n\",\"type\":\"detection\"}\nwhat\n", 200,
        "{\"success\":false,\"success_count\":1,\"rules_count\":2,\"errors\":[{\"rule_id\":\"("
        "unknown id)\"");
    acted(&w, "\"verb\":\"put\",\"fresh\":true");
    acted(&w, "\"command\":\"exception\"");
    assert_null(strstr(buf_text(&w.acted), "\"other\""));
    put_rule(&w, "a", true, "");
    ask(&w, "POST", IMPORT, "overwrite", "true", RULE, 200,
        "{\"success\":true,\"success_count\":1");
    acted(&w, "\"fresh\":false");
    acted(&w, "\\\"id\\\":\\\"id-a\\\"");
    acted(&w, "\\\"revision\\\":5");
    w.fails = ERR_EXISTS;
    ask(&w, "POST", IMPORT, NULL, NULL, RULE, 200,
        "\"errors\":[{\"rule_id\":\"a\",\"error\":{\"status_code\":409,\"message\":\"it did not "
        "work\"}}]");
    w.fails = ERR_FULL;
    ask(&w, "POST", IMPORT, NULL, NULL, RULE, 429, "it did not work");
    ask(&w, "POST", IMPORT, "as_new_list", "true", RULE, 400, "as_new_list");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(out), cmocka_unit_test(in)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
