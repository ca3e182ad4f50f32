/* The score: a product of factors, each with its weight, and what the judge says of one reading
 * alone. */
#include "flow/judge/judge.h"

#include <stdlib.h>

#include "base/rng.h"
#include "flowkit.h"

#define NOW (KIT_DAY + 12 * USEC_PER_HOUR)

static struct arena memory;

static const char *const weights[] = {
#define X(name, word, least, most, meaning) "judge." #word,
    FACTOR_MAP(X)
#undef X
};
#define FACTORS COUNT_OF(weights)
_Static_assert(FACTORS == PART_COUNT - PART_FIRST_FACTOR, "one weight a factor");

/* Every weight at `value`, over a few other keys. */
static struct config *weighed(const char *value, const char *a, const char *b) {
    char sets[FACTORS][64];
    const char *v[FACTORS + 3] = {0};
    ptrdiff_t n = 0;
    if (a) v[n++] = a;
    if (b) v[n++] = b;
    for (ptrdiff_t i = 0; i < FACTORS; i++) {
        snprintf(sets[i], sizeof sets[i], "%s=%s", weights[i], value);
        v[n++] = sets[i];
    }
    arena_reset(&memory);
    str list[FACTORS + 3];
    for (ptrdiff_t i = 0; i < n; i++) list[i] = str_from_z(v[i]);
    struct config *cfg = NEW(&memory, struct config);
    const struct config_input in = {.text = STR(""), .sets = list, .set_count = (int)n};
    struct buf report;
    struct error err;
    buf_init(&report, 1 << 16);
    if (!config_load(&memory, &in, cfg, &report, &err)) fail_msg("%s", buf_z(&report));
    buf_fini(&report);
    return cfg;
}

/* A signal with the worst of everything: an author of weight 0.5, 60 s old, a copy, priced in half,
 * a new coin. */
static struct signal worst(const struct config *cfg, int32_t confidence_bp, int32_t polarity_bp) {
    struct judge *j = NEW(&memory, struct judge);
    judge_init(j, &memory, cfg);
    struct author bob = {.key = "x:@bob", .username = "bob", .posts = 100};
    bob.first_seen = NOW - 100 * USEC_PER_DAY;
    bob.last_post_at = NOW - USEC_PER_DAY;
    for (int i = 0; i < 24; i++) bob.habit.hours[i] = 9;
    judge_put_author(j, &bob);
    struct post first = kit_post(1, "alice", NOW - 2 * USEC_PER_MIN);
    struct reading r = kit_reading(&first);
    kit_mention(&r, "DOGEUSDT", confidence_bp, polarity_bp);
    struct opinion op;
    struct post_memory row;
    judge_post(j, NOW - 2 * USEC_PER_MIN, &r, &op);
    judge_remember(j, NOW - 2 * USEC_PER_MIN, &r, &op, &row);
    struct post copy = kit_post(2, "bob", NOW - USEC_PER_MIN);
    struct reading again = kit_reading(&first);
    again.post = &copy;
    kit_mention(&again, "DOGEUSDT", confidence_bp, polarity_bp);
    judge_post(j, NOW, &again, &op);
    struct signal s = {.seen = P("100")};
    memcpy(s.symbol, "DOGEUSDT", sizeof "DOGEUSDT");
    judge_mention(j, &op, &again.mentions[0], &s);
    IGNORE(judge_priced_in(j, &s, NOW, polarity_bp < 0 ? P("97") : P("103")),
           "only the score matters");
    return s;
}

static void test_with_every_weight_at_full_each_factor_bites(void **state) {
    (void)state;
    const struct config *cfg =
        weighed("1", "judge.author_weights=bob=0.5", "judge.priced_in_percent=0.06");
    const struct signal s = worst(cfg, 10000, 10000);
    assert_int_equal(s.parts_bp[PART_AUTHOR], 5000);
    assert_int_equal(s.parts_bp[PART_RECORD], 10000); /* nothing is known of him */
    assert_int_equal(s.parts_bp[PART_HABIT], 5000);
    assert_int_equal(s.parts_bp[PART_FRESHNESS], 7500);
    assert_int_equal(s.parts_bp[PART_COPIES], 5000);
    assert_int_equal(s.parts_bp[PART_PRICED_IN], 7500);
    assert_int_equal(s.score, 7); /* 100 * 0.5 * 0.5 * 0.75 * 0.5 * 0.75 = 7.03 */
    assert_int_equal(s.base_score, 100);
}

static void test_with_every_weight_at_nothing_the_score_is_the_base_score(void **state) {
    (void)state;
    const struct config *cfg =
        weighed("0", "judge.author_weights=bob=0.5", "trading.signal_threshold=0");
    for (int32_t confidence = 0; confidence <= 10000; confidence += 625) {
        for (int32_t polarity = -10000; polarity <= 10000; polarity += 625) {
            const struct arena before = memory;
            const struct signal s = worst(cfg, confidence, polarity);
            for (int i = PART_FIRST_FACTOR; i < PART_COUNT; i++) {
                assert_int_equal(s.parts_bp[i], 10000);
            }
            assert_int_equal(s.score, base_score(confidence, polarity));
            assert_int_equal(s.score, s.base_score);
            memory = before;
        }
    }
}

static void test_a_weight_between_takes_that_share_of_the_factor(void **state) {
    (void)state;
    const struct config *cfg =
        weighed("0.4", "judge.author_weights=bob=0.5", "judge.priced_in_percent=0.06");
    const struct signal s = worst(cfg, 10000, 10000);
    assert_int_equal(s.parts_bp[PART_AUTHOR], 8000); /* 1 - 0.4 * (1 - 0.5) */
    assert_int_equal(s.parts_bp[PART_HABIT], 8000);
    assert_int_equal(s.parts_bp[PART_FRESHNESS], 9000);
    assert_int_equal(s.parts_bp[PART_COPIES], 8000);
    assert_int_equal(s.parts_bp[PART_PRICED_IN], 9000);
    cfg = weighed("0.4", "judge.author_weights=bob=2", NULL);
    assert_int_equal(worst(cfg, 10000, 10000).parts_bp[PART_AUTHOR], 14000);
}

static void test_false_and_true_stand_for_no_weight_and_full(void **state) {
    (void)state;
    const struct config *cfg = weighed("false", NULL, NULL);
    for (int i = PART_FIRST_FACTOR; i < PART_COUNT; i++) {
        assert_int_equal(judge_weight_bp(cfg, (part)i), 0);
    }
    cfg = weighed("True", NULL, NULL);
    for (int i = 0; i < PART_COUNT; i++) assert_int_equal(judge_weight_bp(cfg, (part)i), 10000);
}

static void test_factors_stay_in_their_ranges(void **state) {
    (void)state;
    struct rng rng;
    rng_init(&rng, test_seed());
    for (int n = 0; n < 300; n++) {
        char value[32], author[64];
        snprintf(value, sizeof value, "0.%04d", (int)rng_below(&rng, 10000));
        snprintf(author, sizeof author, "judge.author_weights=bob=%d.%04d", (int)rng_below(&rng, 2),
                 (int)rng_below(&rng, 10000));
        const struct signal s = worst(weighed(value, author, NULL), (int32_t)rng_below(&rng, 10001),
                                      (int32_t)rng_between(&rng, -10000, 10000));
        for (int i = 0; i < PART_COUNT; i++) {
            const struct part_info *info = part_info((part)i);
            assert_in_range(s.parts_bp[i] + 10000, info->least + 10000, info->most + 10000);
        }
        assert_in_range(s.score, 0, 100);
    }
}

/* --- alone ---------------------------------------------------------------------------------- */

static struct signal alone(const struct config *cfg, struct post *p, uint32_t cues) {
    struct judge j;
    struct signal s;
    struct reading r = kit_reading(p);
    kit_mention(&r, "BTCUSDT", 10000, 0);
    kit_mention(&r, "DOGEUSDT", 9000, -9000);
    r.cues = cues;
    judge_init_alone(&j, &memory, cfg);
    judge_alone(&j, NOW, &r, 0, &s);
    assert_int_equal(s.reason, REASON_ABSTAIN);
    judge_alone(&j, NOW, &r, 1, &s);
    return s;
}

static void test_a_reading_alone_has_no_copies_no_habits_no_price(void **state) {
    (void)state;
    const struct config *cfg = weighed("1", "judge.author_weights=bob=1.2", NULL);
    struct post p = kit_post(1, "bob", NOW - USEC_PER_MIN);
    struct signal s = alone(cfg, &p, 0);
    assert_string_equal(s.symbol, "DOGEUSDT");
    assert_string_equal(s.author, "x:@bob");
    assert_int_equal(s.side, SIDE_SHORT);
    assert_int_equal(s.base_score, 81);
    assert_int_equal(s.parts_bp[PART_AUTHOR], 12000);
    assert_int_equal(s.parts_bp[PART_FRESHNESS], 7500);
    assert_int_equal(s.parts_bp[PART_HABIT], 10000);
    assert_int_equal(s.parts_bp[PART_COPIES], 10000);
    assert_int_equal(s.parts_bp[PART_PRICED_IN], 10000);
    assert_int_equal(s.score, 73);
    assert_int_equal(s.reason, REASON_NONE);
    assert_int_equal(alone(cfg, &p, CUE_PHISHING).reason, REASON_SCAM);
    p = kit_post(1, "b0b__bob", 0); /* no time: fresh */
    s = alone(cfg, &p, 0);
    assert_int_equal(s.parts_bp[PART_FRESHNESS], 10000);
    assert_int_equal(s.reason, REASON_NONE);
    p = kit_post(1, "bob", NOW - USEC_PER_HOUR);
    assert_int_equal(alone(cfg, &p, 0).reason, REASON_STALE);
    p = kit_post(1, "", 0);
    assert_int_equal(alone(cfg, &p, 0).parts_bp[PART_AUTHOR], 10000);
}

/* --- documentation --------------------------------------------------------------------------- */

static void test_the_page_on_scoring_names_each_part_as_the_code_does(void **state) {
    (void)state;
    char *page = NEW_ARRAY(&memory, char, 1 << 18);
    const char *root = getenv("BF_SOURCE_ROOT");
    char path[512];
    snprintf(path, sizeof path, "%s/docs/scoring.md", root ? root : ".");
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    const str text = {page, (ptrdiff_t)fread(page, 1, 1 << 18, f)};
    assert_int_equal(fclose(f), 0);
    for (int i = 0; i < PART_COUNT; i++) {
        const struct part_info *info = part_info((part)i);
        char row[256];
        snprintf(row, sizeof row, "| `%s` | %g to %g | %s |", info->name, info->least / 1e4,
                 info->most / 1e4, info->meaning);
        if (str_find(text, str_from_z(row)) < 0) fail_msg("docs/scoring.md lacks: %s", row);
        if (i >= PART_FIRST_FACTOR) {
            snprintf(row, sizeof row, "`judge.%s`", info->name);
            if (str_find(text, str_from_z(row)) < 0) fail_msg("docs/scoring.md lacks: %s", row);
        }
    }
    for (unsigned i = 0; i < DEPARTURE_COUNT; i++) {
        char name[DEPARTURES_BYTES];
        departures_format(1u << i, name);
        if (str_find(text, str_from_z(name)) < 0) fail_msg("docs/scoring.md lacks: %s", name);
    }
}

static int set_up(void **state) {
    (void)state;
    arena_open(&memory, INT64_C(4) << 30);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_close(&memory);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_with_every_weight_at_full_each_factor_bites),
        cmocka_unit_test(test_with_every_weight_at_nothing_the_score_is_the_base_score),
        cmocka_unit_test(test_a_weight_between_takes_that_share_of_the_factor),
        cmocka_unit_test(test_false_and_true_stand_for_no_weight_and_full),
        cmocka_unit_test(test_factors_stay_in_their_ranges),
        cmocka_unit_test(test_a_reading_alone_has_no_copies_no_habits_no_price),
        cmocka_unit_test(test_the_page_on_scoring_names_each_part_as_the_code_does),
    };
    return cmocka_run_group_tests_name("judge_score", tests, set_up, tear_down);
}
