/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include "base/assert.h"
#include "base/mem.h"

#include <string.h>

struct slot {
    uint64_t hash;
    uint64_t value;
    char *key; /* NULL: the slot is free */
    size_t n;
};

struct map {
    struct slot *slots;
    size_t cap; /* a power of two, or 0 */
    size_t count;
    size_t key_bytes;
    struct hash_key seed;
};

struct map *map_new(struct hash_key seed)
{
    struct map *m = mem_zero(1, sizeof(*m));
    if (m != NULL)
        m->seed = seed;
    return m;
}

void map_free(struct map *m)
{
    if (m == NULL)
        return;
    map_clear(m);
    mem_free(m->slots);
    mem_free(m);
}

void map_clear(struct map *m)
{
    for (size_t i = 0; i < m->cap; i++) {
        mem_free(m->slots[i].key);
        m->slots[i].key = NULL;
    }
    m->count = 0;
    m->key_bytes = 0;
}

size_t map_count(const struct map *m)
{
    return m->count;
}

size_t map_bytes(const struct map *m)
{
    return sizeof(*m) + m->cap * sizeof(struct slot) + m->key_bytes;
}

/* The slot that holds the key, or the free one where it would go. */
static struct slot *find(const struct map *m, uint64_t hash, const void *key, size_t n)
{
    for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
        struct slot *s = &m->slots[i];
        if (s->key == NULL)
            return s;
        if (s->hash == hash && s->n == n && memcmp(s->key, key, n) == 0)
            return s;
    }
}

static bool grow(struct map *m)
{
    size_t cap = m->cap > 0 ? m->cap * 2 : 16;
    struct slot *slots = mem_zero(cap, sizeof(*slots));
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < m->cap; i++) {
        if (m->slots[i].key == NULL)
            continue;
        size_t at = m->slots[i].hash & (cap - 1);
        while (slots[at].key != NULL)
            at = (at + 1) & (cap - 1);
        slots[at] = m->slots[i];
    }
    mem_free(m->slots);
    m->slots = slots;
    m->cap = cap;
    return true;
}

uint64_t *map_get(const struct map *m, const void *key, size_t n)
{
    if (m->count == 0)
        return NULL;
    struct slot *s = find(m, hash_bytes(m->seed, key, n), key, n);
    return s->key != NULL ? &s->value : NULL;
}

uint64_t *map_put(struct map *m, const void *key, size_t n, bool *out_new)
{
    uint64_t hash = hash_bytes(m->seed, key, n);
    if (m->cap > 0) {
        struct slot *s = find(m, hash, key, n);
        if (s->key != NULL) {
            if (out_new != NULL)
                *out_new = false;
            return &s->value;
        }
    }
    if ((m->count + 1) * 4 > m->cap * 3 && !grow(m))
        return NULL;
    char *copy = mem_strndup(key, n);
    if (copy == NULL)
        return NULL;
    struct slot *s = find(m, hash, key, n);
    *s = (struct slot){.hash = hash, .key = copy, .n = n};
    m->count++;
    m->key_bytes += n + 1;
    if (out_new != NULL)
        *out_new = true;
    return &s->value;
}

bool map_remove(struct map *m, const void *key, size_t n)
{
    if (m->count == 0)
        return false;
    struct slot *s = find(m, hash_bytes(m->seed, key, n), key, n);
    if (s->key == NULL)
        return false;
    mem_free(s->key);
    m->key_bytes -= n + 1;
    m->count--;
    /* Shift back whatever could not stand in its place because of this slot. */
    size_t hole = (size_t)(s - m->slots);
    size_t i = hole;
    for (;;) {
        i = (i + 1) & (m->cap - 1);
        if (m->slots[i].key == NULL)
            break;
        size_t home = m->slots[i].hash & (m->cap - 1);
        if (((i - home) & (m->cap - 1)) >= ((i - hole) & (m->cap - 1))) {
            m->slots[hole] = m->slots[i];
            hole = i;
        }
    }
    m->slots[hole].key = NULL;
    return true;
}

bool map_next(const struct map *m, size_t *at, const void **out_key, size_t *out_n,
              uint64_t **out_value)
{
    for (; *at < m->cap; (*at)++) {
        struct slot *s = &m->slots[*at];
        if (s->key == NULL)
            continue;
        if (out_key != NULL)
            *out_key = s->key;
        if (out_n != NULL)
            *out_n = s->n;
        if (out_value != NULL)
            *out_value = &s->value;
        (*at)++;
        return true;
    }
    return false;
}
