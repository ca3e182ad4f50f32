/* book: what fills add up to, worked out a second time.
 *
 * The wallet (flow/wallet) books fills as they come and trusts them, as they passed the trader. The
 * check trusts nothing: a row that cannot be is a finding, never an assert. Two independent sums
 * that agree to the last 1e-8 are what `bullfinch db check` promises.
 *
 *   LONG   entry  held += qty - base fee    basis += quote + quote fee
 *          exit   out = floor(basis * qty / held), all of it with the last unit
 *                 pnl += quote - quote fee - out
 *   SHORT  entry  held += qty               basis += quote - quote fee
 *          exit   pnl += out - quote - quote fee
 *   either        cash += what was sold for - what was bought for - quote fee
 *                 fees += quote fee, or floor(base fee * price)
 *   at the end    what is left under a step is written off: LONG pnl -= basis, SHORT pnl += basis
 */
#ifndef BF_STORE_BOOK_H
#define BF_STORE_BOOK_H

#include "flow/order.h"

struct book {
    qty held;
    money basis, pnl, fees, cash;
};

/* Books one fill of a trade of this side. False when it cannot be (*ret_why: a static text), and
 * then nothing is booked. */
MUST_CHECK bool book_fill(struct book *b, side s, const struct fill *f, const char **ret_why);
/* The trade is closed: writes off what is left. */
MUST_CHECK bool book_close(struct book *b, side s, const char **ret_why);

#endif
