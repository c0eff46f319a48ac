/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/secret.h"

#include "base/clock.h"
#include "base/time.h"

#include "cmocka_head.h"
#include <string.h>

static void tokens_differ(void **state)
{
    (void)state;
    char a[AUTH_SECRET_TEXT], b[AUTH_SECRET_TEXT];
    auth_secret_make(a);
    auth_secret_make(b);
    assert_int_equal(strlen(a), 43);
    assert_string_not_equal(a, b);
    auth_secret_make_password(a);
    auth_secret_make_password(b);
    assert_int_equal(strlen(a), 23);
    assert_string_not_equal(a, b);
    assert_int_equal(strspn(a, "abcdefghijkmnpqrstuvwxyz23456789-"), 23);
}

/* FIPS 180-2, B.1; RFC 4231, case 2 with its key filled with zeros, which is the same key. */
static void known_digests(void **state)
{
    (void)state;
    static const uint8_t abc[4] = {0xba, 0x78, 0x16, 0xbf};
    static const uint8_t jefe[4] = {0x5b, 0xdc, 0xc1, 0x46};
    uint8_t digest[AUTH_SECRET_DIGEST], key[AUTH_SECRET_DIGEST] = "Jefe";
    auth_secret_digest("abc", 3, digest);
    assert_memory_equal(digest, abc, 4);
    auth_secret_mac(key, "what do ya want for nothing?", 28, digest);
    assert_memory_equal(digest, jefe, 4);
    assert_true(auth_secret_equal("ab", "ab", 2));
    assert_false(auth_secret_equal("ab", "aB", 2));
}

static void passwords(void **state)
{
    (void)state;
    char hash[AUTH_SECRET_HASH], other[AUTH_SECRET_HASH];
    assert_int_equal(auth_secret_hash("correct horse", hash), ERR_NONE);
    assert_int_equal(auth_secret_hash("correct horse", other), ERR_NONE);
    assert_string_not_equal(hash, other); /* salted */
    assert_int_equal(strncmp(hash, "$argon2id$", 10), 0);
    assert_null(strstr(hash, "horse"));
    assert_true(auth_secret_verify(hash, "correct horse"));
    assert_false(auth_secret_verify(hash, "correct house"));
    assert_false(auth_secret_verify(hash, ""));
    assert_false(auth_secret_verify("garbage", "correct horse"));
}

/* Who is not there is looked for as long as who is. */
static void nobody_takes_as_long(void **state)
{
    (void)state;
    char hash[AUTH_SECRET_HASH];
    ts_ns there = TIME_MAX, nobody = TIME_MAX;
    assert_int_equal(auth_secret_hash("correct horse", hash), ERR_NONE);
    for (int i = 0; i < 5; i++) { /* the least of some */
        ts_ns begin = clock_cpu();
        assert_false(auth_secret_verify(hash, "wrong"));
        ts_ns middle = clock_cpu();
        assert_false(auth_secret_verify(NULL, "wrong"));
        ts_ns end = clock_cpu();
        there = middle - begin < there ? middle - begin : there;
        nobody = end - middle < nobody ? end - middle : nobody;
    }
    assert_true(nobody > there / 3 && nobody < there * 3);
}

static void base64(void **state)
{
    (void)state;
    char out[8];
    size_t n;
    assert_true(auth_secret_base64("YTpi", 4, out, sizeof(out), &n));
    assert_int_equal(n, 3);
    assert_string_equal(out, "a:b");
    assert_true(auth_secret_base64("YTo=", 4, out, sizeof(out), &n));
    assert_string_equal(out, "a:");
    assert_true(auth_secret_base64("YTo", 3, out, sizeof(out), &n));
    assert_string_equal(out, "a:");
    assert_true(auth_secret_base64("_-__", 4, out, sizeof(out), &n));
    assert_int_equal(n, 3);
    assert_false(auth_secret_base64("Y Tpi", 5, out, sizeof(out), &n));
    assert_false(auth_secret_base64("YTpi!", 5, out, sizeof(out), &n));
    assert_true(auth_secret_base64("YWJjZGVmZw==", 12, out, sizeof(out), &n)); /* seven fit */
    assert_false(auth_secret_base64("YWJjZGVmZ2g=", 12, out, sizeof(out), &n));
}

static void pairs(void **state)
{
    char out[AUTH_SECRET_PAIR], back[100], token[AUTH_SECRET_TEXT];
    size_t n;
    (void)state;
    auth_secret_pair("k_id", "secret?>", out);
    assert_string_equal(out, "a19pZDpzZWNyZXQ/Pg==");
    /* The longest that there are. */
    auth_secret_make(token);
    auth_secret_pair(token, token, out);
    assert_true(auth_secret_base64(out, strlen(out), back, sizeof(back), &n));
    assert_int_equal(n, 2 * strlen(token) + 1);
    assert_memory_equal(back, token, strlen(token));
}

int main(void)
{
    assert_int_equal(auth_secret_begin(), ERR_NONE);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_differ), cmocka_unit_test(known_digests),
        cmocka_unit_test(passwords),     cmocka_unit_test(base64),
        cmocka_unit_test(pairs),         cmocka_unit_test(nobody_takes_as_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
