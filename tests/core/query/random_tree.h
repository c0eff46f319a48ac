#ifndef TEST_QUERY_RANDOM_TREE_H
#define TEST_QUERY_RANDOM_TREE_H

/*
 * Random queries and random events that meet often: for tests that hold two executors of the same
 * query to the same answers.
 *
 * Both draw fields and values from the same small pools: every kind of field, unknown fields,
 * lists, missing fields, and values at the edges of the ranges that are asked for.
 *
 * Ownership: text is added to the caller's buffer.
 * Threads:   one owner a generator.
 */

struct buf;
struct rng;

/* A query clause in Query DSL; depth: levels of bool at most. All times lie in 2024. */
void random_query(struct rng *r, unsigned depth, struct buf *out);

/* A KQL text. */
void random_kql(struct rng *r, unsigned depth, struct buf *out);

/* An event as one JSON object, always with "@timestamp". */
void random_event(struct rng *r, struct buf *out);

#endif
