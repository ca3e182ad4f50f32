/* routes: which function answers what, what it weighs, and what it needs.
 *
 * One table for REST and the WebSocket API. The weights are those of Binance Spot (2026-07); where
 * an endpoint's weight depends on its parameters, the handler changes it. A `free` route costs its
 * weight only when it fails. Orders: what a success adds to the unfilled order counts; 0 where the
 * handler counts by itself. */
#include "sim/sim_int.h"

#define FREE true
#define ENGINE true

/* clang-format off */
static const struct sim_route table[] = {
    {"POST", "/api/v3/order", "order.place", SIM_SIGNED, 1, FREE, ENGINE, sim_do_order_place, 1},
    {"GET", "/api/v3/order", "order.status", SIM_SIGNED, 4, false, false, sim_do_order_query, 0},
    {"DELETE", "/api/v3/order", "order.cancel", SIM_SIGNED, 1, FREE, ENGINE, sim_do_order_cancel, 0},
    {"POST", "/api/v3/order/test", "order.test", SIM_SIGNED, 1, false, false, sim_do_order_test, 0},
    {"POST", "/api/v3/order/cancelReplace", "order.cancelReplace", SIM_SIGNED, 1, FREE, ENGINE, sim_do_cancel_replace, 0},
    {"PUT", "/api/v3/order/amend/keepPriority", "order.amend.keepPriority", SIM_SIGNED, 4, false, ENGINE, sim_do_amend, 0},
    {"GET", "/api/v3/openOrders", "openOrders.status", SIM_SIGNED, 6, false, false, sim_do_open_orders, 0},
    {"DELETE", "/api/v3/openOrders", "openOrders.cancelAll", SIM_SIGNED, 1, FREE, ENGINE, sim_do_open_cancel, 0},
    {"GET", "/api/v3/allOrders", "allOrders", SIM_SIGNED, 20, false, false, sim_do_all_orders, 0},
    {"GET", "/api/v3/myTrades", "myTrades", SIM_SIGNED, 20, false, false, sim_do_my_trades, 0},
    {"POST", "/api/v3/orderList/oco", "orderList.place.oco", SIM_SIGNED, 1, FREE, ENGINE, sim_do_list_oco, 2},
    {"POST", "/api/v3/orderList/oto", "orderList.place.oto", SIM_SIGNED, 1, FREE, ENGINE, sim_do_list_oto, 2},
    {"POST", "/api/v3/orderList/otoco", "orderList.place.otoco", SIM_SIGNED, 1, FREE, ENGINE, sim_do_list_otoco, 3},
    {"POST", "/api/v3/orderList/opo", "orderList.place.opo", SIM_SIGNED, 1, FREE, ENGINE, sim_do_list_opo, 2},
    {"POST", "/api/v3/orderList/opoco", "orderList.place.opoco", SIM_SIGNED, 1, FREE, ENGINE, sim_do_list_opoco, 3},
    {"POST", "/api/v3/order/oco", "orderList.place", SIM_SIGNED, 1, FREE, ENGINE, sim_do_oco_old, 2},
    {"DELETE", "/api/v3/orderList", "orderList.cancel", SIM_SIGNED, 1, FREE, ENGINE, sim_do_list_cancel, 0},
    {"GET", "/api/v3/orderList", "orderList.status", SIM_SIGNED, 4, false, false, sim_do_list_query, 0},
    {"GET", "/api/v3/allOrderList", "allOrderLists", SIM_SIGNED, 20, false, false, sim_do_list_all, 0},
    {"GET", "/api/v3/openOrderList", "openOrderLists.status", SIM_SIGNED, 6, false, false, sim_do_list_open, 0},
    {"GET", "/api/v3/account", "account.status", SIM_SIGNED, 20, false, false, sim_do_account, 0},
    {"GET", "/api/v3/account/commission", "account.commission", SIM_SIGNED, 20, false, false, sim_do_commission, 0},
    {"GET", "/api/v3/rateLimit/order", "account.rateLimits.orders", SIM_SIGNED, 40, false, false, sim_do_rate_limits, 0},
    {"GET", "/api/v3/myFilters", "myFilters", SIM_SIGNED, 40, false, false, sim_do_my_filters, 0},
    {"GET", "/api/v3/myPreventedMatches", "myPreventedMatches", SIM_SIGNED, 2, false, false, sim_do_prevented_matches, 0},
    {"GET", "/api/v3/myAllocations", "myAllocations", SIM_SIGNED, 20, false, false, sim_do_allocations, 0},
    {"POST", "/api/v3/sor/order", "sor.order.place", SIM_SIGNED, 1, FREE, false, sim_do_sor, 0},
    {"POST", "/api/v3/sor/order/test", "sor.order.test", SIM_SIGNED, 1, false, false, sim_do_sor, 0},

    {"GET", "/api/v3/ping", "ping", SIM_NONE, 1, false, false, sim_do_ping, 0},
    {"GET", "/api/v3/time", "time", SIM_NONE, 1, false, false, sim_do_time, 0},
    {"GET", "/api/v3/exchangeInfo", "exchangeInfo", SIM_NONE, 20, false, false, sim_do_exchange_info, 0},
    {"GET", "/api/v3/depth", "depth", SIM_NONE, 5, false, false, sim_do_depth, 0},
    {"GET", "/api/v3/trades", "trades.recent", SIM_NONE, 25, false, false, sim_do_trades, 0},
    {"GET", "/api/v3/historicalTrades", "trades.historical", SIM_NONE, 25, false, false, sim_do_historical_trades, 0},
    {"GET", "/api/v3/aggTrades", "trades.aggregate", SIM_NONE, 4, false, false, sim_do_agg_trades, 0},
    {"GET", "/api/v3/klines", "klines", SIM_NONE, 2, false, false, sim_do_klines, 0},
    {"GET", "/api/v3/uiKlines", "uiKlines", SIM_NONE, 2, false, false, sim_do_klines, 0},
    {"GET", "/api/v3/avgPrice", "avgPrice", SIM_NONE, 2, false, false, sim_do_avg_price, 0},
    {"GET", "/api/v3/ticker/24hr", "ticker.24hr", SIM_NONE, 2, false, false, sim_do_ticker_24hr, 0},
    {"GET", "/api/v3/ticker/tradingDay", "ticker.tradingDay", SIM_NONE, 4, false, false, sim_do_ticker_trading_day, 0},
    {"GET", "/api/v3/ticker", "ticker", SIM_NONE, 4, false, false, sim_do_ticker, 0},
    {"GET", "/api/v3/ticker/price", "ticker.price", SIM_NONE, 2, false, false, sim_do_ticker_price, 0},
    {"GET", "/api/v3/ticker/bookTicker", "ticker.book", SIM_NONE, 2, false, false, sim_do_ticker_book, 0},
    {"GET", "/api/v3/executionRules", "executionRules", SIM_NONE, 2, false, false, sim_do_execution_rules, 0},
    {"GET", "/api/v3/referencePrice", "referencePrice", SIM_NONE, 2, false, false, sim_do_reference_price, 0},
    {"GET", "/api/v3/referencePrice/calculation", "referencePrice.calculation", SIM_NONE, 2, false, false, sim_do_reference_price_calculation, 0},
};
/* clang-format on */

const struct sim_route *sim_route_find(str method, str path, bool *ret_path_known) {
    *ret_path_known = false;
    for (ptrdiff_t i = 0; i < COUNT_OF(table); i++) {
        if (!str_eq(path, str_from_z(table[i].path))) continue;
        *ret_path_known = true;
        if (str_eq(method, str_from_z(table[i].method))) return &table[i];
    }
    return NULL;
}

const struct sim_route *sim_route_find_ws(str ws_method) {
    for (ptrdiff_t i = 0; i < COUNT_OF(table); i++) {
        if (table[i].ws_method && str_eq(ws_method, str_from_z(table[i].ws_method))) {
            return &table[i];
        }
    }
    return NULL;
}
