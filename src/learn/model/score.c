/* SPDX-License-Identifier: Apache-2.0 */
#include "model/score.h"

#include <math.h>

/* Decimal digits of evidence at which a score of 75 is reached when little is tested: one false
 * alarm in 10,000 series-buckets, a hundred days of quarters of an hour. Every tenfold of tests
 * beyond LEAST_TESTS a day asks for three quarters of a digit more. */
#define DIGITS_75 4.0
#define DIGITS_PER_TENFOLD 0.75
#define LEAST_TESTS 100.0
#define MOST_DIGITS 300000.0

/* Points of the anchor: score and digits. The first three scale with the digits of a 75. */
#define SHARE_0 0.39
#define SHARE_25 0.54
#define SHARE_50 0.7
#define DIGITS_90 8.0   /* beyond those of a 75 */
#define DIGITS_99 100.0 /* beyond */

static double digits_75(double tests_per_day)
{
    double tests = tests_per_day > LEAST_TESTS ? fmin(tests_per_day, 1e18) : LEAST_TESTS;
    return DIGITS_75 + DIGITS_PER_TENFOLD * log10(tests / LEAST_TESTS);
}

static void points(double tests_per_day, double digits[6], double score[6])
{
    double d = digits_75(tests_per_day);
    digits[0] = d * SHARE_0;
    digits[1] = d * SHARE_25;
    digits[2] = d * SHARE_50;
    digits[3] = d;
    /* However much is tested, 20 digits are plain. */
    digits[4] = fmin(d + DIGITS_90, fmax(20, d + 1));
    digits[5] = digits[4] + DIGITS_99;
    score[0] = 0;
    score[1] = 25;
    score[2] = 50;
    score[3] = 75;
    score[4] = 90;
    score[5] = 99;
}

double model_score_anchor(double log_p, double tests_per_day)
{
    double digits[6];
    double score[6];
    double d = fmin(-log_p / M_LN10, MOST_DIGITS);
    points(tests_per_day, digits, score);
    if (!(d > digits[0]))
        return 0;
    for (int i = 1; i < 6; i++)
        if (d < digits[i])
            return score[i - 1] +
                   (score[i] - score[i - 1]) * (d - digits[i - 1]) / (digits[i] - digits[i - 1]);
    return 99 + (1 - digits[5] / d) * 0.99;
}

double model_score_log_p(double score, double tests_per_day)
{
    double digits[6];
    double point[6];
    points(tests_per_day, digits, point);
    if (!(score > 0))
        return -digits[0] * M_LN10;
    for (int i = 1; i < 6; i++)
        if (score <= point[i])
            return -M_LN10 * (digits[i - 1] + (digits[i] - digits[i - 1]) * (score - point[i - 1]) /
                                                  (point[i] - point[i - 1]));
    return -digits[5] * M_LN10;
}

double model_score_leeway(double tests_per_day)
{
    double tests = tests_per_day > LEAST_TESTS ? fmin(tests_per_day, 1e18) : LEAST_TESTS;
    return pow(tests / LEAST_TESTS, 1 - DIGITS_PER_TENFOLD);
}

double model_score_combine(const double *log_p, size_t n, double tested)
{
    if (n == 0)
        return 0;
    double best = 0;
    double weight = 0; /* sum of 1/p, as a logarithm */
    for (size_t i = 0; i < n; i++) {
        double p = fmin(log_p[i], 0);
        best = fmin(best, p);
    }
    for (size_t i = 0; i < n; i++)
        weight += exp(best - fmin(log_p[i], 0));
    double count = fmax(tested, (double)n);
    /* The harmonic mean of n probabilities, the untested ones as 1 (Wilson 2019): dependence does
     * little to it; ln of n / sum(1/p). */
    double harmonic = best - log(weight) + log(count);
    return fmin(harmonic, 0);
}

double model_score_explained(double log_p, double share)
{
    double left = 1 - fmin(fmax(share, 0), 1);
    return fmin(log_p, 0) * left;
}
