#ifndef FIND_TALLY_H
#define FIND_TALLY_H

/*
 * What aggregations have counted so far: for each definition a state, in each state of a definition
 * that makes buckets a bucket for each key, in each bucket states again.
 *
 * Documents are counted by walking down (find_tally_collect); groups that the worker counted are
 * added to the bucket at their path (plan.c). docs/method/find.md, "Aggregations".
 *
 * Memory is counted against a limit; what does not fit ends the search with an error.
 *
 * Ownership: find_tally_free() frees all.
 * Threads:   one owner.
 */

#include "find/agg.h"
#include "find/digest.h"
#include "find/top.h"
#include "stats/distinct.h"

#define FIND_BUCKETS_MAX 65536 /* of an answer: search.max_buckets of Elasticsearch */

struct find_tally;
struct find_state;

struct find_bucket {
    uint64_t docs;
    uint64_t stamp;           /* the document counted last */
    bool complete;            /* nothing more will come: the worker's row was added */
    struct event_value *keys; /* one, or of a composite one for each source */
    struct find_state **sub;  /* one for each definition below; NULL: nothing yet */
};

/* Sum with what rounding lost (Neumaier 1974). */
struct find_sum {
    double sum;
    double lost;
    uint64_t count;
    double least;
    double greatest;
};

struct find_state {
    const struct find_agg *agg;
    struct find_sum sum;            /* sum, avg, min, max, value_count, stats */
    struct stats_distinct distinct; /* cardinality */
    struct find_digest digest;      /* percentiles */
    struct find_top *top;           /* top_hits */
    struct find_bucket **buckets;   /* in order of making; fixed ones by case */
    size_t n;
    size_t cap;
    uint32_t *index; /* keyed: open addressing, number + 1 */
    size_t index_cap;
    uint64_t other; /* documents in buckets that were dropped */
    size_t shown;   /* of buckets, once the answer is cut (reduce.h) */
    size_t drop_at; /* buckets at which find_tally_thin() drops; 0: not yet known */
};

struct find_tally_options {
    size_t memory;
    uint64_t seed; /* of the hashes */
};

/* The definitions are borrowed. NULL without memory. */
struct find_tally *find_tally_new(const struct find_aggs *aggs,
                                  const struct find_tally_options *options);
void find_tally_free(struct find_tally *t); /* NULL is fine */
struct find_bucket *find_tally_root(const struct find_tally *t);
/* ERR_NONE, ERR_MEMORY, or ERR_LIMIT when the limit was passed: nothing is counted since. */
enum err find_tally_error(const struct find_tally *t);
/* Whether there are more buckets than an answer may have. */
bool find_tally_is_crowded(const struct find_tally *t);
/* The most bytes that were taken at once. */
size_t find_tally_memory(const struct find_tally *t);

/* Counts a document in the root and all below. */
void find_tally_collect(struct find_tally *t, const struct find_doc *doc);

/* The state of the definition number i below a bucket, made when it is new; NULL after an error. */
struct find_state *find_tally_state(struct find_tally *t, const struct find_agg *parent,
                                    struct find_bucket *b, size_t i);
/*
 * The bucket of these keys, made when it is new and make is set; else NULL. Also NULL for keys that
 * the definition does not want, and after an error.
 */
struct find_bucket *find_tally_bucket(struct find_tally *t, struct find_state *s,
                                      const struct event_value *keys, bool make);

/* A key as the worker gives it (look.h), as the bucket has it; false: no bucket. */
bool find_tally_key(const struct find_agg *a, size_t source, const struct event_value *given,
                    struct event_value *out, struct find_room *room);

/*
 * Adds what the worker measured, how many values, sum, least and greatest, to a metric; what the
 * metric does not need may be nothing.
 */
void find_tally_measure(struct find_state *s, const struct event_value v[4]);
/* A value that came count times, to cardinality or percentiles. */
void find_tally_value(struct find_tally *t, struct find_state *s, const struct event_value *v,
                      uint64_t count);

/* Which of two buckets comes first, by the definition's orders. */
int find_tally_compare(const struct find_agg *a, const struct find_bucket *x,
                       const struct find_bucket *y);
/* A number of a bucket's aggregations by an order's path; NaN: there is none. */
double find_tally_number(const struct find_agg *a, const struct find_bucket *b,
                         const struct find_order *o);

/* The same of one metric. */
double find_tally_metric(const struct find_state *s, const char *property);

/* Whether order and choice of buckets need only what one row of the worker gives. */
bool find_tally_can_drop(const struct find_agg *a);
/*
 * Drops the buckets that cannot be in the answer: of complete ones (or, with all, of all) those
 * after the first `size` in order. Their documents are counted in other.
 */
void find_tally_drop(struct find_tally *t, struct find_state *s, bool all);
/* The same, complete ones only, when there are many more than can be in the answer. */
void find_tally_thin(struct find_tally *t, struct find_state *s);
/* Puts the buckets in the order of the definition. */
void find_tally_sort(struct find_state *s);

#endif
