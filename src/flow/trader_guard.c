/* Exits and protection: what is held is never left to itself.
 *
 * A trade that holds something is guarded (its stop or target stands at the venue), or an exit is
 * under way, or something is due and being tried. In: news of its orders (settle), wishes to close
 * it, time. Out: exits, stop and target anew, and word when they do not get through.
 *
 * An exit takes the next generation of ids, as an exit before it may still have happened. One whose
 * request was certainly not executed (the venue is down, the lane full, the time over) is sent once
 * more as it is, with another timestamp, after a pause: the same order, so that hours without a
 * venue use up no ids. Its row stays NEW, which a restart asks after like any other. So is one that
 * a venue far away refuses: a pair that is halted for a day uses up one id, too.
 *
 * Failure: nothing here gives up before all generations are used; then it is told as broken.
 * Thread: the trader's. */
#include "flow/trader_int.h"

#include "flow/trade/plan.h"

#define PAUSE_LEAST (250 * USEC_PER_MS)
#define PAUSE_MOST (2 * USEC_PER_S)            /* while the venue does not answer */
#define PAUSE_BARE (4 * USEC_PER_S)            /* it takes nothing, and nothing guards: at first */
#define PAUSE_BARE_MOST (30 * USEC_PER_S)      /* and after minutes */
#define BARE_SHARE 16                          /* of the time since the first try is waited */
#define PAUSE_GUARDED (30 * USEC_PER_S)        /* while stop and target stand */
#define PAUSE_SPARING (5 * USEC_PER_MIN)       /* the same, where each try made new ones */
#define GENERATIONS_QUICK 20                   /* from then on they are new ones each time */
#define GENERATIONS_SPARE (GENERATION_MAX / 2) /* from then on ids are spared */
#define GENERATIONS_EXIT 20                    /* the last ones are for exits alone */
#define COMPARE_TRIES 4                        /* refused so often: are the coins there? */
#define COMPARE_TRIES_LAST 8
#define COMPARE_EACH 16              /* then seldom */
#define WARN_AFTER (10 * USEC_PER_S) /* then after twice as long, and so on */
#define CROSSED_PAUSE USEC_PER_S     /* before legs are asked after that should have fired */
#define CROSSED_NEAR_BP 5
#define REPAIRS_MAX 2 /* protections in a row that did not last */

/* --- what is held -------------------------------------------------------------------- */

bool leg_works(const struct trader *t, int64_t trade_id, leg which) {
    for (int i = t->order_count - 1; i >= 0; i--) {
        const struct order *o = &t->orders[i];
        if (o->trade_id != trade_id || o->leg != which) continue;
        if (order_is_live(o->state) && !o->watch.unsent) return true;
    }
    return false;
}

bool is_guarded(const struct trader *t, const struct trade *tr) {
    return leg_works(t, tr->id, LEG_STOP) || leg_works(t, tr->id, LEG_TARGET);
}

/* What of the holding can be sold: whole steps, of LOT_SIZE and of MARKET_LOT_SIZE, that are there.
 */
static qty sellable(const struct trader *t, const struct trade *tr) {
    const qty missing = t->syms[tr->sym].care.missing;
    if (qty_cmp(missing, tr->held) >= 0 && !qty_is_zero(missing)) return qty_from_e8(0);
    return symbol_market_qty(&t->symbols->v[tr->sym], qty_minus(tr->held, missing), ROUND_FLOOR);
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
    const qty half = qty_from_e8(qty_e8(tr->quantity) / 2);
    return symbol_market_qty(&t->symbols->v[tr->sym], half, ROUND_FLOOR);
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

/* Did this leg fire, so that what is left is its rest? */
static bool has_filled(struct trader *t, const struct trade *tr, leg which) {
    const struct order *o = order_of(t, tr->id, which);
    return o != NULL && !qty_is_zero(o->filled);
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

/* --- pauses -------------------------------------------------------------------------- */

/* What the venue does not take is tried at once, and less and less often; a position that stands
 * bare and could be closed again must not wait for long. */
static usec pause_tried(const struct trader *t, const struct trade *tr, bool guarded) {
    const struct care *c = &t->syms[tr->sym].care;
    const usec share = (t->now - c->tried_since) / BARE_SHARE;
    const usec most = !guarded ? i64_max(i64_min(share, PAUSE_BARE_MOST), PAUSE_BARE)
                      : tr->generation <= GENERATIONS_QUICK ? PAUSE_GUARDED
                                                            : PAUSE_SPARING;
    return i64_min(PAUSE_LEAST << i64_min(i64_max(c->tries - 1, 0), 12), most);
}

void exit_hurry(struct trader *t, struct trade *tr) {
    struct care *c = care_of(t, tr);
    if (tr->exit_due && c->tries > 0) c->retry_at = i64_min(c->retry_at, t->now);
}

/* It was believed to be guarded, and is not. */
static void bare_sooner(struct trader *t, const struct trade *tr) {
    struct care *c = care_of(t, tr);
    if (c->tries > 0) c->retry_at = i64_min(c->retry_at, t->now + pause_tried(t, tr, false));
}

/* The venue was not reached: what is due waits a moment longer, which is told more and more
 * seldom. */
static void put_off(struct trader *t, struct trade *tr, const struct reply *r) {
    struct care *c = care_of(t, tr);
    c->downs++;
    const usec pause = i64_min(PAUSE_LEAST << i64_min(c->downs - 1, 8), PAUSE_MOST);
    c->retry_at = i64_min(i64_max(r->retry_at, t->now + pause), t->now + DOWN_PAUSE_MOST);
    if (c->downs == 1) {
        c->down_since = t->now;
        c->warn_at = t->now + WARN_AFTER;
        tell(t, TELL_UNUSUAL, "exit_delayed", "%s: %s; tried again until it gets through",
             tr->symbol, r->text);
    } else if (t->now >= c->warn_at) {
        const usec since = t->now - c->down_since;
        c->warn_at = t->now + since;
        tell(t, TELL_UNUSUAL, "exit_delayed", "%s: does not get through for %lld s now: %s",
             tr->symbol, (long long)(since / USEC_PER_S), r->text);
    }
}

static void got_through(struct care *c) { c->downs = 0; }

/* --- exits --------------------------------------------------------------------------- */

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

static bool has_room(struct trader *t, const struct trade *tr, int orders) {
    if (t->order_count + orders > ORDERS_MAX) sweep_exits(t);
    return tr->generation < GENERATION_MAX && t->order_count + orders <= ORDERS_MAX;
}

/* The newest order of a leg, if it waits to be sent once more. */
static struct order *unsent_of(struct trader *t, const struct trade *tr, leg which) {
    struct order *o = order_of(t, tr->id, which);
    return o != NULL && o->state == ORDER_ST_NEW && o->watch.unsent ? o : NULL;
}

/* What never got to the venue is not needed any more. */
static void drop_unsent(struct trader *t, const struct trade *tr, leg which) {
    order_end(t, unsent_of(t, tr, which), ORDER_ST_CANCELED);
}

static void drop_unsent_guards(struct trader *t, const struct trade *tr) {
    drop_unsent(t, tr, LEG_STOP);
    drop_unsent(t, tr, LEG_TARGET);
}

/* The order of the exit that is sent now, and whether it is a new one. NULL: there is no room. */
static struct order *exit_order(struct trader *t, struct trade *tr, bool *ret_new) {
    struct order *o = unsent_of(t, tr, LEG_EXIT);
    *ret_new = o == NULL;
    if (o == NULL && !has_room(t, tr, 1)) return NULL;
    if (o == NULL) {
        tr->generation++;
        o = add_order(t, tr, LEG_EXIT);
    }
    o->qty = exit_takes(t, tr);
    o->signed_at = o->updated_at = t->now;
    o->watch.unsent = false;
    return o;
}

/* Does anything of the trade's protection stand at the venue, or may it? */
static bool may_stand(struct trader *t, const struct trade *tr) {
    const struct order *stop = order_of(t, tr->id, LEG_STOP);
    const struct order *target = order_of(t, tr->id, LEG_TARGET);
    return (stop != NULL && order_is_live(stop->state)) ||
           (target != NULL && order_is_live(target->state));
}

/* May protection that was made anew still come into being? After a sale it would sell once more.
 * That of the entry's own list cannot: where the entry is, it is. */
static bool may_still_come(struct trader *t, const struct trade *tr) {
    static const leg legs[] = {LEG_STOP, LEG_TARGET};
    if (t->traits.absence_after == 0) return false;
    for (ptrdiff_t i = 0; i < COUNT_OF(legs); i++) {
        const struct order *o = order_of(t, tr->id, legs[i]);
        if (o == NULL || o->watch.unsent || coid_generation(o->coid) == 1) continue;
        if (o->state == ORDER_ST_NEW || o->state == ORDER_ST_SENT || o->state == ORDER_ST_UNKNOWN)
            return true;
    }
    return false;
}

static void exit_later(struct trader *t, struct trade *tr);
static bool protect_rest(struct trader *t, struct trade *tr);

/* Less than a step is held, and something of it may be at the venue: legs that stand are taken off,
 * those that are unsure are being asked after. What is left when they have ended is dust. */
static void nothing_to_sell(struct trader *t, struct trade *tr) {
    static const leg legs[] = {LEG_STOP, LEG_TARGET};
    for (ptrdiff_t i = 0; i < COUNT_OF(legs); i++) {
        const struct order *o = order_of(t, tr->id, legs[i]);
        if (o == NULL || !order_is_live(o->state) || o->venue_id[0] == '\0') continue;
        cancel_stray(t, tr->id, tr->sym, o->coid);
        break; /* its list goes with it */
    }
    ask_trade(t, tr->id);
    exit_later(t, tr);
}

static void send_exit(struct trader *t, struct trade *tr) {
    bool is_new;
    if (may_still_come(t, tr)) { /* it is being asked after */
        tr->exit_sent = false;
        care_of(t, tr)->retry_at = t->now + QUICK_PAUSE;
        return;
    }
    tr->exit_sent = true;
    if (leg_works(t, tr->id, LEG_EXIT)) return; /* one at a time: two could both sell */
    if (tr->side == SIDE_LONG && qty_is_zero(sellable(t, tr))) {
        nothing_to_sell(t, tr);
        return;
    }
    drop_unsent_guards(t, tr);
    struct order *o = exit_order(t, tr, &is_new);
    if (o == NULL) {
        tell(t, TELL_BROKEN, "exit_stuck", "%s: no more exits can be made; close it by hand",
             tr->symbol);
        return;
    }
    put_order(t, o);
    put_trade(t, tr);
    const bool stands = may_stand(t, tr);
    struct request *rq = &act(t, ACTION_SEND)->u.request;
    request_exit(rq, tr, &t->symbols->v[tr->sym], stands ? order_of(t, tr->id, LEG_STOP) : NULL,
                 stands ? order_of(t, tr->id, LEG_TARGET) : NULL, o);
    rq->id = ++t->last_request;
    t->acts->durable = true;
    if (!is_new) return; /* the ledger has it */
    struct texts x = {0};
    char block[TRADE_NAME_BYTES];
    ledger(t, "%s trade=%s %s qty=%s", tr->shrink_due ? "shrink" : "exit", trade_name(tr, block),
           reason_name(tr->exit_reason), text_e8(&x, qty_e8(o->qty)));
}

static void exit_wanted(struct trader *t, struct trade *tr, reason why) {
    tr->exit_due = true;
    tr->exit_reason = why;
    tr->exit_since = t->now;
    put_trade(t, tr);
    t->acts->durable = true;
    const bool now = t->traits.sells_blind || price_is_fresh(t, tr->sym);
    if (trade_entered(tr) && !tr->exit_sent && now) send_exit(t, tr);
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

/* Sends the exit that is due; what has become too small to be sold closes the trade instead. */
static void exit_again(struct trader *t, struct trade *tr) {
    if (!is_guarded(t, tr) && is_dust(t, tr)) {
        drop_unsent(t, tr, LEG_EXIT);
        close_trade(t, tr, tr->exit_reason);
    } else {
        send_exit(t, tr);
    }
}

/* Is the price where a stop or a target has fired, or so close that a trade between two prices may
 * have been there? */
static bool is_crossed(const struct trader *t, const struct trade *tr) {
    const struct quote *q = &t->syms[tr->sym].quote;
    const bool is_long = tr->side == SIDE_LONG;
    const price low = price_is_zero(q->bid) || price_cmp(q->last, q->bid) < 0 ? q->last : q->bid;
    const price high = price_cmp(q->last, q->ask) > 0 ? q->last : q->ask;
    price floor = is_long ? tr->stop_loss : tr->take_profit;
    price ceil = is_long ? tr->take_profit : tr->stop_loss;
    IGNORE(price_ratio(floor, BP_ONE + CROSSED_NEAR_BP, BP_ONE, ROUND_CEIL, &floor), "stays exact");
    IGNORE(price_ratio(ceil, BP_ONE - CROSSED_NEAR_BP, BP_ONE, ROUND_FLOOR, &ceil), "stays exact");
    return price_cmp(low, floor) <= 0 || price_cmp(high, ceil) >= 0;
}

/* Far away the word that a stop has fired can be lost, and what it left stands bare: a moment after
 * the price was there its legs are asked after, if they still stand by then. */
static void ask_when_crossed(struct trader *t, const struct trade *tr) {
    static const leg legs[] = {LEG_STOP, LEG_TARGET};
    struct care *c = care_of(t, tr);
    if (t->traits.absence_after == 0 || !trade_entered(tr)) return;
    if (c->crossed_at == 0 && is_crossed(t, tr)) c->crossed_at = t->now;
    if (c->crossed_at == 0 || t->now < c->crossed_at + CROSSED_PAUSE) return;
    c->crossed_at = 0;
    for (ptrdiff_t i = 0; i < COUNT_OF(legs); i++) {
        struct order *o = order_of(t, tr->id, legs[i]);
        const bool stands = o != NULL && (o->state == ORDER_ST_OPEN || o->state == ORDER_ST_PART);
        if (stands) ask_order(t, o, t->now);
    }
    asks_on_timer(t);
}

void exits_on_quote(struct trader *t, int sym) {
    const int i = t->syms[sym].trade;
    if (i < 0) return;
    struct trade *tr = &t->trades[i];
    ask_when_crossed(t, tr);
    if (t->now < care_of(t, tr)->retry_at) return;
    if (tr->exit_due && !tr->exit_sent && trade_entered(tr)) exit_again(t, tr);
}

/* The exit that was sent has ended: the next price brings another; where none is needed, time. */
static void exit_later(struct trader *t, struct trade *tr) {
    struct care *c = care_of(t, tr);
    tr->exit_sent = false;
    tr->exit_since = t->now;
    got_through(c);
    if (c->tries++ == 0) c->tried_since = t->now;
    if (t->traits.sells_blind) c->retry_at = t->now + pause_tried(t, tr, is_guarded(t, tr));
    if (t->traits.sells_blind && tr->generation > GENERATIONS_SPARE &&
        unsent_of(t, tr, LEG_EXIT) == NULL)
        c->retry_at = t->now + PAUSE_SPARING;
    put_trade(t, tr);
}

/* An exit that was refused is tried again, after asking what became of the legs. */
void exit_failed(struct trader *t, struct trade *tr, const struct reply *r) {
    tell(t, TELL_UNUSUAL, "exit_refused", "%s: %s", tr->symbol, r->text);
    exit_later(t, tr);
    ask_trade(t, tr->id);
}

/* Told at once, and then after twice as long each time. */
static void tell_refused(struct trader *t, const struct trade *tr, const char *text) {
    struct care *c = care_of(t, tr);
    if (c->tries == 0) {
        c->refused_warn_at = t->now + WARN_AFTER;
        tell(t, TELL_UNUSUAL, "exit_refused", "%s: %s; tried again until it is taken", tr->symbol,
             text);
    } else if (t->now >= c->refused_warn_at) {
        const usec since = t->now - c->tried_since;
        c->refused_warn_at = t->now + since;
        tell(t, TELL_UNUSUAL, "exit_refused", "%s: refused for %lld s now, %d times: %s",
             tr->symbol, (long long)(since / USEC_PER_S), c->tries + 1, text);
    }
}

/* Did this exit take the stop or the target off before it was refused? */
static bool was_stripped(struct trader *t, const struct trade *tr) {
    const struct order *stop = order_of(t, tr->id, LEG_STOP);
    const struct order *target = order_of(t, tr->id, LEG_TARGET);
    return (stop != NULL && stop->state == ORDER_ST_CANCELED && stop->updated_at == t->now) ||
           (target != NULL && target->state == ORDER_ST_CANCELED && target->updated_at == t->now);
}

/* A refusal is certain, so the same order goes once more, with what is to be sold by then. Legs
 * that it took off are put back until then; where that is refused, too, the exit is tried. */
bool exit_refused(struct trader *t, struct trade *tr, const char *text) {
    struct order *o = order_of(t, tr->id, LEG_EXIT);
    if (!t->traits.sells_blind || o == NULL || o->state != ORDER_ST_NEW) return false;
    o->watch.unsent = true;
    tell_refused(t, tr, text);
    if (was_stripped(t, tr) && !is_guarded(t, tr))
        IGNORE(protect_rest(t, tr), "then it stands bare until the next try");
    exit_later(t, tr);
    struct care *c = care_of(t, tr);
    const bool first = c->tries >= COMPARE_TRIES && c->tries <= COMPARE_TRIES_LAST;
    if (first || c->tries % COMPARE_EACH == 0) compare_want(t, t->now + QUICK_PAUSE);
    ask_trade(t, tr->id);
    if (!is_guarded(t, tr) && is_dust(t, tr)) exit_hurry(t, tr); /* and it closes */
    t->acts->durable = true;
    return true;
}

/* What is there is sold, the rest is a loss. */
void coins_gone(struct trader *t, struct trade *tr, qty missing) {
    struct care *c = care_of(t, tr);
    if (qty_cmp(c->missing, missing) == 0) return;
    c->missing = missing;
    tr->exit_reason = REASON_COINS_GONE;
    put_trade(t, tr);
    t->acts->durable = true;
    struct texts x = {0};
    tell(t, TELL_BROKEN, "coins_gone",
         "%s: %s of the %s that our fills bought are not on the account; they are written off",
         tr->symbol, text_e8(&x, qty_e8(missing)), text_e8(&x, qty_e8(tr->held)));
    audit(t, "venue", "coins_gone", "trade", tr->id, tr->id, "%s of %s",
          text_e8(&x, qty_e8(missing)), text_e8(&x, qty_e8(tr->held)));
    exit_hurry(t, tr);
}

void exit_unsent(struct trader *t, struct trade *tr, const struct reply *r) {
    struct order *o = order_of(t, tr->id, LEG_EXIT);
    if (o == NULL || o->state != ORDER_ST_NEW) { /* there is news of it all the same */
        if (o != NULL && order_is_live(o->state)) ask_trade(t, tr->id);
        return;
    }
    o->watch.unsent = true;
    tr->exit_sent = false;
    tr->exit_since = t->now;
    put_off(t, tr, r);
    put_trade(t, tr);
}

/* --- protection ---------------------------------------------------------------------- */

/* Sends stop and target, new ones or those that were not taken. */
static void send_protection(struct trader *t, struct trade *tr, struct order *stop,
                            struct order *target) {
    stop->qty = target->qty = sellable(t, tr);
    stop->signed_at = target->signed_at = t->now;
    stop->watch.unsent = target->watch.unsent = false;
    put_order(t, stop);
    put_order(t, target);
    put_trade(t, tr);
    struct request *rq = &act(t, ACTION_SEND)->u.request;
    request_protect(rq, tr, stop, target);
    rq->id = ++t->last_request;
    t->acts->durable = true;
}

/* What stands bare gets its stop and target back: an order list of its own, of the next generation.
 * The venue may refuse it, where the rest is under its least; then an exit is all there is. */
static bool protect_rest(struct trader *t, struct trade *tr) {
    if (!can_be_guarded(t, tr) || is_dust(t, tr) || !has_room(t, tr, 2)) return false;
    if (tr->generation > GENERATION_MAX - GENERATIONS_EXIT) return false;
    tr->generation++;
    coid_make(tr->list_coid, tr, t->account.install, 'l', tr->generation);
    struct order *stop = add_order(t, tr, LEG_STOP);
    struct order *target = add_order(t, tr, LEG_TARGET);
    send_protection(t, tr, stop, target);
    struct texts x = {0};
    char block[TRADE_NAME_BYTES];
    ledger(t, "protect trade=%s qty=%s", trade_name(tr, block), text_e8(&x, qty_e8(stop->qty)));
    return true;
}

/* Of a trade that is to be closed anyway the exit is tried, not the protection. */
void protect_unsent(struct trader *t, struct trade *tr, const struct reply *r) {
    struct order *stop = order_of(t, tr->id, LEG_STOP), *target = order_of(t, tr->id, LEG_TARGET);
    if (stop == NULL || target == NULL || stop->state != ORDER_ST_NEW ||
        target->state != ORDER_ST_NEW) {
        ask_trade(t, tr->id);
        return;
    }
    stop->watch.unsent = target->watch.unsent = true;
    put_off(t, tr, r);
    if (tr->exit_due) drop_unsent_guards(t, tr);
}

static void protect_again(struct trader *t, struct trade *tr) {
    struct order *stop = unsent_of(t, tr, LEG_STOP), *target = unsent_of(t, tr, LEG_TARGET);
    if (stop != NULL && target != NULL && can_be_guarded(t, tr) && !is_dust(t, tr))
        send_protection(t, tr, stop, target);
    else
        trade_want_exit(t, tr,
                        tr->shrunk_reason != REASON_NONE ? tr->shrunk_reason : REASON_UNPROTECTED);
}

void protect_refused(struct trader *t, struct trade *tr) {
    if (is_guarded(t, tr)) return;
    bare_sooner(t, tr);
    trade_want_exit(t, tr,
                    tr->shrunk_reason != REASON_NONE ? tr->shrunk_reason : REASON_UNPROTECTED);
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
    if (!protect_rest(t, tr)) trade_want_exit(t, tr, tr->shrunk_reason);
}

/* --- standing bare ------------------------------------------------------------------- */

/* Its legs went without having fired, and nobody wants it closed: they are put back. Legs that do
 * not stay mean that something is wrong with them: then it is closed. */
static bool repair(struct trader *t, struct trade *tr) {
    struct care *c = care_of(t, tr);
    const bool fired = has_filled(t, tr, LEG_STOP) || has_filled(t, tr, LEG_TARGET);
    if (tr->exit_due || fired || c->repairs >= REPAIRS_MAX) return false;
    if (!protect_rest(t, tr)) return false;
    c->repairs++;
    tell(t, TELL_UNUSUAL, "position_bare", "%s has no protection; it gets its stop and target back",
         tr->symbol);
    return true;
}

/* An exit has ended and left something. One that never was is made again at once. After one that
 * took too little the rest is protected until the next: at the next price, or after a pause. */
static void exit_left_some(struct trader *t, struct trade *tr, const struct order *last) {
    if (t->traits.sells_blind && last->state == ORDER_ST_ABSENT) {
        send_exit(t, tr);
        return;
    }
    if (last->updated_at == t->now) IGNORE(protect_rest(t, tr), "then it stands bare until then");
    exit_later(t, tr);
}

/* Is something due already, which time alone brings? */
static bool waits_for_time(struct trader *t, const struct trade *tr) {
    if (unsent_of(t, tr, LEG_STOP) != NULL || unsent_of(t, tr, LEG_EXIT) != NULL) return true;
    return t->traits.sells_blind && tr->exit_due && !tr->exit_sent;
}

/* Something is held and nothing guards it: it is protected again, or closed at once. */
static void stand_bare(struct trader *t, struct trade *tr) {
    const struct order *last = order_of(t, tr->id, LEG_EXIT);
    if (waits_for_time(t, tr)) {
        bare_sooner(t, tr);
        return;
    }
    if (repair(t, tr)) return;
    const bool tried = tr->exit_due && last != NULL;
    if (tr->exit_reason == REASON_NONE) {
        tr->exit_reason = has_filled(t, tr, LEG_STOP)     ? REASON_STOP
                          : has_filled(t, tr, LEG_TARGET) ? REASON_TARGET
                                                          : REASON_UNPROTECTED;
    }
    tr->exit_due = true;
    tell(t, TELL_UNUSUAL, "position_bare", "%s has no protection; closing it at market",
         tr->symbol);
    if (tried)
        exit_left_some(t, tr, last);
    else
        send_exit(t, tr);
}

/* After news of a trade: is it over, or does it stand bare? */
void settle(struct trader *t, struct trade *tr, leg last) {
    const struct order *entry = order_of(t, tr->id, LEG_ENTRY);
    if (!trade_entered(tr)) {
        if (entry == NULL || order_is_live(entry->state)) return;
        const reason why = entry->state == ORDER_ST_REJECTED ? REASON_VENUE_REJECTED
                           : entry->state == ORDER_ST_ABSENT ? REASON_LATE
                                                             : REASON_NOT_FILLED;
        cancel_trade(t, tr, why);
        return;
    }
    const bool exiting = leg_works(t, tr->id, LEG_EXIT);
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

void guard_all(struct trader *t) {
    for (int i = t->trade_count - 1; i >= 0; i--) {
        struct trade *tr = &t->trades[i];
        const bool works = is_guarded(t, tr) || leg_works(t, tr->id, LEG_EXIT);
        if (trade_entered(tr) && !works) settle(t, tr, LEG_NONE);
    }
}

/* --- time ---------------------------------------------------------------------------- */

/* When the exit that is due goes without a price, or is tried again. */
static usec exit_time(const struct trader *t, const struct trade *tr) {
    const struct sym_state *st = &t->syms[tr->sym];
    if (t->traits.sells_blind) return st->care.retry_at;
    if (st->dry) return USEC_NEVER; /* nobody to sell to */
    return i64_max(tr->exit_since + i64_max(EXIT_PATIENCE, st->interval), st->care.retry_at);
}

static bool waits_to_be_protected(const struct trader *t, const struct trade *tr) {
    for (int i = t->order_count - 1; i >= 0; i--) {
        const struct order *o = &t->orders[i];
        if (o->trade_id == tr->id && o->leg == LEG_STOP)
            return o->state == ORDER_ST_NEW && o->watch.unsent;
    }
    return false;
}

usec guard_next(const struct trader *t, const struct trade *tr) {
    if (!trade_entered(tr) || tr->exit_sent) return USEC_NEVER;
    if (tr->exit_due) return exit_time(t, tr);
    if (!waits_to_be_protected(t, tr)) return tr->hold_until;
    return i64_min(tr->hold_until, t->syms[tr->sym].care.retry_at);
}

void guard_on_timer(struct trader *t, struct trade *tr) {
    if (tr->exit_due)
        exit_again(t, tr);
    else if (t->now >= tr->hold_until)
        trade_want_exit(t, tr, REASON_TIME_LIMIT);
    else
        protect_again(t, tr);
}
