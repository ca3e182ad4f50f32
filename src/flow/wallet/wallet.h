/* wallet: what fills make of a position and of the account. Pure arithmetic, exact to 1e-8.
 *
 *   LONG entry   held += qty - fee taken in base;  basis += quote + fee taken in quote
 *   LONG exit    out = floor(basis * qty / held);  pnl += quote - fee - out
 *   SHORT entry  held += qty (owed);               basis += quote - fee
 *   SHORT exit   out = floor(basis * qty / held);  pnl += out - quote - fee
 *   account.cash moves by the quote of each fill and the fees taken in quote.
 *
 * So cash + basis of what is held always explains the start balance and the profits taken:
 * LONG: start + realised = cash + basis; SHORT: start + realised = cash - basis. */
#ifndef BF_FLOW_WALLET_WALLET_H
#define BF_FLOW_WALLET_WALLET_H

#include "flow/event.h"

/* Books one fill on its trade and the account. PRE: the fill's leg and side fit the trade, an exit
 * takes no more than is held (a fee in base may leave less). */
void wallet_fill(struct trade *t, struct account *a, const struct fill *f);

/* Profit of what is held at the price `mark`, fees so far included, those of the exit not. */
money wallet_unrealized(const struct trade *t, price mark);
/* Value of what is held: floor(held x mark). */
money wallet_exposure(const struct trade *t, price mark);

/* Writes off what is too small to sell: its basis becomes loss (LONG) or profit (SHORT). */
void wallet_write_off(struct trade *t, struct account *a);

/* Average entry of what is held, 0 when nothing is. */
price wallet_average(const struct trade *t);

#endif
