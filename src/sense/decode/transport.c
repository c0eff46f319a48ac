/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/transport.h"

#define PROTO_DCCP 33
#define PROTO_UDPLITE 136

static bool proto_has_ports(uint8_t proto)
{
    switch (proto) {
    case DECODE_PROTO_TCP:
    case DECODE_PROTO_UDP:
    case DECODE_PROTO_SCTP:
    case PROTO_DCCP:
    case PROTO_UDPLITE:
        return true;
    default:
        return false;
    }
}

/* The payload behind a header of header_n bytes; wire_n ≥ header_n. */
static void set_payload(struct decode_packet *p, struct bytes data, uint64_t wire_n,
                        size_t header_n)
{
    p->payload_len = wire_n - header_n;
    if (data.n > header_n)
        p->payload = bytes_make(data.p + header_n, data.n - header_n);
    else
        p->payload = bytes_make(NULL, 0);
}

static enum decode_verdict read_tcp(struct bytes data, uint64_t wire_n, struct decode_packet *p)
{
    if (wire_n < 20)
        return DECODE_TRANSPORT_BAD;
    struct cursor c = cursor_of(data);
    cursor_skip(&c, 4);
    p->tcp.seq = cursor_be32(&c);
    p->tcp.ack = cursor_be32(&c);
    uint8_t offset = cursor_u8(&c);
    p->tcp.flags = cursor_u8(&c);
    p->tcp.window = cursor_be16(&c);
    if (!cursor_ok(&c)) { /* cut: only what was there, with the smallest header */
        p->tcp.header_len = 20;
        set_payload(p, bytes_make(NULL, 0), wire_n, 20);
        return DECODE_OK;
    }
    size_t header_n = (size_t)(offset >> 4) * 4;
    if (header_n < 20 || header_n > wire_n)
        return DECODE_TRANSPORT_BAD;
    p->tcp.header_len = (uint8_t)header_n;
    set_payload(p, data, wire_n, header_n);
    return DECODE_OK;
}

static enum decode_verdict read_udp(struct bytes data, uint64_t wire_n, struct decode_packet *p)
{
    if (wire_n < 8)
        return DECODE_TRANSPORT_BAD;
    struct cursor c = cursor_of(data);
    cursor_skip(&c, 4);
    uint16_t length = cursor_be16(&c);
    /*
     * 0 stands for "the rest" (jumbograms, segmentation offload; UDP-Lite counts checksums in this
     * field). A length beyond the packet's end is a fragment's, or a lie: the packet tells the
     * truth.
     */
    if (cursor_ok(&c) && p->proto == DECODE_PROTO_UDP && length != 0) {
        if (length < 8)
            return DECODE_TRANSPORT_BAD;
        if (length < wire_n)
            wire_n = length;
        if (length < data.n)
            data.n = length;
    }
    set_payload(p, data, wire_n, 8);
    return DECODE_OK;
}

static enum decode_verdict read_sctp(struct bytes data, uint64_t wire_n, struct decode_packet *p)
{
    if (wire_n < 12)
        return DECODE_TRANSPORT_BAD;
    set_payload(p, data, wire_n, 12);
    return DECODE_OK;
}

static enum decode_verdict read_dccp(struct bytes data, uint64_t wire_n, struct decode_packet *p)
{
    if (wire_n < 12)
        return DECODE_TRANSPORT_BAD;
    size_t header_n = data.n > 4 ? (size_t)data.p[4] * 4 : 12;
    if (header_n < 12 || header_n > wire_n)
        return DECODE_TRANSPORT_BAD;
    set_payload(p, data, wire_n, header_n);
    return DECODE_OK;
}

/* Whether a message of this type has an identifier and a sequence number. */
static bool icmp_is_numbered(uint8_t proto, uint8_t type)
{
    if (proto == DECODE_PROTO_ICMP6)
        return type == 128 || type == 129;
    return type == 0 || type == 8 || (type >= 13 && type <= 18);
}

static enum decode_verdict read_icmp(struct bytes data, uint64_t wire_n, struct decode_packet *p)
{
    if (wire_n < 4)
        return DECODE_TRANSPORT_BAD;
    struct cursor c = cursor_of(data);
    uint8_t type = cursor_u8(&c);
    uint8_t code = cursor_u8(&c);
    if (!cursor_ok(&c))
        return DECODE_TRANSPORT_SHORT;
    p->icmp.type = type;
    p->icmp.code = code;
    cursor_skip(&c, 2);
    uint16_t id = cursor_be16(&c);
    uint16_t seq = cursor_be16(&c);
    if (cursor_ok(&c) && icmp_is_numbered(p->proto, type)) {
        p->icmp.id = id;
        p->icmp.seq = seq;
    }
    set_payload(p, data, wire_n, wire_n < 8 ? 4 : 8);
    return DECODE_OK;
}

void decode_transport_ports(struct bytes data, struct decode_packet *p)
{
    if (!proto_has_ports(p->proto) || data.n < 4)
        return;
    struct cursor c = cursor_of(data);
    p->src_port = cursor_be16(&c);
    p->dst_port = cursor_be16(&c);
    p->has_ports = true;
}

enum decode_verdict decode_transport_read(struct bytes data, uint64_t wire_n,
                                          struct decode_packet *p)
{
    if (proto_has_ports(p->proto)) {
        if (data.n < 4)
            return DECODE_TRANSPORT_SHORT;
        decode_transport_ports(data, p);
    }
    switch (p->proto) {
    case DECODE_PROTO_TCP:
        return read_tcp(data, wire_n, p);
    case DECODE_PROTO_UDP:
    case PROTO_UDPLITE:
        return read_udp(data, wire_n, p);
    case DECODE_PROTO_ICMP:
    case DECODE_PROTO_ICMP6:
        return read_icmp(data, wire_n, p);
    case DECODE_PROTO_SCTP:
        return read_sctp(data, wire_n, p);
    case PROTO_DCCP:
        return read_dccp(data, wire_n, p);
    default:
        set_payload(p, data, wire_n, 0);
        return DECODE_OK;
    }
}
