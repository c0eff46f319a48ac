#ifndef STATS_DIST_H
#define STATS_DIST_H

/*
 * Distributions, by the logarithms of both tails.
 *
 * `lower` is ln P(X <= x); `upper` is ln P(X >= x): for whole-number laws x itself counts in both,
 * which is what "at least as extreme" asks. All finite and <= 0; a tail below 1e-300000 is cut
 * there.
 *
 * Threads: any; pure functions.
 */

struct stats_tails {
    double lower;
    double upper;
};

struct stats_tails stats_dist_normal(double x, double mean, double sd);
/* Location and scale of Student's t with nu > 0 degrees of freedom. */
struct stats_tails stats_dist_student(double x, double location, double scale, double nu);
struct stats_tails stats_dist_gamma(double x, double shape, double scale);
struct stats_tails stats_dist_poisson(double k, double mean);
/* Mean and size: variance mean + mean^2 / size. */
struct stats_tails stats_dist_negbin(double k, double mean, double size);
struct stats_tails stats_dist_beta(double x, double a, double b);

/* ln of density or probability. */
double stats_dist_normal_log_pdf(double x, double mean, double sd);
double stats_dist_student_log_pdf(double x, double location, double scale, double nu);
double stats_dist_gamma_log_pdf(double x, double shape, double scale);
double stats_dist_poisson_log_pmf(double k, double mean);
double stats_dist_negbin_log_pmf(double k, double mean, double size);

/* ln of a two-sided probability: twice the smaller tail, at most 1. */
double stats_dist_two_sided(struct stats_tails t);

#endif
