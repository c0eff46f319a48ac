/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/digest.h"

#include <nettle/sha2.h>

static const char hex[] = "0123456789abcdef";

void rule_digest_hex(const struct bytes *texts, size_t n, char out[RULE_HEX_SIZE])
{
    struct sha256_ctx ctx;
    sha256_init(&ctx);
    for (size_t i = 0; i < n; i++)
        sha256_update(&ctx, texts[i].n, texts[i].p);
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(&ctx, sizeof(digest), digest);
    for (size_t i = 0; i < sizeof(digest); i++) {
        out[2 * i] = hex[digest[i] >> 4];
        out[2 * i + 1] = hex[digest[i] & 15];
    }
    out[2 * sizeof(digest)] = '\0';
}

void rule_digest_uuid(const void *p, size_t n, char out[RULE_UUID_SIZE])
{
    const struct bytes text = bytes_make(p, n);
    char digest[RULE_HEX_SIZE];
    rule_digest_hex(&text, 1, digest);
    digest[12] = '8';                              /* version */
    digest[16] = hex[8 + ((digest[16] & 15) % 4)]; /* variant: 8, 9, a or b */
    size_t to = 0;
    for (size_t i = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            out[to++] = '-';
        out[to++] = digest[i];
    }
    out[to] = '\0';
}
