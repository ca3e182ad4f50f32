/* Whom the trader believes: one story from two sources, strangers, accounts that were taken over.
 */
#include "stage.h"

/* A line of a trace is a line here. */
/* clang-format off */

static void says(struct stage *s, int64_t id, const char *source, const char *author, uint64_t words, uint64_t host) {
    struct post p = kit_post(id, author, stage_now(s));
    p.source = str_from_z(source);
    struct reading r = kit_reading(&p);
    r.simhash = words;
    r.keys = 1;
    if (host != 0) r.hosts[r.host_count++] = host;
    kit_mention(&r, "DOGEUSDT", 10000, 9000);
    stage_read(s, &r);
}

#define STORY UINT64_C(0x9D3F61C82B7E450A)

static void two_sources(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_at(s, "00:00:01");
    says(s, 101, "x", "alice", STORY, 0);
    stage_at(s, "00:00:04");
    says(s, -7001, "bsky", "alice.example.com", STORY ^ 0x11, 0); /* two bits of other words */
    stage_command(s, VERB_FLATTEN, 0);
    stage_at(s, "00:00:09");
    stage_price(s, DOGE, "0.08");
    says(s, -7002, "bsky", "bob.example.com", STORY, 0);
}

static void test_a_story_from_two_sources_is_one_trade(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = two_sources, .ticks = true,
                 .sets = {"judge.copies=0", "trading.cooldown_symbol_s=0"}},
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
                 "00:00:04 refusal tweet=-7001 DOGEUSDT LONG score=90 COPY\n"
                 "00:00:04 exit trade=101/DOGEUSDT/post FLATTENED qty=1243\n"
                 "00:00:04 command flatten done\n"
                 "00:00:04 order trade=101/DOGEUSDT/post stop open>canceled\n"
                 "00:00:04 order trade=101/DOGEUSDT/post target open>canceled\n"
                 "00:00:04 order trade=101/DOGEUSDT/post exit new>sent\n"
                 "00:00:04 fill trade=101/DOGEUSDT/post exit SELL qty=1243 price=0.07995 quote=99.37785 fee=0.09937785 USDT\n"
                 "00:00:04 order trade=101/DOGEUSDT/post exit sent>filled\n"
                 "00:00:04 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "00:00:04 close trade=101/DOGEUSDT/post CLOSED FLATTENED pnl=-0.27341028 fees=0.19883028\n"
                 "00:00:04 info trade_closed: LONG DOGEUSDT: closed by a person, profit -0.27341028\n"
                 "00:00:04 equity 9999.72658972 cash=9999.72658972 unrealized=0\n"
                 "00:00:09 refusal tweet=-7002 DOGEUSDT LONG score=90 COPY\n");
}

static void two_sources_weighed(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_mode(s, MODE_OBSERVE, USEC_NEVER);
    stage_at(s, "00:00:01");
    says(s, 101, "x", "alice", STORY, 0);
    says(s, -7001, "bsky", "bob.example.com", STORY ^ 0x11, 0);
}

static void test_the_second_telling_of_a_story_has_half_the_score(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = two_sources_weighed, .ticks = true},
                 "00:00:00 mode auto>observe\n"
                 "00:00:00 unusual mode: observe, by cli:test: because\n"
                 "00:00:00 command mode done\n"
                 "00:00:01 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "00:00:01 refusal tweet=101 DOGEUSDT LONG score=90 OBSERVE\n"
                 "00:00:01 refusal tweet=-7001 DOGEUSDT LONG score=45 BELOW_THRESHOLD\n");
}

static void strangers(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_mode(s, MODE_OBSERVE, USEC_NEVER);
    stage_at(s, "00:00:01");
    says(s, 101, "x", "nobody", 1, 0);
    says(s, 102, "x", "alice", UINT64_MAX, 0);
    says(s, 103, "x", "a1ice", 0xFFFFFFFF, 0);
}

static void test_a_stranger_is_scored_and_not_traded(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = strangers, .ticks = true,
                 .sets = {"source.strangers=yes", "judge.author_weights=alice=1"}},
                 "00:00:00 mode auto>observe\n"
                 "00:00:00 unusual mode: observe, by cli:test: because\n"
                 "00:00:00 command mode done\n"
                 "00:00:01 refusal tweet=101 DOGEUSDT LONG score=90 STRANGER\n"
                 "00:00:01 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "00:00:01 refusal tweet=102 DOGEUSDT LONG score=90 OBSERVE\n"
                 "00:00:01 refusal tweet=103 DOGEUSDT LONG score=90 LOOKALIKE\n");
}

/* Ten days of the same: at noon, with links to host 1; then at midnight, with a link to host 2. */
static void taken_over(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_mode(s, MODE_OBSERVE, USEC_NEVER);
    for (int day = 0; day < 10; day++) {
        stage_later(s, 12 * USEC_PER_HOUR);
        stage_price(s, DOGE, "0.08");
        says(s, 100 + day, "x", "alice", (uint64_t)day * UINT64_C(0x9E3779B97F4A7C15), 1);
        stage_later(s, 12 * USEC_PER_HOUR);
    }
    stage_price(s, DOGE, "0.08");
    says(s, 201, "x", "alice", 0x5555, 2);
    stage_later(s, USEC_PER_MIN);
    stage_price(s, DOGE, "0.08");
    says(s, 202, "x", "news", 0x5555, 0);
    says(s, 203, "x", "paper", UINT64_C(0xFFFFFFFF00000000), 0); /* in words of its own */
}

static void test_an_account_that_was_taken_over_is_halved(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = taken_over, .ticks = true,
                 .sets = {"judge.guard_posts=5", "judge.guard_days=5"}},
                 "00:00:00 mode auto>observe\n"
                 "00:00:00 unusual mode: observe, by cli:test: because\n"
                 "00:00:00 command mode done\n"
                 "12:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "12:00:00 refusal tweet=100 DOGEUSDT LONG score=90 OBSERVE\n"
                 "36:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "36:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "36:00:00 refusal tweet=101 DOGEUSDT LONG score=90 OBSERVE\n"
                 "60:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "60:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "60:00:00 refusal tweet=102 DOGEUSDT LONG score=90 OBSERVE\n"
                 "84:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "84:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "84:00:00 refusal tweet=103 DOGEUSDT LONG score=90 OBSERVE\n"
                 "108:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "108:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "108:00:00 refusal tweet=104 DOGEUSDT LONG score=90 OBSERVE\n"
                 "132:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "132:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "132:00:00 refusal tweet=105 DOGEUSDT LONG score=90 OBSERVE\n"
                 "156:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "156:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "156:00:00 refusal tweet=106 DOGEUSDT LONG score=90 OBSERVE\n"
                 "180:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "180:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "180:00:00 refusal tweet=107 DOGEUSDT LONG score=90 OBSERVE\n"
                 "204:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "204:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "204:00:00 refusal tweet=108 DOGEUSDT LONG score=90 OBSERVE\n"
                 "228:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "228:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "228:00:00 refusal tweet=109 DOGEUSDT LONG score=90 OBSERVE\n"
                 "240:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "240:00:00 refusal tweet=201 DOGEUSDT LONG score=45 BELOW_THRESHOLD\n"
                 "240:01:00 refusal tweet=202 DOGEUSDT LONG score=45 BELOW_THRESHOLD\n"
                 "240:01:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "240:01:00 refusal tweet=203 DOGEUSDT LONG score=90 OBSERVE\n");
}

static void test_an_account_that_was_taken_over_is_held_until_another_says_the_same(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = taken_over, .ticks = true,
                 .sets = {"judge.guard_posts=5", "judge.guard_days=5", "judge.guard=hold"}},
                 "00:00:00 mode auto>observe\n"
                 "00:00:00 unusual mode: observe, by cli:test: because\n"
                 "00:00:00 command mode done\n"
                 "12:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "12:00:00 refusal tweet=100 DOGEUSDT LONG score=90 OBSERVE\n"
                 "36:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "36:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "36:00:00 refusal tweet=101 DOGEUSDT LONG score=90 OBSERVE\n"
                 "60:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "60:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "60:00:00 refusal tweet=102 DOGEUSDT LONG score=90 OBSERVE\n"
                 "84:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "84:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "84:00:00 refusal tweet=103 DOGEUSDT LONG score=90 OBSERVE\n"
                 "108:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "108:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "108:00:00 refusal tweet=104 DOGEUSDT LONG score=90 OBSERVE\n"
                 "132:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "132:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "132:00:00 refusal tweet=105 DOGEUSDT LONG score=90 OBSERVE\n"
                 "156:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "156:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "156:00:00 refusal tweet=106 DOGEUSDT LONG score=90 OBSERVE\n"
                 "180:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "180:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "180:00:00 refusal tweet=107 DOGEUSDT LONG score=90 OBSERVE\n"
                 "204:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "204:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "204:00:00 refusal tweet=108 DOGEUSDT LONG score=90 OBSERVE\n"
                 "228:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "228:00:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "228:00:00 refusal tweet=109 DOGEUSDT LONG score=90 OBSERVE\n"
                 "240:00:00 equity 10000 cash=10000 unrealized=0\n"
                 "240:00:00 refusal tweet=201 DOGEUSDT LONG score=90 HELD\n"
                 "240:01:00 refusal tweet=202 DOGEUSDT LONG score=45 BELOW_THRESHOLD\n"
                 "240:01:00 info signal: LONG DOGEUSDT at 0.08, score 90\n"
                 "240:01:00 refusal tweet=203 DOGEUSDT LONG score=90 OBSERVE\n");
}

/* clang-format on */

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_story_from_two_sources_is_one_trade),
        cmocka_unit_test(test_the_second_telling_of_a_story_has_half_the_score),
        cmocka_unit_test(test_a_stranger_is_scored_and_not_traded),
        cmocka_unit_test(test_an_account_that_was_taken_over_is_halved),
        cmocka_unit_test(test_an_account_that_was_taken_over_is_held_until_another_says_the_same),
    };
    return cmocka_run_group_tests_name("flow belief", tests, NULL, NULL);
}
