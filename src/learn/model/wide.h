#ifndef MODEL_WIDE_H
#define MODEL_WIDE_H

/*
 * A law with two widths: most values are normal, a share of them several times as wide about the
 * same centre (the contaminated normal law, Tukey 1960).
 *
 * Share and width are learned a value at a time by the responsibility of the wide part (expectation
 * and maximisation, Dempster, Laird and Rubin 1977, with faded sums as in Titterington 1984).
 * Method: docs/method/model.md, "Two widths".
 *
 * Ownership: a value inside whoever has it.
 * Threads:   one owner; judging only reads.
 */

#include <stdbool.h>

struct model_wide {
    float n;       /* values learned, faded */
    float share;   /* of the values, that are wide */
    float squares; /* of all squares, that are theirs */
};

struct model_wide_place {
    double log_pdf; /* of z, where the law as a whole has variance 1 */
    double wide;    /* probability that this is a wide one */
};

void model_wide_init(struct model_wide *w);
void model_wide_judge(const struct model_wide *w, double z, struct model_wide_place *out);
/* ln P(beyond |z|) on one side; nu: values that the spread of most is known from. */
double model_wide_tail(const struct model_wide *w, double z, double nu);
/* keep: what of the past remains, in (0, 1]. wide: as judged. */
void model_wide_learn(struct model_wide *w, double z, double wide, double keep);
/* Whether learning can have come to this. */
bool model_wide_is_sound(const struct model_wide *w);

#endif
