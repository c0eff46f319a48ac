#ifndef DECODE_PACKET_H
#define DECODE_PACKET_H

/*
 * What a packet says, once its link, IP and transport headers are read.
 *
 * A struct decode_packet is a plain value. The innermost IP packet is described: VLAN tags, MPLS
 * labels, PPPoE, GRE and IP in IP are taken off (docs/method/decode.md says which and why), and the
 * addresses of the outermost IP packet are kept beside.
 *
 * Lengths come in two kinds. "On the wire" is what headers say was sent, whatever the capture kept
 * of it; payload.n is what was kept and can be read.
 *
 * Checksums are not verified: packets captured on the sending host have none yet.
 *
 * Ownership: payload borrows from the capture buffer or from the reassembly buffer and dies at the
 *            next packet.
 * Threads:   a value.
 */

#include "base/bytes.h"
#include "base/ip.h"
#include "base/time.h"

#include <stdbool.h>
#include <stdint.h>

#define DECODE_VLANS 4 /* tags kept; more are skipped and counted in vlan_n */

/* IP protocol numbers that have fields here. */
#define DECODE_PROTO_ICMP 1
#define DECODE_PROTO_TCP 6
#define DECODE_PROTO_UDP 17
#define DECODE_PROTO_ICMP6 58
#define DECODE_PROTO_SCTP 132

/* Bits of tcp.flags. */
#define DECODE_TCP_FIN 0x01
#define DECODE_TCP_SYN 0x02
#define DECODE_TCP_RST 0x04
#define DECODE_TCP_PSH 0x08
#define DECODE_TCP_ACK 0x10
#define DECODE_TCP_URG 0x20
#define DECODE_TCP_ECE 0x40
#define DECODE_TCP_CWR 0x80

struct decode_tcp {
    uint32_t seq;
    uint32_t ack;
    uint16_t window;
    uint8_t flags;
    uint8_t header_len; /* bytes, options included */
};

struct decode_icmp {
    uint8_t type;
    uint8_t code;
    uint16_t id;  /* echo, timestamp, …: else 0 */
    uint16_t seq; /* likewise */
};

struct decode_packet {
    ts_ns ts;
    uint32_t interface; /* as given with the bytes */

    /* 1, or how many fragments this packet was put together from (or lost with). */
    uint32_t packets;
    uint64_t wire_len; /* bytes on the wire with link headers; of all fragments */
    uint64_t ip_len;   /* of the IP packet described here, with its headers; of all fragments */

    uint8_t mac_src[6]; /* all 0 when not known */
    uint8_t mac_dst[6]; /* likewise: cooked captures do not tell it */
    bool has_mac;       /* the link layer told one at least */

    uint8_t vlan_n;              /* tags there were */
    uint16_t vlan[DECODE_VLANS]; /* identifiers without priority, outermost first */

    uint8_t ip_version; /* 4 or 6 */
    uint8_t proto;      /* IP protocol number after IPv6 extension headers */
    uint8_t ttl;        /* or hop limit */
    uint8_t tos;        /* or traffic class */
    uint8_t tunnels;    /* IP headers around this one: 0 when not tunnelled */
    bool has_ports;     /* src_port and dst_port were read: TCP, UDP, UDP-Lite, SCTP, DCCP */
    bool cut;           /* the capture kept less of the packet than was sent */

    /*
     * Fragments that never became whole: counts are true, addresses and proto too; ports only when
     * the first fragment came; payload is empty.
     */
    bool incomplete;

    struct ip src;
    struct ip dst;
    struct ip outer_src; /* the outermost IP header; equal to src when tunnels is 0 */
    struct ip outer_dst;

    uint16_t src_port;
    uint16_t dst_port;
    struct decode_tcp tcp;   /* all 0 unless proto is TCP and its header was there */
    struct decode_icmp icmp; /* all 0 unless proto is ICMP or ICMPv6 */

    struct bytes payload; /* after the transport header; after the IP headers for other protocols */
    uint64_t payload_len; /* on the wire; ≥ payload.n */
};

typedef void (*decode_sink_fn)(void *ctx, const struct decode_packet *p);

#endif
