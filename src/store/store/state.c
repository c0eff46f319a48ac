/* SPDX-License-Identifier: Apache-2.0 */
#include "store/state.h"

#include "store/state_except.h"
#include "store/state_priv.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define STATE_APPLICATION 0x57656973

struct store_state {
    struct store_db *db;
    pthread_mutex_t lock; /* recursive: held from begin to commit */
    unsigned depth;       /* open transactions of the thread that holds the lock */
    bool broken;          /* an inner one was rolled back */
    uint64_t changes;     /* of exceptions */
};

/* step[i] brings version i to i + 1. A released step is never changed. */
static const char *const steps[] = {
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;"
    "CREATE TABLE job (id TEXT PRIMARY KEY, config TEXT NOT NULL, datafeed TEXT, package TEXT,"
    " state TEXT NOT NULL, datafeed_state TEXT NOT NULL, message TEXT, counts TEXT,"
    " created INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,"
    " position INTEGER NOT NULL);"
    "CREATE TABLE snapshot (job_id TEXT NOT NULL, id TEXT NOT NULL, doc TEXT NOT NULL,"
    " time INTEGER NOT NULL, position INTEGER NOT NULL, retain INTEGER NOT NULL,"
    " state BLOB NOT NULL, PRIMARY KEY (job_id, id));"
    "CREATE INDEX snapshot_time ON snapshot (job_id, time);"
    "CREATE TABLE result (job_id TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,"
    " time INTEGER NOT NULL, score REAL NOT NULL, is_interim INTEGER NOT NULL, doc TEXT NOT NULL,"
    " PRIMARY KEY (job_id, id));"
    "CREATE INDEX result_job ON result (job_id, type, time);"
    "CREATE INDEX result_time ON result (type, time);"
    "CREATE INDEX result_score ON result (type, score);"
    "CREATE TABLE rule (id TEXT PRIMARY KEY, doc TEXT NOT NULL, package TEXT,"
    " enabled INTEGER NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, status TEXT,"
    " message TEXT, last_run INTEGER NOT NULL, memory TEXT);"
    "CREATE TABLE run (rule_id TEXT NOT NULL, time INTEGER NOT NULL, from_time INTEGER NOT NULL,"
    " to_time INTEGER NOT NULL, status TEXT NOT NULL, message TEXT, doc TEXT,"
    " alerts INTEGER NOT NULL, PRIMARY KEY (rule_id, time)) WITHOUT ROWID;"
    "CREATE TABLE alert (id TEXT PRIMARY KEY, rule_id TEXT NOT NULL, grp TEXT,"
    " workflow_status TEXT NOT NULL, risk_score REAL NOT NULL, time INTEGER NOT NULL,"
    " start INTEGER NOT NULL, doc TEXT NOT NULL);"
    "CREATE INDEX alert_time ON alert (time);"
    "CREATE INDEX alert_rule ON alert (rule_id, time);"
    "CREATE INDEX alert_grp ON alert (grp, start);"
    "CREATE TABLE package (name TEXT PRIMARY KEY, version TEXT, doc TEXT,"
    " installed INTEGER NOT NULL) WITHOUT ROWID;",
    "CREATE TABLE filter (id TEXT PRIMARY KEY, doc TEXT NOT NULL);"
    "CREATE TABLE calendar (id TEXT PRIMARY KEY, doc TEXT NOT NULL);"
    "CREATE TABLE message (job_id TEXT NOT NULL, number INTEGER NOT NULL, time INTEGER NOT NULL,"
    " level TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (job_id, number)) WITHOUT ROWID;",
    "ALTER TABLE snapshot ADD COLUMN used INTEGER NOT NULL DEFAULT 0;"
    "UPDATE snapshot SET used = 1 WHERE (job_id, time) IN"
    " (SELECT job_id, max(time) FROM snapshot GROUP BY job_id);",
    "CREATE TABLE user (name TEXT PRIMARY KEY, hash TEXT NOT NULL, role TEXT NOT NULL,"
    " enabled INTEGER NOT NULL, created INTEGER NOT NULL, last_login INTEGER NOT NULL);"
    "CREATE TABLE session (hash BLOB PRIMARY KEY, user TEXT NOT NULL, csrf TEXT NOT NULL,"
    " created INTEGER NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX session_user ON session (user);"
    "CREATE TABLE api_key (id TEXT PRIMARY KEY, name TEXT NOT NULL, hash BLOB NOT NULL,"
    " role TEXT NOT NULL, owner TEXT NOT NULL, created INTEGER NOT NULL,"
    " expires INTEGER NOT NULL, invalidated INTEGER NOT NULL);",
    "CREATE TABLE exception_list (list_id TEXT NOT NULL, namespace TEXT NOT NULL, id TEXT NOT NULL,"
    " doc TEXT NOT NULL, PRIMARY KEY (list_id, namespace)) WITHOUT ROWID;"
    "CREATE TABLE exception_item (item_id TEXT NOT NULL, namespace TEXT NOT NULL,"
    " list_id TEXT NOT NULL, id TEXT NOT NULL, doc TEXT NOT NULL,"
    " PRIMARY KEY (item_id, namespace)) WITHOUT ROWID;"
    "CREATE INDEX exception_item_list ON exception_item (list_id, namespace);"
    "CREATE TABLE value_list (id TEXT PRIMARY KEY, type TEXT NOT NULL, doc TEXT NOT NULL);"
    "CREATE TABLE value (list_id TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY (list_id, value)) WITHOUT ROWID;",
    "CREATE TABLE run_new (rule_id TEXT NOT NULL, time INTEGER NOT NULL,"
    " manual INTEGER NOT NULL, from_time INTEGER NOT NULL, to_time INTEGER NOT NULL,"
    " status TEXT NOT NULL, message TEXT, doc TEXT, alerts INTEGER NOT NULL,"
    " PRIMARY KEY (rule_id, time, manual)) WITHOUT ROWID;"
    "INSERT INTO run_new SELECT rule_id, time, 0, from_time, to_time, status, message, doc, alerts"
    " FROM run;"
    "DROP TABLE run;"
    "ALTER TABLE run_new RENAME TO run;"
    "CREATE TABLE gap (rule_id TEXT NOT NULL, from_time INTEGER NOT NULL,"
    " to_time INTEGER NOT NULL, status TEXT NOT NULL, doc TEXT NOT NULL,"
    " PRIMARY KEY (rule_id, from_time)) WITHOUT ROWID;",
    "CREATE TABLE kept (kind TEXT NOT NULL, id TEXT NOT NULL, doc TEXT NOT NULL,"
    " PRIMARY KEY (kind, id)) WITHOUT ROWID;",
    "CREATE TABLE connector (id TEXT PRIMARY KEY, doc TEXT NOT NULL, secrets TEXT NOT NULL,"
    " updated INTEGER NOT NULL);"
    "CREATE TABLE notice (number INTEGER PRIMARY KEY, alert_id TEXT NOT NULL UNIQUE,"
    " rule_id TEXT NOT NULL, run INTEGER NOT NULL);"
    "CREATE INDEX notice_run ON notice (rule_id, run);"
    "CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, connector TEXT NOT NULL,"
    " rule_id TEXT NOT NULL, params TEXT NOT NULL, error TEXT, created INTEGER NOT NULL,"
    " due INTEGER NOT NULL, tries INTEGER NOT NULL);"
    "CREATE INDEX outbox_due ON outbox (due);"
    "CREATE TABLE throttle (rule_id TEXT NOT NULL, action TEXT NOT NULL, last INTEGER NOT NULL,"
    " due INTEGER NOT NULL, PRIMARY KEY (rule_id, action)) WITHOUT ROWID;"
    "CREATE TABLE waiting (number INTEGER PRIMARY KEY, rule_id TEXT NOT NULL,"
    " action TEXT NOT NULL, alert_id TEXT NOT NULL);"
    "CREATE INDEX waiting_action ON waiting (rule_id, action);",
    "CREATE TABLE posted (number INTEGER PRIMARY KEY, job_id TEXT NOT NULL, time INTEGER NOT NULL,"
    " closed INTEGER NOT NULL, advance INTEGER NOT NULL, skip INTEGER NOT NULL,"
    " reset_start INTEGER NOT NULL, reset_end INTEGER NOT NULL, data BLOB NOT NULL);"
    "CREATE INDEX posted_job ON posted (job_id, number);",
};

static const struct store_db_kind state_kind = {
    .what = "the state file",
    .application_id = STATE_APPLICATION,
    .step = steps,
    .version = sizeof(steps) / sizeof(steps[0]),
};

static int lock_init(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attr;
    int rc = pthread_mutexattr_init(&attr);
    if (rc == 0) {
        pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
        rc = pthread_mutex_init(lock, &attr);
        pthread_mutexattr_destroy(&attr);
    }
    return rc;
}

enum err store_state_open(const char *dir, struct store_state **out, struct err_text *why)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof(path), "%s/state.db", dir) >= sizeof(path))
        return err_set_at(why, ERR_INVALID, dir, 0, "the name of the directory is too long");
    struct store_state *st = mem_zero(1, sizeof(*st));
    if (st == NULL)
        return err_set(why, ERR_MEMORY, "no memory for the state");
    enum err rc = store_db_open(path, &state_kind, &st->db, why);
    if (rc == ERR_NONE && lock_init(&st->lock) != 0) {
        store_db_close(st->db);
        rc = err_set(why, ERR_MEMORY, "no memory for a lock");
    }
    if (rc != ERR_NONE) {
        mem_free(st);
        return rc;
    }
    *out = st;
    return ERR_NONE;
}

enum err store_state_relax(struct store_state *st)
{
    struct store_db *db = store_state_lock(st);
    enum err rc = store_db_run(db, "PRAGMA synchronous = OFF");
    store_state_unlock(st);
    return rc;
}

void store_state_close(struct store_state *st)
{
    if (st == NULL)
        return;
    if (st->depth > 0)
        store_db_rollback(st->db);
    for (; st->depth > 0; st->depth--)
        pthread_mutex_unlock(&st->lock);
    store_db_close(st->db);
    pthread_mutex_destroy(&st->lock);
    mem_free(st);
}

struct store_db *store_state_lock(struct store_state *st)
{
    pthread_mutex_lock(&st->lock);
    return st->db;
}

void store_state_unlock(struct store_state *st)
{
    pthread_mutex_unlock(&st->lock);
}

void store_state_except_touch(struct store_state *st)
{
    st->changes++;
}

uint64_t store_state_except_changes(struct store_state *st)
{
    store_state_lock(st);
    uint64_t changes = st->changes;
    store_state_unlock(st);
    return changes;
}

enum err store_state_begin(struct store_state *st)
{
    pthread_mutex_lock(&st->lock);
    enum err rc = st->depth == 0 ? store_db_begin(st->db) : ERR_NONE;
    if (rc != ERR_NONE) {
        pthread_mutex_unlock(&st->lock);
        return rc;
    }
    if (st->depth++ == 0)
        st->broken = false;
    return ERR_NONE;
}

enum err store_state_commit(struct store_state *st, struct err_text *why)
{
    ASSERT(st->depth > 0);
    enum err rc = ERR_NONE;
    if (st->depth == 1) {
        if (st->broken) {
            store_db_rollback(st->db);
            rc = err_set(why, ERR_STOPPED, "a part of the change was taken back, so all of it was");
        } else {
            rc = store_db_commit(st->db);
            if (rc != ERR_NONE)
                err_set(why, rc, "cannot write the state: %s", store_db_message(st->db));
        }
    }
    st->depth--;
    pthread_mutex_unlock(&st->lock);
    return rc;
}

void store_state_rollback(struct store_state *st)
{
    ASSERT(st->depth > 0);
    if (--st->depth == 0)
        store_db_rollback(st->db);
    else
        st->broken = true;
    pthread_mutex_unlock(&st->lock);
}

enum err store_state_finish(struct store_state *st, struct sqlite3_stmt *stmt)
{
    enum err rc = store_db_exec(st->db, stmt);
    pthread_mutex_unlock(&st->lock);
    return rc;
}

enum err store_state_find(struct store_state *st, const char *sql, const char *key,
                          struct sqlite3_stmt **out)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, sql);
    enum err rc = store_db_error(db);
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, key);
        rc = store_db_step(db, stmt);
    }
    if (rc == ERR_NONE) {
        *out = stmt;
        return ERR_NONE;
    }
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NOT_FOUND : rc;
}

void store_state_found(struct store_state *st, struct sqlite3_stmt *row)
{
    store_db_reset(row);
    store_state_unlock(st);
}

enum err store_state_finish_one(struct store_state *st, struct sqlite3_stmt *stmt)
{
    enum err rc = store_db_exec(st->db, stmt);
    if (rc == ERR_NONE && store_db_changes(st->db) == 0)
        rc = ERR_NOT_FOUND;
    pthread_mutex_unlock(&st->lock);
    return rc;
}

const char *store_state_copy(struct arena *arena, const char *s, bool *ok)
{
    if (s == NULL)
        return NULL;
    const char *copy = arena_strndup(arena, s, strlen(s));
    if (copy == NULL)
        *ok = false;
    return copy;
}

enum err store_state_copy_all(struct arena *arena, const char **const texts[], size_t n)
{
    bool ok = true;
    for (size_t i = 0; i < n; i++)
        *texts[i] = store_state_copy(arena, *texts[i], &ok);
    return ok ? ERR_NONE : ERR_MEMORY;
}

enum err store_state_meta_put(struct store_state *st, const char *name, const void *p, size_t n)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "REPLACE INTO meta VALUES (?, ?)");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, name);
        store_db_bind_bytes(stmt, 2, p, n);
    }
    return store_state_finish(st, stmt);
}

enum err store_state_meta_get(struct store_state *st, const char *name, struct buf *out)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "SELECT value FROM meta WHERE name = ?");
    enum err rc = store_db_error(db);
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, name);
        rc = store_db_step(db, stmt);
        if (rc == ERR_NONE) {
            struct bytes value = store_db_bytes(stmt, 0);
            buf_add(out, value.p, value.n);
            rc = buf_ok(out) ? ERR_NONE : ERR_MEMORY;
            store_db_reset(stmt);
        }
    }
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NOT_FOUND : rc;
}

enum err store_state_meta_put_i64(struct store_state *st, const char *name, int64_t v)
{
    struct buf b;
    buf_init(&b);
    buf_le64(&b, (uint64_t)v);
    enum err rc = buf_ok(&b) ? store_state_meta_put(st, name, b.p, b.n) : ERR_MEMORY;
    buf_release(&b);
    return rc;
}

enum err store_state_meta_get_i64(struct store_state *st, const char *name, int64_t *out)
{
    struct buf b;
    buf_init(&b);
    enum err rc = store_state_meta_get(st, name, &b);
    if (rc == ERR_NONE && b.n != 8)
        rc = ERR_FORMAT;
    if (rc == ERR_NONE) {
        struct cursor c = cursor_make(b.p, b.n);
        *out = (int64_t)cursor_le64(&c);
    }
    buf_release(&b);
    return rc;
}

enum err store_state_meta_delete(struct store_state *st, const char *name)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "DELETE FROM meta WHERE name = ?");
    if (stmt != NULL)
        store_db_bind_text(stmt, 1, name);
    return store_state_finish_one(st, stmt);
}

enum err store_state_package_put(struct store_state *st, const struct store_package *package)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "REPLACE INTO package VALUES (?, ?, ?, ?)");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, package->name);
        store_db_bind_text(stmt, 2, package->version);
        store_db_bind_text(stmt, 3, package->doc);
        store_db_bind_i64(stmt, 4, package->installed);
    }
    return store_state_finish(st, stmt);
}

enum err store_state_package_list(struct store_state *st, store_package_fn fn, void *ctx)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "SELECT name, version, doc, installed FROM package ORDER BY name");
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    bool more = true;
    while (rc == ERR_NONE && more && (rc = store_db_step(db, stmt)) == ERR_NONE) {
        struct store_package p = {
            .name = store_db_text(stmt, 0),
            .version = store_db_text(stmt, 1),
            .doc = store_db_text(stmt, 2),
            .installed = store_db_i64(stmt, 3),
        };
        more = fn(ctx, &p);
    }
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NONE : rc;
}

enum err store_state_package_delete(struct store_state *st, const char *name)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "DELETE FROM package WHERE name = ?");
    if (stmt != NULL)
        store_db_bind_text(stmt, 1, name);
    return store_state_finish_one(st, stmt);
}

enum err store_state_backup(struct store_state *st, const char *path, struct err_text *why)
{
    return store_db_backup(st->db, path, why);
}

int store_state_version(void)
{
    return state_kind.version;
}
