/* SPDX-License-Identifier: Apache-2.0 */
#include "trans/pending.h"

#include "base/assert.h"
#include "base/mem.h"

#define NONE UINT32_MAX
#define CHUNK_BITS 8 /* entries are made 256 at a time */
#define CHUNK (1u << CHUNK_BITS)
#define BUCKETS_FIRST 256u

struct entry {
    struct trans_waiting w; /* first: a pointer to it is one to the entry */
    uint32_t index;
    uint32_t hash;
    uint32_t chain;        /* next in the bucket, or next free */
    uint32_t older, newer; /* in order of deadlines */
};

struct trans_pending {
    struct hash_key seed;
    uint32_t max;
    uint32_t made;
    uint32_t count;
    uint32_t free;
    uint32_t oldest, newest;
    uint32_t mask;
    uint32_t *buckets;
    struct entry **chunks;
};

static struct entry *at(const struct trans_pending *p, uint32_t index)
{
    return &p->chunks[index >> CHUNK_BITS][index & (CHUNK - 1)];
}

static uint32_t chunk_max(uint32_t max)
{
    return (max + CHUNK - 1) / CHUNK;
}

struct trans_pending *trans_pending_new(struct hash_key seed, uint32_t max)
{
    struct trans_pending *p = mem_zero(1, sizeof(*p));
    if (p == NULL)
        return NULL;
    p->seed = seed;
    p->max = max;
    p->mask = BUCKETS_FIRST - 1;
    p->free = p->oldest = p->newest = NONE;
    p->buckets = mem_zero(BUCKETS_FIRST, sizeof(*p->buckets)); /* index + 1 */
    p->chunks = mem_zero(chunk_max(max), sizeof(struct entry *));
    if (p->buckets == NULL || p->chunks == NULL) {
        trans_pending_free(p);
        return NULL;
    }
    return p;
}

void trans_pending_free(struct trans_pending *p)
{
    if (p == NULL)
        return;
    for (uint32_t i = 0; p->chunks != NULL && i < chunk_max(p->max); i++)
        mem_free(p->chunks[i]);
    mem_free(p->chunks);
    mem_free(p->buckets);
    mem_free(p);
}

static uint32_t hash_of(const struct trans_pending *p, uint64_t serial, uint16_t id,
                        enum flow_side side)
{
    uint64_t key = serial << 17 | (uint64_t)id << 1 | (uint64_t)side;
    return (uint32_t)hash_bytes(p->seed, &key, sizeof(key));
}

/* More buckets than entries, as few as do: a small table stays in the cache. */
static void grow(struct trans_pending *p)
{
    uint32_t n = p->mask + 1;
    if (p->count < n)
        return;
    uint32_t *bigger = mem_zero((size_t)n * 2, sizeof(*bigger));
    if (bigger == NULL)
        return; /* longer chains do as well */
    mem_free(p->buckets);
    p->buckets = bigger;
    p->mask = n * 2 - 1;
    for (uint32_t i = p->oldest; i != NONE; i = at(p, i)->newer) {
        struct entry *e = at(p, i);
        e->chain = bigger[e->hash & p->mask];
        bigger[e->hash & p->mask] = i + 1;
    }
}

struct trans_waiting *trans_pending_find(struct trans_pending *p, uint64_t serial, uint16_t id,
                                         enum flow_side side)
{
    if (p->count == 0)
        return NULL;
    uint32_t i = p->buckets[hash_of(p, serial, id, side) & p->mask];
    while (i != 0) {
        struct entry *e = at(p, i - 1);
        if (e->w.serial == serial && e->w.id == id && e->w.side == side)
            return &e->w;
        i = e->chain;
    }
    return NULL;
}

static struct entry *take(struct trans_pending *p)
{
    if (p->free != NONE) {
        struct entry *e = at(p, p->free);
        p->free = e->chain;
        return e;
    }
    if (p->made == p->max)
        return NULL;
    struct entry **chunk = &p->chunks[p->made >> CHUNK_BITS];
    if (*chunk == NULL)
        *chunk = mem_alloc(CHUNK * sizeof(struct entry));
    if (*chunk == NULL)
        return NULL;
    struct entry *e = at(p, p->made);
    e->index = p->made++;
    return e;
}

struct trans_waiting *trans_pending_add(struct trans_pending *p, uint64_t serial, uint16_t id,
                                        enum flow_side side, ts_ns deadline)
{
    struct entry *e = take(p);
    if (e == NULL)
        return NULL;
    e->w.serial = serial;
    e->w.id = id;
    e->w.side = (uint8_t)side;
    e->w.deadline = deadline;
    grow(p);
    e->hash = hash_of(p, serial, id, side);
    e->chain = p->buckets[e->hash & p->mask];
    p->buckets[e->hash & p->mask] = e->index + 1;
    e->newer = NONE;
    e->older = p->newest;
    if (p->newest != NONE) {
        struct entry *last = at(p, p->newest);
        last->newer = e->index;
        if (e->w.deadline < last->w.deadline)
            e->w.deadline = last->w.deadline;
    } else {
        p->oldest = e->index;
    }
    p->newest = e->index;
    p->count++;
    return &e->w;
}

void trans_pending_remove(struct trans_pending *p, struct trans_waiting *w)
{
    struct entry *e = (struct entry *)w;
    uint32_t *link = &p->buckets[e->hash & p->mask];
    while (*link != e->index + 1) {
        ASSERT(*link != 0);
        link = &at(p, *link - 1)->chain;
    }
    *link = e->chain;
    if (e->older != NONE)
        at(p, e->older)->newer = e->newer;
    else
        p->oldest = e->newer;
    if (e->newer != NONE)
        at(p, e->newer)->older = e->older;
    else
        p->newest = e->older;
    e->chain = p->free;
    p->free = e->index;
    p->count--;
}

struct trans_waiting *trans_pending_oldest(struct trans_pending *p)
{
    return p->oldest != NONE ? &at(p, p->oldest)->w : NULL;
}

size_t trans_pending_count(const struct trans_pending *p)
{
    return p->count;
}

size_t trans_pending_bytes(const struct trans_pending *p)
{
    return sizeof(*p) + ((size_t)p->mask + 1) * sizeof(*p->buckets) +
           chunk_max(p->max) * sizeof(struct entry *) +
           (size_t)chunk_max(p->made) * CHUNK * sizeof(struct entry);
}
