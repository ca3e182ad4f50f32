/* linear_train_int: what the files of training share. */
#ifndef BF_MODEL_LINEAR_TRAIN_INT_H
#define BF_MODEL_LINEAR_TRAIN_INT_H

#include "base/rng.h"
#include "model/linear_int.h"
#include "model/valence.h"
#include "model/word_classes.h"

#define EXAMPLES_MAX (1 << 18)
#define ITEMS_MAX (1 << 24)
#define INDEX_LOG2 22   /* slots of an index of entries */
#define GRAM_LOG2 19    /* weights of groups of letters, hashed */
#define GRAM_SHARE 0.7F /* of what groups of letters say */
#define PIVOT 8         /* linear_header.length_pivot */
#define SEEN_MIN 2      /* a word or pair seen less often has no weights of its own */
#define GROUPS_LOG2 22

/* --- corpus: the texts as lists of entries ---------------------------------------------------- */

/* Weights stand in rows. A row with domains has DOMAINS rows behind it that add to it. */
struct feature {
    int32_t row;
    float value;
    bool domains;
};

typedef enum entry_kind { ENTRY_WORD, ENTRY_PHRASE, ENTRY_PAIR, ENTRY_TRAIT } entry_kind;

/* What will be one entry of the model's tables: a row of its own and features that it shares with
 * others (its groups of letters, its class). */
struct entry {
    uint64_t hash;
    int32_t own;          /* row, -1: none */
    int32_t first, count; /* into corpus.features */
    int32_t seen;
    entry_kind kind;
    uint8_t class; /* and WORD_CELL_ bits */
    int8_t valence;
    bool forced; /* in the model's table whether seen or not */
};

struct example {
    int32_t first, count; /* into corpus.items */
    int32_t tokens;
    uint32_t group; /* texts that start alike have one */
    uint8_t label, set, fold;
};

/* From a hash to a small number. */
struct index {
    uint64_t *key; /* 0: empty */
    int32_t *value;
    int32_t used;
};

struct corpus {
    struct arena mem;
    const struct train_options *opt;
    struct word_classes classes;
    struct valences valences;
    struct example *ex;
    int32_t ex_count;
    int32_t *items; /* entries of the texts */
    int32_t item_count;
    struct entry *entries;
    int32_t entry_count;
    struct feature *features;
    int32_t feature_count;
    struct index words, pairs; /* hash -> entry */
    int32_t traits[TRAIT_CELLS];
    int32_t row_count;
    int32_t gram_rows;    /* 1 << GRAM_LOG2 rows of groups of letters */
    int32_t class_rows;   /* for each class: as it stands, negated, turned round; with domains */
    int32_t valence_rows; /* for words and for phrases: each value, both kinds; with domains */
    uint64_t *gram_hash;  /* behind each row of groups, for the file */
    int64_t count[DOMAINS][3];                       /* texts by set and label */
    int64_t fold_count[DOMAINS][TRAIN_FOLDS_MAX][3]; /* and by fold */
    int set;                                         /* being read */
};

MUST_CHECK bool corpus_read(struct corpus *c, const struct train_options *opt, struct error *err);
void corpus_close(struct corpus *c);
/* A set without neutral texts teaches the difference of the two others only. */
static inline bool corpus_two(const struct corpus *c, int set) { return c->count[set][1] == 0; }
/* What a text of a label weighs so that labels weigh equally and a text weighs 1 on average. */
float corpus_balance(const struct corpus *c, int set, int which);

/* --- learner ---------------------------------------------------------------------------------- */

struct learner {
    const struct corpus *c;
    float *w, *g, *sum; /* three a row */
    float *dw, *dg;     /* DOMAINS an entry */
    float bias[DOMAINS][3], bias_g[DOMAINS][3], bias_sum[DOMAINS][3];
    float domain_bias[DOMAINS], domain_g[DOMAINS];
    int32_t *order;
    uint8_t *held_groups; /* bits */
};

void learner_open(struct arena *a, const struct corpus *c, struct learner *ret);
/* Learns all texts but those of a fold and those that start like one of them; -1: all. */
void learner_run(struct learner *l, int held_fold, uint64_t seed);
/* An entry's weights in each domain. */
void learner_entry(const struct learner *l, int32_t entry, float ret[DOMAINS][3]);

/* What a model says of a text, before calibration. */
struct told {
    float z[DOMAINS][3]; /* logits, the bias left out */
    float share[DOMAINS];
};
void learner_read(const struct learner *l, const struct example *e, struct told *ret);

/* --- calibration ------------------------------------------------------------------------------ */

struct fit {
    float scale[DOMAINS], bias[DOMAINS][3];
};

/* Fits scales and biases to texts that were not learnt; told: of each example. */
void fit_run(const struct corpus *c, const struct told *told, struct fit *ret);
/* Probabilities of a text, basis points. */
void fit_probs(const struct fit *f, const struct told *t, int32_t ret_bp[3]);

#endif
