/* filter: what is refused at the door, in the exchange's words.
 *
 * In: a new order, the symbol's filters and the reference price (prices.c). Out: true, or a code
 * and a text. Codes: -11xx for a parameter, -1013 for a filter that the exchange's API checks
 * before its engine, -2010 for what the engine refuses (counts, funds, prices that would fire or
 * take at once). All comparisons are exact: bounds are rounded towards the inside. A bound or step
 * of zero is off; what needs a reference price passes while there is none. Pure. */
#include "match/match_int.h"

#include <stdarg.h>
#include <stdio.h>

bool reject(struct match_reject *rej, int code, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    *rej = (struct match_reject){.code = code};
    IGNORE(vsnprintf(rej->text, sizeof rej->text, fmt, args) < 0, "our own formats");
    va_end(args);
    return false;
}

static bool filter_failed(struct match_reject *rej, int code, const char *name) {
    return reject(rej, code, "Filter failure: %s", name);
}

bool type_is_stop(order_type t) {
    return t == ORDER_STOP_LOSS || t == ORDER_STOP_LOSS_LIMIT || t == ORDER_TAKE_PROFIT ||
           t == ORDER_TAKE_PROFIT_LIMIT;
}

bool type_is_market(order_type t) {
    return t == ORDER_MARKET || t == ORDER_STOP_LOSS || t == ORDER_TAKE_PROFIT;
}

bool type_is_loss(order_type t) { return t == ORDER_STOP_LOSS || t == ORDER_STOP_LOSS_LIMIT; }

/* A loss order fires when the price runs against its side, a profit order when it runs with it. */
bool stop_fires(const struct match_order *o, price last) {
    bool above = type_is_loss(o->type) == (o->side == ORDER_BUY); /* its trigger is above */
    return above ? price_cmp(last, o->stop) >= 0 : price_cmp(last, o->stop) <= 0;
}

/* -- parameters ---------------------------------------------------------------------------- */

bool coid_check(const char *param, str coid, struct match_reject *rej) {
    bool ok = coid.n <= 36;
    for (ptrdiff_t i = 0; ok && i < coid.n; i++) {
        char c = coid.p[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '_';
    }
    if (ok) return true;
    return reject(rej, -1100,
                  "Illegal characters found in parameter '%s'; legal range is "
                  "'^[a-zA-Z0-9-_]{1,36}$'.",
                  param);
}

/* A parameter is wanted and absent, or there and not wanted. */
static bool param_check(const char *name, bool wanted, bool given, struct match_reject *rej) {
    if (wanted == given) return true;
    if (given) return reject(rej, -1106, "Parameter '%s' sent when not required.", name);
    return reject(rej, -1102,
                  "Mandatory parameter '%s' was not sent, was empty/null, or malformed.", name);
}

/* icebergQty, trailingDelta, strategyType. */
static bool extra_params_check(const struct match_new *n, struct match_reject *rej) {
    const struct match_extra *x = &n->extra;
    bool stop = type_is_stop(n->type), iceberg = !qty_is_zero(x->iceberg);
    if (iceberg && type_is_market(n->type)) {
        return reject(rej, -1106, "Parameter 'icebergQty' sent when not required.");
    }
    if (iceberg && n->tif != TIF_GTC && n->type != ORDER_LIMIT_MAKER) {
        return reject(rej, -1160,
                      "Parameter 'icebergQty' is not supported if 'timeInForce' is not GTC.");
    }
    if (x->trailing_bp != 0 && !stop) {
        return reject(rej, -1106, "Parameter 'trailingDelta' sent when not required.");
    }
    if (stop && price_is_zero(n->stop) && x->trailing_bp == 0) {
        return reject(
            rej, -1102,
            "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!");
    }
    if (x->strategy_type != 0 && x->strategy_type < 1000000) {
        return reject(rej, -1134, "`strategyType` was less than 1000000.");
    }
    return true;
}

static bool params_check(const struct match_new *n, bool no_qty, struct match_reject *rej) {
    bool market = type_is_market(n->type), stop = type_is_stop(n->type);
    bool by_quote = !money_is_zero(n->quote_qty);
    if (qty_e8(n->qty) < 0 || money_e8(n->quote_qty) < 0 || price_e8(n->limit) < 0 ||
        price_e8(n->stop) < 0 || qty_e8(n->extra.iceberg) < 0 || n->extra.trailing_bp < 0) {
        return reject(rej, -1100, "Illegal characters found in a parameter.");
    }
    if (by_quote && n->type != ORDER_MARKET) {
        return reject(rej, -1106, "Parameter 'quoteOrderQty' sent when not required.");
    }
    if (by_quote && !qty_is_zero(n->qty)) {
        return reject(rej, -1106, "Parameter 'quoteOrderQty' sent when not required.");
    }
    return param_check("timeInForce", !market && n->type != ORDER_LIMIT_MAKER, n->tif != TIF_NONE,
                       rej) &&
           param_check("quantity", !by_quote && !no_qty, !qty_is_zero(n->qty), rej) &&
           param_check("price", !market, !price_is_zero(n->limit), rej) &&
           param_check("stopPrice", stop && !price_is_zero(n->stop), !price_is_zero(n->stop),
                       rej) &&
           extra_params_check(n, rej);
}

/* -- price and size ------------------------------------------------------------------------ */

static bool price_filter(const struct symbol *s, price p, struct match_reject *rej) {
    if (price_is_zero(p)) return true;
    if (price_cmp(p, s->min_price) < 0 ||
        (!price_is_zero(s->max_price) && price_cmp(p, s->max_price) > 0) ||
        !price_on_tick(p, s->tick)) {
        return filter_failed(rej, -1013, "PRICE_FILTER");
    }
    return true;
}

static bool percent_price(const struct match *m, const struct match_new *n, price p,
                          struct match_reject *rej) {
    const struct symbol *s = sym_of(m, n->sym);
    const char *name = s->percent_both_sides ? "PERCENT_PRICE" : "PERCENT_PRICE_BY_SIDE";
    price ref;
    if (price_is_zero(p) || !match_reference_price(m, n->sym, &ref)) return true;
    int64_t up = n->side == ORDER_BUY ? s->bid_up_bp : s->ask_up_bp;
    int64_t down = n->side == ORDER_BUY ? s->bid_down_bp : s->ask_down_bp;
    price bound;
    if (up != 0 && price_share(ref, up, ROUND_FLOOR, &bound) && price_cmp(p, bound) > 0) {
        return filter_failed(rej, -1013, name);
    }
    if (down != 0 && price_share(ref, down, ROUND_CEIL, &bound) && price_cmp(p, bound) < 0) {
        return filter_failed(rej, -1013, name);
    }
    return true;
}

static bool within_lot(const struct symbol *s, qty q) {
    return qty_cmp(q, s->min_qty) >= 0 &&
           (qty_is_zero(s->max_qty) || qty_cmp(q, s->max_qty) <= 0) && qty_on_step(q, s->step);
}

static bool lot_size(const struct symbol *s, const struct match_new *n, struct match_reject *rej) {
    if (!within_lot(s, n->qty)) return filter_failed(rej, -1013, "LOT_SIZE");
    if (n->type != ORDER_MARKET) return true;
    if (qty_cmp(n->qty, s->market_min_qty) < 0 ||
        (s->market_max_applies && qty_cmp(n->qty, s->market_max_qty) > 0) ||
        !qty_on_step(n->qty, s->market_step)) {
        return filter_failed(rej, -1013, "MARKET_LOT_SIZE");
    }
    return true;
}

/* The worth that NOTIONAL looks at: at the limit, the trigger, or the reference price. False:
 * there is none, or it is beyond any bound. */
static bool worth_of(const struct match *m, const struct match_new *n, bool *ret_beyond,
                     money *ret) {
    price px = !price_is_zero(n->limit) ? n->limit : n->stop;
    *ret_beyond = false;
    if (!money_is_zero(n->quote_qty)) {
        *ret = n->quote_qty;
        return true;
    }
    if (price_is_zero(px) && !match_reference_price(m, n->sym, &px)) return false;
    *ret_beyond = !money_notional(px, n->qty, ROUND_FLOOR, ret);
    return !*ret_beyond;
}

static bool notional(const struct match *m, const struct match_new *n, struct match_reject *rej) {
    const struct symbol *s = sym_of(m, n->sym);
    const char *name = s->notional_min_only ? "MIN_NOTIONAL" : "NOTIONAL";
    bool market = type_is_market(n->type), beyond;
    money worth;
    if (!worth_of(m, n, &beyond, &worth)) return beyond ? filter_failed(rej, -1013, name) : true;
    if (money_is_zero(worth)) return reject(rej, -2010, "Price * QTY is zero or less.");
    if ((!market || s->min_notional_market) && money_cmp(worth, s->min_notional) < 0) {
        return filter_failed(rej, -1013, name);
    }
    if ((!market || s->max_notional_market) && !money_is_zero(s->max_notional) &&
        money_cmp(worth, s->max_notional) > 0) {
        return filter_failed(rej, -1013, name);
    }
    return true;
}

/* Does it take no more than closes the account's position? */
static bool only_closes(const struct match *m, const struct match_new *n) {
    if (!m->accounts[n->account].terms.margin) return false;
    const struct balance *b = wallet_peek(m, n->account, m->syms[n->sym].base);
    const qty held = qty_from_e8(b->free_e8 + b->locked_e8);
    const qty open = n->side == ORDER_BUY ? qty_neg(held) : held;
    return qty_e8(n->qty) > 0 && qty_cmp(n->qty, open) <= 0;
}

bool size_check(const struct match *m, const struct match_new *n, struct match_reject *rej) {
    if (n->reduce_only) {
        if (!only_closes(m, n)) return reject(rej, -2022, "ReduceOnly Order is rejected.");
        if (qty_on_step(n->qty, sym_of(m, n->sym)->step)) return true;
        return filter_failed(rej, -1013, "LOT_SIZE");
    }
    if (money_is_zero(n->quote_qty) && !lot_size(sym_of(m, n->sym), n, rej)) return false;
    return notional(m, n, rej);
}

/* LOT_SIZE and ICEBERG_PARTS of the visible part. */
static bool iceberg_check(const struct symbol *s, const struct match_new *n, bool no_qty,
                          struct match_reject *rej) {
    qty part = n->extra.iceberg;
    if (qty_is_zero(part)) return true;
    if (!within_lot(s, part)) return filter_failed(rej, -1013, "LOT_SIZE");
    if (no_qty || s->iceberg_parts == 0) return true;
    int64_t parts = (qty_e8(n->qty) + qty_e8(part) - 1) / qty_e8(part);
    return parts <= s->iceberg_parts ? true : filter_failed(rej, -1013, "ICEBERG_PARTS");
}

/* A delta of 100 % or more has nothing to turn to. */
static bool trailing_check(const struct symbol *s, const struct match_new *n,
                           struct match_reject *rej) {
    int64_t delta = n->extra.trailing_bp;
    bool above = type_is_loss(n->type) == (n->side == ORDER_BUY);
    int32_t least = above ? s->trail_above_min : s->trail_below_min;
    int32_t most = above ? s->trail_above_max : s->trail_below_max;
    if (delta == 0) return true;
    if (delta < least || (most != 0 && delta > most) || delta >= BP_ONE) {
        return filter_failed(rej, -1013, "TRAILING_DELTA");
    }
    return true;
}

/* What the symbol does not take at all: told by the engine, after the filters. */
static bool kind_check(const struct symbol *s, const struct match_new *n,
                       struct match_reject *rej) {
    static const char *const words[] = {
        [ORDER_LIMIT] = "Limit",
        [ORDER_LIMIT_MAKER] = "Limit maker",
        [ORDER_MARKET] = "Market",
        [ORDER_STOP_LOSS] = "Stop loss",
        [ORDER_STOP_LOSS_LIMIT] = "Stop loss limit",
        [ORDER_TAKE_PROFIT] = "Take profit",
        [ORDER_TAKE_PROFIT_LIMIT] = "Take profit limit",
    };
    PRE((ptrdiff_t)n->type < COUNT_OF(words));
    const char *kind = s->order_types != 0 && (s->order_types & BIT(n->type)) == 0 ? words[n->type]
                       : !qty_is_zero(n->extra.iceberg) && !s->iceberg             ? "Iceberg"
                       : n->extra.trailing_bp != 0 && !s->trailing                 ? "Trailing stop"
                                                                                   : NULL;
    if (kind != NULL) {
        return reject(rej, -2010, "%s orders are not supported for this symbol.", kind);
    }
    if (!money_is_zero(n->quote_qty) && !s->market_by_quote) {
        return reject(rej, -2010, "Quote order qty market orders are not support for this symbol.");
    }
    return true;
}

bool order_check(const struct match *m, const struct match_new *n, bool no_qty,
                 struct match_reject *rej) {
    const struct symbol *s = sym_of(m, n->sym);
    if (!params_check(n, no_qty, rej) || !coid_check("newClientOrderId", n->coid, rej))
        return false;
    if (!price_filter(s, n->limit, rej) || !price_filter(s, n->stop, rej)) return false;
    if (!percent_price(m, n, n->limit, rej) || !percent_price(m, n, n->stop, rej)) return false;
    if (!no_qty && !size_check(m, n, rej)) return false;
    if (!iceberg_check(s, n, no_qty, rej) || !trailing_check(s, n, rej)) return false;
    if (!kind_check(s, n, rej)) return false;
    if (!no_qty && qty_cmp(n->extra.iceberg, n->qty) > 0) {
        return reject(rej, -2010, "IcebergQty exceeds QTY.");
    }
    return true;
}

bool coid_free(const struct match *m, const struct match_new *n, int gone,
               struct match_reject *rej) {
    int slot = n->coid.n > 0 ? pool_find_live_coid(m, n->account, n->coid) : NO_SLOT;
    if (slot == NO_SLOT || slot == gone) return true;
    int list = m->slots[slot].list;
    if (gone != NO_SLOT && list != NO_SLOT && list == m->slots[gone].list) return true;
    return reject(rej, -2010, "Duplicate order sent.");
}

/* -- symbol and counts --------------------------------------------------------------------- */

bool symbol_check(const struct match *m, int account, int sym, struct match_reject *rej) {
    PRE(account >= 0 && account < m->account_count);
    if (sym < 0 || sym >= m->symbols->count) return reject(rej, -1121, "Invalid symbol.");
    const struct account *a = &m->accounts[account];
    if (!sym_of(m, sym)->trading) return reject(rej, -2010, "Market is closed.");
    if (a->terms.margin && m->syms[sym].quote != a->settle) {
        return reject(rej, -2010, "This symbol is not permitted for this account.");
    }
    return true;
}

bool symbol_still(const struct match *m, int sym) {
    return m->opt.status_binds && !sym_of(m, sym)->trading;
}

bool cancel_allowed(const struct match *m, int sym, struct match_reject *rej) {
    if (!symbol_still(m, sym) || sym_of(m, sym)->status == SYMBOL_CANCEL_ONLY) return true;
    return reject(rej, -2011, "Market is closed.");
}

void counts_add(struct counts *c, const struct match_new *n) {
    c->orders++;
    if (type_is_stop(n->type)) c->algos++;
    if (!qty_is_zero(n->extra.iceberg)) c->icebergs++;
}

static bool exceeds(int32_t most, int there, int more) {
    return most != 0 && more > 0 && there + more > most;
}

bool counts_check(const struct match *m, int account, int sym, struct counts more,
                  struct match_reject *rej) {
    const struct symbol *s = sym_of(m, sym);
    const struct tally *t = tally_peek(m, account, sym);
    int ended = m->rules.ended_lists_count && t->day == m->now / USEC_PER_DAY ? t->ended : 0;
    if (exceeds(s->max_orders, t->orders, more.orders)) {
        return filter_failed(rej, -2010, "MAX_NUM_ORDERS");
    }
    if (exceeds(s->max_algo_orders, t->algos, more.algos)) {
        return filter_failed(rej, -2010, "MAX_NUM_ALGO_ORDERS");
    }
    if (exceeds(s->max_iceberg_orders, t->icebergs, more.icebergs)) {
        return filter_failed(rej, -2010, "MAX_NUM_ICEBERG_ORDERS");
    }
    if (exceeds(s->max_lists, t->lists + ended, more.lists)) {
        return filter_failed(rej, -2010, "MAX_NUM_ORDER_LISTS");
    }
    if (!pool_has_room(m, more.orders)) {
        return reject(rej, -1008,
                      "Server is currently overloaded with other requests. Please try again in a "
                      "few minutes.");
    }
    return true;
}

/* The open buys of the account; a pair counts with one of its legs. */
static bool position_of(const struct match *m, int account, int sym, qty *ret) {
    const struct balance *b = wallet_peek(m, account, m->syms[sym].base);
    qty sum = qty_from_e8(b->free_e8 + b->locked_e8);
    for (int i = m->syms[sym].first; i != NO_SLOT; i = m->slots[i].sym_next) {
        const struct slot *s = &m->slots[i];
        if (s->o.account != account || s->o.side != ORDER_BUY) continue;
        int twin = leg_of_pair(m, s) ? m->lists[s->list].pending[0] : NO_SLOT;
        if (twin != NO_SLOT && twin != i && m->slots[twin].live) continue;
        if (!qty_add(sum, slot_left(s), &sum)) return false;
    }
    *ret = sum;
    return true;
}

bool position_check(const struct match *m, int account, int sym, qty more,
                    struct match_reject *rej) {
    const struct symbol *s = sym_of(m, sym);
    qty sum;
    if (qty_is_zero(s->max_position) || qty_is_zero(more)) return true;
    if (position_of(m, account, sym, &sum) && qty_add(sum, more, &sum) &&
        qty_cmp(sum, s->max_position) <= 0) {
        return true;
    }
    return filter_failed(rej, -2010, "MAX_POSITION");
}

bool entry_price_check(const struct match *m, const struct match_order *o, price last,
                       struct match_reject *rej) {
    if (type_is_stop(o->type)) {
        if (price_is_zero(o->stop) || !stop_fires(o, last)) return true;
        return reject(rej, -2010, "Order would trigger immediately.");
    }
    if (o->type != ORDER_LIMIT_MAKER) return true;
    const struct sym_state *st = &m->syms[o->sym];
    price touch = m->ranging ? last : o->side == ORDER_BUY ? st->ask : st->bid;
    bool takes =
        o->side == ORDER_BUY ? price_cmp(o->limit, touch) >= 0 : price_cmp(o->limit, touch) <= 0;
    if (!takes) return true;
    return reject(rej, -2010, "Order would immediately match and take.");
}
