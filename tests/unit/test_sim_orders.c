/* Single orders at the simulated exchange, as requests and answers: placed, looked up, cancelled,
 * replaced, reduced, in the shapes and with the refusals of the real one. */
#include "simkit.h"

#define LIMIT_BUY                                                                                  \
    "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.1&price="
#define MARKET "POST /api/v3/order symbol=BTCUSDT&type=MARKET&side="

static void test_a_limit_order_is_placed_found_and_cancelled(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, LIMIT_BUY "40000&newClientOrderId=one");
    assert_string_equal(simkit_text(&k, "status"), "NEW");
    assert_string_equal(simkit_text(&k, "price"), "40000.00000000");
    assert_string_equal(simkit_text(&k, "clientOrderId"), "one");
    assert_int_equal(json_array_size(simkit_at(k.json, "fills")), 0);
    assert_int_equal(k.last.orders_10s, 1);
    simkit_ok(&k, "GET /api/v3/order symbol=BTCUSDT&origClientOrderId=one");
    assert_string_equal(simkit_text(&k, "status"), "NEW");
    assert_string_equal(simkit_text(&k, "origQty"), "0.10000000");
    assert_true(json_is_true(simkit_at(k.json, "isWorking")));
    simkit_ok(&k, "DELETE /api/v3/order symbol=BTCUSDT&origClientOrderId=one&newClientOrderId=bye");
    assert_string_equal(simkit_text(&k, "status"), "CANCELED");
    assert_string_equal(simkit_text(&k, "origClientOrderId"), "one");
    assert_string_equal(simkit_text(&k, "clientOrderId"), "bye");
    simkit_ok(&k, "GET /api/v3/order symbol=BTCUSDT&orderId=1");
    assert_string_equal(simkit_text(&k, "status"), "CANCELED");
    simkit_ask(&k, "DELETE /api/v3/order symbol=BTCUSDT&origClientOrderId=one");
    simkit_refused(&k, 400, -2011, "Unknown order sent.");
    simkit_close(&k);
    (void)state;
}

/* The answers to one order in each form, member by member. */
static void test_answers_have_the_members_of_their_form(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, MARKET "BUY&quantity=0.01&newOrderRespType=ACK&newClientOrderId=m1");
    assert_string_equal(buf_z(&k.body), "{\"symbol\":\"BTCUSDT\",\"orderId\":1,\"orderListId\":-1,"
                                        "\"clientOrderId\":\"m1\",\"transactTime\":1800000000000}");
    simkit_ok(&k, LIMIT_BUY "40000&newOrderRespType=RESULT&newClientOrderId=l1");
    assert_string_equal(
        buf_z(&k.body),
        "{\"symbol\":\"BTCUSDT\",\"orderId\":2,\"orderListId\":-1,\"clientOrderId\":\"l1\","
        "\"transactTime\":1800000000000,\"price\":\"40000.00000000\",\"origQty\":\"0.10000000\","
        "\"executedQty\":\"0.00000000\",\"origQuoteOrderQty\":\"0.00000000\","
        "\"cummulativeQuoteQty\":\"0.00000000\",\"status\":\"NEW\",\"timeInForce\":\"GTC\","
        "\"type\":\"LIMIT\",\"side\":\"BUY\",\"workingTime\":1800000000000,"
        "\"selfTradePreventionMode\":\"EXPIRE_MAKER\"}");
    simkit_ok(&k, "GET /api/v3/order symbol=BTCUSDT&orderId=2");
    assert_string_equal(
        buf_z(&k.body),
        "{\"symbol\":\"BTCUSDT\",\"orderId\":2,\"orderListId\":-1,\"clientOrderId\":\"l1\","
        "\"price\":\"40000.00000000\",\"origQty\":\"0.10000000\",\"executedQty\":\"0.00000000\","
        "\"origQuoteOrderQty\":\"0.00000000\",\"cummulativeQuoteQty\":\"0.00000000\","
        "\"status\":\"NEW\",\"timeInForce\":\"GTC\",\"type\":\"LIMIT\",\"side\":\"BUY\","
        "\"stopPrice\":\"0.00000000\",\"icebergQty\":\"0.00000000\",\"time\":1800000000000,"
        "\"updateTime\":1800000000000,\"isWorking\":true,\"workingTime\":1800000000000,"
        "\"selfTradePreventionMode\":\"EXPIRE_MAKER\"}");
    simkit_close(&k);
    (void)state;
}

static void test_the_form_follows_from_the_type(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, MARKET "BUY&quantity=0.01");
    assert_true(json_array_size(simkit_at(k.json, "fills")) > 0);
    simkit_ok(&k, "POST /api/v3/order symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=0.01&"
                  "stopPrice=40000");
    assert_null(json_object_get(k.json, "status"));
    simkit_ok(&k, "GET /api/v3/order symbol=BTCUSDT&orderId=2");
    assert_true(json_is_false(simkit_at(k.json, "isWorking")));
    assert_int_equal(simkit_int(&k, "workingTime"), -1);
    assert_string_equal(simkit_text(&k, "stopPrice"), "40000.00000000");
    simkit_close(&k);
    (void)state;
}

static double amount(const json_t *o, const char *key) {
    double v = -1;
    assert_int_equal(sscanf(json_string_value(simkit_at(o, key)), "%lf", &v), 1);
    return v;
}

static void test_fills_add_up_and_are_found_as_trades(void **state) {
    struct simkit k;
    simkit_prepare(&k);
    k.opt.fee_e8 = E8 / 1000;
    simkit_begin(&k);
    simkit_ok(&k, MARKET "BUY&quantity=0.5&newClientOrderId=m1");
    assert_string_equal(simkit_text(&k, "status"), "FILLED");
    double bought = 0, quote = 0, fee = 0;
    const json_t *fill;
    size_t i;
    json_array_foreach(simkit_at(k.json, "fills"), i, fill) {
        bought += amount(fill, "qty");
        quote += amount(fill, "qty") * amount(fill, "price");
        fee += amount(fill, "commission");
        assert_string_equal(json_string_value(simkit_at(fill, "commissionAsset")), "BTC");
    }
    assert_true(bought > 0.4999999 && bought < 0.5000001);
    double told = amount(k.json, "cummulativeQuoteQty");
    assert_true(told > quote - 0.0001 && told < quote + 0.0001);
    assert_true(fee > 0.000499 && fee < 0.000501);
    size_t fills = i;
    simkit_ok(&k, "GET /api/v3/myTrades symbol=BTCUSDT");
    assert_int_equal(json_array_size(k.json), fills);
    assert_int_equal(exchange_trade_count(k.ex, 0), fills);
    const json_t *t = json_array_get(k.json, 0);
    assert_true(json_is_true(simkit_at(t, "isBuyer")));
    assert_true(json_is_false(simkit_at(t, "isMaker")));
    simkit_ok(&k, "GET /api/v3/myTrades symbol=ETHUSDT");
    assert_int_equal(json_array_size(k.json), 0);
    simkit_close(&k);
    (void)state;
}

static void test_accounts_do_not_see_each_other(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, LIMIT_BUY "40000&newClientOrderId=mine");
    k.account = 1;
    simkit_ask(&k, "GET /api/v3/order symbol=BTCUSDT&orderId=1");
    simkit_refused(&k, 400, -2013, "Order does not exist.");
    simkit_ask(&k, "GET /api/v3/order symbol=BTCUSDT&origClientOrderId=mine");
    simkit_refused(&k, 400, -2013, "Order does not exist.");
    simkit_ask(&k, "DELETE /api/v3/order symbol=BTCUSDT&orderId=1");
    simkit_refused(&k, 400, -2011, "Unknown order sent.");
    simkit_ok(&k, "GET /api/v3/openOrders ");
    assert_int_equal(json_array_size(k.json), 0);
    simkit_ok(&k, LIMIT_BUY "40000&newClientOrderId=mine");
    simkit_close(&k);
    (void)state;
}

static void test_an_id_may_be_used_again_when_its_order_is_over(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, LIMIT_BUY "40000&newClientOrderId=same");
    simkit_ask(&k, LIMIT_BUY "40000&newClientOrderId=same");
    simkit_refused(&k, 400, -2010, "Duplicate order sent.");
    simkit_ok(&k, "DELETE /api/v3/order symbol=BTCUSDT&origClientOrderId=same");
    simkit_ok(&k, LIMIT_BUY "40001&newClientOrderId=same");
    simkit_ok(&k, "GET /api/v3/order symbol=BTCUSDT&origClientOrderId=same");
    assert_int_equal(simkit_int(&k, "orderId"), 2);
    simkit_ask(&k, "GET /api/v3/order symbol=BTCUSDT&orderId=1&origClientOrderId=other");
    simkit_refused(&k, 400, -2039, "Client order ID is not correct for this order ID.");
    assert_int_equal(exchange_order_count(k.ex, 0), 2);
    simkit_close(&k);
    (void)state;
}

static void test_restrictions_keep_an_order(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, LIMIT_BUY "40000");
    simkit_ask(&k, "DELETE /api/v3/order symbol=BTCUSDT&orderId=1&"
                   "cancelRestrictions=ONLY_PARTIALLY_FILLED");
    simkit_refused(&k, 400, -2011, "Order was not canceled due to cancel restrictions.");
    simkit_ok(&k, "DELETE /api/v3/order symbol=BTCUSDT&orderId=1&cancelRestrictions=ONLY_NEW");
    simkit_close(&k);
    (void)state;
}

static void test_all_open_orders_are_cancelled_lists_as_lists(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ask(&k, "DELETE /api/v3/openOrders symbol=BTCUSDT");
    simkit_refused(&k, 400, -2011, "Unknown order sent.");
    simkit_ok(&k, LIMIT_BUY "40000");
    simkit_ok(&k, "POST /api/v3/orderList/oco symbol=BTCUSDT&side=SELL&quantity=1&"
                  "aboveType=LIMIT_MAKER&abovePrice=60000&belowType=STOP_LOSS&"
                  "belowStopPrice=40000");
    simkit_ok(&k, "DELETE /api/v3/openOrders symbol=BTCUSDT");
    assert_int_equal(json_array_size(k.json), 2);
    assert_string_equal(json_string_value(simkit_at(json_array_get(k.json, 0), "status")),
                        "CANCELED");
    const json_t *list = json_array_get(k.json, 1);
    assert_string_equal(json_string_value(simkit_at(list, "contingencyType")), "OCO");
    assert_int_equal(json_array_size(simkit_at(list, "orderReports")), 2);
    simkit_ok(&k, "GET /api/v3/openOrders symbol=BTCUSDT");
    assert_int_equal(json_array_size(k.json), 0);
    simkit_close(&k);
    (void)state;
}

/* -- cancel and replace --------------------------------------------------------------------- */

#define REPLACE                                                                                    \
    "POST /api/v3/order/cancelReplace symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&"         \
    "quantity=0.2&price=41000&cancelReplaceMode="

static const char *result(const struct simkit *k, const json_t *from, const char *key) {
    (void)k;
    return json_string_value(simkit_at(from, key));
}

static void test_replacing_tells_what_became_of_both(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, LIMIT_BUY "40000");
    simkit_ok(&k, REPLACE "STOP_ON_FAILURE&cancelOrderId=1");
    assert_string_equal(result(&k, k.json, "cancelResult"), "SUCCESS");
    assert_string_equal(result(&k, k.json, "newOrderResult"), "SUCCESS");
    assert_int_equal(
        json_integer_value(simkit_at(simkit_at(k.json, "newOrderResponse"), "orderId")), 2);
    simkit_ask(&k, REPLACE "STOP_ON_FAILURE&cancelOrderId=1");
    simkit_refused(&k, 400, -2022, "Order cancel-replace failed.");
    const json_t *data = simkit_at(k.json, "data");
    assert_string_equal(result(&k, data, "cancelResult"), "FAILURE");
    assert_string_equal(result(&k, data, "newOrderResult"), "NOT_ATTEMPTED");
    assert_true(json_is_null(simkit_at(data, "newOrderResponse")));
    simkit_ask(&k, REPLACE "ALLOW_FAILURE&cancelOrderId=1");
    simkit_refused(&k, 409, -2021, "Order cancel-replace partially failed.");
    data = simkit_at(k.json, "data");
    assert_string_equal(result(&k, data, "newOrderResult"), "SUCCESS");
    assert_int_equal(json_integer_value(simkit_at(simkit_at(data, "cancelResponse"), "code")),
                     -2011);
    assert_int_equal(exchange_order_count(k.ex, 0), 3);
    simkit_close(&k);
    (void)state;
}

static void test_a_replacement_that_cannot_be_paid_leaves_the_order_cancelled(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, LIMIT_BUY "40000");
    simkit_ask(&k, "POST /api/v3/order/cancelReplace symbol=BTCUSDT&side=BUY&type=LIMIT&"
                   "timeInForce=GTC&quantity=1000&price=41000&cancelOrderId=1&"
                   "cancelReplaceMode=STOP_ON_FAILURE");
    simkit_refused(&k, 409, -2021, "Order cancel-replace partially failed.");
    simkit_ok(&k, "GET /api/v3/order symbol=BTCUSDT&orderId=1");
    assert_string_equal(simkit_text(&k, "status"), "CANCELED");
    simkit_close(&k);
    (void)state;
}

static void test_filters_are_looked_at_before_the_cancel(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, LIMIT_BUY "40000");
    simkit_ask(&k, "POST /api/v3/order/cancelReplace symbol=BTCUSDT&side=BUY&type=LIMIT&"
                   "timeInForce=GTC&quantity=0.1&price=41000.001&cancelOrderId=1&"
                   "cancelReplaceMode=STOP_ON_FAILURE");
    simkit_refused(&k, 400, -1013, "Filter failure: PRICE_FILTER");
    simkit_ok(&k, "GET /api/v3/order symbol=BTCUSDT&orderId=1");
    assert_string_equal(simkit_text(&k, "status"), "NEW");
    simkit_close(&k);
    (void)state;
}

static void test_used_up_orders_may_still_be_cancelled_by_a_replacement(void **state) {
    struct simkit k;
    simkit_prepare(&k);
    k.opt.orders_10s = 1;
    simkit_begin(&k);
    simkit_ok(&k, LIMIT_BUY "40000");
    simkit_ask(&k, REPLACE "STOP_ON_FAILURE&cancelOrderId=1");
    simkit_refused(&k, 429, -1015, "Too many new orders");
    simkit_ask(&k,
               REPLACE "STOP_ON_FAILURE&cancelOrderId=1&orderRateLimitExceededMode=CANCEL_ONLY");
    simkit_refused(&k, 429, -2021, "Order cancel-replace partially failed.");
    simkit_ok(&k, "GET /api/v3/order symbol=BTCUSDT&orderId=1");
    assert_string_equal(simkit_text(&k, "status"), "CANCELED");
    simkit_close(&k);
    (void)state;
}

static void test_an_order_is_reduced_in_its_place(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, LIMIT_BUY "40000&newClientOrderId=one");
    simkit_ok(&k, "PUT /api/v3/order/amend/keepPriority symbol=BTCUSDT&orderId=1&newQty=0.05&"
                  "newClientOrderId=two");
    const json_t *o = simkit_at(k.json, "amendedOrder");
    assert_string_equal(result(&k, o, "qty"), "0.05000000");
    assert_string_equal(result(&k, o, "origClientOrderId"), "one");
    assert_string_equal(result(&k, o, "clientOrderId"), "two");
    simkit_ask(&k, "PUT /api/v3/order/amend/keepPriority symbol=BTCUSDT&orderId=1&newQty=0.05");
    assert_int_equal(simkit_int(&k, "code"), -2038);
    simkit_ok(&k, "GET /api/v3/order symbol=BTCUSDT&origClientOrderId=two");
    assert_string_equal(simkit_text(&k, "origQty"), "0.05000000");
    simkit_ask(&k, "GET /api/v3/order symbol=BTCUSDT&origClientOrderId=one");
    simkit_refused(&k, 400, -2013, "Order does not exist.");
    simkit_close(&k);
    (void)state;
}

/* -- histories and the account -------------------------------------------------------------- */

static void test_histories_are_cut_by_id_time_and_limit(void **state) {
    struct simkit k;
    simkit_open(&k);
    for (int i = 0; i < 4; i++) {
        simkit_ok(&k, LIMIT_BUY "40000");
        k.now += USEC_PER_S;
    }
    simkit_ok(&k, "GET /api/v3/allOrders symbol=BTCUSDT&limit=2");
    assert_int_equal(json_array_size(k.json), 2);
    assert_int_equal(json_integer_value(simkit_at(json_array_get(k.json, 0), "orderId")), 3);
    simkit_ok(&k, "GET /api/v3/allOrders symbol=BTCUSDT&orderId=2&limit=2");
    assert_int_equal(json_integer_value(simkit_at(json_array_get(k.json, 0), "orderId")), 2);
    assert_int_equal(json_array_size(k.json), 2);
    simkit_ok(&k, "GET /api/v3/allOrders symbol=BTCUSDT&startTime=1800000001000&"
                  "endTime=1800000002000");
    assert_int_equal(json_array_size(k.json), 2);
    assert_int_equal(json_integer_value(simkit_at(json_array_get(k.json, 0), "orderId")), 2);
    simkit_close(&k);
    (void)state;
}

static void test_the_account_tells_balances_and_may_leave_out_zeros(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, LIMIT_BUY "40000");
    simkit_ok(&k, "GET /api/v3/account omitZeroBalances=true");
    assert_true(json_is_true(simkit_at(k.json, "canTrade")));
    const json_t *b;
    size_t i;
    int seen = 0;
    json_array_foreach(simkit_at(k.json, "balances"), i, b) {
        if (strcmp(json_string_value(simkit_at(b, "asset")), "USDT") != 0) continue;
        seen++;
        assert_string_equal(json_string_value(simkit_at(b, "free")), "996000.00000000");
        assert_string_equal(json_string_value(simkit_at(b, "locked")), "4000.00000000");
    }
    assert_int_equal(seen, 1);
    simkit_ok(&k, "GET /api/v3/account/commission symbol=BTCUSDT");
    simkit_at(k.json, "standardCommission");
    simkit_ok(&k, "POST /api/v3/order/test symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1");
    assert_string_equal(buf_z(&k.body), "{}");
    simkit_ok(&k, "POST /api/v3/order/test symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&"
                  "computeCommissionRates=true");
    simkit_at(k.json, "standardCommissionForOrder");
    assert_int_equal(exchange_order_count(k.ex, 0), 1);
    simkit_close(&k);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_limit_order_is_placed_found_and_cancelled),
        cmocka_unit_test(test_answers_have_the_members_of_their_form),
        cmocka_unit_test(test_the_form_follows_from_the_type),
        cmocka_unit_test(test_fills_add_up_and_are_found_as_trades),
        cmocka_unit_test(test_accounts_do_not_see_each_other),
        cmocka_unit_test(test_an_id_may_be_used_again_when_its_order_is_over),
        cmocka_unit_test(test_restrictions_keep_an_order),
        cmocka_unit_test(test_all_open_orders_are_cancelled_lists_as_lists),
        cmocka_unit_test(test_replacing_tells_what_became_of_both),
        cmocka_unit_test(test_a_replacement_that_cannot_be_paid_leaves_the_order_cancelled),
        cmocka_unit_test(test_filters_are_looked_at_before_the_cancel),
        cmocka_unit_test(test_used_up_orders_may_still_be_cancelled_by_a_replacement),
        cmocka_unit_test(test_an_order_is_reduced_in_its_place),
        cmocka_unit_test(test_histories_are_cut_by_id_time_and_limit),
        cmocka_unit_test(test_the_account_tells_balances_and_may_leave_out_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
