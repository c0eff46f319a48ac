#ifndef DECODE_LINK_H
#define DECODE_LINK_H

/*
 * Link headers: from the first byte of a frame to the first byte of an IP packet.
 *
 * Takes off whatever is between: VLAN tags (802.1Q, 802.1ad and the older numbers for stacked
 * tags), MPLS labels, PPPoE and PPP, LLC/SNAP, provider backbone tags, VN-Tag.
 *
 * Threads: any; no state.
 */

#include "decode/packet.h"
#include "decode/verdict.h"

/* What the link layer says follows. */
enum decode_net {
    DECODE_NET_ANY, /* it does not say: the version in the header tells */
    DECODE_NET_IP4,
    DECODE_NET_IP6,
};

/*
 * Moves *c to the IP header and fills the link fields of *p. On any verdict but DECODE_OK there is
 * no IP packet and *c stands anywhere.
 */
enum decode_verdict decode_link_read(uint32_t link, struct cursor *c, struct decode_packet *p,
                                     enum decode_net *out);

/* The same from behind an EtherType field, as it is also found in GRE. */
enum decode_verdict decode_link_ethertype(uint16_t type, struct cursor *c, struct decode_packet *p,
                                          enum decode_net *out);

#endif
