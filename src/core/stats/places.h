#ifndef STATS_PLACES_H
#define STATS_PLACES_H

/*
 * The different places of a bucket, on a grid of millionths of a degree.
 *
 * Exact up to STATS_PLACES_MAX places; beyond that the grid is coarsened by halves until they fit.
 * How coarse it is depends on the set of places alone, so that order does not matter and two halves
 * merge to exactly the whole. docs/method/lat_long.md.
 *
 * Ownership: _init makes an empty set without memory; _release frees.
 *            When memory is short a place may be missed: stats_places_add() returns false.
 * Threads:   one owner; reading only reads.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATS_PLACES_MAX 512

struct stats_places {
    uint64_t *keys; /* rising: row of the grid << 32 | column */
    uint16_t n;
    uint16_t cap;
    uint8_t level; /* 2^level millionths of a degree are one */
};

void stats_places_init(struct stats_places *s);
void stats_places_release(struct stats_places *s);
size_t stats_places_memory(const struct stats_places *s); /* beyond the struct */

/* Degrees, within -90 … 90 and -180 … 180. */
bool stats_places_add(struct stats_places *s, double lat, double lon);
bool stats_places_merge(struct stats_places *into, const struct stats_places *from);

/* The i-th of s->n places, from south to north, in degrees: exact to a millionth while level is 0.
 */
void stats_places_at(const struct stats_places *s, size_t i, double *out_lat, double *out_lon);

/* What tells a place from another on the finest grid. */
uint64_t stats_places_key(double lat, double lon);

void stats_places_save(const struct stats_places *s, struct buf *out);
/* out is initialised here; ERR_FORMAT or ERR_MEMORY. */
ERR_MUST_CHECK enum err stats_places_load(struct cursor *in, struct stats_places *out);

#endif
