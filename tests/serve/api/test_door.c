/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "api/door.h"

#include "auth/account.h"
#include "serve/api/fake_http.h"

#include <sodium.h>

#define PASSWORD "correct horse"

static void add(struct fake_world *w, const char *name, enum auth_role role)
{
    struct err_text why;
    assert_int_equal(auth_account_add(w->state, name, PASSWORD, role, FAKE_NOW, &why), ERR_NONE);
}

static void login(struct fake_world *w, const char *name, char token[AUTH_GUARD_TOKEN_SIZE],
                  struct auth_guest *out)
{
    struct err_text why;
    ts_ns wait;
    struct ip peer = ip_from_v4((const uint8_t[4]){127, 0, 0, 1});
    assert_int_equal(
        auth_guard_login(w->guard, name, PASSWORD, &peer, FAKE_NOW, token, out, &wait, &why),
        ERR_NONE);
}

/* The status of the refusal; 0: let in. */
static unsigned knock(struct fake_world *w, enum auth_right right, struct http_request *r)
{
    struct api_door_verdict v;
    bool open = api_door_open(w->api, right, r, &v);
    if (!open)
        assert_true(v.sentence[0] != '\0' && (v.wait_s > 0) == (v.status == 429));
    if (r->free_guest != NULL)
        r->free_guest(r->guest);
    r->guest = NULL;
    r->free_guest = NULL;
    return open ? 0 : v.status;
}

static void strangers(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, NULL, 0);
    struct http_request r = {.method = "GET", .path = "/"};
    assert_int_equal(knock(&w, AUTH_RIGHT_NONE, &r), 0);
    assert_int_equal(knock(&w, AUTH_RIGHT_GREET, &r), 401);
    r.headers[0] = (struct fake_pair){"Authorization", "Basic bm9ib2R5OndoYXRldmVy"};
    assert_int_equal(knock(&w, AUTH_RIGHT_GREET, &r), 401);
    assert_int_equal(knock(&w, AUTH_RIGHT_NONE, &r), 0);
    r.headers[0].value = "Bearer x";
    assert_int_equal(knock(&w, AUTH_RIGHT_GREET, &r), 401);
    r.headers[0] = (struct fake_pair){NULL, NULL};
    r.cookies[0] = (struct fake_pair){API_DOOR_COOKIE, "bm9ib2R5OndoYXRldmVy"};
    assert_int_equal(knock(&w, AUTH_RIGHT_GREET, &r), 401);
    fake_close(&w);
}

static void roles(void **state)
{
    (void)state;
    struct fake_world w;
    char token[AUTH_GUARD_TOKEN_SIZE];
    struct auth_guest guest;
    fake_open(&w, NULL, 0);
    add(&w, "eva", AUTH_ROLE_VIEWER);
    login(&w, "eva", token, &guest);
    struct http_request r = {.method = "GET", .path = "/", .cookies = {{API_DOOR_COOKIE, token}}};
    assert_int_equal(knock(&w, AUTH_RIGHT_GREET, &r), 0);
    assert_string_equal(r.user, "eva");
    assert_int_equal(knock(&w, AUTH_RIGHT_READ, &r), 0);
    assert_int_equal(knock(&w, AUTH_RIGHT_SHIP, &r), 403);
    assert_int_equal(knock(&w, AUTH_RIGHT_TRIAGE, &r), 403);
    assert_int_equal(knock(&w, AUTH_RIGHT_STEER, &r), 403);
    assert_int_equal(knock(&w, AUTH_RIGHT_ADMIN, &r), 403);
    fake_close(&w);
}

/* A page of another site has the cookie sent along; it knows neither token nor origin. */
static void cross_site(void **state)
{
    (void)state;
    struct fake_world w;
    char token[AUTH_GUARD_TOKEN_SIZE];
    struct auth_guest guest;
    fake_open(&w, NULL, 0);
    add(&w, "eva", AUTH_ROLE_ADMIN);
    login(&w, "eva", token, &guest);
    struct http_request r = {.method = "POST",
                             .path = "/",
                             .cookies = {{API_DOOR_COOKIE, token}},
                             .headers = {{"Host", "weir.example:9280"}}};
    assert_int_equal(knock(&w, AUTH_RIGHT_STEER, &r), 403);
    r.headers[1] = (struct fake_pair){"X-Weir-Csrf", "true"};
    assert_int_equal(knock(&w, AUTH_RIGHT_STEER, &r), 403);
    r.headers[1].value = guest.csrf;
    assert_int_equal(knock(&w, AUTH_RIGHT_STEER, &r), 0);
    r.headers[1].name = "kbn-xsrf";
    assert_int_equal(knock(&w, AUTH_RIGHT_STEER, &r), 0);
    r.headers[2] = (struct fake_pair){"Origin", "https://weir.example:9280"};
    assert_int_equal(knock(&w, AUTH_RIGHT_STEER, &r), 0);
    r.headers[2].value = "https://evil.example";
    assert_int_equal(knock(&w, AUTH_RIGHT_STEER, &r), 403);
    r.headers[2].value = "null";
    assert_int_equal(knock(&w, AUTH_RIGHT_STEER, &r), 403);
    r.headers[1].value = "";
    r.headers[2] = (struct fake_pair){NULL, NULL};
    assert_int_equal(knock(&w, AUTH_RIGHT_STEER, &r), 403);
    r.method = "GET"; /* changes nothing */
    assert_int_equal(knock(&w, AUTH_RIGHT_READ, &r), 0);
    fake_close(&w);
}

static void machines(void **state)
{
    (void)state;
    struct fake_world w;
    struct err_text why;
    char id[AUTH_GUARD_TOKEN_SIZE], secret[AUTH_GUARD_TOKEN_SIZE], pair[128], value[256];
    const struct auth_account_new_key key = {
        .name = "beats", .role = AUTH_ROLE_SHIPPER, .owner = "eva", .expires = TIME_NONE};
    fake_open(&w, NULL, 0);
    assert_int_equal(auth_account_key_add(w.state, &key, FAKE_NOW, id, secret, &why), ERR_NONE);
    int n = snprintf(pair, sizeof(pair), "%s:%s", id, secret);
    memcpy(value, "ApiKey ", 7);
    sodium_bin2base64(value + 7, sizeof(value) - 7, (const unsigned char *)pair, (size_t)n,
                      sodium_base64_VARIANT_ORIGINAL);
    struct http_request r = {
        .method = "POST", .path = "/_bulk", .headers = {{"Authorization", value}}};
    assert_int_equal(knock(&w, AUTH_RIGHT_SHIP, &r), 0); /* without a token: there is no cookie */
    assert_int_equal(knock(&w, AUTH_RIGHT_READ, &r), 403);
    /* A browser that remembers a password sends it along from anywhere, and says where. */
    r.headers[1] = (struct fake_pair){"Host", "weir.example"};
    r.headers[2] = (struct fake_pair){"Origin", "https://evil.example"};
    assert_int_equal(knock(&w, AUTH_RIGHT_SHIP, &r), 403);
    assert_int_equal(knock(&w, AUTH_RIGHT_NONE, &r), 403);
    r.headers[2].value = "https://weir.example";
    assert_int_equal(knock(&w, AUTH_RIGHT_SHIP, &r), 0);
    fake_close(&w);
}

static void guessing(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, NULL, 0);
    add(&w, "eva", AUTH_ROLE_ADMIN);
    struct http_request r = {
        .method = "GET", .path = "/", .headers = {{"Authorization", "Basic ZXZhOndyb25n"}}};
    for (int i = 0; i < 5; i++)
        assert_int_equal(knock(&w, AUTH_RIGHT_READ, &r), 401);
    assert_int_equal(knock(&w, AUTH_RIGHT_READ, &r), 429);
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers), cmocka_unit_test(roles),    cmocka_unit_test(cross_site),
        cmocka_unit_test(machines),  cmocka_unit_test(guessing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
