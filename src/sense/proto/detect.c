/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/detect.h"

#include "proto/dns.h"
#include "proto/http_priv.h"

#include <stdbool.h>
#include <string.h>

#define PORT_NETBIOS_NAMES 137 /* DNS's form with other types and encoded names */

/* How the bytes compare with a pattern that must stand at their beginning. */
static enum proto_kind starts(struct bytes b, const char *pattern, size_t n, enum proto_kind kind)
{
    size_t have = b.n < n ? b.n : n;
    if (memcmp(b.p, pattern, have) != 0)
        return PROTO_KIND_UNKNOWN;
    return have == n ? kind : PROTO_KIND_MORE;
}

static bool contains(struct bytes b, const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i + n <= b.n; i++)
        if (memcmp(b.p + i, text, n) == 0)
            return true;
    return false;
}

static struct bytes first_line(struct bytes b)
{
    const uint8_t *end = memchr(b.p, '\n', b.n);
    return end != NULL ? bytes_make(b.p, (size_t)(end - b.p)) : b;
}

static bool either_port(uint16_t a, uint16_t b, uint16_t wanted)
{
    return a == wanted || b == wanted;
}

/* HTTP, and the protocols that borrowed its first line. */
static enum proto_kind detect_text(struct bytes b)
{
    size_t blank = proto_http_skip_blank(b);
    b = bytes_make(b.p + blank, b.n - blank);
    enum http_guess guess = proto_http_guess(b);
    if (guess == HTTP_GUESS_RESPONSE)
        return PROTO_KIND_HTTP;
    if (guess == HTTP_GUESS_MORE)
        return PROTO_KIND_MORE;
    if (guess == HTTP_GUESS_NO)
        return PROTO_KIND_UNKNOWN;
    struct bytes line = first_line(b);
    if (contains(line, " HTTP/1."))
        return PROTO_KIND_HTTP;
    if (contains(line, " SIP/2.0"))
        return PROTO_KIND_SIP;
    if (contains(line, " RTSP/1.0"))
        return PROTO_KIND_RTSP;
    if (line.n < b.n)
        return PROTO_KIND_UNKNOWN;
    return b.n < 8192 ? PROTO_KIND_MORE : PROTO_KIND_UNKNOWN;
}

/* Greetings of servers and first words of clients of line protocols. */
static enum proto_kind detect_greeting(struct bytes b, uint16_t src, uint16_t dst)
{
    struct bytes line = first_line(b);
    if (b.n >= 4 && memcmp(b.p, "220", 3) == 0 && (b.p[3] == ' ' || b.p[3] == '-')) {
        if (contains(line, "SMTP") || src == 25 || src == 587)
            return PROTO_KIND_SMTP;
        if (contains(line, "FTP") || src == 21)
            return PROTO_KIND_FTP;
    }
    if (b.n >= 5 && (memcmp(b.p, "EHLO ", 5) == 0 || memcmp(b.p, "HELO ", 5) == 0))
        return PROTO_KIND_SMTP;
    if (b.n >= 5 && memcmp(b.p, "USER ", 5) == 0 && dst == 21)
        return PROTO_KIND_FTP;
    if (b.n >= 4 && memcmp(b.p, "+OK", 3) == 0 && (b.p[3] == ' ' || b.p[3] == '\r'))
        return PROTO_KIND_POP3;
    if (b.n >= 5 && memcmp(b.p, "* OK ", 5) == 0)
        return PROTO_KIND_IMAP;
    return PROTO_KIND_UNKNOWN;
}

static bool is_tls(struct bytes b)
{
    return b.n >= 6 && b.p[0] == 0x16 && b.p[1] == 3 && b.p[2] <= 4 && (b.p[5] == 1 || b.p[5] == 2);
}

static bool is_smb(struct bytes b)
{
    return b.n >= 8 && b.p[0] == 0 && (b.p[4] == 0xff || b.p[4] == 0xfe) &&
           memcmp(b.p + 5, "SMB", 3) == 0;
}

/* TPKT with an X.224 connection request or confirm. */
static bool is_rdp(struct bytes b)
{
    return b.n >= 7 && b.p[0] == 3 && b.p[1] == 0 && (b.p[5] == 0xe0 || b.p[5] == 0xd0) &&
           b.p[4] + 5u == ((unsigned)b.p[2] << 8 | b.p[3]);
}

static bool is_mqtt(struct bytes b)
{
    for (size_t at = 2; at <= 5 && at + 6 <= b.n && b.p[0] == 0x10; at++)
        if (memcmp(b.p + at, "\0\4MQTT", 6) == 0 ||
            (at + 8 <= b.n && memcmp(b.p + at, "\0\6MQIsdp", 8) == 0))
            return true;
    return false;
}

/* Beyond what proto_dns_plausible() asks: nothing unusual at all. */
static bool is_dns_for_sure(struct bytes b)
{
    struct cursor c = cursor_of(b);
    cursor_skip(&c, 2);
    uint16_t flags = cursor_be16(&c);
    uint16_t questions = cursor_be16(&c);
    uint16_t answers = cursor_be16(&c);
    uint16_t authorities = cursor_be16(&c);
    bool response = (flags & 0x8000) != 0;
    return cursor_ok(&c) && (flags & 0x7840) == 0 && questions == 1 &&
           (response || (answers == 0 && authorities == 0)) && proto_dns_plausible(b);
}

static enum proto_kind detect_dns_stream(struct bytes b, uint16_t src, uint16_t dst)
{
    if (!either_port(src, dst, 53))
        return PROTO_KIND_UNKNOWN;
    if (b.n < 2)
        return PROTO_KIND_MORE;
    size_t n = (size_t)b.p[0] << 8 | b.p[1];
    if (n < 12)
        return PROTO_KIND_UNKNOWN;
    if (b.n < 2 + n)
        return b.n < 2 + 300 ? PROTO_KIND_MORE : PROTO_KIND_DNS;
    return proto_dns_plausible(bytes_make(b.p + 2, n)) ? PROTO_KIND_DNS : PROTO_KIND_UNKNOWN;
}

enum proto_kind proto_detect_stream(struct bytes first, uint16_t src_port, uint16_t dst_port)
{
    static const struct {
        const char *pattern;
        size_t n;
        enum proto_kind kind;
    } patterns[] = {
        {"SSH-", 4, PROTO_KIND_SSH},
        {"PRI * HTTP/2.0", 14, PROTO_KIND_HTTP2},
        {"SIP/2.0 ", 8, PROTO_KIND_SIP},
        {"RTSP/1.0 ", 9, PROTO_KIND_RTSP},
        {"\x13"
         "BitTorrent protocol",
         20, PROTO_KIND_BITTORRENT},
    };
    if (first.n == 0)
        return PROTO_KIND_MORE;
    if (is_tls(first))
        return PROTO_KIND_TLS;
    enum proto_kind answer = PROTO_KIND_UNKNOWN;
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        enum proto_kind kind = starts(first, patterns[i].pattern, patterns[i].n, patterns[i].kind);
        if (kind != PROTO_KIND_UNKNOWN && kind != PROTO_KIND_MORE)
            return kind;
        if (kind == PROTO_KIND_MORE)
            answer = kind;
    }
    enum proto_kind tries[] = {
        detect_greeting(first, src_port, dst_port),
        is_smb(first) ? PROTO_KIND_SMB : PROTO_KIND_UNKNOWN,
        is_rdp(first) ? PROTO_KIND_RDP : PROTO_KIND_UNKNOWN,
        is_mqtt(first) ? PROTO_KIND_MQTT : PROTO_KIND_UNKNOWN,
        detect_text(first),
        detect_dns_stream(first, src_port, dst_port),
    };
    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        if (tries[i] != PROTO_KIND_UNKNOWN && tries[i] != PROTO_KIND_MORE)
            return tries[i];
        if (tries[i] == PROTO_KIND_MORE)
            answer = PROTO_KIND_MORE;
    }
    return first.n < 8 ? PROTO_KIND_MORE : answer;
}

static bool is_quic(struct bytes b)
{
    struct cursor c = cursor_of(b);
    uint8_t first = cursor_u8(&c);
    uint32_t version = cursor_be32(&c);
    uint8_t id_n = cursor_u8(&c);
    if (!cursor_ok(&c) || (first & 0xc0) != 0xc0 || id_n > 20 || b.n < 32)
        return false;
    return version == 1 || version == 0x6b3343cf || version >> 8 == 0xff0000 ||
           version >> 24 == 'Q' || version >> 24 == 'T';
}

static bool is_dtls(struct bytes b)
{
    return b.n >= 13 && b.p[0] >= 20 && b.p[0] <= 25 && b.p[1] == 0xfe &&
           (b.p[2] == 0xff || b.p[2] == 0xfd || b.p[2] == 0xfc);
}

static bool is_dhcp(struct bytes b)
{
    return b.n >= 240 && (b.p[0] == 1 || b.p[0] == 2) &&
           memcmp(b.p + 236, "\x63\x82\x53\x63", 4) == 0;
}

static bool is_stun(struct bytes b)
{
    return b.n >= 20 && b.p[0] < 4 && memcmp(b.p + 4, "\x21\x12\xa4\x42", 4) == 0;
}

static bool is_ntp(struct bytes b)
{
    if (b.n < 12)
        return false;
    unsigned version = b.p[0] >> 3 & 7;
    unsigned mode = b.p[0] & 7;
    return version >= 1 && version <= 4 && mode != 0 && (b.n >= 48 || mode >= 6);
}

/* A BER sequence that begins with a version number. */
static bool is_snmp(struct bytes b)
{
    if (b.n < 10 || b.p[0] != 0x30)
        return false;
    size_t at = b.p[1] < 0x80 ? 2 : 2 + (size_t)(b.p[1] & 0x7f);
    return at + 3 <= b.n && b.p[at] == 2 && b.p[at + 1] == 1 && b.p[at + 2] <= 3;
}

enum proto_kind proto_detect_datagram(struct bytes data, uint16_t src_port, uint16_t dst_port)
{
    if (data.n == 0)
        return PROTO_KIND_UNKNOWN;
    bool dns_port = either_port(src_port, dst_port, 53) || either_port(src_port, dst_port, 5353) ||
                    either_port(src_port, dst_port, 5355);
    if (dns_port && proto_dns_plausible(data))
        return PROTO_KIND_DNS;
    if (is_quic(data))
        return PROTO_KIND_QUIC;
    if (is_dtls(data))
        return PROTO_KIND_DTLS;
    if (is_stun(data))
        return PROTO_KIND_STUN;
    if ((either_port(src_port, dst_port, 67) || either_port(src_port, dst_port, 68)) &&
        is_dhcp(data))
        return PROTO_KIND_DHCP;
    if (either_port(src_port, dst_port, 123) && is_ntp(data))
        return PROTO_KIND_NTP;
    if ((either_port(src_port, dst_port, 161) || either_port(src_port, dst_port, 162)) &&
        is_snmp(data))
        return PROTO_KIND_SNMP;
    enum proto_kind text = starts(data, "SIP/2.0 ", 8, PROTO_KIND_SIP);
    if (text != PROTO_KIND_SIP)
        text = detect_text(data);
    if (text == PROTO_KIND_SIP)
        return text;
    if (!either_port(src_port, dst_port, PORT_NETBIOS_NAMES) && is_dns_for_sure(data))
        return PROTO_KIND_DNS;
    return PROTO_KIND_UNKNOWN;
}

const char *proto_detect_name(enum proto_kind kind)
{
    static const char *const names[PROTO_KINDS] = {
        [PROTO_KIND_DNS] = "dns",   [PROTO_KIND_TLS] = "tls",
        [PROTO_KIND_HTTP] = "http", [PROTO_KIND_HTTP2] = "http2",
        [PROTO_KIND_SSH] = "ssh",   [PROTO_KIND_SMTP] = "smtp",
        [PROTO_KIND_FTP] = "ftp",   [PROTO_KIND_IMAP] = "imap",
        [PROTO_KIND_POP3] = "pop3", [PROTO_KIND_SMB] = "smb",
        [PROTO_KIND_RDP] = "rdp",   [PROTO_KIND_QUIC] = "quic",
        [PROTO_KIND_DTLS] = "dtls", [PROTO_KIND_DHCP] = "dhcp",
        [PROTO_KIND_NTP] = "ntp",   [PROTO_KIND_SNMP] = "snmp",
        [PROTO_KIND_STUN] = "stun", [PROTO_KIND_SIP] = "sip",
        [PROTO_KIND_RTSP] = "rtsp", [PROTO_KIND_BITTORRENT] = "bittorrent",
        [PROTO_KIND_MQTT] = "mqtt",
    };
    return (unsigned)kind < PROTO_KINDS ? names[kind] : NULL;
}
