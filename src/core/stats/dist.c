/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/dist.h"

#include "base/assert.h"
#include "stats/special.h"

#include <math.h>

#define LOG_SQRT_2PI 0.918938533204672741780329736406

struct stats_tails stats_dist_normal(double x, double mean, double sd)
{
    double z = (x - mean) / sd;
    return (struct stats_tails){stats_special_log_normal(z), stats_special_log_normal_tail(z)};
}

struct stats_tails stats_dist_student(double x, double location, double scale, double nu)
{
    double t = (x - location) / scale;
    if (nu > 1e7)
        return stats_dist_normal(t, 0, 1);
    /* P(|T| >= t) = I_w(nu/2, 1/2), w = nu / (nu + t^2); a t beyond 1e150 counts as that. */
    double size = fmin(fabs(t), 1e150);
    double w = nu / (nu + size * size);
    double v = size * size / (nu + size * size);
    double both;
    double inside;
    stats_special_log_beta_sides(nu / 2, 0.5, w, v, &both, &inside);
    double near = both - M_LN2;
    double far = stats_special_log_1m(near);
    return t >= 0 ? (struct stats_tails){far, near} : (struct stats_tails){near, far};
}

struct stats_tails stats_dist_gamma(double x, double shape, double scale)
{
    struct stats_tails t;
    stats_special_log_gamma_sides(shape, x / scale, &t.lower, &t.upper);
    return t;
}

struct stats_tails stats_dist_poisson(double k, double mean)
{
    struct stats_tails t;
    double unused;
    if (!(mean > 0))
        return (struct stats_tails){0, k > 0 ? -690775.5 : 0};
    k = floor(k);
    if (k < 0)
        return (struct stats_tails){-690775.5, 0};
    stats_special_log_gamma_sides(k + 1, mean, &unused, &t.lower);
    if (k == 0)
        t.upper = 0;
    else
        stats_special_log_gamma_sides(k, mean, &t.upper, &unused);
    return t;
}

struct stats_tails stats_dist_negbin(double k, double mean, double size)
{
    struct stats_tails t;
    double unused;
    if (!(mean > 0) || size > 1e9 * (1 + mean))
        return stats_dist_poisson(k, mean);
    k = floor(k);
    if (k < 0)
        return (struct stats_tails){-690775.5, 0};
    /* Where single steps are lost in the spread, the law is a gamma law; half a step each way. */
    if (mean > 1e5 && mean > 1e4 * size) {
        double scale = (mean + size) / size;
        struct stats_tails low = stats_dist_gamma((k + 0.5) * (mean + size) / mean, size, scale);
        struct stats_tails high =
            stats_dist_gamma(fmax(k - 0.5, 0) * (mean + size) / mean, size, scale);
        return (struct stats_tails){low.lower, high.upper};
    }
    double p = mean / (mean + size);
    double q = size / (mean + size);
    stats_special_log_beta_sides(k + 1, size, p, q, &unused, &t.lower);
    if (k == 0)
        t.upper = 0;
    else
        stats_special_log_beta_sides(k, size, p, q, &t.upper, &unused);
    return t;
}

struct stats_tails stats_dist_beta(double x, double a, double b)
{
    struct stats_tails t;
    x = fmin(fmax(x, 0), 1);
    stats_special_log_beta_sides(a, b, x, 1 - x, &t.lower, &t.upper);
    return t;
}

double stats_dist_normal_log_pdf(double x, double mean, double sd)
{
    double z = (x - mean) / sd;
    return -0.5 * z * z - log(sd) - LOG_SQRT_2PI;
}

double stats_dist_student_log_pdf(double x, double location, double scale, double nu)
{
    double t = (x - location) / scale;
    return -stats_special_log_beta(nu / 2, 0.5) - 0.5 * log(nu) - log(scale) -
           0.5 * (nu + 1) * log1p(t * t / nu);
}

double stats_dist_gamma_log_pdf(double x, double shape, double scale)
{
    return (shape - 1) * log(x / scale) - x / scale - stats_special_log_gamma(shape) - log(scale);
}

double stats_dist_poisson_log_pmf(double k, double mean)
{
    if (!(mean > 0))
        return k > 0 ? -690775.5 : 0;
    return k * log(mean) - mean - stats_special_log_gamma(k + 1);
}

double stats_dist_negbin_log_pmf(double k, double mean, double size)
{
    if (!(mean > 0) || size > 1e9 * (1 + mean))
        return stats_dist_poisson_log_pmf(k, mean);
    double front = k == 0 ? 0 : -stats_special_log_beta(k, size) - log(k);
    return front + size * log1p(-mean / (mean + size)) + k * log(mean / (mean + size));
}

double stats_dist_two_sided(struct stats_tails t)
{
    return fmin(fmin(t.lower, t.upper) + M_LN2, 0);
}
