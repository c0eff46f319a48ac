/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "api/door.h"
#include "auth/account.h"
#include "auth/guard.h"
#include "auth/secret.h"
#include "format/node.h"
#include "http/request.h"

#include <stdio.h>
#include <string.h>

/* As long as a session lives at most: the server ends it earlier when it is not used. */
#define COOKIE_SECONDS (7 * 24 * 3600)

static void set_cookie(struct api_call *c, const char *token, long seconds)
{
    char cookie[256];
    snprintf(cookie, sizeof(cookie),
             API_DOOR_COOKIE "=%s; Path=/; Max-Age=%ld; HttpOnly; "
                             "SameSite=Strict%s",
             token, seconds, c->ports->secure ? "; Secure" : "");
    http_answer_set_header(c->answer, "Set-Cookie", cookie);
}

static void write_guest(struct api_call *c, const struct auth_guest *guest)
{
    static const char *const means[] = {"session", "api_key", "basic"};
    format_write_begin_object(&c->out);
    format_write_field_str(&c->out, "name", guest->name);
    format_write_field_str(&c->out, "role", auth_role_name(guest->role));
    format_write_field_str(&c->out, "means", means[guest->means]);
    if (guest->csrf[0] != '\0')
        format_write_field_str(&c->out, "csrf", guest->csrf);
    format_write_end_object(&c->out);
}

/* A text that must be in the body, and whole: a NUL would cut it. */
static enum err need(struct api_call *c, const struct format_node *body, const char *key,
                     const char **out, struct err_text *why)
{
    const struct format_node *node = format_node_get(body, key);
    const char *text = format_node_str(node, NULL);
    if (text == NULL || strlen(text) != format_node_str_len(node))
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "[%s] is required and must be a string", key);
    *out = text;
    return ERR_NONE;
}

static enum err need_role(struct api_call *c, const char *name, enum auth_role *out,
                          struct err_text *why)
{
    if (auth_role_find(name, out))
        return ERR_NONE;
    return api_call_fail(
        c, 400, "illegal_argument_exception", why,
        "[role] must be viewer, analyst, admin or, of a key, shipper, not [%.100s]", name);
}

static enum err login(struct api_call *c, struct err_text *why)
{
    struct format_node *body;
    const char *name, *password;
    char token[AUTH_GUARD_TOKEN_SIZE];
    struct auth_guest guest;
    struct ip peer = http_request_peer(c->request);
    enum err err = api_call_body(c, true, &body, why);
    if (err == ERR_NONE)
        err = need(c, body, "name", &name, why);
    if (err == ERR_NONE)
        err = need(c, body, "password", &password, why);
    if (err == ERR_NONE)
        err = api_call_unknown(c, body, why);
    if (err != ERR_NONE)
        return err;
    err = auth_guard_login(c->ports->guard, name, password, &peer, c->now, token, &guest, &c->wait,
                           why);
    if (err == ERR_LIMIT)
        return api_call_fail(c, 429, "security_exception", why,
                             "too many wrong attempts: wait %lld seconds",
                             (long long)((c->wait + TIME_S - 1) / TIME_S));
    if (err == ERR_DENIED)
        return api_call_fail(c, 401, "security_exception", why, "the name or password is wrong");
    if (err != ERR_NONE)
        return err;
    http_request_set_user(c->request, guest.name);
    set_cookie(c, token, COOKIE_SECONDS);
    write_guest(c, &guest);
    return ERR_NONE;
}

static enum err logout(struct api_call *c, struct err_text *why)
{
    const char *token = http_request_cookie(c->request, API_DOOR_COOKIE);
    enum err err = token != NULL ? auth_guard_logout(c->ports->guard, token) : ERR_NONE;
    if (err != ERR_NONE)
        return err_set(why, err, "the session cannot be ended: %s", err_name(err));
    set_cookie(c, "", 0);
    format_write_begin_object(&c->out);
    format_write_end_object(&c->out);
    return ERR_NONE;
}

static enum err me(struct api_call *c, struct err_text *why)
{
    (void)why;
    write_guest(c, c->guest);
    return ERR_NONE;
}

static enum err set_own_password(struct api_call *c, struct err_text *why)
{
    struct format_node *body;
    const char *old, *fresh;
    char token[AUTH_GUARD_TOKEN_SIZE];
    struct auth_guest guest;
    struct ip peer = http_request_peer(c->request);
    enum err err = api_call_body(c, true, &body, why);
    if (err == ERR_NONE)
        err = need(c, body, "password", &old, why);
    if (err == ERR_NONE)
        err = need(c, body, "new_password", &fresh, why);
    if (err == ERR_NONE)
        err = api_call_unknown(c, body, why);
    if (err == ERR_NONE && c->guest->means == AUTH_GUARD_KEY)
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "an API key has no password");
    if (err == ERR_NONE)
        err = auth_guard_login(c->ports->guard, c->guest->name, old, &peer, c->now, token, &guest,
                               &c->wait, why);
    if (err == ERR_DENIED || err == ERR_LIMIT)
        return api_call_fail(c, err == ERR_LIMIT ? 429 : 403, "security_exception", why,
                             "the present password is wrong, or was wrong too often");
    if (err != ERR_NONE)
        return err;
    const struct auth_account_change change = {.password = fresh};
    err = auth_account_set(c->ports->state, c->guest->name, &change, c->now, why);
    if (err != ERR_NONE) {
        /* The session that showed that the password is known has served. */
        struct err_text reason = *why;
        enum err ended = auth_guard_logout(c->ports->guard, token);
        *why = reason;
        return ended == ERR_NONE ? err : ended;
    }
    /* All sessions have ended; the one who asked goes on in a new one. */
    err = auth_guard_login(c->ports->guard, c->guest->name, fresh, &peer, c->now, token, &guest,
                           &c->wait, why);
    if (err != ERR_NONE)
        return err;
    set_cookie(c, token, COOKIE_SECONDS);
    write_guest(c, &guest);
    return ERR_NONE;
}

static bool write_user(void *ctx, const struct auth_account_user *user)
{
    struct format_writer *w = ctx;
    format_write_begin_object(w);
    format_write_field_str(w, "name", user->name);
    format_write_field_str(w, "role", auth_role_name(user->role));
    format_write_field_bool(w, "enabled", user->enabled);
    format_write_key(w, "created");
    format_write_time(w, user->created);
    format_write_key(w, "last_login");
    if (user->last_login == TIME_NONE)
        format_write_null(w);
    else
        format_write_time(w, user->last_login);
    format_write_end_object(w);
    return true;
}

static enum err list_users(struct api_call *c, struct err_text *why)
{
    format_write_begin_object(&c->out);
    format_write_key(&c->out, "users");
    format_write_begin_array(&c->out);
    enum err err = auth_account_list(c->ports->state, write_user, &c->out);
    if (err != ERR_NONE)
        return err_set(why, err, "the users cannot be read: %s", err_name(err));
    format_write_end_array(&c->out);
    format_write_end_object(&c->out);
    return ERR_NONE;
}

static void done(struct api_call *c)
{
    format_write_begin_object(&c->out);
    format_write_field_bool(&c->out, "acknowledged", true);
    format_write_end_object(&c->out);
}

static enum err add_user(struct api_call *c, struct err_text *why)
{
    struct format_node *body;
    const char *name, *password, *role_name;
    enum auth_role role;
    enum err err = api_call_body(c, true, &body, why);
    if (err == ERR_NONE)
        err = need(c, body, "name", &name, why);
    if (err == ERR_NONE)
        err = need(c, body, "password", &password, why);
    if (err == ERR_NONE)
        err = need(c, body, "role", &role_name, why);
    if (err == ERR_NONE)
        err = need_role(c, role_name, &role, why);
    if (err == ERR_NONE)
        err = api_call_unknown(c, body, why);
    if (err == ERR_NONE)
        err = auth_account_add(c->ports->state, name, password, role, c->now, why);
    if (err == ERR_NONE)
        done(c);
    return err;
}

static enum err change_user(struct api_call *c, struct err_text *why)
{
    struct format_node *body;
    struct auth_account_change change = {0};
    enum auth_role role;
    bool enabled;
    enum err err = api_call_body(c, true, &body, why);
    if (err == ERR_NONE && format_node_get(body, "password") != NULL)
        err = need(c, body, "password", &change.password, why);
    if (err == ERR_NONE && format_node_get(body, "role") != NULL) {
        const char *name = "";
        err = need(c, body, "role", &name, why);
        if (err == ERR_NONE)
            err = need_role(c, name, &role, why);
        change.role = &role;
    }
    if (err == ERR_NONE && format_node_get(body, "enabled") != NULL) {
        err = api_call_flag(c, "enabled", true, &enabled, why);
        change.enabled = &enabled;
    }
    if (err == ERR_NONE)
        err = api_call_unknown(c, body, why);
    if (err == ERR_NONE)
        err = auth_account_set(c->ports->state, api_call_part(c, "name"), &change, c->now, why);
    if (err == ERR_NONE)
        done(c);
    return err;
}

static enum err remove_user(struct api_call *c, struct err_text *why)
{
    enum err err = auth_account_remove(c->ports->state, api_call_part(c, "name"), why);
    if (err == ERR_NONE)
        done(c);
    return err;
}

static bool write_key(void *ctx, const struct auth_account_key *key)
{
    struct format_writer *w = ctx;
    format_write_begin_object(w);
    format_write_field_str(w, "id", key->id);
    format_write_field_str(w, "name", key->name);
    format_write_field_str(w, "role", auth_role_name(key->role));
    format_write_field_str(w, "owner", key->owner);
    format_write_key(w, "created");
    format_write_time(w, key->created);
    format_write_key(w, "expires");
    if (key->expires == TIME_NONE)
        format_write_null(w);
    else
        format_write_time(w, key->expires);
    format_write_field_bool(w, "invalidated", key->invalidated);
    format_write_end_object(w);
    return true;
}

static enum err list_keys(struct api_call *c, struct err_text *why)
{
    format_write_begin_object(&c->out);
    format_write_key(&c->out, "keys");
    format_write_begin_array(&c->out);
    enum err err = auth_account_key_list(c->ports->state, write_key, &c->out);
    if (err != ERR_NONE)
        return err_set(why, err, "the keys cannot be read: %s", err_name(err));
    format_write_end_array(&c->out);
    format_write_end_object(&c->out);
    return ERR_NONE;
}

static enum err add_key(struct api_call *c, struct err_text *why)
{
    struct format_node *body;
    const char *role_name;
    struct auth_account_new_key key = {.owner = c->guest->name, .expires = TIME_NONE};
    char id[AUTH_GUARD_TOKEN_SIZE], secret[AUTH_GUARD_TOKEN_SIZE], encoded[AUTH_SECRET_PAIR];
    ts_ns span = TIME_NONE;
    enum err err = api_call_body(c, true, &body, why);
    if (err == ERR_NONE)
        err = need(c, body, "name", &key.name, why);
    if (err == ERR_NONE)
        err = need(c, body, "role", &role_name, why);
    if (err == ERR_NONE)
        err = need_role(c, role_name, &key.role, why);
    if (err == ERR_NONE)
        err = api_call_span(c, "expiration", TIME_NONE, &span, why);
    if (err == ERR_NONE)
        err = api_call_unknown(c, body, why);
    if (err == ERR_NONE && span != TIME_NONE && span < TIME_MAX - c->now)
        key.expires = c->now + span;
    if (err == ERR_NONE)
        err = auth_account_key_add(c->ports->state, &key, c->now, id, secret, why);
    if (err != ERR_NONE)
        return err;
    auth_secret_pair(id, secret, encoded);
    format_write_begin_object(&c->out);
    format_write_field_str(&c->out, "id", id);
    format_write_field_str(&c->out, "name", key.name);
    format_write_field_str(&c->out, "api_key", secret);
    format_write_field_str(&c->out, "encoded", encoded);
    format_write_end_object(&c->out);
    return ERR_NONE;
}

static enum err remove_key(struct api_call *c, struct err_text *why)
{
    enum err err = auth_account_key_invalidate(c->ports->state, api_call_part(c, "id"), why);
    if (err == ERR_NONE)
        done(c);
    return err;
}

#define ROW(method, path, right, body, summary, handle)                                            \
    {                                                                                              \
        method, path, right, API_FORM_KIBANA, body, "", summary, handle, HTTP_LANE_SHORT           \
    }

/* Hashes a password. */
#define TURN(method, path, right, summary, handle)                                                 \
    {                                                                                              \
        method, path, right, API_FORM_KIBANA, 4096, "", summary, handle, HTTP_LANE_TURN            \
    }

const struct api_row api_people_rows[] = {
    TURN("POST", "/api/login", AUTH_RIGHT_NONE, "Begin a session with name and password", login),
    ROW("POST", "/api/logout", AUTH_RIGHT_GREET, 4096, "End the session", logout),
    ROW("GET", "/api/me", AUTH_RIGHT_GREET, 0, "Who asks, and in what role", me),
    TURN("PUT", "/api/me/password", AUTH_RIGHT_GREET, "Change one's own password",
         set_own_password),
    ROW("GET", "/api/users", AUTH_RIGHT_ADMIN, 0, "All users", list_users),
    TURN("POST", "/api/users", AUTH_RIGHT_ADMIN, "Add a user", add_user),
    TURN("PUT", "/api/users/{name*}", AUTH_RIGHT_ADMIN, "Change a user's password, role or switch",
         change_user),
    ROW("DELETE", "/api/users/{name*}", AUTH_RIGHT_ADMIN, 0, "Remove a user", remove_user),
    ROW("GET", "/api/keys", AUTH_RIGHT_ADMIN, 0, "All API keys, without their secrets", list_keys),
    ROW("POST", "/api/keys", AUTH_RIGHT_ADMIN, 4096, "Make an API key; its secret is shown once",
        add_key),
    ROW("DELETE", "/api/keys/{id*}", AUTH_RIGHT_ADMIN, 0, "Refuse an API key from now on",
        remove_key),
    {0},
};
