#ifndef ENGINE_INSTALL_H
#define ENGINE_INSTALL_H

/*
 * Jobs, rules and packages put into state.db, from where the pipeline takes them up.
 *
 * Installing twice leaves what is there: a job keeps what it has learned, a rule its status. A job
 * is parsed before it is written, so that a wrong one is refused with its place.
 *
 * Ownership: borrows everything.
 * Threads:   one at a time.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>

struct package;
struct rule;
struct rule_set;
struct store_state;

struct engine_install_totals {
    size_t jobs;
    size_t rules;
    size_t there; /* of both, that were installed before */
};

/*
 * One job with its datafeed (NULL: it takes every event), to be started at the next load. Filters
 * that its rules name must be in state.db. start is where its datafeed begins, TIME_NONE to leave
 * that to the load. ERR_INVALID, ERR_UNSUPPORTED,
 * ERR_FORMAT for what a person wrote; ERR_EXISTS when a job of that id is there.
 */
enum err engine_install_job(struct store_state *state, const char *job, size_t job_n,
                            const char *job_file, const char *feed, size_t feed_n,
                            const char *feed_file, const char *package, ts_ns now, ts_ns start,
                            struct err_text *why) ERR_MUST_CHECK;

/*
 * What was read of a job and its datafeed (NULL: none) and has no effect, a sentence each. Files
 * that cannot be read have none: engine_install_job() says why.
 */
void engine_install_notes(struct store_state *state, const char *job, size_t job_n,
                          const char *job_file, const char *feed, size_t feed_n,
                          const char *feed_file, void (*note)(void *ctx, const char *sentence),
                          void *ctx);

/* One rule. With enable its jobs are installed, from the shipped package that has them, and
 * started; what is missing is written down as the rule's status. */
enum err engine_install_rule(struct store_state *state, const struct rule *rule,
                             const char *package, bool enable, ts_ns now,
                             struct err_text *why) ERR_MUST_CHECK;

/* All rules of a set. */
enum err engine_install_rules(struct store_state *state, const struct rule_set *set,
                              const char *package, bool enable, ts_ns now,
                              struct engine_install_totals *totals,
                              struct err_text *why) ERR_MUST_CHECK;

/* A package whole: its jobs, started, and its rules, enabled. */
enum err engine_install_package(struct store_state *state, const struct package *p, ts_ns now,
                                struct engine_install_totals *totals,
                                struct err_text *why) ERR_MUST_CHECK;
/* Those rules of all shipped packages that are not there, switched off and without jobs; in totals
 * how many, and how many were there. */
enum err engine_install_shipped_rules(struct store_state *state, ts_ns now,
                                      struct engine_install_totals *totals,
                                      struct err_text *why) ERR_MUST_CHECK;
/* Whether a package of that name is installed. */
enum err engine_install_is_there(struct store_state *state, const char *package, bool *out,
                                 struct err_text *why) ERR_MUST_CHECK;
/* Its rules and jobs go, with what was learned; alerts stay. ERR_NOT_FOUND. */
enum err engine_install_remove(struct store_state *state, const char *package,
                               struct engine_install_totals *totals,
                               struct err_text *why) ERR_MUST_CHECK;

/*
 * Switches a rule on or off. On: its jobs are installed when a shipped package other than ded has
 * them, and started at the next load; what cannot be started stands in the rule's status.
 * ERR_NOT_FOUND.
 */
enum err engine_install_enable(struct store_state *state, const char *rule_id, bool enable,
                               ts_ns now, struct err_text *why) ERR_MUST_CHECK;

#endif
