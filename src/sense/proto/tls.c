/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tls.h"

#include "base/mem.h"
#include "proto/tls_priv.h"

#include <string.h>

#define RECORD_CHANGE 20
#define RECORD_ALERT 21
#define RECORD_HANDSHAKE 22
#define RECORD_DATA 23
#define RECORD_HEARTBEAT 24
#define RECORD_LENGTH_MAX (16384 + 2048)
#define HANDSHAKE_MAX ((size_t)128 * 1024) /* one message */
#define VERSION_1_3 0x0304

#define MESSAGE_CLIENT_HELLO 1
#define MESSAGE_SERVER_HELLO 2
#define MESSAGE_SESSION_TICKET 4
#define MESSAGE_CERTIFICATE 11
#define MESSAGE_SERVER_KEY 12
#define MESSAGE_CERTIFICATE_REQUEST 13

#define CURVE_NAMED 3
#define ALERT_FATAL 2
/* An encrypted alert of TLS 1.3: two bytes, the true type, and 16 bytes of tag at most. */
#define ALERT_ENCRYPTED_MAX 24

struct proto_tls_conn *proto_tls_conn_new(void)
{
    struct proto_tls_conn *c = mem_zero(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    arena_init(&c->arena, 4096);
    c->info.established_ts = TIME_NONE;
    c->info.last_ts = TIME_NONE;
    c->info.client_hello.ja3_text = "";
    c->info.server_hello.ja3_text = "";
    return c;
}

static void drop_buffers(struct proto_tls_conn *c)
{
    for (int i = 0; i < 2; i++) {
        mem_free(c->sides[i].handshake);
        c->sides[i].handshake = NULL;
        c->sides[i].handshake_n = c->sides[i].handshake_cap = 0;
    }
}

void proto_tls_conn_free(struct proto_tls_conn *c)
{
    if (c == NULL)
        return;
    drop_buffers(c);
    arena_release(&c->arena);
    mem_free(c);
}

static void end(struct proto_tls_conn *c, enum proto_tls_state state)
{
    c->info.state = state;
    drop_buffers(c);
}

static bool is_1_3(const struct proto_tls_conn *c)
{
    return c->info.server_hello.seen && c->info.server_hello.version >= VERSION_1_3;
}

/* The group of an ECDHE key exchange up to TLS 1.2. */
static void read_server_key(struct proto_tls_conn *c, struct bytes body)
{
    struct cursor at = cursor_of(body);
    uint8_t kind = cursor_u8(&at);
    uint16_t curve = cursor_be16(&at);
    /* Other key exchanges begin with a length, of which 3 as first byte would be no sensible one.
     */
    if (cursor_ok(&at) && kind == CURVE_NAMED)
        c->info.curve = curve;
}

static bool read_message(struct proto_tls_conn *c, enum proto_dir dir, ts_ns ts, uint8_t type,
                         struct bytes body)
{
    struct proto_tls_info *info = &c->info;
    switch (type) {
    case MESSAGE_CLIENT_HELLO:
        if (!info->client_hello.seen)
            info->client = dir;
        return dir == info->client && proto_tls_read_client_hello(c, body, ts);
    case MESSAGE_SERVER_HELLO:
        if (!info->client_hello.seen)
            info->client = dir == PROTO_DIR_A ? PROTO_DIR_B : PROTO_DIR_A;
        if (dir == info->client || info->server_hello.seen ||
            !proto_tls_read_server_hello(c, body, ts))
            return false;
        if (is_1_3(c)) { /* what follows from the server is encrypted */
            c->sides[0].encrypted = c->sides[1].encrypted = true;
        }
        return true;
    case MESSAGE_CERTIFICATE:
        if (dir == info->client)
            return info->client_chain != NULL ||
                   proto_tls_read_certificates(&c->arena, body, &info->client_chain,
                                               &info->client_chain_n);
        c->server_certificate_seen = true;
        return info->server_chain != NULL ||
               proto_tls_read_certificates(&c->arena, body, &info->server_chain,
                                           &info->server_chain_n);
    case MESSAGE_SERVER_KEY:
        c->server_certificate_seen = true; /* anonymous or pre-shared: no session is resumed */
        read_server_key(c, body);
        return true;
    case MESSAGE_CERTIFICATE_REQUEST:
        info->client_certificate_requested = true;
        return true;
    case MESSAGE_SESSION_TICKET:
        c->server_ticket_seen = true;
        return true;
    default:
        return true;
    }
}

/* Takes the complete messages off the front of what is held. */
static bool read_messages(struct proto_tls_conn *c, enum proto_dir dir, ts_ns ts)
{
    struct tls_side *s = &c->sides[dir];
    struct cursor at = cursor_make(s->handshake, s->handshake_n);
    while (at.left >= 4 && !s->encrypted && c->info.state == PROTO_TLS_MORE) {
        struct cursor start = at;
        uint8_t type = cursor_u8(&at);
        uint32_t length = cursor_be24(&at);
        if (length > HANDSHAKE_MAX)
            return false;
        if (length > at.left) {
            at = start;
            break;
        }
        if (!read_message(c, dir, ts, type, cursor_take(&at, length)))
            return false;
    }
    if (s->encrypted)
        at.left = 0;
    if (at.left > 0 &&
        at.p != s->handshake) /* else a long message in tiny records costs its square */
        memmove(s->handshake, at.p, at.left);
    s->handshake_n = at.left;
    return true;
}

static bool feed_handshake(struct proto_tls_conn *c, enum proto_dir dir, ts_ns ts,
                           struct bytes data)
{
    struct tls_side *s = &c->sides[dir];
    if (s->handshake_n + data.n > HANDSHAKE_MAX + RECORD_LENGTH_MAX ||
        proto_tls_conn_bytes(c) > PROTO_TLS_BYTES_MAX ||
        mem_grow((void **)&s->handshake, &s->handshake_cap, s->handshake_n + data.n, 1) != 0)
        return false;
    memcpy(s->handshake + s->handshake_n, data.p, data.n);
    s->handshake_n += data.n;
    return read_messages(c, dir, ts);
}

static void establish(struct proto_tls_conn *c, ts_ns ts)
{
    const struct tls_side *client = &c->sides[c->info.client];
    const struct tls_side *server = &c->sides[c->info.client == PROTO_DIR_A];
    if (!c->info.server_hello.seen || !client->data_sent || !server->data_sent)
        return;
    c->info.established = true;
    c->info.established_ts = ts;
    end(c, PROTO_TLS_DONE);
}

/* An encrypted record begins: the handshake's last message, or data. */
static void note_encrypted(struct proto_tls_conn *c, struct tls_side *s, ts_ns ts)
{
    if (is_1_3(c) ? s->type != RECORD_DATA || s->length <= ALERT_ENCRYPTED_MAX
                  : s->type == RECORD_ALERT)
        return;
    s->data_sent = true;
    establish(c, ts);
}

static void note_change(struct proto_tls_conn *c, enum proto_dir dir)
{
    struct tls_side *s = &c->sides[dir];
    if (is_1_3(c) || !c->info.server_hello.seen)
        return; /* TLS 1.3 sends it for old middleboxes only */
    s->encrypted = true;
    s->handshake_n = 0;
    /* A server that goes on without certificate or key goes on with an earlier session. */
    if (dir != c->info.client && c->info.client_hello.seen && !c->server_certificate_seen &&
        !c->sides[c->info.client].encrypted)
        c->info.resumed = true;
}

static void read_alert(struct proto_tls_conn *c, enum proto_dir dir)
{
    struct tls_side *s = &c->sides[dir];
    uint8_t *to = dir == c->info.client ? &c->info.client_alert : &c->info.server_alert;
    *to = (uint8_t)(s->alert[1] + 1);
    if (s->alert[0] == ALERT_FATAL)
        end(c, PROTO_TLS_DONE);
}

/* The header of a record is there. False when it is none. */
static bool start_record(struct proto_tls_conn *c, enum proto_dir dir, ts_ns ts)
{
    struct tls_side *s = &c->sides[dir];
    struct cursor at = cursor_make(s->header, sizeof(s->header));
    s->type = cursor_u8(&at);
    uint16_t version = cursor_be16(&at);
    s->length = cursor_be16(&at);
    s->left = s->length;
    s->alert_n = 0;
    if (s->type < RECORD_CHANGE || s->type > RECORD_HEARTBEAT || version >> 8 != 3 ||
        (version & 0xff) > 4 || s->length > RECORD_LENGTH_MAX)
        return false;
    if (!s->one_seen && s->type != RECORD_HANDSHAKE && s->type != RECORD_ALERT)
        return false;
    s->one_seen = true;
    if (s->type == RECORD_CHANGE)
        note_change(c, dir);
    else if (s->encrypted && s->length > 0)
        note_encrypted(c, s, ts);
    return true;
}

/* Bytes of a record's body. */
static bool feed_body(struct proto_tls_conn *c, enum proto_dir dir, ts_ns ts, struct bytes data)
{
    struct tls_side *s = &c->sides[dir];
    s->left = (uint16_t)(s->left - data.n);
    /* An alert that TLS 1.3 encrypts looks like data: one that looks like an alert is in clear. */
    if (s->encrypted && !(is_1_3(c) && s->type == RECORD_ALERT))
        return true;
    if (s->type == RECORD_HANDSHAKE)
        return feed_handshake(c, dir, ts, data);
    if (s->type == RECORD_ALERT && s->length == 2) {
        for (size_t i = 0; i < data.n; i++)
            s->alert[s->alert_n++] = data.p[i];
        if (s->alert_n == 2)
            read_alert(c, dir);
    }
    return true;
}

enum proto_tls_state proto_tls_conn_feed(struct proto_tls_conn *c, enum proto_dir dir, ts_ns ts,
                                         struct bytes data)
{
    struct tls_side *s = &c->sides[dir];
    while (c->info.state == PROTO_TLS_MORE && data.n > 0) {
        c->info.last_ts = ts;
        size_t used;
        bool ok = true;
        if (s->header_n < sizeof(s->header)) {
            used = sizeof(s->header) - s->header_n;
            if (used > data.n)
                used = data.n;
            memcpy(s->header + s->header_n, data.p, used);
            s->header_n = (uint8_t)(s->header_n + used);
            /* The first byte tells most other protocols apart. */
            if (!s->one_seen && s->header[0] != RECORD_HANDSHAKE && s->header[0] != RECORD_ALERT)
                ok = false;
            else if (s->header_n == sizeof(s->header))
                ok = start_record(c, dir, ts);
        } else {
            used = s->left < data.n ? s->left : data.n;
            ok = feed_body(c, dir, ts, bytes_make(data.p, used));
        }
        if (s->header_n == sizeof(s->header) && s->left == 0)
            s->header_n = 0;
        if (!ok && c->info.state == PROTO_TLS_MORE)
            end(c, c->info.client_hello.seen || c->info.server_hello.seen ? PROTO_TLS_BROKEN
                                                                          : PROTO_TLS_NOT);
        data = bytes_make(data.p + used, data.n - used);
    }
    return c->info.state;
}

enum proto_tls_state proto_tls_conn_gap(struct proto_tls_conn *c, enum proto_dir dir,
                                        uint64_t missing)
{
    struct tls_side *s = &c->sides[dir];
    if (c->info.state != PROTO_TLS_MORE || missing == 0)
        return c->info.state;
    /* Within an encrypted record nothing that could be read is lost. */
    if (s->encrypted && s->header_n == sizeof(s->header) && missing <= s->left) {
        s->left = (uint16_t)(s->left - missing);
        if (s->left == 0)
            s->header_n = 0;
        return c->info.state;
    }
    end(c, PROTO_TLS_BROKEN);
    return c->info.state;
}

const struct proto_tls_info *proto_tls_conn_info(const struct proto_tls_conn *c)
{
    return &c->info;
}

size_t proto_tls_conn_bytes(const struct proto_tls_conn *c)
{
    return sizeof(*c) + c->arena.used + c->sides[0].handshake_cap + c->sides[1].handshake_cap;
}
