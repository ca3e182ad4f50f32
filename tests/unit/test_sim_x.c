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
                                      ("a&start_time=2026-11-18T10:00:00Z"
                                       "&end_time=2026-11-18T09:00:00Z")};
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

static void test_rules_are_added_told_and_deleted(void **state) {
    struct xkit *k = *state;
    char body[256];
    with_posts(k);
    assert_int_equal(xkit_get(k, RULES), 200);
    assert_null(xkit_at(k->json, "data"));
    assert_int_equal(xkit_i64(k, "meta.result_count"), 0);
    assert_int_equal(xkit_call(k, "POST", RULES,
                               "{\"add\":[{\"value\":\"from:alice\",\"tag\":\"a\"},"
                               "{\"value\":\"from:bob\"},{\"value\":\"from:alice\"},"
                               "{\"value\":\"is:reply\"},{\"tag\":\"none\"}]}"),
                     201);
    assert_int_equal(xkit_count(k, "data"), 2);
    assert_int_equal(xkit_i64(k, "meta.summary.created"), 2);
    assert_int_equal(xkit_i64(k, "meta.summary.not_created"), 3);
    assert_int_equal(xkit_i64(k, "meta.summary.invalid"), 2);
    assert_string_equal(xkit_text(k, "errors.0.title"), "DuplicateRule");
    assert_string_equal(xkit_text(k, "errors.0.id"), xkit_text(k, "data.0.id"));
    snprintf(body, sizeof body, "{\"delete\":{\"ids\":[\"%s\",\"5\"]}}", xkit_text(k, "data.0.id"));
    assert_int_equal(xkit_call(k, "POST", RULES "?dry_run=true", body), 200);
    assert_int_equal(xkit_i64(k, "meta.summary.deleted"), 1);
    assert_int_equal(xkit_get(k, RULES), 200);
    assert_int_equal(xkit_count(k, "data"), 2);
    assert_string_equal(xkit_text(k, "data.0.tag"), "a");
    assert_int_equal(xkit_call(k, "POST", RULES, body), 200);
    assert_int_equal(xkit_i64(k, "meta.summary.deleted"), 1);
    assert_int_equal(xkit_i64(k, "meta.summary.not_deleted"), 1);
    assert_int_equal(
        xkit_call(k, "POST", RULES "?dry_run=true", "{\"add\":[{\"value\":\"zebra\"}]}"), 201);
    assert_int_equal(
        xkit_call(k, "POST", RULES, "{\"delete\":{\"values\":[\"from:bob\",\"zebra\"]}}"), 200);
    assert_int_equal(xkit_i64(k, "meta.summary.deleted"), 1);
    add_rule(k, "one");
    add_rule(k, "two");
    assert_int_equal(xkit_call(k, "POST", RULES "?delete_all=true", NULL), 200);
    assert_int_equal(xkit_i64(k, "meta.summary.deleted"), 2);
    static const char *const bad[] = {"", "[]", "{}", "{\"add\":[]}", "{\"add\":{},\"delete\":{}}"};
    for (ptrdiff_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(xkit_call(k, "POST", RULES, bad[i]), 400);
    assert_int_equal(xkit_call(k, "PUT", RULES, "{}"), 405);
}

static void test_edits_are_new_posts_and_deletions_take_all_versions(void **state) {
    struct xkit *k = *state;
    char target[256];
    xkit_post(k, -100, "alice", "first version")->id = INT64_C(2122900000000000001);
    struct sim_post *p = xkit_post(k, 10, "", "second version");
    p->kind = SIM_POST_EDIT;
    p->root_id = INT64_C(2122900000000000001);
    p = xkit_post(k, 30, "", "");
    p->kind = SIM_POST_DELETION;
    p->root_id = INT64_C(2122900000000000001);
    xkit_begin(k);
    add_rule(k, "version");
    const int conn = open_stream(k, STREAM "?tweet.fields=edit_controls,author_id");
    assert_int_equal(found(k, "version"), 1);
    xkit_wait(k, 11);
    xkit_message(k, conn);
    assert_string_equal(xkit_text(k, "data.text"), "second version");
    assert_string_equal(xkit_text(k, "data.edit_history_tweet_ids.0"), "2122900000000000001");
    assert_string_equal(xkit_text(k, "data.edit_history_tweet_ids.1"), xkit_text(k, "data.id"));
    assert_int_equal(xkit_i64(k, "data.edit_controls.edits_remaining"), 4);
    char second[32];
    snprintf(second, sizeof second, "%s", xkit_text(k, "data.id"));
    assert_int_equal(found(k, "version&since_id=2122900000000000000"), 1);
    assert_string_equal(xkit_text(k, "data.0.id"), second);
    /* the old one is known by its id */
    assert_int_equal(xkit_get(k, "/2/tweets/2122900000000000001"), 200);
    assert_string_equal(xkit_text(k, "data.text"), "first version");
    xkit_wait(k, 20);
    assert_int_equal(found(k, "version&since_id=2122900000000000000"), 0);
    snprintf(target, sizeof target, "/2/tweets?ids=2122900000000000001,%s", second);
    assert_int_equal(xkit_get(k, target), 200);
    assert_int_equal(xkit_count(k, "errors"), 2);
    assert_null(xkit_at(k->json, "data"));
    xkit_keep_alive(k, conn); /* the filtered stream does not tell of deletions */
    assert_int_equal(x_face_published(k->x), 1);
}

static void test_subscriptions_bring_events_of_their_author(void **state) {
    struct xkit *k = *state;
    char target[128], body[256], alice[32];
    with_posts(k);
    struct sim_post *p = xkit_post(k, 60, "", "");
    p->kind = SIM_POST_DELETION;
    p->root_id = 77;
    xkit_post(k, 55, "alice", "to go")->id = 77;
    k->posts[k->post_count] = k->posts[k->post_count - 1]; /* in the order of time */
    k->posts[k->post_count - 1] = k->posts[k->post_count - 2];
    k->posts[k->post_count - 2] = k->posts[k->post_count];
    assert_int_equal(xkit_get(k, "/2/users/by/username/alice"), 200);
    snprintf(alice, sizeof alice, "%s", xkit_text(k, "data.id"));
    snprintf(body, sizeof body,
             "{\"event_type\":\"post.create\",\"filter\":{\"user_id\":\"%s\"},\"tag\":\"a\"}",
             alice);
    assert_int_equal(xkit_call(k, "POST", SUBSCRIPTIONS, body), 200);
    assert_string_equal(xkit_text(k, "data.filter.user_id"), alice);
    snprintf(target, sizeof target, SUBSCRIPTIONS "/%s", xkit_text(k, "data.subscription_id"));
    assert_int_equal(xkit_call(k, "POST", SUBSCRIPTIONS, body), 409);
    assert_int_equal(xkit_call(k, "PUT", target, "{\"tag\":\"b\"}"), 200);
    snprintf(body, sizeof body, "{\"event_type\":\"post.delete\",\"filter\":{\"user_id\":\"%s\"}}",
             alice);
    assert_int_equal(xkit_call(k, "POST", SUBSCRIPTIONS, body), 200);
    assert_int_equal(xkit_get(k, SUBSCRIPTIONS), 200);
    assert_int_equal(xkit_count(k, "data"), 2);
    assert_string_equal(xkit_text(k, "data.0.tag"), "b");
    assert_int_equal(xkit_get(k, SUBSCRIPTIONS "?max_results=1"), 200);
    assert_string_equal(xkit_text(k, "meta.next_token"), "1");
    assert_int_equal(xkit_get(k, SUBSCRIPTIONS "?max_results=1&pagination_token=1"), 200);
    assert_string_equal(xkit_text(k, "data.0.event_type"), "post.delete");
    assert_null(xkit_at(k->json, "meta.next_token"));

    const int conn = open_stream(k, "/2/activity/stream");
    const int other = open_stream(k, "/2/activity/stream");
    assert_int_not_equal(conn, other);
    assert_int_equal(xkit_get(k, "/2/activity/stream"), 429);
    xkit_wait(k, 100);
    xkit_message(k, conn);
    assert_string_equal(xkit_text(k, "data.event_type"), "post.create");
    assert_string_equal(xkit_text(k, "data.tag"), "b");
    assert_string_equal(xkit_text(k, "data.payload.text"), "Bitcoin in five seconds");
    assert_string_equal(xkit_text(k, "data.payload.author_id"), alice);
    xkit_message(k, conn);
    assert_string_equal(xkit_text(k, "data.payload.text"), "to go");
    xkit_message(k, conn);
    assert_string_equal(xkit_text(k, "data.event_type"), "post.delete");
    assert_string_equal(xkit_text(k, "data.payload.delete.tweet.id"), "77");
    xkit_message(k, other); /* the same once more: billed once */
    assert_int_equal(x_face_billed(k->x, time_utc_day(k->now), RESOURCE_EVENT), 2);

    assert_int_equal(xkit_call(k, "DELETE", target, NULL), 200);
    assert_int_equal(xkit_call(k, "DELETE", target, NULL), 404);
    assert_int_equal(xkit_call(k, "POST", SUBSCRIPTIONS, "{\"event_type\":\"like.create\"}"), 400);
    assert_int_equal(xkit_call(k, "POST", SUBSCRIPTIONS, "nonsense"), 400);
    /* backfill: what was published within the last minutes comes first */
    k->face.close(k->face.ctx, k->now, conn);
    const int again = open_stream(k, "/2/activity/stream?backfill_minutes=2");
    xkit_message(k, again);
    assert_string_equal(xkit_text(k, "data.event_type"), "post.delete");
}

/* --- people and posts by id --------------------------------------------------------------------
 */

static void test_users_are_found_by_name_and_the_missing_are_told(void **state) {
    struct xkit *k = *state;
    static const struct sim_user known[] = {{44196397, {"elonmusk", 8}}};
    char target[128];
    k->opt.users = known;
    k->opt.user_count = 1;
    with_posts(k);
    assert_int_equal(xkit_get(k, "/2/users/by?usernames=Alice,nobody,elonmusk"), 200);
    assert_int_equal(xkit_count(k, "data"), 2);
    assert_string_equal(xkit_text(k, "data.0.username"), "alice");
    assert_string_equal(xkit_text(k, "data.1.id"), "44196397");
    assert_string_equal(xkit_text(k, "errors.0.value"), "nobody");
    assert_int_equal(x_face_billed(k->x, time_utc_day(k->now), RESOURCE_USER), 2);
    snprintf(target, sizeof target, "/2/users/%s/tweets?exclude=retweets&max_results=5",
             xkit_text(k, "data.0.id"));
    assert_int_equal(xkit_get(k, target), 200);
    assert_int_equal(xkit_count(k, "data"), 3); /* older than search, too */
    assert_int_equal(xkit_get(k, "/2/users/by?usernames=a-b"), 400);
    assert_int_equal(xkit_get(k, "/2/users/by"), 400);
    assert_int_equal(xkit_get(k, "/2/users/5/tweets"), 200);
    assert_int_equal(xkit_count(k, "errors"), 1);
    char many[1200] = "/2/users/by?usernames=a";
    for (size_t n = strlen(many); n < 1000; n += 2) memcpy(many + n, ",a", 3);
    assert_int_equal(xkit_get(k, many), 400);
    /* somebody whose post is still to come is there */
    xkit_post(k, 500, "dave", "later");
    xkit_wait(k, 1);
    assert_int_equal(xkit_get(k, "/2/users/by/username/dave"), 200);
    assert_string_equal(xkit_text(k, "data.username"), "dave");
}

static void test_long_posts_are_cut_and_whole_in_their_note(void **state) {
    struct xkit *k = *state;
    static char text[700];
    xkit_prepare(k);
    for (int i = 0; i < 300; i++) memcpy(text + 2 * i, "\xC3\xA9", 3);
    memcpy(text + 600, " $BTC", 6);
    xkit_post(k, -60, "alice", text);
    xkit_begin(k);
    assert_int_equal(xkit_get(k, SEARCH "from:alice&tweet.fields=note_tweet,entities"), 200);
    assert_int_equal(strlen(xkit_text(k, "data.0.text")), 2 * 279 + 3);
    assert_string_equal(xkit_text(k, "data.0.note_tweet.text"), text);
    assert_int_equal(xkit_i64(k, "data.0.note_tweet.entities.cashtags.0.start"), 301);
    assert_null(xkit_at(k->json, "data.0.entities"));
    assert_int_equal(xkit_get(k, SEARCH "%24BTC"), 200); /* found by what was cut */
    assert_int_equal(xkit_count(k, "data"), 1);
}

/* --- money and limits --------------------------------------------------------------------------
 */

static void test_a_resource_is_billed_once_a_day(void **state) {
    struct xkit *k = *state;
    with_posts(k);
    const int64_t day = time_utc_day(k->now);
    for (int i = 0; i < 3; i++) assert_int_equal(found(k, "from:alice"), 2);
    assert_int_equal(x_face_billed(k->x, day, RESOURCE_POST), 2);
    assert_int_equal(money_e8(x_face_bill(k->x)), E8 / 100);
    assert_int_equal(refused(k, "is:reply"), 400);
    assert_int_equal(found(k, "from:nobody"), 0);
    assert_int_equal(money_e8(x_face_bill(k->x)), E8 / 100);
    /* what is included is billed, too */
    assert_int_equal(found(k, "from:alice&expansions=author_id"), 2);
    assert_int_equal(xkit_count(k, "includes.users"), 1);
    assert_int_equal(x_face_billed(k->x, day, RESOURCE_USER), 1);
    xkit_wait(k, 86400);
    assert_int_equal(found(k, "from:alice"), 3);
    assert_int_equal(x_face_billed(k->x, day, RESOURCE_POST), 2);
    assert_int_equal(x_face_billed(k->x, day + 1, RESOURCE_POST), 3);
    assert_int_equal(xkit_get(k, "/2/usage/tweets?days=2"), 200);
    assert_string_equal(xkit_text(k, "data.project_usage"), "5");
    assert_string_equal(xkit_text(k, "data.daily_project_usage.usage.0.usage"), "2");
    assert_string_equal(xkit_text(k, "data.daily_project_usage.usage.1.usage"), "3");
    assert_string_equal(xkit_text(k, "data.daily_project_usage.usage.1.date"),
                        "2026-11-19T00:00:00.000Z");
}

static void test_a_stream_and_a_search_of_one_post_are_billed_once(void **state) {
    struct xkit *k = *state;
    with_posts(k);
    add_rule(k, "bitcoin");
    const int conn = open_stream(k, STREAM);
    xkit_wait(k, 100);
    xkit_message(k, conn);
    xkit_message(k, conn);
    xkit_silence(k, conn);
    const int64_t day = time_utc_day(k->now);
    assert_int_equal(x_face_billed(k->x, day, RESOURCE_POST), 2);
    assert_int_equal(found(k, "bitcoin"), 3);
    assert_int_equal(x_face_billed(k->x, day, RESOURCE_POST), 3);
}

static void test_without_credits_what_costs_is_refused(void **state) {
    struct xkit *k = *state;
    k->opt.credits = money_from_e8(E8 / 100);
    with_posts(k);
    add_rule(k, "bitcoin");
    const int conn = open_stream(k, STREAM);
    assert_int_equal(found(k, "from:alice"), 2);
    assert_int_equal(refused(k, "from:alice"), 402);
    assert_string_equal(xkit_text(k, "title"), "CreditsDepleted");
    assert_int_equal(xkit_get(k, "/2/usage/tweets"), 200);
    assert_int_equal(xkit_get(k, "/2/usage/credits"), 200);
    assert_int_equal(xkit_get(k, RULES), 200);
    /* an open stream is told, and cut */
    xkit_wait(k, 6);
    xkit_message(k, conn);
    assert_string_equal(xkit_text(k, "errors.0.title"), "operational-disconnect");
    xkit_cut(k, conn);
    assert_int_equal(xkit_get(k, STREAM), 402);
    x_face_top_up(k->x, money_from_e8(E8));
    assert_int_equal(found(k, "from:bob"), 2);
}

static void test_caps_of_the_month_have_their_own_refusals(void **state) {
    struct xkit *k = *state;
    k->opt.spend_cap = money_from_e8(E8 / 100);
    with_posts(k);
    assert_int_equal(found(k, "from:alice"), 2);
    assert_int_equal(refused(k, "from:alice"), 403);
    assert_string_equal(xkit_text(k, "title"), "SpendCapReached");
    assert_string_equal(xkit_text(k, "reset_date"), "2026-12-01");
    xkit_wait(k, 14 * 86400); /* December */
    assert_int_equal(refused(k, "from:alice"), 200);
}

static void test_the_cap_of_posts_is_a_429_of_its_own(void **state) {
    struct xkit *k = *state;
    k->opt.usage_cap = 2;
    with_posts(k);
    assert_int_equal(found(k, "from:alice"), 2);
    assert_int_equal(refused(k, "from:alice"), 429);
    assert_string_equal(xkit_text(k, "title"), "UsageCapExceeded");
    assert_string_equal(xkit_text(k, "period"), "Monthly");
    assert_true(k->last.rate_remaining > 0);
}

static void test_a_window_of_requests_is_kept_and_told(void **state) {
    struct xkit *k = *state;
    k->opt.search_limit = 2;
    with_posts(k);
    for (int i = 1; i >= 0; i--) {
        assert_int_equal(refused(k, "from:alice"), 200);
        assert_int_equal(k->last.rate_limit, 2);
        assert_int_equal(k->last.rate_remaining, i);
        assert_int_equal(k->last.rate_reset, k->now / USEC_PER_S + 900);
    }
    assert_int_equal(refused(k, "from:alice"), 429);
    assert_string_equal(xkit_text(k, "title"), "Too Many Requests");
    assert_int_equal(k->last.rate_remaining, 0);
    assert_int_equal(xkit_get(k, "/2/usage/tweets"), 200); /* each has its own */
    xkit_wait(k, 900);
    assert_int_equal(refused(k, "from:alice"), 200);
}

static void test_the_token_must_be_right(void **state) {
    struct xkit *k = *state;
    with_posts(k);
    static const char *const wrong[] = {"", "Bearer", "Bearer x", "Basic t%2Fken", "t%2Fken"};
    for (ptrdiff_t i = 0; i < COUNT_OF(wrong); i++) {
        k->authorization = wrong[i];
        assert_int_equal(refused(k, "from:alice"), 401);
        assert_string_equal(xkit_text(k, "title"), "Unauthorized");
    }
    k->authorization = "Basic a2V5OnNlY3JldA==";
    assert_int_equal(xkit_call(k, "POST", "/oauth2/token", "grant_type=client_credentials"), 200);
    assert_string_equal(xkit_text(k, "access_token"), "t%2Fken");
    assert_int_equal(xkit_call(k, "POST", "/oauth2/token", "grant_type=password"), 400);
    k->authorization = "bearer t%2Fken";
    assert_int_equal(refused(k, "from:alice"), 200);
    assert_int_equal(xkit_get(k, "/2/lists/1"), 404);
    assert_int_equal(xkit_call(k, "POST", "/2/tweets", "{}"), 405);
}

/* --- what goes wrong ---------------------------------------------------------------------------
 */

static void test_each_fault_of_a_request_has_its_answer(void **state) {
    static const struct {
        const char *fault;
        int status;
        sim_delivery delivery;
        const char *title;
        int64_t billed; /* the two posts that it would give */
    } v[] = {{"none", 200, SIM_WHOLE, "", 2},
             {"close_before", 200, SIM_CLOSE, "", 0},
             {"close_after", 200, SIM_CLOSE, "", 2},
             {"reset_after", 200, SIM_RESET, "", 2},
             {"truncate", 200, SIM_TRUNCATE, "", 2},
             {"trickle", 200, SIM_TRICKLE, "", 2},
             {"silence", 200, SIM_SILENCE, "", 2},
             {"silence_before", 200, SIM_SILENCE, "", 0},
             {"delay;delay_ms=5", 200, SIM_WHOLE, "", 2},
             {"html_503", 503, SIM_WHOLE, "", 0},
             {"html_502_done", 502, SIM_WHOLE, "", 2},
             {"overloaded", 503, SIM_WHOLE, "Service Unavailable", 0},
             {"internal", 500, SIM_WHOLE, "Internal Server Error", 0},
             {"rate_429;amount=60", 429, SIM_WHOLE, "Too Many Requests", 0},
             {"x_credits", 402, SIM_WHOLE, "CreditsDepleted", 0},
             {"x_spend_cap", 403, SIM_WHOLE, "SpendCapReached", 0},
             {"x_usage_cap", 429, SIM_WHOLE, "UsageCapExceeded", 0},
             {"x_unauthorized", 401, SIM_WHOLE, "Unauthorized", 0},
             {"x_forbidden", 403, SIM_WHOLE, "Client Forbidden", 0},
             {"x_connections", 429, SIM_WHOLE, "ConnectionException", 0},
             {"x_partial", 200, SIM_WHOLE, "", 2},
             {"leg_refused", 200, SIM_WHOLE, "", 2}, /* there is no such thing at X */
             {"no_such_fault", 400, SIM_WHOLE, "Invalid Request", 0}};
    struct xkit *k = *state;
    char body[64], query[16];
    xkit_begin(k);
    for (ptrdiff_t i = 0; i < COUNT_OF(v); i++) {
        k->fault = NULL;
        snprintf(body, sizeof body, "{\"username\":\"alice\",\"text\":\"word%d\"}", (int)i);
        for (int n = 0; n < 2; n++)
            assert_int_equal(xkit_call(k, "POST", "/sim/x/publish", body), 200);
        xkit_wait(k, 31);
        const money before = x_face_bill(k->x);
        k->fault = v[i].fault;
        snprintf(query, sizeof query, "word%d", (int)i);
        const int status = refused(k, query);
        if (status != v[i].status || k->last.delivery != v[i].delivery)
            fail_msg("%s: %d, delivery %d", v[i].fault, status, (int)k->last.delivery);
        assert_string_equal(xkit_text(k, "title"), v[i].title);
        assert_int_equal(money_e8(x_face_bill(k->x)) - money_e8(before), v[i].billed * (E8 / 200));
        if (strcmp(v[i].fault, "x_partial") == 0) assert_int_equal(xkit_count(k, "errors"), 1);
        if (strstr(v[i].fault, "delay")) assert_int_equal(k->last.delay, 5000);
    }
}

static void with_plan(struct xkit *k, const char *json) {
    struct error err;
    assert_ok(faults_parse(&k->boot, str_from_z(json), 7, &k->opt.faults, &err), &err);
    for (int i = 1; i <= 6; i++) {
        char *text = NEW_ARRAY(&k->boot, char, 16);
        snprintf(text, 16, "bitcoin %d", i);
        xkit_post(k, i, "alice", text);
    }
    xkit_begin(k);
    add_rule(k, "bitcoin");
}

static void say_next(struct xkit *k, int conn, const char *text) {
    xkit_message(k, conn);
    assert_string_equal(xkit_text(k, "data.text"), text);
}

static void test_streams_lose_repeat_and_swap_as_planned(void **state) {
    struct xkit *k = *state;
    with_plan(k, "{\"streams\":[{\"nth\":2,\"fault\":\"stream_gap\"},"
                 "{\"nth\":3,\"fault\":\"stream_double\"},"
                 "{\"nth\":4,\"fault\":\"stream_swap\",\"delay_ms\":60000},"
                 "{\"nth\":6,\"fault\":\"stream_swap\",\"delay_ms\":3000}]}");
    const int conn = open_stream(k, STREAM);
    xkit_wait(k, 6);
    say_next(k, conn, "bitcoin 1");
    say_next(k, conn, "bitcoin 3");
    say_next(k, conn, "bitcoin 3");
    say_next(k, conn, "bitcoin 5");
    say_next(k, conn, "bitcoin 4");
    xkit_silence(k, conn);
    assert_int_equal(k->face.next_at(k->face.ctx), k->now + 3 * USEC_PER_S);
    xkit_wait(k, 3);
    assert_int_equal(k->face.ready(k->face.ctx), conn);
    say_next(k, conn, "bitcoin 6");
    /* what was lost was lost at X: nobody pays for it */
    assert_int_equal(x_face_billed(k->x, time_utc_day(k->now), RESOURCE_POST), 5);
}

static void test_a_mute_stream_says_nothing_and_then_what_it_had(void **state) {
    struct xkit *k = *state;
    with_plan(k, "{\"streams\":[{\"nth\":2,\"fault\":\"stream_mute\",\"delay_ms\":45000}]}");
    const int conn = open_stream(k, STREAM);
    xkit_wait(k, 3);
    say_next(k, conn, "bitcoin 1");
    xkit_silence(k, conn);
    xkit_wait(k, 44);
    xkit_silence(k, conn); /* no keep-alives either */
    assert_int_equal(k->face.ready(k->face.ctx), -1);
    xkit_wait(k, 2);
    assert_int_equal(k->face.ready(k->face.ctx), conn);
    for (int i = 2; i <= 6; i++) {
        char text[16];
        snprintf(text, sizeof text, "bitcoin %d", i);
        say_next(k, conn, text);
    }
}

static void test_streams_are_cut_with_and_without_a_word(void **state) {
    struct xkit *k = *state;
    with_plan(k, "{\"streams\":[{\"nth\":2,\"fault\":\"stream_cut\"},"
                 "{\"nth\":3,\"fault\":\"x_disconnect\"}],"
                 "\"at\":[{\"after_s\":4.5,\"fault\":\"stream_cut\"}]}");
    int conn = open_stream(k, STREAM);
    xkit_wait(k, 1);
    say_next(k, conn, "bitcoin 1");
    xkit_wait(k, 1);
    xkit_cut(k, conn);
    conn = open_stream(k, STREAM);
    xkit_wait(k, 1);
    xkit_message(k, conn);
    assert_string_equal(xkit_text(k, "errors.0.disconnect_type"), "OperationalDisconnect");
    xkit_cut(k, conn);
    conn = open_stream(k, STREAM);
    xkit_wait(k, 1);
    say_next(k, conn, "bitcoin 4");
    xkit_wait(k, 1);
    xkit_cut(k, conn); /* at its moment */
    conn = open_stream(k, STREAM);
    xkit_wait(k, 1);
    say_next(k, conn, "bitcoin 6");
    x_face_cut(k->x, k->now);
    xkit_cut(k, conn);
}

static void test_a_stream_that_fails_at_its_head_is_not_open(void **state) {
    struct xkit *k = *state;
    with_posts(k);
    add_rule(k, "bitcoin");
    k->fault = "close_after";
    assert_int_equal(xkit_get(k, STREAM), 200);
    assert_int_equal(k->last.delivery, SIM_CLOSE);
    assert_int_equal(k->last.stream, -1);
    k->fault = NULL;
    open_stream(k, STREAM);
}

static void test_who_does_not_read_is_told_and_cut(void **state) {
    struct xkit *k = *state;
    with_posts(k);
    add_rule(k, "bitcoin");
    int conn = open_stream(k, STREAM);
    buf_clear(&k->body);
    k->face.slow(k->face.ctx, k->now, conn, &k->body); /* the server's bound */
    assert_true(str_find(buf_str(&k->body), STR("\"SlowReader\"")) > 0);
    open_stream(k, STREAM);
}

/* --- a plan drawn from a seed ------------------------------------------------------------------
 */

static void test_a_random_plan_strikes_x_and_is_the_same_for_its_seed(void **state) {
    struct xkit *k = *state;
    bool seen[FAULT_COUNT] = {0};
    for (uint64_t seed = 1; seed <= 400; seed++) {
        const usec from = XKIT_START, until = XKIT_START + USEC_PER_DAY;
        int64_t outcome[2] = {0};
        for (int twice = 0; twice < 2; twice++) {
            struct arena a;
            struct error err;
            struct fault f;
            arena_open(&a, 1 << 20);
            struct faults *plan = faults_random_x(&a, seed, (int)(seed % 101), from, until);
            const struct symbols none = {NULL, 0};
            assert_ok(faults_begin(plan, &none, from, &err), &err);
            for (usec t = from; t < until + USEC_PER_HOUR; t += USEC_PER_MIN) {
                assert_ok(faults_of_request(plan, t, STR("GET"), STR("/2/tweets/search/recent"),
                                            STR(""), &f, &err),
                          &err);
                if (t >= until) assert_int_equal(f.kind, FAULT_NONE);
                seen[f.kind] = true;
                outcome[twice] = outcome[twice] * 31 + (int64_t)f.kind % 97;
                outcome[twice] %= 1000000007;
                f = faults_of_message(plan, t, true);
                seen[f.kind] = true;
                outcome[twice] += (int64_t)f.kind;
            }
            arena_close(&a);
        }
        assert_int_equal(outcome[0], outcome[1]);
    }
    for (int i = FAULT_X_CREDITS; i <= FAULT_X_DISCONNECT; i++)
        if (!seen[i]) fail_msg("no plan has %s", fault_name((fault_kind)i));
    xkit_begin(k);
}

/* --- the owner ---------------------------------------------------------------------------------
 */

static void test_the_owner_publishes_edits_deletes_and_pays(void **state) {
    struct xkit *k = *state;
    char body[128], target[128], id[32];
    k->opt.credits = money_from_e8(0);
    xkit_begin(k);
    k->authorization = "";
    assert_int_equal(xkit_call(k, "POST", "/sim/x/publish",
                               "{\"username\":\"zoe\",\"text\":\"hi \\u20bf $BTC\"}"),
                     200);
    snprintf(id, sizeof id, "%s", xkit_text(k, "id"));
    snprintf(body, sizeof body, "{\"id\":\"%s\",\"text\":\"better\"}", id);
    assert_int_equal(xkit_call(k, "POST", "/sim/x/edit", body), 200);
    assert_int_equal(xkit_call(k, "POST", "/sim/x/topup?dollars=0.5", NULL), 200);
    assert_string_equal(xkit_text(k, "credits"), "0.50000000");
    k->authorization = "Bearer t%2Fken";
    snprintf(target, sizeof target, "/2/tweets/%s", id);
    assert_int_equal(xkit_get(k, target), 200);
    assert_string_equal(xkit_text(k, "data.text"), "hi \xE2\x82\xBF $BTC");
    snprintf(target, sizeof target, "/sim/x/delete?id=%s", id);
    assert_int_equal(xkit_call(k, "POST", target, NULL), 200);
    assert_int_equal(xkit_call(k, "POST", target, NULL), 404);
    assert_int_equal(xkit_get(k, "/sim/x/bill"), 200);
    assert_int_equal(xkit_i64(k, "published"), 1);
    assert_int_equal(xkit_i64(k, "sum.post"), 1);
    static const char *const bad[] = {"", "[1]", "{}", "{\"text\":\"a\"}", "{\"username\":\"a\"}"};
    for (ptrdiff_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(xkit_call(k, "POST", "/sim/x/publish", bad[i]), 400);
    assert_int_equal(xkit_call(k, "POST", "/sim/x/edit", "{\"id\":5,\"text\":\"a\"}"), 404);
    assert_int_equal(xkit_call(k, "POST", "/sim/x/topup", NULL), 400);
    assert_int_equal(xkit_get(k, "/sim/x/nothing"), 404);
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
        cmocka_unit_test_setup_teardown(test_rules_are_added_told_and_deleted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_edits_are_new_posts_and_deletions_take_all_versions,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_subscriptions_bring_events_of_their_author, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_users_are_found_by_name_and_the_missing_are_told,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_posts_are_cut_and_whole_in_their_note, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_resource_is_billed_once_a_day, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_stream_and_a_search_of_one_post_are_billed_once,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_credits_what_costs_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_caps_of_the_month_have_their_own_refusals, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_cap_of_posts_is_a_429_of_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_window_of_requests_is_kept_and_told, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_token_must_be_right, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_fault_of_a_request_has_its_answer, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_streams_lose_repeat_and_swap_as_planned, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_mute_stream_says_nothing_and_then_what_it_had, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_streams_are_cut_with_and_without_a_word, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_stream_that_fails_at_its_head_is_not_open, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_who_does_not_read_is_told_and_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_random_plan_strikes_x_and_is_the_same_for_its_seed,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_owner_publishes_edits_deletes_and_pays, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("sim_x", tests, NULL, NULL);
}
