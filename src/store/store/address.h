#ifndef STORE_ADDRESS_H
#define STORE_ADDRESS_H

/*
 * Addresses as texts that sort as addresses do: the 32 digits of their 128 bits.
 *
 * The worker knows addresses as texts, whose order is another (function weir_address).
 *
 * Threads: any.
 */

#include "base/ip.h"

#include <stdbool.h>
#include <stddef.h>

#define STORE_ADDRESS_DIGITS 32

void store_address_write(const struct ip *ip, char out[STORE_ADDRESS_DIGITS + 1]);
/* False: it is none. */
bool store_address_read(const char *s, size_t n, struct ip *out);

#endif
