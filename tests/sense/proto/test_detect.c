/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/detect.h"

#include "base/rng.h"

#include "cmocka_head.h"
#include "sense/frames.h"

static struct frame f;

static enum proto_kind stream(const char *text, size_t n, uint16_t src, uint16_t dst)
{
    struct bytes b = frame_copy((const uint8_t *)text, n);
    enum proto_kind kind = proto_detect_stream(b, src, dst);
    frame_drop(b);
    return kind;
}

#define STREAM(text) stream(text, sizeof(text) - 1, 50000, 50001)

static void streams_on_any_port(void **state)
{
    (void)state;
    assert_int_equal(STREAM("GET / HTTP/1.1\r\n"), PROTO_KIND_HTTP);
    assert_int_equal(STREAM("PROPFIND /x HTTP/1.0\r\n"), PROTO_KIND_HTTP);
    assert_int_equal(STREAM("HTTP/1.1 200 OK\r\n"), PROTO_KIND_HTTP);
    assert_int_equal(STREAM(" \r\nGET /txt HTTP/1.1\r\n"), PROTO_KIND_HTTP);
    assert_int_equal(STREAM("PRI * HTTP/2.0\r\n\r\nSM"), PROTO_KIND_HTTP2);
    assert_int_equal(STREAM("\x16\x03\x01\x00\x70\x01\x00"), PROTO_KIND_TLS);
    assert_int_equal(STREAM("SSH-2.0-OpenSSH"), PROTO_KIND_SSH);
    assert_int_equal(STREAM("220 mail ESMTP\r\n"), PROTO_KIND_SMTP);
    assert_int_equal(STREAM("EHLO there\r\n"), PROTO_KIND_SMTP);
    assert_int_equal(STREAM("220 some FTP server\r\n"), PROTO_KIND_FTP);
    assert_int_equal(STREAM("+OK ready\r\n"), PROTO_KIND_POP3);
    assert_int_equal(STREAM("* OK IMAP4rev1\r\n"), PROTO_KIND_IMAP);
    assert_int_equal(STREAM("\0\0\0\x54\xffSMBr"), PROTO_KIND_SMB);
    assert_int_equal(STREAM("\0\0\0\x54\xfeSMB@"), PROTO_KIND_SMB);
    assert_int_equal(STREAM("\3\0\0\x13\x0e\xe0\0\0\0\0\0"), PROTO_KIND_RDP);
    assert_int_equal(STREAM("\x10\x10\0\4MQTT\4"), PROTO_KIND_MQTT);
    assert_int_equal(STREAM("OPTIONS sip:a SIP/2.0\r\n"), PROTO_KIND_SIP);
    assert_int_equal(STREAM("SIP/2.0 200 OK\r\n"), PROTO_KIND_SIP);
    assert_int_equal(STREAM("DESCRIBE rtsp://a RTSP/1.0\r\n"), PROTO_KIND_RTSP);
    assert_int_equal(STREAM("\x13"
                            "BitTorrent protocol\0"),
                     PROTO_KIND_BITTORRENT);
    assert_int_equal(STREAM("\x01\x02\x03\x04\x05\x06\x07\x08\x09"), PROTO_KIND_UNKNOWN);
}

static void ports_settle_doubts(void **state)
{
    (void)state;
    assert_int_equal(stream("220 hello\r\n", 11, 25, 40000), PROTO_KIND_SMTP);
    assert_int_equal(stream("220 hello\r\n", 11, 21, 40000), PROTO_KIND_FTP);
    assert_int_equal(stream("220 hello\r\n", 11, 9999, 40000), PROTO_KIND_UNKNOWN);
}

/* However little is there, the answer is the final one or a request for more. */
static void beginnings_ask_for_more(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        enum proto_kind want;
    } cases[] = {
        {"GET /index.html HTTP/1.1\r\n", 26, PROTO_KIND_HTTP},
        {"HTTP/1.1 200 OK\r\n", 17, PROTO_KIND_HTTP},
        {"\x16\x03\x01\x00\x70\x01\x00\x00", 8, PROTO_KIND_TLS},
        {"SSH-2.0-x\r\n", 11, PROTO_KIND_SSH},
        {"PRI * HTTP/2.0\r\n", 16, PROTO_KIND_HTTP2},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t n = 0; n <= cases[i].n; n++) {
            enum proto_kind kind = stream(cases[i].text, n, 1, 2);
            assert_true(kind == cases[i].want || (n < cases[i].n && kind == PROTO_KIND_MORE));
        }
    }
}

static void dns_over_tcp(void **state)
{
    (void)state;
    f.n = 0;
    put_hex(&f, "0011 abcd 0100 0001 0000 0000 0000 00 0001 0001");
    for (size_t n = 0; n <= f.n; n++)
        assert_int_equal(stream((const char *)f.b, n, 40000, 53),
                         n < f.n ? PROTO_KIND_MORE : PROTO_KIND_DNS);
    assert_int_equal(stream((const char *)f.b, f.n, 40000, 54), PROTO_KIND_UNKNOWN);
}

static enum proto_kind datagram(const char *hex, size_t padding, uint16_t src, uint16_t dst)
{
    f.n = 0;
    put_hex(&f, hex);
    put_zeros(&f, padding);
    struct bytes b = frame_copy(f.b, f.n);
    enum proto_kind kind = proto_detect_datagram(b, src, dst);
    frame_drop(b);
    return kind;
}

static void datagrams(void **state)
{
    (void)state;
    static const char query[] = "abcd 0100 0001 0000 0000 0000 0161 00 0001 0001";
    assert_int_equal(datagram(query, 0, 40000, 53), PROTO_KIND_DNS);
    assert_int_equal(datagram(query, 0, 5353, 5353), PROTO_KIND_DNS);
    assert_int_equal(datagram(query, 0, 40000, 9999), PROTO_KIND_DNS);
    assert_int_equal(datagram(query, 0, 137, 137), PROTO_KIND_UNKNOWN);
    assert_int_equal(datagram("abcd 0140 0001 0000 0000 0000 0161 00 0001 0001", 0, 40000, 9999),
                     PROTO_KIND_UNKNOWN); /* a reserved bit, away from its port */
    assert_int_equal(datagram("c3 00000001 08 0102030405060708 00", 1200, 40000, 443),
                     PROTO_KIND_QUIC);
    assert_int_equal(datagram("16 feff 0000 000000000000 0010", 16, 40000, 4433), PROTO_KIND_DTLS);
    assert_int_equal(datagram("0001 0000 2112a442", 12, 40000, 3478), PROTO_KIND_STUN);
    assert_int_equal(datagram("23", 47, 40000, 123), PROTO_KIND_NTP);
    assert_int_equal(datagram("23", 47, 40000, 124), PROTO_KIND_UNKNOWN);
    assert_int_equal(datagram("3026 020101 0406 7075626c6963", 30, 40000, 161), PROTO_KIND_SNMP);
    f.n = 0;
    put_hex(&f, "01010600");
    put_zeros(&f, 232);
    put_hex(&f, "63825363");
    put_zeros(&f, 60);
    assert_int_equal(proto_detect_datagram(bytes_make(f.b, f.n), 68, 67), PROTO_KIND_DHCP);
    assert_int_equal(proto_detect_datagram(bytes_make("INVITE sip:a SIP/2.0\r\n", 22), 5060, 5060),
                     PROTO_KIND_SIP);
    assert_int_equal(proto_detect_datagram(bytes_make(NULL, 0), 53, 53), PROTO_KIND_UNKNOWN);
}

static void random_bytes_are_nothing(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 15);
    unsigned known = 0;
    for (int round = 0; round < 20000; round++) {
        f.n = 0;
        size_t n = rng_below(&rng, 100);
        for (size_t i = 0; i < n; i++)
            put8(&f, (unsigned)rng_u64(&rng));
        struct bytes b = frame_copy(f.b, f.n);
        known += proto_detect_stream(b, 53, 40000) > PROTO_KIND_MORE;
        enum proto_kind kind = proto_detect_datagram(b, 40000, 40001);
        assert_int_not_equal(kind, PROTO_KIND_MORE);
        known += kind != PROTO_KIND_UNKNOWN;
        frame_drop(b);
    }
    assert_true(known < 40);
}

static void names(void **state)
{
    (void)state;
    assert_null(proto_detect_name(PROTO_KIND_UNKNOWN));
    assert_null(proto_detect_name(PROTO_KIND_MORE));
    for (int i = PROTO_KIND_DNS; i < PROTO_KINDS; i++)
        assert_non_null(proto_detect_name((enum proto_kind)i));
    assert_string_equal(proto_detect_name(PROTO_KIND_TLS), "tls");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_on_any_port),
        cmocka_unit_test(ports_settle_doubts),
        cmocka_unit_test(beginnings_ask_for_more),
        cmocka_unit_test(dns_over_tcp),
        cmocka_unit_test(datagrams),
        cmocka_unit_test(random_bytes_are_nothing),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
