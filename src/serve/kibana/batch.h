#ifndef KIBANA_BATCH_H
#define KIBANA_BATCH_H

/*
 * Many objects put at once: in requests of up to 1,000, each of which the daemon carries out in one
 * transaction and takes up in one go. One that is refused does not hold back the others.
 *
 * Ownership: kibana_batch_release().
 * Threads:   one owner.
 */

#include "base/buf.h"
#include "base/err.h"
#include "format/write.h"

#include <stdbool.h>
#include <stddef.h>

struct api_call;

/* What became of the object that was added as the i-th, from 0: ERR_NONE, or why not. */
typedef void (*kibana_batch_fn)(void *ctx, size_t i, enum err err, const char *message);

struct kibana_batch {
    struct api_call *call;
    const char *command, *verb;
    kibana_batch_fn fn;
    void *ctx;
    struct buf request;
    struct format_writer w;
    size_t sent, n; /* objects of earlier requests, and of this one */
};

void kibana_batch_init(struct kibana_batch *b, struct api_call *call, const char *command,
                       const char *verb, kibana_batch_fn fn, void *ctx);
void kibana_batch_release(struct kibana_batch *b);

/* What an object is put with, besides its text. */
struct kibana_batch_terms {
    bool fresh;          /* there must be none of its name */
    int64_t revision;    /* of the rule that it replaces; -1: any */
    const char *version; /* of the exception that it replaces; NULL: any */
};

/* Adds an object of JSON; may send those before it. A failure is the server's, not an object's. */
enum err kibana_batch_add(struct kibana_batch *b, const char *json, size_t n,
                          const struct kibana_batch_terms *terms,
                          struct err_text *why) ERR_MUST_CHECK;
/* Sends the rest. */
enum err kibana_batch_end(struct kibana_batch *b, struct err_text *why) ERR_MUST_CHECK;

#endif
