/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/ip.h"

#define EXTENSIONS_MAX 16

/* Extension headers (IANA's list). */
#define NEXT_HOP_BY_HOP 0
#define NEXT_ROUTING 43
#define NEXT_FRAGMENT 44
#define NEXT_AUTHENTICATION 51
#define NEXT_NONE 59
#define NEXT_DESTINATION 60
#define NEXT_MOBILITY 135
#define NEXT_HIP 139
#define NEXT_SHIM6 140

#define OPTION_JUMBO 0xc2

static struct bytes first_bytes(struct bytes b, uint64_t n)
{
    if (b.n > n)
        b.n = (size_t)n;
    return b;
}

static enum decode_verdict read_v4(struct bytes data, uint64_t wire_n, struct decode_packet *p,
                                   struct decode_ip *out)
{
    struct cursor c = cursor_of(data);
    size_t header_n = (size_t)(cursor_u8(&c) & 0x0f) * 4;
    p->tos = cursor_u8(&c);
    uint64_t total = cursor_be16(&c);
    uint16_t id = cursor_be16(&c);
    uint16_t fragment = cursor_be16(&c);
    p->ttl = cursor_u8(&c);
    p->proto = cursor_u8(&c);
    cursor_skip(&c, 2);
    struct bytes src = cursor_take(&c, 4);
    struct bytes dst = cursor_take(&c, 4);
    if (!cursor_ok(&c))
        return DECODE_IP_SHORT;
    if (header_n < 20)
        return DECODE_IP_LENGTH;
    if (total == 0) {
        out->no_length = true;
        total = wire_n;
    }
    if (total < header_n)
        return DECODE_IP_LENGTH;
    if (data.n < header_n)
        return DECODE_IP_SHORT;

    p->ip_version = 4;
    p->src = ip_from_v4(src.p);
    p->dst = ip_from_v4(dst.p);
    p->cut |= data.n < total;
    if (total > wire_n) /* more than the frame holds: believe the frame */
        total = wire_n;
    p->ip_len = total;
    out->len = total - header_n;
    out->data = first_bytes(bytes_make(data.p + header_n, data.n - header_n), out->len);
    out->fragmented = (fragment & 0x3fff) != 0; /* more fragments, or an offset */
    if (out->fragmented)
        out->fragment = (struct decode_fragment){.id = id,
                                                 .offset = (fragment & 0x1fffu) * 8,
                                                 .more = (fragment & 0x2000) != 0,
                                                 .data = out->data,
                                                 .len = out->len};
    return DECODE_OK;
}

/* The length in a jumbo payload option (RFC 2675) among hop-by-hop options; 0 when there is none.
 */
static uint32_t find_jumbo(struct bytes options)
{
    struct cursor c = cursor_of(options);
    while (cursor_ok(&c) && c.left > 0) {
        uint8_t type = cursor_u8(&c);
        if (type == 0) /* one byte of padding */
            continue;
        uint8_t n = cursor_u8(&c);
        if (type == OPTION_JUMBO && n == 4)
            return cursor_be32(&c);
        cursor_skip(&c, n);
    }
    return 0;
}

/* The cursor has moved past n bytes of headers. */
static void advance(struct decode_ip *ip, const struct cursor *c)
{
    ip->len -= ip->data.n - c->left;
    ip->data = cursor_rest(c);
}

enum decode_verdict decode_ip_extensions(struct decode_packet *p, struct decode_ip *ip)
{
    struct cursor c = cursor_of(ip->data);
    for (unsigned i = 0; i <= EXTENSIONS_MAX; i++) {
        struct cursor start = c;
        size_t n;
        switch (p->proto) {
        case NEXT_HOP_BY_HOP:
        case NEXT_ROUTING:
        case NEXT_DESTINATION:
        case NEXT_MOBILITY:
        case NEXT_HIP:
        case NEXT_SHIM6:
            p->proto = cursor_u8(&c);
            n = ((size_t)cursor_u8(&c) + 1) * 8;
            break;
        case NEXT_AUTHENTICATION:
            p->proto = cursor_u8(&c);
            n = ((size_t)cursor_u8(&c) + 2) * 4;
            break;
        case NEXT_FRAGMENT: {
            p->proto = cursor_u8(&c);
            cursor_skip(&c, 1);
            uint16_t fragment = cursor_be16(&c);
            uint32_t id = cursor_be32(&c);
            if (!cursor_ok(&c))
                return DECODE_IP_SHORT;
            if ((fragment & 0xfff9) == 0) /* a whole packet that only says so (RFC 6946) */
                continue;
            advance(ip, &c);
            ip->fragmented = true;
            ip->fragment = (struct decode_fragment){.id = id,
                                                    .offset = fragment & 0xfff8u,
                                                    .more = (fragment & 1) != 0,
                                                    .data = ip->data,
                                                    .len = ip->len};
            return DECODE_OK;
        }
        default:
            advance(ip, &c);
            return DECODE_OK;
        }
        c = start;
        cursor_skip(&c, n);
        if (!cursor_ok(&c))
            return DECODE_IP_SHORT;
    }
    return DECODE_IP_EXTENSIONS;
}

static enum decode_verdict read_v6(struct bytes data, uint64_t wire_n, struct decode_packet *p,
                                   struct decode_ip *out)
{
    struct cursor c = cursor_of(data);
    uint32_t first = cursor_be32(&c);
    uint64_t length = cursor_be16(&c);
    p->proto = cursor_u8(&c);
    p->ttl = cursor_u8(&c);
    struct bytes src = cursor_take(&c, 16);
    struct bytes dst = cursor_take(&c, 16);
    if (!cursor_ok(&c))
        return DECODE_IP_SHORT;
    p->ip_version = 6;
    p->tos = (uint8_t)(first >> 20);
    p->src = ip_from_v6(src.p);
    p->dst = ip_from_v6(dst.p);

    if (length == 0 && p->proto == NEXT_HOP_BY_HOP && c.left >= 8) {
        size_t n = ((size_t)c.p[1] + 1) * 8;
        if (n <= c.left)
            length = find_jumbo(bytes_make(c.p + 2, n - 2));
    }
    if (length == 0 && p->proto != NEXT_NONE) {
        out->no_length = true;
        length = wire_n - 40;
    }
    p->cut |= c.left < length;
    if (length > wire_n - 40)
        length = wire_n - 40;
    p->ip_len = 40 + length;
    out->len = length;
    out->data = first_bytes(cursor_rest(&c), length);
    return decode_ip_extensions(p, out);
}

enum decode_verdict decode_ip_read(enum decode_net net, struct bytes data, uint64_t wire_n,
                                   struct decode_packet *p, struct decode_ip *out)
{
    *out = (struct decode_ip){.len = 0};
    if (data.n == 0)
        return DECODE_IP_SHORT;
    unsigned version = data.p[0] >> 4;
    if (version == 4 && net != DECODE_NET_IP6)
        return read_v4(data, wire_n, p, out);
    if (version == 6 && net != DECODE_NET_IP4)
        return read_v6(data, wire_n, p, out);
    return DECODE_IP_VERSION;
}
