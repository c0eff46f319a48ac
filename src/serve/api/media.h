#ifndef API_MEDIA_H
#define API_MEDIA_H

/*
 * The dress of an answer: its media type, and the shape that pretty and filter_path ask for.
 *
 * Threads: any.
 */

#include "api/row.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct http_request;

/* "application/json", or Elasticsearch's own where the client accepts it. */
const char *api_media_type(const struct http_request *r, enum api_form form);

/*
 * Whether the media type of a body is one that is read: none, JSON, newline-delimited JSON,
 * Elasticsearch's own forms of them in whatever version, uploaded files, and what programs say that
 * were told nothing (plain text, a form). A type is no proof of anything: pages of other sites can
 * send the last three.
 */
bool api_media_reads(const char *content_type);

/* A name fits a pattern of n bytes, in which '*' is any text and nothing else is special. */
bool api_media_name_fits(const char *pattern, size_t pattern_n, const char *name, size_t n);

/*
 * Rewrites a JSON answer where the request has filter_path (paths joined by commas, "*" one
 * name, "**" any number, "-" before one leaves it out) or pretty (line breaks, two spaces a level).
 */
enum err api_media_shape(const struct http_request *r, struct buf *body,
                         struct err_text *why) ERR_MUST_CHECK;

#endif
