/* risk: the rules, one function each, in the order of the table at the end.
 *
 * Cheap rules that say most about the account come first, so that the reason a person reads is the
 * one that matters: halted before cooling down, cooling down before too small. Sizes are rounded
 * down, costs up, levels towards the safer side (a stop is never further than configured, a target
 * never nearer). Nothing here changes anything. */
#include "flow/risk/risk.h"

#include "config/config.h"

/* --- the account -------------------------------------------------------------------------------
 */

static reason rule_mode(const struct risk_view *v) {
    switch (v->mode) {
    case MODE_HALTED:
        return REASON_HALTED;
    case MODE_OBSERVE:
        return REASON_OBSERVE;
    case MODE_AUTO:
    case MODE_MANUAL:
        return REASON_NONE;
    }
    WRONG("mode out of its list");
}

static reason rule_once(const struct risk_view *v) {
    if (v->root_traded) return REASON_DUPLICATE;
    return v->cluster_traded ? REASON_COPY : REASON_NONE;
}

static reason rule_drawdown(const struct risk_view *v) {
    return v->drawdown ? REASON_DRAWDOWN : REASON_NONE;
}

static reason rule_positions(const struct risk_view *v) {
    if (v->symbol_taken) return REASON_POSITION_EXISTS;
    if (v->positions >= v->cfg->trading_max_open_positions) return REASON_MAX_POSITIONS;
    return v->room ? REASON_NONE : REASON_OVERLOADED;
}

/* Has less than `rest` passed since `at`? Never, when at is 0. */
static bool rests(usec at, int64_t rest_s, usec now) {
    return at != 0 && now - at < rest_s * USEC_PER_S;
}

static reason rule_cooldown(const struct risk_view *v) {
    if (rests(v->symbol_closed_at, v->cfg->trading_cooldown_symbol_s, v->now)) {
        return REASON_COOLDOWN_SYMBOL;
    }
    /* one post may speak of several coins: its own first trade does not rest its second */
    if (!v->same_post && rests(v->author_traded_at, v->cfg->trading_cooldown_author_s, v->now)) {
        return REASON_COOLDOWN_AUTHOR;
    }
    if (v->author_trades_today >= v->cfg->trading_author_trades_per_day) return REASON_AUTHOR_CAP;
    return REASON_NONE;
}

/* --- the order ---------------------------------------------------------------------------------
 */

/* p moved by share (1e-8 of one, signed). */
static bool moved(price p, int64_t share_e8, rounding r, price *ret) {
    money shifted;
    if (!money_ratio(money_from_e8(price_e8(p)), E8 + share_e8, E8, r, &shifted)) return false;
    *ret = price_from_e8(money_e8(shifted));
    return true;
}

/* A level: quote moved by share, on a tick, rounded up or down. */
static bool level(const struct symbol *sym, price quote, int64_t share_e8, rounding r, price *ret) {
    price p;
    if (!moved(quote, share_e8, r, &p)) return false;
    *ret = price_is_zero(sym->tick) ? p : price_to_tick(p, sym->tick, r);
    return price_e8(*ret) > 0;
}

/* The levels of p->side around p->quote. */
static bool levels(const struct config *cfg, const struct venue_traits *traits,
                   const struct symbol *sym, struct plan *p) {
    const bool is_long = p->side == SIDE_LONG;
    const int64_t sign = is_long ? 1 : -1;
    const rounding up = is_long ? ROUND_CEIL : ROUND_FLOOR; /* away in the trade's favour */
    const rounding down = is_long ? ROUND_FLOOR : ROUND_CEIL;
    /* half the spread stands between the quote and the touch: allowed on top of the slippage */
    const int64_t reach = cfg->trading_max_slippage_percent + traits->spread_e8 / 2;
    return level(sym, p->quote, sign * reach, down, &p->limit) &&
           level(sym, p->quote, -sign * cfg->trading_stop_loss_percent, up, &p->stop) &&
           level(sym, p->quote, sign * cfg->trading_take_profit_percent, up, &p->target);
}

/* On a coarse tick a stop can be rounded onto the quote, or an entry's limit behind the stop. */
static bool in_order(const struct plan *p) {
    const int sign = p->side == SIDE_LONG ? 1 : -1;
    return sign * price_cmp(p->stop, p->quote) < 0 && sign * price_cmp(p->stop, p->limit) < 0 &&
           sign * price_cmp(p->target, p->quote) > 0;
}

static bool within(price p, price lo, price hi) {
    if (!price_is_zero(lo) && price_cmp(p, lo) < 0) return false;
    return price_is_zero(hi) || price_cmp(p, hi) <= 0;
}

/* PERCENT_PRICE_BY_SIDE around the quote; the venue's own reference may differ a little. */
static bool in_band(price p, price ref, int64_t up_bp, int64_t down_bp) {
    price bound;
    if (up_bp != 0 && (!price_share(ref, up_bp, ROUND_FLOOR, &bound) || price_cmp(p, bound) > 0)) {
        return false;
    }
    return down_bp == 0 ||
           (price_share(ref, down_bp, ROUND_CEIL, &bound) && price_cmp(p, bound) >= 0);
}

static reason rule_levels(const struct symbol *sym, const struct plan *p) {
    if (!in_order(p)) return REASON_PRICE_RANGE;
    const price all[] = {p->limit, p->stop, p->target};
    for (ptrdiff_t i = 0; i < COUNT_OF(all); i++) {
        if (!within(all[i], sym->min_price, sym->max_price)) return REASON_PRICE_RANGE;
        const bool buys = (p->side == SIDE_LONG) == (i == 0);
        const bool ok = buys ? in_band(all[i], p->quote, sym->bid_up_bp, sym->bid_down_bp)
                             : in_band(all[i], p->quote, sym->ask_up_bp, sym->ask_down_bp);
        if (!ok) return REASON_PRICE_RANGE;
    }
    return REASON_NONE;
}

static qty cap_qty(qty q, qty max) { return qty_is_zero(max) ? q : qty_min(q, max); }

static qty to_steps(const struct symbol *sym, qty q, rounding r) {
    return symbol_market_qty(sym, q, r);
}

/* What of q can be sold again: a buy's fee may be taken from what was bought. */
static bool left_to_sell(const struct venue_traits *traits, const struct symbol *sym, side s, qty q,
                         qty *ret) {
    money fee = money_from_e8(0);
    if (s == SIDE_LONG && traits->fee_from_received &&
        !money_ratio(money_from_e8(qty_e8(q)), traits->fee_e8, E8, ROUND_CEIL, &fee)) {
        return false;
    }
    *ret = to_steps(sym, qty_from_e8(qty_e8(q) - money_e8(fee)), ROUND_FLOOR);
    return true;
}

/* Worst price of entry, so that a position never costs more than its share. */
static price entry_at(const struct plan *p) { return p->side == SIDE_LONG ? p->limit : p->quote; }

static reason rule_size(const struct risk_view *v, const struct symbol *sym, struct plan *p) {
    money share;
    const price at = entry_at(p);
    if (!money_ratio(v->equity, v->cfg->trading_position_size_percent, E8, ROUND_FLOOR, &share) ||
        money_e8(share) <= 0) {
        return REASON_MIN_NOTIONAL;
    }
    if (!money_is_zero(sym->max_notional) && money_cmp(share, sym->max_notional) > 0) {
        share = sym->max_notional;
    }
    if (!qty_affordable(share, at, ROUND_FLOOR, &p->qty)) return REASON_PRICE_RANGE;
    p->qty = cap_qty(cap_qty(p->qty, sym->max_qty), sym->market_max_qty);
    p->qty = to_steps(sym, p->qty, ROUND_FLOOR);
    qty left;
    if (!left_to_sell(v->traits, sym, p->side, p->qty, &left)) return REASON_PRICE_RANGE;
    if (qty_e8(left) <= 0 || qty_cmp(left, sym->min_qty) < 0 ||
        qty_cmp(left, sym->market_min_qty) < 0) {
        return REASON_MIN_QTY;
    }
    if (!money_notional(at, p->qty, ROUND_CEIL, &p->notional)) return REASON_PRICE_RANGE;
    return REASON_NONE;
}

/* The exit that brings in least: the stop of a LONG, the target of a SHORT. */
static price lowest_of(const struct plan *p) { return p->side == SIDE_LONG ? p->stop : p->target; }

/* The exits must pass the least notional too. */
static reason rule_notional(const struct risk_view *v, const struct symbol *sym,
                            const struct plan *p) {
    qty left;
    money least;
    if (!left_to_sell(v->traits, sym, p->side, p->qty, &left) ||
        !money_notional(lowest_of(p), left, ROUND_FLOOR, &least)) {
        return REASON_PRICE_RANGE;
    }
    return money_cmp(least, sym->min_notional) < 0 ? REASON_MIN_NOTIONAL : REASON_NONE;
}

static reason rule_funds(const struct risk_view *v, const struct plan *p) {
    money most, after;
    if (!money_ratio(v->equity, v->cfg->trading_leverage, 1, ROUND_FLOOR, &most) ||
        !money_add(v->exposure, p->notional, &after)) {
        return REASON_LEVERAGE;
    }
    if (money_cmp(after, most) > 0) return REASON_LEVERAGE;
    if (p->side == SIDE_LONG && v->cfg->trading_leverage == 1 &&
        money_cmp(p->notional, v->free_cash) > 0) {
        return REASON_NO_FUNDS;
    }
    return REASON_NONE;
}

int64_t risk_reward_e8(const struct config *cfg, const struct venue_traits *traits) {
    /* in and out: a commission each way, the spread once, a market order's slippage each way */
    const int64_t costs = 2 * traits->fee_e8 + traits->spread_e8 + 2 * traits->slippage_e8;
    const int64_t reward = cfg->trading_take_profit_percent - costs;
    const int64_t risk = cfg->trading_stop_loss_percent + costs;
    PRE(risk > 0);
    money ratio = money_from_e8(0);
    if (reward > 0) {
        IGNORE(money_ratio(money_from_e8(reward), E8, risk, ROUND_FLOOR, &ratio), "0 refuses");
    }
    return money_e8(ratio);
}

reason risk_check(const struct risk_view *v, const struct signal *s, const struct symbol *sym,
                  const struct quote *q, struct plan *ret) {
    PRE(s->side == SIDE_LONG || s->side == SIDE_SHORT);
    reason why;
    if ((why = rule_mode(v)) != REASON_NONE) return why;
    if (!sym->trading) return REASON_NOT_TRADING;
    if ((why = rule_once(v)) != REASON_NONE) return why;
    if ((why = rule_drawdown(v)) != REASON_NONE) return why;
    if ((why = rule_positions(v)) != REASON_NONE) return why;
    if ((why = rule_cooldown(v)) != REASON_NONE) return why;
    if (s->side == SIDE_SHORT && !(v->cfg->trading_allow_short && v->traits->can_short)) {
        return REASON_SHORT_OFF;
    }
    if (risk_reward_e8(v->cfg, v->traits) < v->cfg->trading_min_reward_risk) {
        return REASON_REWARD_RISK;
    }
    struct plan plan = {.side = s->side, .quote = q->last};
    if (!levels(v->cfg, v->traits, sym, &plan)) return REASON_PRICE_RANGE;
    if ((why = rule_levels(sym, &plan)) != REASON_NONE) return why;
    if ((why = rule_size(v, sym, &plan)) != REASON_NONE) return why;
    if ((why = rule_notional(v, sym, &plan)) != REASON_NONE) return why;
    if ((why = rule_funds(v, &plan)) != REASON_NONE) return why;
    *ret = plan;
    return REASON_NONE;
}

/* The least quantity of a plan that passes rule_size and rule_notional. */
static bool least_qty(const struct venue_traits *traits, const struct symbol *sym,
                      const struct plan *p, qty *ret) {
    qty need, left;
    if (!qty_affordable(sym->min_notional, lowest_of(p), ROUND_CEIL, &need)) return false;
    if (qty_cmp(need, sym->min_qty) < 0) need = sym->min_qty;
    if (qty_cmp(need, sym->market_min_qty) < 0) need = sym->market_min_qty;
    if (qty_is_zero(need)) need = qty_from_e8(1);
    need = to_steps(sym, need, ROUND_CEIL);
    /* before the fee it has to be that much more; from there on step by step */
    money gross = money_from_e8(qty_e8(need));
    if (p->side == SIDE_LONG && traits->fee_from_received &&
        !money_ratio(gross, E8, E8 - traits->fee_e8, ROUND_FLOOR, &gross)) {
        return false;
    }
    qty q = to_steps(sym, qty_from_e8(money_e8(gross)), ROUND_FLOOR);
    const qty step = qty_is_zero(sym->step) ? qty_from_e8(1) : sym->step;
    for (int i = 0; i < 4; i++) {
        if (!left_to_sell(traits, sym, p->side, q, &left)) return false;
        if (qty_cmp(left, need) >= 0) {
            *ret = q;
            return true;
        }
        if (!qty_add(q, step, &q)) return false;
        q = to_steps(sym, q, ROUND_CEIL);
    }
    return false;
}

static bool least_equity_of(const struct config *cfg, const struct venue_traits *traits,
                            const struct symbol *sym, struct plan *p, money *ret) {
    money need;
    if (!levels(cfg, traits, sym, p) || !in_order(p)) return false;
    if (!least_qty(traits, sym, p, &p->qty)) return false;
    if (!qty_is_zero(sym->max_qty) && qty_cmp(p->qty, sym->max_qty) > 0) return false;
    return money_notional(entry_at(p), p->qty, ROUND_CEIL, &need) &&
           money_ratio(need, E8, cfg->trading_position_size_percent, ROUND_CEIL, ret);
}

bool risk_least_equity(const struct config *cfg, const struct venue_traits *traits,
                       const struct symbol *sym, price p, money *ret) {
    PRE(price_e8(p) > 0);
    struct plan plan = {.side = SIDE_LONG, .quote = p};
    money least, least_short;
    if (!least_equity_of(cfg, traits, sym, &plan, &least)) return false;
    if (cfg->trading_allow_short && traits->can_short) {
        plan = (struct plan){.side = SIDE_SHORT, .quote = p};
        if (!least_equity_of(cfg, traits, sym, &plan, &least_short)) return false;
        if (money_cmp(least_short, least) > 0) least = least_short;
    }
    *ret = least;
    return true;
}
