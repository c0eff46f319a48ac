/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/http/http_help.h"

#include <stdio.h>

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char logged[HELP_TEXT]; /* lock */

static void log_access(void *ctx, const struct http_access *a)
{
    char ip[IP_TEXT_SIZE];
    size_t n;
    (void)ctx;
    ip_format(&a->peer, ip);
    assert_true(a->time > 0 && a->took_ns >= 0);
    pthread_mutex_lock(&lock);
    n = strlen(logged);
    snprintf(logged + n, sizeof(logged) - n, "%s %s %s %s %u %llu %llu %s\n", ip, a->user,
             a->method, a->path, a->status, (unsigned long long)a->received,
             (unsigned long long)a->sent, a->agent);
    pthread_mutex_unlock(&lock);
}

/* Whether a line of the log has come. */
static bool has_logged(const char *line)
{
    pthread_mutex_lock(&lock);
    bool found = strstr(logged, line) != NULL;
    pthread_mutex_unlock(&lock);
    return found;
}

static bool admit(void *ctx, const struct http_route *route, struct http_request *r,
                  struct http_answer *a)
{
    (void)ctx;
    (void)route;
    (void)a;
    http_request_set_user(r, "ann");
    return true;
}

static void hello(void *ctx, struct http_request *r, struct http_answer *a)
{
    const char *name = http_request_param(r, "name");
    (void)ctx;
    buf_format(http_answer_body(a), "hello %s\n", name != NULL ? name : "");
}

static const struct http_route routes[] = {
    {"GET", "/hello", 0, hello, NULL},
    {"POST", "/echo", 1 << 20, help_echo, NULL},
};

struct fixture {
    struct http_server *s;
    uint16_t port;
    char response[HELP_TEXT];
};

static int set_up(void **state)
{
    static struct fixture f;
    struct http_server_options o = {.routes = routes,
                                    .routes_n = sizeof(routes) / sizeof(routes[0]),
                                    .admit = admit,
                                    .log = log_access,
                                    .connections = 12,
                                    .connections_ip = 10};
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

static void one_connection_for_many_requests(void **state)
{
    struct fixture *f = *state;
    int fd = help_connect(f->port);
    for (int i = 0; i < 50; i++) {
        char end[32];
        snprintf(end, sizeof(end), "hello %d\n", i);
        struct buf b;
        buf_init(&b);
        buf_format(&b, "GET /hello?name=%d HTTP/1.1\r\nHost: x\r\n\r\n", i);
        help_send(fd, buf_text(&b));
        help_until(fd, end, f->response);
        assert_int_equal(help_status(f->response), 200);
        help_send(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde");
        help_until(fd, "\r\n\r\nabcde", f->response);
        assert_int_equal(help_status(f->response), 200);
        buf_release(&b);
    }
    close(fd);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct fixture *f = *state;
    int fd = help_connect(f->port);
    struct buf b;
    buf_init(&b);
    for (int i = 0; i < 40; i++)
        buf_format(&b,
                   "GET /hello?name=%d HTTP/1.1\r\nHost: x\r\n\r\n"
                   "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n%02d",
                   i, i);
    buf_str(&b, "GET /hello?name=last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    help_send(fd, buf_text(&b));
    help_rest(fd, f->response);
    const char *at = f->response;
    for (int i = 0; i < 40; i++) {
        char body[32];
        snprintf(body, sizeof(body), "\r\n\r\nhello %d\n", i);
        at = strstr(at, body);
        assert_non_null(at);
        snprintf(body, sizeof(body), "\r\n\r\n%02d", i);
        at = strstr(at, body);
        assert_non_null(at);
    }
    assert_non_null(strstr(at, "hello last\n"));
    close(fd);
    buf_release(&b);
}

static void who_asks_first_is_told_to_go_on(void **state)
{
    struct fixture *f = *state;
    int fd = help_connect(f->port);
    help_send(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
                  "Expect: 100-continue\r\nConnection: close\r\n\r\n");
    help_until(fd, "\r\n\r\n", f->response);
    assert_int_equal(help_status(f->response), 100);
    help_send(fd, "abc");
    help_rest(fd, f->response);
    assert_int_equal(help_status(f->response), 200);
    assert_string_equal(help_body(f->response), "abc");
    close(fd);
    /* And who would send too much is told before. */
    fd = help_connect(f->port);
    help_send(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n"
                  "Expect: 100-continue\r\n\r\n");
    help_rest(fd, f->response);
    assert_int_equal(help_status(f->response), 413);
    close(fd);
}

/* The answer is read although the client was still sending. */
static void a_refused_body_does_not_hide_the_answer(void **state)
{
    struct fixture *f = *state;
    char *body = calloc(1, 1 << 20);
    for (int i = 0; i < 10; i++) {
        int fd = help_connect(f->port);
        help_send(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n");
        help_send_n(fd, body, 1 << 20);
        help_send_n(fd, body, 1 << 20);
        help_rest(fd, f->response);
        assert_int_equal(help_status(f->response), 413);
        close(fd);
    }
    free(body);
}

static void each_request_leaves_a_line(void **state)
{
    struct fixture *f = *state;
    help_ask(f->port,
             "GET /hello?name=log%0A HTTP/1.1\r\nHost: x\r\nUser-Agent: curl/7 (\x80)\r\n"
             "Connection: close\r\n\r\n",
             f->response);
    HELP_UNTIL(has_logged("127.0.0.1 ann GET /hello?name=log%0A 200 0 11 curl/7\\x20(\\x80)\n"));
    help_ask(f->port,
             "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
             f->response);
    HELP_UNTIL(has_logged("127.0.0.1 ann POST /echo 200 3 3 -\n"));
    help_get(f->port, "/x\\y");
    HELP_UNTIL(has_logged("127.0.0.1 ann GET /x\\x5cy 404 0 "));
    help_get(f->port, "/a/../b");
    HELP_UNTIL(has_logged("127.0.0.1 - GET /a/../b 400 0 "));
    /* What the library refuses by itself. */
    int fd = help_connect(f->port);
    help_send(fd,
              "POST /echo?chunk HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n");
    assert_int_equal(help_status(help_rest(fd, f->response)), 400);
    close(fd);
    HELP_UNTIL(has_logged("127.0.0.1 ann POST /echo?chunk 400 0 0 -\n"));
    /* Cut off before there was an answer. */
    fd = help_connect(f->port);
    help_send(fd, "POST /echo?cut HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc");
    help_sleep_ms(50);
    close(fd);
    HELP_UNTIL(has_logged("127.0.0.1 ann POST /echo?cut 0 3 0 -\n"));
}

static void connections_are_counted(void **state)
{
    struct fixture *f = *state;
    struct http_counts counts;
    int fd[16];
    HELP_UNTIL((http_server_counts(f->s, &counts), counts.connections == 0));
    uint64_t before = counts.refused_connections;
    for (int i = 0; i < 10; i++)
        fd[i] = help_connect(f->port);
    HELP_UNTIL((http_server_counts(f->s, &counts), counts.connections == 10));
    for (int i = 10; i < 16; i++) {
        fd[i] = help_connect(f->port);
        assert_int_equal(help_some(fd[i], f->response, 10), 0);
    }
    http_server_counts(f->s, &counts);
    assert_int_equal(counts.refused_connections - before, 6);
    /* Those who are in are served all the same, and who leaves makes room. */
    help_send(fd[3], "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    help_until(fd[3], "hello \n", f->response);
    close(fd[0]);
    HELP_UNTIL((http_server_counts(f->s, &counts), counts.connections == 9));
    assert_int_equal(help_get(f->port, "/hello"), 200);
    for (int i = 1; i < 16; i++)
        close(fd[i]);
}

static void both_kinds_of_addresses(void **state)
{
    struct fixture *f = *state;
    struct http_server_options o = {.routes = routes,
                                    .routes_n = sizeof(routes) / sizeof(routes[0]),
                                    .log = log_access,
                                    .wall = clock_wall,
                                    .steady = clock_steady};
    struct sockaddr_in6 a;
    socklen_t n = sizeof(a);
    struct http_server *s;
    struct err_text why;
    if (http_server_listen("[::]:0", &o.fd, &why) != ERR_NONE)
        skip(); /* a system without IPv6 */
    assert_int_equal(getsockname(o.fd, (struct sockaddr *)&a, &n), 0);
    assert_int_equal(http_server_start(&o, &s, &why), ERR_NONE);
    a.sin6_addr = in6addr_loopback;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
    help_send(fd, "GET /hello?six HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_int_equal(help_status(help_rest(fd, f->response)), 200);
    close(fd);
    HELP_UNTIL(has_logged("::1 - GET /hello?six 200 0 7 -\n"));
    assert_int_equal(help_get(ntohs(a.sin6_port), "/hello?four"), 200);
    HELP_UNTIL(has_logged("127.0.0.1 - GET /hello?four 200 0 7 -\n"));
    http_server_stop(s);
}

/* Bytes that are no HTTP end their connection and nothing else. */
static void rubbish_is_survived(void **state)
{
    struct fixture *f = *state;
    static const char *const rubbish[] = {"\r\n\r\n\r\n\r\n",
                                          "GET\r\n\r\n",
                                          "GET /hello\r\n\r\n",
                                          " / HTTP/1.1\r\n\r\n",
                                          "GET /hello HTTP/9.9\r\n\r\n",
                                          "GET /hello HTTP/1.1 x\r\n\r\n",
                                          "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                                          "GET /hello HTTP/1.1\r\nno colon\r\n\r\n",
                                          "GET /hello HTTP/1.1\r\n folded\r\n\r\n",
                                          "GET /hello HTTP/1.1\nHost: x\n\n",
                                          "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"};
    for (size_t i = 0; i < sizeof(rubbish) / sizeof(rubbish[0]); i++) {
        int fd = help_connect(f->port);
        help_send(fd, rubbish[i]);
        shutdown(fd, SHUT_WR);
        help_rest(fd, f->response);
        close(fd);
    }
    /* Very many parameters. */
    struct buf b;
    buf_init(&b);
    buf_str(&b, "GET /hello?");
    for (int i = 0; i < 4000; i++)
        buf_str(&b, i > 0 ? "&a" : "a");
    buf_str(&b, " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    help_ask(f->port, buf_text(&b), f->response);
    assert_int_equal(help_status(f->response), 414);
    buf_release(&b);
    assert_int_equal(help_get(f->port, "/hello"), 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_connection_for_many_requests),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(who_asks_first_is_told_to_go_on),
        cmocka_unit_test(a_refused_body_does_not_hide_the_answer),
        cmocka_unit_test(each_request_leaves_a_line),
        cmocka_unit_test(connections_are_counted),
        cmocka_unit_test(both_kinds_of_addresses),
        cmocka_unit_test(rubbish_is_survived),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
