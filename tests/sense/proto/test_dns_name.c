/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dns_priv.h"

#include "cmocka_head.h"
#include "sense/frames.h"

static struct frame f;

static enum proto_dns_verdict read_at(size_t at, char *text, size_t *moved)
{
    struct bytes b = frame_copy(f.b, f.n);
    struct cursor c = cursor_make(b.p + at, b.n - at);
    size_t n;
    enum proto_dns_verdict v = proto_dns_read_name(b, &c, text, &n);
    if (v == PROTO_DNS_OK) {
        text[n] = '\0';
        *moved = (size_t)(c.p - b.p) - at;
    }
    frame_drop(b);
    return v;
}

static void expect(size_t at, const char *want, size_t want_moved)
{
    char text[DNS_NAME_TEXT_MAX + 1];
    size_t moved;
    assert_int_equal(read_at(at, text, &moved), PROTO_DNS_OK);
    assert_string_equal(text, want);
    assert_int_equal(moved, want_moved);
}

static void expect_verdict(size_t at, enum proto_dns_verdict want)
{
    char text[DNS_NAME_TEXT_MAX + 1];
    size_t moved;
    assert_int_equal(read_at(at, text, &moved), want);
}

static void names_and_pointers(void **state)
{
    (void)state;
    f.n = 0;
    put_hex(&f, "03 777777 07 6578616d706c65 03 4f7267 00"); /* www.example.Org */
    put_hex(&f, "04 6d61696c c004");                         /* mail + pointer */
    put_hex(&f, "c011");                                     /* pointer to that */
    put_hex(&f, "00");
    expect(0, "www.example.Org", 17);
    expect(17, "mail.example.Org", 7);
    expect(24, "mail.example.Org", 2);
    expect(26, ".", 1);
}

static void strange_bytes_are_escaped(void **state)
{
    (void)state;
    f.n = 0;
    put_hex(&f, "08 612e5c20007fff22 00");
    expect(0, "a\\.\\\\\\032\\000\\127\\255\"", 10);
}

static void loops_are_seen(void **state)
{
    (void)state;
    f.n = 0;
    put_hex(&f, "c000 c000 01 61 c004 c00a 00 c008");
    expect_verdict(0, PROTO_DNS_NAME_LOOP); /* to itself */
    expect_verdict(2, PROTO_DNS_NAME_LOOP);
    expect_verdict(4, PROTO_DNS_NAME_LOOP); /* round */
    expect_verdict(8, PROTO_DNS_NAME_LOOP); /* forward */
}

static void chains_are_given_up(void **state)
{
    (void)state;
    f.n = 0;
    put_hex(&f, "01 61 00 00");
    for (unsigned i = 0; i < 1000; i++)
        put16(&f, 0xc000 | (i == 0 ? 0 : 2 + 2 * i));
    expect(4 + 2 * 126, "a", 2);
    expect_verdict(4 + 2 * 127, PROTO_DNS_NAME_LOOP);
    expect_verdict(4 + 2 * 999, PROTO_DNS_NAME_LOOP);
}

static void what_cannot_be_a_name(void **state)
{
    (void)state;
    f.n = 0;
    put_hex(&f, "40 00 80 00 c0");
    expect_verdict(0, PROTO_DNS_NAME_BAD);
    expect_verdict(2, PROTO_DNS_NAME_BAD);
    expect_verdict(4, PROTO_DNS_CUT);
    expect_verdict(5, PROTO_DNS_CUT);
    f.n = 0;
    put_hex(&f, "05 616263");
    expect_verdict(0, PROTO_DNS_CUT);
}

static void the_longest_name(void **state)
{
    (void)state;
    char text[DNS_NAME_TEXT_MAX + 1];
    size_t moved;
    f.n = 0;
    for (int i = 0; i < 3; i++) {
        put8(&f, 63);
        for (int k = 0; k < 63; k++)
            put8(&f, 0xff);
    }
    put8(&f, 61);
    for (int k = 0; k < 61; k++)
        put8(&f, 0xff);
    put8(&f, 0);
    assert_int_equal(f.n, 255);
    assert_int_equal(read_at(0, text, &moved), PROTO_DNS_OK);
    assert_int_equal(strlen(text), 250 * 4 + 3);
    f.b[192] = 62; /* one byte more */
    f.b[254] = 0xff;
    put8(&f, 0);
    expect_verdict(0, PROTO_DNS_NAME_BAD);
}

static void codes_have_names(void **state)
{
    (void)state;
    char b[PROTO_DNS_NAME_SIZE];
    assert_string_equal(proto_dns_type_name(1, b), "A");
    assert_string_equal(proto_dns_type_name(28, b), "AAAA");
    assert_string_equal(proto_dns_type_name(65, b), "HTTPS");
    assert_string_equal(proto_dns_type_name(255, b), "ANY");
    assert_string_equal(proto_dns_type_name(32769, b), "DLV");
    assert_string_equal(proto_dns_type_name(65535, b), "TYPE65535");
    assert_string_equal(proto_dns_type_name(0, b), "TYPE0");
    assert_string_equal(proto_dns_class_name(1, b), "IN");
    assert_string_equal(proto_dns_class_name(17, b), "CLASS17");
    assert_string_equal(proto_dns_rcode_name(3, b), "NXDOMAIN");
    assert_string_equal(proto_dns_rcode_name(23, b), "BADCOOKIE");
    assert_string_equal(proto_dns_rcode_name(4095, b), "RCODE4095");
    assert_string_equal(proto_dns_opcode_name(5, b), "UPDATE");
    assert_string_equal(proto_dns_opcode_name(15, b), "OPCODE15");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_pointers),    cmocka_unit_test(strange_bytes_are_escaped),
        cmocka_unit_test(loops_are_seen),        cmocka_unit_test(chains_are_given_up),
        cmocka_unit_test(what_cannot_be_a_name), cmocka_unit_test(the_longest_name),
        cmocka_unit_test(codes_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
