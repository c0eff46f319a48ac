/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DB_BUSY_MS 10000
#define DB_CHECK_MAX ((int64_t)64 << 20) /* larger files are not read through at opening */

struct kept {
    const char *sql;
    sqlite3_stmt *stmt;
};

struct store_db {
    sqlite3 *handle;
    struct kept *kept;
    size_t kept_n;
    size_t kept_cap;
};

static enum err code_of(sqlite3 *handle, int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return ERR_NONE;
    case SQLITE_NOMEM:
        return ERR_MEMORY;
    case SQLITE_FULL:
        return ERR_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_FORMAT;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
        return ERR_DENIED;
    case SQLITE_TOOBIG:
        return ERR_LIMIT;
    case SQLITE_CONSTRAINT:
        return ERR_EXISTS;
    default:
        break;
    }
    /* SQLite does not keep errno for all its writes; callers clear it before each call. */
    int system = handle != NULL ? sqlite3_system_errno(handle) : 0;
    if (system == 0)
        system = errno;
    if (system == ENOSPC || system == EDQUOT || system == EFBIG)
        return ERR_FULL;
    if (system == EACCES || system == EPERM || system == EROFS)
        return ERR_DENIED;
    return ERR_IO;
}

static enum err query_i64(sqlite3 *handle, const char *sql, int64_t *out)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(stmt, 0);
    enum err err = code_of(handle, rc);
    sqlite3_finalize(stmt);
    return err;
}

/* Reads the file through, or at least its schema; damage is ERR_FORMAT. */
static enum err check_health(sqlite3 *handle, int64_t size)
{
    sqlite3_stmt *stmt = NULL;
    const char *sql = size <= DB_CHECK_MAX
                          ? "PRAGMA quick_check(1)"
                          : "SELECT 'ok' FROM (SELECT count(*) FROM sqlite_master)";
    int rc = sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    enum err err = code_of(handle, rc);
    const unsigned char *text = rc == SQLITE_ROW ? sqlite3_column_text(stmt, 0) : NULL;
    if (err == ERR_NONE && (text == NULL || strcmp((const char *)text, "ok") != 0))
        err = ERR_FORMAT;
    sqlite3_finalize(stmt);
    return err;
}

/* Is it ours, whole, and not newer than we are? Only reads. */
static enum err check(sqlite3 *handle, const char *path, const struct store_db_kind *kind,
                      int64_t size, int64_t *out_version, struct err_text *why)
{
    int64_t id = 0;
    int64_t version = 0;
    int64_t tables = 0;
    enum err rc = query_i64(handle, "PRAGMA application_id", &id);
    if (rc == ERR_NONE)
        rc = query_i64(handle, "PRAGMA user_version", &version);
    if (rc == ERR_NONE)
        rc = query_i64(handle, "SELECT count(*) FROM sqlite_master", &tables);
    if (rc == ERR_NONE && !(tables == 0 && version == 0 && id == 0)) {
        if (id != kind->application_id)
            return err_set_at(why, ERR_FORMAT, path, 0,
                              "this is no file of Weir's; %s was expected here", kind->what);
        if (version > kind->version)
            return err_set_at(why, ERR_VERSION, path, 0,
                              "%s was written by a newer Weir (version %lld of the file; this "
                              "program knows up to %d): start the newer program, or restore a "
                              "backup",
                              kind->what, (long long)version, kind->version);
        rc = check_health(handle, size);
    }
    if (rc == ERR_FORMAT)
        return err_set_at(why, rc, path, 0,
                          "%s is damaged (%s): restore a backup, or move the file away to begin "
                          "anew",
                          kind->what, sqlite3_errmsg(handle));
    if (rc != ERR_NONE)
        return err_set_at(why, rc, path, 0, "cannot read %s: %s", kind->what,
                          sqlite3_errmsg(handle));
    *out_version = version;
    return ERR_NONE;
}

static int migrate(sqlite3 *handle, const struct store_db_kind *kind, int64_t version)
{
    char text[64];
    int rc = sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    for (int64_t v = version; rc == SQLITE_OK && v < kind->version; v++)
        rc = sqlite3_exec(handle, kind->step[v], NULL, NULL, NULL);
    snprintf(text, sizeof(text), "PRAGMA application_id = %d", (int)kind->application_id);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(handle, text, NULL, NULL, NULL);
    snprintf(text, sizeof(text), "PRAGMA user_version = %d", kind->version);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(handle, text, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(handle, "COMMIT", NULL, NULL, NULL);
    return rc;
}

static enum err make(sqlite3 *handle, struct store_db **out)
{
    struct store_db *db = mem_zero(1, sizeof(*db));
    if (db == NULL)
        return ERR_MEMORY;
    db->handle = handle;
    *out = db;
    return ERR_NONE;
}

enum err store_db_open(const char *path, const struct store_db_kind *kind, struct store_db **out,
                       struct err_text *why)
{
    sqlite3 *handle = NULL;
    struct stat st = {0};
    int64_t version = 0;
    bool there = stat(path, &st) == 0;
    /* A file that is there is looked at by a connection that cannot write. */
    if (there && st.st_size > 0) {
        int rc = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READONLY, NULL);
        sqlite3_busy_timeout(handle, DB_BUSY_MS);
        enum err err = rc == SQLITE_OK
                           ? check(handle, path, kind, st.st_size, &version, why)
                           : err_set_at(why, code_of(handle, rc), path, 0, "cannot open %s: %s",
                                        kind->what, sqlite3_errmsg(handle));
        sqlite3_close(handle);
        handle = NULL;
        if (err != ERR_NONE)
            return err;
    }
    /* Made for its owner only; what SQLite puts beside it has the same mode. */
    int fd = there ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    int rc = sqlite3_open_v2(
        path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_busy_timeout(handle, DB_BUSY_MS);
        rc = sqlite3_exec(handle,
                          "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                          "PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-8000; "
                          "PRAGMA foreign_keys=OFF; PRAGMA trusted_schema=OFF; "
                          "PRAGMA journal_size_limit=67108864",
                          NULL, NULL, NULL);
    }
    if (rc == SQLITE_OK && version < kind->version)
        rc = migrate(handle, kind, version);
    if (rc != SQLITE_OK) {
        enum err err = err_set_at(why, code_of(handle, rc), path, 0, "cannot open %s: %s",
                                  kind->what, sqlite3_errmsg(handle));
        sqlite3_close(handle);
        return err;
    }
    enum err err = make(handle, out);
    if (err != ERR_NONE) {
        sqlite3_close(handle);
        return err_set_at(why, err, path, 0, "no memory");
    }
    return ERR_NONE;
}

enum err store_db_open_reader(const char *path, struct store_db **out, struct err_text *why)
{
    sqlite3 *handle = NULL;
    int rc = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_busy_timeout(handle, DB_BUSY_MS);
        rc =
            sqlite3_exec(handle, "PRAGMA query_only=ON; PRAGMA cache_size=-2000", NULL, NULL, NULL);
    }
    enum err err = code_of(handle, rc);
    if (err == ERR_NONE)
        err = make(handle, out);
    if (err != ERR_NONE) {
        err_set_at(why, err, path, 0, "cannot read the database: %s",
                   handle != NULL ? sqlite3_errmsg(handle) : "no memory");
        sqlite3_close(handle);
    }
    return err;
}

void store_db_close(struct store_db *db)
{
    if (db == NULL)
        return;
    for (size_t i = 0; i < db->kept_n; i++)
        sqlite3_finalize(db->kept[i].stmt);
    mem_free(db->kept);
    sqlite3_close(db->handle);
    mem_free(db);
}

enum err store_db_run(struct store_db *db, const char *sql)
{
    errno = 0;
    return code_of(db->handle, sqlite3_exec(db->handle, sql, NULL, NULL, NULL));
}

struct sqlite3_stmt *store_db_prepare(struct store_db *db, const char *sql)
{
    for (size_t i = 0; i < db->kept_n; i++) {
        if (db->kept[i].sql == sql) {
            store_db_reset(db->kept[i].stmt);
            return db->kept[i].stmt;
        }
    }
    void *kept = db->kept;
    if (mem_grow(&kept, &db->kept_cap, db->kept_n + 1, sizeof(*db->kept)) != 0)
        return NULL;
    db->kept = kept;
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) !=
        SQLITE_OK)
        return NULL;
    db->kept[db->kept_n++] = (struct kept){sql, stmt};
    return stmt;
}

struct sqlite3_stmt *store_db_prepare_once(struct store_db *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL) != SQLITE_OK)
        return NULL;
    return stmt;
}

void store_db_finish(struct sqlite3_stmt *stmt)
{
    sqlite3_finalize(stmt);
}

enum err store_db_step(struct store_db *db, struct sqlite3_stmt *stmt)
{
    errno = 0;
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        return ERR_NONE;
    enum err err = rc == SQLITE_DONE ? ERR_END : code_of(db->handle, rc);
    sqlite3_reset(stmt);
    return err;
}

enum err store_db_exec(struct store_db *db, struct sqlite3_stmt *stmt)
{
    if (stmt == NULL)
        return store_db_error(db);
    enum err err = store_db_step(db, stmt);
    if (err == ERR_NONE)
        sqlite3_reset(stmt);
    return err == ERR_END ? ERR_NONE : err;
}

void store_db_bind_text(struct sqlite3_stmt *stmt, int at, const char *s)
{
    sqlite3_bind_text(stmt, at, s, -1, SQLITE_STATIC);
}

void store_db_bind_text_n(struct sqlite3_stmt *stmt, int at, const char *s, size_t n)
{
    sqlite3_bind_text64(stmt, at, s, n, SQLITE_STATIC, SQLITE_UTF8);
}

void store_db_bind_i64(struct sqlite3_stmt *stmt, int at, int64_t v)
{
    sqlite3_bind_int64(stmt, at, v);
}

void store_db_bind_f64(struct sqlite3_stmt *stmt, int at, double v)
{
    sqlite3_bind_double(stmt, at, v);
}

void store_db_bind_bytes(struct sqlite3_stmt *stmt, int at, const void *p, size_t n)
{
    if (n == 0)
        sqlite3_bind_zeroblob(stmt, at, 0); /* empty, and not NULL */
    else
        sqlite3_bind_blob64(stmt, at, p, n, SQLITE_STATIC);
}

const char *store_db_text(struct sqlite3_stmt *stmt, int at)
{
    return (const char *)sqlite3_column_text(stmt, at);
}

int64_t store_db_i64(struct sqlite3_stmt *stmt, int at)
{
    return sqlite3_column_int64(stmt, at);
}

double store_db_f64(struct sqlite3_stmt *stmt, int at)
{
    return sqlite3_column_double(stmt, at);
}

struct bytes store_db_bytes(struct sqlite3_stmt *stmt, int at)
{
    const void *p = sqlite3_column_blob(stmt, at);
    return bytes_make(p, (size_t)sqlite3_column_bytes(stmt, at));
}

void store_db_reset(struct sqlite3_stmt *stmt)
{
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
}

enum err store_db_begin(struct store_db *db)
{
    return store_db_run(db, "BEGIN IMMEDIATE");
}

enum err store_db_commit(struct store_db *db)
{
    enum err err = store_db_run(db, "COMMIT");
    if (err != ERR_NONE)
        store_db_rollback(db);
    return err;
}

void store_db_rollback(struct store_db *db)
{
    /* SQLite has rolled back by itself after some failures. */
    if (!sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

int64_t store_db_changes(struct store_db *db)
{
    return sqlite3_changes64(db->handle);
}

const char *store_db_message(struct store_db *db)
{
    return sqlite3_errmsg(db->handle);
}

enum err store_db_error(struct store_db *db)
{
    enum err err = code_of(db->handle, sqlite3_errcode(db->handle));
    return err != ERR_NONE ? err : ERR_MEMORY;
}

enum err store_db_backup(struct store_db *db, const char *path, struct err_text *why)
{
    sqlite3 *to = NULL;
    struct store_db *from;
    enum err err = store_db_open_reader(sqlite3_db_filename(db->handle, "main"), &from, why);
    if (err != ERR_NONE)
        return err;
    int rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_backup *copy = sqlite3_backup_init(to, "main", from->handle, "main");
        if (copy != NULL) {
            rc = sqlite3_backup_step(copy, -1);
            sqlite3_backup_finish(copy);
            rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
        } else {
            rc = sqlite3_errcode(to);
        }
    }
    err = code_of(to, rc);
    if (err != ERR_NONE)
        err_set_at(why, err, path, 0, "cannot write the copy: %s",
                   to != NULL ? sqlite3_errmsg(to) : "no memory");
    sqlite3_close(to);
    store_db_close(from);
    return err;
}
