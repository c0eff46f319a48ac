/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/ends.h"

#include "flow/flow_priv.h"

#include <stdio.h>
#include <string.h>

void flow_ends_get(const struct flow *f, struct flow_ends *out)
{
    unsigned s = f->began;
    out->ip[FLOW_SOURCE] = f->key.ip[s];
    out->ip[FLOW_DESTINATION] = f->key.ip[!s];
    out->has_ports = f->key.kind == FLOW_KEY_PORTS;
    out->port[FLOW_SOURCE] = out->has_ports ? f->key.port[s] : 0;
    out->port[FLOW_DESTINATION] = out->has_ports ? f->key.port[!s] : 0;
    out->proto = f->key.proto;
    out->ip_version = f->ip_version;
    out->start = f->start;
}

uint64_t flow_ends_name(const struct flow *f)
{
    /* Not the table's seed: the id must be the same in every run. */
    static const struct hash_key key = {0x77656972666c6f77U, 0x6964656e74697479U};
    struct {
        struct flow_key key;
        ts_ns start;
        uint64_t generation;
    } name = {f->key, f->start, f->generation};
    return hash_bytes(key, &name, sizeof(name));
}

void flow_ends_id(const struct flow *f, char out[FLOW_ENDS_ID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < 16; i++)
        out[i] = digits[f->name >> (60 - 4 * i) & 15];
    out[16] = '\0';
}

const char *flow_ends_transport(uint8_t proto, char buf[FLOW_ENDS_TRANSPORT_SIZE])
{
    switch (proto) {
    case 1:
        return "icmp";
    case 2:
        return "igmp";
    case 6:
        return "tcp";
    case 17:
        return "udp";
    case 33:
        return "dccp";
    case 47:
        return "gre";
    case 50:
        return "esp";
    case 51:
        return "ah";
    case 58:
        return "ipv6-icmp";
    case 89:
        return "ospf";
    case 103:
        return "pim";
    case 112:
        return "vrrp";
    case 132:
        return "sctp";
    case 136:
        return "udplite";
    default:
        snprintf(buf, FLOW_ENDS_TRANSPORT_SIZE, "ip-%u", proto);
        return buf;
    }
}
