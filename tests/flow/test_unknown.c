/* When the venue does not say what happened: ask, never send again. */
#include "stage.h"

/* A line of a trace is a line here. */
/* clang-format off */

static void found(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_fate_of_next(s, FATE_REPLY_LOST);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_post(s, 102, "bob", "DOGE+90"); /* counts at full size meanwhile */
    stage_at(s, "00:00:05");
    stage_price(s, DOGE, "0.0835");
}

static void test_a_lost_answer_is_asked_after_and_the_entry_found(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = found, .ticks = true, .restarts_differ = true},
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>unknown\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>unknown\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>unknown\n"
                 "00:00:00 unusual outcome_unknown: request of trade 2: connection reset; asking the venue\n"
                 "00:00:00 refusal tweet=102 DOGEUSDT LONG score=90 POSITION_EXISTS\n"
                 "00:00:01 unusual fills_missed: DOGEUSDT entry: booked from the order's totals\n"
                 "00:00:01 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:00:01 order trade=101/DOGEUSDT/post entry unknown>filled\n"
                 "00:00:01 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:01 equity 9999.88811757 cash=9900.44811757 unrealized=-0.11188243\n"
                 "00:00:01 order trade=101/DOGEUSDT/post stop unknown>open\n"
                 "00:00:01 order trade=101/DOGEUSDT/post target unknown>open\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>expired\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post target SELL qty=1243 price=0.08344 quote=103.71592 fee=0.10371592 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>filled\n"
                 "00:00:05 equity 10004.06032165 cash=10004.06032165 unrealized=0\n"
                 "00:00:05 close trade=101/DOGEUSDT/post CLOSED TARGET pnl=4.06032165 fees=0.20316835\n"
                 "00:00:05 info trade_closed: LONG DOGEUSDT: target reached, profit 4.06032165\n"
                 "00:00:05 equity 10004.06032165 cash=10004.06032165 unrealized=0\n");
}

static void absent(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_fate_of_next(s, FATE_REQUEST_LOST);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:30");
    stage_price(s, DOGE, "0.08");
    stage_post(s, 102, "bob", "DOGE+90");
}

static void test_a_lost_request_is_asked_after_and_never_sent_again(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = absent,
                 .ticks = true,
                 .restarts_differ = true,
                 .absence_after = 10 * USEC_PER_S},
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>unknown\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>unknown\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>unknown\n"
                 "00:00:00 unusual outcome_unknown: request of trade 2: connection reset; asking the venue\n"
                 "00:00:10 order trade=101/DOGEUSDT/post target unknown>absent\n"
                 "00:00:10 order trade=101/DOGEUSDT/post entry unknown>absent\n"
                 "00:00:10 order trade=101/DOGEUSDT/post stop unknown>absent\n"
                 "00:00:10 close trade=101/DOGEUSDT/post CANCELLED LATE pnl=0 fees=0\n"
                 "00:00:10 info entry_not_filled: LONG DOGEUSDT: the intent could not be sent in time\n"
                 "00:00:30 intent trade=102/DOGEUSDT/post tweet=102 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:30 order trade=102/DOGEUSDT/post entry new>sent\n"
                 "00:00:30 fill trade=102/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:00:30 order trade=102/DOGEUSDT/post entry sent>filled\n"
                 "00:00:30 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:30 equity 9999.88811757 cash=9900.44811757 unrealized=-0.11188243\n"
                 "00:00:30 order trade=102/DOGEUSDT/post stop new>sent\n"
                 "00:00:30 order trade=102/DOGEUSDT/post stop sent>open\n"
                 "00:00:30 order trade=102/DOGEUSDT/post target new>sent\n"
                 "00:00:30 order trade=102/DOGEUSDT/post target sent>open\n");
}

static void late_news(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_fate_of_next(s, FATE_REPLY_LATE);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_price(s, DOGE, "0.0801");
    stage_price(s, DOGE, "0.0835");
}

static void test_reports_that_come_after_the_answer_are_old(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = late_news, .ticks = true, .restarts_differ = true},
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>unknown\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>unknown\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>unknown\n"
                 "00:00:00 unusual outcome_unknown: request of trade 2: connection reset; asking the venue\n"
                 "00:00:01 unusual fills_missed: DOGEUSDT entry: booked from the order's totals\n"
                 "00:00:01 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:00:01 order trade=101/DOGEUSDT/post entry unknown>filled\n"
                 "00:00:01 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:01 equity 9999.88811757 cash=9900.44811757 unrealized=-0.11188243\n"
                 "00:00:01 order trade=101/DOGEUSDT/post stop unknown>open\n"
                 "00:00:01 order trade=101/DOGEUSDT/post target unknown>open\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>expired\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post target SELL qty=1243 price=0.08344 quote=103.71592 fee=0.10371592 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>filled\n"
                 "00:00:05 equity 10004.06032165 cash=10004.06032165 unrealized=0\n"
                 "00:00:05 close trade=101/DOGEUSDT/post CLOSED TARGET pnl=4.06032165 fees=0.20316835\n"
                 "00:00:05 info trade_closed: LONG DOGEUSDT: target reached, profit 4.06032165\n"
                 "00:00:05 equity 10004.06032165 cash=10004.06032165 unrealized=0\n");
}

static void early_news(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_fate_of_next(s, FATE_REPLY_LATE);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_price(s, DOGE, "0.0801");
    stage_at(s, "00:00:05");
    stage_price(s, DOGE, "0.0835");
}

static void test_reports_that_come_before_the_answer_need_no_question(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = early_news, .ticks = true, .restarts_differ = true},
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>unknown\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>unknown\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>unknown\n"
                 "00:00:00 unusual outcome_unknown: request of trade 2: connection reset; asking the venue\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry unknown>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88811757 cash=9900.44811757 unrealized=-0.11188243\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop unknown>open\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target unknown>open\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>expired\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post target SELL qty=1243 price=0.08344 quote=103.71592 fee=0.10371592 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>filled\n"
                 "00:00:05 equity 10004.06032165 cash=10004.06032165 unrealized=0\n"
                 "00:00:05 close trade=101/DOGEUSDT/post CLOSED TARGET pnl=4.06032165 fees=0.20316835\n"
                 "00:00:05 info trade_closed: LONG DOGEUSDT: target reached, profit 4.06032165\n"
                 "00:00:05 equity 10004.06032165 cash=10004.06032165 unrealized=0\n");
}

static void exit_found(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_fate_of_next(s, FATE_REPLY_LOST);
    stage_command(s, VERB_FLATTEN, 0);
    stage_at(s, "00:00:10");
}

static void test_a_lost_answer_to_an_exit_is_found(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = exit_found, .ticks = true, .restarts_differ = true},
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
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>unknown\n"
                 "00:00:05 unusual outcome_unknown: request of trade 2: connection reset; asking the venue\n"
                 "00:00:06 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:06 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:06 unusual fills_missed: DOGEUSDT exit: booked from the order's totals\n"
                 "00:00:06 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.07995 quote=99.37785 fee=0.09937785 USDT\n"
                 "00:00:06 order trade=101/DOGEUSDT/post exit unknown>filled\n"
                 "00:00:06 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "00:00:06 close trade=101/DOGEUSDT/post CLOSED FLATTENED pnl=-0.27341028 fees=0.19883028\n"
                 "00:00:06 info trade_closed: LONG DOGEUSDT: closed by a person, profit -0.27341028\n"
                 "00:00:06 equity 9999.72658972 cash=9999.72658972 unrealized=0\n");
}

static void exit_absent(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_fate_of_next(s, FATE_REQUEST_LOST);
    stage_command(s, VERB_FLATTEN, 0);
    stage_at(s, "00:00:10");
    stage_price(s, DOGE, "0.08");
}

static void test_an_exit_that_was_lost_is_made_again_under_another_id(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = exit_absent, .ticks = true, .restarts_differ = true},
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
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>unknown\n"
                 "00:00:05 unusual outcome_unknown: request of trade 2: connection reset; asking the venue\n"
                 "00:00:06 order trade=101/DOGEUSDT/post exit unknown>absent\n"
                 "00:00:10 exit trade=101/DOGEUSDT/post FLATTENED qty=1243\n"
                 "00:00:10 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:10 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:10 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:10 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.07995 quote=99.37785 fee=0.09937785 USDT\n"
                 "00:00:10 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:10 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "00:00:10 close trade=101/DOGEUSDT/post CLOSED FLATTENED pnl=-0.27341028 fees=0.19883028\n"
                 "00:00:10 info trade_closed: LONG DOGEUSDT: closed by a person, profit -0.27341028\n"
                 "00:00:10 equity 9999.72658972 cash=9999.72658972 unrealized=0\n");
}

static void refused(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_fate_of_next(s, FATE_REFUSED);
    stage_post(s, 101, "alice", "DOGE+90");
}

static void test_an_entry_that_is_refused_is_over(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = refused, .ticks = true},
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry sent>rejected\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop sent>rejected\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target sent>rejected\n"
                 "00:00:00 unusual entry_refused: DOGEUSDT: Filter failure: TEST (-1013)\n"
                 "00:00:00 close trade=101/DOGEUSDT/post CANCELLED VENUE_REJECTED pnl=0 fees=0\n"
                 "00:00:00 info entry_not_filled: LONG DOGEUSDT: the venue rejected the entry\n");
}

static void exit_refused(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_fate_of_next(s, FATE_REFUSED);
    stage_command(s, VERB_FLATTEN, 0);
    stage_at(s, "00:00:07");
    stage_price(s, DOGE, "0.08");
}

static void test_an_exit_that_is_refused_is_tried_at_the_next_price(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = exit_refused, .ticks = true, .restarts_differ = true},
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
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit sent>rejected\n"
                 "00:00:05 unusual exit_refused: DOGEUSDT: Filter failure: TEST (-1013)\n"
                 "00:00:07 exit trade=101/DOGEUSDT/post FLATTENED qty=1243\n"
                 "00:00:07 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:07 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:07 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:07 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.07995 quote=99.37785 fee=0.09937785 USDT\n"
                 "00:00:07 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:07 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "00:00:07 close trade=101/DOGEUSDT/post CLOSED FLATTENED pnl=-0.27341028 fees=0.19883028\n"
                 "00:00:07 info trade_closed: LONG DOGEUSDT: closed by a person, profit -0.27341028\n"
                 "00:00:07 equity 9999.72658972 cash=9999.72658972 unrealized=0\n");
}

static void overloaded(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_fate_of_next(s, FATE_FULL);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_fate_of_next(s, FATE_LATE);
    stage_post(s, 102, "bob", "DOGE+90");
}

static void test_a_full_lane_drops_the_entry_and_a_late_one_is_not_sent(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = overloaded, .ticks = true},
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>canceled\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>canceled\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>canceled\n"
                 "00:00:00 unusual entry_refused: DOGEUSDT: the lane is full\n"
                 "00:00:00 close trade=101/DOGEUSDT/post CANCELLED OVERLOADED pnl=0 fees=0\n"
                 "00:00:00 info entry_not_filled: LONG DOGEUSDT: no room for the request\n"
                 "00:00:00 intent trade=102/DOGEUSDT/post tweet=102 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=102/DOGEUSDT/post entry new>canceled\n"
                 "00:00:00 order trade=102/DOGEUSDT/post stop new>canceled\n"
                 "00:00:00 order trade=102/DOGEUSDT/post target new>canceled\n"
                 "00:00:00 unusual entry_refused: DOGEUSDT: past its receive window\n"
                 "00:00:00 close trade=102/DOGEUSDT/post CANCELLED LATE pnl=0 fees=0\n"
                 "00:00:00 info entry_not_filled: LONG DOGEUSDT: the intent could not be sent in time\n");
}

/* clang-format on */

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_lost_answer_is_asked_after_and_the_entry_found),
        cmocka_unit_test(test_a_lost_request_is_asked_after_and_never_sent_again),
        cmocka_unit_test(test_reports_that_come_after_the_answer_are_old),
        cmocka_unit_test(test_reports_that_come_before_the_answer_need_no_question),
        cmocka_unit_test(test_a_lost_answer_to_an_exit_is_found),
        cmocka_unit_test(test_an_exit_that_was_lost_is_made_again_under_another_id),
        cmocka_unit_test(test_an_entry_that_is_refused_is_over),
        cmocka_unit_test(test_an_exit_that_is_refused_is_tried_at_the_next_price),
        cmocka_unit_test(test_a_full_lane_drops_the_entry_and_a_late_one_is_not_sent),
    };
    return cmocka_run_group_tests_name("flow unknown", tests, NULL, NULL);
}
