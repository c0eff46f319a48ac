/* SPDX-License-Identifier: Apache-2.0 */
/* Users and API keys. Hashing a password takes a while: nothing here needs the data's lock. */
#include "request/request_priv.h"

#include "auth/account.h"
#include "auth/role.h"
#include "auth/secret.h"
#include "base/buf.h"
#include "format/write.h"

#include <string.h>

static void format_time(ts_ns t, char out[TIME_TEXT_SIZE])
{
    if (t == TIME_NONE)
        memcpy(out, "-", 2);
    else
        time_format_iso(t, out);
}

static bool print_user(void *ctx, const struct auth_account_user *u)
{
    struct request_asked *a = ctx;
    char created[TIME_TEXT_SIZE], login[TIME_TEXT_SIZE];
    format_time(u->created, created);
    format_time(u->last_login, login);
    return request_asked_line(a, "%-24s %-8s %-8s %-30s %s", u->name, auth_role_name(u->role),
                              u->enabled ? "enabled" : "disabled", created, login);
}

static enum err list_users(struct request_asked *a, struct err_text *why)
{
    request_asked_line(a, "%-24s %-8s %-8s %-30s %s", "USER", "ROLE", "STATE", "CREATED",
                       "LAST LOGIN");
    a->hold = true; /* a listing holds the state's lock */
    enum err err = auth_account_list(a->data->state, print_user, a);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "the users cannot be read: %s", err_name(err));
}

static enum err find_role(const struct request_asked *a, enum auth_role *out, struct err_text *why)
{
    const char *name = request_asked_text(a, "role", NULL);
    if (name != NULL && auth_role_find(name, out))
        return ERR_NONE;
    return err_set(why, ERR_INVALID,
                   "a role is needed: viewer, analyst or admin, for keys also shipper");
}

/* The password that the request brings; without one a password is made and printed. */
static enum err add_user(struct request_asked *a, const char *name, struct err_text *why)
{
    char made[AUTH_SECRET_TEXT];
    enum auth_role role;
    const char *password = request_asked_text(a, "password", NULL);
    enum err err = find_role(a, &role, why);
    if (err == ERR_NONE && password == NULL)
        auth_secret_make_password(made);
    if (err == ERR_NONE)
        err = auth_account_add(a->data->state, name, password != NULL ? password : made, role,
                               a->data->now(), why);
    if (err == ERR_NONE && password == NULL)
        request_asked_line(a, "%s", made);
    return err;
}

static enum err set_password(struct request_asked *a, const char *name, struct err_text *why)
{
    char made[AUTH_SECRET_TEXT];
    const char *password = request_asked_text(a, "password", NULL);
    if (password == NULL)
        auth_secret_make_password(made);
    const struct auth_account_change change = {.password = password != NULL ? password : made};
    enum err err = auth_account_set(a->data->state, name, &change, a->data->now(), why);
    if (err == ERR_NONE && password == NULL)
        request_asked_line(a, "%s", made);
    return err;
}

static enum err set_role(struct request_asked *a, const char *name, struct err_text *why)
{
    enum auth_role role;
    const struct auth_account_change change = {.role = &role};
    enum err err = find_role(a, &role, why);
    return err == ERR_NONE ? auth_account_set(a->data->state, name, &change, a->data->now(), why)
                           : err;
}

static enum err turn(struct request_asked *a, const char *name, bool on, struct err_text *why)
{
    const struct auth_account_change change = {.enabled = &on};
    return auth_account_set(a->data->state, name, &change, a->data->now(), why);
}

int request_user(struct request_asked *a, const char *verb)
{
    struct err_text why;
    const char *name = request_asked_text(a, "id", "");
    enum err err = auth_secret_begin();
    if (err != ERR_NONE)
        err_set(&why, err, "the system has no randomness: %s", err_name(err));
    else if (strcmp(verb, "list") == 0)
        err = list_users(a, &why);
    else if (strcmp(verb, "add") == 0)
        err = add_user(a, name, &why);
    else if (strcmp(verb, "password") == 0)
        err = set_password(a, name, &why);
    else if (strcmp(verb, "role") == 0)
        err = set_role(a, name, &why);
    else if (strcmp(verb, "enable") == 0 || strcmp(verb, "disable") == 0)
        err = turn(a, name, strcmp(verb, "enable") == 0, &why);
    else if (strcmp(verb, "remove") == 0)
        err = auth_account_remove(a->data->state, name, &why);
    else
        err = err_set(&why, ERR_INVALID,
                      "user expects list, add, password, role, enable, disable or remove, not '%s'",
                      verb);
    return request_asked_finish(a, err, &why);
}

static bool print_key(void *ctx, const struct auth_account_key *k)
{
    struct request_asked *a = ctx;
    char created[TIME_TEXT_SIZE], expires[TIME_TEXT_SIZE];
    format_time(k->created, created);
    format_time(k->expires, expires);
    return request_asked_line(a, "%-20s %-8s %-8s %-24s %-30s %-30s %s", k->id,
                              auth_role_name(k->role), k->invalidated ? "removed" : "valid",
                              k->owner, created, expires, k->name);
}

static enum err list_keys(struct request_asked *a, struct err_text *why)
{
    request_asked_line(a, "%-20s %-8s %-8s %-24s %-30s %-30s %s", "KEY", "ROLE", "STATE", "OWNER",
                       "CREATED", "EXPIRES", "NAME");
    a->hold = true;
    enum err err = auth_account_key_list(a->data->state, print_key, a);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "the keys cannot be read: %s", err_name(err));
}

static enum err find_expiry(const struct request_asked *a, ts_ns now, ts_ns *out,
                            struct err_text *why)
{
    ts_ns span;
    const char *text = request_asked_text(a, "expires", NULL);
    if (text == NULL)
        return ERR_NONE;
    if (!time_parse_span(text, strlen(text), &span) || span <= 0 || span >= TIME_MAX - now)
        return err_set(why, ERR_INVALID, "expires must be a span of time such as 30d, not '%.50s'",
                       text);
    *out = now + span;
    return ERR_NONE;
}

/* One line of JSON, as the API answers: the secret is shown only here. */
static enum err print_secret(struct request_asked *a, const char *id, const char *name,
                             const char *secret, struct err_text *why)
{
    struct buf line;
    struct format_writer w;
    char encoded[AUTH_SECRET_PAIR];
    auth_secret_pair(id, secret, encoded);
    buf_init(&line);
    format_write_init(&w, &line);
    format_write_begin_object(&w);
    format_write_field_str(&w, "id", id);
    format_write_field_str(&w, "name", name);
    format_write_field_str(&w, "api_key", secret);
    format_write_field_str(&w, "encoded", encoded);
    format_write_end_object(&w);
    buf_char(&line, '\n');
    enum err err = buf_ok(&line) ? ERR_NONE : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (err == ERR_NONE)
        request_asked_print(a, line.p, line.n);
    buf_release(&line);
    return err;
}

static enum err add_key(struct request_asked *a, const char *name, struct err_text *why)
{
    ts_ns now = a->data->now();
    char id[AUTH_GUARD_TOKEN_SIZE], secret[AUTH_GUARD_TOKEN_SIZE];
    struct auth_account_new_key key = {.name = name, .owner = "weir key add", .expires = TIME_NONE};
    enum err err = find_role(a, &key.role, why);
    if (err == ERR_NONE)
        err = find_expiry(a, now, &key.expires, why);
    if (err == ERR_NONE)
        err = auth_account_key_add(a->data->state, &key, now, id, secret, why);
    if (err == ERR_NONE)
        err = print_secret(a, id, name, secret, why);
    return err;
}

int request_key(struct request_asked *a, const char *verb)
{
    struct err_text why;
    const char *id = request_asked_text(a, "id", "");
    enum err err = auth_secret_begin();
    if (err != ERR_NONE)
        err_set(&why, err, "the system has no randomness: %s", err_name(err));
    else if (strcmp(verb, "list") == 0)
        err = list_keys(a, &why);
    else if (strcmp(verb, "add") == 0)
        err = add_key(a, id, &why);
    else if (strcmp(verb, "remove") == 0)
        err = auth_account_key_invalidate(a->data->state, id, &why);
    else
        err = err_set(&why, ERR_INVALID, "key expects list, add or remove, not '%s'", verb);
    return request_asked_finish(a, err, &why);
}
