/* SPDX-License-Identifier: Apache-2.0 */
#include "store/state.h"

#include "store/state_priv.h"

#include "base/arena.h"
#include "base/buf.h"

#include <string.h>

#define COLUMNS "job_id, id, doc, time, position, retain, length(state), used"

/* Runs a statement on a job, and a snapshot of it (NULL: none). */
static enum err run(struct store_state *st, const char *sql, const char *job_id, const char *id)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, sql);
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, job_id);
        if (id != NULL)
            store_db_bind_text(stmt, 2, id);
    }
    return store_state_finish(st, stmt);
}

/* The end of a transaction in which rc came out. */
static enum err end(struct store_state *st, enum err rc)
{
    if (rc == ERR_NONE)
        return store_state_commit(st, NULL);
    store_state_rollback(st);
    return rc;
}

static enum err write_snapshot(struct store_state *st, const struct store_snapshot *snapshot,
                               const void *p, size_t n)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "REPLACE INTO snapshot (job_id, id, doc, time, position, retain,"
                             " used, state) VALUES (?, ?, ?, ?, ?, ?, 1, ?)");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, snapshot->job_id);
        store_db_bind_text(stmt, 2, snapshot->id);
        store_db_bind_text(stmt, 3, snapshot->doc != NULL ? snapshot->doc : "{}");
        store_db_bind_i64(stmt, 4, snapshot->time);
        store_db_bind_i64(stmt, 5, snapshot->position);
        store_db_bind_i64(stmt, 6, snapshot->retain);
        store_db_bind_bytes(stmt, 7, p, n);
    }
    return store_state_finish(st, stmt);
}

static const char unuse[] = "UPDATE snapshot SET used = 0 WHERE job_id = ?1 AND used <> 0";

enum err store_state_snapshot_put(struct store_state *st, const struct store_snapshot *snapshot,
                                  const void *p, size_t n)
{
    enum err rc = store_state_begin(st);
    if (rc != ERR_NONE)
        return rc;
    rc = run(st, unuse, snapshot->job_id, NULL);
    if (rc == ERR_NONE)
        rc = write_snapshot(st, snapshot, p, n);
    return end(st, rc);
}

static struct store_snapshot snapshot_view(struct sqlite3_stmt *stmt)
{
    return (struct store_snapshot){
        .job_id = store_db_text(stmt, 0),
        .id = store_db_text(stmt, 1),
        .doc = store_db_text(stmt, 2),
        .time = store_db_i64(stmt, 3),
        .position = store_db_i64(stmt, 4),
        .retain = store_db_i64(stmt, 5) != 0,
        .size = (uint64_t)store_db_i64(stmt, 6),
        .used = store_db_i64(stmt, 7) != 0,
    };
}

enum err store_state_snapshot_get(struct store_state *st, const char *job_id, const char *id,
                                  struct arena *arena, struct store_snapshot *out,
                                  struct buf *state)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "SELECT " COLUMNS ", state FROM snapshot WHERE job_id = ?1"
                             " AND CASE WHEN ?2 IS NULL THEN used <> 0 ELSE id = ?2 END");
    enum err rc = store_db_error(db);
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, job_id);
        store_db_bind_text(stmt, 2, id);
        rc = store_db_step(db, stmt);
        if (rc == ERR_NONE) {
            bool ok = true;
            struct store_snapshot found = snapshot_view(stmt);
            found.job_id = store_state_copy(arena, found.job_id, &ok);
            found.id = store_state_copy(arena, found.id, &ok);
            found.doc = store_state_copy(arena, found.doc, &ok);
            if (state != NULL) {
                struct bytes bytes = store_db_bytes(stmt, 8);
                buf_add(state, bytes.p, bytes.n);
                ok = ok && buf_ok(state);
            }
            if (ok)
                *out = found;
            else
                rc = ERR_MEMORY;
            store_db_reset(stmt);
        }
    }
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NOT_FOUND : rc;
}

enum err store_state_snapshot_list(struct store_state *st, const char *job_id, store_snapshot_fn fn,
                                   void *ctx)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "SELECT " COLUMNS " FROM snapshot WHERE job_id = ?"
                             " ORDER BY time DESC, id DESC");
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    if (stmt != NULL)
        store_db_bind_text(stmt, 1, job_id);
    bool more = true;
    while (rc == ERR_NONE && more && (rc = store_db_step(db, stmt)) == ERR_NONE) {
        struct store_snapshot snapshot = snapshot_view(stmt);
        more = fn(ctx, &snapshot);
    }
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NONE : rc;
}

enum err store_state_snapshot_use(struct store_state *st, const char *job_id, const char *id)
{
    enum err rc = store_state_begin(st);
    if (rc != ERR_NONE)
        return rc;
    rc = run(st, unuse, job_id, NULL);
    if (rc == ERR_NONE && strcmp(id, STORE_SNAPSHOT_EMPTY) == 0)
        return end(st,
                   run(st, "DELETE FROM snapshot WHERE job_id = ?1 AND retain = 0", job_id, NULL));
    if (rc == ERR_NONE) {
        struct store_db *db = store_state_lock(st);
        struct sqlite3_stmt *stmt =
            store_db_prepare(db, "UPDATE snapshot SET used = 1 WHERE job_id = ?1 AND id = ?2");
        if (stmt != NULL) {
            store_db_bind_text(stmt, 1, job_id);
            store_db_bind_text(stmt, 2, id);
        }
        rc = store_state_finish_one(st, stmt);
    }
    if (rc == ERR_NONE)
        rc = run(st,
                 "DELETE FROM snapshot WHERE job_id = ?1 AND retain = 0 AND time >"
                 " (SELECT time FROM snapshot WHERE job_id = ?1 AND id = ?2)",
                 job_id, id);
    return end(st, rc);
}

enum err store_state_snapshot_update(struct store_state *st, const char *job_id, const char *id,
                                     const char *doc, bool retain)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "UPDATE snapshot SET doc = ?3, retain = ?4 WHERE job_id = ?1 AND id = ?2");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, job_id);
        store_db_bind_text(stmt, 2, id);
        store_db_bind_text(stmt, 3, doc);
        store_db_bind_i64(stmt, 4, retain);
    }
    return store_state_finish_one(st, stmt);
}

enum err store_state_snapshot_delete(struct store_state *st, const char *job_id, const char *id)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "DELETE FROM snapshot WHERE job_id = ? AND id = ?");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, job_id);
        store_db_bind_text(stmt, 2, id);
    }
    return store_state_finish_one(st, stmt);
}

enum err store_state_snapshot_thin(struct store_state *st, const char *job_id,
                                   const struct store_thinning *t)
{
    struct store_db *db = store_state_lock(st);
    /* age: how much older than the one in use. Of a recent step the last one stays, of an older day
     * the first. */
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "WITH own AS (SELECT id, time, retain, used, (SELECT max(time) FROM snapshot"
            " WHERE job_id = ?1 AND used <> 0) - time AS age FROM snapshot WHERE job_id = ?1)"
            " DELETE FROM snapshot WHERE job_id = ?1 AND id IN (SELECT id FROM own WHERE"
            " retain = 0 AND used = 0 AND (age > ?2 OR CASE WHEN age > ?3"
            " THEN EXISTS (SELECT 1 FROM own o WHERE o.time / ?5 = own.time / ?5"
            " AND (o.time, o.id) < (own.time, own.id))"
            " ELSE EXISTS (SELECT 1 FROM own o WHERE o.time / ?4 = own.time / ?4"
            " AND (o.time, o.id) > (own.time, own.id)) END))");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, job_id);
        store_db_bind_i64(stmt, 2, t->all);
        store_db_bind_i64(stmt, 3, t->close);
        store_db_bind_i64(stmt, 4, t->step);
        store_db_bind_i64(stmt, 5, TIME_DAY);
    }
    return store_state_finish(st, stmt);
}
