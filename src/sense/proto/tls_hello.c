/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tls_priv.h"

#include "base/buf.h"
#include "base/utf8.h"

#include <nettle/md5.h>
#include <string.h>

#define EXT_SERVER_NAME 0
#define EXT_GROUPS 10
#define EXT_POINT_FORMATS 11
#define EXT_ALPN 16
#define EXT_PRE_SHARED_KEY 41
#define EXT_SUPPORTED_VERSIONS 43
#define EXT_KEY_SHARE 51
#define EXT_ECH 0xfe0d
#define EXT_ESNI 0xffce
#define VERSION_1_3 0x0304

/* What is kept of a hello, however long it is. */
#define NAME_MAX_BYTES 1024
#define JA3_TEXT_MAX 4096

/* The random of a ServerHello that only asks for another ClientHello (RFC 8446, 4.1.3). */
static const uint8_t retry_random[32] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

/* Values sent only to keep others from choking on unknown ones (RFC 8701). */
static bool is_grease(uint16_t v)
{
    return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

const char *proto_tls_keep_text(struct arena *a, const void *s, size_t n)
{
    char *out = arena_alloc(a, utf8_escape_bound(n) + 1);
    if (out != NULL)
        utf8_escape(s, n, out, NULL);
    return out;
}

void proto_tls_hex(const uint8_t *p, size_t n, const char *digits, char *out)
{
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * n] = '\0';
}

/* The parts of a JA3 text, each a list of decimal numbers joined by dashes. */
struct ja3 {
    struct buf extensions;
    struct buf groups;
    struct buf formats;
};

static void ja3_init(struct ja3 *j)
{
    buf_init(&j->extensions);
    buf_init(&j->groups);
    buf_init(&j->formats);
}

static void ja3_release(struct ja3 *j)
{
    buf_release(&j->extensions);
    buf_release(&j->groups);
    buf_release(&j->formats);
}

static void put_number(struct buf *b, uint16_t v)
{
    if (b->n > 0)
        buf_char(b, '-');
    buf_u64(b, v);
}

static bool ja3_finish(struct arena *a, struct buf *text, struct proto_tls_hello *hello)
{
    uint8_t digest[MD5_DIGEST_SIZE];
    struct md5_ctx md5;
    if (!buf_ok(text))
        return false;
    md5_init(&md5);
    md5_update(&md5, text->n, (const uint8_t *)buf_text(text));
    md5_digest(&md5, sizeof(digest), digest);
    const char *kept = text->n <= JA3_TEXT_MAX ? arena_strndup(a, buf_text(text), text->n) : "";
    if (kept == NULL)
        return false;
    hello->ja3_text = kept;
    proto_tls_hex(digest, sizeof(digest), "0123456789abcdef", hello->ja3);
    return true;
}

/* Early drafts of TLS 1.3 had a ServerHello without session and compression, and said so here. */
static bool is_draft(const struct proto_tls_hello *hello)
{
    return hello->legacy_version >> 8 == 0x7f;
}

static bool read_start(struct cursor *c, ts_ns ts, struct proto_tls_hello *hello)
{
    hello->ts = ts;
    hello->legacy_version = cursor_be16(c);
    hello->version = hello->legacy_version;
    struct bytes random = cursor_take(c, 32);
    struct bytes session = cursor_take(c, is_draft(hello) ? 0 : cursor_u8(c));
    if (!cursor_ok(c) || session.n > sizeof(hello->session_id))
        return false;
    memcpy(hello->random, random.p, 32);
    hello->session_id_len = (uint8_t)session.n;
    if (session.n > 0)
        memcpy(hello->session_id, session.p, session.n);
    return true;
}

static void read_server_name(struct proto_tls_conn *c, struct cursor ext)
{
    struct cursor list = cursor_sub(&ext, cursor_be16(&ext));
    while (cursor_ok(&list) && list.left > 0) {
        uint8_t type = cursor_u8(&list);
        struct bytes name = cursor_take(&list, cursor_be16(&list));
        if (!cursor_ok(&list) || type != 0)
            continue;
        if (name.n > NAME_MAX_BYTES)
            name.n = NAME_MAX_BYTES;
        char *text = arena_alloc(&c->arena, utf8_escape_bound(name.n) + 1);
        if (text == NULL)
            return;
        size_t n = utf8_escape((const char *)name.p, name.n, text, NULL);
        for (size_t i = 0; i < n; i++)
            if (text[i] >= 'A' && text[i] <= 'Z')
                text[i] = (char)(text[i] + ('a' - 'A'));
        c->info.server_name = text;
        return;
    }
}

/* Application protocols; at most max go to out. */
static size_t read_alpn(struct arena *a, struct cursor ext, const char **out, size_t max)
{
    struct cursor list = cursor_sub(&ext, cursor_be16(&ext));
    size_t n = 0;
    while (cursor_ok(&list) && list.left > 0 && n < max) {
        struct bytes name = cursor_take(&list, cursor_u8(&list));
        if (!cursor_ok(&list))
            break;
        if (name.n == 2 && is_grease((uint16_t)((unsigned)name.p[0] << 8 | name.p[1])))
            continue;
        out[n] = proto_tls_keep_text(a, name.p, name.n);
        if (out[n] == NULL)
            break;
        n++;
    }
    return n;
}

static void read_client_alpn(struct proto_tls_conn *c, struct cursor ext)
{
    const char **names = arena_alloc(&c->arena, PROTO_TLS_ALPN_MAX * sizeof(names[0]));
    if (names == NULL)
        return;
    c->info.client_alpn_n = read_alpn(&c->arena, ext, names, PROTO_TLS_ALPN_MAX);
    c->info.client_alpn = names;
}

static void read_client_versions(struct cursor ext, struct proto_tls_hello *hello)
{
    struct cursor list = cursor_sub(&ext, cursor_u8(&ext));
    uint16_t highest = 0;
    while (cursor_ok(&list) && list.left >= 2) {
        uint16_t v = cursor_be16(&list);
        if (!is_grease(v) && v > highest)
            highest = v;
    }
    if (highest != 0)
        hello->version = highest;
}

static void read_client_extension(struct proto_tls_conn *c, uint16_t type, struct cursor ext,
                                  struct ja3 *j)
{
    struct cursor list;
    switch (type) {
    case EXT_SERVER_NAME:
        read_server_name(c, ext);
        break;
    case EXT_GROUPS:
        list = cursor_sub(&ext, cursor_be16(&ext));
        while (cursor_ok(&list) && list.left >= 2) {
            uint16_t group = cursor_be16(&list);
            if (!is_grease(group))
                put_number(&j->groups, group);
        }
        break;
    case EXT_POINT_FORMATS:
        list = cursor_sub(&ext, cursor_u8(&ext));
        while (cursor_ok(&list) && list.left > 0)
            put_number(&j->formats, cursor_u8(&list));
        break;
    case EXT_ALPN:
        read_client_alpn(c, ext);
        break;
    case EXT_SUPPORTED_VERSIONS:
        read_client_versions(ext, &c->info.client_hello);
        break;
    case EXT_ECH:
    case EXT_ESNI:
        c->info.encrypted_client_hello = true;
        break;
    default:
        break;
    }
}

static bool read_ciphers(struct proto_tls_conn *c, struct cursor list, struct buf *text)
{
    size_t room = list.left / 2 < PROTO_TLS_CIPHERS_MAX ? list.left / 2 : PROTO_TLS_CIPHERS_MAX;
    uint16_t *ciphers = arena_alloc(&c->arena, room * sizeof(ciphers[0]) + 1);
    if (ciphers == NULL)
        return false;
    size_t n = 0;
    bool first = true;
    while (list.left >= 2) {
        uint16_t cipher = cursor_be16(&list);
        if (is_grease(cipher))
            continue;
        if (n < room)
            ciphers[n++] = cipher;
        if (!first)
            buf_char(text, '-');
        first = false;
        buf_u64(text, cipher);
    }
    c->info.client_ciphers = ciphers;
    c->info.client_cipher_n = n;
    return true;
}

/* Each extension in turn; false when they do not fit in their frame. */
static bool next_extension(struct cursor *list, uint16_t *out_type, struct cursor *out_body)
{
    if (list->left == 0)
        return false;
    *out_type = cursor_be16(list);
    *out_body = cursor_sub(list, cursor_be16(list));
    return cursor_ok(list);
}

bool proto_tls_read_client_hello(struct proto_tls_conn *c, struct bytes body, ts_ns ts)
{
    struct proto_tls_hello *hello = &c->info.client_hello;
    bool again = hello->seen; /* after a retry: the first one spoke for the client */
    struct cursor at = cursor_of(body);
    struct proto_tls_hello start = {.ja3_text = ""};
    if (!read_start(&at, ts, &start))
        return false;
    struct cursor ciphers = cursor_sub(&at, cursor_be16(&at));
    cursor_skip(&at, cursor_u8(&at)); /* compression methods */
    if (!cursor_ok(&at))
        return false;
    if (again)
        return true;
    *hello = start;

    struct buf text;
    struct ja3 j;
    buf_init(&text);
    ja3_init(&j);
    buf_u64(&text, hello->legacy_version);
    buf_char(&text, ',');
    bool ok = read_ciphers(c, ciphers, &text);
    if (at.left >= 2) {
        struct cursor list = cursor_sub(&at, cursor_be16(&at));
        struct cursor ext;
        uint16_t type;
        while (next_extension(&list, &type, &ext)) {
            if (is_grease(type))
                continue;
            put_number(&j.extensions, type);
            read_client_extension(c, type, ext, &j);
        }
        ok = ok && cursor_ok(&list);
    }
    buf_char(&text, ',');
    buf_str(&text, buf_text(&j.extensions));
    buf_char(&text, ',');
    buf_str(&text, buf_text(&j.groups));
    buf_char(&text, ',');
    buf_str(&text, buf_text(&j.formats));
    ok = ja3_finish(&c->arena, &text, hello) && ok;
    hello->seen = true;
    buf_release(&text);
    ja3_release(&j);
    return ok;
}

bool proto_tls_read_server_hello(struct proto_tls_conn *c, struct bytes body, ts_ns ts)
{
    struct cursor at = cursor_of(body);
    struct proto_tls_hello hello = {.ja3_text = ""};
    if (!read_start(&at, ts, &hello))
        return false;
    uint16_t cipher = cursor_be16(&at);
    cursor_skip(&at, is_draft(&hello) ? 0 : 1);
    if (!cursor_ok(&at))
        return false;
    if (memcmp(hello.random, retry_random, 32) == 0)
        return true;
    struct proto_tls_info *info = &c->info;
    struct ja3 j;
    ja3_init(&j);
    bool has_key = false;
    if (at.left >= 2) {
        struct cursor list = cursor_sub(&at, cursor_be16(&at));
        struct cursor ext;
        uint16_t type;
        while (next_extension(&list, &type, &ext)) {
            put_number(&j.extensions, type);
            if (type == EXT_SUPPORTED_VERSIONS)
                hello.version = cursor_be16(&ext);
            else if (type == EXT_KEY_SHARE)
                info->curve = cursor_be16(&ext);
            else if (type == EXT_PRE_SHARED_KEY)
                has_key = true;
            else if (type == EXT_ALPN)
                read_alpn(&c->arena, ext, &info->next_protocol, 1);
        }
    }
    struct buf text;
    buf_init(&text);
    buf_u64(&text, hello.legacy_version);
    buf_char(&text, ',');
    buf_u64(&text, cipher);
    buf_char(&text, ',');
    buf_str(&text, buf_text(&j.extensions));
    bool ok = ja3_finish(&c->arena, &text, &hello);
    buf_release(&text);
    ja3_release(&j);

    hello.seen = true;
    info->server_hello = hello;
    info->cipher = cipher;
    const struct proto_tls_hello *client = &info->client_hello;
    if (hello.version >= VERSION_1_3)
        info->resumed = has_key;
    else
        info->resumed = hello.session_id_len > 0 &&
                        hello.session_id_len == client->session_id_len &&
                        memcmp(hello.session_id, client->session_id, hello.session_id_len) == 0;
    return ok;
}
