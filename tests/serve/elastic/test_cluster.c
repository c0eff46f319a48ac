/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "base/arena.h"
#include "elastic/rows.h"
#include "event/event.h"
#include "find/find.h"
#include "store/store.h"

#include "serve/api/fake_http.h"

static const struct api_row *const tables[] = {elastic_cluster_rows};

static void check(struct fake_world *w, const char *path, enum auth_role role, const char *expected)
{
    struct http_answer a;
    const char *text = fake_get(w, &a, path, role, 200);
    if (strstr(text, expected) == NULL)
        fail_msg("%s: '%s' is not in %s", path, expected, text);
    assert_string_equal(fake_header(&a, "X-Elastic-Product"), "Elasticsearch");
    buf_release(&a.body);
}

/* What clients look at before they go on. */
static void greetings(void **state)
{
    (void)state;
    struct fake_world w;
    struct find *find = find_new(&(struct find_options){.store = NULL});
    assert_non_null(find);
    fake_open_find(&w, tables, 1, find);
    check(&w, "/", AUTH_ROLE_SHIPPER, "\"number\":\"8.19.0\"");
    check(&w, "/", AUTH_ROLE_SHIPPER, "\"tagline\":\"You Know, for Search\"");
    check(&w, "/_license", AUTH_ROLE_SHIPPER, "\"status\":\"active\"");
    check(&w, "/_xpack", AUTH_ROLE_SHIPPER, "\"ml\":{\"available\":true,\"enabled\":true}");
    check(&w, "/_nodes", AUTH_ROLE_SHIPPER, "\"version\":\"8.19.0\"");
    check(&w, "/_cluster/health", AUTH_ROLE_SHIPPER, "\"status\":\"green\"");
    w.ill = true;
    check(&w, "/_cluster/health", AUTH_ROLE_SHIPPER, "\"status\":\"red\"");
    check(&w, "/_security/_authenticate", AUTH_ROLE_VIEWER, "\"authentication_type\":\"api_key\"");
    check(&w, "/_cat/indices", AUTH_ROLE_VIEWER, "");
    fake_close(&w);
    find_free(find);
}

static void cat(struct fake_world *w, const char *index, struct fake_pair one, struct fake_pair two,
                unsigned status, const char *expected)
{
    struct auth_guest guest = {.role = AUTH_ROLE_VIEWER, .means = AUTH_GUARD_KEY};
    struct http_answer a;
    struct http_request r = {
        .method = "GET",
        .path = "/_cat/indices",
        .route = fake_route(w, "GET", index != NULL ? "/_cat/indices/{index}" : "/_cat/indices"),
        .guest = &guest,
        .parts = {{"index", index}},
        .params = {one, two}};
    fake_ask(w, &r, &a);
    if (a.status != status || (status == 200 && strcmp(buf_text(&a.body), expected) != 0) ||
        strstr(buf_text(&a.body), expected) == NULL)
        fail_msg("%u %s", a.status, buf_text(&a.body));
    buf_release(&a.body);
}

static void indices(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b"};
    static const struct fake_pair none = {0}, json = {"format", "json"}, h = {"h", "index,health"};
    struct fake_world w;
    struct err_text why;
    struct arena arena;
    struct store *store;
    char *dir = help_mkdir();
    assert_int_equal(store_open(dir, NULL, &store, &why), ERR_NONE);
    struct find *find = find_new(&(struct find_options){.store = store});
    assert_non_null(find);
    fake_open_find(&w, tables, 1, find);
    arena_init(&arena, 0);
    for (uint64_t i = 0; i < 3; i++) {
        struct event e;
        event_init(&e, &arena, FAKE_NOW);
        e.sequence = i + 1;
        event_set_text(&e, EVENT_F_EVENT_DATASET, names[i % 2]);
        if (i == 2)
            event_set_text(&e, EVENT_F_WEIR_INDEX, "packetbeat-8");
        assert_int_equal(store_append(store, &e), ERR_NONE);
    }
    assert_int_equal(store_commit(store, &why), ERR_NONE);
    cat(&w, NULL, h, none, 200, "logs-a-default green\nlogs-b-default green\npacketbeat-8 green\n");
    cat(&w, "packetbeat-8", (struct fake_pair){"h", "index,docs.count"},
        (struct fake_pair){"v", "true"}, 200, "index docs.count\npacketbeat-8 1\n");
    cat(&w, "logs-b-*", h, json, 200, "[{\"index\":\"logs-b-default\",\"health\":\"green\"}]");
    cat(&w, "none*", json, none, 200, "[]");
    cat(&w, "none", json, none, 404, "no such index [none]");
    cat(&w, NULL, (struct fake_pair){"h", "uuid"}, none, 400, "not [uuid]");
    cat(&w, NULL, (struct fake_pair){"format", "yaml"}, none, 400, "not [yaml]");
    arena_release(&arena);
    fake_close(&w);
    find_free(find);
    store_close(store);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(greetings), cmocka_unit_test(indices)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
