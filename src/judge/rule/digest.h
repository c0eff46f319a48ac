#ifndef RULE_DIGEST_H
#define RULE_DIGEST_H

/*
 * SHA-256 for lasting names: alert ids, and UUIDs that follow from what they name.
 *
 * Threads: any.
 */

#include "base/bytes.h"

#include <stddef.h>

#define RULE_HEX_SIZE 65
#define RULE_UUID_SIZE 37

/* The hexadecimal digest of n texts, one after the other without separators. */
void rule_digest_hex(const struct bytes *texts, size_t n, char out[RULE_HEX_SIZE]);

/* A UUID (version 8, RFC 9562) from the first 128 bits of the digest. */
void rule_digest_uuid(const void *p, size_t n, char out[RULE_UUID_SIZE]);

#endif
