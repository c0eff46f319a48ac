/* SPDX-License-Identifier: Apache-2.0 */
#include "store/address.h"

static const char digits[] = "0123456789abcdef";

void store_address_write(const struct ip *ip, char out[STORE_ADDRESS_DIGITS + 1])
{
    for (size_t i = 0; i < sizeof(ip->b); i++) {
        out[2 * i] = digits[ip->b[i] >> 4];
        out[2 * i + 1] = digits[ip->b[i] & 15];
    }
    out[STORE_ADDRESS_DIGITS] = '\0';
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool store_address_read(const char *s, size_t n, struct ip *out)
{
    struct ip ip;
    if (n != STORE_ADDRESS_DIGITS)
        return false;
    for (size_t i = 0; i < sizeof(ip.b); i++) {
        int high = digit_of(s[2 * i]);
        int low = digit_of(s[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ip.b[i] = (uint8_t)(high << 4 | low);
    }
    *out = ip;
    return true;
}
