/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ip.h"
#include "http/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 512

/* Of all names this one is known without asking anybody (RFC 6761); IPv6 may be missing here. */
static bool read_host(const char *text, size_t n, struct ip *out)
{
    static const char name[] = "localhost";
    static const uint8_t loopback[4] = {127, 0, 0, 1};
    if (n != sizeof(name) - 1 || strncasecmp(text, name, n) != 0)
        return ip_parse(text, n, out);
    *out = ip_from_v4(loopback);
    return true;
}

/* "127.0.0.1:9280", "[::1]:9280" or "localhost:9280". */
static bool read_address(const char *text, struct ip *out_ip, uint16_t *out_port)
{
    const char *colon = strrchr(text, ':');
    char *end;
    if (colon == NULL || colon[1] < '0' || colon[1] > '9')
        return false;
    unsigned long port = strtoul(colon + 1, &end, 10);
    size_t n = (size_t)(colon - text);
    bool brackets = n >= 2 && text[0] == '[' && text[n - 1] == ']';
    if (*end != '\0' || port > UINT16_MAX ||
        !read_host(text + brackets, n - 2 * (size_t)brackets, out_ip) ||
        brackets == ip_is_v4(out_ip))
        return false;
    *out_port = (uint16_t)port;
    return true;
}

static int bind_to(int fd, const struct ip *ip, uint16_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memcpy(&v4.sin_addr, ip->b + 12, 4);
    memcpy(&v6.sin6_addr, ip->b, 16);
    return ip_is_v4(ip) ? bind(fd, (const struct sockaddr *)&v4, sizeof(v4))
                        : bind(fd, (const struct sockaddr *)&v6, sizeof(v6));
}

static enum err failure(const char *address, int errnum, struct err_text *why)
{
    switch (errnum) {
    case EADDRINUSE:
        return err_set(why, ERR_BUSY, "%s: something listens there already", address);
    case EACCES:
    case EPERM:
        return err_set(why, ERR_DENIED, "%s: the system does not allow to listen there", address);
    case EADDRNOTAVAIL:
        return err_set(why, ERR_INVALID, "%s: expected an address of this machine", address);
    default:
        return err_set(why, ERR_IO, "%s: %s", address, strerror(errnum));
    }
}

enum err http_server_listen(const char *address, int *out_fd, struct err_text *why)
{
    struct ip ip;
    uint16_t port;
    const int one = 1;
    if (!read_address(address, &ip, &port))
        return err_set(why, ERR_INVALID,
                       "%s: expected an address and a port, as 127.0.0.1:9280, [::1]:9280 or "
                       "localhost:9280; other names are not looked up",
                       address);
    int fd =
        socket(ip_is_v4(&ip) ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return failure(address, errno, why);
    /* A restart must not wait for the connections of its predecessor. */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind_to(fd, &ip, port) != 0 || listen(fd, BACKLOG) != 0) {
        enum err rc = failure(address, errno, why);
        close(fd);
        return rc;
    }
    *out_fd = fd;
    return ERR_NONE;
}
