/* An exchange that is far away: it may not be reached, answers late or not at all, shows orders as
 * they were, changes its terms, and has orders on it that nobody here made. */
#include "stage.h"

/* A line of a trace is a line here. */
/* clang-format off */

static void buy(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_post(s, 101, "alice", "DOGE+90");
}

/* restarts_differ: a restart compares and asks at once what a running trader does later. */
static void expect(void (*story)(struct stage *s), bool may_shout, const char *trace) {
    stage_expect(&(struct stage_play){.story = story, .ticks = true, .far = true, .may_shout = may_shout,
                 .restarts_differ = true, .sets = {"paper.margin=false"}}, trace);
}

static void play_legs_shown_as_waiting_are_asked_after_until_they_stand(struct stage *s) {
    buy(s);
    stage_at(s, "00:00:05");
    stage_price(s, DOGE, "0.0835");
}

static void test_legs_shown_as_waiting_are_asked_after_until_they_stand(void **state) {
    (void)state;
    expect(play_legs_shown_as_waiting_are_asked_after_until_they_stand, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop pending>open\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target pending>open\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>expired\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post target SELL qty=1241 price=0.08344 quote=103.54904 fee=0.10354904 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>filled\n"
                 "00:00:05 equity 10004.05362096 cash=10003.99306096 unrealized=-0.0000682\n"
                 "00:00:05 close trade=101/DOGEUSDT/post CLOSED TARGET pnl=3.99306096 fees=0.20300147\n"
                 "00:00:05 info trade_closed: LONG DOGEUSDT: target reached, profit 3.99306096\n"
                 "00:00:05 equity 10003.99306096 cash=10003.99306096 unrealized=0\n");
}

static void play_an_exit_that_does_not_get_through_is_the_same_order_until_it_does(struct stage *s) {
    buy(s);
    stage_at(s, "00:00:05");
    stage_line(s, FATE_DOWN, 0);
    stage_command(s, VERB_FLATTEN, 0);
    stage_at(s, "00:00:30");
    stage_line(s, FATE_NORMAL, 0);
    stage_at(s, "00:00:40");
}

static void test_an_exit_that_does_not_get_through_is_the_same_order_until_it_does(void **state) {
    (void)state;
    expect(play_an_exit_that_does_not_get_through_is_the_same_order_until_it_does, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop pending>open\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target pending>open\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post FLATTENED qty=1241\n"
                 "00:00:05 command flatten done\n"
                 "00:00:05 answer ok: closing 1 positions at the next price\n"
                 "00:00:05 unusual exit_delayed: DOGEUSDT: connection refused; tried again until it gets through\n"
                 "00:00:16.750 unusual exit_delayed: DOGEUSDT: does not get through for 11 s now: connection refused\n"
                 "00:00:28.750 unusual exit_delayed: DOGEUSDT: does not get through for 23 s now: connection refused\n"
                 "00:00:30.750 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:30.750 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:30.750 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:30.750 fill trade=101/DOGEUSDT/post exit SELL qty=1241 price=0.07995 quote=99.21795 fee=0.09921795 USDT\n"
                 "00:00:30.750 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:30.750 equity 9999.72686205 cash=9999.66630205 unrealized=-0.0000682\n"
                 "00:00:30.750 close trade=101/DOGEUSDT/post CLOSED FLATTENED pnl=-0.33369795 fees=0.19867038\n"
                 "00:00:30.750 info trade_closed: LONG DOGEUSDT: closed by a person, profit -0.33369795\n"
                 "00:00:30.750 equity 9999.66630205 cash=9999.66630205 unrealized=0\n");
}

static void play_an_exit_that_the_venue_puts_off_is_tried_again_within_five_seconds(struct stage *s) {
    buy(s);
    stage_at(s, "00:00:05");
    stage_line(s, FATE_DOWN, stage_now(s) + 20 * USEC_PER_S);
    stage_command(s, VERB_FLATTEN, 0);
    stage_line(s, FATE_NORMAL, 0);
    stage_at(s, "00:00:40");
}

static void test_an_exit_that_the_venue_puts_off_is_tried_again_within_five_seconds(void **state) {
    (void)state;
    expect(play_an_exit_that_the_venue_puts_off_is_tried_again_within_five_seconds, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop pending>open\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target pending>open\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post FLATTENED qty=1241\n"
                 "00:00:05 command flatten done\n"
                 "00:00:05 answer ok: closing 1 positions at the next price\n"
                 "00:00:05 unusual exit_delayed: DOGEUSDT: connection refused; tried again until it gets through\n"
                 "00:00:10 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:10 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:10 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:10 fill trade=101/DOGEUSDT/post exit SELL qty=1241 price=0.07995 quote=99.21795 fee=0.09921795 USDT\n"
                 "00:00:10 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:10 equity 9999.72686205 cash=9999.66630205 unrealized=-0.0000682\n"
                 "00:00:10 close trade=101/DOGEUSDT/post CLOSED FLATTENED pnl=-0.33369795 fees=0.19867038\n"
                 "00:00:10 info trade_closed: LONG DOGEUSDT: closed by a person, profit -0.33369795\n"
                 "00:00:10 equity 9999.66630205 cash=9999.66630205 unrealized=0\n");
}

/* The stop takes it while the exit waits to be sent: nothing of it is left to be asked after. */
static void play_an_exit_that_was_never_sent_ends_with_its_trade(struct stage *s) {
    buy(s);
    stage_at(s, "00:00:05");
    stage_line(s, FATE_DOWN, stage_now(s) + 20 * USEC_PER_S);
    stage_command(s, VERB_FLATTEN, 0);
    stage_at(s, "00:00:06");
    stage_price(s, DOGE, "0.0783");
    stage_line(s, FATE_NORMAL, 0);
    stage_at(s, "00:01:00");
}

static void test_an_exit_that_was_never_sent_ends_with_its_trade(void **state) {
    (void)state;
    expect(play_an_exit_that_was_never_sent_ends_with_its_trade, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop pending>open\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target pending>open\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post FLATTENED qty=1241\n"
                 "00:00:05 command flatten done\n"
                 "00:00:05 answer ok: closing 1 positions at the next price\n"
                 "00:00:05 unusual exit_delayed: DOGEUSDT: connection refused; tried again until it gets through\n"
                 "00:00:06 order trade=101/DOGEUSDT/post target open>expired\n"
                 "00:00:06 fill trade=101/DOGEUSDT/post stop SELL qty=1241 price=0.07825 quote=97.10825 fee=0.09710825 USDT\n"
                 "00:00:06 order trade=101/DOGEUSDT/post stop open>filled\n"
                 "00:00:06 equity 9997.61927175 cash=9997.55871175 unrealized=-0.0000682\n"
                 "00:00:06 close trade=101/DOGEUSDT/post CLOSED STOP pnl=-2.44128825 fees=0.19656068\n"
                 "00:00:06 info trade_closed: LONG DOGEUSDT: stop reached, profit -2.44128825\n"
                 "00:00:06 order trade=101/DOGEUSDT/post exit new>canceled\n"
                 "00:00:06 equity 9997.55871175 cash=9997.55871175 unrealized=0\n");
}

static void play_while_the_venue_is_down_nothing_is_opened_and_a_warning_grows(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_fate_of_next(s, FATE_DOWN);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_venue(s, VENUE_DOWN, "banned");
    stage_post(s, 102, "bob", "DOGE+90");
    stage_at(s, "00:04:00");
    stage_price(s, DOGE, "0.08");
    stage_venue(s, VENUE_UP, "");
    stage_post(s, 103, "carol", "DOGE+90");
}

static void test_while_the_venue_is_down_nothing_is_opened_and_a_warning_grows(void **state) {
    (void)state;
    expect(play_while_the_venue_is_down_nothing_is_opened_and_a_warning_grows, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>canceled\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>canceled\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>canceled\n"
                 "00:00:00 unusual entry_refused: DOGEUSDT: connection refused\n"
                 "00:00:00 close trade=101/DOGEUSDT/post CANCELLED VENUE_DOWN pnl=0 fees=0\n"
                 "00:00:00 info entry_not_filled: LONG DOGEUSDT: the venue cannot be reached, or does not let us in\n"
                 "00:00:00 venue up>down\n"
                 "00:00:00 unusual venue: down: banned; no entries until it is back\n"
                 "00:00:00 refusal tweet=102 DOGEUSDT LONG score=90 VENUE_DOWN\n"
                 "00:00:05 unusual venue: down since 2021-05-20T00:00:00, for 5 s now, 0 trades are open: banned\n"
                 "00:00:30 unusual venue: down since 2021-05-20T00:00:00, for 30 s now, 0 trades are open: banned\n"
                 "00:02:00 unusual venue: down since 2021-05-20T00:00:00, for 2 min now, 0 trades are open: banned\n"
                 "00:04:00 venue down>up\n"
                 "00:04:00 info venue: up\n"
                 "00:04:00 intent trade=103/DOGEUSDT/post tweet=103 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:04:00 order trade=103/DOGEUSDT/post entry new>sent\n"
                 "00:04:00 fill trade=103/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:04:00 order trade=103/DOGEUSDT/post entry sent>filled\n"
                 "00:04:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:04:00 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:04:00 order trade=103/DOGEUSDT/post stop new>sent\n"
                 "00:04:00 order trade=103/DOGEUSDT/post stop sent>pending\n"
                 "00:04:00 order trade=103/DOGEUSDT/post target new>sent\n"
                 "00:04:00 order trade=103/DOGEUSDT/post target sent>pending\n");
}

static void play_legs_that_do_not_come_to_life_are_put_back(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_fate_of_next(s, FATE_LEGS_REFUSED);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:05");
}

static void test_legs_that_do_not_come_to_life_are_put_back(void **state) {
    (void)state;
    expect(play_legs_that_do_not_come_to_life_are_put_back, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop pending>canceled\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target pending>canceled\n"
                 "00:00:00.250 protect trade=101/DOGEUSDT/post qty=1241\n"
                 "00:00:00.250 unusual position_bare: DOGEUSDT has no protection; it gets its stop and target back\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target sent>open\n");
}

static void play_legs_that_cannot_be_put_back_mean_an_exit_at_once(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_fate_of_next(s, FATE_LEGS_REFUSED);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_price(s, DOGE, "0.0780");
    stage_at(s, "00:00:05");
}

static void test_legs_that_cannot_be_put_back_mean_an_exit_at_once(void **state) {
    (void)state;
    expect(play_legs_that_cannot_be_put_back_mean_an_exit_at_once, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop pending>canceled\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target pending>canceled\n"
                 "00:00:00.250 unusual position_bare: DOGEUSDT has no protection; closing it at market\n"
                 "00:00:00.250 exit trade=101/DOGEUSDT/post UNPROTECTED qty=1241\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:00.250 fill trade=101/DOGEUSDT/post exit SELL qty=1241 price=0.07795 quote=96.73595 fee=0.09673595 USDT\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:00.250 equity 9997.24583005 cash=9997.18678405 unrealized=-0.0015822\n"
                 "00:00:00.250 close trade=101/DOGEUSDT/post CLOSED UNPROTECTED pnl=-2.81321595 fees=0.19618838\n"
                 "00:00:00.250 info trade_closed: LONG DOGEUSDT: it stood without protection, profit -2.81321595\n"
                 "00:00:00.250 equity 9997.18678405 cash=9997.18678405 unrealized=0\n");
}

static void play_protection_that_is_refused_means_an_exit_at_once(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_fate_of_next(s, FATE_LEGS_REFUSED);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_fate_of_next(s, FATE_REFUSED);
    stage_at(s, "00:00:05");
}

static void test_protection_that_is_refused_means_an_exit_at_once(void **state) {
    (void)state;
    expect(play_protection_that_is_refused_means_an_exit_at_once, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop pending>canceled\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target pending>canceled\n"
                 "00:00:00.250 protect trade=101/DOGEUSDT/post qty=1241\n"
                 "00:00:00.250 unusual position_bare: DOGEUSDT has no protection; it gets its stop and target back\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop sent>rejected\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target sent>rejected\n"
                 "00:00:00.250 exit trade=101/DOGEUSDT/post UNPROTECTED qty=1241\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:00.250 fill trade=101/DOGEUSDT/post exit SELL qty=1241 price=0.07995 quote=99.21795 fee=0.09921795 USDT\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:00.250 equity 9999.72686205 cash=9999.66630205 unrealized=-0.0000682\n"
                 "00:00:00.250 close trade=101/DOGEUSDT/post CLOSED UNPROTECTED pnl=-0.33369795 fees=0.19867038\n"
                 "00:00:00.250 info trade_closed: LONG DOGEUSDT: it stood without protection, profit -0.33369795\n"
                 "00:00:00.250 equity 9999.66630205 cash=9999.66630205 unrealized=0\n");
}

static void play_protection_that_does_not_get_through_is_sent_until_it_does(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_fate_of_next(s, FATE_LEGS_REFUSED);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_fate_of_next(s, FATE_DOWN);
    stage_at(s, "00:00:05");
}

static void test_protection_that_does_not_get_through_is_sent_until_it_does(void **state) {
    (void)state;
    expect(play_protection_that_does_not_get_through_is_sent_until_it_does, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop pending>canceled\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target pending>canceled\n"
                 "00:00:00.250 protect trade=101/DOGEUSDT/post qty=1241\n"
                 "00:00:00.250 unusual position_bare: DOGEUSDT has no protection; it gets its stop and target back\n"
                 "00:00:00.250 unusual exit_delayed: DOGEUSDT: connection refused; tried again until it gets through\n"
                 "00:00:00.500 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00.500 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:00:00.500 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00.500 order trade=101/DOGEUSDT/post target sent>open\n");
}

static void play_an_entry_whose_answer_was_lost_is_found_within_a_moment(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_fate_of_next(s, FATE_REPLY_LOST);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:05");
}

static void test_an_entry_whose_answer_was_lost_is_found_within_a_moment(void **state) {
    (void)state;
    expect(play_an_entry_whose_answer_was_lost_is_found_within_a_moment, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>unknown\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>unknown\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>unknown\n"
                 "00:00:00 unusual outcome_unknown: request of trade 2: connection reset; asking the venue\n"
                 "00:00:00.250 unusual fills_missed: DOGEUSDT entry: booked from the order's totals\n"
                 "00:00:00.250 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post entry unknown>filled\n"
                 "00:00:00.250 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00.250 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop unknown>open\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target unknown>open\n");
}

static void play_an_entry_that_never_was_is_over_when_that_is_proved(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_fate_of_next(s, FATE_REQUEST_LOST);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:30");
}

static void test_an_entry_that_never_was_is_over_when_that_is_proved(void **state) {
    (void)state;
    expect(play_an_entry_that_never_was_is_over_when_that_is_proved, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>unknown\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>unknown\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>unknown\n"
                 "00:00:00 unusual outcome_unknown: request of trade 2: connection reset; asking the venue\n"
                 "00:00:12.500 order trade=101/DOGEUSDT/post target unknown>absent\n"
                 "00:00:12.500 order trade=101/DOGEUSDT/post entry unknown>absent\n"
                 "00:00:12.500 order trade=101/DOGEUSDT/post stop unknown>absent\n"
                 "00:00:12.500 close trade=101/DOGEUSDT/post CANCELLED LATE pnl=0 fees=0\n"
                 "00:00:12.500 info entry_not_filled: LONG DOGEUSDT: the intent could not be sent in time\n");
}

static void play_an_entry_of_a_silent_venue_is_known_when_it_speaks(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_fate_of_next(s, FATE_REPLY_LOST);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_line(s, FATE_REQUEST_LOST, 0);
    stage_at(s, "00:01:00");
    stage_line(s, FATE_NORMAL, 0);
    stage_at(s, "00:01:10");
}

static void test_an_entry_of_a_silent_venue_is_known_when_it_speaks(void **state) {
    (void)state;
    expect(play_an_entry_of_a_silent_venue_is_known_when_it_speaks, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>unknown\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>unknown\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>unknown\n"
                 "00:00:00 unusual outcome_unknown: request of trade 2: connection reset; asking the venue\n"
                 "00:01:04.500 unusual fills_missed: DOGEUSDT entry: booked from the order's totals\n"
                 "00:01:04.500 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:01:04.500 order trade=101/DOGEUSDT/post entry unknown>filled\n"
                 "00:01:04.500 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:01:04.500 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:01:04.500 order trade=101/DOGEUSDT/post stop unknown>open\n"
                 "00:01:04.500 order trade=101/DOGEUSDT/post target unknown>open\n");
}

static void play_an_exit_that_never_was_is_made_again_when_that_is_proved(struct stage *s) {
    buy(s);
    stage_at(s, "00:00:05");
    stage_fate_of_next(s, FATE_REQUEST_LOST);
    stage_command(s, VERB_FLATTEN, 0);
    stage_at(s, "00:00:30");
}

static void test_an_exit_that_never_was_is_made_again_when_that_is_proved(void **state) {
    (void)state;
    expect(play_an_exit_that_never_was_is_made_again_when_that_is_proved, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop pending>open\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target pending>open\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post FLATTENED qty=1241\n"
                 "00:00:05 command flatten done\n"
                 "00:00:05 answer ok: closing 1 positions at the next price\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>unknown\n"
                 "00:00:05 unusual outcome_unknown: request of trade 2: connection reset; asking the venue\n"
                 "00:00:17.500 order trade=101/DOGEUSDT/post exit unknown>absent\n"
                 "00:00:17.750 exit trade=101/DOGEUSDT/post FLATTENED qty=1241\n"
                 "00:00:17.750 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:17.750 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:17.750 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:17.750 fill trade=101/DOGEUSDT/post exit SELL qty=1241 price=0.07995 quote=99.21795 fee=0.09921795 USDT\n"
                 "00:00:17.750 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:17.750 equity 9999.72686205 cash=9999.66630205 unrealized=-0.0000682\n"
                 "00:00:17.750 close trade=101/DOGEUSDT/post CLOSED FLATTENED pnl=-0.33369795 fees=0.19867038\n"
                 "00:00:17.750 info trade_closed: LONG DOGEUSDT: closed by a person, profit -0.33369795\n"
                 "00:00:17.750 equity 9999.66630205 cash=9999.66630205 unrealized=0\n");
}

static void play_an_exit_that_took_one_half_is_made_again_without_a_price(struct stage *s) {
    buy(s);
    stage_at(s, "00:00:05");
    stage_fate_of_next(s, FATE_HALF);
    stage_command(s, VERB_FLATTEN, 0);
    stage_at(s, "00:00:30");
}

static void test_an_exit_that_took_one_half_is_made_again_without_a_price(void **state) {
    (void)state;
    expect(play_an_exit_that_took_one_half_is_made_again_without_a_price, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop pending>open\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target pending>open\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post FLATTENED qty=1241\n"
                 "00:00:05 command flatten done\n"
                 "00:00:05 answer ok: closing 1 positions at the next price\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post exit SELL qty=620 price=0.07995 quote=49.569 fee=0.049569 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit sent>expired\n"
                 "00:00:05 equity 9999.807561 cash=9950.067001 unrealized=-0.05601415\n"
                 "00:00:05 unusual position_bare: DOGEUSDT has no protection; closing it at market\n"
                 "00:00:05 protect trade=101/DOGEUSDT/post qty=621\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:00:05.250 exit trade=101/DOGEUSDT/post FLATTENED qty=621\n"
                 "00:00:05.250 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05.250 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05.250 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05.250 fill trade=101/DOGEUSDT/post exit SELL qty=621 price=0.07995 quote=49.64895 fee=0.04964895 USDT\n"
                 "00:00:05.250 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:05.250 equity 9999.72686205 cash=9999.66630205 unrealized=-0.0000682\n"
                 "00:00:05.250 close trade=101/DOGEUSDT/post CLOSED FLATTENED pnl=-0.33369795 fees=0.19867038\n"
                 "00:00:05.250 info trade_closed: LONG DOGEUSDT: closed by a person, profit -0.33369795\n"
                 "00:00:05.250 equity 9999.66630205 cash=9999.66630205 unrealized=0\n");
}

static void play_an_exit_that_is_refused_is_made_again_without_a_price(struct stage *s) {
    buy(s);
    stage_at(s, "00:00:05");
    stage_fate_of_next(s, FATE_REFUSED);
    stage_command(s, VERB_FLATTEN, 0);
    stage_at(s, "00:00:30");
}

static void test_an_exit_that_is_refused_is_made_again_without_a_price(void **state) {
    (void)state;
    expect(play_an_exit_that_is_refused_is_made_again_without_a_price, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop pending>open\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target pending>open\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post FLATTENED qty=1241\n"
                 "00:00:05 command flatten done\n"
                 "00:00:05 answer ok: closing 1 positions at the next price\n"
                 "00:00:05 unusual exit_refused: DOGEUSDT: Filter failure: TEST (-1013); tried again until it is taken\n"
                 "00:00:05.250 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05.250 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05.250 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05.250 fill trade=101/DOGEUSDT/post exit SELL qty=1241 price=0.07995 quote=99.21795 fee=0.09921795 USDT\n"
                 "00:00:05.250 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:05.250 equity 9999.72686205 cash=9999.66630205 unrealized=-0.0000682\n"
                 "00:00:05.250 close trade=101/DOGEUSDT/post CLOSED FLATTENED pnl=-0.33369795 fees=0.19867038\n"
                 "00:00:05.250 info trade_closed: LONG DOGEUSDT: closed by a person, profit -0.33369795\n"
                 "00:00:05.250 equity 9999.66630205 cash=9999.66630205 unrealized=0\n");
}

static void play_strangers_are_told_strays_taken_off_and_another_bot_stops_entries(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_stranger(s, DOGE, "web_1234");
    stage_stranger(s, DOGE, "bf9999-abcdefghijklmnopqrst-01s");
    stage_stranger(s, DOGE, "bf0000-abcdefghijklmnopqrst-01e");
    stage_command(s, VERB_RECONCILE, 0);
    assert_int_equal(stage_strangers(s), 2);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_stranger_goes(s, "bf9999-abcdefghijklmnopqrst-01s");
    stage_command(s, VERB_RECONCILE, 0);
    stage_post(s, 102, "bob", "DOGE+90");
}

static void test_strangers_are_told_strays_taken_off_and_another_bot_stops_entries(void **state) {
    (void)state;
    expect(play_strangers_are_told_strays_taken_off_and_another_bot_stops_entries, true,
                 "00:00:00 unusual strange_order: an order that is not ours stands on the account: web_1234\n"
                 "00:00:00 unusual stray_order: bf0000-abcdefghijklmnopqrst-01e stands at the venue and is needed by no trade; taking it off\n"
                 "00:00:00 broken foreign_bot: another bullfinch has 1 orders on this account: no entries until they are gone\n"
                 "00:00:00 info compared: 3 open orders: 0 with news, 0 adopted, 1 taken off, 2 of others; 0 of ours asked after\n"
                 "00:00:00 answer ok: 3 open orders: 0 with news, 0 adopted, 1 taken off, 2 of others; 0 of ours asked after\n"
                 "00:00:00 command reconcile done\n"
                 "00:00:00 refusal tweet=101 DOGEUSDT LONG score=90 FOREIGN_BOT\n"
                 "00:00:00 info foreign_bot: no orders of another bullfinch, or of lost trades, stand here any more\n"
                 "00:00:00 answer ok: 1 open orders: 0 with news, 0 adopted, 0 taken off, 1 of others; 0 of ours asked after\n"
                 "00:00:00 command reconcile done\n"
                 "00:00:00 intent trade=102/DOGEUSDT/post tweet=102 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=102/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=102/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:00 order trade=102/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:00 order trade=102/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=102/DOGEUSDT/post stop sent>pending\n"
                 "00:00:00 order trade=102/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=102/DOGEUSDT/post target sent>pending\n");
}

static void play_protection_whose_rows_were_lost_is_adopted(struct stage *s) {
    buy(s);
    stage_at(s, "00:00:20");
    stage_lose_order(s, LEG_STOP);
    stage_lose_order(s, LEG_TARGET);
    stage_restart(s);
    stage_at(s, "00:00:25");
    stage_price(s, DOGE, "0.0835");
}

static void test_protection_whose_rows_were_lost_is_adopted(void **state) {
    (void)state;
    expect(play_protection_whose_rows_were_lost_is_adopted, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop pending>open\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target pending>open\n"
                 "00:00:20 unusual order_adopted: DOGEUSDT: bf0000-gam7xwxh2dzfmeigcrog-01s stood at the venue and was not in the store\n"
                 "00:00:20 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:20 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:00:20 unusual order_adopted: DOGEUSDT: bf0000-gam7xwxh2dzfmeigcrog-01t stood at the venue and was not in the store\n"
                 "00:00:20 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:20 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:00:20 info compared: 2 open orders: 0 with news, 2 adopted, 0 taken off, 0 of others; 0 of ours asked after\n"
                 "00:00:25 order trade=101/DOGEUSDT/post stop open>expired\n"
                 "00:00:25 fill trade=101/DOGEUSDT/post target SELL qty=1241 price=0.08344 quote=103.54904 fee=0.10354904 USDT\n"
                 "00:00:25 order trade=101/DOGEUSDT/post target open>filled\n"
                 "00:00:25 equity 10004.05362096 cash=10003.99306096 unrealized=-0.0000682\n"
                 "00:00:25 close trade=101/DOGEUSDT/post CLOSED TARGET pnl=3.99306096 fees=0.20300147\n"
                 "00:00:25 info trade_closed: LONG DOGEUSDT: target reached, profit 3.99306096\n"
                 "00:00:25 equity 10003.99306096 cash=10003.99306096 unrealized=0\n");
}

static void play_a_restart_asks_after_what_was_on_its_way_and_opens_nothing_before(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_line(s, FATE_REQUEST_LOST, 0);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_restart(s);
    stage_post(s, 102, "bob", "DOGE+90");
    stage_price(s, BTC, "40000");
    stage_post(s, 103, "bob", "BTC+90");
    stage_line(s, FATE_NORMAL, 0);
    stage_at(s, "00:00:20");
    stage_price(s, BTC, "40000");
    stage_post(s, 104, "carol", "BTC+90");
}

static void test_a_restart_asks_after_what_was_on_its_way_and_opens_nothing_before(void **state) {
    (void)state;
    expect(play_a_restart_asks_after_what_was_on_its_way_and_opens_nothing_before, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>unknown\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>unknown\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>unknown\n"
                 "00:00:00 unusual outcome_unknown: request of trade 2: connection reset; asking the venue\n"
                 "00:00:01 refusal tweet=102 DOGEUSDT LONG score=90 POSITION_EXISTS\n"
                 "00:00:01 intent trade=103/BTCUSDT/post tweet=103 LONG qty=0.00248 limit=40204 stop=39200 target=41600 score=90\n"
                 "00:00:01 order trade=103/BTCUSDT/post entry new>sent\n"
                 "00:00:01 fill trade=103/BTCUSDT/post entry BUY qty=0.00248 price=40004 quote=99.20992 fee=0.00000248 BTC\n"
                 "00:00:01 order trade=103/BTCUSDT/post entry sent>filled\n"
                 "00:00:01 info trade_opened: LONG 0.00248 BTCUSDT at 40004, stop 39200, target 41600\n"
                 "00:00:01 equity 9999.89088 cash=9900.79008 unrealized=-0.10912\n"
                 "00:00:01 order trade=103/BTCUSDT/post stop new>sent\n"
                 "00:00:01 order trade=103/BTCUSDT/post stop sent>pending\n"
                 "00:00:01 order trade=103/BTCUSDT/post target new>sent\n"
                 "00:00:01 order trade=103/BTCUSDT/post target sent>pending\n"
                 "00:00:01.250 order trade=103/BTCUSDT/post stop pending>open\n"
                 "00:00:01.250 order trade=103/BTCUSDT/post target pending>open\n"
                 "00:00:12.500 order trade=101/DOGEUSDT/post target unknown>absent\n"
                 "00:00:12.500 order trade=101/DOGEUSDT/post entry unknown>absent\n"
                 "00:00:12.500 order trade=101/DOGEUSDT/post stop unknown>absent\n"
                 "00:00:12.500 close trade=101/DOGEUSDT/post CANCELLED LATE pnl=0 fees=0\n"
                 "00:00:12.500 info entry_not_filled: LONG DOGEUSDT: the intent could not be sent in time\n"
                 "00:00:20 refusal tweet=104 BTCUSDT LONG score=90 POSITION_EXISTS\n");
}

static void test_a_clock_that_is_set_forward_proves_nothing(void **state) {
    (void)state;
    struct stage *s = stage_open(&(struct stage_play){.ticks = true, .far = true, .sets = {"paper.margin=false"}});
    stage_price(s, DOGE, "0.08");
    stage_fate_of_next(s, FATE_REQUEST_LOST);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_later(s, USEC_PER_S);
    stage_clock_jumps(s, USEC_PER_MIN);
    stage_later(s, 12 * USEC_PER_S);
    assert_true(str_find(stage_trace(s), STR("entry new>unknown")) >= 0);
    assert_true(str_find(stage_trace(s), STR("absent")) < 0);
    stage_later(s, 2 * USEC_PER_S);
    assert_true(str_find(stage_trace(s), STR("entry unknown>absent")) >= 0);
    stage_close(s);
}

static void play_a_post_before_the_first_price_waits_for_it(struct stage *s) {
    stage_post(s, 101, "alice", "DOGE+90 BTC+90");
    stage_at(s, "00:00:02");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:10");
    stage_price(s, BTC, "40000");
}

static void test_a_post_before_the_first_price_waits_for_it_and_not_for_long(void **state) {
    (void)state;
    expect(play_a_post_before_the_first_price_waits_for_it, false,
                 "00:00:02 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:02 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:02 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:02 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:02 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:02 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:02 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:02 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:02 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:02 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:02.250 order trade=101/DOGEUSDT/post stop pending>open\n"
                 "00:00:02.250 order trade=101/DOGEUSDT/post target pending>open\n"
                 "00:00:05 refusal tweet=101 BTCUSDT LONG score=90 NO_PRICE\n");
}

static void play_a_post_before_the_first_look_waits_for_it(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_line(s, FATE_DOWN, 0);
    stage_restart(s);
    stage_price(s, DOGE, "0.08");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:00.500");
    stage_line(s, FATE_NORMAL, 0);
    stage_at(s, "00:00:04");
}

static void test_a_post_before_the_first_look_waits_for_it(void **state) {
    (void)state;
    expect(play_a_post_before_the_first_look_waits_for_it, false,
                 "00:00:01 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:01 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:01 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:01 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:01 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:01 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:01 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:01 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:01 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:01 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:01.250 order trade=101/DOGEUSDT/post stop pending>open\n"
                 "00:00:01.250 order trade=101/DOGEUSDT/post target pending>open\n");
}

static void play_a_short_signal_closes_the_long_where_there_are_no_shorts(struct stage *s) {
    buy(s);
    stage_at(s, "00:00:05");
    stage_post(s, 102, "bob", "DOGE-90");
    stage_at(s, "00:00:06");
    stage_post(s, 103, "carol", "DOGE-90");
}

static void test_a_short_signal_closes_the_long_where_there_are_no_shorts(void **state) {
    (void)state;
    expect(play_a_short_signal_closes_the_long_where_there_are_no_shorts, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop pending>open\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target pending>open\n"
                 "00:00:05 refusal tweet=102 DOGEUSDT SHORT score=90 OPPOSITE\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post OPPOSITE qty=1241\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post exit SELL qty=1241 price=0.07995 quote=99.21795 fee=0.09921795 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:05 equity 9999.72686205 cash=9999.66630205 unrealized=-0.0000682\n"
                 "00:00:05 close trade=101/DOGEUSDT/post CLOSED OPPOSITE pnl=-0.33369795 fees=0.19867038\n"
                 "00:00:05 info trade_closed: LONG DOGEUSDT: a later post said the opposite, and the venue has no shorts, profit -0.33369795\n"
                 "00:00:05 equity 9999.66630205 cash=9999.66630205 unrealized=0\n");
}

static void play_a_symbol_out_of_trading_opens_nothing_and_new_steps_hold(struct stage *s) {
    struct symbol terms = *stage_terms(s, DOGE);
    buy(s);
    stage_at(s, "00:00:05");
    terms.step = Q("10");
    stage_symbol(s, &terms);
    terms.trading = false;
    terms.status = SYMBOL_HALT;
    stage_symbol(s, &terms);
    stage_command(s, VERB_FLATTEN, 0);
    stage_at(s, "00:20:00");
    stage_price(s, DOGE, "0.08");
    stage_post(s, 102, "bob", "DOGE+90");
}

static void test_a_symbol_out_of_trading_opens_nothing_and_new_steps_hold(void **state) {
    (void)state;
    expect(play_a_symbol_out_of_trading_opens_nothing_and_new_steps_hold, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop pending>open\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target pending>open\n"
                 "00:00:05 info symbol: DOGEUSDT: its filters changed\n"
                 "00:00:05 unusual symbol: DOGEUSDT: not in trading: no entries, exits are tried\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post FLATTENED qty=1240\n"
                 "00:00:05 command flatten done\n"
                 "00:00:05 answer ok: closing 1 positions at the next price\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post exit SELL qty=1240 price=0.07995 quote=99.138 fee=0.099138 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:05 equity 9999.726992 cash=9999.586432 unrealized=-0.00015829\n"
                 "00:00:05 close trade=101/DOGEUSDT/post CLOSED FLATTENED pnl=-0.413568 fees=0.19859043\n"
                 "00:00:05 info trade_closed: LONG DOGEUSDT: closed by a person, profit -0.413568\n"
                 "00:00:05 equity 9999.586432 cash=9999.586432 unrealized=0\n"
                 "00:20:00 refusal tweet=102 DOGEUSDT LONG score=90 NOT_TRADING\n");
}

static void play_a_fee_in_another_asset_is_booked_as_the_expected_one(struct stage *s) {
    stage_fee_in(s, "BNB", "0.0001");
    buy(s);
    stage_at(s, "00:00:05");
    stage_command(s, VERB_FLATTEN, 0);
}

static void test_a_fee_in_another_asset_is_booked_as_the_expected_one(void **state) {
    (void)state;
    expect(play_a_fee_in_another_asset_is_booked_as_the_expected_one, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 unusual fee_in_another_asset: the venue takes its fees in BNB, whose price is not known here; the expected fee is booked\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88811757 cash=9900.44811757 unrealized=-0.11188243\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop pending>open\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target pending>open\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post FLATTENED qty=1243\n"
                 "00:00:05 command flatten done\n"
                 "00:00:05 answer ok: closing 1 positions at the next price\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05 unusual exit_refused: DOGEUSDT: Account has insufficient balance for requested action. (-2010); tried again until it is taken\n"
                 "00:00:05 protect trade=101/DOGEUSDT/post qty=1243\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop sent>rejected\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target sent>rejected\n");
}

static void play_less_of_a_coin_than_was_bought_is_told_once(struct stage *s) {
    buy(s);
    stage_at(s, "00:00:05");
    stage_take_coins(s, DOGE, "0.757");
    stage_command(s, VERB_RECONCILE, 0);
    stage_command(s, VERB_RECONCILE, 0);
}

static void test_less_of_a_coin_than_was_bought_is_told_once(void **state) {
    (void)state;
    expect(play_less_of_a_coin_than_was_bought_is_told_once, true,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop pending>open\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target pending>open\n"
                 "00:00:05 broken balance_short: DOGEUSDT: our fills bought 1241.757, the account has 1241\n"
                 "00:00:05 answer ok: 2 open orders: 0 with news, 0 adopted, 0 taken off, 0 of others; 0 of ours asked after\n"
                 "00:00:05 command reconcile done\n"
                 "00:00:05 answer ok: 2 open orders: 0 with news, 0 adopted, 0 taken off, 0 of others; 0 of ours asked after\n"
                 "00:00:05 command reconcile done\n");
}

static void play_streams_that_are_back_mean_comparing_everything(struct stage *s) {
    buy(s);
    stage_at(s, "00:00:05");
    stage_venue(s, VENUE_DEGRADED, "no user data");
    stage_at(s, "00:00:07");
    stage_line(s, FATE_DOWN, 0);
    stage_at(s, "00:00:30");
    stage_venue(s, VENUE_UP, "");
    stage_line(s, FATE_NORMAL, 0);
    stage_venue(s, VENUE_RECONNECTED, "user data");
    stage_at(s, "00:00:31");
    stage_price(s, DOGE, "0.0835");
}

static void test_streams_that_are_back_mean_comparing_everything(void **state) {
    (void)state;
    expect(play_streams_that_are_back_mean_comparing_everything, false,
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>pending\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>pending\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop pending>open\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target pending>open\n"
                 "00:00:05 venue up>degraded\n"
                 "00:00:05 unusual venue: degraded: no user data\n"
                 "00:00:30 venue degraded>up\n"
                 "00:00:30 info venue: up\n"
                 "00:00:30 info venue: comparing everything: user data\n"
                 "00:00:31 order trade=101/DOGEUSDT/post stop open>expired\n"
                 "00:00:31 fill trade=101/DOGEUSDT/post target SELL qty=1241 price=0.08344 quote=103.54904 fee=0.10354904 USDT\n"
                 "00:00:31 order trade=101/DOGEUSDT/post target open>filled\n"
                 "00:00:31 equity 10004.05362096 cash=10003.99306096 unrealized=-0.0000682\n"
                 "00:00:31 close trade=101/DOGEUSDT/post CLOSED TARGET pnl=3.99306096 fees=0.20300147\n"
                 "00:00:31 info trade_closed: LONG DOGEUSDT: target reached, profit 3.99306096\n"
                 "00:00:31 equity 10003.99306096 cash=10003.99306096 unrealized=0\n");
}

static void play_shorts_that_close_nothing(struct stage *s) {
    buy(s);
    stage_at(s, "00:00:05");
    stage_post(s, 102, "bob", "DOGE-90");
    stage_price(s, BTC, "40000");
    stage_post(s, 103, "carol", "BTC-90");
}

static void test_a_short_signal_closes_nothing_where_that_is_off(void **state) {
    (void)state;
    const struct stage_play play = {.ticks = true, .far = true, .sets = {"paper.margin=false", "trading.short_closes_long=false"}};
    struct stage *s = stage_open(&play);
    play_shorts_that_close_nothing(s);
    const str trace = stage_trace(s);
    assert_true(str_find(trace, STR("refusal tweet=102 DOGEUSDT SHORT score=90 POSITION_EXISTS\n")) > 0);
    assert_true(str_find(trace, STR("refusal tweet=103 BTCUSDT SHORT score=90 SHORT_OFF\n")) > 0);
    assert_true(stage_is_open(s, DOGE));
    stage_close(s);
}

/* clang-format on */

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_legs_shown_as_waiting_are_asked_after_until_they_stand),
        cmocka_unit_test(test_an_exit_that_does_not_get_through_is_the_same_order_until_it_does),
        cmocka_unit_test(test_an_exit_that_the_venue_puts_off_is_tried_again_within_five_seconds),
        cmocka_unit_test(test_an_exit_that_was_never_sent_ends_with_its_trade),
        cmocka_unit_test(test_while_the_venue_is_down_nothing_is_opened_and_a_warning_grows),
        cmocka_unit_test(test_legs_that_do_not_come_to_life_are_put_back),
        cmocka_unit_test(test_legs_that_cannot_be_put_back_mean_an_exit_at_once),
        cmocka_unit_test(test_protection_that_is_refused_means_an_exit_at_once),
        cmocka_unit_test(test_protection_that_does_not_get_through_is_sent_until_it_does),
        cmocka_unit_test(test_an_entry_whose_answer_was_lost_is_found_within_a_moment),
        cmocka_unit_test(test_an_entry_that_never_was_is_over_when_that_is_proved),
        cmocka_unit_test(test_an_entry_of_a_silent_venue_is_known_when_it_speaks),
        cmocka_unit_test(test_an_exit_that_never_was_is_made_again_when_that_is_proved),
        cmocka_unit_test(test_an_exit_that_took_one_half_is_made_again_without_a_price),
        cmocka_unit_test(test_an_exit_that_is_refused_is_made_again_without_a_price),
        cmocka_unit_test(test_strangers_are_told_strays_taken_off_and_another_bot_stops_entries),
        cmocka_unit_test(test_protection_whose_rows_were_lost_is_adopted),
        cmocka_unit_test(test_a_restart_asks_after_what_was_on_its_way_and_opens_nothing_before),
        cmocka_unit_test(test_a_clock_that_is_set_forward_proves_nothing),
        cmocka_unit_test(test_a_post_before_the_first_price_waits_for_it_and_not_for_long),
        cmocka_unit_test(test_a_post_before_the_first_look_waits_for_it),
        cmocka_unit_test(test_a_short_signal_closes_the_long_where_there_are_no_shorts),
        cmocka_unit_test(test_a_symbol_out_of_trading_opens_nothing_and_new_steps_hold),
        cmocka_unit_test(test_a_fee_in_another_asset_is_booked_as_the_expected_one),
        cmocka_unit_test(test_less_of_a_coin_than_was_bought_is_told_once),
        cmocka_unit_test(test_streams_that_are_back_mean_comparing_everything),
        cmocka_unit_test(test_a_short_signal_closes_nothing_where_that_is_off),
    };
    return cmocka_run_group_tests_name("flow far", tests, NULL, NULL);
}
