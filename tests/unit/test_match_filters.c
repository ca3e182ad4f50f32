/* Each filter and parameter check: the last value that passes, the first that does not, and the
 * exchange's code and text. */
#include "match_bench.h"

static void start_at_100(struct bench *b) {
    bench_start(b);
    bench_give(b, 0, "USDT", "1000000000");
    bench_give(b, 0, "BTC", "100000");
    bench_last(b, 1, "100");
}

static void assert_taken(struct bench *b, struct match_new n) {
    assert_true(match_test(b->m, &n, &b->rej));
    bench_place(b, n);
    bench_events(b);
}

static void test_price_filter(void **state) {
    struct bench b;
    const char *text = "Filter failure: PRICE_FILTER";
    start_at_100(&b);
    b.v[BTC].min_price = px("50");
    b.v[BTC].max_price = px("200");
    assert_taken(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "50"));
    assert_taken(&b, limit_order(ORDER_SELL, TIF_GTC, "1", "200"));
    assert_refused(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "49.99"), -1013, text);
    assert_refused(&b, limit_order(ORDER_SELL, TIF_GTC, "1", "200.01"), -1013, text);
    assert_refused(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "99.999"), -1013, text);
    assert_refused(&b, stop_order(ORDER_STOP_LOSS, ORDER_SELL, "1", "90.001"), -1013, text);
    b.v[BTC].max_price = px("0"); /* a bound of zero is off */
    assert_taken(&b, limit_order(ORDER_SELL, TIF_GTC, "1", "201"));
    bench_end(&b);
    (void)state;
}

static void test_lot_size(void **state) {
    struct bench b;
    const char *text = "Filter failure: LOT_SIZE";
    start_at_100(&b);
    b.v[BTC].min_qty = qt("0.1");
    assert_taken(&b, limit_order(ORDER_BUY, TIF_GTC, "0.1", "90"));
    assert_taken(&b, limit_order(ORDER_SELL, TIF_GTC, "9000", "110"));
    assert_refused(&b, limit_order(ORDER_BUY, TIF_GTC, "0.099", "90"), -1013, text);
    assert_refused(&b, limit_order(ORDER_SELL, TIF_GTC, "9000.001", "110"), -1013, text);
    assert_refused(&b, limit_order(ORDER_BUY, TIF_GTC, "0.1001", "90"), -1013, text);
    bench_end(&b);
    (void)state;
}

static void test_market_lot_size_binds_market_orders_only(void **state) {
    struct bench b;
    start_at_100(&b);
    assert_taken(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "120"));
    assert_taken(&b, limit_order(ORDER_BUY, TIF_IOC, "121", "100"));
    assert_taken(&b, stop_order(ORDER_STOP_LOSS, ORDER_SELL, "121", "90"));
    assert_refused(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "120.001"), -1013,
                   "Filter failure: MARKET_LOT_SIZE");
    b.v[BTC].market_max_applies = false;
    assert_taken(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "120.001"));
    b.v[BTC].market_step = qt("1");
    assert_refused(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "1.5"), -1013,
                   "Filter failure: MARKET_LOT_SIZE");
    bench_end(&b);
    (void)state;
}

static void test_notional(void **state) {
    struct bench b;
    const char *text = "Filter failure: NOTIONAL";
    start_at_100(&b);
    b.v[BTC].max_notional = mo("1000");
    assert_taken(&b, limit_order(ORDER_BUY, TIF_GTC, "0.1", "50"));
    assert_taken(&b, limit_order(ORDER_BUY, TIF_GTC, "20", "50"));
    assert_refused(&b, limit_order(ORDER_BUY, TIF_GTC, "0.099", "50"), -1013, text);
    assert_refused(&b, limit_order(ORDER_BUY, TIF_GTC, "20.001", "50"), -1013, text);
    /* MARKET at the reference price; its largest worth is not bound unless the symbol says so */
    assert_refused(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "0.049"), -1013, text);
    assert_taken(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "20"));
    b.v[BTC].max_notional_market = true;
    assert_refused(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "20"), -1013, text);
    b.v[BTC].min_notional_market = false;
    assert_taken(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "0.001"));
    struct match_new n = order_of_type(ORDER_MARKET, ORDER_BUY, "0");
    n.quote_qty = mo("1000.01");
    assert_refused(&b, n, -1013, text);
    bench_end(&b);
    (void)state;
}

static void test_percent_price_by_side(void **state) {
    struct bench b;
    const char *text = "Filter failure: PERCENT_PRICE_BY_SIDE";
    start_at_100(&b);
    b.v[BTC].bid_up_bp = 11000;
    b.v[BTC].bid_down_bp = 5000;
    b.v[BTC].ask_up_bp = 20000;
    b.v[BTC].ask_down_bp = 9000;
    assert_taken(&b, limit_order(ORDER_BUY, TIF_IOC, "1", "110"));
    assert_taken(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "50"));
    assert_taken(&b, limit_order(ORDER_SELL, TIF_GTC, "1", "200"));
    assert_taken(&b, limit_order(ORDER_SELL, TIF_IOC, "1", "90"));
    assert_refused(&b, limit_order(ORDER_BUY, TIF_IOC, "1", "110.01"), -1013, text);
    assert_refused(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "49.99"), -1013, text);
    assert_refused(&b, limit_order(ORDER_SELL, TIF_GTC, "1", "200.01"), -1013, text);
    assert_refused(&b, limit_order(ORDER_SELL, TIF_IOC, "1", "89.99"), -1013, text);
    assert_refused(&b, stop_order(ORDER_STOP_LOSS, ORDER_SELL, "1", "89.99"), -1013, text);
    bench_end(&b);
    (void)state;
}

static void test_counts_of_open_orders(void **state) {
    struct bench b;
    start_at_100(&b);
    b.v[BTC].max_orders = 5;
    b.v[BTC].max_algo_orders = 3;
    b.v[BTC].max_lists = 1;
    struct match_new_list l = {.kind = MATCH_OCO,
                               .sym = BTC,
                               .side = ORDER_SELL,
                               .qty = qt("1"),
                               .above = {.type = ORDER_TAKE_PROFIT, .stop = px("110")},
                               .below = {.type = ORDER_STOP_LOSS, .stop = px("90")}};
    bench_place_list(&b, &l);
    bench_events(&b);
    assert_list_refused(&b, &l, -2010, "Filter failure: MAX_NUM_ALGO_ORDERS");
    assert_taken(&b, stop_order(ORDER_STOP_LOSS, ORDER_SELL, "1", "80"));
    assert_refused(&b, stop_order(ORDER_STOP_LOSS, ORDER_SELL, "1", "80"), -2010,
                   "Filter failure: MAX_NUM_ALGO_ORDERS");
    b.v[BTC].max_algo_orders = 10;
    assert_list_refused(&b, &l, -2010, "Filter failure: MAX_NUM_ORDER_LISTS");
    assert_taken(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "90"));
    assert_taken(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "90"));
    assert_refused(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "90"), -2010,
                   "Filter failure: MAX_NUM_ORDERS");
    bench_spot(&b, "0"); /* another account counts for itself */
    bench_give(&b, 1, "USDT", "1000");
    struct match_new other = limit_order(ORDER_BUY, TIF_GTC, "1", "90");
    other.account = 1;
    assert_taken(&b, other);
    bench_end(&b);
    (void)state;
}

static void test_the_engine_is_full_before_it_breaks(void **state) {
    struct bench b;
    start_at_100(&b);
    for (int i = 0; i < b.opt.orders_max; i++) {
        bench_place(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "90"));
        bench_events(&b);
    }
    assert_refused(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "90"), -1008,
                   "Server is currently overloaded with other requests. Please try again in a few "
                   "minutes.");
    assert_int_equal(match_cancel_all(b.m, 2, 0, BTC), b.opt.orders_max);
    bench_events(&b);
    for (int i = 0; i < 200; i++) { /* the history forgets its oldest, and nothing else */
        bench_place(&b, limit_order(ORDER_BUY, TIF_IOC, "1", "90"));
        bench_events(&b);
    }
    assert_null(match_find(b.m, &(struct match_ref){.sym = BTC, .id = 1}));
    assert_non_null(match_find(b.m, &(struct match_ref){.sym = BTC, .id = 264}));
    bench_end(&b);
    (void)state;
}

static void test_parameters_are_all_there_and_no_more(void **state) {
    struct bench b;
    start_at_100(&b);
    struct match_new n = limit_order(ORDER_BUY, TIF_NONE, "1", "90");
    assert_refused(&b, n, -1102,
                   "Mandatory parameter 'timeInForce' was not sent, was empty/null, or malformed.");
    n = order_of_type(ORDER_LIMIT, ORDER_BUY, "1");
    assert_refused(&b, n, -1102,
                   "Mandatory parameter 'price' was not sent, was empty/null, or malformed.");
    n = order_of_type(ORDER_STOP_LOSS, ORDER_SELL, "1");
    assert_refused(&b, n, -1102,
                   "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!");
    n = order_of_type(ORDER_MARKET, ORDER_SELL, "0");
    assert_refused(&b, n, -1102,
                   "Mandatory parameter 'quantity' was not sent, was empty/null, or malformed.");
    n = order_of_type(ORDER_MARKET, ORDER_SELL, "1");
    n.limit = px("90");
    assert_refused(&b, n, -1106, "Parameter 'price' sent when not required.");
    n = limit_order(ORDER_BUY, TIF_GTC, "1", "90");
    n.quote_qty = mo("90");
    assert_refused(&b, n, -1106, "Parameter 'quoteOrderQty' sent when not required.");
    n = limit_order(ORDER_BUY, TIF_GTC, "1", "90");
    n.coid = STR("a b");
    assert_refused(&b, n, -1100,
                   "Illegal characters found in parameter 'newClientOrderId'; legal range is "
                   "'^[a-zA-Z0-9-_]{1,36}$'.");
    n.coid = STR("1234567890123456789012345678901234567");
    assert_refused(&b, n, -1100,
                   "Illegal characters found in parameter 'newClientOrderId'; legal range is "
                   "'^[a-zA-Z0-9-_]{1,36}$'.");
    n.coid = STR("123456789012345678901234567890123456");
    assert_taken(&b, n);
    bench_end(&b);
    (void)state;
}

static void test_symbol_must_be_in_trading(void **state) {
    struct bench b;
    start_at_100(&b);
    b.v[BTC].trading = false;
    assert_refused(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "90"), -2010, "Market is closed.");
    struct match_new n = limit_order(ORDER_BUY, TIF_GTC, "1", "90");
    n.sym = SYM_NONE;
    assert_refused(&b, n, -1121, "Invalid symbol.");
    bench_end(&b);
    (void)state;
}

static void test_worth_of_nothing_is_refused(void **state) {
    struct bench b;
    start_at_100(&b);
    b.v[BTC].min_price = b.v[BTC].tick = price_from_e8(1);
    b.v[BTC].min_notional = mo("0");
    b.v[BTC].bid_down_bp = 0;
    struct match_new n = limit_order(ORDER_BUY, TIF_GTC, "0.001", "0.00000001");
    assert_refused(&b, n, -2010, "Price * QTY is zero or less.");
    bench_end(&b);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_price_filter),
        cmocka_unit_test(test_lot_size),
        cmocka_unit_test(test_market_lot_size_binds_market_orders_only),
        cmocka_unit_test(test_notional),
        cmocka_unit_test(test_percent_price_by_side),
        cmocka_unit_test(test_counts_of_open_orders),
        cmocka_unit_test(test_the_engine_is_full_before_it_breaks),
        cmocka_unit_test(test_parameters_are_all_there_and_no_more),
        cmocka_unit_test(test_symbol_must_be_in_trading),
        cmocka_unit_test(test_worth_of_nothing_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
