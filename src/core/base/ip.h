#ifndef BASE_IP_H
#define BASE_IP_H

/*
 * IP addresses of both versions in one form.
 *
 * IPv4 addresses are kept mapped into IPv6 (::ffff:a.b.c.d), so that comparing, hashing and prefix
 * tests know one form only. Text is RFC 5952 for IPv6 and dotted quads for IPv4.
 *
 * Threads: any.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ip {
    uint8_t b[16];
};

struct ip_net {
    struct ip base;
    unsigned bits; /* 0 to 128, counted on the 16-byte form: an IPv4 /8 is 104 */
};

#define IP_TEXT_SIZE 46

static inline struct ip ip_from_v4(const uint8_t v4[4])
{
    struct ip a = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, v4[0], v4[1], v4[2], v4[3]}};
    return a;
}

static inline struct ip ip_from_v6(const uint8_t v6[16])
{
    struct ip a;
    memcpy(a.b, v6, 16);
    return a;
}

static inline bool ip_is_v4(const struct ip *a)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return memcmp(a->b, mapped, 12) == 0;
}

static inline bool ip_equal(const struct ip *a, const struct ip *b)
{
    return memcmp(a->b, b->b, 16) == 0;
}

/* All n bytes must be one address. */
bool ip_parse(const char *s, size_t n, struct ip *out);
/* Length of the text, which is NUL-terminated. */
size_t ip_format(const struct ip *a, char out[IP_TEXT_SIZE]);

/* "10.0.0.0/8", "fe80::/10", or a single address. Host bits are cleared. */
bool ip_parse_net(const char *s, size_t n, struct ip_net *out);
bool ip_in_net(const struct ip *a, const struct ip_net *net);

/* Private (RFC 1918, RFC 4193), loopback, or link-local: the home networks when none are named. */
bool ip_is_private(const struct ip *a);
bool ip_is_multicast(const struct ip *a);
/* 255.255.255.255 only: the broadcast address of a net is not known here. */
bool ip_is_broadcast(const struct ip *a);
bool ip_is_loopback(const struct ip *a);
bool ip_is_unspecified(const struct ip *a);
/* Not to be found in the public Internet: private, shared, documentation, reserved, multicast … */
bool ip_is_reserved(const struct ip *a);

#endif
