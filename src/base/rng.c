/* rng: xoshiro256** by Blackman and Vigna, seeded by splitmix64 as its authors advise.
 *
 * For simulation, jitter and tests; never for secrets. Same seed, same numbers, on every machine:
 * only 64-bit unsigned arithmetic is used. Cannot fail. Thread: one at a time. */
#include "base/rng.h"

void rng_init(struct rng *r, uint64_t seed) {
    for (int i = 0; i < 4; i++) {
        seed += UINT64_C(0x9E3779B97F4A7C15);
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
        r->s[i] = z ^ (z >> 31);
    }
}

static uint64_t rotate_left(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

uint64_t rng_next(struct rng *r) {
    uint64_t *s = r->s;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *r, uint64_t bound) {
    PRE(bound > 0);
    uint64_t skip = -bound % bound; /* 2^64 mod bound: the numbers that would be one too often */
    uint64_t x;
    do {
        x = rng_next(r);
    } while (x < skip);
    return x % bound;
}

int64_t rng_between(struct rng *r, int64_t lo, int64_t hi) {
    PRE(lo <= hi);
    uint64_t count = (uint64_t)hi - (uint64_t)lo + 1;
    uint64_t x = count == 0 ? rng_next(r) : rng_below(r, count); /* 0: all 2^64 */
    return (int64_t)((uint64_t)lo + x);
}
