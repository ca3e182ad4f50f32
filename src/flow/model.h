/* model: what says how good or bad a text sounds. The reader asks it through this table; src/model
 * has the implementations. A model is made at start, never changes and is shared by all threads. */
#ifndef BF_FLOW_MODEL_H
#define BF_FLOW_MODEL_H

#include "base/arena.h"
#include "flow/reading.h"
#include "flow/words.h"

#define NAT 4096 /* fixed point of the natural logarithm: one nat */

/* One text to be scored: words first..end-1 of a post. */
struct model_range {
    int first, end;
};

/* Logarithms of probabilities up to a common constant, by label, NAT units. */
struct model_scores {
    int32_t logit[3];
};

struct model;
struct model_ops {
    const char *name; /* "linear-2" */
    /* Scores `count` ranges of one post. Returns the name of the model that did, which is stored
     * with readings (static; a cascade has several). Thread-safe; takes memory from `scratch` only
     * (by value). */
    const char *(*score)(const struct model *m, struct arena scratch, const struct words *w,
                         const struct model_range *ranges, int count, struct model_scores *ret);
};
struct model {
    const struct model_ops *ops;
};

/* The linear model in the binary. Static, never NULL. Asserts if the embedded file is damaged,
 * which a test would have found. */
const struct model *model_linear(void);

#endif
