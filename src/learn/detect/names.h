#ifndef DETECT_NAMES_H
#define DETECT_NAMES_H

/*
 * The values of split and influencer fields, each kept once and known by a number.
 *
 * A name lives while something refers to it (a series) or an open bucket may still use it: a bucket
 * notes the generation in which it opened, and names used since then stay. Numbers follow the order
 * of arrival, so nothing that is shown or learned may depend on them; the hash depends on the text
 * and the seed only, and orders and shards follow it.
 *
 * Ownership: detect_names_new() makes the table; texts are its own.
 * Threads:   one owner; reading is safe from many threads while nobody changes it.
 */

#include "base/bytes.h"
#include "base/hash.h"

#include <stddef.h>
#include <stdint.h>

#define DETECT_NAME_MAX 2048 /* longer values are cut */

struct detect_names;

/* NULL when memory is short. */
struct detect_names *detect_names_new(struct hash_key seed);
void detect_names_free(struct detect_names *t); /* NULL is fine */

/* The number of a text, from 1; 0 when memory is short. Marks it as used in this generation. */
uint32_t detect_names_put(struct detect_names *t, struct bytes text);
/* The same of a text that is known; 0 when it is not. */
uint32_t detect_names_find(struct detect_names *t, struct bytes text);

/* Number 0 stands for no value: empty text, hash 0. */
struct bytes detect_names_text(const struct detect_names *t, uint32_t id);
uint64_t detect_names_hash(const struct detect_names *t, uint32_t id);

void detect_names_ref(struct detect_names *t, uint32_t id);
void detect_names_unref(struct detect_names *t, uint32_t id);

/* Buckets open and close: a new generation begins. */
uint32_t detect_names_generation(const struct detect_names *t);
void detect_names_next_generation(struct detect_names *t);
/* For saving: the generation in which a name was last used. */
uint32_t detect_names_used(const struct detect_names *t, uint32_t id);
/* For loading: as it was, before the first name; and for a name that was just put. */
void detect_names_set_generation(struct detect_names *t, uint32_t generation);
void detect_names_set_used(struct detect_names *t, uint32_t id, uint32_t generation);
/* Forgets names without references that were last used before this generation. */
void detect_names_sweep(struct detect_names *t, uint32_t oldest);

/* What they take, by what is kept: a restored table says the same. */
size_t detect_names_bytes(const struct detect_names *t);
size_t detect_names_count(const struct detect_names *t);
/* The next number in use after id (0 to begin); 0: no more. */
uint32_t detect_names_next(const struct detect_names *t, uint32_t id);

#endif
