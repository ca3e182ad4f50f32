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

/* The parts of a score, in the order in which they are multiplied. The first two make the base
 * score; every further one is a factor in basis points (10,000 leaves the score as it is). */
#define PART_MAP(X)                                                                                \
    X(CONFIDENCE, "confidence") /* of the link */                                                  \
    X(POLARITY, "polarity")     /* towards the coin, signed */                                     \
    X(AUTHOR, "author")                                                                            \
    X(RECORD, "record") /* what came of his opinions so far */                                     \
    X(FRESHNESS, "freshness")                                                                      \
    X(COPIES, "copies")                                                                            \
    X(PRICED_IN, "priced_in")
typedef enum part {
#define X(name, text) PART_##name,
    PART_MAP(X)
#undef X
        PART_COUNT
} part;
const char *part_name(part p);

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

/* JSON object of the parts, as stored in signals.parts: {"confidence":0.95,...} with 4 decimals. */
void signal_parts_json(const struct signal *s, struct buf *out);
MUST_CHECK bool signal_parts_from_json(str json, struct signal *s);

#endif
