/* judge: from a reading to signals: is it news, whose is it, how fresh, and what score is left?
 *
 * Keeps what was read in the last 24 hours (edit chains, copies) and what is known of each author.
 * Memory is bounded: the oldest post makes room, and the authors silent for longest (a trade on his
 * posts makes an author count as a day younger: his rest and his daily cap are not forgotten). */
#ifndef BF_FLOW_JUDGE_JUDGE_H
#define BF_FLOW_JUDGE_JUDGE_H

#include "base/arena.h"
#include "flow/event.h"
#include "flow/judge/record.h"

struct config;

#define JUDGE_MEMORY_MAX 8192 /* posts about coins in 24 hours */
#define JUDGE_AUTHORS_MAX 4096
#define JUDGE_WATCHED_MAX 1024
#define JUDGE_COPY_BITS 6  /* simhashes that differ in no more are near-copies */
#define JUDGE_COPY_WORDS 5 /* shorter texts are alike by chance */
#define JUDGE_WINDOW (24 * USEC_PER_HOUR)

struct judge {
    const struct config *cfg;
    struct post_memory *memory; /* ring */
    int memory_first, memory_count;
    struct author *authors; /* unordered; found through author_slots */
    int author_count;
    struct records records;
    int32_t *author_slots; /* open addressing, index + 1, 0 empty */
    str *watched;          /* skeletons of author names with a weight */
    str *watched_names;    /* the names themselves, lower case */
    int watched_count;
};

/* What is true of the whole post, before each of its mentions is judged. */
struct opinion {
    bool repeated;  /* this very post was judged before: nothing to do */
    bool edit;      /* of a post in memory */
    bool outdated;  /* a newer version of the post was judged before */
    bool root_seen; /* the chain's first version is in memory */
    int64_t cluster_id;
    bool copy;             /* of another author's post */
    struct author *author; /* the judge's own row, changed in place */
    reason refusal;        /* holds for each mention; REASON_NONE if there is none */
    bool listed;           /* the author has a weight in the configuration */
    int32_t author_bp, record_bp, freshness_bp, copies_bp;
};

void judge_init(struct judge *j, struct arena *boot, const struct config *cfg);
void judge_put_author(struct judge *j, const struct author *a);      /* from the store */
void judge_put_memory(struct judge *j, const struct post_memory *m); /* oldest first */

/* Looks at the post as a whole; makes or updates its author. */
void judge_post(struct judge *j, usec now, const struct reading *r, struct opinion *ret);
/* Remembers the post; *ret is the row. PRE: judge_post said that it is not repeated. */
void judge_remember(struct judge *j, usec now, const struct reading *r, const struct opinion *op,
                    struct post_memory *ret);
/* Fills s->parts_bp, score, base_score, side, reason (up to the threshold) for one mention. s->sym,
 * symbol, ids and times are the caller's. */
void judge_mention(const struct judge *j, const struct opinion *op, const struct mention *m,
                   struct signal *s);
/* The already-priced-in factor at the first quote; updates part, score, moved and sigmas. NO_PRICE:
 * no price is known of the post's own time, so nobody can say; PRICED_IN: too little score is left.
 */
MUST_CHECK reason judge_priced_in(const struct judge *j, struct signal *s, usec now,
                                  price now_price);

struct author *judge_find_author(struct judge *j, str key); /* NULL if unknown */

/* "x:44196397", or "x:@name" where there is no id. */
void judge_author_key(const struct post *p, char ret[AUTHOR_BYTES]);

#endif
