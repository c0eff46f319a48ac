#ifndef STATS_SPECIAL_H
#define STATS_SPECIAL_H

/*
 * Special functions, in logarithms where they would underflow.
 *
 * Methods: log gamma by Lanczos (g = 7, n = 9) and Stirling's series; incomplete gamma and beta by
 * series and Lentz's continued fraction, as in DiDonato and Morris (1986, 1992) and Temme (1979);
 * the normal tail by Mills' ratio as a continued fraction. Relative error of a logarithm 1e-10 or
 * better over the ranges in tests/core/stats/special.csv, which mpmath computed.
 *
 * Threads: any; pure functions.
 */

double stats_special_log_gamma(double x); /* x > 0 */
double stats_special_digamma(double x);   /* x > 0 */
double stats_special_log_beta(double a, double b);

/* ln of the standard normal's distribution function, and of its complement. */
double stats_special_log_normal(double z);
double stats_special_log_normal_tail(double z);
double stats_special_normal_quantile(double log_p); /* z with log_normal(z) = log_p */

/* ln P(a, x) and ln Q(a, x), a > 0, x >= 0: the two sides of the incomplete gamma function. */
void stats_special_log_gamma_sides(double a, double x, double *out_log_p, double *out_log_q);

/* ln I_x(a, b) and ln (1 - I_x(a, b)); y = 1 - x is given too, so that neither loses digits. */
void stats_special_log_beta_sides(double a, double b, double x, double y, double *out_log_lower,
                                  double *out_log_upper);

/* ln (exp a + exp b), ln (1 - exp a) for a <= 0. */
double stats_special_log_add(double a, double b);
double stats_special_log_1m(double a);

#endif
