/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "api/api.h"

#include "api/rows.h"
#include "serve/api/fake_http.h"

static const struct api_row *const tables[] = {api_people_rows, api_system_rows};

/* What every answer carries, whatever it is about. */
static void headers(void **state)
{
    (void)state;
    struct fake_world w;
    struct http_answer a;
    fake_open(&w, tables, 2);
    fake_get(&w, &a, "/api/me", AUTH_ROLE_VIEWER, 200);
    assert_string_equal(fake_header(&a, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(fake_header(&a, "X-Frame-Options"), "DENY");
    assert_string_equal(fake_header(&a, "Cache-Control"), "no-store");
    assert_null(strstr(fake_header(&a, "Content-Security-Policy"), "unsafe"));
    assert_non_null(strstr(fake_header(&a, "Content-Security-Policy"), "default-src 'none'"));
    assert_null(fake_header(&a, "Strict-Transport-Security"));
    buf_release(&a.body);
    struct http_request nowhere = {.method = "GET", .path = "/nowhere"};
    fake_ask(&w, &nowhere, &a);
    assert_int_equal(a.status, 401); /* strangers do not learn what is there */
    assert_string_equal(fake_header(&a, "X-Elastic-Product"), "Elasticsearch");
    assert_non_null(fake_header(&a, "WWW-Authenticate"));
    assert_non_null(strstr(buf_text(&a.body), "\"security_exception\""));
    buf_release(&a.body);
    fake_close(&w);
}

static void refusals_have_a_form(void **state)
{
    (void)state;
    struct fake_world w;
    struct http_answer a = {.status = 200};
    fake_open(&w, tables, 2);
    struct http_request r = {.method = "PUT", .path = "/api/login"};
    api_refuse(w.api, &r, 405, "PUT is not allowed", &a);
    assert_int_equal(a.status, 405);
    assert_string_equal(buf_text(&a.body),
                        "{\"statusCode\":405,\"error\":\"Method Not Allowed\","
                        "\"message\":\"PUT is not allowed\",\"status_code\":405}");
    r.path = "/_bulk";
    api_refuse(w.api, &r, 413, "too large", &a);
    assert_non_null(strstr(buf_text(&a.body), "\"content_too_long_exception\""));
    buf_release(&a.body);
    fake_close(&w);
}

/* Every row that needs a right refuses strangers, and every role what it may not. */
static void every_row_is_guarded(void **state)
{
    (void)state;
    struct fake_world w;
    struct http_answer a;
    size_t n;
    unsigned open = 0;
    fake_open(&w, tables, 2);
    const struct http_route *routes = api_routes(w.api, &n);
    assert_int_equal(n, api_rows(w.api));
    for (size_t i = 0; i < n; i++) {
        const struct api_row *row = api_row_at(w.api, i);
        struct http_request r = {.method = row->method, .path = row->path, .route = &routes[i]};
        memset(&a, 0, sizeof(a));
        assert_true(row->summary[0] != '\0' && row->params != NULL);
        assert_int_equal(api_admit(w.api, &routes[i], &r, &a), row->right == AUTH_RIGHT_NONE);
        if (row->right != AUTH_RIGHT_NONE)
            assert_int_equal(a.status, 401);
        open += row->right == AUTH_RIGHT_NONE;
        fake_release(&r, &a);
    }
    assert_int_equal(open, 2); /* /api/login and /healthz */
    fake_close(&w);
}

static void media_types(void **state)
{
    (void)state;
    struct fake_world w;
    struct http_answer a;
    fake_open(&w, tables, 2);
    struct http_request r = {.method = "POST",
                             .path = "/api/login",
                             .body = "{}",
                             .headers = {{"Content-Type", "application/xml"}},
                             .route = fake_route(&w, "POST", "/api/login")};
    fake_ask(&w, &r, &a);
    assert_int_equal(a.status, 415);
    fake_release(&r, &a);
    fake_close(&w);
}

/* Who brings a password waits for a turn, who brings a key does not; rows say the rest. */
static void lanes(void **state)
{
    static const char *const turn[] = {"/api/login", "/api/me/password", "/api/users"};
    (void)state;
    struct fake_world w;
    struct http_request r = {.method = "GET", .path = "/"};
    fake_open(&w, tables, 2);
    assert_int_equal(api_admit_lane(w.api, &r), HTTP_LANE_SHORT);
    r.headers[0] = (struct fake_pair){"Authorization", "ApiKey eDp5"};
    assert_int_equal(api_admit_lane(w.api, &r), HTTP_LANE_SHORT);
    r.headers[0] = (struct fake_pair){"Authorization", "Basic eDp5"};
    assert_int_equal(api_admit_lane(w.api, &r), HTTP_LANE_TURN);
    for (size_t i = 0; i < sizeof(turn) / sizeof(turn[0]); i++) {
        const struct http_route *route = fake_route(&w, i == 1 ? "PUT" : "POST", turn[i]);
        assert_int_equal(api_lane(w.api, route), HTTP_LANE_TURN);
    }
    assert_int_equal(api_lane(w.api, fake_route(&w, "GET", "/healthz")), HTTP_LANE_SHORT);
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers),
        cmocka_unit_test(refusals_have_a_form),
        cmocka_unit_test(every_row_is_guarded),
        cmocka_unit_test(media_types),
        cmocka_unit_test(lanes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
