/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/flow_priv.h"

#include "decode/packet.h"
#include "event/event.h"

#include <stdio.h>
#include <string.h>

#define TEXT(e, field, text) event_set_str_view(e, field, text, sizeof(text) - 1)

static int64_t clamp(uint64_t v)
{
    return v <= INT64_MAX ? (int64_t)v : INT64_MAX;
}

static void set_mac(struct event *e, event_field f, const uint8_t mac[6])
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

static void set_number_text(struct event *e, event_field f, unsigned v)
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
    event_set_ip(e, EVENT_F_SOURCE_IP, source);
    event_set_ip(e, EVENT_F_DESTINATION_IP, destination);
    if (f->key.kind == FLOW_KEY_PORTS) {
        event_set_i64(e, EVENT_F_SOURCE_PORT, f->key.port[s]);
        event_set_i64(e, EVENT_F_DESTINATION_PORT, f->key.port[!s]);
    }
    if (f->has_mac & 1U << s)
        set_mac(e, EVENT_F_SOURCE_MAC, f->mac[s]);
    if (f->has_mac & 1U << !s)
        set_mac(e, EVENT_F_DESTINATION_MAC, f->mac[!s]);
    event_add_ip(e, EVENT_F_RELATED_IP, source);
    if (!ip_equal(source, destination))
        event_add_ip(e, EVENT_F_RELATED_IP, destination);
    if (f->vlan_n > 0) {
        set_number_text(e, EVENT_F_NETWORK_VLAN_ID, f->vlan[0]);
        set_number_text(e, EVENT_F_FLOW_VLAN, f->vlan[0]);
    }
    if (f->vlan_n > 1)
        set_number_text(e, EVENT_F_NETWORK_INNER_VLAN_ID, f->vlan[1]);
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
        set_number_text(e, EVENT_F_NETWORK_IANA_NUMBER, f->key.proto);
    }
    if (f->protocol != NULL)
        event_set_str_view(e, EVENT_F_NETWORK_PROTOCOL, f->protocol, strlen(f->protocol));
    unsigned s = f->began;
    if (f->key.kind >= FLOW_KEY_ICMP_QUERY) {
        event_set_i64(e, EVENT_F_ICMP_VERSION, f->key.proto == DECODE_PROTO_ICMP ? 4 : 6);
        if (f->heard & 1U << s) {
            event_set_i64(e, EVENT_F_ICMP_REQUEST_TYPE, f->icmp_type[s]);
            event_set_i64(e, EVENT_F_ICMP_REQUEST_CODE, f->icmp_code[s]);
        }
        if (f->heard & 1U << !s) {
            event_set_i64(e, EVENT_F_ICMP_RESPONSE_TYPE, f->icmp_type[!s]);
            event_set_i64(e, EVENT_F_ICMP_RESPONSE_CODE, f->icmp_code[!s]);
        }
    }
    const char *state = flow_tcp_state_name(f->state);
    if (state != NULL) {
        event_set_str_view(e, EVENT_F_WEIR_FLOW_TCP_STATE, state, strlen(state));
        event_set_i64(e, EVENT_F_WEIR_FLOW_TCP_SOURCE_FLAGS, f->tcp_flags[s]);
        event_set_i64(e, EVENT_F_WEIR_FLOW_TCP_DESTINATION_FLAGS, f->tcp_flags[!s]);
    }
}

static void describe_counts(struct event *e, const struct flow *f)
{
    unsigned s = f->began;
    event_set_i64(e, EVENT_F_SOURCE_BYTES, clamp(f->bytes[s]));
    event_set_i64(e, EVENT_F_SOURCE_PACKETS, clamp(f->packets[s]));
    event_set_i64(e, EVENT_F_DESTINATION_BYTES, clamp(f->bytes[!s]));
    event_set_i64(e, EVENT_F_DESTINATION_PACKETS, clamp(f->packets[!s]));
    event_set_i64(e, EVENT_F_NETWORK_BYTES, clamp(f->bytes[0] + f->bytes[1]));
    event_set_i64(e, EVENT_F_NETWORK_PACKETS, clamp(f->packets[0] + f->packets[1]));
    event_set_i64(e, EVENT_F_WEIR_FLOW_SOURCE_PAYLOAD_BYTES, clamp(f->payload[s]));
    event_set_i64(e, EVENT_F_WEIR_FLOW_DESTINATION_PAYLOAD_BYTES, clamp(f->payload[!s]));
    event_set_i64(e, EVENT_F_WEIR_FLOW_SOURCE_BYTES_TOTAL, clamp(f->total_bytes[s] + f->bytes[s]));
    event_set_i64(e, EVENT_F_WEIR_FLOW_SOURCE_PACKETS_TOTAL,
                  clamp(f->total_packets[s] + f->packets[s]));
    event_set_i64(e, EVENT_F_WEIR_FLOW_DESTINATION_BYTES_TOTAL,
                  clamp(f->total_bytes[!s] + f->bytes[!s]));
    event_set_i64(e, EVENT_F_WEIR_FLOW_DESTINATION_PACKETS_TOTAL,
                  clamp(f->total_packets[!s] + f->packets[!s]));
    event_set_i64(e, EVENT_F_WEIR_FLOW_REPORTS, (int64_t)f->reports + 1);
    if (f->duplicates > 0)
        event_set_i64(e, EVENT_F_WEIR_FLOW_DUPLICATE_PACKETS, f->duplicates);
}

void flow_report_give(struct flow_table *t, struct flow *f, ts_ns time, bool final,
                      enum flow_end why)
{
    struct event e;
    event_init(&e, &t->arena, time);
    flow_observer_stamp(&t->settings.observer, "network_traffic.flow", &e);
    TEXT(&e, EVENT_F_TYPE, "flow");
    TEXT(&e, EVENT_F_EVENT_CATEGORY, "network");
    TEXT(&e, EVENT_F_EVENT_ACTION, "network_flow");
    TEXT(&e, EVENT_F_EVENT_TYPE, "connection");
    if (f->reports == 0)
        event_add_str(&e, EVENT_F_EVENT_TYPE, "start", 5);
    if (final)
        event_add_str(&e, EVENT_F_EVENT_TYPE, "end", 3);
    event_set_time(&e, EVENT_F_EVENT_START, f->start);
    event_set_time(&e, EVENT_F_EVENT_END, f->last);
    int64_t duration;
    if (!__builtin_sub_overflow(f->last, f->start, &duration))
        event_set_i64(&e, EVENT_F_EVENT_DURATION, duration);
    char id[FLOW_ENDS_ID_SIZE];
    flow_ends_id(f, id);
    event_set_str(&e, EVENT_F_FLOW_ID, id, FLOW_ENDS_ID_SIZE - 1);
    event_set_bool(&e, EVENT_F_FLOW_FINAL, final);
    describe_ends(&e, f);
    describe_network(&e, f);
    describe_counts(&e, f);
    const char *origin = origin_name(f->origin);
    event_set_str_view(&e, EVENT_F_WEIR_FLOW_INITIATOR, origin, strlen(origin));
    if (final) {
        const char *reason = flow_end_name(why);
        event_set_str_view(&e, EVENT_F_WEIR_FLOW_END_REASON, reason, strlen(reason));
    }
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
