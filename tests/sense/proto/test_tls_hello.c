/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tls_priv.h"

#include "cmocka_head.h"
#include "sense/proto/hellos.h"

static struct frame f;
static struct proto_tls_conn *c;

static void begin(void)
{
    proto_tls_conn_free(c);
    c = proto_tls_conn_new();
    assert_non_null(c);
    f.n = 0;
}

static bool read_client(size_t n)
{
    struct bytes b = frame_copy(f.b, n);
    bool ok = proto_tls_read_client_hello(c, b, 5);
    frame_drop(b);
    return ok;
}

static bool read_server(size_t n)
{
    struct bytes b = frame_copy(f.b, n);
    bool ok = proto_tls_read_server_hello(c, b, 6);
    frame_drop(b);
    return ok;
}

/* The example of the JA3 project's page. */
static void the_published_ja3(void **state)
{
    (void)state;
    begin();
    put_client_start(&f, 0x0301, "", "002f0035 0005000a c009c00a c013c014 0032003800130004");
    size_t at = begin16(&f);
    put_extension(&f, 0, "000e 00 000b 4578616d706c652e636f6d");
    put_extension(&f, 10, "0006 0017 0018 0019");
    put_extension(&f, 11, "01 00");
    end16(&f, at);
    assert_true(read_client(f.n));
    const struct proto_tls_hello *h = &c->info.client_hello;
    assert_true(h->seen);
    assert_string_equal(h->ja3_text,
                        "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0");
    assert_string_equal(h->ja3, "ada70206e40642a3e4461f35503241d5");
    assert_string_equal(c->info.server_name, "example.com");
    assert_int_equal(c->info.client_cipher_n, 12);
    assert_int_equal(c->info.client_ciphers[2], 5);
}

static void a_hello_without_extensions(void **state)
{
    (void)state;
    begin();
    put_client_start(&f, 0x0301, "", "00040005000a0009006400620003000600130012 0063");
    assert_true(read_client(f.n));
    assert_string_equal(c->info.client_hello.ja3, "de350869b8c85de67a350c8d186f11e6");
    assert_null(c->info.server_name);
}

static void grease_is_left_out(void **state)
{
    (void)state;
    begin();
    put_client_start(&f, 0x0303, "aabb", "4a4a 1301 c02f");
    size_t at = begin16(&f);
    put_extension(&f, 0x8a8a, "");
    put_extension(&f, 43, "06 1a1a 0304 0303");
    put_extension(&f, 10, "0006 baba 001d 0017");
    put_extension(&f, 16, "000f 02 0a0a 02 6832 08 687474702f312e31");
    put_extension(&f, 0xfe0d, "00");
    end16(&f, at);
    assert_true(read_client(f.n));
    assert_string_equal(c->info.client_hello.ja3_text, "771,4865-49199,43-10-16-65037,29-23,");
    assert_int_equal(c->info.client_hello.version, 0x0304);
    assert_int_equal(c->info.client_hello.legacy_version, 0x0303);
    assert_int_equal(c->info.client_alpn_n, 2);
    assert_string_equal(c->info.client_alpn[0], "h2");
    assert_string_equal(c->info.client_alpn[1], "http/1.1");
    assert_int_equal(c->info.client_cipher_n, 2);
    assert_true(c->info.encrypted_client_hello);
    assert_int_equal(c->info.client_hello.session_id_len, 2);
}

static void foreign_bytes_in_names_are_escaped(void **state)
{
    (void)state;
    begin();
    put_client_start(&f, 0x0303, "", "1301");
    size_t at = begin16(&f);
    put_extension(&f, 0, "0008 00 0005 41ff00c3a9");
    end16(&f, at);
    assert_true(read_client(f.n));
    assert_string_equal(c->info.server_name, "a\\xff\\x00\xc3\xa9");
}

static void a_server_s_answer(void **state)
{
    (void)state;
    begin();
    put_client_start(&f, 0x0303, "0102", "1301");
    assert_true(read_client(f.n));
    f.n = 0;
    put_server_start(&f, 0x0303, "0102", 0x1301);
    size_t at = begin16(&f);
    put_extension(&f, 51, "001d 0001 00");
    put_extension(&f, 43, "0304");
    end16(&f, at);
    assert_true(read_server(f.n));
    assert_int_equal(c->info.server_hello.version, 0x0304);
    assert_int_equal(c->info.cipher, 0x1301);
    assert_int_equal(c->info.curve, 29);
    assert_false(c->info.resumed); /* the session is repeated for old middleboxes only */
    assert_string_equal(c->info.server_hello.ja3_text, "771,4865,51-43");
    assert_string_equal(c->info.server_hello.ja3, "eb1d94daa7e0344597e756a1fb6e7054");
}

static void resumption(void **state)
{
    (void)state;
    begin();
    put_client_start(&f, 0x0303, "0102", "c02f");
    assert_true(read_client(f.n));
    f.n = 0;
    put_server_start(&f, 0x0303, "0102", 0xc02f);
    assert_true(read_server(f.n));
    assert_true(c->info.resumed);

    begin();
    put_client_start(&f, 0x0303, "", "1301");
    assert_true(read_client(f.n));
    f.n = 0;
    put_server_start(&f, 0x0303, "", 0x1301);
    size_t at = begin16(&f);
    put_extension(&f, 43, "0304");
    put_extension(&f, 41, "0000");
    end16(&f, at);
    assert_true(read_server(f.n));
    assert_true(c->info.resumed);
}

static void a_retry_is_not_yet_the_answer(void **state)
{
    (void)state;
    begin();
    put_hex(&f, "0303 cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c 00 1301 00");
    assert_true(read_server(f.n));
    assert_false(c->info.server_hello.seen);
}

static void what_is_kept_of_a_monster(void **state)
{
    (void)state;
    begin();
    put16(&f, 0x0303);
    put_zeros(&f, 33);
    size_t at = begin16(&f);
    for (unsigned i = 0; i < 20000; i++)
        put16(&f, 1);
    end16(&f, at);
    put_hex(&f, "0100");
    size_t list = begin16(&f);
    put16(&f, 0);
    at = begin16(&f);
    size_t names = begin16(&f);
    put8(&f, 0);
    size_t name = begin16(&f);
    for (unsigned i = 0; i < 20000; i++)
        put8(&f, 'a');
    end16(&f, name);
    end16(&f, names);
    end16(&f, at);
    end16(&f, list);
    assert_true(read_client(f.n));
    assert_int_equal(c->info.client_cipher_n, PROTO_TLS_CIPHERS_MAX);
    assert_int_equal(strlen(c->info.server_name), 1024);
    assert_string_equal(c->info.client_hello.ja3_text, "");
    assert_int_equal(strlen(c->info.client_hello.ja3), 32);
    assert_true(proto_tls_conn_bytes(c) < 20000);
}

static void cut_anywhere_it_is_broken_or_short_of_extensions(void **state)
{
    (void)state;
    begin();
    put_client_start(&f, 0x0303, "aabb", "1301 c02f");
    size_t start = f.n;
    size_t at = begin16(&f);
    put_extension(&f, 0, "0008 00 0005 6162636465");
    put_extension(&f, 10, "0004 001d 0017");
    end16(&f, at);
    size_t whole = f.n;
    for (size_t n = 0; n < whole; n++) {
        proto_tls_conn_free(c);
        c = proto_tls_conn_new();
        bool ok = read_client(n);
        assert_int_equal(ok, n >= start && n < start + 2);
    }
}

static int release(void **state)
{
    (void)state;
    proto_tls_conn_free(c);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_ja3),
        cmocka_unit_test(a_hello_without_extensions),
        cmocka_unit_test(grease_is_left_out),
        cmocka_unit_test(foreign_bytes_in_names_are_escaped),
        cmocka_unit_test(a_server_s_answer),
        cmocka_unit_test(resumption),
        cmocka_unit_test(a_retry_is_not_yet_the_answer),
        cmocka_unit_test(what_is_kept_of_a_monster),
        cmocka_unit_test(cut_anywhere_it_is_broken_or_short_of_extensions),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
