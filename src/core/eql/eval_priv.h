#ifndef EQL_EVAL_PRIV_H
#define EQL_EVAL_PRIV_H

/*
 * Conditions and values of checked nodes, asked of an event.
 *
 * Ownership: texts are views of the event, the query or the arena.
 * Threads:   any, each with its own arena.
 */

#include "eql/value_priv.h"

struct event;

/* All combinations of values that one comparison looks at. */
#define EQL_EVAL_COMBINATIONS 1000
/* Nor more than make so many bytes of texts. */
#define EQL_EVAL_BYTES ((size_t)16 << 20)

struct eql_eval {
    const struct event *e; /* NULL: constants only */
    struct arena *arena;
    const struct event_value *current[EQL_FIELDS_MAX]; /* by slot; NULL: the field is missing */
};

/* 1 true, 0 false, -1 null. */
int eql_eval_condition(const struct eql_eval *v, const struct eql_node *node);
struct eql_value eql_eval_value(const struct eql_eval *v, const struct eql_node *node);

/* The values of a FIELD; *scratch may be used for one. */
const struct event_value *eql_eval_field(const struct event *e, const struct eql_node *field,
                                         struct event_value *scratch, uint32_t *out_n);

#endif
