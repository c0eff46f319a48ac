#ifndef ENRICH_COMMUNITY_H
#define ENRICH_COMMUNITY_H

/*
 * The Community ID of a flow: one text that all tools agree on.
 *
 * Method: version 1 of https://github.com/corelight/community-id-spec with seed 0: SHA-1 over seed,
 * addresses, protocol and ports, the smaller end first, in base64. ICMP's type and the type that
 * answers it stand for ports; types without an answer are one-way and keep their order.
 *
 * Ownership: values.
 * Threads:   any.
 */

#include "base/ip.h"

#include <stddef.h>
#include <stdint.h>

#define ENRICH_COMMUNITY_SIZE 32

struct enrich_community {
    struct ip source;
    struct ip destination;
    uint8_t protocol;          /* IANA's number */
    uint16_t source_port;      /* ICMP: the type */
    uint16_t destination_port; /* ICMP: the code */
};

/*
 * "1:" and 28 characters, NUL-terminated; returns the length. 0 when the two addresses are not of
 * one version. TCP, UDP, SCTP and ICMP have ports; of all other protocols only the addresses count.
 */
size_t enrich_community_id(const struct enrich_community *c, char out[ENRICH_COMMUNITY_SIZE]);

#endif
