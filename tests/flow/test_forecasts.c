/* What came of authors' opinions: when it is counted, at which prices, when it is not, and that the
 * next score knows of it. Horizon a minute, full weight: one hit of one is 22/21 of the score. */
#include "stage.h"

#define SETS                                                                                       \
    { "judge.record=1", "judge.record_horizon_s=60", "judge.priced_in=false" }
#define PLAY(name)                                                                                 \
    &(struct stage_play) { .story = name, .sets = SETS }

/* A line of a trace is a line here. */
/* clang-format off */

/* The open now, then a minute without a move. */
static void still(struct stage *s, const char *p) {
    char ohlcv[120];
    snprintf(ohlcv, sizeof ohlcv, "%s %s %s %s 10000000", p, p, p, p);
    stage_minute(s, DOGE, ohlcv);
}

static void post_now_and_ten_seconds_on(struct stage *s, int64_t id, const char *author, const char *mentions) {
    stage_later(s, 10 * USEC_PER_S);
    stage_post(s, id, author, mentions);
    stage_later(s, 50 * USEC_PER_S);
}

static void record_is(struct stage *s, const char *key, int signals, int hits, int dropped) {
    const struct author_record *r = stage_record(s, key);
    if (r == NULL) {
        if (signals + dropped != 0) fail_msg("%s has no record", key);
        return;
    }
    assert_int_equal(r->signals, signals);
    assert_int_equal(r->hits, hits);
    assert_int_equal(r->dropped, dropped);
}

/* Prices until 00:01:00, a post ten seconds later, and the open at 00:02:00 where it begins. */
static void begun(struct stage *s, const char *mentions) {
    still(s, "0.08");
    stage_price(s, DOGE, "0.08");
    post_now_and_ten_seconds_on(s, 101, "alice", mentions);
    stage_range(s, DOGE, "0.08 0.08 0.08 0.08 10000000");
    stage_price(s, DOGE, "0.08");
}

static void right_once(struct stage *s) {
    begun(s, "DOGE+60");
    post_now_and_ten_seconds_on(s, 102, "alice", "DOGE+60"); /* before it is due: knows nothing */
    record_is(s, "x:@alice", 0, 0, 0);
    stage_range(s, DOGE, "0.08 0.0808 0.08 0.0808 10000000");
    stage_price(s, DOGE, "0.0808");
    record_is(s, "x:@alice", 1, 1, 0);
    assert_int_equal(stage_record(s, "x:@alice")->mean_return, E8 / 100);
    assert_int_equal(stage_record(s, "x:@alice")->weight_bp, 10476);
    post_now_and_ten_seconds_on(s, 103, "alice", "DOGE+60");
    stage_later(s, USEC_PER_MIN);
    stage_post(s, 104, "bob", "DOGE+60"); /* his own record, which is none */
}

static void test_a_hit_counts_when_it_is_due_and_for_its_author(void **state) {
    (void)state;
    stage_expect(PLAY(right_once),
                 "00:01:10 refusal tweet=101 DOGEUSDT LONG score=60 BELOW_THRESHOLD\n"
                 "00:02:10 refusal tweet=102 DOGEUSDT LONG score=60 BELOW_THRESHOLD\n"
                 "00:03:10 refusal tweet=103 DOGEUSDT LONG score=63 BELOW_THRESHOLD\n"
                 "00:05:00 refusal tweet=104 DOGEUSDT LONG score=60 BELOW_THRESHOLD\n");
}

static void wrong_once(struct stage *s) {
    begun(s, "DOGE-60");
    stage_later(s, USEC_PER_MIN);
    stage_price(s, DOGE, "0.0808");
    record_is(s, "x:@alice", 1, 0, 0);
    assert_int_equal(stage_record(s, "x:@alice")->mean_return, -E8 / 100);
    stage_post(s, 102, "alice", "DOGE-60");
}

static void test_a_miss_shrinks_the_next_score(void **state) {
    (void)state;
    stage_expect(PLAY(wrong_once),
                 "00:01:10 refusal tweet=101 DOGEUSDT SHORT score=60 BELOW_THRESHOLD\n"
                 "00:03:00 refusal tweet=102 DOGEUSDT SHORT score=57 BELOW_THRESHOLD\n");
}

static void no_weight(struct stage *s) {
    begun(s, "DOGE-60");
    stage_later(s, USEC_PER_MIN);
    stage_price(s, DOGE, "0.0808");
    record_is(s, "x:@alice", 1, 0, 0);
    stage_post(s, 102, "alice", "DOGE-60");
}

static void test_without_a_weight_it_is_counted_and_changes_nothing(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = no_weight,
                                      .sets = {"judge.record=0", "judge.record_horizon_s=60", "judge.priced_in=false"}},
                 "00:01:10 refusal tweet=101 DOGEUSDT SHORT score=60 BELOW_THRESHOLD\n"
                 "00:03:00 refusal tweet=102 DOGEUSDT SHORT score=60 BELOW_THRESHOLD\n");
}

static void test_half_of_it_counts_by_default(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = no_weight, .sets = {"judge.record_horizon_s=60", "judge.priced_in=false"}},
                 "00:01:10 refusal tweet=101 DOGEUSDT SHORT score=60 BELOW_THRESHOLD\n"
                 "00:03:00 refusal tweet=102 DOGEUSDT SHORT score=59 BELOW_THRESHOLD\n");
}

static void traded(struct stage *s) {
    begun(s, "DOGE+90");
    assert_int_equal(stage_open_trades(s), 1);
    assert_int_equal(stage_forecasts(s), 1);
    stage_later(s, USEC_PER_MIN);
    stage_range(s, DOGE, "0.08 0.08 0.0796 0.0796 10000000");
    stage_price(s, DOGE, "0.0796");
    record_is(s, "x:@alice", 1, 0, 0); /* whatever the trade will bring */
    assert_int_equal(stage_open_trades(s), 1);
}

static void test_a_traded_signal_counts_as_any_other(void **state) {
    (void)state;
    struct stage *s = stage_open(PLAY(traded));
    stage_restart_each_step(s);
    traded(s);
    stage_close(s);
}

/* --- gaps ---------------------------------------------------------------------------- */

static void gap_before(struct stage *s) {
    still(s, "0.08");
    stage_price(s, DOGE, "0.08");
    post_now_and_ten_seconds_on(s, 101, "alice", "DOGE+60");
    stage_later(s, USEC_PER_MIN); /* no candle at 00:02:00 */
    stage_price(s, DOGE, "0.09");
    record_is(s, "x:@alice", 0, 0, 1);
    assert_int_equal(stage_forecasts(s), 0);
}

static void gap_after(struct stage *s) {
    begun(s, "DOGE+60");
    stage_later(s, 5 * USEC_PER_MIN); /* due at 00:03:00, the next price is of 00:07:00 */
    stage_price(s, DOGE, "0.09");
    record_is(s, "x:@alice", 0, 0, 1);
    assert_int_equal(stage_forecasts(s), 0);
}

static void dry(struct stage *s) {
    begun(s, "DOGE+60");
    stage_dry(s, DOGE);
    record_is(s, "x:@alice", 0, 0, 1);
    assert_int_equal(stage_forecasts(s), 0);
}

static void test_what_a_gap_hides_is_dropped_and_not_looked_up_later(void **state) {
    (void)state;
    static void (*const stories[])(struct stage *) = {gap_before, gap_after, dry};
    for (ptrdiff_t i = 0; i < COUNT_OF(stories); i++) {
        stage_expect(PLAY(stories[i]), "00:01:10 refusal tweet=101 DOGEUSDT LONG score=60 BELOW_THRESHOLD\n");
    }
}

static void no_price(struct stage *s) {
    stage_post(s, 101, "alice", "DOGE+60 SHIB+60");
    assert_int_equal(stage_forecasts(s), 0);
    assert_null(stage_record(s, "x:@alice"));
}

static void test_nothing_is_foretold_where_there_are_no_prices(void **state) {
    (void)state;
    struct stage *s = stage_open(PLAY(no_price));
    no_price(s);
    stage_close(s);
}

/* --- whose, and how often ------------------------------------------------------------ */

static void one_bet(struct stage *s) {
    begun(s, "DOGE+60");
    for (int i = 0; i < 5; i++) {
        stage_later(s, 10 * USEC_PER_S);
        stage_post(s, 110 + i, "alice", "DOGE+60");
    }
    assert_int_equal(stage_forecasts(s), 1);
    stage_later(s, 10 * USEC_PER_S);
    stage_price(s, DOGE, "0.0808");
    record_is(s, "x:@alice", 1, 1, 0);
}

static void test_ten_posts_in_a_row_are_one_bet(void **state) {
    (void)state;
    struct stage *s = stage_open(PLAY(one_bet));
    stage_restart_each_step(s);
    one_bet(s);
    stage_close(s);
}

static void not_his_own(struct stage *s) {
    begun(s, "DOGE+60");
    stage_copy(s, 201, 101, "bob", "DOGE+60");
    stage_edit(s, 202, 101, "carol", "DOGE+60");
    stage_post(s, 203, "dave", "DOGE~"); /* no opinion */
    stage_post(s, 206, "", "DOGE+60");   /* of nobody */
    struct post p = kit_post(204, "erin", stage_now(s));
    p.ref = POST_REF_RETWEET;
    p.ref_id = 999;
    struct reading r = kit_reading(&p);
    kit_mention(&r, "DOGEUSDT", 10000, 6000);
    stage_read(s, &r);
    p = kit_post(205, "frank", stage_now(s) - 10 * USEC_PER_MIN); /* of ten minutes ago */
    r = kit_reading(&p);
    kit_mention(&r, "DOGEUSDT", 10000, 6000);
    stage_read(s, &r);
    assert_int_equal(stage_forecasts(s), 1);
}

static void test_what_is_not_his_own_or_not_of_now_is_not_counted(void **state) {
    (void)state;
    struct stage *s = stage_open(PLAY(not_his_own));
    not_his_own(s);
    stage_close(s);
}

/* Strangers in a crowd displace one another; a listed author's forecast stays. */
static void crowd(struct stage *s) {
    char name[16];
    begun(s, "DOGE+60");
    for (int i = 0; i < 400; i++) {
        snprintf(name, sizeof name, "stranger%d", i);
        stage_post(s, 1000 + i, name, "DOGE+60");
        if (i % 50 == 0) stage_restart(s);
    }
    assert_int_equal(stage_forecasts(s), 256);
    record_is(s, "x:@stranger0", 0, 0, 1);
    record_is(s, "x:@stranger144", 0, 0, 1);
    record_is(s, "x:@stranger145", 0, 0, 0);
    stage_later(s, USEC_PER_MIN);
    stage_price(s, DOGE, "0.0808");
    record_is(s, "x:@alice", 1, 1, 0);
    record_is(s, "x:@stranger399", 1, 1, 0);
    assert_int_equal(stage_forecasts(s), 0);
}

static void test_a_crowd_displaces_its_own_and_not_the_listed(void **state) {
    (void)state;
    const struct stage_play play = {.story = crowd,
                                    .sets = {"judge.record_horizon_s=60", "judge.author_weights=alice=1", "judge.priced_in=false"}};
    struct stage *s = stage_open(&play);
    crowd(s);
    stage_close(s);
}

/* --- ticks --------------------------------------------------------------------------- */

static void ticks(struct stage *s) {
    stage_price(s, DOGE, "0.08");
    stage_later(s, 2 * USEC_PER_S);
    stage_post(s, 101, "alice", "DOGE+60"); /* a tick of two seconds ago stands */
    stage_later(s, 60 * USEC_PER_S - 1);
    stage_price(s, DOGE, "0.09"); /* a moment too early */
    record_is(s, "x:@alice", 0, 0, 0);
    stage_later(s, 30 * USEC_PER_S);
    stage_price(s, DOGE, "0.0796");
    record_is(s, "x:@alice", 1, 0, 0);
    assert_int_equal(stage_record(s, "x:@alice")->mean_return, -E8 / 200);
}

static void test_the_first_tick_at_or_after_its_time_ends_it(void **state) {
    (void)state;
    stage_expect(&(struct stage_play){.story = ticks, .ticks = true, .sets = SETS},
                 "00:00:02 refusal tweet=101 DOGEUSDT LONG score=60 BELOW_THRESHOLD\n");
}

/* Alice has a record, habits and an opinion that is followed; then a person forgets her. */
static void forgotten(struct stage *s) {
    static const struct habit none;
    begun(s, "DOGE+60");
    stage_later(s, USEC_PER_MIN);
    stage_price(s, DOGE, "0.0808");
    record_is(s, "x:@alice", 1, 1, 0);
    post_now_and_ten_seconds_on(s, 102, "alice", "DOGE+60");
    stage_price(s, DOGE, "0.0808");
    assert_int_equal(stage_forecasts(s), 1);
    assert_memory_not_equal(&stage_author(s, "x:@alice")->habit, &none, sizeof none);
    stage_forget_author(s, "x:@alice");
    stage_later(s, USEC_PER_MIN);
    stage_price(s, DOGE, "0.08");
    assert_int_equal(stage_forecasts(s), 0);
    record_is(s, "x:@alice", 0, 0, 0); /* what was followed is counted nowhere */
    assert_memory_equal(&stage_author(s, "x:@alice")->habit, &none, sizeof none);
    assert_string_equal(stage_author(s, "x:@alice")->username, "");
    stage_post(s, 103, "alice", "DOGE+60"); /* as anybody of whom nothing is known */
    assert_int_equal(stage_author(s, "x:@alice")->posts, 1);
    assert_int_equal(stage_author(s, "x:@alice")->first_seen, stage_now(s));
    stage_forget_author(s, "x:@nobody"); /* of whom nothing is known already */
}

static void test_of_a_forgotten_author_neither_record_nor_habits_come_back(void **state) {
    (void)state;
    stage_expect(PLAY(forgotten),
                 "00:01:10 refusal tweet=101 DOGEUSDT LONG score=60 BELOW_THRESHOLD\n"
                 "00:03:10 refusal tweet=102 DOGEUSDT LONG score=63 BELOW_THRESHOLD\n"
                 "00:04:00 command forget_author done\n"
                 "00:05:00 refusal tweet=103 DOGEUSDT LONG score=60 BELOW_THRESHOLD\n"
                 "00:05:00 command forget_author done\n");
}

/* Whoever takes a wrong opinion back in time would else have a good record. */
static void taken_back(struct stage *s) {
    begun(s, "DOGE+60");
    stage_delete(s, 101, "");
    assert_int_equal(stage_forecasts(s), 1);
    stage_later(s, USEC_PER_MIN);
    stage_price(s, DOGE, "0.0796");
    record_is(s, "x:@alice", 1, 0, 0);
}

static void test_an_opinion_whose_post_was_deleted_counts_all_the_same(void **state) {
    (void)state;
    stage_expect(PLAY(taken_back),
                 "00:01:10 refusal tweet=101 DOGEUSDT LONG score=60 BELOW_THRESHOLD\n"
                 "00:02:00 deletion tweet=101\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_hit_counts_when_it_is_due_and_for_its_author),
        cmocka_unit_test(test_a_miss_shrinks_the_next_score),
        cmocka_unit_test(test_without_a_weight_it_is_counted_and_changes_nothing),
        cmocka_unit_test(test_half_of_it_counts_by_default),
        cmocka_unit_test(test_a_traded_signal_counts_as_any_other),
        cmocka_unit_test(test_what_a_gap_hides_is_dropped_and_not_looked_up_later),
        cmocka_unit_test(test_nothing_is_foretold_where_there_are_no_prices),
        cmocka_unit_test(test_ten_posts_in_a_row_are_one_bet),
        cmocka_unit_test(test_what_is_not_his_own_or_not_of_now_is_not_counted),
        cmocka_unit_test(test_a_crowd_displaces_its_own_and_not_the_listed),
        cmocka_unit_test(test_the_first_tick_at_or_after_its_time_ends_it),
        cmocka_unit_test(test_of_a_forgotten_author_neither_record_nor_habits_come_back),
        cmocka_unit_test(test_an_opinion_whose_post_was_deleted_counts_all_the_same),
    };
    return cmocka_run_group_tests_name("flow_forecasts", tests, NULL, NULL);
}
