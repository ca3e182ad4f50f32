/* binance: entries and repairs, the test being the venue. */
#include "binancekit.h"

/* One order of a list, as FULL tells it. */
#define ORDER(id, coid, side, type, status, qty, done, quote, fills)                               \
    "{'symbol':'BTCUSDT','orderId':" id ",'orderListId':7,'clientOrderId':'" coid                  \
    "','transactTime':1785000000321,'price':'50000.25000000','origQty':'" qty                      \
    "','executedQty':'" done "','origQuoteOrderQty':'0.00000000','cummulativeQuoteQty':'" quote    \
    "','status':'" status "','timeInForce':'GTC','type':'" type "','side':'" side                  \
    "','workingTime':-1,'fills':[" fills "],'selfTradePreventionMode':'NONE'}"

#define FILLS                                                                                      \
    "{'price':'50000.00000000','qty':'1.00000000','commission':'0.00100000',"                      \
    "'commissionAsset':'BTC','tradeId':57},"                                                       \
    "{'price':'50000.20000000','qty':'0.50000000','commission':'0.00050000',"                      \
    "'commissionAsset':'BTC','tradeId':58}"

#define LIST(name, reports)                                                                        \
    "{'orderListId':7,'contingencyType':'OTO','listStatusType':'EXEC_STARTED',"                    \
    "'listOrderStatus':'EXECUTING','listClientOrderId':" name                                      \
    ",'transactionTime':1785000000321,'symbol':'BTCUSDT','orders':[],'orderReports':[" reports     \
    "]}"

#define ENTRY_FILLED                                                                               \
    ORDER("100", KIT_ENTRY, "BUY", "LIMIT", "FILLED", "1.50000000", "1.50000000",                  \
          "75000.10000000", FILLS)
#define STOP_PENDING                                                                               \
    "{'symbol':'BTCUSDT','orderId':101,'orderListId':7,'clientOrderId':'" KIT_STOP                 \
    "','transactTime':1785000000321,'executedQty':'0.00000000','cummulativeQuoteQty':"             \
    "'0.00000000','status':'PENDING_NEW','type':'STOP_LOSS','side':'SELL','workingTime':-1}"
#define TARGET_PENDING                                                                             \
    "{'symbol':'BTCUSDT','orderId':102,'orderListId':7,'clientOrderId':'" KIT_TARGET               \
    "','transactTime':1785000000321,'executedQty':'0.00000000','cummulativeQuoteQty':"             \
    "'0.00000000','status':'PENDING_NEW','type':'TAKE_PROFIT','side':'SELL','workingTime':-1}"
#define GOOD LIST("'" KIT_LIST "'", TARGET_PENDING "," ENTRY_FILLED "," STOP_PENDING)

static void begin_bracket(struct kit *k) {
    const struct request rq = kit_request(REQUEST_BRACKET);
    kit_begin(k, &rq);
    kit_sends(k, "POST", "/api/v3/orderList/opoco", "workingClientOrderId=" KIT_ENTRY);
}

static void test_a_filled_entry_reports_its_fills_with_rising_totals(void **state) {
    struct kit *k = *state;
    begin_bracket(k);
    kit_gives(k, 200, GOOD);
    kit_ends(k, OUTCOME_DONE, 4);
    kit_report(k, 0, KIT_ENTRY, ORDER_ST_PART, 100000000, 5000000000000);
    kit_fill(k, 0, "57", 100000000, 5000000000000, 5000000000000, 100000);
    kit_report(k, 1, KIT_ENTRY, ORDER_ST_FILLED, 150000000, 7500010000000);
    kit_fill(k, 1, "58", 50000000, 5000020000000, 2500010000000, 50000);
    assert_true(k->t.reply.reports[1].fee_in_base);
    assert_string_equal(k->t.reply.reports[1].fee_asset, "BTC");
    assert_string_equal(k->t.reply.reports[1].venue_id, "100");
    assert_int_equal(k->t.reply.reports[1].at, INT64_C(1785000000321000));
    kit_report(k, 2, KIT_STOP, ORDER_ST_PENDING, 0, 0);
    kit_report(k, 3, KIT_TARGET, ORDER_ST_PENDING, 0, 0);
    assert_string_equal(k->t.reply.reports[3].venue_id, "102");
}

static void test_a_symbol_without_opo_gets_an_otoco_with_room_for_commission(void **state) {
    struct kit *k = *state;
    struct request rq = kit_request(REQUEST_BRACKET);
    rq.sym = KIT_ETH;
    kit_begin(k, &rq);
    kit_sends(k, "POST", "/api/v3/orderList/otoco", "symbol=ETHUSDT& pendingQuantity=1.4985&");
}

static void test_a_symbol_without_lists_is_refused_before_anything_is_sent(void **state) {
    struct kit *k = *state;
    struct request rq = kit_request(REQUEST_BRACKET);
    rq.sym = KIT_XRP;
    kit_begin(k, &rq);
    kit_ends(k, OUTCOME_REJECTED, 0);
    assert_non_null(strstr(k->t.reply.text, "no order lists"));
}

static void test_a_short_is_refused_with_its_reason(void **state) {
    struct kit *k = *state;
    struct request rq = kit_request(REQUEST_BRACKET);
    rq.side = ORDER_SELL;
    kit_begin(k, &rq);
    kit_ends(k, OUTCOME_REJECTED, 0);
    assert_non_null(strstr(k->t.reply.text, "no short positions"));
}

static void test_a_fok_that_found_nothing_is_expired_with_its_legs(void **state) {
    struct kit *k = *state;
    begin_bracket(k);
    kit_gives(k, 200,
              LIST("null",
                   ORDER("100", KIT_ENTRY, "BUY", "LIMIT", "EXPIRED", "1.5", "0", "0",
                         "") "," ORDER("101", KIT_STOP, "SELL", "STOP_LOSS", "EXPIRED", "0", "0",
                                       "0", "") "," ORDER("102", KIT_TARGET, "SELL", "TAKE_PROFIT",
                                                          "EXPIRED", "0", "0", "0", "")));
    kit_ends(k, OUTCOME_DONE, 3);
    kit_report(k, 0, KIT_ENTRY, ORDER_ST_EXPIRED, 0, 0);
    kit_report(k, 1, KIT_STOP, ORDER_ST_EXPIRED, 0, 0);
    kit_report(k, 2, KIT_TARGET, ORDER_ST_EXPIRED, 0, 0);
}

static void test_an_ioc_entry_that_filled_in_part_is_expired_with_what_it_got(void **state) {
    struct kit *k = *state;
    struct request rq = kit_request(REQUEST_BRACKET);
    rq.tif = TIF_IOC;
    kit_begin(k, &rq);
    kit_sends(k, "POST", "/api/v3/orderList/opoco", "workingTimeInForce=IOC&");
    kit_gives(
        k, 200,
        LIST("'" KIT_LIST "'",
             ORDER("100", KIT_ENTRY, "BUY", "LIMIT", "EXPIRED", "1.5", "0.5", "25000",
                   "{'price':'50000','qty':'0.5','commission':'0','commissionAsset':'BTC',"
                   "'tradeId':1}") "," ORDER("101", KIT_STOP, "SELL", "STOP_LOSS", "EXPIRED", "0",
                                             "0", "0", "") "," ORDER("102", KIT_TARGET, "SELL",
                                                                     "TAKE_PROFIT", "EXPIRED", "0",
                                                                     "0", "0", "")));
    kit_ends(k, OUTCOME_DONE, 3);
    kit_report(k, 0, KIT_ENTRY, ORDER_ST_EXPIRED, 50000000, 2500000000000);
    assert_true(k->t.reply.reports[0].has_fill);
}

static void test_fills_that_did_not_come_along_are_asked_for(void **state) {
    struct kit *k = *state;
    begin_bracket(k);
    kit_gives(k, 200,
              LIST("'" KIT_LIST "'", STOP_PENDING
                   "," TARGET_PENDING "," ORDER("100", KIT_ENTRY, "BUY", "LIMIT", "FILLED", "1.5",
                                                "1.5", "75000.1", "")));
    kit_sends(k, "GET", "/api/v3/myTrades", "symbol=BTCUSDT& orderId=100&");
    kit_gives(k, 200,
              "[{'symbol':'BTCUSDT','id':58,'orderId':100,'orderListId':7,'price':'50000.2','qty':"
              "'0.5','quoteQty':'25000.1','commission':'0','commissionAsset':'BTC','time':"
              "1785000000330,'isBuyer':true,'isMaker':false,'isBestMatch':true},"
              "{'symbol':'BTCUSDT','id':57,'orderId':100,'orderListId':7,'price':'50000','qty':'1',"
              "'quoteQty':'50000','commission':'0','commissionAsset':'BTC','time':1785000000330}]");
    kit_ends(k, OUTCOME_DONE, 4);
    kit_fill(k, 0, "57", 100000000, 5000000000000, 5000000000000, 0);
    kit_report(k, 1, KIT_ENTRY, ORDER_ST_FILLED, 150000000, 7500010000000);
}

static void test_fills_that_stay_away_leave_the_totals(void **state) {
    struct kit *k = *state;
    begin_bracket(k);
    kit_gives(k, 200,
              LIST("'" KIT_LIST "'", STOP_PENDING
                   "," TARGET_PENDING "," ORDER("100", KIT_ENTRY, "BUY", "LIMIT", "FILLED", "1.5",
                                                "1.5", "75000.1", "")));
    kit_sends(k, "GET", "/api/v3/myTrades", "orderId=100&");
    kit_fails(k, HTTP_LOST);
    kit_ends(k, OUTCOME_DONE, 3);
    kit_report(k, 0, KIT_ENTRY, ORDER_ST_FILLED, 150000000, 7500010000000);
    assert_false(k->t.reply.reports[0].has_fill);
}

/* An entry's outcome by what came back: no reports, nothing sent after it. */
static void entry_ends(int status, const char *json, outcome o) {
    struct kit *k = kit_open();
    begin_bracket(k);
    kit_gives(k, status, json);
    kit_ends(k, o, 0);
    kit_close(k);
}

static void test_what_does_not_say_what_happened_is_unknown(void **state) {
    (void)state;
    struct kit *k = kit_open();
    begin_bracket(k);
    kit_fails(k, HTTP_LOST);
    kit_ends(k, OUTCOME_UNKNOWN, 0);
    kit_close(k);
    entry_ends(502, "<html>Bad Gateway</html>", OUTCOME_UNKNOWN);
    entry_ends(503, "{'code':-1007,'msg':'Timeout waiting for response.'}", OUTCOME_UNKNOWN);
    entry_ends(500, "{'code':-2010,'msg':'Account has insufficient balance.'}", OUTCOME_UNKNOWN);
    entry_ends(400, "{'code':-1000,'msg':'An unknown error occurred.'}", OUTCOME_UNKNOWN);
    entry_ends(400, "{'code':-1001,'msg':'Internal error.'}", OUTCOME_UNKNOWN);
    entry_ends(400, "{'code':-1006,'msg':'An unexpected response.'}", OUTCOME_UNKNOWN);
    entry_ends(400, "{'code':-1007,'msg':'Timeout.'}", OUTCOME_UNKNOWN);
    entry_ends(400, "<html>no</html>", OUTCOME_UNKNOWN);
    entry_ends(302, "", OUTCOME_UNKNOWN);
    entry_ends(200, "", OUTCOME_UNKNOWN);
    entry_ends(200, "{}", OUTCOME_UNKNOWN);
    entry_ends(200, "[]", OUTCOME_UNKNOWN);
    entry_ends(200, "{'orderReports':7}", OUTCOME_UNKNOWN);
}

static void test_an_answer_that_lacks_something_or_contradicts_is_unknown(void **state) {
    (void)state;
    /* cut off, a leg missing, a leg twice, another list's, another symbol's order */
    entry_ends(200, LIST("'" KIT_LIST "'", ENTRY_FILLED "," STOP_PENDING), OUTCOME_UNKNOWN);
    entry_ends(
        200,
        LIST("'" KIT_LIST "'", ENTRY_FILLED "," STOP_PENDING "," STOP_PENDING "," TARGET_PENDING),
        OUTCOME_UNKNOWN);
    entry_ends(200, LIST("'other'", ENTRY_FILLED "," STOP_PENDING "," TARGET_PENDING),
               OUTCOME_UNKNOWN);
    static const char *const entries[] = {
        /* filled, but not wholly; more than was asked for; an unknown status; half a fill */
        ORDER("100", KIT_ENTRY, "BUY", "LIMIT", "FILLED", "1.5", "1.4", "70000", ""),
        ORDER("100", KIT_ENTRY, "BUY", "LIMIT", "FILLED", "1.6", "1.6", "80000", ""),
        ORDER("100", KIT_ENTRY, "BUY", "LIMIT", "EXPIRED", "1.5", "1.6", "80000", ""),
        ORDER("100", KIT_ENTRY, "BUY", "LIMIT", "DONE", "1.5", "1.5", "75000", ""),
        ORDER("100", KIT_ENTRY, "BUY", "LIMIT", "NEW", "1.5", "1.5", "75000", ""),
        ORDER("100", KIT_ENTRY, "BUY", "LIMIT", "NEW", "1.5", "-0.5", "75000", ""),
        ORDER("100", KIT_ENTRY, "BUY", "LIMIT", "EXPIRED", "1.5", "0", "75000", ""),
        ORDER("100", KIT_ENTRY, "BUY", "LIMIT", "REJECTED", "1.5", "0.5", "25000", ""),
        ORDER("100", KIT_ENTRY, "SELL", "LIMIT", "FILLED", "1.5", "1.5", "75000", ""),
        ORDER("'100'", KIT_ENTRY, "BUY", "LIMIT", "FILLED", "1.5", "1.5", "75000", ""),
        ORDER("1e2", KIT_ENTRY, "BUY", "LIMIT", "FILLED", "1.5", "1.5", "75000", ""),
        ORDER("-1", KIT_ENTRY, "BUY", "LIMIT", "FILLED", "1.5", "1.5", "75000", ""),
        ORDER("100", KIT_ENTRY, "BUY", "LIMIT", "FILLED", "1.5e0", "1.5", "75000", ""),
    };
    for (ptrdiff_t i = 0; i < COUNT_OF(entries); i++) {
        char json[8192];
        snprintf(json, sizeof json, LIST("'" KIT_LIST "'", "%s," STOP_PENDING "," TARGET_PENDING),
                 entries[i]);
        entry_ends(200, json, OUTCOME_UNKNOWN);
    }
}

static void test_a_refusal_for_its_content_is_rejected_with_the_venues_words(void **state) {
    struct kit *k = *state;
    begin_bracket(k);
    kit_gives(k, 400,
              "{'code':-2010,'msg':'Account has insufficient balance for requested action.'}");
    kit_ends(k, OUTCOME_REJECTED, 0);
    assert_string_equal(k->t.reply.text,
                        "-2010 Account has insufficient balance for requested action.");
    entry_ends(400, "{'code':-1121,'msg':'Invalid symbol.'}", OUTCOME_REJECTED);
    entry_ends(409, "{'code':-2021,'msg':'x'}", OUTCOME_REJECTED);
    entry_ends(403, "{'code':-2010,'msg':'This account may not place or cancel orders.'}",
               OUTCOME_REJECTED);
}

static void test_what_was_certainly_not_executed_is_down(void **state) {
    (void)state;
    struct kit *k = kit_open();
    begin_bracket(k);
    kit_fails(k, HTTP_NOT_SENT);
    kit_ends(k, OUTCOME_DOWN, 0);
    assert_non_null(strstr(k->t.reply.text, "reset by peer"));
    kit_close(k);
    entry_ends(429, "{'code':-1003,'msg':'Too many requests queued.'}", OUTCOME_DOWN);
    entry_ends(429, "", OUTCOME_DOWN);
    entry_ends(418, "", OUTCOME_DOWN);
    entry_ends(429, "{'code':-1015,'msg':'Too many new orders.'}", OUTCOME_DOWN);
    entry_ends(400, "{'code':-1015,'msg':'Too many new orders.'}", OUTCOME_DOWN);
    entry_ends(403, "<html>403</html>", OUTCOME_DOWN);
    entry_ends(503, "{'code':-1008,'msg':'Server is currently overloaded.'}", OUTCOME_DOWN);
    entry_ends(400,
               "{'code':-1021,'msg':'Timestamp for this request is outside of the "
               "recvWindow.'}",
               OUTCOME_DOWN);
}

static void test_an_entry_past_half_its_window_is_not_sent(void **state) {
    struct kit *k = *state;
    const struct request rq = kit_request(REQUEST_BRACKET);
    k->now = KIT_T + USEC_PER_S / 2 + 1;
    kit_begin(k, &rq);
    kit_ends(k, OUTCOME_LATE, 0);
}

/* The venue's word on one order. */
#define GET_ORDER(id, coid, side, status, qty, done, quote)                                        \
    "{'symbol':'BTCUSDT','orderId':" id ",'orderListId':7,'clientOrderId':'" coid                  \
    "','price':'50000.25','origQty':'" qty "','executedQty':'" done                                \
    "','cummulativeQuoteQty':'" quote "','status':'" status                                        \
    "','timeInForce':'FOK','type':'LIMIT','side':'" side                                           \
    "','stopPrice':'0.0','time':1785000000321,'updateTime':1785000000322,'isWorking':true}"

static void test_a_duplicate_means_that_the_original_lives_and_is_looked_at(void **state) {
    struct kit *k = *state;
    begin_bracket(k);
    kit_gives(k, 400, "{'code':-2010,'msg':'Duplicate order sent.'}");
    kit_sends(k, "GET", "/api/v3/order", "origClientOrderId=" KIT_ENTRY);
    kit_gives(k, 200, GET_ORDER("100", KIT_ENTRY, "BUY", "FILLED", "1.5", "1.5", "75000"));
    kit_sends(k, "GET", "/api/v3/order", "origClientOrderId=" KIT_STOP);
    kit_gives(k, 200, GET_ORDER("101", KIT_STOP, "SELL", "NEW", "1.5", "0", "0"));
    kit_sends(k, "GET", "/api/v3/order", "origClientOrderId=" KIT_TARGET);
    kit_gives(k, 200, GET_ORDER("102", KIT_TARGET, "SELL", "NEW", "1.5", "0", "0"));
    kit_sends(k, "GET", "/api/v3/myTrades", "orderId=100&");
    kit_gives(k, 200,
              "[{'symbol':'BTCUSDT','id':57,'orderId':100,'price':'50000','qty':'1.5','quoteQty':"
              "'75000','commission':'0.0015','commissionAsset':'BTC','time':1785000000321}]");
    kit_ends(k, OUTCOME_DONE, 3);
    kit_report(k, 0, KIT_ENTRY, ORDER_ST_FILLED, 150000000, 7500000000000);
    kit_fill(k, 0, "57", 150000000, 5000000000000, 7500000000000, 150000);
    kit_report(k, 1, KIT_STOP, ORDER_ST_OPEN, 0, 0);
    kit_report(k, 2, KIT_TARGET, ORDER_ST_OPEN, 0, 0);
}

static void test_a_duplicate_that_is_not_found_is_unknown(void **state) {
    struct kit *k = *state;
    begin_bracket(k);
    kit_gives(k, 400, "{'code':-2010,'msg':'Duplicate order sent.'}");
    kit_sends(k, "GET", "/api/v3/order", "origClientOrderId=" KIT_ENTRY);
    kit_gives(k, 400, "{'code':-2013,'msg':'Order does not exist.'}");
    kit_sends(k, "GET", "/api/v3/order", "origClientOrderId=" KIT_STOP);
    kit_fails(k, HTTP_LOST);
    kit_ends(k, OUTCOME_UNKNOWN, 0);
}

/* -- protection ---------------------------------------------------------------------------- */

static void test_protection_is_an_oco_of_two_market_triggers(void **state) {
    struct kit *k = *state;
    const struct request rq = kit_request(REQUEST_PROTECT);
    kit_begin(k, &rq);
    kit_sends(k, "POST", "/api/v3/orderList/oco",
              "side=SELL& quantity=1.5& aboveType=TAKE_PROFIT& aboveStopPrice=52000& "
              "belowType=STOP_LOSS& belowStopPrice=49000& aboveClientOrderId=" KIT_TARGET
              " belowClientOrderId=" KIT_STOP " listClientOrderId=" KIT_LIST);
    kit_gives(
        k, 200,
        LIST("'" KIT_LIST "'",
             ORDER("201", KIT_STOP, "SELL", "STOP_LOSS", "NEW", "1.5", "0", "0", "") "," ORDER(
                 "202", KIT_TARGET, "SELL", "TAKE_PROFIT", "NEW", "1.5", "0", "0", "")));
    kit_ends(k, OUTCOME_DONE, 2);
    kit_report(k, 0, KIT_STOP, ORDER_ST_OPEN, 0, 0);
    kit_report(k, 1, KIT_TARGET, ORDER_ST_OPEN, 0, 0);
}

static void test_protection_that_would_trigger_at_once_is_rejected(void **state) {
    struct kit *k = *state;
    const struct request rq = kit_request(REQUEST_PROTECT);
    kit_begin(k, &rq);
    kit_sends(k, "POST", "/api/v3/orderList/oco", "");
    kit_gives(k, 400, "{'code':-2010,'msg':'Order would trigger immediately.'}");
    kit_ends(k, OUTCOME_REJECTED, 0);
}

static void test_protection_of_another_size_is_unknown(void **state) {
    struct kit *k = *state;
    const struct request rq = kit_request(REQUEST_PROTECT);
    kit_begin(k, &rq);
    kit_sends(k, "POST", "/api/v3/orderList/oco", "");
    kit_gives(
        k, 200,
        LIST("'" KIT_LIST "'",
             ORDER("201", KIT_STOP, "SELL", "STOP_LOSS", "NEW", "1.4", "0", "0", "") "," ORDER(
                 "202", KIT_TARGET, "SELL", "TAKE_PROFIT", "NEW", "1.5", "0", "0", "")));
    kit_ends(k, OUTCOME_UNKNOWN, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_KIT(test_a_filled_entry_reports_its_fills_with_rising_totals),
        WITH_KIT(test_a_symbol_without_opo_gets_an_otoco_with_room_for_commission),
        WITH_KIT(test_a_symbol_without_lists_is_refused_before_anything_is_sent),
        WITH_KIT(test_a_short_is_refused_with_its_reason),
        WITH_KIT(test_a_fok_that_found_nothing_is_expired_with_its_legs),
        WITH_KIT(test_an_ioc_entry_that_filled_in_part_is_expired_with_what_it_got),
        WITH_KIT(test_fills_that_did_not_come_along_are_asked_for),
        WITH_KIT(test_fills_that_stay_away_leave_the_totals),
        cmocka_unit_test(test_what_does_not_say_what_happened_is_unknown),
        cmocka_unit_test(test_an_answer_that_lacks_something_or_contradicts_is_unknown),
        WITH_KIT(test_a_refusal_for_its_content_is_rejected_with_the_venues_words),
        cmocka_unit_test(test_what_was_certainly_not_executed_is_down),
        WITH_KIT(test_an_entry_past_half_its_window_is_not_sent),
        WITH_KIT(test_a_duplicate_means_that_the_original_lives_and_is_looked_at),
        WITH_KIT(test_a_duplicate_that_is_not_found_is_unknown),
        WITH_KIT(test_protection_is_an_oco_of_two_market_triggers),
        WITH_KIT(test_protection_that_would_trigger_at_once_is_rejected),
        WITH_KIT(test_protection_of_another_size_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
