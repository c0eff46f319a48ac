#ifndef PRIV_REQUEST_H
#define PRIV_REQUEST_H

/*
 * What the engine may ask of the monitor, as bytes: the closed list has one entry, "open for
 * reading the path with this number of the configuration, or the file of this name in that folder".
 *
 * The monitor has rights that the engine has not, so it takes these bytes for hostile. The form is
 * in docs/method/priv.md.
 *
 * Ownership: values.
 * Threads:   any.
 */

#include "base/bytes.h"
#include "base/err.h"

#include <stdint.h>

struct buf;

#define PRIV_REQUEST_NAME_SIZE 256
#define PRIV_REQUEST_SIZE_MAX 262 /* bytes of the longest */

struct priv_request {
    uint32_t index;                    /* of the path in the configuration */
    char name[PRIV_REQUEST_NAME_SIZE]; /* of a file in it; "": the path itself */
};

/* Appends. ERR_INVALID when the name is none of a file in a folder ("a/b", ".."); ERR_MEMORY. */
enum err priv_request_write(const struct priv_request *r, struct buf *out) ERR_MUST_CHECK;
/* ERR_FORMAT when the bytes are not exactly one request. */
enum err priv_request_read(struct bytes b, struct priv_request *out) ERR_MUST_CHECK;

#endif
