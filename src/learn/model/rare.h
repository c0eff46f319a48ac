#ifndef MODEL_RARE_H
#define MODEL_RARE_H

/*
 * How rare a by value is: in time (`rare by x`), or in a population (`rare by x over y`).
 *
 * Seen before is not a set: each value has a frequency, the share of buckets (or of members) in
 * which it occurs, that fades with age. A value is rare against the others: the probability is the
 * chance that a bucket of this pool shows a value as seldom as this one, so that where every value
 * is rare, one more rare value is no news. Nothing is said before MODEL_RARE_LEARN buckets.
 * Method: docs/method/rare.md.
 *
 * Use, once a bucket: model_rare_judge() for every value that occurred, then model_rare_learn() for
 * each, then model_rare_close(). With `over`, a value's members are those that ever had it: the
 * caller passes how many (exact or estimated), of how many members in all.
 *
 * Ownership: pool and values are values of the caller; no memory behind them.
 * Threads:   one owner; judging only reads.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "model/series.h"

#define MODEL_RARE_LEARN 20
#define MODEL_RARE_BINS 48

/* One a detector and partition. */
struct model_rare {
    ts_ns bucket_span;
    ts_ns first;     /* first bucket with data; TIME_NONE before */
    ts_ns last;      /* last bucket closed */
    double buckets;  /* faded number of buckets with data */
    double counted;  /* of them, those in which occurrences were tallied */
    uint64_t values; /* values ever seen */
    /* Faded tally of occurrences by how often the value had been met then, on a log scale. */
    float seen[MODEL_RARE_BINS];
    bool open; /* the bucket in progress has data */
};

/* 16 bytes: one a by value. */
struct model_rare_value {
    ts_ns last;    /* start of the last bucket in which it occurred; TIME_NONE when none */
    float count;   /* faded number of them */
    uint32_t seen; /* buckets in all */
};

void model_rare_init(struct model_rare *r, ts_ns bucket_span);
void model_rare_value_init(struct model_rare_value *v);

struct model_rare_judgement {
    double log_p; /* ln probability; 0 when nothing can be said */
    bool judged;
    bool first;       /* by_field_first_occurrence */
    double frequency; /* share of buckets (members) that have the value, faded */
    double relative;  /* by_field_relative_rarity: how much rarer than what usually occurs, >= 0 */
};

/* members and of are 0 without over: members that have the value now, this bucket included, and all
 * members known. */
void model_rare_judge(const struct model_rare *r, const struct model_rare_value *v, ts_ns time,
                      double members, double of, struct model_rare_judgement *out);
void model_rare_learn(struct model_rare *r, struct model_rare_value *v, ts_ns time, double members,
                      double of);
/* The bucket at `time` is over. */
void model_rare_close(struct model_rare *r, ts_ns time);

void model_rare_save(const struct model_rare *r, struct buf *out);
ERR_MUST_CHECK enum err model_rare_load(struct cursor *in, ts_ns bucket_span,
                                        struct model_rare *out);
void model_rare_value_save(const struct model_rare_value *v, struct buf *out);
ERR_MUST_CHECK enum err model_rare_value_load(struct cursor *in, struct model_rare_value *out);

#endif
