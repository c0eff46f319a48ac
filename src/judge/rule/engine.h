#ifndef RULE_ENGINE_H
#define RULE_ENGINE_H

/*
 * All rules that are switched on, and when each runs next.
 *
 * A rule runs on every multiple of its interval (rule/schedule.h), directly when a result of its
 * job becomes final or changes its score, and when somebody asks. When engine time jumps, runs that
 * could find nothing new are left out; they count as made. With rule_ports.at_rest they always are.
 * Rules due at the same time run in the order of their rule_id.
 *
 * Ownership: rule_engine_free(); holds references to its rules; borrows the ports.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rule;
struct rule_engine;
struct rule_ports;

/* NULL when memory is short. ports must outlive the engine. */
struct rule_engine *rule_engine_new(const struct rule_ports *ports);
void rule_engine_free(struct rule_engine *e); /* NULL is fine */

/*
 * Takes a rule up from engine time now on, in place of one with the same rule_id. previous is the
 * start of its last run, TIME_NONE when it never ran. Rules that do not run yet (rule_runs) are
 * ERR_UNSUPPORTED. ERR_MEMORY.
 */
enum err rule_engine_put(struct rule_engine *e, struct rule *r, ts_ns now, ts_ns previous,
                         struct err_text *why) ERR_MUST_CHECK;
/* ERR_NOT_FOUND. */
enum err rule_engine_remove(struct rule_engine *e, const char *rule_id) ERR_MUST_CHECK;
size_t rule_engine_count(const struct rule_engine *e);

/*
 * A result of the job became final, or got a new score, at engine time at: its rules run at that
 * time in the next rule_engine_advance(). To be called for every such result. When at lies before
 * the rule was taken up, before its last run or before rule_engine_set_clock() (the job learns from
 * stored events), the run looks at the window it would have had then, and neither the schedule nor
 * the status knows of it.
 */
void rule_engine_result(struct rule_engine *e, const char *job_id, ts_ns at);
/* Where engine time stands, TIME_NONE (as at first): nobody knows. Results of before are made up
 * for (rule_run_past): alerts bear this time, and rule_ports.made_up hears of runs that raise some.
 */
void rule_engine_set_clock(struct rule_engine *e, ts_ns now);
/* The rule runs at this time too, whatever its interval. ERR_NOT_FOUND, ERR_MEMORY. */
enum err rule_engine_ask(struct rule_engine *e, const char *rule_id, ts_ns at) ERR_MUST_CHECK;

/* An event arrived (or a document that rules may take for one): rules that search events get to
 * know. */
struct hunt_source;
void rule_engine_event(struct rule_engine *e, const struct hunt_source *source);
/* The events that tell the time have come to this one. Rules that did not run yet begin there when
 * they were taken up at a later one: followed logs have a time of their own. */
void rule_engine_begin(struct rule_engine *e, ts_ns time);
/* Whether any rule searches events. */
bool rule_engine_wants_events(const struct rule_engine *e);

/*
 * With rule_ports.in_pieces: whether searches of rules that are due at engine time now are to be
 * fed from the store before these can run, and the next piece of that. What arrived before the call
 * must be in the store. A failure is left to the rule's run, which feeds all at once then.
 */
bool rule_engine_wants_feeding(const struct rule_engine *e, ts_ns now);
void rule_engine_feed(struct rule_engine *e, ts_ns now);

/* The earliest time at which a rule is due that can run; TIME_MAX when there is none. */
ts_ns rule_engine_next(const struct rule_engine *e);

/*
 * Makes all runs due up to engine time now, in the order of time. A failure of the world does not
 * stop the other rules; the first one is returned when all is done.
 */
enum err rule_engine_advance(struct rule_engine *e, ts_ns now, struct err_text *why) ERR_MUST_CHECK;
/* Every rule once more at now, for the end of input. */
enum err rule_engine_finish(struct rule_engine *e, ts_ns now, struct err_text *why) ERR_MUST_CHECK;

/* When the rule's last run started, to be kept over a restart; TIME_NONE: never, or no such rule.
 */
ts_ns rule_engine_previous(const struct rule_engine *e, const char *rule_id);

#endif
