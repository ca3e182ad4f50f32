/* What the engine does for an exchange whose clients may ask for anything: stops that follow the
 * price, icebergs, the reference price and what is measured by it, symbols that stand still, and
 * what a plan of faults can ask of it. */
#include "match_bench.h"

static struct match_new trailing(order_type type, order_side way, int64_t bp, const char *stop) {
    struct match_new n = stop_order(type, way, "1", stop);
    n.extra.trailing_bp = bp;
    return n;
}

static struct match_new trailing_limit(order_type type, order_side way, int64_t bp,
                                       const char *stop, const char *limit) {
    struct match_new n = trailing(type, way, bp, stop);
    n.limit = px(limit);
    return n;
}

static void start_at(struct bench *b, const char *last) {
    bench_start(b);
    bench_give(b, 0, "USDT", "1000000000");
    bench_give(b, 0, "BTC", "100000");
    bench_last(b, 1, last);
}

static price trigger(struct bench *b, int64_t id) {
    const struct match_order *o = match_find(b->m, &(struct match_ref){.sym = BTC, .id = id});
    assert_non_null(o);
    return o->trailing;
}

/* Shows prices one after the other, each a second later: nothing may happen. */
static void assert_quiet(struct bench *b, const char *prices) {
    str rest = str_from_z(prices), part;
    while (str_cut(&rest, ' ', &part)) {
        price p;
        assert_true(price_parse(part, &p));
        struct quote q = {.sym = BTC, .at = match_now(b->m) + 1, .last = p, .bid = p, .ask = p};
        match_quote(b->m, q.at, &q);
        assert_events(b, "");
    }
}

static void show(struct bench *b, const char *last) { bench_last(b, match_now(b->m) + 1, last); }

/* -- trailing stops ------------------------------------------------------------------------ */

/* The figures of the exchange's own scenarios. */
static void test_trailing_stop_loss_buy_starts_at_its_stop_price(void **state) {
    struct bench b;
    start_at(&b, "40000");
    int64_t id =
        bench_place(&b, trailing_limit(ORDER_STOP_LOSS_LIMIT, ORDER_BUY, 500, "44000", "45000"));
    assert_events(&b, "NEW 1 BUY STOP_LOSS_LIMIT\n");
    assert_quiet(&b, "37000 43999.99");
    assert_int_equal(price_e8(trigger(&b, id)), 0);
    assert_quiet(&b, "44000 45000 46000");
    assert_int_equal(price_e8(trigger(&b, id)), e8("46200"));
    assert_quiet(&b, "42000 44099.99");
    assert_int_equal(price_e8(trigger(&b, id)), e8("44100"));
    show(&b, "44100");
    assert_events(&b, "ACTIVE 1 fired\nTRADE 1 1@44100 quote=44100 fee=0 taker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_trailing_stop_loss_sell_follows_the_highest(void **state) {
    struct bench b;
    start_at(&b, "40000");
    bench_place(&b, trailing(ORDER_STOP_LOSS, ORDER_SELL, 1000, "39000"));
    bench_events(&b);
    assert_quiet(&b, "41500 39000 37000 41000 36900.01");
    show(&b, "36900");
    assert_events(&b, "ACTIVE 1 fired\nTRADE 1 1@36900 quote=36900 fee=0 taker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_trailing_take_profit_buy_follows_the_lowest(void **state) {
    struct bench b;
    start_at(&b, "40000");
    bench_place(&b, trailing_limit(ORDER_TAKE_PROFIT_LIMIT, ORDER_BUY, 850, "38000", "38500"));
    bench_events(&b);
    assert_quiet(&b, "42000 38000 37000 39000 38000 40144.99");
    show(&b, "40145"); /* beyond its limit: it rests */
    assert_events(&b, "ACTIVE 1 fired\n");
    show(&b, "38500");
    assert_events(&b, "TRADE 1 1@38500 quote=38500 fee=0 maker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_trailing_take_profit_sell_fires_on_the_way_back(void **state) {
    struct bench b;
    start_at(&b, "40000");
    bench_place(&b, trailing(ORDER_TAKE_PROFIT, ORDER_SELL, 750, "42000"));
    bench_events(&b);
    assert_quiet(&b, "41500 39000 42000 45000 44000 46500 43012.51");
    show(&b, "43012.5");
    assert_events(&b, "ACTIVE 1 fired\nTRADE 1 1@43012.5 quote=43012.5 fee=0 taker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_trailing_stop_without_stop_price_starts_at_once(void **state) {
    struct bench b;
    start_at(&b, "40000");
    int64_t id =
        bench_place(&b, trailing_limit(ORDER_STOP_LOSS_LIMIT, ORDER_SELL, 700, "0", "37000"));
    bench_events(&b);
    assert_int_equal(price_e8(trigger(&b, id)), e8("37200"));
    assert_int_equal(match_find(b.m, &(struct match_ref){.sym = BTC, .id = id})->trailing_at, 1);
    assert_quiet(&b, "37200.01 40000");
    show(&b, "37200");
    assert_events(&b, "ACTIVE 1 fired\nTRADE 1 1@37200 quote=37200 fee=0 taker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_trailing_stop_that_would_start_at_once_by_its_price_is_refused(void **state) {
    struct bench b;
    start_at(&b, "100");
    assert_refused(&b, trailing(ORDER_STOP_LOSS, ORDER_SELL, 100, "100"), -2010,
                   "Order would trigger immediately.");
    bench_place(&b, trailing(ORDER_STOP_LOSS, ORDER_SELL, 100, "99.99"));
    bench_events(&b);
    bench_end(&b);
    (void)state;
}

static void test_trailing_leg_of_a_pair_expires_its_sibling(void **state) {
    struct bench b;
    start_at(&b, "100");
    struct match_new_list n = {.kind = MATCH_OCO,
                               .sym = BTC,
                               .side = ORDER_SELL,
                               .qty = qt("1"),
                               .above = {.type = ORDER_LIMIT_MAKER, .limit = px("120")},
                               .below = {.type = ORDER_STOP_LOSS, .extra.trailing_bp = 500}};
    bench_place_list(&b, &n);
    bench_events(&b);
    assert_quiet(&b, "110");
    show(&b, "104.5");
    assert_events(&b, "ACTIVE 1 fired\nEXPIRED 2 OCO_TRIGGER\n"
                      "TRADE 1 1@104.5 quote=104.5 fee=0 taker FILLED\nLIST 1 done\n");
    n.above.limit = px("104.5"); /* not above the last price */
    assert_list_refused(&b, &n, -2010,
                        "The relationship of the prices for the orders is not correct.");
    bench_end(&b);
    (void)state;
}

static void test_trailing_pending_leg_follows_from_its_activation(void **state) {
    struct bench b;
    start_at(&b, "100");
    struct match_new_list n = {.kind = MATCH_OTO,
                               .sym = BTC,
                               .side = ORDER_BUY,
                               .qty = qt("1"),
                               .working = {.type = ORDER_LIMIT, .tif = TIF_GTC, .limit = px("90")},
                               .pending_side = ORDER_SELL,
                               .pending_qty = qt("1"),
                               .pending = {.type = ORDER_STOP_LOSS, .extra.trailing_bp = 1000}};
    bench_place_list(&b, &n);
    bench_events(&b);
    assert_quiet(&b, "200 91");
    show(&b, "90");
    assert_events(&b, "TRADE 1 1@90 quote=90 fee=0 maker FILLED\nACTIVE 2 qty=1\n");
    assert_int_equal(price_e8(trigger(&b, 2)), e8("81"));
    show(&b, "81");
    assert_events(&b, "ACTIVE 2 fired\nTRADE 2 1@81 quote=81 fee=0 taker FILLED\nLIST 1 done\n");
    bench_end(&b);
    (void)state;
}

/* A candle's way is not known: first what stood at its open, then the good extreme, then the close.
 */
static void test_trailing_stop_within_a_candle(void **state) {
    struct bench b;
    bench_init(&b);
    b.opt.price_stands = false;
    bench_open(&b);
    bench_spot(&b, "0");
    bench_give(&b, 0, "BTC", "10");
    bench_range(&b, 0, "100 100 100 100", "1");
    bench_place(&b, trailing(ORDER_STOP_LOSS, ORDER_SELL, 1000, "0"));
    bench_events(&b);
    bench_candle_open(&b, MIN, "100"); /* armed: 90 */
    bench_range(&b, MIN, "100 120 95 115", "1");
    assert_events(&b, ""); /* 108 now; the low may have come before the high */
    assert_int_equal(price_e8(trigger(&b, 1)), e8("108"));
    bench_range(&b, 2 * MIN, "115 130 110 112", "1"); /* 117, and the close lies beyond */
    assert_events(&b, "ACTIVE 1 fired\nTRADE 1 1@117 quote=117 fee=0 taker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_trailing_delta_filter(void **state) {
    struct bench b;
    const char *text = "Filter failure: TRAILING_DELTA";
    start_at(&b, "100");
    b.v[BTC].trail_above_min = 10;
    b.v[BTC].trail_above_max = 2000;
    b.v[BTC].trail_below_min = 20;
    b.v[BTC].trail_below_max = 1000;
    bench_place(&b, trailing(ORDER_STOP_LOSS, ORDER_BUY, 10, "0"));
    bench_place(&b, trailing(ORDER_TAKE_PROFIT, ORDER_SELL, 2000, "0"));
    bench_place(&b, trailing(ORDER_STOP_LOSS, ORDER_SELL, 20, "0"));
    bench_place(&b, trailing(ORDER_TAKE_PROFIT, ORDER_BUY, 1000, "0"));
    bench_events(&b);
    assert_refused(&b, trailing(ORDER_STOP_LOSS, ORDER_BUY, 9, "0"), -1013, text);
    assert_refused(&b, trailing(ORDER_TAKE_PROFIT, ORDER_SELL, 2001, "0"), -1013, text);
    assert_refused(&b, trailing(ORDER_STOP_LOSS, ORDER_SELL, 19, "0"), -1013, text);
    assert_refused(&b, trailing(ORDER_TAKE_PROFIT, ORDER_BUY, 1001, "0"), -1013, text);
    b.v[BTC].trail_below_max = 0;
    assert_refused(&b, trailing(ORDER_STOP_LOSS, ORDER_SELL, 10000, "0"), -1013, text);
    b.v[BTC].trailing = false;
    assert_refused(&b, trailing(ORDER_STOP_LOSS, ORDER_SELL, 100, "0"), -2010,
                   "Trailing stop orders are not supported for this symbol.");
    struct match_new n = limit_order(ORDER_BUY, TIF_GTC, "1", "90");
    n.extra.trailing_bp = 100;
    assert_refused(&b, n, -1106, "Parameter 'trailingDelta' sent when not required.");
    bench_end(&b);
    (void)state;
}

/* -- icebergs and counts ------------------------------------------------------------------- */

static struct match_new iceberg(const char *quantity, const char *part) {
    struct match_new n = limit_order(ORDER_BUY, TIF_GTC, quantity, "90");
    n.extra.iceberg = qt(part);
    return n;
}

static void test_icebergs_are_counted_and_of_so_many_parts(void **state) {
    struct bench b;
    start_at(&b, "100");
    b.v[BTC].iceberg_parts = 10;
    b.v[BTC].max_iceberg_orders = 2;
    bench_place(&b, iceberg("1", "0.1"));
    bench_place(&b, iceberg("1", "1"));
    bench_events(&b);
    assert_refused(&b, iceberg("1", "0.1"), -2010, "Filter failure: MAX_NUM_ICEBERG_ORDERS");
    b.v[BTC].max_iceberg_orders = 0;
    assert_refused(&b, iceberg("1.001", "0.1"), -1013, "Filter failure: ICEBERG_PARTS");
    assert_refused(&b, iceberg("1", "0.1005"), -1013, "Filter failure: LOT_SIZE");
    assert_refused(&b, iceberg("1", "1.001"), -2010, "IcebergQty exceeds QTY.");
    struct match_new n = iceberg("1", "0.5");
    n.tif = TIF_IOC;
    assert_refused(&b, n, -1160,
                   "Parameter 'icebergQty' is not supported if 'timeInForce' is not GTC.");
    n = order_of_type(ORDER_MARKET, ORDER_BUY, "1");
    n.extra.iceberg = qt("0.5");
    assert_refused(&b, n, -1106, "Parameter 'icebergQty' sent when not required.");
    b.v[BTC].iceberg = false;
    assert_refused(&b, iceberg("1", "0.5"), -2010,
                   "Iceberg orders are not supported for this symbol.");
    bench_end(&b);
    (void)state;
}

static void test_symbol_says_which_orders_it_takes(void **state) {
    struct bench b;
    start_at(&b, "100");
    b.v[BTC].order_types = BIT(ORDER_LIMIT) | BIT(ORDER_MARKET);
    bench_place(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "90"));
    bench_events(&b);
    assert_refused(&b, stop_order(ORDER_STOP_LOSS, ORDER_SELL, "1", "90"), -2010,
                   "Stop loss orders are not supported for this symbol.");
    assert_refused(&b, stop_order(ORDER_TAKE_PROFIT, ORDER_SELL, "1", "110"), -2010,
                   "Take profit orders are not supported for this symbol.");
    b.v[BTC].market_by_quote = false;
    struct match_new n = order_of_type(ORDER_MARKET, ORDER_BUY, "0");
    n.quote_qty = mo("50");
    assert_refused(&b, n, -2010, "Quote order qty market orders are not support for this symbol.");
    n = limit_order(ORDER_BUY, TIF_GTC, "1", "90");
    n.extra.strategy_type = 999999;
    assert_refused(&b, n, -1134, "`strategyType` was less than 1000000.");
    bench_end(&b);
    (void)state;
}

static void test_position_counts_what_is_held_and_ordered(void **state) {
    struct bench b;
    bench_start(&b); /* 10 BTC */
    bench_last(&b, 1, "100");
    b.v[BTC].max_position = qt("12");
    bench_place(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "90"));
    bench_events(&b);
    assert_refused(&b, limit_order(ORDER_BUY, TIF_GTC, "1.001", "90"), -2010,
                   "Filter failure: MAX_POSITION");
    struct match_new_list oco = {.kind = MATCH_OCO,
                                 .sym = BTC,
                                 .side = ORDER_BUY,
                                 .qty = qt("1"),
                                 .above = {.type = ORDER_STOP_LOSS, .stop = px("110")},
                                 .below = {.type = ORDER_LIMIT_MAKER, .limit = px("90")}};
    bench_place_list(&b, &oco); /* a pair counts once */
    bench_events(&b);
    assert_refused(&b, limit_order(ORDER_BUY, TIF_GTC, "0.1", "90"), -2010,
                   "Filter failure: MAX_POSITION");
    bench_place(&b, limit_order(ORDER_SELL, TIF_GTC, "1", "110"));
    bench_events(&b);
    bench_end(&b);
    (void)state;
}

static void test_an_order_is_amended_so_many_times(void **state) {
    struct bench b;
    start_at(&b, "100");
    b.v[BTC].max_amends = 2;
    struct match_ref ref = {.sym = BTC,
                            .id = bench_place(&b, limit_order(ORDER_BUY, TIF_GTC, "4", "90"))};
    bench_events(&b);
    assert_true(match_amend(b.m, 2, &ref, qt("3"), &b.rej));
    assert_true(match_amend(b.m, 2, &ref, qt("2"), &b.rej));
    assert_int_equal(match_find(b.m, &ref)->amends, 2);
    bool done = match_amend(b.m, 2, &ref, qt("1"), &b.rej);
    check_rejected(done, &b.rej, -2038, "Filter failure: MAX_NUM_ORDER_AMENDS", __FILE__, __LINE__);
    b.v[BTC].amend = false;
    done = match_amend(b.m, 2, &ref, qt("1"), &b.rej);
    check_rejected(done, &b.rej, -2038, "Order amend is not supported for this symbol.", __FILE__,
                   __LINE__);
    b.v[BTC].cancel_replace = false;
    struct match_replace r = {.cancel = ref, .order = limit_order(ORDER_BUY, TIF_GTC, "1", "90")};
    struct match_replaced got;
    assert_false(match_replace(b.m, 2, &r, &got));
    assert_string_equal(got.place_rej.text,
                        "Order cancel-replace is not supported for this symbol.");
    assert_int_equal(got.cancel, MATCH_NOT_ATTEMPTED);
    bench_events(&b);
    bench_end(&b);
    (void)state;
}

static void test_an_order_may_take_the_client_id_of_the_one_it_replaces(void **state) {
    struct bench b;
    start_at(&b, "100");
    struct match_new n = limit_order(ORDER_BUY, TIF_GTC, "1", "90");
    n.coid = STR("mine");
    struct match_ref ref = {.sym = BTC, .id = bench_place(&b, n)};
    assert_false(match_test(b.m, &n, &b.rej));
    assert_true(match_test_instead(b.m, &n, &ref, &b.rej));
    struct match_replace r = {.cancel = ref, .order = n};
    struct match_replaced got;
    assert_true(match_replace(b.m, 1, &r, &got));
    assert_int_equal(got.order_id, 2);
    bench_events(&b);
    r.allow_failure = true; /* the one of that name is another: it stays, and so does its name */
    assert_false(match_replace(b.m, 1, &r, &got));
    assert_int_equal(got.cancel, MATCH_NOT_ATTEMPTED);
    assert_string_equal(got.place_rej.text, "Duplicate order sent.");
    assert_events(&b, "");
    bench_end(&b);
    (void)state;
}

static void test_an_amended_order_may_get_another_client_id(void **state) {
    struct bench b;
    start_at(&b, "100");
    struct match_new n = limit_order(ORDER_BUY, TIF_GTC, "4", "90");
    n.coid = STR("first");
    struct match_ref ref = {.sym = BTC, .id = bench_place(&b, n)};
    n.coid = STR("other");
    bench_place(&b, n);
    bench_events(&b);
    bool done = match_amend_as(b.m, 2, &ref, qt("3"), STR("other"), &b.rej);
    check_rejected(done, &b.rej, -2038, "Duplicate order sent.", __FILE__, __LINE__);
    done = match_amend_as(b.m, 2, &ref, qt("3"), STR("not fit"), &b.rej);
    assert_false(done);
    assert_int_equal(b.rej.code, -1100);
    assert_true(match_amend_as(b.m, 2, &ref, qt("3"), STR("second"), &b.rej));
    assert_events(&b, "AMENDED 1 qty=3\n");
    assert_null(match_find(b.m, &(struct match_ref){.sym = BTC, .coid = STR("first")}));
    const struct match_order *o =
        match_find(b.m, &(struct match_ref){.sym = BTC, .coid = STR("second")});
    assert_non_null(o);
    assert_int_equal(o->id, 1);
    assert_true(match_amend_as(b.m, 2, &ref, qt("2"), STR("second"), &b.rej)); /* its own again */
    n.coid = STR("first");
    bench_place(&b, n);
    bench_events(&b);
    bench_end(&b);
    (void)state;
}

/* -- the reference price ------------------------------------------------------------------- */

static void start_with_means(struct bench *b) {
    bench_init(b);
    b->opt.mean_mins = 10;
    b->v[BTC].avg_price_mins = 5;
    bench_open(b);
    bench_spot(b, "0");
    bench_give(b, 0, "USDT", "1000000");
    bench_give(b, 0, "BTC", "1000");
}

static price reference(const struct bench *b) {
    price p;
    assert_true(match_reference_price(b->m, BTC, &p));
    return p;
}

static void test_reference_price_is_the_mean_of_the_last_minutes(void **state) {
    struct bench b;
    price p;
    start_with_means(&b);
    assert_false(match_reference_price(b.m, BTC, &p));
    bench_last(&b, 0, "100");
    bench_last(&b, 1, "200"); /* the same minute */
    assert_int_equal(price_e8(reference(&b)), e8("150"));
    bench_last(&b, 4 * MIN, "300");
    assert_int_equal(price_e8(reference(&b)), e8("200"));
    bench_last(&b, 5 * MIN, "400"); /* the first minute is out of it */
    assert_int_equal(price_e8(reference(&b)), e8("350"));
    assert_true(match_mean_price(b.m, BTC, 10, &p));
    assert_int_equal(price_e8(p), e8("250"));
    match_advance(b.m, 60 * MIN); /* nothing was seen in five minutes: the last price */
    assert_int_equal(price_e8(reference(&b)), e8("400"));
    b.v[BTC].avg_price_mins = 0;
    bench_last(&b, 60 * MIN, "500");
    assert_int_equal(price_e8(reference(&b)), e8("500"));
    bench_end(&b);
    (void)state;
}

static void test_filters_measure_by_the_reference_price(void **state) {
    struct bench b;
    start_with_means(&b);
    b.v[BTC].bid_up_bp = 11000;
    b.v[BTC].percent_both_sides = true;
    bench_last(&b, 0, "100");
    bench_last(&b, 1, "120"); /* 110: at most 121 */
    bench_place(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "121"));
    bench_events(&b);
    assert_refused(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "121.01"), -1013,
                   "Filter failure: PERCENT_PRICE");
    b.v[BTC].notional_min_only = true;
    b.v[BTC].min_notional = mo("11");
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_SELL, "0.1"));
    bench_events(&b);
    assert_refused(&b, order_of_type(ORDER_MARKET, ORDER_SELL, "0.099"), -1013,
                   "Filter failure: MIN_NOTIONAL");
    bench_end(&b);
    (void)state;
}

/* -- the PRICE_RANGE rule ------------------------------------------------------------------ */

static void show_book(struct bench *b, usec at) {
    static struct match_level bids[2], asks[3];
    bids[0] = (struct match_level){px("99"), qt("1")};
    bids[1] = (struct match_level){px("90"), qt("5")};
    asks[0] = (struct match_level){px("101"), qt("1")};
    asks[1] = (struct match_level){px("110"), qt("1")};
    asks[2] = (struct match_level){px("111"), qt("5")};
    match_book(b->m, at,
               &(struct match_book){.sym = BTC,
                                    .at = at,
                                    .last = px("100"),
                                    .bids = bids,
                                    .asks = asks,
                                    .bid_count = 2,
                                    .ask_count = 3});
}

static void test_taker_gets_nothing_beyond_the_price_range(void **state) {
    struct bench b;
    start_at(&b, "100");
    b.v[BTC].range_bid_up_bp = 11000;
    b.v[BTC].range_ask_down_bp = 9500;
    show_book(&b, 2);
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "3"));
    assert_events(&b, "NEW 1 BUY MARKET\n"
                      "TRADE 1 1@101 quote=101 fee=0 taker PARTIALLY_FILLED\n"
                      "TRADE 1 1@110 quote=110 fee=0 taker PARTIALLY_FILLED\n"
                      "EXPIRED 1 EXECUTION_RULE_PRICE_RANGE_EXCEEDED\n");
    show_book(&b, 3);
    bench_place(&b, limit_order(ORDER_BUY, TIF_FOK, "3", "111"));
    assert_events(&b, "NEW 2 BUY LIMIT\nEXPIRED 2 EXECUTION_RULE_PRICE_RANGE_EXCEEDED\n");
    bench_place(&b, limit_order(ORDER_BUY, TIF_FOK, "3", "110"));
    assert_events(&b, "NEW 3 BUY LIMIT\nEXPIRED 3 UNFILLED_FOK_ORDER_EXPIRED\n");
    bench_place(&b, limit_order(ORDER_SELL, TIF_GTC, "3", "90"));
    assert_events(&b, "NEW 4 SELL LIMIT\n"
                      "TRADE 4 1@99 quote=99 fee=0 taker PARTIALLY_FILLED\n"
                      "EXPIRED 4 EXECUTION_RULE_PRICE_RANGE_EXCEEDED\n");
    b.v[BTC].range_ask_down_bp = 0; /* a multiplier that is absent binds nothing */
    show_book(&b, 4);
    bench_place(&b, limit_order(ORDER_SELL, TIF_GTC, "2", "90"));
    assert_events(&b, "NEW 5 SELL LIMIT\nTRADE 5 1@99 quote=99 fee=0 taker PARTIALLY_FILLED\n"
                      "TRADE 5 1@90 quote=90 fee=0 taker FILLED\n");
    bench_end(&b);
    (void)state;
}

/* -- statuses ------------------------------------------------------------------------------ */

static void test_symbol_that_does_not_trade_stands_still(void **state) {
    struct bench b;
    bench_init(&b);
    b.opt.status_binds = true;
    bench_open(&b);
    bench_spot(&b, "0");
    bench_give(&b, 0, "USDT", "10000");
    bench_last(&b, 1, "100");
    struct match_ref ref = {.sym = BTC,
                            .id = bench_place(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "90"))};
    bench_events(&b);
    b.v[BTC].status = SYMBOL_HALT;
    b.v[BTC].trading = false;
    assert_refused(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "90"), -2010, "Market is closed.");
    bool done = match_cancel(b.m, 2, &ref, &b.rej);
    check_rejected(done, &b.rej, -2011, "Market is closed.", __FILE__, __LINE__);
    assert_int_equal(match_cancel_all(b.m, 2, 0, BTC), 0);
    bench_last(&b, 3, "80");
    assert_events(&b, "");
    b.v[BTC].status = SYMBOL_CANCEL_ONLY;
    bench_last(&b, 4, "80");
    assert_events(&b, "");
    assert_refused(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "90"), -2010, "Market is closed.");
    assert_true(match_cancel(b.m, 4, &ref, &b.rej));
    assert_events(&b, "CANCELED 1\n");
    b.v[BTC].status = SYMBOL_TRADING;
    b.v[BTC].trading = true;
    bench_place(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "90"));
    assert_events(&b, "NEW 2 BUY LIMIT\nTRADE 2 1@80 quote=80 fee=0 taker FILLED\n");
    bench_end(&b);
    (void)state;
}

/* -- faults and open questions ------------------------------------------------------------- */

/* BUY 1 at 100 or not at all, then target 110 and stop 90. */
static struct match_new_list bracket(void) {
    return (struct match_new_list){
        .kind = MATCH_OTOCO,
        .sym = BTC,
        .side = ORDER_BUY,
        .qty = qt("1"),
        .working = {.type = ORDER_LIMIT, .tif = TIF_FOK, .limit = px("100")},
        .pending_side = ORDER_SELL,
        .pending_qty = qt("1"),
        .above = {.type = ORDER_TAKE_PROFIT, .stop = px("110")},
        .below = {.type = ORDER_STOP_LOSS, .stop = px("90")}};
}

static void test_legs_are_refused_once(void **state) {
    struct bench b;
    start_at(&b, "100");
    struct match_new_list n = bracket();
    match_refuse_legs(b.m, 0);
    bench_place_list(&b, &n);
    assert_events(&b, "LIST 1\nNEW 1 BUY LIMIT\n"
                      "PENDING 2 SELL STOP_LOSS\nPENDING 3 SELL TAKE_PROFIT\n"
                      "TRADE 1 1@100 quote=100 fee=0 taker FILLED\n"
                      "EXPIRED 2 REJECTED\nEXPIRED 3 REJECTED\nLIST 1 done\n");
    bench_place_list(&b, &n);
    assert_string_equal(strstr(bench_events(&b), "ACTIVE"), "ACTIVE 5 qty=1\nACTIVE 6 qty=1\n");
    bench_end(&b);
    (void)state;
}

static void test_next_taker_finds_a_part(void **state) {
    struct bench b;
    start_at(&b, "100");
    match_thin_next(b.m, BTC, e8("0.3335"), false);
    bench_place(&b, limit_order(ORDER_BUY, TIF_GTC, "1", "90")); /* takes nothing */
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "1"));
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "1"));
    assert_events(&b, "NEW 1 BUY LIMIT\nNEW 2 BUY MARKET\n"
                      "TRADE 2 0.333@100 quote=33.3 fee=0 taker PARTIALLY_FILLED\n"
                      "EXPIRED 2 INSUFFICIENT_LIQUIDITY\n"
                      "NEW 3 BUY MARKET\nTRADE 3 1@100 quote=100 fee=0 taker FILLED\n");
    match_thin_next(b.m, BTC, e8("0.5"), false);
    bench_place(&b, limit_order(ORDER_BUY, TIF_IOC, "1", "101"));
    assert_events(&b, "NEW 4 BUY LIMIT\n"
                      "TRADE 4 0.5@100 quote=50 fee=0 taker PARTIALLY_FILLED\n"
                      "EXPIRED 4 UNFILLED_IOC_QUANTITY_EXPIRED\n");
    match_thin_next(b.m, BTC, e8("0.5"), false);
    bench_place(&b, limit_order(ORDER_BUY, TIF_FOK, "1", "101"));
    assert_events(&b, "NEW 5 BUY LIMIT\nEXPIRED 5 UNFILLED_FOK_ORDER_EXPIRED\n");
    bench_end(&b);
    (void)state;
}

static void test_next_taker_expires_by_the_price_range(void **state) {
    struct bench b;
    start_at(&b, "100");
    struct match_new_list n = bracket();
    match_thin_next(b.m, BTC, 0, true);
    bench_place_list(&b, &n);
    assert_events(&b, "LIST 1\nNEW 1 BUY LIMIT\n"
                      "PENDING 2 SELL STOP_LOSS\nPENDING 3 SELL TAKE_PROFIT\n"
                      "EXPIRED 1 EXECUTION_RULE_PRICE_RANGE_EXCEEDED\n"
                      "EXPIRED 2 OTO_PHASE_ONE_EXPIRED\nEXPIRED 3 OTO_PHASE_ONE_EXPIRED\n"
                      "LIST 1 done\n");
    match_thin_next(b.m, BTC, e8("0.25"), true);
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_SELL, "2"));
    assert_events(&b, "NEW 4 SELL MARKET\n"
                      "TRADE 4 0.5@100 quote=50 fee=0 taker PARTIALLY_FILLED\n"
                      "EXPIRED 4 EXECUTION_RULE_PRICE_RANGE_EXCEEDED\n");
    bench_end(&b);
    (void)state;
}

static void test_filters_bind_a_stop_that_fires(void **state) {
    struct bench b;
    start_at(&b, "100");
    for (int binds = 0; binds < 2; binds++) {
        match_rules_set(b.m, &(struct match_rules){.filters_bind_triggered = binds == 1});
        bench_place(&b, stop_order(ORDER_STOP_LOSS, ORDER_SELL, "121", "90"));
        bench_events(&b);
        show(&b, "90");
        assert_string_equal(bench_events(&b),
                            binds ? "ACTIVE 2 fired\nEXPIRED 2 REJECTED\n"
                                  : "ACTIVE 1 fired\n"
                                    "TRADE 1 121@90 quote=10890 fee=0 taker FILLED\n");
        show(&b, "100");
    }
    bench_end(&b);
    (void)state;
}

static void test_part_of_a_limit_maker_leg_may_keep_the_stop(void **state) {
    struct bench b;
    bench_start(&b);
    bench_last(&b, 1, "100");
    match_rules_set(b.m, &(struct match_rules){.partial_keeps_stop = true});
    struct match_new_list n = {.kind = MATCH_OCO,
                               .sym = BTC,
                               .side = ORDER_SELL,
                               .qty = qt("1"),
                               .above = {.type = ORDER_LIMIT_MAKER, .limit = px("110")},
                               .below = {.type = ORDER_STOP_LOSS, .stop = px("95")}};
    bench_place_list(&b, &n);
    bench_events(&b);
    struct match_level bid = {px("111"), qt("0.4")}, ask = {px("112"), qt("1")};
    match_book(
        b.m, 2,
        &(struct match_book){
            .sym = BTC, .at = 2, .bids = &bid, .asks = &ask, .bid_count = 1, .ask_count = 1});
    assert_events(&b, "TRADE 2 0.4@110 quote=44 fee=0 maker PARTIALLY_FILLED\n");
    assert_balance(&b, 0, "BTC", "9", "0.6");
    bench_last(&b, 3, "95");
    assert_events(&b, "ACTIVE 1 fired\nEXPIRED 2 OCO_TRIGGER\n"
                      "TRADE 1 0.6@95 quote=57 fee=0 taker FILLED\nLIST 1 done\n");
    assert_balance(&b, 0, "BTC", "9", "0");
    bench_end(&b);
    (void)state;
}

static void test_pending_legs_may_lock_when_placed(void **state) {
    struct bench b;
    bench_start(&b); /* 10 BTC */
    bench_last(&b, 1, "110");
    match_rules_set(b.m, &(struct match_rules){.locks_pending_funds = true});
    struct match_new_list n = bracket();
    n.working.tif = TIF_GTC;
    bench_place_list(&b, &n);
    bench_events(&b);
    assert_balance(&b, 0, "BTC", "9", "1");
    n.qty = n.pending_qty = qt("9.001");
    assert_list_refused(&b, &n, -2010, "Account has insufficient balance for requested action.");
    bench_last(&b, 2, "100");
    assert_string_equal(strstr(bench_events(&b), "ACTIVE"), "ACTIVE 2 qty=1\nACTIVE 3 qty=1\n");
    assert_balance(&b, 0, "BTC", "10", "1");
    assert_true(match_cancel_list(b.m, 3, &(struct match_ref){.sym = BTC, .id = 1}, &b.rej));
    bench_events(&b);
    assert_balance(&b, 0, "BTC", "11", "0");
    bench_end(&b);
    (void)state;
}

static void test_ended_lists_may_count_until_midnight(void **state) {
    struct bench b;
    start_at(&b, "100");
    b.v[BTC].max_lists = 2;
    match_rules_set(b.m, &(struct match_rules){.ended_lists_count = true});
    struct match_new_list n = bracket();
    n.working.limit = px("99"); /* not there: it ends at once */
    bench_place_list(&b, &n);
    bench_place_list(&b, &n);
    bench_events(&b);
    assert_list_refused(&b, &n, -2010, "Filter failure: MAX_NUM_ORDER_LISTS");
    match_advance(b.m, USEC_PER_DAY);
    bench_place_list(&b, &n);
    bench_events(&b);
    match_rules_set(b.m, &(struct match_rules){0});
    for (int i = 0; i < 3; i++) bench_place_list(&b, &n);
    bench_events(&b);
    bench_end(&b);
    (void)state;
}

/* -- state --------------------------------------------------------------------------------- */

#define BLOB_BYTES (1 << 18)

static void test_all_of_it_is_in_the_snapshot(void **state) {
    struct bench b;
    static char first[BLOB_BYTES], second[BLOB_BYTES];
    struct buf blob, copy;
    struct error err;
    start_with_means(&b);
    match_rules_set(b.m, &(struct match_rules){.ended_lists_count = true});
    bench_last(&b, 0, "100");
    bench_last(&b, MIN, "200");
    struct match_new n = trailing(ORDER_STOP_LOSS, ORDER_SELL, 1000, "0");
    n.extra.strategy_id = 7;
    n.extra.strategy_type = 1000001;
    struct match_ref ref = {.sym = BTC, .id = bench_place(&b, n)};
    struct match_new_list l = bracket();
    bench_place_list(&b, &l);
    bench_place(&b, iceberg("1", "0.5"));
    bench_events(&b);
    assert_true(match_amend(b.m, MIN, &ref, qt("0.5"), &b.rej));
    match_refuse_legs(b.m, 0);
    match_thin_next(b.m, BTC, e8("0.5"), true);
    buf_init_fixed(&blob, first, BLOB_BYTES);
    match_save(b.m, &blob);
    bench_open(&b);
    bench_spot(&b, "0");
    assert_ok(match_load(b.m, buf_str(&blob), &err), &err);
    buf_init_fixed(&copy, second, BLOB_BYTES);
    match_save(b.m, &copy);
    assert_true(str_eq(buf_str(&blob), buf_str(&copy)));
    const struct match_order *o = match_find(b.m, &ref);
    assert_non_null(o);
    assert_int_equal(o->extra.strategy_id, 7);
    assert_int_equal(o->extra.strategy_type, 1000001);
    assert_int_equal(o->amends, 1);
    assert_int_equal(price_e8(o->trailing), e8("180"));
    assert_int_equal(price_e8(reference(&b)), e8("150"));
    bench_events(&b);
    bench_place(&b, order_of_type(ORDER_MARKET, ORDER_BUY, "1"));
    assert_non_null(strstr(bench_events(&b), "EXECUTION_RULE_PRICE_RANGE_EXCEEDED"));
    bench_end(&b);
    (void)state;
}

static void test_snapshot_with_more_minutes_than_are_kept_is_refused(void **state) {
    struct bench b;
    static char block[BLOB_BYTES];
    struct buf blob;
    struct error err;
    start_with_means(&b);
    for (int i = 0; i < 3; i++) bench_last(&b, i * MIN, "100");
    buf_init_fixed(&blob, block, BLOB_BYTES);
    match_save(b.m, &blob);
    b.opt.mean_mins = 2;
    bench_open(&b);
    bench_spot(&b, "0");
    assert_fails(match_load(b.m, buf_str(&blob), &err), &err, ERR_STATE);
    bench_end(&b);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trailing_stop_loss_buy_starts_at_its_stop_price),
        cmocka_unit_test(test_trailing_stop_loss_sell_follows_the_highest),
        cmocka_unit_test(test_trailing_take_profit_buy_follows_the_lowest),
        cmocka_unit_test(test_trailing_take_profit_sell_fires_on_the_way_back),
        cmocka_unit_test(test_trailing_stop_without_stop_price_starts_at_once),
        cmocka_unit_test(test_trailing_stop_that_would_start_at_once_by_its_price_is_refused),
        cmocka_unit_test(test_trailing_leg_of_a_pair_expires_its_sibling),
        cmocka_unit_test(test_trailing_pending_leg_follows_from_its_activation),
        cmocka_unit_test(test_trailing_stop_within_a_candle),
        cmocka_unit_test(test_trailing_delta_filter),
        cmocka_unit_test(test_icebergs_are_counted_and_of_so_many_parts),
        cmocka_unit_test(test_symbol_says_which_orders_it_takes),
        cmocka_unit_test(test_position_counts_what_is_held_and_ordered),
        cmocka_unit_test(test_an_order_is_amended_so_many_times),
        cmocka_unit_test(test_an_order_may_take_the_client_id_of_the_one_it_replaces),
        cmocka_unit_test(test_an_amended_order_may_get_another_client_id),
        cmocka_unit_test(test_reference_price_is_the_mean_of_the_last_minutes),
        cmocka_unit_test(test_filters_measure_by_the_reference_price),
        cmocka_unit_test(test_taker_gets_nothing_beyond_the_price_range),
        cmocka_unit_test(test_symbol_that_does_not_trade_stands_still),
        cmocka_unit_test(test_legs_are_refused_once),
        cmocka_unit_test(test_next_taker_finds_a_part),
        cmocka_unit_test(test_next_taker_expires_by_the_price_range),
        cmocka_unit_test(test_filters_bind_a_stop_that_fires),
        cmocka_unit_test(test_part_of_a_limit_maker_leg_may_keep_the_stop),
        cmocka_unit_test(test_pending_legs_may_lock_when_placed),
        cmocka_unit_test(test_ended_lists_may_count_until_midnight),
        cmocka_unit_test(test_all_of_it_is_in_the_snapshot),
        cmocka_unit_test(test_snapshot_with_more_minutes_than_are_kept_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
