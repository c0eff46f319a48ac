#ifndef HTTP_CERTIFICATE_H
#define HTTP_CERTIFICATE_H

/*
 * A certificate of one's own: an EC key (P-256) and a self-signed X.509 certificate for it, with
 * the names and addresses given as subjectAltName, as PEM texts.
 *
 * Threads: any.
 */

#include "base/buf.h"
#include "base/err.h"
#include "base/time.h"

#include <stddef.h>

struct http_certificate_options {
    const char *const *names; /* host names and addresses; at least one */
    size_t names_n;
    ts_ns from;
    ts_ns to;
};

/* Adds PEM texts to both. ERR_INVALID for a name that cannot stand there; ERR_MEMORY, ERR_IO. */
enum err http_certificate_make(const struct http_certificate_options *options,
                               struct buf *out_certificate, struct buf *out_key,
                               struct err_text *why) ERR_MUST_CHECK;
/* Whether both are what a server needs, and belong together. ERR_INVALID, ERR_MEMORY. */
enum err http_certificate_check(const char *certificate, const char *key,
                                struct err_text *why) ERR_MUST_CHECK;
/* When the first certificate of a PEM text ends to be valid. ERR_FORMAT. */
enum err http_certificate_ends(const char *pem, size_t n, ts_ns *out,
                               struct err_text *why) ERR_MUST_CHECK;

#endif
