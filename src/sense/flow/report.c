/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/flow_priv.h"

#include "decode/packet.h"
#include "event/event.h"

#include <stdio.h>
#include <string.h>

#define TEXT(e, field, text) event_put(e, field, event_value_str(text, sizeof(text) - 1))

static void put_number(struct event *e, event_field f, uint64_t v)
{
    event_put(e, f, event_value_i64(v <= INT64_MAX ? (int64_t)v : INT64_MAX));
}

static void put_constant(struct event *e, event_field f, const char *s)
{
    event_put(e, f, event_value_str(s, strlen(s)));
}

static void put_time(struct event *e, event_field f, ts_ns t)
{
    event_put(e, f, (struct event_value){.type = EVENT_TIME, .t = t});
}

static void put_mac(struct event *e, event_field f, const uint8_t mac[6])
{
    static const char digits[] = "0123456789ABCDEF";
    char text[18];
    for (unsigned i = 0; i < 6; i++) {
        text[3 * i] = digits[mac[i] >> 4];
        text[3 * i + 1] = digits[mac[i] & 15];
        text[3 * i + 2] = '-';
    }
    event_set_str(e, f, text, 17);
}

static void put_number_text(struct event *e, event_field f, unsigned v)
{
    char text[12];
    int n = snprintf(text, sizeof(text), "%u", v);
    event_set_str(e, f, text, (size_t)n);
}

static const char *origin_name(uint8_t origin)
{
    switch ((enum flow_origin)origin) {
    case FLOW_ORIGIN_FIRST:
        break;
    case FLOW_ORIGIN_SYN:
        return "syn";
    case FLOW_ORIGIN_SYN_ACK:
        return "syn_ack";
    case FLOW_ORIGIN_REPLY:
        return "reply";
    case FLOW_ORIGIN_PORT:
        return "port";
    }
    return "first_packet";
}

static void describe_ends(struct event *e, const struct flow *f)
{
    unsigned s = f->began;
    const struct ip *source = &f->key.ip[s];
    const struct ip *destination = &f->key.ip[!s];
    event_put(e, EVENT_F_SOURCE_IP, event_value_ip(source));
    event_put(e, EVENT_F_DESTINATION_IP, event_value_ip(destination));
    if (f->key.kind == FLOW_KEY_PORTS) {
        put_number(e, EVENT_F_SOURCE_PORT, (uint64_t)f->key.port[s]);
        put_number(e, EVENT_F_DESTINATION_PORT, (uint64_t)f->key.port[!s]);
    }
    if (f->has_mac & 1U << s)
        put_mac(e, EVENT_F_SOURCE_MAC, f->mac[s]);
    if (f->has_mac & 1U << !s)
        put_mac(e, EVENT_F_DESTINATION_MAC, f->mac[!s]);
    bool two = !ip_equal(source, destination);
    struct event_value *related = event_put_list(e, EVENT_F_RELATED_IP, two ? 2 : 1);
    if (related != NULL) {
        related[0] = event_value_ip(source);
        if (two)
            related[1] = event_value_ip(destination);
    }
    if (f->vlan_n > 0) {
        put_number_text(e, EVENT_F_NETWORK_VLAN_ID, f->vlan[0]);
        put_number_text(e, EVENT_F_FLOW_VLAN, f->vlan[0]);
    }
    if (f->vlan_n > 1)
        put_number_text(e, EVENT_F_NETWORK_INNER_VLAN_ID, f->vlan[1]);
}

static void describe_network(struct event *e, const struct flow *f)
{
    char buf[FLOW_ENDS_TRANSPORT_SIZE];
    if (f->ip_version == 4)
        TEXT(e, EVENT_F_NETWORK_TYPE, "ipv4");
    else
        TEXT(e, EVENT_F_NETWORK_TYPE, "ipv6");
    if (f->key.proto == DECODE_PROTO_TCP) {
        TEXT(e, EVENT_F_NETWORK_TRANSPORT, "tcp");
        TEXT(e, EVENT_F_NETWORK_IANA_NUMBER, "6");
    } else if (f->key.proto == DECODE_PROTO_UDP) {
        TEXT(e, EVENT_F_NETWORK_TRANSPORT, "udp");
        TEXT(e, EVENT_F_NETWORK_IANA_NUMBER, "17");
    } else {
        event_set_text(e, EVENT_F_NETWORK_TRANSPORT, flow_ends_transport(f->key.proto, buf));
        put_number_text(e, EVENT_F_NETWORK_IANA_NUMBER, f->key.proto);
    }
    if (f->protocol != NULL)
        put_constant(e, EVENT_F_NETWORK_PROTOCOL, f->protocol);
    unsigned s = f->began;
    if (f->key.kind >= FLOW_KEY_ICMP_QUERY) {
        put_number(e, EVENT_F_ICMP_VERSION, (uint64_t)f->key.proto == DECODE_PROTO_ICMP ? 4 : 6);
        if (f->heard & 1U << s) {
            put_number(e, EVENT_F_ICMP_REQUEST_TYPE, (uint64_t)f->icmp_type[s]);
            put_number(e, EVENT_F_ICMP_REQUEST_CODE, (uint64_t)f->icmp_code[s]);
        }
        if (f->heard & 1U << !s) {
            put_number(e, EVENT_F_ICMP_RESPONSE_TYPE, (uint64_t)f->icmp_type[!s]);
            put_number(e, EVENT_F_ICMP_RESPONSE_CODE, (uint64_t)f->icmp_code[!s]);
        }
    }
    const char *state = flow_tcp_state_name(f->state);
    if (state != NULL) {
        put_constant(e, EVENT_F_WEIR_FLOW_TCP_STATE, state);
        put_number(e, EVENT_F_WEIR_FLOW_TCP_SOURCE_FLAGS, (uint64_t)f->tcp_flags[s]);
        put_number(e, EVENT_F_WEIR_FLOW_TCP_DESTINATION_FLAGS, (uint64_t)f->tcp_flags[!s]);
    }
}

static void describe_counts(struct event *e, const struct flow *f)
{
    unsigned s = f->began;
    put_number(e, EVENT_F_SOURCE_BYTES, f->bytes[s]);
    put_number(e, EVENT_F_SOURCE_PACKETS, f->packets[s]);
    put_number(e, EVENT_F_DESTINATION_BYTES, f->bytes[!s]);
    put_number(e, EVENT_F_DESTINATION_PACKETS, f->packets[!s]);
    put_number(e, EVENT_F_NETWORK_BYTES, f->bytes[0] + f->bytes[1]);
    put_number(e, EVENT_F_NETWORK_PACKETS, f->packets[0] + f->packets[1]);
    put_number(e, EVENT_F_WEIR_FLOW_SOURCE_PAYLOAD_BYTES, f->payload[s]);
    put_number(e, EVENT_F_WEIR_FLOW_DESTINATION_PAYLOAD_BYTES, f->payload[!s]);
    put_number(e, EVENT_F_WEIR_FLOW_SOURCE_BYTES_TOTAL, f->total_bytes[s] + f->bytes[s]);
    put_number(e, EVENT_F_WEIR_FLOW_SOURCE_PACKETS_TOTAL, f->total_packets[s] + f->packets[s]);
    put_number(e, EVENT_F_WEIR_FLOW_DESTINATION_BYTES_TOTAL, f->total_bytes[!s] + f->bytes[!s]);
    put_number(e, EVENT_F_WEIR_FLOW_DESTINATION_PACKETS_TOTAL,
               f->total_packets[!s] + f->packets[!s]);
    put_number(e, EVENT_F_WEIR_FLOW_REPORTS, (uint64_t)(int64_t)f->reports + 1);
    if (f->duplicates > 0)
        put_number(e, EVENT_F_WEIR_FLOW_DUPLICATE_PACKETS, (uint64_t)f->duplicates);
}

void flow_report_prepare(struct flow_table *t)
{
    event_init(&t->pattern, &t->pattern_arena, 0);
    flow_observer_stamp(&t->settings.observer, "network_traffic.flow", &t->pattern);
    TEXT(&t->pattern, EVENT_F_TYPE, "flow");
    TEXT(&t->pattern, EVENT_F_EVENT_CATEGORY, "network");
    TEXT(&t->pattern, EVENT_F_EVENT_ACTION, "network_flow");
}

void flow_report_give(struct flow_table *t, struct flow *f, ts_ns time, bool final,
                      enum flow_end why)
{
    struct event e;
    event_init_like(&e, &t->arena, time, &t->pattern);
    struct event_value *type =
        event_put_list(&e, EVENT_F_EVENT_TYPE, 1 + (f->reports == 0) + (uint32_t) final);
    if (type != NULL) {
        *type++ = event_value_str("connection", 10);
        if (f->reports == 0)
            *type++ = event_value_str("start", 5);
        if (final)
            *type = event_value_str("end", 3);
    }
    put_time(&e, EVENT_F_EVENT_START, f->start);
    put_time(&e, EVENT_F_EVENT_END, f->last);
    int64_t duration;
    if (!__builtin_sub_overflow(f->last, f->start, &duration))
        event_put(&e, EVENT_F_EVENT_DURATION, event_value_i64(duration));
    char id[FLOW_ENDS_ID_SIZE];
    flow_ends_id(f, id);
    event_put(&e, EVENT_F_FLOW_ID, event_value_str(id, FLOW_ENDS_ID_SIZE - 1));
    event_put(&e, EVENT_F_FLOW_FINAL, (struct event_value){.type = EVENT_BOOL, .b = final});
    describe_ends(&e, f);
    describe_network(&e, f);
    describe_counts(&e, f);
    put_constant(&e, EVENT_F_WEIR_FLOW_INITIATOR, origin_name(f->origin));
    if (final)
        put_constant(&e, EVENT_F_WEIR_FLOW_END_REASON, flow_end_name(why));
    if (e.failed) {
        t->counters.no_memory++;
    } else {
        t->counters.reports++;
        t->sink(t->sink_ctx, &e);
    }
    arena_clear(&t->arena);
    for (unsigned i = 0; i < 2; i++) {
        f->total_bytes[i] += f->bytes[i];
        f->total_packets[i] += f->packets[i];
        f->bytes[i] = 0;
        f->packets[i] = 0;
        f->payload[i] = 0;
    }
    f->reports++;
}
