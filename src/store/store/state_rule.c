/* SPDX-License-Identifier: Apache-2.0 */
#include "store/state.h"

#include "store/state_priv.h"

#include "base/arena.h"
#include "base/buf.h"

#include <string.h>

#define RUNS_KEPT 1000

#define RULE_COLUMNS                                                                               \
    "id, doc, package, enabled, created, updated, status, message, last_run, memory"

enum err store_state_rule_put(struct store_state *st, const struct store_rule *rule)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "INSERT INTO rule (" RULE_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET doc = excluded.doc, package = excluded.package,"
            " enabled = excluded.enabled, updated = excluded.updated");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, rule->id);
        store_db_bind_text(stmt, 2, rule->doc);
        store_db_bind_text(stmt, 3, rule->package);
        store_db_bind_i64(stmt, 4, rule->enabled);
        store_db_bind_i64(stmt, 5, rule->created);
        store_db_bind_i64(stmt, 6, rule->updated);
        store_db_bind_text(stmt, 7, rule->status);
        store_db_bind_text(stmt, 8, rule->message);
        store_db_bind_i64(stmt, 9, rule->status != NULL ? rule->last_run : TIME_NONE);
        store_db_bind_text(stmt, 10, rule->memory);
    }
    return store_state_finish(st, stmt);
}

static struct store_rule rule_view(struct sqlite3_stmt *stmt)
{
    return (struct store_rule){
        .id = store_db_text(stmt, 0),
        .doc = store_db_text(stmt, 1),
        .package = store_db_text(stmt, 2),
        .enabled = store_db_i64(stmt, 3) != 0,
        .created = store_db_i64(stmt, 4),
        .updated = store_db_i64(stmt, 5),
        .status = store_db_text(stmt, 6),
        .message = store_db_text(stmt, 7),
        .last_run = store_db_i64(stmt, 8),
        .memory = store_db_text(stmt, 9),
    };
}

enum err store_state_rule_get(struct store_state *st, const char *id, struct arena *arena,
                              struct store_rule *out)
{
    struct sqlite3_stmt *row;
    enum err rc = store_state_find(st, "SELECT " RULE_COLUMNS " FROM rule WHERE id = ?", id, &row);
    if (rc != ERR_NONE)
        return rc;
    struct store_rule rule = rule_view(row);
    const char **texts[] = {&rule.id,     &rule.doc,     &rule.package,
                            &rule.status, &rule.message, &rule.memory};
    rc = store_state_copy_all(arena, texts, sizeof(texts) / sizeof(texts[0]));
    if (rc == ERR_NONE)
        *out = rule;
    store_state_found(st, row);
    return rc;
}

enum err store_state_rule_list(struct store_state *st, store_rule_fn fn, void *ctx)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "SELECT " RULE_COLUMNS " FROM rule ORDER BY id");
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    bool more = true;
    while (rc == ERR_NONE && more && (rc = store_db_step(db, stmt)) == ERR_NONE) {
        struct store_rule rule = rule_view(stmt);
        more = fn(ctx, &rule);
    }
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NONE : rc;
}

enum err store_state_rule_enable(struct store_state *st, const char *id, bool enabled, ts_ns now)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "UPDATE rule SET enabled = ?2, updated = ?3 WHERE id = ?1");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, id);
        store_db_bind_i64(stmt, 2, enabled);
        store_db_bind_i64(stmt, 3, now);
    }
    return store_state_finish_one(st, stmt);
}

enum err store_state_rule_set_memory(struct store_state *st, const char *id, const char *memory)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "UPDATE rule SET memory = ?2 WHERE id = ?1");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, id);
        store_db_bind_text(stmt, 2, memory);
    }
    return store_state_finish_one(st, stmt);
}

enum err store_state_rule_set_status(struct store_state *st, const char *id, const char *status,
                                     const char *message)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "UPDATE rule SET status = ?2, message = ?3 WHERE id = ?1");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, id);
        store_db_bind_text(stmt, 2, status);
        store_db_bind_text(stmt, 3, message);
    }
    return store_state_finish_one(st, stmt);
}

enum err store_state_rule_delete(struct store_state *st, const char *id)
{
    enum err rc = store_state_begin(st);
    if (rc != ERR_NONE)
        return rc;
    static const char *const kept[] = {"DELETE FROM run WHERE rule_id = ?",
                                       "DELETE FROM gap WHERE rule_id = ?"};
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]) && rc == ERR_NONE; i++) {
        struct store_db *db = store_state_lock(st);
        struct sqlite3_stmt *stmt = store_db_prepare(db, kept[i]);
        if (stmt != NULL)
            store_db_bind_text(stmt, 1, id);
        rc = store_state_finish(st, stmt);
    }
    if (rc == ERR_NONE) {
        struct store_db *db = store_state_lock(st);
        struct sqlite3_stmt *stmt = store_db_prepare(db, "DELETE FROM rule WHERE id = ?");
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

static enum err run_insert(struct store_state *st, const struct store_run *run)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "REPLACE INTO run (rule_id, time, from_time, to_time, status, message,"
                             " doc, alerts, manual) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, run->rule_id);
        store_db_bind_i64(stmt, 2, run->time);
        store_db_bind_i64(stmt, 3, run->from);
        store_db_bind_i64(stmt, 4, run->to);
        store_db_bind_text(stmt, 5, run->status);
        store_db_bind_text(stmt, 6, run->message);
        store_db_bind_text(stmt, 7, run->doc);
        store_db_bind_i64(stmt, 8, (int64_t)run->alerts);
        store_db_bind_i64(stmt, 9, run->manual);
    }
    return store_state_finish(st, stmt);
}

static enum err run_becomes_last(struct store_state *st, const struct store_run *run)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "UPDATE rule SET status = ?2, message = ?3, last_run = ?4 WHERE id = ?1");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, run->rule_id);
        store_db_bind_text(stmt, 2, run->status);
        store_db_bind_text(stmt, 3, run->message);
        store_db_bind_i64(stmt, 4, run->time);
    }
    return store_state_finish(st, stmt);
}

/* Of each kind by itself: manual runs lie in the past. */
static enum err run_trim(struct store_state *st, const struct store_run *run)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "DELETE FROM run WHERE rule_id = ?1 AND manual = ?2 AND time <= (SELECT time FROM run"
            " WHERE rule_id = ?1 AND manual = ?2 ORDER BY time DESC LIMIT 1 OFFSET ?3)");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, run->rule_id);
        store_db_bind_i64(stmt, 2, run->manual);
        store_db_bind_i64(stmt, 3, RUNS_KEPT);
    }
    return store_state_finish(st, stmt);
}

enum err store_state_run_put(struct store_state *st, const struct store_run *run)
{
    enum err rc = store_state_begin(st);
    if (rc != ERR_NONE)
        return rc;
    rc = run_insert(st, run);
    if (rc == ERR_NONE && !run->manual)
        rc = run_becomes_last(st, run);
    if (rc == ERR_NONE)
        rc = run_trim(st, run);
    if (rc != ERR_NONE) {
        store_state_rollback(st);
        return rc;
    }
    return store_state_commit(st, NULL);
}

static enum err run_change_after(struct store_state *st, const char *sql, ts_ns now)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, sql);
    if (stmt != NULL)
        store_db_bind_i64(stmt, 1, now);
    return store_state_finish(st, stmt);
}

enum err store_state_run_forget(struct store_state *st, ts_ns now)
{
    enum err rc = run_change_after(st, "DELETE FROM run WHERE time > ?1", now);
    return rc != ERR_NONE
               ? rc
               : run_change_after(st, "UPDATE rule SET last_run = ?1 WHERE last_run > ?1", now);
}

enum err store_state_run_list(struct store_state *st, const char *rule_id, uint64_t limit,
                              store_run_fn fn, void *ctx)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "SELECT rule_id, time, from_time, to_time, status, message, doc, alerts, manual"
            " FROM run WHERE rule_id = ? ORDER BY time DESC, manual LIMIT ?");
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, rule_id);
        store_db_bind_i64(stmt, 2, limit == 0 || limit > INT64_MAX ? -1 : (int64_t)limit);
    }
    bool more = true;
    while (rc == ERR_NONE && more && (rc = store_db_step(db, stmt)) == ERR_NONE) {
        struct store_run run = {
            .rule_id = store_db_text(stmt, 0),
            .time = store_db_i64(stmt, 1),
            .from = store_db_i64(stmt, 2),
            .to = store_db_i64(stmt, 3),
            .status = store_db_text(stmt, 4),
            .message = store_db_text(stmt, 5),
            .doc = store_db_text(stmt, 6),
            .alerts = (uint64_t)store_db_i64(stmt, 7),
            .manual = store_db_i64(stmt, 8) != 0,
        };
        more = fn(ctx, &run);
    }
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NONE : rc;
}

#define ALERT_COLUMNS "id, rule_id, grp, workflow_status, risk_score, time, start, doc"

enum err store_state_alert_create(struct store_state *st, const struct store_alert *alert,
                                  bool *out_new)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "INSERT OR IGNORE INTO alert (" ALERT_COLUMNS
                                                     ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    if (stmt != NULL) {
        const char *status = alert->workflow_status;
        store_db_bind_text(stmt, 1, alert->id);
        store_db_bind_text(stmt, 2, alert->rule_id);
        store_db_bind_text(stmt, 3, alert->group);
        store_db_bind_text(stmt, 4, status != NULL ? status : "open");
        store_db_bind_f64(stmt, 5, alert->risk_score);
        store_db_bind_i64(stmt, 6, alert->time);
        store_db_bind_i64(stmt, 7, alert->start);
        store_db_bind_text(stmt, 8, alert->doc);
    }
    enum err rc = store_state_finish_one(st, stmt);
    if (rc != ERR_NONE && rc != ERR_NOT_FOUND)
        return rc;
    if (out_new != NULL)
        *out_new = rc == ERR_NONE;
    return ERR_NONE;
}

static struct store_alert alert_view(struct sqlite3_stmt *stmt)
{
    return (struct store_alert){
        .id = store_db_text(stmt, 0),
        .rule_id = store_db_text(stmt, 1),
        .group = store_db_text(stmt, 2),
        .workflow_status = store_db_text(stmt, 3),
        .risk_score = store_db_f64(stmt, 4),
        .time = store_db_i64(stmt, 5),
        .start = store_db_i64(stmt, 6),
        .doc = store_db_text(stmt, 7),
    };
}

enum err store_state_alert_get(struct store_state *st, const char *id, struct arena *arena,
                               struct store_alert *out)
{
    struct sqlite3_stmt *row;
    enum err rc =
        store_state_find(st, "SELECT " ALERT_COLUMNS " FROM alert WHERE id = ?", id, &row);
    if (rc != ERR_NONE)
        return rc;
    struct store_alert alert = alert_view(row);
    const char **texts[] = {&alert.id, &alert.rule_id, &alert.group, &alert.workflow_status,
                            &alert.doc};
    rc = store_state_copy_all(arena, texts, sizeof(texts) / sizeof(texts[0]));
    if (rc == ERR_NONE)
        *out = alert;
    store_state_found(st, row);
    return rc;
}

enum err store_state_alert_replace(struct store_state *st, const char *id, const char *doc)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "UPDATE alert SET doc = ?2 WHERE id = ?1");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, id);
        store_db_bind_text(stmt, 2, doc);
    }
    return store_state_finish_one(st, stmt);
}

enum err store_state_alert_set_status(struct store_state *st, const char *id,
                                      const char *workflow_status)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "UPDATE alert SET workflow_status = ?2 WHERE id = ?1");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, id);
        store_db_bind_text(stmt, 2, workflow_status);
    }
    return store_state_finish_one(st, stmt);
}

/* Groups are kept in the order of their starts. */
static const char *alert_clock(const struct store_alert_filter *f)
{
    return f->group != NULL ? "start" : "time";
}

static void alert_filter(const struct store_alert_filter *f, struct buf *sql)
{
    buf_format(sql, " FROM alert WHERE %s >= ?1 AND %s <= ?2", alert_clock(f), alert_clock(f));
    if (f->rule_id != NULL)
        buf_str(sql, " AND rule_id = ?3");
    if (f->group != NULL)
        buf_str(sql, " AND grp = ?4");
    if (f->workflow_status != NULL)
        buf_str(sql, " AND workflow_status = ?5");
    if (f->not_closed)
        buf_str(sql, " AND workflow_status <> 'closed'");
}

static void alert_bind(const struct store_alert_filter *f, struct sqlite3_stmt *stmt)
{
    store_db_bind_i64(stmt, 1, f->from);
    store_db_bind_i64(stmt, 2, f->to);
    if (f->rule_id != NULL)
        store_db_bind_text(stmt, 3, f->rule_id);
    if (f->group != NULL)
        store_db_bind_text(stmt, 4, f->group);
    if (f->workflow_status != NULL)
        store_db_bind_text(stmt, 5, f->workflow_status);
}

static enum err alert_count(struct store_db *db, const struct store_alert_filter *f, uint64_t *out)
{
    struct buf sql;
    buf_init(&sql);
    buf_str(&sql, "SELECT count(*)");
    alert_filter(f, &sql);
    struct sqlite3_stmt *stmt = buf_ok(&sql) ? store_db_prepare_once(db, buf_text(&sql)) : NULL;
    enum err rc = store_db_error(db);
    if (stmt != NULL) {
        alert_bind(f, stmt);
        rc = store_db_step(db, stmt);
        if (rc == ERR_NONE)
            *out = (uint64_t)store_db_i64(stmt, 0);
    }
    store_db_finish(stmt);
    buf_release(&sql);
    return rc;
}

static enum err alert_list(struct store_db *db, const struct store_alert_filter *f,
                           store_alert_fn fn, void *ctx)
{
    struct buf sql;
    buf_init(&sql);
    buf_str(&sql, "SELECT " ALERT_COLUMNS);
    alert_filter(f, &sql);
    buf_format(&sql, " ORDER BY %s %s, id LIMIT %lld OFFSET %lld", alert_clock(f),
               f->newest_first ? "DESC" : "",
               f->limit == 0 || f->limit > INT64_MAX ? -1LL : (long long)f->limit,
               (long long)(f->skip > INT64_MAX ? INT64_MAX : f->skip));
    struct sqlite3_stmt *stmt = buf_ok(&sql) ? store_db_prepare_once(db, buf_text(&sql)) : NULL;
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    if (stmt != NULL)
        alert_bind(f, stmt);
    bool more = true;
    while (rc == ERR_NONE && more && (rc = store_db_step(db, stmt)) == ERR_NONE) {
        struct store_alert alert = alert_view(stmt);
        more = fn(ctx, &alert);
    }
    store_db_finish(stmt);
    buf_release(&sql);
    return rc == ERR_END ? ERR_NONE : rc;
}

enum err store_state_alert_list(struct store_state *st, const struct store_alert_filter *filter,
                                store_alert_fn fn, void *ctx, uint64_t *out_total)
{
    struct store_db *db = store_state_lock(st);
    uint64_t total = 0;
    enum err rc = out_total != NULL ? alert_count(db, filter, &total) : ERR_NONE;
    if (rc == ERR_NONE)
        rc = alert_list(db, filter, fn, ctx);
    store_state_unlock(st);
    if (rc == ERR_NONE && out_total != NULL)
        *out_total = total;
    return rc;
}
