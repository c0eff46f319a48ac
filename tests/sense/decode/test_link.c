/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/link.h"

#include "cmocka_head.h"
#include "sense/frames.h"

static struct frame f;

/* Reads the frame, and after each cut of it too: a cut frame is never a success with less left. */
static enum decode_verdict read_link(uint32_t link, struct decode_packet *p, enum decode_net *net,
                                     size_t *left)
{
    struct cursor c = cursor_make(f.b, f.n);
    *p = (struct decode_packet){.ts = 0};
    *net = DECODE_NET_ANY;
    enum decode_verdict v = decode_link_read(link, &c, p, net);
    *left = c.left;
    for (size_t n = 0; n < f.n; n++) {
        struct bytes cut = frame_copy(f.b, n);
        struct cursor cc = cursor_of(cut);
        struct decode_packet cp = {.ts = 0};
        enum decode_net cnet;
        enum decode_verdict cv = decode_link_read(link, &cc, &cp, &cnet);
        if (v == DECODE_OK && f.n - n > *left)
            assert_true(cv == DECODE_LINK_SHORT || cv == DECODE_NOT_IP);
        frame_drop(cut);
    }
    return v;
}

static void expect(uint32_t link, enum decode_net want_net, size_t want_left,
                   struct decode_packet *p)
{
    enum decode_net net;
    size_t left;
    assert_int_equal(read_link(link, p, &net, &left), DECODE_OK);
    assert_int_equal(net, want_net);
    assert_int_equal(left, want_left);
}

static void expect_verdict(uint32_t link, enum decode_verdict want)
{
    struct decode_packet p;
    enum decode_net net;
    size_t left;
    assert_int_equal(read_link(link, &p, &net, &left), want);
}

static void ethernet_tells_addresses(void **state)
{
    (void)state;
    struct decode_packet p;
    f.n = 0;
    put_eth(&f, 0x0800);
    put_zeros(&f, 20);
    expect(1, DECODE_NET_IP4, 20, &p);
    assert_true(p.has_mac);
    assert_int_equal(p.mac_src[5], 0x0a);
    assert_int_equal(p.mac_dst[5], 0x0b);
    assert_int_equal(p.vlan_n, 0);
    f.n = 0;
    put_eth(&f, 0x86dd);
    put_zeros(&f, 40);
    expect(1, DECODE_NET_IP6, 40, &p);
}

static void tags_are_taken_off_outermost_first(void **state)
{
    (void)state;
    struct decode_packet p;
    f.n = 0;
    put_eth(&f, 0x88a8);
    put16(&f, 0x2064); /* priority 1, 100 */
    put16(&f, 0x8100);
    put16(&f, 0x0fff);
    put16(&f, 0x9100);
    put16(&f, 1);
    put16(&f, 0x8100);
    put16(&f, 2);
    put16(&f, 0x8100);
    put16(&f, 3);
    put16(&f, 0x0800);
    put_zeros(&f, 20);
    expect(1, DECODE_NET_IP4, 20, &p);
    assert_int_equal(p.vlan_n, 5);
    const uint16_t want[DECODE_VLANS] = {100, 4095, 1, 2};
    assert_memory_equal(p.vlan, want, sizeof(want));
}

static void endless_tags_are_nonsense(void **state)
{
    (void)state;
    f.n = 0;
    put_eth(&f, 0x8100);
    for (int i = 0; i < 100; i++) {
        put16(&f, 1);
        put16(&f, 0x8100);
    }
    expect_verdict(1, DECODE_LINK_BAD);
}

static void labels_are_taken_off(void **state)
{
    (void)state;
    struct decode_packet p;
    f.n = 0;
    put_eth(&f, 0x8847);
    put32(&f, 0x00010040);
    put32(&f, 0x00020140);
    put8(&f, 0x45);
    put_zeros(&f, 19);
    expect(1, DECODE_NET_ANY, 20, &p);

    f.n = 0; /* a pseudowire */
    put_eth(&f, 0x8847);
    put32(&f, 0x00020140);
    put32(&f, 0);
    put_eth(&f, 0x86dd);
    put_zeros(&f, 40);
    expect(1, DECODE_NET_IP6, 40, &p);

    f.n = 0; /* no bottom of the stack */
    put_eth(&f, 0x8847);
    for (int i = 0; i < 64; i++)
        put32(&f, 0x00010040);
    expect_verdict(1, DECODE_LINK_BAD);
}

static void ppp_over_ethernet(void **state)
{
    (void)state;
    struct decode_packet p;
    f.n = 0;
    put_eth(&f, 0x8864);
    put_hex(&f, "11 00 0007 0016 0021");
    put_zeros(&f, 20);
    expect(1, DECODE_NET_IP4, 20, &p);
    f.n = 0;
    put_eth(&f, 0x8864);
    put_hex(&f, "11 00 0007 0016 c021");
    put_zeros(&f, 20);
    expect_verdict(1, DECODE_NOT_IP); /* LCP */
    f.n = 0;
    put_eth(&f, 0x8863);
    put_zeros(&f, 20);
    expect_verdict(1, DECODE_NOT_IP); /* discovery */
    f.n = 0;
    put_hex(&f, "11 00 0007 002a 0057");
    put_zeros(&f, 40);
    expect(51, DECODE_NET_IP6, 40, &p);
}

static void ppp_with_and_without_address(void **state)
{
    (void)state;
    struct decode_packet p;
    f.n = 0;
    put_hex(&f, "ff03 0021");
    put_zeros(&f, 20);
    expect(9, DECODE_NET_IP4, 20, &p);
    expect(50, DECODE_NET_IP4, 20, &p);
    f.n = 0;
    put_hex(&f, "57"); /* compressed protocol number */
    put_zeros(&f, 40);
    expect(9, DECODE_NET_IP6, 40, &p);
    f.n = 0;
    put_hex(&f, "0f00 0800");
    put_zeros(&f, 20);
    expect(104, DECODE_NET_IP4, 20, &p);
    expect(50, DECODE_NET_IP4, 20, &p);
}

static void lengths_mean_llc(void **state)
{
    (void)state;
    struct decode_packet p;
    f.n = 0;
    put_eth(&f, 46);
    put_hex(&f, "aaaa03 000000 0800");
    put_zeros(&f, 20);
    expect(1, DECODE_NET_IP4, 20, &p);
    f.n = 0;
    put_eth(&f, 46);
    put_hex(&f, "aaaa03 00000c 2000"); /* Cisco's discovery */
    put_zeros(&f, 20);
    expect_verdict(1, DECODE_NOT_IP);
    f.n = 0;
    put_eth(&f, 46);
    put_hex(&f, "424203"); /* spanning tree */
    put_zeros(&f, 20);
    expect_verdict(1, DECODE_NOT_IP);
}

static void rarer_tags(void **state)
{
    (void)state;
    struct decode_packet p;
    f.n = 0; /* provider backbone bridging: another frame behind the tag */
    put_eth(&f, 0x88e7);
    put32(&f, 0x00000064);
    put_eth(&f, 0x0800);
    f.b[f.n - 3] = 0x0c;
    put_zeros(&f, 20);
    expect(1, DECODE_NET_IP4, 20, &p);
    assert_int_equal(p.mac_src[5], 0x0c); /* of the innermost frame */
    f.n = 0;
    put_eth(&f, 0x8926);
    put_hex(&f, "00000000 86dd");
    put_zeros(&f, 40);
    expect(1, DECODE_NET_IP6, 40, &p);
    f.n = 0;
    put_eth(&f, 0x8909);
    put_hex(&f, "0101 0001 0010 0800");
    put_zeros(&f, 20);
    expect(1, DECODE_NET_IP4, 20, &p);
    f.n = 0; /* IP in LLC without SNAP */
    put_eth(&f, 23);
    put_hex(&f, "060603");
    put_zeros(&f, 20);
    expect(1, DECODE_NET_IP4, 20, &p);
    f.n = 0; /* LLC in a cooked capture */
    put_hex(&f, "0000 0001 0006 020000000001 0000 0004 aaaa03 000000 0800");
    put_zeros(&f, 20);
    expect(113, DECODE_NET_IP4, 20, &p);
    f.n = 0; /* bridged Ethernet on the wire */
    put_eth(&f, 0x6558);
    put_eth(&f, 0x0800);
    put_zeros(&f, 20);
    expect(1, DECODE_NET_IP4, 20, &p);
    f.n = 0; /* IPX */
    put_hex(&f, "0000 0001 0006 020000000001 0000 0001");
    put_zeros(&f, 20);
    expect_verdict(113, DECODE_NOT_IP);
    f.n = 0; /* labels with something else below */
    put_eth(&f, 0x8848);
    put32(&f, 0x00020140);
    put8(&f, 0x90);
    expect_verdict(1, DECODE_NOT_IP);
    f.n = 0;
    put_hex(&f, "ff03 0281 00020140");
    put8(&f, 0x45);
    put_zeros(&f, 19);
    expect(9, DECODE_NET_ANY, 20, &p);
    f.n = 0;
    put_hex(&f, "63000000");
    put_zeros(&f, 20);
    expect_verdict(0, DECODE_NOT_IP);
    f.n = 0;
    put_eth(&f, 0x8864);
    put_hex(&f, "12 00 0007 0016 0021"); /* another version of PPPoE */
    put_zeros(&f, 20);
    expect_verdict(1, DECODE_LINK_BAD);
}

static void cooked_captures(void **state)
{
    (void)state;
    struct decode_packet p;
    f.n = 0;
    put_hex(&f, "0004 0001 0006 020000000001 0000 0800");
    put_zeros(&f, 20);
    expect(113, DECODE_NET_IP4, 20, &p);
    assert_true(p.has_mac);
    assert_int_equal(p.mac_src[5], 1);
    assert_int_equal(p.mac_dst[0], 0);
    f.n = 0;
    put_hex(&f, "86dd 0000 00000003 0001 00 06 020000000002 0000");
    put_zeros(&f, 40);
    expect(276, DECODE_NET_IP6, 40, &p);
    assert_int_equal(p.mac_src[5], 2);
    f.n = 0; /* a tag within */
    put_hex(&f, "0004 0001 0006 020000000001 0000 8100 0007 0800");
    put_zeros(&f, 20);
    expect(113, DECODE_NET_IP4, 20, &p);
    assert_int_equal(p.vlan_n, 1);
    assert_int_equal(p.vlan[0], 7);
}

static void loopback_in_both_byte_orders(void **state)
{
    (void)state;
    static const char *const six[] = {"0000001e", "1e000000", "0000001c", "18000000", "0a000000"};
    struct decode_packet p;
    f.n = 0;
    put_hex(&f, "02000000");
    put_zeros(&f, 20);
    expect(0, DECODE_NET_IP4, 20, &p);
    f.n = 0;
    put_hex(&f, "00000002");
    put_zeros(&f, 20);
    expect(108, DECODE_NET_IP4, 20, &p);
    for (size_t i = 0; i < sizeof(six) / sizeof(six[0]); i++) {
        f.n = 0;
        put_hex(&f, six[i]);
        put_zeros(&f, 40);
        expect(0, DECODE_NET_IP6, 40, &p);
    }
}

static void raw_ip_has_no_header(void **state)
{
    (void)state;
    static const uint32_t raw[] = {12, 14, 101};
    struct decode_packet p;
    f.n = 0;
    put8(&f, 0x45);
    put_zeros(&f, 19);
    for (size_t i = 0; i < 3; i++)
        expect(raw[i], DECODE_NET_ANY, 20, &p);
    expect(228, DECODE_NET_IP4, 20, &p);
    expect(229, DECODE_NET_IP6, 20, &p);
}

static void netfilter_log(void **state)
{
    (void)state;
    struct decode_packet p;
    f.n = 0;
    put_hex(&f, "02 00 0005 0800 0100 00000000 0500 0a00 78 000000 1800 0900");
    put_zeros(&f, 20);
    expect(239, DECODE_NET_IP4, 20, &p);
    f.n = 0;
    put_hex(&f, "02 00 0005 0000 0100");
    expect_verdict(239, DECODE_LINK_BAD);
}

static void other_things_are_not_ip(void **state)
{
    (void)state;
    f.n = 0;
    put_eth(&f, 0x0806);
    put_zeros(&f, 28);
    expect_verdict(1, DECODE_NOT_IP);
    expect_verdict(127, DECODE_LINK_UNKNOWN);
    f.n = 13;
    expect_verdict(1, DECODE_LINK_SHORT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ethernet_tells_addresses),
        cmocka_unit_test(tags_are_taken_off_outermost_first),
        cmocka_unit_test(endless_tags_are_nonsense),
        cmocka_unit_test(labels_are_taken_off),
        cmocka_unit_test(ppp_over_ethernet),
        cmocka_unit_test(ppp_with_and_without_address),
        cmocka_unit_test(lengths_mean_llc),
        cmocka_unit_test(rarer_tags),
        cmocka_unit_test(cooked_captures),
        cmocka_unit_test(loopback_in_both_byte_orders),
        cmocka_unit_test(raw_ip_has_no_header),
        cmocka_unit_test(netfilter_log),
        cmocka_unit_test(other_things_are_not_ip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
