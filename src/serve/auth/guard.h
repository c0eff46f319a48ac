#ifndef AUTH_GUARD_H
#define AUTH_GUARD_H

/*
 * Who asks: from a session's token, an API key, or a name with its password to a guest with a role.
 *
 * The guard counts wrong passwords by name and by address, in a table of fixed size, and makes
 * further attempts wait; one password is hashed at a time. docs/method/server.md has the limits.
 *
 * Ownership: auth_guard_free(); borrows the state.
 * Threads:   any; locks inside. Checking a password takes about a tenth of a second.
 */

#include "auth/role.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>

struct auth_guard;
struct store_state;

#define AUTH_GUARD_NAME_SIZE 65  /* names have at most 64 bytes */
#define AUTH_GUARD_TOKEN_SIZE 44 /* 32 random bytes in base64url, ended by NUL */

enum auth_guard_means { AUTH_GUARD_SESSION, AUTH_GUARD_KEY, AUTH_GUARD_BASIC };

struct auth_guest {
    enum auth_guard_means means;
    enum auth_role role;
    char name[AUTH_GUARD_NAME_SIZE];  /* of the user, or of the key as far as it has room */
    char id[AUTH_GUARD_TOKEN_SIZE];   /* of the key; "" for people */
    char csrf[AUTH_GUARD_TOKEN_SIZE]; /* of a session, else "" */
};

enum err auth_guard_new(struct store_state *state, struct auth_guard **out,
                        struct err_text *why) ERR_MUST_CHECK;
void auth_guard_free(struct auth_guard *g); /* NULL is fine */

/*
 * On the first start: makes the account "admin" with a random password when there is no user at
 * all. *out_made says so; password is what to show, once.
 */
enum err auth_guard_begin(struct auth_guard *g, ts_ns now, bool *out_made,
                          char password[AUTH_GUARD_TOKEN_SIZE],
                          struct err_text *why) ERR_MUST_CHECK;

/*
 * A person at the door. ERR_DENIED: wrong name or password, or switched off. ERR_LIMIT: too many
 * wrong attempts; *out_wait_ns says how long to wait. token is the session's, to be given back to
 * the person and kept nowhere.
 */
enum err auth_guard_login(struct auth_guard *g, const char *name, const char *password,
                          const struct ip *peer, ts_ns now, char token[AUTH_GUARD_TOKEN_SIZE],
                          struct auth_guest *out, ts_ns *out_wait_ns,
                          struct err_text *why) ERR_MUST_CHECK;
/* Ends the session; one that is not there is fine. */
enum err auth_guard_logout(struct auth_guard *g, const char *token) ERR_MUST_CHECK;

/* ERR_DENIED: no such session, or it has ended. The session counts as used. */
enum err auth_guard_session(struct auth_guard *g, const char *token, ts_ns now,
                            struct auth_guest *out) ERR_MUST_CHECK;
/*
 * The value of an Authorization header: "ApiKey base64(id:secret)" or "Basic
 * base64(name:password)". ERR_DENIED, ERR_INVALID (of another kind, or no base64), ERR_LIMIT as for
 * _login().
 */
enum err auth_guard_header(struct auth_guard *g, const char *value, const struct ip *peer,
                           ts_ns now, struct auth_guest *out, ts_ns *out_wait_ns,
                           struct err_text *why) ERR_MUST_CHECK;
/* Whether that header can be judged at once: no password must be hashed for it. */
bool auth_guard_is_quick(struct auth_guard *g, const char *value, ts_ns now);

#endif
