#ifndef KIBANA_MULTIPART_H
#define KIBANA_MULTIPART_H

/*
 * Files that are uploaded: the parts of a multipart/form-data body (RFC 7578).
 *
 * A body of another type is the file itself. Parts are separated by the boundary on lines of its
 * own; a part has a head of at most 4 KiB, an empty line, and its content.
 *
 * Threads: any.
 */

#include "base/bytes.h"
#include "base/err.h"

#define KIBANA_FILE_NAME_SIZE 256

struct kibana_file {
    struct bytes content;             /* a view into the body */
    char name[KIBANA_FILE_NAME_SIZE]; /* filename; "" when it has none */
};

/* The part of that name. content_type may be NULL. ERR_INVALID: none, or it is not closed. */
enum err kibana_multipart_find(const char *content_type, struct bytes body, const char *name,
                               struct kibana_file *out, struct err_text *why) ERR_MUST_CHECK;

#endif
