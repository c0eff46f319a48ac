#ifndef DECODE_TUNNEL_H
#define DECODE_TUNNEL_H

/*
 * What carries another packet: IP in IP, GRE with its users (bridged Ethernet, PPTP, ERSPAN, MPLS),
 * EtherIP and MPLS in IP.
 *
 * Tunnels over UDP are left alone: only their port would tell them, and what is sent to a port is
 * the sender's choice.
 *
 * Threads: any; no state.
 */

#include "decode/link.h"
#include "decode/packet.h"
#include "decode/verdict.h"

/* Whether a packet of this IP protocol carries another. */
bool decode_tunnel_is(uint8_t proto);

/* Moves *c, at the payload of the outer IP packet, to the inner IP header; as decode_link_read().
 */
enum decode_verdict decode_tunnel_read(uint8_t proto, struct cursor *c, struct decode_packet *p,
                                       enum decode_net *out);

#endif
