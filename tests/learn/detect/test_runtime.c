/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/runtime.h"

#include "cmocka_head.h"

#include <string.h>

static void check(const char *name, const char *const *sources, const char *expected)
{
    const struct detect_runtime *rt = detect_runtime_find(name, strlen(name));
    assert_non_null(rt);
    struct bytes list[DETECT_RUNTIME_SOURCES] = {{NULL, 0}};
    for (size_t i = 0; sources[i] != NULL; i++)
        list[i] = bytes_make(sources[i], strlen(sources[i]));
    struct buf out;
    buf_init(&out);
    bool made = rt->make(list, &out);
    assert_int_equal(made, expected != NULL);
    if (expected != NULL)
        assert_string_equal(buf_text(&out), expected);
    buf_release(&out);
}

static void test_values(void **state)
{
    (void)state;
    check("dns_question_etld", (const char *[]){"a.uk", "b.uk", NULL}, "a.uk");
    check("dns_question_etld", (const char *[]){"", "b.uk", NULL}, "b.uk");
    check("dns_question_etld", (const char *[]){NULL}, "None");
    check("winlog_logon_type", (const char *[]){"3", NULL}, "3");
    check("winlog_logon_type", (const char *[]){NULL}, "None");
    check("file_directory", (const char *[]){"/etc/cron.d/x", NULL}, "/etc/cron.d");
    check("file_directory", (const char *[]){"C:\\Temp\\x.exe", NULL}, "C:\\Temp");
    check("file_directory", (const char *[]){"/x", NULL}, "/");
    check("file_directory", (const char *[]){"x", NULL}, NULL);
    check("user.entity.id_computed", (const char *[]){"a@b", "7", "u", NULL}, "user:a@b");
    check("user.entity.id_computed", (const char *[]){"", "", "root", "", "web", NULL},
          "user:root@web");
    check("user.entity.id_computed", (const char *[]){NULL}, NULL);
    check("host.entity.id_computed", (const char *[]){"", "web", NULL}, "host:web");
    assert_null(detect_runtime_find("dns", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
