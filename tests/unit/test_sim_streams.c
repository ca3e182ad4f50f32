/* WebSocket connections of the simulated exchange: market streams, the WebSocket API, user data,
 * and what faults do to them. No sockets: frames come out of the exchange itself. */
#include "simkit.h"

#define FRAMES_MAX 4096

struct wire { /* one connection, and what it was sent */
    struct simkit k;
    int conn;
    json_t *frames[FRAMES_MAX];
    int count;
    str pings[64]; /* payloads */
    int ping_count;
    char ping_text[64][24];
    int shut_code; /* -1: open */
};

static void drain(struct wire *w) {
    struct buf out;
    buf_init(&out, 8 << 20);
    while (w->shut_code < 0) {
        int code = -1;
        buf_clear(&out);
        const sim_frame f = exchange_ws_next(w->k.ex, w->k.now, w->conn, &out, &code);
        if (f == SIM_NOTHING) break;
        if (f == SIM_SHUT) {
            w->shut_code = code;
        } else if (f == SIM_PING) {
            assert_true(w->ping_count < 64);
            char *text = w->ping_text[w->ping_count];
            assert_true(str_copyz(buf_str(&out), text, sizeof w->ping_text[0]));
            w->pings[w->ping_count++] = str_from_z(text);
        } else {
            assert_true(w->count < FRAMES_MAX);
            w->frames[w->count] = json_loads(buf_z(&out), JSON_DECODE_ANY, NULL);
            if (!w->frames[w->count++]) fail_msg("no JSON: %s", buf_z(&out));
        }
    }
    buf_fini(&out);
}

static void forget(struct wire *w) {
    for (int i = 0; i < w->count; i++) json_decref(w->frames[i]);
    w->count = 0;
}

static struct wire *open_with(const char *path, bool walk, struct faults *faults) {
    struct wire *w = calloc(1, sizeof *w);
    struct error err = {0};
    assert_non_null(w);
    w->shut_code = -1;
    simkit_prepare(&w->k);
    if (walk) w->k.opt.next_candle = NULL;
    w->k.opt.faults = faults;
    if (!exchange_open(&w->k.boot, &w->k.opt, &w->k.ex, &err)) fail_msg("%s", err.msg);
    if (!walk) {
        simkit_price(&w->k, SIM_BTC, 50000);
        simkit_price(&w->k, SIM_ETH, 2000);
    }
    w->conn = exchange_ws_open(w->k.ex, w->k.now, str_from_z(path), 1);
    assert_true(w->conn >= 0);
    return w;
}

static struct wire *open_wire(const char *path) { return open_with(path, false, NULL); }

static void wire_close(struct wire *w) {
    forget(w);
    if (w->shut_code < 0) exchange_ws_close(w->k.ex, w->k.now, w->conn);
    simkit_close(&w->k);
    free(w);
}

/* Time goes on in steps of its own events, as a server's would; pings are answered. */
static void go_on(struct wire *w, usec by, bool pong) {
    const usec end = w->k.now + by;
    while (w->k.now < end && w->shut_code < 0) {
        w->k.now = i64_min(i64_max(exchange_next(w->k.ex), w->k.now + 1), end);
        exchange_advance(w->k.ex, w->k.now);
        const int before = w->ping_count;
        drain(w);
        for (int i = before; pong && i < w->ping_count; i++)
            exchange_ws_pong(w->k.ex, w->k.now, w->conn, w->pings[i]);
        if (w->ping_count > 60) w->ping_count = 0;
    }
}

static void say(struct wire *w, const char *text) {
    exchange_ws_message(w->k.ex, w->k.now, w->conn, str_from_z(text));
    drain(w);
}

static const json_t *last(const struct wire *w) {
    assert_true(w->count > 0);
    return w->frames[w->count - 1];
}

static void assert_text(const json_t *from, const char *key, const char *want) {
    const char *have = json_string_value(simkit_at(from, key));
    if (!have || strcmp(have, want) != 0) fail_msg("%s: %s, not %s", key, have ? have : "?", want);
}

/* Frames of an event type; *ret_last the newest. */
static int events(const struct wire *w, const char *type, const json_t **ret_last) {
    int n = 0;
    for (int i = 0; i < w->count; i++) {
        const json_t *e = w->frames[i], *inner = json_object_get(e, "event");
        if (!inner) inner = json_object_get(e, "data");
        if (!inner) inner = e;
        const char *have = json_string_value(json_object_get(inner, "e"));
        if (!have || strcmp(have, type) != 0) continue;
        if (ret_last) *ret_last = inner;
        n++;
    }
    return n;
}

/* -- market streams ------------------------------------------------------------------------ */

static void test_a_raw_stream_is_told_each_best_price(void **state) {
    struct wire *w = open_wire("/ws/btcusdt@bookTicker");
    (void)state;
    simkit_price(&w->k, SIM_BTC, 51000);
    drain(w);
    assert_int_equal(w->count, 1);
    assert_text(last(w), "s", "BTCUSDT");
    assert_null(json_object_get(last(w), "e"));
    simkit_price(&w->k, SIM_ETH, 2100);
    drain(w);
    assert_int_equal(w->count, 1);
    wire_close(w);
}

static void test_combined_streams_are_wrapped_with_their_names(void **state) {
    struct wire *w = open_wire("/stream?streams=btcusdt@trade/ethusdt%40aggTrade");
    (void)state;
    simkit_price(&w->k, SIM_BTC, 51000);
    simkit_price(&w->k, SIM_ETH, 2100);
    drain(w);
    assert_int_equal(w->count, 2);
    assert_text(w->frames[0], "stream", "btcusdt@trade");
    assert_text(simkit_at(w->frames[0], "data"), "p", "51000.00000000");
    assert_text(w->frames[1], "stream", "ethusdt@aggTrade");
    wire_close(w);
}

static void test_streams_are_subscribed_listed_and_ended(void **state) {
    struct wire *w = open_wire("/ws");
    (void)state;
    say(w, "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@trade\",\"nosuch@trade\"],\"id\":1}");
    assert_true(json_is_null(simkit_at(last(w), "result")));
    assert_int_equal(json_integer_value(simkit_at(last(w), "id")), 1);
    say(w, "{\"method\":\"LIST_SUBSCRIPTIONS\",\"id\":\"two\"}");
    assert_int_equal(json_array_size(simkit_at(last(w), "result")), 2);
    assert_text(last(w), "id", "two");
    say(w, "{\"method\":\"UNSUBSCRIBE\",\"params\":[\"btcusdt@trade\"],\"id\":null}");
    assert_true(json_is_null(simkit_at(last(w), "id")));
    forget(w);
    simkit_price(&w->k, SIM_BTC, 51000);
    drain(w);
    assert_int_equal(w->count, 0);
    say(w, "{\"method\":\"SET_PROPERTY\",\"params\":[\"combined\",true],\"id\":5}");
    go_on(w, USEC_PER_S, true);
    say(w, "{\"method\":\"GET_PROPERTY\",\"params\":[\"combined\"],\"id\":6}");
    assert_true(json_is_true(simkit_at(last(w), "result")));
    wire_close(w);
}

static void test_wrong_requests_get_the_exchanges_errors(void **state) {
    static const struct {
        const char *text;
        int code;
        const char *msg;
    } cases[] = {
        {"{bad", 3, "Invalid JSON: expected value at line 1"},
        {"{\"id\":1}", 2, "Invalid request: missing field `method`"},
        {"{\"method\":\"SUBSCRIBE\",\"params\":[\"a@trade\"]}", 2,
         "Invalid request: request ID must be an unsigned integer"},
        {"{\"method\":\"SHOUT\",\"id\":1}", 2, "Invalid request: unknown variant `SHOUT`"},
        {"{\"method\":\"GET_PROPERTY\",\"params\":[\"colour\"],\"id\":1}", 0, "Unknown property"},
        {"{\"method\":\"SET_PROPERTY\",\"params\":[\"combined\",1],\"id\":1}", 1,
         "Invalid value type: expected Boolean"},
        {"{\"method\":\"SUBSCRIBE\",\"params\":\"a@trade\",\"id\":1}", 2, "Invalid request"},
        {"[]", 2, "Invalid request"}};
    struct wire *w = open_wire("/ws");
    (void)state;
    for (ptrdiff_t i = 0; i < COUNT_OF(cases); i++) {
        say(w, cases[i].text);
        assert_int_equal(json_integer_value(simkit_at(last(w), "code")), cases[i].code);
        const char *msg = json_string_value(simkit_at(last(w), "msg"));
        if (strncmp(msg, cases[i].msg, strlen(cases[i].msg)) != 0) fail_msg("%s", msg);
        go_on(w, USEC_PER_S, true);
    }
    wire_close(w);
}

static void test_a_kline_is_closed_once_and_only_then_final(void **state) {
    struct wire *w = open_with("/ws/btcusdt@kline_1m", true, NULL);
    int closed = 0;
    int64_t opened = 0;
    (void)state;
    go_on(w, 3 * USEC_PER_MIN + USEC_PER_S, true);
    assert_in_range(w->count, 85, 95); /* each two seconds, and the closes */
    for (int i = 0; i < w->count; i++) {
        const json_t *k = simkit_at(w->frames[i], "k");
        const int64_t t = json_integer_value(simkit_at(k, "t"));
        assert_true(t >= opened);
        opened = t;
        if (!json_is_true(simkit_at(k, "x"))) continue;
        closed++;
        assert_int_equal(json_integer_value(simkit_at(k, "T")), t + 59999);
        assert_true(i + 1 == w->count ||
                    json_integer_value(simkit_at(simkit_at(w->frames[i + 1], "k"), "t")) > t);
    }
    assert_int_equal(closed, 3);
    wire_close(w);
}

static void put_side(const json_t *changes, json_t *half) {
    size_t i;
    json_t *level;
    json_array_foreach(changes, i, level) {
        const char *at = json_string_value(json_array_get(level, 0));
        const char *much = json_string_value(json_array_get(level, 1));
        if (strcmp(much, "0.00000000") == 0)
            json_object_del(half, at);
        else
            json_object_set_new(half, at, json_string(much));
    }
}

/* The procedure of the documentation: a snapshot, then every change behind it. */
static void test_depth_events_lead_from_one_snapshot_to_the_next(void **state) {
    struct wire *w = open_with("/ws/btcusdt@depth@100ms", true, NULL);
    json_t *have[2] = {json_object(), json_object()}, *want[2] = {json_object(), json_object()};
    int64_t at, applied = 0;
    (void)state;
    go_on(w, 2 * USEC_PER_S, true);
    assert_int_equal(simkit_get(&w->k, "/api/v3/depth", "symbol=BTCUSDT&limit=5000"), 200);
    at = simkit_int(&w->k, "lastUpdateId");
    put_side(simkit_at(w->k.json, "bids"), have[0]);
    put_side(simkit_at(w->k.json, "asks"), have[1]);
    go_on(w, 5 * USEC_PER_S, true);
    simkit_ok(&w->k, "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1.5");
    go_on(w, USEC_PER_S / 5, true);
    for (int i = 0; i < w->count; i++) {
        const json_t *e = w->frames[i];
        const int64_t first = json_integer_value(simkit_at(e, "U"));
        const int64_t final = json_integer_value(simkit_at(e, "u"));
        if (final <= at) continue;
        assert_true(first <= at + 1);
        put_side(simkit_at(e, "b"), have[0]);
        put_side(simkit_at(e, "a"), have[1]);
        at = final;
        applied++;
    }
    assert_true(applied > 5);
    assert_int_equal(simkit_get(&w->k, "/api/v3/depth", "symbol=BTCUSDT&limit=5000"), 200);
    assert_int_equal(simkit_int(&w->k, "lastUpdateId"), at);
    put_side(simkit_at(w->k.json, "bids"), want[0]);
    put_side(simkit_at(w->k.json, "asks"), want[1]);
    for (int i = 0; i < 2; i++) {
        assert_true(json_equal(have[i], want[i]));
        json_decref(have[i]);
        json_decref(want[i]);
    }
    wire_close(w);
}

static void test_tickers_come_each_second_when_something_was_traded(void **state) {
    struct wire *w = open_wire("/stream?streams=btcusdt@miniTicker/btcusdt@ticker/!miniTicker@arr/"
                               "btcusdt@avgPrice/btcusdt@depth5/btcusdt@ticker_4h");
    const json_t *e = NULL;
    (void)state;
    simkit_price(&w->k, SIM_BTC, 55000);
    go_on(w, USEC_PER_S, true);
    assert_int_equal(events(w, "24hrMiniTicker", &e), 1);
    assert_text(e, "c", "55000.00000000");
    assert_int_equal(events(w, "24hrTicker", &e), 1);
    assert_text(e, "P", "10.000");
    assert_int_equal(events(w, "4hTicker", NULL), 1);
    assert_int_equal(events(w, "avgPrice", NULL), 1);
    forget(w);
    go_on(w, USEC_PER_S, true);
    assert_int_equal(events(w, "24hrTicker", NULL), 0);
    assert_int_equal(events(w, "avgPrice", NULL), 1);
    wire_close(w);
}

static void test_times_are_microseconds_where_the_url_says_so(void **state) {
    struct wire *w = open_wire("/stream?streams=btcusdt@trade&timeUnit=MICROSECOND");
    (void)state;
    simkit_price(&w->k, SIM_BTC, 51000);
    drain(w);
    assert_int_equal(json_integer_value(simkit_at(simkit_at(last(w), "data"), "E")), SIMKIT_START);
    wire_close(w);
}

static void test_there_are_only_three_paths(void **state) {
    static const char *const wrong[] = {
        "/", "/wss/btcusdt@trade", "/ws-api/v4", "/streams?streams=a", "/stream?streams=%zz", ""};
    struct wire *w = open_wire("/ws/");
    (void)state;
    for (ptrdiff_t i = 0; i < COUNT_OF(wrong); i++)
        assert_int_equal(exchange_ws_open(w->k.ex, w->k.now, str_from_z(wrong[i]), 1), -1);
    wire_close(w);
}

/* -- their life ---------------------------------------------------------------------------- */

static void test_pings_come_each_20_seconds_and_pongs_keep_the_connection(void **state) {
    struct wire *w = open_wire("/ws/btcusdt@trade");
    (void)state;
    go_on(w, 10 * USEC_PER_MIN, true);
    assert_int_equal(w->ping_count, 30);
    assert_int_equal(w->shut_code, -1);
    wire_close(w);
}

static void test_without_pongs_it_is_cut_a_minute_after_a_ping(void **state) {
    struct wire *w = open_wire("/ws/btcusdt@trade");
    (void)state;
    go_on(w, 79 * USEC_PER_S, false);
    assert_int_equal(w->shut_code, -1);
    exchange_ws_pong(w->k.ex, w->k.now, w->conn, STR("")); /* unsolicited: does not count */
    go_on(w, 2 * USEC_PER_S, false);
    assert_int_equal(w->shut_code, 1008);
    wire_close(w);
}

static void test_after_24_hours_it_is_warned_and_shut(void **state) {
    struct wire *w = open_wire("/stream?streams=nosuch@trade");
    (void)state;
    go_on(w, 24 * USEC_PER_HOUR - 2 * USEC_PER_MIN, true);
    assert_int_equal(w->count, 0);
    go_on(w, 119 * USEC_PER_S, true);
    assert_int_equal(events(w, "serverShutdown", NULL), 1);
    assert_text(last(w), "stream", "!serverShutdown");
    assert_int_equal(w->shut_code, -1);
    go_on(w, 2 * USEC_PER_S, true);
    assert_int_equal(w->shut_code, 1001);
    wire_close(w);
}

static void test_more_than_five_messages_a_second_cut_it(void **state) {
    struct wire *w = open_wire("/ws");
    (void)state;
    for (int i = 0; i < 3; i++) say(w, "{\"method\":\"LIST_SUBSCRIPTIONS\",\"id\":1}");
    exchange_ws_ping(w->k.ex, w->k.now, w->conn);
    exchange_ws_pong(w->k.ex, w->k.now, w->conn, STR(""));
    assert_int_equal(w->shut_code, -1);
    say(w, "{\"method\":\"LIST_SUBSCRIPTIONS\",\"id\":1}");
    assert_int_equal(w->shut_code, 1008);
    assert_int_equal(w->count, 3);
    wire_close(w);
}

/* -- the WebSocket API --------------------------------------------------------------------- */

/* params: "k=v&k=v" in any order; signed as the API wants it. */
static void call(struct wire *w, const char *method, const char *params) {
    char *names[16], *values[16];
    char copy[512], payload[1024], text[2048], hex[65];
    int count = 0, n = 0, t = 0;
    snprintf(copy, sizeof copy, "apiKey=%s&timestamp=%lld%s%s", SIMKIT_KEY,
             (long long)(w->k.now / USEC_PER_MS), params[0] ? "&" : "", params);
    for (char *at = copy, *save; (at = strtok_r(at, "&", &save)) != NULL; at = NULL) {
        names[count] = at;
        values[count] = strchr(at, '=') + 1;
        values[count++][-1] = 0;
    }
    for (int i = 0; i < count; i++)
        for (int j = i + 1; j < count; j++)
            if (strcmp(names[j], names[i]) < 0) {
                char *name = names[i], *value = values[i];
                names[i] = names[j];
                values[i] = values[j];
                names[j] = name;
                values[j] = value;
            }
    t += snprintf(text, sizeof text, "{\"id\":\"x\",\"method\":\"%s\",\"params\":{", method);
    for (int i = 0; i < count; i++) {
        n += snprintf(payload + n, sizeof payload - (size_t)n, "%s%s=%s", i ? "&" : "", names[i],
                      values[i]);
        const bool number = strcmp(names[i], "timestamp") == 0;
        t += snprintf(text + t, sizeof text - (size_t)t, number ? "\"%s\":%s," : "\"%s\":\"%s\",",
                      names[i], values[i]);
    }
    str sig = simkit_sign(&w->k, (str){payload, n}, hex);
    snprintf(text + t, sizeof text - (size_t)t, "\"signature\":\"" STR_FMT "\"}}", STR_ARG(sig));
    say(w, text);
}

static const json_t *answer(const struct wire *w, int status) {
    for (int i = w->count - 1; i >= 0; i--) {
        const json_t *s = json_object_get(w->frames[i], "status");
        if (!s) continue;
        if (json_integer_value(s) != status)
            fail_msg("%s", json_dumps(w->frames[i], JSON_ENCODE_ANY));
        return simkit_at(w->frames[i], status == 200 ? "result" : "error");
    }
    fail_msg("no answer");
    return NULL;
}

static void test_the_api_answers_as_rest_does_in_an_envelope(void **state) {
    struct wire *w = open_wire("/ws-api/v3");
    (void)state;
    say(w, "{\"id\":7,\"method\":\"ticker.price\",\"params\":{\"symbols\":[\"BTCUSDT\"]}}");
    assert_int_equal(json_integer_value(simkit_at(last(w), "id")), 7);
    assert_text(json_array_get(answer(w, 200), 0), "price", "50000.00000000");
    assert_true(json_is_array(simkit_at(last(w), "rateLimits")));
    say(w, "{\"id\":null,\"method\":\"v3/time\",\"params\":{\"returnRateLimits\":false}}");
    assert_null(json_object_get(last(w), "rateLimits"));
    assert_int_equal(json_integer_value(simkit_at(answer(w, 200), "serverTime")),
                     SIMKIT_START / USEC_PER_MS);
    call(w, "order.place",
         "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.1&price=40000");
    assert_text(answer(w, 200), "status", "NEW");
    call(w, "order.cancel", "symbol=BTCUSDT&orderId=1");
    assert_text(answer(w, 200), "status", "CANCELED");
    call(w, "order.cancel", "symbol=BTCUSDT&orderId=1");
    assert_int_equal(json_integer_value(simkit_at(answer(w, 400), "code")), -2011);
    wire_close(w);
}

static void test_what_is_no_request_is_refused(void **state) {
    static const struct {
        const char *text;
        int code;
    } cases[] = {{"", -1135},
                 {"[1]", -1135},
                 {"{\"id\":1}", -1102},
                 {"{\"id\":1,\"method\":\"no.such\"}", -1020},
                 {"{\"id\":{},\"method\":\"ping\"}", -1100},
                 {"{\"id\":1,\"method\":\"ping\",\"params\":[1]}", -1135},
                 {"{\"id\":1,\"method\":\"ping\",\"params\":{\"a\":1}}", -1101},
                 {"{\"id\":1,\"method\":\"session.logon\",\"params\":{\"apiKey\":\"k\"}}", -4056},
                 {"{\"id\":1,\"method\":\"userDataStream.unsubscribe\"}", -2036}};
    struct wire *w = open_wire("/ws-api/v3?returnRateLimits=false");
    (void)state;
    for (ptrdiff_t i = 0; i < COUNT_OF(cases); i++) {
        say(w, cases[i].text);
        assert_int_equal(json_integer_value(simkit_at(answer(w, 400), "code")), cases[i].code);
        assert_null(json_object_get(last(w), "rateLimits"));
    }
    say(w, "{\"id\":1,\"method\":\"userDataStream.subscribe\"}");
    assert_int_equal(json_integer_value(simkit_at(answer(w, 401), "code")), -1002);
    wire_close(w);
}

static void test_a_bad_signature_subscribes_to_nothing(void **state) {
    struct wire *w = open_wire("/ws-api/v3");
    (void)state;
    say(w, "{\"id\":1,\"method\":\"userDataStream.subscribe.signature\",\"params\":{\"apiKey\":"
           "\"" SIMKIT_KEY "\",\"timestamp\":1800000000000,\"signature\":\"00\"}}");
    assert_int_equal(json_integer_value(simkit_at(answer(w, 400), "code")), -1022);
    say(w, "{\"id\":1,\"method\":\"session.subscriptions\"}");
    assert_int_equal(json_array_size(answer(w, 200)), 0);
    wire_close(w);
}

/* -- user data ----------------------------------------------------------------------------- */

static struct wire *subscribed(struct faults *faults) {
    struct wire *w = open_with("/ws-api/v3", false, faults);
    call(w, "userDataStream.subscribe.signature", "");
    assert_int_equal(json_integer_value(simkit_at(answer(w, 200), "subscriptionId")), 0);
    forget(w);
    return w;
}

static void test_an_account_hears_of_its_orders_and_balances(void **state) {
    struct wire *w = subscribed(NULL);
    const json_t *e = NULL;
    (void)state;
    simkit_ok(&w->k, "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.1&"
                     "newClientOrderId=mine&strategyId=9");
    drain(w);
    assert_int_equal(w->count, 3);
    assert_int_equal(json_integer_value(simkit_at(w->frames[0], "subscriptionId")), 0);
    e = simkit_at(w->frames[0], "event");
    assert_text(e, "x", "NEW");
    assert_text(e, "c", "mine");
    assert_true(json_is_null(simkit_at(e, "N")));
    assert_int_equal(json_integer_value(simkit_at(e, "j")), 9);
    e = simkit_at(w->frames[1], "event");
    assert_text(e, "x", "TRADE");
    assert_text(e, "X", "FILLED");
    assert_text(e, "l", "0.10000000");
    assert_text(e, "N", "BTC");
    assert_int_equal(json_integer_value(simkit_at(e, "t")), 1);
    assert_int_equal(events(w, "outboundAccountPosition", &e), 1);
    const json_t *btc = json_array_get(simkit_at(e, "B"), 0);
    assert_text(btc, "a", "BTC");
    assert_text(btc, "f", "10.10000000");
    forget(w);
    w->k.account = 1; /* somebody else's order is not told */
    simkit_ok(&w->k, "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.1");
    drain(w);
    assert_int_equal(w->count, 0);
    wire_close(w);
}

static void test_a_cancel_is_told_with_both_ids(void **state) {
    struct wire *w = subscribed(NULL);
    const json_t *e = NULL;
    (void)state;
    simkit_ok(&w->k, "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&"
                     "quantity=0.1&price=40000&newClientOrderId=mine");
    forget(w);
    drain(w);
    assert_int_equal(events(w, "executionReport", &e), 1);
    assert_true(json_is_true(simkit_at(e, "w")));
    assert_non_null(json_object_get(e, "W"));
    forget(w);
    simkit_ok(&w->k,
              "DELETE /api/v3/order symbol=BTCUSDT&origClientOrderId=mine&newClientOrderId=bye");
    drain(w);
    assert_int_equal(events(w, "executionReport", &e), 1);
    assert_text(e, "x", "CANCELED");
    assert_text(e, "c", "bye");
    assert_text(e, "C", "mine");
    assert_true(json_is_false(simkit_at(e, "w")));
    wire_close(w);
}

static void test_a_list_is_told_from_its_beginning_to_its_end(void **state) {
    struct wire *w = subscribed(NULL);
    const json_t *e = NULL;
    (void)state;
    simkit_ok(&w->k, "POST /api/v3/orderList/oco symbol=BTCUSDT&side=SELL&quantity=0.1&"
                     "aboveType=LIMIT_MAKER&abovePrice=60000&belowType=STOP_LOSS&"
                     "belowStopPrice=40000&listClientOrderId=pair");
    drain(w);
    assert_int_equal(events(w, "listStatus", &e), 1);
    assert_text(e, "c", "OCO");
    assert_text(e, "l", "EXEC_STARTED");
    assert_text(e, "C", "pair");
    assert_int_equal(json_array_size(simkit_at(e, "O")), 2);
    assert_int_equal(events(w, "executionReport", NULL), 2);
    forget(w);
    simkit_price(&w->k, SIM_BTC, 39000);
    drain(w);
    assert_int_equal(events(w, "listStatus", &e), 1);
    assert_text(e, "L", "ALL_DONE");
    int expired = 0;
    for (int i = 0; i < w->count; i++) {
        e = json_object_get(w->frames[i], "event");
        const char *x = json_string_value(json_object_get(e, "x"));
        if (!x || strcmp(x, "EXPIRED") != 0) continue;
        assert_text(e, "eR", "OCO_TRIGGER");
        expired++;
    }
    assert_int_equal(expired, 1);
    wire_close(w);
}

static void test_unsubscribing_ends_the_events(void **state) {
    struct wire *w = subscribed(NULL);
    (void)state;
    call(w, "userDataStream.subscribe.signature", "");
    assert_int_equal(json_integer_value(simkit_at(answer(w, 400), "code")), -2035);
    say(w,
        "{\"id\":1,\"method\":\"userDataStream.unsubscribe\",\"params\":{\"subscriptionId\":0}}");
    answer(w, 200);
    assert_int_equal(events(w, "eventStreamTerminated", NULL), 1);
    forget(w);
    simkit_ok(&w->k, "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.1");
    drain(w);
    assert_int_equal(w->count, 0);
    wire_close(w);
}

static void test_the_monthly_reset_breaks_user_data_connections(void **state) {
    struct wire *w = subscribed(NULL);
    (void)state;
    exchange_reset(w->k.ex, w->k.now);
    drain(w);
    assert_int_equal(w->shut_code, 0);
    wire_close(w);
}

/* -- faults -------------------------------------------------------------------------------- */

static struct arena fault_mem;

static struct faults *plan(const char *text) {
    struct faults *f;
    struct error err = {0};
    arena_reset(&fault_mem);
    if (!faults_parse(&fault_mem, str_from_z(text), 1, &f, &err)) fail_msg("%s", err.msg);
    return f;
}

static void place(struct wire *w) {
    simkit_ok(&w->k, "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&"
                     "quantity=0.1&price=40000");
    drain(w);
}

static void test_messages_are_lost_doubled_and_swapped(void **state) {
    struct wire *w;
    (void)state;
    w = subscribed(plan("{\"streams\":[{\"of\":\"user\",\"fault\":\"stream_gap\",\"nth\":1}]}"));
    place(w);
    assert_int_equal(events(w, "executionReport", NULL), 0);
    assert_int_equal(events(w, "outboundAccountPosition", NULL), 1);
    wire_close(w);
    w = subscribed(plan("{\"streams\":[{\"of\":\"user\",\"fault\":\"stream_double\",\"nth\":1}]}"));
    place(w);
    assert_int_equal(events(w, "executionReport", NULL), 2);
    wire_close(w);
    w = subscribed(plan("{\"streams\":[{\"of\":\"user\",\"fault\":\"stream_swap\",\"nth\":1,"
                        "\"delay_ms\":500}]}"));
    place(w);
    assert_int_equal(w->count, 2);
    assert_text(simkit_at(w->frames[0], "event"), "e", "outboundAccountPosition");
    assert_text(simkit_at(w->frames[1], "event"), "e", "executionReport");
    wire_close(w);
    w = subscribed(plan("{\"streams\":[{\"of\":\"user\",\"fault\":\"stream_swap\",\"nth\":2,"
                        "\"delay_ms\":500}]}"));
    place(w);
    assert_int_equal(w->count, 1);
    go_on(w, USEC_PER_S, true);
    assert_int_equal(w->count, 2); /* nothing came behind it: late, but it came */
    wire_close(w);
}

static void test_a_connection_is_cut_muted_or_shut_by_a_message(void **state) {
    struct wire *w;
    (void)state;
    w = subscribed(plan("{\"streams\":[{\"of\":\"user\",\"fault\":\"stream_cut\",\"nth\":1}]}"));
    place(w);
    assert_int_equal(w->count, 0);
    assert_int_equal(w->shut_code, 0);
    wire_close(w);
    w = subscribed(plan("{\"streams\":[{\"of\":\"user\",\"fault\":\"stream_mute\",\"nth\":1,"
                        "\"delay_ms\":30000}]}"));
    place(w);
    go_on(w, 29 * USEC_PER_S, true);
    assert_int_equal(w->count, 0);
    assert_int_equal(w->ping_count, 0);
    go_on(w, 15 * USEC_PER_S, true);
    place(w);
    assert_int_equal(w->count, 2);
    wire_close(w);
    w = subscribed(plan("{\"at\":[{\"after_s\":5,\"fault\":\"server_shutdown\","
                        "\"delay_ms\":3000}]}"));
    go_on(w, 7 * USEC_PER_S, true);
    assert_int_equal(events(w, "serverShutdown", NULL), 1);
    assert_int_equal(w->shut_code, -1);
    go_on(w, 2 * USEC_PER_S, true);
    assert_int_equal(w->shut_code, 1001);
    wire_close(w);
}

static void test_a_client_that_reads_nothing_is_cut(void **state) {
    struct wire *w =
        open_with("/stream?streams=btcusdt@depth20@100ms/btcusdt@depth@100ms", true, NULL);
    (void)state;
    for (int i = 0; i < 6000; i++) { /* ten minutes, a tenth of a second at a time */
        w->k.now += USEC_PER_S / 10;
        exchange_advance(w->k.ex, w->k.now);
    }
    for (int i = 0; i < 40000 && w->shut_code < 0; i++) {
        struct buf out;
        int code = -1;
        buf_init(&out, 1 << 20);
        if (exchange_ws_next(w->k.ex, w->k.now, w->conn, &out, &code) == SIM_SHUT)
            w->shut_code = code;
        buf_fini(&out);
    }
    assert_int_equal(w->shut_code, 1008);
    wire_close(w);
}

static int setup(void **state) {
    (void)state;
    arena_open(&fault_mem, 16 << 20);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_close(&fault_mem);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_raw_stream_is_told_each_best_price),
        cmocka_unit_test(test_combined_streams_are_wrapped_with_their_names),
        cmocka_unit_test(test_streams_are_subscribed_listed_and_ended),
        cmocka_unit_test(test_wrong_requests_get_the_exchanges_errors),
        cmocka_unit_test(test_a_kline_is_closed_once_and_only_then_final),
        cmocka_unit_test(test_depth_events_lead_from_one_snapshot_to_the_next),
        cmocka_unit_test(test_tickers_come_each_second_when_something_was_traded),
        cmocka_unit_test(test_times_are_microseconds_where_the_url_says_so),
        cmocka_unit_test(test_there_are_only_three_paths),
        cmocka_unit_test(test_pings_come_each_20_seconds_and_pongs_keep_the_connection),
        cmocka_unit_test(test_without_pongs_it_is_cut_a_minute_after_a_ping),
        cmocka_unit_test(test_after_24_hours_it_is_warned_and_shut),
        cmocka_unit_test(test_more_than_five_messages_a_second_cut_it),
        cmocka_unit_test(test_the_api_answers_as_rest_does_in_an_envelope),
        cmocka_unit_test(test_what_is_no_request_is_refused),
        cmocka_unit_test(test_a_bad_signature_subscribes_to_nothing),
        cmocka_unit_test(test_an_account_hears_of_its_orders_and_balances),
        cmocka_unit_test(test_a_cancel_is_told_with_both_ids),
        cmocka_unit_test(test_a_list_is_told_from_its_beginning_to_its_end),
        cmocka_unit_test(test_unsubscribing_ends_the_events),
        cmocka_unit_test(test_the_monthly_reset_breaks_user_data_connections),
        cmocka_unit_test(test_messages_are_lost_doubled_and_swapped),
        cmocka_unit_test(test_a_connection_is_cut_muted_or_shut_by_a_message),
        cmocka_unit_test(test_a_client_that_reads_nothing_is_cut),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
