#ifndef INGEST_SORT_H
#define INGEST_SORT_H

/*
 * Events of files at rest in exact time order, in bounded memory.
 *
 * Events are added in any order and come out by (time, source, sequence). What does not fit the
 * memory limit is sorted and written to temporary files that have no name, and merged at the end.
 * Events that come in order already are not sorted again.
 *
 * Method: external merge sort with a heap over the runs; docs/method/sort.md.
 *
 * Ownership: ingest_sort_new() makes it; events that come out are borrowed until the sink returns.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "event/sink.h"

#include <stddef.h>
#include <stdint.h>

struct ingest_sort;

#define INGEST_SORT_MEMORY ((size_t)256 << 20)

/*
 * memory 0 means INGEST_SORT_MEMORY; at least 64 KiB are used. dir is where temporary files go,
 * NULL means $TMPDIR or /tmp. NULL when memory is short.
 */
struct ingest_sort *ingest_sort_new(size_t memory, const char *dir);
void ingest_sort_free(struct ingest_sort *s); /* NULL is fine */

/* Copies the event. ERR_IO, ERR_FULL (errno says more) when a temporary file fails; ERR_MEMORY. */
enum err ingest_sort_add(struct ingest_sort *s, const struct event *e) ERR_MUST_CHECK;

/*
 * The events so far, in order; nothing can be added afterwards. ERR_IO, ERR_MEMORY; ERR_FORMAT when
 * a temporary file was damaged.
 */
enum err ingest_sort_drain(struct ingest_sort *s, event_sink_fn sink, void *ctx) ERR_MUST_CHECK;

uint64_t ingest_sort_count(const struct ingest_sort *s);
/* Temporary files written so far, and the bytes in them. */
unsigned ingest_sort_runs(const struct ingest_sort *s, uint64_t *out_bytes);

#endif
