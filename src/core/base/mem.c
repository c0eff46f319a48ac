/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LARGE (128 * 1024)

void *mem_alloc(size_t size)
{
    return malloc(size > 0 ? size : 1);
}

void *mem_zero(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    return calloc(count > 0 ? count : 1, size > 0 ? size : 1);
}

void *mem_resize(void *p, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    return realloc(p, total > 0 ? total : 1);
}

char *mem_strndup(const char *s, size_t n)
{
    if (n == SIZE_MAX)
        return NULL;
    char *copy = malloc(n + 1);
    if (copy == NULL)
        return NULL;
    if (n > 0)
        memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *mem_strdup(const char *s)
{
    return mem_strndup(s, strlen(s));
}

void mem_free(void *p)
{
    free(p);
}

void mem_trim(void)
{
    malloc_trim(0);
}

void mem_map_large(void)
{
    (void)!mallopt(M_MMAP_THRESHOLD, LARGE);
}

/* As glibc does it: eight bytes beside each piece, in steps of 16, 32 at the least. */
size_t mem_cost(size_t size)
{
    size_t whole = (size + 8 + 15) & ~(size_t)15;
    return whole < 32 ? 32 : whole;
}

int mem_grow(void **array, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return 0;
    size_t next = *cap < 8 ? 8 : *cap;
    while (next < need) {
        if (next > SIZE_MAX / 2)
            return -1;
        next *= 2;
    }
    void *p = mem_resize(*array, next, size);
    if (p == NULL)
        return -1;
    *array = p;
    *cap = next;
    return 0;
}
