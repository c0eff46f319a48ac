/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/wrap.h"

#include "base/buf.h"
#include "base/rng.h"
#include "cmocka_head.h"

#include <string.h>

#define WIDE "\xe6\xbc\xa2" /* two columns, three bytes */
#define MARK "a\xcc\x88"    /* one column, three bytes */

static void flows_to(const char *text, size_t at, size_t indent, size_t width, const char *expected)
{
    struct buf out;
    buf_init(&out);
    rule_wrap_flow(text, at, indent, width, &out);
    assert_string_equal(buf_text(&out), expected);
    buf_release(&out);
}

static void text_is_measured_in_columns(void **state)
{
    (void)state;
    assert_int_equal(rule_wrap_columns("abc", 3), 3);
    assert_int_equal(rule_wrap_columns(WIDE WIDE, 6), 4);
    assert_int_equal(rule_wrap_columns(MARK MARK, 6), 2);
    assert_int_equal(rule_wrap_columns("\x1b\n", 2), 2); /* shown as question marks */
    assert_int_equal(rule_wrap_cut("one two three", 13, 9), 7);
    assert_int_equal(rule_wrap_cut("onetwothree", 11, 9), 8);
    assert_int_equal(rule_wrap_cut(WIDE WIDE WIDE, 9, 4), 3);
}

static void lines_break_between_words(void **state)
{
    (void)state;
    flows_to("", 0, 2, 10, "");
    flows_to("one two three", 0, 2, 13, "one two three");
    flows_to("one two three", 0, 2, 12, "one two\n  three");
    flows_to("one two three", 6, 2, 9, "one\n  two\n  three");
    flows_to("one two three", 6, 2, 0, "one two three");
    flows_to("one two", 8, 2, 9, "\n  one two");
    flows_to("one  two ", 0, 0, 3, "one\ntwo");
    flows_to(WIDE WIDE " " WIDE, 0, 0, 5, WIDE WIDE "\n" WIDE);
    flows_to("a\x1b[1mb\n", 0, 0, 20, "a?[1mb?");
}

static void a_word_longer_than_a_line_is_broken(void **state)
{
    (void)state;
    flows_to("abcdefgh", 0, 2, 5, "abcde\n  fgh");
    flows_to("abcdefgh", 3, 2, 5, "\n  abc\n  def\n  gh");
    flows_to(WIDE WIDE, 0, 0, 1, WIDE "\n" WIDE); /* nothing fits: it goes on all the same */
    flows_to("ab", 0, 9, 4, "ab");
    flows_to("abcdef", 0, 9, 4, "abcd\n         e\n         f");
}

/* No line is longer than it may be, and but for spaces at breaks nothing is lost. */
static void any_text_fits(void **state)
{
    (void)state;
    static const char *const parts[] = {"a", "bc", WIDE, MARK, " ", " ", "\xc3\xa4"};
    struct rng r;
    rng_init(&r, 4);
    for (int round = 0; round < 3000; round++) {
        char text[400] = "", kept[400] = "", came[400] = "";
        struct buf out;
        size_t indent = rng_below(&r, 6), width = 8 + rng_below(&r, 20);
        size_t at = indent + rng_below(&r, 5);
        for (size_t i = 1 + rng_below(&r, 60); i > 0; i--) {
            const char *part = parts[rng_below(&r, sizeof(parts) / sizeof(parts[0]))];
            strcat(text, part);
            strcat(kept, *part != ' ' ? part : "");
        }
        buf_init(&out);
        rule_wrap_flow(text, at, indent, width, &out);
        char *rest = NULL;
        size_t from = *buf_text(&out) == '\n' ? 0 : at;
        char *line = strtok_r(out.p, "\n", &rest);
        for (; line != NULL; line = strtok_r(NULL, "\n", &rest), from = 0) {
            assert_true(from + rule_wrap_columns(line, strlen(line)) <= width);
            for (const char *p = line; *p != '\0'; p++)
                if (*p != ' ')
                    strncat(came, p, 1);
        }
        assert_string_equal(came, kept);
        buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_measured_in_columns),
        cmocka_unit_test(lines_break_between_words),
        cmocka_unit_test(a_word_longer_than_a_line_is_broken),
        cmocka_unit_test(any_text_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
