/* binance: questions, snapshots and the user data stream, the test being the venue. */
#include "binancekit.h"

#define GET_ORDER(id, coid, side, status, done, quote)                                             \
    "{'symbol':'BTCUSDT','orderId':" id ",'orderListId':7,'clientOrderId':'" coid                  \
    "','price':'50000.25','origQty':'1.5','executedQty':'" done "','cummulativeQuoteQty':'" quote  \
    "','status':'" status "','timeInForce':'FOK','type':'LIMIT','side':'" side                     \
    "','stopPrice':'0.0','time':1785000000321,'updateTime':1785000000322,'isWorking':true}"
#define TRADE(id, order, price, qty, quote, fee, asset)                                            \
    "{'symbol':'BTCUSDT','id':" id ",'orderId':" order ",'orderListId':7,'price':'" price          \
    "','qty':'" qty "','quoteQty':'" quote "','commission':'" fee "','commissionAsset':'" asset    \
    "','time':1785000000330,'isBuyer':true,'isMaker':false,'isBestMatch':true}"

static void ask(struct kit *k, leg which) {
    const struct request rq = kit_query(which);
    kit_begin(k, &rq);
    kit_sends(k, "GET", "/api/v3/order", "symbol=BTCUSDT& origClientOrderId=bfabcd-0123456789");
}

static void test_an_order_without_fills_is_one_report(void **state) {
    struct kit *k = *state;
    ask(k, LEG_STOP);
    kit_gives(k, 200, GET_ORDER("101", KIT_STOP, "SELL", "PENDING_NEW", "0.0", "0.0"));
    kit_ends(k, OUTCOME_DONE, 1);
    kit_report(k, 0, KIT_STOP, ORDER_ST_PENDING, 0, 0);
    assert_int_equal(qty_e8(k->t.reply.reports[0].qty), 150000000);
}

static void test_fills_come_in_the_order_of_their_ids(void **state) {
    struct kit *k = *state;
    ask(k, LEG_ENTRY);
    kit_gives(k, 200, GET_ORDER("100", KIT_ENTRY, "BUY", "FILLED", "1.5", "75000.5"));
    kit_sends(k, "GET", "/api/v3/myTrades", "symbol=BTCUSDT& orderId=100& limit=1000&");
    kit_gives(k, 200,
              "[" TRADE("9", "100", "50001", "0.5", "25000.5", "0.0005",
                        "BTC") "," TRADE("8", "100", "50000", "1.0", "50000", "0.02", "BNB") "]");
    kit_ends(k, OUTCOME_DONE, 2);
    kit_report(k, 0, KIT_ENTRY, ORDER_ST_PART, 100000000, 5000000000000);
    kit_fill(k, 0, "8", 100000000, 5000000000000, 5000000000000, 2000000);
    assert_string_equal(k->t.reply.reports[0].fee_asset, "BNB");
    assert_false(k->t.reply.reports[0].fee_in_base);
    kit_report(k, 1, KIT_ENTRY, ORDER_ST_FILLED, 150000000, 7500050000000);
    assert_true(k->t.reply.reports[1].fee_in_base);
    assert_int_equal(k->t.reply.reports[1].at, INT64_C(1785000000330000));
}

static void test_a_total_that_is_not_available_is_made_of_the_trades(void **state) {
    struct kit *k = *state;
    ask(k, LEG_ENTRY);
    kit_gives(k, 200, GET_ORDER("100", KIT_ENTRY, "BUY", "FILLED", "1.5", "-1.0"));
    kit_sends(k, "GET", "/api/v3/myTrades", "");
    kit_gives(k, 200, "[" TRADE("8", "100", "50000", "1.5", "75000", "0", "BTC") "]");
    kit_ends(k, OUTCOME_DONE, 1);
    kit_report(k, 0, KIT_ENTRY, ORDER_ST_FILLED, 150000000, 7500000000000);
}

static void test_trades_that_lag_behind_are_asked_for_again_and_given_up_in_the_end(void **state) {
    struct kit *k = *state;
    for (int i = 0; i < 3; i++) {
        ask(k, LEG_ENTRY);
        kit_gives(k, 200, GET_ORDER("100", KIT_ENTRY, "BUY", "FILLED", "1.5", "75000"));
        kit_sends(k, "GET", "/api/v3/myTrades", "");
        kit_gives(k, 200,
                  i == 0 ? "[]" : "[" TRADE("8", "100", "50000", "1.0", "50000", "0", "BTC") "]");
        if (i < 2) kit_ends(k, OUTCOME_DOWN, 0);
    }
    kit_ends(k, OUTCOME_DONE, 1);
    kit_report(k, 0, KIT_ENTRY, ORDER_ST_FILLED, 150000000, 7500000000000);
    assert_false(k->t.reply.reports[0].has_fill);
}

static void test_a_live_order_may_have_got_more_since_it_was_looked_at(void **state) {
    struct kit *k = *state;
    ask(k, LEG_ENTRY);
    kit_gives(k, 200, GET_ORDER("100", KIT_ENTRY, "BUY", "PARTIALLY_FILLED", "0.5", "25000"));
    kit_sends(k, "GET", "/api/v3/myTrades", "");
    kit_gives(k, 200,
              "[" TRADE("8", "100", "50000", "0.5", "25000", "0",
                        "BTC") "," TRADE("9", "100", "50000", "1.0", "50000", "0", "BTC") "]");
    kit_ends(k, OUTCOME_DONE, 2);
    kit_report(k, 1, KIT_ENTRY, ORDER_ST_FILLED, 150000000, 7500000000000);
}

/* What the trades of an order say that cannot be: they are as good as not there. */
static void test_trades_that_cannot_be_are_not_believed(void **state) {
    (void)state;
    static const char *const bad[] = {
        "[" TRADE("8", "100", "50000", "2.0", "100000", "0", "BTC") "]",  /* too much */
        "[" TRADE("8", "100", "50000", "1.5", "70000", "0", "BTC") "]",   /* another total */
        "[" TRADE("8", "101", "50000", "1.5", "75000", "0", "BTC") "]",   /* another order */
        "[" TRADE("8", "100", "50000", "1.5", "75000", "1.6", "BTC") "]", /* all commission */
        "[" TRADE("8", "100", "50000", "1.5", "75000", "-1", "BTC") "]",
        "[" TRADE("8", "100", "0", "1.5", "75000", "0", "BTC") "]",
        "[" TRADE("8", "100", "50000", "0.75", "37500", "0", "BTC") "," TRADE(
            "8", "100", "50000", "0.75", "37500", "0", "BTC") "]", /* one twice */
        "[" TRADE("8.5", "100", "50000", "1.5", "75000", "0", "BTC") "]",
        "{}",
        "[7]",
        "[",
        "",
    };
    for (ptrdiff_t i = 0; i < COUNT_OF(bad); i++) {
        struct kit *k = kit_open();
        ask(k, LEG_ENTRY);
        kit_gives(k, 200, GET_ORDER("100", KIT_ENTRY, "BUY", "FILLED", "1.5", "75000"));
        kit_sends(k, "GET", "/api/v3/myTrades", "");
        kit_gives(k, 200, bad[i]);
        kit_ends(k, OUTCOME_DOWN, 0);
        kit_close(k);
    }
}

static void test_an_order_that_is_not_found_is_reported_absent(void **state) {
    struct kit *k = *state;
    ask(k, LEG_ENTRY);
    kit_gives(k, 400, "{'code':-2013,'msg':'Order does not exist.'}");
    kit_ends(k, OUTCOME_DONE, 1);
    kit_report(k, 0, KIT_ENTRY, ORDER_ST_ABSENT, 0, 0);
    assert_string_equal(k->t.reply.reports[0].text, "-2013 Order does not exist.");
}

static void ask_for_proof(struct kit *k) {
    struct request rq = kit_query(LEG_ENTRY);
    rq.order_at = k->now - rq.recv_window - 10 * USEC_PER_S;
    kit_begin(k, &rq);
    kit_sends(k, "GET", "/api/v3/order", "symbol=BTCUSDT& origClientOrderId=bfabcd-0123456789");
    kit_gives(k, 400, "{'code':-2013,'msg':'Order does not exist.'}");
    kit_sends(k, "GET", "/api/v3/allOrders", "symbol=BTCUSDT& startTime= limit=1000");
}

/* Look-ups can lag behind: when the order's own request can no longer arrive, one that does not
 * find it is no proof by itself. */
static void test_where_absence_counts_the_list_of_orders_has_to_lack_it_too(void **state) {
    struct kit *k = *state;
    ask_for_proof(k);
    kit_gives(k, 200, "[]");
    kit_ends(k, OUTCOME_DONE, 1);
    kit_report(k, 0, KIT_ENTRY, ORDER_ST_ABSENT, 0, 0);
}

static void test_an_order_that_only_the_list_knows_is_there(void **state) {
    struct kit *k = *state;
    ask_for_proof(k);
    kit_gives(k, 200,
              "[" GET_ORDER("99", "another", "BUY", "CANCELED", "1.5", "0.0") "," GET_ORDER(
                  "100", KIT_ENTRY, "BUY", "EXPIRED", "0.0", "0.0") "]");
    kit_ends(k, OUTCOME_DONE, 1);
    kit_report(k, 0, KIT_ENTRY, ORDER_ST_EXPIRED, 0, 0);
}

static void test_a_list_that_does_not_come_proves_nothing(void **state) {
    struct kit *k = *state;
    ask_for_proof(k);
    kit_gives(k, 503, "<html>");
    kit_ends(k, OUTCOME_DOWN, 0);
}

static void test_an_archived_order_ended_without_a_fill(void **state) {
    struct kit *k = *state;
    ask(k, LEG_ENTRY);
    kit_gives(k, 400, "{'code':-2026,'msg':'Order was canceled or expired with no executed qty.'}");
    kit_ends(k, OUTCOME_DONE, 1);
    kit_report(k, 0, KIT_ENTRY, ORDER_ST_EXPIRED, 0, 0);
}

/* A question's outcome by what came back. */
static void question_ends(int status, const char *json, outcome o) {
    struct kit *k = kit_open();
    ask(k, LEG_ENTRY);
    kit_gives(k, status, json);
    kit_ends(k, o, 0);
    kit_close(k);
}

static void test_a_question_without_an_answer_is_asked_again(void **state) {
    (void)state;
    struct kit *k = kit_open();
    ask(k, LEG_ENTRY);
    kit_fails(k, HTTP_LOST);
    kit_ends(k, OUTCOME_DOWN, 0);
    kit_close(k);
    question_ends(502, "<html>", OUTCOME_DOWN);
    question_ends(500, "{'code':-2013,'msg':'Order does not exist.'}", OUTCOME_DOWN);
    question_ends(401, "{'code':-2013,'msg':'Order does not exist.'}", OUTCOME_REJECTED);
    question_ends(404, "not here", OUTCOME_DOWN);
}

static void test_an_answer_about_another_order_is_none(void **state) {
    (void)state;
    question_ends(200, GET_ORDER("100", KIT_STOP, "BUY", "NEW", "0", "0"), OUTCOME_DOWN);
    question_ends(200, GET_ORDER("100", KIT_ENTRY, "SELL", "NEW", "0", "0"), OUTCOME_DOWN);
    question_ends(200, GET_ORDER("0", KIT_ENTRY, "BUY", "NEW", "0", "0"), OUTCOME_DOWN);
    question_ends(200,
                  "{'symbol':'ETHUSDT','orderId':1,'clientOrderId':'" KIT_ENTRY
                  "','origQty':'1','executedQty':'0','cummulativeQuoteQty':'0','status':'NEW',"
                  "'side':'BUY'}",
                  OUTCOME_DOWN);
    question_ends(200,
                  "{'symbol':'BTCUSDT','symbol':'BTCUSDT','orderId':1,'clientOrderId':'" KIT_ENTRY
                  "','origQty':'1','executedQty':'0','cummulativeQuoteQty':'0','status':'NEW',"
                  "'side':'BUY'}",
                  OUTCOME_DOWN);
}

/* -- snapshots ----------------------------------------------------------------------------- */

static void test_a_snapshot_is_open_orders_and_balances(void **state) {
    struct kit *k = *state;
    struct request rq = {.kind = REQUEST_SNAPSHOT, .id = 5, .trade_id = 9, .sym = SYM_NONE};
    const usec asked = k->now;
    kit_begin(k, &rq);
    kit_sends(k, "GET", "/api/v3/openOrders", "recvWindow=1000&timestamp=");
    kit_gives(
        k, 200,
        "[{'symbol':'LTCUSDT','orderId':5,'clientOrderId':'web_1','origQty':'2','executedQty':"
        "'0','cummulativeQuoteQty':'0','status':'NEW','type':'NEW_KIND','side':'BUY'},"
        "{'symbol':'LTCUSDT','orderId':6,'clientOrderId':'web_2','status':'NEW_STATUS'}," GET_ORDER(
            "101", KIT_STOP, "SELL", "NEW", "0", "0") "]");
    kit_sends(k, "GET", "/api/v3/account", "omitZeroBalances=true&");
    kit_gives(k, 200,
              "{'makerCommission':0,'balances':[{'asset':'BTC','free':'1.5','locked':'0.25'},"
              "{'asset':'SHIB','free':'18446744073.00','locked':'0.00'},"
              "{'asset':'PEPE','free':'123456789012345.00','locked':'0.00'},"
              "{'asset':'A_COIN_WITH_A_LONG_NAME','free':'1.00','locked':'0.00'},"
              "{'asset':'XYZ','free':'0.00','locked':'0.00'}]}");
    kit_ends(k, OUTCOME_DONE, 0);
    const struct snapshot *s = k->t.reply.snapshot;
    assert_non_null(s);
    assert_true(s->at >= asked && s->at <= k->now);
    assert_false(s->truncated || s->balances_cut);
    assert_int_equal(s->order_count, 3);
    assert_string_equal(s->orders[0].report.coid, KIT_STOP); /* ours first */
    assert_int_equal(s->orders[0].report.sym, KIT_BTC);
    assert_int_equal(s->orders[0].side, ORDER_SELL);
    assert_string_equal(s->orders[1].report.coid, "web_1");
    assert_int_equal(s->orders[1].report.sym, SYM_NONE);
    assert_string_equal(s->orders[2].report.coid, "web_2");
    assert_int_equal(s->balance_count, 3);
    assert_string_equal(s->balances[0].asset, "BTC");
    assert_int_equal(s->balances[0].free_e8, 150000000);
    assert_int_equal(s->balances[0].locked_e8, 25000000);
    assert_int_equal(s->balances[1].free_e8, AMOUNT_E8_MAX);
    assert_int_equal(s->balances[2].free_e8, AMOUNT_E8_MAX);
}

static void test_a_snapshot_with_an_order_of_ours_that_cannot_be_read_is_none(void **state) {
    struct kit *k = *state;
    struct request rq = {.kind = REQUEST_SNAPSHOT, .id = 5, .trade_id = 9};
    kit_begin(k, &rq);
    kit_sends(k, "GET", "/api/v3/openOrders", "");
    kit_gives(k, 200, "[{'symbol':'BTCUSDT','orderId':5,'clientOrderId':'" KIT_STOP "'}]");
    kit_ends(k, OUTCOME_DOWN, 0);
    assert_null(k->t.reply.snapshot);
}

static void test_more_open_orders_of_ours_than_fit_are_told(void **state) {
    struct kit *k = *state;
    struct request rq = {.kind = REQUEST_SNAPSHOT, .id = 5, .trade_id = 9};
    struct buf b;
    buf_init(&b, sizeof k->body - 1);
    buf_put_byte(&b, '[');
    for (int i = 0; i <= SNAPSHOT_ORDERS_MAX; i++)
        buf_printf(&b, "%s" GET_ORDER("101", KIT_STOP, "SELL", "NEW", "0", "0"), i > 0 ? "," : "");
    buf_put_byte(&b, ']');
    assert_false(buf_full(&b));
    kit_begin(k, &rq);
    kit_sends(k, "GET", "/api/v3/openOrders", "");
    kit_gives(k, 200, buf_z(&b));
    kit_sends(k, "GET", "/api/v3/account", "");
    kit_gives(k, 200, "{'balances':[]}");
    kit_ends(k, OUTCOME_DONE, 0);
    assert_true(k->t.reply.snapshot->truncated);
    buf_fini(&b);
}

static void test_more_open_orders_of_strangers_than_fit_are_cut(void **state) {
    struct kit *k = *state;
    struct request rq = {.kind = REQUEST_SNAPSHOT, .id = 5, .trade_id = 9};
    struct buf b;
    buf_init(&b, sizeof k->body - 1);
    buf_put_byte(&b, '[');
    for (int i = 0; i < SNAPSHOT_ORDERS_MAX + 3; i++)
        buf_printf(&b, "{'symbol':'LTCUSDT','clientOrderId':'web_%d'},", i);
    buf_put(&b, STR(GET_ORDER("101", KIT_STOP, "SELL", "NEW", "0", "0") "]"));
    assert_false(buf_full(&b));
    kit_begin(k, &rq);
    kit_sends(k, "GET", "/api/v3/openOrders", "");
    kit_gives(k, 200, buf_z(&b));
    kit_sends(k, "GET", "/api/v3/account", "");
    kit_gives(k, 200, "{'balances':[]}");
    kit_ends(k, OUTCOME_DONE, 0);
    assert_false(k->t.reply.snapshot->truncated);
    assert_int_equal(k->t.reply.snapshot->order_count, SNAPSHOT_ORDERS_MAX);
    assert_string_equal(k->t.reply.snapshot->orders[0].report.coid, KIT_STOP);
    buf_fini(&b);
}

/* -- user data ----------------------------------------------------------------------------- */

static int event(struct kit *k, const char *json, struct report *ret, struct error *err) {
    const struct http_answer a = kit_answer(k, 200, json);
    memset(ret, 0, sizeof *ret);
    *err = (struct error){0};
    return binance_user_event(k->b, a.body, ret, err);
}

#define REPORT(c, C, x, X, q, z, Z, rest)                                                          \
    "{'e':'executionReport','E':1785000000500,'s':'BTCUSDT','c':'" c                               \
    "','S':'SELL','o':'STOP_LOSS','f':'GTC','q':'" q "','p':'0.0','P':'49000','F':'0.0','g':7,"    \
    "'C':'" C "','x':'" x "','X':'" X "','i':101,'z':'" z "','Z':'" Z                              \
    "','T':1785000000499,'I':77,'w':true,'m':false,'O':1785000000000,'Q':'0.0','V':'NONE'," rest   \
    "}"

static void test_a_trade_is_a_report_with_its_fill(void **state) {
    struct kit *k = *state;
    struct report r;
    struct error err;
    const char *json = "{'subscriptionId':0,'event':" REPORT(
        KIT_STOP, "", "TRADE", "PARTIALLY_FILLED", "1.5", "0.75", "36750.0",
        "'r':'NONE','l':'0.5','L':'49000.0','Y':'24500.0','n':'24.5','N':'USDT','t':61") "}";
    assert_int_equal(event(k, json, &r, &err), 1);
    assert_string_equal(r.coid, KIT_STOP);
    assert_string_equal(r.venue_id, "101");
    assert_int_equal(r.sym, KIT_BTC);
    assert_int_equal(r.state, ORDER_ST_PART);
    assert_int_equal(qty_e8(r.filled), 75000000);
    assert_int_equal(money_e8(r.quote_filled), 3675000000000);
    assert_true(r.has_fill);
    assert_string_equal(r.venue_trade_id, "61");
    assert_int_equal(qty_e8(r.fill_qty), 50000000);
    assert_int_equal(price_e8(r.fill_price), 4900000000000);
    assert_int_equal(money_e8(r.fill_quote), 2450000000000);
    assert_int_equal(r.fee_e8, 2450000000);
    assert_false(r.fee_in_base);
    assert_int_equal(r.at, INT64_C(1785000000499000));
}

static void test_a_cancel_is_named_by_the_order_it_ended(void **state) {
    struct kit *k = *state;
    struct report r;
    struct error err;
    assert_int_equal(event(k,
                           REPORT("pXLV6Hz6mprAcVYpVMTGgx", KIT_STOP, "CANCELED", "CANCELED", "1.5",
                                  "0", "0", "'r':'NONE','l':'0','n':'0','N':null,'t':-1"),
                           &r, &err),
                     1);
    assert_string_equal(r.coid, KIT_STOP);
    assert_int_equal(r.state, ORDER_ST_CANCELED);
    assert_false(r.has_fill);
}

static void test_an_expiry_says_why(void **state) {
    struct kit *k = *state;
    struct report r;
    struct error err;
    assert_int_equal(event(k,
                           REPORT(KIT_STOP, "", "EXPIRED", "EXPIRED", "1.5", "0", "0",
                                  "'r':'NONE','eR':'OCO_TRIGGER','n':'0','N':null,'t':-1"),
                           &r, &err),
                     1);
    assert_string_equal(r.text, "OCO_TRIGGER");
    assert_int_equal(event(k,
                           REPORT(KIT_STOP, "", "REJECTED", "REJECTED", "1.5", "0", "0",
                                  "'r':'INSUFFICIENT_BALANCES'"),
                           &r, &err),
                     1);
    assert_string_equal(r.text, "INSUFFICIENT_BALANCES");
    assert_int_equal(r.state, ORDER_ST_REJECTED);
}

static void test_other_events_are_passed_over(void **state) {
    struct kit *k = *state;
    struct report r;
    struct error err;
    assert_int_equal(
        event(k, "{'subscriptionId':0,'event':{'e':'listStatus','s':'BTCUSDT'}}", &r, &err), 0);
    assert_int_equal(event(k, "{'e':'outboundAccountPosition','B':[]}", &r, &err), 0);
    assert_int_equal(event(k, "{'e':'somethingNew'}", &r, &err), 0);
    assert_int_equal(event(k, "{'id':'user','status':200,'result':{'subscriptionId':0}}", &r, &err),
                     0);
}

static void test_the_end_of_the_stream_is_told_as_such(void **state) {
    struct kit *k = *state;
    struct report r;
    struct error err;
    static const char *const ends[] = {
        "{'event':{'e':'serverShutdown','E':1}}",
        "{'subscriptionId':0,'event':{'e':'eventStreamTerminated','E':1}}",
        "{'id':'user','status':401,'error':{'code':-2015,'msg':'Invalid API-key.'}}",
        "{'id':'user','status':400,'error':{'code':-1021,'msg':'Timestamp.'}}"};
    for (ptrdiff_t i = 0; i < COUNT_OF(ends); i++) {
        assert_int_equal(event(k, ends[i], &r, &err), -1);
        assert_int_equal(err.code, ERR_INTERRUPTED);
    }
    assert_int_equal(binance_clock_due(k->b), 0);
}

static void test_what_cannot_be_read_is_an_error(void **state) {
    struct kit *k = *state;
    struct report r;
    struct error err;
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "7",
        "{}",
        "{'event':7}",
        REPORT("", "", "NEW", "NEW", "1.5", "0", "0", "'r':'NONE'"),
        REPORT(KIT_STOP, "", "NEW", "SOMETHING", "1.5", "0", "0", "'r':'NONE'"),
        REPORT(KIT_STOP, "", "NEW", "FILLED", "1.5", "1.4", "7", "'r':'NONE'"),
        REPORT(KIT_STOP, "", "NEW", "NEW", "1.5", "2", "7", "'r':'NONE'"),
        REPORT(KIT_STOP, "", "TRADE", "FILLED", "1.5", "1.5", "7", "'r':'NONE'"),
        REPORT(KIT_STOP, "", "TRADE", "FILLED", "1.5", "1.5", "7",
               "'l':'2','L':'1','Y':'2','n':'0','N':null,'t':1"),
        REPORT(KIT_STOP, "", "TRADE", "FILLED", "1.5", "1.5", "7",
               "'l':'1','L':'1','Y':'1','n':'2','N':'BTC','t':1"),
        REPORT(KIT_STOP, "", "TRADE", "FILLED", "1.5", "1.5", "7",
               "'l':'1','L':'1','Y':'1','n':'2','N':null,'t':1"),
        REPORT(KIT_STOP, "", "TRADE", "FILLED", "1.5", "1.5", "7",
               "'l':'1','L':'1','Y':'1','n':'0','N':null,'t':-1"),
    };
    for (ptrdiff_t i = 0; i < COUNT_OF(bad); i++) {
        if (event(k, bad[i], &r, &err) != -1) fail_msg("taken: %s", bad[i]);
        assert_int_equal(err.code, ERR_PARSE);
        assert_true(err.msg[0] != '\0');
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_KIT(test_an_order_without_fills_is_one_report),
        WITH_KIT(test_fills_come_in_the_order_of_their_ids),
        WITH_KIT(test_a_total_that_is_not_available_is_made_of_the_trades),
        WITH_KIT(test_trades_that_lag_behind_are_asked_for_again_and_given_up_in_the_end),
        WITH_KIT(test_a_live_order_may_have_got_more_since_it_was_looked_at),
        cmocka_unit_test(test_trades_that_cannot_be_are_not_believed),
        WITH_KIT(test_an_order_that_is_not_found_is_reported_absent),
        WITH_KIT(test_where_absence_counts_the_list_of_orders_has_to_lack_it_too),
        WITH_KIT(test_an_order_that_only_the_list_knows_is_there),
        WITH_KIT(test_a_list_that_does_not_come_proves_nothing),
        WITH_KIT(test_an_archived_order_ended_without_a_fill),
        cmocka_unit_test(test_a_question_without_an_answer_is_asked_again),
        cmocka_unit_test(test_an_answer_about_another_order_is_none),
        WITH_KIT(test_a_snapshot_is_open_orders_and_balances),
        WITH_KIT(test_a_snapshot_with_an_order_of_ours_that_cannot_be_read_is_none),
        WITH_KIT(test_more_open_orders_of_ours_than_fit_are_told),
        WITH_KIT(test_more_open_orders_of_strangers_than_fit_are_cut),
        WITH_KIT(test_a_trade_is_a_report_with_its_fill),
        WITH_KIT(test_a_cancel_is_named_by_the_order_it_ended),
        WITH_KIT(test_an_expiry_says_why),
        WITH_KIT(test_other_events_are_passed_over),
        WITH_KIT(test_the_end_of_the_stream_is_told_as_such),
        WITH_KIT(test_what_cannot_be_read_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
