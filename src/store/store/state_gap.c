/* SPDX-License-Identifier: Apache-2.0 */
#include "store/state_gap.h"

#include "store/state_priv.h"

enum err store_state_gap_put(struct store_state *st, const struct store_gap *gap)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "REPLACE INTO gap (rule_id, from_time, to_time, status, doc)"
                             " VALUES (?, ?, ?, ?, ?)");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, gap->rule_id);
        store_db_bind_i64(stmt, 2, gap->from);
        store_db_bind_i64(stmt, 3, gap->to);
        store_db_bind_text(stmt, 4, gap->status);
        store_db_bind_text(stmt, 5, gap->doc);
    }
    return store_state_finish(st, stmt);
}

enum err store_state_gap_list(struct store_state *st, const char *rule_id, ts_ns from, ts_ns to,
                              store_gap_fn fn, void *ctx)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "SELECT rule_id, from_time, to_time, status, doc FROM gap"
            " WHERE rule_id = ? AND to_time > ? AND from_time < ? ORDER BY from_time DESC");
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, rule_id);
        store_db_bind_i64(stmt, 2, from);
        store_db_bind_i64(stmt, 3, to);
    }
    bool more = true;
    while (rc == ERR_NONE && more && (rc = store_db_step(db, stmt)) == ERR_NONE) {
        const struct store_gap gap = {
            .rule_id = store_db_text(stmt, 0),
            .from = store_db_i64(stmt, 1),
            .to = store_db_i64(stmt, 2),
            .status = store_db_text(stmt, 3),
            .doc = store_db_text(stmt, 4),
        };
        more = fn(ctx, &gap);
    }
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NONE : rc;
}

enum err store_state_gap_trim(struct store_state *st, ts_ns before)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "DELETE FROM gap WHERE to_time < ?");
    if (stmt != NULL)
        store_db_bind_i64(stmt, 1, before);
    return store_state_finish(st, stmt);
}
