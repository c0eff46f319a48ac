#ifndef INGEST_PACK_H
#define INGEST_PACK_H

/*
 * An event as bytes and back, compactly, for temporary files of this process: fields of the table
 * go by their number, which holds for one build only.
 *
 * Threads: any.
 */

#include "base/arena.h"
#include "base/bytes.h"

#include <stdbool.h>

struct buf;
struct event;

/* Appends the event; failure is the buffer's. */
void ingest_pack_put(struct buf *out, const struct event *e);

/*
 * Reads an event, in the arena; its strings are views of the bytes. False when the bytes are none
 * or memory was short.
 */
bool ingest_pack_get(struct bytes from, struct arena *arena, struct event *out);

#endif
