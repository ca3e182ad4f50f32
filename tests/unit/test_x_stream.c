/* x_stream: the filtered stream of X: its rules kept in step, every cause of its loss, what it is
 * billed, and that a kill at any step loses nothing. The test plays X, word for word. */
#include "xwirekit.h"

#include <jansson.h>

#define RULES "/2/tweets/search/stream/rules"
#define STREAM "/2/tweets/search/stream"
#define SEARCH "/2/tweets/search/recent"
#define NO_RULES "{'meta':{'sent':'2026-07-25T17:20:00.000Z','result_count':0}}"
#define NO_POSTS "{'meta':{'result_count':0}}"

static const str elon[] = {{"elonmusk", 8}};
static const struct x_source_options one_author = {
    .authors = elon, .author_count = 1, .filter = {"-is:retweet -is:reply", 21}};
static const struct x_source_options both = {.authors = elon,
                                             .author_count = 1,
                                             .filter = {"-is:retweet", 11},
                                             .query = {"$DOGE lang:en", 13}};

static int64_t id_at(usec at) { return x_snowflake_at(at) + 1; }

/* The rules of the last POST, as X answers to them. */
static char echoed[65536];
static const char *echo_added(struct xwire *k) {
    json_error_t where;
    json_t *root = json_loads(k->body, 0, &where);
    const json_t *add = json_object_get(root, "add");
    struct buf b;
    buf_init_fixed(&b, echoed, sizeof echoed);
    buf_put(&b, STR("{'data':["));
    assert_true(json_array_size(add) > 0);
    for (size_t i = 0; i < json_array_size(add); i++) {
        const json_t *item = json_array_get(add, i);
        buf_printf(&b, "%s{'id':'%zu','value':'%s','tag':'%s'}", i ? "," : "", 100 + i,
                   json_string_value(json_object_get(item, "value")),
                   json_string_value(json_object_get(item, "tag")));
    }
    buf_printf(&b, "],'meta':{'summary':{'created':%zu,'not_created':0}}}", json_array_size(add));
    json_decref(root);
    return buf_z(&b);
}

/* Rules are listed, added, and the line is there. */
static void come_up(struct xwire *k) {
    xwire_calls(k, "GET", RULES, "max_results=1000");
    xwire_answer(k, 200, NO_RULES);
    xwire_calls(k, "POST", RULES, "'add' 'bullfinch:");
    k->now += 100 * USEC_PER_MS;
    xwire_answer(k, 201, echo_added(k));
    xwire_opens(k, STREAM);
    xwire_opened(k);
    xwire_stands(k, SOURCE_LIVE, "");
}

static struct xwire *up(const struct x_source_options *opt) {
    struct xwire *k = xwire_open(x_stream_open, opt);
    come_up(k);
    return k;
}

/* What was missed at the start is fetched: nothing. */
static void fetch_nothing(struct xwire *k) {
    for (int i = 0; i < 8; i++) {
        bool open = false;
        for (int g = 0; g < k->gap_count; g++)
            open = open || k->gaps[g].state == GAP_OPEN || k->gaps[g].state == GAP_CLOSED;
        if (!open) return;
        if (xwire_until_act(k, 10 * USEC_PER_S) == CONNECTOR_CALL) {
            assert_string_equal(k->path, SEARCH);
            xwire_answer(k, 200, NO_POSTS);
        }
        xwire_line(k, "");
    }
    for (int i = 0; i < 40; i++) {
        const connector_act act = xwire_until_act(k, 10 * USEC_PER_S);
        if (act == CONNECTOR_CALL) xwire_answer(k, 200, NO_POSTS);
        xwire_line(k, "");
        if (k->gaps[0].state == GAP_FILLED) return;
    }
    fail_msg("the gap of the start is not filled");
}

/* Keep-alives for so long. */
static void live_for(struct xwire *k, usec span) {
    const usec end = k->now + span;
    while (k->now < end) {
        const connector_act act = xwire_until_act(k, i64_min(20 * USEC_PER_S, end - k->now));
        if (act == CONNECTOR_CALL && strcmp(k->path, SEARCH) == 0)
            xwire_answer(k, 200, NO_POSTS);
        else
            assert_int_equal(act, CONNECTOR_WAIT);
        xwire_line(k, "");
    }
}

static void say_post(struct xwire *k, int64_t id, const char *text) {
    char line[1024];
    snprintf(line, sizeof line, "{'data':%s,'matching_rules':[{'id':'100','tag':'bullfinch:1'}]}",
             xwire_post(id, text));
    xwire_line(k, line);
}

/* --- posts ----------------------------------------------------------------------------------- */

static void test_posts_come_as_they_are_said(void **state) {
    (void)state;
    struct xwire *k = up(&one_author);
    assert_non_null(strstr(k->query, "tweet.fields=created_at"));
    const int64_t id = id_at(k->now);
    say_post(k, id, "to the moon &amp; back");
    assert_int_equal(k->post_count, 1);
    assert_true(k->ids[0] == id && !k->missed[0]);
    assert_string_equal(k->last_text, "to the moon & back");
    assert_true(k->last.received_at == k->now);
    assert_int_equal(xwire_status(k).posts, 1);
    assert_true(xwire_status(k).last_post_at == k->now);
    xwire_close(k);
}

static void test_the_name_of_an_author_stands_in_his_posts(void **state) {
    (void)state;
    const str who[] = {STR("44196397@elonmusk")};
    const struct x_source_options opt = {.authors = who, .author_count = 1};
    struct xwire *k = up(&opt);
    say_post(k, id_at(k->now), "x");
    assert_string_equal(k->last_username, "elonmusk");
    assert_string_equal(k->last_author, "44196397");
    xwire_close(k);
}

static void test_a_repetition_is_dropped_and_an_edit_is_not(void **state) {
    (void)state;
    struct xwire *k = up(&one_author);
    const int64_t id = id_at(k->now);
    char edit[512];
    say_post(k, id, "one");
    say_post(k, id, "one");
    assert_int_equal(k->post_count, 1);
    assert_int_equal(k->repeated, 0);
    assert_int_equal(k->source.counts.repeated, 1);
    snprintf(edit, sizeof edit,
             "{'data':{'id':'%lld','text':'two','created_at':'2026-07-25T17:20:00Z',"
             "'edit_history_tweet_ids':['%lld','%lld']}}",
             (long long)id + 5, (long long)id, (long long)id + 5);
    xwire_line(k, edit);
    assert_int_equal(k->post_count, 2);
    assert_true(k->last.edited && k->last.root_id == id);
    xwire_close(k);
}

static void test_word_of_a_deletion_passes(void **state) {
    (void)state;
    struct xwire *k = up(&one_author);
    xwire_line(k, "{'delete':{'tweet':{'id':'1683364599280685057','author_id':'44196397'},"
                  "'timestamp_ms':'1785000000000'}}");
    assert_int_equal(k->deleted, 1);
    assert_true(k->last.id == INT64_C(1683364599280685057));
    xwire_close(k);
}

static void test_each_post_is_billed_once_at_once_and_the_state_goes_with_it(void **state) {
    (void)state;
    struct xwire *k = up(&one_author);
    const int64_t first = id_at(k->now);
    for (int i = 0; i < 49; i++) say_post(k, first + i, "a");
    say_post(k, first, "again"); /* delivered twice, billed once */
    assert_int_equal(k->post_count, 49);
    assert_int_equal(k->returned[RESOURCE_POST], 50);
    assert_int_equal(k->billed[RESOURCE_POST], 49);
    const int states = k->states;
    say_post(k, first + 50, "b");
    assert_int_equal(k->billed[RESOURCE_POST], 50); /* at once */
    assert_int_equal(k->states, states + 1);
    char want[64];
    snprintf(want, sizeof want, "\"newest\":%lld,", (long long)first + 50);
    assert_non_null(strstr(k->state, want));
    xwire_close(k);
}

static void test_a_line_that_is_none_is_told_and_billed_where_it_has_an_id(void **state) {
    (void)state;
    struct xwire *k = up(&one_author);
    xwire_line(k, "{'data':");
    assert_true(xwire_was_told(k, "not JSON"));
    xwire_line(k, "{'data':{'id':'1683364599280685057'}}");
    assert_true(xwire_was_told(k, "text: missing"));
    k->now += USEC_PER_S;
    xwire_waits(k);
    assert_int_equal(k->billed[RESOURCE_POST], 1);
    assert_int_equal(k->post_count, 0);
    xwire_close(k);
}

static void test_an_unknown_object_is_told_once_for_its_kind(void **state) {
    (void)state;
    struct xwire *k = up(&one_author);
    const int told = k->told_count;
    for (int i = 0; i < 3; i++) xwire_line(k, "{'warning':{'code':'FALLING_BEHIND'}}");
    assert_int_equal(k->told_count, told + 1);
    xwire_line(k, "{'withheld':{}}");
    xwire_line(k, "{}");
    assert_int_equal(k->told_count, told + 3);
    assert_int_equal(k->post_count, 0);
    xwire_close(k);
}

/* --- rules ----------------------------------------------------------------------------------- */

static void test_rules_that_stand_are_left_alone(void **state) {
    (void)state;
    struct xwire *k = up(&both);
    assert_non_null(strstr(k->query, "tweet.fields"));
    char list[65536];
    snprintf(list, sizeof list, "%s", echoed);
    xwire_restart(k);
    xwire_calls(k, "GET", RULES, "");
    xwire_answer(k, 200, list);
    xwire_opens(k, STREAM);
    xwire_close(k);
}

static void test_stale_rules_go_and_those_of_others_stay(void **state) {
    (void)state;
    struct xwire *k = xwire_open(x_stream_open, &one_author);
    xwire_calls(k, "GET", RULES, "");
    xwire_answer(k, 200,
                 "{'data':[{'id':'7','value':'old','tag':'bullfinch:00'},{'id':'8','value':'cats',"
                 "'tag':'mine'},{'id':'9','value':'dogs'}],'meta':{'result_count':3}}");
    assert_true(xwire_was_told(k, "2 rules at X were not made by bullfinch"));
    xwire_calls(k, "POST", RULES, "'add' from:elonmusk -is:retweet");
    assert_null(strstr(k->body, "delete"));
    xwire_answer(k, 201, echo_added(k));
    xwire_opens(k, STREAM);
    xwire_opened(k);
    xwire_calls(k, "POST", RULES, "'delete' ['7']");
    xwire_answer(k, 200, "{'meta':{'summary':{'deleted':1,'not_deleted':0}}}");
    xwire_waits(k);
    xwire_stands(k, SOURCE_LIVE, "2 rules of this app at X are not bullfinch's");
    assert_int_equal(k->told_count, 1);
    xwire_close(k);
}

static void test_rules_are_listed_again_each_hour_and_what_was_missing_is_a_gap(void **state) {
    (void)state;
    struct xwire *k = up(&one_author);
    fetch_nothing(k);
    const usec good = k->now;
    const int gaps = k->gap_count;
    usec listed = 0;
    while (listed == 0) {
        if (xwire_until_act(k, 10 * USEC_PER_S) == CONNECTOR_CALL) listed = k->now;
        if (listed == 0) xwire_line(k, "");
        assert_true(k->now < good + 2 * USEC_PER_HOUR);
    }
    assert_string_equal(k->path, RULES);
    xwire_answer(k, 200, NO_RULES);
    xwire_calls(k, "POST", RULES, "'add'");
    xwire_answer(k, 201, echo_added(k));
    assert_int_equal(k->gap_count, gaps + 1);
    const struct gap *g = xwire_gap(k, gaps);
    assert_int_equal(g->state, GAP_CLOSED);
    assert_string_equal(g->why, "rules were missing at X");
    assert_true(g->from <= listed - 50 * USEC_PER_MIN && g->until == k->now + 20 * USEC_PER_S);
    xwire_close(k);
}

static void test_a_rule_that_x_refuses_does_not_stop_the_others(void **state) {
    (void)state;
    struct xwire *k = xwire_open(x_stream_open, &both);
    xwire_calls(k, "GET", RULES, "");
    xwire_answer(k, 200, NO_RULES);
    xwire_calls(k, "POST", RULES, "from:elonmusk $DOGE");
    /* X takes none of them where one is wrong, and names that one */
    xwire_answer(
        k, 400,
        "{'errors':[{'value':'$DOGE lang:en','details':['no viable alternative'],'title':"
        "'UnprocessableEntity','type':'https://api.twitter.com/2/problems/invalid-rules'}],"
        "'title':'Invalid Request','type':'https://api.twitter.com/2/problems/"
        "invalid-request'}");
    assert_true(xwire_was_told(k, "no viable alternative"));
    xwire_calls(k, "POST", RULES, "from:elonmusk");
    assert_null(strstr(k->body, "DOGE"));
    xwire_answer(k, 201, echo_added(k));
    xwire_opens(k, STREAM);
    xwire_opened(k);
    xwire_waits(k);
    xwire_stands(k, SOURCE_LIVE, "X refused 1 of 2 rules");
    xwire_close(k);
}

static void test_a_refusal_that_names_no_rule_is_found_one_by_one(void **state) {
    (void)state;
    struct xwire *k = xwire_open(x_stream_open, &both);
    xwire_calls(k, "GET", RULES, "");
    xwire_answer(k, 200, NO_RULES);
    xwire_calls(k, "POST", RULES, "from:elonmusk $DOGE");
    xwire_answer(k, 400, "{'title':'Invalid Request','detail':'One or more parameters'}");
    xwire_calls(k, "POST", RULES, "from:elonmusk");
    assert_null(strstr(k->body, "DOGE"));
    xwire_answer(k, 400, "{'title':'Invalid Request','detail':'from: no such user'}");
    assert_true(xwire_was_told(k, "from: no such user"));
    xwire_calls(k, "POST", RULES, "$DOGE");
    xwire_answer(k, 201, echo_added(k));
    xwire_opens(k, STREAM);
    xwire_close(k);
}

static void test_a_rule_that_others_have_already_serves(void **state) {
    (void)state;
    struct xwire *k = xwire_open(x_stream_open, &both);
    xwire_calls(k, "GET", RULES, "");
    xwire_answer(k, 200, "{'data':[{'id':'8','value':'$DOGE lang:en','tag':'mine'}]}");
    xwire_opens(k, STREAM);
    xwire_opened(k);
    xwire_calls(k, "POST", RULES, "from:elonmusk");
    assert_null(strstr(k->body, "DOGE"));
    xwire_answer(
        k, 200,
        "{'errors':[{'value':'(from:elonmusk) -is:retweet','id':'5','title':'DuplicateRule'"
        ",'type':'https://api.x.com/2/problems/duplicate-rules'}]}");
    xwire_waits(k);
    assert_false(xwire_was_told(k, "refused"));
    xwire_close(k);
}

static void test_no_room_for_rules_is_said(void **state) {
    (void)state;
    static const char cap[] = "{'title':'RulesCapExceeded','detail':'Your app has 1000 rules',"
                              "'type':'https://api.x.com/2/problems/rule-cap'}";
    struct xwire *k = xwire_open(x_stream_open, &one_author);
    xwire_calls(k, "GET", RULES, "");
    xwire_answer(k, 200, "{'data':[{'id':'7','value':'old','tag':'bullfinch:00'}]}");
    xwire_calls(k, "POST", RULES, "'add'");
    xwire_answer(k, 422, cap);
    xwire_calls(k, "POST", RULES, "'delete' '7'"); /* ours that is stale makes room */
    xwire_answer(k, 200, "{'meta':{}}");
    xwire_calls(k, "POST", RULES, "'add'");
    xwire_answer(k, 422, cap);
    assert_true(xwire_was_told(k, "Your app has 1000 rules"));
    xwire_waits(k);
    xwire_stands(k, SOURCE_CONFIG, "X refused 1 of 1 rules");
    k->now += USEC_PER_HOUR;
    xwire_calls(k, "GET", RULES, "");
    xwire_answer(k, 200, NO_RULES);
    xwire_calls(k, "POST", RULES, "'add'");
    xwire_answer(k, 201, echo_added(k));
    xwire_opens(k, STREAM);
    xwire_close(k);
}

static void test_rules_that_cannot_be_asked_for_do_not_keep_the_line_away(void **state) {
    (void)state;
    struct xwire *k = xwire_open(x_stream_open, &one_author);
    xwire_calls(k, "GET", RULES, "");
    xwire_answer(k, 503, "{'title':'Service Unavailable'}");
    xwire_opens(k, STREAM);
    xwire_opened(k);
    xwire_waits(k);
    xwire_stands(k, SOURCE_LIVE, "could not be put in step");
    assert_int_equal(xwire_until_act(k, 20 * USEC_PER_S), CONNECTOR_CALL);
    assert_string_equal(k->path, RULES);
    xwire_answer(k, 200, "no JSON");
    assert_true(xwire_was_told(k, "could not be read"));
    xwire_close(k);
}

static void test_no_rules_at_x_is_a_409_and_brings_them_back(void **state) {
    (void)state;
    struct xwire *k = xwire_open(x_stream_open, &one_author);
    xwire_calls(k, "GET", RULES, "");
    xwire_answer(k, 503, "");
    xwire_opens(k, STREAM);
    xwire_gone(k, 409, "{'title':'Conflict','type':'https://api.x.com/2/problems/conflict'}");
    xwire_calls(k, "GET", RULES, "");
    xwire_answer(k, 200, NO_RULES);
    xwire_calls(k, "POST", RULES, "'add'");
    xwire_answer(k, 201, echo_added(k));
    assert_int_equal(xwire_until_act(k, 10 * USEC_PER_S), CONNECTOR_OPEN);
    xwire_close(k);
}

/* --- losses ---------------------------------------------------------------------------------- */

static void test_a_silent_line_is_shut_after_25_s_and_opened_at_once(void **state) {
    (void)state;
    struct xwire *k = up(&one_author);
    fetch_nothing(k);
    const usec sign = k->now;
    assert_true(xwire_status(k).last_sign_at == sign);
    assert_int_equal(xwire_until_act(k, 24 * USEC_PER_S), CONNECTOR_WAIT);
    assert_int_equal(xwire_until_act(k, 2 * USEC_PER_S), CONNECTOR_SHUT);
    assert_true(k->now == sign + 25 * USEC_PER_S);
    xwire_gone(k, 0, "");
    xwire_stands(k, SOURCE_RETRYING, "said nothing for 25 s");
    const struct gap *g = xwire_gap(k, k->gap_count - 1);
    assert_true(g->state == GAP_OPEN && g->from == sign);
    xwire_opens(k, STREAM);
    k->now += USEC_PER_S;
    xwire_opened(k);
    g = xwire_gap(k, k->gap_count - 1);
    assert_true(g->state == GAP_CLOSED && g->until == k->now);
    assert_true(xwire_status(k).blind >= USEC_PER_S);
    xwire_close(k);
}

static void test_a_line_that_breaks_young_waits_a_little_longer_each_time(void **state) {
    (void)state;
    struct xwire *k = up(&one_author);
    usec last = 0;
    for (int i = 1; i <= 80; i++) {
        xwire_gone(k, 0, "");
        const usec gone = k->now;
        xwire_stands(k, i >= 64 ? SOURCE_BROKEN : SOURCE_RETRYING, "connection reset");
        connector_act act;
        while ((act = xwire_until_act(k, 30 * USEC_PER_S)) == CONNECTOR_CALL)
            xwire_answer(k, 503, "");
        assert_int_equal(act, CONNECTOR_OPEN);
        last = k->now - gone;
        assert_true(last <= i * 250 * USEC_PER_MS && last >= i64_min(i, 64) * 125 * USEC_PER_MS);
        xwire_opened(k);
    }
    assert_true(last >= 8 * USEC_PER_S && last <= 16 * USEC_PER_S);
    xwire_close(k);
}

/* Refused so; then what it says, and how long it waits. */
static usec refused_with(struct xwire *k, int status, const char *body, source_state state,
                         const char *says) {
    xwire_gone(k, status, body);
    xwire_stands(k, state, says);
    const usec gone = k->now;
    connector_act act;
    while ((act = xwire_until_act(k, USEC_PER_HOUR)) == CONNECTOR_CALL) xwire_answer(k, 503, "");
    assert_int_equal(act, CONNECTOR_OPEN);
    return k->now - gone;
}

static struct xwire *opening(void) {
    struct xwire *k = xwire_open(x_stream_open, &one_author);
    xwire_calls(k, "GET", RULES, "");
    xwire_answer(k, 200, NO_RULES);
    xwire_calls(k, "POST", RULES, "");
    xwire_answer(k, 201, echo_added(k));
    xwire_opens(k, STREAM);
    return k;
}

static void test_a_server_in_trouble_is_left_5_s_doubling(void **state) {
    (void)state;
    struct xwire *k = opening();
    for (int i = 0; i < 7; i++) {
        const usec waited =
            refused_with(k, 503, "busy", i < 6 ? SOURCE_RETRYING : SOURCE_BROKEN, "trouble");
        const usec most = i64_min((5 * USEC_PER_S) << i, 320 * USEC_PER_S);
        assert_true(waited >= most / 2 && waited <= most);
    }
    xwire_close(k);
}

static void test_too_many_requests_waits_a_minute_or_until_the_reset(void **state) {
    (void)state;
    struct xwire *k = opening();
    static const char rate[] = "{'title':'Too Many Requests','type':'about:blank','status':429}";
    usec waited = refused_with(k, 429, rate, SOURCE_LIMITED, "rate limit");
    assert_true(waited >= USEC_PER_MIN);
    struct http_answer a = xwire_answer_of(k, 429, rate);
    a.rate_limit = 50;
    a.rate_remaining = 0;
    a.rate_reset = (k->now + 10 * USEC_PER_MIN) / USEC_PER_S;
    const usec gone = k->now;
    connector_gone(k->c, k->now, &a);
    connector_act act;
    while ((act = xwire_until_act(k, USEC_PER_HOUR)) == CONNECTOR_CALL) xwire_answer(k, 503, "");
    assert_int_equal(act, CONNECTOR_OPEN);
    waited = k->now - gone;
    assert_true(waited >= 10 * USEC_PER_MIN - USEC_PER_S && waited <= 11 * USEC_PER_MIN);
    xwire_close(k);
}

static void test_too_many_connections_is_a_state_of_its_own(void **state) {
    (void)state;
    struct xwire *k = opening();
    usec waited = refused_with(
        k, 429,
        "{'title':'ConnectionException','detail':'This stream is currently at the maximum allowed "
        "connection limit.','connection_issue':'TooManyConnections','type':'https://api.x.com/2/"
        "problems/streaming-connection'}",
        SOURCE_CONNECTIONS, "too many streams");
    assert_true(waited >= USEC_PER_MIN);
    xwire_opened(k);
    fetch_nothing(k);
    /* said on the open line */
    xwire_line(k,
               "{'errors':[{'title':'ConnectionException','detail':'This stream is currently at "
               "the maximum allowed connection limit.','connection_issue':'TooManyConnections'}]}");
    waited = refused_with(k, 200, "", SOURCE_CONNECTIONS, "TooManyConnections");
    assert_true(waited >= USEC_PER_MIN);
    xwire_close(k);
}

static void test_what_x_says_before_it_hangs_up_is_the_cause(void **state) {
    (void)state;
    struct xwire *k = up(&one_author);
    fetch_nothing(k);
    live_for(k, 30 * USEC_PER_S);
    xwire_line(k, "{'errors':[{'title':'operational-disconnect','disconnect_type':"
                  "'UpstreamOperationalDisconnect','detail':'This stream has been disconnected "
                  "upstream for operational reasons.','type':'https://api.x.com/2/problems/"
                  "operational-disconnect'}]}");
    xwire_stands(k, SOURCE_LIVE, "");
    xwire_gone(k, 200, "");
    xwire_stands(k, SOURCE_RETRYING, "UpstreamOperationalDisconnect: This stream");
    assert_non_null(strstr(xwire_gap(k, k->gap_count - 1)->why, "UpstreamOperationalDisconnect"));
    xwire_opens(k, STREAM); /* at once: it had been well */
    xwire_close(k);
}

static void test_what_a_person_must_mend_is_said_and_tried_rarely(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *body;
        source_state state;
    } table[] = {
        {401, "{'title':'Unauthorized','status':401,'type':'about:blank'}", SOURCE_TOKEN},
        {402,
         "{'title':'CreditsDepleted','detail':'no credits','type':'https://api.x.com/2/problems/"
         "credits'}",
         SOURCE_CREDITS},
        {403,
         "{'title':'Client Forbidden','reason':'client-not-enrolled','type':'https://api.x.com/2/"
         "problems/client-forbidden'}",
         SOURCE_FORBIDDEN},
        {400, "{'title':'Invalid Request','type':'https://api.x.com/2/problems/invalid-request'}",
         SOURCE_CONFIG},
    };
    for (int i = 0; i < COUNT_OF(table); i++) {
        struct xwire *k = opening();
        const usec waited = refused_with(k, table[i].status, table[i].body, table[i].state, "");
        assert_true(waited >= X_RETRY_LONG);
        xwire_close(k);
    }
}

static void test_what_another_source_heard_of_the_account_is_said_before_anything_is_asked(
    void **state) {
    (void)state;
    struct xwire *k = xwire_open(x_stream_open, &one_author);
    const struct http_answer a = xwire_answer_of(k, 401, "{'title':'Unauthorized','status':401}");
    struct x_verdict v;
    x_verdict_of(k->now, &a, &v);
    x_account_heard(k->x, k->now, X_SEARCH, &a, &v);
    xwire_waits(k);
    xwire_stands(k, SOURCE_TOKEN, "token");
    const usec until = xwire_status(k).until;
    assert_true(until >= k->now + X_RETRY_LONG);
    assert_int_equal(xwire_until_act(k, USEC_PER_HOUR), CONNECTOR_CALL);
    assert_true(k->now >= until);
    xwire_close(k);
}

/* --- the budget ------------------------------------------------------------------------------ */

static void test_a_narrow_budget_drops_the_rule_of_the_query_and_a_full_one_restores_it(
    void **state) {
    (void)state;
    struct xwire *k = xwire_new(x_stream_open, &both);
    k->account.cost.budget = money_from_e8(3100000000); /* $31: a dollar a day */
    xwire_start(k);
    come_up(k);
    char list[65536];
    snprintf(list, sizeof list, "%s", echoed);
    const usec begun = k->now;
    const int64_t first = id_at(k->now);
    int64_t said = 0;
    /* until it says that it asks for less */
    while (!xwire_status(k).narrow) {
        say_post(k, first + said++, "a");
        if (said % 50 == 0) k->now += USEC_PER_S + 1;
        const connector_act act = xwire_step(k);
        if (act == CONNECTOR_CALL) break;
        assert_true(said < 4000);
    }
    assert_true(xwire_status(k).narrow);
    if (k->step.act != CONNECTOR_CALL) assert_int_equal(xwire_step(k), CONNECTOR_CALL);
    assert_string_equal(k->path, RULES);
    assert_string_equal(http_method_name(k->step.request.method), "GET");
    xwire_answer(k, 200, list);
    xwire_calls(k, "POST", RULES, "'delete' '101'");
    assert_null(strstr(k->body, "100"));
    xwire_answer(k, 200, "{'meta':{}}");
    xwire_stands(k, SOURCE_LIVE, "");
    const int gaps = k->gap_count;
    /* days later more has accrued */
    bool restored = false;
    while (!restored) {
        connector_act act = xwire_until_act(k, 20 * USEC_PER_S);
        if (act == CONNECTOR_CALL && strcmp(k->path, SEARCH) == 0) {
            xwire_answer(k, 200, NO_POSTS);
        } else if (act == CONNECTOR_CALL && k->step.request.method == HTTP_GET) {
            snprintf(k->line, sizeof k->line, "%s", list);
            char *second = strstr(list, ",{'id':'101'");
            if (second != NULL) snprintf(second, 4, "]}");
            xwire_answer(k, 200, list);
        } else if (act == CONNECTOR_CALL) {
            assert_non_null(strstr(k->body, "DOGE"));
            assert_null(strstr(k->body, "elonmusk"));
            xwire_answer(k, 201, echo_added(k));
            restored = true;
        }
        if (!restored) xwire_line(k, "");
        assert_true(k->now < begun + 3 * USEC_PER_DAY);
    }
    assert_false(xwire_status(k).narrow);
    assert_int_equal(k->gap_count, gaps); /* it was meant to be away */
    xwire_close(k);
}

static void test_without_budget_the_line_is_shut_until_more_has_accrued(void **state) {
    (void)state;
    struct xwire *k = xwire_new(x_stream_open, &one_author);
    k->account.cost.budget = money_from_e8(3100000000);
    xwire_start(k);
    come_up(k);
    fetch_nothing(k);
    const int64_t first = id_at(k->now);
    connector_act act = CONNECTOR_WAIT;
    for (int64_t said = 0; act != CONNECTOR_SHUT; said++) {
        say_post(k, first + said, "a");
        if (said % 50 == 49) k->now += USEC_PER_S + 1;
        act = xwire_step(k);
        assert_true(said < 4000);
    }
    xwire_gone(k, 0, "");
    xwire_stands(k, SOURCE_BUDGET, "");
    const usec until = xwire_status(k).until;
    assert_true(until > k->now);
    const char *why = xwire_gap(k, k->gap_count - 1)->why;
    if (strstr(why, "dollars for X") == NULL) fail_msg("%s", why);
    assert_true(xwire_gap(k, k->gap_count - 1)->state == GAP_OPEN);
    while ((act = xwire_until_act(k, 2 * USEC_PER_DAY)) == CONNECTOR_CALL) {
        assert_string_equal(k->path, RULES);
        xwire_answer(k, 200, echoed);
    }
    assert_int_equal(act, CONNECTOR_OPEN);
    assert_true(k->now >= until - USEC_PER_S);
    xwire_close(k);
}

/* --- state and configuration ----------------------------------------------------------------- */

static void test_signs_of_life_are_kept_so_that_a_restart_knows_its_gap(void **state) {
    (void)state;
    struct xwire *k = up(&one_author);
    fetch_nothing(k);
    live_for(k, 10 * USEC_PER_MIN);
    const usec sign = k->now;
    k->now += USEC_PER_HOUR;
    xwire_restart(k);
    xwire_items(k);
    const struct gap *g = xwire_gap(k, k->gap_count - 1);
    assert_true(g->state == GAP_OPEN);
    assert_true(g->from <= sign && g->from >= sign - 25 * USEC_PER_S);
    assert_string_equal(g->why, "bullfinch was not running");
    xwire_close(k);
}

static void test_a_damaged_state_says_so(void **state) {
    (void)state;
    static const char *const states[] = {
        "x", "{}",
        "{\"v\":1,\"newest\":0,\"newest_at\":0,\"sign\":0,\"gap\":{\"asked\":\"\",\"spans\":[]}}",
        "{\"v\":1,\"newest\":0,\"newest_at\":0,\"sign\":5,\"gap\":{}}",
        "{\"newest\":0,\"newest_at\":0,\"sign\":5,\"gap\":{\"asked\":\"\",\"spans\":[{}]}}"};
    struct arena boot;
    struct x_account *x;
    struct error err = {0};
    arena_open(&boot, 64 << 20);
    const struct x_account_options account = {.base = STR("https://api.x.com"), .token = STR("t")};
    assert_ok(x_account_open(&boot, &account, &x, &err), &err);
    for (int i = 0; i < COUNT_OF(states); i++) {
        struct x_source_options opt = one_author;
        struct connector *c;
        opt.account = x;
        opt.now = XWIRE_T;
        opt.state = str_from_z(states[i]);
        assert_fails(x_stream_open(&boot, &opt, &c, &err), &err, ERR_DAMAGED);
        assert_non_null(strstr(err.msg, "x_stream"));
    }
    x_account_close(x);
    arena_close(&boot);
}

static void test_what_cannot_be_followed_is_a_mistake_of_the_configuration(void **state) {
    (void)state;
    struct arena boot;
    struct error err = {0};
    struct connector *c;
    char text[600];
    memset(text, 'a', sizeof text);
    const str wrong[] = {STR("no one")};
    const struct x_source_options table[] = {{.now = XWIRE_T},
                                             {.authors = wrong, .author_count = 1, .now = XWIRE_T},
                                             {.query = {text, sizeof text}, .now = XWIRE_T}};
    arena_open(&boot, 64 << 20);
    for (int i = 0; i < COUNT_OF(table); i++)
        assert_fails(x_stream_open(&boot, &table[i], &c, &err), &err, ERR_CONFIG);
    arena_close(&boot);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_posts_come_as_they_are_said),
        cmocka_unit_test(test_the_name_of_an_author_stands_in_his_posts),
        cmocka_unit_test(test_a_repetition_is_dropped_and_an_edit_is_not),
        cmocka_unit_test(test_word_of_a_deletion_passes),
        cmocka_unit_test(test_each_post_is_billed_once_at_once_and_the_state_goes_with_it),
        cmocka_unit_test(test_a_line_that_is_none_is_told_and_billed_where_it_has_an_id),
        cmocka_unit_test(test_an_unknown_object_is_told_once_for_its_kind),
        cmocka_unit_test(test_rules_that_stand_are_left_alone),
        cmocka_unit_test(test_stale_rules_go_and_those_of_others_stay),
        cmocka_unit_test(test_rules_are_listed_again_each_hour_and_what_was_missing_is_a_gap),
        cmocka_unit_test(test_a_rule_that_x_refuses_does_not_stop_the_others),
        cmocka_unit_test(test_a_refusal_that_names_no_rule_is_found_one_by_one),
        cmocka_unit_test(test_a_rule_that_others_have_already_serves),
        cmocka_unit_test(test_no_room_for_rules_is_said),
        cmocka_unit_test(test_rules_that_cannot_be_asked_for_do_not_keep_the_line_away),
        cmocka_unit_test(test_no_rules_at_x_is_a_409_and_brings_them_back),
        cmocka_unit_test(test_a_silent_line_is_shut_after_25_s_and_opened_at_once),
        cmocka_unit_test(test_a_line_that_breaks_young_waits_a_little_longer_each_time),
        cmocka_unit_test(test_a_server_in_trouble_is_left_5_s_doubling),
        cmocka_unit_test(test_too_many_requests_waits_a_minute_or_until_the_reset),
        cmocka_unit_test(test_too_many_connections_is_a_state_of_its_own),
        cmocka_unit_test(test_what_x_says_before_it_hangs_up_is_the_cause),
        cmocka_unit_test(test_what_a_person_must_mend_is_said_and_tried_rarely),
        cmocka_unit_test(
            test_what_another_source_heard_of_the_account_is_said_before_anything_is_asked),
        cmocka_unit_test(
            test_a_narrow_budget_drops_the_rule_of_the_query_and_a_full_one_restores_it),
        cmocka_unit_test(test_without_budget_the_line_is_shut_until_more_has_accrued),
        cmocka_unit_test(test_signs_of_life_are_kept_so_that_a_restart_knows_its_gap),
        cmocka_unit_test(test_a_damaged_state_says_so),
        cmocka_unit_test(test_what_cannot_be_followed_is_a_mistake_of_the_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
