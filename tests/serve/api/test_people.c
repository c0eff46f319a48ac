/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "api/rows.h"

#include "api/door.h"
#include "auth/account.h"
#include "serve/api/fake_http.h"

#define PASSWORD "correct horse"

static const struct api_row *const tables[] = {api_people_rows};

static void ask(struct fake_world *w, const char *method, const char *path, const char *body,
                const char *part, unsigned status, const char *expected)
{
    struct auth_guest guest = {.role = AUTH_ROLE_ADMIN, .means = AUTH_GUARD_KEY, .name = "root"};
    struct http_answer a;
    struct http_request r = {.method = method,
                             .path = path,
                             .body = body,
                             .route = fake_route(w, method, path),
                             .guest = &guest,
                             .parts = {{strstr(path, "{id") != NULL ? "id" : "name", part}}};
    fake_ask(w, &r, &a);
    if (a.status != status || strstr(buf_text(&a.body), expected) == NULL)
        fail_msg("%s %s: %u %s", method, path, a.status, buf_text(&a.body));
    buf_release(&a.body);
}

static void users(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 1);
    ask(&w, "GET", "/api/users", NULL, "", 200, "{\"users\":[]}");
    ask(&w, "POST", "/api/users",
        "{\"name\":\"eva\",\"password\":\"" PASSWORD "\",\"role\":\"admin\"}", "", 200,
        "\"acknowledged\":true");
    ask(&w, "POST", "/api/users",
        "{\"name\":\"eva\",\"password\":\"" PASSWORD "\",\"role\":\"admin\"}", "", 409, "already");
    ask(&w, "POST", "/api/users", "{\"name\":\"adam\",\"password\":\"short\",\"role\":\"viewer\"}",
        "", 400, "12 to 1024");
    ask(&w, "POST", "/api/users",
        "{\"name\":\"adam\",\"password\":\"" PASSWORD "\",\"role\":\"king\"}", "", 400,
        "[role] must be");
    ask(&w, "POST", "/api/users", "{\"name\":\"a\\u0000b\",\"password\":\"x\",\"role\":\"viewer\"}",
        "", 400, "[name] is required");
    ask(&w, "POST", "/api/users",
        "{\"name\":\"adam\",\"password\":\"" PASSWORD "\",\"role\":\"viewer\",\"admin\":true}", "",
        400, "unknown field [admin]");
    ask(&w, "PUT", "/api/users/{name*}", "{\"enabled\":false}", "eva", 400, "only admin");
    ask(&w, "PUT", "/api/users/{name*}", "{\"role\":\"viewer\"}", "adam", 404, "no user");
    ask(&w, "GET", "/api/users", NULL, "", 200, "\"role\":\"admin\",\"enabled\":true");
    ask(&w, "DELETE", "/api/users/{name*}", NULL, "eva", 400, "only admin");
    fake_close(&w);
}

static void keys(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 1);
    ask(&w, "POST", "/api/keys", "{\"name\":\"beats\",\"role\":\"shipper\",\"expiration\":\"1d\"}",
        "", 200, "\"encoded\":\"");
    ask(&w, "POST", "/api/keys",
        "{\"name\":\"beats\",\"role\":\"shipper\",\"expiration\":\"soon\"}", "", 400,
        "[expiration]");
    ask(&w, "GET", "/api/keys", NULL, "", 200, "\"owner\":\"root\"");
    ask(&w, "DELETE", "/api/keys/{id*}", NULL, "none", 404, "no API key");
    fake_close(&w);
}

/* In with a password, seen with the cookie, out again. */
static void session(void **state)
{
    (void)state;
    struct fake_world w;
    struct err_text why;
    struct http_answer a;
    char cookie[400];
    fake_open(&w, tables, 1);
    assert_int_equal(auth_account_add(w.state, "eva", PASSWORD, AUTH_ROLE_VIEWER, FAKE_NOW, &why),
                     ERR_NONE);
    struct http_request in = {.method = "POST",
                              .path = "/api/login",
                              .body = "{\"name\":\"eva\",\"password\":\"wrong\"}",
                              .route = fake_route(&w, "POST", "/api/login")};
    fake_ask(&w, &in, &a);
    assert_int_equal(a.status, 401);
    assert_null(fake_header(&a, "Set-Cookie"));
    fake_release(&in, &a);
    in.body = "{\"name\":\"eva\",\"password\":\"" PASSWORD "\"}";
    fake_ask(&w, &in, &a);
    assert_int_equal(a.status, 200);
    snprintf(cookie, sizeof(cookie), "%s", fake_header(&a, "Set-Cookie"));
    assert_non_null(strstr(cookie, "; HttpOnly; SameSite=Strict"));
    assert_null(strstr(cookie, "Secure"));
    assert_non_null(strstr(buf_text(&a.body), "\"csrf\":\""));
    fake_release(&in, &a);
    char *token = strchr(cookie, '=') + 1;
    token[strcspn(token, ";")] = '\0';
    struct http_request me = {.method = "GET",
                              .path = "/api/me",
                              .cookies = {{API_DOOR_COOKIE, token}},
                              .route = fake_route(&w, "GET", "/api/me")};
    fake_ask(&w, &me, &a);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(buf_text(&a.body), "\"name\":\"eva\",\"role\":\"viewer\""));
    char csrf[AUTH_GUARD_TOKEN_SIZE];
    snprintf(csrf, sizeof(csrf), "%s", strstr(buf_text(&a.body), "\"csrf\":\"") + 8);
    fake_release(&me, &a);
    struct http_request out = {.method = "POST",
                               .path = "/api/logout",
                               .cookies = {{API_DOOR_COOKIE, token}},
                               .headers = {{"X-Weir-Csrf", csrf}},
                               .route = fake_route(&w, "POST", "/api/logout")};
    fake_ask(&w, &out, &a);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(fake_header(&a, "Set-Cookie"), "Max-Age=0"));
    fake_release(&out, &a);
    me.guest = NULL;
    me.free_guest = NULL;
    fake_ask(&w, &me, &a);
    assert_int_equal(a.status, 401);
    fake_release(&me, &a);
    fake_close(&w);
}

/* Who guesses is told how long to wait. */
static void guessing(void **state)
{
    (void)state;
    struct fake_world w;
    struct err_text why;
    fake_open(&w, tables, 1);
    assert_int_equal(auth_account_add(w.state, "eva", PASSWORD, AUTH_ROLE_VIEWER, FAKE_NOW, &why),
                     ERR_NONE);
    const struct http_request stranger = {.method = "POST"};
    struct ip peer = http_request_peer(&stranger);
    char token[AUTH_GUARD_TOKEN_SIZE];
    struct auth_guest eva = {.role = AUTH_ROLE_VIEWER, .means = AUTH_GUARD_BASIC, .name = "eva"};
    struct auth_guest guest;
    ts_ns wait = 0;
    for (ts_ns at = FAKE_NOW - TIME_MIN; at <= FAKE_NOW; at += 10 * TIME_S)
        assert_int_equal(
            auth_guard_login(w.guard, "eva", "wrong horse!", &peer, at, token, &guest, &wait, &why),
            ERR_DENIED);
    const struct {
        const char *method, *path, *body;
        struct auth_guest *guest;
    } cases[] = {
        {"POST", "/api/login", "{\"name\":\"eva\",\"password\":\"" PASSWORD "\"}", NULL},
        {"PUT", "/api/me/password",
         "{\"password\":\"" PASSWORD "\",\"new_password\":\"battery staple\"}", &eva},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_answer a;
        struct http_request r = {.method = cases[i].method,
                                 .path = cases[i].path,
                                 .body = cases[i].body,
                                 .guest = cases[i].guest,
                                 .route = fake_route(&w, cases[i].method, cases[i].path)};
        fake_ask(&w, &r, &a);
        assert_int_equal(a.status, 429);
        assert_string_equal(fake_header(&a, "Retry-After"), "4");
        buf_release(&a.body);
    }
    fake_close(&w);
}

static void own_password(void **state)
{
    (void)state;
    struct fake_world w;
    struct err_text why;
    struct http_answer a;
    struct auth_guest eva = {.role = AUTH_ROLE_VIEWER, .means = AUTH_GUARD_BASIC, .name = "eva"};
    fake_open(&w, tables, 1);
    assert_int_equal(auth_account_add(w.state, "eva", PASSWORD, AUTH_ROLE_VIEWER, FAKE_NOW, &why),
                     ERR_NONE);
    static const struct {
        const char *body;
        unsigned status;
    } cases[] = {
        {"{\"password\":\"wrong horse!\",\"new_password\":\"battery staple\"}", 403},
        {"{\"password\":\"" PASSWORD "\",\"new_password\":\"short\"}", 400},
        {"{\"password\":\"" PASSWORD "\",\"new_password\":\"battery staple\"}", 200},
        {"{\"password\":\"" PASSWORD "\",\"new_password\":\"battery staple\"}", 403},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_request r = {.method = "PUT",
                                 .path = "/api/me/password",
                                 .body = cases[i].body,
                                 .guest = &eva,
                                 .route = fake_route(&w, "PUT", "/api/me/password")};
        fake_ask(&w, &r, &a);
        assert_int_equal(a.status, cases[i].status);
        assert_int_equal(fake_header(&a, "Set-Cookie") != NULL, a.status == 200);
        buf_release(&a.body);
    }
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users),    cmocka_unit_test(keys),         cmocka_unit_test(session),
        cmocka_unit_test(guessing), cmocka_unit_test(own_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
