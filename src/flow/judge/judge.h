/* judge: from a reading to signals: is it news, whose is it, how fresh, and what score is left?
 *
 * Keeps what was read in the last 24 hours (edit chains, copies) and what is known of each author.
 * Memory is bounded: the oldest post makes room, and the author silent for longest (whoever was
 * traded within a day stays: his rest and his daily cap are not forgotten; so does whoever the
 * configuration lists by id). */
#ifndef BF_FLOW_JUDGE_JUDGE_H
#define BF_FLOW_JUDGE_JUDGE_H

#include "base/arena.h"
#include "flow/event.h"
#include "flow/judge/record.h"

struct config;

#define JUDGE_MEMORY_MAX 16384 /* posts about coins in 24 hours; a power of two */
#define JUDGE_AUTHORS_MAX 16384
#define JUDGE_COPY_BITS 12 /* simhashes that differ in no more are near-copies; chance: 17 up */
#define JUDGE_COPY_WORDS 5 /* shorter texts are copies only when they are the same, and soon */
#define JUDGE_SHORT_WINDOW (10 * USEC_PER_MIN) /* how soon */
#define JUDGE_WINDOW (24 * USEC_PER_HOUR)

/* What the configuration says of an author. */
struct standing {
    uint32_t made; /* judge.watch_made when it was found; another: find it again */
    int32_t weight_bp;
    bool listed; /* in judge.author_weights */
    bool by_id;  /* listed by his id */
    bool muted;
    bool lookalike; /* of a listed one */
};

/* An author in the table. Indices + 1 of others, 0: none. */
struct judge_author {
    struct author row;
    struct standing standing;
};
struct author_links {
    uint32_t hash;        /* of his key: no need to look at the row of another */
    int32_t chain;        /* next with the same slot */
    int32_t older, newer; /* by last post */
};

struct judge {
    const struct config *cfg;
    struct memory_index *index; /* of `memory`; NULL in a judge without memory */
    struct post_memory *memory; /* ring */
    int memory_first, memory_count;
    struct judge_author *authors;
    struct author_links *author_links; /* of each */
    int32_t *author_slots;             /* chains, index + 1 */
    int author_count;
    struct records records;
    struct author gone;      /* the last one who made room */
    int32_t oldest, newest;  /* index + 1 */
    int64_t heard;           /* number of the last post judged */
    struct watched *watched; /* the entries of judge.author_weights */
    int watched_count, watched_max;
    uint32_t watch_made; /* counts what was learned of listed authors' names; from 1 */
};

/* What is true of the whole post, before each of its mentions is judged. */
struct opinion {
    bool repeated;  /* this very post was judged before: nothing to do */
    bool edit;      /* of a post in memory */
    bool outdated;  /* a newer version of the post was judged before */
    bool root_seen; /* the chain's first version is in memory */
    bool copy;      /* of another author's post */
    bool held;      /* departs, and judge.guard holds it */
    bool guarded;   /* its author has habits */
    int64_t cluster_id;
    uint64_t copied;           /* what others said before: Bloom filter, as post_memory.opinions */
    struct author *author;     /* the judge's own row, changed in place */
    struct standing standing;  /* his */
    const struct author *gone; /* who made room for him: a row to be put; NULL: nobody */
    const struct mention *mentions;  /* the reading's, borrowed */
    uint64_t coins[MENTIONS_MAX];    /* hash of each one's symbol */
    uint32_t departures;             /* of the post: link and hour; a mention may add its coin */
    reason refusal;                  /* holds for each mention; REASON_NONE if there is none */
    int32_t record_bp, freshness_bp; /* the factors, not yet weighed */
};

void judge_init(struct judge *j, struct arena *boot, const struct config *cfg);
/* Another configuration from now on, as trader_configure() says it. */
void judge_configure(struct judge *j, const struct config *cfg);
/* For judge_alone only: no memory, no authors, little room. */
void judge_init_alone(struct judge *j, struct arena *boot, const struct config *cfg);
/* From the store, those heard last at the end; flags and numbers as they were put. */
void judge_put_author(struct judge *j, const struct author *a);
void judge_put_memory(struct judge *j, const struct post_memory *m); /* oldest first */

/* Looks at the post as a whole; makes or updates its author. */
void judge_post(struct judge *j, usec now, const struct reading *r, struct opinion *ret);
/* Remembers the post; *ret is the row. PRE: judge_post said that it is not repeated. */
void judge_remember(struct judge *j, usec now, const struct reading *r, const struct opinion *op,
                    struct post_memory *ret);
/* Fills s->parts_bp, departures, score, base_score, side, reason (up to the threshold) for one
 * mention. s->sym, symbol, ids and times are the caller's. */
void judge_mention(const struct judge *j, const struct opinion *op, const struct mention *m,
                   struct signal *s);
/* The already-priced-in factor at the first quote; updates part, score, moved and sigmas. NO_PRICE:
 * no price is known of the post's own time, so nobody can say; PRICED_IN: too little score is left.
 */
MUST_CHECK reason judge_priced_in(const struct judge *j, struct signal *s, usec now,
                                  price now_price);

/* The i-th mention of a reading by itself: as if nothing had been read before and no price were
 * known, so that the factors habit, copies and priced_in are 1. A post without a time is fresh.
 * Fills symbol, side, parts, score, base_score and reason (REASON_NONE: it would go on to the
 * market and the risk rules) of *ret, and leaves the rest zero. Changes nothing. */
void judge_alone(const struct judge *j, usec now, const struct reading *r, int mention_idx,
                 struct signal *ret);

/* Could the trader do anything with the post but store it, and learn nothing of an author who may
 * be traded? Where the trader is a process of its own it is not troubled with others. */
bool judge_concerns(const struct judge *j, const struct reading *r);

/* The weight of a factor in the configuration, in basis points; 10,000 for the two base parts. */
int32_t judge_weight_bp(const struct config *cfg, part p);

struct author *judge_find_author(struct judge *j, str key); /* NULL if unknown */
/* A person asks for it: author_forget() on his row, no record, no name learned from him. */
void judge_forget_author(struct judge *j, str key);
/* The post as the judge remembers it, NULL if it does not. */
const struct post_memory *judge_find_post(const struct judge *j, int64_t tweet_id);

/* "x:44196397", or "x:@name" where there is no id. */
void judge_author_key(const struct post *p, char ret[AUTHOR_BYTES]);

#endif
