/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/community.h"

#include <nettle/base64.h>
#include <nettle/sha1.h>
#include <stdbool.h>
#include <string.h>

enum {
    PROTO_ICMP = 1,
    PROTO_TCP = 6,
    PROTO_UDP = 17,
    PROTO_ICMP6 = 58,
    PROTO_SCTP = 132,
};

/* Types that answer each other. */
static const uint8_t icmp_pairs[][2] = {{8, 0}, {10, 9}, {13, 14}, {15, 16}, {17, 18}};
static const uint8_t icmp6_pairs[][2] = {{128, 129}, {130, 131}, {133, 134},
                                         {135, 136}, {139, 140}, {144, 145}};

/* The type on the other side, or -1 when the type stands alone. */
static int answer(const uint8_t (*pairs)[2], size_t n, uint16_t type)
{
    for (size_t i = 0; i < n; i++) {
        if (pairs[i][0] == type)
            return pairs[i][1];
        if (pairs[i][1] == type)
            return pairs[i][0];
    }
    return -1;
}

static size_t add(uint8_t *out, const void *p, size_t n)
{
    memcpy(out, p, n);
    return n;
}

size_t enrich_community_id(const struct enrich_community *c, char out[ENRICH_COMMUNITY_SIZE])
{
    uint16_t sport = c->source_port, dport = c->destination_port;
    bool one_way = false, ports = true;
    bool v4 = ip_is_v4(&c->source);
    int other;
    if (v4 != ip_is_v4(&c->destination))
        return 0;
    switch (c->protocol) {
    case PROTO_ICMP:
    case PROTO_ICMP6:
        other = c->protocol == PROTO_ICMP
                    ? answer(icmp_pairs, sizeof icmp_pairs / sizeof *icmp_pairs, sport)
                    : answer(icmp6_pairs, sizeof icmp6_pairs / sizeof *icmp6_pairs, sport);
        one_way = other < 0;
        if (!one_way)
            dport = (uint16_t)other;
        break;
    case PROTO_TCP:
    case PROTO_UDP:
    case PROTO_SCTP:
        break;
    default:
        ports = false;
        sport = dport = 0;
    }
    int order = memcmp(c->source.b, c->destination.b, sizeof c->source.b);
    bool swap = !one_way && (order > 0 || (order == 0 && sport > dport));
    const struct ip *first = swap ? &c->destination : &c->source;
    const struct ip *second = swap ? &c->source : &c->destination;
    if (swap) {
        uint16_t port = sport;
        sport = dport;
        dport = port;
    }
    uint8_t bytes[2 + 16 + 16 + 2 + 4] = {0}; /* begins with the seed, 0 */
    size_t n = 2, from = v4 ? 12 : 0;
    n += add(bytes + n, first->b + from, 16 - from);
    n += add(bytes + n, second->b + from, 16 - from);
    bytes[n++] = c->protocol;
    bytes[n++] = 0;
    if (ports) {
        uint8_t be[4] = {(uint8_t)(sport >> 8), (uint8_t)sport, (uint8_t)(dport >> 8),
                         (uint8_t)dport};
        n += add(bytes + n, be, sizeof be);
    }
    uint8_t digest[SHA1_DIGEST_SIZE];
    struct sha1_ctx sha;
    sha1_init(&sha);
    sha1_update(&sha, n, bytes);
    sha1_digest(&sha, sizeof digest, digest);
    out[0] = '1';
    out[1] = ':';
    base64_encode_raw(out + 2, sizeof digest, digest);
    size_t len = 2 + BASE64_ENCODE_RAW_LENGTH(SHA1_DIGEST_SIZE);
    out[len] = '\0';
    return len;
}
