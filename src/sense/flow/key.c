/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/flow_priv.h"

#include "decode/packet.h"

#include <stddef.h>
#include <string.h>

static inline uint64_t load_be64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

static inline int compare(const struct ip *a, const struct ip *b)
{
    for (unsigned i = 0; i < 16; i += 8) {
        uint64_t x = load_be64(a->b + i);
        uint64_t y = load_be64(b->b + i);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

/* Messages that ask, and what answers them. */
static const struct {
    uint8_t proto, request, reply;
} icmp_pairs[] = {
    {DECODE_PROTO_ICMP, 8, 0},      /* echo */
    {DECODE_PROTO_ICMP, 13, 14},    /* timestamp */
    {DECODE_PROTO_ICMP, 15, 16},    /* information */
    {DECODE_PROTO_ICMP, 17, 18},    /* address mask */
    {DECODE_PROTO_ICMP, 10, 9},     /* router solicitation, advertisement */
    {DECODE_PROTO_ICMP6, 128, 129}, /* echo */
    {DECODE_PROTO_ICMP6, 133, 134}, /* router solicitation, advertisement */
    {DECODE_PROTO_ICMP6, 135, 136}, /* neighbour solicitation, advertisement */
    {DECODE_PROTO_ICMP6, 139, 140}, /* node information */
    {DECODE_PROTO_ICMP6, 144, 145}, /* home agent discovery */
};

int flow_key_icmp_pair(uint8_t proto, uint8_t type, uint8_t *out_request)
{
    for (size_t i = 0; i < sizeof(icmp_pairs) / sizeof(icmp_pairs[0]); i++) {
        if (icmp_pairs[i].proto != proto)
            continue;
        if (type == icmp_pairs[i].request || type == icmp_pairs[i].reply) {
            *out_request = icmp_pairs[i].request;
            return type == icmp_pairs[i].request ? 1 : 2;
        }
    }
    return 0;
}

unsigned flow_key_make(const struct decode_packet *p, struct flow_key *out)
{
    int order = compare(&p->src, &p->dst);
    if (order == 0 && p->has_ports)
        order = p->src_port < p->dst_port ? -1 : p->src_port > p->dst_port;
    unsigned side = order > 0;
    out->ip[side] = p->src;
    out->ip[!side] = p->dst;
    out->proto = p->proto;
    out->zero = 0;
    if (p->has_ports) {
        out->kind = FLOW_KEY_PORTS;
        out->port[side] = p->src_port;
        out->port[!side] = p->dst_port;
        return side;
    }
    out->kind = FLOW_KEY_NO_PORTS;
    out->port[0] = 0;
    out->port[1] = 0;
    if ((p->proto == DECODE_PROTO_ICMP || p->proto == DECODE_PROTO_ICMP6) && !p->incomplete) {
        uint8_t request;
        if (flow_key_icmp_pair(p->proto, p->icmp.type, &request) != 0) {
            out->kind = FLOW_KEY_ICMP_QUERY;
            out->port[0] = request;
            out->port[1] = p->icmp.id;
        } else {
            out->kind = FLOW_KEY_ICMP_OTHER;
            out->port[0] = p->icmp.type;
            out->port[1] = p->icmp.code;
        }
    }
    return side;
}

uint32_t flow_key_hash(struct hash_key seed, const struct flow_key *k)
{
    if (!ip_is_v4(&k->ip[0]) || !ip_is_v4(&k->ip[1]))
        return (uint32_t)hash_bytes(seed, k, sizeof(*k));
    /* The 28 constant bytes of two mapped addresses need no hashing. */
    uint8_t small[16];
    memcpy(small, k->ip[0].b + 12, 4);
    memcpy(small + 4, k->ip[1].b + 12, 4);
    memcpy(small + 8, (const uint8_t *)k + offsetof(struct flow_key, port), 8);
    return (uint32_t)hash_bytes(seed, small, sizeof(small));
}
