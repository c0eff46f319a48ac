/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dns.h"

#include "cmocka_head.h"
#include "sense/frames.h"

struct seen {
    unsigned n;
    size_t sizes[8];
    ts_ns last_ts;
};

static struct frame f;

static void see(void *ctx, ts_ns ts, struct bytes message)
{
    struct seen *s = ctx;
    assert_int_equal(message.p[1], s->n); /* the messages are numbered */
    s->sizes[s->n++] = message.n;
    s->last_ts = ts;
}

static void put_message(unsigned id, size_t padding)
{
    put16(&f, (unsigned)(17 + padding));
    put16(&f, id);
    put_hex(&f, "0100 0001 0000 0000 0000 00 0001 0001");
    put_zeros(&f, padding);
}

static void make_stream(void)
{
    f.n = 0;
    put_message(0, 0);
    put_message(1, 500);
    put_message(2, 3);
    put_message(3, 9);
}

static void any_pieces(void **state)
{
    (void)state;
    make_stream();
    for (size_t step = 1; step <= f.n; step++) {
        struct seen seen = {.n = 0};
        struct proto_dns_stream *s = proto_dns_stream_new(see, &seen);
        for (size_t at = 0; at < f.n; at += step) {
            size_t n = step < f.n - at ? step : f.n - at;
            struct bytes b = frame_copy(f.b + at, n);
            assert_true(proto_dns_stream_feed(s, (ts_ns)at, b));
            frame_drop(b);
        }
        assert_int_equal(seen.n, 4);
        assert_int_equal(seen.sizes[0], 17);
        assert_int_equal(seen.sizes[1], 517);
        assert_int_equal(seen.last_ts, (f.n - 1) / step * step);
        assert_true(proto_dns_stream_bytes(s) < 2000);
        proto_dns_stream_free(s);
    }
}

static void what_is_not_dns(void **state)
{
    (void)state;
    static const char *const texts[] = {"GET / HTTP/1.1\r\n\r\n", "SSH-2.0-x\r\n"};
    struct seen seen = {.n = 0};
    struct proto_dns_stream *s = proto_dns_stream_new(see, &seen);
    assert_false(proto_dns_stream_feed(s, 0, bytes_make("\0\5hello", 7)));
    assert_false(proto_dns_stream_feed(s, 0, bytes_make("x", 1)));
    proto_dns_stream_free(s);
    s = proto_dns_stream_new(see, &seen);
    uint8_t nonsense[102] = {0, 100, 0xff};
    memset(nonsense + 2, 0xff, 100);
    assert_false(proto_dns_stream_feed(s, 0, bytes_make(nonsense, sizeof(nonsense))));
    proto_dns_stream_free(s);
    for (size_t i = 0; i < 2; i++) { /* a long first message that does not come */
        s = proto_dns_stream_new(see, &seen);
        proto_dns_stream_feed(s, 0, bytes_make(texts[i], strlen(texts[i])));
        proto_dns_stream_free(s);
    }
    assert_int_equal(seen.n, 0);
}

static void a_gap_ends_it(void **state)
{
    (void)state;
    make_stream();
    struct seen seen = {.n = 0};
    struct proto_dns_stream *s = proto_dns_stream_new(see, &seen);
    assert_true(proto_dns_stream_feed(s, 0, bytes_make(f.b, 100)));
    assert_int_equal(seen.n, 1);
    proto_dns_stream_gap(s, 0);
    assert_true(proto_dns_stream_feed(s, 0, bytes_make(f.b + 100, 10)));
    proto_dns_stream_gap(s, 10);
    assert_false(proto_dns_stream_feed(s, 0, bytes_make(f.b + 120, 300)));
    assert_int_equal(seen.n, 1);
    proto_dns_stream_free(s);
    proto_dns_stream_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_pieces),
        cmocka_unit_test(what_is_not_dns),
        cmocka_unit_test(a_gap_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
