/* A venue that is wiped, as test networks are every month: what was held there is gone, what came
 * after is not, and one look-up that lags behind is no wipe. And a store that forgot, as an older
 * backup that is put back: what the venue guards for it stays guarded. And a second bullfinch
 * there. */
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

static void play_a_wiped_venue_ends_trades_without_a_sale_and_halts(struct stage *s) {
    buy(s);
    stage_at(s, "00:00:20");
    stage_wipe(s);
    stage_venue(s, VENUE_RESET, "order ids run backwards");
    stage_at(s, "00:20:30");
    stage_price(s, DOGE, "0.08");
    stage_post(s, 102, "bob", "DOGE+90");
}

static void test_a_wiped_venue_ends_trades_without_a_sale_and_halts(void **state) {
    (void)state;
    expect(play_a_wiped_venue_ends_trades_without_a_sale_and_halts, false,
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
                 "00:00:20 unusual testnet_reset: the venue was wiped (order ids run backwards): its trades are over, nothing new is opened; bullfinch resume goes on\n"
                 "00:00:20 mode auto>halted\n"
                 "00:00:20 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:20 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:20 close trade=101/DOGEUSDT/post CLOSED TESTNET_RESET pnl=-99.45243 fees=0.09945243\n"
                 "00:00:20 info trade_closed: LONG DOGEUSDT: the test network was wiped, and what was held with it, profit -99.45243\n"
                 "00:00:20 equity 9900.54757 cash=9900.54757 unrealized=0\n"
                 "00:20:30 refusal tweet=102 DOGEUSDT LONG score=90 TESTNET_RESET\n");
}

/* It is the answer to its own entry that has told of the wipe. */
static void play_an_entry_of_the_last_seconds_may_be_of_after_the_wipe(struct stage *s) {
    buy(s);
    stage_at(s, "00:00:05");
    stage_venue(s, VENUE_RESET, "order ids run backwards");
    stage_at(s, "00:01:00");
    stage_command(s, VERB_FLATTEN, 0);
}

static void test_an_entry_of_the_last_seconds_may_be_of_after_the_wipe(void **state) {
    (void)state;
    expect(play_an_entry_of_the_last_seconds_may_be_of_after_the_wipe, false,
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
                 "00:00:05 unusual testnet_reset: the venue was wiped (order ids run backwards): its trades are over, nothing new is opened; bullfinch resume goes on\n"
                 "00:00:05 mode auto>halted\n"
                 "00:01:00 exit trade=101/DOGEUSDT/post FLATTENED qty=1241\n"
                 "00:01:00 command flatten done\n"
                 "00:01:00 answer ok: closing 1 positions at the next price\n"
                 "00:01:00 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:01:00 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:01:00 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:01:00 fill trade=101/DOGEUSDT/post exit SELL qty=1241 price=0.07995 quote=99.21795 fee=0.09921795 USDT\n"
                 "00:01:00 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:01:00 equity 9999.72686205 cash=9999.66630205 unrealized=-0.0000682\n"
                 "00:01:00 close trade=101/DOGEUSDT/post CLOSED FLATTENED pnl=-0.33369795 fees=0.19867038\n"
                 "00:01:00 info trade_closed: LONG DOGEUSDT: closed by a person, profit -0.33369795\n"
                 "00:01:00 equity 9999.66630205 cash=9999.66630205 unrealized=0\n");
}

static void play_a_venue_that_knows_none_of_what_stood_was_wiped(struct stage *s) {
    buy(s);
    stage_at(s, "00:01:05");
    stage_wipe(s);
    stage_at(s, "00:06:30");
}

static void test_a_venue_that_knows_none_of_what_stood_was_wiped(void **state) {
    (void)state;
    expect(play_a_venue_that_knows_none_of_what_stood_was_wiped, true,
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
                 "00:05:00 unusual order_vanished: bf0000-gam7xwxh2dzfmeigcrog-01s is open here and unknown at the venue\n"
                 "00:05:00 unusual order_vanished: bf0000-gam7xwxh2dzfmeigcrog-01t is open here and unknown at the venue\n"
                 "00:05:13 unusual testnet_reset: the venue was wiped (none of the orders that stood is known there): its trades are over, nothing new is opened; bullfinch resume goes on\n"
                 "00:05:13 mode auto>halted\n"
                 "00:05:13 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:05:13 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:05:13 close trade=101/DOGEUSDT/post CLOSED TESTNET_RESET pnl=-99.45243 fees=0.09945243\n"
                 "00:05:13 info trade_closed: LONG DOGEUSDT: the test network was wiped, and what was held with it, profit -99.45243\n"
                 "00:05:13 equity 9900.54757 cash=9900.54757 unrealized=0\n");
}

static void play_what_guards_a_lost_trade_stays_and_stops_entries(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_stranger(s, DOGE, "bf0000-abcdefghijklmnopqrst-01s");
    stage_stranger(s, DOGE, "bf0000-abcdefghijklmnopqrst-01t");
    stage_command(s, VERB_RECONCILE, 0);
    stage_command(s, VERB_RECONCILE, 0);
    assert_int_equal(stage_strangers(s), 2);
    stage_post(s, 101, "alice", "DOGE+90");
    stage_stranger_goes(s, "bf0000-abcdefghijklmnopqrst-01s");
    stage_stranger_goes(s, "bf0000-abcdefghijklmnopqrst-01t");
    stage_command(s, VERB_RECONCILE, 0);
}

static void test_what_guards_a_lost_trade_stays_and_stops_entries(void **state) {
    (void)state;
    expect(play_what_guards_a_lost_trade_stays_and_stops_entries, true,
                 "00:00:00 broken lost_trade: bf0000-abcdefghijklmnopqrst-01s guards a position that the store does not know (was an older backup put back?): it is left there, no entries until it is gone\n"
                 "00:00:00 broken lost_trade: bf0000-abcdefghijklmnopqrst-01t guards a position that the store does not know (was an older backup put back?): it is left there, no entries until it is gone\n"
                 "00:00:00 answer ok: 2 open orders: 0 with news, 0 adopted, 0 taken off, 2 of others; 0 of ours asked after\n"
                 "00:00:00 command reconcile done\n"
                 "00:00:00 answer ok: 2 open orders: 0 with news, 0 adopted, 0 taken off, 2 of others; 0 of ours asked after\n"
                 "00:00:00 command reconcile done\n"
                 "00:00:00 refusal tweet=101 DOGEUSDT LONG score=90 FOREIGN_BOT\n"
                 "00:00:00 info foreign_bot: no orders of another bullfinch, or of lost trades, stand here any more\n"
                 "00:00:00 answer ok: 0 open orders: 0 with news, 0 adopted, 0 taken off, 0 of others; 0 of ours asked after\n"
                 "00:00:00 command reconcile done\n");
}

static void play_another_bot_that_only_the_stream_tells_of_stops_entries(struct stage *s) {
    stage_at(s, "00:00:10");
    stage_price(s, DOGE, "0.08");
    stage_stranger_fills(s, DOGE, "web_1234");
    stage_stranger_fills(s, DOGE, "bf9999-abcdefghijklmnopqrst-01e");
    stage_stranger_fills(s, DOGE, "bf9999-abcdefghijklmnopqrst-02x");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_at(s, "00:05:05"); /* the usual snapshot shows nothing of it, and proves nothing */
    stage_price(s, DOGE, "0.08");
    stage_post(s, 102, "bob", "DOGE+90");
    stage_at(s, "00:05:20");
    stage_stranger_fills(s, DOGE, "bf9999-abcdefghijklmnopqrst-03e");
    stage_at(s, "00:05:30");
    stage_price(s, DOGE, "0.08");
    stage_command(s, VERB_RECONCILE, 0);
    stage_post(s, 103, "carol", "DOGE+90");
}

static void test_another_bot_that_only_the_stream_tells_of_stops_entries(void **state) {
    (void)state;
    expect(play_another_bot_that_only_the_stream_tells_of_stops_entries, true,
                 "00:00:10 unusual order_not_ours: the venue reports web_1234, which is not known here\n"
                 "00:00:10 broken foreign_bot: another bullfinch sends orders on this account (bf9999-abcdefghijklmnopqrst-01e): no entries until it is gone\n"
                 "00:00:10 unusual order_not_ours: the venue reports bf9999-abcdefghijklmnopqrst-01e, which is not known here\n"
                 "00:00:10 unusual order_not_ours: the venue reports bf9999-abcdefghijklmnopqrst-02x, which is not known here\n"
                 "00:00:10 refusal tweet=101 DOGEUSDT LONG score=90 FOREIGN_BOT\n"
                 "00:05:05 refusal tweet=102 DOGEUSDT LONG score=90 FOREIGN_BOT\n"
                 "00:05:10 info foreign_bot: no orders of another bullfinch, or of lost trades, stand here any more\n"
                 "00:05:20 broken foreign_bot: another bullfinch sends orders on this account (bf9999-abcdefghijklmnopqrst-03e): no entries until it is gone\n"
                 "00:05:20 unusual order_not_ours: the venue reports bf9999-abcdefghijklmnopqrst-03e, which is not known here\n"
                 "00:05:30 info foreign_bot: no orders of another bullfinch, or of lost trades, stand here any more\n"
                 "00:05:30 answer ok: 0 open orders: 0 with news, 0 adopted, 0 taken off, 0 of others; 0 of ours asked after\n"
                 "00:05:30 command reconcile done\n"
                 "00:05:30 intent trade=103/DOGEUSDT/post tweet=103 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:05:30 order trade=103/DOGEUSDT/post entry new>sent\n"
                 "00:05:30 fill trade=103/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=1.243 DOGE\n"
                 "00:05:30 order trade=103/DOGEUSDT/post entry sent>filled\n"
                 "00:05:30 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:05:30 equity 9999.88813 cash=9900.54757 unrealized=-0.11187\n"
                 "00:05:30 order trade=103/DOGEUSDT/post stop new>sent\n"
                 "00:05:30 order trade=103/DOGEUSDT/post stop sent>pending\n"
                 "00:05:30 order trade=103/DOGEUSDT/post target new>sent\n"
                 "00:05:30 order trade=103/DOGEUSDT/post target sent>pending\n");
}

/* clang-format on */

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_wiped_venue_ends_trades_without_a_sale_and_halts),
        cmocka_unit_test(test_an_entry_of_the_last_seconds_may_be_of_after_the_wipe),
        cmocka_unit_test(test_a_venue_that_knows_none_of_what_stood_was_wiped),
        cmocka_unit_test(test_what_guards_a_lost_trade_stays_and_stops_entries),
        cmocka_unit_test(test_another_bot_that_only_the_stream_tells_of_stops_entries),
    };
    return cmocka_run_group_tests_name("flow wiped", tests, NULL, NULL);
}
