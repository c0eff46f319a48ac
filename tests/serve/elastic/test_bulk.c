/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "elastic/rows.h"

#include "format/node.h"
#include "serve/api/fake_http.h"
#include "store/state.h"
#include "store/store.h"

static const struct api_row *const tables[] = {elastic_bulk_rows};

static unsigned post(struct fake_world *w, const char *path, const char *index, const char *id,
                     const char *body, struct buf *out)
{
    struct auth_guest guest = {.role = AUTH_ROLE_SHIPPER, .means = AUTH_GUARD_KEY};
    struct http_answer a;
    struct http_request r = {.method = "POST",
                             .path = "/",
                             .body = body,
                             .route = fake_route(w, "POST", path),
                             .guest = &guest,
                             .parts = {{"index", index}, {"id", id}}};
    fake_ask(w, &r, &a);
    *out = a.body;
    return a.status;
}

static void refused(struct fake_world *w, const char *body, const char *expected)
{
    struct buf out;
    unsigned status = post(w, "/_bulk", NULL, NULL, body, &out);
    if (status != 400 || strstr(buf_text(&out), expected) == NULL)
        fail_msg("%s: %u %s", body, status, buf_text(&out));
    assert_int_equal(w->taken.n, 0);
    buf_release(&out);
}

/* A pipeline that nobody put, and one that is there. */
static void pipelines(void **state)
{
    (void)state;
    static const char *const names[] = {"none", "_none", "beat-8"};
    struct auth_guest guest = {.role = AUTH_ROLE_SHIPPER, .means = AUTH_GUARD_KEY};
    struct fake_world w;
    fake_open(&w, tables, 1);
    assert_int_equal(store_state_listed_put(w.state, STORE_PIPELINES, "beat-8", "{}"), ERR_NONE);
    for (size_t i = 0; i < 3; i++) {
        struct http_answer a;
        struct http_request r = {.method = "POST",
                                 .path = "/",
                                 .body = "{\"create\":{\"_index\":\"a\"}}\n{\"message\":\"1\"}\n",
                                 .route = fake_route(&w, "POST", "/_bulk"),
                                 .guest = &guest,
                                 .params = {{"pipeline", names[i]}}};
        fake_ask(&w, &r, &a);
        assert_int_equal(a.status, 200);
        assert_int_equal(strstr(buf_text(&a.body),
                                "\"status\":400,\"error\":{\"type\":"
                                "\"illegal_argument_exception\",\"reason\":"
                                "\"pipeline with id [none] does not exist\"}") != NULL,
                         i == 0);
        buf_release(&a.body);
        r.route = fake_route(&w, "POST", "/{index}/_doc");
        r.body = "{}";
        r.parts[0] = (struct fake_pair){"index", "a"};
        fake_ask(&w, &r, &a);
        assert_int_equal(a.status, i == 0 ? 400 : 201);
        buf_release(&a.body);
    }
    fake_close(&w);
}

static void refreshed(void **state)
{
    (void)state;
    static const char *const paths[] = {"/_refresh", "/{index}/_refresh"};
    struct fake_world w;
    struct buf out;
    fake_open(&w, tables, 1);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(post(&w, paths[i], "logs-a-b", NULL, NULL, &out), 200);
        assert_string_equal(buf_text(&out),
                            "{\"_shards\":{\"total\":1,\"successful\":1,\"failed\":0}}");
        buf_release(&out);
    }
    fake_close(&w);
}

/* An action's own comes before the request's; each fails alone. */
static void pipelines_of_actions(void **state)
{
    (void)state;
    static const char *const answers[] = {"400", "201", "201", "400", "201"};
    struct auth_guest guest = {.role = AUTH_ROLE_SHIPPER, .means = AUTH_GUARD_KEY};
    struct fake_world w;
    struct http_answer a;
    fake_open(&w, tables, 1);
    assert_int_equal(store_state_listed_put(w.state, STORE_PIPELINES, "beat-8", "{}"), ERR_NONE);
    struct http_request r = {.method = "POST",
                             .path = "/",
                             .body =
                                 "{\"create\":{\"_index\":\"a\"}}\n{}\n"
                                 "{\"create\":{\"_index\":\"a\",\"pipeline\":\"beat-8\"}}\n{}\n"
                                 "{\"create\":{\"_index\":\"a\",\"pipeline\":\"_none\"}}\n{}\n"
                                 "{\"create\":{\"_index\":\"a\",\"pipeline\":\"other\"}}\n{}\n"
                                 "{\"create\":{\"_index\":\"a\",\"pipeline\":\"beat-8\"}}\n{}\n",
                             .route = fake_route(&w, "POST", "/_bulk"),
                             .guest = &guest,
                             .params = {{"pipeline", "none"}}};
    fake_ask(&w, &r, &a);
    assert_int_equal(a.status, 200);
    const char *at = buf_text(&a.body);
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        at = strstr(at, "\"status\":");
        assert_non_null(at);
        at += strlen("\"status\":");
        assert_memory_equal(at, answers[i], 3);
    }
    assert_int_equal(w.sequence, 3);
    buf_release(&a.body);
    fake_close(&w);
}

static void items(void **state)
{
    (void)state;
    struct fake_world w;
    struct buf out;
    struct err_text why;
    struct format_node *root;
    fake_open(&w, tables, 1);
    unsigned status = post(&w, "/{index}/_bulk", "logs-a-b", NULL,
                           "{\"create\":{}}\n{\"message\":\"1\"}\r\n\n"
                           "{\"index\":{\"_index\":\"packetbeat-8\",\"_id\":\"x\"}}\n"
                           "{\"message\":\"2\"}\n"
                           "{\"delete\":{\"_id\":\"x\"}}\n"
                           "{\"update\":{\"_id\":\"x\"}}\n{\"doc\":{}}\n"
                           "{\"create\":{\"_index\":\"Bad\"}}\n{}\n"
                           "{ \"create\" : { \"dynamic_templates\": {} } }\n{oops\n"
                           "{\"create\":{\"_id\":null}}\n{\"message\":\"3\"}\n"
                           "{\"create\":{\"_id\":\"\"}}\n{\"message\":\"4\"}",
                           &out);
    assert_int_equal(status, 200);
    assert_int_equal(format_node_json(out.p, out.n, "answer", &root, &why), ERR_NONE);
    assert_true(format_node_bool(format_node_get(root, "errors"), false));
    const struct format_node *list = format_node_get(root, "items");
    static const struct {
        const char *action, *index;
        int status;
    } expected[] = {{"create", "logs-a-b", 201}, {"index", "packetbeat-8", 201},
                    {"delete", "logs-a-b", 400}, {"update", "logs-a-b", 400},
                    {"create", "Bad", 400},      {"create", "logs-a-b", 400},
                    {"create", "logs-a-b", 201}, {"create", "logs-a-b", 400}};
    assert_int_equal(format_node_count(list), 8);
    for (size_t i = 0; i < 8; i++) {
        const struct format_node *item =
            format_node_get(format_node_at(list, i), expected[i].action);
        assert_non_null(item);
        assert_int_equal(format_node_int(format_node_get(item, "status"), 0), expected[i].status);
        assert_string_equal(format_node_str(format_node_get(item, "_index"), ""),
                            expected[i].index);
        assert_int_equal(format_node_get(item, "error") != NULL, expected[i].status != 201);
    }
    const struct format_node *second = format_node_get(format_node_at(list, 1), "index");
    assert_string_equal(format_node_str(format_node_get(second, "_id"), ""), "x");
    assert_string_equal(format_node_str(format_node_get(second, "result"), ""), "created");
    assert_int_equal(w.sequence, 3);
    format_node_free(root);
    buf_release(&out);
    fake_close(&w);
}

/* What is malformed refuses all of it: nobody could say which line is which. */
static void malformed(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 1);
#define FINE "{\"create\":{\"_index\":\"a\"}}\n{}\n"
    refused(&w, "", "request body is required");
    refused(&w, FINE "nonsense\n{}\n", "Malformed action/metadata line [3]");
    refused(&w, FINE "[]\n{}\n", "Malformed action/metadata line [3]");
    refused(&w, FINE "{}\n{}\n", "Malformed action/metadata line [3]");
    refused(&w, FINE "{\"upsert\":{}}\n{}\n", "expected field [create]");
    refused(&w, FINE "{\"create\":1}\n{}\n", "expected field [create]");
    refused(&w, FINE "{\"create\":{},\"index\":{}}\n{}\n", "expected one action");
    refused(&w, FINE "{\"create\":{\"_index\":7}}\n{}\n", "must be strings");
    refused(&w, FINE "{\"create\":{\"_index\":\"a\\u0000b\"}}\n{}\n", "must be strings");
    refused(&w, FINE "{\"create\":{}}\n{}\n", "an _index is required");
    refused(&w, FINE "{\"create\":{\"_index\":\"a\"}}\n", "terminated by a newline");
    fake_close(&w);
}

static void one_document(void **state)
{
    (void)state;
    struct fake_world w;
    struct buf out;
    fake_open(&w, tables, 1);
    assert_int_equal(post(&w, "/{index}/_doc", "syslog", NULL, "{\"message\":\"m\"}", &out), 201);
    assert_non_null(strstr(buf_text(&out), "\"_index\":\"syslog\""));
    assert_non_null(strstr(buf_text(&out), "\"result\":\"created\""));
    buf_release(&out);
    assert_int_equal(post(&w, "/{index}/_create/{id*}", "syslog", "7", "{}", &out), 201);
    assert_non_null(strstr(buf_text(&out), "\"_id\":\"7\""));
    buf_release(&out);
    assert_int_equal(post(&w, "/{index}/_doc", "Syslog", NULL, "{}", &out), 400);
    assert_non_null(strstr(buf_text(&out), "invalid_index_name_exception"));
    buf_release(&out);
    assert_int_equal(post(&w, "/{index}/_doc", "syslog", NULL, "{", &out), 400);
    assert_non_null(strstr(buf_text(&out), "document_parsing_exception"));
    buf_release(&out);
    assert_int_equal(post(&w, "/{index}/_doc", "syslog", NULL, NULL, &out), 400);
    assert_non_null(strstr(buf_text(&out), "request body is required"));
    buf_release(&out);
    w.take_fails = ERR_FULL;
    assert_int_equal(post(&w, "/{index}/_doc", "syslog", NULL, "{}", &out), 429);
    assert_non_null(strstr(buf_text(&out), "cluster_block_exception"));
    buf_release(&out);
    w.take_fails = ERR_STOPPED;
    assert_int_equal(post(&w, "/{index}/_doc", "syslog", NULL, "{}", &out), 503);
    assert_non_null(strstr(buf_text(&out), "circuit_breaking_exception"));
    buf_release(&out);
    fake_close(&w);
}

/* An id that is there. */
static void conflicts(void **state)
{
    (void)state;
    struct fake_world w;
    struct buf out;
    fake_open(&w, tables, 1);
    w.name_state = STORE_NAME_SAME;
    assert_int_equal(post(&w, "/_bulk", NULL, NULL,
                          "{\"create\":{\"_index\":\"own\",\"_id\":\"x\"}}\n{}\n"
                          "{\"index\":{\"_index\":\"own\",\"_id\":\"x\"}}\n{}\n"
                          "{\"create\":{\"_index\":\"own\"}}\n{}\n",
                          &out),
                     200);
    static const char *const parts[] = {
        "{\"errors\":true,",
        "{\"create\":{\"_index\":\"own\",\"_id\":\"x\",\"status\":409,\"error\":{\"type\":"
        "\"version_conflict_engine_exception\",\"reason\":\"[x]: version conflict, document "
        "already exists (current version [3])\",\"index_uuid\":\"_na_\",\"shard\":\"0\",\"index\":"
        "\"own\"}}}",
        "{\"index\":{\"_index\":\"own\",\"_id\":\"x\",\"_version\":3,\"result\":\"updated\",",
        "\"_seq_no\":77,\"_primary_term\":1,\"status\":200}}",
        "\"_version\":1,\"result\":\"created\",",
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strstr(buf_text(&out), parts[i]) == NULL)
            fail_msg("%s is not in %s", parts[i], buf_text(&out));
    buf_release(&out);
    assert_int_equal(post(&w, "/{index}/_create/{id*}", "own", "x", "{}", &out), 409);
    assert_non_null(strstr(buf_text(&out), "\"version_conflict_engine_exception\""));
    buf_release(&out);
    assert_int_equal(post(&w, "/{index}/_doc/{id*}", "own", "x", "{}", &out), 200);
    assert_non_null(strstr(buf_text(&out), "\"result\":\"updated\""));
    buf_release(&out);
    w.name_state = STORE_NAME_OLDER;
    assert_int_equal(post(&w, "/{index}/_doc/{id*}", "own", "x", "{}", &out), 200);
    assert_non_null(strstr(buf_text(&out), "\"_version\":3,\"result\":\"updated\""));
    buf_release(&out);
    fake_close(&w);
}

/* ?op_type=create is as _create. */
static void types(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        unsigned status;
    } cases[] = {{"create", 409}, {"index", 200}, {"upsert", 400}};
    struct auth_guest guest = {.role = AUTH_ROLE_SHIPPER, .means = AUTH_GUARD_KEY};
    struct fake_world w;
    fake_open(&w, tables, 1);
    w.name_state = STORE_NAME_SAME;
    for (size_t i = 0; i < 3; i++) {
        struct http_answer a;
        struct http_request r = {.method = "PUT",
                                 .path = "/",
                                 .body = "{}",
                                 .route = fake_route(&w, "PUT", "/{index}/_doc/{id*}"),
                                 .guest = &guest,
                                 .parts = {{"index", "own"}, {"id", "x"}},
                                 .params = {{"op_type", cases[i].type}}};
        fake_ask(&w, &r, &a);
        assert_int_equal(a.status, cases[i].status);
        buf_release(&a.body);
    }
    fake_close(&w);
}

/* A date in a name is written out where the event is kept. */
static void dates(void **state)
{
    (void)state;
    struct fake_world w;
    struct buf out;
    fake_open(&w, tables, 1);
    assert_int_equal(post(&w, "/{index}/_bulk", "<logs-{now/M{yyyy.MM}}-x>", NULL,
                          "{\"create\":{}}\n{}\n{\"create\":{\"_index\":\"<own-{now/d}>\"}}\n{}\n"
                          "{\"create\":{\"_index\":\"<own-{now/d>\"}}\n{}\n",
                          &out),
                     200);
    assert_non_null(strstr(buf_text(&out), "\"_index\":\"logs-2023.11-x\""));
    assert_non_null(strstr(buf_text(&out), "\"_index\":\"own-2023.11.14\""));
    assert_non_null(strstr(buf_text(&out), "a { is not closed"));
    buf_release(&out);
    assert_int_equal(post(&w, "/{index}/_doc", "<own-{now-14d/d}>", NULL, "{}", &out), 201);
    assert_non_null(strstr(buf_text(&out), "\"_index\":\"own-2023.10.31\""));
    buf_release(&out);
    assert_int_equal(post(&w, "/{index}/_doc", "<own-{sometime}>", NULL, "{}", &out), 400);
    buf_release(&out);
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items),
        cmocka_unit_test(pipelines),
        cmocka_unit_test(pipelines_of_actions),
        cmocka_unit_test(refreshed),
        cmocka_unit_test(malformed),
        cmocka_unit_test(one_document),
        cmocka_unit_test(dates),
        cmocka_unit_test(conflicts),
        cmocka_unit_test(types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
