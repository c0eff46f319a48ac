/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/ends.h"

#include "flow/flow_priv.h"
#include "flow_packets.h"

#include "cmocka_head.h"

static struct flow flow_of(const char *a, uint16_t pa, const char *b, uint16_t pb, ts_ns start)
{
    struct flow f = {.start = start};
    struct decode_packet p = packet_udp(start, a, pa, b, pb, "", 0);
    f.began = (uint8_t)flow_key_make(&p, &f.key);
    return f;
}

static void ids_name_flows(void **state)
{
    (void)state;
    char id[5][FLOW_ENDS_ID_SIZE];
    struct flow f[5] = {
        flow_of("10.0.0.1", 1, "10.0.0.2", 2, T0),     flow_of("10.0.0.2", 2, "10.0.0.1", 1, T0),
        flow_of("10.0.0.1", 1, "10.0.0.2", 2, T0 + 1), flow_of("10.0.0.1", 1, "10.0.0.2", 3, T0),
        flow_of("10.0.0.1", 1, "10.0.0.2", 2, T0),
    };
    f[4].generation = 1;
    for (int i = 0; i < 5; i++) {
        f[i].name = flow_ends_name(&f[i]);
        flow_ends_id(&f[i], id[i]);
    }
    assert_string_equal(id[0], id[1]); /* whoever is taken for the source */
    assert_string_not_equal(id[0], id[2]);
    assert_string_not_equal(id[0], id[3]);
    assert_string_not_equal(id[0], id[4]);
    assert_string_equal(id[0], "bf9490c585624a46"); /* the same for ever */
}

static void ends_follow_who_began(void **state)
{
    (void)state;
    struct flow f = flow_of("10.0.0.9", 7, "10.0.0.2", 8, T0);
    struct flow_ends e;
    flow_ends_get(&f, &e);
    struct ip a = packet_ip("10.0.0.9");
    assert_true(ip_equal(&e.ip[FLOW_SOURCE], &a));
    assert_int_equal(e.port[FLOW_SOURCE], 7);
    f.began = !f.began;
    flow_ends_get(&f, &e);
    assert_true(ip_equal(&e.ip[FLOW_DESTINATION], &a));
    assert_int_equal(e.port[FLOW_DESTINATION], 7);
}

static void transports_have_names(void **state)
{
    (void)state;
    char buf[FLOW_ENDS_TRANSPORT_SIZE];
    assert_string_equal(flow_ends_transport(6, buf), "tcp");
    assert_string_equal(flow_ends_transport(58, buf), "ipv6-icmp");
    assert_string_equal(flow_ends_transport(255, buf), "ip-255");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_name_flows),
        cmocka_unit_test(ends_follow_who_began),
        cmocka_unit_test(transports_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
