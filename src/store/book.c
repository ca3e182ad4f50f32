/* See the header for the sums. Everything is checked: what does not fit the range is told, not
 * asserted, because the rows come from a file that may be damaged. */
#include "store/book.h"

static const char too_large[] = "sums leave the range of amounts";

/* The fill's fee: in quote, and what it takes from the base. */
static void split_fee(const struct fill *f, money *ret_quote, qty *ret_base) {
    *ret_quote = money_from_e8(f->fee_in_base ? 0 : f->fee_e8);
    *ret_base = qty_from_e8(f->fee_in_base ? f->fee_e8 : 0);
}

static bool add_fee(struct book *b, const struct fill *f) {
    money fee = money_from_e8(f->fee_e8);
    if (f->fee_in_base && !money_notional(f->price, qty_from_e8(f->fee_e8), ROUND_FLOOR, &fee)) {
        return false;
    }
    return money_add(b->fees, fee, &b->fees);
}

static bool add_cash(struct book *b, const struct fill *f, money fee) {
    const bool moved = f->side == ORDER_SELL ? money_add(b->cash, f->quote, &b->cash)
                                             : money_sub(b->cash, f->quote, &b->cash);
    return moved && money_sub(b->cash, fee, &b->cash);
}

static bool book_entry(struct book *b, side s, const struct fill *f, qty base, money fee) {
    money moved;
    const bool ok =
        s == SIDE_LONG ? money_add(f->quote, fee, &moved) : money_sub(f->quote, fee, &moved);
    return ok && money_add(b->basis, moved, &b->basis) && qty_add(b->held, base, &b->held);
}

static bool book_exit(struct book *b, side s, const struct fill *f, qty base, money fee) {
    money out = b->basis, gain;
    if (qty_cmp(base, b->held) < 0 &&
        !money_ratio(b->basis, qty_e8(base), qty_e8(b->held), ROUND_FLOOR, &out)) {
        return false;
    }
    const bool ok =
        s == SIDE_LONG ? money_sub(f->quote, out, &gain) : money_sub(out, f->quote, &gain);
    return ok && money_sub(gain, fee, &gain) && money_add(b->pnl, gain, &b->pnl) &&
           qty_sub(b->held, base, &b->held) && money_sub(b->basis, out, &b->basis);
}

bool book_fill(struct book *b, side s, const struct fill *f, const char **ret_why) {
    struct book next = *b;
    money fee;
    qty base_fee, base;
    const bool entry = f->leg == LEG_ENTRY;
    *ret_why = NULL;
    split_fee(f, &fee, &base_fee);
    if (qty_e8(f->qty) <= 0 || f->fee_e8 < 0 || qty_cmp(base_fee, f->qty) > 0) {
        *ret_why = "has a size or a fee that cannot be";
    } else if ((f->side == ORDER_BUY) != ((s == SIDE_LONG) == entry)) {
        *ret_why = "is on the wrong side for its leg";
    } else if (!qty_sub(f->qty, base_fee, &base)) {
        *ret_why = too_large;
    } else if (!entry && qty_cmp(base, b->held) > 0) {
        *ret_why = "takes more than was held";
    } else if (!(entry ? book_entry(&next, s, f, base, fee) : book_exit(&next, s, f, base, fee)) ||
               !add_cash(&next, f, fee) || !add_fee(&next, f)) {
        *ret_why = too_large;
    }
    if (*ret_why) return false;
    *b = next;
    return true;
}

bool book_close(struct book *b, side s, const char **ret_why) {
    money pnl;
    const bool ok =
        s == SIDE_LONG ? money_sub(b->pnl, b->basis, &pnl) : money_add(b->pnl, b->basis, &pnl);
    *ret_why = ok ? NULL : too_large;
    if (!ok) return false;
    b->pnl = pnl;
    b->held = qty_from_e8(0);
    b->basis = money_from_e8(0);
    return true;
}
