/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ip.h"

#include <arpa/inet.h>
#include <stdio.h>

/* A dotted quad, nothing else; no leading zeros beyond a single 0. */
static bool parse_v4(const char *s, size_t n, uint8_t out[4])
{
    size_t i = 0;
    for (int part = 0; part < 4; part++) {
        unsigned v = 0;
        size_t start = i;
        while (i < n && s[i] >= '0' && s[i] <= '9' && i - start < 3)
            v = v * 10 + (unsigned)(s[i++] - '0');
        if (i == start || v > 255 || (i - start > 1 && s[start] == '0'))
            return false;
        out[part] = (uint8_t)v;
        if (part < 3 && (i == n || s[i++] != '.'))
            return false;
    }
    return i == n;
}

bool ip_parse(const char *s, size_t n, struct ip *out)
{
    uint8_t v4[4];
    if (parse_v4(s, n, v4)) {
        *out = ip_from_v4(v4);
        return true;
    }
    char text[IP_TEXT_SIZE];
    struct in6_addr v6;
    if (n == 0 || n >= sizeof(text))
        return false;
    memcpy(text, s, n);
    text[n] = '\0';
    if (inet_pton(AF_INET6, text, &v6) != 1)
        return false;
    memcpy(out->b, v6.s6_addr, 16);
    return true;
}

static char *put_octet(char *p, unsigned v)
{
    if (v >= 100)
        *p++ = (char)('0' + v / 100);
    if (v >= 10)
        *p++ = (char)('0' + v / 10 % 10);
    *p++ = (char)('0' + v % 10);
    return p;
}

static size_t format_v6(const struct ip *a, char *out)
{
    uint16_t group[8];
    int best = -1, best_len = 1; /* a single zero group is not shortened */
    for (int i = 0; i < 8; i++)
        group[i] = (uint16_t)((unsigned)a->b[2 * i] << 8 | a->b[2 * i + 1]);
    for (int i = 0; i < 8; i++) {
        int len = 0;
        while (i + len < 8 && group[i + len] == 0)
            len++;
        if (len > best_len) {
            best = i;
            best_len = len;
        }
        i += len > 0 ? len - 1 : 0;
    }
    char *p = out;
    for (int i = 0; i < 8; i++) {
        if (i == best) {
            *p++ = ':';
            if (i + best_len == 8)
                *p++ = ':';
            i += best_len - 1;
            continue;
        }
        if (i > 0)
            *p++ = ':';
        p += snprintf(p, 5, "%x", group[i]);
    }
    *p = '\0';
    return (size_t)(p - out);
}

size_t ip_format(const struct ip *a, char out[IP_TEXT_SIZE])
{
    if (!ip_is_v4(a))
        return format_v6(a, out);
    char *p = out;
    for (int i = 12; i < 16; i++) {
        p = put_octet(p, a->b[i]);
        *p++ = '.';
    }
    *--p = '\0';
    return (size_t)(p - out);
}

bool ip_parse_net(const char *s, size_t n, struct ip_net *out)
{
    const char *slash = memchr(s, '/', n);
    struct ip_net net;
    size_t len = slash != NULL ? (size_t)(slash - s) : n;
    if (!ip_parse(s, len, &net.base))
        return false;
    bool v4 = ip_is_v4(&net.base) && memchr(s, ':', len) == NULL;
    net.bits = 128;
    if (slash != NULL) {
        unsigned bits = 0;
        size_t digits = n - len - 1;
        for (size_t i = len + 1; i < n; i++) {
            if (s[i] < '0' || s[i] > '9')
                return false;
            bits = bits * 10 + (unsigned)(s[i] - '0');
        }
        if (digits == 0 || digits > 3 || bits > (v4 ? 32U : 128U))
            return false;
        net.bits = v4 ? bits + 96 : bits;
    }
    for (unsigned i = 0; i < 16; i++) {
        unsigned keep = net.bits > 8 * i ? net.bits - 8 * i : 0;
        if (keep < 8)
            net.base.b[i] &= (uint8_t)(0xff00 >> keep);
    }
    *out = net;
    return true;
}

bool ip_in_net(const struct ip *a, const struct ip_net *net)
{
    unsigned whole = net->bits / 8;
    unsigned rest = net->bits % 8;
    if (memcmp(a->b, net->base.b, whole) != 0)
        return false;
    if (rest == 0)
        return true;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return (a->b[whole] & mask) == net->base.b[whole];
}

struct v4_net {
    uint32_t base;
    unsigned bits;
};

struct v6_net {
    uint8_t head[12]; /* the first bytes, as many as bits need */
    unsigned bits;
};

static uint32_t v4_of(const struct ip *a)
{
    return (uint32_t)a->b[12] << 24 | (uint32_t)a->b[13] << 16 | (uint32_t)a->b[14] << 8 | a->b[15];
}

static bool v4_in(uint32_t a, const struct v4_net *nets, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (((a ^ nets[i].base) & (uint32_t)(0xffffffffULL << (32 - nets[i].bits))) == 0)
            return true;
    return false;
}

static bool v6_in(const struct ip *a, const struct v6_net *nets, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct ip_net net = {.bits = nets[i].bits};
        memcpy(net.base.b, nets[i].head, sizeof(nets[i].head));
        if (ip_in_net(a, &net))
            return true;
    }
    return false;
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

bool ip_is_private(const struct ip *a)
{
    static const struct v4_net v4[] = {
        {0x0a000000, 8}, {0xac100000, 12}, {0xc0a80000, 16}, {0x7f000000, 8}, {0xa9fe0000, 16},
    };
    static const struct v6_net v6[] = {{{0xfc}, 7}, {{0xfe, 0x80}, 10}};
    return ip_is_v4(a) ? v4_in(v4_of(a), v4, COUNT(v4))
                       : v6_in(a, v6, COUNT(v6)) || ip_is_loopback(a);
}

bool ip_is_multicast(const struct ip *a)
{
    return ip_is_v4(a) ? (a->b[12] & 0xf0) == 0xe0 : a->b[0] == 0xff;
}

bool ip_is_broadcast(const struct ip *a)
{
    return ip_is_v4(a) && v4_of(a) == 0xffffffff;
}

bool ip_is_loopback(const struct ip *a)
{
    static const struct ip one = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
    return ip_is_v4(a) ? a->b[12] == 127 : ip_equal(a, &one);
}

bool ip_is_unspecified(const struct ip *a)
{
    static const struct ip zero;
    return ip_is_v4(a) ? v4_of(a) == 0 : ip_equal(a, &zero);
}

/* IANA's special-purpose registries, and what the exfiltration package leaves out besides. */
bool ip_is_reserved(const struct ip *a)
{
    static const struct v4_net v4[] = {
        {0x00000000, 8},  {0x64400000, 10}, {0xc0000000, 24}, {0xc0000200, 24},
        {0xc0586300, 24}, {0xc6120000, 15}, {0xc6336400, 24}, {0xcb007100, 24},
        {0xe0000000, 4},  {0xe9fc0000, 24}, {0xf0000000, 4},
    };
    static const struct v6_net v6[] = {
        {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48},
        {{0x01, 0x00}, 64},
        {{0x20, 0x01, 0x0d, 0xb8}, 32},
        {{0xff}, 8},
    };
    if (ip_is_private(a) || ip_is_unspecified(a))
        return true;
    return ip_is_v4(a) ? v4_in(v4_of(a), v4, COUNT(v4)) : v6_in(a, v6, COUNT(v6));
}
