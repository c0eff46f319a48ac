/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/direction.h"

static bool is_link_local(const struct ip *a)
{
    if (ip_is_v4(a))
        return a->b[12] == 169 && a->b[13] == 254;
    return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

bool enrich_direction_home(const struct enrich_home *h, const struct ip *a)
{
    if (ip_is_loopback(a) || is_link_local(a) || ip_is_multicast(a) || ip_is_broadcast(a) ||
        ip_is_unspecified(a))
        return true;
    if (h->n == 0)
        return ip_is_private(a);
    for (size_t i = 0; i < h->n; i++) {
        if (ip_in_net(a, &h->nets[i]))
            return true;
    }
    return false;
}

enum enrich_direction enrich_direction(bool source_home, bool destination_home)
{
    if (source_home)
        return destination_home ? ENRICH_INTERNAL : ENRICH_OUTBOUND;
    return destination_home ? ENRICH_INBOUND : ENRICH_EXTERNAL;
}

const char *enrich_direction_name(enum enrich_direction d)
{
    static const char *const names[] = {"internal", "outbound", "inbound", "external"};
    return names[d];
}
