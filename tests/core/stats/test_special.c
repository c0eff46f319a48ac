/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/special.h"

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
        double first = 0;
        double second = 0;
        if (strcmp(row.name, "log_gamma") == 0)
            first = stats_special_log_gamma(row.arg[0]);
        else if (strcmp(row.name, "digamma") == 0)
            first = stats_special_digamma(row.arg[0]);
        else if (strcmp(row.name, "log_beta") == 0)
            first = stats_special_log_beta(row.arg[0], row.arg[1]);
        else if (strcmp(row.name, "log_normal_tail") == 0)
            first = stats_special_log_normal_tail(row.arg[0]);
        else if (strcmp(row.name, "log_gamma_sides") == 0)
            stats_special_log_gamma_sides(row.arg[0], row.arg[1], &first, &second);
        else if (strcmp(row.name, "log_beta_sides") == 0)
            stats_special_log_beta_sides(row.arg[0], row.arg[1], row.arg[2], 1 - row.arg[2], &first,
                                         &second);
        else
            continue;
        checked++;
        wrong += golden_check(&row, first, second) ? 0 : 1;
    }
    fclose(f);
    assert_true(checked > 120);
    assert_int_equal(wrong, 0);
}

static void quantile_inverts_normal(void **state)
{
    (void)state;
    for (double z = -60; z <= 8; z += 0.37) {
        double back = stats_special_normal_quantile(stats_special_log_normal(z));
        assert_true(fabs(back - z) < 1e-9 * (1 + fabs(z)) + (z > 5 ? 1e-3 : 0));
    }
}

static void stays_finite_at_the_edges(void **state)
{
    (void)state;
    const double values[] = {0, 1e-300, 1e-9, 1, 3e4, 1e9, 1e18, 1e300};
    for (size_t i = 1; i < 8; i++) {
        for (size_t j = 0; j < 8; j++) {
            double p;
            double q;
            stats_special_log_gamma_sides(values[i], values[j], &p, &q);
            assert_true(isfinite(p) && isfinite(q) && p <= 0 && q <= 0);
        }
    }
    for (size_t i = 1; i < 8; i++) {
        for (size_t j = 1; j < 8; j++) {
            double p;
            double q;
            stats_special_log_beta_sides(values[i], values[j], 0.3, 0.7, &p, &q);
            assert_true(isfinite(p) && isfinite(q) && p <= 0 && q <= 0);
        }
    }
    assert_true(isfinite(stats_special_log_normal_tail(1e300)));
    assert_true(stats_special_log_add(-1000, -1000) + 1000 - log(2) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_mpmath),
        cmocka_unit_test(quantile_inverts_normal),
        cmocka_unit_test(stays_finite_at_the_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
