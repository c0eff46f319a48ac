/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/csv.h"

#include "help.h"

static enum err on_header(void *ctx, const struct bytes *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_format(ctx, "<%.*s>", (int)names[i].n, (const char *)names[i].p);
    buf_char(ctx, '\n');
    return ERR_NONE;
}

static bool on_row(void *ctx, const struct detect_csv_row *row)
{
    buf_format(ctx, "%llu", (unsigned long long)row->line);
    for (size_t i = 0; i < row->n; i++)
        buf_format(ctx, "[%.*s]", (int)row->fields[i].n, (const char *)row->fields[i].p);
    buf_char(ctx, '\n');
    return true;
}

/* The same whatever the pieces in which the text comes. */
static void check(const char *text, const char *expected)
{
    for (size_t piece = 1; piece <= strlen(text) + 1; piece++) {
        struct buf out;
        buf_init(&out);
        struct detect_csv *csv = detect_csv_new(on_header, on_row, &out);
        size_t n = strlen(text);
        for (size_t at = 0; at < n; at += piece) {
            size_t part = n - at < piece ? n - at : piece;
            assert_int_equal(detect_csv_feed(csv, text + at, part), ERR_NONE);
        }
        assert_int_equal(detect_csv_end(csv), ERR_NONE);
        assert_string_equal(buf_text(&out), expected);
        detect_csv_free(csv);
        buf_release(&out);
    }
}

static void test_plain(void **state)
{
    (void)state;
    check("a,b\n1,2\n3,\n", "<a><b>\n2[1][2]\n3[3][]\n");
    check("a,b\r\n1,2\r\n\r\n3,4", "<a><b>\n2[1][2]\n4[3][4]\n");
    check("\xef\xbb\xbf"
          "a\n1\n",
          "<a>\n2[1]\n");
    check("", "");
}

static void test_quotes(void **state)
{
    (void)state;
    check("a,b\n\"x,y\",\"q\"\"r\"\n\"l1\nl2\",z\nlast,1\n",
          "<a><b>\n2[x,y][q\"r]\n3[l1\nl2][z]\n5[last][1]\n");
    check("\"a\",\"b c\"\n1,\"\"\n", "<a><b c>\n2[1][]\n");
}

static void test_lengths(void **state)
{
    (void)state;
    check("a,b\n1\n1,2,3\n", "<a><b>\n2[1][]\n3[1][2]\n");
    struct buf out;
    buf_init(&out);
    struct detect_csv *csv = detect_csv_new(on_header, on_row, &out);
    assert_int_equal(detect_csv_feed(csv, "a,b\n1\n1,2,3\n\"x", 15), ERR_NONE);
    assert_int_equal(detect_csv_end(csv), ERR_NONE);
    assert_int_equal(detect_csv_counts(csv)->rows, 3);
    assert_int_equal(detect_csv_counts(csv)->short_rows, 2);
    assert_int_equal(detect_csv_counts(csv)->long_rows, 1);
    assert_int_equal(detect_csv_counts(csv)->unclosed, 1);
    detect_csv_free(csv);
    buf_release(&out);
}

static void test_too_long(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    struct detect_csv *csv = detect_csv_new(on_header, on_row, &out);
    assert_int_equal(detect_csv_feed(csv, "a\n", 2), ERR_NONE);
    char block[65536];
    memset(block, 'x', sizeof(block));
    for (int i = 0; i < 300; i++)
        assert_int_equal(detect_csv_feed(csv, block, sizeof(block)), ERR_NONE);
    assert_int_equal(detect_csv_feed(csv, "\nok\n", 4), ERR_NONE);
    assert_int_equal(detect_csv_end(csv), ERR_NONE);
    assert_int_equal(detect_csv_counts(csv)->too_long, 1);
    assert_string_equal(buf_text(&out), "<a>\n3[ok]\n");
    detect_csv_free(csv);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plain), cmocka_unit_test(test_quotes),
                                       cmocka_unit_test(test_lengths),
                                       cmocka_unit_test(test_too_long)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
