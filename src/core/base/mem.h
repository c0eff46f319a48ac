#ifndef BASE_MEM_H
#define BASE_MEM_H

/*
 * Heap memory with checked sizes.
 *
 * All return NULL when memory is short or the product overflows. Fault tests wrap malloc, calloc
 * and realloc at link time, so nothing here is needed for them.
 *
 * Ownership: the caller frees with mem_free().
 * Threads:   any.
 */

#include <stddef.h>

void *mem_alloc(size_t size);
void *mem_zero(size_t count, size_t size);
void *mem_resize(void *p, size_t count, size_t size);
char *mem_strndup(const char *s, size_t n); /* NUL-terminated copy */
char *mem_strdup(const char *s);
void mem_free(void *p); /* NULL is fine */

/* Gives what was freed, and lies idle, back to the system: some milliseconds, now and then. */
void mem_trim(void);

/*
 * From now on every large array (128 KiB and more) is a mapping of its own, which goes back to the
 * system with it and leaves no hole; the allocator would stop that once one has been freed.
 */
void mem_map_large(void);

/* What an allocation of this size takes from the heap, the allocator's own share included. */
size_t mem_cost(size_t size);

/*
 * Grows *array (of *cap items of the given size) so that it holds at least need items, doubling.
 * Returns 0, or -1 with nothing changed when memory is short.
 */
int mem_grow(void **array, size_t *cap, size_t need, size_t size);

#endif
