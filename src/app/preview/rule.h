#ifndef PREVIEW_RULE_H
#define PREVIEW_RULE_H

/*
 * What a rule would have raised: its runs over a span of the past, which write nothing.
 *
 * The rule runs on each multiple of its interval as it would have run then, over the events and
 * results that are stored, with exceptions and suppression. Alerts that were really raised do not
 * matter. Jobs are taken to be there and to run.
 *
 * Ownership: preview_rule_free(); borrows state and store; texts live as long as the
 * preview. Threads:   one owner; beside the daemon's own threads.
 */

#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"

#include <stddef.h>
#include <stdint.h>

struct preview_rule;
struct rule;
struct store;
struct store_cancel;
struct store_state;

/* Alerts are gathered in memory: no more than so many. */
#define PREVIEW_RULE_ALERTS 10000

/* A sentence about a run: "warning", "error". */
typedef void (*preview_rule_remark_fn)(void *ctx, ts_ns at, const char *kind, const char *message);

/* The first run is the first at or after from. ERR_MEMORY, ERR_UNSUPPORTED. */
enum err preview_rule_new(struct store_state *state, struct store *store, struct rule *rule,
                          ts_ns from, preview_rule_remark_fn remark, void *ctx,
                          struct preview_rule **out, struct err_text *why) ERR_MUST_CHECK;
void preview_rule_free(struct preview_rule *p); /* NULL is fine */

/* When runs give up what they look for; copied. */
void preview_rule_set_cancel(struct preview_rule *p, const struct store_cancel *cancel);

/* Makes the runs up to a time; may be called again for later ones. ERR_LIMIT: too many alerts. */
enum err preview_rule_advance(struct preview_rule *p, ts_ns to,
                              struct err_text *why) ERR_MUST_CHECK;

/* How many alerts there are; the i-th, in the order of raising. */
size_t preview_rule_count(const struct preview_rule *p);
struct bytes preview_rule_alert(const struct preview_rule *p, size_t i);

#endif
