/* signal: what the judge makes of one mention: a side, a score of 0 to 100, and each part of it. */
#ifndef BF_FLOW_SIGNAL_H
#define BF_FLOW_SIGNAL_H

#include "base/money.h"
#include "base/time.h"
#include "flow/order.h"
#include "flow/reason.h"

typedef enum verdict { VERDICT_WAITING, VERDICT_TRADED, VERDICT_REFUSED } verdict;
const char *verdict_name(verdict v); /* waiting, traded, refused */
MUST_CHECK bool verdict_from_name(str s, verdict *ret);

/* The parts of a score, in the order in which they are multiplied: name, the word in the store and
 * in the configuration, least and most in basis points, what it is. The first two make the base
 * score; every further one is a factor (10,000 leaves the score as it is) with a weight of its own,
 * the key judge.WORD: what counts is 1 - weight * (1 - factor). docs/scoring.md has this table. */
#define BASE_PART_MAP(X)                                                                           \
    X(CONFIDENCE, confidence, 0, 10000, "how surely the text means this coin")                     \
    X(POLARITY, polarity, -10000, 10000, "what it says of the coin; the sign is the side")
#define FACTOR_MAP(X)                                                                              \
    X(AUTHOR, author, 0, 20000, "the author's weight, judge.author_weights")                       \
    X(RECORD, record, 5000, 12500, "what came of the author's opinions so far")                    \
    X(HABIT, habit, 0, 10000, "less where it departs from its author's habits")                    \
    X(FRESHNESS, freshness, 0, 10000, "half at each judge.freshness_half_life_s of age")           \
    X(COPIES, copies, 0, 10000, "less where somebody else said the same before")                   \
    X(PRICED_IN, priced_in, 0, 10000, "falls to 0 as the price moves its way")
#define PART_MAP(X) BASE_PART_MAP(X) FACTOR_MAP(X)
typedef enum part {
#define X(name, word, least, most, meaning) PART_##name,
    PART_MAP(X)
#undef X
        PART_COUNT
} part;
#define PART_FIRST_FACTOR PART_AUTHOR

struct part_info {
    const char *name;    /* "freshness" */
    int32_t least, most; /* basis points */
    const char *meaning; /* one line, for people */
};
const struct part_info *part_info(part p);
const char *part_name(part p);

/* How a post departs from all that its author wrote before; bits of signal.departures. */
#define DEPARTURE_MAP(X)                                                                           \
    X(NEW_COIN, "new_coin") /* he never wrote of the coin */                                       \
    X(NEW_LINK, "new_link") /* he never linked to the host */                                      \
    X(ODD_HOUR, "odd_hour") /* he never posts around that hour of the day */
typedef enum departure {
#define X(name, text) DEPARTURE_##name,
    DEPARTURE_MAP(X)
#undef X
        DEPARTURE_COUNT
} departure;
#define DEPARTURE_BIT(name) (1u << DEPARTURE_##name)
#define DEPARTURES_BYTES 64 /* text of any set, with NUL */

#define AUTHOR_BYTES 64 /* "x:44196397" with NUL; names are cut */

struct signal {
    int64_t id;
    int64_t tweet_id;
    int64_t root_id;
    int64_t cluster_id;        /* root of the first post of its cluster of copies */
    char author[AUTHOR_BYTES]; /* source:author_id, or source:@username */
    int sym;                   /* SYM_NONE where the venue does not list it */
    char symbol[SYMBOL_BYTES];
    side side;
    int score;
    int base_score;
    int32_t parts_bp[PART_COUNT];
    uint32_t departures; /* bits, from its author's habits */
    verdict verdict;
    reason reason;
    int64_t trade_id;        /* 0: none */
    price seen;              /* the last price at or before the post's own time, 0 if none */
    usec seen_at;            /* when that was, 0 if none */
    int64_t seen_volatility; /* usual move in a minute as known then, 1e-8; 0 if not known */
    int64_t moved;  /* from `seen` to the price it was judged at, 1e-8, in the signal's direction */
    int64_t sigmas; /* that over the usual move in that time, 1e-8; 0 also if not known */
    bool approved;  /* manual mode: a person said yes */
    bool wants_approval;
    usec posted_at;  /* published */
    usec created_at; /* judged */
    usec expires_at;
};

/* JSON object of the parts, as stored in signals.parts: {"confidence":0.95,...} with 4 decimals.
 * Read back, a factor that is not there is 1: an older program did not know it. */
void signal_parts_json(const struct signal *s, struct buf *out);
MUST_CHECK bool signal_parts_from_json(str json, struct signal *s);

/* "new_coin,odd_hour"; "" for none. */
void departures_format(uint32_t departures, char ret[DEPARTURES_BYTES]);
MUST_CHECK bool departures_parse(str text, uint32_t *ret);

#endif
