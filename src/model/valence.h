/* valence: how good or bad words and phrases sound; private to training. */
#ifndef BF_MODEL_VALENCE_H
#define BF_MODEL_VALENCE_H

#include "base/arena.h"
#include "base/error.h"
#include "model/linear_int.h"

#define VALENCE_MOST 4

/* A word (its form's hash), a phrase, or the beginning of a phrase (linear_phrase's hash). */
struct valence {
    uint64_t hash;
    str form;               /* of a word; empty for phrases */
    int8_t general, market; /* -VALENCE_MOST..VALENCE_MOST */
    bool whole;             /* it is listed, not only the beginning of what is */
    bool more;              /* a longer phrase begins with it */
    uint8_t words;
};

struct valences {
    struct valence *v;
    int count;
    int32_t *slot; /* hash table into v; -1: empty */
    int slots_log2;
};

/* Reads lines "GENERAL MARKET: word|a phrase|...", values -4..4; # starts a comment. What stands
 * there twice keeps its first value. Errors: ERR_PARSE with the line. */
MUST_CHECK bool valences_read(struct arena *a, str text, struct valences *ret, struct error *err);

/* NULL: not listed, nor the beginning of anything. */
const struct valence *valences_find(const struct valences *v, uint64_t hash);

#endif
