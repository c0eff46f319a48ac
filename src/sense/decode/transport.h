#ifndef DECODE_TRANSPORT_H
#define DECODE_TRANSPORT_H

/*
 * TCP, UDP, UDP-Lite, SCTP, DCCP, ICMP and ICMPv6 headers.
 *
 * Threads: any; no state.
 */

#include "decode/packet.h"
#include "decode/verdict.h"

/*
 * Reads the header of p->proto from data, of which wire_n ≥ data.n bytes were sent, and fills the
 * transport fields and the payload of *p. Other protocols are all payload.
 *
 * A header that the capture cut off behind its ports is fine: what is missing stays 0.
 */
enum decode_verdict decode_transport_read(struct bytes data, uint64_t wire_n,
                                          struct decode_packet *p);

/* Ports only, for the first fragment of a packet that never became whole. */
void decode_transport_ports(struct bytes data, struct decode_packet *p);

#endif
