/* Order lists at the simulated exchange, as requests and answers. */
#include "simkit.h"

#define OCO                                                                                        \
    "POST /api/v3/orderList/oco symbol=BTCUSDT&side=SELL&quantity=1&aboveType=LIMIT_MAKER&"        \
    "abovePrice=60000&belowType=STOP_LOSS&belowStopPrice=40000"
#define ENTRY                                                                                      \
    "symbol=BTCUSDT&workingType=LIMIT&workingSide=BUY&workingQuantity=0.1&listClientOrderId=L&"    \
    "workingClientOrderId=W&pendingAboveClientOrderId=A&pendingBelowClientOrderId=B&"              \
    "pendingSide=SELL&"
#define LEGS                                                                                       \
    "pendingAboveType=TAKE_PROFIT&pendingAboveStopPrice=60000&pendingBelowType=STOP_LOSS&"         \
    "pendingBelowStopPrice=40000"
#define OTOCO "POST /api/v3/orderList/otoco " ENTRY "pendingQuantity=0.1&" LEGS
#define OPOCO "POST /api/v3/orderList/opoco " ENTRY LEGS
#define GTC "&workingTimeInForce=GTC&workingPrice="
#define FOK "&workingTimeInForce=FOK&workingPrice="

static const json_t *leg_of(const struct simkit *k, const char *coid) {
    const json_t *o;
    size_t i;
    json_array_foreach(simkit_at(k->json, "orderReports"), i, o) {
        if (strcmp(json_string_value(simkit_at(o, "clientOrderId")), coid) == 0) return o;
    }
    fail_msg("no leg %s in %s", coid, buf_z(&k->body));
    return NULL;
}

static const char *status_of(struct simkit *k, const char *coid) {
    char ask[128];
    snprintf(ask, sizeof ask, "GET /api/v3/order symbol=BTCUSDT&origClientOrderId=%s", coid);
    simkit_ok(k, ask);
    return simkit_text(k, "status");
}

static void test_an_oco_locks_once_and_answers_with_both_orders(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, OCO "&listClientOrderId=L");
    assert_string_equal(simkit_text(&k, "contingencyType"), "OCO");
    assert_string_equal(simkit_text(&k, "listStatusType"), "EXEC_STARTED");
    assert_string_equal(simkit_text(&k, "listOrderStatus"), "EXECUTING");
    assert_string_equal(simkit_text(&k, "listClientOrderId"), "L");
    assert_int_equal(json_array_size(simkit_at(k.json, "orders")), 2);
    assert_int_equal(json_array_size(simkit_at(k.json, "orderReports")), 2);
    assert_int_equal(k.last.orders_10s, 2);
    struct match_balance b = match_balance_of(exchange_match(k.ex), 0, STR("BTC"));
    assert_int_equal(b.locked_e8, E8);
    simkit_ok(&k, "GET /api/v3/orderList origClientOrderId=L");
    assert_string_equal(simkit_text(&k, "listOrderStatus"), "EXECUTING");
    assert_null(json_object_get(k.json, "orderReports"));
    simkit_ok(&k, "GET /api/v3/openOrderList ");
    assert_int_equal(json_array_size(k.json), 1);
    simkit_close(&k);
    (void)state;
}

static void test_an_entry_that_fills_shows_its_legs_pending_and_activates_them(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, OTOCO FOK "51000");
    assert_string_equal(simkit_text(&k, "contingencyType"), "OTO");
    assert_string_equal(json_string_value(simkit_at(leg_of(&k, "W"), "status")), "FILLED");
    assert_string_equal(json_string_value(simkit_at(leg_of(&k, "A"), "status")), "PENDING_NEW");
    assert_int_equal(json_integer_value(simkit_at(leg_of(&k, "A"), "workingTime")), -1);
    assert_string_equal(status_of(&k, "A"), "NEW");
    assert_string_equal(status_of(&k, "B"), "NEW");
    simkit_ok(&k, "GET /api/v3/openOrders symbol=BTCUSDT");
    assert_int_equal(json_array_size(k.json), 2);
    simkit_close(&k);
    (void)state;
}

static void test_an_entry_that_finds_nothing_ends_its_list_without_a_name(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, OTOCO FOK "49000");
    assert_string_equal(simkit_text(&k, "listStatusType"), "ALL_DONE");
    assert_string_equal(simkit_text(&k, "listOrderStatus"), "ALL_DONE");
    assert_true(json_is_null(simkit_at(k.json, "listClientOrderId")));
    assert_string_equal(json_string_value(simkit_at(leg_of(&k, "W"), "status")), "EXPIRED");
    assert_string_equal(json_string_value(simkit_at(leg_of(&k, "A"), "status")), "EXPIRED");
    simkit_ok(&k, "GET /api/v3/order symbol=BTCUSDT&origClientOrderId=W");
    assert_string_equal(simkit_text(&k, "expiryReason"), "UNFILLED_FOK_ORDER_EXPIRED");
    simkit_ok(&k, "GET /api/v3/order symbol=BTCUSDT&origClientOrderId=B");
    assert_string_equal(simkit_text(&k, "expiryReason"), "OTO_PHASE_ONE_EXPIRED");
    /* byte for byte the same list is accepted again */
    simkit_ok(&k, OTOCO FOK "49000");
    simkit_ok(&k, "GET /api/v3/orderList origClientOrderId=L");
    assert_int_equal(simkit_int(&k, "orderListId"), 2);
    simkit_close(&k);
    (void)state;
}

static void test_the_pending_legs_of_an_opoco_take_what_the_entry_brought(void **state) {
    struct simkit k;
    simkit_prepare(&k);
    k.opt.fee_e8 = E8 / 1000;
    simkit_begin(&k);
    simkit_ok(&k, OPOCO GTC "45000");
    assert_null(json_object_get(leg_of(&k, "A"), "origQty"));
    assert_string_equal(status_of(&k, "A"), "PENDING_NEW");
    k.now += USEC_PER_S;
    simkit_price(&k, SIM_BTC, 44000);
    assert_string_equal(status_of(&k, "W"), "FILLED");
    assert_string_equal(status_of(&k, "A"), "NEW");
    assert_string_equal(simkit_text(&k, "origQty"), "0.09990000");
    simkit_close(&k);
    (void)state;
}

/* Sized by hand, and the commission is taken from what was bought: with nothing else at hand the
 * legs cannot be paid. */
static void test_legs_that_forget_the_commission_are_refused_when_they_activate(void **state) {
    static const struct sim_deposit only_usdt[] = {{{"USDT", 4}, 1000000 * E8}};
    struct simkit k;
    simkit_prepare(&k);
    k.opt.fee_e8 = E8 / 1000;
    k.accounts[0].deposits = only_usdt;
    k.accounts[0].deposit_count = 1;
    simkit_begin(&k);
    simkit_ok(&k, OTOCO FOK "51000");
    assert_string_equal(json_string_value(simkit_at(leg_of(&k, "W"), "status")), "FILLED");
    assert_string_equal(status_of(&k, "A"), "EXPIRED");
    assert_string_equal(simkit_text(&k, "expiryReason"), "REJECTED");
    assert_string_equal(status_of(&k, "B"), "EXPIRED");
    simkit_ok(&k, "GET /api/v3/orderList origClientOrderId=L");
    assert_string_equal(simkit_text(&k, "listOrderStatus"), "ALL_DONE");
    simkit_close(&k);
    (void)state;
}

static void test_a_cancel_of_one_leg_takes_the_list(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, OTOCO GTC "45000");
    simkit_ok(&k, "DELETE /api/v3/order symbol=BTCUSDT&origClientOrderId=A");
    assert_string_equal(simkit_text(&k, "listOrderStatus"), "ALL_DONE");
    assert_int_equal(json_array_size(simkit_at(k.json, "orderReports")), 3);
    simkit_ask(&k, "DELETE /api/v3/order symbol=BTCUSDT&origClientOrderId=W");
    simkit_refused(&k, 400, -2011, "Unknown order sent.");
    assert_string_equal(status_of(&k, "W"), "CANCELED");
    simkit_close(&k);
    (void)state;
}

static void test_a_list_is_cancelled_by_its_name(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, OTOCO FOK "51000"); /* the entry is filled: two are left */
    simkit_ok(&k, "DELETE /api/v3/orderList symbol=BTCUSDT&listClientOrderId=L&newClientOrderId=c");
    assert_int_equal(json_array_size(simkit_at(k.json, "orders")), 3);
    assert_int_equal(json_array_size(simkit_at(k.json, "orderReports")), 2);
    simkit_ask(&k, "DELETE /api/v3/orderList symbol=BTCUSDT&listClientOrderId=L");
    simkit_refused(&k, 400, -2011, "Unknown order sent.");
    simkit_ask(&k, "DELETE /api/v3/orderList symbol=BTCUSDT");
    simkit_refused(&k, 400, -1102, "Param 'listClientOrderId' or 'orderListId' must be sent");
    simkit_ask(&k, "GET /api/v3/orderList orderListId=77");
    simkit_refused(&k, 400, -2013, "Order list does not exist.");
    simkit_close(&k);
    (void)state;
}

static void test_the_deprecated_oco_has_names_of_its_own(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, "POST /api/v3/order/oco symbol=BTCUSDT&side=SELL&quantity=1&price=60000&"
                  "stopPrice=40000&stopLimitPrice=39900&stopLimitTimeInForce=GTC&"
                  "limitClientOrderId=lim&stopClientOrderId=sto");
    assert_string_equal(json_string_value(simkit_at(leg_of(&k, "lim"), "type")), "LIMIT_MAKER");
    assert_string_equal(json_string_value(simkit_at(leg_of(&k, "sto"), "type")), "STOP_LOSS_LIMIT");
    simkit_ok(&k, "POST /api/v3/order/oco symbol=BTCUSDT&side=BUY&quantity=1&price=40000&"
                  "stopPrice=60000");
    simkit_close(&k);
    (void)state;
}

static const struct {
    const char *ask;
    int code;
} wrong[] = {
    {"POST /api/v3/orderList/oco symbol=BTCUSDT&side=SELL&quantity=1&aboveType=LIMIT&"
     "abovePrice=60000&belowType=STOP_LOSS&belowStopPrice=40000",
     -1158},
    {"POST /api/v3/orderList/oco symbol=BTCUSDT&side=SELL&quantity=1&aboveType=LIMIT_MAKER&"
     "abovePrice=60000&belowType=LIMIT_MAKER&belowPrice=40000",
     -1168},
    {"POST /api/v3/orderList/oco symbol=BTCUSDT&side=SELL&quantity=1&aboveType=STOP_LOSS&"
     "aboveStopPrice=60000&belowType=LIMIT_MAKER&belowPrice=40000",
     -1166},
    {"POST /api/v3/orderList/oco symbol=BTCUSDT&side=BUY&quantity=1&aboveType=LIMIT_MAKER&"
     "abovePrice=60000&belowType=STOP_LOSS&belowStopPrice=40000",
     -1165},
    {"POST /api/v3/orderList/oco symbol=BTCUSDT&side=SELL&quantity=1&aboveType=LIMIT_MAKER&"
     "abovePrice=49000&belowType=STOP_LOSS&belowStopPrice=40000",
     -2010},
    {OCO "&abovePrice=1", -1101},
    {OCO "&belowPrice=39000", -1106},
    {OCO "&aboveTimeInForce=GTC", -1106},
    {"POST /api/v3/orderList/oto symbol=BTCUSDT&workingType=MARKET&workingSide=BUY&"
     "workingQuantity=1&pendingType=MARKET&pendingSide=SELL&pendingQuantity=1",
     -1159},
    {"POST /api/v3/orderList/opo symbol=BTCUSDT&workingType=LIMIT_MAKER&workingSide=SELL&"
     "workingPrice=60000&workingQuantity=1&pendingType=MARKET&pendingSide=BUY",
     -1222},
    {"POST /api/v3/orderList/opo symbol=BTCUSDT&workingType=LIMIT_MAKER&workingSide=BUY&"
     "workingPrice=40000&workingQuantity=1&pendingType=MARKET&pendingSide=BUY",
     -1223},
    {"POST /api/v3/orderList/otoco " ENTRY LEGS GTC "45000", -1102},
    {OTOCO "&workingPrice=45000", -1102},
    {OPOCO "&pendingQuantity=1" GTC "45000", -1106},
};

static void test_wrong_lists_are_refused_whole(void **state) {
    struct simkit k;
    simkit_open(&k);
    for (ptrdiff_t i = 0; i < COUNT_OF(wrong); i++) {
        simkit_ask(&k, wrong[i].ask);
        simkit_refused(&k, 400, wrong[i].code, "");
    }
    assert_int_equal(exchange_order_count(k.ex, 0), 0);
    simkit_close(&k);
    (void)state;
}

static void test_all_lists_are_remembered(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, OTOCO FOK "49000");
    simkit_ok(&k, OCO);
    simkit_ok(&k, "GET /api/v3/allOrderList ");
    assert_int_equal(json_array_size(k.json), 2);
    simkit_ok(&k, "GET /api/v3/allOrderList fromId=2");
    assert_int_equal(json_array_size(k.json), 1);
    simkit_ok(&k, "GET /api/v3/openOrderList ");
    assert_int_equal(json_array_size(k.json), 1);
    simkit_close(&k);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_oco_locks_once_and_answers_with_both_orders),
        cmocka_unit_test(test_an_entry_that_fills_shows_its_legs_pending_and_activates_them),
        cmocka_unit_test(test_an_entry_that_finds_nothing_ends_its_list_without_a_name),
        cmocka_unit_test(test_the_pending_legs_of_an_opoco_take_what_the_entry_brought),
        cmocka_unit_test(test_legs_that_forget_the_commission_are_refused_when_they_activate),
        cmocka_unit_test(test_a_cancel_of_one_leg_takes_the_list),
        cmocka_unit_test(test_a_list_is_cancelled_by_its_name),
        cmocka_unit_test(test_the_deprecated_oco_has_names_of_its_own),
        cmocka_unit_test(test_wrong_lists_are_refused_whole),
        cmocka_unit_test(test_all_lists_are_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
