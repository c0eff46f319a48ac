#ifndef KIBANA_EDIT_H
#define KIBANA_EDIT_H

/*
 * Bulk edits: a rule's object changed by a list of operations ({"type":"add_tags","value":["x"]}).
 *
 * Threads: any.
 */

#include "base/err.h"

struct arena;
struct format_node;

/*
 * Applies all of them, in order, to the object: *out is another that the caller frees, or NULL when
 * nothing changed. ERR_INVALID: no such operation, a value of the wrong form, or one that the
 * rule's type has no use for.
 */
enum err kibana_edit_apply(const struct format_node *rule, const struct format_node *operations,
                           struct arena *arena, struct format_node **out,
                           struct err_text *why) ERR_MUST_CHECK;

#endif
