/* SPDX-License-Identifier: Apache-2.0 */
#include "model/number.h"

#include "stats/special.h"

#include <math.h>

#define LARGEST 1e30 /* fits a float, and its square a double */

double model_number_load(struct cursor *in, double most)
{
    uint64_t bits = cursor_le64(in);
    double x;
    memcpy(&x, &bits, sizeof(x));
    if (fabs(x) <= most)
        return x;
    in->failed = true;
    return 0;
}

double model_number_load_positive(struct cursor *in, double most)
{
    double x = model_number_load(in, most);
    if (x >= 0)
        return x;
    in->failed = true;
    return 0;
}

double model_number_tame(double x)
{
    if (isnan(x))
        return 0;
    return fmin(fmax(x, -LARGEST), LARGEST);
}

double model_number_score(double log_p)
{
    double t = sqrt(fmax(-2 * log_p, 2 * M_LN2));
    double z = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                       (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    return fmax(z, 0);
}

double model_number_student_tail(double t, double nu)
{
    double z = sqrt(nu * log1p(t * t / nu)) * (8 * nu + 1) / (8 * nu + 3);
    return stats_special_log_normal_tail(t < 0 ? -z : z);
}
