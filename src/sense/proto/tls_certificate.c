/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tls_priv.h"

#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <string.h>

#define HEX "0123456789abcdef"

static void digest_sha256(struct bytes der, struct proto_tls_digest *out)
{
    uint8_t raw[SHA256_DIGEST_SIZE];
    struct sha256_ctx sha256;
    sha256_init(&sha256);
    sha256_update(&sha256, der.n, der.p);
    sha256_digest(&sha256, sizeof(raw), raw);
    proto_tls_hex(raw, sizeof(raw), HEX, out->sha256);
}

static void digest_old(struct bytes der, struct proto_tls_digest *out)
{
    uint8_t raw[SHA1_DIGEST_SIZE];
    struct md5_ctx md5;
    struct sha1_ctx sha1;
    md5_init(&md5);
    md5_update(&md5, der.n, der.p);
    md5_digest(&md5, MD5_DIGEST_SIZE, raw);
    proto_tls_hex(raw, MD5_DIGEST_SIZE, HEX, out->md5);
    sha1_init(&sha1);
    sha1_update(&sha1, der.n, der.p);
    sha1_digest(&sha1, sizeof(raw), raw);
    proto_tls_hex(raw, sizeof(raw), HEX, out->sha1);
}

bool proto_tls_read_certificates(struct arena *a, struct bytes body,
                                 const struct proto_tls_certificate **out, size_t *out_n)
{
    struct cursor c = cursor_of(body);
    struct cursor list = cursor_sub(&c, cursor_be24(&c));
    struct proto_tls_certificate *chain = NULL;
    size_t n = 0;
    while (cursor_ok(&list) && list.left > 0 && n < PROTO_TLS_CERTIFICATES_MAX) {
        struct bytes der = cursor_take(&list, cursor_be24(&list));
        if (!cursor_ok(&list) || der.n == 0)
            break;
        if (chain == NULL)
            chain = arena_alloc(a, PROTO_TLS_CERTIFICATES_MAX * sizeof(*chain));
        const uint8_t *copy = chain != NULL ? arena_copy(a, der.p, der.n) : NULL;
        if (copy == NULL)
            return false;
        if (n > 0 || !proto_x509_read(der, a, &chain[0])) /* what cannot be read has digests too */
            proto_x509_clear(&chain[n]);
        chain[n].der = bytes_make(copy, der.n);
        digest_sha256(der, &chain[n].hash);
        if (n == 0)
            digest_old(der, &chain[0].hash);
        n++;
    }
    *out = chain;
    *out_n = n;
    return cursor_ok(&list);
}
