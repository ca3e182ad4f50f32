/* truth: what the exchange's own records say of our trades, and what must hold of them.
 *
 * (a) No order twice. Of one client id at most one order was executed, of one intent at most one
 *     entry, and a trade never sold more than it bought.
 *
 * (b) Nothing bare for long. What the fills of a trade brought (less fees in base) and what they
 *     sold again is held; live sell orders of ours cover it, a pair of an order list once. What
 *     is not covered and could be sold by the terms that hold (a whole step, the least quantity
 *     and notional) is bare; what could not be sold when it came stays dust. It may be bare
 *       - for 5 s, or
 *       - as long as the venue does not answer, and then R + 12 s more (R = 1 s).
 *     The venue does not answer from when we sent a request until we knew its end, if that was:
 *     no connection, nothing within the timeout, a cut answer, 5xx, 403, 418, 429, a code that
 *     says the same (-1000, -1001, -1003, -1006, -1007, -1008, -1015, -1021), "no such order",
 *     any answer after more than a second. A ban belongs to it, with its Retry-After or as long
 *     as we keep still after one that names none; so does the time in which our process was
 *     dead, as nobody could ask, or saw no prices, as nobody could see that a stop was due.
 *       - While faults are injected, and 30 s on, a refusal in good order of what changes orders
 *         (trading halted, other filters, no liquidity) gives 5 s more: it answered, and would
 *         not.
 *
 * (c) In the end, minutes after the last fault, rows and exchange are the same: each of our
 *     executed orders is a row with the same quantity, amount and state; each fill is a trade and
 *     each trade is booked, fees included; what an open trade holds is what its fills left; each
 *     live order of ours belongs to an open trade; nothing is UNKNOWN.
 *
 * (d) is checked where intents are committed (world.c), and here: no more trades at the exchange at
 *     a time than the configuration allows. */
#include "world_int.h"

#define GRACE (30 * USEC_PER_S)

bool truth_key(const char *coid, char ret[KEY_BYTES]) {
    if (strncmp(coid, "bf", 2) != 0 || strlen(coid) < KEY_BYTES - 1) return false;
    memcpy(ret, coid, KEY_BYTES - 1);
    ret[KEY_BYTES - 1] = '\0';
    return true;
}

static bool is_entry(const char *coid) { return coid[strlen(coid) - 1] == 'e'; }

static struct truth_trade *trade_of(struct world *w, const char *coid, int sym) {
    char key[KEY_BYTES];
    if (!truth_key(coid, key)) {
        broken(w, "an order of the client id %s", coid);
        return NULL;
    }
    for (int i = w->truth_count - 1; i >= 0; i--) {
        if (strcmp(w->truth[i].key, key) == 0) return &w->truth[i];
    }
    if (w->truth_count == TRUTH_TRADES) fail_msg("no room for more trades");
    struct truth_trade *t = &w->truth[w->truth_count++];
    *t = (struct truth_trade){.sym = sym, .bare_since = USEC_NEVER};
    memcpy(t->key, key, KEY_BYTES);
    return t;
}

void truth_silent(struct world *w, usec from, usec until) {
    struct silence *s = &w->silences[w->silence_count++ % COUNT_OF(w->silences)];
    *s = (struct silence){from, until};
}

static const struct match_order *order_with(const struct world *w, int64_t id) {
    const int64_t n = exchange_order_count(w->ex, 0);
    for (int64_t i = i64_min(id, n) - 1; i >= 0; i--) {
        const struct match_order *o = exchange_order(w->ex, 0, i);
        if (o->id == id) return o;
    }
    return NULL;
}

static const struct order *row_of(const struct world *w, const char *coid) {
    for (int i = w->rows.order_count - 1; i >= 0; i--) {
        if (strcmp(w->rows.orders[i].coid, coid) == 0) return &w->rows.orders[i];
    }
    return NULL;
}

static const struct trade *trade_row(const struct world *w, int64_t id) {
    for (int i = w->rows.trade_count - 1; i >= 0; i--) {
        if (w->rows.trades[i].id == id) return &w->rows.trades[i];
    }
    return NULL;
}

/* --- trades ------------------------------------------------------------------------------ */

static void new_trade(struct world *w, const struct sim_trade *t) {
    const struct match_order *o = order_with(w, t->order_id);
    struct truth_trade *tr = o == NULL ? NULL : trade_of(w, o->coid, t->sym);
    if (tr == NULL) return;
    w->result->counts.fills++;
    world_note(w, "* trade %lld of %s: %s %lld at %lld", (long long)t->id, o->coid,
               order_side_name(t->side), (long long)qty_e8(t->qty), (long long)price_e8(t->price));
    if (t->side == ORDER_BUY) {
        if (!is_entry(o->coid)) broken(w, "%s buys", o->coid);
        tr->bought_e8 += qty_e8(t->qty) - (t->fee_in_base ? t->fee_e8 : 0);
    } else {
        tr->sold_e8 += qty_e8(t->qty);
    }
    if (tr->sold_e8 > tr->bought_e8 && w->resets == 0) /* nobody can know that it was wiped */
        broken(w, "%s sold %lld of %lld", tr->key, (long long)tr->sold_e8,
               (long long)tr->bought_e8);
}

static void check_twice(struct world *w) {
    const int64_t n = exchange_order_count(w->ex, 0);
    for (int64_t i = 0; i < n; i++) {
        const struct match_order *o = exchange_order(w->ex, 0, i);
        if (qty_is_zero(o->filled)) continue;
        for (int64_t k = 0; k < i; k++) {
            const struct match_order *p = exchange_order(w->ex, 0, k);
            if (qty_is_zero(p->filled)) continue;
            if (strcmp(o->coid, p->coid) == 0)
                broken(w, "orders %lld and %lld of client id %s were both executed",
                       (long long)p->id, (long long)o->id, o->coid);
            if (is_entry(o->coid) && is_entry(p->coid) &&
                strncmp(o->coid, p->coid, KEY_BYTES - 1) == 0)
                broken(w, "two entries %s and %s", p->coid, o->coid);
        }
    }
}

/* --- bare positions ---------------------------------------------------------------------- */

static void cover(struct world *w) {
    for (int i = 0; i < w->truth_count; i++) w->truth[i].cover_e8 = 0;
    int64_t list = MATCH_NO_LIST, best = 0;
    const struct match *m = exchange_match(w->ex);
    for (const struct match_order *o = NULL; (o = match_next_open(m, 0, SYM_NONE, o)) != NULL;) {
        if (o->side != ORDER_SELL || o->status == MATCH_PENDING_NEW) continue;
        struct truth_trade *t = trade_of(w, o->coid, o->sym);
        if (t == NULL) return;
        const int64_t rest = qty_e8(o->qty) - qty_e8(o->filled);
        const bool same = list != MATCH_NO_LIST && o->list_id == list;
        if (same) t->cover_e8 -= best;
        best = same ? i64_max(best, rest) : rest;
        list = o->list_id;
        t->cover_e8 += best;
    }
}

/* Could so much be sold by itself? */
static bool is_sellable(const struct world *w, int sym, int64_t e8) {
    const struct symbol *s = &w->terms->v[sym];
    const qty step = qty_cmp(s->market_step, s->step) > 0 ? s->market_step : s->step;
    const qty q = qty_to_step(qty_from_e8(e8), step, ROUND_FLOOR);
    struct quote now;
    money worth;
    if (qty_is_zero(q) || qty_cmp(q, s->min_qty) < 0) return false;
    if (!match_last_price(exchange_match(w->ex), sym, &now)) return true;
    /* the venue may value it at an average, we at the last price: near the least either may say no
     */
    return !money_notional(now.last, q, ROUND_FLOOR, &worth) ||
           money_e8(worth) > money_e8(s->min_notional) / 100 * 103;
}

static bool is_excused(const struct world *w) {
    for (int i = 0; i < COUNT_OF(w->silences); i++) {
        const struct silence *s = &w->silences[i];
        if (s->from <= w->now && w->now <= s->until + BARE_SILENT) return true;
    }
    return w->now < w->faults_until + GRACE && w->now - w->refused_at <= BARE_ANSWERING;
}

static bool has_ended(const struct world *w, const char *key) {
    for (int i = w->rows.trade_count - 1; i >= 0; i--) {
        const struct trade *t = &w->rows.trades[i];
        char own[KEY_BYTES];
        if (truth_key(t->list_coid, own) && strcmp(own, key) == 0) return t->status != TRADE_OPEN;
    }
    return false;
}

static void check_bare(struct world *w) {
    for (int i = 0; i < w->truth_count; i++) {
        struct truth_trade *t = &w->truth[i];
        int64_t bare = t->bought_e8 - t->sold_e8 - t->cover_e8;
        if (bare > 0 && bare > t->dust_e8 && !is_sellable(w, t->sym, bare)) t->dust_e8 = bare;
        bare -= i64_min(t->dust_e8, i64_max(bare, 0));
        if (bare <= 0 || !is_sellable(w, t->sym, bare) || t->written_off) {
            t->written_off = t->written_off || (t->dust_e8 > 0 && has_ended(w, t->key));
            if (t->bare_since != USEC_NEVER)
                world_note(w, "* %s is covered, after %lld ms", t->key,
                           (long long)((w->now - t->bare_since) / USEC_PER_MS));
            t->bare_since = USEC_NEVER;
            continue;
        }
        if (t->bare_since == USEC_NEVER) {
            t->bare_since = w->now;
            world_note(w, "* %s stands bare: %lld", t->key, (long long)bare);
        }
        if (is_excused(w)) continue;
        const usec since = w->now - t->bare_since;
        w->result->counts.bare_longest = i64_max(w->result->counts.bare_longest, since);
        if (since > BARE_ANSWERING)
            broken(w, "%s of %s stands bare for %lld ms: holds %lld, %lld is covered", t->key,
                   w->symbols->v[t->sym].name, (long long)(since / USEC_PER_MS),
                   (long long)(t->bought_e8 - t->sold_e8), (long long)t->cover_e8);
    }
}

/* No more at a time than the configuration allows: what is held beyond dust. */
static void check_positions(struct world *w) {
    int held = 0;
    for (int i = 0; i < w->truth_count; i++) {
        const struct truth_trade *t = &w->truth[i];
        const int64_t rest = t->bought_e8 - t->sold_e8;
        held += rest > 0 && !t->written_off && is_sellable(w, t->sym, rest);
    }
    if (held > w->cfg->trading_max_open_positions) broken(w, "%d positions are held", held);
}

/* Refused in good order by the market itself: expired without all it asked for. */
static void note_refusals(struct world *w) {
    const int64_t n = exchange_order_count(w->ex, 0);
    for (int64_t i = i64_max(n - 12, 0); i < n; i++) {
        const struct match_order *o = exchange_order(w->ex, 0, i);
        if (o->side == ORDER_SELL && o->status == MATCH_EXPIRED &&
            o->reason != MATCH_REASON_OCO_TRIGGER && o->reason != MATCH_REASON_NONE &&
            o->reason != MATCH_REASON_OTO_PHASE_ONE_EXPIRED)
            w->refused_at = i64_max(w->refused_at, w->now);
    }
}

void truth_reset(struct world *w) {
    world_note(w, "* the exchange was wiped");
    w->resets++;
    w->wipe_told = false;
    w->open_at_wipe = 0;
    for (int i = 0; i < w->rows.order_count; i++) {
        const struct order *o = &w->rows.orders[i];
        const struct trade *t = trade_row(w, o->trade_id);
        w->open_at_wipe += o->state == ORDER_ST_OPEN && o->leg == LEG_STOP && t != NULL &&
                           t->status == TRADE_OPEN && !t->exit_due;
    }
    w->result->counts.resets++;
    w->truth_count = 0;
    w->trades_seen = w->orders_seen = 0;
}

void truth_look(struct world *w) {
    if (w->failed) return;
    const int64_t trades = exchange_trade_count(w->ex, 0), orders = exchange_order_count(w->ex, 0);
    if (trades < w->trades_seen || orders < w->orders_seen) truth_reset(w);
    if (orders != w->orders_seen) note_refusals(w);
    for (int64_t i = w->trades_seen; i < trades; i++) new_trade(w, exchange_trade(w->ex, 0, i));
    if (trades != w->trades_seen) check_twice(w);
    w->trades_seen = trades;
    w->orders_seen = orders;
    if (w->truth_count == 0) return;
    cover(w);
    check_bare(w);
    check_positions(w);
}

/* --- the end ----------------------------------------------------------------------------- */

static bool same_state(match_status s, order_state o) {
    switch (s) {
    case MATCH_NEW:
        return o == ORDER_ST_OPEN;
    case MATCH_PENDING_NEW:
        return o == ORDER_ST_PENDING;
    case MATCH_PARTIALLY_FILLED:
        return o == ORDER_ST_PART;
    case MATCH_FILLED:
        return o == ORDER_ST_FILLED;
    case MATCH_CANCELED:
        return o == ORDER_ST_CANCELED;
    case MATCH_REJECTED:
        return o == ORDER_ST_REJECTED;
    case MATCH_EXPIRED:
        /* a leg that was refused on activation; an order that ended with part of it filled */
        return o == ORDER_ST_EXPIRED || o == ORDER_ST_REJECTED || o == ORDER_ST_CANCELED;
    }
    return false;
}

static void same_order(struct world *w, const struct match_order *o) {
    const struct order *r = row_of(w, o->coid);
    if (r == NULL) {
        broken(w, "order %s is at the venue and in no row", o->coid);
        return;
    }
    const struct trade *t = trade_row(w, r->trade_id);
    if (match_is_live(o->status) && (t == NULL || t->status != TRADE_OPEN))
        broken(w, "order %s is live, its trade is not open", o->coid);
    if (qty_cmp(r->filled, o->filled) != 0 || money_cmp(r->quote_filled, o->quote_filled) != 0)
        broken(w, "order %s: the venue filled %lld for %lld, the row says %lld for %lld", o->coid,
               (long long)qty_e8(o->filled), (long long)money_e8(o->quote_filled),
               (long long)qty_e8(r->filled), (long long)money_e8(r->quote_filled));
    if (!same_state(o->status, r->state))
        broken(w, "order %s is %s at the venue, %s in its row", o->coid,
               match_status_name(o->status), order_state_name(r->state));
}

struct sums {
    int64_t qty, quote, fee, fills;
};

static struct sums sums_of_trades(const struct world *w, int64_t order_id) {
    struct sums s = {0};
    for (int64_t i = 0; i < exchange_trade_count(w->ex, 0); i++) {
        const struct sim_trade *t = exchange_trade(w->ex, 0, i);
        if (t->order_id != order_id) continue;
        s.qty += qty_e8(t->qty);
        s.quote += money_e8(t->quote);
        s.fee += t->fee_e8;
        s.fills++;
    }
    return s;
}

static struct sums sums_of_rows(const struct world *w, int64_t order_id) {
    struct sums s = {0};
    for (int i = 0; i < w->rows.fill_count; i++) {
        const struct fill *f = &w->rows.fills[i];
        if (f->order_id != order_id) continue;
        s.qty += qty_e8(f->qty);
        s.quote += money_e8(f->quote);
        s.fee += f->fee_e8;
        s.fills++;
    }
    return s;
}

static void same_fills(struct world *w, const struct match_order *o) {
    const struct order *r = row_of(w, o->coid);
    if (r == NULL) return;
    const struct sums there = sums_of_trades(w, o->id), here = sums_of_rows(w, r->id);
    if (there.qty != here.qty || there.quote != here.quote)
        broken(w, "order %s: trades are %lld for %lld, fills %lld for %lld", o->coid,
               (long long)there.qty, (long long)there.quote, (long long)here.qty,
               (long long)here.quote);
    /* fills that were booked from totals have their fee rounded once */
    const int64_t slack = there.fills + here.fills;
    if (there.fee - here.fee > slack || here.fee - there.fee > slack)
        broken(w, "order %s: fees are %lld, booked %lld", o->coid, (long long)there.fee,
               (long long)here.fee);
}

static void same_positions(struct world *w) {
    for (int i = 0; i < w->rows.trade_count; i++) {
        const struct trade *t = &w->rows.trades[i];
        char key[KEY_BYTES];
        int64_t held = 0;
        if (t->status != TRADE_OPEN) continue;
        if (!truth_key(t->list_coid, key)) broken(w, "trade with list id %s", t->list_coid);
        for (int k = 0; k < w->truth_count; k++) {
            if (strcmp(w->truth[k].key, key) == 0)
                held = w->truth[k].bought_e8 - w->truth[k].sold_e8;
        }
        if (held != qty_e8(t->held))
            broken(w, "trade %s holds %lld at the venue, %lld in its row", key, (long long)held,
                   (long long)qty_e8(t->held));
    }
}

static void nothing_open_ended(struct world *w) {
    for (int i = 0; i < w->rows.order_count; i++) {
        const struct order *o = &w->rows.orders[i];
        const struct trade *t = trade_row(w, o->trade_id);
        if (o->state == ORDER_ST_UNKNOWN || o->state == ORDER_ST_NEW || o->state == ORDER_ST_SENT)
            broken(w, "order %s is %s in the end", o->coid, order_state_name(o->state));
        if (order_is_live(o->state) && t != NULL && t->status != TRADE_OPEN)
            broken(w, "order %s is %s, its trade has ended", o->coid, order_state_name(o->state));
    }
}

/* After a wipe there is nothing to compare but that everything came to an end. (That it was noticed
 * is counted: where look-ups lag for minutes, a trade can come to its end before.) */
static void after_reset(struct world *w) {
    const struct rows *r = &w->rows;
    w->result->counts.wipes_met += w->open_at_wipe > 0;
    w->result->counts.wipes_told += w->open_at_wipe > 0 && w->wipe_told;
    for (int i = 0; i < r->trade_count; i++) {
        const struct trade *t = &r->trades[i];
        char key[KEY_BYTES];
        bool stands = false; /* one of after the wipe */
        if (t->status != TRADE_OPEN || !truth_key(t->list_coid, key)) continue;
        if (t->exit_due) continue; /* it tries to sell what is not there any more, and says so */
        for (int k = 0; k < w->truth_count; k++)
            stands = stands || strcmp(w->truth[k].key, key) == 0;
        if (!stands) broken(w, "trade %lld is open after the wipe", (long long)t->id);
    }
    const struct match *m = exchange_match(w->ex);
    for (const struct match_order *o = NULL; (o = match_next_open(m, 0, SYM_NONE, o)) != NULL;) {
        const struct order *row = row_of(w, o->coid);
        const struct trade *t = row == NULL ? NULL : trade_row(w, row->trade_id);
        if (t == NULL || t->status != TRADE_OPEN)
            broken(w, "order %s is live, its trade is not open", o->coid);
    }
}

void truth_end(struct world *w) {
    for (int i = 0; i < w->rows.trade_count; i++)
        w->result->counts.entered += w->rows.trades[i].entered_at != 0;
    w->result->counts.orders = exchange_order_count(w->ex, 0);
    if (!w->alive) {
        broken(w, "the process is not running in the end");
        return;
    }
    nothing_open_ended(w);
    if (w->resets > 0) {
        after_reset(w);
        return;
    }
    for (int64_t i = 0; i < exchange_order_count(w->ex, 0); i++) {
        const struct match_order *o = exchange_order(w->ex, 0, i);
        same_order(w, o);
        same_fills(w, o);
    }
    same_positions(w);
}
