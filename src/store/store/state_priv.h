#ifndef STORE_STATE_PRIV_H
#define STORE_STATE_PRIV_H

/* What the files of state.db share. */

#include "store/db.h"
#include "store/state.h"

struct sqlite3_stmt;

/* The database with the lock held, to be given back. */
struct store_db *store_state_lock(struct store_state *st);
void store_state_unlock(struct store_state *st);

/* Runs a prepared statement (NULL: preparing failed) and gives the lock back. */
enum err store_state_finish(struct store_state *st, struct sqlite3_stmt *stmt);
/* The same; ERR_NOT_FOUND when no row was changed. */
enum err store_state_finish_one(struct store_state *st, struct sqlite3_stmt *stmt);

/*
 * The row that a statement with one parameter finds by a key; sql is a constant. With ERR_NONE the
 * lock stays held until store_state_found() gives row and lock back. ERR_NOT_FOUND.
 */
enum err store_state_find(struct store_state *st, const char *sql, const char *key,
                          struct sqlite3_stmt **out) ERR_MUST_CHECK;
void store_state_found(struct store_state *st, struct sqlite3_stmt *row);

/* Exceptions are being changed. The lock is held. */
void store_state_except_touch(struct store_state *st);

/* All messages of a job go. */
enum err store_state_message_clear(struct store_state *st, const char *job_id) ERR_MUST_CHECK;

/* A copy of a column's text in the arena; NULL stays NULL. *ok becomes false without memory. */
const char *store_state_copy(struct arena *arena, const char *s, bool *ok);
/* Each of these texts becomes its copy: what a view of a row needs to outlive the row. */
enum err store_state_copy_all(struct arena *arena, const char **const texts[],
                              size_t n) ERR_MUST_CHECK;

#endif
