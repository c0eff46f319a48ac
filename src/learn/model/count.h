#ifndef MODEL_COUNT_H
#define MODEL_COUNT_H

/*
 * Where a whole number lies in the negative binomial law: quick where nobody looks at the digits,
 * exact in the tails.
 *
 * Method: docs/method/model.md, "Law".
 *
 * Ownership: nothing is kept.
 * Threads:   any.
 */

struct model_count_place {
    double upper; /* ln P(at least the number) */
    double lower; /* ln P(at most the number) */
    double self;  /* ln P(the number) */
};

/* The law's variance is mean + mean^2 / size; mean and size > 0. */
void model_count_judge(double k, double mean, double size, struct model_count_place *out);

#endif
