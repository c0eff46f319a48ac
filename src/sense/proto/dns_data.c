/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dns_priv.h"

#include "base/ip.h"
#include "base/time.h"

#include <string.h>

#define RAW_MAX 1024 /* bytes of keys, digests and unknown data that are shown */

/* Record data being read; the cursor fails at the first thing that does not fit. */
struct data {
    struct bytes message;
    struct cursor c;
    struct dns_text_buf *out;
};

static void put(struct data *d, const char *s)
{
    proto_dns_put_text(d->out, s);
}

static void put_space(struct data *d)
{
    proto_dns_put_char(d->out, ' ');
}

static void put_u8(struct data *d)
{
    proto_dns_put_u32(d->out, cursor_u8(&d->c));
}

static void put_u16(struct data *d)
{
    proto_dns_put_u32(d->out, cursor_be16(&d->c));
}

static void put_u32(struct data *d)
{
    proto_dns_put_u32(d->out, cursor_be32(&d->c));
}

static void put_name(struct data *d)
{
    char name[DNS_NAME_TEXT_MAX];
    size_t n;
    if (proto_dns_read_name(d->message, &d->c, name, &n) != PROTO_DNS_OK) {
        d->c.failed = true;
        return;
    }
    proto_dns_put_bytes(d->out, name, n);
}

static void put_hex(struct data *d, struct bytes b)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = b.n < RAW_MAX ? b.n : RAW_MAX;
    for (size_t i = 0; i < n; i++) {
        proto_dns_put_char(d->out, digits[b.p[i] >> 4]);
        proto_dns_put_char(d->out, digits[b.p[i] & 15]);
    }
    d->out->full |= n < b.n;
}

static void put_base64(struct data *d, struct bytes b)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = b.n < RAW_MAX ? b.n : RAW_MAX;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)b.p[i] << 16;
        v |= i + 1 < n ? (uint32_t)b.p[i + 1] << 8 : 0;
        v |= i + 2 < n ? b.p[i + 2] : 0;
        proto_dns_put_char(d->out, digits[v >> 18]);
        proto_dns_put_char(d->out, digits[v >> 12 & 63]);
        proto_dns_put_char(d->out, i + 1 < n ? digits[v >> 6 & 63] : '=');
        proto_dns_put_char(d->out, i + 2 < n ? digits[v & 63] : '=');
    }
    d->out->full |= n < b.n;
}

/* Base 32 with the alphabet that sorts, without padding (RFC 4648, RFC 5155). */
static void put_base32(struct data *d, struct bytes b)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    unsigned held = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < b.n; i++) {
        held = (held << 8 | b.p[i]) & 0xfff;
        for (bits += 8; bits >= 5; bits -= 5)
            proto_dns_put_char(d->out, digits[held >> (bits - 5) & 31]);
    }
    if (bits > 0)
        proto_dns_put_char(d->out, digits[held << (5 - bits) & 31]);
}

static bool needs_escape(uint8_t c)
{
    return c < 0x20 || c >= 0x7f || c == '"' || c == '\\';
}

static void put_escaped(struct data *d, struct bytes b)
{
    for (size_t i = 0; i < b.n;) {
        size_t plain = i;
        while (plain < b.n && !needs_escape(b.p[plain]))
            plain++;
        if (plain > i)
            proto_dns_put_bytes(d->out, b.p + i, plain - i);
        i = plain;
        if (i == b.n)
            break;
        uint8_t c = b.p[i++];
        char text[5] = {'\\', (char)('0' + c / 100), (char)('0' + c / 10 % 10),
                        (char)('0' + c % 10), '\0'};
        if (c == '"' || c == '\\') {
            text[1] = (char)c;
            text[2] = '\0';
        }
        put(d, text);
    }
}

static void put_quoted(struct data *d, struct bytes b)
{
    put(d, "\"");
    put_escaped(d, b);
    put(d, "\"");
}

/* A string with its length in front. */
static void put_string(struct data *d)
{
    put_quoted(d, cursor_take(&d->c, cursor_u8(&d->c)));
}

static struct bytes take_rest(struct data *d)
{
    return cursor_take(&d->c, d->c.left);
}

static void put_rest_hex(struct data *d)
{
    put_hex(d, take_rest(d));
}

static void put_rest_base64(struct data *d)
{
    put_base64(d, take_rest(d));
}

static void put_address(struct data *d, size_t n)
{
    struct bytes b = cursor_take(&d->c, n);
    char text[IP_TEXT_SIZE];
    if (b.p == NULL)
        return;
    struct ip ip = n == 4 ? ip_from_v4(b.p) : ip_from_v6(b.p);
    ip_format(&ip, text);
    put(d, text);
}

static void put_type(struct data *d, uint16_t type)
{
    char buf[PROTO_DNS_NAME_SIZE];
    put(d, proto_dns_type_name(type, buf));
}

/* "20240131102030" */
static void put_date(struct data *d)
{
    struct time_date t = time_split((ts_ns)cursor_be32(&d->c) * TIME_S);
    unsigned parts[] = {t.month, t.day, t.hour, t.minute, t.second};
    proto_dns_put_u32(d->out, (uint32_t)t.year);
    for (size_t i = 0; i < 5; i++) {
        proto_dns_put_char(d->out, (char)('0' + parts[i] / 10));
        proto_dns_put_char(d->out, (char)('0' + parts[i] % 10));
    }
}

static void put_strings(struct data *d)
{
    do {
        put_string(d);
        if (cursor_ok(&d->c) && d->c.left > 0)
            put_space(d);
    } while (cursor_ok(&d->c) && d->c.left > 0);
}

static void put_soa(struct data *d)
{
    put_name(d);
    put_space(d);
    put_name(d);
    for (int i = 0; i < 5; i++) {
        put_space(d);
        put_u32(d);
    }
}

static void put_naptr(struct data *d)
{
    put_u16(d);
    put_space(d);
    put_u16(d);
    for (int i = 0; i < 3; i++) {
        put_space(d);
        put_string(d);
    }
    put_space(d);
    put_name(d);
}

static void put_caa(struct data *d)
{
    put_u8(d);
    put_space(d);
    put_escaped(d, cursor_take(&d->c, cursor_u8(&d->c)));
    put_space(d);
    put_quoted(d, take_rest(d));
}

static void put_rrsig(struct data *d)
{
    put_type(d, cursor_be16(&d->c));
    for (int i = 0; i < 2; i++) {
        put_space(d);
        put_u8(d);
    }
    put_space(d);
    put_u32(d);
    for (int i = 0; i < 2; i++) {
        put_space(d);
        put_date(d);
    }
    put_space(d);
    put_u16(d);
    put_space(d);
    put_name(d);
    put_space(d);
    put_rest_base64(d);
}

/* Windows of bits, one a type (RFC 4034, 4.1.2). */
static void put_type_bitmap(struct data *d)
{
    while (cursor_ok(&d->c) && d->c.left > 0) {
        unsigned window = cursor_u8(&d->c);
        uint8_t n = cursor_u8(&d->c);
        struct bytes bits = cursor_take(&d->c, n);
        if (n == 0 || n > 32)
            d->c.failed = true;
        for (size_t i = 0; i < bits.n * 8; i++) {
            if (bits.p[i / 8] & (0x80u >> (i % 8))) {
                put_space(d);
                put_type(d, (uint16_t)(window << 8 | i));
            }
        }
    }
}

static void put_nsec3(struct data *d)
{
    put_u8(d);
    put_space(d);
    put_u8(d);
    put_space(d);
    put_u16(d);
    put_space(d);
    struct bytes salt = cursor_take(&d->c, cursor_u8(&d->c));
    if (salt.n == 0)
        put(d, "-");
    put_hex(d, salt);
}

/* One parameter of SVCB and HTTPS records (RFC 9460). */
static void put_service_parameter(struct data *d, uint16_t key, struct cursor *value)
{
    static const char *const names[] = {"mandatory", "alpn", "no-default-alpn", "port",
                                        "ipv4hint",  "ech",  "ipv6hint",        "dohpath"};
    struct data inner = {d->message, *value, d->out};
    if (key < sizeof(names) / sizeof(names[0])) {
        put(d, names[key]);
    } else {
        put(d, "key");
        proto_dns_put_u32(d->out, key);
    }
    if (value->left == 0)
        return;
    put(d, "=");
    bool first = true;
    while (cursor_ok(&inner.c) && inner.c.left > 0) {
        if (!first)
            put(d, ",");
        first = false;
        switch (key) {
        case 0: {
            uint16_t wanted = cursor_be16(&inner.c);
            struct cursor none = cursor_make(NULL, 0);
            put_service_parameter(d, wanted, &none);
            break;
        }
        case 1:
            put_escaped(&inner, cursor_take(&inner.c, cursor_u8(&inner.c)));
            break;
        case 3:
            put_u16(&inner);
            break;
        case 4:
            put_address(&inner, 4);
            break;
        case 5:
            put_rest_base64(&inner);
            break;
        case 6:
            put_address(&inner, 16);
            break;
        default:
            put_quoted(&inner, take_rest(&inner));
            break;
        }
    }
    *value = inner.c;
}

static void put_service(struct data *d)
{
    put_u16(d);
    put_space(d);
    put_name(d);
    while (cursor_ok(&d->c) && d->c.left > 0) {
        uint16_t key = cursor_be16(&d->c);
        struct cursor value = cursor_sub(&d->c, cursor_be16(&d->c));
        if (!cursor_ok(&d->c))
            break;
        put_space(d);
        put_service_parameter(d, key, &value);
        d->c.failed |= !cursor_ok(&value);
    }
}

/* Small numbers, and the rest as hex or base 64: how many bytes each number has. */
static void put_numbers(struct data *d, const char *sizes, void (*rest)(struct data *))
{
    for (; *sizes != '\0'; sizes++) {
        if (*sizes == '1')
            put_u8(d);
        else
            put_u16(d);
        put_space(d);
    }
    rest(d);
}

static void put_numbered_name(struct data *d, int numbers)
{
    for (int i = 0; i < numbers; i++) {
        put_u16(d);
        put_space(d);
    }
    put_name(d);
}

static bool put_known(struct data *d, uint16_t type)
{
    switch (type) {
    case 1:
        put_address(d, 4);
        return true;
    case 2: /* NS, MD, MF, CNAME, MB, MG, MR, PTR, DNAME */
    case 3:
    case 4:
    case 5:
    case 7:
    case 8:
    case 9:
    case 12:
    case 39:
        put_name(d);
        return true;
    case 6:
        put_soa(d);
        return true;
    case 13: /* HINFO, TXT, SPF: strings */
    case 16:
    case 99:
        put_strings(d);
        return true;
    case 14: /* MINFO, RP: two names */
    case 17:
        put_name(d);
        put_space(d);
        put_name(d);
        return true;
    case 15: /* MX, AFSDB, RT, KX */
    case 18:
    case 21:
    case 36:
        put_numbered_name(d, 1);
        return true;
    case 28:
        put_address(d, 16);
        return true;
    case 33:
        put_numbered_name(d, 3);
        return true;
    case 35:
        put_naptr(d);
        return true;
    case 43: /* DS, CDS */
    case 59:
        put_numbers(d, "211", put_rest_hex);
        return true;
    case 44:
        put_numbers(d, "11", put_rest_hex);
        return true;
    case 46:
        put_rrsig(d);
        return true;
    case 47:
        put_name(d);
        put_type_bitmap(d);
        return true;
    case 48: /* DNSKEY, CDNSKEY */
    case 60:
        put_numbers(d, "211", put_rest_base64);
        return true;
    case 50:
        put_nsec3(d);
        put_space(d);
        put_base32(d, cursor_take(&d->c, cursor_u8(&d->c)));
        put_type_bitmap(d);
        return true;
    case 51:
        put_nsec3(d);
        return true;
    case 52: /* TLSA, SMIMEA */
    case 53:
        put_numbers(d, "111", put_rest_hex);
        return true;
    case 61:
        put_rest_base64(d);
        return true;
    case 64:
    case 65:
        put_service(d);
        return true;
    case 256:
        put_u16(d);
        put_space(d);
        put_u16(d);
        put_space(d);
        put_quoted(d, take_rest(d));
        return true;
    case 257:
        put_caa(d);
        return true;
    default:
        return false;
    }
}

/* Text that did not fit ends in "...". */
static void finish(struct dns_text_buf *out)
{
    if (!out->full)
        return;
    memcpy(out->s + out->n, "...", 3);
    out->n += 3;
}

bool proto_dns_put_data(struct bytes message, uint16_t type, struct bytes data,
                        struct dns_text_buf *out)
{
    struct data d = {message, cursor_of(data), out};
    if (!put_known(&d, type)) {
        proto_dns_put_generic(data, out);
        return true;
    }
    if (!cursor_ok(&d.c) || d.c.left > 0)
        return false;
    finish(out);
    return true;
}

void proto_dns_put_generic(struct bytes data, struct dns_text_buf *out)
{
    struct data d = {bytes_make(NULL, 0), cursor_make(NULL, 0), out};
    put(&d, "\\# ");
    proto_dns_put_u32(out, (uint32_t)data.n);
    if (data.n > 0)
        put_space(&d);
    put_hex(&d, data);
    finish(out);
}
