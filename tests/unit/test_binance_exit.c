/* binance: exits and cancels, the test being the venue. */
#include "binancekit.h"

#define CANCELLED(id, coid, status, done, quote)                                                   \
    "{'symbol':'BTCUSDT','origClientOrderId':'" coid "','orderId':" id                             \
    ",'orderListId':7,'clientOrderId':'pXLV6Hz6mprAcVYpVMTGgx','transactTime':1785000000400,"      \
    "'price':'0.0','origQty':'1.5','executedQty':'" done "','cummulativeQuoteQty':'" quote         \
    "','status':'" status "','timeInForce':'GTC','type':'STOP_LOSS','side':'SELL'}"
#define LIST_CANCELLED(reports)                                                                    \
    "{'orderListId':7,'contingencyType':'OTO','listStatusType':'ALL_DONE','listOrderStatus':"      \
    "'ALL_DONE','listClientOrderId':'" KIT_LIST                                                    \
    "','transactionTime':1785000000400,'symbol':'BTCUSDT','orders':[],'orderReports':[" reports    \
    "]}"
#define BOTH_GONE                                                                                  \
    LIST_CANCELLED(CANCELLED("102", KIT_TARGET, "CANCELED", "0",                                   \
                             "0") "," CANCELLED("101", KIT_STOP, "CANCELED", "0", "0"))
#define FILL(id, qty, price)                                                                       \
    "{'price':'" price "','qty':'" qty                                                             \
    "','commission':'1.5','commissionAsset':'USDT','tradeId':" id "}"
#define SOLD(status, qty, done, quote, fills)                                                      \
    "{'symbol':'BTCUSDT','orderId':110,'orderListId':-1,'clientOrderId':'" KIT_EXIT                \
    "','transactTime':1785000000500,'price':'0.0','origQty':'" qty "','executedQty':'" done        \
    "','cummulativeQuoteQty':'" quote "','status':'" status                                        \
    "','timeInForce':'GTC','type':'MARKET','side':'SELL','fills':[" fills "]}"
#define GET_LEG(id, coid, status, done, quote)                                                     \
    "{'symbol':'BTCUSDT','orderId':" id ",'orderListId':7,'clientOrderId':'" coid                  \
    "','price':'0.0','origQty':'1.5','executedQty':'" done "','cummulativeQuoteQty':'" quote       \
    "','status':'" status "','timeInForce':'GTC','type':'STOP_LOSS','side':'SELL','time':"         \
    "1785000000321,'updateTime':1785000000322}"
#define UNKNOWN_ORDER "{'code':-2011,'msg':'Unknown order sent.'}"
#define NO_ORDER "{'code':-2013,'msg':'Order does not exist.'}"

static void begin_exit(struct kit *k) {
    const struct request rq = kit_request(REQUEST_EXIT);
    kit_begin(k, &rq);
    kit_sends(k, "DELETE", "/api/v3/orderList", "symbol=BTCUSDT& listClientOrderId=" KIT_LIST "&");
}

static void test_an_exit_cancels_its_list_and_sells_then(void **state) {
    struct kit *k = *state;
    begin_exit(k);
    kit_gives(k, 200, BOTH_GONE);
    kit_sends(k, "POST", "/api/v3/order",
              "side=SELL& type=MARKET& quantity=1.5& newClientOrderId=" KIT_EXIT
              "& newOrderRespType=FULL");
    kit_gives(k, 200, SOLD("FILLED", "1.5", "1.5", "75000.0", FILL("60", "1.5", "50000.0")));
    kit_ends(k, OUTCOME_DONE, 3);
    kit_report(k, 0, KIT_STOP, ORDER_ST_CANCELED, 0, 0);
    kit_report(k, 1, KIT_TARGET, ORDER_ST_CANCELED, 0, 0);
    kit_report(k, 2, KIT_EXIT, ORDER_ST_FILLED, 150000000, 7500000000000);
    kit_fill(k, 2, "60", 150000000, 5000000000000, 7500000000000, 150000000);
    assert_false(k->t.reply.reports[2].fee_in_base);
}

static void test_a_sale_into_a_thin_book_is_expired_with_its_part(void **state) {
    struct kit *k = *state;
    begin_exit(k);
    kit_gives(k, 200, BOTH_GONE);
    kit_sends(k, "POST", "/api/v3/order", "quantity=1.5&");
    kit_gives(k, 200, SOLD("EXPIRED", "1.5", "0.5", "25000.0", FILL("60", "0.5", "50000.0")));
    kit_ends(k, OUTCOME_DONE, 3);
    kit_report(k, 2, KIT_EXIT, ORDER_ST_EXPIRED, 50000000, 2500000000000);
}

static void test_without_legs_it_just_sells(void **state) {
    struct kit *k = *state;
    struct request rq = kit_request(REQUEST_EXIT);
    rq.stop_coid[0] = rq.target_coid[0] = '\0';
    kit_begin(k, &rq);
    kit_sends(k, "POST", "/api/v3/order", "quantity=1.5&");
    kit_gives(k, 400, "{'code':-2010,'msg':'Market is closed.'}");
    kit_ends(k, OUTCOME_REJECTED, 0);
}

static void test_a_buy_back_is_refused(void **state) {
    struct kit *k = *state;
    struct request rq = kit_request(REQUEST_EXIT);
    rq.side = ORDER_BUY;
    kit_begin(k, &rq);
    kit_ends(k, OUTCOME_REJECTED, 0);
}

static void test_what_the_stop_sold_meanwhile_is_not_sold_again(void **state) {
    struct kit *k = *state;
    begin_exit(k);
    kit_gives(k, 400, UNKNOWN_ORDER);
    kit_sends(k, "GET", "/api/v3/order", "origClientOrderId=" KIT_STOP "&");
    kit_gives(k, 200, GET_LEG("101", KIT_STOP, "EXPIRED", "0.5", "24500.0"));
    kit_sends(k, "GET", "/api/v3/order", "origClientOrderId=" KIT_TARGET "&");
    kit_gives(k, 200, GET_LEG("102", KIT_TARGET, "EXPIRED", "0", "0"));
    kit_sends(k, "POST", "/api/v3/order", "quantity=1&");
    kit_gives(k, 200, SOLD("FILLED", "1", "1", "50000.0", FILL("60", "1", "50000.0")));
    kit_sends(k, "GET", "/api/v3/myTrades", "orderId=101&");
    kit_gives(k, 200,
              "[{'symbol':'BTCUSDT','id':59,'orderId':101,'price':'49000','qty':'0.5','quoteQty':"
              "'24500','commission':'24.5','commissionAsset':'USDT','time':1785000000330}]");
    kit_ends(k, OUTCOME_DONE, 3);
    kit_report(k, 0, KIT_TARGET, ORDER_ST_EXPIRED, 0, 0);
    kit_report(k, 1, KIT_EXIT, ORDER_ST_FILLED, 100000000, 5000000000000);
    kit_report(k, 2, KIT_STOP, ORDER_ST_EXPIRED, 50000000, 2450000000000);
    kit_fill(k, 2, "59", 50000000, 4900000000000, 2450000000000, 2450000000);
}

static void test_what_was_booked_of_a_leg_is_not_taken_off_twice(void **state) {
    struct kit *k = *state;
    struct request rq = kit_request(REQUEST_EXIT);
    rq.known_sold = qty_from_e8(50000000);
    rq.qty = qty_from_e8(100000000);
    kit_begin(k, &rq);
    kit_sends(k, "DELETE", "/api/v3/orderList", "");
    kit_gives(k, 200,
              LIST_CANCELLED(CANCELLED("102", KIT_TARGET, "CANCELED", "0", "0") "," CANCELLED(
                  "101", KIT_STOP, "CANCELED", "0.5", "24500")));
    kit_sends(k, "POST", "/api/v3/order", "quantity=1&");
}

static void test_where_the_stop_sold_all_nothing_is_sent(void **state) {
    struct kit *k = *state;
    begin_exit(k);
    kit_gives(k, 400, UNKNOWN_ORDER);
    kit_sends(k, "GET", "/api/v3/order", "origClientOrderId=" KIT_STOP "&");
    kit_gives(k, 200, GET_LEG("101", KIT_STOP, "FILLED", "1.5", "73500.0"));
    kit_sends(k, "GET", "/api/v3/order", "origClientOrderId=" KIT_TARGET "&");
    kit_gives(k, 200, GET_LEG("102", KIT_TARGET, "EXPIRED", "0", "0"));
    kit_sends(k, "GET", "/api/v3/myTrades", "orderId=101&");
    kit_fails(k, HTTP_LOST);
    kit_ends(k, OUTCOME_DONE, 3);
    kit_report(k, 0, KIT_STOP, ORDER_ST_FILLED, 150000000, 7350000000000);
    kit_report(k, 1, KIT_TARGET, ORDER_ST_EXPIRED, 0, 0);
    kit_report(k, 2, KIT_EXIT, ORDER_ST_REJECTED, 0, 0);
    assert_non_null(strstr(k->t.reply.reports[2].text, "nothing is left"));
}

static void test_a_list_that_is_unknown_but_lives_is_cancelled_by_order(void **state) {
    struct kit *k = *state;
    begin_exit(k);
    kit_gives(k, 400, UNKNOWN_ORDER);
    kit_sends(k, "GET", "/api/v3/order", "origClientOrderId=" KIT_STOP "&");
    kit_gives(k, 200, GET_LEG("101", KIT_STOP, "NEW", "0", "0"));
    kit_sends(k, "GET", "/api/v3/order", "origClientOrderId=" KIT_TARGET "&");
    kit_gives(k, 200, GET_LEG("102", KIT_TARGET, "NEW", "0", "0"));
    kit_sends(k, "DELETE", "/api/v3/order", "origClientOrderId=" KIT_STOP "&");
    kit_gives(k, 200, CANCELLED("101", KIT_STOP, "CANCELED", "0", "0"));
    kit_sends(k, "GET", "/api/v3/order", "origClientOrderId=" KIT_TARGET "&");
    kit_gives(k, 200, GET_LEG("102", KIT_TARGET, "CANCELED", "0", "0"));
    kit_sends(k, "POST", "/api/v3/order", "quantity=1.5&");
    kit_gives(k, 200, SOLD("FILLED", "1.5", "1.5", "75000.0", FILL("60", "1.5", "50000.0")));
    kit_ends(k, OUTCOME_DONE, 3);
}

static void test_legs_that_nobody_knows_may_have_sold_and_nothing_is_sold(void **state) {
    struct kit *k = *state;
    begin_exit(k);
    kit_gives(k, 400, UNKNOWN_ORDER);
    kit_sends(k, "GET", "/api/v3/order", "origClientOrderId=" KIT_STOP "&");
    kit_gives(k, 400, NO_ORDER);
    kit_sends(k, "GET", "/api/v3/order", "origClientOrderId=" KIT_TARGET "&");
    kit_gives(k, 400, NO_ORDER);
    kit_sends(k, "DELETE", "/api/v3/order", "origClientOrderId=" KIT_STOP "&");
    kit_gives(k, 400, UNKNOWN_ORDER);
    kit_ends(k, OUTCOME_DONE, 1);
    assert_int_equal(k->t.reply.reports[0].state, ORDER_ST_REJECTED);
}

static void test_an_order_that_neither_goes_nor_ends_is_given_up_unsold(void **state) {
    struct kit *k = *state;
    begin_exit(k);
    kit_gives(k, 400, UNKNOWN_ORDER);
    int cancels = 0;
    while (binance_task_next(k->b, &k->t, k->now, &k->http) == BINANCE_SEND) {
        assert_true(k->http.method == HTTP_GET || k->http.method == HTTP_DELETE);
        cancels += k->http.method == HTTP_DELETE;
        assert_true(cancels < 10);
        const bool stop = str_find(k->http.query, STR(KIT_STOP)) >= 0;
        if (k->http.method == HTTP_DELETE)
            kit_gives(k, 400, UNKNOWN_ORDER);
        else if (stop)
            kit_gives(k, 200, GET_LEG("101", KIT_STOP, "NEW", "0", "0"));
        else
            kit_gives(k, 200, GET_LEG("102", KIT_TARGET, "NEW", "0", "0"));
    }
    kit_ends(k, OUTCOME_DONE, 3);
    kit_report(k, 2, KIT_EXIT, ORDER_ST_REJECTED, 0, 0);
}

static void test_an_unknown_cancel_sells_nothing(void **state) {
    struct kit *k = *state;
    begin_exit(k);
    kit_fails(k, HTTP_LOST);
    kit_ends(k, OUTCOME_DONE, 1);
    kit_report(k, 0, KIT_EXIT, ORDER_ST_REJECTED, 0, 0);
    assert_non_null(strstr(k->t.reply.reports[0].text, "nothing was sold"));
}

static void test_a_cancel_that_was_not_sent_leaves_everything(void **state) {
    struct kit *k = *state;
    begin_exit(k);
    kit_fails(k, HTTP_NOT_SENT);
    kit_ends(k, OUTCOME_DOWN, 0);
}

static void test_an_unknown_sale_is_unknown_with_its_legs_told(void **state) {
    struct kit *k = *state;
    begin_exit(k);
    kit_gives(k, 200, BOTH_GONE);
    kit_sends(k, "POST", "/api/v3/order", "quantity=1.5&");
    kit_gives(k, 504, "<html>");
    kit_ends(k, OUTCOME_UNKNOWN, 2);
    kit_report(k, 0, KIT_STOP, ORDER_ST_CANCELED, 0, 0);
    kit_report(k, 1, KIT_TARGET, ORDER_ST_CANCELED, 0, 0);
}

static void test_a_refused_sale_after_the_cancel_is_told_as_such(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *json;
    } refusals[] = {{400, "{'code':-1013,'msg':'Filter failure: MARKET_LOT_SIZE'}"},
                    {429, "{'code':-1015,'msg':'Too many new orders.'}"},
                    {400, "{'code':-1021,'msg':'Timestamp for this request is outside.'}"}};
    for (ptrdiff_t i = 0; i < COUNT_OF(refusals); i++) {
        struct kit *k = kit_open();
        begin_exit(k);
        kit_gives(k, 200, BOTH_GONE);
        kit_sends(k, "POST", "/api/v3/order", "quantity=1.5&");
        kit_gives(k, refusals[i].status, refusals[i].json);
        kit_ends(k, OUTCOME_DONE, 3);
        kit_report(k, 0, KIT_STOP, ORDER_ST_CANCELED, 0, 0);
        kit_report(k, 2, KIT_EXIT, ORDER_ST_REJECTED, 0, 0);
        kit_close(k);
    }
}

static void test_nothing_is_sold_when_the_cancel_took_too_long(void **state) {
    struct kit *k = *state;
    begin_exit(k);
    k->now = KIT_T + REQUEST_LIFE;
    kit_gives(k, 200, BOTH_GONE);
    kit_ends(k, OUTCOME_DONE, 3);
    kit_report(k, 2, KIT_EXIT, ORDER_ST_REJECTED, 0, 0);
    assert_non_null(strstr(k->t.reply.text, "too long"));
}

static void test_an_exit_that_waited_too_long_is_late(void **state) {
    struct kit *k = *state;
    const struct request rq = kit_request(REQUEST_EXIT);
    k->now = KIT_T + REQUEST_LIFE + 1;
    kit_begin(k, &rq);
    kit_ends(k, OUTCOME_LATE, 0);
}

static void test_a_cancel_answer_that_is_not_done_is_unknown(void **state) {
    struct kit *k = *state;
    begin_exit(k);
    kit_gives(k, 200, "{'listOrderStatus':'EXECUTING','orderReports':[]}");
    kit_ends(k, OUTCOME_DONE, 1);
    kit_report(k, 0, KIT_EXIT, ORDER_ST_REJECTED, 0, 0);
}

static void test_a_leg_that_the_cancel_does_not_show_is_looked_at(void **state) {
    struct kit *k = *state;
    begin_exit(k);
    kit_gives(k, 200, LIST_CANCELLED(CANCELLED("101", KIT_STOP, "CANCELED", "0", "0")));
    kit_sends(k, "GET", "/api/v3/order", "origClientOrderId=" KIT_TARGET "&");
    kit_gives(k, 200, GET_LEG("102", KIT_TARGET, "EXPIRED", "0", "0"));
    kit_sends(k, "POST", "/api/v3/order", "quantity=1.5&");
}

/* A reply has 16 places: two legs, and 14 for the fills of the sale. */
static void test_more_fills_than_places_are_added_up_exactly(void **state) {
    struct kit *k = *state;
    char fills[16384], json[20000];
    struct buf b;
    buf_init_fixed(&b, fills, sizeof fills);
    for (int i = 0; i < 100; i++) {
        buf_printf(&b,
                   "%s{'price':'5%04d.01','qty':'0.015','commission':'0.00000003',"
                   "'commissionAsset':'USDT','tradeId':%d}",
                   i == 0 ? "" : ",", i, 900 - i);
    }
    begin_exit(k);
    kit_gives(k, 200, BOTH_GONE);
    kit_sends(k, "POST", "/api/v3/order", "quantity=1.5&");
    snprintf(json, sizeof json,
             "{'symbol':'BTCUSDT','orderId':110,'clientOrderId':'" KIT_EXIT
             "','transactTime':1785000000500,'origQty':'1.5','executedQty':'1.5',"
             "'cummulativeQuoteQty':'75074.265','status':'FILLED','side':'SELL','fills':[%s]}",
             buf_z(&b));
    kit_gives(k, 200, json);
    kit_ends(k, OUTCOME_DONE, 16);
    kit_report(k, 15, KIT_EXIT, ORDER_ST_FILLED, 150000000, 7507426500000);
    int64_t qty_sum = 0, cost = 0, fee = 0;
    for (int i = 2; i < 16; i++) {
        const struct report *r = &k->t.reply.reports[i];
        qty_sum += qty_e8(r->fill_qty);
        cost += money_e8(r->fill_quote);
        fee += r->fee_e8;
        assert_int_equal(qty_e8(r->filled), qty_sum);
        assert_int_equal(money_e8(r->quote_filled), cost);
    }
    assert_int_equal(qty_sum, 150000000);
    assert_int_equal(fee, 300);
    kit_fill(k, 2, "801", 1500000, 5009901000000, 75148515000, 3);
}

/* -- cancels ------------------------------------------------------------------------------- */

static void test_a_cancel_reports_the_legs_that_are_named(void **state) {
    struct kit *k = *state;
    const struct request rq = kit_request(REQUEST_CANCEL);
    kit_begin(k, &rq);
    kit_sends(k, "DELETE", "/api/v3/orderList", "listClientOrderId=" KIT_LIST "&");
    kit_gives(k, 200, BOTH_GONE);
    kit_ends(k, OUTCOME_DONE, 2);
    kit_report(k, 0, KIT_STOP, ORDER_ST_CANCELED, 0, 0);
}

static void test_a_single_order_is_cancelled_where_no_list_is_named(void **state) {
    struct kit *k = *state;
    struct request rq = kit_request(REQUEST_CANCEL);
    rq.list_coid[0] = rq.target_coid[0] = '\0';
    rq.leg = LEG_STOP;
    kit_begin(k, &rq);
    kit_sends(k, "DELETE", "/api/v3/order", "origClientOrderId=" KIT_STOP "&");
    kit_gives(k, 400, UNKNOWN_ORDER);
    kit_sends(k, "GET", "/api/v3/order", "origClientOrderId=" KIT_STOP "&");
    kit_gives(k, 200, GET_LEG("101", KIT_STOP, "CANCELED", "0", "0"));
    kit_ends(k, OUTCOME_DONE, 1);
    kit_report(k, 0, KIT_STOP, ORDER_ST_CANCELED, 0, 0);
}

static void test_an_order_whose_list_is_unknown_is_taken_off_by_itself_once(void **state) {
    struct kit *k = *state;
    struct request rq = kit_request(REQUEST_CANCEL);
    rq.target_coid[0] = '\0';
    rq.leg = LEG_STOP;
    kit_begin(k, &rq);
    kit_sends(k, "DELETE", "/api/v3/orderList", "listClientOrderId=" KIT_LIST "&");
    kit_gives(k, 400, UNKNOWN_ORDER);
    kit_sends(k, "GET", "/api/v3/order", "origClientOrderId=" KIT_STOP "&");
    kit_gives(k, 200, GET_LEG("101", KIT_STOP, "NEW", "0", "0"));
    kit_sends(k, "DELETE", "/api/v3/order", "origClientOrderId=" KIT_STOP "&");
    kit_gives(k, 400, UNKNOWN_ORDER);
    kit_sends(k, "GET", "/api/v3/order", "origClientOrderId=" KIT_STOP "&");
    kit_gives(k, 200, GET_LEG("101", KIT_STOP, "NEW", "0", "0"));
    kit_ends(k, OUTCOME_DONE, 1);
}

static void test_a_cancel_without_an_answer_is_unknown(void **state) {
    struct kit *k = *state;
    const struct request rq = kit_request(REQUEST_CANCEL);
    kit_begin(k, &rq);
    kit_sends(k, "DELETE", "/api/v3/orderList", "");
    kit_fails(k, HTTP_LOST);
    kit_ends(k, OUTCOME_UNKNOWN, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_KIT(test_an_exit_cancels_its_list_and_sells_then),
        WITH_KIT(test_a_sale_into_a_thin_book_is_expired_with_its_part),
        WITH_KIT(test_without_legs_it_just_sells),
        WITH_KIT(test_a_buy_back_is_refused),
        WITH_KIT(test_what_the_stop_sold_meanwhile_is_not_sold_again),
        WITH_KIT(test_what_was_booked_of_a_leg_is_not_taken_off_twice),
        WITH_KIT(test_where_the_stop_sold_all_nothing_is_sent),
        WITH_KIT(test_a_list_that_is_unknown_but_lives_is_cancelled_by_order),
        WITH_KIT(test_legs_that_nobody_knows_may_have_sold_and_nothing_is_sold),
        WITH_KIT(test_an_order_that_neither_goes_nor_ends_is_given_up_unsold),
        WITH_KIT(test_an_unknown_cancel_sells_nothing),
        WITH_KIT(test_a_cancel_that_was_not_sent_leaves_everything),
        WITH_KIT(test_an_unknown_sale_is_unknown_with_its_legs_told),
        cmocka_unit_test(test_a_refused_sale_after_the_cancel_is_told_as_such),
        WITH_KIT(test_nothing_is_sold_when_the_cancel_took_too_long),
        WITH_KIT(test_an_exit_that_waited_too_long_is_late),
        WITH_KIT(test_a_cancel_answer_that_is_not_done_is_unknown),
        WITH_KIT(test_a_leg_that_the_cancel_does_not_show_is_looked_at),
        WITH_KIT(test_more_fills_than_places_are_added_up_exactly),
        WITH_KIT(test_a_cancel_reports_the_legs_that_are_named),
        WITH_KIT(test_a_single_order_is_cancelled_where_no_list_is_named),
        WITH_KIT(test_an_order_whose_list_is_unknown_is_taken_off_by_itself_once),
        WITH_KIT(test_a_cancel_without_an_answer_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
