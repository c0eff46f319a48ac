/* SPDX-License-Identifier: Apache-2.0 */
#include "notify/host.h"

#include "base/ip.h"

#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define NAME_MAX_BYTES 256

/* Without the brackets of an IPv6 address; false when it is too long for a name. */
static bool bare(const char *host, char out[NAME_MAX_BYTES])
{
    size_t n = strlen(host);
    bool six = n > 1 && host[0] == '[' && host[n - 1] == ']';
    n -= six ? 2 : 0;
    if (n >= NAME_MAX_BYTES)
        return false;
    memcpy(out, host + six, n);
    out[n] = '\0';
    return true;
}

bool notify_host_named(const struct notify_send_options *options, const char *host)
{
    char name[NAME_MAX_BYTES];
    if (!bare(host, name))
        return false;
    for (size_t i = 0; i < options->hosts_n; i++)
        if (strcasecmp(options->hosts[i], name) == 0)
            return true;
    return false;
}

bool notify_host_allowed(const struct notify_send_options *options, const char *host)
{
    size_t n = strlen(host);
    if (notify_host_named(options, host))
        return true;
    for (size_t i = 0; i < options->hosts_n; i++) {
        const char *allowed = options->hosts[i];
        size_t len = strlen(allowed);
        if (strcmp(allowed, "*") == 0)
            return true;
        if (len > 2 && allowed[0] == '*' && n > len - 1 &&
            strcasecmp(host + n - (len - 1), allowed + 1) == 0)
            return true;
    }
    return false;
}

static bool is_near(const struct ip *a)
{
    /* This net, the link (with the metadata services of most clouds), and those of clouds that put
     * them elsewhere: Azure, Alibaba, Oracle; AWS by IPv6. */
    static const char *const nets[] = {"0.0.0.0/8",     "169.254.0.0/16",  "fe80::/10",
                                       "168.63.129.16", "100.100.100.200", "192.0.0.192",
                                       "fd00:ec2::254"};
    /* IPv4 within IPv6: compatible, and by the well-known prefix of NAT64. */
    static const char *const carriers[] = {"::/96", "64:ff9b::/96"};
    struct ip_net net;
    if (ip_is_loopback(a) || ip_is_unspecified(a))
        return true;
    for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++)
        if (ip_parse_net(nets[i], strlen(nets[i]), &net) && ip_in_net(a, &net))
            return true;
    for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++)
        if (!ip_is_v4(a) && ip_parse_net(carriers[i], strlen(carriers[i]), &net) &&
            ip_in_net(a, &net)) {
            const struct ip inner = ip_from_v4(a->b + 12);
            return is_near(&inner);
        }
    return false;
}

bool notify_host_is_near(const struct sockaddr *address)
{
    struct ip a;
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        uint8_t b[4];
        memcpy(&in, address, sizeof(in));
        memcpy(b, &in.sin_addr, sizeof(b));
        a = ip_from_v4(b);
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, address, sizeof(in));
        a = ip_from_v6(in.sin6_addr.s6_addr);
    } else {
        return true;
    }
    return is_near(&a);
}

enum notify_outcome notify_host_refuse(const char *host, struct err_text *why)
{
    err_set(why, ERR_DENIED, "notify.hosts in the configuration does not allow to send to '%.200s'",
            host);
    return NOTIFY_REFUSED;
}

enum notify_outcome notify_host_refuse_near(const char *host, struct err_text *why)
{
    err_set(
        why, ERR_DENIED,
        "'%.200s' is this machine, the link or a cloud's metadata service: that is sent to only "
        "when notify.hosts in the configuration names it in full",
        host);
    return NOTIFY_REFUSED;
}
