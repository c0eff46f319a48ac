/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/table.h"

#include "base/assert.h"
#include "base/mem.h"

#include <string.h>

/* Slots per chunk: small classes do not pay for what they do not use. */
#define CHUNK_BYTES ((size_t)16 * 1024)
/* Tables shrink when so little of them is in use. */
#define SPARSE 8
#define SLOTS_LEAST 64
/* Bytes of the index for each entity: slots and tags are up to seven eighths full, and both the old
 * and the new ones are there while they grow. */
#define INDEX_COST 18
#define INDEX_BITS 28
#define INDEX_MASK (((uint32_t)1 << INDEX_BITS) - 1)

struct slab {
    size_t size;
    size_t per_chunk;
    unsigned char **chunks;
    size_t n_chunks;
    size_t cap_chunks;
    size_t n;     /* slots handed out so far */
    size_t count; /* in use */
    uint32_t *free;
    size_t n_free;
    size_t cap_free;
};

struct detect_table {
    struct detect_names *names;
    bool values_over;
    struct slab slabs[DETECT_CLASSES];
    uint32_t *slots; /* class << INDEX_BITS | index + 1; 0 free */
    uint8_t *tags;   /* of hashes, one a slot: spares a look at entities that are not meant */
    size_t mask;
    size_t live;
};

static const size_t sizes[DETECT_CLASSES] = {
    sizeof(struct detect_metric),     sizeof(struct detect_population),
    sizeof(struct detect_member),     sizeof(struct detect_pool),
    sizeof(struct detect_rare_value), sizeof(struct detect_scale),
    sizeof(struct detect_clock),      sizeof(struct detect_geo),
    sizeof(struct detect_newcomers)};

struct detect_table *detect_table_new(struct detect_names *names, bool values_over)
{
    struct detect_table *t = mem_zero(1, sizeof(*t));
    if (t == NULL)
        return NULL;
    t->names = names;
    t->values_over = values_over;
    t->mask = SLOTS_LEAST - 1;
    t->slots = mem_zero(t->mask + 1, sizeof(*t->slots));
    t->tags = mem_zero(t->mask + 1, sizeof(*t->tags));
    if (t->slots == NULL || t->tags == NULL) {
        mem_free(t->slots);
        mem_free(t->tags);
        mem_free(t);
        return NULL;
    }
    for (size_t c = 0; c < DETECT_CLASSES; c++) {
        struct slab *s = &t->slabs[c];
        s->size = c == DETECT_CLASS_VALUE && values_over ? sizeof(struct detect_rare_value_over)
                                                         : sizes[c];
        s->per_chunk = CHUNK_BYTES / s->size;
        if (s->per_chunk < 4)
            s->per_chunk = 4;
    }
    return t;
}

static void *slot_at(const struct slab *s, size_t index)
{
    return s->chunks[index / s->per_chunk] + index % s->per_chunk * s->size;
}

static void entity_release(const struct detect_table *t, struct detect_entity *e)
{
    void *whole = e;
    switch ((enum detect_class)e->class) {
    case DETECT_CLASS_METRIC:
        model_series_free(((struct detect_metric *)whole)->series);
        break;
    case DETECT_CLASS_POOL:
        stats_distinct_release(&((struct detect_pool *)whole)->members);
        break;
    case DETECT_CLASS_VALUE:
        if (t->values_over)
            stats_distinct_release(detect_table_value_members(whole));
        break;
    default:
        break;
    }
}

void detect_table_free(struct detect_table *t)
{
    if (t == NULL)
        return;
    for (size_t c = 0; c < DETECT_CLASSES; c++) {
        struct slab *s = &t->slabs[c];
        for (size_t i = 0; i < s->n; i++) {
            struct detect_entity *e = slot_at(s, i);
            if (e->used)
                entity_release(t, e);
        }
        for (size_t i = 0; i < s->n_chunks; i++)
            mem_free(s->chunks[i]);
        mem_free(s->chunks);
        mem_free(s->free);
    }
    mem_free(t->slots);
    mem_free(t->tags);
    mem_free(t);
}

static uint64_t key_hash(unsigned class, uint8_t detector, uint32_t partition, uint32_t over,
                         uint32_t by)
{
    return hash_mix(((uint64_t)partition << 32 | over) ^
                    hash_mix((uint64_t)by << 16 | (uint64_t) class << 8 | detector));
}

static uint64_t entity_hash(const struct detect_entity *e)
{
    return key_hash(e->class, e->detector, e->partition, e->over, e->by);
}

static uint8_t tag_of(uint64_t hash)
{
    return (uint8_t)(hash >> 56);
}

static struct detect_entity *at_slot(const struct detect_table *t, uint32_t slot)
{
    return slot_at(&t->slabs[slot >> INDEX_BITS], (slot & INDEX_MASK) - 1);
}

struct detect_entity *detect_table_find(const struct detect_table *t, enum detect_class class,
                                        uint8_t detector, uint32_t partition, uint32_t over,
                                        uint32_t by)
{
    uint64_t hash = key_hash(class, detector, partition, over, by);
    for (size_t at = hash & t->mask; t->slots[at] != 0; at = (at + 1) & t->mask) {
        if (t->tags[at] != tag_of(hash) || t->slots[at] >> INDEX_BITS != (uint32_t) class)
            continue;
        struct detect_entity *e = at_slot(t, t->slots[at]);
        if (e->by == by && e->over == over && e->partition == partition && e->detector == detector)
            return e;
    }
    return NULL;
}

uint64_t detect_table_expect(const struct detect_table *t, enum detect_class class,
                             uint8_t detector, uint32_t partition, uint32_t over, uint32_t by)
{
    uint64_t hash = key_hash(class, detector, partition, over, by);
    __builtin_prefetch(&t->slots[hash & t->mask]);
    __builtin_prefetch(&t->tags[hash & t->mask]);
    return hash;
}

const struct detect_entity *detect_table_approach(const struct detect_table *t, uint64_t expected)
{
    for (size_t at = expected & t->mask; t->slots[at] != 0; at = (at + 1) & t->mask) {
        if (t->tags[at] != tag_of(expected))
            continue;
        const struct detect_entity *e = at_slot(t, t->slots[at]);
        __builtin_prefetch(e);
        return e;
    }
    return NULL;
}

/* Into the first free slot from its place on. */
static void set_slot(uint32_t *slots, uint8_t *tags, size_t mask, uint64_t hash, uint32_t slot)
{
    size_t at = hash & mask;
    while (slots[at] != 0)
        at = (at + 1) & mask;
    slots[at] = slot;
    tags[at] = tag_of(hash);
}

static bool rehash(struct detect_table *t, size_t mask)
{
    uint32_t *slots = mem_zero(mask + 1, sizeof(*slots));
    uint8_t *tags = mem_zero(mask + 1, sizeof(*tags));
    if (slots == NULL || tags == NULL) {
        mem_free(slots);
        mem_free(tags);
        return false;
    }
    for (size_t i = 0; i <= t->mask; i++) {
        if (t->slots[i] != 0)
            set_slot(slots, tags, mask, entity_hash(at_slot(t, t->slots[i])), t->slots[i]);
    }
    mem_free(t->slots);
    mem_free(t->tags);
    t->slots = slots;
    t->tags = tags;
    t->mask = mask;
    return true;
}

/* Index of a free slot, or SIZE_MAX. */
static size_t slab_take(struct slab *s)
{
    if (s->n_free > 0)
        return s->free[--s->n_free];
    if (s->n == s->n_chunks * s->per_chunk) {
        void *chunks = s->chunks;
        if (s->n >= INDEX_MASK - 1 ||
            mem_grow(&chunks, &s->cap_chunks, s->n_chunks + 1, sizeof(*s->chunks)) != 0)
            return SIZE_MAX;
        s->chunks = chunks;
        unsigned char *chunk = mem_zero(s->per_chunk, s->size);
        if (chunk == NULL)
            return SIZE_MAX;
        s->chunks[s->n_chunks++] = chunk;
    }
    return s->n++;
}

struct detect_entity *detect_table_add(struct detect_table *t, enum detect_class class,
                                       uint8_t detector, uint32_t partition, uint32_t over,
                                       uint32_t by)
{
    if ((t->live + 1) * 8 > t->mask * 7 && !rehash(t, t->mask * 2 + 1))
        return NULL;
    struct slab *s = &t->slabs[class];
    size_t index = slab_take(s);
    if (index == SIZE_MAX)
        return NULL;
    struct detect_entity *e = slot_at(s, index);
    memset(e, 0, s->size);
    e->partition = partition;
    e->over = over;
    e->by = by;
    e->detector = detector;
    e->class = (uint8_t) class;
    e->used = true;
    detect_names_ref(t->names, partition);
    detect_names_ref(t->names, over);
    detect_names_ref(t->names, by);
    set_slot(t->slots, t->tags, t->mask, entity_hash(e),
             (uint32_t) class << INDEX_BITS | (uint32_t)(index + 1));
    t->live++;
    s->count++;
    return e;
}

/* The slot of the index that leads to an entity. */
static size_t slot_of(const struct detect_table *t, const struct detect_entity *e)
{
    size_t at = entity_hash(e) & t->mask;
    while (at_slot(t, t->slots[at]) != e)
        at = (at + 1) & t->mask;
    return at;
}

void detect_table_remove(struct detect_table *t, struct detect_entity *e)
{
    size_t at = slot_of(t, e);
    struct slab *s = &t->slabs[e->class];
    uint32_t index = (t->slots[at] & INDEX_MASK) - 1;
    size_t hole = at;
    for (;;) {
        at = (at + 1) & t->mask;
        if (t->slots[at] == 0)
            break;
        size_t home = entity_hash(at_slot(t, t->slots[at])) & t->mask;
        if (((at - home) & t->mask) >= ((at - hole) & t->mask)) {
            t->slots[hole] = t->slots[at];
            t->tags[hole] = t->tags[at];
            hole = at;
        }
    }
    t->slots[hole] = 0;
    t->live--;
    s->count--;
    entity_release(t, e);
    detect_names_unref(t->names, e->partition);
    detect_names_unref(t->names, e->over);
    detect_names_unref(t->names, e->by);
    memset(e, 0, s->size);
    void *list = s->free;
    /* Without room in the list the slot stays empty for good, which is harmless. */
    if (mem_grow(&list, &s->cap_free, s->n_free + 1, sizeof(*s->free)) == 0) {
        s->free = list;
        s->free[s->n_free++] = index;
    }
}

/* Moves what is in use to the front, and gives back the chunks behind it. */
static void pack(struct detect_table *t, enum detect_class class)
{
    struct slab *s = &t->slabs[class];
    size_t to = 0;
    for (size_t from = s->n; from > s->count;) {
        struct detect_entity *e = slot_at(s, --from);
        if (!e->used)
            continue;
        while (((struct detect_entity *)slot_at(s, to))->used)
            to++;
        t->slots[slot_of(t, e)] = (uint32_t) class << INDEX_BITS | (uint32_t)(to + 1);
        memcpy(slot_at(s, to), e, s->size);
        memset(e, 0, s->size);
    }
    s->n = s->count;
    s->n_free = 0;
    size_t chunks = (s->n + s->per_chunk - 1) / s->per_chunk;
    while (s->n_chunks > chunks)
        mem_free(s->chunks[--s->n_chunks]);
    mem_free(s->free);
    s->free = NULL;
    s->cap_free = 0;
}

void detect_table_pack(struct detect_table *t)
{
    for (size_t c = 0; c < DETECT_CLASSES; c++) {
        const struct slab *s = &t->slabs[c];
        if (s->n - s->count > s->per_chunk && s->n > s->count + s->count / SPARSE)
            pack(t, (enum detect_class)c);
    }
    size_t mask = t->mask;
    while (mask >= SLOTS_LEAST && t->live * SPARSE < mask)
        mask /= 2;
    if (mask != t->mask)
        (void)!rehash(t, mask);
}

size_t detect_table_slots(const struct detect_table *t, enum detect_class class)
{
    return t->slabs[class].n;
}

struct detect_entity *detect_table_at(const struct detect_table *t, enum detect_class class,
                                      size_t slot)
{
    struct detect_entity *e = slot_at(&t->slabs[class], slot);
    return e->used ? e : NULL;
}

size_t detect_table_count(const struct detect_table *t, enum detect_class class)
{
    return t->slabs[class].count;
}

/* By what is kept, not by what happens to be allocated: a restored table says the same. */
size_t detect_table_bytes(const struct detect_table *t)
{
    size_t n = sizeof(*t) + t->live * INDEX_COST;
    for (size_t c = 0; c < DETECT_CLASSES; c++)
        n += t->slabs[c].count * t->slabs[c].size;
    return n;
}

size_t detect_table_cost(const struct detect_table *t, enum detect_class class)
{
    return t->slabs[class].size + INDEX_COST;
}
