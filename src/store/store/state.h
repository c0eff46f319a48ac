#ifndef STORE_STATE_H
#define STORE_STATE_H

/*
 * What Weir must not forget: jobs, model snapshots, results, messages, filters, calendars, rules
 * and their runs, alerts, installed packages, and where engine time stands. One SQLite file,
 * state.db, written with synchronous=FULL.
 *
 * Documents are JSON texts that this room does not read; what is searched for stands beside them in
 * columns. Results and alerts have ids that follow from their content, so that doing a thing twice
 * leaves it there once. Changes between store_state_begin() and _commit() happen together or not at
 * all; a change outside is a transaction of its own. docs/format/store.md has the schema.
 *
 * Ownership: texts in structs passed to put functions are borrowed for the call. Structs filled by
 *            get functions point into the arena given; those passed to callbacks die with the call.
 * Threads:   any; calls wait for each other. A transaction belongs to the thread that began it.
 *            Callbacks must not call back into the same store_state.
 *
 * All functions can return ERR_IO, ERR_FULL (nothing of the transaction was kept), ERR_MEMORY.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct store_state;

/* DIR/state.db. ERR_VERSION: from a newer Weir; ERR_FORMAT: no state file or damaged; ERR_BUSY. */
enum err store_state_open(const char *dir, struct store_state **out,
                          struct err_text *why) ERR_MUST_CHECK;
/* What is written need not outlive the machine: commits no longer wait for the disk. For
 * directories that go when the process ends. ERR_IO, ERR_BUSY. */
enum err store_state_relax(struct store_state *st) ERR_MUST_CHECK;
void store_state_close(struct store_state *st); /* rolls back what is open; NULL is fine */

/* Transactions nest; the outermost commit decides. A rollback inside makes the outermost fail. */
enum err store_state_begin(struct store_state *st) ERR_MUST_CHECK;
enum err store_state_commit(struct store_state *st, struct err_text *why) ERR_MUST_CHECK;
void store_state_rollback(struct store_state *st);

/* Any bytes under a name: engine time, versions, seeds. */
enum err store_state_meta_put(struct store_state *st, const char *name, const void *p,
                              size_t n) ERR_MUST_CHECK;
/* Adds the value to out. ERR_NOT_FOUND. */
enum err store_state_meta_get(struct store_state *st, const char *name,
                              struct buf *out) ERR_MUST_CHECK;
enum err store_state_meta_put_i64(struct store_state *st, const char *name,
                                  int64_t v) ERR_MUST_CHECK;
enum err store_state_meta_get_i64(struct store_state *st, const char *name,
                                  int64_t *out) ERR_MUST_CHECK;
enum err store_state_meta_delete(struct store_state *st, const char *name) ERR_MUST_CHECK;

/* Jobs with their datafeeds. */
struct store_job {
    const char *id;
    const char *config;         /* JSON as installed */
    const char *datafeed;       /* JSON, or NULL */
    const char *package;        /* that brought it, or NULL */
    const char *state;          /* closed, opened, failed … */
    const char *datafeed_state; /* stopped, started … */
    const char *message;        /* why it is in this state, or NULL */
    const char *counts;         /* JSON bookkeeping (data_counts …), or NULL */
    ts_ns created;
    ts_ns start;    /* where its datafeed began, TIME_NONE when never */
    ts_ns end;      /* where its datafeed is to stop, TIME_NONE: never */
    ts_ns position; /* all events before this were given to it, TIME_NONE: none */
};

typedef bool (*store_job_fn)(void *ctx, const struct store_job *job); /* false: no more */

/* Makes or replaces. */
enum err store_state_job_put(struct store_state *st, const struct store_job *job) ERR_MUST_CHECK;
enum err store_state_job_get(struct store_state *st, const char *id, struct arena *arena,
                             struct store_job *out) ERR_MUST_CHECK; /* ERR_NOT_FOUND */
/* In order of id. */
enum err store_state_job_list(struct store_state *st, store_job_fn fn, void *ctx) ERR_MUST_CHECK;
/* NULL leaves a state or message as it is, "" empties the message. ERR_NOT_FOUND. */
enum err store_state_job_set_state(struct store_state *st, const char *id, const char *state,
                                   const char *datafeed_state, const char *message) ERR_MUST_CHECK;
enum err store_state_job_set_position(struct store_state *st, const char *id, ts_ns position,
                                      const char *counts) ERR_MUST_CHECK; /* ERR_NOT_FOUND */
/* With its snapshots, results, messages and what was posted to it. ERR_NOT_FOUND. */
enum err store_state_job_delete(struct store_state *st, const char *id) ERR_MUST_CHECK;
/* Its snapshots, results, counts and what was posted: as if it had just been installed. */
enum err store_state_job_reset(struct store_state *st, const char *id) ERR_MUST_CHECK;

/* Upgrade mode: while it is on, jobs stay as they are, are fed with nothing and cannot be changed.
 */
enum err store_state_upgrade_put(struct store_state *st, bool on) ERR_MUST_CHECK;
enum err store_state_upgrade_get(struct store_state *st, bool *out) ERR_MUST_CHECK;

/* The id that no snapshot has: of a job that has learned nothing. */
#define STORE_SNAPSHOT_EMPTY "empty"

/* Model snapshots: what a job has learned, as bytes. */
struct store_snapshot {
    const char *job_id;
    const char *id;
    const char *doc; /* the model_snapshot document, JSON */
    ts_ns time;      /* when it was made, engine time */
    ts_ns position;  /* all events before this are in it */
    bool retain;     /* kept until deleted by name */
    uint64_t size;   /* bytes of state; filled by list and get */
    bool used;       /* the one the job goes on from; filled by list and get */
};

typedef bool (*store_snapshot_fn)(void *ctx, const struct store_snapshot *snapshot);

/* The job goes on from this one from now on. */
enum err store_state_snapshot_put(struct store_state *st, const struct store_snapshot *snapshot,
                                  const void *p, size_t n) ERR_MUST_CHECK;
/* The one in use when id is NULL; none may be. state (NULL is fine) gets the bytes added.
 * ERR_NOT_FOUND. */
enum err store_state_snapshot_get(struct store_state *st, const char *job_id, const char *id,
                                  struct arena *arena, struct store_snapshot *out,
                                  struct buf *state) ERR_MUST_CHECK;
/* Newest first. */
enum err store_state_snapshot_list(struct store_state *st, const char *job_id, store_snapshot_fn fn,
                                   void *ctx) ERR_MUST_CHECK;
/* The job goes on from an earlier one, or from STORE_SNAPSHOT_EMPTY; later ones go unless they are
 * retained. ERR_NOT_FOUND. */
enum err store_state_snapshot_use(struct store_state *st, const char *job_id,
                                  const char *id) ERR_MUST_CHECK;
/* ERR_NOT_FOUND. */
enum err store_state_snapshot_update(struct store_state *st, const char *job_id, const char *id,
                                     const char *doc, bool retain) ERR_MUST_CHECK;
enum err store_state_snapshot_delete(struct store_state *st, const char *job_id,
                                     const char *id) ERR_MUST_CHECK;

/*
 * How long snapshots stay, by how much older they are than the one in use: not longer than all; the
 * last of each step of time while not older than close, then the first of each day. Those in use
 * and those retained stay.
 */
struct store_thinning {
    ts_ns all;
    ts_ns close;
    ts_ns step;
};
enum err store_state_snapshot_thin(struct store_state *st, const char *job_id,
                                   const struct store_thinning *t) ERR_MUST_CHECK;

/* Result documents of jobs. */
struct store_result {
    const char *job_id;
    const char *type; /* result_type: bucket, record, influencer … */
    const char *id;   /* unique in the job */
    const char *doc;  /* JSON */
    size_t doc_len;   /* 0: doc is NUL-terminated */
    ts_ns time;       /* start of the bucket */
    double score;     /* record_score, anomaly_score or influencer_score */
    bool is_interim;
};

typedef bool (*store_result_fn)(void *ctx, const struct store_result *result);

/* Replaces a result of that job and id. */
enum err store_state_result_put(struct store_state *st,
                                const struct store_result *result) ERR_MUST_CHECK;

enum store_interim {
    STORE_INTERIM_ANY,
    STORE_INTERIM_NO,
    STORE_INTERIM_ONLY,
};

enum store_result_sort {
    STORE_RESULT_BY_TIME,  /* oldest first, then highest score, then id */
    STORE_RESULT_BY_SCORE, /* highest first, then oldest, then id */
    STORE_RESULT_NEWEST,   /* newest first, then highest score, then id */
    STORE_RESULT_LOWEST,   /* lowest score first, then oldest, then id */
};

struct store_result_filter {
    const char *const *jobs; /* NULL: all */
    size_t jobs_n;
    const char *type; /* NULL: all */
    const char *id;   /* NULL: all */
    ts_ns from;       /* from <= time <= to: both inclusive, as rules ask */
    ts_ns to;
    double min_score;
    enum store_interim interim;
    enum store_result_sort sort;
    uint64_t skip;
    uint64_t limit; /* 0: all */
};

/* *out_total (NULL is fine): how many match, whatever skip and limit. */
enum err store_state_result_list(struct store_state *st, const struct store_result_filter *filter,
                                 store_result_fn fn, void *ctx, uint64_t *out_total) ERR_MUST_CHECK;
/* A new current score with the document that says so. ERR_NOT_FOUND. */
enum err store_state_result_rescore(struct store_state *st, const char *job_id, const char *id,
                                    double score, const char *doc) ERR_MUST_CHECK;
/* Results of a job with from <= time < to, all or only interim ones; definitions of categories
 * stay. */
enum err store_state_result_delete(struct store_state *st, const char *job_id, ts_ns from, ts_ns to,
                                   bool interim_only) ERR_MUST_CHECK;

/* What a job has to say to people. The newest 1,000 of each job stay. */
struct store_message {
    const char *job_id;
    int64_t number;    /* rises within the job; given when it is written */
    const char *level; /* info, warning, error */
    const char *text;
    ts_ns time; /* engine time */
};

typedef bool (*store_message_fn)(void *ctx, const struct store_message *message);

enum err store_state_message_put(struct store_state *st,
                                 const struct store_message *message) ERR_MUST_CHECK;
/* As they were written, from <= time <= to; job_id NULL: of all jobs, one after the other. */
enum err store_state_message_list(struct store_state *st, const char *job_id, ts_ns from, ts_ns to,
                                  store_message_fn fn, void *ctx) ERR_MUST_CHECK;

/* Filters that scopes of custom rules name, calendars with their events, and what the set-up of
 * shippers puts: kept to be shown again. */
enum store_list {
    STORE_FILTERS,
    STORE_CALENDARS,
    STORE_INDEX_TEMPLATES,
    STORE_COMPONENT_TEMPLATES,
    STORE_LEGACY_TEMPLATES,
    STORE_LIFECYCLES,
    STORE_PIPELINES,
    STORE_DATA_STREAMS,
};

typedef bool (*store_listed_fn)(void *ctx, const char *id, const char *doc); /* false: no more */

/* Makes or replaces. */
enum err store_state_listed_put(struct store_state *st, enum store_list list, const char *id,
                                const char *doc) ERR_MUST_CHECK;
/* Adds the document to out. ERR_NOT_FOUND. */
enum err store_state_listed_get(struct store_state *st, enum store_list list, const char *id,
                                struct buf *out) ERR_MUST_CHECK;
/* In order of id. */
enum err store_state_listed_all(struct store_state *st, enum store_list list, store_listed_fn fn,
                                void *ctx) ERR_MUST_CHECK;
enum err store_state_listed_delete(struct store_state *st, enum store_list list,
                                   const char *id) ERR_MUST_CHECK; /* ERR_NOT_FOUND */

/* The result of that id, and all whose ids begin so. ERR_NOT_FOUND: there was none. */
enum err store_state_result_delete_id(struct store_state *st, const char *job_id,
                                      const char *id) ERR_MUST_CHECK;
enum err store_state_result_delete_ids(struct store_state *st, const char *job_id,
                                       const char *prefix) ERR_MUST_CHECK;

/* Rules. */
struct store_rule {
    const char *id;      /* rule_id */
    const char *doc;     /* JSON */
    const char *package; /* or NULL */
    bool enabled;
    ts_ns created;
    ts_ns updated;
    const char *status; /* of the last run: succeeded, partial failure, failed …; NULL: never ran */
    const char *message; /* of the last run, or NULL */
    ts_ns last_run;      /* TIME_NONE: never */
    const char *memory;  /* what the scheduler keeps between runs, JSON, or NULL */
};

typedef bool (*store_rule_fn)(void *ctx, const struct store_rule *rule);

/* Makes or replaces the rule; status, message, last_run and memory of one that exists stay. */
enum err store_state_rule_put(struct store_state *st, const struct store_rule *rule) ERR_MUST_CHECK;
enum err store_state_rule_get(struct store_state *st, const char *id, struct arena *arena,
                              struct store_rule *out) ERR_MUST_CHECK;
enum err store_state_rule_list(struct store_state *st, store_rule_fn fn, void *ctx) ERR_MUST_CHECK;
enum err store_state_rule_enable(struct store_state *st, const char *id, bool enabled,
                                 ts_ns now) ERR_MUST_CHECK;
enum err store_state_rule_set_memory(struct store_state *st, const char *id,
                                     const char *memory) ERR_MUST_CHECK;
/* How it stands apart from its runs: what keeps it from running. Its last run stays. */
enum err store_state_rule_set_status(struct store_state *st, const char *id, const char *status,
                                     const char *message) ERR_MUST_CHECK;
/* With its runs and gaps; alerts stay. */
enum err store_state_rule_delete(struct store_state *st, const char *id) ERR_MUST_CHECK;

struct store_run {
    const char *rule_id;
    ts_ns time;  /* engine time of the run; of a manual one, the time it made up for */
    bool manual; /* made up for: a span of the past that somebody named, or a job has read */
    ts_ns from;  /* the gap it left, TIME_NONE: none; of a manual one, the span made up for */
    ts_ns to;
    const char *status;
    const char *message; /* or NULL */
    const char *doc;     /* metrics, gap … as JSON, or NULL */
    uint64_t alerts;     /* created by it */
};

typedef bool (*store_run_fn)(void *ctx, const struct store_run *run);

/* Writes down a run (one a rule, time and kind); one that is not manual becomes the rule's last.
 * The newest 1,000 of each kind stay. */
enum err store_state_run_put(struct store_state *st, const struct store_run *run) ERR_MUST_CHECK;
/* The clock is found to have been wrong: no run is later than now any more, and no last one. */
enum err store_state_run_forget(struct store_state *st, ts_ns now) ERR_MUST_CHECK;
/* Newest first; limit 0: all. */
enum err store_state_run_list(struct store_state *st, const char *rule_id, uint64_t limit,
                              store_run_fn fn, void *ctx) ERR_MUST_CHECK;

/* Alerts. */
struct store_alert {
    const char *id;
    const char *rule_id;
    const char *doc;             /* ECS document with kibana.alert.*, JSON */
    const char *group;           /* kibana.alert.instance.id of suppressed alerts, or NULL */
    const char *workflow_status; /* open, acknowledged, closed; NULL: open */
    double risk_score;
    ts_ns time;  /* @timestamp */
    ts_ns start; /* kibana.alert.start, or the same as time */
};

typedef bool (*store_alert_fn)(void *ctx, const struct store_alert *alert);

/* Makes it when there is none of that id; *out_new says so (NULL is fine). */
enum err store_state_alert_create(struct store_state *st, const struct store_alert *alert,
                                  bool *out_new) ERR_MUST_CHECK;
/* ERR_NOT_FOUND. */
enum err store_state_alert_get(struct store_state *st, const char *id, struct arena *arena,
                               struct store_alert *out) ERR_MUST_CHECK;
/* A new document for an alert that is there (suppression). ERR_NOT_FOUND. */
enum err store_state_alert_replace(struct store_state *st, const char *id,
                                   const char *doc) ERR_MUST_CHECK;
enum err store_state_alert_set_status(struct store_state *st, const char *id,
                                      const char *workflow_status) ERR_MUST_CHECK;

struct store_alert_filter {
    const char *rule_id;         /* NULL: all */
    const char *group;           /* NULL: all; of a group, times below mean start */
    const char *workflow_status; /* NULL: all */
    bool not_closed;
    ts_ns from; /* from <= time <= to */
    ts_ns to;
    bool newest_first;
    uint64_t skip;
    uint64_t limit; /* 0: all */
};

enum err store_state_alert_list(struct store_state *st, const struct store_alert_filter *filter,
                                store_alert_fn fn, void *ctx, uint64_t *out_total) ERR_MUST_CHECK;

/* Installed packages. */
struct store_package {
    const char *name;
    const char *version; /* or NULL */
    const char *doc;     /* JSON, or NULL */
    ts_ns installed;
};

typedef bool (*store_package_fn)(void *ctx, const struct store_package *package);

enum err store_state_package_put(struct store_state *st,
                                 const struct store_package *package) ERR_MUST_CHECK;
enum err store_state_package_list(struct store_state *st, store_package_fn fn,
                                  void *ctx) ERR_MUST_CHECK;
enum err store_state_package_delete(struct store_state *st, const char *name) ERR_MUST_CHECK;

/* Copies the whole file, as it is at one moment, to path; nobody waits for it. */
enum err store_state_backup(struct store_state *st, const char *path,
                            struct err_text *why) ERR_MUST_CHECK;
/* Of the schema that this program writes. */
int store_state_version(void);

#endif
