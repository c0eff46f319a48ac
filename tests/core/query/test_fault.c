/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is short at any moment of parsing or writing: a clean refusal, nothing half made. */
#include "query/query.h"

#include "base/buf.h"
#include "core/query/support.h"
#include "fault_memory.h"
#include "query/index.h"

#include "cmocka_head.h"

#include <string.h>

static void every_allocation_fails_once(enum support_language language, const char *text)
{
    uint64_t n = 1;
    for (bool hit = true; hit; n++) {
        struct query *q = NULL;
        struct err_text why = {.message = ""};
        fault_arm(n);
        enum err code = support_parse(language, text, &q, &why);
        hit = fault_disarm();
        if (code == ERR_NONE) {
            assert_false(hit);
            query_free(q);
            continue;
        }
        assert_int_equal(code, ERR_MEMORY);
        assert_null(q);
        assert_string_not_equal(why.message, "");
    }
    assert_in_range(n, 4, 5000);
}

static void parsing(void **state)
{
    (void)state;
    every_allocation_fails_once(
        DSL, "{\"bool\":{\"should\":[{\"terms\":{\"source.ip\":[\"10.0.0.0/8\",\"fe80::/10\"]}},"
             "{\"regexp\":{\"process.name\":\"[a-z]+(x|y)*&~(foo.*)\"}},{\"match\":{\"message\":"
             "{\"query\":\"a b c\",\"minimum_should_match\":\"2\"}}},{\"range\":{\"@timestamp\":"
             "{\"gte\":\"now-1d/d\",\"time_zone\":\"Europe/"
             "Berlin\"}}},{\"exists\":{\"field\":\"dns\"}}],"
             "\"minimum_should_match\":2}}");
    every_allocation_fails_once(
        DSL, "{\"simple_query_string\":{\"query\":\"a* | \\\"b c\\\" + (-d e) | f\",\"fields\":"
             "[\"message\",\"process.name\"]}}");
    every_allocation_fails_once(KQL,
                                "a:(b* or \"c d\") and not source.port >= 80 or message:x or e");
    every_allocation_fails_once(LUCENE,
                                "a:/b.*/ AND +c:[1 TO 5} OR (d \"e f\")^2 source.ip:10.0.0.1");
}

static void combining(void **state)
{
    (void)state;
    static const char *const value = "curl";
    for (uint64_t n = 1, hit = 1; hit; n++) {
        struct query *list[2] = {NULL, NULL}, *q = NULL;
        assert_int_equal(query_new_terms("process.name", &value, 1, &list[0], NULL), ERR_NONE);
        assert_int_equal(query_new_all(&list[1]), ERR_NONE);
        fault_arm(n);
        enum err code = query_all_of_take(list, 2, &q);
        hit = fault_disarm();
        if (code == ERR_NONE) {
            query_free(q);
            continue;
        }
        assert_int_equal(code, ERR_MEMORY); /* and both are still the caller's */
        query_free(list[0]);
        query_free(list[1]);
    }
}

static void writing(void **state)
{
    (void)state;
    struct query *q;
    assert_int_equal(support_parse(KQL, "message:\"a b\" and *:c* and d:(1 or 2)", &q, NULL),
                     ERR_NONE);
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        struct buf out;
        buf_init(&out);
        fault_arm(n);
        query_to_dsl(q, &out);
        hit = fault_disarm();
        assert_int_equal(buf_ok(&out), !hit);
        buf_release(&out);
    }
    query_free(q);
}

static void index_patterns(void **state)
{
    (void)state;
    static const char *const patterns[] = {"logs-*,-logs-endpoint.*", "packetbeat-*"};
    for (uint64_t n = 1, hit = 1; hit; n++) {
        struct query_index *x = NULL;
        fault_arm(n);
        enum err code = query_index_new(patterns, 2, &x, NULL);
        hit = fault_disarm();
        assert_int_equal(code, hit ? ERR_MEMORY : ERR_NONE);
        query_index_free(x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parsing),
        cmocka_unit_test(combining),
        cmocka_unit_test(writing),
        cmocka_unit_test(index_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
