/* prices: quotes, candles and books come in, and each is shown to the orders that may see it.
 *
 * In: prices in the order of time, per symbol; an older one than the last is ignored (a late tick
 * says nothing any more). Out: the symbol's touch and liquidity, and through fill.c executions.
 * A symbol without live orders costs a few stores: half a million candles go through in
 * milliseconds. Invariant: at any time the symbol's price is not later than the engine's `now`
 * and nothing of a candle but its open is used before its close. Failure: none. */
#include "match/match_int.h"

/* -- the reference price ------------------------------------------------------------------- */

void mean_note(struct match *m, struct sym_state *st, usec at, price p) {
    int64_t minute = at / USEC_PER_MIN;
    if (m->opt.mean_mins == 0) return;
    if (st->bin_count == 0 || st->bins[st->bin_last].minute != minute) {
        st->bin_last = st->bin_count == 0 ? 0 : (st->bin_last + 1) % m->opt.mean_mins;
        if (st->bin_count < m->opt.mean_mins) st->bin_count++;
        st->bins[st->bin_last] = (struct mean_bin){.minute = minute};
    }
    st->bins[st->bin_last].count++;
    st->bins[st->bin_last].sum_e8 += price_e8(p);
}

bool match_mean_price(const struct match *m, int sym, int mins, price *ret) {
    PRE(sym >= 0 && sym < m->symbols->count);
    const struct sym_state *st = &m->syms[sym];
    wide sum = 0;
    int64_t count = 0, since = m->now / USEC_PER_MIN - mins;
    for (int i = 0; i < st->bin_count; i++) {
        const struct mean_bin *b =
            &st->bins[(st->bin_last - i + m->opt.mean_mins) % m->opt.mean_mins];
        if (b->minute <= since) break;
        sum += b->sum_e8;
        count += b->count;
    }
    if (!st->has_price) return false;
    *ret = count == 0 ? st->last : price_from_e8((int64_t)(sum / count));
    return true;
}

bool match_reference_price(const struct match *m, int sym, price *ret) {
    return match_mean_price(m, sym, sym_of(m, sym)->avg_price_mins, ret);
}

/* -- the touch ----------------------------------------------------------------------------- */

/* bid and ask half the spread to either side of `last`, to the tick away from it. */
static void touch_make(const struct match *m, int sym, price last, struct sym_state *st) {
    price tick = sym_of(m, sym)->tick, bid, ask;
    int64_t spread = m->opt.spread_e8;
    if (price_is_zero(tick)) tick = price_from_e8(1);
    st->bid = st->ask = last;
    if (price_ratio(last, 2 * E8 - spread, 2 * E8, ROUND_FLOOR, &bid)) {
        bid = price_to_tick(bid, tick, ROUND_FLOOR);
        st->bid = price_is_zero(bid) ? tick : bid;
    }
    if (price_ratio(last, 2 * E8 + spread, 2 * E8, ROUND_CEIL, &ask)) {
        st->ask = price_to_tick(ask, tick, ROUND_CEIL);
    }
}

static void price_set(struct match *m, const struct quote *q) {
    struct sym_state *st = &m->syms[q->sym];
    st->has_price = true;
    st->last = q->last;
    st->bid = q->bid;
    st->ask = q->ask;
    st->price_at = q->at;
    st->opens_candle = q->interval > 0;
    mean_note(m, st, q->at, q->last);
    st->bid_count = st->ask_count = 0;
    if (price_cmp(q->bid, q->ask) == 0) touch_make(m, q->sym, q->last, st);
}

/* The volume that is left for us: a share of v, or everything when v is not known. */
static void cap_set(struct match *m, struct sym_state *st, bool known, volume v) {
    st->capped = known && m->opt.volume_cap_e8 > 0 &&
                 volume_ratio(v, m->opt.volume_cap_e8, E8, ROUND_FLOOR, &st->cap);
}

/* -- showing ------------------------------------------------------------------------------- */

static bool arrived(const struct match *m, const struct slot *s) {
    return s->active_at <= (m->opt.price_stands ? m->now : m->syms[s->o.sym].price_at);
}

/* Shows the touch to every order that has arrived; `after`: only to those that came later than
 * that, or have met no price yet. */
static void show_touch(struct match *m, int sym, usec after) {
    bool nobody = m->syms[sym].first == NO_SLOT || symbol_still(m, sym);
    int count = nobody ? 0 : pool_gather(m, sym);
    for (int i = 0; i < count; i++) {
        int slot = m->scratch[i];
        const struct slot *s = &m->slots[slot];
        if (s->live && arrived(m, s) && (!s->met || s->active_at > after)) meet(m, slot);
    }
}

/* Time up to just before `at` passes under the old price, then it is `now`. */
static void time_to(struct match *m, usec at, usec now) {
    match_tick(m, i64_min(at, now) - 1);
    m->now = i64_max(m->now, now);
}

static void open_show(struct match *m, const struct quote *q) {
    struct sym_state *st = &m->syms[q->sym];
    price_set(m, q);
    if (q->interval > 0) {
        st->candle_at = q->at;
        st->taken = qty_from_e8(0);
        cap_set(m, st, st->prev_known, st->prev);
    } else {
        st->capped = false;
    }
    show_touch(m, q->sym, -1);
}

void match_quote(struct match *m, usec now, const struct quote *q) {
    PRE(q->sym >= 0 && q->sym < m->symbols->count);
    PRE(price_e8(q->last) > 0 && price_e8(q->bid) > 0 && price_cmp(q->bid, q->ask) <= 0);
    time_to(m, q->at, now);
    const struct sym_state *st = &m->syms[q->sym];
    if (st->has_price && q->at < st->price_at) return;
    open_show(m, q);
}

/* -- candles ------------------------------------------------------------------------------- */

/* Nothing traded, and yet the price moved: then the volume is not known rather than nought. */
static bool volume_known(const struct candle *c) {
    return volume_e8(c->volume) > 0 || price_cmp(c->low, c->high) == 0;
}

static void range_show(struct match *m, const struct candle *c) {
    int count = pool_gather(m, c->sym);
    m->ranging = true;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < count; i++) {
            int slot = m->scratch[i];
            const struct slot *s = &m->slots[slot];
            if (!s->live || !s->met || s->active_at > c->open_at) continue;
            if (pass == 0) {
                meet_losses(m, slot, c);
            } else {
                meet_range(m, slot, c);
            }
        }
    }
    m->ranging = false;
}

static bool candle_is_old(const struct sym_state *st, const struct candle *c) {
    return c->close_at <= st->closed_at || (st->has_price && c->close_at < st->price_at);
}

void match_candle(struct match *m, usec now, const struct candle *c) {
    PRE(c->sym >= 0 && c->sym < m->symbols->count);
    PRE(price_e8(c->low) > 0 && c->open_at < c->close_at);
    PRE(price_cmp(c->low, c->open) <= 0 && price_cmp(c->open, c->high) <= 0);
    PRE(price_cmp(c->low, c->close) <= 0 && price_cmp(c->close, c->high) <= 0);
    struct sym_state *st = &m->syms[c->sym];
    if (candle_is_old(st, c)) {
        match_tick(m, now);
        return;
    }
    if (st->candle_at != c->open_at && (!st->has_price || st->price_at <= c->open_at)) {
        time_to(m, c->open_at, c->open_at);
        open_show(m, &(struct quote){.sym = c->sym,
                                     .at = c->open_at,
                                     .last = c->open,
                                     .bid = c->open,
                                     .ask = c->open,
                                     .interval = c->close_at - c->open_at});
    }
    match_tick(m, now);
    bool known = volume_known(c);
    cap_set(m, st, known, c->volume);
    if (st->first != NO_SLOT && !symbol_still(m, c->sym)) range_show(m, c);
    price_set(
        m,
        &(struct quote){
            .sym = c->sym, .at = c->close_at, .last = c->close, .bid = c->close, .ask = c->close});
    show_touch(m, c->sym, c->open_at);
    st->closed_at = c->close_at;
    st->prev = c->volume;
    st->prev_known = known;
}

/* -- books --------------------------------------------------------------------------------- */

static int levels_copy(struct match_level *to, const struct match_level *from, int count, int max,
                       int sign) {
    int n = count < max ? count : max;
    for (int i = 0; i < n; i++) {
        PRE(price_e8(from[i].price) > 0 && qty_e8(from[i].qty) >= 0);
        ERGO(i > 0, sign * price_cmp(from[i].price, from[i - 1].price) > 0);
        to[i] = from[i];
    }
    return n;
}

void match_book(struct match *m, usec now, const struct match_book *b) {
    PRE(b->sym >= 0 && b->sym < m->symbols->count);
    PRE(m->opt.depth_max > 0 && b->bid_count > 0 && b->ask_count > 0);
    PRE(price_cmp(b->bids[0].price, b->asks[0].price) < 0);
    time_to(m, b->at, now);
    struct sym_state *st = &m->syms[b->sym];
    if (st->has_price && b->at < st->price_at) return;
    price_set(m, &(struct quote){.sym = b->sym,
                                 .at = b->at,
                                 .last = price_is_zero(b->last) ? b->bids[0].price : b->last,
                                 .bid = b->bids[0].price,
                                 .ask = b->asks[0].price});
    st->capped = false;
    st->bid_count = levels_copy(st->bids, b->bids, b->bid_count, m->opt.depth_max, -1);
    st->ask_count = levels_copy(st->asks, b->asks, b->ask_count, m->opt.depth_max, 1);
    show_touch(m, b->sym, -1);
}
