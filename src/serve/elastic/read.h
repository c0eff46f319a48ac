#ifndef ELASTIC_READ_H
#define ELASTIC_READ_H

/*
 * The body of a bulk request: lines of actions, each but delete followed by a document.
 *
 * Ownership: items of the load point into the text and the arena, which must live as long.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/time.h"

#include <stddef.h>

struct arena;
struct elastic_load;
struct elastic_pipelines;

/* What the request says of all its actions. */
struct elastic_read {
    const char *index;                   /* where those go that name none; NULL: they must */
    const char *pipeline;                /* of those that name none; or NULL */
    struct elastic_pipelines *pipelines; /* which there are */
    ts_ns now;                           /* for dates in names */
};

/*
 * Adds each document to the load; those that cannot be taken as items that fail. ERR_INVALID with
 * Elasticsearch's sentence when a line of an action is malformed: nothing of the request is to be
 * done then. ERR_MEMORY and those of elastic_pipelines_see().
 */
enum err elastic_read_bulk(const char *text, size_t n, const struct elastic_read *what,
                           struct elastic_load *load, struct arena *arena,
                           struct err_text *why) ERR_MUST_CHECK;

#endif
