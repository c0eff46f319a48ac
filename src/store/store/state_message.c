/* SPDX-License-Identifier: Apache-2.0 */
#include "store/state.h"

#include "store/state_priv.h"

/* Of one job. */
#define MESSAGES_KEPT 1000

static enum err insert(struct store_state *st, const struct store_message *message)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "INSERT INTO message (job_id, number, time, level, text) SELECT ?1,"
            " coalesce(max(number), 0) + 1, ?2, ?3, ?4 FROM message WHERE job_id = ?1");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, message->job_id);
        store_db_bind_i64(stmt, 2, message->time);
        store_db_bind_text(stmt, 3, message->level);
        store_db_bind_text(stmt, 4, message->text);
    }
    return store_state_finish(st, stmt);
}

static enum err trim(struct store_state *st, const char *job_id)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "DELETE FROM message WHERE job_id = ?1 AND number <="
                             " (SELECT max(number) FROM message WHERE job_id = ?1) - ?2");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, job_id);
        store_db_bind_i64(stmt, 2, MESSAGES_KEPT);
    }
    return store_state_finish(st, stmt);
}

enum err store_state_message_put(struct store_state *st, const struct store_message *message)
{
    enum err rc = store_state_begin(st);
    if (rc != ERR_NONE)
        return rc;
    rc = insert(st, message);
    if (rc == ERR_NONE)
        rc = trim(st, message->job_id);
    if (rc != ERR_NONE) {
        store_state_rollback(st);
        return rc;
    }
    return store_state_commit(st, NULL);
}

enum err store_state_message_list(struct store_state *st, const char *job_id, ts_ns from, ts_ns to,
                                  store_message_fn fn, void *ctx)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "SELECT job_id, level, text, time, number FROM message WHERE"
                             " (?1 IS NULL OR job_id = ?1) AND time BETWEEN ?2 AND ?3"
                             " ORDER BY job_id, number");
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, job_id);
        store_db_bind_i64(stmt, 2, from);
        store_db_bind_i64(stmt, 3, to);
    }
    bool more = true;
    while (rc == ERR_NONE && more && (rc = store_db_step(db, stmt)) == ERR_NONE) {
        const struct store_message message = {
            .job_id = store_db_text(stmt, 0),
            .level = store_db_text(stmt, 1),
            .text = store_db_text(stmt, 2),
            .time = store_db_i64(stmt, 3),
            .number = store_db_i64(stmt, 4),
        };
        more = fn(ctx, &message);
    }
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NONE : rc;
}

enum err store_state_message_clear(struct store_state *st, const char *job_id)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "DELETE FROM message WHERE job_id = ?");
    if (stmt != NULL)
        store_db_bind_text(stmt, 1, job_id);
    return store_state_finish(st, stmt);
}
