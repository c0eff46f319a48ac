/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tls.h"

#include "base/rng.h"

#include "cmocka_head.h"
#include "sense/proto/certificate.h"
#include "sense/proto/hellos.h"

#define CLIENT PROTO_DIR_B
#define SERVER PROTO_DIR_A

/* A connection as pieces, each of one direction. */
struct piece {
    enum proto_dir dir;
    size_t from;
    size_t n;
};

static struct frame f;
static struct piece pieces[32];
static size_t piece_n;

static void begin(void)
{
    f.n = 0;
    piece_n = 0;
}

static void end_piece(enum proto_dir dir)
{
    size_t from = piece_n > 0 ? pieces[piece_n - 1].from + pieces[piece_n - 1].n : 0;
    pieces[piece_n++] = (struct piece){dir, from, f.n - from};
}

static size_t begin_record(unsigned type)
{
    put8(&f, type);
    put16(&f, 0x0303);
    return begin16(&f);
}

static void put_message(unsigned type, const struct frame *body)
{
    put8(&f, type);
    put8(&f, (unsigned)(body->n >> 16));
    put16(&f, (unsigned)body->n & 0xffff);
    put_bytes(&f, body->b, body->n);
}

static void put_record(unsigned type, const char *hex)
{
    size_t at = begin_record(type);
    put_hex(&f, hex);
    end16(&f, at);
}

static void put_client_hello(const char *session)
{
    static struct frame body;
    body.n = 0;
    put_client_start(&body, 0x0303, session, "c02f 1301");
    size_t list = begin16(&body);
    put_extension(&body, 0, "0009 00 0006 612e74657374");
    put_extension(&body, 16, "0003 02 6832");
    end16(&body, list);
    size_t at = begin_record(22);
    put_message(1, &body);
    end16(&f, at);
    end_piece(CLIENT);
}

static void put_server_hello(const char *session, bool newest)
{
    static struct frame body;
    body.n = 0;
    put_server_start(&body, 0x0303, session, newest ? 0x1301 : 0xc02f);
    size_t list = begin16(&body);
    if (newest)
        put_extension(&body, 43, "0304");
    else
        put_extension(&body, 16, "0003 02 6832");
    end16(&body, list);
    size_t at = begin_record(22);
    put_message(2, &body);
    end16(&f, at);
}

/* Certificate, key exchange and done, with message borders that are no record borders. */
static void put_server_flight(void)
{
    static struct frame der;
    static struct frame body;
    static struct frame all;
    der.n = 0;
    put_hex(&der, certificate_hex);
    body.n = 0;
    put_hex(&body, "000000 0000");
    put16(&body, (unsigned)der.n);
    body.b[1] = (uint8_t)((der.n + 3) >> 8);
    body.b[2] = (uint8_t)(der.n + 3);
    body.n = 3;
    put8(&body, 0);
    put16(&body, (unsigned)der.n);
    put_bytes(&body, der.b, der.n);
    all.n = 0;
    size_t start = f.n;
    put_message(11, &body);
    body.n = 0;
    put_hex(&body, "03 001d 01 aa 0401 0001 bb");
    put_message(12, &body);
    body.n = 0;
    put_message(14, &body);
    put_bytes(&all, f.b + start, f.n - start);
    f.n = start;
    for (size_t at = 0; at < all.n;) {
        size_t n = all.n - at < 300 ? all.n - at : 300;
        size_t record = begin_record(22);
        put_bytes(&f, all.b + at, n);
        end16(&f, record);
        at += n;
    }
}

static void put_full_handshake(void)
{
    begin();
    put_client_hello("");
    put_server_hello("0102", false);
    put_server_flight();
    end_piece(SERVER);
    put_record(22, "10 000003 020102"); /* client's key */
    put_record(20, "01");
    put_record(22, "00112233445566778899");
    end_piece(CLIENT);
    put_record(20, "01");
    put_record(22, "99112233445566778899");
    end_piece(SERVER);
    put_record(23, "00112233445566778899");
    end_piece(CLIENT);
}

static struct proto_tls_conn *run(size_t step)
{
    struct proto_tls_conn *c = proto_tls_conn_new();
    assert_non_null(c);
    ts_ns ts = 0;
    for (size_t i = 0; i < piece_n; i++) {
        for (size_t at = 0; at < pieces[i].n; at += step) {
            size_t n = step < pieces[i].n - at ? step : pieces[i].n - at;
            struct bytes b = frame_copy(f.b + pieces[i].from + at, n);
            proto_tls_conn_feed(c, pieces[i].dir, ++ts, b);
            frame_drop(b);
        }
    }
    return c;
}

static void a_full_handshake_however_it_is_cut(void **state)
{
    (void)state;
    put_full_handshake();
    for (size_t step = 1; step < 1200; step += step < 20 ? 1 : 97) {
        struct proto_tls_conn *c = run(step);
        const struct proto_tls_info *i = proto_tls_conn_info(c);
        assert_int_equal(i->state, PROTO_TLS_DONE);
        assert_int_equal(i->client, CLIENT);
        assert_true(i->established);
        assert_true(i->established_ts != TIME_NONE);
        assert_false(i->resumed);
        assert_string_equal(i->server_name, "a.test");
        assert_string_equal(i->next_protocol, "h2");
        assert_string_equal(i->client_alpn[0], "h2");
        assert_int_equal(i->cipher, 0xc02f);
        assert_int_equal(i->curve, 29);
        assert_int_equal(i->server_chain_n, 1);
        assert_string_equal(i->server_chain[0].common_name, "weir.example");
        assert_int_equal(i->client_chain_n, 0);
        assert_true(proto_tls_conn_bytes(c) < PROTO_TLS_BYTES_MAX);
        proto_tls_conn_free(c);
    }
}

static void a_session_taken_up_again(void **state)
{
    (void)state;
    for (int ticket = 0; ticket <= 1; ticket++) {
        begin();
        put_client_hello(ticket ? "" : "0a0b");
        put_server_hello(ticket ? "" : "0a0b", false);
        put_record(20, "01");
        put_record(22, "00112233445566778899");
        end_piece(SERVER);
        put_record(20, "01");
        put_record(22, "00112233445566778899");
        end_piece(CLIENT);
        struct proto_tls_conn *c = run(7);
        const struct proto_tls_info *i = proto_tls_conn_info(c);
        assert_int_equal(i->state, PROTO_TLS_DONE);
        assert_true(i->resumed);
        assert_true(i->established);
        proto_tls_conn_free(c);
    }
}

#define LONG_RECORD                                                                                \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b"

static void the_newest_version_hides_the_rest(void **state)
{
    (void)state;
    for (int alert = 0; alert <= 1; alert++) {
        begin();
        put_client_hello("0a0b");
        put_server_hello("0a0b", true);
        put_record(20, "01");
        put_record(23, LONG_RECORD);
        end_piece(SERVER);
        put_record(20, "01");
        put_record(23, alert ? "000102030405060708090a0b0c0d0e0f101112" : LONG_RECORD);
        end_piece(CLIENT);
        struct proto_tls_conn *c = run(11);
        const struct proto_tls_info *i = proto_tls_conn_info(c);
        assert_int_equal(i->server_hello.version, 0x0304);
        assert_int_equal(i->established, !alert);
        assert_int_equal(i->state, alert ? PROTO_TLS_MORE : PROTO_TLS_DONE);
        assert_false(i->resumed);
        proto_tls_conn_free(c);
    }
}

static void alerts_in_clear(void **state)
{
    (void)state;
    begin();
    put_client_hello("");
    put_record(21, "01 70"); /* a warning: goes on */
    put_record(21, "02 28");
    end_piece(SERVER);
    struct proto_tls_conn *c = run(1);
    const struct proto_tls_info *i = proto_tls_conn_info(c);
    assert_int_equal(i->state, PROTO_TLS_DONE);
    assert_int_equal(i->server_alert, 0x28 + 1);
    assert_int_equal(i->client_alert, 0);
    assert_false(i->established);
    proto_tls_conn_free(c);
}

static void feed_text(const char *text, size_t n, enum proto_tls_state want)
{
    struct proto_tls_conn *c = proto_tls_conn_new();
    assert_int_equal(proto_tls_conn_feed(c, PROTO_DIR_A, 0, bytes_make(text, n)), want);
    proto_tls_conn_free(c);
}

static void what_is_not_tls(void **state)
{
    (void)state;
    feed_text("GET / HTTP/1.1\r\n", 16, PROTO_TLS_NOT);
    feed_text("G", 1, PROTO_TLS_NOT);
    feed_text("\x16\x02\x00\x00\x05", 5, PROTO_TLS_NOT);
    feed_text("\x16\x03\x09\x00\x05", 5, PROTO_TLS_NOT);
    feed_text("\x16\x03\x01\xff\xff", 5, PROTO_TLS_NOT);
    feed_text("\x17\x03\x03\x00\x05hello", 10, PROTO_TLS_NOT); /* not from its beginning */
    feed_text("\x16\x03\x01", 3, PROTO_TLS_MORE);
    feed_text("", 0, PROTO_TLS_MORE);
}

static void a_server_that_speaks_something_else(void **state)
{
    (void)state;
    begin();
    put_client_hello("");
    put_text(&f, "HTTP/1.1 400 Bad Request\r\n");
    end_piece(SERVER);
    struct proto_tls_conn *c = run(100);
    const struct proto_tls_info *i = proto_tls_conn_info(c);
    assert_int_equal(i->state, PROTO_TLS_BROKEN);
    assert_true(i->client_hello.seen);
    assert_string_equal(i->server_name, "a.test");
    proto_tls_conn_free(c);
}

static void gaps(void **state)
{
    (void)state;
    put_full_handshake();
    /* Within the clear part the rest cannot be found. */
    struct proto_tls_conn *c = proto_tls_conn_new();
    proto_tls_conn_feed(c, CLIENT, 0, bytes_make(f.b, pieces[0].n));
    assert_int_equal(proto_tls_conn_gap(c, SERVER, 0), PROTO_TLS_MORE);
    assert_int_equal(proto_tls_conn_gap(c, SERVER, 10), PROTO_TLS_BROKEN);
    assert_int_equal(proto_tls_conn_feed(c, SERVER, 0, bytes_make(f.b, 10)), PROTO_TLS_BROKEN);
    assert_true(proto_tls_conn_info(c)->client_hello.seen);
    proto_tls_conn_free(c);
    /* Within an encrypted record nothing is missed. */
    c = proto_tls_conn_new();
    proto_tls_conn_feed(c, CLIENT, 0, bytes_make(f.b, pieces[0].n));
    proto_tls_conn_feed(c, SERVER, 0, bytes_make(f.b + pieces[1].from, pieces[1].n));
    proto_tls_conn_feed(c, CLIENT, 0, bytes_make(f.b + pieces[2].from, pieces[2].n - 6));
    assert_int_equal(proto_tls_conn_gap(c, CLIENT, 6), PROTO_TLS_MORE);
    assert_int_equal(
        proto_tls_conn_feed(c, SERVER, 0, bytes_make(f.b + pieces[3].from, pieces[3].n)),
        PROTO_TLS_DONE);
    assert_true(proto_tls_conn_info(c)->established);
    proto_tls_conn_free(c);
}

static void endless_messages_are_given_up(void **state)
{
    (void)state;
    struct proto_tls_conn *c = proto_tls_conn_new();
    begin();
    put_hex(&f, "16 0303 4000 0b 01ffff"); /* a message of 128 KiB less a byte */
    put_zeros(&f, 0x4000 - 4);
    enum proto_tls_state s = proto_tls_conn_feed(c, SERVER, 0, bytes_make(f.b, f.n));
    assert_int_equal(s, PROTO_TLS_MORE);
    proto_tls_conn_free(c);
    c = proto_tls_conn_new();
    f.b[6] = 0x02;
    s = proto_tls_conn_feed(c, SERVER, 0, bytes_make(f.b, f.n));
    assert_int_equal(s, PROTO_TLS_NOT);
    proto_tls_conn_free(c);

    /* One long message in records of one byte. */
    c = proto_tls_conn_new();
    f.n = 0;
    put_hex(&f, "16 0303 0004 0b 01ffff");
    proto_tls_conn_feed(c, SERVER, 0, bytes_make(f.b, f.n));
    f.n = 0;
    put_hex(&f, "16 0303 0001 00");
    for (int i = 0; i < 100000; i++)
        s = proto_tls_conn_feed(c, SERVER, 0, bytes_make(f.b, f.n));
    assert_int_equal(s, PROTO_TLS_MORE);
    proto_tls_conn_free(c);

    /* Messages without end: each is fine by itself. */
    begin();
    put_client_hello("");
    c = run(1000);
    f.n = 0;
    put_hex(&f, "16 0303 0004 00 000000");
    for (int i = 0; i < 100000; i++)
        proto_tls_conn_feed(c, SERVER, 0, bytes_make(f.b, f.n));
    assert_true(proto_tls_conn_bytes(c) < 20000);
    proto_tls_conn_free(c);
    proto_tls_conn_free(NULL);
}

static void random_changes_do_no_harm(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 14);
    unsigned done = 0;
    for (int round = 0; round < 2000; round++) {
        put_full_handshake();
        for (uint64_t i = rng_below(&rng, 5); i > 0; i--)
            f.b[rng_below(&rng, f.n)] = (uint8_t)rng_u64(&rng);
        struct proto_tls_conn *c = run(1 + rng_below(&rng, 300));
        done += proto_tls_conn_info(c)->established;
        proto_tls_conn_free(c);
    }
    assert_true(done > 300 && done < 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_handshake_however_it_is_cut),
        cmocka_unit_test(a_session_taken_up_again),
        cmocka_unit_test(the_newest_version_hides_the_rest),
        cmocka_unit_test(alerts_in_clear),
        cmocka_unit_test(what_is_not_tls),
        cmocka_unit_test(a_server_that_speaks_something_else),
        cmocka_unit_test(gaps),
        cmocka_unit_test(endless_messages_are_given_up),
        cmocka_unit_test(random_changes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
