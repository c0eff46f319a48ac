/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#define PATH "/api/detection_engine/rules"

static void one_by_one(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    put_rule(&w, "r1", true, ",\"created_by\":\"ida\",\"note\":\"n\"");
    ask(&w, "GET", PATH, "rule_id", "r1", NULL, 200, "\"name\":\"Rule r1\"");
    ask(&w, "GET", PATH, "id", "id-r1", NULL, 200, "\"name\":\"Rule r1\"");
    ask(&w, "GET", PATH, "id", "r1", NULL, 404, "id: \\\"r1\\\" not found");
    ask(&w, "GET", PATH, NULL, NULL, NULL, 400, "must be set");
    ask(&w, "GET", PATH, "colour", "red", NULL, 400, "unrecognized parameter");
    /* What is put is not there with a daemon that does nothing. */
    ask(&w, "POST", PATH, NULL, NULL, "{\"rule_id\":\"x\",\"created_at\":\"y\",\"revision\":9}",
        404, "rule_id: \\\"x\\\" not found");
    acted(&w, "\"fresh\":true");
    acted(&w, "\\\"revision\\\":0");
    acted(&w, "\\\"created_by\\\":\\\"eva\\\"");
    assert_null(strstr(buf_text(&w.acted), "created_at"));
    ask(&w, "POST", PATH, NULL, NULL, "[]", 400, "expected a rule's object");
    ask(&w, "POST", PATH, NULL, NULL, NULL, 400, "required");
    ask(&w, "PATCH", PATH, NULL, NULL, "{\"rule_id\":\"r1\",\"risk_score\":9,\"note\":null}", 200,
        "r1");
    acted(&w, "\"fresh\":false,\"revision\":4");
    acted(&w, "\\\"risk_score\\\":9");
    acted(&w, "\\\"revision\\\":5");
    acted(&w, "\\\"created_by\\\":\\\"ida\\\"");
    acted(&w, "\\\"query\\\":\\\"a: 1\\\"");
    acted(&w, "\\\"enabled\\\":true");
    assert_null(strstr(buf_text(&w.acted), "note"));
    /* A switch, and what is so already, are no change of content. */
    ask(&w, "PATCH", PATH, NULL, NULL,
        "{\"id\":\"id-r1\",\"rule_id\":\"r1\",\"enabled\":false,\"note\":\"n\",\"setup\":null,"
        "\"updated_at\":\"y\"}",
        200, "r1");
    acted(&w, "\\\"revision\\\":4");
    acted(&w, "\\\"enabled\\\":false");
    ask(&w, "PATCH", PATH, NULL, NULL, "{\"rule_id\":\"r1\",\"note\":\"m\"}", 200, "r1");
    acted(&w, "\\\"revision\\\":5");
    ask(&w, "PUT", PATH, NULL, NULL, "{\"id\":\"id-r1\",\"rule_id\":\"other\",\"name\":\"n\"}", 200,
        "r1");
    acted(&w, "\\\"rule_id\\\":\\\"r1\\\"");
    acted(&w, "\\\"version\\\":2");
    assert_null(strstr(buf_text(&w.acted), "query\\\":"));
    ask(&w, "DELETE", PATH, "rule_id", "r1", NULL, 200, "\"rule_id\":\"r1\"");
    acted(&w, "\"verb\":\"delete\",\"id\":\"r1\"");
    w.fails = ERR_BUSY;
    ask(&w, "PATCH", PATH, NULL, NULL, "{\"rule_id\":\"r1\"}", 409, "\"status_code\":409");
    fake_close(&w);
}

static void pages(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    ask(&w, "GET", PATH "/_find", NULL, NULL, NULL, 200,
        "{\"page\":1,\"perPage\":20,\"total\":0,\"data\":[]}");
    ask(&w, "GET", "/api/detection_engine/tags", NULL, NULL, NULL, 200, "[]");
    put_rule(&w, "a", true, "");
    put_rule(&w, "b", false, "");
    put_rule(&w, "c", false, "");
    const struct fake_pair second[] = {{"per_page", "2"}, {"page", "2"}, {NULL, NULL}};
    ask_with(&w, "GET", PATH "/_find", second, NULL, 200,
             "{\"page\":2,\"perPage\":2,\"total\":3,\"data\":[{\"id\":\"id-c\"");
    const struct fake_pair sorted[] = {
        {"sort_field", "name"}, {"sort_order", "desc"}, {"fields", "name"}, {NULL, NULL}};
    ask_with(&w, "GET", PATH "/_find", sorted, NULL, 200,
             "\"data\":[{\"id\":\"id-c\",\"rule_id\":\"c\",\"name\":\"Rule c\"");
    ask(&w, "GET", PATH "/_find", "sort_order", "up", NULL, 400, "asc or desc");
    ask(&w, "GET", PATH "/_find", "filter", "(", NULL, 400, "\"statusCode\":400");
    ask(&w, "GET", PATH "/_find", "per_page", "100000", NULL, 400, "per_page");
    ask(&w, "GET", "/api/detection_engine/tags", NULL, NULL, NULL, 200,
        "[\"a\",\"all\",\"b\",\"c\"]");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_by_one), cmocka_unit_test(pages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
