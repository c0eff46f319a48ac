/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "elastic/rows.h"

#include "find/find.h"
#include "serve/api/fake_http.h"

static const struct api_row *const tables[] = {elastic_search_rows, elastic_scroll_rows};

struct world {
    char *dir;
    struct store *store;
    struct find *find;
    struct fake_world fake;
    struct buf answer;
};

static void begin(struct world *w)
{
    struct err_text why;
    const struct store_options options = {.no_worker = true};
    struct arena arena;
    w->dir = help_mkdir();
    assert_int_equal(store_open(w->dir, &options, &w->store, &why), ERR_NONE);
    arena_init(&arena, 0);
    for (int i = 0; i < 5; i++) {
        struct event e;
        event_init(&e, &arena, HELP_BASE + i * TIME_MIN);
        event_set_text(&e, EVENT_F_EVENT_DATASET, "own");
        event_set_i64(&e, EVENT_F_SOURCE_BYTES, i);
        assert_int_equal(store_append(w->store, &e), ERR_NONE);
    }
    assert_int_equal(store_commit(w->store, &why), ERR_NONE);
    arena_release(&arena);
    const struct find_options find = {.store = w->store};
    w->find = find_new(&find);
    assert_non_null(w->find);
    fake_open_find(&w->fake, tables, 2, w->find);
    buf_init(&w->answer);
}

static void end(struct world *w)
{
    buf_release(&w->answer);
    fake_close(&w->fake);
    find_free(w->find);
    store_close(w->store);
    help_rmdir(w->dir);
}

static const char *ask(struct world *w, const char *user, const char *method, const char *path,
                       struct http_request r, unsigned status)
{
    struct auth_guest guest = {.role = AUTH_ROLE_VIEWER, .means = AUTH_GUARD_KEY};
    struct http_answer a;
    snprintf(guest.name, sizeof(guest.name), "%s", user);
    r.method = method;
    r.path = "/";
    r.route = fake_route(&w->fake, method, path);
    r.guest = &guest;
    fake_ask(&w->fake, &r, &a);
    if (a.status != status)
        fail_msg("%s %s: %u %s", method, path, a.status, buf_text(&a.body));
    buf_clear(&w->answer);
    buf_str(&w->answer, buf_text(&a.body));
    buf_release(&a.body);
    return buf_text(&w->answer);
}

/* What stands behind a key, up to the next quote. */
static void pick(const char *answer, const char *key, char out[100])
{
    const char *at = strstr(answer, key);
    assert_non_null(at);
    at += strlen(key);
    snprintf(out, 100, "%.*s", (int)strcspn(at, "\""), at);
}

#define HAS(answer, text) assert_non_null(strstr(answer, text))

static void scroll(void **state)
{
    (void)state;
    struct world w;
    char name[100], body[200];
    begin(&w);
    struct http_request r = {.body = "{\"sort\":[\"_doc\"]}",
                             .parts = {{"index", "logs-own-*"}},
                             .params = {{"scroll", "1m"}, {"size", "2"}}};
    const char *answer = ask(&w, "anna", "POST", "/{index}/_search", r, 200);
    HAS(answer, "\"bytes\":1");
    pick(answer, "\"_scroll_id\":\"", name);
    snprintf(body, sizeof(body), "{\"scroll_id\":\"%s\",\"scroll\":\"2m\"}", name);
    r = (struct http_request){.body = body};
    answer = ask(&w, "anna", "POST", "/_search/scroll", r, 200);
    HAS(answer, "\"bytes\":3");
    assert_null(strstr(answer, "\"bytes\":1"));
    HAS(answer, "\"total\":{\"value\":5,\"relation\":\"eq\"}");
    /* Of somebody else there is none; the third page as programs of long ago ask it. */
    HAS(ask(&w, "bert", "POST", "/_search/scroll", r, 404), "search_context_missing_exception");
    r = (struct http_request){.parts = {{"scroll_id", name}},
                              .params = {{"rest_total_hits_as_int", "true"}}};
    answer = ask(&w, "anna", "GET", "/_search/scroll/{scroll_id*}", r, 200);
    HAS(answer, "\"bytes\":4");
    HAS(answer, "\"total\":5,");
    HAS(ask(&w, "bert", "DELETE", "/_search/scroll/{scroll_id*}", r, 400), "rest_total_hits");
    r.params[0] = (struct fake_pair){NULL, NULL};
    HAS(ask(&w, "bert", "DELETE", "/_search/scroll/{scroll_id*}", r, 404), "\"num_freed\":0");
    snprintf(body, sizeof(body), "{\"scroll_id\":[\"%s\",\"none\"]}", name);
    r = (struct http_request){.body = body};
    HAS(ask(&w, "anna", "DELETE", "/_search/scroll", r, 200), "\"num_freed\":1");
    r.body = "{\"scroll\":\"1m\"}";
    HAS(ask(&w, "anna", "POST", "/_search/scroll", r, 400), "scrollId is missing");
    r.body = "{\"scroll_id\":\"x\",\"more\":1}";
    HAS(ask(&w, "anna", "POST", "/_search/scroll", r, 400), "more");
    r.body = "{}";
    r.params[0] = (struct fake_pair){"scroll", "3d"};
    HAS(ask(&w, "anna", "POST", "/_search", r, 400), "too large");
    r.params[0] = (struct fake_pair){"scroll", "1m"};
    ask(&w, "anna", "POST", "/_search", r, 200);
    ask(&w, "anna", "POST", "/_search", r, 200);
    r = (struct http_request){.body = "{\"scroll_id\":\"_all\"}"};
    HAS(ask(&w, "bert", "DELETE", "/_search/scroll", r, 404), "\"num_freed\":0");
    HAS(ask(&w, "anna", "DELETE", "/_search/scroll", r, 200), "\"num_freed\":2");
    end(&w);
}

static void point_in_time(void **state)
{
    (void)state;
    struct world w;
    char name[100], body[200];
    begin(&w);
    struct http_request r = {.parts = {{"index", "logs-own-*"}}};
    HAS(ask(&w, "anna", "POST", "/{index}/_pit", r, 400), "keep_alive");
    r.params[0] = (struct fake_pair){"keep_alive", "1m"};
    pick(ask(&w, "anna", "POST", "/{index}/_pit", r, 200), "\"id\":\"", name);
    snprintf(body, sizeof(body), "{\"pit\":{\"id\":\"%s\"},\"size\":1}", name);
    r = (struct http_request){.body = body};
    const char *answer = ask(&w, "anna", "POST", "/_search", r, 200);
    HAS(answer, "\"pit_id\":\"");
    HAS(answer, "\"value\":5");
    r.parts[0] = (struct fake_pair){"index", "logs-own-*"};
    HAS(ask(&w, "anna", "POST", "/{index}/_search", r, 400), "[indices] cannot be used");
    snprintf(body, sizeof(body), "{\"id\":\"%s\"}", name);
    r = (struct http_request){.body = body};
    HAS(ask(&w, "bert", "DELETE", "/_pit", r, 404), "\"num_freed\":0");
    HAS(ask(&w, "anna", "DELETE", "/_pit", r, 200), "\"num_freed\":1");
    HAS(ask(&w, "anna", "DELETE", "/_pit", r, 404), "\"num_freed\":0");
    r.body = "{}";
    HAS(ask(&w, "anna", "DELETE", "/_pit", r, 400), "expected [id]");
    r = (struct http_request){.body = "{\"index_filter\":{\"match_all\":{}}}",
                              .parts = {{"index", "logs-own-*"}},
                              .params = {{"keep_alive", "1m"}}};
    HAS(ask(&w, "anna", "POST", "/{index}/_pit", r, 400), "index_filter");
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scroll),
        cmocka_unit_test(point_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
