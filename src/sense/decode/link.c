/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/link.h"

#include <string.h>

/* Headers within headers that are taken off before the frame is called nonsense. */
#define LAYERS_MAX 16

/* EtherTypes. */
#define TYPE_IP4 0x0800
#define TYPE_IP6 0x86dd
#define TYPE_VLAN 0x8100
#define TYPE_VLAN_STACKED 0x88a8
#define TYPE_MPLS 0x8847
#define TYPE_MPLS_MULTICAST 0x8848
#define TYPE_PPPOE_SESSION 0x8864
#define TYPE_PPP 0x880b
#define TYPE_BRIDGED 0x6558 /* an Ethernet frame, in GRE and on the wire */
#define TYPE_BACKBONE 0x88e7
#define TYPE_VNTAG 0x8926
#define TYPE_CISCO_META 0x8909
#define TYPE_LENGTH_MAX 0x05dc /* up to here the field is a length (IEEE 802.3) */
#define TYPE_COOKED_8023 0x0001
#define TYPE_COOKED_LLC 0x0004

/* What a layer says comes next: an EtherType, or one of these beyond 16 bits. */
#define NEXT_ETHERNET 0x10000u
#define NEXT_PPP 0x10001u
#define NEXT_LLC 0x10002u
#define NEXT_ANY_IP 0x10003u
#define NEXT_NOTHING 0x10004u /* well formed, and no IP in it */
#define NEXT_BAD 0x10005u

static uint32_t read_ethernet(struct cursor *c, struct decode_packet *p)
{
    struct bytes dst = cursor_take(c, 6);
    struct bytes src = cursor_take(c, 6);
    uint16_t type = cursor_be16(c);
    if (!cursor_ok(c))
        return NEXT_BAD;
    memcpy(p->mac_dst, dst.p, 6);
    memcpy(p->mac_src, src.p, 6);
    p->has_mac = true;
    return type;
}

static uint32_t read_llc(struct cursor *c)
{
    uint8_t dsap = cursor_u8(c);
    uint8_t ssap = cursor_u8(c);
    uint8_t control = cursor_u8(c);
    if (!cursor_ok(c))
        return NEXT_BAD;
    if (dsap == 0x06 && ssap == 0x06 && control == 0x03)
        return TYPE_IP4;
    if (dsap != 0xaa || ssap != 0xaa || control != 0x03)
        return NEXT_NOTHING;
    uint32_t organisation = cursor_be24(c);
    uint16_t type = cursor_be16(c);
    if (!cursor_ok(c))
        return NEXT_BAD;
    /* 0: RFC 1042; 0xf8: IEEE 802.1H. Others number their own protocols. */
    return organisation == 0 || organisation == 0xf8 ? type : NEXT_NOTHING;
}

static uint32_t read_vlan(struct cursor *c, struct decode_packet *p)
{
    uint16_t tag = cursor_be16(c);
    uint16_t type = cursor_be16(c);
    if (!cursor_ok(c))
        return NEXT_BAD;
    if (p->vlan_n < DECODE_VLANS)
        p->vlan[p->vlan_n] = tag & 0x0fff;
    p->vlan_n++;
    return type;
}

static uint32_t read_mpls(struct cursor *c)
{
    for (unsigned i = 0; i < LAYERS_MAX; i++) {
        uint32_t label = cursor_be32(c);
        if (!cursor_ok(c))
            return NEXT_BAD;
        if ((label & 0x100) == 0) /* not the bottom of the stack */
            continue;
        if (c->left == 0)
            return NEXT_NOTHING;
        /* Labels do not say what they carry; the first four bits do (RFC 4928). */
        switch (c->p[0] >> 4) {
        case 4:
        case 6:
            return NEXT_ANY_IP;
        case 0: /* the control word of a pseudowire */
            cursor_skip(c, 4);
            return cursor_ok(c) ? NEXT_ETHERNET : NEXT_BAD;
        default:
            return NEXT_NOTHING;
        }
    }
    return NEXT_BAD;
}

static uint32_t read_ppp(struct cursor *c)
{
    if (c->left >= 2 && c->p[0] == 0xff && c->p[1] == 0x03)
        cursor_skip(c, 2);
    uint16_t protocol = cursor_u8(c);
    if ((protocol & 1) == 0) /* else compressed to one byte (RFC 1661) */
        protocol = (uint16_t)(protocol << 8 | cursor_u8(c));
    if (!cursor_ok(c))
        return NEXT_BAD;
    switch (protocol) {
    case 0x0021:
        return TYPE_IP4;
    case 0x0057:
        return TYPE_IP6;
    case 0x0281:
    case 0x0283:
        return TYPE_MPLS;
    default:
        return NEXT_NOTHING;
    }
}

static uint32_t read_pppoe(struct cursor *c)
{
    uint8_t version_type = cursor_u8(c);
    uint8_t code = cursor_u8(c);
    cursor_skip(c, 4); /* session and length: IP's own length is better */
    if (!cursor_ok(c) || version_type != 0x11)
        return NEXT_BAD;
    return code == 0 ? NEXT_PPP : NEXT_NOTHING;
}

/* A header that is skipped; the EtherType that follows is given. */
static uint32_t skip_to_type(struct cursor *c, size_t n)
{
    cursor_skip(c, n);
    uint16_t type = cursor_be16(c);
    return cursor_ok(c) ? type : NEXT_BAD;
}

static uint32_t read_layer(uint32_t next, struct cursor *c, struct decode_packet *p)
{
    switch (next) {
    case NEXT_ETHERNET:
    case TYPE_BRIDGED:
        return read_ethernet(c, p);
    case TYPE_VLAN:
    case TYPE_VLAN_STACKED:
    case 0x9100:
    case 0x9200:
    case 0x9300:
        return read_vlan(c, p);
    case TYPE_MPLS:
    case TYPE_MPLS_MULTICAST:
        return read_mpls(c);
    case TYPE_PPPOE_SESSION:
        return read_pppoe(c);
    case NEXT_PPP:
    case TYPE_PPP:
        return read_ppp(c);
    case NEXT_LLC:
    case TYPE_COOKED_LLC:
        return read_llc(c);
    case TYPE_BACKBONE:
        cursor_skip(c, 4);
        return cursor_ok(c) ? NEXT_ETHERNET : NEXT_BAD;
    case TYPE_VNTAG:
        return skip_to_type(c, 4);
    case TYPE_CISCO_META:
        return skip_to_type(c, 6);
    case TYPE_COOKED_8023: /* Novell's IPX without LLC */
        return NEXT_NOTHING;
    default:
        return next <= TYPE_LENGTH_MAX ? NEXT_LLC : NEXT_NOTHING;
    }
}

static enum decode_verdict read_layers(uint32_t next, struct cursor *c, struct decode_packet *p,
                                       enum decode_net *out)
{
    for (unsigned i = 0; i < LAYERS_MAX; i++) {
        switch (next) {
        case TYPE_IP4:
            *out = DECODE_NET_IP4;
            return DECODE_OK;
        case TYPE_IP6:
            *out = DECODE_NET_IP6;
            return DECODE_OK;
        case NEXT_ANY_IP:
            *out = DECODE_NET_ANY;
            return DECODE_OK;
        case NEXT_NOTHING:
            return DECODE_NOT_IP;
        case NEXT_BAD:
            return cursor_ok(c) ? DECODE_LINK_BAD : DECODE_LINK_SHORT;
        default:
            next = read_layer(next, c, p);
        }
    }
    return DECODE_LINK_BAD;
}

/* Linux cooked capture, version 1 and 2. */
static uint32_t read_cooked(struct cursor *c, struct decode_packet *p, unsigned version)
{
    uint16_t type = 0;
    size_t address_len;
    if (version == 1) {
        cursor_skip(c, 4);
        address_len = cursor_be16(c);
    } else {
        type = cursor_be16(c);
        cursor_skip(c, 9);
        address_len = cursor_u8(c);
    }
    struct bytes address = cursor_take(c, 8);
    if (version == 1)
        type = cursor_be16(c);
    if (!cursor_ok(c))
        return NEXT_BAD;
    if (address_len == 6) {
        memcpy(p->mac_src, address.p, 6);
        p->has_mac = true;
    }
    return type;
}

/* BSD's loopback: an address family in the byte order of the machine that captured. */
static uint32_t read_null(struct cursor *c)
{
    uint32_t family = cursor_be32(c);
    if (!cursor_ok(c))
        return NEXT_BAD;
    if (family > 0xffff)
        family = __builtin_bswap32(family);
    switch (family) {
    case 2:
        return TYPE_IP4;
    case 10: /* Linux */
    case 23: /* Windows */
    case 24: /* NetBSD, OpenBSD */
    case 28: /* FreeBSD */
    case 30: /* macOS */
        return TYPE_IP6;
    default:
        return NEXT_NOTHING;
    }
}

static uint32_t read_hdlc(struct cursor *c)
{
    cursor_skip(c, 2);
    uint16_t type = cursor_be16(c);
    return cursor_ok(c) ? type : NEXT_BAD;
}

static uint32_t read_ppp_or_hdlc(struct cursor *c)
{
    if (c->left >= 1 && (c->p[0] == 0x0f || c->p[0] == 0x8f))
        return read_hdlc(c);
    return NEXT_PPP;
}

/* Linux's netfilter log: fields with a length, of which one holds the packet. */
static uint32_t read_nflog(struct cursor *c)
{
    uint8_t family = cursor_u8(c);
    cursor_skip(c, 3);
    while (cursor_ok(c) && c->left >= 4) {
        /* Lengths are in the byte order of the machine that captured: small whichever way. */
        struct cursor peek = *c;
        uint16_t length = cursor_le16(&peek);
        uint16_t type = cursor_le16(&peek);
        if ((type & 0x7f00) != 0) {
            length = __builtin_bswap16(length);
            type = __builtin_bswap16(type);
        }
        if (length < 4)
            return NEXT_BAD;
        if ((type & 0x7fff) == 9) {
            cursor_skip(c, 4);
            return family == 2 ? TYPE_IP4 : family == 10 ? TYPE_IP6 : NEXT_NOTHING;
        }
        cursor_skip(c, (length + 3u) & ~3u);
    }
    return cursor_ok(c) ? NEXT_NOTHING : NEXT_BAD;
}

enum decode_verdict decode_link_read(uint32_t link, struct cursor *c, struct decode_packet *p,
                                     enum decode_net *out)
{
    uint32_t next;
    switch (link) {
    case 1:
        next = NEXT_ETHERNET;
        break;
    case 12: /* DLT_RAW in files of some systems */
    case 14:
    case 101:
        next = NEXT_ANY_IP;
        break;
    case 228:
        next = TYPE_IP4;
        break;
    case 229:
        next = TYPE_IP6;
        break;
    case 0:
    case 108:
        next = read_null(c);
        break;
    case 113:
        next = read_cooked(c, p, 1);
        break;
    case 276:
        next = read_cooked(c, p, 2);
        break;
    case 9:
        next = NEXT_PPP;
        break;
    case 50:
        next = read_ppp_or_hdlc(c);
        break;
    case 51:
        next = TYPE_PPPOE_SESSION;
        break;
    case 104:
        next = read_hdlc(c);
        break;
    case 239:
        next = read_nflog(c);
        break;
    default:
        return DECODE_LINK_UNKNOWN;
    }
    return read_layers(next, c, p, out);
}

enum decode_verdict decode_link_ethertype(uint16_t type, struct cursor *c, struct decode_packet *p,
                                          enum decode_net *out)
{
    return read_layers(type, c, p, out);
}
