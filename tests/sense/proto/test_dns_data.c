/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dns_priv.h"

#include "cmocka_head.h"
#include "sense/frames.h"

static struct frame f;
static struct dns_text_buf text;

static bool put(uint16_t type)
{
    struct bytes b = frame_copy(f.b, f.n);
    text.n = 0;
    text.full = false;
    bool ok = proto_dns_put_data(b, type, b, &text);
    text.s[text.n] = '\0';
    frame_drop(b);
    return ok;
}

/* The data as given makes this text; cut short anywhere it is refused, or (open ends) still fine.
 */
static void expect(uint16_t type, const char *hex, const char *want)
{
    f.n = 0;
    put_hex(&f, hex);
    assert_true(put(type));
    assert_string_equal(text.s, want);
    size_t whole = f.n;
    for (f.n = 1; f.n < whole; f.n++)
        put(type);
}

static void refuse(uint16_t type, const char *hex)
{
    f.n = 0;
    put_hex(&f, hex);
    assert_false(put(type));
}

#define NAME "01 61 02 6e6f 00" /* a.no */

static void addresses_and_names(void **state)
{
    (void)state;
    expect(1, "c0000201", "192.0.2.1");
    expect(28, "20010db8000000000000000000000001", "2001:db8::1");
    expect(2, NAME, "a.no");
    expect(5, NAME, "a.no");
    expect(12, NAME, "a.no");
    expect(39, NAME, "a.no");
    expect(15, "000a" NAME, "10 a.no");
    expect(33, "0001 0002 01bb" NAME, "1 2 443 a.no");
    expect(6, NAME NAME "00000001 00000e10 00000258 00015180 0000003c",
           "a.no a.no 1 3600 600 86400 60");
    expect(17, NAME "00", "a.no .");
}

static void texts(void **state)
{
    (void)state;
    expect(16, "05 68656c6c6f", "\"hello\"");
    expect(16, "01 61 00 03 62225c", "\"a\" \"\" \"b\\\"\\\\\"");
    expect(16, "02 c3a9", "\"\\195\\169\"");
    expect(13, "01 61 01 62", "\"a\" \"b\"");
    expect(257, "00 05 6973737565 636120", "0 issue \"ca \"");
    expect(256, "000a 0001 6674703a", "10 1 \"ftp:\"");
    expect(35, "0001 0002 01 73 00 02 2161" NAME, "1 2 \"s\" \"\" \"!a\" a.no");
}

static void keys_and_signatures(void **state)
{
    (void)state;
    expect(43, "ec45 05 01 2bb183af", "60485 5 1 2bb183af");
    expect(48, "0101 03 05 01020304", "257 3 5 AQIDBA==");
    expect(46, "0001 05 03 00000e10 65a0bc8e 65a0bc8e 0a52" NAME "010203",
           "A 5 3 3600 20240112041406 20240112041406 2642 a.no AQID");
    expect(47, NAME "0006 400000000003 0101 40", "a.no A RRSIG NSEC CAA");
    expect(50, "01 01 000c 04 aabbccdd 05 0123456789 0001 40", "1 1 12 aabbccdd 04hkaps9 A");
    expect(51, "01 00 0000 00", "1 0 0 -");
    expect(44, "04 02 0102", "4 2 0102");
    expect(52, "03 01 01 abcd", "3 1 1 abcd");
    expect(61, "ffff", "//8=");
}

static void services(void **state)
{
    (void)state;
    expect(65, "0001 00", "1 .");
    expect(65,
           "0001 00 0001 0006 02 6832 02 6833 0003 0002 01bb 0004 0008 c0000201 c0000202 "
           "0006 0010 20010db8000000000000000000000001 0005 0003 010203",
           "1 . alpn=h2,h3 port=443 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1 ech=AQID");
    expect(64, "0002" NAME "0000 0004 0001 0003 0002 0000 ff00 0002 6869",
           "2 a.no mandatory=alpn,port no-default-alpn key65280=\"hi\"");
    refuse(65, "0001 00 0003 0001 01");
    refuse(65, "0001 00 0004 0003 c00002");
    refuse(65, "0001 00 0004 0007 c0000201");
}

static void data_that_does_not_fit(void **state)
{
    (void)state;
    refuse(1, "c00002");
    refuse(1, "c000020101");
    refuse(28, "c0000201");
    refuse(2, "01 61");
    refuse(2, NAME "00");
    refuse(6, NAME NAME "00000001");
    refuse(16, "05 6865");
    refuse(47, NAME "0021 00");
    refuse(47, NAME "0000");
    refuse(2, "c000"); /* a loop */
}

static void unknown_types_are_generic(void **state)
{
    (void)state;
    expect(10, "0a000001", "\\# 4 0a000001");
    expect(65280, "ff", "\\# 1 ff");
}

static void long_data_ends_in_dots(void **state)
{
    (void)state;
    f.n = 0;
    put_zeros(&f, 60000);
    assert_true(put(10));
    assert_int_equal(strncmp(text.s, "\\# 60000 0000", 13), 0);
    assert_string_equal(text.s + text.n - 5, "00...");
    assert_true(text.n < 2200);
    f.n = 0;
    for (int i = 0; i < 200; i++) {
        put8(&f, 255);
        put_ramp(&f, 0, 255);
    }
    assert_true(put(16));
    assert_string_equal(text.s + text.n - 3, "...");
    assert_true(text.n <= DNS_DATA_TEXT_MAX + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_and_names),    cmocka_unit_test(texts),
        cmocka_unit_test(keys_and_signatures),    cmocka_unit_test(services),
        cmocka_unit_test(data_that_does_not_fit), cmocka_unit_test(unknown_types_are_generic),
        cmocka_unit_test(long_data_ends_in_dots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
