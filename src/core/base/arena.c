/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "base/mem.h"

#include <stdint.h>
#include <string.h>

#define ARENA_BLOCK 65536
#define ARENA_ALIGN 8

struct arena_block {
    struct arena_block *next;
    size_t cap;
    size_t used;
    _Alignas(ARENA_ALIGN) unsigned char data[];
};

void arena_init(struct arena *a, size_t block_size)
{
    *a = (struct arena){.block_size = block_size > 0 ? block_size : ARENA_BLOCK};
}

static void free_blocks(struct arena_block *b)
{
    while (b != NULL) {
        struct arena_block *next = b->next;
        mem_free(b);
        b = next;
    }
}

void arena_release(struct arena *a)
{
    free_blocks(a->head);
    a->head = NULL;
    a->used = 0;
}

void arena_clear(struct arena *a)
{
#ifdef WEIR_ASAN
    free_blocks(a->head);
    a->head = NULL;
#else
    if (a->head != NULL) {
        free_blocks(a->head->next);
        a->head->next = NULL;
        a->head->used = 0;
    }
#endif
    a->used = 0;
}

static struct arena_block *add_block(struct arena *a, size_t cap)
{
    struct arena_block *b = cap <= SIZE_MAX - sizeof(*b) ? mem_alloc(sizeof(*b) + cap) : NULL;
    if (b == NULL)
        return NULL;
    b->next = a->head;
    b->cap = cap;
    b->used = 0;
    a->head = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > SIZE_MAX - ARENA_ALIGN)
        return NULL;
    size_t rounded = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
#ifdef WEIR_ASAN
    struct arena_block *b = add_block(a, size);
    rounded = size;
#else
    struct arena_block *b = a->head;
    if (b == NULL || rounded > b->cap - b->used)
        b = add_block(a, rounded > a->block_size ? rounded : a->block_size);
#endif
    if (b == NULL)
        return NULL;
    void *p = b->data + b->used;
    b->used += rounded;
    a->used += rounded;
    return p;
}

void *arena_zero(struct arena *a, size_t size)
{
    void *p = arena_alloc(a, size);
    if (p != NULL)
        memset(p, 0, size);
    return p;
}

void *arena_copy(struct arena *a, const void *p, size_t n)
{
    void *copy = arena_alloc(a, n);
    if (copy != NULL && n > 0)
        memcpy(copy, p, n);
    return copy;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    char *copy = n < SIZE_MAX ? arena_alloc(a, n + 1) : NULL;
    if (copy == NULL)
        return NULL;
    if (n > 0)
        memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}
