#ifndef STORE_SQL_H
#define STORE_SQL_H

/*
 * A query tree as SQL over the columns of pieces.
 *
 * The answer is the one query_match() gives on the whole event. Where SQL has no equal the leaf is
 * given to a C function of the worker (weir_leaf on a column, weir_rest on what has no column);
 * what needs the whole event at once (any field, a pattern of fields, _id, _index) becomes a
 * condition that lets through at least the matching events, and *out_exact says that query_match()
 * must still be asked.
 *
 * Threads: any.
 */

#include "base/err.h"

#include <stdbool.h>

struct buf;
struct query_node;
struct store_columns;

/*
 * Adds a condition to sql; buf_ok() tells about memory. columns: of all pieces that will be read. A
 * condition is true, or it is false or NULL.
 */
void store_sql_where(const struct query_node *root, const struct store_columns *columns,
                     struct buf *sql, bool *out_exact);

/*
 * Adds the index name of query_index_name() as an expression: right for events that have none of
 * the fields it is made of (data_stream.*, event.dataset, weir.index) in rest.
 */
void store_sql_index_name(const struct store_columns *columns, struct buf *sql);

#endif
