/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/x509.h"

#include "proto/x509_priv.h"

#include "base/ip.h"
#include "base/utf8.h"

#include <string.h>

#define NAME_MAX_BYTES 1024 /* one alternative name */

bool proto_x509_next(struct cursor *c, uint8_t *out_tag, struct cursor *out_body)
{
    if (c->left == 0)
        return false;
    uint8_t tag = cursor_u8(c);
    size_t n = cursor_u8(c);
    if (n >= 0x80) {
        unsigned digits = n & 0x7f;
        if (digits == 0 || digits > 4) /* DER knows no indefinite length */
            c->failed = true;
        for (n = 0; digits > 0 && cursor_ok(c); digits--)
            n = n << 8 | cursor_u8(c);
    }
    struct cursor body = cursor_sub(c, n);
    if (!cursor_ok(c) || (tag & 0x1f) == 0x1f)
        return false;
    *out_tag = tag;
    *out_body = body;
    return true;
}

bool proto_x509_enter(struct cursor *c, uint8_t tag, struct cursor *out_body)
{
    uint8_t found;
    return proto_x509_next(c, &found, out_body) && found == tag;
}

static bool next_is(const struct cursor *c, uint8_t tag)
{
    return c->left > 0 && c->p[0] == tag;
}

static unsigned digit_at(const struct cursor *c, size_t i)
{
    return c->p[i] >= '0' && c->p[i] <= '9' ? (unsigned)(c->p[i] - '0') : 100;
}

/* UTCTime and GeneralizedTime as DER has them: to the second, and in UTC. */
static ts_ns read_time(struct cursor *c)
{
    uint8_t tag;
    struct cursor t;
    if (!proto_x509_next(c, &tag, &t) || (tag != X509_UTC_TIME && tag != X509_GENERAL_TIME))
        return TIME_NONE;
    size_t digits = tag == X509_UTC_TIME ? 12 : 14;
    if (t.left != digits + 1 || t.p[digits] != 'Z')
        return TIME_NONE;
    unsigned pair[7];
    for (size_t i = 0; i < digits / 2; i++) {
        pair[i] = digit_at(&t, 2 * i) * 10 + digit_at(&t, 2 * i + 1);
        if (pair[i] > 99)
            return TIME_NONE;
    }
    const unsigned *p = pair + digits / 2 - 5; /* from the month on */
    struct time_date d = {.month = p[0], .day = p[1], .hour = p[2], .minute = p[3], .second = p[4]};
    if (tag == X509_UTC_TIME)
        d.year = (int)(pair[0] + (pair[0] < 50 ? 2000 : 1900));
    else
        d.year = (int)(pair[0] * 100 + pair[1]);
    /* What ts_ns cannot hold ("never", the year 9999) is nearly the end of its time. */
    if (d.month < 1 || d.month > 12 || d.day < 1 || d.day > 31 || d.hour > 23 || d.minute > 59 ||
        d.second > 59 || d.year < 1700)
        return TIME_NONE;
    return d.year > 2261 ? TIME_MAX : time_join(&d);
}

static const char *read_serial(struct cursor *c, struct arena *arena)
{
    static const char digits[] = "0123456789ABCDEF";
    struct cursor n;
    if (!proto_x509_enter(c, X509_INTEGER, &n) || n.left == 0 || n.left > 64)
        return "";
    if (n.left > 1 && n.p[0] == 0)
        cursor_skip(&n, 1);
    char *text = arena_alloc(arena, 2 * n.left + 1);
    if (text == NULL)
        return "";
    size_t i = 0;
    while (n.left > 0) {
        uint8_t b = cursor_u8(&n);
        text[i++] = digits[b >> 4];
        text[i++] = digits[b & 15];
    }
    text[i] = '\0';
    return text;
}

static uint32_t integer_bits(struct cursor n)
{
    while (n.left > 0 && n.p[0] == 0)
        cursor_skip(&n, 1);
    if (n.left == 0 || n.left > 8192)
        return 0;
    return (uint32_t)(n.left * 8) - (uint32_t)(__builtin_clz(n.p[0]) - 24);
}

static uint64_t small_integer(struct cursor n)
{
    uint64_t v = 0;
    if (n.left > 8)
        return 0;
    while (n.left > 0)
        v = v << 8 | cursor_u8(&n);
    return v;
}

static void read_rsa_key(struct cursor key, struct proto_tls_certificate *out)
{
    struct cursor pair, modulus, exponent;
    if (!proto_x509_enter(&key, X509_SEQUENCE, &pair) ||
        !proto_x509_enter(&pair, X509_INTEGER, &modulus) ||
        !proto_x509_enter(&pair, X509_INTEGER, &exponent))
        return;
    out->public_key_bits = integer_bits(modulus);
    out->public_key_exponent = small_integer(exponent);
}

static void read_dsa_parameters(struct cursor parameters, struct proto_tls_certificate *out)
{
    struct cursor list, prime;
    if (proto_x509_enter(&parameters, X509_SEQUENCE, &list) &&
        proto_x509_enter(&list, X509_INTEGER, &prime))
        out->public_key_bits = integer_bits(prime);
}

static void read_curve(struct cursor parameters, struct arena *arena,
                       struct proto_tls_certificate *out)
{
    struct cursor id;
    if (!proto_x509_enter(&parameters, X509_OID, &id))
        return;
    const struct x509_oid *known = proto_x509_curve(cursor_rest(&id));
    out->public_key_curve =
        known != NULL ? known->name : proto_x509_dotted(cursor_rest(&id), arena);
    out->public_key_bits = known != NULL ? known->bits : 0;
}

/* The key of the subject: SEQUENCE { algorithm, BIT STRING }. */
static void read_key(struct cursor *c, struct arena *arena, struct proto_tls_certificate *out)
{
    struct cursor info, algorithm, id, bits;
    if (!proto_x509_enter(c, X509_SEQUENCE, &info) ||
        !proto_x509_enter(&info, X509_SEQUENCE, &algorithm) ||
        !proto_x509_enter(&algorithm, X509_OID, &id) ||
        !proto_x509_enter(&info, X509_BIT_STRING, &bits))
        return;
    const struct x509_oid *known = proto_x509_key(cursor_rest(&id));
    if (known == NULL) {
        out->public_key_algorithm = proto_x509_dotted(cursor_rest(&id), arena);
        return;
    }
    out->public_key_algorithm = known->name;
    out->public_key_bits = known->bits;
    cursor_skip(&bits, 1); /* how many bits of the last byte are unused: none */
    if (known->kind == X509_KEY_RSA)
        read_rsa_key(bits, out);
    else if (known->kind == X509_KEY_EC)
        read_curve(algorithm, arena, out);
    else if (known->kind == X509_KEY_DSA)
        read_dsa_parameters(algorithm, out);
}

static const char *read_signature(struct cursor *c, struct arena *arena)
{
    struct cursor algorithm, id;
    if (!proto_x509_enter(c, X509_SEQUENCE, &algorithm) ||
        !proto_x509_enter(&algorithm, X509_OID, &id))
        return "";
    const struct x509_oid *known = proto_x509_signature(cursor_rest(&id));
    return known != NULL ? known->name : proto_x509_dotted(cursor_rest(&id), arena);
}

/* An alternative name as text, or NULL for kinds that have none. */
static const char *name_text(uint8_t tag, struct cursor value, struct arena *arena)
{
    if (value.left > NAME_MAX_BYTES)
        return NULL;
    if (tag == X509_NAME_MAIL || tag == X509_NAME_DNS || tag == X509_NAME_URI) {
        char *text = arena_alloc(arena, utf8_escape_bound(value.left) + 1);
        if (text != NULL)
            utf8_escape((const char *)value.p, value.left, text, NULL);
        return text;
    }
    if (tag == X509_NAME_IP && (value.left == 4 || value.left == 16)) {
        char text[IP_TEXT_SIZE];
        struct ip ip = value.left == 4 ? ip_from_v4(value.p) : ip_from_v6(value.p);
        return arena_strndup(arena, text, ip_format(&ip, text));
    }
    return NULL;
}

static void read_names(struct cursor value, struct arena *arena, struct proto_tls_certificate *out)
{
    struct cursor list, name;
    uint8_t tag;
    if (out->names != NULL || !proto_x509_enter(&value, X509_SEQUENCE, &list))
        return;
    /* A name takes at least two bytes. */
    size_t room = list.left / 2 < PROTO_X509_NAMES_MAX ? list.left / 2 : PROTO_X509_NAMES_MAX;
    const char **names = room > 0 ? arena_alloc(arena, room * sizeof(names[0])) : NULL;
    if (names == NULL)
        return;
    while (out->name_n < room && proto_x509_next(&list, &tag, &name)) {
        const char *text = name_text(tag, name, arena);
        if (text != NULL)
            names[out->name_n++] = text;
    }
    out->names = names;
}

static void read_extensions(struct cursor *c, struct arena *arena,
                            struct proto_tls_certificate *out)
{
    static const uint8_t alternative_names[3] = {0x55, 0x1d, 0x11}; /* 2.5.29.17 */
    struct cursor outer, list, one, id, value;
    uint8_t tag;
    if (!proto_x509_enter(c, X509_EXTENSIONS, &outer) ||
        !proto_x509_enter(&outer, X509_SEQUENCE, &list))
        return;
    while (proto_x509_enter(&list, X509_SEQUENCE, &one)) {
        if (!proto_x509_enter(&one, X509_OID, &id))
            return;
        if (!bytes_equal(cursor_rest(&id), bytes_make(alternative_names, 3)))
            continue;
        while (proto_x509_next(&one, &tag, &value)) /* whether it is critical may stand between */
            if (tag == X509_OCTET_STRING)
                read_names(value, arena, out);
    }
}

void proto_x509_clear(struct proto_tls_certificate *out)
{
    *out = (struct proto_tls_certificate){.subject = "",
                                          .issuer = "",
                                          .common_name = "",
                                          .issuer_common_name = "",
                                          .serial = "",
                                          .not_before = TIME_NONE,
                                          .not_after = TIME_NONE,
                                          .public_key_algorithm = "",
                                          .public_key_curve = "",
                                          .signature_algorithm = ""};
}

static bool read_fields(struct cursor *c, struct arena *arena, struct proto_tls_certificate *out)
{
    struct cursor explicit_version, version, validity;
    out->version = 1;
    if (next_is(c, X509_VERSION)) {
        if (!proto_x509_enter(c, X509_VERSION, &explicit_version) ||
            !proto_x509_enter(&explicit_version, X509_INTEGER, &version))
            return false;
        uint64_t v = small_integer(version);
        out->version = v < 3 ? (uint32_t)v + 1 : 0;
    }
    if (!next_is(c, X509_INTEGER))
        return false;
    out->serial = read_serial(c, arena);
    if (!next_is(c, X509_SEQUENCE))
        return false;
    out->signature_algorithm = read_signature(c, arena);
    if (!proto_x509_read_name(c, arena, &out->issuer, &out->issuer_common_name) ||
        !proto_x509_enter(c, X509_SEQUENCE, &validity))
        return false;
    out->not_before = read_time(&validity);
    out->not_after = read_time(&validity);
    if (!proto_x509_read_name(c, arena, &out->subject, &out->common_name) ||
        !next_is(c, X509_SEQUENCE))
        return false;
    read_key(c, arena, out);
    while (c->left > 0 && !next_is(c, X509_EXTENSIONS)) { /* unique identifiers, of version 2 */
        struct cursor skipped;
        uint8_t tag;
        if (!proto_x509_next(c, &tag, &skipped))
            return false;
    }
    if (c->left > 0)
        read_extensions(c, arena, out);
    return cursor_ok(c);
}

bool proto_x509_read(struct bytes der, struct arena *arena, struct proto_tls_certificate *out)
{
    struct cursor c = cursor_of(der);
    struct cursor certificate, fields;
    proto_x509_clear(out);
    if (!proto_x509_enter(&c, X509_SEQUENCE, &certificate) ||
        !proto_x509_enter(&certificate, X509_SEQUENCE, &fields))
        return false;
    if (read_fields(&fields, arena, out))
        return true;
    proto_x509_clear(out);
    return false;
}
