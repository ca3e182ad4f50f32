/* What is taken back: deletions, denials, edits that say less. */
#include "stage.h"

/* A line of a trace is a line here. */
/* clang-format off */

static void deleted(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "44", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_delete(s, 101, "44");
    stage_delete(s, 101, "44"); /* word of it comes twice */
}

static void test_a_deletion_closes_what_the_post_opened(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = deleted, .ticks = true},
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
                 "00:00:05 deletion tweet=101\n"
                 "00:00:05 retract trade=101/DOGEUSDT/post tweet=101 DELETED close\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post DELETED qty=1243\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.07995 quote=99.37785 fee=0.09937785 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:05 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "00:00:05 close trade=101/DOGEUSDT/post CLOSED DELETED pnl=-0.27341028 fees=0.19883028\n"
                 "00:00:05 info trade_closed: LONG DOGEUSDT: the post was deleted, profit -0.27341028\n"
                 "00:00:05 equity 9999.72658972 cash=9999.72658972 unrealized=0\n");
}

static void deleted_halved(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "44", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_delete(s, 101, "44");
    stage_say(s, 107, 101, "44", CUE_DENIAL, ""); /* once is all */
    stage_at(s, "00:01:00");
    stage_price(s, DOGE, "0.0835");
}

static void test_a_deletion_halves_it_where_the_configuration_says_so(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = deleted_halved, .ticks = true, .sets = {"trading.on_retraction=shrink"}},
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
                 "00:00:05 deletion tweet=101\n"
                 "00:00:05 retract trade=101/DOGEUSDT/post tweet=101 DELETED shrink\n"
                 "00:00:05 shrink trade=101/DOGEUSDT/post DELETED qty=622\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post exit SELL qty=622 price=0.07995 quote=49.7289 fee=0.0497289 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:05 equity 9999.80728867 cash=9950.12728867 unrealized=-0.05589621\n"
                 "00:00:05 info trade_shrunk: LONG DOGEUSDT: the post was deleted, 621 is left\n"
                 "00:00:05 protect trade=101/DOGEUSDT/post qty=621\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:00:05 refusal tweet=107 NO_COIN\n"
                 "00:01:00 order trade=101/DOGEUSDT/post stop open>expired\n"
                 "00:01:00 fill trade=101/DOGEUSDT/post target SELL qty=621 price=0.08344 quote=51.81624 fee=0.05181624 USDT\n"
                 "00:01:00 order trade=101/DOGEUSDT/post target open>filled\n"
                 "00:01:00 equity 10001.89171243 cash=10001.89171243 unrealized=0\n"
                 "00:01:00 close trade=101/DOGEUSDT/post CLOSED TARGET pnl=1.89171243 fees=0.20099757\n"
                 "00:01:00 info trade_closed: LONG DOGEUSDT: target reached, profit 1.89171243\n"
                 "00:01:00 equity 10001.89171243 cash=10001.89171243 unrealized=0\n");
}

static void deleted_kept(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "44", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_delete(s, 101, "44");
}

static void test_a_deletion_is_only_written_down_where_the_configuration_says_so(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = deleted_kept, .ticks = true, .sets = {"trading.on_retraction=keep"}},
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
                 "00:00:05 deletion tweet=101\n"
                 "00:00:05 retract trade=101/DOGEUSDT/post tweet=101 DELETED keep\n");
}

static void deleted_waiting(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:01:10");
    stage_post(s, 101, "44", "DOGE+90");
    stage_at(s, "00:01:20");
    stage_delete(s, 101, "");
    stage_at(s, "00:02:00");
    stage_range(s, DOGE, "0.08 0.0801 0.0799 0.08 10000000");
    stage_price(s, DOGE, "0.08");
}

static void test_a_deletion_before_the_price_refuses_the_signal(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = deleted_waiting},
                 "00:01:20 deletion tweet=101\n"
                 "00:01:20 refusal tweet=101 DOGEUSDT LONG score=90 DELETED\n");
}

static void deleted_asking(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_post(s, 101, "44", "DOGE+90");
    stage_delete(s, 101, "44");
    stage_command(s, VERB_APPROVE, 1);
}

static void test_a_deletion_before_the_approval_refuses_the_signal(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = deleted_asking, .ticks = true, .sets = {"trading.mode=manual"}},
                 "00:00:00 info approval_wanted: signal 1: LONG 1243 DOGEUSDT at about 0.08, score 90; bullfinch approve 1\n"
                 "00:00:00 deletion tweet=101\n"
                 "00:00:00 refusal tweet=101 DOGEUSDT LONG score=90 DELETED\n"
                 "00:00:00 command approve refused\n");
}

static void deleted_first(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_delete(s, 101, "44");
    stage_post(s, 101, "44", "DOGE+90");
    stage_edit(s, 105, 101, "44", "DOGE+90");
    stage_post(s, 106, "44", "DOGE+90");
}

static void test_a_post_that_comes_after_its_deletion_is_not_traded(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = deleted_first, .ticks = true},
                 "00:00:00 deletion tweet=101\n"
                 "00:00:00 refusal tweet=101 DELETED\n"
                 "00:00:00 refusal tweet=105 DELETED\n"
                 "00:00:00 intent trade=106/DOGEUSDT/post tweet=106 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=106/DOGEUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=106/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:00:00 order trade=106/DOGEUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:00 equity 9999.88811757 cash=9900.44811757 unrealized=-0.11188243\n"
                 "00:00:00 order trade=106/DOGEUSDT/post stop new>sent\n"
                 "00:00:00 order trade=106/DOGEUSDT/post stop sent>open\n"
                 "00:00:00 order trade=106/DOGEUSDT/post target new>sent\n"
                 "00:00:00 order trade=106/DOGEUSDT/post target sent>open\n");
}

static void deleted_by_another(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "44", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_delete(s, 101, "45");
    stage_delete(s, 102, "45");
    stage_post(s, 102, "44", "BTC+90");
}

static void test_word_of_a_deletion_that_names_another_author_is_not_obeyed(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = deleted_by_another, .ticks = true},
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
                 "00:00:05 deletion tweet=101 not obeyed: another author's\n"
                 "00:00:05 unusual deletion_of_another: post 101: the word of its deletion names another author; not obeyed\n"
                 "00:00:05 deletion tweet=102\n"
                 "00:00:05 refusal tweet=102 BTCUSDT LONG score=90 NO_PRICE\n");
}

static void deleted_versions(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_price(s, BTC, "40000");
    stage_post(s, 101, "44", "DOGE+90");
    stage_edit(s, 105, 101, "44", "DOGE+95");
    stage_delete(s, 105, "44");
    stage_post(s, 201, "45", "BTC~");
    stage_edit(s, 205, 201, "45", "BTC-90");
    stage_delete(s, 201, "45");
}

static void test_the_deletion_of_any_version_takes_back_the_chain(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = deleted_versions, .ticks = true},
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
                 "00:00:00 refusal tweet=105 DOGEUSDT LONG score=95 DUPLICATE\n"
                 "00:00:00 deletion tweet=105\n"
                 "00:00:00 retract trade=101/DOGEUSDT/post tweet=105 DELETED close\n"
                 "00:00:00 exit trade=101/DOGEUSDT/post DELETED qty=1243\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:00 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:00 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.07995 quote=99.37785 fee=0.09937785 USDT\n"
                 "00:00:00 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:00 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "00:00:00 close trade=101/DOGEUSDT/post CLOSED DELETED pnl=-0.27341028 fees=0.19883028\n"
                 "00:00:00 info trade_closed: LONG DOGEUSDT: the post was deleted, profit -0.27341028\n"
                 "00:00:00 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "00:00:00 refusal tweet=201 BTCUSDT NONE score=0 ABSTAIN\n"
                 "00:00:00 intent trade=201/BTCUSDT/post tweet=205 SHORT qty=0.00249 limit=39796 stop=40800 target=38400 score=90\n"
                 "00:00:00 order trade=201/BTCUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=201/BTCUSDT/post entry SELL qty=0.00249 price=39996 quote=99.59004 fee=0.09959004 USDT\n"
                 "00:00:00 order trade=201/BTCUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: SHORT 0.00249 BTCUSDT at 39996, stop 40800, target 38400\n"
                 "00:00:00 equity 9999.61703968 cash=10099.21703968 unrealized=-0.10955004\n"
                 "00:00:00 order trade=201/BTCUSDT/post stop new>sent\n"
                 "00:00:00 order trade=201/BTCUSDT/post stop sent>open\n"
                 "00:00:00 order trade=201/BTCUSDT/post target new>sent\n"
                 "00:00:00 order trade=201/BTCUSDT/post target sent>open\n"
                 "00:00:00 deletion tweet=201\n"
                 "00:00:00 retract trade=201/BTCUSDT/post tweet=201 DELETED close\n"
                 "00:00:00 exit trade=201/BTCUSDT/post DELETED qty=0.00249\n"
                 "00:00:00 order trade=201/BTCUSDT/post stop open>canceled\n"
                 "00:00:00 order trade=201/BTCUSDT/post target open>canceled\n"
                 "00:00:00 order trade=201/BTCUSDT/post exit new>sent\n"
                 "00:00:00 fill trade=201/BTCUSDT/post exit BUY qty=0.00249 price=40024.01 quote=99.6597849 fee=0.09965979 USDT\n"
                 "00:00:00 order trade=201/BTCUSDT/post exit sent>filled\n"
                 "00:00:00 equity 9999.45759499 cash=9999.45759499 unrealized=0\n"
                 "00:00:00 close trade=201/BTCUSDT/post CLOSED DELETED pnl=-0.26899473 fees=0.19924983\n"
                 "00:00:00 info trade_closed: SHORT BTCUSDT: the post was deleted, profit -0.26899473\n"
                 "00:00:00 equity 9999.45759499 cash=9999.45759499 unrealized=0\n");
}

static void deleted_between(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_post(s, 101, "44", "DOGE+90");
    stage_at(s, "00:01:20");
    stage_mode(s, MODE_HALTED, USEC_NEVER);
    stage_delete(s, 101, "44"); /* exits are never held up */
    stage_at(s, "00:02:00");
    stage_range(s, DOGE, "0.08 0.0801 0.0799 0.08 10000000");
    stage_price(s, DOGE, "0.081");
}

static void test_a_deletion_between_two_candles_sells_at_the_next_open(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = deleted_between},
                 "00:01:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:01:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:01:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:01:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:01:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:01:00 equity 9999.88811757 cash=9900.44811757 unrealized=-0.11188243\n"
                 "00:01:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:01:00 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:01:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:01:00 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:01:20 mode auto>halted\n"
                 "00:01:20 unusual mode: halted, by cli:test: because\n"
                 "00:01:20 command halt done\n"
                 "00:01:20 deletion tweet=101\n"
                 "00:01:20 retract trade=101/DOGEUSDT/post tweet=101 DELETED close\n"
                 "00:02:00 exit trade=101/DOGEUSDT/post DELETED qty=1243\n"
                 "00:02:00 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:02:00 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:02:00 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:02:00 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.08094 quote=100.60842 fee=0.10060842 USDT\n"
                 "00:02:00 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:02:00 equity 10000.95592915 cash=10000.95592915 unrealized=0\n"
                 "00:02:00 close trade=101/DOGEUSDT/post CLOSED DELETED pnl=0.95592915 fees=0.20006085\n"
                 "00:02:00 info trade_closed: LONG DOGEUSDT: the post was deleted, profit 0.95592915\n"
                 "00:02:00 equity 10000.95592915 cash=10000.95592915 unrealized=0\n");
}

static void deleted_unknown(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_fate_of_next(s, FATE_REPLY_LOST);
    stage_post(s, 101, "44", "DOGE+90");
    stage_delete(s, 101, "44");
    stage_at(s, "00:00:02");
    stage_price(s, DOGE, "0.08");
}

static void test_a_deletion_while_the_entry_is_unknown_closes_what_it_brought(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = deleted_unknown, .ticks = true, .restarts_differ = true},
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 order trade=101/DOGEUSDT/post entry new>unknown\n"
                 "00:00:00 order trade=101/DOGEUSDT/post stop new>unknown\n"
                 "00:00:00 order trade=101/DOGEUSDT/post target new>unknown\n"
                 "00:00:00 unusual outcome_unknown: request of trade 2: connection reset; asking the venue\n"
                 "00:00:00 deletion tweet=101\n"
                 "00:00:00 retract trade=101/DOGEUSDT/post tweet=101 DELETED close\n"
                 "00:00:01 unusual fills_missed: DOGEUSDT entry: booked from the order's totals\n"
                 "00:00:01 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:00:01 order trade=101/DOGEUSDT/post entry unknown>filled\n"
                 "00:00:01 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:01 equity 9999.88811757 cash=9900.44811757 unrealized=-0.11188243\n"
                 "00:00:01 order trade=101/DOGEUSDT/post stop unknown>open\n"
                 "00:00:01 order trade=101/DOGEUSDT/post target unknown>open\n"
                 "00:00:02 exit trade=101/DOGEUSDT/post DELETED qty=1243\n"
                 "00:00:02 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:02 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:02 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:02 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.07995 quote=99.37785 fee=0.09937785 USDT\n"
                 "00:00:02 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:02 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "00:00:02 close trade=101/DOGEUSDT/post CLOSED DELETED pnl=-0.27341028 fees=0.19883028\n"
                 "00:00:02 info trade_closed: LONG DOGEUSDT: the post was deleted, profit -0.27341028\n"
                 "00:00:02 equity 9999.72658972 cash=9999.72658972 unrealized=0\n");
}

static void forgotten(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "44", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_command(s, VERB_FORGET, 101);
}

static void test_a_person_who_forgets_a_post_closes_its_trade(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = forgotten, .ticks = true},
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
                 "00:00:05 deletion tweet=101\n"
                 "00:00:05 retract trade=101/DOGEUSDT/post tweet=101 DELETED close\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post DELETED qty=1243\n"
                 "00:00:05 command forget done\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.07995 quote=99.37785 fee=0.09937785 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:05 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "00:00:05 close trade=101/DOGEUSDT/post CLOSED DELETED pnl=-0.27341028 fees=0.19883028\n"
                 "00:00:05 info trade_closed: LONG DOGEUSDT: the post was deleted, profit -0.27341028\n"
                 "00:00:05 equity 9999.72658972 cash=9999.72658972 unrealized=0\n");
}

static void edited_by_another(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "44", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_edit(s, 105, 101, "66", "DOGE-90");
}

static void test_an_edit_by_another_author_closes_nothing(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = edited_by_another, .ticks = true},
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
                 "00:00:05 refusal tweet=105 DOGEUSDT SHORT score=90 DUPLICATE\n");
}

static void hollow(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "44", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_edit(s, 105, 101, "44", "DOGE+50");
    stage_edit(s, 106, 101, "44", "DOGE+45");
    stage_edit(s, 107, 101, "44", "DOGE-90");
}

static void test_an_edit_of_a_halved_trade_that_reverses_it_closes_the_rest(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = hollow, .ticks = true},
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
                 "00:00:05 retract trade=101/DOGEUSDT/post tweet=105 RETRACTION shrink\n"
                 "00:00:05 shrink trade=101/DOGEUSDT/post RETRACTION qty=622\n"
                 "00:00:05 refusal tweet=105 DOGEUSDT LONG score=50 BELOW_THRESHOLD\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post exit SELL qty=622 price=0.07995 quote=49.7289 fee=0.0497289 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:05 equity 9999.80728867 cash=9950.12728867 unrealized=-0.05589621\n"
                 "00:00:05 info trade_shrunk: LONG DOGEUSDT: the post was taken back, 621 is left\n"
                 "00:00:05 protect trade=101/DOGEUSDT/post qty=621\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:00:05 refusal tweet=106 DOGEUSDT LONG score=45 BELOW_THRESHOLD\n"
                 "00:00:05 retract trade=101/DOGEUSDT/post tweet=107 RETRACTION close\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post RETRACTION qty=621\n"
                 "00:00:05 refusal tweet=107 DOGEUSDT SHORT score=90 DUPLICATE\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post exit SELL qty=621 price=0.07995 quote=49.64895 fee=0.04964895 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:05 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "00:00:05 close trade=101/DOGEUSDT/post CLOSED RETRACTION pnl=-0.27341028 fees=0.19883028\n"
                 "00:00:05 info trade_closed: LONG DOGEUSDT: the post was taken back, profit -0.27341028\n"
                 "00:00:05 equity 9999.72658972 cash=9999.72658972 unrealized=0\n");
}

static void unguarded(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "44", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_fate_after(s, 1, FATE_REFUSED); /* the stop and target of the rest */
    stage_edit(s, 105, 101, "44", "DOGE+50");
}

static void test_a_rest_that_cannot_be_protected_is_sold_as_well(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = unguarded, .ticks = true},
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
                 "00:00:05 retract trade=101/DOGEUSDT/post tweet=105 RETRACTION shrink\n"
                 "00:00:05 shrink trade=101/DOGEUSDT/post RETRACTION qty=622\n"
                 "00:00:05 refusal tweet=105 DOGEUSDT LONG score=50 BELOW_THRESHOLD\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post exit SELL qty=622 price=0.07995 quote=49.7289 fee=0.0497289 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:05 equity 9999.80728867 cash=9950.12728867 unrealized=-0.05589621\n"
                 "00:00:05 info trade_shrunk: LONG DOGEUSDT: the post was taken back, 621 is left\n"
                 "00:00:05 protect trade=101/DOGEUSDT/post qty=621\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop sent>rejected\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target sent>rejected\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post RETRACTION qty=621\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post exit SELL qty=621 price=0.07995 quote=49.64895 fee=0.04964895 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:05 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "00:00:05 close trade=101/DOGEUSDT/post CLOSED RETRACTION pnl=-0.27341028 fees=0.19883028\n"
                 "00:00:05 info trade_closed: LONG DOGEUSDT: the post was taken back, profit -0.27341028\n"
                 "00:00:05 equity 9999.72658972 cash=9999.72658972 unrealized=0\n");
}

static void small(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "44", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_edit(s, 105, 101, "44", "DOGE+50");
}

static void test_a_position_too_small_for_halves_is_closed(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = small, .ticks = true, .sets = {"trading.position_size_percent=0.0008"}},
                 "00:00:01 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=99 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:01 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:01 fill trade=101/DOGEUSDT/post entry BUY qty=99 price=0.08001 quote=7.92099 fee=0.00792099 USDT\n"
                 "00:00:01 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:01 info trade_opened: LONG 99 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:00:01 equity 9999.99108901 cash=9992.07108901 unrealized=-0.00891099\n"
                 "00:00:01 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:01 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:00:01 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:01 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:00:05 retract trade=101/DOGEUSDT/post tweet=105 RETRACTION shrink\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post RETRACTION qty=99\n"
                 "00:00:05 refusal tweet=105 DOGEUSDT LONG score=50 BELOW_THRESHOLD\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post exit SELL qty=99 price=0.07995 quote=7.91505 fee=0.00791505 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:05 equity 9999.97822396 cash=9999.97822396 unrealized=0\n"
                 "00:00:05 close trade=101/DOGEUSDT/post CLOSED RETRACTION pnl=-0.02177604 fees=0.01583604\n"
                 "00:00:05 info trade_closed: LONG DOGEUSDT: the post was taken back, profit -0.02177604\n"
                 "00:00:05 equity 9999.97822396 cash=9999.97822396 unrealized=0\n");
}

static void short_halved(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "44", "DOGE-90");
    stage_at(s, "00:00:05");
    stage_edit(s, 105, 101, "44", "DOGE-50");
    stage_at(s, "00:01:00");
    stage_price(s, DOGE, "0.0825");
}

static void test_a_short_is_halved_too(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = short_halved, .ticks = true},
                 "00:00:01 intent trade=101/DOGEUSDT/post tweet=101 SHORT qty=1250 limit=0.0796 stop=0.0816 target=0.0768 score=90\n"
                 "00:00:01 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:00:01 fill trade=101/DOGEUSDT/post entry SELL qty=1250 price=0.07999 quote=99.9875 fee=0.0999875 USDT\n"
                 "00:00:01 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:00:01 info trade_opened: SHORT 1250 DOGEUSDT at 0.07999, stop 0.0816, target 0.0768\n"
                 "00:00:01 equity 9999.8875125 cash=10099.8875125 unrealized=-0.1124875\n"
                 "00:00:01 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:01 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:00:01 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:01 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:00:05 retract trade=101/DOGEUSDT/post tweet=105 RETRACTION shrink\n"
                 "00:00:05 shrink trade=101/DOGEUSDT/post RETRACTION qty=625\n"
                 "00:00:05 refusal tweet=105 DOGEUSDT SHORT score=50 BELOW_THRESHOLD\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post exit BUY qty=625 price=0.08006 quote=50.0375 fee=0.0500375 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:05 equity 9999.799975 cash=10049.799975 unrealized=-0.05624375\n"
                 "00:00:05 info trade_shrunk: SHORT DOGEUSDT: the post was taken back, 625 is left\n"
                 "00:00:05 protect trade=101/DOGEUSDT/post qty=625\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:01:00 order trade=101/DOGEUSDT/post target open>expired\n"
                 "00:01:00 fill trade=101/DOGEUSDT/post stop BUY qty=625 price=0.08256 quote=51.6 fee=0.0516 USDT\n"
                 "00:01:00 order trade=101/DOGEUSDT/post stop open>filled\n"
                 "00:01:00 equity 9998.148375 cash=9998.148375 unrealized=0\n"
                 "00:01:00 close trade=101/DOGEUSDT/post CLOSED STOP pnl=-1.851625 fees=0.201625\n"
                 "00:01:00 info trade_closed: SHORT DOGEUSDT: stop reached, profit -1.851625\n"
                 "00:01:00 equity 9998.148375 cash=9998.148375 unrealized=0\n");
}

static void thin(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 13000");
    stage_price(s, DOGE, "0.08");
    stage_post(s, 101, "44", "DOGE+90");
    stage_edit(s, 105, 101, "44", "DOGE+50");
    stage_at(s, "00:02:00");
    stage_range(s, DOGE, "0.08 0.0801 0.0799 0.08 3000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:03:00");
    stage_range(s, DOGE, "0.08 0.0801 0.0799 0.08 10000000");
    stage_price(s, DOGE, "0.08");
}

static void test_what_a_thin_market_leaves_of_the_half_goes_with_the_next_candle(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = thin},
                 "00:01:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:01:00 order trade=101/DOGEUSDT/post entry new>sent\n"
                 "00:01:00 fill trade=101/DOGEUSDT/post entry BUY qty=1243 price=0.08001 quote=99.45243 fee=0.09945243 USDT\n"
                 "00:01:00 order trade=101/DOGEUSDT/post entry sent>filled\n"
                 "00:01:00 info trade_opened: LONG 1243 DOGEUSDT at 0.08001, stop 0.0784, target 0.0832\n"
                 "00:01:00 equity 9999.88811757 cash=9900.44811757 unrealized=-0.11188243\n"
                 "00:01:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:01:00 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:01:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:01:00 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:01:00 retract trade=101/DOGEUSDT/post tweet=105 RETRACTION shrink\n"
                 "00:01:00 shrink trade=101/DOGEUSDT/post RETRACTION qty=622\n"
                 "00:01:00 refusal tweet=105 DOGEUSDT LONG score=50 BELOW_THRESHOLD\n"
                 "00:01:00 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:01:00 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:01:00 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:01:00 fill trade=101/DOGEUSDT/post exit SELL qty=57 price=0.07995 quote=4.55715 fee=0.00455715 USDT\n"
                 "00:01:00 order trade=101/DOGEUSDT/post exit sent>part\n"
                 "00:01:00 equity 9999.88071042 cash=9905.00071042 unrealized=-0.10675186\n"
                 "00:01:00 order trade=101/DOGEUSDT/post exit part>expired\n"
                 "00:01:00 unusual position_bare: DOGEUSDT has no protection; closing it at market\n"
                 "00:01:00 protect trade=101/DOGEUSDT/post qty=1186\n"
                 "00:01:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:01:00 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:01:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:01:00 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:02:00 shrink trade=101/DOGEUSDT/post RETRACTION qty=565\n"
                 "00:02:00 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:02:00 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:02:00 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:02:00 fill trade=101/DOGEUSDT/post exit SELL qty=300 price=0.07995 quote=23.985 fee=0.023985 USDT\n"
                 "00:02:00 order trade=101/DOGEUSDT/post exit sent>part\n"
                 "00:02:00 equity 9999.84172542 cash=9928.96172542 unrealized=-0.07974886\n"
                 "00:02:00 order trade=101/DOGEUSDT/post exit part>expired\n"
                 "00:02:00 unusual position_bare: DOGEUSDT has no protection; closing it at market\n"
                 "00:02:00 protect trade=101/DOGEUSDT/post qty=886\n"
                 "00:02:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:02:00 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:02:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:02:00 order trade=101/DOGEUSDT/post target sent>open\n"
                 "00:03:00 shrink trade=101/DOGEUSDT/post RETRACTION qty=265\n"
                 "00:03:00 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:03:00 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:03:00 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:03:00 fill trade=101/DOGEUSDT/post exit SELL qty=265 price=0.07995 quote=21.18675 fee=0.02118675 USDT\n"
                 "00:03:00 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:03:00 equity 9999.80728867 cash=9950.12728867 unrealized=-0.05589621\n"
                 "00:03:00 info trade_shrunk: LONG DOGEUSDT: the post was taken back, 621 is left\n"
                 "00:03:00 protect trade=101/DOGEUSDT/post qty=621\n"
                 "00:03:00 order trade=101/DOGEUSDT/post stop new>sent\n"
                 "00:03:00 order trade=101/DOGEUSDT/post stop sent>open\n"
                 "00:03:00 order trade=101/DOGEUSDT/post target new>sent\n"
                 "00:03:00 order trade=101/DOGEUSDT/post target sent>open\n");
}

static void hacked(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_price(s, BTC, "40000");
    stage_price(s, ADA, "1");
    stage_post(s, 101, "44", "DOGE+90 BTC-90");
    stage_post(s, 102, "45", "ADA+90");
    stage_at(s, "00:10:00");
    stage_price(s, DOGE, "0.08");
    stage_price(s, BTC, "40000");
    stage_say(s, 103, 9, "44", CUE_HACKED, "");
}

static void test_an_author_who_was_hacked_takes_back_all_that_he_opened(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = hacked, .ticks = true},
                 "00:00:00 intent trade=101/DOGEUSDT/post tweet=101 LONG qty=1243 limit=0.0804 stop=0.0784 target=0.0832 score=90\n"
                 "00:00:00 intent trade=101/BTCUSDT/post tweet=101 SHORT qty=0.0025 limit=39796 stop=40800 target=38400 score=90\n"
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
                 "00:00:00 order trade=101/BTCUSDT/post target sent>open\n"
                 "00:00:00 intent trade=102/ADAUSDT/post tweet=102 LONG qty=99.4 limit=1.0051 stop=0.98 target=1.04 score=90\n"
                 "00:00:00 order trade=102/ADAUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=102/ADAUSDT/post entry BUY qty=99.4 price=1.0001 quote=99.40994 fee=0.09940994 USDT\n"
                 "00:00:00 order trade=102/ADAUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: LONG 99.4 ADAUSDT at 1.0001, stop 0.98, target 1.04\n"
                 "00:00:00 equity 9999.66877763 cash=9900.82877763 unrealized=-0.33122237\n"
                 "00:00:00 order trade=102/ADAUSDT/post stop new>sent\n"
                 "00:00:00 order trade=102/ADAUSDT/post stop sent>open\n"
                 "00:00:00 order trade=102/ADAUSDT/post target new>sent\n"
                 "00:00:00 order trade=102/ADAUSDT/post target sent>open\n"
                 "00:10:00 refusal tweet=103 NO_COIN\n"
                 "00:10:00 retract trade=101/DOGEUSDT/post tweet=103 DENIED close\n"
                 "00:10:00 exit trade=101/DOGEUSDT/post DENIED qty=1243\n"
                 "00:10:00 retract trade=101/BTCUSDT/post tweet=103 DENIED close\n"
                 "00:10:00 exit trade=101/BTCUSDT/post DENIED qty=0.0025\n"
                 "00:10:00 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:10:00 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:10:00 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:10:00 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.07995 quote=99.37785 fee=0.09937785 USDT\n"
                 "00:10:00 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:10:00 equity 9999.50724978 cash=10000.10724978 unrealized=-0.21933994\n"
                 "00:10:00 close trade=101/DOGEUSDT/post CLOSED DENIED pnl=-0.27341028 fees=0.19883028\n"
                 "00:10:00 info trade_closed: LONG DOGEUSDT: its author took it back in a later post, profit -0.27341028\n"
                 "00:10:00 equity 9999.50724978 cash=10000.10724978 unrealized=-0.21933994\n"
                 "00:10:00 order trade=101/BTCUSDT/post stop open>canceled\n"
                 "00:10:00 order trade=101/BTCUSDT/post target open>canceled\n"
                 "00:10:00 order trade=101/BTCUSDT/post exit new>sent\n"
                 "00:10:00 fill trade=101/BTCUSDT/post exit BUY qty=0.0025 price=40024.01 quote=100.060025 fee=0.10006003 USDT\n"
                 "00:10:00 order trade=101/BTCUSDT/post exit sent>filled\n"
                 "00:10:00 equity 9999.34716475 cash=9899.94716475 unrealized=-0.10934994\n"
                 "00:10:00 close trade=101/BTCUSDT/post CLOSED DENIED pnl=-0.27007503 fees=0.20005003\n"
                 "00:10:00 info trade_closed: SHORT BTCUSDT: its author took it back in a later post, profit -0.27007503\n"
                 "00:10:00 equity 9999.34716475 cash=9899.94716475 unrealized=-0.10934994\n");
}

static void answers(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_price(s, BTC, "40000");
    stage_post(s, 101, "44", "DOGE+90");
    stage_post(s, 102, "44", "BTC-90");
    stage_later(s, USEC_PER_S);
    stage_say(s, 103, 9, "44", CUE_DENIAL, "");           /* to somebody else */
    stage_say(s, 104, 101, "45", CUE_DENIAL, "");         /* by somebody else */
    stage_say(s, 105, 0, "44", CUE_CORRECTION, "");       /* of what? */
    stage_say(s, 106, 0, "44", CUE_DENIAL, "ETH-20");     /* of another coin */
    stage_say(s, 107, 0, "44", CUE_CORRECTION, "DOGE+88"); /* he says it again */
    stage_say(s, 108, 101, "44", CUE_CORRECTION, "");
}

static void test_a_denial_takes_back_the_post_that_it_answers(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = answers, .ticks = true, .sets = {"trading.cooldown_author_s=0"}},
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
                 "00:00:00 intent trade=102/BTCUSDT/post tweet=102 SHORT qty=0.00249 limit=39796 stop=40800 target=38400 score=90\n"
                 "00:00:00 order trade=102/BTCUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=102/BTCUSDT/post entry SELL qty=0.00249 price=39996 quote=99.59004 fee=0.09959004 USDT\n"
                 "00:00:00 order trade=102/BTCUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: SHORT 0.00249 BTCUSDT at 39996, stop 40800, target 38400\n"
                 "00:00:00 equity 9999.77856753 cash=9999.93856753 unrealized=-0.22143247\n"
                 "00:00:00 order trade=102/BTCUSDT/post stop new>sent\n"
                 "00:00:00 order trade=102/BTCUSDT/post stop sent>open\n"
                 "00:00:00 order trade=102/BTCUSDT/post target new>sent\n"
                 "00:00:00 order trade=102/BTCUSDT/post target sent>open\n"
                 "00:00:01 refusal tweet=103 NO_COIN\n"
                 "00:00:01 refusal tweet=104 NO_COIN\n"
                 "00:00:01 refusal tweet=105 NO_COIN\n"
                 "00:00:01 refusal tweet=106 ETHUSDT SHORT score=20 NO_PRICE\n"
                 "00:00:01 refusal tweet=107 DOGEUSDT LONG score=88 POSITION_EXISTS\n"
                 "00:00:01 refusal tweet=108 NO_COIN\n"
                 "00:00:01 retract trade=101/DOGEUSDT/post tweet=108 DENIED close\n"
                 "00:00:01 exit trade=101/DOGEUSDT/post DENIED qty=1243\n"
                 "00:00:01 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:01 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:01 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:01 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.07995 quote=99.37785 fee=0.09937785 USDT\n"
                 "00:00:01 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:01 equity 9999.61703968 cash=10099.21703968 unrealized=-0.10955004\n"
                 "00:00:01 close trade=101/DOGEUSDT/post CLOSED DENIED pnl=-0.27341028 fees=0.19883028\n"
                 "00:00:01 info trade_closed: LONG DOGEUSDT: its author took it back in a later post, profit -0.27341028\n"
                 "00:00:01 equity 9999.61703968 cash=10099.21703968 unrealized=-0.10955004\n");
}

static void general(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_price(s, BTC, "40000");
    stage_post(s, 101, "44", "DOGE+90");
    stage_post(s, 102, "44", "BTC-90");
    stage_later(s, USEC_PER_S);
    stage_say(s, 103, 0, "44", CUE_DENIAL, "");
}

static void test_a_denial_without_a_coin_takes_back_all_of_his(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = general, .ticks = true, .sets = {"trading.cooldown_author_s=0"}},
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
                 "00:00:00 intent trade=102/BTCUSDT/post tweet=102 SHORT qty=0.00249 limit=39796 stop=40800 target=38400 score=90\n"
                 "00:00:00 order trade=102/BTCUSDT/post entry new>sent\n"
                 "00:00:00 fill trade=102/BTCUSDT/post entry SELL qty=0.00249 price=39996 quote=99.59004 fee=0.09959004 USDT\n"
                 "00:00:00 order trade=102/BTCUSDT/post entry sent>filled\n"
                 "00:00:00 info trade_opened: SHORT 0.00249 BTCUSDT at 39996, stop 40800, target 38400\n"
                 "00:00:00 equity 9999.77856753 cash=9999.93856753 unrealized=-0.22143247\n"
                 "00:00:00 order trade=102/BTCUSDT/post stop new>sent\n"
                 "00:00:00 order trade=102/BTCUSDT/post stop sent>open\n"
                 "00:00:00 order trade=102/BTCUSDT/post target new>sent\n"
                 "00:00:00 order trade=102/BTCUSDT/post target sent>open\n"
                 "00:00:01 refusal tweet=103 NO_COIN\n"
                 "00:00:01 retract trade=101/DOGEUSDT/post tweet=103 DENIED close\n"
                 "00:00:01 exit trade=101/DOGEUSDT/post DENIED qty=1243\n"
                 "00:00:01 retract trade=102/BTCUSDT/post tweet=103 DENIED close\n"
                 "00:00:01 exit trade=102/BTCUSDT/post DENIED qty=0.00249\n"
                 "00:00:01 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:01 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:01 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:01 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.07995 quote=99.37785 fee=0.09937785 USDT\n"
                 "00:00:01 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:01 equity 9999.61703968 cash=10099.21703968 unrealized=-0.10955004\n"
                 "00:00:01 close trade=101/DOGEUSDT/post CLOSED DENIED pnl=-0.27341028 fees=0.19883028\n"
                 "00:00:01 info trade_closed: LONG DOGEUSDT: its author took it back in a later post, profit -0.27341028\n"
                 "00:00:01 equity 9999.61703968 cash=10099.21703968 unrealized=-0.10955004\n"
                 "00:00:01 order trade=102/BTCUSDT/post stop open>canceled\n"
                 "00:00:01 order trade=102/BTCUSDT/post target open>canceled\n"
                 "00:00:01 order trade=102/BTCUSDT/post exit new>sent\n"
                 "00:00:01 fill trade=102/BTCUSDT/post exit BUY qty=0.00249 price=40024.01 quote=99.6597849 fee=0.09965979 USDT\n"
                 "00:00:01 order trade=102/BTCUSDT/post exit sent>filled\n"
                 "00:00:01 equity 9999.45759499 cash=9999.45759499 unrealized=0\n"
                 "00:00:01 close trade=102/BTCUSDT/post CLOSED DENIED pnl=-0.26899473 fees=0.19924983\n"
                 "00:00:01 info trade_closed: SHORT BTCUSDT: its author took it back in a later post, profit -0.26899473\n"
                 "00:00:01 equity 9999.45759499 cash=9999.45759499 unrealized=0\n");
}

static void turned(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "44", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_post(s, 103, "45", "DOGE-90"); /* somebody else's */
    stage_post(s, 104, "44", "DOGE-40"); /* too weak */
    stage_post(s, 105, "44", "BTC-90");  /* another coin */
    stage_post(s, 106, "44", "DOGE+20"); /* only less */
    stage_post(s, 107, "44", "DOGE-60");
}

static void test_the_opposite_opinion_on_the_same_coin_takes_back_the_first(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = turned, .ticks = true},
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
                 "00:00:05 refusal tweet=103 DOGEUSDT SHORT score=90 POSITION_EXISTS\n"
                 "00:00:05 refusal tweet=104 DOGEUSDT SHORT score=40 BELOW_THRESHOLD\n"
                 "00:00:05 refusal tweet=105 BTCUSDT SHORT score=90 NO_PRICE\n"
                 "00:00:05 refusal tweet=106 DOGEUSDT LONG score=20 BELOW_THRESHOLD\n"
                 "00:00:05 retract trade=101/DOGEUSDT/post tweet=107 DENIED close\n"
                 "00:00:05 exit trade=101/DOGEUSDT/post DENIED qty=1243\n"
                 "00:00:05 refusal tweet=107 DOGEUSDT SHORT score=60 BELOW_THRESHOLD\n"
                 "00:00:05 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:05 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.07995 quote=99.37785 fee=0.09937785 USDT\n"
                 "00:00:05 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:05 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "00:00:05 close trade=101/DOGEUSDT/post CLOSED DENIED pnl=-0.27341028 fees=0.19883028\n"
                 "00:00:05 info trade_closed: LONG DOGEUSDT: its author took it back in a later post, profit -0.27341028\n"
                 "00:00:05 equity 9999.72658972 cash=9999.72658972 unrealized=0\n");
}

static void window(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    stage_post(s, 101, "44", "DOGE+90");
    stage_at(s, "00:00:05");
    stage_at(s, "00:01:02");
    stage_say(s, 103, 0, "44", CUE_HACKED, "");
    stage_post(s, 104, "44", "DOGE-90");
}

static void test_after_trading_denial_window_s_nothing_is_taken_back(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = window, .ticks = true, .sets = {"trading.denial_window_s=60"}},
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
                 "00:01:02 refusal tweet=103 NO_COIN\n");
}

static void denied_waiting(struct stage *s) {
    stage_minute(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:01:10");
    stage_post(s, 101, "44", "DOGE+90");
    stage_at(s, "00:01:20");
    stage_say(s, 102, 101, "44", CUE_DENIAL, "");
    stage_at(s, "00:02:00");
    stage_range(s, DOGE, "0.08 0.0801 0.0799 0.08 10000000");
    stage_price(s, DOGE, "0.08");
}

static void test_a_denial_before_the_price_refuses_the_signal(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = denied_waiting},
                 "00:01:20 refusal tweet=102 NO_COIN\n"
                 "00:01:20 refusal tweet=101 DOGEUSDT LONG score=90 DENIED\n");
}

static void older(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:30");
    stage_post(s, 101, "44", "DOGE+90");
    stage_later(s, USEC_PER_S);
    struct post p = kit_post(90, "44", stage_now(s) - 20 * USEC_PER_S); /* it comes late */
    struct reading r = kit_reading(&p);
    r.cues = CUE_HACKED;
    stage_read(s, &r);
}

static void test_a_post_from_before_takes_nothing_back(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = older, .ticks = true},
                 "00:00:31 refusal tweet=90 NO_COIN\n");
}

/* clang-format on */

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_deletion_closes_what_the_post_opened),
        cmocka_unit_test(test_a_deletion_halves_it_where_the_configuration_says_so),
        cmocka_unit_test(test_a_deletion_is_only_written_down_where_the_configuration_says_so),
        cmocka_unit_test(test_a_deletion_before_the_price_refuses_the_signal),
        cmocka_unit_test(test_a_deletion_before_the_approval_refuses_the_signal),
        cmocka_unit_test(test_a_post_that_comes_after_its_deletion_is_not_traded),
        cmocka_unit_test(test_word_of_a_deletion_that_names_another_author_is_not_obeyed),
        cmocka_unit_test(test_the_deletion_of_any_version_takes_back_the_chain),
        cmocka_unit_test(test_a_deletion_between_two_candles_sells_at_the_next_open),
        cmocka_unit_test(test_a_deletion_while_the_entry_is_unknown_closes_what_it_brought),
        cmocka_unit_test(test_a_person_who_forgets_a_post_closes_its_trade),
        cmocka_unit_test(test_an_edit_by_another_author_closes_nothing),
        cmocka_unit_test(test_an_edit_of_a_halved_trade_that_reverses_it_closes_the_rest),
        cmocka_unit_test(test_a_rest_that_cannot_be_protected_is_sold_as_well),
        cmocka_unit_test(test_a_position_too_small_for_halves_is_closed),
        cmocka_unit_test(test_a_short_is_halved_too),
        cmocka_unit_test(test_what_a_thin_market_leaves_of_the_half_goes_with_the_next_candle),
        cmocka_unit_test(test_an_author_who_was_hacked_takes_back_all_that_he_opened),
        cmocka_unit_test(test_a_denial_takes_back_the_post_that_it_answers),
        cmocka_unit_test(test_a_denial_without_a_coin_takes_back_all_of_his),
        cmocka_unit_test(test_the_opposite_opinion_on_the_same_coin_takes_back_the_first),
        cmocka_unit_test(test_after_trading_denial_window_s_nothing_is_taken_back),
        cmocka_unit_test(test_a_denial_before_the_price_refuses_the_signal),
        cmocka_unit_test(test_a_post_from_before_takes_nothing_back),
    };
    return cmocka_run_group_tests_name("flow retract", tests, NULL, NULL);
}
