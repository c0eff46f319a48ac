#ifndef QUERY_INDEX_H
#define QUERY_INDEX_H

/*
 * Which data views an event belongs to.
 *
 * An event's index name is <data_stream.type>-<data_stream.dataset>-<data_stream.namespace>, as the
 * data stream of Elastic's agents has it; what is missing is "logs", event.dataset (or "generic")
 * and "default". An event that was sent to an index with another kind of name bears that name
 * (weir.index). Datafeed indices, rule indices and API paths choose by patterns: a comma-separated
 * list with '*', where a later -pattern excludes. Names of other clusters (cluster:pattern) choose
 * nothing here.
 *
 * Ownership: query_index_free().
 * Threads:   any once made.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct event;
struct query_index;

#define QUERY_INDEX_NAME_SIZE 320

/* n strings, each a comma-separated list. None at all, "_all" and "*" choose everything. */
enum err query_index_new(const char *const *patterns, size_t n, struct query_index **out,
                         struct err_text *why) ERR_MUST_CHECK;
void query_index_free(struct query_index *x); /* NULL is fine */

bool query_index_match(const struct query_index *x, const struct event *e);
bool query_index_match_name(const struct query_index *x, const char *name, size_t n);

/* The event's index name, NUL-terminated, cut to fit; returns its length. */
size_t query_index_name(const struct event *e, char out[QUERY_INDEX_NAME_SIZE]);

#endif
