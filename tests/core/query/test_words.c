/* SPDX-License-Identifier: Apache-2.0 */
#include "query/words.h"

#include "cmocka_head.h"

#include <stdio.h>
#include <string.h>

static void expect(const char *text, const char *joined)
{
    struct query_words w;
    char out[2048] = "";
    size_t n = 0;
    query_words_init(&w, text, strlen(text));
    while (query_words_next(&w)) {
        assert_int_equal(strlen(w.word), w.n);
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%s", n > 0 ? "|" : "", w.word);
    }
    assert_string_equal(out, joined);
}

static void words_as_the_standard_analyser_has_them(void **state)
{
    (void)state;
    expect("", "");
    expect(" -- !", "");
    expect("The QUICK Brown-Foxes", "the|quick|brown|foxes");
    expect("can't stop_it", "can't|stop_it");
    expect("'quoted' end'", "quoted|end");
    expect("www.example.com, 3.14; 1,000;2 a:b a.1 1.a",
           "www.example.com|3.14|1,000;2|a:b|a|1|1|a");
    expect("/etc/passwd --flag=x", "etc|passwd|flag|x");
    expect("C:\\Windows\\cmd.exe", "c|windows|cmd.exe");
    expect("\xc3\x84RGER \xc3\x9c"
           "ber stra\xc3\x9f"
           "e",
           "\xc3\xa4rger|\xc3\xbc"
           "ber|stra\xc3\x9f"
           "e");
    expect("\xd0\x9f\xd0\xa0\xd0\x98\xd0\x92\xd0\x95\xd0\xa2",
           "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82");
    expect("a\xe6\x97\xa5\xe6\x9c\xac"
           "b",
           "a|\xe6\x97\xa5|\xe6\x9c\xac|b");
    expect("ends. now.", "ends|now");
    expect("_ $_ a __ _b_ [int]$_", "a|_b_|int");
    expect("__\xe6\x97\xa5", "\xe6\x97\xa5");
}

static void long_words_are_cut(void **state)
{
    (void)state;
    char text[600];
    memset(text, 'X', sizeof text);
    struct query_words w;
    size_t total = 0;
    query_words_init(&w, text, sizeof text);
    while (query_words_next(&w)) {
        assert_true(w.n <= QUERY_WORDS_CHARS);
        total += w.n;
    }
    assert_int_equal(total, sizeof text);
}

/* Any bytes end, stay in bounds, and give words that are UTF-8 again when they were. */
static void characters_go_round(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 0x20000; c++) {
        char text[4];
        size_t n = query_words_put(c, text), m;
        if (c >= 0xd800 && c < 0xe000)
            continue;
        assert_int_equal(query_words_char(text, text + n, &m), c);
        assert_int_equal(m, n);
        uint32_t low = query_words_lower(c);
        assert_int_equal(query_words_lower(low), low);
    }
    assert_int_equal(query_words_lower('Z'), 'z');
    assert_int_equal(query_words_lower(0x178), 0xff); /* Y with diaeresis */
    assert_int_equal(query_words_lower(0x41f), 0x43f);
    size_t n;
    static const char cut[] = "\xc3";
    assert_int_equal(query_words_char(cut, cut + 1, &n), 0xc3);
    assert_int_equal(n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_as_the_standard_analyser_has_them),
        cmocka_unit_test(long_words_are_cut),
        cmocka_unit_test(characters_go_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
