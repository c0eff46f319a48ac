/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tls_memo.h"

#include "base/arena.h"
#include "base/rng.h"

#include "cmocka_head.h"
#include <stdio.h>
#include <string.h>

static const char *const two_names[] = {"a.example", "b.example"};

static struct proto_tls_certificate certificate_of(uint64_t number)
{
    struct proto_tls_certificate c = {.subject = "CN=a",
                                      .issuer = "CN=i",
                                      .common_name = "a",
                                      .issuer_common_name = "i",
                                      .serial = "01",
                                      .names = two_names,
                                      .name_n = 2,
                                      .not_before = 5,
                                      .not_after = 6,
                                      .public_key_algorithm = "RSA",
                                      .signature_algorithm = "RSA-SHA256",
                                      .public_key_bits = (uint32_t)number,
                                      .version = 3};
    for (unsigned i = 0; i < 4; i++) {
        struct rng r;
        rng_init(&r, number * 4 + i);
        snprintf(c.hash.sha256 + 16 * i, 17, "%016llx", (unsigned long long)rng_u64(&r));
    }
    return c;
}

static void what_was_kept_is_found(void **state)
{
    (void)state;
    struct proto_tls_memo *m = proto_tls_memo_new(16);
    struct arena a;
    arena_init(&a, 0);
    struct proto_tls_certificate c = certificate_of(1), out = {.der = bytes_make("der", 3)};
    assert_false(proto_tls_memo_find(m, c.hash.sha256, &a, &out));
    proto_tls_memo_keep(m, &c);
    assert_true(proto_tls_memo_find(m, c.hash.sha256, &a, &out));
    assert_int_equal(out.der.n, 3); /* the caller's own */
    proto_tls_memo_free(m);         /* what was found stands alone */
    assert_string_equal(out.subject, "CN=a");
    assert_string_equal(out.serial, "01");
    assert_int_equal(out.name_n, 2);
    assert_string_equal(out.names[1], "b.example");
    assert_int_equal(out.not_after, 6);
    assert_int_equal(out.public_key_bits, 1);
    assert_string_equal(out.hash.sha256, c.hash.sha256);
    arena_release(&a);
}

/* However many come, memory holds and an answer is always that of the same digest. */
static void many_certificates(void **state)
{
    (void)state;
    struct proto_tls_memo *m = proto_tls_memo_new(8);
    struct arena a;
    struct rng r;
    rng_init(&r, 1);
    arena_init(&a, 0);
    unsigned hits = 0;
    for (int i = 0; i < 5000; i++) {
        uint64_t n = rng_below(&r, 30);
        struct proto_tls_certificate c = certificate_of(n), out = {.version = 0};
        if (proto_tls_memo_find(m, c.hash.sha256, &a, &out)) {
            assert_int_equal(out.public_key_bits, n);
            hits++;
        } else {
            proto_tls_memo_keep(m, &c);
        }
        assert_true(proto_tls_memo_bytes(m) < 8 * 1024);
        arena_clear(&a);
    }
    assert_true(hits > 500);
    arena_release(&a);
    proto_tls_memo_free(m);
}

static void too_large_is_not_kept(void **state)
{
    (void)state;
    static char text[PROTO_TLS_MEMO_ENTRY_MAX + 1];
    memset(text, 'x', sizeof(text) - 1);
    struct proto_tls_memo *m = proto_tls_memo_new(1);
    struct arena a;
    arena_init(&a, 0);
    struct proto_tls_certificate c = certificate_of(1), out;
    c.subject = text;
    proto_tls_memo_keep(m, &c);
    assert_false(proto_tls_memo_find(m, c.hash.sha256, &a, &out));
    proto_tls_memo_free(m);
    m = proto_tls_memo_new(0); /* a memo without places knows nothing */
    c.subject = "";
    proto_tls_memo_keep(m, &c);
    assert_false(proto_tls_memo_find(m, c.hash.sha256, &a, &out));
    proto_tls_memo_free(m);
    proto_tls_memo_free(NULL);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_kept_is_found),
        cmocka_unit_test(many_certificates),
        cmocka_unit_test(too_large_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
