/* SPDX-License-Identifier: Apache-2.0 */
/* Trees from TOML: values in the order written, places, mistakes. */
#include "format/node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

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

static void wrong_toml(const char *text, unsigned line, unsigned column, const char *part)
{
    struct format_node *v = NULL;
    struct err_text why;
    enum err code = format_node_toml(text, strlen(text), "t.toml", &v, &why);
    assert_null(v);
    expect_wrong(code, &why, line, column, part);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(toml_gives_values_and_places),
        cmocka_unit_test(mistakes_in_toml_have_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
