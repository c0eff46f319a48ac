#ifndef PROTO_X509_H
#define PROTO_X509_H

/*
 * X.509 certificates: DER bytes to a struct with text.
 *
 * Reads what describes a certificate (RFC 5280): names, numbers, times, keys. Nothing is verified:
 * a certificate on the wire is what somebody sent. Bytes are walked once through the cursor;
 * docs/decisions/0022-own-certificate-reader.md says why this is ours.
 *
 * Ownership: text lives in the arena that was given, or is constant.
 * Threads:   any; no state.
 */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTO_X509_NAMES_MAX 64 /* alternative names kept */

struct proto_tls_digest {
    char md5[33]; /* hex, lower case */
    char sha1[41];
    char sha256[65];
};

/* Text is valid UTF-8 and never NULL: "" when it is not there. */
struct proto_tls_certificate {
    const char *subject; /* as RFC 4514: "CN=example.org,O=Example,C=NO" */
    const char *issuer;
    const char *common_name; /* of the subject */
    const char *issuer_common_name;
    const char *serial;       /* hex, upper case, without a leading sign byte */
    const char *const *names; /* DNS names, addresses, mail addresses and URIs */
    size_t name_n;
    ts_ns not_before; /* TIME_NONE when not readable */
    ts_ns not_after;
    const char *public_key_algorithm; /* "RSA", "ECDSA", "Ed25519", …, or a dotted number */
    const char *public_key_curve;     /* "P-256", … */
    const char *signature_algorithm;  /* "SHA256-RSA", "ECDSA-SHA256", …, or a dotted number */
    uint64_t public_key_exponent;     /* RSA; 0 when there is none or it is larger */
    uint32_t public_key_bits;         /* 0 when not known */
    uint32_t version;                 /* 1 to 3; 0 when not readable */
    struct proto_tls_digest hash;     /* of the whole certificate; set by whoever received it */
    struct bytes der;                 /* likewise */
};

/* *out with nothing in it; hash and der too. */
void proto_x509_clear(struct proto_tls_certificate *out);

/*
 * Clears *out, hash and der too, and fills it. False, with nothing in it, when this is no
 * certificate or memory is short.
 */
bool proto_x509_read(struct bytes der, struct arena *arena, struct proto_tls_certificate *out);

#endif
