#ifndef BASE_MAP_H
#define BASE_MAP_H

/*
 * A hash map from byte strings to 64-bit values (a number, an index or a pointer).
 *
 * Open addressing with linear probing over a power of two, seeded SipHash, load at most 3/4, and
 * deletion by shifting back, so that there are no tombstones. Keys are copied.
 *
 * Ownership: the map owns its keys; values are the caller's.
 * Threads:   one owner.
 */

#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map;

/* NULL when memory is short. */
struct map *map_new(struct hash_key seed);
void map_free(struct map *m); /* NULL is fine */
void map_clear(struct map *m);
size_t map_count(const struct map *m);
/* Bytes held by the table and its keys. */
size_t map_bytes(const struct map *m);

/* The value of a key, to be read or changed in place, or NULL. Dies at the next put or remove. */
uint64_t *map_get(const struct map *m, const void *key, size_t n);

/*
 * The value of a key, which is put there with value 0 when it is new (*out_new says so; NULL is
 * fine). NULL when memory is short.
 */
uint64_t *map_put(struct map *m, const void *key, size_t n, bool *out_new);

/* Whether the key was there. */
bool map_remove(struct map *m, const void *key, size_t n);

/* Walks all entries in no particular order: start with *at = 0; false when done. */
bool map_next(const struct map *m, size_t *at, const void **out_key, size_t *out_n,
              uint64_t **out_value);

#endif
