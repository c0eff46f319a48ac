/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/tunnel.h"

#include "cmocka_head.h"
#include "sense/frames.h"

static struct frame f;

static enum decode_verdict read_tunnel(uint8_t proto, enum decode_net *net, size_t *left)
{
    struct bytes b = frame_copy(f.b, f.n);
    struct cursor c = cursor_of(b);
    struct decode_packet p = {.ts = 0};
    enum decode_verdict v = decode_tunnel_read(proto, &c, &p, net);
    *left = c.left;
    frame_drop(b);
    return v;
}

static void expect(uint8_t proto, const char *header, enum decode_net want)
{
    enum decode_net net;
    size_t left;
    f.n = 0;
    put_hex(&f, header);
    put8(&f, 0x45);
    put_zeros(&f, 19);
    assert_int_equal(read_tunnel(proto, &net, &left), DECODE_OK);
    assert_int_equal(net, want);
    assert_int_equal(left, 20);
}

static void expect_not(uint8_t proto, const char *header, enum decode_verdict want)
{
    enum decode_net net;
    size_t left;
    f.n = 0;
    put_hex(&f, header);
    assert_int_equal(read_tunnel(proto, &net, &left), want);
}

#define ETH "02000000000a 02000000000b 0800"

static void each_kind(void **state)
{
    (void)state;
    expect(4, "", DECODE_NET_IP4);
    expect(41, "", DECODE_NET_IP6);
    expect(47, "0000 0800", DECODE_NET_IP4);
    expect(47, "0000 86dd", DECODE_NET_IP6);
    expect(47, "b000 0800 00000000 00000001 00000002", DECODE_NET_IP4); /* sum, key, number */
    expect(47, "4000 0800 00000000 0800 00 04 01020304 0000 00 00", DECODE_NET_IP4); /* routes */
    expect(47, "0000 6558" ETH, DECODE_NET_IP4);
    expect(47, "3081 880b 00040000 00000001 00000002 ff03 0021", DECODE_NET_IP4); /* PPTP */
    expect(47, "1000 88be 00000001 0000000000000000" ETH, DECODE_NET_IP4);        /* ERSPAN II */
    expect(47, "0000 88be" ETH, DECODE_NET_IP4);                                  /* ERSPAN I */
    expect(47, "1000 22eb 00000001 0000000000000000 00000001 0000000000000000" ETH,
           DECODE_NET_IP4); /* ERSPAN III with a platform's header */
    expect(97, "3000" ETH, DECODE_NET_IP4);
    expect(137, "00000140", DECODE_NET_ANY);
}

static void what_is_no_ip_inside(void **state)
{
    (void)state;
    expect_not(47, "0000 0806", DECODE_NOT_IP);
    expect_not(47, "0002 0800", DECODE_NOT_IP); /* no such version */
    expect_not(47, "3001 880b", DECODE_LINK_SHORT);
    expect_not(47, "b000 0800 0000", DECODE_LINK_SHORT);
    expect_not(97, "30", DECODE_LINK_SHORT);
}

static void which_protocols(void **state)
{
    (void)state;
    unsigned n = 0;
    for (unsigned proto = 0; proto < 256; proto++)
        n += decode_tunnel_is((uint8_t)proto);
    assert_int_equal(n, 5);
    assert_true(decode_tunnel_is(47));
    assert_false(decode_tunnel_is(17));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind),
        cmocka_unit_test(what_is_no_ip_inside),
        cmocka_unit_test(which_protocols),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
