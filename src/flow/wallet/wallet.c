/* wallet: see the header for the four formulas. Here each is one branch, and every sum is checked:
 * amounts come from fills that passed the parser's range, so a sum that leaves the range is a bug
 * and asserts in money_plus. */
#include "flow/wallet/wallet.h"

static money must_notional(price p, qty q, rounding r) {
    money m = money_from_e8(0);
    const bool ok = money_notional(p, q, r, &m);
    POST(ok);
    return m;
}

/* The part of basis that leaves with q of held. All of it with the last unit. */
static money basis_out(const struct trade *t, qty q) {
    if (qty_cmp(q, t->held) >= 0) return t->basis;
    money out = money_from_e8(0);
    const bool ok = money_ratio(t->basis, qty_e8(q), qty_e8(t->held), ROUND_FLOOR, &out);
    POST(ok);
    return out;
}

static void book_fee(struct trade *t, struct account *a, const struct fill *f) {
    const money fee = f->fee_in_base ? must_notional(f->price, qty_from_e8(f->fee_e8), ROUND_FLOOR)
                                     : money_from_e8(f->fee_e8);
    t->fees = money_plus(t->fees, fee);
    a->fees = money_plus(a->fees, fee);
}

static void book_profit(struct trade *t, struct account *a, money profit) {
    t->pnl = money_plus(t->pnl, profit);
    a->realized = money_plus(a->realized, profit);
}

static void book_entry(struct trade *t, const struct fill *f, qty base, money fee) {
    t->held = qty_plus(t->held, base);
    const money moved =
        t->side == SIDE_LONG ? money_plus(f->quote, fee) : money_minus(f->quote, fee);
    t->basis = money_plus(t->basis, moved);
}

static void book_exit(struct trade *t, struct account *a, const struct fill *f, qty base,
                      money fee) {
    const money out = basis_out(t, base);
    const money profit = t->side == SIDE_LONG ? money_minus(money_minus(f->quote, fee), out)
                                              : money_minus(money_minus(out, f->quote), fee);
    book_profit(t, a, profit);
    t->held = qty_minus(t->held, base);
    t->basis = money_minus(t->basis, out);
}

void wallet_fill(struct trade *t, struct account *a, const struct fill *f) {
    PRE(t->side == SIDE_LONG || t->side == SIDE_SHORT);
    const bool entry = f->leg == LEG_ENTRY;
    PRE((f->side == ORDER_BUY) == ((t->side == SIDE_LONG) == entry));
    const money fee = f->fee_in_base ? money_from_e8(0) : money_from_e8(f->fee_e8);
    const qty base = f->fee_in_base ? qty_minus(f->qty, qty_from_e8(f->fee_e8)) : f->qty;
    if (entry) {
        book_entry(t, f, base, fee);
    } else {
        PRE(qty_cmp(base, t->held) <= 0);
        book_exit(t, a, f, base, fee);
    }
    const money moved =
        f->side == ORDER_BUY ? money_neg(money_plus(f->quote, fee)) : money_minus(f->quote, fee);
    a->cash = money_plus(a->cash, moved);
    book_fee(t, a, f);
    POST(qty_e8(t->held) >= 0);
}

money wallet_exposure(const struct trade *t, price mark) {
    return must_notional(mark, t->held, ROUND_FLOOR);
}

money wallet_unrealized(const struct trade *t, price mark) {
    if (qty_is_zero(t->held)) return money_from_e8(0);
    if (t->side == SIDE_LONG) return money_minus(wallet_exposure(t, mark), t->basis);
    return money_minus(t->basis, must_notional(mark, t->held, ROUND_CEIL));
}

void wallet_write_off(struct trade *t, struct account *a) {
    if (qty_is_zero(t->held)) return;
    book_profit(t, a, t->side == SIDE_LONG ? money_neg(t->basis) : t->basis);
    t->held = qty_from_e8(0);
    t->basis = money_from_e8(0);
}

price wallet_average(const struct trade *t) {
    price p = price_from_e8(0);
    if (qty_is_zero(t->held)) return p;
    IGNORE(price_average(t->basis, t->held, ROUND_FLOOR, &p), "out of range: shown as 0");
    return p;
}
