/* What is made of a sentence between its items and the coins: clauses and statements. */
#ifndef BF_FLOW_INFER_PARSE_INT_H
#define BF_FLOW_INFER_PARSE_INT_H

#include "flow/infer/infer_int.h"
#include "flow/reading.h"

#define CLAUSES_MAX 40 /* of one sentence; the last one takes the rest */
#define TENTH (NAT / 10)
#define SIDE (16 * TENTH) /* weight of a side taken in a swap or a comparison */
#define NOT_REACH 8       /* words that a negation reaches */
#define JOIN_REACH 6      /* words between a thing and what ends it */
#define TAKEN_BACK 2      /* tenths of what was said, when a view is disclaimed */
#define OUTDATED 5        /* tenths, when a later sentence says the opposite */
#define THING_WHOLE (13 * TENTH)
#define EVENT_WEIGHT (-17) /* of bad news, which can also end (hack, lawsuit, ban) */
#define TOPIC_NONE UINT32_C(0)
#define MENTION_OTHER 31 /* what is no coin of ours, in masks */

struct clause {
    int first, end;   /* items */
    uint32_t coins;   /* in it */
    bool but, though; /* how it starts */
    bool past, noview, after_if, asks;
    bool addressed; /* "if you buy A": says nothing, what follows does */
    bool compared;  /* its comparison or swap has been given to the coins */
};

struct statement {
    uint8_t role;
    bool thing;    /* may still be joined with what ends it */
    bool reported; /* somebody else's words */
    bool was;      /* "was bullish" */
    int8_t effect; /* -1 ends things, 1 brings them, 0 neither */
    int8_t side;   /* of a comparison: 1, -1 */
    int clause;
    int item;
    int32_t value; /* NAT, signed; 0: given away already */
};

struct parse {
    const struct sentence *s;
    struct views *v;
    int clause_count, count;
    struct clause clauses[CLAUSES_MAX];
    struct statement st[ITEMS_MAX];
    bool question, rhetoric;
    bool reports, buts, ifs, noviews;
    bool counters;    /* "if it is dead then why ..." */
    int except;       /* item of "except", -1: none */
    uint32_t subject; /* of a comparison or swap: whom the next sentence goes on about; 0: all */
    int32_t sum[MENTIONS_MAX]; /* what the sentence says of each */
};

static inline uint32_t bit_of(const struct item *i) {
    return i->role == ROLE_COIN ? UINT32_C(1) << i->mention : UINT32_C(1) << MENTION_OTHER;
}

static inline bool is_target(const struct item *i) {
    return i->role == ROLE_COIN || i->role == ROLE_OTHER;
}

/* Cuts p->s into clauses and makes statements of what speaks in them. Before: s and v are set. */
void parse_sentence(struct parse *p);

#endif
