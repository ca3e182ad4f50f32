/* binance_sign: the known signatures of Binance's documentation, and the bytes of our own queries.
 */
#include "binancekit.h"

#define FUTURES_KEY "dbefbc809e3e83c283a984c3a1459732ea7db1360ca80c5c2c8867408d28cc83"
#define FUTURES_SECRET "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"

static const struct vector {
    const char *name, *payload, *signature;
    bool futures;
} vectors[] = {
    {"REST, all in query or body",
     "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
     "&timestamp=1499827319559",
     "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71", false},
    {"REST, percent-encoded symbol",
     "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT"
     "&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
     "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3", false},
    {"REST, query and body joined without a separator",
     "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTCquantity=1&price=0.1&recvWindow=5000"
     "&timestamp=1499827319559",
     "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77", false},
    {"WebSocket API",
     "apiKey=" KIT_KEY "&price=52000.00&quantity=0.01000000&recvWindow=100&side=SELL"
     "&symbol=BTCUSDT&timeInForce=GTC&timestamp=1645423376532&type=LIMIT",
     "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24", false},
    {"WebSocket API, raw UTF-8",
     "apiKey=" KIT_KEY "&price=0.10000000&quantity=1.00000000&recvWindow=5000&side=BUY&symbol="
     "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x93\xef\xbc\x94\xef\xbc\x95\xef\xbc\x96"
     "&timeInForce=GTC&timestamp=1645423376532&type=LIMIT",
     "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd", false},
    {"futures",
     "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000"
     "&timestamp=1591702613943",
     "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9", true},
    {"futures, query and body",
     "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTCquantity=1&price=9000&recvWindow=5000"
     "&timestamp=1591702613943",
     "30baaf0fab549bbeda7f5ef201898b34122da25fd23c646cac2c529aebe670a4", true},
};

static void test_the_known_signatures_hold(void **state) {
    (void)state;
    struct kit *spot = kit_open();
    struct binance *futures = NULL;
    struct error err = {0};
    const struct binance_options opt = {.symbols = &spot->table,
                                        .key = STR(FUTURES_KEY),
                                        .secret = STR(FUTURES_SECRET),
                                        .install = "abcd"};
    assert_ok(binance_open(&spot->arena, &opt, &futures, &err), &err);
    for (ptrdiff_t i = 0; i < COUNT_OF(vectors); i++) {
        char got[65];
        const struct vector *v = &vectors[i];
        binance_sign(v->futures ? futures : spot->b, str_from_z(v->payload), got);
        if (strcmp(got, v->signature) != 0) fail_msg("%s: %s", v->name, got);
    }
    binance_close(futures);
    kit_close(spot);
}

static void test_a_bracket_is_one_query_in_plain_decimals(void **state) {
    struct kit *k = *state;
    const struct request rq = kit_request(REQUEST_BRACKET);
    kit_begin(k, &rq);
    kit_sends(k, "POST", "/api/v3/orderList/opoco", "");
    assert_str(str_head(k->http.query, str_find(k->http.query, STR("&signature="))),
               "symbol=BTCUSDT&listClientOrderId=" KIT_LIST "&workingType=LIMIT&workingSide=BUY"
               "&workingClientOrderId=" KIT_ENTRY "&workingPrice=50000.25&workingQuantity=1.5"
               "&workingTimeInForce=FOK&pendingSide=SELL&pendingAboveType=TAKE_PROFIT"
               "&pendingAboveClientOrderId=" KIT_TARGET "&pendingAboveStopPrice=52000"
               "&pendingBelowType=STOP_LOSS&pendingBelowClientOrderId=" KIT_STOP
               "&pendingBelowStopPrice=49000&newOrderRespType=FULL&recvWindow=1000"
               "&timestamp=1785000000000");
}

static void test_the_smallest_and_the_largest_amounts_have_no_exponent(void **state) {
    struct kit *k = *state;
    struct request rq = kit_request(REQUEST_BRACKET);
    rq.limit = price_from_e8(1);
    rq.qty = qty_from_e8(AMOUNT_E8_MAX);
    kit_begin(k, &rq);
    kit_sends(k, "POST", "/api/v3/orderList/opoco",
              "workingPrice=0.00000001& workingQuantity=9999999999.99999999&");
}

static void test_names_beyond_ascii_are_percent_encoded(void **state) {
    struct kit *k = *state;
    snprintf(k->symbols[KIT_BTC].name, SYMBOL_BYTES, "\xe6\xb5\x8b[\"+ ~");
    const struct request rq = kit_query(LEG_ENTRY);
    kit_begin(k, &rq);
    kit_sends(k, "GET", "/api/v3/order", "symbol=%E6%B5%8B%5B%22%2B%20~&");
}

static void test_an_entry_is_dated_with_its_intent_and_never_ahead(void **state) {
    struct kit *k = *state;
    struct request rq = kit_request(REQUEST_BRACKET);
    rq.signed_at = KIT_T + 999;
    k->now = KIT_T + 400 * USEC_PER_MS;
    kit_begin(k, &rq);
    kit_sends(k, "POST", "/api/v3/orderList/opoco", "timestamp=1785000000000&");
}

static void test_what_is_no_entry_is_dated_when_it_goes_out(void **state) {
    struct kit *k = *state;
    const struct request rq = kit_request(REQUEST_EXIT);
    k->now = KIT_T + 700 * USEC_PER_MS + 999;
    kit_begin(k, &rq);
    kit_sends(k, "DELETE", "/api/v3/orderList", "timestamp=1785000000700&");
}

static void test_a_window_of_microseconds_has_three_decimals(void **state) {
    struct kit *k = *state;
    struct request rq = kit_query(LEG_ENTRY);
    rq.recv_window = 1500250;
    kit_begin(k, &rq);
    kit_sends(k, "GET", "/api/v3/order", "recvWindow=1500.250&");
}

static void test_the_subscription_is_signed_over_sorted_parameters(void **state) {
    struct kit *k = *state;
    struct buf out;
    char want[65];
    buf_init(&out, 4096);
    binance_user_subscribe(k->b, KIT_T, &out);
    binance_sign(k->b, STR("apiKey=" KIT_KEY "&recvWindow=1000&timestamp=1785000000000"), want);
    assert_true(str_find(buf_str(&out), str_from_z(want)) > 0);
    assert_true(str_find(buf_str(&out), STR("\"userDataStream.subscribe.signature\"")) > 0);
    assert_true(str_find(buf_str(&out), STR("\"timestamp\":1785000000000,")) > 0);
    buf_fini(&out);
}

static void test_without_a_key_or_a_secret_nothing_opens(void **state) {
    struct kit *k = *state;
    struct binance *b = NULL;
    struct error err = {0};
    struct binance_options opt = {.symbols = &k->table, .key = STR("k"), .install = "abcd"};
    assert_fails(binance_open(&k->arena, &opt, &b, &err), &err, ERR_CONFIG);
    assert_non_null(strstr(err.msg, "secret"));
    opt.secret = STR("s");
    opt.key = STR("");
    assert_fails(binance_open(&k->arena, &opt, &b, &err), &err, ERR_CONFIG);
    assert_null(b);
    binance_close(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_known_signatures_hold),
        WITH_KIT(test_a_bracket_is_one_query_in_plain_decimals),
        WITH_KIT(test_the_smallest_and_the_largest_amounts_have_no_exponent),
        WITH_KIT(test_names_beyond_ascii_are_percent_encoded),
        WITH_KIT(test_an_entry_is_dated_with_its_intent_and_never_ahead),
        WITH_KIT(test_what_is_no_entry_is_dated_when_it_goes_out),
        WITH_KIT(test_a_window_of_microseconds_has_three_decimals),
        WITH_KIT(test_the_subscription_is_signed_over_sorted_parameters),
        WITH_KIT(test_without_a_key_or_a_secret_nothing_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
