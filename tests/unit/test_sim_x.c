/* X's face as a library: search, streams, rules, subscriptions, users, bills, limits, credits,
 * faults; time is a number here. tests/conformance runs another's client against it. */
#include "xkit.h"

#define SEARCH "/2/tweets/search/recent?query="
#define STREAM "/2/tweets/search/stream"
#define RULES "/2/tweets/search/stream/rules"
#define SUBSCRIPTIONS "/2/activity/subscriptions"

static int setup(void **state) {
    struct xkit *k = malloc(sizeof *k);
    assert_non_null(k);
    xkit_prepare(k);
    *state = k;
    return 0;
}

static int teardown(void **state) {
    struct xkit *k = *state;
    xkit_close(k);
    free(k);
    return 0;
}

/* Five posts of the last hour, one of ten days ago, two to come. */
static void with_posts(struct xkit *k) {
    xkit_post(k, -10 * 86400.0, "alice", "long ago, $BTC was cheap");
    xkit_post(k, -3600, "alice", "Buying $BTC now, to the moon https://t.co/abc");
    xkit_post(k, -1800, "bob", "I sold my #dogecoin & it <rose>");
    struct sim_post *p = xkit_post(k, -900, "carol", "@alice what about $DOGE?");
    p->ref = POST_REF_REPLY;
    p->ref_id = 1;
    p->lang = STR("de");
    p = xkit_post(k, -600, "bob", "RT @alice: Buying $BTC now");
    p->ref = POST_REF_RETWEET;
    p->ref_id = 1;
    xkit_post(k, -120, "alice", "Bitcoin again");
    xkit_post(k, 5, "alice", "Bitcoin in five seconds");
    xkit_post(k, 50, "bob", "Bob says bitcoin");
    xkit_begin(k);
}

/* How many posts the query finds. */
static int found(struct xkit *k, const char *query) {
    char target[1024];
    snprintf(target, sizeof target, SEARCH "%s&max_results=100", query);
    if (xkit_get(k, target) != 200) fail_msg("%s: %s", query, buf_z(&k->body));
    assert_int_equal(xkit_i64(k, "meta.result_count"), xkit_count(k, "data"));
    return xkit_count(k, "data");
}

static int refused(struct xkit *k, const char *query) {
    char target[2048];
    snprintf(target, sizeof target, SEARCH "%s", query);
    return xkit_get(k, target);
}

static int open_stream(struct xkit *k, const char *target) {
    if (xkit_get(k, target) != 200) fail_msg("%s: %s", target, buf_z(&k->body));
    assert_true(k->last.stream >= 0);
    return k->last.stream;
}

static void add_rule(struct xkit *k, const char *value) {
    char body[2048];
    snprintf(body, sizeof body, "{\"add\":[{\"value\":\"%s\",\"tag\":\"t\"}]}", value);
    if (xkit_call(k, "POST", RULES, body) != 201) fail_msg("%s: %s", value, buf_z(&k->body));
}

/* --- search ------------------------------------------------------------------------------------
 */

static void test_each_operator_finds_what_it_names(void **state) {
    struct xkit *k = *state;
    with_posts(k);
    assert_int_equal(found(k, "from:alice"), 2);
    assert_int_equal(found(k, "from:ALICE+OR+from:bob"), 4);
    assert_int_equal(found(k, "(from:alice+OR+from:bob)+-is:retweet"), 3);
    assert_int_equal(found(k, "(from:alice+OR+from:bob)+is:retweet"), 1);
    assert_int_equal(found(k, "from:carol+is:reply"), 1);
    assert_int_equal(found(k, "to:alice"), 1);
    assert_int_equal(found(k, "@alice"), 2);
    assert_int_equal(found(k, "%24btc"), 2);
    assert_int_equal(found(k, "%24DOGE"), 1);
    assert_int_equal(found(k, "%23dogecoin"), 1);
    assert_int_equal(found(k, "bitcoin"), 1);
    assert_int_equal(found(k, "%22to+the+moon%22"), 1);
    assert_int_equal(found(k, "%22the+to+moon%22"), 0);
    assert_int_equal(found(k, "moon+buying"), 1);
    assert_int_equal(found(k, "moon+OR+sold"), 2);
    assert_int_equal(found(k, "from:alice+has:links"), 1);
    assert_int_equal(found(k, "from:alice+-has:links"), 1);
    assert_int_equal(found(k, "(from:alice+OR+from:carol)+has:cashtags"), 2);
    assert_int_equal(found(k, "(from:alice+OR+from:carol)+lang:de"), 1);
    assert_int_equal(found(k, "from:alice+-is:nullcast"), 2);
    assert_int_equal(found(k, "conversation_id:1"), 1);
    assert_int_equal(found(k, "from:nobody"), 0);
    /* since the index of May 2026 words find no retweets */
    assert_int_equal(found(k, "buying"), 1);
}

static void test_queries_that_x_refuses_are_refused(void **state) {
    static const char *const bad[] = {"-is:retweet",
                                      "is:reply",
                                      "-from:alice",
                                      "-(from:alice)",
                                      "(from:alice",
                                      "from:alice)",
                                      "from:",
                                      "place:berlin",
                                      "\"open",
                                      "a+OR",
                                      "OR+a",
                                      "-",
                                      "is:nullcast+a",
                                      "%FF",
                                      "min_faves:3+a",
                                      "lang:en+has:links",
                                      "()",
                                      "!!!"};
    struct xkit *k = *state;
    with_posts(k);
    for (ptrdiff_t i = 0; i < COUNT_OF(bad); i++)
        if (refused(k, bad[i]) != 400) fail_msg("%s: %s", bad[i], buf_z(&k->body));
    assert_true(strstr(xkit_text(k, "type"), "invalid-request") != NULL);
    assert_true(xkit_count(k, "errors") == 1);
    char long_one[700] = "from:alice";
    for (size_t n = strlen(long_one); n <= 512; n += 5) memcpy(long_one + n, "+OR+b", 6);
    assert_int_equal(refused(k, long_one), 400);
}

static void test_a_post_has_the_fields_that_were_asked_for(void **state) {
    struct xkit *k = *state;
    with_posts(k);
    assert_int_equal(xkit_get(k, SEARCH "%23dogecoin"), 200);
    assert_int_equal(json_object_size(xkit_at(k->json, "data.0")), 3);
    assert_string_equal(xkit_text(k, "data.0.text"), "I sold my #dogecoin &amp; it &lt;rose&gt;");
    assert_string_equal(xkit_text(k, "data.0.edit_history_tweet_ids.0"), xkit_text(k, "data.0.id"));
    assert_int_equal(xkit_get(k, SEARCH
                              "from:carol&tweet.fields=created_at,author_id,lang,referenced_tweets,"
                              "entities,conversation_id,public_metrics,possibly_sensitive"),
                     200);
    assert_string_equal(xkit_text(k, "data.0.created_at"), "2026-11-18T10:51:40.000Z");
    assert_string_equal(xkit_text(k, "data.0.lang"), "de");
    assert_string_equal(xkit_text(k, "data.0.referenced_tweets.0.type"), "replied_to");
    assert_string_equal(xkit_text(k, "data.0.entities.cashtags.0.tag"), "DOGE");
    assert_int_equal(xkit_i64(k, "data.0.entities.cashtags.0.start"), 18);
    assert_int_equal(xkit_i64(k, "data.0.entities.cashtags.0.end"), 23);
    assert_string_equal(xkit_text(k, "data.0.entities.mentions.0.username"), "alice");
    assert_string_equal(xkit_text(k, "data.0.conversation_id"), "1");
    /* the newer names come where they are asked for */
    assert_int_equal(xkit_get(k, SEARCH "from:carol&post.fields=referenced_posts"), 200);
    assert_int_equal(xkit_count(k, "data.0.edit_history_post_ids"), 1);
    assert_int_equal(xkit_count(k, "data.0.referenced_posts"), 1);
    assert_int_equal(xkit_get(k, SEARCH "from:carol&tweet.fields=nonsense"), 400);
    assert_int_equal(xkit_get(k, SEARCH "from:carol&nonsense=1"), 400);
}

static void test_the_newest_thirty_seconds_come_to_those_who_poll(void **state) {
    struct xkit *k = *state;
    char since[64], target[256];
    with_posts(k);
    assert_int_equal(found(k, "bitcoin"), 1);
    snprintf(since, sizeof since, "%s", xkit_text(k, "meta.newest_id"));
    xkit_wait(k, 10);
    assert_int_equal(found(k, "bitcoin"), 1); /* the one of 5 s is not 30 s old */
    snprintf(target, sizeof target, "bitcoin&since_id=%s", since);
    assert_int_equal(found(k, target), 1);
    assert_string_equal(xkit_text(k, "data.0.text"), "Bitcoin in five seconds");
    xkit_wait(k, 40);
    assert_int_equal(found(k, target), 2);
    assert_string_equal(xkit_text(k, "data.0.text"), "Bob says bitcoin");
    snprintf(target, sizeof target, "bitcoin&since_id=%s", xkit_text(k, "meta.newest_id"));
    assert_int_equal(found(k, target), 0);
    assert_null(xkit_at(k->json, "meta.newest_id"));
    assert_null(xkit_at(k->json, "data"));
}

static void test_windows_that_x_refuses_are_refused(void **state) {
    static const char *const bad[] = {"a&start_time=2026-11-01T00:00:00Z", /* over 7 days */
                                      "a&end_time=2026-11-18T11:06:39Z",   /* a second ago */
                                      "a&end_time=yesterday",
                                      "a&since_id=5", /* older than 7 days */
                                      "a&since_id=x",
                                      "a&max_results=9",
                                      "a&max_results=101",
                                      "a&next_token=b26v",
                                      "a&sort_order=best",
                                      "a&start_time=2026-11-18T10:00:00Z&end_time=2026-11-18T09:00:"
                                      "00Z"};
    struct xkit *k = *state;
    with_posts(k);
    for (ptrdiff_t i = 0; i < COUNT_OF(bad); i++)
        if (refused(k, bad[i]) != 400) fail_msg("%s: %s", bad[i], buf_z(&k->body));
    assert_int_equal(found(k, "from:alice&start_time=2026-11-18T10:30:00Z"), 1);
    assert_int_equal(found(k, "from:alice&end_time=2026-11-18T10:30:00Z"), 1);
}

static void test_pages_hold_every_post_once_while_new_ones_come(void **state) {
    struct xkit *k = *state;
    char target[256], token[64] = "";
    int seen = 0, pages = 0;
    int64_t before = INT64_MAX;
    for (int i = 0; i < 250; i++) xkit_post(k, -1000 + i, "alice", "bitcoin");
    for (int i = 0; i < 50; i++) xkit_post(k, i, "alice", "bitcoin");
    xkit_begin(k);
    do {
        snprintf(target, sizeof target, SEARCH "bitcoin&max_results=100%s%s",
                 token[0] ? "&next_token=" : "", token);
        assert_int_equal(xkit_get(k, target), 200);
        for (int i = 0; i < xkit_count(k, "data"); i++) {
            char path[32];
            int64_t id;
            snprintf(path, sizeof path, "data.%d.id", i);
            assert_true(str_to_i64(str_from_z(xkit_text(k, path)), &id));
            assert_true(id < before);
            before = id;
            seen++;
        }
        snprintf(token, sizeof token, "%s", xkit_text(k, "meta.next_token"));
        xkit_wait(k, 10);
        pages++;
    } while (token[0] && pages < 10);
    assert_int_equal(seen, 250);
    assert_int_equal(pages, 3);
}

/* --- streams -----------------------------------------------------------------------------------
 */

static void test_the_stream_carries_what_its_rules_match(void **state) {
    struct xkit *k = *state;
    with_posts(k);
    assert_int_equal(xkit_get(k, STREAM), 409); /* no rules */
    add_rule(k, "from:alice bitcoin");
    const int conn = open_stream(k, STREAM "?tweet.fields=author_id,created_at");
    assert_int_equal(xkit_get(k, STREAM), 429);
    assert_string_equal(xkit_text(k, "connection_issue"), "TooManyConnections");
    assert_int_equal(k->face.ready(k->face.ctx), -1);
    xkit_wait(k, 6);
    assert_int_equal(k->face.ready(k->face.ctx), conn);
    xkit_message(k, conn);
    assert_string_equal(xkit_text(k, "data.text"), "Bitcoin in five seconds");
    assert_string_equal(xkit_text(k, "data.created_at"), "2026-11-18T11:06:45.000Z");
    assert_string_equal(xkit_text(k, "matching_rules.0.tag"), "t");
    assert_true(str_ends(buf_str(&k->body), STR("\r\n")));
    xkit_silence(k, conn);
    xkit_wait(k, 20);
    xkit_keep_alive(k, conn);
    xkit_silence(k, conn);
    xkit_wait(k, 30); /* bob's is not for it */
    xkit_keep_alive(k, conn);
    k->face.close(k->face.ctx, k->now, conn);
    assert_int_equal(k->face.ready(k->face.ctx), -1);
    open_stream(k, STREAM);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_operator_finds_what_it_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_queries_that_x_refuses_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_post_has_the_fields_that_were_asked_for, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_newest_thirty_seconds_come_to_those_who_poll,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_windows_that_x_refuses_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pages_hold_every_post_once_while_new_ones_come, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_stream_carries_what_its_rules_match, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("sim_x", tests, NULL, NULL);
}
