/* The rules of risk: each refuses with its code, on both sides of its boundary; sizes and levels
 * over random markets, recomputed here in other words. TEST_SEED=n repeats a run. */
#include "flow/risk/risk.h"

#include "base/rng.h"
#include "flowkit.h"

__extension__ typedef __int128 wide;

static struct arena memory;
static struct rng rng;

#define NOW (KIT_DAY + USEC_PER_HOUR)

/* An account in which everything is allowed, a signal and a quote; tests change one thing. */
static struct {
    struct config *cfg;
    struct venue_traits traits;
    struct risk_view view;
    struct signal signal;
    struct symbol symbol;
    struct quote quote;
    struct plan plan;
} it;

static void fresh_with(const char *set) {
    arena_reset(&memory);
    memset(&it, 0, sizeof it);
    it.cfg = kit_config(&memory, set, NULL);
    it.traits = (struct venue_traits){
        .can_short = true, .fee_e8 = 100000, .spread_e8 = 20000, .slippage_e8 = 50000};
    it.symbol = kit_symbols(&memory)->v[DOGE];
    it.view = (struct risk_view){.now = NOW,
                                 .cfg = it.cfg,
                                 .traits = &it.traits,
                                 .mode = MODE_AUTO,
                                 .equity = M("10000"),
                                 .free_cash = M("10000"),
                                 .room = true};
    it.signal = (struct signal){.id = 1, .side = SIDE_LONG, .score = 80, .sym = DOGE};
    it.quote = (struct quote){.sym = DOGE, .at = NOW, .last = P("0.08")};
}

static void fresh(void) { fresh_with(NULL); }

static reason asked(void) {
    it.plan = (struct plan){0};
    return risk_check(&it.view, &it.signal, &it.symbol, &it.quote, &it.plan);
}

static void refused(reason want) {
    const reason got = asked();
    if (got != want) fail_msg("%s, want %s", reason_name(got), reason_name(want));
    if (want != REASON_NONE) assert_int_equal(it.plan.side, SIDE_NONE); /* nothing is written */
}

#define allowed() refused(REASON_NONE)

/* --- the account --------------------------------------------------------------------- */

static void test_a_sound_signal_becomes_a_plan(void **state) {
    (void)state;
    fresh();
    allowed();
    assert_int_equal(it.plan.side, SIDE_LONG);
    assert_int_equal(price_e8(it.plan.quote), kit_e8("0.08"));
    assert_int_equal(price_e8(it.plan.limit), kit_e8("0.0804"));
    assert_int_equal(price_e8(it.plan.stop), kit_e8("0.0784"));
    assert_int_equal(price_e8(it.plan.target), kit_e8("0.0832"));
    assert_int_equal(qty_e8(it.plan.qty), kit_e8("1243")); /* 100 / 0.0804 = 1243.7 */
    assert_int_equal(money_e8(it.plan.notional), kit_e8("99.9372"));
}

static void test_a_short_mirrors_the_levels(void **state) {
    (void)state;
    fresh();
    it.signal.side = SIDE_SHORT;
    allowed();
    assert_int_equal(price_e8(it.plan.limit), kit_e8("0.0796"));
    assert_int_equal(price_e8(it.plan.stop), kit_e8("0.0816"));
    assert_int_equal(price_e8(it.plan.target), kit_e8("0.0768"));
    assert_int_equal(qty_e8(it.plan.qty), kit_e8("1250"));
}

static void test_halted_and_observe_open_nothing_and_manual_may(void **state) {
    (void)state;
    fresh();
    it.view.mode = MODE_HALTED;
    refused(REASON_HALTED);
    it.view.mode = MODE_OBSERVE;
    refused(REASON_OBSERVE);
    it.view.mode = MODE_MANUAL;
    allowed();
}

static void test_a_symbol_out_of_trading_is_refused(void **state) {
    (void)state;
    fresh();
    it.symbol.trading = false;
    refused(REASON_NOT_TRADING);
}

static void test_one_intent_for_a_chain_and_one_for_its_copies(void **state) {
    (void)state;
    fresh();
    it.view.root_traded = true;
    refused(REASON_DUPLICATE);
    it.view.root_traded = false;
    it.view.cluster_traded = true;
    refused(REASON_COPY);
}

static void test_a_tripped_day_is_closed(void **state) {
    (void)state;
    fresh();
    it.view.drawdown = true;
    refused(REASON_DRAWDOWN);
}

static void test_one_position_in_a_symbol(void **state) {
    (void)state;
    fresh();
    it.view.symbol_taken = true;
    it.view.positions = 1;
    refused(REASON_POSITION_EXISTS);
}

static void test_at_most_five_positions(void **state) {
    (void)state;
    fresh();
    it.view.positions = 4;
    allowed();
    it.view.positions = 5;
    refused(REASON_MAX_POSITIONS);
}

static void test_full_tables_refuse(void **state) {
    (void)state;
    fresh();
    it.view.room = false;
    refused(REASON_OVERLOADED);
}

static void test_a_symbol_rests_fifteen_minutes_after_its_trade(void **state) {
    (void)state;
    fresh();
    it.view.symbol_closed_at = NOW - 900 * USEC_PER_S + 1;
    refused(REASON_COOLDOWN_SYMBOL);
    it.view.symbol_closed_at = NOW - 900 * USEC_PER_S;
    allowed();
    it.view.symbol_closed_at = NOW;
    refused(REASON_COOLDOWN_SYMBOL);
    it.view.symbol_closed_at = 0; /* never */
    allowed();
}

static void test_a_cooldown_of_zero_is_none(void **state) {
    (void)state;
    fresh_with("trading.cooldown_symbol_s=0");
    it.view.symbol_closed_at = NOW;
    allowed();
}

static void test_an_author_rests_five_minutes_after_a_trade(void **state) {
    (void)state;
    fresh();
    it.view.author_traded_at = NOW - 300 * USEC_PER_S + 1;
    refused(REASON_COOLDOWN_AUTHOR);
    it.view.author_traded_at = NOW - 300 * USEC_PER_S;
    allowed();
}

static void test_a_post_s_second_coin_does_not_rest_after_its_first(void **state) {
    (void)state;
    fresh();
    it.view.author_traded_at = NOW;
    it.view.same_post = true;
    allowed();
}

static void test_five_trades_a_day_for_an_author(void **state) {
    (void)state;
    fresh();
    it.view.author_trades_today = 4;
    allowed();
    it.view.author_trades_today = 5;
    refused(REASON_AUTHOR_CAP);
    it.view.same_post = true;
    refused(REASON_AUTHOR_CAP);
}

static void test_shorts_need_the_switch_and_the_venue(void **state) {
    (void)state;
    fresh();
    it.signal.side = SIDE_SHORT;
    it.traits.can_short = false;
    refused(REASON_SHORT_OFF);
    fresh_with("trading.allow_short=false");
    it.signal.side = SIDE_SHORT;
    refused(REASON_SHORT_OFF);
    it.signal.side = SIDE_LONG;
    allowed();
}

/* (4 % - costs) / (2 % + costs): 1.5 is reached at costs of 0.4 %. */
static void test_too_little_reward_for_the_risk_after_costs(void **state) {
    (void)state;
    fresh();
    it.traits = (struct venue_traits){.fee_e8 = 200000}; /* 0.2 % each way */
    assert_int_equal(risk_reward_e8(it.cfg, &it.traits), kit_e8("1.5"));
    allowed();
    it.traits.spread_e8 = 1;
    refused(REASON_REWARD_RISK);
    it.traits = (struct venue_traits){.slippage_e8 = 200000};
    allowed();
    it.traits.slippage_e8 = 200001;
    refused(REASON_REWARD_RISK);
}

static void test_costs_above_the_target_are_a_reward_of_nothing(void **state) {
    (void)state;
    fresh();
    it.traits.fee_e8 = 3 * E8 / 100;
    assert_int_equal(risk_reward_e8(it.cfg, &it.traits), 0);
    refused(REASON_REWARD_RISK);
}

/* --- levels -------------------------------------------------------------------------- */

static void test_a_level_outside_the_price_filter_is_refused(void **state) {
    (void)state;
    fresh();
    it.symbol.max_price = P("0.0832"); /* the target */
    allowed();
    it.symbol.max_price = P("0.08319");
    refused(REASON_PRICE_RANGE);
    fresh();
    it.symbol.min_price = P("0.0784"); /* the stop */
    allowed();
    it.symbol.min_price = P("0.07841");
    refused(REASON_PRICE_RANGE);
}

static void test_a_level_outside_the_percent_band_is_refused(void **state) {
    (void)state;
    fresh();
    it.symbol.ask_up_bp = 10400; /* a LONG's target sells at +4 % */
    allowed();
    it.symbol.ask_up_bp = 10399;
    refused(REASON_PRICE_RANGE);
    fresh();
    it.symbol.ask_down_bp = 9800; /* its stop at -2 % */
    allowed();
    it.symbol.ask_down_bp = 9801;
    refused(REASON_PRICE_RANGE);
    fresh();
    it.symbol.bid_up_bp = 10050; /* its entry at +0.5 % */
    allowed();
    it.symbol.bid_up_bp = 10049;
    refused(REASON_PRICE_RANGE);
    it.symbol.bid_up_bp = 0; /* off */
    allowed();
}

static void test_a_tick_too_coarse_for_the_stop_is_refused(void **state) {
    (void)state;
    fresh();
    it.quote.last = P("0.00049"); /* 2 % below is less than one tick away */
    refused(REASON_PRICE_RANGE);
    it.signal.side = SIDE_SHORT;
    refused(REASON_PRICE_RANGE);
    it.quote.last = P("0.0005"); /* one tick exactly */
    it.symbol.min_notional = M("0");
    allowed();
    assert_int_equal(price_e8(it.plan.stop), kit_e8("0.00051"));
}

/* --- size and funds ------------------------------------------------------------------ */

static void test_a_size_under_the_least_quantity_is_refused(void **state) {
    (void)state;
    fresh();
    it.symbol.min_qty = Q("1243");
    allowed();
    it.symbol.min_qty = Q("1244");
    refused(REASON_MIN_QTY);
    fresh();
    it.symbol.market_min_qty = Q("1244");
    refused(REASON_MIN_QTY);
    fresh();
    it.symbol.step = Q("2000");
    refused(REASON_MIN_QTY);
}

static void test_a_stop_under_the_least_notional_is_refused(void **state) {
    (void)state;
    fresh();
    it.symbol.min_notional = M("97.4512"); /* 1243 x 0.0784 */
    allowed();
    it.symbol.min_notional = M("97.45120001");
    refused(REASON_MIN_NOTIONAL);
}

static void test_no_equity_is_no_size(void **state) {
    (void)state;
    fresh();
    it.view.equity = M("0");
    refused(REASON_MIN_NOTIONAL);
    it.view.equity = M("-5");
    refused(REASON_MIN_NOTIONAL);
}

static void test_the_largest_quantities_cap_the_size(void **state) {
    (void)state;
    fresh();
    it.symbol.max_qty = Q("1000");
    allowed();
    assert_int_equal(qty_e8(it.plan.qty), kit_e8("1000"));
    it.symbol.market_max_qty = Q("900.5"); /* the exits are market orders */
    allowed();
    assert_int_equal(qty_e8(it.plan.qty), kit_e8("900"));
    it.symbol.market_step = Q("500");
    allowed();
    assert_int_equal(qty_e8(it.plan.qty), kit_e8("500"));
}

static void test_the_largest_notional_caps_the_size(void **state) {
    (void)state;
    fresh();
    it.symbol.max_notional = M("50");
    allowed();
    assert_int_equal(qty_e8(it.plan.qty), kit_e8("621")); /* 50 / 0.0804 */
}

static void test_a_fee_in_base_is_counted_before_the_least_quantity(void **state) {
    (void)state;
    fresh();
    it.symbol.min_qty = Q("1243");
    it.traits.fee_from_received = true; /* 1243 bought, 1241 can be sold */
    refused(REASON_MIN_QTY);
    it.symbol.min_qty = Q("1241");
    allowed();
    it.symbol.min_notional = M("97.4512");
    refused(REASON_MIN_NOTIONAL);
}

static void test_positions_together_stay_under_the_leverage(void **state) {
    (void)state;
    fresh();
    it.view.exposure = M("9900.0628");
    allowed();
    it.view.exposure = M("9900.06280001");
    refused(REASON_LEVERAGE);
    fresh_with("trading.leverage=2");
    it.view.exposure = M("10000");
    allowed();
}

static void test_an_entry_is_paid_from_free_cash(void **state) {
    (void)state;
    fresh();
    it.view.free_cash = M("99.9372");
    allowed();
    it.view.free_cash = M("99.93719999");
    refused(REASON_NO_FUNDS);
    it.signal.side = SIDE_SHORT;
    allowed();
}

static void test_the_first_reason_is_the_one_that_matters(void **state) {
    (void)state;
    fresh();
    it.view.mode = MODE_HALTED;
    it.view.drawdown = it.view.symbol_taken = it.view.root_traded = true;
    it.view.positions = 9;
    refused(REASON_HALTED);
    it.view.mode = MODE_AUTO;
    refused(REASON_DUPLICATE);
    it.view.root_traded = false;
    refused(REASON_DRAWDOWN);
    it.view.drawdown = false;
    refused(REASON_POSITION_EXISTS);
    it.view.symbol_taken = false;
    refused(REASON_MAX_POSITIONS);
}

/* --- random markets ------------------------------------------------------------------ */

static int64_t power_of_ten(int64_t n) {
    int64_t v = 1;
    while (n-- > 0) v *= 10;
    return v;
}

static void random_market(void) {
    char size[64], stop[64], target[64], slip[64];
    snprintf(size, sizeof size, "trading.position_size_percent=0.%04lld",
             (long long)rng_between(&rng, 1, 2500));
    snprintf(stop, sizeof stop, "trading.stop_loss_percent=0.%04lld",
             (long long)rng_between(&rng, 10, 5000));
    snprintf(target, sizeof target, "trading.take_profit_percent=0.%04lld",
             (long long)rng_between(&rng, 10, 9999));
    snprintf(slip, sizeof slip, "trading.max_slippage_percent=0.%04lld",
             (long long)rng_between(&rng, 0, 1000));
    fresh();
    it.cfg = kit_config(&memory, size, stop, target, slip, "trading.min_reward_risk=0", NULL);
    it.view.cfg = it.cfg;
    it.traits.fee_e8 = 0;
    it.traits.slippage_e8 = 0;
    it.traits.spread_e8 = rng_between(&rng, 0, 1000000);
    it.traits.fee_from_received = rng_below(&rng, 3) == 0;
    if (it.traits.fee_from_received) it.traits.fee_e8 = rng_between(&rng, 0, 500000);
    it.symbol.tick = price_from_e8(power_of_ten(rng_between(&rng, 0, 8)));
    it.symbol.step = qty_from_e8(power_of_ten(rng_between(&rng, 0, 9)));
    it.symbol.min_price = it.symbol.tick;
    it.symbol.min_qty = rng_below(&rng, 2) ? it.symbol.step : Q("0");
    it.symbol.max_price = rng_below(&rng, 2) ? P("100000000") : P("0");
    it.symbol.max_qty = rng_below(&rng, 2) ? Q("9000000") : Q("0");
    it.symbol.bid_up_bp = it.symbol.bid_down_bp = it.symbol.ask_up_bp = it.symbol.ask_down_bp = 0;
    it.symbol.min_notional = money_from_e8(rng_between(&rng, 0, 2000000000));
    it.quote.last = price_from_e8(rng_between(&rng, 1, power_of_ten(rng_between(&rng, 1, 13))));
    it.signal.side = rng_below(&rng, 2) ? SIDE_LONG : SIDE_SHORT;
    it.view.equity = it.view.free_cash =
        money_from_e8(rng_between(&rng, 1, power_of_ten(rng_between(&rng, 2, 14))));
}

static void assert_levels(void) {
    const struct plan *p = &it.plan;
    const int64_t tick = price_e8(it.symbol.tick), quote = price_e8(p->quote);
    const int64_t limit = price_e8(p->limit), stop = price_e8(p->stop), aim = price_e8(p->target);
    assert_true(limit % tick == 0 && stop % tick == 0 && aim % tick == 0);
    const wide reach = it.cfg->trading_max_slippage_percent + it.traits.spread_e8 / 2;
    const wide down = it.cfg->trading_stop_loss_percent, up = it.cfg->trading_take_profit_percent;
    if (p->side == SIDE_LONG) {
        assert_true(stop < quote && stop < limit && aim > quote);
        assert_true((wide)limit * E8 <= (wide)quote * (E8 + reach)); /* never dearer */
        assert_true((wide)stop * E8 >= (wide)quote * (E8 - down));   /* never further */
        assert_true((wide)aim * E8 >= (wide)quote * (E8 + up));      /* never nearer */
        assert_true((wide)(stop - tick) * E8 < (wide)quote * (E8 - down));
    } else {
        assert_true(stop > quote && stop > limit && aim < quote);
        assert_true((wide)limit * E8 >= (wide)quote * (E8 - reach));
        assert_true((wide)stop * E8 <= (wide)quote * (E8 + down));
        assert_true((wide)aim * E8 <= (wide)quote * (E8 - up));
        assert_true((wide)(stop + tick) * E8 > (wide)quote * (E8 + down));
    }
}

static void assert_size(void) {
    const struct plan *p = &it.plan;
    const int64_t q = qty_e8(p->qty);
    const int64_t at = price_e8(p->side == SIDE_LONG ? p->limit : p->quote);
    assert_true(q > 0 && q % qty_e8(it.symbol.step) == 0);
    assert_true(q >= qty_e8(it.symbol.min_qty));
    if (!qty_is_zero(it.symbol.max_qty)) assert_true(q <= qty_e8(it.symbol.max_qty));
    /* q x at <= equity x share */
    assert_true((wide)q * at <=
                (wide)money_e8(it.view.equity) * it.cfg->trading_position_size_percent);
    assert_true((wide)q * at <= (wide)money_e8(p->notional) * E8);
    assert_true((wide)(money_e8(p->notional) - 1) * E8 < (wide)q * at);
}

static void test_random_plans_keep_sizes_and_levels_in_bounds(void **state) {
    (void)state;
    int plans = 0;
    for (int i = 0; i < 6000; i++) {
        random_market();
        if (asked() != REASON_NONE) continue;
        plans++;
        assert_levels();
        assert_size();
    }
    assert_true(plans > 1000);
}

static reason asked_at(side s, money equity) {
    it.signal.side = s;
    it.view.equity = it.view.free_cash = equity;
    return asked();
}

static void test_the_least_equity_trades_and_1e_8_less_does_not(void **state) {
    (void)state;
    int found = 0;
    for (int i = 0; i < 6000; i++) {
        random_market();
        it.traits.can_short = rng_below(&rng, 2) != 0;
        money least;
        if (!risk_least_equity(it.cfg, &it.traits, &it.symbol, it.quote.last, &least)) continue;
        found++;
        const bool both = it.traits.can_short;
        assert_int_equal(asked_at(SIDE_LONG, least), REASON_NONE);
        if (both) assert_int_equal(asked_at(SIDE_SHORT, least), REASON_NONE);
        const money less = money_minus(least, money_from_e8(1));
        const bool long_refused = asked_at(SIDE_LONG, less) != REASON_NONE;
        const bool short_refused = both && asked_at(SIDE_SHORT, less) != REASON_NONE;
        if (!long_refused && !short_refused) fail_msg("%lld trades", (long long)money_e8(less));
    }
    assert_true(found > 2000);
}

static void test_the_least_equity_at_the_defaults(void **state) {
    (void)state;
    fresh();
    money least;
    /* LONG: 64 DOGE (5 / 0.0784 = 63.8) at 0.0804; SHORT: 66 (5 / 0.0768 = 65.1) at 0.08 */
    assert_true(risk_least_equity(it.cfg, &it.traits, &it.symbol, P("0.08"), &least));
    assert_int_equal(money_e8(least), kit_e8("528"));
    it.traits.can_short = false;
    assert_true(risk_least_equity(it.cfg, &it.traits, &it.symbol, P("0.08"), &least));
    assert_int_equal(money_e8(least), kit_e8("514.56"));
}

static void test_no_equity_will_do_where_the_tick_is_too_coarse(void **state) {
    (void)state;
    fresh();
    money least;
    assert_false(risk_least_equity(it.cfg, &it.traits, &it.symbol, P("0.00004"), &least));
}

static int set_up(void **state) {
    (void)state;
    rng_init(&rng, test_seed());
    arena_open(&memory, 64 << 20);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_close(&memory);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sound_signal_becomes_a_plan),
        cmocka_unit_test(test_a_short_mirrors_the_levels),
        cmocka_unit_test(test_halted_and_observe_open_nothing_and_manual_may),
        cmocka_unit_test(test_a_symbol_out_of_trading_is_refused),
        cmocka_unit_test(test_one_intent_for_a_chain_and_one_for_its_copies),
        cmocka_unit_test(test_a_tripped_day_is_closed),
        cmocka_unit_test(test_one_position_in_a_symbol),
        cmocka_unit_test(test_at_most_five_positions),
        cmocka_unit_test(test_full_tables_refuse),
        cmocka_unit_test(test_a_symbol_rests_fifteen_minutes_after_its_trade),
        cmocka_unit_test(test_a_cooldown_of_zero_is_none),
        cmocka_unit_test(test_an_author_rests_five_minutes_after_a_trade),
        cmocka_unit_test(test_a_post_s_second_coin_does_not_rest_after_its_first),
        cmocka_unit_test(test_five_trades_a_day_for_an_author),
        cmocka_unit_test(test_shorts_need_the_switch_and_the_venue),
        cmocka_unit_test(test_too_little_reward_for_the_risk_after_costs),
        cmocka_unit_test(test_costs_above_the_target_are_a_reward_of_nothing),
        cmocka_unit_test(test_a_level_outside_the_price_filter_is_refused),
        cmocka_unit_test(test_a_level_outside_the_percent_band_is_refused),
        cmocka_unit_test(test_a_tick_too_coarse_for_the_stop_is_refused),
        cmocka_unit_test(test_a_size_under_the_least_quantity_is_refused),
        cmocka_unit_test(test_a_stop_under_the_least_notional_is_refused),
        cmocka_unit_test(test_no_equity_is_no_size),
        cmocka_unit_test(test_the_largest_quantities_cap_the_size),
        cmocka_unit_test(test_the_largest_notional_caps_the_size),
        cmocka_unit_test(test_a_fee_in_base_is_counted_before_the_least_quantity),
        cmocka_unit_test(test_positions_together_stay_under_the_leverage),
        cmocka_unit_test(test_an_entry_is_paid_from_free_cash),
        cmocka_unit_test(test_the_first_reason_is_the_one_that_matters),
        cmocka_unit_test(test_random_plans_keep_sizes_and_levels_in_bounds),
        cmocka_unit_test(test_the_least_equity_trades_and_1e_8_less_does_not),
        cmocka_unit_test(test_the_least_equity_at_the_defaults),
        cmocka_unit_test(test_no_equity_will_do_where_the_tick_is_too_coarse),
    };
    return cmocka_run_group_tests_name("risk", tests, set_up, tear_down);
}
