#ifndef QUERY_QUERY_H
#define QUERY_QUERY_H

/*
 * Which events somebody wants: one filter tree, whatever language it was written in.
 *
 * Elasticsearch's Query DSL (datafeeds, module manifests), KQL (rules, the search line) and Lucene
 * query strings all become the same tree, which is evaluated here on an event in memory, compiled
 * to SQL by the store (query/tree.h), and written as Query DSL for a cluster.
 *
 * Meaning: a field is a list of values; missing, null and the empty list are the same, and a leaf
 * matches when any value of the list does. Types come from the field table. There is no relevance:
 * boosts are read and have no effect. docs/method/query.md has the rest.
 *
 * What is not understood is refused with the place and what was expected; no key is swallowed.
 *
 * Ownership: query_free() frees a query and its tree.
 * Threads:   matching and reading may happen in any number of threads at once; query_set_now() by
 *            one, while nobody else looks.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct event;
struct format_node;
struct query;

/*
 * The query clause at v, for instance {"bool": …}; a NULL or empty object matches everything.
 * ERR_INVALID, ERR_UNSUPPORTED (understood by Elasticsearch, not done here), ERR_MEMORY.
 */
enum err query_parse_dsl(const struct format_node *v, ts_ns now, struct query **out,
                         struct err_text *why) ERR_MUST_CHECK;
/*
 * What is left to the queries of one request, all together: each leaf is a clause, and what asks a
 * date or a text for many values one for each; steps are those of regular expressions. Beyond it
 * are ERR_INVALID (clauses) and ERR_LIMIT (steps). Without a budget each query has one of its own.
 */
struct query_budget {
    size_t clauses;
    uint64_t steps;
};
#define QUERY_BUDGET                                                                               \
    {                                                                                              \
        .clauses = 65536, .steps = 20000000                                                        \
    } /* half a second of steps */
enum err query_parse_dsl_within(const struct format_node *v, ts_ns now, struct query_budget *budget,
                                struct query **out, struct err_text *why) ERR_MUST_CHECK;
/* The same from JSON text; file is for messages. Also ERR_FORMAT. */
enum err query_parse_json(const char *text, size_t n, const char *file, ts_ns now,
                          struct query **out, struct err_text *why) ERR_MUST_CHECK;
/* Empty or blank text matches everything. Mistakes carry line and column. */
enum err query_parse_kql(const char *text, size_t n, ts_ns now, struct query **out,
                         struct err_text *why) ERR_MUST_CHECK;
enum err query_parse_lucene(const char *text, size_t n, ts_ns now, struct query **out,
                            struct err_text *why) ERR_MUST_CHECK;
/* By the name rules use: "kuery", "lucene". ERR_UNSUPPORTED for all others (eql, esql). */
enum err query_parse_language(const char *language, const char *text, size_t n, ts_ns now,
                              struct query **out, struct err_text *why) ERR_MUST_CHECK;
void query_free(struct query *q); /* NULL is fine */

/* Queries made by a program. All: ERR_MEMORY; with why also ERR_INVALID. */
enum err query_new_all(struct query **out) ERR_MUST_CHECK;
enum err query_new_none(struct query **out) ERR_MUST_CHECK;
/* Any of n values (NUL-terminated). */
enum err query_new_terms(const char *field, const char *const *values, size_t n, struct query **out,
                         struct err_text *why) ERR_MUST_CHECK;
enum err query_new_exists(const char *field, struct query **out,
                          struct err_text *why) ERR_MUST_CHECK;
/* '*' any text, '?' one character. */
enum err query_new_wildcard(const char *field, const char *pattern, struct query **out,
                            struct err_text *why) ERR_MUST_CHECK;
/* from <= field < to, of a date field; TIME_NONE leaves a side open. */
enum err query_new_time(const char *field, ts_ns from, ts_ns to, struct query **out,
                        struct err_text *why) ERR_MUST_CHECK;

/*
 * All of n, any of n, not. They take the queries: on success the list's queries belong to the new
 * one (which may be one of them); on failure they stay the caller's. NULL members are skipped.
 */
enum err query_all_of_take(struct query *const *list, size_t n, struct query **out) ERR_MUST_CHECK;
enum err query_any_of_take(struct query *const *list, size_t n, struct query **out) ERR_MUST_CHECK;
enum err query_not_take(struct query *q, struct query **out) ERR_MUST_CHECK;

/* Whether the event is wanted. */
bool query_match(const struct query *q, const struct event *e);

/* Whether date math with "now" occurs, and a new instant for it. */
bool query_uses_now(const struct query *q);
void query_set_now(struct query *q, ts_ns now);

/* Query DSL that means the same, as compact JSON added to out (buf_ok tells). */
void query_to_dsl(const struct query *q, struct buf *out);

#endif
