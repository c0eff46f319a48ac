/* SPDX-License-Identifier: Apache-2.0 */
/* The n-th allocation fails, for every n: an answer is whole, or says that memory is short. */
#include "serve/kibana/kibana_help.h"

#include "fault_memory.h"

struct request {
    const char *method, *path, *body;
    struct fake_pair param;
    const char *says;
};

static const struct request requests[] = {
    {"GET", "/api/detection_engine/rules", NULL, {"id", "id-a"}, NULL},
    {"PATCH",
     "/api/detection_engine/rules",
     "{\"rule_id\":\"a\",\"note\":\"x\"}",
     {NULL, NULL},
     NULL},
    {"GET",
     "/api/detection_engine/rules/_find",
     NULL,
     {"filter", "alert.attributes.tags: a"},
     NULL},
    {"GET", "/api/detection_engine/rules/_find", NULL, {"sort_field", "name"}, NULL},
    {"GET", "/api/detection_engine/tags", NULL, {NULL, NULL}, NULL},
    {"POST",
     "/api/detection_engine/rules/_bulk_action",
     "{\"action\":\"edit\",\"ids\":[\"id-a\"],\"edit\":[{\"type\":\"add_tags\",\"value\":[\"z\"]}]"
     "}",
     {NULL, NULL},
     NULL},
    {"POST",
     "/api/detection_engine/rules/_bulk_action",
     "{\"action\":\"delete\",\"ids\":[\"id-a\",\"id-b\",\"id-a\",\"id-b\",\"id-a\",\"id-b\",\"id-"
     "a\",\"id-b\",\"id-a\"]}",
     {NULL, NULL},
     NULL},
    {"POST",
     "/api/detection_engine/rules/_import",
     "{\"id\":\"o\",\"rule_id\":\"a\",\"name\":\"n\",\"description\":\"d\",\"type\":\"query\","
     "\"query\":\"a: 1\",\"severity\":\"low\",\"risk_score\":3,\"actions\":[{\"id\":\"none\"}],"
     "\"exceptions_list\":[{\"id\":\"i\",\"list_id\":\"l\",\"type\":\"detection\","
     "\"namespace_type\":\"single\"}]}\n{\"list_id\":\"l\",\"name\":\"n\"}\n"
     "{\"item_id\":\"x\",\"list_id\":\"l\",\"entries\":[]}\n"
     "{\"id\":\"hook\",\"type\":\"action\",\"attributes\":{}}\n",
     {"as_new_list", "true"},
     NULL},
    {"POST",
     "/api/detection_engine/rules/_export",
     "{\"objects\":[{\"rule_id\":\"a\"}]}",
     {NULL, NULL},
     "{}\n{}\n"},
    {"POST",
     "/api/detection_engine/rules/preview",
     "{\"invocationCount\":2}",
     {NULL, NULL},
     "{\"weir.remark\":\"error\",\"at\":\"2023-11-14T22:10:00.000Z\",\"message\":\"m\"}\n{}\n"},
    {"POST",
     "/api/detection_engine/signals/status",
     "{\"signal_ids\":[\"a\"],\"status\":\"open\"}",
     {NULL, NULL},
     "{\"total\":1,\"updated\":1}\n"},
    {"GET", "/api/exception_lists", NULL, {"list_id", "l"}, NULL},
    {"PUT", "/api/exception_lists", "{\"list_id\":\"l\",\"name\":\"x\"}", {NULL, NULL}, NULL},
    {"GET",
     "/api/exception_lists/_find",
     NULL,
     {"filter", "exception-list.attributes.name: L"},
     NULL},
    {"POST", "/api/exception_lists/_export", NULL, {"list_id", "l"}, NULL},
    {"GET", "/api/lists", NULL, {"id", "v"}, NULL},
    {"GET", "/api/lists/items/_find", NULL, {"list_id", "v"}, NULL},
    {"PATCH", "/api/lists", "{\"id\":\"v\",\"name\":\"x\"}", {NULL, NULL}, NULL},
};

/* The status, or 503 when the answer's own memory ran out, which the server sees to. */
static unsigned ask_once(struct fake_world *w, const struct request *q)
{
    struct auth_guest guest = {.role = AUTH_ROLE_ADMIN, .means = AUTH_GUARD_KEY, .name = "eva"};
    struct http_answer a;
    struct http_request r = {.method = q->method,
                             .path = q->path,
                             .body = q->body,
                             .route = fake_route(w, q->method, q->path),
                             .guest = &guest};
    if (q->param.name != NULL)
        r.params[0] = q->param;
    fake_ask(w, &r, &a);
    unsigned status = buf_ok(&a.body) ? a.status : 503;
    buf_release(&a.body);
    return status;
}

static void each(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    put_rule(&w, "a", true, "");
    put_rule(&w, "b", true, "");
    const struct store_exception list = {"l", NULL, "single", "id-l",
                                         "{\"list_id\":\"l\",\"name\":\"L\",\"_version\":\"1\"}"};
    const struct store_value_list values = {
        .id = "v", .type = "keyword", .doc = "{\"id\":\"v\",\"name\":\"V\"}"};
    assert_int_equal(store_state_except_put(w.state, &list), ERR_NONE);
    assert_int_equal(store_state_value_list_put(w.state, &values), ERR_NONE);
    assert_int_equal(store_state_value_put(w.state, "v", "x"), ERR_NONE);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        w.says = requests[i].says;
        assert_int_equal(ask_once(&w, &requests[i]), 200);
        bool hit = true;
        for (uint64_t n = 1; hit; n++) {
            buf_clear(&w.acted);
            fault_arm(n);
            unsigned status = ask_once(&w, &requests[i]);
            hit = fault_disarm();
            if (status != 200 && (!hit || (status != 503 && status != 500)))
                fail_msg("%s %s: allocation %llu: %u", requests[i].method, requests[i].path,
                         (unsigned long long)n, status);
        }
    }
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
