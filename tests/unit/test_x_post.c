/* x_post: a JSON object of X becomes a post; what is wrong with one is named. */
#include "source/source.h"

#include "check.h"
#include "flow/reader.h"

static char block[4 << 20];

static bool parse_as(str line, bool lenient, struct post *ret, struct error *err) {
    struct arena a;
    arena_init(&a, block, sizeof block);
    return x_post_parse(&a, line, STR("x"), 0, lenient, ret, err);
}

static bool parse(const char *line, struct post *ret, struct error *err) {
    return parse_as(str_from_z(line), false, ret, err);
}

static void test_a_whole_post_is_read(void **state) {
    (void)state;
    struct post p;
    struct error err;
    assert_ok(
        parse("{\"id\":\"1683364599280685057\",\"text\":\"S&amp;P\",\"created_at\":"
              "\"2023-07-24T06:32:50.000Z\",\"author_id\":\"44196397\",\"username\":\"@elon\","
              "\"lang\":\"en\",\"edit_history_tweet_ids\":[\"1683364599280685000\","
              "\"1683364599280685057\"],\"referenced_tweets\":[{\"type\":\"replied_to\",\"id\":"
              "\"7\"},{\"type\":\"quoted\",\"id\":\"8\"}],\"public_metrics\":{\"like_count\":1,"
              "\"retweet_count\":2,\"reply_count\":3,\"quote_count\":4,\"bookmark_count\":5},"
              "\"entities\":{\"urls\":[{\"start\":1.5e3}]},\"withheld\":null}",
              &p, &err),
        &err);
    assert_true(p.id == INT64_C(1683364599280685057));
    assert_true(p.root_id == INT64_C(1683364599280685000) && p.edited);
    assert_str(p.text, "S&P");
    assert_str(p.author_id, "44196397");
    assert_str(p.username, "elon");
    assert_str(p.lang, "en");
    assert_str(p.source, "x");
    assert_int_equal(p.ref, POST_REF_QUOTE);
    assert_int_equal(p.ref_id, 8);
    assert_int_equal(p.likes, 1);
    assert_int_equal(p.reposts, 2);
    assert_int_equal(p.replies, 3);
    assert_int_equal(p.quotes, 4);
    assert_true(p.received_at == p.created_at);
}

#define GONE "\"id\":\"1683364599280685057\""

static void test_word_of_a_deletion_is_read(void **state) {
    (void)state;
    static const char *const lines[] = {
        "{\"delete\":{\"tweet\":{" GONE ",\"author_id\":\"44196397\"},"
        "\"timestamp_ms\":\"1690180471123\"}}",
        "{\"data\":{\"delete\":{\"event_at\":\"2023-07-24T06:34:31.123Z\",\"post\":{"
        "\"author_id\":44196397," GONE "},\"quote_tweet_id\":\"9\"}}}",
        "{\"delete\":{\"status\":{\"id\":1683364599280685057,\"id_str\":"
        "\"1683364599280685057\",\"user_id\":3,\"user_id_str\":\"44196397\"},"
        "\"timestamp_ms\":1690180471123}}"};
    for (int i = 0; i < COUNT_OF(lines); i++) {
        struct post p;
        struct error err;
        assert_ok(parse(lines[i], &p, &err), &err);
        assert_true(p.deleted);
        assert_true(p.id == INT64_C(1683364599280685057));
        assert_str(p.author_id, "44196397");
        assert_str(p.text, "");
        assert_true(p.created_at == INT64_C(1690180471123000));
        assert_true(p.received_at == p.created_at);
    }
}

static void test_what_is_wrong_with_a_deletion_is_named(void **state) {
    (void)state;
    static const struct {
        const char *line, *says;
    } table[] = {
        {"{\"delete\":1}", "delete: expected an object"},
        {"{\"delete\":{\"tweet\":7,\"timestamp_ms\":\"1\"}}", "delete.tweet: expected an object"},
        {"{\"delete\":{\"tweet\":{},\"timestamp_ms\":\"1\"}}", "delete.tweet.id: missing"},
        {"{\"delete\":{\"tweet\":{\"id\":true}}}", "delete.tweet.id: expected a string"},
        {"{\"delete\":{\"tweet\":{\"id\":\"x1\"},\"timestamp_ms\":\"1\"}}",
         "id: expected decimal digits"},
        {"{\"delete\":{\"tweet\":{" GONE "}}}", "delete.event_at: missing"},
        {"{\"delete\":{\"tweet\":{" GONE "},\"event_at\":\"soon\"}}",
         "delete.event_at: expected RFC 3339"},
        {"{\"delete\":{\"tweet\":{" GONE "},\"timestamp_ms\":\"-1\"}}",
         "delete.timestamp_ms: expected milliseconds"},
        {"{\"delete\":{\"tweet\":{" GONE "},\"timestamp_ms\":1.5}}",
         "delete.timestamp_ms: expected milliseconds"},
        {"{\"delete\":{\"tweet\":{" GONE "},\"timestamp_ms\":\"1\"},\"text\":\"a\"}",
         "text and delete"},
        {"{\"withheld\":{\"tweet\":{" GONE "}}}", "text: missing"},
    };
    for (int i = 0; i < COUNT_OF(table); i++) {
        struct post p;
        struct error err;
        assert_fails(parse(table[i].line, &p, &err), &err, ERR_PARSE);
        if (!strstr(err.msg, table[i].says)) fail_msg("%s: %s", table[i].line, err.msg);
    }
}

static void test_a_deletion_is_nothing_to_score(void **state) {
    (void)state;
    struct post p;
    struct error err;
    assert_fails(
        parse_as(STR("{\"delete\":{\"tweet\":{" GONE "},\"timestamp_ms\":\"1\"}}"), true, &p, &err),
        &err, ERR_PARSE);
}

static void test_both_versions_of_names_and_the_wrapper_are_read(void **state) {
    (void)state;
    struct post p;
    struct error err;
    assert_ok(
        parse("{\"data\":{\"id\":1683364599280685057,\"text\":\"short\",\"note_post\":{\"text\":"
              "\"the long text\"},\"edit_history_post_ids\":[1683364599280685000],"
              "\"referenced_posts\":[{\"type\":\"retweeted\",\"id\":9}]},\"matching_rules\":[]}",
              &p, &err),
        &err);
    assert_str(p.text, "the long text");
    assert_true(p.edited);
    assert_int_equal(p.ref, POST_REF_RETWEET);
    assert_int_equal(p.ref_id, 9);
    assert_int_equal(p.likes, -1);
    assert_ok(
        parse("{\"id\":\"1683364599280685057\",\"text\":\"a\",\"note_tweet\":{\"text\":\"b\"}}", &p,
              &err),
        &err);
    assert_str(p.text, "b");
    assert_false(p.edited);
}

static void test_receipt_is_told_or_recorded(void **state) {
    (void)state;
    struct arena a;
    struct post p;
    struct error err;
    str line = STR(
        "{\"id\":\"1683364599280685057\",\"text\":\"a\",\"received\":\"2023-07-24T06:33:00Z\"}");
    assert_ok(parse_as(line, false, &p, &err), &err);
    assert_int_equal(p.received_at / USEC_PER_S, 1690180380);
    arena_init(&a, block, sizeof block);
    assert_ok(x_post_parse(&a, line, STR("x"), 77, false, &p, &err), &err);
    assert_int_equal(p.received_at, 77);
}

#define ID "\"id\":\"1683364599280685057\""

static void test_wrong_members_are_named(void **state) {
    (void)state;
    static const struct {
        const char *line, *names;
        err_code code;
    } table[] = {
        {"{\"text\":\"a\"}", "id", ERR_PARSE},
        {"{\"id\":\"\",\"text\":\"a\"}", "id", ERR_PARSE},
        {"{\"id\":1.5,\"text\":\"a\"}", "id", ERR_PARSE},
        {"{\"id\":-1,\"text\":\"a\"}", "id", ERR_PARSE},
        {"{\"id\":true,\"text\":\"a\"}", "id", ERR_PARSE},
        {"{\"id\":\"9223372036854775808\",\"text\":\"a\"}", "id", ERR_RANGE},
        {"{\"id\":\"12x\",\"text\":\"a\"}", "id", ERR_PARSE},
        {"{\"id\":9223372036854775808,\"text\":\"a\"}", "id", ERR_PARSE},
        {"{" ID "}", "text", ERR_PARSE},
        {"{" ID ",\"text\":null}", "text", ERR_PARSE},
        {"{" ID ",\"text\":[\"a\"]}", "text", ERR_PARSE},
        {"{" ID ",\"text\":\"a\",\"note_tweet\":\"b\"}", "note_tweet", ERR_PARSE},
        {"{" ID ",\"text\":\"a\",\"note_tweet\":{\"text\":1}}", "note_tweet.text", ERR_PARSE},
        {"{" ID ",\"text\":\"a\",\"created_at\":5}", "created_at", ERR_PARSE},
        {"{" ID ",\"text\":\"a\",\"created_at\":\"2023-13-01T00:00:00Z\"}", "created_at",
         ERR_PARSE},
        {"{" ID ",\"text\":\"a\",\"author_id\":{}}", "author_id", ERR_PARSE},
        {"{" ID ",\"text\":\"a\",\"username\":5}", "username", ERR_PARSE},
        {"{" ID ",\"text\":\"a\",\"lang\":5}", "lang", ERR_PARSE},
        {"{" ID ",\"text\":\"a\",\"received\":\"now\"}", "received", ERR_PARSE},
        {"{" ID ",\"text\":\"a\",\"edit_history_tweet_ids\":\"5\"}", "edit_history_tweet_ids",
         ERR_PARSE},
        {"{" ID ",\"text\":\"a\",\"edit_history_tweet_ids\":[{}]}", "edit_history_tweet_ids",
         ERR_PARSE},
        {"{" ID ",\"text\":\"a\",\"referenced_tweets\":{}}", "referenced_tweets", ERR_PARSE},
        {"{" ID ",\"text\":\"a\",\"referenced_tweets\":[5]}", "referenced_tweets", ERR_PARSE},
        {"{" ID ",\"text\":\"a\",\"referenced_tweets\":[{\"type\":\"quoted\",\"id\":[]}]}",
         "referenced_tweets", ERR_PARSE},
        {"{" ID ",\"text\":\"a\",\"public_metrics\":5}", "public_metrics", ERR_PARSE},
        {"{" ID ",\"text\":\"a\",\"public_metrics\":{\"like_count\":\"5\"}}", "like_count",
         ERR_PARSE},
        {"{" ID ",\"text\":\"a\",\"public_metrics\":{\"like_count\":-5}}", "like_count", ERR_PARSE},
        {"{" ID ",\"text\":\"a\\u0000b\"}", "not JSON", ERR_PARSE},
        {"{" ID ",\"text\":\"\xC3\x28\"}", "not JSON", ERR_PARSE},
        {"{" ID ",\"text\":\"\\ud800\"}", "not JSON", ERR_PARSE},
        {"{" ID ",\"text\":\"a\"", "not JSON", ERR_PARSE},
        {"{" ID ",\"text\":\"a\"} x", "not JSON", ERR_PARSE},
        {"[]", "object", ERR_PARSE},
        {"5", "object", ERR_PARSE},
        {"", "not JSON", ERR_PARSE},
    };
    for (int i = 0; i < COUNT_OF(table); i++) {
        struct post p;
        struct error err = {0};
        if (parse(table[i].line, &p, &err)) fail_msg("%s was taken", table[i].line);
        if (err.code != table[i].code || !strstr(err.msg, table[i].names)) {
            fail_msg("%s: %s (%s)", table[i].line, err.msg, err_name(err.code));
        }
    }
}

static void test_a_number_of_400_digits_is_an_error_and_no_more(void **state) {
    (void)state;
    char line[600];
    struct buf b;
    struct post p;
    struct error err;
    buf_init_fixed(&b, line, sizeof line);
    buf_put(&b, STR("{\"text\":\"a\",\"id\":"));
    for (int i = 0; i < 400; i++) buf_put_byte(&b, '9');
    buf_put_byte(&b, '}');
    assert_fails(parse(line, &p, &err), &err, ERR_PARSE);
    assert_non_null(strstr(err.msg, "id: "));
}

static void test_members_that_are_not_known_hold_what_they_like(void **state) {
    (void)state;
    char line[900];
    struct buf b;
    struct post p;
    struct error err;
    buf_init_fixed(&b, line, sizeof line);
    buf_put(&b, STR("{\"n\":[1e999,"));
    for (int i = 0; i < 400; i++) buf_put_byte(&b, '9');
    buf_put(&b, STR("],\"o\":{\"id\":5,\"text\":5,\"data\":{}},\"data\":7," ID ",\"text\":\"a\"}"));
    assert_ok(parse(line, &p, &err), &err);
    assert_str(p.text, "a");
    buf_clear(&b);
    buf_put(&b, STR("{\"a\":"));
    for (int i = 0; i < 100; i++) buf_put_byte(&b, '[');
    assert_fails(parse(line, &p, &err), &err, ERR_LIMIT);
}

static void test_null_is_missing_and_the_last_of_a_name_counts(void **state) {
    (void)state;
    struct post p;
    struct error err;
    assert_ok(parse("{" ID ",\"text\":\"a\",\"text\":\"b\",\"lang\":null,\"author_id\":null,"
                    "\"note_tweet\":null,\"public_metrics\":null,\"referenced_tweets\":null}",
                    &p, &err),
              &err);
    assert_str(p.text, "b");
    assert_str(p.author_id, "");
    assert_int_equal(p.ref, POST_REF_NONE);
    assert_ok(parse("{\"text\":\"out\",\"data\":{" ID ",\"text\":\"in\"},\"id\":\"5\"}", &p, &err),
              &err);
    assert_str(p.text, "in");
    assert_true(p.id == INT64_C(1683364599280685057));
}

static void test_escapes_of_json_are_undone(void **state) {
    (void)state;
    struct post p;
    struct error err;
    assert_ok(parse("{" ID ",\"text\":\"\\u0041\\n\\\"\\/\\ud83d\\ude80\\u00e9\"}", &p, &err),
              &err);
    assert_str(p.text, "A\n\"/🚀é");
}

static void test_a_raw_nul_byte_is_an_error(void **state) {
    (void)state;
    struct post p;
    struct error err;
    assert_fails(parse_as(STR("{" ID ",\"text\":\"a\0b\"}"), false, &p, &err), &err, ERR_PARSE);
    assert_fails(parse_as(STR("{" ID ",\"text\":\"a\"}\0"), false, &p, &err), &err, ERR_PARSE);
}

static void test_a_line_over_the_limit_is_refused(void **state) {
    (void)state;
    static char line[POST_LINE_BYTES_MAX + 1];
    struct post p;
    struct error err;
    memset(line, ' ', sizeof line);
    assert_fails(parse_as((str){line, sizeof line}, false, &p, &err), &err, ERR_RANGE);
}

static void test_lenient_takes_a_text_alone(void **state) {
    (void)state;
    struct post p;
    struct error err;
    assert_ok(parse_as(STR("{\"text\":\"a\"}"), true, &p, &err), &err);
    assert_str(p.text, "a");
    assert_true(p.id != 0);
    assert_fails(parse_as(STR("{\"id\":\"5\"}"), true, &p, &err), &err, ERR_PARSE);
    assert_fails(parse_as(STR("{\"text\":5}"), true, &p, &err), &err, ERR_PARSE);
    assert_ok(parse_as(STR("{\"id\":\"5\",\"text\":\"b\"}"), true, &p, &err), &err);
    assert_int_equal(p.id, 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_post_is_read),
        cmocka_unit_test(test_word_of_a_deletion_is_read),
        cmocka_unit_test(test_what_is_wrong_with_a_deletion_is_named),
        cmocka_unit_test(test_a_deletion_is_nothing_to_score),
        cmocka_unit_test(test_both_versions_of_names_and_the_wrapper_are_read),
        cmocka_unit_test(test_receipt_is_told_or_recorded),
        cmocka_unit_test(test_wrong_members_are_named),
        cmocka_unit_test(test_a_number_of_400_digits_is_an_error_and_no_more),
        cmocka_unit_test(test_members_that_are_not_known_hold_what_they_like),
        cmocka_unit_test(test_null_is_missing_and_the_last_of_a_name_counts),
        cmocka_unit_test(test_escapes_of_json_are_undone),
        cmocka_unit_test(test_a_raw_nul_byte_is_an_error),
        cmocka_unit_test(test_a_line_over_the_limit_is_refused),
        cmocka_unit_test(test_lenient_takes_a_text_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
