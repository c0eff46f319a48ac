/* SPDX-License-Identifier: Apache-2.0 */
#include "api/door.h"

#include "api/api.h"
#include "auth/guard.h"
#include "base/err.h"
#include "base/mem.h"
#include "http/request.h"

#include <stdio.h>
#include <string.h>

static bool refuse(struct api_door_verdict *v, unsigned status, const char *sentence)
{
    v->status = status;
    snprintf(v->sentence, sizeof(v->sentence), "%s", sentence);
    return false;
}

static bool reads_only(const struct http_request *r)
{
    const char *method = http_request_method(r);
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
           strcmp(method, "OPTIONS") == 0;
}

/* The origin, where the browser names one, is this server as the browser knows it. */
static bool same_origin(const struct http_request *r)
{
    const char *origin = http_request_header(r, "Origin");
    const char *host = http_request_header(r, "Host");
    if (origin == NULL)
        return true;
    const char *at = strstr(origin, "://");
    return at != NULL && host != NULL && strcmp(at + 3, host) == 0;
}

/* Equal texts, in a time that does not tell how much of them is. */
static bool equal(const char *a, const char *b)
{
    size_t n = strlen(b);
    unsigned char differ = strlen(a) != n;
    for (size_t i = 0; i < n && !(differ && i >= strlen(a)); i++)
        differ |= (unsigned char)(a[i] ^ b[i]);
    return differ == 0;
}

/* A page of somebody else's could send the cookie along, but neither read nor send this token. */
static bool is_forged(const struct http_request *r, const struct auth_guest *guest)
{
    const char *token = http_request_header(r, "X-Weir-Csrf");
    if (token == NULL)
        token = http_request_header(r, "kbn-xsrf");
    return token == NULL || !equal(token, guest->csrf);
}

static bool known(const struct api *a, struct http_request *r, struct auth_guest *guest,
                  bool *out_named, struct api_door_verdict *v)
{
    const struct api_ports *ports = api_ports_of(a);
    struct ip peer = http_request_peer(r);
    const char *header = http_request_header(r, "Authorization");
    const char *cookie = http_request_cookie(r, API_DOOR_COOKIE);
    struct err_text why = {0};
    ts_ns wait = 0;
    enum err err = ERR_NONE;
    *out_named = header != NULL || cookie != NULL;
    if (header != NULL)
        err = auth_guard_header(ports->guard, header, &peer, ports->now(), guest, &wait, &why);
    else if (cookie != NULL)
        err = auth_guard_session(ports->guard, cookie, ports->now(), guest);
    else
        return refuse(v, 401,
                      "missing authentication credentials: log in, or send an Authorization "
                      "header with an API key or a name and password");
    if (err == ERR_NONE)
        return true;
    if (err == ERR_LIMIT) {
        v->wait_s = (wait + TIME_S - 1) / TIME_S;
        return refuse(v, 429, "too many wrong attempts: wait before the next one");
    }
    if (err == ERR_DENIED || err == ERR_INVALID)
        return refuse(v, 401,
                      header != NULL ? "unable to authenticate: the credentials are wrong, have "
                                       "expired, or are switched off"
                                     : "the session has ended: log in again");
    return refuse(v, 503, "who asks cannot be looked up now");
}

bool api_door_open(const struct api *a, enum auth_right right, struct http_request *r,
                   struct api_door_verdict *out)
{
    struct auth_guest guest;
    bool named;
    out->wait_s = 0;
    /* Browsers send passwords that they remember along as they do cookies, and say where from. */
    if (!reads_only(r) && !same_origin(r))
        return refuse(out, 403, "the request comes from another site (Origin is not this host)");
    if (!known(a, r, &guest, &named, out))
        return right == AUTH_RIGHT_NONE; /* open to all, wrong credentials or none */
    http_request_set_user(r, guest.name);
    if (guest.means == AUTH_GUARD_SESSION && right != AUTH_RIGHT_NONE && !reads_only(r) &&
        is_forged(r, &guest))
        return refuse(out, 403,
                      "the request does not carry the token of its session (X-Weir-Csrf)");
    if (right != AUTH_RIGHT_NONE && !auth_role_may(guest.role, right)) {
        out->status = 403;
        snprintf(out->sentence, sizeof(out->sentence), "'%s' is %s, which does not suffice %s",
                 guest.name, auth_role_name(guest.role), auth_role_right_name(right));
        return false;
    }
    struct auth_guest *copy = mem_alloc(sizeof(*copy));
    if (copy == NULL)
        return refuse(out, 503, "memory is short");
    *copy = guest;
    http_request_set_guest(r, copy, mem_free);
    return true;
}
