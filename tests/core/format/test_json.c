/* SPDX-License-Identifier: Apache-2.0 */
/* The fast reader: the tape's walk, large numbers, repaired texts. */
#include "format/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void the_tape_is_walked(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":[1,-2,1.5,18446744073709551615],\"b\":{\"c\":\"x\\u0000y\"},"
                               "\"b\":false,\"n\":null,\"t\":true}";
    struct format_json *p = format_json_new();
    struct format_json_tape t;
    assert_int_equal(format_json_parse(p, text, strlen(text), NULL), ERR_NONE);
    format_json_view(p, &t);
    uint32_t at = FORMAT_JSON_ROOT;
    assert_int_equal(format_json_type(&t, at), FORMAT_OBJECT);
    uint32_t end = format_json_end(&t, at);
    static const char *keys[] = {"a", "b", "b", "n", "t"};
    static const enum format_type types[] = {FORMAT_ARRAY, FORMAT_OBJECT, FORMAT_BOOL, FORMAT_NULL,
                                             FORMAT_BOOL};
    size_t k = 0;
    size_t n;
    for (at++; at < end; at = format_json_next(&t, at)) {
        assert_string_equal(format_json_str(&t, at++, &n), keys[k]);
        assert_int_equal(format_json_type(&t, at), types[k]);
        if (k == 0) {
            uint32_t i = at + 1;
            assert_int_equal(format_json_i64(&t, i), 1);
            i = format_json_next(&t, i);
            assert_int_equal(format_json_i64(&t, i), -2);
            i = format_json_next(&t, i);
            assert_true(format_json_f64(&t, i) == 1.5);
            i = format_json_next(&t, i);
            assert_int_equal(format_json_type(&t, i), FORMAT_FLOAT);
            assert_true(format_json_f64(&t, i) == 18446744073709551615.0);
            assert_int_equal(format_json_next(&t, i), format_json_end(&t, at));
        } else if (k == 1) {
            const char *s = format_json_str(&t, at + 2, &n);
            assert_int_equal(n, 3);
            assert_memory_equal(s, "x\0y", 4);
        } else if (k != 3) {
            assert_int_equal(format_json_bool(&t, at), k == 4);
        }
        k++;
    }
    assert_int_equal(k, 5);
    format_json_free(p);
}

static void large_numbers_become_doubles(void **state)
{
    (void)state;
    static const char text[] = "{\"1234567890123456789012\":\"\\\"99999999999999999999\","
                               "\"v\":[-99999999999999999999,1e5,5,0.12345678901234567890123]}";
    struct format_json *p = format_json_new();
    struct format_json_tape t;
    size_t n;
    assert_int_equal(format_json_parse(p, text, strlen(text), NULL), ERR_NONE);
    format_json_view(p, &t);
    assert_string_equal(format_json_str(&t, 2, &n), "1234567890123456789012");
    assert_string_equal(format_json_str(&t, 3, &n), "\"99999999999999999999");
    assert_true(format_json_f64(&t, 6) == -99999999999999999999.0);
    assert_true(format_json_f64(&t, 8) == 1e5);
    assert_int_equal(format_json_i64(&t, 10), 5);
    assert_true(format_json_f64(&t, 12) == 0.12345678901234567890123);
    format_json_free(p);
}

static void bad_bytes_are_repaired(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":\"x\xff\xc3(\x01\",\"b\":\"\\\\\xe2\x82\"}";
    struct format_json *p = format_json_new();
    struct format_json_bad bad;
    struct format_json_tape t;
    size_t repaired = 0;
    size_t n;
    assert_int_equal(format_json_parse(p, text, strlen(text), &bad), ERR_FORMAT);
    assert_int_equal(bad.offset, 7);
    assert_int_equal(format_json_parse_repaired(p, text, strlen(text), &repaired, &bad), ERR_NONE);
    assert_int_equal(repaired, 5);
    format_json_view(p, &t);
    assert_string_equal(format_json_str(&t, 3, &n), "x\\xff\\xc3(\x01");
    assert_string_equal(format_json_str(&t, 5, &n), "\\\\xe2\\x82");
    assert_int_equal(format_json_parse_repaired(p, "{\"a\xff", 4, &repaired, &bad), ERR_FORMAT);
    assert_int_equal(repaired, 5);
    format_json_free(p);
}

static void long_documents_grow_the_parser(void **state)
{
    (void)state;
    struct format_json *p = format_json_new();
    size_t n = 300000;
    char *text = malloc(n);
    assert_non_null(text);
    memset(text, ' ', n);
    text[0] = '[';
    text[n - 1] = ']';
    assert_int_equal(format_json_parse(p, text, n, NULL), ERR_NONE);
    assert_int_equal(format_json_parse(p, "[]", 2, NULL), ERR_NONE);
    assert_int_equal(format_json_parse(p, "", 0, NULL), ERR_FORMAT);
    free(text);
    format_json_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tape_is_walked),
        cmocka_unit_test(large_numbers_become_doubles),
        cmocka_unit_test(bad_bytes_are_repaired),
        cmocka_unit_test(long_documents_grow_the_parser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
