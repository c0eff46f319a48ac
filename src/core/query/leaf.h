#ifndef QUERY_LEAF_H
#define QUERY_LEAF_H

/*
 * A leaf of a query on one value given as text: the same answer as query_match() gives for that
 * value in an event. The store registers it in SQL for leaves that SQL cannot copy exactly, with
 * the leaf as its constant argument (query_node_to_dsl() there, query_parse_json() here).
 *
 * Threads: any.
 */

#include <stdbool.h>
#include <stddef.h>

struct query_node;

/*
 * s is the value as event_value_text() writes it: strings as they are, numbers, true and false,
 * addresses, ISO 8601 times. The node is a leaf or a tree of AND, OR, NOT and leaves about one
 * field, all asked of this one value. EXISTS is true.
 */
bool query_leaf_text(const struct query_node *node, const char *s, size_t n);

/* '*' is any text, '?' one character (UTF-8), '\' takes the next as it is. The whole text. */
bool query_leaf_wildcard(const char *pattern, size_t pattern_n, const char *s, size_t n, bool fold);

/* Comparing with ASCII letters alike. */
bool query_leaf_equal_fold(const char *a, const char *b, size_t n);

#endif
