/* The guard against accounts that were taken over: what an author never did before halves his
 * score, or holds it until somebody else says the same. */
#include "flow/judge/judge.h"

#include "base/rng.h"
#include "flowkit.h"

#define NOW (KIT_DAY + 12 * USEC_PER_HOUR)
#define DAYS_KNOWN 10

static struct arena memory;
static struct rng rng;
static struct judge judge;
static struct config *cfg;
static int64_t next_id;

static struct {
    struct post post;
    struct reading reading;
    struct opinion opinion;
    struct signal signal;
} last;

static void fresh_with(const char *a, const char *b) {
    arena_reset(&memory);
    cfg = kit_config(&memory, "judge.guard_posts=20", "judge.guard_days=7", a, a ? b : NULL, NULL);
    judge_init(&judge, &memory, cfg);
    next_id = 1;
}

/* A post of then, on a coin, with a link (0: none). */
static reason posts(const char *author, usec at, const char *symbol, uint64_t host) {
    last.post = kit_post(next_id++, author, at);
    last.reading = kit_reading(&last.post);
    last.reading.post = &last.post;
    if (host != 0) last.reading.hosts[last.reading.host_count++] = host;
    kit_mention(&last.reading, symbol, 10000, 9000);
    judge_post(&judge, at, &last.reading, &last.opinion);
    struct post_memory row;
    judge_remember(&judge, at, &last.reading, &last.opinion, &row);
    last.signal = (struct signal){.sym = BTC};
    snprintf(last.signal.symbol, sizeof last.signal.symbol, "%s", symbol);
    judge_mention(&judge, &last.opinion, &last.reading.mentions[0], &last.signal);
    return last.signal.reason;
}

#define HOST 77

/* Three posts a day on BTC, between 10 and 14 UTC, with links to HOST. */
static void lives(const char *author, int days) {
    for (int d = days; d >= 1; d--) {
        for (int i = 0; i < 3; i++) {
            const usec at = NOW - d * USEC_PER_DAY + (i - 1) * 2 * USEC_PER_HOUR;
            IGNORE(posts(author, at, "BTCUSDT", HOST), "his life");
        }
    }
}

static void departs(uint32_t want) {
    char got_text[DEPARTURES_BYTES], want_text[DEPARTURES_BYTES];
    departures_format(last.signal.departures, got_text);
    departures_format(want, want_text);
    assert_string_equal(got_text, want_text);
    assert_int_equal(last.signal.parts_bp[PART_HABIT], want != 0 ? 5000 : 10000);
}

static void test_what_an_author_always_did_departs_from_nothing(void **state) {
    (void)state;
    fresh_with(NULL, NULL);
    lives("alice", DAYS_KNOWN);
    assert_int_equal(posts("alice", NOW, "BTCUSDT", HOST), REASON_NONE);
    departs(0);
    assert_int_equal(last.signal.score, 90);
}

static void test_each_departure_is_named_and_the_score_is_halved_once(void **state) {
    (void)state;
    static const struct {
        const char *symbol;
        uint64_t host;
        usec at;
        uint32_t want;
    } cases[] = {
        {"DOGEUSDT", HOST, NOW, DEPARTURE_BIT(NEW_COIN)},
        {"BTCUSDT", 78, NOW, DEPARTURE_BIT(NEW_LINK)},
        {"BTCUSDT", HOST, NOW + 12 * USEC_PER_HOUR, DEPARTURE_BIT(ODD_HOUR)},
        {"BTCUSDT", HOST, NOW + 3 * USEC_PER_HOUR, 0}, /* an hour later than ever is not odd */
        {"DOGEUSDT", 78, NOW + 12 * USEC_PER_HOUR,
         DEPARTURE_BIT(NEW_COIN) | DEPARTURE_BIT(NEW_LINK) | DEPARTURE_BIT(ODD_HOUR)},
    };
    for (ptrdiff_t i = 0; i < COUNT_OF(cases); i++) {
        fresh_with(NULL, NULL);
        lives("alice", DAYS_KNOWN);
        const reason got = posts("alice", cases[i].at, cases[i].symbol, cases[i].host);
        departs(cases[i].want);
        assert_int_equal(got, cases[i].want ? REASON_BELOW_THRESHOLD : REASON_NONE);
        assert_int_equal(last.signal.score, cases[i].want ? 45 : 90);
    }
}

static void test_a_second_post_of_the_same_day_departs_as_well(void **state) {
    (void)state;
    fresh_with(NULL, NULL);
    lives("alice", DAYS_KNOWN);
    for (int i = 0; i < 5; i++) {
        IGNORE(posts("alice", NOW + i * USEC_PER_MIN, "DOGEUSDT", 0), "looked at below");
        departs(DEPARTURE_BIT(NEW_COIN));
    }
    IGNORE(posts("alice", NOW + USEC_PER_DAY - 1, "DOGEUSDT", 0), "looked at below");
    departs(DEPARTURE_BIT(NEW_COIN));
    assert_int_equal(posts("alice", NOW + USEC_PER_DAY, "DOGEUSDT", 0), REASON_NONE);
    departs(0); /* a day after the first it is habit */
    IGNORE(posts("alice", NOW + USEC_PER_DAY, "SOLUSDT", 0), "looked at below");
    departs(DEPARTURE_BIT(NEW_COIN)); /* which says nothing of the next coin */
}

static void test_who_is_new_has_no_habits_to_depart_from(void **state) {
    (void)state;
    fresh_with(NULL, NULL);
    lives("alice", 6); /* 18 posts in 6 days */
    IGNORE(posts("alice", NOW, "DOGEUSDT", 79), "looked at below");
    departs(0);
    fresh_with("judge.guard_posts=1", NULL);
    lives("alice", 6); /* enough posts, too few days */
    IGNORE(posts("alice", NOW, "DOGEUSDT", 79), "looked at below");
    departs(0);
    IGNORE(posts("alice", NOW + USEC_PER_DAY, "SOLUSDT", 79), "looked at below");
    departs(DEPARTURE_BIT(NEW_COIN));
    fresh_with("judge.guard_days=0", NULL);
    lives("alice", 6);
    for (int i = 0; i < 2; i++) IGNORE(posts("alice", NOW, "BTCUSDT", HOST), "19 and 20");
    departs(0);
    IGNORE(posts("alice", NOW, "DOGEUSDT", HOST), "looked at below");
    departs(DEPARTURE_BIT(NEW_COIN));
}

static void test_the_guard_can_be_off_and_its_weight_be_less(void **state) {
    (void)state;
    fresh_with("judge.guard=off", NULL);
    lives("alice", DAYS_KNOWN);
    assert_int_equal(posts("alice", NOW, "DOGEUSDT", 79), REASON_NONE);
    departs(0);
    fresh_with("judge.habit=0.5", NULL); /* 1 - 0.5 * (1 - 0.5) */
    lives("alice", DAYS_KNOWN);
    IGNORE(posts("alice", NOW, "DOGEUSDT", HOST), "looked at below");
    assert_int_equal(last.signal.parts_bp[PART_HABIT], 7500);
    assert_int_equal(last.signal.departures, DEPARTURE_BIT(NEW_COIN));
}

/* The same words as the last post, by another. */
static reason repeats(const char *author, usec at) {
    const uint64_t words = last.reading.simhash, keys = last.reading.keys;
    last.post = kit_post(next_id++, author, at);
    last.reading = kit_reading(&last.post);
    last.reading.post = &last.post;
    last.reading.simhash = words;
    last.reading.keys = keys;
    kit_mention(&last.reading, "DOGEUSDT", 10000, 9000);
    judge_post(&judge, at, &last.reading, &last.opinion);
    struct post_memory row;
    judge_remember(&judge, at, &last.reading, &last.opinion, &row);
    last.signal = (struct signal){.sym = DOGE};
    memcpy(last.signal.symbol, "DOGEUSDT", sizeof "DOGEUSDT");
    judge_mention(&judge, &last.opinion, &last.reading.mentions[0], &last.signal);
    return last.signal.reason;
}

static void test_hold_waits_for_a_second_source(void **state) {
    (void)state;
    fresh_with("judge.guard=hold", "judge.hold_s=300");
    lives("alice", DAYS_KNOWN);
    assert_int_equal(posts("alice", NOW, "DOGEUSDT", HOST), REASON_HELD);
    assert_int_equal(last.signal.score, 90);
    assert_int_equal(repeats("alice", NOW + USEC_PER_MIN), REASON_HELD); /* himself is no second */
    /* his words in another mouth are a copy, and no second source for him */
    assert_int_equal(repeats("bot", NOW + 2 * USEC_PER_MIN), REASON_BELOW_THRESHOLD);
    assert_int_equal(last.signal.parts_bp[PART_COPIES], 5000);
    assert_int_equal(repeats("alice", NOW + 2 * USEC_PER_MIN), REASON_HELD);
    /* nor are they when he has found others meanwhile */
    assert_int_equal(posts("alice", NOW + 2 * USEC_PER_MIN, "DOGEUSDT", HOST), REASON_HELD);
    /* who says the same in words of his own is one */
    assert_int_equal(posts("news", NOW + 3 * USEC_PER_MIN, "DOGEUSDT", 0), REASON_NONE);
    assert_int_equal(last.signal.parts_bp[PART_COPIES], 10000);
    assert_int_equal(posts("alice", NOW + 4 * USEC_PER_MIN, "DOGEUSDT", HOST), REASON_NONE);
}

static void test_the_words_of_the_one_before_do_not_confirm(void **state) {
    (void)state;
    fresh_with("judge.guard=hold", "judge.hold_s=300");
    lives("alice", DAYS_KNOWN);
    assert_int_equal(posts("news", NOW - USEC_PER_S, "DOGEUSDT", 0), REASON_NONE);
    assert_int_equal(repeats("alice", NOW), REASON_BELOW_THRESHOLD); /* as a copy */
    assert_true(last.opinion.held);
}

static void test_what_was_held_too_long_ago_is_repeated_by_a_copy(void **state) {
    (void)state;
    fresh_with("judge.guard=hold", "judge.hold_s=300");
    lives("alice", DAYS_KNOWN);
    assert_int_equal(posts("alice", NOW, "DOGEUSDT", HOST), REASON_HELD);
    assert_int_equal(repeats("news", NOW + 301 * USEC_PER_S), REASON_BELOW_THRESHOLD);
}

static void test_a_second_source_said_so_before(void **state) {
    (void)state;
    fresh_with("judge.guard=hold", "judge.hold_s=300");
    lives("alice", DAYS_KNOWN);
    assert_int_equal(posts("news", NOW - 300 * USEC_PER_S, "DOGEUSDT", 0), REASON_NONE);
    assert_int_equal(posts("alice", NOW, "DOGEUSDT", HOST), REASON_NONE);
    assert_int_equal(posts("alice", NOW + USEC_PER_S, "DOGEUSDT", HOST), REASON_HELD);
}

static void test_who_is_refused_himself_is_no_second_source(void **state) {
    (void)state;
    fresh_with("judge.guard=hold", "judge.author_weights=vitalik=1");
    lives("alice", DAYS_KNOWN);
    assert_int_equal(posts("v1talik", NOW - USEC_PER_S, "DOGEUSDT", 0), REASON_LOOKALIKE);
    assert_int_equal(posts("alice", NOW, "DOGEUSDT", HOST), REASON_HELD);
    lives("bob", DAYS_KNOWN); /* two that were held do not confirm each other */
    assert_int_equal(posts("bob", NOW, "DOGEUSDT", HOST), REASON_HELD);
}

static void test_habits_make_the_round_trip_through_their_bytes(void **state) {
    (void)state;
    fresh_with(NULL, NULL);
    lives("alice", DAYS_KNOWN);
    IGNORE(posts("alice", NOW + 12 * USEC_PER_HOUR, "DOGEUSDT", 79), "leaves something pending");
    const struct habit *h = &last.opinion.author->habit;
    assert_true(h->new_since != 0 && h->new_hours != 0);
    uint8_t bytes[HABIT_BYTES];
    struct habit back;
    habit_format(h, bytes);
    assert_true(habit_parse(str_from_bytes((const char *)bytes, HABIT_BYTES), &back));
    uint8_t again[HABIT_BYTES];
    habit_format(&back, again);
    assert_memory_equal(bytes, again, HABIT_BYTES);
    assert_int_equal(back.new_since, h->new_since);
    assert_memory_equal(back.hours, h->hours, sizeof h->hours);
    assert_memory_equal(back.coins, h->coins, sizeof h->coins);
    assert_false(habit_parse(str_from_bytes((const char *)bytes, HABIT_BYTES - 1), &back));
    assert_true(habit_parse(STR(""), &back));
    assert_int_equal(back.new_since, 0);
}

/* A judge that is made anew from the rows says what the old one would have said. */
static void test_a_restart_keeps_the_habits(void **state) {
    (void)state;
    for (int n = 0; n < 200; n++) {
        fresh_with(NULL, NULL);
        static const char *const coins[] = {"BTCUSDT", "ETHUSDT", "DOGEUSDT", "SOLUSDT"};
        const usec start = NOW - 30 * USEC_PER_DAY;
        const int count = (int)rng_between(&rng, 30, 80);
        usec at = start;
        for (int i = 0; i < count; i++) {
            at += rng_between(&rng, 1, 12 * USEC_PER_HOUR);
            IGNORE(posts("alice", at, coins[rng_below(&rng, 2)], rng_below(&rng, 3)), "his life");
        }
        const struct author row = *last.opinion.author;
        const char *coin = coins[rng_below(&rng, 4)];
        const uint64_t host = rng_below(&rng, 5);
        at += rng_between(&rng, 1, 30 * USEC_PER_HOUR);
        IGNORE(posts("alice", at, coin, host), "compared below");
        const uint32_t want = last.signal.departures;
        const struct author then = *last.opinion.author;
        fresh_with(NULL, NULL);
        judge_put_author(&judge, &row);
        IGNORE(posts("alice", at, coin, host), "compared below");
        assert_int_equal(last.signal.departures, want);
        assert_memory_equal(&last.opinion.author->habit, &then.habit, sizeof then.habit);
        assert_int_equal(last.opinion.author->heard, then.heard);
    }
}

static int set_up(void **state) {
    (void)state;
    arena_open(&memory, 256 << 20);
    rng_init(&rng, test_seed());
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_close(&memory);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_an_author_always_did_departs_from_nothing),
        cmocka_unit_test(test_each_departure_is_named_and_the_score_is_halved_once),
        cmocka_unit_test(test_a_second_post_of_the_same_day_departs_as_well),
        cmocka_unit_test(test_who_is_new_has_no_habits_to_depart_from),
        cmocka_unit_test(test_the_guard_can_be_off_and_its_weight_be_less),
        cmocka_unit_test(test_hold_waits_for_a_second_source),
        cmocka_unit_test(test_the_words_of_the_one_before_do_not_confirm),
        cmocka_unit_test(test_what_was_held_too_long_ago_is_repeated_by_a_copy),
        cmocka_unit_test(test_a_second_source_said_so_before),
        cmocka_unit_test(test_who_is_refused_himself_is_no_second_source),
        cmocka_unit_test(test_habits_make_the_round_trip_through_their_bytes),
        cmocka_unit_test(test_a_restart_keeps_the_habits),
    };
    return cmocka_run_group_tests_name("habits", tests, set_up, tear_down);
}
