#ifndef QUALITY_LAW_H
#define QUALITY_LAW_H

/*
 * The law that one bucket's value of a generated series is drawn from, so that how improbable an
 * injected value truly is can be said exactly.
 *
 * A law may put a share `zero` of its mass on 0, which for counts and sums is a bucket without
 * data. Laws of extremes and medians are those of n independent lognormal values.
 *
 * Threads: any; a value, and a random generator that the caller owns.
 */

#include <stdbool.h>

struct rng;

enum quality_law_kind {
    QUALITY_POISSON,   /* a: mean */
    QUALITY_NEGBIN,    /* a: mean, b: size */
    QUALITY_NORMAL,    /* a: mean, b: standard deviation */
    QUALITY_LOGNORMAL, /* a, b: of the logarithm */
    QUALITY_TWO,       /* normal about a or, with probability d, about c; b: deviation of both */
    QUALITY_VARIANCE,  /* of n normal values with deviation b */
    QUALITY_MAX,       /* of n lognormal values; a, b: of the logarithm */
    QUALITY_MIN,
    QUALITY_MEDIAN, /* n is odd */
};

struct quality_law {
    enum quality_law_kind kind;
    double a;
    double b;
    double c;
    double d;
    double n;
    double zero;
};

double quality_law_draw(const struct quality_law *l, struct rng *r);

/* ln P(X >= x) when high, ln P(X <= x) when not. */
double quality_law_tail(const struct quality_law *l, double x, bool high);

/*
 * The least unusual value whose tail is at most log_p. False when there is none: no whole number is
 * small enough.
 */
bool quality_law_at(const struct quality_law *l, double log_p, bool high, double *out);

/* ln of how much likelier x is by the law l than by other, of the same kind: counts, normal or
 * lognormal values. */
double quality_law_log_ratio(const struct quality_law *l, const struct quality_law *other,
                             double x);

/* Where the law has its middle: the mean of counts, the median of others. */
double quality_law_centre(const struct quality_law *l);

double quality_poisson_draw(struct rng *r, double mean);
double quality_gamma_draw(struct rng *r, double shape);

#endif
