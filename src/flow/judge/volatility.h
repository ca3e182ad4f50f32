/* volatility: how much a price usually moves, known at any time from what was seen before it.
 *
 * Shares of the price in 1e-8, as everywhere; a volatility is that of one minute. Pure and small:
 * one a symbol, part of what the trader saves with the price cursor. */
#ifndef BF_FLOW_JUDGE_VOLATILITY_H
#define BF_FLOW_JUDGE_VOLATILITY_H

#include "base/money.h"
#include "base/time.h"

#define VOLATILITY_STEP USEC_PER_MIN    /* returns are taken over at least that long */
#define VOLATILITY_MEMORY USEC_PER_HOUR /* what was an hour ago weighs about 1/e of what is now */
#define VOLATILITY_LEAST 8              /* returns without a gap, before it is known */

struct volatility {
    usec at;         /* of the last price taken, 0: none yet */
    price last;      /* that price */
    int64_t rate;    /* moving average of squared return a second, 1e-16; lacks the part of its
                        memory that nothing was seen in */
    int64_t filled;  /* how much of the memory is filled, 1e-8 of one */
    int64_t returns; /* taken since the last gap, counts to VOLATILITY_LEAST */
    int64_t squared; /* of the usual move in a minute, 1e-16; 0: not known, else at least 1. The
                        root is left to those who ask: prices come by the hundred thousand */
};

/* A price of `at`. Earlier ones, and those less than a step after the last taken, change nothing;
 * neither does a price of zero, which is none. */
void volatility_note(struct volatility *v, usec at, price p);

/* The usual move in a minute, 1e-8, from its square; 0 stays 0, not known. PRE: squared >= 0. */
int64_t volatility_a_minute(int64_t squared);

/* The usual move in `span`, 1e-8, from that in a minute: it grows with the square root of time.
 * PRE: a_minute >= 0, span >= 0. At most 31 times the price. */
int64_t volatility_over(int64_t a_minute, usec span);

/* What became of `from`, as a share, 1e-8: 0.02 more is 2,000,000. 0 where `from` is zero; clamped
 * to +-1,000 times the price. */
int64_t price_move(price from, price to);

/* floor(sqrt(v)). PRE: v >= 0. */
int64_t i64_sqrt(int64_t v);

#endif
