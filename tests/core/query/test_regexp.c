/* SPDX-License-Identifier: Apache-2.0 */
#include "query/regexp.h"

#include "base/buf.h"
#include "base/rng.h"

#include "cmocka_head.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

static bool hit(const char *pattern, const char *text, unsigned flags, bool fold)
{
    struct arena a;
    struct err_text why = {0};
    const struct query_regexp *re;
    arena_init(&a, 0);
    if (query_regexp_new(pattern, strlen(pattern), flags, fold, NULL, &a, &re, &why) != ERR_NONE)
        fail_msg("%s: %s", pattern, why.message);
    bool found = query_regexp_match(re, text, strlen(text));
    arena_release(&a);
    return found;
}

static void answers(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool hit;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"abc", "abc", true},
        {"abc", "xabc", false},
        {"a.c",
         "a\xc3\xa4"
         "c",
         true},
        {".", "\xc3\xa4", true},
        {"..", "\xc3\xa4", false},
        {"a|bc|", "", true},
        {"a|bc|", "bc", true},
        {"(ab)*c?", "ababc", true},
        {"(ab)+", "", false},
        {"a{2}", "aa", true},
        {"a{2}", "aaa", false},
        {"a{2,}", "aaaaa", true},
        {"a{1,3}", "aaaa", false},
        {"(a?){3}", "", true},
        {"(a|b){2,3}c", "abac", true},
        {"[a-c]x[^0-9]", "bx_", true},
        {"[a-c]x[^0-9]", "bx7", false},
        {"[\\]a]", "]", true},
        {"[a\\-c]", "-", true},
        {"[a\\-c]", "b", false},
        {"[\xc3\xa0-\xc3\xbf]+", "\xc3\xa4\xc3\xb6", true},
        {"\\d+\\.\\w\\s", "12._ ", true},
        {"\\D", "5", false},
        {"a\\.b", "a.b", true},
        {"a\\.b", "axb", false},
        {"\"a.b\"c", "a.bc", true},
        {"\"a.b\"c", "axbc", false},
        {"~(abc)", "abc", false},
        {"~(abc)", "abcd", true},
        {"~(.*abc.*)", "xxabyyc", true},
        {"~(.*abc.*)", "xxabcyy", false},
        {"a~bc", "axyzc", true},
        {"a~bc", "abc", false},
        {".*a.*&.*b.*", "xbxa", true},
        {".*a.*&.*b.*", "xbx", false},
        {"@&~(foo.+)", "foo", true},
        {"@&~(foo.+)", "foobar", false},
        {"a#", "a", false},
        {"a|#", "a", true},
        {"<1-100>", "42", true},
        {"<1-100>", "042", true},
        {"<1-100>", "0", false},
        {"<1-100>", "101", false},
        {"<01-10>", "7", false},
        {"<01-10>", "07", true},
        {"<5-5>", "5", true},
        {"<0-255>\\.<0-255>", "10.255", true},
        {"<0-255>\\.<0-255>", "10.256", false},
        {".*\\.(exe|dll)", "a.b.exe", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (hit(cases[i].pattern, cases[i].text, QUERY_REGEXP_ALL, false) != cases[i].hit)
            fail_msg("%s on %s", cases[i].pattern, cases[i].text);
    }
}

static void flags_switch_operators_off(void **state)
{
    (void)state;
    assert_true(hit("a~b", "a~b", 0, false));
    assert_true(hit("a&b", "a&b", 0, false));
    assert_true(hit("<1-3>@#", "<1-3>@#", 0, false));
    assert_true(hit("CURL[X-Z]", "curlY", 0, true));
    assert_true(hit("curl[x-z]", "CURLY", 0, true));
    assert_false(hit("curl", "CURL", 0, false));
}

/* Every number range agrees with counting. */
static void intervals_count(void **state)
{
    (void)state;
    static const unsigned bounds[][2] = {{0, 0},     {3, 17},    {9, 10},
                                         {99, 1000}, {100, 110}, {0, 1999}};
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        struct arena a;
        const struct query_regexp *re;
        char pattern[40], text[16];
        arena_init(&a, 0);
        snprintf(pattern, sizeof pattern, "<%u-%u>", bounds[i][0], bounds[i][1]);
        assert_int_equal(query_regexp_new(pattern, strlen(pattern), QUERY_REGEXP_ALL, false, NULL,
                                          &a, &re, NULL),
                         ERR_NONE);
        for (unsigned v = 0; v < 2100; v++) {
            int n = snprintf(text, sizeof text, "%u", v);
            bool in = v >= bounds[i][0] && v <= bounds[i][1];
            if (query_regexp_match(re, text, (size_t)n) != in)
                fail_msg("%s on %s", pattern, text);
        }
        arena_release(&a);
    }
}

static void random_pattern(struct rng *r, unsigned depth, struct buf *out)
{
    uint64_t parts = 1 + rng_below(r, 3);
    for (uint64_t i = 0; i < parts; i++) {
        static const char *const atoms[] = {"a", "b", "c", ".", "[ab]", "[^a]"};
        static const char *const repeats[] = {"", "", "", "*", "+", "?", "{2}", "{1,2}"};
        if (depth > 0 && rng_below(r, 3) == 0) {
            buf_char(out, '(');
            random_pattern(r, depth - 1, out);
            buf_char(out, '|');
            random_pattern(r, depth - 1, out);
            buf_char(out, ')');
        } else {
            buf_str(out, atoms[rng_below(r, 6)]);
        }
        buf_str(out, repeats[rng_below(r, 8)]);
    }
}

/* The C library's regular expressions as oracle, and De Morgan for what it does not know. */
static void agrees_with_posix(void **state)
{
    (void)state;
    struct rng r;
    int refused = 0;
    rng_init(&r, 11);
    for (int i = 0; i < 500; i++) {
        struct buf pattern, anchored, not_pattern;
        struct arena a;
        const struct query_regexp *re, *not_re;
        regex_t oracle;
        arena_init(&a, 0);
        buf_init(&pattern);
        buf_init(&anchored);
        buf_init(&not_pattern);
        random_pattern(&r, 2, &pattern);
        buf_format(&anchored, "^(%s)$", buf_text(&pattern));
        buf_format(&not_pattern, "~(%s)", buf_text(&pattern));
        assert_int_equal(regcomp(&oracle, buf_text(&anchored), REG_EXTENDED | REG_NOSUB), 0);
        enum err e = query_regexp_new(pattern.p, pattern.n, 0, false, NULL, &a, &re, NULL);
        if (e == ERR_NONE)
            e = query_regexp_new(not_pattern.p, not_pattern.n, QUERY_REGEXP_ALL, false, NULL, &a,
                                 &not_re, NULL);
        refused += e == ERR_LIMIT;
        assert_true(e == ERR_NONE || e == ERR_LIMIT);
        for (int k = 0; k < 40 && e == ERR_NONE; k++) {
            char text[12];
            size_t n = rng_below(&r, 8);
            for (size_t j = 0; j < n; j++)
                text[j] = (char)('a' + rng_below(&r, 4));
            text[n] = '\0';
            bool want = regexec(&oracle, text, 0, NULL, 0) == 0;
            if (query_regexp_match(re, text, n) != want ||
                query_regexp_match(not_re, text, n) == want)
                fail_msg("%s on %s", buf_text(&pattern), text);
        }
        regfree(&oracle);
        buf_release(&pattern);
        buf_release(&anchored);
        buf_release(&not_pattern);
        arena_release(&a);
    }
    assert_true(refused < 5); /* of patterns wilder than anybody writes */
}

static void mistakes_are_placed(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *says;
        enum err err;
    } cases[] = {
        {"a(b", "expected ')' at character 4", ERR_INVALID},
        {"a)b", "opening bracket", ERR_INVALID},
        {"[a", "expected ']'", ERR_INVALID},
        {"[b-a]", "rises", ERR_INVALID},
        {"a{", "expected a count", ERR_INVALID},
        {"a{3,2}", "counts that rise", ERR_INVALID},
        {"a{2000}", "at most 1000", ERR_INVALID},
        {"\"ab", "closing quotation mark", ERR_INVALID},
        {"a\\", "after the backslash", ERR_INVALID},
        {"<5-1>", "rises", ERR_INVALID},
        {"<a-b>", "range of numbers", ERR_INVALID},
        {"(.*a.{20}){5}&~(.*b.{15}c.*)", "too complex", ERR_LIMIT},
    };
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err_text why = {0};
        const struct query_regexp *re;
        const char *p = cases[i].pattern;
        enum err e = query_regexp_new(p, strlen(p), QUERY_REGEXP_ALL, false, NULL, &a, &re, &why);
        if (e != cases[i].err || strstr(why.message, cases[i].says) == NULL)
            fail_msg("%s: %d %s", p, e, why.message);
    }
    char longest[1002];
    memset(longest, '(', sizeof longest);
    const struct query_regexp *re;
    assert_int_equal(query_regexp_new(longest, 1000, QUERY_REGEXP_ALL, false, NULL, &a, &re, NULL),
                     ERR_INVALID);
    assert_int_equal(query_regexp_new(longest, 1001, QUERY_REGEXP_ALL, false, NULL, &a, &re, NULL),
                     ERR_LIMIT);
    arena_release(&a);
}

/* Expressions that take from one budget: each what it takes alone, and none beyond the end. */
static void a_budget_is_shared(void **state)
{
    (void)state;
    static const char dear[] = "(.*a.{9})1";
    struct arena a;
    const struct query_regexp *re;
    struct err_text why;
    arena_init(&a, 0);
    uint64_t left = QUERY_REGEXP_STEPS_MAX;
    assert_int_equal(query_regexp_new(dear, strlen(dear), 0, false, &left, &a, &re, &why),
                     ERR_NONE);
    uint64_t each = QUERY_REGEXP_STEPS_MAX - left;
    assert_true(each > 1000);
    left = 5 * each;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(query_regexp_new(dear, strlen(dear), 0, false, &left, &a, &re, &why),
                         ERR_NONE);
        assert_true(query_regexp_match(re, "xa1234567891", 12));
    }
    assert_int_equal(left, 0);
    assert_int_equal(query_regexp_new(dear, strlen(dear), 0, false, &left, &a, &re, &why),
                     ERR_LIMIT);
    assert_non_null(strstr(why.message, "together"));
    left = each - 1;
    assert_int_equal(query_regexp_new(dear, strlen(dear), 0, false, &left, &a, &re, &why),
                     ERR_LIMIT);
    assert_int_equal(left, 0);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(flags_switch_operators_off),
        cmocka_unit_test(intervals_count),
        cmocka_unit_test(agrees_with_posix),
        cmocka_unit_test(mistakes_are_placed),
        cmocka_unit_test(a_budget_is_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
