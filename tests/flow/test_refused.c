/* Exits that a far venue does not take: the pair is halted, the coins have gone, or so little is
 * left that there is nothing to sell. None of it uses up ids, and all of it ends. */
#include "stage.h"

/* A line of a trace is a line here. */
/* clang-format off */

static void buy(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:00:05");
}

static void expect(void (*story)(struct stage *s), bool may_shout, const char *trace) {
    stage_expect(&(struct stage_play){.story = story, .ticks = true, .far = true, .may_shout = may_shout,
                 .restarts_differ = true, .sets = {"paper.margin=false"}}, trace);
}

static void play_an_exit_of_a_halted_pair_is_one_order_for_hours(struct stage *s) {
    buy(s);
    stage_line(s, FATE_HALTED, 0);
    stage_command(s, VERB_FLATTEN, 0);
    stage_at(s, "06:00:00");
    stage_line(s, FATE_NORMAL, 0);
    stage_at(s, "06:00:31");
}

static void test_an_exit_of_a_halted_pair_is_one_order_for_hours(void **state) {
    (void)state;
    expect(play_an_exit_of_a_halted_pair_is_one_order_for_hours, false,
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
                 "00:00:05 unusual exit_refused: DOGEUSDT: Market is closed. (-1013); tried again until it is taken\n"
                 "00:00:05 protect trade=101/DOGEUSDT/post qty=1241\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop sent>rejected\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target sent>rejected\n"
                 "00:00:16.750 unusual exit_refused: DOGEUSDT: refused for 11 s now, 7 times: Market is closed. (-1013)\n"
                 "00:00:28.750 unusual exit_refused: DOGEUSDT: refused for 23 s now, 10 times: Market is closed. (-1013)\n"
                 "00:00:52.750 unusual exit_refused: DOGEUSDT: refused for 47 s now, 16 times: Market is closed. (-1013)\n"
                 "00:01:42.472 unusual exit_refused: DOGEUSDT: refused for 97 s now, 27 times: Market is closed. (-1013)\n"
                 "00:03:26.757 unusual exit_refused: DOGEUSDT: refused for 201 s now, 39 times: Market is closed. (-1013)\n"
                 "00:07:02.616 unusual exit_refused: DOGEUSDT: refused for 417 s now, 51 times: Market is closed. (-1013)\n"
                 "00:14:25.915 unusual exit_refused: DOGEUSDT: refused for 860 s now, 66 times: Market is closed. (-1013)\n"
                 "00:28:55.915 unusual exit_refused: DOGEUSDT: refused for 1730 s now, 95 times: Market is closed. (-1013)\n"
                 "00:57:55.915 unusual exit_refused: DOGEUSDT: refused for 3470 s now, 153 times: Market is closed. (-1013)\n"
                 "01:55:55.915 unusual exit_refused: DOGEUSDT: refused for 6950 s now, 269 times: Market is closed. (-1013)\n"
                 "03:51:55.915 unusual exit_refused: DOGEUSDT: refused for 13910 s now, 501 times: Market is closed. (-1013)\n"
                 "06:00:25.915 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "06:00:25.915 fill trade=101/DOGEUSDT/post exit SELL qty=1241 price=0.07995 quote=99.21795 fee=0.09921795 USDT\n"
                 "06:00:25.915 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "06:00:25.915 equity 9999.72686205 cash=9999.66630205 unrealized=-0.0000682\n"
                 "06:00:25.915 close trade=101/DOGEUSDT/post CLOSED FLATTENED pnl=-0.33369795 fees=0.19867038\n"
                 "06:00:25.915 info trade_closed: LONG DOGEUSDT: closed by a person, profit -0.33369795\n"
                 "06:00:25.915 equity 9999.66630205 cash=9999.66630205 unrealized=0\n");
}

static void play_a_pair_that_trades_again_is_sold_at_once(struct stage *s) {
    buy(s);
    stage_line(s, FATE_HALTED, 0);
    struct symbol terms = *stage_terms(s, DOGE);
    terms.trading = false;
    stage_symbol(s, &terms);
    stage_command(s, VERB_FLATTEN, 0);
    stage_at(s, "00:20:00");
    stage_line(s, FATE_NORMAL, 0);
    terms.trading = true;
    stage_symbol(s, &terms);
    stage_later(s, 1);
}

static void test_a_pair_that_trades_again_is_sold_at_once(void **state) {
    (void)state;
    expect(play_a_pair_that_trades_again_is_sold_at_once, false,
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
                 "00:00:05 unusual symbol: DOGEUSDT: not in trading: no entries, exits are tried\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post FLATTENED qty=1241\n"
                 "00:00:05 command flatten done\n"
                 "00:00:05 answer ok: closing 1 positions at the next price\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05 unusual exit_refused: DOGEUSDT: Market is closed. (-1013); tried again until it is taken\n"
                 "00:00:05 protect trade=101/DOGEUSDT/post qty=1241\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop sent>rejected\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target sent>rejected\n"
                 "00:00:16.750 unusual exit_refused: DOGEUSDT: refused for 11 s now, 7 times: Market is closed. (-1013)\n"
                 "00:00:28.750 unusual exit_refused: DOGEUSDT: refused for 23 s now, 10 times: Market is closed. (-1013)\n"
                 "00:00:52.750 unusual exit_refused: DOGEUSDT: refused for 47 s now, 16 times: Market is closed. (-1013)\n"
                 "00:01:42.472 unusual exit_refused: DOGEUSDT: refused for 97 s now, 27 times: Market is closed. (-1013)\n"
                 "00:03:26.757 unusual exit_refused: DOGEUSDT: refused for 201 s now, 39 times: Market is closed. (-1013)\n"
                 "00:07:02.616 unusual exit_refused: DOGEUSDT: refused for 417 s now, 51 times: Market is closed. (-1013)\n"
                 "00:14:25.915 unusual exit_refused: DOGEUSDT: refused for 860 s now, 66 times: Market is closed. (-1013)\n"
                 "00:20:00 unusual symbol: DOGEUSDT: in trading again\n"
                 "00:20:00 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:20:00 fill trade=101/DOGEUSDT/post exit SELL qty=1241 price=0.07995 quote=99.21795 fee=0.09921795 USDT\n"
                 "00:20:00 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:20:00 equity 9999.72686205 cash=9999.66630205 unrealized=-0.0000682\n"
                 "00:20:00 close trade=101/DOGEUSDT/post CLOSED FLATTENED pnl=-0.33369795 fees=0.19867038\n"
                 "00:20:00 info trade_closed: LONG DOGEUSDT: closed by a person, profit -0.33369795\n"
                 "00:20:00 equity 9999.66630205 cash=9999.66630205 unrealized=0\n");
}

static void play_coins_that_have_gone_are_written_off_when_two_looks_show_it(struct stage *s) {
    buy(s);
    stage_line(s, FATE_HALTED, 0);
    stage_command(s, VERB_FLATTEN, 0); /* which takes the legs off: the coins are free */
    stage_line(s, FATE_NORMAL, 0);
    stage_take_coins(s, DOGE, "1241.757");
    stage_at(s, "00:10:00");
}

static void test_coins_that_have_gone_are_written_off_when_two_looks_show_it(void **state) {
    (void)state;
    expect(play_coins_that_have_gone_are_written_off_when_two_looks_show_it, true,
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
                 "00:00:05 unusual exit_refused: DOGEUSDT: Market is closed. (-1013); tried again until it is taken\n"
                 "00:00:05 protect trade=101/DOGEUSDT/post qty=1241\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop sent>rejected\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target sent>rejected\n"
                 "00:00:07 broken balance_short: DOGEUSDT: our fills bought 1241.757, the account has 0\n"
                 "00:00:09 broken coins_gone: DOGEUSDT: 1241.757 of the 1241.757 that our fills bought are not on the account; they are written off\n"
                 "00:00:09 order trade=101/DOGEUSDT/post exit new>canceled\n"
                 "00:00:09 close trade=101/DOGEUSDT/post CLOSED COINS_GONE pnl=-99.45243 fees=0.09945243\n"
                 "00:00:09 info trade_closed: LONG DOGEUSDT: the account did not have the coins any more, profit -99.45243\n"
                 "00:00:09 equity 9900.54757 cash=9900.54757 unrealized=0\n");
}

static void play_of_coins_that_have_gone_in_part_the_rest_is_sold(struct stage *s) {
    buy(s);
    stage_line(s, FATE_HALTED, 0);
    stage_command(s, VERB_FLATTEN, 0); /* which takes the legs off: the coins are free */
    stage_line(s, FATE_NORMAL, 0);
    stage_take_coins(s, DOGE, "600");
    stage_at(s, "00:10:00");
}

static void test_of_coins_that_have_gone_in_part_the_rest_is_sold(void **state) {
    (void)state;
    expect(play_of_coins_that_have_gone_in_part_the_rest_is_sold, true,
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
                 "00:00:05 unusual exit_refused: DOGEUSDT: Market is closed. (-1013); tried again until it is taken\n"
                 "00:00:05 protect trade=101/DOGEUSDT/post qty=1241\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop sent>rejected\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target sent>rejected\n"
                 "00:00:07 broken balance_short: DOGEUSDT: our fills bought 1241.757, the account has 641.757\n"
                 "00:00:09 broken coins_gone: DOGEUSDT: 600 of the 1241.757 that our fills bought are not on the account; they are written off\n"
                 "00:00:09 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:09 fill trade=101/DOGEUSDT/post exit SELL qty=641 price=0.07995 quote=51.24795 fee=0.05124795 USDT\n"
                 "00:00:09 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:09 equity 9999.80483205 cash=9951.74427205 unrealized=-0.05412226\n"
                 "00:00:09 close trade=101/DOGEUSDT/post CLOSED COINS_GONE pnl=-48.25572795 fees=0.15070038\n"
                 "00:00:09 info trade_closed: LONG DOGEUSDT: the account did not have the coins any more, profit -48.25572795\n"
                 "00:00:09 equity 9951.74427205 cash=9951.74427205 unrealized=0\n");
}

/* What is held is under a step, and its protection may stand or not. */
static void less_than_a_step(struct stage *s, stage_fate protection) {
    stage_price(s, DOGE, "0.08");
    stage_fate_of_next(s, FATE_LEGS_REFUSED);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_fate_of_next(s, protection);
    stage_later(s, 300 * USEC_PER_MS);
    struct symbol terms = *stage_terms(s, DOGE);
    terms.step = Q("10000");
    stage_symbol(s, &terms);
    stage_command(s, VERB_FLATTEN, 0);
    stage_at(s, "00:00:30");
}

static void play_less_than_a_step_waits_for_legs_that_are_unsure(struct stage *s) {
    less_than_a_step(s, FATE_REQUEST_LOST);
}

static void test_less_than_a_step_waits_for_legs_that_are_unsure(void **state) {
    (void)state;
    expect(play_less_than_a_step_waits_for_legs_that_are_unsure, false,
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
                 "00:00:00.250 order trade=101/DOGEUSDT/post stop new>unknown\n"
                 "00:00:00.250 order trade=101/DOGEUSDT/post target new>unknown\n"
                 "00:00:00.250 unusual outcome_unknown: request of trade 2: connection reset; asking the venue\n"
                 "00:00:00.300 info symbol: DOGEUSDT: its filters changed\n"
                 "00:00:00.300 command flatten done\n"
                 "00:00:00.300 answer ok: closing 1 positions at the next price\n"
                 "00:00:12.750 order trade=101/DOGEUSDT/post target unknown>absent\n"
                 "00:00:12.750 order trade=101/DOGEUSDT/post stop unknown>absent\n"
                 "00:00:12.750 close trade=101/DOGEUSDT/post CLOSED FLATTENED pnl=-99.45243 fees=0.09945243\n"
                 "00:00:12.750 info trade_closed: LONG DOGEUSDT: closed by a person, profit -99.45243\n"
                 "00:00:12.750 equity 9900.54757 cash=9900.54757 unrealized=0\n");
}

static void play_less_than_a_step_has_its_legs_taken_off(struct stage *s) {
    less_than_a_step(s, FATE_NORMAL);
}

static void test_less_than_a_step_has_its_legs_taken_off(void **state) {
    (void)state;
    expect(play_less_than_a_step_has_its_legs_taken_off, false,
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
                 "00:00:00.250 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:00:00.300 info symbol: DOGEUSDT: its filters changed\n"
                 "00:00:00.300 command flatten done\n"
                 "00:00:00.300 answer ok: closing 1 positions at the next price\n"
                 "00:00:00.300 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:00.300 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:00.300 close trade=101/DOGEUSDT/post CLOSED FLATTENED pnl=-99.45243 fees=0.09945243\n"
                 "00:00:00.300 info trade_closed: LONG DOGEUSDT: closed by a person, profit -99.45243\n"
                 "00:00:00.300 equity 9900.54757 cash=9900.54757 unrealized=0\n");
}

/* clang-format on */

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_exit_of_a_halted_pair_is_one_order_for_hours),
        cmocka_unit_test(test_a_pair_that_trades_again_is_sold_at_once),
        cmocka_unit_test(test_coins_that_have_gone_are_written_off_when_two_looks_show_it),
        cmocka_unit_test(test_of_coins_that_have_gone_in_part_the_rest_is_sold),
        cmocka_unit_test(test_less_than_a_step_waits_for_legs_that_are_unsure),
        cmocka_unit_test(test_less_than_a_step_has_its_legs_taken_off),
    };
    return cmocka_run_group_tests_name("flow refused", tests, NULL, NULL);
}
