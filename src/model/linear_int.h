/* linear_int: the file format and the features, shared by inference and training. */
#ifndef BF_MODEL_LINEAR_INT_H
#define BF_MODEL_LINEAR_INT_H

#include "flow/words.h"
#include "model/linear.h"

#define LINEAR_MAGIC "BFLINEAR"
#define LINEAR_VERSION 1
#define WEIGHT_UNIT 1024 /* stored weights: 1/1024 nat */
#define CELLS 4          /* of a bucket */

/* What the tables hold. */
typedef enum linear_table { TABLE_WORDS, TABLE_PAIRS, TABLE_GRAMS, TABLE_COUNT } linear_table;

/* A feature's weights under 16 bits of its hash; all zero: empty. Two features with equal bits in
 * one bucket are taken for each other, about once in 16,000 look-ups. */
struct cell {
    uint16_t check;
    int16_t w[3];
};
_Static_assert(sizeof(struct cell) == 8, "file format");

struct linear_header {
    char magic[8];
    uint32_t version;
    uint32_t reserved;
    uint64_t bytes;           /* of the file */
    uint64_t hash;            /* str_hash of all behind the header */
    uint32_t buckets_log2[4]; /* by table; the last is 0 */
    int32_t scale[2];         /* calibration by domain: of the sum, 1/4096 */
    int32_t bias[2][3];       /* by domain and label, WEIGHT_UNIT */
    int32_t length_pivot;     /* sums are scaled by sqrt(pivot / (tokens + pivot)) */
    int32_t reserved2;
};
_Static_assert(sizeof(struct linear_header) == 88, "file format");

/* A post that names a coin or a $cashtag speaks the language of the market, where words have
 * weights of their own beside those that they have everywhere. */
typedef enum domain { DOMAIN_ANY, DOMAIN_MARKET } domain;
#define MARKET_TOKEN UINT64_C(0x5555AAAA5555AAAA) /* xor: a word's entry of the market */

/* A token is what the features are made of: a word, or a placeholder for what must not weigh by
 * itself (names of coins, users, links, amounts). */
struct token {
    uint64_t hash;
    int16_t word; /* index of the (first) word it stands for */
    bool spelled; /* has letters of its own: groups of letters may stand for it */
};

/* Tokens of a text, at most one a word. Returns their number. */
int linear_tokens(const struct words *w, struct token *ret);
domain linear_domain(const struct words *w);

static inline uint64_t linear_pair(uint64_t first, uint64_t second) {
    uint64_t h = (first ^ (first >> 31)) * UINT64_C(0x9E3779B97F4A7C15) ^ second;
    h *= UINT64_C(0xD6E8FEB86659FD93);
    return h ^ (h >> 32);
}

/* Calls take(ctx, hash) for the groups of 3 to 5 bytes of "<norm>". Returns how many. */
#define GRAMS_MAX 96
int linear_grams(str norm, uint64_t ret[GRAMS_MAX]);

/* 1 / (2 sqrt(n)) in 1/32768, for sums over n groups of letters. */
int32_t linear_gram_scale(int n);
/* sqrt(pivot / (n + pivot)) in 1/32768. */
int32_t linear_length_scale(int n, int pivot);

static inline uint64_t cell_bucket(uint64_t hash, uint32_t log2) { return hash >> (64 - log2); }
static inline uint16_t cell_check(uint64_t hash) { return (uint16_t)(hash | 1); }

#endif
