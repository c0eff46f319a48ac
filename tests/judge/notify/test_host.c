/* SPDX-License-Identifier: Apache-2.0 */
#include "notify/host.h"

#include "cmocka_head.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static const struct notify_send_options *listing(const char *const *hosts, size_t n)
{
    static struct notify_send_options options;
    options = (struct notify_send_options){.hosts = hosts, .hosts_n = n};
    return &options;
}

static void names(void **state)
{
    (void)state;
    static const char *const some[] = {"mail.example.org", "*.lan", "::1"};
    static const char *const all[] = {"*"};
    char longest[400];
    assert_true(notify_host_allowed(listing(some, 3), "MAIL.example.org"));
    assert_true(notify_host_allowed(listing(some, 3), "a.b.lan"));
    assert_false(notify_host_allowed(listing(some, 3), "lan"));
    assert_false(notify_host_allowed(listing(some, 3), "example.org"));
    assert_true(notify_host_allowed(listing(all, 1), "anything"));
    assert_false(notify_host_allowed(listing(all, 0), "anything"));
    assert_true(notify_host_named(listing(some, 3), "mail.example.org"));
    assert_true(notify_host_named(listing(some, 3), "[::1]"));
    assert_false(notify_host_named(listing(some, 3), "a.lan"));
    assert_false(notify_host_named(listing(all, 1), "localhost"));
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_false(notify_host_named(listing(some, 3), longest));
    assert_true(notify_host_allowed(listing(all, 1), longest));
}

static bool is_near(const char *text)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return notify_host_is_near((const struct sockaddr *)&four);
    assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
    return notify_host_is_near((const struct sockaddr *)&six);
}

static void addresses(void **state)
{
    (void)state;
    static const char *const near[] = {"127.0.0.1",
                                       "127.255.1.2",
                                       "0.0.0.0",
                                       "0.1.2.3",
                                       "169.254.169.254",
                                       "::1",
                                       "::",
                                       "fe80::1",
                                       "febf::1",
                                       "::ffff:127.0.0.1",
                                       "::ffff:169.254.1.1",
                                       "::127.0.0.1",
                                       "64:ff9b::7f00:1",
                                       "64:ff9b::a9fe:a9fe",
                                       "fd00:ec2::254",
                                       "100.100.100.200",
                                       "168.63.129.16",
                                       "192.0.0.192"};
    static const char *const far[] = {
        "10.0.0.1", "192.168.1.1", "172.16.0.1",       "8.8.8.8",         "126.1.1.1", "128.0.0.1",
        "fd00::1",  "2001:db8::1", "64:ff9b::808:808", "::ffff:10.0.0.1", "fec0::1"};
    const struct sockaddr_un local = {.sun_family = AF_UNIX};
    for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); i++)
        if (!is_near(near[i]))
            fail_msg("%s is near", near[i]);
    for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++)
        if (is_near(far[i]))
            fail_msg("%s is not near", far[i]);
    assert_true(notify_host_is_near((const struct sockaddr *)&local));
}

static void sentences(void **state)
{
    (void)state;
    struct err_text why;
    assert_int_equal(notify_host_refuse("h", &why), NOTIFY_REFUSED);
    assert_non_null(strstr(why.message, "does not allow to send to 'h'"));
    assert_int_equal(notify_host_refuse_near("h", &why), NOTIFY_REFUSED);
    assert_non_null(strstr(why.message, "only when notify.hosts in the configuration names it"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(addresses),
                                       cmocka_unit_test(sentences)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
