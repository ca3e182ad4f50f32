/* score: readings as JSON, and streams of lines scored in order. */
#include "app/score_view.h"

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "flowkit.h"
#include "readkit.h"

static struct readkit kit;
static struct appraiser *appraiser;

static int open_kit(void **state) {
    (void)state;
    readkit_open(&kit, &(struct reader_options){0});
    appraiser = appraiser_open(&kit.boot, kit_config(&kit.boot, NULL));
    return 0;
}

static int close_kit(void **state) {
    (void)state;
    readkit_close(&kit);
    return 0;
}

static json_t *scored(const char *text) {
    const struct reading *r = readkit_read(&kit, str_from_z(text));
    struct signal signals[MENTIONS_MAX];
    struct buf out;
    buf_init(&out, 1 << 20);
    appraise(appraiser, r, signals);
    score_json(&kit.post, r, signals, &out);
    json_t *o = json_loadb(out.p, (size_t)out.len, 0, NULL);
    assert_non_null(o);
    buf_fini(&out);
    return o;
}

static void test_an_object_has_what_scripts_rely_on(void **state) {
    (void)state;
    json_t *o = scored("Just bought a big bag of $DOGE, to the moon. $TSLA \"too\"");
    const char *label_text;
    double probs[3], sentiment, confidence, polarity;
    int score;
    const char *symbol, *part_symbol, *part_side;
    assert_int_equal(json_unpack(o, "{s:s,s:[F,F,F],s:F,s:i,s:[{s:s,s:F,s:F}],s:{s:s,s:s}}",
                                 "label", &label_text, "probs", &probs[0], &probs[1], &probs[2],
                                 "sentiment_score", &sentiment, "signal_score", &score, "mentions",
                                 "symbol", &symbol, "confidence", &confidence, "polarity",
                                 &polarity, "parts", "symbol", &part_symbol, "side", &part_side),
                     0);
    assert_true(strcmp(label_text, "negative") == 0 || strcmp(label_text, "neutral") == 0 ||
                strcmp(label_text, "positive") == 0);
    assert_string_equal(symbol, "DOGEUSDT");
    assert_string_equal(part_symbol, "DOGEUSDT");
    assert_string_equal(part_side, "LONG");
    assert_true(probs[0] + probs[1] + probs[2] > 0.9999 && probs[0] + probs[1] + probs[2] < 1.0001);
    assert_true(score >= 70 && score <= 100);
    assert_true(polarity > 0.75 && confidence > 0.9);
    assert_true(sentiment >= -1 && sentiment <= 1);
    json_decref(o);
}

static void test_every_part_of_the_score_is_printed_and_their_product_is_the_score(void **state) {
    (void)state;
    json_t *o = scored("Buying more Bitcoin today, so bullish");
    const json_t *parts = json_object_get(o, "parts");
    double product = 100;
    for (int i = 0; i < PART_COUNT; i++) {
        const json_t *v = json_object_get(parts, part_name((part)i));
        assert_true(json_is_number(v));
        product *= json_number_value(v);
    }
    const double score = (double)json_integer_value(json_object_get(o, "signal_score"));
    assert_true(product > score - 0.51 && product < score + 0.51);
    json_decref(o);
}

static void assert_refused(const char *text, const char *why) {
    json_t *o = scored(text);
    const json_t *refusal = json_object_get(o, "refusal");
    assert_true(why ? json_is_string(refusal) : json_is_null(refusal));
    if (why) assert_string_equal(json_string_value(refusal), why);
    json_decref(o);
}

static void test_a_refusal_says_why_it_would_not_trade(void **state) {
    (void)state;
    assert_refused("Just bought a big bag of $DOGE, to the moon", NULL);
    assert_refused("nice weather today", "NO_COIN");
    assert_refused("$DOGE closed at 0.07 yesterday", "ABSTAIN");
    assert_refused("$DOGE giveaway! Send any amount of $DOGE and get back double, to the moon",
                   "SCAM");
}

static void test_a_text_without_coins_scores_nothing(void **state) {
    (void)state;
    json_t *o = scored("nice weather today");
    assert_int_equal(json_integer_value(json_object_get(o, "signal_score")), 0);
    assert_int_equal(json_array_size(json_object_get(o, "mentions")), 0);
    assert_int_equal(json_object_size(json_object_get(o, "parts")), 0);
    json_decref(o);
}

/* What score_stream makes of the bytes. */
static str stream(str input, int64_t *ret_bad) {
    static char out[1 << 20];
    struct error err;
    FILE *in_file = tmpfile(), *out_file = tmpfile();
    assert_true(in_file && out_file);
    assert_int_equal(fwrite(input.p, 1, (size_t)input.n, in_file), input.n);
    rewind(in_file);
    const struct scorer scorer = {kit.reader, appraiser};
    assert_ok(score_stream(&scorer, fileno(in_file), fileno(out_file), ret_bad, &err), &err);
    assert_int_equal(lseek(fileno(out_file), 0, SEEK_SET), 0);
    str got = {out, read(fileno(out_file), out, sizeof out)};
    assert_int_equal(fclose(in_file), 0);
    assert_int_equal(fclose(out_file), 0);
    return got;
}

static void test_each_line_has_its_answer_in_order(void **state) {
    (void)state;
    int64_t bad;
    str out =
        stream(STR("$BTC pumping\n"
                   "{\"text\":\"$ETH &amp; more\"}\n"
                   "{\"text\":5}\n"
                   "\n"
                   "caf\xE9\n"
                   "{\"id\":\"5\",\"text\":\"$SOL\",\"created_at\":\"2020-01-01T00:00:00Z\"}\r\n"
                   "$XRP without line feed"),
               &bad);
    static const char *const holds[] = {"BTCUSDT",
                                        "ETHUSDT",
                                        "\"error\":\"text",
                                        "\"mentions\":[]",
                                        "\"error\":\"text: not UTF-8\"",
                                        "SOLUSDT",
                                        "XRPUSDT"};
    str line;
    int n = 0;
    assert_int_equal(bad, 2);
    while (str_cut(&out, '\n', &line) && line.n > 0) {
        assert_true(n < COUNT_OF(holds));
        json_t *o = json_loadb(line.p, (size_t)line.n, 0, NULL);
        assert_true(json_is_object(o));
        json_decref(o);
        if (str_find(line, str_from_z(holds[n])) < 0) fail_msg("%d: " STR_FMT, n, STR_ARG(line));
        n++;
    }
    assert_int_equal(n, COUNT_OF(holds));
}

static void test_no_input_gives_no_output(void **state) {
    (void)state;
    int64_t bad;
    assert_str(stream(STR(""), &bad), "");
    assert_int_equal(bad, 0);
}

static void test_a_line_too_long_is_one_bad_line(void **state) {
    (void)state;
    static char input[3 << 20];
    int64_t bad;
    memset(input, 'a', sizeof input);
    input[sizeof input - 4] = '\n';
    str out = stream((str){input, sizeof input}, &bad), first;
    assert_int_equal(bad, 1);
    assert_true(str_cut(&out, '\n', &first));
    assert_true(str_starts(first, STR("{\"error\":")));
    assert_true(str_starts(out, STR("{\"label\":")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_object_has_what_scripts_rely_on),
        cmocka_unit_test(test_every_part_of_the_score_is_printed_and_their_product_is_the_score),
        cmocka_unit_test(test_a_refusal_says_why_it_would_not_trade),
        cmocka_unit_test(test_a_text_without_coins_scores_nothing),
        cmocka_unit_test(test_each_line_has_its_answer_in_order),
        cmocka_unit_test(test_no_input_gives_no_output),
        cmocka_unit_test(test_a_line_too_long_is_one_bad_line),
    };
    return cmocka_run_group_tests(tests, open_kit, close_kit);
}
