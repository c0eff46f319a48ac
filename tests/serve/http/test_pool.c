/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/http/http_help.h"

#include <stdatomic.h>

static _Atomic int begun;
static _Atomic bool go_on;
static _Atomic int admitted;
static const char word[] = "needs a key";
static const char slow_word[] = "needs a key and takes long";

static void wait_here(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    (void)r;
    atomic_fetch_add(&begun, 1);
    while (!atomic_load(&go_on))
        help_sleep_ms(1);
    buf_str(http_answer_body(a), "ok");
}

static const struct http_route routes[] = {
    {"GET", "/wait", 0, wait_here, NULL},           {"GET", "/search", 0, wait_here, slow_word},
    {"POST", "/search", 100, wait_here, slow_word}, {"POST", "/secret", 1 << 20, help_echo, word},
    {"GET", "/open", 0, help_echo, NULL},
};

static enum http_lane lane_of(void *ctx, const struct http_route *route)
{
    (void)ctx;
    return route->word == slow_word ? HTTP_LANE_LONG : HTTP_LANE_SHORT;
}

static bool admit(void *ctx, const struct http_route *route, struct http_request *r,
                  struct http_answer *a)
{
    (void)ctx;
    atomic_fetch_add(&admitted, 1);
    while (http_request_header(r, "X-Hard") != NULL && !atomic_load(&go_on))
        help_sleep_ms(1);
    if (route != NULL && route->word == NULL)
        return true;
    if (http_request_header(r, "X-User") != NULL)
        http_request_set_user(r, http_request_header(r, "X-User"));
    if (http_request_header(r, "Authorization") != NULL)
        return true;
    http_answer_set_status(a, 401);
    buf_str(http_answer_body(a), "who is it?\n");
    return false;
}

static struct http_server_options options(void)
{
    atomic_store(&begun, 0);
    atomic_store(&go_on, false);
    atomic_store(&admitted, 0);
    return (struct http_server_options){
        .routes = routes, .routes_n = sizeof(routes) / sizeof(routes[0]), .admit = admit};
}

static void strangers_send_no_body(void **state)
{
    struct http_server_options o = options();
    struct http_counts counts;
    uint16_t port;
    char response[HELP_TEXT];
    (void)state;
    struct http_server *s = help_start(&o, &port);
    int fd = help_connect(port);
    /* The answer comes before a body that never will. */
    help_send(fd, "POST /secret HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
                  "Expect: 100-continue\r\n\r\n");
    help_rest(fd, response);
    assert_int_equal(help_status(response), 401);
    assert_string_equal(help_body(response), "who is it?\n");
    close(fd);
    help_ask(port,
             "POST /secret HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nAuthorization: y\r\n"
             "Connection: close\r\n\r\nabcd",
             response);
    assert_string_equal(help_body(response), "abcd");
    /* What there is not is told only to whom is known. */
    help_ask(port, "GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", response);
    assert_int_equal(help_status(response), 401);
    help_ask(port,
             "GET /nothing HTTP/1.1\r\nHost: x\r\nAuthorization: y\r\nConnection: close\r\n\r\n",
             response);
    assert_int_equal(help_status(response), 404);
    help_ask(port, "PUT /secret HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", response);
    assert_int_equal(help_status(response), 401);
    assert_int_equal(atomic_load(&admitted), 5); /* once each */
    http_server_counts(s, &counts);
    assert_int_equal(counts.received, 4);
    http_server_stop(s);
}

static void a_full_queue_says_so(void **state)
{
    struct http_server_options o = options();
    struct http_counts counts;
    uint16_t port;
    int fd[8];
    unsigned busy = 0;
    unsigned fine = 0;
    (void)state;
    o.threads = 2;
    o.queue = 3;
    struct http_server *s = help_start(&o, &port);
    for (int i = 0; i < 8; i++) {
        fd[i] = help_connect(port);
        help_send(fd[i], "GET /wait HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        if (i == 1)
            HELP_UNTIL(atomic_load(&begun) == 2);
    }
    HELP_UNTIL((http_server_counts(s, &counts), counts.refused_busy == 3));
    assert_int_equal(counts.lanes[HTTP_LANE_SHORT].waiting, 3);
    atomic_store(&go_on, true);
    for (int i = 0; i < 8; i++) {
        char response[HELP_TEXT];
        help_rest(fd[i], response);
        busy += help_status(response) == 503 && strstr(response, "Retry-After") != NULL;
        fine += help_status(response) == 200;
        close(fd[i]);
    }
    assert_int_equal(busy, 3);
    assert_int_equal(fine, 5);
    http_server_stop(s);
}

static void slow_handlers_hold_nobody_else(void **state)
{
    struct http_server_options o = options();
    uint16_t port;
    char response[HELP_TEXT];
    (void)state;
    o.threads = 2;
    struct http_server *s = help_start(&o, &port);
    int fd = help_connect(port);
    help_send(fd, "GET /wait HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    HELP_UNTIL(atomic_load(&begun) == 1);
    for (int i = 0; i < 20; i++)
        assert_int_equal(help_get(port, "/open"), 200);
    atomic_store(&go_on, true);
    assert_int_equal(help_status(help_rest(fd, response)), 200);
    close(fd);
    http_server_stop(s);
}

#define SEARCH "GET /search HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
#define POSTED "POST /search HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n"

/* Long requests take half of the threads and their own queue, and strangers' nothing of it. */
static void long_ones_have_a_lane(void **state)
{
    struct http_server_options o = options();
    struct http_counts counts;
    uint16_t port;
    int fd[7];
    char response[HELP_TEXT];
    (void)state;
    o.threads = 5;
    o.queue = 3;
    o.lane = lane_of;
    struct http_server *s = help_start(&o, &port);
    for (int i = 0; i < 5; i++) {
        fd[i] = help_connect(port);
        help_send(fd[i], i % 2 == 0 ? SEARCH "Authorization: y\r\n\r\n"
                                    : POSTED "Authorization: y\r\n\r\n{}");
        if (i == 1)
            HELP_UNTIL(atomic_load(&begun) == 2);
    }
    HELP_UNTIL((http_server_counts(s, &counts), counts.lanes[HTTP_LANE_LONG].waiting == 3));
    assert_int_equal(counts.lanes[HTTP_LANE_LONG].running, 2);
    for (int i = 0; i < 20; i++)
        assert_int_equal(help_get(port, "/open"), 200);
    help_ask(port, SEARCH "\r\n", response);
    assert_int_equal(help_status(response), 401);
    help_ask(port, POSTED "\r\n", response);
    assert_int_equal(help_status(response), 401);
    for (int i = 5; i < 7; i++) {
        fd[i] = help_connect(port);
        help_send(fd[i],
                  i == 5 ? SEARCH "Authorization: y\r\n\r\n" : POSTED "Authorization: y\r\n\r\n{}");
        help_rest(fd[i], response);
        assert_int_equal(help_status(response), 429);
        assert_non_null(strstr(response, "Retry-After: 1\r\n"));
        close(fd[i]);
    }
    /* Two go away while they wait: they are not begun. */
    close(fd[3]);
    close(fd[4]);
    help_sleep_ms(50);
    atomic_store(&go_on, true);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(help_body(help_rest(fd[i], response)), "ok");
        close(fd[i]);
    }
    HELP_UNTIL((http_server_counts(s, &counts), counts.lanes[HTTP_LANE_LONG].waiting == 0 &&
                                                    counts.lanes[HTTP_LANE_LONG].running == 0));
    assert_int_equal(atomic_load(&begun), 3);
    assert_int_equal(counts.refused_busy, 2);
    http_server_stop(s);
}

/* Half of the queue is the most that one gets, and of the threads all but the last. */
static void one_has_half_of_a_lane(void **state)
{
    struct http_server_options o = options();
    struct http_counts counts;
    uint16_t port;
    int fd[4];
    char response[HELP_TEXT];
    (void)state;
    o.threads = 5;
    o.queue = 4;
    o.lane = lane_of;
    struct http_server *s = help_start(&o, &port);
    for (int i = 0; i < 3; i++) {
        fd[i] = help_connect(port);
        help_send(fd[i], SEARCH "Authorization: y\r\nX-User: anna\r\n\r\n");
        if (i == 0)
            HELP_UNTIL(atomic_load(&begun) == 1);
    }
    HELP_UNTIL((http_server_counts(s, &counts), counts.lanes[HTTP_LANE_LONG].waiting == 2));
    help_ask(port, SEARCH "Authorization: y\r\nX-User: anna\r\n\r\n", response);
    assert_int_equal(help_status(response), 429);
    assert_non_null(strstr(response, "Retry-After: 1\r\n"));
    fd[3] = help_connect(port);
    help_send(fd[3], SEARCH "Authorization: y\r\nX-User: bert\r\n\r\n");
    HELP_UNTIL(atomic_load(&begun) == 2);
    http_server_counts(s, &counts);
    assert_int_equal(counts.lanes[HTTP_LANE_LONG].waiting, 2);
    atomic_store(&go_on, true);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(help_body(help_rest(fd[i], response)), "ok");
        close(fd[i]);
    }
    assert_int_equal(atomic_load(&begun), 4);
    http_server_counts(s, &counts);
    assert_int_equal(counts.refused_busy, 1);
    http_server_stop(s);
}

static enum http_lane hard_to_know(void *ctx, const struct http_request *r)
{
    (void)ctx;
    return http_request_header(r, "X-Hard") != NULL ? HTTP_LANE_TURN : HTTP_LANE_SHORT;
}

/* Whoever is hard to recognise waits for a turn, and nobody waits for that. */
static void admission_has_a_lane(void **state)
{
    struct http_server_options o = options();
    struct http_counts counts;
    uint16_t port;
    int fd[5];
    char response[HELP_TEXT];
    (void)state;
    o.threads = 5;
    o.lane = lane_of;
    o.admit_lane = hard_to_know;
    struct http_server *s = help_start(&o, &port);
    for (int i = 0; i < 5; i++) {
        fd[i] = help_connect(port);
        help_send(fd[i], i % 2 == 0 ? "GET /open HTTP/1.1\r\nHost: x\r\nX-Hard: y\r\n"
                                      "Connection: close\r\n\r\n"
                                    : SEARCH "Authorization: y\r\nX-Hard: y\r\n\r\n");
    }
    HELP_UNTIL((http_server_counts(s, &counts), counts.lanes[HTTP_LANE_TURN].waiting == 3 &&
                                                    counts.lanes[HTTP_LANE_TURN].running == 2));
    for (int i = 0; i < 20; i++)
        assert_int_equal(help_get(port, "/open"), 200);
    assert_int_equal(atomic_load(&begun), 0);
    atomic_store(&go_on, true);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(help_status(help_rest(fd[i], response)), 200);
        close(fd[i]);
    }
    assert_int_equal(atomic_load(&begun), 2);
    http_server_stop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers_send_no_body),         cmocka_unit_test(a_full_queue_says_so),
        cmocka_unit_test(slow_handlers_hold_nobody_else), cmocka_unit_test(long_ones_have_a_lane),
        cmocka_unit_test(one_has_half_of_a_lane),         cmocka_unit_test(admission_has_a_lane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
