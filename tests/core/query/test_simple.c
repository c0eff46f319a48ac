/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include "core/query/support.h"

#include "cmocka_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

#define E                                                                                          \
    "{\"@timestamp\":\"2024-02-29T10:00:00Z\",\"event\":{\"outcome\":\"success\"},"                \
    "\"source\":{\"ip\":\"10.1.2.3\"},\"destination\":{\"port\":443},"                             \
    "\"process\":{\"name\":\"curl\"},\"user\":{\"name\":\"a+b\"},"                                 \
    "\"message\":\"Disk one is full\"}"

/* What is looked for in the message. */
#define S(text) "{\"simple_query_string\":{\"query\":\"" text "\",\"fields\":[\"message\"]}}"
#define WITH(text, more)                                                                           \
    "{\"simple_query_string\":{\"query\":\"" text "\",\"fields\":[\"message\"]," more "}}"
#define ALL(text) "{\"simple_query_string\":{\"query\":\"" text "\"}}"

static void answers(void **state)
{
    (void)state;
    static const struct support_case cases[] = {
        {DSL, S("disk"), E, 1},
        {DSL, S("two"), E, 0},
        {DSL, S("two disk"), E, 1},
        {DSL, WITH("two disk", "\"default_operator\":\"and\""), E, 0},
        {DSL, WITH("two | disk", "\"default_operator\":\"AND\""), E, 1},
        {DSL, S("two+disk"), E, 0},
        {DSL, S("one + disk"), E, 1},
        {DSL, S("two|disk"), E, 1},
        /* The operator that comes later takes all that came before. */
        {DSL, S("disk | two + three"), E, 0},
        {DSL, S("two + three | disk"), E, 1},
        {DSL, S("two + disk | three + one"), E, 0},
        {DSL, S("(two + disk) | (one + full)"), E, 1},
        {DSL, S("one + (two | (three | full))"), E, 1},
        {DSL, S("one + -two"), E, 1},
        {DSL, S("one + -disk"), E, 0},
        {DSL, S("one + --disk"), E, 1},
        {DSL, S("one + - disk"), E, 1},
        {DSL, S("-two"), E, 1},
        {DSL, S("one + -(two | three)"), E, 1},
        {DSL, S("one + -\\\"disk one\\\""), E, 0},
        {DSL, S("\\\"one is\\\""), E, 1},
        {DSL, S("\\\"is one\\\""), E, 0},
        {DSL, S("\\\"one is\\\"~0"), E, 1},
        {DSL, S("fu*"), E, 1},
        {DSL, S("fu\\\\*"), E, 0},
        {DSL, S("f*l"), E, 0},
        {DSL, S("disk~0"), E, 1},
        {DSL, S("disk~x"), E, 1},
        {DSL, S("*"), E, 1},
        /* Nothing is a mistake. */
        {DSL, S(""), E, 0},
        {DSL, S("  "), E, 0},
        {DSL, S("()"), E, 0},
        {DSL, S("\\\"\\\""), E, 0},
        {DSL, S("(disk"), E, 1},
        {DSL, S("disk)"), E, 1},
        {DSL, S("two ((( disk"), E, 1},
        {DSL, S("\\\"disk two"), E, 1},
        {DSL, S("+ disk + + one |"), E, 1},
        {DSL, S("disk + | two"), E, 0},
        {DSL, S("disk\\\\"), E, 1},
        {DSL, S("-"), E, 0},
        /* Only what the flags name is read. */
        {DSL, WITH("fu*", "\"flags\":\"OR|AND\""), E, 0},
        {DSL, WITH("fu*", "\"flags\":\"OR|AND|PREFIX\""), E, 1},
        {DSL, WITH("two -disk", "\"flags\":\"WHITESPACE\""), E, 1},
        {DSL, WITH("one + (two)", "\"flags\":\"AND|WHITESPACE\""), E, 0},
        {DSL, WITH("disk two", "\"flags\":\"NONE\""), E, 1},
        {DSL, WITH("one two disk", "\"minimum_should_match\":2"), E, 1},
        {DSL, WITH("one two three", "\"minimum_should_match\":\"2\""), E, 0},
        {DSL, ALL("curl"), E, 1},
        {DSL, ALL("443 + success"), E, 1},
        {DSL, ALL("10.1.2.3"), E, 1},
        {DSL, ALL("a\\\\+b"), E, 1},
        {DSL, ALL("wget"), E, 0},
        {DSL, ALL("*"), "{\"@timestamp\":1}", 1},
        {DSL,
         "{\"simple_query_string\":{\"query\":\"curl\",\"fields\":[\"process.name^3\","
         "\"destination.port\"],\"lenient\":true}}",
         E, 1},
        {DSL, "{\"simple_query_string\":{\"query\":\"cu*\",\"fields\":[\"process.*\"]}}", E, 1},
    };
    support_run(cases, COUNT(cases));
}

static void mistakes(void **state)
{
    (void)state;
    static const struct support_mistake cases[] = {
        {DSL, S("roam~2"), ERR_UNSUPPORTED, 1, 0, "fuzzy"},
        {DSL, S("\\\"a b\\\"~3"), ERR_UNSUPPORTED, 1, 0, "gaps"},
        {DSL, WITH("a", "\"flags\":\"AND|XOR\""), ERR_INVALID, 1, 0, "flags such as"},
        {DSL, WITH("a", "\"minimum_should_match\":\"x\""), ERR_INVALID, 1, 0, "minimum_should"},
        {DSL, WITH("a", "\"colour\":\"red\""), ERR_INVALID, 1, 0, "unknown key 'colour'"},
        {DSL, "{\"simple_query_string\":{\"fields\":[\"a\"]}}", ERR_INVALID, 1, 0,
         "expected a string 'query'"},
        {DSL, "{\"simple_query_string\":{\"query\":\"x\",\"fields\":[\"destination.port\"]}}",
         ERR_INVALID, 1, 0, "expected a number"},
    };
    support_mistakes(cases, COUNT(cases));
}

/* A text of n times one of parts, and then of n times the other. */
static enum err parse_many(size_t n, const char *first, const char *second)
{
    struct query *q = NULL;
    struct err_text why;
    size_t room = n * (strlen(first) + strlen(second)) + 100;
    char *text = calloc(1, room);
    assert_non_null(text);
    strcpy(text, "{\"simple_query_string\":{\"query\":\"");
    char *at = text + strlen(text);
    for (size_t i = 0; i < n; i++)
        at = stpcpy(at, first);
    for (size_t i = 0; i < n; i++)
        at = stpcpy(at, second);
    strcpy(at, "\",\"fields\":[\"message\"]}}");
    enum err err = support_parse(DSL, text, &q, &why);
    query_free(q);
    free(text);
    return err;
}

static void texts_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(parse_many(60, "(a ", ")"), ERR_NONE);
    assert_int_equal(parse_many(2000, "(a ", ")"), ERR_INVALID);
    assert_int_equal(parse_many(100000, "(", ""), ERR_NONE);
    assert_int_equal(parse_many(30, "a + b | c ", ""), ERR_NONE);
    assert_int_equal(parse_many(2000, "a + b | c ", ""), ERR_INVALID);
    assert_int_equal(parse_many(40, "(a + b | ", "+ c)"), ERR_INVALID);
    assert_int_equal(parse_many(5000, "a ", ""), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(texts_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
