/* words: a text cut into words once, for every stage of the reader that looks at words.
 *
 * The tokeniser knows what posts are made of: words, numbers, $cashtags, #hashtags, @users, links,
 * emoji and punctuation. Each word has a normalised form (lower case, without its sign, elongations
 * cut: "MOOOON" reads "moon") and a 64-bit hash of that form, so that looking a word up costs one
 * probe and no comparison of text. The hash is not keyed: whoever builds a second text with the
 * hash of "bitcoin" gains no more than by writing "bitcoin". */
#ifndef BF_FLOW_WORDS_H
#define BF_FLOW_WORDS_H

#include "base/arena.h"
#include "base/str.h"

#define WORDS_MAX 32000         /* more than a text of 25,000 characters has; an index fits int16 */
#define WORD_NORM_BYTES_MAX 255 /* of one normalised form; the rest of a longer word is cut */

typedef enum word_kind {
    WORD_TEXT,    /* letters, and digits among letters */
    WORD_NUMBER,  /* 42, 1,000.5, $100, 50k, 10x */
    WORD_CASHTAG, /* $DOGE */
    WORD_HASHTAG, /* #bitcoin */
    WORD_USER,    /* @name */
    WORD_LINK,    /* https://..., example.com/x */
    WORD_EMOJI,   /* one pictograph, or an emoticon such as :) */
    WORD_PUNCT    /* one mark; repeated ! and ? are one */
} word_kind;

enum {
    WORD_UPPER = 1 << 0,    /* two or more letters, all capitals */
    WORD_TITLE = 1 << 1,    /* first letter a capital, not UPPER */
    WORD_LONG = 1 << 2,     /* elongated: a letter stood three times or more */
    WORD_SPACED = 1 << 3,   /* white space or nothing before it */
    WORD_LINE = 1 << 4,     /* first word of a line */
    WORD_DIGIT = 1 << 5,    /* has a digit */
    WORD_WIDE = 1 << 6,     /* a run of a script that sets no blanks between words */
    WORD_NEGATED = 1 << 7,  /* stands in the scope of a negation of its clause */
    WORD_NEGATION = 1 << 8, /* is a negation */
    /* told by the linker, not by words_split */
    WORD_COIN = 1 << 9,    /* names a coin */
    WORD_CRYPTO = 1 << 10, /* speaks of crypto, and of nothing else */
    WORD_HINT = 1 << 11,   /* often speaks of crypto */
    WORD_TRADE = 1 << 12,  /* speaks of buying, selling, prices */
    WORD_MOVE = 1 << 13    /* says so of prices among other things */
};

struct word {
    uint64_t hash;      /* of the normalised form */
    int32_t begin, end; /* bytes in the text, the sign included */
    int32_t norm;       /* offset of the normalised form in words.norm */
    uint8_t norm_bytes;
    uint8_t kind; /* word_kind */
    uint16_t flags;
};

struct words {
    str text; /* borrowed */
    struct word *v;
    int count;
    char *norm;
    bool cut; /* the text has more than WORDS_MAX words: what stands behind is not read */
};

/* Cuts `text` (valid UTF-8) into words; arrays are taken from `a`, in proportion to the text: two
 * bytes for each of it, and up to four thirds of a struct word, for WORDS_MAX of them. Never
 * fails. */
void words_split(struct arena *a, str text, struct words *ret);

static inline str word_norm(const struct words *w, int idx) {
    return (str){w->norm + w->v[idx].norm, w->v[idx].norm_bytes};
}

/* The hash of a normalised form, as words_split makes it. */
uint64_t word_hash(str norm);

static inline bool word_is_mark(const struct words *w, int idx, char mark) {
    const struct word *v = &w->v[idx];
    return v->kind == WORD_PUNCT && w->norm[v->norm] == mark;
}

#endif
