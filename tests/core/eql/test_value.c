/* SPDX-License-Identifier: Apache-2.0 */
/* Values compared, folded, searched. */
#include "eql/value_priv.h"

#include "event/event.h"

#include "cmocka_head.h"

#include <math.h>
#include <string.h>

static struct eql_value text(const char *s)
{
    return eql_value_text(s, strlen(s));
}

static int compare(enum eql_cmp cmp, struct eql_value a, struct eql_value b)
{
    return eql_value_compare(cmp, &a, &b);
}

static void comparing(void **state)
{
    (void)state;
    assert_int_equal(compare(EQL_EQ, eql_value_int(1), eql_value_float(1.0)), 1);
    assert_int_equal(compare(EQL_LT, eql_value_int(1), eql_value_float(1.5)), 1);
    assert_int_equal(compare(EQL_GT, eql_value_float(1.5), eql_value_int(1)), 1);
    assert_int_equal(compare(EQL_LT, eql_value_int(-2), eql_value_float(-1.5)), 1);
    /* 2^63 - 1 is not 2^63, though its nearest double is */
    assert_int_equal(compare(EQL_EQ, eql_value_int(INT64_MAX), eql_value_float(0x1p63)), 0);
    assert_int_equal(compare(EQL_LT, eql_value_int(INT64_MAX), eql_value_float(0x1p63)), 1);
    assert_int_equal(compare(EQL_GE, eql_value_int(INT64_MIN), eql_value_float(-0x1p63)), 1);
    assert_int_equal(compare(EQL_GT, eql_value_int(INT64_MIN), eql_value_float(-0x1p70)), 1);
    assert_int_equal(compare(EQL_LE, text("ab"), text("b")), 1);
    assert_int_equal(compare(EQL_LT, text("ab"), text("abc")), 1);
    assert_int_equal(compare(EQL_NE, text("a"), text("A")), 1);
    assert_int_equal(compare(EQL_EQ, eql_value_bool(true), eql_value_bool(true)), 1);
    assert_int_equal(compare(EQL_LT, eql_value_bool(false), eql_value_bool(true)), -1);
    assert_int_equal(compare(EQL_EQ, text("1"), eql_value_int(1)), 0);
    assert_int_equal(compare(EQL_NE, text("1"), eql_value_int(1)), 1);
    assert_int_equal(compare(EQL_LT, text("1"), eql_value_int(1)), -1);
    assert_int_equal(compare(EQL_EQ, eql_value_null(), eql_value_null()), -1);
    assert_int_equal(compare(EQL_NE, eql_value_int(1), eql_value_null()), -1);
    assert_int_equal(eql_value_float((double)NAN).type, EQL_NULL);
    assert_int_equal(eql_value_float((double)INFINITY).type, EQL_NULL);
}

static void folding(void **state)
{
    (void)state;
    assert_int_equal(eql_value_fold('A'), 'a');
    assert_int_equal(eql_value_fold(0xc4), 0xe4);     /* umlaut */
    assert_int_equal(eql_value_fold(0x212a), 0x212a); /* Kelvin's sign is no k */
    assert_int_equal(eql_value_fold('['), '[');
}

static void searching(void **state)
{
    (void)state;
    struct eql_value t = text("a\xc3\xa4"
                              "b\xc3\x84"
                              "b"),
                     umlaut = text("\xc3\x84"), b = text("b");
    struct eql_value none = text(""), absent = text("x");
    struct eql_span span;
    struct arena arena;
    size_t to;
    arena_init(&arena, 0);
    assert_int_equal(eql_value_chars(&t), 5);
    assert_int_equal(eql_value_byte(&t, 0), 0);
    assert_int_equal(eql_value_byte(&t, 2), 3);
    assert_int_equal(eql_value_byte(&t, 99), 7);
    assert_true(eql_value_find(&t, &umlaut, 0, false, false, &arena, &span));
    assert_int_equal(span.from, 4);
    assert_true(eql_value_find(&t, &umlaut, 0, false, true, &arena, &span));
    assert_int_equal(span.from, 1);
    assert_int_equal(span.to, 3);
    assert_true(eql_value_find(&t, &b, 0, true, false, &arena, &span));
    assert_int_equal(span.from, 6);
    assert_true(eql_value_find(&t, &none, 3, false, false, &arena, &span));
    assert_int_equal(span.from, 3);
    assert_true(eql_value_find(&t, &none, 0, true, true, &arena, &span));
    assert_int_equal(span.from, 7);
    assert_false(eql_value_find(&t, &absent, 0, false, false, &arena, &span));
    assert_false(eql_value_find(&t, &b, 7, false, false, &arena, &span));
    assert_true(eql_value_at(&t, &umlaut, 1, true, &to));
    assert_int_equal(to, 3);
    assert_false(eql_value_at(&t, &umlaut, 1, false, &to));
    /* characters that change their length: U+023A has 2 bytes, its small letter 3 */
    struct eql_value grows = text("\xc8\xba\xc8\xba"
                                  "b"),
                     small = text("\xe2\xb1\xa5"
                                  "B");
    assert_true(eql_value_find(&grows, &small, 0, false, true, &arena, &span));
    assert_int_equal(span.from, 2);
    assert_int_equal(span.to, 5);
    assert_true(eql_value_find(&grows, &small, 2, true, true, &arena, &span));
    assert_int_equal(span.from, 2);
    assert_true(eql_value_find(&t, &umlaut, 0, true, true, &arena, &span));
    assert_int_equal(span.from, 4);
    arena_release(&arena);
}

static void of_events(void **state)
{
    (void)state;
    struct arena arena;
    struct event_value v;
    struct ip ip = ip_from_v4((uint8_t[4]){10, 1, 2, 3});
    arena_init(&arena, 0);
    v = event_value_ip(&ip);
    struct eql_value made = eql_value_of(&v, &arena), as_text = text("10.1.2.3");
    assert_int_equal(eql_value_compare(EQL_EQ, &made, &as_text), 1);
    v = event_value_time(0);
    made = eql_value_of(&v, &arena);
    as_text = text("1970-01-01T00:00:00.000Z");
    assert_int_equal(eql_value_compare(EQL_EQ, &made, &as_text), 1);
    v = (struct event_value){.type = EVENT_NULL};
    assert_int_equal(eql_value_of(&v, &arena).type, EQL_NULL);
    made = eql_value_string(eql_value_float(-2.5), &arena);
    as_text = text("-2.5");
    assert_int_equal(eql_value_compare(EQL_EQ, &made, &as_text), 1);
    made = eql_value_string(eql_value_int(INT64_MIN), &arena);
    as_text = text("-9223372036854775808");
    assert_int_equal(eql_value_compare(EQL_EQ, &made, &as_text), 1);
    assert_int_equal(eql_value_string(eql_value_null(), &arena).type, EQL_NULL);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparing),
        cmocka_unit_test(folding),
        cmocka_unit_test(searching),
        cmocka_unit_test(of_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
