#ifndef ENGINE_GAPS_H
#define ENGINE_GAPS_H

/*
 * Spans that no run of a rule looked at, in state.db: kept when a run leaves one, filled by manual
 * runs, forgotten after 90 days.
 *
 * Threads: as the state.
 */

#include "base/err.h"
#include "base/time.h"

struct store_state;

#define ENGINE_GAPS_KEPT (90 * TIME_DAY)

/* A run at engine time now left from to to. */
enum err engine_gaps_note(struct store_state *state, const char *rule_id, ts_ns from, ts_ns to,
                          ts_ns now, struct err_text *why) ERR_MUST_CHECK;

/* A run looked at the span. */
enum err engine_gaps_fill(struct store_state *state, const char *rule_id, ts_ns from, ts_ns to,
                          struct err_text *why) ERR_MUST_CHECK;

#endif
