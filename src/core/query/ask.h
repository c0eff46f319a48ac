#ifndef QUERY_ASK_H
#define QUERY_ASK_H

/*
 * One question to one field, for languages that have a parser and an evaluation of their own
 * (eql): what the field's type makes of the values is settled here as for all other languages.
 *
 * Ownership: everything given is borrowed during the call; query_free() frees the query.
 * Threads:   any.
 */

#include "query/query.h"
#include "query/tree.h"

/* A value as a language gives it. */
struct query_raw {
    enum query_written written;
    const char *s;
    size_t n;
};

/* What a leaf asks, before it is known of which field. */
struct query_ask {
    enum query_op op; /* TERMS, MATCH, PHRASE, RANGE, PREFIX, WILDCARD, REGEXP, EXISTS */
    const struct query_raw *values;
    size_t n;
    bool fold;
    bool all_words;   /* MATCH: operator and */
    bool last_prefix; /* PHRASE */
    bool lenient;     /* a value that is none of the field's type matches nothing */
    const char *min;  /* MATCH: minimum_should_match, or NULL */
    unsigned flags;   /* REGEXP */
    bool low_open;    /* RANGE: values[0] is the low side, values[1] the high; s NULL: open */
    bool high_open;
    const char *format;
    const char *time_zone;
};

/*
 * A query of this one leaf about the field of exactly that name; it takes from budget, unless that
 * is NULL. ERR_INVALID: a value is none of
 * the field's type, or a pattern cannot be read; ERR_UNSUPPORTED, ERR_LIMIT, ERR_MEMORY.
 */
enum err query_new_leaf(const char *field, size_t field_n, const struct query_ask *ask, ts_ns now,
                        struct query_budget *budget, struct query **out,
                        struct err_text *why) ERR_MUST_CHECK;

#endif
