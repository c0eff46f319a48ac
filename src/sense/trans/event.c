/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ip.h"
#include "trans/trans_priv.h"

struct trans_origin trans_event_origin(const struct flow *f, enum flow_side client)
{
    struct trans_origin o;
    struct flow_ends ends;
    flow_ends_get(f, &ends);
    o.ends = ends;
    if (client == FLOW_DESTINATION) {
        for (unsigned i = 0; i < 2; i++) {
            o.ends.ip[i] = ends.ip[!i];
            o.ends.port[i] = ends.port[!i];
        }
    }
    flow_ends_id(f, o.flow_id);
    return o;
}

static void describe_ends(struct event *e, const struct flow_ends *ends, uint32_t slot)
{
    struct event_value source = event_value_ip(&ends->ip[FLOW_SOURCE]);
    struct event_value destination = event_value_ip(&ends->ip[FLOW_DESTINATION]);
    event_fill(e, slot + TRANS_SLOT_SOURCE_IP, source);
    event_fill(e, slot + TRANS_SLOT_DESTINATION_IP, destination);
    event_fill(e, slot + TRANS_SLOT_CLIENT_IP, source);
    event_fill(e, slot + TRANS_SLOT_SERVER_IP, destination);
    event_fill(e, slot + TRANS_SLOT_TYPE,
               event_value_str(ends->ip_version == 4 ? "ipv4" : "ipv6", 4));
    if (ends->has_ports) {
        struct event_value from = event_value_i64(ends->port[FLOW_SOURCE]);
        struct event_value to = event_value_i64(ends->port[FLOW_DESTINATION]);
        event_fill(e, slot + TRANS_SLOT_SOURCE_PORT, from);
        event_fill(e, slot + TRANS_SLOT_DESTINATION_PORT, to);
        event_fill(e, slot + TRANS_SLOT_CLIENT_PORT, from);
        event_fill(e, slot + TRANS_SLOT_SERVER_PORT, to);
    }
}

/* Addresses of the two ends and of more: room for those is returned. */
struct event_value *trans_event_related(struct event *e, const struct trans_origin *o,
                                        uint32_t more)
{
    const struct ip *source = &o->ends.ip[FLOW_SOURCE];
    const struct ip *destination = &o->ends.ip[FLOW_DESTINATION];
    bool two = !ip_equal(source, destination);
    struct event_value *v = event_put_list(e, EVENT_F_RELATED_IP, (two ? 2 : 1) + more);
    if (v == NULL)
        return NULL;
    *v++ = event_value_ip(source);
    if (two)
        *v++ = event_value_ip(destination);
    return v;
}

bool trans_event_prepare(struct trans_listener *l)
{
    static const struct {
        const char *dataset, *protocol;
    } kinds[TRANS_PATTERNS] = {
        [TRANS_PATTERN_DNS] = {"network_traffic.dns", "dns"},
        [TRANS_PATTERN_HTTP] = {"network_traffic.http", "http"},
        [TRANS_PATTERN_TLS] = {"network_traffic.tls", "tls"},
        [TRANS_PATTERN_ICMP] = {"network_traffic.icmp", "icmp"},
    };
    static const event_field fields[TRANS_SLOTS] = {
        [TRANS_SLOT_START] = EVENT_F_EVENT_START,
        [TRANS_SLOT_END] = EVENT_F_EVENT_END,
        [TRANS_SLOT_ID] = EVENT_F_FLOW_ID,
        [TRANS_SLOT_TRANSPORT] = EVENT_F_NETWORK_TRANSPORT,
        [TRANS_SLOT_TYPE] = EVENT_F_NETWORK_TYPE,
        [TRANS_SLOT_SOURCE_IP] = EVENT_F_SOURCE_IP,
        [TRANS_SLOT_DESTINATION_IP] = EVENT_F_DESTINATION_IP,
        [TRANS_SLOT_CLIENT_IP] = EVENT_F_CLIENT_IP,
        [TRANS_SLOT_SERVER_IP] = EVENT_F_SERVER_IP,
        [TRANS_SLOT_SOURCE_PORT] = EVENT_F_SOURCE_PORT,
        [TRANS_SLOT_DESTINATION_PORT] = EVENT_F_DESTINATION_PORT,
        [TRANS_SLOT_CLIENT_PORT] = EVENT_F_CLIENT_PORT,
        [TRANS_SLOT_SERVER_PORT] = EVENT_F_SERVER_PORT,
    };
    bool ok = true;
    for (unsigned i = 0; i < TRANS_PATTERNS; i++) {
        struct event *e = &l->patterns[i];
        event_init(e, &l->pattern_arena, 0);
        flow_observer_stamp(&l->settings.observer, kinds[i].dataset, e);
        event_set_text(e, EVENT_F_TYPE, kinds[i].protocol);
        event_set_text(e, EVENT_F_NETWORK_PROTOCOL, kinds[i].protocol);
        event_add_str(e, EVENT_F_EVENT_CATEGORY, "network", 7);
        if (i == TRANS_PATTERN_HTTP)
            event_add_str(e, EVENT_F_EVENT_CATEGORY, "web", 3);
        event_add_str(e, EVENT_F_EVENT_TYPE, "connection", 10);
        event_add_str(e, EVENT_F_EVENT_TYPE, "protocol", 8);
        l->first_slot[i] = e->n;
        unsigned slots = i == TRANS_PATTERN_ICMP ? TRANS_SLOT_PORTLESS : TRANS_SLOTS;
        for (unsigned k = 0; k < slots; k++)
            event_slot(e, fields[k]);
        if (i == TRANS_PATTERN_DNS)
            trans_dns_prepare(e);
        ok = ok && !e->failed;
    }
    return ok;
}

void trans_event_begin(struct trans_listener *l, struct event *e, enum trans_pattern pattern,
                       const struct trans_origin *o, ts_ns start, ts_ns end)
{
    uint32_t slot = l->first_slot[pattern];
    event_init_like(e, &l->arena, end, &l->patterns[pattern]);
    event_fill(e, slot + TRANS_SLOT_START, event_value_time(start));
    event_fill(e, slot + TRANS_SLOT_END, event_value_time(end));
    int64_t duration;
    if (!__builtin_sub_overflow(end, start, &duration) && duration >= 0)
        event_put(e, EVENT_F_EVENT_DURATION, event_value_i64(duration));
    event_fill(e, slot + TRANS_SLOT_ID, event_value_str(o->flow_id, FLOW_ENDS_ID_SIZE - 1));
    describe_ends(e, &o->ends, slot);
    char buf[FLOW_ENDS_TRANSPORT_SIZE]; /* stays unused: transactions have known transports */
    const char *transport = flow_ends_transport(o->ends.proto, buf);
    event_fill(e, slot + TRANS_SLOT_TRANSPORT, event_value_str(transport, strlen(transport)));
}

void trans_event_give(struct trans_listener *l, struct event *e, ts_ns time)
{
    e->time = time;
    if (e->failed) {
        l->counters.no_memory++;
    } else {
        l->counters.events++;
        l->sink(l->sink_ctx, e);
    }
    arena_clear(&l->arena);
}

void trans_event_foreign(struct trans_listener *l, struct event *e, event_field f, struct bytes b)
{
    if (b.n > 0)
        l->counters.escaped += event_set_foreign(e, f, b.p, b.n);
}

void trans_event_server(struct trans_listener *l, struct event *e, struct bytes name)
{
    if (name.n == 0)
        return;
    l->counters.escaped += event_set_foreign(e, EVENT_F_SERVER_DOMAIN, name.p, name.n);
    event_set_foreign(e, EVENT_F_DESTINATION_DOMAIN, name.p, name.n);
    event_add_foreign(e, EVENT_F_RELATED_HOSTS, name.p, name.n);
}
