#ifndef QUERY_PARSE_PRIV_H
#define QUERY_PARSE_PRIV_H

/*
 * The parsers of the languages, as they call each other: a query_string inside Query DSL.
 *
 * Ownership: nodes live in the builder's query.
 * Threads:   one owner.
 */

#include "query/build_priv.h"

struct query_lucene_options {
    const char *const *fields; /* asked when no field is named; NULL: all */
    size_t n_fields;
    bool default_and;
    bool lenient;
    const char *time_zone; /* or NULL */
    const char *min;       /* minimum_should_match, or NULL */
};

/* Deeper nesting is refused, so that no text can exhaust the stack. */
#define QUERY_DEPTH_MAX 64

/* NULL after query_build_fail(). The text is borrowed. */
struct query_node *query_lucene_node(struct query_build *b, const char *text, size_t n,
                                     const struct query_lucene_options *options);
/* The leaf for each of the fields that are asked when none is named. */
struct query_node *query_lucene_about(struct query_build *b,
                                      const struct query_lucene_options *options,
                                      struct query_ask *ask);

/* What a text of simple_query_string may say, as its `flags` name it. */
enum query_simple {
    QUERY_SIMPLE_AND = 1 << 0,
    QUERY_SIMPLE_NOT = 1 << 1,
    QUERY_SIMPLE_OR = 1 << 2,
    QUERY_SIMPLE_PREFIX = 1 << 3,
    QUERY_SIMPLE_PHRASE = 1 << 4,
    QUERY_SIMPLE_PRECEDENCE = 1 << 5,
    QUERY_SIMPLE_ESCAPE = 1 << 6,
    QUERY_SIMPLE_WHITESPACE = 1 << 7,
    QUERY_SIMPLE_FUZZY = 1 << 8,
    QUERY_SIMPLE_SLOP = 1 << 9,
    QUERY_SIMPLE_ALL = (1 << 10) - 1,
};
struct query_node *query_simple_node(struct query_build *b, const char *text, size_t n,
                                     const struct query_lucene_options *options, unsigned flags);
struct query_node *query_kql_node(struct query_build *b, const char *text, size_t n);

#endif
