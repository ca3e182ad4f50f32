/* linear_int: the file format and the features, shared by inference and training. */
#ifndef BF_MODEL_LINEAR_INT_H
#define BF_MODEL_LINEAR_INT_H

#include "flow/words.h"
#include "model/linear.h"

#define LINEAR_MAGIC "BFLINEAR"
#define LINEAR_VERSION 3
#define WEIGHT_UNIT 1024 /* stored weights: 1/1024 nat */
#define DOMAIN_UNIT 16   /* stored weights of the domains: 1/16 nat */
#define CELLS 4          /* of a bucket */
#define DOMAINS LINEAR_SETS_MAX
#define WEIGHTS (DOMAINS * 3)
#define CLASSES_MAX 64 /* of words; 0 is none */

/* What the tables hold. */
typedef enum linear_table { TABLE_WORDS, TABLE_PAIRS, TABLE_GRAMS, TABLE_COUNT } linear_table;

/* A word's weights in each domain under 16 bits of its hash, what it says of the domain, and its
 * class; all zero: empty. Two words with equal bits in one bucket are taken for each other, about
 * once in 16,000 look-ups. */
struct word_cell {
    uint16_t check;
    uint8_t class;  /* and WORD_CELL_ bits */
    int8_t valence; /* -4 bad .. 4 good */
    int8_t domain[DOMAINS];
    int16_t w[WEIGHTS]; /* three a domain */
};
_Static_assert(sizeof(struct word_cell) == 32, "file format");

enum {
    WORD_CELL_PHRASE = 1 << 6, /* is a phrase of several words */
    WORD_CELL_MORE = 1 << 7    /* a phrase, or a longer one, begins with it */
};

/* The weights of a pair or of a group of letters, the same in all domains. */
struct cell {
    uint16_t check;
    int16_t w[3];
};
_Static_assert(sizeof(struct cell) == 8, "file format");

/* The file: this header, words, traits of the whole text, bits of phrases, pairs, groups of
 * letters. */
struct linear_header {
    char magic[8];
    uint32_t version;
    uint32_t domains;               /* 1..DOMAINS in use */
    uint64_t bytes;                 /* of the file */
    uint64_t hash;                  /* linear_checksum */
    uint32_t buckets_log2[4];       /* by table; the last is 0 */
    int32_t scale[DOMAINS];         /* calibration by domain: of the sum, 1/4096 */
    int32_t bias[DOMAINS][3];       /* by domain and label, WEIGHT_UNIT */
    int32_t domain_bias[DOMAINS];   /* 1/1024 nat */
    int32_t length_pivot;           /* sums are scaled by sqrt(pivot / (tokens + pivot)) */
    uint32_t traits;                /* TRAIT_CELLS */
    int8_t class_sign[CLASSES_MAX]; /* -1 bad, 1 good, 0 neither */
    uint8_t reserved[56];
};
_Static_assert(sizeof(struct linear_header) == 256, "file format");

/* Over all bytes of the file but the checksum itself. */
uint64_t linear_checksum(const struct linear_header *h, str body);

/* --- tokens ---------------------------------------------------------------------------------- */

/* A token is what the features are made of: a word, or a placeholder for what must not weigh by
 * itself (names of coins, users, links, amounts). */
struct token {
    uint64_t hash;
    int16_t word; /* index of the (first) word it stands for */
    bool spelled; /* has letters of its own: groups of letters and a stem may stand for it */
    bool negated; /* stands behind a negation: another hash, the opposite sign */
};

/* Tokens of a text, at most one a word. Returns their number. */
int linear_tokens(const struct words *w, struct token *ret);
/* The hash of the token for a word by itself, given the hash of its form. */
uint64_t linear_word_token(uint64_t form_hash, bool negated);

/* --- stems: loves, loved, loving -> lov ------------------------------------------------------ */

#define STEM_BYTES_MAX 48
/* Cuts English endings off a form. The result lives in `block` (STEM_BYTES_MAX). */
str linear_stem(str form, char *block);
/* The token that stands for unknown words of a stem. */
uint64_t linear_stem_token(uint64_t stem_hash, bool negated);

/* --- pairs ----------------------------------------------------------------------------------- */

static inline uint64_t linear_pair(uint64_t first, uint64_t second) {
    uint64_t h = (first ^ (first >> 31)) * UINT64_C(0x9E3779B97F4A7C15) ^ second;
    h *= UINT64_C(0xD6E8FEB86659FD93);
    return h ^ (h >> 32);
}

#define PHRASE_WORDS_MAX 5
/* The hash of a phrase, given the hash of what stands before its last word (the form's hash, where
 * that is one word) and of that word. */
static inline uint64_t linear_phrase(uint64_t before, uint64_t form_hash) {
    return linear_pair(before + UINT64_C(0x9E2A5E9E2A5E9E2A), form_hash);
}

/* Which beginnings of phrases exist, so that hardly any other pair of words is looked up. */
#define PHRASE_BITS_LOG2 17
#define PHRASE_BITS_BYTES (1 << (PHRASE_BITS_LOG2 - 3))
static inline uint32_t linear_phrase_bit(uint64_t hash) {
    return (uint32_t)(hash & ((1U << PHRASE_BITS_LOG2) - 1));
}

#define PAIRS_MAX 2
/* A token behind another: the pair itself and, where the token is of a class (not 0), the pair of
 * the other with the class. Returns how many hashes. */
int linear_pairs(const struct token *before, const struct token *now, int which,
                 uint64_t ret[PAIRS_MAX]);

/* --- groups of letters ----------------------------------------------------------------------- */

#define GRAMS_MAX 32
/* Hashes of the groups of 4 bytes of "<norm>". Returns how many. */
int linear_grams(str norm, uint64_t ret[GRAMS_MAX]);

/* --- traits: what the whole text looks like --------------------------------------------------- */

#define TRAIT_COUNTS 17  /* traits that are a number of something */
#define TRAIT_BUCKETS 10 /* cells of each */
#define TRAITS (TRAIT_COUNTS + 7)
#define TRAIT_CELLS (TRAIT_COUNTS * TRAIT_BUCKETS + 25 + 9 + 6 + 25 + 9 + 13 + 13)

/* How good or bad a token is, as it stands: negated words turned round. */
struct mood {
    int8_t sign;    /* of its class: -1, 0, 1 */
    int8_t valence; /* -4..4; a phrase's stands at its first word, the others have 0 */
};

/* One cell (0..TRAIT_CELLS-1) for each trait. moods: of each token (count). */
void linear_traits(const struct words *w, const struct mood *moods, int count,
                   uint16_t ret[TRAITS]);

/* --- scales ---------------------------------------------------------------------------------- */

/* 1 / (2 sqrt(n)) in 1/32768, for sums over n groups of letters. */
int32_t linear_gram_scale(int n);
/* sqrt(pivot / (n + pivot)) in 1/32768. */
int32_t linear_length_scale(int n, int pivot);

static inline uint64_t cell_bucket(uint64_t hash, uint32_t log2) { return hash >> (64 - log2); }
static inline uint16_t cell_check(uint64_t hash) { return (uint16_t)(hash | 1); }

#endif
