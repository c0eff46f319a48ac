/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#define EXPORT "/api/detection_engine/rules/_export"

static void out(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    w.says = "{\"rule_id\":\"a\"}\n{\"exported_count\":1}\n";
    ask(&w, "POST", EXPORT, NULL, NULL, NULL, 200, w.says);
    acted(&w, "{\"command\":\"rule\",\"verb\":\"export\",\"connectors\":true}");
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
    acted(&w, "\"connectors\":false"); /* not for a viewer */
    buf_release(&a.body);
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
