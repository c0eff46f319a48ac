/* SPDX-License-Identifier: Apache-2.0 */
#include "store/state_notify.h"

#include "base/buf.h"
#include "store/state_priv.h"

#include <string.h>

static enum err one(enum err rc)
{
    return rc == ERR_END ? ERR_NOT_FOUND : rc;
}

/* Calls fn for each row until it has enough, and gives the lock back. */
typedef bool (*row_fn)(void *ctx, struct sqlite3_stmt *stmt);
static enum err each_row(struct store_state *st, struct store_db *db, struct sqlite3_stmt *stmt,
                         row_fn fn, void *ctx)
{
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    bool more = true;
    while (rc == ERR_NONE && more && (rc = store_db_step(db, stmt)) == ERR_NONE)
        more = fn(ctx, stmt);
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NONE : rc;
}

/* The same for one row, which must be there: fn copies what it needs, and says what came of it. */
typedef enum err (*copy_fn)(void *ctx, struct sqlite3_stmt *stmt);
static enum err one_row(struct store_state *st, struct store_db *db, struct sqlite3_stmt *stmt,
                        copy_fn fn, void *ctx)
{
    enum err rc = stmt != NULL ? one(store_db_step(db, stmt)) : store_db_error(db);
    if (rc == ERR_NONE)
        rc = fn(ctx, stmt);
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc;
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

/* Where a row is copied to. */
struct copying {
    struct arena *arena;
    void *out;
};

static enum err copy_connector(void *ctx, struct sqlite3_stmt *stmt)
{
    const struct copying *to = ctx;
    struct store_connector c = {.id = store_db_text(stmt, 0),
                                .doc = store_db_text(stmt, 1),
                                .secrets = store_db_text(stmt, 2),
                                .updated = store_db_i64(stmt, 3)};
    const char **const texts[] = {&c.id, &c.doc, &c.secrets};
    enum err rc = store_state_copy_all(to->arena, texts, sizeof(texts) / sizeof(texts[0]));
    if (rc == ERR_NONE)
        *(struct store_connector *)to->out = c;
    return rc;
}

enum err store_state_connector_get(struct store_state *st, const char *id, struct arena *arena,
                                   struct store_connector *out)
{
    struct copying to = {arena, out};
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "SELECT id, doc, secrets, updated FROM connector WHERE id = ?");
    if (stmt != NULL)
        store_db_bind_text(stmt, 1, id);
    return one_row(st, db, stmt, copy_connector, &to);
}

struct listing_connectors {
    store_connector_fn fn;
    void *ctx;
};

static bool list_connector(void *ctx, struct sqlite3_stmt *stmt)
{
    const struct listing_connectors *l = ctx;
    const struct store_connector c = {.id = store_db_text(stmt, 0),
                                      .doc = store_db_text(stmt, 1),
                                      .updated = store_db_i64(stmt, 2)};
    return l->fn(l->ctx, &c);
}

enum err store_state_connector_list(struct store_state *st, store_connector_fn fn, void *ctx)
{
    struct listing_connectors l = {fn, ctx};
    struct store_db *db = store_state_lock(st);
    return each_row(st, db,
                    store_db_prepare(db, "SELECT id, doc, updated FROM connector ORDER BY id"),
                    list_connector, &l);
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

static enum err copy_notice(void *ctx, struct sqlite3_stmt *stmt)
{
    const struct copying *to = ctx;
    bool ok = true;
    const char *rule_id = store_state_copy(to->arena, store_db_text(stmt, 0), &ok);
    if (ok)
        *(struct store_notice *)to->out = (struct store_notice){rule_id, store_db_i64(stmt, 1)};
    return ok ? ERR_NONE : ERR_MEMORY;
}

enum err store_state_notice_next(struct store_state *st, struct arena *arena,
                                 struct store_notice *out)
{
    struct copying to = {arena, out};
    struct store_db *db = store_state_lock(st);
    return one_row(st, db,
                   store_db_prepare(db, "SELECT rule_id, run FROM notice ORDER BY number LIMIT 1"),
                   copy_notice, &to);
}

struct listing_alerts {
    store_alert_fn fn;
    void *ctx;
};

/* Of a statement that gives id, rule_id, doc. */
static bool list_alert(void *ctx, struct sqlite3_stmt *stmt)
{
    const struct listing_alerts *l = ctx;
    const struct store_alert alert = {.id = store_db_text(stmt, 0),
                                      .rule_id = store_db_text(stmt, 1),
                                      .doc = store_db_text(stmt, 2)};
    return l->fn(l->ctx, &alert);
}

enum err store_state_notice_alerts(struct store_state *st, const struct store_notice *notice,
                                   store_alert_fn fn, void *ctx)
{
    struct listing_alerts l = {fn, ctx};
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "SELECT alert.id, alert.rule_id, alert.doc FROM notice"
                             " JOIN alert ON alert.id = notice.alert_id"
                             " WHERE notice.rule_id = ? AND notice.run = ? ORDER BY notice.number");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, notice->rule_id);
        store_db_bind_i64(stmt, 2, notice->run);
    }
    return each_row(st, db, stmt, list_alert, &l);
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

#define MESSAGE_COLUMNS "id, connector, rule_id, params, error, created, due, tries"

static struct store_message_out read_message(struct sqlite3_stmt *stmt)
{
    return (struct store_message_out){.id = store_db_i64(stmt, 0),
                                      .connector = store_db_text(stmt, 1),
                                      .rule_id = store_db_text(stmt, 2),
                                      .params = store_db_text(stmt, 3),
                                      .error = store_db_text(stmt, 4),
                                      .created = store_db_i64(stmt, 5),
                                      .due = store_db_i64(stmt, 6),
                                      .tries = store_db_i64(stmt, 7)};
}

struct choosing {
    const char *const *busy;
    size_t n;
    struct arena *arena;
    struct store_message_out *out;
    enum err err;
};

static bool choose_message(void *ctx, struct sqlite3_stmt *stmt)
{
    struct choosing *c = ctx;
    if (is_busy(store_db_text(stmt, 1), c->busy, c->n))
        return true;
    struct store_message_out m = read_message(stmt);
    const char **const texts[] = {&m.connector, &m.rule_id, &m.params, &m.error};
    c->err = store_state_copy_all(c->arena, texts, sizeof(texts) / sizeof(texts[0]));
    if (c->err == ERR_NONE)
        *c->out = m;
    return false;
}

enum err store_state_outbox_next(struct store_state *st, ts_ns now, const char *const *busy,
                                 size_t n, struct arena *arena, struct store_message_out *out)
{
    struct choosing c = {busy, n, arena, out, ERR_NOT_FOUND};
    struct store_db *db = store_state_lock(st);
    /* One of each connector: the first that is free is taken. */
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "SELECT id, connector, rule_id, params, error, created, min(due), tries FROM outbox"
            " WHERE due <= ?1 AND due < ?2 GROUP BY connector ORDER BY min(due), id");
    if (stmt != NULL) {
        store_db_bind_i64(stmt, 1, now);
        store_db_bind_i64(stmt, 2, TIME_MAX);
    }
    enum err rc = each_row(st, db, stmt, choose_message, &c);
    return rc == ERR_NONE ? c.err : rc;
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

/* The newest stay. */
static enum err trim_given_up(struct store_state *st)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "DELETE FROM outbox WHERE due = ?1 AND id <= (SELECT id FROM outbox"
                             " WHERE due = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)");
    if (stmt != NULL) {
        store_db_bind_i64(stmt, 1, TIME_MAX);
        store_db_bind_i64(stmt, 2, STORE_GIVEN_UP_MAX);
    }
    return store_state_finish(st, stmt);
}

enum err store_state_outbox_give_up(struct store_state *st, int64_t id, const char *error)
{
    enum err rc = store_state_outbox_retry(st, id, TIME_MAX, error);
    return rc == ERR_NONE ? trim_given_up(st) : rc;
}

enum err store_state_outbox_unwritten(struct store_state *st, const char *rule_id,
                                      const char *error, ts_ns now)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "UPDATE outbox SET tries = tries + 1 WHERE due = ?1 AND rule_id = ?2"
                             " AND params = '' AND error = ?3");
    if (stmt != NULL) {
        store_db_bind_i64(stmt, 1, TIME_MAX);
        store_db_bind_text(stmt, 2, rule_id);
        store_db_bind_text(stmt, 3, error);
    }
    enum err rc = store_state_finish_one(st, stmt);
    if (rc != ERR_NOT_FOUND)
        return rc;
    db = store_state_lock(st);
    stmt = store_db_prepare(
        db, "INSERT INTO outbox (connector, rule_id, params, error, created, due, tries)"
            " VALUES ('', ?2, '', ?3, ?4, ?1, 1)");
    if (stmt != NULL) {
        store_db_bind_i64(stmt, 1, TIME_MAX);
        store_db_bind_text(stmt, 2, rule_id);
        store_db_bind_text(stmt, 3, error);
        store_db_bind_i64(stmt, 4, now);
    }
    rc = store_state_finish(st, stmt);
    return rc == ERR_NONE ? trim_given_up(st) : rc;
}

/* Runs a statement about the given-up message of that id, or all, and counts what it changed. */
static enum err change_given_up(struct store_state *st, const char *sql, int64_t id, ts_ns now,
                                uint64_t *out)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, sql);
    if (stmt != NULL) {
        store_db_bind_i64(stmt, 1, TIME_MAX);
        store_db_bind_i64(stmt, 2, id);
        if (now != TIME_NONE)
            store_db_bind_i64(stmt, 3, now);
    }
    enum err rc = store_db_exec(db, stmt);
    if (rc == ERR_NONE)
        *out = (uint64_t)store_db_changes(db);
    store_state_unlock(st);
    return rc;
}

enum err store_state_outbox_again(struct store_state *st, int64_t id, ts_ns now, uint64_t *out)
{
    return change_given_up(st,
                           "UPDATE outbox SET due = ?3, created = ?3, tries = 0 WHERE due = ?1"
                           " AND params <> '' AND (?2 = 0 OR id = ?2)",
                           id, now, out);
}

enum err store_state_outbox_dismiss(struct store_state *st, int64_t id, uint64_t *out)
{
    return change_given_up(st, "DELETE FROM outbox WHERE due = ?1 AND (?2 = 0 OR id = ?2)", id,
                           TIME_NONE, out);
}

enum err store_state_outbox_delete(struct store_state *st, int64_t id)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "DELETE FROM outbox WHERE id = ?");
    if (stmt != NULL)
        store_db_bind_i64(stmt, 1, id);
    return store_state_finish(st, stmt);
}

static enum err copy_count(void *ctx, struct sqlite3_stmt *stmt)
{
    *(uint64_t *)ctx = (uint64_t)store_db_i64(stmt, 0);
    return ERR_NONE;
}

enum err store_state_outbox_count(struct store_state *st, uint64_t *out)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "SELECT count(*) FROM outbox WHERE due < ?");
    if (stmt != NULL)
        store_db_bind_i64(stmt, 1, TIME_MAX);
    return one_row(st, db, stmt, copy_count, out);
}

struct counting {
    uint64_t *out;
    struct buf *error;
};

static enum err copy_given_up(void *ctx, struct sqlite3_stmt *stmt)
{
    const struct counting *c = ctx;
    const char *error = store_db_text(stmt, 1);
    *c->out = (uint64_t)store_db_i64(stmt, 0);
    buf_str(c->error, error != NULL ? error : "");
    return buf_ok(c->error) ? ERR_NONE : ERR_MEMORY;
}

enum err store_state_outbox_given_up(struct store_state *st, const char *rule_id, uint64_t *out,
                                     struct buf *error)
{
    struct counting c = {out, error};
    struct store_db *db = store_state_lock(st);
    /* With a single max() the other columns are of its row. */
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "SELECT count(*), error, max(id) FROM outbox WHERE due = ?1"
                             " AND (?2 IS NULL OR rule_id = ?2)");
    if (stmt != NULL) {
        store_db_bind_i64(stmt, 1, TIME_MAX);
        store_db_bind_text(stmt, 2, rule_id);
    }
    return one_row(st, db, stmt, copy_given_up, &c);
}

struct listing_messages {
    store_message_out_fn fn;
    void *ctx;
};

static bool list_message(void *ctx, struct sqlite3_stmt *stmt)
{
    const struct listing_messages *l = ctx;
    const struct store_message_out m = read_message(stmt);
    return l->fn(l->ctx, &m);
}

enum err store_state_outbox_list(struct store_state *st, uint64_t max, store_message_out_fn fn,
                                 void *ctx)
{
    struct listing_messages l = {fn, ctx};
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "SELECT " MESSAGE_COLUMNS " FROM outbox ORDER BY due = ?1 DESC, id LIMIT ?2");
    if (stmt != NULL) {
        store_db_bind_i64(stmt, 1, TIME_MAX);
        store_db_bind_i64(stmt, 2, (int64_t)max);
    }
    return each_row(st, db, stmt, list_message, &l);
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

static enum err run_at(struct store_state *st, const char *sql, ts_ns now)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, sql);
    if (stmt != NULL) {
        store_db_bind_i64(stmt, 1, now);
        store_db_bind_i64(stmt, 2, TIME_MAX);
    }
    return store_state_finish(st, stmt);
}

/* What was given up, or waits for nothing, has the greatest due there is. */
enum err store_state_notify_set_back(struct store_state *st, ts_ns now)
{
    enum err rc = run_at(st,
                         "UPDATE throttle SET last = ?1, due = CASE WHEN due < ?2 THEN ?1 ELSE due"
                         " END WHERE last > ?1",
                         now);
    return rc != ERR_NONE ? rc
                          : run_at(st,
                                   "UPDATE outbox SET created = min(created, ?1), due = ?1"
                                   " WHERE due > ?1 AND due < ?2",
                                   now);
}

struct times {
    ts_ns *last, *due;
};

static enum err copy_times(void *ctx, struct sqlite3_stmt *stmt)
{
    const struct times *t = ctx;
    *t->last = store_db_i64(stmt, 0);
    *t->due = store_db_i64(stmt, 1);
    return ERR_NONE;
}

enum err store_state_throttle_get(struct store_state *st, const char *rule_id, const char *action,
                                  ts_ns *out_last, ts_ns *out_due)
{
    struct times t = {out_last, out_due};
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "SELECT last, due FROM throttle WHERE rule_id = ? AND action = ?");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, rule_id);
        store_db_bind_text(stmt, 2, action);
    }
    return one_row(st, db, stmt, copy_times, &t);
}

static enum err copy_throttle(void *ctx, struct sqlite3_stmt *stmt)
{
    const struct copying *to = ctx;
    struct store_throttle t = {.rule_id = store_db_text(stmt, 0),
                               .action = store_db_text(stmt, 1),
                               .last = store_db_i64(stmt, 2),
                               .due = store_db_i64(stmt, 3)};
    const char **const texts[] = {&t.rule_id, &t.action};
    enum err rc = store_state_copy_all(to->arena, texts, sizeof(texts) / sizeof(texts[0]));
    if (rc == ERR_NONE)
        *(struct store_throttle *)to->out = t;
    return rc;
}

enum err store_state_throttle_due(struct store_state *st, ts_ns now, struct arena *arena,
                                  struct store_throttle *out)
{
    struct copying to = {arena, out};
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "SELECT rule_id, action, last, due FROM throttle WHERE due <= ? ORDER BY due LIMIT 1");
    if (stmt != NULL)
        store_db_bind_i64(stmt, 1, now);
    return one_row(st, db, stmt, copy_throttle, &to);
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
    struct listing_alerts l = {fn, ctx};
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "SELECT alert.id, alert.rule_id, alert.doc FROM waiting"
            " JOIN alert ON alert.id = waiting.alert_id"
            " WHERE waiting.rule_id = ? AND waiting.action = ? ORDER BY waiting.number");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, rule_id);
        store_db_bind_text(stmt, 2, action);
    }
    return each_row(st, db, stmt, list_alert, &l);
}

enum err store_state_waiting_clear(struct store_state *st, const char *rule_id, const char *action)
{
    return run(st, "DELETE FROM waiting WHERE rule_id = ? AND action = ?", rule_id, action, false);
}
