/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/direction.h"

#include "cmocka_head.h"

#include <string.h>

static bool home(const struct enrich_home *h, const char *text)
{
    struct ip a;
    assert_true(ip_parse(text, strlen(text), &a));
    return enrich_direction_home(h, &a);
}

static void private_ranges_are_home_by_default(void **state)
{
    (void)state;
    struct enrich_home h = {0};
    static const char *const at_home[] = {
        "10.1.2.3", "172.16.0.1", "192.168.1.1",     "127.0.0.1",   "169.254.1.1", "fe80::1",
        "fd00::1",  "::1",        "255.255.255.255", "224.0.0.251", "ff02::1",     "0.0.0.0"};
    static const char *const away[] = {"8.8.8.8", "172.32.0.1", "2001:4860:4860::8888"};
    for (size_t i = 0; i < sizeof at_home / sizeof *at_home; i++)
        assert_true(home(&h, at_home[i]));
    for (size_t i = 0; i < sizeof away / sizeof *away; i++)
        assert_false(home(&h, away[i]));
}

static void named_networks_replace_them(void **state)
{
    (void)state;
    struct ip_net nets[2];
    assert_true(ip_parse_net("198.51.100.0/24", 15, &nets[0]));
    assert_true(ip_parse_net("2001:db8::/32", 13, &nets[1]));
    struct enrich_home h = {nets, 2};
    assert_true(home(&h, "198.51.100.7"));
    assert_true(home(&h, "2001:db8:1::1"));
    assert_true(home(&h, "127.0.0.1"));
    assert_false(home(&h, "10.0.0.1"));
    assert_false(home(&h, "198.51.101.7"));
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(enrich_direction_name(enrich_direction(true, true)), "internal");
    assert_string_equal(enrich_direction_name(enrich_direction(true, false)), "outbound");
    assert_string_equal(enrich_direction_name(enrich_direction(false, true)), "inbound");
    assert_string_equal(enrich_direction_name(enrich_direction(false, false)), "external");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(private_ranges_are_home_by_default),
        cmocka_unit_test(named_networks_replace_them),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
