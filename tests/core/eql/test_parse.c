/* SPDX-License-Identifier: Apache-2.0 */
/* How operators bind, and conditions that cannot be read. */
#include "eql/parse_priv.h"

#include "base/buf.h"
#include "core/eql/support.h"

#include "cmocka_head.h"

#include <string.h>

#define CASES(c) (c), sizeof(c) / sizeof *(c)

static void binding(void **state)
{
    (void)state;
    static const char event[] = "{\"a\":1,\"b\":2,\"c\":3}";
    static const struct support_case cases[] = {
        {"a == 1 or b == 1 and c == 1", event, 1},
        {"(a == 1 or b == 1) and c == 1", event, 0},
        {"not a == 2 and b == 2", event, 1},
        {"not a == 1 or b == 2", event, 1},
        {"not (a == 1 or b == 2)", event, 0},
        {"not not a == 1", event, 1},
        {"a + 2 * 3 == 7 and (a + 2) * 3 == 9", event, 1},
        {"c - a - 1 == 1 and c - (a - 1) == 3", event, 1},
        {"8 / b / 2 == 2 and 8 / (b / 2) == 8", event, 1},
        {"- a + 2 == 1 and -(a + 2) == -3 and - -a == 1", event, 1},
        {"c % 2 * 5 == 5", event, 1},
        {"a in (1, 5) and b not in (1, 5) and not c in (1)", event, 1},
        {"((((a)))) == 1", event, 1},
        {"a == 1 and b in (1 + 1)", event, 1},
        {"c == 1 + 2 and c == add(1, 2)", event, 1},
        {"a == 1 == true", event, -1},
    };
    support_run(CASES(cases));
}

static void mistakes(void **state)
{
    (void)state;
    static const struct support_mistake cases[] = {
        {"any where", ERR_INVALID, 1, 10, "expected a value, found the end"},
        {"any where a ==", ERR_INVALID, 1, 15, "expected a value"},
        {"any where (a == 1", ERR_INVALID, 1, 18, "')', 'and' or 'or'"},
        {"any where a == 1)", ERR_INVALID, 1, 17, "found )"},
        {"any where a == 1 b == 2", ERR_INVALID, 1, 18, "found b"},
        {"any where a == 1 and", ERR_INVALID, 1, 21, "expected a value"},
        {"any where and a == 1", ERR_INVALID, 1, 11, "found and"},
        {"any where a < 1 < 2", ERR_UNSUPPORTED, 1, 17, "do not chain"},
        {"any where a : \"b\" : \"c\"", ERR_UNSUPPORTED, 1, 19, "do not chain"},
        {"any where a in 1", ERR_INVALID, 1, 16, "'(' and a list"},
        {"any where a in ()", ERR_INVALID, 1, 17, "expected a value"},
        {"any where a in (1, )", ERR_INVALID, 1, 20, "expected a value"},
        {"any where a in (1", ERR_INVALID, 1, 18, "',' or ')'"},
        {"any where a not like \"x\"", ERR_INVALID, 1, 17, "'in' after 'not'"},
        {"any where length(a", ERR_INVALID, 1, 19, "',' or ')'"},
        {"any where length(a,) == 1", ERR_INVALID, 1, 20, "expected a value"},
        {"any where length~ == 1", ERR_INVALID, 1, 19, "'(' after a function"},
        {"any where process.args[0] == \"a\"", ERR_UNSUPPORTED, 1, 23, "by its number"},
        {"any where ?a[0] == 1", ERR_UNSUPPORTED, 1, 13, "by its number"},
        {"any where ?1 == 1", ERR_INVALID, 1, 12, "the name of a field"},
        {"process where child of [any where true]", ERR_UNSUPPORTED, 1, 15, "'child of'"},
        {"process where descendant of [any where true]", ERR_UNSUPPORTED, 1, 15, "descendant of"},
        {"process where event of [any where true]", ERR_UNSUPPORTED, 1, 15, "event of"},
    };
    support_mistakes(CASES(cases));
}

static enum err parse_repeated(const char *open, const char *middle, const char *close, size_t n,
                               struct err_text *why)
{
    struct buf text;
    struct eql *q = NULL;
    buf_init(&text);
    buf_str(&text, "any where ");
    for (size_t i = 0; i < n; i++)
        buf_str(&text, open);
    buf_str(&text, middle);
    for (size_t i = 0; i < n; i++)
        buf_str(&text, close);
    enum err e = eql_parse(buf_text(&text), text.n, NULL, &q, why);
    eql_free(q);
    buf_release(&text);
    return e;
}

static void limits(void **state)
{
    (void)state;
    struct err_text why = {0};
    assert_int_equal(parse_repeated("(", "a == 1", ")", EQL_DEPTH_MAX, &why), ERR_NONE);
    assert_int_equal(parse_repeated("(", "a == 1", ")", EQL_DEPTH_MAX + 1, &why), ERR_LIMIT);
    assert_non_null(strstr(why.message, "brackets"));
    assert_int_equal(parse_repeated("not ", "a == 1", "", 1000, &why), ERR_LIMIT);
    assert_int_equal(parse_repeated("- ", "a == 1", "", 1000, &why), ERR_LIMIT);
    assert_int_equal(parse_repeated("length(", "a", ")", 1000, &why), ERR_LIMIT);
    assert_int_equal(parse_repeated("a + ", "1 == 1", "", 200, &why), ERR_NONE);
    assert_int_equal(parse_repeated("a + ", "1 == 1", "", 300, &why), ERR_LIMIT);
    assert_non_null(strstr(why.message, "256 operators"));
    assert_int_equal(parse_repeated("a == 1 or ", "a == 1", "", 2000, &why), ERR_NONE);
    assert_int_equal(parse_repeated("a == 1 or ", "a == 1", "", 10000, &why), ERR_LIMIT);
    assert_non_null(strstr(why.message, "20000 parts"));
    assert_int_equal(parse_repeated(" ", "a == 1", "", 1 << 20, &why), ERR_LIMIT);
    assert_non_null(strstr(why.message, "1 MB"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binding),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
