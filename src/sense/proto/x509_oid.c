/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/x509_priv.h"

#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define X520(last)                                                                                 \
    3,                                                                                             \
    {                                                                                              \
        0x55, 0x04, last                                                                           \
    }

/* Names of attributes as OpenSSL writes them, and with it Zeek. */
static const struct x509_oid attributes[] = {
    {X520(3), "CN", 0, 0},
    {X520(4), "SN", 0, 0},
    {X520(5), "serialNumber", 0, 0},
    {X520(6), "C", 0, 0},
    {X520(7), "L", 0, 0},
    {X520(8), "ST", 0, 0},
    {X520(9), "street", 0, 0},
    {X520(10), "O", 0, 0},
    {X520(11), "OU", 0, 0},
    {X520(12), "title", 0, 0},
    {X520(13), "description", 0, 0},
    {X520(15), "businessCategory", 0, 0},
    {X520(17), "postalCode", 0, 0},
    {X520(41), "name", 0, 0},
    {X520(42), "GN", 0, 0},
    {X520(43), "initials", 0, 0},
    {X520(44), "generationQualifier", 0, 0},
    {X520(46), "dnQualifier", 0, 0},
    {X520(65), "pseudonym", 0, 0},
    {X520(97), "organizationIdentifier", 0, 0},
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1}, "emailAddress", 0, 0},
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 2}, "unstructuredName", 0, 0},
    {10, {0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1}, "UID", 0, 0},
    {10, {0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25}, "DC", 0, 0},
    {11, {0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x3c, 2, 1, 1}, "jurisdictionL", 0, 0},
    {11, {0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x3c, 2, 1, 2}, "jurisdictionST", 0, 0},
    {11, {0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x3c, 2, 1, 3}, "jurisdictionC", 0, 0},
};

/* Names of keys and signatures as Go writes them, and with it Packetbeat. */
static const struct x509_oid keys[] = {
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1}, "RSA", 0, X509_KEY_RSA},
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10}, "RSA-PSS", 0, X509_KEY_RSA},
    {7, {0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1}, "ECDSA", 0, X509_KEY_EC},
    {7, {0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1}, "DSA", 0, X509_KEY_DSA},
    {3, {0x2b, 0x65, 0x6e}, "X25519", 256, X509_KEY_OTHER},
    {3, {0x2b, 0x65, 0x6f}, "X448", 448, X509_KEY_OTHER},
    {3, {0x2b, 0x65, 0x70}, "Ed25519", 256, X509_KEY_OTHER},
    {3, {0x2b, 0x65, 0x71}, "Ed448", 456, X509_KEY_OTHER},
};

static const struct x509_oid curves[] = {
    {8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1}, "P-192", 192, 0},
    {8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7}, "P-256", 256, 0},
    {5, {0x2b, 0x81, 4, 0, 33}, "P-224", 224, 0},
    {5, {0x2b, 0x81, 4, 0, 34}, "P-384", 384, 0},
    {5, {0x2b, 0x81, 4, 0, 35}, "P-521", 521, 0},
    {5, {0x2b, 0x81, 4, 0, 10}, "secp256k1", 256, 0},
    {9, {0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7}, "brainpoolP256r1", 256, 0},
    {9, {0x2b, 0x24, 3, 3, 2, 8, 1, 1, 11}, "brainpoolP384r1", 384, 0},
    {9, {0x2b, 0x24, 3, 3, 2, 8, 1, 1, 13}, "brainpoolP512r1", 512, 0},
    {8, {0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x82, 0x2d}, "SM2", 256, 0},
};

static const struct x509_oid signatures[] = {
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 2}, "MD2-RSA", 0, 0},
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4}, "MD5-RSA", 0, 0},
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5}, "SHA1-RSA", 0, 0},
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10}, "RSAPSS", 0, 0},
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11}, "SHA256-RSA", 0, 0},
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12}, "SHA384-RSA", 0, 0},
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13}, "SHA512-RSA", 0, 0},
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 14}, "SHA224-RSA", 0, 0},
    {5, {0x2b, 0x0e, 3, 2, 29}, "SHA1-RSA", 0, 0},
    {7, {0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3}, "DSA-SHA1", 0, 0},
    {9, {0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 2}, "DSA-SHA256", 0, 0},
    {7, {0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1}, "ECDSA-SHA1", 0, 0},
    {8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1}, "ECDSA-SHA224", 0, 0},
    {8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2}, "ECDSA-SHA256", 0, 0},
    {8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3}, "ECDSA-SHA384", 0, 0},
    {8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4}, "ECDSA-SHA512", 0, 0},
    {3, {0x2b, 0x65, 0x70}, "Ed25519", 0, 0},
    {3, {0x2b, 0x65, 0x71}, "Ed448", 0, 0},
};

static const struct x509_oid *find(const struct x509_oid *table, size_t n, struct bytes id)
{
    for (size_t i = 0; i < n; i++)
        if (table[i].n == id.n && memcmp(table[i].id, id.p, id.n) == 0)
            return &table[i];
    return NULL;
}

const struct x509_oid *proto_x509_attribute(struct bytes id)
{
    return find(attributes, COUNT(attributes), id);
}

const struct x509_oid *proto_x509_key(struct bytes id)
{
    return find(keys, COUNT(keys), id);
}

const struct x509_oid *proto_x509_curve(struct bytes id)
{
    return find(curves, COUNT(curves), id);
}

const struct x509_oid *proto_x509_signature(struct bytes id)
{
    return find(signatures, COUNT(signatures), id);
}

const char *proto_x509_dotted(struct bytes id, struct arena *arena)
{
    char text[160];
    size_t n = 0;
    uint64_t v = 0;
    for (size_t i = 0; i < id.n; i++) {
        if (v >> 56 != 0)
            return "";
        v = v << 7 | (id.p[i] & 0x7f);
        if (id.p[i] & 0x80)
            continue;
        if (n > sizeof(text) - 24) /* longer than anybody's */
            return "";
        if (n == 0) { /* the first two parts share a number */
            unsigned first = v < 40 ? 0 : v < 80 ? 1 : 2;
            n += (size_t)snprintf(text, sizeof(text), "%u.%llu", first,
                                  (unsigned long long)(v - first * 40));
        } else {
            n += (size_t)snprintf(text + n, sizeof(text) - n, ".%llu", (unsigned long long)v);
        }
        v = 0;
    }
    const char *kept = arena_strndup(arena, text, n);
    return kept != NULL ? kept : "";
}
