#ifndef MODEL_NEWCOMERS_H
#define MODEL_NEWCOMERS_H

/*
 * How series begin: the law of first values, by which a series that has no past is judged.
 *
 * Every series is once in its first bucket. What such values have been like says whether this one's
 * is news: too much is; too little never. Families of laws are weighed by how well they foretold,
 * wider while few have been seen, with tails that are learned. All newcomers of one bucket teach as
 * much as one, and those of the first bucket nothing, because then everybody is new.
 * Method: docs/method/newcomers.md.
 *
 * Use, once a bucket: model_newcomers_judge() for each newcomer, then model_newcomers_open() with
 * their number, then model_newcomers_learn() for each in a fixed order.
 *
 * Ownership: a value of the caller; no memory behind it.
 * Threads:   one owner; judging only reads.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "model/series.h"

#define MODEL_NEWCOMERS_LAWS 3

struct model_newcomers {
    struct model_params params;
    double tau;       /* buckets after which what was learned has faded to 1/e */
    ts_ns last;       /* the last bucket with newcomers; TIME_NONE before the first */
    uint64_t lessons; /* buckets that taught something */
    double weight;    /* the same, faded, */
    double squared;   /* and the sum of the squares of what each still weighs */
    double log_mean;  /* of the values' logarithms, and their squared deviations */
    double log_squares;
    double mean; /* the same of the values themselves */
    double squares;
    double evidence[MODEL_NEWCOMERS_LAWS]; /* faded log predictive probability of each law */
    double outer;                          /* values in the outer 5 %, */
    double excess;                         /* and the sum of how far, in -ln p beyond that */
    double share; /* what each newcomer of the open bucket weighs; not saved */
    bool plain;   /* a value was not positive: logarithms say nothing */
};

void model_newcomers_init(struct model_newcomers *m, const struct model_params *params);

/* Whether such a value says anything: nothing, or less, is no amount. */
bool model_newcomers_takes(const struct model_newcomers *m, double value);

/* An observation's weight and fraction are not looked at: only too much is news. */
void model_newcomers_judge(const struct model_newcomers *m, const struct model_observation *o,
                           struct model_judgement *out);

/* The bucket at `time` has so many newcomers (> 0), whose values are taken. */
void model_newcomers_open(struct model_newcomers *m, ts_ns time, size_t newcomers);
void model_newcomers_learn(struct model_newcomers *m, const struct model_observation *o);

void model_newcomers_save(const struct model_newcomers *m, struct buf *out);
/* ERR_FORMAT for bytes no such model wrote, ERR_VERSION for a newer form. */
ERR_MUST_CHECK enum err model_newcomers_load(struct cursor *in, const struct model_params *params,
                                             struct model_newcomers *out);

#endif
