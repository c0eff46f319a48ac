/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "api/call.h"

#include "format/node.h"
#include "serve/api/fake_http.h"

/* A row that says what it was given. */
static enum err echo(struct api_call *c, struct err_text *why)
{
    const char *text;
    bool flag;
    int64_t number;
    double real;
    ts_ns time, span;
    struct format_node *body;
    enum err err = api_call_text(c, "text", "-", &text, why);
    if (err == ERR_NONE)
        err = api_call_flag(c, "flag", false, &flag, why);
    if (err == ERR_NONE)
        err = api_call_int(c, "number", -1, -5, 100, &number, why);
    if (err == ERR_NONE)
        err = api_call_number(c, "real", 0.5, &real, why);
    if (err == ERR_NONE)
        err = api_call_time(c, "time", 0, &time, why);
    if (err == ERR_NONE)
        err = api_call_span(c, "span", 0, &span, why);
    if (err == ERR_NONE)
        err = api_call_body(c, false, &body, why);
    if (err == ERR_NONE && body != NULL)
        err = api_call_unknown(c, body, why);
    if (err != ERR_NONE)
        return err;
    format_write_begin_array(&c->out);
    format_write_str(&c->out, text);
    format_write_bool(&c->out, flag);
    format_write_i64(&c->out, number);
    format_write_f64(&c->out, real);
    format_write_i64(&c->out, time / TIME_MS);
    format_write_i64(&c->out, span / TIME_MS);
    format_write_end_array(&c->out);
    return ERR_NONE;
}

static enum err failing(struct api_call *c, struct err_text *why)
{
    const char *how = api_call_part(c, "how");
    format_write_str(&c->out, "this must not be seen");
    if (strcmp(how, "own") == 0)
        return api_call_fail(c, 418, "teapot_exception", why, "short and %s", "stout");
    return err_set(why, strcmp(how, "full") == 0 ? ERR_FULL : ERR_NOT_FOUND, "there is none");
}

static enum err acting(struct api_call *c, struct err_text *why)
{
    struct buf request, out;
    buf_init(&request);
    buf_init(&out);
    buf_str(&request, "{\"command\":\"job\"}");
    enum err err = api_call_act(c, &request, &out, why);
    if (err == ERR_NONE)
        format_write_str_n(&c->out, out.p, out.n);
    buf_release(&request);
    buf_release(&out);
    return err;
}

static const struct api_row rows[] = {
    {"POST", "/echo", AUTH_RIGHT_READ, API_FORM_ELASTIC, API_ROW_SMALL,
     "text:text flag:boolean number:integer real:number time:time span:span", "Echo", echo,
     HTTP_LANE_SHORT},
    {"GET", "/fail/{how}", AUTH_RIGHT_READ, API_FORM_ELASTIC, 0, "", "Fail", failing,
     HTTP_LANE_SHORT},
    {"POST", "/act", AUTH_RIGHT_STEER, API_FORM_KIBANA, 0, "", "Act", acting, HTTP_LANE_SHORT},
    {0},
};
static const struct api_row *const tables[] = {rows};

static void ask(struct fake_world *w, struct http_request *r, unsigned status, const char *expected)
{
    struct auth_guest guest = {.role = AUTH_ROLE_ADMIN, .means = AUTH_GUARD_KEY};
    struct http_answer a;
    r->guest = &guest;
    fake_ask(w, r, &a);
    assert_int_equal(a.status, status);
    if (status == 200)
        assert_string_equal(buf_text(&a.body), expected);
    else if (strstr(buf_text(&a.body), expected) == NULL)
        fail_msg("'%s' is not in %s", expected, buf_text(&a.body));
    buf_release(&a.body);
}

static void parameters(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 1);
    const struct http_route *route = fake_route(&w, "POST", "/echo");
    struct http_request none = {.method = "POST", .path = "/echo", .route = route};
    ask(&w, &none, 200, "[\"-\",false,-1,0.5,0,0]");
    struct http_request query = {.method = "POST",
                                 .path = "/echo",
                                 .route = route,
                                 .params = {{"text", "t"},
                                            {"flag", ""},
                                            {"number", "42"},
                                            {"real", "1e3"},
                                            {"time", "1700000000123"},
                                            {"span", "90s"},
                                            {"human", "true"}}};
    ask(&w, &query, 200, "[\"t\",true,42,1000,1700000000123,90000]");
    /* The body wins. */
    query.body =
        "{\"text\":\"b\",\"flag\":false,\"number\":7,\"real\":2,\"time\":5,\"span\":\"1h\"}";
    ask(&w, &query, 200, "[\"b\",false,7,2,5,3600000]");
    query.body = "{\"text\":null,\"time\":\"now-1s\"}";
    ask(&w, &query, 200, "[\"t\",true,42,1000,1699999999000,90000]");
    fake_close(&w);
}

static void misfits(void **state)
{
    (void)state;
    struct fake_world w;
    static const struct {
        const char *name, *value, *body, *expected;
    } cases[] = {
        {"number", "12x", NULL, "failed to parse [number] with value [12x]"},
        {"number", "101", NULL, "[number] must be between -5 and 100, not 101"},
        {"number", "99999999999999999999", NULL, "failed to parse [number]"},
        {"flag", "yes", NULL, "expected true or false"},
        {"real", "nan", NULL, "expected a number"},
        {"time", "yesterday", NULL, "failed to parse [time]"},
        {"span", "3 parsecs", NULL, "failed to parse [span]"},
        {"size", "3", NULL, "contains unrecognized parameter: [size]"},
        {NULL, NULL, "{\"number\":\"many\"}", "failed to parse [number] with value [many]"},
        {NULL, NULL, "{\"number\":1.5}", "[number] must be a whole number"},
        {NULL, NULL, "{\"flag\":1}", "[flag] must be true or false"},
        {NULL, NULL, "{\"text\":{}}", "[text] must be a string"},
        {NULL, NULL, "{\"extra\":1}", "unknown field [extra]"},
        {NULL, NULL, "{\"text\":", "\"parsing_exception\""},
    };
    fake_open(&w, tables, 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_request r = {.method = "POST",
                                 .path = "/echo",
                                 .body = cases[i].body,
                                 .route = fake_route(&w, "POST", "/echo"),
                                 .params = {{cases[i].name, cases[i].value}}};
        ask(&w, &r, 400, cases[i].expected);
    }
    fake_close(&w);
}

static void failures(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 1);
    struct http_request r = {.method = "GET",
                             .path = "/fail/own",
                             .route = fake_route(&w, "GET", "/fail/{how}"),
                             .parts = {{"how", "own"}}};
    ask(&w, &r, 418,
        "{\"error\":{\"root_cause\":[{\"type\":\"teapot_exception\",\"reason\":"
        "\"short and stout\"}]");
    r.parts[0].value = "none";
    ask(&w, &r, 404, "{\"error\":{\"root_cause\":[{\"type\":\"resource_not_found_exception\"");
    r.parts[0].value = "full";
    ask(&w, &r, 429, "cluster_block_exception");
    fake_close(&w);
}

static void acts(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 1);
    struct http_request r = {
        .method = "POST", .path = "/act", .route = fake_route(&w, "POST", "/act")};
    w.says = "done";
    ask(&w, &r, 200, "\"done\"");
    assert_string_equal(buf_text(&w.acted), "{\"command\":\"job\"}\n");
    w.fails = ERR_BUSY;
    ask(&w, &r, 409, "it did not work");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters),
        cmocka_unit_test(misfits),
        cmocka_unit_test(failures),
        cmocka_unit_test(acts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
