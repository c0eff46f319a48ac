#ifndef TESTS_FLOW_PACKETS_H
#define TESTS_FLOW_PACKETS_H

/* Packets made by hand, and events kept, for the tests of flow and trans. */

#include "base/arena.h"
#include "base/utf8.h"
#include "decode/packet.h"
#include "event/event.h"

#include <stdlib.h>
#include <string.h>

#define T0 (1700000000 * TIME_S)

static inline struct ip packet_ip(const char *text)
{
    struct ip a = {{0}};
    if (!ip_parse(text, strlen(text), &a))
        abort();
    return a;
}

static inline struct decode_packet packet_make(ts_ns ts, uint8_t proto, const char *src,
                                               uint16_t src_port, const char *dst,
                                               uint16_t dst_port, const void *data, size_t n)
{
    struct decode_packet p = {.ts = ts, .packets = 1, .proto = proto};
    p.src = p.outer_src = packet_ip(src);
    p.dst = p.outer_dst = packet_ip(dst);
    p.ip_version = ip_is_v4(&p.src) ? 4 : 6;
    p.has_ports = proto == DECODE_PROTO_TCP || proto == DECODE_PROTO_UDP;
    p.src_port = src_port;
    p.dst_port = dst_port;
    p.payload = bytes_make(data, n);
    p.payload_len = n;
    p.ip_len = (p.ip_version == 4 ? 20 : 40) + (proto == DECODE_PROTO_TCP ? 20 : 8) + n;
    p.wire_len = p.ip_len + 14;
    return p;
}

static inline struct decode_packet packet_udp(ts_ns ts, const char *src, uint16_t src_port,
                                              const char *dst, uint16_t dst_port, const void *data,
                                              size_t n)
{
    return packet_make(ts, DECODE_PROTO_UDP, src, src_port, dst, dst_port, data, n);
}

static inline struct decode_packet packet_tcp(ts_ns ts, const char *src, uint16_t src_port,
                                              const char *dst, uint16_t dst_port, uint8_t flags,
                                              uint32_t seq, uint32_t ack, const char *data)
{
    struct decode_packet p =
        packet_make(ts, DECODE_PROTO_TCP, src, src_port, dst, dst_port, data, strlen(data));
    p.tcp = (struct decode_tcp){seq, ack, 65535, flags, 20};
    return p;
}

static inline struct decode_packet packet_icmp(ts_ns ts, const char *src, const char *dst,
                                               uint8_t type, uint8_t code, uint16_t id,
                                               uint16_t seq)
{
    bool six = strchr(src, ':') != NULL;
    struct decode_packet p =
        packet_make(ts, six ? DECODE_PROTO_ICMP6 : DECODE_PROTO_ICMP, src, 0, dst, 0, "abcd", 4);
    p.icmp = (struct decode_icmp){type, code, id, seq};
    return p;
}

#define KEPT_MAX 4096

struct kept {
    struct arena arena;
    struct event events[KEPT_MAX];
    size_t n;
};

/* Whether a value is of the type that the field table promises. */
static inline bool kept_type_fits(event_field f, const struct event_value *v)
{
    switch ((enum event_kind)event_field_def(f)->kind) {
    case EVENT_KIND_KEYWORD:
    case EVENT_KIND_TEXT:
    case EVENT_KIND_WILDCARD:
        return v->type == EVENT_STR && utf8_valid(v->s, v->len) && v->s[v->len] == '\0';
    case EVENT_KIND_LONG:
        return v->type == EVENT_I64;
    case EVENT_KIND_DOUBLE:
        return v->type == EVENT_F64;
    case EVENT_KIND_BOOLEAN:
        return v->type == EVENT_BOOL;
    case EVENT_KIND_IP:
        return v->type == EVENT_IP;
    case EVENT_KIND_DATE:
        return v->type == EVENT_TIME;
    case EVENT_KIND_GEO_POINT:
        break;
    }
    return false;
}

/* An event sink; holds each event against the field table. */
static inline void kept_add(void *ctx, struct event *e)
{
    struct kept *k = ctx;
    for (uint32_t i = 0; i < e->n; i++) {
        const struct event_item *item = &e->items[i];
        if (item->field == EVENT_F_NONE || item->n == 0)
            abort();
        for (uint32_t j = 0; j < item->n; j++)
            if (!kept_type_fits(item->field, &event_values(item)[j]))
                abort();
    }
    if (k->n < KEPT_MAX)
        event_copy(&k->events[k->n++], &k->arena, e);
}

static inline struct kept *kept_new(void)
{
    struct kept *k = calloc(1, sizeof(*k));
    if (k == NULL)
        abort();
    arena_init(&k->arena, 0);
    return k;
}

static inline void kept_free(struct kept *k)
{
    arena_release(&k->arena);
    free(k);
}

/* How many values a field has, and whether one of them is this text. */
static inline size_t kept_values(const struct event *e, event_field f)
{
    const struct event_item *item = event_get(e, f);
    return item != NULL ? item->n : 0;
}

static inline bool kept_has(const struct event *e, event_field f, const char *text)
{
    const struct event_item *item = event_get(e, f);
    for (uint32_t i = 0; item != NULL && i < item->n; i++) {
        char scratch[EVENT_TEXT_SIZE];
        size_t n;
        const char *s = event_value_text(&event_values(item)[i], scratch, &n);
        if (n == strlen(text) && memcmp(s, text, n) == 0)
            return true;
    }
    return false;
}

#endif
