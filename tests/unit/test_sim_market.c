/* The market of the simulated exchange: prices and books, candles made of them, and what everybody
 * may ask. */
#include "sim/market_int.h"
#include "simkit.h"

/* -- a market of candles ------------------------------------------------------------------- */

struct candles {
    struct candle v[8];
    int count, next;
};

static bool next_of(void *ctx, struct candle *ret) {
    struct candles *c = ctx;
    if (c->next == c->count) return false;
    *ret = c->v[c->next++];
    return true;
}

static struct candle minute(int at, int64_t open, int64_t high, int64_t low, int64_t close) {
    const usec from = SIMKIT_START - USEC_PER_DAY + at * USEC_PER_MIN;
    return (struct candle){.sym = SIM_BTC,
                           .open_at = from,
                           .close_at = from + USEC_PER_MIN,
                           .open = price_from_e8(open * E8),
                           .high = price_from_e8(high * E8),
                           .low = price_from_e8(low * E8),
                           .close = price_from_e8(close * E8),
                           .volume = volume_from_e8(120 * E8)};
}

static void open_walk(struct simkit *k) {
    struct error err = {0};
    simkit_prepare(k);
    k->opt.next_candle = NULL;
    if (!exchange_open(&k->boot, &k->opt, &k->ex, &err)) fail_msg("%s", err.msg);
}

static void go_on(struct simkit *k, usec by) {
    k->now += by;
    exchange_advance(k->ex, k->now);
}

static int64_t e8_of(const json_t *v) {
    int64_t e8 = 0;
    assert_non_null(v);
    assert_true(amount_parse_e8(str_from_z(json_string_value(v)), &e8));
    return e8;
}

static int64_t last_e8(const struct simkit *k, int sym) {
    return price_e8(sim_prices_get(k->ex, sym)->last);
}

/* -- prices -------------------------------------------------------------------------------- */

static void test_a_candle_is_played_through_its_open_ends_and_close(void **state) {
    struct simkit k;
    struct candles c = {{minute(0, 100, 110, 95, 105), minute(1, 105, 120, 104, 118)}, 2, 0};
    struct error err = {0};
    int64_t low = INT64_MAX, high = 0;
    (void)state;
    simkit_prepare(&k);
    k.opt.next_candle = next_of;
    k.opt.candle_ctx = &c;
    if (!exchange_open(&k.boot, &k.opt, &k.ex, &err)) fail_msg("%s", err.msg);
    assert_int_equal(last_e8(&k, SIM_BTC), 100 * E8);
    for (int i = 0; i < 600; i++) {
        go_on(&k, USEC_PER_S / 10);
        low = i64_min(low, last_e8(&k, SIM_BTC));
        high = i64_max(high, last_e8(&k, SIM_BTC));
        if (i == 598) assert_int_equal(last_e8(&k, SIM_BTC), 105 * E8);
    }
    assert_int_equal(low, 95 * E8);
    assert_int_equal(high, 110 * E8);
    go_on(&k, USEC_PER_MIN);
    assert_int_equal(last_e8(&k, SIM_BTC), 118 * E8);
    assert_int_equal(simkit_get(&k, "/api/v3/klines", "symbol=BTCUSDT&interval=1m"), 200);
    const json_t *first = json_array_get(k.json, 0);
    const char *want[] = {"100.00000000", "110.00000000", "95.00000000", "105.00000000"};
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(json_string_value(json_array_get(first, i + 1)), want[i]);
    /* the volume of the file, but for what rounding to steps adds */
    assert_in_range(e8_of(json_array_get(first, 5)), 119 * E8, 121 * E8);
    simkit_close(&k);
}

static void test_speed_makes_candles_shorter(void **state) {
    struct simkit k;
    struct candles c = {{minute(0, 100, 110, 95, 105), minute(1, 105, 120, 104, 118)}, 2, 0};
    struct error err = {0};
    (void)state;
    simkit_prepare(&k);
    k.opt.next_candle = next_of;
    k.opt.candle_ctx = &c;
    k.opt.speed_e8 = 60 * E8;
    if (!exchange_open(&k.boot, &k.opt, &k.ex, &err)) fail_msg("%s", err.msg);
    go_on(&k, 2 * USEC_PER_S);
    assert_int_equal(last_e8(&k, SIM_BTC), 118 * E8);
    assert_int_equal(exchange_next(k.ex), USEC_NEVER);
    simkit_close(&k);
}

static void test_candles_of_the_past_are_history_that_ends_now(void **state) {
    struct simkit k;
    struct candles c = {{minute(0, 100, 110, 95, 105), minute(1, 105, 120, 104, 118),
                         minute(2, 118, 119, 117, 118)},
                        3,
                        0};
    struct error err = {0};
    (void)state;
    simkit_prepare(&k);
    k.opt.next_candle = next_of;
    k.opt.candle_ctx = &c;
    k.opt.candle_history = 2 * USEC_PER_MIN;
    if (!exchange_open(&k.boot, &k.opt, &k.ex, &err)) fail_msg("%s", err.msg);
    assert_int_equal(last_e8(&k, SIM_BTC), 118 * E8);
    assert_int_equal(simkit_get(&k, "/api/v3/klines", "symbol=BTCUSDT&interval=1m"), 200);
    assert_int_equal(json_array_size(k.json), 3);
    const json_t *first = json_array_get(k.json, 0);
    assert_int_equal(json_integer_value(json_array_get(first, 0)),
                     (SIMKIT_START - 2 * USEC_PER_MIN) / USEC_PER_MS);
    assert_string_equal(json_string_value(json_array_get(first, 2)), "110.00000000");
    simkit_close(&k);
}

/* However it is stepped and whatever is asked in between. */
static void test_the_same_seed_and_times_give_the_same_market(void **state) {
    struct simkit a, b;
    (void)state;
    open_walk(&a);
    open_walk(&b);
    for (int i = 0; i < 977; i++) {
        go_on(&a, 123457);
        simkit_get(&a, "/api/v3/depth", "symbol=ETHUSDT");
    }
    go_on(&b, INT64_C(977) * 123457);
    assert_int_equal(simkit_get(&a, "/api/v3/klines", "symbol=BTCUSDT&interval=1s&limit=1000"),
                     200);
    assert_int_equal(simkit_get(&b, "/api/v3/klines", "symbol=BTCUSDT&interval=1s&limit=1000"),
                     200);
    assert_true(json_array_size(a.json) > 100);
    assert_true(json_equal(a.json, b.json));
    assert_int_equal(simkit_get(&a, "/api/v3/depth", "symbol=BTCUSDT"), 200);
    assert_int_equal(simkit_get(&b, "/api/v3/depth", "symbol=BTCUSDT"), 200);
    assert_true(json_equal(a.json, b.json));
    simkit_close(&a);
    simkit_close(&b);
}

static void test_another_seed_gives_another_market(void **state) {
    struct simkit a, b;
    struct error err = {0};
    (void)state;
    open_walk(&a);
    simkit_prepare(&b);
    b.opt.next_candle = NULL;
    b.opt.seed = 8;
    if (!exchange_open(&b.boot, &b.opt, &b.ex, &err)) fail_msg("%s", err.msg);
    go_on(&a, USEC_PER_MIN);
    go_on(&b, USEC_PER_MIN);
    assert_int_not_equal(last_e8(&a, SIM_BTC), last_e8(&b, SIM_BTC));
    simkit_close(&a);
    simkit_close(&b);
}

static void test_a_walk_stays_near_where_it_began_and_on_ticks(void **state) {
    struct simkit k;
    (void)state;
    open_walk(&k);
    const int64_t begun = last_e8(&k, SIM_BTC);
    assert_in_range(begun, 85000 * E8, 95000 * E8);
    for (int day = 0; day < 3; day++) {
        go_on(&k, USEC_PER_DAY);
        assert_in_range(last_e8(&k, SIM_BTC), begun / 2, begun * 2);
        assert_int_equal(last_e8(&k, SIM_BTC) % (E8 / 100), 0);
    }
    simkit_close(&k);
}

static void test_prices_go_on_from_a_saved_state(void **state) {
    struct simkit a, b;
    struct buf saved;
    struct error err = {0};
    (void)state;
    buf_init(&saved, 1 << 20);
    open_walk(&a);
    go_on(&a, 10 * USEC_PER_MIN);
    sim_ticks_save(a.ex, &saved);
    open_walk(&b);
    assert_ok(sim_ticks_load(b.ex, buf_str(&saved), &err), &err);
    assert_int_equal(last_e8(&a, SIM_BTC), last_e8(&b, SIM_BTC));
    assert_true(sim_prices_get(b.ex, SIM_BTC)->trade_id > sim_prices_get(a.ex, SIM_BTC)->trade_id);
    for (ptrdiff_t cut = 1; cut < saved.len; cut += 7) {
        const str part = str_head(buf_str(&saved), cut);
        if (part.p[cut - 1] == '\n' || saved.p[cut] == '\n') continue;
        /* a number that was cut may be a number still; nothing else is taken */
        if (!sim_ticks_load(b.ex, part, &err)) assert_int_equal(err.code, ERR_DAMAGED);
    }
    assert_fails(sim_ticks_load(b.ex, STR("prices 1\n"), &err), &err, ERR_DAMAGED);
    assert_fails(sim_ticks_load(b.ex, STR("candles 0\nBTCUSDT 0 1 1 1 1 1 1 1 1\n"), &err), &err,
                 ERR_DAMAGED);
    buf_fini(&saved);
    simkit_close(&a);
    simkit_close(&b);
}

/* -- books --------------------------------------------------------------------------------- */

static void test_a_market_order_eats_levels_and_expires_when_the_book_is_empty(void **state) {
    struct simkit k;
    (void)state;
    simkit_open(&k);
    assert_int_equal(simkit_get(&k, "/api/v3/depth", "symbol=ETHUSDT"), 200);
    const json_t *bids = simkit_at(k.json, "bids");
    assert_int_equal(json_array_size(bids), SIM_LEVELS);
    int64_t sum = 0;
    for (size_t i = 0; i < json_array_size(bids); i++) {
        const json_t *level = json_array_get(bids, i);
        sum += e8_of(json_array_get(level, 1));
        if (i > 0)
            assert_true(e8_of(json_array_get(level, 0)) <
                        e8_of(json_array_get(json_array_get(bids, i - 1), 0)));
    }
    simkit_ok(&k, "POST /api/v3/order symbol=ETHUSDT&side=SELL&type=MARKET&quantity=90");
    assert_string_equal(simkit_text(&k, "status"), "FILLED");
    assert_true(json_array_size(simkit_at(k.json, "fills")) > 1);
    assert_int_equal(simkit_get(&k, "/api/v3/depth", "symbol=ETHUSDT"), 200);
    int64_t left = 0;
    bids = simkit_at(k.json, "bids");
    for (size_t i = 0; i < json_array_size(bids); i++)
        left += e8_of(json_array_get(json_array_get(bids, i), 1));
    assert_int_equal(left, sum - 90 * E8);
    sim_ticks_thin(k.ex, SIM_BTC, ORDER_BUY, qty_from_e8(E8 / 2));
    simkit_ok(&k, "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1");
    assert_string_equal(simkit_text(&k, "status"), "EXPIRED");
    assert_string_equal(simkit_text(&k, "executedQty"), "0.50000000");
    assert_int_equal(simkit_get(&k, "/api/v3/ticker/bookTicker", "symbol=BTCUSDT"), 200);
    assert_string_equal(simkit_text(&k, "askQty"), "0.00000000");
    simkit_price(&k, SIM_BTC, 50000); /* the next tick brings a new book */
    assert_int_equal(simkit_get(&k, "/api/v3/ticker/bookTicker", "symbol=BTCUSDT"), 200);
    assert_true(e8_of(simkit_at(k.json, "askQty")) > 0);
    simkit_close(&k);
}

static void test_a_set_price_is_the_last_price_at_once(void **state) {
    struct simkit k;
    (void)state;
    simkit_open(&k);
    simkit_price(&k, SIM_BTC, 61234);
    assert_int_equal(simkit_get(&k, "/api/v3/ticker/price", "symbol=BTCUSDT"), 200);
    assert_string_equal(simkit_text(&k, "price"), "61234.00000000");
    sim_ticks_gap(k.ex, SIM_BTC, E8 / 2);
    assert_int_equal(simkit_get(&k, "/api/v3/ticker/price", "symbol=BTCUSDT"), 200);
    assert_string_equal(simkit_text(&k, "price"), "30617.00000000");
    simkit_close(&k);
}

/* -- candles ------------------------------------------------------------------------------- */

static void test_buckets_follow_the_calendar(void **state) {
    const usec day = USEC_PER_DAY;
    (void)state;
    /* 2024-02-29, a Thursday, is day 19782 */
    const usec leap = 19782 * day + 13 * USEC_PER_HOUR;
    assert_int_equal(sim_bucket(SIM_MONTH, leap, 0), 19754 * day); /* 2024-02-01 */
    assert_int_equal(sim_bucket_end(SIM_MONTH, 19754 * day, 0), 19783 * day);
    assert_int_equal(sim_bucket(SIM_1W, leap, 0), 19779 * day); /* Monday, the 26th */
    assert_int_equal(sim_bucket(SIM_1D, leap, 12 * USEC_PER_HOUR), 19782 * day + day / 2);
    assert_int_equal(sim_bucket(SIM_1D, leap, 8 * USEC_PER_HOUR), 19782 * day - 8 * USEC_PER_HOUR);
    assert_int_equal(sim_bucket(SIM_MONTH, 0, 0), 0);
}

static void test_klines_have_no_holes_and_finer_ones_add_up(void **state) {
    struct simkit k;
    (void)state;
    open_walk(&k);
    go_on(&k, 3 * USEC_PER_HOUR);
    const struct sim_klines *all = sim_klines_get(k.ex, SIM_BTC);
    for (int i = 0; i < SIM_INTERVALS; i++)
        for (int j = 1; j < klines_count(all, (sim_interval)i); j++)
            assert_int_equal(klines_at(all, (sim_interval)i, j)->open_at,
                             sim_bucket_end((sim_interval)i,
                                            klines_at(all, (sim_interval)i, j - 1)->open_at, 0));
    const int hours = klines_count(all, SIM_1H);
    const struct sim_kline *hour = klines_at(all, SIM_1H, hours - 2);
    struct sim_kline sum;
    assert_true(klines_range(all, hour->open_at, hour->open_at + USEC_PER_HOUR, &sum));
    assert_int_equal(sum.base_e8, hour->base_e8);
    assert_int_equal(sum.trades, hour->trades);
    assert_int_equal(price_e8(sum.high), price_e8(hour->high));
    simkit_close(&k);
}

static void test_drawn_history_ends_where_the_history_of_candles_begins(void **state) {
    struct simkit k;
    struct candles c = {{minute(0, 100, 110, 95, 105), minute(1, 105, 120, 104, 118),
                         minute(2, 118, 119, 117, 118)},
                        3,
                        0};
    struct error err = {0};
    (void)state;
    simkit_prepare(&k);
    k.opt.next_candle = next_of;
    k.opt.candle_ctx = &c;
    k.opt.candle_history = 2 * USEC_PER_MIN;
    k.opt.history_days = 2;
    if (!exchange_open(&k.boot, &k.opt, &k.ex, &err)) fail_msg("%s", err.msg);
    assert_int_equal(simkit_get(&k, "/api/v3/klines", "symbol=BTCUSDT&interval=1m&limit=4"), 200);
    const json_t *drawn = json_array_get(k.json, 0), *first = json_array_get(k.json, 1);
    assert_string_equal(json_string_value(json_array_get(first, 2)), "110.00000000");
    assert_string_equal(json_string_value(json_array_get(first, 3)), "95.00000000");
    assert_string_equal(json_string_value(json_array_get(drawn, 4)), "100.00000000");
    simkit_close(&k);
}

static void test_a_symbol_without_a_price_says_nought(void **state) {
    struct simkit k;
    struct error err = {0};
    (void)state;
    simkit_prepare(&k);
    if (!exchange_open(&k.boot, &k.opt, &k.ex, &err)) fail_msg("%s", err.msg);
    assert_int_equal(simkit_get(&k, "/api/v3/ticker/price", "symbol=BTCUSDT"), 200);
    assert_string_equal(simkit_text(&k, "price"), "0.00000000");
    assert_int_equal(simkit_get(&k, "/api/v3/ticker/24hr", "symbol=BTCUSDT"), 200);
    assert_int_equal(simkit_get(&k, "/api/v3/depth", "symbol=BTCUSDT"), 200);
    assert_int_equal(simkit_get(&k, "/api/v3/klines", "symbol=BTCUSDT&interval=1m"), 200);
    assert_int_equal(json_array_size(k.json), 0);
    assert_int_equal(simkit_get(&k, "/api/v3/ticker/price", ""), 200);
    assert_int_equal(json_array_size(k.json), 0);
    simkit_close(&k);
}

static void test_history_is_drawn_back_from_the_first_price(void **state) {
    struct simkit k;
    struct error err = {0};
    (void)state;
    simkit_prepare(&k);
    k.opt.next_candle = NULL;
    k.opt.history_days = 60;
    if (!exchange_open(&k.boot, &k.opt, &k.ex, &err)) fail_msg("%s", err.msg);
    const int64_t begun = last_e8(&k, SIM_BTC);
    assert_int_equal(simkit_get(&k, "/api/v3/klines", "symbol=BTCUSDT&interval=1m&limit=1000"),
                     200);
    assert_int_equal(json_array_size(k.json), 1000);
    const json_t *before = json_array_get(k.json, 998);
    assert_in_range(e8_of(json_array_get(before, 4)), begun - begun / 1000, begun + begun / 1000);
    assert_int_equal(simkit_get(&k, "/api/v3/klines", "symbol=BTCUSDT&interval=1d&limit=100"), 200);
    assert_in_range(json_array_size(k.json), 59, 62);
    const struct sim_klines *all = sim_klines_get(k.ex, SIM_BTC);
    for (int j = 1; j < klines_count(all, SIM_1H); j++) {
        const struct sim_kline *one = klines_at(all, SIM_1H, j);
        assert_int_equal(one->open_at, klines_at(all, SIM_1H, j - 1)->open_at + USEC_PER_HOUR);
        assert_true(price_cmp(one->low, one->open) <= 0 && price_cmp(one->close, one->high) <= 0);
    }
    simkit_close(&k);
}

static void test_klines_are_chosen_by_start_end_and_limit(void **state) {
    struct simkit k;
    char query[160];
    (void)state;
    open_walk(&k);
    go_on(&k, 10 * USEC_PER_MIN);
    const int64_t t0 = SIMKIT_START / USEC_PER_MS;
    snprintf(query, sizeof query, "symbol=BTCUSDT&interval=1m&startTime=%lld&limit=3",
             (long long)(t0 + 60001));
    assert_int_equal(simkit_get(&k, "/api/v3/klines", query), 200);
    assert_int_equal(json_array_size(k.json), 3);
    assert_int_equal(json_integer_value(json_array_get(json_array_get(k.json, 0), 0)), t0 + 120000);
    snprintf(query, sizeof query, "symbol=BTCUSDT&interval=1m&endTime=%lld&limit=2",
             (long long)(t0 + 120000));
    assert_int_equal(simkit_get(&k, "/api/v3/klines", query), 200);
    assert_int_equal(json_array_size(k.json), 2);
    const json_t *last = json_array_get(k.json, 1);
    assert_int_equal(json_integer_value(json_array_get(last, 0)), t0 + 120000);
    assert_int_equal(json_integer_value(json_array_get(last, 6)), t0 + 179999);
    simkit_get(&k, "/api/v3/klines", "symbol=BTCUSDT&interval=7m");
    simkit_refused(&k, 400, -1120, "Invalid interval.");
    simkit_get(&k, "/api/v3/klines", "symbol=BTCUSDT");
    simkit_refused(&k, 400, -1102, "Mandatory parameter 'interval'");
    simkit_get(&k, "/api/v3/klines", "symbol=BTCUSDT&interval=1d&timeZone=15");
    simkit_refused(&k, 400, -1130, "Data sent for parameter 'timeZone'");
    assert_int_equal(simkit_get(&k, "/api/v3/klines", "symbol=BTCUSDT&interval=1d&timeZone=5:45"),
                     200);
    assert_int_equal(json_integer_value(json_array_get(json_array_get(k.json, 0), 0)) % 86400000,
                     86400000 - (5 * 60 + 45) * 60000);
    simkit_close(&k);
}

/* -- asking -------------------------------------------------------------------------------- */

static void test_exchange_info_tells_each_filter_and_flag(void **state) {
    static const char *const flags[] = {
        "icebergAllowed", "ocoAllowed",           "otoAllowed",
        "opoAllowed",     "allowTrailingStop",    "cancelReplaceAllowed",
        "amendAllowed",   "isSpotTradingAllowed", "quoteOrderQtyMarketAllowed"};
    static const char *const filters[] = {
        "PRICE_FILTER",        "LOT_SIZE",    "NOTIONAL", "MAX_NUM_ORDERS", "MAX_NUM_ORDER_LISTS",
        "MAX_NUM_ALGO_ORDERS", "MAX_POSITION"};
    struct simkit k;
    struct error err = {0};
    (void)state;
    simkit_prepare(&k);
    k.listed[SIM_BTC].max_position = qty_from_e8(10 * E8);
    if (!exchange_open(&k.boot, &k.opt, &k.ex, &err)) fail_msg("%s", err.msg);
    assert_int_equal(simkit_get(&k, "/api/v3/exchangeInfo", "symbol=BTCUSDT"), 200);
    assert_int_equal(k.last.used_weight, 20);
    assert_int_equal(json_array_size(simkit_at(k.json, "symbols")), 1);
    const json_t *s = json_array_get(simkit_at(k.json, "symbols"), 0);
    assert_string_equal(json_string_value(simkit_at(s, "status")), "TRADING");
    for (ptrdiff_t i = 0; i < COUNT_OF(flags); i++)
        assert_true(json_is_true(simkit_at(s, flags[i])));
    const json_t *list = simkit_at(s, "filters");
    assert_int_equal(json_array_size(list), COUNT_OF(filters));
    for (size_t i = 0; i < json_array_size(list); i++)
        assert_string_equal(json_string_value(simkit_at(json_array_get(list, i), "filterType")),
                            filters[i]);
    assert_string_equal(json_string_value(simkit_at(json_array_get(list, 6), "maxPosition")),
                        "10.00000000");
    simkit_close(&k);
}

static void test_exchange_info_refuses_what_does_not_go_together(void **state) {
    struct simkit k;
    (void)state;
    simkit_open(&k);
    simkit_get(&k, "/api/v3/exchangeInfo", "symbol=NOPE");
    simkit_refused(&k, 400, -1121, "Invalid symbol.");
    simkit_get(&k, "/api/v3/exchangeInfo", "symbol=BTCUSDT&symbols=%5B%22ETHUSDT%22%5D");
    simkit_refused(&k, 400, -1128, "Combination of optional parameters invalid.");
    simkit_get(&k, "/api/v3/exchangeInfo", "symbol=BTCUSDT&symbolStatus=TRADING");
    simkit_refused(&k, 400, -1128, "Combination of optional parameters invalid.");
    simkit_get(&k, "/api/v3/exchangeInfo", "symbols=%5B%22ETHUSDT%22,%22ETHUSDT%22%5D");
    simkit_refused(&k, 400, -1151, "Symbol is present multiple times");
    simkit_get(&k, "/api/v3/exchangeInfo", "symbolStatus=SLEEPING");
    simkit_refused(&k, 400, -1122, "Invalid symbolStatus.");
    simkit_get(&k, "/api/v3/exchangeInfo", "permissions=%5B%22MARGIN%22%5D");
    assert_int_equal(json_array_size(simkit_at(k.json, "symbols")), 0);
    simkit_get(&k, "/api/v3/exchangeInfo", "symbolStatus=HALT");
    assert_int_equal(json_array_size(simkit_at(k.json, "symbols")), 0);
    simkit_get(&k, "/api/v3/exchangeInfo", "permissions=SPOT");
    assert_int_equal(json_array_size(simkit_at(k.json, "symbols")), 2);
    simkit_close(&k);
}

static void test_weights_follow_what_is_asked_for(void **state) {
    static const struct {
        const char *path, *query;
        int64_t weight;
    } cases[] = {{"/api/v3/depth", "symbol=BTCUSDT&limit=100", 5},
                 {"/api/v3/depth", "symbol=BTCUSDT&limit=101", 25},
                 {"/api/v3/depth", "symbol=BTCUSDT&limit=1000", 50},
                 {"/api/v3/depth", "symbol=BTCUSDT&limit=9999", 250},
                 {"/api/v3/ticker/price", "symbol=BTCUSDT", 2},
                 {"/api/v3/ticker/price", "", 4},
                 {"/api/v3/ticker/bookTicker", "symbols=%5B%22BTCUSDT%22%5D", 4},
                 {"/api/v3/ticker/24hr", "symbol=BTCUSDT", 2},
                 {"/api/v3/ticker/24hr", "", 80},
                 {"/api/v3/ticker", "symbols=%5B%22BTCUSDT%22,%22ETHUSDT%22%5D", 8},
                 {"/api/v3/executionRules", "symbol=BTCUSDT", 2},
                 {"/api/v3/executionRules", "", 40},
                 {"/api/v3/trades", "symbol=BTCUSDT", 25},
                 {"/api/v3/aggTrades", "symbol=BTCUSDT", 4},
                 {"/api/v3/avgPrice", "symbol=BTCUSDT", 2}};
    struct simkit k;
    (void)state;
    simkit_open(&k);
    for (ptrdiff_t i = 0, sum = 0; i < COUNT_OF(cases); i++) {
        if (simkit_get(&k, cases[i].path, cases[i].query) != 200)
            fail_msg("%s: %s", cases[i].path, buf_z(&k.body));
        sum += cases[i].weight;
        if (k.last.used_weight != sum)
            fail_msg("%s?%s: %lld", cases[i].path, cases[i].query,
                     (long long)(k.last.used_weight - sum + cases[i].weight));
    }
    simkit_close(&k);
}

static void test_tickers_are_full_or_mini_and_of_one_or_many(void **state) {
    struct simkit k;
    (void)state;
    simkit_open(&k);
    simkit_price(&k, SIM_BTC, 55000);
    assert_int_equal(simkit_get(&k, "/api/v3/ticker/24hr", "symbol=BTCUSDT"), 200);
    assert_string_equal(simkit_text(&k, "priceChange"), "5000.00000000");
    assert_string_equal(simkit_text(&k, "priceChangePercent"), "10.000");
    assert_string_equal(simkit_text(&k, "highPrice"), "55000.00000000");
    assert_non_null(json_object_get(k.json, "bidPrice"));
    assert_int_equal(simkit_get(&k, "/api/v3/ticker/24hr", "type=MINI"), 200);
    assert_int_equal(json_array_size(k.json), 2);
    assert_null(json_object_get(json_array_get(k.json, 0), "bidPrice"));
    assert_int_equal(simkit_get(&k, "/api/v3/ticker", "symbol=BTCUSDT&windowSize=2h"), 200);
    assert_int_equal(simkit_int(&k, "openTime") % 60000, 0);
    simkit_get(&k, "/api/v3/ticker", "symbol=BTCUSDT&windowSize=8d");
    simkit_refused(&k, 400, -1130, "Data sent for parameter 'windowSize'");
    simkit_get(&k, "/api/v3/ticker", "");
    simkit_refused(&k, 400, -1102, "Param 'symbol' or 'symbols' must be sent");
    simkit_get(&k, "/api/v3/ticker/24hr", "type=TINY");
    simkit_refused(&k, 400, -1139, "Invalid ticker type.");
    simkit_get(&k, "/api/v3/ticker/price", "symbol=BTCUSDT&symbolStatus=HALT");
    simkit_refused(&k, 400, -1220, "The symbol's status does not match");
    assert_int_equal(simkit_get(&k, "/api/v3/ticker/tradingDay", "symbol=BTCUSDT"), 200);
    assert_int_equal(simkit_int(&k, "openTime") % 86400000, 0);
    simkit_close(&k);
}

static void test_trades_are_found_by_id_and_time(void **state) {
    struct simkit k;
    char query[128];
    (void)state;
    open_walk(&k);
    go_on(&k, 30 * USEC_PER_S);
    assert_int_equal(simkit_get(&k, "/api/v3/trades", "symbol=BTCUSDT&limit=5"), 200);
    assert_int_equal(json_array_size(k.json), 5);
    const int64_t newest = sim_prices_get(k.ex, SIM_BTC)->trade_id;
    assert_int_equal(json_integer_value(simkit_at(json_array_get(k.json, 4), "id")), newest);
    assert_int_equal(simkit_get(&k, "/api/v3/historicalTrades", "symbol=BTCUSDT&fromId=3&limit=2"),
                     200);
    assert_int_equal(json_integer_value(simkit_at(json_array_get(k.json, 1), "id")), 4);
    snprintf(query, sizeof query, "symbol=BTCUSDT&startTime=%lld&endTime=%lld",
             (long long)(SIMKIT_START / USEC_PER_MS + 10000),
             (long long)(SIMKIT_START / USEC_PER_MS + 20000));
    assert_int_equal(simkit_get(&k, "/api/v3/aggTrades", query), 200);
    const size_t n = json_array_size(k.json);
    assert_in_range(n, 12, 50);
    for (size_t i = 0; i < n; i++)
        assert_in_range(json_integer_value(simkit_at(json_array_get(k.json, i), "T")) -
                            SIMKIT_START / USEC_PER_MS,
                        10000, 20000);
    simkit_get(&k, "/api/v3/aggTrades", "symbol=BTCUSDT&fromId=3&startTime=5");
    simkit_refused(&k, 400, -1128, "Combination of optional parameters invalid.");
    simkit_close(&k);
}

static void test_a_reference_price_is_only_where_a_rule_needs_one(void **state) {
    struct simkit k;
    struct error err = {0};
    (void)state;
    simkit_prepare(&k);
    k.listed[SIM_BTC].range_bid_up_bp = 10100;
    k.listed[SIM_BTC].range_bid_down_bp = 9900;
    if (!exchange_open(&k.boot, &k.opt, &k.ex, &err)) fail_msg("%s", err.msg);
    simkit_price(&k, SIM_BTC, 50000);
    assert_int_equal(simkit_get(&k, "/api/v3/executionRules", "symbol=BTCUSDT"), 200);
    const json_t *rules = simkit_at(json_array_get(simkit_at(k.json, "symbolRules"), 0), "rules");
    assert_string_equal(json_string_value(simkit_at(json_array_get(rules, 0), "bidLimitMultUp")),
                        "1.01");
    assert_int_equal(simkit_get(&k, "/api/v3/referencePrice", "symbol=BTCUSDT"), 200);
    assert_int_equal(e8_of(simkit_at(k.json, "referencePrice")), 50000 * E8);
    simkit_get(&k, "/api/v3/referencePrice", "symbol=ETHUSDT");
    simkit_refused(&k, 400, -2043, "This symbol doesn't have a reference price.");
    simkit_close(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_candle_is_played_through_its_open_ends_and_close),
        cmocka_unit_test(test_speed_makes_candles_shorter),
        cmocka_unit_test(test_candles_of_the_past_are_history_that_ends_now),
        cmocka_unit_test(test_the_same_seed_and_times_give_the_same_market),
        cmocka_unit_test(test_another_seed_gives_another_market),
        cmocka_unit_test(test_a_walk_stays_near_where_it_began_and_on_ticks),
        cmocka_unit_test(test_prices_go_on_from_a_saved_state),
        cmocka_unit_test(test_a_market_order_eats_levels_and_expires_when_the_book_is_empty),
        cmocka_unit_test(test_a_set_price_is_the_last_price_at_once),
        cmocka_unit_test(test_buckets_follow_the_calendar),
        cmocka_unit_test(test_klines_have_no_holes_and_finer_ones_add_up),
        cmocka_unit_test(test_history_is_drawn_back_from_the_first_price),
        cmocka_unit_test(test_drawn_history_ends_where_the_history_of_candles_begins),
        cmocka_unit_test(test_a_symbol_without_a_price_says_nought),
        cmocka_unit_test(test_klines_are_chosen_by_start_end_and_limit),
        cmocka_unit_test(test_exchange_info_tells_each_filter_and_flag),
        cmocka_unit_test(test_exchange_info_refuses_what_does_not_go_together),
        cmocka_unit_test(test_weights_follow_what_is_asked_for),
        cmocka_unit_test(test_tickers_are_full_or_mini_and_of_one_or_many),
        cmocka_unit_test(test_trades_are_found_by_id_and_time),
        cmocka_unit_test(test_a_reference_price_is_only_where_a_rule_needs_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
