/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ip.h"

#include "base/rng.h"

#include "cmocka_head.h"

static struct ip ip(const char *s)
{
    struct ip a;
    assert_true(ip_parse(s, strlen(s), &a));
    return a;
}

static bool in(const char *a, const char *net)
{
    struct ip_net n;
    struct ip addr = ip(a);
    assert_true(ip_parse_net(net, strlen(net), &n));
    return ip_in_net(&addr, &n);
}

static void text_is_canonical(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"10.0.0.1", "10.0.0.1"},
        {"255.255.255.255", "255.255.255.255"},
        {"2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1"},
        {"::", "::"},
        {"::1", "::1"},
        {"fe80::", "fe80::"},
        {"1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"},
        {"::ffff:1.2.3.4", "1.2.3.4"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct ip a = ip(pairs[i][0]);
        char text[IP_TEXT_SIZE];
        assert_int_equal(ip_format(&a, text), strlen(pairs[i][1]));
        assert_string_equal(text, pairs[i][1]);
    }
}

static void text_reads_back(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 5);
    for (int i = 0; i < 20000; i++) {
        struct ip a;
        for (int k = 0; k < 16; k++)
            a.b[k] = rng_below(&r, 3) == 0 ? 0 : (uint8_t)rng_u64(&r);
        char text[IP_TEXT_SIZE];
        size_t n = ip_format(&a, text);
        struct ip back;
        assert_true(ip_parse(text, n, &back));
        assert_true(ip_equal(&a, &back));
    }
}

static void refuses_what_is_none(void **state)
{
    (void)state;
    static const char *const bad[] = {"",         "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ",
                                      "01.2.3.4", "x",     ":::",       "1.2.3.4/8", "12345::"};
    struct ip a;
    struct ip_net n;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(ip_parse(bad[i], strlen(bad[i]), &a));
    assert_false(ip_parse_net("10.0.0.0/33", 11, &n));
    assert_false(ip_parse_net("10.0.0.0/", 9, &n));
    assert_false(ip_parse_net("::/129", 6, &n));
}

static void nets(void **state)
{
    (void)state;
    assert_true(in("10.1.2.3", "10.0.0.0/8"));
    assert_false(in("11.1.2.3", "10.0.0.0/8"));
    assert_true(in("192.168.1.130", "192.168.1.128/25"));
    assert_false(in("192.168.1.127", "192.168.1.128/25"));
    assert_true(in("8.8.8.8", "0.0.0.0/0"));
    assert_false(in("2001:db8::1", "0.0.0.0/0"));
    assert_true(in("fe80::1", "fe80::/10"));
    assert_true(in("10.0.0.7", "10.0.0.7"));
    assert_true(in("10.0.0.7", "10.0.0.99/24"));
}

static void kinds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_private, reserved, multicast;
    } rows[] = {
        {"10.9.9.9", true, true, false},     {"172.31.255.255", true, true, false},
        {"172.32.0.0", false, false, false}, {"192.168.0.1", true, true, false},
        {"127.0.0.1", true, true, false},    {"169.254.1.1", true, true, false},
        {"100.64.0.1", false, true, false},  {"203.0.113.9", false, true, false},
        {"224.0.0.251", false, true, true},  {"8.8.8.8", false, false, false},
        {"::1", true, true, false},          {"fd00::1", true, true, false},
        {"fe80::1", true, true, false},      {"2001:db8::1", false, true, false},
        {"ff02::1", false, true, true},      {"2606:4700::1", false, false, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ip a = ip(rows[i].text);
        assert_int_equal(ip_is_private(&a), rows[i].is_private);
        assert_int_equal(ip_is_reserved(&a), rows[i].reserved);
        assert_int_equal(ip_is_multicast(&a), rows[i].multicast);
    }
    struct ip zero = ip("0.0.0.0"), all = ip("255.255.255.255"), lo = ip("::1");
    assert_true(ip_is_unspecified(&zero));
    assert_true(ip_is_broadcast(&all));
    assert_true(ip_is_loopback(&lo));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_canonical),
        cmocka_unit_test(text_reads_back),
        cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(nets),
        cmocka_unit_test(kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
