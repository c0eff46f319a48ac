#ifndef MODEL_MIXTURE_H
#define MODEL_MIXTURE_H

/*
 * A law with several modes: up to four normal laws, each with its share.
 *
 * Begun from a sample (expectation and maximisation, Dempster, Laird and Rubin 1977; the number of
 * parts by Schwarz's criterion 1978), then learned on a value at a time with the responsibilities
 * of its parts (Titterington 1984). Each part's tail is Student's, for as many values as it has
 * seen. Method: docs/method/model.md, "Several modes".
 *
 * Ownership: a value inside whoever has it.
 * Threads:   one owner; judging only reads.
 */

#include "base/buf.h"
#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

#define MODEL_MIXTURE_PARTS 4
#define MODEL_MIXTURE_SAMPLE 512 /* values at most that it is fitted to */

struct model_mixture {
    struct model_mixture_part {
        double mean;
        double variance; /* > 0 */
        double n;        /* values it has seen, faded */
    } part[MODEL_MIXTURE_PARTS];
    unsigned parts; /* 2 or more */
};

struct model_mixture_place {
    double upper; /* ln P(at least x) */
    double lower; /* ln P(at most x) */
    double log_pdf;
};

/*
 * The laws that explain n values (at least 32), least variance `least`. False when one normal law
 * explains them as well, or when the parts lie so close that there is one mode: *out is untouched.
 */
bool model_mixture_fit(const double *x, size_t n, double least, struct model_mixture *out);

void model_mixture_judge(const struct model_mixture *m, double x, struct model_mixture_place *out);
/* keep: what of the past remains, in (0, 1]. */
void model_mixture_learn(struct model_mixture *m, double x, double keep, double least);

void model_mixture_save(const struct model_mixture *m, struct buf *out);
/* False, or a failed cursor, for bytes that no mixture wrote. */
bool model_mixture_load(struct cursor *in, struct model_mixture *out);

#endif
