#ifndef RULE_RUN_PRIV_H
#define RULE_RUN_PRIV_H

/*
 * One run while it is under way, for the files that take it from the plan to alerts: run.c leads;
 * records.c finds the candidates of machine_learning rules, hits.c those of rules that search
 * events, suppress.c makes one alert of many.
 */

#include "rule/amend.h"
#include "rule/candidate.h"
#include "rule/run.h"

#include <stdbool.h>
#include <stddef.h>

#define RULE_RUN_MESSAGE 1024

struct map;

struct rule_running {
    const struct rule *rule;
    const struct rule_ports *ports;
    struct rule_status *status;
    ts_ns now;
    ts_ns at; /* what its windows are reckoned from: now, or of a manual run a time of the past */
    bool manual; /* its alerts say so */
    size_t max;  /* alerts of one window */
    struct rule_exceptions except;
    struct map *seen; /* suppression: candidates of this run, RULE_RUN_CREATED where one is an alert
                         of this run; NULL: none yet */
    struct hunt *hunt;   /* of a rule that searches events */
    bool kept;           /* it is fed as events arrive: not for this run alone */
    bool at_end;         /* events of now are seen */
    struct rule_job job; /* of the record asked for last */
    const char *job_id;  /* NULL: none asked for yet */
};

/* Passing time; 0 when nobody can tell. */
ts_ns rule_run_elapsed(const struct rule_running *run);

/* Whether an exception takes the candidate out; it is counted. */
bool rule_run_excepted(struct rule_running *run, const struct event *e);

/*
 * Makes an alert of the candidate, with changes to its document (NULL: none), in a group (NULL: in
 * none), and counts it. ERR_EXISTS: there is one; ERR_FORMAT: none could be made, which the status
 * tells; all else ends the run.
 */
enum err rule_run_create(struct rule_running *run, const struct rule_candidate *from,
                         const struct rule_amendment *changes, size_t n, const char *group,
                         struct err_text *why) ERR_MUST_CHECK;
/* The same for a candidate that may be an alert already. */
enum err rule_run_raise(struct rule_running *run, const struct rule_candidate *from,
                        struct err_text *why) ERR_MUST_CHECK;

/* suppress.c: the alerts of one window, those of one kind as one. */
#define RULE_RUN_SEEN 1
#define RULE_RUN_CREATED 2
enum err rule_suppress_write(struct rule_running *run, struct rule_candidates *found,
                             struct rule_range range, struct err_text *why) ERR_MUST_CHECK;

/* Warns of jobs that are not there or do not run. */
void rule_records_check(struct rule_running *run);
/*
 * The records of one window, best score first; own: it is the run's own window, not one caught up
 * with. What the search fails with, or ERR_MEMORY.
 */
enum err rule_records_find(struct rule_running *run, struct rule_range range, bool own,
                           struct rule_candidates *out, struct err_text *why) ERR_MUST_CHECK;
/* What the rule's search finds in one window, not yet alerts. */
enum err rule_hits_find(struct rule_running *run, struct rule_range range, bool own,
                        struct rule_candidates *out, struct err_text *why) ERR_MUST_CHECK;
/* The job of a record; NULL when it cannot be told. Its texts live until the next call. */
const struct rule_job *rule_records_job(struct rule_running *run, const char *record_id);

#endif
