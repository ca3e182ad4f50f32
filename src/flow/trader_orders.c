/* From an intent to a closed trade: the tables of trades and orders, and how a trade begins and
 * ends.
 *
 * Rules that hold after every turn, here and in the files beside this one:
 * - an intent is committed before its request is sent (the runner does both, in that order);
 * - what is held has a live stop or target, an exit under way, or something due that is being tried
 *   (trader_guard.c);
 * - an order whose fate is unknown is asked after, never sent again (trader_ask.c);
 * - only fills change what is held, and each fill is booked once, by the cumulative amount
 *   (trader_book.c); but a venue that was wiped has nothing left to fill (trader_venue.c). */
#include "flow/trader_int.h"

#include "flow/trade/plan.h"
#include "flow/wallet/wallet.h"

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

struct care *care_of(struct trader *t, const struct trade *tr) {
    return &t->syms[tr->sym].care;
}

struct order *order_by_coid(struct trader *t, const char *coid) {
    for (int i = 0; i < t->order_count; i++) {
        if (strcmp(t->orders[i].coid, coid) == 0) return &t->orders[i];
    }
    return NULL;
}

/* The newest order of a leg, NULL if there is none. */
struct order *order_of(struct trader *t, int64_t trade_id, leg which) {
    for (int i = t->order_count - 1; i >= 0; i--) {
        if (t->orders[i].trade_id == trade_id && t->orders[i].leg == which) return &t->orders[i];
    }
    return NULL;
}

uint64_t id_hash(const char *id) {
    uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (; *id != '\0'; id++) h = (h ^ (uint8_t)*id) * UINT64_C(0x100000001b3);
    return h;
}

const struct gone *order_gone(const struct trader *t, const char *coid) {
    const uint64_t h = id_hash(coid);
    for (int n = 1; n <= GONE_MAX && n <= t->gone_count; n++) {
        const struct gone *g = &t->gone[(t->gone_count - n) % GONE_MAX];
        if (g->hash == h) return g;
    }
    return NULL;
}

/* Orders at their end leave the table once their trade is closed. */
void sweep_orders(struct trader *t) {
    int kept = 0;
    for (int i = 0; i < t->order_count; i++) {
        const struct order *o = &t->orders[i];
        if (order_is_live(o->state) || trade_find(t, o->trade_id) != NULL)
            t->orders[kept++] = *o;
        else
            t->gone[t->gone_count++ % GONE_MAX] = (struct gone){id_hash(o->coid), o->filled};
    }
    t->order_count = kept;
}

void put_trade(struct trader *t, const struct trade *tr) {
    act(t, ACTION_PUT_TRADE)->u.trade = *tr;
}

/* Before the first price after a start nothing is known of its profit. */
void position_of(const struct trader *t, const struct trade *tr, struct position *ret) {
    const price mark = t->syms[tr->sym].mark;
    *ret = (struct position){
        .trade_id = tr->id,
        .sym = tr->sym,
        .size = tr->side == SIDE_LONG ? tr->held : qty_neg(tr->held),
        .avg_entry = wallet_average(tr),
        .leverage = tr->leverage,
        .unrealized = price_is_zero(mark) ? money_from_e8(0) : wallet_unrealized(tr, mark),
        .updated_at = t->now,
    };
    memcpy(ret->symbol, tr->symbol, SYMBOL_BYTES);
}

void put_position(struct trader *t, const struct trade *tr) {
    position_of(t, tr, &act(t, ACTION_PUT_POSITION)->u.position);
}

struct order *add_order(struct trader *t, const struct trade *tr, leg which) {
    PRE(t->order_count < ORDERS_MAX);
    struct order *o = &t->orders[t->order_count++];
    order_make(o, tr, t->account.install, which, t->now);
    o->id = new_id(t);
    return o;
}

void put_order(struct trader *t, const struct order *o) { act(t, ACTION_PUT_ORDER)->u.order = *o; }

void order_step(struct trader *t, struct order *o, order_state next) {
    if (o->state == next || (!order_is_live(o->state) && !order_can_move(o->state, next))) {
        o->updated_at = t->now;
        return;
    }
    char block[TRADE_NAME_BYTES];
    ledger(t, "order trade=%s %s %s>%s", trade_name_of_order(t, o, block), leg_name(o->leg),
           order_state_name(o->state), order_state_name(next));
    audit(t, next == ORDER_ST_SENT ? "program" : "venue", "move", "order", o->id, o->trade_id,
          "%s %s %s>%s", leg_name(o->leg), o->symbol, order_state_name(o->state),
          order_state_name(next));
    order_move(o, next, t->now);
    t->moves[next]++;
    o->watch.unsent = false;
}

void order_end(struct trader *t, struct order *o, order_state last) {
    if (o == NULL || !order_is_live(o->state)) return;
    const bool direct = order_can_move(o->state, last);
    if (!direct && o->state == ORDER_ST_NEW) order_step(t, o, ORDER_ST_SENT);
    if (!order_can_move(o->state, last)) return;
    order_step(t, o, last);
    put_order(t, o);
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
    *care_of(t, tr) = (struct care){0};
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

/* What was never sent will not be sent any more. */
static void end_unsent(struct trader *t, int64_t trade_id) {
    for (int i = 0; i < t->order_count; i++) {
        struct order *o = &t->orders[i];
        if (o->trade_id == trade_id && o->watch.unsent) order_end(t, o, ORDER_ST_CANCELED);
    }
}

/* An order that outlives its trade far away is asked after until it has ended. */
static void remove_trade(struct trader *t, struct trade *tr) {
    const ptrdiff_t i = tr - t->trades;
    end_unsent(t, tr->id);
    if (t->traits.absence_after != 0) ask_trade(t, tr->id);
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

void close_trade(struct trader *t, struct trade *tr, reason why) {
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

void cancel_trade(struct trader *t, struct trade *tr, reason why) {
    const usec rested = t->syms[tr->sym].closed_at; /* nothing was held: no cooldown */
    const int sym = tr->sym;
    finish(t, tr, TRADE_CANCELLED, why);
    tell(t, TELL_INFO, "entry_not_filled", "%s %s: %s", side_name(tr->side), tr->symbol,
         reason_text(why));
    remove_trade(t, tr);
    t->syms[sym].closed_at = rested;
}

/* --- starting, time ------------------------------------------------------------------ */

void orders_on_start(struct trader *t) {
    for (int i = 0; i < t->order_count; i++) {
        struct order *o = &t->orders[i];
        struct trade *tr = trade_find(t, o->trade_id);
        if (tr != NULL && o->leg == LEG_EXIT && order_is_live(o->state)) tr->exit_sent = true;
        if (o->state != ORDER_ST_NEW) continue;
        order_step(t, o, ORDER_ST_UNKNOWN); /* a crash between commit and send, or send and reply */
        put_order(t, o);
    }
    ask_all(t);
}

void orders_on_timer(struct trader *t) {
    for (int i = t->trade_count - 1; i >= 0; i--) { /* from the end: dust leaves the table */
        struct trade *tr = &t->trades[i];
        if (t->now >= guard_next(t, tr)) guard_on_timer(t, tr);
    }
    asks_on_timer(t);
}

usec orders_next_timer(const struct trader *t) {
    usec next = asks_next(t);
    for (int i = 0; i < t->trade_count; i++) next = i64_min(next, guard_next(t, &t->trades[i]));
    return next;
}
