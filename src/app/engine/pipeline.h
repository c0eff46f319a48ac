#ifndef ENGINE_PIPELINE_H
#define ENGINE_PIPELINE_H

/*
 * The way of an event through the house: store, jobs, results, rules, alerts. Read this first.
 *
 *     event ─► store (journal)
 *       └────► jobs: datafeed ─► buckets ─► models ─► results ─► state.db
 *                                                        └──► rules ─► alerts ─► state.db ─► sink
 *
 * Events come in order of time, already enriched. Engine time is an argument of
 * engine_pipeline_advance(); between two calls the pipeline stops at every instant at which a
 * bucket is due to be closed or a rule to run, so that the same input gives the same results
 * however the caller cuts time. Everything that one stop changes in state.db is one transaction;
 * alerts are handed on after it.
 *
 * Ownership: engine_pipeline_free(); borrows store, state and team.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/hash.h"
#include "base/time.h"
#include "engine/jobs.h"
#include "engine/rules.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine_pipeline;
struct event;
struct store;
struct store_state;
struct thread_team;

struct engine_pipeline_options {
    struct store *store; /* NULL: events are not kept */
    struct store_state *state;
    struct thread_team *team; /* NULL: one thread */
    ts_ns query_delay;
    bool at_rest;            /* the input is complete: datafeeds wait for nothing */
    engine_settle_fn settle; /* before rules search the store (engine_rules_set_store) */
    void *settle_ctx;
    bool in_pieces; /* engine_pipeline_feed() is called, so that no rule waits for all */
    struct store_cancel cancel; /* of searches of the past; wanted may be NULL */
    engine_alert_fn on_alert;
    /* Results of a job are written, but not yet committed. NULL: nobody wants to know. */
    void (*on_result)(void *ctx, const char *job_id, ts_ns at);
    /* Results of open buckets were committed anew. NULL likewise. */
    void (*on_interim)(void *ctx, ts_ns at);
    void *ctx;
};

/* Goes on where state.db stands. */
enum err engine_pipeline_new(const struct engine_pipeline_options *options,
                             struct engine_pipeline **out, struct err_text *why) ERR_MUST_CHECK;
void engine_pipeline_free(struct engine_pipeline *p); /* NULL is fine */

/* Takes up jobs and rules as state.db has them, from now on; engine time stays where it is. Those
 * that are gone or off are dropped. Jobs that are new or were stopped are behind until
 * engine_pipeline_catch_up() has given them the stored events since they last saw one. After a
 * failure the next engine_pipeline_advance() takes up all of them anew. */
enum err engine_pipeline_load(struct engine_pipeline *p, ts_ns now,
                              struct err_text *why) ERR_MUST_CHECK;

/*
 * Gives jobs that are behind a slice of the stored events, about limit of them (0: all there are),
 * to be called until *out_behind is false; between two calls the others go on. All events that
 * engine_pipeline_event() was given must be committed. A failure leaves the jobs where they came
 * to, for the next call.
 */
enum err engine_pipeline_catch_up(struct engine_pipeline *p, uint64_t limit, bool *out_behind,
                                  struct err_text *why) ERR_MUST_CHECK;
/* Whether jobs are behind. */
bool engine_pipeline_is_behind(const struct engine_pipeline *p);
/* The jobs of the pass that runs go on with the tap, whether they have had all of it or not. */
enum err engine_pipeline_end_pass(struct engine_pipeline *p, struct err_text *why) ERR_MUST_CHECK;

/* With in_pieces: whether searches of rules want what is stored before they run, and a piece of it;
 * all events that engine_pipeline_event() was given must be committed. */
bool engine_pipeline_wants_feeding(const struct engine_pipeline *p);
void engine_pipeline_feed(struct engine_pipeline *p);

/* One event, to the store and the jobs; engine time is at least its time afterwards if follow is
 * set.
 */
enum err engine_pipeline_event(struct engine_pipeline *p, struct event *e, bool follow,
                               struct err_text *why) ERR_MUST_CHECK;
/* The same of an event that the caller has appended to the store, and committed; whatever its time,
 * no clock knows of it. */
enum err engine_pipeline_stored(struct engine_pipeline *p, struct event *e,
                                struct err_text *why) ERR_MUST_CHECK;

/*
 * Moves engine time on. Going back does nothing. After a failure (ERR_FULL) nothing of the stop is
 * in state.db; the next call makes up for it from the newest snapshot and the events that the store
 * has committed since.
 */
enum err engine_pipeline_advance(struct engine_pipeline *p, ts_ns now,
                                 struct err_text *why) ERR_MUST_CHECK;

/*
 * The clock was wrong and has been set back: engine time goes back to now, which lies before it.
 * Runs that are dated later are forgotten, and jobs and rules go on as after a start: from the
 * newest snapshot and the stored events since. What a job saved of later times it keeps.
 */
enum err engine_pipeline_set_back(struct engine_pipeline *p, ts_ns now,
                                  struct err_text *why) ERR_MUST_CHECK;

/* The next instant at which there is something to do; TIME_MAX: there is none. */
ts_ns engine_pipeline_next(const struct engine_pipeline *p);

/* Results of open buckets as they stand, for those who look on (engine_jobs_interim). */
enum err engine_pipeline_interim(struct engine_pipeline *p, struct err_text *why) ERR_MUST_CHECK;

/* The end of input: time goes on until every open bucket is final, then all rules run once more. */
enum err engine_pipeline_finish(struct engine_pipeline *p, struct err_text *why) ERR_MUST_CHECK;

/* What was learned so far, to state.db. The events it was learned of must be committed. */
enum err engine_pipeline_save(struct engine_pipeline *p, struct err_text *why) ERR_MUST_CHECK;

/*
 * A manual run of a rule (engine_rules_past) for each interval from one time to another, oldest
 * first, at most n of them; *at, at first the start, moves on. now is their time when engine time
 * has not begun. One transaction.
 */
enum err engine_pipeline_past(struct engine_pipeline *p, const struct rule *rule, ts_ns *at,
                              ts_ns to, unsigned n, ts_ns now, struct engine_past *totals,
                              struct err_text *why) ERR_MUST_CHECK;

struct engine_pipeline_totals {
    uint64_t events;
    uint64_t alerts;
    struct engine_jobs_totals jobs;
};
void engine_pipeline_totals(const struct engine_pipeline *p, struct engine_pipeline_totals *out);

struct engine_jobs *engine_pipeline_jobs(struct engine_pipeline *p);
struct engine_rules *engine_pipeline_rules(struct engine_pipeline *p);
ts_ns engine_pipeline_now(const struct engine_pipeline *p); /* TIME_NONE before the first event */

#endif
