#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

/*
 * One request as it came, and the answer to it.
 *
 * A handler gets both, in a thread of the pool. The path and the parameters are percent-decoded
 * and valid UTF-8; what is not was refused with 400 before. A path is cut at its slashes before it
 * is decoded, so that a part may hold a slash that was sent as %2F. A body is whole and unpacked.
 *
 * Ownership: all texts are views that live until the handler returns; what is given to an answer is
 *            copied or taken as its function says.
 * Threads:   the handler's.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/ip.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_request;
struct http_answer;
struct http_route;
struct http_stream;

/* The route that was found; NULL before one was, or when none fits. */
const struct http_route *http_request_route(const struct http_request *r);
const char *http_request_method(const struct http_request *r); /* "GET"; HEAD asks as GET */
const char *http_request_path(const struct http_request *r);   /* decoded, begins with '/' */
/* The part of the path that the route calls {name}; ASSERT that it has one of that name. Of
 * {name...} it is the rest, its segments joined by '/'. */
const char *http_request_part(const struct http_request *r, const char *name);
/* The first value of a query parameter: "" when it has none, NULL when it was not given. */
const char *http_request_param(const struct http_request *r, const char *name);
/* The i-th parameter in the order given; false: there are no more. */
bool http_request_param_at(const struct http_request *r, size_t i, const char **out_name,
                           const char **out_value);
/* A header by name, whatever its case; NULL when it was not given. */
const char *http_request_header(const struct http_request *r, const char *name);
/* A cookie of that name; NULL when it was not given. */
const char *http_request_cookie(const struct http_request *r, const char *name);
struct bytes http_request_body(const struct http_request *r); /* during admit(): empty */
struct ip http_request_peer(const struct http_request *r);
bool http_request_is_secure(const struct http_request *r); /* came through TLS */
/* Nobody waits for the answer any more, the server stops and its grace is over, or it takes too
 * long, and what the handler answers will not be sent: asked by long work now and then. A client
 * that only closed its sending side counts as gone. */
bool http_request_is_gone(struct http_request *r);
/* For the access log: who asks, as far as is known; copied. */
void http_request_set_user(struct http_request *r, const char *user);
/* What admit() found out, for the handler; freed with free_fn (NULL: not) when the request ends. */
void http_request_set_guest(struct http_request *r, void *guest, void (*free_fn)(void *guest));
void *http_request_guest(const struct http_request *r);

void http_answer_set_status(struct http_answer *a, unsigned status); /* 200 unless told */
/* Replaces one of that name; several Set-Cookie are kept. Values with control characters are a bug,
 * and so are Content-Length and Transfer-Encoding: they are the server's. */
void http_answer_set_header(struct http_answer *a, const char *name, const char *value);
/* The body, to be written into; its failure (memory) becomes 503. It is packed with gzip where the
 * client takes it and it pays, unless the answer has a Content-Encoding of its own. An ETag given
 * as a header makes 304 of 200 where it fits. */
struct buf *http_answer_body(struct http_answer *a);
/* Constant bytes of the program instead of a body; etag (with its quotes) may be NULL. */
void http_answer_set_static(struct http_answer *a, const void *p, size_t n, const char *etag);
/* The answer is a live stream, after the event of that number (0: from now). To HEAD it is empty.
 */
void http_answer_set_stream(struct http_answer *a, struct http_stream *stream, uint64_t after);

#endif
