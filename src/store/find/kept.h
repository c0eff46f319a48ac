#ifndef FIND_KEPT_H
#define FIND_KEPT_H

/*
 * Documents that are no events: alerts, results and messages of jobs, as state.db keeps them, read
 * as events.
 *
 * An alert shows the status that it has now. The time of a result or message stands in `timestamp`
 * both as a number and as a time, so that ranges and histograms of either kind find it.
 *
 * Threads: as of store_state; the callback must not call back into it.
 */

#include "find/field.h"
#include "find/target.h"
#include "store/state.h"

/* False: no more, please. The document dies with the call. */
typedef bool (*find_kept_fn)(void *ctx, const struct find_doc *doc);

/*
 * The chosen documents whose time is from <= t < to, oldest first. ERR_MEMORY and those of
 * store_state.
 */
enum err find_kept_each(struct store_state *state, const struct find_target *target, ts_ns from,
                        ts_ns to, find_kept_fn fn, void *ctx, struct err_text *why) ERR_MUST_CHECK;

/* One alert, result or message by its _id. ERR_NOT_FOUND. */
enum err find_kept_get(struct store_state *state, const struct find_target *target, const char *id,
                       find_kept_fn fn, void *ctx, struct err_text *why) ERR_MUST_CHECK;

#endif
