/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "api/rows.h"

#include "auth/guard.h"
#include "serve/api/fake_http.h"

static const struct api_row *const tables[] = {api_connector_rows};

struct asking {
    const char *method, *path, *body, *says;
    enum err fails;
    unsigned status;
    const char *answer; /* in the answer */
    const char *acted;  /* the request that came of it; NULL: none */
};

static void ask(struct fake_world *w, const struct asking *q)
{
    struct auth_guest guest = {.role = AUTH_ROLE_ADMIN, .means = AUTH_GUARD_KEY, .name = "root"};
    struct http_answer a;
    struct http_request r = {.method = q->method,
                             .path = q->path,
                             .body = q->body,
                             .route = fake_route(w, q->method, q->path),
                             .guest = &guest,
                             .parts = {{"id", "one"}}};
    buf_clear(&w->acted);
    w->says = q->says;
    w->fails = q->fails;
    fake_ask(w, &r, &a);
    if (a.status != q->status || strstr(buf_text(&a.body), q->answer) == NULL)
        fail_msg("%s %s: %u %s", q->method, q->path, a.status, buf_text(&a.body));
    if (q->acted == NULL ? w->acted.n > 0 : strstr(buf_text(&w->acted), q->acted) == NULL)
        fail_msg("%s %s asked %s", q->method, q->path, buf_text(&w->acted));
    buf_release(&a.body);
}

static void routes(void **state)
{
    (void)state;
    static const struct asking all[] = {
        {"GET", "/api/actions/connectors", NULL, "{\"id\":1}\n{\"id\":2}\n", ERR_NONE, 200,
         "[{\"id\":1},{\"id\":2}]",
         "{\"command\":\"connector\",\"verb\":\"list\",\"documents\":true}"},
        {"GET", "/api/actions/connector_types", NULL, "", ERR_NONE, 200,
         "{\"id\":\".webhook\",\"name\":\"Webhook\",\"enabled\":true", NULL},
        {"GET", "/api/actions/connector/{id}", NULL, "{\"id\":\"one\"}\n", ERR_NONE, 200,
         "{\"id\":\"one\"}", "\"verb\":\"get\",\"id\":\"one\"}"},
        {"GET", "/api/actions/connector/{id}", NULL, "", ERR_NOT_FOUND, 404, "404", "get"},
        {"POST", "/api/actions/connector", "{\"name\":\"n\"}", "{\"id\":\"x\"}\n", ERR_NONE, 200,
         "{\"id\":\"x\"}",
         "{\"command\":\"connector\",\"verb\":\"add\",\"name\":\"connector\",\"text\":"
         "\"{\\\"name\\\":\\\"n\\\"}\"}"},
        {"POST", "/api/actions/connector/{id}", "{\"name\":\"n\"}", "", ERR_EXISTS, 409, "409",
         "\"verb\":\"add\",\"id\":\"one\""},
        {"PUT", "/api/actions/connector/{id}", "{\"name\":\"n\"}", "{}\n", ERR_NONE, 200, "{}",
         "\"verb\":\"update\",\"id\":\"one\""},
        {"DELETE", "/api/actions/connector/{id}", NULL, "", ERR_NONE, 204, "",
         "\"verb\":\"remove\",\"id\":\"one\"}"},
        {"POST", "/api/actions/connector/{id}/_execute", "{\"params\":{\"body\":\"b\"}}",
         "{\"status\":\"ok\"}\n", ERR_NONE, 200, "{\"status\":\"ok\"}",
         "\"verb\":\"test\",\"id\":\"one\",\"params\":{\"body\":\"b\"}}"},
        {"POST", "/api/actions/connector/{id}/_execute", "{}", "", ERR_NONE, 400, "[params]", NULL},
        {"POST", "/api/actions/connector/{id}/_execute", "{\"params\":{},\"x\":1}", "", ERR_NONE,
         400, "unknown field [x]", NULL},
    };
    struct fake_world w;
    fake_open(&w, tables, 1);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        ask(&w, &all[i]);
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(routes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
