/* SPDX-License-Identifier: Apache-2.0 */
#include "model/extreme.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define STEP 1e-3

/* Its density adds up to one, mean 0 and variance 1, and to its tails. */
static void is_a_law(void **state)
{
    (void)state;
    double all = 0;
    double mean = 0;
    double square = 0;
    for (double z = -20; z < 20; z += STEP) {
        double at = z + STEP / 2;
        double p = STEP * exp(model_extreme_log_pdf(at));
        all += p;
        mean += p * at;
        square += p * at * at;
        struct model_extreme_place here;
        model_extreme_judge(z + STEP, &here);
        assert_true(fabs(exp(here.lower) - all) < 1e-6);
        assert_true(fabs(exp(here.upper) + exp(here.lower) - 1) < 1e-9);
        assert_true(here.log_pdf == model_extreme_log_pdf(z + STEP));
    }
    assert_true(fabs(all - 1) < 1e-6 && fabs(mean) < 1e-6 && fabs(square - 1) < 1e-5);
}

static void is_that_of_the_greatest(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 1);
    int n = 20000;
    int above = 0;
    for (int i = 0; i < n; i++) {
        double most = -(double)INFINITY;
        for (int k = 0; k < 16; k++)
            most = fmax(most, rng_normal(&r));
        above += most > 3;
    }
    /* The mean and standard deviation of the greatest of sixteen (Tippett 1925). */
    struct model_extreme_place p;
    model_extreme_judge((3 - 1.76599) / 0.54315, &p);
    double want = n * exp(p.upper);
    assert_true(fabs(above - want) < 5 * sqrt(want));
}

/* Far out its tail is a normal one, and nothing is lost to rounding. */
static void is_exact_far_out(void **state)
{
    (void)state;
    double before = 0;
    for (double z = 1; z < 60; z += 1) {
        struct model_extreme_place p;
        model_extreme_judge(z, &p);
        assert_true(isfinite(p.log_pdf) && p.upper < before && p.lower <= 0);
        before = p.upper;
    }
    struct model_extreme_place least;
    model_extreme_judge(-1e6, &least);
    assert_true(isfinite(least.lower) && least.lower < -1e5 && least.upper <= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_a_law),
        cmocka_unit_test(is_that_of_the_greatest),
        cmocka_unit_test(is_exact_far_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
