/* candles: one-minute candles of the prices that a run saw, kept for the charts. */
#ifndef BF_STORE_CANDLES_H
#define BF_STORE_CANDLES_H

#include "store/store.h"

#define CANDLE_MARKS_MAX 500 /* of posts, and of fills: the latest */

struct kept_candle {
    usec open_at; /* of its minute or, read, of its interval */
    price open, high, low, close;
    bool has_volume;
    volume volume;
};

/* Puts a minute, or joins it to what stands of it: the open stays, the close is the new one's.
 * PRE: a transaction. */
MUST_CHECK bool store_candle_put(struct store *s, str symbol, const struct kept_candle *v,
                                 struct error *err);
/* What began before then goes, at once: for who has the transaction open anyway (prune.h). */
MUST_CHECK bool store_candles_prune(struct store *s, usec before, struct error *err);

struct candle_ask {
    str symbol;
    usec interval; /* whole minutes */
    usec from, to; /* both within; 0: no bound */
    int limit;     /* of candles, the latest */
};

/* The latest `limit` of an interval's candles, oldest first, into ret[limit]. */
MUST_CHECK bool store_candles(struct store *s, const struct candle_ask *ask,
                              struct kept_candle *ret, int *ret_count, struct error *err);
/* What happened to the symbol within [from, to] (0: no bound), as an array in the order of time:
 * posts about it, and what each order bought or sold. */
MUST_CHECK bool store_view_marks(struct store *s, const struct candle_ask *ask, struct buf *out,
                                 struct error *err);
/* Stop and target of what is held of it, as an array. */
MUST_CHECK bool store_view_levels(struct store *s, str symbol, struct buf *out, struct error *err);

#endif
