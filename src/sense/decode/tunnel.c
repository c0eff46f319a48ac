/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/tunnel.h"

#define PROTO_IPIP 4
#define PROTO_IPV6 41
#define PROTO_GRE 47
#define PROTO_ETHERIP 97
#define PROTO_MPLS 137

#define GRE_CHECKSUM 0x8000
#define GRE_ROUTING 0x4000
#define GRE_KEY 0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_ACK 0x0080 /* version 1 only */

#define TYPE_BRIDGED 0x6558
#define TYPE_MPLS 0x8847
#define TYPE_PPP 0x880b
#define TYPE_ERSPAN 0x88be
#define TYPE_ERSPAN3 0x22eb

bool decode_tunnel_is(uint8_t proto)
{
    return proto == PROTO_IPIP || proto == PROTO_IPV6 || proto == PROTO_GRE ||
           proto == PROTO_ETHERIP || proto == PROTO_MPLS;
}

/* Source routes (RFC 1701): entries until one of length 0. */
static void skip_routes(struct cursor *c)
{
    while (cursor_ok(c)) {
        uint16_t family = cursor_be16(c);
        cursor_skip(c, 1);
        uint8_t length = cursor_u8(c);
        if (family == 0 && length == 0)
            return;
        cursor_skip(c, length);
    }
}

static enum decode_verdict read_gre(struct cursor *c, struct decode_packet *p, enum decode_net *out)
{
    uint16_t flags = cursor_be16(c);
    uint16_t type = cursor_be16(c);
    unsigned version = flags & 7;
    if (version > 1)
        return DECODE_NOT_IP;
    if (flags & (GRE_CHECKSUM | GRE_ROUTING))
        cursor_skip(c, 4);
    if (flags & GRE_KEY)
        cursor_skip(c, 4);
    if (flags & GRE_SEQUENCE)
        cursor_skip(c, 4);
    if (version == 1 && (flags & GRE_ACK))
        cursor_skip(c, 4);
    if (version == 0 && (flags & GRE_ROUTING))
        skip_routes(c);
    switch (type) {
    case TYPE_ERSPAN: /* type I has no header of its own, type II has one and numbers packets */
        if (flags & GRE_SEQUENCE)
            cursor_skip(c, 8);
        type = TYPE_BRIDGED;
        break;
    case TYPE_ERSPAN3: {
        cursor_skip(c, 11);
        bool platform = (cursor_u8(c) & 1) != 0;
        cursor_skip(c, platform ? 8 : 0);
        type = TYPE_BRIDGED;
        break;
    }
    default:
        break;
    }
    if (!cursor_ok(c))
        return DECODE_LINK_SHORT;
    return decode_link_ethertype(type, c, p, out);
}

enum decode_verdict decode_tunnel_read(uint8_t proto, struct cursor *c, struct decode_packet *p,
                                       enum decode_net *out)
{
    switch (proto) {
    case PROTO_IPIP:
        *out = DECODE_NET_IP4;
        return DECODE_OK;
    case PROTO_IPV6:
        *out = DECODE_NET_IP6;
        return DECODE_OK;
    case PROTO_GRE:
        return read_gre(c, p, out);
    case PROTO_ETHERIP:
        cursor_skip(c, 2);
        return decode_link_ethertype(TYPE_BRIDGED, c, p, out);
    default:
        return decode_link_ethertype(TYPE_MPLS, c, p, out);
    }
}
