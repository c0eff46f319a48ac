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

/* A text of simple_query_string; flags say what of the language is read, as "AND|PREFIX" (NULL:
 * all). */
struct query_node *query_simple_node(struct query_build *b, const char *text, size_t n,
                                     const struct query_lucene_options *options, const char *flags);
struct query_node *query_kql_node(struct query_build *b, const char *text, size_t n);

#endif
