#ifndef FUZZ_QUERY_CHECK_H
#define FUZZ_QUERY_CHECK_H

/*
 * What must hold for every query that was read, whatever its language: it can be asked, and it can
 * be written as Query DSL, which reads as the same query.
 *
 * Ownership: takes the query.
 * Threads:   any.
 */

struct query;

void query_check(struct query *q);

#endif
