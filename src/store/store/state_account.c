/* SPDX-License-Identifier: Apache-2.0 */
#include "store/state_account.h"

#include "store/state_priv.h"

#include "base/arena.h"

#include <string.h>

enum err store_state_account_put(struct store_state *st, const struct store_user *u)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "REPLACE INTO user VALUES (?, ?, ?, ?, ?, ?)");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, u->name);
        store_db_bind_text(stmt, 2, u->hash);
        store_db_bind_text(stmt, 3, u->role);
        store_db_bind_i64(stmt, 4, u->enabled);
        store_db_bind_i64(stmt, 5, u->created);
        store_db_bind_i64(stmt, 6, u->last_login);
    }
    return store_state_finish(st, stmt);
}

static struct store_user user_row(struct sqlite3_stmt *stmt)
{
    return (struct store_user){
        .name = store_db_text(stmt, 0),
        .hash = store_db_text(stmt, 1),
        .role = store_db_text(stmt, 2),
        .enabled = store_db_i64(stmt, 3) != 0,
        .created = store_db_i64(stmt, 4),
        .last_login = store_db_i64(stmt, 5),
    };
}

enum err store_state_account_get(struct store_state *st, const char *name, struct arena *arena,
                                 struct store_user *out)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "SELECT name, hash, role, enabled, created, last_login FROM user WHERE name = ?");
    enum err rc = store_db_error(db);
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, name);
        rc = store_db_step(db, stmt);
        if (rc == ERR_NONE) {
            struct store_user u = user_row(stmt);
            const char **const texts[] = {&u.name, &u.hash, &u.role};
            rc = store_state_copy_all(arena, texts, sizeof(texts) / sizeof(texts[0]));
            if (rc == ERR_NONE)
                *out = u;
            store_db_reset(stmt);
        }
    }
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NOT_FOUND : rc;
}

enum err store_state_account_list(struct store_state *st, store_user_fn fn, void *ctx)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "SELECT name, hash, role, enabled, created, last_login FROM user ORDER BY name");
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    bool more = true;
    while (rc == ERR_NONE && more && (rc = store_db_step(db, stmt)) == ERR_NONE) {
        struct store_user u = user_row(stmt);
        more = fn(ctx, &u);
    }
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NONE : rc;
}

enum err store_state_account_set_login(struct store_state *st, const char *name, ts_ns now)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "UPDATE user SET last_login = ?2 WHERE name = ?1");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, name);
        store_db_bind_i64(stmt, 2, now);
    }
    return store_state_finish_one(st, stmt);
}

enum err store_state_account_delete(struct store_state *st, const char *name)
{
    enum err rc = store_state_begin(st);
    if (rc != ERR_NONE)
        return rc;
    rc = store_state_account_session_end(st, name);
    if (rc == ERR_NONE) {
        struct store_db *db = store_state_lock(st);
        struct sqlite3_stmt *stmt = store_db_prepare(db, "DELETE FROM user WHERE name = ?");
        if (stmt != NULL)
            store_db_bind_text(stmt, 1, name);
        rc = store_state_finish_one(st, stmt);
    }
    if (rc == ERR_NONE)
        return store_state_commit(st, NULL);
    store_state_rollback(st);
    return rc;
}

enum err store_state_account_session_put(struct store_state *st, const struct store_session *s)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "REPLACE INTO session VALUES (?, ?, ?, ?, ?)");
    if (stmt != NULL) {
        store_db_bind_bytes(stmt, 1, s->hash, sizeof(s->hash));
        store_db_bind_text(stmt, 2, s->user);
        store_db_bind_text(stmt, 3, s->csrf);
        store_db_bind_i64(stmt, 4, s->created);
        store_db_bind_i64(stmt, 5, s->used);
    }
    return store_state_finish(st, stmt);
}

/* False: the column holds no hash, which is damage. */
static bool read_hash(struct sqlite3_stmt *stmt, int at, uint8_t out[STORE_ACCOUNT_HASH])
{
    struct bytes b = store_db_bytes(stmt, at);
    if (b.n != STORE_ACCOUNT_HASH)
        return false;
    memcpy(out, b.p, STORE_ACCOUNT_HASH);
    return true;
}

enum err store_state_account_session_get(struct store_state *st,
                                         const uint8_t hash[STORE_ACCOUNT_HASH],
                                         struct arena *arena, struct store_session *out)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "SELECT hash, user, csrf, created, used FROM session WHERE hash = ?");
    enum err rc = store_db_error(db);
    if (stmt != NULL) {
        store_db_bind_bytes(stmt, 1, hash, STORE_ACCOUNT_HASH);
        rc = store_db_step(db, stmt);
        if (rc == ERR_NONE) {
            struct store_session s = {
                .user = store_db_text(stmt, 1),
                .csrf = store_db_text(stmt, 2),
                .created = store_db_i64(stmt, 3),
                .used = store_db_i64(stmt, 4),
            };
            const char **const texts[] = {&s.user, &s.csrf};
            memcpy(s.hash, hash, sizeof(s.hash));
            rc = store_state_copy_all(arena, texts, sizeof(texts) / sizeof(texts[0]));
            if (rc == ERR_NONE)
                *out = s;
            store_db_reset(stmt);
        }
    }
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NOT_FOUND : rc;
}

enum err store_state_account_session_use(struct store_state *st,
                                         const uint8_t hash[STORE_ACCOUNT_HASH], ts_ns now)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "UPDATE session SET used = ?2 WHERE hash = ?1");
    if (stmt != NULL) {
        store_db_bind_bytes(stmt, 1, hash, STORE_ACCOUNT_HASH);
        store_db_bind_i64(stmt, 2, now);
    }
    return store_state_finish_one(st, stmt);
}

enum err store_state_account_session_delete(struct store_state *st,
                                            const uint8_t hash[STORE_ACCOUNT_HASH])
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "DELETE FROM session WHERE hash = ?");
    if (stmt != NULL)
        store_db_bind_bytes(stmt, 1, hash, STORE_ACCOUNT_HASH);
    return store_state_finish(st, stmt);
}

enum err store_state_account_session_end(struct store_state *st, const char *user)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "DELETE FROM session WHERE user = ?");
    if (stmt != NULL)
        store_db_bind_text(stmt, 1, user);
    return store_state_finish(st, stmt);
}

enum err store_state_account_session_expire(struct store_state *st, ts_ns created, ts_ns used)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "DELETE FROM session WHERE created < ? OR used < ?");
    if (stmt != NULL) {
        store_db_bind_i64(stmt, 1, created);
        store_db_bind_i64(stmt, 2, used);
    }
    return store_state_finish(st, stmt);
}

enum err store_state_account_key_put(struct store_state *st, const struct store_key *key)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "REPLACE INTO api_key VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, key->id);
        store_db_bind_text(stmt, 2, key->name);
        store_db_bind_bytes(stmt, 3, key->hash, sizeof(key->hash));
        store_db_bind_text(stmt, 4, key->role);
        store_db_bind_text(stmt, 5, key->owner);
        store_db_bind_i64(stmt, 6, key->created);
        store_db_bind_i64(stmt, 7, key->expires);
        store_db_bind_i64(stmt, 8, key->invalidated);
    }
    return store_state_finish(st, stmt);
}

static enum err key_row(struct sqlite3_stmt *stmt, struct store_key *out)
{
    *out = (struct store_key){
        .id = store_db_text(stmt, 0),
        .name = store_db_text(stmt, 1),
        .role = store_db_text(stmt, 3),
        .owner = store_db_text(stmt, 4),
        .created = store_db_i64(stmt, 5),
        .expires = store_db_i64(stmt, 6),
        .invalidated = store_db_i64(stmt, 7) != 0,
    };
    return read_hash(stmt, 2, out->hash) ? ERR_NONE : ERR_FORMAT;
}

enum err store_state_account_key_get(struct store_state *st, const char *id, struct arena *arena,
                                     struct store_key *out)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "SELECT id, name, hash, role, owner, created, expires, invalidated"
                             " FROM api_key WHERE id = ?");
    enum err rc = store_db_error(db);
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, id);
        rc = store_db_step(db, stmt);
        if (rc == ERR_NONE) {
            struct store_key k;
            rc = key_row(stmt, &k);
            const char **const texts[] = {&k.id, &k.name, &k.role, &k.owner};
            if (rc == ERR_NONE)
                rc = store_state_copy_all(arena, texts, sizeof(texts) / sizeof(texts[0]));
            if (rc == ERR_NONE)
                *out = k;
            store_db_reset(stmt);
        }
    }
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NOT_FOUND : rc;
}

enum err store_state_account_key_list(struct store_state *st, store_key_fn fn, void *ctx)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "SELECT id, name, hash, role, owner, created, expires, invalidated"
                             " FROM api_key ORDER BY created, id");
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    bool more = true;
    while (rc == ERR_NONE && more && (rc = store_db_step(db, stmt)) == ERR_NONE) {
        struct store_key k;
        rc = key_row(stmt, &k);
        more = rc == ERR_NONE && fn(ctx, &k);
    }
    if (stmt != NULL)
        store_db_reset(stmt);
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NONE : rc;
}

enum err store_state_account_key_invalidate(struct store_state *st, const char *id)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "UPDATE api_key SET invalidated = 1 WHERE id = ?");
    if (stmt != NULL)
        store_db_bind_text(stmt, 1, id);
    return store_state_finish_one(st, stmt);
}
