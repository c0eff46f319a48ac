/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/special.h"

#include "base/assert.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#define LOG_SQRT_2PI 0.918938533204672741780329736406
#define LOG_TAIL_FLOOR (-690775.5) /* ln 1e-300000: no tail is smaller */
#define ITERATIONS 20000
#define LARGE_SHAPE 3e4 /* above it the uniform expansion is used */

double stats_special_log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

double stats_special_digamma(double x)
{
    double shift = 0;
    while (x < 8) {
        shift -= 1 / x;
        x += 1;
    }
    double r = 1 / (x * x);
    /* Bernoulli numbers over 2k: Abramowitz and Stegun 6.3.18. */
    double series =
        r *
        (1.0 / 12 -
         r * (1.0 / 120 -
              r * (1.0 / 252 - r * (1.0 / 240 - r * (1.0 / 132 - r * (691.0 / 32760 - r / 12))))));
    return shift + log(x) - 0.5 / x - series;
}

/* What Stirling's formula leaves: lgamma(x) - ((x - 1/2) ln x - x + ln sqrt(2 pi)), x >= 10. */
static double stirling_rest(double x)
{
    double r = 1 / (x * x);
    return (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r * (1.0 / 1680 - r * (1.0 / 1188))))) /
           x;
}

double stats_special_log_beta(double a, double b)
{
    double small = fmin(a, b);
    double large = fmax(a, b);
    if (small >= 10) {
        double ratio = small / large;
        return -0.5 * log(large) + LOG_SQRT_2PI + stirling_rest(small) + stirling_rest(large) -
               stirling_rest(small + large) + (small - 0.5) * log(ratio / (1 + ratio)) -
               large * log1p(ratio);
    }
    if (large >= 10) {
        double rest = stirling_rest(large) - stirling_rest(small + large);
        return stats_special_log_gamma(small) + rest + small - small * log(small + large) +
               (large - 0.5) * log1p(-small / (small + large));
    }
    return stats_special_log_gamma(a) + stats_special_log_gamma(b) - stats_special_log_gamma(a + b);
}

double stats_special_log_add(double a, double b)
{
    double high = fmax(a, b);
    if (!(high > -DBL_MAX))
        return high;
    return high + log1p(exp(fmin(a, b) - high));
}

double stats_special_log_1m(double a)
{
    if (a >= 0)
        return LOG_TAIL_FLOOR;
    return a > -M_LN2 ? log(-expm1(a)) : log1p(-exp(a));
}

double stats_special_log_normal_tail(double z)
{
    if (z < 25)
        return z > -5 ? log(0.5 * erfc(z * M_SQRT1_2)) : log1p(-0.5 * erfc(-z * M_SQRT1_2));
    if (z > 1170)
        return LOG_TAIL_FLOOR;
    double r = 1 / (z * z);
    double series = -r * (1 - r * (3 - r * (15 - r * (105 - r * 945))));
    return -0.5 * z * z - LOG_SQRT_2PI - log(z) + log1p(series);
}

double stats_special_log_normal(double z)
{
    return stats_special_log_normal_tail(-z);
}

double stats_special_normal_quantile(double log_p)
{
    if (!(log_p > LOG_TAIL_FLOOR))
        return -1170;
    if (log_p >= 0)
        return 1170;
    /* Newton on ln Phi, which is concave, from the asymptote of the lower tail or from 0. */
    bool upper = log_p > -M_LN2;
    double target = upper ? stats_special_log_1m(log_p) : log_p;
    if (target <= LOG_TAIL_FLOOR)
        return upper ? 1170 : -1170;
    double z = target > -3 ? 0 : -sqrt(-2 * target - 2 * log(-target));
    for (int i = 0; i < 60; i++) {
        double f = stats_special_log_normal(z);
        double slope = exp(-0.5 * z * z - LOG_SQRT_2PI - f);
        double step = (f - target) / slope;
        z -= step;
        if (fabs(step) < 1e-13 * (1 + fabs(z)))
            break;
    }
    return upper ? -z : z;
}

static void finish(double log_small, bool small_is_first, double *out_first, double *out_second)
{
    log_small = fmax(fmin(log_small, 0), LOG_TAIL_FLOOR);
    double log_rest = fmax(stats_special_log_1m(log_small), LOG_TAIL_FLOOR);
    *out_first = small_is_first ? log_small : log_rest;
    *out_second = small_is_first ? log_rest : log_small;
}

/* x - ln(1 + x), without loss near 0. */
static double log1p_gap(double x)
{
    if (fabs(x) > 0.05)
        return x - log1p(x);
    double sum = 0;
    double power = x * x;
    for (int k = 2; k < 20; k++) {
        sum += (k % 2 == 0 ? power : -power) / k;
        power *= x;
    }
    return sum;
}

/* Temme's uniform expansion, first two coefficients: for large a, any x. */
static void gamma_sides_large(double a, double x, double *out_log_p, double *out_log_q)
{
    double mu = x / a - 1;
    double half_eta2 = log1p_gap(mu);
    double eta = mu >= 0 ? sqrt(2 * half_eta2) : -sqrt(2 * half_eta2);
    double c0;
    double c1;
    if (fabs(eta) < 0.05) {
        c0 = -1.0 / 3 + eta * (1.0 / 12 - eta * (2.0 / 135 - eta * (1.0 / 864 + eta / 2835)));
        c1 = -1.0 / 540 - eta * (1.0 / 288 - eta / 378);
    } else {
        double m = 1 / mu;
        double e = 1 / eta;
        c0 = m - e;
        c1 = e * e * e - m * (m * m + m + 1.0 / 12);
    }
    bool upper = eta >= 0; /* the smaller side is Q above the mean */
    double z = fabs(eta) * sqrt(a);
    double tail = stats_special_log_normal_tail(z);
    double rest = (c0 + c1 / a) * (upper ? 1 : -1);
    double scale = -a * half_eta2 - 0.5 * log(2 * M_PI * a);
    double value = tail + log1p(fmax(rest * exp(fmin(scale - tail, 700)), -1 + 1e-12));
    finish(value, !upper, out_log_p, out_log_q);
}

void stats_special_log_gamma_sides(double a, double x, double *out_log_p, double *out_log_q)
{
    ASSERT(a > 0);
    if (!(x > 0)) {
        *out_log_p = LOG_TAIL_FLOOR;
        *out_log_q = 0;
        return;
    }
    if (!(x <= DBL_MAX)) {
        *out_log_p = 0;
        *out_log_q = LOG_TAIL_FLOOR;
        return;
    }
    if (a > LARGE_SHAPE) {
        gamma_sides_large(a, x, out_log_p, out_log_q);
        return;
    }
    /* ln (x^a e^-x / Gamma(a)); for a of some size through the gap, which loses no digits. */
    double front;
    if (a >= 10)
        front = -a * log1p_gap(x / a - 1) + 0.5 * log(a) - LOG_SQRT_2PI - stirling_rest(a);
    else
        front = a * log(x) - x - stats_special_log_gamma(a);
    if (x < a + 1) {
        double term = 1 / a;
        double sum = term;
        for (int n = 1; n < ITERATIONS; n++) {
            term *= x / (a + n);
            sum += term;
            if (term < sum * 1e-17)
                break;
        }
        finish(front + log(sum), true, out_log_p, out_log_q);
        return;
    }
    const double tiny = 1e-300;
    double b = x + 1 - a;
    double c = 1 / tiny;
    double d = 1 / b;
    double h = d;
    for (int i = 1; i < ITERATIONS; i++) {
        double an = -i * (i - a);
        b += 2;
        d = an * d + b;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = b + an / c;
        c = fabs(c) < tiny ? tiny : c;
        double factor = d * c;
        h *= factor;
        if (fabs(factor - 1) < 1e-16)
            break;
    }
    finish(front + log(h), false, out_log_p, out_log_q);
}

/* The continued fraction of the incomplete beta function by Lentz's method. */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1;
    double d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double h = d;
    for (int m = 1; m < ITERATIONS; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 + even * d;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = 1 + even / c;
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 + odd * d;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = 1 + odd / c;
        c = fabs(c) < tiny ? tiny : c;
        double factor = d * c;
        h *= factor;
        if (fabs(factor - 1) < 1e-16)
            break;
    }
    return h;
}

/* ln (x^a y^b / B(a, b)); for large a and b around the mode, where the terms nearly cancel. */
static double beta_front(double a, double b, double x, double y)
{
    if (fmin(a, b) < 10)
        return a * log(x) + b * log(y) - stats_special_log_beta(a, b);
    double mean = a / (a + b);
    double other = b / (a + b);
    double diff = x < 0.5 ? x - mean : other - y;
    double log_x = fabs(diff) < 0.1 * mean ? log1p(diff / mean) : log(x / mean);
    double log_y = fabs(diff) < 0.1 * other ? log1p(-diff / other) : log(y / other);
    double scale = 0.5 * log(a * other) - LOG_SQRT_2PI - stirling_rest(a) - stirling_rest(b) +
                   stirling_rest(a + b);
    if (fabs(diff) < 0.05 * fmin(mean, other))
        return scale - a * log1p_gap(diff / mean) - b * log1p_gap(-diff / other);
    return scale + a * log_x + b * log_y;
}

void stats_special_log_beta_sides(double a, double b, double x, double y, double *out_log_lower,
                                  double *out_log_upper)
{
    ASSERT(a > 0 && b > 0);
    if (!(x > 0) || !(y > 0)) {
        bool zero = !(x > 0);
        *out_log_lower = zero ? LOG_TAIL_FLOOR : 0;
        *out_log_upper = zero ? 0 : LOG_TAIL_FLOOR;
        return;
    }
    double front = beta_front(a, b, x, y);
    if (x < (a + 1) / (a + b + 2))
        finish(front + log(beta_fraction(a, b, x) / a), true, out_log_lower, out_log_upper);
    else
        finish(front + log(beta_fraction(b, a, y) / b), false, out_log_lower, out_log_upper);
}
