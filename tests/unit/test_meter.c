/* meter: what is counted of a turn, once, whatever rows are put again. */
#include "run/meter.h"

#include "base/metric.h"
#include "flowkit.h"

static struct actions acts; /* large */
static struct meter meter;

static struct action *put(action_kind kind) {
    struct action *const a = &acts.v[acts.count++];
    *a = (struct action){.kind = kind};
    return a;
}

static void turn(usec now, const struct event *ev) {
    static const struct event none = {.kind = EVENT_TIMER};
    meter_turn(&meter, now, ev ? ev : &none, &acts);
    acts.count = 0;
}

static int64_t value(metric_id id, const char *const *labels) {
    return metric_value(metric_get(id, labels));
}

static void begin(bool wall) {
    metric_reset_all();
    meter_open(&meter, wall);
    acts.count = 0;
}

/* A post that made a signal, received so long ago. */
static void post(int64_t id, usec now, usec received_ago) {
    static struct post p;
    static struct reading r;
    p = kit_post(id, "alice", now - received_ago - USEC_PER_S);
    p.received_at = now - received_ago;
    r = kit_reading(&p);
    put(ACTION_PUT_POST)->u.post.reading = &r;
}

static struct trade trade_of(int64_t id, int64_t tweet, side to) {
    struct trade tr = {.id = id, .tweet_id = tweet, .side = to, .symbol = "DOGEUSDT"};
    tr.quote_price = P("0.08");
    tr.entry_price = P("0.0801");
    return tr;
}

static void intend(struct trade tr, usec now, const struct event *ev) {
    tr.posted_at = now - 3 * USEC_PER_S;
    put(ACTION_PUT_INTENT)->u.trade = tr;
    turn(now, ev);
}

static void answer(int64_t trade, outcome how) {
    static struct reply reply;
    reply = (struct reply){.kind = REQUEST_BRACKET, .trade_id = trade, .outcome = how};
    turn(time_wall_us(), &(struct event){.kind = EVENT_REPLY, .u.reply = &reply});
}

static void test_a_post_and_its_order_are_measured_from_its_receipt(void **state) {
    const usec now = time_wall_us();
    (void)state;
    begin(true);
    post(101, now, 2 * USEC_PER_S);
    turn(now, NULL);
    assert_int_equal(value(M_TWEETS_PROCESSED, NULL), 1);
    assert_int_equal(value(M_POSTS_DECIDED, LABELS("x", "signal")), 1);
    assert_int_equal(value(M_POST_AGE, LABELS("receipt")), 1);
    assert_int_equal(value(M_POST_TO_SIGNAL, NULL), 1);
    intend(trade_of(7, 101, SIDE_LONG), now, NULL);
    assert_int_equal(value(M_POST_AGE, LABELS("order")), 1);
    assert_int_equal(value(M_POST_TO_ORDER, NULL), 0);
    answer(8, OUTCOME_DONE); /* of another trade */
    answer(7, OUTCOME_UNKNOWN);
    assert_int_equal(value(M_POST_TO_ORDER, NULL), 0);
    answer(7, OUTCOME_DONE);
    answer(7, OUTCOME_DONE);
    assert_int_equal(value(M_POST_TO_ORDER, NULL), 1);
}

static void test_the_time_that_a_person_takes_is_not_ours(void **state) {
    const usec now = time_wall_us();
    (void)state;
    begin(true);
    post(101, now, 0);
    turn(now, NULL);
    intend(trade_of(7, 101, SIDE_LONG), now, &(struct event){.kind = EVENT_COMMAND});
    answer(7, OUTCOME_DONE);
    assert_int_equal(value(M_POST_TO_ORDER, NULL), 0);
}

static void test_virtual_time_is_no_measure_of_how_long_it_takes(void **state) {
    (void)state;
    begin(false);
    post(101, KIT_DAY, 0);
    turn(KIT_DAY, NULL);
    intend(trade_of(7, 101, SIDE_LONG), KIT_DAY, NULL);
    answer(7, OUTCOME_DONE);
    assert_int_equal(value(M_POST_TO_SIGNAL, NULL), 0);
    assert_int_equal(value(M_POST_TO_ORDER, NULL), 0);
    assert_int_equal(value(M_TWEETS_PROCESSED, NULL), 1);
    assert_int_equal(value(M_POST_AGE, LABELS("order")), 1); /* the account's clock counts */
}

static bool page_has(const char *line) {
    struct buf page;
    buf_init(&page, 1 << 20);
    metric_print(&page, METRIC_TEXT);
    const bool ok = str_find(buf_str(&page), str_from_z(line)) >= 0;
    if (!ok) print_message("lacks: %s\n", line);
    buf_fini(&page);
    return ok;
}

static void test_an_entry_counts_once_with_how_much_worse_it_filled(void **state) {
    (void)state;
    begin(false);
    struct trade tr = trade_of(7, 101, SIDE_LONG);
    put(ACTION_PUT_TRADE)->u.trade = tr; /* not entered yet */
    turn(KIT_DAY, NULL);
    tr.entered_at = KIT_DAY;
    for (int i = 0; i < 2; i++) { /* its row again, in the turn and in the next at this moment */
        put(ACTION_PUT_TRADE)->u.trade = tr;
        put(ACTION_PUT_TRADE)->u.trade = tr;
        turn(KIT_DAY, NULL);
    }
    put(ACTION_PUT_TRADE)->u.trade = tr; /* later */
    turn(KIT_DAY + USEC_PER_S, NULL);
    tr = trade_of(8, 102, SIDE_SHORT); /* sold for more than the quote: no worse */
    tr.entered_at = KIT_DAY + USEC_PER_S;
    put(ACTION_PUT_TRADE)->u.trade = tr;
    turn(KIT_DAY + USEC_PER_S, NULL);
    assert_int_equal(value(M_TRADES_EXECUTED, LABELS("DOGEUSDT", "LONG")), 1);
    assert_int_equal(value(M_TRADES_EXECUTED, LABELS("DOGEUSDT", "SHORT")), 1);
    assert_true(page_has("bullfinch_slippage_ratio_sum{side=\"LONG\"} 0.00125\n"));
    assert_true(page_has("bullfinch_slippage_ratio_bucket{side=\"SHORT\",le=\"0.0\"} 1\n"));
}

static void test_a_signal_counts_once_by_its_score(void **state) {
    (void)state;
    begin(false);
    struct signal s = {.id = 5, .side = SIDE_LONG, .score = 83, .created_at = KIT_DAY};
    for (int i = 0; i < 3; i++) {
        put(ACTION_PUT_SIGNAL)->u.signal = s;
        turn(KIT_DAY, NULL);
    }
    put(ACTION_PUT_SIGNAL)->u.signal = s; /* its verdict, later */
    turn(KIT_DAY + USEC_PER_S, NULL);
    s.side = SIDE_NONE; /* of none there is no series */
    s.id = 6;
    put(ACTION_PUT_SIGNAL)->u.signal = s;
    turn(KIT_DAY, NULL);
    assert_int_equal(value(M_SIGNAL_SCORE, LABELS("LONG")), 1);
    assert_true(page_has("bullfinch_signal_score_bucket{side=\"LONG\",le=\"80.0\"} 0\n"
                         "bullfinch_signal_score_bucket{side=\"LONG\",le=\"90.0\"} 1\n"));
}

static void tell(const char *event) {
    struct action *const a = put(ACTION_TELL);
    snprintf(a->u.tell.event, sizeof a->u.tell.event, "%s", event);
    turn(KIT_DAY, NULL);
}

static void test_what_the_venue_says_otherwise_is_counted(void **state) {
    (void)state;
    begin(false);
    tell("stray_order");
    tell("stray_order");
    tell("trade_opened");
    tell("position_bare");
    assert_int_equal(value(M_MISMATCHES, LABELS("stray_order")), 2);
    assert_int_equal(value(M_MISMATCHES, LABELS("balance_short")), 0);
    assert_int_equal(value(M_BARE_FOUND, NULL), 1);
}

static void test_outcomes_are_counted_by_source_and_reason(void **state) {
    struct meter_outcomes o = {0};
    (void)state;
    metric_reset_all();
    meter_outcome(&o, STR("x"), REASON_NO_COIN);
    meter_outcome(&o, STR("bsky"), REASON_NO_COIN);
    meter_outcome(&o, STR("x"), REASON_NO_COIN);
    meter_outcome(&o, STR("x"), REASON_NONE);
    assert_int_equal(value(M_POSTS_DECIDED, LABELS("x", "NO_COIN")), 2);
    assert_int_equal(value(M_POSTS_DECIDED, LABELS("bsky", "NO_COIN")), 1);
    assert_int_equal(value(M_POSTS_DECIDED, LABELS("x", "signal")), 1);
    for (int i = 0; i < 2 * METER_SOURCES_MAX; i++) { /* more than can be: none is lost */
        char name[16];
        snprintf(name, sizeof name, "s%d", i);
        meter_outcome(&o, str_from_z(name), REASON_STALE);
    }
    int64_t all = 0;
    for (int i = 0; i < METER_SOURCES_MAX; i++)
        all += o.v[i].by[REASON_STALE] ? metric_value(o.v[i].by[REASON_STALE]) : 0;
    assert_int_equal(all, 2 * METER_SOURCES_MAX);
}

static void test_readings_are_counted_by_the_model_that_made_them(void **state) {
    struct post p = kit_post(1, "alice", KIT_DAY);
    struct reading r[3] = {kit_reading(&p), kit_reading(&p), kit_reading(&p)};
    (void)state;
    metric_reset_all();
    r[2].model = "another";
    meter_read(r, 3, 300);
    meter_read(r, 0, 0);
    assert_int_equal(value(M_READINGS, LABELS("test")), 2);
    assert_int_equal(value(M_READINGS, LABELS("another")), 1);
    assert_int_equal(value(M_STAGE, LABELS("read")), 3);
    meter_stage_took(STAGE_LANE, -5, 1); /* two clocks: nothing */
    assert_true(page_has("bullfinch_stage_duration_seconds_sum{stage=\"lane\"} 0\n"));
    assert_true(page_has("bullfinch_stage_duration_seconds_sum{stage=\"read\"} 0.0003\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_post_and_its_order_are_measured_from_its_receipt),
        cmocka_unit_test(test_the_time_that_a_person_takes_is_not_ours),
        cmocka_unit_test(test_virtual_time_is_no_measure_of_how_long_it_takes),
        cmocka_unit_test(test_an_entry_counts_once_with_how_much_worse_it_filled),
        cmocka_unit_test(test_a_signal_counts_once_by_its_score),
        cmocka_unit_test(test_what_the_venue_says_otherwise_is_counted),
        cmocka_unit_test(test_outcomes_are_counted_by_source_and_reason),
        cmocka_unit_test(test_readings_are_counted_by_the_model_that_made_them),
    };
    return cmocka_run_group_tests_name("meter", tests, NULL, NULL);
}
