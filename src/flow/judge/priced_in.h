/* priced_in: how much of a post the market has taken in before we could. docs/priced-in.md */
#ifndef BF_FLOW_JUDGE_PRICED_IN_H
#define BF_FLOW_JUDGE_PRICED_IN_H

#include "flow/signal.h"

struct config;

/* A price that is older than this before the post (or than the candle that it opened) is none. */
#define SEEN_STANDS (5 * USEC_PER_MIN)

/* Measures what happened to the price since the post: s->moved, and s->sigmas where the volatility
 * of then is known. Returns the factor that is left, basis points, 0 at a limit.
 * PRE: s->seen is a price. */
int32_t priced_in_factor(const struct config *cfg, struct signal *s, usec now, price now_price);

#endif
