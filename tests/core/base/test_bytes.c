/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include "cmocka_head.h"

static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static void reads_both_orders(void **state)
{
    (void)state;
    struct cursor c = cursor_make(data, sizeof(data));
    assert_int_equal(cursor_be16(&c), 0x0102);
    assert_int_equal(cursor_be24(&c), 0x030405);
    assert_int_equal(cursor_be32(&c), 0x06070809);
    c = cursor_make(data, sizeof(data));
    assert_int_equal(cursor_be64(&c), 0x0102030405060708);
    assert_int_equal(cursor_u8(&c), 9);
    c = cursor_make(data, sizeof(data));
    assert_int_equal(cursor_le64(&c), 0x0807060504030201);
    assert_true(cursor_ok(&c));
}

static void failure_sticks_and_yields_zero(void **state)
{
    (void)state;
    struct cursor c = cursor_make(data, 3);
    assert_int_equal(cursor_be32(&c), 0);
    assert_false(cursor_ok(&c));
    assert_int_equal(cursor_u8(&c), 0);
    assert_int_equal(cursor_take(&c, 0).n, 0);
    assert_int_equal(c.left, 0);
}

static void parts_are_bounded(void **state)
{
    (void)state;
    struct cursor c = cursor_make(data, sizeof(data));
    cursor_skip(&c, 1);
    struct cursor part = cursor_sub(&c, 2);
    assert_int_equal(cursor_be16(&part), 0x0203);
    assert_int_equal(cursor_u8(&part), 0);
    assert_false(cursor_ok(&part));
    assert_int_equal(cursor_rest(&c).n, 6);
    part = cursor_sub(&c, 7);
    assert_false(cursor_ok(&part));
    assert_false(cursor_ok(&c));
    assert_true(bytes_equal(bytes_make(data, 2), bytes_make("\1\2", 2)));
    assert_false(bytes_equal(bytes_make(data, 2), bytes_make("\1\3", 2)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_both_orders),
        cmocka_unit_test(failure_sticks_and_yields_zero),
        cmocka_unit_test(parts_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
