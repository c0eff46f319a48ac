#ifndef MODEL_POPULATION_H
#define MODEL_POPULATION_H

/*
 * What is learned about a population: the members of an `over` field, judged by their peers.
 *
 * One population belongs to one detector, partition and by value. A member's value in a bucket is
 * judged, on a scale fit for heavy tails, against what members like it bring (new ones against new
 * ones and all, old ones against all) and against the member's own history; both must find it
 * unusual. So the port that is always the largest is no finding, and a port that never carried
 * anything and now carries most of it is, from its first bucket on.
 * Method: docs/method/population.md.
 *
 * Use, once a bucket: model_population_judge() for every member that has a value, then
 * model_population_learn() for the same members in a fixed order, then model_population_close().
 *
 * Ownership: a population and its members are values of the caller; no memory behind them.
 * Threads:   one owner; judging only reads.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "model/series.h"

#define MODEL_POPULATION_BINS 96 /* half an e-fold each, from 1 on */
#define MODEL_POPULATION_TOPS 32

/* One a detector, partition and by value; about 2 KB. */
struct model_population {
    struct model_params params;
    double tau;                         /* buckets after which what was learned has faded to 1/e */
    uint64_t closed;                    /* buckets with data */
    uint64_t members;                   /* seen so far */
    double all_weight;                  /* faded number of member values */
    double first_weight;                /* faded number of members' first values */
    float all[MODEL_POPULATION_BINS];   /* faded histogram of values on a log scale */
    float first[MODEL_POPULATION_BINS]; /* the same of members' first values */
    float tops[MODEL_POPULATION_TOPS];  /* the largest value of each of the last buckets */
    uint32_t tops_n;
    double top_middle; /* their median */
    double top_spread; /* and squared spread */
    double top_new;    /* faded number of buckets whose largest value was a new member's */
    double per_bucket; /* faded mean of members a bucket */
    double within;     /* members' squared deviations from themselves, and how many */
    double within_weight;
    double own_outer;  /* values in the outer 5 % of their member's own law, */
    double own_excess; /* and the sum of how far, in -ln p beyond that */
    ts_ns last;
    /* As of the last bucket closed: values above each bin's start, and the tails' fits. */
    float all_above[MODEL_POPULATION_BINS];
    float first_above[MODEL_POPULATION_BINS];
    struct model_tail {
        double total;
        double threshold; /* start of the tail */
        double above;     /* values in it */
        double excess;    /* their mean excess */
    } all_tail, first_tail;
    double quantile[3]; /* 2.5, 50 and 97.5 % of all */
    /* The bucket in progress. */
    double open_top;
    bool open_top_new;
    uint64_t open_members;
};

/* 48 bytes: what is kept for one member. */
struct model_member {
    double mean;   /* of the logarithm of its values */
    double spread; /* sum of squared deviations */
    float weight;  /* faded number of values; outliers count little */
    uint32_t seen; /* buckets with a value */
    ts_ns first;   /* start of the first bucket learned; TIME_NONE before */
    ts_ns last;    /* start of the last one */
};

void model_population_init(struct model_population *p, const struct model_params *params);
void model_member_init(struct model_member *m); /* a member never seen */

/* An observation's weight and fraction are as for a series. */
void model_population_judge(const struct model_population *p, const struct model_member *m,
                            const struct model_observation *o, struct model_judgement *out);

void model_population_learn(struct model_population *p, struct model_member *m,
                            const struct model_observation *o);

/*
 * ln of the chance that a member brings `value` events or more when events come in bursts about as
 * often as the population, or the member if that is more, has them: a geometric law. For small
 * counts with many zeros, whose logarithms have hardly a spread: the lesser of the two surprises
 * holds. docs/method/freq_rare.md.
 */
double model_population_burst_log_p(const struct model_population *p, const struct model_member *m,
                                    double value);

/* The bucket at `time` is over; empty buckets need not be closed one by one. */
void model_population_close(struct model_population *p, ts_ns time);

void model_population_save(const struct model_population *p, struct buf *out);
ERR_MUST_CHECK enum err model_population_load(struct cursor *in, const struct model_params *params,
                                              struct model_population *out);
void model_member_save(const struct model_member *m, struct buf *out);
ERR_MUST_CHECK enum err model_member_load(struct cursor *in, struct model_member *out);

#endif
