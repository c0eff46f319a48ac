/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation fails once, in each parser: nothing is leaked, nothing is read that is not
 * there. */
#include "proto/dns.h"
#include "proto/http.h"
#include "proto/tls.h"

#include "cmocka_head.h"
#include "fault_memory.h"
#include "sense/frames.h"
#include "sense/proto/certificate.h"
#include "sense/proto/hellos.h"

static struct frame f;

static void on_message(void *ctx, ts_ns ts, struct bytes message)
{
    (void)ctx;
    (void)ts;
    assert_true(message.n >= 12);
}

static void on_http(void *ctx, const struct proto_http_message *m)
{
    (void)m;
    (*(unsigned *)ctx)++;
}

/* Runs with the first, the second … allocation failing, until none is left to fail. */
static void fail_each(void (*run)(void))
{
    for (uint64_t n = 1;; n++) {
        assert_true(n < 10000);
        fault_arm(n);
        run();
        if (!fault_disarm())
            return;
    }
}

static void run_dns(void)
{
    struct arena arena;
    struct proto_dns_message m = {.answer_n = 0};
    arena_init(&arena, 64);
    enum proto_dns_verdict v = proto_dns_parse(bytes_make(f.b, f.n), &arena, &m);
    assert_true(v == PROTO_DNS_OK ? m.answer_n == 3 : v == PROTO_DNS_NO_MEMORY);
    arena_release(&arena);
}

static void run_dns_stream(void)
{
    struct proto_dns_stream *s = proto_dns_stream_new(on_message, NULL);
    if (s == NULL)
        return;
    for (size_t i = 0; i < f.n; i++)
        if (!proto_dns_stream_feed(s, 0, bytes_make(f.b + i, 1)))
            break;
    proto_dns_stream_free(s);
}

static void dns(void **state)
{
    (void)state;
    f.n = 0;
    put_hex(&f, "0001 8180 0001 0003 0000 0000 01 61 00 0001 0001");
    for (int i = 0; i < 3; i++)
        put_hex(&f, "01 62 c00c 0010 0001 00000001 0004 03 616263");
    fail_each(run_dns);
    memmove(f.b + 2, f.b, f.n);
    f.b[0] = 0;
    f.b[1] = (uint8_t)f.n;
    f.n += 2;
    fail_each(run_dns_stream);
}

static void run_http(void)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST /b HTTP/1.1\r\n"
                               "Content-Length: 3\r\n\r\nabcGET /c HTTP/1.1\r\n\r\n";
    unsigned seen = 0;
    struct proto_http_conn *c = proto_http_conn_new(on_http, &seen);
    if (c == NULL)
        return;
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        proto_http_conn_feed(c, PROTO_DIR_A, 0, bytes_make(text + i, 1));
    assert_true(seen <= 3);
    proto_http_conn_free(c);
}

static void http(void **state)
{
    (void)state;
    fail_each(run_http);
}

static void put_message(unsigned type, const struct frame *body)
{
    put_hex(&f, "16 0303");
    put16(&f, (unsigned)body->n + 4);
    put8(&f, type);
    put8(&f, 0);
    put16(&f, (unsigned)body->n);
    put_bytes(&f, body->b, body->n);
}

static size_t client_n;

static void run_tls(void)
{
    struct proto_tls_conn *c = proto_tls_conn_new();
    if (c == NULL)
        return;
    proto_tls_conn_feed(c, PROTO_DIR_A, 0, bytes_make(f.b, client_n));
    proto_tls_conn_feed(c, PROTO_DIR_B, 0, bytes_make(f.b + client_n, f.n - client_n));
    const struct proto_tls_info *i = proto_tls_conn_info(c);
    if (i->server_chain_n > 0)
        assert_non_null(i->server_chain[0].subject);
    assert_non_null(i->client_hello.ja3_text);
    assert_non_null(i->server_hello.ja3_text);
    proto_tls_conn_free(c);
}

static void tls(void **state)
{
    (void)state;
    static struct frame body;
    static struct frame der;
    f.n = body.n = der.n = 0;
    put_client_start(&body, 0x0303, "", "c02f 1301");
    size_t list = begin16(&body);
    put_extension(&body, 0, "0009 00 0006 612e74657374");
    put_extension(&body, 10, "0006 001d 0017 0018");
    put_extension(&body, 11, "01 00");
    put_extension(&body, 16, "0003 02 6832");
    end16(&body, list);
    put_message(1, &body);
    client_n = f.n;
    body.n = 0;
    put_server_start(&body, 0x0303, "", 0xc02f);
    list = begin16(&body);
    put_extension(&body, 16, "0003 02 6832");
    end16(&body, list);
    put_message(2, &body);
    put_hex(&der, certificate_hex);
    body.n = 0;
    put8(&body, 0);
    put16(&body, (unsigned)der.n + 3);
    put8(&body, 0);
    put16(&body, (unsigned)der.n);
    put_bytes(&body, der.b, der.n);
    put_message(11, &body);
    fail_each(run_tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dns),
        cmocka_unit_test(http),
        cmocka_unit_test(tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
