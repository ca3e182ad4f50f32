/* model: what says how good or bad a text sounds. The reader asks it through this table; src/model
 * has the implementations. A model is made at start, never changes and is shared by all threads. */
#ifndef BF_FLOW_MODEL_H
#define BF_FLOW_MODEL_H

#include "base/arena.h"
#include "base/time.h"
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

/* A post that a model is asked about. */
struct model_ask {
    const struct words *words;
    const struct model_range *ranges; /* 1 or more */
    int count;
    /* Monotonic, that the post waits: a model that is behind may leave it to a faster one. 0: it
     * waits for its answer for as long as that takes; then so do all that are asked of together. */
    usec since;
    struct model_scores *scores; /* [count], written */
    const char
        *by; /* written: which model that was ("linear-2"; static), stored with the reading */
};

/* How a model stands that leaves posts to a faster one when it is behind. */
struct model_load {
    bool sheds;         /* some were, and it has not caught up since */
    int64_t shed;       /* so many since it fell behind (the last time, where it has caught up) */
    int64_t shed_total; /* since the start */
};

struct model;
struct model_ops {
    const char *name; /* "linear-2" */
    bool slow;        /* takes milliseconds: not for a thread that has something else to do */
    int together;     /* so many posts should be put to it at once, where so many wait; 1..64 */
    /* Thread-safe; takes memory from `scratch` only (by value). What it says of a post does not
     * depend on the posts beside it. */
    void (*score)(const struct model *m, struct arena scratch, struct model_ask *asks, int count);
    /* How far it is behind; also told to people when that changes. NULL: it is always in time.
     * Called now and then, by any thread. */
    void (*tend)(const struct model *m, struct model_load *ret);
};
struct model {
    const struct model_ops *ops;
};

/* The linear model in the binary. Static, never NULL. Asserts if the embedded file is damaged,
 * which a test would have found. */
const struct model *model_linear(void);

#endif
