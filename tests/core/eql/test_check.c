/* SPDX-License-Identifier: Apache-2.0 */
/* Types that do not go together, constants computed, negations turned. */
#include "eql/check_priv.h"

#include "base/buf.h"
#include "core/eql/support.h"

#include "cmocka_head.h"

#include <string.h>

#define CASES(c) (c), sizeof(c) / sizeof *(c)

static void mistakes(void **state)
{
    (void)state;
    static const struct support_mistake cases[] = {
        {"any where 5", ERR_INVALID, 1, 11, "a condition, found a number"},
        {"any where \"a\"", ERR_INVALID, 1, 11, "a condition, found a text"},
        {"any where process.name", ERR_INVALID, 1, 11, "a comparison after process.name"},
        {"any where length(a)", ERR_INVALID, 1, 11, "length is not true or false"},
        {"any where not process.pid", ERR_INVALID, 1, 15, "a comparison"},
        {"process where process.parent.name == \"foo\" and process.parent.name == process.name",
         ERR_UNSUPPORTED, 1, 68, "a field with a field"},
        {"any where length(a) == length(b)", ERR_UNSUPPORTED, 1, 21, "a field with a field"},
        {"any where a + 1 > b", ERR_UNSUPPORTED, 1, 17, "a field with a field"},
        {"any where a in (1, b)", ERR_UNSUPPORTED, 1, 20, "expected constants"},
        {"any where a : b", ERR_UNSUPPORTED, 1, 15, "expected constants"},
        {"any where a : 5", ERR_INVALID, 1, 15, "a text, found a number"},
        {"any where a like (\"x\", null)", ERR_INVALID, 1, 24, "a text, found null"},
        {"any where a regex 5", ERR_INVALID, 1, 19, "a text"},
        {"any where length(a) == \"x\"", ERR_INVALID, 1, 24, "a number to compare length with"},
        {"any where concat(a) == 5", ERR_INVALID, 1, 24, "a text to compare concat with"},
        {"any where length(a) : \"x\"", ERR_INVALID, 1, 11, "expected a field or a text"},
        {"any where (a == 1) == 1", ERR_INVALID, 1, 23, "true or false for a condition"},
        {"any where (a == 1) > true", ERR_INVALID, 1, 22, "== or !="},
        {"any where (a == 1) in (true)", ERR_INVALID, 1, 14, "expected a field or a value"},
        {"any where true or process.pid == \"x\"", ERR_INVALID, 1, 34, "a number"},
        {"any where false and process.name", ERR_INVALID, 1, 21, "a comparison"},
        {"any where concat(a, b, c, d, e, f, g, h, i) == \"\"", ERR_LIMIT, 1, 42, "8 fields"},
        {"any where string(a) regex \"(\"", ERR_INVALID, 1, 27, ""},
    };
    support_mistakes(CASES(cases));
}

static void constants(void **state)
{
    (void)state;
    static const struct support_case cases[] = {
        {"1 < 2", "{}", 1},
        {"\"a\" == \"b\"", "{}", 0},
        {"\"abc\" : \"A*\"", "{}", 1},
        {"\"abc\" like \"A*\"", "{}", 0},
        {"\"abc\" regex \"a.c\"", "{}", 1},
        {"5 in (4, 5)", "{}", 1},
        {"null in (4, 5)", "{}", 0},
        {"not null in (4, 5)", "{}", 0},
        {"not null", "{}", 0},
        {"null or true", "{}", 1},
        {"not (null and false)", "{}", 1},
        {"length(\"abc\") == 3 and a == substring(\"xyz\", 1)", "{\"a\":\"yz\"}", 1},
        {"a in (concat(\"x\", 1), 2 + 3)", "{\"a\":\"x1\"}", 1},
        {"a in (concat(\"x\", 1), 2 + 3)", "{\"a\":5}", 1},
        {"1 == \"1\" or true == 1", "{}", 0},
        {"startsWith(\"abc\", \"a\") == true", "{}", 1},
        {"(1 == 1) == true", "{}", 1},
    };
    support_run(CASES(cases));
}

static void negations(void **state)
{
    (void)state;
    static const struct support_case cases[] = {
        {"not a == 1", "{\"a\":2}", 1},         {"not a != 1", "{\"a\":2}", 0},
        {"not a < 2", "{\"a\":2}", 1},          {"not a <= 2", "{\"a\":2}", 0},
        {"not a > 1", "{\"a\":2}", 0},          {"not a >= 3", "{\"a\":2}", 1},
        {"not 2 < a", "{\"a\":2}", 1},          {"not (a + 0) < 2", "{\"a\":2}", 1},
        {"not (a + 0) >= 2", "{\"a\":2}", 0},   {"not not a < 2", "{\"a\":2}", 0},
        {"not not a < 3", "{\"a\":2}", 1},      {"not a in (1, 3)", "{\"a\":2}", 1},
        {"not not not a == 2", "{\"a\":2}", 0},
    };
    support_run(CASES(cases));
}

static void many_regular_expressions(void **state)
{
    (void)state;
    for (int n = 100; n <= 101; n++) {
        struct buf text;
        struct eql *q = NULL;
        struct err_text why = {0};
        buf_init(&text);
        buf_str(&text, "any where a regex (\"x\"");
        for (int i = 1; i < n; i++)
            buf_str(&text, i % 2 == 0 ? ", \"x\"" : ") or a regex (\"x\"");
        buf_str(&text, ")");
        enum err e = eql_parse(buf_text(&text), text.n, NULL, &q, &why);
        assert_int_equal(e, n == 100 ? ERR_NONE : ERR_LIMIT);
        assert_true(n == 100 || strstr(why.message, "at most 100 regular") != NULL);
        eql_free(q);
        buf_release(&text);
    }
}

/* Of fields and of computed values: they take from one budget. */
static void dear_regular_expressions(void **state)
{
    (void)state;
    static const char *const forms[] = {"a regex (", "string(a) regex ("};
    for (size_t f = 0; f < 2; f++) {
        struct buf text;
        struct eql *q = NULL;
        struct err_text why = {0};
        buf_init(&text);
        buf_format(&text, "any where %s\"x\"", forms[f]);
        for (int i = 0; i < 90; i++)
            buf_format(&text, ", \"(.*a.{9})%d\"", i);
        buf_str(&text, ")");
        assert_int_equal(eql_parse(buf_text(&text), text.n, NULL, &q, &why), ERR_LIMIT);
        assert_non_null(strstr(why.message, "together"));
        buf_release(&text);
    }
}

static void questions_are_leaves(void **state)
{
    (void)state;
    struct eql *q = support_parse("process where process.name : \"a*\" and true and not x > 1");
    const struct eql_node *c = q->items[0].condition;
    assert_int_equal(c->op, EQL_AND);
    assert_int_equal(c->n, 2); /* the category, and the rest without "true" */
    assert_int_equal(c->child[0]->op, EQL_ASK);
    assert_int_equal(c->child[1]->op, EQL_AND);
    assert_int_equal(c->child[1]->n, 2);
    assert_int_equal(c->child[1]->child[1]->op, EQL_ASK);
    assert_int_equal(c->child[1]->child[1]->cmp, EQL_LE);
    eql_free(q);
    q = support_parse("any where length(a) > 1 or true");
    assert_int_equal(q->items[0].condition->op, EQL_LITERAL);
    eql_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes),
        cmocka_unit_test(constants),
        cmocka_unit_test(negations),
        cmocka_unit_test(many_regular_expressions),
        cmocka_unit_test(dear_regular_expressions),
        cmocka_unit_test(questions_are_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
