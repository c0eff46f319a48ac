/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include "cmocka_head.h"

/*
 * SipHash-1-3 of the bytes 00 01 … n−1 under the key 00 01 … 0f, from an independent
 * implementation (Rust's core::hash::SipHasher13 test vectors).
 */
static void matches_published_vectors(void **state)
{
    (void)state;
    static const uint64_t expected[] = {
        0xabac0158050fc4dc, 0xc9f49bf37d57ca93, 0x82cb9b024dc7d44d,
        0x8bf80ab8e7ddf7fb, 0xcf75576088d38328,
    };
    struct hash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    uint8_t bytes[8];
    for (uint8_t i = 0; i < 8; i++)
        bytes[i] = i;
    for (size_t n = 0; n < sizeof(expected) / sizeof(expected[0]); n++)
        assert_true(hash_bytes(key, bytes, n) == expected[n]);
}

static void keys_matter(void **state)
{
    (void)state;
    assert_true(hash_bytes((struct hash_key){1, 2}, "weir", 4) !=
                hash_bytes((struct hash_key){1, 3}, "weir", 4));
    assert_true(hash_mix(1) != hash_mix(2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_published_vectors),
        cmocka_unit_test(keys_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
