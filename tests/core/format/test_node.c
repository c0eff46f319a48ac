/* SPDX-License-Identifier: Apache-2.0 */
/* The tree: values, places, mistakes, and what nobody asked for. */
#include "format/node.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct format_node *json(const char *text)
{
    struct format_node *v = NULL;
    struct err_text why = {.message = ""};
    if (format_node_json(text, strlen(text), "t.json", &v, &why) != ERR_NONE)
        fail_msg("%u:%u %s", why.line, why.column, why.message);
    return v;
}

static struct format_node *toml(const char *text)
{
    struct format_node *v = NULL;
    struct err_text why = {.message = ""};
    if (format_node_toml(text, strlen(text), "t.toml", &v, &why) != ERR_NONE)
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

static void wrong_toml(const char *text, unsigned line, unsigned column, const char *part)
{
    struct format_node *v = NULL;
    struct err_text why;
    enum err code = format_node_toml(text, strlen(text), "t.toml", &v, &why);
    assert_null(v);
    expect_wrong(code, &why, line, column, part);
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

static void missing_nodes_give_defaults(void **state)
{
    (void)state;
    assert_int_equal(format_node_type(NULL), FORMAT_NULL);
    assert_int_equal(format_node_count(NULL), 0);
    assert_null(format_node_get(NULL, "a"));
    assert_null(format_node_at(NULL, 0));
    assert_string_equal(format_node_str(NULL, "d"), "d");
    assert_int_equal(format_node_int(NULL, 5), 5);
    assert_true(format_node_bool(NULL, true));
    assert_int_equal(format_node_line(NULL), 0);
    assert_string_equal(format_node_file_name(NULL), "");
    assert_null(format_node_key(NULL));
    format_node_mark(NULL);
    format_node_free(NULL);
    struct format_node *v = json("{\"s\": \"x\", \"i\": 1}");
    assert_int_equal(format_node_int(format_node_get(v, "s"), 9), 9);
    assert_string_equal(format_node_str(format_node_get(v, "i"), "d"), "d");
    assert_null(format_node_get(format_node_get(v, "i"), "x"));
    format_node_free(v);
}

static void unknown_keys_are_named_in_order(void **state)
{
    (void)state;
    struct format_node *v = json("{\"a\":1,\"b\":{\"x\":1},\"c\":[{\"y\":2}]}");
    assert_string_equal(format_node_key(format_node_unknown(v)), "a");
    format_node_get(v, "a");
    assert_string_equal(format_node_key(format_node_unknown(v)), "b");
    struct format_node *b = format_node_get(v, "b");
    assert_string_equal(format_node_key(format_node_unknown(b)), "x");
    struct format_node *c = format_node_get(v, "c");
    assert_null(format_node_unknown(v));
    assert_string_equal(format_node_key(format_node_unknown(format_node_at(c, 0))), "y");
    format_node_mark(c);
    assert_null(format_node_unknown(format_node_at(c, 0)));
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

static void toml_gives_values_and_places(void **state)
{
    (void)state;
    struct format_node *v = toml("zeta = 1\nalpha = \"text\"\nday = 2024-02-29\n"
                                 "when = 2024-02-29T10:20:30.5Z\n[rule]\n# comment\n"
                                 "query = '''\na: \"b\" and\n'''\nrisk = 21.5\non = true\n"
                                 "[[rule.threat]]\nid = \"T1\"\n[[rule.threat]]\nid = \"T2\"\n");
    assert_string_equal(format_node_key(format_node_at(v, 0)), "zeta");
    assert_string_equal(format_node_key(format_node_at(v, 1)), "alpha");
    assert_int_equal(format_node_line(format_node_get(v, "alpha")), 2);
    assert_int_equal(format_node_column(format_node_get(v, "alpha")), 9);
    assert_string_equal(format_node_str(format_node_get(v, "day"), ""), "2024-02-29");
    assert_string_equal(format_node_str(format_node_get(v, "when"), ""), "2024-02-29T10:20:30.5Z");
    struct format_node *rule = format_node_get(v, "rule");
    assert_string_equal(format_node_str(format_node_get(rule, "query"), ""), "a: \"b\" and\n");
    assert_true(format_node_num(format_node_get(rule, "risk"), 0) == 21.5);
    struct format_node *threat = format_node_get(rule, "threat");
    assert_int_equal(format_node_count(threat), 2);
    struct format_node *id = format_node_get(format_node_at(threat, 1), "id");
    assert_string_equal(format_node_str(id, ""), "T2");
    assert_int_equal(format_node_line(id), 15);
    assert_string_equal(format_node_key(format_node_unknown(rule)), "on");
    format_node_free(v);
}

static void mistakes_in_toml_have_a_place(void **state)
{
    (void)state;
    wrong_toml("a = 1\na = 2\n", 2, 5, "TOML");
    wrong_toml("a = 1\nb = \n", 2, 5, "TOML");
    wrong_toml("a = inf\n", 1, 5, "finite");
    wrong_toml("a = \"x\n", 1, 7, "TOML");
}

static void a_tree_is_written_as_it_was(void **state)
{
    (void)state;
    static const char text[] = "{\"b\":[1,-2.5,\"\\n\\\"\",null,true],\"a\":{},\"c\":[[]]}";
    struct format_node *v = json(text);
    struct buf b;
    buf_init(&b);
    format_node_write(v, &b);
    assert_string_equal(buf_text(&b), text);
    buf_release(&b);
    format_node_free(v);
}

static void files_are_read_by_their_ending(void **state)
{
    (void)state;
    char dir[] = "/tmp/weir-test-node-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char path[100];
    struct err_text why;
    struct format_node *v = NULL;
    snprintf(path, sizeof(path), "%s/x.toml", dir);
    assert_int_equal(format_node_file(path, &v, &why), ERR_NOT_FOUND);
    assert_string_equal(why.file, path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("a = 1\n", f);
    fclose(f);
    assert_int_equal(format_node_file(path, &v, &why), ERR_NONE);
    assert_int_equal(format_node_int(format_node_get(v, "a"), 0), 1);
    assert_string_equal(format_node_file_name(v), path);
    format_node_free(v);
    unlink(path);
    v = NULL;
    assert_int_equal(format_node_file(dir, &v, &why), ERR_IO);
    assert_null(v);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_gives_values_and_places),
        cmocka_unit_test(whole_numbers_are_exact),
        cmocka_unit_test(missing_nodes_give_defaults),
        cmocka_unit_test(unknown_keys_are_named_in_order),
        cmocka_unit_test(mistakes_in_json_have_a_place),
        cmocka_unit_test(many_keys_are_found_and_twins_seen),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(toml_gives_values_and_places),
        cmocka_unit_test(mistakes_in_toml_have_a_place),
        cmocka_unit_test(a_tree_is_written_as_it_was),
        cmocka_unit_test(files_are_read_by_their_ending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
