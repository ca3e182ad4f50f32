/* symbol: what the venue says of a pair it trades: names, steps, filters. Filled at start from an
 * exchangeInfo answer (src/venue), then read-only; shared by risk, the matching engine and venues.
 * Filter semantics: Binance Spot "Filters". A zero maximum or step means that the bound is off. */
#ifndef BF_FLOW_SYMBOL_H
#define BF_FLOW_SYMBOL_H

#include "base/money.h"
#include "flow/reading.h"

#define SYMBOLS_MAX 2048

/* Binance's symbol statuses, by Binance's names. */
#define SYMBOL_STATUS_MAP(X) X(BREAK) X(TRADING) X(END_OF_DAY) X(HALT) X(CANCEL_ONLY)
typedef enum symbol_status {
#define X(name) SYMBOL_##name,
    SYMBOL_STATUS_MAP(X)
#undef X
} symbol_status;

struct symbol {
    char name[SYMBOL_BYTES];
    char base[16];
    char quote[16];
    symbol_status status;
    bool trading;       /* status TRADING */
    bool oco, oto, opo; /* order lists that it allows */
    bool market_max_applies;
    price min_price, max_price, tick;                /* PRICE_FILTER */
    qty min_qty, max_qty, step;                      /* LOT_SIZE */
    qty market_min_qty, market_max_qty, market_step; /* MARKET_LOT_SIZE */
    money min_notional, max_notional;                /* NOTIONAL or MIN_NOTIONAL */
    bool min_notional_market, max_notional_market;   /* bound applies to MARKET */
    bool notional_min_only;                          /* the filter is MIN_NOTIONAL */
    /* PERCENT_PRICE_BY_SIDE, as basis points of the reference price; 0: off */
    int64_t bid_up_bp, bid_down_bp, ask_up_bp, ask_down_bp;
    bool percent_both_sides; /* the filter is PERCENT_PRICE: the same for bid and ask */
    /* Of the reference price, the longest that a filter names; 0: the last price. */
    int32_t avg_price_mins;
    int32_t max_orders, max_algo_orders, max_lists; /* 0: off */
    int32_t max_iceberg_orders, iceberg_parts, max_amends;
    qty max_position;                         /* MAX_POSITION; 0: off */
    int32_t trail_above_min, trail_above_max; /* TRAILING_DELTA, basis points; max 0: off */
    int32_t trail_below_min, trail_below_max;
    bool iceberg, market_by_quote, trailing, cancel_replace, amend; /* what it allows */
    uint32_t order_types; /* BIT() of each order_type (flow/order.h) it takes; 0: not said, all */
    /* PRICE_RANGE execution rule, basis points of the reference price; 0: off */
    int64_t range_bid_up_bp, range_bid_down_bp, range_ask_up_bp, range_ask_down_bp;
};

/* Sorted by name. An index into v is the program's short name for a symbol (`sym`). */
struct symbols {
    struct symbol *v;
    int count;
};

#define SYM_NONE (-1)
/* Index by name, SYM_NONE if the venue does not list it. */
int symbols_find(const struct symbols *s, str name);

/* To whole steps of LOT_SIZE and of MARKET_LOT_SIZE at once, which need not be multiples of each
 * other: what a market order, and a stop that fires into one, may have. */
qty symbol_market_qty(const struct symbol *s, qty q, rounding r);

#endif
