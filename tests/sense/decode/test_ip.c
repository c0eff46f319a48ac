/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/ip.h"

#include "cmocka_head.h"
#include "sense/frames.h"

static struct frame f;
static struct decode_packet p;
static struct decode_ip ip;

static enum decode_verdict read_ip(uint64_t wire_n)
{
    struct bytes b = frame_copy(f.b, f.n);
    p = (struct decode_packet){.ts = 0};
    enum decode_verdict v = decode_ip_read(DECODE_NET_ANY, b, wire_n, &p, &ip);
    frame_drop(b);
    return v;
}

static void v4_header(void **state)
{
    (void)state;
    f.n = 0;
    put_ip4(&f, 17, 12, 7, 0);
    put_ramp(&f, 1, 12);
    put_zeros(&f, 14); /* Ethernet's padding */
    assert_int_equal(read_ip(f.n), DECODE_OK);
    assert_int_equal(p.ip_version, 4);
    assert_int_equal(p.proto, 17);
    assert_int_equal(p.ttl, 64);
    assert_int_equal(p.ip_len, 32);
    assert_int_equal(ip.len, 12);
    assert_int_equal(ip.data.n, 12);
    assert_false(p.cut);
    assert_false(ip.fragmented);
    char text[IP_TEXT_SIZE];
    ip_format(&p.src, text);
    assert_string_equal(text, "10.0.0.1");
    ip_format(&p.dst, text);
    assert_string_equal(text, "10.0.0.2");
}

static void v4_options_are_skipped(void **state)
{
    (void)state;
    f.n = 0;
    put_hex(&f, "4700 0020 0000 0000 40 11 0000 0a000001 0a000002 01010101 01010100");
    put_ramp(&f, 1, 4);
    assert_int_equal(read_ip(f.n), DECODE_OK);
    assert_int_equal(ip.len, 4);
    f.b[0] = 0x44; /* shorter than a header */
    assert_int_equal(read_ip(f.n), DECODE_IP_LENGTH);
    f.b[0] = 0x47;
    f.b[3] = 27; /* total length within the header */
    assert_int_equal(read_ip(f.n), DECODE_IP_LENGTH);
}

static void v4_without_length_takes_the_frame_s(void **state)
{
    (void)state;
    f.n = 0;
    put_ip4(&f, 6, 0, 0, 0);
    f.b[2] = f.b[3] = 0;
    put_zeros(&f, 3000);
    assert_int_equal(read_ip(9000), DECODE_OK);
    assert_true(ip.no_length);
    assert_int_equal(p.ip_len, 9000);
    assert_int_equal(ip.len, 8980);
    assert_int_equal(ip.data.n, 3000);
    assert_true(p.cut);
}

static void lengths_beyond_the_frame_are_not_believed(void **state)
{
    (void)state;
    f.n = 0;
    put_ip4(&f, 17, 60000, 0, 0);
    put_zeros(&f, 80);
    assert_int_equal(read_ip(100), DECODE_OK);
    assert_int_equal(p.ip_len, 100);
    assert_int_equal(ip.len, 80);
    assert_true(p.cut);
    f.n = 0;
    put_ip6(&f, 17, 60000);
    put_zeros(&f, 60);
    assert_int_equal(read_ip(100), DECODE_OK);
    assert_int_equal(p.ip_len, 100);
    assert_int_equal(ip.len, 60);
}

static void v4_fragment_fields(void **state)
{
    (void)state;
    f.n = 0;
    put_ip4(&f, 17, 16, 0x1234, 0x2000 | 185);
    put_zeros(&f, 16);
    assert_int_equal(read_ip(f.n), DECODE_OK);
    assert_true(ip.fragmented);
    assert_int_equal(ip.fragment.id, 0x1234);
    assert_int_equal(ip.fragment.offset, 1480);
    assert_true(ip.fragment.more);
    assert_int_equal(ip.fragment.len, 16);
    f.b[6] = 0x40; /* "don't fragment" is no fragment */
    f.b[7] = 0;
    assert_int_equal(read_ip(f.n), DECODE_OK);
    assert_false(ip.fragmented);
}

static void v6_extensions_are_skipped(void **state)
{
    (void)state;
    f.n = 0;
    put_ip6(&f, 0, 8 + 16 + 8 + 12 + 4);
    put_hex(&f, "2b 00 0104 00000000");                  /* hop by hop */
    put_hex(&f, "3c 01 0400 00000000 0000000000000000"); /* routing */
    put_hex(&f, "33 00 0104 00000000");                  /* destination */
    put_hex(&f, "11 01 0000 00000001 00000002");         /* authentication */
    put_ramp(&f, 1, 4);
    assert_int_equal(read_ip(f.n), DECODE_OK);
    assert_int_equal(p.ip_version, 6);
    assert_int_equal(p.proto, 17);
    assert_int_equal(p.ttl, 63);
    assert_int_equal(ip.len, 4);
    assert_int_equal(p.ip_len, f.n);
    for (size_t n = 1; n < f.n - 4; n++) { /* cut anywhere before the payload */
        size_t whole = f.n;
        f.n = n;
        assert_int_equal(read_ip(whole), DECODE_IP_SHORT);
        f.n = whole;
    }
}

static void endless_extensions_are_given_up(void **state)
{
    (void)state;
    f.n = 0;
    put_ip6(&f, 60, 100 * 8);
    for (int i = 0; i < 100; i++)
        put_hex(&f, "3c 00 0104 00000000");
    assert_int_equal(read_ip(f.n), DECODE_IP_EXTENSIONS);
}

static void v6_fragment_header(void **state)
{
    (void)state;
    f.n = 0;
    put_ip6(&f, 44, 8 + 16);
    put_hex(&f, "11 00 05a9 deadbeef");
    put_zeros(&f, 16);
    assert_int_equal(read_ip(f.n), DECODE_OK);
    assert_true(ip.fragmented);
    assert_int_equal(p.proto, 17);
    assert_int_equal(ip.fragment.id, 0xdeadbeef);
    assert_int_equal(ip.fragment.offset, 1448);
    assert_true(ip.fragment.more);
    assert_int_equal(ip.fragment.len, 16);

    f.b[42] = f.b[43] = 0; /* a fragment that is all of it */
    assert_int_equal(read_ip(f.n), DECODE_OK);
    assert_false(ip.fragmented);
    assert_int_equal(ip.len, 16);
}

static void jumbograms_and_missing_lengths(void **state)
{
    (void)state;
    f.n = 0;
    put_ip6(&f, 0, 0);
    put_hex(&f, "3b 00 c204 00011170"); /* 70,000 bytes */
    put_zeros(&f, 100);
    assert_int_equal(read_ip(70040), DECODE_OK);
    assert_int_equal(p.ip_len, 70040);
    assert_int_equal(ip.len, 70000 - 8);
    assert_false(ip.no_length);

    f.n = 0;
    put_ip6(&f, 6, 0);
    put_zeros(&f, 100);
    assert_int_equal(read_ip(f.n), DECODE_OK);
    assert_true(ip.no_length);
    assert_int_equal(ip.len, 100);

    f.n = 0;
    put_ip6(&f, 59, 0);
    put_zeros(&f, 6);
    assert_int_equal(read_ip(f.n), DECODE_OK);
    assert_int_equal(ip.len, 0);
    assert_int_equal(p.proto, 59);
}

static void versions(void **state)
{
    (void)state;
    f.n = 0;
    assert_int_equal(read_ip(0), DECODE_IP_SHORT);
    put_ip4(&f, 17, 0, 0, 0);
    f.b[0] = 0x55;
    assert_int_equal(read_ip(20), DECODE_IP_VERSION);
    f.b[0] = 0x45;
    struct bytes b = bytes_make(f.b, f.n);
    assert_int_equal(decode_ip_read(DECODE_NET_IP6, b, 20, &p, &ip), DECODE_IP_VERSION);
    assert_int_equal(decode_ip_read(DECODE_NET_IP4, b, 20, &p, &ip), DECODE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v4_header),
        cmocka_unit_test(v4_options_are_skipped),
        cmocka_unit_test(v4_without_length_takes_the_frame_s),
        cmocka_unit_test(lengths_beyond_the_frame_are_not_believed),
        cmocka_unit_test(v4_fragment_fields),
        cmocka_unit_test(v6_extensions_are_skipped),
        cmocka_unit_test(endless_extensions_are_given_up),
        cmocka_unit_test(v6_fragment_header),
        cmocka_unit_test(jumbograms_and_missing_lengths),
        cmocka_unit_test(versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
