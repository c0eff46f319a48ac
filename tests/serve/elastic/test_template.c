/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "elastic/rows.h"

#include "serve/api/fake_http.h"
#include "store/state.h"

static const struct api_row *const tables[] = {elastic_template_rows};

static void ask(struct fake_world *w, const char *method, const char *path, const char *name,
                const char *body, unsigned status, const char *expected)
{
    struct auth_guest guest = {.role = AUTH_ROLE_ADMIN, .means = AUTH_GUARD_KEY};
    struct http_answer a;
    struct http_request r = {.method = method,
                             .path = "/",
                             .body = body,
                             .route = fake_route(w, method, path),
                             .guest = &guest,
                             .parts = {{"name", name}}};
    fake_ask(w, &r, &a);
    if (a.status != status || strstr(buf_text(&a.body), expected) == NULL)
        fail_msg("%s %s %s: %u %s", method, path, name, a.status, buf_text(&a.body));
    buf_release(&a.body);
}

/* As a shipper does it: look, put, look again. */
static void each_kind(void **state)
{
    (void)state;
    static const struct {
        const char *one, *all, *shown;
    } kinds[] = {
        {"/_index_template/{name*}", "/_index_template",
         "{\"index_templates\":[{\"name\":\"beat-8\",\"index_template\":{\"x\":1}}]}"},
        {"/_component_template/{name*}", "/_component_template",
         "{\"component_templates\":[{\"name\":\"beat-8\",\"component_template\":{\"x\":1}}]}"},
        {"/_template/{name*}", "/_template", "{\"beat-8\":{\"x\":1}}"},
        {"/_ilm/policy/{name*}", "/_ilm/policy", "{\"beat-8\":{\"x\":1}}"},
        {"/_ingest/pipeline/{name*}", "/_ingest/pipeline", "{\"beat-8\":{\"x\":1}}"},
        {"/_data_stream/{name*}", "/_data_stream",
         "{\"data_streams\":[{\"name\":\"beat-8\",\"timestamp_field\":"},
    };
    struct fake_world w;
    fake_open(&w, tables, 1);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        ask(&w, "GET", kinds[i].one, "beat-8", NULL, 404, "is missing");
        ask(&w, "PUT", kinds[i].one, "beat-8", "{\"x\": 1}", 200, "{\"acknowledged\":true}");
        ask(&w, "GET", kinds[i].one, "beat-8", NULL, 200, kinds[i].shown);
        ask(&w, "GET", kinds[i].one, "other,be*-8", NULL, 200, kinds[i].shown);
        ask(&w, "GET", kinds[i].all, "", NULL, 200, kinds[i].shown);
        ask(&w, "GET", kinds[i].one, "no*", NULL, 200, "");
        ask(&w, "DELETE", kinds[i].one, "beat-8", NULL, 200, "acknowledged");
        ask(&w, "DELETE", kinds[i].one, "beat-8", NULL, 404, "is missing");
    }
    ask(&w, "PUT", "/_template/{name*}", "x", "[1]", 400, "must be an object");
    ask(&w, "PUT", "/_template/{name*}", "x", NULL, 400, "required");
    ask(&w, "PUT", "/_data_stream/{name*}", "x", NULL, 200, "acknowledged");
    fake_close(&w);
}

/* Shippers may put, but not without end. */
static void bounded(void **state)
{
    (void)state;
    struct fake_world w;
    struct err_text why;
    char name[16];
    fake_open(&w, tables, 1);
    assert_int_equal(store_state_begin(w.state), ERR_NONE);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "t%d", i);
        assert_int_equal(store_state_listed_put(w.state, STORE_LEGACY_TEMPLATES, name, "{}"),
                         ERR_NONE);
    }
    assert_int_equal(store_state_commit(w.state, &why), ERR_NONE);
    ask(&w, "PUT", "/_template/{name*}", "t7", "{\"x\":1}", 200, "acknowledged");
    ask(&w, "PUT", "/_template/{name*}", "one-more", "{}", 429, "at most 1000");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_kind), cmocka_unit_test(bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
