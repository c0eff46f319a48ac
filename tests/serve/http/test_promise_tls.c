/* SPDX-License-Identifier: Apache-2.0 */
/* Everything through TLS; what is no TLS, or too old a one, ends its own connection only. */
#include "serve/http/tls_help.h"

#include "base/rng.h"
#include "http/stream.h"

#include <stdio.h>

static struct http_stream *stream;

static void secure(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    buf_format(http_answer_body(a), "secure=%d\n", http_request_is_secure(r));
}

static void live(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    (void)r;
    http_answer_set_stream(a, stream, 0);
}

static const struct http_route routes[] = {
    {"GET", "/", 0, secure, NULL},
    {"POST", "/echo", 8 << 20, help_echo, NULL},
    {"GET", "/live", 0, live, NULL},
};

struct fixture {
    struct http_server *s;
    uint16_t port;
    struct buf certificate;
    struct buf key;
    char response[HELP_TEXT];
};

static int set_up(void **state)
{
    static struct fixture f;
    const struct http_stream_options so = {.first = 1};
    help_certificate(&f.certificate, &f.key);
    stream = http_stream_new(&so);
    struct http_server_options o = {.routes = routes,
                                    .routes_n = sizeof(routes) / sizeof(routes[0]),
                                    .certificate = buf_text(&f.certificate),
                                    .key = buf_text(&f.key),
                                    .head_ns = 2 * TIME_S};
    f.s = help_start(&o, &f.port);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    http_server_stop(f->s);
    http_stream_free(stream);
    buf_release(&f->certificate);
    buf_release(&f->key);
    return 0;
}

static bool agree(struct fixture *f, const char *priorities)
{
    struct help_tls t;
    if (!help_tls_connect(&t, f->port, buf_text(&f->certificate), priorities))
        return false;
    static const char ask[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    help_tls_send(&t, ask, sizeof(ask) - 1);
    help_tls_until(&t, NULL, f->response, HELP_TEXT);
    assert_int_equal(help_status(f->response), 200);
    assert_string_equal(help_body(f->response), "secure=1\n");
    help_tls_close(&t);
    return true;
}

static void versions_that_are_spoken(void **state)
{
    struct fixture *f = *state;
    assert_true(agree(f, "NORMAL"));
    assert_true(agree(f, "NORMAL:-VERS-ALL:+VERS-TLS1.3"));
    assert_true(agree(f, "NORMAL:-VERS-ALL:+VERS-TLS1.2"));
    assert_true(agree(f, "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+CHACHA20-POLY1305"));
    assert_false(agree(f, "NORMAL:-VERS-ALL:+VERS-TLS1.1"));
    assert_false(agree(f, "NORMAL:-VERS-ALL:+VERS-TLS1.0"));
    /* No ciphers in the old mode, no exchange of keys without forward secrecy. */
    assert_false(agree(f, "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC:+AES-256-CBC"));
    assert_false(agree(f, "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA"));
}

static void bodies_of_many_records(void **state)
{
    struct fixture *f = *state;
    struct help_tls t;
    size_t n = 5 << 20;
    char *body = malloc(n);
    char *back = malloc(n + 1000);
    char head[128];
    for (size_t i = 0; i < n; i++)
        body[i] = (char)('a' + i * 31 % 23);
    assert_true(help_tls_connect(&t, f->port, buf_text(&f->certificate), "NORMAL"));
    for (int i = 0; i < 2; i++) {
        bool last = i == 1;
        snprintf(head, sizeof(head),
                 "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n%s\r\n", n,
                 last ? "Connection: close\r\n" : "");
        help_tls_send(&t, head, strlen(head));
        help_tls_send(&t, body, n);
        /* Exactly one answer: its head, then so many bytes. */
        help_tls_until(&t, "\r\n\r\n", back, 300);
        assert_int_equal(help_status(back), 200);
        size_t got = strlen(help_body(back));
        memmove(back, help_body(back), got);
        while (got < n) {
            ssize_t k = gnutls_record_recv(t.session, back + got, n - got);
            assert_true(k > 0);
            got += (size_t)k;
        }
        assert_memory_equal(back, body, n);
    }
    help_tls_close(&t);
    free(body);
    free(back);
}

static void live_events(void **state)
{
    struct fixture *f = *state;
    struct help_tls t;
    static const char ask[] = "GET /live HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_true(help_tls_connect(&t, f->port, buf_text(&f->certificate), "NORMAL"));
    help_tls_send(&t, ask, sizeof(ask) - 1);
    help_tls_until(&t, ":\n\n", f->response, HELP_TEXT);
    for (int i = 1; i <= 5; i++) {
        char text[64];
        snprintf(text, sizeof(text), "id: %d\nevent: x\ndata: {}\n\n", i);
        assert_int_equal(http_stream_publish(stream, "x", "{}", 2), ERR_NONE);
        help_tls_until(&t, text, f->response, HELP_TEXT);
        assert_non_null(strstr(f->response, text));
    }
    help_tls_close(&t);
    HELP_UNTIL(http_stream_listeners(stream) == 0);
}

static void rubbish_instead_of_a_handshake(void **state)
{
    struct fixture *f = *state;
    struct rng rng;
    char noise[2000];
    rng_init(&rng, 1);
    for (int i = 0; i < 100; i++) {
        for (size_t k = 0; k < sizeof(noise); k++)
            noise[k] = (char)rng_u64(&rng);
        if (i % 2 == 0)
            memcpy(noise, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11); /* as it begins */
        int fd = help_connect(f->port);
        help_send_n(fd, noise, 1 + rng_below(&rng, sizeof(noise)));
        shutdown(fd, SHUT_WR);
        help_rest(fd, f->response);
        assert_null(strstr(f->response, "HTTP/1."));
        close(fd);
    }
    help_ask(f->port, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", f->response);
    assert_int_equal(help_status(f->response), 0);
    assert_true(agree(f, "NORMAL"));
}

static void handshakes_have_their_time(void **state)
{
    struct fixture *f = *state;
    struct http_counts before;
    struct http_counts after;
    http_server_counts(f->s, &before);
    int fd = help_connect(f->port);
    ts_ns from = clock_steady();
    help_send_n(fd, "\x16\x03\x01\x02\x00\x01", 6);
    help_rest(fd, f->response);
    assert_true(clock_steady() - from >= TIME_S && clock_steady() - from < 10 * TIME_S);
    http_server_counts(f->s, &after);
    assert_int_equal(after.refused_slow - before.refused_slow, 1);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_that_are_spoken),
        cmocka_unit_test(bodies_of_many_records),
        cmocka_unit_test(live_events),
        cmocka_unit_test(rubbish_instead_of_a_handshake),
        cmocka_unit_test(handshakes_have_their_time),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
