/* From an intent to a closed trade: writes the intent down, sends it, books what the venue reports,
 * keeps what is held under protection, and closes it.
 *
 * Rules that hold after every turn:
 * - an intent is committed before its request is sent (the runner does both, in that order);
 * - what is held has a live stop or target, or an exit under way; else it is sold at once;
 * - an order whose fate is unknown is asked after, never sent again;
 * - only fills change what is held, and each fill is booked once, by the cumulative amount. */
#include "flow/trader_int.h"

#include "base/buf.h"
#include "flow/trade/plan.h"
#include "flow/wallet/wallet.h"

#define QUESTIONS_MAX 64 /* a turn; the rest waits for the next one */

/* --- tables -------------------------------------------------------------------------------------
 */

struct trade *trade_find(struct trader *t, int64_t id) {
    for (int i = 0; i < t->trade_count; i++) {
        if (t->trades[i].id == id) return &t->trades[i];
    }
    return NULL;
}

void trades_index(struct trader *t) {
    for (int i = 0; i < t->symbols->count; i++) t->syms[i].trade = -1;
    for (int i = 0; i < t->trade_count; i++) t->syms[t->trades[i].sym].trade = i;
}

bool trade_entered(const struct trade *tr) { return tr->entered_at != 0; }

static struct order *order_by_coid(struct trader *t, const char *coid) {
    for (int i = 0; i < t->order_count; i++) {
        if (strcmp(t->orders[i].coid, coid) == 0) return &t->orders[i];
    }
    return NULL;
}

/* The newest order of a leg, NULL if there is none. */
static struct order *order_of(struct trader *t, int64_t trade_id, leg which) {
    for (int i = t->order_count - 1; i >= 0; i--) {
        if (t->orders[i].trade_id == trade_id && t->orders[i].leg == which) return &t->orders[i];
    }
    return NULL;
}

static bool leg_is_live(struct trader *t, int64_t trade_id, leg which) {
    const struct order *o = order_of(t, trade_id, which);
    return o != NULL && order_is_live(o->state);
}

/* Orders at their end leave the table once their trade is closed. */
static void sweep_orders(struct trader *t) {
    int kept = 0;
    for (int i = 0; i < t->order_count; i++) {
        const struct order *o = &t->orders[i];
        if (order_is_live(o->state) || trade_find(t, o->trade_id) != NULL) t->orders[kept++] = *o;
    }
    t->order_count = kept;
}

static void put_trade(struct trader *t, const struct trade *tr) {
    act(t, ACTION_PUT_TRADE)->u.trade = *tr;
}

void position_of(const struct trader *t, const struct trade *tr, struct position *ret) {
    *ret = (struct position){
        .trade_id = tr->id,
        .sym = tr->sym,
        .size = tr->side == SIDE_LONG ? tr->held : qty_neg(tr->held),
        .avg_entry = wallet_average(tr),
        .leverage = tr->leverage,
        .unrealized = wallet_unrealized(tr, t->syms[tr->sym].mark),
        .updated_at = t->now,
    };
    memcpy(ret->symbol, tr->symbol, SYMBOL_BYTES);
}

static void put_position(struct trader *t, const struct trade *tr) {
    position_of(t, tr, &act(t, ACTION_PUT_POSITION)->u.position);
}

static struct order *add_order(struct trader *t, const struct trade *tr, leg which) {
    PRE(t->order_count < ORDERS_MAX);
    struct order *o = &t->orders[t->order_count++];
    order_make(o, tr, t->account.install, which, t->now);
    o->id = new_id(t);
    return o;
}

static void put_order(struct trader *t, const struct order *o) {
    act(t, ACTION_PUT_ORDER)->u.order = *o;
}

/* Moves an order and writes it down. An order at its end that takes a late fill stays there. */
static void move(struct trader *t, struct order *o, order_state next) {
    if (o->state == next || (!order_is_live(o->state) && !order_can_move(o->state, next))) {
        o->updated_at = t->now;
    } else {
        char block[TRADE_NAME_BYTES];
        ledger(t, "order trade=%s %s %s>%s", trade_name_of_order(t, o, block), leg_name(o->leg),
               order_state_name(o->state), order_state_name(next));
        audit(t, next == ORDER_ST_SENT ? "program" : "venue", "move", "order", o->id, o->trade_id,
              "%s %s %s>%s", leg_name(o->leg), o->symbol, order_state_name(o->state),
              order_state_name(next));
        order_move(o, next, t->now);
    }
}

/* --- opening ------------------------------------------------------------------------------------
 */

void remember_intent(struct trader *t, const struct trade *tr, int sym) {
    struct memo *m = &t->memos[t->memo_next];
    *m = (struct memo){tr->root_id, tr->cluster_id, tr->id, sym, "", tr->created_at};
    memcpy(m->strategy, tr->strategy, STRATEGY_BYTES);
    t->memo_next = (t->memo_next + 1) % MEMO_MAX;
    if (t->memo_count < MEMO_MAX) t->memo_count++;
}

static void note_author(struct trader *t, const struct trade *tr) {
    struct author *a = judge_find_author(&t->judge, str_from_z(tr->author));
    if (a == NULL) return; /* silent for so long that he was forgotten: nothing to hold back */
    const int64_t today = time_utc_day(t->now);
    a->trades_today = a->day == today ? a->trades_today + 1 : 1;
    a->day = today;
    a->last_trade_at = t->now;
    if (a != t->reading_author) act(t, ACTION_PUT_AUTHOR)->u.author = *a; /* else put at its end */
}

static void make_trade(struct trader *t, struct trade *tr, const struct signal *s,
                       const struct plan *p) {
    *tr = (struct trade){
        .id = new_id(t),
        .tweet_id = s->tweet_id,
        .signal_id = s->id,
        .root_id = s->root_id,
        .cluster_id = s->cluster_id,
        .sym = s->sym,
        .side = s->side,
        .leverage = 1,
        .quantity = p->qty,
        .quote_price = p->quote,
        .limit_price = p->limit,
        .stop_loss = p->stop,
        .take_profit = p->target,
        .status = TRADE_OPEN,
        .posted_at = s->posted_at,
        .base_score = s->base_score,
        .created_at = t->now,
        .signed_at = t->now,
        .recv_window = t->traits.recv_window,
        .epoch = t->control.epoch,
        .generation = 1,
    };
    memcpy(tr->author, s->author, AUTHOR_BYTES);
    memcpy(tr->symbol, s->symbol, SYMBOL_BYTES);
    IGNORE(str_copyz(t->cfg->trading_strategy, tr->strategy, sizeof tr->strategy),
           "bounded by the configuration");
    coid_make(tr->list_coid, tr, t->account.install, 'l', 1);
}

static void send_entry(struct trader *t, const struct trade *tr) {
    struct request *rq = &act(t, ACTION_SEND)->u.request;
    request_bracket(rq, tr, t->account.install);
    rq->id = ++t->last_request;
}

void trade_open(struct trader *t, struct signal *s, const struct plan *plan) {
    PRE(t->trade_count < TRADES_MAX);
    struct trade *tr = &t->trades[t->trade_count++];
    make_trade(t, tr, s, plan);
    t->syms[tr->sym].trade = t->trade_count - 1;
    act(t, ACTION_PUT_INTENT)->u.trade = *tr;
    static const leg legs[] = {LEG_ENTRY, LEG_STOP, LEG_TARGET};
    for (ptrdiff_t i = 0; i < COUNT_OF(legs); i++) put_order(t, add_order(t, tr, legs[i]));
    s->verdict = VERDICT_TRADED;
    s->reason = REASON_NONE;
    s->trade_id = tr->id;
    act(t, ACTION_PUT_SIGNAL)->u.signal = *s;
    note_author(t, tr);
    remember_intent(t, tr, tr->sym);
    struct texts x = {0};
    char block[TRADE_NAME_BYTES];
    ledger(t, "intent trade=%s tweet=%lld %s qty=%s limit=%s stop=%s target=%s score=%d",
           trade_name(tr, block), (long long)tr->tweet_id, side_name(tr->side),
           text_e8(&x, qty_e8(tr->quantity)), text_e8(&x, price_e8(tr->limit_price)),
           text_e8(&x, price_e8(tr->stop_loss)), text_e8(&x, price_e8(tr->take_profit)), s->score);
    audit(t, "program", "intent", "trade", tr->id, tr->id, "%s %s qty %s score %d",
          side_name(tr->side), tr->symbol, text_e8(&x, qty_e8(tr->quantity)), s->score);
    send_entry(t, tr);
    t->acts->durable = true;
}

/* --- closing ------------------------------------------------------------------------------------
 */

static void remove_trade(struct trader *t, struct trade *tr) {
    const ptrdiff_t i = tr - t->trades;
    t->syms[tr->sym].closed_at = t->now;
    memmove(tr, tr + 1, (size_t)(t->trade_count - i - 1) * sizeof *tr);
    t->trade_count--;
    trades_index(t);
    sweep_orders(t);
}

static void finish(struct trader *t, struct trade *tr, trade_status status, reason why) {
    tr->status = status;
    tr->closed_reason = why;
    tr->closed_at = t->now;
    put_trade(t, tr);
    struct texts x = {0};
    char block[TRADE_NAME_BYTES];
    ledger(t, "close trade=%s %s %s pnl=%s fees=%s", trade_name(tr, block),
           trade_status_name(status), reason_name(why), text_e8(&x, money_e8(tr->pnl)),
           text_e8(&x, money_e8(tr->fees)));
    audit(t, "program", "close", "trade", tr->id, tr->id, "%s %s pnl %s", trade_status_name(status),
          reason_name(why), text_e8(&x, money_e8(tr->pnl)));
    t->acts->durable = true;
    t->account_dirty = true;
}

static void close_trade(struct trader *t, struct trade *tr, reason why) {
    wallet_write_off(tr, &t->account);
    finish(t, tr, TRADE_CLOSED, why);
    put_position(t, tr);
    struct texts x = {0};
    tell(t, TELL_INFO, "trade_closed", "%s %s: %s, profit %s", side_name(tr->side), tr->symbol,
         reason_text(why), text_e8(&x, money_e8(tr->pnl)));
    remove_trade(t, tr);
    sample_equity(t);
    check_drawdown(t);
}

static void cancel_trade(struct trader *t, struct trade *tr, reason why) {
    const usec rested = t->syms[tr->sym].closed_at; /* nothing was held: no cooldown */
    const int sym = tr->sym;
    finish(t, tr, TRADE_CANCELLED, why);
    tell(t, TELL_INFO, "entry_not_filled", "%s %s: %s", side_name(tr->side), tr->symbol,
         reason_text(why));
    remove_trade(t, tr);
    t->syms[sym].closed_at = rested;
}

/* What of the holding can be sold: whole steps, of LOT_SIZE and of MARKET_LOT_SIZE. */
static qty sellable(const struct trader *t, const struct trade *tr) {
    const struct symbol *s = &t->symbols->v[tr->sym];
    qty q = tr->held;
    if (!qty_is_zero(s->step)) q = qty_to_step(q, s->step, ROUND_FLOOR);
    return qty_is_zero(s->market_step) ? q : qty_to_step(q, s->market_step, ROUND_FLOOR);
}

/* Is so much of it under the step or the least notional? */
static bool is_too_small(const struct trader *t, const struct trade *tr, qty q) {
    const struct symbol *s = &t->symbols->v[tr->sym];
    if (qty_is_zero(q) || qty_cmp(q, s->min_qty) < 0 || qty_cmp(q, s->market_min_qty) < 0) {
        return true;
    }
    const price mark = t->syms[tr->sym].mark;
    money value;
    if (price_is_zero(mark) || !money_notional(mark, q, ROUND_FLOOR, &value)) return false;
    return s->min_notional_market && money_cmp(value, s->min_notional) < 0;
}

/* Is what is left too small to be sold? What is owed never is: a debt is bought back whole, and
 * venues take orders that only reduce one however small they are. */
static bool is_dust(const struct trader *t, const struct trade *tr) {
    if (tr->side == SIDE_SHORT) return qty_is_zero(tr->held);
    return is_too_small(t, tr, sellable(t, tr));
}

/* What a shrink leaves: half of what the entry brought, in whole steps. */
static qty half_of(const struct trader *t, const struct trade *tr) {
    const struct symbol *s = &t->symbols->v[tr->sym];
    qty q = qty_from_e8(qty_e8(tr->quantity) / 2);
    if (!qty_is_zero(s->step)) q = qty_to_step(q, s->step, ROUND_FLOOR);
    return qty_is_zero(s->market_step) ? q : qty_to_step(q, s->market_step, ROUND_FLOOR);
}

static qty over_half(const struct trader *t, const struct trade *tr) {
    const qty all = sellable(t, tr), half = half_of(t, tr);
    return qty_cmp(all, half) > 0 ? qty_minus(all, half) : qty_from_e8(0);
}

/* What the exit that is due takes. Where one of two halves could not be sold by itself, it takes
 * all: a rest without protection helps nobody. */
static qty exit_takes(const struct trader *t, struct trade *tr) {
    const qty all = sellable(t, tr), half = half_of(t, tr), over = over_half(t, tr);
    if (tr->shrink_due && !is_too_small(t, tr, over) && !is_too_small(t, tr, half)) return over;
    tr->shrink_due = false;
    return all;
}

/* Makes room: exits and protection that ended, but for the newest of each trade. */
static void sweep_exits(struct trader *t) {
    int kept = 0;
    for (int i = 0; i < t->order_count; i++) {
        const struct order *o = &t->orders[i];
        const bool needed =
            o->leg == LEG_ENTRY || order_is_live(o->state) || order_of(t, o->trade_id, o->leg) == o;
        if (needed) t->orders[kept++] = *o;
    }
    t->order_count = kept;
}

static void send_exit(struct trader *t, struct trade *tr) {
    if (t->order_count == ORDERS_MAX) sweep_exits(t);
    if (tr->generation >= GENERATION_MAX || t->order_count == ORDERS_MAX) {
        tell(t, TELL_BROKEN, "exit_stuck", "%s: no more exits can be made; close it by hand",
             tr->symbol);
        tr->exit_sent = true;
        return;
    }
    tr->generation++;
    tr->exit_sent = true;
    const qty takes = exit_takes(t, tr);
    struct order *o = add_order(t, tr, LEG_EXIT);
    o->qty = takes;
    put_order(t, o);
    put_trade(t, tr);
    struct request *rq = &act(t, ACTION_SEND)->u.request;
    request_exit(rq, tr, &t->symbols->v[tr->sym], order_of(t, tr->id, LEG_STOP),
                 order_of(t, tr->id, LEG_TARGET), o);
    rq->id = ++t->last_request;
    struct texts x = {0};
    char block[TRADE_NAME_BYTES];
    ledger(t, "%s trade=%s %s qty=%s", tr->shrink_due ? "shrink" : "exit", trade_name(tr, block),
           reason_name(tr->exit_reason), text_e8(&x, qty_e8(o->qty)));
    t->acts->durable = true;
}

static void exit_wanted(struct trader *t, struct trade *tr, reason why) {
    tr->exit_due = true;
    tr->exit_reason = why;
    tr->exit_since = t->now;
    put_trade(t, tr);
    t->acts->durable = true;
    if (trade_entered(tr) && !tr->exit_sent && price_is_fresh(t, tr->sym)) send_exit(t, tr);
}

/* A shrink that is under way becomes an exit: what its order leaves goes with the next price. */
void trade_want_exit(struct trader *t, struct trade *tr, reason why) {
    if (tr->exit_due && !tr->shrink_due) return;
    tr->shrink_due = false;
    exit_wanted(t, tr, why);
}

void trade_want_shrink(struct trader *t, struct trade *tr, reason why) {
    if (tr->exit_due || tr->shrunk_reason != REASON_NONE) return;
    tr->shrink_due = true;
    tr->shrunk_reason = why;
    exit_wanted(t, tr, why);
}

static bool is_guarded(struct trader *t, const struct trade *tr) {
    return leg_is_live(t, tr->id, LEG_STOP) || leg_is_live(t, tr->id, LEG_TARGET);
}

/* Sends the exit that is due; what has become too small to be sold closes the trade instead. */
static void exit_again(struct trader *t, struct trade *tr) {
    if (!is_guarded(t, tr) && is_dust(t, tr))
        close_trade(t, tr, tr->exit_reason);
    else
        send_exit(t, tr);
}

void exits_on_quote(struct trader *t, int sym) {
    const int i = t->syms[sym].trade;
    if (i < 0) return;
    struct trade *tr = &t->trades[i];
    if (tr->exit_due && !tr->exit_sent && trade_entered(tr)) exit_again(t, tr);
}

/* Did this leg fire, so that what is left is its rest? */
static bool has_filled(struct trader *t, const struct trade *tr, leg which) {
    const struct order *o = order_of(t, tr->id, which);
    return o != NULL && !qty_is_zero(o->filled);
}

/* The exit that was sent has ended: the next price brings another. */
static void exit_later(struct trader *t, struct trade *tr) {
    tr->exit_sent = false;
    tr->exit_since = t->now;
    put_trade(t, tr);
}

static bool has_room(struct trader *t, const struct trade *tr, int orders) {
    if (t->order_count + orders > ORDERS_MAX) sweep_exits(t);
    return tr->generation < GENERATION_MAX && t->order_count + orders <= ORDERS_MAX;
}

/* Would neither a stop nor a target trigger at once: has none fired, and is the last price between
 * them? */
static bool can_be_guarded(const struct trader *t, const struct trade *tr) {
    if (tr->exit_reason == REASON_STOP || tr->exit_reason == REASON_TARGET) return false;
    const price mark = t->syms[tr->sym].mark;
    const bool is_long = tr->side == SIDE_LONG;
    return price_cmp(mark, is_long ? tr->stop_loss : tr->take_profit) > 0 &&
           price_cmp(mark, is_long ? tr->take_profit : tr->stop_loss) < 0;
}

/* What an exit left over (too little volume) gets its stop and target back until the next price: an
 * order list of its own, of the next generation. The venue may refuse it, where the rest is under
 * its least; then the exit at the next price is all there is. */
static void protect_rest(struct trader *t, struct trade *tr) {
    if (!can_be_guarded(t, tr) || !has_room(t, tr, 2)) return;
    tr->generation++;
    coid_make(tr->list_coid, tr, t->account.install, 'l', tr->generation);
    const qty rest = sellable(t, tr);
    struct order *stop = add_order(t, tr, LEG_STOP);
    stop->qty = rest;
    put_order(t, stop);
    struct order *target = add_order(t, tr, LEG_TARGET);
    target->qty = rest;
    put_order(t, target);
    struct request *rq = &act(t, ACTION_SEND)->u.request;
    request_protect(rq, tr, stop, target);
    rq->id = ++t->last_request;
    struct texts x = {0};
    char block[TRADE_NAME_BYTES];
    ledger(t, "protect trade=%s qty=%s", trade_name(tr, block), text_e8(&x, qty_e8(rest)));
    t->acts->durable = true;
}

/* The half was sold, and with it went the stop and the target: the rest gets them back at once, or
 * goes as well. */
static void shrunk(struct trader *t, struct trade *tr) {
    tr->shrink_due = tr->exit_due = tr->exit_sent = false;
    tr->exit_reason = REASON_NONE;
    put_trade(t, tr);
    struct texts x = {0};
    tell(t, TELL_INFO, "trade_shrunk", "%s %s: %s, %s is left", side_name(tr->side), tr->symbol,
         reason_text(tr->shrunk_reason), text_e8(&x, qty_e8(tr->held)));
    const int generation = tr->generation;
    protect_rest(t, tr);
    if (tr->generation == generation) trade_want_exit(t, tr, tr->shrunk_reason);
}

/* Something is held and nothing guards it: close it at once. An exit that has just ended without
 * taking all is not repeated before the next price; until then the rest is protected again. */
static void stand_bare(struct trader *t, struct trade *tr) {
    const bool tried = tr->exit_due && order_of(t, tr->id, LEG_EXIT) != NULL;
    if (tr->exit_reason == REASON_NONE) {
        tr->exit_reason = has_filled(t, tr, LEG_STOP)     ? REASON_STOP
                          : has_filled(t, tr, LEG_TARGET) ? REASON_TARGET
                                                          : REASON_UNPROTECTED;
    }
    tr->exit_due = true;
    tell(t, TELL_UNUSUAL, "position_bare", "%s has no protection; closing it at market",
         tr->symbol);
    if (!tried) {
        send_exit(t, tr);
        return;
    }
    if (order_of(t, tr->id, LEG_EXIT)->updated_at == t->now) protect_rest(t, tr);
    exit_later(t, tr);
}

/* After news of a trade: is it over, or does it stand bare? */
static void settle(struct trader *t, struct trade *tr, leg last) {
    const struct order *entry = order_of(t, tr->id, LEG_ENTRY);
    if (!trade_entered(tr)) {
        if (entry == NULL || order_is_live(entry->state)) return;
        const reason why = entry->state == ORDER_ST_REJECTED ? REASON_VENUE_REJECTED
                           : entry->state == ORDER_ST_ABSENT ? REASON_LATE
                                                             : REASON_NOT_FILLED;
        cancel_trade(t, tr, why);
        return;
    }
    const bool exiting = leg_is_live(t, tr->id, LEG_EXIT);
    const bool guarded = is_guarded(t, tr);
    if (qty_is_zero(tr->held) || (!guarded && !exiting && is_dust(t, tr))) {
        const reason why = last == LEG_STOP     ? REASON_STOP
                           : last == LEG_TARGET ? REASON_TARGET
                           : tr->exit_due       ? tr->exit_reason
                                                : REASON_DUST;
        close_trade(t, tr, why);
        return;
    }
    if (exiting) return;
    if (guarded) {
        if (tr->exit_due && tr->exit_sent) exit_later(t, tr); /* it came to nothing */
        return;
    }
    if (entry != NULL && order_is_live(entry->state)) return; /* still filling */
    if (tr->shrink_due && tr->exit_sent && is_too_small(t, tr, over_half(t, tr)))
        shrunk(t, tr);
    else
        stand_bare(t, tr);
}

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

/* The fill that a report carries. */
static void fill_reported(struct fill *f, const struct order *o, const struct report *r, usec now) {
    fill_head(f, o, r->at != 0 ? r->at : now);
    memcpy(f->venue_trade_id, r->venue_trade_id, sizeof f->venue_trade_id);
    f->qty = r->fill_qty;
    f->price = r->fill_price;
    f->quote = r->fill_quote;
    f->fee_e8 = r->fee_e8;
    memcpy(f->fee_asset, r->fee_asset, sizeof f->fee_asset);
    f->fee_in_base = r->fee_in_base;
}

/* The fee that is expected of a fill whose own report was missed, as the venue's terms say. */
static void expect_fee(const struct trader *t, struct fill *f) {
    const struct symbol *s = &t->symbols->v[f->sym];
    f->fee_in_base = t->traits.fee_from_received && f->side == ORDER_BUY;
    const money of = f->fee_in_base ? money_from_e8(qty_e8(f->qty)) : f->quote;
    money fee = money_from_e8(0);
    IGNORE(money_ratio(of, t->traits.fee_e8, E8, ROUND_CEIL, &fee), "out of range: stays 0");
    f->fee_e8 = money_e8(fee);
    memcpy(f->fee_asset, f->fee_in_base ? s->base : s->quote, sizeof f->fee_asset);
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
    expect_fee(t, f);
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
        fill_reported(&f, o, r, t->now);
        book(t, tr, &f);
    }
}

/* --- what the venue says ------------------------------------------------------------- */

static void apply(struct trader *t, struct order *o, const struct report *r) {
    struct trade *tr = trade_find(t, o->trade_id);
    if (!qty_is_zero(r->qty)) o->qty = r->qty;
    if (r->venue_id[0] != '\0') memcpy(o->venue_id, r->venue_id, sizeof o->venue_id);
    if (o->state == ORDER_ST_NEW && r->state != ORDER_ST_ABSENT) move(t, o, ORDER_ST_SENT);
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
    move(t, o, r->state);
    put_order(t, o);
    if (tr == NULL) {
        sweep_orders(t);
        return;
    }
    if (more && o->leg == LEG_ENTRY) on_entered(t, tr, o);
    if (more) {
        put_trade(t, tr);
        if (!qty_is_zero(tr->held)) put_position(t, tr);
        sample_equity(t);
    }
    settle(t, tr, more ? o->leg : LEG_NONE);
}

/* The venue is asked after every live order in a moment. */
static void ask_soon(struct trader *t) { t->query_at = i64_min(t->query_at, t->now + QUERY_PAUSE); }

static void not_found(struct trader *t, const struct report *r);

/* News can overtake: a stop has fired and nobody told us yet that the entry had filled. Booked now,
 * it would sell what we do not know to hold, and once more when we do. */
static bool is_too_early(struct trader *t, const struct order *o, const struct report *r) {
    const struct trade *tr = trade_find(t, o->trade_id);
    if (tr == NULL || o->leg == LEG_ENTRY) return false;
    const struct order *entry = order_of(t, tr->id, LEG_ENTRY);
    const qty more = qty_minus(r->filled, o->filled);
    return entry != NULL && order_is_live(entry->state) && qty_cmp(more, tr->held) > 0;
}

void on_report(struct trader *t, const struct report *r) {
    struct order *o = order_by_coid(t, r->coid);
    if (o == NULL && r->state == ORDER_ST_ABSENT) return; /* asked after, and ended meanwhile */
    if (o == NULL) {
        tell(t, TELL_UNUSUAL, "order_not_ours", "the venue reports %s, which is not known here",
             r->coid);
        return;
    }
    if (r->state == ORDER_ST_ABSENT) {
        not_found(t, r);
        return;
    }
    switch (order_classify(o, r)) {
    case REPORT_APPLY:
        if (is_too_early(t, o, r))
            ask_soon(t); /* entry first, as the table has them; then this one again */
        else
            apply(t, o, r);
        return;
    case REPORT_OLD:
        return;
    case REPORT_CONTRADICT:
        tell(t, TELL_UNUSUAL, "report_contradicts", "%s: the venue says %s, we have %s", r->coid,
             order_state_name(r->state), order_state_name(o->state));
        if (order_is_live(o->state)) ask_soon(t);
        return;
    }
    WRONG("report class out of its list");
}

/* Moves an order whose request ended without the venue saying anything of it. */
static void end_order(struct trader *t, struct order *o, order_state last) {
    if (o == NULL || !order_is_live(o->state)) return;
    const bool direct = order_can_move(o->state, last);
    if (!direct && o->state == ORDER_ST_NEW) move(t, o, ORDER_ST_SENT);
    if (!order_can_move(o->state, last)) return;
    move(t, o, last);
    put_order(t, o);
}

static void end_orders(struct trader *t, const struct reply *r, order_state last) {
    static const leg entry[] = {LEG_ENTRY, LEG_STOP, LEG_TARGET};
    if (r->kind == REQUEST_BRACKET) {
        for (ptrdiff_t i = 0; i < COUNT_OF(entry); i++) {
            end_order(t, order_of(t, r->trade_id, entry[i]), last);
        }
    } else if (r->kind == REQUEST_EXIT) {
        end_order(t, order_of(t, r->trade_id, LEG_EXIT), last);
    } else if (r->kind == REQUEST_PROTECT) {
        end_order(t, order_of(t, r->trade_id, LEG_STOP), last);
        end_order(t, order_of(t, r->trade_id, LEG_TARGET), last);
    }
}

/* An exit that was refused is tried again at the next price, after asking what became of the legs.
 */
static void exit_failed(struct trader *t, struct trade *tr, const struct reply *r) {
    tell(t, TELL_UNUSUAL, "exit_refused", "%s: %s", tr->symbol, r->text);
    exit_later(t, tr);
    ask_soon(t);
}

static void entry_failed(struct trader *t, struct trade *tr, const struct reply *r) {
    const reason why = r->outcome == OUTCOME_LATE   ? REASON_LATE
                       : r->outcome == OUTCOME_FULL ? REASON_OVERLOADED
                                                    : REASON_VENUE_REJECTED;
    tell(t, TELL_UNUSUAL, "entry_refused", "%s: %s", tr->symbol, r->text);
    cancel_trade(t, tr, why);
}

/* Nothing was done. What else the venue may have said of the orders before counts for more. */
static void request_failed(struct trader *t, const struct reply *r, order_state last) {
    struct trade *tr = trade_find(t, r->trade_id);
    if (r->kind == REQUEST_BRACKET && tr != NULL && trade_entered(tr)) {
        tell(t, TELL_UNUSUAL, "report_contradicts", "%s: refused after it was filled: %s",
             tr->symbol, r->text);
        ask_soon(t);
        return;
    }
    end_orders(t, r, last);
    if (r->kind == REQUEST_EXIT && tr != NULL) {
        exit_failed(t, tr, r);
    } else if (r->kind == REQUEST_BRACKET && tr != NULL) {
        entry_failed(t, tr, r);
    } else if (r->kind == REQUEST_PROTECT && tr != NULL) {
        trade_want_exit(t, tr, tr->shrunk_reason); /* nothing is due only after a shrink */
    } else if (r->kind == REQUEST_QUERY) {
        ask_soon(t); /* the question was not taken, and what was asked is still open */
    }
}

/* Entry, stop and target are one request: where the entry never was, they were not either. */
static void legs_absent(struct trader *t, int64_t trade_id) {
    static const leg legs[] = {LEG_STOP, LEG_TARGET};
    for (ptrdiff_t i = 0; i < COUNT_OF(legs); i++) {
        struct order *o = order_of(t, trade_id, legs[i]);
        if (o == NULL || !order_can_move(o->state, ORDER_ST_ABSENT)) continue;
        if (!qty_is_zero(o->filled)) continue;
        move(t, o, ORDER_ST_ABSENT);
        put_order(t, o);
    }
}

/* "No such order" is proof only when the request can no longer arrive. */
static void not_found(struct trader *t, const struct report *r) {
    struct order *o = order_by_coid(t, r->coid);
    if (o == NULL || !order_is_live(o->state)) return;
    if (t->traits.absence_after != 0 && t->now < o->signed_at + t->traits.absence_after) {
        ask_soon(t);
        return;
    }
    if (!order_can_move(o->state, ORDER_ST_ABSENT) || !qty_is_zero(o->filled)) {
        tell(t, TELL_BROKEN, "order_vanished", "%s is %s here and unknown at the venue", o->coid,
             order_state_name(o->state));
        return;
    }
    move(t, o, ORDER_ST_ABSENT);
    put_order(t, o);
    struct trade *tr = trade_find(t, o->trade_id);
    if (o->leg == LEG_ENTRY) legs_absent(t, o->trade_id);
    if (tr != NULL)
        settle(t, tr, LEG_NONE);
    else
        sweep_orders(t);
}

void on_reply(struct trader *t, const struct reply *r) {
    t->acts->durable = true;
    switch (r->outcome) {
    case OUTCOME_DONE:
        for (int i = 0; i < r->report_count; i++) on_report(t, &r->reports[i]);
        return;
    case OUTCOME_REJECTED:
        request_failed(t, r, ORDER_ST_REJECTED);
        return;
    case OUTCOME_LATE:
    case OUTCOME_FULL:
    case OUTCOME_DOWN:
        request_failed(t, r, ORDER_ST_CANCELED);
        return;
    case OUTCOME_UNKNOWN:
        end_orders(t, r, ORDER_ST_UNKNOWN);
        tell(t, TELL_UNUSUAL, "outcome_unknown", "request of trade %lld: %s; asking the venue",
             (long long)r->trade_id, r->text);
        ask_soon(t);
        return;
    }
    WRONG("outcome out of its list");
}

/* --- asking, time -------------------------------------------------------------------- */

static void query(struct trader *t, const struct order *o) {
    struct request *rq = &act(t, ACTION_SEND)->u.request;
    *rq = (struct request){.kind = REQUEST_QUERY,
                           .id = ++t->last_request,
                           .trade_id = o->trade_id,
                           .sym = o->sym,
                           .side = o->side,
                           .leg = o->leg,
                           .signed_at = t->now,
                           .recv_window = t->traits.recv_window};
    char *coid = o->leg == LEG_ENTRY    ? rq->entry_coid
                 : o->leg == LEG_STOP   ? rq->stop_coid
                 : o->leg == LEG_TARGET ? rq->target_coid
                                        : rq->exit_coid;
    memcpy(coid, o->coid, COID_BYTES);
}

/* One round goes over as many turns as it needs. */
static void ask_on(struct trader *t) {
    int asked = 0;
    for (int i = 0; i < t->order_count; i++) {
        const struct order *o = &t->orders[i];
        if (!order_is_live(o->state) || o->id <= t->asked_up_to) continue;
        if (asked == QUESTIONS_MAX || t->acts->count == ACTIONS_MAX - 1) {
            ask_soon(t); /* the rest */
            return;
        }
        query(t, o);
        t->asked_up_to = o->id;
        asked++;
    }
    t->asked_up_to = 0;
}

void orders_query_all(struct trader *t) {
    t->asked_up_to = 0;
    ask_on(t);
}

void orders_on_start(struct trader *t) {
    for (int i = 0; i < t->order_count; i++) {
        struct order *o = &t->orders[i];
        if (o->state != ORDER_ST_NEW) continue;
        move(t, o, ORDER_ST_UNKNOWN); /* a crash between commit and send, or send and reply */
        put_order(t, o);
    }
    orders_query_all(t);
}

/* An order that was cancelled at the venue with its list keeps waiting for an exit that was never
 * confirmed: exits go without a price when none comes. */
static usec exit_time(const struct trader *t, const struct trade *tr) {
    if (!trade_entered(tr) || tr->exit_sent) return USEC_NEVER;
    if (tr->exit_due && t->syms[tr->sym].dry) return USEC_NEVER; /* nobody to sell to */
    if (tr->exit_due) return tr->exit_since + i64_max(EXIT_PATIENCE, t->syms[tr->sym].interval);
    return tr->hold_until;
}

void orders_on_timer(struct trader *t) {
    for (int i = t->trade_count - 1; i >= 0; i--) { /* from the end: dust leaves the table */
        struct trade *tr = &t->trades[i];
        if (t->now < exit_time(t, tr)) continue;
        if (!tr->exit_due)
            trade_want_exit(t, tr, REASON_TIME_LIMIT);
        else
            exit_again(t, tr);
    }
    if (t->now >= t->query_at) {
        t->query_at = USEC_NEVER;
        ask_on(t);
    }
}

usec orders_next_timer(const struct trader *t) {
    usec next = t->query_at;
    for (int i = 0; i < t->trade_count; i++) next = i64_min(next, exit_time(t, &t->trades[i]));
    return next;
}
