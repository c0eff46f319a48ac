#ifndef QUERY_REGEXP_H
#define QUERY_REGEXP_H

/*
 * Lucene's regular expressions: of whole terms, with complement, intersection and number ranges.
 *
 * Method: derivatives of regular expressions (Brzozowski 1964; Owens, Reppy and Turon 2009) over
 * classes of characters, made into a complete table of states when the expression is compiled, so
 * that matching costs one step a character and never goes back. Compiling is bounded in length
 * (1,000 bytes), states (10,000, as in Elasticsearch) and steps; a table has no more places than
 * its making took steps.
 *
 * Ownership: the compiled expression lives in the arena it was given.
 * Threads:   any once compiled.
 */

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct query_regexp;

enum query_regexp_flag {
    QUERY_REGEXP_COMPLEMENT = 1,   /* ~a */
    QUERY_REGEXP_EMPTY = 2,        /* #: nothing matches */
    QUERY_REGEXP_ANYSTRING = 4,    /* @: any text */
    QUERY_REGEXP_INTERSECTION = 8, /* a&b */
    QUERY_REGEXP_INTERVAL = 16,    /* <1-100> */
    QUERY_REGEXP_ALL = 31,
};

#define QUERY_REGEXP_LENGTH_MAX 1000
#define QUERY_REGEXP_STEPS_MAX 4000000 /* of one: a tenth of a second */

/*
 * fold: ASCII letters alike. budget: the steps that are left to all expressions of a query, less
 * by those of this one afterwards; NULL: this one's own bound is enough. ERR_INVALID with the
 * column, ERR_LIMIT when it is too complex, ERR_MEMORY.
 */
enum err query_regexp_new(const char *s, size_t n, unsigned flags, bool fold, uint64_t *budget,
                          struct arena *arena, const struct query_regexp **out,
                          struct err_text *why) ERR_MUST_CHECK;

/* Whether the whole text fits. */
bool query_regexp_match(const struct query_regexp *re, const char *s, size_t n);

#endif
