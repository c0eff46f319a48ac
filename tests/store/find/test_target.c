/* SPDX-License-Identifier: Apache-2.0 */
#include "find/target.h"

#include "store/find/find_help.h"

#include "query/query.h"

static const struct {
    const char *pattern;
    bool events, alerts, results, some; /* some: not all events */
    bool messages;
} cases[] = {
    {NULL, true, false, false, false, false},
    {"", true, false, false, false, false},
    {"_all", true, false, false, false, false},
    {"*", true, false, false, false, false},
    {"logs-*", true, false, false, true, false},
    {"logs-*,-logs-zeek.*", true, false, false, true, false},
    {"-logs-zeek.*", true, false, false, true, false},
    {".alerts-security.alerts-default", false, true, false, false, false},
    {".alerts-security.alerts-*", false, true, false, false, false},
    {".internal.alerts-security.alerts-default-000001", false, true, false, false, false},
    {".ml-anomalies-*", false, false, true, false, false},
    {".ml-anomalies-high_count", false, false, true, false, false},
    {".ml-notifications-*", false, false, false, false, true},
    {".ml-notifications-000002", false, false, false, false, true},
    {".ml-*", false, false, true, false, true},
    {".*", false, true, true, false, true},
    {"logs-*,.alerts-*", true, true, false, true, false},
    {"other:logs-*", false, false, false, false, false},
};

static void test_patterns(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct find_target t;
        struct find_error error;
        assert_int_equal(find_target_parse(cases[i].pattern, NULL, false, &t, &error), ERR_NONE);
        if (t.events != cases[i].events || t.alerts != cases[i].alerts ||
            t.results != cases[i].results || t.messages != cases[i].messages ||
            (t.query != NULL) != cases[i].some)
            fail_msg("%s: %d %d %d %d", cases[i].pattern, t.events, t.alerts, t.results,
                     t.query != NULL);
        find_target_release(&t);
    }
}

static void test_jobs(void **state)
{
    (void)state;
    struct find_target t;
    assert_int_equal(find_target_parse(".ml-anomalies-high_*", NULL, false, &t, NULL), ERR_NONE);
    assert_true(find_target_job(&t, "high_count"));
    assert_false(find_target_job(&t, "low_count"));
    find_target_release(&t);
    assert_int_equal(find_target_parse(".ml-anomalies-shared", NULL, false, &t, NULL), ERR_NONE);
    assert_true(find_target_job(&t, "low_count"));
    find_target_release(&t);
}

/* An index that is named must be there; one that is matched need not. */
static void test_named(void **state)
{
    (void)state;
    struct err_text why;
    struct find_target t;
    struct find_error error;
    struct store *s;
    char *dir = help_mkdir();
    help_good(store_open(dir, NULL, &s, &why), &why);
    help_add(s, "{\"@timestamp\":1,\"event\":{\"dataset\":\"zeek.conn\"}}");
    help_good(store_commit(s, &why), &why);
    assert_int_equal(find_target_parse("logs-zeek.conn-default", s, false, &t, &error), ERR_NONE);
    find_target_release(&t);
    assert_int_equal(find_target_parse("none-*", s, false, &t, &error), ERR_NONE);
    find_target_release(&t);
    assert_int_equal(find_target_parse("logs-zeek.dns-default", s, true, &t, &error), ERR_NONE);
    find_target_release(&t);
    assert_int_equal(find_target_parse("logs-zeek.dns-default", s, false, &t, &error),
                     ERR_NOT_FOUND);
    assert_string_equal(error.type, "index_not_found_exception");
    assert_int_equal(error.status, 404);
    assert_string_equal(error.text.message, "no such index [logs-zeek.dns-default]");
    assert_int_equal(find_target_parse(".kibana", s, false, &t, &error), ERR_NOT_FOUND);
    store_close(s);
    help_rmdir(dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_patterns), cmocka_unit_test(test_jobs),
                                       cmocka_unit_test(test_named)};
    help_worker(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
