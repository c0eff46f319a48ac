#ifndef MODEL_SERIES_H
#define MODEL_SERIES_H

/*
 * What is learned about one metric series: one number a bucket.
 *
 * A series has a level that may drift, a daily and a weekly season once the data have shown them,
 * and a law for what is left over: several families of distribution, weighted by how well each
 * foretold what came, wider while little is known. A value is judged before it is learned. What is
 * learned from a value far outside is damped, so that an attack does not become normal at once; a
 * shift that lasts is adopted within hours. The run of the last 12 buckets is judged as well.
 * Method: docs/method/model.md.
 *
 * Use, once a bucket and series: model_series_judge(), then model_series_learn(), both with the
 * same observation; or model_series_judge_and_learn(), which works out once what both need; or
 * model_series_skip() for a run of buckets without data.
 *
 * Ownership: model_series_new() and _load() make the series, model_series_free() ends it. Judging
 *            allocates nothing; learning allocates at most once a kind of season, when the data
 *            first give reason to look for it, and model_series_allow() lets it (memory short: the
 *            series goes on without).
 * Threads:   one owner; judging only reads.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum model_kind {
    MODEL_COUNT,   /* whole numbers >= 0: count, distinct_count; an empty bucket is a 0 */
    MODEL_SUM,     /* >= 0 as a rule: sum; an empty bucket is a 0 */
    MODEL_VALUE,   /* any number: mean, min, max, median; an empty bucket is no value */
    MODEL_CONTENT, /* bytes of so many names: info_content; an empty bucket is a 0 */
};

enum model_side { MODEL_BOTH, MODEL_HIGH, MODEL_LOW };

struct model_params {
    ts_ns bucket_span; /* > 0 */
    enum model_kind kind : 8;
    enum model_side side : 8; /* which side is an anomaly */
    bool empty_is_nothing;    /* non_zero_count, non_null_sum: empty buckets say nothing */
};

struct model_observation {
    ts_ns time;    /* start of the bucket */
    double value;  /* NaN and infinities are taken as 0 and the largest finite number */
    double weight; /* how many events are behind a MODEL_VALUE (mean of many varies less), how many
                      names a MODEL_CONTENT holds; else 1 */
    double fraction; /* share of the bucket seen so far, in (0, 1]; below 1 only the high side is
                        judged (interim results) and nothing may be learned */
};

struct model_judgement {
    double log_p;        /* ln of the probability of something at least as unusual; <= 0 */
    double single_log_p; /* of this bucket alone */
    double multi_log_p;  /* of the last 12 buckets together */
    double multi_bucket; /* -5 (this bucket alone) to +5 (the run) */
    double typical;      /* the value expected now */
    double lower;        /* 95 % of what the model expects lies in [lower, upper] */
    double upper;
    double confidence;  /* 0 nothing learned, to 1 all that is needed */
    bool judged;        /* false: too little learned to say anything, log_p is 0 */
    bool high;          /* the value lies above typical */
    bool high_variance; /* the series varies so much that the score was held back */
    bool multimodal;    /* the law has several modes */
};

struct model_series;

/* NULL when memory is short. */
struct model_series *model_series_new(const struct model_params *params);
void model_series_free(struct model_series *s); /* NULL is fine */

/* What the series takes from the heap now. */
size_t model_series_memory(const struct model_series *s);

/* What a series may begin that takes more memory than it has. */
enum model_growth {
    MODEL_GROWTH_ANY,
    MODEL_GROWTH_DAY,  /* the day and the variance by the hour; no week, cycle, sample or modes */
    MODEL_GROWTH_NONE, /* nothing but what it keeps of outliers */
};

/* Until said otherwise (ANY at first; not saved). What is not begun is begun when it may be. */
void model_series_allow(struct model_series *s, enum model_growth growth);
/* Whether the last bucket learned was reason to begin something that was not allowed. */
bool model_series_wanted_more(const struct model_series *s);

/* The series will be judged soon: the processor's cache may begin to fetch it. */
void model_series_approach(const struct model_series *s);

void model_series_judge(const struct model_series *s, const struct model_observation *o,
                        struct model_judgement *out);

/* Times may repeat or go back; a bucket before the last one learned is learned as if it were next.
 */
void model_series_learn(struct model_series *s, const struct model_observation *o);

/* Both, with the same outcome; but what is expected (typical, lower, upper) is said only where
 * log_p is below told, and 0 elsewhere. */
void model_series_judge_and_learn(struct model_series *s, const struct model_observation *o,
                                  double told, struct model_judgement *out);

/*
 * `buckets` empty buckets from `first` on, in time that does not depend on their number. For
 * empty_is_nothing and MODEL_VALUE only time passes; else they are zeros that nobody wants judged.
 */
void model_series_skip(struct model_series *s, ts_ns first, uint64_t buckets);

/*
 * From now on what used to come at an hour comes `by` earlier (|by| below a day), as everybody's
 * does who puts the clock forward: seasons and recurring outliers follow.
 */
void model_series_shift(struct model_series *s, ts_ns by);

/* ln of the probability that a bucket is empty (value 0): lets a caller pass over series whose
 * silence is ordinary without judging them. 0 for kinds where empty says nothing. */
double model_series_log_p_empty(const struct model_series *s, ts_ns time);

/* What a series has come to believe for good. */
enum model_change {
    MODEL_CHANGE_NONE,
    MODEL_CHANGE_LEVEL,  /* a new level, or the one before again */
    MODEL_CHANGE_CLOCK,  /* its hours have moved: summer time */
    MODEL_CHANGE_SPREAD, /* it varies more, or less, than it did */
};

struct model_changed {
    enum model_change kind;
    double before;  /* LEVEL: the value that was usual, and */
    double after;   /* that is now */
    ts_ns clock_ns; /* CLOCK: its hours come so much earlier than when they were learned */
};

/* What was adopted with the last bucket learned. */
void model_series_changed(const struct model_series *s, struct model_changed *out);

/* Start of the last bucket learned or skipped; TIME_NONE when none. */
ts_ns model_series_last(const struct model_series *s);

/* Buckets learned so far, faded with age. */
double model_series_weight(const struct model_series *s);

/* The expected value and 95 % bounds of a bucket, for model plots and forecasts. */
void model_series_expect(const struct model_series *s, ts_ns time, double *out_typical,
                         double *out_lower, double *out_upper);

/* A version byte and the whole state: a loaded series judges exactly as the saved one. */
void model_series_save(const struct model_series *s, struct buf *out);
/* ERR_FORMAT for bytes no series wrote, ERR_VERSION for a newer form, ERR_MEMORY. */
ERR_MUST_CHECK enum err model_series_load(struct cursor *in, const struct model_params *params,
                                          struct model_series **out);

#endif
