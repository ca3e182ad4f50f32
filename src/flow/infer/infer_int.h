/* What the files of infer share. */
#ifndef BF_FLOW_INFER_INFER_INT_H
#define BF_FLOW_INFER_INFER_INT_H

#include "flow/infer/infer.h"
#include "flow/phrases.h"

/* --- vocabulary: what words and phrases do to a text ------------------------------------------ */

/* Halves of patterns: each alone says nothing, two together are a cue (see scan.c). */
enum {
    HALF_PRIZE = 1 << 16,  /* airdrop, giveaway */
    HALF_CLAIM = 1 << 17,  /* claim, retweet, first 100 */
    HALF_SECRET = 1 << 18, /* seed phrase, connect your wallet */
    HALF_ENTER = 1 << 19,  /* enter, validate, verify */
};

typedef enum role {
    ROLE_NONE,
    ROLE_DIRECTION, /* weight, sign: up or down */
    ROLE_CUE,       /* bits */
    ROLE_BREAK,     /* starts a new clause (but, while) */
    ROLE_JOIN,      /* starts one when a verb of direction follows (and, then) */
    ROLE_OVER,      /* the coin before is set above the coin behind (over, beats) */
    ROLE_SWAP,   /* gives the coin behind for the coin after "for" (sell, swap): a direction too */
    ROLE_PREFER, /* sets the coin behind above the coin after \"to\" */
    ROLE_INTO,   /* of a swap: into, for */
    ROLE_FROM,   /* of a swap: from */
    ROLE_UNDER,  /* the coin before is set below the coin behind (worse than) */
    ROLE_AFFIRM, /* a negation that is none (never been more, can't stop) */
    ROLE_TURN,   /* turns the next direction round (closed my, regret) */
    ROLE_STRONGER, /* very, massive */
    ROLE_WEAKER    /* slightly, maybe */
} role;

struct sense {
    role role;
    int weight;    /* tenths of a nat, signed */
    uint32_t bits; /* CUE_ and HALF_ */
};

struct vocabulary;
struct vocabulary *vocabulary_open(struct arena *boot);
/* What starts at word `at`; ROLE_NONE: nothing. *ret_end: behind it. */
const struct sense *vocabulary_find(const struct vocabulary *v, const struct words *w, int at,
                                    int *ret_end);

/* --- denial: what takes the author's earlier posts back (denial.c) ---------------------------- */

struct denial;
struct denial *denial_open(struct arena *boot);
uint32_t denial_cues(const struct denial *d, const struct words *w); /* bits of reading.cues */

/* --- integer softmax -------------------------------------------------------------------------- */

struct exp_table;
struct exp_table *exp_table_open(struct arena *boot);
/* Logits (NAT) -> probabilities in basis points; they sum to 10,000. */
void softmax_bp(const struct exp_table *t, const int32_t logit[3], int32_t ret_bp[3]);

/* --- clauses ---------------------------------------------------------------------------------- */

#define CLAUSES_MAX 64

struct clause {
    int first, end;    /* words */
    int32_t direction; /* sum of the direction words, NAT, signed */
    int coins;         /* hits in it */
    bool turn;         /* starts with \"but\": outweighs what stands before */
    int says;          /* words in it that are no coins, links or users */
    uint32_t cues;
};

struct clauses {
    int count;
    struct clause v[CLAUSES_MAX];
    uint32_t cues; /* of the whole post */
    /* of each hit of the linker: what its clause says of this coin alone, where it tells coins
     * apart ("sell BTC buy ETH") */
    bool hit_own[LINK_HITS_MAX];
    int32_t hit_direction[LINK_HITS_MAX]; /* NAT, signed */
};

/* Cuts a text into clauses and sums what the vocabulary says of each. */
void clauses_scan(const struct vocabulary *v, const struct words *w, const struct links *links,
                  struct clauses *ret);

/* In clauses with several coins: what is said of each alone. After clauses_scan. */
void targets_assign(const struct vocabulary *v, const struct words *w, const struct links *links,
                    struct clauses *c);

/* --- simhash ---------------------------------------------------------------------------------- */

#define HOST_BYTES 256 /* of a host name; what is longer is cut */

/* Fills ret's simhash, token_count, numbers and hosts. */
void simhash_words(const struct words *w, struct reading *ret);

#endif
