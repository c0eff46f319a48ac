/* SPDX-License-Identifier: Apache-2.0 */
#include "query/index.h"

#include "core/query/support.h"

#include "cmocka_head.h"

#include <string.h>

static bool chosen(const char *pattern, const char *name)
{
    struct query_index *x;
    struct err_text why;
    assert_int_equal(query_index_new(&pattern, 1, &x, &why), ERR_NONE);
    bool hit = query_index_match_name(x, name, strlen(name));
    query_index_free(x);
    return hit;
}

static void patterns_choose(void **state)
{
    (void)state;
    static const char name[] = "logs-network_traffic.flow-default";
    assert_true(chosen("logs-*", name));
    assert_true(chosen("filebeat-*, logs-*,packetbeat-*", name));
    assert_true(chosen("_all", name));
    assert_true(chosen("*", name));
    assert_true(chosen("", name));
    assert_true(chosen(name, name));
    assert_true(chosen("logs-network_traffic.*-default", name));
    assert_false(chosen("logs", name));
    assert_false(chosen("packetbeat-*", name));
    assert_false(chosen("logs-*,-logs-network_traffic.*", name));
    assert_true(chosen("logs-*,-logs-endpoint.*", name));
    assert_true(chosen("-logs-endpoint.*", name));
    assert_true(chosen("logs-*,-*flow*,logs-network*", name));
    assert_false(chosen("remote:logs-*", name));
    struct query_index *x;
    struct err_text why;
    const char *math = "<logs-{now/d}>";
    assert_int_equal(query_index_new(&math, 1, &x, &why), ERR_UNSUPPORTED);
    assert_non_null(strstr(why.message, "date math"));
    assert_int_equal(query_index_new(NULL, 0, &x, &why), ERR_NONE);
    assert_true(query_index_match_name(x, name, strlen(name)));
    query_index_free(x);
}

static void names_follow_the_data_stream(void **state)
{
    (void)state;
    static const struct {
        const char *event, *name;
    } cases[] = {
        {"{\"data_stream\":{\"type\":\"metrics\",\"dataset\":\"a.b\",\"namespace\":\"prod\"}}",
         "metrics-a.b-prod"},
        {"{\"event\":{\"dataset\":\"zeek.conn\"}}", "logs-zeek.conn-default"},
        {"{}", "logs-generic-default"},
        {"{\"weir\":{\"index\":\"packetbeat-8.19.0\"},\"event\":{\"dataset\":\"flow\"}}",
         "packetbeat-8.19.0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct support_event e;
        char name[QUERY_INDEX_NAME_SIZE];
        support_event(&e, cases[i].event);
        assert_int_equal(query_index_name(&e.e, name), strlen(cases[i].name));
        assert_string_equal(name, cases[i].name);
        struct query_index *x;
        assert_int_equal(query_index_new(&cases[i].name, 1, &x, NULL), ERR_NONE);
        assert_true(query_index_match(x, &e.e));
        query_index_free(x);
        support_drop(&e);
    }
    char long_name[700] = "{\"event\":{\"dataset\":\"";
    size_t n = strlen(long_name);
    memset(long_name + n, 'x', 500);
    memcpy(long_name + n + 500, "\"}}", 4);
    struct support_event e;
    char name[QUERY_INDEX_NAME_SIZE];
    support_event(&e, long_name);
    assert_int_equal(query_index_name(&e.e, name), QUERY_INDEX_NAME_SIZE - 1);
    support_drop(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_choose),
        cmocka_unit_test(names_follow_the_data_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
