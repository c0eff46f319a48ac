/* SPDX-License-Identifier: Apache-2.0 */
#include "store/state.h"

#include "store/state_posted.h"
#include "store/state_priv.h"

#include "base/arena.h"
#include "base/buf.h"

#include <string.h>

#define JOB_COLUMNS                                                                                \
    "id, config, datafeed, package, state, datafeed_state, message, counts, created, start, stop," \
    " position"

enum err store_state_job_put(struct store_state *st, const struct store_job *job)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "REPLACE INTO job (" JOB_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (stmt != NULL) {
        const char *texts[] = {job->id,
                               job->config,
                               job->datafeed,
                               job->package,
                               job->state != NULL ? job->state : "closed",
                               job->datafeed_state != NULL ? job->datafeed_state : "stopped",
                               job->message,
                               job->counts};
        ts_ns times[] = {job->created, job->start, job->end, job->position};
        for (int i = 0; i < 8; i++)
            store_db_bind_text(stmt, i + 1, texts[i]);
        for (int i = 0; i < 4; i++)
            store_db_bind_i64(stmt, i + 9, times[i]);
    }
    return store_state_finish(st, stmt);
}

static struct store_job job_view(struct sqlite3_stmt *stmt)
{
    return (struct store_job){
        .id = store_db_text(stmt, 0),
        .config = store_db_text(stmt, 1),
        .datafeed = store_db_text(stmt, 2),
        .package = store_db_text(stmt, 3),
        .state = store_db_text(stmt, 4),
        .datafeed_state = store_db_text(stmt, 5),
        .message = store_db_text(stmt, 6),
        .counts = store_db_text(stmt, 7),
        .created = store_db_i64(stmt, 8),
        .start = store_db_i64(stmt, 9),
        .end = store_db_i64(stmt, 10),
        .position = store_db_i64(stmt, 11),
    };
}

enum err store_state_job_get(struct store_state *st, const char *id, struct arena *arena,
                             struct store_job *out)
{
    struct sqlite3_stmt *row;
    enum err rc = store_state_find(st, "SELECT " JOB_COLUMNS " FROM job WHERE id = ?", id, &row);
    if (rc != ERR_NONE)
        return rc;
    struct store_job job = job_view(row);
    const char **texts[] = {&job.id,    &job.config,         &job.datafeed, &job.package,
                            &job.state, &job.datafeed_state, &job.message,  &job.counts};
    rc = store_state_copy_all(arena, texts, sizeof(texts) / sizeof(texts[0]));
    if (rc == ERR_NONE)
        *out = job;
    store_state_found(st, row);
    return rc;
}

enum err store_state_job_list(struct store_state *st, store_job_fn fn, void *ctx)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "SELECT " JOB_COLUMNS " FROM job ORDER BY id");
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    bool more = true;
    while (rc == ERR_NONE && more && (rc = store_db_step(db, stmt)) == ERR_NONE) {
        struct store_job job = job_view(stmt);
        more = fn(ctx, &job);
    }
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NONE : rc;
}

enum err store_state_job_set_state(struct store_state *st, const char *id, const char *state,
                                   const char *datafeed_state, const char *message)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "UPDATE job SET state = coalesce(?2, state),"
            " datafeed_state = coalesce(?3, datafeed_state),"
            " message = CASE WHEN ?4 IS NULL THEN message WHEN ?4 = '' THEN NULL ELSE ?4 END"
            " WHERE id = ?1");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, id);
        store_db_bind_text(stmt, 2, state);
        store_db_bind_text(stmt, 3, datafeed_state);
        store_db_bind_text(stmt, 4, message);
    }
    return store_state_finish_one(st, stmt);
}

enum err store_state_job_set_position(struct store_state *st, const char *id, ts_ns position,
                                      const char *counts)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "UPDATE job SET position = ?2, counts = coalesce(?3, counts) WHERE id = ?1");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, id);
        store_db_bind_i64(stmt, 2, position);
        store_db_bind_text(stmt, 3, counts);
    }
    return store_state_finish_one(st, stmt);
}

enum err store_state_job_delete(struct store_state *st, const char *id)
{
    enum err rc = store_state_begin(st);
    if (rc != ERR_NONE)
        return rc;
    rc = store_state_job_reset(st, id);
    if (rc == ERR_NONE)
        rc = store_state_message_clear(st, id);
    if (rc == ERR_NONE) {
        struct store_db *db = store_state_lock(st);
        struct sqlite3_stmt *stmt = store_db_prepare(db, "DELETE FROM job WHERE id = ?");
        if (stmt != NULL)
            store_db_bind_text(stmt, 1, id);
        rc = store_state_finish_one(st, stmt);
    }
    if (rc != ERR_NONE && rc != ERR_NOT_FOUND) {
        store_state_rollback(st);
        return rc;
    }
    enum err committed = store_state_commit(st, NULL);
    return committed != ERR_NONE ? committed : rc;
}

enum err store_state_job_reset(struct store_state *st, const char *id)
{
    enum err rc = store_state_begin(st);
    if (rc != ERR_NONE)
        return rc;
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "DELETE FROM snapshot WHERE job_id = ?");
    if (stmt != NULL)
        store_db_bind_text(stmt, 1, id);
    rc = store_state_finish(st, stmt);
    if (rc == ERR_NONE) {
        db = store_state_lock(st);
        stmt = store_db_prepare(db, "DELETE FROM result WHERE job_id = ?");
        if (stmt != NULL)
            store_db_bind_text(stmt, 1, id);
        rc = store_state_finish(st, stmt);
    }
    if (rc == ERR_NONE)
        rc = store_state_posted_drop(st, id);
    if (rc == ERR_NONE) {
        db = store_state_lock(st);
        stmt = store_db_prepare(db, "UPDATE job SET counts = NULL, position = ?2 WHERE id = ?1");
        if (stmt != NULL) {
            store_db_bind_text(stmt, 1, id);
            store_db_bind_i64(stmt, 2, TIME_NONE);
        }
        rc = store_state_finish(st, stmt);
    }
    if (rc != ERR_NONE) {
        store_state_rollback(st);
        return rc;
    }
    return store_state_commit(st, NULL);
}

#define UPGRADE_MODE "upgrade_mode"

enum err store_state_upgrade_put(struct store_state *st, bool on)
{
    return store_state_meta_put_i64(st, UPGRADE_MODE, on);
}

enum err store_state_upgrade_get(struct store_state *st, bool *out)
{
    int64_t on = 0;
    enum err err = store_state_meta_get_i64(st, UPGRADE_MODE, &on);
    if (err != ERR_NONE && err != ERR_NOT_FOUND)
        return err;
    *out = on != 0;
    return ERR_NONE;
}
