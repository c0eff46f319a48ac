#ifndef DETECT_RESULT_H
#define DETECT_RESULT_H

/*
 * What a job finds, as structs, and as the documents that Elasticsearch's results API returns.
 *
 * A result is one of the kinds below; its document has the keys of that kind, with times in epoch
 * milliseconds and spans in seconds. Probabilities lie in [DETECT_PROBABILITY_MIN, 1], scores in
 * [0, 100], and no number is ever infinite or not a number.
 *
 * Ids are deterministic: <job>_record_<ms>_<span s>_<detector>_<hash of values>_<their length>,
 * <job>_bucket_<ms>_<span>, <job>_influencer_<ms>_<span>_<field>_<hash>_<length>,
 * <job>_bucket_influencer_<ms>_<span>_<field>,
 * <job>_model_plot_<ms>_<span>_<detector>_<hash>_<length>, <job>_model_size_stats_<ms>,
 * <job>_model_snapshot_<snapshot id>,
 * <job>_model_forecast_<forecast id>_<ms>_<span>_<detector>_<hash>_<length>,
 * <job>_model_forecast_request_stats_<forecast id>, <job>_category_definition_<category id>,
 * <job>_categorizer_stats_<ms>_<hash>_<length>.
 *
 * Ownership: a result handed to a sink is borrowed until the call returns.
 * Threads:   any.
 */

#include "base/bytes.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

#define DETECT_PROBABILITY_MIN 2.2250738585072014e-308
#define DETECT_CAUSES_MAX 10

enum detect_result_type {
    DETECT_RESULT_BUCKET,
    DETECT_RESULT_RECORD,
    DETECT_RESULT_INFLUENCER,
    DETECT_RESULT_BUCKET_INFLUENCER,
    DETECT_RESULT_MODEL_PLOT,
    DETECT_RESULT_MODEL_SIZE_STATS,
    DETECT_RESULT_MODEL_SNAPSHOT,
    DETECT_RESULT_MODEL_FORECAST,
    DETECT_RESULT_FORECAST_REQUEST,
    DETECT_RESULT_OVERALL_BUCKET, /* computed, not stored: has no id */
    DETECT_RESULT_ANNOTATION,     /* what a series' model has come to believe */
    DETECT_RESULT_CATEGORY,       /* what messages of a category have in common */
    DETECT_RESULT_CATEGORIZER_STATS,
};

/* "bucket", "record" …: the value of result_type. */
const char *detect_result_type_name(enum detect_result_type type);

/* The values of one influencer field that carry an anomaly, heaviest first. */
struct detect_influence {
    const char *field;
    const struct bytes *values;
    size_t n;
};

/* Degrees. */
struct detect_place {
    double lat;
    double lon;
};

/* Why a record has the score it has. */
struct detect_explanation {
    bool spike; /* else a dip */
    bool has_type;
    bool has_bounds;
    bool has_typical;
    int anomaly_length;       /* buckets in a row; 0: not said */
    int single_bucket_impact; /* 0 to 100 */
    int multi_bucket_impact;
    int characteristics_impact;
    double lower_bound;
    double typical;
    double upper_bound;
    bool high_variance_penalty;
    bool incomplete_bucket_penalty;
    bool multimodal_distribution;
    bool by_first_occurrence;
    double by_relative_rarity; /* 0: not said */
};

/* One member of a population that makes a record. Strings are empty where there is none. */
struct detect_cause {
    struct bytes by;
    double probability;
    double typical;
    double actual;
    struct detect_place typical_place; /* where the record has places */
    struct detect_place actual_place;
    const struct detect_influence *influences; /* who carried this one */
    size_t n_influences;
};

/* Names are NULL and values {NULL, 0} where the detector has no such field. */
struct detect_record {
    unsigned detector;
    const char *function;    /* "high_sum" */
    const char *description; /* "sum" */
    const char *field_name;
    const char *by_name;
    const char *over_name;
    const char *partition_name;
    struct bytes by;
    struct bytes over;
    struct bytes partition;
    double probability;
    double score;
    double initial_score;
    double multi_bucket_impact; /* -5 to 5 */
    bool has_values;            /* typical and actual are there */
    double typical;
    double actual;
    bool has_places; /* typical and actual are places */
    struct detect_place typical_place;
    struct detect_place actual_place;
    struct detect_explanation why;
    const struct detect_influence *influences;
    size_t n_influences;
    const struct detect_cause *causes;
    size_t n_causes;
    struct bytes category_terms; /* of the message category that it splits by; {NULL, 0}: none */
    double surprise; /* −log10 of the probability in the light of the tests; not written */
};

struct detect_bucket_influencer {
    const char *field; /* "bucket_time" for the bucket itself */
    double score;
    double initial_score;
    double raw_score;
    double probability;
};

struct detect_bucket {
    double score;
    double initial_score;
    uint64_t event_count;
    const struct detect_bucket_influencer *influencers;
    size_t n_influencers;
    const char *const *scheduled; /* descriptions of the events that concern it */
    size_t n_scheduled;
};

struct detect_influencer {
    const char *field;
    struct bytes value;
    double score;
    double initial_score;
    double probability;
};

struct detect_annotation {
    unsigned detector;
    const char *by_name; /* NULL where the detector has none, or for a summary */
    const char *over_name;
    const char *partition_name;
    struct bytes by;
    struct bytes over;
    struct bytes partition;
    const char *text;
};

struct detect_model_plot {
    unsigned detector;
    const char *feature;
    const char *by_name;
    const char *over_name;
    const char *partition_name;
    struct bytes by;
    struct bytes over;
    struct bytes partition;
    double lower;
    double median;
    double upper;
    double actual;
    bool has_actual;
};

/* One bucket of one series, foretold. */
struct detect_forecast_point {
    const char *id; /* of the forecast */
    unsigned detector;
    const char *feature;
    const char *by_name;
    const char *partition_name;
    struct bytes by;
    struct bytes partition;
    double lower;
    double prediction;
    double upper;
};

/* How a forecast as a whole is doing. */
struct detect_forecast_request {
    const char *id;
    bool finished; /* else started */
    double progress;
    uint64_t memory_bytes; /* of the models copied for it */
    const char *const *messages;
    size_t n_messages;
    ts_ns created;
    ts_ns end;    /* of the last bucket */
    ts_ns expiry; /* TIME_NONE: kept */
    uint64_t documents;
    ts_ns processing_ns;
};

/* The worst of a job in a stretch of time over several jobs. */
struct detect_overall_job {
    const char *id;
    double score;
};

struct detect_overall_bucket {
    double score;
    const struct detect_overall_job *jobs;
    size_t n_jobs;
};

enum detect_memory_status {
    DETECT_MEMORY_OK,
    DETECT_MEMORY_SOFT,
    DETECT_MEMORY_HARD,
};

/* How messages went into categories. */
struct detect_category_counts {
    uint64_t documents;
    uint64_t total;
    uint64_t frequent;
    uint64_t rare;
    uint64_t dead;
    uint64_t failed;
    bool warn;
};

struct detect_categorizer {
    const char *partition_name; /* NULL: the whole job */
    struct bytes partition;
    struct detect_category_counts counts;
};

struct detect_category {
    uint32_t id;
    const char *partition_name; /* NULL: of the whole job */
    struct bytes partition;
    struct bytes terms;
    struct bytes regex;
    const char *const *examples;
    size_t n_examples;
    uint64_t longest; /* bytes of a message that may match */
    uint64_t matches;
    const uint32_t *preferred_to; /* ids */
    size_t n_preferred;
};

struct detect_size_stats {
    uint64_t model_bytes;
    uint64_t peak_model_bytes;
    uint64_t memory_limit;
    uint64_t bytes_exceeded;
    uint64_t allocation_failures;
    uint64_t by_fields;
    uint64_t over_fields;
    uint64_t partition_fields;
    uint8_t status; /* enum detect_memory_status */
    bool settled;   /* so many buckets were closed that its peak says what it needs */
    struct detect_category_counts categories;
};

struct detect_snapshot {
    const char *id;
    const char *description;
    ts_ns latest_record;
    ts_ns latest_result;
    uint64_t doc_count;
    struct detect_size_stats size;
};

struct detect_result {
    uint8_t type; /* enum detect_result_type */
    bool interim;
    const char *job_id;
    ts_ns time; /* start of the bucket; for statistics and snapshots the engine's time */
    ts_ns span_ns;
    union {
        struct detect_bucket bucket;
        struct detect_record record;
        struct detect_influencer influencer;
        struct detect_bucket_influencer bucket_influencer;
        struct detect_model_plot plot;
        struct detect_size_stats size;
        struct detect_snapshot snapshot;
        struct detect_forecast_point forecast;
        struct detect_forecast_request forecast_request;
        struct detect_overall_bucket overall;
        struct detect_annotation annotation;
        struct detect_category category; /* time: of the bucket of its first message */
        struct detect_categorizer categorizer;
    };
};

typedef void (*detect_result_fn)(void *ctx, const struct detect_result *r);

/* A score that changed after its result was written: the store changes the document of that id. */
struct detect_update {
    const char *id;
    uint8_t type; /* enum detect_result_type */
    ts_ns time;
    /* NULL: the document's own score. In a bucket's document: of which of its bucket_influencers.
     */
    const char *influencer;
    double score; /* record_score, anomaly_score or influencer_score */
};

typedef void (*detect_update_fn)(void *ctx, const struct detect_update *u);

/* The document as one line of JSON without line break. */
void detect_result_write(const struct detect_result *r, struct buf *out);

/* The deterministic id, appended to out. */
void detect_result_id(const struct detect_result *r, struct buf *out);

/* What an id is made of; hash, len and detector where the kind has them, field likewise. */
struct detect_result_key {
    uint8_t type; /* enum detect_result_type */
    unsigned detector;
    const char *field;
    ts_ns time;
    uint64_t hash;
    size_t len;
};
void detect_result_key_id(const char *job_id, ts_ns span_ns, const struct detect_result_key *key,
                          struct buf *out);
/* The key of a record, influencer, bucket, bucket influencer or model plot. */
struct detect_result_key detect_result_key(const struct detect_result *r);

/* The id's last two parts for a record: a stable hash of its values and their summed length. */
uint64_t detect_result_hash(struct bytes by, struct bytes over, struct bytes partition,
                            size_t *out_len);

#endif
