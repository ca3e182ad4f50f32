/* Order lists: what one order's fate does to the others, how legs are sized and locked, what is
 * refused, and how orders are cancelled, replaced, reduced and found. */
#include "match_bench.h"

static struct match_leg leg_of(order_type type, const char *stop, const char *limit) {
    struct match_leg l = {.type = type, .stop = px(stop), .limit = px(limit)};
    if (type == ORDER_STOP_LOSS_LIMIT || type == ORDER_TAKE_PROFIT_LIMIT) l.tif = TIF_GTC;
    return l;
}

/* SELL 1: target 110 above, stop 95 below. */
static struct match_new_list sell_oco(void) {
    return (struct match_new_list){.kind = MATCH_OCO,
                                   .sym = BTC,
                                   .side = ORDER_SELL,
                                   .qty = qt("1"),
                                   .above = leg_of(ORDER_TAKE_PROFIT, "110", "0"),
                                   .below = leg_of(ORDER_STOP_LOSS, "95", "0")};
}

/* BUY 1 at `limit` at once or not at all; then the sell_oco pair. */
static struct match_new_list bracket(match_list_kind kind, tif t, const char *limit) {
    struct match_new_list n = sell_oco();
    n.kind = kind;
    n.side = ORDER_BUY;
    n.working = leg_of(ORDER_LIMIT, "0", limit);
    n.working.tif = t;
    n.pending_side = ORDER_SELL;
    if (kind == MATCH_OTOCO) n.pending_qty = qt("1");
    return n;
}

static void test_oco_locks_once_and_its_target_expires_the_stop(void **state) {
    struct bench b;
    bench_start(&b);
    bench_last(&b, 1, "100");
    struct match_new_list n = sell_oco();
    bench_place_list(&b, &n);
    assert_events(&b, "LIST 1\nNEW 1 SELL STOP_LOSS\nNEW 2 SELL TAKE_PROFIT\n");
    assert_balance(&b, 0, "BTC", "9", "1");
    bench_last(&b, 2, "111");
    assert_events(&b, "ACTIVE 2 fired\nEXPIRED 1 OCO_TRIGGER\n"
                      "TRADE 2 1@111 quote=111 fee=0 taker FILLED\nLIST 1 done\n");
    assert_balance(&b, 0, "BTC", "9", "0");
    bench_end(&b);
    (void)state;
}

static void test_oco_stop_expires_the_target(void **state) {
    struct bench b;
    bench_start(&b);
    bench_last(&b, 1, "100");
    struct match_new_list n = sell_oco();
    bench_place_list(&b, &n);
    bench_events(&b);
    bench_last(&b, 2, "94");
    assert_events(&b, "ACTIVE 1 fired\nEXPIRED 2 OCO_TRIGGER\n"
                      "TRADE 1 1@94 quote=94 fee=0 taker FILLED\nLIST 1 done\n");
    bench_end(&b);
    (void)state;
}

static void test_buy_oco_locks_the_larger_need(void **state) {
    struct bench b;
    bench_start(&b);
    bench_last(&b, 1, "100");
    struct match_new_list n = sell_oco();
    n.side = ORDER_BUY;
    n.above = leg_of(ORDER_STOP_LOSS, "110", "0");
    n.below = leg_of(ORDER_LIMIT_MAKER, "0", "90");
    bench_place_list(&b, &n);
    assert_balance(&b, 0, "USDT", "9890", "110");
    bench_events(&b);
    bench_last(&b, 2, "90");
    assert_events(&b, "TRADE 2 1@90 quote=90 fee=0 maker FILLED\nEXPIRED 1 OCO_TRIGGER\n"
                      "LIST 1 done\n");
    assert_balance(&b, 0, "USDT", "9910", "0");
    bench_end(&b);
    (void)state;
}

static void test_part_of_a_limit_maker_leg_removes_the_stop(void **state) {
    struct bench b;
    bench_start(&b);
    bench_last(&b, 1, "100");
    struct match_new_list n = sell_oco();
    n.above = leg_of(ORDER_LIMIT_MAKER, "0", "110");
    bench_place_list(&b, &n);
    bench_events(&b);
    struct match_level bid = {px("111"), qt("0.4")}, ask = {px("112"), qt("1")};
    struct match_book book = {
        .sym = BTC, .at = 2, .bids = &bid, .asks = &ask, .bid_count = 1, .ask_count = 1};
    match_book(b.m, 2, &book);
    assert_events(&b, "TRADE 2 0.4@110 quote=44 fee=0 maker PARTIALLY_FILLED\n"
                      "EXPIRED 1 OCO_TRIGGER\n");
    assert_balance(&b, 0, "BTC", "9", "0.6");
    bench_end(&b);
    (void)state;
}

static void test_otoco_legs_wait_for_the_whole_entry(void **state) {
    struct bench b;
    bench_start(&b);
    bench_last(&b, 1, "100");
    struct match_new_list n = bracket(MATCH_OTOCO, TIF_FOK, "101");
    bench_place_list(&b, &n);
    assert_events(&b, "LIST 1\nNEW 1 BUY LIMIT\n"
                      "PENDING 2 SELL STOP_LOSS\nPENDING 3 SELL TAKE_PROFIT\n"
                      "TRADE 1 1@100 quote=100 fee=0 taker FILLED\n"
                      "ACTIVE 2 qty=1\nACTIVE 3 qty=1\n");
    assert_balance(&b, 0, "BTC", "10", "1");
    bench_end(&b);
    (void)state;
}

static void test_entry_that_does_not_fill_expires_its_legs(void **state) {
    struct bench b;
    bench_start(&b);
    bench_last(&b, 1, "100");
    struct match_new_list n = bracket(MATCH_OTOCO, TIF_FOK, "99");
    bench_place_list(&b, &n);
    assert_events(&b, "LIST 1\nNEW 1 BUY LIMIT\n"
                      "PENDING 2 SELL STOP_LOSS\nPENDING 3 SELL TAKE_PROFIT\n"
                      "EXPIRED 1 UNFILLED_FOK_ORDER_EXPIRED\n"
                      "EXPIRED 2 OTO_PHASE_ONE_EXPIRED\nEXPIRED 3 OTO_PHASE_ONE_EXPIRED\n"
                      "LIST 1 done\n");
    assert_balance(&b, 0, "USDT", "10000", "0");
    bench_end(&b);
    (void)state;
}

static void test_part_filled_ioc_entry_leaves_a_bare_position(void **state) {
    struct bench b;
    bench_start(&b);
    struct match_level bid = {px("99"), qt("1")}, ask = {px("100"), qt("0.4")};
    struct match_book book = {
        .sym = BTC, .at = 1, .bids = &bid, .asks = &ask, .bid_count = 1, .ask_count = 1};
    match_book(b.m, 1, &book);
    struct match_new_list n = bracket(MATCH_OTOCO, TIF_IOC, "101");
    bench_place_list(&b, &n);
    assert_events(&b, "LIST 1\nNEW 1 BUY LIMIT\n"
                      "PENDING 2 SELL STOP_LOSS\nPENDING 3 SELL TAKE_PROFIT\n"
                      "TRADE 1 0.4@100 quote=40 fee=0 taker PARTIALLY_FILLED\n"
                      "EXPIRED 1 UNFILLED_IOC_QUANTITY_EXPIRED\n"
                      "EXPIRED 2 OTO_PHASE_ONE_EXPIRED\nEXPIRED 3 OTO_PHASE_ONE_EXPIRED\n"
                      "LIST 1 done\n");
    bench_end(&b);
    (void)state;
}

static void test_opoco_sells_what_came_in_after_commission(void **state) {
    struct bench b;
    bench_init(&b);
    bench_open(&b);
    bench_spot(&b, "0.001");
    bench_give(&b, 0, "USDT", "10000");
    bench_last(&b, 1, "100");
    struct match_new_list n = bracket(MATCH_OPOCO, TIF_FOK, "101");
    n.qty = qt("1.5");
    bench_place_list(&b, &n);
    /* 1.5 - 0.0015 = 1.4985, down to the step of 0.001 */
    assert_events(&b, "LIST 1\nNEW 1 BUY LIMIT\n"
                      "PENDING 2 SELL STOP_LOSS\nPENDING 3 SELL TAKE_PROFIT\n"
                      "TRADE 1 1.5@100 quote=150 fee=0.0015 BTC taker FILLED\n"
                      "ACTIVE 2 qty=1.498\nACTIVE 3 qty=1.498\n");
    assert_balance(&b, 0, "BTC", "0.0005", "1.498");
    bench_end(&b);
    (void)state;
}

static void test_otoco_legs_larger_than_what_came_in_are_rejected_together(void **state) {
    struct bench b;
    bench_init(&b);
    bench_open(&b);
    bench_spot(&b, "0.001");
    bench_give(&b, 0, "USDT", "10000");
    bench_last(&b, 1, "100");
    struct match_new_list n = bracket(MATCH_OTOCO, TIF_FOK, "101");
    bench_place_list(&b, &n);
    assert_events(&b, "LIST 1\nNEW 1 BUY LIMIT\n"
                      "PENDING 2 SELL STOP_LOSS\nPENDING 3 SELL TAKE_PROFIT\n"
                      "TRADE 1 1@100 quote=100 fee=0.001 BTC taker FILLED\n"
                      "EXPIRED 2 REJECTED\nEXPIRED 3 REJECTED\nLIST 1 done\n");
    bench_end(&b);
    (void)state;
}

static void test_leg_that_would_fire_at_once_is_rejected_with_its_sibling(void **state) {
    struct bench b;
    bench_start(&b);
    bench_last(&b, 1, "100");
    struct match_new_list n = bracket(MATCH_OPOCO, TIF_GTC, "94");
    bench_place_list(&b, &n);
    bench_events(&b);
    bench_last(&b, 2, "93");
    assert_events(&b, "TRADE 1 1@94 quote=94 fee=0 maker FILLED\n"
                      "EXPIRED 2 REJECTED\nEXPIRED 3 REJECTED\nLIST 1 done\n");
    bench_end(&b);
    (void)state;
}

static void test_short_bracket_buys_back(void **state) {
    struct bench b;
    bench_init(&b);
    bench_open(&b);
    bench_margin(&b, 1, "0.001");
    bench_give(&b, 0, "USDT", "1000");
    bench_last(&b, 1, "100");
    struct match_new_list n = {.kind = MATCH_OTOCO,
                               .sym = BTC,
                               .side = ORDER_SELL,
                               .qty = qt("5"),
                               .working = leg_of(ORDER_LIMIT, "0", "99"),
                               .pending_side = ORDER_BUY,
                               .pending_qty = qt("5"),
                               .above = leg_of(ORDER_STOP_LOSS, "105", "0"),
                               .below = leg_of(ORDER_TAKE_PROFIT, "90", "0")};
    n.working.tif = TIF_FOK;
    bench_place_list(&b, &n);
    assert_events(&b, "LIST 1\nNEW 1 SELL LIMIT\n"
                      "PENDING 2 BUY STOP_LOSS\nPENDING 3 BUY TAKE_PROFIT\n"
                      "TRADE 1 5@100 quote=500 fee=0.5 USDT taker FILLED\n"
                      "ACTIVE 2 qty=5\nACTIVE 3 qty=5\n");
    assert_balance(&b, 0, "BTC", "-5", "0");
    assert_balance(&b, 0, "USDT", "974.5", "525");
    bench_last(&b, 2, "89");
    assert_events(&b, "ACTIVE 3 fired\nEXPIRED 2 OCO_TRIGGER\n"
                      "TRADE 3 5@89 quote=445 fee=0.445 USDT taker FILLED\nLIST 1 done\n");
    assert_balance(&b, 0, "USDT", "1054.055", "0");
    bench_end(&b);
    (void)state;
}

static void test_pair_counts_once_against_leverage(void **state) {
    struct bench b;
    bench_init(&b);
    bench_open(&b);
    bench_margin(&b, 1, "0");
    bench_give(&b, 0, "USDT", "1000");
    bench_last(&b, 1, "100");
    struct match_new_list n = sell_oco();
    n.qty = qt("6");
    bench_place_list(&b, &n);
    bench_place(&b, limit_order(ORDER_SELL, TIF_GTC, "3", "101"));
    bench_events(&b);
    assert_refused(&b, limit_order(ORDER_SELL, TIF_GTC, "1", "101"), -2019,
                   "Margin is insufficient.");
    bench_end(&b);
    (void)state;
}

static void test_oto_and_opo_have_one_leg(void **state) {
    struct bench b;
    bench_start(&b);
    bench_last(&b, 1, "100");
    struct match_new_list n = bracket(MATCH_OTO, TIF_FOK, "100");
    n.pending = leg_of(ORDER_MARKET, "0", "0");
    n.pending_qty = qt("0.5");
    bench_place_list(&b, &n);
    assert_events(&b, "LIST 1\nNEW 1 BUY LIMIT\nPENDING 2 SELL MARKET\n"
                      "TRADE 1 1@100 quote=100 fee=0 taker FILLED\nACTIVE 2 qty=0.5\n"
                      "TRADE 2 0.5@100 quote=50 fee=0 taker FILLED\nLIST 1 done\n");
    n = bracket(MATCH_OPO, TIF_FOK, "100");
    n.pending = leg_of(ORDER_LIMIT_MAKER, "0", "120");
    bench_place_list(&b, &n);
    assert_events(&b, "LIST 2\nNEW 3 BUY LIMIT\nPENDING 4 SELL LIMIT_MAKER\n"
                      "TRADE 3 1@100 quote=100 fee=0 taker FILLED\nACTIVE 4 qty=1\n");
    bench_end(&b);
    (void)state;
}

static void test_cancel_of_one_takes_the_list(void **state) {
    struct bench b;
    bench_start(&b);
    bench_last(&b, 1, "100");
    struct match_new_list n = sell_oco();
    bench_place_list(&b, &n);
    n = bracket(MATCH_OTOCO, TIF_GTC, "90");
    bench_place_list(&b, &n);
    bench_events(&b);
    assert_true(match_cancel(b.m, 2, &(struct match_ref){.sym = BTC, .id = 2}, &b.rej));
    assert_events(&b, "CANCELED 2\nCANCELED 1\nLIST 1 done\n");
    assert_true(match_cancel(b.m, 2, &(struct match_ref){.sym = BTC, .id = 5}, &b.rej));
    assert_events(&b, "CANCELED 5\nCANCELED 3\nEXPIRED 4 OTO_PHASE_ONE_EXPIRED\nLIST 2 done\n");
    bool again = match_cancel(b.m, 2, &(struct match_ref){.sym = BTC, .id = 4}, &b.rej);
    check_rejected(again, &b.rej, -2011, "Unknown order sent.", __FILE__, __LINE__);
    assert_balance(&b, 0, "BTC", "10", "0");
    assert_balance(&b, 0, "USDT", "10000", "0");
    bench_end(&b);
    (void)state;
}

static void test_list_is_cancelled_by_its_client_id_once(void **state) {
    struct bench b;
    bench_start(&b);
    bench_last(&b, 1, "100");
    struct match_new_list n = sell_oco();
    n.coid = STR("list-1");
    bench_place_list(&b, &n);
    bench_events(&b);
    assert_list_refused(&b, &n, -2010, "Duplicate order sent.");
    struct match_ref ref = {.sym = BTC, .coid = STR("list-1")};
    assert_true(match_cancel_list(b.m, 2, &ref, &b.rej));
    assert_events(&b, "CANCELED 1\nCANCELED 2\nLIST 1 done\n");
    bool again = match_cancel_list(b.m, 2, &ref, &b.rej);
    check_rejected(again, &b.rej, -2011, "Unknown order sent.", __FILE__, __LINE__);
    const struct match_list *l = match_find_list(b.m, &ref);
    assert_non_null(l);
    assert_true(l->done);
    assert_int_equal(l->order_count, 2);
    bench_end(&b);
    (void)state;
}

static void test_lists_are_refused_in_the_exchanges_words(void **state) {
    struct bench b;
    bench_start(&b);
    bench_last(&b, 1, "100");
    struct match_new_list n = sell_oco();
    n.below.stop = px("101");
    assert_list_refused(&b, &n, -2010,
                        "The relationship of the prices for the orders is not correct.");
    n = sell_oco();
    n.below = leg_of(ORDER_LIMIT_MAKER, "0", "95");
    assert_list_refused(&b, &n, -1166, "A limit order in a sell OCO must be above.");
    n.above = leg_of(ORDER_LIMIT_MAKER, "0", "110");
    assert_list_refused(&b, &n, -1168, "At least one OCO order must be contingent.");
    n = sell_oco();
    n.above.type = ORDER_STOP_LOSS;
    assert_list_refused(&b, &n, -1197, "A stop loss order in a sell OCO must be below.");
    n = sell_oco();
    n.below.type = ORDER_TAKE_PROFIT;
    assert_list_refused(&b, &n, -1199, "A take profit order in a sell OCO must be above.");
    n = sell_oco();
    n.above = leg_of(ORDER_LIMIT, "0", "110");
    assert_list_refused(&b, &n, -1158, "Order type not supported in OCO.");
    n = sell_oco();
    n.side = ORDER_BUY;
    assert_list_refused(&b, &n, -1196, "A stop loss order in a buy OCO must be above.");
    n = bracket(MATCH_OPOCO, TIF_FOK, "100");
    n.pending_side = ORDER_BUY;
    assert_list_refused(&b, &n, -1223, "The pending orders of an OPO must be SELL.");
    n = bracket(MATCH_OTOCO, TIF_NONE, "100");
    n.working = leg_of(ORDER_MARKET, "0", "0");
    assert_list_refused(&b, &n, -1159, "Order type not supported as the working order.");
    n = bracket(MATCH_OTOCO, TIF_FOK, "100");
    n.below.stop = px("1.5");
    assert_list_refused(&b, &n, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE");
    b.v[BTC].opo = false;
    n = bracket(MATCH_OPOCO, TIF_FOK, "100");
    assert_list_refused(&b, &n, -2010, "OPO orders are not supported for this symbol.");
    b.v[BTC].oto = false;
    n = bracket(MATCH_OTOCO, TIF_FOK, "100");
    assert_list_refused(&b, &n, -2010, "OTO orders are not supported for this symbol.");
    b.v[BTC].oco = false;
    n = sell_oco();
    assert_list_refused(&b, &n, -2010, "OCO orders are not supported for this symbol");
    bench_end(&b);
    (void)state;
}

static void test_client_id_is_unique_among_live_orders_only(void **state) {
    struct bench b;
    bench_start(&b);
    bench_last(&b, 1, "100");
    struct match_new n = limit_order(ORDER_BUY, TIF_GTC, "1", "90");
    n.coid = STR("mine");
    bench_place(&b, n);
    bench_events(&b);
    assert_refused(&b, n, -2010, "Duplicate order sent.");
    struct match_ref ref = {.sym = BTC, .coid = STR("mine")};
    assert_true(match_cancel(b.m, 2, &ref, &b.rej));
    int64_t second = bench_place(&b, n);
    const struct match_order *o = match_find(b.m, &ref);
    assert_non_null(o);
    assert_int_equal(o->id, second); /* the newest on reuse */
    ref.account = 1;
    bench_spot(&b, "0");
    assert_null(match_find(b.m, &ref));
    struct match_new_list l = sell_oco();
    l.above.coid = l.below.coid = STR("twice");
    bench_events(&b);
    assert_list_refused(&b, &l, -2010, "Duplicate order sent.");
    bench_end(&b);
    (void)state;
}

static void test_replace_cancels_only_for_an_order_that_may_stand(void **state) {
    struct bench b;
    bench_start(&b);
    bench_last(&b, 1, "100");
    int64_t id = bench_place(&b, limit_order(ORDER_SELL, TIF_GTC, "8", "110"));
    bench_events(&b);
    struct match_replaced done;
    struct match_replace r = {.cancel = {.sym = BTC, .id = id},
                              .order = limit_order(ORDER_SELL, TIF_GTC, "8", "111.001")};
    assert_false(match_replace(b.m, 2, &r, &done));
    assert_int_equal(done.cancel, MATCH_NOT_ATTEMPTED);
    assert_string_equal(done.place_rej.text, "Filter failure: PRICE_FILTER");
    r.order.limit = px("111");
    assert_true(match_replace(b.m, 2, &r, &done)); /* paid with what the cancel set free */
    assert_events(&b, "CANCELED 1\nNEW 2 SELL LIMIT\n");
    assert_false(match_replace(b.m, 3, &r, &done)); /* the first is gone: stop on failure */
    assert_int_equal(done.cancel, MATCH_FAILURE);
    assert_int_equal(done.place, MATCH_NOT_ATTEMPTED);
    r.allow_failure = true;
    r.order.qty = qt("1");
    assert_false(match_replace(b.m, 3, &r, &done));
    assert_int_equal(done.place, MATCH_SUCCESS);
    assert_events(&b, "NEW 3 SELL LIMIT\n");
    bench_end(&b);
    (void)state;
}

static void test_amend_reduces_and_keeps_the_place(void **state) {
    struct bench b;
    bench_start(&b);
    bench_last(&b, 1, "100");
    struct match_ref ref = {.sym = BTC,
                            .id = bench_place(&b, limit_order(ORDER_SELL, TIF_GTC, "2", "110"))};
    bench_place(&b, limit_order(ORDER_SELL, TIF_GTC, "1", "110"));
    bench_events(&b);
    bool done = match_amend(b.m, 2, &ref, qt("2.001"), &b.rej);
    check_rejected(done, &b.rej, -2038, "Order amend (quantity increase) is not supported.",
                   __FILE__, __LINE__);
    done = match_amend(b.m, 2, &ref, qt("2"), &b.rej);
    check_rejected(done, &b.rej, -2038, "The requested action would change no state; rejecting",
                   __FILE__, __LINE__);
    assert_true(match_amend(b.m, 2, &ref, qt("0.5"), &b.rej));
    assert_balance(&b, 0, "BTC", "8.5", "1.5");
    bench_last(&b, 3, "110");
    assert_events(&b, "AMENDED 1 qty=0.5\nTRADE 1 0.5@110 quote=55 fee=0 maker FILLED\n"
                      "TRADE 2 1@110 quote=110 fee=0 maker FILLED\n");
    bench_end(&b);
    (void)state;
}

static void test_cancel_all_and_open_orders_know_their_account_and_symbol(void **state) {
    struct bench b;
    bench_start(&b);
    bench_spot(&b, "0");
    bench_give(&b, 1, "USDT", "1000");
    bench_last(&b, 1, "100");
    struct match_new n = limit_order(ORDER_BUY, TIF_GTC, "1", "90");
    bench_place(&b, n);
    struct match_new_list l = sell_oco();
    bench_place_list(&b, &l);
    n.account = 1;
    bench_place(&b, n);
    struct match_new doge = {
        .sym = DOGE, .type = ORDER_LIMIT, .tif = TIF_GTC, .qty = qt("100"), .limit = px("0.3")};
    bench_place(&b, doge);
    bench_events(&b);
    const struct match_order *o = NULL;
    int64_t ids[8] = {0};
    int count = 0;
    while ((o = match_next_open(b.m, 0, SYM_NONE, o)) != NULL) ids[count++] = o->id;
    assert_int_equal(count, 4);
    assert_int_equal(ids[3], 5); /* DOGE comes after BTC */
    assert_int_equal(match_cancel_all(b.m, 2, 0, BTC), 3);
    assert_events(&b, "CANCELED 1\nCANCELED 2\nCANCELED 3\nLIST 1 done\n");
    o = match_next_open(b.m, 1, BTC, NULL);
    assert_non_null(o);
    assert_int_equal(o->id, 4);
    assert_null(match_next_open(b.m, 1, BTC, o));
    bench_end(&b);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oco_locks_once_and_its_target_expires_the_stop),
        cmocka_unit_test(test_oco_stop_expires_the_target),
        cmocka_unit_test(test_buy_oco_locks_the_larger_need),
        cmocka_unit_test(test_part_of_a_limit_maker_leg_removes_the_stop),
        cmocka_unit_test(test_otoco_legs_wait_for_the_whole_entry),
        cmocka_unit_test(test_entry_that_does_not_fill_expires_its_legs),
        cmocka_unit_test(test_part_filled_ioc_entry_leaves_a_bare_position),
        cmocka_unit_test(test_opoco_sells_what_came_in_after_commission),
        cmocka_unit_test(test_otoco_legs_larger_than_what_came_in_are_rejected_together),
        cmocka_unit_test(test_leg_that_would_fire_at_once_is_rejected_with_its_sibling),
        cmocka_unit_test(test_short_bracket_buys_back),
        cmocka_unit_test(test_pair_counts_once_against_leverage),
        cmocka_unit_test(test_oto_and_opo_have_one_leg),
        cmocka_unit_test(test_cancel_of_one_takes_the_list),
        cmocka_unit_test(test_list_is_cancelled_by_its_client_id_once),
        cmocka_unit_test(test_lists_are_refused_in_the_exchanges_words),
        cmocka_unit_test(test_client_id_is_unique_among_live_orders_only),
        cmocka_unit_test(test_replace_cancels_only_for_an_order_that_may_stand),
        cmocka_unit_test(test_amend_reduces_and_keeps_the_place),
        cmocka_unit_test(test_cancel_all_and_open_orders_know_their_account_and_symbol),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
