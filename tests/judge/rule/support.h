#ifndef TESTS_JUDGE_RULE_SUPPORT_H
#define TESTS_JUDGE_RULE_SUPPORT_H

/*
 * A small world for rules to run in: records that become visible at their time, jobs, alerts.
 *
 * Ownership: world_release(); rules made here are the test's.
 */

#include "base/arena.h"
#include "base/buf.h"
#include "hunt/hunt.h"
#include "rule/engine.h"
#include "rule/load.h"
#include "rule/rule.h"
#include "rule/run.h"
#include "rule/status.h"

#include <stdbool.h>
#include <stddef.h>

#define WORLD_RECORDS 4096
#define WORLD_JOBS 4
#define WORLD_EVENTS 6000

struct world_record {
    char id[96];
    char job[48];
    ts_ns start;
    ts_ns visible; /* engine time from which a search finds it */
    double score;
    char *json;
};

struct world_alert {
    char id[65];
    char group[65]; /* "": none */
    bool closed;
    ts_ns time;
    char *json;
    size_t json_n;
};

struct world {
    struct world_record records[WORLD_RECORDS];
    size_t records_n;
    struct world_alert *alerts;
    size_t alerts_n;
    size_t alerts_cap;
    size_t searches;
    size_t repeats; /* creations of an alert that was there */
    struct {
        char id[48];
        struct rule_job job;
    } jobs[WORLD_JOBS];
    size_t jobs_n;
    bool break_search;
    bool break_create;
    bool break_exceptions;
    struct query *except; /* what exceptions take out; NULL: nothing */
    const char *except_warning;
    struct buf last_status; /* JSON of the last status told */
    size_t statuses;
    ts_ns made_up; /* a test's: the time made up for last */
    struct rule_ports ports;
    struct hunt_ports events;
    struct event *kept[WORLD_EVENTS]; /* in the order of time */
    size_t kept_n;
    struct arena arena; /* of events */
};

void world_init(struct world *w);
void world_release(struct world *w);

/* A started job with that datafeed query (NULL: none). */
void world_add_job(struct world *w, const char *id, const char *query);

/* A high_sum record of source.bytes over destination.port, 3 h; NULL json makes such a one. */
void world_add_record(struct world *w, const char *job, ts_ns start, ts_ns visible, double score,
                      const char *json);

/* An event that is kept from now on, and told to the engine (NULL: to none). Times must rise. */
void world_add_event(struct world *w, struct rule_engine *e, ts_ns time, const char *json);

/* Exceptions that take out what the query matches; warning: NULL for none. */
void world_except(struct world *w, const char *kql, const char *warning);

/* The TOML text of a machine_learning rule with some keys replaced or added by extra lines. */
void world_rule_text(const char *extra, struct buf *out);

/* A rule that must be right. */
struct rule *world_rule(const char *extra);
struct rule *world_rule_api(const char *json);

/* The rule is refused; the message goes to why. */
void world_refused(const char *toml, struct err_text *why);

#endif
