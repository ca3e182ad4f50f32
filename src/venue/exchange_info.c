/* exchange_info: from a Binance exchangeInfo answer to the symbols that the program can trade.
 *
 * In: the answer's bytes, which may be anything. Out: the symbols of one quote asset, sorted by
 * name, their filters as exact amounts. Fields and filters that are not known are passed over: the
 * exchange adds some every few months. What is known must be well-formed: a symbol with a missing,
 * malformed or unusable filter is left out and reported by name with the reason, because a filter
 * that was misread is an order that is refused, or worse. Failure of the whole: no JSON, no list of
 * symbols, none that fits, or too many.
 *
 * Bounds that lie beyond the range of our amounts (9,999,999,999.99999999):
 * - a largest quantity is lowered to the range. SHIB, PEPE and their like state 46116860414 or
 *   92141578, half or a part of what a signed 64-bit number holds: the exchange's own "no limit". A
 *   lower ceiling only forbids, and no quantity that we could write down is above it, so nothing is
 *   allowed that the exchange would refuse, and nothing is lost. Left out only when it is not even
 *   a number of base units (over 92 billion).
 * - a largest notional or price beyond the range can never be reached: off, or lowered likewise.
 * A tick or step under 1e-8 cannot be kept: such a symbol is left out. */
#include "venue/venue.h"

#include <stdlib.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/json.h"

/* Why a symbol is left out; the first reason stands. */
struct fault {
    bool any;
    char text[120];
};

static void spoil(struct fault *f, const char *what, const char *field, str value) {
    if (f->any) return;
    f->any = true;
    struct buf b;
    buf_init_fixed(&b, f->text, (ptrdiff_t)sizeof f->text);
    buf_printf(&b, "%s %s", field, what);
    if (value.n > 0 && value.n <= 40) {
        buf_put(&b, STR(": "));
        buf_put_json_str(&b, value);
    }
}

/* -- fields -------------------------------------------------------------------------------- */

/* A required string. */
static str get_text(const json_t *o, const char *key, struct fault *f) {
    const json_t *v = json_object_get(o, key);
    if (json_is_string(v)) return json_str(v);
    spoil(f, "is missing or no string", key, (str){0});
    return (str){0};
}

static bool get_flag(const json_t *o, const char *key, struct fault *f) {
    const json_t *v = json_object_get(o, key);
    if (v == NULL) return false; /* older answers lack the newer permissions */
    if (!json_is_boolean(v)) spoil(f, "is neither true nor false", key, (str){0});
    return json_is_true(v);
}

static int32_t get_limit(const json_t *o, const char *key, struct fault *f) {
    const json_t *v = json_object_get(o, key);
    json_int_t n = json_is_integer(v) ? json_integer_value(v) : -1;
    if (n < 0 || n > INT32_MAX) {
        spoil(f, "is no count", key, (str){0});
        return 0;
    }
    return (int32_t)n;
}

/* Not negative, within the range, at most 8 decimals. */
static int64_t get_e8(const json_t *o, const char *key, struct fault *f) {
    str s = get_text(o, key, f);
    int64_t e8 = 0;
    if (!f->any && (!amount_parse_e8(s, &e8) || e8 < 0)) {
        spoil(f, "is no amount of at most 8 decimals in range", key, s);
        return 0;
    }
    return e8;
}

/* An upper bound: beyond the range it is `beyond`. */
static int64_t get_bound_e8(const json_t *o, const char *key, int64_t beyond, struct fault *f) {
    str s = get_text(o, key, f);
    int64_t e8 = 0;
    volume wide;
    if (f->any) return 0;
    if (amount_parse_e8(s, &e8) && e8 >= 0) return e8;
    if (volume_parse(s, &wide) && volume_e8(wide) > AMOUNT_E8_MAX) return beyond;
    spoil(f, "is no amount", key, s);
    return 0;
}

/* A multiplier in basis points, rounded towards the inside of the band. */
static int64_t get_bp(const json_t *o, const char *key, bool up, struct fault *f) {
    int64_t e8 = get_e8(o, key, f), unit = E8 / BP_ONE;
    return up ? e8 / unit : (e8 + unit - 1) / unit;
}

/* -- filters ------------------------------------------------------------------------------- */

struct seen {
    bool price, lot;
};

static void read_price_filter(const json_t *o, struct symbol *s, struct fault *f) {
    s->min_price = price_from_e8(get_e8(o, "minPrice", f));
    s->max_price = price_from_e8(get_bound_e8(o, "maxPrice", AMOUNT_E8_MAX, f));
    s->tick = price_from_e8(get_e8(o, "tickSize", f));
    if (!f->any && price_is_zero(s->tick)) spoil(f, "is zero", "tickSize", (str){0});
}

static void read_lot_size(const json_t *o, struct symbol *s, struct fault *f) {
    s->min_qty = qty_from_e8(get_e8(o, "minQty", f));
    s->step = qty_from_e8(get_e8(o, "stepSize", f));
    s->max_qty = qty_from_e8(get_bound_e8(o, "maxQty", AMOUNT_E8_MAX, f));
    if (f->any) return;
    if (qty_is_zero(s->step)) {
        spoil(f, "is zero", "stepSize", (str){0});
        return;
    }
    s->max_qty = qty_to_step(s->max_qty, s->step, ROUND_FLOOR);
    if (qty_is_zero(s->max_qty) || qty_cmp(s->max_qty, s->min_qty) < 0) {
        spoil(f, "is below minQty or stepSize", "maxQty", (str){0});
    }
}

static void read_market_lot(const json_t *o, struct symbol *s, struct fault *f) {
    s->market_min_qty = qty_from_e8(get_e8(o, "minQty", f));
    s->market_step = qty_from_e8(get_e8(o, "stepSize", f));
    s->market_max_qty = qty_from_e8(get_bound_e8(o, "maxQty", AMOUNT_E8_MAX, f));
    s->market_max_applies = !qty_is_zero(s->market_max_qty);
}

/* Minutes of the mean that a filter measures by; older answers lack it. */
static void read_mins(const json_t *o, struct symbol *s, struct fault *f) {
    if (json_object_get(o, "avgPriceMins") == NULL) return;
    int32_t mins = get_limit(o, "avgPriceMins", f);
    if (mins > s->avg_price_mins) s->avg_price_mins = mins;
}

static void read_notional(const json_t *o, struct symbol *s, struct fault *f) {
    s->min_notional = money_from_e8(get_e8(o, "minNotional", f));
    s->max_notional = money_from_e8(get_bound_e8(o, "maxNotional", 0, f));
    s->min_notional_market = get_flag(o, "applyMinToMarket", f);
    s->max_notional_market = get_flag(o, "applyMaxToMarket", f);
    read_mins(o, s, f);
}

static void read_min_notional(const json_t *o, struct symbol *s, struct fault *f) {
    s->min_notional = money_from_e8(get_e8(o, "minNotional", f));
    s->min_notional_market = get_flag(o, "applyToMarket", f);
    s->notional_min_only = true;
    read_mins(o, s, f);
}

static void read_percent(const json_t *o, struct symbol *s, struct fault *f) {
    s->bid_up_bp = get_bp(o, "bidMultiplierUp", true, f);
    s->bid_down_bp = get_bp(o, "bidMultiplierDown", false, f);
    s->ask_up_bp = get_bp(o, "askMultiplierUp", true, f);
    s->ask_down_bp = get_bp(o, "askMultiplierDown", false, f);
    read_mins(o, s, f);
}

static void read_percent_both(const json_t *o, struct symbol *s, struct fault *f) {
    s->bid_up_bp = s->ask_up_bp = get_bp(o, "multiplierUp", true, f);
    s->bid_down_bp = s->ask_down_bp = get_bp(o, "multiplierDown", false, f);
    s->percent_both_sides = true;
    read_mins(o, s, f);
}

static void read_trailing(const json_t *o, struct symbol *s, struct fault *f) {
    s->trail_above_min = get_limit(o, "minTrailingAboveDelta", f);
    s->trail_above_max = get_limit(o, "maxTrailingAboveDelta", f);
    s->trail_below_min = get_limit(o, "minTrailingBelowDelta", f);
    s->trail_below_max = get_limit(o, "maxTrailingBelowDelta", f);
}

/* Half of the filters are one count. */
static bool read_count(str type, const json_t *o, struct symbol *s, struct fault *f) {
    const struct {
        str type;
        const char *key;
        int32_t *to;
    } known[] = {
        {STR("MAX_NUM_ORDERS"), "maxNumOrders", &s->max_orders},
        {STR("MAX_NUM_ALGO_ORDERS"), "maxNumAlgoOrders", &s->max_algo_orders},
        {STR("MAX_NUM_ICEBERG_ORDERS"), "maxNumIcebergOrders", &s->max_iceberg_orders},
        {STR("MAX_NUM_ORDER_LISTS"), "maxNumOrderLists", &s->max_lists},
        {STR("MAX_NUM_ORDER_AMENDS"), "maxNumOrderAmends", &s->max_amends},
        {STR("ICEBERG_PARTS"), "limit", &s->iceberg_parts},
    };
    for (ptrdiff_t i = 0; i < COUNT_OF(known); i++) {
        if (!str_eq(type, known[i].type)) continue;
        *known[i].to = get_limit(o, known[i].key, f);
        return true;
    }
    return false;
}

static void read_filter(const json_t *o, struct symbol *s, struct seen *seen, struct fault *f) {
    str type = get_text(o, "filterType", f);
    if (read_count(type, o, s, f)) return;
    if (str_eq(type, STR("PRICE_FILTER"))) {
        read_price_filter(o, s, f);
        seen->price = true;
    } else if (str_eq(type, STR("LOT_SIZE"))) {
        read_lot_size(o, s, f);
        seen->lot = true;
    } else if (str_eq(type, STR("MARKET_LOT_SIZE"))) {
        read_market_lot(o, s, f);
    } else if (str_eq(type, STR("NOTIONAL"))) {
        read_notional(o, s, f);
    } else if (str_eq(type, STR("MIN_NOTIONAL"))) {
        read_min_notional(o, s, f);
    } else if (str_eq(type, STR("PERCENT_PRICE_BY_SIDE"))) {
        read_percent(o, s, f);
    } else if (str_eq(type, STR("PERCENT_PRICE"))) {
        read_percent_both(o, s, f);
    } else if (str_eq(type, STR("MAX_POSITION"))) {
        s->max_position = qty_from_e8(get_bound_e8(o, "maxPosition", 0, f));
    } else if (str_eq(type, STR("TRAILING_DELTA"))) {
        read_trailing(o, s, f);
    }
}

/* -- symbols ------------------------------------------------------------------------------- */

/* Names go into URLs, logs and file names: capitals, digits, nothing else. */
static void copy_name(str name, const char *field, char *dst, ptrdiff_t bytes, struct fault *f) {
    bool ok = name.n > 0 && name.n < bytes;
    for (ptrdiff_t i = 0; ok && i < name.n; i++) {
        ok = (name.p[i] >= 'A' && name.p[i] <= 'Z') || (name.p[i] >= '0' && name.p[i] <= '9');
    }
    if (!ok) {
        spoil(f, "is empty, too long or not of A-Z and 0-9", field, name);
    } else {
        IGNORE(!str_copyz(name, dst, bytes), "its length was checked");
    }
}

/* A status that is not known yet is one in which nothing trades. */
static symbol_status status_of(str name) {
    static const char *const names[] = {
#define X(status) [SYMBOL_##status] = #status,
        SYMBOL_STATUS_MAP(X)
#undef X
    };
    for (int i = 0; i < COUNT_OF(names); i++) {
        if (str_eq(name, str_from_z(names[i]))) return (symbol_status)i;
    }
    return SYMBOL_BREAK;
}

/* orderTypes; names that are not ours are passed over. An answer without the list: all. */
static void read_types(const json_t *o, struct symbol *s, struct fault *f) {
    const json_t *v = json_object_get(o, "orderTypes");
    if (v == NULL) return;
    if (!json_is_array(v)) spoil(f, "is no list", "orderTypes", (str){0});
    for (size_t i = 0; i < json_array_size(v) && !f->any; i++) {
        const json_t *name = json_array_get(v, i);
        if (!json_is_string(name)) spoil(f, "holds what is no string", "orderTypes", (str){0});
        for (int t = ORDER_LIMIT; t <= ORDER_TAKE_PROFIT_LIMIT && !f->any; t++) {
            if (str_eq(json_str(name), str_from_z(order_type_name((order_type)t)))) {
                s->order_types |= BIT(t);
            }
        }
    }
    if (s->order_types == 0) spoil(f, "names no order that is known", "orderTypes", (str){0});
}

static void read_permissions(const json_t *o, struct symbol *s, struct fault *f) {
    s->oco = get_flag(o, "ocoAllowed", f);
    s->oto = get_flag(o, "otoAllowed", f);
    s->opo = get_flag(o, "opoAllowed", f);
    s->iceberg = get_flag(o, "icebergAllowed", f);
    s->market_by_quote = get_flag(o, "quoteOrderQtyMarketAllowed", f);
    s->trailing = get_flag(o, "allowTrailingStop", f);
    s->cancel_replace = get_flag(o, "cancelReplaceAllowed", f);
    s->amend = get_flag(o, "amendAllowed", f);
    read_types(o, s, f);
}

static void read_symbol(const json_t *o, struct symbol *s, struct fault *f) {
    *s = (struct symbol){0};
    copy_name(get_text(o, "symbol", f), "symbol", s->name, (ptrdiff_t)sizeof s->name, f);
    copy_name(get_text(o, "baseAsset", f), "baseAsset", s->base, (ptrdiff_t)sizeof s->base, f);
    copy_name(get_text(o, "quoteAsset", f), "quoteAsset", s->quote, (ptrdiff_t)sizeof s->quote, f);
    s->status = status_of(get_text(o, "status", f));
    s->trading = s->status == SYMBOL_TRADING;
    read_permissions(o, s, f);
    if (json_object_get(o, "isSpotTradingAllowed") != NULL) {
        s->trading = get_flag(o, "isSpotTradingAllowed", f) && s->trading;
    }
    const json_t *filters = json_object_get(o, "filters");
    struct seen seen = {0};
    if (!json_is_array(filters)) spoil(f, "is missing or no list", "filters", (str){0});
    for (size_t i = 0; i < json_array_size(filters) && !f->any; i++) {
        read_filter(json_array_get(filters, i), s, &seen, f);
    }
    if (!seen.price) spoil(f, "is missing", "PRICE_FILTER", (str){0});
    if (!seen.lot) spoil(f, "is missing", "LOT_SIZE", (str){0});
}

static int symbol_cmp(const void *a, const void *b) {
    const struct symbol *x = a, *y = b;
    return str_cmp(str_from_z(x->name), str_from_z(y->name));
}

static void tell(struct buf *report, const json_t *o, size_t idx, const char *why) {
    const json_t *name = json_object_get(o, "symbol");
    if (json_is_string(name) && json_string_length(name) <= 40) {
        buf_put_json_str(report, json_str(name));
    } else {
        buf_printf(report, "symbol number %zu", idx + 1);
    }
    buf_printf(report, ": left out: %s\n", why);
}

static bool quoted_in(const json_t *o, str quote_asset) {
    const json_t *quote = json_object_get(o, "quoteAsset");
    return json_is_string(quote) && (quote_asset.n == 0 || str_eq(json_str(quote), quote_asset));
}

/* Sorts, and keeps one of each name. */
static int sort_unique(struct symbol *v, int count, struct buf *report) {
    int kept = 0;
    if (count > 0) qsort(v, (size_t)count, sizeof v[0], symbol_cmp);
    for (int i = 0; i < count; i++) {
        if (kept > 0 && symbol_cmp(&v[kept - 1], &v[i]) == 0) {
            buf_printf(report, "\"%s\": left out: it stands twice\n", v[i].name);
        } else {
            v[kept++] = v[i];
        }
    }
    return kept;
}

static bool read_symbols(struct arena *a, const json_t *list, str quote_asset, struct symbols *ret,
                         int *ret_skipped, struct buf *report, struct error *err) {
    ptrdiff_t wanted = 0;
    int count = 0, left_out = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        wanted += quoted_in(json_array_get(list, i), quote_asset);
    }
    if (wanted > SYMBOLS_MAX) {
        return fail(err, ERR_LIMIT, 0,
                    "exchangeInfo: %td symbols quoted in " STR_FMT ", at most %d", wanted,
                    STR_ARG(quote_asset), SYMBOLS_MAX);
    }
    struct symbol *v = NEW_ARRAY(a, struct symbol, wanted + 1);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *o = json_array_get(list, i);
        if (!quoted_in(o, quote_asset)) continue;
        struct fault f = {0};
        read_symbol(o, &v[count], &f);
        if (f.any) {
            tell(report, o, i, f.text);
            left_out++;
        } else {
            count++;
        }
    }
    int kept = sort_unique(v, count, report);
    if (kept == 0) {
        return fail(err, ERR_NOT_FOUND, 0,
                    "exchangeInfo: no usable symbol quoted in " STR_FMT " (%d left out)",
                    STR_ARG(quote_asset), left_out);
    }
    *ret = (struct symbols){.v = v, .count = kept};
    *ret_skipped = left_out + count - kept;
    return true;
}

bool exchange_info_parse(struct arena *a, str json, str quote_asset, struct symbols *ret,
                         int *ret_skipped, struct buf *report, struct error *err) {
    json_error_t where;
    json_t *root = json_loadb(json.p ? json.p : "", (size_t)json.n, JSON_REJECT_DUPLICATES, &where);
    bool ok = false;
    if (root == NULL) {
        return fail(err, ERR_PARSE, 0, "exchangeInfo: line %d, column %d: %s", where.line,
                    where.column, where.text);
    }
    const json_t *list = json_object_get(root, "symbols");
    if (!json_is_array(list)) {
        ok = fail(err, ERR_PARSE, 0, "exchangeInfo: it has no list \"symbols\"");
    } else {
        ok = read_symbols(a, list, quote_asset, ret, ret_skipped, report, err);
    }
    json_decref(root);
    return ok;
}
