/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/transport.h"

#include "cmocka_head.h"
#include "sense/frames.h"

static struct frame f;
static struct decode_packet p;

static enum decode_verdict read_header(uint8_t proto, size_t n, uint64_t wire_n)
{
    struct bytes b = frame_copy(f.b, n);
    p = (struct decode_packet){.proto = proto};
    enum decode_verdict v = decode_transport_read(b, wire_n, &p);
    if (v == DECODE_OK)
        assert_true(p.payload.n <= p.payload_len);
    frame_drop(b);
    return v;
}

static void tcp_fields(void **state)
{
    (void)state;
    f.n = 0;
    put_tcp(&f, 50000, 443, 0xfffffff0, DECODE_TCP_PSH | DECODE_TCP_ACK);
    f.b[12] = 8 << 4;
    put_zeros(&f, 12);
    put_ramp(&f, 1, 5);
    assert_int_equal(read_header(DECODE_PROTO_TCP, f.n, f.n), DECODE_OK);
    assert_true(p.has_ports);
    assert_int_equal(p.src_port, 50000);
    assert_int_equal(p.dst_port, 443);
    assert_int_equal(p.tcp.seq, 0xfffffff0);
    assert_int_equal(p.tcp.ack, 0x01020304);
    assert_int_equal(p.tcp.flags, DECODE_TCP_PSH | DECODE_TCP_ACK);
    assert_int_equal(p.tcp.window, 8192);
    assert_int_equal(p.tcp.header_len, 32);
    assert_int_equal(p.payload.n, 5);
    assert_int_equal(p.payload_len, 5);
}

static void tcp_cut_by_the_capture_keeps_its_lengths(void **state)
{
    (void)state;
    f.n = 0;
    put_tcp(&f, 1, 2, 3, DECODE_TCP_ACK);
    put_zeros(&f, 100);
    for (size_t n = 0; n <= f.n; n++) {
        enum decode_verdict v = read_header(DECODE_PROTO_TCP, n, 1400);
        assert_int_equal(v, n < 4 ? DECODE_TRANSPORT_SHORT : DECODE_OK);
        if (v == DECODE_OK) {
            assert_int_equal(p.payload_len, 1380);
            assert_int_equal(p.payload.n, n > 20 ? n - 20 : 0);
            assert_int_equal(p.src_port, 1);
        }
    }
}

static void tcp_nonsense(void **state)
{
    (void)state;
    f.n = 0;
    put_tcp(&f, 1, 2, 3, 0);
    f.b[12] = 4 << 4;
    assert_int_equal(read_header(DECODE_PROTO_TCP, 20, 20), DECODE_TRANSPORT_BAD);
    f.b[12] = 6 << 4;
    assert_int_equal(read_header(DECODE_PROTO_TCP, 20, 20), DECODE_TRANSPORT_BAD);
    assert_int_equal(read_header(DECODE_PROTO_TCP, 19, 19), DECODE_TRANSPORT_BAD);
}

static void udp_length_rules(void **state)
{
    (void)state;
    f.n = 0;
    put_udp(&f, 53, 1024, 10);
    put_zeros(&f, 20);
    assert_int_equal(read_header(DECODE_PROTO_UDP, f.n, f.n), DECODE_OK);
    assert_int_equal(p.payload_len, 10); /* the packet is padded */
    assert_int_equal(p.payload.n, 10);
    f.b[4] = f.b[5] = 0;
    assert_int_equal(read_header(DECODE_PROTO_UDP, f.n, f.n), DECODE_OK);
    assert_int_equal(p.payload_len, 20);
    f.b[5] = 7;
    assert_int_equal(read_header(DECODE_PROTO_UDP, f.n, f.n), DECODE_TRANSPORT_BAD);
    f.b[4] = 0xff;
    assert_int_equal(read_header(DECODE_PROTO_UDP, f.n, f.n), DECODE_OK);
    assert_int_equal(p.payload_len, 20);
    assert_int_equal(read_header(DECODE_PROTO_UDP, 7, 7), DECODE_TRANSPORT_BAD);
    assert_int_equal(read_header(DECODE_PROTO_UDP, 4, 300), DECODE_OK);
    assert_int_equal(p.payload_len, 292);
}

static void icmp_numbers(void **state)
{
    (void)state;
    f.n = 0;
    put_hex(&f, "0800 0000 1234 0005 aabb");
    assert_int_equal(read_header(DECODE_PROTO_ICMP, f.n, f.n), DECODE_OK);
    assert_int_equal(p.icmp.type, 8);
    assert_int_equal(p.icmp.id, 0x1234);
    assert_int_equal(p.icmp.seq, 5);
    assert_int_equal(p.payload.n, 2);
    assert_false(p.has_ports);
    f.b[0] = 3; /* unreachable: those bytes are no numbers */
    f.b[1] = 1;
    assert_int_equal(read_header(DECODE_PROTO_ICMP, f.n, f.n), DECODE_OK);
    assert_int_equal(p.icmp.code, 1);
    assert_int_equal(p.icmp.id, 0);
    f.b[0] = 129;
    assert_int_equal(read_header(DECODE_PROTO_ICMP6, f.n, f.n), DECODE_OK);
    assert_int_equal(p.icmp.id, 0x1234);
    assert_int_equal(read_header(DECODE_PROTO_ICMP6, 3, 3), DECODE_TRANSPORT_BAD);
    assert_int_equal(read_header(DECODE_PROTO_ICMP6, 1, 8), DECODE_TRANSPORT_SHORT);
}

static void other_protocols(void **state)
{
    (void)state;
    f.n = 0;
    put_hex(&f, "0050 0051 00000001 00000000 01020304");
    assert_int_equal(read_header(DECODE_PROTO_SCTP, f.n, f.n), DECODE_OK);
    assert_int_equal(p.dst_port, 0x51);
    assert_int_equal(p.payload.n, 4);
    f.b[4] = 4; /* DCCP: the header takes all */
    assert_int_equal(read_header(33, f.n, f.n), DECODE_OK);
    assert_int_equal(p.payload_len, 0);
    f.b[4] = 5;
    assert_int_equal(read_header(33, f.n, f.n), DECODE_TRANSPORT_BAD);
    assert_int_equal(read_header(50, f.n, f.n), DECODE_OK); /* ESP is all payload */
    assert_false(p.has_ports);
    assert_int_equal(p.payload.n, f.n);
    assert_int_equal(read_header(136, f.n, f.n), DECODE_OK); /* UDP-Lite */
    assert_int_equal(p.payload.n, f.n - 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_fields),   cmocka_unit_test(tcp_cut_by_the_capture_keeps_its_lengths),
        cmocka_unit_test(tcp_nonsense), cmocka_unit_test(udp_length_rules),
        cmocka_unit_test(icmp_numbers), cmocka_unit_test(other_protocols),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
