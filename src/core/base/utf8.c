/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

/* Length of the valid sequence at s, 0 when there is none. */
static size_t sequence(const unsigned char *s, size_t n)
{
    unsigned c = s[0];
    if (c < 0x80)
        return c != 0;
    size_t len = c >= 0xc2 && c <= 0xdf   ? 2
                 : (c & 0xf0) == 0xe0     ? 3
                 : c >= 0xf0 && c <= 0xf4 ? 4
                                          : 0;
    if (len == 0 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f) || (c == 0xf0 && s[1] < 0x90) ||
        (c == 0xf4 && s[1] > 0x8f))
        return 0;
    return len;
}

/* How many leading bytes are ASCII without NUL, eight at a time. */
static size_t plain(const char *s, size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t w;
        memcpy(&w, s + i, 8);
        uint64_t zero = (w - 0x0101010101010101U) & ~w;
        if (((w | zero) & 0x8080808080808080U) != 0)
            break;
    }
    return i;
}

bool utf8_valid(const char *s, size_t n)
{
    size_t i = plain(s, n);
    while (i < n) {
        size_t len = sequence((const unsigned char *)s + i, n - i);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

size_t utf8_escape(const char *s, size_t n, char *out, size_t *out_bad)
{
    static const char hex[] = "0123456789abcdef";
    size_t bad = 0;
    size_t to = 0;
    for (size_t i = 0; i < n;) {
        size_t len = sequence((const unsigned char *)s + i, n - i);
        if (len > 0) {
            memcpy(out + to, s + i, len);
            to += len;
            i += len;
            continue;
        }
        unsigned c = (unsigned char)s[i++];
        out[to++] = '\\';
        out[to++] = 'x';
        out[to++] = hex[c >> 4];
        out[to++] = hex[c & 15];
        bad++;
    }
    out[to] = '\0';
    if (out_bad != NULL)
        *out_bad = bad;
    return to;
}
