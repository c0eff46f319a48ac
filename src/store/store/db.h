#ifndef STORE_DB_H
#define STORE_DB_H

/*
 * SQLite as this room uses it: opening with identity and version checked before anything is
 * written, migrations, prepared statements kept by their text, failures as enum err.
 *
 * Ownership: store_db_close() finalises and frees.
 * Threads:   one owner at a time; whoever shares one holds a lock.
 */

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct sqlite3_stmt;
struct store_db;

struct store_db_kind {
    const char *what; /* "the event journal", for sentences */
    int32_t application_id;
    const char *const *step; /* step[i] brings version i to i + 1 */
    int version;             /* steps */
};

/*
 * Opens or makes path; write-ahead log, synchronous=FULL. ERR_FORMAT: no database, of another
 * application, or damaged; ERR_VERSION: newer; in both nothing was changed.
 */
enum err store_db_open(const char *path, const struct store_db_kind *kind, struct store_db **out,
                       struct err_text *why) ERR_MUST_CHECK;
/* A second connection that only reads. */
enum err store_db_open_reader(const char *path, struct store_db **out,
                              struct err_text *why) ERR_MUST_CHECK;
void store_db_close(struct store_db *db); /* NULL is fine */

/* Runs statements without results. */
enum err store_db_run(struct store_db *db, const char *sql) ERR_MUST_CHECK;

/*
 * A prepared statement, reset and without bound values; kept for the next time under the address of
 * sql, which must be a constant. NULL after a failure, which store_db_error() tells.
 */
struct sqlite3_stmt *store_db_prepare(struct store_db *db, const char *sql);
/* The same for a text made for one use; end with store_db_finish(). */
struct sqlite3_stmt *store_db_prepare_once(struct store_db *db, const char *sql);
void store_db_finish(struct sqlite3_stmt *stmt);

/* ERR_NONE with a row, ERR_END without; the statement is reset at the end and on failure. */
enum err store_db_step(struct store_db *db, struct sqlite3_stmt *stmt) ERR_MUST_CHECK;
/* For statements that give no rows. */
enum err store_db_exec(struct store_db *db, struct sqlite3_stmt *stmt) ERR_MUST_CHECK;

/* 1-based parameters; NULL texts bind NULL. Borrowed until the statement is reset. */
void store_db_bind_text(struct sqlite3_stmt *stmt, int at, const char *s);
void store_db_bind_text_n(struct sqlite3_stmt *stmt, int at, const char *s, size_t n);
void store_db_bind_i64(struct sqlite3_stmt *stmt, int at, int64_t v);
void store_db_bind_f64(struct sqlite3_stmt *stmt, int at, double v);
void store_db_bind_bytes(struct sqlite3_stmt *stmt, int at, const void *p, size_t n);

/* 0-based columns. Texts die at the next step; NULL for NULL. */
const char *store_db_text(struct sqlite3_stmt *stmt, int at);
int64_t store_db_i64(struct sqlite3_stmt *stmt, int at);
double store_db_f64(struct sqlite3_stmt *stmt, int at);
struct bytes store_db_bytes(struct sqlite3_stmt *stmt, int at);
void store_db_reset(struct sqlite3_stmt *stmt);

enum err store_db_begin(struct store_db *db) ERR_MUST_CHECK;
enum err store_db_commit(struct store_db *db) ERR_MUST_CHECK; /* rolls back when it fails */
void store_db_rollback(struct store_db *db);

/* Rows the last statement changed. */
int64_t store_db_changes(struct store_db *db);
/* The last failure in SQLite's words, and its code. */
const char *store_db_message(struct store_db *db);
enum err store_db_error(struct store_db *db);

/*
 * A copy of one moment to another path, read through a connection of its own: who writes goes on
 * meanwhile. Any thread.
 */
enum err store_db_backup(struct store_db *db, const char *path,
                         struct err_text *why) ERR_MUST_CHECK;

#endif
