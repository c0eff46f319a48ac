/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "elastic/rows.h"

#include "find/find.h"
#include "serve/api/fake_http.h"

static const struct api_row *const tables[] = {elastic_search_rows};

struct world {
    char *dir;
    struct store *store;
    struct find *find;
    struct fake_world fake;
};

/* Ten events a minute apart: bytes 0 to 9, of two hosts. */
static void begin(struct world *w)
{
    struct err_text why;
    const struct store_options options = {.no_worker = true};
    struct arena arena;
    w->dir = help_mkdir();
    assert_int_equal(store_open(w->dir, &options, &w->store, &why), ERR_NONE);
    arena_init(&arena, 0);
    for (int i = 0; i < 10; i++) {
        struct event e;
        event_init(&e, &arena, HELP_BASE + i * TIME_MIN);
        event_set_text(&e, EVENT_F_EVENT_DATASET, "own");
        event_set_text(&e, EVENT_F_HOST_NAME, i % 2 == 0 ? "even" : "odd");
        event_set_i64(&e, EVENT_F_SOURCE_BYTES, i);
        if (i == 3)
            event_set_text(&e, EVENT_F_WEIR_ID, "three");
        assert_int_equal(store_append(w->store, &e), ERR_NONE);
    }
    assert_int_equal(store_commit(w->store, &why), ERR_NONE);
    arena_release(&arena);
    const struct find_options find = {.store = w->store};
    w->find = find_new(&find);
    assert_non_null(w->find);
    fake_open_find(&w->fake, tables, 1, w->find);
}

static void end(struct world *w)
{
    fake_close(&w->fake);
    find_free(w->find);
    store_close(w->store);
    help_rmdir(w->dir);
}

/* Asks; each of the texts must be in the answer, or with '!' before it must not. */
static void ask(struct world *w, const char *method, const char *path, struct http_request r,
                unsigned status, const char *const *texts)
{
    struct auth_guest guest = {.role = AUTH_ROLE_VIEWER, .means = AUTH_GUARD_KEY};
    struct http_answer a;
    r.method = method;
    r.path = "/";
    r.route = fake_route(&w->fake, method, path);
    r.guest = &guest;
    fake_ask(&w->fake, &r, &a);
    if (a.status != status)
        fail_msg("%s %s: %u %s", method, path, a.status, buf_text(&a.body));
    for (; *texts != NULL; texts++) {
        bool wanted = (*texts)[0] != '!';
        if ((strstr(buf_text(&a.body), *texts + !wanted) != NULL) != wanted)
            fail_msg("'%s' in %s", *texts, buf_text(&a.body));
    }
    buf_release(&a.body);
}

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void bodies(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    struct http_request r = {.body =
                                 "{\"query\":{\"range\":{\"source.bytes\":{\"gte\":8}}},\"size\":1,"
                                 "\"sort\":[{\"@timestamp\":\"desc\"}]}",
                             .parts = {{"index", "logs-own-*"}}};
    ask(&w, "POST", "/{index}/_search", r, 200,
        TEXTS("\"total\":{\"value\":2,\"relation\":\"eq\"}", "\"bytes\":9", "!\"bytes\":8",
              "\"_index\":\"logs-own-default\""));
    r.body = "{\"query\":{\"term\":{\"host.name\":\"odd\"}}}";
    ask(&w, "POST", "/{index}/_count", r, 200, TEXTS("\"count\":5"));
    r.body = "{\"size\":0,\"aggs\":{\"h\":{\"terms\":{\"field\":\"host.name\"},\"aggs\":{\"s\":"
             "{\"sum\":{\"field\":\"source.bytes\"}}}}}}";
    ask(&w, "POST", "/_search", r, 200,
        TEXTS("\"key\":\"even\"", "\"doc_count\":5", "\"value\":20}", "\"value\":25}"));
    r.body = NULL;
    r.parts[0].value = "<logs-own-{now/y{'default'}}>,<logs-{now/d}-*>";
    ask(&w, "POST", "/{index}/_count", r, 200, TEXTS("\"count\":10"));
    r.parts[0].value = "<logs-{now/d>";
    ask(&w, "POST", "/{index}/_count", r, 400, TEXTS("a { is not closed"));
    r.body = "[]";
    ask(&w, "POST", "/_search", r, 400, TEXTS("must be an object"));
    r.body = "{\"query\":{\"nonsense\":{}}}";
    ask(&w, "POST", "/_search", r, 400, TEXTS("\"error\":{\"root_cause\""));
    r.body = NULL;
    r.parts[0].value = "nowhere";
    ask(&w, "GET", "/{index}/_search", r, 404, TEXTS("index_not_found_exception"));
    r.params[0] = (struct fake_pair){"ignore_unavailable", "true"};
    ask(&w, "GET", "/{index}/_search", r, 200, TEXTS("\"value\":0"));
    end(&w);
}

/* The query string says the same, and outranks the body. */
static void query_string(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    struct http_request r = {.body = "{\"size\":5,\"query\":{\"match_none\":{}},\"_source\":false}",
                             .params = {{"q", "source.bytes:>6 AND host.name:odd"},
                                        {"size", "1"},
                                        {"sort", "source.bytes:desc,_doc"},
                                        {"_source_includes", "source.*"},
                                        {"rest_total_hits_as_int", ""}}};
    ask(&w, "POST", "/_search", r, 200,
        TEXTS("\"total\":2", "\"_source\":{\"source\":{\"bytes\":9}}", "!\"bytes\":7"));
    r.params[4] = (struct fake_pair){"typed_keys", "maybe"};
    ask(&w, "POST", "/_search", r, 400, TEXTS("only [true] or [false]"));
    struct http_request from = {.params = {{"from", "8"}, {"_source", "host.name"}}};
    ask(&w, "GET", "/_search", from, 200, TEXTS("\"host\":{\"name\":", "!\"bytes\""));
    end(&w);
}

static void documents(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    struct http_request r = {.parts = {{"index", "logs-own-default"}, {"id", "three"}}};
    ask(&w, "GET", "/{index}/_doc/{id*}", r, 200, TEXTS("\"found\":true", "\"bytes\":3"));
    r.parts[1].value = "four";
    ask(&w, "GET", "/{index}/_doc/{id*}", r, 404, TEXTS("\"found\":false"));
    ask(&w, "GET", "/{index}", r, 200, TEXTS("\"logs-own-default\":{\"mappings\":"));
    r.parts[0].value = "nowhere";
    ask(&w, "GET", "/{index}", r, 404, TEXTS("index_not_found_exception"));
    end(&w);
}

static void several_documents(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    struct http_request r = {.parts = {{"index", "logs-own-*"}},
                             .body = "{\"ids\":[\"three\",\"four\"]}"};
    ask(&w, "POST", "/{index}/_mget", r, 200,
        TEXTS("{\"docs\":[{\"_index\":\"logs-own-default\",\"_id\":\"three\"", "\"found\":true",
              "\"_id\":\"four\",\"found\":false}]}"));
    r.body = "{\"docs\":[{\"_id\":\"three\"},{\"_index\":\"none\",\"_id\":\"three\"}]}";
    ask(&w, "GET", "/{index}/_mget", r, 200,
        TEXTS("\"found\":true", "\"error\":{\"type\":\"index_not_found_exception\""));
    ask(&w, "POST", "/_mget", r, 400, TEXTS("index is missing"));
    r.body = "{\"docs\":[{\"_id\":\"three\",\"_source\":false}]}";
    ask(&w, "POST", "/{index}/_mget", r, 400, TEXTS("not [_source]"));
    r.body = "{\"ids\":[]}";
    ask(&w, "POST", "/{index}/_mget", r, 400, TEXTS("no documents to get"));
    r.body = NULL;
    ask(&w, "POST", "/_mget", r, 400, TEXTS("no documents to get"));
    end(&w);
}

static void fields(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    struct http_request r = {.params = {{"fields", "source.*,host.name"}},
                             .parts = {{"index", "logs-*"}}};
    ask(&w, "GET", "/{index}/_field_caps", r, 200,
        TEXTS("\"source.bytes\":{\"long\":", "\"host.name\":{\"keyword\":", "!\"event.dataset\""));
    struct http_request m = {.parts = {{"index", "logs-*"}}};
    ask(&w, "GET", "/{index}/_mapping", m, 200, TEXTS("\"bytes\":{\"type\":\"long\"}"));
    end(&w);
}

/* Each search by itself: a wrong one fails alone. */
static void many(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    struct http_request r = {.body = "{\"index\":\"logs-own-default\"}\n{\"size\":0}\n"
                                     "{}\n{\"query\":{\"bad\":{}}}\n"
                                     "{\"index\":[\"nowhere\"]}\n{}\n"};
    ask(&w, "POST", "/_msearch", r, 200,
        TEXTS("\"responses\":[", "\"status\":200", "\"status\":400", "\"status\":404"));
    r.body = "{}\n";
    ask(&w, "POST", "/_msearch", r, 400, TEXTS("terminated by a newline"));
    struct http_request all = {.body = "{}\n{\"size\":0,\"aggs\":{\"m\":{\"max\":{\"field\":"
                                       "\"source.bytes\"}}}}\n"
                                       "{\"index\":\"nowhere\"}\n{}\n",
                               .params = {{"typed_keys", "true"},
                                          {"rest_total_hits_as_int", "true"},
                                          {"ignore_unavailable", "true"}}};
    ask(&w, "POST", "/_msearch", all, 200,
        TEXTS("\"max#m\":", "\"total\":10,", "\"total\":0,", "!\"status\":404"));
    end(&w);
}

/* The answers of many searches together have a limit too. */
static void too_much(void **state)
{
    (void)state;
    enum { SEARCHES = 100, BYTES = 1 << 20 };
    struct world w;
    struct err_text why;
    struct arena arena;
    struct event e;
    struct buf body;
    begin(&w);
    arena_init(&arena, 0);
    char *text = arena_alloc(&arena, BYTES);
    memset(text, 'x', BYTES);
    event_init(&e, &arena, HELP_BASE);
    event_set_str(&e, EVENT_F_MESSAGE, text, BYTES);
    assert_int_equal(store_append(w.store, &e), ERR_NONE);
    assert_int_equal(store_commit(w.store, &why), ERR_NONE);
    arena_release(&arena);
    buf_init(&body);
    for (int i = 0; i < SEARCHES; i++)
        buf_str(&body, "{}\n{\"size\":11}\n");
    struct http_request r = {.body = buf_text(&body)};
    ask(&w, "POST", "/_msearch", r, 429, TEXTS("circuit_breaking_exception", "!xxx"));
    buf_release(&body);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_much),
        cmocka_unit_test(bodies),
        cmocka_unit_test(query_string),
        cmocka_unit_test(documents),
        cmocka_unit_test(several_documents),
        cmocka_unit_test(fields),
        cmocka_unit_test(many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
