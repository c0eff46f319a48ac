/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/batch.h"

#include "base/assert.h"
#include "base/mem.h"
#include "event/event.h"

struct feed_batch *feed_batch_new(size_t source)
{
    struct feed_batch *b = mem_zero(1, sizeof(*b));
    if (b == NULL)
        return NULL;
    arena_init(&b->arena, 0);
    buf_init(&b->offset);
    b->source = source;
    b->watermark = TIME_NONE;
    return b;
}

void feed_batch_free(struct feed_batch *b)
{
    if (b == NULL)
        return;
    arena_release(&b->arena);
    mem_free(b->names);
    buf_release(&b->offset);
    if (b->cap > 0)
        mem_free(b->events);
    mem_free(b->offset_name);
    mem_free(b);
}

void feed_batch_take(struct feed_batch *b, struct arena *arena, struct event *events, size_t n)
{
    if (b->cap > 0)
        mem_free(b->events);
    arena_release(&b->arena);
    b->arena = *arena;
    arena_init(arena, 0);
    b->events = events; /* in the arena: cap stays 0 */
    b->n = n;
    b->cap = 0;
    for (size_t i = 0; i < n; i++)
        events[i].arena = &b->arena;
}

enum err feed_batch_add(struct feed_batch *b, const struct event *e)
{
    ASSERT(b->cap > 0 || b->n == 0); /* not after events were taken */
    if (mem_grow((void **)&b->events, &b->cap, b->n + 1, sizeof(*b->events)) != 0)
        return ERR_MEMORY;
    event_copy(&b->events[b->n], &b->arena, e);
    if (b->events[b->n].failed)
        return ERR_MEMORY;
    b->n++;
    return ERR_NONE;
}
