/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/dist.h"

#include "core/stats/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void agrees_with_mpmath(void **state)
{
    (void)state;
    FILE *f = fopen(WEIR_SOURCE_DIR "/tests/core/stats/golden/special.csv", "r");
    assert_non_null(f);
    struct golden_row row;
    int checked = 0;
    int wrong = 0;
    while (golden_read(f, &row)) {
        struct stats_tails t;
        const double *a = row.arg;
        if (strcmp(row.name, "student") == 0)
            t = stats_dist_student(a[0], a[1], a[2], a[3]);
        else if (strcmp(row.name, "poisson") == 0)
            t = stats_dist_poisson(a[0], a[1]);
        else if (strcmp(row.name, "negbin") == 0)
            t = stats_dist_negbin(a[0], a[1], a[2]);
        else if (strcmp(row.name, "gamma") == 0)
            t = stats_dist_gamma(a[0], a[1], a[2]);
        else
            continue;
        checked++;
        wrong += golden_check(&row, t.lower, t.upper) ? 0 : 1;
    }
    fclose(f);
    assert_true(checked > 80);
    assert_int_equal(wrong, 0);
}

/* The tail is the sum of the probabilities beyond, for a law small enough to add up. */
static void tails_are_sums(void **state)
{
    (void)state;
    double total = 0;
    for (int k = 0; k < 400; k++) {
        struct stats_tails t = stats_dist_negbin(k, 12, 3.5);
        assert_true(fabs(exp(t.upper) - (1 - total)) < 1e-12);
        total += exp(stats_dist_negbin_log_pmf(k, 12, 3.5));
        assert_true(fabs(exp(t.lower) - total) < 1e-12);
    }
    total = 0;
    for (int k = 0; k < 100; k++) {
        total += exp(stats_dist_poisson_log_pmf(k, 7));
        assert_true(fabs(exp(stats_dist_poisson(k, 7).lower) - total) < 1e-12);
    }
}

/* A density is the slope of its distribution function. */
static void densities_are_slopes(void **state)
{
    (void)state;
    const double h = 1e-5;
    for (double x = 0.5; x < 20; x += 0.7) {
        double slope =
            exp(stats_dist_gamma(x + h, 2.5, 3).lower) - exp(stats_dist_gamma(x - h, 2.5, 3).lower);
        assert_true(fabs(slope / (2 * h) - exp(stats_dist_gamma_log_pdf(x, 2.5, 3))) < 1e-6);
        slope = exp(stats_dist_student(x + h, 8, 2, 5).lower) -
                exp(stats_dist_student(x - h, 8, 2, 5).lower);
        assert_true(fabs(slope / (2 * h) - exp(stats_dist_student_log_pdf(x, 8, 2, 5))) < 1e-6);
        slope =
            exp(stats_dist_normal(x + h, 8, 2).lower) - exp(stats_dist_normal(x - h, 8, 2).lower);
        assert_true(fabs(slope / (2 * h) - exp(stats_dist_normal_log_pdf(x, 8, 2))) < 1e-6);
    }
}

static void stays_finite(void **state)
{
    (void)state;
    const double values[] = {0, 1e-12, 0.5, 7, 1e6, 1e12, 1e18};
    for (size_t i = 0; i < 7; i++) {
        for (size_t j = 1; j < 7; j++) {
            for (size_t k = 1; k < 7; k++) {
                struct stats_tails t[] = {
                    stats_dist_negbin(values[i], values[j], values[k]),
                    stats_dist_gamma(values[i], values[j], values[k]),
                    stats_dist_student(values[i], values[j], values[k], values[k]),
                    stats_dist_normal(values[i], values[j], values[k]),
                };
                for (size_t n = 0; n < 4; n++)
                    assert_true(isfinite(t[n].lower) && isfinite(t[n].upper) && t[n].lower <= 0 &&
                                t[n].upper <= 0);
                assert_true(stats_dist_two_sided(t[0]) <= 0);
            }
        }
    }
    assert_true(stats_dist_beta(0.4, 2, 3).lower < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_mpmath),
        cmocka_unit_test(tails_are_sums),
        cmocka_unit_test(densities_are_slopes),
        cmocka_unit_test(stays_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
