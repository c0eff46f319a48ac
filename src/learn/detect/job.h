#ifndef DETECT_JOB_H
#define DETECT_JOB_H

/*
 * An anomaly-detection job in Elastic's JSON: what to measure, how often, split by what.
 *
 * A job is read from the document that put_job takes, that Kibana's modules ship (without job_id)
 * or that get_jobs returns. Every key is either used, kept, refused with a sentence, or named in
 * the job's notes; none is swallowed. What Elastic would accept and Weir does not do is refused
 * with ERR_UNSUPPORTED. docs/format/job.md lists the keys.
 *
 * Ownership: detect_job_parse() makes a job, detect_job_free() ends it; all strings are the job's.
 * Threads:   a job is constant once made, but for its filters, which change between calls to the
 *            engine that runs it.
 */

#include "base/err.h"
#include "base/time.h"
#include "detect/function.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct format_node;
struct buf;
struct detect_filter;
struct categorize_analyzer;

#define DETECT_DETECTORS_MAX 64
#define DETECT_MEASURES_MAX (DETECT_DETECTORS_MAX * DETECT_PARTS_MAX)
#define DETECT_INFLUENCERS_MAX 32
#define DETECT_JOB_ID_MAX 64
/* The field that holds a message's category. */
#define DETECT_CATEGORY_FIELD "mlcategory"

enum detect_applies {
    DETECT_APPLIES_ACTUAL,
    DETECT_APPLIES_TYPICAL,
    DETECT_APPLIES_DIFF,
    DETECT_APPLIES_TIME, /* value in epoch seconds */
};

enum detect_operator {
    DETECT_LT,
    DETECT_LTE,
    DETECT_GT,
    DETECT_GTE,
};

struct detect_condition {
    uint8_t applies; /* enum detect_applies */
    uint8_t op;      /* enum detect_operator */
    double value;
};

/* A field whose value must (include) or must not (exclude) be in a filter. */
struct detect_scope {
    char *field;
    struct detect_filter *filter;
    bool include;
};

/* All conditions and scopes must hold. */
struct detect_rule {
    struct detect_condition *conditions;
    size_t n_conditions;
    struct detect_scope *scopes;
    size_t n_scopes;
    bool skip_result;
    bool skip_model_update;
};

enum detect_exclude {
    DETECT_EXCLUDE_NONE = 0,
    DETECT_EXCLUDE_BY = 1,
    DETECT_EXCLUDE_OVER = 2,
    DETECT_EXCLUDE_ALL = 3,
};

/* Field names are NULL where the detector has none. */
struct detect_detector {
    const struct detect_function *function;
    char *field;
    char *by;
    char *over;
    char *partition;
    char *description;
    uint8_t exclude; /* enum detect_exclude */
    bool use_null;
    struct detect_rule *rules;
    size_t n_rules;
    uint8_t index; /* of the detector as written, whose texts and rules a further measure borrows */
};

enum detect_time_format {
    DETECT_TIME_EPOCH_S,
    DETECT_TIME_EPOCH_MS,
    DETECT_TIME_ISO, /* any pattern that is ISO 8601 */
};

struct detect_job {
    char id[DETECT_JOB_ID_MAX + 1]; /* "" while the document names none */
    char *description;              /* may be "" */
    char **groups;
    size_t n_groups;
    ts_ns bucket_span_ns;
    ts_ns latency_ns;
    ts_ns prune_window_ns;
    /*
     * The detectors as written, then what some of them measure besides: metric is three measures,
     * the first of them in its own place. What the engine calls a detector is a measure.
     */
    struct detect_detector *detectors;
    size_t n_detectors;
    size_t n_measures;
    char **influencers;
    size_t n_influencers;
    char *summary_count_field;            /* NULL: each record is one event */
    char *category_field;                 /* whose texts are put into categories; NULL: none is */
    struct categorize_analyzer *analyzer; /* how, when one is */
    size_t category_examples;
    bool categories_apart; /* each partition has its own */
    bool stop_on_warn;
    uint64_t memory_limit; /* bytes */
    char *time_field;
    uint8_t time_format; /* enum detect_time_format */
    bool model_plot;
    bool annotations;
    char *model_plot_terms; /* NULL: all series */
    char *results_index;
    char *custom_settings; /* JSON as written, or NULL */
    bool allow_lazy_open;
    int64_t snapshot_retention_days;
    int64_t daily_snapshot_retention_days;
    int64_t
        renormalization_window_days; /* 0: the default, the greater of 30 days and 100 buckets */
    int64_t results_retention_days;  /* 0: for ever */
    ts_ns persist_interval_ns;       /* 0: not given */
    char **notes;                    /* sentences about what was read and has no effect */
    size_t n_notes;
    char *source; /* the document as compact JSON */
};

/*
 * file is for messages. A rule whose scope names a filter that is not among those given (which may
 * be NULL) is refused; the job takes references of the others. ERR_FORMAT for bad JSON, ERR_INVALID
 * for what no engine would take, ERR_UNSUPPORTED for what this one does not.
 */
enum err detect_job_parse(const char *text, size_t n, const char *file,
                          struct detect_filter *const *filters, size_t n_filters,
                          struct detect_job **out, struct err_text *why) ERR_MUST_CHECK;
enum err detect_job_from_node(const struct format_node *node, struct detect_filter *const *filters,
                              size_t n_filters, struct detect_job **out,
                              struct err_text *why) ERR_MUST_CHECK;
void detect_job_free(struct detect_job *job); /* NULL is fine */

/*
 * A filter has changed: every scope that names its id goes by this one from now on. Returns how
 * many do. An engine that runs the job sees it when it judges the next bucket; what was learned
 * stays, since no state depends on it.
 */
size_t detect_job_set_filter(struct detect_job *job, struct detect_filter *filter);
/* Whether a scope names the filter. */
bool detect_job_uses_filter(const struct detect_job *job, const char *filter_id);

/* Names the job; false when id is none: a–z, 0–9, '-', '_', alphanumeric at both ends, ≤ 64. */
bool detect_job_set_id(struct detect_job *job, const char *id);
bool detect_job_id_valid(const char *id);

/*
 * Jobs x, x_ea and x_euid are generations of one job: writes x. Returns its length; out holds
 * DETECT_JOB_ID_MAX + 1 bytes.
 */
size_t detect_job_base_id(const char *id, char out[DETECT_JOB_ID_MAX + 1]);

/* Reads "512mb", "1gb", "1048576b", or a number of bytes. */
bool detect_job_bytes(const char *s, size_t n, uint64_t *out);

#endif
