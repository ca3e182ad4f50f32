/* The rules by which orders meet candles: the open is a quote, the range is known at the close,
 * nothing is known earlier, and where a candle leaves a question open the answer is the worse one.
 */
#include "match_bench.h"

/* Candles, no standing price; spread, slippage and cap as given. Spot, 10,000 USDT and 10 BTC. */
static void start_candles(struct bench *b, const char *spread, const char *slippage,
                          const char *cap) {
    bench_init(b);
    b->opt.price_stands = false;
    b->opt.spread_e8 = e8(spread);
    b->opt.slippage_e8 = e8(slippage);
    b->opt.volume_cap_e8 = e8(cap);
    bench_open(b);
    bench_spot(b, "0");
    bench_give(b, 0, "USDT", "10000");
    bench_give(b, 0, "BTC", "10");
}

static void place_sell_oco(struct bench *b, const char *target, const char *stop) {
    struct match_new_list n = {.kind = MATCH_OCO,
                               .sym = BTC,
                               .side = ORDER_SELL,
                               .qty = qt("1"),
                               .above = {.type = ORDER_TAKE_PROFIT, .stop = px(target)},
                               .below = {.type = ORDER_STOP_LOSS, .stop = px(stop)}};
    bench_place_list(b, &n);
    bench_events(b);
}

static void test_stop_comes_first_where_one_candle_crosses_both(void **state) {
    struct bench b;
    start_candles(&b, "0", "0", "0");
    bench_candle_open(&b, 0, "100");
    place_sell_oco(&b, "110", "95");
    bench_range(&b, 0, "100 115 90 112", "1000");
    assert_events(&b, "ACTIVE 1 fired\nEXPIRED 2 OCO_TRIGGER\n"
                      "TRADE 1 1@95 quote=95 fee=0 taker FILLED\nLIST 1 done\n");
    bench_end(&b);
    (void)state;
}

static void test_gap_through_a_stop_fills_at_the_open(void **state) {
    struct bench b;
    start_candles(&b, "0", "0.001", "0");
    bench_candle_open(&b, 0, "100");
    place_sell_oco(&b, "110", "95");
    bench_range(&b, 0, "100 101 99 100", "1000");
    assert_events(&b, "");
    bench_candle_open(&b, MIN, "90");
    assert_events(&b, "ACTIVE 1 fired\nEXPIRED 2 OCO_TRIGGER\n"
                      "TRADE 1 1@89.91 quote=89.91 fee=0 taker FILLED\nLIST 1 done\n");
    bench_end(&b);
    (void)state;
}

static void test_stop_and_target_within_a_range_fill_at_their_triggers(void **state) {
    struct bench b;
    start_candles(&b, "0.01", "0.001", "0");
    bench_candle_open(&b, 0, "100");
    bench_place(&b, stop_order(ORDER_STOP_LOSS, ORDER_SELL, "1", "95"));
    bench_place(&b, stop_order(ORDER_TAKE_PROFIT, ORDER_SELL, "1", "110"));
    bench_place(&b, stop_order(ORDER_STOP_LOSS, ORDER_BUY, "1", "111"));
    bench_place(&b, stop_order(ORDER_TAKE_PROFIT, ORDER_BUY, "1", "94"));
    bench_events(&b);
    bench_range(&b, 0, "100 111 94 100", "1000");
    assert_events(&b, "ACTIVE 1 fired\nTRADE 1 1@94.9 quote=94.9 fee=0 taker FILLED\n"
                      "ACTIVE 3 fired\nTRADE 3 1@111.12 quote=111.12 fee=0 taker FILLED\n"
                      "ACTIVE 2 fired\nTRADE 2 1@109.89 quote=109.89 fee=0 taker FILLED\n"
                      "ACTIVE 4 fired\nTRADE 4 1@94.1 quote=94.1 fee=0 taker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_limit_fills_only_when_traded_through(void **state) {
    struct bench b;
    start_candles(&b, "0.001", "0", "0");
    bench_candle_open(&b, 0, "100");
    bench_place(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "95"));
    bench_place(&b, limit_order(ORDER_SELL, TIF_GTC, "1", "105"));
    bench_events(&b);
    bench_range(&b, 0, "100 105 95 100", "1000"); /* touched */
    assert_events(&b, "");
    bench_candle_open(&b, MIN, "100");
    bench_range(&b, MIN, "100 105.01 94.99 100", "1000");
    assert_events(&b, "TRADE 1 1@95 quote=95 fee=0 maker FILLED\n"
                      "TRADE 2 1@105 quote=105 fee=0 maker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_limit_fills_at_a_better_open(void **state) {
    struct bench b;
    start_candles(&b, "0", "0", "0");
    bench_candle_open(&b, 0, "100");
    bench_place(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "95"));
    bench_events(&b);
    bench_range(&b, 0, "100 100 99 99", "1000");
    bench_candle_open(&b, MIN, "92");
    assert_events(&b, "TRADE 1 1@92 quote=92 fee=0 maker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_limit_maker_that_waited_gets_its_limit_and_no_better(void **state) {
    struct bench b;
    start_candles(&b, "0", "0", "0");
    struct match_new n = order_of_type(ORDER_LIMIT_MAKER, ORDER_BUY, "1");
    n.limit = px("100");
    bench_place(&b, n);
    bench_candle_open(&b, MIN, "95");
    assert_events(&b, "NEW 1 BUY LIMIT_MAKER\n"
                      "TRADE 1 1@100 quote=100 fee=0 maker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_order_placed_inside_a_candle_meets_only_its_close(void **state) {
    struct bench b;
    start_candles(&b, "0", "0", "0");
    bench_candle_open(&b, 0, "100");
    match_advance(b.m, MIN / 2);
    bench_place(&b, stop_order(ORDER_STOP_LOSS, ORDER_SELL, "1", "95"));
    bench_place(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "96"));
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "1"));
    assert_events(&b, "NEW 1 SELL STOP_LOSS\nNEW 2 BUY LIMIT\nNEW 3 BUY MARKET\n");
    bench_range(&b, 0, "100 100 80 98", "1000");
    assert_events(&b, "TRADE 3 1@98 quote=98 fee=0 taker FILLED\n");
    bench_candle_open(&b, MIN, "98");
    bench_range(&b, MIN, "98 99 94 97", "1000"); /* now both had arrived by the open */
    assert_events(&b, "ACTIVE 1 fired\nTRADE 1 1@95 quote=95 fee=0 taker FILLED\n"
                      "TRADE 2 1@96 quote=96 fee=0 maker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_order_inside_a_candle_takes_a_close_beyond_its_price(void **state) {
    struct bench b;
    start_candles(&b, "0", "0.001", "0");
    bench_candle_open(&b, 0, "100");
    match_advance(b.m, 1);
    bench_place(&b, stop_order(ORDER_STOP_LOSS, ORDER_SELL, "1", "95"));
    bench_place(&b, limit_order(ORDER_BUY, TIF_FOK, "1", "96"));
    bench_events(&b);
    bench_range(&b, 0, "100 100 80 90", "1000");
    assert_events(&b, "ACTIVE 1 fired\nTRADE 1 1@89.91 quote=89.91 fee=0 taker FILLED\n"
                      "TRADE 2 1@90 quote=90 fee=0 taker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_without_a_standing_price_an_order_waits_for_the_next(void **state) {
    struct bench b;
    start_candles(&b, "0", "0", "0");
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "1"));
    assert_events(&b, "NEW 1 BUY MARKET\n");
    bench_candle_open(&b, 0, "100");
    assert_events(&b, "TRADE 1 1@100 quote=100 fee=0 taker FILLED\n");
    bench_place(&b, limit_order(ORDER_BUY, TIF_FOK, "1", "100")); /* at the open's own time */
    assert_events(&b, "NEW 2 BUY LIMIT\nTRADE 2 1@100 quote=100 fee=0 taker FILLED\n");
    bench_range(&b, 0, "100 100 90 95", "1000");
    match_advance(b.m, MIN + 1);
    bench_place(&b, limit_order(ORDER_BUY, TIF_FOK, "1", "100"));
    assert_events(&b, "NEW 3 BUY LIMIT\n");
    bench_candle_open(&b, 2 * MIN, "101");
    assert_events(&b, "EXPIRED 3 UNFILLED_FOK_ORDER_EXPIRED\n");
    bench_end(&b);
    (void)state;
}

static void test_order_that_waited_must_be_allowed_at_its_price_too(void **state) {
    struct bench b;
    bench_init(&b);
    b.opt.price_stands = false;
    bench_open(&b);
    bench_margin(&b, 2, "0");
    bench_give(&b, 0, "USDT", "1000");
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "20.001")); /* no price yet */
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_SELL, "12"));
    bench_candle_open(&b, 0, "100");
    assert_events(&b, "NEW 1 BUY MARKET\nNEW 2 SELL MARKET\n"
                      "EXPIRED 1 REJECTED\n"
                      "TRADE 2 12@100 quote=1200 fee=0 taker FILLED\n");
    /* within a range: a stop that opens more when equity is 1000 - 12 x 40 */
    bench_place(&b, stop_order(ORDER_STOP_LOSS, ORDER_SELL, "7", "95"));
    bench_events(&b);
    bench_range(&b, 0, "100 140 100 140", "1000");
    bench_candle_open(&b, MIN, "140");
    bench_range(&b, MIN, "140 141 90 100", "1000");
    assert_events(&b, "ACTIVE 3 fired\nEXPIRED 3 REJECTED\n");
    bench_end(&b);
    (void)state;
}

static void test_latency_delays_the_arrival(void **state) {
    struct bench b;
    bench_init(&b);
    b.opt.latency = 100;
    bench_open(&b);
    bench_spot(&b, "0");
    bench_give(&b, 0, "USDT", "10000");
    bench_last(&b, 1000, "100");
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "1")); /* arrives at 1100 */
    bench_last(&b, 1099, "101");
    assert_events(&b, "NEW 1 BUY MARKET\n");
    bench_last(&b, 1200, "102"); /* at 1100 the price of 1099 stood */
    assert_events(&b, "TRADE 1 1@101 quote=101 fee=0 taker FILLED\n");
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "1")); /* arrives at 1300 */
    bench_last(&b, 1300, "103");
    assert_events(&b, "NEW 2 BUY MARKET\nTRADE 2 1@103 quote=103 fee=0 taker FILLED\n");
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "1"));
    match_advance(b.m, 1400);
    struct match_event e;
    assert_true(match_next_event(b.m, &e) && match_next_event(b.m, &e));
    assert_int_equal(e.kind, MATCH_EV_TRADE);
    assert_int_equal(e.at, 1400);
    bench_end(&b);
    (void)state;
}

static void test_latency_with_candles_misses_the_open(void **state) {
    struct bench b;
    start_candles(&b, "0", "0", "0");
    arena_close(&b.arena);
    bench_init(&b);
    b.opt.price_stands = false;
    b.opt.latency = 1;
    bench_open(&b);
    bench_spot(&b, "0");
    bench_give(&b, 0, "USDT", "10000");
    bench_candle_open(&b, 0, "100");
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "1"));
    assert_events(&b, "NEW 1 BUY MARKET\n");
    bench_range(&b, 0, "100 110 90 105", "1000");
    assert_events(&b, "TRADE 1 1@105 quote=105 fee=0 taker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_volume_cap_at_the_open_looks_back_not_ahead(void **state) {
    struct bench b;
    start_candles(&b, "0", "0", "0.1");
    bench_candle_open(&b, 0, "100"); /* no candle before: no cap */
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "50"));
    assert_events(&b, "NEW 1 BUY MARKET\nTRADE 1 50@100 quote=5000 fee=0 taker FILLED\n");
    bench_range(&b, 0, "100 100 99 100", "20");
    bench_candle_open(&b, MIN, "100"); /* a tenth of 20 */
    bench_place(&b, limit_order(ORDER_BUY, TIF_FOK, "2.001", "100"));
    bench_place(&b, limit_order(ORDER_BUY, TIF_IOC, "1.5", "100"));
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "1"));
    bench_place(&b, limit_order(ORDER_BUY, TIF_GTC, "3", "100"));
    assert_events(&b, "NEW 2 BUY LIMIT\nEXPIRED 2 UNFILLED_FOK_ORDER_EXPIRED\n"
                      "NEW 3 BUY LIMIT\nTRADE 3 1.5@100 quote=150 fee=0 taker FILLED\n"
                      "NEW 4 BUY MARKET\nTRADE 4 0.5@100 quote=50 fee=0 taker PARTIALLY_FILLED\n"
                      "EXPIRED 4 INSUFFICIENT_LIQUIDITY\n"
                      "NEW 5 BUY LIMIT\n");
    /* the range: a tenth of 40, less the 2 that were taken at its open */
    bench_range(&b, MIN, "100 100 99 99", "40");
    assert_events(&b, "TRADE 5 2@100 quote=200 fee=0 maker PARTIALLY_FILLED\n");
    bench_candle_open(&b, 2 * MIN, "99"); /* GTC waited */
    assert_events(&b, "TRADE 5 1@99 quote=99 fee=0 maker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_candle_without_trades_fills_nothing(void **state) {
    struct bench b;
    start_candles(&b, "0", "0", "0.1");
    bench_candle_open(&b, 0, "100");
    bench_range(&b, 0, "100 100 100 100", "0");
    bench_candle_open(&b, MIN, "100");
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "1"));
    assert_events(&b, "NEW 1 BUY MARKET\nEXPIRED 1 INSUFFICIENT_LIQUIDITY\n");
    /* a price that moved without volume: then the volume is unknown, not nought */
    bench_range(&b, MIN, "100 101 100 101", "0");
    bench_candle_open(&b, 2 * MIN, "101");
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "1"));
    assert_events(&b, "NEW 2 BUY MARKET\nTRADE 2 1@101 quote=101 fee=0 taker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_stop_limit_within_a_range_rests_when_slippage_passes_its_limit(void **state) {
    struct bench b;
    start_candles(&b, "0", "0.01", "0");
    bench_candle_open(&b, 0, "100");
    struct match_new n = stop_order(ORDER_STOP_LOSS_LIMIT, ORDER_SELL, "1", "95");
    n.limit = px("94.5"); /* 95 x 0.99 = 94.05 is worse */
    bench_place(&b, n);
    n = stop_order(ORDER_STOP_LOSS_LIMIT, ORDER_SELL, "1", "96");
    n.limit = px("95"); /* 96 x 0.99 = 95.04 */
    bench_place(&b, n);
    bench_events(&b);
    bench_range(&b, 0, "100 100 90 91", "1000");
    assert_events(&b, "ACTIVE 1 fired\n"
                      "ACTIVE 2 fired\nTRADE 2 1@95.04 quote=95.04 fee=0 taker FILLED\n");
    bench_candle_open(&b, MIN, "91");
    bench_range(&b, MIN, "91 94.51 90 94", "1000");
    assert_events(&b, "TRADE 1 1@94.5 quote=94.5 fee=0 maker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_profit_limit_within_a_range_fills_when_passed(void **state) {
    struct bench b;
    start_candles(&b, "0", "0", "0");
    bench_candle_open(&b, 0, "100");
    struct match_new n = stop_order(ORDER_TAKE_PROFIT_LIMIT, ORDER_SELL, "1", "105");
    n.limit = px("106");
    bench_place(&b, n);
    bench_place(&b, n);
    bench_events(&b);
    bench_range(&b, 0, "100 106 99 100", "1000");
    assert_events(&b, "ACTIVE 1 fired\nACTIVE 2 fired\n");
    bench_candle_open(&b, MIN, "100");
    bench_range(&b, MIN, "100 106.01 99 100", "1000");
    assert_events(&b, "TRADE 1 1@106 quote=106 fee=0 maker FILLED\n"
                      "TRADE 2 1@106 quote=106 fee=0 maker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_entry_filled_in_a_range_brings_its_legs_to_the_close(void **state) {
    struct bench b;
    start_candles(&b, "0", "0", "0");
    bench_candle_open(&b, 0, "100");
    struct match_new_list n = {.kind = MATCH_OPOCO,
                               .sym = BTC,
                               .side = ORDER_BUY,
                               .qty = qt("1"),
                               .working = {.type = ORDER_LIMIT, .tif = TIF_GTC, .limit = px("95")},
                               .pending_side = ORDER_SELL,
                               .above = {.type = ORDER_TAKE_PROFIT, .stop = px("99")},
                               .below = {.type = ORDER_STOP_LOSS, .stop = px("93")}};
    bench_place_list(&b, &n);
    bench_events(&b);
    bench_range(&b, 0, "100 101 90 92", "1000"); /* whether 93 came before 95 is not known */
    assert_events(&b, "TRADE 1 1@95 quote=95 fee=0 maker FILLED\nACTIVE 2 qty=1\nACTIVE 3 qty=1\n"
                      "ACTIVE 2 fired\nEXPIRED 3 OCO_TRIGGER\n"
                      "TRADE 2 1@92 quote=92 fee=0 taker FILLED\nLIST 1 done\n");
    bench_end(&b);
    (void)state;
}

static void test_candle_alone_brings_its_open_too(void **state) {
    struct bench b;
    start_candles(&b, "0", "0", "0");
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "1"));
    bench_place(&b, stop_order(ORDER_STOP_LOSS, ORDER_SELL, "1", "95"));
    bench_events(&b);
    bench_range(&b, 5 * MIN, "100 101 94 96", "1000");
    assert_events(&b, "TRADE 1 1@100 quote=100 fee=0 taker FILLED\n"
                      "ACTIVE 2 fired\nTRADE 2 1@95 quote=95 fee=0 taker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_old_prices_are_ignored(void **state) {
    struct bench b;
    start_candles(&b, "0", "0", "0");
    bench_candle_open(&b, MIN, "100");
    bench_range(&b, MIN, "100 101 99 100", "1000");
    bench_place(&b, stop_order(ORDER_STOP_LOSS, ORDER_SELL, "1", "95"));
    bench_events(&b);
    bench_range(&b, MIN, "100 101 90 100", "1000");
    bench_range(&b, 0, "100 101 90 100", "1000");
    struct quote late = {.sym = BTC, .at = MIN, .last = px("90"), .bid = px("90"), .ask = px("90")};
    match_quote(b.m, 2 * MIN, &late);
    assert_events(&b, "");
    bench_end(&b);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop_comes_first_where_one_candle_crosses_both),
        cmocka_unit_test(test_gap_through_a_stop_fills_at_the_open),
        cmocka_unit_test(test_stop_and_target_within_a_range_fill_at_their_triggers),
        cmocka_unit_test(test_limit_fills_only_when_traded_through),
        cmocka_unit_test(test_limit_fills_at_a_better_open),
        cmocka_unit_test(test_limit_maker_that_waited_gets_its_limit_and_no_better),
        cmocka_unit_test(test_order_placed_inside_a_candle_meets_only_its_close),
        cmocka_unit_test(test_order_inside_a_candle_takes_a_close_beyond_its_price),
        cmocka_unit_test(test_without_a_standing_price_an_order_waits_for_the_next),
        cmocka_unit_test(test_order_that_waited_must_be_allowed_at_its_price_too),
        cmocka_unit_test(test_latency_delays_the_arrival),
        cmocka_unit_test(test_latency_with_candles_misses_the_open),
        cmocka_unit_test(test_volume_cap_at_the_open_looks_back_not_ahead),
        cmocka_unit_test(test_candle_without_trades_fills_nothing),
        cmocka_unit_test(test_stop_limit_within_a_range_rests_when_slippage_passes_its_limit),
        cmocka_unit_test(test_profit_limit_within_a_range_fills_when_passed),
        cmocka_unit_test(test_entry_filled_in_a_range_brings_its_legs_to_the_close),
        cmocka_unit_test(test_candle_alone_brings_its_open_too),
        cmocka_unit_test(test_old_prices_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
