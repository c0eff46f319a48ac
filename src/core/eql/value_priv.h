#ifndef EQL_VALUE_PRIV_H
#define EQL_VALUE_PRIV_H

/*
 * Values of expressions: made from an event's, as text, compared, searched.
 *
 * Ownership: texts are views of the event, of the query or of the arena.
 * Threads:   any, each with its own arena.
 */

#include "eql/tree_priv.h"

struct event_value;

static inline struct eql_value eql_value_null(void)
{
    return (struct eql_value){.type = EQL_NULL};
}

static inline struct eql_value eql_value_bool(bool b)
{
    return (struct eql_value){.type = EQL_BOOL, .b = b};
}

static inline struct eql_value eql_value_int(int64_t i)
{
    return (struct eql_value){.type = EQL_INT, .i = i};
}

/* Not a number and infinities are null. */
struct eql_value eql_value_float(double f);

static inline struct eql_value eql_value_text(const char *s, size_t n)
{
    return (struct eql_value){.type = EQL_STR, .n = (uint32_t)n, .s = s};
}

/* Addresses and times become texts, in the arena. Null when memory is short. */
struct eql_value eql_value_of(const struct event_value *v, struct arena *arena);

/* As text; null stays null, and becomes of anything when memory is short. */
struct eql_value eql_value_string(struct eql_value v, struct arena *arena);

/* -1: null, or an order of what has none; else 0 or 1. Unlike kinds are not equal. */
int eql_value_compare(enum eql_cmp cmp, const struct eql_value *a, const struct eql_value *b);

/*
 * A character without regard to case: small letters, but a letter beyond ASCII never becomes one of
 * ASCII.
 */
uint32_t eql_value_fold(uint32_t c);

/* Where a part begins and ends in a text, in bytes. */
struct eql_span {
    size_t from;
    size_t to;
};

/*
 * The first place at or after from, or the last; false when there is none, or memory is short. In
 * linear time, whatever the texts.
 */
bool eql_value_find(const struct eql_value *text, const struct eql_value *part, size_t from,
                    bool last, bool fold, struct arena *arena, struct eql_span *out);
/* Whether the text has the part at this byte; *out_to is then where it ends. */
bool eql_value_at(const struct eql_value *text, const struct eql_value *part, size_t at, bool fold,
                  size_t *out_to);

/* Characters of a text, and the byte at which the i-th begins (at most the length). */
size_t eql_value_chars(const struct eql_value *text);
size_t eql_value_byte(const struct eql_value *text, size_t i);

#endif
