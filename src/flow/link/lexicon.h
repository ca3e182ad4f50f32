/* lexicon: the compiled lists of coins, names and telling words; private to link. */
#ifndef BF_FLOW_LINK_LEXICON_H
#define BF_FLOW_LINK_LEXICON_H

#include "flow/link/link.h"
#include "flow/phrases.h"

#define COIN_NONE (-1)
#define COINS_MAX 4096

enum {
    COIN_SURE = 1 << 0,   /* the ticker means nothing else: it needs no context */
    COIN_LOWER = 1 << 1,  /* ... nor capitals */
    COIN_WORD = 1 << 2,   /* the ticker is an ordinary word */
    COIN_COMMON = 1 << 3, /* ... and a very common one; WORD too */
    COIN_STOCK = 1 << 4,  /* the cashtag is rather a share's */
    COIN_ABBR = 1 << 6,   /* no word, but an abbreviation of other things; WORD too */
    COIN_SHARE = 1 << 5,  /* the cashtag is a share's as well, but rather the coin's */
    COIN_PLAIN = 1 << 9,  /* so well known that its ticker begins no name */
    COIN_LOUD = 1 << 8    /* a word that is rarely written in capitals, but for the coin */
};

struct coin {
    char pair[SYMBOL_BYTES];
    char base[SYMBOL_BYTES];
    bool listed; /* may be linked */
    uint16_t flags;
};

enum {
    TERM_GUARDED = 1 << 0,  /* a name that links only in a post on crypto */
    TERM_OTHER = 1 << 1,    /* an asset that is not traded */
    TERM_CAPITALS = 1 << 2, /* the asset's ticker: only in capitals, or as a tag */
    TERM_STOCK = 1 << 3,
    TERM_QUOTE = 1 << 4,
    TERM_CRYPTO = 1 << 5, /* words that tell what a post is about */
    TERM_HINT = 1 << 6,
    TERM_TRADE = 1 << 7,
    TERM_SHARES = 1 << 8,
    TERM_STATE = 1 << 9,
    TERM_NOT = 1 << 10, /* a phrase that holds a name and means something else */
    TERM_MOVE = 1 << 11,
    TERM_SENSE = 1 << 12,  /* tells of what tickers mean otherwise; which: term.sense */
    TERM_LIFE = 1 << 13,   /* speaks of other things than markets */
    TERM_BEHIND = 1 << 14, /* right behind a ticker in small letters: it is a coin */
    TERM_BEFORE = 1 << 15, /* ... right before it */
    TERM_TELLS = TERM_CRYPTO | TERM_HINT | TERM_TRADE | TERM_SHARES | TERM_STATE | TERM_MOVE |
                 TERM_SENSE | TERM_LIFE
};

#define SENSE_NONE (-1)

/* "students" tells that UNI is no coin: one coin of a word's list. */
struct sense {
    int16_t coin;
    int16_t next; /* index in lexicon.senses, SENSE_NONE */
    bool names;   /* speaks against the coin's certain names too ("formula", of Cardano) */
};

/* Everything that one text (a word or a phrase) can mean. */
struct term {
    int16_t ticker; /* coin whose ticker it is, COIN_NONE */
    int16_t name;   /* coin whose name it is, COIN_NONE */
    int16_t sense;  /* first of the coins against which the word speaks, SENSE_NONE */
    uint8_t name_reason;
    uint16_t flags;
};

struct lexicon {
    struct coin *coins;
    int coin_count;
    struct term *terms;
    int term_count;
    struct phrases *phrases; /* text -> index of its term */
    struct sense *senses;
    int sense_count;
    struct phrases *typos; /* names with one letter wrong -> index of the name's term */
    /* which hashes are in `typos`: most words are in none */
    uint64_t typo_bits[1 << 10];
    int doge; /* the coin whose ticker a department of state shares */
    /* first characters of names in scripts without blanks: bit (code point mod 4096) */
    uint64_t wide_first[64];
    int wide_bytes_max;
    /* first four bytes of names that mean nothing else, hashed: most words begin like none */
    uint64_t name_starts[256];
};

#define NAME_START_BYTES 4

static inline uint32_t lexicon_start(str form) {
    uint32_t start;
    memcpy(&start, form.p, NAME_START_BYTES);
    return start * 0x9E3779B1u >> 18;
}

/* Could a name that means nothing else stand at the beginning of the form (of four bytes or more)?
 */
static inline bool lexicon_may_start(const struct lexicon *lex, str form) {
    uint32_t bit = lexicon_start(form);
    return lex->name_starts[bit / 64] >> bit % 64 & 1;
}

static inline const struct term *lexicon_term(const struct lexicon *lex, int idx) {
    return idx < 0 ? NULL : &lex->terms[idx];
}

/* Could the word of this hash be a name with one letter wrong? */
static inline bool lexicon_may_be_typo(const struct lexicon *lex, uint64_t hash) {
    return lex->typo_bits[hash >> 6 & 1023] >> (hash & 63) & 1;
}

/* What a single normalised form means, NULL: nothing. */
static inline const struct term *lexicon_find(const struct lexicon *lex, str form) {
    return lexicon_term(lex, phrases_find_form(lex->phrases, form));
}

#endif
