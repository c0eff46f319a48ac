#ifndef MODEL_SAMPLE_H
#define MODEL_SAMPLE_H

/*
 * A stretch of a series' values, kept while there is reason to look at it more closely: for a cycle
 * whose length is not known, and for several modes.
 *
 * Holds up to 512 values in half a kilobyte each two; when it is full its neighbours are put
 * together two by two, so that longer and longer cycles can be seen. A cycle is proposed by peaks
 * of the autocorrelation, made precise by its multiples, and believed when the mean course of the
 * first half foretells the second (epoch folding, Leahy et al. 1983, with a test on what was not
 * folded). Method: docs/method/model.md, "Other cycles".
 *
 * Ownership: model_sample_new() makes it, model_sample_free() ends it.
 * Threads:   one owner.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_SAMPLE_MOST 512

struct model_sample;

/* Values are kept as differences from origin in steps of a 256th of scale (> 0). seasonal: for the
 * owner, whether they are freed of seasons. NULL when memory is short. */
struct model_sample *model_sample_new(double origin, double scale, bool seasonal);
void model_sample_free(struct model_sample *s); /* NULL is fine */
/* Of one that is full: less is taken before. */
size_t model_sample_memory(void);
bool model_sample_is_seasonal(const struct model_sample *s);
/* Buckets of the owner that one value stands for: a power of two. */
uint32_t model_sample_fold(const struct model_sample *s);

/* True when there are as many as a look is worth: 128, 256 or 512. The sample grows, and may move;
 * when memory is short the value is left out. */
bool model_sample_add(struct model_sample **s, double x);
/* How often it was worth a look since it was begun or halved. */
unsigned model_sample_looks(const struct model_sample *s);
bool model_sample_is_full(const struct model_sample *s);
/* When it is full: two by two. True when that was done. */
bool model_sample_halve(struct model_sample *s);

/* Copies the values to out, which holds MODEL_SAMPLE_MOST; how many. */
size_t model_sample_values(const struct model_sample *s, double *out);

/* Length of the cycle in the owner's buckets; 0 when none is seen. */
double model_sample_cycle(const struct model_sample *s);

void model_sample_save(const struct model_sample *s, struct buf *out);
ERR_MUST_CHECK enum err model_sample_load(struct cursor *in, struct model_sample **out);

#endif
