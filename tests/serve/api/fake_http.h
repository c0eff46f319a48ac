#ifndef TESTS_API_FAKE_HTTP_H
#define TESTS_API_FAKE_HTTP_H

/*
 * Requests and answers without a server: what http/request.h promises, from plain texts. Link
 * fake_http.c before the library http.
 */

#include "api/api.h"
#include "auth/guard.h"
#include "base/buf.h"
#include "http/request.h"
#include "http/server.h"

#include <stdbool.h>

#define FAKE_MOST 16
#define FAKE_NOW ((ts_ns)1700000000 * TIME_S)

struct fake_pair {
    const char *name, *value;
};

/* Both ends of one exchange. */
struct http_request {
    const char *method, *path, *body;
    struct fake_pair parts[FAKE_MOST], params[FAKE_MOST], headers[FAKE_MOST], cookies[FAKE_MOST];
    const struct http_route *route;
    char user[80];
    bool gone; /* the client is */
    void *guest;
    void (*free_guest)(void *guest);
};

struct http_answer {
    unsigned status;
    struct buf body;
    char headers[24][2][400];
    size_t headers_n;
    struct http_stream *stream;
    uint64_t after;
};

/* A world with an api in it: a state, a guard, and ports that remember what they were told. */
struct fake_world {
    char *dir;
    struct store_state *state;
    struct auth_guard *guard;
    struct api *api;
    struct buf acted; /* requests of api_ports.act, a line each */
    const char *says; /* what act prints */
    enum err fails;   /* what act returns */
    void (*acts)(struct fake_world *w, const char *request, size_t n); /* or NULL */
    bool ill;
    struct store *store; /* with fake_open_store() */
    struct find *find;   /* the test's */
    struct buf taken;    /* events of api_ports.take, a line of JSON each */
    uint64_t sequence;
    uint8_t name_state; /* what is said of names (enum store_name_state) */
    unsigned takes;
    unsigned takes_most; /* how often take works; 0: always */
    enum err take_fails; /* what it returns then */
};

void fake_open(struct fake_world *w, const struct api_row *const *tables, size_t n);
/* With a store in it, too. */
void fake_open_store(struct fake_world *w, const struct api_row *const *tables, size_t n);
/* With a store and searches in it that stay the test's. */
void fake_open_find(struct fake_world *w, const struct api_row *const *tables, size_t n,
                    struct find *find);
void fake_close(struct fake_world *w);

/* The row with that method and path; fails the test when there is none. */
const struct http_route *fake_route(const struct fake_world *w, const char *method,
                                    const char *path);

/* As the server does it: admit, then the row, then finish. */
void fake_ask(struct fake_world *w, struct http_request *r, struct http_answer *a);
const char *fake_header(const struct http_answer *a, const char *name); /* NULL: not there */
void fake_release(struct http_request *r, struct http_answer *a);

/* Shorter: a request by a guest that needs no password; checks the status, gives the body. */
const char *fake_get(struct fake_world *w, struct http_answer *a, const char *path,
                     enum auth_role role, unsigned status);

#endif
