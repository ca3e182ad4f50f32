/* reading: what the reader understood of a post. Pure function of the post, the model and the
 * symbols file; integers from here on (bp: basis points, 10,000 = 1.0). */
#ifndef BF_FLOW_READING_H
#define BF_FLOW_READING_H

#include "flow/post.h"

#define SYMBOL_BYTES 24 /* pair name with NUL: "BTCUSDT"; longest listed is under 20 */
#define MENTIONS_MAX 16
#define MISSES_MAX 16
#define READING_HOSTS_MAX 4
#define POLARITY_ABSTAIN_BP 1500 /* |polarity| under this reads as no opinion */

typedef enum label { LABEL_NEGATIVE, LABEL_NEUTRAL, LABEL_POSITIVE } label;

/* Why a stretch of text was linked to a coin. */
#define LINK_REASON_MAP(X)                                                                         \
    X(NONE, "none")                                                                                \
    X(CASHTAG, "cashtag")   /* $DOGE */                                                            \
    X(HASHTAG, "hashtag")   /* #bitcoin */                                                         \
    X(PAIR, "pair")         /* BTCUSDT, BTC/USDT */                                                \
    X(TICKER, "ticker")     /* BTC, as a word */                                                   \
    X(NAME, "name")         /* bitcoin */                                                          \
    X(NICKNAME, "nickname") /* corn, vitalik's coin */
typedef enum link_reason {
#define X(name, text) LINK_##name,
    LINK_REASON_MAP(X)
#undef X
} link_reason;

/* Why a stretch that looks like a coin was not linked. */
#define MISS_REASON_MAP(X)                                                                         \
    X(NONE, "none")                                                                                \
    X(AMBIGUOUS_WORD, "ambiguous_word") /* ONE, GAS, T as ordinary words */                        \
    X(NOT_LISTED, "not_listed")         /* a ticker that the venue does not trade */               \
    X(OTHER_ASSET, "other_asset")       /* WBTC, stETH, BABYDOGE */                                \
    X(STOCK, "stock")                   /* $TSLA, $T */                                            \
    X(INSIDE_WORD, "inside_word")       /* eth in meth */                                          \
    X(INSIDE_LINK, "inside_link")       /* part of a URL or of a user's name */                    \
    X(TOO_MANY, "too_many")             /* more than MENTIONS_MAX coins: a list, no opinion */
typedef enum miss_reason {
#define X(name, text) MISS_##name,
    MISS_REASON_MAP(X)
#undef X
} miss_reason;

const char *link_reason_name(link_reason r);
const char *miss_reason_name(miss_reason r);
const char *miss_reason_text(miss_reason r); /* for people: "an ordinary word here" */

struct mention {
    char symbol[SYMBOL_BYTES]; /* the pair, "BTCUSDT" */
    int32_t confidence_bp;     /* 0..10000: how surely the text means this coin */
    int32_t polarity_bp;       /* -10000..10000 towards this coin; 0 when abstaining */
    bool abstain;              /* no opinion */
    link_reason reason;        /* of the strongest evidence */
    int32_t begin, end;        /* bytes of that evidence in post->text */
};

struct miss {
    miss_reason reason;
    int32_t begin, end;
};

/* What the text does besides having an opinion; bits of reading.cues. */
#define CUE_MAP(X)                                                                                 \
    X(QUESTION, "question")                                                                        \
    X(CONDITIONAL, "conditional")                                                                  \
    X(PAST, "past")                                                                                \
    X(SARCASM, "sarcasm")                                                                          \
    X(REPORTED, "reported")                                                                        \
    X(NEGATED, "negated")                                                                          \
    X(GIVEAWAY, "giveaway") /* send 1 get 2, free airdrop, DM to claim */                          \
    X(PHISHING, "phishing") /* wallet connect, seed phrase, claim link */                          \
    X(PROMO, "promo")       /* join my group, signals channel */                                   \
    /* what takes earlier posts of the same author back (infer/denial.c) */                        \
    X(CORRECTION, "correction") /* correction: ..., fake news: says that something was wrong */    \
    X(DENIAL, "denial")         /* ignore my last post, deleting this */                           \
    X(HACKED, "hacked")         /* my account was hacked, that was not me */
typedef enum cue {
#define X(name, text) CUE_BIT_##name,
    CUE_MAP(X)
#undef X
        CUE_COUNT
} cue;
enum {
#define X(name, text) CUE_##name = 1 << CUE_BIT_##name,
    CUE_MAP(X)
#undef X
};

const char *cue_name(cue c);

struct reading {
    const struct post *post; /* borrowed */
    int32_t probs_bp[3];     /* by label; sum 10000 */
    label label;
    int32_t sentiment_bp; /* -10000..10000, of the whole post */
    int mention_count;
    struct mention mentions[MENTIONS_MAX]; /* in order of first appearance, one per symbol */
    int miss_count;
    struct miss misses[MISSES_MAX];
    uint32_t cues;
    uint64_t simhash;    /* over the normalised text, for near-copies */
    int32_t token_count; /* words that simhash saw; under 4 it says little */
    uint64_t keys;       /* four times 16 bits that near-copies share at least one of */
    uint64_t numbers;    /* Bloom filter of its numbers, two bits each; 0: it has none */
    int host_count;
    uint64_t hosts[READING_HOSTS_MAX]; /* hashes of the hosts that it links to, the first few */
    const char *model;                 /* "linear-1"; static */
};

/* The brief's calculate_signal_score(keywords_score, sentiment_score): round(100 * confidence *
 * |polarity|), 0..100; halves round up. PRE: ranges as above. */
static inline int base_score(int32_t confidence_bp, int32_t polarity_bp) {
    const int64_t pol = polarity_bp < 0 ? -(int64_t)polarity_bp : polarity_bp;
    return (int)((confidence_bp * pol + 500000) / 1000000);
}

#endif
