/* The gate of the simulated exchange: signatures over the raw bytes, keys, time stamps, parameters,
 * weights, bans and unfilled order counts. */
#include "sim/sim_int.h"
#include "simkit.h"

#define DOCS_KEY "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
#define DOCS_SECRET "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
#define FUTURES_KEY "dbefbc809e3e83c283a984c3a1459732ea7db1360ca80c5c2c8867408d28cc83"
#define FUTURES_SECRET "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"

/* -- signatures ----------------------------------------------------------------------------- */

struct vector {
    usec at; /* server time, ms */
    const char *key, *query, *body;
};

/* The exchange of the documents' accounts at a time, asked for an order. */
static void docs_open(struct simkit *k, usec at_ms) {
    simkit_prepare(k);
    k->accounts[0].key = STR(DOCS_KEY);
    k->accounts[0].secret = STR(DOCS_SECRET);
    k->accounts[1].key = STR(FUTURES_KEY);
    k->accounts[1].secret = STR(FUTURES_SECRET);
    k->opt.start = k->now = at_ms * USEC_PER_MS + 100;
    simkit_begin(k);
}

static int64_t docs_code(struct simkit *k, const struct vector *v) {
    simkit_raw(k, &(struct sim_request){.method = STR("POST"),
                                        .path = STR("/api/v3/order"),
                                        .query = str_from_z(v->query),
                                        .body = str_from_z(v->body),
                                        .api_key = str_from_z(v->key),
                                        .peer = 1});
    const json_t *code = json_object_get(k->json, "code");
    return code ? json_integer_value(code) : 0;
}

#define LTC                                                                                        \
    "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&"      \
    "timestamp=1499827319559"
#define SPOT_1 "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
#define FUT_6                                                                                      \
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&"    \
    "timestamp=1591702613943"

static const struct vector good[] = {
    {1499827319559, DOCS_KEY, LTC "&signature=" SPOT_1, ""},
    {1499827319559, DOCS_KEY, "", LTC "&signature=" SPOT_1},
    {1499827319559, DOCS_KEY, "signature=" SPOT_1 "&" LTC, ""},
    {1499827319559, DOCS_KEY, LTC, "signature=" SPOT_1},
    {1499827319559, DOCS_KEY,
     LTC "&signature=C8DB56825AE71D6D79447849E617115F4A920FA2ACDCAB2B053C4B2838BD6B71", ""},
    {1499827319559, DOCS_KEY,
     "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT&"
     "timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559&signature="
     "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
     ""},
    {1499827319559, DOCS_KEY, "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC",
     "quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559&signature="
     "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77"},
    {1591702613943, FUTURES_KEY,
     FUT_6 "&signature=3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9", ""},
    {1591702613943, FUTURES_KEY, "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC",
     "quantity=1&price=9000&recvWindow=5000&timestamp=1591702613943&signature="
     "30baaf0fab549bbeda7f5ef201898b34122da25fd23c646cac2c529aebe670a4"},
};

static void test_the_documents_signatures_are_right_wherever_they_stand(void **state) {
    for (ptrdiff_t i = 0; i < COUNT_OF(good); i++) {
        struct simkit k;
        docs_open(&k, good[i].at);
        /* LTCBTC is not listed, BTCUSDT at 9000 is far from its price and rests */
        int64_t code = docs_code(&k, &good[i]);
        if (code != -1121 && code != 0) fail_msg("vector %d: %s", (int)i, buf_z(&k.body));
        simkit_close(&k);
    }
    (void)state;
}

static void test_what_was_not_signed_as_sent_is_refused(void **state) {
    static const struct vector bad[] = {
        {1499827319559, DOCS_KEY, LTC "&signature=" SPOT_1 "&x=1", ""},
        {1499827319559, DOCS_KEY, LTC "&signature=ab", ""},
        {1499827319559, DOCS_KEY, "x=%31&" LTC "&signature=" SPOT_1, ""},
        {1499827319559, FUTURES_KEY, LTC "&signature=" SPOT_1, ""},
    };
    for (ptrdiff_t i = 0; i < COUNT_OF(bad); i++) {
        struct simkit k;
        docs_open(&k, bad[i].at);
        docs_code(&k, &bad[i]);
        simkit_refused(&k, 400, -1022, "Signature for this request is not valid.");
        simkit_close(&k);
    }
    (void)state;
}

static void test_bytes_that_must_be_escaped_are_refused_even_when_signed(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ask(&k, "GET /api/v3/order symbol=BTC USDT&orderId=1");
    simkit_refused(&k, 400, -1022, "Signature");
    simkit_ask(&k, "GET /api/v3/order symbol=[BTCUSDT]&orderId=1");
    simkit_refused(&k, 400, -1022, "Signature");
    simkit_ask(&k, "GET /api/v3/order symbol=\xEF\xBC\x91&orderId=1");
    simkit_refused(&k, 400, -1022, "Signature");
    simkit_close(&k);
    (void)state;
}

struct ws_vector {
    const char *symbol, *price, *quantity, *side, *window, *hex;
};

static void ws_check(struct simkit *k, const struct ws_vector *v) {
    static struct sim_call c;
    sim_call_init(&c, k->ex, &k->body);
    c.ws = true;
    const char *pairs[][2] = {
        {"symbol", v->symbol},     {"side", v->side},
        {"type", "LIMIT"},         {"timeInForce", "GTC"},
        {"price", v->price},       {"quantity", v->quantity},
        {"recvWindow", v->window}, {"timestamp", "1645423376532"},
        {"apiKey", DOCS_KEY},      {"signature", v->hex},
    };
    for (int i = 0; i < COUNT_OF(pairs); i++) {
        c.params[c.param_count++] =
            (struct sim_param){.name = str_from_z(pairs[i][0]), .value = str_from_z(pairs[i][1])};
    }
    sim_call_run(&c, sim_route_find_ws(STR("order.place")), &(struct sim_request){.peer = 1});
    if (c.code == -1022) fail_msg("%s: %s", v->symbol, buf_z(&k->body));
}

static void test_the_websocket_signatures_sort_and_do_not_escape(void **state) {
    static const struct ws_vector vectors[] = {
        {"BTCUSDT", "52000.00", "0.01000000", "SELL", "100",
         "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"},
        {"\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x93\xEF\xBC\x94\xEF\xBC\x95\xEF\xBC\x96", "0.10000000",
         "1.00000000", "BUY", "5000",
         "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd"},
    };
    for (ptrdiff_t i = 0; i < COUNT_OF(vectors); i++) {
        struct simkit k;
        docs_open(&k, 1645423376532 - 20);
        ws_check(&k, &vectors[i]);
        simkit_close(&k);
    }
    (void)state;
}

/* -- keys and times ------------------------------------------------------------------------- */

static void test_keys_are_told_apart(void **state) {
    struct simkit k;
    simkit_open(&k);
    struct sim_request rq = {.method = STR("GET"), .path = STR("/api/v3/account"), .peer = 1};
    simkit_raw(&k, &rq);
    simkit_refused(&k, 401, -2014, "API-key format invalid.");
    rq.api_key = STR("not/a/key");
    simkit_raw(&k, &rq);
    simkit_refused(&k, 401, -2014, "API-key format invalid.");
    rq.api_key = STR("nobodysKey");
    simkit_raw(&k, &rq);
    simkit_refused(&k, 401, -2015, "Invalid API-key, IP, or permissions for action.");
    rq.api_key = STR(SIMKIT_KEY);
    simkit_raw(&k, &rq);
    simkit_refused(&k, 400, -1102, "Mandatory parameter 'signature' was not sent");
    rq.query = STR("signature=ab");
    simkit_raw(&k, &rq);
    simkit_refused(&k, 400, -1102, "Mandatory parameter 'timestamp' was not sent");
    simkit_close(&k);
    (void)state;
}

static int ask_at(struct simkit *k, usec server_ahead, int64_t window) {
    exchange_clock_set(k->ex, server_ahead);
    k->recv_window = window;
    return simkit_ask(k, "GET /api/v3/account omitZeroBalances=true");
}

static void test_time_stamps_outside_of_the_window_are_refused(void **state) {
    struct simkit k;
    simkit_open(&k);
    assert_int_equal(ask_at(&k, 5000 * USEC_PER_MS, 0), 200);
    ask_at(&k, 5001 * USEC_PER_MS, 0);
    simkit_refused(&k, 400, -1021, "Timestamp for this request is outside of the recvWindow.");
    assert_int_equal(ask_at(&k, 5001 * USEC_PER_MS, 6000), 200);
    assert_int_equal(ask_at(&k, -999 * USEC_PER_MS, 0), 200);
    ask_at(&k, -1000 * USEC_PER_MS, 0);
    simkit_refused(&k, 400, -1021,
                   "Timestamp for this request was 1000ms ahead of the server's time.");
    ask_at(&k, 0, 60001);
    simkit_refused(&k, 400, -1131, "recvWindow must be less than 60000.");
    simkit_close(&k);
    (void)state;
}

static int ask_stamp(struct simkit *k, const char *params) {
    char query[512], hex[65];
    int n = snprintf(query, sizeof query, "%s", params);
    str sig = simkit_sign(k, (str){query, n}, hex);
    n += snprintf(query + n, sizeof query - (size_t)n, "&signature=" STR_FMT, STR_ARG(sig));
    simkit_raw(k, &(struct sim_request){.method = STR("GET"),
                                        .path = STR("/api/v3/openOrders"),
                                        .query = {query, n},
                                        .api_key = STR(SIMKIT_KEY),
                                        .peer = 1});
    return k->last.status;
}

static void test_stamps_may_be_in_microseconds_and_windows_have_decimals(void **state) {
    struct simkit k;
    simkit_open(&k);
    assert_int_equal(ask_stamp(&k, "symbol=BTCUSDT&timestamp=1800000000000000"), 200);
    exchange_clock_set(k.ex, 1500);
    assert_int_equal(ask_stamp(&k, "timestamp=1800000000000000&recvWindow=1.5"), 200);
    ask_stamp(&k, "timestamp=1800000000000000&recvWindow=1.499");
    simkit_refused(&k, 400, -1021, "Timestamp for this request is outside");
    ask_stamp(&k, "timestamp=1800000000000000&recvWindow=1.4999");
    simkit_refused(&k, 400, -1111, "Parameter 'recvWindow' has too much precision.");
    ask_stamp(&k, "timestamp=18e11");
    simkit_refused(&k, 400, -1100, "Illegal characters found in parameter 'timestamp'");
    simkit_close(&k);
    (void)state;
}

/* -- parameters ----------------------------------------------------------------------------- */

#define NEW_LIMIT "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&"

static const struct {
    const char *ask;
    int code;
    const char *text;
} wrong[] = {
    {"GET /api/v3/order symbol=BTCUSDT&symbol=BTCUSDT&orderId=1", -1101, "Duplicate values"},
    {"GET /api/v3/order symbol=&orderId=1", -1105, "Parameter 'symbol' was empty."},
    {"GET /api/v3/order symbol=BTCUSDT&orderId=1&foo=1", -1104,
     "Not all sent parameters were read; read '4' parameter(s) but was sent '5'."},
    {"GET /api/v3/order symbol=BTCUSDT", -1102,
     "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"},
    {"GET /api/v3/order orderId=1", -1102,
     "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."},
    {"GET /api/v3/order symbol=btcusdt&orderId=1", -1100,
     "Illegal characters found in parameter 'symbol'; legal range is "
     "'^[\\w\\-._&&[^a-z]]{1,50}$'."},
    {"GET /api/v3/order symbol=NOPE&orderId=1", -1121, "Invalid symbol."},
    {"GET /api/v3/order symbol=BTCUSDT&orderId=1%20", -1100, "Illegal characters found in param"},
    {"GET /api/v3/order symbol=BTCUSDT&orderId=99999999999999999999", -1108,
     "Parameter 'orderId' overflowed."},
    {"GET /api/v3/order symbol=BTCUSDT&orderId=%zz", -1100, "Illegal characters found in a par"},
    {NEW_LIMIT "quantity=1e-5&price=1", -1100,
     "Illegal characters found in parameter 'quantity'; legal range is "
     "'^([0-9]{1,20})(\\.[0-9]{1,20})?$'."},
    {NEW_LIMIT "quantity=-1&price=1", -1100, "Illegal characters found in parameter 'quantity'"},
    {NEW_LIMIT "quantity=0.123456789&price=1", -1111,
     "Parameter 'quantity' has too much precision."},
    {NEW_LIMIT "quantity=99999999999&price=1", -1108, "Parameter 'quantity' overflowed."},
    {NEW_LIMIT "quantity=0&price=1", -1013, "Invalid quantity."},
    {NEW_LIMIT "quantity=1&price=1&newClientOrderId=a.b", -1100,
     "Illegal characters found in parameter 'newClientOrderId'; legal range is "
     "'^[a-zA-Z0-9-_]{1,36}$'."},
    {NEW_LIMIT "quantity=1&price=1&newClientOrderId=1234567890123456789012345678901234567", -1100,
     "Illegal characters found in parameter 'newClientOrderId'"},
    {NEW_LIMIT "quantity=1&price=1&stopPrice=1", -1106,
     "Parameter 'stopPrice' sent when not required."},
    {NEW_LIMIT "quantity=1", -1102, "Mandatory parameter 'price' was not sent"},
    {NEW_LIMIT "quantity=1&price=1&strategyType=999999", -1134, "strategyType was less than"},
    {NEW_LIMIT "quantity=1&price=1&selfTradePreventionMode=TRANSFER", -1013,
     "This symbol does not allow the specified self-trade prevention mode."},
    {"POST /api/v3/order symbol=BTCUSDT&side=BUY&type=MARKET", -1102,
     "Param 'quantity' or 'quoteOrderQty' must be sent"},
    {"POST /api/v3/order symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&timeInForce=GTC", -1106,
     "Parameter 'timeInForce' sent when not required."},
    {"POST /api/v3/order symbol=BTCUSDT&side=UP&type=MARKET&quantity=1", -1117, "Invalid side."},
    {"POST /api/v3/order symbol=BTCUSDT&side=BUY&type=MARKT&quantity=1", -1116,
     "Invalid orderType."},
    {"POST /api/v3/order symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTD&quantity=1&price=1",
     -1115, "Invalid timeInForce."},
    {"POST /api/v3/order symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=1", -1102,
     "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!"},
    {"DELETE /api/v3/order symbol=BTCUSDT&orderId=1&cancelRestrictions=NO", -1145,
     "Invalid cancelRestrictions"},
    {"GET /api/v3/allOrders symbol=BTCUSDT&startTime=1000000000000&endTime=1000086400001", -1127,
     "More than 24 hours between startTime and endTime."},
    {"GET /api/v3/myTrades symbol=BTCUSDT&startTime=1000000000000&orderId=1", -1128,
     "Combination of optional parameters invalid."},
    {"POST /api/v3/sor/order symbol=BTCUSDT&side=BUY", -1020, "This operation is not supported."},
};

static void test_wrong_parameters_are_named(void **state) {
    struct simkit k;
    simkit_open(&k);
    for (ptrdiff_t i = 0; i < COUNT_OF(wrong); i++) {
        simkit_ask(&k, wrong[i].ask);
        if (!k.json || json_integer_value(json_object_get(k.json, "code")) != wrong[i].code) {
            fail_msg("%s: %s", wrong[i].ask, buf_z(&k.body));
        }
        simkit_refused(&k, 400, wrong[i].code, wrong[i].text);
    }
    simkit_close(&k);
    (void)state;
}

static void test_the_query_wins_over_the_body(void **state) {
    struct simkit k;
    simkit_open(&k);
    char hex[65];
    str query = STR("symbol=BTCUSDT&timestamp=1800000000000"), body = STR("symbol=NOPE&orderId=1"),
        pieces[2] = {query, body};
    uint8_t mac[32];
    struct sim_mac *m = sim_mac_new(k.accounts[0].secret);
    sim_mac_of(m, pieces, 2, mac);
    sim_mac_free(m);
    char whole[256];
    int n = snprintf(whole, sizeof whole, STR_FMT "&signature=" STR_FMT, STR_ARG(body),
                     STR_ARG(hex_format(mac, 32, hex)));
    simkit_raw(&k, &(struct sim_request){.method = STR("GET"),
                                         .path = STR("/api/v3/order"),
                                         .query = query,
                                         .body = {whole, n},
                                         .api_key = STR(SIMKIT_KEY)});
    simkit_refused(&k, 400, -2013, "Order does not exist.");
    simkit_close(&k);
    (void)state;
}

static void test_unknown_paths_are_404(void **state) {
    struct simkit k;
    simkit_open(&k);
    assert_int_equal(simkit_get(&k, "/api/v3/nothing", ""), 404);
    assert_int_equal(simkit_int(&k, "code"), -5000);
    assert_int_equal(simkit_get(&k, "/api/v3/order/test", ""), 405);
    simkit_close(&k);
    (void)state;
}

/* -- limits --------------------------------------------------------------------------------- */

static void test_weights_add_up_within_a_minute(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_get(&k, "/api/v3/ping", "");
    assert_int_equal(k.last.used_weight, 1);
    simkit_ok(&k, "GET /api/v3/account ");
    assert_int_equal(k.last.used_weight, 21);
    simkit_ok(&k, NEW_LIMIT "quantity=1&price=40000"); /* free when it succeeds */
    assert_int_equal(k.last.used_weight, 21);
    simkit_ask(&k, NEW_LIMIT "quantity=1&price=-1");
    assert_int_equal(k.last.used_weight, 22);
    simkit_ok(&k, "GET /api/v3/openOrders ");
    assert_int_equal(k.last.used_weight, 102);
    simkit_ok(&k, "GET /api/v3/myTrades symbol=BTCUSDT&orderId=1");
    assert_int_equal(k.last.used_weight, 107);
    k.now += USEC_PER_MIN;
    simkit_get(&k, "/api/v3/ping", "");
    assert_int_equal(k.last.used_weight, 1);
    simkit_close(&k);
    (void)state;
}

static void test_who_goes_on_over_the_limit_is_banned_for_longer_each_time(void **state) {
    struct simkit k;
    simkit_prepare(&k);
    k.opt.weight_limit = 25;
    simkit_begin(&k);
    k.now += 10 * USEC_PER_S;
    simkit_ok(&k, "GET /api/v3/account ");
    simkit_ask(&k, "GET /api/v3/account ");
    simkit_refused(
        &k, 429, -1003,
        "Too much request weight used; current limit is 25 request weight per 1 MINUTE.");
    assert_int_equal(k.last.retry_after_s, 50);
    for (int i = 0; i < 30 && k.last.status == 429; i++) simkit_ask(&k, "GET /api/v3/account ");
    simkit_refused(&k, 418, -1003, "Way too much request weight used; IP banned until ");
    assert_int_equal(k.last.retry_after_s, 120);
    simkit_get(&k, "/api/v3/ping", "");
    assert_int_equal(k.last.status, 418);
    k.now += 121 * USEC_PER_S;
    simkit_ok(&k, "GET /api/v3/account ");
    simkit_ask(&k, "GET /api/v3/account ");
    assert_int_equal(k.last.status, 429);
    for (int i = 0; i < 30 && k.last.status == 429; i++) simkit_ask(&k, "GET /api/v3/account ");
    assert_int_equal(k.last.status, 418);
    assert_int_equal(k.last.retry_after_s, 480);
    simkit_close(&k);
    (void)state;
}

static void test_unfilled_orders_are_counted_and_fills_give_back(void **state) {
    struct simkit k;
    simkit_prepare(&k);
    k.opt.orders_10s = 3;
    simkit_begin(&k);
    simkit_ok(&k, NEW_LIMIT "quantity=1&price=40000");
    assert_int_equal(k.last.orders_10s, 1);
    simkit_ok(&k, NEW_LIMIT "quantity=1&price=40001");
    assert_int_equal(k.last.orders_10s, 2);
    simkit_ok(&k, "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.001");
    simkit_ok(&k, "GET /api/v3/rateLimit/order ");
    assert_int_equal(json_integer_value(simkit_at(json_array_get(k.json, 0), "count")), 2);
    simkit_ok(&k, NEW_LIMIT "quantity=1&price=40002");
    simkit_ask(&k, NEW_LIMIT "quantity=1&price=40003");
    simkit_refused(&k, 429, -1015, "Too many new orders; current limit is 3 orders per 10 SECOND.");
    assert_int_equal(k.last.retry_after_s, 10);
    k.now += 10 * USEC_PER_S;
    simkit_ok(&k, NEW_LIMIT "quantity=1&price=40003");
    assert_int_equal(k.last.orders_10s, 1);
    simkit_close(&k);
    (void)state;
}

static void test_a_refused_order_does_not_count(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ask(&k, NEW_LIMIT "quantity=8999&price=40000");
    simkit_refused(&k, 400, -2010, "Account has insufficient balance for requested action.");
    assert_int_equal(k.last.orders_10s, -1);
    simkit_ok(&k, NEW_LIMIT "quantity=1&price=40000");
    assert_int_equal(k.last.orders_10s, 1);
    simkit_close(&k);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_documents_signatures_are_right_wherever_they_stand),
        cmocka_unit_test(test_what_was_not_signed_as_sent_is_refused),
        cmocka_unit_test(test_bytes_that_must_be_escaped_are_refused_even_when_signed),
        cmocka_unit_test(test_the_websocket_signatures_sort_and_do_not_escape),
        cmocka_unit_test(test_keys_are_told_apart),
        cmocka_unit_test(test_time_stamps_outside_of_the_window_are_refused),
        cmocka_unit_test(test_stamps_may_be_in_microseconds_and_windows_have_decimals),
        cmocka_unit_test(test_wrong_parameters_are_named),
        cmocka_unit_test(test_the_query_wins_over_the_body),
        cmocka_unit_test(test_unknown_paths_are_404),
        cmocka_unit_test(test_weights_add_up_within_a_minute),
        cmocka_unit_test(test_who_goes_on_over_the_limit_is_banned_for_longer_each_time),
        cmocka_unit_test(test_unfilled_orders_are_counted_and_fills_give_back),
        cmocka_unit_test(test_a_refused_order_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
