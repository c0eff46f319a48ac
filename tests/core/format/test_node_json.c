/* SPDX-License-Identifier: Apache-2.0 */
/* Trees from JSON: values, places, mistakes, limits. */
#include "format/node.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct format_node *json(const char *text)
{
    struct format_node *v = NULL;
    struct err_text why = {.message = ""};
    if (format_node_json(text, strlen(text), "t.json", &v, &why) != ERR_NONE)
        fail_msg("%u:%u %s", why.line, why.column, why.message);
    return v;
}

static void expect_wrong(enum err got, const struct err_text *why, unsigned line, unsigned column,
                         const char *part)
{
    assert_int_equal(got, ERR_FORMAT);
    assert_int_equal(why->line, line);
    assert_int_equal(why->column, column);
    if (strstr(why->message, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", why->message, part);
}

static void wrong_json(const char *text, unsigned line, unsigned column, const char *part)
{
    struct format_node *v = NULL;
    struct err_text why;
    enum err code = format_node_json(text, strlen(text), "t.json", &v, &why);
    assert_null(v);
    expect_wrong(code, &why, line, column, part);
    assert_string_equal(why.file, "t.json");
}

static void json_gives_values_and_places(void **state)
{
    (void)state;
    struct format_node *v = json("\xef\xbb\xbf{\n  \"a\" : -12,\n  \"b\": [true, null,\n 1.5e3, "
                                 "\"x\\u00e9,]\"],\n\t\"c\": {\"d\": 18446744073709551616}}\n");
    assert_int_equal(format_node_type(v), FORMAT_OBJECT);
    assert_int_equal(format_node_count(v), 3);
    assert_int_equal(format_node_line(v), 1);
    assert_int_equal(format_node_column(v), 1);
    struct format_node *a = format_node_get(v, "a");
    assert_int_equal(format_node_int(a, 0), -12);
    assert_true(format_node_num(a, 0) == -12.0);
    assert_int_equal(format_node_line(a), 2);
    assert_int_equal(format_node_column(a), 9);
    struct format_node *b = format_node_get(v, "b");
    assert_int_equal(format_node_count(b), 4);
    assert_true(format_node_bool(format_node_at(b, 0), false));
    assert_int_equal(format_node_type(format_node_at(b, 1)), FORMAT_NULL);
    assert_true(format_node_num(format_node_at(b, 2), 0) == 1500.0);
    assert_int_equal(format_node_line(format_node_at(b, 2)), 4);
    assert_int_equal(format_node_column(format_node_at(b, 2)), 2);
    assert_string_equal(format_node_str(format_node_at(b, 3), ""), "x\xc3\xa9,]");
    assert_null(format_node_at(b, 4));
    struct format_node *d = format_node_get(format_node_get(v, "c"), "d");
    assert_int_equal(format_node_type(d), FORMAT_FLOAT);
    assert_true(format_node_num(d, 0) == 18446744073709551616.0);
    assert_int_equal(format_node_line(d), 5);
    assert_int_equal(format_node_column(d), 13);
    assert_string_equal(format_node_key(d), "d");
    assert_string_equal(format_node_file_name(d), "t.json");
    assert_null(format_node_get(v, "nothing"));
    format_node_free(v);
}

static void whole_numbers_are_exact(void **state)
{
    (void)state;
    struct format_node *v = json("[9223372036854775807, -9223372036854775808, "
                                 "9223372036854775808, 123456789012345678901234, 0.1, -0]");
    assert_int_equal(format_node_int(format_node_at(v, 0), 0), INT64_MAX);
    assert_int_equal(format_node_int(format_node_at(v, 1), 0), INT64_MIN);
    assert_int_equal(format_node_type(format_node_at(v, 2)), FORMAT_FLOAT);
    assert_true(format_node_num(format_node_at(v, 2), 0) == 9223372036854775808.0);
    assert_true(format_node_num(format_node_at(v, 3), 0) == 123456789012345678901234.0);
    assert_true(format_node_num(format_node_at(v, 4), 0) == 0.1);
    assert_int_equal(format_node_int(format_node_at(v, 5), 7), 0);
    format_node_free(v);
}

static void mistakes_in_json_have_a_place(void **state)
{
    (void)state;
    wrong_json("", 1, 1, "the text ends");
    wrong_json("{\"a\":1,\n \"b\" 2}", 2, 6, "colon");
    wrong_json("{\"a\":1,}", 1, 8, "key");
    wrong_json("[1 2]", 1, 4, "comma");
    wrong_json("[1]]", 1, 4, "nothing more");
    wrong_json("{\"a\":1} {\"b\":1}", 1, 9, "nothing more");
    wrong_json("{\"a\":tru}", 1, 6, "a value is expected");
    wrong_json("{\"a\":\n\"abc}", 2, 1, "closing double quote");
    wrong_json("[\"a\\x\"]", 1, 4, "backslash");
    wrong_json("[\"\\ud800\"]", 1, 3, "second half");
    wrong_json("[\"\\udc00\"]", 1, 3, "first half");
    wrong_json("[\"a\tb\"]", 1, 4, "control character");
    wrong_json("[\"a\xff\"]", 1, 4, "UTF-8");
    wrong_json("[\"\xed\xa0\x80\"]", 1, 3, "UTF-8");
    wrong_json("[01]", 1, 3, "begin with 0");
    wrong_json("[1.]", 1, 4, "decimal point");
    wrong_json("[1e999]", 1, 2, "too large");
    wrong_json("[-]", 1, 3, "digit");
    wrong_json("{\"a\":1,\n\"b\":2,\n\"a\":3}", 3, 5, "\"a\" is given twice");
}

static void many_keys_are_found_and_twins_seen(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b);
    buf_char(&b, '{');
    for (int i = 0; i < 3000; i++)
        buf_format(&b, "%s\"key%d\":%d", i > 0 ? ",\n" : "", (i * 7919) % 3000, i);
    buf_char(&b, '}');
    struct format_node *v = json(buf_text(&b));
    for (int i = 0; i < 3000; i++) {
        char key[32];
        snprintf(key, sizeof(key), "key%d", (i * 7919) % 3000);
        assert_int_equal(format_node_int(format_node_get(v, key), -1), i);
    }
    assert_null(format_node_get(v, "key3000"));
    assert_null(format_node_unknown(v));
    format_node_free(v);
    b.n--;
    buf_str(&b, ",\n \"key5\":0}");
    wrong_json(buf_text(&b), 3001, 9, "\"key5\" is given twice");
    buf_release(&b);
}

static void depth_is_limited(void **state)
{
    (void)state;
    char text[300];
    for (int depth = 60; depth < 100; depth++) {
        memset(text, '[', (size_t)depth);
        text[depth] = '1';
        memset(text + depth + 1, ']', (size_t)depth);
        text[2 * depth + 1] = '\0';
        struct format_node *v = NULL;
        struct err_text why;
        enum err code = format_node_json(text, strlen(text), "t", &v, &why);
        assert_int_equal(code, depth <= 64 ? ERR_NONE : ERR_FORMAT);
        format_node_free(v);
        if (code != ERR_NONE)
            assert_non_null(strstr(why.message, "64 deep"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_gives_values_and_places),
        cmocka_unit_test(whole_numbers_are_exact),
        cmocka_unit_test(mistakes_in_json_have_a_place),
        cmocka_unit_test(many_keys_are_found_and_twins_seen),
        cmocka_unit_test(depth_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
