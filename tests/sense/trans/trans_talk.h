#ifndef TESTS_TRANS_TALK_H
#define TESTS_TRANS_TALK_H

/* A table with a transaction listener, and TCP conversations written down as text. */

#include "sense/flow/flow_packets.h"

#include "flow/table.h"
#include "trans/listener.h"

#define CLIENT "10.0.0.1"
#define SERVER "192.0.2.7"

struct talk {
    struct kept *flows;
    struct kept *events;
    struct flow_table *table;
    struct trans_listener *listener;
    ts_ns now;
    uint32_t seq[2]; /* next of the client, of the server */
    uint16_t client_port, server_port;
};

static inline struct talk talk_new(uint16_t server_port, uint32_t max_waiting)
{
    struct talk t = {.flows = kept_new(), .events = kept_new(), .now = T0};
    struct trans_listener_settings ls = trans_listener_settings_default();
    ls.max_waiting = max_waiting;
    ls.observer = (struct flow_observer){.host_name = "probe", .agent_id = "a1"};
    if (trans_listener_new(&ls, kept_add, t.events, &t.listener) != ERR_NONE)
        abort();
    struct flow_listener face = trans_listener_face(t.listener);
    struct flow_table_settings s = flow_table_settings_default();
    if (flow_table_new(&s, kept_add, t.flows, &face, &t.table) != ERR_NONE)
        abort();
    t.client_port = 40000;
    t.server_port = server_port;
    return t;
}

static inline void talk_free(struct talk *t)
{
    flow_table_flush(t->table);
    trans_listener_flush(t->listener);
    flow_table_free(t->table);
    trans_listener_free(t->listener);
    kept_free(t->flows);
    kept_free(t->events);
}

static inline void talk_tcp(struct talk *t, bool client, uint8_t flags, const void *data, size_t n)
{
    struct decode_packet p =
        packet_tcp(t->now, client ? CLIENT : SERVER, client ? t->client_port : t->server_port,
                   client ? SERVER : CLIENT, client ? t->server_port : t->client_port, flags,
                   t->seq[!client], t->seq[client], "");
    p.payload = bytes_make(data, n);
    p.payload_len = n;
    p.ip_len += n;
    flow_table_packet(t->table, &p);
    t->seq[!client] += (uint32_t)n + ((flags & (DECODE_TCP_SYN | DECODE_TCP_FIN)) != 0);
    t->now += TIME_MS;
}

static inline void talk_open(struct talk *t)
{
    t->client_port++;
    t->seq[0] = 1000;
    t->seq[1] = 9000;
    talk_tcp(t, true, DECODE_TCP_SYN, "", 0);
    talk_tcp(t, false, DECODE_TCP_SYN | DECODE_TCP_ACK, "", 0);
    talk_tcp(t, true, DECODE_TCP_ACK, "", 0);
}

static inline void talk_say(struct talk *t, bool client, const char *text)
{
    talk_tcp(t, client, DECODE_TCP_ACK | DECODE_TCP_PSH, text, strlen(text));
}

static inline void talk_close(struct talk *t)
{
    talk_tcp(t, true, DECODE_TCP_FIN | DECODE_TCP_ACK, "", 0);
    talk_tcp(t, false, DECODE_TCP_FIN | DECODE_TCP_ACK, "", 0);
}

static inline void talk_udp(struct talk *t, bool client, const void *data, size_t n)
{
    struct decode_packet p =
        packet_udp(t->now, client ? CLIENT : SERVER, client ? t->client_port : t->server_port,
                   client ? SERVER : CLIENT, client ? t->server_port : t->client_port, data, n);
    flow_table_packet(t->table, &p);
    t->now += TIME_MS;
}

#endif
