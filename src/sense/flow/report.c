/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/flow_priv.h"

#include "decode/packet.h"
#include "event/event.h"

#include <stdio.h>
#include <string.h>

#define TEXT(e, field, text) event_put(e, field, event_value_str(text, sizeof(text) - 1))

static struct event_value number(uint64_t v)
{
    return event_value_i64(v <= INT64_MAX ? (int64_t)v : INT64_MAX);
}

static struct event_value constant(const char *s)
{
    return event_value_str(s, strlen(s));
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

static void describe_ends(struct event *e, const struct flow *f, uint32_t slot)
{
    unsigned s = f->began;
    struct event_value source = event_value_ip(&f->key.ip[s]);
    struct event_value destination = event_value_ip(&f->key.ip[!s]);
    event_fill(e, slot + FLOW_SLOT_SOURCE_IP, source);
    event_fill(e, slot + FLOW_SLOT_DESTINATION_IP, destination);
    if (f->key.kind == FLOW_KEY_PORTS) {
        event_put(e, EVENT_F_SOURCE_PORT, event_value_i64(f->key.port[s]));
        event_put(e, EVENT_F_DESTINATION_PORT, event_value_i64(f->key.port[!s]));
    }
    if (f->has_mac & 1U << s)
        put_mac(e, EVENT_F_SOURCE_MAC, f->mac[s]);
    if (f->has_mac & 1U << !s)
        put_mac(e, EVENT_F_DESTINATION_MAC, f->mac[!s]);
    bool two = !ip_equal(source.ip, destination.ip);
    struct event_value *related = event_put_list(e, EVENT_F_RELATED_IP, two ? 2 : 1);
    if (related != NULL) {
        related[0] = source;
        if (two)
            related[1] = destination;
    }
    if (f->vlan_n > 0) {
        put_number_text(e, EVENT_F_NETWORK_VLAN_ID, f->vlan[0]);
        put_number_text(e, EVENT_F_FLOW_VLAN, f->vlan[0]);
    }
    if (f->vlan_n > 1)
        put_number_text(e, EVENT_F_NETWORK_INNER_VLAN_ID, f->vlan[1]);
}

/* Copies a text into the event's arena. */
static struct event_value copied(struct event *e, const char *s, size_t n)
{
    const char *copy = arena_strndup(e->arena, s, n);
    if (copy == NULL)
        e->failed = true;
    return event_value_str(copy != NULL ? copy : "", copy != NULL ? n : 0);
}

static void describe_transport(struct event *e, const struct flow *f, uint32_t slot)
{
    struct event_value name, iana;
    if (f->key.proto == DECODE_PROTO_TCP) {
        name = event_value_str("tcp", 3);
        iana = event_value_str("6", 1);
    } else if (f->key.proto == DECODE_PROTO_UDP) {
        name = event_value_str("udp", 3);
        iana = event_value_str("17", 2);
    } else {
        char buf[FLOW_ENDS_TRANSPORT_SIZE], text[4];
        const char *known = flow_ends_transport(f->key.proto, buf);
        name = copied(e, known, strlen(known));
        int n = snprintf(text, sizeof(text), "%u", f->key.proto);
        iana = copied(e, text, (size_t)n);
    }
    event_fill(e, slot + FLOW_SLOT_TRANSPORT, name);
    event_fill(e, slot + FLOW_SLOT_IANA_NUMBER, iana);
    event_fill(e, slot + FLOW_SLOT_TYPE, event_value_str(f->ip_version == 4 ? "ipv4" : "ipv6", 4));
}

static void describe_network(struct event *e, const struct flow *f)
{
    if (f->protocol != NULL)
        event_put(e, EVENT_F_NETWORK_PROTOCOL, constant(f->protocol));
    unsigned s = f->began;
    if (f->key.kind >= FLOW_KEY_ICMP_QUERY) {
        bool v4 = f->key.proto == DECODE_PROTO_ICMP;
        event_put(e, EVENT_F_ICMP_VERSION, event_value_i64(v4 ? 4 : 6));
        if (f->heard & 1U << s) {
            event_put(e, EVENT_F_ICMP_REQUEST_TYPE, event_value_i64(f->icmp_type[s]));
            event_put(e, EVENT_F_ICMP_REQUEST_CODE, event_value_i64(f->icmp_code[s]));
        }
        if (f->heard & 1U << !s) {
            event_put(e, EVENT_F_ICMP_RESPONSE_TYPE, event_value_i64(f->icmp_type[!s]));
            event_put(e, EVENT_F_ICMP_RESPONSE_CODE, event_value_i64(f->icmp_code[!s]));
        }
    }
    const char *state = flow_tcp_state_name(f->state);
    if (state != NULL) {
        event_put(e, EVENT_F_WEIR_FLOW_TCP_STATE, constant(state));
        event_put(e, EVENT_F_WEIR_FLOW_TCP_SOURCE_FLAGS, event_value_i64(f->tcp_flags[s]));
        event_put(e, EVENT_F_WEIR_FLOW_TCP_DESTINATION_FLAGS, event_value_i64(f->tcp_flags[!s]));
    }
}

static void describe_counts(struct event *e, const struct flow *f, uint32_t slot)
{
    unsigned s = f->began;
    const uint64_t *bytes = f->bytes, *packets = f->packets, *payload = f->payload;
    const uint64_t *all_bytes = f->total_bytes, *all_packets = f->total_packets;
    event_fill(e, slot + FLOW_SLOT_SOURCE_BYTES, number(bytes[s]));
    event_fill(e, slot + FLOW_SLOT_SOURCE_PACKETS, number(packets[s]));
    event_fill(e, slot + FLOW_SLOT_DESTINATION_BYTES, number(bytes[!s]));
    event_fill(e, slot + FLOW_SLOT_DESTINATION_PACKETS, number(packets[!s]));
    event_fill(e, slot + FLOW_SLOT_BYTES, number(bytes[0] + bytes[1]));
    event_fill(e, slot + FLOW_SLOT_PACKETS, number(packets[0] + packets[1]));
    event_fill(e, slot + FLOW_SLOT_SOURCE_PAYLOAD, number(payload[s]));
    event_fill(e, slot + FLOW_SLOT_DESTINATION_PAYLOAD, number(payload[!s]));
    event_fill(e, slot + FLOW_SLOT_SOURCE_BYTES_TOTAL, number(all_bytes[s] + bytes[s]));
    event_fill(e, slot + FLOW_SLOT_SOURCE_PACKETS_TOTAL, number(all_packets[s] + packets[s]));
    event_fill(e, slot + FLOW_SLOT_DESTINATION_BYTES_TOTAL, number(all_bytes[!s] + bytes[!s]));
    event_fill(e, slot + FLOW_SLOT_DESTINATION_PACKETS_TOTAL,
               number(all_packets[!s] + packets[!s]));
    event_fill(e, slot + FLOW_SLOT_REPORTS, number((uint64_t)f->reports + 1));
    if (f->duplicates > 0)
        event_put(e, EVENT_F_WEIR_FLOW_DUPLICATE_PACKETS, number(f->duplicates));
}

void flow_report_prepare(struct flow_table *t)
{
    static const event_field fields[FLOW_SLOTS] = {
        [FLOW_SLOT_START] = EVENT_F_EVENT_START,
        [FLOW_SLOT_END] = EVENT_F_EVENT_END,
        [FLOW_SLOT_DURATION] = EVENT_F_EVENT_DURATION,
        [FLOW_SLOT_ID] = EVENT_F_FLOW_ID,
        [FLOW_SLOT_FINAL] = EVENT_F_FLOW_FINAL,
        [FLOW_SLOT_SOURCE_IP] = EVENT_F_SOURCE_IP,
        [FLOW_SLOT_DESTINATION_IP] = EVENT_F_DESTINATION_IP,
        [FLOW_SLOT_TYPE] = EVENT_F_NETWORK_TYPE,
        [FLOW_SLOT_TRANSPORT] = EVENT_F_NETWORK_TRANSPORT,
        [FLOW_SLOT_IANA_NUMBER] = EVENT_F_NETWORK_IANA_NUMBER,
        [FLOW_SLOT_INITIATOR] = EVENT_F_WEIR_FLOW_INITIATOR,
        [FLOW_SLOT_SOURCE_BYTES] = EVENT_F_SOURCE_BYTES,
        [FLOW_SLOT_SOURCE_PACKETS] = EVENT_F_SOURCE_PACKETS,
        [FLOW_SLOT_DESTINATION_BYTES] = EVENT_F_DESTINATION_BYTES,
        [FLOW_SLOT_DESTINATION_PACKETS] = EVENT_F_DESTINATION_PACKETS,
        [FLOW_SLOT_BYTES] = EVENT_F_NETWORK_BYTES,
        [FLOW_SLOT_PACKETS] = EVENT_F_NETWORK_PACKETS,
        [FLOW_SLOT_SOURCE_PAYLOAD] = EVENT_F_WEIR_FLOW_SOURCE_PAYLOAD_BYTES,
        [FLOW_SLOT_DESTINATION_PAYLOAD] = EVENT_F_WEIR_FLOW_DESTINATION_PAYLOAD_BYTES,
        [FLOW_SLOT_SOURCE_BYTES_TOTAL] = EVENT_F_WEIR_FLOW_SOURCE_BYTES_TOTAL,
        [FLOW_SLOT_SOURCE_PACKETS_TOTAL] = EVENT_F_WEIR_FLOW_SOURCE_PACKETS_TOTAL,
        [FLOW_SLOT_DESTINATION_BYTES_TOTAL] = EVENT_F_WEIR_FLOW_DESTINATION_BYTES_TOTAL,
        [FLOW_SLOT_DESTINATION_PACKETS_TOTAL] = EVENT_F_WEIR_FLOW_DESTINATION_PACKETS_TOTAL,
        [FLOW_SLOT_REPORTS] = EVENT_F_WEIR_FLOW_REPORTS,
    };
    event_init(&t->pattern, &t->pattern_arena, 0);
    flow_observer_stamp(&t->settings.observer, "network_traffic.flow", &t->pattern);
    TEXT(&t->pattern, EVENT_F_TYPE, "flow");
    TEXT(&t->pattern, EVENT_F_EVENT_CATEGORY, "network");
    TEXT(&t->pattern, EVENT_F_EVENT_ACTION, "network_flow");
    t->first_slot = t->pattern.n;
    for (unsigned i = 0; i < FLOW_SLOTS; i++)
        event_slot(&t->pattern, fields[i]);
}

void flow_report_give(struct flow_table *t, struct flow *f, ts_ns time, bool final,
                      enum flow_end why)
{
    struct event e;
    uint32_t slot = t->first_slot;
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
    event_fill(&e, slot + FLOW_SLOT_START, event_value_time(f->start));
    event_fill(&e, slot + FLOW_SLOT_END, event_value_time(f->last));
    int64_t duration;
    if (__builtin_sub_overflow(f->last, f->start, &duration))
        duration = INT64_MAX;
    event_fill(&e, slot + FLOW_SLOT_DURATION, event_value_i64(duration));
    char id[FLOW_ENDS_ID_SIZE];
    flow_ends_id(f, id);
    event_fill(&e, slot + FLOW_SLOT_ID, event_value_str(id, FLOW_ENDS_ID_SIZE - 1));
    event_fill(&e, slot + FLOW_SLOT_FINAL, event_value_bool(final));
    event_fill(&e, slot + FLOW_SLOT_INITIATOR, constant(origin_name(f->origin)));
    describe_ends(&e, f, slot);
    describe_transport(&e, f, slot);
    describe_network(&e, f);
    describe_counts(&e, f, slot);
    if (final)
        event_put(&e, EVENT_F_WEIR_FLOW_END_REASON, constant(flow_end_name(why)));
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
