#ifndef RULE_KQL_H
#define RULE_KQL_H

/*
 * A query written as KQL, so that a person can read it and paste it into a search line.
 *
 * KQL is the poorer language: regular expressions, single-character wildcards, case folding and
 * "at least k of n" have no words in it.
 *
 * Threads: any.
 */

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct query_node;

/* Adds the query to out, in parentheses where needed; false, with out as before, when KQL cannot
 * say it. */
bool rule_kql_write(const struct query_node *node, struct buf *out);

/* The value as a quoted string. */
void rule_kql_quote(const char *s, size_t n, struct buf *out);

#endif
