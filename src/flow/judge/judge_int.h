/* What the judge's files share: names.c (how names look), watch.c (what the configuration says of
 * an author), authors.c (the table), habits.c (what authors used to do), memory.c (the posts of 24
 * hours and their index), recall.c (what the memory says of a post), judge.c (the opinion and the
 * score). */
#ifndef BF_FLOW_JUDGE_JUDGE_INT_H
#define BF_FLOW_JUDGE_JUDGE_INT_H

#include "config/config.h"
#include "flow/judge/judge.h"

/* --- names.c --------------------------------------------------------------------------------- */

/* How a name looks, for comparison; 0: too short to be imitated. */
struct name_look {
    uint64_t skeleton; /* hash of the name as a hurried reader sees it */
    uint64_t core;     /* the same without what imitators add */
};
struct name_look judge_name_look(str name);

/* --- watch.c --------------------------------------------------------------------------------- */

/* An entry of judge.author_weights: name, source:id, source:@name, source:id@name. */
struct watched {
    str source, id, name; /* empty: it does not say */
    int32_t weight_bp;
    bool name_learned; /* from a post by that id; name lies in `block` */
    struct name_look look;
    char block[AUTHOR_BYTES];
};

void judge_watch(struct judge *j, struct arena *boot);
/* id, username: empty where unknown. */
struct standing judge_standing(const struct judge *j, str source, str id, str username);
/* A listed id has posted under this name: whoever else uses it imitates him. */
void judge_learn_name(struct judge *j, str source, str id, str username);
bool judge_lets_strangers_in(const struct config *cfg, str source);

/* --- authors.c ------------------------------------------------------------------------------- */

void judge_authors_init(struct judge *j, struct arena *boot);
/* Has the author's row brought nearer while something else is done. */
void judge_author_prefetch(const struct judge *j, str key);
/* The post's author, his day and count brought up to date, and his standing; a new one is made, for
 * whom the one silent for longest may have to go (op->gone). Fills op->author, op->standing. */
void judge_author_of(struct judge *j, usec now, const struct post *p, const char *key,
                     struct opinion *op);

/* --- habits.c -------------------------------------------------------------------------------- */

/* Compares the post with its author's habits, then makes it part of them. Fills op->guarded and
 * op->departures. */
void judge_habits(const struct config *cfg, usec now, const struct reading *r, struct opinion *op);
/* The author never wrote of the mention's coin before. Only where op->guarded. */
bool judge_is_new_coin(const struct opinion *op, int mention_idx);

/* --- memory.c -------------------------------------------------------------------------------- */

/* Chains through the ring, oldest first, so that the oldest post is the head of each of its own. */
struct chain {
    int32_t head, tail; /* index in the ring + 1, head 0: empty */
    uint64_t simhash;   /* of the head, so that most searches need not go to it */
};
struct chains {
    struct chain *slots;
    int32_t *next; /* by index in the ring */
};

/* Four bands of 16 bits cut a simhash into pieces: of two that differ in at most 6 bits one band
 * differs in at most one bit (6 < 4 * 2), so that 17 slots a band hold all near-copies. A bitmap
 * says which of the slots hold anything, and 32 KB of it stay in the nearest cache. */
#define BANDS 4
#define BAND_SLOTS 65536
#define ID_SLOTS 65536
_Static_assert(JUDGE_COPY_BITS < 2 * BANDS, "a band with at most one bit of difference");

struct memory_index {
    struct chains by_root, by_band[BANDS];
    struct chains by_id; /* of later versions alone: a first one has its root's id */
    int versions;        /* how many stand there */
    uint64_t *bitmap[BANDS];
};

void judge_memory_init(struct judge *j, struct arena *boot);
void judge_forget_old(struct judge *j, usec now);

static inline const struct post_memory *judge_memory_at(const struct judge *j, int i) {
    return &j->memory[(j->memory_first + i) & (JUDGE_MEMORY_MAX - 1)];
}
/* How many posts in memory are older than the one at this index of the ring. */
static inline int judge_memory_age(const struct judge *j, int32_t ring_idx) {
    return (ring_idx - j->memory_first) & (JUDGE_MEMORY_MAX - 1);
}
static inline ptrdiff_t judge_id_slot(int64_t id) {
    return (ptrdiff_t)((uint64_t)id * UINT64_C(0x9E3779B97F4A7C15) >> 48);
}

/* --- recall.c -------------------------------------------------------------------------------- */

/* Two bits for each coin with the side taken: what a post says, in 64 bits. */
static inline uint64_t judge_opinion_bits(uint64_t coin, const struct mention *m) {
    if (m->abstain || m->polarity_bp == 0) return 0;
    if (m->polarity_bp < 0) coin ^= coin >> 12 | UINT64_C(1);
    return UINT64_C(1) << (coin & 63) | UINT64_C(1) << (coin >> 6 & 63);
}
/* What the memory says of a post: its chain, its cluster. author: key of its author. */
void judge_recall(struct judge *j, usec now, const struct reading *r, const char *author,
                  struct opinion *op);
/* Has another author said one of these within judge.hold_s? */
bool judge_is_confirmed(const struct judge *j, usec now, const struct reading *r,
                        const struct opinion *op);

#endif
