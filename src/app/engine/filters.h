#ifndef ENGINE_FILTERS_H
#define ENGINE_FILTERS_H

/*
 * The filters that state.db keeps, and the jobs that name them.
 *
 * A filter that is put reaches the jobs that run at once. One that a job names cannot be deleted.
 *
 * Ownership: borrows everything; sets that are filled are the caller's.
 * Threads:   one at a time.
 */

#include "base/err.h"
#include "detect/filter.h"

struct engine_jobs;
struct store_state;

/* Adds all that are kept. */
enum err engine_filters_read(struct store_state *state, struct detect_filters *out,
                             struct err_text *why) ERR_MUST_CHECK;

/* Keeps them, in place of others of their ids. jobs: those that run; NULL when none do. */
enum err engine_filters_put(struct store_state *state, struct engine_jobs *jobs,
                            const struct detect_filters *filters,
                            struct err_text *why) ERR_MUST_CHECK;

/* ERR_NOT_FOUND; ERR_INVALID: a job names it. */
enum err engine_filters_delete(struct store_state *state, const char *id,
                               struct err_text *why) ERR_MUST_CHECK;

/* Calls user for each filter and each job of state.db that names it, in the order of the jobs. */
typedef void (*engine_filters_user_fn)(void *ctx, const struct detect_filter *filter,
                                       const char *job_id);
enum err engine_filters_users(struct store_state *state, const struct detect_filters *filters,
                              engine_filters_user_fn user, void *ctx,
                              struct err_text *why) ERR_MUST_CHECK;

#endif
