/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "serve/http/http_help.h"

#include "http/pack.h"

static const char script[] = "let x = 1;\n";

static void set_headers(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    (void)r;
    http_answer_set_status(a, 201);
    http_answer_set_header(a, "X-One", "first");
    http_answer_set_header(a, "x-one", "second");
    http_answer_set_header(a, "Set-Cookie", "a=1");
    http_answer_set_header(a, "Set-Cookie", "b=2");
    buf_str(http_answer_body(a), "made\n");
}

static void large(void *ctx, struct http_request *r, struct http_answer *a)
{
    const char *type = http_request_param(r, "type");
    const char *coding = http_request_param(r, "coding");
    (void)ctx;
    http_answer_set_header(a, "Content-Type", type != NULL ? type : "application/json");
    http_answer_set_header(a, "ETag", "\"v1\"");
    if (coding != NULL)
        http_answer_set_header(a, "Content-Encoding", coding);
    for (int i = 0; i < 1000; i++)
        buf_format(http_answer_body(a), "{\"number\":%d}\n", i);
}

static void constant(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    (void)r;
    http_answer_set_header(a, "Content-Type", "text/javascript");
    http_answer_set_static(a, script, sizeof(script) - 1, "\"abc\"");
}

static void nothing(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    (void)r;
    http_answer_set_status(a, 204);
    buf_str(http_answer_body(a), "not sent");
}

static void broken(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    (void)r;
    buf_str(http_answer_body(a), "half");
    http_answer_body(a)->failed = true; /* as when memory is short */
}

static void huge(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    (void)r;
    char *p = buf_reserve(http_answer_body(a), 3 << 20);
    assert_non_null(p);
    memset(p, 'x', 3 << 20);
    http_answer_body(a)->n += 3 << 20;
}

static void refuse(void *ctx, const struct http_request *r, unsigned status, const char *sentence,
                   struct http_answer *a)
{
    (void)ctx;
    (void)r;
    http_answer_set_header(a, "Content-Type", "application/json");
    buf_format(http_answer_body(a), "{\"status\":%u,\"why\":\"%s\"}", status, sentence);
}

static void finish(void *ctx, const struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    (void)r;
    http_answer_set_header(a, "X-Frame-Options", "DENY");
}

static const struct http_route routes[] = {
    {"GET", "/headers", 0, set_headers, NULL}, {"GET", "/large", 0, large, NULL},
    {"GET", "/constant", 0, constant, NULL},   {"GET", "/nothing", 0, nothing, NULL},
    {"GET", "/broken", 0, broken, NULL},       {"GET", "/huge", 0, huge, NULL},
};

struct fixture {
    struct http_server *s;
    uint16_t port;
    char response[HELP_TEXT];
    size_t n;
};

static int set_up(void **state)
{
    static struct fixture f;
    struct http_server_options o = {.routes = routes,
                                    .routes_n = sizeof(routes) / sizeof(routes[0]),
                                    .refuse = refuse,
                                    .finish = finish,
                                    .bodies = 1 << 20};
    f.s = help_start(&o, &f.port);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    http_server_stop(f->s);
    return 0;
}

static unsigned ask(struct fixture *f, const char *method, const char *path, const char *headers)
{
    struct buf b;
    size_t k;
    buf_init(&b);
    buf_format(&b, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", method, path,
               headers);
    int fd = help_connect(f->port);
    help_send(fd, buf_text(&b));
    f->n = 0;
    while ((k = help_some(fd, f->response + f->n, HELP_TEXT - 1 - f->n)) > 0)
        f->n += k;
    f->response[f->n] = '\0';
    close(fd);
    buf_release(&b);
    return help_status(f->response);
}

static bool has(const struct fixture *f, const char *text)
{
    return strcasestr(f->response, text) != NULL;
}

static void headers_are_kept(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "GET", "/headers", ""), 201);
    assert_true(has(f, "\r\nX-One: second\r\n"));
    assert_false(has(f, "first"));
    assert_true(has(f, "\r\nSet-Cookie: a=1\r\n") && has(f, "\r\nSet-Cookie: b=2\r\n"));
    assert_true(has(f, "\r\nX-Frame-Options: DENY\r\n"));
    assert_true(has(f, "\r\nContent-Length: 5\r\n"));
}

static void large_answers_are_packed(void **state)
{
    struct fixture *f = *state;
    char out[HELP_TEXT];
    size_t made;
    assert_int_equal(ask(f, "GET", "/large", "Accept-Encoding: br, gzip;q=0.8\r\n"), 200);
    assert_true(has(f, "\r\nContent-Encoding: gzip\r\n"));
    assert_true(has(f, "\r\nVary: Accept-Encoding\r\n"));
    assert_true(has(f, "\r\nETag: W/\"v1\"\r\n"));
    const char *in = help_body(f->response);
    size_t in_n = f->n - (size_t)(in - f->response);
    assert_true(in_n < 5000);
    struct http_unpack *u = http_unpack_new();
    assert_int_equal(http_unpack_feed(u, &in, &in_n, out, sizeof(out) - 1, &made),
                     HTTP_UNPACK_MORE);
    assert_true(http_unpack_whole(u));
    http_unpack_free(u);
    out[made] = '\0';
    assert_int_equal(strncmp(out, "{\"number\":0}\n", 13), 0);
    assert_int_equal(ask(f, "GET", "/large", ""), 200);
    assert_string_equal(help_body(f->response), out);
    assert_true(has(f, "\r\nVary: Accept-Encoding\r\n"));
    assert_true(has(f, "\r\nETag: \"v1\"\r\n"));
    /* Not wanted, not worth it, or packed by the handler already. */
    assert_int_equal(ask(f, "GET", "/large", "Accept-Encoding: gzip;q=0\r\n"), 200);
    assert_false(has(f, "Content-Encoding"));
    ask(f, "GET", "/large", "Accept-Encoding: identity, gzip;q=0.5\r\n");
    assert_false(has(f, "Content-Encoding"));
    ask(f, "GET", "/large?type=image/png", "Accept-Encoding: gzip\r\n");
    assert_false(has(f, "Content-Encoding") || has(f, "Vary"));
    ask(f, "GET", "/large?coding=br", "Accept-Encoding: gzip\r\n");
    assert_true(has(f, "Content-Encoding: br") && !has(f, "Content-Encoding: gzip"));
    ask(f, "GET", "/constant", "Accept-Encoding: gzip\r\n");
    assert_false(has(f, "Content-Encoding"));
}

static void what_the_client_has_is_not_sent(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "GET", "/constant", ""), 200);
    assert_string_equal(help_body(f->response), script);
    assert_true(has(f, "\r\nETag: \"abc\"\r\n"));
    assert_int_equal(ask(f, "GET", "/constant", "If-None-Match: \"x\", W/\"abc\"\r\n"), 304);
    assert_string_equal(help_body(f->response), "");
    assert_true(has(f, "\r\nETag: \"abc\"\r\n") && has(f, "X-Frame-Options"));
    assert_int_equal(ask(f, "GET", "/constant", "If-None-Match: \"x\"\r\n"), 200);
    assert_int_equal(ask(f, "GET", "/large", "If-None-Match: W/\"v1\"\r\n"), 304);
    assert_int_equal(ask(f, "HEAD", "/constant", "If-None-Match: *\r\n"), 304);
}

static void heads_have_no_body(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "HEAD", "/constant", ""), 200);
    assert_string_equal(help_body(f->response), "");
    assert_true(has(f, "\r\nContent-Length: 11\r\n"));
    assert_int_equal(ask(f, "GET", "/nothing", ""), 204);
    assert_string_equal(help_body(f->response), "");
    assert_int_equal(ask(f, "HEAD", "/absent", ""), 404);
    assert_string_equal(help_body(f->response), "");
}

static void refusals_have_the_form_of_the_owner(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "GET", "/absent", ""), 404);
    assert_non_null(strstr(help_body(f->response), "{\"status\":404,\"why\":\""));
    assert_true(has(f, "X-Frame-Options"));
    assert_int_equal(ask(f, "GET", "/a/../b", ""), 400);
    assert_true(has(f, "{\"status\":400") && has(f, "X-Frame-Options"));
}

static void options_tell_what_is_allowed(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "OPTIONS", "/large", ""), 204);
    assert_true(has(f, "\r\nAllow: GET, HEAD, OPTIONS\r\n"));
    assert_int_equal(ask(f, "OPTIONS", "/absent", ""), 404);
    assert_int_equal(ask(f, "DELETE", "/large", ""), 405);
    assert_true(has(f, "\r\nAllow: GET, HEAD, OPTIONS\r\n") && has(f, "{\"status\":405"));
}

static void memory_has_a_limit(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "GET", "/broken", ""), 503);
    assert_true(has(f, "{\"status\":503") && has(f, "Retry-After"));
    assert_false(has(f, "half"));
    assert_int_equal(ask(f, "GET", "/huge", ""), 503);
    assert_true(has(f, "Retry-After"));
    assert_int_equal(ask(f, "GET", "/large", ""), 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_kept),
        cmocka_unit_test(large_answers_are_packed),
        cmocka_unit_test(what_the_client_has_is_not_sent),
        cmocka_unit_test(heads_have_no_body),
        cmocka_unit_test(refusals_have_the_form_of_the_owner),
        cmocka_unit_test(options_tell_what_is_allowed),
        cmocka_unit_test(memory_has_a_limit),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
