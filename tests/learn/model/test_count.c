/* SPDX-License-Identifier: Apache-2.0 */
#include "model/count.h"

#include "stats/dist.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Every tail beyond the middle is the exact one, and the middle is near it. */
static void tails_are_exact(void **state)
{
    (void)state;
    static const double means[] = {0.01, 0.5, 3, 40, 400, 20000};
    static const double sizes[] = {0.3, 2, 20, 1e9};
    for (int m = 0; m < 6; m++) {
        for (int z = 0; z < 4; z++) {
            double sd = sqrt(means[m] + means[m] * means[m] / sizes[z]);
            for (double k = 0; k < means[m] + 12 * sd + 12; k += 1 + floor(sd / 7)) {
                struct model_count_place p;
                struct stats_tails t = stats_dist_negbin(k, means[m], sizes[z]);
                double self = stats_dist_negbin_log_pmf(k, means[m], sizes[z]);
                model_count_judge(k, means[m], sizes[z], &p);
                bool middle = fmin(t.upper, t.lower) > log(0.05);
                double off = middle && k > 64 ? 0.2 : 1e-5;
                assert_true(fabs(p.upper - t.upper) < off);
                assert_true(fabs(p.lower - t.lower) < off);
                assert_true(fabs(p.self - self) < (middle && k > 64 ? 1 : 1e-5));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tails_are_exact)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
