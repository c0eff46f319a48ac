/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "api/rows.h"

#include "serve/api/fake_http.h"

static const struct api_row *const tables[] = {api_system_rows};

static void health(void **state)
{
    (void)state;
    struct fake_world w;
    struct http_answer a;
    fake_open(&w, tables, 1);
    struct http_request r = {
        .method = "GET", .path = "/healthz", .route = fake_route(&w, "GET", "/healthz")};
    fake_ask(&w, &r, &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(buf_text(&a.body), "{\"status\":\"ok\"}");
    fake_release(&r, &a);
    w.ill = true;
    fake_ask(&w, &r, &a);
    assert_int_equal(a.status, 503);
    assert_string_equal(buf_text(&a.body), "{\"status\":\"failing\"}");
    fake_release(&r, &a);
    const char *text = fake_get(&w, &a, "/healthz", AUTH_ROLE_VIEWER, 503);
    assert_string_equal(text, "{\"status\":\"failing\",\"reason\":\"the disk is full\"}");
    buf_release(&a.body);
    fake_close(&w);
}

static void measures(void **state)
{
    (void)state;
    struct fake_world w;
    struct http_answer a;
    fake_open(&w, tables, 1);
    assert_string_equal(fake_get(&w, &a, "/metrics", AUTH_ROLE_VIEWER, 200), "weir_up 1\n");
    assert_non_null(strstr(fake_header(&a, "Content-Type"), "text/plain"));
    buf_release(&a.body);
    fake_close(&w);
}

static void live(void **state)
{
    (void)state;
    struct fake_world w;
    struct http_answer a;
    struct auth_guest guest = {.role = AUTH_ROLE_VIEWER, .means = AUTH_GUARD_KEY};
    fake_open(&w, tables, 1);
    struct http_request r = {.method = "GET",
                             .path = "/api/live",
                             .route = fake_route(&w, "GET", "/api/live"),
                             .headers = {{"Last-Event-ID", "17"}},
                             .guest = &guest};
    fake_ask(&w, &r, &a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.after, 17);
    assert_string_equal(fake_header(&a, "Content-Type"), "text/event-stream");
    buf_release(&a.body);
    static const char *const bad[] = {"", "-1", "x", "1x"};
    for (size_t i = 0; i < 4; i++) {
        r.headers[0].value = bad[i];
        fake_ask(&w, &r, &a);
        assert_int_equal(a.status, 400);
        buf_release(&a.body);
    }
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health),
        cmocka_unit_test(measures),
        cmocka_unit_test(live),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
