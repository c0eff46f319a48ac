/* SPDX-License-Identifier: Apache-2.0 */
/* The writer: commas, escapes and numbers, and that a reader gives back what was written. */
#include "format/node.h"
#include "format/write.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void commas_stand_between_values(void **state)
{
    (void)state;
    struct buf b;
    struct format_writer w;
    buf_init(&b);
    format_write_init(&w, &b);
    format_write_begin_object(&w);
    format_write_field_str(&w, "a", "x");
    format_write_key(&w, "b");
    format_write_begin_array(&w);
    format_write_end_array(&w);
    format_write_key(&w, "c");
    format_write_begin_array(&w);
    format_write_i64(&w, INT64_MIN);
    format_write_u64(&w, UINT64_MAX);
    format_write_begin_object(&w);
    format_write_end_object(&w);
    format_write_null(&w);
    format_write_end_array(&w);
    format_write_field_bool(&w, "d", false);
    format_write_field_i64(&w, "e", 3);
    format_write_field_f64(&w, "f", 0.5);
    format_write_field_f64(&w, "g", (double)NAN);
    format_write_field_f64(&w, "h", (double)-INFINITY);
    format_write_field_str(&w, "i", NULL);
    format_write_key(&w, "t");
    format_write_time(&w, 1700000000123000000);
    format_write_key(&w, "r");
    format_write_raw(&w, "[1]", 3);
    format_write_end_object(&w);
    assert_true(buf_ok(&b));
    assert_string_equal(
        buf_text(&b),
        "{\"a\":\"x\",\"b\":[],\"c\":[-9223372036854775808,18446744073709551615,{},null],"
        "\"d\":false,\"e\":3,\"f\":0.5,\"g\":null,\"h\":null,\"i\":null,"
        "\"t\":\"2023-11-14T22:13:20.123Z\",\"r\":[1]}");
    buf_release(&b);
}

static void top_level_values_have_no_comma(void **state)
{
    (void)state;
    struct buf b;
    struct format_writer w;
    buf_init(&b);
    format_write_init(&w, &b);
    for (int i = 0; i < 2; i++) {
        format_write_begin_object(&w);
        format_write_field_i64(&w, "n", i);
        format_write_end_object(&w);
        buf_char(&b, '\n');
    }
    assert_string_equal(buf_text(&b), "{\"n\":0}\n{\"n\":1}\n");
    buf_release(&b);
}

static void every_control_byte_is_escaped(void **state)
{
    (void)state;
    char all[40];
    for (int i = 0; i < 32; i++)
        all[i] = (char)i;
    memcpy(all + 32, "\"\\/\x7f\xc3\xa9", 6);
    struct buf b;
    struct format_writer w;
    buf_init(&b);
    format_write_init(&w, &b);
    format_write_str_n(&w, all, 38);
    assert_string_equal(
        buf_text(&b),
        "\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r"
        "\\u000e\\u000f\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018"
        "\\u0019\\u001a\\u001b\\u001c\\u001d\\u001e\\u001f\\\"\\\\/\x7f\xc3\xa9\"");
    buf_release(&b);
}

static void strings_come_back(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 7);
    for (int round = 0; round < 2000; round++) {
        char s[40];
        size_t n = rng_below(&r, sizeof(s));
        for (size_t i = 0; i < n; i++)
            s[i] = (char)rng_below(&r, 128);
        struct buf b;
        struct format_writer w;
        struct format_node *v;
        struct err_text why;
        buf_init(&b);
        format_write_init(&w, &b);
        format_write_str_n(&w, s, n);
        assert_int_equal(format_node_json(buf_text(&b), b.n, "t", &v, &why), ERR_NONE);
        assert_int_equal(format_node_str_len(v), n);
        assert_memory_equal(format_node_str(v, NULL), s, n);
        format_node_free(v);
        buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_stand_between_values),
        cmocka_unit_test(top_level_values_have_no_comma),
        cmocka_unit_test(every_control_byte_is_escaped),
        cmocka_unit_test(strings_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
