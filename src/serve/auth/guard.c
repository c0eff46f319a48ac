/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/guard.h"

#include "auth/account.h"
#include "auth/attempts.h"
#include "auth/secret.h"
#include "base/arena.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "store/state.h"
#include "store/state_account.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SESSION_AGE (7 * TIME_DAY)
#define SESSION_IDLE (8 * TIME_HOUR)
/* Sessions are written as used at most so often: each writing waits for the disk. */
#define SESSION_TOUCH TIME_MIN
/* Pairs of name and password that were right, remembered for clients that send them each time. */
#define REMEMBERED 64
#define REMEMBER_FOR (5 * TIME_MIN)
/* base64 of "name:password" and of "id:secret" at most. */
#define CREDENTIALS_SIZE (AUTH_GUARD_NAME_SIZE + 1 + AUTH_SECRET_PASSWORD_MAX + 4)

struct remembered {
    uint8_t mac[AUTH_SECRET_DIGEST]; /* of name:password under a key that only memory has */
    char hash[AUTH_SECRET_HASH];     /* of the password it was right for */
    ts_ns until;
};

struct auth_guard {
    struct store_state *state;
    struct auth_attempts *attempts;
    uint8_t key[AUTH_SECRET_DIGEST];
    pthread_mutex_t turn; /* one attempt at a time, so that each sees what the last one came to */
    pthread_mutex_t lock; /* guards what follows */
    struct remembered remembered[REMEMBERED];
    size_t next;
    ts_ns swept; /* when old sessions were last removed */
};

enum err auth_guard_new(struct store_state *state, struct auth_guard **out, struct err_text *why)
{
    if (auth_secret_begin() != ERR_NONE)
        return err_set(why, ERR_IO, "the system gives no random numbers");
    struct auth_guard *g = mem_zero(1, sizeof(*g));
    if (g != NULL)
        g->attempts = auth_attempts_new();
    if (g == NULL || g->attempts == NULL) {
        mem_free(g);
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    g->state = state;
    g->swept = TIME_NONE;
    auth_secret_random(g->key, sizeof(g->key));
    pthread_mutex_init(&g->lock, NULL);
    pthread_mutex_init(&g->turn, NULL);
    *out = g;
    return ERR_NONE;
}

void auth_guard_free(struct auth_guard *g)
{
    if (g == NULL)
        return;
    auth_attempts_free(g->attempts);
    pthread_mutex_destroy(&g->lock);
    pthread_mutex_destroy(&g->turn);
    mem_free(g);
}

static bool one_is_enough(void *ctx, const struct auth_account_user *user)
{
    bool *any = ctx;
    (void)user;
    *any = true;
    return false;
}

enum err auth_guard_begin(struct auth_guard *g, ts_ns now, bool *out_made,
                          char password[AUTH_GUARD_TOKEN_SIZE], struct err_text *why)
{
    bool any = false;
    enum err err = auth_account_list(g->state, one_is_enough, &any);
    if (err != ERR_NONE)
        return err_set(why, err, "the accounts cannot be read: %s", err_name(err));
    *out_made = !any;
    if (any)
        return ERR_NONE;
    auth_secret_make_password(password);
    return auth_account_add(g->state, "admin", password, AUTH_ROLE_ADMIN, now, why);
}

static enum err unreadable(enum err err, struct err_text *why)
{
    return err_set(why, err, "the accounts cannot be read: %s", err_name(err));
}

/* hash NULL: whatever the password was right for. */
static bool is_remembered(struct auth_guard *g, const uint8_t mac[AUTH_SECRET_DIGEST],
                          const char *hash, ts_ns now)
{
    bool found = false;
    pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < REMEMBERED; i++) {
        const struct remembered *r = &g->remembered[i];
        found |= r->until > now && auth_secret_equal(r->mac, mac, sizeof(r->mac)) &&
                 (hash == NULL || strcmp(r->hash, hash) == 0);
    }
    pthread_mutex_unlock(&g->lock);
    return found;
}

static void remember(struct auth_guard *g, const uint8_t mac[AUTH_SECRET_DIGEST], const char *hash,
                     ts_ns now)
{
    pthread_mutex_lock(&g->lock);
    struct remembered *r = &g->remembered[g->next];
    g->next = (g->next + 1) % REMEMBERED;
    memcpy(r->mac, mac, sizeof(r->mac));
    snprintf(r->hash, sizeof(r->hash), "%s", hash);
    r->until = now + REMEMBER_FOR;
    pthread_mutex_unlock(&g->lock);
}

static void fill(struct auth_guest *out, enum auth_guard_means means, const char *name,
                 enum auth_role role)
{
    *out = (struct auth_guest){.means = means, .role = role};
    size_t n = utf8_cut(name, strlen(name), sizeof(out->name) - 1); /* keys' may be longer */
    memcpy(out->name, name, n);
}

/* A name and a password that somebody brings. */
struct claim {
    const char *name;
    const char *password;
    uint8_t mac[AUTH_SECRET_DIGEST]; /* of both */
    const struct ip *peer;
    ts_ns now;
};

/* Who is known by what memory holds. */
static bool is_known(struct auth_guard *g, const struct claim *c, const struct store_user *user,
                     enum auth_role *out_role)
{
    return user != NULL && user->enabled && auth_role_find(user->role, out_role) &&
           is_remembered(g, c->mac, user->hash, c->now);
}

/* Whether the password is the user's (NULL: there is none); a wrong one is counted. */
static enum err attempt(struct auth_guard *g, const struct claim *c, const struct store_user *user,
                        enum auth_role *out_role, ts_ns *out_wait_ns, struct err_text *why)
{
    *out_wait_ns = auth_attempts_wait(g->attempts, c->name, c->peer, c->now);
    if (*out_wait_ns > 0)
        return err_set(why, ERR_LIMIT, "too many wrong attempts");
    if (!auth_secret_verify(user != NULL ? user->hash : NULL, c->password) || !user->enabled ||
        !auth_role_find(user->role, out_role)) {
        auth_attempts_wrong(g->attempts, c->name, c->peer, c->now);
        return err_set(why, ERR_DENIED, "the name or password is wrong");
    }
    auth_attempts_right(g->attempts, c->name, c->peer);
    remember(g, c->mac, user->hash, c->now);
    return ERR_NONE;
}

/* from_memory: a pair that was right a while ago will do, also one that became so while this one
 * waited for its turn. */
static enum err judge(struct auth_guard *g, const struct claim *c, const struct store_user *user,
                      bool from_memory, enum auth_role *out_role, ts_ns *out_wait_ns,
                      struct err_text *why)
{
    enum err err = ERR_NONE;
    if (from_memory && is_known(g, c, user, out_role))
        return ERR_NONE;
    pthread_mutex_lock(&g->turn);
    if (!from_memory || !is_known(g, c, user, out_role))
        err = attempt(g, c, user, out_role, out_wait_ns, why);
    pthread_mutex_unlock(&g->turn);
    return err;
}

/* Checks a name and its password; ERR_DENIED counts as wrong. out_hash gets the hash that fitted;
 * NULL: a pair from memory will do. */
static enum err check(struct auth_guard *g, const char *name, const char *password,
                      const struct ip *peer, ts_ns now, char *out_hash, struct auth_guest *out,
                      ts_ns *out_wait_ns, struct err_text *why)
{
    struct arena arena;
    struct store_user user;
    enum auth_role role = AUTH_ROLE_VIEWER;
    struct claim c = {.name = name, .password = password, .peer = peer, .now = now};
    char pair[CREDENTIALS_SIZE];
    int n = snprintf(pair, sizeof(pair), "%s:%s", name, password);
    if (n < 0 || (size_t)n >= sizeof(pair))
        return err_set(why, ERR_DENIED, "the name or password is wrong");
    auth_secret_mac(g->key, pair, (size_t)n, c.mac);
    arena_init(&arena, 0);
    enum err err = store_state_account_get(g->state, name, &arena, &user);
    bool there = err == ERR_NONE;
    if (there || err == ERR_NOT_FOUND)
        err = judge(g, &c, there ? &user : NULL, out_hash == NULL, &role, out_wait_ns, why);
    else
        unreadable(err, why);
    if (err == ERR_NONE) {
        if (out_hash != NULL)
            snprintf(out_hash, AUTH_SECRET_HASH, "%s", user.hash);
        fill(out, AUTH_GUARD_BASIC, name, role);
    }
    arena_release(&arena);
    return err;
}

/* Sessions that nobody can use any more, now and then. */
static enum err sweep(struct auth_guard *g, ts_ns now)
{
    pthread_mutex_lock(&g->lock);
    bool due = g->swept == TIME_NONE || now - g->swept >= TIME_HOUR;
    if (due)
        g->swept = now;
    pthread_mutex_unlock(&g->lock);
    return due ? store_state_account_session_expire(g->state, now - SESSION_AGE, now - SESSION_IDLE)
               : ERR_NONE;
}

/* A change of the account ends its sessions: one that came while the password was being checked
 * must not leave this one. */
static enum err put_session(struct auth_guard *g, const struct store_session *s, const char *hash)
{
    struct arena arena;
    struct store_user user;
    arena_init(&arena, 0);
    enum err err = store_state_account_get(g->state, s->user, &arena, &user);
    if (err == ERR_NOT_FOUND ||
        (err == ERR_NONE && (!user.enabled || strcmp(user.hash, hash) != 0)))
        err = ERR_DENIED;
    arena_release(&arena);
    if (err == ERR_NONE)
        err = store_state_account_session_put(g->state, s);
    return err == ERR_NONE ? store_state_account_set_login(g->state, s->user, s->created) : err;
}

static enum err keep_session(struct auth_guard *g, const struct store_session *s, const char *hash,
                             struct err_text *why)
{
    enum err err = store_state_begin(g->state);
    if (err == ERR_NONE) {
        err = put_session(g, s, hash);
        if (err == ERR_NONE)
            return store_state_commit(g->state, why);
        store_state_rollback(g->state);
    }
    return err == ERR_DENIED ? err_set(why, err, "the name or password is wrong")
                             : err_set(why, err, "the session cannot be kept: %s", err_name(err));
}

enum err auth_guard_login(struct auth_guard *g, const char *name, const char *password,
                          const struct ip *peer, ts_ns now, char token[AUTH_GUARD_TOKEN_SIZE],
                          struct auth_guest *out, ts_ns *out_wait_ns, struct err_text *why)
{
    struct auth_guest guest;
    struct store_session s = {.user = name, .created = now, .used = now};
    char made[AUTH_SECRET_TEXT], hash[AUTH_SECRET_HASH];
    enum err err = check(g, name, password, peer, now, hash, &guest, out_wait_ns, why);
    if (err != ERR_NONE)
        return err;
    guest.means = AUTH_GUARD_SESSION;
    auth_secret_make(made);
    auth_secret_make(guest.csrf);
    auth_secret_digest(made, strlen(made), s.hash);
    s.csrf = guest.csrf;
    err = sweep(g, now);
    if (err != ERR_NONE)
        return err_set(why, err, "the session cannot be kept: %s", err_name(err));
    err = keep_session(g, &s, hash, why);
    if (err != ERR_NONE)
        return err;
    memcpy(token, made, sizeof(made));
    *out = guest;
    return ERR_NONE;
}

enum err auth_guard_logout(struct auth_guard *g, const char *token)
{
    uint8_t hash[STORE_ACCOUNT_HASH];
    auth_secret_digest(token, strlen(token), hash);
    return store_state_account_session_delete(g->state, hash);
}

static enum err see_session(struct auth_guard *g, const uint8_t hash[STORE_ACCOUNT_HASH], ts_ns now,
                            struct arena *arena, struct auth_guest *out)
{
    struct store_session s;
    struct store_user user;
    enum auth_role role;
    enum err err = store_state_account_session_get(g->state, hash, arena, &s);
    if (err == ERR_NONE)
        err = store_state_account_get(g->state, s.user, arena, &user);
    if (err == ERR_NOT_FOUND)
        return ERR_DENIED;
    if (err != ERR_NONE)
        return err;
    if (!user.enabled || !auth_role_find(user.role, &role) || now - s.created >= SESSION_AGE ||
        now - s.used >= SESSION_IDLE)
        return ERR_DENIED;
    fill(out, AUTH_GUARD_SESSION, user.name, role);
    snprintf(out->csrf, sizeof(out->csrf), "%s", s.csrf);
    if (now - s.used < SESSION_TOUCH)
        return ERR_NONE;
    err = store_state_account_session_use(g->state, hash, now);
    return err == ERR_NOT_FOUND ? ERR_DENIED : err;
}

enum err auth_guard_session(struct auth_guard *g, const char *token, ts_ns now,
                            struct auth_guest *out)
{
    uint8_t hash[STORE_ACCOUNT_HASH];
    struct arena arena;
    struct auth_guest guest;
    auth_secret_digest(token, strlen(token), hash);
    arena_init(&arena, 0);
    enum err err = see_session(g, hash, now, &arena, &guest);
    arena_release(&arena);
    if (err == ERR_NONE)
        *out = guest;
    return err;
}

static enum err check_key(struct auth_guard *g, const char *id, const char *secret, ts_ns now,
                          struct auth_guest *out, struct err_text *why)
{
    uint8_t hash[AUTH_SECRET_DIGEST];
    struct arena arena;
    struct store_key key;
    enum auth_role role;
    auth_secret_digest(secret, strlen(secret), hash);
    arena_init(&arena, 0);
    enum err err = store_state_account_key_get(g->state, id, &arena, &key);
    if (err == ERR_NOT_FOUND ||
        (err == ERR_NONE &&
         (!auth_secret_equal(hash, key.hash, sizeof(hash)) || key.invalidated ||
          (key.expires != TIME_NONE && key.expires <= now) || !auth_role_find(key.role, &role)))) {
        err = err_set(why, ERR_DENIED, "the API key is wrong, has expired, or was invalidated");
    } else if (err != ERR_NONE) {
        unreadable(err, why);
    } else {
        fill(out, AUTH_GUARD_KEY, key.name, role);
        snprintf(out->id, sizeof(out->id), "%s", key.id);
    }
    arena_release(&arena);
    return err;
}

/* An Authorization header, cut in two where its colon was; pair_n counts what was decoded. */
struct credentials {
    bool is_key; /* else a name and a password */
    char pair[CREDENTIALS_SIZE];
    size_t pair_n;
    char *right;
};

static enum err read_header(const char *value, struct credentials *out, struct err_text *why)
{
    size_t scheme = strcspn(value, " ");
    bool basic = scheme == 5 && strncasecmp(value, "Basic", 5) == 0;
    const char *text = value + scheme + strspn(value + scheme, " ");
    out->is_key = scheme == 6 && strncasecmp(value, "ApiKey", 6) == 0;
    if (!out->is_key && !basic)
        return err_set(why, ERR_INVALID, "Authorization expects ApiKey or Basic");
    char *colon = auth_secret_base64(text, strlen(text), out->pair, sizeof(out->pair), &out->pair_n)
                      ? memchr(out->pair, ':', out->pair_n)
                      : NULL;
    /* A NUL would end the name or the password early. */
    if (colon == NULL || strlen(out->pair) != out->pair_n)
        return err_set(why, ERR_INVALID,
                       "Authorization expects base64 of two texts with a colon between them");
    *colon = '\0';
    out->right = colon + 1;
    return ERR_NONE;
}

enum err auth_guard_header(struct auth_guard *g, const char *value, const struct ip *peer,
                           ts_ns now, struct auth_guest *out, ts_ns *out_wait_ns,
                           struct err_text *why)
{
    struct credentials c;
    enum err err = read_header(value, &c, why);
    if (err != ERR_NONE)
        return err;
    return c.is_key ? check_key(g, c.pair, c.right, now, out, why)
                    : check(g, c.pair, c.right, peer, now, NULL, out, out_wait_ns, why);
}

bool auth_guard_is_quick(struct auth_guard *g, const char *value, ts_ns now)
{
    struct credentials c;
    uint8_t mac[AUTH_SECRET_DIGEST];
    struct err_text why;
    if (read_header(value, &c, &why) != ERR_NONE || c.is_key)
        return true;
    c.right[-1] = ':';
    auth_secret_mac(g->key, c.pair, c.pair_n, mac);
    return is_remembered(g, mac, NULL, now);
}
