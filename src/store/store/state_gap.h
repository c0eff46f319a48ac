#ifndef STORE_STATE_GAP_H
#define STORE_STATE_GAP_H

/*
 * Spans that no run of a rule looked at, in state.db.
 *
 * Ownership: texts are borrowed for the call; those passed to callbacks die with the call.
 * Threads:   as store/state.h; callbacks must not call back.
 *
 * All functions can return ERR_IO, ERR_FULL, ERR_MEMORY.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>

struct store_state;

struct store_gap {
    const char *rule_id;
    ts_ns from; /* with the rule its name */
    ts_ns to;
    const char *status; /* unfilled, partially_filled, filled */
    const char *doc;    /* JSON */
};

typedef bool (*store_gap_fn)(void *ctx, const struct store_gap *gap); /* false: no more */

/* Makes or replaces. */
enum err store_state_gap_put(struct store_state *st, const struct store_gap *gap) ERR_MUST_CHECK;
/* Those of the rule that meet from <= t < to, newest first. */
enum err store_state_gap_list(struct store_state *st, const char *rule_id, ts_ns from, ts_ns to,
                              store_gap_fn fn, void *ctx) ERR_MUST_CHECK;
/* Those of all rules that ended before a time go. */
enum err store_state_gap_trim(struct store_state *st, ts_ns before) ERR_MUST_CHECK;

#endif
