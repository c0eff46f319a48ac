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

static void describe_ends(struct event *e, const struct flow_ends *ends)
{
    const struct ip *source = &ends->ip[FLOW_SOURCE];
    const struct ip *destination = &ends->ip[FLOW_DESTINATION];
    event_set_ip(e, EVENT_F_SOURCE_IP, source);
    event_set_ip(e, EVENT_F_DESTINATION_IP, destination);
    event_set_ip(e, EVENT_F_CLIENT_IP, source);
    event_set_ip(e, EVENT_F_SERVER_IP, destination);
    if (ends->has_ports) {
        event_set_i64(e, EVENT_F_SOURCE_PORT, ends->port[FLOW_SOURCE]);
        event_set_i64(e, EVENT_F_DESTINATION_PORT, ends->port[FLOW_DESTINATION]);
        event_set_i64(e, EVENT_F_CLIENT_PORT, ends->port[FLOW_SOURCE]);
        event_set_i64(e, EVENT_F_SERVER_PORT, ends->port[FLOW_DESTINATION]);
    }
    event_add_ip(e, EVENT_F_RELATED_IP, source);
    if (!ip_equal(source, destination))
        event_add_ip(e, EVENT_F_RELATED_IP, destination);
}

void trans_event_begin(struct trans_listener *l, struct event *e, const struct trans_origin *o,
                       const char *dataset, const char *protocol, ts_ns start, ts_ns end)
{
    char buf[FLOW_ENDS_TRANSPORT_SIZE];
    event_init(e, &l->arena, end);
    flow_observer_stamp(&l->settings.observer, dataset, e);
    event_set_str_view(e, EVENT_F_TYPE, protocol, strlen(protocol));
    TRANS_TEXT(e, EVENT_F_EVENT_CATEGORY, "network");
    TRANS_TEXT(e, EVENT_F_EVENT_TYPE, "connection");
    event_add_str(e, EVENT_F_EVENT_TYPE, "protocol", 8);
    event_set_time(e, EVENT_F_EVENT_START, start);
    event_set_time(e, EVENT_F_EVENT_END, end);
    int64_t duration;
    if (!__builtin_sub_overflow(end, start, &duration) && duration >= 0)
        event_set_i64(e, EVENT_F_EVENT_DURATION, duration);
    event_set_str(e, EVENT_F_FLOW_ID, o->flow_id, FLOW_ENDS_ID_SIZE - 1);
    describe_ends(e, &o->ends);
    event_set_str_view(e, EVENT_F_NETWORK_PROTOCOL, protocol, strlen(protocol));
    const char *transport = flow_ends_transport(o->ends.proto, buf);
    if (transport != buf)
        event_set_str_view(e, EVENT_F_NETWORK_TRANSPORT, transport, strlen(transport));
    else
        event_set_text(e, EVENT_F_NETWORK_TRANSPORT, transport);
    if (o->ends.ip_version == 4)
        TRANS_TEXT(e, EVENT_F_NETWORK_TYPE, "ipv4");
    else
        TRANS_TEXT(e, EVENT_F_NETWORK_TYPE, "ipv6");
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
