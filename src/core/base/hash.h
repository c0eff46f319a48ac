#ifndef BASE_HASH_H
#define BASE_HASH_H

/*
 * Keyed hashing, so that hostile traffic cannot choose its bucket.
 *
 * Method: SipHash-1-3 (Aumasson and Bernstein 2012, with the round counts Rust and Linux use for
 * tables). The same key and bytes give the same hash on every machine, which shards rely on.
 *
 * Threads: any.
 */

#include <stddef.h>
#include <stdint.h>

struct hash_key {
    uint64_t k0;
    uint64_t k1;
};

uint64_t hash_bytes(struct hash_key key, const void *p, size_t n);

/* A fast mixer for integers that are not chosen by an enemy (ids, our own hashes). */
static inline uint64_t hash_mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9U;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebU;
    x ^= x >> 31;
    return x;
}

#endif
