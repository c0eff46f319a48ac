#ifndef BASE_ARENA_H
#define BASE_ARENA_H

/*
 * Memory given back all at once.
 *
 * A batch of events, a parsed query: many small pieces that die together. Pieces are aligned to 8
 * bytes. With AddressSanitizer each piece is a malloc of its own, so that an overrun is seen.
 *
 * Ownership: pieces live until arena_clear() or arena_release().
 * Threads:   one owner.
 */

#include <stddef.h>

struct arena {
    struct arena_block *head; /* the block in use */
    size_t block_size;
    size_t used; /* bytes given out since the last clear */
};

/* block_size 0 means 64 KiB. Allocates nothing yet. */
void arena_init(struct arena *a, size_t block_size);
void arena_release(struct arena *a);
/* All pieces are gone; one block is kept for reuse. */
void arena_clear(struct arena *a);

/* NULL when memory is short. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_zero(struct arena *a, size_t size);
void *arena_copy(struct arena *a, const void *p, size_t n);
/* NUL-terminated copy of n bytes. */
char *arena_strndup(struct arena *a, const char *s, size_t n);

#endif
