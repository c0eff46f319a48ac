/* SPDX-License-Identifier: Apache-2.0 */
#include "model/score.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static double digits(double d)
{
    return -d * M_LN10;
}

static void the_anchor_has_its_points(void **state)
{
    (void)state;
    for (double tests = 1; tests < 1e9; tests *= 10) {
        assert_true(model_score_anchor(0, tests) == 0);
        assert_true(model_score_anchor(digits(1.5), tests) == 0);
        assert_true(model_score_anchor(digits(20), tests) >= 90);
        assert_true(model_score_anchor(-DBL_MAX, tests) < 100);
        double before = -1;
        for (double d = 0; d < 400; d += 0.25) {
            double s = model_score_anchor(digits(d), tests);
            assert_true(s >= before && s >= 0 && s < 100);
            before = s;
            if (s > 1 && s < 99) {
                double back = model_score_log_p(s, tests);
                assert_true(fabs(back - digits(d)) < 1e-6 * d);
            }
        }
        /* At 75 chance alone makes at most one in 10 days up to a million tests a day, and less
         * than one a day up to a thousand times as many. */
        double p75 = exp(model_score_log_p(75, tests));
        assert_true(p75 * fmin(tests, 1e6) < 1 / 9.99 && p75 * tests < 0.57);
    }
    assert_true(model_score_anchor(digits(4.01), 96) >= 75);
    assert_true(model_score_anchor(digits(3.99), 96) < 75);
    assert_true(model_score_anchor(digits(6.99), 1e6) < 75);
    assert_true(model_score_anchor(digits(7.01), 1e6) >= 75);
}

/* As many times as what a 75 asks of many tests is less than they are more. */
static void many_tests_are_allowed_more(void **state)
{
    (void)state;
    assert_true(model_score_leeway(0) == 1 && model_score_leeway(100) == 1);
    assert_true(isfinite(model_score_leeway(1e300)));
    for (double tests = 200; tests < 1e9; tests *= 7) {
        double chance = tests * exp(model_score_log_p(75, tests));
        double alone = 100 * exp(model_score_log_p(75, 100));
        assert_true(fabs(model_score_leeway(tests) / (chance / alone) - 1) < 1e-9);
    }
}

static void weak_signals_do_not_add_up_and_one_strong_is_not_drowned(void **state)
{
    (void)state;
    double weak[100];
    for (int i = 0; i < 100; i++)
        weak[i] = log(0.02);
    double many = model_score_combine(weak, 100, 100);
    assert_true(fabs(many - log(0.02)) < 1e-9); /* as if they were one */
    assert_true(model_score_combine(weak, 5, 100) > log(0.02));
    weak[7] = log(1e-30);
    double strong = model_score_combine(weak, 100, 100);
    assert_true(strong < log(1e-27));
    double one = log(1e-9);
    assert_true(fabs(model_score_combine(&one, 1, 1) - one) < 1e-12);
    assert_true(fabs(model_score_combine(&one, 1, 1000) - log(1e-6)) < 1e-9);
    assert_true(model_score_combine(NULL, 0, 10) == 0);
    double floor[2] = {-690775, -690775};
    assert_true(isfinite(model_score_combine(floor, 2, 10)));
}

static void what_is_explained_is_lowered(void **state)
{
    (void)state;
    assert_true(model_score_explained(-20, 0) == -20);
    assert_true(model_score_explained(-20, 0.75) == -5);
    assert_true(model_score_explained(-20, 3) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_anchor_has_its_points),
        cmocka_unit_test(many_tests_are_allowed_more),
        cmocka_unit_test(weak_signals_do_not_add_up_and_one_strong_is_not_drowned),
        cmocka_unit_test(what_is_explained_is_lowered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
