/* SPDX-License-Identifier: Apache-2.0 */
/* The mapper's frame: which log a file is, and the plans of columns. */
#include "ingest/zeek.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void file_names_tell_the_log(void **state)
{
    (void)state;
    static const struct {
        const char *file, *log;
    } cases[] = {
        {"conn.log", "conn"},
        {"/var/log/zeek/current/dns.log", "dns"},
        {"conn.00:00:00-01:00:00.log.gz", "conn"},
        {"labeled-conn.log", "conn"},
        {"conn_top.log", "conn"},
        {"open_ssl.17_37_07-18_00_00.log.gz", "ssl"},
        {"UTICA-ONE-DRIVE_http.log", "http"},
        {"known_hosts.log", "known_hosts"},
        {"weird.json.gz", "weird"},
    };
    char log[32];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(ingest_zeek_log_of(cases[i].file, log));
        assert_string_equal(log, cases[i].log);
    }
    assert_false(ingest_zeek_log_of("-", log));
    assert_false(ingest_zeek_log_of("conn", log));
    assert_false(ingest_zeek_log_of(".log", log));
}

static void columns_have_plans(void **state)
{
    (void)state;
    struct ingest_counts counts = {0};
    const struct ingest_zeek_options options = {0};
    struct ingest_zeek *z = ingest_zeek_new(&options, &counts);
    ingest_zeek_select(z, "http", 4);
    const struct ingest_zeek_plan *method = ingest_zeek_plan(z, "method", 6);
    assert_int_equal(method->action, ZEEK_FIELD);
    assert_int_equal(method->field, EVENT_F_HTTP_REQUEST_METHOD);
    assert_ptr_equal(ingest_zeek_plan(z, "method", 6), method);
    const struct ingest_zeek_plan *own = ingest_zeek_plan(z, "my column", 9);
    assert_int_equal(own->action, ZEEK_NAMED);
    assert_string_equal(own->name, "zeek.http.my column");
    assert_string_equal(ingest_zeek_plan(z, "b\xff", 2)->name, "zeek.http.b\\xff");
    ingest_zeek_select(z, "SSH!", 4);
    assert_string_equal(ingest_zeek_selected(z), "ssh_");
    assert_string_equal(ingest_zeek_plan(z, "method", 6)->name, "zeek.ssh_.method");
    ingest_zeek_select(z, "conn", 4);
    assert_int_equal(ingest_zeek_plan(z, "ts", 2)->action, ZEEK_SPECIAL);
    assert_int_equal(ingest_zeek_plan(z, "missed_bytes", 12)->field,
                     EVENT_F_ZEEK_CONNECTION_MISSED_BYTES);
    ingest_zeek_free(z);
}

static void plans_are_bounded(void **state)
{
    (void)state;
    struct ingest_counts counts = {0};
    const struct ingest_zeek_options options = {0};
    struct ingest_zeek *z = ingest_zeek_new(&options, &counts);
    size_t made = 0;
    for (int i = 0; i < 20000; i++) {
        char name[20];
        int n = snprintf(name, sizeof(name), "c%d", i);
        made += ingest_zeek_plan(z, name, (size_t)n) != NULL;
    }
    assert_in_range(made, 1000, 10000);
    assert_non_null(ingest_zeek_plan(z, "c0", 2));
    ingest_zeek_free(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_names_tell_the_log),
        cmocka_unit_test(columns_have_plans),
        cmocka_unit_test(plans_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
