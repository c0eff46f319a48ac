#ifndef ENGINE_JOBS_H
#define ENGINE_JOBS_H

/*
 * The jobs that run: each an engine behind its datafeed, fed from one tap.
 *
 * A job comes from state.db (engine_jobs_load) and goes on from its newest snapshot. It is behind
 * then: what the store holds and the snapshot does not know is given to it in one pass over the
 * store, in order of time, with a clock of its own, while the jobs that are up go on with the tap.
 * docs/method/backfill.md has the reasoning. Events are offered to all jobs; a job takes those of
 * its indices and query. engine_jobs_advance() closes buckets at engine time; results are written
 * to state.db, and every final record is announced, so that rules can run.
 *
 * Ownership: engine_jobs_free(); borrows state and team.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/hash.h"
#include "base/time.h"
#include "detect/detect.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct engine_jobs;
struct detect_calendars;
struct detect_filter;
struct detect_forecast;
struct detect_forecast_options;
struct event;
struct rule_job;
struct store;
struct store_job;
struct store_state;
struct thread_team;

/* Results and shards must come out the same wherever the same input is read: a fixed seed, known to
 * all parts of an installation. Tables keyed by traffic alone have seeds of their own. */
#define ENGINE_JOBS_SEED ((struct hash_key){0x77656972206a6f62U, 0x2073686172647331U})

/* How a job gets its events. */
enum engine_job_phase {
    ENGINE_JOB_WAITS,  /* for the next pass over the store */
    ENGINE_JOB_BEHIND, /* the pass that runs gives it what is stored */
    ENGINE_JOB_UP,     /* with the tap */
    ENGINE_JOB_OPEN,   /* no datafeed runs: it takes what is posted, and its time moves with that */
};

/* A final record of the job was written, or got a new score, at engine time at; or it is up. */
typedef void (*engine_jobs_result_fn)(void *ctx, const char *job_id, ts_ns at);

struct engine_jobs_options {
    struct store_state *state;
    struct thread_team *team; /* NULL: one thread */
    struct hash_key seed;
    ts_ns query_delay;     /* of datafeeds that do not name one */
    ts_ns (*steady)(void); /* a clock to measure work with; NULL: it is not measured */
    ts_ns (*wall)(void);   /* when data came, for statistics; NULL: engine time, as at rest */
    bool at_rest;          /* input is complete: datafeeds wait for nothing, whatever they name */
    struct store *store;   /* commits what a job has had before the job is saved; NULL: none */
    engine_jobs_result_fn on_result;
    void *ctx;
};

struct engine_jobs *engine_jobs_new(const struct engine_jobs_options *options);
void engine_jobs_free(struct engine_jobs *j); /* NULL is fine */

/*
 * Starts every job of state.db whose datafeed is to run, or that is open without one, and which
 * does not run yet. One that never ran and names no start begins 14 days before engine time now.
 * One that cannot start is marked failed there, with the reason. A datafeed that names an end stops
 * there, and its job is closed.
 */
/* While upgrade mode is on none runs: what those that did have learned is saved. */
enum err engine_jobs_load(struct engine_jobs *j, ts_ns now, struct err_text *why) ERR_MUST_CHECK;
/* Takes a job that was closed or deleted out; its learning is saved when save is set. */
enum err engine_jobs_stop(struct engine_jobs *j, const char *job_id, bool save,
                          struct err_text *why) ERR_MUST_CHECK;
size_t engine_jobs_count(const struct engine_jobs *j);

/* Of one post. */
struct engine_posted {
    struct detect_counts counts; /* what this post added; times as they stand after it */
    ts_ns data;                  /* when it came */
};
/* Records for one job, which must run: JSON objects, one after the other, as its data_description
 * says. */
struct engine_post {
    const char *job_id;
    const char *text;
    size_t n;
    ts_ns reset_start; /* open buckets from this one's on are emptied before; TIME_NONE: none is */
    ts_ns reset_end;   /* to before this */
    struct engine_posted posted; /* unless err says something else */
    enum err err;
    struct err_text why;
    bool done;
    struct engine_post *next;
};
/*
 * All posts of the list in one transaction, which also keeps them until what was learned of them is
 * saved: a crash takes nothing of them back. A datafeed that runs goes on beside them. Each post
 * says what became of it: ERR_BUSY: the job is not open; ERR_FORMAT: what came before the bad
 * record was taken; ERR_AGAIN: the job reads its datafeed, and much was posted since it was saved.
 * After a failure of the transaction, which is returned too, nothing was taken, and the jobs are to
 * be loaded again.
 */
enum err engine_jobs_post(struct engine_jobs *j, struct engine_post *posts,
                          ts_ns now) ERR_MUST_CHECK;

struct engine_flush {
    ts_ns advance; /* nothing before this comes any more; TIME_NONE: not said */
    ts_ns skip;    /* buckets before this give no results; TIME_NONE */
    bool interim;  /* results of the open buckets are wanted */
};
/* *out_end: of the newest bucket that is final, TIME_NONE: none is. ERR_BUSY: the job is not open;
 * after any other failure the job is to be loaded again. */
enum err engine_jobs_flush(struct engine_jobs *j, const char *job_id,
                           const struct engine_flush *what, ts_ns now, ts_ns *out_end,
                           struct err_text *why) ERR_MUST_CHECK;
/* Before filters or calendars are changed in state.db: saves what jobs have learned of what was
 * posted, which is to be judged by those that stood when it came, after a crash too. */
enum err engine_jobs_save_kept(struct engine_jobs *j, struct err_text *why) ERR_MUST_CHECK;
/* A filter has changed: the jobs that name it go by it from their next bucket on, and say so. */
enum err engine_jobs_set_filter(struct engine_jobs *j, struct detect_filter *filter,
                                struct err_text *why) ERR_MUST_CHECK;

/*
 * Calendars have changed: each job goes by those that cover it from its next bucket on. What covers
 * a job and was changed (its id; NULL: none) it says.
 */
enum err engine_jobs_set_calendars(struct engine_jobs *j, const struct detect_calendars *calendars,
                                   const char *changed, struct err_text *why) ERR_MUST_CHECK;

/* Where engine time stands: by this the lateness of events is measured. */
void engine_jobs_set_clock(struct engine_jobs *j, ts_ns now);

/* Offers an event to all jobs. */
enum err engine_jobs_event(struct engine_jobs *j, const struct event *e) ERR_MUST_CHECK;

/* Whether a job is not up. */
bool engine_jobs_is_behind(const struct engine_jobs *j);
/*
 * From when stored events are wanted by the pass that runs, or by the one that this call begins for
 * the jobs that wait; TIME_MAX: all jobs are up.
 */
ts_ns engine_jobs_wanted(struct engine_jobs *j);
/*
 * Offers an event of the store to the jobs behind, those whose past reaches so far back and which
 * have not had it. Events come in order of (time, source, sequence), every one that is stored and
 * has its place after those that came; one that came already is left out.
 */
enum err engine_jobs_backfill(struct engine_jobs *j, const struct event *e) ERR_MUST_CHECK;
/* The pass has had all stored events before to. */
void engine_jobs_reached(struct engine_jobs *j, ts_ns to);
/*
 * The pass has had all there is: its jobs are up with the tap. Their rules are told as of now
 * (TIME_NONE: they are not), so that what they say of a job that was not there does not stand until
 * their next run.
 */
enum err engine_jobs_caught_up(struct engine_jobs *j, ts_ns now,
                               struct err_text *why) ERR_MUST_CHECK;

/* When the next bucket of jobs in this phase is due to be closed; TIME_MAX when none is. */
ts_ns engine_jobs_next(const struct engine_jobs *j, enum engine_job_phase phase);
/* Closes the buckets of jobs in this phase that are final at now. */
enum err engine_jobs_advance(struct engine_jobs *j, enum engine_job_phase phase, ts_ns now,
                             struct err_text *why) ERR_MUST_CHECK;
/*
 * When the newest bucket of jobs in this phase that holds an event will be final: how far time must
 * go on at the end of input until nothing is open. TIME_NONE: nothing is.
 */
ts_ns engine_jobs_last(const struct engine_jobs *j, enum engine_job_phase phase);

/*
 * Results of the buckets that are still open, as far as they have come, to state.db in place of the
 * earlier ones: for each job as often as its datafeed looks. They change no model, and rules do not
 * see them; the next call, or the bucket's end, takes them away.
 */
bool engine_jobs_interim_due(const struct engine_jobs *j, ts_ns now);
enum err engine_jobs_interim(struct engine_jobs *j, ts_ns now, struct err_text *why) ERR_MUST_CHECK;

/* Saves what the jobs that are up have learned, with positions and counts, to state.db. */
enum err engine_jobs_save(struct engine_jobs *j, ts_ns now, struct err_text *why) ERR_MUST_CHECK;

/*
 * A forecast of a job from what it has learned: of the running one, or of its snapshot in state
 * when it does not run (j may be NULL: none does). ERR_INVALID: it cannot be foretold, and why;
 * ERR_NOT_FOUND.
 */
enum err engine_jobs_forecast(const struct engine_jobs *j, struct store_state *state,
                              const char *job_id, const struct detect_forecast_options *options,
                              struct detect_forecast **out, struct err_text *why) ERR_MUST_CHECK;

/*
 * The job goes on from an earlier snapshot, or from STORE_SNAPSHOT_EMPTY: it is stopped, later
 * snapshots that are not retained go, and so do its results of later buckets if delete_results is
 * set. At its next start it gets the stored events since. ERR_NOT_FOUND, or why the snapshot cannot
 * be read: nothing is changed then.
 */
enum err engine_jobs_revert(struct engine_jobs *j, const char *job_id, const char *snapshot,
                            bool delete_results, struct err_text *why) ERR_MUST_CHECK;

/*
 * How a job stands: data_counts, model_size_stats and timing_stats in one object, and for how long
 * it has been open (TIME_NONE: it is not). Of one that does not run as it was last saved, or of one
 * that never ran. ERR_NOT_FOUND, and what its row has wrong.
 */
enum err engine_jobs_stats(struct engine_jobs *j, const char *job_id, struct buf *out,
                           ts_ns *out_open, struct err_text *why) ERR_MUST_CHECK;

/* What a rule may know of a job. */
void engine_jobs_describe(struct engine_jobs *j, const char *job_id, struct rule_job *out);

struct engine_jobs_totals {
    uint64_t offered; /* events */
    uint64_t taken;   /* (event, job) pairs */
    uint64_t late;    /* taken too late for their bucket, or for the interval they count in */
    uint64_t lost;    /* of intervals whose aggregations did not fit */
    uint64_t records; /* anomaly records written */
    uint64_t results; /* documents written */
    uint64_t model_bytes;
    uint64_t kept_bytes; /* posted and not saved yet, about */
    uint64_t rows_bytes; /* of open intervals of datafeeds with aggregations */
};
void engine_jobs_totals(const struct engine_jobs *j, struct engine_jobs_totals *out);

#endif
