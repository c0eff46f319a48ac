#ifndef ELASTIC_LOAD_H
#define ELASTIC_LOAD_H

/*
 * Documents of one request as events, gathered in portions that the pipeline takes one by one, and
 * what became of each.
 *
 * A document without @timestamp gets the time of its arrival. What is no JSON, or has a time that
 * cannot be read, fails alone.
 *
 * Ownership: elastic_load_free(); texts given to it are borrowed until then.
 * Threads:   one owner.
 */

#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of memory that the events of one request may take: many times those of its body, when they
 * are short. */
#define ELASTIC_LOAD_MOST ((size_t)256 << 20)

struct api_ports;
struct elastic_load;

/* One document of the request, in the order it was given. */
struct elastic_load_item {
    const char *action; /* "create" or "index", or what else was asked and failed */
    const char *index;  /* as given */
    size_t index_n;
    const char *id; /* as given; NULL: none */
    size_t id_n;
    unsigned status;  /* 201, 200 when it was there or replaces another, or of the failure */
    const char *type; /* of the failure in Elasticsearch's words; NULL: it is there */
    const char *reason;
    ts_ns time;      /* of the event */
    uint32_t source; /* with sequence: what its lasting name is made of */
    uint64_t sequence;
    uint32_t version; /* 1, or how many events have had its id */
};

struct elastic_load *elastic_load_new(ts_ns now); /* NULL when memory is short */
void elastic_load_free(struct elastic_load *l);   /* NULL is fine */

/*
 * Adds a document. A NUL of the caller's follows it, and 64 bytes can be read after it when padded
 * is set. ERR_MEMORY; ERR_LIMIT: beyond ELASTIC_LOAD_MOST; all else is told in the item.
 */
enum err elastic_load_add(struct elastic_load *l, const struct elastic_load_item *target,
                          const char *text, size_t n, bool padded,
                          struct err_text *why) ERR_MUST_CHECK;
/* Adds an item that fails without a document being looked at. Copies reason. Fails as _add(). */
enum err elastic_load_refuse(struct elastic_load *l, const struct elastic_load_item *target,
                             unsigned status, const char *type, const char *reason,
                             struct err_text *why) ERR_MUST_CHECK;

/* Hands all events over and waits until they are on disk. When that fails in the middle, the items
 * that were not taken have failed, with status 429 or 503, and ERR_NONE is returned; when nothing
 * was taken, what api_ports.take said. */
enum err elastic_load_send(struct elastic_load *l, const struct api_ports *ports,
                           struct err_text *why) ERR_MUST_CHECK;

size_t elastic_load_count(const struct elastic_load *l);
const struct elastic_load_item *elastic_load_item(const struct elastic_load *l, size_t i);

#endif
