/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/http/http_help.h"

#include <stdio.h>

static void addresses_of_both_kinds(void **state)
{
    struct err_text why;
    int v4;
    int v6;
    (void)state;
    assert_int_equal(http_server_listen("127.0.0.1:0", &v4, &why), ERR_NONE);
    assert_true(help_port(v4) != 0);
    int fd = help_connect(help_port(v4));
    close(fd);
    enum err rc = http_server_listen("[::1]:0", &v6, &why);
    assert_true(rc == ERR_NONE || rc == ERR_INVALID || rc == ERR_IO); /* there may be no IPv6 */
    if (rc == ERR_NONE)
        close(v6);
    close(v4);
}

static void others_are_there_already(void **state)
{
    struct err_text why;
    char address[32];
    int fd;
    int other = -1;
    (void)state;
    assert_int_equal(http_server_listen("127.0.0.1:0", &fd, &why), ERR_NONE);
    snprintf(address, sizeof(address), "127.0.0.1:%u", help_port(fd));
    assert_int_equal(http_server_listen(address, &other, &why), ERR_BUSY);
    assert_non_null(strstr(why.message, address));
    assert_int_equal(other, -1);
    close(fd);
    /* Not this machine's: an address for documentation. */
    assert_int_equal(http_server_listen("192.0.2.1:0", &other, &why), ERR_INVALID);
}

static void the_one_name(void **state)
{
    struct err_text why;
    int fd;
    (void)state;
    assert_int_equal(http_server_listen("localhost:0", &fd, &why), ERR_NONE);
    int client = help_connect(help_port(fd)); /* on 127.0.0.1 */
    assert_true(client >= 0);
    close(client);
    close(fd);
    assert_int_equal(http_server_listen("LocalHost:0", &fd, &why), ERR_NONE);
    close(fd);
    assert_int_equal(http_server_listen("sensor:9280", &fd, &why), ERR_INVALID);
    assert_non_null(strstr(why.message, "sensor:9280: expected an address"));
    assert_non_null(strstr(why.message, "localhost:9280; other names are not looked up"));
}

static void what_is_no_address(void **state)
{
    static const char *const wrong[] = {"",
                                        "9280",
                                        "localhost",
                                        "localhost.:9280",
                                        "[localhost]:9280",
                                        "localhos:9280",
                                        "weir.example.com:9280",
                                        "127.0.0.1",
                                        "127.0.0.1:",
                                        "127.0.0.1:x",
                                        "127.0.0.1:65536",
                                        "::1:9280",
                                        "[::1]",
                                        "[127.0.0.1]:1",
                                        "127.0.0.1:-1",
                                        "[::1:1",
                                        "127.0.0.1:1 "};
    struct err_text why;
    int fd = -1;
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (http_server_listen(wrong[i], &fd, &why) != ERR_INVALID)
            fail_msg("%s is taken", wrong[i]);
        assert_int_equal(fd, -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_both_kinds),
        cmocka_unit_test(others_are_there_already),
        cmocka_unit_test(the_one_name),
        cmocka_unit_test(what_is_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
