/* SPDX-License-Identifier: Apache-2.0 */
#include "store/state_except.h"

#include "store/state_priv.h"

#include "base/buf.h"

/* Binds up to three texts and runs. Changes are counted before they are known to have happened:
 * whoever looks again too often loses nothing. */
static enum err change(struct store_state *st, const char *sql, const char *a, const char *b,
                       const char *c, bool must_change)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, sql);
    store_state_except_touch(st);
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, a);
        if (b != NULL)
            store_db_bind_text(stmt, 2, b);
        if (c != NULL)
            store_db_bind_text(stmt, 3, c);
    }
    return must_change ? store_state_finish_one(st, stmt) : store_state_finish(st, stmt);
}

static enum err get(struct store_state *st, const char *sql, const char *a, const char *b,
                    struct buf *out)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, sql);
    enum err rc = store_db_error(db);
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, a);
        if (b != NULL)
            store_db_bind_text(stmt, 2, b);
        rc = store_db_step(db, stmt);
        if (rc == ERR_NONE) {
            buf_str(out, store_db_text(stmt, 0));
            rc = buf_ok(out) ? ERR_NONE : ERR_MEMORY;
            store_db_reset(stmt);
        }
    }
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NOT_FOUND : rc;
}

enum err store_state_except_put(struct store_state *st, const struct store_exception *x)
{
    struct store_db *db = store_state_lock(st);
    bool item = x->item_id != NULL;
    struct sqlite3_stmt *stmt =
        item ? store_db_prepare(db, "REPLACE INTO exception_item (list_id, namespace, id, doc,"
                                    " item_id) VALUES (?, ?, ?, ?, ?)")
             : store_db_prepare(db, "REPLACE INTO exception_list (list_id, namespace, id, doc)"
                                    " VALUES (?, ?, ?, ?)");
    store_state_except_touch(st);
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, x->list_id);
        store_db_bind_text(stmt, 2, x->namespace_type);
        store_db_bind_text(stmt, 3, x->id);
        store_db_bind_text(stmt, 4, x->doc);
        if (item)
            store_db_bind_text(stmt, 5, x->item_id);
    }
    return store_state_finish(st, stmt);
}

enum err store_state_except_list(struct store_state *st, const char *list_id,
                                 const char *namespace_type, struct buf *out)
{
    return get(st, "SELECT doc FROM exception_list WHERE list_id = ? AND namespace = ?", list_id,
               namespace_type, out);
}

enum err store_state_except_item(struct store_state *st, const char *item_id,
                                 const char *namespace_type, struct buf *out)
{
    return get(st, "SELECT doc FROM exception_item WHERE item_id = ? AND namespace = ?", item_id,
               namespace_type, out);
}

/* Columns list_id, item_id, namespace, id, doc. */
static enum err each(struct store_state *st, const char *sql, const char *list_id,
                     const char *namespace_type, store_exception_fn fn, void *ctx)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, sql);
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    if (stmt != NULL && list_id != NULL) {
        store_db_bind_text(stmt, 1, list_id);
        store_db_bind_text(stmt, 2, namespace_type);
    }
    bool more = true;
    while (rc == ERR_NONE && more && (rc = store_db_step(db, stmt)) == ERR_NONE) {
        const struct store_exception x = {
            .list_id = store_db_text(stmt, 0),
            .item_id = store_db_text(stmt, 1),
            .namespace_type = store_db_text(stmt, 2),
            .id = store_db_text(stmt, 3),
            .doc = store_db_text(stmt, 4),
        };
        more = fn(ctx, &x);
    }
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NONE : rc;
}

enum err store_state_except_lists(struct store_state *st, store_exception_fn fn, void *ctx)
{
    return each(st,
                "SELECT list_id, NULL, namespace, id, doc FROM exception_list"
                " ORDER BY list_id, namespace",
                NULL, NULL, fn, ctx);
}

enum err store_state_except_items(struct store_state *st, const char *list_id,
                                  const char *namespace_type, store_exception_fn fn, void *ctx)
{
    if (list_id == NULL)
        return each(st,
                    "SELECT list_id, item_id, namespace, id, doc FROM exception_item"
                    " ORDER BY list_id, namespace, item_id",
                    NULL, NULL, fn, ctx);
    return each(st,
                "SELECT list_id, item_id, namespace, id, doc FROM exception_item"
                " WHERE list_id = ? AND namespace = ? ORDER BY item_id",
                list_id, namespace_type, fn, ctx);
}

enum err store_state_except_list_delete(struct store_state *st, const char *list_id,
                                        const char *namespace_type)
{
    enum err rc = store_state_begin(st);
    if (rc != ERR_NONE)
        return rc;
    rc = change(st, "DELETE FROM exception_item WHERE list_id = ? AND namespace = ?", list_id,
                namespace_type, NULL, false);
    if (rc == ERR_NONE)
        rc = change(st, "DELETE FROM exception_list WHERE list_id = ? AND namespace = ?", list_id,
                    namespace_type, NULL, true);
    if (rc != ERR_NONE) {
        store_state_rollback(st);
        return rc;
    }
    return store_state_commit(st, NULL);
}

enum err store_state_except_item_delete(struct store_state *st, const char *item_id,
                                        const char *namespace_type)
{
    return change(st, "DELETE FROM exception_item WHERE item_id = ? AND namespace = ?", item_id,
                  namespace_type, NULL, true);
}

enum err store_state_value_list_put(struct store_state *st, const struct store_value_list *l)
{
    return change(st, "REPLACE INTO value_list (id, type, doc) VALUES (?, ?, ?)", l->id, l->type,
                  l->doc, false);
}

enum err store_state_value_list_type(struct store_state *st, const char *id, struct buf *out)
{
    return get(st, "SELECT type FROM value_list WHERE id = ?", id, NULL, out);
}

enum err store_state_value_lists(struct store_state *st, store_value_list_fn fn, void *ctx)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "SELECT id, type, doc, (SELECT count(*) FROM value WHERE value.list_id = value_list.id)"
            " FROM value_list ORDER BY id");
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    bool more = true;
    while (rc == ERR_NONE && more && (rc = store_db_step(db, stmt)) == ERR_NONE) {
        const struct store_value_list l = {
            .id = store_db_text(stmt, 0),
            .type = store_db_text(stmt, 1),
            .doc = store_db_text(stmt, 2),
            .values = (uint64_t)store_db_i64(stmt, 3),
        };
        more = fn(ctx, &l);
    }
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NONE : rc;
}

enum err store_state_value_list_delete(struct store_state *st, const char *id)
{
    enum err rc = store_state_begin(st);
    if (rc != ERR_NONE)
        return rc;
    rc = change(st, "DELETE FROM value WHERE list_id = ?", id, NULL, NULL, false);
    if (rc == ERR_NONE)
        rc = change(st, "DELETE FROM value_list WHERE id = ?", id, NULL, NULL, true);
    if (rc != ERR_NONE) {
        store_state_rollback(st);
        return rc;
    }
    return store_state_commit(st, NULL);
}

enum err store_state_value_put(struct store_state *st, const char *list_id, const char *value)
{
    return change(st, "INSERT OR IGNORE INTO value (list_id, value) VALUES (?, ?)", list_id, value,
                  NULL, false);
}

enum err store_state_value_delete(struct store_state *st, const char *list_id, const char *value)
{
    return change(st, "DELETE FROM value WHERE list_id = ? AND value = ?", list_id, value, NULL,
                  true);
}

enum err store_state_values(struct store_state *st, const char *list_id, store_value_fn fn,
                            void *ctx)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "SELECT value FROM value WHERE list_id = ? ORDER BY value");
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    if (stmt != NULL)
        store_db_bind_text(stmt, 1, list_id);
    bool more = true;
    while (rc == ERR_NONE && more && (rc = store_db_step(db, stmt)) == ERR_NONE)
        more = fn(ctx, store_db_text(stmt, 0));
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NONE : rc;
}
