/* Opening a trader: from nothing, from rows, from rows that do not fit; and the blob of prices that
 * is kept beside them. TEST_SEED=n repeats a run. */
#include "flow/trader.h"

#include "base/rng.h"
#include "flow/trader_int.h"
#include "flowkit.h"

static struct arena boot;
static struct rng rng;
static struct config *cfg;
static struct symbols *symbols;
static const struct venue_traits traits = {.can_short = true};
static struct trader *trader;
static struct actions *acts;
static struct error err;

static void begin(void) {
    arena_reset(&boot);
    cfg = kit_config(&boot, NULL);
    symbols = kit_symbols(&boot);
    acts = NEW(&boot, struct actions);
}

static bool opens(const struct trader_rows *rows) {
    return trader_open(&boot, cfg, symbols, &traits, rows, &trader, &err);
}

static void step(usec now, const struct event *ev) { trader_step(trader, now, ev, acts); }

static void price_at(int sym, usec at, const char *p) {
    const struct quote q = {.sym = sym, .at = at, .last = P(p), .bid = P(p), .ask = P(p)};
    step(at, &(struct event){.kind = EVENT_QUOTE, .u.quote = q});
}

/* --- rows ---------------------------------------------------------------------------- */

static void test_a_fresh_account_has_the_configured_balance_and_mode(void **state) {
    (void)state;
    begin();
    cfg = kit_config(&boot, "paper.balance=500", "trading.mode=observe", NULL);
    assert_ok(opens(&(struct trader_rows){.fresh = true}), &err);
    step(KIT_DAY, &(struct event){.kind = EVENT_START});
    struct trader_view v;
    trader_view(trader, &v);
    assert_int_equal(money_e8(v.equity), kit_e8("500"));
    assert_int_equal(v.control->mode, MODE_OBSERVE);
    bool account = false, control = false;
    for (int i = 0; i < acts->count; i++) {
        account |= acts->v[i].kind == ACTION_PUT_ACCOUNT;
        control |= acts->v[i].kind == ACTION_PUT_CONTROL;
    }
    assert_true(account && control && acts->durable);
}

static void test_a_halt_given_before_the_first_start_holds(void **state) {
    (void)state;
    begin();
    const struct trader_rows rows = {
        .fresh = true,
        .control = {.mode = MODE_HALTED, .before = MODE_AUTO, .epoch = 4, .until = USEC_NEVER}};
    assert_ok(opens(&rows), &err);
    struct trader_view v;
    trader_view(trader, &v);
    assert_int_equal(v.control->mode, MODE_HALTED);
    assert_int_equal(v.control->epoch, 4);
}

static void test_a_halted_configuration_returns_to_auto(void **state) {
    (void)state;
    begin();
    cfg = kit_config(&boot, "trading.mode=halted", NULL);
    assert_ok(opens(&(struct trader_rows){.fresh = true}), &err);
    struct trader_view v;
    trader_view(trader, &v);
    assert_int_equal(v.control->mode, MODE_HALTED);
    assert_int_equal(v.control->before, MODE_AUTO);
}

static void test_more_rows_than_the_tables_hold_are_refused(void **state) {
    (void)state;
    begin();
    struct trader_rows rows = {.trade_count = TRADES_MAX + 1};
    assert_fails(opens(&rows), &err, ERR_RANGE);
    rows = (struct trader_rows){.order_count = ORDERS_MAX + 1};
    assert_fails(opens(&rows), &err, ERR_RANGE);
    rows = (struct trader_rows){.signal_count = SIGNALS_MAX + 1};
    assert_fails(opens(&rows), &err, ERR_RANGE);
}

static void test_a_position_in_a_symbol_that_is_gone_stops_the_start(void **state) {
    (void)state;
    begin();
    const struct trade t = {.id = 1, .symbol = "LUNAUSDT", .side = SIDE_LONG, .held = Q("1")};
    assert_fails(opens(&(struct trader_rows){.trades = &t, .trade_count = 1}), &err, ERR_STATE);
    assert_true(str_find(str_from_z(err.msg), STR("LUNAUSDT")) >= 0);
}

static void test_orders_and_signals_of_symbols_that_are_gone_are_left_out(void **state) {
    (void)state;
    begin();
    const struct order o = {.id = 1, .trade_id = 9, .symbol = "LUNAUSDT", .coid = "x"};
    const struct signal s = {.id = 2, .symbol = "LUNAUSDT"};
    const struct trader_rows rows = {
        .orders = &o, .order_count = 1, .signals = &s, .signal_count = 1};
    assert_ok(opens(&rows), &err);
    assert_int_equal(trader->order_count, 0);
    assert_int_equal(trader->signal_count, 0);
}

static void test_cancelled_intents_count_and_give_no_rest(void **state) {
    (void)state;
    begin();
    const struct trade t[] = {
        {.id = 1, .symbol = "DOGEUSDT", .root_id = 5, .status = TRADE_CANCELLED, .closed_at = 50},
        {.id = 2, .symbol = "BTCUSDT", .root_id = 6, .status = TRADE_CLOSED, .closed_at = 60}};
    assert_ok(opens(&(struct trader_rows){.closed = t, .closed_count = 2}), &err);
    assert_int_equal(trader->memo_count, 2);
    assert_int_equal(trader->syms[DOGE].closed_at, 0);
    assert_int_equal(trader->syms[BTC].closed_at, 60);
}

static void test_before_the_first_price_a_position_has_no_profit(void **state) {
    (void)state;
    begin();
    const struct trade t = {.id = 1,
                            .symbol = "DOGEUSDT",
                            .side = SIDE_LONG,
                            .held = Q("1000"),
                            .basis = M("80"),
                            .entered_at = KIT_DAY,
                            .hold_until = USEC_NEVER};
    assert_ok(opens(&(struct trader_rows){.trades = &t, .trade_count = 1}), &err);
    step(KIT_DAY, &(struct event){.kind = EVENT_START});
    struct trader_view v;
    trader_view(trader, &v);
    assert_int_equal(v.position_count, 1);
    assert_int_equal(money_e8(v.positions[0].unrealized), 0);
    price_at(DOGE, KIT_DAY + 1, "0.09");
    trader_view(trader, &v);
    assert_int_equal(money_e8(v.positions[0].unrealized), kit_e8("10"));
}

/* --- tables that are full ------------------------------------------------------------ */

static void test_a_full_table_forgets_old_exits_before_it_gives_up(void **state) {
    (void)state;
    begin();
    const struct trade t = {.id = 1,
                            .symbol = "DOGEUSDT",
                            .side = SIDE_LONG,
                            .held = Q("1000"),
                            .basis = M("80"),
                            .entered_at = KIT_DAY,
                            .hold_until = USEC_NEVER,
                            .exit_due = true,
                            .exit_reason = REASON_STOP,
                            .generation = 20};
    struct order *orders = NEW_ARRAY(&boot, struct order, ORDERS_MAX);
    for (int i = 0; i < ORDERS_MAX; i++) {
        orders[i] = (struct order){.id = i + 1,
                                   .trade_id = 1,
                                   .leg = LEG_EXIT,
                                   .symbol = "DOGEUSDT",
                                   .side = ORDER_SELL,
                                   .state = ORDER_ST_EXPIRED};
        snprintf(orders[i].coid, sizeof orders[i].coid, "x%d", i);
    }
    orders[7].state = ORDER_ST_OPEN;
    orders[7].leg = LEG_ENTRY;
    struct trader_rows rows = {.account = {.next_id = 1000, .now = KIT_DAY, .install = "0000"},
                               .control = {.until = USEC_NEVER},
                               .trades = &t,
                               .trade_count = 1,
                               .orders = orders,
                               .order_count = ORDERS_MAX};
    rows.account.day = time_utc_day(KIT_DAY);
    assert_ok(opens(&rows), &err);
    price_at(DOGE, KIT_DAY + 1, "0.08");
    assert_int_equal(trader->order_count, 3); /* the live one, the newest exit, and the new exit */
    assert_int_equal(trader->orders[0].id, 8);
    assert_int_equal(trader->orders[1].id, ORDERS_MAX);
    assert_int_equal(trader->orders[2].id, 1000);
    assert_true(trader->trades[0].exit_sent);
}

static void test_the_last_generation_is_told_and_not_passed(void **state) {
    (void)state;
    begin();
    const struct trade t = {.id = 1,
                            .symbol = "DOGEUSDT",
                            .side = SIDE_LONG,
                            .held = Q("1000"),
                            .basis = M("80"),
                            .entered_at = KIT_DAY,
                            .hold_until = USEC_NEVER,
                            .exit_due = true,
                            .exit_reason = REASON_STOP,
                            .generation = 359};
    struct trader_rows rows = {.account = {.next_id = 1000, .now = KIT_DAY, .install = "0000"},
                               .control = {.until = USEC_NEVER},
                               .trades = &t,
                               .trade_count = 1};
    rows.account.day = time_utc_day(KIT_DAY);
    assert_ok(opens(&rows), &err);
    price_at(DOGE, KIT_DAY + 1, "0.08");
    bool told = false;
    for (int i = 0; i < acts->count; i++) {
        assert_int_not_equal(acts->v[i].kind, ACTION_SEND);
        told |= acts->v[i].kind == ACTION_TELL && acts->v[i].u.tell.level == TELL_BROKEN;
    }
    assert_true(told);
    price_at(DOGE, KIT_DAY + 2, "0.08"); /* once */
    for (int i = 0; i < acts->count; i++) assert_int_not_equal(acts->v[i].kind, ACTION_TELL);
}

/* --- forecasts ----------------------------------------------------------------------- */

/* More rows than there is room for, and rows of a pair that is gone, keep nobody from starting. */
static void test_forecasts_that_cannot_be_followed_stay_rows(void **state) {
    (void)state;
    begin();
    static struct forecast rows[FORECASTS_MAX + 40];
    for (int i = 0; i < COUNT_OF(rows); i++) {
        rows[i] = (struct forecast){.id = i + 1, .side = SIDE_LONG, .from = P("1"), .until = 1};
        snprintf(rows[i].author, sizeof rows[i].author, "x:%d", i);
        snprintf(rows[i].symbol, sizeof rows[i].symbol, "%s", i < 50 ? "GONEUSDT" : "DOGEUSDT");
    }
    const struct trader_rows r = {
        .fresh = true, .forecasts = rows, .forecast_count = COUNT_OF(rows)};
    assert_ok(opens(&r), &err);
    assert_int_equal(trader->forecast_count, COUNT_OF(rows) - 50);
    assert_int_equal(trader->syms[DOGE].forecasts, trader->forecast_count);
    for (int i = 0; i < 50; i++) memcpy(rows[i].symbol, "DOGEUSDT", sizeof "DOGEUSDT");
    assert_ok(opens(&r), &err);
    assert_int_equal(trader->forecast_count, FORECASTS_MAX);
}

/* --- the blob of prices -------------------------------------------------------------- */

static void with_prices(struct buf *blob) {
    begin();
    assert_ok(opens(&(struct trader_rows){.fresh = true}), &err);
    for (int i = 0; i < 40; i++) {
        price_at(DOGE, KIT_DAY + i * 9 * USEC_PER_S, i % 2 ? "0.08" : "0.081");
        if (i < 3) price_at(BTC, KIT_DAY + i * 9 * USEC_PER_S, "40000");
    }
    step(KIT_DAY + 400 * USEC_PER_S, &(struct event){.kind = EVENT_DRY, .u.sym = BTC});
    buf_init(blob, 1 << 20);
    trader_save_prices(trader, blob);
}

static void test_prices_come_back_as_they_were_kept(void **state) {
    (void)state;
    struct buf blob, again;
    with_prices(&blob);
    assert_ok(opens(&(struct trader_rows){.fresh = true}), &err);
    assert_ok(trader_load_prices(trader, buf_str(&blob), &err), &err);
    buf_init(&again, 1 << 20);
    trader_save_prices(trader, &again);
    assert_int_equal(again.len, blob.len);
    assert_memory_equal(again.p, blob.p, (size_t)blob.len);
    assert_int_equal(price_e8(trader->syms[DOGE].mark), kit_e8("0.08"));
    assert_true(trader->syms[BTC].dry);
    assert_false(trader->syms[ETH].has_price);
    buf_fini(&blob);
    buf_fini(&again);
}

static void test_prices_of_a_symbol_that_is_gone_are_read_over(void **state) {
    (void)state;
    struct buf blob;
    with_prices(&blob);
    memcpy(symbols->v[BTC].name, "BTXUSDT", sizeof "BTXUSDT");
    assert_ok(opens(&(struct trader_rows){.fresh = true}), &err);
    assert_ok(trader_load_prices(trader, buf_str(&blob), &err), &err);
    assert_false(trader->syms[BTC].has_price);
    assert_int_equal(price_e8(trader->syms[DOGE].mark), kit_e8("0.08"));
    buf_fini(&blob);
}

/* The form that had no volatility begins with "FCRIRES1". */
static void test_prices_in_the_form_of_before_are_learned_anew(void **state) {
    (void)state;
    struct buf blob;
    with_prices(&blob);
    assert_int_equal(blob.p[7], '2');
    blob.p[7] = '1';
    assert_ok(opens(&(struct trader_rows){.fresh = true}), &err);
    assert_ok(trader_load_prices(trader, buf_str(&blob), &err), &err);
    assert_false(trader->syms[DOGE].has_price);
    buf_fini(&blob);
}

static void test_prices_that_are_cut_are_damaged(void **state) {
    (void)state;
    struct buf blob;
    with_prices(&blob);
    int taken = 0;
    for (ptrdiff_t n = 0; n < blob.len; n++) {
        char *exact = malloc((size_t)(n > 0 ? n : 1)); /* the sanitizer sees a byte too many */
        memcpy(exact, blob.p, (size_t)n);
        if (trader_load_prices(trader, str_from_bytes(exact, n), &err))
            taken++;
        else
            assert_int_equal(err.code, ERR_DAMAGED);
        free(exact);
    }
    assert_int_equal(taken, 2); /* behind the head, and behind the first symbol */
    buf_fini(&blob);
}

static void test_prices_that_are_damaged_break_nothing(void **state) {
    (void)state;
    struct buf blob;
    with_prices(&blob);
    for (int i = 0; i < 20000; i++) {
        const ptrdiff_t at = (ptrdiff_t)rng_below(&rng, (uint64_t)blob.len);
        const char was = blob.p[at];
        blob.p[at] = (char)rng_between(&rng, -128, 127);
        IGNORE(trader_load_prices(trader, buf_str(&blob), &err), "damage may look sound");
        for (int k = 0; k < symbols->count; k++) {
            const struct sym_state *st = &trader->syms[k];
            assert_true(st->ring_count >= 0 && st->ring_count <= PRICE_RING);
            assert_true(st->ring_next >= 0 && st->ring_next < PRICE_RING);
        }
        blob.p[at] = was;
    }
    buf_fini(&blob);
}

static int set_up(void **state) {
    (void)state;
    rng_init(&rng, test_seed());
    arena_open(&boot, 256 << 20);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_close(&boot);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fresh_account_has_the_configured_balance_and_mode),
        cmocka_unit_test(test_a_halt_given_before_the_first_start_holds),
        cmocka_unit_test(test_a_halted_configuration_returns_to_auto),
        cmocka_unit_test(test_more_rows_than_the_tables_hold_are_refused),
        cmocka_unit_test(test_a_position_in_a_symbol_that_is_gone_stops_the_start),
        cmocka_unit_test(test_orders_and_signals_of_symbols_that_are_gone_are_left_out),
        cmocka_unit_test(test_cancelled_intents_count_and_give_no_rest),
        cmocka_unit_test(test_before_the_first_price_a_position_has_no_profit),
        cmocka_unit_test(test_a_full_table_forgets_old_exits_before_it_gives_up),
        cmocka_unit_test(test_the_last_generation_is_told_and_not_passed),
        cmocka_unit_test(test_forecasts_that_cannot_be_followed_stay_rows),
        cmocka_unit_test(test_prices_come_back_as_they_were_kept),
        cmocka_unit_test(test_prices_of_a_symbol_that_is_gone_are_read_over),
        cmocka_unit_test(test_prices_in_the_form_of_before_are_learned_anew),
        cmocka_unit_test(test_prices_that_are_cut_are_damaged),
        cmocka_unit_test(test_prices_that_are_damaged_break_nothing),
    };
    return cmocka_run_group_tests_name("trader open", tests, set_up, tear_down);
}
