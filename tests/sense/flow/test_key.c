/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/flow_priv.h"

#include "base/rng.h"
#include "flow_packets.h"

#include "cmocka_head.h"

static const struct hash_key seed = {5, 6};

/* Whoever speaks, the key is the same and the sides are told apart. */
static void both_directions_have_one_key(void **state)
{
    (void)state;
    static const char *hosts[] = {"10.0.0.1", "10.0.0.2", "2001:db8::1", "::1", "255.255.255.255"};
    struct rng r;
    rng_init(&r, 1);
    for (int i = 0; i < 5000; i++) {
        const char *a = hosts[rng_below(&r, 5)], *b = hosts[rng_below(&r, 5)];
        uint16_t pa = (uint16_t)rng_below(&r, 3), pb = (uint16_t)rng_below(&r, 3);
        struct decode_packet there = packet_udp(T0, a, pa, b, pb, "", 0);
        struct decode_packet back = packet_udp(T0, b, pb, a, pa, "", 0);
        struct flow_key x, y;
        memset(&x, 1, sizeof(x)); /* every byte must be written */
        memset(&y, 2, sizeof(y));
        unsigned sx = flow_key_make(&there, &x);
        unsigned sy = flow_key_make(&back, &y);
        assert_true(flow_key_equal(&x, &y));
        assert_int_equal(flow_key_hash(seed, &x), flow_key_hash(seed, &y));
        bool same_end = strcmp(a, b) == 0 && pa == pb;
        assert_int_equal(sx != sy, !same_end);
        assert_true(ip_equal(&x.ip[sx], &there.src));
        assert_int_equal(x.port[sx], pa);
    }
}

static void what_differs_has_another_key(void **state)
{
    (void)state;
    struct decode_packet p[] = {
        packet_udp(T0, "10.0.0.1", 1, "10.0.0.2", 2, "", 0),
        packet_udp(T0, "10.0.0.1", 2, "10.0.0.2", 1, "", 0),
        packet_udp(T0, "10.0.0.1", 1, "10.0.0.3", 2, "", 0),
        packet_tcp(T0, "10.0.0.1", 1, "10.0.0.2", 2, 0, 0, 0, ""),
        packet_make(T0, 47, "10.0.0.1", 0, "10.0.0.2", 0, "", 0),
        packet_icmp(T0, "10.0.0.1", "10.0.0.2", 8, 0, 1, 0),
        packet_icmp(T0, "10.0.0.1", "10.0.0.2", 8, 0, 2, 0),
        packet_icmp(T0, "10.0.0.1", "10.0.0.2", 13, 0, 1, 0),
        packet_icmp(T0, "10.0.0.1", "10.0.0.2", 3, 1, 0, 0),
        packet_icmp(T0, "10.0.0.1", "10.0.0.2", 3, 3, 0, 0),
    };
    const size_t n = sizeof(p) / sizeof(p[0]);
    struct flow_key k[sizeof(p) / sizeof(p[0])];
    for (size_t i = 0; i < n; i++)
        flow_key_make(&p[i], &k[i]);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            assert_int_equal(flow_key_equal(&k[i], &k[j]), i == j);
}

static void queries_and_replies_are_paired(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        uint8_t request, reply;
    } pairs[] = {
        {"10.0.0.1", "10.0.0.2", 8, 0},
        {"10.0.0.1", "10.0.0.2", 13, 14},
        {"2001:db8::1", "2001:db8::2", 128, 129},
        {"2001:db8::1", "2001:db8::2", 135, 136},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct decode_packet ask =
            packet_icmp(T0, pairs[i].a, pairs[i].b, pairs[i].request, 0, 9, 1);
        struct decode_packet say = packet_icmp(T0, pairs[i].b, pairs[i].a, pairs[i].reply, 0, 9, 1);
        struct flow_key x, y;
        flow_key_make(&ask, &x);
        flow_key_make(&say, &y);
        assert_true(flow_key_equal(&x, &y));
        uint8_t request;
        assert_int_equal(flow_key_icmp_pair(ask.proto, pairs[i].request, &request), 1);
        assert_int_equal(flow_key_icmp_pair(ask.proto, pairs[i].reply, &request), 2);
        assert_int_equal(request, pairs[i].request);
    }
    uint8_t none;
    assert_int_equal(flow_key_icmp_pair(DECODE_PROTO_ICMP, 3, &none), 0);
    assert_int_equal(flow_key_icmp_pair(DECODE_PROTO_ICMP6, 8, &none), 0);
}

static void fragments_without_ports_stand_apart(void **state)
{
    (void)state;
    struct decode_packet p = packet_udp(T0, "10.0.0.1", 0, "10.0.0.2", 0, "", 0);
    struct flow_key x, y;
    flow_key_make(&p, &x);
    p.has_ports = false;
    p.incomplete = true;
    flow_key_make(&p, &y);
    assert_false(flow_key_equal(&x, &y));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_directions_have_one_key),
        cmocka_unit_test(what_differs_has_another_key),
        cmocka_unit_test(queries_and_replies_are_paired),
        cmocka_unit_test(fragments_without_ports_stand_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
