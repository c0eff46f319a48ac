/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/x509_priv.h"

#include "cmocka_head.h"
#include "sense/frames.h"

static struct frame f;
static struct arena arena;

static struct bytes oid(const char *hex)
{
    f.n = 0;
    put_hex(&f, hex);
    return bytes_make(f.b, f.n);
}

static void known_numbers(void **state)
{
    (void)state;
    assert_string_equal(proto_x509_attribute(oid("550403"))->name, "CN");
    assert_string_equal(proto_x509_attribute(oid("2a864886f70d010901"))->name, "emailAddress");
    assert_string_equal(proto_x509_attribute(oid("2b0601040182373c020103"))->name, "jurisdictionC");
    assert_null(proto_x509_attribute(oid("5504")));
    assert_null(proto_x509_attribute(oid("")));
    assert_string_equal(proto_x509_key(oid("2a864886f70d010101"))->name, "RSA");
    assert_int_equal(proto_x509_key(oid("2b6570"))->bits, 256);
    assert_string_equal(proto_x509_curve(oid("2b81040022"))->name, "P-384");
    assert_int_equal(proto_x509_curve(oid("2b81040023"))->bits, 521);
    assert_string_equal(proto_x509_signature(oid("2a864886f70d01010b"))->name, "SHA256-RSA");
    assert_string_equal(proto_x509_signature(oid("2a8648ce3d040302"))->name, "ECDSA-SHA256");
}

static void dotted(void **state)
{
    (void)state;
    assert_string_equal(proto_x509_dotted(oid("2a864886f70d"), &arena), "1.2.840.113549");
    assert_string_equal(proto_x509_dotted(oid("00"), &arena), "0.0");
    assert_string_equal(proto_x509_dotted(oid("550411"), &arena), "2.5.4.17");
    assert_string_equal(proto_x509_dotted(oid("8837"), &arena), "2.999");
    assert_string_equal(proto_x509_dotted(oid(""), &arena), "");
    assert_string_equal(proto_x509_dotted(oid("ffffffffffffffffffffff7f"), &arena), "");
    f.n = 0;
    for (int i = 0; i < 200; i++)
        put_hex(&f, "ffffff7f");
    assert_string_equal(proto_x509_dotted(bytes_make(f.b, f.n), &arena), "");
}

static int start(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_numbers),
        cmocka_unit_test(dotted),
    };
    return cmocka_run_group_tests(tests, start, end);
}
