#ifndef MODEL_SCORE_H
#define MODEL_SCORE_H

/*
 * From probabilities to scores of 0 to 100.
 *
 * The anchor is the probability in the light of how many series-buckets are tested a day: a score
 * means the same in every job, and a young job can be right about what is plain. Only lowering
 * comes after the anchor (model/history.h: the job's own past).
 * Formulas and figures: docs/method/score.md.
 *
 * Threads: any; pure functions.
 */

#include <stddef.h>

/*
 * log_p: natural logarithm, <= 0 (more is taken as 0). tests_per_day: series-buckets judged in a
 * day of event time by the detector (less than 100 counts as 100). 0 for p >= 0.01 or so, 75
 * where one false alarm in weeks is expected, >= 90 from p = 1e-20 on, below 100 always.
 */
double model_score_anchor(double log_p, double tests_per_day);

/* The log_p that gives this score: the inverse of the anchor for scores in (0, 99]. */
double model_score_log_p(double score, double tests_per_day);

/*
 * How many times as many chance records of 75 the anchor lets this many tests have as it lets one
 * series have: 1 and more, by the fourth root.
 */
double model_score_leeway(double tests_per_day);

/*
 * One probability for many records of a bucket or of an influencer: the best of them, corrected
 * for how many were looked at, or the weight of many weak ones, whichever is stronger. Correlated
 * signals do not add up as if independent. log_p: n of them, any order; tested: series-buckets from
 * which they were chosen, at least n.
 */
double model_score_combine(const double *log_p, size_t n, double tested);

/*
 * After the strongest record of a bucket explains others (share: the part of this record's excess
 * that came with the same influencers, 0 to 1), this one's log_p is lowered to what is left.
 */
double model_score_explained(double log_p, double share);

#endif
