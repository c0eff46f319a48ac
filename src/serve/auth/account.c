/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/account.h"

#include "auth/secret.h"
#include "base/arena.h"
#include "store/state.h"
#include "store/state_account.h"

#include <stdio.h>
#include <string.h>

#define NAME_MOST (AUTH_GUARD_NAME_SIZE - 1)
#define PASSWORD_LEAST 12

static enum err check_name(const char *name, struct err_text *why)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@";
    size_t n = strlen(name);
    if (n >= 1 && n <= NAME_MOST && strspn(name, good) == n)
        return ERR_NONE;
    return err_set(why, ERR_INVALID,
                   "a name has 1 to %d letters, digits and the characters . _ - @", NAME_MOST);
}

static enum err check_password(const char *password, struct err_text *why)
{
    size_t n = strlen(password);
    if (n >= PASSWORD_LEAST && n <= AUTH_SECRET_PASSWORD_MAX)
        return ERR_NONE;
    return err_set(why, ERR_INVALID, "a password has %d to %d bytes", PASSWORD_LEAST,
                   AUTH_SECRET_PASSWORD_MAX);
}

static enum err broken(enum err err, struct err_text *why)
{
    return err_set(why, err, "the accounts cannot be changed: %s", err_name(err));
}

enum err auth_account_add(struct store_state *state, const char *name, const char *password,
                          enum auth_role role, ts_ns now, struct err_text *why)
{
    char hash[AUTH_SECRET_HASH];
    struct arena arena;
    struct store_user there;
    enum err err = check_name(name, why);
    if (err == ERR_NONE)
        err = check_password(password, why);
    if (err == ERR_NONE && role == AUTH_ROLE_SHIPPER)
        err = err_set(why, ERR_INVALID, "shipper is a role of API keys, not of users");
    if (err != ERR_NONE)
        return err;
    err = auth_secret_hash(password, hash);
    if (err != ERR_NONE)
        return broken(err, why);
    err = store_state_begin(state);
    if (err != ERR_NONE)
        return broken(err, why);
    arena_init(&arena, 0);
    err = store_state_account_get(state, name, &arena, &there);
    arena_release(&arena);
    const struct store_user user = {
        .name = name,
        .hash = hash,
        .role = auth_role_name(role),
        .enabled = true,
        .created = now,
        .last_login = TIME_NONE,
    };
    if (err == ERR_NONE)
        err = err_set(why, ERR_EXISTS, "there is a user '%s' already", name);
    else if (err != ERR_NOT_FOUND || (err = store_state_account_put(state, &user)) != ERR_NONE)
        broken(err, why);
    if (err == ERR_NONE)
        return store_state_commit(state, why);
    store_state_rollback(state);
    return err;
}

static bool is_admin(const struct store_user *u)
{
    return u->enabled && strcmp(u->role, auth_role_name(AUTH_ROLE_ADMIN)) == 0;
}

struct other_admin {
    const char *but;
    bool found;
};

static bool find_other_admin(void *ctx, const struct store_user *u)
{
    struct other_admin *o = ctx;
    o->found |= is_admin(u) && strcmp(u->name, o->but) != 0;
    return !o->found;
}

/* Whether somebody could still let the others in. */
static enum err keep_an_admin(struct store_state *state, const char *name, struct err_text *why)
{
    struct other_admin other = {.but = name};
    enum err err = store_state_account_list(state, find_other_admin, &other);
    if (err != ERR_NONE)
        return broken(err, why);
    if (!other.found)
        return err_set(why, ERR_INVALID, "'%s' is the only admin that is switched on", name);
    return ERR_NONE;
}

static enum err apply(struct store_state *state, const char *name, const char *hash,
                      const struct auth_account_change *change, struct arena *arena,
                      struct err_text *why)
{
    struct store_user u;
    enum err err = store_state_account_get(state, name, arena, &u);
    if (err == ERR_NOT_FOUND)
        return err_set(why, err, "there is no user '%s'", name);
    if (err != ERR_NONE)
        return broken(err, why);
    bool was_admin = is_admin(&u);
    if (hash != NULL)
        u.hash = hash;
    if (change->role != NULL)
        u.role = auth_role_name(*change->role);
    if (change->enabled != NULL)
        u.enabled = *change->enabled;
    if (was_admin && !is_admin(&u)) {
        err = keep_an_admin(state, name, why);
        if (err != ERR_NONE)
            return err;
    }
    err = store_state_account_put(state, &u);
    if (err == ERR_NONE)
        err = store_state_account_session_end(state, name);
    return err == ERR_NONE ? ERR_NONE : broken(err, why);
}

enum err auth_account_set(struct store_state *state, const char *name,
                          const struct auth_account_change *change, ts_ns now, struct err_text *why)
{
    char hash[AUTH_SECRET_HASH];
    struct arena arena;
    enum err err = ERR_NONE;
    (void)now;
    if (change->role != NULL && *change->role == AUTH_ROLE_SHIPPER)
        return err_set(why, ERR_INVALID, "shipper is a role of API keys, not of users");
    if (change->password != NULL) {
        err = check_password(change->password, why);
        if (err == ERR_NONE && (err = auth_secret_hash(change->password, hash)) != ERR_NONE)
            broken(err, why);
    }
    if (err != ERR_NONE)
        return err;
    err = store_state_begin(state);
    if (err != ERR_NONE)
        return broken(err, why);
    arena_init(&arena, 0);
    err = apply(state, name, change->password != NULL ? hash : NULL, change, &arena, why);
    arena_release(&arena);
    if (err == ERR_NONE)
        return store_state_commit(state, why);
    store_state_rollback(state);
    return err;
}

enum err auth_account_remove(struct store_state *state, const char *name, struct err_text *why)
{
    enum err err = store_state_begin(state);
    if (err != ERR_NONE)
        return broken(err, why);
    struct arena arena;
    struct store_user u;
    arena_init(&arena, 0);
    err = store_state_account_get(state, name, &arena, &u);
    if (err == ERR_NOT_FOUND)
        err_set(why, err, "there is no user '%s'", name);
    else if (err != ERR_NONE)
        broken(err, why);
    else if (is_admin(&u))
        err = keep_an_admin(state, name, why);
    arena_release(&arena);
    if (err == ERR_NONE && (err = store_state_account_delete(state, name)) != ERR_NONE)
        broken(err, why);
    if (err == ERR_NONE)
        return store_state_commit(state, why);
    store_state_rollback(state);
    return err;
}

struct listing {
    auth_account_user_fn user;
    auth_account_key_fn key;
    void *ctx;
};

static bool list_user(void *ctx, const struct store_user *u)
{
    const struct listing *l = ctx;
    struct auth_account_user user = {
        .name = u->name, .enabled = u->enabled, .created = u->created, .last_login = u->last_login};
    return !auth_role_find(u->role, &user.role) || l->user(l->ctx, &user);
}

enum err auth_account_list(struct store_state *state, auth_account_user_fn fn, void *ctx)
{
    struct listing l = {.user = fn, .ctx = ctx};
    return store_state_account_list(state, list_user, &l);
}

enum err auth_account_key_add(struct store_state *state, const struct auth_account_new_key *key,
                              ts_ns now, char out_id[AUTH_GUARD_TOKEN_SIZE],
                              char out_secret[AUTH_GUARD_TOKEN_SIZE], struct err_text *why)
{
    char id[AUTH_SECRET_TEXT], secret[AUTH_SECRET_TEXT];
    struct store_key row = {
        .id = id,
        .name = key->name,
        .role = auth_role_name(key->role),
        .owner = key->owner,
        .created = now,
        .expires = key->expires,
    };
    size_t n = strlen(key->name);
    if (n == 0 || n > 256)
        return err_set(why, ERR_INVALID, "the name of a key has 1 to 256 bytes");
    if (key->expires != TIME_NONE && key->expires <= now)
        return err_set(why, ERR_INVALID, "a key cannot expire before it is made");
    auth_secret_make(id);
    id[20] = '\0'; /* 120 bits tell keys apart; it is no secret */
    auth_secret_make(secret);
    auth_secret_digest(secret, strlen(secret), row.hash);
    enum err err = store_state_account_key_put(state, &row);
    if (err != ERR_NONE)
        return broken(err, why);
    memcpy(out_id, id, sizeof(id));
    memcpy(out_secret, secret, sizeof(secret));
    return ERR_NONE;
}

enum err auth_account_key_invalidate(struct store_state *state, const char *id,
                                     struct err_text *why)
{
    enum err err = store_state_account_key_invalidate(state, id);
    if (err == ERR_NOT_FOUND)
        return err_set(why, err, "there is no API key '%.100s'", id);
    return err == ERR_NONE ? ERR_NONE : broken(err, why);
}

static bool list_key(void *ctx, const struct store_key *k)
{
    const struct listing *l = ctx;
    struct auth_account_key key = {
        .id = k->id,
        .name = k->name,
        .owner = k->owner,
        .created = k->created,
        .expires = k->expires,
        .invalidated = k->invalidated,
    };
    return !auth_role_find(k->role, &key.role) || l->key(l->ctx, &key);
}

enum err auth_account_key_list(struct store_state *state, auth_account_key_fn fn, void *ctx)
{
    struct listing l = {.key = fn, .ctx = ctx};
    return store_state_account_key_list(state, list_key, &l);
}
