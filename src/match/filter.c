/* filter: what is refused at the door, in the exchange's words.
 *
 * In: a new order, the symbol's filters and the last price, which stands for the exchange's
 * reference price. Out: true, or a code and a text. Codes: -11xx for a parameter, -1013 for a
 * filter that the exchange's API checks before its engine, -2010 for what the engine refuses
 * (counts, funds, prices that would fire or take at once). All comparisons are exact: bounds are
 * rounded towards the inside. A bound or step of zero is off; what needs a reference price passes
 * while there is none. Pure. */
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

static bool params_check(const struct match_new *n, bool no_qty, struct match_reject *rej) {
    bool market = type_is_market(n->type), stop = type_is_stop(n->type);
    bool by_quote = !money_is_zero(n->quote_qty);
    if (qty_e8(n->qty) < 0 || money_e8(n->quote_qty) < 0 || price_e8(n->limit) < 0 ||
        price_e8(n->stop) < 0) {
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
           param_check("stopPrice", stop, !price_is_zero(n->stop), rej);
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
    const struct sym_state *st = &m->syms[n->sym];
    if (price_is_zero(p) || !st->has_price) return true;
    int64_t up = n->side == ORDER_BUY ? s->bid_up_bp : s->ask_up_bp;
    int64_t down = n->side == ORDER_BUY ? s->bid_down_bp : s->ask_down_bp;
    price bound;
    if (up != 0 && price_share(st->last, up, ROUND_FLOOR, &bound) && price_cmp(p, bound) > 0) {
        return filter_failed(rej, -1013, "PERCENT_PRICE_BY_SIDE");
    }
    if (down != 0 && price_share(st->last, down, ROUND_CEIL, &bound) && price_cmp(p, bound) < 0) {
        return filter_failed(rej, -1013, "PERCENT_PRICE_BY_SIDE");
    }
    return true;
}

static bool lot_size(const struct symbol *s, const struct match_new *n, struct match_reject *rej) {
    if (qty_cmp(n->qty, s->min_qty) < 0 ||
        (!qty_is_zero(s->max_qty) && qty_cmp(n->qty, s->max_qty) > 0) ||
        !qty_on_step(n->qty, s->step)) {
        return filter_failed(rej, -1013, "LOT_SIZE");
    }
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
    const struct sym_state *st = &m->syms[n->sym];
    price px = !price_is_zero(n->limit) ? n->limit : n->stop;
    *ret_beyond = false;
    if (!money_is_zero(n->quote_qty)) {
        *ret = n->quote_qty;
        return true;
    }
    if (price_is_zero(px)) {
        if (!st->has_price) return false;
        px = st->last;
    }
    *ret_beyond = !money_notional(px, n->qty, ROUND_FLOOR, ret);
    return !*ret_beyond;
}

static bool notional(const struct match *m, const struct match_new *n, struct match_reject *rej) {
    const struct symbol *s = sym_of(m, n->sym);
    bool market = type_is_market(n->type), beyond;
    money worth;
    if (!worth_of(m, n, &beyond, &worth)) {
        return beyond ? filter_failed(rej, -1013, "NOTIONAL") : true;
    }
    if (money_is_zero(worth)) return reject(rej, -2010, "Price * QTY is zero or less.");
    if ((!market || s->min_notional_market) && money_cmp(worth, s->min_notional) < 0) {
        return filter_failed(rej, -1013, "NOTIONAL");
    }
    if ((!market || s->max_notional_market) && !money_is_zero(s->max_notional) &&
        money_cmp(worth, s->max_notional) > 0) {
        return filter_failed(rej, -1013, "NOTIONAL");
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

bool order_check(const struct match *m, const struct match_new *n, bool no_qty,
                 struct match_reject *rej) {
    const struct symbol *s = sym_of(m, n->sym);
    if (!params_check(n, no_qty, rej) || !coid_check("newClientOrderId", n->coid, rej))
        return false;
    if (!price_filter(s, n->limit, rej) || !price_filter(s, n->stop, rej)) return false;
    if (!percent_price(m, n, n->limit, rej) || !percent_price(m, n, n->stop, rej)) return false;
    if (!no_qty && !size_check(m, n, rej)) return false;
    if (n->coid.n > 0 && pool_find_live_coid(m, n->account, n->coid) != NO_SLOT) {
        return reject(rej, -2010, "Duplicate order sent.");
    }
    return true;
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

static struct counts counts_of(const struct match *m, int account, int sym) {
    struct counts c = {0};
    for (int i = m->syms[sym].first; i != NO_SLOT; i = m->slots[i].sym_next) {
        const struct slot *s = &m->slots[i];
        if (s->o.account != account) continue;
        c.orders++;
        c.algos += type_is_stop(s->o.type);
    }
    return c;
}

static int lists_of(const struct match *m, int account, int sym) {
    int count = 0;
    for (int i = m->syms[sym].first; i != NO_SLOT; i = m->slots[i].sym_next) {
        const struct slot *s = &m->slots[i];
        if (s->o.account != account || s->list == NO_SLOT) continue;
        /* counted with the last of its live members, which are neighbours but for others' orders */
        const struct list_slot *l = &m->lists[s->list];
        bool later = false;
        for (int k = 0; k < 2; k++) {
            int other = l->pending[k];
            later = later || (other != NO_SLOT && other != i && m->slots[other].live &&
                              m->slots[other].o.id > s->o.id);
        }
        count += !later;
    }
    return count;
}

bool counts_check(const struct match *m, int account, int sym, struct counts more,
                  struct match_reject *rej) {
    const struct symbol *s = sym_of(m, sym);
    struct counts c = counts_of(m, account, sym);
    if (s->max_orders != 0 && c.orders + more.orders > s->max_orders) {
        return filter_failed(rej, -2010, "MAX_NUM_ORDERS");
    }
    if (s->max_algo_orders != 0 && more.algos > 0 && c.algos + more.algos > s->max_algo_orders) {
        return filter_failed(rej, -2010, "MAX_NUM_ALGO_ORDERS");
    }
    if (s->max_lists != 0 && more.lists > 0 &&
        lists_of(m, account, sym) + more.lists > s->max_lists) {
        return filter_failed(rej, -2010, "MAX_NUM_ORDER_LISTS");
    }
    if (!pool_has_room(m, more.orders)) {
        return reject(rej, -1008,
                      "Server is currently overloaded with other requests. Please try again in a "
                      "few minutes.");
    }
    return true;
}

bool entry_price_check(const struct match *m, const struct match_order *o, price last,
                       struct match_reject *rej) {
    if (type_is_stop(o->type)) {
        if (!stop_fires(o, last)) return true;
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
