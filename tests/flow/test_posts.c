/* What posts do to one another: edits, copies, several coins. */
#include "stage.h"

/* A line of a trace is a line here. */
/* clang-format off */

static void reversed(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_edit(s, 105, 101, "alice", "DOGE-90");
}

static void test_an_edit_that_reverses_the_meaning_closes_the_trade(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = reversed, .ticks = true},
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
                 "00:00:05 retract trade=101/DOGEUSDT/post tweet=105 RETRACTION close\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post RETRACTION qty=1243\n"
                 "00:00:05 refusal tweet=105 DOGEUSDT SHORT score=90 DUPLICATE\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.07995 quote=99.37785 fee=0.09937785 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:05 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "00:00:05 close trade=101/DOGEUSDT/post CLOSED RETRACTION pnl=-0.27341028 fees=0.19883028\n"
                 "00:00:05 info trade_closed: LONG DOGEUSDT: the post was taken back, profit -0.27341028\n"
                 "00:00:05 equity 9999.72658972 cash=9999.72658972 unrealized=0\n");
}

static void softened(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_edit(s, 105, 101, "alice", "DOGE+69");
    stage_edit(s, 106, 101, "alice", "DOGE+95");
}

static void test_an_edit_that_still_agrees_leaves_the_trade(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = softened, .ticks = true},
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
                 "00:00:05 refusal tweet=105 DOGEUSDT LONG score=69 BELOW_THRESHOLD\n"
                 "00:00:05 refusal tweet=106 DOGEUSDT LONG score=95 DUPLICATE\n");
}

static void taken_back(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_edit(s, 105, 101, "alice", "");
}

static void test_an_edit_that_no_longer_names_the_coin_closes_the_trade(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = taken_back, .ticks = true},
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
                 "00:00:05 refusal tweet=105 NO_COIN\n"
                 "00:00:05 retract trade=101/DOGEUSDT/post tweet=105 RETRACTION close\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post RETRACTION qty=1243\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.07995 quote=99.37785 fee=0.09937785 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:05 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "00:00:05 close trade=101/DOGEUSDT/post CLOSED RETRACTION pnl=-0.27341028 fees=0.19883028\n"
                 "00:00:05 info trade_closed: LONG DOGEUSDT: the post was taken back, profit -0.27341028\n"
                 "00:00:05 equity 9999.72658972 cash=9999.72658972 unrealized=0\n");
}

static void before_the_price(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:01:10");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:01:20");
    stage_edit(s, 105, 101, "alice", "DOGE-90");
    stage_at(s, "00:02:00");
    stage_range(s, DOGE, "0.08 0.0801 0.0799 0.08 10000000");
    stage_price(s, DOGE, "0.08");
}

static void test_an_edit_takes_back_what_still_waits(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = before_the_price},
                 "00:01:20 refusal tweet=101 DOGEUSDT LONG score=90 RETRACTED\n"
                 "00:02:00 intent trade=101/DOGEUSDT/post tweet=105 SHORT qty=1250 limit=0.0796 stop=0.0816 target=0.0768 score=90\n"
                 "00:02:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:02:00 fill trade=101/DOGEUSDT/post entry SELL qty=1250 price=0.07999 quote=99.9875 fee=0.0999875 USDT\n"
                 "00:02:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:02:00 info trade_opened: SHORT 1250 DOGEUSDT at 0.07999, stop 0.0816, target 0.0768\n"
                 "00:02:00 equity 9999.8875125 cash=10099.8875125 unrealized=-0.1124875\n"
                 "00:02:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:02:00 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:02:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:02:00 order trade=101/DOGEUSDT/post target sent>open\n");
}

static void disordered(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_edit(s, 105, 101, "alice", "");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_edit(s, 103, 101, "alice", "DOGE-90");
}

static void test_an_older_version_that_comes_late_is_not_traded(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = disordered, .ticks = true},
                 "00:00:00 refusal tweet=105 NO_COIN\n"
                 "00:00:00 refusal tweet=101 DOGEUSDT LONG score=90 EDIT\n"
                 "00:00:00 refusal tweet=103 DOGEUSDT SHORT score=90 EDIT\n");
}

static void copies(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_copy(s, 201, 101, "bob", "DOGE+90");
    stage_command(s, VERB_FLATTEN, 0);
    stage_copy(s, 202, 101, "carol", "DOGE+90");
    stage_at(s, "00:01:00");
    stage_price(s, DOGE, "0.08");
    stage_post(s, 203, "dave", "DOGE+90");
}

static void test_a_copy_trades_once(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = copies,
                 .ticks = true,
                 .sets = {"judge.copy_penalty=1", "trading.cooldown_symbol_s=0"}},
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
                 "00:00:05 refusal tweet=201 DOGEUSDT LONG score=90 COPY\n"
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
                 "00:00:05 refusal tweet=202 DOGEUSDT LONG score=90 COPY\n"
                 "00:01:00 intent trade=203/DOGEUSDT/post tweet=203 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:01:00 order trade=203/DOGEUSDT/post entry new>sent\n"
                 "00:01:00 fill trade=203/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:01:00 order trade=203/DOGEUSDT/post entry sent>filled\n"
                 "00:01:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:01:00 equity 9999.61470729 cash=9900.17470729 unrealized=-0.11188243\n"
                 "00:01:00 order trade=203/DOGEUSDT/post stop new>sent\n"
                 "00:01:00 order trade=203/DOGEUSDT/post stop sent>open\n"
                 "00:01:00 order trade=203/DOGEUSDT/post target new>sent\n"
                 "00:01:00 order trade=203/DOGEUSDT/post target sent>open\n");
}

static void two_coins(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_price(s, BTC, "40000");
    stage_post(s, 101, "alice", "DOGE+90 BTC-80 ETH~");
}

static void test_two_coins_in_one_post_both_trade(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = two_coins, .ticks = true},
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 intent trade=101/BTCUSDT/post tweet=101 SHORT qty=0.0025 limit=39796 stop=40800 target=38400 score=80\n"
                 "00:00:00 refusal tweet=101 ETHUSDT NONE score=0 NO_PRICE\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88811757 cash=9900.44811757 unrealized=-0.11188243\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:00:00 order trade=101/BTCUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/BTCUSDT/post entry SELL qty=0.0025 price=39996 quote=99.99 fee=0.09999 USDT\n"
                 "00:00:00 order trade=101/BTCUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: SHORT 0.0025 BTCUSDT at 39996, stop 40800, target 38400\n"
                 "00:00:00 equity 9999.77812757 cash=10000.33812757 unrealized=-0.22187243\n"
                 "00:00:00 order trade=101/BTCUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/BTCUSDT/post stop sent>open\n"
                 "00:00:00 order trade=101/BTCUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/BTCUSDT/post target sent>open\n");
}

static void again(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_post(s, 102, "alice", "");
}

static void test_a_post_that_comes_twice_is_read_once(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = again, .ticks = true},
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
                 "00:00:05 refusal tweet=102 NO_COIN\n");
}

/* clang-format on */

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_edit_that_reverses_the_meaning_closes_the_trade),
        cmocka_unit_test(test_an_edit_that_still_agrees_leaves_the_trade),
        cmocka_unit_test(test_an_edit_that_no_longer_names_the_coin_closes_the_trade),
        cmocka_unit_test(test_an_edit_takes_back_what_still_waits),
        cmocka_unit_test(test_an_older_version_that_comes_late_is_not_traded),
        cmocka_unit_test(test_a_copy_trades_once),
        cmocka_unit_test(test_two_coins_in_one_post_both_trade),
        cmocka_unit_test(test_a_post_that_comes_twice_is_read_once),
    };
    return cmocka_run_group_tests_name("flow posts", tests, NULL, NULL);
}
