/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/schema.h"

#include "cmocka_head.h"
#include "format/node.h"
#include "rule/rule.h"

#include <stdio.h>
#include <string.h>

#define BOTH ((1U << RULE_FORM_FILE) | (1U << RULE_FORM_API))

static const struct rule_key inner_keys[] = {
    {.name = "depth", .value = RULE_VALUE_INT, .where = BOTH, .need = BOTH, .min = 1, .max = 9},
};
static const struct rule_table inner = {"an inner thing", inner_keys, 1};

static const char *const colours[] = {"red", "green", "blue", NULL};

static bool is_even(const char *s, size_t n)
{
    (void)s;
    return n % 2 == 0;
}

static const struct rule_key keys[] = {
    {.name = "title", .value = RULE_VALUE_STR, .where = BOTH, .need = BOTH, .min = 1, .max = 8},
    {.name = "count", .value = RULE_VALUE_INT, .where = BOTH, .min = 0, .max = 100},
    {.name = "wide", .value = RULE_VALUE_INT, .where = BOTH, .min = 1, .max = INT64_MAX},
    {.name = "flag", .value = RULE_VALUE_BOOL, .where = BOTH},
    {.name = "colour", .value = RULE_VALUE_STR, .where = BOTH, .words = colours},
    {.name = "names", .value = RULE_VALUE_STRS, .where = BOTH, .min = 1, .max = 2},
    {.name = "either",
     .value = RULE_VALUE_STR_OR_STRS,
     .where = BOTH,
     .good = is_even,
     .expect = "of even length"},
    {.name = "thing", .value = RULE_VALUE_TABLE, .where = BOTH, .sub = &inner},
    {.name = "things", .value = RULE_VALUE_TABLES, .where = BOTH, .sub = &inner},
    {.name = "free", .value = RULE_VALUE_TABLE, .where = BOTH},
    {.name = "scalar", .value = RULE_VALUE_SCALAR, .where = BOTH},
    {.name = "list", .value = RULE_VALUE_LIST, .where = BOTH},
    {.name = "mine", .value = RULE_VALUE_STR, .where = BOTH, .types = 1U << RULE_EQL},
    {.name = "filed", .value = RULE_VALUE_STR, .where = 1U << RULE_FORM_FILE},
};
static const struct rule_table table = {"a thing", keys, sizeof(keys) / sizeof(keys[0])};

static enum err count_stray(void *ctx, const struct format_node *key, const struct rule_table *t,
                            struct err_text *why)
{
    (void)key;
    (void)t;
    (void)why;
    ++*(unsigned *)ctx;
    return ERR_NONE;
}

static enum err check(const char *json, unsigned *out_strays, struct err_text *why)
{
    struct format_node *root;
    assert_int_equal(format_node_json(json, strlen(json), "t.json", &root, why), ERR_NONE);
    unsigned strays = 0;
    const struct rule_check with = {.form = RULE_FORM_API,
                                    .type = RULE_QUERY,
                                    .typed = true,
                                    .unknown = count_stray,
                                    .unknown_ctx = &strays};
    enum err code = rule_schema_check(root, &table, &with, why);
    format_node_free(root);
    if (out_strays != NULL)
        *out_strays = strays;
    return code;
}

static void what_is_right_passes(void **state)
{
    (void)state;
    unsigned strays;
    struct err_text why;
    static const char all[] =
        "{\"title\":\"x\",\"count\":100,\"wide\":9223372036854775807,\"flag\":true,"
        "\"colour\":\"blue\",\"names\":[\"a\",\"b\"],\"either\":\"ab\",\"thing\":{\"depth\":1},"
        "\"things\":[{\"depth\":9}],\"free\":{\"any\":[{}]},\"scalar\":1.5,\"list\":[1,{}]}";
    assert_int_equal(check(all, &strays, &why), ERR_NONE);
    assert_int_equal(strays, 0);
    assert_int_equal(check("{\"title\":\"x\",\"either\":[\"ab\",\"\"]}", NULL, &why), ERR_NONE);
    /* null is missing */
    assert_int_equal(check("{\"title\":\"x\",\"count\":null,\"mine\":null}", &strays, &why),
                     ERR_NONE);
    assert_int_equal(strays, 0);
    assert_int_equal(check("{\"title\":\"x\",\"mine\":\"\"}", &strays, &why), ERR_NONE);
    /* keys of another form, and strays below, are told */
    assert_int_equal(
        check("{\"title\":\"x\",\"filed\":\"f\",\"odd\":1,\"thing\":{\"depth\":1,\"odd\":{}}}",
              &strays, &why),
        ERR_NONE);
    assert_int_equal(strays, 3);
}

static void each_mistake_says_what_was_expected(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *message;
    } cases[] = {
        {"{}", "a thing must have the key title"},
        {"{\"title\":null}", "a thing must have the key title"},
        {"{\"title\":\"\"}", "title must not be empty"},
        {"{\"title\":\"123456789\"}", "title must be at most 8 bytes long"},
        {"{\"title\":3}", "title must be a string"},
        {"{\"title\":\"a\\u0000b\"}", "title must not hold a NUL character"},
        {"{\"title\":\"x\",\"count\":101}", "count must be 0 to 100"},
        {"{\"title\":\"x\",\"count\":-1}", "count must be 0 to 100"},
        {"{\"title\":\"x\",\"count\":7.5}", "count must be 0 to 100"},
        {"{\"title\":\"x\",\"wide\":0}", "wide must be at least 1"},
        {"{\"title\":\"x\",\"wide\":\"1\"}", "wide must be a whole number"},
        {"{\"title\":\"x\",\"flag\":\"yes\"}", "flag must be true or false"},
        {"{\"title\":\"x\",\"colour\":\"pink\"}",
         "colour must be red, green or blue, not \"pink\""},
        {"{\"title\":\"x\",\"names\":[]}", "names must have at least 1 member"},
        {"{\"title\":\"x\",\"names\":[\"a\",\"b\",\"c\"]}", "names must have at most 2 members"},
        {"{\"title\":\"x\",\"names\":\"a\"}", "names must be an array of strings"},
        {"{\"title\":\"x\",\"either\":[\"a\"]}", "either must be of even length, not \"a\""},
        {"{\"title\":\"x\",\"either\":1}", "either must be a string or an array of strings"},
        {"{\"title\":\"x\",\"thing\":[]}", "thing must be an object"},
        {"{\"title\":\"x\",\"thing\":{}}", "an inner thing must have the key depth"},
        {"{\"title\":\"x\",\"things\":{}}", "things must be an array of objects"},
        {"{\"title\":\"x\",\"things\":[{\"depth\":1},2]}",
         "each member of things must be an object"},
        {"{\"title\":\"x\",\"things\":[{\"depth\":0}]}", "depth must be 1 to 9"},
        {"{\"title\":\"x\",\"scalar\":[1]}", "scalar must be a string, number or boolean"},
        {"{\"title\":\"x\",\"list\":{}}", "list must be an array"},
        {"{\"title\":\"x\",\"mine\":\"m\"}",
         "mine belongs to rules of type eql, not to one of type query"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err_text why = {0};
        assert_int_equal(check(cases[i].json, NULL, &why), ERR_INVALID);
        assert_string_equal(why.message, cases[i].message);
        assert_string_equal(why.file, "t.json");
        assert_int_equal(why.line, 1);
    }
}

static void another_kind_of_document_is_recognised(void **state)
{
    (void)state;
    char json[4096] = "{\"title\":\"x\"";
    for (unsigned i = 0; i < 100; i++) {
        size_t n = strlen(json);
        snprintf(json + n, sizeof(json) - n, ",\"stray%u\":%u", i, i);
    }
    strcat(json, "}");
    struct err_text why = {0};
    assert_int_equal(check(json, NULL, &why), ERR_INVALID);
    assert_non_null(strstr(why.message, "unknown keys"));
    struct format_node *root;
    const struct rule_check with = {.unknown = count_stray};
    assert_int_equal(format_node_json("[1]", 3, "t", &root, &why), ERR_NONE);
    assert_int_equal(rule_schema_check(root, &table, &with, &why), ERR_INVALID);
    format_node_free(root);
}

static void slips_of_the_pen_are_near(void **state)
{
    (void)state;
    assert_string_equal(rule_schema_near(&table, "titel", 5), "title");
    assert_string_equal(rule_schema_near(&table, "coulour", 7), "colour");
    assert_string_equal(rule_schema_near(&table, "thingss", 7), "things");
    assert_null(rule_schema_near(&table, "title", 5));
    assert_null(rule_schema_near(&table, "fla", 3));
    assert_null(rule_schema_near(&table, "something_else", 14));
    assert_null(rule_schema_near(&table, "", 0));
}

static void note_text(void *ctx, const struct err_text *why)
{
    *(struct err_text *)ctx = *why;
}

static enum err check_strays(const char *json, rule_warn_fn warn, struct err_text *warned,
                             struct err_text *why)
{
    struct format_node *root;
    assert_int_equal(format_node_json(json, strlen(json), "t.json", &root, why), ERR_NONE);
    struct rule_listener listener = {warn, warned};
    const struct rule_check with = {
        .form = RULE_FORM_API, .unknown = rule_schema_stray, .unknown_ctx = &listener};
    enum err code = rule_schema_check(root, &table, &with, why);
    format_node_free(root);
    return code;
}

static void a_stray_key_is_a_warning_but_for_slips(void **state)
{
    (void)state;
    struct err_text warned = {0};
    struct err_text why = {0};
    assert_int_equal(check_strays("{\"title\":\"x\",\"elsewhere\":1}", note_text, &warned, &why),
                     ERR_NONE);
    assert_non_null(strstr(warned.message, "elsewhere is not known for a thing"));
    assert_int_equal(check_strays("{\"title\":\"x\",\"elsewhere\":1}", NULL, NULL, &why), ERR_NONE);
    assert_int_equal(check_strays("{\"title\":\"x\",\"coulour\":1}", note_text, &warned, &why),
                     ERR_INVALID);
    assert_non_null(strstr(why.message, "did you mean colour?"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_right_passes),
        cmocka_unit_test(each_mistake_says_what_was_expected),
        cmocka_unit_test(another_kind_of_document_is_recognised),
        cmocka_unit_test(slips_of_the_pen_are_near),
        cmocka_unit_test(a_stray_key_is_a_warning_but_for_slips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
