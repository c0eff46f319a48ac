/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#define LISTS "/api/exception_lists"
#define ITEMS "/api/exception_lists/items"

static void put(struct fake_world *w, const char *list, const char *item, const char *doc)
{
    const struct store_exception row = {list, item, "single", item != NULL ? item : list, doc};
    assert_int_equal(store_state_except_put(w->state, &row), ERR_NONE);
}

static void one_by_one(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    put(&w, "l", NULL,
        "{\"list_id\":\"l\",\"name\":\"L\",\"_version\":\"3\",\"created_by\":\"ida\"}");
    put(&w, "l", "i", "{\"item_id\":\"i\",\"list_id\":\"l\",\"name\":\"I\"}");
    ask(&w, "GET", LISTS, "list_id", "l", NULL, 200, "\"name\":\"L\"");
    ask(&w, "GET", ITEMS, "item_id", "i", NULL, 200, "\"name\":\"I\"");
    ask(&w, "GET", LISTS, "list_id", "x", NULL, 404,
        "exception list list_id: \\\"x\\\" does not exist");
    ask(&w, "GET", LISTS, NULL, NULL, NULL, 400, "id or list_id required");
    ask(&w, "GET", LISTS, "namespace_type", "double", NULL, 400, "single or agnostic");
    ask(&w, "POST", LISTS, NULL, NULL, "{\"list_id\":\"l\",\"name\":\"x\"}", 200, "\"name\":\"L\"");
    acted(&w, "\"fresh\":true");
    acted(&w, "\\\"created_by\\\":\\\"eva\\\"");
    acted(&w, "\\\"_version\\\":\\\"1\\\"");
    ask(&w, "POST", ITEMS, NULL, NULL, "{\"item_id\":\"i\",\"comments\":[{\"comment\":\"c\"}]}",
        200, "I");
    acted(&w, "\\\"comments\\\":[{\\\"comment\\\":\\\"c\\\",\\\"created_at\\\":");
    /* Who comments is who asks, whatever the request says. */
    put(&w, "l", "c",
        "{\"item_id\":\"c\",\"comments\":[{\"id\":\"1\",\"comment\":\"old\",\"created_by\":\"ida\"}"
        "]}");
    ask(&w, "PUT", ITEMS, NULL, NULL,
        "{\"item_id\":\"c\",\"comments\":[{\"id\":\"1\",\"comment\":\"new\",\"created_by\":\"x\"},"
        "{\"id\":\"77\",\"comment\":\"n\",\"created_by\":\"y\",\"created_at\":\"z\"}]}",
        200, "old");
    acted(&w, "\\\"created_by\\\":\\\"ida\\\",");
    acted(&w, "\\\"updated_by\\\":\\\"eva\\\"}");
    assert_null(strstr(buf_text(&w.acted), "\\\"x\\\""));
    assert_null(strstr(buf_text(&w.acted), "\\\"y\\\""));
    assert_null(strstr(buf_text(&w.acted), "\\\"z\\\""));
    assert_null(strstr(buf_text(&w.acted), "\\\"77\\\""));
    ask(&w, "PUT", LISTS, NULL, NULL, "{\"list_id\":\"l\",\"name\":\"y\",\"_version\":\"3\"}", 200,
        "L");
    acted(&w, "\"fresh\":false,\"version\":\"3\"");
    acted(&w, "\\\"_version\\\":\\\"4\\\"");
    acted(&w, "\\\"created_by\\\":\\\"ida\\\"");
    acted(&w, "\\\"updated_by\\\":\\\"eva\\\"");
    ask(&w, "PUT", LISTS, NULL, NULL, "{\"list_id\":\"l\",\"_version\":\"2\"}", 409, "meanwhile");
    ask(&w, "PUT", ITEMS, NULL, NULL, "{\"item_id\":\"i\",\"list_id\":\"m\"}", 200, "I");
    acted(&w, "\\\"list_id\\\":\\\"l\\\"");
    ask(&w, "DELETE", ITEMS, "item_id", "i", NULL, 200, "\"name\":\"I\"");
    acted(&w, "\"kind\":\"item\"");
    ask(&w, "PUT", LISTS, NULL, NULL, "[]", 400, "expected an object");
    fake_close(&w);
}

static void pages(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    put(&w, "l", NULL, "{\"list_id\":\"l\",\"name\":\"Zed\"}");
    put(&w, "m", NULL, "{\"list_id\":\"m\",\"name\":\"Abe\"}");
    put(&w, "l", "i",
        "{\"item_id\":\"i\",\"name\":\"I\",\"expire_time\":\"2020-01-01T00:00:00Z\"}");
    put(&w, "m", "k", "{\"item_id\":\"k\",\"name\":\"K\"}");
    ask(&w, "GET", LISTS "/_find", NULL, NULL, NULL, 200,
        "\"page\":1,\"per_page\":20,\"total\":2}");
    ask(&w, "GET", LISTS "/_find", "sort_field", "name", NULL, 200,
        "{\"data\":[{\"list_id\":\"m\"");
    ask(&w, "GET", LISTS "/_find", "filter", "exception-list.attributes.name: Zed", NULL, 200,
        "\"total\":1}");
    ask(&w, "GET", LISTS "/_find", "search", "aBe", NULL, 200, "\"total\":1}");
    ask(&w, "GET", LISTS "/_find", "search", "list_id", NULL, 200, "\"total\":0}");
    ask(&w, "GET", LISTS "/_find", "namespace_type", "agnostic", NULL, 200, "{\"data\":[],");
    ask(&w, "GET", LISTS "/_find", "filter", "(", NULL, 400, "statusCode");
    ask(&w, "GET", LISTS "/_find", "sort_order", "up", NULL, 400, "asc or desc");
    ask(&w, "GET", ITEMS "/_find", "list_id", "l,m", NULL, 200, "\"total\":2}");
    ask(&w, "GET", ITEMS "/_find", "list_id", "l,l,m,l", NULL, 200, "\"total\":2}");
    ask(&w, "GET", ITEMS "/_find", "list_id", "m", NULL, 200, "{\"data\":[{\"item_id\":\"k\"");
    ask(&w, "GET", ITEMS "/_find", "list_id", "none", NULL, 404, "does not exist");
    ask(&w, "GET", ITEMS "/_find", NULL, NULL, NULL, 400, "list_id: Required");
    ask(&w, "POST", LISTS "/_export", "list_id", "l", NULL, 200,
        "\"exported_exception_list_item_count\":1");
    const struct fake_pair fresh[] = {
        {"list_id", "l"}, {"include_expired_exceptions", "false"}, {NULL, NULL}};
    ask_with(&w, "POST", LISTS "/_export", fresh, NULL, 200,
             "\"exported_exception_list_item_count\":0");
    ask(&w, "POST", LISTS "/_import", NULL, NULL,
        "{\"list_id\":\"l\",\"name\":\"n\"}\n{\"item_id\":\"i\",\"entries\":[]}\n{\"exported_x\":1}"
        "\n\n[\n",
        200, "\"success\":false,\"success_count\":2");
    ask(&w, "POST", LISTS "/_import", "as_new_list", "true", "{\"list_id\":\"l\",\"name\":\"n\"}",
        200, "\"success\":true,\"success_count\":1");
    assert_null(strstr(buf_text(&w.acted), "\\\"list_id\\\":\\\"l\\\""));
    ask(&w, "POST", LISTS "/_import", "overwrite", "maybe", "{}", 400, "true or false");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_by_one), cmocka_unit_test(pages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
