/* SPDX-License-Identifier: Apache-2.0 */
#include "law.h"

#include "base/rng.h"
#include "stats/dist.h"

#include <math.h>

/* exp() of a greater step underflows the product below. */
#define POISSON_STEP 30.0

double quality_gamma_draw(struct rng *r, double shape)
{
    if (shape < 1)
        return quality_gamma_draw(r, shape + 1) * pow(rng_f64(r) + 1e-300, 1 / shape);
    double d = shape - 1.0 / 3; /* Marsaglia and Tsang 2000 */
    for (;;) {
        double z = rng_normal(r);
        double v = pow(1 + z / sqrt(9 * d), 3);
        if (v > 0 && log(rng_f64(r) + 1e-300) < 0.5 * z * z + d - d * v + d * log(v))
            return d * v;
    }
}

double quality_poisson_draw(struct rng *r, double mean)
{
    if (mean > 500) /* the normal law is within a hundredth of a deviation */
        return fmax(0, floor(mean + sqrt(mean) * rng_normal(r) + 0.5));
    double k = 0;
    for (double left = mean; left > 0; left -= POISSON_STEP) {
        double end = exp(-fmin(left, POISSON_STEP));
        for (double product = rng_f64(r); product > end; product *= rng_f64(r))
            k++;
    }
    return k;
}

static bool is_whole(const struct quality_law *l)
{
    return l->kind == QUALITY_POISSON || l->kind == QUALITY_NEGBIN;
}

/* ln(1 - exp(x)) for x <= 0 */
static double log_not(double x)
{
    return x > -M_LN2 ? log(-expm1(fmin(x, -1e-300))) : log1p(-exp(x));
}

static double log_add(double a, double b)
{
    double high = fmax(a, b);
    return high + log1p(exp(fmin(a, b) - high));
}

static struct stats_tails swap(struct stats_tails t)
{
    return (struct stats_tails){t.upper, t.lower};
}

/* The largest of n values whose tails are t. */
static struct stats_tails largest(struct stats_tails t, double n)
{
    double lower = n * t.lower;
    double upper = t.upper < -20 ? fmin(0, t.upper + log(n)) : log_not(lower);
    return (struct stats_tails){lower, upper};
}

/* The tails without the zeros. */
static struct stats_tails tails(const struct quality_law *l, double x)
{
    switch (l->kind) {
    case QUALITY_POISSON:
        return stats_dist_poisson(floor(x), l->a);
    case QUALITY_NEGBIN:
        return stats_dist_negbin(floor(x), l->a, l->b);
    case QUALITY_NORMAL:
        return stats_dist_normal(x, l->a, l->b);
    case QUALITY_VARIANCE:
        return stats_dist_gamma(x, (l->n - 1) / 2, 2 * l->b * l->b / l->n);
    case QUALITY_TWO: {
        struct stats_tails s = stats_dist_normal(x, l->a, l->b);
        struct stats_tails t = stats_dist_normal(x, l->c, l->b);
        return (struct stats_tails){log_add(log1p(-l->d) + s.lower, log(l->d) + t.lower),
                                    log_add(log1p(-l->d) + s.upper, log(l->d) + t.upper)};
    }
    default:
        break;
    }
    struct stats_tails t = stats_dist_normal(log(fmax(x, 1e-300)), l->a, l->b);
    if (l->kind == QUALITY_MAX)
        return largest(t, l->n);
    if (l->kind == QUALITY_MIN)
        return swap(largest(swap(t), l->n));
    if (l->kind == QUALITY_MEDIAN) {
        double half = (l->n + 1) / 2;
        return (struct stats_tails){stats_dist_beta(exp(t.lower), half, half).lower,
                                    stats_dist_beta(exp(t.upper), half, half).lower};
    }
    return t;
}

double quality_law_draw(const struct quality_law *l, struct rng *r)
{
    if (l->zero > 0 && rng_f64(r) < l->zero)
        return 0;
    switch (l->kind) {
    case QUALITY_POISSON:
        return quality_poisson_draw(r, l->a);
    case QUALITY_NEGBIN:
        return quality_poisson_draw(r, l->a * quality_gamma_draw(r, l->b) / l->b);
    case QUALITY_NORMAL:
        return l->a + l->b * rng_normal(r);
    case QUALITY_LOGNORMAL:
        return exp(l->a + l->b * rng_normal(r));
    case QUALITY_TWO:
        return (rng_f64(r) < l->d ? l->c : l->a) + l->b * rng_normal(r);
    case QUALITY_VARIANCE:
        return quality_gamma_draw(r, (l->n - 1) / 2) * 2 * l->b * l->b / l->n;
    case QUALITY_MEDIAN: {
        double half = (l->n + 1) / 2;
        double above = quality_gamma_draw(r, half);
        double below = quality_gamma_draw(r, half);
        double share = below / (above + below); /* of values below: a beta law */
        double low = -10;
        double high = 10;
        for (int i = 0; i < 40; i++) {
            double middle = (low + high) / 2;
            *(0.5 * erfc(-middle * M_SQRT1_2) < share ? &low : &high) = middle;
        }
        return exp(l->a + l->b * low);
    }
    case QUALITY_MAX:
    case QUALITY_MIN:
        break;
    }
    double sign = l->kind == QUALITY_MAX ? 1 : -1;
    double best = rng_normal(r);
    for (double i = 1; i < l->n; i++)
        best = sign * fmax(sign * best, sign * rng_normal(r));
    return exp(l->a + l->b * best);
}

double quality_law_tail(const struct quality_law *l, double x, bool high)
{
    if (l->zero > 0 && x <= 0)
        return high ? 0 : log(l->zero);
    struct stats_tails t = tails(l, x);
    if (high)
        return log1p(-l->zero) + t.upper;
    return l->zero > 0 ? log_add(log(l->zero), log1p(-l->zero) + t.lower) : t.lower;
}

bool quality_law_at(const struct quality_law *l, double log_p, bool high, double *out)
{
    double sign = high ? 1 : -1;
    double near = quality_law_centre(l); /* its tail is too large, that of far is small enough */
    double step = fmax(fabs(near), 1) * 1e-3;
    double far = near;
    bool signed_law = l->kind == QUALITY_NORMAL || l->kind == QUALITY_TWO;
    if (quality_law_tail(l, near, high) <= log_p) {
        near -= sign * 1e6 * step;
    } else if (!high && !signed_law) {
        far = is_whole(l) ? 0 : near * 1e-30;
        if (quality_law_tail(l, far, high) > log_p)
            return false;
    } else {
        for (; quality_law_tail(l, far, high) > log_p; step *= 2)
            far = near + sign * step;
    }
    bool ratio = !signed_law && near > 0 && far > 0;
    for (int i = 0; i < 100; i++) {
        double middle = ratio ? sqrt(near) * sqrt(far) : (near + far) / 2;
        if (middle == near || middle == far)
            break;
        *(quality_law_tail(l, middle, high) > log_p ? &near : &far) = middle;
    }
    *out = is_whole(l) ? floor(far) : far; /* tails of counts are those of floor(x) */
    return true;
}

/* But for what laws of one kind have in common. */
static double log_density(const struct quality_law *l, double x)
{
    if (l->kind == QUALITY_NEGBIN)
        return x * log(l->a) - (x + l->b) * log(l->a + l->b);
    double y = l->kind == QUALITY_LOGNORMAL ? log(fmax(x, 1e-300)) : x;
    double z = (y - l->a) / l->b;
    return -0.5 * z * z - log(l->b);
}

double quality_law_log_ratio(const struct quality_law *l, const struct quality_law *other, double x)
{
    return log_density(l, x) - log_density(other, x);
}

double quality_law_centre(const struct quality_law *l)
{
    switch (l->kind) {
    case QUALITY_POISSON:
    case QUALITY_NEGBIN:
        return l->a;
    case QUALITY_NORMAL:
        return l->a;
    case QUALITY_TWO:
        return (1 - l->d) * l->a + l->d * l->c;
    case QUALITY_VARIANCE:
        return l->b * l->b * (l->n - 1) / l->n;
    default:
        return exp(l->a);
    }
}
