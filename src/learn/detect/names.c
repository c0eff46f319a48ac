/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/names.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <stdbool.h>
#include <string.h>

struct name {
    uint64_t hash;
    uint32_t len;
    uint32_t refs;
    uint32_t used; /* generation of the last use */
    bool listed;   /* stands in the list of those that may go */
    char text[];
};

/*
 * Each name is a piece of its own, so that what is forgotten makes room for models too. Per name
 * besides: a pointer, up to 15 bytes of slots and tags and half as many while they double, a place
 * in a list.
 */
#define AROUND 36
/* Tables shrink when so little of them is in use. */
#define SPARSE 8
#define SLOTS_LEAST 256

struct detect_names {
    struct hash_key seed;
    struct name **names; /* by number; NULL: free. [0] is no name */
    size_t n;
    size_t cap;
    uint32_t *slots; /* numbers, 0 free; open addressing, linear probing */
    uint8_t *tags;   /* of hashes, one a slot: spares a look at names that are not meant */
    size_t mask;
    size_t live;
    uint32_t *free_ids;
    size_t n_free;
    size_t cap_free;
    uint32_t *loose; /* names that had no reference when they were listed */
    size_t n_loose;
    size_t cap_loose;
    size_t bytes; /* of the names */
    uint32_t generation;
};

struct detect_names *detect_names_new(struct hash_key seed)
{
    struct detect_names *t = mem_zero(1, sizeof(*t));
    if (t == NULL)
        return NULL;
    t->seed = seed;
    t->mask = SLOTS_LEAST - 1;
    t->slots = mem_zero(t->mask + 1, sizeof(*t->slots));
    t->tags = mem_zero(t->mask + 1, sizeof(*t->tags));
    t->cap = 128;
    t->names = mem_zero(t->cap, sizeof(struct name *));
    t->n = 1;
    t->generation = 1;
    if (t->slots == NULL || t->tags == NULL || t->names == NULL) {
        detect_names_free(t);
        return NULL;
    }
    return t;
}

void detect_names_free(struct detect_names *t)
{
    if (t == NULL)
        return;
    for (size_t i = 1; t->names != NULL && i < t->n; i++)
        mem_free(t->names[i]);
    mem_free(t->names);
    mem_free(t->slots);
    mem_free(t->tags);
    mem_free(t->free_ids);
    mem_free(t->loose);
    mem_free(t);
}

static uint8_t tag_of(uint64_t hash)
{
    return (uint8_t)(hash >> 56);
}

static bool rehash(struct detect_names *t, size_t mask)
{
    uint32_t *slots = mem_zero(mask + 1, sizeof(*slots));
    uint8_t *tags = mem_zero(mask + 1, sizeof(*tags));
    if (slots == NULL || tags == NULL) {
        mem_free(slots);
        mem_free(tags);
        return false;
    }
    for (size_t i = 0; i <= t->mask; i++) {
        uint32_t id = t->slots[i];
        if (id == 0)
            continue;
        size_t at = t->names[id]->hash & mask;
        while (slots[at] != 0)
            at = (at + 1) & mask;
        slots[at] = id;
        tags[at] = t->tags[i];
    }
    mem_free(t->slots);
    mem_free(t->tags);
    t->slots = slots;
    t->tags = tags;
    t->mask = mask;
    return true;
}

static bool push(uint32_t **list, size_t *n, size_t *cap, uint32_t id)
{
    void *p = *list;
    if (mem_grow(&p, cap, *n + 1, sizeof(**list)) != 0)
        return false;
    *list = p;
    (*list)[(*n)++] = id;
    return true;
}

static struct bytes cut(struct bytes text)
{
    text.n = utf8_cut((const char *)text.p, text.n, DETECT_NAME_MAX);
    return text;
}

static uint32_t new_id(struct detect_names *t)
{
    if (t->n_free > 0)
        return t->free_ids[--t->n_free];
    if (t->n >= UINT32_MAX)
        return 0;
    void *p = t->names;
    if (mem_grow(&p, &t->cap, t->n + 1, sizeof(struct name *)) != 0)
        return 0;
    t->names = p;
    t->names[t->n] = NULL;
    return (uint32_t)t->n++;
}

/* Not less than the struct, which ends in padding that a short text does not fill. */
static size_t size_of(size_t len)
{
    size_t n = offsetof(struct name, text) + len;
    return n > sizeof(struct name) ? n : sizeof(struct name);
}

/* The slot of a text, or the free one where it would stand. */
static size_t slot_of(const struct detect_names *t, struct bytes text, uint64_t hash)
{
    size_t at = hash & t->mask;
    for (; t->slots[at] != 0; at = (at + 1) & t->mask) {
        if (t->tags[at] != tag_of(hash))
            continue;
        const struct name *e = t->names[t->slots[at]];
        if (e->hash == hash && e->len == text.n && memcmp(e->text, text.p, text.n) == 0)
            break;
    }
    return at;
}

uint32_t detect_names_put(struct detect_names *t, struct bytes text)
{
    text = cut(text);
    uint64_t hash = hash_bytes(t->seed, text.p, text.n);
    size_t at = slot_of(t, text, hash);
    if (t->slots[at] != 0) {
        t->names[t->slots[at]]->used = t->generation;
        return t->slots[at];
    }
    if (t->live * 3 >= t->mask * 2) {
        if (!rehash(t, t->mask * 2 + 1))
            return 0;
        at = slot_of(t, text, hash);
    }
    struct name *e = mem_alloc(size_of(text.n));
    if (e == NULL)
        return 0;
    uint32_t id = new_id(t);
    if (id == 0 || !push(&t->loose, &t->n_loose, &t->cap_loose, id)) {
        if (id != 0) /* when the list cannot grow the number is lost, nothing else */
            (void)!push(&t->free_ids, &t->n_free, &t->cap_free, id);
        mem_free(e);
        return 0;
    }
    /* One by one: a short text lies in what a whole struct would fill up at its end. */
    e->hash = hash;
    e->len = (uint32_t)text.n;
    e->refs = 0;
    e->used = t->generation;
    e->listed = true;
    if (text.n > 0)
        memcpy(e->text, text.p, text.n);
    t->names[id] = e;
    t->slots[at] = id;
    t->tags[at] = tag_of(hash);
    t->live++;
    t->bytes += mem_cost(size_of(text.n));
    return id;
}

uint32_t detect_names_find(struct detect_names *t, struct bytes text)
{
    text = cut(text);
    uint32_t id = t->slots[slot_of(t, text, hash_bytes(t->seed, text.p, text.n))];
    if (id != 0)
        t->names[id]->used = t->generation;
    return id;
}

struct bytes detect_names_text(const struct detect_names *t, uint32_t id)
{
    if (id == 0)
        return bytes_make("", 0);
    return bytes_make(t->names[id]->text, t->names[id]->len);
}

uint64_t detect_names_hash(const struct detect_names *t, uint32_t id)
{
    return id == 0 ? 0 : t->names[id]->hash;
}

void detect_names_ref(struct detect_names *t, uint32_t id)
{
    if (id != 0)
        t->names[id]->refs++;
}

void detect_names_unref(struct detect_names *t, uint32_t id)
{
    if (id == 0)
        return;
    struct name *e = t->names[id];
    ASSERT(e->refs > 0);
    /* When the list cannot grow the name stays for good, which is harmless. */
    if (--e->refs == 0 && !e->listed)
        e->listed = push(&t->loose, &t->n_loose, &t->cap_loose, id);
}

uint32_t detect_names_generation(const struct detect_names *t)
{
    return t->generation;
}

void detect_names_next_generation(struct detect_names *t)
{
    t->generation++;
}

uint32_t detect_names_used(const struct detect_names *t, uint32_t id)
{
    return t->names[id]->used;
}

void detect_names_set_generation(struct detect_names *t, uint32_t generation)
{
    t->generation = generation;
}

void detect_names_set_used(struct detect_names *t, uint32_t id, uint32_t generation)
{
    t->names[id]->used = generation;
}

/* Takes a name out of the slots and closes the gap, so that probing needs no marks. */
static void unslot(struct detect_names *t, uint32_t id)
{
    size_t at = t->names[id]->hash & t->mask;
    while (t->slots[at] != id)
        at = (at + 1) & t->mask;
    size_t hole = at;
    for (;;) {
        at = (at + 1) & t->mask;
        if (t->slots[at] == 0)
            break;
        size_t home = t->names[t->slots[at]]->hash & t->mask;
        if (((at - home) & t->mask) >= ((at - hole) & t->mask)) {
            t->slots[hole] = t->slots[at];
            t->tags[hole] = t->tags[at];
            hole = at;
        }
    }
    t->slots[hole] = 0;
}

/* A shorter list keeps its place when memory is short. */
static void shorten(uint32_t **list, size_t n, size_t *cap)
{
    if (n * SPARSE >= *cap || *cap < SLOTS_LEAST)
        return;
    uint32_t *p = mem_resize(*list, n + 1, sizeof(**list));
    if (p != NULL) {
        *list = p;
        *cap = n + 1;
    }
}

/* After a flood of names that are gone the tables are small again. */
static void shrink(struct detect_names *t)
{
    size_t mask = t->mask;
    while (mask >= SLOTS_LEAST && t->live * SPARSE < mask)
        mask /= 2;
    if (mask != t->mask)
        (void)!rehash(t, mask);
    shorten(&t->loose, t->n_loose, &t->cap_loose);
    if (t->live * SPARSE >= t->n || t->n < SLOTS_LEAST)
        return;
    /* The highest numbers went last in: they are those of the flood. */
    size_t n = t->n;
    while (n > 1 && t->names[n - 1] == NULL)
        n--;
    struct name **names = mem_resize(t->names, n, sizeof(struct name *));
    if (names == NULL)
        return;
    t->names = names;
    t->n = t->cap = n;
    size_t kept = 0;
    for (size_t i = 0; i < t->n_free; i++) {
        if (t->free_ids[i] < n)
            t->free_ids[kept++] = t->free_ids[i];
    }
    t->n_free = kept;
    shorten(&t->free_ids, t->n_free, &t->cap_free);
}

void detect_names_sweep(struct detect_names *t, uint32_t oldest)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->n_loose; i++) {
        uint32_t id = t->loose[i];
        struct name *e = t->names[id];
        if (e->refs > 0) {
            e->listed = false;
        } else if ((int32_t)(e->used - oldest) < 0 &&
                   push(&t->free_ids, &t->n_free, &t->cap_free, id)) {
            unslot(t, id);
            t->bytes -= mem_cost(size_of(e->len));
            mem_free(e);
            t->names[id] = NULL;
            t->live--;
        } else {
            t->loose[kept++] = id;
        }
    }
    t->n_loose = kept;
    shrink(t);
}

size_t detect_names_bytes(const struct detect_names *t)
{
    return sizeof(*t) + t->live * AROUND + t->bytes;
}

size_t detect_names_count(const struct detect_names *t)
{
    return t->live;
}

uint32_t detect_names_next(const struct detect_names *t, uint32_t id)
{
    for (size_t i = (size_t)id + 1; i < t->n; i++) {
        if (t->names[i] != NULL)
            return (uint32_t)i;
    }
    return 0;
}
