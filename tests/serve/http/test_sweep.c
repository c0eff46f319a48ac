/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/http/http_help.h"

#include <pthread.h>

static void large(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    (void)r;
    size_t n = 40 << 20;
    char *p = buf_reserve(http_answer_body(a), n);
    assert_non_null(p);
    memset(p, 'x', n);
    http_answer_body(a)->n += n;
}

static void pause_a_while(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    (void)r;
    help_sleep_ms(600);
    buf_str(http_answer_body(a), "late\n");
}

static const struct http_route routes[] = {
    {"GET", "/large", 0, large, NULL},
    {"GET", "/pause", 0, pause_a_while, NULL},
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
                                    .head_ns = 300 * TIME_MS,
                                    .idle_ns = 900 * TIME_MS};
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

static uint64_t slow_ones(const struct fixture *f)
{
    struct http_counts counts;
    http_server_counts(f->s, &counts);
    return counts.refused_slow;
}

/* Sends a byte every 20 ms; how long the server goes on with it. */
static ts_ns trickle(int fd, const char *text)
{
    ts_ns from = clock_steady();
    for (; clock_steady() - from < 5 * TIME_S; text += text[1] != '\0') {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        char c;
        help_send_n(fd, text, 1);
        if (poll(&p, 1, 20) > 0 && recv(fd, &c, 1, 0) <= 0)
            return clock_steady() - from;
    }
    return TIME_MAX;
}

static void in_time(ts_ns took, ts_ns wanted)
{
    if (took < wanted - 100 * TIME_MS || took > wanted + 2 * TIME_S)
        fail_msg("it took %lld ms", (long long)(took / TIME_MS));
}

static void trickled_heads(void **state)
{
    struct fixture *f = *state;
    uint64_t before = slow_ones(f);
    int fd = help_connect(f->port);
    in_time(trickle(fd, "GET /aaaaaaaaaaaaa"), 300 * TIME_MS);
    close(fd);
    fd = help_connect(f->port);
    in_time(trickle(fd, "GET / HTTP/1.1\r\nX: yyyyy"), 300 * TIME_MS);
    close(fd);
    /* Nothing at all. */
    fd = help_connect(f->port);
    ts_ns from = clock_steady();
    assert_int_equal(help_some(fd, f->response, 1), 0);
    in_time(clock_steady() - from, 300 * TIME_MS);
    close(fd);
    assert_int_equal(slow_ones(f) - before, 3);
}

static void trickled_bodies(void **state)
{
    struct fixture *f = *state;
    uint64_t before = slow_ones(f);
    int fd = help_connect(f->port);
    help_send(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
    in_time(trickle(fd, "aa"), 300 * TIME_MS);
    close(fd);
    fd = help_connect(f->port);
    help_send(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    in_time(trickle(fd, "00000000000000000000000000"), 300 * TIME_MS);
    close(fd);
    assert_int_equal(slow_ones(f) - before, 2);
}

static void trickled_heads_of_later_requests(void **state)
{
    struct fixture *f = *state;
    uint64_t before = slow_ones(f);
    int fd = help_connect(f->port);
    help_send(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    help_until(fd, "\r\n\r\nabc", f->response);
    help_sleep_ms(200);
    in_time(trickle(fd, "GET /aaaaaaaaaaaaa"), 300 * TIME_MS);
    close(fd);
    assert_int_equal(slow_ones(f) - before, 1);
}

static void idle_connections(void **state)
{
    struct fixture *f = *state;
    uint64_t before = slow_ones(f);
    int fd = help_connect(f->port);
    help_send(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    help_until(fd, "\r\n\r\nabc", f->response);
    ts_ns from = clock_steady();
    assert_int_equal(help_some(fd, f->response, 1), 0);
    in_time(clock_steady() - from, 900 * TIME_MS);
    close(fd);
    assert_int_equal(slow_ones(f), before);
}

static void answers_that_are_not_read(void **state)
{
    struct fixture *f = *state;
    struct http_counts counts;
    uint64_t before = slow_ones(f);
    int fd = help_connect(f->port);
    int small = 4096;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    help_send(fd, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    help_until(fd, "\r\n\r\n", f->response);
    /* 40 MiB have 41 times 300 ms, but nothing moves, and that is what idle is. */
    HELP_UNTIL((http_server_counts(f->s, &counts), counts.connections == 0));
    assert_int_equal(slow_ones(f), before);
    close(fd);
}

static void our_own_time_is_not_counted(void **state)
{
    struct fixture *f = *state;
    uint64_t before = slow_ones(f);
    int fd = help_connect(f->port);
    help_send(fd, "GET /pause HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    help_rest(fd, f->response);
    assert_string_equal(help_body(f->response), "late\n");
    assert_int_equal(slow_ones(f), before);
    close(fd);
}

/* Many slow ones at once keep nobody from being served. */
static void slow_ones_are_in_nobodys_way(void **state)
{
    struct fixture *f = *state;
    int fd[50];
    for (int i = 0; i < 50; i++) {
        fd[i] = help_connect(f->port);
        help_send(fd[i], "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\na");
    }
    ts_ns from = clock_steady();
    help_ask(f->port,
             "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
             f->response);
    assert_string_equal(help_body(f->response), "abc");
    assert_true(clock_steady() - from < 5 * TIME_S);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(help_some(fd[i], f->response, 1), 0);
        close(fd[i]);
    }
}

struct firehose {
    int fd;
    ts_ns took;
};

/* Sends without end, as fast as it can be taken. */
static void *pour(void *ctx)
{
    static char much[1 << 20];
    struct firehose *h = ctx;
    ts_ns from = clock_steady();
    ssize_t n = 1;
    while (n > 0 && clock_steady() - from < 15 * TIME_S)
        n = send(h->fd, much, sizeof(much), MSG_NOSIGNAL);
    h->took = clock_steady() - from;
    return NULL;
}

/* Who is refused and does not stop sending is read for a while, and keeps nobody from being
 * served: neither those who have a connection, nor those who want one. */
static void firehoses_are_closed(void **state)
{
    struct fixture *f = *state;
    struct firehose hoses[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        hoses[i].fd = help_connect(f->port);
        help_send(hoses[i].fd,
                  "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n");
        help_until(hoses[i].fd, "\r\n\r\n", f->response);
        assert_int_equal(help_status(f->response), 404);
        assert_int_equal(pthread_create(&threads[i], NULL, pour, &hoses[i]), 0);
    }
    for (int i = 0; i < 20; i++) {
        ts_ns from = clock_steady();
        help_ask(
            f->port,
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
            f->response);
        assert_string_equal(help_body(f->response), "abc");
        assert_true(clock_steady() - from < TIME_S);
        help_sleep_ms(50);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_true(hoses[i].took < 10 * TIME_S);
        close(hoses[i].fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trickled_heads),
        cmocka_unit_test(trickled_bodies),
        cmocka_unit_test(trickled_heads_of_later_requests),
        cmocka_unit_test(idle_connections),
        cmocka_unit_test(answers_that_are_not_read),
        cmocka_unit_test(our_own_time_is_not_counted),
        cmocka_unit_test(slow_ones_are_in_nobodys_way),
        cmocka_unit_test(firehoses_are_closed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
