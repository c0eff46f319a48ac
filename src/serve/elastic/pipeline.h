#ifndef ELASTIC_PIPELINE_H
#define ELASTIC_PIPELINE_H

/*
 * The ingest pipelines that events name: set-ups of shippers put them, and they are kept without
 * being carried out (decision 0109). One that nobody put is refused, as Elasticsearch does it.
 *
 * Ownership: names are borrowed as long as the table lives.
 * Threads:   one owner.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct store_state;

/* The modules of a shipper name a handful in turn. */
#define ELASTIC_PIPELINES_SEEN 8

/* Zeroed but for state: those that one request has named. */
struct elastic_pipelines {
    struct store_state *state; /* NULL: nothing was put */
    struct {
        const char *name;
        bool there;
    } seen[ELASTIC_PIPELINES_SEEN];
    size_t n;
};

/* NULL, "" and "_none" name none. ERR_INVALID with Elasticsearch's sentence: it is not there;
 * ERR_MEMORY and those of store_state. */
enum err elastic_pipelines_see(struct elastic_pipelines *p, const char *name,
                               struct err_text *why) ERR_MUST_CHECK;

#endif
