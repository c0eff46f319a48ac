/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tls.h"

#include "cmocka_head.h"
#include <string.h>

static void ciphers(void **state)
{
    (void)state;
    char b[PROTO_TLS_NAME_SIZE];
    assert_string_equal(proto_tls_cipher_name(0x1301, b), "TLS_AES_128_GCM_SHA256");
    assert_string_equal(proto_tls_cipher_name(0xc02f, b), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    assert_string_equal(proto_tls_cipher_name(0x0000, b), "TLS_NULL_WITH_NULL_NULL");
    assert_string_equal(proto_tls_cipher_name(0xcca9, b),
                        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256");
    assert_string_equal(proto_tls_cipher_name(0x00ff, b), "TLS_EMPTY_RENEGOTIATION_INFO_SCSV");
    assert_string_equal(proto_tls_cipher_name(0xeeee, b), "0xeeee");
    /* The table is searched by halves: a name out of order would not be found. */
    unsigned known = 0;
    for (unsigned i = 0; i < 65536; i++)
        known += strncmp(proto_tls_cipher_name((uint16_t)i, b), "TLS_", 4) == 0;
    assert_true(known > 260);
}

static void curves(void **state)
{
    (void)state;
    char b[PROTO_TLS_NAME_SIZE];
    assert_string_equal(proto_tls_curve_name(29, b), "x25519");
    assert_string_equal(proto_tls_curve_name(23, b), "secp256r1");
    assert_string_equal(proto_tls_curve_name(4588, b), "X25519MLKEM768");
    assert_string_equal(proto_tls_curve_name(0xfe01, b), "0xfe01");
}

static void versions(void **state)
{
    (void)state;
    assert_string_equal(proto_tls_version_number(0x0300), "3.0");
    assert_string_equal(proto_tls_version_protocol(0x0300), "ssl");
    assert_string_equal(proto_tls_version_number(0x0303), "1.2");
    assert_string_equal(proto_tls_version_protocol(0x0303), "tls");
    assert_string_equal(proto_tls_version_number(0x0304), "1.3");
    assert_string_equal(proto_tls_version_number(0x7f1c), "1.3"); /* a draft */
    assert_null(proto_tls_version_number(0x0305));
    assert_null(proto_tls_version_protocol(0x0200));
}

static void alerts(void **state)
{
    (void)state;
    assert_string_equal(proto_tls_alert_name(0), "close_notify");
    assert_string_equal(proto_tls_alert_name(40), "handshake_failure");
    assert_string_equal(proto_tls_alert_name(121), "ech_required");
    assert_null(proto_tls_alert_name(255));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ciphers),
        cmocka_unit_test(curves),
        cmocka_unit_test(versions),
        cmocka_unit_test(alerts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
