#ifndef BASE_RNG_H
#define BASE_RNG_H

/*
 * Seeded random numbers for tests, generators and sampling; not for secrets.
 *
 * Method: xoshiro256** (Blackman and Vigna 2018), seeded by splitmix64.
 *
 * Ownership: a value.
 * Threads:   one owner.
 */

#include <stdint.h>

struct rng {
    uint64_t s[4];
};

void rng_init(struct rng *r, uint64_t seed);
uint64_t rng_u64(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t n); /* uniform in [0, n); n > 0 */
double rng_f64(struct rng *r);                 /* uniform in [0, 1) */
double rng_normal(struct rng *r);              /* mean 0, variance 1 */

#endif
