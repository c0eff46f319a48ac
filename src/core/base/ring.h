#ifndef BASE_RING_H
#define BASE_RING_H

/*
 * A bounded queue of pointers between threads.
 *
 * Full means the producer waits (ring_push) or is told so (ring_try_push): memory is bounded by
 * configuration. Closing wakes everybody; what is queued can still be taken.
 *
 * Ownership: items belong to whoever took them last.
 * Threads:   any number of producers and consumers.
 */

#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>

struct ring;

struct ring *ring_new(size_t capacity); /* NULL when memory is short */
void ring_free(struct ring *r);         /* NULL is fine; must be empty of waiters */

bool ring_push(struct ring *r, void *item); /* false: closed, the item was not taken */
bool ring_try_push(struct ring *r, void *item);
void *ring_pop(struct ring *r); /* waits; NULL when closed and empty */
/* Waits at most timeout_ns (0: not at all); NULL when nothing came. */
void *ring_pop_wait(struct ring *r, ts_ns timeout_ns);
void ring_close(struct ring *r);
bool ring_closed(struct ring *r);
size_t ring_count(struct ring *r);

#endif
