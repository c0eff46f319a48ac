/* SPDX-License-Identifier: Apache-2.0 */
#include "model/count.h"

#include "model/number.h"
#include "stats/dist.h"
#include "stats/special.h"

#include <math.h>

#define SUMMED 64.0  /* counts up to here are added up one by one */
#define MIDDLE_Z 1.5 /* within so many standard deviations the cube root is normal enough */

/*
 * Small counts are added up; in the middle of large ones, where nobody looks at the digits, the
 * cube root is normal (Wilson and Hilferty 1931); the tails are exact.
 */
void model_count_judge(double k, double mean, double size, struct model_count_place *out)
{
    if (k <= SUMMED) {
        double q = size * log1p(-mean / (mean + size));
        double ratio = mean / (mean + size);
        double p = exp(q);
        double below = 0;
        for (double i = 1; i <= k; i++) {
            below += p;
            p *= (i - 1 + size) / i * ratio;
        }
        if (below < 0.999999 && below + p > 1e-6 && q > -600) {
            *out = (struct model_count_place){log1p(-below), log(model_min(below + p, 1)),
                                              log(model_max(p, 1e-300))};
            return;
        }
    } else {
        double ninth = (1 / mean + 1 / size) / 9;
        double z = (cbrt(k / mean) - 1 + ninth) / sqrt(ninth);
        if (fabs(z) < MIDDLE_Z) {
            double half = 0.5 / sqrt(mean + mean * mean / size);
            *out = (struct model_count_place){stats_special_log_normal_tail(z - half),
                                              stats_special_log_normal(z + half),
                                              log(half * 0.8) - z * z / 2};
            return;
        }
    }
    struct stats_tails t = stats_dist_negbin(k, mean, size);
    *out = (struct model_count_place){t.upper, t.lower, stats_dist_negbin_log_pmf(k, mean, size)};
}
