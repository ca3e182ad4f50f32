/* sim_x_cases: the posts that the tests of X's face begin with, and the calls that they share. */
#ifndef BF_TESTS_UNIT_SIM_X_CASES_H
#define BF_TESTS_UNIT_SIM_X_CASES_H

#include "xkit.h"

#define SEARCH "/2/tweets/search/recent?query="
#define STREAM "/2/tweets/search/stream"
#define RULES "/2/tweets/search/stream/rules"
#define SUBSCRIPTIONS "/2/activity/subscriptions"

static inline int setup(void **state) {
    struct xkit *k = malloc(sizeof *k);
    assert_non_null(k);
    xkit_prepare(k);
    *state = k;
    return 0;
}

static inline int teardown(void **state) {
    struct xkit *k = *state;
    xkit_close(k);
    free(k);
    return 0;
}

/* Five posts of the last hour, one of ten days ago, two to come. */
static inline void with_posts(struct xkit *k) {
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
static inline int found(struct xkit *k, const char *query) {
    char target[1024];
    snprintf(target, sizeof target, SEARCH "%s&max_results=100", query);
    if (xkit_get(k, target) != 200) fail_msg("%s: %s", query, buf_z(&k->body));
    assert_int_equal(xkit_i64(k, "meta.result_count"), xkit_count(k, "data"));
    return xkit_count(k, "data");
}

static inline int refused(struct xkit *k, const char *query) {
    char target[2048];
    snprintf(target, sizeof target, SEARCH "%s", query);
    return xkit_get(k, target);
}

static inline int open_stream(struct xkit *k, const char *target) {
    if (xkit_get(k, target) != 200) fail_msg("%s: %s", target, buf_z(&k->body));
    assert_true(k->last.stream >= 0);
    return k->last.stream;
}

static inline void add_rule(struct xkit *k, const char *value) {
    char body[2048];
    snprintf(body, sizeof body, "{\"add\":[{\"value\":\"%s\",\"tag\":\"t\"}]}", value);
    if (xkit_call(k, "POST", RULES, body) != 201) fail_msg("%s: %s", value, buf_z(&k->body));
}

#endif
