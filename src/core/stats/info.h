#ifndef STATS_INFO_H
#define STATS_INFO_H

/*
 * Information content of a bucket's distinct strings: about the bytes that zlib's deflate makes of
 * them, one after the other, which is the scale of Elasticsearch's info_content.
 *
 * Keeps the distinct strings themselves while they are few (up to STATS_INFO_BYTES), then a sample
 * chosen by hash (a string is kept if its hash is below a threshold that halves when room runs
 * out), so that sketches of two halves merge to the sketch of the whole. The size after deflate is
 * stats_deflate_size() of what is kept, which needs no live state, scaled up where a sample stands
 * for more. docs/method/info_content.md states the error.
 *
 * Hashes must be 64 bits, keyed, and made with one key wherever sketches are to be merged.
 *
 * Ownership: _init makes an empty sketch without memory; _release frees, _clear keeps memory.
 * Threads:   one owner.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATS_INFO_BYTES 8192 /* of kept strings and their hashes */
#define STATS_INFO_STRING 512 /* a longer string is cut here */

struct stats_info {
    uint8_t *entries; /* hash (8), length (2), bytes; one after the other, in order of arrival */
    uint32_t used;
    uint32_t cap;
    uint32_t n;      /* strings kept */
    uint32_t levels; /* kept are hashes below 2^(64 - levels) */
};

void stats_info_init(struct stats_info *s);
void stats_info_release(struct stats_info *s);
void stats_info_clear(struct stats_info *s);
size_t stats_info_memory(const struct stats_info *s); /* beyond the struct */

/* False when memory was short and the string is missed. */
bool stats_info_add(struct stats_info *s, uint64_t hash, const void *p, size_t n);
bool stats_info_merge(struct stats_info *into, const struct stats_info *from);

/* 0 when empty. Does not depend on the order of arrival. */
double stats_info_content(const struct stats_info *s);

/* About how many distinct strings there were. */
double stats_info_strings(const struct stats_info *s);

void stats_info_save(const struct stats_info *s, struct buf *out);
/* out is initialised here; ERR_FORMAT or ERR_MEMORY. */
ERR_MUST_CHECK enum err stats_info_load(struct cursor *in, struct stats_info *out);

#endif
