/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "elastic/rows.h"

#include "event/json.h"
#include "serve/api/fake_http.h"

static const struct api_row *const tables[] = {elastic_search_rows};

/* Three events: hosts a, b, a; bytes 1, 2, 3. */
static void fill(struct fake_world *w)
{
    struct err_text why;
    for (int i = 0; i < 3; i++) {
        struct arena arena;
        struct event e;
        arena_init(&arena, 0);
        event_init(&e, &arena, HELP_BASE + i * TIME_S);
        event_set_text(&e, EVENT_F_HOST_NAME, i == 1 ? "b" : "a");
        event_set_i64(&e, EVENT_F_SOURCE_BYTES, i + 1);
        event_set_text(&e, EVENT_F_EVENT_DATASET, "d");
        event_set_text(&e, EVENT_F_WEIR_ID, i == 2 ? "mine" : "other");
        assert_int_equal(store_append(w->store, &e), ERR_NONE);
        arena_release(&arena);
    }
    assert_int_equal(store_commit(w->store, &why), ERR_NONE);
}

struct asked {
    const char *method, *path, *index, *id, *body;
    struct fake_pair params[4];
    unsigned status;
    const char *expected; /* stands in the answer */
};

static const struct asked cases[] = {
    {"GET",
     "/_search",
     NULL,
     NULL,
     NULL,
     {{NULL}},
     200,
     "\"total\":{\"value\":3,\"relation\":\"eq\"}"},
    {"POST",
     "/{index}/_search",
     "logs-*",
     NULL,
     "{\"size\":0,\"aggs\":{\"h\":{\"terms\":{\"field\":\"host.name\"}}}}",
     {{NULL}},
     200,
     "\"buckets\":[{\"key\":\"a\",\"doc_count\":2},{\"key\":\"b\",\"doc_count\":1}]"},
    {"GET",
     "/{index}/_search",
     "logs-d-default",
     NULL,
     NULL,
     {{"q", "host.name:a"},
      {"sort", "source.bytes:desc"},
      {"_source_includes", "source.bytes"},
      {"size", "1"}},
     200,
     "\"_source\":{\"source\":{\"bytes\":3}},\"sort\":[3]}]"},
    {"GET",
     "/_search",
     NULL,
     NULL,
     "{\"size\":0}",
     {{"rest_total_hits_as_int", "true"}, {"size", "7"}},
     200,
     "\"hits\":{\"total\":3,\"max_score\":null,\"hits\":[]}"},
    {"GET",
     "/_search",
     NULL,
     NULL,
     "{\"size\":0,\"aggs\":{\"m\":{\"max\":{\"field\":\"source.bytes\"}}}}",
     {{"typed_keys", ""}, {"track_total_hits", "false"}},
     200,
     "\"max#m\":{\"value\":3}"},
    {"GET",
     "/_search",
     NULL,
     NULL,
     NULL,
     {{"size", "x"}},
     400,
     "[size] is a whole number, 0 or more"},
    {"GET",
     "/_search",
     NULL,
     NULL,
     NULL,
     {{"typed_keys", "x"}},
     400,
     "[typed_keys] is true or false"},
    {"GET", "/_search", NULL, NULL, "{\"query\":{\"nonsense\":{}}}", {{NULL}}, 400, "nonsense"},
    {"GET", "/_search", NULL, NULL, "[]", {{NULL}}, 400, "parsing_exception"},
    {"POST",
     "/{index}/_search",
     "logs-none-default",
     NULL,
     NULL,
     {{NULL}},
     404,
     "\"type\":\"index_not_found_exception\""},
    {"POST",
     "/{index}/_search",
     "logs-none-default",
     NULL,
     NULL,
     {{"ignore_unavailable", "true"}},
     200,
     "\"value\":0"},
    {"POST",
     "/{index}/_count",
     "logs-*",
     NULL,
     "{\"query\":{\"term\":{\"host.name\":\"a\"}}}",
     {{NULL}},
     200,
     "{\"count\":2,"},
    {"GET", "/_count", NULL, NULL, NULL, {{"q", "b"}}, 200, "{\"count\":1,"},
    {"GET",
     "/{index}/_field_caps",
     "logs-*",
     NULL,
     NULL,
     {{"fields", "source.*"}},
     200,
     "\"source.bytes\":{\"long\":{\"type\":\"long\""},
    {"POST",
     "/_field_caps",
     NULL,
     NULL,
     "{\"fields\":[\"host.*\"]}",
     {{NULL}},
     200,
     "\"host.name\""},
    {"GET",
     "/{index}/_mapping",
     "logs-d-default",
     NULL,
     NULL,
     {{NULL}},
     200,
     "{\"logs-d-default\":{\"mappings\":{\"properties\":{"},
    {"GET",
     "/{index}/_doc/{id*}",
     "logs-*",
     "mine",
     NULL,
     {{NULL}},
     200,
     "\"_id\":\"mine\",\"_version\":1"},
    {"GET", "/{index}/_doc/{id*}", "logs-*", "nobody", NULL, {{NULL}}, 404, "\"found\":false"},
};

static void test_routes(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open_store(&w, tables, 1);
    fill(&w);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct asked *c = &cases[i];
        struct auth_guest guest = {.role = AUTH_ROLE_VIEWER, .means = AUTH_GUARD_KEY};
        struct http_answer a;
        struct http_request r = {.method = c->method,
                                 .path = "/",
                                 .body = c->body,
                                 .route = fake_route(&w, c->method, c->path),
                                 .guest = &guest,
                                 .parts = {{"index", c->index}, {"id", c->id}}};
        memcpy(r.params, c->params, sizeof(c->params));
        fake_ask(&w, &r, &a);
        if (a.status != c->status || strstr(buf_text(&a.body), c->expected) == NULL)
            fail_msg("case %zu: %u %s", i, a.status, buf_text(&a.body));
        buf_release(&a.body);
    }
    fake_close(&w);
}

/* Who may only write reads nothing. */
static void test_rights(void **state)
{
    (void)state;
    for (size_t i = 0; elastic_search_rows[i].path != NULL; i++)
        assert_int_equal(elastic_search_rows[i].right, AUTH_RIGHT_READ);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_routes),
                                       cmocka_unit_test(test_rights)};
    help_worker(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
