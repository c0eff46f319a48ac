/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/decoder.h"

#include "base/rng.h"

#include "cmocka_head.h"
#include "sense/frames.h"

struct seen {
    unsigned n;
    uint64_t packets;
    uint64_t wire_len;
    struct decode_packet last;
    uint8_t payload[70000];
};

static struct seen seen;
static struct frame f;

static void see(void *ctx, const struct decode_packet *p)
{
    struct seen *s = ctx;
    s->n++;
    s->packets += p->packets;
    s->wire_len += p->wire_len;
    s->last = *p;
    assert_true(p->payload.n <= p->payload_len);
    if (p->payload.n > 0)
        memcpy(s->payload, p->payload.p, p->payload.n);
}

static struct decode_decoder *make_decoder(const struct decode_settings *settings)
{
    struct decode_settings usual = decode_settings_default();
    struct decode_decoder *d;
    memset(&seen, 0, sizeof(seen));
    assert_int_equal(decode_decoder_new(settings != NULL ? settings : &usual, see, &seen, &d),
                     ERR_NONE);
    return d;
}

static enum decode_verdict feed_cut(struct decode_decoder *d, ts_ns ts, size_t n)
{
    struct bytes copy = frame_copy(f.b, n);
    struct decode_input in = {
        .ts = ts, .link = 1, .interface = 3, .wire_len = (uint32_t)f.n, .data = copy};
    enum decode_verdict v = decode_decoder_feed(d, &in);
    frame_drop(copy);
    return v;
}

static enum decode_verdict feed(struct decode_decoder *d, ts_ns ts)
{
    return feed_cut(d, ts, f.n);
}

static void a_whole_packet(void **state)
{
    (void)state;
    struct decode_decoder *d = make_decoder(NULL);
    f.n = 0;
    put_eth(&f, 0x8100);
    put16(&f, 42);
    put16(&f, 0x0800);
    put_ip4(&f, 17, 13, 1, 0);
    put_udp(&f, 5000, 53, 5);
    put_text(&f, "hello");
    assert_int_equal(feed(d, 77), DECODE_OK);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.last.ts, 77);
    assert_int_equal(seen.last.interface, 3);
    assert_int_equal(seen.last.wire_len, 14 + 4 + 20 + 13);
    assert_int_equal(seen.last.ip_len, 33);
    assert_int_equal(seen.last.vlan[0], 42);
    assert_int_equal(seen.last.dst_port, 53);
    assert_memory_equal(seen.payload, "hello", 5);
    assert_true(ip_equal(&seen.last.src, &seen.last.outer_src));
    const struct decode_counters *c = decode_decoder_counters(d);
    assert_int_equal(c->packets, 1);
    assert_int_equal(c->bytes, f.n);
    assert_int_equal(c->by_verdict[DECODE_OK], 1);
    decode_decoder_free(d);
}

static void a_cut_packet_keeps_what_was_sent(void **state)
{
    (void)state;
    struct decode_decoder *d = make_decoder(NULL);
    f.n = 0;
    put_eth(&f, 0x0800);
    put_ip4(&f, 6, 20 + 1000, 1, 0);
    put_tcp(&f, 1000, 80, 1, DECODE_TCP_ACK);
    put_zeros(&f, 1000);
    for (size_t n = 0; n < f.n; n++) {
        unsigned before = seen.n;
        enum decode_verdict v = feed_cut(d, 0, n);
        assert_int_equal(seen.n - before, v == DECODE_OK);
        assert_int_equal(v == DECODE_OK, n >= 14 + 20 + 4);
        if (v == DECODE_OK) {
            assert_true(seen.last.cut);
            assert_int_equal(seen.last.wire_len, f.n);
            assert_int_equal(seen.last.ip_len, 1040);
            assert_int_equal(seen.last.payload_len, 1000);
        }
    }
    decode_decoder_free(d);
}

static void put_fragment(unsigned id, unsigned fragment, const uint8_t *p, size_t n)
{
    f.n = 0;
    put_eth(&f, 0x0800);
    put_ip4(&f, 17, n, id, fragment);
    put_bytes(&f, p, n);
}

static void fragments_become_one_packet(void **state)
{
    (void)state;
    struct decode_decoder *d = make_decoder(NULL);
    static struct frame whole;
    whole.n = 0;
    put_udp(&whole, 4000, 4001, 3000);
    put_ramp(&whole, 0, 3000);
    put_fragment(9, 1480 / 8 | 0x2000, whole.b + 1480, 1480);
    assert_int_equal(feed(d, 1), DECODE_FRAGMENT_KEPT);
    put_fragment(9, 2960 / 8, whole.b + 2960, whole.n - 2960);
    assert_int_equal(feed(d, 2), DECODE_FRAGMENT_KEPT);
    assert_int_equal(seen.n, 0);
    put_fragment(9, 0x2000, whole.b, 1480);
    assert_int_equal(feed(d, 3), DECODE_OK);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.last.packets, 3);
    assert_int_equal(seen.last.wire_len, 3 * 34 + whole.n);
    assert_int_equal(seen.last.ip_len, 3 * 20 + whole.n);
    assert_int_equal(seen.last.src_port, 4000);
    assert_int_equal(seen.last.payload.n, 3000);
    assert_memory_equal(seen.payload, whole.b + 8, 3000);
    assert_int_equal(seen.last.ts, 3);
    decode_decoder_free(d);
}

static void v6_fragments_become_one_packet(void **state)
{
    (void)state;
    struct decode_decoder *d = make_decoder(NULL);
    static struct frame whole;
    whole.n = 0;
    put_hex(&whole, "06 00 0104 00000000"); /* destination options in front of TCP */
    put_tcp(&whole, 4000, 4001, 5, DECODE_TCP_ACK);
    put_ramp(&whole, 0, 100);
    for (unsigned part = 0; part < 2; part++) {
        size_t from = part * 64;
        size_t n = part == 0 ? 64 : whole.n - 64;
        f.n = 0;
        put_eth(&f, 0x86dd);
        put_ip6(&f, 44, 8 + n);
        put8(&f, 60);
        put8(&f, 0);
        put16(&f, (unsigned)(from | (part == 0)));
        put32(&f, 99);
        put_bytes(&f, whole.b + from, n);
        assert_int_equal(feed(d, part), part == 0 ? DECODE_FRAGMENT_KEPT : DECODE_OK);
    }
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.last.proto, DECODE_PROTO_TCP);
    assert_int_equal(seen.last.tcp.seq, 5);
    assert_int_equal(seen.last.payload.n, 100);
    assert_memory_equal(seen.payload, whole.b + 28, 100);
    decode_decoder_free(d);
}

static void lost_fragments_are_given_on_when_time_passes(void **state)
{
    (void)state;
    struct decode_decoder *d = make_decoder(NULL);
    static struct frame whole;
    whole.n = 0;
    put_udp(&whole, 4000, 4001, 3000);
    put_zeros(&whole, 3000);
    put_fragment(9, 0x2000, whole.b, 1480);
    feed(d, 0);
    decode_decoder_advance(d, 30 * TIME_S);
    assert_int_equal(seen.n, 0);
    decode_decoder_advance(d, 31 * TIME_S);
    assert_int_equal(seen.n, 1);
    assert_true(seen.last.incomplete);
    assert_int_equal(seen.last.dst_port, 4001);
    assert_int_equal(seen.last.wire_len, 1514);
    put_fragment(10, 0x2000, whole.b, 1480);
    feed(d, 40 * TIME_S);
    decode_decoder_flush(d);
    assert_int_equal(seen.n, 2);
    decode_decoder_free(d);
}

static void without_reassembly_each_fragment_counts(void **state)
{
    (void)state;
    struct decode_settings s = decode_settings_default();
    s.reassemble = false;
    struct decode_decoder *d = make_decoder(&s);
    static struct frame whole;
    whole.n = 0;
    put_udp(&whole, 4000, 4001, 3000);
    put_zeros(&whole, 3000);
    put_fragment(9, 0x2000, whole.b, 1480);
    assert_int_equal(feed(d, 0), DECODE_FRAGMENT_DROPPED);
    assert_true(seen.last.has_ports);
    put_fragment(9, 1480 / 8, whole.b, 1480);
    assert_int_equal(feed(d, 0), DECODE_FRAGMENT_DROPPED);
    assert_false(seen.last.has_ports);
    assert_int_equal(seen.n, 2);
    decode_decoder_free(d);
}

/* n IPv4 headers within each other around UDP. */
static void put_nested(unsigned n)
{
    f.n = 0;
    put_eth(&f, 0x0800);
    for (unsigned i = 0; i < n; i++)
        put_ip4(&f, 4, (n - i) * 20 + 8, 1, 0);
    put_ip4(&f, 17, 8, 1, 0);
    f.b[f.n - 1] = 9;
    put_udp(&f, 1, 2, 0);
}

static void tunnels_are_opened_to_a_depth(void **state)
{
    (void)state;
    struct decode_decoder *d = make_decoder(NULL);
    for (unsigned n = 0; n < 10; n++) {
        put_nested(n);
        assert_int_equal(feed(d, 0), DECODE_OK);
        assert_int_equal(seen.last.tunnels, n < 4 ? n : 4);
        assert_int_equal(seen.last.proto, n <= 4 ? 17 : 4);
        assert_int_equal(seen.last.outer_dst.b[15], n == 0 ? 9 : 2);
        if (n <= 4) {
            assert_int_equal(seen.last.dst.b[15], 9);
            assert_int_equal(seen.last.ip_len, 28);
            assert_int_equal(seen.last.wire_len, f.n);
        }
    }
    decode_decoder_free(d);

    struct decode_settings s = decode_settings_default();
    s.tunnels = false;
    d = make_decoder(&s);
    put_nested(1);
    assert_int_equal(feed(d, 0), DECODE_OK);
    assert_int_equal(seen.last.proto, 4);
    decode_decoder_free(d);
}

static void a_tunnel_with_nonsense_is_the_outer_packet(void **state)
{
    (void)state;
    struct decode_decoder *d = make_decoder(NULL);
    f.n = 0;
    put_eth(&f, 0x0800);
    put_ip4(&f, 47, 4 + 20, 1, 0);
    put_hex(&f, "0000 0800");
    put_zeros(&f, 20);
    assert_int_equal(feed(d, 0), DECODE_OK);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.last.proto, 47);
    assert_int_equal(seen.last.tunnels, 0);
    decode_decoder_free(d);
}

static void a_fragmented_tunnel_with_a_fragment_inside(void **state)
{
    (void)state;
    struct decode_decoder *d = make_decoder(NULL);
    static struct frame inner[2];
    static struct frame udp;
    udp.n = 0;
    put_udp(&udp, 7, 8, 56);
    put_ramp(&udp, 0, 56);
    for (unsigned i = 0; i < 2; i++) {
        inner[i].n = 0;
        put_ip4(&inner[i], 17, 32, 5, i == 0 ? 0x2000 : 32 / 8);
        put_bytes(&inner[i], udp.b + 32 * i, 32);
    }
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned part = 0; part < 2; part++) {
            f.n = 0;
            put_eth(&f, 0x0800);
            size_t n = part == 0 ? 24 : inner[i].n - 24;
            put_ip4(&f, 4, n, 100 + i, part == 0 ? 0x2000 : 24 / 8);
            put_bytes(&f, inner[i].b + 24 * part, n);
            enum decode_verdict v = feed(d, 0);
            assert_int_equal(v, i == 1 && part == 1 ? DECODE_OK : DECODE_FRAGMENT_KEPT);
        }
    }
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.last.packets, 4);
    assert_int_equal(seen.last.payload.n, 56);
    assert_memory_equal(seen.payload, udp.b + 8, 56);
    decode_decoder_free(d);
}

static void random_bytes_do_no_harm(void **state)
{
    (void)state;
    static const uint32_t links[] = {0, 1, 9, 12, 50, 51, 101, 104, 108, 113, 228, 229, 239, 276};
    struct decode_settings s = decode_settings_default();
    s.fragment_bytes = 128 * 1024;
    struct decode_decoder *d = make_decoder(&s);
    struct rng rng;
    rng_init(&rng, 3);
    for (unsigned round = 0; round < 100000; round++) {
        f.n = 0;
        put_eth(&f, rng_below(&rng, 2) ? 0x0800 : 0x86dd);
        size_t n = rng_below(&rng, 120);
        for (size_t i = 0; i < n; i++)
            put8(&f, (unsigned)rng_u64(&rng));
        if (f.n > 14)
            f.b[14] = rng_below(&rng, 2) ? 0x45 : 0x60;
        struct bytes copy = frame_copy(f.b, f.n);
        uint32_t link = links[rng_below(&rng, sizeof(links) / sizeof(links[0]))];
        struct decode_input in = {
            .ts = round * TIME_MS, .link = link, .wire_len = (uint32_t)f.n, .data = copy};
        enum decode_verdict v = decode_decoder_feed(d, &in);
        assert_true(v < DECODE_VERDICTS);
        frame_drop(copy);
    }
    decode_decoder_flush(d);
    const struct decode_counters *c = decode_decoder_counters(d);
    uint64_t sum = 0;
    for (int i = 0; i < DECODE_VERDICTS; i++)
        sum += c->by_verdict[i];
    assert_int_equal(sum, 100000);
    decode_decoder_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_packet),
        cmocka_unit_test(a_cut_packet_keeps_what_was_sent),
        cmocka_unit_test(fragments_become_one_packet),
        cmocka_unit_test(v6_fragments_become_one_packet),
        cmocka_unit_test(lost_fragments_are_given_on_when_time_passes),
        cmocka_unit_test(without_reassembly_each_fragment_counts),
        cmocka_unit_test(tunnels_are_opened_to_a_depth),
        cmocka_unit_test(a_tunnel_with_nonsense_is_the_outer_packet),
        cmocka_unit_test(a_fragmented_tunnel_with_a_fragment_inside),
        cmocka_unit_test(random_bytes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
