#ifndef ENRICH_DIRECTION_H
#define ENRICH_DIRECTION_H

/*
 * Which way a conversation goes, seen from the home networks.
 *
 * The words are those of Elastic's agents: internal (both ends at home), outbound (begun at home),
 * inbound (begun elsewhere), external (neither end at home). An address that cannot leave its link
 * or its machine (loopback, link-local, multicast, broadcast, unspecified) is at home.
 *
 * Ownership: the nets are borrowed.
 * Threads:   any.
 */

#include "base/ip.h"

#include <stddef.h>

enum enrich_direction {
    ENRICH_INTERNAL,
    ENRICH_OUTBOUND,
    ENRICH_INBOUND,
    ENRICH_EXTERNAL,
};

struct enrich_home {
    const struct ip_net *nets;
    size_t n; /* 0: the private ranges */
};

bool enrich_direction_home(const struct enrich_home *h, const struct ip *a);
enum enrich_direction enrich_direction(bool source_home, bool destination_home);
const char *enrich_direction_name(enum enrich_direction d);

#endif
