/* info: what the exchange says of itself and of its symbols, as they are now: rules that a fault
 * changed are told changed.
 *
 * Every filter of a symbol is told that is on, and every flag that clients look at. Nothing is
 * kept: it is written from struct symbol at each call. */
#include "sim/market_int.h"

static const char *status_name(const struct symbol *s) {
    static const char *const names[] = {
#define X(name) [SYMBOL_##name] = #name,
        SYMBOL_STATUS_MAP(X)
#undef X
    };
    if (s->trading) return names[SYMBOL_TRADING];
    return s->status == SYMBOL_TRADING ? names[SYMBOL_BREAK] : names[s->status];
}

bool sim_status_is(const struct symbol *s, str status) {
    return status.n == 0 || str_eq(status, str_from_z(status_name(s)));
}

bool sim_get_status(struct sim_call *c, str *ret) {
    *ret = STR("");
    if (!sim_get_str(c, "symbolStatus", false, ret)) return false;
    if (ret->n == 0 || str_eq(*ret, STR("TRADING")) || str_eq(*ret, STR("HALT")) ||
        str_eq(*ret, STR("BREAK")))
        return true;
    return sim_refuse(c, 0, -1122, "Invalid symbolStatus.");
}

/* --- filters ----------------------------------------------------------------------------- */

static void filter_begin(struct buf *b, const char *type) {
    if (b->len > 0 && b->p[b->len - 1] == '}') buf_put_byte(b, ',');
    buf_put_byte(b, '{');
    sim_put_text(b, "filterType", type);
}

static void filter_end(struct buf *b) { buf_put_byte(b, '}'); }

/* A multiplier, shortest: "5", "0.2". */
static void put_times(struct buf *b, const char *key, int64_t bp) {
    sim_put_key(b, key);
    buf_put_byte(b, '"');
    buf_put_e8(b, bp * (E8 / BP_ONE));
    buf_put_byte(b, '"');
}

static void put_lot(struct buf *b, const char *type, qty min, qty max, qty step) {
    filter_begin(b, type);
    sim_put_amount(b, "minQty", qty_e8(min));
    sim_put_amount(b, "maxQty", qty_e8(max));
    sim_put_amount(b, "stepSize", qty_e8(step));
    filter_end(b);
}

static void put_count(struct buf *b, const char *type, const char *key, int32_t n) {
    if (n <= 0) return;
    filter_begin(b, type);
    sim_put_int(b, key, n);
    filter_end(b);
}

static void put_trailing(struct buf *b, const struct symbol *s) {
    if (s->trail_above_max <= 0 && s->trail_below_max <= 0) return;
    filter_begin(b, "TRAILING_DELTA");
    sim_put_int(b, "minTrailingAboveDelta", s->trail_above_min);
    sim_put_int(b, "maxTrailingAboveDelta", s->trail_above_max);
    sim_put_int(b, "minTrailingBelowDelta", s->trail_below_min);
    sim_put_int(b, "maxTrailingBelowDelta", s->trail_below_max);
    filter_end(b);
}

static void put_percent(struct buf *b, const struct symbol *s) {
    if (s->bid_up_bp <= 0 && s->ask_down_bp <= 0) return;
    if (s->percent_both_sides) {
        filter_begin(b, "PERCENT_PRICE");
        put_times(b, "multiplierUp", s->bid_up_bp);
        put_times(b, "multiplierDown", s->bid_down_bp);
        sim_put_int(b, "avgPriceMins", s->avg_price_mins);
        filter_end(b);
        return;
    }
    filter_begin(b, "PERCENT_PRICE_BY_SIDE");
    put_times(b, "bidMultiplierUp", s->bid_up_bp);
    put_times(b, "bidMultiplierDown", s->bid_down_bp);
    put_times(b, "askMultiplierUp", s->ask_up_bp);
    put_times(b, "askMultiplierDown", s->ask_down_bp);
    sim_put_int(b, "avgPriceMins", s->avg_price_mins);
    filter_end(b);
}

static void put_notional(struct buf *b, const struct symbol *s) {
    if (money_is_zero(s->min_notional) && money_is_zero(s->max_notional)) return;
    if (s->notional_min_only) {
        filter_begin(b, "MIN_NOTIONAL");
        sim_put_amount(b, "minNotional", money_e8(s->min_notional));
        sim_put_bool(b, "applyToMarket", s->min_notional_market);
        sim_put_int(b, "avgPriceMins", s->avg_price_mins);
        filter_end(b);
        return;
    }
    filter_begin(b, "NOTIONAL");
    sim_put_amount(b, "minNotional", money_e8(s->min_notional));
    sim_put_bool(b, "applyMinToMarket", s->min_notional_market);
    sim_put_amount(b, "maxNotional",
                   money_is_zero(s->max_notional) ? AMOUNT_E8_MAX : money_e8(s->max_notional));
    sim_put_bool(b, "applyMaxToMarket", s->max_notional_market);
    sim_put_int(b, "avgPriceMins", s->avg_price_mins);
    filter_end(b);
}

static void put_filters(struct buf *b, const struct symbol *s) {
    filter_begin(b, "PRICE_FILTER");
    sim_put_amount(b, "minPrice", price_e8(s->min_price));
    sim_put_amount(b, "maxPrice", price_e8(s->max_price));
    sim_put_amount(b, "tickSize", price_e8(s->tick));
    filter_end(b);
    put_lot(b, "LOT_SIZE", s->min_qty, s->max_qty, s->step);
    put_count(b, "ICEBERG_PARTS", "limit", s->iceberg_parts);
    if (s->market_max_applies || !qty_is_zero(s->market_min_qty) || !qty_is_zero(s->market_step))
        put_lot(b, "MARKET_LOT_SIZE", s->market_min_qty, s->market_max_qty, s->market_step);
    put_trailing(b, s);
    put_percent(b, s);
    put_notional(b, s);
    put_count(b, "MAX_NUM_ORDERS", "maxNumOrders", s->max_orders);
    put_count(b, "MAX_NUM_ORDER_LISTS", "maxNumOrderLists", s->max_lists);
    put_count(b, "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders", s->max_algo_orders);
    put_count(b, "MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders", s->max_iceberg_orders);
    put_count(b, "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends", s->max_amends);
    if (!qty_is_zero(s->max_position)) {
        filter_begin(b, "MAX_POSITION");
        sim_put_amount(b, "maxPosition", qty_e8(s->max_position));
        filter_end(b);
    }
}

/* --- exchangeInfo ------------------------------------------------------------------------ */

static void put_types(struct buf *b, const struct symbol *s) {
    bool first = true;
    sim_put_key(b, "orderTypes");
    for (int t = ORDER_LIMIT; t <= ORDER_TAKE_PROFIT_LIMIT; t++) {
        if (s->order_types != 0 && (s->order_types & BIT(t)) == 0) continue;
        buf_printf(b, "%s\"%s\"", first ? "[" : ",", order_type_name((order_type)t));
        first = false;
    }
    buf_put_byte(b, ']');
}

static void put_symbol(struct buf *b, const struct symbol *s, bool sets) {
    sim_put_text(b, "symbol", s->name);
    sim_put_text(b, "status", status_name(s));
    sim_put_text(b, "baseAsset", s->base);
    sim_put_int(b, "baseAssetPrecision", 8);
    sim_put_text(b, "quoteAsset", s->quote);
    sim_put_int(b, "quotePrecision", 8);
    sim_put_int(b, "quoteAssetPrecision", 8);
    sim_put_int(b, "baseCommissionPrecision", 8);
    sim_put_int(b, "quoteCommissionPrecision", 8);
    put_types(b, s);
    sim_put_bool(b, "icebergAllowed", s->iceberg);
    sim_put_bool(b, "ocoAllowed", s->oco);
    sim_put_bool(b, "otoAllowed", s->oto);
    sim_put_bool(b, "opoAllowed", s->opo);
    sim_put_bool(b, "quoteOrderQtyMarketAllowed", s->market_by_quote);
    sim_put_bool(b, "allowTrailingStop", s->trailing);
    sim_put_bool(b, "cancelReplaceAllowed", s->cancel_replace);
    sim_put_bool(b, "amendAllowed", s->amend);
    sim_put_bool(b, "pegInstructionsAllowed", false);
    sim_put_bool(b, "isSpotTradingAllowed", true);
    sim_put_bool(b, "isMarginTradingAllowed", false);
    sim_put_z(b, ",\"filters\":[");
    put_filters(b, s);
    sim_put_z(b, sets ? "],\"permissions\":[],\"permissionSets\":[[\"SPOT\"]]"
                      : "],\"permissions\":[],\"permissionSets\":[]");
    sim_put_z(b, ",\"defaultSelfTradePreventionMode\":\"EXPIRE_MAKER\","
                 "\"allowedSelfTradePreventionModes\":[\"EXPIRE_TAKER\",\"EXPIRE_MAKER\","
                 "\"EXPIRE_BOTH\",\"DECREMENT\"]");
}

/* permissions=SPOT or ["SPOT","MARGIN"]: every symbol here may be traded by SPOT, and only so. */
static bool permitted(struct sim_call *c, bool *ret) {
    str text = {0}, word;
    *ret = true;
    if (!sim_get_str(c, "permissions", false, &text)) return false;
    if (!text.p) return true;
    if (sim_has(c, "symbol") || sim_has(c, "symbols"))
        return sim_refuse(c, 0, -1128, "Combination of optional parameters invalid.");
    *ret = false;
    if (text.n >= 2 && text.p[0] == '[' && text.p[text.n - 1] == ']')
        text = (str){text.p + 1, text.n - 2};
    while (str_cut(&text, ',', &word)) {
        word = str_trim(word);
        if (word.n >= 2 && word.p[0] == '"' && word.p[word.n - 1] == '"')
            word = (str){word.p + 1, word.n - 2};
        for (ptrdiff_t i = 0; i < word.n; i++)
            if (!(word.p[i] >= 'A' && word.p[i] <= 'Z') &&
                !(word.p[i] >= '0' && word.p[i] <= '9') && word.p[i] != '_')
                return sim_refuse(c, 0, -1130,
                                  "Data sent for parameter 'permissions' is not valid.");
        if (str_eq(word, STR("SPOT"))) *ret = true;
    }
    return true;
}

void sim_do_exchange_info(struct sim_call *c) {
    const struct symbols *all = &c->ex->symbols;
    int *syms = NEW_ARRAY(c->mem, int, all->count + 1), count;
    bool array, spot, sets = true;
    str status;
    if (!permitted(c, &spot) || !sim_get_syms(c, syms, &count, &array) ||
        !sim_get_status(c, &status) || !sim_get_bool(c, "showPermissionSets", &sets))
        return;
    if (status.n > 0 && count >= 0) {
        sim_refuse(c, 0, -1128, "Combination of optional parameters invalid.");
        return;
    }
    if (!sim_params_done(c)) return;
    struct buf *b = c->out;
    sim_put_z(b, "{\"timezone\":\"UTC\"");
    sim_put_time(c, "serverTime", c->now);
    sim_put_key(b, "rateLimits");
    sim_put_rate_limits(c, 0, false);
    sim_put_z(b, ",\"exchangeFilters\":[],\"symbols\":[");
    bool first = true;
    for (int i = 0; i < (count < 0 ? all->count : count); i++) {
        const struct symbol *s = &all->v[count < 0 ? i : syms[i]];
        if (!spot || !sim_status_is(s, status)) continue;
        sim_put_z(b, first ? "{" : ",{");
        put_symbol(b, s, sets);
        buf_put_byte(b, '}');
        first = false;
    }
    sim_put_z(b, "]}");
}

/* --- rules at the moment of a match ------------------------------------------------------- */

static void put_rules(struct buf *b, const struct symbol *s) {
    sim_put_text(b, "symbol", s->name);
    sim_put_z(b, ",\"rules\":[");
    const struct {
        const char *key;
        int64_t bp;
    } bounds[] = {{"bidLimitMultUp", s->range_bid_up_bp},
                  {"bidLimitMultDown", s->range_bid_down_bp},
                  {"askLimitMultUp", s->range_ask_up_bp},
                  {"askLimitMultDown", s->range_ask_down_bp}};
    bool any = false;
    for (ptrdiff_t i = 0; i < COUNT_OF(bounds); i++) any |= bounds[i].bp > 0;
    if (any) {
        sim_put_z(b, "{\"ruleType\":\"PRICE_RANGE\"");
        for (ptrdiff_t i = 0; i < COUNT_OF(bounds); i++)
            if (bounds[i].bp > 0) put_times(b, bounds[i].key, bounds[i].bp);
        buf_put_byte(b, '}');
    }
    buf_put_byte(b, ']');
}

void sim_do_execution_rules(struct sim_call *c) {
    const struct symbols *all = &c->ex->symbols;
    int *syms = NEW_ARRAY(c->mem, int, all->count + 1), count;
    bool array;
    str status;
    if (!sim_get_syms(c, syms, &count, &array) || !sim_get_status(c, &status)) return;
    if (status.n > 0 && count >= 0) {
        sim_refuse(c, 0, -1128, "Combination of optional parameters invalid.");
        return;
    }
    c->weight = count < 0 ? 40 : i64_min(2 * (int64_t)count, 40);
    if (!sim_params_done(c)) return;
    sim_put_z(c->out, "{\"symbolRules\":[");
    bool first = true;
    for (int i = 0; i < (count < 0 ? all->count : count); i++) {
        const struct symbol *s = &all->v[count < 0 ? i : syms[i]];
        if (!sim_status_is(s, status)) continue;
        sim_put_z(c->out, first ? "{" : ",{");
        put_rules(c->out, s);
        buf_put_byte(c->out, '}');
        first = false;
    }
    sim_put_z(c->out, "]}");
}

bool sim_has_reference(const struct symbol *s) {
    return s->range_bid_up_bp > 0 || s->range_bid_down_bp > 0 || s->range_ask_up_bp > 0 ||
           s->range_ask_down_bp > 0;
}

static bool reference_of(struct sim_call *c, int *ret_sym) {
    str status;
    if (!sim_get_sym(c, true, ret_sym) || !sim_get_status(c, &status) || !sim_params_done(c))
        return false;
    if (!sim_status_is(&c->ex->symbols.v[*ret_sym], status))
        return sim_refuse(c, 0, -1220,
                          "The symbol's status does not match the requested symbolStatus.");
    if (sim_has_reference(&c->ex->symbols.v[*ret_sym])) return true;
    return sim_refuse(c, 0, -2043, "This symbol doesn't have a reference price.");
}

void sim_do_reference_price(struct sim_call *c) {
    int sym;
    price p;
    if (!reference_of(c, &sym)) return;
    buf_put_byte(c->out, '{');
    sim_put_text(c->out, "symbol", c->ex->symbols.v[sym].name);
    if (sim_reference_price(c->ex, sym, &p))
        sim_put_amount(c->out, "referencePrice", price_e8(p));
    else
        sim_put_z(c->out, ",\"referencePrice\":null");
    sim_put_time(c, "timestamp", c->now);
    buf_put_byte(c->out, '}');
}

void sim_do_reference_price_calculation(struct sim_call *c) {
    int sym;
    if (!reference_of(c, &sym)) return;
    buf_put_byte(c->out, '{');
    sim_put_text(c->out, "symbol", c->ex->symbols.v[sym].name);
    sim_put_z(c->out, ",\"calculationType\":\"EXTERNAL\",\"externalCalculationId\":1}");
}
