/* Each order type and time in force against ticks and books: what fills, at which price, what it
 * costs, and what the exchange's words for a refusal are. */
#include "match_bench.h"

static void test_limit_takes_at_the_touch_and_rests_otherwise(void **state) {
    struct bench b;
    bench_start(&b);
    bench_tick(&b, 1, "99", "101");
    bench_place(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "102"));
    bench_place(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "100"));
    assert_events(&b, "NEW 1 BUY LIMIT\n"
                      "TRADE 1 1@101 quote=101 fee=0 taker FILLED\n"
                      "NEW 2 BUY LIMIT\n");
    assert_balance(&b, 0, "USDT", "9799", "100");
    assert_balance(&b, 0, "BTC", "11", "0");
    bench_tick(&b, 2, "98", "99");
    assert_events(&b, "TRADE 2 1@100 quote=100 fee=0 maker FILLED\n");
    assert_balance(&b, 0, "USDT", "9799", "0");
    bench_end(&b);
    (void)state;
}

static void test_sell_limit_locks_base_and_makes_at_its_limit(void **state) {
    struct bench b;
    bench_start(&b);
    bench_tick(&b, 1, "99", "101");
    bench_place(&b, limit_order(ORDER_SELL, TIF_GTC, "2", "105"));
    assert_balance(&b, 0, "BTC", "8", "2");
    bench_tick(&b, 2, "106", "107");
    assert_events(&b, "NEW 1 SELL LIMIT\nTRADE 1 2@105 quote=210 fee=0 maker FILLED\n");
    assert_balance(&b, 0, "USDT", "10210", "0");
    bench_end(&b);
    (void)state;
}

static void test_ioc_that_cannot_fill_expires(void **state) {
    struct bench b;
    bench_start(&b);
    bench_tick(&b, 1, "99", "101");
    bench_place(&b, limit_order(ORDER_BUY, TIF_IOC, "1", "100"));
    assert_events(&b, "NEW 1 BUY LIMIT\nEXPIRED 1 UNFILLED_IOC_QUANTITY_EXPIRED\n");
    assert_balance(&b, 0, "USDT", "10000", "0");
    bench_end(&b);
    (void)state;
}

static struct match_book two_levels(void) {
    static struct match_level bids[2], asks[2];
    bids[0] = (struct match_level){px("99"), qt("1")};
    bids[1] = (struct match_level){px("98"), qt("2")};
    asks[0] = (struct match_level){px("101"), qt("1")};
    asks[1] = (struct match_level){px("102"), qt("2")};
    return (struct match_book){
        .sym = BTC, .at = 1, .bids = bids, .asks = asks, .bid_count = 2, .ask_count = 2};
}

static void test_fok_fills_whole_or_not_at_all(void **state) {
    struct bench b;
    bench_start(&b);
    struct match_book book = two_levels();
    match_book(b.m, 1, &book);
    bench_place(&b, limit_order(ORDER_BUY, TIF_FOK, "1.5", "101.5"));
    bench_place(&b, limit_order(ORDER_BUY, TIF_FOK, "1.5", "102"));
    assert_events(&b, "NEW 1 BUY LIMIT\nEXPIRED 1 UNFILLED_FOK_ORDER_EXPIRED\n"
                      "NEW 2 BUY LIMIT\n"
                      "TRADE 2 1@101 quote=101 fee=0 taker PARTIALLY_FILLED\n"
                      "TRADE 2 0.5@102 quote=51 fee=0 taker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_market_walks_the_book_and_the_rest_expires(void **state) {
    struct bench b;
    bench_start(&b);
    struct match_book book = two_levels();
    match_book(b.m, 1, &book);
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_SELL, "4"));
    assert_events(&b, "NEW 1 SELL MARKET\n"
                      "TRADE 1 1@99 quote=99 fee=0 taker PARTIALLY_FILLED\n"
                      "TRADE 1 2@98 quote=196 fee=0 taker PARTIALLY_FILLED\n"
                      "EXPIRED 1 INSUFFICIENT_LIQUIDITY\n");
    /* the levels are gone until the next book */
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_SELL, "1"));
    assert_events(&b, "NEW 2 SELL MARKET\nEXPIRED 2 INSUFFICIENT_LIQUIDITY\n");
    bench_end(&b);
    (void)state;
}

static void test_resting_limit_makes_against_a_book(void **state) {
    struct bench b;
    bench_start(&b);
    bench_tick(&b, 1, "109", "111");
    bench_place(&b, limit_order(ORDER_BUY, TIF_GTC, "2", "101.5"));
    struct match_book book = two_levels();
    book.at = 2;
    match_book(b.m, 2, &book);
    assert_events(&b, "NEW 1 BUY LIMIT\n"
                      "TRADE 1 1@101.5 quote=101.5 fee=0 maker PARTIALLY_FILLED\n");
    assert_balance(&b, 0, "USDT", "9797", "101.5");
    bench_end(&b);
    (void)state;
}

static void test_market_slips_to_the_tick_against_us(void **state) {
    struct bench b;
    bench_init(&b);
    b.opt.slippage_e8 = e8("0.0005");
    b.opt.spread_e8 = e8("0.0002");
    bench_open(&b);
    bench_spot(&b, "0");
    bench_give(&b, 0, "USDT", "10000");
    bench_last(&b, 1, "100.01");
    /* ask 100.01 x 1.0001 = 100.020001, up to 100.03; x 1.0005 = 100.080015, up to 100.09 */
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "1"));
    /* bid 100.01 x 0.9999 = 99.999999, down to 99.99; x 0.9995 = 99.940005, down to 99.94 */
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_SELL, "1"));
    /* a limit pays the touch and no more */
    bench_place(&b, limit_order(ORDER_BUY, TIF_IOC, "1", "101"));
    assert_events(&b, "NEW 1 BUY MARKET\nTRADE 1 1@100.09 quote=100.09 fee=0 taker FILLED\n"
                      "NEW 2 SELL MARKET\nTRADE 2 1@99.94 quote=99.94 fee=0 taker FILLED\n"
                      "NEW 3 BUY LIMIT\nTRADE 3 1@100.03 quote=100.03 fee=0 taker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_market_by_quote_buys_whole_steps(void **state) {
    struct bench b;
    bench_start(&b);
    bench_tick(&b, 1, "299", "300");
    struct match_new n = order_of_type(ORDER_MARKET, ORDER_BUY, "0");
    n.quote_qty = mo("100");
    int64_t id = bench_place(&b, n);
    assert_events(&b, "NEW 1 BUY MARKET\nTRADE 1 0.333@300 quote=99.9 fee=0 taker FILLED\n");
    const struct match_order *o = match_find(b.m, &(struct match_ref){.sym = BTC, .id = id});
    assert_non_null(o);
    assert_int_equal(qty_e8(o->qty), e8("0.333"));
    assert_balance(&b, 0, "USDT", "9900.1", "0");
    bench_end(&b);
    (void)state;
}

static void test_stop_fires_when_the_last_price_reaches_it(void **state) {
    struct bench b;
    bench_start(&b);
    bench_last(&b, 1, "100");
    bench_place(&b, stop_order(ORDER_STOP_LOSS, ORDER_SELL, "1", "95"));
    bench_place(&b, stop_order(ORDER_TAKE_PROFIT, ORDER_SELL, "1", "105"));
    bench_place(&b, stop_order(ORDER_STOP_LOSS, ORDER_BUY, "1", "106"));
    bench_place(&b, stop_order(ORDER_TAKE_PROFIT, ORDER_BUY, "1", "94"));
    bench_events(&b);
    bench_last(&b, 2, "95.01");
    assert_events(&b, "");
    bench_last(&b, 3, "95");
    assert_events(&b, "ACTIVE 1 fired\nTRADE 1 1@95 quote=95 fee=0 taker FILLED\n");
    bench_last(&b, 4, "107");
    assert_events(&b, "ACTIVE 2 fired\nTRADE 2 1@107 quote=107 fee=0 taker FILLED\n"
                      "ACTIVE 3 fired\nTRADE 3 1@107 quote=107 fee=0 taker FILLED\n");
    bench_last(&b, 5, "93");
    assert_events(&b, "ACTIVE 4 fired\nTRADE 4 1@93 quote=93 fee=0 taker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_stop_limit_rests_at_its_limit_after_a_gap(void **state) {
    struct bench b;
    bench_start(&b);
    bench_last(&b, 1, "100");
    struct match_new n = stop_order(ORDER_STOP_LOSS_LIMIT, ORDER_SELL, "1", "95");
    n.limit = px("94.5");
    bench_place(&b, n);
    struct match_new gain = stop_order(ORDER_TAKE_PROFIT_LIMIT, ORDER_SELL, "1", "105");
    gain.limit = px("104");
    bench_place(&b, gain);
    bench_events(&b);
    bench_last(&b, 2, "90");
    assert_events(&b, "ACTIVE 1 fired\n");
    bench_last(&b, 3, "94.6");
    assert_events(&b, "TRADE 1 1@94.5 quote=94.5 fee=0 maker FILLED\n");
    bench_last(&b, 4, "106");
    assert_events(&b, "ACTIVE 2 fired\nTRADE 2 1@106 quote=106 fee=0 taker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_stop_on_the_wrong_side_is_refused(void **state) {
    struct bench b;
    bench_start(&b);
    bench_last(&b, 1, "100");
    const char *text = "Order would trigger immediately.";
    assert_refused(&b, stop_order(ORDER_STOP_LOSS, ORDER_SELL, "1", "100"), -2010, text);
    assert_refused(&b, stop_order(ORDER_STOP_LOSS, ORDER_BUY, "1", "99"), -2010, text);
    assert_refused(&b, stop_order(ORDER_TAKE_PROFIT, ORDER_SELL, "1", "99"), -2010, text);
    assert_refused(&b, stop_order(ORDER_TAKE_PROFIT, ORDER_BUY, "1", "101"), -2010, text);
    bench_end(&b);
    (void)state;
}

static void test_limit_maker_never_takes(void **state) {
    struct bench b;
    bench_start(&b);
    bench_tick(&b, 1, "99", "101");
    struct match_new n = order_of_type(ORDER_LIMIT_MAKER, ORDER_BUY, "1");
    n.limit = px("101");
    assert_refused(&b, n, -2010, "Order would immediately match and take.");
    n.limit = px("100");
    bench_place(&b, n);
    bench_tick(&b, 2, "90", "91");
    assert_events(&b, "NEW 1 BUY LIMIT_MAKER\n"
                      "TRADE 1 1@100 quote=100 fee=0 maker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_spot_fee_is_taken_from_what_is_received(void **state) {
    struct bench b;
    bench_init(&b);
    bench_open(&b);
    bench_spot(&b, "0.001");
    bench_give(&b, 0, "USDT", "10000");
    bench_last(&b, 1, "100");
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "1"));
    assert_balance(&b, 0, "BTC", "0.999", "0");
    assert_balance(&b, 0, "USDT", "9900", "0");
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_SELL, "0.999"));
    assert_events(&b, "NEW 1 BUY MARKET\nTRADE 1 1@100 quote=100 fee=0.001 BTC taker FILLED\n"
                      "NEW 2 SELL MARKET\n"
                      "TRADE 2 0.999@100 quote=99.9 fee=0.0999 USDT taker FILLED\n");
    assert_balance(&b, 0, "USDT", "9999.8001", "0");
    bench_end(&b);
    (void)state;
}

static void test_margin_fee_is_taken_in_quote_and_base_may_be_owed(void **state) {
    struct bench b;
    bench_init(&b);
    bench_open(&b);
    bench_margin(&b, 2, "0.001");
    bench_give(&b, 0, "USDT", "1000");
    bench_last(&b, 1, "100");
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_SELL, "10"));
    assert_events(&b, "NEW 1 SELL MARKET\nTRADE 1 10@100 quote=1000 fee=1 USDT taker FILLED\n");
    assert_balance(&b, 0, "BTC", "-10", "0");
    assert_balance(&b, 0, "USDT", "1999", "0");
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "10"));
    assert_balance(&b, 0, "BTC", "0", "0");
    assert_balance(&b, 0, "USDT", "998", "0");
    bench_end(&b);
    (void)state;
}

static void test_reduce_only_closes_a_debt_however_small(void **state) {
    struct bench b;
    bench_init(&b);
    bench_open(&b);
    bench_margin(&b, 2, "0");
    bench_give(&b, 0, "USDT", "1000");
    bench_last(&b, 1, "100");
    b.v[BTC].min_qty = qt("1");
    b.v[BTC].min_notional = money_from_e8(100 * E8);
    b.v[BTC].min_notional_market = true;
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_SELL, "1.5"));
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "1"));
    bench_events(&b);
    struct match_new rest = order_of_type(ORDER_MARKET, ORDER_BUY, "0.5");
    assert_refused(&b, rest, -1013, "Filter failure: LOT_SIZE");
    rest.reduce_only = true;
    struct match_new more = order_of_type(ORDER_MARKET, ORDER_BUY, "0.501");
    more.reduce_only = true;
    assert_refused(&b, more, -2022, "ReduceOnly Order is rejected.");
    bench_place(&b, rest);
    bench_events(&b);
    assert_balance(&b, 0, "BTC", "0", "0");
    assert_refused(&b, rest, -2022, "ReduceOnly Order is rejected.");
    bench_end(&b);
    (void)state;
}

static void test_leverage_limits_what_a_margin_account_opens(void **state) {
    struct bench b;
    bench_init(&b);
    bench_open(&b);
    bench_margin(&b, 3, "0");
    bench_give(&b, 0, "USDT", "1000");
    bench_last(&b, 1, "100");
    const char *text = "Margin is insufficient.";
    assert_refused(&b, order_of_type(ORDER_MARKET, ORDER_SELL, "30.001"), -2019, text);
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_SELL, "30"));
    bench_events(&b);
    assert_refused(&b, order_of_type(ORDER_MARKET, ORDER_SELL, "0.1"), -2019, text);
    /* what only reduces is always allowed, also under water */
    bench_last(&b, 2, "140");
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "30"));
    bench_events(&b);
    assert_balance(&b, 0, "USDT", "-200", "0");
    assert_refused(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "0.1"), -2019, text);
    bench_end(&b);
    (void)state;
}

static void test_open_orders_count_against_leverage(void **state) {
    struct bench b;
    bench_init(&b);
    bench_open(&b);
    bench_margin(&b, 1, "0");
    bench_give(&b, 0, "USDT", "1000");
    bench_last(&b, 1, "100");
    bench_place(&b, limit_order(ORDER_BUY, TIF_GTC, "6", "90"));
    bench_events(&b);
    assert_refused(&b, limit_order(ORDER_BUY, TIF_GTC, "6", "90"), -2019,
                   "Margin is insufficient.");
    bench_place(&b, limit_order(ORDER_SELL, TIF_GTC, "9", "110")); /* the worse side counts */
    assert_events(&b, "NEW 2 SELL LIMIT\n");
    bench_end(&b);
    (void)state;
}

static void test_margin_account_trades_its_own_quote_only(void **state) {
    struct bench b;
    bench_init(&b);
    bench_open(&b);
    bench_margin(&b, 1, "0");
    struct match_new n = limit_order(ORDER_BUY, TIF_GTC, "1", "0.05");
    n.sym = ETHBTC;
    assert_refused(&b, n, -2010, "This symbol is not permitted for this account.");
    bench_end(&b);
    (void)state;
}

static void test_spot_cannot_spend_what_is_not_free(void **state) {
    struct bench b;
    bench_start(&b);
    bench_last(&b, 1, "100");
    const char *text = "Account has insufficient balance for requested action.";
    assert_refused(&b, limit_order(ORDER_BUY, TIF_GTC, "101", "100"), -2010, text);
    assert_refused(&b, order_of_type(ORDER_MARKET, ORDER_SELL, "10.001"), -2010, text);
    bench_place(&b, limit_order(ORDER_SELL, TIF_GTC, "6", "200"));
    bench_events(&b);
    assert_refused(&b, limit_order(ORDER_SELL, TIF_GTC, "5", "200"), -2010, text);
    bench_end(&b);
    (void)state;
}

static void test_buy_stop_that_gaps_buys_what_can_be_paid(void **state) {
    struct bench b;
    bench_init(&b);
    bench_open(&b);
    bench_spot(&b, "0");
    bench_give(&b, 0, "USDT", "1100");
    bench_last(&b, 1, "100");
    bench_place(&b, stop_order(ORDER_STOP_LOSS, ORDER_BUY, "10", "110"));
    assert_balance(&b, 0, "USDT", "0", "1100");
    bench_last(&b, 2, "120");
    assert_events(&b, "NEW 1 BUY STOP_LOSS\nACTIVE 1 fired\n"
                      "TRADE 1 9.166@120 quote=1099.92 fee=0 taker PARTIALLY_FILLED\n"
                      "EXPIRED 1 INSUFFICIENT_LIQUIDITY\n");
    assert_balance(&b, 0, "USDT", "0.08", "0");
    bench_end(&b);
    (void)state;
}

static void test_costs_round_up_and_proceeds_down(void **state) {
    struct bench b;
    bench_init(&b);
    b.v[BTC].tick = b.v[BTC].min_price = price_from_e8(1);
    b.v[BTC].step = b.v[BTC].min_qty = qty_from_e8(1);
    b.v[BTC].min_notional = money_from_e8(0);
    bench_open(&b);
    bench_spot(&b, "0.001");
    bench_give(&b, 0, "USDT", "10000");
    bench_last(&b, 1, "3.33333333");
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "0.00000010"));
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_SELL, "0.00000009"));
    assert_events(
        &b, "NEW 1 BUY MARKET\n"
            "TRADE 1 0.0000001@3.33333333 quote=0.00000034 fee=0.00000001 BTC taker FILLED\n"
            "NEW 2 SELL MARKET\n"
            "TRADE 2 0.00000009@3.33333333 quote=0.00000029 fee=0.00000001 USDT taker FILLED\n");
    bench_end(&b);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limit_takes_at_the_touch_and_rests_otherwise),
        cmocka_unit_test(test_reduce_only_closes_a_debt_however_small),
        cmocka_unit_test(test_sell_limit_locks_base_and_makes_at_its_limit),
        cmocka_unit_test(test_ioc_that_cannot_fill_expires),
        cmocka_unit_test(test_fok_fills_whole_or_not_at_all),
        cmocka_unit_test(test_market_walks_the_book_and_the_rest_expires),
        cmocka_unit_test(test_resting_limit_makes_against_a_book),
        cmocka_unit_test(test_market_slips_to_the_tick_against_us),
        cmocka_unit_test(test_market_by_quote_buys_whole_steps),
        cmocka_unit_test(test_stop_fires_when_the_last_price_reaches_it),
        cmocka_unit_test(test_stop_limit_rests_at_its_limit_after_a_gap),
        cmocka_unit_test(test_stop_on_the_wrong_side_is_refused),
        cmocka_unit_test(test_limit_maker_never_takes),
        cmocka_unit_test(test_spot_fee_is_taken_from_what_is_received),
        cmocka_unit_test(test_margin_fee_is_taken_in_quote_and_base_may_be_owed),
        cmocka_unit_test(test_leverage_limits_what_a_margin_account_opens),
        cmocka_unit_test(test_open_orders_count_against_leverage),
        cmocka_unit_test(test_margin_account_trades_its_own_quote_only),
        cmocka_unit_test(test_spot_cannot_spend_what_is_not_free),
        cmocka_unit_test(test_buy_stop_that_gaps_buys_what_can_be_paid),
        cmocka_unit_test(test_costs_round_up_and_proceeds_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
