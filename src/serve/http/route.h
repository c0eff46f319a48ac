#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

/*
 * The table of routes as a tree of segments.
 *
 * A request walks down with at most three choices a segment (the literal one, found by bisection;
 * {name}; {name...}) and comes back when the rest does not fit. How routes are written: server.h.
 *
 * Ownership: http_route_compile() makes, http_route_free() frees; the table is borrowed. A match
 *            borrows the segments it was made from.
 * Threads:   a compiled table may be asked by any number at once.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct http_route;
struct http_routes;

#define HTTP_ROUTE_PARTS_MAX 8
#define HTTP_ROUTE_METHODS_MAX 12

struct http_match {
    const struct http_route *route;            /* NULL: none fits */
    const char *values[HTTP_ROUTE_PARTS_MAX];  /* of the parts, from the left */
    size_t rest;                               /* where {name...} begins; SIZE_MAX: it has none */
    const char *allow[HTTP_ROUTE_METHODS_MAX]; /* methods of all routes with such a path */
    size_t allow_n;                            /* 0: there is no such path */
};

/* ERR_INVALID: a path or a method that is none, the same route twice; ERR_MEMORY. */
enum err http_route_compile(const struct http_route *routes, size_t n, struct http_routes **out,
                            struct err_text *why) ERR_MUST_CHECK;
void http_route_free(struct http_routes *t); /* NULL is fine */

/* HEAD finds GET's route when there is none of its own. */
void http_route_find(const struct http_routes *t, const char *method, const char *const *segments,
                     size_t n, struct http_match *out);
/* Which part of the route, from the left, has that name; SIZE_MAX: none. */
size_t http_route_part(const struct http_route *route, const char *name);

#endif
