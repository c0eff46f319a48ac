/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* asprintf */
#include "serve/api/fake_http.h"

#include "store/store/store_dir.h"

#include "auth/account.h"
#include "base/mem.h"
#include "event/event.h"
#include "event/json.h"
#include "store/state.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *find(const struct fake_pair *pairs, const char *name)
{
    for (size_t i = 0; i < FAKE_MOST && pairs[i].name != NULL; i++)
        if (strcasecmp(pairs[i].name, name) == 0)
            return pairs[i].value;
    return NULL;
}

const struct http_route *http_request_route(const struct http_request *r)
{
    return r->route;
}

const char *http_request_method(const struct http_request *r)
{
    return r->method;
}

const char *http_request_path(const struct http_request *r)
{
    return r->path;
}

const char *http_request_part(const struct http_request *r, const char *name)
{
    const char *part = find(r->parts, name);
    assert_non_null(part);
    return part;
}

const char *http_request_param(const struct http_request *r, const char *name)
{
    return find(r->params, name);
}

bool http_request_param_at(const struct http_request *r, size_t i, const char **out_name,
                           const char **out_value)
{
    if (i >= FAKE_MOST || r->params[i].name == NULL)
        return false;
    *out_name = r->params[i].name;
    *out_value = r->params[i].value;
    return true;
}

const char *http_request_header(const struct http_request *r, const char *name)
{
    return find(r->headers, name);
}

const char *http_request_cookie(const struct http_request *r, const char *name)
{
    return find(r->cookies, name);
}

struct bytes http_request_body(const struct http_request *r)
{
    const char *body = r->body != NULL ? r->body : "";
    return (struct bytes){(const uint8_t *)body, strlen(body)};
}

struct ip http_request_peer(const struct http_request *r)
{
    (void)r;
    return ip_from_v4((const uint8_t[4]){127, 0, 0, 1});
}

bool http_request_is_secure(const struct http_request *r)
{
    (void)r;
    return false;
}

/* Some tests call what handlers share, without a request. */
bool http_request_is_gone(struct http_request *r)
{
    return r != NULL && r->gone;
}

void http_request_set_user(struct http_request *r, const char *user)
{
    snprintf(r->user, sizeof(r->user), "%s", user);
}

void http_request_set_guest(struct http_request *r, void *guest, void (*free_fn)(void *guest))
{
    r->guest = guest;
    r->free_guest = free_fn;
}

void *http_request_guest(const struct http_request *r)
{
    return r->guest;
}

void http_answer_set_status(struct http_answer *a, unsigned status)
{
    a->status = status;
}

void http_answer_set_header(struct http_answer *a, const char *name, const char *value)
{
    size_t i = 0;
    while (i < a->headers_n && strcasecmp(a->headers[i][0], name) != 0)
        i++;
    assert_true(i < sizeof(a->headers) / sizeof(a->headers[0]));
    a->headers_n += i == a->headers_n;
    snprintf(a->headers[i][0], sizeof(a->headers[i][0]), "%s", name);
    snprintf(a->headers[i][1], sizeof(a->headers[i][1]), "%s", value);
}

struct buf *http_answer_body(struct http_answer *a)
{
    return &a->body;
}

void http_answer_set_stream(struct http_answer *a, struct http_stream *stream, uint64_t after)
{
    a->stream = stream;
    a->after = after;
}

static enum err act(void *ctx, const char *request, size_t n, bool (*gone)(void *gone_ctx),
                    void *gone_ctx, struct buf *out, struct err_text *why)
{
    struct fake_world *w = ctx;
    assert_false(gone(gone_ctx));
    buf_add(&w->acted, request, n);
    buf_char(&w->acted, '\n');
    if (w->fails != ERR_NONE)
        return err_set(why, w->fails, "it did not work");
    if (w->acts != NULL)
        w->acts(w, request, n);
    if (w->says != NULL)
        buf_str(out, w->says);
    return ERR_NONE;
}

/* Of a name as the test has it. */
static void say_name(const struct fake_world *w, struct store_name *name, uint64_t *sequence)
{
    name->state =
        w->name_state == STORE_NAME_SAME && name->create ? STORE_NAME_TAKEN : w->name_state;
    name->version = w->name_state == STORE_NAME_FREE ? 1 : 3;
    name->sequence = store_name_is_there(name) ? 77 : *sequence;
    if (store_name_is_there(name))
        *sequence = 0;
}

/* A text stands for each event; one that has no room is of sequence 0. */
static enum err take(void *ctx, struct api_events *events, struct err_text *why)
{
    struct fake_world *w = ctx;
    bool fails = w->take_fails != ERR_NONE && w->takes++ >= w->takes_most;
    for (size_t i = 0; !fails && i < events->n; i++) {
        event_json_write(&events->events[i], &w->taken);
        buf_char(&w->taken, '\n');
        events->sequences[i] = ++w->sequence;
        if (events->names != NULL && event_has(&events->events[i], EVENT_F_WEIR_ID))
            say_name(w, &events->names[i], &events->sequences[i]);
    }
    events->source = 7;
    arena_release(events->arena);
    return fails ? err_set(why, w->take_fails, "not now") : ERR_NONE;
}

static void measure(void *ctx, struct buf *out)
{
    (void)ctx;
    buf_str(out, "weir_up 1\n");
}

static bool healthy(void *ctx, struct err_text *why)
{
    const struct fake_world *w = ctx;
    if (w->ill)
        err_set(why, ERR_FULL, "the disk is full");
    return !w->ill;
}

static ts_ns now(void)
{
    return FAKE_NOW;
}

static void make(struct fake_world *w, const struct api_row *const *tables, size_t n)
{
    struct err_text why;
    assert_int_equal(store_state_open(w->dir, &w->state, &why), ERR_NONE);
    assert_int_equal(auth_guard_new(w->state, &w->guard, &why), ERR_NONE);
    const struct api_options options = {
        .ports = {.ctx = w,
                  .state = w->state,
                  .guard = w->guard,
                  .now = now,
                  .act = act,
                  .take = take,
                  .store = w->store,
                  .find = w->find,
                  .measure = measure,
                  .healthy = healthy},
        .tables = tables,
        .tables_n = n,
    };
    assert_int_equal(api_new(&options, &w->api, &why), ERR_NONE);
}

void fake_open(struct fake_world *w, const struct api_row *const *tables, size_t n)
{
    *w = (struct fake_world){.dir = help_mkdir()};
    make(w, tables, n);
}

void fake_open_store(struct fake_world *w, const struct api_row *const *tables, size_t n)
{
    struct err_text why;
    const struct store_options options = {.no_worker = true};
    *w = (struct fake_world){.dir = help_mkdir()};
    assert_int_equal(store_open(w->dir, &options, &w->store, &why), ERR_NONE);
    make(w, tables, n);
}

void fake_open_find(struct fake_world *w, const struct api_row *const *tables, size_t n,
                    struct find *find)
{
    *w = (struct fake_world){.dir = help_mkdir(), .find = find};
    make(w, tables, n);
}

void fake_close(struct fake_world *w)
{
    api_free(w->api);
    auth_guard_free(w->guard);
    store_state_close(w->state);
    store_close(w->store);
    buf_release(&w->acted);
    buf_release(&w->taken);
    help_rmdir(w->dir);
}

const struct http_route *fake_route(const struct fake_world *w, const char *method,
                                    const char *path)
{
    size_t n;
    const struct http_route *routes = api_routes(w->api, &n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(routes[i].method, method) == 0 && strcmp(routes[i].path, path) == 0)
            return &routes[i];
    fail_msg("there is no route %s %s", method, path);
    return NULL;
}

void fake_ask(struct fake_world *w, struct http_request *r, struct http_answer *a)
{
    memset(a, 0, sizeof(*a));
    a->status = 200;
    if ((r->guest != NULL || api_admit(w->api, r->route, r, a)) && r->route != NULL)
        r->route->handle(w->api, r, a);
    api_finish(w->api, r, a);
}

const char *fake_header(const struct http_answer *a, const char *name)
{
    for (size_t i = 0; i < a->headers_n; i++)
        if (strcasecmp(a->headers[i][0], name) == 0)
            return a->headers[i][1];
    return NULL;
}

void fake_release(struct http_request *r, struct http_answer *a)
{
    if (r->free_guest != NULL)
        r->free_guest(r->guest);
    buf_release(&a->body);
}

const char *fake_get(struct fake_world *w, struct http_answer *a, const char *path,
                     enum auth_role role, unsigned status)
{
    struct auth_guest guest = {.means = AUTH_GUARD_KEY, .role = role, .name = "test"};
    struct http_request r = {
        .method = "GET", .path = path, .route = fake_route(w, "GET", path), .guest = &guest};
    fake_ask(w, &r, a);
    assert_int_equal(a->status, status);
    return buf_text(&a->body);
}
