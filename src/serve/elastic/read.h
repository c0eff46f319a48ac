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

/*
 * Adds each document to the load; those that cannot be taken as items that fail. index is where
 * actions go that name none; NULL: they must. now: for dates in names. ERR_INVALID with
 * Elasticsearch's sentence when a line of an action is malformed: nothing of the request is to be
 * done then. ERR_MEMORY.
 */
enum err elastic_read_bulk(const char *text, size_t n, const char *index, ts_ns now,
                           struct elastic_load *load, struct arena *arena,
                           struct err_text *why) ERR_MUST_CHECK;

#endif
