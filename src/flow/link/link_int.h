/* What the files of the linker share. */
#ifndef BF_FLOW_LINK_LINK_INT_H
#define BF_FLOW_LINK_LINK_INT_H

#include "flow/link/lexicon.h"

#define SENSES_MAX 16       /* more such words say no more */
#define CANDIDATES_MAX 2048 /* a post with more is a list of thousands, and says nothing */

/* Confidence by evidence, basis points. Untold things about a text keep all of them below 1. */
enum {
    SURE_PAIR = 9900,
    SURE_CASHTAG = 9800,
    SURE_NAME = 9700,
    SURE_HASHTAG = 9600,
    SURE_TICKER = 9500,
    SURE_TICKER_LOWER = 9300,
    SURE_CASHTAG_WORD = 9000, /* the ticker is a word or a share as well, context speaks for it */
    SURE_NICKNAME = 8000,
    SURE_GUARDED = 7500,
    SURE_TICKER_WORD = 7000,
    SURE_LIKELY_MAX = 9000 /* what context alone can add up to */
};

/* How much a candidate still needs to be believed: it links when its base and what context adds
 * (evidence.c) reach POINTS_ENOUGH. */
enum { POINTS_ENOUGH = 2, POINTS_CERTAIN = 20 };

typedef enum form {
    FORM_TAG,   /* $X, #X */
    FORM_NAME,  /* a name */
    FORM_CAPS,  /* a ticker in capitals, or one that needs none */
    FORM_LOWER, /* a ticker in lower case: only beside words of trade */
    FORM_TITLE, /* ... with a capital: also in a post that speaks of crypto */
    FORM_LISTED /* a ticker that is a word in lower case: only in a list of sure ones */
} form;

struct candidate {
    int16_t coin, first, end; /* words first..end-1 */
    int16_t sure;
    int8_t base;    /* points */
    uint8_t form;   /* form */
    uint8_t reason; /* link_reason */
    uint8_t miss;   /* miss_reason, if it does not link */
    bool state;     /* DOGE: not beside words of the state */
    bool hints;     /* is itself one of the hints that were counted */
    bool shares;    /* words of the stock market speak against it */
    bool accepted;
    bool doubted;      /* a ticker that would be certain elsewhere */
    uint8_t run;       /* coins in the list that it stands in */
    uint8_t run_sure;  /* those of them that are certain */
    uint8_t run_plain; /* those of them whose tickers are no words */
    bool run_comma;    /* nothing but commas or slashes between three of them or more */
    bool duel;         /* stands on one side of "flipped" or "into" */
};

struct linker {
    const struct lexicon *lex;
    struct words *w;
    struct links *out;
    int count;
    int crypto, hints, trades, moves; /* words of each kind */
    int shares, state, life;
    int rivals; /* $cashtags of coins that cannot be linked */
    int tags;   /* hashtags */
    int sense_count;
    int16_t senses[SENSES_MAX];                 /* terms' lists met, each a word of other senses */
    bool shouting;                              /* the post is written in capitals */
    struct candidate found[CANDIDATES_MAX + 1]; /* the last takes what is too much */
};

/* --- link.c: notes of the first pass ---------------------------------------------------------- */

void link_miss(struct linker *k, miss_reason reason, int first, int end);
/* Marks words first..end-1 as speaking of crypto. */
void link_tell(struct linker *k, int first, int end);
/* "LTC Perez", "UNI Köln": does the ticker begin a name? */
bool link_begins_name(const struct linker *k, const struct candidate *c);
/* A candidate that needs nothing. */
void link_note_sure(struct linker *k, int coin, int first, int end, link_reason reason, int sure);
/* A name of a coin. */
void link_note_name(struct linker *k, const struct term *t, int first, int end);

/* --- forms.c: words that are not written as the lexicon has them -------------------------------
 */

/* "bitcoin's", "dogecoins", "биткоином", "dooooge": what the form means without what was added.
 * Only what names a coin for certain; NULL: nothing. */
const struct term *link_term_of_bent(const struct linker *k, int at);
/* "solona", "bitcion": the name that has one letter wrong, NULL: none. */
const struct term *link_term_of_typo(const struct linker *k, int at);
/* "#BitcoinPizzaDay": the coin that a piece of a hashtag names, COIN_NONE. */
int link_coin_in_hashtag(const struct linker *k, int at);
/* Is the word one that companies end their names with ("$ZETA Global")? */
bool link_is_company(const struct linker *k, int at);
/* Does the form hold the name of a large coin without being it? (dogematic, bitcoiners, meth) */
bool link_holds_name(str norm);

/* --- doubt.c: the second pass begins ------------------------------------------------------------
 */

/* Takes points from candidates that were certain, where they may mean something else. */
void link_doubt(struct linker *k);

/* --- small.c: tickers that are words, in small letters -----------------------------------------
 */

/* Do the words right beside the ticker make it a coin ("unstaked my dot", "link below 12")? */
bool link_is_spoken_of(const struct linker *k, int at);

/* --- pairs.c -----------------------------------------------------------------------------------
 */

/* "btcusdt", "ethbtc" -> the coin of the first half, COIN_NONE. */
int link_coin_of_pair(const struct lexicon *lex, str norm);
/* BTC/USDT, BTC-USD, $SOL/usdt at `at`? The word behind the pair, 0 if none. */
int link_pair_end(const struct linker *k, int at);

/* "ethbtc": the coin of the second half, which the pair is about too; COIN_NONE. */
int link_money_of_pair(const struct lexicon *lex, str norm);
/* Is the word one of the coins that others are priced in? Then a pair is about both. */
bool link_is_money(const struct linker *k, int at);

/* A minus, however it is written? (-, −, –) */
bool link_is_minus(const struct words *w, int at);

/* --- evidence.c: the second pass's judgement ---------------------------------------------------
 */

/* Finds the lists of coins among the candidates ("BTC, ETH and LINK"). */
void link_find_runs(struct linker *k);
/* Words that tell of another sense of the coin's ticker or name ("students" beside UNI). */
int link_senses(const struct linker *k, int coin);
/* "not ETH — ETC": is the candidate only what is not meant? */
bool link_is_denied(const struct linker *k, int idx);
/* What speaks for a candidate, in points; below POINTS_ENOUGH it does not link. */
int link_points(const struct linker *k, const struct candidate *c);

#endif
