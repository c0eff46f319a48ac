/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/http/http_help.h"

#include <stdio.h>

#include "http/pack.h"

#include <zlib.h>

#define BODY_MAX 100000

static const struct http_route routes[] = {{"POST", "/echo", BODY_MAX, help_echo, NULL},
                                           {"POST", "/none", 0, help_echo, NULL},
                                           {"POST", "/large", 1 << 30, help_echo, NULL}};

static char response[4 * HELP_TEXT];

struct fixture {
    struct http_server *s;
    uint16_t port;
};

static int set_up(void **state)
{
    static struct fixture f;
    struct http_server_options o = {
        .routes = routes, .routes_n = sizeof(routes) / sizeof(routes[0]), .bodies = 4 << 20};
    f.s = help_start(&o, &f.port);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    http_server_stop(f->s); /* asserts that the budget is whole again */
    return 0;
}

/* Sends a head and a body in pieces of step bytes, and reads the answer. */
static unsigned post(struct fixture *f, const char *path, const char *headers, const char *body,
                     size_t n, size_t step)
{
    struct buf b;
    buf_init(&b);
    buf_format(&b, "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", path, headers);
    int fd = help_connect(f->port);
    help_send_n(fd, b.p, b.n);
    for (size_t at = 0; at < n; at += step)
        help_send_n(fd, body + at, n - at < step ? n - at : step);
    size_t k = 0;
    size_t got;
    while (k < sizeof(response) - 1 &&
           (got = help_some(fd, response + k, sizeof(response) - 1 - k)) > 0)
        k += got;
    response[k] = '\0';
    close(fd);
    buf_release(&b);
    return help_status(response);
}

static char *pattern(size_t n)
{
    char *p = malloc(n + 1);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)('a' + i * 7 % 26);
    p[n] = '\0';
    return p;
}

static void lengths_around_the_limit(void **state)
{
    struct fixture *f = *state;
    static const size_t sizes[] = {0, 1, 1000, 65536, BODY_MAX - 1, BODY_MAX, BODY_MAX + 1};
    char *body = pattern(BODY_MAX + 1);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char head[64];
        char keep = body[sizes[i]];
        snprintf(head, sizeof(head), "Content-Length: %zu\r\n", sizes[i]);
        body[sizes[i]] = '\0';
        unsigned status = post(f, "/echo", head, body, sizes[i], 10000);
        assert_int_equal(status, sizes[i] <= BODY_MAX ? 200 : 413);
        if (status == 200)
            assert_string_equal(help_body(response), body);
        body[sizes[i]] = keep;
    }
    free(body);
}

static void chunks_are_put_together(void **state)
{
    struct fixture *f = *state;
    static const char chunked[] = "Transfer-Encoding: chunked\r\n";
    static const char body[] = "4\r\nabcd\r\nA;x=y\r\n0123456789\r\n1\r\n!\r\n0\r\nT: x\r\n\r\n";
    for (size_t step = 1; step <= sizeof(body); step += 9) {
        assert_int_equal(post(f, "/echo", chunked, body, sizeof(body) - 1, step), 200);
        assert_string_equal(help_body(response), "abcd0123456789!");
    }
    assert_int_equal(post(f, "/echo", chunked, "0\r\n\r\n", 5, 5), 200);
    assert_int_equal(post(f, "/echo", chunked, "xyz\r\n", 5, 5), 400);
    assert_int_equal(post(f, "/echo", chunked, "ffffffffffffffffff\r\n", 20, 20), 413);
    /* Too large, told only by its bytes: the answer comes all the same. */
    struct buf b;
    buf_init(&b);
    for (int i = 0; i < 60; i++) {
        char *p = pattern(2000);
        buf_format(&b, "%x\r\n%s\r\n", 2000, p);
        free(p);
    }
    buf_str(&b, "0\r\n\r\n");
    assert_int_equal(post(f, "/echo", chunked, b.p, b.n, 5000), 413);
    buf_release(&b);
    assert_int_equal(post(f, "/none", chunked, "1\r\na\r\n0\r\n\r\n", 11, 11), 400);
}

/* Without an end it is cut off. */
static void what_does_not_end_is_cut_off(void **state)
{
    struct fixture *f = *state;
    int fd = help_connect(f->port);
    struct buf b;
    char c[16];
    buf_init(&b);
    help_send(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 4000; i++)
        buf_char(&b, 'a');
    for (int i = 0; i < 1000; i++) {
        char head[16];
        snprintf(head, sizeof(head), "%zx\r\n", b.n);
        help_send(fd, head);
        help_send_n(fd, b.p, b.n);
        help_send(fd, "\r\n");
    }
    assert_int_equal(help_some(fd, c, sizeof(c)), 0);
    close(fd);
    buf_release(&b);
}

static void packed_bodies(void **state)
{
    struct fixture *f = *state;
    char head[128];
    struct buf packed;
    char *body = pattern(BODY_MAX + 1);
    buf_init(&packed);
    assert_true(http_pack(body, BODY_MAX, &packed));
    snprintf(head, sizeof(head), "Content-Encoding: gzip\r\nContent-Length: %zu\r\n", packed.n);
    assert_int_equal(post(f, "/echo", head, packed.p, packed.n, 10), 200);
    assert_memory_equal(help_body(response), body, BODY_MAX);
    /* A byte more than allowed, unpacked. */
    buf_clear(&packed);
    assert_true(http_pack(body, BODY_MAX + 1, &packed));
    snprintf(head, sizeof(head), "Content-Encoding: x-gzip\r\nContent-Length: %zu\r\n", packed.n);
    assert_int_equal(post(f, "/echo", head, packed.p, packed.n, packed.n), 413);
    /* Cut short, and no gzip at all. */
    snprintf(head, sizeof(head), "Content-Encoding: gzip\r\nContent-Length: %zu\r\n", packed.n - 9);
    assert_int_equal(post(f, "/large", head, packed.p, packed.n - 9, 100), 400);
    assert_int_equal(
        post(f, "/echo", "Content-Encoding: gzip\r\nContent-Length: 4\r\n", "abcd", 4, 4), 400);
    assert_int_equal(
        post(f, "/echo", "Content-Encoding: identity\r\nContent-Length: 4\r\n", "abcd", 4, 4), 200);
    assert_int_equal(post(f, "/echo", "Content-Encoding: gzip\r\n", "", 0, 1), 200);
    uLongf n = packed.cap;
    assert_int_equal(compress((Bytef *)packed.p, &n, (const Bytef *)body, 1000), Z_OK);
    snprintf(head, sizeof(head), "Content-Encoding: deflate\r\nContent-Length: %lu\r\n", n);
    assert_int_equal(post(f, "/echo", head, packed.p, n, 7), 200);
    assert_memory_equal(help_body(response), body, 1000);
    free(body);
    buf_release(&packed);
}

/* A small packed body that becomes a large one is stopped at the limit of the route, or the
 * memory of all. */
static void bombs_are_harmless(void **state)
{
    struct fixture *f = *state;
    struct http_counts counts;
    char head[128];
    struct buf packed;
    size_t n = 32 << 20;
    char *zeros = calloc(n, 1);
    buf_init(&packed);
    assert_true(http_pack(zeros, n, &packed));
    snprintf(head, sizeof(head), "Content-Encoding: gzip\r\nContent-Length: %zu\r\n", packed.n);
    assert_true(packed.n < n / 100);
    assert_int_equal(post(f, "/large", head, packed.p, packed.n, 10000), 503);
    assert_non_null(strstr(response, "Retry-After: "));
    http_server_counts(f->s, &counts);
    assert_true(counts.refused_busy > 0);
    assert_int_equal(post(f, "/echo", head, packed.p, packed.n, 10000), 413);
    free(zeros);
    buf_release(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_around_the_limit),     cmocka_unit_test(chunks_are_put_together),
        cmocka_unit_test(what_does_not_end_is_cut_off), cmocka_unit_test(packed_bodies),
        cmocka_unit_test(bombs_are_harmless),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
