#ifndef DETECT_DETECT_H
#define DETECT_DETECT_H

/*
 * The engine that runs one anomaly-detection job: records in, results out.
 *
 * Records fall into buckets of the job's span; a bucket stays open until time has passed its end by
 * the latency (and the delay the options give), then its series are compared with their models, the
 * results go to the sink, and the models learn. Time is an argument: it moves with the records
 * (follow_records) or with detect_advance(). The method is in docs/method/detect.md.
 *
 * The same records in the same buckets with the same options give the same bytes, in any order
 * within a bucket, with any number of threads, and across detect_save() and detect_restore() at any
 * moment. Only the categories of messages follow the order in which the messages come.
 *
 * Ownership: detect_new() makes it and borrows the job and the team, which must outlive it.
 * Threads:   one owner; the team is used within calls.
 */

#include "base/bytes.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/time.h"
#include "detect/feed.h"
#include "detect/job.h"
#include "detect/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct detect;
struct detect_schedule;
struct event;
struct thread_team;
struct buf;

struct detect_options {
    struct thread_team *team; /* NULL: the caller's thread alone */
    struct hash_key seed;     /* of all tables; the same for all parts of one installation */
    bool follow_records;      /* a record's time moves the engine's time */
    bool model_plot;          /* as if the job's model_plot_config were enabled */
    ts_ns delay_ns;           /* buckets stay open this much longer than the latency */
    detect_result_fn sink;    /* may be NULL */
    detect_update_fn update;  /* score changes of earlier results; may be NULL */
    void *ctx;                /* for both */
};

struct detect_counts {
    uint64_t records;   /* offered */
    uint64_t processed; /* fell into a bucket */
    uint64_t fields;    /* values used */
    uint64_t input_bytes;
    uint64_t invalid_dates;  /* none that can be read, or beyond the years 1824 to 2116 */
    uint64_t missing_fields; /* a field that a detector needs was not there */
    uint64_t out_of_order;   /* too late: their bucket was closed */
    uint64_t buckets;
    uint64_t empty_buckets;
    uint64_t sparse_buckets;
    uint64_t combinations;  /* by × over × partition values beyond the limit for one record */
    uint64_t contributions; /* of influencer values, dropped for lack of memory */
    ts_ns earliest_record;  /* TIME_NONE before the first */
    ts_ns latest_record;
    ts_ns latest_bucket;
    ts_ns latest_empty_bucket;
    ts_ns latest_sparse_bucket;
};

/* ERR_MEMORY. The job must have an id. */
enum err detect_new(const struct detect_job *job, const struct detect_options *options,
                    struct detect **out) ERR_MUST_CHECK;
void detect_free(struct detect *d); /* NULL is fine */

/*
 * The scheduled events from the next bucket that closes on; NULL: none. They are no part of the
 * state: who restores an engine sets them again. It takes the schedule over.
 */
void detect_take_schedule(struct detect *d, struct detect_schedule *schedule);

/* A record that is an event, already matched by the datafeed. ERR_MEMORY. */
enum err detect_event(struct detect *d, const struct event *e) ERR_MUST_CHECK;

/*
 * Records from columns of text: first say what the columns are, then give rows with that many
 * fields; empty text is a missing value. ERR_INVALID when the time column is not there.
 */
enum err detect_columns(struct detect *d, const struct bytes *names, size_t n,
                        struct err_text *why) ERR_MUST_CHECK;
/* The time is read from the time column by the job's data_description. */
enum err detect_row(struct detect *d, const struct bytes *fields) ERR_MUST_CHECK;
/* The same with the time given. */
enum err detect_record(struct detect *d, ts_ns time, const struct bytes *fields) ERR_MUST_CHECK;

/* Closes every bucket whose end + latency + delay ≤ now. Going back does nothing. */
enum err detect_advance(struct detect *d, ts_ns now) ERR_MUST_CHECK;

/*
 * Closes all open buckets, the last one too though time has not passed its end: of such a bucket
 * only what is too much is judged, and nothing is learned. To go on later, save before this.
 */
enum err detect_finish(struct detect *d) ERR_MUST_CHECK;

/* Empties the open buckets that begin at from <= start < to, as if nothing had come for them;
 * counts of records stand. What is closed stays closed. */
void detect_empty(struct detect *d, ts_ns from, ts_ns to);

/* Interim results of the open buckets; no model, count or score history changes. */
enum err detect_interim(struct detect *d) ERR_MUST_CHECK;

/*
 * Looks again at the scores of recent results in the light of what came since, and sends those that
 * changed to the update sink. Happens by itself at fixed times; this is for the end of a run.
 */
void detect_renormalize(struct detect *d);

/* Sends the scores that recent results have in this engine, changed or not: for those who keep
 * results and go back to an earlier state. */
void detect_recall_scores(const struct detect *d);

/* Sends a model_size_stats document to the sink, and categorizer_stats where messages are put into
 * categories. */
void detect_report_size(struct detect *d);

/*
 * Sends the definitions of categories: all, or those that have changed or grown since they were
 * sent. By itself the engine sends those that changed, or had twice the messages, before the
 * bucket's results. ERR_MEMORY.
 */
enum err detect_report_categories(struct detect *d, bool all) ERR_MUST_CHECK;
/* How messages went into categories. */
void detect_category_counts(const struct detect *d, struct detect_category_counts *out);
/* Messages on which an expression of the job passed a bound, since the engine was made. */
uint64_t detect_given_up(const struct detect *d);
/* Appends what the messages of a category have in common; false when the value is none. */
bool detect_category_terms(const struct detect *d, struct bytes value, struct buf *out);

const struct detect_counts *detect_counts(const struct detect *d);
/* Walks all series: not for every record. */
void detect_size(const struct detect *d, struct detect_size_stats *out);
/* End of the newest closed bucket; TIME_NONE before the first. */
ts_ns detect_final_until(const struct detect *d);
/* Engine time as last moved. */
ts_ns detect_now(const struct detect *d);
/* The worst score of the newest closed bucket, 0 to 100. */
double detect_last_score(const struct detect *d);

/* Writes the whole state. docs/format/detect-state.md. */
void detect_save(const struct detect *d, struct buf *out);
/*
 * A new engine in the saved state. ERR_FORMAT when the bytes are damaged, ERR_VERSION when newer,
 * ERR_INVALID when they belong to a job that measures something else.
 */
enum err detect_restore(const struct detect_job *job, const struct detect_options *options,
                        const void *state, size_t n, struct detect **out,
                        struct err_text *why) ERR_MUST_CHECK;
/* "<job>-<seconds of the newest record>", the id of a snapshot taken now, appended to out. */
void detect_snapshot_id(const struct detect *d, struct buf *out);

#endif
