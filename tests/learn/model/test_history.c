/* SPDX-License-Identifier: Apache-2.0 */
#include "model/history.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SPAN (15 * TIME_MIN)

static void without_history_the_anchor_stands(void **state)
{
    (void)state;
    struct model_history h;
    model_history_init(&h, SPAN);
    for (double a = 0; a <= 99; a += 3)
        assert_true(model_history_score(&h, a, 1, 0) == a);
    for (int i = 0; i < 96 * 10; i++)
        model_history_add(&h, i * SPAN, i % 10);
    assert_true(model_history_score(&h, 90, 1, 0) == 90);
}

static void routine_is_lowered_and_never_raised(void **state)
{
    (void)state;
    struct model_history h;
    model_history_init(&h, SPAN);
    /* A back-up scores 80 every night. */
    for (int i = 0; i < 96 * 28; i++) {
        double a = i % 96 == 10 ? 80 : 0;
        double s = model_history_score(&h, a, 1, 0);
        assert_true(s <= a);
        if (a > 0 && i < 96 * 2)
            assert_true(s == a);
        if (a > 0 && i > 96 * 14)
            assert_true(s < 75);
        model_history_add(&h, i * SPAN, a);
    }
    /* What is higher than the routine stands. */
    assert_true(model_history_score(&h, 95, 1, 0) == 95);
    /* And the routine is forgotten when it ends. */
    for (int i = 96 * 28; i < 96 * 120; i++)
        model_history_add(&h, i * SPAN, 0);
    assert_true(model_history_score(&h, 80, 1, 0) == 80);
}

/* Four episodes a week, as many hosts. */
static void many_series_are_no_routine_of_one(void **state)
{
    (void)state;
    struct model_history h;
    struct model_history_own own = {0, 0};
    model_history_init(&h, SPAN);
    for (int i = 0; i < 96 * 28; i++)
        model_history_add(&h, i * SPAN, i % 168 == 10 ? 85 : 0);
    double alone = model_history_score(&h, 85, 1, 0);
    assert_true(alone < 75);
    assert_true(model_history_score(&h, 85, 2, 0) == 85);
    /* But all of one: it is as if the host were alone. */
    for (int i = 0; i < 16; i++)
        model_history_own_add(&own, 85, 168 * SPAN);
    double its = model_history_own_count(&own, 85);
    assert_true(its > 10 && its < 16);
    assert_true(fabs(model_history_score(&h, 85, 2, its) - alone) < 2);
    /* What it has never come near is no routine of its own. */
    assert_true(model_history_own_count(&own, 91) == 0);
    assert_true(model_history_own_count(&own, 80) == its);
    /* Nor can one have had more than all, nor less leeway than one series. */
    assert_true(model_history_score(&h, 85, 2, 1e6) == alone);
    assert_true(model_history_score(&h, 85, 0, 0) == alone);
    model_history_own_add(&own, 85, 1000 * TIME_DAY);
    assert_true(model_history_own_count(&own, 85) < 1e-9);
}

static void a_long_attack_does_not_wear_itself_out(void **state)
{
    (void)state;
    struct model_history h;
    model_history_init(&h, SPAN);
    for (int i = 0; i < 200; i++)
        model_history_add(&h, i * SPAN, 0);
    for (int i = 200; i < 296; i++) {
        double a = 90 + i % 3;
        assert_true(model_history_score(&h, a, 1, 0) == a);
        model_history_add(&h, i * SPAN, a);
    }
}

static void state_is_kept(void **state)
{
    (void)state;
    struct model_history h;
    model_history_init(&h, SPAN);
    for (int i = 0; i < 96 * 20; i++)
        model_history_add(&h, i * SPAN, i % 30 == 0 ? 77 : 2);
    struct buf b;
    buf_init(&b);
    model_history_save(&h, &b);
    struct cursor c = cursor_make(b.p, b.n);
    struct model_history back;
    assert_int_equal(model_history_load(&c, SPAN, &back), ERR_NONE);
    assert_true(model_history_score(&h, 77, 1, 0) == model_history_score(&back, 77, 1, 0));
    assert_true(model_history_score(&back, 77, 1, 0) < 77);
    c = cursor_make(b.p, b.n - 1);
    assert_int_equal(model_history_load(&c, SPAN, &back), ERR_FORMAT);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_history_the_anchor_stands),
        cmocka_unit_test(routine_is_lowered_and_never_raised),
        cmocka_unit_test(many_series_are_no_routine_of_one),
        cmocka_unit_test(a_long_attack_does_not_wear_itself_out),
        cmocka_unit_test(state_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
