/* SPDX-License-Identifier: Apache-2.0 */
#include "model/extreme.h"

#include "model/number.h"
#include "stats/special.h"

#include <math.h>

#define LOG_FLOOR (-690775.5)
#define LOG_SQRT_2PI 0.918938533204672741780329736406
/* The greatest of so many normal values: a few and a thousand are not far from it. */
#define MANY 16.0
#define LOG_MANY 2.772588722239781
#define MANY_MEAN 1.7659913930547642
#define MANY_SD 0.5431480544109251

/* u: the value in standard deviations of one of the many; log_below: ln P(such a one is below). */
static double density(double u, double log_below)
{
    return (MANY - 1) * log_below - u * u / 2 + LOG_MANY + log(MANY_SD) - LOG_SQRT_2PI;
}

void model_extreme_judge(double z, struct model_extreme_place *out)
{
    double u = z * MANY_SD + MANY_MEAN;
    double below = stats_special_log_normal(u);
    out->log_pdf = density(u, below);
    out->lower = model_max(MANY * below, LOG_FLOOR);
    out->upper = out->lower > -1e-9 ? LOG_MANY + stats_special_log_normal_tail(u)
                                    : stats_special_log_1m(out->lower);
}

double model_extreme_log_pdf(double z)
{
    double u = z * MANY_SD + MANY_MEAN;
    return density(u, stats_special_log_normal(u));
}
