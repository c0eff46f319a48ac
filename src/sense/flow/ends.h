#ifndef FLOW_ENDS_H
#define FLOW_ENDS_H

/*
 * Who talks with whom: what a listener may know of a flow.
 *
 * The source is who began the conversation, as far as it is known (docs/method/flow.md says how);
 * a later packet may still turn the two round until a report was given or a listener began.
 *
 * Threads: that of the table.
 */

#include "base/ip.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flow;

enum flow_side { FLOW_SOURCE, FLOW_DESTINATION };

struct flow_ends {
    struct ip ip[2]; /* by enum flow_side */
    uint16_t port[2];
    bool has_ports;
    uint8_t proto; /* IP protocol number */
    uint8_t ip_version;
    ts_ns start; /* of the first packet */
};

/* The ends as the table knows them now. */
void flow_ends_get(const struct flow *f, struct flow_ends *out);

/* flow.id: the same on each report of a flow and in each run over the same packets. */
#define FLOW_ENDS_ID_SIZE 17
void flow_ends_id(const struct flow *f, char out[FLOW_ENDS_ID_SIZE]);

/* "tcp", "udp", "icmp", "ipv6-icmp", …; for others "ip-89", written to buf. */
#define FLOW_ENDS_TRANSPORT_SIZE 8
const char *flow_ends_transport(uint8_t proto, char buf[FLOW_ENDS_TRANSPORT_SIZE]);

#endif
