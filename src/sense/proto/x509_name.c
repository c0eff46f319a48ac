/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/x509_priv.h"

#include "base/utf8.h"

#include <stdbool.h>
#include <string.h>

#define TEXT_MAX 2048 /* a longer name ends in "..." */
#define PARTS_MAX 64  /* and as many attributes */

/* Text being made; foreign bytes are made UTF-8 at the end. */
struct text {
    size_t n;
    bool full;
    char s[TEXT_MAX];
};

static void put(struct text *t, const void *p, size_t n)
{
    if (t->full || n > sizeof(t->s) - t->n) {
        t->full = true;
        return;
    }
    memcpy(t->s + t->n, p, n);
    t->n += n;
}

static void put_char(struct text *t, char c)
{
    put(t, &c, 1);
}

static void put_utf8(struct text *t, uint32_t c)
{
    char b[4];
    if (c < 0x80) {
        put_char(t, (char)c);
    } else if (c < 0x800) {
        b[0] = (char)(0xc0 | c >> 6);
        b[1] = (char)(0x80 | (c & 0x3f));
        put(t, b, 2);
    } else if (c < 0x10000) {
        b[0] = (char)(0xe0 | c >> 12);
        b[1] = (char)(0x80 | (c >> 6 & 0x3f));
        b[2] = (char)(0x80 | (c & 0x3f));
        put(t, b, 3);
    } else {
        b[0] = (char)(0xf0 | (c >> 18 & 7));
        b[1] = (char)(0x80 | (c >> 12 & 0x3f));
        b[2] = (char)(0x80 | (c >> 6 & 0x3f));
        b[3] = (char)(0x80 | (c & 0x3f));
        put(t, b, 4);
    }
}

/* A value's characters, whatever kind of string it is; false for what is no string. */
static bool put_string(struct text *t, uint8_t tag, struct cursor value)
{
    switch (tag) {
    case X509_UTF8_STRING:
    case X509_PRINTABLE_STRING:
    case X509_IA5_STRING:
    case X509_NUMERIC_STRING:
    case X509_VISIBLE_STRING:
        put(t, value.p, value.left);
        return true;
    case X509_TELETEX_STRING: /* in practice Latin 1 */
        while (value.left > 0)
            put_utf8(t, cursor_u8(&value));
        return true;
    case X509_BMP_STRING:
        while (value.left >= 2)
            put_utf8(t, cursor_be16(&value));
        return true;
    case X509_UNIVERSAL_STRING:
        while (value.left >= 4)
            put_utf8(t, cursor_be32(&value));
        return true;
    default:
        return false;
    }
}

static const char *keep(const struct text *t, struct arena *arena)
{
    char *out = arena_alloc(arena, utf8_escape_bound(t->n) + 4);
    if (out == NULL)
        return NULL;
    size_t n = utf8_escape(t->s, t->n, out, NULL);
    if (t->full)
        memcpy(out + n, "...", 4);
    return out;
}

/* A value with what has a meaning in names escaped (RFC 4514, 2.4). */
static void put_escaped(struct text *t, const struct text *value)
{
    for (size_t i = 0; i < value->n; i++) {
        char c = value->s[i];
        bool edge = (i == 0 && (c == ' ' || c == '#')) || (i + 1 == value->n && c == ' ');
        if (c == '\0') {
            put(t, "\\00", 3);
            continue;
        }
        if (edge || strchr(",+\"\\<>;", c) != NULL)
            put_char(t, '\\');
        put_char(t, c);
    }
    t->full |= value->full;
}

static void put_hex(struct text *t, uint8_t tag, struct cursor value)
{
    static const char digits[] = "0123456789abcdef";
    put_char(t, '#');
    put_char(t, digits[tag >> 4]);
    put_char(t, digits[tag & 15]);
    while (value.left > 0 && !t->full) {
        uint8_t b = cursor_u8(&value);
        put_char(t, digits[b >> 4]);
        put_char(t, digits[b & 15]);
    }
}

/* "CN=example.org": one attribute of a name. Keeps the first common name. */
static bool put_attribute(struct text *t, struct cursor attribute, struct arena *arena,
                          const char **common_name)
{
    struct cursor id, value;
    uint8_t tag;
    if (!proto_x509_enter(&attribute, X509_OID, &id) || !proto_x509_next(&attribute, &tag, &value))
        return false;
    const struct x509_oid *known = proto_x509_attribute(cursor_rest(&id));
    const char *name = known != NULL ? known->name : proto_x509_dotted(cursor_rest(&id), arena);
    put(t, name, strlen(name));
    put_char(t, '=');
    struct text string;
    string.n = 0;
    string.full = false;
    if (!put_string(&string, tag, value)) {
        put_hex(t, tag, value);
        return true;
    }
    put_escaped(t, &string);
    if (known != NULL && strcmp(name, "CN") == 0 && *common_name == NULL)
        *common_name = keep(&string, arena);
    return true;
}

bool proto_x509_read_name(struct cursor *c, struct arena *arena, const char **out_text,
                          const char **out_common_name)
{
    struct cursor list;
    struct cursor parts[PARTS_MAX];
    size_t n = 0;
    if (!proto_x509_enter(c, X509_SEQUENCE, &list))
        return false;
    while (n < PARTS_MAX && list.left > 0)
        if (!proto_x509_enter(&list, X509_SET, &parts[n++]))
            return false;
    /* The first common name in the order of the wire, which is the reverse of the text's. */
    const char *common_name = NULL;
    struct text text;
    text.n = 0;
    text.full = list.left > 0;
    unsigned attributes = 0;
    for (size_t i = n; i > 0; i--) {
        struct cursor attribute;
        const char *found = NULL;
        bool first = true;
        if (i < n)
            put_char(&text, ',');
        while (proto_x509_enter(&parts[i - 1], X509_SEQUENCE, &attribute)) {
            if (attributes++ == PARTS_MAX) {
                text.full = true;
                break;
            }
            if (!first)
                put_char(&text, '+');
            first = false;
            if (!put_attribute(&text, attribute, arena, &found))
                return false;
        }
        if (found != NULL)
            common_name = found;
    }
    const char *kept = keep(&text, arena);
    if (kept == NULL)
        return false;
    *out_text = kept;
    *out_common_name = common_name != NULL ? common_name : "";
    return true;
}
