/* What holds trading back: the day's loss, positions, rests, caps. */
#include "stage.h"

/* A line of a trace is a line here. */
/* clang-format off */

static void drawdown(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:01:10");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:02:00");
    stage_range(s, DOGE, "0.08 0.0801 0.0799 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_price(s, BTC, "40000");
    stage_at(s, "00:02:10");
    stage_post(s, 102, "bob", "BTC+90");
    stage_at(s, "00:03:00");
    stage_range(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_range(s, BTC, "40000 40000 40000 40000 1000");
    stage_price(s, DOGE, "0.055"); /* a gap of 31 % costs 6 % of the account */
    stage_price(s, BTC, "40000");
    stage_at(s, "24:00:00");
    stage_price(s, BTC, "40000");
    stage_at(s, "24:00:10");
    stage_post(s, 103, "carol", "BTC+90");
    stage_at(s, "24:01:00");
    stage_range(s, BTC, "40000 40000 40000 40000 1000");
    stage_price(s, BTC, "40000");
}

static void test_a_day_s_loss_ends_the_day_and_no_more(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = drawdown, .sets = {"trading.position_size_percent=0.2"}},
                 "00:02:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=24875 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:02:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:02:00 fill trade=101/DOGEUSDT/post entry BUY qty=24875 price=0.08001 quote=1990.24875 fee=1.99024875 USDT\n"
                 "00:02:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:02:00 info trade_opened: LONG 24875 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:02:00 equity 9997.76100125 cash=8007.76100125 unrealized=-2.23899875\n"
                 "00:02:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:02:00 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:02:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:02:00 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:03:00 order trade=101/DOGEUSDT/post target open>expired\n"
                 "00:03:00 fill trade=101/DOGEUSDT/post stop SELL qty=24875 price=0.05496 quote=1367.13 fee=1.36713 USDT\n"
                 "00:03:00 order trade=101/DOGEUSDT/post stop open>filled\n"
                 "00:03:00 equity 9373.52387125 cash=9373.52387125 unrealized=0\n"
                 "00:03:00 close trade=101/DOGEUSDT/post CLOSED STOP pnl=-626.47612875 fees=3.35737875\n"
                 "00:03:00 info trade_closed: LONG DOGEUSDT: stop reached, profit -626.47612875\n"
                 "00:03:00 equity 9373.52387125 cash=9373.52387125 unrealized=0\n"
                 "00:03:00 drawdown equity=9373.52387125 day_open=10000\n"
                 "00:03:00 unusual drawdown: equity 9373.52387125 of 10000 at the day's opening: no more entries today\n"
                 "00:03:00 refusal tweet=102 BTCUSDT LONG score=90 DRAWDOWN\n"
                 "24:00:00 equity 9373.52387125 cash=9373.52387125 unrealized=0\n"
                 "24:01:00 intent trade=103/BTCUSDT/post tweet=103 LONG qty=0.04662 limit=40204 stop=39200 target=41600 score=90\n"
                 "24:01:00 order trade=103/BTCUSDT/post entry new>sent\n"
                 "24:01:00 fill trade=103/BTCUSDT/post entry BUY qty=0.04662 price=40004 quote=1864.98648 fee=1.86498648 USDT\n"
                 "24:01:00 order trade=103/BTCUSDT/post entry sent>filled\n"
                 "24:01:00 info trade_opened: LONG 0.04662 BTCUSDT at 40004, stop 39200, target 41600\n"
                 "24:01:00 equity 9371.47240477 cash=7506.67240477 unrealized=-2.05146648\n"
                 "24:01:00 order trade=103/BTCUSDT/post stop new>sent\n"
                 "24:01:00 order trade=103/BTCUSDT/post stop sent>open\n"
                 "24:01:00 order trade=103/BTCUSDT/post target new>sent\n"
                 "24:01:00 order trade=103/BTCUSDT/post target sent>open\n");
}

static void five(struct stage *s) {
    stage_price(s, ADA, "1.5");
    stage_price(s, BTC, "40000");
    stage_price(s, DOGE, "0.08");
    stage_price(s, ETH, "2500");
    stage_price(s, LTC, "180");
    stage_price(s, SOL, "40");
    stage_post(s, 101, "alice", "ADA+90 BTC+90 DOGE+90 ETH+90 LTC+90 SOL+90");
}

static void test_five_positions_are_the_most(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = five, .ticks = true},
                 "00:00:00 intent trade=101/ADAUSDT/post tweet=101 LONG qty=66.3 limit=1.5076 stop=1.47 target=1.56 score=90\n"
                 "00:00:00 intent trade=101/BTCUSDT/post tweet=101 LONG qty=0.00248 limit=40204 stop=39200 target=41600 score=90\n"
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 intent trade=101/ETHUSDT/post tweet=101 LONG qty=0.0397 limit=2512.75 stop=2450 target=2600 score=90\n"
                 "00:00:00 intent trade=101/LTCUSDT/post tweet=101 LONG qty=0.552 limit=180.91 stop=176.4 target=187.2 score=90\n"
                 "00:00:00 refusal tweet=101 SOLUSDT LONG score=90 MAX_POSITIONS\n"
                 "00:00:00 order trade=101/ADAUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/ADAUSDT/post entry BUY qty=66.3 price=1.5002 quote=99.46326 fee=0.09946326 USDT\n"
                 "00:00:00 order trade=101/ADAUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 66.3 ADAUSDT at 1.5002, stop 1.47, target 1.56\n"
                 "00:00:00 equity 9999.88727674 cash=9900.43727674 unrealized=-0.11272326\n"
                 "00:00:00 order trade=101/ADAUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/ADAUSDT/post stop sent>open\n"
                 "00:00:00 order trade=101/ADAUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/ADAUSDT/post target sent>open\n"
                 "00:00:00 order trade=101/BTCUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/BTCUSDT/post entry BUY qty=0.00248 price=40004 quote=99.20992 fee=0.09920992 USDT\n"
                 "00:00:00 order trade=101/BTCUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 0.00248 BTCUSDT at 40004, stop 39200, target 41600\n"
                 "00:00:00 equity 9999.77814682 cash=9801.12814682 unrealized=-0.22185318\n"
                 "00:00:00 order trade=101/BTCUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/BTCUSDT/post stop sent>open\n"
                 "00:00:00 order trade=101/BTCUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/BTCUSDT/post target sent>open\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.66626439 cash=9701.57626439 unrealized=-0.33373561\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:00:00 order trade=101/ETHUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/ETHUSDT/post entry BUY qty=0.0397 price=2500.25 quote=99.259925 fee=0.09925993 USDT\n"
                 "00:00:00 order trade=101/ETHUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 0.0397 ETHUSDT at 2500.25, stop 2450, target 2600\n"
                 "00:00:00 equity 9999.55707946 cash=9602.21707946 unrealized=-0.44292054\n"
                 "00:00:00 order trade=101/ETHUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/ETHUSDT/post stop sent>open\n"
                 "00:00:00 order trade=101/ETHUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/ETHUSDT/post target sent>open\n"
                 "00:00:00 order trade=101/LTCUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/LTCUSDT/post entry BUY qty=0.552 price=180.02 quote=99.37104 fee=0.09937104 USDT\n"
                 "00:00:00 order trade=101/LTCUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 0.552 LTCUSDT at 180.02, stop 176.4, target 187.2\n"
                 "00:00:00 equity 9999.44666842 cash=9502.74666842 unrealized=-0.55333158\n"
                 "00:00:00 order trade=101/LTCUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/LTCUSDT/post stop sent>open\n"
                 "00:00:00 order trade=101/LTCUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/LTCUSDT/post target sent>open\n");
}

static void symbol_rests(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_command(s, VERB_FLATTEN, 0);
    stage_at(s, "00:15:04");
    stage_price(s, DOGE, "0.08");
    stage_post(s, 102, "bob", "DOGE+90");
    stage_at(s, "00:15:05");
    stage_post(s, 103, "carol", "DOGE+90");
}

static void test_a_symbol_rests_after_its_trade(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = symbol_rests, .ticks = true},
                 "00:00:01 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:01 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:01 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:00:01 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:01 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:01 equity 9999.88811757 cash=9900.44811757 unrealized=-0.11188243\n"
                 "00:00:01 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:01 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:00:01 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:01 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post FLATTENED qty=1243\n"
                 "00:00:05 command flatten done\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.07995 quote=99.37785 fee=0.09937785 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:05 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "00:00:05 close trade=101/DOGEUSDT/post CLOSED FLATTENED pnl=-0.27341028 fees=0.19883028\n"
                 "00:00:05 info trade_closed: LONG DOGEUSDT: closed by a person, profit -0.27341028\n"
                 "00:00:05 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "00:15:04 refusal tweet=102 DOGEUSDT LONG score=90 COOLDOWN_SYMBOL\n"
                 "00:15:05 intent trade=103/DOGEUSDT/post tweet=103 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:15:05 order trade=103/DOGEUSDT/post entry new>sent\n"
                 "00:15:05 fill trade=103/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:15:05 order trade=103/DOGEUSDT/post entry sent>filled\n"
                 "00:15:05 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:15:05 equity 9999.61470729 cash=9900.17470729 unrealized=-0.11188243\n"
                 "00:15:05 order trade=103/DOGEUSDT/post stop new>sent\n"
                 "00:15:05 order trade=103/DOGEUSDT/post stop sent>open\n"
                 "00:15:05 order trade=103/DOGEUSDT/post target new>sent\n"
                 "00:15:05 order trade=103/DOGEUSDT/post target sent>open\n");
}

static void author_rests(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_price(s, BTC, "40000");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:04:59");
    stage_price(s, BTC, "40000");
    stage_post(s, 102, "alice", "BTC+90");
    stage_at(s, "00:05:00");
    stage_post(s, 103, "alice", "BTC+90");
}

static void test_an_author_rests_after_a_trade(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = author_rests, .ticks = true},
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88811757 cash=9900.44811757 unrealized=-0.11188243\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:04:59 refusal tweet=102 BTCUSDT LONG score=90 COOLDOWN_AUTHOR\n"
                 "00:05:00 intent trade=103/BTCUSDT/post tweet=103 LONG qty=0.00248 limit=40204 stop=39200 target=41600 score=90\n"
                 "00:05:00 order trade=103/BTCUSDT/post entry new>sent\n"
                 "00:05:00 fill trade=103/BTCUSDT/post entry BUY qty=0.00248 price=40004 quote=99.20992 fee=0.09920992 USDT\n"
                 "00:05:00 order trade=103/BTCUSDT/post entry sent>filled\n"
                 "00:05:00 info trade_opened: LONG 0.00248 BTCUSDT at 40004, stop 39200, target 41600\n"
                 "00:05:00 equity 9999.77898765 cash=9801.13898765 unrealized=-0.22101235\n"
                 "00:05:00 order trade=103/BTCUSDT/post stop new>sent\n"
                 "00:05:00 order trade=103/BTCUSDT/post stop sent>open\n"
                 "00:05:00 order trade=103/BTCUSDT/post target new>sent\n"
                 "00:05:00 order trade=103/BTCUSDT/post target sent>open\n");
}

static void author_cap(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_price(s, BTC, "40000");
    stage_post(s, 101, "alice", "DOGE+90 BTC+90");
    stage_at(s, "24:00:01");
    stage_price(s, BTC, "40000");
    stage_post(s, 102, "alice", "BTC+90");
}

static void test_an_author_has_so_many_trades_a_day(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){
                 .story = author_cap,
                 .ticks = true,
                 .sets = {"trading.author_trades_per_day=1", "trading.cooldown_author_s=0"}},
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 refusal tweet=101 BTCUSDT LONG score=90 AUTHOR_CAP\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88811757 cash=9900.44811757 unrealized=-0.11188243\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>open\n"
                 "01:01:00 exit trade=101/DOGEUSDT/post TIME_LIMIT qty=1243\n"
                 "01:01:00 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "01:01:00 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "01:01:00 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "01:01:00 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.07995 quote=99.37785 fee=0.09937785 USDT\n"
                 "01:01:00 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "01:01:00 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "01:01:00 close trade=101/DOGEUSDT/post CLOSED TIME_LIMIT pnl=-0.27341028 fees=0.19883028\n"
                 "01:01:00 info trade_closed: LONG DOGEUSDT: held for trading.max_hold_s, profit -0.27341028\n"
                 "01:01:00 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "24:00:01 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "24:00:01 intent trade=102/BTCUSDT/post tweet=102 LONG qty=0.00248 limit=40204 stop=39200 target=41600 score=90\n"
                 "24:00:01 order trade=102/BTCUSDT/post entry new>sent\n"
                 "24:00:01 fill trade=102/BTCUSDT/post entry BUY qty=0.00248 price=40004 quote=99.20992 fee=0.09920992 USDT\n"
                 "24:00:01 order trade=102/BTCUSDT/post entry sent>filled\n"
                 "24:00:01 info trade_opened: LONG 0.00248 BTCUSDT at 40004, stop 39200, target 41600\n"
                 "24:00:01 equity 9999.6174598 cash=9900.4174598 unrealized=-0.10912992\n"
                 "24:00:01 order trade=102/BTCUSDT/post stop new>sent\n"
                 "24:00:01 order trade=102/BTCUSDT/post stop sent>open\n"
                 "24:00:01 order trade=102/BTCUSDT/post target new>sent\n"
                 "24:00:01 order trade=102/BTCUSDT/post target sent>open\n");
}

static void muted(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_price(s, BTC, "40000");
    stage_post(s, 101, "alice", "BTC+90");
    stage_post(s, 102, "bob", "DOGE+90");
    stage_at(s, "00:02:01");
    stage_price(s, DOGE, "0.08");
    struct post p = kit_post(103, "carol", stage_now(s) - 121 * USEC_PER_S);
    struct reading r = kit_reading(&p);
    kit_mention(&r, "DOGEUSDT", 10000, 9000);
    stage_read(s, &r);
}

static void test_the_muted_and_the_stale_are_refused(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = muted,
                 .ticks = true,
                 .sets = {"trading.muted_authors=bob", "trading.muted_symbols=BTC"}},
                 "00:00:00 refusal tweet=101 BTCUSDT LONG score=90 MUTED_SYMBOL\n"
                 "00:00:00 refusal tweet=102 DOGEUSDT LONG score=90 MUTED_AUTHOR\n"
                 "00:02:01 refusal tweet=103 DOGEUSDT LONG score=45 STALE\n");
}

/* clang-format on */

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_day_s_loss_ends_the_day_and_no_more),
        cmocka_unit_test(test_five_positions_are_the_most),
        cmocka_unit_test(test_a_symbol_rests_after_its_trade),
        cmocka_unit_test(test_an_author_rests_after_a_trade),
        cmocka_unit_test(test_an_author_has_so_many_trades_a_day),
        cmocka_unit_test(test_the_muted_and_the_stale_are_refused),
    };
    return cmocka_run_group_tests_name("flow limits", tests, NULL, NULL);
}
