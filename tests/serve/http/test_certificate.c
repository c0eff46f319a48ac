/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_head.h"

#include "http/certificate.h"

#include <gnutls/x509.h>
#include <string.h>

static const char *const names[] = {"weir.example", "*.weir.example", "192.0.2.7", "2001:db8::7"};
static const struct http_certificate_options good = {
    .names = names, .names_n = 4, .from = 1700000000 * TIME_S, .to = 1800000000 * TIME_S};

static void it_holds_what_was_asked(void **state)
{
    struct buf cert;
    struct buf key;
    struct err_text why = {0};
    ts_ns ends = 0;
    (void)state;
    buf_init(&cert);
    buf_init(&key);
    assert_int_equal(http_certificate_make(&good, &cert, &key, &why), ERR_NONE);
    assert_non_null(strstr(buf_text(&cert), "BEGIN CERTIFICATE"));
    assert_non_null(strstr(buf_text(&key), "PRIVATE KEY"));
    assert_int_equal(strlen(buf_text(&cert)), cert.n);
    assert_int_equal(http_certificate_ends(cert.p, cert.n, &ends, &why), ERR_NONE);
    assert_int_equal(ends, good.to);

    /* Read again by the library, as a client does. */
    gnutls_x509_crt_t crt;
    gnutls_datum_t datum = {(unsigned char *)cert.p, (unsigned)cert.n};
    assert_int_equal(gnutls_x509_crt_init(&crt), 0);
    assert_int_equal(gnutls_x509_crt_import(crt, &datum, GNUTLS_X509_FMT_PEM), 0);
    assert_true(gnutls_x509_crt_check_hostname(crt, "weir.example"));
    assert_true(gnutls_x509_crt_check_hostname(crt, "a.weir.example"));
    assert_true(gnutls_x509_crt_check_hostname(crt, "192.0.2.7"));
    assert_true(gnutls_x509_crt_check_hostname(crt, "2001:db8::7"));
    assert_false(gnutls_x509_crt_check_hostname(crt, "192.0.2.8"));
    assert_false(gnutls_x509_crt_check_hostname(crt, "weir.other"));
    assert_true(gnutls_x509_crt_check_issuer(crt, crt));
    assert_int_equal(gnutls_x509_crt_get_pk_algorithm(crt, NULL), GNUTLS_PK_ECDSA);
    gnutls_x509_crt_deinit(crt);

    /* Two are different. */
    struct buf cert2;
    struct buf key2;
    buf_init(&cert2);
    buf_init(&key2);
    assert_int_equal(http_certificate_make(&good, &cert2, &key2, &why), ERR_NONE);
    assert_string_not_equal(buf_text(&key), buf_text(&key2));
    assert_string_not_equal(buf_text(&cert), buf_text(&cert2));
    assert_int_equal(http_certificate_check(buf_text(&cert), buf_text(&key), &why), ERR_NONE);
    assert_int_equal(http_certificate_check(buf_text(&cert), buf_text(&key2), &why), ERR_INVALID);
    assert_int_equal(http_certificate_check("", buf_text(&key), &why), ERR_INVALID);
    buf_release(&cert);
    buf_release(&key);
    buf_release(&cert2);
    buf_release(&key2);
}

static void names_that_cannot_stand_there(void **state)
{
    static const char *const wrong[] = {"",    "a b",      "-a", "a-",    "a..b", ".a",
                                        "a.",  "*",        "*.", "a.*.b", "a\nb", "b\xc3\xbc-cher",
                                        "a/b", "1.2.3.4/8"};
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct http_certificate_options o = good;
        struct err_text why = {0};
        struct buf cert;
        struct buf key;
        o.names = &wrong[i];
        o.names_n = 1;
        buf_init(&cert);
        buf_init(&key);
        if (http_certificate_make(&o, &cert, &key, &why) != ERR_INVALID)
            fail_msg("%s is taken", wrong[i]);
        assert_int_equal(cert.n, 0);
        buf_release(&cert);
        buf_release(&key);
    }
}

static void what_is_no_certificate(void **state)
{
    struct err_text why = {0};
    ts_ns ends = 1;
    (void)state;
    assert_int_equal(http_certificate_ends("x", 1, &ends, &why), ERR_FORMAT);
    assert_int_equal(http_certificate_ends("", 0, &ends, &why), ERR_FORMAT);
    assert_int_equal(ends, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_what_was_asked),
        cmocka_unit_test(names_that_cannot_stand_there),
        cmocka_unit_test(what_is_no_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
