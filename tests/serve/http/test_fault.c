/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The n-th allocation fails, and all after it, for every n: requests are answered, refused or cut
 * off, nothing leaks, and with memory at hand again everything is as before.
 */
#include "serve/http/http_help.h"

#include "fault_memory.h"
#include "http/stream.h"

#include <stdio.h>
#include <zlib.h>

#define BODY 3000

static struct http_stream *stream;

static void tell(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    http_answer_set_header(a, "Content-Type", "text/plain");
    http_answer_set_header(a, "Set-Cookie", "a=1");
    http_answer_set_header(a, "ETag", "\"a\"");
    buf_str(http_answer_body(a), http_request_part(r, "rest"));
    if (http_request_cookie(r, "sid") != NULL && http_request_param(r, "q") != NULL)
        http_request_set_user(r, "ann");
}

static void live(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    (void)r;
    http_answer_set_stream(a, stream, 0);
}

static bool admit(void *ctx, const struct http_route *route, struct http_request *r,
                  struct http_answer *a)
{
    (void)ctx;
    (void)route;
    (void)r;
    (void)a;
    return true;
}

static void log_nothing(void *ctx, const struct http_access *a)
{
    (void)ctx;
    assert_non_null(a->path);
}

static const struct http_route routes[] = {
    {"POST", "/echo", 1 << 20, help_echo, NULL},
    {"GET", "/tell/{rest...}", 0, tell, NULL},
    {"GET", "/live", 0, live, NULL},
};

static struct http_server *start(uint16_t *out_port)
{
    struct http_server_options o = {.routes = routes,
                                    .routes_n = sizeof(routes) / sizeof(routes[0]),
                                    .admit = admit,
                                    .log = log_nothing,
                                    .threads = 1,
                                    .head_ns = 200 * TIME_MS,
                                    .idle_ns = 200 * TIME_MS,
                                    .wall = clock_wall,
                                    .steady = clock_steady};
    struct http_server *s = NULL;
    struct err_text why;
    assert_int_equal(http_server_listen("127.0.0.1:0", &o.fd, &why), ERR_NONE);
    *out_port = help_port(o.fd);
    enum err rc = http_server_start(&o, &s, &why);
    assert_true(rc == ERR_NONE || rc == ERR_MEMORY || rc == ERR_IO);
    return rc == ERR_NONE ? s : NULL;
}

/* A packed body that comes back packed, a path of several segments, and a stream. */
static unsigned good_answers(uint16_t port)
{
    static char response[HELP_TEXT];
    char plain[BODY] = {0};
    char packed[BODY];
    uLongf n = sizeof(packed);
    unsigned good = 0;
    assert_int_equal(compress((Bytef *)packed, &n, (const Bytef *)plain, BODY), Z_OK);
    snprintf(response, sizeof(response),
             "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: gzip\r\n"
             "Content-Encoding: deflate\r\nContent-Length: %lu\r\n\r\n",
             n);
    int fd = help_connect(port);
    help_send(fd, response);
    help_send_n(fd, packed, n);
    unsigned status = help_status(help_rest(fd, response));
    assert_true(status == 200 || status == 503 || status == 0);
    good += status == 200;
    close(fd);
    help_ask(port,
             "GET /tell/a/b?q=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: sid=1\r\n\r\n",
             response);
    status = help_status(response);
    assert_true(status == 200 || status == 503 || status == 0);
    if (status == 200)
        assert_string_equal(help_body(response), "a/b");
    good += status == 200;
    help_ask(port, "GET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", response);
    status = help_status(response);
    assert_true(status == 404 || status == 503 || status == 0);
    fd = help_connect(port);
    help_send(fd, "GET /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    help_until(fd, ":\n\n", response);
    status = help_status(response);
    assert_true(status == 200 || status == 503 || status == 0);
    good += status == 200;
    enum err rc = http_stream_publish(stream, "x", "{}", 2);
    assert_true(rc == ERR_NONE || rc == ERR_MEMORY);
    close(fd);
    return good;
}

static void every_allocation(void **state)
{
    const struct http_stream_options so = {.first = 1};
    bool hit = true;
    (void)state;
    for (uint64_t n = 1; hit; n++) {
        uint16_t port;
        fault_arm(n);
        stream = http_stream_new(&so);
        struct http_server *s = stream != NULL ? start(&port) : NULL;
        unsigned good = s != NULL ? good_answers(port) : 0;
        hit = fault_disarm();
        if (!hit)
            assert_int_equal(good, 3);
        if (s != NULL)
            assert_int_equal(good_answers(port), 3);
        http_server_stop(s);
        http_stream_free(stream);
    }
}

/* The same with a server that had its memory when it started. */
static void every_allocation_of_a_request(void **state)
{
    const struct http_stream_options so = {.first = 1};
    bool hit = true;
    uint16_t port;
    (void)state;
    stream = http_stream_new(&so);
    struct http_server *s = start(&port);
    assert_non_null(s);
    for (uint64_t n = 1; hit; n++) {
        fault_arm(n);
        unsigned good = good_answers(port);
        hit = fault_disarm();
        if (!hit)
            assert_int_equal(good, 3);
    }
    http_server_stop(s);
    http_stream_free(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation),
        cmocka_unit_test(every_allocation_of_a_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
