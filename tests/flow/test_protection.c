/* What stands between an entry and a loss: target, stop, gap, time limit. */
#include "stage.h"

/* A line of a trace is a line here. */
/* clang-format off */

static void target(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:01:10");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:02:00");
    stage_range(s, DOGE, "0.08 0.0801 0.0799 0.08 10000000");
    stage_minute(s, DOGE, "0.08 0.0836 0.08 0.0834 10000000");
    stage_price(s, DOGE, "0.0834");
}

static void test_a_target_that_is_reached_takes_the_profit(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = target},
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
                 "00:03:00 order trade=101/DOGEUSDT/post stop open>expired\n"
                 "00:03:00 fill trade=101/DOGEUSDT/post target SELL qty=1243 price=0.08315 quote=103.35545 fee=0.10335545 USDT\n"
                 "00:03:00 order trade=101/DOGEUSDT/post target open>filled\n"
                 "00:03:00 equity 10003.70021212 cash=10003.70021212 unrealized=0\n"
                 "00:03:00 close trade=101/DOGEUSDT/post CLOSED TARGET pnl=3.70021212 fees=0.20280788\n"
                 "00:03:00 info trade_closed: LONG DOGEUSDT: target reached, profit 3.70021212\n"
                 "00:03:00 equity 10003.70021212 cash=10003.70021212 unrealized=0\n");
}

static void stop(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:01:10");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:02:00");
    stage_range(s, DOGE, "0.08 0.0801 0.0799 0.08 10000000");
    stage_minute(s, DOGE, "0.08 0.0802 0.0782 0.0785 10000000");
    stage_price(s, DOGE, "0.0785");
}

static void test_a_stop_that_is_reached_takes_the_loss(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = stop},
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
                 "00:03:00 order trade=101/DOGEUSDT/post target open>expired\n"
                 "00:03:00 fill trade=101/DOGEUSDT/post stop SELL qty=1243 price=0.07836 quote=97.40148 fee=0.09740148 USDT\n"
                 "00:03:00 order trade=101/DOGEUSDT/post stop open>filled\n"
                 "00:03:00 equity 9997.75219609 cash=9997.75219609 unrealized=0\n"
                 "00:03:00 close trade=101/DOGEUSDT/post CLOSED STOP pnl=-2.24780391 fees=0.19685391\n"
                 "00:03:00 info trade_closed: LONG DOGEUSDT: stop reached, profit -2.24780391\n"
                 "00:03:00 equity 9997.75219609 cash=9997.75219609 unrealized=0\n");
}

static void gap(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:01:10");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:02:00");
    stage_range(s, DOGE, "0.08 0.0801 0.0799 0.08 10000000");
    stage_minute(s, DOGE, "0.08 0.0802 0.0798 0.08 10000000");
    stage_minute(s, DOGE, "0.07 0.0701 0.0699 0.07 10000000");
}

static void test_a_gap_through_the_stop_fills_at_the_open(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = gap},
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
                 "00:03:00 order trade=101/DOGEUSDT/post target open>expired\n"
                 "00:03:00 fill trade=101/DOGEUSDT/post stop SELL qty=1243 price=0.06995 quote=86.94785 fee=0.08694785 USDT\n"
                 "00:03:00 order trade=101/DOGEUSDT/post stop open>filled\n"
                 "00:03:00 equity 9987.30901972 cash=9987.30901972 unrealized=0\n"
                 "00:03:00 close trade=101/DOGEUSDT/post CLOSED STOP pnl=-12.69098028 fees=0.18640028\n"
                 "00:03:00 info trade_closed: LONG DOGEUSDT: stop reached, profit -12.69098028\n"
                 "00:03:00 equity 9987.30901972 cash=9987.30901972 unrealized=0\n");
}

static void both(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:01:10");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:02:00");
    stage_range(s, DOGE, "0.08 0.0801 0.0799 0.08 10000000");
    stage_minute(s, DOGE, "0.08 0.085 0.078 0.082 10000000");
}

static void test_a_candle_that_crosses_both_was_the_stop(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = both},
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
                 "00:03:00 order trade=101/DOGEUSDT/post target open>expired\n"
                 "00:03:00 fill trade=101/DOGEUSDT/post stop SELL qty=1243 price=0.07836 quote=97.40148 fee=0.09740148 USDT\n"
                 "00:03:00 order trade=101/DOGEUSDT/post stop open>filled\n"
                 "00:03:00 equity 9997.75219609 cash=9997.75219609 unrealized=0\n"
                 "00:03:00 close trade=101/DOGEUSDT/post CLOSED STOP pnl=-2.24780391 fees=0.19685391\n"
                 "00:03:00 info trade_closed: LONG DOGEUSDT: stop reached, profit -2.24780391\n"
                 "00:03:00 equity 9997.75219609 cash=9997.75219609 unrealized=0\n");
}

static void short_target(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:01:10");
    stage_post(s, 101, "alice", "DOGE-90");
    stage_at(s, "00:02:00");
    stage_range(s, DOGE, "0.08 0.0801 0.0799 0.08 10000000");
    stage_minute(s, DOGE, "0.08 0.0801 0.0765 0.0766 10000000");
}

static void test_a_short_buys_back_at_its_target(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = short_target},
                 "00:02:00 intent trade=101/DOGEUSDT/post tweet=101 SHORT qty=1250 limit=0.0796 stop=0.0816 target=0.0768 score=90\n"
                 "00:02:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:02:00 fill trade=101/DOGEUSDT/post entry SELL qty=1250 price=0.07999 quote=99.9875 fee=0.0999875 USDT\n"
                 "00:02:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:02:00 info trade_opened: SHORT 1250 DOGEUSDT at 0.07999, stop 0.0816, target 0.0768\n"
                 "00:02:00 equity 9999.8875125 cash=10099.8875125 unrealized=-0.1124875\n"
                 "00:02:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:02:00 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:02:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:02:00 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:03:00 order trade=101/DOGEUSDT/post stop open>expired\n"
                 "00:03:00 fill trade=101/DOGEUSDT/post target BUY qty=1250 price=0.07684 quote=96.05 fee=0.09605 USDT\n"
                 "00:03:00 order trade=101/DOGEUSDT/post target open>filled\n"
                 "00:03:00 equity 10003.7414625 cash=10003.7414625 unrealized=0\n"
                 "00:03:00 close trade=101/DOGEUSDT/post CLOSED TARGET pnl=3.7414625 fees=0.1960375\n"
                 "00:03:00 info trade_closed: SHORT DOGEUSDT: target reached, profit 3.7414625\n"
                 "00:03:00 equity 10003.7414625 cash=10003.7414625 unrealized=0\n");
}

static void short_stop(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:01:10");
    stage_post(s, 101, "alice", "DOGE-90");
    stage_at(s, "00:02:00");
    stage_range(s, DOGE, "0.08 0.0801 0.0799 0.08 10000000");
    stage_minute(s, DOGE, "0.08 0.0820 0.0799 0.0819 10000000");
}

static void test_a_short_is_stopped_above(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = short_stop},
                 "00:02:00 intent trade=101/DOGEUSDT/post tweet=101 SHORT qty=1250 limit=0.0796 stop=0.0816 target=0.0768 score=90\n"
                 "00:02:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:02:00 fill trade=101/DOGEUSDT/post entry SELL qty=1250 price=0.07999 quote=99.9875 fee=0.0999875 USDT\n"
                 "00:02:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:02:00 info trade_opened: SHORT 1250 DOGEUSDT at 0.07999, stop 0.0816, target 0.0768\n"
                 "00:02:00 equity 9999.8875125 cash=10099.8875125 unrealized=-0.1124875\n"
                 "00:02:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:02:00 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:02:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:02:00 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:03:00 order trade=101/DOGEUSDT/post target open>expired\n"
                 "00:03:00 fill trade=101/DOGEUSDT/post stop BUY qty=1250 price=0.08165 quote=102.0625 fee=0.1020625 USDT\n"
                 "00:03:00 order trade=101/DOGEUSDT/post stop open>filled\n"
                 "00:03:00 equity 9997.72295 cash=9997.72295 unrealized=0\n"
                 "00:03:00 close trade=101/DOGEUSDT/post CLOSED STOP pnl=-2.27705 fees=0.20205\n"
                 "00:03:00 info trade_closed: SHORT DOGEUSDT: stop reached, profit -2.27705\n"
                 "00:03:00 equity 9997.72295 cash=9997.72295 unrealized=0\n");
}

static void time_limit(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:01:10");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:02:00");
    stage_range(s, DOGE, "0.08 0.0801 0.0799 0.08 10000000");
    stage_minute(s, DOGE, "0.08 0.0801 0.0799 0.0801 10000000");
    stage_minute(s, DOGE, "0.0801 0.0802 0.08 0.0802 10000000");
    stage_price(s, DOGE, "0.0802");
}

static void test_a_position_is_held_no_longer_than_its_time(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = time_limit, .sets = {"trading.max_hold_s=90"}},
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
                 "00:04:00 exit trade=101/DOGEUSDT/post TIME_LIMIT qty=1243\n"
                 "00:04:00 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:04:00 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:04:00 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:04:00 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.08014 quote=99.61402 fee=0.09961402 USDT\n"
                 "00:04:00 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:04:00 equity 9999.96252355 cash=9999.96252355 unrealized=0\n"
                 "00:04:00 close trade=101/DOGEUSDT/post CLOSED TIME_LIMIT pnl=-0.03747645 fees=0.19906645\n"
                 "00:04:00 info trade_closed: LONG DOGEUSDT: held for trading.max_hold_s, profit -0.03747645\n"
                 "00:04:00 equity 9999.96252355 cash=9999.96252355 unrealized=0\n");
}

/* clang-format on */

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_target_that_is_reached_takes_the_profit),
        cmocka_unit_test(test_a_stop_that_is_reached_takes_the_loss),
        cmocka_unit_test(test_a_gap_through_the_stop_fills_at_the_open),
        cmocka_unit_test(test_a_candle_that_crosses_both_was_the_stop),
        cmocka_unit_test(test_a_short_buys_back_at_its_target),
        cmocka_unit_test(test_a_short_is_stopped_above),
        cmocka_unit_test(test_a_position_is_held_no_longer_than_its_time),
    };
    return cmocka_run_group_tests_name("flow protection", tests, NULL, NULL);
}
