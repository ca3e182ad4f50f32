/* explain: a reading and the judge's word on it as text for a terminal. */
#ifndef BF_APP_EXPLAIN_H
#define BF_APP_EXPLAIN_H

#include "base/buf.h"
#include "flow/signal.h"
#include "flow/weigh.h"

struct explain {
    const struct post *post;
    const struct reading *reading;
    const struct weights *weights;
    const struct signal *signals; /* one for each mention, in their order */
    int threshold;                /* trading.signal_threshold */
    bool color;                   /* escape codes may be used */
};

/* Appends which words moved the score of which coin, what the text was read as, each part of the
 * score, and why it would or would not go on to be traded. */
void explain_put(const struct explain *x, struct buf *out);

#endif
