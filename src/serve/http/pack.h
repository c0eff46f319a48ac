#ifndef HTTP_PACK_H
#define HTTP_PACK_H

/*
 * gzip and deflate (RFC 1950, 1952) of bodies: unpacking as bytes come, packing of whole answers.
 *
 * Ownership: http_unpack_new() makes, http_unpack_free() frees.
 * Threads:   one owner each.
 */

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct http_unpack;

enum http_unpack_verdict {
    HTTP_UNPACK_MORE, /* everything given was read */
    HTTP_UNPACK_FULL, /* no more room for what comes out */
    HTTP_UNPACK_BAD,  /* no such format, or bytes behind its end */
};

/* Of "gzip", "x-gzip" or "deflate". NULL when memory is short. */
struct http_unpack *http_unpack_new(void);
void http_unpack_free(struct http_unpack *u); /* NULL is fine */
/* Whether a coding of that name can be read. */
bool http_unpack_knows(const char *coding);

/* Reads from *in and writes to out; both move. */
enum http_unpack_verdict http_unpack_feed(struct http_unpack *u, const char **in, size_t *in_n,
                                          char *out, size_t out_max, size_t *out_made);
/* Whether the packed bytes have come to their end. */
bool http_unpack_whole(const struct http_unpack *u);

/* Whether packing is worth it for so many bytes of that type. */
bool http_pack_pays(const char *content_type, size_t n);
/* Adds the bytes packed with gzip. False: memory is short, or they do not get smaller. */
bool http_pack(const void *p, size_t n, struct buf *out);

#endif
