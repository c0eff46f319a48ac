/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "base/rng.h"

#include "cmocka_head.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void text_grows_and_stays_terminated(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b);
    assert_string_equal(buf_text(&b), "");
    for (int i = 0; i < 1000; i++)
        buf_char(&b, 'x');
    buf_str(&b, "end");
    buf_format(&b, " %d/%s", 7, "y");
    assert_int_equal(strlen(buf_text(&b)), b.n);
    assert_string_equal(buf_text(&b) + 1000, "end 7/y");
    size_t n;
    char *p = buf_take(&b, &n);
    assert_int_equal(n, 1007);
    assert_int_equal(b.n, 0);
    mem_free(p);
    buf_release(&b);
}

static void integers_have_their_digits(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b);
    buf_u64(&b, UINT64_MAX);
    buf_char(&b, ' ');
    buf_i64(&b, INT64_MIN);
    buf_char(&b, ' ');
    buf_u64(&b, 0);
    assert_string_equal(buf_text(&b), "18446744073709551615 -9223372036854775808 0");
    buf_release(&b);
}

static void doubles_read_back(void **state)
{
    (void)state;
    struct rng r;
    struct buf b;
    rng_init(&r, 1);
    buf_init(&b);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = rng_u64(&r);
        double v;
        memcpy(&v, &bits, 8);
        if (!isfinite(v))
            continue;
        buf_clear(&b);
        buf_f64(&b, v);
        assert_true(strtod(buf_text(&b), NULL) == v);
    }
    buf_clear(&b);
    buf_f64(&b, 0.1);
    buf_char(&b, ' ');
    buf_f64(&b, -3);
    buf_char(&b, ' ');
    buf_f64(&b, (double)NAN);
    assert_string_equal(buf_text(&b), "0.1 -3 null");
    buf_release(&b);
}

static void numbers_come_back_through_a_cursor(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b);
    buf_le16(&b, 0x1234);
    buf_le32(&b, 0xdeadbeef);
    buf_le64(&b, 0x0102030405060708);
    buf_double(&b, 2.5);
    struct cursor c = cursor_make(b.p, b.n);
    assert_int_equal(cursor_le16(&c), 0x1234);
    assert_int_equal(cursor_le32(&c), 0xdeadbeef);
    assert_int_equal(cursor_le64(&c), 0x0102030405060708);
    uint64_t bits = cursor_le64(&c);
    double v;
    memcpy(&v, &bits, 8);
    assert_true(v == 2.5);
    assert_int_equal(c.left, 0);
    assert_true(cursor_ok(&c));
    buf_release(&b);
}

static void failure_is_sticky(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b);
    buf_str(&b, "kept");
    assert_null(buf_reserve(&b, SIZE_MAX));
    assert_false(buf_ok(&b));
    buf_str(&b, "lost");
    assert_null(buf_take(&b, NULL));
    buf_clear(&b);
    assert_true(buf_ok(&b));
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows_and_stays_terminated),
        cmocka_unit_test(integers_have_their_digits),
        cmocka_unit_test(doubles_read_back),
        cmocka_unit_test(numbers_come_back_through_a_cursor),
        cmocka_unit_test(failure_is_sticky),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
