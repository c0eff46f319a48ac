#ifndef TESTS_HTTP_HELP_H
#define TESTS_HTTP_HELP_H

/* A server on loopback, and a client made of plain sockets. */
#include "cmocka_head.h"

#include "base/buf.h"
#include "base/clock.h"
#include "http/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define HELP_WAIT_MS 20000 /* nothing here takes so long unless it is broken */
#define HELP_TEXT 65536

static inline uint16_t help_port(int fd)
{
    struct sockaddr_in a;
    socklen_t n = sizeof(a);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    return ntohs(a.sin_port);
}

/* With the routes and functions in *o; the rest is filled here. */
static inline struct http_server *help_start(struct http_server_options *o, uint16_t *out_port)
{
    struct http_server *s = NULL;
    struct err_text why = {0};
    assert_int_equal(http_server_listen("127.0.0.1:0", &o->fd, &why), ERR_NONE);
    *out_port = help_port(o->fd);
    if (o->wall == NULL)
        o->wall = clock_wall;
    if (o->steady == NULL)
        o->steady = clock_steady;
    if (http_server_start(o, &s, &why) != ERR_NONE)
        fail_msg("%s", why.message);
    return s;
}

static inline int help_connect(uint16_t port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

static inline void help_send_n(int fd, const void *p, size_t n)
{
    const char *s = p;
    while (n > 0) {
        ssize_t k = send(fd, s, n, MSG_NOSIGNAL);
        if (k <= 0)
            return; /* closed by the server; what it said is what counts */
        s += k;
        n -= (size_t)k;
    }
}

static inline void help_send(int fd, const char *text)
{
    help_send_n(fd, text, strlen(text));
}

/* At most n bytes, as many as come at once; 0 at the end, and when the connection was reset. */
static inline size_t help_some(int fd, char *out, size_t n)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, HELP_WAIT_MS) <= 0)
        fail_msg("nothing came");
    ssize_t k = recv(fd, out, n, 0);
    return k > 0 ? (size_t)k : 0;
}

/* Until the connection ends. */
static inline const char *help_rest(int fd, char out[HELP_TEXT])
{
    size_t n = 0;
    size_t k;
    while (n < HELP_TEXT - 1 && (k = help_some(fd, out + n, HELP_TEXT - 1 - n)) > 0)
        n += k;
    out[n] = '\0';
    return out;
}

/* Until text has come, or the end. */
static inline const char *help_until(int fd, const char *text, char out[HELP_TEXT])
{
    size_t n = 0;
    size_t k = 1;
    out[0] = '\0';
    while (strstr(out, text) == NULL && n < HELP_TEXT - 1 && k > 0) {
        k = help_some(fd, out + n, HELP_TEXT - 1 - n);
        n += k;
        out[n] = '\0';
    }
    return out;
}

/* One request on a connection of its own, and all that comes back. */
static inline const char *help_ask(uint16_t port, const char *request, char out[HELP_TEXT])
{
    int fd = help_connect(port);
    help_send(fd, request);
    help_rest(fd, out);
    close(fd);
    return out;
}

static inline unsigned help_status(const char *response)
{
    return strncmp(response, "HTTP/1.1 ", 9) == 0 || strncmp(response, "HTTP/1.0 ", 9) == 0
               ? (unsigned)strtoul(response + 9, NULL, 10)
               : 0;
}

static inline const char *help_body(const char *response)
{
    const char *body = strstr(response, "\r\n\r\n");
    return body != NULL ? body + 4 : "";
}

/* Asks for a path with GET; the status. */
static inline unsigned help_get(uint16_t port, const char *path)
{
    static char response[HELP_TEXT];
    struct buf b;
    buf_init(&b);
    buf_format(&b, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    unsigned status = help_status(help_ask(port, buf_text(&b), response));
    buf_release(&b);
    return status;
}

/* As many descriptors as the system lets us have, for tests with hundreds of clients. */
static inline void help_raise_descriptors(void)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max < 8192 ? limit.rlim_max : 8192;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static inline void help_sleep_ms(int ms)
{
    (void)poll(NULL, 0, ms);
}

/* Waits until a condition holds. */
#define HELP_UNTIL(condition)                                                                      \
    do {                                                                                           \
        int left = HELP_WAIT_MS / 5;                                                               \
        while (!(condition) && left-- > 0)                                                         \
            help_sleep_ms(5);                                                                      \
        assert_true(condition);                                                                    \
    } while (0)

static inline void help_echo(void *ctx, struct http_request *r, struct http_answer *a)
{
    struct bytes body = http_request_body(r);
    (void)ctx;
    http_answer_set_header(a, "Content-Type", "text/plain");
    buf_add(http_answer_body(a), body.p, body.n);
}

#endif
