/* paper: a venue that fills orders here, against the prices it is shown.
 *
 * The matching engine behind the venue interface: one account, margin or spot. In: requests of the
 * trader, quotes, candles. Out: replies with a report per leg, and by venue_next_report what
 * happened later (a stop that fired within a candle, an entry that waited for its first price).
 *
 * A reply is made of the events that its call caused, in the engine's order: each fill is a
 * report, and of an order's other events only the last one in the call, because the states on the
 * way are gone already. What does not fit into REPORTS_MAX stays in the engine's queue and comes
 * through venue_next_report, as does everything that prices cause. Nothing is kept besides the
 * engine: its snapshot is the venue's whole state.
 *
 * Failure: what the exchange would refuse is OUTCOME_REJECTED with its text and code, and nothing
 * has changed; a call that comes too late (half of the recvWindow) is OUTCOME_LATE. There is no
 * OUTCOME_UNKNOWN here. An exit that the filters refuse is refused before its legs are cancelled,
 * so a position never stands bare because its exit was malformed. Trader's thread. */
#include "venue/venue.h"

#include <inttypes.h>
#include <stdio.h>

#include "match/match.h"

#define ORDERS_LIVE_MAX 1024
#define ORDERS_REMEMBERED                                                                          \
    128 /* some thirty trades back; each costs 200 bytes of every snapshot                         \
         */

struct paper {
    struct venue base;
    struct match *match;
    const struct symbols *symbols;
    struct paper_options opt;
    int account;
};

/* -- from events to reports ---------------------------------------------------------------- */

static order_state state_of(match_status s) {
    switch (s) {
    case MATCH_NEW:
        return ORDER_ST_OPEN;
    case MATCH_PENDING_NEW:
        return ORDER_ST_PENDING;
    case MATCH_PARTIALLY_FILLED:
        return ORDER_ST_PART;
    case MATCH_FILLED:
        return ORDER_ST_FILLED;
    case MATCH_CANCELED:
        return ORDER_ST_CANCELED;
    case MATCH_REJECTED:
        return ORDER_ST_REJECTED;
    case MATCH_EXPIRED:
        return ORDER_ST_EXPIRED;
    }
    WRONG("status out of its list");
}

static void id_format(int64_t id, char *dst, size_t bytes) {
    IGNORE(snprintf(dst, bytes, "%" PRId64, id) < 0, "it fits");
}

static void report_order(const struct match_order *o, usec at, struct report *ret) {
    *ret = (struct report){.sym = o->sym,
                           .state = state_of(o->status),
                           .qty = o->qty,
                           .filled = o->filled,
                           .quote_filled = o->quote_filled,
                           .at = at};
    memcpy(ret->coid, o->coid, sizeof ret->coid);
    id_format(o->id, ret->venue_id, sizeof ret->venue_id);
    if (o->reason == MATCH_REASON_NONE) return;
    IGNORE(!str_copyz(str_from_z(match_reason_name(o->reason)), ret->text,
                      (ptrdiff_t)sizeof ret->text),
           "names are short");
}

static void report_event(const struct paper *p, const struct match_event *e, struct report *ret) {
    report_order(&e->order, e->at, ret);
    if (e->kind != MATCH_EV_TRADE) return;
    const struct symbol *s = &p->symbols->v[e->order.sym];
    ret->has_fill = true;
    id_format(e->trade_id, ret->venue_trade_id, sizeof ret->venue_trade_id);
    ret->fill_qty = e->fill_qty;
    ret->fill_price = e->fill_price;
    ret->fill_quote = e->fill_quote;
    ret->fee_e8 = e->fee_e8;
    ret->fee_in_base = e->fee_in_base;
    memcpy(ret->fee_asset, e->fee_in_base ? s->base : s->quote, sizeof ret->fee_asset);
}

static bool is_of_list(const struct match_event *e) {
    return e->kind == MATCH_EV_LIST_NEW || e->kind == MATCH_EV_LIST_DONE;
}

/* Does a later event of the same order say all that this one says? */
static bool superseded(const struct paper *p, int idx) {
    const struct match_event *e = match_event_at(p->match, idx);
    if (e->kind == MATCH_EV_TRADE) return false;
    for (int i = idx + 1; i < match_event_count(p->match); i++) {
        const struct match_event *later = match_event_at(p->match, i);
        if (!is_of_list(later) && later->order.id == e->order.id) return true;
    }
    return false;
}

/* Moves the events from `from` on into the reply, as far as it holds them. */
static void collect(struct paper *p, int from, struct reply *ret) {
    int i = from;
    for (; i < match_event_count(p->match) && ret->report_count < REPORTS_MAX; i++) {
        const struct match_event *e = match_event_at(p->match, i);
        if (is_of_list(e) || superseded(p, i)) continue;
        report_event(p, e, &ret->reports[ret->report_count++]);
    }
    match_event_drop(p->match, from, i);
}

static bool paper_next_report(struct venue *v, struct report *ret) {
    struct paper *p = (struct paper *)v;
    struct match_event e;
    while (match_next_event(p->match, &e)) {
        if (is_of_list(&e)) continue;
        report_event(p, &e, ret);
        return true;
    }
    return false;
}

/* -- requests ------------------------------------------------------------------------------ */

static void rejected(struct reply *ret, const struct match_reject *rej) {
    ret->outcome = OUTCOME_REJECTED;
    struct buf b;
    buf_init_fixed(&b, ret->text, (ptrdiff_t)sizeof ret->text);
    buf_printf(&b, "%.80s (%d)", rej->text, rej->code);
}

static struct match_ref ref_of(const struct paper *p, int sym, const char *coid) {
    return (struct match_ref){.account = p->account, .sym = sym, .coid = str_from_z(coid)};
}

/* What a filled LONG entry of `q` can sell again: on spot its commission is gone. */
static qty sellable(const struct paper *p, int sym, qty q) {
    qty net, step = p->symbols->v[sym].step;
    if (p->opt.margin || !qty_ratio(q, E8 - p->opt.fee_e8, E8, ROUND_FLOOR, &net)) return q;
    return qty_is_zero(step) ? net : qty_to_step(net, step, ROUND_FLOOR);
}

static struct match_leg stop_leg(const struct request *rq) {
    return (struct match_leg){
        .type = ORDER_STOP_LOSS, .stop = rq->stop, .coid = str_from_z(rq->stop_coid)};
}

static struct match_leg target_leg(const struct request *rq) {
    return (struct match_leg){
        .type = ORDER_TAKE_PROFIT, .stop = rq->target, .coid = str_from_z(rq->target_coid)};
}

/* The protective pair of a position that is closed by `exit`: a SELL has its target above. */
static void pair_put(struct match_new_list *n, const struct request *rq, order_side exit) {
    n->above = exit == ORDER_SELL ? target_leg(rq) : stop_leg(rq);
    n->below = exit == ORDER_SELL ? stop_leg(rq) : target_leg(rq);
}

static bool do_bracket(struct paper *p, usec now, const struct request *rq,
                       struct match_reject *rej) {
    const struct symbol *s = &p->symbols->v[rq->sym];
    bool is_long = rq->side == ORDER_BUY, opo = is_long && s->opo;
    struct match_new_list n = {.kind = opo ? MATCH_OPOCO : MATCH_OTOCO,
                               .account = p->account,
                               .sym = rq->sym,
                               .coid = str_from_z(rq->list_coid),
                               .side = rq->side,
                               .qty = rq->qty,
                               .pending_side = is_long ? ORDER_SELL : ORDER_BUY};
    n.working = (struct match_leg){.type = ORDER_LIMIT,
                                   .tif = rq->tif,
                                   .limit = rq->limit,
                                   .coid = str_from_z(rq->entry_coid)};
    if (!opo) n.pending_qty = is_long ? sellable(p, rq->sym, rq->qty) : rq->qty;
    pair_put(&n, rq, n.pending_side);
    int64_t list_id;
    return match_place_list(p->match, now, &n, &list_id, rej);
}

static bool do_protect(struct paper *p, usec now, const struct request *rq,
                       struct match_reject *rej) {
    struct match_new_list n = {.kind = MATCH_OCO,
                               .account = p->account,
                               .sym = rq->sym,
                               .coid = str_from_z(rq->list_coid),
                               .side = rq->side,
                               .qty = rq->qty};
    pair_put(&n, rq, rq->side);
    int64_t list_id;
    return match_place_list(p->match, now, &n, &list_id, rej);
}

/* Cancels the list and whatever of the legs is live outside of it. True: something was. */
static bool cancel_all_of(struct paper *p, usec now, const struct request *rq) {
    const char *const orders[] = {rq->entry_coid, rq->stop_coid, rq->target_coid};
    struct match_reject rej;
    bool any = false;
    if (rq->list_coid[0] != 0) {
        struct match_ref ref = ref_of(p, rq->sym, rq->list_coid);
        any = match_cancel_list(p->match, now, &ref, &rej);
    }
    for (ptrdiff_t i = 0; i < COUNT_OF(orders); i++) {
        if (orders[i][0] == 0) continue;
        struct match_ref ref = ref_of(p, rq->sym, orders[i]);
        if (match_cancel(p->match, now, &ref, &rej)) any = true;
    }
    return any;
}

/* The exit's order was refused after the legs had gone: that is news of one order, not of the
 * request. */
static void exit_refused(const struct paper *p, const struct request *rq,
                         const struct match_reject *rej, struct reply *ret) {
    PRE(ret->report_count < REPORTS_MAX);
    struct report *r = &ret->reports[ret->report_count++];
    *r = (struct report){
        .sym = rq->sym, .state = ORDER_ST_REJECTED, .qty = rq->qty, .at = match_now(p->match)};
    memcpy(r->coid, rq->exit_coid, sizeof r->coid);
    struct buf b;
    buf_init_fixed(&b, r->text, (ptrdiff_t)sizeof r->text);
    buf_printf(&b, "%.80s (%d)", rej->text, rej->code);
}

static void do_exit(struct paper *p, usec now, const struct request *rq, struct reply *ret) {
    struct match_new n = {.account = p->account,
                          .sym = rq->sym,
                          .side = rq->side,
                          .type = ORDER_MARKET,
                          .qty = rq->qty,
                          .coid = str_from_z(rq->exit_coid),
                          .reduce_only = p->opt.margin};
    struct match_reject rej;
    int64_t id;
    /* what earlier trades left behind may have made the position smaller than this trade's part */
    if (n.reduce_only && !match_test(p->match, &n, &rej)) n.reduce_only = false;
    if (!match_test(p->match, &n, &rej)) {
        rejected(ret, &rej);
        return;
    }
    int from = match_event_count(p->match);
    IGNORE(cancel_all_of(p, now, rq), "the legs may be gone already");
    bool placed = match_place(p->match, now, &n, &id, &rej);
    collect(p, from, ret);
    if (!placed) exit_refused(p, rq, &rej, ret);
}

static const char *coid_of(const struct request *rq, leg which) {
    switch (which) {
    case LEG_ENTRY:
        return rq->entry_coid;
    case LEG_STOP:
        return rq->stop_coid;
    case LEG_TARGET:
        return rq->target_coid;
    case LEG_EXIT:
        return rq->exit_coid;
    case LEG_NONE:
        break;
    }
    return "";
}

/* An order that is not there is an answer, too: ABSENT. */
static void do_query(struct paper *p, usec now, const struct request *rq, struct reply *ret) {
    match_advance(p->match, now);
    const char *coid = coid_of(rq, rq->leg);
    struct match_ref ref = ref_of(p, rq->sym, coid);
    const struct match_order *o = match_find(p->match, &ref);
    struct report *r = &ret->reports[ret->report_count++];
    if (o != NULL) {
        report_order(o, match_now(p->match), r);
        return;
    }
    *r = (struct report){.sym = rq->sym, .state = ORDER_ST_ABSENT, .at = match_now(p->match)};
    IGNORE(!str_copyz(str_from_z(coid), r->coid, (ptrdiff_t)sizeof r->coid), "of the same size");
    IGNORE(!str_copyz(STR("Order does not exist. (-2013)"), r->text, (ptrdiff_t)sizeof r->text),
           "it fits");
}

static bool is_late(const struct request *rq, usec now) {
    return rq->signed_at != 0 && rq->recv_window > 0 && now > rq->signed_at + rq->recv_window / 2;
}

static void paper_call(struct venue *v, usec now, const struct request *rq, struct reply *ret) {
    struct paper *p = (struct paper *)v;
    struct match_reject rej = {0};
    bool done = true;
    int from = match_event_count(p->match);
    if (is_late(rq, now)) {
        ret->outcome = OUTCOME_LATE;
        IGNORE(!str_copyz(STR("past half of its receive window"), ret->text,
                          (ptrdiff_t)sizeof ret->text),
               "it fits");
        return;
    }
    switch (rq->kind) {
    case REQUEST_BRACKET:
        done = do_bracket(p, now, rq, &rej);
        break;
    case REQUEST_PROTECT:
        done = do_protect(p, now, rq, &rej);
        break;
    case REQUEST_EXIT:
        do_exit(p, now, rq, ret);
        return;
    case REQUEST_CANCEL:
        done = cancel_all_of(p, now, rq);
        rej = (struct match_reject){.code = -2011, .text = "Unknown order sent."};
        break;
    case REQUEST_QUERY:
        do_query(p, now, rq, ret);
        return;
    case REQUEST_SNAPSHOT:
        match_advance(p->match, now);
        from = match_event_count(p->match);
        match_restate(p->match, p->account);
        break;
    }
    if (!done) rejected(ret, &rej);
    collect(p, from, ret);
}

/* -- prices, state ------------------------------------------------------------------------- */

static void paper_quote(struct venue *v, usec now, const struct quote *q) {
    match_quote(((struct paper *)v)->match, now, q);
}

static void paper_candle(struct venue *v, usec now, const struct candle *c) {
    match_candle(((struct paper *)v)->match, now, c);
}

static void paper_save(struct venue *v, struct buf *out) {
    match_save(((struct paper *)v)->match, out);
}

static bool paper_load(struct venue *v, str blob, struct error *err) {
    if (match_load(((struct paper *)v)->match, blob, err)) return true;
    return fail_in(err, "paper venue: load");
}

#define PAPER_CAPS (VENUE_CAP_INSTANT | VENUE_CAP_PRICES | VENUE_CAP_STATE)
#define PAPER_OPS(capabilities)                                                                    \
    {                                                                                              \
        .name = "paper", .caps = (capabilities), .call = paper_call, .quote = paper_quote,         \
        .candle = paper_candle, .next_report = paper_next_report, .save = paper_save,              \
        .load = paper_load                                                                         \
    }
static const struct venue_ops spot_ops = PAPER_OPS(PAPER_CAPS);
static const struct venue_ops margin_ops = PAPER_OPS(PAPER_CAPS | VENUE_CAP_SHORT);

static bool options_check(const struct paper_options *o, struct error *err) {
    if (o->fee_e8 < 0 || o->fee_e8 >= E8) {
        return fail(err, ERR_CONFIG, 0, "paper.fee_percent: not a share");
    }
    if (o->margin && o->leverage < 1) {
        return fail(err, ERR_CONFIG, 0, "paper.leverage: must be 1 or more");
    }
    if (money_cmp(o->balance, money_from_e8(0)) < 0) {
        return fail(err, ERR_CONFIG, 0, "paper.balance: must not be negative");
    }
    return true;
}

bool paper_open(struct arena *boot, const struct symbols *symbols, const struct paper_options *opt,
                struct venue **ret, struct error *err) {
    struct match_options mo = {.accounts_max = 1,
                               .orders_max = ORDERS_LIVE_MAX,
                               .history_max = ORDERS_REMEMBERED,
                               .spread_e8 = opt->spread_e8,
                               .slippage_e8 = opt->slippage_e8,
                               .volume_cap_e8 = opt->volume_cap_e8,
                               .latency = opt->latency,
                               .price_stands = opt->price_stands};
    struct match_account terms = {.margin = opt->margin,
                                  .leverage = opt->leverage,
                                  .maker_fee_e8 = opt->fee_e8,
                                  .taker_fee_e8 = opt->fee_e8};
    if (!options_check(opt, err)) return false;
    struct paper *p = NEW(boot, struct paper);
    p->base.ops = opt->margin ? &margin_ops : &spot_ops;
    p->symbols = symbols;
    p->opt = *opt;
    if (!match_open(boot, symbols, &mo, &p->match, err)) return fail_in(err, "paper venue");
    memcpy(terms.settle, opt->quote_asset, sizeof terms.settle);
    p->account = match_account_open(p->match, &terms);
    if (!match_deposit(p->match, p->account, str_from_z(opt->quote_asset),
                       money_e8(opt->balance))) {
        return fail(err, ERR_CONFIG, 0, "paper venue: no symbol is quoted in %s", opt->quote_asset);
    }
    *ret = &p->base;
    return true;
}
