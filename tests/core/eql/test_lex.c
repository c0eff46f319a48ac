/* SPDX-License-Identifier: Apache-2.0 */
/* Names, texts, numbers, comments; the place of what cannot be read. */
#include "eql/lex_priv.h"

#include "core/eql/support.h"

#include "cmocka_head.h"

#include <string.h>

#define CASES(c) (c), sizeof(c) / sizeof *(c)

static void texts(void **state)
{
    (void)state;
    static const char event[] =
        "{\"a\":\"x\\\"\\n\\r\\t\\\\\",\"b\":\"a \\\"b\\\" \\\\n\",\"c\":\"\xe2\x80\x8f\",\"d\":"
        "\"q\\\"\\\"\",\"e\":\"\\\"\\\"\\\"\",\"f\":\"\"}";
    static const struct support_case cases[] = {
        {"a == \"x\\\"\\n\\r\\t\\\\\"", event, 1},
        {"b == \"\"\"a \"b\" \\n\"\"\"", event, 1},
        {"c == \"\\u{200f}\" and c == \"\\u{0000200F}\"", event, 1},
        {"d == \"\"\"q\"\"\"\"\"", event, 1},
        {"e == \"\\\"\\\"\\\"\"", event, 1},
        {"f == \"\" and f == \"\"\"\"\"\"", event, 1},
        {"`a`==\"x\" or a/**/!=\"x\"", event, 1},
    };
    support_run(CASES(cases));
}

static void comments_and_blanks(void **state)
{
    (void)state;
    static const struct support_case cases[] = {
        {"// a remark\n a == 1", "{\"a\":1}", 1},
        {"/* a\n remark * / */ a\t==\r\n1 // the end", "{\"a\":1}", 1},
        {"a\xc2\xa0== 1", "{\"a\":1}", 1},
        {"a == \"//x\" and b == \"/*\"", "{\"a\":\"//x\",\"b\":\"/*\"}", 1},
        {"_a.@b1 == 1", "{\"_a\":{\"@b1\":1}}", 1},
    };
    support_run(CASES(cases));
}

static void numbers(void **state)
{
    (void)state;
    static const struct support_case cases[] = {
        {"a == 1.5 and a == 1.5e0 and a == 15e-1 and a == 0.15E+1", "{\"a\":1.5}", 1},
        {"a == .5", "{\"a\":0.5}", 1},
        {"a == 9223372036854775807", "{\"a\":9223372036854775807}", 1},
        {"a == -3 and a < -2", "{\"a\":-3}", 1},
    };
    support_run(CASES(cases));
}

static void mistakes(void **state)
{
    (void)state;
    static const struct support_mistake cases[] = {
        {"any where a == 'x'", ERR_UNSUPPORTED, 1, 16, "single ones"},
        {"any where a == ?\"x\"", ERR_UNSUPPORTED, 1, 16, "?\" is not supported"},
        {"any where a = 1", ERR_INVALID, 1, 13, "expected '==' or ':'"},
        {"any where a == \"x", ERR_INVALID, 1, 16, "to end this text"},
        {"any where a == \"x\ny\"", ERR_INVALID, 1, 16, "on its line"},
        {"any where a == \"\"\"x", ERR_INVALID, 1, 16, "\"\"\""},
        {"any where a == \"\"\"x\ny\"\"\"", ERR_INVALID, 1, 16, "on its line"},
        {"any where a == \"C:\\Windows\"", ERR_INVALID, 1, 19, "a backslash itself"},
        {"any where a == \"\\u{d800}\"", ERR_INVALID, 1, 17, "\\u{"},
        {"any where a == \"\\u{1}\"", ERR_INVALID, 1, 17, "\\u{"},
        {"any where a == \"\\u{110000}\"", ERR_INVALID, 1, 17, "\\u{"},
        {"any where a == \"\\u{123456789}\"", ERR_INVALID, 1, 17, "\\u{"},
        {"any where a == \"\\u{00}\"", ERR_INVALID, 1, 17, "\\u{"},
        {"any where a == \"\\'\"", ERR_INVALID, 1, 17, "\\n"},
        {"any where\n/* a\n", ERR_INVALID, 2, 1, "*/"},
        {"any where `a == 1", ERR_INVALID, 1, 11, "backtick"},
        {"any where `` == 1", ERR_INVALID, 1, 11, "backtick"},
        {"any where a. == 1", ERR_INVALID, 1, 13, "next part"},
        {"any where a.1b == 1", ERR_INVALID, 1, 13, "in backticks"},
        {"any where a == 99999999999999999999", ERR_INVALID, 1, 16, "64 bits"},
        {"any where a == 1e999", ERR_INVALID, 1, 16, "64 bits"},
        {"any where a == 5m", ERR_INVALID, 1, 16, "found 5m"},
        {"any where a == 1 # b", ERR_INVALID, 1, 18, "found '#'"},
        {"any where \xc3\xa4 == 1", ERR_INVALID, 1, 11, "found '\xc3\xa4'"},
        {"any where a == \"\xc3\xa4\" ~", ERR_INVALID, 1, 20, "found '~'"},
    };
    support_mistakes(CASES(cases));
}

static void not_utf8(void **state)
{
    (void)state;
    struct eql *q;
    struct err_text why;
    assert_int_equal(eql_parse("any where a == \"\xff\"", 18, NULL, &q, &why), ERR_INVALID);
    assert_non_null(strstr(why.message, "UTF-8"));
    assert_int_equal(eql_parse("any where true\0", 15, NULL, &q, &why), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),    cmocka_unit_test(comments_and_blanks),
        cmocka_unit_test(numbers),  cmocka_unit_test(mistakes),
        cmocka_unit_test(not_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
