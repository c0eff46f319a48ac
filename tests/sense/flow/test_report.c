/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/table.h"

#include "flow_packets.h"

#include "cmocka_head.h"

static struct flow_table *make(struct kept *k)
{
    struct flow_table_settings s = flow_table_settings_default();
    s.observer = (struct flow_observer){.host_name = "probe", .agent_id = "a", .agent_name = "n"};
    struct flow_table *t;
    assert_int_equal(flow_table_new(&s, kept_add, k, NULL, &t), ERR_NONE);
    return t;
}

static void every_field_of_a_tcp_flow(void **state)
{
    (void)state;
    struct kept *k = kept_new();
    struct flow_table *t = make(k);
    struct decode_packet p =
        packet_tcp(T0, "10.0.0.1", 40000, "192.0.2.7", 443, DECODE_TCP_SYN, 1, 0, "");
    p.has_mac = true;
    memcpy(p.mac_src, "\x02\x00\x5e\x10\x00\xff", 6);
    memcpy(p.mac_dst, "\x02\x00\x5e\x10\x00\xfe", 6);
    p.vlan_n = 2;
    p.vlan[0] = 100;
    p.vlan[1] = 7;
    flow_table_packet(t, &p);
    p = packet_tcp(T0 + TIME_MS, "192.0.2.7", 443, "10.0.0.1", 40000,
                   DECODE_TCP_SYN | DECODE_TCP_ACK, 1, 2, "");
    flow_table_packet(t, &p);
    flow_table_flush(t);
    const struct {
        event_field field;
        const char *value;
    } wanted[] = {
        {EVENT_F_EVENT_KIND, "event"},
        {EVENT_F_EVENT_CATEGORY, "network"},
        {EVENT_F_EVENT_ACTION, "network_flow"},
        {EVENT_F_EVENT_TYPE, "connection"},
        {EVENT_F_EVENT_DATASET, "network_traffic.flow"},
        {EVENT_F_DATA_STREAM_DATASET, "network_traffic.flow"},
        {EVENT_F_DATA_STREAM_TYPE, "logs"},
        {EVENT_F_TYPE, "flow"},
        {EVENT_F_AGENT_TYPE, "packetbeat"},
        {EVENT_F_HOST_NAME, "probe"},
        {EVENT_F_SOURCE_IP, "10.0.0.1"},
        {EVENT_F_SOURCE_PORT, "40000"},
        {EVENT_F_SOURCE_MAC, "02-00-5E-10-00-FF"},
        {EVENT_F_DESTINATION_MAC, "02-00-5E-10-00-FE"},
        {EVENT_F_DESTINATION_IP, "192.0.2.7"},
        {EVENT_F_RELATED_IP, "10.0.0.1"},
        {EVENT_F_RELATED_IP, "192.0.2.7"},
        {EVENT_F_NETWORK_TYPE, "ipv4"},
        {EVENT_F_NETWORK_TRANSPORT, "tcp"},
        {EVENT_F_NETWORK_IANA_NUMBER, "6"},
        {EVENT_F_NETWORK_VLAN_ID, "100"},
        {EVENT_F_NETWORK_INNER_VLAN_ID, "7"},
        {EVENT_F_NETWORK_PACKETS, "2"},
        {EVENT_F_WEIR_FLOW_TCP_STATE, "syn_ack"},
        {EVENT_F_WEIR_FLOW_TCP_SOURCE_FLAGS, "2"},
        {EVENT_F_WEIR_FLOW_TCP_DESTINATION_FLAGS, "18"},
        {EVENT_F_WEIR_FLOW_END_REASON, "flushed"},
    };
    assert_int_equal(k->n, 1);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (!kept_has(&k->events[0], wanted[i].field, wanted[i].value))
            fail_msg("%s is not %s", event_field_def(wanted[i].field)->name, wanted[i].value);
    }
    flow_table_free(t);
    kept_free(k);
}

static void icmp_flows_tell_their_types(void **state)
{
    (void)state;
    struct kept *k = kept_new();
    struct flow_table *t = make(k);
    struct decode_packet p = packet_icmp(T0, "2001:db8::2", "2001:db8::1", 129, 0, 5, 1);
    flow_table_packet(t, &p); /* the reply was seen first */
    p = packet_icmp(T0 + 1, "2001:db8::1", "2001:db8::2", 128, 0, 5, 2);
    flow_table_packet(t, &p);
    flow_table_flush(t);
    assert_int_equal(k->n, 1);
    assert_true(kept_has(&k->events[0], EVENT_F_SOURCE_IP, "2001:db8::1"));
    assert_true(kept_has(&k->events[0], EVENT_F_NETWORK_TRANSPORT, "ipv6-icmp"));
    assert_int_equal(event_i64(&k->events[0], EVENT_F_ICMP_REQUEST_TYPE, -1), 128);
    assert_int_equal(event_i64(&k->events[0], EVENT_F_ICMP_RESPONSE_TYPE, -1), 129);
    assert_false(event_has(&k->events[0], EVENT_F_SOURCE_PORT));
    flow_table_free(t);
    kept_free(k);
}

static void other_protocols_are_named(void **state)
{
    (void)state;
    struct kept *k = kept_new();
    struct flow_table *t = make(k);
    struct decode_packet p = packet_make(T0, 89, "10.0.0.1", 0, "224.0.0.5", 0, "x", 1);
    flow_table_packet(t, &p);
    p = packet_make(T0, 200, "10.0.0.1", 0, "10.0.0.1", 0, "x", 1);
    flow_table_packet(t, &p);
    flow_table_flush(t);
    assert_int_equal(k->n, 2);
    size_t ospf = kept_has(&k->events[0], EVENT_F_NETWORK_TRANSPORT, "ospf") ? 0 : 1;
    assert_true(kept_has(&k->events[ospf], EVENT_F_NETWORK_IANA_NUMBER, "89"));
    assert_true(kept_has(&k->events[!ospf], EVENT_F_NETWORK_TRANSPORT, "ip-200"));
    assert_int_equal(kept_values(&k->events[!ospf], EVENT_F_RELATED_IP), 1);
    flow_table_free(t);
    kept_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_a_tcp_flow),
        cmocka_unit_test(icmp_flows_tell_their_types),
        cmocka_unit_test(other_protocols_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
