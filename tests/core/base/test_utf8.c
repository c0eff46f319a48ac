/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include "base/rng.h"

#include "cmocka_head.h"
#include <string.h>

static void tells_valid_from_not(void **state)
{
    (void)state;
    static const char *const good[] = {
        "", "plain ascii text", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {
        "\xff", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xc3", "\xe2\x82", "\x80",         "eight ok \xfe"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(utf8_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(utf8_valid(bad[i], strlen(bad[i])));
    assert_false(utf8_valid("a\0b", 3));
    assert_false(utf8_valid("0123456\0", 8));
}

static void escapes_to_valid(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 9);
    for (int i = 0; i < 20000; i++) {
        char in[40], out[4 * 40 + 1];
        size_t n = rng_below(&r, sizeof(in));
        for (size_t k = 0; k < n; k++)
            in[k] = (char)rng_u64(&r);
        size_t bad;
        size_t len = utf8_escape(in, n, out, &bad);
        assert_int_equal(strlen(out), len);
        assert_true(utf8_valid(out, len));
        assert_int_equal(bad == 0, utf8_valid(in, n));
        if (bad == 0)
            assert_memory_equal(in, out, n);
    }
}

static void characters_are_counted_in_columns(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t character;
        unsigned columns;
    } cases[] = {
        {"a", 'a', 1},
        {"\xc3\xa4", 0xe4, 1},
        {"\xe2\x80\xa6", 0x2026, 1},
        {"\xcc\x88", 0x308, 0},
        {"\xe2\x80\x8d", 0x200d, 0},
        {"\xe6\xbc\xa2", 0x6f22, 2},
        {"\xed\x95\x9c", 0xd55c, 2},
        {"\xef\xbc\xa1", 0xff21, 2},
        {"\xf0\x9f\x98\x80", 0x1f600, 2},
        {"\xf0\xa0\x80\x80", 0x20000, 2},
        {"\xd1\x8f", 0x44f, 1},
        {"\xf4\x8f\xbf\xbf", 0x10ffff, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t n = 0;
        assert_int_equal(utf8_next(cases[i].text, strlen(cases[i].text), &n), cases[i].character);
        assert_int_equal(n, strlen(cases[i].text));
        assert_int_equal(utf8_columns(cases[i].character), cases[i].columns);
        (void)utf8_next(cases[i].text, 1, &n);
        assert_int_equal(n, 1);
    }
}

static void cuts_between_characters(void **state)
{
    (void)state;
    static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z"; /* 1, 2, 3, 4, 1 bytes */
    static const size_t fits[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (size_t max = 0; max < sizeof(fits) / sizeof(fits[0]); max++)
        assert_int_equal(utf8_cut(text, strlen(text), max), fits[max]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_valid_from_not),
        cmocka_unit_test(escapes_to_valid),
        cmocka_unit_test(characters_are_counted_in_columns),
        cmocka_unit_test(cuts_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
