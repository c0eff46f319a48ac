/* SPDX-License-Identifier: Apache-2.0 */
#include "categorize/pattern.h"

#include "cmocka_head.h"

#include <string.h>

static struct bytes text(const char *s)
{
    return bytes_make(s, strlen(s));
}

static void replaces(const char *pattern, const char *with, const char *message,
                     const char *expected)
{
    struct categorize_pattern *p = NULL;
    struct categorize_matcher *m = categorize_matcher_new();
    struct buf out;
    buf_init(&out);
    assert_int_equal(categorize_pattern_new(pattern, strlen(pattern), &p, NULL), ERR_NONE);
    assert_true(categorize_pattern_replace(p, m, text(message), text(with), 1000, &out));
    assert_string_equal(buf_text(&out), expected);
    buf_release(&out);
    categorize_pattern_free(p);
    categorize_matcher_free(m);
}

static void test_replace(void **state)
{
    (void)state;
    replaces("\\[statement:.*\\]", "", "a [statement: select 1] b", "a  b");
    replaces("\\d+", "#", "1 of 22", "# of #");
    replaces("(\\w+)=(\\w+)", "$2:$1$9$", "a=b c=d", "b:a$ d:c$");
    replaces("(?i)ERR", "e", "Err err", "e e");
    replaces("x*", "", "axxb", "ab");
    replaces("\xc3\xa9", "e", "\xc3\xa9t\xc3\xa9", "ete");
    replaces("b\\K", "-", "abc", "abc");
    replaces("(?=b)", "-", "abc", "abc");
}

static void test_bounded(void **state)
{
    (void)state;
    struct categorize_pattern *p = NULL;
    struct categorize_matcher *m = categorize_matcher_new();
    struct buf out;
    buf_init(&out);
    /* This one would take for ever. */
    assert_int_equal(categorize_pattern_new("(a+)+$", 6, &p, NULL), ERR_NONE);
    const char *message = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";
    assert_false(categorize_pattern_replace(p, m, text(message), text(""), 1000, &out));
    assert_string_equal(buf_text(&out), message);
    categorize_pattern_free(p);
    /* Nor is a text searched for ever. */
    char many[2001];
    memset(many, 'a', 2000);
    many[2000] = '\0';
    buf_clear(&out);
    assert_int_equal(categorize_pattern_new("a", 1, &p, NULL), ERR_NONE);
    assert_false(categorize_pattern_replace(p, m, text(many), text(""), 4000, &out));
    assert_int_equal(out.n, 1500);
    categorize_pattern_free(p);
    /* No more is written than may be, and no half character. */
    buf_clear(&out);
    assert_int_equal(categorize_pattern_new("b", 1, &p, NULL), ERR_NONE);
    assert_true(categorize_pattern_replace(p, m, text("ab\xc3\xa9z"), text("xyz"), 5, &out));
    assert_string_equal(buf_text(&out), "axyz");
    categorize_pattern_free(p);
    categorize_matcher_free(m);
    buf_release(&out);
}

static void test_find(void **state)
{
    (void)state;
    struct categorize_pattern *p = NULL;
    struct categorize_matcher *m = categorize_matcher_new();
    size_t at = 0, end = 0;
    assert_int_equal(categorize_pattern_new(",+", 2, &p, NULL), ERR_NONE);
    assert_true(categorize_pattern_find(p, m, text("a,,b"), &at, &end));
    assert_int_equal(at, 1);
    assert_int_equal(end, 3);
    at = end;
    assert_false(categorize_pattern_find(p, m, text("a,,b"), &at, &end));
    categorize_pattern_free(p);
    categorize_matcher_free(m);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"(", "[a", "a{2,1}", "*", "\\C"};
    struct categorize_pattern *p = NULL;
    struct err_text why;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(categorize_pattern_new(bad[i], strlen(bad[i]), &p, &why), ERR_INVALID);
        assert_non_null(strstr(why.message, bad[i]));
        assert_non_null(strstr(why.message, "is no regular expression"));
    }
    char longer[CATEGORIZE_PATTERN_MAX + 1];
    memset(longer, 'a', sizeof(longer));
    assert_int_equal(categorize_pattern_new(longer, sizeof(longer), &p, &why), ERR_INVALID);
    assert_int_equal(categorize_pattern_new(longer, sizeof(longer) - 1, &p, &why), ERR_NONE);
    categorize_pattern_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_replace),
                                       cmocka_unit_test(test_bounded), cmocka_unit_test(test_find),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
