/* What a fault does at the simulated exchange: was the request carried out, and what did the client
 * get; and what befalls the exchange itself. Its state through a restart. */
#include "simkit.h"

#define BUY                                                                                        \
    "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.1&"          \
    "price=40000&newClientOrderId="

/* Is there such an order now? */
static bool is_there(struct simkit *k, const char *coid) {
    char ask[128];
    snprintf(ask, sizeof ask, "GET /api/v3/order symbol=BTCUSDT&origClientOrderId=%s", coid);
    return simkit_ask(k, ask) == 200;
}

struct kind {
    const char *fault;
    int status; /* 0: no matter */
    int code;   /* 0: HTML or nothing to read */
    sim_delivery delivery;
    bool done;
};

static const struct kind kinds[] = {
    {"close_before", 0, 0, SIM_CLOSE, false},
    {"close_after", 0, 0, SIM_CLOSE, true},
    {"reset_after", 0, 0, SIM_RESET, true},
    {"truncate", 200, 0, SIM_TRUNCATE, true},
    {"trickle", 200, 0, SIM_TRICKLE, true},
    {"silence", 0, 0, SIM_SILENCE, true},
    {"silence_before", 0, 0, SIM_SILENCE, false},
    {"html_502", 502, 0, SIM_WHOLE, false},
    {"html_502_done", 502, 0, SIM_WHOLE, true},
    {"html_503", 503, 0, SIM_WHOLE, false},
    {"html_504_done", 504, 0, SIM_WHOLE, true},
    {"html_403", 403, 0, SIM_WHOLE, false},
    {"timeout_done", 504, -1007, SIM_WHOLE, true},
    {"timeout_not", 504, -1007, SIM_WHOLE, false},
    {"bus_done", 500, -1006, SIM_WHOLE, true},
    {"bus_not", 500, -1006, SIM_WHOLE, false},
    {"unknown_done", 500, -1000, SIM_WHOLE, true},
    {"unknown_not", 500, -1000, SIM_WHOLE, false},
    {"internal", 500, -1001, SIM_WHOLE, false},
    {"overloaded", 503, -1008, SIM_WHOLE, false},
    {"clock_ahead", 400, -1021, SIM_WHOLE, false},
    {"clock_behind", 400, -1021, SIM_WHOLE, false},
    {"rate_429;amount=7", 429, -1003, SIM_WHOLE, false},
    {"orders_429;amount=3", 429, -1015, SIM_WHOLE, false},
};

static void test_each_kind_is_carried_out_or_not_and_told_as_it_says(void **state) {
    for (ptrdiff_t i = 0; i < COUNT_OF(kinds); i++) {
        const struct kind *x = &kinds[i];
        struct simkit k;
        simkit_open(&k);
        k.fault = x->fault;
        simkit_ask(&k, BUY "f");
        bool fits =
            k.last.delivery == x->delivery && (x->status == 0 || k.last.status == x->status) &&
            k.last.html == (strncmp(x->fault, "html", 4) == 0) &&
            (x->code == 0 || json_integer_value(json_object_get(k.json, "code")) == x->code);
        if (!fits) fail_msg("%s: %d %s", x->fault, k.last.status, buf_z(&k.body));
        if (is_there(&k, "f") != x->done) fail_msg("%s: done is wrong", x->fault);
        simkit_close(&k);
    }
    (void)state;
}

static void test_a_ban_holds_for_its_time(void **state) {
    struct simkit k;
    simkit_open(&k);
    k.fault = "ban_418;amount=5";
    assert_int_equal(simkit_ask(&k, BUY "f"), 418);
    assert_int_equal(k.last.retry_after_s, 5);
    assert_int_equal(simkit_get(&k, "/api/v3/ping", ""), 418);
    k.now += 5 * USEC_PER_S;
    assert_int_equal(simkit_get(&k, "/api/v3/ping", ""), 200);
    simkit_close(&k);
    (void)state;
}

static void test_an_order_may_appear_after_its_timeout(void **state) {
    struct simkit k;
    simkit_open(&k);
    k.fault = "timeout_done;delay_ms=2000";
    simkit_ask(&k, BUY "late");
    simkit_refused(&k, 504, -1007, "Timeout waiting for response from backend server.");
    k.now += 1999 * USEC_PER_MS;
    assert_false(is_there(&k, "late"));
    assert_int_equal(exchange_next(k.ex) <= k.now + USEC_PER_MS, true);
    k.now += USEC_PER_MS;
    assert_true(is_there(&k, "late"));
    assert_int_equal(simkit_int(&k, "time"), SIMKIT_START / USEC_PER_MS + 2000);
    simkit_close(&k);
    (void)state;
}

static void test_nothing_is_carried_out_beyond_the_fence(void **state) {
    struct simkit k;
    simkit_open(&k);
    k.recv_window = 1000;
    k.fault = "timeout_done;delay_ms=60000";
    simkit_ask(&k, BUY "late");
    k.now += 11 * USEC_PER_S;
    k.recv_window = 0;
    assert_true(is_there(&k, "late"));
    assert_int_equal(simkit_int(&k, "time"), SIMKIT_START / USEC_PER_MS + 11000);
    simkit_close(&k);
    (void)state;
}

static void test_a_late_arrival_meets_the_clock_twice_and_counts(void **state) {
    struct simkit k;
    simkit_open(&k);
    k.fault = "late_arrival;delay_ms=5001";
    simkit_ask(&k, BUY "late");
    simkit_refused(&k, 400, -1021, "Timestamp for this request is outside of the recvWindow.");
    simkit_ok(&k, "GET /api/v3/rateLimit/order ");
    assert_int_equal(json_integer_value(simkit_at(json_array_get(k.json, 0), "count")), 1);
    k.fault = "late_arrival;delay_ms=4000";
    simkit_ok(&k, BUY "intime");
    assert_int_equal(k.last.delay, 4000 * USEC_PER_MS);
    simkit_close(&k);
    (void)state;
}

static void test_lookups_lag_behind_the_engine(void **state) {
    struct simkit k;
    simkit_open(&k);
    k.fault = "lookup_lag;delay_ms=1500";
    simkit_ok(&k, BUY "lag");
    assert_false(is_there(&k, "lag"));
    simkit_ok(&k, "GET /api/v3/openOrders ");
    assert_int_equal(json_array_size(k.json), 0);
    simkit_ok(&k, "GET /api/v3/allOrders symbol=BTCUSDT");
    assert_int_equal(json_array_size(k.json), 0);
    simkit_ask(&k, BUY "lag");
    simkit_refused(&k, 400, -2010, "Duplicate order sent.");
    k.now += 1500 * USEC_PER_MS;
    assert_true(is_there(&k, "lag"));
    simkit_close(&k);
    (void)state;
}

static void test_a_book_may_hold_only_a_part(void **state) {
    struct simkit k;
    simkit_open(&k);
    k.fault = "partial;amount=0.4";
    simkit_ok(&k, "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.1");
    assert_string_equal(simkit_text(&k, "status"), "EXPIRED");
    assert_string_equal(simkit_text(&k, "executedQty"), "0.04000000");
    k.fault = "price_range";
    simkit_ok(&k, "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.1");
    assert_string_equal(simkit_text(&k, "expiryReason"), "EXECUTION_RULE_PRICE_RANGE_EXCEEDED");
    simkit_close(&k);
    (void)state;
}

static void test_a_leg_may_be_refused_on_activation(void **state) {
    struct simkit k;
    simkit_open(&k);
    k.fault = "leg_refused";
    simkit_ok(&k, "POST /api/v3/orderList/otoco symbol=BTCUSDT&workingType=LIMIT&workingSide=BUY&"
                  "workingTimeInForce=FOK&workingPrice=51000&workingQuantity=0.1&pendingSide=SELL&"
                  "pendingQuantity=0.1&pendingAboveType=TAKE_PROFIT&pendingAboveStopPrice=60000&"
                  "pendingBelowType=STOP_LOSS&pendingBelowStopPrice=40000&"
                  "pendingBelowClientOrderId=B");
    assert_true(is_there(&k, "B"));
    assert_string_equal(simkit_text(&k, "status"), "EXPIRED");
    assert_string_equal(simkit_text(&k, "expiryReason"), "REJECTED");
    simkit_close(&k);
    (void)state;
}

static void test_an_unknown_fault_is_refused_with_a_sentence(void **state) {
    struct simkit k;
    simkit_open(&k);
    k.fault = "no_such_thing";
    simkit_ask(&k, BUY "f");
    simkit_refused(&k, 400, -1130, "X-Sim-Fault: ");
    assert_false(is_there(&k, "f"));
    simkit_close(&k);
    (void)state;
}

/* -- the exchange itself -------------------------------------------------------------------- */

static void plan_open(struct simkit *k, const char *plan) {
    struct error err = {0};
    simkit_prepare(k);
    assert_ok(faults_parse(&k->boot, str_from_z(plan), 1, &k->opt.faults, &err), &err);
    simkit_begin(k);
}

static void test_filters_change_and_change_back(void **state) {
    struct simkit k;
    plan_open(&k, "{\"at\":[{\"after_s\":10,\"fault\":\"filter_change\",\"amount\":10,"
                  "\"delay_ms\":5000}]}");
    simkit_ok(&k, BUY "a");
    k.now += 10 * USEC_PER_S;
    simkit_ask(&k, "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&"
                   "quantity=0.1&price=40000.01");
    simkit_refused(&k, 400, -1013, "Filter failure: PRICE_FILTER");
    k.now += 5 * USEC_PER_S;
    simkit_ok(&k, "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&"
                  "quantity=0.1&price=40000.01");
    simkit_close(&k);
    (void)state;
}

static void test_the_clock_jumps_and_the_records_keep_their_times(void **state) {
    struct simkit k;
    plan_open(&k, "{\"at\":[{\"after_s\":10,\"fault\":\"clock_jump\",\"amount\":-30}]}");
    k.now += 9 * USEC_PER_S;
    simkit_ok(&k, BUY "a");
    k.now += USEC_PER_S;
    simkit_ask(&k, BUY "b");
    simkit_refused(&k, 400, -1021, "Timestamp for this request was 1000ms ahead");
    exchange_clock_set(k.ex, 0);
    assert_true(is_there(&k, "a"));
    assert_int_equal(simkit_int(&k, "time"), SIMKIT_START / USEC_PER_MS + 9000);
    simkit_close(&k);
    (void)state;
}

static void test_a_halted_symbol_takes_no_orders(void **state) {
    struct simkit k;
    plan_open(&k, "{\"at\":[{\"after_s\":10,\"fault\":\"symbol_halt\",\"symbol\":\"BTCUSDT\"}]}");
    k.now += 10 * USEC_PER_S;
    simkit_ask(&k, BUY "a");
    simkit_refused(&k, 400, -2010, "Market is closed.");
    simkit_ok(&k, "POST /api/v3/order symbol=ETHUSDT&side=BUY&type=MARKET&quantity=0.1");
    simkit_close(&k);
    (void)state;
}

static void test_the_reset_forgets_all_but_keys_and_prices(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.1&"
                  "newClientOrderId=a");
    simkit_ok(&k, BUY "b");
    exchange_reset(k.ex, k.now);
    assert_false(is_there(&k, "a"));
    assert_int_equal(exchange_trade_count(k.ex, 0), 0);
    struct match_balance usdt = match_balance_of(exchange_match(k.ex), 0, STR("USDT"));
    assert_int_equal(usdt.free_e8, 1000000 * E8);
    simkit_ok(&k, "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.1");
    assert_int_equal(simkit_int(&k, "orderId"), 1);
    assert_string_equal(simkit_text(&k, "status"), "FILLED");
    simkit_close(&k);
    (void)state;
}

/* -- state ---------------------------------------------------------------------------------- */

static void fill_up(struct simkit *k) {
    simkit_ok(k, "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.1&"
                 "newClientOrderId=m");
    simkit_ok(k, BUY "rest");
    simkit_ok(k, "POST /api/v3/orderList/oco symbol=BTCUSDT&side=SELL&quantity=1&"
                 "aboveType=LIMIT_MAKER&abovePrice=60000&belowType=STOP_LOSS&belowStopPrice=40000&"
                 "listClientOrderId=L");
    k->fault = "timeout_done;delay_ms=2000";
    simkit_ask(k, BUY "later");
}

static void test_a_restart_goes_on_where_it_was(void **state) {
    struct simkit k, again;
    struct buf blob;
    struct error err = {0};
    buf_init(&blob, 1 << 24);
    simkit_open(&k);
    fill_up(&k);
    exchange_save(k.ex, &blob);
    simkit_prepare(&again);
    again.opt.start = k.now;
    assert_ok(exchange_open(&again.boot, &again.opt, &again.ex, &err), &err);
    assert_ok(exchange_load(again.ex, buf_str(&blob), &err), &err);
    static const char *const asks[] = {
        "GET /api/v3/allOrders symbol=BTCUSDT", "GET /api/v3/myTrades symbol=BTCUSDT",
        "GET /api/v3/allOrderList ", "GET /api/v3/account ", "GET /api/v3/rateLimit/order "};
    for (ptrdiff_t i = 0; i < COUNT_OF(asks); i++) {
        simkit_ok(&k, asks[i]);
        simkit_ok(&again, asks[i]);
        assert_string_equal(buf_z(&k.body), buf_z(&again.body));
    }
    assert_true(is_there(&again, "m"));
    simkit_ok(&again, "GET /api/v3/openOrders ");
    assert_int_equal(json_array_size(again.json), 3);
    simkit_ok(&again, "GET /api/v3/orderList origClientOrderId=L");
    assert_true(exchange_trade_count(again.ex, 0) > 0);
    assert_int_equal(exchange_trade_count(again.ex, 0), exchange_trade_count(k.ex, 0));
    assert_false(is_there(&again, "later"));
    again.now += 2 * USEC_PER_S;
    assert_true(is_there(&again, "later"));
    assert_int_equal(simkit_int(&again, "orderId"), 5);
    buf_fini(&blob);
    simkit_close(&again);
    simkit_close(&k);
    (void)state;
}

static void test_a_damaged_state_is_refused(void **state) {
    struct simkit k;
    struct buf blob;
    struct error err = {0};
    buf_init(&blob, 1 << 24);
    simkit_open(&k);
    fill_up(&k);
    exchange_save(k.ex, &blob);
    for (ptrdiff_t i = 0; i < blob.len; i += 97) {
        blob.p[i] ^= 4;
        assert_fails(exchange_load(k.ex, buf_str(&blob), &err), &err, ERR_DAMAGED);
        assert_fails(exchange_load(k.ex, str_head(buf_str(&blob), i), &err), &err, ERR_DAMAGED);
        blob.p[i] ^= 4;
    }
    buf_fini(&blob);
    simkit_close(&k);
    (void)state;
}

static void test_a_state_of_other_accounts_is_refused(void **state) {
    struct simkit k, other;
    struct buf blob;
    struct error err = {0};
    buf_init(&blob, 1 << 24);
    simkit_open(&k);
    exchange_save(k.ex, &blob);
    simkit_prepare(&other);
    other.accounts[1].key = STR("someoneElse");
    assert_ok(exchange_open(&other.boot, &other.opt, &other.ex, &err), &err);
    assert_fails(exchange_load(other.ex, buf_str(&blob), &err), &err, ERR_STATE);
    buf_fini(&blob);
    simkit_close(&other);
    simkit_close(&k);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind_is_carried_out_or_not_and_told_as_it_says),
        cmocka_unit_test(test_a_ban_holds_for_its_time),
        cmocka_unit_test(test_an_order_may_appear_after_its_timeout),
        cmocka_unit_test(test_nothing_is_carried_out_beyond_the_fence),
        cmocka_unit_test(test_a_late_arrival_meets_the_clock_twice_and_counts),
        cmocka_unit_test(test_lookups_lag_behind_the_engine),
        cmocka_unit_test(test_a_book_may_hold_only_a_part),
        cmocka_unit_test(test_a_leg_may_be_refused_on_activation),
        cmocka_unit_test(test_an_unknown_fault_is_refused_with_a_sentence),
        cmocka_unit_test(test_filters_change_and_change_back),
        cmocka_unit_test(test_the_clock_jumps_and_the_records_keep_their_times),
        cmocka_unit_test(test_a_halted_symbol_takes_no_orders),
        cmocka_unit_test(test_the_reset_forgets_all_but_keys_and_prices),
        cmocka_unit_test(test_a_restart_goes_on_where_it_was),
        cmocka_unit_test(test_a_damaged_state_is_refused),
        cmocka_unit_test(test_a_state_of_other_accounts_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
