/* SPDX-License-Identifier: Apache-2.0 */
/* The filter lets through what is wanted, and leaves out what questions alone can tell. */
#include "core/eql/support.h"

#include "base/buf.h"
#include "query/query.h"

#include "cmocka_head.h"

#include <string.h>

struct filter_case {
    const char *query;
    const char *event;
    bool passes;
};

static bool passes(const char *text, const char *json)
{
    struct query *filter;
    struct support_event e;
    struct eql *q = support_parse(text);
    assert_int_equal(eql_filter(q, &filter), ERR_NONE);
    eql_free(q); /* the filter stands alone */
    support_event(&e, json);
    bool result = query_match(filter, &e.e);
    support_drop(&e);
    query_free(filter);
    return result;
}

#define A "{\"event\":{\"category\":\"a\"},\"x\":1,\"y\":\"abc\"}"

static void what_it_tells(void **state)
{
    (void)state;
    static const struct filter_case cases[] = {
        {"a where true", A, true},
        {"b where true", A, false},
        {"any where true", A, true},
        {"any where false", A, false},
        {"any where null", A, false},
        {"a where x == 1", A, true},
        {"a where x == 2", A, false},
        {"a where not x == 1", A, false},
        {"a where x > 1 or x < 1", A, false},
        /* what is computed passes either way */
        {"a where length(y) == 7", A, true},
        {"a where not length(y) == 3", A, true},
        {"a where x == 2 and length(y) == 3", A, false},
        {"a where x == 2 or length(y) == 7", A, true},
        {"a where not (x == 1 or length(y) == 7)", A, false},
        {"a where not (x == 1 and length(y) == 7)", A, true},
        {"a where not (x == 2 or not length(y) == 7)", A, true},
        {"a where endsWith~(y, \"BC\")", A, true},
        {"a where endsWith~(y, \"BX\")", A, false},
        {"a where cidrMatch(source.ip, \"10.0.0.0/8\")", A, false},
        /* a sequence: any of its items, and until */
        {"sequence [b where true] [c where true]", A, false},
        {"sequence [b where true] [a where x == 1]", A, true},
        {"sequence [b where true] [a where x == 2]", A, false},
        {"sequence with maxspan=1m [b where true] ![a where true]", A, true},
        {"sequence [b where true] [c where true] until [a where true]", A, true},
        {"sequence [b where true] [any where length(y) == 1]", A, true},
        {"sample by x [b where true] [a where true]", A, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (passes(cases[i].query, cases[i].event) != cases[i].passes)
            fail_msg("%s", cases[i].query);
    }
}

static void as_query_dsl(void **state)
{
    (void)state;
    struct query *filter;
    struct buf dsl;
    struct eql *q =
        support_parse("process where process.name : (\"a*\", \"b\") and process.pid > 5 "
                      "and length(user.name) > 3");
    assert_int_equal(eql_filter(q, &filter), ERR_NONE);
    buf_init(&dsl);
    query_to_dsl(filter, &dsl);
    assert_non_null(strstr(buf_text(&dsl), "event.category"));
    assert_non_null(strstr(buf_text(&dsl), "wildcard"));
    assert_non_null(strstr(buf_text(&dsl), "process.pid"));
    assert_null(strstr(buf_text(&dsl), "user.name"));
    buf_release(&dsl);
    query_free(filter);
    eql_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_tells),
        cmocka_unit_test(as_query_dsl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
