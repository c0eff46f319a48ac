#ifndef STORE_WORKER_PRIV_H
#define STORE_WORKER_PRIV_H

/* What the files of the query worker share: one connection, the batches sent so far. */

#include "store/column.h"
#include "store/duck.h"
#include "store/frame.h"
#include "store/row.h"

struct store_seal;

struct store_worker_batch {
    struct buf bytes;
    struct store_batch batch;
};

struct store_worker {
    int fd;
    struct store_duck duck;
    duckdb_database db;
    duckdb_connection con;
    bool ready; /* hello was said */
    struct store_worker_batch *batches;
    size_t batches_n;
    size_t batches_cap;
    struct store_seal *seal; /* what the table function weir_rows() gives */
};

/* Sends an answer of type error with these words. */
enum err store_worker_error(struct store_worker *w, enum err code, const char *sentence);
enum err store_worker_done(struct store_worker *w, uint64_t rows, bool more);
/* The error of a failed DuckDB result as our own code and words, sent. */
enum err store_worker_duck_error(struct store_worker *w, duckdb_error_type type, const char *text);

/* Runs SQL without results; on failure the error was sent and *ok is false. */
enum err store_worker_run(struct store_worker *w, const char *sql, bool *ok);

/* The same; whether it worked is nobody's concern. */
void store_worker_run_quietly(struct store_worker *w, const char *sql);

/* One running statement. */
struct store_running {
    duckdb_prepared_statement prepared;
    duckdb_pending_result pending;
    duckdb_result result;
    bool has_result;
};

/* worker_find.c: starts SQL as a stream; on failure the error was sent and *ok is false. */
enum err store_running_prepare(struct store_worker *w, const char *sql, struct store_running *r,
                               bool *ok);
void store_running_end(const struct store_duck *d, struct store_running *r);

/* worker_seal.c: weir_rows() over the batches, sealing and merging. */
enum err store_seal_register(struct store_worker *w, struct err_text *why);
/* Looks at all batches: columns and order. Until store_seal_end() weir_rows() gives them. */
enum err store_seal_begin(struct store_worker *w, struct err_text *why);
void store_seal_end(struct store_worker *w);
const struct store_columns *store_seal_columns(const struct store_worker *w);
/* Room for `more` further parts is left behind the *out_n of the request. */
enum err store_worker_parts(struct cursor *c, struct arena *arena, size_t more,
                            struct store_columns *columns, struct store_part **out, size_t *out_n);
enum err store_worker_seal(struct store_worker *w, struct cursor c);
enum err store_worker_merge(struct store_worker *w, struct cursor c);

/* worker_leaf.c: the functions weir_leaf, weir_rest and weir_wildcard. */
enum err store_leaf_register(struct store_worker *w, struct err_text *why);

/* worker_table.c: rows of plain values. */
enum err store_worker_table(struct store_worker *w, struct cursor c);

/* worker_find.c: events, counts, and people's SQL. */
enum err store_worker_find(struct store_worker *w, struct cursor c);
enum err store_worker_count(struct store_worker *w, struct cursor c);
enum err store_worker_select(struct store_worker *w, struct cursor c);

#endif
