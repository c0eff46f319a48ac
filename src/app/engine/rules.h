#ifndef ENGINE_RULES_H
#define ENGINE_RULES_H

/*
 * The rules that are switched on, between state.db and the rule engine.
 *
 * Rules read results from state.db and write alerts to it; each new alert is also kept until its
 * transaction is committed and then handed on once, so that nobody is told of an alert that a crash
 * takes back.
 *
 * Ownership: engine_rules_free(); borrows state and jobs.
 * Threads:   one owner.
 */

#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine_jobs;
struct engine_rules;
struct event;
struct rule;
struct rule_ports;
struct store;
struct store_cancel;
struct store_rule;
struct store_state;

/* An alert that is there for good: its document. */
typedef void (*engine_alert_fn)(void *ctx, const char *id, struct bytes json);

/* at_rest: the input is complete (rule_ports). NULL without memory. */
struct engine_rules *engine_rules_new(struct store_state *state, struct engine_jobs *jobs,
                                      bool at_rest);
/*
 * Where rules that search events find those that came before; without it they know only what
 * engine_rules_event() told them. settle (NULL: nothing) is called before each search: what was
 * appended must be committed then. To be said before rules are loaded.
 */
typedef enum err (*engine_settle_fn)(void *ctx, struct err_text *why);
void engine_rules_set_store(struct engine_rules *r, struct store *store, engine_settle_fn settle,
                            void *ctx);
/* When searches of what is stored are given up; copied. */
void engine_rules_set_cancel(struct engine_rules *r, const struct store_cancel *cancel);
void engine_rules_free(struct engine_rules *r); /* NULL is fine */

/* What its rules see of the world, for others that run rules. Lives as long. */
const struct rule_ports *engine_rules_ports(const struct engine_rules *r);

/* A rule again from the document that state.db keeps: rule_unref(). ERR_FORMAT and others that say
 * what is wrong with it, ERR_MEMORY. */
enum err engine_rules_read(const struct store_rule *row, struct rule **out,
                           struct err_text *why) ERR_MUST_CHECK;

/*
 * Takes up every enabled rule of state.db that is new or was written again, from engine time now
 * on, and drops those that are not enabled. After the first call, those that were not enabled
 * before run at once. One that cannot be read is left out: its status is
 * "failed" and says why, and so does a line in the log; the others run.
 */
enum err engine_rules_load(struct engine_rules *r, ts_ns now, struct err_text *why) ERR_MUST_CHECK;
size_t engine_rules_count(const struct engine_rules *r);

/* A record of the job became final, or changed its score. */
void engine_rules_result(struct engine_rules *r, const char *job_id, ts_ns at);

/* An event arrived, and has its place in the store. */
void engine_rules_event(struct engine_rules *r, const struct event *e);
/* The events that tell the time have come to this one (rule_engine_begin()). */
void engine_rules_begin(struct engine_rules *r, ts_ns time);
/* Where engine time stands (rule_engine_set_clock()). */
void engine_rules_set_clock(struct engine_rules *r, ts_ns now);

/* First feeding in pieces (rule_engine_feed()); to be said before rules are loaded. */
void engine_rules_set_pieces(struct engine_rules *r, bool in_pieces);
bool engine_rules_wants_feeding(const struct engine_rules *r, ts_ns now);
void engine_rules_feed(struct engine_rules *r, ts_ns now);

ts_ns engine_rules_next(const struct engine_rules *r);
enum err engine_rules_advance(struct engine_rules *r, ts_ns now,
                              struct err_text *why) ERR_MUST_CHECK;
enum err engine_rules_finish(struct engine_rules *r, ts_ns now,
                             struct err_text *why) ERR_MUST_CHECK;

/* What a manual run did. */
struct engine_past {
    uint64_t runs;
    uint64_t failed; /* of them */
    uint64_t alerts;
    uint64_t suppressed;
};

/*
 * Runs the rule as it would have run at a time of the past, whether it is switched on or not: what
 * the windows of that time hold and has no alert gets one. The run is kept as a manual one, adds to
 * totals, and fills gaps with the interval before that time unless it failed.
 */
enum err engine_rules_past(struct engine_rules *r, const struct rule *rule, ts_ns now, ts_ns at,
                           struct engine_past *totals, struct err_text *why) ERR_MUST_CHECK;

/* After a commit: hands on the alerts made since the last one, in order; returns how many. */
uint64_t engine_rules_announce(struct engine_rules *r, engine_alert_fn sink, void *ctx);

#endif
