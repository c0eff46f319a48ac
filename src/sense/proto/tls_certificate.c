/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tls_memo.h"
#include "proto/tls_priv.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509-ext.h>
#include <gnutls/x509.h>
#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <string.h>

#define NAME_SIZE 1024 /* of one alternative name, and of a part of a distinguished name */

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

static const char *keep(struct arena *a, const void *s, size_t n)
{
    const char *text = proto_tls_keep_text(a, s, n);
    return text != NULL ? text : "";
}

static const char *read_dn(gnutls_x509_crt_t crt, struct arena *a,
                           int (*get)(gnutls_x509_crt_t, gnutls_datum_t *, unsigned))
{
    gnutls_datum_t dn;
    if (get(crt, &dn, 0) != 0)
        return "";
    const char *text = keep(a, dn.data, dn.size);
    gnutls_free(dn.data);
    return text;
}

static const char *read_common_name(gnutls_x509_crt_t crt, struct arena *a,
                                    int (*get)(gnutls_x509_crt_t, const char *, unsigned, unsigned,
                                               void *, size_t *))
{
    char text[NAME_SIZE];
    size_t n = sizeof(text);
    return get(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, text, &n) == 0 ? keep(a, text, n) : "";
}

static const char *read_serial(gnutls_x509_crt_t crt, struct arena *a)
{
    uint8_t raw[128];
    char text[2 * sizeof(raw) + 1];
    size_t n = sizeof(raw);
    if (gnutls_x509_crt_get_serial(crt, raw, &n) != 0)
        return "";
    proto_tls_hex(raw, n, "0123456789ABCDEF", text);
    return keep(a, text, 2 * n);
}

/* An alternative name as text, or NULL for kinds that have none. */
static const char *name_text(struct arena *a, unsigned kind, const gnutls_datum_t *raw)
{
    if (raw->size > NAME_SIZE)
        return NULL;
    if (kind == GNUTLS_SAN_DNSNAME || kind == GNUTLS_SAN_RFC822NAME || kind == GNUTLS_SAN_URI)
        return proto_tls_keep_text(a, raw->data, raw->size);
    if (kind == GNUTLS_SAN_IPADDRESS && (raw->size == 4 || raw->size == 16)) {
        char text[IP_TEXT_SIZE];
        struct ip ip = raw->size == 4 ? ip_from_v4(raw->data) : ip_from_v6(raw->data);
        return arena_strndup(a, text, ip_format(&ip, text));
    }
    return NULL;
}

static void keep_names(gnutls_subject_alt_names_t all, struct arena *a,
                       struct proto_tls_certificate *out)
{
    const char **names = arena_alloc(a, PROTO_TLS_NAMES_MAX * sizeof(names[0]));
    if (names == NULL)
        return;
    for (unsigned i = 0; out->name_n < PROTO_TLS_NAMES_MAX; i++) {
        unsigned kind;
        gnutls_datum_t raw;
        if (gnutls_subject_alt_names_get(all, i, &kind, &raw, NULL) != 0)
            break;
        const char *text = name_text(a, kind, &raw);
        if (text != NULL)
            names[out->name_n++] = text;
    }
    out->names = names;
}

/* The extension is taken apart once: GnuTLS's simpler function does so for each name anew. */
static void read_names(gnutls_x509_crt_t crt, struct arena *a, struct proto_tls_certificate *out)
{
    gnutls_datum_t extension;
    gnutls_subject_alt_names_t all;
    if (gnutls_x509_crt_get_extension_by_oid2(crt, GNUTLS_X509EXT_OID_SAN, 0, &extension, NULL) !=
        0)
        return;
    if (gnutls_subject_alt_names_init(&all) == 0) {
        if (gnutls_x509_ext_import_subject_alt_names(&extension, all, 0) == 0)
            keep_names(all, a, out);
        gnutls_subject_alt_names_deinit(all);
    }
    gnutls_free(extension.data);
}

static ts_ns to_ns(time_t t)
{
    return t == (time_t)-1 || t > TIME_MAX / TIME_S || t < -(TIME_MAX / TIME_S) ? TIME_NONE
                                                                                : (ts_ns)t * TIME_S;
}

static void read_certificate(struct arena *a, struct proto_tls_certificate *out)
{
    gnutls_x509_crt_t crt;
    if (gnutls_x509_crt_init(&crt) != 0)
        return;
    gnutls_datum_t der = {(unsigned char *)(uintptr_t)out->der.p, (unsigned)out->der.n};
    if (gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER) == 0) {
        out->subject = read_dn(crt, a, gnutls_x509_crt_get_dn3);
        out->issuer = read_dn(crt, a, gnutls_x509_crt_get_issuer_dn3);
        out->common_name = read_common_name(crt, a, gnutls_x509_crt_get_dn_by_oid);
        out->issuer_common_name = read_common_name(crt, a, gnutls_x509_crt_get_issuer_dn_by_oid);
        out->serial = read_serial(crt, a);
        read_names(crt, a, out);
        out->not_before = to_ns(gnutls_x509_crt_get_activation_time(crt));
        out->not_after = to_ns(gnutls_x509_crt_get_expiration_time(crt));
        unsigned bits = 0;
        int algorithm = gnutls_x509_crt_get_pk_algorithm(crt, &bits);
        const char *name =
            algorithm >= 0 ? gnutls_pk_get_name((gnutls_pk_algorithm_t)algorithm) : NULL;
        out->public_key_algorithm = name != NULL ? name : "";
        out->public_key_bits = bits;
        algorithm = gnutls_x509_crt_get_signature_algorithm(crt);
        name = algorithm >= 0 ? gnutls_sign_get_name((gnutls_sign_algorithm_t)algorithm) : NULL;
        out->signature_algorithm = name != NULL ? name : "";
        int version = gnutls_x509_crt_get_version(crt);
        out->version = version > 0 ? (uint32_t)version : 0;
    }
    gnutls_x509_crt_deinit(crt);
}

bool proto_tls_read_certificates(struct arena *a, struct proto_tls_memo *memo, struct bytes body,
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
        chain[n] = (struct proto_tls_certificate){.subject = "",
                                                  .issuer = "",
                                                  .common_name = "",
                                                  .issuer_common_name = "",
                                                  .serial = "",
                                                  .public_key_algorithm = "",
                                                  .signature_algorithm = "",
                                                  .not_before = TIME_NONE,
                                                  .not_after = TIME_NONE,
                                                  .der = bytes_make(copy, der.n)};
        digest_sha256(der, &chain[n].hash);
        if (n == 0 &&
            (memo == NULL || !proto_tls_memo_find(memo, chain[0].hash.sha256, a, &chain[0]))) {
            digest_old(der, &chain[0].hash);
            read_certificate(a, &chain[0]);
            if (memo != NULL)
                proto_tls_memo_keep(memo, &chain[0]);
        }
        n++;
    }
    *out = chain;
    *out_n = n;
    return cursor_ok(&list);
}
