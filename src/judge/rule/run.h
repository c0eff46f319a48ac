#ifndef RULE_RUN_H
#define RULE_RUN_H

/*
 * One run of a machine_learning rule: look up the job's records, write alerts.
 *
 * For each window of the plan (rule/schedule.h): the final records of the rule's jobs with at least
 * the threshold's score, highest first, at most max_signals of them, become alerts (rule/alert.h)
 * unless they are there already. An alert's id depends on the record and the rule alone, so runs
 * may overlap as they like. The rules: docs/method/rule.md.
 *
 * The run sees results, jobs and alerts through ports, so that it needs no store.
 *
 * Ownership: borrows everything it is given.
 * Threads:   one at a time for one rule.
 */

#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"
#include "rule/schedule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event;
struct query;
struct hunt;
struct hunt_ports;
struct rule;
struct rule_status;

/* Which records a run wants. */
struct rule_find {
    const char *const *jobs; /* installed names */
    size_t jobs_n;
    ts_ns from; /* both inclusive, of the record's timestamp (the start of its bucket) */
    ts_ns to;
    ts_ns now;        /* engine time of the run; what became final later is not there yet */
    double min_score; /* record_score >= min_score */
    uint64_t skip;    /* so many of the first are passed over */
    size_t max;       /* interim records never; at most so many, best score first, equal ones by
                         timestamp, then id */
};

/* A record found. id and index name the result document for good; json is the document. */
struct rule_record {
    const char *id;
    const char *index;
    struct bytes json;
};

typedef void (*rule_record_fn)(void *ctx, const struct rule_record *record);

/* What a rule may know of a job. Texts live until the next call of the port. */
struct rule_job {
    bool installed;
    const char *name;           /* for people; NULL: none */
    const char *job_state;      /* "opened", "closed", "failed" … */
    const char *datafeed_state; /* "started", "stopped" … */
    const char *reason;         /* why it did not start; NULL: none */
    const char *query;          /* the datafeed's query as JSON; NULL: everything */
    size_t query_n;
    const char *indices; /* the datafeed's indices as a JSON array; NULL: not known */
    size_t indices_n;
};

/*
 * What a rule's exception lists take out of a run. A search leaves out what the query matches, so
 * that it does not count towards a limit; match() is asked of every candidate and knows all items,
 * those too that no query can say. Lives until the next call of the port.
 */
struct rule_exceptions {
    const struct query *query;                             /* NULL: none */
    bool (*match)(const void *ctx, const struct event *e); /* NULL: nothing is taken out */
    const void *ctx;
    const char *warning; /* which items cannot be applied; NULL: all are */
};

struct rule_alert {
    const char *id;
    const char *rule_id;
    ts_ns time; /* engine time at which it was raised */
    struct bytes json;
    const char *group; /* kibana.alert.instance.id of a suppressed alert, or NULL */
};

/* An alert that is there. */
struct rule_grouped {
    const char *id;
    struct bytes json;
};

typedef void (*rule_grouped_fn)(void *ctx, const struct rule_grouped *alert);

/* All take ctx first. A failure is told in why, one sentence. */
struct rule_ports {
    void *ctx;
    /* Nobody waits at a clock: of an engine's regular runs those that can find nothing new are left
     * out, and count as made. */
    bool at_rest;
    /* Searches are fed from the store piece by piece (rule_engine_feed()), and not by the run that
     * is the first to look: others want to go on meanwhile. */
    bool in_pieces;
    /* Calls sink for each record; *out_total counts all that qualify, beyond max too. */
    enum err (*find_records)(void *ctx, const struct rule_find *find, rule_record_fn sink,
                             void *sink_ctx, uint64_t *out_total, struct err_text *why);
    /* What rules that search events see of them; NULL: such rules do not run. */
    const struct hunt_ports *events;
    enum err (*job)(void *ctx, const char *job_id, struct rule_job *out, struct err_text *why);
    enum err (*alert_exists)(void *ctx, const char *id, bool *out, struct err_text *why);
    /* ERR_EXISTS when there is one of that id: it stays as it is. */
    enum err (*alert_create)(void *ctx, const struct rule_alert *alert, struct err_text *why);
    /* The alerts of the group that are not closed and were raised at or after a time, newest first,
     * at most max of them. */
    enum err (*alerts_grouped)(void *ctx, const char *group, ts_ns since, size_t max,
                               rule_grouped_fn sink, void *sink_ctx, struct err_text *why);
    /* A new document for an alert that is there. */
    enum err (*alert_replace)(void *ctx, const char *id, struct bytes json, struct err_text *why);
    /* What the lists named by the rule take out at engine time now; *out is empty before. NULL:
     * there are no lists. */
    enum err (*exceptions)(void *ctx, const struct rule *r, ts_ns now, struct rule_exceptions *out,
                           struct err_text *why);
    /* After each run. NULL: nobody wants it. */
    enum err (*status)(void *ctx, const struct rule *r, const struct rule_status *status,
                       struct err_text *why);
    /* After a run that made up for a time of the past (the status's date) because of a result and
     * raised alerts. NULL likewise. */
    enum err (*made_up)(void *ctx, const struct rule *r, const struct rule_status *status,
                        struct err_text *why);
    /* Passing time for metrics, not engine time. NULL: runs are not timed. */
    ts_ns (*elapsed)(void *ctx);
};

/*
 * Runs the rule at engine time now. status must be initialised; it says how it went, problems of
 * the job, the search and the plan included. Returns what is beyond a rule's status: ERR_MEMORY, or
 * what alert_create failed with (the next run makes up for it). The status port is not called.
 */
enum err rule_run(const struct rule *r, const struct rule_ports *ports, ts_ns now, ts_ns previous,
                  struct rule_status *status, struct err_text *why) ERR_MUST_CHECK;
/*
 * The same with the rule's search that is fed with events as they arrive; NULL: all is asked of
 * what is stored. at_end: no event comes any more, so that those of now are seen too.
 */
enum err rule_run_with(const struct rule *r, struct hunt *hunt, bool at_end,
                       const struct rule_ports *ports, ts_ns now, ts_ns previous,
                       struct rule_status *status, struct err_text *why) ERR_MUST_CHECK;
/*
 * A run made up for by hand, or for a result of the past: made now with the windows that a run at a
 * time of the past would have had; there is no gap.
 */
enum err rule_run_past(const struct rule *r, const struct rule_ports *ports, ts_ns now, ts_ns at,
                       struct rule_status *status, struct err_text *why) ERR_MUST_CHECK;

#endif
