/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/digest.h"

#include "cmocka_head.h"
#include <string.h>

static void the_digest_is_that_of_the_joined_texts(void **state)
{
    (void)state;
    /* FIPS 180-4, the example "abc". */
    static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const struct bytes whole = bytes_make("abc", 3);
    const struct bytes parts[] = {bytes_make("a", 1), bytes_make("", 0), bytes_make("bc", 2)};
    char out[RULE_HEX_SIZE];
    rule_digest_hex(&whole, 1, out);
    assert_string_equal(out, abc);
    rule_digest_hex(parts, 3, out);
    assert_string_equal(out, abc);
}

static void a_uuid_has_its_version_and_variant(void **state)
{
    (void)state;
    char a[RULE_UUID_SIZE];
    char b[RULE_UUID_SIZE];
    rule_digest_uuid("abc", 3, a);
    rule_digest_uuid("abc", 3, b);
    assert_string_equal(a, b);
    assert_int_equal(strlen(a), 36);
    assert_int_equal(strspn(a, "0123456789abcdef-"), 36);
    assert_int_equal(a[8], '-');
    assert_int_equal(a[13], '-');
    assert_int_equal(a[14], '8');
    assert_int_equal(a[18], '-');
    assert_non_null(strchr("89ab", a[19]));
    assert_int_equal(a[23], '-');
    rule_digest_uuid("abd", 3, b);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_digest_is_that_of_the_joined_texts),
        cmocka_unit_test(a_uuid_has_its_version_and_variant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
