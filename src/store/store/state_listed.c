/* SPDX-License-Identifier: Apache-2.0 */
#include "store/state.h"

#include "store/state_priv.h"

#include "base/buf.h"

enum verb { PUT, GET, ALL, DELETE, VERBS };

/* A kind of the table kept, whose rows nobody but the API looks at. */
#define KEPT(kind)                                                                                 \
    {                                                                                              \
        "REPLACE INTO kept VALUES ('" kind "', ?, ?)",                                             \
            "SELECT doc FROM kept WHERE kind = '" kind "' AND id = ?",                             \
            "SELECT id, doc FROM kept WHERE kind = '" kind "' ORDER BY id",                        \
            "DELETE FROM kept WHERE kind = '" kind "' AND id = ?"                                  \
    }

static const char *statement(enum store_list list, enum verb verb)
{
    static const char *const texts[][VERBS] = {
        [STORE_FILTERS] = {"REPLACE INTO filter VALUES (?, ?)",
                           "SELECT doc FROM filter WHERE id = ?",
                           "SELECT id, doc FROM filter ORDER BY id",
                           "DELETE FROM filter WHERE id = ?"},
        [STORE_CALENDARS] = {"REPLACE INTO calendar VALUES (?, ?)",
                             "SELECT doc FROM calendar WHERE id = ?",
                             "SELECT id, doc FROM calendar ORDER BY id",
                             "DELETE FROM calendar WHERE id = ?"},
        [STORE_INDEX_TEMPLATES] = KEPT("index_template"),
        [STORE_COMPONENT_TEMPLATES] = KEPT("component_template"),
        [STORE_LEGACY_TEMPLATES] = KEPT("template"),
        [STORE_LIFECYCLES] = KEPT("lifecycle"),
        [STORE_PIPELINES] = KEPT("pipeline"),
        [STORE_DATA_STREAMS] = KEPT("data_stream"),
    };
    return texts[list][verb];
}

enum err store_state_listed_put(struct store_state *st, enum store_list list, const char *id,
                                const char *doc)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, statement(list, PUT));
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, id);
        store_db_bind_text(stmt, 2, doc);
    }
    return store_state_finish(st, stmt);
}

enum err store_state_listed_get(struct store_state *st, enum store_list list, const char *id,
                                struct buf *out)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, statement(list, GET));
    enum err rc = store_db_error(db);
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, id);
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

enum err store_state_listed_all(struct store_state *st, enum store_list list, store_listed_fn fn,
                                void *ctx)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, statement(list, ALL));
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    bool more = true;
    while (rc == ERR_NONE && more && (rc = store_db_step(db, stmt)) == ERR_NONE)
        more = fn(ctx, store_db_text(stmt, 0), store_db_text(stmt, 1));
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NONE : rc;
}

enum err store_state_listed_delete(struct store_state *st, enum store_list list, const char *id)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, statement(list, DELETE));
    if (stmt != NULL)
        store_db_bind_text(stmt, 1, id);
    return store_state_finish_one(st, stmt);
}
