/* What people order: halts, modes, approvals, flatten. */
#include "stage.h"

/* A line of a trace is a line here. */
/* clang-format off */

static void flattens(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_command(s, VERB_FLATTEN, 0);
    stage_command(s, VERB_FLATTEN, 0);
}

static void test_flatten_closes_at_once_where_a_price_stands(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = flattens, .ticks = true},
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
                 "00:00:05 command flatten done\n");
}

static void flattens_later(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:01:10");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:02:00");
    stage_range(s, DOGE, "0.08 0.0801 0.0799 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:02:20");
    stage_command(s, VERB_FLATTEN, 0);
    stage_at(s, "00:03:00");
    stage_range(s, DOGE, "0.08 0.0801 0.0799 0.0801 10000000");
    stage_price(s, DOGE, "0.0801");
}

static void test_flatten_waits_for_the_next_candle(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = flattens_later},
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
                 "00:02:20 command flatten done\n"
                 "00:03:00 exit trade=101/DOGEUSDT/post FLATTENED qty=1243\n"
                 "00:03:00 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:03:00 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:03:00 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:03:00 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.08004 quote=99.48972 fee=0.09948972 USDT\n"
                 "00:03:00 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:03:00 equity 9999.83834785 cash=9999.83834785 unrealized=0\n"
                 "00:03:00 close trade=101/DOGEUSDT/post CLOSED FLATTENED pnl=-0.16165215 fees=0.19894215\n"
                 "00:03:00 info trade_closed: LONG DOGEUSDT: closed by a person, profit -0.16165215\n"
                 "00:03:00 equity 9999.83834785 cash=9999.83834785 unrealized=0\n");
}

static void closes_one(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_command(s, VERB_CLOSE, 999);
    stage_command(s, VERB_CLOSE, stage_last_trade(s));
}

static void test_close_ends_one_trade_and_an_unknown_id_none(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = closes_one, .ticks = true},
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
                 "00:00:05 command close refused\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post FLATTENED qty=1243\n"
                 "00:00:05 command close done\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.07995 quote=99.37785 fee=0.09937785 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:05 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "00:00:05 close trade=101/DOGEUSDT/post CLOSED FLATTENED pnl=-0.27341028 fees=0.19883028\n"
                 "00:00:05 info trade_closed: LONG DOGEUSDT: closed by a person, profit -0.27341028\n"
                 "00:00:05 equity 9999.72658972 cash=9999.72658972 unrealized=0\n");
}

static void halts(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_price(s, BTC, "40000");
    stage_mode(s, MODE_HALTED, USEC_NEVER);
    stage_later(s, USEC_PER_S);
    stage_post(s, 102, "bob", "BTC+90");
    stage_price(s, DOGE, "0.078");
    stage_mode(s, MODE_AUTO, USEC_NEVER);
    stage_later(s, USEC_PER_S);
    stage_post(s, 103, "carol", "BTC+90");
}

static void test_a_halt_keeps_the_stop_and_opens_nothing(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = halts, .ticks = true},
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
                 "00:00:05 mode auto>halted\n"
                 "00:00:05 unusual mode: halted, by cli:test: because\n"
                 "00:00:05 command halt done\n"
                 "00:00:06 refusal tweet=102 BTCUSDT LONG score=90 HALTED\n"
                 "00:00:06 order trade=101/DOGEUSDT/post target open>expired\n"
                 "00:00:06 fill trade=101/DOGEUSDT/post stop SELL qty=1243 price=0.07795 quote=96.89185 fee=0.09689185 USDT\n"
                 "00:00:06 order trade=101/DOGEUSDT/post stop open>filled\n"
                 "00:00:06 equity 9997.24307572 cash=9997.24307572 unrealized=0\n"
                 "00:00:06 close trade=101/DOGEUSDT/post CLOSED STOP pnl=-2.75692428 fees=0.19634428\n"
                 "00:00:06 info trade_closed: LONG DOGEUSDT: stop reached, profit -2.75692428\n"
                 "00:00:06 equity 9997.24307572 cash=9997.24307572 unrealized=0\n"
                 "00:00:06 mode halted>auto\n"
                 "00:00:06 unusual mode: auto, by cli:test: because\n"
                 "00:00:06 command mode done\n"
                 "00:00:07 intent trade=103/BTCUSDT/post tweet=103 LONG qty=0.00248 limit=40204 stop=39200 target=41600 score=90\n"
                 "00:00:07 order trade=103/BTCUSDT/post entry new>sent\n"
                 "00:00:07 fill trade=103/BTCUSDT/post entry BUY qty=0.00248 price=40004 quote=99.20992 fee=0.09920992 USDT\n"
                 "00:00:07 order trade=103/BTCUSDT/post entry sent>filled\n"
                 "00:00:07 info trade_opened: LONG 0.00248 BTCUSDT at 40004, stop 39200, target 41600\n"
                 "00:00:07 equity 9997.1339458 cash=9897.9339458 unrealized=-0.10912992\n"
                 "00:00:07 order trade=103/BTCUSDT/post stop new>sent\n"
                 "00:00:07 order trade=103/BTCUSDT/post stop sent>open\n"
                 "00:00:07 order trade=103/BTCUSDT/post target new>sent\n"
                 "00:00:07 order trade=103/BTCUSDT/post target sent>open\n");
}

static void mode_expires(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_mode(s, MODE_OBSERVE, stage_now(s) + 60 * USEC_PER_S);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:02:00");
    stage_price(s, DOGE, "0.08");
}

static void test_a_mode_that_expires_returns_to_the_one_before_it(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = mode_expires, .ticks = true},
                 "00:00:00 mode auto>observe\n"
                 "00:00:00 unusual mode: observe, by cli:test: because\n"
                 "00:00:00 command mode done\n"
                 "00:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "00:00:00 refusal tweet=101 DOGEUSDT LONG score=90 OBSERVE\n"
                 "00:01:00 mode observe>auto\n"
                 "00:01:00 unusual mode: observe is over: auto again\n");
}

static void halt_expires(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_mode(s, MODE_HALTED, stage_now(s) + 60 * USEC_PER_S);
    stage_at(s, "00:00:59");
    stage_price(s, DOGE, "0.08");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:01:01");
    stage_price(s, DOGE, "0.08");
    stage_post(s, 102, "bob", "DOGE+90");
}

static void test_a_halt_that_expires_returns_to_the_mode_before_it(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = halt_expires, .ticks = true},
                 "00:00:00 mode auto>halted\n"
                 "00:00:00 unusual mode: halted, by cli:test: because\n"
                 "00:00:00 command halt done\n"
                 "00:00:59 refusal tweet=101 DOGEUSDT LONG score=90 HALTED\n"
                 "00:01:00 mode halted>auto\n"
                 "00:01:00 unusual mode: the halt is over: auto again\n"
                 "00:01:01 intent trade=102/DOGEUSDT/post tweet=102 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:01:01 order trade=102/DOGEUSDT/post entry new>sent\n"
                 "00:01:01 fill trade=102/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:01:01 order trade=102/DOGEUSDT/post entry sent>filled\n"
                 "00:01:01 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:01:01 equity 9999.88811757 cash=9900.44811757 unrealized=-0.11188243\n"
                 "00:01:01 order trade=102/DOGEUSDT/post stop new>sent\n"
                 "00:01:01 order trade=102/DOGEUSDT/post stop sent>open\n"
                 "00:01:01 order trade=102/DOGEUSDT/post target new>sent\n"
                 "00:01:01 order trade=102/DOGEUSDT/post target sent>open\n");
}

static void approves(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:30");
    stage_command(s, VERB_APPROVE, stage_last_signal(s));
    stage_at(s, "00:00:32");
    stage_price(s, DOGE, "0.0801");
    stage_command(s, VERB_APPROVE, stage_last_signal(s));
}

static void test_manual_trades_what_a_person_approves(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = approves, .ticks = true, .sets = {"trading.mode=manual"}},
                 "00:00:00 info approval_wanted: signal 1: LONG 1243 DOGEUSDT at about 0.08, score 90; bullfinch approve 1\n"
                 "00:00:30 command approve done\n"
                 "00:00:32 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1242 limit=0.0805 stop=0.0785 target=0.08331 score=90\n"
                 "00:00:32 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:32 fill trade=101/DOGEUSDT/post entry BUY qty=1242 price=0.08011 quote=99.49662 fee=0.09949662 USDT\n"
                 "00:00:32 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:32 info trade_opened: LONG 1242 DOGEUSDT at 0.08011, stop 0.0785, target 0.08331\n"
                 "00:00:32 equity 9999.88808338 cash=9900.40388338 unrealized=-0.11191662\n"
                 "00:00:32 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:32 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:00:32 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:32 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:00:32 command approve refused\n");
}

static void rejects(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:30");
    stage_command(s, VERB_REJECT, stage_last_signal(s));
    stage_command(s, VERB_REJECT, stage_last_signal(s));
}

static void test_manual_drops_what_a_person_rejects(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = rejects, .ticks = true, .sets = {"trading.mode=manual"}},
                 "00:00:00 info approval_wanted: signal 1: LONG 1243 DOGEUSDT at about 0.08, score 90; bullfinch approve 1\n"
                 "00:00:30 refusal tweet=101 DOGEUSDT LONG score=90 REJECTED_BY_USER\n"
                 "00:00:30 command reject done\n"
                 "00:00:30 command reject refused\n");
}

static void nobody(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_post(s, 102, "bob", "DOGE+90"); /* the waiting one counts as a position */
    stage_at(s, "00:05:00");
    stage_command(s, VERB_APPROVE, stage_last_signal(s)); /* too late by nothing */
    stage_at(s, "00:05:01");
    stage_post(s, 103, "carol", "DOGE-90");
}

static void test_manual_drops_what_nobody_looked_at(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = nobody, .ticks = true, .sets = {"trading.mode=manual"}},
                 "00:00:00 info approval_wanted: signal 1: LONG 1243 DOGEUSDT at about 0.08, score 90; bullfinch approve 1\n"
                 "00:00:00 refusal tweet=102 DOGEUSDT LONG score=90 POSITION_EXISTS\n"
                 "00:05:00 command approve refused\n"
                 "00:05:00 refusal tweet=101 DOGEUSDT LONG score=90 WAITED_TOO_LONG\n");
}

static void approved_late(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:02");
    stage_mode(s, MODE_HALTED, USEC_NEVER);
    stage_command(s, VERB_APPROVE, stage_last_signal(s));
}

static void test_an_approval_is_asked_of_risk_again(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = approved_late,
                 .ticks = true,
                 .sets = {"trading.mode=manual"}},
                 "00:00:00 info approval_wanted: signal 1: LONG 1243 DOGEUSDT at about 0.08, score 90; bullfinch approve 1\n"
                 "00:00:02 mode manual>halted\n"
                 "00:00:02 unusual mode: halted, by cli:test: because\n"
                 "00:00:02 command halt done\n"
                 "00:00:02 refusal tweet=101 DOGEUSDT LONG score=90 HALTED\n"
                 "00:00:02 command approve done\n");
}

static void observes(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_post(s, 102, "bob", "DOGE-60");
}

static void test_observe_tells_and_does_not_trade(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = observes, .ticks = true, .sets = {"trading.mode=observe"}},
                 "00:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "00:00:00 refusal tweet=101 DOGEUSDT LONG score=90 OBSERVE\n"
                 "00:00:00 refusal tweet=102 DOGEUSDT SHORT score=60 BELOW_THRESHOLD\n");
}

static void settles(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_setting(s, "trading.signal_threshold=85");
    stage_post(s, 102, "bob", "DOGE+88");
    stage_setting(s, "trading.stop_loss_percent=0.01");
    stage_price(s, ETH, "3000");
    stage_post(s, 103, "carol", "ETH+96");
}

static void test_a_setting_counts_for_what_is_decided_after_it(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = settles, .ticks = true, .sets = {"trading.signal_threshold=95"}},
                 "00:00:00 refusal tweet=101 DOGEUSDT LONG score=90 BELOW_THRESHOLD\n"
                 "00:00:00 command setting done\n"
                 "00:00:00 intent trade=102/DOGEUSDT/post tweet=102 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=88\n"
                 "00:00:00 order trade=102/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=102/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:00:00 order trade=102/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88811757 cash=9900.44811757 unrealized=-0.11188243\n"
                 "00:00:00 order trade=102/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=102/DOGEUSDT/post stop sent>open\n"
                 "00:00:00 order trade=102/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=102/DOGEUSDT/post target sent>open\n"
                 "00:00:00 command setting done\n"
                 "00:00:00 intent trade=103/ETHUSDT/post tweet=103 LONG qty=0.0331 limit=3015.3 stop=2970 target=3120 score=96\n"
                 "00:00:00 order trade=103/ETHUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=103/ETHUSDT/post entry BUY qty=0.0331 price=3000.3 quote=99.30993 fee=0.09930993 USDT\n"
                 "00:00:00 order trade=103/ETHUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 0.0331 ETHUSDT at 3000.3, stop 2970, target 3120\n"
                 "00:00:00 equity 9999.77887764 cash=9801.03887764 unrealized=-0.22112236\n"
                 "00:00:00 order trade=103/ETHUSDT/post stop new>sent\n"
                 "00:00:00 order trade=103/ETHUSDT/post stop sent>open\n"
                 "00:00:00 order trade=103/ETHUSDT/post target new>sent\n"
                 "00:00:00 order trade=103/ETHUSDT/post target sent>open\n");
}

static void weighs(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_setting(s, "judge.author_weights=alice=0.5");
    stage_post(s, 102, "alice", "DOGE+80");
    stage_post(s, 103, "al1ce", "DOGE+90");
    stage_setting(s, "judge.author_weights=bob=1");
    stage_post(s, 104, "alice", "DOGE+70");
}

static void test_authors_are_weighed_anew(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = weighs, .ticks = true, .sets = {"trading.signal_threshold=95"}},
                 "00:00:00 refusal tweet=101 DOGEUSDT LONG score=90 BELOW_THRESHOLD\n"
                 "00:00:00 command setting done\n"
                 "00:00:00 refusal tweet=102 DOGEUSDT LONG score=40 BELOW_THRESHOLD\n"
                 "00:00:00 refusal tweet=103 DOGEUSDT LONG score=90 LOOKALIKE\n"
                 "00:00:00 command setting done\n"
                 "00:00:00 refusal tweet=104 DOGEUSDT LONG score=70 BELOW_THRESHOLD\n");
}

/* clang-format on */

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flatten_closes_at_once_where_a_price_stands),
        cmocka_unit_test(test_flatten_waits_for_the_next_candle),
        cmocka_unit_test(test_close_ends_one_trade_and_an_unknown_id_none),
        cmocka_unit_test(test_a_halt_keeps_the_stop_and_opens_nothing),
        cmocka_unit_test(test_a_mode_that_expires_returns_to_the_one_before_it),
        cmocka_unit_test(test_a_halt_that_expires_returns_to_the_mode_before_it),
        cmocka_unit_test(test_manual_trades_what_a_person_approves),
        cmocka_unit_test(test_manual_drops_what_a_person_rejects),
        cmocka_unit_test(test_manual_drops_what_nobody_looked_at),
        cmocka_unit_test(test_an_approval_is_asked_of_risk_again),
        cmocka_unit_test(test_observe_tells_and_does_not_trade),
        cmocka_unit_test(test_a_setting_counts_for_what_is_decided_after_it),
        cmocka_unit_test(test_authors_are_weighed_anew),
    };
    return cmocka_run_group_tests_name("flow people", tests, NULL, NULL);
}
