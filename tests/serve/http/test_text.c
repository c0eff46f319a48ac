/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_head.h"

#include "http/text.h"

#include <string.h>

struct fixture {
    struct arena arena;
    struct http_target target;
    const char *sentence;
};

static enum err read_target(struct fixture *f, const char *s, size_t n)
{
    memset(&f->target, 0, sizeof(f->target));
    f->sentence = NULL;
    return http_text_target(&f->arena, s, n, &f->target, &f->sentence);
}

static enum err target_of(struct fixture *f, const char *s)
{
    return read_target(f, s, strlen(s));
}

static void paths_are_cut_and_decoded(void **state)
{
    struct fixture f;
    (void)state;
    arena_init(&f.arena, 0);
    assert_int_equal(target_of(&f, "/"), ERR_NONE);
    assert_int_equal(f.target.path.segments_n, 1);
    assert_string_equal(f.target.path.segments[0], "");
    assert_string_equal(f.target.path.text, "/");

    assert_int_equal(target_of(&f, "/logs-*,-x/_search"), ERR_NONE);
    assert_int_equal(f.target.path.segments_n, 2);
    assert_string_equal(f.target.path.segments[0], "logs-*,-x");
    assert_string_equal(f.target.path.segments[1], "_search");

    assert_int_equal(target_of(&f, "/a%2Cb+c/%3Clogs-%7Bnow%2fd%7D%3E/"), ERR_NONE);
    assert_int_equal(f.target.path.segments_n, 3);
    assert_string_equal(f.target.path.segments[0], "a,b+c");
    assert_string_equal(f.target.path.segments[1], "<logs-{now/d}>");
    assert_string_equal(f.target.path.segments[2], "");
    assert_string_equal(f.target.path.text, "/a,b+c/<logs-{now/d}>/");

    assert_int_equal(target_of(&f, "/%C3%A4/\xC3\xA4"), ERR_NONE);
    assert_string_equal(f.target.path.segments[0], "\xC3\xA4");
    assert_string_equal(f.target.path.segments[1], "\xC3\xA4");

    assert_int_equal(target_of(&f, "http://weir:9280/a/b?c"), ERR_NONE);
    assert_string_equal(f.target.path.text, "/a/b");
    assert_int_equal(target_of(&f, "/a/...b/.c/d..e"), ERR_NONE);
    arena_release(&f.arena);
}

static void two_ways_of_reading_are_refused(void **state)
{
    static const char *const wrong[] = {"",         "a",           "*",
                                        "?a",       "//",          "/a//b",
                                        "/a/./b",   "/a/../b",     "/..",
                                        "/.",       "/%2e%2e/b",   "/a/%2E",
                                        "/.%2e",    "/a%2f..%2fb", "/a%5c..",
                                        "/..%2f",   "/%",          "/%4",
                                        "/%zz",     "/%4g",        "/a%00b",
                                        "/%c0%af",  "/%e0%80%af",  "/%ed%a0%80",
                                        "/%ff",     "/\xff",       "/%f4%90%80%80",
                                        "/a b",     "/a\tb",       "/a%0d%0ab",
                                        "/a%7f",    "/a#b",        "/a?b=%",
                                        "/a?b=%ff", "/a?%00=b",    "/a?b=%c0%80",
                                        "http://x", "http://x?a",  "https:/a",
                                        "/a?b c"};
    struct fixture f;
    (void)state;
    arena_init(&f.arena, 0);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (target_of(&f, wrong[i]) != ERR_INVALID)
            fail_msg("%s is taken", wrong[i]);
        assert_non_null(f.sentence);
    }
    assert_int_equal(read_target(&f, "/a\0b", 4), ERR_INVALID);
    arena_release(&f.arena);
}

static void queries_are_read_in_order(void **state)
{
    struct fixture f;
    (void)state;
    arena_init(&f.arena, 0);
    assert_int_equal(target_of(&f, "/a?q=a+b%2B%26c&pretty&&x=&q=2&=y&k=v=w"), ERR_NONE);
    const struct http_params *p = &f.target.params;
    static const char *const wanted[][2] = {{"q", "a b+&c"}, {"pretty", ""}, {"x", ""},
                                            {"q", "2"},      {"", "y"},      {"k", "v=w"}};
    assert_int_equal(p->n, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(p->list[i].name, wanted[i][0]);
        assert_string_equal(p->list[i].value, wanted[i][1]);
    }
    assert_int_equal(target_of(&f, "/a?"), ERR_NONE);
    assert_int_equal(f.target.params.n, 0);
    /* A newline may stand in a query, not in a path. */
    assert_int_equal(target_of(&f, "/a?q=x%0Ay"), ERR_NONE);
    assert_string_equal(f.target.params.list[0].value, "x\ny");
    arena_release(&f.arena);
}

static void there_are_limits(void **state)
{
    struct fixture f;
    char many[HTTP_TEXT_PARAMS_MAX * 2 + 8];
    (void)state;
    arena_init(&f.arena, 0);
    for (size_t i = 0; i < sizeof(many); i += 2)
        memcpy(many + i, "/a", 2);
    assert_int_equal(read_target(&f, many, 2 * HTTP_TEXT_SEGMENTS_MAX), ERR_NONE);
    assert_int_equal(f.target.path.segments_n, HTTP_TEXT_SEGMENTS_MAX);
    assert_int_equal(read_target(&f, many, 2 * HTTP_TEXT_SEGMENTS_MAX + 2), ERR_LIMIT);
    memcpy(many, "/?", 2);
    for (size_t i = 2; i < sizeof(many); i += 2)
        memcpy(many + i, "a&", 2);
    assert_int_equal(read_target(&f, many, 2 * HTTP_TEXT_PARAMS_MAX + 1), ERR_NONE);
    assert_int_equal(f.target.params.n, HTTP_TEXT_PARAMS_MAX);
    assert_int_equal(read_target(&f, many, 2 * HTTP_TEXT_PARAMS_MAX + 3), ERR_LIMIT);
    arena_release(&f.arena);
}

static void cookies_are_found(void **state)
{
    struct bytes b;
    (void)state;
    assert_true(http_text_cookie("a=1; sid=xyz ; b=2", "sid", &b));
    assert_int_equal(b.n, 3);
    assert_memory_equal(b.p, "xyz", 3);
    assert_true(http_text_cookie("sid=", "sid", &b));
    assert_int_equal(b.n, 0);
    assert_true(http_text_cookie("sid=a=b;sid=c", "sid", &b));
    assert_memory_equal(b.p, "a=b", 3);
    assert_false(http_text_cookie("xsid=1; sid; sidx=2; SID=3", "sid", &b));
    assert_false(http_text_cookie("", "sid", &b));
    assert_false(http_text_cookie(";;; ", "sid", &b));
}

static void codings_have_qualities(void **state)
{
    (void)state;
    assert_int_equal(http_text_quality("gzip", "gzip"), 1000);
    assert_int_equal(http_text_quality("deflate, GZip;q=0.5", "gzip"), 500);
    assert_int_equal(http_text_quality("gzip;q=0", "gzip"), 0);
    assert_int_equal(http_text_quality("*;q=0.25", "gzip"), 250);
    assert_int_equal(http_text_quality("*, gzip ; q=0.001", "gzip"), 1);
    assert_int_equal(http_text_quality("gzip;q=1.000, identity;q=0", "identity"), 0);
    assert_int_equal(http_text_quality("br, zstd", "gzip"), 0);
    assert_int_equal(http_text_quality("gzipx, xgzip", "gzip"), 0);
    assert_int_equal(http_text_quality("gzip;q=x", "gzip"), 0);
    assert_int_equal(http_text_quality("gzip;v=1;q=0.1234", "gzip"), 123);
    assert_int_equal(http_text_quality("", "gzip"), 0);
    assert_int_equal(http_text_quality(",,;q=, gzip", "gzip"), 1000);
}

static void tags_are_compared_weakly(void **state)
{
    (void)state;
    assert_true(http_text_tag_matches("\"a\"", "\"a\""));
    assert_true(http_text_tag_matches("W/\"a\"", "\"a\""));
    assert_true(http_text_tag_matches("\"b\", \"a\"", "W/\"a\""));
    assert_true(http_text_tag_matches("\"x,\", W/\"y\",\"a\"", "\"a\""));
    assert_true(http_text_tag_matches(" *", "\"a\""));
    assert_false(http_text_tag_matches("\"ab\", \"b\"", "\"a\""));
    assert_false(http_text_tag_matches("\"a", "\"a\""));
    assert_false(http_text_tag_matches("", "\"a\""));
}

static void words_and_numbers(void **state)
{
    uint64_t n;
    (void)state;
    assert_true(http_text_is_token("PATCH") && http_text_is_token("x-weir_Csrf"));
    assert_false(http_text_is_token("") || http_text_is_token("a b") || http_text_is_token("a:"));
    assert_false(http_text_is_token("\xc3\xa4"));
    assert_true(http_text_is_value("a \t\xff") && http_text_is_value(""));
    assert_false(http_text_is_value("a\rb") || http_text_is_value("\x7f"));
    assert_true(http_text_length("18446744073709551615", &n) && n == UINT64_MAX);
    assert_true(http_text_length("0", &n) && n == 0);
    assert_false(http_text_length("18446744073709551616", &n) || http_text_length("", &n));
    assert_false(http_text_length("+1", &n) || http_text_length("1 ", &n));
}

static void logs_have_no_foreign_bytes(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b);
    http_text_escape("/a\n\\b \xff", 100, &b);
    assert_string_equal(buf_text(&b), "/a\\x0a\\x5cb\\x20\\xff");
    buf_clear(&b);
    http_text_escape("abcdef", 3, &b);
    assert_string_equal(buf_text(&b), "abc");
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_cut_and_decoded),
        cmocka_unit_test(two_ways_of_reading_are_refused),
        cmocka_unit_test(queries_are_read_in_order),
        cmocka_unit_test(there_are_limits),
        cmocka_unit_test(cookies_are_found),
        cmocka_unit_test(codings_have_qualities),
        cmocka_unit_test(tags_are_compared_weakly),
        cmocka_unit_test(words_and_numbers),
        cmocka_unit_test(logs_have_no_foreign_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
