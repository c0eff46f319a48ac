/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/names.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdbool.h>
#include <string.h>

struct name {
    uint64_t hash;
    char *text; /* NULL: the number is free */
    uint32_t len;
    uint32_t refs;
    uint32_t used; /* generation of the last put */
    bool listed;   /* stands in the list of those that may go */
};

struct detect_names {
    struct hash_key seed;
    struct name *names; /* [0] is no name */
    size_t n;
    size_t cap;
    uint32_t *slots; /* numbers, 0 free; open addressing, linear probing */
    size_t mask;
    size_t live;
    uint32_t *free_ids;
    size_t n_free;
    size_t cap_free;
    uint32_t *loose; /* names that had no reference when they were listed */
    size_t n_loose;
    size_t cap_loose;
    size_t text_bytes;
    uint32_t generation;
};

struct detect_names *detect_names_new(struct hash_key seed)
{
    struct detect_names *t = mem_zero(1, sizeof(*t));
    if (t == NULL)
        return NULL;
    t->seed = seed;
    t->mask = 255;
    t->slots = mem_zero(t->mask + 1, sizeof(*t->slots));
    t->cap = 128;
    t->names = mem_zero(t->cap, sizeof(*t->names));
    t->n = 1;
    t->generation = 1;
    if (t->slots == NULL || t->names == NULL) {
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
        mem_free(t->names[i].text);
    mem_free(t->names);
    mem_free(t->slots);
    mem_free(t->free_ids);
    mem_free(t->loose);
    mem_free(t);
}

static bool grow_slots(struct detect_names *t)
{
    size_t mask = t->mask * 2 + 1;
    uint32_t *slots = mem_zero(mask + 1, sizeof(*slots));
    if (slots == NULL)
        return false;
    for (size_t i = 0; i <= t->mask; i++) {
        uint32_t id = t->slots[i];
        if (id == 0)
            continue;
        size_t at = t->names[id].hash & mask;
        while (slots[at] != 0)
            at = (at + 1) & mask;
        slots[at] = id;
    }
    mem_free(t->slots);
    t->slots = slots;
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
    if (text.n <= DETECT_NAME_MAX)
        return text;
    text.n = DETECT_NAME_MAX;
    while (text.n > 0 && (text.p[text.n] & 0xc0) == 0x80)
        text.n--;
    return text;
}

static uint32_t new_id(struct detect_names *t)
{
    if (t->n_free > 0)
        return t->free_ids[--t->n_free];
    if (t->n >= UINT32_MAX)
        return 0;
    void *p = t->names;
    if (mem_grow(&p, &t->cap, t->n + 1, sizeof(*t->names)) != 0)
        return 0;
    t->names = p;
    return (uint32_t)t->n++;
}

uint32_t detect_names_find(const struct detect_names *t, struct bytes text)
{
    text = cut(text);
    uint64_t hash = hash_bytes(t->seed, text.p, text.n);
    for (size_t at = hash & t->mask; t->slots[at] != 0; at = (at + 1) & t->mask) {
        const struct name *e = &t->names[t->slots[at]];
        if (e->hash == hash && e->len == text.n && memcmp(e->text, text.p, text.n) == 0)
            return t->slots[at];
    }
    return 0;
}

uint32_t detect_names_put(struct detect_names *t, struct bytes text)
{
    text = cut(text);
    uint64_t hash = hash_bytes(t->seed, text.p, text.n);
    size_t at = hash & t->mask;
    while (t->slots[at] != 0) {
        struct name *e = &t->names[t->slots[at]];
        if (e->hash == hash && e->len == text.n && memcmp(e->text, text.p, text.n) == 0) {
            e->used = t->generation;
            return t->slots[at];
        }
        at = (at + 1) & t->mask;
    }
    if (t->live * 3 >= t->mask * 2) {
        if (!grow_slots(t))
            return 0;
        at = hash & t->mask;
        while (t->slots[at] != 0)
            at = (at + 1) & t->mask;
    }
    char *copy = mem_strndup((const char *)text.p, text.n);
    if (copy == NULL)
        return 0;
    uint32_t id = new_id(t);
    if (id == 0 || !push(&t->loose, &t->n_loose, &t->cap_loose, id)) {
        if (id != 0 && !push(&t->free_ids, &t->n_free, &t->cap_free, id))
            t->names[id] = (struct name){0}; /* the number is lost, nothing else */
        mem_free(copy);
        return 0;
    }
    t->names[id] = (struct name){
        .hash = hash, .text = copy, .len = (uint32_t)text.n, .used = t->generation, .listed = true};
    t->slots[at] = id;
    t->live++;
    t->text_bytes += text.n + 17; /* with what malloc adds */
    return id;
}

struct bytes detect_names_text(const struct detect_names *t, uint32_t id)
{
    if (id == 0)
        return bytes_make("", 0);
    return bytes_make(t->names[id].text, t->names[id].len);
}

uint64_t detect_names_hash(const struct detect_names *t, uint32_t id)
{
    return id == 0 ? 0 : t->names[id].hash;
}

void detect_names_ref(struct detect_names *t, uint32_t id)
{
    if (id != 0)
        t->names[id].refs++;
}

void detect_names_unref(struct detect_names *t, uint32_t id)
{
    if (id == 0)
        return;
    struct name *e = &t->names[id];
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

/* Takes a name out of the slots and closes the gap, so that probing needs no marks. */
static void unslot(struct detect_names *t, uint32_t id)
{
    size_t at = t->names[id].hash & t->mask;
    while (t->slots[at] != id)
        at = (at + 1) & t->mask;
    size_t hole = at;
    for (;;) {
        at = (at + 1) & t->mask;
        if (t->slots[at] == 0)
            break;
        size_t home = t->names[t->slots[at]].hash & t->mask;
        if (((at - home) & t->mask) >= ((at - hole) & t->mask)) {
            t->slots[hole] = t->slots[at];
            hole = at;
        }
    }
    t->slots[hole] = 0;
}

void detect_names_sweep(struct detect_names *t, uint32_t oldest)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->n_loose; i++) {
        uint32_t id = t->loose[i];
        struct name *e = &t->names[id];
        if (e->refs > 0) {
            e->listed = false;
        } else if ((int32_t)(e->used - oldest) < 0 &&
                   push(&t->free_ids, &t->n_free, &t->cap_free, id)) {
            unslot(t, id);
            t->text_bytes -= e->len + 17u;
            mem_free(e->text);
            *e = (struct name){0};
            t->live--;
        } else {
            t->loose[kept++] = id;
        }
    }
    t->n_loose = kept;
}

/* By what is kept, not by what happens to be allocated: a restored table says the same. */
size_t detect_names_bytes(const struct detect_names *t)
{
    return sizeof(*t) + t->live * (sizeof(struct name) * 3 / 2 + 2 * sizeof(uint32_t)) +
           t->text_bytes;
}

size_t detect_names_count(const struct detect_names *t)
{
    return t->live;
}

uint32_t detect_names_next(const struct detect_names *t, uint32_t id)
{
    for (size_t i = (size_t)id + 1; i < t->n; i++) {
        if (t->names[i].text != NULL)
            return (uint32_t)i;
    }
    return 0;
}
