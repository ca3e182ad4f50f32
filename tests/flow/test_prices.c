/* What prices do: none yet, none any more, gaps, thin markets, late arrivals. */
#include "stage.h"

/* A line of a trace is a line here. */
/* clang-format off */

static void none_yet(struct stage *s) {
    stage_at(s, "00:00:30");
    stage_post(s, 101, "alice", "DOGE+90 SHIB+90");
    stage_at(s, "00:01:00");
    stage_price(s, DOGE, "0.08");
}

static void test_there_is_no_trade_before_the_first_price(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = none_yet},
                 "00:00:30 refusal tweet=101 DOGEUSDT LONG score=90 NO_PRICE\n"
                 "00:00:30 refusal tweet=101 SHIBUSDT LONG score=90 NOT_LISTED\n");
}

static void a_gap(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_at(s, "00:01:10");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:04:00");
    stage_price(s, DOGE, "0.08");
}

static void test_a_signal_does_not_wait_over_a_gap(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = a_gap},
                 "00:02:10 refusal tweet=101 DOGEUSDT LONG score=90 NO_PRICE\n");
}

static void at_the_open(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_post(s, 101, "alice", "DOGE+90");
}

static void test_a_post_at_the_very_open_trades_at_it(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = at_the_open},
                 "00:01:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:01:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:01:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:01:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:01:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:01:00 equity 9999.88811757 cash=9900.44811757 unrealized=-0.11188243\n"
                 "00:01:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:01:00 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:01:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:01:00 order trade=101/DOGEUSDT/post target sent>open\n");
}

static void priced_in(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:01:10");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:02:00");
    stage_range(s, DOGE, "0.08 0.084 0.08 0.084 10000000");
    stage_price(s, DOGE, "0.084");
}

static void test_a_move_since_the_post_is_priced_in(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = priced_in, .sets = {"judge.priced_in_percent=0.04"}},
                 "00:02:00 refusal tweet=101 DOGEUSDT LONG score=0 PRICED_IN\n");
}

static void priced_in_ticks(struct stage *s) {
    for (int i = 0; i <= 100; i++) {
        char text[32];
        snprintf(text, sizeof text, "0.08%02d", i * 4 / 10);
        stage_price(s, DOGE, text);
        stage_later(s, USEC_PER_S);
    }
    const struct post p = kit_post(101, "alice", stage_now(s) - 100 * USEC_PER_S);
    struct reading r = kit_reading(&p);
    kit_mention(&r, "DOGEUSDT", 10000, 9000);
    stage_read(s, &r); /* 5 % since it was written */
}

static void test_ticks_are_remembered_as_long_as_a_post_may_take(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = priced_in_ticks, .ticks = true, .sets = {"judge.freshness=false"}},
                 "00:01:41 refusal tweet=101 DOGEUSDT LONG score=27 PRICED_IN\n");
}

/* Twenty minutes of +-`step` in the fourth digit, then a post, and the next open half a percent up. */
static void after_calm_or_storm(struct stage *s, const char *high, int toward) {
    char ohlcv[120];
    for (int i = 0; i < 20; i++) {
        snprintf(ohlcv, sizeof ohlcv, "%s %s 0.08 %s 10000000", i % 2 ? high : "0.08", high, i % 2 ? "0.08" : high);
        stage_minute(s, DOGE, ohlcv);
    }
    stage_price(s, DOGE, "0.08");
    stage_later(s, 10 * USEC_PER_S);
    stage_post(s, 101, "alice", toward > 0 ? "DOGE+90" : "DOGE-90");
    stage_later(s, 50 * USEC_PER_S);
    stage_range(s, DOGE, "0.08 0.0804 0.08 0.0804 10000000");
    stage_price(s, DOGE, "0.0804");
}

static void after_calm(struct stage *s) { after_calm_or_storm(s, "0.08001", 1); }
static void after_storm(struct stage *s) { after_calm_or_storm(s, "0.0802", 1); }
static void after_calm_against(struct stage *s) { after_calm_or_storm(s, "0.08001", -1); }

static void test_half_a_percent_is_much_after_a_calm_and_little_after_a_storm(void **state) {
    (void)state;
    /* 5 bp are the least that counts as usual: half a percent is ten times that */
    stage_expect(&(struct stage_play){.story = after_calm, .sets = {"judge.priced_in_sigmas=12", "judge.priced_in_percent=0.5"}},
                 "00:21:00 refusal tweet=101 DOGEUSDT LONG score=27 PRICED_IN\n");
    struct stage *s = stage_open(&(struct stage_play){.story = after_storm, .sets = {"judge.priced_in_sigmas=12"}});
    after_storm(s);
    assert_true(stage_is_open(s, DOGE));
    stage_close(s);
    s = stage_open(&(struct stage_play){.story = after_calm_against, .sets = {"judge.priced_in_sigmas=12"}});
    after_calm_against(s);
    assert_true(stage_is_open(s, DOGE)); /* short, at a better price than before */
    stage_close(s);
}

static void long_silence(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_later(s, 6 * USEC_PER_MIN);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_later(s, USEC_PER_S);
    stage_price(s, DOGE, "0.08");
}

static void before_the_first_price(struct stage *s) {
    stage_later(s, 10 * USEC_PER_S);
    stage_price(s, DOGE, "0.08");
    const struct post p = kit_post(101, "alice", stage_now(s) - 5 * USEC_PER_S);
    struct reading r = kit_reading(&p);
    kit_mention(&r, "DOGEUSDT", 10000, 9000);
    stage_read(s, &r);
}

static void test_without_a_price_of_then_nobody_can_say_what_is_priced_in(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = long_silence, .ticks = true},
                 "00:06:01 refusal tweet=101 DOGEUSDT LONG score=90 NO_PRICE\n");
    stage_expect(&(struct stage_play){.story = before_the_first_price, .ticks = true},
                 "00:00:10 refusal tweet=101 DOGEUSDT LONG score=88 NO_PRICE\n");
    struct stage *s = stage_open(&(struct stage_play){.story = before_the_first_price, .ticks = true, .sets = {"judge.priced_in=false"}});
    before_the_first_price(s);
    assert_true(stage_is_open(s, DOGE));
    stage_close(s);
}

static void ran_away(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_later(s, 400 * USEC_PER_MS);
    stage_price(s, DOGE, "0.081");
    stage_at(s, "00:00:02");
    stage_price(s, DOGE, "0.081");
    stage_post(s, 102, "bob", "DOGE+90"); /* nothing was held: no rest */
    stage_at(s, "00:00:03");
    stage_price(s, DOGE, "0.0812");
}

static void test_an_entry_that_would_cost_more_than_its_limit_is_not_filled(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = ran_away, .ticks = true, .sets = {"paper.latency_ms=500"}},
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>open\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:02 order trade=101/DOGEUSDT/post entry open>expired\n"
                 "00:00:02 close trade=101/DOGEUSDT/post CANCELLED NOT_FILLED pnl=0 fees=0\n"
                 "00:00:02 info entry_not_filled: LONG DOGEUSDT: the entry could not be filled within its price limit\n"
                 "00:00:02 order trade=101/DOGEUSDT/post stop pending>expired\n"
                 "00:00:02 order trade=101/DOGEUSDT/post target pending>expired\n"
                 "00:00:02 intent trade=102/DOGEUSDT/post tweet=102 LONG qty=1228 limit=0.08141 stop=0.07938 target=0.08424 score=90\n"
                 "00:00:02 order trade=102/DOGEUSDT/post entry new>sent\n"
                 "00:00:02 order trade=102/DOGEUSDT/post entry sent>open\n"
                 "00:00:02 order trade=102/DOGEUSDT/post stop new>sent\n"
                 "00:00:02 order trade=102/DOGEUSDT/post stop sent>pending\n"
                 "00:00:02 order trade=102/DOGEUSDT/post target new>sent\n"
                 "00:00:02 order trade=102/DOGEUSDT/post target sent>pending\n"
                 "00:00:03 fill trade=102/DOGEUSDT/post entry BUY qty=1228 price=0.08101 quote=99.48028 fee=0.09948028 USDT\n"
                 "00:00:03 order trade=102/DOGEUSDT/post entry open>filled\n"
                 "00:00:03 info trade_opened: LONG 1228 DOGEUSDT at 0.08101, stop 0.07938, target 0.08424\n"
                 "00:00:03 equity 9999.88823972 cash=9900.42023972 unrealized=-0.11176028\n"
                 "00:00:03 order trade=102/DOGEUSDT/post stop pending>open\n"
                 "00:00:03 order trade=102/DOGEUSDT/post target pending>open\n");
}

static void dust(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_price(s, DOGE, "0.0835");
}

static void test_what_a_fee_in_base_leaves_is_written_off(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = dust, .ticks = true, .sets = {"paper.margin=false"}},
                 "00:00:01 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:01 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:01 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:01 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:01 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:01 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:01 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:01 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:00:01 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:01 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>expired\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post target SELL qty=1241 price=0.08344 quote=103.54904 fee=0.10354904 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>filled\n"
                 "00:00:05 equity 10004.05362096 cash=10003.99306096 unrealized=-0.0000682\n"
                 "00:00:05 close trade=101/DOGEUSDT/post CLOSED TARGET pnl=3.99306096 fees=0.20300147\n"
                 "00:00:05 info trade_closed: LONG DOGEUSDT: target reached, profit 3.99306096\n"
                 "00:00:05 equity 10003.99306096 cash=10003.99306096 unrealized=0\n");
}

static void thin(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:01:10");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:02:00");
    stage_range(s, DOGE, "0.08 0.0801 0.0799 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:03:00");
    stage_range(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_minute(s, DOGE, "0.08 0.08 0.0783 0.0784 5000");
    stage_minute(s, DOGE, "0.0784 0.0784 0.0783 0.0784 4000");
    stage_minute(s, DOGE, "0.0784 0.0785 0.0783 0.0785 20000");
    stage_price(s, DOGE, "0.0785");
}

static void test_a_thin_market_is_sold_into_piece_by_piece(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = thin},
                 "00:02:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:02:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:02:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:02:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:02:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:02:00 equity 9999.88811757 cash=9900.44811757 unrealized=-0.11188243\n"
                 "00:02:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:02:00 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:02:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:02:00 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:04:00 order trade=101/DOGEUSDT/post target open>expired\n"
                 "00:04:00 fill trade=101/DOGEUSDT/post stop SELL qty=500 price=0.07836 quote=39.18 fee=0.03918 USDT\n"
                 "00:04:00 order trade=101/DOGEUSDT/post stop open>part\n"
                 "00:04:00 equity 9999.02893757 cash=9939.58893757 unrealized=-0.06687743\n"
                 "00:04:00 order trade=101/DOGEUSDT/post stop part>expired\n"
                 "00:04:00 unusual position_bare: DOGEUSDT has no protection; closing it at market\n"
                 "00:04:00 exit trade=101/DOGEUSDT/post STOP qty=743\n"
                 "00:04:00 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:04:00 order trade=101/DOGEUSDT/post exit sent>expired\n"
                 "00:04:00 unusual position_bare: DOGEUSDT has no protection; closing it at market\n"
                 "00:04:00 exit trade=101/DOGEUSDT/post STOP qty=743\n"
                 "00:04:00 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:04:00 fill trade=101/DOGEUSDT/post exit SELL qty=500 price=0.07835 quote=39.175 fee=0.039175 USDT\n"
                 "00:04:00 order trade=101/DOGEUSDT/post exit sent>part\n"
                 "00:04:00 equity 9997.77596257 cash=9978.72476257 unrealized=-0.41067243\n"
                 "00:04:00 order trade=101/DOGEUSDT/post exit part>expired\n"
                 "00:04:00 unusual position_bare: DOGEUSDT has no protection; closing it at market\n"
                 "00:05:00 exit trade=101/DOGEUSDT/post STOP qty=243\n"
                 "00:05:00 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:05:00 fill trade=101/DOGEUSDT/post exit SELL qty=243 price=0.07835 quote=19.03905 fee=0.01903905 USDT\n"
                 "00:05:00 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:05:00 equity 9997.74477352 cash=9997.74477352 unrealized=0\n"
                 "00:05:00 close trade=101/DOGEUSDT/post CLOSED STOP pnl=-2.25522648 fees=0.19684648\n"
                 "00:05:00 info trade_closed: LONG DOGEUSDT: stop reached, profit -2.25522648\n"
                 "00:05:00 equity 9997.74477352 cash=9997.74477352 unrealized=0\n");
}

/* The time limit comes when hardly anything is traded: what the exit leaves is guarded until the
 * next price, and that minute falls through the stop. */
static void thin_at_the_limit(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:01:10");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:02:00");
    stage_range(s, DOGE, "0.08 0.0801 0.0799 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:03:00");
    stage_range(s, DOGE, "0.08 0.08 0.08 0.08 5000");
    stage_minute(s, DOGE, "0.08 0.08 0.0783 0.0784 10000000");
    stage_price(s, DOGE, "0.0784");
}

static void test_what_an_exit_leaves_over_is_guarded(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = thin_at_the_limit, .sets = {"trading.max_hold_s=60"}},
                 "00:02:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:02:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:02:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:02:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:02:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:02:00 equity 9999.88811757 cash=9900.44811757 unrealized=-0.11188243\n"
                 "00:02:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:02:00 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:02:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:02:00 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:03:00 exit trade=101/DOGEUSDT/post TIME_LIMIT qty=1243\n"
                 "00:03:00 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:03:00 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:03:00 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:03:00 fill trade=101/DOGEUSDT/post exit SELL qty=500 price=0.07995 quote=39.975 fee=0.039975 USDT\n"
                 "00:03:00 order trade=101/DOGEUSDT/post exit sent>part\n"
                 "00:03:00 equity 9999.82314257 cash=9940.38314257 unrealized=-0.06687743\n"
                 "00:03:00 order trade=101/DOGEUSDT/post exit part>expired\n"
                 "00:03:00 unusual position_bare: DOGEUSDT has no protection; closing it at market\n"
                 "00:03:00 protect trade=101/DOGEUSDT/post qty=743\n"
                 "00:03:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:03:00 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:03:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:03:00 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:04:00 order trade=101/DOGEUSDT/post target open>expired\n"
                 "00:04:00 fill trade=101/DOGEUSDT/post stop SELL qty=743 price=0.07836 quote=58.22148 fee=0.05822148 USDT\n"
                 "00:04:00 order trade=101/DOGEUSDT/post stop open>filled\n"
                 "00:04:00 equity 9998.54640109 cash=9998.54640109 unrealized=0\n"
                 "00:04:00 close trade=101/DOGEUSDT/post CLOSED STOP pnl=-1.45359891 fees=0.19764891\n"
                 "00:04:00 info trade_closed: LONG DOGEUSDT: stop reached, profit -1.45359891\n"
                 "00:04:00 equity 9998.54640109 cash=9998.54640109 unrealized=0\n");
}

static void too_small(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_price(s, DOGE, "0.08"); /* told once */
}

static void test_an_account_too_small_for_a_symbol_is_told(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = too_small, .sets = {"paper.balance=300"}},
                 "00:00:00 unusual equity_too_small: DOGEUSDT cannot be traded with 300 at this "
                 "price: the least equity is 528\n");
}

static void thin_entry(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000");
    stage_price(s, DOGE, "0.08");
    stage_post(s, 101, "alice", "DOGE+90");
}

static void test_an_entry_that_the_volume_cannot_fill_is_not_made(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = thin_entry},
                 "00:01:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:01:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:01:00 order trade=101/DOGEUSDT/post entry sent>expired\n"
                 "00:01:00 close trade=101/DOGEUSDT/post CANCELLED NOT_FILLED pnl=0 fees=0\n"
                 "00:01:00 info entry_not_filled: LONG DOGEUSDT: the entry could not be filled within its price limit\n"
                 "00:01:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:01:00 order trade=101/DOGEUSDT/post stop sent>expired\n"
                 "00:01:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:01:00 order trade=101/DOGEUSDT/post target sent>expired\n");
}

static void ran_dry(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:01:10");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:02:00");
    stage_range(s, DOGE, "0.08 0.0801 0.0799 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_dry(s, DOGE);
    stage_at(s, "00:02:30");
    stage_post(s, 102, "bob", "DOGE+90");
    stage_at(s, "05:00:00");
}

static void test_where_prices_ended_nothing_is_tried(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = ran_dry, .sets = {"trading.max_hold_s=60"}},
                 "00:02:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:02:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:02:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:02:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:02:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:02:00 equity 9999.88811757 cash=9900.44811757 unrealized=-0.11188243\n"
                 "00:02:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:02:00 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:02:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:02:00 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:02:30 refusal tweet=102 DOGEUSDT LONG score=90 NO_PRICE\n");
}

/* clang-format on */

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_is_no_trade_before_the_first_price),
        cmocka_unit_test(test_a_signal_does_not_wait_over_a_gap),
        cmocka_unit_test(test_a_post_at_the_very_open_trades_at_it),
        cmocka_unit_test(test_a_move_since_the_post_is_priced_in),
        cmocka_unit_test(test_ticks_are_remembered_as_long_as_a_post_may_take),
        cmocka_unit_test(test_half_a_percent_is_much_after_a_calm_and_little_after_a_storm),
        cmocka_unit_test(test_without_a_price_of_then_nobody_can_say_what_is_priced_in),
        cmocka_unit_test(test_an_entry_that_would_cost_more_than_its_limit_is_not_filled),
        cmocka_unit_test(test_what_a_fee_in_base_leaves_is_written_off),
        cmocka_unit_test(test_a_thin_market_is_sold_into_piece_by_piece),
        cmocka_unit_test(test_what_an_exit_leaves_over_is_guarded),
        cmocka_unit_test(test_an_account_too_small_for_a_symbol_is_told),
        cmocka_unit_test(test_an_entry_that_the_volume_cannot_fill_is_not_made),
        cmocka_unit_test(test_where_prices_ended_nothing_is_tried),
    };
    return cmocka_run_group_tests_name("flow prices", tests, NULL, NULL);
}
