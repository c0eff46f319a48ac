#ifndef INGEST_ZEEK_JSON_H
#define INGEST_ZEEK_JSON_H

/*
 * Zeek's JSON logs, whoever shipped them: columns as id.orig_h, id_orig_h, or nested in "id"; the
 * log's name in _path, @stream or @path, or from the file's name; the time a number or text; and
 * records wrapped as {"zeek":{"conn":{…}}}.
 *
 * Ownership: the mapper and the reader are borrowed; strings of a row are the reader's.
 * Threads:   one owner.
 */

#include "ingest/zeek.h"

struct event_json;

/* Whether the reader's document looks like a record of Zeek. */
bool ingest_zeek_json_is(const struct event_json *reader);

/*
 * The reader's document as a row. log_hint is the log when the record does not say, or NULL. False
 * when the record is dropped, with the reason and a sentence.
 */
bool ingest_zeek_json_row(struct ingest_zeek *z, const struct event_json *reader,
                          const char *log_hint, struct arena *arena, event_sink_fn sink, void *ctx,
                          enum ingest_drop *out_reason, const char **out_why);

#endif
