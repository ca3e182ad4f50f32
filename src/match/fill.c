/* fill: how an order meets a price, and what an execution does.
 *
 * The rules, for every user of the engine:
 * 1. An order counts from its arrival (placing + latency). It meets the price that stands then
 *    (price_stands), or else the first price at or after its arrival: a quote, or a candle's close.
 *    A range is only for orders that had arrived by the candle's open.
 * 2. Where a price comes without bid and ask, they lie half the spread to either side of the last,
 *    rounded to the tick away from it. A market order, and a stop that fired into one, fills
 *    `slippage` worse than the touch, rounded against us; a book has its own depth instead.
 * 3. At its first price a LIMIT takes what is at its limit or better, at the touch. Resting, it
 *    fills at its limit; at a candle's open that is better, at the open. Within a range it fills
 *    only when the range trades through its limit, never when it merely touches it.
 * 4. A stop (either kind) fires when the last price reaches it; a gap through it fires at the
 *    open, and fills there. Within a range it fires at its own price. STOP_LOSS* come first: where
 *    one candle crosses stop and target, the stop was it.
 *    A trailing stop follows the price first (trail.c).
 * 5. All orders together take at most the volume cap: at the open and between, that share of the
 *    candle before (none: no cap), within the range and at the close, of the candle itself. What a
 *    FOK cannot have in full expires, MARKET and IOC fill partly, GTC waits.
 * 6. Costs are rounded up, proceeds down, fees up, at 1e-8. Spot takes the fee from what is
 *    received, margin from the quote asset.
 * 7. Where a symbol has the PRICE_RANGE rule, an order that takes gets nothing beyond it, and what
 *    is left of it then expires (EXECUTION_RULE_PRICE_RANGE_EXCEEDED).
 *
 * Failure: an order that cannot be paid for when it meets its price expires (REJECTED); a price or
 * balance out of range fills nothing. Called by prices.c (a price came) and place.c (an order). */
#include "match/match_int.h"

/* -- liquidity ----------------------------------------------------------------------------- */

/* A price at which something can be had now. */
struct piece {
    price px;
    qty qty;
    bool maker;
    struct match_level *level; /* of the book; NULL: counts against the volume cap */
};

static bool has_book(const struct sym_state *st) { return st->ask_count > 0; }

static qty cap_left(const struct sym_state *st) {
    if (!st->capped) return qty_from_e8(AMOUNT_E8_MAX);
    return qty_cmp(st->taken, st->cap) >= 0 ? qty_from_e8(0) : qty_minus(st->cap, st->taken);
}

/* p worse for the taker by the slippage, to the tick; at least the smallest price there is. */
static price slip(const struct match *m, int sym, order_side taker, price p) {
    price tick = sym_of(m, sym)->tick;
    rounding r = taker == ORDER_BUY ? ROUND_CEIL : ROUND_FLOOR;
    int64_t sign = taker == ORDER_BUY ? 1 : -1;
    price worse;
    if (!price_ratio(p, E8 + sign * m->opt.slippage_e8, E8, r, &worse)) return p;
    if (price_is_zero(tick)) tick = price_from_e8(1);
    worse = price_to_tick(worse, tick, r);
    return price_cmp(worse, tick) < 0 ? tick : worse;
}

price touch_price(const struct match *m, const struct sym_state *st, order_side taker,
                  bool market) {
    price touch = taker == ORDER_BUY ? st->ask : st->bid;
    if (!market || has_book(st)) return touch;
    return slip(m, (int)(st - m->syms), taker, touch);
}

/* The i-th piece for a taker on `taker`; false: no more. */
static bool piece_at(const struct match *m, struct sym_state *st, order_side taker, bool market,
                     int i, struct piece *ret) {
    if (!has_book(st)) {
        if (i > 0) return false;
        *ret = (struct piece){.px = touch_price(m, st, taker, market), .qty = cap_left(st)};
        return true;
    }
    if (i >= (taker == ORDER_BUY ? st->ask_count : st->bid_count)) return false;
    struct match_level *level = taker == ORDER_BUY ? &st->asks[i] : &st->bids[i];
    *ret = (struct piece){.px = level->price, .qty = level->qty, .level = level};
    return true;
}

static bool within_limit(const struct match_order *o, price px) {
    return o->side == ORDER_BUY ? price_cmp(px, o->limit) <= 0 : price_cmp(px, o->limit) >= 0;
}

bool price_current(const struct match *m, const struct slot *s) {
    const struct sym_state *st = &m->syms[s->o.sym];
    if (m->ranging || !st->has_price || s->active_at > m->now) return false;
    return m->opt.price_stands || st->price_at >= s->active_at;
}

/* -- one execution ------------------------------------------------------------------------- */

/* What is still wanted at px: for quoteOrderQty what the rest of the money buys. */
static qty wanted(const struct match *m, const struct slot *s, price px) {
    if (money_is_zero(s->o.quote_qty)) return slot_left(s);
    qty q = qty_from_e8(0), step = sym_of(m, s->o.sym)->step;
    money left;
    if (!money_sub(s->o.quote_qty, s->o.quote_filled, &left)) return q;
    if (money_cmp(left, money_from_e8(0)) <= 0) return q;
    if (!qty_affordable(left, px, ROUND_FLOOR, &q)) return qty_from_e8(0);
    return qty_is_zero(step) ? q : qty_to_step(q, step, ROUND_FLOOR);
}

static bool amounts_of(const struct match *m, const struct slot *s, const struct piece *p, qty q,
                       struct fill_amounts *ret) {
    const struct match_account *terms = &m->accounts[s->o.account].terms;
    int64_t fee = p->maker ? terms->maker_fee_e8 : terms->taker_fee_e8;
    bool buy = s->o.side == ORDER_BUY;
    struct fill_amounts f = {.qty = q, .fee_in_base = buy && !terms->margin};
    if (!money_notional(p->px, q, buy ? ROUND_CEIL : ROUND_FLOOR, &f.quote)) return false;
    if (f.fee_in_base) {
        qty part;
        if (!qty_ratio(q, fee, E8, ROUND_CEIL, &part)) return false;
        f.fee_e8 = qty_e8(part);
    } else {
        money part;
        if (!money_ratio(f.quote, fee, E8, ROUND_CEIL, &part)) return false;
        f.fee_e8 = money_e8(part);
    }
    *ret = f;
    return true;
}

static void tell_trade(struct match *m, const struct slot *s, const struct piece *p,
                       const struct fill_amounts *f) {
    struct match_event e = {.order = s->o,
                            .trade_id = m->next_trade_id++,
                            .fill_qty = f->qty,
                            .fill_price = p->px,
                            .fill_quote = f->quote,
                            .fee_e8 = f->fee_e8,
                            .fee_in_base = f->fee_in_base,
                            .maker = p->maker};
    event_put_trade(m, &e);
}

static void note_fill(struct match *m, struct slot *s, const struct piece *p,
                      const struct fill_amounts *f) {
    struct sym_state *st = &m->syms[s->o.sym];
    s->o.filled = qty_plus(s->o.filled, f->qty);
    s->o.quote_filled = money_plus(s->o.quote_filled, f->quote);
    if (f->fee_in_base) s->base_fee = qty_plus(s->base_fee, qty_from_e8(f->fee_e8));
    s->o.updated_at = m->now;
    if (p->level) {
        p->level->qty = qty_minus(p->level->qty, f->qty);
    } else if (st->capped) {
        st->taken = qty_plus(st->taken, f->qty);
    }
    m->fill_px = p->px;
    bool by_quote = !money_is_zero(s->o.quote_qty);
    bool full = by_quote ? qty_is_zero(wanted(m, s, p->px)) : qty_is_zero(slot_left(s));
    s->o.status = full ? MATCH_FILLED : MATCH_PARTIALLY_FILLED;
    if (full && by_quote) s->o.qty = s->o.filled;
}

/* Fills the order from one piece, as far as piece, cap and funds reach; returns how much. When that
 * completes it, all that follows from a full fill has happened on return. */
static qty fill(struct match *m, int slot, const struct piece *p) {
    struct slot *s = &m->slots[slot];
    const qty none = qty_from_e8(0), step = sym_of(m, s->o.sym)->step;
    qty want = wanted(m, s, p->px), q = qty_min(want, p->qty);
    if (!p->level) q = qty_min(q, cap_left(&m->syms[s->o.sym]));
    if (qty_cmp(q, want) < 0 && !qty_is_zero(step)) q = qty_to_step(q, step, ROUND_FLOOR);
    q = affordable(m, s, p->px, q);
    struct fill_amounts f;
    qty sum;
    money spent;
    if (qty_cmp(q, none) <= 0 || !amounts_of(m, s, p, q, &f)) return none;
    if (!qty_add(s->o.filled, q, &sum) || !money_add(s->o.quote_filled, f.quote, &spent))
        return none;
    /* The lock is given back, the fill booked, and what is left locked again: see wallet.c. */
    lock_release(m, s);
    bool booked = wallet_book(m, s, &f);
    if (booked) note_fill(m, s, p, &f);
    lock_update(m, s);
    if (!booked) return none;
    tell_trade(m, s, p, &f);
    if (s->o.type == ORDER_LIMIT_MAKER) {
        bool keeps = m->rules.partial_keeps_stop && s->o.status != MATCH_FILLED;
        keeps ? list_reduce(m, slot, q) : list_on_trigger(m, slot);
    }
    if (s->o.status == MATCH_FILLED) finish(m, slot, MATCH_FILLED, MATCH_REASON_NONE);
    return q;
}

/* -- taking -------------------------------------------------------------------------------- */

void finish(struct match *m, int slot, match_status status, match_reason why) {
    struct slot *s = &m->slots[slot];
    PRE(s->live);
    s->o.status = status;
    s->o.reason = why;
    s->o.updated_at = m->now;
    if (!money_is_zero(s->o.quote_qty)) s->o.qty = s->o.filled;
    pool_retire(m, slot);
    lock_update(m, s);
    if (status == MATCH_CANCELED) event_put(m, MATCH_EV_CANCELED, s);
    if (status == MATCH_EXPIRED) event_put(m, MATCH_EV_EXPIRED, s);
    if (s->list != NO_SLOT) list_on_finish(m, slot);
}

/* What holds while one order takes: the PRICE_RANGE rule, and what a plan of faults left of the
 * other side. */
struct taking {
    price low, high; /* the rule's range; 0: open */
    bool thin, thin_by_range;
    qty left; /* thin: what can still be had */
};

static struct taking taking_of(const struct match *m, const struct slot *s) {
    const struct symbol *y = sym_of(m, s->o.sym);
    bool buy = s->o.side == ORDER_BUY;
    int64_t up = buy ? y->range_bid_up_bp : y->range_ask_up_bp;
    int64_t down = buy ? y->range_bid_down_bp : y->range_ask_down_bp;
    struct taking t = {0};
    price ref;
    if ((up == 0 && down == 0) || !match_reference_price(m, s->o.sym, &ref)) return t;
    if (up != 0 && !price_share(ref, up, ROUND_FLOOR, &t.high)) t.high = price_from_e8(0);
    if (down != 0 && !price_share(ref, down, ROUND_CEIL, &t.low)) t.low = price_from_e8(0);
    return t;
}

static bool beyond_range(const struct taking *t, price px) {
    return (!price_is_zero(t->high) && price_cmp(px, t->high) > 0) || price_cmp(px, t->low) < 0;
}

/* match_thin_next: used up by the first order that would get something at px. */
static void taking_thin(struct match *m, struct slot *s, price px, struct taking *t) {
    struct sym_state *st = &m->syms[s->o.sym];
    if (!st->thin) return;
    st->thin = false;
    t->thin = true;
    t->thin_by_range = st->thin_by_range;
    qty step = sym_of(m, s->o.sym)->step;
    if (!qty_ratio(wanted(m, s, px), st->thin_share_e8, E8, ROUND_FLOOR, &t->left)) return;
    if (!qty_is_zero(step)) t->left = qty_to_step(t->left, step, ROUND_FLOOR);
}

/* Can all that is left be had within the limit now? If not: why a FOK expires. */
static bool whole_there(const struct match *m, struct sym_state *st, const struct slot *s,
                        const struct taking *t, match_reason *ret_why) {
    struct piece p;
    qty sum = qty_from_e8(0);
    *ret_why = MATCH_REASON_UNFILLED_FOK_ORDER_EXPIRED;
    if (t->thin && qty_cmp(t->left, slot_left(s)) < 0) {
        if (t->thin_by_range) *ret_why = MATCH_REASON_EXECUTION_RULE_PRICE_RANGE_EXCEEDED;
        return false;
    }
    for (int i = 0; piece_at(m, st, s->o.side, type_is_market(s->o.type), i, &p); i++) {
        if (!within_limit(&s->o, p.px)) break;
        if (beyond_range(t, p.px)) {
            *ret_why = MATCH_REASON_EXECUTION_RULE_PRICE_RANGE_EXCEEDED;
            break;
        }
        if (!qty_add(sum, p.qty, &sum)) return true; /* more than can be said */
        if (qty_cmp(sum, slot_left(s)) >= 0) return true;
    }
    return false;
}

/* What the order's kind and time in force do with what is left after taking. */
static void settle_rest(struct match *m, int slot) {
    const struct match_order *o = &m->slots[slot].o;
    if (type_is_market(o->type)) {
        finish(m, slot, MATCH_EXPIRED, MATCH_REASON_INSUFFICIENT_LIQUIDITY);
    } else if (o->tif == TIF_IOC) {
        finish(m, slot, MATCH_EXPIRED, MATCH_REASON_UNFILLED_IOC_QUANTITY_EXPIRED);
    } else if (o->tif == TIF_FOK) {
        finish(m, slot, MATCH_EXPIRED, MATCH_REASON_UNFILLED_FOK_ORDER_EXPIRED);
    }
}

/* Takes what stands on the other side now. */
static void take(struct match *m, int slot) {
    struct slot *s = &m->slots[slot];
    struct sym_state *st = &m->syms[s->o.sym];
    bool market = type_is_market(s->o.type);
    if (!margin_allows(m, s)) {
        finish(m, slot, MATCH_EXPIRED, MATCH_REASON_REJECTED);
        return;
    }
    struct taking t = taking_of(m, s);
    struct piece p;
    match_reason why;
    if (piece_at(m, st, s->o.side, market, 0, &p) && (market || within_limit(&s->o, p.px))) {
        taking_thin(m, s, p.px, &t);
    }
    if (s->o.tif == TIF_FOK && !whole_there(m, st, s, &t, &why)) {
        finish(m, slot, MATCH_EXPIRED, why);
        return;
    }
    bool stopped = false; /* by the rule */
    for (int i = 0; s->live && piece_at(m, st, s->o.side, market, i, &p); i++) {
        if (!market && !within_limit(&s->o, p.px)) break;
        stopped = beyond_range(&t, p.px);
        if (stopped) break;
        if (t.thin) p.qty = qty_min(p.qty, t.left);
        qty got = fill(m, slot, &p);
        if (t.thin) t.left = qty_minus(t.left, got);
    }
    if (!s->live) return;
    if (stopped || (t.thin && t.thin_by_range)) {
        finish(m, slot, MATCH_EXPIRED, MATCH_REASON_EXECUTION_RULE_PRICE_RANGE_EXCEEDED);
    } else {
        settle_rest(m, slot);
    }
}

/* A resting order against the touch: it makes, at its limit, or at a better open. A LIMIT_MAKER
 * whose first price is beyond its limit never rested there: its limit is all it gets. */
static void make(struct match *m, int slot, bool rested) {
    struct slot *s = &m->slots[slot];
    struct sym_state *st = &m->syms[s->o.sym];
    struct piece p;
    for (int i = 0; s->live && piece_at(m, st, s->o.side, false, i, &p); i++) {
        if (!within_limit(&s->o, p.px)) break;
        if (!st->opens_candle || !rested) p.px = s->o.limit;
        p.maker = true;
        IGNORE(qty_is_zero(fill(m, slot, &p)), "a level may be eaten up");
    }
}

/* rules.filters_bind_triggered: would the market order that it carries be taken at the door? */
static bool fired_fits(const struct match *m, const struct slot *s) {
    struct match_new n = {.account = s->o.account,
                          .sym = s->o.sym,
                          .side = s->o.side,
                          .type = ORDER_MARKET,
                          .qty = slot_left(s)};
    struct match_reject rej;
    return !m->rules.filters_bind_triggered || !type_is_market(s->o.type) ||
           size_check(m, &n, &rej);
}

/* A stop fires: from now on it is the order that it carries. False: that one was refused. */
static bool fire(struct match *m, int slot) {
    struct slot *s = &m->slots[slot];
    s->o.triggered = true;
    s->o.updated_at = s->o.working_at = s->active_at = m->now;
    event_put(m, MATCH_EV_ACTIVE, s);
    list_on_trigger(m, slot);
    if (fired_fits(m, s)) return true;
    finish(m, slot, MATCH_EXPIRED, MATCH_REASON_REJECTED);
    return false;
}

void meet(struct match *m, int slot) {
    struct slot *s = &m->slots[slot];
    struct sym_state *st = &m->syms[s->o.sym];
    PRE(s->live && st->has_price && s->o.status != MATCH_PENDING_NEW);
    bool rests = s->met;
    s->met = true;
    if (s->under_way) {
        s->under_way = false;
        m->waiting--;
    }
    if (type_is_stop(s->o.type) && !s->o.triggered) {
        bool fires =
            type_is_trailing(&s->o) ? trail_fires(m, &s->o, st->last) : stop_fires(&s->o, st->last);
        if (!fires || !fire(m, slot)) return;
        rests = false;
    }
    if (rests || s->o.type == ORDER_LIMIT_MAKER) {
        make(m, slot, rests);
    } else {
        take(m, slot);
    }
}

/* -- within a range ------------------------------------------------------------------------ */

static price price_within(price p, price low, price high) {
    return price_cmp(p, low) < 0 ? low : price_cmp(p, high) > 0 ? high : p;
}

static bool range_reaches(const struct match_order *o, const struct candle *c) {
    return stop_fires(o, c->low) || stop_fires(o, c->high);
}

/* Does the range trade strictly beyond the limit? */
static bool range_passes(const struct match_order *o, const struct candle *c) {
    return o->side == ORDER_BUY ? price_cmp(c->low, o->limit) < 0
                                : price_cmp(c->high, o->limit) > 0;
}

/* Fires at its trigger and takes there: what a market order gets, or its limit allows. */
static void fire_in_range(struct match *m, int slot, const struct candle *c) {
    struct slot *s = &m->slots[slot];
    if (!fire(m, slot)) return;
    if (!margin_allows(m, s)) {
        finish(m, slot, MATCH_EXPIRED, MATCH_REASON_REJECTED);
        return;
    }
    bool market = type_is_market(s->o.type);
    price at = price_within(trigger_of(&s->o), c->low, c->high);
    struct piece p = {.px = slip(m, s->o.sym, s->o.side, at), .qty = cap_left(&m->syms[s->o.sym])};
    bool takes = market || within_limit(&s->o, p.px);
    bool whole = qty_cmp(p.qty, slot_left(s)) >= 0;
    if (takes && (s->o.tif != TIF_FOK || whole)) {
        IGNORE(qty_is_zero(fill(m, slot, &p)), "the cap may be used up");
    }
    if (s->live) settle_rest(m, slot);
}

void meet_losses(struct match *m, int slot, const struct candle *c) {
    struct slot *s = &m->slots[slot];
    if (!type_is_stop(s->o.type) || s->o.triggered) return;
    bool fires = type_is_trailing(&s->o) ? trail_fires_within(m, &s->o, c)
                                         : type_is_loss(s->o.type) && range_reaches(&s->o, c);
    if (fires) fire_in_range(m, slot, c);
}

void meet_range(struct match *m, int slot, const struct candle *c) {
    const struct slot *s = &m->slots[slot];
    bool stop = type_is_stop(s->o.type) && !s->o.triggered;
    if (stop && (type_is_loss(s->o.type) || type_is_trailing(&s->o))) return;
    if (stop && !range_reaches(&s->o, c)) return;
    if (stop) fire_in_range(m, slot, c);
    if (!s->live || type_is_market(s->o.type)) return;
    /* A profit order that fired on the way to beyond its limit has been passed too. */
    if (range_passes(&s->o, c)) {
        struct piece p = {.px = s->o.limit, .qty = cap_left(&m->syms[s->o.sym]), .maker = true};
        IGNORE(qty_is_zero(fill(m, slot, &p)), "the cap may be used up");
    }
}
