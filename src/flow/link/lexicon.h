/* lexicon: the compiled lists of coins, names and telling words; private to link. */
#ifndef BF_FLOW_LINK_LEXICON_H
#define BF_FLOW_LINK_LEXICON_H

#include "flow/link/link.h"
#include "flow/phrases.h"

#define COIN_NONE (-1)
#define COINS_MAX 4096

enum { COIN_WORD = 1 << 0, COIN_LOWER = 1 << 1, COIN_STOCK = 1 << 2, COIN_COMMON = 1 << 3 };

struct coin {
    char pair[SYMBOL_BYTES];
    char base[SYMBOL_BYTES];
    bool listed; /* may be linked */
    uint8_t flags;
};

enum {
    TERM_GUARDED = 1 << 0,  /* a name that links only beside words of crypto */
    TERM_OTHER = 1 << 1,    /* an asset that is not traded */
    TERM_CAPITALS = 1 << 2, /* the asset's ticker: only in capitals, or as a tag */
    TERM_STOCK = 1 << 3,
    TERM_QUOTE = 1 << 4,
    TERM_CRYPTO = 1 << 5,
    TERM_SHARES = 1 << 6,
    TERM_STATE = 1 << 7
};

/* Everything that one text (a word or a phrase) can mean. */
struct term {
    int16_t ticker; /* coin whose ticker it is, COIN_NONE */
    int16_t name;   /* coin whose name it is, COIN_NONE */
    uint8_t name_reason;
    uint8_t flags;
};

struct lexicon {
    struct coin *coins;
    int coin_count;
    struct term *terms;
    int term_count;
    struct phrases *phrases; /* text -> index of its term */
    int doge;                /* the coin whose ticker a department of state shares */
    /* first characters of names in scripts without blanks: bit (code point mod 4096) */
    uint64_t wide_first[64];
    int wide_bytes_max;
};

static inline const struct term *lexicon_term(const struct lexicon *lex, int idx) {
    return idx < 0 ? NULL : &lex->terms[idx];
}

#endif
