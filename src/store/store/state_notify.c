/* SPDX-License-Identifier: Apache-2.0 */
#include "store/state_notify.h"

#include "store/state_priv.h"

#include <string.h>

static enum err one(enum err rc)
{
    return rc == ERR_END ? ERR_NOT_FOUND : rc;
}

enum err store_state_connector_put(struct store_state *st, const struct store_connector *c)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "REPLACE INTO connector (id, doc, secrets, updated)"
                             " VALUES (?, ?, ?, ?)");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, c->id);
        store_db_bind_text(stmt, 2, c->doc);
        store_db_bind_text(stmt, 3, c->secrets);
        store_db_bind_i64(stmt, 4, c->updated);
    }
    return store_state_finish(st, stmt);
}

enum err store_state_connector_get(struct store_state *st, const char *id, struct arena *arena,
                                   struct store_connector *out)
{
    struct store_connector c;
    const char **const texts[] = {&c.id, &c.doc, &c.secrets};
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "SELECT id, doc, secrets, updated FROM connector WHERE id = ?");
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, id);
        rc = one(store_db_step(db, stmt));
    }
    if (rc == ERR_NONE) {
        c = (struct store_connector){.id = store_db_text(stmt, 0),
                                     .doc = store_db_text(stmt, 1),
                                     .secrets = store_db_text(stmt, 2),
                                     .updated = store_db_i64(stmt, 3)};
        rc = store_state_copy_all(arena, texts, sizeof(texts) / sizeof(texts[0]));
    }
    if (rc == ERR_NONE)
        *out = c;
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc;
}

enum err store_state_connector_list(struct store_state *st, store_connector_fn fn, void *ctx)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "SELECT id, doc, updated FROM connector ORDER BY id");
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    bool more = true;
    while (rc == ERR_NONE && more && (rc = store_db_step(db, stmt)) == ERR_NONE) {
        const struct store_connector c = {.id = store_db_text(stmt, 0),
                                          .doc = store_db_text(stmt, 1),
                                          .updated = store_db_i64(stmt, 2)};
        more = fn(ctx, &c);
    }
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NONE : rc;
}

/* A statement with texts as its first parameters; its failure or how many rows it changed. */
static enum err run(struct store_state *st, const char *sql, const char *first, const char *second,
                    bool must_change)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, sql);
    if (stmt != NULL && first != NULL)
        store_db_bind_text(stmt, 1, first);
    if (stmt != NULL && second != NULL)
        store_db_bind_text(stmt, 2, second);
    return must_change ? store_state_finish_one(st, stmt) : store_state_finish(st, stmt);
}

enum err store_state_connector_delete(struct store_state *st, const char *id)
{
    struct err_text ignored;
    enum err rc = store_state_begin(st);
    if (rc != ERR_NONE)
        return rc;
    rc = run(st, "DELETE FROM connector WHERE id = ?", id, NULL, true);
    if (rc == ERR_NONE)
        rc = run(st, "DELETE FROM outbox WHERE connector = ?", id, NULL, false);
    if (rc != ERR_NONE) {
        store_state_rollback(st);
        return rc;
    }
    return store_state_commit(st, &ignored);
}

enum err store_state_notice_put(struct store_state *st, const char *alert_id, const char *rule_id,
                                ts_ns run_at)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "INSERT OR IGNORE INTO notice (alert_id, rule_id, run)"
                             " SELECT ?, ?, ? WHERE EXISTS (SELECT 1 FROM connector)");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, alert_id);
        store_db_bind_text(stmt, 2, rule_id);
        store_db_bind_i64(stmt, 3, run_at);
    }
    return store_state_finish(st, stmt);
}

enum err store_state_notice_next(struct store_state *st, struct arena *arena,
                                 struct store_notice *out)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "SELECT rule_id, run FROM notice ORDER BY number LIMIT 1");
    enum err rc = stmt != NULL ? one(store_db_step(db, stmt)) : store_db_error(db);
    bool ok = true;
    if (rc == ERR_NONE) {
        const char *rule_id = store_state_copy(arena, store_db_text(stmt, 0), &ok);
        rc = ok ? ERR_NONE : ERR_MEMORY;
        if (ok)
            *out = (struct store_notice){rule_id, store_db_i64(stmt, 1)};
    }
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc;
}

/* Alerts of a statement: id, rule_id, doc. */
static enum err each_alert(struct store_state *st, struct store_db *db, struct sqlite3_stmt *stmt,
                           store_alert_fn fn, void *ctx)
{
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    bool more = true;
    while (rc == ERR_NONE && more && (rc = store_db_step(db, stmt)) == ERR_NONE) {
        const struct store_alert alert = {.id = store_db_text(stmt, 0),
                                          .rule_id = store_db_text(stmt, 1),
                                          .doc = store_db_text(stmt, 2)};
        more = fn(ctx, &alert);
    }
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NONE : rc;
}

enum err store_state_notice_alerts(struct store_state *st, const struct store_notice *notice,
                                   store_alert_fn fn, void *ctx)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "SELECT alert.id, alert.rule_id, alert.doc FROM notice"
                             " JOIN alert ON alert.id = notice.alert_id"
                             " WHERE notice.rule_id = ? AND notice.run = ? ORDER BY notice.number");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, notice->rule_id);
        store_db_bind_i64(stmt, 2, notice->run);
    }
    return each_alert(st, db, stmt, fn, ctx);
}

enum err store_state_notice_delete(struct store_state *st, const struct store_notice *notice)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "DELETE FROM notice WHERE rule_id = ? AND run = ?");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, notice->rule_id);
        store_db_bind_i64(stmt, 2, notice->run);
    }
    return store_state_finish(st, stmt);
}

enum err store_state_outbox_put(struct store_state *st, const struct store_message_out *m)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "INSERT INTO outbox (connector, rule_id, params, error, created, due, tries)"
            " VALUES (?, ?, ?, NULL, ?, ?, 0)");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, m->connector);
        store_db_bind_text(stmt, 2, m->rule_id);
        store_db_bind_text(stmt, 3, m->params);
        store_db_bind_i64(stmt, 4, m->created);
        store_db_bind_i64(stmt, 5, m->due);
    }
    return store_state_finish(st, stmt);
}

static bool is_busy(const char *connector, const char *const *busy, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (busy[i] != NULL && strcmp(busy[i], connector) == 0)
            return true;
    return false;
}

enum err store_state_outbox_next(struct store_state *st, ts_ns now, const char *const *busy,
                                 size_t n, struct arena *arena, struct store_message_out *out)
{
    struct store_message_out m;
    const char **const texts[] = {&m.connector, &m.rule_id, &m.params, &m.error};
    struct store_db *db = store_state_lock(st);
    /* One of each connector: the first that is free is taken. */
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "SELECT id, connector, rule_id, params, error, created, min(due), tries FROM outbox"
            " WHERE due <= ? GROUP BY connector ORDER BY min(due), id");
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    if (stmt != NULL)
        store_db_bind_i64(stmt, 1, now);
    while (rc == ERR_NONE && (rc = one(store_db_step(db, stmt))) == ERR_NONE) {
        if (is_busy(store_db_text(stmt, 1), busy, n))
            continue;
        m = (struct store_message_out){.id = store_db_i64(stmt, 0),
                                       .connector = store_db_text(stmt, 1),
                                       .rule_id = store_db_text(stmt, 2),
                                       .params = store_db_text(stmt, 3),
                                       .error = store_db_text(stmt, 4),
                                       .created = store_db_i64(stmt, 5),
                                       .due = store_db_i64(stmt, 6),
                                       .tries = store_db_i64(stmt, 7)};
        rc = store_state_copy_all(arena, texts, sizeof(texts) / sizeof(texts[0]));
        if (rc == ERR_NONE)
            *out = m;
        break;
    }
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc;
}

enum err store_state_outbox_retry(struct store_state *st, int64_t id, ts_ns due, const char *error)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "UPDATE outbox SET due = ?, error = ?, tries = tries + 1 WHERE id = ?");
    if (stmt != NULL) {
        store_db_bind_i64(stmt, 1, due);
        store_db_bind_text(stmt, 2, error);
        store_db_bind_i64(stmt, 3, id);
    }
    return store_state_finish(st, stmt);
}

enum err store_state_outbox_delete(struct store_state *st, int64_t id)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "DELETE FROM outbox WHERE id = ?");
    if (stmt != NULL)
        store_db_bind_i64(stmt, 1, id);
    return store_state_finish(st, stmt);
}

enum err store_state_outbox_count(struct store_state *st, uint64_t *out)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "SELECT count(*) FROM outbox");
    enum err rc = stmt != NULL ? store_db_step(db, stmt) : store_db_error(db);
    if (rc == ERR_NONE)
        *out = (uint64_t)store_db_i64(stmt, 0);
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc;
}

enum err store_state_throttle_put(struct store_state *st, const struct store_throttle *t)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "REPLACE INTO throttle (rule_id, action, last, due) VALUES (?, ?, ?, ?)");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, t->rule_id);
        store_db_bind_text(stmt, 2, t->action);
        store_db_bind_i64(stmt, 3, t->last);
        store_db_bind_i64(stmt, 4, t->due);
    }
    return store_state_finish(st, stmt);
}

enum err store_state_throttle_get(struct store_state *st, const char *rule_id, const char *action,
                                  ts_ns *out_last, ts_ns *out_due)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "SELECT last, due FROM throttle WHERE rule_id = ? AND action = ?");
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, rule_id);
        store_db_bind_text(stmt, 2, action);
        rc = one(store_db_step(db, stmt));
    }
    if (rc == ERR_NONE) {
        *out_last = store_db_i64(stmt, 0);
        *out_due = store_db_i64(stmt, 1);
    }
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc;
}

enum err store_state_throttle_due(struct store_state *st, ts_ns now, struct arena *arena,
                                  struct store_throttle *out)
{
    struct store_throttle t;
    const char **const texts[] = {&t.rule_id, &t.action};
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "SELECT rule_id, action, last, due FROM throttle WHERE due <= ? ORDER BY due LIMIT 1");
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    if (stmt != NULL) {
        store_db_bind_i64(stmt, 1, now);
        rc = one(store_db_step(db, stmt));
    }
    if (rc == ERR_NONE) {
        t = (struct store_throttle){.rule_id = store_db_text(stmt, 0),
                                    .action = store_db_text(stmt, 1),
                                    .last = store_db_i64(stmt, 2),
                                    .due = store_db_i64(stmt, 3)};
        rc = store_state_copy_all(arena, texts, sizeof(texts) / sizeof(texts[0]));
    }
    if (rc == ERR_NONE)
        *out = t;
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc;
}

enum err store_state_waiting_put(struct store_state *st, const char *rule_id, const char *action,
                                 const char *alert_id, uint64_t most)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "INSERT INTO waiting (rule_id, action, alert_id) VALUES (?, ?, ?)");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, rule_id);
        store_db_bind_text(stmt, 2, action);
        store_db_bind_text(stmt, 3, alert_id);
    }
    enum err rc = store_state_finish(st, stmt);
    if (rc != ERR_NONE)
        return rc;
    db = store_state_lock(st);
    stmt =
        store_db_prepare(db, "DELETE FROM waiting WHERE rule_id = ?1 AND action = ?2 AND number <="
                             " (SELECT number FROM waiting WHERE rule_id = ?1 AND action = ?2"
                             "  ORDER BY number DESC LIMIT 1 OFFSET ?3)");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, rule_id);
        store_db_bind_text(stmt, 2, action);
        store_db_bind_i64(stmt, 3, (int64_t)most);
    }
    return store_state_finish(st, stmt);
}

enum err store_state_waiting_alerts(struct store_state *st, const char *rule_id, const char *action,
                                    store_alert_fn fn, void *ctx)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "SELECT alert.id, alert.rule_id, alert.doc FROM waiting"
            " JOIN alert ON alert.id = waiting.alert_id"
            " WHERE waiting.rule_id = ? AND waiting.action = ? ORDER BY waiting.number");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, rule_id);
        store_db_bind_text(stmt, 2, action);
    }
    return each_alert(st, db, stmt, fn, ctx);
}

enum err store_state_waiting_clear(struct store_state *st, const char *rule_id, const char *action)
{
    return run(st, "DELETE FROM waiting WHERE rule_id = ? AND action = ?", rule_id, action, false);
}
