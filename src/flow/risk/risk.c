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

static bool levels(const struct risk_view *v, const struct symbol *sym, const struct quote *q,
                   struct plan *p) {
    const struct config *cfg = v->cfg;
    const bool is_long = p->side == SIDE_LONG;
    const int64_t sign = is_long ? 1 : -1;
    const rounding up = is_long ? ROUND_CEIL : ROUND_FLOOR; /* away in the trade's favour */
    const rounding down = is_long ? ROUND_FLOOR : ROUND_CEIL;
    p->quote = q->last;
    /* half the spread stands between the quote and the touch: allowed on top of the slippage */
    const int64_t reach = cfg->trading_max_slippage_percent + v->traits->spread_e8 / 2;
    return level(sym, q->last, sign * reach, down, &p->limit) &&
           level(sym, q->last, -sign * cfg->trading_stop_loss_percent, up, &p->stop) &&
           level(sym, q->last, sign * cfg->trading_take_profit_percent, up, &p->target);
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

/* Position size at the worst price of entry, so that it never costs more than its share. */
static reason rule_size(const struct risk_view *v, const struct symbol *sym, struct plan *p) {
    money share;
    const price at = p->side == SIDE_LONG ? p->limit : p->quote;
    if (!money_ratio(v->equity, v->cfg->trading_position_size_percent, E8, ROUND_FLOOR, &share) ||
        money_e8(share) <= 0 || !qty_affordable(share, at, ROUND_FLOOR, &p->qty)) {
        return REASON_MIN_NOTIONAL;
    }
    p->qty = cap_qty(cap_qty(p->qty, sym->max_qty), sym->market_max_qty);
    if (!qty_is_zero(sym->step)) p->qty = qty_to_step(p->qty, sym->step, ROUND_FLOOR);
    if (!qty_is_zero(sym->market_step)) p->qty = qty_to_step(p->qty, sym->market_step, ROUND_FLOOR);
    if (qty_is_zero(p->qty) || qty_cmp(p->qty, sym->min_qty) < 0 ||
        qty_cmp(p->qty, sym->market_min_qty) < 0) {
        return REASON_MIN_QTY;
    }
    if (!money_notional(at, p->qty, ROUND_CEIL, &p->notional)) return REASON_PRICE_RANGE;
    return REASON_NONE;
}

/* The exits must pass the least notional too: the stop is the smaller one of a LONG. */
static reason rule_notional(const struct symbol *sym, const struct plan *p) {
    const price lowest = p->side == SIDE_LONG ? p->stop : p->target;
    money least;
    if (!money_notional(lowest, p->qty, ROUND_FLOOR, &least)) return REASON_PRICE_RANGE;
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
    struct plan plan = {.side = s->side};
    if (!levels(v, sym, q, &plan)) return REASON_PRICE_RANGE;
    if ((why = rule_levels(sym, &plan)) != REASON_NONE) return why;
    if ((why = rule_size(v, sym, &plan)) != REASON_NONE) return why;
    if ((why = rule_notional(sym, &plan)) != REASON_NONE) return why;
    if ((why = rule_funds(v, &plan)) != REASON_NONE) return why;
    *ret = plan;
    return REASON_NONE;
}

bool risk_least_equity(const struct config *cfg, const struct symbol *sym, price p, money *ret) {
    /* notional that survives a stop or a target below, one step of rounding, and the least quantity
     */
    const int64_t worst = i64_max(cfg->trading_stop_loss_percent, cfg->trading_take_profit_percent);
    money need, by_qty, step;
    if (!money_ratio(sym->min_notional, E8, E8 - worst, ROUND_CEIL, &need) ||
        !money_notional(p, sym->min_qty, ROUND_CEIL, &by_qty) ||
        !money_notional(p, sym->step, ROUND_CEIL, &step)) {
        return false;
    }
    if (money_cmp(by_qty, need) > 0) need = by_qty;
    if (!money_add(need, step, &need)) return false;
    const int64_t reach = E8 + cfg->trading_max_slippage_percent;
    return money_ratio(need, reach, E8, ROUND_CEIL, &need) &&
           money_ratio(need, E8, cfg->trading_position_size_percent, ROUND_CEIL, ret);
}
