/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recur.h"

#include "model/score.h"
#include "model/series.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SPAN (15 * TIME_MIN)

static void expected_the_third_time(void **state)
{
    (void)state;
    struct model_recur r;
    model_recur_init(&r);
    ts_ns two = 2 * TIME_HOUR;
    for (int day = 0; day < 2; day++) {
        assert_true(model_recur_judge(&r, day * TIME_DAY + two, SPAN, 1e6) < -1000);
        model_recur_learn(&r, day * TIME_DAY + two, SPAN, 1e6);
        model_recur_learn(&r, day * TIME_DAY + two + SPAN, SPAN, 8e5);
    }
    ts_ns third = 2 * TIME_DAY + two;
    assert_true(model_recur_judge(&r, third, SPAN, 1.2e6) > -2);
    assert_true(model_recur_judge(&r, third + SPAN, SPAN, 1e6) > -2);
    /* Not at another hour, not ten times the size, not far below zero. */
    assert_true(model_recur_judge(&r, third + TIME_HOUR, SPAN, 1e6) < -1000);
    assert_true(model_recur_judge(&r, third, SPAN, 1e7) < -12);
    assert_true(model_recur_judge(&r, third, SPAN, -1e6) < -1000);
    /* Forgotten when it does not come. */
    assert_true(model_recur_judge(&r, third + 20 * TIME_DAY, SPAN, 1e6) < -1000);
}

static void a_nightly_job_is_news_twice(void **state)
{
    (void)state;
    struct model_params p = {SPAN, MODEL_SUM, MODEL_HIGH, false};
    struct model_series *s = model_series_new(&p);
    assert_non_null(s);
    for (int i = 0; i < 96 * 20; i++) {
        bool night = i % 96 == 8;
        struct model_observation o = {i * SPAN, night ? 5e9 + (i % 7) * 1e8 : 1e6 + (i % 13) * 1e5,
                                      1, 1};
        struct model_judgement j;
        model_series_judge(s, &o, &j);
        double score = model_score_anchor(j.log_p, 96);
        if (i / 96 == 1 && night)
            assert_true(score >= 75);
        if (i / 96 > 3)
            assert_true(score < 40);
        model_series_learn(s, &o);
    }
    /* The same amount by day is still news. */
    struct model_observation o = {(96 * 20 + 50) * SPAN, 5e9, 1, 1};
    struct model_judgement j;
    model_series_judge(s, &o, &j);
    assert_true(model_score_anchor(j.log_p, 96) >= 75);
    model_series_free(s);
}

static void state_is_kept(void **state)
{
    (void)state;
    struct model_recur r;
    model_recur_init(&r);
    for (int i = 0; i < 20; i++)
        model_recur_learn(&r, i * TIME_DAY + (i % 3) * TIME_HOUR, SPAN, pow(10, i % 3));
    struct buf b;
    buf_init(&b);
    model_recur_save(&r, &b);
    struct cursor c = cursor_make(b.p, b.n);
    struct model_recur back;
    model_recur_load(&c, &back);
    assert_true(cursor_ok(&c) && c.left == 0);
    for (int h = 0; h < 3; h++) {
        ts_ns t = 21 * TIME_DAY + h * TIME_HOUR;
        assert_true(model_recur_judge(&r, t, SPAN, pow(10, h)) ==
                    model_recur_judge(&back, t, SPAN, pow(10, h)));
        assert_true(model_recur_judge(&r, t, SPAN, pow(10, h)) > -3);
    }
    c = cursor_make(b.p, b.n - 1);
    model_recur_load(&c, &back);
    assert_false(cursor_ok(&c));
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expected_the_third_time),
        cmocka_unit_test(a_nightly_job_is_news_twice),
        cmocka_unit_test(state_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
