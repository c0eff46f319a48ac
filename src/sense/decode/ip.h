#ifndef DECODE_IP_H
#define DECODE_IP_H

/*
 * IPv4 and IPv6 headers, with options and extension headers, down to the transport header or to a
 * fragment.
 *
 * Threads: any; no state.
 */

#include "decode/fragment.h"
#include "decode/link.h"
#include "decode/packet.h"
#include "decode/verdict.h"

/* What lies behind the IP headers. */
struct decode_ip {
    struct bytes data; /* captured payload */
    uint64_t len;      /* as sent; ≥ data.n */
    bool fragmented;
    bool no_length;                  /* the header said 0: the frame's length was taken */
    struct decode_fragment fragment; /* when fragmented: data and len are here too */
};

/*
 * Reads the headers from data, of which wire_n ≥ data.n bytes were sent, and fills addresses,
 * proto, lengths and cut of *p.
 */
enum decode_verdict decode_ip_read(enum decode_net net, struct bytes data, uint64_t wire_n,
                                   struct decode_packet *p, struct decode_ip *out);

/*
 * Goes past IPv6 extension headers that stand in front of a transport header, as in the payload of
 * a packet that was put together. p->proto is the first header's number and becomes the last one's.
 */
enum decode_verdict decode_ip_extensions(struct decode_packet *p, struct decode_ip *ip);

#endif
