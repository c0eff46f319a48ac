/* SPDX-License-Identifier: Apache-2.0 */
#include "query/build_priv.h"

#include "base/buf.h"

#include "cmocka_head.h"

#include <string.h>

static void minimum_should_match(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        int64_t min;
    } cases[] = {
        {"2", 5, 2},           {"-2", 5, 3},          {"75%", 4, 3},          {"75%", 5, 3},
        {"-25%", 4, 3},        {"-25%", 5, 4},        {"3<90%", 3, 3},        {"3<90%", 10, 9},
        {"2<-25% 9<-3", 2, 2}, {"2<-25% 9<-3", 5, 4}, {"2<-25% 9<-3", 12, 9}, {"-9", 3, 0},
        {"7", 3, 7},
    };
    static const char *const wrong[] = {"", "x", "5x", "%", "<3", "a<3", "1 x", "9999999999"};
    int64_t min;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(query_build_min(cases[i].text, cases[i].n, &min));
        if (min != cases[i].min)
            fail_msg("%s of %zu: %d", cases[i].text, cases[i].n, (int)min);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (query_build_min(wrong[i], 3, &min))
            fail_msg("taken: %s", wrong[i]);
    }
}

static void numbers(void **state)
{
    (void)state;
    int64_t i;
    double d;
    assert_true(query_build_integer("-9223372036854775808", 20, &i));
    assert_true(i == INT64_MIN);
    assert_true(query_build_integer("9223372036854775807", 19, &i));
    assert_true(i == INT64_MAX);
    assert_false(query_build_integer("9223372036854775808", 19, &i));
    assert_false(query_build_integer("", 0, &i));
    assert_false(query_build_integer("-", 1, &i));
    assert_false(query_build_integer("1.0", 3, &i));
    assert_true(query_build_number("-1.5e3", 6, &d));
    assert_true(d > -1500.1 && d < -1499.9);
    assert_false(query_build_number("0x10", 4, &d));
    assert_false(query_build_number("inf", 3, &d));
    assert_false(query_build_number("1e999", 5, &d));
    assert_false(query_build_number("1 ", 2, &d));
    static const char *const json[] = {"0", "-1", "10.5", "9223372036854775807", "0.01", "-0.5"};
    static const char *const not_json[] = {"01",   "+1",
                                           ".5",   "5.",
                                           "1e",   "-",
                                           "1a",   "--1",
                                           "1.50", "92233720368547758070",
                                           "-0",   "0.00001",
                                           "1.5x", "0.1234567890123456",
                                           "1e5"};
    for (size_t k = 0; k < sizeof json / sizeof *json; k++) {
        struct buf text;
        buf_init(&text);
        assert_true(query_build_json_number(json[k], strlen(json[k])));
        if (query_build_integer(json[k], strlen(json[k]), &i))
            buf_i64(&text, i);
        else if (query_build_number(json[k], strlen(json[k]), &d))
            buf_f64(&text, d);
        assert_string_equal(buf_text(&text), json[k]);
        buf_release(&text);
    }
    for (size_t k = 0; k < sizeof not_json / sizeof *not_json; k++)
        assert_false(query_build_json_number(not_json[k], strlen(not_json[k])));
}

static void first_mistake_counts(void **state)
{
    (void)state;
    struct query_build b;
    struct err_text why = {0};
    struct query *q = NULL;
    assert_int_equal(query_build_init(&b, 0, &why), ERR_NONE);
    b.line = 3;
    b.column = 4;
    assert_null(query_build_fail(&b, ERR_INVALID, "first %d", 1));
    b.line = 9;
    assert_null(query_build_fail(&b, ERR_UNSUPPORTED, "second"));
    assert_int_equal(query_build_finish(&b, NULL, &q), ERR_INVALID);
    assert_null(q);
    assert_string_equal(why.message, "first 1");
    assert_int_equal(why.line, 3);
    assert_int_equal(why.column, 4);
}

static void trees_of_none_and_one(void **state)
{
    (void)state;
    struct query_build b;
    struct query *q;
    assert_int_equal(query_build_init(&b, 0, NULL), ERR_NONE);
    struct query_node *one[1] = {query_build_none(&b)};
    assert_int_equal(query_build_and(&b, NULL, 0)->op, QUERY_ALL);
    assert_int_equal(query_build_or(&b, NULL, 0, 1)->op, QUERY_NONE);
    assert_int_equal(query_build_or(&b, one, 1, 0)->op, QUERY_ALL);
    assert_int_equal(query_build_or(&b, one, 1, 2)->op, QUERY_NONE);
    assert_ptr_equal(query_build_and(&b, one, 1), one[0]);
    assert_ptr_equal(query_build_or(&b, one, 1, 1), one[0]);
    assert_int_equal(query_build_finish(&b, one[0], &q), ERR_NONE);
    query_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minimum_should_match),
        cmocka_unit_test(numbers),
        cmocka_unit_test(first_mistake_counts),
        cmocka_unit_test(trees_of_none_and_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
