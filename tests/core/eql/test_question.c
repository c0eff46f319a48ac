/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of each type, with constants that fit and that do not. */
#include "eql/check_priv.h"

#include "core/eql/support.h"

#include "cmocka_head.h"

#include <string.h>

#define CASES(c) (c), sizeof(c) / sizeof *(c)

static void mistakes(void **state)
{
    (void)state;
    static const struct support_mistake cases[] = {
        {"any where process.pid == \"42\"", ERR_INVALID, 1, 26, "a number: field process.pid"},
        {"any where process.pid in (1, \"42\")", ERR_INVALID, 1, 30, "a number"},
        {"any where process.pid : \"42\"", ERR_INVALID, 1, 23, "process.pid is of type long"},
        {"any where process.pid like \"4*\"", ERR_INVALID, 1, 23, "like compares texts"},
        {"any where process.pid regex \"4*\"", ERR_INVALID, 1, 23, "regex compares texts"},
        {"any where process.name == true", ERR_INVALID, 1, 27, "a text"},
        {"any where process.name > 5", ERR_INVALID, 1, 26, "a text"},
        {"any where process.interactive == 1", ERR_INVALID, 1, 34, "true or false"},
        {"any where process.interactive > true", ERR_INVALID, 1, 33, "== or !="},
        {"any where source.ip == 5", ERR_INVALID, 1, 24, "an address as a text"},
        {"any where source.ip == \"x\"", ERR_INVALID, 1, 21, "such as 10.1.2.3"},
        {"any where source.ip > \"10.0.0.0/8\"", ERR_INVALID, 1, 21, "an address"},
        {"any where source.ip : \"x\"", ERR_INVALID, 1, 21, "such as 10.1.2.3"},
        {"any where @timestamp > 5", ERR_INVALID, 1, 24, "a date as a text"},
        {"any where @timestamp > \"x\"", ERR_INVALID, 1, 22, ""},
        {"any where @timestamp > \"now-1h\"", ERR_UNSUPPORTED, 1, 22, "does not depend on now"},
        {"any where message == \"a\"", ERR_UNSUPPORTED, 1, 11, "message is a text field"},
        {"any where message : \"a*\"", ERR_UNSUPPORTED, 1, 11, "message is a text field"},
        {"any where message in (\"a\")", ERR_UNSUPPORTED, 1, 11, "message is a text field"},
        {"any where process.name.text == \"a\"", ERR_UNSUPPORTED, 1, 11, "text field"},
        {"any where source.geo.location == \"a\"", ERR_UNSUPPORTED, 1, 11, "geo_point"},
        {"any where a > true", ERR_INVALID, 1, 15, "a number or a text"},
        {"any where a regex \"(\"", ERR_INVALID, 1, 19, ""},
        {"any where a regex (\"x\", \"[\")", ERR_INVALID, 1, 25, ""},
    };
    support_mistakes(CASES(cases));
}

static void kinds(void **state)
{
    (void)state;
    static const struct support_case cases[] = {
        {"process.name.keyword == \"A\"", "{\"process\":{\"name\":\"A\"}}", 1},
        {"process.name.caseless == \"a\"", "{\"process\":{\"name\":\"A\"}}", 1},
        {"length(process.name.keyword) == 1", "{\"process\":{\"name\":\"A\"}}", 1},
        {"x.keyword == \"A\" and length(x.keyword) == 1", "{\"x\":\"A\"}", 1},
        {"source.geo.location != null", "{\"source\":{\"geo\":{\"location\":\"1,2\"}}}", 1},
        {"process.interactive", "{\"process\":{\"interactive\":true}}", 1},
        {"process.interactive in (true)", "{\"process\":{\"interactive\":true}}", 1},
        {"string(process.interactive) == \"true\"", "{\"process\":{\"interactive\":true}}", 1},
        {"startsWith(string(@timestamp), \"2024-02\")", "{\"@timestamp\":\"2024-02-03\"}", 1},
        {"startsWith(source.ip, \"10.\") and endsWith(source.ip, \".4\")",
         "{\"source\":{\"ip\":\"10.2.3.4\"}}", 1},
        {"length(source.ip) == 8 and stringContains(source.ip, \"2.3\")",
         "{\"source\":{\"ip\":\"10.2.3.4\"}}", 1},
        {"cidrMatch(a, \"10.0.0.0/8\") and startsWith(a, \"10\")", "{\"a\":\"10.2.3.4\"}", 1},
        {"startsWith(a, \"1\") and length(a) == 2", "{\"a\":12}", 1}, /* a number's text */
        {"_id != null", "{}", 1},
        {"length(_id) == 3", "{}", 0},
        {"a > \"b\" and a < \"d\"", "{\"a\":\"c\"}", 1},
        {"a >= 10", "{\"a\":9}", 0},
        {"a >= 10", "{\"a\":\"11\"}", 1},
        {"a : (\"x\", \"y*\", \"Z\")", "{\"a\":\"z\"}", 1},
        {"a : (\"x\", \"y*\", \"Z\")", "{\"a\":\"yy\"}", 1},
        {"a : (\"x\", \"y*\", \"Z\")", "{\"a\":\"zz\"}", 0},
        {"a regex (\"x+\", \"y\")", "{\"a\":\"xx\"}", 1},
        {"a like \"\\\\*\"", "{\"a\":\"\\\\x\"}", 1},
        {"string(a) like \"\\\\*\"", "{\"a\":\"\\\\x\"}", 1},
        {"stringContains(a, \"\\\\\")", "{\"a\":\"x\\\\y\"}", 1},
    };
    support_run(CASES(cases));
}

static void another_category(void **state)
{
    (void)state;
    struct eql *q;
    struct support_event e;
    struct arena scratch;
    struct err_text why;
    const char *text = "start where true";
    struct eql_options options = {.category_field = "event.type"};
    arena_init(&scratch, 0);
    assert_int_equal(eql_parse(text, strlen(text), &options, &q, &why), ERR_NONE);
    support_event(&e, "{\"event\":{\"type\":[\"start\"],\"category\":\"process\"}}");
    assert_true(eql_match(q, &e.e, &scratch));
    support_drop(&e);
    support_event(&e, "{\"event\":{\"category\":\"start\"}}");
    assert_false(eql_match(q, &e.e, &scratch));
    support_drop(&e);
    eql_free(q);
    options.category_field = "process.pid";
    assert_int_equal(eql_parse(text, strlen(text), &options, &q, &why), ERR_INVALID);
    assert_int_equal(why.column, 1);
    arena_release(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes),
        cmocka_unit_test(kinds),
        cmocka_unit_test(another_category),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
