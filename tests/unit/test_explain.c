/* explain: what each word does, and the text that a person reads. */
#include "app/explain.h"
#include "flow/weigh.h"

#include "readkit.h"

static struct readkit kit;
static struct weights weights;

static int open_kit(void **state) {
    (void)state;
    readkit_open(&kit, &(struct reader_options){0});
    return 0;
}

static int close_kit(void **state) {
    (void)state;
    readkit_close(&kit);
    return 0;
}

static const struct reading *weighed(const char *text) {
    const struct reading *rd = readkit_read(&kit, str_from_z(text));
    struct arena mem;
    arena_open(&mem, 16 << 20);
    weigh_words(kit.reader, mem, &kit.post, rd, &weights);
    arena_close(&mem);
    return rd;
}

static const struct weight *weight_of(const char *word) {
    for (int i = 0; i < weights.count; i++) {
        const struct weight *v = &weights.v[i];
        if (str_eq((str){kit.post.text.p + v->begin, v->end - v->begin}, str_from_z(word)))
            return v;
    }
    return NULL;
}

static void test_the_word_that_says_it_weighs_most(void **state) {
    (void)state;
    weighed("Bitcoin is crashing this morning");
    const struct weight *v = weight_of("crashing");
    assert_non_null(v);
    assert_true(v->value_bp[0] < -1000);
    for (int i = 0; i < weights.count; i++) {
        if (weights.v[i].names == 0) assert_true(weights.v[i].value_bp[0] >= v->value_bp[0]);
    }
}

static void test_the_name_of_a_coin_is_told_from_what_is_said(void **state) {
    (void)state;
    weighed("Bitcoin is crashing this morning");
    assert_int_equal(weight_of("Bitcoin")->names, 1);
    assert_int_equal(weight_of("Bitcoin")->links, 1);
    assert_int_equal(weight_of("crashing")->names, 0);
}

static void test_weights_are_what_the_reading_loses_without_the_word(void **state) {
    (void)state;
    const struct reading *rd = weighed("So happy with my Dogecoin, it will moon");
    const int32_t before = mention_value_bp(&rd->mentions[0]), sentiment = rd->sentiment_bp;
    const struct weight v = *weight_of("moon");
    rd = readkit_read(&kit, STR("So happy with my Dogecoin, it will     "));
    assert_int_equal(v.value_bp[0], before - mention_value_bp(&rd->mentions[0]));
    assert_int_equal(v.sentiment_bp, sentiment - rd->sentiment_bp);
}

static void explained(const char *text, struct buf *out);

static void test_where_several_say_the_same_each_is_shown_as_it_is_alone(void **state) {
    (void)state;
    struct buf text;
    const char *const post =
        "Great news for my birthday: more bitcoin! Just bought $BTC, so happy, this "
        "bounce is amazing";
    weighed(post);
    assert_int_equal(weights.together & 1, 1);
    for (int i = 0; i < weights.count; i++)
        if (weights.v[i].names == 0) assert_true(abs(weights.v[i].value_bp[0]) < WEIGH_COUNTS_BP);
    const struct weight *const v = weight_of("happy");
    assert_true(v->alone_bp[0] > 1000);
    assert_int_equal(weigh_shown_bp(&weights, v, 0), v->alone_bp[0]);
    const int32_t alone = v->alone_bp[0];
    const struct reading *rd = readkit_read(&kit, STR("$BTC happy"));
    const int32_t with = mention_value_bp(&rd->mentions[0]);
    rd = readkit_read(&kit, STR("$BTC"));
    assert_int_equal(alone, with - mention_value_bp(&rd->mentions[0]));
    buf_init(&text, 1 << 16);
    explained(post, &text);
    assert_non_null(strstr(buf_z(&text), "several say the same"));
    buf_fini(&text);
    weighed("Bitcoin is crashing this morning");
    assert_int_equal(weights.together & 1, 0);
}

static void test_a_long_text_is_weighed_in_part_and_says_so(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, 1 << 16);
    for (int i = 0; i < WEIGH_WORDS_MAX + 1; i++) buf_put(&b, STR("good "));
    weighed(buf_z(&b));
    assert_int_equal(weights.count, WEIGH_WORDS_MAX);
    assert_true(weights.cut);
    buf_fini(&b);
}

static void explained(const char *text, struct buf *out) {
    const struct reading *rd = weighed(text);
    struct signal signals[MENTIONS_MAX] = {0};
    for (int i = 0; i < rd->mention_count; i++) {
        for (int p = 0; p < PART_COUNT; p++) signals[i].parts_bp[p] = 10000;
        signals[i].score = 71;
        signals[i].side = SIDE_SHORT;
        signals[i].reason = REASON_STALE;
    }
    const struct explain x = {
        .post = &kit.post, .reading = rd, .weights = &weights, .signals = signals, .threshold = 72};
    buf_clear(out);
    explain_put(&x, out);
}

static bool has(const struct buf *b, const char *what) { return strstr(b->p, what) != NULL; }

static void test_a_person_is_told_coin_words_parts_and_verdict(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, 1 << 16);
    explained("Bitcoin is crashing this morning, #meth", &out);
    assert_non_null(buf_z(&out));
    assert_true(has(&out, "Bitcoin is crashing this morning, #meth\n"));
    assert_true(has(&out, "BTCUSDT"));
    assert_true(has(&out, "  crashing "));
    for (int p = 0; p < PART_COUNT; p++) assert_true(has(&out, part_name((part)p)));
    assert_true(has(&out, "71 SHORT"));
    assert_true(has(&out, "would not trade"));
    assert_true(has(&out, "STALE"));
    assert_true(has(&out, "72"));
    buf_fini(&out);
}

static void test_what_is_no_coin_is_told_with_its_reason(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, 1 << 16);
    explained("WBTC looks fine", &out);
    assert_non_null(buf_z(&out));
    assert_true(has(&out, "WBTC"));
    assert_true(has(&out, miss_reason_text(MISS_OTHER_ASSET)));
    assert_true(has(&out, "NO_COIN"));
    assert_false(has(&out, "\033"));
    buf_fini(&out);
}

static void test_a_post_of_lines_stays_in_its_column(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, 1 << 16);
    explained("Bitcoin is\ncrashing\n\nthis morning", &out);
    assert_non_null(buf_z(&out));
    assert_true(has(&out, "post        Bitcoin is\n            crashing\n            \n"
                          "            this morning\n"));
    explained("  ", &out);
    assert_non_null(buf_z(&out));
    assert_true(has(&out, "(empty)\n"));
    buf_fini(&out);
}

/* Two bytes a character: the cut falls between two of them, whatever stands before. */
static void test_of_a_long_text_the_beginning_is_shown_and_how_much_is_left(void **state) {
    (void)state;
    struct buf text, out;
    buf_init(&text, 1 << 16);
    buf_init(&out, 1 << 16);
    buf_put(&text, STR("a"));
    for (int i = 0; i < 5000; i++) buf_put(&text, STR("\xc3\xa9"));
    explained(buf_z(&text), &out);
    assert_non_null(buf_z(&out));
    assert_true(str_utf8_valid(buf_str(&out)));
    assert_true(has(&out, "(and 4001 characters more)\n"));
    buf_clear(&text);
    for (int i = 0; i < 500; i++) buf_put(&text, STR("good ")); /* more words than are weighed */
    explained(buf_z(&text), &out);
    assert_non_null(buf_z(&out));
    assert_true(has(&out, "characters more)\n"));
    buf_fini(&out);
    buf_fini(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_word_that_says_it_weighs_most),
        cmocka_unit_test(test_the_name_of_a_coin_is_told_from_what_is_said),
        cmocka_unit_test(test_weights_are_what_the_reading_loses_without_the_word),
        cmocka_unit_test(test_where_several_say_the_same_each_is_shown_as_it_is_alone),
        cmocka_unit_test(test_a_long_text_is_weighed_in_part_and_says_so),
        cmocka_unit_test(test_a_person_is_told_coin_words_parts_and_verdict),
        cmocka_unit_test(test_what_is_no_coin_is_told_with_its_reason),
        cmocka_unit_test(test_a_post_of_lines_stays_in_its_column),
        cmocka_unit_test(test_of_a_long_text_the_beginning_is_shown_and_how_much_is_left),
    };
    return cmocka_run_group_tests_name("explain", tests, open_kit, close_kit);
}
