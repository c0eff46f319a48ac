#ifndef STORE_STATE_ACCOUNT_H
#define STORE_STATE_ACCOUNT_H

/*
 * Users, their sessions, and API keys, in state.db. Passwords and secrets come as hashes; this room
 * compares nothing.
 *
 * Ownership: as in store/state.h: texts given are borrowed; texts in callbacks die with the call,
 *            those of get functions live in the arena.
 * Threads:   any, as all of store/state.h.
 */

#include "base/err.h"
#include "base/time.h"
#include "store/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_ACCOUNT_HASH 32 /* bytes of a token's or secret's hash */

struct store_user {
    const char *name;
    const char *hash; /* of the password, as libsodium writes it */
    const char *role;
    bool enabled;
    ts_ns created;
    ts_ns last_login; /* TIME_NONE: never */
};

typedef bool (*store_user_fn)(void *ctx, const struct store_user *user);

/* Makes or replaces. */
enum err store_state_account_put(struct store_state *st, const struct store_user *u) ERR_MUST_CHECK;
/* ERR_NOT_FOUND. */
enum err store_state_account_get(struct store_state *st, const char *name, struct arena *arena,
                                 struct store_user *out) ERR_MUST_CHECK;
/* In order of name. */
enum err store_state_account_list(struct store_state *st, store_user_fn fn,
                                  void *ctx) ERR_MUST_CHECK;
enum err store_state_account_set_login(struct store_state *st, const char *name,
                                       ts_ns now) ERR_MUST_CHECK;
/* With all sessions. ERR_NOT_FOUND. */
enum err store_state_account_delete(struct store_state *st, const char *name) ERR_MUST_CHECK;

struct store_session {
    uint8_t hash[STORE_ACCOUNT_HASH]; /* of its token */
    const char *user;
    const char *csrf;
    ts_ns created;
    ts_ns used;
};

enum err store_state_account_session_put(struct store_state *st,
                                         const struct store_session *s) ERR_MUST_CHECK;
/* ERR_NOT_FOUND. */
enum err store_state_account_session_get(struct store_state *st,
                                         const uint8_t hash[STORE_ACCOUNT_HASH],
                                         struct arena *arena,
                                         struct store_session *out) ERR_MUST_CHECK;
enum err store_state_account_session_use(struct store_state *st,
                                         const uint8_t hash[STORE_ACCOUNT_HASH],
                                         ts_ns now) ERR_MUST_CHECK;
enum err store_state_account_session_delete(struct store_state *st,
                                            const uint8_t hash[STORE_ACCOUNT_HASH]) ERR_MUST_CHECK;
/* All sessions of a user. */
enum err store_state_account_session_end(struct store_state *st, const char *user) ERR_MUST_CHECK;
/* Those made before created or last used before used. */
enum err store_state_account_session_expire(struct store_state *st, ts_ns created,
                                            ts_ns used) ERR_MUST_CHECK;

struct store_key {
    const char *id;
    const char *name;
    uint8_t hash[STORE_ACCOUNT_HASH]; /* of its secret */
    const char *role;
    const char *owner;
    ts_ns created;
    ts_ns expires; /* TIME_NONE: never */
    bool invalidated;
};

typedef bool (*store_key_fn)(void *ctx, const struct store_key *key);

enum err store_state_account_key_put(struct store_state *st,
                                     const struct store_key *key) ERR_MUST_CHECK;
/* ERR_NOT_FOUND. */
enum err store_state_account_key_get(struct store_state *st, const char *id, struct arena *arena,
                                     struct store_key *out) ERR_MUST_CHECK;
/* In order of their making, then id. */
enum err store_state_account_key_list(struct store_state *st, store_key_fn fn,
                                      void *ctx) ERR_MUST_CHECK;
/* ERR_NOT_FOUND. */
enum err store_state_account_key_invalidate(struct store_state *st, const char *id) ERR_MUST_CHECK;

#endif
