#ifndef ENGINE_UNDELIVERED_H
#define ENGINE_UNDELIVERED_H

/*
 * Alerts that nobody was told of stand in their rule's status until somebody has seen to it: sent
 * the messages again, or dismissed them. docs/method/notify.md.
 *
 * Threads: as the state.
 */

#include "base/err.h"
#include "rule/status.h"

struct store_state;

/*
 * Makes state and message the rule's status, with what of it was given up added; when there is
 * nothing of that kind, nothing is written. A rule that is gone is fine.
 */
enum err engine_undelivered_tell(struct store_state *st, const char *rule_id, enum rule_state state,
                                 const char *message, struct err_text *why) ERR_MUST_CHECK;

#endif
