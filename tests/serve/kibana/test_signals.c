/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#include "find/find.h"

#define PATH "/api/detection_engine/signals"

static void searched(void **state)
{
    (void)state;
    struct fake_world w;
    const struct find_options none = {.store = NULL};
    struct find *find = find_new(&none);
    assert_non_null(find);
    fake_open_find(&w, kibana_tables, sizeof(kibana_tables) / sizeof(kibana_tables[0]), find);
    ask(&w, "POST", PATH "/search", NULL, NULL, "{\"query\":{\"match_all\":{}}}", 200,
        "\"hits\":{\"total\":");
    ask(&w, "POST", PATH "/search", NULL, NULL, "{\"query\":{\"no_such\":{}}}", 400,
        "\"statusCode\":400");
    fake_close(&w);
    find_free(find);
}

static void changed(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    w.says = "{\"total\":3,\"updated\":2}\n";
    ask(&w, "POST", PATH "/status", NULL, NULL, "{\"signal_ids\":[\"a\"],\"status\":\"closed\"}",
        200, "\"timed_out\":false,\"total\":3,\"updated\":2,\"noops\":1,");
    acted(&w, "{\"command\":\"alert\",\"verb\":\"status\",\"ids\":[\"a\"],\"status\":\"closed\"}");
    ask(&w, "POST", PATH "/status", NULL, NULL,
        "{\"query\":{\"term\":{\"a\":1}},\"status\":\"in-progress\"}", 200, "");
    acted(&w, "\"query\":{\"term\":{\"a\":1}},\"status\":\"acknowledged\"");
    ask(&w, "POST", PATH "/status", NULL, NULL, "{\"status\":\"closed\"}", 400,
        "signal_ids or query");
    ask(&w, "POST", PATH "/status", NULL, NULL, "{\"signal_ids\":[],\"status\":\"closed\"}", 400,
        "list of strings");
    ask(&w, "POST", PATH "/status", NULL, NULL, "{\"signal_ids\":[1],\"status\":\"closed\"}", 400,
        "list of strings");
    ask(&w, "POST", PATH "/tags", NULL, NULL,
        "{\"ids\":[\"a\"],\"tags\":{\"tags_to_add\":[\"x\"],\"tags_to_remove\":[\"y\"]}}", 200,
        "\"failures\":[]");
    acted(&w, "\"verb\":\"tags\",\"ids\":[\"a\"],\"add\":[\"x\"],\"remove\":[\"y\"]");
    ask(&w, "POST", PATH "/tags", NULL, NULL, "{\"ids\":[\"a\"]}", 400, "tags: Required");
    ask(&w, "POST", PATH "/assignees", NULL, NULL,
        "{\"ids\":[\"a\"],\"assignees\":{\"add\":[\"eva\"]}}", 200, "");
    acted(&w, "\"verb\":\"assignees\",\"ids\":[\"a\"],\"add\":[\"eva\"]");
    w.fails = ERR_INVALID;
    ask(&w, "POST", PATH "/status", NULL, NULL, "{\"signal_ids\":[\"a\"],\"status\":\"x\"}", 400,
        "it did not work");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(searched), cmocka_unit_test(changed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
