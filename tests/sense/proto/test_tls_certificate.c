/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tls_priv.h"

#include "base/rng.h"

#include "cmocka_head.h"
#include "sense/frames.h"
#include "sense/proto/certificate.h"

static struct frame der;
static struct frame f;
static struct arena arena;
static const struct proto_tls_certificate *chain;
static size_t chain_n;

static void put24(size_t n)
{
    put8(&f, (unsigned)(n >> 16));
    put16(&f, (unsigned)n & 0xffff);
}

/* The body of a Certificate message with the test's certificate so many times. */
static void make_body(unsigned times)
{
    f.n = 0;
    put24(times * (3 + der.n));
    for (unsigned i = 0; i < times; i++) {
        put24(der.n);
        put_bytes(&f, der.b, der.n);
    }
}

static bool read_body(void)
{
    struct bytes b = frame_copy(f.b, f.n);
    arena_clear(&arena);
    chain = NULL;
    chain_n = 0;
    bool ok = proto_tls_read_certificates(&arena, b, &chain, &chain_n);
    frame_drop(b); /* the chain must not lead into it */
    return ok;
}

static void everything_of_the_first(void **state)
{
    (void)state;
    make_body(2);
    assert_true(read_body());
    assert_int_equal(chain_n, 2);
    const struct proto_tls_certificate *c = &chain[0];
    assert_string_equal(c->subject, "CN=weir.example,O=Weir Test,C=NO");
    assert_string_equal(c->issuer, "CN=weir.example,O=Weir Test,C=NO");
    assert_string_equal(c->common_name, "weir.example");
    assert_string_equal(c->issuer_common_name, "weir.example");
    assert_string_equal(c->serial, "1234ABCD");
    assert_int_equal(c->not_before, 1795291011 * TIME_S);
    assert_int_equal(c->not_after, 2110651011 * TIME_S);
    assert_string_equal(c->public_key_algorithm, "ECDSA");
    assert_string_equal(c->public_key_curve, "P-256");
    assert_int_equal(c->public_key_bits, 256);
    assert_string_equal(c->signature_algorithm, "ECDSA-SHA256");
    assert_int_equal(c->version, 3);
    static const char *const names[] = {"weir.example", "*.weir.example", "192.0.2.1",
                                        "2001:db8::1",  "a@weir.example", "https://weir.example/"};
    assert_int_equal(c->name_n, 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(c->names[i], names[i]);
    assert_string_equal(c->hash.md5, "8054d11763ddb072d7450be92486a80a");
    assert_string_equal(c->hash.sha1, "3c9f6c15287b5eb2cf3080764dbcdfba3fafb3a3");
    assert_string_equal(chain[1].hash.md5, "");
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(chain[i].hash.sha256,
                            "2fea54154b6212780a27ed2208b000aceb1d908ee6a8bb9fb1a7aa7633660715");
        assert_int_equal(chain[i].der.n, der.n);
        assert_memory_equal(chain[i].der.p, der.b, der.n);
    }
    assert_string_equal(chain[1].subject, "");
}

static void what_is_no_certificate(void **state)
{
    (void)state;
    f.n = 0;
    put_hex(&f, "000007 000004 deadbeef");
    assert_true(read_body());
    assert_int_equal(chain_n, 1);
    assert_string_equal(chain[0].subject, "");
    assert_int_equal(chain[0].not_after, TIME_NONE);
    f.n = 0;
    put_hex(&f, "000000"); /* a client without one */
    assert_true(read_body());
    assert_int_equal(chain_n, 0);
    f.n = 0;
    put_hex(&f, "000007 000005 deadbeef");
    assert_false(read_body());
    f.n = 0;
    put_hex(&f, "000008 000004 deadbeef");
    assert_false(read_body());
}

static void long_chains_are_cut(void **state)
{
    (void)state;
    make_body(40);
    assert_true(read_body());
    assert_int_equal(chain_n, PROTO_TLS_CERTIFICATES_MAX);
}

static void random_changes_do_no_harm(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 13);
    unsigned readable = 0;
    for (int round = 0; round < 3000; round++) {
        make_body(1);
        for (uint64_t i = 1 + rng_below(&rng, 4); i > 0; i--)
            f.b[6 + rng_below(&rng, f.n - 6)] = (uint8_t)rng_u64(&rng);
        assert_true(read_body());
        readable += chain[0].subject[0] != '\0';
    }
    assert_true(readable > 100 && readable < 2990);
}

static int start(void **state)
{
    (void)state;
    put_hex(&der, certificate_hex);
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
        cmocka_unit_test(everything_of_the_first),
        cmocka_unit_test(what_is_no_certificate),
        cmocka_unit_test(long_chains_are_cut),
        cmocka_unit_test(random_changes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, start, end);
}
