#ifndef AUTH_ACCOUNT_H
#define AUTH_ACCOUNT_H

/*
 * People and machines that may ask: users with passwords, API keys.
 *
 * A user's name is 1 to 64 letters, digits and . _ - @; a password has 12 to 1,024 bytes. The last
 * admin that is switched on can be neither removed, switched off, nor given another role. A change
 * of password, role or switch ends the user's sessions.
 *
 * Ownership: texts in rows die with the call.
 * Threads:   any. Making and changing a password takes about a tenth of a second.
 */

#include "auth/guard.h"
#include "auth/role.h"
#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>

struct store_state;

struct auth_account_user {
    const char *name;
    enum auth_role role;
    bool enabled;
    ts_ns created;
    ts_ns last_login; /* TIME_NONE: never */
};

typedef bool (*auth_account_user_fn)(void *ctx, const struct auth_account_user *user);

/* ERR_EXISTS, ERR_INVALID. */
enum err auth_account_add(struct store_state *state, const char *name, const char *password,
                          enum auth_role role, ts_ns now, struct err_text *why) ERR_MUST_CHECK;
/* What is NULL stays. ERR_NOT_FOUND, ERR_INVALID. */
struct auth_account_change {
    const char *password;
    const enum auth_role *role;
    const bool *enabled;
};
enum err auth_account_set(struct store_state *state, const char *name,
                          const struct auth_account_change *change, ts_ns now,
                          struct err_text *why) ERR_MUST_CHECK;
enum err auth_account_remove(struct store_state *state, const char *name,
                             struct err_text *why) ERR_MUST_CHECK;
/* In order of name. */
enum err auth_account_list(struct store_state *state, auth_account_user_fn fn,
                           void *ctx) ERR_MUST_CHECK;

struct auth_account_key {
    const char *id;
    const char *name;
    enum auth_role role;
    const char *owner; /* the user that made it */
    ts_ns created;
    ts_ns expires; /* TIME_NONE: never */
    bool invalidated;
};

typedef bool (*auth_account_key_fn)(void *ctx, const struct auth_account_key *key);

struct auth_account_new_key {
    const char *name;
    enum auth_role role;
    const char *owner;
    ts_ns expires; /* TIME_NONE: never */
};
/* The secret is shown once and kept nowhere. ERR_INVALID. */
enum err auth_account_key_add(struct store_state *state, const struct auth_account_new_key *key,
                              ts_ns now, char out_id[AUTH_GUARD_TOKEN_SIZE],
                              char out_secret[AUTH_GUARD_TOKEN_SIZE],
                              struct err_text *why) ERR_MUST_CHECK;
/* It is refused from now on, and stays in the list. ERR_NOT_FOUND. */
enum err auth_account_key_invalidate(struct store_state *state, const char *id,
                                     struct err_text *why) ERR_MUST_CHECK;
enum err auth_account_key_list(struct store_state *state, auth_account_key_fn fn,
                               void *ctx) ERR_MUST_CHECK;

#endif
