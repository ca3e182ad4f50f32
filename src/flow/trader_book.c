/* What the venue reports of our orders, and what it makes of a trade: fills are booked, states
 * move.
 *
 * In: reports, from answers, streams and snapshots, late, twice and in disorder. order_classify()
 * says which are news. Fills are booked by the cumulative amount, so that one that was missed is
 * made up for and none counts twice. News can overtake: a stop that fired before we know of its
 * entry waits until we do.
 *
 * Failure: what cannot be is told and asked about; numbers that no venue means are not booked.
 * Thread: the trader's. */
#include "flow/trader_int.h"

#include "base/buf.h"
#include "flow/trade/plan.h"
#include "flow/wallet/wallet.h"

/* --- fills --------------------------------------------------------------------------------------
 */

static void on_entered(struct trader *t, struct trade *tr, const struct order *o) {
    tr->quantity = o->filled;
    IGNORE(price_average(o->quote_filled, o->filled, ROUND_FLOOR, &tr->entry_price),
           "out of range: shown as 0");
    if (trade_entered(tr)) return;
    tr->entered_at = t->now;
    tr->hold_until = t->now + t->cfg->trading_max_hold_s * USEC_PER_S;
    t->account.trades++;
    struct texts x = {0};
    tell(t, TELL_INFO, "trade_opened", "%s %s %s at %s, stop %s, target %s", side_name(tr->side),
         text_e8(&x, qty_e8(o->filled)), tr->symbol, text_e8(&x, price_e8(tr->entry_price)),
         text_e8(&x, price_e8(tr->stop_loss)), text_e8(&x, price_e8(tr->take_profit)));
}

/* Numbers that no venue means. */
static bool fill_makes_sense(const struct fill *f) {
    if (qty_e8(f->qty) <= 0 || price_e8(f->price) <= 0 || money_e8(f->quote) < 0) return false;
    return f->fee_e8 >= 0 && (!f->fee_in_base || f->fee_e8 <= qty_e8(f->qty));
}

/* What the fill takes of the holding, at most all of it. */
static void cut_to_held(struct trader *t, const struct trade *tr, struct fill *f) {
    const qty base = f->fee_in_base ? qty_minus(f->qty, qty_from_e8(f->fee_e8)) : f->qty;
    if (f->leg == LEG_ENTRY || qty_cmp(base, tr->held) <= 0) return;
    tell(t, TELL_BROKEN, "fill_does_not_fit", "%s: fill %s takes more than is held", tr->symbol,
         f->venue_trade_id);
    f->qty = tr->held; /* the money is what the venue says; it held the coins, we did not */
    if (f->fee_in_base) f->qty = qty_plus(f->qty, qty_from_e8(f->fee_e8));
}

static void book(struct trader *t, struct trade *tr, struct fill *f) {
    if (!fill_makes_sense(f)) {
        tell(t, TELL_BROKEN, "fill_does_not_fit", "%s: fill %s is no fill", tr->symbol,
             f->venue_trade_id);
        return;
    }
    cut_to_held(t, tr, f);
    f->id = new_id(t);
    wallet_fill(tr, &t->account, f);
    act(t, ACTION_PUT_FILL)->u.fill = *f;
    struct texts x = {0};
    char block[TRADE_NAME_BYTES];
    ledger(t, "fill trade=%s %s %s qty=%s price=%s quote=%s fee=%s %s", trade_name(tr, block),
           leg_name(f->leg), order_side_name(f->side), text_e8(&x, qty_e8(f->qty)),
           text_e8(&x, price_e8(f->price)), text_e8(&x, money_e8(f->quote)), text_e8(&x, f->fee_e8),
           f->fee_asset);
    audit(t, "venue", "fill", "fill", f->id, tr->id, "%s %s %s at %s", order_side_name(f->side),
          text_e8(&x, qty_e8(f->qty)), f->symbol, text_e8(&x, price_e8(f->price)));
    t->acts->durable = true;
    t->account_dirty = true;
}

static void fill_head(struct fill *f, const struct order *o, usec now) {
    *f = (struct fill){.trade_id = o->trade_id,
                       .order_id = o->id,
                       .sym = o->sym,
                       .side = o->side,
                       .leg = o->leg,
                       .at = now};
    memcpy(f->symbol, o->symbol, SYMBOL_BYTES);
}

/* The fee that is expected of a fill, as the venue's terms say. */
static void expect_fee(const struct trader *t, struct fill *f, bool in_base) {
    const struct symbol *s = &t->symbols->v[f->sym];
    f->fee_in_base = in_base;
    const money of = f->fee_in_base ? money_from_e8(qty_e8(f->qty)) : f->quote;
    money fee = money_from_e8(0);
    IGNORE(money_ratio(of, t->traits.fee_e8, E8, ROUND_CEIL, &fee), "out of range: stays 0");
    f->fee_e8 = money_e8(fee);
    memcpy(f->fee_asset, f->fee_in_base ? s->base : s->quote, sizeof f->fee_asset);
}

/* A fee in an asset that is neither of the pair's (a discount token): nobody here knows its price,
 * so the expected fee in quote stands in for it, and the audit has what was taken. */
static void price_foreign_fee(struct trader *t, struct fill *f) {
    const struct symbol *s = &t->symbols->v[f->sym];
    if (f->fee_e8 == 0 || f->fee_in_base || f->fee_asset[0] == '\0') return;
    if (strcmp(f->fee_asset, s->quote) == 0) return;
    struct texts x = {0};
    audit(t, "venue", "fee", "order", f->order_id, f->trade_id,
          "fill %s cost %s %s; the expected fee is booked", f->venue_trade_id,
          text_e8(&x, f->fee_e8), f->fee_asset);
    if (!t->foreign_fee_told) {
        tell(t, TELL_UNUSUAL, "fee_in_another_asset",
             "the venue takes its fees in %s, whose price is not known here; the expected fee is "
             "booked",
             f->fee_asset);
    }
    t->foreign_fee_told = true;
    expect_fee(t, f, false); /* what was bought is all there */
}

/* The fill that a report carries. */
static void fill_reported(struct trader *t, struct fill *f, const struct order *o,
                          const struct report *r) {
    fill_head(f, o, r->at != 0 ? r->at : t->now);
    memcpy(f->venue_trade_id, r->venue_trade_id, sizeof f->venue_trade_id);
    f->qty = r->fill_qty;
    f->price = r->fill_price;
    f->quote = r->fill_quote;
    f->fee_e8 = r->fee_e8;
    memcpy(f->fee_asset, r->fee_asset, sizeof f->fee_asset);
    f->fee_in_base = r->fee_in_base;
    price_foreign_fee(t, f);
}

/* A fill made of an order's totals, for those whose own reports were missed. Its name is made of
 * the order and the total, so that it is made only once; its fee is the expected one. */
static void fill_missed(const struct trader *t, struct fill *f, const struct order *o, qty missing,
                        money cost, qty total) {
    fill_head(f, o, t->now);
    struct buf b;
    buf_init_fixed(&b, f->venue_trade_id, sizeof f->venue_trade_id);
    buf_printf(&b, "sum-%lld-", (long long)o->id);
    buf_put_e8(&b, qty_e8(total));
    f->qty = missing;
    f->quote = cost;
    IGNORE(price_average(cost, missing, ROUND_FLOOR, &f->price), "checked by fill_fits");
    expect_fee(t, f, t->traits.fee_from_received && f->side == ORDER_BUY);
}

/* Books what the report adds to the order: the fill that it carries, and what of the totals is
 * beyond it. A fill that is larger than what the totals added was booked in part before. */
static void book_report(struct trader *t, struct trade *tr, const struct order *o,
                        const struct report *r) {
    struct fill f;
    qty missing = qty_minus(r->filled, o->filled);
    money cost = money_minus(r->quote_filled, o->quote_filled);
    const bool whole = r->has_fill && qty_e8(r->fill_qty) > 0 &&
                       qty_cmp(r->fill_qty, missing) <= 0 && money_cmp(r->fill_quote, cost) <= 0;
    if (whole) {
        missing = qty_minus(missing, r->fill_qty);
        cost = money_minus(cost, r->fill_quote);
    }
    if (qty_e8(missing) > 0) {
        tell(t, TELL_UNUSUAL, "fills_missed", "%s %s: booked from the order's totals", o->symbol,
             leg_name(o->leg));
        fill_missed(t, &f, o, missing, cost, whole ? qty_minus(r->filled, r->fill_qty) : r->filled);
        book(t, tr, &f);
    }
    if (whole) {
        fill_reported(t, &f, o, r);
        book(t, tr, &f);
    }
}

/* --- reports ------------------------------------------------------------------------- */

/* Far away an answer shows the legs as they were before the entry filled: whether they came to life
 * has to be asked, soon. */
static void verify_legs(struct trader *t, const struct trade *tr) {
    static const leg legs[] = {LEG_STOP, LEG_TARGET};
    if (t->traits.absence_after == 0) return;
    for (ptrdiff_t i = 0; i < COUNT_OF(legs); i++) {
        struct order *o = order_of(t, tr->id, legs[i]);
        if (o == NULL || !order_is_live(o->state) || o->state == ORDER_ST_OPEN) continue;
        ask_order(t, o, t->now + (o->state == ORDER_ST_UNKNOWN ? 0 : QUICK_PAUSE));
    }
}

/* Copies what else the report knows of the order. */
static void note_report(struct order *o, const struct report *r) {
    if (!qty_is_zero(r->qty)) o->qty = r->qty;
    if (r->venue_id[0] != '\0') memcpy(o->venue_id, r->venue_id, sizeof o->venue_id);
    o->watch.asks = 0;
    o->watch.vanished = 0;
    o->watch.lacks = false;
}

/* One request makes all orders of it: where one is, the others are, also once that one has ended
 * and is no longer looked at. */
static void siblings_found(struct trader *t, const struct order *o) {
    if (t->traits.absence_after == 0) return;
    for (int i = 0; i < t->order_count; i++) {
        struct order *s = &t->orders[i];
        if (s != o && s->trade_id == o->trade_id && coid_same_request(s->coid, o->coid))
            s->watch.found = true;
    }
}

static void apply(struct trader *t, struct order *o, const struct report *r) {
    struct trade *tr = trade_find(t, o->trade_id);
    note_report(o, r);
    if (r->state != ORDER_ST_ABSENT && r->venue_id[0] != '\0') siblings_found(t, o);
    if (o->state == ORDER_ST_NEW && r->state != ORDER_ST_ABSENT) order_step(t, o, ORDER_ST_SENT);
    const bool more = qty_cmp(r->filled, o->filled) > 0;
    if (more && tr == NULL) {
        tell(t, TELL_BROKEN, "fill_unexplained", "%s: %s filled after its trade was closed",
             o->symbol, o->coid);
    } else if (more) {
        book_report(t, tr, o, r);
    }
    if (more) {
        o->filled = r->filled;
        o->quote_filled = r->quote_filled;
    }
    order_step(t, o, r->state);
    put_order(t, o);
    if (t->traits.absence_after != 0 && is_unsure(t, o)) ask_order(t, o, t->now + QUICK_PAUSE);
    if (tr == NULL) {
        sweep_orders(t);
        return;
    }
    if (more && o->leg == LEG_ENTRY) on_entered(t, tr, o);
    if (o->leg == LEG_ENTRY && !order_is_live(o->state)) verify_legs(t, tr);
    if (more && o->leg == LEG_EXIT) care_of(t, tr)->tries = 0;
    if (more) {
        put_trade(t, tr);
        if (!qty_is_zero(tr->held)) put_position(t, tr);
        sample_equity(t);
    }
    settle(t, tr, more ? o->leg : LEG_NONE);
}

/* News can overtake: a stop has fired and nobody told us yet that the entry had filled. Booked now,
 * it would sell what we do not know to hold, and once more when we do. */
static bool is_too_early(struct trader *t, const struct order *o, const struct report *r) {
    const struct trade *tr = trade_find(t, o->trade_id);
    if (tr == NULL || o->leg == LEG_ENTRY) return false;
    const struct order *entry = order_of(t, tr->id, LEG_ENTRY);
    const qty more = qty_minus(r->filled, o->filled);
    return entry != NULL && order_is_live(entry->state) && qty_cmp(more, tr->held) > 0;
}

#define STRAY_PAUSE (5 * USEC_PER_S)

/* What another bullfinch opens and closes between two snapshots none of them shows: the word of a
 * stream is enough. Without snapshots nothing would ever end it. */
static void of_another(struct trader *t, const struct report *r) {
    struct compare *c = &t->compare;
    if (!t->traits.snapshots) return;
    c->other_at = t->now;
    compare_want(t, t->now + OTHER_LASTS);
    if (c->foreign) return;
    c->foreign = true;
    tell(t, TELL_BROKEN, "foreign_bot",
         "another bullfinch sends orders on this account (%s): no entries until it is gone",
         r->coid);
    audit(t, "program", "foreign_bot", "account", 0, 0, "%s", r->coid);
}

/* Nothing of ours, or of a trade that is long over: of the latter the next snapshot knows more. */
static void not_ours(struct trader *t, const struct report *r) {
    const struct gone *g = order_gone(t, r->coid);
    if (g != NULL && qty_cmp(r->filled, g->filled) <= 0) return; /* told once more */
    if (g != NULL) {
        tell(t, TELL_BROKEN, "fill_unexplained", "%s filled after its trade was closed", r->coid);
        return;
    }
    const coid_owner owner = coid_owner_of(r->coid, t->account.install);
    if (owner == COID_OTHER) of_another(t, r);
    char ours[8];
    struct buf b;
    buf_init_fixed(&b, ours, sizeof ours);
    buf_printf(&b, "bf%s-", t->account.install);
    tell(t, TELL_UNUSUAL, "order_not_ours", "the venue reports %s, which is not known here",
         r->coid);
    if (!str_starts(str_from_z(r->coid), buf_str(&b))) return;
    /* one that cannot be taken off is told by each attempt: no faster than the venue can bear */
    compare_want(t, i64_max(t->now, t->compare.asked_at + STRAY_PAUSE));
}

void on_report(struct trader *t, const struct report *r) {
    struct order *o = order_by_coid(t, r->coid);
    if (o == NULL && r->state == ORDER_ST_ABSENT) return; /* asked after, and ended meanwhile */
    if (o == NULL) {
        not_ours(t, r);
        return;
    }
    if (r->state == ORDER_ST_ABSENT) {
        not_found(t, r);
        return;
    }
    switch (order_classify(o, r)) {
    case REPORT_APPLY:
        if (is_too_early(t, o, r))
            ask_trade(t, o->trade_id); /* entry first, as the table has them; then this one again */
        else
            apply(t, o, r);
        return;
    case REPORT_OLD:
        return;
    case REPORT_CONTRADICT:
        tell(t, TELL_UNUSUAL, "report_contradicts", "%s: the venue says %s, we have %s", r->coid,
             order_state_name(r->state), order_state_name(o->state));
        if (order_is_live(o->state)) ask_trade(t, o->trade_id);
        return;
    }
    WRONG("report class out of its list");
}
