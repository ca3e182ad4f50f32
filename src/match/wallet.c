/* wallet: balances, what open orders lock of them, and what a margin account may owe.
 *
 * A balance is free + locked, and their sum is at any time what was deposited plus what fills
 * brought minus what they cost and paid in fees: audit.c checks it to the last 1e-8. A SELL locks
 * base, a BUY locks quote at its worst price (limit, trigger, or the touch for MARKET); the two
 * legs of an OCO share one lock of the larger need. After each fill the lock is made anew for what
 * is left, so roundings cannot pile up.
 *
 * Spot: nothing falls below zero; an order that can no longer be paid for in full is filled as far
 * as it can be. Margin: balances may be negative (borrowed base: a short; borrowed quote:
 * leverage). Then each symbol counts with its worse case, all open buys filled or all open sells
 * filled, at the higher of the mark and the order's own price; the sum may be at most leverage
 * times equity, and an order that can only reduce a position is always allowed. There is no
 * liquidation: positions here carry stops, and a gap through all of them shows as a loss.
 *
 * Amounts of any asset are int64 in 1e-8 here: an asset is base of one symbol and quote of another.
 * Failure: false, nothing changed. */
#include "match/match_int.h"

static bool in_range(int64_t v) { return v >= -AMOUNT_E8_MAX && v <= AMOUNT_E8_MAX; }

/* a + b within the range of an amount. */
static bool amount_add(int64_t a, int64_t b, int64_t *ret) {
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum) || !in_range(sum)) return false;
    *ret = sum;
    return true;
}

struct balance *wallet_get(struct match *m, int account, int asset) {
    PRE(account >= 0 && account < m->account_count);
    PRE(asset >= 0 && asset < m->asset_count);
    return &m->balances[(ptrdiff_t)account * m->asset_count + asset];
}

const struct balance *wallet_peek(const struct match *m, int account, int asset) {
    PRE(account >= 0 && account < m->account_count);
    PRE(asset >= 0 && asset < m->asset_count);
    return &m->balances[(ptrdiff_t)account * m->asset_count + asset];
}

bool match_deposit(struct match *m, int account, str asset, int64_t e8) {
    int i = asset_find(m, asset);
    if (i == NO_SLOT) return false;
    struct balance *b = wallet_get(m, account, i);
    int64_t free_e8, start_e8, total;
    if (!amount_add(b->free_e8, e8, &free_e8)) return false;
    if (!amount_add(b->start_e8, e8, &start_e8)) return false;
    if (!amount_add(free_e8, b->locked_e8, &total)) return false;
    if (free_e8 < 0 && e8 < 0 && !m->accounts[account].terms.margin) return false;
    b->free_e8 = free_e8;
    b->start_e8 = start_e8;
    return true;
}

/* -- locks --------------------------------------------------------------------------------- */

qty slot_left(const struct slot *s) {
    return qty_is_zero(s->o.qty) ? s->o.qty : qty_minus(s->o.qty, s->o.filled);
}

int lock_asset(const struct match *m, const struct slot *s) {
    const struct sym_state *st = &m->syms[s->o.sym];
    return s->o.side == ORDER_SELL ? st->base : st->quote;
}

/* What s alone has to keep locked. False: the product is out of range. */
static bool need_one(const struct slot *s, int64_t *ret) {
    *ret = 0;
    if (s->o.side == ORDER_SELL) {
        *ret = qty_e8(slot_left(s));
        return true;
    }
    if (!money_is_zero(s->o.quote_qty)) {
        *ret = i64_max(0, money_e8(s->o.quote_qty) - money_e8(s->o.quote_filled));
        return true;
    }
    money m;
    if (!money_notional(s->lock_px, slot_left(s), ROUND_CEIL, &m)) return false;
    *ret = money_e8(m);
    return true;
}

/* rules.locks_pending_funds: a leg that waits locks, too, once its size is known. */
static bool locks(const struct match *m, const struct slot *s) {
    if (!s->live) return false;
    return s->o.status != MATCH_PENDING_NEW ||
           (m->rules.locks_pending_funds && !qty_is_zero(s->o.qty));
}

/* What s, or the pair that it belongs to, has to keep locked now. */
static bool need(const struct match *m, const struct slot *s, int64_t *ret) {
    *ret = 0;
    if (!leg_of_pair(m, s)) return locks(m, s) ? need_one(s, ret) : true;
    const struct list_slot *l = &m->lists[s->list];
    for (int i = 0; i < 2; i++) {
        int64_t one = 0;
        if (l->pending[i] == NO_SLOT || !locks(m, &m->slots[l->pending[i]])) continue;
        if (!need_one(&m->slots[l->pending[i]], &one)) return false;
        *ret = i64_max(*ret, one);
    }
    return true;
}

static int64_t *lock_of(struct match *m, struct slot *s) {
    return leg_of_pair(m, s) ? &m->lists[s->list].lock_e8 : &s->lock_e8;
}

/* Moves between free and locked until *lock is `want`. */
static bool lock_set(struct balance *b, int64_t *lock, int64_t want) {
    int64_t free_e8, locked_e8, more = want - *lock;
    if (!amount_add(b->free_e8, -more, &free_e8)) return false;
    if (!amount_add(b->locked_e8, more, &locked_e8)) return false;
    b->free_e8 = free_e8;
    b->locked_e8 = locked_e8;
    *lock = want;
    return true;
}

/* Cannot fail: free + what is locked is the balance, which is in range. */
void lock_release(struct match *m, struct slot *s) {
    bool released = lock_set(wallet_get(m, s->o.account, lock_asset(m, s)), lock_of(m, s), 0);
    PRE(released);
}

void lock_update(struct match *m, struct slot *s) {
    struct balance *b = wallet_get(m, s->o.account, lock_asset(m, s));
    int64_t *lock = lock_of(m, s), want;
    bool known = need(m, s, &want);
    if (known && !m->accounts[s->o.account].terms.margin) {
        want = i64_min(want, i64_max(0, b->free_e8 + *lock));
    }
    if (!known || !lock_set(b, lock, want)) lock_release(m, s);
}

/* -- margin -------------------------------------------------------------------------------- */

/* What is open on one symbol: position, and the sum of each side's live orders. */
struct exposure {
    qty pos, buys, sells;
    price px; /* the highest price that counts: mark, or an order's own */
};

static bool exposure_add(struct exposure *x, const struct slot *s) {
    qty left = slot_left(s);
    if (!money_is_zero(s->o.quote_qty) && price_cmp(x->px, price_from_e8(0)) > 0) {
        money open = money_minus(s->o.quote_qty, s->o.quote_filled);
        if (!qty_affordable(open, x->px, ROUND_CEIL, &left)) return false;
    }
    price own = s->o.side == ORDER_BUY ? s->lock_px : s->o.limit;
    if (price_cmp(own, x->px) > 0) x->px = own;
    return s->o.side == ORDER_BUY ? qty_add(x->buys, left, &x->buys)
                                  : qty_add(x->sells, left, &x->sells);
}

/* The second live leg of a pair, which adds nothing to the first. */
static bool counted_with_sibling(const struct match *m, const struct slot *s) {
    if (!leg_of_pair(m, s)) return false;
    int first = m->lists[s->list].pending[0];
    return first != NO_SLOT && &m->slots[first] != s && locks(m, &m->slots[first]);
}

/* The account's exposure on `sym`, `extra` (may be NULL) included once. */
static bool exposure_of(const struct match *m, int account, int sym, const struct slot *extra,
                        struct exposure *ret) {
    const struct sym_state *st = &m->syms[sym];
    const struct balance *b = wallet_peek(m, account, st->base);
    struct exposure x = {.pos = qty_from_e8(b->free_e8 + b->locked_e8)};
    if (st->has_price) x.px = st->last;
    for (int i = st->first; i != NO_SLOT; i = m->slots[i].sym_next) {
        const struct slot *s = &m->slots[i];
        if (s->o.account != account || s == extra || !locks(m, s)) continue;
        if (counted_with_sibling(m, s)) continue;
        if (!exposure_add(&x, s)) return false;
    }
    if (extra && extra->o.sym == sym && !counted_with_sibling(m, extra)) {
        if (!exposure_add(&x, extra)) return false;
    }
    *ret = x;
    return true;
}

/* The larger of what stands if all buys fill and if all sells fill, at the price that counts. */
static bool exposure_worth(const struct exposure *x, money *ret) {
    qty up, down;
    if (!qty_add(x->pos, x->buys, &up) || !qty_sub(x->pos, x->sells, &down)) return false;
    up = qty_abs(up);
    down = qty_abs(down);
    return money_notional(x->px, qty_cmp(up, down) > 0 ? up : down, ROUND_CEIL, ret);
}

static bool only_reduces(const struct exposure *x, order_side way) {
    qty after;
    if (way == ORDER_SELL) {
        return qty_sub(x->pos, x->sells, &after) && qty_cmp(after, qty_from_e8(0)) >= 0;
    }
    return qty_add(x->pos, x->buys, &after) && qty_cmp(after, qty_from_e8(0)) <= 0;
}

/* leverage x equity of the account; as much as an amount can hold where it is more. */
static bool margin_ceiling(const struct match *m, int account, money *ret) {
    const struct account *a = &m->accounts[account];
    const struct balance *cash = wallet_peek(m, account, a->settle);
    money equity = money_from_e8(cash->free_e8 + cash->locked_e8), worth;
    for (int i = 0; i < m->symbols->count; i++) {
        const struct sym_state *st = &m->syms[i];
        if (st->quote != a->settle || !st->has_price) continue;
        const struct balance *b = wallet_peek(m, account, st->base);
        qty pos = qty_from_e8(b->free_e8 + b->locked_e8);
        if (qty_is_zero(pos)) continue;
        if (!money_notional(st->last, pos, ROUND_FLOOR, &worth)) return false;
        if (!money_add(equity, worth, &equity)) return false;
    }
    if (money_cmp(equity, money_from_e8(0)) <= 0) return false;
    if (!money_ratio(equity, a->terms.leverage, 1, ROUND_FLOOR, ret)) {
        *ret = money_from_e8(AMOUNT_E8_MAX);
    }
    return true;
}

bool margin_allows(const struct match *m, const struct slot *s) {
    const struct account *a = &m->accounts[s->o.account];
    if (!a->terms.margin) return true;
    struct exposure x;
    if (!exposure_of(m, s->o.account, s->o.sym, s, &x)) return false;
    if (only_reduces(&x, s->o.side)) return true;
    money ceiling, sum = money_from_e8(0), worth;
    if (!margin_ceiling(m, s->o.account, &ceiling)) return false;
    for (int i = 0; i < m->symbols->count; i++) {
        if (m->syms[i].quote != a->settle) continue;
        if (!exposure_of(m, s->o.account, i, s, &x)) return false;
        if (!exposure_worth(&x, &worth) || !money_add(sum, worth, &sum)) return false;
    }
    return money_cmp(sum, ceiling) <= 0;
}

bool funds_allow(const struct match *m, const struct slot *s) {
    const struct balance *b = wallet_peek(m, s->o.account, lock_asset(m, s));
    int64_t want, left, sum;
    if (!need_one(s, &want) || !amount_add(b->free_e8, -want, &left)) return false;
    if (!amount_add(b->locked_e8, want, &sum)) return false;
    if (m->accounts[s->o.account].terms.margin) return margin_allows(m, s);
    return left >= 0;
}

/* -- fills --------------------------------------------------------------------------------- */

qty affordable(const struct match *m, const struct slot *s, price px, qty want) {
    if (m->accounts[s->o.account].terms.margin) return want;
    const struct balance *b = wallet_peek(m, s->o.account, lock_asset(m, s));
    int64_t lock = leg_of_pair(m, s) ? m->lists[s->list].lock_e8 : s->lock_e8;
    int64_t budget = lock + i64_max(0, b->free_e8);
    qty can = qty_from_e8(budget);
    if (s->o.side == ORDER_BUY &&
        !qty_affordable(money_from_e8(i64_min(budget, AMOUNT_E8_MAX)), px, ROUND_FLOOR, &can)) {
        return want; /* more than can be said */
    }
    if (qty_cmp(can, want) >= 0) return want;
    qty step = sym_of(m, s->o.sym)->step;
    if (qty_is_zero(step)) return can;
    return qty_to_step(qty_from_e8(i64_min(qty_e8(can), AMOUNT_E8_MAX)), step, ROUND_FLOOR);
}

/* Adds to the free balance, whatever its sign on margin. */
static void credit(struct balance *b, int64_t e8) {
    b->free_e8 += e8;
    b->flow_e8 += (uint64_t)e8;
}

bool wallet_book(struct match *m, const struct slot *s, const struct fill_amounts *f) {
    const struct sym_state *st = &m->syms[s->o.sym];
    struct balance *base = wallet_get(m, s->o.account, st->base);
    struct balance *quote = wallet_get(m, s->o.account, st->quote);
    bool buy = s->o.side == ORDER_BUY;
    int64_t base_e8 = buy ? qty_e8(f->qty) : -qty_e8(f->qty);
    int64_t quote_e8 = buy ? -money_e8(f->quote) : money_e8(f->quote);
    int64_t total;
    if (f->fee_in_base) {
        base_e8 -= f->fee_e8;
    } else {
        quote_e8 -= f->fee_e8;
    }
    if (!amount_add(base->free_e8, base_e8, &total) ||
        !amount_add(base->free_e8 + base->locked_e8, base_e8, &total)) {
        return false;
    }
    if (!amount_add(quote->free_e8, quote_e8, &total) ||
        !amount_add(quote->free_e8 + quote->locked_e8, quote_e8, &total)) {
        return false;
    }
    credit(base, base_e8);
    credit(quote, quote_e8);
    return true;
}
