#ifndef HTTP_TEXT_H
#define HTTP_TEXT_H

/*
 * The small texts of a request: target, query, cookies, header values. All of them are foreign.
 *
 * Nothing is repaired: a path that could be read in two ways is refused. RFC 3986 (escapes), RFC
 * 9110 (tokens, qualities, entity tags), RFC 6265 (cookies).
 *
 * Ownership: what is decoded lies in the arena given.
 * Threads:   any.
 */

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define HTTP_TEXT_SEGMENTS_MAX 64
#define HTTP_TEXT_PARAMS_MAX 256

struct http_path {
    const char *text;            /* decoded whole */
    const char *const *segments; /* decoded one by one; of "/" there is one, "" */
    size_t segments_n;
};

struct http_param {
    const char *name;
    const char *value;
};

struct http_params {
    const struct http_param *list;
    size_t n;
};

struct http_target {
    struct http_path path;
    struct http_params params;
};

/*
 * Reads what stands between method and version: "/a/b?c=d", or the same behind a scheme and a
 * host. ERR_INVALID with a sentence: an escape that is none, NUL, control characters, bytes that
 * are no UTF-8, an empty segment that is not the last, "." and ".."; ERR_LIMIT: too many segments
 * or parameters; ERR_MEMORY.
 */
enum err http_text_target(struct arena *arena, const char *s, size_t n, struct http_target *out,
                          const char **out_sentence) ERR_MUST_CHECK;

/* The value of a cookie in the text of a Cookie header; false when it has none of that name. */
bool http_text_cookie(const char *header, const char *name, struct bytes *out);

/* How much a coding is wanted by an Accept-Encoding header, in thousandths; 0: not at all. */
unsigned http_text_quality(const char *header, const char *coding);

/* Whether an If-None-Match header names the tag, compared weakly. */
bool http_text_tag_matches(const char *header, const char *tag);

/* A method, a header's name. */
bool http_text_is_token(const char *s);
/* A header's value: no control characters but tabs. */
bool http_text_is_value(const char *s);

/* A length as Content-Length has it: digits only. */
bool http_text_length(const char *s, uint64_t *out);

/* Adds at most max bytes of s, what is not printable ASCII as \xhh. */
void http_text_escape(const char *s, size_t max, struct buf *out);

#endif
