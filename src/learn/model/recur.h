#ifndef MODEL_RECUR_H
#define MODEL_RECUR_H

/*
 * Outliers that come back at the same hour: the nightly backup, the weekly scan.
 *
 * A season has bins of half an hour and takes no single bucket that is forty times its neighbours.
 * Here the last few outliers are kept by their time of day and size. One that has come on two other
 * days at the same time (give or take a bucket) and of about the same size is expected the third
 * time. Its absence is no news. Method: docs/method/model.md, "Recurring outliers".
 *
 * Ownership: a value inside a series.
 * Threads:   one owner; judging only reads.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/time.h"

#include <stdbool.h>
#include <stdint.h>

#define MODEL_RECUR_SLOTS 6

struct model_recur {
    struct model_recur_slot {
        ts_ns last; /* start of the bucket; TIME_NONE: the slot is free */
        float size; /* mean of the signed logarithm of the value */
        uint32_t n; /* on how many days */
    } slot[MODEL_RECUR_SLOTS];
};

void model_recur_init(struct model_recur *r);

/* ln of the probability of a value at least as far out, were it the one that comes at this hour; a
 * large negative number (-690775.5) when none is expected. */
double model_recur_judge(const struct model_recur *r, ts_ns time, ts_ns span, double value);

/* An outlier came. */
void model_recur_learn(struct model_recur *r, ts_ns time, ts_ns span, double value);

/* All times of day are so much earlier from now on. */
void model_recur_shift(struct model_recur *r, ts_ns by);

void model_recur_save(const struct model_recur *r, struct buf *out);
void model_recur_load(struct cursor *in, struct model_recur *out); /* the cursor keeps a failure */

#endif
