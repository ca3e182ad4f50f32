/* Prices from Binance's stream: what a message says, and the market over real sockets. */
#include "market/binance_stream.h"

#include "base/log.h"
#include "simport.h"

static struct symbol listed[2];
static struct symbols symbols = {listed, 2};

static void make_symbols(void) {
    listed[0] = simkit_symbol("BTCUSDT", "BTC");
    listed[1] = simkit_symbol("ETHUSDT", "ETH");
}

static bool parse(const char *json, struct quote *ret, int64_t *ret_update) {
    return binance_ticker_parse(&symbols, str_from_z(json), ret, ret_update);
}

static void test_a_ticker_is_a_quote_with_last_on_the_tick(void **state) {
    (void)state;
    struct quote q;
    int64_t u;
    make_symbols();
    assert_true(parse("{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"u\":7,\"s\":\"BTCUSDT\","
                      "\"b\":\"100.01\",\"B\":\"1\",\"a\":\"100.04\",\"A\":\"2\"}}",
                      &q, &u));
    assert_int_equal(u, 7);
    assert_int_equal(q.sym, 0);
    assert_int_equal(price_e8(q.bid), INT64_C(10001000000));
    assert_int_equal(price_e8(q.ask), INT64_C(10004000000));
    assert_int_equal(price_e8(q.last), INT64_C(10002000000));
    assert_int_equal(q.interval, 0);
    assert_true(parse("{\"u\":8,\"s\":\"ETHUSDT\",\"b\":\"5.00\",\"B\":\"1\",\"a\":\"5.00\","
                      "\"A\":\"2\"}",
                      &q, &u));
    assert_int_equal(q.sym, 1);
    assert_int_equal(price_e8(q.last), 5 * E8);
    assert_true(parse("{\"symbol\":\"BTCUSDT\",\"bidPrice\":\"1.00\",\"bidQty\":\"1\","
                      "\"askPrice\":\"1.01\",\"askQty\":\"2\"}",
                      &q, &u));
    assert_int_equal(u, 0);
    assert_int_equal(price_e8(q.last), E8);
    /* a bid off the tick, as when the tick has just grown: never under the bid */
    assert_true(parse("{\"u\":9,\"s\":\"BTCUSDT\",\"b\":\"1.005\",\"a\":\"1.008\"}", &q, &u));
    assert_int_equal(price_e8(q.last), 100500000);
}

static void test_what_is_no_ticker_is_no_quote(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"result\":null,\"id\":1}",
        "{\"u\":1,\"s\":\"NOSUCH\",\"b\":\"1\",\"a\":\"2\"}",
        "{\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"2\",\"a\":\"1\"}",
        "{\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"0.00000000\",\"a\":\"1\"}",
        "{\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"a\":\"0.00000000\"}",
        "{\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"-1\",\"a\":\"1\"}",
        "{\"u\":1,\"s\":\"BTCUSDT\",\"b\":1,\"a\":2}",
        "{\"u\":\"1\",\"s\":\"BTCUSDT\",\"b\":\"1\",\"a\":\"2\"}",
        "{\"s\":\"BTCUSDT\",\"b\":\"1\",\"a\":\"2\"}",
        "{\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"1e5\",\"a\":\"2\"}",
        "{\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"99999999999\",\"a\":\"99999999999\"}",
        "{\"data\":[],\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"a\":\"2\"}",
    };
    make_symbols();
    for (int i = 0; i < COUNT_OF(texts); i++) {
        struct quote q;
        int64_t u;
        if (parse(texts[i], &q, &u)) fail_msg("taken: %s", texts[i]);
    }
}

/* --- over sockets ---------------------------------------------------------------------------- */

struct rig {
    struct simport sim;
    struct arena arena;
    struct market *market;
    int complaints;
};

static void on_complaint(void *ctx, str where, str what) {
    struct rig *g = ctx;
    (void)where, (void)what;
    g->complaints++;
}

static struct rig *rig_open(void) {
    struct rig *g = calloc(1, sizeof *g);
    struct error err;
    simport_open(&g->sim, NULL);
    arena_open(&g->arena, 1 << 22);
    const struct binance_stream_options opt = {.stream_url = str_from_z(g->sim.stream),
                                               .rest_url = str_from_z(g->sim.rest),
                                               .stream_use = HOST_SPOT_STREAM,
                                               .rest_use = HOST_SPOT_REST,
                                               .symbols = &g->sim.kit.symbols,
                                               .seed = 7};
    assert_ok(binance_stream_open(&g->arena, &opt, &g->market, &err), &err);
    g->market->complain = on_complaint;
    g->market->complain_ctx = g;
    return g;
}

static void rig_close(struct rig *g) {
    market_close(g->market);
    simport_close(&g->sim);
    arena_close(&g->arena);
    free(g);
}

/* Quotes until BTC stands near `whole`; what comes is in order and sound. */
static void wait_price(struct rig *g, int64_t whole) {
    usec last = 0;
    for (;;) {
        struct market_event m;
        assert_true(market_next(g->market, &m));
        assert_int_equal(m.kind, MARKET_QUOTE);
        assert_true(m.at >= last && m.quote.at == m.at);
        assert_true(price_cmp(m.quote.bid, m.quote.last) <= 0);
        assert_true(price_cmp(m.quote.last, m.quote.ask) <= 0);
        last = m.at;
        const int64_t away = price_e8(m.quote.last) - whole * E8;
        if (m.sym == SIM_BTC && away < whole * E8 / 100 && -away < whole * E8 / 100) return;
    }
}

static void test_prices_come_and_follow(void **state) {
    (void)state;
    struct rig *g = rig_open();
    assert_int_equal(market_peek(g->market), USEC_NEVER);
    assert_true(market_is_live(g->market));
    wait_price(g, 50000);
    simport_price(&g->sim, 60000);
    wait_price(g, 60000);
    rig_close(g);
}

static void test_a_stream_that_was_away_comes_back(void **state) {
    (void)state;
    struct rig *g = rig_open();
    wait_price(g, 50000);
    /* the first price may have been asked for by REST, before the stream had opened: then there was
     * nothing to complain of yet */
    for (int i = 0; i == 0 || (g->complaints == 0 && i < 50); i++) {
        simport_down(&g->sim);
        simport_up(&g->sim);
        simport_price(&g->sim, 70000 + 10000 * (i % 2));
        wait_price(g, 70000 + 10000 * (i % 2));
    }
    assert_true(g->complaints > 0);
    rig_close(g);
}

static void *stop_it(void *arg) {
    market_stop(arg);
    return NULL;
}

static void test_a_market_that_waits_can_be_stopped(void **state) {
    (void)state;
    struct rig *g = rig_open();
    struct market_event m;
    pthread_t thread;
    simport_down(&g->sim); /* so that nothing comes */
    assert_int_equal(pthread_create(&thread, NULL, stop_it, g->market), 0);
    assert_false(market_next(g->market, &m));
    pthread_join(thread, NULL);
    assert_false(market_next(g->market, &m));
    rig_close(g);
}

static void test_more_symbols_than_a_connection_takes_are_refused(void **state) {
    (void)state;
    static struct symbol many[BINANCE_STREAMS_MAX + 1];
    const struct symbols all = {many, COUNT_OF(many)};
    struct arena a;
    struct market *m;
    struct error err;
    arena_open(&a, 1 << 22);
    for (int i = 0; i < COUNT_OF(many); i++) many[i].trading = true;
    const struct binance_stream_options opt = {.stream_url = STR("ws://127.0.0.1:1"),
                                               .rest_url = STR("http://127.0.0.1:1"),
                                               .stream_use = HOST_SPOT_STREAM,
                                               .rest_use = HOST_SPOT_REST,
                                               .symbols = &all};
    assert_fails(binance_stream_open(&a, &opt, &m, &err), &err, ERR_LIMIT);
    arena_close(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_ticker_is_a_quote_with_last_on_the_tick),
        cmocka_unit_test(test_what_is_no_ticker_is_no_quote),
        cmocka_unit_test(test_prices_come_and_follow),
        cmocka_unit_test(test_a_stream_that_was_away_comes_back),
        cmocka_unit_test(test_a_market_that_waits_can_be_stopped),
        cmocka_unit_test(test_more_symbols_than_a_connection_takes_are_refused),
    };
    log_setup(LOG_BROKEN, LOG_LOGFMT, STDERR_FILENO);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
