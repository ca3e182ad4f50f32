/* x_activity: X's Activity API: who is followed, how its lines are read, what it is billed. What it
 * shares with the filtered stream (watchdog, waiting, gaps) is tested there. The test plays X. */
#include "xwirekit.h"

#define SUBS "/2/activity/subscriptions"
#define STREAM "/2/activity/stream"
#define SEARCH "/2/tweets/search/recent"
#define NONE "{'meta':{'result_count':0}}"

static const str elon[] = {{"44196397@elonmusk", 17}};
static const struct x_source_options one = {.authors = elon, .author_count = 1};

static void come_up(struct xwire *k) {
    xwire_calls(k, "GET", SUBS, "max_results=1000");
    xwire_answer(k, 200, NONE);
    xwire_calls(k, "POST", SUBS,
                "'event_type':'post.create' 'filter':{'user_id':'44196397'} "
                "'tag':'bullfinch:44196397'");
    k->now += 100 * USEC_PER_MS;
    xwire_answer(k, 201, "{'data':{'subscription':{'subscription_id':'11'}}}");
    xwire_opens(k, STREAM);
    xwire_opened(k);
    xwire_stands(k, SOURCE_LIVE, "");
    xwire_calls(k, "POST", SUBS, "'event_type':'post.delete' 'filter':{'user_id':'44196397'}");
    xwire_answer(k, 201, "{'data':{'subscription_id':'12'}}");
}

static struct xwire *up(const struct x_source_options *opt) {
    struct xwire *k = xwire_open(x_activity_open, opt);
    come_up(k);
    return k;
}

/* An event, its payload a post with `more` members. */
static void say(struct xwire *k, const char *type, int64_t id, const char *more) {
    char line[2048], at[TIME_TEXT_BYTES];
    str when = time_format_rfc3339(k->now, at);
    snprintf(line, sizeof line,
             "{'data':{'event_uuid':'e-1','filter':{'user_id':'44196397'},'event_type':'%s',"
             "'tag':'bullfinch:44196397','payload':{'id':'%lld','id_str':'%lld','text':'Doge &amp; "
             "co','author_id':'44196397','created_at':'" STR_FMT "','edit_history_tweet_ids':["
             "'%lld']%s},'includes':{'users':[{'id':'44196397','username':'elonmusk'}]}}}",
             type, (long long)id, (long long)id, STR_ARG(when), (long long)id, more);
    xwire_line(k, line);
}

static int64_t next_id(const struct xwire *k) { return x_snowflake_at(k->now) + 1; }

static void settle(struct xwire *k) {
    k->now += USEC_PER_S;
    xwire_waits(k);
}

/* --- lines ----------------------------------------------------------------------------------- */

static void test_a_post_is_cut_out_of_its_event(void **state) {
    (void)state;
    struct xwire *k = up(&one);
    assert_string_equal(k->query, "");
    const int64_t id = next_id(k);
    say(k, "post.create", id, "");
    assert_int_equal(k->post_count, 1);
    assert_true(k->ids[0] == id && !k->missed[0]);
    assert_string_equal(k->last_text, "Doge & co");
    assert_string_equal(k->last_author, "44196397");
    assert_string_equal(k->last_username, "elonmusk");
    say(k, "post.create", id, "");
    assert_int_equal(k->post_count, 1);
    settle(k);
    assert_int_equal(k->billed[RESOURCE_EVENT], 1);
    assert_int_equal(k->returned[RESOURCE_EVENT], 2);
    assert_int_equal(k->billed[RESOURCE_POST], 0);
    xwire_close(k);
}

static void test_a_deletion_passes(void **state) {
    (void)state;
    struct xwire *k = up(&one);
    xwire_line(k, "{'data':{'event_type':'post.delete','filter':{'user_id':'44196397'},'payload':"
                  "{'id':'1683364599280685057'}}}");
    assert_int_equal(k->deleted, 1);
    assert_true(k->last.id == INT64_C(1683364599280685057));
    assert_string_equal(k->last_author, "44196397");
    assert_true(k->last.received_at == k->now);
    xwire_line(k, "{'data':{'event_type':'post.delete','payload':{'post_id':'77','author_id':"
                  "'5'}}}");
    assert_int_equal(k->deleted, 2);
    assert_int_equal(k->last.id, 77);
    assert_string_equal(k->last_author, "5");
    xwire_line(k, "{'data':{'event_type':'post.delete','payload':{}}}");
    assert_int_equal(k->deleted, 2);
    assert_true(xwire_was_told(k, "post.delete without the id"));
    xwire_close(k);
}

static void test_reposts_and_replies_are_left_out_here_and_billed_all_the_same(void **state) {
    (void)state;
    struct x_source_options opt = one;
    opt.filter = STR("-is:retweet  -is:reply");
    struct xwire *k = up(&opt);
    const int64_t id = next_id(k);
    say(k, "post.create", id, ",'referenced_tweets':[{'type':'retweeted','id':'5'}]");
    say(k, "post.create", id + 1,
        ",'referenced_tweets':[{'type':'quoted','id':'5'},{'id':'6','type':'replied_to'}]");
    say(k, "post.create", id + 2, ",'referenced_posts':[{'type':'replied_to','id':'5'}]");
    assert_int_equal(k->post_count, 0);
    say(k, "post.create", id + 3, ",'referenced_tweets':[{'type':'quoted','id':'5'}]");
    assert_int_equal(k->post_count, 1);
    settle(k);
    assert_int_equal(k->billed[RESOURCE_EVENT], 4);
    xwire_close(k);
    k = up(&one);
    say(k, "post.create", id, ",'referenced_tweets':[{'type':'retweeted','id':'5'}]");
    assert_int_equal(k->post_count, 1);
    xwire_close(k);
}

static void test_what_is_no_post_is_told(void **state) {
    (void)state;
    struct xwire *k = up(&one);
    for (int i = 0; i < 2; i++) {
        xwire_line(k, "{'data':{'event_type':'follow.follow','payload':{}}}");
        xwire_line(k, "{'data':{'event_type':'post.create'}}");
        xwire_line(k, "{'hello':1}");
    }
    assert_int_equal(k->told_count, 3); /* each kind once */
    xwire_line(k, "{'data':7}");
    xwire_line(k, "{'data':{'event_type':'post.create','payload':[]}}");
    xwire_line(k, "{'data':{'event_type':'post.create','payload':{'id':'3'}}}");
    xwire_line(k, "{]");
    assert_int_equal(k->told_count, 7);
    assert_int_equal(k->post_count, 0);
    xwire_stands(k, SOURCE_LIVE, "");
    xwire_close(k);
}

/* --- subscriptions --------------------------------------------------------------------------- */

static void test_names_are_looked_up_first(void **state) {
    (void)state;
    const str who[] = {STR("alice"), STR("@bob"), STR("44196397")};
    const struct x_source_options opt = {.authors = who, .author_count = 3};
    struct xwire *k = xwire_open(x_activity_open, &opt);
    xwire_calls(k, "GET", SUBS, "");
    assert_int_equal(k->chores_users, 1);
    assert_int_equal(k->handles, 2);
    assert_int_equal(k->billed[RESOURCE_USER], 2);
    xwire_answer(k, 200, NONE);
    bool opened = false;
    for (int i = 0; i < 6; i++) {
        if (xwire_step(k) == CONNECTOR_OPEN) {
            opened = true;
            xwire_opened(k);
            xwire_step(k);
        }
        assert_int_equal(k->step.act, CONNECTOR_CALL);
        assert_int_equal(k->step.request.method, HTTP_POST);
        char want[64];
        snprintf(want, sizeof want, "\"user_id\":\"%lld\"",
                 i % 3 == 0   ? xwire_id_of("alice")
                 : i % 3 == 1 ? xwire_id_of("bob")
                              : 44196397LL);
        assert_non_null(strstr(k->body, i < 3 ? "post.create" : "post.delete"));
        assert_non_null(strstr(k->body, want));
        xwire_answer(k, 201, "{'data':{'subscription_id':'1'}}");
    }
    assert_true(opened);
    xwire_waits(k);
    xwire_stands(k, SOURCE_LIVE, "");
    xwire_close(k);
}

static void test_an_author_who_does_not_exist_is_told_and_the_others_followed(void **state) {
    (void)state;
    const str who[] = {STR("nobody_here"), STR("44196397")};
    const struct x_source_options opt = {.authors = who, .author_count = 2};
    struct xwire *k = xwire_new(x_activity_open, &opt);
    k->no_users = true;
    xwire_start(k);
    come_up(k);
    k->now += 2 * USEC_PER_S;
    xwire_waits(k);
    assert_true(xwire_was_told(k, "nobody of this name"));
    assert_true(xwire_was_told(k, "nobody_here"));
    xwire_waits(k);
    xwire_stands(k, SOURCE_LIVE, "1 of 2 authors do not exist at X (nobody_here)");
    xwire_close(k);
}

static void test_many_authors_are_followed_without_their_deletions(void **state) {
    (void)state;
    static char block[751][8];
    static str who[751];
    for (int i = 0; i < COUNT_OF(who); i++) {
        snprintf(block[i], sizeof block[i], "%d", 1000 + i);
        who[i] = str_from_z(block[i]);
    }
    const struct x_source_options opt = {.authors = who, .author_count = COUNT_OF(who)};
    struct xwire *k = xwire_open(x_activity_open, &opt);
    xwire_calls(k, "GET", SUBS, "");
    xwire_answer(k, 200, NONE);
    int posts = 0;
    connector_act act;
    while ((act = xwire_step(k)) != CONNECTOR_WAIT) {
        if (act == CONNECTOR_OPEN) {
            xwire_opened(k);
            continue;
        }
        assert_non_null(strstr(k->body, "post.create"));
        posts++;
        xwire_answer(k, 201, "{'data':{'subscription_id':'2'}}");
    }
    assert_int_equal(posts, 751);
    xwire_close(k);
}

static void test_subscriptions_that_stand_are_kept_and_stale_ones_go(void **state) {
    (void)state;
    struct xwire *k = xwire_open(x_activity_open, &one);
    xwire_calls(k, "GET", SUBS, "");
    xwire_answer(k, 200,
                 "{'data':[{'subscription_id':'1','event_type':'post.create','filter':{'user_id':"
                 "'9'},'tag':'bullfinch:9'},{'subscription_id':'2','event_type':'post.create',"
                 "'filter':{'user_id':'10'},'tag':'mine'}],'meta':{'next_token':'n/1'}}");
    xwire_calls(k, "GET", SUBS, "pagination_token=n%2F1");
    xwire_answer(k, 200,
                 "{'data':[{'subscription_id':'3','event_type':'post.create','filter':{'user_id':"
                 "'44196397'},'tag':'bullfinch:44196397'},{'subscription_id':'4','event_type':"
                 "'post.create','filter':{'user_id':'44196397'},'tag':'bullfinch:44196397'},"
                 "{'subscription_id':'5','event_type':'follow.follow','filter':{'user_id':"
                 "'44196397'},'tag':'bullfinch:old'},{'subscription_id':'6','event_type':"
                 "'post.delete','filter':{'user_id':'44196397'},'tag':'bullfinch:44196397'}],"
                 "'meta':{}}");
    assert_true(xwire_was_told(k, "1 subscriptions at X were not made by bullfinch"));
    xwire_opens(k, STREAM);
    xwire_opened(k);
    xwire_calls(k, "DELETE", SUBS, "ids=5%2C4%2C1");
    xwire_answer(k, 200, "{'data':{'deleted':true}}");
    xwire_waits(k);
    xwire_stands(k, SOURCE_LIVE, "not bullfinch's");
    xwire_close(k);
}

static void test_a_refused_author_does_not_stop_the_others(void **state) {
    (void)state;
    const str who[] = {STR("5"), STR("44196397")};
    const struct x_source_options opt = {.authors = who, .author_count = 2};
    struct xwire *k = xwire_open(x_activity_open, &opt);
    xwire_calls(k, "GET", SUBS, "");
    xwire_answer(k, 200, NONE);
    xwire_calls(k, "POST", SUBS, "'user_id':'5'");
    xwire_answer(k, 400, "{'title':'Invalid Request','detail':'user is protected'}");
    assert_true(xwire_was_told(k, "user is protected"));
    xwire_calls(k, "POST", SUBS, "'user_id':'44196397'");
    xwire_answer(k, 201, "{'data':{'subscription_id':'1'}}");
    xwire_opens(k, STREAM);
    xwire_opened(k);
    xwire_calls(k, "POST", SUBS, "post.delete 'user_id':'5'");
    xwire_answer(k, 403,
                 "{'title':'Forbidden','detail':'not that','type':'https://api.x.com/2/"
                 "problems/client-forbidden'}");
    assert_true(xwire_was_told(k, "author's deletions, which are not seen"));
    xwire_calls(k, "POST", SUBS, "post.delete 'user_id':'44196397'");
    xwire_answer(k, 201, "{'data':{'subscription_id':'2'}}");
    xwire_waits(k);
    xwire_stands(k, SOURCE_LIVE, "X refused to follow 1 of 2 authors");
    xwire_close(k);
}

static void test_a_call_that_fails_is_made_again_from_the_list_on(void **state) {
    (void)state;
    struct xwire *k = xwire_open(x_activity_open, &one);
    xwire_calls(k, "GET", SUBS, "");
    xwire_answer(k, 200, NONE);
    xwire_calls(k, "POST", SUBS, "");
    xwire_answer(k, 503, "busy");
    xwire_stands(k, SOURCE_RETRYING, "trouble");
    /* it may have been made all the same: then the line is of use */
    xwire_opens(k, STREAM);
    xwire_gone(k, 409, "{'title':'Conflict'}");
    xwire_calls(k, "GET", SUBS, "");
    xwire_answer(k, 200,
                 "{'data':[{'subscription_id':'3','event_type':'post.create','filter':{'user_id':"
                 "'44196397'},'tag':'bullfinch:44196397'},{'subscription_id':'4','event_type':"
                 "'post.delete','filter':{'user_id':'44196397'},'tag':'mine'}]}");
    assert_int_equal(xwire_until_act(k, 10 * USEC_PER_S), CONNECTOR_OPEN);
    xwire_close(k);
}

static void test_the_gap_is_fetched_by_the_authors_and_billed_as_posts(void **state) {
    (void)state;
    struct x_source_options opt = one;
    opt.filter = STR("-is:retweet");
    struct xwire *k = up(&opt);
    char body[2048];
    assert_int_equal(xwire_until_act(k, 20 * USEC_PER_S), CONNECTOR_WAIT);
    xwire_line(k, "");
    connector_act act;
    while ((act = xwire_until_act(k, 20 * USEC_PER_S)) == CONNECTOR_WAIT) xwire_line(k, "");
    assert_int_equal(act, CONNECTOR_CALL);
    assert_string_equal(k->path, SEARCH);
    assert_non_null(strstr(k->query, "query=%28from%3A44196397%29%20-is%3Aretweet&"));
    snprintf(body, sizeof body, "{'data':[%s],'meta':{'result_count':1}}",
             xwire_post(x_snowflake_at(XWIRE_T) + 1, "missed"));
    xwire_answer(k, 200, body);
    assert_int_equal(k->post_count, 1);
    assert_true(k->missed[0]);
    assert_int_equal(k->billed[RESOURCE_POST], 1);
    assert_int_equal(xwire_status(k).missed, 1);
    xwire_close(k);
}

static void test_an_author_followed_late_was_missed_since_the_start(void **state) {
    (void)state;
    const str who[] = {STR("5"), STR("44196397")};
    const struct x_source_options opt = {.authors = who, .author_count = 2};
    struct xwire *k = xwire_open(x_activity_open, &opt);
    xwire_calls(k, "GET", SUBS, "");
    xwire_answer(k, 200, NONE);
    xwire_calls(k, "POST", SUBS, "post.create 'user_id':'5'");
    struct http_answer a = xwire_answer_of(k, 201, "{'data':{'subscription_id':'1'}}");
    a.rate_limit = 500;
    a.rate_remaining = 40; /* a tenth is left to others */
    a.rate_reset = (k->now + 10 * USEC_PER_MIN) / USEC_PER_S;
    xwire_answer_full(k, &a);
    xwire_opens(k, STREAM);
    xwire_opened(k);
    connector_act act = CONNECTOR_WAIT;
    while (k->gap_count == 0 || k->gaps[0].state != GAP_FILLED) {
        if ((act = xwire_until_act(k, 20 * USEC_PER_S)) == CONNECTOR_CALL) {
            assert_string_equal(k->path, SEARCH);
            xwire_answer(k, 200, NONE);
        }
        xwire_line(k, "");
    }
    while ((act = xwire_until_act(k, 20 * USEC_PER_S)) == CONNECTOR_WAIT) xwire_line(k, "");
    assert_string_equal(k->path, SUBS);
    assert_true(k->now >= XWIRE_T + 9 * USEC_PER_MIN);
    xwire_answer(k, 201, "{'data':{'subscription_id':'2'}}");
    const struct gap *g = xwire_gap(k, 1);
    assert_int_equal(g->state, GAP_CLOSED);
    assert_true(g->from == XWIRE_T + 1 && g->until == k->now + 20 * USEC_PER_S);
    xwire_close(k);
}

/* --- configuration --------------------------------------------------------------------------- */

static void test_what_cannot_be_done_is_a_mistake_of_the_configuration(void **state) {
    (void)state;
    struct arena boot;
    struct error err = {0};
    struct connector *c;
    static str many[1501];
    const str wrong[] = {STR("no one")};
    for (int i = 0; i < COUNT_OF(many); i++) many[i] = STR("5");
    const struct {
        struct x_source_options opt;
        const char *says;
    } table[] = {{{.now = XWIRE_T}, "authors: name at least one"},
                 {{.authors = wrong, .author_count = 1, .now = XWIRE_T}, "no one"},
                 {{.authors = many, .author_count = COUNT_OF(many), .now = XWIRE_T}, "1500"},
                 {{.authors = elon, .author_count = 1, .query = {"x", 1}, .now = XWIRE_T}, "query"},
                 {{.authors = elon,
                   .author_count = 1,
                   .filter = {"-is:retweet lang:en", 19},
                   .now = XWIRE_T},
                  "\"lang:en\" cannot be applied"}};
    arena_open(&boot, 64 << 20);
    for (int i = 0; i < COUNT_OF(table); i++) {
        assert_fails(x_activity_open(&boot, &table[i].opt, &c, &err), &err, ERR_CONFIG);
        if (strstr(err.msg, table[i].says) == NULL) fail_msg("%s", err.msg);
    }
    arena_close(&boot);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_post_is_cut_out_of_its_event),
        cmocka_unit_test(test_a_deletion_passes),
        cmocka_unit_test(test_reposts_and_replies_are_left_out_here_and_billed_all_the_same),
        cmocka_unit_test(test_what_is_no_post_is_told),
        cmocka_unit_test(test_names_are_looked_up_first),
        cmocka_unit_test(test_an_author_who_does_not_exist_is_told_and_the_others_followed),
        cmocka_unit_test(test_many_authors_are_followed_without_their_deletions),
        cmocka_unit_test(test_subscriptions_that_stand_are_kept_and_stale_ones_go),
        cmocka_unit_test(test_a_refused_author_does_not_stop_the_others),
        cmocka_unit_test(test_a_call_that_fails_is_made_again_from_the_list_on),
        cmocka_unit_test(test_the_gap_is_fetched_by_the_authors_and_billed_as_posts),
        cmocka_unit_test(test_an_author_followed_late_was_missed_since_the_start),
        cmocka_unit_test(test_what_cannot_be_done_is_a_mistake_of_the_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
