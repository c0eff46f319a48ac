/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#define LISTS "/api/lists"
#define ITEMS "/api/lists/items"
/* "l", a NUL, "10.0.0.1" */
#define ID "6c0031302e302e302e31"

static void put(struct fake_world *w)
{
    const struct store_value_list l = {
        .id = "l",
        .type = "ip",
        .doc = "{\"id\":\"l\",\"name\":\"L\",\"type\":\"ip\",\"_version\":\"2\",\"version\":1,"
               "\"created_by\":\"ida\"}"};
    assert_int_equal(store_state_value_list_put(w->state, &l), ERR_NONE);
    assert_int_equal(store_state_value_put(w->state, "l", "10.0.0.1"), ERR_NONE);
    assert_int_equal(store_state_value_put(w->state, "l", "10.0.0.2"), ERR_NONE);
}

static void lists(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    put(&w);
    ask(&w, "GET", LISTS, "id", "l", NULL, 200, "\"name\":\"L\"");
    ask(&w, "GET", LISTS, "id", "l", NULL, 200, "\"immutable\":false");
    ask(&w, "GET", LISTS, "id", "x", NULL, 404, "list id: \\\"x\\\" does not exist");
    ask(&w, "GET", LISTS, NULL, NULL, NULL, 400, "required");
    ask(&w, "POST", LISTS, NULL, NULL,
        "{\"id\":\"l\",\"name\":\"n\",\"description\":\"d\",\"type\":\"ip\"}", 200, "L");
    acted(&w,
          "\"command\":\"values\",\"verb\":\"put\",\"id\":\"l\",\"type\":\"ip\",\"fresh\":true");
    acted(&w, "\\\"created_by\\\":\\\"eva\\\"");
    ask(&w, "POST", LISTS, NULL, NULL, "{\"id\":\"l\",\"name\":\"n\",\"type\":\"ip\"}", 400,
        "description");
    ask(&w, "PUT", LISTS, NULL, NULL, "{\"id\":\"l\",\"name\":\"M\",\"type\":\"keyword\"}", 200,
        "L");
    acted(&w, "\\\"name\\\":\\\"M\\\"");
    acted(&w, "\\\"type\\\":\\\"ip\\\"");
    acted(&w, "\\\"_version\\\":\\\"3\\\"");
    acted(&w, "\\\"created_by\\\":\\\"ida\\\"");
    ask(&w, "PUT", LISTS, NULL, NULL, "{\"id\":\"l\"}", 400, "name");
    ask(&w, "PATCH", LISTS, NULL, NULL, "{\"id\":\"l\",\"_version\":\"1\"}", 409, "meanwhile");
    ask(&w, "PATCH", LISTS, NULL, NULL, "{\"id\":\"l\",\"description\":\"x\"}", 200, "L");
    ask(&w, "DELETE", LISTS, "id", "l", NULL, 200, "L");
    acted(&w, "\"verb\":\"remove\",\"id\":\"l\"");
    ask(&w, "GET", LISTS "/_find", NULL, NULL, NULL, 200,
        "\"page\":1,\"per_page\":20,\"total\":1,\"cursor\":\"\"}");
    ask(&w, "GET", LISTS "/_find", "filter", "type: keyword", NULL, 200, "{\"data\":[],");
    ask(&w, "GET", LISTS "/_find", "filter", "type: ip", NULL, 200, "\"total\":1");
    const struct store_value_list other = {
        .id = "a", .type = "ip", .doc = "{\"id\":\"a\",\"name\":\"Z\",\"type\":\"ip\"}"};
    assert_int_equal(store_state_value_list_put(w.state, &other), ERR_NONE);
    static const struct {
        const char *field, *order, *first;
    } sorted[] = {{"name", "asc", "L"}, {"name", "desc", "Z"}, {"id", "desc", "L"}};
    for (size_t i = 0; i < 3; i++) {
        const struct fake_pair q[] = {{"sort_field", sorted[i].field},
                                      {"sort_order", sorted[i].order},
                                      {"per_page", "1"},
                                      {"cursor", ""},
                                      {NULL, NULL}};
        char first[20];
        snprintf(first, sizeof(first), "\"name\":\"%s\"", sorted[i].first);
        ask_with(&w, "GET", LISTS "/_find", q, NULL, 200, first);
    }
    ask(&w, "GET", LISTS "/_find", "sort_order", "up", NULL, 400, "asc or desc");
    ask(&w, "GET", LISTS "/index", NULL, NULL, NULL, 200,
        "{\"list_index\":true,\"list_item_index\":true}");
    ask(&w, "POST", LISTS "/index", NULL, NULL, NULL, 200, "acknowledged");
    fake_close(&w);
}

static void items(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    put(&w);
    ask(&w, "GET", ITEMS, "id", ID, NULL, 200,
        "{\"id\":\"" ID "\",\"list_id\":\"l\",\"type\":\"ip\",\"value\":\"10.0.0.1\"");
    const struct fake_pair by_value[] = {{"list_id", "l"}, {"value", "10.0.0.2"}, {NULL, NULL}};
    ask_with(&w, "GET", ITEMS, by_value, NULL, 200, "[{\"id\":");
    static const char *const wrong[] = {"",         "6",    "zz",     "6c",    "6c0031003",
                                        "6c003100", "6D00", "780031", "6c0039"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        ask(&w, "GET", ITEMS, "id", wrong[i], NULL, 404, "does not exist");
    ask(&w, "GET", ITEMS, "list_id", "l", NULL, 400, "list_id and value");
    ask(&w, "POST", ITEMS, NULL, NULL, "{\"list_id\":\"l\",\"value\":\"10.0.0.9\"}", 200,
        "10.0.0.9");
    acted(&w, "\"verb\":\"add\",\"id\":\"l\",\"name\":\"value\",\"text\":\"10.0.0.9\"");
    ask(&w, "POST", ITEMS, NULL, NULL, "{\"list_id\":\"l\",\"value\":\"a\\nb\"}", 400,
        "line breaks");
    ask(&w, "POST", ITEMS, NULL, NULL, "{\"list_id\":\"x\",\"value\":\"1\"}", 404,
        "does not exist");
    ask(&w, "PUT", ITEMS, NULL, NULL, "{\"id\":\"" ID "\",\"value\":\"10.0.0.7\"}", 200,
        "10.0.0.7");
    acted(&w, "\"text\":\"10.0.0.7\",\"instead\":\"10.0.0.1\"}");
    ask(&w, "PUT", ITEMS, NULL, NULL, "{\"id\":\"6c0039\",\"value\":\"10.0.0.7\"}", 404,
        "does not exist");
    ask(&w, "DELETE", ITEMS, "id", ID, NULL, 200, "10.0.0.1");
    acted(&w, "\"verb\":\"take\"");
    const struct fake_pair second[] = {
        {"list_id", "l"}, {"per_page", "1"}, {"page", "2"}, {NULL, NULL}};
    ask_with(&w, "GET", ITEMS "/_find", second, NULL, 200, "\"value\":\"10.0.0.2\"");
    for (int i = 1; i <= 3; i++) {
        const struct fake_pair down[] = {{"list_id", "l"},
                                         {"sort_field", "value"},
                                         {"sort_order", "desc"},
                                         {"per_page", "1"},
                                         {"page", i == 1   ? "1"
                                                  : i == 2 ? "2"
                                                           : "3"},
                                         {NULL, NULL}};
        ask_with(&w, "GET", ITEMS "/_find", down, NULL, 200,
                 i == 1   ? "\"value\":\"10.0.0.2\""
                 : i == 2 ? "\"value\":\"10.0.0.1\""
                          : "{\"data\":[],");
        ask_with(&w, "GET", ITEMS "/_find", down, NULL, 200, "\"total\":2,\"cursor\":\"\"");
    }
    const struct fake_pair colour[] = {{"list_id", "l"}, {"sort_field", "colour"}, {NULL, NULL}};
    ask_with(&w, "GET", ITEMS "/_find", colour, NULL, 400, "sorted by value");
    ask(&w, "POST", ITEMS "/_export", "list_id", "l", NULL, 200, "10.0.0.1\n10.0.0.2\n");
    const struct fake_pair to[] = {{"list_id", "l"}, {"type", "ip"}, {NULL, NULL}};
    ask_with(&w, "POST", ITEMS "/_import", to, "10.0.0.3\n", 200, "L");
    acted(&w, "\"type\":\"ip\",\"text\":\"10.0.0.3\\n\"");
    ask(&w, "POST", ITEMS "/_import", NULL, NULL, "x", 400, "list_id");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lists), cmocka_unit_test(items)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
