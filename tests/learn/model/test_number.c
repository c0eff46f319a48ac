/* SPDX-License-Identifier: Apache-2.0 */
#include "model/number.h"

#include "base/buf.h"
#include "stats/dist.h"
#include "stats/special.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void students_tail_has_its_normal_equivalent(void **state)
{
    (void)state;
    for (double nu = 3; nu < 5000; nu *= 1.7) {
        for (double t = -6; t < 60; t += 0.9) {
            double got = model_number_student_tail(t, nu);
            double want = stats_dist_student(t, 0, 1, nu).upper;
            double share = nu < 12 ? 0.06 : 0.015;
            assert_true(fabs(got - want) < 0.01 + share * fabs(want));
        }
    }
}

static void scores_invert_tails(void **state)
{
    (void)state;
    for (double z = 0; z < 8; z += 0.1)
        assert_true(fabs(model_number_score(stats_special_log_normal_tail(z)) - z) < 1e-3);
    assert_true(model_number_score(0) >= 0 && isfinite(model_number_score(-690775)));
}

static void foreign_numbers_are_checked(void **state)
{
    (void)state;
    const double good[] = {0, -3.5, 1e10};
    const double bad[] = {(double)NAN, (double)INFINITY, 2e10};
    for (size_t i = 0; i < 3; i++) {
        struct buf b;
        buf_init(&b);
        buf_double(&b, good[i]);
        buf_double(&b, bad[i]);
        struct cursor c = cursor_make(b.p, b.n);
        assert_true(model_number_load(&c, 1e10) == good[i] && cursor_ok(&c));
        (void)model_number_load(&c, 1e10);
        assert_false(cursor_ok(&c));
        c = cursor_make(b.p, b.n);
        (void)model_number_load_positive(&c, 1e10);
        assert_true(cursor_ok(&c) == (good[i] >= 0));
        buf_release(&b);
    }
}

static void all_numbers_become_tame(void **state)
{
    (void)state;
    assert_true(model_number_tame((double)NAN) == 0);
    assert_true(model_number_tame((double)-INFINITY) == -1e30);
    assert_true(model_number_tame(1e300) == 1e30);
    assert_true(model_number_tame(42) == 42);
    assert_true(model_min(1, 2) == 1 && model_max(1, 2) == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(students_tail_has_its_normal_equivalent),
        cmocka_unit_test(scores_invert_tails),
        cmocka_unit_test(foreign_numbers_are_checked),
        cmocka_unit_test(all_numbers_become_tame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
