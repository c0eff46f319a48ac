#ifndef MODEL_EXTREME_H
#define MODEL_EXTREME_H

/*
 * The law of the greatest of many normal values: skewed as the extremes of a bucket are, with a
 * normal tail (Fisher and Tippett 1928). Mirrored, it is that of the least.
 *
 * Method: docs/method/model.md, "Extremes".
 *
 * Ownership: nothing is kept.
 * Threads:   any.
 */

/* How a value lies in the law of mean 0 and variance 1. */
struct model_extreme_place {
    double upper; /* ln P(at least the value) */
    double lower; /* ln P(at most the value) */
    double log_pdf;
};

void model_extreme_judge(double z, struct model_extreme_place *out);
/* The density alone. */
double model_extreme_log_pdf(double z);

#endif
