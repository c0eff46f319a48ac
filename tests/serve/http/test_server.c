/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/http/http_help.h"

#include "http/certificate.h"

#include <pthread.h>
#include <stdatomic.h>

static _Atomic int in_handler;
static _Atomic bool let_go;

static void slow(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    atomic_fetch_add(&in_handler, 1);
    while (!atomic_load(&let_go) && !http_request_is_gone(r))
        help_sleep_ms(2);
    buf_str(http_answer_body(a), "done\n");
}

static void hello(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    (void)r;
    buf_str(http_answer_body(a), "hello\n");
}

static const struct http_route routes[] = {
    {"GET", "/", 0, hello, NULL},
    {"POST", "/echo", 1 << 20, help_echo, NULL},
    {"GET", "/slow", 0, slow, NULL},
};

static struct http_server_options options(void)
{
    atomic_store(&in_handler, 0);
    atomic_store(&let_go, false);
    return (struct http_server_options){.routes = routes,
                                        .routes_n = sizeof(routes) / sizeof(routes[0])};
}

static void it_answers(void **state)
{
    struct http_server_options o = options();
    struct http_counts counts;
    uint16_t port;
    char response[HELP_TEXT];
    (void)state;
    struct http_server *s = help_start(&o, &port);
    help_ask(port, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", response);
    assert_int_equal(help_status(response), 200);
    assert_string_equal(help_body(response), "hello\n");
    help_ask(port,
             "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\nabcd",
             response);
    assert_string_equal(help_body(response), "abcd");
    assert_int_equal(help_get(port, "/nothing"), 404);
    HELP_UNTIL((http_server_counts(s, &counts), counts.connections == 0));
    assert_int_equal(counts.requests, 3);
    assert_int_equal(counts.by_class[2], 2);
    assert_int_equal(counts.by_class[4], 1);
    assert_int_equal(counts.received, 4);
    assert_true(counts.sent >= 10);
    assert_int_equal(counts.lanes[HTTP_LANE_SHORT].waiting, 0);
    http_server_stop(s);
}

static void what_is_wrong_does_not_start(void **state)
{
    static const struct http_route wrong[] = {{"GET", "x", 0, hello, NULL}};
    struct http_server_options o = options();
    struct http_server *s;
    struct err_text why = {0};
    (void)state;
    o.wall = clock_wall;
    o.steady = clock_steady;
    o.routes = wrong;
    o.routes_n = 1;
    assert_int_equal(http_server_listen("127.0.0.1:0", &o.fd, &why), ERR_NONE);
    assert_int_equal(http_server_start(&o, &s, &why), ERR_INVALID);
    o.routes = routes;
    o.certificate = "no certificate";
    o.key = "no key";
    assert_int_equal(http_server_listen("127.0.0.1:0", &o.fd, &why), ERR_NONE);
    assert_int_equal(http_server_start(&o, &s, &why), ERR_INVALID);
    assert_non_null(strstr(why.message, "PEM"));
    http_server_stop(NULL);
}

static void *stop(void *s)
{
    http_server_stop(s);
    return NULL;
}

static void what_is_being_answered_is_finished(void **state)
{
    struct http_server_options o = options();
    uint16_t port;
    char response[HELP_TEXT];
    (void)state;
    struct http_server *s = help_start(&o, &port);
    int fd = help_connect(port);
    int idle = help_connect(port);
    help_send(fd, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    HELP_UNTIL(atomic_load(&in_handler) == 1);
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, stop, s), 0);
    help_sleep_ms(50);
    atomic_store(&let_go, true);
    help_rest(fd, response);
    assert_int_equal(help_status(response), 200);
    assert_non_null(strstr(response, "Connection: close"));
    assert_string_equal(help_body(response), "done\n");
    pthread_join(t, NULL);
    assert_int_equal(help_some(idle, response, 10), 0);
    close(fd);
    close(idle);
}

static _Atomic int64_t jump;

static ts_ns jumping(void)
{
    return clock_steady() + atomic_load(&jump);
}

static void grace_has_an_end(void **state)
{
    struct http_server_options o = options();
    uint16_t port;
    pthread_t t;
    (void)state;
    o.steady = jumping;
    o.threads = 1;
    atomic_store(&jump, 0);
    struct http_server *s = help_start(&o, &port);
    int fd = help_connect(port);
    int waiting = help_connect(port);
    help_send(fd, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    HELP_UNTIL(atomic_load(&in_handler) == 1);
    /* One more waits in the queue: it is never begun. */
    help_send(waiting, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    struct http_counts counts;
    HELP_UNTIL((http_server_counts(s, &counts), counts.lanes[HTTP_LANE_SHORT].waiting == 1));
    assert_int_equal(pthread_create(&t, NULL, stop, s), 0);
    for (int i = 0; i < 10; i++) {
        help_sleep_ms(20);
        atomic_fetch_add(&jump, 6 * TIME_S);
    }
    pthread_join(t, NULL); /* the handler was told that its request is gone */
    assert_int_equal(atomic_load(&in_handler), 1);
    close(fd);
    close(waiting);
}

/* However many connections are wanted, files can still be opened. */
static void descriptors_are_left(void **state)
{
    struct http_server_options o = options();
    struct http_counts counts;
    struct rlimit before;
    uint16_t port;
    int fd[40];
    char c;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit few = before;
    few.rlim_cur = 60;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    struct http_server *s = help_start(&o, &port);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    for (int i = 0; i < 40; i++) {
        fd[i] = help_connect(port);
        if (i >= 30)
            assert_int_equal(help_some(fd[i], &c, 1), 0);
        else
            HELP_UNTIL((http_server_counts(s, &counts), counts.connections == (uint64_t)i + 1));
    }
    http_server_counts(s, &counts);
    assert_int_equal(counts.refused_connections, 10);
    for (int i = 0; i < 40; i++)
        close(fd[i]);
    http_server_stop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_answers),
        cmocka_unit_test(what_is_wrong_does_not_start),
        cmocka_unit_test(what_is_being_answered_is_finished),
        cmocka_unit_test(grace_has_an_end),
        cmocka_unit_test(descriptors_are_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
