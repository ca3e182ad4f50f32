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

/* Room for so many entries, and those of the configuration in it. */
void judge_watch_init(struct judge *j, struct arena *boot, int entries);
/* Those of the configuration, in the place of what was there; names are to be learned anew. */
void judge_watch(struct judge *j);
/* id, username: empty where unknown. */
struct standing judge_standing(const struct judge *j, str source, str id, str username);
/* A listed id has posted under this name: whoever else uses it imitates him. */
void judge_learn_name(struct judge *j, str source, str id, str username);
void judge_unlearn_name(struct judge *j, str source, str id);
bool judge_lets_strangers_in(const struct config *cfg, str source);

/* --- authors.c ------------------------------------------------------------------------------- */

void judge_authors_init(struct judge *j, struct arena *boot);
/* Has the author's row brought nearer while something else is done. */
void judge_author_prefetch(const struct judge *j, str key);
/* The post's author, his day and count brought up to date, and his standing; a new one is made, for
 * whom the one silent for longest may have to go (op->gone). Fills op->author, op->standing. */
void judge_author_of(struct judge *j, usec now, const struct post *p, const char *key,
                     struct opinion *op);

/* What the configuration says of each, found anew. */
void judge_authors_stand(struct judge *j);

/* --- habits.c -------------------------------------------------------------------------------- */

/* Compares the post with its author's habits, then makes it part of them. Fills op->guarded and
 * op->departures. */
void judge_habits(const struct config *cfg, usec now, const struct reading *r, struct opinion *op);
/* The author never wrote of the mention's coin before. Only where op->guarded. */
bool judge_is_new_coin(const struct opinion *op, int mention_idx);

/* --- memory.c -------------------------------------------------------------------------------- */

/* Chains through the ring, oldest first, so that the oldest post is the head of each of its own. A
 * node is a post and, where a post stands in several chains of a table, which of them. */
struct chain {
    int32_t head, tail; /* node + 1, head 0: empty */
};
struct chains {
    struct chain *slots;
    int32_t *next; /* by node */
};

#define CHAIN_SLOTS 65536 /* 16 bits of a hash */
#define COPY_KEYS 4       /* of a post; node: index in the ring * COPY_KEYS + which */

/* What a search looks at first, close together. */
struct memory_print {
    uint64_t simhash, numbers;
};

struct memory_index {
    struct chains by_root;
    struct chains by_id; /* of later versions alone: a first one has its root's id */
    int versions;        /* how many stand there */
    struct chains by_key;
    struct memory_print *prints; /* by index in the ring */
};

/* The k-th key of a post; -1: it has it already. */
static inline int32_t judge_key(uint64_t keys, int k) {
    const uint64_t key = keys >> 16 * k & 0xFFFF;
    for (int i = 0; i < k; i++) {
        if ((keys >> 16 * i & 0xFFFF) == key) return -1;
    }
    return (int32_t)key;
}

void judge_memory_init(struct judge *j, struct arena *boot);
void judge_forget_old(struct judge *j, usec now);
/* Has the chains brought nearer through which the post is looked for, and those that the oldest
 * post leaves when this one takes its room. */
void judge_memory_prefetch(const struct judge *j, const struct reading *r);

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
/* Has another author said one of these within judge.hold_s, in words of his own? */
bool judge_is_confirmed(const struct judge *j, usec now, const struct reading *r,
                        const struct opinion *op);

#endif
