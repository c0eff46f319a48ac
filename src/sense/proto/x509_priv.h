#ifndef PROTO_X509_PRIV_H
#define PROTO_X509_PRIV_H

/*
 * What the files about certificates share: DER's elements, distinguished names, object identifiers.
 *
 * Threads: any; no state.
 */

#include "base/arena.h"
#include "base/bytes.h"

/* Tags of DER elements. */
#define X509_INTEGER 0x02
#define X509_BIT_STRING 0x03
#define X509_OCTET_STRING 0x04
#define X509_OID 0x06
#define X509_UTF8_STRING 0x0c
#define X509_NUMERIC_STRING 0x12
#define X509_PRINTABLE_STRING 0x13
#define X509_TELETEX_STRING 0x14
#define X509_IA5_STRING 0x16
#define X509_UTC_TIME 0x17
#define X509_GENERAL_TIME 0x18
#define X509_VISIBLE_STRING 0x1a
#define X509_UNIVERSAL_STRING 0x1c
#define X509_BMP_STRING 0x1e
#define X509_SEQUENCE 0x30
#define X509_SET 0x31
#define X509_NAME_MAIL 0x81
#define X509_NAME_DNS 0x82
#define X509_NAME_URI 0x86
#define X509_NAME_IP 0x87
#define X509_VERSION 0xa0
#define X509_EXTENSIONS 0xa3

/* The next element; false at the end, and with *c failed when it does not fit. */
bool proto_x509_next(struct cursor *c, uint8_t *out_tag, struct cursor *out_body);
/* The next element, which must be of this kind. */
bool proto_x509_enter(struct cursor *c, uint8_t tag, struct cursor *out_body);

/*
 * A distinguished name as text, and the first common name in it ("" when there is none). False when
 * the next element is no name or memory is short.
 */
bool proto_x509_read_name(struct cursor *c, struct arena *arena, const char **out_text,
                          const char **out_common_name);

enum x509_key { X509_KEY_OTHER, X509_KEY_RSA, X509_KEY_DSA, X509_KEY_EC };

struct x509_oid {
    uint8_t n;
    uint8_t id[11];
    const char *name;
    uint16_t bits; /* of keys and curves whose size is fixed */
    uint8_t kind;  /* enum x509_key */
};

/* NULL for those that have no name here. */
const struct x509_oid *proto_x509_attribute(struct bytes id);
const struct x509_oid *proto_x509_key(struct bytes id);
const struct x509_oid *proto_x509_curve(struct bytes id);
const struct x509_oid *proto_x509_signature(struct bytes id);
/* "1.2.840.113549"; "" when it is none or memory is short. */
const char *proto_x509_dotted(struct bytes id, struct arena *arena);

#endif
