/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many clients that do whatever comes to their mind at once: whole requests are answered rightly,
 * the rest harms nobody, and a server that stops in the middle of it has given everything back
 * (which http_server_stop() asserts).
 */
#include "serve/http/http_help.h"

#include "base/rng.h"
#include "http/stream.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define CLIENTS 12
#define ROUNDS 60
#define STEPS 15

static struct http_stream *stream;
static uint16_t port;
static _Atomic uint64_t right;
static _Atomic uint64_t wrong;
static _Atomic bool stopped;

static void nap(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    for (int i = 0; i < 10 && !http_request_is_gone(r); i++)
        help_sleep_ms(1);
    buf_str(http_answer_body(a), "nap");
}

static void live(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    (void)r;
    http_answer_set_stream(a, stream, 1);
}

static bool admit(void *ctx, const struct http_route *route, struct http_request *r,
                  struct http_answer *a)
{
    (void)ctx;
    (void)route;
    http_answer_set_status(a, 403);
    return http_request_header(r, "X-Refuse") == NULL;
}

static const struct http_route routes[] = {
    {"POST", "/echo", 1 << 20, help_echo, NULL},
    {"GET", "/nap", 0, nap, NULL},
    {"GET", "/live", 0, live, NULL},
};

static int dial(void)
{
    const struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof(a)) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Reads for a while; whether text came. */
static bool hears(int fd, const char *text)
{
    char in[8192];
    size_t n = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (n < sizeof(in) - 1 && poll(&p, 1, HELP_WAIT_MS) > 0) {
        ssize_t k = recv(fd, in + n, sizeof(in) - 1 - n, 0);
        if (k <= 0)
            return false;
        n += (size_t)k;
        in[n] = '\0';
        if (strstr(in, text) != NULL)
            return true;
    }
    return false;
}

/* A whole request on a connection that was good so far. */
static bool ask(int fd, struct rng *rng)
{
    char text[256];
    char wanted[64];
    unsigned number = (unsigned)rng_below(rng, 1000000);
    snprintf(text, sizeof(text),
             "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n<%06u>", number);
    snprintf(wanted, sizeof(wanted), "\r\n\r\n<%06u>", number);
    help_send(fd, text);
    if (hears(fd, wanted)) {
        atomic_fetch_add(&right, 1);
        return true;
    }
    if (!atomic_load(&stopped))
        atomic_fetch_add(&wrong, 1);
    return false;
}

/* Things after which the connection is left. */
static void misbehave(int fd, struct rng *rng)
{
    static const char *const habits[] = {
        "GET /nap HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /live HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "POST /echo HTTP/1.1\r\nHost: x\r\nX-Refuse: 1\r\nContent-Length: 100000\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\nabc",
        "GET /a/../b HTTP/1.1\r\nHost: x\r\n\r\nGET /nap HTTP/1.1\r\n",
        "GET /nap HTTP/1.1\r\nHost: x\r\n\r\nGET /nap HTTP/1.1\r\nHost: x\r\n\r\nGET /n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        "\x16\x03\x01",
        "",
    };
    const char *habit = habits[rng_below(rng, sizeof(habits) / sizeof(habits[0]))];
    char c[64];
    help_send(fd, habit);
    switch (rng_below(rng, 4)) {
    case 0:
        shutdown(fd, SHUT_WR);
        break;
    case 1: {
        const struct linger at_once = {.l_onoff = 1};
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        break;
    }
    case 2:
        help_sleep_ms((int)rng_below(rng, 20));
        (void)!recv(fd, c, sizeof(c), MSG_DONTWAIT);
        break;
    default:
        break;
    }
}

static void *be_a_client(void *arg)
{
    struct rng rng;
    rng_init(&rng, (uint64_t)(uintptr_t)arg);
    for (int i = 0; i < ROUNDS; i++) {
        int fd = dial();
        if (fd < 0)
            continue;
        bool good = true;
        for (uint64_t k = rng_below(&rng, STEPS); k > 0 && good; k--)
            good = ask(fd, &rng);
        if (good && rng_below(&rng, 3) > 0)
            misbehave(fd, &rng);
        close(fd);
    }
    return NULL;
}

static void *publish(void *arg)
{
    (void)arg;
    while (!atomic_load(&stopped)) {
        if (http_stream_publish(stream, "x", "{\"some\":\"event\"}", 16) != ERR_NONE)
            atomic_fetch_add(&wrong, 1);
        help_sleep_ms(1);
    }
    return NULL;
}

/* after_ms: when the server stops, -1: when the clients are done. */
static void run(int after_ms)
{
    const struct http_stream_options so = {.events = 16, .first = 1, .heartbeat_ns = 30 * TIME_MS};
    struct http_server_options o = {.routes = routes,
                                    .routes_n = sizeof(routes) / sizeof(routes[0]),
                                    .admit = admit,
                                    .connections_ip = 200,
                                    .head_ns = 2 * TIME_S};
    pthread_t clients[CLIENTS];
    pthread_t publisher;
    atomic_store(&right, 0);
    atomic_store(&wrong, 0);
    atomic_store(&stopped, false);
    stream = http_stream_new(&so);
    assert_non_null(stream);
    struct http_server *s = help_start(&o, &port);
    assert_int_equal(pthread_create(&publisher, NULL, publish, NULL), 0);
    for (uintptr_t i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&clients[i], NULL, be_a_client, (void *)(i + 1)), 0);
    if (after_ms < 0)
        for (int i = 0; i < CLIENTS; i++)
            pthread_join(clients[i], NULL);
    else
        help_sleep_ms(after_ms);
    atomic_store(&stopped, true);
    pthread_join(publisher, NULL);
    http_server_stop(s);
    if (after_ms >= 0)
        for (int i = 0; i < CLIENTS; i++)
            pthread_join(clients[i], NULL);
    assert_int_equal(http_stream_listeners(stream), 0);
    http_stream_free(stream);
    assert_int_equal(atomic_load(&wrong), 0);
    assert_true(atomic_load(&right) > 0);
}

static void clients_of_all_kinds(void **state)
{
    (void)state;
    run(-1);
}

static void stopping_among_them(void **state)
{
    (void)state;
    for (int ms = 50; ms < 500; ms += 150)
        run(ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_of_all_kinds),
        cmocka_unit_test(stopping_among_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
