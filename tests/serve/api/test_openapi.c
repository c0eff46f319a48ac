/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "api/openapi.h"

#include "api/rows.h"
#include "format/node.h"
#include "serve/api/fake_http.h"

static enum err nothing(struct api_call *c, struct err_text *why)
{
    (void)c;
    (void)why;
    return ERR_NONE;
}

static const struct api_row rows[] = {
    {"GET", "/{index*}/_doc/{id*}", AUTH_RIGHT_READ, API_FORM_ELASTIC, 0,
     "realtime:boolean size:integer", "One document", nothing, HTTP_LANE_SHORT},
    {"POST", "/{index*}/_doc/{id*}", AUTH_RIGHT_SHIP, API_FORM_ELASTIC, API_ROW_SMALL, "",
     "Write one document", nothing, HTTP_LANE_WRITE},
    {"GET", "/app/{rest...}", AUTH_RIGHT_NONE, API_FORM_KIBANA, 0, "", "Files", nothing,
     HTTP_LANE_LONG},
    {0},
};
static const struct api_row *const tables[] = {rows, api_people_rows, api_system_rows};

static const struct format_node *at(const struct format_node *v, const char *const *keys)
{
    for (; *keys != NULL; keys++)
        v = format_node_get(v, *keys);
    return v;
}

/* Read back, each row is there once, with its parameters. */
static void says_what_the_table_says(void **state)
{
    (void)state;
    struct fake_world w;
    struct http_answer a;
    struct err_text why;
    struct format_node *root;
    size_t operations = 0;
    fake_open(&w, tables, 3);
    const char *text = fake_get(&w, &a, "/api/openapi.json", AUTH_ROLE_VIEWER, 200);
    assert_int_equal(format_node_json(text, strlen(text), "openapi", &root, &why), ERR_NONE);
    const struct format_node *paths = format_node_get(root, "paths");
    for (size_t i = 0; i < format_node_count(paths); i++)
        operations += format_node_count(format_node_at(paths, i));
    assert_int_equal(operations, api_rows(w.api));
    static const char *const get[] = {"paths", "/{index}/_doc/{id}", "get", "parameters", NULL};
    const struct format_node *parameters = at(root, get);
    assert_int_equal(format_node_count(parameters), 4);
    static const char *const names[] = {"index", "id", "realtime", "size"};
    static const char *const types[] = {"string", "string", "boolean", "integer"};
    for (size_t i = 0; i < 4; i++) {
        const struct format_node *p = format_node_at(parameters, i);
        assert_string_equal(format_node_str(format_node_get(p, "name"), ""), names[i]);
        assert_string_equal(format_node_str(format_node_get(p, "in"), ""),
                            i < 2 ? "path" : "query");
        assert_string_equal(
            format_node_str(format_node_get(format_node_get(p, "schema"), "type"), ""), types[i]);
    }
    static const char *const body[] = {"paths", "/{index}/_doc/{id}", "post", "requestBody", NULL};
    assert_non_null(at(root, body));
    static const char *const open[] = {"paths", "/app/{rest}", "get", "security", NULL};
    assert_non_null(at(root, open));
    static const char *const itself[] = {"paths", "/api/openapi.json", "get", NULL};
    assert_non_null(at(root, itself));
    assert_string_equal(format_node_str(format_node_get(root, "openapi"), ""), "3.1.0");
    format_node_free(root);
    buf_release(&a.body);
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(says_what_the_table_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
