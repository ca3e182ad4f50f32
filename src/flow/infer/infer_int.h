/* What the files of infer share. */
#ifndef BF_FLOW_INFER_INFER_INT_H
#define BF_FLOW_INFER_INFER_INT_H

#include "flow/infer/infer.h"
#include "flow/model.h"
#include "flow/phrases.h"

/* --- vocabulary: what words and phrases do to a text ------------------------------------------ */

/* Halves of patterns: each alone says nothing, two together are a cue. */
enum {
    HALF_PRIZE = 1 << 16,  /* airdrop, giveaway */
    HALF_CLAIM = 1 << 17,  /* claim, retweet, first 100 */
    HALF_SECRET = 1 << 18, /* seed phrase, connect your wallet */
    HALF_ENTER = 1 << 19,  /* enter, validate, verify */
};

/* What a phrase does; models/opinions.tsv explains each in its first lines. */
#define ROLE_MAP(X)                                                                                \
    X(NONE, "none")                                                                                \
    X(ACT, "act")                                                                                  \
    X(TOWARD, "toward")                                                                            \
    X(POS, "pos")                                                                                  \
    X(SAY, "say")                                                                                  \
    X(MOVE, "move")                                                                                \
    X(DIP, "dip")                                                                                  \
    X(THING, "thing")                                                                              \
    X(END, "end")                                                                                  \
    X(GROW, "grow")                                                                                \
    X(PRAISE, "praise")                                                                            \
    X(EMOJI, "emoji")                                                                              \
    X(SWAP, "swap")                                                                                \
    X(OVER, "over")                                                                                \
    X(UNDER, "under")                                                                              \
    X(WIDE, "wide")                                                                                \
    X(TURN, "turn")                                                                                \
    X(NOT, "not")                                                                                  \
    X(AFFIRM, "affirm")                                                                            \
    X(STRONG, "strong")                                                                            \
    X(WEAK, "weak")                                                                                \
    X(INTO, "into")                                                                                \
    X(FROM, "from")                                                                                \
    X(THAN, "than")                                                                                \
    X(PREFER, "prefer")                                                                            \
    X(UNLIKE, "unlike")                                                                            \
    X(EXCEPT, "except")                                                                            \
    X(ON, "on")                                                                                    \
    X(BUT, "but")                                                                                  \
    X(THOUGH, "though")                                                                            \
    X(AND, "and")                                                                                  \
    X(IF_YOU, "ifyou")                                                                             \
    X(IF, "if")                                                                                    \
    X(ASK, "ask")                                                                                  \
    X(RHETORIC, "rhetoric")                                                                        \
    X(PAST, "past")                                                                                \
    X(WAS, "was")                                                                                  \
    X(REPORT, "report")                                                                            \
    X(AGREE, "agree")                                                                              \
    X(DOUBT, "doubt")                                                                              \
    X(IRONY, "irony")                                                                              \
    X(PLAIN, "plain")                                                                              \
    X(NOVIEW, "noview")                                                                            \
    X(VOID, "void")                                                                                \
    X(OTHER, "other")                                                                              \
    X(CUE, "cue")
typedef enum role {
#define X(name, text) ROLE_##name,
    ROLE_MAP(X)
#undef X
    /* of items only, not of phrases: */
    ROLE_COIN,
    ROLE_QUOTE, /* the second coin of ETH/BTC */
    ROLE_BREAK  /* a comma and its like */
} role;

/* Says something for or against? */
static inline bool role_speaks(role r) { return r >= ROLE_ACT && r <= ROLE_WIDE; }

struct sense {
    uint8_t role;
    int16_t weight; /* tenths of a nat, signed */
    uint32_t bits;  /* CUE_ and HALF_ */
};

struct vocabulary;

/* From the text of models/opinions.tsv, in `boot`. Errors: ERR_CONFIG with the line. */
MUST_CHECK bool vocabulary_open(struct arena *boot, str text, struct vocabulary **ret,
                                struct error *err);
/* What starts at word `at`; ROLE_NONE: nothing. *ret_end: behind it. */
const struct sense *vocabulary_find(const struct vocabulary *v, const struct words *w, int at,
                                    int *ret_end);
/* In a word of a script without blanks: the longest entry at or behind byte *at of its form, NULL:
 * none. *at: behind it. *ret_not: a negation stands directly before it. */
const struct sense *vocabulary_find_wide(const struct vocabulary *v, str form, ptrdiff_t *at,
                                         bool *ret_not);

/* --- denial: what takes the author's earlier posts back (denial.c) ---------------------------- */

struct denial;
struct denial *denial_open(struct arena *boot);
uint32_t denial_cues(const struct denial *d, const struct words *w); /* bits of reading.cues */

/* --- lures: giveaways and phishing by what stands together (lures.c) -------------------------- */

struct lures;
struct lures *lures_open(struct arena *boot);
/* The cues with CUE_GIVEAWAY or CUE_PHISHING added, or taken away where the post warns of them. */
uint32_t lures_cues(const struct lures *l, const struct words *w, uint32_t cues);

/* --- integer softmax -------------------------------------------------------------------------- */

struct exp_table;
struct exp_table *exp_table_open(struct arena *boot);
/* Logits (NAT) -> probabilities in basis points; they sum to 10,000. */
void softmax_bp(const struct exp_table *t, const int32_t logit[3], int32_t ret_bp[3]);

/* --- items: what matters of a sentence, in order ------------------------------------------------
 */

#define ITEMS_MAX 96 /* of one sentence; a longer one is read in parts */

struct item {
    uint8_t role;   /* role */
    bool quoted;    /* stands in quotation marks */
    bool own;       /* of ROLE_REPORT: the author speaks of himself ("I heard") */
    bool foreign;   /* of an act: done with something that is no coin ("sold my truck") */
    int8_t mention; /* of ROLE_COIN */
    int16_t weight; /* tenths of a nat */
    int at, end;    /* words */
};

struct sentence {
    int count;
    struct item v[ITEMS_MAX];
    uint64_t roles; /* bits of the roles that items of it may have */
    int first, end; /* words */
    int says;       /* words that are no coins, links, users or marks */
    bool question;  /* ends in a question mark */
};

_Static_assert(ROLE_BREAK < 64, "roles are bits of a word");

static inline bool sentence_has(const struct sentence *s, role what) {
    return s->roles >> what & 1;
}

/* --- views: what a post says of each coin -------------------------------------------------------
 */

#define SPANS_MAX 48

/* Words that are about the same coins. */
struct span {
    uint32_t coins; /* bits by mention */
    int first, end;
    int says;
};

struct view {
    int32_t up, down; /* what is said for and against, NAT, both >= 0 */
    int32_t held;     /* what others say, until the author agrees or not; signed */
    int32_t praise;   /* liking; nothing beside something bad */
    int32_t emoji;    /* signed */
    int32_t last;     /* of the last sentence about it, signed */
    int32_t asked;    /* what the last question about it asked; signed */
    int32_t plain;    /* words of notices, NAT */
    int says;         /* words in sentences about it */
    uint32_t cues;
};

struct views {
    struct view v[MENTIONS_MAX];
    int count;      /* mentions */
    uint32_t topic; /* coins that the last sentence was about, bits by mention */
    bool but;       /* the sentence to come starts with "but" */
    uint32_t cues;  /* of the post */
    uint32_t halves;
    bool has_link;
    bool quoted;
    int says;
    int32_t early, early_praise, early_emoji; /* said before the first coin, NAT, signed */
    int32_t early_plain;
    int span_count;
    struct span spans[SPANS_MAX];
};

/* Adds what a sentence says to the views of the coins. */
void sentence_judge(const struct sentence *s, struct views *v);

/* Reads a post sentence by sentence. */
void views_scan(const struct vocabulary *v, const struct words *w, const struct links *links,
                struct views *ret);

/* --- simhash ---------------------------------------------------------------------------------- */

#define HOST_BYTES 256 /* of a host name; what is longer is cut */

/* Fills ret's simhash, token_count, numbers and hosts. */
void simhash_words(const struct words *w, struct reading *ret);

#endif
