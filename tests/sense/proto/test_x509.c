/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/x509.h"

#include "base/rng.h"
#include "base/utf8.h"

#include "cmocka_head.h"
#include "sense/proto/certificate.h"
#include "sense/proto/der.h"

static struct frame f;
static struct arena arena;
static struct proto_tls_certificate c;

static bool read_certificate(size_t n)
{
    struct bytes b = frame_copy(f.b, n);
    arena_clear(&arena);
    bool ok = proto_x509_read(b, &arena, &c);
    frame_drop(b); /* the text must not lead into it */
    return ok;
}

/* What a test changes about a certificate. */
struct recipe {
    const char *version; /* hex of the INTEGER's body; NULL to leave it out */
    const char *serial;
    const char *begin; /* with tag and length */
    const char *end;
    const char *key;       /* the AlgorithmIdentifier's body */
    const char *bits;      /* of the key */
    const char *signature; /* OID */
    const char *names;     /* GeneralNames' body; NULL to leave the extensions out */
    bool critical;
};

static const struct recipe plain = {
    .version = "02",
    .serial = "00ff01",
    .begin = "17 0d 3234303133313130323033305a",
    .end = "18 0f 32303530303133313130323033305a",
    .key = "06 03 2b6570",
    .bits = "00 01020304",
    .signature = "2b6570",
    .names = "82 01 61",
};

static void make(const struct recipe *r)
{
    f.n = 0;
    size_t whole = der_begin(&f, 0x30);
    size_t fields = der_begin(&f, 0x30);
    if (r->version != NULL) {
        size_t version = der_begin(&f, 0xa0);
        der_put(&f, 2, r->version);
        der_end(&f, version);
    }
    der_put(&f, 2, r->serial);
    size_t at = der_begin(&f, 0x30);
    der_put(&f, 6, r->signature);
    der_end(&f, at);
    at = der_begin(&f, 0x30);
    der_attribute(&f, "550403", "0c 02 6361");
    der_end(&f, at);
    at = der_begin(&f, 0x30);
    put_hex(&f, r->begin);
    put_hex(&f, r->end);
    der_end(&f, at);
    at = der_begin(&f, 0x30);
    der_attribute(&f, "550403", "0c 01 73");
    der_end(&f, at);
    at = der_begin(&f, 0x30);
    der_put(&f, 0x30, r->key);
    der_put(&f, 3, r->bits);
    der_end(&f, at);
    der_put(&f, 0x81, "00 ff"); /* a unique identifier of old */
    if (r->names != NULL) {
        size_t extensions = der_begin(&f, 0xa3);
        size_t list = der_begin(&f, 0x30);
        at = der_begin(&f, 0x30); /* another extension */
        der_put(&f, 6, "551d0f");
        der_put(&f, 4, "0303020780");
        der_end(&f, at);
        at = der_begin(&f, 0x30);
        der_put(&f, 6, "551d11");
        if (r->critical)
            der_put(&f, 1, "ff");
        size_t octets = der_begin(&f, 4);
        der_put(&f, 0x30, r->names);
        der_end(&f, octets);
        der_end(&f, at);
        der_end(&f, list);
        der_end(&f, extensions);
    }
    der_end(&f, fields);
    at = der_begin(&f, 0x30);
    der_put(&f, 6, r->signature);
    der_end(&f, at);
    der_put(&f, 3, "00 00");
    der_end(&f, whole);
}

static void the_plain_one(void **state)
{
    (void)state;
    make(&plain);
    assert_true(read_certificate(f.n));
    assert_string_equal(c.subject, "CN=s");
    assert_string_equal(c.common_name, "s");
    assert_string_equal(c.issuer, "CN=ca");
    assert_string_equal(c.issuer_common_name, "ca");
    assert_string_equal(c.serial, "FF01");
    assert_int_equal(c.version, 3);
    assert_int_equal(c.not_before, 1706696430 * TIME_S);
    assert_int_equal(c.not_after, 2527237230 * TIME_S);
    assert_string_equal(c.public_key_algorithm, "Ed25519");
    assert_int_equal(c.public_key_bits, 256);
    assert_string_equal(c.public_key_curve, "");
    assert_string_equal(c.signature_algorithm, "Ed25519");
    assert_int_equal(c.name_n, 1);
    assert_string_equal(c.names[0], "a");
}

static void versions_and_numbers(void **state)
{
    (void)state;
    struct recipe r = plain;
    r.version = NULL;
    r.serial = "00";
    make(&r);
    assert_true(read_certificate(f.n));
    assert_int_equal(c.version, 1);
    assert_string_equal(c.serial, "00");
    r.version = "07";
    r.serial = "";
    make(&r);
    assert_true(read_certificate(f.n));
    assert_int_equal(c.version, 0);
    assert_string_equal(c.serial, "");
}

static void expect_begin(const char *hex, ts_ns want)
{
    struct recipe r = plain;
    r.begin = hex;
    make(&r);
    assert_true(read_certificate(f.n));
    assert_int_equal(c.not_before, want);
    assert_int_equal(c.not_after, 2527237230 * TIME_S);
}

static void times(void **state)
{
    (void)state;
    expect_begin("17 0d 3530303130313030303030305a", -631152000 * TIME_S); /* 1950 */
    expect_begin("17 0d 3439313233313233353935395a", 2524607999 * TIME_S); /* 2049 */
    expect_begin("18 0f 39393939313233313233353935395a", TIME_MAX);        /* never */
    expect_begin("18 0f 30303031303130313030303030305a", TIME_NONE);       /* year 1 */
    expect_begin("17 0d 3234313330313030303030305a", TIME_NONE);           /* month 13 */
    expect_begin("17 0d 3234303130313234303030305a", TIME_NONE);           /* hour 24 */
    expect_begin("17 0d 32343031303130302d30305a5a", TIME_NONE);
    expect_begin("17 0b 323430313031303030305a", TIME_NONE); /* without seconds */
    expect_begin("13 01 61", TIME_NONE);
}

static void expect_key(const char *key, const char *bits, const char *algorithm, const char *curve,
                       unsigned want_bits, uint64_t exponent)
{
    struct recipe r = plain;
    r.key = key;
    r.bits = bits;
    make(&r);
    assert_true(read_certificate(f.n));
    assert_string_equal(c.public_key_algorithm, algorithm);
    assert_string_equal(c.public_key_curve, curve);
    assert_int_equal(c.public_key_bits, want_bits);
    assert_int_equal(c.public_key_exponent, exponent);
}

static void keys(void **state)
{
    (void)state;
    expect_key("06 09 2a864886f70d010101 05 00", "00 30 0a 02 03 00ffff 02 03 010001", "RSA", "",
               16, 65537);
    expect_key("06 09 2a864886f70d010101 05 00", "00 30 09 02 02 07ff 02 03 010001", "RSA", "", 11,
               65537);
    expect_key("06 09 2a864886f70d010101 05 00", "00 31 00", "RSA", "", 0, 0);
    expect_key("06 07 2a8648ce3d0201 06 08 2a8648ce3d030107", "00 04", "ECDSA", "P-256", 256, 0);
    expect_key("06 07 2a8648ce3d0201 06 05 2b81040021", "00 04", "ECDSA", "P-224", 224, 0);
    expect_key("06 07 2a8648ce3d0201 06 02 2a03", "00 04", "ECDSA", "1.2.3", 0, 0);
    expect_key("06 07 2a8648ce3d0201 05 00", "00 04", "ECDSA", "", 0, 0);
    expect_key("06 07 2a8648ce380401 30 05 02 03 00ffff", "00 04", "DSA", "", 16, 0);
    expect_key("06 02 2a03", "00 04", "1.2.3", "", 0, 0);
}

static void signatures(void **state)
{
    (void)state;
    struct recipe r = plain;
    r.signature = "2a864886f70d010105";
    make(&r);
    assert_true(read_certificate(f.n));
    assert_string_equal(c.signature_algorithm, "SHA1-RSA");
    r.signature = "2a03";
    make(&r);
    assert_true(read_certificate(f.n));
    assert_string_equal(c.signature_algorithm, "1.2.3");
}

static void alternative_names(void **state)
{
    (void)state;
    struct recipe r = plain;
    r.critical = true;
    r.names = "82 01 61 87 04 c0000201 87 03 010203 a4 02 3000 81 03 614062 86 02 783a 88 01 2a "
              "82 02 ff00";
    make(&r);
    assert_true(read_certificate(f.n));
    static const char *const want[] = {"a", "192.0.2.1", "a@b", "x:", "\\xff\\x00"};
    assert_int_equal(c.name_n, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(c.names[i], want[i]);
    r.names = NULL;
    make(&r);
    assert_true(read_certificate(f.n));
    assert_int_equal(c.name_n, 0);
    static char many[200 * 6 + 1];
    for (int i = 0; i < 200; i++)
        memcpy(many + 6 * i, "820161", 7);
    r.names = many;
    make(&r);
    assert_true(read_certificate(f.n));
    assert_int_equal(c.name_n, PROTO_X509_NAMES_MAX);
}

static void cut_anywhere_it_is_refused(void **state)
{
    (void)state;
    make(&plain);
    for (size_t n = 0; n < f.n; n++) {
        assert_false(read_certificate(n));
        assert_string_equal(c.subject, "");
        assert_int_equal(c.not_after, TIME_NONE);
        assert_int_equal(c.name_n, 0);
    }
}

static void lengths_that_cannot_be(void **state)
{
    (void)state;
    f.n = 0;
    put_hex(&f, "3080 3080 0000 0000");
    assert_false(read_certificate(f.n));
    f.n = 0;
    put_hex(&f, "30 85 0000000001 00");
    assert_false(read_certificate(f.n));
    f.n = 0;
    put_hex(&f, "30 84 ffffffff 00");
    assert_false(read_certificate(f.n));
    f.n = 0;
    put_hex(&f, "3f 81 01 00");
    assert_false(read_certificate(f.n));
}

static void random_changes_do_no_harm(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 16);
    unsigned readable = 0;
    for (int round = 0; round < 20000; round++) {
        f.n = 0;
        put_hex(&f, certificate_hex);
        for (uint64_t i = 1 + rng_below(&rng, 4); i > 0; i--)
            f.b[rng_below(&rng, f.n)] = (uint8_t)rng_u64(&rng);
        readable += read_certificate(f.n);
        assert_true(utf8_valid(c.subject, strlen(c.subject)));
        assert_true(utf8_valid(c.issuer_common_name, strlen(c.issuer_common_name)));
        for (size_t i = 0; i < c.name_n; i++)
            assert_true(utf8_valid(c.names[i], strlen(c.names[i])));
    }
    assert_true(readable > 5000 && readable < 19900);
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
        cmocka_unit_test(the_plain_one),
        cmocka_unit_test(versions_and_numbers),
        cmocka_unit_test(times),
        cmocka_unit_test(keys),
        cmocka_unit_test(signatures),
        cmocka_unit_test(alternative_names),
        cmocka_unit_test(cut_anywhere_it_is_refused),
        cmocka_unit_test(lengths_that_cannot_be),
        cmocka_unit_test(random_changes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, start, end);
}
