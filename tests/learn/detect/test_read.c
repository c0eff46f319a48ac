/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/read_priv.h"

#include "base/mem.h"
#include "cmocka_head.h"
#include "format/node.h"

#include <string.h>

static struct format_node *parse(const char *text)
{
    struct format_node *n = NULL;
    assert_int_equal(format_node_json(text, strlen(text), "f.json", &n, NULL), ERR_NONE);
    return n;
}

static void test_members(void **state)
{
    (void)state;
    struct format_node *n =
        parse("{\"s\":\"x\",\"b\":true,\"i\":7,\"t\":\"15m\",\"z\":0,\"l\":[\"a\","
              "\"b\"],\"one\":\"c\",\"null\":null,\"o\":{\"k\":1}}");
    struct err_text why = {0};
    char *s = NULL;
    bool b = false;
    int64_t i = 1;
    ts_ns t = 1;
    char **list = NULL;
    size_t count = 0;
    assert_int_equal(detect_read_str(n, "s", &s, &why), ERR_NONE);
    assert_string_equal(s, "x");
    assert_int_equal(detect_read_bool(n, "b", &b, &why), ERR_NONE);
    assert_true(b);
    assert_int_equal(detect_read_int(n, "i", 0, 10, &i, &why), ERR_NONE);
    assert_int_equal(i, 7);
    assert_int_equal(detect_read_int(n, "null", 0, 10, &i, &why), ERR_NONE);
    assert_int_equal(detect_read_int(n, "missing", 0, 10, &i, &why), ERR_NONE);
    assert_int_equal(i, 7);
    assert_int_equal(detect_read_span(n, "t", 0, TIME_HOUR, &t, &why), ERR_NONE);
    assert_int_equal(t, 15 * TIME_MIN);
    assert_int_equal(detect_read_span(n, "z", 0, TIME_HOUR, &t, &why), ERR_NONE);
    assert_int_equal(t, 0);
    assert_int_equal(detect_read_strings(n, "l", 2, &list, &count, &why), ERR_NONE);
    assert_int_equal(count, 2);
    assert_string_equal(list[1], "b");
    assert_int_equal(detect_read_strings(n, "one", 2, &list, &count, &why), ERR_NONE);
    assert_int_equal(count, 1);
    const struct format_node *o = NULL;
    assert_int_equal(detect_read_object(n, "o", &o, &why), ERR_NONE);
    char *json = detect_read_json(o);
    assert_string_equal(json, "{\"k\":1}");
    mem_free(json);
    mem_free(s);
    detect_read_strings_free(list, count);
    format_node_free(n);
}

static void test_wrong_kinds(void **state)
{
    (void)state;
    struct format_node *n = parse(
        "{\"x\":1.5,\"nul\":\"a\\u0000b\",\"l\":[\"a\",2],\"t\":\"2h\",\"many\":[\"a\",\"b\"]}");
    struct err_text why = {0};
    char *s = NULL;
    bool b = false;
    int64_t i = 0;
    ts_ns t = 0;
    char **list = NULL;
    size_t count = 0;
    const struct format_node *o = NULL;
    assert_int_equal(detect_read_str(n, "x", &s, &why), ERR_INVALID);
    assert_string_equal(why.file, "f.json");
    assert_int_equal(why.line, 1);
    assert_int_equal(detect_read_str(n, "nul", &s, &why), ERR_INVALID);
    assert_int_equal(detect_read_bool(n, "x", &b, &why), ERR_INVALID);
    assert_int_equal(detect_read_int(n, "x", 0, 9, &i, &why), ERR_INVALID);
    assert_int_equal(detect_read_span(n, "t", 0, TIME_HOUR, &t, &why), ERR_INVALID);
    assert_non_null(strstr(why.message, "from 0s to 1h"));
    assert_int_equal(detect_read_strings(n, "l", 9, &list, &count, &why), ERR_INVALID);
    assert_int_equal(detect_read_strings(n, "many", 1, &list, &count, &why), ERR_INVALID);
    assert_int_equal(detect_read_object(n, "x", &o, &why), ERR_INVALID);
    assert_null(s);
    assert_null(list);
    format_node_free(n);
}

static void test_notes(void **state)
{
    (void)state;
    struct format_node *n = parse("{\"a\":1,\n\"b\":{\"c\":2},\n\"d\":3}");
    char **list = NULL;
    size_t count = 0;
    struct detect_notes notes = {&list, &count};
    static const char *const idle[] = {"d"};
    detect_read_ignore(n, idle, 1);
    assert_int_equal(detect_read_unknown(n, "the thing", &notes), ERR_NONE);
    assert_int_equal(count, 2);
    assert_non_null(strstr(list[0], "f.json:1: the key a of the thing"));
    assert_non_null(strstr(list[1], "f.json:2: the key b"));
    assert_int_equal(detect_read_unknown(n, "the thing", &notes), ERR_NONE);
    assert_int_equal(count, 2);
    detect_read_strings_free(list, count);
    format_node_free(n);
}

static enum err count_item(void *ctx, const struct format_node *item, struct err_text *why)
{
    int *n = ctx;
    if (format_node_type(item) != FORMAT_OBJECT)
        return err_set(why, ERR_INVALID, "no object");
    ++*n;
    return ERR_NONE;
}

/* How many items a document has; -1: refused. */
static int listed(const char *text)
{
    struct format_node *n = parse(text);
    char **list = NULL;
    size_t count = 0;
    const struct detect_notes notes = {&list, &count};
    struct err_text why;
    int items = 0;
    enum err e = detect_read_listed(n, "things", 3, &notes, count_item, &items, &why);
    detect_read_strings_free(list, count);
    format_node_free(n);
    return e == ERR_NONE ? items : -1;
}

static void test_listed(void **state)
{
    (void)state;
    assert_int_equal(listed("{\"a\":1}"), 1);
    assert_int_equal(listed("[{},{},{}]"), 3);
    assert_int_equal(listed("{\"count\":2,\"things\":[{},{}]}"), 2);
    assert_int_equal(listed("[]"), 0);
    assert_int_equal(listed("[{},{},{},{}]"), -1);
    assert_int_equal(listed("{\"things\":7}"), -1);
    assert_int_equal(listed("[{},5]"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members), cmocka_unit_test(test_listed),
        cmocka_unit_test(test_wrong_kinds), cmocka_unit_test(test_notes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
