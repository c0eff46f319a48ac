/* SPDX-License-Identifier: Apache-2.0 */
#include "store/address.h"

#include "cmocka_head.h"

#include <string.h>

static void test_order(void **state)
{
    (void)state;
    static const char *const up[] = {"::1",       "9.255.255.255", "10.0.0.2",
                                     "10.0.0.10", "fe80::9",       "fe80::10"};
    char last[STORE_ADDRESS_DIGITS + 1] = "";
    for (size_t i = 0; i < sizeof(up) / sizeof(up[0]); i++) {
        struct ip ip;
        struct ip back;
        char text[STORE_ADDRESS_DIGITS + 1];
        assert_true(ip_parse(up[i], strlen(up[i]), &ip));
        store_address_write(&ip, text);
        assert_true(strcmp(last, text) < 0);
        assert_true(store_address_read(text, strlen(text), &back));
        assert_true(ip_equal(&ip, &back));
        memcpy(last, text, sizeof(last));
    }
}

static void test_none(void **state)
{
    (void)state;
    struct ip ip;
    assert_false(store_address_read("10.0.0.1", 8, &ip));
    assert_false(store_address_read("0000000000000000000000000000000G", 32, &ip));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
