/* rng: seeded random numbers (xoshiro256**, seeded by splitmix64), the same on every machine. */
#ifndef BF_BASE_RNG_H
#define BF_BASE_RNG_H

#include "base/base.h"

struct rng {
    uint64_t s[4];
};

void rng_init(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t bound); /* 0..bound-1, unbiased; PRE: bound > 0 */
int64_t rng_between(struct rng *r, int64_t lo, int64_t hi); /* both included */

#endif
