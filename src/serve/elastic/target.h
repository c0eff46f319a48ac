#ifndef ELASTIC_TARGET_H
#define ELASTIC_TARGET_H

/*
 * Where an event is sent to, and by what name: an index name of Elasticsearch's becomes
 * data_stream.* or weir.index, an id becomes weir.id (docs/decisions/0092).
 *
 * Threads: any.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct event;

#define ELASTIC_TARGET_INDEX_MOST 255 /* bytes, as Elasticsearch has it */
#define ELASTIC_TARGET_ID_MOST 512

/* ERR_INVALID with Elasticsearch's sentence when it cannot be the name of an index. */
enum err elastic_target_check(const char *index, size_t n, struct err_text *why) ERR_MUST_CHECK;

/* Whether one of the patterns, which commas join and '*' leaves open, is the name. */
bool elastic_target_fits(const char *patterns, const char *name);

/* Marks the event as sent to that index, under that id (NULL: none), whatever the document says of
 * the marks themselves. Copies both. */
void elastic_target_mark(struct event *e, const char *index, size_t index_n, const char *id,
                         size_t id_n);

#endif
