/* X's face as a library: search, streams, rules, subscriptions, users, timelines; time is a number
 * here. tests/conformance runs another's client against it. */
#include "sim/x_posts.h"
#include "sim_x_cases.h"

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

/* --- timelines ---------------------------------------------------------------------------------
 */

static void test_posts_of_a_file_are_moved_to_now(void **state) {
    struct xkit *k = *state;
    const usec then = INT64_C(1600000000) * USEC_PER_S;
    struct sim_post old[] = {
        {.at = then, .id = 11, .author_id = 1, .username = STR("ann"), .text = STR("one")},
        {.at = then + 60 * USEC_PER_S,
         .id = 12,
         .author_id = 2,
         .username = STR("ben"),
         .text = STR("two"),
         .ref = POST_REF_REPLY,
         .ref_id = 11},
        {.kind = SIM_POST_EDIT,
         .at = then + 120 * USEC_PER_S,
         .id = 13,
         .root_id = 11,
         .text = STR("one, edited")},
        {.kind = SIM_POST_DELETION, .at = then + 240 * USEC_PER_S, .root_id = 12},
    };
    const struct x_posts_options po = {.posts = old,
                                       .count = COUNT_OF(old),
                                       .history = 90 * USEC_PER_S,
                                       .speed_e8 = 10 * E8,
                                       .start = XKIT_START};
    struct x_posts *p =
        x_posts_new(&k->boot, &po, &k->opt.timeline, &k->opt.users, &k->opt.user_count);
    assert_int_equal(k->opt.user_count, 2);
    xkit_begin(k);
    assert_int_equal(found(k, "one"), 1); /* 90 s before the start */
    xkit_wait(k, 1);                      /* it is over 30 s old then */
    assert_int_equal(xkit_get(k, SEARCH "from:ben&tweet.fields=created_at,referenced_tweets"), 200);
    assert_string_equal(xkit_text(k, "data.0.created_at"), "2026-11-18T11:06:10.000Z");
    assert_string_equal(xkit_text(k, "data.0.referenced_tweets.0.type"), "replied_to");
    char target[64];
    snprintf(target, sizeof target, "/2/tweets/%s", xkit_text(k, "data.0.referenced_tweets.0.id"));
    assert_int_equal(xkit_get(k, target), 200); /* it follows its post to the new id */
    assert_string_equal(xkit_text(k, "data.text"), "one");
    /* 30 s behind the start in its own time: 3 s at this speed */
    assert_int_equal(k->face.next_at(k->face.ctx), XKIT_START + 3 * USEC_PER_S);
    xkit_wait(k, 40);
    assert_int_equal(found(k, "edited"), 1);
    assert_int_equal(xkit_count(k, "data.0.edit_history_tweet_ids"), 2);
    assert_int_equal(found(k, "from:ben"), 0); /* deleted after 15 s */
    assert_int_equal(k->face.next_at(k->face.ctx), USEC_NEVER);
    x_posts_free(p);
}

static void test_posts_without_end_come_at_their_rate_with_ids_of_their_own(void **state) {
    struct xkit *k = *state;
    struct x_posts_options po = {.rate_e8 = 25 * E8 / 10, .seed = 5, .start = XKIT_START};
    struct sim_timeline made, again, round;
    const struct sim_user *users;
    int count;
    struct x_posts *a = x_posts_new(&k->boot, &po, &made, &users, &count);
    struct x_posts *b = x_posts_new(&k->boot, &po, &again, &users, &count);
    int64_t last = 0;
    bool coins = false;
    assert_true(count >= 16);
    for (int i = 0; i < 1000; i++) {
        struct sim_post p, q;
        assert_true(made.next(made.ctx, &p) && again.next(again.ctx, &q));
        assert_int_equal(p.at, XKIT_START + i * INT64_C(400000));
        assert_true(p.id > last && p.text.n > 0 && p.username.n > 0);
        assert_true(p.id == q.id && str_eq(p.text, q.text)); /* the seed's */
        coins |= str_find_byte(p.text, '$') >= 0;
        last = p.id;
    }
    assert_true(coins);
    const struct sim_post two[] = {
        {.at = 1, .id = 5, .author_id = 1, .username = STR("ann"), .text = STR("first")},
        {.at = 2,
         .id = 6,
         .author_id = 1,
         .username = STR("ann"),
         .text = STR("second"),
         .ref = POST_REF_QUOTE,
         .ref_id = 5}};
    po.posts = two;
    po.count = 2;
    struct x_posts *c = x_posts_new(&k->boot, &po, &round, &users, &count);
    last = 0;
    for (int i = 0; i < 10; i++) {
        struct sim_post first, second;
        assert_true(round.next(round.ctx, &first) && round.next(round.ctx, &second));
        assert_true(first.id > last && second.id > first.id);
        assert_int_equal(second.ref_id, first.id); /* of the same round */
        last = second.id;
    }
    x_posts_free(a);
    x_posts_free(b);
    x_posts_free(c);
    xkit_begin(k);
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
        cmocka_unit_test_setup_teardown(test_posts_of_a_file_are_moved_to_now, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_posts_without_end_come_at_their_rate_with_ids_of_their_own, setup, teardown),
    };
    return cmocka_run_group_tests_name("sim_x", tests, NULL, NULL);
}
